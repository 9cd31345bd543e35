#!/bin/sh
# scan: a mixed folder to a table and a report of every file; what was made is known beforehand (tests/oracle/make_scan.py). Then predict takes it.
. "$(dirname -- "$0")/common"
python=/usr/bin/python3
"$python" -c 'import pydicom, numpy' 2>/dev/null || { echo "skipped: $python has no pydicom"; exit 0; }
mkdir -p study/images
"$python" "$source_tree/tests/oracle/make_scan.py" study/images expected.json
cat >clinical.csv <<'CSV'
patient_id,side,age,menopausal,tier
P1,L,50,post,T4
P1,R,50,post,
P2,,41,pre,T2
P2,,42,pre,T2
P8,L,60,post,T1
CSV

expect 0 "$bmunet" scan study/images --out study/exams.csv --json study/scan.jsonl --names '{patient}_{side}_{view}' --centre Mitte
prints '^used +11  in 6 exams$'
prints '^SCAN_AMBIGUOUS +2 '
prints '^SCAN_PLANE +2 '
no_leftovers
grep -q SECRET study/exams.csv study/scan.jsonl out err && fail "a patient's name got out"
cat >check.py <<'PY'
import csv, json
expected = json.load(open("expected.json"))
lines = [json.loads(l) for l in open("study/scan.jsonl")]
files = {l["path"].removeprefix("images/"): l for l in lines if l["kind"] == "file"}
assert sorted(files) == sorted(expected), set(files) ^ set(expected)
wrong = [(p, f["code"], f["reason"], f["exam_id"], f["slot"], expected[p]) for p, f in files.items()
         if [f["code"]] != expected[p] and [f["exam_id"], f["slot"]] != expected[p]]
assert not wrong, wrong
assert all((f["status"] == "used") == (f["code"] is None) and (f["status"] == "used") == (f["reason"] is None) for f in files.values())
assert files["a/copy of 1.dcm"]["same_as"] == "images/a/1.dcm"
rows = list(csv.DictReader(open("study/exams.csv", newline="")))
slots = {(r["exam_id"], s): r[s] for r in rows for s in r if s[:3] in ("mg_", "us_") and r[s]}
assert slots == {tuple(e): "images/" + p for p, e in expected.items() if len(e) == 2}, slots
assert all(r["patient_id"] == r["exam_id"].split("-")[0] and r["side"] == r["exam_id"].split("-")[1] and r["center"] == "Mitte" for r in rows)
assert {r["vendor"] for r in rows} == {"ACME", ""}
assert [l["path"] for l in lines] == sorted((l["path"] for l in lines), key=lambda p: p.replace("\ufffd", "\udcff").encode("utf-8", "surrogateescape"))
PY
"$python" check.py

# the same whatever is asked beside it; without names the pictures stay out; with the order the Doppler pair goes in
cp study/exams.csv first.csv
expect 0 "$bmunet" scan study/images/ --out study/exams.csv --names '{patient}_{side}_{view}' --centre Mitte
same first.csv study/exams.csv
expect 0 "$bmunet" scan study/images --out study/exams.csv --us-order first-is-transverse
prints '^used +11  in 5 exams$'
holds study/exams.csv '^P3-R-20230601,P3,R,,,images/c/u,,images/c/d1,images/c/d2,,,'
# outside of the table's folder: absolute paths
mkdir elsewhere
expect 0 "$bmunet" scan study/images --out elsewhere/exams.csv
holds elsewhere/exams.csv "^P1-L-20240105,P1,L,$(realpath study)/images/a/1.dcm,"

# clinical values
expect 0 "$bmunet" scan study/images --out study/exams.csv --json study/scan.jsonl --clinical clinical.csv
prints '^clinical +5 rows, 4 without an exam; 4 exams without a row$' # the two days of P1 L: the row states no date
[ "$(head -n 1 study/exams.csv)" = "exam_id,patient_id,side,mg_cc,mg_mlo,us_bmode_trans,us_bmode_long,us_doppler_trans,us_doppler_long,us_elasto_trans,us_elasto_long,vendor,age,menopausal,tier" ] || fail "the head"
holds study/exams.csv '^P1-R-20240105,.*,ACME,50,post,$'
sed 's/^\(patient_id,side\),/\1,study_date,/; s/^P1,L,/P1,L,20240105,/; s/^\(P[0-9],[LR]*\),\([0-9][0-9],\)/\1,,\2/' clinical.csv >dated.csv
expect 0 "$bmunet" scan study/images --out study/exams.csv --json study/scan.jsonl --clinical dated.csv
holds study/exams.csv '^P1-L-20240105,.*,ACME,50,post,T4$'
holds study/exams.csv '^P1-L-20210115,.*,ACME,,,$'
holds study/scan.jsonl '"kind":"clinical_row","line":4,"code":"SCAN_AMBIGUOUS"'
holds study/scan.jsonl '"kind":"clinical_row","line":6,"code":"CLINICAL_UNMATCHED"'
holds study/scan.jsonl '"kind":"exam","exam_id":"P3-R-20230601","code":"CLINICAL_UNMATCHED"'

# predict takes the table: every exam has its row, and none is refused for what the table says
small_model m.st --seed 3
status=0
"$bmunet" predict --model m.st --exams study/exams.csv --out p.csv --json p.jsonl >out 2>err || status=$?
[ $status = 0 ] || [ $status = 2 ] || { cat err >&2; fail "predict does not take the table"; }
"$python" - <<'PY'
import csv, json
wanted = [r["exam_id"] for r in csv.DictReader(open("study/exams.csv", newline=""))]
lines = [json.loads(l) for l in open("p.jsonl")]
assert [l["exam_id"] for l in lines] == wanted
assert all(i["sha256"] for l in lines for i in l["inputs"] if i["status"] != "absent"), "a path of the table cannot be opened"
assert not {l["code"] for l in lines} & {"SIDE_MISMATCH", "VIEW_MISMATCH", "PATIENT_MISMATCH", "STUDY_MISMATCH", "DATE_APART", "VIEW_DUPLICATE", "FILE_MISSING"}, lines
PY

# what cannot be read in a clinical table is told on the terminal, once a sentence, and is no success; nor is a table of other patients
printf 'patient_id,side,study_date,age\nP1,links,20240105,52\nP1,L,05.01.2024,52\nP1,L,06.01.2024,52\nP1,R,2024-01-05,52\n' >wrong.csv
expect 2 "$bmunet" scan study/images --out study/exams.csv --clinical wrong.csv
prints '^VALUE_SYNTAX +1  side is neither L nor R .the first in line 2.$'
prints '^VALUE_SYNTAX +2  study_date is not a date; write YYYYMMDD or YYYY-MM-DD .the first in line 3.$'
holds study/exams.csv '^P1-R-20240105,.*,52$'
printf 'patient_id,age\nZ1,52\nZ2,52\n' >others.csv
expect 2 "$bmunet" scan study/images --out study/exams.csv --clinical others.csv
prints '^CLINICAL_UNMATCHED +2 '

# a repeated exposure, and a set like CBIS-DDSM: a Patient ID for each picture, the view in Patient Orientation
"$python" - "$source_tree" <<'PY'
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1] + "/tests/oracle")
from make_scan import mammogram, dcmwrite
def write(path, ds):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    dcmwrite(path, ds, write_like_original=False)
for name, time in (("bad", "101500"), ("again", "101730.25"), ("early", "0910")):
    write(f"retake/{name}.dcm", mammogram(name, "R1", "r", "20240105", "L", "CC", AcquisitionTime=time))
for side, word in (("L", "LEFT"), ("R", "RIGHT")):
    for view in ("CC", "MLO"):
        ds = mammogram(side + view, f"Mass_P_1_{word}_{view}", side + view, "20240105", side, "", PatientOrientation=view)
        write(f"cbis/Mass_P_1_{word}_{view}/1.2/000000.dcm", ds)
PY
expect 0 "$bmunet" scan retake --out retake.csv --json retake.jsonl
holds retake.csv '^R1-L-20240105,R1,L,retake/again.dcm,'
holds retake.jsonl '"path":"retake/early.dcm".*"code":"SCAN_NOT_CHOSEN"'
expect 1 "$bmunet" scan cbis --out cbis.csv --json cbis.jsonl
holds cbis.jsonl 'Patient Orientation .0020,0020. holds one, where directions belong'
expect 0 "$bmunet" scan cbis --out cbis.csv --json cbis.jsonl --names 'Mass_{patient}_{side}_{view}/*/*' --names-over-tags
prints '^used +4  in 2 exams$'
holds cbis.csv '^P_1-R-20240105,P_1,R,cbis/Mass_P_1_RIGHT_CC/1.2/000000.dcm,cbis/Mass_P_1_RIGHT_MLO/1.2/000000.dcm,'
holds cbis.jsonl '"remark":"patient, side and study by its name, not by its tags"'
expect 2 "$bmunet" prep --small --exams cbis.csv --json p.jsonl
holds p.jsonl '"code":"PATIENT_MISMATCH"'
expect 0 "$bmunet" prep --small --exams cbis.csv --json p.jsonl --trust-table
holds p.jsonl 'holds no directions: taken as absent.*patient and study by the table, not by the file'
small_model cbis.st --prep canonical-v1
expect 0 "$bmunet" predict --model cbis.st --exams cbis.csv --out p.csv --json p.jsonl --trust-table
prints '^2 ok, 0 refused'
expect 1 "$bmunet" scan cbis --out cbis.csv --names-over-tags
says '^bmunet: USAGE: --names-over-tags requires --names'

# errors
expect 1 "$bmunet" scan study/images
says '^bmunet: USAGE: --out is required'
expect 1 "$bmunet" scan nowhere --out x.csv
says '^bmunet: FILE_MISSING: '
expect 1 "$bmunet" scan study/images --out x.csv --names '{patient}'
says '^bmunet: USAGE: --names: '
expect 1 "$bmunet" scan study/images --out study/images/a/1.dcm
says '^bmunet: USAGE: --out and an image of the folder are the same file'
expect 1 "$bmunet" scan study/images --out x.csv --json ./x.csv
mkdir none
expect 1 "$bmunet" scan none --out x.csv --json x.jsonl
says '^bmunet: CSV_EMPTY: '
[ ! -e x.csv ] && [ -e x.jsonl ] || fail "a table of nothing, or no report"
no_leftovers

# public files, where they are: all of them are told, and predict takes what was found
data=${BMUNET_DATA:-$source_tree/../shared/data}
[ -d "$data/dicom" ] || { echo "public files: skipped, $data is not there"; exit 0; }
mkdir mixed
for part in dicom BrEaST mini-MIAS cbis-ddsm-samples; do
    [ -d "$data/$part" ] && ln -s "$(realpath "$data/$part")" "mixed/$part"
done
# links are not followed, so the parts are scanned one by one; BrEaST has a table of its own kind: its names give a case, never a side
for part in mixed/*; do
    status=0
    "$bmunet" scan "$part/" --out "${part##*/}.csv" --json "${part##*/}.jsonl" >out 2>err || status=$?
    [ $status = 0 ] || grep -q '^bmunet: CSV_EMPTY' err || { cat err >&2; fail "scan of $part"; }
    found=$(find "$part/" ! -type d | wc -l)
    told=$(grep -c '"kind":"file"' "${part##*/}.jsonl")
    [ "$found" = "$told" ] || fail "$part: $found files, $told told"
    [ $status = 0 ] || continue
    "$bmunet" predict --model m.st --exams "${part##*/}.csv" --out q.csv >out 2>err || [ $? = 2 ] || { cat err >&2; fail "predict on $part"; }
done
