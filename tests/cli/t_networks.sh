#!/bin/sh
# The unimodal networks, the reference variant, and which options a network takes.
. "$(dirname -- "$0")/common"
pictures
small_model us.st --network us
small_model mg.st --network mg
small_model ref.st --variant reference
cat >exams.csv <<'CSV'
exam_id,mg_cc,us_bmode_trans
u,,us1.png
m,mg1.png,
b,mg2.png,us2.png
CSV
expect 2 "$bmunet" predict --model us.st --exams exams.csv --out u.csv --json u.jsonl
holds u.csv '^u,ok,'
holds u.csv '^m,refused,.*VIEW_NOT_TAKEN: mg_cc'
holds u.csv '^b,refused,.*VIEW_NOT_TAKEN: mg_cc'
expect 2 "$bmunet" predict --model us.st --exams exams.csv --allow-partial --out u2.csv
same u.csv u2.csv
expect 2 "$bmunet" predict --model us.st --exams exams.csv --ignore-column mg_cc --out u3.csv
holds u3.csv '^b,ok,T[1-5],.*,us_bmode_trans,$'
holds u3.csv '^m,refused,.*EXAM_NO_IMAGE'
expect 2 "$bmunet" predict --model mg.st --exams exams.csv --out m.csv
holds m.csv '^m,ok,T[1-5],.*,mg_cc,$'
holds m.csv '^u,refused,.*VIEW_NOT_TAKEN: us_bmode_trans'
# a network without clinical inputs does not know their columns
printf 'exam_id,us_bmode_trans,age\nu,us1.png,50\n' >age.csv
expect 1 "$bmunet" predict --model us.st --exams age.csv
says '^bmunet: CSV_COLUMN_UNKNOWN: .*age'

# reference: what stood in for an absent input is said
expect 0 "$bmunet" predict --model ref.st --exams exams.csv --out r.csv --json r.jsonl
python3 - <<'PY'
import json
u, m, b = [json.loads(line) for line in open("r.jsonl")]
for i in u["inputs"]:
    assert ("black image was used" in i["note"]) == (i["status"] == "absent"), i
assert u["variant"] == "reference" and all(c["status"] == "absent" and "number 0" in c["note"] for c in u["clinical"])
note = [json.loads(line) for line in open("u.jsonl")][0]["inputs"]
assert "not an input" in note[0]["note"] and note[0]["status"] == "absent"
PY

# --exact and bf16 are other arithmetic, and close (the network is small and its logits of order 1)
for option in --exact "--precision bf16"; do
    # shellcheck disable=SC2086
    expect 0 "$bmunet" predict --model ref.st --exams exams.csv --json x.jsonl $option
    python3 - <<'PY'
import json
for a, b in zip(open("r.jsonl"), open("x.jsonl")):
    a, b = json.loads(a), json.loads(b)
    limit = 0.1 if b["precision"] == "bf16" else 1e-4
    assert b["exact"] or b["precision"] == "bf16"
    assert max(abs(x - y) for x, y in zip(a["logits"], b["logits"])) < limit, (a["logits"], b["logits"])
PY
done
expect 1 "$bmunet" init --small --network us --variant masked --out no.st
says '^bmunet: CONFIG: '
expect 1 "$bmunet" init --small --network us --schema "$schema" --out no.st
says '^bmunet: USAGE: '
[ ! -e no.st ] || fail "a model that cannot be"
