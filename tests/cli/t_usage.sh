#!/bin/sh
# The command line itself: help, version, what is not understood; bench.
. "$(dirname -- "$0")/common"
expect 0 "$bmunet" --version
prints '^bmunet [0-9]+\.[0-9]+\.[0-9]+ \('
expect 0 "$bmunet" help
for verb in predict import info init synth split evaluate bench; do
    "$bmunet" help | grep -q "^  $verb " || fail "help does not list $verb"
    "$bmunet" "$verb" --help >long 2>/dev/null || fail "$verb --help"
    expect 0 "$bmunet" help "$verb"
    prints "^Usage: bmunet $verb "
    same out long
done
expect 0 "$bmunet" help codes
prints '^IMAGE_TRUNCATED +refused +the image file ends early$'
usage() {
    expect 1 "$bmunet" "$@"
    says '^bmunet: USAGE: '
    [ "$(wc -l <err)" = 1 ] || fail "more than one line: $*"
    [ ! -s out ] || fail "something on stdout: $*"
}
usage
usage nosuch
usage help nosuch
usage predict
usage predict --model m
usage predict --model
usage predict --nosuch
usage predict --model m --exams e extra
usage predict --model m --exams e --threads 0
usage predict --model m --exams e --threads 2x
usage predict --model m --exams e --threads 99999999999999999999
usage predict --model m --exams e --precision fp8
usage import --from x --out y
usage import --from x --out y --network nosuch
usage import --from x --out y --network bmu --variant nosuch
usage init
usage init --out x --seed -1
usage info
usage info a b
usage bench
usage bench sleep
usage bench train --what nothing
usage bench train --recompute all
usage bench train --precision bf16
usage bench infer --precision mixed
usage bench infer --recompute inner
usage bench train --what trunk --recompute inner
usage bench infer --runs 0

expect 0 "$bmunet" bench infer --small --json --runs 3 --threads 1 --layers
python3 - <<'PY'
import json
j = json.load(open("out"))
assert j["threads"] == 1 and j["precision"] == "fp32" and j["exact"] is False and j["runs"] == 3 and j["network"] == "bmu"
assert 0 < j["min_s"] <= j["median_s"] <= j["max_s"] < 60 and 5 < j["peak_rss_mb"] < 4000
assert any("conv1" in l["name"] and l["ms"] > 0 and l["gflops"] > 0 for l in j["layers"]), j["layers"][:3]
PY
expect 0 "$bmunet" bench train --small --json --runs 2 --threads 1 --layers
python3 - <<'PY'
import json
r = json.load(open("out"))
assert r["runs"] == 2 and r["median_s"] > 0 and r["peak_rss_mb"] > 0 and r["precision"] == "fp32" and "training step" in r["what"], r
passes = {l["pass"] for l in r["layers"]}
assert passes == {"forward", "recompute", "backward"} and all(l["ms"] > 0 for l in r["layers"]), passes
PY
expect 0 "$bmunet" bench train --small --runs 1 --network mg --exact --recompute blocks
expect 0 "$bmunet" bench infer --small --runs 1 --network us --exact
prints '^network us, .*fp32 exact'
