# What happens while it happens. Live: tests/e2e/tail.sh.
mk script a.thc <"$cases/agent.script"
says tracehook tail a.thc
says tracehook tail -n all --type llm a.thc
says tracehook tail -n 1 a.thc
tracehook tail --json -n 2 a.thc | jq -c '[.event_type, .name, .response_status]'
mk script cut.thc <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 h.example.test
ask 1 1 10 GET /one
answer 1 20 200 {}
ask 2 1 30 GET /two
S
says tracehook tail cut.thc
says tracehook tail missing.thc
says tracehook tail -n some a.thc
# The file comes later, and what had been shown is not shown again.
# shellcheck disable=SC2154 # run_case.sh's
timeout 60 "$tool" tail --follow -n all --type llm late.thc >out &
tail=$!
sleep 0.3
: >late.thc # made, and nothing in it yet
sleep 0.3
cp a.thc late.thc.new && mv late.thc.new late.thc
for _ in $(seq 200); do
	[ "$(wc -l <out)" -lt 4 ] || break
	sleep 0.05
done
sleep 0.5
kill $tail
wait
cut -d' ' -f 2- <out
