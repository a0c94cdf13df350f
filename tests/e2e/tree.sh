#!/bin/bash
# A process tree: everything that a recorded program starts is recorded and replayed with it.
. "$(dirname "$0")/lib.sh"
start_double

cat >tree_agent.sh <<P
#!/bin/sh
curl -sS "$https/t/echo?first"
( curl -sS "$https/t/echo?subshell"; sh -c 'curl -sS "$https/t/echo?grandchild"' )
/usr/bin/python3 -c 'import urllib.request
print(urllib.request.urlopen("$https/t/echo?python").read().decode())'
for n in 1 2 3; do curl -sS "$https/t/echo?background-\$n" >"\$1.\$n" & done
wait
cat "\$1.1" "\$1.2" "\$1.3" | sort
exit 7
P
chmod +x tree_agent.sh
record_and_replay tree ./tree_agent.sh part
equal "all requests of the tree are spans" 7 "$(spans tree.thc | wc -l)"
equal "of one run" 1 "$(spans tree.thc .trace_id | sort -u | wc -l)"
"$tool" dump --json tree.thc >tree.json
equal "each exchange hangs below a process of the run" "" "$(jq -rs '
	(map(select(.kind == "process").span_id)) as $processes |
	.[] | select(.kind == "exchange") | select(.parent_span_id | IN($processes[]) | not) |
	.span_id' tree.json)"
equal "one process has no parent in the file" 1 "$(jq -rs '
	(map(.span_id)) as $all | map(select(.kind == "process")) |
	map(select(.parent_span_id == null or (.parent_span_id | IN($all[]) | not))) | length' \
	tree.json)"

# A child that is forked and never execs is a process of its own.
cat >fork_agent.py <<P
import os, sys, urllib.request
def ask(who):
    answer = urllib.request.urlopen("$https/t/echo?" + who).read().decode()
    with open(sys.argv[1] + "." + who, "w") as out: out.write(answer)
ask("before")
children = [os.fork() for _ in range(1)]
if children[0] == 0:
    ask("child"); os._exit(0)
os.waitpid(children[0], 0)
ask("after")
for who in ("before", "child", "after"): print(open(sys.argv[1] + "." + who).read())
P
record_and_replay fork /usr/bin/python3 fork_agent.py forked
equal "fork: three exchanges" 3 "$(spans fork.thc | wc -l)"
equal "fork: of two processes" 2 "$(spans fork.thc .parent_span_id | sort -u | wc -l)"

# Many at once into one file: nothing is lost or mixed up (P29). The clients' exit codes and the
# double's own log tell whose fault it is when one is not there.
cat >many.sh <<P
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	{ curl -sS "$http/t/echo?many=\$n" >many.out.\$n; echo "\$n \$?" >many.code.\$n; } &
done
wait
P
recording many.thc sh many.sh
equal "twelve clients at once: each got its answer" "$(seq 1 12 | sed 's/$/ 0/')" \
	"$(cat many.code.* | sort -n)"
equal "the server saw twelve requests" "$(seq 1 12)" \
	"$(grep -o '"event": "request".*many=[0-9]*' double/double.log | sed 's/.*many=//' | sort -n)"
equal "twelve writers at once: all twelve are there" "$(seq 1 12)" \
	"$(spans many.thc .url | sed 's/.*many=//; s/"//' | sort -n)"
equal "no process of them lost anything" "" "$("$tool" dump --json many.thc |
	jq -c 'select((.lost_events // 0) > 0) | {name, pid, lost_events, lost_bytes}')"
equal "and no live file is left over" "" "$(compgen -G '*.thc-live*')"
