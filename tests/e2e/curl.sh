#!/bin/bash
# curl over TLS, HTTP/1.1 and HTTP/2: recorded beside the double, replayed without a network.
. "$(dirname "$0")/lib.sh"
start_double

chat='{"model":"double-1","messages":[{"role":"user","content":"hello"}]}'
stream='{"model":"double-1","stream":true,"messages":[{"role":"user","content":"hello"}]}'
printf '{"model":"double-1","messages":[{"role":"user","content":"%060000d"}]}' 7 >long.json

for version in 1.1 2; do
	get() {
		local name=$1 path=$2
		shift 2
		record_and_replay "h$version $name" curl -sS -m 10 "--http$version" "$@" "$https$path"
	}
	get get /v1/models
	get headers /t/echo -i -H 'X-Agent: one' -H 'X-Agent: two'
	get post /v1/chat/completions -H 'Content-Type: application/json' -d "$chat"
	get stream /v1/chat/completions -N -H 'Content-Type: application/json' -d "$stream"
	get upload /v1/chat/completions -H 'Expect: 100-continue' -d @long.json
	get chunked-upload /v1/chat/completions -H 'Transfer-Encoding: chunked' -T long.json -X POST
	get head /v1/models -I
	get 204 /t/status/204 -i
	get 500 /t/status/500 -i
	get gzip /t/gzip --compressed
	get gzip-as-sent /t/gzip -H 'Accept-Encoding: gzip' --output -
	get trailers /t/trailers -i
	get early-hints /t/early-hints -i
	get redirect /t/redirect -L
	get large '/t/bytes?n=3000000'
	get cookie /t/cookie -b '' -c jar "$https/t/cookie"
	for how in fin rst notify; do
		get "cut-$how" "/t/cut?how=$how"
		get "cut-chunked-$how" "/t/cut?how=$how&framing=chunked"
		get "cut-head-$how" "/t/cut?how=$how&framing=head"
	done
	equal "h$version: the capture says the version" "$version" \
		"$(spans "h$version get.thc" .http_version | tr -d '"' | sed 's/^HTTP\///')"
done

# One connection, many requests; and many connections at once.
urls=
for number in 1 2 3 4 5 6; do urls="$urls $https/t/echo?number=$number"; done
record_and_replay "keep-alive" curl -sS $urls
equal "keep-alive: six exchanges" 6 "$(spans keep-alive.thc | wc -l)"
record_and_replay "the same request four times" curl -sS \
	"$https/v1/models" "$https/v1/models" "$https/v1/models" "$https/v1/models"
equal "asked again, answered anew" 4 "$(tr '}' '\n' <"the same request four times.rep" |
	grep -o 'n[0-9]\{5\}-[0-9a-f]*' | sort -u | wc -l)"
mkdir parallel.rec parallel.rep
fetch_parallel() {
	seq 1 8 | sed "s|.*|url = \"$https/t/echo?parallel=&\"\noutput = \"$1/&\"|" >"$1/config"
	"${@:2}" curl -sS --no-progress-meter --parallel "--http$version" -K "$1/config"
}
for version in 1.1 2; do
	fetch_parallel parallel.rec recording "parallel$version.thc"
	fetch_parallel parallel.rep replaying "parallel$version.thc"
	for number in 1 2 3 4 5 6 7 8; do cmp parallel.rec/$number parallel.rep/$number; done \
		>parallel.diff 2>&1
	equal "h$version: eight at once come back alike" "" "$(cat parallel.diff)"
done
