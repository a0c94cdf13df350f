#!/bin/bash
# capture/FORMAT.md says enough to write a reader: tests/reader/ is one, written from it alone,
# and it finds what the tool finds, in finished files, in live ones, and after kill -9.
. "$(dirname "$0")/lib.sh"
start_double
reader=$top/tests/reader/read_capture.py

# agree NAME CAPTURE: both readers tell the same of every exchange.
agree() {
	holds "$1: the second reader reads it" "$reader" exchanges "$2"
	"$reader" exchanges "$2" | jq -c '[.method, .target, .response_status]' | sort >second
	spans "$2" '[.method, (.url | sub("^[a-z]+://[^/]*"; "")), .response_status // 0]' | sort >first
	[ -s first ] || not_ok "$1: there are exchanges"
	same "$1: both see the same exchanges" first second
}

recording h1.thc curl -sS --http1.1 "$https/v1/models" "$https/t/gzip" "$https/t/trailers" \
	"$https/t/status/204" -d posted "$https/t/echo" >/dev/null
agree "HTTP/1.1" h1.thc
recording h2.thc curl -sS --http2 "$https/v1/models" "$https/t/trailers" \
	"$https/t/bytes?n=700000" >bytes
agree "HTTP/2" h2.thc
"$reader" exchanges h2.thc | jq -j 'select(.target | contains("bytes")).response_wire' |
	base64 -d >wire
tail -c 700000 bytes >last
same "HTTP/2: the second reader finds the body that curl was given" last wire

recording tree.thc bash -c "curl -sS $https/v1/models & curl -sS $http/v1/models & wait" >/dev/null
recording tree.thc curl -sS "$https/t/cut?how=rst" >/dev/null 2>&1
agree "several writers and runs" tree.thc
equal "each run begins with its RUN frame" 2 \
	"$("$reader" frames tree.thc | jq -r 'select(.type == "RUN").number' | grep -cx 0)"
equal "nothing was lost" "" "$("$reader" frames tree.thc | grep '"LOST"')"

timeout "$limit" "$tool" record -q -o tree.thc -- \
	sh -c "curl -sS $https/v1/models; (curl -sS $http/v1/models)" >/dev/null
exits "verify: of three runs one is sealed" 1 "$tool" verify tree.thc
exits "seal seals the others" 0 "$tool" seal tree.thc
exits "verify: now all are" 0 "$tool" verify tree.thc
"$tool" verify --json tree.thc | jq -r 'select(.kind == "run").seal.hash' | sort >first
holds "the second reader takes the seals for good" "$reader" verify tree.thc
"$reader" verify tree.thc | jq -r .hash | sort >second
same "and computes the same hashes" first second

LD_PRELOAD=$lib TRACEHOOK_CAPTURE=killed.thc curl -sS -N "$https/t/stall?n=3" >killed.out &
pid=$!
while ! grep -q 'event 2' killed.out; do sleep 0.05; done
"$reader" frames killed.thc >alive
holds "a live file can be read while its writer works" grep -q RES_DATA alive
kill -9 "$pid"
wait "$pid" 2>/dev/null
agree "after kill -9" killed.thc
