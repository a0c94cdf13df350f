#!/bin/bash
# Programs that ask name servers themselves instead of the C library (c-ares, dnspython): what
# they learn is part of the recording, and answers them in a replay. In a network namespace of its
# own, since name servers listen on port 53.
if [ -z "${RESOLVERS_INSIDE:-}" ]; then
	for how in -n -rn; do
		if unshare $how ip link set lo up 2>/dev/null; then
			RESOLVERS_INSIDE=1 exec unshare $how "$0" "$@"
		fi
	done
	echo "# skipped: no private network namespace here"
	exit 77
fi
. "$(dirname "$0")/lib.sh"
ip link set lo up
start_double

"$top/tests/double/name_server.py" >asked 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
for _ in $(seq 200); do
	grep -q listening asked && break
	kill -0 $server || break
	sleep 0.05
done
holds "the name server listens" grep -q listening asked

# has_module NAME: for Debian's Python.
has_module() {
	/usr/bin/python3 -c "import $1" 2>/dev/null
}

# What each client is asked to do: look a host up, get something from it, and look up what is odd.
cat >fetch.py <<P
import http.client
def fetch(address):
    connection = http.client.HTTPConnection(address, $DOUBLE_HTTP)
    connection.request("GET", "/v1/models", headers={"Host": "model.example.test"})
    print(connection.getresponse().read().decode())
P

cat >with_cares.py <<'P'
import select, pycares, fetch
channel = pycares.Channel(servers=["127.0.0.1"], tries=1, timeout=5)
def ask(name, kind):
    got = []
    channel.query(name, kind, lambda result, error: got.append((result, error)))
    while not got:
        read, write = channel.getsock()
        poll = select.epoll()
        for fd in read:
            poll.register(fd, select.EPOLLIN)
        for fd, _ in poll.poll(10):
            channel.process_fd(fd, pycares.ARES_SOCKET_BAD)
    result, error = got[0]
    print(name, kind, error and pycares.errno.errorcode[error],
          sorted(r.host for r in result) if result else None)
    return result
address = ask("model.example.test", pycares.QUERY_TYPE_A)[0].host
fetch.fetch(address)
ask("Both.Example.Test", pycares.QUERY_TYPE_A)
ask("both.example.test", pycares.QUERY_TYPE_AAAA)
for name in "none", "nowhere", "broken":
    ask(name + ".example.test", pycares.QUERY_TYPE_A)
P

cat >with_dnspython.py <<'P'
import dns.resolver, fetch
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = ["127.0.0.1"]
resolver.lifetime = 5
def ask(name, kind):
    try:
        result = [r.address for r in resolver.resolve(name, kind)]
    except Exception as error:
        result = type(error).__name__
    print(name, kind, result)
    return result
fetch.fetch(ask("model.example.test.", "A")[0])
ask("both.example.test.", "AAAA")
for name in "none", "nowhere":
    ask(name + ".example.test.", "A")
P

for client in cares dnspython; do
	module=$([ $client = cares ] && echo pycares || echo dns.resolver)
	if ! has_module $module; then
		skip "$client" "no $module here"
		continue
	fi
	record_and_replay $client /usr/bin/python3 with_$client.py
	holds "$client: it did get what it asked for" grep -q '"object"' $client.rec
	before=$(wc -l <asked)
	exits "$client: nothing is missing in the replay" 0 \
		"$tool" replay $client.thc -- /usr/bin/python3 with_$client.py
	equal "$client: and no question gets out" "$before" "$(wc -l <asked)"
	equal "$client: the name leads to the connection" model.example.test \
		"$(spans $client.thc .host | tr -d '"' | sed 's/:.*//' | sort -u)"
done

# dig sends by the number of the system call, through libuv.
if command -v dig >/dev/null; then
	record_and_replay dig sh -c 'dig +short @127.0.0.1 model.example.test | tail -n 1
		dig @127.0.0.1 nowhere.example.test | grep -o "status: [A-Z]*"
		for how in +notcp +tcp; do
			dig $how +noall +answer @127.0.0.1 rich.example.test MX text.example.test TXT
		done'
	equal "dig: it did get what it asked for" "127.0.0.1 status: NXDOMAIN" \
		"$(head -n 2 dig.rec | paste -sd " ")"
	equal "dig: and other records, over UDP and TCP" "2 2" \
		"$(grep -c 'mail.rich' dig.rec) $(grep -c '"hello"' dig.rec)"
else
	skip dig "no dig here"
fi

# libc's own resolver, below and beside getaddrinfo(), as its configuration sends it here.
if unshare -m true 2>/dev/null; then
	printf 'nameserver 127.0.0.1\noptions timeout:5 attempts:1\nsearch example.test\n' >resolv.conf
	cat >with_libc.sh <<P
mount --bind "$scratch/resolv.conf" /etc/resolv.conf && exec "\$@"
P
	libc=("$build/tests/hosts/resolver_agent" model.example.test nowhere.example.test
		broken.example.test none.example.test model _http._tcp.model.example.test
		_http._tcp.rich.example.test "=rich.example.test" "=rich" "=big.example.test"
		"=nowhere.example.test")
	recording libc.thc unshare -m sh with_libc.sh "${libc[@]}" >libc.rec
	before=$(wc -l <asked)
	exits "libc: nothing is missing in the replay" 0 "$tool" replay libc.thc -- "${libc[@]}"
	same "libc: the resolver's functions say what they said" libc.rec out
	equal "libc: they did get what they asked for" 16 "$(grep -c '127.0.0.1$' out)"
	equal "libc: and no question gets out" "$before" "$(wc -l <asked)"
	limited "$tool" replay libc.thc -- "${libc[0]}" other.example.test >out 2>err
	equal "libc: a name that was not recorded does not exist, however it is asked for" 11 \
		"$(grep -c -e '-1, h_errno 1$' -e ': -2 $' -e 'code 3, none' out)"
	holds "libc: and that is told" grep -q ' 11 stopped at the fence' err
else
	skip "libc's resolver" "no private mount namespace here"
fi

# Who is never answered waits as long in the replay, and says the same.
cat >silent.py <<'P'
import socket, sys
name = b"".join(bytes([len(l)]) + l for l in b"silent.example.test".split(b".")) + b"\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.3)
for attempt in 1, 2:
    s.sendto(b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1", ("127.0.0.1", 53))
    try:
        print(s.recv(512))
    except TimeoutError as error:
        print(error)
if len(sys.argv) > 1:
    socket.getaddrinfo("silent.example.test", 80)
P
recording silent.thc /usr/bin/python3 silent.py >silent.rec
replaying silent.thc /usr/bin/python3 silent.py >silent.rep
same "a question that nobody answers stays without an answer" silent.rec silent.rep
equal "it did wait" "timed out timed out" "$(paste -sd " " silent.rep)"
equal "the capture says so, once" "silent.example.test no name server answered" \
	"$("$tool" dump --json silent.thc |
		jq -r 'select(.kind == "lookup") | .name + " " + .status_reason')"
replaying silent.thc /usr/bin/python3 silent.py again 2>&1 | tail -n 1 >again
holds "and getaddrinfo() would say" grep -q 'Temporary failure in name resolution' again

# Other questions than for addresses, and questions over TCP.
if has_module dns.resolver; then
	cat >text.py <<'P'
import sys, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = ["127.0.0.1"]
resolver.lifetime = 5
for name, kind, *how in [word.split("/") for word in sys.argv[1:]]:
    try:
        found = resolver.resolve(name, kind, tcp="tcp" in how)
        print(*found, found.rrset.ttl)
    except Exception as error:
        print(type(error).__name__)
P
	asked=(text.example.test/A text.example.test/TXT rich.example.test/MX
		_http._tcp.rich.example.test/SRV Rich.Example.Test/txt/tcp big.example.test/TXT
		1.2.0.192.in-addr.arpa/PTR rich.example.test/CAA nowhere.example.test/MX
		broken.example.test/TXT model.example.test/A/tcp nowhere.example.test/A/tcp)
	record_and_replay text /usr/bin/python3 text.py "${asked[@]}"
	equal "they did get what they asked for" \
		'"hello" 10 mail.rich.example.test. 1 2 80 rich.example.test.' \
		"$(sed -n '2,4s/ [0-9]*$//p' text.rec | paste -sd ' ')"
	holds "also what is too long for UDP" grep -q '^"0000.*0011" 60$' text.rec
	equal "nothing was opaque" "" "$("$tool" dump --json text.thc | jq -r 'select(.kind == "opaque")')"
	before=$(wc -l <asked)
	exits "nothing is missing in the replay" 0 \
		"$tool" replay text.thc -- /usr/bin/python3 text.py "${asked[@]}"
	equal "and no question gets out" "$before" "$(wc -l <asked)"
	exits "the other way than it was asked" 0 "$tool" replay text.thc -- \
		/usr/bin/python3 text.py \
		rich.example.test/MX/tcp model.example.test/A text.example.test/A/tcp
	equal "it is the same answer" "$(sed -n 3p text.rec) 127.0.0.1 60 127.0.0.1 60" \
		"$(paste -sd ' ' out)"
	recording twice.thc /usr/bin/python3 text.py rich.example.test/MX rich.example.test/MX >rec
	replaying twice.thc /usr/bin/python3 text.py rich.example.test/MX rich.example.test/MX >rep
	equal "of two answers to the same question the first is given" \
		"$(sed -n 1p rec) $(sed -n 1p rec)" "$(paste -sd ' ' rep)"

	# Questions that were not recorded.
	"$tool" replay text.thc -- /usr/bin/python3 text.py text.example.test/A text.example.test/MX \
		text.example.test/MX/tcp other.example.test/A/tcp >rep 2>err
	equal "what was not recorded is not there in the replay" \
		"127.0.0.1 60 NoAnswer NoAnswer NXDOMAIN" "$(paste -sd " " rep)"
	holds "and that is told" grep -q ' 3 stopped at the fence' err
	"$tool" replay text.thc -- /usr/bin/python3 text.py other.example.test/A >rep 2>err
	equal "a name that was not recorded does not exist" NXDOMAIN "$(cat rep)"
	holds "and that is told, too" grep -q ' 1 stopped at the fence' err
fi
