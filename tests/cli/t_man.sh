#!/bin/sh
# The manual pages: what the program knows of itself stands in them word for word, they are clean, and what files hold is in them.
. "$(dirname -- "$0")/common"
man=$source_tree/share/man
export PYTHONDONTWRITEBYTECODE=1
python3 "$source_tree/tests/man.py" check "$bmunet" "$man" || fail "the pages and the program differ"
# the check itself sees an option that is missing, one too many, and another argument
cp -r "$man" pages
mended() { # SED EXPRESSION: a page spoilt by it is found
    cp "$man/man1/bmunet-predict.1" pages/man1/
    sed -i "$1" pages/man1/bmunet-predict.1
    ! cmp -s "$man/man1/bmunet-predict.1" pages/man1/bmunet-predict.1 || fail "$1 changes nothing"
    ! python3 "$source_tree/tests/man.py" check "$bmunet" pages >/dev/null || fail "a spoilt page passes: $1"
}
mended '/^\.It Fl Fl exact/d'
mended 's/^\.It Fl Fl exact/.It Fl Fl nosuch\n&/'
mended 's/Ar FILE.jsonl/Ar FILE/'
mended 's/^\.It 2$/.It 3/'

if command -v mandoc >/dev/null; then
    for page in "$man"/man?/*; do # references are man.py's business: these pages need not be installed
        mandoc -T lint "$page" 2>/dev/null | grep -v 'referenced manual not found' && fail "mandoc finds fault with $page"
    done
fi

# every column and key that files have is an item of its page, or named in one
plain() { mandoc -T utf8 "$1" | col -b; }
command -v mandoc >/dev/null || exit 0
names_all() { # PAGE WORD...
    page=$1
    shift
    plain "$man/$page" >page
    for word; do grep -qwF -- "$word" page || fail "$page does not say what $word is"; done
}
pictures
small_model m.st
printf 'exam_id,us_bmode_trans,age\na,us1.png,50\n' >exams.csv
expect 0 "$bmunet" predict --model m.st --exams exams.csv --out p.csv --json p.jsonl
expect 0 "$bmunet" prep --profile reference-v1 --small --exams exams.csv --json prep.jsonl
cat >words.py <<'PY'
import json, sys, yaml
def keys(x):
    if isinstance(x, dict):
        for k, v in x.items():
            yield k
            yield from keys(v)
    for v in x if isinstance(x, list) else []:
        yield from keys(v)
name = sys.argv[1]
x = [json.loads(line) for line in open(name)] if name.endswith(".jsonl") else yaml.safe_load(open(name))
print(*dict.fromkeys(keys(x)))
PY
head -n 1 p.csv | tr ',' '\n' >columns
# shellcheck disable=SC2046 # words
names_all man5/bmunet-predictions.5 $(cat columns) $(python3 words.py p.jsonl)
names_all man1/bmunet-prep.1 $(python3 words.py prep.jsonl | tr ' ' '\n' | grep -vxE 'slot|note|sha256|tensor_sha256|geometry|size|kept|x|y|read')
for column in $(grep -v '^p_T' columns) p_T1 p_T5; do
    names_all man1/bmunet-predict.1 "$column"
done
names_all man5/bmunet-schema.5 $(python3 words.py "$schema")
names_all man5/bmunet-tree.5 $(python3 words.py "$source_tree/share/trees/bmu5.yml")
names_all man5/bmunet-plan.5 $(python3 words.py "$source_tree/share/plans/default.yml")
for preset in "$source_tree"/share/presets/*.yml; do
    names_all man5/bmunet-preset.5 $(python3 words.py "$preset")
done
for vendor in "$source_tree"/share/vendors/*.yml; do
    names_all man5/bmunet-vendors.5 $(python3 words.py "$vendor")
done
names_all man5/bmunet-model.5 $(python3 -c 'import json, struct
f = open("m.st", "rb")
print(*json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))["__metadata__"])')
printf 'exam_id,malignant,tier\n' >truth.csv
printf 'exam_id,score\n' >scores.csv
for i in $(seq 40); do
    echo "e$i,$((i % 2))," >>truth.csv
    echo "e$i,0.$((10 + i * 7 % 80))" >>scores.csv
done
expect 0 "$bmunet" evaluate --predictions scores.csv --truth truth.csv --out report --numbers-only
names_all man5/bmunet-results.5 $(python3 -c 'import json
print(*json.load(open("report/results.json")))')
