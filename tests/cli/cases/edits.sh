# An edit that leaves nothing wrong but the chain: every length and checksum is right again.
mk script run.thc <<'S'
run aa 0 commit=abc
process aa a1 0 100 0 ./agent
host 1 1 api.example.test
ask 1 1 10 POST /v1/now {"city":"Oslo"}
answer 1 20 200 {"celsius":-3}
exit 90
next
process aa a2 a1 101 30 ./child
host 1 31 api.example.test
ask 1 1 40 GET /v1/now
answer 1 50 200 {"celsius":21}
exit 60
S
tracehook seal run.thc
"$cases/../edits.py" "$tool" "$PWD/run.thc"
