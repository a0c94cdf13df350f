#!/bin/bash
# Python's urllib and http.client over TLS (SSL_read_ex and SSL_write_ex of an RTLD_LOCAL libssl).
. "$(dirname "$0")/lib.sh"
start_double
python=/usr/bin/python3

cat >urllib_agent.py <<'P'
import json, sys, urllib.error, urllib.request
base = sys.argv[1]
print(urllib.request.urlopen(base + "/v1/models").read().decode())
body = json.dumps({"model": "double-1", "stream": True,
                   "messages": [{"role": "user", "content": "hello"}]}).encode()
for line in urllib.request.urlopen(base + "/v1/chat/completions", body):
    print(line.decode(), end="")
try:
    urllib.request.urlopen(base + "/t/status/503")
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
P
record_and_replay urllib $python urllib_agent.py "$https"
equal "urllib: three exchanges" 3 "$(spans urllib.thc | wc -l)"

# Eight threads meet the library at once (P9).
cat >client_agent.py <<'P'
import http.client, ssl, sys, threading
host = sys.argv[1].removeprefix("https://")
def talk(results, key, count):
    connection = http.client.HTTPSConnection(host, context=ssl.create_default_context())
    for number in range(count):
        connection.request("POST", "/t/echo?%s-%d" % (key, number), b"x" * number)
        results[key, number] = connection.getresponse().read().decode()
results = {}
threads = [threading.Thread(target=talk, args=(results, key, 4)) for key in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for key in sorted(results): print(key, results[key])
P
record_and_replay threads $python client_agent.py "$https"
equal "threads: 32 exchanges" 32 "$(spans threads.thc | wc -l)"

# TLS through memory BIOs: no descriptor under the SSL object (P36).
cat >memory_agent.py <<'P'
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
record_and_replay asyncio $python memory_agent.py "$https"
equal "asyncio: one exchange" 1 "$(spans asyncio.thc | wc -l)"

# Who looks at the peer's certificate, or pins it, sees the recorded one.
cat >pin_agent.py <<'P'
import hashlib, socket, ssl, sys
host, port = sys.argv[1].removeprefix("https://").split(":")
context = ssl.create_default_context()
for turn in range(2):
    plain = socket.create_connection((host, int(port)))
    with context.wrap_socket(plain, server_hostname=host) as s:
        print(hashlib.sha256(s.getpeercert(True)).hexdigest(), s.getpeercert()["subject"])
        print(s.getpeercert(True) == s.getpeercert(True))
        s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while s.recv(4096):
            pass
P
record_and_replay certificate $python pin_agent.py "$https"

# The peer's close_notify answers the agent's own: it was the agent that left (uvloop does this).
cat >goodbye_agent.py <<'P'
import socket, ssl, sys
host, port = sys.argv[1].removeprefix("https://").split(":")
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=host)
plain = socket.create_connection((host, int(port)))
def until_done(call, *args):
    while True:
        try:
            return call(*args)
        except ssl.SSLWantReadError:
            plain.sendall(outgoing.read())
            incoming.write(plain.recv(16384))
until_done(tls.do_handshake)
tls.write(b"GET /t/stall?n=1 HTTP/1.1\r\nHost: x\r\n\r\n")
got = b""
while b"data:" not in got or not got.endswith(b"\n\r\n"):
    got += until_done(tls.read, 4096)
print(len(got))
try:
    tls.unwrap()
except ssl.SSLWantReadError:
    plain.sendall(outgoing.read())
try:
    print(until_done(tls.read, 4096))
except ssl.SSLZeroReturnError:
    print("the peer said goodbye, too")
P
record_and_replay goodbye $python goodbye_agent.py "$https"
equal "goodbye: the agent left" '"local"' "$(spans goodbye.thc | jq -c .response_end)"
