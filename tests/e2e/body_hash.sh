#!/bin/bash
# With TRACEHOOK_BODY=hash a capture has of each body its size and hash, and not a byte.
. "$(dirname "$0")/lib.sh"
start_double
export TRACEHOOK_BODY=hash

# hashes CAPTURE: what dump says of the bodies of its exchanges.
hashes() {
	spans "$1" '[.request_bytes, .request_body_sha256, .response_bytes, .response_body_sha256,
		.request_body, .response_body, .truncated, .status]'
}
# expected REQUEST RESPONSE: the same of two files; "" for no body.
expected() {
	local sent='0,null' there='""'
	[ -z "$1" ] || sent=$(stat -c %s "$1"),$(digest "$1") there=null
	echo "[$sent,$(stat -c %s "$2"),$(digest "$2"),$there,null,false,\"ok\"]"
}
digest() { echo "\"$(sha256sum <"$1" | cut -c -64)\""; }

head -c 3000 /dev/urandom | base64 -w 0 >sent
for version in 1.1 2; do
	recording "echo$version.thc" curl -sS "--http$version" --data-binary @sent "$https/t/echo" >got
	equal "$version: size and hash of both bodies" "$(expected sent got)" \
		"$(hashes "echo$version.thc")"
	recording "big$version.thc" curl -sS "--http$version" "$https/t/bytes?n=700000" >got
	equal "$version: of one that rules could not look into" "$(expected '' got)" \
		"$(hashes "big$version.thc")"
	recording "gzip$version.thc" curl -sS "--http$version" -H 'accept-encoding: gzip' \
		"$https/t/gzip" >got
	equal "$version: of a coded one as it came" "$(expected '' got)" "$(hashes "gzip$version.thc")"
	recording "trailers$version.thc" curl -sS "--http$version" "$https/t/trailers" >got
	equal "$version: before a trailer" "$(expected '' got)" "$(hashes "trailers$version.thc")"
done
recording close.thc curl -sS "$http/t/until-close" >got
equal "of one that ends with its connection" "$(expected '' got)" "$(hashes close.thc)"
recording cut.thc curl -sS "$http/t/cut?how=fin&framing=length" >got 2>err
equal "of one that was cut: that it was" "$(stat -c %s got) true" \
	"$(spans cut.thc '"\(.response_bytes) \(.truncated)"' | tr -d '"')"

for capture in *.thc; do
	"$top/tests/reader/read_capture.py" unpacked "$capture" >unpacked
	fails "$capture: not a byte of a body" \
		grep -aqE "$(head -c 30 sent)|half of it|until close" unpacked
done
exits "a run is sealed" 0 "$tool" record -o sealed.thc curl -sS -d @sent "$https/t/echo"
holds "the summary says that it cannot be replayed" grep -q 'cannot be replayed' err
exits "and verifies" 0 "$tool" verify sealed.thc
exits "dump" 0 "$tool" dump sealed.thc
holds "says so" grep -q 'not replayable' out
exits "show" 0 "$tool" show sealed.thc '#1'
holds "has size and hash" grep -q "4000 bytes, SHA-256 $(sha256sum <sent | cut -c -64)" out
unset TRACEHOOK_BODY
exits "replay refuses it" 64 "$tool" replay sealed.thc curl -sS "$https/t/echo"
holds "and says why" grep -q 'TRACEHOOK_BODY=hash' err
exits "the preloaded program meets a fence" 7 replaying sealed.thc curl -sS "$https/t/echo"
holds "and is told why" grep -q 'TRACEHOOK_BODY=hash' err
exits "a copy of it keeps the hashes" 0 "$tool" redact sealed.thc copy.thc
equal "as they were" "$(hashes sealed.thc)" "$(hashes copy.thc)"
for format in har otlp curl; do
	exits "export as $format" 0 "$tool" export --format "$format" sealed.thc
done
