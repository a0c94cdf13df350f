#!/bin/bash
# What never leaves is no attempt to get out of a replay: a UDP socket that is connected and not
# used, and what processes of the tree say to each other over loopback, in whatever protocol.
. "$(dirname "$0")/lib.sh"
start_double
recording run.thc curl -sS "$http/v1/models" >recorded

# exits_both WHAT CODE COMMAND…: behind both fences, and with the library's alone.
exits_both() {
	exits "$1" "$2" "$tool" replay run.thc -- "${@:3}"
	cp out wrapped.out
	exits "$1, with the library alone" "$2" "$tool" replay --fence=library run.thc -- "${@:3}"
}

# "Which of my addresses leads out?", and whether a name's address can be reached, as c-ares asks.
cat >ask.py <<'P'
import errno, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("192.0.2.1", 9))
own = s.getsockname()
server = socket.socket()
server.bind((own[0], 0))  # it is one of this machine's
assert own[1] > 0 and s.getpeername() == ("192.0.2.1", 9)
s.connect(("198.51.100.1", 9))
assert s.getpeername() == ("198.51.100.1", 9)
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
try:
    six.connect(("2001:db8::1", 9))
except OSError as error:
    print(errno.errorcode[error.errno])
P
exits_both "who only connects a UDP socket is not stopped" 0 /usr/bin/python3 ask.py
equal "by IPv6 nobody was reached" ENETUNREACH "$(cat out)"
cat >say.py <<'P'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
for n in 1, 2:
    try:
        s.send(b"out")
        print("out")
    except OSError as error:
        print(error)
P
exits_both "who sends on it is" 96 /usr/bin/python3 say.py 192.0.2.1 9
equal "each time" 2 "$(grep -c 'Network is unreachable' out)"
holds "which is told" grep -q ' 2 stopped at the fence' err

# Workers of the tree's own, on ports that are new each time; in another process, which was forked
# before, and by UDP.
cat >workers.py <<'P'
import multiprocessing, multiprocessing.managers, os, socket
def manager():
    with multiprocessing.managers.SyncManager(("127.0.0.1", 0), b"key") as shared:
        words = shared.dict()
        words["a"] = 1
        return dict(words)
def echo(listener, family):
    if os.fork() == 0:
        peer, _ = listener.accept()
        peer.sendall(peer.recv(100))
        os._exit(0)
    port = listener.getsockname()[1]
    listener.close()
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.create_connection((host, port)) as s:
        s.sendall(b"hello")
        got = s.recv(100)
    os.wait()
    return got
def datagram():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    got = []
    for connected in False, True:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if connected:
            s.connect(server.getsockname())
            s.send(b"connected")
        else:
            s.sendto(b"sent", server.getsockname())
        got.append(server.recv(100))
    try:
        s.connect(("192.0.2.1", 9))  # and now elsewhere
        s.send(b"out")
        got.append("out")
    except OSError:
        got.append("stopped")
    return got
if __name__ == "__main__":
    print(manager())
    print(echo(socket.create_server(("127.0.0.1", 0)), socket.AF_INET))
    print(echo(socket.create_server(("", 0)), socket.AF_INET))
    unbound = socket.socket()
    unbound.listen()  # the kernel picks the port
    print(echo(unbound, socket.AF_INET))
    if os.path.exists("/proc/net/if_inet6") and "lo" in open("/proc/net/if_inet6").read():
        print(echo(socket.create_server(("::", 0), family=socket.AF_INET6), socket.AF_INET6))
    print(datagram())
P
/usr/bin/python3 workers.py | sed 's/out/stopped/' >direct
exits_both "workers of the tree's own are reached" 96 /usr/bin/python3 workers.py
same "as without the library" direct out
same "behind both fences, too" direct wrapped.out
holds "only what left it was stopped" grep -q ' 1 stopped at the fence' err

# A listener that is not of the tree, though the tree had listened on the same port before.
cat >foreign.py <<'P'
import socket, sys
own = socket.socket()
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
own.bind(("127.0.0.1", 0))
own.listen()
port = own.getsockname()[1]
own.close()
open("port~", "w").write(str(port))
import os, time
os.rename("port~", "port")
while not os.path.exists("taken"): time.sleep(0.02)
try:
    socket.create_connection(("127.0.0.1", port))
    print("out")
except OSError as error:
    print(error)
P
cat >take.py <<'P'
import os, socket, time
while not os.path.exists("port"): time.sleep(0.02)
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(open("port").read())))
s.listen()
open("taken", "w").close()
s.settimeout(30)
try: s.accept()
except OSError: pass
P
/usr/bin/python3 take.py &
taker=$!
exits "a port that was the tree's, and is somebody else's" 96 \
	"$tool" replay --fence=library run.thc -- /usr/bin/python3 foreign.py
equal "is refused" "[Errno 111] Connection refused" "$(cat out)"
kill $taker
exits "so is the double's" 96 "$tool" replay --fence=library run.thc -- /usr/bin/python3 -c "
import socket
try: socket.create_connection(('127.0.0.1', $DOUBLE_HTTPS))
except OSError as error: print(error)"
equal "and was not reached" "[Errno 111] Connection refused" "$(cat out)"
