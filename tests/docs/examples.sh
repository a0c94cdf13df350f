#!/bin/bash
# The examples of examples/testing run as they stand there: pytest, the shell script, and each step
# of the CI job but those that fetch and install.
. "$(dirname "$0")/../e2e/lib.sh"
mkdir bin
ln -s "$tool" bin/tracehook
PATH=$scratch/bin:$PATH
export PYTHONDONTWRITEBYTECODE=1
cd "$top" || exit 1

exits_in_top() {
	local what=$1 expected=$2
	shift 2
	limited "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	local code=$?
	equal "$what" "$expected" "$code"
	[ "$code" -eq "$expected" ] || tail -n 20 "$scratch/out" "$scratch/err" | sed 's/^/#   /'
}

steps=0
while IFS= read -r step; do
	case $step in
	*meson*) continue ;;
	*pytest*) /usr/bin/python3 -c 'import pytest' 2>/dev/null || {
		skip "$step" "pytest is not installed"
		continue
	} ;;
	esac
	steps=$((steps + 1))
	exits_in_top "$step" 0 bash -euc "PATH=$scratch/bin:/usr/bin:/bin; $step"
done < <(sed -n 's/^ *run: //p' examples/testing/ci.yml)
holds "the job has steps" test "$steps" -ge 2

# Nothing but the agent's output is on stdout.
export OPENAI_BASE_URL=https://model.example.test/v1 OPENAI_API_KEY=none
export TOOL_URL=https://tools.example.test/tools
tracehook replay examples/testing/captures/ghent.thc -- demo/agent.py "How is Ghent?" \
	>"$scratch/out" 2>/dev/null
equal "stdout is the agent's alone" "2 tool model" "$(wc -l <"$scratch/out") $(
	cut -d: -f1 "$scratch/out" | paste -sd' ')"
fails "the fixture holds no key" grep -aqE 'sk-|Bearer [^t]' <(
	tracehook dump --json examples/testing/captures/ghent.thc)
