# Two recordings of one agent: what differs by its nature, as rules.
learn() {
	printf 'run aa 0\nprocess aa a1 0 100 0 ./agent\nhost 1 1 api.example.test\n%s\nexit 99\n' "$1"
}
learn 'ask 1 1 2 POST /v1/chat?ts=1763766001 {"model":"m","id":"0b7a1c9e-1f00-4abc-8def-0123456789ab","messages":[{"content":"It is 2026-11-22T00:55:13Z, hello"}]}
answer 1 3 200 {"o":1}
ask 2 1 4 POST /v1/chat?ts=1763766002 {"model":"m","id":"0b7a1c9e-1f00-4abc-8def-0123456789ac","messages":[{"content":"same"},{"content":"It is 2026-11-22T00:55:14Z in /tmp/x1"}]}
answer 2 5 200 {"o":2}
ask 3 1 6 GET /v1/list
answer 3 7 200 {"o":3}' | mk script a.thc
learn 'ask 1 1 2 POST /v1/chat?ts=1763766901 {"model":"m","id":"9b7a1c9e-1f00-4abc-8def-0123456789ab","messages":[{"content":"It is 2026-12-24T10:55:13Z, hello"}]}
answer 1 3 200 {"o":1}
ask 2 1 4 POST /v1/chat?ts=1763766902 {"model":"m","id":"9b7a1c9e-1f00-4abc-8def-0123456789ac","messages":[{"content":"same"},{"content":"It is 2026-12-24T10:55:14Z in /tmp/y2"}]}
answer 2 5 200 {"o":2}
ask 3 1 6 GET /v1/list
answer 3 7 200 {"o":3}' | mk script b.thc
says tracehook diff --learn a.thc b.thc
# With nothing to learn the file is there, and empty.
says tracehook diff --learn a.thc a.thc
# What no pattern explains is told, and not let pass.
sed 's/hello/goodbye/' <<'S' | mk script c.thc
run aa 0
process aa a1 0 100 0 ./agent
host 1 1 api.example.test
ask 1 1 2 POST /v1/chat?ts=1763766901 {"model":"m","id":"9b7a1c9e-1f00-4abc-8def-0123456789ab","messages":[{"content":"It is 2026-12-24T10:55:13Z, hello"}]}
answer 1 3 200 {"o":1}
ask 4 1 4 GET /v1/new
answer 4 5 200 {"o":1}
exit 99
S
says tracehook diff --learn a.thc c.thc
