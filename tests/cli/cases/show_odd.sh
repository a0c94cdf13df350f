# A WebSocket's frames; a stream that was reset with code 0; what has no span id.
mk odd x.thc
for span in 1 2 transfer transfer#2 'transfer foo://example.test/' lookup#1 'lookup nowhere.example.test' \
	connect lookup#3 transfer#0 'left x' transferred; do
	says tracehook show x.thc "$span"
done
tracehook show --json x.thc transfer#1 | jq -c '[.kind, .name, .transfer.result]'
tracehook show --json x.thc 1 | jq -c '.websocket_frames[]'
tracehook dump --json x.thc | jq -c 'select(.number == 1) | .websocket_frames | length'
tracehook dump --json x.thc | jq -c 'select(.number == 2) | [.response_end, .response_end_code, .websocket_frames]'
