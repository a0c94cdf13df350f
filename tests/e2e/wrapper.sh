#!/bin/bash
# The tool's exit codes (DESIGN 1.2) and its wrapper.
. "$(dirname "$0")/lib.sh"
start_double

exits "no subcommand" 64 "$tool"
exits "an unknown subcommand" 64 "$tool" unknown
exits "dump without a file" 64 "$tool" dump
exits "an unknown option" 64 "$tool" dump --unknown x.thc
exits "record without a program" 64 "$tool" record
exits "an unknown variable value" 64 env TRACEHOOK_MATCH=strange "$tool" record -o x.thc -- true
exits "replay of a file that is not there" 66 "$tool" replay missing.thc -- true
openssl rand 3000 >random.thc
exits "replay of what is no capture" 65 "$tool" replay random.thc -- true
exits "help" 0 "$tool" --help
holds "help names the subcommands" grep -q replay out
exits "version" 0 "$tool" --version

exits "record: the agent's exit code" 42 "$tool" record -o run.thc -- \
	sh -c "curl -sS $https/v1/models; exit 42"
cp out recorded
exits "record: an agent that dies of a signal" 143 "$tool" record -o signal.thc -- \
	sh -c 'kill -TERM $$'
exits "record: a program that is not there" 127 "$tool" record -o x.thc -- ./not-there
exits "replay: the agent's exit code" 42 "$tool" replay run.thc -- \
	sh -c "curl -sS $https/v1/models; exit 42"
same "replay: the agent's stdout and nothing else" recorded out
exits "replay: a miss" 96 "$tool" replay run.thc -- sh -c "curl -sS $https/unknown; exit 42"
holds "replay: the summary is on stderr" grep -qi 'miss' err
exits "replay --strict: spans never asked for" 97 "$tool" replay --strict run.thc -- true
exits "replay: without --strict they are only said" 0 "$tool" replay run.thc -- true

TRACEHOOK_REPORT=report.json "$tool" replay run.thc -- curl -sS "$https/unknown" >/dev/null 2>&1
holds "TRACEHOOK_REPORT is JSON" jq -e . report.json

# Two names of one thing.
"$tool" dump run.thc >first 2>&1
ln -s "$tool" tracehook-dump
./tracehook-dump run.thc >second 2>&1
same "tracehook-dump is tracehook dump" first second

exits "--require-coverage: all was covered" 0 "$tool" record --require-coverage -o covered.thc -- \
	curl -sS "$https/v1/models"
exits "--require-coverage: a process that dropped the preload" 98 \
	"$tool" record --require-coverage -o dropped.thc -- \
	env -i PATH="$PATH" SSL_CERT_FILE="$SSL_CERT_FILE" curl -sS "$https/v1/models"
