#!/bin/sh
# check_self.sh OBJECT-OR-ARCHIVE… -- HOOKFILE…: nothing that goes into the library may call a
# hooked function by its name (P46): such a call would come back to us.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
objects=
while [ "$1" != -- ]; do
	objects="$objects $1"
	shift
done
shift
cat "$@" | tr '\n' ' ' | grep -oE 'TH_(LIB_|JUMP_)?HOOK\([^,]+,[[:space:]]*[A-Za-z0-9_]+' |
	sed -E 's/.*[,[:space:]]//' | sort -u >"$dir/hooks"
# shellcheck disable=SC2086
nm -u $objects | awk '$1 == "U" {print $2}' | sort -u >"$dir/imports"
[ -s "$dir/imports" ] || { echo 'FAIL: no imports found'; exit 1; }
if comm -12 "$dir/hooks" "$dir/imports" | grep .; then
	echo 'FAIL: the names above are called from within'
	# shellcheck disable=SC2086
	nm -uA $objects | grep -wFf "$dir/hooks"
	exit 1
fi
