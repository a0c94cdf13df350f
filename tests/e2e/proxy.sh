#!/bin/bash
# Programs that no library is loaded into: recorded and replayed as their proxy (--proxy).
. "$(dirname "$0")/lib.sh"
[ -x "$build/tests/hosts/https_get_fixed" ] ||
	skip_all "nothing with OpenSSL is linked statically here"
unshare -rn true 2>/dev/null || unshare -n true 2>/dev/null ||
	skip_all "no network namespace can be had here"
start_double
mkdir tmp && export TMPDIR=$scratch/tmp # where directories go
cp "$build/tests/hosts/https_get_fixed" client
client=("./client" localhost "$DOUBLE_HTTPS")
equal "the program is linked statically" "" "$(readelf -d client 2>/dev/null | grep NEEDED)"

exits "recorded" 0 "$tool" record --proxy -o r.thc -- \
	"${client[@]}" /v1/models /t/status/404 /t/echo
cp out r.rec
equal "three answers" "200 404 200" \
	"$(sed -n 's|^HTTP/1.[01] \([0-9]*\).*|\1|p' r.rec | xargs)"
equal "three exchanges" "200 404 200" "$(spans r.thc .response_status | xargs)"
equal "with the server, not with the proxy" https://localhost/v1/models \
	"$(spans r.thc .url | head -n 1 | tr -d '"')"
holds "the capture is whole and sealed" "$tool" verify r.thc
stop_double
exits "replayed, without a server" 0 "$tool" replay --proxy --strict r.thc -- \
	"${client[@]}" /v1/models /t/status/404 /t/echo
same "as it was recorded" r.rec out
exits "what was not recorded is a miss" 96 "$tool" replay --proxy r.thc -- "${client[@]}" /t/other
start_double
client=("./client" localhost "$DOUBLE_HTTPS")
saw=$(double_saw connection)
"$tool" replay --proxy r.thc -- env -u HTTPS_PROXY "${client[@]}" /v1/models >out 2>err
holds "who goes past the proxy does not get out" grep -q '^no connection' out
equal "and nobody was asked" "$saw" "$(double_saw connection)"

# ---- certificates ----

unset SSL_CERT_FILE
"${client[@]}" /v1/models >direct
exits "a server that is not trusted is refused" 1 "$tool" record --proxy -o refused.thc -- \
	"${client[@]}" /v1/models
same "in the program's own words" direct out
exits "and in a replay" 1 "$tool" replay --proxy -q refused.thc -- "${client[@]}" /v1/models
same "alike" direct out
export SSL_CERT_FILE=$DOUBLE_CA

# ---- the program is the caller's ----

exits "its exit code is its own" 7 "$tool" record --proxy -q -o x.thc -- sh -c 'exit 7'
exits "its input, too" 0 "$tool" record --proxy -q -o x.thc -- cat <r.rec
same "byte for byte" r.rec out
"$tool" record --proxy -q -o x.thc -- sh -c 'kill -PIPE $$' >out 2>err
equal "its death by a signal" 141 $?
exits "a program that is not there is said" 127 "$tool" record --proxy -o x.thc -- ./nowhere
equal "nothing is left behind" "" "$(ls tmp)"
