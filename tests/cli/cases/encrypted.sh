# An encrypted capture, for every subcommand that reads one: refused in one line without its key and
# with another one, and read with it. So are the ways in which a key file is none.
(umask 077 && head -c 32 /dev/urandom >right && head -c 32 /dev/urandom >other)
with() { TRACEHOOK_KEY_FILE=$PWD/$1 "${@:2}"; }
with right mk all-kinds secret.thc
with right tracehook seal secret.thc

# tries SUBCOMMAND ARGUMENT…: how it ends without the key, with another, and with the right one.
tries() {
	local key code=
	for key in '' other right; do
		rm -f copy.thc
		TRACEHOOK_KEY_FILE=${key:+$PWD/$key} tracehook "$@" </dev/null >out 2>err
		code="$code $?"
		[ "$key" = right ] || [ "$(wc -l <err) $(wc -c <out)" = "1 0" ] || code="$code(loud)"
	done
	echo "$1:$code"
}
for command in dump list tree stats spans verify seal context diff; do
	if [ $command = diff ]; then tries diff secret.thc secret.thc; else tries $command secret.thc; fi
done
tries show secret.thc 1
tries export -f har secret.thc
tries check --allow-unknown --max-requests 100 secret.thc
tries feedback secret.thc 1 --name n --score 1
tries compact -q secret.thc copy.thc
tries redact secret.thc copy.thc
tries tail secret.thc
says tracehook verify secret.thc
with other says tracehook verify secret.thc

head -c 31 right >short && chmod 600 short
with short says tracehook dump secret.thc
with nowhere says tracehook dump secret.thc
chmod 640 right
with right says tracehook dump secret.thc

echo "## what somebody without the key put beside what is encrypted"
chmod 600 right
for kind in plain untyped live; do
	cp secret.thc strange.thc
	"$cases/../stranger.py" strange.thc $kind
	with right says tracehook dump strange.thc | grep -E 'stranger|damaged|exit'
	with right says tracehook verify strange.thc | grep -E 'damaged|exit'
	rm strange.thc*
done
echo "## a bit turned over by somebody without the key who can repair every checksum"
for padding in 0 1 2 3 4 5 6 7; do
	cp secret.thc altered.thc
	"$cases/../stranger.py" altered.thc altered$padding
	with right tracehook verify altered.thc 2>&1 | grep -oE 'damaged.*altered'
done
echo "## every bit, also of a signature"
mk_small() {
	mk script "$1" <<'S'
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.example.test
ask 1 1 10 GET /v1/now
answer 1 20 200 {"celsius":-3}
exit 30
S
	openssl genpkey -algorithm ed25519 -out sign.pem 2>/dev/null
	tracehook seal --sign sign.pem "$1"
}
with right mk_small small.thc
with right "$(dirname "$mkcapture")/flip_bits" "$PWD/small.thc"
