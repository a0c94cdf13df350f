#!/bin/bash
# How an exchange may end badly, for curl (HTTP/1.1 and 2), Python and wget: exit code, message and
# the bytes before it are the same in a replay, and the capture says what it was. Elsewhere: TLS
# failures (tls_failures), cuts of curl's and a stream that is reset (curl).
. "$(dirname "$0")/lib.sh"
command -v wget >/dev/null || skip_all "no wget"
start_double
echo "ca_certificate = $DOUBLE_CA" >wgetrc
export WGETRC=$scratch/wgetrc

cat >ask.py <<'P'
import sys, urllib.request
leave, got = sys.argv[1] == "--leave", b""
try:
    with urllib.request.urlopen(sys.argv[-1], timeout=2) as answer:
        while piece := answer.read(1000) if leave else answer.read1(65536):
            got += piece
            if leave:
                break
except Exception as error:
    print(type(error), error)
print(len(got), got)
P
declare -A agents=(
	[curl]="curl -sS --http1.1 -N -m 2"
	[curl2]="curl -sS --http2 -N -m 2"
	[python]="/usr/bin/python3 ask.py"
	[leaver]="/usr/bin/python3 ask.py --leave"
	[wget]="wget -nv -t 1 -T 2 -O-"
)

# Milliseconds and dates are of the day.
timeless() {
	sed -i -E 's/after [0-9]+ (ms|milliseconds)/after N \1/
		s/^[0-9-]+ [0-9:]+ (URL|ERROR)/\1/; s/[0-9-]+ [0-9:]+ \([0-9.]+ .?B\/s\) -/-/' "$@"
}
record_end() { # NAME CLIENT URL
	# shellcheck disable=SC2086 # words
	recording "$1.thc" ${agents[$2]} "$3" >"$1.rec" 2>"$1.rec.err"
	echo "exit code $?" >>"$1.rec.err"
	# shellcheck disable=SC2086
	replaying "$1.thc" ${agents[$2]} "$3" >"$1.rep" 2>"$1.rep.err"
	echo "exit code $?" >>"$1.rep.err"
}
jobs=()
ends() { # END URL CLIENT…: side by side, since a stall costs each its patience
	local client
	for client in "${@:3}"; do
		record_end "$client-$1" "$client" "$2" &
		jobs+=($!)
	done
}
ended() { # END OUTCOME CLIENT…
	local name client
	for client in "${@:3}"; do
		name=$client-$1
		timeless "$name.rec.err" "$name.rep.err"
		same "$name: the bytes before it" "$name.rec" "$name.rep"
		same "$name: exit code and message" "$name.rec.err" "$name.rep.err"
		equal "$name: the capture says what it was" 1 \
			"$("$tool" dump --json "$name.thc" | grep -c "$2")"
	done
}
gave_up='the program gave it up","event_type":"[A-Z_]*".*"response_end":"local"'
closed='the peer closed the connection early'

ends stall "$https/t/stall?n=2" curl curl2 python wget
ends stall-plain "$http/t/stall?n=1" python
ends silence "$https/t/cut?how=never&framing=head" curl wget
ends refused https://127.0.0.1:1/ curl python wget
ends nowhere http://nowhere.invalid/ curl python wget
wait "${jobs[@]:7}"
for how in fin rst notify; do
	ends "$how" "$https/t/cut?how=$how" python wget
done
ends goaway "$https/t/cut?how=goaway" curl2
for code in 0 7 8; do # NO_ERROR, REFUSED_STREAM, CANCEL (RFC 9113, section 7)
	ends "stream-$code" "$https/t/cut?how=rst$code" curl2
done
ends left "$https/t/bytes?n=3000000" leaver
wait "${jobs[@]}"

ended stall "$gave_up" curl curl2 python wget
equal "curl-stall: 70 bytes before it" 1 "$(grep -c 'with 70 bytes' curl-stall.rep.err)"
ended stall-plain "$gave_up" python
ended silence "$gave_up" curl wget
ended refused "Connection refused" curl python wget
ended nowhere '"kind":"lookup","name":"nowhere.invalid"' curl python wget
ended fin "$closed.*\"response_end\":\"fin\"" python wget
ended rst 'the connection was reset.*"response_end":"reset"' python wget
ended notify "$closed.*\"response_end\":\"notify\"" python wget
ended goaway "$closed" curl2
ended left "$gave_up" leaver
ended stream-0 '"response_end":"stream_reset"' curl2
for code in 7 8; do
	ended "stream-$code" "\"response_end\":\"stream_reset\",\"response_end_code\":$code," curl2
done
holds "a stream's error code is told" grep -q 'CANCEL (err 8)' curl2-stream-8.rep.err
