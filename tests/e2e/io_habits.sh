#!/bin/bash
# Habits of using a socket (tests/hosts/io_habits.c): each is one exchange, recorded and replayed.
. "$(dirname "$0")/lib.sh"
agent=$build/tests/hosts/io_habits

# Answers hold a number that is new each time, and a server is at another port each time.
alike() {
	sed -E 's/n[0-9]{5}-[0-9a-f]+/NONCE/g' "$1" >"$1.alike"
}
habits() { # NAME HOST PORT
	record_and_replay "$1" "$agent" "$2" "$3"
	alike "$1.direct"
	alike "$1.rec"
	same "$1: recording gives what is given without it" "$1.direct.alike" "$1.rec.alike"
	equal "$1: every habit is one exchange, and vfork's child's another" "$(asked "$1.rec")" \
		"$(spans "$1.thc" '.url | sub(".*[?&]"; "")' | tr -d '"' | sort | tr '\n' ' ')"
	equal "$1: each got its answer" "$(grep -c '^end ' "$1.rec")" \
		"$(spans "$1.thc" 'select(.response_status == 200)' | wc -l)"
	equal "$1: nothing moved unseen" 0 "$("$tool" dump --json "$1.thc" | jq -s \
		'map(select(.kind == "opaque" or .kind == "left")) | length')"
}
asked() { # OUTPUT: the names in it
	grep -xE '[a-z-]+' "$1" | sort | tr '\n' ' '
}

# Every option that a socket has or has not: programs find out by asking what they were given.
options() { # NAME HOST
	record_and_replay "$1" "$build/tests/hosts/sock_options" "$2" "$DOUBLE_HTTP"
	same "$1: recording leaves the options as they are" "$1.direct" "$1.rec"
	equal "$1: TCP is not SCTP" "132/2 -1" "$(cut -d' ' -f1,2 "$1.rep" | grep '^132/2 ' | uniq)"
	equal "$1: the exchange is there" "HTTP/1.1 200 OK" "$(tail -1 "$1.rep")"
}

start_double
habits ipv4 127.0.0.1 "$DOUBLE_HTTP"
options options4 127.0.0.1
equal "the limit of a wait ends it" "end -1 Resource temporarily unavailable" \
	"$(sed -n '/^timeout$/,/^end/p' ipv4.rep | tail -1)"
equal "all are there" 18 "$(grep -c '^end ' ipv4.rep)"
stop_double

if /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null
then
	start_double --host ::1
	habits ipv6 ::1 "$DOUBLE_HTTP"
	options options6 ::1
	equal "the URL is of IPv6" '"http://double/t/echo?plain"' \
		"$(spans ipv6.thc .url | head -1)"
	stop_double
else
	skip "ipv6" "this machine has no IPv6"
fi

# Who looks at the machine's interfaces sees them, and in the namespace of a replay loopback alone.
"$agent" interfaces | sort >direct
exits "recorded" 0 "$tool" record -q -o interfaces.thc -- "$agent" interfaces
sort out >rec
same "interfaces: recording leaves them as they are" direct rec
exits "replayed" 0 "$tool" replay --fence=library interfaces.thc -- "$agent" interfaces
sort out >rep
same "interfaces: so does a replay without a namespace" direct rep
if "$tool" replay --fence=namespace interfaces.thc -- true 2>/dev/null; then
	exits "replayed" 0 "$tool" replay interfaces.thc -- "$agent" interfaces
	equal "interfaces: with one there is loopback" "lo" "$(cut -d' ' -f1 out | sort -u)"
	holds "interfaces: and it has an address" grep -qx "lo 2" out
else
	skip "interfaces in a namespace" "there can be none"
fi

# Who asks nobody without a network (aria2) finds an interface in the replay of a run that did ask.
start_double
stood_in() { # NAME HOST: what stands in, or that nothing does since the replay has a network
	recording "$1.thc" "$agent" interfaces "$2" "$DOUBLE_HTTP" plain >"$1.rec"
	replaying "$1.thc" "$agent" interfaces "$2" "$DOUBLE_HTTP" plain >"$1.rep"
	grep '^tracehook' "$1.rep"
}
if [ -z "$(offline "$agent" interfaces | cut -d' ' -f3)" ]; then
	equal "interfaces: one stands in" "tracehook0 2 192.0.2.1" "$(stood_in reached 127.0.0.1)"
	holds "interfaces: and the run goes on" grep -q '^end 0' reached.rep
	equal "interfaces: none where nobody was asked" "" \
		"$(replaying interfaces.thc "$agent" interfaces | grep '^tracehook')"
	aria2=(aria2c -q --allow-overwrite -d . -o got "--ca-certificate=$DOUBLE_CA"
		"https://localhost:$DOUBLE_HTTPS/t/bytes?n=100000")
	if ! recording aria2.thc "${aria2[@]}" 2>/dev/null; then
		skip "aria2" "it is not here, or has no network to see"
	else
		rm got
		exits "aria2: replayed" 0 replaying aria2.thc "${aria2[@]}"
		equal "aria2: what it got" 100000 "$(wc -c <got)"
	fi
else
	skip "an interface that stands in" "replays here run beside the machine's network"
fi
stop_double
