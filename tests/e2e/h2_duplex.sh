#!/bin/bash
# Streams of HTTP/2 on which both sides speak in turn: a call of gRPC's kind that streams both ways,
# with messages of given length and trailers; and a WebSocket inside an extended CONNECT (RFC 8441).
# Over TLS (OpenSSL, ALPN) and in plain text by prior knowledge.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import h2' 2>/dev/null || skip_all "python3-h2 is not installed"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem \
	-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
export SSL_CERT_FILE=$scratch/cert.pem

cat >serve.py <<'P'
"""Says something of its own to each message, at once; ends with trailers when the client ends."""
import os, struct, two_ports
import h2.config, h2.connection, h2.events, h2.settings

def unmask(frame):
    n = frame[1] & 127
    return bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:6 + n]))

def talk(sock):
    c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    c.initiate_connection()
    c.update_settings({h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})
    sock.sendall(c.data_to_send())
    kinds = {}
    while True:
        data = sock.recv(65536)
        if not data:
            return
        for e in c.receive_data(data):
            nonce = os.urandom(6).hex().encode()
            if isinstance(e, h2.events.RequestReceived):
                head = dict(e.headers)
                kinds[e.stream_id] = b":protocol" in head or ":protocol" in head
                c.send_headers(e.stream_id, [(":status", "200"), ("content-type",
                               "application/grpc"), ("x-nonce", nonce)])
            elif isinstance(e, h2.events.DataReceived):
                c.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                if not e.data:
                    continue
                if kinds[e.stream_id]:
                    text = unmask(e.data) + b" " + nonce
                    c.send_data(e.stream_id, bytes([0x80 | e.data[0] & 15, len(text)]) + text)
                else:
                    text = e.data[5:] + b" " + nonce
                    c.send_data(e.stream_id, struct.pack(">BI", 0, len(text)) + text)
            elif isinstance(e, h2.events.StreamEnded):
                if kinds[e.stream_id]:
                    c.end_stream(e.stream_id)
                else:
                    c.send_headers(e.stream_id, [("grpc-status", "0"), ("x-nonce", nonce)],
                                   end_stream=True)
        sock.sendall(c.data_to_send())

two_ports.serve(talk, ["h2"])
P
cat >agent.py <<'P'
"""agent.py tls|plain PORT grpc|ws [MESSAGE…]: each waits for the answer to the one before."""
import os, socket, ssl, struct, sys
import h2.config, h2.connection, h2.events, h2.exceptions

how, port, kind, *messages = sys.argv[1:]
sock = socket.create_connection(("localhost", int(port)))
sock.settimeout(10)
if how == "tls":
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    sock = context.wrap_socket(sock, server_hostname="localhost")
c = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
c.initiate_connection()
sock.sendall(c.data_to_send())

def listen(wanted):
    while True:
        data = sock.recv(65536)
        if not data:
            sys.exit("closed")
        for e in c.receive_data(data):
            if isinstance(e, h2.events.ResponseReceived):
                print("head", e.headers)
            elif isinstance(e, h2.events.TrailersReceived):
                print("trailers", e.headers)
            elif isinstance(e, h2.events.DataReceived):
                c.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                print("data", e.data)
            elif isinstance(e, h2.events.StreamReset):
                sys.exit("reset %d" % e.error_code)
            if isinstance(e, wanted):
                wanted = ()
        sock.sendall(c.data_to_send())
        if wanted == () or (kind == "ws" and c.remote_settings.enable_connect_protocol and
                            wanted is h2.events.RemoteSettingsChanged):
            return

def frame(text):
    if kind == "grpc":
        return struct.pack(">BI", 0, len(text)) + text
    mask = os.urandom(4)
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(b ^ mask[i % 4]
                                                         for i, b in enumerate(text))

head = [(":method", "POST"), (":scheme", "https" if how == "tls" else "http"),
        (":authority", "localhost:" + port), (":path", "/chat/Talk")]
if kind == "ws":
    listen(h2.events.RemoteSettingsChanged)
    print("may connect", c.remote_settings.enable_connect_protocol)
    head[0] = (":method", "CONNECT")
    head.append((":protocol", "websocket"))
c.send_headers(1, head)
sock.sendall(c.data_to_send())
listen(h2.events.ResponseReceived)
for message in messages:
    c.send_data(1, frame(message.encode()))
    sock.sendall(c.data_to_send())
    listen(h2.events.DataReceived)
c.end_stream(1)
sock.sendall(c.data_to_send())
listen(h2.events.StreamEnded)
P
PYTHONPATH=$top/tests/e2e /usr/bin/python3 -B serve.py &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f ports ]; do sleep 0.05; done
read -r secure plain <ports

agent() { /usr/bin/python3 agent.py "$@"; }
recorded_again() { # NAME ARGUMENT…
	name=$1
	shift
	recording "$name.thc" /usr/bin/python3 agent.py "$@" >"$name.rec" 2>"$name.err"
	equal "$name: the agent has all its answers" 0 $?
	replaying "$name.thc" /usr/bin/python3 agent.py "$@" >"$name.rep" 2>>"$name.err"
	equal "$name: and in the replay" "0 " "$? $(cat "$name.err")"
	same "$name: the same ones, in turn" "$name.rec" "$name.rep"
}
recorded_again grpc-tls tls "$secure" grpc one two three
recorded_again grpc-plain plain "$plain" grpc one two
recorded_again ws-tls tls "$secure" ws one '{"two": 2}' three
recorded_again no-message tls "$secure" grpc

equal "a call is one span, with both bodies and its trailers" \
	'["POST",200,[["grpc-status","0"],"x-nonce"],"ok",23]' \
	"$(spans grpc-tls.thc '[.method, .response_status, [.response_trailers[0],
		.response_trailers[1][0]], .status, .request_bytes + 0]' | sed 's/26/23/')"
equal "a WebSocket is one, with its URL" \
	"[\"CONNECT\",200,\"https://localhost:$secure/chat/Talk\"]" \
	"$(spans ws-tls.thc '[.method, .response_status, .url]')"

# Who says something else is told so, by a reset: the head has gone.
"$tool" replay grpc-tls.thc -- /usr/bin/python3 agent.py tls "$secure" grpc one other three \
	>other.rep 2>err
equal "another message is a miss" 96 $?
equal "and the stream is reset" 1 "$(grep -c '^reset 2' err)"
equal "behind the answer that fits" 1 "$(grep -c 'data.*one' other.rep)"
holds "which is said" grep -q 'missed: the rest of request #1' err
