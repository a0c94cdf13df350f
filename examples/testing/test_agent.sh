#!/bin/sh
# The same in a shell script: stdout is the agent's alone, the exit code says how the replay went.
set -eu
cd "$(dirname "$0")"
: "${TRACEHOOK:=tracehook}"
export OPENAI_BASE_URL=https://model.example.test/v1 OPENAI_API_KEY=none
export TOOL_URL=https://tools.example.test/tools
agent=../../demo/agent.py capture=captures/ghent.thc

answer=$("$TRACEHOOK" replay --strict -q "$capture" -- "$agent" "How is Ghent?")
case $answer in
*"weather says"*"the answer is"*) echo "ok - the answer uses what the tool said" ;;
*) echo "not ok - the answer was: $answer" && exit 1 ;;
esac

code=0
"$TRACEHOOK" replay -q "$capture" -- "$agent" "How is Bruges?" >/dev/null 2>&1 || code=$?
[ "$code" -eq 96 ] && echo "ok - a changed prompt does not pass unseen"
