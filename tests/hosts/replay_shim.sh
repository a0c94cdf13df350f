#!/bin/bash
# replay_shim.sh LIBRARY FAKE_PLAYER HOST: the replaying half of the shim, without the real player.
# Everything runs in a private network without even loopback, where the machine allows it.
set -u
for fd in $(seq 3 254); do eval "exec $fd>&-"; done # whatever the test runner left open
library=$(readlink -f "$1") fake=$(readlink -f "$2") host=$(readlink -f "$3")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tracehook-shim.XXXXXX")
cd "$scratch" || exit 1
failed=0
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	cd / && rm -rf "$scratch"
}
trap finish EXIT

result() { # WHAT CODE
	if [ "$2" -eq 0 ]; then echo "ok - $1"; else echo "not ok - $1"; failed=1; fi
}

offline() { "$@"; }
if unshare -n true 2>/dev/null; then offline() { unshare -n "$@"; }; fi

# ---- a player that runs already ----

mkdir running
"$fake" running >ready &
pids=$!
for _ in $(seq 100); do [ -s ready ] && break; sleep 0.05; done
started() {
	offline env TRACEHOOK_MODE=replay TRACEHOOK_CAPTURE=/dev/null LD_PRELOAD="$library" \
		TRACEHOOK_CONTEXT="1;player=$scratch/running;said=0;capture=/dev/null" "$@"
}
started "$host"
result "the recorded world and nothing else is seen" $?
grep -q '^3 198.51.100.1 443 ' running/log
result "the fence tells what was refused" $?
grep -q '^4 - 0 unknown.test ' running/log
result "the fence tells which name was refused" $?
equal=$(awk '$1 == 2' running/log | wc -l)
[ "$equal" -eq 2 ]
result "two processes registered: the host and the child that connected" $?
parent=$(awk '$1 == 2 { sub("process=", "", $6); print $6; exit }' running/log)
child_of=$(awk '$1 == 2 { sub("parent=", "", $7); last = $7 } END { print last }' running/log)
[ -n "$parent" ] && [ "$parent" = "$child_of" ]
result "the forked child names its parent" $?

# ---- a player that is gone, or cannot be had ----

kill "$pids" && wait 2>/dev/null
pids=
started "$host" closed >out 2>err
result "a player that is gone closes the fence" $?
[ "$(wc -l <err)" -eq 1 ] && grep -q '^tracehook: replay: ' err
result "and one line says so" $?

# ---- started from the constructor ----

mkdir -p place/lib place/tools && cp "$library" place/lib/lib.so && cp "$fake" place/tools/tracehook
alone() {
	offline env TRACEHOOK_MODE=replay TRACEHOOK_CAPTURE="$1" TMPDIR="$scratch/tmp" \
		TRACEHOOK_TRACE_ID=abcd LD_PRELOAD="$scratch/place/lib/lib.so" KEPT=yes "${@:2}"
}
mkdir tmp && touch run.thc
(trap '' USR1; alone run.thc "$host")
result "the library starts the player by itself" $?
directory=$(echo tmp/tracehook-*)
pids=$(awk '$1 == "pid" { print $2 }' "$directory/started")
[ "$(stat -c %a "$directory")" = 700 ]
result "its directory is private" $?
session=$(awk '$1 == "session" { print $2 }' "$directory/started")
[ "$session" != "$(ps -o sid= -p $$ | tr -d ' ')" ]
result "it has a session of its own" $?
! grep -E '^variable (LD_|TRACEHOOK_)|^signal' "$directory/started" &&
	grep -q '^variable KEPT=yes' "$directory/started"
result "its environment is the agent's without what is ours; its signals are at their defaults" $?
grep -qx 'argument abcd' "$directory/started" &&
	grep -qx "argument $PWD/run.thc" "$directory/started"
result "it is told the capture and the run" $?
! grep -vE '^fd ([012] /dev/null|3 pipe:.*)$' "$directory/descriptors"
result "it holds no descriptor of the agent's" $?

alone missing.thc "$host" closed >out 2>err
result "a player that reports an error closes the fence" $?
grep -q '^tracehook: replay: .*missing.thc: no such capture' err && [ "$(wc -l <err)" -eq 1 ]
result "and its reason is the one line" $?
[ "$(echo tmp/tracehook-*)" = "$directory" ]
result "no directory is left behind" $?
rm place/tools/tracehook
PATH=/usr/bin:/bin alone run.thc "$host" closed >out 2>err
result "without the program the fence is closed" $?
exit $failed
