#!/bin/bash
# The replay is a run too: recorded, it equals what it replays, whatever kind of agent asked; and
# what is different in a changed agent is shown.
. "$(dirname "$0")/lib.sh"
start_double
export OPENAI_BASE_URL="$https/v1" TOOL_URL="$https/tools" OPENAI_API_KEY=sk-planted-agent-key

# faithful NAME COMMAND…
faithful() {
	local name=$1
	shift
	limited "$tool" record -q -o "$name.thc" -- "$@" >"$name.rec" 2>&1
	limited "$tool" replay -q --record "$name.replay.thc" "$name.thc" -- "$@" >"$name.rep" 2>&1
	sed -i 's/after [0-9]* ms/after N ms/' "$name.rec" "$name.rep" # curl tells the time it took
	same "$name: the replay's output is the recording's" "$name.rec" "$name.rep"
	exits "$name: the replay equals the recording" 0 "$tool" diff --exact "$name.thc" \
		"$name.replay.thc"
	[ "$code" -eq 0 ] || cat out
}

cat >threads.py <<'P'
import http.client, ssl, sys, threading
host = sys.argv[1].removeprefix("https://")
def talk(key):
    connection = http.client.HTTPSConnection(host, context=ssl.create_default_context())
    for number in range(4):
        connection.request("POST", "/t/echo?%s-%d" % (key, number), b"x" * number)
        connection.getresponse().read()
threads = [threading.Thread(target=talk, args=(key,)) for key in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
P
cat >tree.sh <<P
curl -sS "$https/t/echo?first"
( curl -sS "$https/t/echo?subshell"; sh -c 'curl -sS "$https/t/echo?grandchild"' )
for n in 1 2 3; do curl -sS "$https/t/echo?background-\$n" >"out.\$n" & done
wait
cat out.1 out.2 out.3
P
cat >fork.py <<P
import os, urllib.request
def ask(who): urllib.request.urlopen("$https/t/echo?" + who).read()
ask("before")
child = os.fork()
ask("child" if child == 0 else "parent")
if child == 0: os._exit(0)
os.waitpid(child, 0)
P
cat >asyncio_.py <<'P'
import asyncio, ssl, sys
host, port = sys.argv[1].removeprefix("https://").split(":")
async def main():
    context = ssl.create_default_context()
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    writer.write(b"GET /v1/models HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n"
                 % (host.encode(), port.encode()))
    print((await reader.read()).decode())
asyncio.run(main())
P
faithful shell_agent "$top/demo/agent.sh" "How is Ghent?"
faithful python_agent "$top/demo/agent.py" "How is Ghent?"
faithful http2 curl -sS --http2 "$https/v1/models" "$https/t/status/503" -d body "$https/t/echo"
faithful parallel curl -sSZ --no-progress-meter --http2 "$https/t/echo?[1-8]" -o 'part.#1'
faithful plain curl -sS "$http/v1/models" "$http/t/echo"
faithful threads /usr/bin/python3 threads.py "$https"
faithful tree sh tree.sh
faithful fork /usr/bin/python3 fork.py
faithful asyncio /usr/bin/python3 asyncio_.py "$https"
faithful refused sh -c "curl -sS -m 9 http://127.0.0.1:1/; curl -sS $http/v1/models"
faithful unknown sh -c "curl -sS -m 9 http://unknown.invalid/; curl -sS $http/v1/models"

# What breaks breaks again, and at the same place.
cat >broken.sh <<P
for framing in length chunked; do curl -sS -m 9 "$https/t/cut?how=reset&framing=\$framing"; done
curl -sS "$http/t/until-close"; curl -sS --compressed "$https/t/gzip"
curl -sS -L "$https/t/redirect"
P
faithful broken sh broken.sh

# A changed agent: the diff names the message and the character; the replay gave no wrong answer.
limited "$tool" replay -q --record changed.thc python_agent.thc -- "$top/demo/agent.py" \
	"How is Bruges?" >/dev/null 2>&1
exits "a changed agent's replay differs" 1 "$tool" diff --json python_agent.thc changed.thc
jq -c 'select(.kind == "call").differences[] | [.path, .character, .a, .b]' out >differences
equal "first in the question" '["body.messages[0].content",7,"How is Ghent?","How is Bruges?"]' \
	"$(head -n 1 differences)"
holds "and then in the answer, which was a miss" grep -qF '["status",null,200,424]' differences
"$tool" diff python_agent.thc changed.thc >out
holds "as text, too" grep -q 'request: body.messages\[0\].content at character 7' out

# A replay may be recorded into the capture that it replays: a run of its own.
limited "$tool" replay -q --record plain.thc plain.thc -- \
	curl -sS "$http/v1/models" "$http/t/echo" \
	>/dev/null 2>&1
exits "two runs of one capture" 0 "$tool" diff --exact plain.thc '#1' '#2'
equal "the second says of which it is the replay" \
	"$("$tool" list --json plain.thc | jq -r .trace_id | head -n 1)" \
	"$("$tool" list --json plain.thc | jq -r 'select(.number == 2).meta.replay_of')"
exits "a replay's recording is sealed as others are" 0 "$tool" verify plain.thc
exits "--record into what is no capture" 65 "$tool" replay --record tree.sh plain.thc -- true
exits "--record where nothing can be written" 66 \
	"$tool" replay --record no/such/x.thc plain.thc -- true

# An agent whose prompts differ each time: two recordings teach the rules by which it is replayed.
cat >stamped.py <<'P'
import datetime, json, sys, urllib.request, uuid
body = {"session": str(uuid.uuid4()),
        "messages": [{"content": "It is %s. Hello" % datetime.datetime.now().isoformat()}]}
request = urllib.request.Request(sys.argv[1] + "/t/echo", json.dumps(body).encode(),
                                 {"Content-Type": "application/json"})
urllib.request.urlopen(request).read()
P
for take in first second; do
	limited "$tool" record -q -o "$take.thc" -- /usr/bin/python3 stamped.py "$https"
done
exits "such an agent cannot be replayed as it is" 96 "$tool" replay -q first.thc -- \
	/usr/bin/python3 stamped.py "$https"
exits "two recordings explain themselves" 0 "$tool" diff --learn first.thc second.thc
cp out rules.txt
equal "by the time and the id" "json /messages/*/content time
json /session uuid" "$(grep '^json' rules.txt)"
exits "with the rules it can be" 0 "$tool" replay --match volatile:rules.txt first.thc -- \
	/usr/bin/python3 stamped.py "$https"
