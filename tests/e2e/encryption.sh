#!/bin/bash
# With TRACEHOOK_KEY_FILE nothing that was said reaches the disk readable: not in the capture, not
# in the live files of running and of killed processes. With the key everything works as without.
. "$(dirname "$0")/lib.sh"
start_double
(umask 077; head -c 32 /dev/urandom >right.key; head -c 32 /dev/urandom >wrong.key)
keyed() { TRACEHOOK_KEY_FILE="$scratch/$1.key" "${@:2}"; }

# nowhere NAME TEXT…: none of the texts is in any file of the capture.
nowhere() {
	for text in "${@:2}"; do
		fails "$1: \"$text\" is nowhere on the disk" grep -aqF "$text" "$1".thc*
	done
}

words=$(seq -f 'word-%g-of-a-long-text' 400 | tr '\n' ' ')
keyed right timeout "$limit" "$tool" record -q -o run.thc -- sh -c "
	curl -sS $https/t/echo -H 'x-note: a-header-to-hide' -d 'a-body-to-hide $words'
	curl -sS --http2 $https/v1/models?a-query-to-hide" >recorded
equal "the program was answered" 1 "$(grep -c a-body-to-hide recorded)"
nowhere run localhost curl a-header-to-hide a-body-to-hide a-query-to-hide /v1/models word-399
equal "compressed all the same" 1 "$(($(stat -c %s run.thc) < 12000))"
exits "without the key: refused" 64 "$tool" dump run.thc
one_line "without the key: said in one line"
exits "with a wrong key: refused" 64 keyed wrong "$tool" dump run.thc
holds "with a wrong key: said so" grep -q 'another key' err
exits "with the key: dump" 0 keyed right "$tool" dump --json run.thc
equal "with the key: both exchanges are there" 2 "$(grep -c '"kind":"exchange"' out)"
exits "with the key: verify" 0 keyed right "$tool" verify run.thc
keyed right replaying run.thc sh -c "
	curl -sS $https/t/echo -H 'x-note: a-header-to-hide' -d 'a-body-to-hide $words'
	curl -sS --http2 $https/v1/models?a-query-to-hide" >replayed
same "with the key: replay" recorded replayed
exits "without the key: no replay" 7 replaying run.thc curl -sS "$https/v1/models"
holds "without the key: said why" grep -q 'TRACEHOOK_KEY_FILE' err

exits "without the key: the wrapper runs nothing" 64 "$tool" replay run.thc -- touch ran
one_line "without the key: the wrapper says so"
exits "with a wrong key: nor with another" 64 keyed wrong "$tool" replay run.thc -- touch ran
fails "and nothing ran" test -e ran

# By the environment alone; live files.
TRACEHOOK_KEY_FILE=$scratch/right.key LD_PRELOAD=$lib TRACEHOOK_CAPTURE=live.thc \
	curl -sS -N "$https/t/stall?n=3&to-hide" >live.out &
pid=$!
waited=0
until grep -q 'event 2' live.out || [ $((waited += 1)) -gt 400 ]; do sleep 0.05; done
holds "there is a live file" test -n "$(ls live.thc-live-*)"
nowhere live localhost to-hide 'event 1' curl
keyed right "$tool" dump --json live.thc | jq -j 'select(.kind == "exchange").response_body' >seen
holds "with the key: what runs can be watched" grep -q 'event 1' seen
kill -9 "$pid"
wait "$pid" 2>/dev/null
nowhere live localhost to-hide 'event 1' curl
keyed right "$tool" dump --json live.thc | jq -j 'select(.kind == "exchange").response_body' >seen
holds "after kill -9 what the program had received is there" \
	cmp -n "$(stat -c %s live.out)" live.out seen
exits "an orphan is folded with the key" 0 keyed right "$tool" seal live.thc
equal "and is gone then" live.thc "$(echo live.thc*)"
nowhere live localhost to-hide 'event 1' curl
exits "and sealed" 0 keyed right "$tool" verify live.thc

# Mistakes: the agent runs, one line says what is wrong, nothing is written.
recording plain.thc curl -sS "$https/v1/models" >before
cp plain.thc copy.thc
keyed right recording plain.thc curl -sS "$https/v1/models" >after 2>err
same "a plain capture and a key: the agent runs" <(jq .object before) <(jq .object after)
one_line "a plain capture and a key: one line"
same "a plain capture and a key: the capture is left" copy.thc plain.thc
chmod 644 wrong.key
exits "a replay with a key that others may read: fenced" 7 \
	keyed wrong replaying_online run.thc curl -sS "$https/v1/models"
holds "a replay with a key that others may read: said so" grep -q 'others than its owner' err
keyed wrong recording new.thc curl -sS "$https/v1/models" >after 2>err
one_line "a key that others may read: one line"
holds "a key that others may read: said so" grep -q 'others than its owner' err
fails "a key that others may read: no capture" test -e new.thc
exits "the wrapper refuses it before anything runs" 64 \
	keyed wrong "$tool" record -o new.thc -- touch ran
fails "and nothing ran" test -e ran
