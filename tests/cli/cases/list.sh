# The runs of a capture, a line for each.
mk two-runs two.thc
says tracehook list two.thc
mk script a.thc <"$cases/agent.script"
says tracehook list a.thc
says tracehook list --json a.thc
says tracehook list --json two.thc
COLUMNS=60 says tracehook list a.thc
mk empty empty.thc
says tracehook list empty.thc
says tracehook list
says tracehook list missing.thc
says tracehook list --json two.thc more.thc
# A run by its number.
says tracehook dump --run '#2' two.thc
says tracehook dump --run '#9' two.thc
# Quick: what block headers tell is enough for all but errors, models and tokens; a process that was
# cut is read whole. What a header tells wrongly is found by whoever opens the block.
mk two-runs quick.thc
tracehook list --json quick.thc | jq -c 'del(.errors, .llm_calls, .models, .tokens)' >full.json
tracehook list --json --quick quick.thc | jq -c . | cmp - full.json && echo "quick: all the rest is the same"
says tracehook list -q quick.thc
"$cases/../lie.py" quick.thc
says tracehook list --quick quick.thc | tail -n 1
says tracehook verify quick.thc 2>&1 | grep -o 'tells of other frames.*'
# What could not be recorded is told, however little of the file is read.
mk all-kinds lost.thc
says tracehook list lost.thc
tracehook list --json lost.thc | jq -c '[.end, .lost_events]'
tracehook list --json --quick lost.thc 2>/dev/null | jq -c '[.end, .lost_events]'
