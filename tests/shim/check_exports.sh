#!/bin/sh
# check_exports.sh LIB HOOKS.MD HOOKFILE…: what the library shows to the agent, and what it needs.
lib=$1 doc=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0
fail() {
	echo "FAIL: $1"
	bad=1
}

cat "$@" | tr '\n' ' ' | grep -oE 'TH_(LIB_|JUMP_)?HOOK\([^,]+,[[:space:]]*[A-Za-z0-9_]+' |
	sed -E 's/.*[,[:space:]]//' | sort >"$dir/hooks"
nm -D --defined-only "$lib" | awk '{print $3}' | sort >"$dir/exports"
# The first column of the tables, names in backquotes.
awk -F'|' '/^\| `/{print $2}' "$doc" | grep -oE '`[A-Za-z0-9_]+`' | tr -d '`' | sort >"$dir/doc"

diff "$dir/hooks" "$dir/exports" || fail 'hooks (<) and exports (>) differ (P44)'
diff "$dir/hooks" "$dir/doc" || fail 'hooks (<) and HOOKS.md (>) differ'
[ -s "$dir/hooks" ] || fail 'no hooks found'

grep -xE 'malloc|calloc|realloc|free|_?_?exit|_Exit|fork|pthread_.*|mmap' "$dir/exports" &&
	fail 'hooks what the loader and every program build on (P8, P13)'
nm -D --defined-only "$lib" | grep @ && fail 'a version keeps versioned references from us (P7)'

needed=$(readelf -d "$lib" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
[ "$needed" = 'libc.so.6 ' ] || fail "needs more than libc: $needed (P45)"
nm -D "$lib" | grep __tls_get_addr && fail 'touching a thread variable may allocate (P17)'
readelf -d "$lib" | grep -q NODELETE || fail 'could be unloaded (P16)'
readelf -d "$lib" | grep -q BIND_NOW || fail 'binds lazily (P48)'
readelf -rW "$lib" | awk '/R_/ {sub("@.*", "", $5); print $5}' | sort -u >"$dir/bound"
comm -12 "$dir/exports" "$dir/bound" | grep . && fail 'its own symbols could be interposed'
imports=$(nm -D --undefined-only "$lib" | awk '{print $2}' | tr '\n' ' ')
[ "$(echo "$imports" | wc -w)" -le 15 ] ||
	fail "every program that starts pays for each of: $imports (own_libc.c)"
readelf -d "$lib" | grep -qE 'TEXTREL|RPATH|RUNPATH' && fail 'text relocations or a run path'
tls=$(readelf -lW "$lib" | awk '$1 == "TLS" {print $6}')
[ $((${tls:-0})) -le 64 ] || fail "thread variables take $tls bytes (P18)"
# What every program that starts pays for, in pages and in mappings (shim/meson.build).
[ "$(readelf -lW "$lib" | grep -c ' LOAD ')" -eq 2 ] || fail 'more than two mappings of the file'
relocated=$(readelf -rW "$lib" | awk '/R_/ {print substr($1, 1, length($1) - 3)}' | sort -u | wc -l)
[ "$relocated" -eq 1 ] || fail "the loader writes to $relocated pages to relocate it"
exit $bad
