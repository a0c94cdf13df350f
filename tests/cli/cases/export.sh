# What is written in each format, to the letter; other programs read it in tests/cli/export.sh.
mk script a.thc <"$cases/agent.script"
for format in csv curl mermaid dataset; do
	says tracehook export --format "$format" a.thc | tr -d '\r'
done
tracehook export -f har a.thc | jq '.log.entries[1], .log.entries[4]._gen_ai'
tracehook export -f jsonl --type llm a.thc | jq -c '[.name, .model, .tokens.input]'
tracehook export -f prometheus --type llm --model 'gpt*' a.thc | grep -v _bucket
tracehook export -f otlp-metrics a.thc | jq -c '.resourceMetrics[].scopeMetrics[].metrics[] |
	[.name, .unit, [(.histogram // .sum).dataPoints[] | .sum // .asDouble]]'
spans='.resourceSpans[].scopeSpans[].spans[]'
tracehook export -f otlp a.thc | jq -c "$spans | [.name, .kind, .parentSpanId, .status.code, .flags]"
tracehook export -f otlp --content a.thc | jq "$spans | select(.spanId | startswith(\"669d\"))"
# Names by version, and OpenInference's besides.
for version in 1.36 1.41 latest; do
	tracehook export -f otlp --content --semconv $version a.thc |
		jq -c "[$spans.attributes[].key | select(startswith(\"gen_ai\"))] | unique"
done
tracehook export -f otlp --flavor openinference --content a.thc |
	jq -c "$spans.attributes[] | select(.key | test(\"^(llm|embed|open|input|output|tool)\")) | [.key, .value[]]"
# A long text is cut inside its JSON.
tracehook export -f otlp --content --text-max 10 a.thc |
	jq -c "$spans.attributes[] | select(.key == \"gen_ai.input.messages\").value.stringValue | fromjson" | tail -n 1
# What is no span is an event of its process; what a stranger sent does no harm.
mk all-kinds x.thc
tracehook export -f otlp x.thc | jq -c "$spans | select(.events | length > 0) | [.name, [.events[].name]]"
tracehook export -f mermaid x.thc | cut -c 1-100 | head -n 30
mk script e.thc <<'S'
run aa 0
process aa a1 0 100 0 =cmd|x
host 1 1 h.example.test
ask 1 1 10 GET /"><script>;#x
answer 1 20 200 {}
S
tracehook export -f csv e.thc | cut -d, -f 5,6
tracehook export -f mermaid e.thc
# Long runs are sent in parts.
{ echo 'run aa 0'; echo 'process aa a1 0 100 0 ./agent'; echo 'host 1 1 h.example.test'
for i in $(seq 1 1200); do echo "ask $i 1 $((i * 10)) GET /$i"; echo "answer $i $((i * 10 + 5)) 200 {}"; done; } |
	mk script many.thc
tracehook export -f otlp many.thc | jq -c '[.resourceSpans[].scopeSpans[].spans[]] | length'
says tracehook export a.thc
says tracehook export -f xml a.thc
says tracehook export -f csv --send a.thc
says tracehook export -f otlp --semconv 9 a.thc
says tracehook export -f csv -o /nowhere/x a.thc
says tracehook export -f csv -o out.csv a.thc
wc -l <out.csv
# What the request asked for, and each choice's end.
cat >ask.script <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.openai.com
ask 1 1 10 POST /v1/chat/completions {"model":"gpt-5","messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":64,"temperature":0.2,"top_k":40,"n":2,"stop":["a","b"],"reasoning_effort":"low","response_format":{"type":"json_object"}}
answer 1 20 200 {"id":"c","model":"gpt-5-1","choices":[{"index":0,"message":{"role":"assistant","content":"{}"},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"{}"},"finish_reason":"length"}],"usage":{"prompt_tokens":2,"completion_tokens":4,"total_tokens":6}}
S
mk script ask.thc <ask.script
for version in 1.41 latest; do
	tracehook export -f otlp --semconv $version ask.thc | jq -c "$spans.attributes[] |
		select(.key | test(\"gen_ai.(request|output|response.fin)\")) | [.key, .value]"
done
tracehook export -f otlp --flavor openinference ask.thc | jq -c "$spans.attributes[] |
	select(.key == \"llm.invocation_parameters\").value.stringValue | fromjson"
