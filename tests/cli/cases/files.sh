# Files that are not there, or are no captures.
says tracehook dump missing.thc
says tracehook show missing.thc 1
says tracehook replay missing.thc true
: >nothing.thc
says tracehook dump nothing.thc
echo "some text that is no capture" >text.thc
says tracehook dump text.thc
mkdir directory.thc
says tracehook dump directory.thc
says tracehook record -o text.thc true
cat text.thc
says tracehook record -o directory.thc true
says tracehook record -o no/such/directory.thc true
says tracehook record -o x.thc ./no-such-program
says tracehook record -o x.thc no-such-program
: >not-executable
says tracehook record -o x.thc ./not-executable
ls x.thc* 2>/dev/null
mk empty empty.thc
says tracehook dump empty.thc
says tracehook dump --json empty.thc
says tracehook show empty.thc 1
# A pipe that nobody writes to, wherever an option or a variable names a file: nothing waits for it.
mkfifo pipe
mk odd full.thc
for command in "record -o pipe true" "record --sign pipe -o x.thc true" "dump pipe" \
	"seal --sign pipe empty.thc" "verify --pub pipe empty.thc" "verify pipe" \
	"feedback --sign pipe --score 1 full.thc 1" "redact --rules pipe empty.thc y.thc" \
	"redact --sign pipe empty.thc y.thc" "redact pipe y.thc" "compact pipe y.thc" \
	"stats --prices pipe empty.thc" "check --prices pipe --max-cost 1 empty.thc" \
	"check --no-new-hosts pipe full.thc" "diff pipe full.thc" "diff full.thc pipe"; do
	echo "- $command"
	# shellcheck disable=SC2086,SC2154 # words; run_case.sh has it
	says timeout 20 "$tool" $command
done
for setting in TRACEHOOK_KEY_FILE=pipe TRACEHOOK_REDACT=pipe; do
	echo "- $setting"
	says env $setting timeout 20 "$tool" record -o x.thc true
done
ls x.thc* y.thc* 2>/dev/null
