#!/bin/bash
# Every way out of a replay is tried by a hostile program. What goes through libc the library stops,
# alone; what does not, the network namespace in which the wrapper puts the tree. Both are counted.
. "$(dirname "$0")/lib.sh"
hostile=$build/tests/hosts/hostile
start_double
recording run.thc curl -sS "$https/v1/models" >recorded
stop_double

# Whoever gets out is heard, by TCP and UDP on one port, IPv4 and IPv6.
/usr/bin/python3 - >port 2>heard <<'P' &
import selectors, socket, sys
selector = selectors.DefaultSelector()
port = 0
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            s = socket.socket(family, kind)
            s.bind((address, port))
        except OSError:
            continue  # no IPv6 here, or its port is taken: one family less
        port = s.getsockname()[1]
        if kind == socket.SOCK_STREAM: s.listen(16)
        selector.register(s, selectors.EVENT_READ)
print(port, flush=True)
while True:
    for key, _ in selector.select():
        s = key.fileobj
        what = s.recv(99) if s.type == socket.SOCK_DGRAM else s.accept()[0].recv(99)
        if what == b"enough\0": sys.exit()
        print(s.family.name, s.type.name, file=sys.stderr, flush=True)
P
listener=$!
while [ ! -s port ]; do sleep 0.05; done
port=$(cat port)

libc_ways="tcp udp-sendto udp-connected udp-sendmsg udp-sendmmsg fast-open tcp-number udp-number"
raw_ways="tcp-raw udp-raw ring-raw"

# The library alone.
for way in $libc_ways; do
	for address in 127.0.0.1 ::1; do
		replaying_online run.thc "$hostile" "$way" "$address" "$port" >>library
	done
done
equal "no way through libc leads out" "" "$(grep ' out$' library)"
equal "each was tried" 16 "$(wc -l <library)"
equal "libc makes no ring" "ring-number ENOSYS" \
	"$(replaying_online run.thc "$hostile" ring-number 127.0.0.1 "$port")"

# Behind the wrapper: 192.0.2.1 and 2001:db8::1 are nobody's.
wrapped() {
	limited "$tool" replay run.thc -- "$@" >>wrapped 2>err
}
for way in $libc_ways; do
	exits "$way is stopped and counted" 96 "$tool" replay run.thc -- \
		"$hostile" "$way" 192.0.2.1 "$port"
	holds "$way: by the library" grep -q '1 stopped at the fence' err
done
exits "a namespace, or nothing" 0 "$tool" replay -q --fence=namespace run.thc -- true
if grep -q 'no network namespace' err; then
	skip "what does not go through libc" "this system allows no network namespace"
	exits "which is said" 0 "$tool" replay run.thc -- true
	holds "in a line" grep -q 'not in a network namespace' err
	raw_ways=
fi
for way in $raw_ways; do
	for address in 127.0.0.1 ::1; do wrapped "$hostile" "$way" "$address" "$port"; done
	for address in 192.0.2.1 2001:db8::1; do
		exits "$way to $address" 96 "$tool" replay --report report.json --junit report.xml \
			run.thc -- "$hostile" "$way" "$address" 9
		holds "$way to $address: it is told" grep -q 'the network namespace stopped' err
		equal "$way to $address: and stands in the report" "false missed namespace 1" "$(jq -r \
			'"\(.ok) \(.verdict) \(.fence) \(.stopped_below | if . > 0 then 1 else 0 end)"' \
			report.json)"
		holds "$way to $address: and in JUnit's" \
			grep -q 'name="by the network namespace"' report.xml
		grep -qE 'ENOSYS|EPERM' out && break # no io_uring here
	done
done
[ -z "$raw_ways" ] || [ ! -x "${hostile}_static" ] || for way in tcp udp-sendto; do
	wrapped sh -c "${hostile}_static $way 127.0.0.1 $port; true"
	exits "a child linked statically, $way" 96 "$tool" replay run.thc -- \
		sh -c "${hostile}_static $way 192.0.2.1 9; true"
done
equal "no connection is made from the namespace" "" "$(grep '^tcp.* out$' wrapped)"

"$hostile" udp-sendto 127.0.0.1 "$port" >/dev/null # the listener does hear
/usr/bin/python3 -c "
import socket
socket.socket(type=socket.SOCK_DGRAM).sendto(b'enough\0', ('127.0.0.1', $port))"
wait "$listener"
equal "nobody but the last one was heard" "AF_INET SOCK_DGRAM" "$(cat heard)"

# In the namespace the agent is who it was.
exits "--fence with another word" 64 "$tool" replay --fence=moat run.thc -- true
exits "the agent's ids" 0 "$tool" replay run.thc -- sh -c "id -u; id -g; curl -sS $https/v1/models"
equal "are what they were" "$(id -u; id -g; cat recorded)" "$(cat out)"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env TMPDIR=/tmp "$@"; }
chmod a+rX . run.thc
if [ "$(id -u)" -eq 0 ] && as_nobody test -x "$tool" -a -r "$lib" -a -r "$scratch/run.thc"; then
	exits "as another user" 0 as_nobody "$tool" replay "$scratch/run.thc" -- \
		sh -c "id -u; id -g; curl -sS $https/v1/models"
	equal "they are, too" "$(printf '65534\n65534\n'; cat recorded)" "$(cat out)"
else
	skip "as another user" "only root can become one"
fi
