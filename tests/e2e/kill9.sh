#!/bin/bash
# kill -9 in mid-stream (P13): what the program had received is in the capture, and dump reads it.
. "$(dirname "$0")/lib.sh"
start_double

# killed NAME BYTES COMMAND…: records the command, which writes what it receives to stdout; kills
# it once it has written BYTES; compares.
killed() {
	local name=$1 bytes=$2 pid waited=0
	shift 2
	: >"$name.out"
	LD_PRELOAD="$lib" TRACEHOOK_CAPTURE="$name.thc" "$@" >"$name.out" 2>/dev/null &
	pid=$!
	while [ "$(stat -c %s "$name.out")" -lt "$bytes" ] && [ "$waited" -lt 500 ]; do
		sleep 0.05
		waited=$((waited + 1))
	done
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	[ -s "$name.out" ] || not_ok "$name: the program had received something"
	exits "$name: dump reads the capture" 0 "$tool" dump --json "$name.thc"
	jq -j 'select(.kind == "exchange") | .response_body // ""' out >"$name.body"
	holds "$name: every byte that the program had received is there" \
		cmp -n "$(stat -c %s "$name.out")" "$name.out" "$name.body"
	equal "$name: the span is marked as truncated" true \
		"$(jq 'select(.kind == "exchange").truncated' out)"
	equal "$name: with its request" '"GET"' "$(jq 'select(.kind == "exchange").method' out)"
}

killed plain-stream 150 curl -sS -N "$http/t/stall?n=5"
killed h1-stream 150 curl -sS -N --http1.1 "$https/t/stall?n=5"
killed h2-stream 150 curl -sS -N --http2 "$https/t/stall?n=5"
killed h1-large 300000 curl -sS -N --http1.1 --limit-rate 4M "$https/t/bytes?n=20000000"
killed h2-large 300000 curl -sS -N --http2 --limit-rate 4M "$https/t/bytes?n=20000000"
killed python 150 /usr/bin/python3 -c "
import sys, urllib.request
for line in urllib.request.urlopen('$https/t/stall?n=5'):
    sys.stdout.buffer.write(line); sys.stdout.buffer.flush()"

# A killed run does not spoil the file for those after it.
recording h1-stream.thc curl -sS "$https/v1/models" >next
equal "the next run can be recorded into the same file" 2 "$(spans h1-stream.thc | wc -l)"
replaying h1-stream.thc curl -sS "$https/v1/models" >next.rep
same "and replayed from it" next next.rep

# ---- what is left beside the capture ----

left() { find . -name "$1-live-*" | wc -l; }
cat >kill.sh <<K
curl -sS -N "$http/t/stall?n=5" >killed.out & pid=\$!
until [ -s killed.out ] || ! kill -0 \$pid; do sleep 0.02; done
kill -9 \$pid
wait \$pid
K
: >killed.out
LD_PRELOAD=$lib TRACEHOOK_CAPTURE=waited.thc bash kill.sh 2>/dev/null
equal "whoever waited for a killed program folds what it left" 0 "$(left waited.thc)"
equal "and it is in the capture" 1 "$(spans waited.thc | wc -l)"

# ---- as it is left by exec ----

cat >follow.py <<A
import os, urllib.request
urllib.request.urlopen("$http/t/echo").read()
if os.environ.get("forks"):
    pid = os.fork()
    if pid:
        os._exit(os.waitpid(pid, 0)[1])
    urllib.request.urlopen("$http/t/echo?2").read()
os.execv("/bin/true", ["true"])
A
LD_PRELOAD=$lib TRACEHOOK_CAPTURE=exec.thc /usr/bin/python3 follow.py
equal "the program that follows folds what was there before it" 0 "$(left exec.thc)"
forks=1 LD_PRELOAD=$lib TRACEHOOK_CAPTURE=fork.thc /usr/bin/python3 follow.py
equal "in a forked child, too: only its parent's is left, which ended by _exit" 1 "$(left fork.thc)"
equal "all of it is there" "1 2" "$(spans exec.thc | wc -l) $(spans fork.thc | wc -l)"
