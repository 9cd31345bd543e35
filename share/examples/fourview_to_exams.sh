#!/bin/sh
# Four-view mammography: every set of PREFIXL-CC.png PREFIXL-MLO.png PREFIXR-CC.png PREFIXR-MLO.png under the folder -> two exams, one per breast, of one
# patient. Nothing but the file names is known: side and view come from them. Ids are made of the path: GMIC/sample_data/images/0_ -> GMIC-0.
set -eu
. "$(dirname -- "$0")/common.sh"

( cd -- "$data" && find . -type f -name '*-*.png' ) | LC_ALL=C sort | awk "$awk_functions"'
BEGIN { print "exam_id,patient_id,side,mg_cc,mg_mlo" }
{
    name = substr($0, 3)                                # without ./
    if (!match(name, /[LR]-(CC|MLO)\.png$/)) next
    stem = substr(name, 1, RSTART - 1)
    tail = substr(name, RSTART)
    if (stem !~ /(^|[\/_-])$/) next                      # "XL-CC.png": the letter belongs to another word
    side = substr(tail, 1, 1)
    view = tail ~ /CC/ ? "CC" : "MLO"
    if (!(stem in known)) { known[stem] = 1; order[++n] = stem }
    file[stem, side, view] = name
}
END {
    if (n == 0) { print "no file named like L-CC.png under " ENVIRON["EXAMS_DATA"] > "/dev/stderr"; exit 1 }
    for (i = 1; i <= n; i++) {
        id = order[i]
        gsub(/(^|\/)(images|sample_data)(\/|$)/, "/", id)
        gsub(/(^|\/)(images|sample_data)(\/|$)/, "/", id)
        gsub(/[\/_]+/, "-", id)
        gsub(/^-+|-+$/, "", id)
        if (id == "") id = "case"
        if (id in used) { print "two sets would get the id " id > "/dev/stderr"; exit 1 }
        used[id] = 1
        for (s = 1; s <= 2; s++) {
            side = substr("LR", s, 1)
            cc = file[order[i], side, "CC"]
            mlo = file[order[i], side, "MLO"]
            if (cc != "" || mlo != "")
                print cell(id "-" side) "," cell(id) "," side "," (cc == "" ? "" : image(cc)) "," (mlo == "" ? "" : image(mlo))
        }
    }
}
'
