#!/bin/sh
# What a report looks like from outside: the gallery's HTML, SVG, PNG and PDF, in both languages, read by Python's parsers.
. "$(dirname -- "$0")/common"
gallery=$BMUNET_BUILD/tests/report_gallery
for language in en zh; do
    mkdir -p $language/figures
    expect 0 "$gallery" "$(pwd)/$language" $language
    python3 "$source_tree/tests/cli/check_report.py" $language $language || fail "the report in $language"
done
# the same bytes once more
mkdir -p again/figures
expect 0 "$gallery" "$(pwd)/again" zh
for file in report.html report.pdf figures/roc.svg figures/flow.svg; do
    same zh/$file again/$file
done
expect 2 "$gallery" "$(pwd)/again" fr
expect 1 "$gallery" "$(pwd)/nowhere" en
no_leftovers
