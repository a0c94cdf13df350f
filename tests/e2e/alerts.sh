#!/bin/bash
# Alerts after the handshake. By TLS 1.3 a client has shaken hands before the server has seen what
# certificate it has, or that it has none; what the server has against it comes when the request is
# under way, or whenever the server asks for a certificate. In a replay the client says the same.
. "$(dirname "$0")/lib.sh"

key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
make_ca() {
	openssl req -x509 "${key[@]}" -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null
}
make_certificate() { # NAME CA DAYS
	openssl req "${key[@]}" -keyout "$1.key" -out "$1.csr" -subj /CN=localhost 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "$3" -out "$1.pem" \
		-extfile <(echo subjectAltName=DNS:localhost) 2>/dev/null
	cat "$1.pem" "$1.key" >"$1.both"
}
make_ca known && make_ca unknown
make_certificate server known 2
make_certificate stale known -1
make_certificate strange unknown 2
[ -s stale.both ] || skip_all "no certificates here"

cat >serve.py <<'P'
"""Wants a client's certificate, by TLS 1.3: at once (h1, h2), or of who asks a second time."""
import os, socket, ssl, threading

def context(protocol, later):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.minimum_version = ssl.TLSVersion.TLSv1_3
    c.load_cert_chain("server.pem", "server.key")
    c.load_verify_locations("known.pem")
    c.verify_mode = ssl.CERT_REQUIRED
    c.post_handshake_auth = later
    c.set_alpn_protocols([protocol])
    return c

def head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            raise EOFError
        data += more

def talk(raw, context):
    try:
        with context.wrap_socket(raw, server_side=True) as sock:
            head(sock)
            body = os.urandom(6).hex().encode() + b"\n"
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            sock.sendall(answer)
            head(sock)
            sock.sendall(answer[:-4])
            sock.verify_client_post_handshake()
            sock.do_handshake()
            sock.recv(1)
    except (OSError, EOFError):
        pass

def linger(raw, context):
    """Nothing that the client still sends meets a reset."""
    kept = raw.dup()
    talk(raw, context)
    try:
        kept.shutdown(socket.SHUT_WR)
        while kept.recv(65536):
            pass
    except OSError:
        pass
    kept.close()

def serve(listener, *how):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=linger, args=(sock, context(*how)), daemon=True).start()

with open("ports.new", "w") as f:
    for name, *how in (("h1", "http/1.1", False), ("h2", "h2", False),
                       ("second", "http/1.1", True)):
        listener = socket.create_server(("127.0.0.1", 0))
        f.write("%s=%d\n" % (name, listener.getsockname()[1]))
        threading.Thread(target=serve, args=(listener, *how), daemon=True).start()
os.rename("ports.new", "ports")
threading.Event().wait()
P
cat >ask.py <<'P'
import http.client, ssl, sys
c = http.client.HTTPSConnection("localhost", int(sys.argv[1]))
try:
    for target in sys.argv[2:]:
        c.request("GET", target)
        answer = c.getresponse()
        print(target, answer.read(9), flush=True)
        print(target, answer.read(), flush=True)
except OSError as e:
    print(type(e), e)
P
cat >pool.py <<'P'
import requests, sys
try:
    print(requests.post(sys.argv[1], data=b"x" * 1000, timeout=20).status_code)
except requests.RequestException as e:
    print(type(e), e.args[0].reason if hasattr(e.args[0], "reason") else e)
P
cat >ask.js <<'J'
const https = require('https'), fs = require('fs');
const r = https.get(process.argv[2], {ca: fs.readFileSync('known.pem'), agent: false}, a => {
  a.on('data', d => console.log(String(d)));
});
r.on('error', e => console.log(e.code, e.message.replace(/^[0-9A-F]+:/, '')));
J
/usr/bin/python3 serve.py &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f ports ]; do sleep 0.05; done
. ./ports
export SSL_CERT_FILE=$scratch/known.pem REQUESTS_CA_BUNDLE=$scratch/known.pem
export GIT_SSL_CAINFO=$scratch/known.pem GIT_TERMINAL_PROMPT=0
echo "ca_certificate = $scratch/known.pem" >wgetrc
export WGETRC=$scratch/wgetrc
head -c 3000000 /dev/zero >large

alert() { # NAME NUMBER COMMAND…
	local name=$1 number=$2
	shift 2
	recording "$name.thc" "$@" >"$name.rec" 2>"$name.rec.err"
	echo "exit code $?" >>"$name.rec.err"
	limited "$tool" replay -q --report "$name.json" "$name.thc" -- "$@" >"$name.rep" 2>"$name.rep.err"
	echo "exit code $?" >>"$name.rep.err"
	sed -i -E 's/^[0-9-]+ [0-9:]+ URL/URL/' "$name.rec.err" "$name.rep.err"
	same "$name: the bytes before it" "$name.rec" "$name.rep"
	same "$name: exit code and message" "$name.rec.err" "$name.rep.err"
	equal "$name: nothing is missed, all was asked" "0 0" \
		"$(jq -r '"\(.missed) \(.unused)"' "$name.json")"
	[ "$number" = none ] || holds "$name: the capture says what it was" test 1 -le \
		"$(spans "$name.thc" 'select(.response_end == "alert") | .response_end_code' |
			grep -cx "$number")"
}
# shellcheck disable=SC2154 # ./ports has them
{
	alert curl 116 curl -sS --http1.1 "https://localhost:$h1/x"
	alert curl-upload 116 curl -sS --http1.1 -H Expect: -T large "https://localhost:$h1/x"
	alert curl2 116 curl -sS --http2 "https://localhost:$h2/x"
	alert curl-strange 48 curl -sS --http1.1 --cert strange.both "https://localhost:$h1/x"
	alert curl-stale 45 curl -sS --http1.1 --cert stale.both "https://localhost:$h1/x"
	alert python 116 /usr/bin/python3 ask.py "$h1" /x
	alert python-second 116 /usr/bin/python3 ask.py "$second" /x /y
	alert pool 116 /usr/bin/python3 pool.py "https://localhost:$h1/x"
	# It waits for a session ticket before it asks, and meets the alert then.
	alert wget none wget -nv -t 1 -O- "https://localhost:$h1/x"
	alert git 116 git ls-remote "https://localhost:$h1/x"
	! command -v node >/dev/null || alert node 116 node ask.js "https://localhost:$h1/x"
}
