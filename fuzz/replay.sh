#!/bin/sh
# Replay a fuzz target over its committed inputs (fuzz/corpus/X, fuzz/regressions/X) and, where public corpora lie about, over a sample of them.
# Usage: fuzz/replay.sh PROGRAM TARGET
set -eu
program=$1
target=$2
cd "$(dirname "$0")/.."
data=${BMUNET_DATA:-../shared/data}/fuzz
set --
for directory in "fuzz/corpus/$target" "fuzz/regressions/$target"; do
    [ -d "$directory" ] && set -- "$@" "$directory"
done
[ $# -gt 0 ] || {
    echo "fuzz target $target has no committed inputs: put a few small ones into fuzz/corpus/$target"
    exit 1
}
"$program" "$@"
[ -d "$data" ] || {
    echo "public corpora: skipped, $data is not there"
    exit 0
}
set --
for folder in $(sed -n "s/^$target //p" fuzz/seeds.txt); do
    [ -d "$data/$folder" ] && set -- "$@" "$data/$folder"
done
[ $# -eq 0 ] || "$program" -limit 300 "$@"
