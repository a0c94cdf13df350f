#!/bin/sh
# other_preloads.sh SPY OTHER EVENTS HOST: the library beside another preload that stands in front
# of the same functions, in either order (P50): the program's output is as without us, the other
# sees every call, and so do we.
spy=$1 other=$2 events=$3 host=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset TRACEPARENT TRACEHOOK_CONTEXT
LD_PRELOAD=$other "$host" >"$dir/plain.out" 2>"$dir/plain.err" || exit 1
bad=0
for order in "$spy:$other" "$other:$spy"; do
	rm -f "$dir/spy.thc"
	TRACEHOOK_CAPTURE=$dir/spy.thc LD_PRELOAD=$order "$host" >"$dir/out" 2>"$dir/err"
	cmp "$dir/plain.out" "$dir/out" && cmp "$dir/plain.err" "$dir/err" || bad=1
	grep -q 'saw [1-9]' "$dir/err" || bad=1
	sed -E 's/ span=.*//; s/[[:space:]]+$//' "$dir/spy.thc" | diff -u "$events" - || bad=1
done
exit $bad
