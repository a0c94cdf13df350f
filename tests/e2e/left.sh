#!/bin/bash
# Programs that do not carry the library (P30, P31, P32): noted in the record of whoever executed
# them, in a replay put right or named. And settings with which a run would have gone elsewhere.
. "$(dirname "$0")/lib.sh"
start_double
static=$build/tests/shim/static_main
[ -x "$static" ] || skip_all "no statically linked program was built"
bare="PATH=$PATH"

# noted CAPTURE: path and reason of each, one a line.
noted() {
	"$tool" dump --json "$1" | jq -r 'select(.kind == "left") | "\(.name): \(.status_reason)"'
}

# ---- which programs ----

without="executed without LD_PRELOAD in its environment"
cat >agent.sh <<A
env -i "$bare" true
"$static"
(unset LD_PRELOAD; sh -c true)
sh -c 'curl -sS "$http/t/echo"; exit 0' >/dev/null
A
exits "--require-coverage: children without the library" 98 \
	"$tool" record --require-coverage -o left.thc -- bash agent.sh
equal "each is noted, with its reason" "$(type -P true): $without
$static: linked statically: the library cannot be loaded into it
$(type -P sh): $without" "$(noted left.thc)"
equal "the others are recorded" 1 "$(spans left.thc | wc -l)"
equal "the summary names them" 3 "$(grep -c '^tracehook: not recorded: /' err)"
equal "each below a process of the run" "" "$("$tool" dump --json left.thc | jq -rs '
	(map(select(.kind == "process").span_id)) as $processes | .[] |
	select(.kind == "left") | select(.parent_span_id | IN($processes[]) | not)')"
equal "spans --type opaque finds them" 3 "$("$tool" spans --type opaque --json left.thc | wc -l)"
exits "without --require-coverage the exit code is the agent's" 0 \
	"$tool" record -o x.thc -- env -i "$bare" true

cat >agent.py <<'A'
import os, subprocess
subprocess.run(["/bin/true"], env={})
subprocess.run(["true"])
del os.environ["LD_PRELOAD"]
os.system("true")
A
exits "an agent that empties its children's environment" 98 \
	"$tool" record --require-coverage -o python.thc -- /usr/bin/python3 agent.py
equal "subprocess with an empty environment; system() after the library was removed" \
	"/bin/true: $without
/bin/sh: $without" "$(noted python.thc)"

if [ "$(id -u)" -eq 0 ]; then
	cp "$(type -P true)" ./privileged && chown nobody privileged && chmod 4755 privileged
	recording rights.thc sh -c './privileged; true'
	equal "a set-user-ID program" "./privileged: set-user-ID or with file capabilities: the \
loader refuses the library" "$(noted rights.thc)"
else
	skip "a set-user-ID program" "not root"
fi

exits "a child that is not told of the run" 98 \
	"$tool" record --require-coverage -o told.thc -- \
	sh -c 'env -u TRACEHOOK_CONTEXT TRACEHOOK_CAPTURE=elsewhere.thc true; true'
equal "is noted, since it begins one of its own" "$(type -P true): executed without \
TRACEHOOK_CONTEXT: recorded as a run of its own" "$(noted told.thc)"
equal "which is where it was told to be" 1 "$("$tool" list elsewhere.thc | grep -c true)"

# A relative path is the same library in another directory.
mkdir elsewhere
cp "$lib" ./libtracehook.so
TRACEHOOK_CAPTURE=relative.thc LD_PRELOAD=./libtracehook.so \
	sh -c "cd elsewhere; curl -sS $http/t/echo >/dev/null; true" 2>relative.err
equal "LD_PRELOAD with a relative path: children elsewhere are recorded" 1 \
	"$(spans relative.thc | wc -l)"
equal "LD_PRELOAD with a relative path: the loader has no complaint" "" "$(cat relative.err)"

# ---- replay ----

exits "replay --require-coverage: a program that the fence cannot hold" 98 \
	"$tool" replay --require-coverage left.thc -- bash agent.sh
holds "it is named" grep -qF "not held by the fence: $static" err
fails "those whose environment was put right are not" grep -q 'fence: .*true' err
TRACEHOOK_REPORT=$scratch/report.json replaying left.thc bash agent.sh
for _ in $(seq 100); do [ -s report.json ] && break; sleep 0.1; done
equal "the report has it" "1 $static" "$(jq -r '"\(.left) \(.unfenced[0].request)"' report.json)"

# ---- settings that would have led elsewhere ----

seen=$(double_saw request)
exits "TRACEHOOK_MOD=replay: nothing gets out" 7 env TRACEHOOK_MOD=replay LD_PRELOAD="$lib" \
	curl -sS "https://localhost:$DOUBLE_HTTPS/t/echo"
equal "TRACEHOOK_MOD=replay: it is said" "tracehook: TRACEHOOK_MOD=replay is no variable of \
tracehook's: TRACEHOOK_MODE?; network calls fail" "$(grep ^tracehook: err)"
equal "TRACEHOOK_MOD=replay: the server saw nothing" "$seen" "$(double_saw request)"
[ ! -e tracehook.thc ] && ok "TRACEHOOK_MOD=replay: nothing is recorded" ||
	not_ok "TRACEHOOK_MOD=replay: nothing is recorded"
exits "a misspelt variable: the wrapper refuses" 64 env TRACEHOOK_MACTH=sequence \
	"$tool" replay left.thc -- true
one_line "in one line"
exits "somebody else's variable is none of ours" 0 env TRACEHOOK_HOME=/x \
	"$tool" record -q -o x.thc -- true
one_line "but it is said that it means nothing"

# ---- a capture that cannot be ----

mkdir gone
in_gone() {
	(cd gone && rmdir "$scratch/gone" && "$tool" record -- true)
}
exits "record in a directory that is gone" 66 in_gone
one_line "in one line"

# Through a pipe: the limit holds for what catches the output, too.
limited_record() {
	(ulimit -f 0 && "$tool" record -o "$1" -- true 2>&1; echo "exit $?") | cat
}
equal "record under ulimit -f 0" "tracehook: $scratch/x.thc: cannot be written: files may have 0 \
bytes (ulimit -f)
exit 66" "$(limited_record x.thc)"
equal "under ulimit -f 0 the library says it, too" "tracehook: $scratch/x.thc: File too large; \
nothing is recorded" "$( (ulimit -f 0 && recording "$scratch/x.thc" true 2>&1) | cat)"
