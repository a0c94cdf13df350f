#!/bin/bash
# HTTP over a Unix socket, as Docker's and Ollama's clients speak it: recorded, replayed with nobody
# listening, fenced where it was not recorded; and what speaks something else there is left alone.
. "$(dirname "$0")/lib.sh"

# Serves HTTP on api.sock and other.sock, echoes lines on line.sock; each answer has a nonce.
cat >serve.py <<'P'
import http.server, os, socketserver, sys, threading, uuid
class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        n = int(self.headers.get("content-length", 0))
        text = f"{self.server.server_address} {self.path} {self.rfile.read(n)} {uuid.uuid4()}\n"
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
        with open("seen", "a") as seen:
            seen.write(self.path + "\n")
    do_POST = do_GET
    def address_string(self): return "unix"
    def log_message(self, *args): pass
class Line(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(b"said " + line)
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
servers = [Server("api.sock", Api), Server("other.sock", Api), Server("line.sock", Line),
           Server("\0tracehook-test-" + sys.argv[1], Api)]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
open("serving", "w").close()
servers[0].serve_forever()
P
touch seen
/usr/bin/python3 serve.py $$ &
server=$!
while [ ! -f serving ]; do sleep 0.05; done
api=$scratch/api.sock other=$scratch/other.sock line=$scratch/line.sock
trap 'kill $server 2>/dev/null; finish' EXIT

ask() { curl -sS -m 10 --unix-socket "$1" "${@:2}"; }
cat >line.py <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"hello\n")
print(s.recv(100))
P
cat >client.py <<'P'
import http.client, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
        print(self.sock.getpeername().endswith("api.sock"), repr(self.sock.getsockname()))
c = Unix("localhost")
for n in 1, 2:
    c.request("POST", f"/v1/{n}", body=b"x" * n)
    print(c.getresponse().read())
P

record_and_replay_unix() {
	local name=$1
	shift
	recording "$name.thc" "$@" >"$name.rec" 2>"$name.rec.err"
	equal "$name: recording exits as it should" 0 $?
	mv api.sock away
	replaying "$name.thc" "$@" >"$name.rep" 2>"$name.rep.err"
	equal "$name: replay exits the same, nobody listening" 0 $?
	mv away api.sock
	same "$name: replay gives the recorded output" "$name.rec" "$name.rep"
	same "$name: and the recorded stderr" "$name.rec.err" "$name.rep.err"
}
record_and_replay_unix curl curl -sS -m 10 --unix-socket "$api" http://docker/v1/info
record_and_replay_unix python /usr/bin/python3 client.py "$api"
record_and_replay_unix abstract curl -sS --abstract-unix-socket "tracehook-test-$$" http://x/
equal "the URL tells the socket" \
	"http+unix://$(jq -rn --arg path "$api" '$path | @uri')/v1/info" \
	"$(spans curl.thc .url | tr -d '"')"
holds "an abstract name begins with @" grep -q 'http+unix://%40tracehook-test' \
	<(spans abstract.thc .url)

# Two sockets that are asked with the same Host field are two services.
one="curl -sS --unix-socket $api http://x/a" another="curl -sS --unix-socket $other http://x/a"
recording two.thc sh -c "$one; $another" >two.rec
replaying two.thc sh -c "$another; $one" >two.rep
same "each socket gives its own answer" <(sort two.rec) <(sort two.rep)

# The fence, with a live server within reach.
seen=$(wc -l <seen)
exits "a socket that was not recorded is refused" 7 \
	replaying_online curl.thc curl -sS -m 10 --unix-socket "$other" http://docker/v1/info
exits "so is one whose server has gone" 7 \
	replaying_online curl.thc curl -sS -m 10 --unix-socket "$scratch/none" http://docker/
replaying_online curl.thc curl -sS -m 10 --unix-socket "$api" http://docker/v1/other >out
equal "a request that was not recorded is a miss" tracehook_no_match "$(jq -r .error.code out)"
limited "$tool" replay curl.thc -- curl -sS -m 10 --unix-socket "$other" http://x/ >out 2>err
holds "the report names the socket" grep -qF "connect unix:$other" err
TRACEHOOK_MODE=repaly LD_PRELOAD=$lib curl -sS -m 10 --unix-socket "$api" http://x/ >out 2>err
equal "a misspelt mode closes the fence here, too" "" "$(cat out)"
equal "the server was not asked" "$seen" "$(wc -l <seen)"

# What failed fails again; what is not HTTP is let through, and told.
nobody=(curl -sS --unix-socket "$scratch/none" http://x/)
exits "recording: nobody there" 7 recording none.thc "${nobody[@]}"
mv err none.err
touch none
exits "replay: nobody there" 7 replaying none.thc "${nobody[@]}"
sed -i "s/after [0-9]* ms/after N ms/" none.err err
same "with the same words" none.err err
"$tool" record --require-coverage -o line.thc -- /usr/bin/python3 line.py "$line" >line.rec 2>err
equal "talk that is not HTTP breaks no coverage" 0 $?
holds "it is told" grep -q '1 connection to Unix sockets, not HTTP' err
replaying line.thc /usr/bin/python3 line.py "$line" >line.rep
same "it is let through in a replay" line.rec line.rep
holds "and was heard" grep -q "said hello" line.rec

# Workers of the tree's own, on names that are new each time.
cat >workers.py <<'P'
import multiprocessing.managers
if __name__ == "__main__":
    with multiprocessing.managers.SyncManager(address=None) as manager:
        shared = manager.dict()
        shared["a"] = 1
        print(dict(shared))
P
recording workers.thc /usr/bin/python3 workers.py >workers.rec 2>err
replaying workers.thc /usr/bin/python3 workers.py >workers.rep 2>err
same "a manager's socket is the tree's own" workers.rec workers.rep
equal "and works" "{'a': 1}" "$(cat workers.rep)"
