#!/bin/bash
# A body of any size goes through the recorder without being held: a process that receives and
# sends MEGABYTES (24) of it peaks at less than 8 MiB above what it does without the library, its
# end included, where all of it is folded; also when it is encrypted.
# MEGABYTES=1024 is the figure of the design; it takes a minute and 2 GB of disk.
. "$(dirname "$0")/lib.sh"
megabytes=${MEGABYTES:-24}

cat >serve.py <<'P'
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename("port.new", "port")
chunk, n = os.urandom(1 << 20), int(sys.argv[1])
while True:
    s, _ = listener.accept()
    try:
        left = n << 20
        head = s.recv(65536)
        left -= len(head) - head.index(b"\r\n\r\n") - 4
        while left > 0:
            left -= len(s.recv(1 << 20))
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (n << 20))
        for _ in range(n):
            s.sendall(chunk)
    except OSError:
        pass
    s.close()
P
cat >move.py <<'P'
import os, socket, sys
n, chunk = int(sys.argv[2]), os.urandom(65536)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (n << 20))
for _ in range(n * 16):
    s.sendall(chunk)
room, total = bytearray(65536), 0
while got := s.recv_into(room):
    total += got
assert total > n << 20
P
cat >peak.py <<'P'
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
assert status == 0, status
print(usage.ru_maxrss)
P
# peak [VARIABLE=VALUE…]: of the process, in KiB
peak() {
	timeout -k 1 "$limit" env "$@" \
		/usr/bin/python3 peak.py /usr/bin/python3 move.py "$(cat port)" "$megabytes"
}
/usr/bin/python3 serve.py "$megabytes" &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f port ]; do sleep 0.05; done

limit=600
direct=$(peak)
recorded=$(peak TRACEHOOK_CAPTURE="$PWD/peak.thc" LD_PRELOAD="$lib")
(umask 077 && head -c 32 /dev/urandom >key)
encrypted=$(peak TRACEHOOK_KEY_FILE="$PWD/key" TRACEHOOK_CAPTURE="$PWD/secret.thc" \
	LD_PRELOAD="$lib")
echo "# peak: $direct KiB, $recorded recorded, $encrypted encrypted; $megabytes MiB each way"
holds "the peak grows by less than 8 MiB" test "$recorded" -lt "$((direct + 8192))"
holds "also when it is encrypted" test "$encrypted" -lt "$((direct + 8192))"
limited "$tool" record --require-coverage -o run.thc /usr/bin/python3 move.py \
	"$(cat port)" "$megabytes" 2>err
covered=$?
equal "and all of it is recorded, by the count of the kernel" 0 "$covered"
holds "both ways" grep -qE '; ([0-9.]+[MG]) bytes sent, \1 received' err
