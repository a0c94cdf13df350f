#!/bin/bash
# tracehook tail on a run that goes on: each exchange is told when it has ended, not at the end of
# the run, and tail ends with the run.
. "$(dirname "$0")/lib.sh"
start_double
mkfifo next
# An agent that asks, and waits for us before it asks again.
cat >agent.py <<'P'
import sys, urllib.request
for path in ("/t/echo?1", "/t/echo?2", "/t/echo?3"):
    urllib.request.urlopen(sys.argv[1] + path).read()
    open("next").read()
P
"$tool" record -q -o run.thc -- /usr/bin/python3 agent.py "$http" &
agent=$!
timeout 60 "$tool" tail --follow --type http --json run.thc >told &
tail=$!
for n in 1 2 3; do
	for _ in $(seq 200); do
		[ "$(wc -l <told)" -lt $n ] || break
		sleep 0.05
	done
	equal "exchange $n is told while the agent waits" $n "$(wc -l <told)"
	echo >next
done
wait $agent
kill $tail
equal "in their order" "1 2 3" "$(jq -r .number told | tr '\n' ' ' | sed 's/ $//')"
timeout 60 "$tool" tail -n all run.thc >again
equal "tail ends with the run" 0 $?
equal "and tells all of it" 3 "$(grep -c ' HTTP ' again)"

# A shell leaves without a word: its run is over when nobody writes any more.
"$tool" record -q -o shell.thc -- sh -c 'curl -sS "$1" >/dev/null; exit 3' - "$http/t/echo"
timeout 60 "$tool" tail shell.thc >told
equal "tail ends with a shell, too" 0 $?
holds "and has told what it did" grep -q ' HTTP ' told
