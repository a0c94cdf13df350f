#!/bin/bash
# TRACEHOOK_PROPAGATE: trace context arrives at a real server with every stack, the capture has what
# was sent, and the program notices nothing: neither of a write that is cut in the middle, nor in a
# replay.
. "$(dirname "$0")/lib.sh"
export PYTHONDONTWRITEBYTECODE=1
trace=4bf92f3577b34da6a3ce929d0e0e4736
export TRACEPARENT=00-$trace-00f067aa0ba902b7-01 TRACESTATE=vendor=1 BAGGAGE=user=ana
propagating() {
	timeout -k 1 "$limit" env TRACEHOOK_PROPAGATE=1 TRACEHOOK_CAPTURE="$1" LD_PRELOAD="$lib" "${@:2}"
}

# beside NAME COMMAND…: in a directory of its own, at the same time as the others; together waits
# for all and prints what they proved.
beside() {
	mkdir "$scratch/$1"
	(cd "$scratch/$1" && "${@:2}") >"$scratch/$1/tap" 2>&1 &
	proving="${proving:-} $1:$!"
}
together() {
	for one in $proving; do
		wait "${one#*:}"
		cat "$scratch/${one%:*}/tap"
		failed=$((failed + $(grep -c '^not ok' "$scratch/${one%:*}/tap")))
	done
	proving=
}

# arrive NAME COMMAND…: the command prints what the double's /t/echo answers, once or more.
arrive() {
	name=$1
	propagating run.thc "${@:2}" >out 2>err
	equal "$name: ends well" "0 " "$? $(cat err)"
	jq -c '.fields | map({(.[0] | ascii_downcase): .[1]}) | add |
		[.traceparent, .tracestate, .baggage, true]' out | sort >got
	spans run.thc "[\"00-$trace-\(.span_id)-01\", \"vendor=1\", \"user=ana\", .propagated]" |
		sort >want
	same "$name: each request bears its span's id, and the capture says so" want got
	holds "$name: there are some" test -s got
}
replay_too() {
	arrive "$@"
	replaying run.thc "${@:2}" >rep 2>&1
	same "$1: the replay asks without, and is answered" out rep
}
arrives() { beside "$1" replay_too "$@"; }

start_double
arrives curl-h1 curl -sS --http1.1 "$https/t/echo?1" \
	--next -sS --http1.1 -d @"$top/README.md" "$https/t/echo?2"
# Streams side by side end in any order: each answer has a file of its own.
cat >parallel.sh <<'P'
curl -sS --http2 -Z --no-progress-meter -o 1 "$1?1" -o 2 "$1?2" -o 3 "$1?3" && cat 1 2 3
P
arrives curl-h2 sh ../parallel.sh "$https/t/echo"
arrives curl-plain curl -sS "$http/t/echo?1" "$http/t/echo?2"
cat >http_client.py <<'P'
import http.client, ssl, sys
host, port = sys.argv[1].split("//")[1].split(":")
context = ssl.create_default_context(cafile=sys.argv[2])
c = http.client.HTTPSConnection(host, int(port), context=context)
for body in b"", b"x" * 100_000:
    c.request("POST", "/t/echo?%d" % len(body), body)
    print(c.getresponse().read().decode())
P
arrives http.client /usr/bin/python3 ../http_client.py "$https" "$DOUBLE_CA"
has() { # has MODULE…: of Python's; looked for, not loaded
	/usr/bin/python3 -c 'import sys, importlib.util as u
sys.exit(not all(map(u.find_spec, sys.argv[1:])))' "$@"
}
if has requests; then
	beside requests arrive requests /usr/bin/python3 -c 'import requests, sys
s = requests.Session()
for i in range(2):
    print(s.post(sys.argv[1] + "/t/echo?%d" % i, json={"n": i}, verify=sys.argv[2]).text)' \
		"$https" "$DOUBLE_CA"
else
	skip requests "no python3-requests"
fi
if has httpx h2; then
	beside httpx-h2 arrive httpx-h2 /usr/bin/python3 -c 'import httpx, sys
with httpx.Client(http2=True, verify=sys.argv[2]) as c:
    for i in range(3):
        print(c.post(sys.argv[1] + "/t/echo?%d" % i, json={"n": i}).text)' "$https" "$DOUBLE_CA"
else
	skip httpx-h2 "no python3-httpx or python3-h2"
fi
if ldd "$(command -v wget || echo /bin/true)" | grep -q libgnutls; then
	arrives wget wget -q --ca-certificate="$DOUBLE_CA" -O- "$https/t/echo?1"
else
	skip wget "no wget with GnuTLS"
fi
node=$(command -v node)
if [ -n "$node" ]; then
	cat >agent.mjs <<'J'
import https from 'node:https';
import http2 from 'node:http2';
import { readFileSync } from 'node:fs';
const [base, file] = process.argv.slice(2);
const ca = readFileSync(file), agent = new https.Agent({ keepAlive: true });
for (const n of [1, 2]) {
	await new Promise((done) => {
		const r = https.request(base + '/t/echo?' + n, { ca, agent, method: 'POST' }, (res) => {
			let all = '';
			res.on('data', (d) => { all += d; });
			res.on('end', () => { console.log(all); done(); });
		});
		r.end('x'.repeat(n * 30000));
	});
}
agent.destroy();
const session = http2.connect(base, { ca });
await Promise.all([3, 4, 5].map((n) => new Promise((done) => {
	const s = session.request({ ':path': '/t/echo?' + n });
	let all = '';
	s.on('data', (d) => { all += d; });
	s.on('end', () => { console.log(all); done(); });
})));
session.close();
J
	beside node arrive node "$node" ../agent.mjs "$https" "$DOUBLE_CA"
else
	skip node "no node"
fi

together
[ -z "$node" ] || equal "node: over HTTP/1 and 2" 5 "$(wc -l <node/got)"

# ---- what the agent says itself ----

own=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
propagating own.thc curl -sS --http2 -H "traceparent: $own" "$https/t/echo" >own.out
equal "the agent's own traceparent is left as it is" "$own" \
	"$(jq -r '.fields[] | select(.[0] | ascii_downcase == "traceparent") | .[1]' own.out)"
equal "and becomes a link of the span" '[false,"b7ad6b7169203331"]' \
	"$(spans own.thc '[.propagated, .links[].span_id]')"
equal "in OTLP, too" "b7ad6b7169203331" \
	"$("$tool" export -f otlp own.thc | jq -r '.. | .links? // empty | .[].spanId')"
recording off.thc curl -sS "$https/t/echo" >off.out
equal "unless it is asked for nothing is added" 0 "$(grep -c traceparent off.out)"
equal "the caller's context is the root's parent" '["'$trace'","00f067aa0ba902b7"]' \
	"$("$tool" dump --json off.thc |
		jq -c 'select(.kind == "process") | [.trace_id, .parent_span_id]')"
recording child.thc bash -c 'env' | grep -E '^(TRACE(PARENT|STATE)|BAGGAGE)=' | sort >child.out
equal "a child is given the run's context" "BAGGAGE=user=ana TRACEPARENT=00-$trace-" \
	"$(head -n 2 child.out | cut -c 1-48 | paste -sd ' ')"
equal "and the span of who started it" yes \
	"$("$tool" dump --json child.thc | jq -r 'select(.kind == "process").span_id' |
		grep -q "$(sed -n 's/^TRACEPARENT=.*-\(.*\)-01/\1/p' child.out)" && echo yes)"

# ---- writes that are cut ----

cat >cut.py <<'P'
"""Sends requests in non-blocking writes to a peer that reads by and by; what arrives must be what
was sent but for the added lines, whatever the calls returned."""
import re, select, socket, ssl, sys, threading
cafile, keyfile, tls = sys.argv[1:4]
body = bytes(range(256)) * 2000
requests = [b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (i, len(body)) + body
            for i in range(4)]
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
server.bind(("127.0.0.1", 0))
server.listen()
got = []
def serve():
    s, _ = server.accept()
    if tls == "tls":
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(cafile, keyfile)
        s = c.wrap_socket(s, server_side=True)
    data = b""
    while piece := s.recv(1 + len(data) % 3000):
        data += piece
    got.append(data)
thread = threading.Thread(target=serve)
thread.start()
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
s.connect(server.getsockname())
if tls == "tls":
    c = ssl.create_default_context(cafile=cafile)
    c.check_hostname = False
    s = c.wrap_socket(s, server_hostname="localhost")
s.setblocking(False)
for r in requests:
    sent = 0
    while sent < len(r):
        try:
            n = s.send(r[sent:])
            assert 0 < n <= len(r) - sent, n
            sent += n
        except (BlockingIOError, ssl.SSLWantWriteError):
            select.select([], [s], [])
        except ssl.SSLWantReadError:
            select.select([s], [], [])
s.setblocking(True)
s.shutdown(socket.SHUT_WR)
thread.join(20)
added = rb"traceparent: [-0-9a-f]{55}\r\ntracestate: vendor=1\r\nbaggage: user=ana\r\n"
data, n = re.subn(added, b"", got[0])
print(n, data == b"".join(requests))
P
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem \
	-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
cut() {
	equal "$1: writes that are cut: all arrives, once" "4 True" \
		"$(propagating run.thc /usr/bin/python3 ../cut.py ../cert.pem ../key.pem "$1")"
	equal "$1: and is recorded as it was sent, exactly that often" "[true,true,true,true]" \
		"$(spans run.thc '.propagated and .request_bytes == 512000' | jq -sc .)"
}
beside cut-plain cut plain
beside cut-tls cut tls
together
