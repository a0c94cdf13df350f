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
