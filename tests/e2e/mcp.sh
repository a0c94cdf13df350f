#!/bin/bash
# The Model Context Protocol over HTTP, recorded from a real client: in its first era, where a POST
# is only accepted and the answer comes by the session's stream of events, each call is shown with
# its answer, its errors and the time until then; in the second era as well.
. "$(dirname "$0")/lib.sh"

cat >server.py <<'P'
"""Both eras: GET /sse and POST /messages; POST /mcp. Tools: add, slow, fail."""
import http.server, json, queue, sys, threading, time
sessions = {}

def reply(m):
    name, a = m["params"].get("name"), m["params"].get("arguments", {})
    if m["method"] == "initialize":
        result = {"protocolVersion": "2024-11-05", "capabilities": {}}
    elif name == "add":
        result = {"content": [{"type": "text", "text": str(a["a"] + a["b"])}]}
    elif name == "slow":
        time.sleep(0.15)
        result = {"content": [{"type": "text", "text": "late"}]}
    elif name == "fail":
        result = {"content": [{"type": "text", "text": "it broke"}], "isError": True}
    else:
        return {"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32602, "message": "no such"}}
    return {"jsonrpc": "2.0", "id": m["id"], "result": result}

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
    def piece(self, text):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))
    def do_GET(self):
        name = "s%d" % len(sessions)
        messages = sessions[name] = queue.Queue()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.piece("event: endpoint\ndata: /messages?session_id=%s\n\n" % name)
        while (m := messages.get()) is not None:
            self.piece("event: message\ndata: %s\n\n" % json.dumps(m))
        self.wfile.write(b"0\r\n\r\n")
    def answer(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        m = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/mcp":
            many = m if isinstance(m, list) else [m]
            answers = [reply(one) for one in many if "id" in one]
            return self.answer(200, json.dumps(answers if many is m else answers[0]).encode())
        messages = sessions[self.path.split("=")[1]]
        self.answer(202, b"Accepted", "text/plain")
        if m.get("method") == "bye":
            messages.put(None)
        elif "id" in m:
            threading.Thread(target=lambda: messages.put(reply(m))).start()

s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open(sys.argv[1] + ".new", "w").write(str(s.server_address[1]))
__import__("os").rename(sys.argv[1] + ".new", sys.argv[1])
s.serve_forever()
P
cat >client.py <<'P'
import http.client, json, sys, threading
port = int(sys.argv[1])
def post(path, m):
    c = http.client.HTTPConnection("127.0.0.1", port)
    c.request("POST", path, json.dumps(m), {"content-type": "application/json"})
    return c.getresponse().read()
def call(i, name, **arguments):
    return {"jsonrpc": "2.0", "id": i, "method": "tools/call",
            "params": {"name": name, "arguments": arguments}}
def session():
    """An old session: all is asked before anything is read, answers come in any order."""
    c = http.client.HTTPConnection("127.0.0.1", port)
    c.request("GET", "/sse", headers={"accept": "text/event-stream"})
    events = c.getresponse()
    events.readline()
    path = events.readline().decode().split(": ")[1].strip()
    asked = [{"jsonrpc": "2.0", "id": 0, "method": "initialize",
              "params": {"protocolVersion": "2024-11-05"}},
             {"jsonrpc": "2.0", "method": "notifications/initialized"},
             call(1, "slow"), call(2, "add", a=2, b=3), call(3, "fail"), call(4, "lost")]
    for m in asked:
        post(path, m)
    got = set()
    while len(got) < 5:
        line = events.readline().decode()
        if line.startswith("data: "):
            got.add(json.loads(line[6:])["id"])
    post(path, {"jsonrpc": "2.0", "method": "bye"})
    events.read()
threads = [threading.Thread(target=session) for _ in range(2)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(json.loads(post("/mcp", call("x", "add", a=20, b=22)))["result"]["content"][0]["text"])
print(len(json.loads(post("/mcp", [call("y", "fail"), call("z", "add", a=1, b=1)]))))
P
/usr/bin/python3 server.py port &
server=$!
for _ in $(seq 100); do
	[ -s port ] && break
	sleep 0.05
done
recording run.thc /usr/bin/python3 client.py "$(cat port)" >out 2>err
equal "the client is served" "42 2 " "$(tr '\n' ' ' <out)$(cat err)"
kill "$server"
"$tool" dump --json run.thc >run.json
equal "each call has its answer, in both eras" "$(printf '%s\n' \
	'["initialize","0",null,"{\"protocolVersion\":\"2024-11-05\",\"capabilities\":{}}",null]' \
	'["tools/call","1","slow","{\"content\":[{\"type\":\"text\",\"text\":\"late\"}]}",null]' \
	'["tools/call","2","add","{\"content\":[{\"type\":\"text\",\"text\":\"5\"}]}",null]' \
	'["tools/call","3","fail","tool_error","it broke"]' \
	'["tools/call","4","lost","-32602","no such"]' \
	'["tools/call","x","add","{\"content\":[{\"type\":\"text\",\"text\":\"42\"}]}",null]' \
	'["tools/call","y","fail","tool_error","it broke"]')" \
	"$(jq -c 'select(.mcp.id != null) | [.mcp.method, .mcp.id, .mcp.target,
		.error_type // .mcp.result, .error_message]' run.json | sort -u)"
equal "of two sessions none is left without" 10 \
	"$(jq 'select(.mcp.answered_unix_nano != null) | .mcp.id' run.json | wc -l)"
equal "the rest of a batch stands with its first" '["z","add","{\"a\":1,\"b\":1}"]' \
	"$(jq -c 'select(.mcp.id == "y").mcp.others[] | [.id, .target, .arguments]' run.json)"
"$tool" tree --json run.thc >tree.json
equal "a call lasts until its answer came" '["slow",true]' "$(jq -c 'select(.title ==
	"tools/call slow") | ["slow", .duration_ns >= 150000000]' tree.json | sort -u)"
equal "what failed is an error" '["tools/call fail","error","the tool failed"]
["tools/call lost","error","the answer tells of an error"]' "$(jq -c 'select(.title != null) |
	select(.status == "error") | [.title, .status, .status_reason]' tree.json | sort -u)"
"$tool" export -f otlp --content run.thc >spans.jsonl
equal "in OpenTelemetry's terms, too" '["tools/call lost","-32602","-32602"]' "$(jq -c '.. |
	.spans? // empty | .[] | select(.name == "tools/call lost") | [.name, (.attributes[] |
	select(.key == "error.type" or .key == "rpc.response.status_code").value.stringValue)]' \
	spans.jsonl | sort -u)"
holds "show has both sides together" grep -qx 'result, by the server.s stream after [1-9].*s' <(
	"$tool" show run.thc "$(jq -r 'select(.mcp.target == "slow").span_id' run.json | head -n 1)")
