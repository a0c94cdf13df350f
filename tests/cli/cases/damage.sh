# Whatever is done to a capture, the tool ends with an exit code of its own and says one line per
# damaged place.
mk all-kinds good.thc
mk two-runs two.thc
size=$(stat -c %s two.thc)
check() {
	for command in "dump $1" "dump --json $1" "show $1 1"; do
		timeout 20 "$tool" $command >out 2>err
		code=$?
		case $code in
		0 | 65 | 66) ;;
		*) echo "$2: $command: exit $code" ;;
		esac
		if [ $code -ne 0 ] && ! grep -q '^tracehook: ' err; then
			echo "$2: $command: nothing said"
		fi
		if grep -v '^tracehook: ' err; then
			echo "$2: $command: strange words"
		fi
	done
}
for cut in $(seq 0 37 "$size"); do
	head -c "$cut" two.thc >cut.thc
	check cut.thc "cut at $cut"
done
/usr/bin/python3 - <<'P'
import random
random.seed(7)
good = open("good.thc", "rb").read()
for n in range(30):
    bad = bytearray(good)
    for _ in range(1 + n % 4):
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
    open("flip%d.thc" % n, "wb").write(bad)
open("random.thc", "wb").write(random.randbytes(3000))
open("tail.thc", "wb").write(good[:64] + random.randbytes(3000))
open("middle.thc", "wb").write(good[:200] + random.randbytes(300) + good[200:])
P
for file in flip*.thc random.thc tail.thc middle.thc; do check "$file" "$file"; done
head -c $((size - 5)) two.thc >tail.thc
tracehook dump --json tail.thc 2>err | jq -r 'select(.kind == "exchange").url'
says tracehook dump tail.thc | tail -n 2
