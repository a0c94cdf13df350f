#!/bin/bash
# Tokens and tools of a run are those that the server itself counted (its log), for plain, streamed
# and cut answers, over HTTP/1 and 2. script/kit-counts does it with a server of many providers.
. "$(dirname "$0")/lib.sh"
start_double
export OPENAI_BASE_URL="$https/v1" TOOL_URL="$https/tools" OPENAI_API_KEY=none
cat >agents.sh <<P
set -e
"$top/demo/agent.sh" "How is Ghent?"
"$top/demo/agent.py" "How is Bruges?"
ask() { curl -sS "\$@" "$https/v1/chat/completions"; }
say='"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]'
ask --http1.1 -d "{\$say}"
ask --http2 -d "{\$say}"
ask -d "{\$say, \"stream\": true, \"stream_options\": {\"include_usage\": true}}"
ask --http2 -d "{\$say, \"stream\": true, \"stream_options\": {\"include_usage\": true}}"
# Taken away in the middle: the server never came to count.
stream='"stream": true, "stream_options": {"include_usage": true}'
ask -d "{\$say, \$stream}" | head -c 40 || true
P
recording run.thc bash agents.sh >out 2>&1
"$tool" dump --json run.thc >run.json
jq -c 'select(.event == "counted") | [.id, .input, .output]' double/double.log | sort >counted
# Of an answer that was cut nothing is reported; what is made up for it must say that it is.
jq -c 'select(.event_type == "LLM_CALL" and .truncated == false and
	.token_sources.input == "reported") | [.response_id, .tokens.input, .tokens.output]' run.json |
	sort >found
same "each call has the tokens that the server counted" counted found
equal "in all" "$(jq -s -c 'map(select(.event == "counted")) | [length, (map(.input) | add),
	(map(.output) | add)]' double/double.log)" \
	"$(jq -s -c 'map(select(.token_sources.input? == "reported")) |
	[length, (map(.tokens.input) | add), (map(.tokens.output) | add)]' run.json)"
equal "nothing is taken for reported that was not" "" "$(jq -c 'select(.event_type == "LLM_CALL") |
	select(.token_sources.input != "reported") |
	select([.token_sources[]] | all(. == "absent" or . == "estimated") | not)' run.json)"
equal "each tool that was asked for was seen, its result, and who did the work" \
	"$(jq -s 'map(select(.event == "counted").tools) | add' double/double.log)" \
	"$(jq -s 'map(select(.kind == "tool" and .result != null and .work_span_id != null)) | length' \
		run.json)"
equal "the tree has them all" "$(grep -c . run.json)" "$("$tool" tree --json run.thc | grep -c .)"
