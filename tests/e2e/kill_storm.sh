#!/bin/bash
# kill -9 at random instants, several processes writing into one capture: what a process had read
# whole is in the capture whole, nothing is damaged, the next run goes on in the same file.
#
#   tests/e2e/kill_storm.sh [ROUNDS]        (script/kill-storm: 500, half of them encrypted)
. "$(dirname "$0")/lib.sh"
start_double
rounds=${1:-12}
(umask 077; head -c 32 /dev/urandom >run.key)

# Three processes of three threads each: each thread holds a conversation of its own, whose history
# goes out again with each turn (so that the live file says where it stands already), every other
# time in small pieces. A thread of each process forks children that ask once. Each answer that was
# read to its end is noted, in one write, before the next request.
cat >agent.py <<'P'
import http.client, json, os, sys, threading
host, port = sys.argv[1].split("//")[1].split(":")
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def ask(connection, history, piece):
    body = json.dumps(history).encode()
    pieces = [body[at:at + piece] for at in range(0, len(body), piece)]
    connection.request("POST", "/t/echo", iter(pieces), {"Content-Length": str(len(body))})
    answer = json.loads(connection.getresponse().read())
    os.write(log, answer["nonce"].encode() + b"\n")
def connect():
    return http.client.HTTPConnection(host, int(port))
def talk(forks):
    connection, turns = connect(), 0
    while True:
        history = []
        for turn in range(10):
            turns += 1
            history.append(os.urandom(800).hex())
            ask(connection, history, 700 if turn % 2 else 1 << 20)
            if turns == 3 and forks:
                os.write(1, b"x")
        if forks and os.fork() == 0:
            ask(connect(), history, 500)
            os._exit(0)
for _ in range(2):
    if os.fork() == 0:
        break
for forks in (False, False, True):
    threading.Thread(target=talk, args=(forks,)).start()
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
    time.sleep(random.random() * 0.12)
    os.killpg(agent.pid, signal.SIGKILL)
    agent.wait()
    agent.stdout.read()
P

# The nonces of the answers that are there whole; what was asked is what the server saw.
answers() {
	jq -r 'select(.kind == "exchange" and .response_status == 200 and (.truncated | not)) |
		(.response_body | fromjson) as $said |
		if $said.body == .request_body then $said.nonce else "asked something else" end' | sort
}

# How many frames of live files say where their bytes stand already.
referring() {
	/usr/bin/python3 - "$@" <<'P'
import struct, sys
found = 0
for name in sys.argv[1:]:
    data, at = open(name, "rb").read(), 128
    while at + 24 <= len(data):
        length, _, kind, flags = struct.unpack_from("<IIBB", data, at)
        if length < 24:
            break
        found += kind == 9 and flags >> 7
        at += (length + 7) & ~7
print(found)
P
}

# storm NAME ROUNDS
storm() {
	/usr/bin/python3 storm.py "$2" "$http" "$1.thc" "$lib"
	holds "$1: there is something to look for" test -s "$1.thc.log"
	again=$(referring "$1.thc"-live-*)
	exits "$1: nothing is damaged" 0 "$tool" dump --json "$1.thc"
	answers <out >"$1.found"
	sort "$1.thc.log" >"$1.read"
	fails "$1: each request is as it was sent" grep "something else" "$1.found"
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
holds "plain: much stood there already: $again frames" test "$again" -ge 1
TRACEHOOK_KEY_FILE=$scratch/run.key
export TRACEHOOK_KEY_FILE
storm encrypted $((rounds / 2))
unset TRACEHOOK_KEY_FILE
fails "encrypted: no answer is readable in it" grep -aqF "$(head -n 1 encrypted.read)" encrypted.thc
