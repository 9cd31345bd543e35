#!/bin/sh
# "-" for standard input and standard output: the same bytes as with files, and nothing where there was a failure.
. "$(dirname -- "$0")/common"
pictures
small_model m.st
printf 'exam_id,us_bmode_trans\na,us1.png\nb,us2.png\n' >exams.csv
printf 'exam_id,us_bmode_trans\na,us1.png\nb,cut.png\n' >bad.csv
mkdir tmp
export TMPDIR=$work/tmp
expect 2 "$bmunet" predict --model m.st --exams bad.csv --out p.csv
expect 2 "$bmunet" predict --model m.st --exams bad.csv --out -
same out p.csv
says '^1 ok, 1 refused'
expect 2 "$bmunet" predict --model m.st --exams bad.csv --out q.csv --json -
same q.csv p.csv
python3 -c 'import json
assert [json.loads(l)["exam_id"] for l in open("out")] == ["a", "b"]' || fail "--json - prints something else"
says '^written: q.csv$'
cat exams.csv | expect 0 "$bmunet" predict --model m.st --exams - --out piped.csv
expect 0 "$bmunet" predict --model m.st --exams exams.csv --out file.csv
same piped.csv file.csv
expect 0 "$bmunet" prep --profile reference-v1 --small --exams exams.csv --json -
[ "$(wc -l <out)" = 2 ] || fail "prep --json - prints something else"
mkdir folder && cp us1.png folder/P1_L_us_bmode_trans.png
expect 0 "$bmunet" scan folder --names '{patient}_{side}_{view}' --out scanned.csv
expect 0 "$bmunet" scan folder --names '{patient}_{side}_{view}' --out -
head -n 1 out >head
head -n 1 scanned.csv | cmp -s - head || fail "scan --out - prints something else"
grep -q "$work/folder/P1_L_us_bmode_trans.png" out || fail "paths of a table that lies nowhere have to be absolute"
expect 1 "$bmunet" predict --model m.st --exams bad.csv --out - --json -
says 'only one output'
expect 1 "$bmunet" predict --model nosuch --exams exams.csv --out -
[ ! -s out ] || fail "a run that failed has printed something"
status=0
"$bmunet" predict --model m.st --exams exams.csv --out - >/dev/full 2>err || status=$?
[ $status = 1 ] || fail "a full standard output: exit status $status"
says '^bmunet: FILE_WRITE: standard output'
[ -z "$(ls tmp)" ] || fail "left behind in TMPDIR: $(ls tmp)"
no_leftovers
