#!/bin/sh
# predict on good and mixed tables: statuses, formats, order, the same bits whatever the threads and the company.
. "$(dirname -- "$0")/common"
pictures
small_model m.st --seed 7

cat >exams.csv <<'CSV'
exam_id,side,mg_cc,mg_mlo,us_bmode_trans,us_bmode_long,us_doppler_trans,us_doppler_long,us_elasto_trans,us_elasto_long,age,menopausal,split
all,L,mg1.png,mg2.png,us1.png,us2.png,us3.png,us4.png,us5.png,us6.png,50,post,test
"us, only",R,,,us1.png,us2.png,us3.png,us4.png,us5.png,us6.png,,,train
mg,R,mg1.png,mg2.png,,,,,,,41,pre,test
cut,L,,,us2.png,cut.png,,,,,,,train
old,L,,,us1.png,,,,,,17,,train
none,L,,,,,,,,,60,,test
one,L,,,,us2.png,,,,,60.5,unknown,test
CSV
expect 2 "$bmunet" predict --model m.st --exams exams.csv --out p.csv --json p.jsonl
prints '^4 ok, 3 refused'
says 'WARNING: THIS MODEL IS UNTRAINED'
no_leftovers
[ "$(head -n 1 p.csv)" = "exam_id,status,tier,p_T1,p_T2,p_T3,p_T4,p_T5,p_benign,p_malignant,views_used,reason" ] || fail "the head of p.csv"
holds p.csv '^all,ok,T[1-5],0\.[0-9]+,.*,mg_cc\+mg_mlo\+us_bmode_trans\+us_bmode_long\+us_doppler_trans\+us_doppler_long\+us_elasto_trans\+us_elasto_long,$'
holds p.csv '^"us, only",ok,T[1-5],'
holds p.csv '^cut,refused,,,,,,,,,,"?IMAGE_TRUNCATED: us_bmode_long \(cut.png\)'
holds p.csv '^old,refused,,,,,,,,,,"?VALUE_RANGE: '
holds p.csv '^none,refused,,,,,,,,,,"?EXAM_NO_IMAGE: '

# the JSON says the same as the CSV, sums are right, hashes are those of the files
python3 - <<'PY'
import csv, hashlib, json, math
lines = [json.loads(line) for line in open("p.jsonl")]
rows = list(csv.DictReader(open("p.csv", newline="")))
assert [l["exam_id"] for l in lines] == [r["exam_id"] for r in rows] == ["all", "us, only", "mg", "cut", "old", "none", "one"]
sha = lambda name: hashlib.sha256(open(name, "rb").read()).hexdigest()
for l, r in zip(lines, rows):
    assert l["status"] == r["status"] and l["model_sha256"] == sha("m.st") and l["exams_sha256"] == sha("exams.csv") and l["untrained"] is True
    assert len(l["inputs"]) == 8 and len(l["clinical"]) == 10 and l["network"] == "bmu" and l["variant"] == "masked" and l["precision"] == "fp32"
    assert set(l["times_ms"]) == {"read", "prep", "network", "total"}
    if l["status"] == "refused":
        assert l["logits"] is l["p"] is l["tier"] is l["p_benign"] is None and r["reason"].startswith(l["code"] + ": ")
        continue
    top = max(l["logits"])
    e = [math.exp(x - top) for x in l["logits"]]
    assert all(abs(a / sum(e) - b) < 1e-12 for a, b in zip(e, l["p"])), l["exam_id"]
    assert abs(l["p_benign"] - sum(l["p"][:2])) < 1e-12 and abs(l["p_malignant"] - sum(l["p"][2:])) < 1e-12
    assert l["tier"] == r["tier"] == "T%d" % (1 + l["p"].index(max(l["p"])))
    assert all(abs(float(r["p_T%d" % (i + 1)]) - l["p"][i]) <= 1e-9 for i in range(5))
    assert r["views_used"] == "+".join(i["slot"] for i in l["inputs"] if i["status"] == "used")
first = lines[0]
names = ["mg1", "mg2", "us1", "us2", "us3", "us4", "us5", "us6"]
assert [i["sha256"] for i in first["inputs"]] == [sha(n + ".png") for n in names]
assert {c["name"]: c["value"] for c in first["clinical"]}["menopausal"] == 2 and first["clinical"][0]["status"] == "used"
cut = lines[3]["inputs"]
assert cut[2]["status"] == "used" and cut[3]["status"] == "refused" and cut[3]["code"] == "IMAGE_TRUNCATED" and cut[3]["sha256"] == sha("cut.png")
assert cut[0]["status"] == "absent" and cut[0]["sha256"] is None
assert len({l["p"][0] for l in lines if l["p"]}) == 4, "different inputs must give different numbers"
PY

# threads, company, order: the same rows
expect 2 "$bmunet" predict --model m.st --exams exams.csv --out one.csv --threads 1
expect 2 "$bmunet" predict --model m.st --exams exams.csv --out two.csv --threads 2
same p.csv one.csv
same p.csv two.csv
{ head -n 1 exams.csv; tail -n +2 exams.csv | tac; } >reversed.csv
expect 2 "$bmunet" predict --model m.st --exams reversed.csv --out r.csv
{ head -n 1 r.csv; tail -n +2 r.csv | tac; } >r2.csv
same p.csv r2.csv
{ head -n 1 exams.csv; grep '^mg,' exams.csv; } >alone.csv
expect 0 "$bmunet" predict --model m.st --exams alone.csv --out a.csv
[ "$(tail -n 1 a.csv)" = "$(grep '^mg,' p.csv)" ] || fail "an exam alone gives other numbers"

# --split
expect 2 "$bmunet" predict --model m.st --exams exams.csv --split test --out s.csv
[ "$(tail -n +2 s.csv | cut -d, -f1 | tr '\n' ' ')" = "all mg none one " ] || fail "--split test"
expect 1 "$bmunet" predict --model m.st --exams exams.csv --split nosuch --out s2.csv
says '^bmunet: CSV_EMPTY: '
[ ! -e s2.csv ] || fail "an output of nothing"

# --allow-partial: the refused view counts as absent, said in both places
expect 2 "$bmunet" predict --model m.st --exams exams.csv --allow-partial --out q.csv --json q.jsonl
holds q.csv '^cut,ok,T[1-5],.*,us_bmode_trans,.*counted as absent: IMAGE_TRUNCATED'
{ head -n 1 exams.csv; echo 'cut,L,,,us2.png,,,,,,,,train'; } >without.csv
expect 0 "$bmunet" predict --model m.st --exams without.csv --out w.csv
[ "$(tail -n 1 w.csv | cut -d, -f1-10)" = "$(grep '^cut,' q.csv | cut -d, -f1-10)" ] || fail "a refused view and an absent one differ"
python3 -c '
import json
i = [json.loads(l) for l in open("q.jsonl")][3]["inputs"][3]
assert i["status"] == "refused" and i["code"] == "IMAGE_TRUNCATED" and "counted as absent" in i["note"], i'

# the table, and its words
expect 2 "$bmunet" predict --model m.st --exams exams.csv
prints '^all  .* T[1-5] .*mammography 2, B-mode 2, Doppler 2, elastography 2$'
prints '^cut  .*refused  IMAGE_TRUNCATED: '
prints 'Not a medical device'
expect 1 sh -c '"$0" predict --model m.st --exams alone.csv >/dev/full' "$bmunet"
says '^bmunet: FILE_WRITE: '
