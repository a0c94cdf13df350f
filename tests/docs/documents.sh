#!/bin/bash
# Every command of the README and of docs/ works: see run_docs.py.
. "$(dirname "$0")/../e2e/lib.sh"
start_double
export OPENAI_BASE_URL="$https/v1" TOOL_URL="$https/tools" OPENAI_API_KEY=sk-docs
mkdir bin
ln -s "$tool" bin/tracehook
usable_unshare bin
PATH=$scratch/bin:$PATH LD_LIBRARY_PATH=$build/shim \
	"$top/tests/docs/run_docs.py" "$scratch" || failed=1

# Every subcommand has a page with an example in it.
"$tool" help | sed -n 's/^  \([a-z]*\)  *.*/\1/p' >commands
while read -r command; do
	page=$top/docs/$command.md
	case $command in
	seal | verify) page=$top/docs/integrity.md ;;
	compact) page=$top/docs/size.md ;;
	esac
	holds "tracehook $command has a page with an example" \
		awk -v what="tracehook $command( |\$)" '/^```sh/ { code = 1 } /^```$/ { code = 0 }
			code && $0 ~ what { found = 1 } END { exit !found }' "$page"
done <commands
