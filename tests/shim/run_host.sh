#!/bin/sh
# run_host.sh LIB SPY EVENTS HOST [ARG…]: runs a host program without the shim, with it, and with
# the spy in place of the recorder. Output and exit status must be the same each time; what the
# spy was told must be what the file EVENTS says ("-": not compared; "sorted" in its first line: in
# any order). In an EVENTS file of TLS the events of the sockets beneath, verdicts and the
# connections' numbers are left out; in one of transfers all else.
lib=$1 spy=$2 events=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset TRACEPARENT TRACEHOOK_CONTEXT LD_PRELOAD LD_LIBRARY_PATH

run() { # NAME PRELOAD COMMAND…
	name=$1 preload=$2
	shift 2
	TRACEHOOK_CAPTURE=$dir/$name.thc LD_PRELOAD=$preload "$@" \
		>"$dir/$name.out" 2>"$dir/$name.err"
	echo "exit $?" >>"$dir/$name.out"
}

same() { # NAME FILE
	if ! cmp -s "$dir/plain.$2" "$dir/$1.$2"; then
		echo "FAIL: $2 differs without the shim (-) and with ($1, +)"
		diff -u "$dir/plain.$2" "$dir/$1.$2"
		exit 1
	fi
}

run plain '' "$@"
run record "$lib" "$@"
same record out && same record err
[ -s "$dir/record.thc" ] || { echo 'FAIL: no capture'; exit 1; }
[ -n "$(find "$dir" -name '*live*')" ] && { echo 'FAIL: a live file was left'; ls "$dir"; exit 1; }
run spy "$spy" "$@"
same spy out && same spy err
[ "$events" = - ] && exit 0
sed -E 's/ span=.*//; s/[[:space:]]+$//' "$dir/spy.thc" >"$dir/events"
if grep -q '^tls' "$events"; then
	# Only the connections that carry TLS, told by the number in their tls line.
	awk '/^tls /{tls[$2] = 1} /^(tls|sent|received|end|close) /{if (!tls[$2]) next; $2 = ""}
		/^open|^name|^failed|^verdict/{next} {gsub(/  +/, " "); sub(/ $/, ""); print}' \
		"$dir/events" >"$dir/events.tls"
	mv "$dir/events.tls" "$dir/events"
fi
if grep -q '^transfer' "$events"; then
	# Only those; the server's port is another each time.
	sed -n 's/127\.0\.0\.1:[0-9]*/SERVER/; /^transfer/p' "$dir/events" >"$dir/events.transfers"
	mv "$dir/events.transfers" "$dir/events"
fi
if [ "$(head -n 1 "$events")" = sorted ]; then
	{ echo sorted; LC_ALL=C sort "$dir/events"; } >"$dir/events.sorted"
	mv "$dir/events.sorted" "$dir/events"
fi
if ! diff -u "$events" "$dir/events"; then
	echo 'FAIL: the recorder was told something else (+)'
	exit 1
fi
