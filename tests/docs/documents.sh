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
