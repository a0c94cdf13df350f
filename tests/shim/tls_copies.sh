#!/bin/sh
# tls_copies.sh RUN_HOST LIB SPY EVENTS HOST LINKED NAMED: two copies of libssl in one process, one
# that LINKED is linked to and one whose functions NAMED gets by name: each works with its own.
run_host=$1 lib=$2 spy=$3 events=$4
shift 4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$(ldd "$2" | awk '/libssl/{print $3}')" "$dir/libssl-copy.so" || exit 1
{ sed '$d' "$events"; sed 1d "$events"; } >"$dir/twice.events"
export TLS_BY_NAME="$dir/libssl-copy.so"
"$run_host" "$lib" "$spy" "$dir/twice.events" "$@"
