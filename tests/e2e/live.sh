#!/bin/bash
# Going live: what the recording does not have is asked of the network, and looks to the agent as
# it would without us; what it has is not. `auto` records old and new answers as one run.
. "$(dirname "$0")/lib.sh"
start_double
echo 0 >seen
# saw: requests that the double has seen since the last call
saw() {
	local before now
	before=$(cat seen) now=$(double_saw request)
	echo "$now" >seen
	echo $((now - before))
}
mask() { sed -E 's/n[0-9]{5}-[0-9a-f]{12}/NONCE/g; /^date:/Id' "$1"; }

one() { curl -sS "$https/t/echo?i=1"; }
two() { curl -sS "$https/t/echo?i=1" "$http/t/echo?i=2" "$https/t/echo?i=3"; }
export http https DOUBLE_HTTP
export -f one two

# ---- what is recorded, and what is not ----

recording run.thc bash -c one >one
saw >/dev/null
exits "live: what is not recorded is answered" 0 "$tool" replay --report report.json \
	--on-miss live run.thc -- bash -c two
equal "live: and only that goes to the network" 2 "$(saw)"
holds "live: the recorded answer is given" grep -qF "$(cat one)" out
equal "live: the report says so" "live true 1 2 0 0" "$(jq -r \
	'"\(.verdict) \(.ok) \(.matched) \(.live) \(.live_failed) \(.missed)"' report.json)"
equal "live: and what was asked" "GET $http/t/echo?i=2 answered live: status 200" \
	"$(jq -r '.lives[0] | .request + " " + .why' report.json)"
holds "live: and so does stderr" grep -q "2 answered live, by the network" err
exits "live: is not for --strict" 97 "$tool" replay --strict --on-miss live run.thc -- bash -c two
exits "without live it is a miss" 96 "$tool" replay run.thc -- bash -c two
saw >/dev/null
TRACEHOOK_ON_MISS=live replaying_online run.thc bash -c two >out
equal "live: the same by the environment alone" 2 "$(saw)"
holds "live: and the recorded answer, too" grep -qF "$(cat one)" out

# ---- every form of answer ----

head -c 200000 /dev/zero | tr '\0' x >large
forms=(
	"$http/t/echo"
	"-I $http/t/echo"
	"--http1.0 $http/t/echo"
	"--http2 $http/t/echo"
	"--http1.1 $https/t/echo"
	"$https/t/echo"
	"-I $https/t/echo"
	"--http1.1 $https/v1/models"
	"--http1.1 $https/t/trailers"
	"$https/t/trailers"
	"$http/t/until-close"
	"--http1.1 $https/t/until-close"
	"--http1.1 $https/t/early-hints"
	"$https/t/early-hints"
	"$http/t/status/204"
	"$https/t/status/429"
	"-d hello=1 $https/t/echo"
	"--http1.1 -d hello=1 $https/t/echo"
	"--http1.1 -H Expect:100-continue -d hello=1 $https/t/echo"
	"-H Expect:100-continue -d hello=1 $https/t/echo"
	"--http1.1 -H Transfer-Encoding:chunked -d hello=1 $https/t/echo"
	"--http1.1 --data-binary @large $https/t/bytes?n=300000"
	"--data-binary @large $https/t/bytes?n=300000"
	"$http/t/cut?how=fin&framing=length"
	"$http/t/cut?how=rst&framing=chunked"
	"--http1.1 $https/t/cut?how=notify&framing=head"
	"--http1.1 $https/t/cut?how=fin&framing=length"
	"$http/t/echo $http/t/status/404 $http/v1/models"
	"$https/t/echo $https/t/status/404 $https/v1/models"
	"http://nowhere.invalid/"
)
for form in "${forms[@]}"; do
	read -ra arguments <<<"$form"
	curl -sSi "${arguments[@]}" >direct 2>direct.err
	direct=$?
	exits "curl $form: same exit code" "$direct" \
		"$tool" replay -q --on-miss live run.thc -- curl -sSi "${arguments[@]}"
	same "curl $form: same answer" <(mask direct) <(mask out)
done

exits "a server that is not there refuses" 7 "$tool" replay --report report.json \
	--on-miss live run.thc -- curl -sS http://127.0.0.1:1/
equal "and is told" "1 1 connect 127.0.0.1:1 Connection refused" \
	"$(jq -r '"\(.live) \(.live_failed) \(.lives[0] | .request + " " + .why)"' report.json)"
exits "what is not HTTP is a miss" 96 "$tool" replay --on-miss live run.thc -- \
	bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$DOUBLE_HTTP"; printf "\1\2\3\4" >&3; cat <&3'

# ---- the certificate ----

recording plain.thc curl -sS "$http/t/echo" >out
online() { "$tool" replay -q --on-miss live "$1" -- curl -sS "${@:2}"; }
ca=$SSL_CERT_FILE
unset SSL_CERT_FILE
exits "a server that nobody trusts is not trusted" 60 online plain.thc "$https/t/echo"
exits "but by an agent that does not care" 0 online plain.thc -k "$https/t/echo"
exits "one that was trusted when it was recorded is" 0 online run.thc "$https/t/echo"
export SSL_CERT_FILE=$ca
exits "a name that is not the certificate's is not trusted" 60 \
	online plain.thc --connect-to "::127.0.0.1:$DOUBLE_HTTPS" "https://other.example.test/"

# ---- alerts, and a server that is not who it was ----

# tls_server NAME [client]: of that certificate, at $port; asks for the client's, if so told
cat >tls_server.py <<'P'
import socket, ssl, sys
name, port = sys.argv[1], int(sys.argv[2])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(name + ".pem", name + ".key")
if "client" in sys.argv:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(name + ".pem")
listener = socket.create_server(("127.0.0.1", port))
print(listener.getsockname()[1], flush=True)
while True:
    peer, _ = listener.accept()
    peer.settimeout(10)
    try:
        with context.wrap_socket(peer, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
    except OSError:
        peer.close()
P
tls_server() {
	rm -f port
	/usr/bin/python3 tls_server.py "$1" "$port" "${@:2}" >port 2>/dev/null &
	server=$!
	while [ ! -s port ] && kill -0 "$server" 2>/dev/null; do sleep 0.05; done
	port=$(cat port)
}
stop_server() {
	kill "$server"
	wait "$server" 2>/dev/null
}
for name in first_server second_server; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
		-keyout "$name.key" -out "$name.pem" -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null
done
export SSL_CERT_FILE=$scratch/first_server.pem
why() { jq -r '"\(.live_failed) \(.lives[0].why)"' report.json; }
port=0
tls_server first_server client
exits "an alert after the handshake fails" 56 "$tool" replay --report report.json \
	--on-miss live plain.thc -- curl -sS --http1.1 "https://localhost:$port/"
holds "and is told with its name" grep -q "^1 .*alert certificate required" <(why)
stop_server
port=0
tls_server first_server
recording known.thc curl -sS "https://localhost:$port/a" >out
if command -v wget >/dev/null; then
	exits "GnuTLS" 0 "$tool" replay -q --on-miss live known.thc -- wget -q -t 1 -O - \
		--ca-certificate="$SSL_CERT_FILE" "https://localhost:$port/wget"
	equal "GnuTLS: has its answer" ok "$(cat out)"
else
	skip GnuTLS "wget is not installed"
fi
stop_server
tls_server second_server
exits "a recorded server with another certificate is not asked" 56 "$tool" replay \
	--report report.json --on-miss live known.thc -- curl -sS "https://localhost:$port/b"
holds "and that is told" grep -q "^1 .*certificate is not trusted" <(why)
stop_server
export SSL_CERT_FILE=$ca

# ---- what is more than an answer: WebSocket, a proxy ----

cat >peers.py <<'P'
import asyncio, base64, hashlib
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
async def websocket(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    key = next(l.split(b": ")[1] for l in head.split(b"\r\n")
               if l.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                 b"\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n\x81\x02hi")
    while data := await reader.read(1000):
        text = bytes(b ^ data[2 + i % 4] for i, b in enumerate(data[6:]))
        if data[0] & 15 == 8:
            writer.write(bytes([0x88, len(text)]) + text)
            break
        writer.write(bytes([0x81, len(text) + 1]) + b"!" + text)
    writer.close()
async def proxy(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    host, port = head.split()[1].split(b":")
    reader2, writer2 = await asyncio.open_connection(host.decode(), int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    async def pump(a, b):
        while data := await a.read(65536):
            b.write(data)
        b.close()
    await asyncio.gather(pump(reader, writer2), pump(reader2, writer), return_exceptions=True)
async def main():
    servers = [await asyncio.start_server(f, "127.0.0.1", 0) for f in (websocket, proxy)]
    print(*(s.sockets[0].getsockname()[1] for s in servers), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
P
cat >ws.py <<'P'
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(sys.argv[1]) as ws:
            print((await ws.receive()).data)
            await ws.send_str("abc")
            print((await ws.receive()).data)
asyncio.run(main())
P
/usr/bin/python3 peers.py >ports 2>/dev/null &
peers=$!
while [ ! -s ports ]; do sleep 0.05; done
read -r websocket proxy <ports
if /usr/bin/python3 -c 'import aiohttp' 2>/dev/null; then
	exits "WebSocket" 0 "$tool" replay -q --on-miss live --record ws.thc run.thc -- \
		/usr/bin/python3 ws.py "http://127.0.0.1:$websocket/"
	equal "WebSocket: both sides are heard" "hi !abc" "$(xargs <out)"
	exits "WebSocket: and replayed" 0 "$tool" replay --strict ws.thc -- \
		/usr/bin/python3 ws.py "http://127.0.0.1:$websocket/"
	equal "WebSocket: with the same messages" "hi !abc" "$(xargs <out)"
else
	skip WebSocket "aiohttp is not installed"
fi
through() { env -u no_proxy "$tool" replay "${@:2}" "$1" -- \
	curl -sS -x "http://127.0.0.1:$proxy" "$https/t/echo?i=1"; }
exits "through a proxy" 0 through plain.thc -q --on-miss live --record proxy.thc
mv out first
exits "through a proxy: and replayed" 0 through proxy.thc --strict
same "through a proxy: with the same answer" first out
kill "$peers"
wait "$peers" 2>/dev/null

# ---- auto ----

auto() { timeout -k 1 "$limit" env TRACEHOOK_MODE=auto TRACEHOOK_CAPTURE=auto.thc \
	LD_PRELOAD="$lib" "$@"; }
auto bash -c one >first
saw >/dev/null
auto bash -c two >second
equal "auto: asks only for what is new" 2 "$(saw)"
holds "auto: and gives what is recorded" grep -qF "$(cat first)" second
auto bash -c two >third
equal "auto: asks for nothing any more" 0 "$(saw)"
same "auto: since it has old and new answers" second third
equal "auto: a run each time" "1 3 3" "$("$tool" list --json auto.thc | jq -r .exchanges | xargs)"
replaying auto.thc bash -c two >out
same "auto: which replays without a network" second out
exits "auto: by the wrapper, records first" 0 "$tool" replay --auto wrapped.thc -- bash -c one
mv out first
saw >/dev/null
exits "auto: by the wrapper, then replays" 0 "$tool" replay --auto wrapped.thc -- bash -c two
equal "auto: by the wrapper, what is new is asked" 2 "$(saw)"
mv out second
exits "auto: by the wrapper, and recorded" 0 "$tool" replay --strict wrapped.thc -- bash -c two
same "auto: by the wrapper, with the same answers" second out
head -c 2000 "$lib" >broken.thc
TRACEHOOK_CAPTURE=broken.thc TRACEHOOK_MODE=auto LD_PRELOAD=$lib curl -sS "$http/t/echo" >out 2>err
equal "auto: a file that is no capture closes the fence" 7 "$?"

# ---- live after ----

recording fork.thc bash -c two >recorded
saw >/dev/null
exits "live-after: replays up to there" 0 "$tool" replay --report report.json \
	--live-after "#2" fork.thc -- bash -c two
equal "live-after: and asks from there on, recorded or not" 1 "$(saw)"
equal "live-after: counted" "2 1 0 1" \
	"$(jq -r '"\(.matched) \(.live) \(.missed) \(.left_out)"' report.json)"
equal "live-after: the answer is a new one" 2 \
	"$(comm -12 <(tr '}' '\n' <recorded | grep -o 'nonce.*' | sort) \
		<(tr '}' '\n' <out | grep -o 'nonce.*' | sort) | wc -l)"
exits "live-after: before it, a miss is a miss" 96 "$tool" replay --live-after "#2" fork.thc -- \
	curl -sS "$http/t/echo?i=new"
equal "live-after: and asks nobody" 0 "$(saw)"
exits "live-after: no such span" 66 "$tool" replay --live-after "#9" fork.thc -- true
exits "live-after: not with --until" 64 "$tool" replay --live-after 1 --until 1 fork.thc -- true
