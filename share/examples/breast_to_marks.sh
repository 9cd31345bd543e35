#!/bin/sh
# BrEaST (Pawlowska et al., 2024): clinical.csv and the tumour masks -> marks.csv for the table that breast_to_exams.sh writes. The normal cases have
# no mask: there is no lesion in them, and the table says so. What else is outlined (Mask_other_filename) is not a tumour and is left out.
set -eu
. "$(dirname -- "$0")/common.sh"
need clinical.csv

awk -F, "$awk_functions"'
{ sub(/\r$/, "") }
NR == 1 {
    sub(/^\357\273\277/, "")
    if ($1 != "CaseID" || $3 != "Mask_tumor_filename" || $21 != "Classification") stop("not the header of BrEaST clinical.csv")
    print "exam_id,slot,shape,mask"
    next
}
NF != 21 || /"/ { stop("21 cells without quotes expected") }
($3 == "") != ($21 == "normal") { stop("a mask of a normal case, or none of another") }
{ print sprintf("breast-%03d", $1) ",us_bmode_trans," ($3 == "" ? "none," : "mask," image($3)) }
END { exit failed }
' "$data/clinical.csv"
