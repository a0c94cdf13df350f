# Limits for CI: kept, broken, and what cannot be told.
mk script a.thc <"$cases/agent.script"
cat >prices.json <<'P'
{"currency": "USD", "models": {"*": {"input": 100, "output": 100},
 "gpt-4o*": {"input": 2.5, "output": 10, "cache_read": 1.25}}}
P
says tracehook check --max-tokens 2551 --max-input-tokens 2502 --max-output-tokens 49 a.thc
says tracehook check --max-tokens 2550 a.thc
says tracehook check --max-input-tokens 2501 --max-output-tokens 48 a.thc
says tracehook check --max-calls 4 --max-requests 6 --max-errors 2 --max-duration 2.8s a.thc
says tracehook check --max-calls 3 --max-requests 5 --max-errors 1 --max-duration 2799ms a.thc
says tracehook check --max-cost 0.01 --prices prices.json a.thc
says tracehook check --max-cost 0.001 --prices prices.json a.thc
says tracehook check --max-requests 1 --host 'weather*' a.thc
tracehook check --json --max-calls 1 --max-tokens 1 a.thc | jq -c 'keys, .check'
# No price, no count, a run that was cut, lost events: no green end.
echo '{"models": {"gpt-3*": {"input": 1, "output": 1}}}' >other.json
says tracehook check --max-cost 99 --prices other.json a.thc
says tracehook check --max-cost 99 --prices other.json --allow-unknown a.thc
mk script b.thc <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.openai.com
ask 1 1 10 POST /v1/chat/completions {"model":"gpt-4o"}
answer 1 20 200 {"id":"x","model":"gpt-4o","choices":[]}
host 2 30 new.example.test
ask 2 2 40 GET /
S
says tracehook check --max-tokens 99999 b.thc
says tracehook check --max-duration 1h b.thc
says tracehook check --no-new-hosts a.thc b.thc
says tracehook check --no-new-hosts b.thc --no-new-models b.thc a.thc
says tracehook check --no-new-hosts a.thc --no-new-models a.thc a.thc
mk empty empty.thc
says tracehook check --max-calls 1 empty.thc
says tracehook check --max-calls 1 missing.thc
says tracehook check --no-new-hosts missing.thc a.thc
head -c -100 a.thc >cut.thc
tracehook check --max-calls 99 cut.thc >/dev/null 2>&1
echo "exit $?"
says tracehook check a.thc
says tracehook check --max-cost 1 a.thc
says tracehook check --max-tokens -1 a.thc
says tracehook check --max-tokens many a.thc
says tracehook check --max-duration 7 a.thc
