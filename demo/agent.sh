#!/bin/sh
# A small agent in shell: curl and jq, nothing that knows of tracehook. It asks a model, runs the
# tool that the model wants, and tells the model what the tool said. The last answer is streamed.
#
#   OPENAI_BASE_URL   where the model is, for example https://api.openai.com/v1
#   OPENAI_API_KEY    its key
#   TOOL_URL          where the tool is
set -eu

model=gpt-4.1-mini
question=${1:-"What is the weather in Ghent?"}
tools='[{"type": "function", "function": {"name": "weather", "parameters":
	{"type": "object", "properties": {"city": {"type": "string"}}}}}]'

# chat BODY: sends the conversation so far, prints the raw answer.
chat() {
	curl -sS -N --fail-with-body -H "Authorization: Bearer $OPENAI_API_KEY" \
		-H "Content-Type: application/json" -d "$1" "$OPENAI_BASE_URL/chat/completions"
}

body=$(jq -nc --arg model "$model" --arg question "$question" --argjson tools "$tools" \
	'{model: $model, tools: $tools, messages: [{role: "user", content: $question}]}')
answer=$(chat "$body")
message=$(printf '%s' "$answer" | jq -c '.choices[0].message')
printf 'model: %s\n' "$(printf '%s' "$message" | jq -c '.tool_calls[0].function')"

arguments=$(printf '%s' "$message" | jq -r '.tool_calls[0].function.arguments')
result=$(curl -sS -d "$arguments" "$TOOL_URL/weather" | jq -r '.result')
printf 'tool:  %s\n' "$result"

body=$(printf '%s' "$body" | jq -c --argjson message "$message" --arg result "$result" \
	'.stream = true | .messages += [$message, {role: "tool", content: $result,
		tool_call_id: $message.tool_calls[0].id}]')
printf 'model: '
chat "$body" | sed -un 's/^data: {/{/p' | jq -j --unbuffered '.choices[0].delta.content // ""'
printf '\n'
