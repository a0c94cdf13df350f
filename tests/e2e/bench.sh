#!/bin/bash
# bench/run works: that it measures right is for people to judge, but it must not rot.
. "$(dirname "$0")/lib.sh"
[ -x "$build/bench/bench_client" ] || skip_all "the bench's programs were not built"
exits "bench/run --quick" 0 "$top/bench/run" --build "$build" --quick --only size
holds "it prints its table" grep -q '^| conversation | [0-9]* | [0-9]* |$' out
exits "what it does not know is refused" 1 "$top/bench/run" --build "$build" --only nonsense
