#!/bin/bash
# kill -9 at random instants, several processes writing into one capture: what a process had read
# whole is in the capture whole, nothing is damaged, the next run goes on in the same file.
#
#   tests/e2e/kill_storm.sh [ROUNDS]        (script/kill-storm: 500, half of them encrypted)
. "$(dirname "$0")/lib.sh"
start_double
rounds=${1:-12}
(umask 077; head -c 32 /dev/urandom >run.key)

# Three processes ask, one after the other forks a child that asks once; each answer that was read
# to its end is noted, in one write, before the next request.
cat >agent.py <<'P'
import http.client, os, sys, time
host, port = sys.argv[1].split("//")[1].split(":")
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def ask(connection):
    connection.request("GET", "/v1/models")
    answer = connection.getresponse().read()
    os.write(log, answer[answer.index(b'"nonce"'):].split(b'"')[3] + b"\n")
for _ in range(2):
    if os.fork() == 0:
        break
connection = http.client.HTTPConnection(host, int(port))
ask(connection)
os.write(1, b"x")
while True:
    for _ in range(8):
        ask(connection)
    child = os.fork()
    if child == 0:
        ask(http.client.HTTPConnection(host, int(port)))
        os._exit(0)
    os.waitpid(child, 0)
P
cat >storm.py <<'P'
import os, random, signal, subprocess, sys, time
rounds, http, capture, lib = int(sys.argv[1]), *sys.argv[2:]
random.seed(len(capture) + rounds)
environment = {**os.environ, "LD_PRELOAD": lib, "TRACEHOOK_CAPTURE": capture}
for _ in range(rounds):
    agent = subprocess.Popen(["/usr/bin/python3", "agent.py", http, capture + ".log"],
                             env=environment, stdout=subprocess.PIPE, start_new_session=True)
    agent.stdout.read(1)
    time.sleep(random.random() * 0.06)
    os.killpg(agent.pid, signal.SIGKILL)
    agent.wait()
    agent.stdout.read()
P

# The nonces of the answers that are there whole.
answers() {
	jq -r 'select(.kind == "exchange" and .response_status == 200 and (.truncated | not)) |
		.response_body' | jq -r '.data[0].nonce' | sort
}

# storm NAME ROUNDS
storm() {
	/usr/bin/python3 storm.py "$2" "$http" "$1.thc" "$lib"
	holds "$1: there is something to look for" test -s "$1.thc.log"
	exits "$1: nothing is damaged" 0 "$tool" dump --json "$1.thc"
	answers <out >"$1.found"
	sort "$1.thc.log" >"$1.read"
	equal "$1: each of $(wc -l <"$1.read") answers read whole is there whole" "" \
		"$(comm -23 "$1.read" "$1.found")"
	equal "$1: and once" "" "$(uniq -d "$1.found")"
	exits "$1: all is folded and sealed" 0 "$tool" seal "$1.thc"
	equal "$1: no live file is left" "" "$(ls "$1.thc"-live-* 2>/dev/null)"
	exits "$1: and holds" 0 "$tool" verify "$1.thc"
	exits "$1: dump reads the same" 0 "$tool" dump --json "$1.thc"
	answers <out >"$1.after"
	same "$1: the same answers after folding" "$1.found" "$1.after"
}

storm plain $((rounds - rounds / 2))
TRACEHOOK_KEY_FILE=$scratch/run.key
export TRACEHOOK_KEY_FILE
storm encrypted $((rounds / 2))
unset TRACEHOOK_KEY_FILE
fails "encrypted: no answer is readable in it" grep -aqF "$(head -n 1 encrypted.read)" encrypted.thc
