#!/bin/sh
# Synthetic cohorts and splits as a user makes them.
. "$(dirname -- "$0")/common"
synth() { "$bmunet" synth --patients 6 --seed 7 "$@"; }
python=/usr/bin/python3
has() { "$python" -c "import $1" 2>/dev/null; }

# what is wrong is said before any work, and nothing is left behind
usage() {
    expect 1 "$bmunet" synth "$@"
    says '^bmunet: USAGE: '
    [ "$(wc -l <err)" = 1 ] || fail "more than one line: $*"
}
usage
usage --patients 5
usage --out x
usage --patients 0 --out x
usage --patients -3 --out x
usage --patients 1000001 --out x
usage --patients 5 --out x --size huge
usage --patients 5 --out x --format jpeg
usage --patients 5 --out x --prevalence 0
usage --patients 5 --out x --prevalence 1
usage --patients 5 --out x --prevalence nan
usage --patients 5 --out x --label-noise 0.6
usage --patients 5 --out x --label-noise -0.1
usage --patients 5 --out x --seed -1
usage --patients 5 --out x --threads 0
[ ! -e x ] || fail "x was made"
expect 1 synth --out no/where
says '^bmunet: FILE_WRITE: no/where: cannot be created'
mkdir full empty
echo mine >full/file
expect 1 synth --out full
says '^bmunet: FILE_WRITE: full: is not empty'
[ "$(ls -A full)" = file ] || fail "something was put into a folder that is not empty"
expect 1 synth --out full/file
says '^bmunet: FILE_WRITE: '
expect 1 synth --out new --sheet no/where.png
says '^bmunet: FILE_WRITE: '
[ ! -e new ] || fail "made although the sheet cannot be written"
if [ "$(id -u)" != 0 ]; then
    mkdir -m 555 locked
    expect 1 synth --out locked/x
    says '^bmunet: FILE_WRITE: '
fi

# the same seed: the same bytes, whatever the number of threads; another seed: others
expect 0 synth --out one --threads 1 --sheet sheet.png --label-noise 0.3
prints '^one: SYNTHETIC, 6 patients, '
expect 0 synth --out empty --threads 2 --label-noise 0.3
diff -r one empty >&2 || fail "one and two threads differ"
[ ! -e one/INCOMPLETE ] || fail "the mark stayed"
(cd one && sha256sum -c --quiet SHA256SUMS) >&2 || fail "SHA256SUMS"
listed=$(wc -l <one/SHA256SUMS)
[ "$listed" = $(($(find one -type f | wc -l) - 1)) ] || fail "SHA256SUMS does not list every file"
expect 0 "$bmunet" synth --patients 6 --seed 8 --out other --format png
cmp -s one/truth.csv other/truth.csv && fail "two seeds, one cohort"
holds one/README.md 'no patient in it exists'
holds one/README.md '^\| clinical data alone.*\| [0-9.]+ \|$|not defined'
for table in exams truth readers marks; do
    head -1 "one/$table.csv" | grep -q synthetic || fail "$table.csv does not say that it is synthetic"
done
[ "$(head -c 8 sheet.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || fail "the sheet is no PNG"

# objects: no error by David Clunie's dicom3tools; pydicom reads them and the tags are what the table says
if command -v dciodvfy >/dev/null; then
    for file in one/images/*.dcm; do
        dciodvfy -new "$file" >report 2>&1 || true
        ! grep -q '^Error' report || { cat report >&2; fail "dciodvfy: $file"; }
    done
else
    echo "dciodvfy is not there: skipped"
fi
if has pydicom && has numpy; then
    "$python" - <<'PY' || fail "pydicom"
import csv, glob, pydicom
rows = {r["exam_id"]: r for r in csv.DictReader(open("one/exams.csv"))}
uids, seen = set(), set()
orientation = {("L", "CC"): ["A", "R"], ("L", "MLO"): ["A", "FR"], ("R", "CC"): ["P", "L"], ("R", "MLO"): ["P", "FL"]}
for r in rows.values():
    for slot in [k for k in r if k.startswith(("mg_", "us_")) and r[k]]:
        d = pydicom.dcmread("one/" + r[slot])
        assert d.PatientID == r["patient_id"] and "SYNTHETIC" in str(d.PatientName) and "SYNTHETIC" in d.SeriesDescription
        assert d.ImageType[0] == "DERIVED" and d.SOPInstanceUID.startswith("2.25.") and d.SOPInstanceUID not in uids
        assert int(d.SOPInstanceUID[5:]).bit_length() <= 128 and d.BurnedInAnnotation == "NO"
        uids.add(d.SOPInstanceUID)
        assert (d.ImageLaterality if slot[0] == "m" else d.Laterality) == r["side"]
        a = d.pixel_array
        if slot[0] == "m":
            view = slot[3:].upper()
            assert d.Modality == "MG" and d.PresentationIntentType == "FOR PRESENTATION" and d.BreastImplantPresent == "NO"
            assert d.ViewPosition == view and list(d.PatientOrientation) == orientation[r["side"], view]
            code = d.ViewCodeSequence[0]
            assert (code.CodeValue, code.CodingSchemeDesignator) == ({"CC": "399162004", "MLO": "399368009"}[view], "SCT")
            assert (d.PhotometricInterpretation == "MONOCHROME1") == (d.PresentationLUTShape == "INVERSE")
            assert a.ndim == 2 and a.max() < 4096 and d.BitsStored == 12
            assert "VOILUTSequence" in d or d.VOILUTFunction in ("LINEAR", "SIGMOID")
            wall = a[:, :8] if r["side"] == "L" else a[:, -8:]
            far = a[:, -8:] if r["side"] == "L" else a[:, :8]
            dark = float(far.mean()) - float(wall.mean())
            assert (dark > 0) == (d.PhotometricInterpretation == "MONOCHROME1"), (r["exam_id"], slot)
            seen.add(d.PhotometricInterpretation)
        else:
            assert list(d.PatientOrientation) == (["L", "P"] if slot.endswith("trans") else ["F", "P"])
            assert int(d.ImageType[3], 16) == {"bmode": 1, "doppler": 0x11, "elasto": 0x200}[slot.split("_")[1]]
            assert d.Modality == "US" and a.ndim == 3 and a.dtype == "uint8" and len(d.SequenceOfUltrasoundRegions) >= 1
            g = d.SequenceOfUltrasoundRegions[0]
            assert g.PhysicalUnitsXDirection == 3 and 0 < g.PhysicalDeltaX < 0.1 and g.RegionLocationMaxX1 < d.Columns
assert len(uids) == sum(1 for l in open("one/SHA256SUMS") if ".dcm" in l)
PY
else
    echo "pydicom is not there: skipped"
fi
"$python" - <<'PY' || fail "truth"
import csv
exams = {r["exam_id"]: r for r in csv.DictReader(open("one/exams.csv"))}
for t in csv.DictReader(open("one/truth.csv")):
    e = exams.pop(t["exam_id"])
    assert (t["malignant"] != e["malignant"]) == (t["label_wrong"] == "1")
    assert 0 < float(t["posterior_all"]) < 1 and (t["llr_mg"] != "") == bool(e["mg_cc"] or e["mg_mlo"])
    for f in ("age", "bmi", "parity", "breast_density"):
        assert e[f] in ("", t["true_" + f]), f
assert not exams
PY

# the table is one that predict takes; a broken off cohort is one that it refuses
small_model m.st
expect 0 "$bmunet" predict --model m.st --exams other/exams.csv
touch other/INCOMPLETE
expect 1 "$bmunet" predict --model m.st --exams other/exams.csv
says '^bmunet: COHORT_INCOMPLETE: other: '
expect 1 "$bmunet" split --exams other/exams.csv --folds 2 --out other/s.csv
says '^bmunet: COHORT_INCOMPLETE: '
rm other/INCOMPLETE

# a full disk (a limit on the size of files stands for it): it stays, marked
expect 1 sh -c 'ulimit -f 40; exec "$0" synth --patients 3 --out short' "$bmunet"
says '^bmunet: FILE_WRITE: '
[ -e short/INCOMPLETE ] || fail "a broken off cohort is not marked"
[ ! -e short/exams.csv ] || fail "a broken off cohort has a table"
# interrupted: the same
"$bmunet" synth --patients 2000 --out long 2>err &
job=$!
tries=0
while [ ! -e long/images ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
kill -TERM $job
status=0
wait $job || status=$?
[ "$status" = 75 ] || fail "interrupted: exit status $status"
says 'interrupted; the folder stays marked'
[ -e long/INCOMPLETE ] || fail "an interrupted cohort is not marked"

# --- split
split() { "$bmunet" split "$@"; }
bad_split() {
    expect 1 split "$@"
    says '^bmunet: USAGE: '
}
bad_split
bad_split --exams other/exams.csv
bad_split --exams other/exams.csv --out other/s.csv
bad_split --exams other/exams.csv --out other/s.csv --folds 1
bad_split --exams other/exams.csv --out other/s.csv --folds 2 --train 0.5
bad_split --exams other/exams.csv --out other/s.csv --train 0.5 --val 0.2 --test 0.2
bad_split --exams other/exams.csv --out other/s.csv --train 1.5
bad_split --exams other/exams.csv --out other/exams.csv --folds 2
picture=$(ls other/images/*.png | head -1)
cp "$picture" picture.old
bad_split --exams other/exams.csv --out "$picture" --folds 2
cp other/exams.csv other/table.json
bad_split --exams other/table.json --out other/table.csv --folds 2
says 'same file'
rm other/table.json
same "$picture" picture.old
bad_split --exams other/exams.csv --out s.csv --folds 2
says 'another folder'
[ ! -e other/s.csv ] || fail "s.csv was made"
expect 0 split --exams other/exams.csv --folds 3 --seed 4 --out other/s.csv --json
"$python" - <<'PY' || fail "split"
import csv, hashlib, json
j, printed = json.load(open("other/s.json")), json.load(open("out"))
assert j == printed
text = open("other/s.csv", "rb").read()
assert j["table_sha256"] == hashlib.sha256(text).hexdigest()
assert j["exams_sha256"] == hashlib.sha256(open("other/exams.csv", "rb").read()).hexdigest()
rows, old = list(csv.DictReader(open("other/s.csv"))), list(csv.DictReader(open("other/exams.csv")))
lines = "".join(f"{i}\t{s}\n" for i, s in sorted((r["exam_id"], r["split"]) for r in rows))
assert j["split_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
sides = {}
for r, o in zip(rows, old):
    assert {k: v for k, v in r.items() if k != "split"} == o
    assert sides.setdefault(r["patient_id"], r["split"]) == r["split"]
assert sum(p["exams"] for p in j["parts"]) == len(rows) and {p["name"] for p in j["parts"]} == {"fold0", "fold1", "fold2"}
assert sum(p["patients"] for p in j["parts"]) == len(sides)
assert j["duplicates"]["pairs"] == [] and j["duplicates"]["undecoded"] == 0, j["duplicates"]
for s in j["strata"]:
    for part, n in s["exams"].items():
        assert n == sum(r["split"] == part and r["tier"] == s["tier"] and
                        {(1, 0): "mammography", (0, 1): "ultrasound", (1, 1): "both"}[any(r[k] for k in r if k.startswith("mg_")),
                        any(r[k] for k in r if k.startswith("us_"))] == s["modality"] for r in rows)
PY
expect 0 split --check --exams other/s.csv
prints 'no patient and no picture on two sides'
expect 1 split --exams other/s.csv --folds 2 --out other/t.csv
says '^bmunet: USAGE: .*--replace'
expect 0 split --exams other/s.csv --folds 2 --out other/t.csv --replace --no-pictures
# two women with one picture stay together; a table that parts them is refused
first=$(awk -F, 'NR > 1 { for (i = 4; i <= 11; i++) if ($i != "") { print $i; exit } }' other/exams.csv)
case $first in *mg_*) column=mg_cc ;; *) column=us_bmode_trans ;; esac
cp "other/$first" other/copy.png
printf 'exam_id,patient_id,%s,split\na,p,%s,train\nb,q,copy.png,test\nc,r,,train\n' $column "$first" >other/two.csv
expect 1 split --check --exams other/two.csv
says '^bmunet: SPLIT_OVERLAP: .*lines 2 and 3'
cut -d, -f1-3 other/two.csv >other/three.csv
expect 0 split --exams other/three.csv --folds 2 --out other/four.csv
[ "$(sed -n 2p other/four.csv | cut -d, -f4)" = "$(sed -n 3p other/four.csv | cut -d, -f4)" ] || fail "one picture on two sides"
printf 'exam_id,mg_cc\na,x.png\nb,y.png\n' >none.csv
expect 1 split --exams none.csv --folds 2 --out n.csv --no-pictures
says '^bmunet: SPLIT_NO_PATIENT: '
expect 0 split --exams none.csv --folds 2 --out n.csv --no-pictures --no-patient-id-ok
no_leftovers
