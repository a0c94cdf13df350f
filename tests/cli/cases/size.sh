# What a span costs: the workloads of bench/ (their text compresses as real text does), written by
# the real writer. Budgets in bytes per span; the file as it is after `tracehook seal`.
bench=$cases/../../../bench
mkcalls=$(dirname "$mkcapture")/mkcalls

# size KIND COUNT: bytes of the sealed capture of the first COUNT calls.
size() {
	rm -f "$1-$2.thc"
	"$mkcalls" "$PWD/$1-$2.thc" "$2" ${TRACEHOOK_KEY_FILE:+"$TRACEHOOK_KEY_FILE"} <"$1.calls" && tracehook seal "$1-$2.thc" >/dev/null &&
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
python3 -B "$bench/workload_make.py" conversation 60 >conversation.calls
kind json 800 450 380
kind chat 240 2050 1600
kind conversation 60 1050 900

# A turn late in a conversation costs what one early on does, though it resends 12 times as much,
# and though the conversation has become longer than a block. Encrypted, too.
python3 -B "$bench/workload_make.py" long 240 >long.calls
(umask 077 && head -c 32 /dev/urandom >key)

# within_growth WHAT FROM TO: turns FROM+1 to TO cost at most 1.1 times turns 11 to 20.
within_growth() {
	local early=$(($(size long 20) - $(size long 10))) late=$(($(size long "$3") - $(size long "$2")))
	if [ $((late * 10 * 10)) -le $((early * 11 * ($3 - $2))) ]; then
		echo "$1, turns $(($2 + 1)) to $3: at most 1.1 times turns 11 to 20"
	else
		echo "$1, turns $(($2 + 1)) to $3: $((late / ($3 - $2))) bytes each, not $((early / 10))"
	fi
}

within_growth "conversation" 40 60
within_growth "conversation" 200 240
within "conversation of 240 turns" 1050 "$(size long 240)" 240
export TRACEHOOK_KEY_FILE=$PWD/key
within "conversation of 60 turns, encrypted" 1050 "$(size conversation 60)" 60
within_growth "encrypted conversation" 40 60
within_growth "encrypted conversation" 200 240
within "conversation of 240 turns, encrypted" 1050 "$(size long 240)" 240
