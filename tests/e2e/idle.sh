#!/bin/bash
# What becomes of an idle connection that the server has let go: some programs look before they ask
# on and open another, some ask and fail, some are told at once. A replay makes them do what they
# did, though it is given no time: the recording waits until the connection has ended, the replay
# asks on at once.
. "$(dirname "$0")/lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem \
	-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
export SSL_CERT_FILE=$scratch/cert.pem REQUESTS_CA_BUNDLE=$scratch/cert.pem
export PERL_LWP_SSL_CA_FILE=$scratch/cert.pem
echo "ca_certificate = $scratch/cert.pem" >wgetrc
export WGETRC=$scratch/wgetrc

cat >serve.py <<'P'
"""Answers, and goes: /fin, /notify (TLS), /reset, /unread (with a 408); /input (a 408) stays."""
import os, socket, ssl, struct, time, two_ports

def final(text):
    body = (text + " " + os.urandom(6).hex() + "\n").encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

LATE = b"HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

def targets(sock):
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        yield head.split()[1].decode()

def goodbye(sock):
    if isinstance(sock, ssl.SSLSocket):
        sock.setblocking(False)
        try:
            sock.unwrap()
        except OSError:
            pass

def talk(sock):
    for target in targets(sock):
        sock.sendall(final(target))
        if target.startswith(("/unread", "/input")):
            time.sleep(0.05)  # not together with the answer
            sock.sendall(LATE)
        if target.startswith("/reset"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if target.startswith(("/notify", "/unread")):
            goodbye(sock)
        if target.startswith(("/fin", "/notify", "/reset", "/unread")):
            os.close(sock.detach())
            return

two_ports.serve(talk)
P
cat >waiting.py <<'P'
import os, select
def wait(sock):
    """Until there is something to see on an idle connection; in a replay there shall be."""
    if sock and "WAIT" in os.environ:
        p = select.poll()
        p.register(sock, select.POLLIN | select.POLLRDHUP)
        p.poll(5000)
        if "reset" in os.environ["WAIT"]:
            p = select.poll()
            p.register(sock, 0)  # no less than that
            p.poll(5000)
P
cat >pool.py <<'P'
import logging, re, requests, sys
from waiting import wait
class Timeless(logging.Formatter):
    def format(self, record):
        return re.sub(r"0x[0-9a-f]+", "0x", record.getMessage())
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(Timeless())
log = logging.getLogger("urllib3")
log.addHandler(handler)
log.setLevel(logging.DEBUG)
base, method, *targets = sys.argv[1:]
with requests.Session() as s:
    for target in targets:
        try:
            print(target, s.request(method, base + target,
                data=b"x" * 100 if method == "POST" else None).text, flush=True)
        except requests.RequestException as e:
            print(target, re.sub(r"0x[0-9a-f]+", "0x", repr(e)), flush=True)
        if target == targets[-1]:
            break
        idle = s.get_adapter(base).poolmanager.connection_from_url(base).pool.queue[-1]
        if idle:
            wait(idle.sock)
P
cat >client.py <<'P'
import http.client, sys, urllib.parse
from waiting import wait
base, method, *targets = sys.argv[1:]
u = urllib.parse.urlsplit(base)
kind = http.client.HTTPSConnection if u.scheme == "https" else http.client.HTTPConnection
c = kind(u.hostname, u.port, timeout=9)
for target in targets:
    for attempt in 1, 2:
        try:
            c.request(method, target, b"x" * 100 if method == "POST" else None)
            print(target, c.getresponse().read(), flush=True)
            break
        except (OSError, http.client.HTTPException) as e:
            print(target, attempt, repr(e), flush=True)
            c.close()
    if target != targets[-1]:
        wait(c.sock)
P
cat >agent.pl <<'P'
use LWP::UserAgent;
use LWP::ConnCache;
use IO::Poll qw(POLLIN POLLHUP);
my ($base, $method, @targets) = @ARGV;
my $ua = LWP::UserAgent->new(keep_alive => 1, timeout => 9);
for my $target (@targets) {
	my $url = "$base$target";
	my $r = $method eq "POST" ? $ua->post($url, Content => "x" x 100) : $ua->get($url);
	print "$target ", $r->status_line, " ", $r->content, "\n";
	last if $target eq $targets[-1];
	for my $c ($ua->conn_cache->get_connections) {
		my $p = IO::Poll->new;
		$p->mask($c, POLLIN) if $ENV{WAIT};
		$p->poll(5) if $ENV{WAIT};
	}
}
P
cat >agent.js <<'J'
const [base, method, ...targets] = process.argv.slice(2);
const http = require(base.startsWith('https') ? 'https' : 'http'), fs = require('fs');
const agent = new http.Agent({keepAlive: true, ca: fs.readFileSync(process.env.SSL_CERT_FILE)});
function next() {
  const target = targets.shift();
  if (!target) { agent.destroy(); return; }
  const r = http.request(base + target, {agent, method}, a => {
    let text = '';
    a.on('data', d => text += d);
    a.on('end', () => {
      console.log(target, r.reusedSocket, text);
      setTimeout(next, 50);
    });
  });
  r.on('error', e => {
    console.log(target, r.reusedSocket, e.code, e.message);
    setTimeout(next, 50);
  });
  r.end(method == 'POST' ? 'x'.repeat(100) : undefined);
}
next();
J
PYTHONPATH=$top/tests/e2e /usr/bin/python3 -B serve.py &
server=$!
trap 'kill $server 2>/dev/null; finish' EXIT
while [ ! -f ports ]; do sleep 0.05; done
read -r secure plain <ports

# The same, but for the time that passes between two requests.
agent() { # CLIENT BASE METHOD TARGET…
	local client=$1 base=$2 method=$3
	shift 3
	case $client in
	pool | client) /usr/bin/python3 $client.py "$base" "$method" "$@" ;;
	perl) perl agent.pl "$base" "$method" "$@" ;;
	node) node agent.js "$base" "$method" "$@" ;;
	curl) curl -sSv --http1.1 ${WAIT:+--rate 5/s} "${@/#/$base}" 2>curl.err
		local code=$?
		grep -oE 'Connection #?[0-9]+|Re-using|seems to be dead|died' curl.err
		return $code ;;
	wget) wget -nv -O- ${WAIT:+-w 0.2} "${@/#/$base}" 2>wget.err
		local code=$?
		sed -E 's/^[0-9-]+ [0-9:]+ //; s/\[[0-9]+(\/[0-9]+)?\].*//
			/FINISHED|Total wall|Downloaded/d' wget.err
		return $code ;;
	esac
}
export -f agent

times=${TIMES:-1} jobs=()
replay() { # NAME ARGUMENT…: several times
	local name=$1 i
	for i in $(seq "$times"); do
		limited "$tool" replay -q --report "$name.json.$i" "$name.thc" -- \
			bash -c 'agent "$@"' - "${@:2}" >"$name.rep.$i" 2>"$name.err.$i"
		echo "exit code $?" >>"$name.rep.$i"
	done
}
idle() { # CLIENT plain|tls METHOD TARGET…: in a directory of its own, for curl.err and the like
	local name=$1-$2-$3${4//\//-} base=http://localhost:$plain
	[ "$2" = plain ] || base=https://localhost:$secure
	mkdir "$name"
	cp ./*.py ./*.pl ./*.js "$name"
	(
		cd "$name" || exit
		WAIT=$4 recording "$name.thc" bash -c 'agent "$@"' - "$1" "$base" "${@:3}" >"$name.rec" \
			2>"$name.err"
		echo "exit code $?" >>"$name.rec"
		replay "$name" "$1" "$base" "${@:3}"
	)
}
compare() { # NAME
	local made name=$1
	cd "$name" || return
	made=$(spans "$name.thc" .lane | sort -u | wc -l)
	for i in $(seq "$times"); do
		same "$name: replay $i: the same" "$name.rec" "$name.rep.$i"
		equal "$name: replay $i: all is matched, by as many connections" \
			"0 0 $made " \
			"$(jq -r '"\(.missed) \(.unused) \(.streams)"' "$name.json.$i") $(cat "$name.err.$i")"
	done
	cd ..
}
one_by_one() { # HOW… of a client
	local client=$1 how end
	for how in plain tls; do
		for end in ${ENDS:-/fin /reset /notify /unread /input}; do
			idle "$client" $how GET "$end" /one
		done
	done
}

# CLIENTS="pool client perl curl wget" TIMES=30 tries all of them. (Where Node reads an answer that
# it has not asked for, the recording takes it for the next one's.)
if [ -n "${CLIENTS:-}" ]; then
	for client in $CLIENTS; do one_by_one "$client"; done
else
	idle pool tls GET /notify /one &
	jobs+=($!)
	wait "${jobs[@]}"
	idle perl tls GET /notify /one &
	jobs+=($!)
	idle curl tls GET /notify /one &
	jobs+=($!)
	wait "${jobs[@]}"
	idle wget tls GET /fin /one &
	jobs+=($!)
	! command -v node >/dev/null || idle node plain GET /fin /one &
	jobs+=($!)
	wait "${jobs[@]}"
fi
for name in */; do compare "${name%/}"; done
