#!/bin/bash
# Makes examples/testing/captures/ghent.thc anew: the demo's agent beside the double, which in
# namespaces of their own has the names model.example.test and tools.example.test, and port 443.
# Only for root. Not a test: what is committed is what old versions wrote.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != inside ]; then
	exec unshare -mn "$0" inside
fi
ip link set lo up
scratch=$(mktemp -d)
trap 'kill $(jobs -p); rm -rf "$scratch"' EXIT
"$top/tests/double/double.py" --dir "$scratch" >/dev/null 2>&1 &
until [ -f "$scratch/double.env" ]; do sleep 0.1; done
# shellcheck source=/dev/null
. "$scratch/double.env"
echo "127.0.0.1 localhost model.example.test tools.example.test" >"$scratch/hosts"
mount --bind "$scratch/hosts" /etc/hosts
mkdir -p "$scratch/srv" /srv/agent
mount --bind "$scratch/srv" /srv/agent # a working directory that tells nothing
cp "$top/demo/agent.py" /srv/agent
python3 - "$DOUBLE_HTTPS" <<'P' &
import socket, sys, threading
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError: pass
server = socket.create_server(("127.0.0.1", 443))
while True:
    client = server.accept()[0]
    up = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    for pair in ((client, up), (up, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
P
until ss -ltn | grep -q ':443 '; do sleep 0.1; done
cd /srv/agent
env -i PATH=/usr/bin:/bin HOME=/srv/agent SSL_CERT_FILE="$DOUBLE_CA" OPENAI_API_KEY=none \
	OPENAI_BASE_URL=https://model.example.test/v1 TOOL_URL=https://tools.example.test/tools \
	"${TRACEHOOK:-$top/build/tools/tracehook}" record -o "$scratch/ghent.thc" -- \
	./agent.py "How is Ghent?"
cp "$scratch/ghent.thc" "$top/examples/testing/captures/ghent.thc"
