#!/bin/bash
# A storm of forks: processes that fork in the middle of an answer, whose children ask and fork,
# none of them ending in good order but the first. Every answer that any of them read is in the
# capture, whole, under its own process, and the run is sealed.
. "$(dirname "$0")/lib.sh"
start_double

cat >agent.py <<'P'
import http.client, os, sys
host, port = sys.argv[1].split("//")[1].split(":")
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
WIDE, DEEP = 6, 3
def ask():
    connection = http.client.HTTPConnection(host, int(port), timeout=40)
    connection.request("GET", "/v1/models")
    return connection, connection.getresponse()
def have(connection, response):
    answer = response.read()
    os.write(log, answer[answer.index(b'"nonce"'):].split(b'"')[3] + b"\n")
    connection.close()
def storm(depth):
    begun = ask()
    children = []
    for n in range(WIDE if depth else 0):
        child = os.fork()
        if child == 0:
            try:
                storm(depth - 1 if n % 3 == 0 else 0)
            finally:
                os._exit(0)
        children.append(child)
    have(*begun)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
storm(DEEP)
P
exits "the agent ends as it does" 0 limited "$tool" record --require-coverage -o run.thc -- \
	/usr/bin/python3 agent.py "$http" answers
sort answers >asked
spans run.thc '.response_body | capture("\"nonce\": *\"(?<n>[^\"]+)").n' |
	tr -d '"' | sort >recorded
holds "many asked: $(wc -l <asked)" test "$(wc -l <asked)" -ge 40
same "each answer that was read is recorded, once" asked recorded
equal "whole" 0 "$(spans run.thc 'select(.truncated)' | wc -l)"
equal "each by the process that asked" "" "$("$tool" dump --json run.thc |
	jq -r 'select(.kind == "exchange") | .lane' | sort | uniq -d)"
fails "no live file is left" compgen -G 'run.thc-live*'
exits "and the run is sealed" 0 "$tool" verify run.thc
