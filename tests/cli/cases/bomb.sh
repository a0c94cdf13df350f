# A file of some kilobytes that says it is gigabytes takes no gigabytes: what is no sound frame is
# not kept, each kind of fault has one line, and what is sound beside it is given.
mk two-runs two.thc
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=16
# shellcheck disable=SC2046,SC2154
"$cases/../bomb.py" two.thc bomb.thc $(printf 'zeros crumb spoilt split tiny %.0s' 1 2 3)
[ "$(stat -c %s bomb.thc)" -lt 80000 ] || echo "the file is large itself"
for command in list dump verify; do
	echo "## $command"
	/usr/bin/python3 - "$tool" $command bomb.thc <<'P'
import resource, subprocess, sys
p = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
print(p.stderr + "exit", p.returncode, "and", "something" if p.stdout else "nothing", "on stdout")
mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
if mib > 400:
    print("takes", mib, "MiB")
P
done
echo "## blocks in blocks"
"$cases/../bomb.py" two.thc tangled.thc tangled
for command in list dump verify; do
	says tracehook $command tangled.thc | grep -E 'stand in|exit'
done
