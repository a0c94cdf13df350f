# What fills the prompts of a run, and where the prefix was kept or broken.
mk script a.thc <"$cases/agent.script"
says tracehook context a.thc
says tracehook context a.thc 6
mk script b.thc <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.anthropic.com
ask 1 1 10 POST /v1/messages {"model":"claude","system":"You are a clerk. Today is Monday.","tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"Where is the file?"}]}
answer 1 20 200 {"type":"message","id":"m1","model":"claude","content":[{"type":"tool_use","id":"t1","name":"look","input":{"at":1}}],"stop_reason":"tool_use","usage":{"input_tokens":100,"output_tokens":9}}
ask 2 1 30 POST /v1/messages {"model":"claude","system":"You are a clerk. Today is Monday.","tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"Where is the file?"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"look","input":{"at":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"In the drawer."}]}]}
answer 2 40 200 {"type":"message","id":"m2","model":"claude","content":[{"type":"text","text":"In the drawer."}],"stop_reason":"end_turn","usage":{"input_tokens":50,"cache_read_input_tokens":100,"output_tokens":9}}
ask 3 1 50 POST /v1/messages {"model":"claude","system":"You are a clerk. Today is Monday.","tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"Where was the file?"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"look","input":{"at":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"In the drawer."}]},{"role":"user","content":"And now?"}]}
answer 3 60 200 {"type":"message","id":"m3","model":"claude","content":[{"type":"text","text":"Gone."}],"stop_reason":"end_turn","usage":{"input_tokens":160,"output_tokens":2}}
ask 4 1 70 POST /v1/messages {"model":"claude","system":"You are a judge.","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAAAAAAAAAAAAAA"}},{"type":"text","text":"Who is it?"}]}]}
answer 4 80 200 {"type":"message","id":"m4","model":"claude","content":[{"type":"text","text":"Me."}],"stop_reason":"end_turn","usage":{"input_tokens":900,"output_tokens":2}}
host 2 90 plain.example.test
ask 5 2 91 GET /
answer 5 99 200 {}
exit 100
S
says tracehook context b.thc
says tracehook context --bytes b.thc
says tracehook context b.thc '#3'
says tracehook context b.thc 2
tracehook context --json b.thc | jq -c '[.number, .prefix, .against, .messages, .messages_kept, .bytes.total, .tokens.total, .tokens_from]'
tracehook context --json b.thc '#4' | jq -c '.bytes, .tokens'
# The sections of a call add up to all of it.
tracehook context --json b.thc | jq -e '(.bytes | to_entries | map(select(.key != "total").value) | add) == .bytes.total' | sort -u
says tracehook context b.thc 5
says tracehook context b.thc 9
says tracehook context --host plain.example.test b.thc
for width in 30 60; do COLUMNS=$width tracehook context b.thc; done
says tracehook context
# The same words again, in a conversation that begins anew.
mk script again.thc <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.anthropic.com
ask 1 1 10 POST /v1/messages {"model":"claude","system":"You are a clerk.","messages":[{"role":"user","content":"Go."},{"role":"assistant","content":"Gone."},{"role":"user","content":"And?"}]}
answer 1 20 200 {"type":"message","content":[{"type":"text","text":"So."}],"stop_reason":"end_turn"}
ask 2 1 30 POST /v1/messages {"model":"claude","system":"You are a clerk.","messages":[{"role":"user","content":"Go."}]}
answer 2 40 200 {"type":"message","content":[{"type":"text","text":"Gone."}],"stop_reason":"end_turn"}
S
says tracehook context again.thc
