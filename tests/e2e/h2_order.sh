#!/bin/bash
# HTTP/2: answers that overlapped end in the recorded order in a replay, on several connections, of
# which an agent takes in its own order what is there at once, and on one connection.
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3
$python -c 'import h2' 2>/dev/null || skip_all "python3-h2 is not installed"

cat >serve.py <<'P'
"""Answers /later… with a head at once, a body some time later; /soon… at once; /whole… so,
but that the stream ends later."""
import os, socket, threading, time
import h2.config, h2.connection, h2.events

def talk(sock):
    c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    lock = threading.Lock()
    def send(act, *arguments, **named):
        with lock:
            act(*arguments, **named)
            sock.sendall(c.data_to_send())
    def later(stream, target):
        time.sleep(0.4)  # patience of a replay, on a loaded machine
        if target.startswith("/later"):
            send(c.send_data, stream, os.urandom(6).hex().encode())
        send(c.end_stream, stream)
    send(c.initiate_connection)
    while data := sock.recv(65536):
        with lock:
            events = c.receive_data(data)
        for e in events:
            if not isinstance(e, h2.events.RequestReceived):
                continue
            send(c.send_headers, e.stream_id, [(":status", "200"), ("content-length", "12")])
            target = dict(e.headers)[b":path"].decode()
            if not target.startswith("/later"):
                send(c.send_data, e.stream_id, os.urandom(6).hex().encode())
            if not target.startswith("/soon"):
                threading.Thread(target=later, args=(e.stream_id, target)).start()
            else:
                send(c.end_stream, e.stream_id)

listener = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename("port.new", "port")
while True:
    sock, _ = listener.accept()
    threading.Thread(target=talk, args=(sock,), daemon=True).start()
P
cat >agent.py <<'P'
"""agent.py PORT TARGET,TARGET…: each argument a connection, whose requests go out at once. What
has come is looked at in the connections' order, after a while."""
import select, socket, sys, time
import h2.config, h2.connection, h2.events

port, *all_targets = sys.argv[1:]
connections, left = [], 0
for targets in all_targets:
    sock = socket.create_connection(("localhost", int(port)))
    c = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    c.initiate_connection()
    names = {}
    for target in targets.split(","):
        stream = c.get_next_available_stream_id()
        names[stream] = target
        c.send_headers(stream, [(":method", "GET"), (":scheme", "http"), (":path", target),
                                (":authority", "localhost")], end_stream=True)
    left += len(names)
    connections.append((sock, c, names))
for sock, c, _ in connections:
    sock.sendall(c.data_to_send())
while left:
    time.sleep(0.05)
    ready = select.select([sock for sock, _, _ in connections], [], [])[0]
    for sock, c, names in connections:
        if sock not in ready:
            continue
        for e in c.receive_data(sock.recv(65536)):
            if isinstance(e, h2.events.DataReceived) and e.data:
                print(names[e.stream_id], e.data.decode(), flush=True)
            if isinstance(e, h2.events.StreamEnded):
                print(names[e.stream_id], "ended", flush=True)
                left -= 1
        sock.sendall(c.data_to_send())
P
$python serve.py &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f port ]; do sleep 0.05; done
read -r port <port

in_order() { # NAME TARGETS…
	name=$1
	shift
	recording "$name.thc" $python agent.py "$port" "$@" >"$name.rec"
	for i in $(seq "${TIMES:-2}"); do
		exits "$name: replay $i" 0 "$tool" replay -q --strict "$name.thc" -- \
			$python agent.py "$port" "$@"
		same "$name: in the recorded order" "$name.rec" out
	done
}
in_order apart /later /soon
in_order several /later,/whole/1 /soon/2,/later/2 /whole/3
in_order one /later,/soon,/whole
