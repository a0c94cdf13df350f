#!/bin/bash
# What travels inside HTTP or beside it: TLS through a proxy's CONNECT, br and zstd, multipart
# uploads, a WebSocket with permessage-deflate.
. "$(dirname "$0")/lib.sh"
start_double

# ---- bodies ----

record_and_replay br curl -sS --compressed "$https/t/coded?by=br"
equal "br: what it decodes to is in the span" "$(cat br.rec)" \
	"$(spans br.thc .response_body | tr -d '"')"
record_and_replay zstd curl -sS --compressed "$https/t/coded?by=zstd"
equal "zstd: the same" "$(cat zstd.rec)" "$(spans zstd.thc .response_body | tr -d '"')"
head -c 20000 /dev/urandom >file
for version in --http1.1 --http2; do
	record_and_replay "form$version" curl -sS "$version" -F a=1 -F "f=@file;filename=x.bin" \
		-o /dev/null -w '%{http_code} %header{x-nonce}\n' "$https/t/echo"
	exits "form$version: another boundary is no other request" 0 \
		"$tool" replay --strict "form$version.thc" -- curl -sS "$version" -F a=1 \
		-F "f=@file;filename=x.bin" -o /dev/null "$https/t/echo"
done
record_and_replay jar sh -c "curl -sS -c jar $https/t/cookie && curl -sS -b jar $https/t/session"
equal "cookies: are sent again" 2 "$(spans jar.thc | wc -l)"

# ---- through a proxy ----

cat >proxy.py <<'P'
import os, select, socket, threading
def pump(a, b):
    while True:
        for s in select.select([a, b], [], [])[0]:
            data = s.recv(65536)
            if not data:
                return
            (b if s is a else a).sendall(data)
def serve(a):
    head = b""
    while b"\r\n\r\n" not in head:
        head += a.recv(4096)
    host, port = head.split()[1].decode().split(":")
    with a, socket.create_connection((host, int(port))) as b:
        a.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            pump(a, b)
        except OSError:
            pass
listener = socket.create_server(("127.0.0.1", 0))
with open("proxy.new", "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename("proxy.new", "proxy")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
P
/usr/bin/python3 proxy.py &
helpers=$!
trap 'kill $helpers 2>/dev/null; finish' EXIT
while [ ! -f proxy ]; do sleep 0.05; done
proxy=http://127.0.0.1:$(cat proxy)
for version in --http1.1 --http2; do
	record_and_replay "tunnel$version" curl -sS "$version" --noproxy '' -x "$proxy" \
		"$https/v1/models?1" "$https/v1/models?2"
	equal "tunnel$version: the CONNECT, and what was asked through it" \
		"CONNECT localhost:$DOUBLE_HTTPS ok, GET $https/v1/models?1 ok, GET $https/v1/models?2 ok" \
		"$(spans "tunnel$version.thc" '"\(.method) \(.url) \(.status)"' | tr -d '"' |
			paste -sd, | sed 's/,/, /g')"
done

# ---- WebSocket ----

cat >ws_server.py <<'P'
import asyncio, os, websockets
async def talk(socket, path=None):
    async for message in socket:
        await socket.send((message if isinstance(message, str) else message.hex())
                          + " " + os.urandom(8).hex())
async def main():
    server = await websockets.serve(talk, "127.0.0.1", 0, compression="deflate")
    with open("ws.new", "w") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    os.rename("ws.new", "ws")
    await asyncio.Future()
asyncio.run(main())
P
cat >ws_agent.py <<'P'
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], compression="deflate") as socket:
        print([e.name for e in socket.extensions])
        for message in "a" * 500, "a" * 500, '{"b": 1}', b"\0\1\2":
            await socket.send(message)
            print(await socket.recv())
asyncio.run(main())
P
if /usr/bin/python3 -c 'import websockets' 2>/dev/null; then
	/usr/bin/python3 ws_server.py &
	helpers="$helpers $!"
	while [ ! -f ws ]; do sleep 0.05; done
	record_and_replay ws /usr/bin/python3 ws_agent.py "ws://127.0.0.1:$(cat ws)/"
	equal "ws: with permessage-deflate" "['permessage-deflate']" "$(head -n 1 ws.rec)"
	equal "ws: one span, that ended well" '[101,"ok",false]' \
		"$(spans ws.thc '[.response_status, .status, .truncated]')"
else
	skip ws "no websockets here"
fi
