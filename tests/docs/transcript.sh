#!/bin/bash
# The README's transcript is what really happens. Runs its commands beside the double and compares
# with the README after masking what differs from run to run; --update writes it there.
. "$(dirname "$0")/../e2e/lib.sh"
start_double
export OPENAI_BASE_URL="$https/v1" TOOL_URL="$https/tools" OPENAI_API_KEY=sk-docs
export COLUMNS=120 NO_COLOR=1
mkdir bin
ln -s "$tool" bin/tracehook
usable_unshare bin
cp "$top/demo/agent.py" agent
PATH=$scratch/bin:$PATH

{
	echo '```console'
	for command in 'tracehook record -o run.thc -- ./agent' 'tracehook dump run.thc' \
		'unshare -rn tracehook replay run.thc -- ./agent    # no network at all'; do
		echo "\$ $command"
		bash -c "$command" 2>&1 </dev/null
	done
	echo '```'
} | sed "s#$scratch#/tmp#g" >transcript

# Times, sizes of them, ports and nonces: a run has its own; their width stays.
masked() {
	sed -E 's/n[0-9]{5}-[0-9a-f]{12}/NONCE/g; s/localhost:[0-9]+/localhost:PORT/g
		s/[0-9]{4}-[0-9]{2}-[0-9]{2}/DATE/g; s/[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?/TIME/g
		s/[0-9.]+ ?(ns|µs|us|ms|s)\b/SPAN/g; s/\b[0-9a-f]{8,32}\b/ID/g
		s/[0-9.]+ (bytes)/SIZE/g; s/pid [0-9]+/pid PID/g; s/ +/ /g' "$@"
}

begin='<!-- transcript: made by tests\/docs\/transcript.sh --update -->'
end='<!-- \/transcript -->'
if [ "${1:-}" = --update ]; then
	sed -i -e "/^$begin\$/,/^$end\$/{/^$begin\$/{p;r transcript
	};/^$end\$/p;d}" "$top/README.md"
fi
sed -n "/^$begin\$/,/^$end\$/p" "$top/README.md" | sed '1d;$d' | masked >expected
masked transcript >got
same "the README's transcript is what happens" expected got

# And what the README shows of a miss.
miss='tracehook replay run.thc -- ./agent "What is the weather in Bruges?"'
grep -Fx -A 2 "\$ $miss" "$top/README.md" | sed 1d | masked >expected
bash -c "$miss" 2>&1 </dev/null | sed -n '/^tracehook: missed/,+1p' | masked >got
holds "a miss is shown" test -s expected
same "what the README shows of a miss is what happens" expected got
