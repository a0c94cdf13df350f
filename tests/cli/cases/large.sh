# A body of 64 MB: whole in JSON, in bounded memory.
mk large x.thc
says tracehook dump x.thc
tracehook dump --json x.thc >out
jq -r 'select(.kind == "exchange") | .response_bytes, (.response_body | length), .chunks' out
tracehook show --raw x.thc 1 | wc -c
tracehook dump --json x.thc | cmp - out
/usr/bin/python3 - "$tool" <<'P'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "dump", "--json", "x.thc"], stdout=subprocess.DEVNULL, check=True)
kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("in bounds" if kilobytes < 700000 else "%d KB" % kilobytes)
P
