#!/bin/bash
# Libraries that are loaded past the hooks: with RTLD_DEEPBIND, as PHP loads its extensions, and
# functions that are got by name from a handle, as language bindings get them. Both are recorded,
# and neither gets out of a replay.
. "$(dirname "$0")/lib.sh"
start_double
python=/usr/bin/python3

# inside NAME COMMAND…: replayed with the double within reach, which must not be asked.
inside() {
	name=$1
	shift
	seen=$(double_saw connection)
	replaying_online "$name.thc" "$@" >"$name.near" 2>&1
	same "$name: replay beside a live server gives the recorded stdout" "$name.rec" "$name.near"
	equal "$name: and leaves it alone" "$seen" "$(double_saw connection)"
}

if php -m 2>/dev/null | grep -qx curl; then
	cat >agent.php <<'P'
<?php
function ask($url, $body = null) {
    $c = curl_init($url);
    $options = [CURLOPT_RETURNTRANSFER => true, CURLOPT_CAINFO => getenv("SSL_CERT_FILE")];
    curl_setopt_array($c, $options + ($body === null ? [] : [CURLOPT_POSTFIELDS => $body]));
    $answer = curl_exec($c);
    echo curl_errno($c), " ", curl_getinfo($c, CURLINFO_RESPONSE_CODE), " $answer\n";
}
ask("$argv[1]/v1/models");
ask("$argv[1]/t/echo", str_repeat("x", 100000));
ask("$argv[2]/v1/models");
P
	record_and_replay php php agent.php "$https" "$http"
	equal "php: three exchanges" 3 "$(spans php.thc | wc -l)"
	inside php php agent.php "$https" "$http"
	replaying_online php.thc php agent.php "$https/other" "$http/other" >out 2>&1
	equal "php: what was not recorded is a miss" 3 "$(grep -c tracehook_no_match out)"
else
	skip "php" "there is no PHP with its curl extension here"
fi

# OpenSSL by ctypes: every function by dlsym() on the library's handle.
cat >named.py <<'P'
import ctypes, socket, sys
ssl = ctypes.CDLL("libssl.so.3")
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p
host, port = sys.argv[1].removeprefix("https://").split(":")
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
ssl.SSL_CTX_set_default_verify_paths(context)
ssl.SSL_CTX_set_verify(context, 1, None)
def ask(path):
    peer = socket.create_connection((host, int(port)))
    tls = ctypes.c_void_p(ssl.SSL_new(context))
    ssl.SSL_set1_host(tls, host.encode())
    ssl.SSL_ctrl(tls, 55, 0, host.encode())
    ssl.SSL_set_fd(tls, peer.fileno())
    if ssl.SSL_connect(tls) != 1:
        return print("no handshake")
    text = b"GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (path, host.encode())
    ssl.SSL_write(tls, text, len(text))
    piece, answer = ctypes.create_string_buffer(4096), b""
    while (n := ssl.SSL_read(tls, piece, 4096)) > 0:
        answer += piece.raw[:n]
    print(answer.decode())
    ssl.SSL_free(tls)
ask(b"/v1/models")
ask(b"/t/status/404")
P
record_and_replay named $python named.py "$https"
equal "named: two exchanges" 2 "$(spans named.thc | wc -l)"
inside named $python named.py "$https"

# The C library's own functions by name: the fence stands before them too. By name and version they
# are got from a handle, or from all that is loaded, where a version leads past the hooks.
cat >libc.py <<'P'
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL("libc.so.6", use_errno=True)
if len(sys.argv) > 2:
    dlvsym = ctypes.CDLL(None).dlvsym
    dlvsym.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(libc._handle if sys.argv[2] == "handle" else 0)
    class Versioned:
        def __getattr__(self, name):
            kind = ctypes.CFUNCTYPE(ctypes.c_int, use_errno=True)
            return kind(dlvsym(handle, name.encode(), b"GLIBC_2.2.5"))
    libc = Versioned()
port = int(sys.argv[1].rsplit(":", 1)[1])
peer = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), bytes([127, 0, 0, 1]))
fd = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
if libc.connect(fd, peer, len(peer)) < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
text = b"GET /v1/models HTTP/1.0\r\nHost: localhost\r\n\r\n"
libc.send(fd, text, len(text), 0)
piece = ctypes.create_string_buffer(4096)
while (n := libc.recv(fd, piece, 4096, 0)) > 0:
    print(piece.raw[:n].decode(), end="")
P
by_name() { # NAME ARGUMENT…
	record_and_replay "$1" $python libc.py "$http" "${@:2}"
	equal "$1: one exchange" 1 "$(spans "$1.thc" | wc -l)"
	inside "$1" $python libc.py "$http" "${@:2}"
}
by_name libc
if [ "$(uname -m)" = x86_64 ]; then
	by_name libc_version handle
	by_name libc_version_default default
fi
seen=$(double_saw connection)
replaying_online named.thc $python libc.py "$http" >out 2>err
equal "libc: a peer that was not recorded is refused" "Connection refused" "$(cat out err)"
equal "libc: and not asked" "$seen" "$(double_saw connection)"

# More threads than there is room for libraries meet the same two at once.
cat >crowd.py <<'P'
import sys, threading, urllib.request
answers, start = {}, threading.Barrier(24)
def ask(i):
    start.wait()
    answers[i] = urllib.request.urlopen("%s/t/echo?i=%d" % (sys.argv[1], i)).read().decode()
threads = [threading.Thread(target=ask, args=(i,)) for i in range(24)]
for t in threads: t.start()
for t in threads: t.join()
for i in sorted(answers): print(i, answers[i])
P
slow=$build/tests/hosts/slow_loader.so
lib=$lib:$slow recording crowd.thc $python crowd.py "$https" >crowd.rec
equal "crowd: each exchange is recorded" 24 "$(spans crowd.thc | wc -l)"
lib=$lib:$slow replaying crowd.thc $python crowd.py "$https" >crowd.rep 2>err
same "crowd: and each is answered" crowd.rec crowd.rep

# A namespace of its own: no hook reaches into it.
apart=$build/tests/hosts/apart
recording plain.thc curl -sS "$http/v1/models" >plain.rec
exits "apart: a recording leaves it alone, and says that it saw nothing of it" 98 "$tool" record \
	--require-coverage -o apart.thc -- "$apart" libz.so.1
equal "apart: loaded" "base loaded, apart loaded dlerror fits" "$(xargs <out)"
replaying_online plain.thc "$apart" libz.so.1 >out 2>err
equal "apart: a replay refuses it" "base loaded, apart refused dlerror fits" "$(xargs <out)"
