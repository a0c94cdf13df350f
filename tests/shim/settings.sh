#!/bin/sh
# settings.sh LIB SPY HOST: what mistakes in the environment lead to, as the agent and the user see
# it: one line, and nothing else is ever printed (P51). HOST is the program that makes connections
# (sock_forms aborts when it cannot connect).
lib=$(readlink -f "$1") spy=$(readlink -f "$2") host=$(readlink -f "$3")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset TRACEPARENT TRACEHOOK_CONTEXT LD_PRELOAD
bad=0
fail() {
	echo "FAIL: $1"
	cat err
	bad=1
}
agent() { # VARIABLE=VALUE…: runs the host within two further processes
	rm -f ./*.thc
	env "$@" LD_PRELOAD="$lib" sh -c 'sh -c "$0; true"; exec "$0"' "$host" >out 2>err
	rc=$?
}
plain_rc=0
said() {
	[ "$(grep -c '^tracehook: ' err)" = 1 ] || fail "$1: not one line"
	grep -qF "$2" err || fail "$1: not: $2"
}

agent
[ $rc = $plain_rc ] && [ -s tracehook.thc ] && [ ! -s err ] || fail 'plain recording'

agent TRACEHOOK_MODE=off
[ $rc = 0 ] && [ ! -e tracehook.thc ] && [ ! -s err ] || fail 'mode off'

agent TRACEHOOK_MODE=bogus
[ $rc != 0 ] || fail 'an unknown mode lets the agent out'
said 'unknown mode' \
	'tracehook: TRACEHOOK_MODE=bogus is not record, replay, auto or off; network calls fail'

agent TRACEHOOK_MODE=auto TRACEHOOK_PACE=fast
[ $rc != 0 ] || fail 'a mistake under auto lets the agent out'
said auto 'tracehook: TRACEHOOK_PACE=fast is not a number like 0, 0.5 or 1; network calls fail'

agent TRACEHOOK_MODE=auto
[ $rc = $plain_rc ] && [ -s tracehook.thc ] && [ ! -s err ] || fail 'auto records the first run'

agent TRACEHOOK_PACE=fast
[ $rc = 0 ] && [ ! -e tracehook.thc ] || fail 'a bad value while recording touches the agent'
said 'bad value' \
	'tracehook: TRACEHOOK_PACE=fast is not a number like 0, 0.5 or 1; nothing is recorded'

agent TRACEHOOK_PACE=fast TRACEHOOK_ON_ERROR=closed
[ $rc != 0 ] || fail 'closed lets the agent out'
said closed '; network calls fail'

agent TRACEHOOK_CAPTURE=/nonexistent/x.thc
[ $rc = 0 ] || fail 'a capture that cannot be written touches the agent'
said 'no capture' 'tracehook: /nonexistent/x.thc: No such file or directory; nothing is recorded'

echo 'a diary' >diary
agent TRACEHOOK_CAPTURE=diary
[ $rc = 0 ] && [ "$(cat diary)" = 'a diary' ] || fail 'what is no capture is written into'
said 'no capture' 'diary: is no tracehook capture, and left as it is; nothing is recorded'

agent TRACEHOOK_CAPTURE=/nonexistent/x.thc TRACEHOOK_ON_ERROR=closed
[ $rc != 0 ] || fail 'closed without a capture lets the agent out'

# The recorder fails after it began: the spy says so.
env SPY_BROKEN=1 LD_PRELOAD="$spy" "$host" >out 2>err || fail 'a broken capture touches the agent'
env SPY_BROKEN=1 TRACEHOOK_ON_ERROR=closed LD_PRELOAD="$spy" "$host" >out 2>err &&
	fail 'closed, and the capture breaks: the agent gets out'
grep -q '^nonblocking -1 5$' out || fail 'closed, and the capture breaks: not EIO'

echo 'not a capture, but precious' >precious
agent TRACEHOOK_CAPTURE=precious
[ $rc = 0 ] || fail 'a foreign file touches the agent'
said 'foreign file' 'tracehook: '
[ "$(cat precious)" = 'not a capture, but precious' ] || fail 'a foreign file was changed'

agent TRACEHOOK_LOG=log
[ $rc = 0 ] && grep -q '\] connect made' log && [ ! -s err ] || fail 'no diagnostics in the log'
exit $bad
