#!/bin/bash
# Names other than localhost: what a look-up answered is part of the recording. The names exist in
# a private hosts file while recording and nowhere while replaying.
. "$(dirname "$0")/lib.sh"
if ! unshare -m true 2>/dev/null; then
	skip_all "no private mount namespace here"
fi
start_double

printf '127.0.0.1 localhost model.example.test tools.example.test\n' >hosts
# with_names COMMAND…: sees the names.
with_names() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$scratch/hosts" "$@"
}

# looked_up NAME COMMAND…: recorded with the names, replayed without.
looked_up() {
	local name=$1
	shift
	with_names env TRACEHOOK_CAPTURE="$name.thc" LD_PRELOAD="$lib" "$@" >"$name.rec" 2>"$name.err"
	equal "$name: recorded" 0 "$?"
	replaying "$name.thc" "$@" >"$name.rep" 2>"$name.err"
	equal "$name: replayed" 0 "$?"
	same "$name: with the same output" "$name.rec" "$name.rep"
}

base=https://model.example.test:$DOUBLE_HTTPS
tools=https://tools.example.test:$DOUBLE_HTTPS
looked_up curl curl -sS "$base/t/echo?1" "$tools/t/echo?2"
looked_up plain curl -sS "http://model.example.test:$DOUBLE_HTTP/v1/models"
looked_up python /usr/bin/python3 -c "
import socket, urllib.request
print(socket.getaddrinfo('model.example.test', 443, type=socket.SOCK_STREAM))
print(socket.gethostbyname('tools.example.test'))
for base in '$base', '$tools':
    print(urllib.request.urlopen(base + '/t/echo').read().decode())"
equal "two hosts at one address stay two hosts" "model.example.test tools.example.test" \
	"$(spans curl.thc .host | tr -d '"' | sed 's/:.*//' | sort -u | tr '\n' ' ' | sed 's/ $//')"

# Each host's requests belong to it: asked of the other one, they miss.
replaying curl.thc curl -sS "$tools/t/echo?1" >out 2>err
equal "the other host does not answer for it" 1 "$(grep -c tracehook_no_match out)"

# A name that did not resolve does not resolve again, with the same error.
for phase in rec rep; do
	if [ $phase = rec ]; then run=recording; else run=replaying; fi
	$run failed.thc curl -sS http://nowhere.invalid/ >out 2>"failed.$phase"
	equal "a name that does not exist, $phase: curl exits 6" 6 "$?"
done
same "and curl says the same" failed.rec failed.rep
