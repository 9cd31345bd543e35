#!/bin/sh
# An installed tree, and nothing else: every file of examples/ built by pkg-config and run, with libbmunet.so and with libbmunet.a, as C11 and
# without a warning. The comment at an example's head says how it is run ("Run: COMMAND") and what it prints ("Prints: REGEX", each a line of
# its output). It runs in a folder that holds the demo's exams.csv with its images, an untrained model, model.safetensors, and 40 scores with
# their truth, scores.csv and truth.csv. Every function of the library is called by an example.
set -eu
source=${BMUNET_SOURCE:-$(pwd)} build=${BMUNET_BUILD:-$source/build/release} prefix=${PREFIX:-/usr/local}
cc=${CC:-cc} cmake=${CMAKE:-cmake} libdir=${LIBDIR:-lib} libexecdir=${LIBEXECDIR:-libexec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset BMUNET_DECODER BMUNET_SHARE
fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# --- the tree: below DESTDIR, then moved, so that no path into the build is of use
DESTDIR=$work/staged "$cmake" --install "$build" --prefix "$prefix" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "cmake --install"
}
mv "$work/staged" "$work/moved"
tree=$work/moved$prefix
for file in bin/bmunet "$libexecdir/bmunet-decode" share/bmunet/trees/bmu5.yml share/bmunet/schemas/clinical10.yml share/bmunet/presets/small.yml \
    share/bmunet/plans/default.yml share/bmunet/vendors/synthetic.yml "$libdir/libbmunet.so" "$libdir/libbmunet.so.0" "$libdir/libbmunet.a" \
    "$libdir/pkgconfig/bmunet.pc" include/bmunet.h; do
    [ -e "$tree/$file" ] || fail "$file is not installed"
done
grep -rlF -e "$work" -e "$source" "$tree/$libdir/pkgconfig" "$tree/include" "$tree/share" && fail "paths of this machine in the installed text files"
for page in "$source"/share/man/man[135]/*.[135]; do
    [ ! -e "$page" ] || [ -e "$tree/share/man/${page#"$source"/share/man/}" ] || fail "the manual page $page is not installed"
done

# --- the program
cd "$work"
"$tree/bin/bmunet" --version | grep -q '^bmunet [0-9]' || fail "bmunet --version"
"$tree/bin/bmunet" init --small --out model.safetensors >/dev/null 2>&1 || fail "bmunet init with the installed share folder"
cp "$tree"/share/bmunet/demo/*.png "$tree/share/bmunet/demo/exams.csv" .
status=0
"$tree/bin/bmunet" predict --model model.safetensors --exams exams.csv --out predictions.csv >log 2>&1 || status=$?
[ "$status" -le 2 ] && [ "$status" != 1 ] && grep -q ',ok,' predictions.csv || {
    cat log >&2
    fail "the installed program predicts nothing for the demo's exams (status $status)"
}

awk 'BEGIN {
    print "exam_id,score" >"scores.csv"
    print "exam_id,malignant" >"truth.csv"
    for (i = 1; i <= 40; i++) {
        print "e" i "," (i % 2 ? 0.3 : 0.1) + i * 7 % 40 / 80 >"scores.csv"
        print "e" i "," i % 2 >"truth.csv"
    }
}'

# --- the examples
sed -n 's/^ \(bmunet_[a-z0-9_]*\)@.*/\1/p' "$source/debian/libbmunet0.symbols" | while read -r name; do
    grep -qw "$name" "$source"/examples/[0-9]*.c || fail "no example calls $name"
done
export PKG_CONFIG_PATH="$tree/$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/moved"
run() { # EXAMPLE.c, how it was linked
    head=$(sed '/\*\//q' "$1") name=$(basename "$1" .c)
    command=$(printf '%s\n' "$head" | sed -n 's/^ \* Run: //p')
    [ -n "$command" ] || fail "$1: its first comment has no line 'Run: COMMAND'"
    sh -ec "$command" >"$name.out" 2>"$name.err" </dev/null || {
        cat "$name.out" "$name.err" >&2
        fail "$name, $2: $command"
    }
    printf '%s\n' "$head" | sed -n 's/^ \* Prints: //p' | while read -r line; do
        grep -qE -- "$line" "$name.out" || {
            cat "$name.out" >&2
            fail "$name, $2, does not print: $line"
        }
    done
}
count=0
for example in "$source"/examples/[0-9]*.c; do
    name=$(basename "$example" .c)
    # shellcheck disable=SC2046 # lists of flags
    "$cc" -std=c11 -Wall -Wextra -pedantic -Werror "$example" -o "$name" $(pkg-config --cflags --libs bmunet) || fail "$name does not build"
    export LD_LIBRARY_PATH="$tree/$libdir"
    run "$example" shared
    unset LD_LIBRARY_PATH
    # libbmunet.a by name, for the linker takes a shared library before it; the program stands where a program of the tree stands
    # shellcheck disable=SC2046
    "$cc" -std=c11 "$example" -o "$tree/bin/$name" $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --static --libs bmunet |
        sed "s|-L$prefix/$libdir ||; s|-lbmunet |$tree/$libdir/libbmunet.a |") -I"$tree/include" -Wl,--as-needed || fail "$name does not build with libbmunet.a"
    rm -f "$name"
    ln -s "$tree/bin/$name" "$name"
    run "$example" static
    count=$((count + 1))
done
[ "$count" -gt 0 ] || fail "no examples"

# --- it is the installed decoder that all of this has used
rm "$tree/$libexecdir/bmunet-decode"
[ -e "$prefix/libexec/bmunet-decode" ] || ! ./01_version >log 2>&1 || fail "the library finds a decoder outside the installed tree"
[ -e "$prefix/libexec/bmunet-decode" ] || grep -q '^DECODER: ' log || fail "the library does not say what is missing"
echo "$count examples, shared and static"
