#!/bin/bash
# The report of a replay, as JSON and as JUnit, of replays that went well and of others.
. "$(dirname "$0")/lib.sh"
start_double

three() { curl -sS "$https/v1/models" "$https/t/echo?a=1" "$https/t/echo?a=2"; }
export https
export -f three
recording run.thc bash -c three >recorded

cat >valid.py <<'P'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(json.load(open(sys.argv[2])), schema)
P
valid() { /usr/bin/python3 valid.py "$top/docs/replay-report.schema.json" report.json; }
cat >cases.py <<'P'
import sys, xml.etree.ElementTree as tree
root = tree.parse("report.xml").getroot()
suite = root[0]
cases = suite.findall("testcase")
kinds = [c[0].tag if len(c) else "passed" for c in cases]
counts = (len(cases), kinds.count("failure"), kinds.count("skipped"))
assert counts == tuple(int(suite.get(k)) for k in ("tests", "failures", "skipped")), counts
print(*("%s: %s" % (k, c.get("name").split("/", 3)[-1]) for k, c in zip(kinds, cases)), sep="\n")
P
# replay_of CODE VERDICT COMMAND…
replay_of() {
	exits "$2: the exit code" "$1" \
		"$tool" replay $options --report report.json --junit report.xml run.thc -- "${@:3}"
	equal "$2: the verdict" "\"$2\"" "$(jq .verdict report.json)"
	holds "$2: the report is as its schema says" valid
}

options=
replay_of 0 exact bash -c three
exits "without a namespace" 0 \
	"$tool" replay --fence=library --report report.json run.thc -- bash -c three
equal "nothing below the library is counted, and that is said" "library null" \
	"$(jq -r '"\(.fence) \(.stopped_below)"' report.json)"
holds "and the report is as its schema says" valid
equal "JUnit: each exchange is a case that passed" "passed: v1/models
passed: t/echo?a=1
passed: t/echo?a=2" "$(/usr/bin/python3 cases.py)"

replay_of 0 partial curl -sS "$https/v1/models"
equal "JUnit: what was never asked for is skipped" "passed: v1/models
skipped: t/echo?a=1
skipped: t/echo?a=2" "$(/usr/bin/python3 cases.py)"

replay_of 96 missed curl -sS "$https/t/echo?a=<\"3\"&" "http://192.0.2.1/"
equal "JUnit: what had no answer failed" "failure: t/echo?a=<\"3\"&
failure: connect 192.0.2.1:80" "$(/usr/bin/python3 cases.py | grep failure)"
exits "a connection that the fence stopped, and nobody minded, is no green end" 96 \
	"$tool" replay run.thc -- sh -c "curl -sS http://192.0.2.1/; curl -sS $https/v1/models"

for option in --strict --report=report.json --on-miss=abort --match=volatile --fence=library; do
	"$tool" replay $option run.thc -- \
		sh -c "curl -s -o none $https/nope http://192.0.2.1/ -o none; echo only this" >out 2>err
	equal "stdout is the agent's alone: $option" "only this" "$(cat out)"
done

options='--match sequence'
replay_of 0 relaxed curl -sS "$https/t/echo?a=3"
holds "JUnit: a relaxation is told" grep -q 'relaxed (sequence): parameter a: asked' report.xml

# Up to a span: what was recorded after it is not there.
options='--until #2'
replay_of 96 missed bash -c three
equal "--until: the rest is no part of the run" "2 matched, 1 missed, 1 left out" \
	"$(jq -r '"\(.matched) matched, \(.missed) missed, \(.left_out) left out"' report.json)"
holds "--until: the miss says so" \
	grep -q 'the replay was to end at #2, before 1 more' report.json
span=$(spans run.thc .span_id | tr -d '"' | sed -n 2p)
options="--until $span"
replay_of 0 exact curl -sS "$https/v1/models" "$https/t/echo?a=1"
exits "--until: no such span" 66 "$tool" replay --until '#4' run.thc -- true
TRACEHOOK_REPORT=report.xml replaying run.thc bash -c three >out
same "the environment alone: replayed" recorded out
tries=0
until [ "$(/usr/bin/python3 cases.py | grep -c passed)" -eq 3 ] || [ $((tries += 1)) -gt 100 ]; do
	sleep 0.1
done
equal "the environment alone: .xml makes it JUnit" 3 "$(/usr/bin/python3 cases.py | grep -c passed)"
