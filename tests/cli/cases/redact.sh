# The copy of a copy is the same; what the first one replaces are stand-ins of another shape.
mk all-kinds a.thc
says tracehook redact a.thc b.thc
says tracehook redact b.thc c.thc
cmp <(tracehook dump --json b.thc) <(tracehook dump --json c.thc) && echo "nothing but the seal differs"
tracehook dump --json a.thc | grep -v '"kind":"process"' | sed 's/th-redacted[^"]*//g' >a.json
tracehook dump --json c.thc | grep -v '"kind":"process"' | sed 's/th-redacted[^"]*//g' >c.json
cut -d , -f 1-20 a.json | cmp - <(cut -d , -f 1-20 c.json) && echo "the same exchanges"
rm c.thc
says tracehook redact a.thc b.thc
says tracehook redact a.thc
says tracehook redact none.thc c.thc
echo '{"rules": [{"heading": "x"}]}' >rules.json
says tracehook redact --rules rules.json a.thc c.thc
says tracehook redact --rules none.json a.thc c.thc
# With rules: a header's value and a part of a body.
echo '{"rules": [{"header": "x-twice", "action": "mask"}, {"json": "/seed", "action": "mask"}]}' >rules.json
says tracehook redact --rules rules.json a.thc d.thc
tracehook dump --json d.thc | grep -o '"[Xx]-[Tt]wice","[^"]*"\|\\"seed\\":[0-9]*'
# A span says so, also of what carries no mark of its own; and none that has nothing replaced.
for span in $(tracehook dump --json d.thc | jq -r 'select(.kind == "exchange").span_id'); do
	tracehook show --http d.thc "$span" | sed -n '3s/.*  redacted$/redacted/p'
done | uniq -c | tr -s ' '
tracehook dump --json d.thc | jq -c 'select(.redacted)' | grep -c .
says tracehook redact --rules rules.json d.thc e.thc
# What could be read of a damaged file.
head -c -100 a.thc >torn.thc
says tracehook redact torn.thc torn.copy
says tracehook seal torn.copy
ls
