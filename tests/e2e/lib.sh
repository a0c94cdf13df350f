# For the end-to-end tests: sourced, not run. A test is a bash script that starts real
# programs under the library and prints one line per thing it proved, "ok - …" or "not ok - …";
# its exit code is 0 when all held, 77 when this machine cannot run it.
#
# Everything happens in a scratch directory of its own ($scratch, the working directory) that is
# removed at the end unless KEEP is set. No test uses a network beyond this machine's loopback.
# shellcheck shell=bash
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${TRACEHOOK_BUILD:-$top/build}
lib=$build/shim/libtracehook.so
tool=$build/tools/tracehook
failed=0

# The caller's settings must not decide what a test sees.
for variable in $(compgen -e | grep -iE '^(TRACEHOOK_.*|TRACEPARENT|.*_PROXY|LD_PRELOAD)$'); do
	unset "$variable"
done
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR CURL_HOME XDG_CONFIG_HOME
export LC_ALL=C.UTF-8 no_proxy='*'

scratch=$(mktemp -d "${TMPDIR:-/tmp}/tracehook-e2e.XXXXXX")
cd "$scratch" || exit 1
export HOME="$scratch" XDG_STATE_HOME="$scratch/.state"
mkdir .state

finish() {
	status=$?
	stop_double
	[ -n "${KEEP:-}" ] && echo "# kept: $scratch" || { cd / && rm -rf "$scratch"; }
	[ "$status" -ne 0 ] || [ "$failed" -eq 0 ] || status=1
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

ok() {
	echo "ok - $1"
}

not_ok() {
	echo "not ok - $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | head -n 30 | sed 's/^/#   /'
	failed=$((failed + 1))
}

skip() {
	echo "ok - $1 # SKIP $2"
}

skip_all() {
	echo "# skipped: $1"
	exit 77
}

# holds WHAT COMMAND…: proves that the command succeeds; its output is shown when it does not.
holds() {
	what=$1
	shift
	if output=$("$@" 2>&1); then ok "$what"; else not_ok "$what" "$output"; fi
}

# fails WHAT COMMAND…: the other way round.
fails() {
	what=$1
	shift
	if output=$("$@" 2>&1); then not_ok "$what" "$output"; else ok "$what"; fi
}

# same WHAT A B: two files hold the same bytes.
same() {
	if cmp "$2" "$3" >cmp.out 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(cat cmp.out; diff -a "$2" "$3" | head -n 20)"
	fi
}

# equal WHAT EXPECTED GOT
equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected: $2
got:      $3"; fi
}

# one_line WHAT: ./err of the last `exits` holds exactly one line, of the tool's or library's.
one_line() {
	if [ "$(wc -l <err)" -eq 1 ] && grep -q '^tracehook: ' err; then
		ok "$1"
	else
		not_ok "$1" "stderr: $(cat err)"
	fi
}

limit=60 # seconds that no command here takes

# limited COMMAND…: a program is stopped then; our own functions see to it themselves.
limited() {
	if [ "$(type -t "$1")" = function ]; then "$@"; else timeout -k 1 "$limit" "$@"; fi
}

# exits WHAT CODE COMMAND…: runs it with output to ./out and ./err, proves its exit code.
exits() {
	what=$1 expected=$2
	shift 2
	limited "$@" >out 2>err
	code=$?
	if [ "$code" -eq "$expected" ]; then
		ok "$what"
	else
		not_ok "$what" "exit code $code, not $expected; stderr: $(cat err)"
	fi
}

# ---- the double ----

double_pid=

start_double() {
	rm -rf double && mkdir double
	"$top/tests/double/double.py" --dir "$scratch/double" "$@" </dev/null >double/out 2>&1 &
	double_pid=$!
	tries=0
	while [ ! -f double/double.env ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ] || ! kill -0 "$double_pid" 2>/dev/null; then
			echo "not ok - the double starts"
			cat double/out
			exit 1
		fi
		sleep 0.05
	done
	. ./double/double.env
	# shellcheck disable=SC2034 # the tests use them
	http=http://127.0.0.1:$DOUBLE_HTTP
	# shellcheck disable=SC2034
	https=https://localhost:$DOUBLE_HTTPS
	export SSL_CERT_FILE="$DOUBLE_CA"
}

stop_double() {
	[ -n "$double_pid" ] || return 0
	kill "$double_pid" 2>/dev/null
	wait "$double_pid" 2>/dev/null
	double_pid=
}

# How many connections, requests the double has seen.
double_saw() {
	grep -c "\"event\": \"$1\"" double/double.log || true
}

# ---- recording and replaying, by the environment alone ----

# recording CAPTURE COMMAND…
recording() {
	timeout -k 1 "$limit" env TRACEHOOK_CAPTURE="$1" LD_PRELOAD="$lib" "${@:2}"
}

# offline COMMAND…: without any network, loopback included.
if unshare -n true 2>/dev/null; then
	offline() { unshare -n timeout -k 1 "$limit" "$@"; }
elif unshare -rn true 2>/dev/null; then
	offline() { unshare -rn timeout -k 1 "$limit" "$@"; }
else
	echo "# no private network namespace here: replays run beside the machine's network"
	offline() { timeout -k 1 "$limit" "$@"; }
fi

# usable_unshare DIRECTORY: where "unshare -rn", as the documents have it, is not allowed (in a
# chroot, in many containers), puts an unshare there that does what this machine allows.
usable_unshare() {
	unshare -rn true 2>/dev/null && return
	if unshare -n true 2>/dev/null; then
		echo "exec $(command -v unshare) -n \"\${@:2}\""
	else
		echo "exec \"\${@:2}\""
	fi | sed '1i #!/bin/bash' >"$1/unshare"
	chmod +x "$1/unshare"
}

# replaying CAPTURE COMMAND…: offline; replaying_online: with the double within reach.
replaying() {
	offline env TRACEHOOK_MODE=replay TRACEHOOK_CAPTURE="$1" LD_PRELOAD="$lib" "${@:2}"
}

replaying_online() {
	timeout -k 1 "$limit" env TRACEHOOK_MODE=replay TRACEHOOK_CAPTURE="$1" LD_PRELOAD="$lib" \
		"${@:2}"
}

# spans CAPTURE [JQ FILTER]: the capture's exchanges as JSON lines.
spans() {
	"$tool" dump --json "$1" | jq -c "select(.kind == \"exchange\") | ${2:-.}"
}

# record_and_replay NAME COMMAND…: records the command beside the double, replays it without a
# network, and proves that stdout and the exit code are the same, and that nothing is on stderr
# that was not there without the library.
record_and_replay() {
	name=$1
	shift
	recording "$name.thc" "$@" >"$name.rec" 2>"$name.rec.err"
	recorded=$?
	"$@" >"$name.direct" 2>"$name.direct.err"
	equal "$name: recording leaves the exit code as it is" "$?" "$recorded"
	same "$name: recording leaves stderr as it is" "$name.direct.err" "$name.rec.err"
	replaying "$name.thc" "$@" >"$name.rep" 2>"$name.rep.err"
	equal "$name: replay gives the recorded exit code" "$recorded" "$?"
	same "$name: replay gives the recorded stdout" "$name.rec" "$name.rep"
	same "$name: replay gives the recorded stderr" "$name.rec.err" "$name.rep.err"
}
