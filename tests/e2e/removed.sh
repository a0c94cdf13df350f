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

export TRACEHOOK_ON_ERROR=closed
agent 'rm run.thc' recording run.thc
equal "capture removed, closed: the next call fails" "200 refused" "$(xargs <out)"
rm -f run.thc*
agent 'cp other.thc new; mv new run.thc' recording run.thc
equal "capture replaced, closed: the next call fails" "200 refused" "$(xargs <out)"
rm -f run.thc*
agent 'rm run.thc-live*' recording run.thc
equal "live file removed, closed: another is made" "200 200" "$(xargs <out)"
