#!/bin/bash
# tracehook dump and show on a capture made by hand (make_capture.c): what is in the file is told.
. "$(dirname "$0")/../e2e/lib.sh"
holds "a capture can be made" "$build/tests/cli/make_capture" "$scratch/run.thc"
export COLUMNS=100 NO_COLOR=1

exits "dump --json" 0 "$tool" dump --json run.thc
cp out dump.json
# told WHAT EXPECTED FILTER: of the exchanges in order.
told() {
	equal "$1" "$2" "$(jq -c "select(.kind == \"exchange\") | $3" dump.json | tr '\n' ' ' |
		sed 's/ $//')"
}
told "methods" '"POST" "POST" "GET" "GET" "GET"' .method
told "status" '200 200 200 200 200' .response_status
equal "the authority comes from SNI and Host" "model.example.test" \
	"$(jq -r 'select(.kind == "exchange").host | sub(":443$"; "")' dump.json | sort -u)"
told "bodies are decoded" '"compressed text, compressed text, compressed text\n"' \
	'select(.url | endswith("/compressed")).response_body'
told "what is not text is base64" 256 \
	'select(.url | contains("/binary")).response_bytes'
equal "and the same bytes" "$(printf '%02x' $(seq 0 255))" "$(jq -r '
	select(.url // "" | contains("/binary")).response_body_base64' dump.json | base64 -d |
	od -An -v -tx1 | tr -d ' \n')"
told "chunk framing is taken off" '["one","two","three"]' \
	'select(.request_body // "" | contains("stream")).response_body |
	[scan("data: (.*)\n") | .[0] | fromjson.word]'
told "the cut one is marked" true 'select(.url | endswith("/cut")).truncated'
told "and says so in its status" true 'select(.url | endswith("/cut")).status | . != "ok"'
told "redaction is marked" 'true true true' 'select(.redacted).redacted'
equal "no secret is shown" "" "$(grep -o 'sk-secret\|secret-key' dump.json)"
equal "a process, and the run's meta on it" 1 "$(jq -c 'select(.kind == "process").name' dump.json |
	wc -l)"
equal "each line has what DESIGN 1.3 asks of every span" "" "$(jq -r '
	. as $span |
	["trace_id", "span_id", "kind", "name", "start_unix_nano", "duration_ns", "status"][] |
	select(. as $key | $span | has($key) | not)' dump.json | sort -u)"

exits "dump as a table" 0 "$tool" dump run.thc
holds "fits the terminal" test "$(wc -L <out)" -le 100
holds "and names the endpoint" grep -q /v1/chat/completions out
exits "a narrow terminal" 0 env COLUMNS=40 "$tool" dump run.thc
holds "fits as well" test "$(wc -L <out)" -le 40

exits "show" 0 "$tool" show run.thc '#2'
for word in one two three; do holds "show tells event \"$word\"" grep -q "$word" out; done
holds "show pretty-prints the request" grep -q '^ *"model": "m"' out
span=$(jq -r 'select(.kind == "exchange" and (.url | endswith("/cut"))).span_id' dump.json)
exits "show by a prefix of the id" 0 "$tool" show run.thc "${span:0:8}"
holds "says that the answer was cut" grep -qiE 'cut|reset|truncated' out
exits "show of a span that is not there" 66 "$tool" show run.thc '#99'

"$build/tests/cli/make_capture" "$scratch/run.thc"
equal "a second run is appended" 10 "$(spans run.thc | wc -l)"
equal "as a run of its own" 2 "$(spans run.thc .trace_id | sort -u | wc -l)"
