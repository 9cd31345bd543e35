#!/bin/sh
# Bad images and bad tables: a coded reason each; a bad image refuses its exam, a bad table the whole run.
. "$(dirname -- "$0")/common"
pictures
small_model m.st
mkdir folder.png
mkfifo fifo.png

# one exam per bad image, one good exam among them
cat >bad.csv <<'CSV'
exam_id,mg_cc,us_bmode_trans,us_bmode_long
cut,,cut.png,
cut_mg,cut_mg.png,,
huge,,huge.png,
wide,,wide.png,
zero,,zero.png,
text,,text.png,
dicom,,dicom.png,
empty,,empty.png,
missing,,nosuch.png,
folder,,folder.png,
fifo,,fifo.png,
good,,us1.png,us2.png
colour,us1.png,,
depth,,us16.png,
twice,,us1.png,copy.png
path,,us1.png,./us1.png
CSV
expect 2 "$bmunet" predict --model m.st --exams bad.csv --out p.csv --json p.jsonl
while read -r exam code; do
    holds p.csv "^$exam,refused,,,,,,,,,,\"?$code: "
done <<'CODES'
cut IMAGE_TRUNCATED
cut_mg IMAGE_TRUNCATED
huge IMAGE_TOO_LARGE
wide IMAGE_TOO_LARGE
zero IMAGE_EMPTY
text IMAGE_TYPE
dicom IMAGE_TRUNCATED
empty FILE_EMPTY
missing FILE_MISSING
folder FILE_READ
fifo FILE_READ
colour IMAGE_COLOUR
depth IMAGE_DEPTH
twice VIEW_DUPLICATE
path VIEW_DUPLICATE
CODES
holds p.csv '^good,ok,T[1-5],'
python3 -c '
import json
lines = [json.loads(l) for l in open("p.jsonl")]
assert len(lines) == 16
for l in lines:
    if l["status"] == "refused":
        assert any(i["status"] == "refused" and i["code"] == l["code"] and i["note"] for i in l["inputs"]), l["exam_id"]
assert all(i["sha256"] for l in lines if l["exam_id"] == "twice" for i in l["inputs"][2:4])'
# no image left, even with --allow-partial; the same bytes twice stay refused
expect 2 "$bmunet" predict --model m.st --exams bad.csv --allow-partial --out q.csv
holds q.csv '^cut,refused,,,,,,,,,,"?EXAM_NO_IMAGE: .*IMAGE_TRUNCATED'
holds q.csv '^twice,refused,,,,,,,,,,"?VIEW_DUPLICATE: '

# tables: CODE, then the file is made by the lines that follow
echo old >kept.csv
refused_table() { # CODE FILE [options]
    code=$1 table=$2
    shift 2
    expect 1 "$bmunet" predict --model m.st --exams "$table" --out kept.csv "$@"
    says "^bmunet: $code: "
    [ "$(cat kept.csv)" = old ] || fail "$table: the old output is gone"
    no_leftovers
}
printf 'exam_id,us_bmode_trans\na,us1.png\nb,us2.png\na,us3.png\n' >t.csv
refused_table EXAM_ID_TWICE t.csv
says 'lines 2 and 4'
printf 'exam_id,us_bmode_trans\na,us1.png\nb\n' >t.csv
refused_table CSV_RAGGED t.csv
printf 'exam_id,us_bmode_trans\na,us1\000.png\n' >t.csv
refused_table CSV_NUL t.csv
printf 'exam_id,us_bmode_trans\na,"us1.png\n' >t.csv
refused_table CSV_SYNTAX t.csv
printf 'exam_id,us_bmode_trans\n\377,us1.png\n' >t.csv
refused_table CSV_UTF8 t.csv
printf 'exam_id,us_bmode_tran\na,us1.png\n' >t.csv
refused_table CSV_COLUMN_UNKNOWN t.csv
says 'us_bmode_trans'
printf 'us_bmode_trans\nus1.png\n' >t.csv
refused_table CSV_COLUMN_MISSING t.csv
printf 'exam_id,us_bmode_trans\n' >t.csv
refused_table CSV_EMPTY t.csv
: >t.csv
refused_table CSV_EMPTY t.csv
printf 'exam_id,us_bmode_trans\n,us1.png\n' >t.csv
refused_table EXAM_ID_EMPTY t.csv
python3 -c 'open("t.csv", "w").write("exam_id,us_bmode_trans\na," + "x" * 10_000_000 + "\n")'
refused_table CSV_CELL_TOO_LONG t.csv
refused_table FILE_MISSING nosuch.csv
refused_table FILE_READ folder.png

# an unknown column can be left out, and a quoted cell of a bad table cannot steer the terminal
printf 'exam_id,us_bmode_trans,remark\na,us1.png,x\n' >t.csv
refused_table CSV_COLUMN_UNKNOWN t.csv
expect 0 "$bmunet" predict --model m.st --exams t.csv --out o.csv --ignore-column remark
printf 'exam_id,us_bmode_trans,\033[31mred\na,us1.png,x\n' >t.csv
refused_table CSV_COLUMN_UNKNOWN t.csv
! grep -q "$(printf '\033')" err || fail "an escape sequence reached the terminal"
expect 1 "$bmunet" predict --exams t.csv --model "$(printf 'no\033[31m\302\233m.st')"
says '^bmunet: FILE_MISSING: no\?\[31m\?m.st'
printf 'exam_id,us_bmode_trans\n"a\033[31m",no\033[31m.png\nb,us1.png\n' >t.csv
expect 2 "$bmunet" predict --exams t.csv --model m.st
prints 'refused  FILE_MISSING: .*no\?\[31m.png'
! grep -q "$(printf '\033')" out || fail "an escape sequence reached the terminal"
# BOM, CRLF, the published header
printf '\357\273\277exam_id,us_bmode_trans\r\na,us1.png\r\n' >t.csv
expect 0 "$bmunet" predict --model m.st --exams t.csv --out o1.csv
printf 'patient_id,exam_id,m1_path,m2_path,u3_path,u4_path,u5_path,u6_path,u7_path,u8_path,label\np,a,N,N,us1.png,N,N,N,N,N,1\n' >t.csv
expect 0 "$bmunet" predict --model m.st --exams t.csv --out o2.csv
same o1.csv o2.csv
