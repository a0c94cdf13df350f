# What a span costs: the workloads of bench/ (their text compresses as real text does), written by
# the real writer. Budgets in bytes per span; the file as it is after `tracehook seal`.
bench=$cases/../../../bench
mkcalls=$(dirname "$mkcapture")/mkcalls

# size KIND COUNT: bytes of the sealed capture of the first COUNT calls.
size() {
	rm -f "$1-$2.thc"
	"$mkcalls" "$PWD/$1-$2.thc" "$2" <"$1.calls" && tracehook seal "$1-$2.thc" >/dev/null &&
		stat -c %s "$1-$2.thc"
}

# within WHAT LIMIT BYTES CALLS
within() {
	if [ "$3" -gt 0 ] && [ "$3" -le $(($2 * $4)) ]; then
		echo "$1: at most $2 bytes per call"
	else
		echo "$1: $(($3 / $4)) bytes per call, not $2"
	fi
}

# kind KIND CALLS LIMIT LIMIT-OF-ARCHIVE
kind() {
	within "$1" "$3" "$(size "$1" "$2")" "$2"
	tracehook compact -q "$1-$2.thc" "$1-$2.archive"
	within "$1, archive" "$4" "$(stat -c %s "$1-$2.archive")" "$2"
	tracehook verify "$1-$2.archive" >/dev/null && echo "$1, archive: verified"
}

python3 -B "$bench/workload_make.py" json 800 >json.calls
python3 -B "$bench/workload_make.py" chat 240 >chat.calls
python3 -B "$bench/workload_make.py" conversation 240 >conversation.calls
kind json 800 450 380
kind chat 240 2050 1600
kind conversation 60 1050 900

# A turn late in a conversation costs what one early on does, though it resends 12 times as much,
# and though the conversation has become longer than a block.
early=$(($(size conversation 20) - $(size conversation 10)))
late=$(($(size conversation 60) - $(size conversation 40)))
last=$(($(size conversation 240) - $(size conversation 200)))
[ $((late * 10 * 10)) -le $((early * 11 * 20)) ] && echo "turns 41 to 60: at most 1.1 times turns 11 to 20"
[ $((last * 10 * 10)) -le $((early * 11 * 40)) ] && echo "turns 201 to 240: the same"

# Encrypted, where pieces of it are folded one by one.
(umask 077 && head -c 32 /dev/urandom >key)
export TRACEHOOK_KEY_FILE=$PWD/key
for count in 60 240; do
	"$mkcalls" "$PWD/secret-$count.thc" "$count" "$PWD/key" <conversation.calls
	tracehook seal "secret-$count.thc" >/dev/null
done
within "conversation of 60 turns, encrypted" 1050 "$(stat -c %s secret-60.thc)" 60
within "conversation of 240 turns, encrypted" 1200 "$(stat -c %s secret-240.thc)" 240
