#!/bin/bash
# Recording must not show: exit code, signals, stdout, stderr, descriptors, environment and the
# working directory's files are the agent's own; and the library needs libc only and exports only
# its hooks.
. "$(dirname "$0")/lib.sh"
start_double

# unchanged WHAT COMMAND…: the same stdout, stderr and exit code with and without the library.
unchanged() {
	local what=$1 plain with
	shift
	"$@" >plain.out 2>plain.err </dev/null
	plain=$?
	recording "transparent.thc" "$@" >with.out 2>with.err </dev/null
	with=$?
	equal "$what: exit code" "$plain" "$with"
	same "$what: stdout" plain.out with.out
	same "$what: stderr" plain.err with.err
}

unchanged "true" true
unchanged "false" false
unchanged "exit 42 after a request" sh -c "curl -sS -o /dev/null $https/v1/models; exit 42"
unchanged "a refused connection" curl -s -w '%{exitcode} %{http_code}' http://127.0.0.1:1/
unchanged "an untrusted certificate" env -u SSL_CERT_FILE curl -sS "$https/v1/models"
unchanged "a wrong host name" curl -sS --resolve "other.test:$DOUBLE_HTTPS:127.0.0.1" \
	"https://other.test:$DOUBLE_HTTPS/"
unchanged "a name that does not exist" curl -sS http://nowhere.invalid/
unchanged "a time-out" sh -c "curl -sS -m 0.5 -o /dev/null $http/t/stall?n=0 2>&1 |
	sed 's/[0-9]* milliseconds/some time/'"
unchanged "a signal" sh -c 'sh -c "kill -TERM \$\$"; echo $?'
unchanged "open descriptors" sh -c 'ls -l /proc/self/fd | wc -l; ls /proc/$$/fd'
unchanged "errno of failing calls" /usr/bin/python3 -c "
import socket
for call in (lambda: socket.socket().connect(('127.0.0.1', 1)),
             lambda: socket.socket().recv(1), lambda: socket.socket().send(b'x'),
             lambda: socket.create_connection(('127.0.0.1', $DOUBLE_HTTP), 0.2).recv(1)):
    try: call()
    except OSError as error: print(type(error).__name__, error)"
unchanged "signal handlers" /usr/bin/python3 -c "
import signal
print([signal.getsignal(n) for n in (signal.SIGPIPE, signal.SIGBUS, signal.SIGSEGV)])"
unchanged "a pipeline" sh -c "curl -sS $http/t/bytes?n=500000 | tail -c 0; echo \$?"

# A program without traffic leaves no trace but its run; a program with none of our variables
# leaves tracehook.thc in the working directory.
mkdir here && cd here || exit 1
LD_PRELOAD=$lib curl -sS -o /dev/null "$https/v1/models"
equal "the default capture is tracehook.thc, and nothing else is left" tracehook.thc "$(ls)"
cd ..

equal "the library needs libc only" "libc.so.6" "$(readelf -d "$lib" |
	sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux')"
nm -D --defined-only "$lib" | awk '{ print $3 }' | sed 's/@.*//' | sort >exported
equal "it exports nothing of ours by name" "" "$(grep -E '^(th_|ZSTD|tracehook)' exported)"
holds "it exports its hooks" grep -qx SSL_read exported
holds "each exported name stands in HOOKS.md" sh -c "
	while read -r name; do grep -qw \"\$name\" '$top/shim/HOOKS.md' || { echo \"\$name\"; bad=1; }
	done <exported; exit \${bad:-0}"
equal "no dynamic TLS" 0 "$(nm -D "$lib" | grep -c __tls_get_addr)"
