# What is said of spans: on plain, sealed, signed and encrypted captures; two at once; what is refused.
reader() { /usr/bin/python3 "$cases/../../reader/read_capture.py" "$@"; }
plain() { sed -E 's/sealed [0-9: -]+, seal [0-9a-f]{16}/sealed THEN, seal HASH/; s/by [0-9a-f]{16}/by KEY/'; }
check() { says tracehook verify "$@" | plain; }
mk script a.thc <"$cases/agent.script"
cp a.thc before.thc
echo "## not sealed"
says tracehook feedback a.thc 1 --score 0.5 --label good --name correctness
says tracehook feedback a.thc root --label 'as it should' --by somebody
asked=$(tracehook spans --type tool --json a.thc | jq -r .span_id | head -n 1)
says tracehook feedback a.thc "$asked" --json '{"why": ["too", "cold"],
	"n": 1}'
cmp -n "$(stat -c %s before.thc)" a.thc before.thc && echo "nothing that was recorded changed"
check a.thc
reader annotations a.thc | jq -c 'del(.root)'
tracehook tree a.thc
tracehook show a.thc 1 | tail -n 2 | sed 's/, 2[^ ]* [^ ]*:/, THEN:/'
tracehook show a.thc "$asked" | jq -c '[.kind, .feedback[].data]'
tracehook dump --json a.thc | jq -c 'select(.feedback) | [.kind, (.feedback[] | .score, .label, .author, .data)]'
tracehook dump --json a.thc | jq -c 'del(.feedback)' >with
tracehook dump --json before.thc | jq -c . | cmp - with && echo "all else is as it was"
tracehook export -f csv a.thc | tr -d '\r' | cut -d, -f 3,21-
tracehook export -f dataset a.thc | jq -c '.metadata.feedback[]? | [.score, .label]'
tracehook export -f jsonl a.thc | jq -c 'select(.feedback) | [.kind, .feedback[].label]'
tracehook export -f otlp a.thc |
	jq -c '.resourceSpans[].scopeSpans[].spans[] | .events[]? | [.name, (.attributes[] | .key, .value[])]'
echo "## sealed: it is sealed anew, and the seal before it still holds"
tracehook seal a.thc
says tracehook feedback a.thc '#2' --score -1e3
check a.thc
tracehook verify --json a.thc | jq -c 'select(.kind == "run") | [.result, .seals, .first_fault]'
reader verify a.thc | jq -c '[.writers, .frames]'
echo "## what was said is sealed, too"
/usr/bin/python3 - <<'P'
data = open("a.thc", "rb").read()
at = data.index(b"as it should")
open("altered.thc", "wb").write(data[:at] + b"AS" + data[at + 2:])
P
says tracehook verify altered.thc | tail -n 1
says tracehook feedback altered.thc 1 --score 1 2>&1 | tail -n 2
echo "## signed: the new seal is not, unless it is asked for"
openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out pub.pem
tracehook seal --sign key.pem a.thc
check --pub pub.pem a.thc
says tracehook feedback a.thc 3 --score 2
check --pub pub.pem a.thc
says tracehook feedback a.thc 3 --score 3 --sign key.pem
check --pub pub.pem a.thc
echo "## many at once"
for i in 1 2 3 4 5 6; do tracehook feedback a.thc 4 --score "$i" >/dev/null & done
wait
check a.thc
reader annotations a.thc | jq -r 'select(.score != null) | .score' | sort -n | paste -sd ' '
echo "## a run that was altered is left alone"
mk script b.thc <"$cases/agent.script"
cp b.thc said.thc
tracehook feedback said.thc 1 --score 1 >/dev/null
tracehook seal b.thc
tail -c "+$(($(stat -c %s before.thc) + 1))" said.thc >>b.thc
says tracehook verify b.thc | sed -E 's/writer [0-9a-f]{16}/writer W/'
size=$(stat -c %s b.thc)
says tracehook feedback b.thc 1 --score 1
[ "$(stat -c %s b.thc)" = "$size" ] && echo "as it was"
tracehook seal b.thc
check b.thc
echo "## one run of two is sealed"
mk two-runs two.thc
tracehook seal --run '#1' two.thc
says tracehook feedback --run '#1' two.thc 1 --score 1
says tracehook feedback --run '#2' two.thc 1 --score 1
check two.thc
echo "## encrypted"
cp "$cases/../../golden/v1-encrypted.thc" e.thc && chmod 600 e.thc
cp "$cases/../../golden/v1.key" key && chmod 600 key
says tracehook feedback e.thc 1 --label secret
TRACEHOOK_KEY_FILE=key says tracehook feedback e.thc 1 --label secret-label
grep -c secret-label e.thc
TRACEHOOK_KEY_FILE=key check e.thc
TRACEHOOK_KEY_FILE=key reader annotations e.thc | jq -c '[.label, .score]'
echo "## a redacted copy"
echo '{"rules": [{"pattern": "EMP-[0-9]{6}"}]}' >rules.json
mk script f.thc <"$cases/agent.script"
tracehook feedback f.thc 1 --label EMP-123456 --json '{"who": "EMP-123456", "n": 1}' >/dev/null
tracehook redact --rules rules.json f.thc r.thc
tracehook dump --json r.thc | jq -c 'select(.feedback) | .feedback[] | .label, .data' | sed 's/[0-9a-f]\{16\}/HASH/'
grep -c EMP- r.thc
echo "## refused"
head -c -100 a.thc >cut.thc
says tracehook feedback cut.thc 1 --score 1 | tail -n 2
chmod 444 b.thc
says tracehook feedback b.thc 1 --score 1
says tracehook feedback a.thc 1
says tracehook feedback a.thc --score 1
says tracehook feedback a.thc 99 --score 1
says tracehook feedback a.thc 1 --score good
says tracehook feedback a.thc 1 --score nan
says tracehook feedback a.thc 1 --json '{"a"'
says tracehook feedback a.thc 1 --label "$(printf '\377')"
head -c 300000 /dev/zero | tr '\0' x >long
says tracehook feedback a.thc 1 --json "\"$(head -c 100000 long)\"" --comment "$(head -c 70000 long)"
says tracehook feedback none.thc 1 --score 1
head -c 5000 "$tool" >foreign
says tracehook feedback foreign 1 --score 1
