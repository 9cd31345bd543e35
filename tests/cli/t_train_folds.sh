#!/bin/sh
# Training for cross-validation: several splits train, none validates, the last epoch is kept; and what must be refused.
. "$(dirname -- "$0")/common"
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2
python3 "$source_tree/tests/cli/make_cohort.py" . 40
"$bmunet" split --exams exams.csv --out folds.csv --folds 4 --replace --no-pictures >/dev/null
sed -e 's/width: 16/width: 8/; s/canonical-v1/reference-v1/; s/\[288, 160\]/[64, 48]/; s/\[128, 128\]/[64, 64]/' \
    -e 's/us: 60, mg: 60, bmu: 60/us: 3, mg: 3, bmu: 3/; s/average_parts: 16/average_parts: 2/; s/batch: 16/batch: 12/; s/part: 16/part: 6/' \
    "$source_tree/share/presets/bmode.yml" >tiny.yml
train() { "$bmunet" train --stage us --exams folds.csv --preset ./tiny.yml --threads 2 "$@"; }

# three folds train, the fourth is only predicted
expect 0 train --train-split fold0 --train-split fold1 --train-split fold3 --no-validation --out cv
prints '^[0-9]+ training exams of [0-9]+ patients, no validation exams; left out'
prints '^epoch +3  loss [0-9.]+  [0-9.]+ images/s'
prints '^kept: epoch 3, the last; no exam judged the epochs; cv/best.safetensors'
! grep -qE 'validation loss|AUC|nan' out || fail "figures of a validation that was not made"
[ "$(wc -l <cv/log.jsonl)" = 3 ] || fail "log.jsonl has not one line per epoch"
# stage us has learnt no mammogram: the exams that have nothing else are refused
expect 2 "$bmunet" predict --model cv/best.safetensors --exams folds.csv --split fold2 --ignore-column mg_cc --ignore-column mg_mlo --out p.csv
[ "$(grep -c ',ok,' p.csv)" = "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 && $at["split"] == "fold2" && $at["us_bmode_trans"] != ""' folds.csv | wc -l)" ] ||
    fail "not every exam with an ultrasound image is computed"
[ "$(awk 'END { print NR - 1 }' p.csv)" = "$(grep -c ',fold2$' folds.csv)" ] || fail "not all of fold2 is predicted"

# the log, the card and the model file say what was done
holds cv/card.md '^None[.] No exam judged the epochs: the weights are those of the last one, 3, '
python3 - <<'PY'
import csv, json, struct
log = [json.loads(line) for line in open("cv/log.jsonl")]
assert all(r["validation_exams"] == 0 and r["auc"] is None and r["loss"] is None and r["train_loss"] > 0 for r in log), log
assert [r["best"] for r in log] == [0, 0, 1], log
def metadata(path):
    raw = open(path, "rb").read()
    return json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"]
best, last = metadata("cv/best.safetensors"), metadata("cv/last.safetensors")
made = json.loads(best["bmunet.training"])
assert made["training_splits"] == ["fold0", "fold1", "fold3"] and made["validation_splits"] == [] and made["kept"] == "last epoch", made
assert made["epoch"] == 2 and made["validation"]["exams"] == 0 and made["validation_auc"] is None, made
rows = [r for r in csv.DictReader(open("folds.csv")) if r["split"] != "fold2" and any(r[c] for c in r if c.startswith("us_"))]
assert made["training"]["exams"] == len(rows), (made["training"], len(rows))
assert "None. No exam judged" in best["bmunet.card"]
PY
same cv/best.safetensors cv/last.safetensors
expect 0 "$bmunet" runs .
prints '^cv +us +bmode +3 +3 '
no_leftovers

# the held-out fold has no say: with other diagnoses in it (and no picture of it there), the same weights
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
    $at["split"] == "fold2" { OFS = ","; $at["tier"] = "T1"; $at["malignant"] = "0"; $at["us_bmode_trans"] = "gone" NR ".png" } { print }' folds.csv >other.csv
! cmp -s folds.csv other.csv || fail "the table was not changed"
expect 0 "$bmunet" train --stage us --exams other.csv --preset ./tiny.yml --threads 2 --train-split fold0 --train-split fold1 --train-split fold3 --no-validation \
    --out blind
same cv/best.safetensors blind/best.safetensors

# stopped and gone on with: the same bits
expect 0 train --train-split fold0 --train-split fold1 --train-split fold3 --no-validation --out cv --resume
same cv/best.safetensors blind/best.safetensors
rm -rf stopped
"$bmunet" train --stage us --exams folds.csv --preset ./tiny.yml --threads 2 --train-split fold0 --train-split fold1 --train-split fold3 --no-validation \
    --out stopped --checkpoint-minutes 0.0001 >log 2>err &
pid=$!
n=0
until grep -q '^epoch' log || [ $n -gt 1200 ]; do sleep 0.02; n=$((n + 1)); done
kill -TERM $pid 2>/dev/null || true
status=0
wait $pid || status=$?
case $status in 0 | 75) ;; *) fail "exit status $status after SIGTERM" ;; esac
if [ $status = 75 ] && [ ! -e stopped/best.safetensors ] && [ -e stopped/log.jsonl ]; then # what is not finished says so
    holds stopped/card.md '^None[.] The run is unfinished: [12] of 3 epochs[.] '
    expect 0 "$bmunet" runs .
    prints '^stopped +us +bmode +[12] +- +- +- +- +- '
fi
expect 0 train --train-split fold0 --train-split fold1 --train-split fold3 --no-validation --out stopped --resume
same cv/best.safetensors stopped/best.safetensors

# several splits may validate as well
expect 0 train --train-split fold0 --train-split fold1 --validation-split fold2 --validation-split fold3 --out both
prints ', [0-9]+ validation exams of [0-9]+'
prints '^best: epoch'

# what must be refused, with nothing begun
refuse() { # CODE REGEX, then options
    code=$1 pattern=$2
    shift 2
    rm -rf bad
    expect 1 train --out bad "$@"
    says "^bmunet: $code: $pattern"
    [ ! -e bad/start.safetensors ] || fail "a run was begun"
}
refuse SPLIT_OVERLAP "split 'fold1' is given for both training and validation" --train-split fold0 --train-split fold1 --validation-split fold1
refuse TRAIN_DATA "no exam has the split 'fold9'" --train-split fold0 --train-split fold9 --no-validation
refuse TRAIN_DATA "no training exam is left [(]split 'fold9'[)]" --train-split fold9 --no-validation
refuse USAGE '--no-validation excludes --validation-split' --train-split fold0 --no-validation --validation-split fold1
sed -i 's/patience: 0/patience: 5/' tiny.yml
refuse CONFIG 'stop.patience is 5, and there are no validation exams' --train-split fold0 --train-split fold1 --no-validation
sed -i 's/patience: 5/patience: 0/' tiny.yml
# a patient in the held-out fold and in a training fold
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
    $at["split"] == "fold2" && !done { for (k in at) if (k == "patient_id") { OFS = ","; $at[k] = who; done = who != "" } }
    $at["split"] == "fold0" { who = $at["patient_id"] } { print }' folds.csv >leak.csv
! cmp -s folds.csv leak.csv || fail "the table was not changed"
expect 1 "$bmunet" train --stage us --exams leak.csv --preset ./tiny.yml --train-split fold0 --train-split fold1 --train-split fold3 --no-validation --out bad
says '^bmunet: SPLIT_OVERLAP: '
[ ! -e bad/start.safetensors ] || fail "a run was begun"
