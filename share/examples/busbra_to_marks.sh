#!/bin/sh
# BUS-BRA (Gomez-Flores et al., 2024): bus_data.csv and Masks -> marks.csv for the table that busbra_to_exams.sh writes. One mask per image.
#
# A case that has no label there because its two images disagree on it is left out here too.
set -eu
. "$(dirname -- "$0")/common.sh"
need bus_data.csv

awk -F, "$awk_functions"'
{ sub(/\r$/, "") }
NR == 1 {
    sub(/^\357\273\277/, "")
    if ($1 != "ID" || $2 != "Case" || $3 != "Histology" || $4 != "Pathology" || $9 != "Side") stop("not the header of BUS-BRA bus_data.csv")
    print "exam_id,slot,shape,mask"
    next
}
$1 !~ /^bus_/ { stop("ID is " $1) }
$9 != "left" && $9 != "right" && $9 != "single" { stop("Side is " $9) }
{
    n++; name[n] = substr($1, 5); where[n] = $2; slot[n] = $9 == "right" ? "us_bmode_long" : "us_bmode_trans"
    label = $3 SUBSEP $4
    if ($2 in label_of && label_of[$2] != label) dispute[$2]
    label_of[$2] = label
}
END {
    if (failed) exit 1
    for (i = 1; i <= n; i++)
        if (!(where[i] in dispute)) print sprintf("busbra-%04d", where[i]) "," slot[i] ",mask," image("Masks/mask_" name[i] ".png")
}
' "$data/bus_data.csv"
