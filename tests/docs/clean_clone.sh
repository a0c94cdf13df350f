#!/bin/bash
# What is committed is enough: a clone builds, installs and runs the demo.
. "$(dirname "$0")/../e2e/lib.sh"
limit=800 # it builds
git clone -q "$top" clone 2>/dev/null || skip_all "$top is no git repository"

# The README's block "Build and install", with the installed files put aside.
sed -n '/^```sh build$/,/^```$/p' clone/README.md |
	grep -v '^```' >build.sh
DESTDIR=$scratch/installed exits "the README's way to build and install" 0 \
	env -C clone bash -e ../build.sh
for file in libtracehook.so tracehook tracehook-dump tracehook.1; do
	holds "$file is installed" test -n "$(find "$scratch/installed" -name "$file*")"
done
exits "the installed tool runs" 0 "$(find "$scratch/installed" -name tracehook -type f)" --version

exits "script/demo" 0 clone/script/demo
holds "its verdict is the last line" sh -c 'tail -n 1 out | grep -q "^The demo succeeded"'
equal "and leaves the tree as it was" "" "$(git -C clone status --porcelain)"
