# A run as a tree: processes, exchanges, the tools that the model asked for.
mk script a.thc <"$cases/agent.script"
says tracehook tree a.thc
says tracehook tree --depth 1 a.thc
says tracehook tree --depth 2 a.thc
# What leads to a match stays; the rest goes.
says tracehook tree --status error a.thc
says tracehook tree --type tool a.thc
says tracehook tree --text nowhere-to-be-found a.thc
tracehook tree --json a.thc | jq -c '[.depth, .event_type, .name, .model, .tokens.input, .status]'
# Each has its parent, but for the root.
tracehook tree --json a.thc >out
jq -rn '[inputs] | (map(.span_id) - [null]) as $ids |
	map(select(.parent_span_id as $p | $ids | index($p) | not)) | .[].name' out
for width in 20 40 60 80; do
	COLUMNS=$width tracehook tree a.thc >out
	longest=$(/usr/bin/python3 -c "print(max(len(l.rstrip('\n')) for l in open('out')))")
	echo "$width: $((longest <= width))"
done
mk all-kinds x.thc
says tracehook tree x.thc
# A process whose parent was not recorded stands at the root.
mk script orphan.thc <<'S'
run aa 0
process aa a1 0 100 0 ./agent
exit 100
next
process aa b2 b1 102 50 ./orphan
host 1 51 api.example.test
ask 1 1 52 GET /orphan
answer 1 60 200 {}
exit 90
S
says tracehook tree orphan.thc
mk two-runs two.thc
says tracehook tree --run '#1' two.thc
says tracehook tree --depth 0 two.thc
says tracehook tree --run ff two.thc
head -c -100 a.thc >cut.thc
tracehook tree cut.thc >/dev/null 2>&1
echo "exit $?"
