#!/bin/sh
# The ABI: libbmunet.so exports exactly the names of debian/libbmunet0.symbols, each declared in bmunet.h; libbmunet.a has no other global names;
# the header compiles alone, as C11 and C++17, with both compilers. A new function needs a line in the list; a name that goes needs a new soname.
set -eu
source=${BMUNET_SOURCE:-.} build=${BMUNET_BUILD:-build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "FAIL: $*" >&2
    exit 1
}

sed -n 's/^ \(bmunet_[a-z0-9_]*\)@\(BMUNET_[0-9]*\) .*/\1@@\2/p' "$source/debian/libbmunet0.symbols" | LC_ALL=C sort >"$work/listed"
[ -s "$work/listed" ] || fail "debian/libbmunet0.symbols lists no function"
nm -D --defined-only --with-symbol-versions "$build/libbmunet.so" | awk '$2 != "A" {print $3}' | LC_ALL=C sort >"$work/exported"
diff "$work/listed" "$work/exported" >&2 || fail "libbmunet.so does not export what debian/libbmunet0.symbols lists (< listed, > exported)"
sed 's/@.*//' "$work/listed" >"$work/names"

nm --defined-only --extern-only "$build/libbmunet.a" | awk 'NF == 3 {print $3}' | grep -v '^DW\.ref\.' | LC_ALL=C sort >"$work/static"
diff "$work/names" "$work/static" >&2 || fail "libbmunet.a has other global names (< listed, > libbmunet.a)"

grep -o 'bmunet_[a-z0-9_]*(' "$source/include/bmunet.h" | tr -d '(' | LC_ALL=C sort -u | comm -23 "$work/names" - >"$work/missing"
[ ! -s "$work/missing" ] || fail "not declared in bmunet.h: $(cat "$work/missing")"

readelf -d "$build/libbmunet.so" >"$work/dynamic"
grep -q 'SONAME.*\[libbmunet\.so\.0\]' "$work/dynamic" || fail "the soname is not libbmunet.so.0"
grep -q 'TEXTREL' "$work/dynamic" && fail "libbmunet.so has text relocations"

printf '#include <bmunet.h>\n' >"$work/alone.c"
cp "$work/alone.c" "$work/alone.cc"
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || { echo "no $compiler here"; continue; }
    "$compiler" -std=c11 -Wall -Wextra -pedantic -Wstrict-prototypes -Werror -fsyntax-only -I"$source/include" "$work/alone.c" || fail "bmunet.h alone, $compiler, C11"
    "$compiler" -x c++ -std=c++17 -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$source/include" "$work/alone.cc" || fail "bmunet.h alone, $compiler, C++17"
done
echo "$(wc -l <"$work/names") functions"
