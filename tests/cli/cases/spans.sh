# What happened, flat; every filter and every order.
mk script a.thc <"$cases/agent.script"
says tracehook spans a.thc
says tracehook spans --json a.thc
mk all-kinds x.thc
says tracehook spans x.thc
names() { tracehook spans --json "$@" | jq -r '.name + " " + (.status | tostring)' | paste -sd '|'; }
echo "-- filters"
names --type tool a.thc
names --type llm a.thc
names --type PROC a.thc
names --type decision a.thc
names --type state a.thc
names --type error x.thc
names --type opaque x.thc
names --status error a.thc
names --status 429 a.thc
names --status 5xx a.thc
names --status unset x.thc
names --model 'gpt-4o-*' a.thc
names --host weather.example.test a.thc
names --host '*.EXAMPLE.test' --status ok a.thc
names --host '*2001:db8*' x.thc
names --process 0.0 a.thc
names --process helper a.thc
names --min-duration 500ms a.thc
names --since 2025-11-21T22:01:01.2Z a.thc
names --until '2025-11-21 22:00:59.2' a.thc
names --since 1h a.thc
names --text 'IT IS ' a.thc
names --text oslo --type tool a.thc
names --text 'Name or service' x.thc
names --text squeezed x.thc
names --json-path '$.messages[*].role=tool' a.thc
names --json-path 'choices[0].delta.content' a.thc
names --json-path '..prompt_tokens=1200' a.thc
names --json-path '$.city=Rome' a.thc
echo "-- orders"
for key in start duration first tokens name host status; do
	echo "$key: $(names --sort $key --limit 3 a.thc)"
	echo "$key, reverse: $(names --sort $key --reverse --limit 2 a.thc)"
done
mk two-runs two.thc
names two.thc
names --run '#2' --type http two.thc
echo "-- mistakes"
says tracehook spans --type nonsense a.thc
says tracehook spans --status nonsense a.thc
says tracehook spans --min-duration 5 a.thc
says tracehook spans --since yesterday a.thc
says tracehook spans --json-path 'a[' a.thc
says tracehook spans --json-path '$' a.thc
says tracehook spans --sort size a.thc
says tracehook spans --limit 0 a.thc
says tracehook spans
says tracehook spans --type tool x.thc
# Decisions: tools, one of several branches, or no choice at all.
cat >decide.script <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.anthropic.com
ask 1 1 10 POST /v1/messages {"model":"claude","tools":[{"name":"look"},{"name":"ask"}],"messages":[{"role":"user","content":"go"}]}
answer 1 20 200 {"type":"message","stop_reason":"tool_use","content":[{"type":"tool_use","id":"t1","name":"look","input":{}},{"type":"tool_use","id":"t2","name":"ask","input":{}}]}
ask 2 1 30 POST /v1/messages {"model":"claude","tools":[{"name":"look"},{"name":"ask"}],"messages":[{"role":"user","content":"go"}]}
answer 2 40 200 {"type":"message","stop_reason":"end_turn","content":[{"type":"text","text":"no"}]}
ask 3 1 50 POST /v1/messages {"model":"claude","messages":[{"role":"user","content":"go"}]}
answer 3 60 200 {"type":"message","stop_reason":"end_turn","content":[{"type":"text","text":"no"}]}
S
mk script decide.thc <decide.script
says tracehook spans --type decision decide.thc
tracehook spans --json decide.thc | jq -c '[.name, .event_types, .decision]'
