#!/bin/bash
# libcurl driven by the program: its own epoll (curl_multi_socket_action), handles that share
# connections and are reset, requests by hand (curl_easy_send); with a tapped TLS library and not.
. "$(dirname "$0")/lib.sh"
[ -x "$build/tests/hosts/curl_agent" ] || skip_all "no libcurl to build with"
start_double

for agent in "$build"/tests/hosts/curl_agent{,_nss}; do
	who=$(basename "$agent")
	if ! "$agent" quiet 1 /dev/null http://127.0.0.1:1/ >out 2>&1; then
		skip "$who" "does not run here"
		continue
	fi
	for version in 1 2; do
		for form in sockets shared; do
			run=$who-$form-$version
			record_and_replay "$run" "$agent" "$form" "$version" "$DOUBLE_CA" "$https/t/echo?post" \
				"$https/t/redirect" "$https/t/bytes?n=70000" "$http/t/echo?plain"
			equal "$run: each exchange once" "$([ "$form" = shared ] && echo 10 || echo 5)" \
				"$(spans "$run.thc" 'select(.truncated | not)' | wc -l)"
			equal "$run: nothing failed" "" "$(grep -a '^result' "$run.rep" | grep -av '0 status 200')"
		done
	done
	record_and_replay "$who-raw" "$agent" raw 1 "$DOUBLE_CA" "$https/"
	equal "$who-raw: one exchange" 200 "$(spans "$who-raw.thc" .response_status)"
done
