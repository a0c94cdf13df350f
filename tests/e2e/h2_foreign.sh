#!/bin/bash
# HTTP/2 as another server speaks it: nghttpx in front of the double (its HPACK, its windows, its
# frames of 16 KiB, not ours).
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
command -v nghttpx >/dev/null || skip_all "nghttpx is not installed"
start_double

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem \
	-out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
export SSL_CERT_FILE=$scratch/cert.pem

# Another test may take the free port before nghttpx does; then it ends.
start_proxy() {
	port=$(/usr/bin/python3 -c '
import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	nghttpx --no-http2-cipher-block-list --workers=1 "--frontend=127.0.0.1,$port" \
		"--backend=127.0.0.1,$DOUBLE_HTTP" --errorlog-file=nghttpx.log \
		--accesslog-file=/dev/null key.pem cert.pem &
	proxy=$!
	base=https://localhost:$port
	while kill -0 "$proxy" 2>/dev/null; do
		curl -sS -o /dev/null "$base/v1/models" 2>/dev/null && return
		sleep 0.1
	done
	return 1
}
trap 'kill $proxy 2>/dev/null; finish' EXIT
start_proxy || start_proxy || start_proxy || {
	not_ok "nghttpx starts" "$(cat nghttpx.log)"
	exit 1
}

record_and_replay get curl -sS --http2 "$base/v1/models"
record_and_replay large curl -sS --http2 "$base/t/bytes?n=2000000"
record_and_replay stream curl -sS -N --http2 "$base/v1/chat/completions" \
	-d '{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}'
urls=
for number in $(seq 1 20); do urls="$urls $base/t/echo?number=$number"; done
# shellcheck disable=SC2086 # a list
record_and_replay twenty curl -sS --http2 -H 'X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' $urls
equal "twenty exchanges" 20 "$(spans twenty.thc | wc -l)"
equal "all of them HTTP/2" 1 "$(spans twenty.thc .http_version | sort -u | grep -c 2)"
head -c 300000 /dev/zero | tr '\0' x >upload
record_and_replay upload curl -sS --http2 --data-binary @upload "$base/t/echo" -o uploaded
equal "the whole request body is there" 300000 "$(spans upload.thc .request_bytes)"
