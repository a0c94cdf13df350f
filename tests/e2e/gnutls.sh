#!/bin/bash
# GnuTLS clients of Debian: wget (gnutls_record_send and recv, one session per process), git and
# pycurl (libcurl-gnutls, whose transport functions are its own).
. "$(dirname "$0")/lib.sh"
export PYTHONDONTWRITEBYTECODE=1

# ---- wget ----

ldd "$(command -v wget || echo /bin/true)" | grep -q libgnutls || skip_all "no wget with GnuTLS"
start_double
echo "ca_certificate = $DOUBLE_CA" >wgetrc
export WGETRC=$scratch/wgetrc

record_and_replay wget wget -q -O- "$https/v1/models" "$https/t/echo?a" "$https/t/bytes?n=300000"
equal "wget: three exchanges" 3 "$(spans wget.thc | wc -l)"
record_and_replay post wget -q -O- --post-data '{"model":"double-1","stream":true,"messages":[]}' \
	"$https/v1/chat/completions"
record_and_replay status wget -q -O- "$https/t/status/503"
for how in fin rst notify; do
	record_and_replay "cut-$how" wget -q -t 1 -O- "$https/t/cut?how=$how&framing=length"
	equal "cut-$how: one exchange that was cut" true "$(spans "cut-$how.thc" .truncated)"
done

recording models.thc wget -q -O- "$https/v1/models" >models
: >empty
WGETRC=$scratch/empty replaying models.thc wget -q -O- "$https/v1/models" >out 2>err
same "wget trusts the player without the recorded server's CA" models out
replaying wget.thc wget -nv -O- "$https/unknown" >out 2>err
equal "wget: a miss is status 424" 1 "$(grep -c 'ERROR 424' err)"

# ---- the verification is the agent's own ----

if command -v gnutls-cli >/dev/null; then
	asks() { # NAME: who the certificate must belong to
		replaying_online wget.thc gnutls-cli --x509cafile "$DOUBLE_CA" --verify-hostname "$1" \
			-p "$DOUBLE_HTTPS" localhost </dev/null
	}
	holds "gnutls-cli trusts the player's certificate" asks localhost
	fails "and refuses it for another host" asks other.example.test
	asks other.example.test >out 2>&1
	equal "for that reason" 1 "$(grep -c 'name in the certificate does not match' out)"
else
	skip "gnutls-cli trusts the player's certificate" "no gnutls-cli"
fi

# ---- pycurl ----

cat >pycurl_agent.py <<'P'
import io, os, pycurl, sys
base, ca = sys.argv[1:3]
def ask(curl, path, post=None):
    body = io.BytesIO()
    curl.setopt(curl.URL, base + path)
    curl.setopt(curl.WRITEDATA, body)
    curl.setopt(curl.CAINFO, ca)
    if post:
        curl.setopt(curl.POSTFIELDS, post)
    try:
        curl.perform()
    except pycurl.error as error:
        print("error", error.args[0])
    print(path, curl.getinfo(curl.RESPONSE_CODE), body.getvalue().decode())
for version in pycurl.CURL_HTTP_VERSION_1_1, pycurl.CURL_HTTP_VERSION_2_0:
    curl = pycurl.Curl()
    curl.setopt(curl.HTTP_VERSION, version)
    ask(curl, "/v1/models")
    ask(curl, "/t/bytes?n=200000")
    ask(curl, "/t/cut?how=fin&framing=length")
    ask(curl, "/v1/chat/completions", '{"model":"double-1","stream":true,"messages":[]}')
P
if /usr/bin/python3 -c 'import pycurl; assert "GnuTLS" in pycurl.version' 2>/dev/null; then
	record_and_replay pycurl /usr/bin/python3 pycurl_agent.py "$https" "$DOUBLE_CA"
	equal "pycurl: eight exchanges" 8 "$(spans pycurl.thc | wc -l)"
	equal "pycurl: half of them over HTTP/2" 4 "$(spans pycurl.thc .http_version | grep -c 2)"
else
	skip pycurl "no pycurl with GnuTLS"
fi
stop_double

# ---- git ----

cat >git_server.py <<'P'
import http.server, ssl, sys
class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("git.pem", "git.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
P
git_exec=$(git --exec-path 2>/dev/null)
if ldd "${git_exec:-/}/git-remote-https" 2>/dev/null | grep -q libgnutls; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout git.key \
		-out git.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
	git init -q work && cd work || exit 1
	seq 20000 >numbers
	git add . && git -c user.name=n -c user.email=e@example.test commit -qm 'the commit' &&
		git clone -q --bare . ../served.git && git -C ../served.git update-server-info
	cd ..
	/usr/bin/python3 git_server.py >git.port &
	git_pid=$!
	while [ ! -s git.port ]; do sleep 0.05; done
	url=https://localhost:$(cat git.port)/served.git
	export GIT_TERMINAL_PROMPT=0
	recording git.thc env GIT_SSL_CAINFO="$scratch/git.pem" git clone -q "$url" recorded >out 2>err
	equal "git clones while it is recorded" " the commit" \
		"$(cat err) $(git -C recorded log --format=%s)"
	kill "$git_pid"
	wait "$git_pid" 2>/dev/null
	rm -rf served.git
	replaying git.thc git clone -q "$url" replayed >out 2>err
	equal "git clones again from the capture" " the commit" \
		"$(cat err) $(git -C replayed log --format=%s)"
	same "and gets the same files" recorded/numbers replayed/numbers
else
	skip "git clones while it is recorded" "no git with GnuTLS"
fi
