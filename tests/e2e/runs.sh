#!/bin/bash
# Recording appends a run to the capture; replay takes the newest, or the one that is named.
. "$(dirname "$0")/lib.sh"
start_double

ask() { curl -sS "$https/v1/models"; }
export https
export -f ask
recording two.thc bash -c ask >first
cp two.thc one.thc
recording two.thc bash -c ask >second
fails "two runs have different answers" cmp first second
equal "two runs in the file" 2 "$(spans two.thc .trace_id | sort -u | wc -l)"
holds "the first run's bytes were not touched" cmp -n "$(stat -c %s one.thc)" one.thc two.thc

replaying two.thc bash -c ask >newest
same "replay takes the newest" second newest
first_id=$(spans one.thc .trace_id | tr -d '"')
TRACEHOOK_TRACE_ID=$first_id replaying two.thc bash -c ask >named
same "TRACEHOOK_TRACE_ID takes the named one" first named
TRACEHOOK_TRACE_ID=$(echo "$first_id" | cut -c1-12) replaying two.thc bash -c ask >prefix
same "a prefix will do" first prefix

# The newest that ended properly goes before a newer one that did not.
recording two.thc curl -sS -N "$https/t/stall" >stalled &
sleep 1
pid=$(pgrep -P $! -x curl || echo $!)
kill -9 "$pid" && wait $! 2>/dev/null
equal "three runs in the file" 3 "$(spans two.thc .trace_id | sort -u | wc -l)"
replaying two.thc bash -c ask >after_kill
same "a run that was killed is not the default" second after_kill
killed=$(spans two.thc 'select(.url | test("stall")).trace_id' | tr -d '"')
TRACEHOOK_TRACE_ID=$killed replaying two.thc curl -sS -N -m 2 "$https/t/stall" >as_far 2>as_far.err
equal "by name it is replayed as far as it goes: curl gives up waiting" 28 "$?"
same "with all that had arrived" stalled as_far

# Two runs at once, whose frames stand between each other's.
slow() { for i in 1 2 3 4 5; do curl -sS "$http/t/echo?run=$1&i=$i" && sleep 0.02; done; }
export http
export -f slow
recording both.thc bash -c 'slow a' >slow.a &
recording both.thc bash -c 'slow b' >slow.b
wait "$!"
id_of() { spans both.thc | jq -r "select(.url | test(\"run=$1\")).trace_id" | sort -u; }
for run in a b; do
	equal "$run of two interleaved runs is one run" 1 "$(id_of $run | wc -l)"
	exits "and replays: $run" 0 "$tool" replay --strict --run "$(id_of $run)" both.thc -- \
		bash -c "slow $run"
	same "with its own answers: $run" "slow.$run" out
done
exits "the other's are not its own" 96 \
	"$tool" replay --run "$(id_of a)" both.thc -- bash -c "slow b"

# The wrapper: -o names the file; W3C context is taken over.
parent=00-11112222333344445555666677778888-1111222233334444-01
holds "the wrapper appends as well" env TRACEPARENT=$parent \
	"$tool" record -o two.thc -- curl -sS -o fourth "$https/v1/models"
equal "the run has the caller's trace id" 1 \
	"$(spans two.thc .trace_id | grep -c 11112222333344445555666677778888)"

# The same context finds the run again; one that was never recorded decides nothing.
recording two.thc bash -c "ask && ask" >fifth
exits "TRACEPARENT takes its own run" 0 env TRACEPARENT=$parent \
	"$tool" replay two.thc -- bash -c ask
same "with its answer" fourth out
TRACEPARENT=$parent replaying two.thc bash -c ask >by_context
same "and by the environment alone" fourth by_context
exits "--run goes before it" 0 env TRACEPARENT=$parent \
	"$tool" replay --run "${first_id:0:12}" two.thc -- bash -c ask
same "with the answer of that run" first out
TRACEPARENT=${parent/1111/2222} replaying two.thc bash -c "ask && ask" >stranger
same "a context of no run leaves it at the newest" fifth stranger
exits "--run of nothing is not the newest" 64 "$tool" replay --run "" two.thc -- bash -c ask

# The comparison that is proposed is that of the two runs, also within one file.
exits "a replay that is recorded into its own capture" 96 \
	"$tool" replay --record two.thc two.thc -- curl -sS "$https/t/nothing"
read -ra proposed < <(sed -n 's/^tracehook: compare: tracehook //p' err)
exits "is compared with what it replays" 1 "$tool" "${proposed[@]}"
holds "which is another run" awk '/^[AB] / {seen[$4 $5]} END {exit length(seen) != 2}' out
