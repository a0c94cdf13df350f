# What a sealed capture says when it is asked, and when it was altered. Times of sealing and hashes
# are left out: they differ each time.
plain() { sed -E 's/sealed [0-9: -]+, seal [0-9a-f]{16}/sealed THEN, seal HASH/; s/by [0-9a-f]{16}/by KEY/'; }
check() { says tracehook verify "$@" | plain; }
mk two-runs two.thc
mk script small.thc <<'S'
run aa 0 commit=abc
process aa a1 0 100 0 ./agent
host 1 1 api.example.test
ask 1 1 10 GET /v1/now
answer 1 20 200 {"celsius":-3}
exit 30
S
echo "## no seal"
check two.thc
echo "## one of two runs"
says tracehook seal --run '#2' two.thc
check two.thc
check --run '#2' two.thc
echo "## both; a second time there is nothing to do"
says tracehook seal two.thc
check two.thc
size=$(stat -c %s two.thc)
tracehook seal two.thc && [ "$(stat -c %s two.thc)" = "$size" ] && echo "as it was"
echo "## every bit"
tracehook seal small.thc
"$(dirname "$mkcapture")/flip_bits" "$PWD/small.thc"
echo "## cut, and something behind it"
head -c "$((size - 1))" two.thc >cut.thc
check cut.thc
{ cat two.thc; echo more; } >more.thc
check more.thc
echo "## the first seal taken out"
/usr/bin/python3 - <<'P'
data = open("two.thc", "rb").read()
at = 64
while data[at + 10] != 3:
    at += 96 + int.from_bytes(data[at + 40:at + 44], "little")
end = at + 96 + int.from_bytes(data[at + 40:at + 44], "little")
open("less.thc", "wb").write(data[:at] + data[end:])
P
check less.thc
echo "## signatures"
openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out pub.pem
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout -out other.pem
check --pub pub.pem two.thc
says tracehook seal --sign key.pem two.thc
check --pub pub.pem two.thc
check --pub other.pem two.thc
check two.thc
cp two.thc forged.thc
"$cases/../stranger.py" forged.thc signature
check --pub pub.pem forged.thc
check forged.thc
echo "## usage"
says tracehook verify
says tracehook verify none.thc
says tracehook verify --pub two.thc two.thc
says tracehook seal --sign none.pem two.thc
chmod 644 key.pem
says tracehook seal --sign key.pem two.thc
openssl genpkey -algorithm x25519 -out key.pem 2>/dev/null
says tracehook seal --sign key.pem two.thc
cp "$mkcapture" program
says tracehook verify program
echo "## the report"
tracehook verify --json --pub pub.pem two.thc | jq -c '[.kind, .result, .seal.algorithm, .seal.frames,
	(.seal.writers | length), (.signature.public_key | length?), .verified, .intact]'
tracehook verify --json cut.thc 2>/dev/null | jq -c '[.kind, .result, .reason, .verified, .damage]'
