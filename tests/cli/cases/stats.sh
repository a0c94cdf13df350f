# Figures per model, tool, host and step; what it cost.
mk script a.thc <"$cases/agent.script"
cat >prices.json <<'P'
{"currency": "USD", "models": {"*": {"input": 100, "output": 100},
 "gpt-4o*": {"input": 2.5, "output": 10, "cache_read": 1.25}}}
P
says tracehook stats a.thc
says tracehook stats --prices prices.json --by model a.thc
says tracehook stats --json --prices prices.json --by model a.thc
for key in tool host step process type; do says tracehook stats --by $key a.thc; done
says tracehook stats --status error --by host a.thc
says tracehook stats --text nowhere-to-be-found a.thc
COLUMNS=50 says tracehook stats --by model a.thc
echo '{"models": {"gpt-3*": {"input": 1, "output": 1}}}' >other.json
says tracehook stats --prices other.json --by model a.thc
echo '{"models": {"gpt-4o*": {"input": "2.5"}}}' >bad.json
says tracehook stats --prices bad.json a.thc
echo 'no json' >bad.json
says tracehook stats --prices bad.json a.thc
says tracehook stats --prices missing.json a.thc
says tracehook stats --by colour a.thc
mk empty empty.thc
says tracehook stats empty.thc
