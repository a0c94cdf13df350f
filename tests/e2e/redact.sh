#!/bin/bash
# tracehook redact: a capture that was recorded as it was, credentials and all, has a copy that may
# be handed on: no secret is in it, in no form, and it is replayed like the original.
. "$(dirname "$0")/lib.sh"
start_double

secrets='planted-bearer-1 planted-cookie-2 planted-query-3 planted-user-4 planted-trailer-5
planted-meta-6 planted-setcookie-14'
query='api_key=planted-query-3&n=1'

# searched WHAT FILE: it holds no secret, plain or compressed.
searched() {
	local secret found=
	"$top/tests/reader/read_capture.py" unpacked "$2" >"$2.unpacked" || {
		not_ok "$1: unpacked"
		return
	}
	for secret in $secrets; do
		grep -aq -- "$secret" "$2" "$2.unpacked" && found="$found $secret"
	done
	equal "$1" "" "$found"
}

plainly() { TRACEHOOK_REDACT=off recording "$@"; }
redacting() { exits "$1: a copy is made" 0 "$tool" redact "${@:2}"; }

for version in 1.1 2; do
	name=h$version
	ask() {
		"$@" curl -sS -N "--http$version" -H 'Authorization: Bearer planted-bearer-1' \
			-H 'Cookie: session=planted-cookie-2' "$https/v1/models?$query"
	}
	TRACEHOOK_META=token=planted-meta-6 ask plainly "$name.thc" >rec
	holds "$name: the search would find a secret" grep -aq planted-bearer-1 \
		<("$top/tests/reader/read_capture.py" unpacked "$name.thc")
	redacting "$name" "$name.thc" "$name.copy"
	searched "$name: no secret in the copy" "$name.copy"
	ask replaying "$name.copy" >rep
	same "$name: the copy is replayed" rec rep
	equal "$name: the span says that it is redacted" true \
		"$(spans "$name.copy" .redacted | sort -u)"
	exits "$name: the copy is sealed" 0 "$tool" verify "$name.copy"
	holds "$name: the run says what it is" grep -q 'tracehook.redacted=copy' "$name.copy.unpacked"
done

# A cookie that the server gives, redirects, and what the agent hands back.
login() { "$@" curl -sSL --max-time 20 -b '' "$https/t/login"; }
login plainly login.thc >rec
redacting login login.thc login.copy
login replaying login.copy >rep
same "a server's cookies match as stand-ins" rec rep

# A trailer behind the last chunk; what is in front of it stays byte for byte.
plainly sent.thc /usr/bin/python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', $DOUBLE_HTTP))
s.sendall(b'POST /t/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
          b'Transfer-Encoding: chunked\r\n\r\n'
          b'2\r\nhi\r\n0\r\nX-Api-Key: planted-trailer-5\r\n\r\n')
while s.recv(4096): pass"
redacting trailer sent.thc sent.copy
searched "trailer: no secret in the copy" sent.copy
equal "trailer: the body is there" '"hi"' "$(spans sent.copy .request_body)"

# Rules, also for bodies; a replay asks in the same words.
cat >rules.json <<'R'
{"rules": [{"json": ["/messages/*/content", "/choices/*/message/content"]}, {"detect": "email"}]}
R
secrets="$secrets planted-text-7 planted@example.test"
body='{"model": "double-1", "user": "planted@example.test",
	"messages": [{"role": "user", "content": "planted-text-7"}]}'
chat() {
	"$@" curl -sS "$http/v1/chat/completions" -H 'Content-Type: application/json' -d "$body"
}
chat plainly chat.thc >rec
redacting rules --rules rules.json chat.thc chat.copy
searched "rules: no secret in the copy" chat.copy
exits "rules: the copy is replayed" 0 chat replaying chat.copy
holds "rules: with an answer" grep -q choices out
exits "rules are not laid over rules" 64 "$tool" redact --rules rules.json chat.copy twice.copy

# What cannot be.
exits "a copy that exists is left alone" 64 "$tool" redact h1.1.thc h2.copy
one_line "in one line"
exits "no capture: no copy" 66 "$tool" redact none.thc none.copy
fails "none is made" test -e none.copy
size=$(stat -c %s h1.1.thc)
head -c $((size - 200)) h1.1.thc >torn.thc
exits "of a torn file, what could be read" 65 "$tool" redact torn.thc torn.copy
searched "torn: no secret in the copy" torn.copy

# Encrypted.
(umask 077 && head -c 32 /dev/urandom >key)
TRACEHOOK_KEY_FILE=$PWD/key
export TRACEHOOK_KEY_FILE
ask plainly locked.thc >rec
redacting encrypted locked.thc locked.copy
ask replaying locked.copy >rep
same "encrypted: the copy is replayed" rec rep
fails "encrypted: the secret is not shown" grep -q planted <("$tool" dump --json locked.copy)
unset TRACEHOOK_KEY_FILE
exits "encrypted: not without the key" 64 "$tool" redact locked.thc unlocked.copy

exit 0
