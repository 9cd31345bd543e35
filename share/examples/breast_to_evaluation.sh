#!/bin/sh
# BrEaST (Pawlowska et al., 2024): clinical.csv -> OUT/truth.csv, OUT/readers.csv, OUT/predictions.csv for `bmunet evaluate`.
#
# The data set has one clinical reading (BI-RADS) and a verified diagnosis per case. So that there is something to evaluate without a model, the BI-RADS
# category and the age stand as scores (predictions_birads.csv, predictions_age.csv): use a plan with `score: any`. Cases without age are refused there.
# "normal" counts as not malignant. 1 stands for no lesion and comes only with normal breasts.
set -eu
[ $# -eq 2 ] || { echo "usage: ${0##*/} FOLDER-OF-THE-DATA-SET OUT" >&2; exit 1; }
data=$1
out=$2
[ -r "$data/clinical.csv" ] || { echo "${0##*/}: $data/clinical.csv is not there: is this the right folder?" >&2; exit 1; }
mkdir -p "$out"
export out
awk -F, '
function stop(s) { print "line " NR ": " s > "/dev/stderr"; failed = 1; exit 1 }
BEGIN {
    split("1 2 3 4a 4b 4c 5", order, " ")
    for (i in order) rank[order[i]] = i
    truth = ENVIRON["out"] "/truth.csv"; readers = ENVIRON["out"] "/readers.csv"
    by_birads = ENVIRON["out"] "/predictions_birads.csv"; by_age = ENVIRON["out"] "/predictions_age.csv"
}
{ sub(/\r$/, "") }
NR == 1 {
    sub(/^\357\273\277/, "")
    if ($1 != "CaseID" || $6 != "Age" || $7 != "Tissue_composition" || $18 != "BIRADS" || $21 != "Classification") stop("not the header of BrEaST clinical.csv")
    print "exam_id,patient_id,malignant,birads,age,tissue" > truth
    print "reader,exam_id,birads" > readers
    print "exam_id,score" > by_birads
    print "exam_id,status,score,reason" > by_age
    next
}
NF != 21 || /"/ { stop("21 cells without quotes expected") }
{
    if (!($18 in rank)) stop("BIRADS " $18)
    id = sprintf("breast-%03d", $1)
    age = $6 == "not available" ? "" : $6
    print id "," id "," ($21 == "malignant" ? 1 : 0) "," $18 "," age "," $7 > truth
    print "clinical," id "," $18 > readers
    print id "," rank[$18] > by_birads
    print id "," (age == "" ? "refused,,VALUE_MISSING: the age is not known" : "ok," age ",") > by_age
}
END { exit failed }
' "$data/clinical.csv"
