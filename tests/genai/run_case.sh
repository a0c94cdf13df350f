#!/bin/bash
# Reads one example and compares what was read: run_case.sh PROGRAM NAME
set -u
program=$(realpath "$1") name=$2
cases=$(cd "$(dirname "$0")/cases" && pwd)
if [ -n "${UPDATE:-}" ]; then
	"$program" "$cases/$name.case" >"$cases/$name.exact"
	exit
fi
"$program" "$cases/$name.case" | diff "$cases/$name.exact" - &&
	"$program" --spoil "$cases/$name.case"
