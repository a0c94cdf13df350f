#!/bin/sh
# gen_map.sh FILE...: the version script, made from the TH_HOOK lines of the hook files. The node
# has no name: references with a version are satisfied by it too (P7).
echo '{ global:'
cat "$@" | tr '\n' ' ' | grep -oE 'TH_(LIB_|JUMP_)?HOOK\([^,]+,[[:space:]]*[A-Za-z0-9_]+' |
	sed -E 's/.*[,[:space:]]([A-Za-z0-9_]+)$/\t\1;/' | sort
echo 'local: *; };'
