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
equal "so does the dump" "opaque" \
	"$("$tool" dump --json past.thc | jq -r 'select(.kind == "opaque") | .kind')"

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
