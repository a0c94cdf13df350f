# What there is very much of is not compared with each other: such files are read in a moment, and
# whoever compared would take minutes.
mk two-runs two.thc
for kind in failures ids tools; do
	"$cases/../crowd.py" two.thc $kind.thc $kind
	echo "$kind: $(says tracehook list $kind.thc | tail -n 1)"
done
tracehook spans --run '#1' --type tool --json tools.thc | wc -l
tracehook dump --json failures.thc | jq -r .kind | sort | uniq -c | sed 's/^ *//'
