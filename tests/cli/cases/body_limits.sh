# An answer of a few kilobytes that a content coding makes 70 MB of is decoded in part: all that show
# bodies say so, none takes much memory, and two that differ further behind are not called the same.
mk two-runs two.thc
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=16
"$cases/../crowd.py" two.thc coded.thc coded
"$cases/../crowd.py" two.thc other.thc coded-other
# What nobody says the run of is one of its own, named after its writer.
run=$(tracehook list --json coded.thc | jq -r .trace_id | grep 4d)
tracehook show --run "$run" coded.thc 1 | tail -n 1
tracehook dump --json coded.thc | jq -c 'select(.url? | strings | test("coded")) |
	[(.response_body | length), .response_body_trouble, .output_hash]'
tracehook export -f har --run "$run" coded.thc | jq -c '.log.entries[].response.content |
	[.size, .comment]'
/usr/bin/python3 - "$tool" export -f otlp --content coded.thc <<'P'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
if mib > 400:
    print("takes", mib, "MiB")
P
says tracehook diff coded.thc#1 other.thc#1 | tail -n 3
says tracehook diff coded.thc#1 coded.thc#1 | tail -n 1
