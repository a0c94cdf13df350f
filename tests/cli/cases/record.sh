# What the wrapper does around an agent. The library is not needed for it: these programs make no
# calls, and the summary is left out.
r() { tracehook record -q -o r.thc "$@"; }
says r true
says r -- sh -c 'exit 42'
echo input | r cat
says r sh -c 'echo out; echo err >&2'
{ r sh -c 'kill -TERM $$; sleep 5'; } 2>/dev/null
echo "exit $?"
{ r sh -c 'kill -KILL $$; sleep 5'; } 2>/dev/null
echo "exit $?"
# Handed on: a signal sent to the tool, not what is ignored.
"$tool" record -q -o r.thc sh -c 'trap "echo got TERM; exit 7" TERM; echo ready >ready; while :; do sleep 0.05; done' &
for _ in $(seq 200); do [ -s ready ] || sleep 0.02; done
kill -TERM $!
says wait $!
# 32 and 33 are libc's own; posix_spawn(3) leaves them ignored, and libc takes them back when it
# needs them.
signals() { awk '/^Sig(Ign|Blk)/ {print $1, substr($2, 1, 7) "-" substr($2, 10)}'; }
(
	trap '' HUP PIPE
	exec "$tool" record -q -o r.thc cat /proc/self/status
) | signals >with
(
	trap '' HUP PIPE
	exec cat /proc/self/status
) | signals >without
cmp with without && cut -c 1-7 with
r cat /proc/self/status | signals | cmp - <(cat /proc/self/status | signals)
# The caller's preload is kept, behind ours.
LD_PRELOAD=/lib/x86_64-linux-gnu/libm.so.6 r sh -c 'echo "${LD_PRELOAD##*/shim/}"'
printf 'echo a script without an interpreter line\n' >script
chmod +x script
says r ./script
# A tree is one run, also under shells that keep an environment of their own.
for shell in bash sh; do
	"$tool" record -q -o tree.thc -- $shell -c 'true | /bin/cat; /bin/true; :' >/dev/null
	tracehook dump --json tree.thc | jq -r '[.trace_id, .lane] | @tsv' | sort -u | cut -f 2 | tr '\n' ' '
	echo
	tracehook dump tree.thc | sed -E '1d; s/pid [0-9]+/pid N/'
	rm tree.thc
done
# A replay does not wait for a pipe that nobody writes to (of all else see files.sh).
mkfifo pipe
mk odd full.thc
says timeout 20 "$tool" replay pipe true
says env TRACEHOOK_MATCH=volatile:pipe timeout 20 "$tool" replay full.thc true
