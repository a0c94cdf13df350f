#!/bin/bash
# TLS handshakes that fail, and certificates that find no favour: recorded as what they were, and
# in a replay the client says the same, though the player's certificate is another one. OpenSSL
# (curl, Python) and GnuTLS (wget, git).
. "$(dirname "$0")/lib.sh"

# A CA that clients trust, one that they do not; certificates with one fault each.
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
make_ca() {
	openssl req -x509 "${key[@]}" -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null
}
make_certificate() { # NAME CA DAYS HOST
	openssl req "${key[@]}" -keyout "$1.key" -out "$1.csr" -subj "/CN=$4" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "$3" -out "$1.pem" \
		-extfile <(echo "subjectAltName=DNS:$4") 2>/dev/null
}
make_ca known && make_ca unknown
make_certificate good known 2 localhost
make_certificate expired known -1 localhost
make_certificate foreign unknown 2 localhost
make_certificate misnamed known 2 other.example.test
[ -s expired.pem ] || skip_all "no certificates here"

cat >serve.py <<'P'
import http.server, json, socket, ssl, struct, threading, uuid
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = str(uuid.uuid4()).encode() + b"\n"
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *args): pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args): pass
class Lazy(Server):  # shakes hands in the thread of the connection
    def finish_request(self, request, address):
        super().finish_request(self.context.wrap_socket(request, server_side=True), address)
ports = {}
def start(name, server):
    ports[name] = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
for name in "good", "expired", "foreign", "misnamed", "old":
    server = Lazy(("127.0.0.1", 0), Answer)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert = "good" if name == "old" else name
    server.context.load_cert_chain(cert + ".pem", cert + ".key")
    if name == "old":
        server.context.set_ciphers("AES128-SHA")
        server.context.maximum_version = ssl.TLSVersion.TLSv1_2
    start(name, server)
start("plain", Server(("127.0.0.1", 0), Answer))
def rude(name, end):
    listener = socket.create_server(("127.0.0.1", 0))
    ports[name] = listener.getsockname()[1]
    def run():
        while True:
            s, _ = listener.accept()
            s.recv(65536)
            if end:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, end)
            s.close()
    threading.Thread(target=run, daemon=True).start()
rude("closed", None)
rude("reset", struct.pack("ii", 1, 0))
open("ports.new", "w").write("".join(f"{n}={p}\n" for n, p in ports.items()))
import os, time
os.rename("ports.new", "ports")
threading.Event().wait()
P
/usr/bin/python3 serve.py &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f ports ]; do sleep 0.05; done
. ./ports

cat >ask.py <<'P'
import ssl, sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1]).read())
except OSError as e:
    print(type(e), e, getattr(e.reason, "verify_code", None) if hasattr(e, "reason") else "")
P
export SSL_CERT_FILE=$scratch/known.pem GIT_SSL_CAINFO=$scratch/known.pem GIT_TERMINAL_PROMPT=0
echo "ca_certificate = $scratch/known.pem" >wgetrc
export WGETRC=$scratch/wgetrc

# wget tells the time when it succeeds.
record_and_replay_failure() {
	local name=$1
	shift
	recording "$name.thc" "$@" >"$name.rec" 2>"$name.rec.err"
	recorded=$?
	replaying "$name.thc" "$@" >"$name.rep" 2>"$name.rep.err"
	equal "$name: the exit code" "$recorded" "$?"
	sed -i -E 's/^[0-9-]+ [0-9:]+ URL/URL/' "$name.rec.err" "$name.rep.err"
	same "$name: stdout" "$name.rec" "$name.rep"
	same "$name: stderr" "$name.rec.err" "$name.rep.err"
	[ -s "$name.rec" ] || [ -s "$name.rec.err" ] || not_ok "$name: it says something"
}
# How many lines tell of it: one, of the connection or of the client library's transfer.
said_of() {
	"$tool" dump --json "$1" |
		jq -r 'select(.kind == "transfer" or .kind == "connect" and
			(.status_reason | startswith("TLS"))) | .kind' | wc -l
}
while read -r fault clients; do
	url=https://localhost:${!fault}/x
	for client in $clients; do
		case $client in
		curl) agent=(curl -sS -m 20) ;;
		curl-k) agent=(curl -sSk -m 20 -w '%{ssl_verify_result}\n') ;;
		python) agent=(/usr/bin/python3 ask.py) ;;
		wget) agent=(wget -nv -t 1 -O-) ;;
		wget-k) agent=(wget -nv -t 1 -O- --no-check-certificate) ;;
		git) agent=(git ls-remote) ;;
		esac
		record_and_replay_failure "$client-$fault" "${agent[@]}" "$url"
		echo -n "$recorded " >>codes
		echo -n "$(said_of "$client-$fault.thc") " >>rows
	done
done <<'T'
good curl wget
expired curl wget wget-k
foreign curl python wget git curl-k
misnamed curl python git wget-k
plain curl wget
closed curl wget
reset curl python
old curl
T
equal "each client failed, and as it does" \
	"0 0 60 5 0 60 0 5 128 0 60 0 128 0 35 4 35 4 35 0 35 " "$(cat codes)"
equal "each failure stands in one line of a dump" \
	"0 0 1 1 0 1 1 1 1 0 1 1 1 0 1 1 1 1 1 1 1 " "$(cat rows)"

# A certificate that was refused is nothing that was not recorded.
fault=foreign
"$tool" record --require-coverage -o covered.thc -- curl -sS "https://localhost:${!fault}/" 2>err
equal "a refused certificate is no gap in coverage" 60 $?

# Servers of one name on several ports have each their own certificate, and no session of another's
# is resumed.
cat >ports.py <<'P'
import hashlib, socket, ssl, sys
context = ssl._create_unverified_context()
session = None
for port in sys.argv[1:]:
    with context.wrap_socket(socket.create_connection(("localhost", int(port))),
            server_hostname="localhost", session=session) as s:
        s.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        while s.recv(4096): pass
        print(hashlib.sha256(s.getpeercert(True)).hexdigest(), s.session_reused)
        session = s.session
P
# shellcheck disable=SC2154 # ./ports has them
ports=("$good" "$expired" "$foreign")
recording ports.thc /usr/bin/python3 ports.py "${ports[@]}" >ports.rec
equal "three servers, three certificates" 3 "$(sort -u ports.rec | wc -l)"
replaying ports.thc /usr/bin/python3 ports.py "${ports[@]}" >ports.rep
same "each has its own again" ports.rec ports.rep

# Verdicts are a process's own. In a replay processes are numbered by their first connections, so
# one that opened none (the look-up failed) moves those behind it.
# shellcheck disable=SC2154 # ./ports has them
cat >several.sh <<S
wget -nv -t 1 -O- https://localhost:$foreign/x 2>/dev/null; echo "\$?"
curl -sS http://nowhere.invalid/ 2>&1; echo "\$?"
curl -sS https://localhost:$good/x 2>&1; echo "\$?"
sh -c 'exec 2>&1; curl -sS https://localhost:$foreign/x; curl -sS https://localhost:$good/x'
S
recording several.thc sh several.sh >several.rec
replaying several.thc sh several.sh >several.rep
same "verdicts: each process has its own again" several.rec several.rep

# A handshake that writing no bytes drove is none that failed (openssl s_client does that).
show_certificate() {
	openssl s_client -connect "localhost:$good" -servername localhost </dev/null 2>/dev/null |
		openssl x509 -noout -fingerprint -sha256
}
export -f show_certificate
# shellcheck disable=SC2154
export good
recording fingerprint.thc bash -c show_certificate >fingerprint.rec
equal "s_client: sees the certificate" "$(openssl x509 -in good.pem -noout -fingerprint -sha256)" \
	"$(cat fingerprint.rec)"
replaying fingerprint.thc bash -c show_certificate >fingerprint.rep
same "s_client: and the recorded one in a replay" fingerprint.rec fingerprint.rep
