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

TRACEHOOK_REDACT=$PWD/rules.json agent recording on.thc >on.out 2>&1
same "the agent had what it had" off.out on.out
unpacked on
views on
equal "as many exchanges are there" "$(spans off.thc | wc -l)" "$(spans on.thc | wc -l)"
find state -type f >states
# shellcheck disable=SC2046 # names without blanks
searched "not one is to be found" on.thc on.unpacked on.views log states $(cat states)

"$tool" redact --rules rules.json off.thc copy.thc >copy.out 2>&1
unpacked copy
searched "nor in a redacted copy of what was recorded without" copy.thc copy.unpacked copy.out
"$tool" compact -q on.thc archive.thc
unpacked archive
searched "nor in an archive" archive.thc archive.unpacked
