#!/bin/bash
# Redaction by rules of one's own: nothing of fifty planted secrets reaches the disk, and what was
# redacted is replayed.
# shellcheck disable=SC2086 # lists of words
. "$(dirname "$0")/lib.sh"
start_double

cat >rules.json <<'C'
{"rules": [
  {"json": ["/user/secret", "/items/*/token", "/messages/*/content", "/choices/*/delta/content"]},
  {"json": ["/choices/*/message/content", "/asked", "/body"], "action": "mask"},
  {"header": "x-tenant"},
  {"query": ["who", "note"]},
  {"pattern": "plant-[a-z]+-[0-9]{2}"},
  {"pattern": "drop-[0-9]{2}", "action": "drop"},
  {"detect": ["email", "phone", "card", "iban", "key"]}
]}
C
export TRACEHOOK_REDACT=rules.json

# searched NAME FILE…: none of the files holds a secret.
searched() {
	local name=$1 secret found=
	shift
	while read -r secret; do
		grep -aqF -- "$secret" "$@" && found="$found $secret"
	done <secrets
	equal "$name" "" "$found"
}

unpacked() {
	"$top/tests/reader/read_capture.py" unpacked "$1" >"$1.unpacked" ||
		not_ok "$1 can be unpacked for searching"
}

# Every line a secret; some are found by their shape, the others by where they stand.
cat >secrets <<'C'
sk-ant-api03-AAAAbbbbCCCCddddEEEE
AIzaSyB-0000000000aaaaaaaaaaBBBBBBBBBBcc
AKIAQQQQWWWWEEEERRRR
ghp_000011112222333344445555666677778888
xoxb-111122223333-secretsecret
first.person@private.example
+49 171 5550123
4111 1111 1111 1111
DE89 3704 0044 0532 0130 00
C
for n in $(seq 10 50); do echo "plant-here-$n"; done >>secrets
equal "fifty secrets" 50 "$(wc -l <secrets)"

# One request of each kind: all secrets in each body, and in URLs and fields what can stand there.
python3 - <<'C'
import json
from urllib.parse import quote
secrets = open("secrets").read().split("\n")[:-1]
text = " and ".join(secrets)
json.dump({"user": {"secret": "unshaped-1"},
           "items": [{"token": "unshaped-2"}, {"token": 123456789}], "model": "double-1",
           "messages": [{"role": "user", "content": "unshaped-3 " + text}],
           "nested": json.dumps({"k": text}), "escaped": "\u00e9 drop-12"}, open("chat.json", "w"))
json.dump({"model": "double-1", "stream": True,
           "messages": [{"role": "user", "content": text}]}, open("stream.json", "w"))
open("form", "w").write("who=unshaped-4&client_secret=unshaped-5&t=" + quote(text))
B = "----b\r\n"
open("multipart", "w", newline="").write("".join(
    "%sContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n" % (B, name, value)
    for name, value in [("note", "unshaped-6"), ("t", text)]) + "----b--\r\n")
open("text", "w").write(text)
C
printf '%s\n' unshaped-{1,2,3,4,5,6,7,8} 123456789 drop-12 >>secrets

ask="curl -sS -N --max-time 20"
agent() {
	local json='Content-Type: application/json'
	for version in 1.1 2; do
		local ask="$ask --http$version"
		"$@" $ask "$https/v1/models?who=unshaped-7&q=plant-here-10" -H 'X-Tenant: unshaped-8' \
			-H 'X-Other: plant-here-11' -H 'Cookie: a=plant-here-12'
		"$@" $ask "$https/v1/chat/completions" -H "$json" -d @chat.json
		"$@" $ask "$https/v1/chat/completions" -H "$json" -d @stream.json
		"$@" $ask "$https/tools/form" -d @form
		"$@" $ask "$https/tools/multipart" --data-binary @multipart \
			-H 'Content-Type: multipart/form-data; boundary=--b'
		"$@" $ask "$https/tools/text" -H 'Content-Type: text/plain' --data-binary @text
	done
	"$@" $ask "$https/tools/chunked" -H 'Transfer-Encoding: chunked' -H "$json" -d @chat.json
}
agent recording all.thc >all.rec
unpacked all.thc
holds "the search finds what is there" grep -aq /v1/chat/completions all.thc.unpacked
searched "no secret in the capture" all.thc all.thc.unpacked
equal "every exchange says that it is redacted" 13 "$(spans all.thc 'select(.redacted)' | wc -l)"

# A replay of one call gives what was written, and finds the answer though the request is redacted.
for body in chat stream; do
	call() {
		"$@" $ask "$https/v1/chat/completions" -H 'Content-Type: application/json' -d "@$body.json"
	}
	call recording "$body.thc" >"$body.rec"
	call replaying "$body.thc" >"$body.rep"
	equal "$body: the replay's answer is as long as the recorded one" \
		"$(wc -c <"$body.rec")" "$(wc -c <"$body.rep")"
	fails "$body: it is no miss" grep -q tracehook_no_match "$body.rep"
	searched "$body: nor has it a secret" "$body.rep"
done
sed 's/unshaped-1/unshaped-9/' chat.json >other.json
replaying chat.thc $ask "$https/v1/chat/completions" -H 'Content-Type: application/json' \
	-d @other.json >miss
holds "another secret is another request" grep -q tracehook_no_match miss

# The live file, in the middle of a stream.
LD_PRELOAD=$lib TRACEHOOK_CAPTURE=live.thc $ask "$https/t/stall?who=unshaped-7" \
	-H 'X-Tenant: unshaped-8' -d @form >live.out &
pid=$!
while ! grep -q 'event 2' live.out; do sleep 0.05; done
live=$(compgen -G 'live.thc-live*')
holds "there is a live file, with the events that came" grep -aq 'event 2' $live
searched "no secret in it" $live live.thc
kill -9 "$pid"
wait "$pid" 2>/dev/null

# What cannot be looked into is not written, and not replayed.
recording coded.thc $ask "$https/t/gzip" --compressed >coded.rec
equal "a coded body is withheld" 0 "$(spans coded.thc .response_bytes)"
replaying coded.thc $ask "$https/t/gzip" --compressed >coded.rep
holds "and its answer is a miss" grep -q tracehook_no_match coded.rep
echo '{"rules": [{"json": "/a"}], "compressed": "keep"}' >keep.json
TRACEHOOK_REDACT=keep.json recording kept.thc $ask "$https/t/gzip" --compressed >kept.rec
replaying kept.thc $ask "$https/t/gzip" --compressed >kept.rep
same "unless the rules say so" kept.rec kept.rep

# Children have the same rules wherever they are.
mkdir elsewhere
recording child.thc bash -c "cd elsewhere; $ask '$https/v1/models?who=unshaped-7' >/dev/null; true"
equal "a child elsewhere is recorded" 1 "$(spans child.thc | wc -l)"
unpacked child.thc
searched "by the rules" child.thc child.thc.unpacked

# A mistake in the rules never leads to a recording without them.
echo '{"rules": [{"jsonn": "/a"}]}' >bad.json
mkfifo pipe.json # which nobody writes to
for file in bad.json missing.json pipe.json; do
	TRACEHOOK_REDACT=$file exits "$file: the agent runs" 0 \
		recording bad.thc $ask -o /dev/null "$https/t/echo"
	one_line "$file: one line"
	fails "$file: nothing is recorded" test -e bad.thc
done
TRACEHOOK_REDACT=pipe.json exits "the wrapper refuses a pipe" 64 "$tool" record -o bad.thc -- true
TRACEHOOK_REDACT=bad.json exits "the wrapper refuses bad rules" 64 \
	"$tool" record -o bad.thc -- true
TRACEHOOK_REDACT=missing.json exits "and missing ones" 66 "$tool" record -o bad.thc -- true
