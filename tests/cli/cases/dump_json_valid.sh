# Every line is an object by itself, valid for two readers, UTF-8, and without control characters.
mk all-kinds x.thc
tracehook dump --json x.thc >out
while IFS= read -r line; do printf '%s' "$line" | /usr/bin/python3 -m json.tool >/dev/null || echo bad; done <out
/usr/bin/python3 - <<'P'
import json
data = open("out", "rb").read()
text = data.decode("utf-8")
assert not any(ord(c) < 32 and c != "\n" or ord(c) == 127 for c in text)
objects = [json.loads(line) for line in text.splitlines()]
need = """trace_id span_id parent_span_id kind name start_unix_nano duration_ns status status_reason
event_type lane""".split()
exchange = """method url host http_version response_status request_bytes response_bytes ttfb_ns chunks
chunk_times request_headers response_headers model tokens input_hash output_hash truncated
redacted request_end response_end""".split()
for o in objects:
    missing = [k for k in need if k not in o]
    if o["kind"] == "exchange":
        missing += [k for k in exchange if k not in o]
        missing += [s for s in ("request", "response")
                    if s + "_body" not in o and s + "_body_base64" not in o]
    assert not missing, missing
print([o["kind"] for o in objects])
P
