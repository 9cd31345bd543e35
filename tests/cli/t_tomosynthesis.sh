#!/bin/sh
# A view synthesised from tomosynthesis is refused, unless it is asked for, and then the note says so.
. "$(dirname -- "$0")/common"
"$bmunet" synth --patients 12 --seed 4 --size small --out cohort >/dev/null
python=/usr/bin/python3
$python -c 'import pydicom' 2>/dev/null || { echo "skipped: pydicom is not installed"; exit 0; }
$python - <<'PY'
import csv, pydicom
rows = [r for r in csv.DictReader(open("cohort/exams.csv")) if r["mg_cc"]][:1]
for key in rows[0]:
    if key.startswith(("us_", "mg_mlo")):
        rows[0][key] = ""
path = "cohort/" + rows[0]["mg_cc"]
d = pydicom.dcmread(path)
d.ImageType = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]
d.save_as(path)
with open("cohort/one.csv", "w", newline="") as out:
    w = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    w.writeheader()
    w.writerows(rows)
PY
small_model m.st --prep canonical-v1
expect 2 "$bmunet" predict --model m.st --exams cohort/one.csv --out p.csv
holds p.csv 'refused.*TOMOSYNTHESIS'
expect 0 "$bmunet" predict --model m.st --exams cohort/one.csv --out p.csv --json p.jsonl --allow-tomosynthesis
holds p.jsonl '[Ss]ynthesi'
