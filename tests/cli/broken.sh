#!/bin/bash
# The tool on broken files: an exit code of its own, a line that says what is wrong, nothing worse.
# Runs in the sanitizer build as well, where any fault is seen.
. "$(dirname "$0")/../e2e/lib.sh"
holds "a capture can be made" "$build/tests/cli/make_capture" "$scratch/good.thc"
size=$(stat -c %s good.thc)

# survives WHAT COMMAND…
survives() {
	local what=$1 code
	shift
	timeout 20 "$@" >out 2>err
	code=$?
	case $code in
	0 | 65 | 66) ;;
	*) not_ok "$what" "exit code $code; $(tail -n 20 err)"; return ;;
	esac
	if grep -qE 'Sanitizer|runtime error' err; then
		not_ok "$what" "$(head -n 30 err)"
	else
		ok "$what"
	fi
}

for ((length = 0; length < size; length += size / 40 + 1)); do
	head -c "$length" good.thc >cut.thc
	survives "the first $length bytes" "$tool" dump --json cut.thc
done
exits "a cut file is damage" 65 "$tool" dump cut.thc

/usr/bin/python3 - <<'P'
import random
good = open("good.thc", "rb").read()
random.seed(7)
for number in range(40):
    bad = bytearray(good)
    for _ in range(random.choice((1, 1, 2, 8))):
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
    open("flip.%d" % number, "wb").write(bad)
for number in range(5):
    open("random.%d" % number, "wb").write(good[:64 * (number % 2)] + random.randbytes(3000))
cut = good[64:]
open("twice.0", "wb").write(good + cut)
open("glued.0", "wb").write(good + good)
P
for file in flip.* random.* twice.* glued.*; do
	survives "$file: dump" "$tool" dump "$file"
	survives "$file: dump --json" "$tool" dump --json "$file"
	survives "$file: show" "$tool" show "$file" '#1'
done
exits "one flipped bit is damage" 65 "$tool" dump flip.0
exits "random bytes are no capture" 65 "$tool" dump random.0
exits "the same blocks twice are shown once" 0 "$tool" dump --json twice.0
equal "five exchanges" 5 "$(jq -c 'select(.kind == "exchange")' out | wc -l)"
