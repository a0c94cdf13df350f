# Captures that earlier versions wrote: they are read as they were then, also by the second reader.
golden=$cases/../../golden
reader=$cases/../../reader/read_capture.py
cp "$golden"/v[12]* .
chmod 600 v1.key
for made in v1-plain v1-encrypted v1-split; do
	echo "## $made"
	[ $made != v1-encrypted ] || export TRACEHOOK_KEY_FILE=$PWD/v1.key
	says tracehook verify $made.thc
	tracehook dump --json $made.thc >$made.json
	jq -r 'select(.kind == "exchange") | [.method, .url, .response_status, .response_body] | @tsv' \
		$made.json
	"$reader" verify $made.thc | jq -c '[.trace_id[:4], .frames, .writers, .hash[:16]]'
	"$reader" exchanges $made.thc | jq -c '[.method, .target, .response_status]'
	unset TRACEHOOK_KEY_FILE
done
cmp v1-plain.json v1-encrypted.json && echo "both tell the same"
says tracehook dump v1-encrypted.thc
echo "## v1-odd"
says tracehook verify v1-odd.thc
tracehook dump --json v1-odd.thc | jq -c '[.kind, .name, .status_reason]'
tracehook show --json v1-odd.thc 1 | jq -c '.websocket_frames[] | [.by, .opcode, .text, .close_code]'
"$reader" verify v1-odd.thc | jq -c '[.trace_id[:4], .frames, .writers, .hash[:16]]'
"$reader" dns v1-odd.thc
"$reader" transfers v1-odd.thc | jq -c '[.asked, .result, .error]'
echo "## v1-ends"
says tracehook verify v1-ends.thc
tracehook dump --json v1-ends.thc | jq -c 'select(.kind != "process") | [.kind, .url, .status_reason]'
"$reader" ends v1-ends.thc | jq -c '[.end, .met, .code, .sent_unseen]'
"$reader" annotations v1-ends.thc | jq -c '[.name, .score, .label]'
"$reader" frames v1-ends.thc | jq -r .type | sort | uniq -c | sed 's/^ *//'
"$reader" verify v1-ends.thc | jq -c '[.trace_id[:4], .frames, .writers, .hash[:16]]'
echo "## v2-live"
tracehook dump --json v2-live.thc | jq -r 'select(.kind == "exchange") | .request_body' | sha256sum
"$reader" exchanges v2-live.thc | jq -r .request_wire | while read -r body; do
	base64 -d <<<"$body"
	echo
done | sha256sum
"$reader" exchanges v2-live.thc | jq -c '[.method, .target, .response_status]'
