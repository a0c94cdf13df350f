#!/bin/bash
# The tool under valgrind, on good files and on files broken in many ways: no error, no leak, and
# an exit code of its own.
. "$(dirname "$0")/lib.sh"
start_double

recording good.thc curl -sS --http1.1 "$https/v1/models" "$https/t/gzip" "$https/t/trailers" \
	"$https/t/cut?how=rst" >/dev/null 2>&1
recording good.thc curl -sS --http2 "$https/v1/models" "$https/t/bytes?n=100000" \
	"$https/t/echo" "$https/t/trailers" >/dev/null
recording good.thc curl -sS -N -o /dev/null "$http/v1/chat/completions" \
	-d '{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}'
size=$(stat -c %s good.thc)

clean() {
	local what=$1
	shift
	"$top/script/under-valgrind" "$tool" "$@" >out 2>err
	case $? in
	0 | 65 | 66) ok "$what" ;;
	*) not_ok "$what" "$(tail -n 30 err)" ;;
	esac
}

clean "dump" dump good.thc
clean "dump --json" dump --json good.thc
for number in 1 2 4 5 9; do clean "show #$number" show good.thc "#$number"; done
clean "show --raw" show --raw good.thc "#1"
for part in 0 1 5 8 9; do
	head -c $((size * part / 9)) good.thc >cut.thc
	clean "dump of the first $part ninths" dump --json cut.thc
done
/usr/bin/python3 - <<'P'
import random
good = open("good.thc", "rb").read()
random.seed(1)
for number in range(6):
    bad = bytearray(good)
    for _ in range(3):
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
    open("flip%d.thc" % number, "wb").write(bad)
open("random.thc", "wb").write(random.randbytes(5000))
open("random2.thc", "wb").write(good[:64] + random.randbytes(5000))
open("twice.thc", "wb").write(good + good)
P
for name in flip0 flip1 flip2 flip3 flip4 flip5 random random2 twice; do
	clean "dump of $name" dump --json "$name.thc"
done
