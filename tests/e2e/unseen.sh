#!/bin/bash
# Bytes that move past every hook are never passed over in silence: the kernel's count tells.
. "$(dirname "$0")/lib.sh"
start_double

# One request as it should be, the next one's body by splice(2), the last answer read by it.
cat >splice.py <<'P'
import os, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
head = b"POST /t/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
r, w = os.pipe()
def answer():
    got = b""
    while b"nonce" not in got:
        got += s.recv(65536)
for body in b"first", b"later":
    s.sendall(head)
    if body == b"later" and len(sys.argv) > 2:
        os.write(w, body)
        os.splice(r, s.fileno(), 5)
    else:
        s.sendall(body)
    answer()
P
exits "all seen: covered" 0 "$tool" record --require-coverage -o seen.thc -- \
	/usr/bin/python3 splice.py "$DOUBLE_HTTP"
exits "spliced: a gap" 98 "$tool" record --require-coverage -o past.thc -- \
	/usr/bin/python3 splice.py "$DOUBLE_HTTP" splice
holds "the summary says how much" \
	grep -q 'not recorded: part of a connection to .*: bytes went past.*; 5 bytes sent, 0' err
equal "so does the dump" "5 0" "$("$tool" dump --json past.thc |
	jq -r 'select(.kind == "opaque") | "\(.unseen_sent) \(.unseen_received)"')"

# A child that uses its parent's connection has a record of its own.
cat >child.py <<'P'
import os, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def ask():
    s.sendall(b"GET /t/echo HTTP/1.1\r\nHost: x\r\n\r\n")
    got = b""
    while b"nonce" not in got:
        got += s.recv(65536)
ask()
if os.fork() == 0:
    ask()
    sys.exit(0)
os.wait()
P
exits "a forked child's part is not missed" 0 "$tool" record --require-coverage -o child.thc -- \
	/usr/bin/python3 child.py "$DOUBLE_HTTP"

# ---- exec: the next program inherits the connection ----

# The shell asks, another program reads the answer.
cat >ask.sh <<'S'
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /t/echo HTTP/1.0\r\nHost: x\r\n\r\n' >&3
S
cp ask.sh hand_on.sh && echo 'exec cat <&3' >>hand_on.sh
exits "an answer left to another program: a gap" 98 "$tool" record --require-coverage \
	-o hand_on.thc -- bash hand_on.sh "$DOUBLE_HTTP"
holds "which has it" grep -q nonce out
holds "the summary says so" \
	grep -q 'not recorded: part of a connection to .*: left open to the program' err
equal "so does the dump" 1 "$("$tool" dump --json hand_on.thc |
	jq -r 'select(.kind == "opaque") | .status_reason' | grep -c 'left open')"

# Python: a socket by exec, kept or not, asked or not, answered or not.
cat >exec.py <<'P'
import os, socket, sys
port, habits = int(sys.argv[1]), sys.argv[2:]
s = socket.create_connection(("127.0.0.1", port))
s.set_inheritable("kept" in habits)
if "silent" not in habits:
    s.sendall(b"GET /t/echo HTTP/1.1\r\nHost: x\r\n\r\n")
got = b""
while "answered" in habits and b"nonce" not in got:
    got += s.recv(65536)
if "failing" in habits:
    try:
        os.execv(os.path.abspath("no_program"), ["x"])
    except OSError:
        while b"nonce" not in got:
            got += s.recv(65536)
    sys.exit(0)
if "forked" in habits and os.fork():
    os.wait()
    while b"nonce" not in got:
        got += s.recv(65536)
    sys.exit(0)
os.execv("/bin/true", ["true"])
P
printf '\177ELF, not quite' >no_program && chmod +x no_program
after() {
	code=$1
	shift
	exits "exec, a connection $*" "$code" "$tool" record --require-coverage -o exec.thc -- \
		/usr/bin/python3 exec.py "$DOUBLE_HTTP" "$@"
}
after 98 kept asked
after 98 kept silent
after 0 kept answered
after 0 closed asked
after 0 kept failing
after 0 kept forked

# ---- the ledger: what was seen and not decoded, and how much ----

# ledger CAPTURE: reason and bytes of each connection.
ledger() {
	"$tool" dump --json "$1" | jq -r 'select(.kind == "opaque") |
		"\(.name) \(.status_reason | split(":")[0]) \(.bytes_sent) \(.bytes_received)"'
}

# Datagrams to port 443, by all forms of sending, with an answer; and sockets that count for
# nothing: one that a resolver connects to learn its address, one that asks the time.
cat >quic.py <<'P'
import fcntl, socket, struct
here = "127.0.0.1"
up = struct.pack("16sh14x", b"lo", 1)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, up)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((here, 443))
initial = b"\xc3\0\0\0\1" + bytes(1195)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((here, 443))
client.send(initial)
server.sendto(b"answer", server.recvfrom(2048)[1])
client.recv(2048)
client.send(b"")
loose = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
loose.sendto(initial, (here, 443))
loose.sendmsg([b"12", b"345"], [], 0, (here, 443))
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.connect((here, 443))
time = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
time.sendto(b"time", (here, 123))
print(client.fileno() > 0)
P
apart=
for way in -n -rn; do
	[ -n "$apart" ] || ! unshare "$way" true 2>/dev/null || apart=$way
done
if [ -n "$apart" ]; then
	exits "QUIC: a gap" 98 unshare "$apart" "$tool" record --require-coverage -o quic.thc -- \
		/usr/bin/python3 quic.py
	equal "with its bytes, per socket" "127.0.0.1:443 HTTP/3 or other datagrams to port 443 1200 6
127.0.0.1:443 HTTP/3 or other datagrams to port 443 1205 0" "$(ledger quic.thc | sort)"
	equal "the summary has them, too" "tracehook: not recorded: a connection to 127.0.0.1:443: \
HTTP/3 or other datagrams to port 443: bytes counted, not recorded; \
1200 bytes sent, 6 received" \
		"$(grep '1200 bytes' err)"
	equal "so has the tree" 2 "$("$tool" tree --json quic.thc | grep -c '"event_type":"OPAQUE"')"
	equal "the program's output is its own" True "$(cat out)"
else
	skip "QUIC" "there is no network of its own to have here"
fi

# Another protocol than HTTP, TLS that nobody tapped.
cat >strange.py <<'P'
import socket, sys
for first in b"\1\2strange", b"\x16\3\1\0\5hello":
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    there = server.accept()[0]
    client.sendall(first)
    there.sendall(b"what")
    client.recv(4)
P
exits "another protocol: a gap" 98 "$tool" record --require-coverage -o strange.thc -- \
	/usr/bin/python3 strange.py
equal "each with its reason and bytes" "TLS, not decoded (another library, or no handshake) 10 4
not HTTP 9 4" "$(ledger strange.thc | cut -d' ' -f2- | sort)"
equal "the summary has the bytes" 1 "$(grep -c 'not HTTP.*; 9 bytes sent, 4 received' err)"
