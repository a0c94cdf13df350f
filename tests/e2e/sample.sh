#!/bin/bash
# TRACEHOOK_SAMPLE: a run with all its processes is recorded whole or not at all, by its trace id.
. "$(dirname "$0")/lib.sh"
start_double

tree() {
	bash -c 'curl -sS "$0" >/dev/null; sh -c "curl -sS $0 >/dev/null; true"' "$https/v1/models"
}
export -f tree
export https

in=00000000000000000000000000000001 out=0000000000000000ffffffffffffffff
export TRACEHOOK_SAMPLE=0.5
TRACEHOOK_TRACE_ID=$in recording in.thc bash -c tree
equal "a run that is in: all its processes" 2 "$(spans in.thc | wc -l)"
TRACEHOOK_TRACE_ID=$out recording out.thc bash -c tree
fails "a run that is out leaves no file" test -e out.thc
TRACEPARENT=00-$out-1111222233334444-01 recording out.thc bash -c tree
fails "nor does one whose caller's trace is out" test -e out.thc
fails "nor live files" compgen -G 'out.thc*'
TRACEHOOK_TRACE_ID=$out TRACEHOOK_LOG=$scratch/log recording out.thc true
holds "the log says so" grep -q 'TRACEHOOK_SAMPLE: this run is not recorded' log

# The agent's processes decide alike when its id is a random one.
for _ in 1 2 3 4 5 6; do recording many.thc bash -c tree; done
[ -e many.thc ] && odd=$(spans many.thc .trace_id | sort | uniq -c | awk '$1 != 2')
equal "no run in part" "" "${odd:-}"

TRACEHOOK_SAMPLE=0 exits "the wrapper keeps the agent's exit code" 3 \
	"$tool" record -o zero.thc -- sh -c 'exit 3'
one_line "and says that the run was left out"
TRACEHOOK_SAMPLE=1 exits "all of them" 0 "$tool" record -q -o all.thc -- bash -c tree
equal "are recorded" 2 "$(spans all.thc | wc -l)"
exits "to require coverage of a part is a contradiction" 64 \
	"$tool" record --require-coverage -o x.thc -- true
TRACEHOOK_SAMPLE=2 exits "no share" 64 "$tool" record -o x.thc -- true
