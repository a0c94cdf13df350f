#!/bin/bash
# tracehook export, looked at by other programs: protoc, a shell, a validator of HAR, and Python's
# csv, json, protobuf and Prometheus readers. What exactly is written is tests/cli/cases/export.sh;
# Chromium and Mermaid are asked by script/open-exports.
. "$(dirname "$0")/../e2e/lib.sh"
here=$top/tests/cli
unset "${!OTEL_@}"
"$build/tests/cli/mkcapture" script "$scratch/a.thc" <"$here/cases/agent.script" || exit 1

# collector NAME ANSWER…: starts one; its URL is in $url, what it got in $scratch/NAME.
collectors=
collector() {
	local name=$1
	shift
	mkdir "$scratch/$name"
	"$here/otlp/collector.py" "$scratch/$name" "$@" &
	collectors="$collectors $!"
	while [ ! -e "$scratch/$name/port" ]; do sleep 0.05; done
	url=http://127.0.0.1:$(cat "$scratch/$name/port")
}
stop_collectors() {
	# shellcheck disable=SC2086 # a list
	kill $collectors 2>/dev/null
	wait
}
decoded() { # decoded MESSAGE FILE
	protoc "-I$here/otlp" "--decode=otlp.$1" otlp.proto <"$2"
}

rounded() { awk '{ printf "%.6f\n", $1 }' | sort; }

collector plain
exits "spans go to a collector" 0 "$tool" export -f otlp --content "--send=$url" a.thc
equal "to the path of the signal" /v1/traces "$(cat plain/0.path)"
holds "as protobuf" grep -qi '^content-type: application/x-protobuf' plain/0.headers
decoded Traces plain/0.body >decoded || not_ok "protoc reads it"
equal "no field that the schema does not know" "" "$(grep -E '^ *[0-9]+[:{ ]' decoded)"
"$tool" export -f otlp --content a.thc >a.jsonl
equal "the names of the JSON form, in their order" \
	"$(jq -r '.resourceSpans[].scopeSpans[].spans[].name' a.jsonl)" \
	"$(sed -n '/^    spans {/,/^    }/s/^      name: "\(.*\)"$/\1/p' decoded)"
equal "as many attributes" "$(jq '[.. | objects | select(has("key"))] | length' a.jsonl)" \
	"$(grep -c '^ *key: ' decoded)"
equal "the same numbers" \
	"$(jq -r '.. | objects | select(has("intValue")).intValue' a.jsonl | sort)" \
	"$(sed -n 's/^ *int_value: //p' decoded | sort)"
exits "metrics go there, too" 0 "$tool" export -f otlp-metrics "--send=$url/" a.thc
equal "to their path" /v1/metrics "$(cat plain/1.path)"
decoded Metrics plain/1.body >metrics || not_ok "protoc reads the metrics"
equal "no field that the schema does not know" "" "$(grep -E '^ *[0-9]+[:{ ]' metrics)"
"$tool" export -f otlp-metrics a.thc >m.json
equal "with the sums of the JSON form" \
	"$(jq -r '.. | objects | select(has("sum")).sum | numbers' m.json | rounded | tr '\n' ' ')" \
	"$(sed -n 's/^ *sum: //p' metrics | rounded | tr '\n' ' ')"

# Another reader of the JSON form: no field or type that the schema does not have.
protoc "-I$here/otlp" --python_out=. otlp.proto
cat >strict.py <<'P'
import sys
from google.protobuf import json_format
import otlp_pb2

def keys_once(list_of, seen):
    for s in list_of:
        keys = [a.key for a in s.attributes]
        assert len(keys) == len(set(keys)), sorted(k for k in keys if keys.count(k) > 1)
        assert all(a.value.WhichOneof("value") for a in s.attributes)
        seen.append(s.name)
    return seen

spans = []
for line in open(sys.argv[1]):
    for r in json_format.Parse(line, otlp_pb2.Traces()).resource_spans:
        for s in r.scope_spans:
            keys_once(s.spans, spans)
print(len(spans))
P
"$build/tests/cli/mkcapture" script "$scratch/two.thc" <"$here/cases/two_results.script"
for flavor in otel openinference; do
	for name in a two; do
		"$tool" export -f otlp --content --flavor $flavor $name.thc >strict.jsonl
		equal "$name, $flavor: as Python's protobuf reads the JSON" \
			"$(jq -s '[.[].resourceSpans[].scopeSpans[].spans[]] | length' strict.jsonl)" \
			"$(/usr/bin/python3 strict.py strict.jsonl 2>&1)"
	done
done

collector env
exits "the environment says how" 0 env OTEL_EXPORTER_OTLP_ENDPOINT="$url/base" \
	OTEL_EXPORTER_OTLP_PROTOCOL=http/json OTEL_EXPORTER_OTLP_COMPRESSION=gzip \
	OTEL_EXPORTER_OTLP_HEADERS='x-team=a%20b,api-key=k' "$tool" export -f otlp --send a.thc
equal "the base gets the path" /base/v1/traces "$(cat env/0.path)"
holds "JSON" grep -qi '^content-type: application/json' env/0.headers
holds "headers, decoded" grep -q '^x-team: a b' env/0.headers
"$tool" export -f otlp a.thc | tr -d '\n' >once
equal "the same that is written to a file" "$(cat once)" "$(cat env/0.body)"
exits "an endpoint for traces is taken as it is" 0 \
	env OTEL_EXPORTER_OTLP_ENDPOINT=http://no.invalid \
	OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="$url/mine" "$tool" export -f otlp --send a.thc
equal "without a path more" /mine "$(cat env/1.path)"
exits "a protocol that is not spoken" 64 env OTEL_EXPORTER_OTLP_PROTOCOL=grpc \
	"$tool" export -f otlp --send a.thc

collector busy 503 drop 429
exits "a collector that is busy is asked again" 0 "$tool" export -f otlp "--send=$url" a.thc
holds "until it takes it" test -e busy/3.body
collector strict 400
exits "what it refuses is an error" 1 "$tool" export -f otlp "--send=$url" a.thc
holds "that is said" grep -q 'answered 400' err
equal "and is not sent again" "0.body" "$(cd strict && ls ./*.body | sed 's/^..//')"
collector part partial partial-protobuf
exits "a part rejected (JSON)" 1 "$tool" export -f otlp "--send=$url" a.thc
holds "is said" grep -q 'rejected 3 of a batch: too many' err
exits "a part rejected (protobuf)" 1 "$tool" export -f otlp "--send=$url" a.thc
holds "is said, too" grep -q 'rejected 3 of a batch: too many' err
stop_collectors

# The commands ask the same again.
"$build/tests/cli/mkcapture" script "$scratch/q.thc" <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 it's.example.test
ask 1 1 10 POST /a%20b?q=[1-2]&r={x} {"it's":"$HOME `id` \\ \"quoted\""}
answer 1 20 200 {}
ask 2 1 30 POST /file @/etc/hostname
answer 2 40 200 {}
S
mkdir bin
cat >bin/curl <<'C'
#!/bin/sh
for argument; do printf '[%s]\n' "$argument"; done
case "$*" in *"@-"*) cat; echo ;; esac
C
chmod +x bin/curl
exits "the commands run" 0 sh -c \
	'"$1" export -f curl q.thc | PATH="$PWD/bin:$PATH" sh >ran' - "$tool"
holds "nothing of a URL is lost or expanded" \
	grep -qxF "[https://it's.example.test/a%20b?q=[1-2]&r={x}]" ran
holds "nor of a body" grep -qxF "[{\"it's\":\"\$HOME \`id\` \\\\ \\\"quoted\\\"\"}]" ran
holds "a body with @ is no file" grep -qx '@/etc/hostname' ran

"$tool" export -f csv a.thc >a.csv
equal "CSV as Python reads it" "10 rows, 22 columns, 2502 tokens in" "$(/usr/bin/python3 -c '
import csv
rows = list(csv.DictReader(open("a.csv", newline="")))
tokens = sum(int(r["input_tokens"] or 0) for r in rows)
print(f"{len(rows)} rows, {len(rows[0])} columns, {tokens} tokens in")')"
for format in jsonl dataset; do
	"$tool" export -f $format a.thc >a.lines
	equal "$format as Python reads it" "$(wc -l <a.lines) objects" "$(/usr/bin/python3 -c '
import json
print(sum(isinstance(json.loads(line), dict) for line in open("a.lines")), "objects")')"
done
"$tool" export -f prometheus a.thc >a.prom
equal "metrics as Prometheus reads them" \
	"('source', 'reported') 2500.0" "$(/usr/bin/python3 -c '
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(open("a.prom").read()):
    for sample in family.samples:
        if sample.name == "tracehook_token_consumption_total" and \
           sample.labels["type"] == "input" and "gpt" in sample.labels["model"]:
            print(("source", sample.labels["source"]), sample.value)')"
"$tool" export -f har a.thc >a.har
equal "HAR has what the specification asks of each entry" "6 entries" "$(/usr/bin/python3 -c '
import json
log = json.load(open("a.har"))["log"]
assert log["version"] == "1.2" and log["creator"]["name"] == "tracehook"
for e in log["entries"]:
    for key in ("startedDateTime", "time", "request", "response", "cache", "timings"):
        assert key in e, key
    for key in ("method", "url", "httpVersion", "cookies", "headers", "queryString",
                "headersSize", "bodySize"):
        assert key in e["request"], key
    for key in ("status", "statusText", "httpVersion", "cookies", "headers", "content",
                "redirectURL", "headersSize", "bodySize"):
        assert key in e["response"], key
    parts = [v for v in e["timings"].values() if v != -1]
    assert abs(sum(parts) - e["time"]) < 1e-6
print(len(log["entries"]), "entries")')"
export NODE_PATH=/usr/share/nodejs
if node -e 'require("har-validator")' 2>/dev/null; then
	equal "and is valid by the schema" valid "$(node -e '
const har = JSON.parse(require("fs").readFileSync("a.har"));
require("har-validator").har(har).then(() => console.log("valid"),
	(e) => console.log(JSON.stringify(e.errors)));')"
else
	skip "HAR by its schema" "no node with har-validator"
fi
