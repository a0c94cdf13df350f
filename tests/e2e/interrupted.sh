#!/bin/bash
# A signal every millisecond while many requests are made, with SA_RESTART and without: the agent
# has the same results, what it was told is recorded, whole and once, and a replay gives it again.
. "$(dirname "$0")/lib.sh"
start_double

cat >agent.py <<'P'
import hashlib, http.client, json, os, signal, ssl, sys
url, restart = sys.argv[1], sys.argv[2] == "restart"
signals = 0
def count(*_):
    global signals
    signals += 1
signal.signal(signal.SIGALRM, count)
signal.siginterrupt(signal.SIGALRM, not restart)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
scheme, _, host = url.partition("://")
bad, asked = 0, 0
# Until there were enough of them, however fast the machine is; a replay asks as often.
most = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
while asked < most and (asked < 60 or signals < 150 or most < 2000):
    if asked % 20 == 0:
        connection = http.client.HTTPConnection(host) if scheme == "http" else \
            http.client.HTTPSConnection(host, context=ssl.create_default_context())
    body = json.dumps({"number": asked, "text": hashlib.sha256(b"%d" % asked).hexdigest() * 90})
    connection.request("POST", "/t/echo", body)
    answer = json.loads(connection.getresponse().read())
    bad += answer["body"] != body
    print(answer["nonce"])
    asked += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(asked, bad, signals >= 150, file=sys.stderr)
P

# tries NAME URL HOW
tries() {
	exits "$1: the agent ends well" 0 recording "$1.thc" /usr/bin/python3 agent.py "$2" "$3"
	read -r asked bad enough <err
	equal "$1: it was told what it asked, under enough signals" "0 True" "$bad $enough"
	mv out "$1.rec"
	"$tool" dump --json "$1.thc" | jq -r 'select(.kind == "exchange") |
		(.response_body | fromjson) as $said |
		if .truncated or $said.body != .request_body then "damaged" else $said.nonce end' >"$1.found"
	same "$1: all of it is recorded, whole and once" "$1.rec" "$1.found"
	equal "$1: no event is missing" 0 "$("$tool" dump --json "$1.thc" |
		jq -s 'map(.lost_events // 0) | add')"
	replaying "$1.thc" /usr/bin/python3 agent.py "$2" "$3" "$asked" >"$1.rep" 2>/dev/null
	same "$1: a replay under signals, too, gives it again" "$1.rec" "$1.rep"
}
tries restarted "$http" restart
tries interrupted "$http" interrupt
tries tls "$https" interrupt
