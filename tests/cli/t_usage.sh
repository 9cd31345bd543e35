#!/bin/sh
# The command line itself: help, version, what is not understood; bench.
. "$(dirname -- "$0")/common"
expect 0 "$bmunet" --version
prints '^bmunet [0-9]+\.[0-9]+\.[0-9]+ \('
prints '^libraries: oneDNN [0-9.]+, .*libpng [0-9.]+'
prints '^decoder: +DCMTK [0-9.]+, OpenJPEG [0-9.]+, libjpeg'
expect 0 "$bmunet" --version --json
python3 -c 'import json
j = json.load(open("out"))
assert set(j) == {"version", "commit", "libraries", "decoder"} and len(j["libraries"]) > 6 and len(j["decoder"]) > 3, j' || fail "--version --json"
expect 0 env BMUNET_DECODER=/nonexistent "$bmunet" --version
prints 'bmunet-decode is not installed$'
expect 0 "$bmunet" help
verbs=$("$bmunet" --help-table | cut -f1)
[ "$(echo "$verbs" | wc -l)" = 13 ] || fail "not 13 verbs"
for verb in $verbs; do
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
explains() { # SENTENCE ARGUMENTS...: one line that ends with it, or with it and where to look
    sentence=$1
    shift
    usage "$@"
    grep -qxF -e "bmunet: USAGE: $sentence; see 'bmunet $1 --help'" -e "bmunet: USAGE: $sentence; see 'bmunet help'" err || {
        cat err >&2
        fail "not said of '$*': $sentence"
    }
}
explains "unexpected argument 'extra': the exams are those of --exams" predict --model m --exams e extra
explains "unexpected argument 'b'" info a b
explains "unexpected argument 'x'" version x
explains "unknown option '--nosuch'" predict --nosuch
explains "unknown option '--nosuch'" predict --nosuch=3
explains "unknown option '--modl' (did you mean '--model'?)" predict --modl m
explains "unknown option '-m'" predict -m
explains "unknown option '--small-'" init --small-
explains "unknown verb 'nosuch'" nosuch
explains "ambiguous option '--allow': it could be '--allow-partial' or '--allow-tomosynthesis'" predict --allow
explains "option '--model' needs an argument, FILE" predict --model
explains "option '--exact' takes no argument" predict --exact=yes
explains "--model is required" predict
explains "an exam is required: --exams FILE.csv, or NAME=VALUE and DICOM files" predict --model m
explains "--patients and --out are required" synth
explains "--from, --network and --out are required" import
explains "MODEL is required" info
explains "--threads: '0' must be an integer from 1 to 1024" predict --model m --exams e --threads 0
explains "--threads: '2x' must be an integer from 1 to 1024" predict --threads=2x
explains "--threads: '99999999999999999999' must be an integer from 1 to 1024" predict --threads 99999999999999999999
explains "--seed: '-1' must be an integer from 0 to 9007199254740992" init --out x --seed -1
explains "--prevalence: '2' must be a number from 0.01 to 0.99" synth --prevalence 2
explains "--precision: 'fp8' must be fp32 or bf16" predict --precision fp8
explains "--network: 'nosuch' must be bmu, mg or us" import --network nosuch
explains "--cache: 'c,3' must end with a size of at least 1M, as in 20G, after the comma" predict --cache c,3
explains "--vendors requires --prep canonical-v1" init --out x --vendors v
explains "--init-us and --init-mg require --stage bmu" train --stage us --exams e --out o --init-us m
expect 1 "$bmunet"
says "^bmunet: USAGE: no verb is given; see 'bmunet help'$"
# a name may be shortened, a value follows an equals sign or a blank, after -- all are operands
small_model m.st
expect 0 "$bmunet" info --js m.st
expect 0 "$bmunet" info --json -- m.st
expect 1 "$bmunet" info -- --json
says 'FILE_MISSING: --json'
expect 0 "$bmunet" init --small --out=n.st --see=3
prints 'UNTRAINED .seed 3.'

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
