#!/bin/bash
# Runs one case of the tool's tests: run_case.sh TOOL MKCAPTURE NAME
#
# cases/NAME.sh is run in a scratch directory, with `tracehook` and `mk KIND FILE` (mkcapture) at
# hand. What it prints must be cases/NAME.stdout.exact and cases/NAME.stderr.exact (a missing file:
# nothing). UPDATE=1 writes the expectations anew; look at the difference before you commit it.
set -u
tool=$(realpath "$1") mkcapture=$(realpath "$2") name=$3
cases=$(cd "$(dirname "$0")/cases" && pwd)
for variable in $(compgen -e | grep -E '^(TRACEHOOK_.*|TRACEPARENT|COLUMNS|LD_PRELOAD)$'); do
	unset "$variable"
done
export LC_ALL=C.UTF-8 TZ=UTC NO_COLOR=1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tracehook-cli.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/work"
mkdir "$scratch/state"
export XDG_STATE_HOME=$scratch/state
cd "$scratch/work" || exit 1

tracehook() { "$tool" "$@"; }
mk() { "$mkcapture" "$1" "$PWD/$2"; }
# says COMMAND…: all it says, then its exit code, on stdout.
says() {
	"$@" 2>&1
	echo "exit $?"
}
export tool mkcapture
# shellcheck source=/dev/null
. "$cases/$name.sh" >"$scratch/stdout" 2>"$scratch/stderr"
sed -i "s|$scratch/work|WORK|g" "$scratch/stdout" "$scratch/stderr"

failed=0
for stream in stdout stderr; do
	exact=$cases/$name.$stream.exact
	if [ -n "${UPDATE:-}" ]; then
		rm -f "$exact"
		[ ! -s "$scratch/$stream" ] || cp "$scratch/$stream" "$exact"
		continue
	fi
	[ -e "$exact" ] || exact=/dev/null
	if diff -a "$exact" "$scratch/$stream" >"$scratch/diff"; then
		echo "ok - $name: $stream"
	else
		echo "not ok - $name: $stream"
		head -n 60 "$scratch/diff" | cat -v | sed 's/^/#   /'
		failed=1
	fi
done
exit $failed
