#!/bin/sh
# BUS-BRA (Gomez-Flores et al., 2024): bus_data.csv -> exams.csv. One exam per case: its -l and -r images, or the single -s.
#
# The table's Side (left, right, single) is taken as the half of the scanner's split screen, not as the breast: a breast is never "single", and the left
# and the right image of a case share one lesion's histology. So the side of the breast stays empty. Which half is transverse is not said either: -l and -s stand in us_bmode_trans, -r in us_bmode_long (both go
# through the same weights). One case is one patient. "phyllodes tumor" occurs benign and malignant: the column malignant tells.
set -eu
. "$(dirname -- "$0")/common.sh"
need bus_data.csv

awk -F, "$awk_functions"'
{ sub(/\r$/, "") }
NR == 1 {
    sub(/^\357\273\277/, "")
    if ($1 != "ID" || $2 != "Case" || $3 != "Histology" || $4 != "Pathology" || $5 != "BIRADS" || $6 != "Device" || $9 != "Side")
        stop("not the header of BUS-BRA bus_data.csv")
    print "exam_id,patient_id,us_bmode_trans,us_bmode_long,pathology,malignant,birads,vendor"
    next
}
{
    head = $1 "," $2 "," $3 "," $4 "," $5 "," $6 "," $9
    if (NF < 9 || head ~ /"/) stop("nine cells without quotes expected")
    if ($9 != "left" && $9 != "right" && $9 != "single") stop("Side is " $9)
    if (($2, $9) in image_of) stop("two " $9 " images of case " $2)
    image_of[$2, $9] = $1
    facts = $3 SUBSEP $4 SUBSEP $5 SUBSEP $6
    if ($2 in facts_of) { if (facts_of[$2] != facts) stop("the images of case " $2 " disagree") }
    else { order[++n] = $2; facts_of[$2] = facts }
}
END {
    if (failed) exit 1
    for (i = 1; i <= n; i++) {
        c = order[i]
        split(facts_of[c], f, SUBSEP)
        first = (c, "left") in image_of ? image_of[c, "left"] : (c, "single") in image_of ? image_of[c, "single"] : ""
        second = (c, "right") in image_of ? image_of[c, "right"] : ""
        id = sprintf("busbra-%04d", c)
        print id "," id "," (first == "" ? "" : image("Images/" first ".png")) "," (second == "" ? "" : image("Images/" second ".png")) \
            "," cell(f[1]) "," (f[2] == "malignant" ? 1 : 0) "," f[3] "," cell(f[4])
    }
}
' "$data/bus_data.csv"
