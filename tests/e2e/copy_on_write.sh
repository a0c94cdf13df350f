#!/bin/bash
# A full file system that copies on write (btrfs): it takes room for each store into a page that is
# on the disk already, and tells by SIGBUS that it has none. The agent goes on, or is refused before
# it has sent anything.
. "$(dirname "$0")/lib.sh"
truncate -s 120M image && mkfs.btrfs -q image >/dev/null 2>&1 && mkdir disk &&
	mount -o loop image disk 2>/dev/null || skip_all "no btrfs can be made and mounted here"
trap 'umount disk; finish' EXIT
start_double

# Asks, fills the disk, asks again and again with much that is new.
cat >agent.py <<'P'
import http.client, os, sys
host, port = sys.argv[1].split("//")[1].split(":")
def ask():
    connection = http.client.HTTPConnection(host, int(port))
    try:
        connection.request("POST", "/v1/none", body=os.urandom(6000).hex())
        return connection.getresponse().read() and "answered"
    except OSError:
        return "refused"
print(ask())
for size in 1 << 20, 4096:
    try:
        with open(f"disk/filling{size}", "wb", 0) as f:
            while f.write(bytes(size)) == size:
                pass
    except OSError:
        pass
os.system("unset LD_PRELOAD; sync -f disk")
print(*[ask() for _ in range(20)])
P
exits "open: the program goes on" 0 recording disk/open.thc /usr/bin/python3 agent.py "$http"
equal "open: it had all answers" 21 "$(grep -o answered out | wc -l)"
equal "open: nothing is on stderr" "" "$(cat err)"
rm -f disk/filling*
exits "open: the capture is whole" 0 "$tool" dump disk/open.thc
holds "open: what came before is there" test "$(spans disk/open.thc | wc -l)" -ge 1
rm -f disk/*

saw=$(double_saw request)
TRACEHOOK_ON_ERROR=closed \
	exits "closed: the program goes on" 0 recording disk/closed.thc /usr/bin/python3 agent.py "$http"
holds "closed: it is refused in the end" grep -q 'refused$' out
answered=$(grep -o answered out | wc -l)
equal "closed: what is refused was not sent" "$answered" $(($(double_saw request) - saw))
rm -f disk/filling*
exits "closed: the capture is whole" 0 "$tool" dump disk/closed.thc
equal "closed: what was answered is there" "$answered" \
	"$(spans disk/closed.thc 'select(.truncated | not)' | wc -l)"
