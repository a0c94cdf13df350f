#!/bin/bash
# What only libcurl knows of a transfer: the URL as asked, redirects, repetitions, times, results;
# of the curl program (easy and multi handles) and of pycurl, whose libcurl is another one.
. "$(dirname "$0")/lib.sh"
start_double
reader=$top/tests/reader/read_capture.py

# transfers CAPTURE JQ-FILTER: what the second reader finds.
transfers() { "$reader" transfers "$1" | jq -c "$2"; }

# ---- redirects ----

record_and_replay redirect curl -sS -L --http1.1 "$https/t/redirect?api_key=sk-hunter2hunter2" \
	"$http/t/redirect"
equal "redirects: both readers know what was asked" "$https/t/redirect?api_key=$http/t/redirect" \
	"$(transfers redirect.thc .asked | tr -d '"\n' | sed 's/th-redacted:[0-9a-f:]*//')"
equal "redirects: each step follows the one before" \
	'[1,1,2,null][2,2,2,"redirect"][3,1,2,null][4,2,2,"redirect"]' \
	"$(spans redirect.thc '[.number, .transfer.step, .transfer.steps, .follows.why]' | tr -d '\n')"
equal "redirects: of the step before" true \
	"$("$tool" dump --json redirect.thc | jq -s '[.[] | select(.kind == "exchange")] |
		.[1].follows.span_id == .[0].span_id and .[3].follows.span_id == .[2].span_id')"
equal "redirects: where they led to" "\"$https/t/echo?redirected=1\"" \
	"$(spans redirect.thc .transfer.effective_url | head -1)"
equal "redirects: libcurl's times are in order" true "$(spans redirect.thc '.transfer |
	.namelookup_ns <= .connect_ns and .connect_ns < .tls_ns and .tls_ns <= .request_ns and
	.request_ns <= .first_byte_ns and .first_byte_ns <= .total_ns and .redirect_ns > 0' | head -1)"
equal "redirects: show says it in words" 1 \
	"$("$tool" show redirect.thc '#2' | grep -c 'step 2 of 2; follows #1: redirect')"
"$reader" unpacked redirect.thc >unpacked
fails "redirects: no secret of a URL is in the file" grep -q hunter2 unpacked

# ---- repetitions ----

recording retry.thc curl -sS --retry 1 "$http/t/status/503" >out 2>&1
equal "retries: the second attempt follows the first" '[1,1,null][2,2,"retry"]' \
	"$(spans retry.thc '[.number, .transfer.attempt, .follows.why]' | tr -d '\n')"

# ---- side by side ----

for version in --http1.1 --http2; do
	recording "many$version.thc" curl -sS -Z "$version" "$https/v1/models?1" "$https/v1/models" \
		"$https/v1/models" "$https/t/bytes?n=200000" >out 2>err
	equal "side by side ($version): each transfer has an exchange of its own" \
		'["multi",1]["multi",2]["multi",3]["multi",4]' \
		"$(spans "many$version.thc" '[.transfer.api, .transfer.handle]' | sort | tr -d '\n')"
	equal "side by side ($version): and the right one" true \
		"$(spans "many$version.thc" | jq -s 'all(.transfer.asked_url == .url)')"
done

# ---- what failed ----

recording failed.thc curl -sS "$http/t/cut?how=fin&framing=length" http://127.0.0.1:1/ >out 2>err
equal "failures: the result as curl says it" '[18][7]' \
	"$(transfers failed.thc '[.result]' | tr -d '\n')"
equal "failures: in words" '"Transferred a partial file"' "$(spans failed.thc .transfer.error)"

recording alone.thc curl -sS http://nope.invalid/ http://127.0.0.1:1/ nope://127.0.0.1/ \
	https://127.0.0.1:"${https##*:}"/ --cacert /dev/null >out 2>err
failures() { "$tool" dump --json alone.thc | jq -c 'select(.kind != "process")' | jq -c "$1"; }
equal "failures: told with what failed, else alone, and once each" \
	'["lookup",6]["connect",7]["transfer",1]["transfer",77]' \
	"$(failures '[.kind, .transfer.result]' | tr -d '\n')"
equal "failures: why one came to nothing" true "$(failures 'select(.kind == "transfer") |
	.transfer.error == .status_reason and .event_type == "ERROR"' | uniq)"
for view in dump tree spans; do
	equal "failures: $view has a line for each" 4 \
		"$("$tool" "$view" alone.thc | grep -cE '(lookup|connect|transfer) +(nope|http|127)')"
done

# ---- another libcurl ----

cat >agent.py <<'P'
import pycurl, sys
curl = pycurl.Curl()
curl.setopt(curl.WRITEFUNCTION, lambda data: None)
for url in sys.argv[1:]:
    curl.setopt(curl.URL, url)
    curl.perform()
P
if /usr/bin/python3 -c 'import pycurl; assert "GnuTLS" in pycurl.version' 2>/dev/null; then
	recording pycurl.thc /usr/bin/python3 agent.py "$http/v1/models" "$http/t/echo"
	equal "pycurl: told by its own libcurl" '["GnuTLS",1]["GnuTLS",1]' \
		"$(spans pycurl.thc '[(.transfer.library | scan("GnuTLS")), .transfer.step]' | tr -d '\n')"
else
	skip "pycurl: told by its own libcurl" "no pycurl with GnuTLS"
fi
