# 100,000 spans in under a second of this processor's time (sanitizers and valgrind take what they
# need).
mk many x.thc
within() {
	/usr/bin/python3 - "$tool" "$@" <<'P'
import os, resource, subprocess, sys
slow = b"__asan" in open(sys.argv[1], "rb").read() or "valgrind" in os.environ.get("LD_PRELOAD", "")
out = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True).stdout
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime
print(sys.argv[2], out.count(b"\n"), "lines",
      "in time" if slow or seconds < 1 else "took %.2f s" % seconds)
P
}
within spans x.thc
within spans --json x.thc
within tree x.thc
within list x.thc
within stats --by host x.thc
