#!/bin/bash
# A libcurl whose TLS library nobody taps (NSS): what libcurl shows is recorded, once, and a replay
# is trusted by libcurl's own options.
. "$(dirname "$0")/lib.sh"
agent=$build/tests/hosts/curl_agent_nss
[ -x "$agent" ] || skip_all "no libcurl with NSS"
"$agent" quiet 1 /dev/null http://127.0.0.1:1/ >out 2>&1 || skip_all "libcurl with NSS does not run"
start_double

# ---- recorded and replayed ----

for v in 1 2; do
	record_and_replay "easy$v" "$agent" easy "$v" "$DOUBLE_CA" "$https/t/redirect" \
		"$https/t/gzip" "$https/t/trailers" "$https/t/echo?post" "$https/t/status/204" \
		"$https/t/early-hints" "$https/t/bytes?n=300000" "$http/t/echo?plain"
	equal "HTTP/$v: each exchange once, and the plain one, whole" \
		"302 200 200 200 200 204 200 200 200 " \
		"$(spans "easy$v.thc" 'select(.truncated | not).response_status' | tr '\n' ' ')"
	equal "HTTP/$v: as it was spoken" "9 $((v == 2 ? 8 : 0))" \
		"$(spans "easy$v.thc" .http_version | sed 's/"//g' |
			awk '{all++; two += $1 == "2"} END {print all, two + 0}')"
	equal "HTTP/$v: no connection stayed closed to us" "" \
		"$("$tool" dump --json "easy$v.thc" | jq -c 'select(.kind == "opaque")')"
	equal "HTTP/$v: told by libcurl" true \
		"$(spans "easy$v.thc" | jq -s 'all(.transfer.library | contains("NSS"))')"
done
replaying easy2.thc "$agent" easy 2 /nonexistent "$https/t/trailers" >out 2>err
equal "trusted without the recorded server's CA" "result 0 status 200" \
	"$(head -1 out | cut -d' ' -f1-4)"
replaying easy2.thc "$agent" pin 2 "$DOUBLE_CA" "$https/t/trailers" >out 2>err
equal "and in spite of a pin" "result 0 status 200" "$(head -1 out | cut -d' ' -f1-4)"
replaying easy1.thc "$agent" quiet 1 "$DOUBLE_CA" "$https/unknown" >out 2>err
equal "a miss is status 424" "result 0 status 424 bytes 0" "$(cat out)"

record_and_replay raw "$agent" raw 1 "$DOUBLE_CA" "$https/"
equal "curl_easy_send and recv: one exchange" 200 "$(spans raw.thc .response_status)"

# ---- side by side ----

for v in 1 2; do
	recording "multi$v.thc" "$agent" multi "$v" "$DOUBLE_CA" "$https/v1/models" "$https/v1/models" \
		"$https/t/redirect" "$https/t/bytes?n=100000" "$https/t/echo?post" >rec 2>err
	equal "HTTP/$v side by side: all have their exchanges" "[1,1][1,1][1,1][1,1][1,2][2,2]" \
		"$(spans "multi$v.thc" '[.transfer.step, .transfer.steps]' | sort | tr -d '\n')"
	replaying "multi$v.thc" "$agent" multi "$v" "$DOUBLE_CA" "$https/v1/models" \
		"$https/v1/models" "$https/t/redirect" "$https/t/bytes?n=100000" "$https/t/echo?post" \
		>rep 2>err
	sort rec >rec.sorted
	sort rep >rep.sorted
	same "HTTP/$v side by side: replay gives the same answers" rec.sorted rep.sorted
done

# The same program on a libcurl whose TLS library is tapped: from there it comes, and once.
tapped=$build/tests/hosts/curl_agent
for form in easy multi raw; do
	record_and_replay "tapped-$form" "$tapped" "$form" 1 "$DOUBLE_CA" "$https/t/redirect" \
		"$https/t/echo?post"
done
equal "tapped: each exchange once" "3 3 1" "$(spans tapped-easy.thc | wc -l) $(
	spans tapped-multi.thc | wc -l) $(spans tapped-raw.thc | wc -l)"

# ---- ends ----

record_and_replay cut-fin "$agent" easy 1 "$DOUBLE_CA" "$https/t/cut?how=fin"
equal "cut by the peer: one exchange that was cut" '["fin",true]' \
	"$(spans cut-fin.thc '[.response_end, .truncated]')"
# libcurl with NSS peeks now and then whether the connection lives, and so may itself take the error
# that it would else be given: 56 or 18, with and without us.
recording cut-rst.thc "$agent" quiet 1 "$DOUBLE_CA" "$https/t/cut?how=rst" >rec 2>err
equal "reset by the peer: one exchange that was reset" '["reset",true]' \
	"$(spans cut-rst.thc '[.response_end, .truncated]')"
replaying cut-rst.thc "$agent" quiet 1 "$DOUBLE_CA" "$https/t/cut?how=rst" >rep 2>err
holds "reset by the peer: replay gives an error, too" grep -qE '^result (56|18) status 200' rep
record_and_replay reset2 "$agent" easy 2 "$DOUBLE_CA" "$https/t/cut?how=rst" "$https/t/until-close"
recording wrong.thc "$agent" quiet 1 /dev/null "$https/v1/models" >out 2>err
equal "TLS that fails is no exchange" "" "$(spans wrong.thc)"

# ---- the agent's own listening ----

words() { sed -E 's/0x[0-9a-f]+/POINTER/g; s/ date: .*//' "$1"; }
for mode in verbose debug; do
	urls=("$https/v1/models" "$https/t/echo?post" "$https/t/status/200?/quiet" "$http/v1/models")
	for v in 1 2; do
		recording "$mode$v.thc" "$agent" quiet-$mode "$v" "$DOUBLE_CA" "${urls[@]}" >rec 2>rec.err
		"$agent" quiet-$mode "$v" "$DOUBLE_CA" "${urls[@]}" >direct 2>direct.err
		words rec.err >rec.words
		words direct.err >direct.words
		same "$mode, HTTP/$v: the agent is told what it is told without us" direct.words rec.words
		[ -s rec.words ] || not_ok "$mode, HTTP/$v: it is told anything"
	done
done
