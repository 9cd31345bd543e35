#!/bin/sh
# predict on one exam without a table: the same numbers as from a table to the last bit, the slots that tags tell, every refusal, the answer
# on the terminal.
. "$(dirname -- "$0")/common"
pictures
small_model m.st --seed 7
unset COLUMNS

# alike TABLE.jsonl ONE.jsonl EXAM_ID: the table's line of that exam and the one line say the same, but for times and the table's hash
alike() {
    python3 - "$@" <<'PY' || fail "a table and one exam differ: $*"
import json, sys
table = [json.loads(line) for line in open(sys.argv[1])]
one = [json.loads(line) for line in open(sys.argv[2])]
assert len(one) == 1
a, b = next(line for line in table if line["exam_id"] == sys.argv[3]), one[0]
assert a.pop("exams_sha256") is not None and b.pop("exams_sha256") is None
assert set(a.pop("times_ms")) == set(b.pop("times_ms"))
assert list(a) == list(b) and a == b, (a, b)
PY
}

# --- pictures, named
cat >exams.csv <<'CSV'
exam_id,patient_id,side,mg_cc,mg_mlo,us_bmode_trans,us_bmode_long,age,menopausal
all,P 1,L,mg1.png,mg2.png,us1.png,us2.png,50,post
us,,,,,us1.png,,,
cut,,L,,,us2.png,cut.png,,
old,,,,,us1.png,,17,
gone,,,,,us1.png,nowhere.png,,
copy,,,,,us1.png,copy.png,,
twice,,,,,us1.png,./us1.png,,
side,,both,,,us1.png,,,
none,,,,,,,50,
CSV
expect 2 "$bmunet" predict --model m.st --exams exams.csv --json p.jsonl
one() { # STATUS EXAM_ID ARGUMENT...: the program on one exam, compared with the table
    status=$1 id=$2
    shift 2
    expect "$status" "$bmunet" predict --model m.st --json exam_id="$id" "$@"
    cp out one.jsonl
    alike p.jsonl one.jsonl "$id"
}
one 0 all 'patient_id=P 1' side=left mg_cc=mg1.png mg_mlo=mg2.png us_bmode_trans=us1.png us_bmode_long=us2.png age=50 menopausal=post
says 'WARNING: THIS MODEL IS UNTRAINED'
[ "$(wc -l <out)" = 1 ] || fail "--json prints more than a line"
one 0 us us_bmode_trans=us1.png
one 0 us us_bmode_trans=us1.png mg_cc= side= age=unknown bmi=
one 2 cut side=L us_bmode_trans=us2.png us_bmode_long=cut.png
one 2 old us_bmode_trans=us1.png age=17
one 2 gone us_bmode_trans=us1.png us_bmode_long=nowhere.png
one 2 copy us_bmode_trans=us1.png us_bmode_long=copy.png
one 2 twice us_bmode_trans=us1.png us_bmode_long=./us1.png
one 2 side us_bmode_trans=us1.png side=both
one 2 none age=50
expect 2 "$bmunet" predict --model m.st --exams exams.csv --allow-partial --precision bf16 --json p.jsonl
expect 0 "$bmunet" predict --model m.st --json --allow-partial --precision bf16 exam_id=cut side=L us_bmode_trans=us2.png us_bmode_long=cut.png
alike p.jsonl out cut
# the order of the words does not matter, nor where --json stands; without exam_id there is none
expect 0 "$bmunet" predict us_bmode_long=us2.png --model m.st age=50 us_bmode_trans=us1.png --json
cp out a.jsonl
expect 0 "$bmunet" predict --json --model m.st us_bmode_trans=us1.png us_bmode_long=us2.png age=50
python3 - <<'PY' || fail "the order of the words matters"
import json
a, b = (json.load(open(name)) for name in ("a.jsonl", "out"))
assert a["exam_id"] is None and a["status"] == "ok"
a.pop("times_ms"), b.pop("times_ms")
assert a == b
PY

# --- words that mean nothing: an error, and nothing on standard output
wrong() { # REGEX ARGUMENT...
    says=$1
    shift
    expect 1 "$bmunet" predict --model m.st --json "$@"
    says "^bmunet: USAGE: .*$says"
    [ ! -s out ] || fail "an error, and something on standard output"
}
wrong '"us_bmode_tran" is no name .*us_bmode_trans' us_bmode_tran=us1.png
wrong '"ages" is no name .*nearest .* age' us_bmode_trans=us1.png ages=50
wrong '"tier" is no name' us_bmode_trans=us1.png tier=T1
wrong 'age is given twice' us_bmode_trans=us1.png age=50 age=51
wrong 'us_bmode_trans is given twice' us_bmode_trans=us1.png us_bmode_trans=us2.png
wrong 'age has no value; write age=VALUE' us_bmode_trans=us1.png age 50
wrong 'more than 8 files' 1 2 3 4 5 6 7 8 9
expect 1 "$bmunet" predict --model m.st
says '^bmunet: USAGE: '
expect 1 "$bmunet" predict us_bmode_trans=us1.png
says '^bmunet: USAGE: .*--model'
expect 1 "$bmunet" predict --model m.st --exams exams.csv us_bmode_trans=us1.png
says '^bmunet: USAGE: .*us_bmode_trans=us1.png'
expect 1 "$bmunet" predict --model m.st us_bmode_trans=us1.png --out o.csv
says '^bmunet: USAGE: --out'
expect 1 "$bmunet" predict --model m.st us_bmode_trans=us1.png --split test
says '^bmunet: USAGE: --split'
expect 1 "$bmunet" predict --model m.st --exams exams.csv --json
says '^bmunet: USAGE: .*--json'
"$bmunet" init --network us --variant reference --small --out us.st >/dev/null 2>&1
expect 1 "$bmunet" predict --model us.st us_bmode_trans=us1.png age=50
says 'takes no clinical values'
expect 2 "$bmunet" predict --model us.st mg_cc=mg1.png
prints 'refused, VIEW_NOT_TAKEN'

# --- files that cannot be placed: refusals that name the file and the remedy
refused() { # CODE REGEX ARGUMENT...
    code=$1 says=$2
    shift 2
    expect 2 "$bmunet" predict --model m.st --json "$@"
    python3 -c 'import json, re, sys; l = json.load(open("out")); assert l["code"] == sys.argv[1] and re.search(sys.argv[2], l["reason"]) and l["p"] is None, l' \
        "$code" "$says" || fail "$*"
    expect 2 "$bmunet" predict --model m.st "$@"
    prints "^answer +refused, $code: .*$says"
}
refused SCAN_NO_TAGS 'us1.png: a picture without tags; name its slot' us1.png
refused FILE_MISSING 'nowhere.dcm' nowhere.dcm us_bmode_trans=us1.png
refused IMAGE_TYPE 'text.png: .*leave it out' text.png
refused IMAGE_TRUNCATED 'dicom.png: .*leave it out' dicom.png

# --- the answer for people
expect 0 "$bmunet" predict --model m.st exam_id=E1 'patient_id=P 1' side=L mg_cc=mg1.png us_bmode_trans=us1.png age=50 menopausal=post
prints '^exam +E1, patient P 1, side L$'
prints '^answer +T[1-5]'
for node in benign T1 T2 malignant T3 T4 T5; do prints "^ +$node +[01]\\.[0-9]{4}( |$)"; done
prints '^ +mg_cc +used +16-bit grey PNG'
prints '^ +absent: mg_mlo, us_bmode_long'
prints '^ +age +50 years$'
prints '^ +menopausal +post$'
prints '^ +absent: bmi, '
prints '^model +m.st'
prints "sha256 $(sha256sum m.st | cut -c1-64)"
prints '^tree +bmu5, approved by .*, sha256 [0-9a-f]{64}$'
prints 'Research use only. Not a medical device'
grep -qiE 'safe|healthy|normal|diagnosed' out && fail "the answer claims something"
awk 'length > 400' out | grep -q . && fail "a line without an end"
python3 - <<'PY' || fail "the bars are not the numbers"
import re
rows = re.findall(r"^ +(?:benign|malignant|T\d) +(\d\.\d{4})  (#*)", open("out").read(), re.M)
assert len(rows) == 7 and all(abs(len(bar) / 24 - float(p)) <= 0.5 / 24 + 1e-4 for p, bar in rows), rows
PY
expect 2 "$bmunet" predict --model m.st us_bmode_trans=us1.png us_bmode_long=cut.png
prints '^answer +refused, IMAGE_TRUNCATED: us_bmode_long \(cut.png\)'
prints '^ +us_bmode_long +refused +IMAGE_TRUNCATED'
prints '^ +us_bmode_trans +used .*not run'
printf 'x\033[2J' >"$(printf 'esc\033.png')"
expect 2 "$bmunet" predict --model m.st us_bmode_trans="$(printf 'esc\033.png')"
grep -q "$(printf '\033')" out && fail "an escape sequence reaches the terminal"
expect 1 sh -c '"$0" predict --model m.st us_bmode_trans=us1.png >/dev/full' "$bmunet"
says '^bmunet: FILE_WRITE: '
expect 1 sh -c '"$0" predict --model m.st us_bmode_trans=us1.png --json >/dev/full' "$bmunet"
says '^bmunet: FILE_WRITE: '

# --- DICOM files: their tags tell
"$bmunet" synth --patients 12 --seed 4 --size small --out cohort >/dev/null
small_model c.st --prep canonical-v1 --seed 7
python3 - <<'PY'
import csv
rows = list(csv.DictReader(open("cohort/exams.csv")))
both = [r for r in rows if r["mg_cc"] and r["us_bmode_trans"]][:2] + [r for r in rows if not r["mg_cc"] and r["us_bmode_trans"]][:1]
assert len(both) == 3
fields = ["age", "menopausal"]
images = [k for k in rows[0] if k.startswith(("mg_", "us_"))]
with open("cohort/some.csv", "w", newline="") as out:
    w = csv.DictWriter(out, ["exam_id", "patient_id", "side", *images, *fields], lineterminator="\n", extrasaction="ignore")
    w.writeheader()
    w.writerows(both)
for i, r in enumerate(both):
    values = ["%s=%s" % (k, r[k]) for k in ("exam_id", "patient_id", "side", *fields)]
    for kind in ("named", "tags"):
        words = values + [("%s=" % k if kind == "named" else "") + "cohort/" + r[k] for k in images if r[k]]
        open("%s%d" % (kind, i), "w").write("".join(word + "\n" for word in words))
open("ids", "w").write("".join(r["exam_id"] + "\n" for r in both))
PY
expect 0 "$bmunet" predict --model c.st --exams cohort/some.csv --json p.jsonl
i=0
while read -r id; do
    for kind in named tags; do
        tr '\n' '\0' <$kind$i | expect 0 xargs -0 "$bmunet" predict --model c.st --json
        alike p.jsonl out "$id"
    done
    i=$((i + 1))
done <ids

python=/usr/bin/python3
$python -c 'import pydicom' 2>/dev/null || { echo "skipped from here: pydicom is not installed"; exit 0; }
$python - <<'PY'
import csv, pydicom
row = next(r for r in csv.DictReader(open("cohort/exams.csv")) if r["mg_cc"] and r["us_bmode_trans"] and r["us_bmode_long"])
def write(slot, name, **tags):
    d = pydicom.dcmread("cohort/" + row[slot])
    for key, value in tags.items():
        if value is None:
            delattr(d, key)
        else:
            setattr(d, key, value)
    d.save_as(name)
write("mg_cc", "cc.dcm")
write("mg_cc", "cc2.dcm", SOPInstanceUID="2.25.7")
write("mg_cc", "noview.dcm", ViewPosition=None, ViewCodeSequence=None)
write("mg_cc", "raw.dcm", PresentationIntentType="FOR PROCESSING")
write("mg_cc", "ct.dcm", Modality="CT")
write("us_bmode_trans", "trans.dcm")
write("us_bmode_trans", "unsaid.dcm", PatientOrientation=None)
write("us_bmode_long", "unsaid2.dcm", PatientOrientation=None)
PY
cp c.st m.st
refused SCAN_AMBIGUOUS 'cc2.dcm: by its tags it shows mg_cc, and so does cc.dcm; .*leave one out' cc.dcm cc2.dcm
refused SCAN_AMBIGUOUS 'cc2.dcm: .*so does cc.dcm' cc2.dcm mg_cc=cc.dcm
refused VIEW_NOT_STANDARD 'noview.dcm: .*name it, as in mg_cc=FILE' noview.dcm
refused FOR_PROCESSING 'raw.dcm: ' raw.dcm
refused MODALITY_WRONG 'ct.dcm: ' ct.dcm
refused SCAN_PLANE 'unsaid.dcm: .*name its slot: us_bmode_trans=FILE or us_bmode_long=FILE' unsaid.dcm unsaid2.dcm
refused SCAN_PLANE 'unsaid2.dcm: ' trans.dcm unsaid2.dcm
refused SCAN_PLANE 'unsaid.dcm: ' unsaid.dcm us_bmode_long=unsaid2.dcm
expect 0 "$bmunet" predict --model m.st unsaid.dcm --json
holds out '"slot":"us_bmode_trans","status":"used".*entered as transverse'
expect 0 "$bmunet" predict --model m.st us_bmode_trans=unsaid.dcm us_bmode_long=unsaid2.dcm
no_leftovers
