# Who read what; what cannot be logged is not shown.
mk script a.thc <"$cases/agent.script"
export TRACEHOOK_ACCESS_LOG=$PWD/log
tracehook list a.thc >/dev/null
tracehook show a.thc 1 >/dev/null
tracehook spans --type 'llm' ./a.thc >/dev/null
tracehook dump missing.thc 2>/dev/null
jq -c '[keys, .command, .capture, (.time | test("^20..-..-..T..:..:..[.]...Z$"))]' log
jq -e --arg uid "$(id -u)" '.uid == ($uid | tonumber)' log | sort -u
stat -c %a log
TRACEHOOK_ACCESS_LOG=$PWD/none/log says tracehook list a.thc
TRACEHOOK_ACCESS_LOG=/dev/full says tracehook list a.thc
