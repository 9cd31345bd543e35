#!/bin/sh
# Marks: those of a synthetic cohort lie where the lesions are, the converters' tables fit the shared sets, and what is wrong is said by line.
. "$(dirname -- "$0")/common"

expect 0 "$bmunet" synth --patients 12 --seed 5 --size small --out c
expect 0 "$bmunet" prep --exams c/exams.csv --marks c/marks.csv --json p.jsonl --png seen
expect 0 "$bmunet" prep --exams c/exams.csv --json q.jsonl --png plain
if /usr/bin/python3 -c "import numpy, PIL" 2>/dev/null; then
    /usr/bin/python3 - <<'PY'
# the outline that is drawn is where the geometry puts the circle
import csv, json
import numpy as np
from PIL import Image
lines = {l["exam_id"]: l for l in map(json.loads, open("p.jsonl"))}
seen = 0
for row in csv.DictReader(open("c/marks.csv")):
    if row["shape"] != "circle":
        continue
    line = lines[row["exam_id"]]
    view = next(i for i in line["inputs"] if i["slot"] == row["slot"])
    name = f"{line['number']:06d}_{row['slot']}.png"
    drawn = np.asarray(Image.open("seen/" + name)).astype(int) != np.asarray(Image.open("plain/" + name)).astype(int)
    drawn = drawn if drawn.ndim == 2 else drawn.any(2)
    (sx, tx), (sy, ty) = view["geometry"]["x"], view["geometry"]["y"]
    x, y, r = float(row["x"]) * sx + tx, float(row["y"]) * sy + ty, float(row["radius"])
    rx, ry = r * abs(sx), r * abs(sy)
    t = np.linspace(0, 2 * np.pi, 400)
    px, py = np.rint(x + rx * np.cos(t)).astype(int), np.rint(y + ry * np.sin(t)).astype(int)
    if px.min() < 2 or py.min() < 2 or px.max() > drawn.shape[1] - 3 or py.max() > drawn.shape[0] - 3:
        continue
    near = [drawn[b - 2:b + 3, a - 2:a + 3].any() for a, b in zip(px, py)]
    assert np.mean(near) > .9, (name, np.mean(near))  # two lesions may hide a part of each other's outline
    seen += 1
assert seen >= 10, seen
PY
fi

# what is wrong
first=$(sed -n 2p c/marks.csv)
{ cat c/marks.csv; echo "$first" | sed 's/,[0-9.]*,[0-9.]*,\([0-9.]*,[^,]*,\)[0-9]*,/,9999,1,\17,/'; } >outside.csv
expect 1 "$bmunet" prep --exams c/exams.csv --marks outside.csv --json r.jsonl
says "MARK_OUTSIDE: marks: exam .*: line [0-9]+: the circle is not inside its picture"
[ ! -e r.jsonl ] || fail "something was written"
sed 's/SYN5-/SYN6-/' c/marks.csv >strange.csv
expect 1 "$bmunet" prep --exams c/exams.csv --marks strange.csv --json r.jsonl
says 'MARK_EXAM: strange.csv: line 2: the table of exams has no exam "SYN6-'
{ cat c/marks.csv; echo "$first"; } >twice.csv
expect 1 "$bmunet" prep --exams c/exams.csv --marks twice.csv --json r.jsonl
says 'MARK_CONFLICT: twice.csv: exam .*: lines 2 and [0-9]+ mark the same lesion twice'
expect 1 "$bmunet" prep --exams c/exams.csv --tree "$source_tree/share/trees/bmu5.yml" --json r.jsonl
says 'USAGE: --tree names the tiers of --marks'

# the shared sets
examples=$source_tree/share/examples
data=${BMUNET_DATA:-$source_tree/../shared/data}
fits() { # NAME FOLDER STATUS
    [ -d "$data/$2" ] || { echo "$1: skipped, $data/$2 is not there"; return 0; }
    "$examples/$1_to_exams.sh" "$data/$2" >"$1.csv" 2>/dev/null || fail "$1_to_exams.sh"
    if [ -x "$examples/$1_to_marks.sh" ]; then
        "$examples/$1_to_marks.sh" "$data/$2" >"$1_marks.csv" || fail "$1_to_marks.sh"
    else
        "$examples/$1_to_exams.sh" --marks "$data/$2" >"$1_marks.csv" || fail "$1_to_exams.sh --marks"
    fi
    expect "$3" "$bmunet" prep --exams "$1.csv" --marks "$1_marks.csv" --json "$1.jsonl" --schema "$source_tree/share/schemas/clinical10.yml"
}
fits breast BrEaST 0
fits cesm CDD-CESM 2
fits mias mini-MIAS 2
fits busbra BUS-BRA 0
