#!/bin/bash
# The executable that a process is recorded with is what /proc calls it, however it was started. It
# is mostly found without asking /proc. Each program here says itself what it is: readlink.
. "$(dirname "$0")/lib.sh"
export LD_PRELOAD="$lib" TRACEHOOK_CAPTURE="$scratch/run.thc"
readlink=$(LD_PRELOAD='' type -P readlink)
LD_PRELOAD='' mkdir -p bin "a b" deep/er
LD_PRELOAD='' cp "$readlink" bin/own
LD_PRELOAD='' ln -s ../bin/own "a b/link"
LD_PRELOAD='' ln -s "$scratch/a b" deep/er/up
LD_PRELOAD='' ln "$scratch/bin/own" deep/hard
printf '#!%s /proc/self/exe\n' "$scratch/bin/own" >script
printf '#!%s\n' "$scratch/script" >script2
LD_PRELOAD='' chmod +x script script2
loader=$(LD_PRELOAD='' readelf -lW bin/own | sed -n 's/.*interpreter: \(.*\)\]/\1/p')

# as_proc_says WHAT COMMAND…: its output's first line is the executable in the capture.
as_proc_says() {
	what=$1
	shift
	LD_PRELOAD='' rm -f run.thc
	said=$("$@")
	got=$(LD_PRELOAD='' "$tool" dump --json run.thc |
		LD_PRELOAD='' jq -rs 'map(select(.kind == "process"))[-1].executable')
	equal "$what" "${said%%$'\n'*}" "$got"
}

exe=/proc/self/exe
as_proc_says "started by its path" "$readlink" $exe
as_proc_says "by PATH" env PATH="$scratch/bin:$PATH" own $exe
as_proc_says "by a relative path" bin/own $exe
as_proc_says "by a roundabout path" ./deep/../bin//./own $exe
as_proc_says "by a symbolic link" "a b/link" $exe
as_proc_says "by links to links" deep/er/up/link $exe
as_proc_says "by a hard link" deep/hard $exe
as_proc_says "a script's interpreter" ./script
as_proc_says "a script's whose interpreter is a script" ./script2
as_proc_says "given its own path as an argument" bin/own bin/own $exe
as_proc_says "the loader, executed by hand" "$loader" "$scratch/bin/own" $exe
as_proc_says "by /proc" bash -c "exec -a x $exe -c 'exec -a y bin/own $exe'"
as_proc_says "with no name" /usr/bin/python3 -c "
import os
os.execve(os.open('bin/own', os.O_RDONLY), ['own', '$exe'], os.environ)"
as_proc_says "removed since" bash -c "cp bin/own gone && (exec ./gone $exe)"
exit 0
