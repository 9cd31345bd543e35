#!/bin/sh
# ./dev real: five-fold cross-validation on public B-mode pictures, BUS-BRA and BrEaST (docs/REAL.md). Usage: real.sh [--peer|--quick] [DATA]
# DATA holds the folders BUS-BRA and BrEaST as published. No held-out exam chooses anything: the epochs are a fixed number, the weights are the last epoch's.
# --peer: the same protocol in PyTorch, and the two compared. --quick: two folds and two epochs, to see that all of it works; its figures mean nothing.
# Everything lies in build/real afterwards (BMUNET_WORK: elsewhere).
set -eu
cd "$(dirname -- "$0")/.."
folds=5 preset=share/presets/bmode.yml work=${BMUNET_WORK:-build/real} bmunet=${BMUNET:-build/release/bmunet}
python=/usr/bin/python3 # Debian's, which has torch
export OMP_WAIT_POLICY=passive
peer='' quick=''
case ${1:-} in
--peer) peer=1 && shift ;;
--quick) quick='--epochs 2' folds=2 && shift ;;
esac
data=${1:-../shared/data}
for set in BUS-BRA BrEaST; do
    [ -d "$data/$set" ] || { echo "$data/$set is not there; name the folder in which BUS-BRA and BrEaST lie" >&2; exit 1; }
done
[ "$work" != build/real ] || rm -rf build/real # the last run's
[ ! -e "$work" ] || { echo "$work is there already" >&2; exit 1; }
mkdir -p "$work/runs"

# One table of both, and the truth as the tree calls it. What stands in the sets stays as it is, with two exceptions, both shown: a lobular carcinoma in situ that
# a set calls benign is left out, as the tree calls it malignant; and in the truth table, which has no other column for it, the class stands where there is no
# histology and before a "phyllodes tumor", which is either.
tables() {
    sh share/examples/busbra_to_exams.sh "$data/BUS-BRA" >"$work/BUS-BRA.csv"
    sh share/examples/breast_to_exams.sh "$data/BrEaST" >"$work/BrEaST.csv"
    (cd "$work" && awk -F, '
    FNR == 1 { center = FILENAME; sub(/[.]csv$/, "", center); delete at; for (i = 1; i <= NF; i++) at[$i] = i; next }
    /"/ { print FILENAME ": line " FNR ": a cell in quotes (a comma in the path of the data?)" >"/dev/stderr"; exit 1 }
    function get(name) { return name in at ? $at[name] : "" }
    {
        term = get("pathology"); class = get("malignant") ? "malignant" : "benign"
        if (class == "benign" && tolower(term) ~ /lobular carcinoma in situ/) {
            print get("exam_id") " is left out: its set calls a lobular carcinoma in situ benign, the tree malignant" >"/dev/stderr"
            next
        }
        rest = get("birads") "," center "," get("vendor")
        print get("exam_id") "," get("patient_id") "," get("us_bmode_trans") "," get("us_bmode_long") "," term "," get("malignant") "," rest >"exams.rows"
        if (term == "") term = class
        else if (tolower(term) == "phyllodes tumor") term = class " " term
        print get("exam_id") "," get("patient_id") "," term "," rest >"truth.rows"
    }' BUS-BRA.csv BrEaST.csv)
    { echo exam_id,patient_id,us_bmode_trans,us_bmode_long,pathology,malignant,birads,center,vendor; cat "$work/exams.rows"; } >"$work/exams.csv"
    { echo exam_id,patient_id,pathology,birads,center,vendor; cat "$work/truth.rows"; } >"$work/truth.csv"
    rm "$work/exams.rows" "$work/truth.rows"
}

ours() {
    for k in $(seq 0 $((folds - 1))); do
        others=
        for i in $(seq 0 $((folds - 1))); do [ "$i" = "$k" ] || others="$others --train-split fold$i"; done
        echo "== fold $k: train on the others, predict it"
        # shellcheck disable=SC2086 # a list of options
        $bmunet train --stage us --exams "$work/folds.csv" --preset $preset $others $quick --no-validation --checkpoint-minutes 0 --cache "$work/cache" \
            --out "$work/runs/fold$k" >"$work/runs/fold$k.log"
        tail -n 1 "$work/runs/fold$k.log"
        $bmunet predict --model "$work/runs/fold$k/best.safetensors" --exams "$work/folds.csv" --split "fold$k" --cache "$work/cache" \
            --out "$work/fold$k.csv"
    done
    pool "$work/predictions.csv" "$work"/fold[0-9].csv
}

pool() { # OUT, tables with one header
    out=$1
    shift
    awk 'FNR > 1 || NR == 1' "$@" >"$out"
}

seconds() { awk 'BEGIN { getline now <"/proc/uptime"; split(now, t, " "); print t[1] }'; }
timed() { # FILE COMMAND...: its wall seconds
    file=$1 started=$(seconds)
    shift
    "$@"
    awk -v from="$started" -v to="$(seconds)" 'BEGIN { printf "%.1f\n", to - from }' >"$file"
}

evaluate() { # PREDICTIONS REPORT
    rm -rf "${work:?}/$2"
    $bmunet evaluate --predictions "$work/$1" --truth "$work/truth.csv" --out "$work/$2"
}

tables
$bmunet split --exams "$work/exams.csv" --out "$work/folds.csv" --folds $folds
timed "$work/ours.seconds" ours
evaluate predictions.csv report
if [ -n "$peer" ]; then
    timed "$work/torch.seconds" $python tests/oracle/train_torch.py --exams "$work/folds.csv" --preset $preset --out "$work/torch"
    $python tests/oracle/train_torch.py --exams "$work/folds.csv" --preset $preset --out "$work/crossed" --weights "$work/runs" >/dev/null
    evaluate torch/predictions.csv report_torch
    set -- --torch "$work"
else
    set -- "$work"
fi
exec $python bench/real_table.py "$@"
