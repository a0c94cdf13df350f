#!/bin/bash
# What a server gives (a cookie, a session id, the code in a redirect) is not in the capture, and
# yet a replay by the same user gives it to the agent exactly. Elsewhere the agent gets stand-ins,
# which match when they come back, and the replay says so.
. "$(dirname "$0")/lib.sh"
start_double

secrets='planted-trailer-19 planted-setcookie-14 planted-mcp-15 planted-code-16 planted-text-17
planted-link-18 planted-user-10'
key=.state/tracehook/answers.key
umask 022

# hidden CAPTURE: none of them is in it, compressed or not, nor in the file of the key.
hidden() {
	local secret found=
	"$top/tests/reader/read_capture.py" unpacked "$1" >"$1.unpacked" || found=unreadable
	for secret in $secrets; do
		grep -aq -- "$secret" "$1" "$1.unpacked" $key && found="$found $secret"
	done
	equal "$1: no secret in it" "" "$found"
}

for version in 1.1 2; do
	name=h$version
	login() { "$@" curl -isSL --max-time 20 "--http$version" -b '' "$https/t/login"; }
	login recording "$name.thc" >"$name.rec"
	holds "$name: the program was given them" grep -q planted-mcp-15 "$name.rec"
	hidden "$name.thc"
	equal "$name: dump shows stand-ins" 0 "$("$tool" dump --json "$name.thc" | grep -c planted-)"
	equal "$name: and that something was taken out" "true true" \
		"$(spans "$name.thc" .redacted | xargs)"
	login replaying "$name.thc" >"$name.rep"
	same "$name: a replay gives the program what it got" "$name.rec" "$name.rep"

	XDG_STATE_HOME=$scratch/nobody TRACEHOOK_REPORT=$scratch/$name.json \
		login offline "$tool" replay "$name.thc" -- >"$name.else" 2>err
	equal "$name: without the key: all is found" "session True" \
		"$(grep ^session "$name.else" | cut -d ' ' -f 1,2)"
	holds "$name: without the key: stand-ins" \
		grep -q '^[Ss]et-[Cc]ookie: sid=th-redacted:' "$name.else"
	fails "$name: without the key: no secret" grep -q planted- "$name.else"
	equal "$name: without the key: the report says so" 2 "$(jq .stand_ins "$name.json")"
done
fails "a replay makes no key" test -e nobody
login() { "$@" curl -isSL --max-time 20 -b '' "$https/t/login"; }
XDG_STATE_HOME=$scratch/nobody login "$tool" replay h1.1.thc >out 2>err
holds "the summary says so, and why" grep -q '2 answers were not exact.*the key' err
login "$tool" replay h1.1.thc >out 2>err
fails "it says nothing when they are" grep -q 'not exact' err

equal "the key is its owner's alone" "600 700" "$(stat -c %a $key "${key%/*}" | xargs)"
equal "nothing lies beside it" answers.key "$(ls -A "${key%/*}")"
fails "it is not in a capture" grep -aqF "$(cat $key)" h1.1.thc h1.1.thc.unpacked
exits "such a run is sealed" 0 "$tool" seal h1.1.thc
exits "and unaltered" 0 "$tool" verify h1.1.thc

second() { "$top/tests/reader/read_capture.py" "$@"; }
for capture in h1.1.thc h2.thc; do
	equal "$capture: the second reader opens what is kept" \
		"$(for s in $secrets; do echo "$s"; done | sed "s|user-10|user-10:x|" | sort)" \
		"$(TRACEHOOK_KEY_FILE=$key second kept $capture | jq -r .value | sort)"
done

# A copy for others has nothing that any key opens.
exits "redact" 0 "$tool" redact h1.1.thc copy.thc
login replaying copy.thc >copy.rep
same "a copy gives stand-ins to its owner, too" h1.1.else copy.rep
equal "nothing is kept in it" 0 "$(second frames copy.thc | grep -c '"KEPT"')"

# Odd places for the key.
cookie() { env "${@:2}" TRACEHOOK_CAPTURE="$1" LD_PRELOAD="$lib" curl -isS "$http/t/cookie"; }
mkdir narrow && (umask 0777 && cookie narrow.thc XDG_STATE_HOME="$scratch/narrow" >out)
holds "whatever the umask, the key can be read" test -r narrow/tracehook/answers.key
mkdir wide && chmod 777 wide && cookie wide.thc XDG_STATE_HOME="$scratch/wide" >out
env XDG_STATE_HOME="$scratch/wide" "$tool" record -o wide2.thc curl -sS "$http/t/cookie" >out2 2>err
holds "the summary of a recording says so, too" grep -q 'stand-ins for what.*place of its key' err
fails "none is made where others may write" test -e wide/tracehook/answers.key
XDG_STATE_HOME=$scratch/wide "$tool" replay wide.thc -- curl -isS "$http/t/cookie" >rep 2>err
holds "there: the program is answered" grep -q set-cookie-secret out
fails "there: the capture has no secret" grep -aq set-cookie-secret wide.thc
holds "and the replay says why" grep -q "not exact.*the place of its key is not that user" err
echo rubbish >broken.key && mkdir -p broken/tracehook && cp broken.key broken/tracehook/answers.key
cookie broken.thc XDG_STATE_HOME="$scratch/broken" >out
same "a key that is none is left as it is" broken.key broken/tracehook/answers.key

# Many processes at once agree on one key.
mkdir crowd
XDG_STATE_HOME=$scratch/crowd recording crowd.thc sh -c "
	for i in 1 2 3 4 5 6 7 8; do curl -isS $http/t/cookie >crowd.\$i & done; wait"
XDG_STATE_HOME=$scratch/crowd TRACEHOOK_REPORT=$scratch/crowd.json \
	offline "$tool" replay crowd.thc sh -c "
		for i in 1 2 3 4 5 6 7 8; do curl -isS $http/t/cookie >crowd.\$i.rep & done; wait" 2>err
equal "all that was kept can be read" "8 0" "$(jq -r '"\(.matched) \(.stand_ins)"' crowd.json)"
same "and is exact" <(cat crowd.? | sort) <(cat crowd.?.rep | sort)

# An encrypted capture: under its own key.
(umask 077; head -c 32 /dev/urandom >file.key)
export TRACEHOOK_KEY_FILE=$scratch/file.key
login recording locked.thc >locked.rec
XDG_STATE_HOME=$scratch/nobody login replaying locked.thc >locked.rep
same "with TRACEHOOK_KEY_FILE: exact wherever that key is" locked.rec locked.rep
