#!/bin/bash
# What an agent reads may depend on what had come by then. Python's http.client takes an interim
# answer for the final one, unless it is 100: what came together with it is lost, what comes later
# is read as the answer to the next request. A replay repeats it, whichever it was. So it does with
# answers that come before the request is over, with peers that go while it is being sent, and with
# answers on several connections, which an agent takes in its own order when they are there at once.
. "$(dirname "$0")/lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem \
	-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
export SSL_CERT_FILE=$scratch/cert.pem

cat >serve.py <<'P'
"""Answers /WHEN…: what is said by then depends on when."""
import os, socket, struct, time, two_ports

def final(text):
    body = (text + " " + os.urandom(6).hex() + "\n").encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

class Requests:
    """The targets that are asked for, one by one."""
    def __init__(self, sock):
        self.sock = sock
        self.data = b""

    def more(self):
        more = self.sock.recv(65536)
        self.data += more
        return more

    def __iter__(self):
        return self

    def __next__(self):
        while b"\r\n\r\n" not in self.data:
            if not self.more():
                raise StopIteration
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        return head.split()[1].decode()

    def body(self, n):
        while len(self.data) < n and self.more():
            pass
        self.data = self.data[n:]

def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(sock.detach())

def talk(sock):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    asked = Requests(sock)
    for target in asked:
        answer = final(target)
        if target.startswith("/together"):  # in one piece
            sock.sendall(hints + answer)
        elif target.startswith("/apart"):  # the final one when something else is asked
            sock.sendall(hints)
            other = next(asked, None)
            sock.sendall(answer)
            if other:
                sock.sendall(final(other))
        elif target.startswith("/both"):  # the final one and that to the next in one piece
            sock.sendall(hints)
            sock.sendall(answer + final(next(asked)))
        elif target.startswith("/body"):  # the body when something else is asked
            head, body = answer.split(b"\r\n\r\n")
            sock.sendall(hints + head + b"\r\n\r\n")
            next(asked)
            sock.sendall(body)
        elif target.startswith("/never"):
            sock.sendall(hints)
        elif target.startswith("/half"):  # of 1000 bytes
            asked.body(500)
            sock.sendall(answer[:-3])
            asked.body(500)
            sock.sendall(answer[-3:])
        elif target.startswith("/later"):
            time.sleep(0.15)
            sock.sendall(answer)
        elif target.startswith("/refused"):
            reset(sock)
            return
        elif target.startswith("/gone"):
            sock.sendall(answer)
            reset(sock)
            return
        else:
            sock.sendall(answer)

two_ports.serve(talk)
P
cat >agent.py <<'P'
"""agent.py tls|plain PORT TARGET…: one after another on one connection."""
import http.client, select, sys

def get(target):
    c.request("GET", target)
    answer = c.getresponse()
    print(target, answer.status, answer.read(), flush=True)
    if target == "/gone":
        p = select.poll()
        p.register(c.sock, select.POLLRDHUP)
        p.poll(5000)

def half(target):
    """Sends one half, then the other when the answer has begun."""
    c.putrequest("POST", target)
    c.putheader("Content-Length", "1000")
    c.endheaders(b"x" * 500)
    answer = c.getresponse()
    print(target, answer.read(4), flush=True)
    c.sock.sendall(b"x" * 500)
    print(target, answer.read(), flush=True)

def large(target):
    c.request("POST", target, b"x" * 5000000)
    print(target, c.getresponse().status, flush=True)

how, port, *targets = sys.argv[1:]
if how == "tls":
    c = http.client.HTTPSConnection("localhost", int(port), timeout=3)
else:
    c = http.client.HTTPConnection("localhost", int(port), timeout=3)
c.auto_open = 1
for target in targets:
    try:
        {"/half": half, "/refused": large}.get(target, get)(target)
    except (OSError, http.client.HTTPException) as e:
        print(target, repr(e), flush=True)
        c.close()
P
cat >both.py <<'P'
"""both.py tls|plain PORT: two connections, looked at in their order when something has come."""
import select, socket, ssl, sys, time

how, port = sys.argv[1:]
sockets = []
for target in "/later", "/soon":
    sock = socket.create_connection(("localhost", int(port)))
    if how == "tls":
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname="localhost")
    sockets.append((target, sock))
for target, sock in sockets:
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target.encode())
while sockets:
    time.sleep(0.05)
    ready = select.select([sock for _, sock in sockets], [], [])[0]
    for target, sock in list(sockets):
        if sock in ready:
            print(target, sock.recv(65536), flush=True)
            sockets.remove((target, sock))
P
PYTHONPATH=$top/tests/e2e /usr/bin/python3 -B serve.py &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f ports ]; do sleep 0.05; done
read -r secure plain <ports

times=${TIMES:-1}
recorded_again() { # NAME ARGUMENT…
	name=$1
	shift
	recording "$name.thc" /usr/bin/python3 ${agent:-agent.py} "$@" >"$name.rec" 2>"$name.err"
	for i in $(seq "$times"); do
		limited "$tool" replay -q --report "$name.json" "$name.thc" -- \
			/usr/bin/python3 ${agent:-agent.py} "$@" >"$name.rep" 2>>"$name.err"
		equal "$name: replay $i: no error" "0 " "$? $(cat "$name.err")"
		same "$name: replay $i: the same answers" "$name.rec" "$name.rep"
	done
	equal "$name: all is matched, each was asked" "true 0 0" \
		"$(jq -r '"\(.matched >= '$(($# - ${lost:-2}))') \(.missed) \(.unused)"' "$name.json")"
}
for how in plain tls; do
	port=$plain
	[ $how = plain ] || port=$secure
	recorded_again $how-together $how "$port" /together /one /two
	recorded_again $how-apart $how "$port" /apart /one /two /three
	recorded_again $how-both $how "$port" /both /one /two
	recorded_again $how-body $how "$port" /body /one /two
	recorded_again $how-never $how "$port" /never
	recorded_again $how-half $how "$port" /half /one
	recorded_again $how-refused $how "$port" /refused /one
	agent=both.py lost=0 recorded_again $how-both-at-once $how "$port"
	lost=3 recorded_again $how-gone $how "$port" /gone /lost /one
done
