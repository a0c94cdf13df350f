# Two runs, call by call.
mk script a.thc <"$cases/agent.script"
says tracehook diff a.thc a.thc
# A call put in, another question, another answer.
sed -e 's/warm/cold/; s/cold in Oslo/warm in Oslo/; s/"completion_tokens":9/"completion_tokens":11/' \
	-e 's/content":"What is the weather in Oslo and Rome/content":"What is the weather in Oslo and Paris/' \
	-e 's/^host 2 815.*/&\nask 9 2 816 GET \/v1\/new\nanswer 9 818 200 {}/' \
	"$cases/agent.script" >b.script
mk script b.thc <b.script
says tracehook diff a.thc b.thc
says tracehook diff --width 110 a.thc b.thc
says tracehook diff --all a.thc b.thc | head -n 12
says tracehook diff b.thc a.thc | tail -n 2
# Two runs of one file, named in each way.
mk two-runs two.thc
tracehook list --json two.thc | jq -r '.trace_id[0:4]' >ids
first=$(sed -n 1p ids) second=$(sed -n 2p ids) way=0
for runs in 'two.thc#1 two.thc#2' "two.thc:$first two.thc:$second" "two.thc #1 #2" \
	"two.thc $first $second"; do
	# shellcheck disable=SC2086
	tracehook diff $runs | sed 's/^\([AB]\).* run/\1 run/' >"way.$((way += 1))"
	echo "exit ${PIPESTATUS[0]}"
done
cat way.1
for way in 2 3 4; do
	cmp way.1 "way.$way"
done
says tracehook diff two.thc#2 two.thc#2
# As JSON.
tracehook diff --json a.thc b.thc >out
jq -c 'select(.kind == "call") | [.differs, .a.number, .b.number,
	(.differences | map([.in, .path, .character, .a, .b]))]' out
jq -c 'select(.kind != "call") | del(.capture)' out
tracehook diff --json --all a.thc a.thc | jq -c '[.kind, .differs, .equal]' | uniq -c
# Blocks of a message.
block() {
	local blocks="[{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"text\",\"text\":\"$1\"}]"
	printf 'run aa 0\nprocess aa a1 0 100 0 ./agent\nhost 1 1 api.anthropic.com\n'
	printf 'ask 1 1 2 POST /v1/messages {"model":"c","messages":[{"role":"user","content":%s}]}\n' \
		"$blocks"
	printf 'answer 1 3 200 {"type":"message","content":[]}\nexit 9\n'
}
block two | mk script block1.thc
block three | mk script block2.thc
says tracehook diff block1.thc block2.thc
# Order, and what overlapped.
order() {
	printf 'run aa 0\nprocess aa a1 0 100 0 ./agent\nhost 1 1 x.test\nhost 2 1 x.test\n%s\nexit 99\n' "$1"
}
order 'ask 1 1 2 GET /a
answer 1 10 200 {}
ask 2 1 20 GET /b
answer 2 30 200 {}' | mk script ab.thc
order 'ask 1 1 2 GET /b
answer 1 10 200 {}
ask 2 1 20 GET /a
answer 2 30 200 {}' | mk script ba.thc
order 'ask 1 1 2 GET /b
ask 2 2 3 GET /a
answer 1 10 200 {}
answer 2 10 200 {}' | mk script both.thc
says tracehook diff ab.thc ba.thc
says tracehook diff ab.thc both.thc | tail -n 2
# Time makes a difference only when told so.
sed 's/^answer 2 30/answer 2 80/' <<'S' | mk script slow.thc
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 x.test
host 2 1 x.test
ask 1 1 2 GET /a
answer 1 10 200 {}
ask 2 1 20 GET /b
answer 2 30 200 {}
exit 99
S
says tracehook diff ab.thc slow.thc
says tracehook diff --slower 3 ab.thc slow.thc
says tracehook diff --slower 8 ab.thc slow.thc | tail -n 1
# Fields that differ each time, and whether they count.
mk all-kinds x.thc
says tracehook diff --exact x.thc x.thc
# Damage is no equality.
head -c -100 a.thc >cut.thc
tracehook diff a.thc cut.thc >/dev/null 2>&1
echo "exit $?"
# Mistakes.
says tracehook diff a.thc
says tracehook diff a.thc missing.thc
says tracehook diff a.thc#9 a.thc
says tracehook diff a.thc:ee a.thc
says tracehook diff --slower 0.5 a.thc a.thc
says tracehook diff --width x a.thc a.thc
