#!/bin/bash
# A replay whose capture is missing, cut or no capture, and mistyped settings: one clear line, no
# network, no crash. The double runs, so that a leak would be seen. In record the same mistakes
# leave the agent as it is.
. "$(dirname "$0")/lib.sh"
start_double

recording good.thc curl -sS "$https/v1/models" >/dev/null
recording two.thc curl -sS "$https/v1/models" >/dev/null
size=$(stat -c %s two.thc)
recording two.thc curl -sS "$https/v1/models" >newest

: >empty.thc
head -c 20 good.thc >header-cut.thc
head -c $(($(stat -c %s good.thc) / 2)) good.thc >half.thc
openssl rand 5000 >random.thc
{ head -c 64 good.thc; openssl rand 5000; } >random-after-header.thc
head -c 64 good.thc >header-only.thc
mkdir directory.thc
seen=$(double_saw connection)

# fenced WHAT COMMAND…: fails, and the library says why in one line; the agent's own stderr is
# silenced (curl -s), so the line is all there is.
fenced() {
	local what=$1
	shift
	"$@" curl -s -m 10 "$https/v1/models" "$http/v1/models" >out 2>err
	equal "$what: the agent's exit code is curl's own for a failed call" 1 \
		"$(($? > 0 && $? < 126))"
	equal "$what: nothing came" "" "$(cat out)"
	one_line "$what: one line says why"
	equal "$what: the network was not touched" "$seen" "$(double_saw connection)"
}

for name in missing empty header-cut half random random-after-header header-only directory; do
	fenced "$name" replaying_online "$name.thc"
done
bad_setting() { env "$1" TRACEHOOK_CAPTURE=good.thc LD_PRELOAD="$lib" "${@:2}"; }
fenced "misspelt mode" bad_setting TRACEHOOK_MODE=repaly
for setting in MATCH=strange ON_MISS=strange PACE=-1 TRACE_ID=zz; do
	fenced "replay with a bad $setting" env TRACEHOOK_MODE=replay "TRACEHOOK_$setting" \
		TRACEHOOK_CAPTURE=good.thc LD_PRELOAD="$lib"
done
exits "the wrapper, given a capture that is cut" 65 "$tool" replay half.thc -- true
equal "the wrapper, asked for a run that is not there, exits 66" 66 \
	"$(TRACEHOOK_TRACE_ID=0123456789abcdef "$tool" replay good.thc -- true >out 2>err; echo $?)"

# A tree of processes says it once.
replaying_online missing.thc sh -c "curl -s $https/v1/models; curl -s $https/v1/models; true" \
	>out 2>err
one_line "a tree says it once"

# What was cut off the end costs what was cut off, not the rest.
head -c $((size + 40)) two.thc >tail-cut.thc
replaying tail-cut.thc curl -s "$https/v1/models" >tail.rep
holds "a cut tail leaves the run before it" grep -q '"object": "list"' tail.rep
"$tool" replay tail-cut.thc -- curl -s "$https/v1/models" >tail.rep 2>err
holds "the wrapper says that the capture is damaged, though nothing was missed" \
	grep -q 'tail-cut.thc: damaged at offset' err

# Record: the agent goes on.
mkdir -p shut && : >file
for capture in directory.thc file/x.thc nowhere/x.thc random.thc; do
	cp -a "$capture" before 2>/dev/null
	TRACEHOOK_CAPTURE=$capture LD_PRELOAD=$lib curl -s "$http/v1/models" >out 2>err
	equal "record into $capture: the agent works" 1 "$(grep -c '"object": "list"' out)"
	one_line "record into $capture: one line says why"
	rm -rf before
done
TRACEHOOK_ON_ERROR=closed TRACEHOOK_CAPTURE=nowhere/x.thc LD_PRELOAD=$lib \
	curl -s "$http/v1/models" >out 2>err
equal "ON_ERROR=closed: the agent's call fails" "" "$(cat out)"
TRACEHOOK_MODE=off TRACEHOOK_CAPTURE=off.thc LD_PRELOAD=$lib curl -s "$http/v1/models" >out 2>err
equal "off: the agent works" 1 "$(grep -c '"object": "list"' out)"
equal "off: nothing is said or written" "" "$(cat err; ls off.thc* 2>/dev/null)"

# The tool on the same files.
for name in empty header-cut random directory; do
	exits "dump of $name says that it is no capture" 65 "$tool" dump "$name.thc"
	equal "dump of $name says so in one line" 1 "$(wc -l <err)"
done
for name in half tail-cut random-after-header; do
	exits "dump of $name says that it is damaged" 65 "$tool" dump "$name.thc"
done
exits "dump of what is not there" 66 "$tool" dump missing.thc
exits "what could be read is still shown" 65 "$tool" dump --json tail-cut.thc
equal "the whole run before the damage" 1 "$(jq -r 'select(.kind == "exchange").url' out | wc -l)"
