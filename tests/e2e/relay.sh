#!/bin/bash
# Programs whose TLS cannot be tapped (a static OpenSSL without symbols): through the relay.
. "$(dirname "$0")/lib.sh"
[ -x "$build/tests/hosts/https_get_static" ] || skip_all "there is no static OpenSSL here"
start_double
export TMPDIR=$scratch # where the relay's directory goes
cp "$build/tests/hosts/https_get_static" client && strip client

# ---- recorded and replayed ----

exits "recorded: all of it was seen" 0 "$tool" record --require-coverage -o r.thc -- \
	./client localhost "$DOUBLE_HTTPS" /v1/models /t/status/404 /t/echo
cp out r.rec
equal "and said so: three exchanges" 3 "$(spans r.thc | wc -l)"
equal "with their answers" "200 404 200" "$(spans r.thc .response_status | xargs)"
equal "in the name of the program" client \
	"$("$tool" dump --json r.thc | jq -r 'select(.kind == "process") | .name' | xargs)"
holds "the capture is whole and sealed" "$tool" verify r.thc
equal "nothing is left behind" "" "$(ls -d "$scratch"/tracehook-* 2>/dev/null)"
exits "replayed, with no word said of another lane" 0 "$tool" replay --strict r.thc -- \
	./client localhost "$DOUBLE_HTTPS" /v1/models /t/status/404 /t/echo
same "as it was recorded" r.rec out
equal "the independent reader reads it" 3 \
	"$("$top/tests/reader/read_capture.py" exchanges r.thc | wc -l)"

recording e.thc ./client localhost "$DOUBLE_HTTPS" /v1/models >e.rec 2>e.err
equal "by the environment alone: nothing on stderr" "" "$(cat e.err)"
replaying e.thc ./client localhost "$DOUBLE_HTTPS" /v1/models >e.rep 2>&1
same "and replayed" e.rec e.rep

TRACEHOOK_BODY='hash' recording h.thc ./client localhost "$DOUBLE_HTTPS" /v1/models >h.rec
holds "only the hash of a body is kept" \
	test "$(spans h.thc '.response_body == null and (.response_body_sha256 | length == 64)')" = true
(umask 077 && head -c 32 /dev/urandom >key)
TRACEHOOK_KEY_FILE=$scratch/key recording k.thc ./client localhost "$DOUBLE_HTTPS" /v1/models >k.rec
exits "a capture is encrypted with the agent's key" 64 "$tool" dump k.thc
equal "and holds what was relayed" 1 "$(TRACEHOOK_KEY_FILE=$scratch/key spans k.thc | wc -l)"

# ---- certificates ----

# refused_again WHAT WORDS ARGUMENT…: the client fails by itself, recorded, and replayed alike.
refused_again() {
	case=$1 words=$2
	shift 2
	./client "$@" >direct 2>&1
	holds "$case: refused" grep -q "^no handshake: $words" direct
	exits "$case: refused when recorded" 1 "$tool" record -o refused.thc -- ./client "$@"
	same "$case: with the same words" direct out
	exits "$case: refused when replayed" 1 "$tool" replay --strict refused.thc -- ./client "$@"
	same "$case: with the same words" direct out
}
unset SSL_CERT_FILE
refused_again "a server that is not trusted" "unable to get local issuer" \
	localhost "$DOUBLE_HTTPS" /v1/models
export SSL_CERT_FILE=$DOUBLE_CA
export HTTPS_GET_NAME=other.example
refused_again "a server of another name" "hostname mismatch" localhost "$DOUBLE_HTTPS" /v1/models
unset HTTPS_GET_NAME

# A client with roots of its own, which no variable reaches: ours is refused, and that is said.
export HTTPS_GET_CA=$DOUBLE_CA
exits "roots of its own: the connection that failed by us is said" 98 "$tool" record \
	--require-coverage -o own.thc -- ./client localhost "$DOUBLE_HTTPS" /v1/models /v1/models
equal "roots of its own: the second is let go past us" "1 1" \
	"$(grep -c '^no handshake' out) $(grep -c 'HTTP/1.[01] 200' out)"
equal "roots of its own: each is said" 2 "$(grep -c 'not recorded: a connection to localhost' err)"
fails "roots of its own: nothing of that is replayed" "$tool" replay own.thc -- \
	./client localhost "$DOUBLE_HTTPS" /v1/models /v1/models
unset SSL_CERT_FILE
exits "roots that only the program has: it is not disturbed, and not recorded" 98 "$tool" record \
	--require-coverage -o own.thc -- ./client localhost "$DOUBLE_HTTPS" /v1/models
holds "roots that only the program has: it got its answer" grep -q 'HTTP/1.[01] 200' out
holds "roots that only the program has: that is said" \
	grep -q 'not recorded: a connection to localhost' err
fails "roots that only the program has: nothing of that is replayed" "$tool" replay own.thc -- \
	./client localhost "$DOUBLE_HTTPS" /v1/models
unset HTTPS_GET_CA
export SSL_CERT_FILE=$DOUBLE_CA

# ---- what is not relayed is not disturbed ----

# One that holds the name of no variable: nothing could make it trust us.
sed 's/SSL_CERT_FILE/NO_SUCH_NAMES/; s/SSL_CERT_DIR/NO_SUCH_NAME/' client >untold && chmod +x untold
export NO_SUCH_NAMES=$DOUBLE_CA
exits "a program that cannot be told whom to trust meets the server itself" 98 "$tool" record \
	--require-coverage -o untold.thc -- ./untold localhost "$DOUBLE_HTTPS" /v1/models
holds "and has its answer" grep -q 'HTTP/1.[01] 200' out
unset NO_SUCH_NAMES

exits "a program that can be tapped is, and sees the server itself" 0 "$tool" record \
	-o curl.thc -- curl -sv "$https/v1/models"
holds "by its own certificate" grep -q 'issuer: CN=tracehook model double CA' err

# A child that needs no relay finds its environment as the user had set it.
unset NODE_EXTRA_CA_CERTS
show='!echo "$SSL_CERT_FILE,${NODE_EXTRA_CA_CERTS-none}"'
exits "a child of such a program is run" 0 "$tool" record -o child.thc -- ./client localhost \
	"$DOUBLE_HTTPS" "$show" /v1/models
equal "with the user's variables" "$DOUBLE_CA,none" "$(head -n 1 out)"
exits "in a replay, too" 0 "$tool" replay child.thc -- ./client localhost "$DOUBLE_HTTPS" "$show" \
	/v1/models
equal "with the user's variables" "$DOUBLE_CA,none" "$(head -n 1 out)"

# ---- without a relay ----

# The relay and its workers carry the directory among their arguments.
cat >end_relay <<'P'
for p in /proc/[0-9]*/cmdline; do
	tr "\0" " " <"$p" 2>/dev/null | grep -q "tracehook relay .*$1/tracehook-" || continue
	p=${p#/proc/} && kill -9 "${p%/cmdline}"
done
true
P
exits "the relay is killed: the program goes on" 0 "$tool" record -o killed.thc -- \
	./client localhost "$DOUBLE_HTTPS" /v1/models "!sh end_relay $scratch" /v1/models
equal "by itself" 2 "$(grep -c 'HTTP/1.[01] 200' out)"
equal "what was recorded is kept" 1 "$(spans killed.thc | wc -l)"
holds "and what was not is said" grep -q 'not recorded: a connection to localhost' err
exits "coverage is not whole then" 98 "$tool" record --require-coverage -o killed.thc -- \
	./client localhost "$DOUBLE_HTTPS" /v1/models "!sh end_relay $scratch" /v1/models

# ---- what is kept out of it ----

# asked CAPTURE: a program with secrets in its URL and in what it is answered.
asked() {
	recording "$1" ./client localhost "$DOUBLE_HTTPS" \
		"/t/echo?api_key=planted-by-default&who=planted-by-name&note=planted-by-shape-77"
	"$top/tests/reader/read_capture.py" unpacked "$1" >"$1.unpacked"
}
echo '{"rules": [{"query": "who"}, {"pattern": "planted-by-[a-z]+(-[0-9]{2})?"}]}' >rules.json
TRACEHOOK_REDACT=off asked off.thc >off.rec
equal "without redaction all of it is there" 3 \
	"$(grep -aoE 'planted-by-(default|name|shape)' off.thc.unpacked | sort -u | wc -l)"
asked on.thc >on.rec
fails "by default a credential is not in the request" \
	grep -aq 'GET /t/echo?api_key=p' on.thc.unpacked
TRACEHOOK_REDACT=$scratch/rules.json asked rules.thc >rules.rec
fails "by rules nothing that they name is there" grep -aqE 'planted-by-(default|name|shape)' \
	rules.thc.unpacked
holds "the program had what it had" grep -q planted-by-shape rules.rec
holds "spans say that they are redacted" test "$(spans rules.thc .redacted)" = true
exits "what was redacted is replayed" 0 "$tool" replay --strict rules.thc -- ./client localhost \
	"$DOUBLE_HTTPS" "/t/echo?api_key=another&who=planted-by-name&note=planted-by-shape-77"
