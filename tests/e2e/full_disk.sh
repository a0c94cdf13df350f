#!/bin/bash
# Really full, read-only and odd file systems: what the agent does under both failure policies, and
# what the capture says of it afterwards.
. "$(dirname "$0")/lib.sh"
start_double

# A file system of 300 KB in a mount namespace of the test's own.
if [ -z "${FULL_DISK_INSIDE:-}" ]; then
	stop_double
	for how in "unshare -m" "unshare -rm"; do
		if $how mount -t tmpfs -o size=300k none "$scratch" 2>/dev/null; then
			FULL_DISK_INSIDE=1 $how "$top/tests/e2e/full_disk.sh"
			status=$?
			trap - EXIT
			rm -rf "$scratch"
			exit $status
		fi
	done
	skip_all "cannot mount a file system here"
fi
mkdir disk
mount -t tmpfs -o size=300k none disk || exit 1

fill() { head -c 1000000 /dev/zero >disk/filling 2>/dev/null; }
empty() { rm -f disk/filling; }
policy() { TRACEHOOK_ON_ERROR=$1 recording disk/run.thc "${@:2}"; }

# lost CAPTURE: how many events its runs say were lost.
lost() { "$top/tests/reader/read_capture.py" frames "$1" | jq -r 'select(.type == "LOST").payload' |
	cut -c1-2 | grep -c . ; }

url="$https/t/bytes?n=2000000"
recording disk/run.thc curl -sS "$http/v1/models" >/dev/null
for policy in open closed; do
	exits "full while it runs, $policy: the program goes on" 0 policy $policy curl -sS "$url"
	equal "full while it runs, $policy: it receives all" 2000000 "$(stat -c %s out)"
	equal "full while it runs, $policy: nothing is said on stderr" "" "$(cat err)"
	exits "full while it runs, $policy: the capture is whole" 0 "$tool" dump disk/run.thc
	holds "full while it runs, $policy: the loss is in it" test "$(lost disk/run.thc)" -ge 1
	rm disk/run.thc*
	recording disk/run.thc curl -sS "$http/v1/models" >/dev/null
done
"$tool" record -o disk/run.thc -- curl -sS "$url" >out 2>err
equal "under the wrapper it receives all" 2000000 "$(stat -c %s out)"
holds "and the summary counts what was lost" grep -qE '[0-9]+ events? lost' err
rm disk/run.thc*
recording disk/run.thc curl -sS "$http/v1/models" >/dev/null

fill
saw=$(double_saw request)
exits "full from the start, open: the program goes on" 0 policy open curl -sS "$http/v1/models"
equal "full from the start, open: its request was sent" $((saw + 1)) "$(double_saw request)"
policy closed curl -sS "$http/v1/models" >out 2>err
equal "full from the start, closed: its call fails" 7 $?
policy closed curl -sS "$https/v1/models" >out 2>err
equal "full from the start, closed: over TLS, too" 7 $?
equal "full from the start, closed: nothing was sent" $((saw + 1)) "$(double_saw request)"
exits "full from the start: the capture is whole" 0 "$tool" dump disk/run.thc

# Who never ends in good order tells of what it loses when it happens.
empty
printf '%s\n' "import os, sys, urllib.request" "def ask():" \
	"    return urllib.request.urlopen('$http/v1/models').status" "print(ask())" "try:" \
	"    open('disk/filling', 'wb', 0).write(bytes(1000000))" \
	"    while True: open('disk/filling', 'ab', 0).write(bytes(4096))" \
	"except OSError:" "    pass" "for _ in range(2):" "    if os.fork() == 0:" \
	"        print(ask(), flush=True)" "        os.kill(os.getpid(), 9)" "    os.wait()" >killed.py
exits "full, killed: the program goes on" 0 recording disk/killed.thc /usr/bin/python3 -u killed.py
equal "full, killed: its children, too" "200 200 200" "$(paste -sd " " out)"
equal "full, killed: the children's losses are told" 2 "$("$tool" dump --json disk/killed.thc |
	jq -s 'map(select(.kind == "process" and .lost_events > 0)) | length')"
rm -f disk/killed.thc*
fill

# Room comes back while the program runs.
printf '%s\n' "import os, sys, time, urllib.request" "def ask():" "    try:" \
	"        return urllib.request.urlopen('$http/v1/models').status" \
	"    except OSError:" "        return 'refused'" "print(ask())" \
	"os.unlink('disk/filling')" "time.sleep(0.2)" "print(ask())" >again.py
policy closed /usr/bin/python3 again.py >out 2>err
equal "closed, room comes back: refused, then not" "refused 200" "$(paste -sd " " out)"
holds "closed, room comes back: the loss is told" test "$(lost disk/run.thc)" -ge 1
empty

mount -o remount,ro disk
exits "read-only, open: the program goes on" 0 policy open curl -sS "$http/v1/models"
one_line "read-only, open: one line says that nothing is recorded"
policy closed curl -sS "$http/v1/models" >out 2>err
equal "read-only, closed: its call fails" 7 $?
exits "read-only: the capture can be read" 0 "$tool" dump disk/run.thc
umount disk

# Without fallocate(2).
if mount -t ramfs none disk 2>/dev/null; then
	exits "no preallocation: recorded" 0 policy closed curl -sS "$url"
	equal "no preallocation: whole" 2000000 \
		"$("$tool" dump --json disk/run.thc | jq 'select(.kind == "exchange").response_bytes')"
	umount disk
else
	skip "no preallocation" "ramfs cannot be mounted here"
fi
