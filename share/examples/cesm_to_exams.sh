#!/bin/sh
# CDD-CESM (Khaled et al., 2022, doi 10.7937/29kw-ae92): annotations.csv and images -> exams.csv. One exam per breast, of its low-energy mammograms
# (Type DM); the recombined ones (CM) are another kind of image. An image that is not there (the public part, or a sample of it) is left out.
#
# Normal counts as not malignant. With --marks the table of marks is written instead: one mask per image; an image without one gets no row.
set -eu
what=exams
[ "${1:-}" != --marks ] || { what=marks; shift; }
. "$(dirname -- "$0")/common.sh"
need annotations.csv
here=$(mktemp)
trap 'rm -f "$here"' EXIT
find "$data/images" "$data/masks" -type f | sort >"$here"

awk -v what="$what" "$awk_functions"'
NR == FNR { there[substr($0, length(ENVIRON["EXAMS_DATA"]) + 2)]; next }
{ sub(/\r$/, ""); sub(/^"/, ""); sub(/"$/, ""); split("", c); n = split($0, c, /","/) }
FNR == 1 {
    if (c[1] != "Image_name" || c[2] != "Patient_ID" || c[3] != "Side" || c[4] != "Type" || c[5] != "Age" || c[9] != "View" || c[12] !~ /^Pathology/)
        stop("not the header of CDD-CESM annotations.csv")
    print what == "exams" ? "exam_id,patient_id,side,mg_cc,mg_mlo,age,malignant" : "exam_id,slot,shape,mask"
    next
}
n != 12 { stop("12 quoted cells expected") }
c[4] != "DM" || !(("images/" c[1] ".jpg") in there) { next }
{
    if (c[9] != "CC" && c[9] != "MLO") stop("View is " c[9])
    id = "cesm-" c[2] "-" c[3]
    if ((id, c[9]) in image_of) stop("two images of " id " " c[9])
    image_of[id, c[9]] = c[1]
    if (!(id in malignant)) { order[++exams] = id; malignant[id] = 0; head[id] = id ",cesm-" c[2] "," c[3]; age[id] = c[5] ~ /^[0-9]+$/ ? c[5] : "" }
    if (c[12] ~ /^Malignant/) malignant[id] = 1
    mask = "masks/" c[1] ".jpg"
    if (what == "marks" && mask in there) print id "," (c[9] == "CC" ? "mg_cc" : "mg_mlo") ",mask," image(mask)
}
function path(id, view) { return (id, view) in image_of ? image("images/" image_of[id, view] ".jpg") : "" }
END {
    if (failed) exit 1
    for (i = 1; what == "exams" && i <= exams; i++) {
        id = order[i]
        print head[id] "," path(id, "CC") "," path(id, "MLO") "," age[id] "," malignant[id]
    }
}
' "$here" "$data/annotations.csv"
