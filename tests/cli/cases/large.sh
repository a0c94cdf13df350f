# A body of 64 MB: whole in JSON, in bounded memory.
mk large x.thc
says tracehook dump x.thc
tracehook dump --json x.thc >out
jq -r 'select(.kind == "exchange") | .response_bytes, (.response_body | length), .chunks' out
tracehook show --raw x.thc 1 | wc -c
ulimit -v 1000000
tracehook dump --json x.thc | cmp - out
