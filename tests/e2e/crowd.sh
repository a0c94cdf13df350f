#!/bin/bash
# Many threads, and many processes, ask the same and almost the same at the same time: in each
# replay every one of them gets its own recorded answers, in its own order.
#
# CROWD_THREADS, CROWD_PROCESSES, CROWD_EACH and CROWD_ROUNDS make it larger: 64, 8, 200 and 100
# take half an hour.
. "$(dirname "$0")/lib.sh"
start_double
limit=300

cat >crowd.py <<'P'
import http.client, os, sys, threading
kind, port, callers, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])

def work(me, say):
    c = http.client.HTTPConnection("127.0.0.1", port)
    for i in range(each):
        c.request("GET", ("/v1/models", "/t/echo?i=%d" % (i % 7), "/t/echo?me=%d" % me)[i % 3])
        say(c.getresponse().read())

def threads():
    said = [[] for me in range(callers)]
    all = [threading.Thread(target=work, args=(me, said[me].append)) for me in range(callers)]
    for t in all: t.start()
    for t in all: t.join()
    return said

def processes():
    pipes = []
    for me in range(callers):
        r, w = os.pipe()
        if os.fork() == 0:
            work(me, lambda s: os.write(w, s + b"\n"))
            os._exit(0)
        os.close(w)
        pipes.append(os.fdopen(r, "rb"))
    return [list(r) for r in pipes]

for me, said in enumerate({"threads": threads, "processes": processes}[kind]()):
    for s in said: print(me, s)
P

# crowd KIND CALLERS EACH
crowd() {
	local agent=(/usr/bin/python3 crowd.py "$1" "$DOUBLE_HTTP" "$2" "$3")
	recording "$1.thc" "${agent[@]}" >"$1.recorded"
	equal "$1: no two answers are the same" "$(($2 * $3))" \
		"$(sort -u "$1.recorded" | wc -l)"
	for round in $(seq "${CROWD_ROUNDS:-2}"); do
		exits "$1: replay $round" 0 "$tool" replay --report report.json "$1.thc" -- "${agent[@]}"
		same "$1: each has its own answers" "$1.recorded" out
		equal "$1: none crossed" '"exact"' "$(jq .verdict report.json)"
	done
}

crowd threads "${CROWD_THREADS:-16}" "${CROWD_EACH:-21}"
crowd processes "${CROWD_PROCESSES:-8}" "${CROWD_EACH:-21}"
