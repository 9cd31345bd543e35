#!/bin/sh
# BrEaST (Pawlowska et al., 2024): clinical.csv -> exams.csv. One B-mode image per case.
#
# What the table does not say stays empty: the side, the scanner, and whether the view is transverse or longitudinal. The image must stand in one of the
# two B-mode slots; it stands in us_bmode_trans (both go through the same weights). Age alone is taken of the clinical columns: "family history of
# breast/ovarian cancer" names no degree, "HRT/hormonal contraception" not which of the two, "personal history of breast cancer" no side, and the tissue
# composition is that of ultrasound, not of mammographic density. A case is a patient as far as the table tells.
set -eu
. "$(dirname -- "$0")/common.sh"
need clinical.csv

awk -F, "$awk_functions"'
{ sub(/\r$/, "") }
NR == 1 {
    sub(/^\357\273\277/, "")
    if ($1 != "CaseID" || $2 != "Image_filename" || $6 != "Age" || $18 != "BIRADS" || $20 != "Diagnosis" || $21 != "Classification")
        stop("not the header of BrEaST clinical.csv")
    print "exam_id,patient_id,us_bmode_trans,age,pathology,malignant,birads"
    next
}
NF != 21 || /"/ { stop("21 cells without quotes expected") }
{
    age = $6 == "not available" ? "" : $6
    pathology = $20 == "not applicable" ? "" : $20      # no histology: normal, or confirmed by follow-up
    malignant = $21 == "malignant" ? 1 : 0              # benign and normal: 0
    id = sprintf("breast-%03d", $1)
    print id "," id "," image($2) "," age "," cell(pathology) "," malignant "," $18
}
END { exit failed }
' "$data/clinical.csv"
