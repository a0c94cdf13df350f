#!/bin/bash
# Credentials never reach the disk: not the capture, not the live file beside it, not the log.
# shellcheck disable=SC2086 # lists of words
. "$(dirname "$0")/lib.sh"
start_double

# Each secret is a word that occurs nowhere else.
secrets='planted-bearer-1 planted-xapikey-2 planted-apikey-3 planted-goog-4 planted-cookie-5
planted-proxy-6 planted-query-7 planted-token-8 planted-sig-9 planted-user-10 planted-pass-11
planted-amz-12 planted-authtoken-13 planted-setcookie-14 planted-mcp-15 planted-code-16
planted-text-17 planted-link-18 planted-trailer-19 planted-baggage-20 planted-state-21
planted-sent-22'
cat >secrets.curl <<'C'
header = "Authorization: Bearer planted-bearer-1"
header = "X-Api-Key: planted-xapikey-2"
header = "api-key: planted-apikey-3"
header = "x-goog-api-key: planted-goog-4"
header = "Cookie: session=planted-cookie-5"
header = "Proxy-Authorization: Basic planted-proxy-6"
header = "X-Amz-Security-Token: planted-amz-12"
header = "X-Auth-Token: planted-authtoken-13"
C
ask="curl -sS -N -K secrets.curl"
query='api_key=planted-query-7&access_token=planted-token-8&sig=planted-sig-9&key=planted-query-7'
export TRACEHOOK_LOG="$scratch/log"
userinfo=$(printf 'planted-user-10:planted-pass-11' | base64)

# searched NAME FILE…: none of the files holds a secret, plain, compressed, or base64.
searched() {
	local name=$1 secret found=
	shift
	for secret in $secrets "$userinfo"; do
		grep -aq -- "$secret" "$@" && found="$found $secret"
	done
	equal "$name" "" "$found"
}

# Everything that the file holds, uncompressed, beside it.
unpacked() {
	"$top/tests/reader/read_capture.py" unpacked "$1" >"$1.unpacked" ||
		not_ok "$1 can be unpacked for searching"
}

for version in 1.1 2; do
	name=h$version
	recording "$name.thc" $ask "--http$version" "$https/v1/models?$query" >/dev/null
	recording "$name.thc" curl -sS -o /dev/null "--http$version" -u planted-user-10:planted-pass-11 \
		"$https/t/cookie"
	unpacked "$name.thc"
	holds "$name: the search finds what is there" grep -aq /v1/models "$name.thc.unpacked"
	searched "$name: no secret in the capture" "$name.thc" "$name.thc.unpacked"
	"$tool" dump --json "$name.thc" >"$name.json" 2>&1
	equal "$name: the spans say that something was taken out" true \
		"$(jq 'select(.kind == "exchange" and (.url | contains("models"))).redacted' "$name.json")"
	replaying "$name.thc" curl -sS "--http$version" -u planted-user-10:planted-pass-11 \
		"$https/t/cookie" >out
	holds "$name: a redacted request finds its answer" grep -q '^cookie n' out
done

# What a server gives and the agent hands back: the stand-ins come back in a replay, and match. The
# cookies and session ids are exact unless a rule names them.
echo '{"rules": [{"header": ["set-cookie", "mcp-session-id"]}]}' >cookies.json
for version in 1.1 2; do
	login() { "$@" curl -sSL --max-time 20 "--http$version" -b '' "$https/t/login"; }
	name=login$version
	export TRACEHOOK_REDACT=$PWD/cookies.json
	export BAGGAGE=api_key=planted-baggage-20,user=1 TRACESTATE=token=planted-state-21
	login recording "$name.thc" >"$name.rec"
	unset BAGGAGE TRACESTATE
	equal "$name: the server was asked with the cookie and the code" "session True" \
		"$(tail -n 1 "$name.rec" | cut -d ' ' -f 1,2)"
	unpacked "$name.thc"
	searched "$name: no secret in the capture" "$name.thc" "$name.thc.unpacked"
	login replaying "$name.thc" >"$name.rep"
	unset TRACEHOOK_REDACT
	same "$name: asked with the stand-ins, the answers are found" "$name.rec" "$name.rep"
	equal "$name: a cookie's attributes stay" "; Path=/; HttpOnly" "$(spans "$name.thc" \
		'.response_headers[]? | select(.[0] == "set-cookie" or .[0] == "Set-Cookie")[1]' |
		grep -o '; [^"]*')"
done

# A request's trailers, which libraries rarely send.
recording sent.thc /usr/bin/python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', $DOUBLE_HTTP))
s.sendall(b'POST /t/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
          b'Transfer-Encoding: chunked\r\n\r\n'
          b'2\r\nhi\r\n0\r\nX-Api-Key: planted-sent-22\r\n\r\n')
while s.recv(4096): pass"
unpacked sent.thc
holds "sent: the trailer's name is there" grep -aqi x-api-key sent.thc.unpacked
searched "sent: no secret in a request's trailer" sent.thc sent.thc.unpacked

recording plain.thc $ask "$http/v1/models?$query" >/dev/null
unpacked plain.thc
searched "plain: no secret in the capture" plain.thc plain.thc.unpacked
user=planted-user-10:planted-pass-11
recording proxied.thc curl -sS -o /dev/null --noproxy "" -x "http://$user@127.0.0.1:$DOUBLE_HTTP" \
	"http://$user@model.example.test/v1/models?$query"
unpacked proxied.thc
searched "through a proxy: no secret in the capture" proxied.thc proxied.thc.unpacked

# The live file, while the agent runs, in the middle of an exchange.
LD_PRELOAD=$lib TRACEHOOK_CAPTURE=live.thc $ask "$https/t/stall?$query" >live.out &
pid=$!
while ! grep -q 'event 2' live.out; do sleep 0.05; done
live=$(compgen -G 'live.thc-live*')
holds "there is a live file to search" test -n "$live"
holds "and it has the request" grep -aq /t/stall $live
searched "no secret in the live file" $live live.thc
kill -9 "$pid"
wait "$pid" 2>/dev/null

# A head that arrives in pieces is redacted as a whole.
recording pieces.thc /usr/bin/python3 -c "
import socket, time
s = socket.create_connection(('127.0.0.1', $DOUBLE_HTTP))
for piece in ('GET /v1/models?api_k', 'ey=planted-query-7 HTTP/1.1\r\nHost: x\r\nAuthoriz',
              'ation: Bearer planted-bea', 'rer-1\r\nConnection: close\r\n\r\n'):
    s.sendall(piece.encode()); time.sleep(0.05)
while s.recv(4096): pass"
unpacked pieces.thc
searched "in pieces: no secret in the capture" pieces.thc pieces.thc.unpacked
equal "in pieces: one exchange" 1 "$(spans pieces.thc | wc -l)"

# Equal secrets stay comparable, different ones do not collide.
recording pairs.thc curl -sS -o /dev/null -H 'Authorization: Bearer a-secret' "$http/v1/models" \
	--next -sS -o /dev/null -H 'Authorization: Bearer a-secret' "$http/v1/models" \
	--next -sS -o /dev/null -H 'Authorization: Bearer another' "$http/v1/models"
equal "three requests, two different credentials" 2 "$(spans pairs.thc .request_headers |
	grep -o 'th-redacted:[^"]*' | sort -u | wc -l)"

[ ! -e log ] || searched "no secret in TRACEHOOK_LOG" log
