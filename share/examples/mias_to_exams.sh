#!/bin/sh
# mini-MIAS (Suckling et al., 1994): labels.txt -> exams.csv. Every film is one MLO view of one breast, and one exam; which two films belong to one woman
# follows from the numbers (an odd one and the next), and so does her patient_id. NORM counts as not malignant.
#
# With --marks the table of marks is written instead. labels.txt counts y from the bottom of the 1024 x 1024 film, marks.csv from the top. A film whose
# abnormality has no place (calcifications all over) gets no row, for nothing is known of where; a normal film is marked as having none.
set -eu
what=exams
[ "${1:-}" != --marks ] || { what=marks; shift; }
. "$(dirname -- "$0")/common.sh"
need labels.txt

awk -v what="$what" "$awk_functions"'
BEGIN { print what == "exams" ? "exam_id,patient_id,mg_mlo,malignant" : "exam_id,slot,shape,x,y,radius" }
{ sub(/\r$/, "") }
NF == 0 { next }
$1 !~ /^mdb[0-9]+$/ { stop("film is " $1) }
{
    if (!($1 in seen)) { seen[$1]; order[++n] = $1; malignant[$1] = 0 }
    if ($3 == "NORM") {
        if (what == "marks") print "mias-" $1 ",mg_mlo,none,,,"
        next
    }
    if ($4 != "B" && $4 != "M") stop("severity is " $4)
    if ($4 == "M") malignant[$1] = 1
    if (what == "marks" && $5 ~ /^[0-9]+$/ && $6 ~ /^[0-9]+$/ && $7 ~ /^[0-9]+$/) print "mias-" $1 ",mg_mlo,circle," $5 "," 1023 - $6 "," $7
}
END {
    if (failed) exit 1
    for (i = 1; what == "exams" && i <= n; i++) {
        number = substr(order[i], 4) + 0
        print "mias-" order[i] ",mias-" int((number + 1) / 2) "," image(order[i] ".png") "," malignant[order[i]]
    }
}
' "$data/labels.txt"
