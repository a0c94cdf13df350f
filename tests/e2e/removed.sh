#!/bin/bash
# The capture, or the live file, is removed or replaced while the program runs: the program never
# notices, and it is said: in the summary, in TRACEHOOK_LOG, and where there is a capture, in it.
. "$(dirname "$0")/lib.sh"
start_double
export TRACEHOOK_LOG=$scratch/log

# A program that asks, does what it is told to in a shell, and asks again.
printf '%s\n' "import os, sys, urllib.request" "def ask():" "    try:" \
	"        return urllib.request.urlopen('$http/v1/models').status" \
	"    except OSError:" "        return 'refused'" "print(ask())" \
	"os.system('unset LD_PRELOAD; ' + sys.argv[1])" "print(ask())" >agent.py
agent() { "${@:2}" /usr/bin/python3 agent.py "$1" >out 2>err; }

agent 'rm run.thc' "$tool" record -o run.thc --
equal "capture removed: the program goes on" "200 200" "$(xargs <out)"
holds "capture removed: the summary says so" grep -q 'run.thc was removed or replaced' err
holds "capture removed: so does TRACEHOOK_LOG" grep -q 'the capture was removed or replaced' log
rm -f run.thc* log

recording other.thc curl -sS "$http/v1/models" >out
agent 'cp other.thc new; mv new run.thc' "$tool" record -o run.thc --
equal "capture replaced: the program goes on" "200 200" "$(xargs <out)"
holds "capture replaced: the summary says so" grep -q 'run.thc was removed or replaced' err
holds "capture replaced: so does TRACEHOOK_LOG" grep -q 'the capture was removed or replaced' log
same "capture replaced: what is there now is left alone" other.thc run.thc
rm -f run.thc* log

agent 'cp run.thc new; mv new run.thc' "$tool" record -o run.thc --
equal "a copy in its place is as good" "exchange exchange" "$(spans run.thc .kind | xargs)"
rm -f run.thc* log

agent 'rm run.thc-live*' "$tool" record -o run.thc --
equal "live file removed: the program goes on" "200 200" "$(xargs <out)"
holds "live file removed: the summary counts it" grep -qE '[0-9]+ events? lost' err
holds "live file removed: so does the capture" \
	test "$("$top/tests/reader/read_capture.py" lenient run.thc | grep -c '"LOST"')" -ge 1
rm -f run.thc* log

# A live file that is cut under the mapping: a store to it raises SIGBUS.
for cut in 0 100 8192; do
	agent "truncate -s $cut run.thc-live*" "$tool" record -o run.thc --
	equal "live file cut to $cut: the program goes on" "0: 200 200" "$?: $(xargs <out)"
	holds "live file cut to $cut: the summary counts what it held" \
		grep -qE '[0-9]+ events? lost' err
	[ $cut = 100 ] || # what is left of a page takes no notice
		equal "live file cut to $cut: what came after is there" 200 \
			"$(spans run.thc .response_status | tail -n 1)"
	rm -f run.thc* log
done
agent 'truncate -s 0 run.thc-live*; truncate -s 65536 run.thc-live*' "$tool" record -o run.thc --
equal "live file emptied: the program goes on" "0: 200 200" "$?: $(xargs <out)"
holds "live file emptied: the summary counts what it held" grep -qE '[0-9]+ events? lost' err
rm -f run.thc* log

agent ': >run.thc' "$tool" record -o run.thc --
equal "capture emptied: the program goes on" "0: 200 200" "$?: $(xargs <out)"
holds "capture emptied: the summary says so" grep -q 'run.thc was removed or replaced' err
rm -f run.thc* log

mkdir folder
agent 'mv folder elsewhere' "$tool" record -o folder/run.thc --
equal "folder moved away: the program goes on" "0: 200 200" "$?: $(xargs <out)"
holds "folder moved away: the summary says so" grep -q 'run.thc was removed or replaced' err
holds "folder moved away: so does TRACEHOOK_LOG" grep -q 'the capture was removed or replaced' log
rm -rf folder elsewhere log

recording run.thc curl -sS "$http/v1/models" >out
LD_PRELOAD=$build/tests/hosts/cut_preload.so "$tool" list run.thc >out 2>err
equal "cut while it is read: damaged" 65 $?
holds "cut while it is read: said of that file" \
	grep -qE '^tracehook: /.*/run.thc: was cut while it was read' err
rm -f run.thc* log

export TRACEHOOK_ON_ERROR=closed
agent 'rm run.thc' recording run.thc
equal "capture removed, closed: the next call fails" "200 refused" "$(xargs <out)"
rm -f run.thc*
agent 'cp other.thc new; mv new run.thc' recording run.thc
equal "capture replaced, closed: the next call fails" "200 refused" "$(xargs <out)"
rm -f run.thc*
agent 'rm run.thc-live*' recording run.thc
equal "live file removed, closed: another is made" "200 200" "$(xargs <out)"
rm -f run.thc*
agent 'truncate -s 0 run.thc-live*' recording run.thc
equal "live file cut, closed: another is made" "200 200" "$(xargs <out)"
rm -f run.thc*
agent ': >run.thc' recording run.thc
equal "capture emptied, closed: the next call fails" "200 refused" "$(xargs <out)"
