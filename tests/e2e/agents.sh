#!/bin/bash
# The demo's agents, unmodified, through the wrapper: a loop of chat, tool and streamed answer.
. "$(dirname "$0")/lib.sh"
start_double
export OPENAI_BASE_URL="$https/v1" TOOL_URL="$https/tools" OPENAI_API_KEY=sk-planted-agent-key

for agent in agent.sh agent.py; do
	exits "$agent is recorded" 0 "$tool" record -o "$agent.thc" -- "$top/demo/$agent" "How is Ghent?"
	cp out "$agent.recorded"
	exits "$agent: dump" 0 "$tool" dump "$agent.thc"
	holds "$agent: the table names the model's endpoint" grep -q chat/completions out
	holds "$agent: and the tool's" grep -q tools/weather out
done
equal "agent.sh: two chats and a tool" 3 "$(spans agent.sh.thc | wc -l)"
equal "agent.py: three chats and a tool" 4 "$(spans agent.py.thc | wc -l)"
stop_double
for agent in agent.sh agent.py; do
	# Neither a key nor a certificate is needed any more.
	OPENAI_API_KEY=none exits "$agent is replayed without a network" 0 \
		offline env -u SSL_CERT_FILE "$tool" replay "$agent.thc" -- \
		"$top/demo/$agent" "How is Ghent?"
	same "$agent: its output is the recording's" "$agent.recorded" out
	exits "$agent: another question is a miss" 96 \
		offline "$tool" replay "$agent.thc" -- "$top/demo/$agent" "How is Bruges?"
done
