#!/bin/bash
# In replay nothing leaves the process tree: requests that were not recorded, peers that were not,
# names that were not. Everything here is replayed with a live double within reach.
. "$(dirname "$0")/lib.sh"
start_double

recording run.thc curl -sS "$https/v1/models" >recorded
recording plain.thc curl -sS "$http/v1/models" >recorded.plain
seen=$(double_saw connection)

# An unrecorded request to a recorded peer: the answer of DESIGN 1.1.
miss() {
	local name=$1
	shift
	replaying_online "$@" -i -m 10 >out 2>err
	sed 's/\r$//' out >answer
	holds "$name: status 424" grep -q '^HTTP/[0-9.]* 424' answer
	holds "$name: header tracehook-miss: 1" grep -qi '^tracehook-miss: 1$' answer
	sed '1,/^$/d' answer >body
	equal "$name: the body is JSON and says what it is" "tracehook_no_match tracehook_no_match" \
		"$(jq -r '.error.type + " " + .error.code' body)"
	holds "$name: the message names the request" sh -c "jq -r .error.message body | grep -q '$name'"
	equal "$name: stderr is empty" "" "$(cat err)"
}
miss unknown-path run.thc curl -sS "$https/unknown-path"
miss unknown-path run.thc curl -sS --http1.1 "$https/unknown-path"
miss unknown-plain plain.thc curl -sS "$http/unknown-plain"
miss models run.thc curl -sS "$https/v1/models?other=1"
miss models run.thc curl -sS -d body "$https/v1/models"
replaying_online run.thc curl -sS "$https/v1/models" "$https/v1/models" -o one -o two
equal "asked once more than recorded: a miss" 1 "$(grep -c tracehook_no_match two)"
same "the first one was answered" recorded one


# A body is compared by what it says: the order of keys does not count, all else does.
json='Content-Type: application/json'
recording post.thc curl -sS -H "$json" -d '{"a": 1, "b": [1, 2]}' "$https/t/echo" >posted
seen=$(double_saw connection)
replaying_online post.thc curl -sS -H "$json" -d '{"b":[1,2],"a":1}' "$https/t/echo" >out
same "the same JSON in another order matches" posted out
replaying_online post.thc curl -sS -H "$json" -d '{"a": 1, "b": [2, 1]}' "$https/t/echo" >out
equal "other JSON is a miss" tracehook_no_match "$(jq -r .error.code out)"
holds "and the message says where it differs" grep -qF 'b[0]: asked 2, recorded 1' out

TRACEHOOK_ON_MISS=abort replaying_online run.thc curl -sS -m 10 "$https/unknown" >out 2>err
equal "ON_MISS=abort: the connection ends" "" "$(cat out)"
equal "ON_MISS=abort: curl sees no answer" 1 "$(grep -cE 'curl: \((16|35|52|55|56|92)\)' err)"

# A peer and a name that were not recorded.
exits "an unrecorded port of this machine is refused" 7 \
	replaying_online run.thc curl -sS -m 10 "http://127.0.0.1:$DOUBLE_HTTP/v1/models"
exits "an unrecorded address is refused at once" 7 \
	replaying_online run.thc curl -sS -m 10 http://192.0.2.1/
exits "an unrecorded IPv6 address is refused at once" 7 \
	replaying_online run.thc curl -sS -m 10 'http://[2001:db8::1]/'
exits "an unrecorded name is not found" 6 \
	replaying_online run.thc curl -sS -m 10 http://example.test/
/usr/bin/python3 - >udp.port 2>udp.seen <<'P' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); s.settimeout(3)
print(s.getsockname()[1], flush=True)
try:
    print(s.recv(99), file=sys.stderr)
except TimeoutError:
    pass
P
listener=$!
while [ ! -s udp.port ]; do sleep 0.05; done
replaying_online run.thc /usr/bin/python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: s.sendto(b'out', ('127.0.0.1', $(cat udp.port)))
except OSError: pass" >/dev/null
wait "$listener"
equal "no datagram gets out" "" "$(cat udp.seen)"
equal "the double was not contacted" "$seen" "$(double_saw connection)"

# A child that is given another environment does not get around the fence, whoever starts it.
url="$http/v1/models" bare="PATH=$PATH"
curl="['curl', '-sS', '-m', '10', '$url']"
around() {
	local name=$1
	shift
	replaying_online run.thc "$@" >out 2>err
	equal "$name: nothing came" "" "$(cat out)"
	limited "$tool" replay run.thc -- "$@" >out 2>err
	equal "$name, in the wrapper: nothing came" "" "$(cat out)"
	holds "$name, in the wrapper: it is told" grep -q 'stopped at the fence' err
}
around "env -i" env -i "$bare" curl -sS -m 10 "$url"
around "env -i in a shell" sh -c "env -i $bare curl -sS -m 10 $url; true"
around "LD_PRELOAD unset" bash -c "unset LD_PRELOAD; curl -sS -m 10 $url; true"
around "mode off" env TRACEHOOK_MODE=off curl -sS -m 10 "$url"
around "mode record" env -u TRACEHOOK_CAPTURE TRACEHOOK_MODE=record curl -sS -m 10 "$url"
around "another preload" env LD_PRELOAD=libz.so.1 curl -sS -m 10 "$url"
around "subprocess" /usr/bin/python3 -c "import subprocess
subprocess.run($curl, env={'PATH': '/usr/bin:/bin'})"
around "execve" /usr/bin/python3 -c "import os; os.execve('/usr/bin/curl', $curl, {})"
around "execv" /usr/bin/python3 -c "
import os
for name in list(os.environ): del os.environ[name]
os.execv('/usr/bin/curl', $curl)"
around "fexecve" /usr/bin/python3 -c "
import os; os.execve(os.open('/usr/bin/curl', os.O_RDONLY), $curl, {})"
around "posix_spawn" /usr/bin/python3 -c "
import os; os.waitpid(os.posix_spawn('/usr/bin/curl', $curl, {}), 0)"
around "execvp" perl -e "
if (!fork) { %ENV = (); exec 'curl', '-sS', '-m', '10', '$url' } wait"
replaying_online run.thc env -i "$bare" KEPT=1 sh -c 'echo $KEPT $0 "$@"' a b >out
equal "its own variables and arguments are left" "1 a b" "$(cat out)"
TRACEHOOK_MODE=repaly LD_PRELOAD=$lib env -i "$bare" curl -sS -m 10 "$url" >out 2>err
equal "a misspelt mode: the fence is closed for such a child, too" "" "$(cat out)"
equal "the double was not contacted" "$seen" "$(double_saw connection)"

# All that was stopped is told, although nobody waits for the player to hear of it.
for round in 1 2 3 4 5; do
	limited "$tool" replay run.thc -- /usr/bin/python3 -S -c "
import os, socket
for number in range(20):
    try: socket.socket().connect(('127.0.0.1', 1))
    except OSError: pass
os._exit(0)" 2>err
	equal "stopped in the last moment, round $round" 1 "$(grep -c ' 20 stopped at the fence' err)"
done

# The wrapper counts and reports it.
exits "the wrapper: all matched" 0 "$tool" replay run.thc -- curl -sS "$https/v1/models"
same "the wrapper's agent sees the recording" recorded out
exits "the wrapper: a miss" 96 "$tool" replay run.thc -- curl -sS "$https/unknown"
exits "the wrapper: the agent fails for itself" 3 "$tool" replay run.thc -- \
	sh -c "curl -sS $https/v1/models; exit 3"
equal "the double was still not contacted" "$seen" "$(double_saw connection)"

# The double may be gone, and loopback down: nothing changes.
stop_double
replaying run.thc curl -sS "$https/v1/models" >out 2>err
same "without a network the answer is the same" recorded out
