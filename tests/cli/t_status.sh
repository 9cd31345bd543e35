#!/bin/sh
# The exit status means the same for every verb: 0 done, 1 an error, 2 all written and something refused, 75 stopped by a signal.
. "$(dirname -- "$0")/common"
pictures
small_model m.st
verbs="predict prep scan deidentify train runs import info init synth split evaluate bench"

# 1: the command is wrong
for verb in $verbs; do
    expect 1 "$bmunet" "$verb" --no-such-option
    says '^bmunet: USAGE: '
done
# 1: what is named is not there; a class, not a verb, decides
expect 1 "$bmunet" predict --model nosuch --exams nosuch
expect 1 "$bmunet" prep --exams nosuch --json p.jsonl
expect 1 "$bmunet" scan nosuch --out e.csv
expect 1 "$bmunet" deidentify nosuch clean
expect 1 "$bmunet" train --stage us --exams nosuch --out run
expect 1 "$bmunet" import --from nosuch --out x.st --network bmu
expect 1 "$bmunet" info nosuch
expect 1 "$bmunet" synth --patients 3 --out nosuch/deeper
expect 1 "$bmunet" split --exams nosuch --out s.csv --folds 2
expect 1 "$bmunet" evaluate --predictions nosuch --truth nosuch --out report
no_leftovers

# 0 and 2
printf 'exam_id,us_bmode_trans\na,us1.png\nb,us2.png\n' >good.csv
printf 'exam_id,us_bmode_trans\na,us1.png\nb,cut.png\n' >bad.csv
prep() { "$bmunet" prep --profile reference-v1 --small "$@"; }
expect 0 "$bmunet" predict --model m.st --exams good.csv --out p.csv
expect 2 "$bmunet" predict --model m.st --exams bad.csv --out p.csv
expect 0 prep --exams good.csv --json p.jsonl
expect 2 prep --exams bad.csv --json p.jsonl
expect 0 "$bmunet" info m.st
mkdir pictures
cp us1.png pictures
expect 2 "$bmunet" deidentify pictures clean # no DICOM file

# stopped VERB...: a signal that comes as soon as it is waited for
stopped() {
    "$bmunet" "$@" >out 2>err &
    job=$!
    while kill -0 $job 2>/dev/null && ! grep -qE '^SigCgt:\s+[0-9a-f]{12}[4-7c-f]' "/proc/$job/status"; do sleep 0.01; done
    kill -TERM $job
    status=0
    wait $job || status=$?
    [ "$status" = 75 ] || { cat err >&2; fail "interrupted: exit status $status: $*"; }
    says '^bmunet: INTERRUPTED: '
    [ "$(grep -c . err)" = "$(grep -c '^bmunet: ' err)" ] || fail "more than an error: $*"
}
awk 'BEGIN { print "exam_id,patient_id,us_bmode_trans"; for (i = 0; i < 20000; i++) print "e" i ",p" i ",us" 1 + i % 6 ".png" }' >long.csv
awk 'BEGIN { print "exam_id,p_malignant"; for (i = 0; i < 20000; i++) print "e" i "," (i * 7919 % 1000) / 1000 }' >scores.csv
awk 'BEGIN { print "exam_id,malignant"; for (i = 0; i < 20000; i++) print "e" i "," (i * 7919 % 1000 > 500) }' >truth.csv
mkdir many
for i in $(seq 300); do ln us1.png many/$i.png; done
stopped predict --model m.st --exams long.csv --out p2.csv
stopped prep --profile reference-v1 --small --exams long.csv --json p2.jsonl
stopped scan many --out e2.csv
stopped deidentify many clean2
stopped synth --patients 500 --out cohort
stopped split --exams long.csv --out s2.csv --folds 2
stopped evaluate --predictions scores.csv --truth truth.csv --out report2
for file in p2.csv p2.jsonl e2.csv s2.csv report2; do [ ! -e $file ] || fail "interrupted, and $file is there"; done
[ -e cohort/INCOMPLETE ] || fail "an interrupted cohort is not marked"
no_leftovers
# train ends with 75 as well: t_train.sh
