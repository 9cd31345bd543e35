#!/bin/sh
# BUS-BRA (Gomez-Flores et al., 2024): bus_data.csv -> exams.csv. One exam per case: its -l and -r images, or the single -s.
#
# The table's Side (left, right, single) is taken as the half of the scanner's split screen, not as the breast: a breast is never "single", and the left
# and the right image of a case share one lesion's histology. So the side of the breast stays empty. Which half is transverse is not said either: -l and -s stand in us_bmode_trans, -r in us_bmode_long (both go
# through the same weights). One case is one patient. "phyllodes tumor" occurs benign and malignant: the column malignant tells.
#
# Where the two images of a case disagree (case 856 is BI-RADS 4 in one and 5 in the other), nothing says which is right: a BI-RADS category or a device
# in dispute is left empty, a case whose histology or class is in dispute has no label and is left out. Standard error names each.
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
    if (!($2 in seen)) { seen[$2]; order[++n] = $2 }
    fact($2, "Histology", $3); fact($2, "Pathology", $4); fact($2, "BIRADS", $5); fact($2, "Device", $6)
}
function fact(c, name, value) {
    if (!((c, name) in fact_of)) fact_of[c, name] = value
    else if (fact_of[c, name] != value && !((c, name) in dispute)) dispute[c, name] = fact_of[c, name] " and " value
}
# the value that a case has for sure, else nothing and a word about it
function sure(c, name) {
    if (!((c, name) in dispute)) return fact_of[c, name]
    print "case " c ": " name " is " dispute[c, name] " in its two images: left empty" > "/dev/stderr"
    return ""
}
function labelled(c,  name, i) {
    for (i = 1; i <= 2; i++) {
        name = i == 1 ? "Histology" : "Pathology"
        if (!((c, name) in dispute)) continue
        print "case " c ": " name " is " dispute[c, name] " in its two images: the case is left out" > "/dev/stderr"
        return 0
    }
    return 1
}
END {
    if (failed) exit 1
    for (i = 1; i <= n; i++) {
        c = order[i]
        if (!labelled(c)) continue
        first = (c, "left") in image_of ? image_of[c, "left"] : (c, "single") in image_of ? image_of[c, "single"] : ""
        second = (c, "right") in image_of ? image_of[c, "right"] : ""
        id = sprintf("busbra-%04d", c)
        print id "," id "," (first == "" ? "" : image("Images/" first ".png")) "," (second == "" ? "" : image("Images/" second ".png")) \
            "," cell(fact_of[c, "Histology"]) "," (fact_of[c, "Pathology"] == "malignant" ? 1 : 0) "," sure(c, "BIRADS") "," cell(sure(c, "Device"))
    }
}
' "$data/bus_data.csv"
