#!/bin/bash
# More than 50 different secrets, one in each place where a program may have one: headers, URLs,
# cookies, HTTP/2, libcurl's transfers, answers, the environment, arguments; and, by rules, bodies
# of all kinds. None of them is anywhere on the disk afterwards, nor in what any command or export
# shows: not plain, not in base64, not percent-encoded, not the first 8 characters of it.
. "$(dirname "$0")/lib.sh"
start_double

secret() { jq -r --arg place "$1" '.[$place]' planted.json; }
agent() {
	BAGGAGE="token=$(secret baggage)" TRACESTATE="api_key=$(secret tracestate)" \
		TRACEHOOK_META="user=me,api_key=$(secret meta)" "$@" /usr/bin/python3 \
		"$top/tests/e2e/planted_agent.py" planted.json "$https"
}
unpacked() {
	"$top/tests/reader/read_capture.py" unpacked "$1.thc" >"$1.unpacked" ||
		not_ok "$1 can be unpacked for searching"
}
# searched WHAT FILE…: nothing of any secret is in them.
searched() {
	/usr/bin/python3 "$top/tests/e2e/planted_scan.py" planted.json "${@:2}" >found
	equal "$1" "" "$(cat found)"
}
views() { # what all commands make of the capture
	local name=$1 number format
	{
		"$tool" dump "$name.thc"
		"$tool" dump --json "$name.thc"
		"$tool" list --json "$name.thc"
		"$tool" tree "$name.thc"
		"$tool" spans --json "$name.thc"
		"$tool" stats "$name.thc"
		for number in $(seq "$(spans "$name.thc" | wc -l)"); do
			"$tool" show "$name.thc" "$number"
			"$tool" show --http "$name.thc" "$number"
			"$tool" show --raw "$name.thc" "$number"
			"$tool" show --raw=request "$name.thc" "$number"
		done
		for format in csv curl dataset har jsonl mermaid otlp prometheus; do
			"$tool" export -f "$format" "$name.thc"
		done
		"$tool" export -f otlp --content "$name.thc"
		"$tool" diff "$name.thc#1" "$name.thc#2"
		timeout 5 "$tool" tail --json "$name.thc" </dev/null
	} >"$name.views" 2>&1
}

/usr/bin/python3 "$top/tests/e2e/planted_agent.py" --make planted.json
cat >rules.json <<'R'
{"rules": [
  {"json": ["/password", "/deep/*/pin", "/choices/*/delta/content"]},
  {"pattern": "tenant-[0-9A-Za-z]{20,40}"},
  {"header": ["x-mine"]},
  {"query": ["mine"]},
  {"detect": ["email", "key"]}
]}
R
export XDG_STATE_HOME=$PWD/state TRACEHOOK_LOG=$PWD/log
mkdir state

TRACEHOOK_REDACT=off agent recording off.thc >off.out 2>&1
unpacked off
/usr/bin/python3 "$top/tests/e2e/planted_scan.py" planted.json off.unpacked >found
holds "without redaction the search finds nearly all of them: $(wc -l <found)" \
	test "$(wc -l <found)" -ge 55

# On a disk of its own, where there can be one: it is looked at as a whole later.
disk=.
if truncate -s 96M image && mkfs.ext4 -q image && mkdir disk && mount -o loop image disk; then
	disk=disk
	trap 'umount disk; finish' EXIT
	export XDG_STATE_HOME=$PWD/disk
fi 2>/dev/null
TRACEHOOK_REDACT=$PWD/rules.json agent recording "$disk/on.thc" >on.out 2>&1
[ $disk = . ] || cp disk/on.thc .
same "the agent had what it had" off.out on.out
unpacked on
views on
equal "as many exchanges are there" "$(spans off.thc | wc -l)" "$(spans on.thc | wc -l)"
find state -type f >states
# shellcheck disable=SC2046 # names without blanks
searched "not one is to be found" on.thc on.unpacked on.views log states $(cat states)

# What a replay leaves, of what it does not know, too.
mkdir player
TMPDIR=$PWD/player "$tool" replay --report report.json on.thc -- curl -sS -m 5 \
	"$https/none?api_key=$(secret 'query api_key')" -H "x-api-key: $(secret x-api-key)" \
	>missed.out 2>missed.err
holds "a replay with a miss has a report" grep -q none report.json
find player -type f >>states
# shellcheck disable=SC2046
searched "nor in what a replay leaves" report.json missed.out missed.err log $(cat states)

[ $disk = . ] || sync -f disk # what was freed is free only then
# One that is killed in the middle of an answer leaves its live file behind.
LD_PRELOAD=$lib TRACEHOOK_CAPTURE=$PWD/$disk/killed.thc curl -sS -N -o killed.out \
	"$https/t/stall?api_key=$(secret 'query api_key')" \
	-H "Authorization: Bearer $(secret bearer)" -b "sid=$(secret 'cookie a')" &
pid=$!
for _ in $(seq 400); do
	[ ! -f killed.out ] || ! grep -q 'event 2' killed.out || break
	sleep 0.05
done
kill -9 "$pid"
wait "$pid" 2>/dev/null
searched "nor after a kill" "$disk"/killed.thc*
cat "$disk"/killed.thc-live-* >live
holds "what was killed has left its live file" grep -aq /t/stall live
if [ $disk = disk ]; then
	umount disk
	trap finish EXIT
	# Each block of a file stands as a whole somewhere on the disk, wherever it is put.
	holds "the disk held the run, and what was killed" /usr/bin/python3 -c '
disk = open("image", "rb").read()
for name in "on.thc", "live":
    data = open(name, "rb").read()
    blocks = [data[at:at + 1024] for at in range(0, len(data), 1024)]
    assert any(block.strip(b"\0") for block in blocks)
    assert all(block in disk for block in blocks if block.strip(b"\0")), name'
	searched "not one is on the disk, in any block" image
else
	skip "no block of the disk" "no loop device can be mounted here"
fi
export XDG_STATE_HOME=$PWD/state

"$tool" redact --rules rules.json off.thc copy.thc >copy.out 2>&1
unpacked copy
searched "nor in a redacted copy of what was recorded without" copy.thc copy.unpacked copy.out
"$tool" compact -q on.thc archive.thc
unpacked archive
searched "nor in an archive" archive.thc archive.unpacked
