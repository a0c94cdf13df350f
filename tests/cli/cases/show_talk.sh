# Calls to a model as conversations; what is no such call, and --http, as HTTP.
mk script a.thc <"$cases/agent.script"
for number in 1 2 4 5 6; do says tracehook show a.thc "$number"; done
says tracehook show --http a.thc 1 | head -n 12
# Control characters of strangers do not reach the terminal; an answer that was cut says so.
mk script b.thc <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.anthropic.com
ask 1 1 10 POST /v1/messages {"model":"claude","system":"Be \u001b[31mbrief","tools":[{"name":"look\u202e","input_schema":{}}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"text","text":"two\nlines"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"tool_use","id":"t1","name":"look","input":{"at":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"dark"}]}]}]}
stream 1 20
event 1 30 {"type":"message_start","message":{"id":"m","model":"claude","usage":{"input_tokens":9,"output_tokens":1}}}
event 1 40 {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"It is"}}
exit 50
S
says tracehook show b.thc 1
