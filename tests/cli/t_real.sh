#!/bin/sh
# Cross-validation on public pictures, two folds and two epochs: that the command works from the sets as published to the table. Skipped where they are not.
. "$(dirname -- "$0")/common"
data=${BMUNET_DATA:-$source_tree/../shared/data}
if [ ! -d "$data/BUS-BRA" ] || [ ! -d "$data/BrEaST" ]; then
    echo "skipped: BUS-BRA and BrEaST are not in $data"
    exit 0
fi
export BMUNET_WORK="$work/real" BMUNET="$bmunet"
expect 0 sh "$source_tree/bench/real.sh" --quick "$data"
prints '^[|] AUC, malignant against benign or normal [|] 0[.][0-9]+ [(]0[.][0-9]+ to 0[.][0-9]+[)] [|]$'
prints '^[|] [.][.][.] T3, [0-9]+ exams [|]'
says '^breast-[0-9]+ is left out: its set calls a lobular carcinoma in situ benign'

# every exam is predicted once, by the model that was not trained on it; no patient is in two folds
python3 - <<'PY'
import csv, json, struct
rows = {r["exam_id"]: r for r in csv.DictReader(open("real/folds.csv"))}
predicted = [r["exam_id"] for r in csv.DictReader(open("real/predictions.csv"))]
assert len(predicted) == len(set(predicted)) and set(predicted) == set(rows), len(predicted)
fold_of = {}
for r in rows.values():
    assert fold_of.setdefault(r["patient_id"], r["split"]) == r["split"], r
for k in (0, 1):
    raw = open(f"real/runs/fold{k}/best.safetensors", "rb").read()
    made = json.loads(json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])["__metadata__"]["bmunet.training"])
    assert made["training_splits"] == [f"fold{1 - k}"] and made["kept"] == "last epoch", made
    assert {r["exam_id"] for r in csv.DictReader(open(f"real/fold{k}.csv"))} == {e for e, r in rows.items() if r["split"] == f"fold{k}"}
# benign and malignant are spread evenly, as the split knows no tier of this table
for word in "01":
    counts = [sum(r["split"] == f"fold{k}" and r["malignant"] == word for r in rows.values()) for k in (0, 1)]
    assert abs(counts[0] - counts[1]) <= 1, counts
PY
# a diagnosis that the tree does not know ends the run before it begins, with the nearest terms
sed 's/fibroadenoma/fibroadenomma/' real/folds.csv >unknown.csv
expect 1 "$bmunet" train --stage us --exams unknown.csv --preset bmode --train-split fold0 --no-validation --out never
says '^bmunet: LABEL: .*fibroadenomma.*nearest: "fibroadenoma"'
