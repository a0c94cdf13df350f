#!/bin/bash
# Named relaxations: what differs in every run may differ, by rules, and each use is told.
. "$(dirname "$0")/lib.sh"
start_double

json='Content-Type: application/json'
# ask ID DAY TEXT
ask() {
	curl -sS -H "$json" -d "{\"session\":\"$1\",\"messages\":[{\"content\":\"on $2: $3\"}]}" \
		"$https/t/echo?run=$1"
}
export https json
export -f ask
first=0b7a1c9e-1f00-4abc-8def-0123456789ab other=ffffffff-1f00-4abc-8def-0123456789ab
recording run.thc bash -c "ask $first 2026-11-22 hello" >recorded

again() {
	"$tool" replay --report report.json "$@" run.thc -- bash -c "ask $other 2026-11-23 hello"
}
exits "canonical: another id and day are a miss" 96 again
equal "the report's verdict" '"missed"' "$(jq .verdict report.json)"

exits "volatile: they are let pass" 0 again --match volatile
same "the recorded answer is given" recorded out
equal "each difference is in the report" "query run uuid $other $first
json /messages/0/content time 2026-11-23 2026-11-22
json /session uuid $other $first" \
	"$(jq -r '.relaxations[0].passed[] | "\(.where) \(.pattern) \(.asked) \(.recorded)"' \
		report.json)"
span=$(spans run.thc .span_id | tr -d '"')
equal "and the span that answered" "volatile $span 1 relaxed" \
	"$(jq -r '.verdict as $v | .relaxations[0] | "\(.by) \(.span) \(.number) \($v)"' report.json)"
holds "and on stderr" \
	grep -q "json /session (uuid): asked \"$other\", recorded \"$first\"" err
exits "volatile is not for --strict" 97 again --match volatile --strict

cat >rules.txt <<R
tracehook-rules 1
for POST $https/t/*
json /session any
query run uuid
R
exits "rules from a file are all that holds" 96 again --match volatile:rules.txt
holds "and the miss is explained by what no rule lets pass" \
	grep -q "messages.0..content at character" err
echo 'json /messages/*/content time' >>rules.txt
exits "with a rule for the rest" 0 again --match volatile:rules.txt
same "the recorded answer is given, too" recorded out
exits "other words are a miss all the same" 96 \
	"$tool" replay --match volatile:rules.txt run.thc -- bash -c "ask $other 2026-11-23 hullo"
TRACEHOOK_MATCH=volatile:rules.txt replaying_online run.thc \
	bash -c "ask $other 2026-11-23 hello" >out
same "the same by the environment alone" recorded out

echo 'json session any' >>rules.txt
exits "a mistake in the rules" 64 again --match volatile:rules.txt
holds "is told with its line" grep -q 'rules.txt.*line 6: "session" is no JSON pointer' err
exits "rules that are not there" 66 again --match volatile:none.txt
exits "an unknown word" 64 again --match volatile,strange

exits "sequence: anything from the same place" 0 again --match sequence
equal "is told with the first difference" \
	"sequence parameter run: asked \"$other\", recorded \"$first\"" \
	"$(jq -r '.relaxations[0] | .by + " " + .why' report.json)"
