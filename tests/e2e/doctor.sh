#!/bin/bash
# What doctor says beforehand is what a recording then does: of real programs and of files made to
# be odd; of processes; in words, as JSON, as an exit code.
. "$(dirname "$0")/lib.sh"
start_double

# says PROGRAM|PID JQ: a fact of the JSON; the exit code is in ./code.
says() {
	"$tool" doctor --json "$1" 2>err | jq -r "$2"
	echo "${PIPESTATUS[0]}" >code
}

# judged WHAT CODE PROGRAM|PID JQ EXPECTED
judged() {
	equal "$1" "$5" "$(says "$3" "$4")"
	equal "$1: exit code" "$2" "$(cat code)"
}

tls='.tls[] | "\(.library) \(.version | type) \(.linkage): \(.tap)"'
found='.tls[] | "\(.library) \(.linkage): \(.tap)"'
calls="tapped where it is called"
relayed="through the relay, if it trusts the certificates that its variables name"
why='.not_seen[0].why'

# ---- programs of this machine ----

judged "true: nothing to miss" 0 true '"\(.kind) \(.all_seen) \(.tls | length)"' "dynamic true 0"
if ldd "$(type -P curl)" | grep -q libssl; then
	judged "curl: a shared OpenSSL" 0 curl "[$tls][0]" "OpenSSL string shared: $calls"
fi
if command -v wget >/dev/null && ldd "$(type -P wget)" | grep -q libgnutls; then
	judged "wget: a shared GnuTLS" 0 wget "$tls" "GnuTLS string shared: $calls"
fi
if [ "$(/usr/bin/python3 -c 'import _ssl; print(_ssl.__file__)' 2>/dev/null)" ]; then
	python=$(realpath /usr/bin/python3)
	judged "Python: its TLS module is found" 0 "$python" "\"\(.runtime) \" + ($tls)" \
		"Python OpenSSL string shared: $calls"
	printf '#!/usr/bin/env -S %s -u\n' "$python" >agent && chmod +x agent
	printf '#!%s/agent\n' "$scratch" >outer && chmod +x outer
	judged "a script, and the script that it is run by" 0 ./outer '.chain | join(" ")' \
		"./outer $scratch/agent $python"
fi
node=$(command -v node)
if [ -n "$node" ] && nm -D "$node" 2>/dev/null | grep -q ' T SSL_read$'; then
	judged "Node: an OpenSSL of its own" 0 node "\"\(.runtime) \" + ($tls)" \
		"Node.js OpenSSL string inside, exported: tapped inside the program"
fi
if command -v java >/dev/null; then
	judged "Java: it speaks TLS itself" 0 java "\"\(.runtime) \" + ($found)" \
		"Java Java's JSSE of the runtime: $relayed"
fi

# ---- the same client, linked in three ways: doctor and the recording agree ----

client=$build/tests/hosts/https_get_static
if [ -x "$client" ] && [ "$(uname -m)" = x86_64 ]; then
	cp "$client" stripped && strip stripped
	judged "OpenSSL inside, with symbols" 0 "$client" "$found" \
		"OpenSSL inside, in the symbol table: tapped inside the program"
	exits "and a recording covers it" 0 "$tool" record -q --require-coverage -o in.thc -- \
		"$client" localhost "$DOUBLE_HTTPS" /v1/models
	judged "OpenSSL inside, stripped" 0 ./stripped "$found" \
		"OpenSSL inside, without symbols: $relayed"
	exits "and a recording covers it, too" 0 "$tool" record -q --require-coverage \
		-o out.thc -- ./stripped localhost "$DOUBLE_HTTPS" /v1/models
fi
static=$build/tests/shim/static_main
if [ -x "$static" ]; then
	judged "a static program" 1 "$static" "\"\(.kind): \($why)\"" \
		"static: it is linked statically"
fi

# ---- odd files ----

LC_ALL=C sed 's|https://www.gnu.org/so|ERL_CRASH_DUMP_SECONDS|' "$(type -P true)" >beam
chmod +x beam
judged "Erlang's virtual machine: its TLS is none that is tapped" 1 ./beam \
	"\"\(.runtime) \" + ($found)" "Erlang Erlang's ssl of the runtime: null"

# bend NAME OFFSET BYTES: a copy of true that says something else of itself.
bend() {
	cp "$(type -P true)" "$1"
	printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>dd.err
}
bend narrow 4 '\x01'
judged "a 32-bit program" 1 ./narrow "$why" "it is a 32-bit program"
bend foreign 18 '\x08\x00'
judged "a program for another processor" 1 ./foreign "$why" "it is for another processor"
if [ "$(uname -m)" = x86_64 ]; then
	sed 's|/lib64/ld-linux-x86-64.so.2|/lib64/ld-muslx-x86-64.so.2|' "$(type -P true)" >musl
	chmod +x musl
	judged "another C library's loader" 1 ./musl "$why" \
		"its loader is not the GNU C library's (musl?)"
fi
if [ "$(id -u)" -eq 0 ]; then
	cp "$(type -P true)" privileged && chown nobody privileged && chmod 4755 privileged
	judged "a set-user-ID program" 1 ./privileged "$why" \
		"it runs as another user (set-user-ID)"
else
	skip "a set-user-ID program" "not root"
fi
printf '#!/not/there\n' >orphan && chmod +x orphan
judged "a script whose interpreter is not there" 1 ./orphan "$why" \
	"it is no program, or its interpreter is not there"
printf '\x7fELF\x02\x01\x01garbage' >garbage && chmod +x garbage
judged "a file that is cut" 1 ./garbage "$why" "it is no program, or its interpreter is not there"
exits "a program that is not there" 66 "$tool" doctor ./not-there
one_line "in one line"
exits "no program at all" 64 "$tool" doctor

# ---- processes ----

sleep 60 &
judged "a process that was started without the library" 1 $! "$why" \
	"it was started without the library"
kill $! && wait $! 2>/dev/null
exits "a process that is not there" 66 "$tool" doctor $!
# The library is there when the program runs, which is told by what it writes.
mkfifo ready
TRACEHOOK_CAPTURE=$scratch/live.thc LD_PRELOAD=$lib \
	/usr/bin/python3 -c 'import ssl, time
open("ready", "w").write("x"); time.sleep(60)' 2>/dev/null &
python_pid=$!
timeout 30 head -c 1 ready >/dev/null
judged "a process that is being recorded" 0 $python_pid \
	'"\(.carries_the_library) \(.mode) \(.capture) \(.tls[0].library)"' \
	"true record $scratch/live.thc OpenSSL"
kill $python_pid

# ---- what there will be of its runs at all ----

TRACEHOOK_SAMPLE=0.25 judged "a share of its runs" 0 true .sample 0.25
judged "all of them" 0 true .sample null
TRACEHOOK_SAMPLE=0 LD_PRELOAD=$lib sleep 60 &
sleep_pid=$!
until grep -qz TRACEHOOK_SAMPLE=0 /proc/$sleep_pid/environ; do :; done
judged "a process, of its own environment" 0 $sleep_pid .sample 0
kill $sleep_pid
said() { TRACEHOOK_SAMPLE=$1 "$tool" doctor true | grep -c "^  sample  *$2"; }
equal "a share, in words" 1 "$(said 0.25 '0.25 of all runs are recorded')"
equal "none, in words" 1 "$(said 0 '0 of all runs are recorded')"
equal "of all of them no word" 0 "$(said 1 '')"
equal "no share, in words" 1 "$(said 7 'TRACEHOOK_SAMPLE=7 is not a number')"

# ---- in words ----

exits "words" 0 "$tool" doctor true
holds "the last of which is the verdict" sh -c 'tail -n 1 out | grep -q "all will be seen"'
