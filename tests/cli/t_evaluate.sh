#!/bin/sh
# bmunet evaluate as a user runs it: on a synthetic cohort with its readers, on BrEaST's readings where they lie about, on bad input.
. "$(dirname -- "$0")/common"
python=python3
evaluate() { "$bmunet" evaluate "$@"; }
sed 's/resamples: 10000/resamples: 400/; s/least_positive: 10/least_positive: 3/; s/least_negative: 10/least_negative: 3/' "$source_tree/share/plans/default.yml" >plan.yml

usage() {
    expect 1 evaluate "$@"
    says '^bmunet: USAGE: '
    [ "$(wc -l <err)" = 1 ] || fail "more than one line: $*"
}
printf 'exam_id,score\na,0.9\nb,0.2\nc,0.6\nd,0.4\n' >p.csv
printf 'exam_id,malignant\na,1\nb,0\nc,0\nd,1\n' >t.csv
usage
usage --predictions p.csv
usage --predictions p.csv --truth t.csv
usage --predictions p.csv --truth t.csv --out x --recalibrate-on p.csv
usage --predictions p.csv --truth t.csv --out x --development-truth t.csv
usage --predictions p.csv --truth t.csv --out x --lang fr
usage --predictions p.csv --truth t.csv --out x --locked l --choose-on p.csv --development-truth t.csv
expect 1 evaluate --predictions p.csv --truth nosuch.csv --out x
says '^bmunet: FILE_MISSING: nosuch.csv'
printf 'exam_id,score\na,0.9\nb,nan\n' >bad.csv
expect 1 evaluate --predictions bad.csv --truth t.csv --out x
says '^bmunet: STATS_NAN: bad.csv, line 3, column score: '
printf 'name: x\nlevel: 0.95\nfoo: 1\n' >bad.yml
expect 1 evaluate --predictions p.csv --truth t.csv --plan bad.yml --out x
says '^bmunet: YAML: bad.yml: line 3'
[ ! -e x ] || fail "x was made"
mkdir full
echo mine >full/file
expect 1 evaluate --predictions p.csv --truth t.csv --out full
says '^bmunet: FILE_WRITE: full: is not empty'
mkdir half
cp p.csv half
: >half/INCOMPLETE
expect 1 evaluate --predictions half/p.csv --truth t.csv --out x
says '^bmunet: COHORT_INCOMPLETE: '

# four exams: 3 of 4 pairs in order
expect 0 evaluate --predictions p.csv --truth t.csv --plan plan.yml --out four
prints '^  AUC \(DeLong\) +0\.750 '
prints 'sensitivity +0\.500 .* 1 / 2$'
[ ! -e four/INCOMPLETE ] || fail "four is marked"
holds four/figures/roc.csv '^0\.59+8,0\.5,0\.5,1,1$'
expect 1 evaluate --predictions p.csv --truth t.csv --out four
says '^bmunet: FILE_WRITE: four: is not empty'

# one positive: the AUC is defined (16 of 20 negatives below it), its variance is not
{ echo exam_id,score; echo E0,0.61; for i in $(seq 1 20); do echo "E$i,0.$((28 + 2 * i))"; done; } >p1.csv
{ echo exam_id,malignant; echo E0,1.0; for i in $(seq 1 20); do echo "E$i,0.0"; done; } >t1.csv
expect 0 evaluate --predictions p1.csv --truth t1.csv --plan plan.yml --out one
prints '^  AUC \(DeLong\) +0\.800 +not defined: STATS_TOO_FEW'
python3 -c '
import json
a = json.load(open("one/results.json"))["binary"]["auc"]
assert abs(a["value"] - 0.8) < 1e-12 and a["standard_error"] is None and a["interval"] is None and "STATS_TOO_FEW" in a["reason"], a'
# pathology counts beside malignant, as in training
printf 'exam_id,p_T1,p_T2,p_T3,p_T4,p_T5\na,0.2,0.1,0.3,0.2,0.2\nb,0.6,0.1,0.1,0.1,0.1\nc,0.1,0.6,0.1,0.1,0.1\nd,0.1,0.1,0.1,0.1,0.6\n' >p5.csv
printf 'exam_id,malignant,pathology\na,1,invasive ductal carcinoma\nb,0,fibroadenoma\nc,0,phyllodes tumor\nd,1,phyllodes tumor\n' >t5.csv
expect 0 evaluate --predictions p5.csv --truth t5.csv --plan plan.yml --out five
prints '^level tier: 4 exams, accuracy 0[.]500 ' # b and c
printf 'exam_id,malignant,pathology\na,0,invasive ductal carcinoma\nb,0,fibroadenoma\nc,0,\nd,1,\n' >conflict.csv
expect 1 evaluate --predictions p5.csv --truth conflict.csv --plan plan.yml --out never
says '^bmunet: LABEL_CONFLICT: conflict.csv, line 2'

# nobody is called malignant: what that leaves undefined is said to be so
python3 - <<'PY'
import random
random.seed(1)
rows = [(f"e{i}", i % 3 == 0, random.random() * 0.4, "ab"[i % 2]) for i in range(60)]
# group b is ranked the wrong way round, so that its AUC is below one half; group c has no malignant exam
rows = [(e, t, 0.45 - s if g == "b" and t else s, g) for e, t, s, g in rows] + [(f"c{i}", False, 0.1 + i / 100, "c") for i in range(20)]
rows = [(e, t, (0.01 if t else 0.3) + s / 10 if g == "b" else s, g) for e, t, s, g in rows]
open("p6.csv", "w").write("exam_id,score\n" + "".join(f"{e},{s:.4f}\n" for e, t, s, g in rows))
open("t6.csv", "w").write("exam_id,malignant,vendor\n" + "".join(f"{e},{int(t)},{g}\n" for e, t, s, g in rows))
# 366 of 607 and 1142 of 1268, as a public set had it
called = [(1, 1)] * 366 + [(1, 0)] * 241 + [(0, 0)] * 1142 + [(0, 1)] * 126
open("p7.csv", "w").write("exam_id,score\n" + "".join(f"x{i},{0.9 if c else 0.1}\n" for i, (t, c) in enumerate(called)))
open("t7.csv", "w").write("exam_id,malignant\n" + "".join(f"x{i},{t}\n" for i, (t, c) in enumerate(called)))
PY
sed 's/prevalences:.*/prevalences: [0.01, 0.1, 0.3]/' plan.yml >plan6.yml
expect 0 evaluate --predictions p6.csv --truth t6.csv --plan plan6.yml --out six
expect 0 evaluate --predictions p7.csv --truth t7.csv --plan plan6.yml --out seven
python3 - <<'PY'
import html, json, re
r = json.load(open("six/results.json"))
t = r["binary"]["thresholds"][0]
text = re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", open("six/report.html").read())))
assert "Positive likelihood ratio not defined Negative likelihood ratio not defined" in text
assert re.search(r"Prevalence Positive predictive value Negative predictive value 0.01 not defined 0.9\d+ .* 0.1 not defined .* 0.3 not defined", text)
assert re.search(r"Sensitivity 0.000 0 / 20 0.000 to 0.161 0.000 to 0.168 not defined", text), text[text.find("Sensitivity 0.000"):][:80]
axis = [float(x) for x in re.findall(r">(-?[0-9]+\.[0-9]+)</text>", open("six/figures/forest.svg").read())]
groups = {g["name"]: g for c in r["subgroups"] for g in c["groups"]}
assert groups["b"]["auc"] < 0.5 and min(axis) <= groups["b"]["auc_interval"][0] if isinstance(groups["b"]["auc_interval"], list) else min(axis) < 0.5, (axis, groups["b"])
assert ">0 malignant</text>" in open("six/figures/forest.svg").read() and groups["c"]["reason"] == "fewer malignant exams than the plan asks for"
# Bayes, from 366/607 and 1142/1268
se, sp = 366 / 607, 1142 / 1268
for got in json.load(open("seven/results.json"))["binary"]["thresholds"][0]["at_prevalence"]:
    p = got["prevalence"]
    assert abs(got["ppv"]["value"] - se * p / (se * p + (1 - sp) * (1 - p))) < 1e-12 and abs(got["npv"]["value"] - sp * (1 - p) / (sp * (1 - p) + (1 - se) * p)) < 1e-12, got
PY

# a synthetic cohort, its readers, and predictions made from its posteriors
expect 0 "$bmunet" synth --patients 50 --seed 3 --size small --out cohort
cat >make.py <<'PY'
import csv, random
random.seed(5)
rows = list(csv.DictReader(open("cohort/truth.csv")))
def table(name, part, refuse):
    with open(name, "w") as f:
        f.write("exam_id,status,tier,p_T1,p_T2,p_T3,p_T4,p_T5,p_benign,p_malignant,views_used,reason\n")
        for i, r in enumerate(part):
            if refuse and i == 3:
                f.write(r["exam_id"] + ",refused" + "," * 9 + ",IMAGE_BLANK: the image is empty\n")
                continue
            if refuse and i == 5:
                continue
            m = min(max(float(r["posterior_all"]) * 0.9 + 0.1 * random.random(), 0), 1)
            p = [(1 - m) * 0.8, (1 - m) * 0.2, m * 0.2, m * 0.1, m * 0.7]
            tier = "T%d" % (1 + max(range(5), key=lambda k: p[k]))
            f.write("%s,ok,%s,%s,%.9g,%.9g,%s,\n" % (r["exam_id"], tier, ",".join("%.9g" % x for x in p), 1 - m, m, random.choice(["mg_cc", "us_bmode_trans"])))
        if refuse:
            f.write("nobody,ok,T1,1,0,0,0,0,1,0,mg_cc,\n")
patients = sorted({r["patient_id"] for r in rows})
develop = set(patients[::3])
table("dev.csv", [r for r in rows if r["patient_id"] in develop], False)
table("test.csv", [r for r in rows if r["patient_id"] not in develop], True)
def split(name, keep):
    lines = open("cohort/truth.csv").read().splitlines()
    head = lines[0].split(",")
    k = head.index("patient_id")
    open(name, "w").write("\n".join([lines[0]] + [l for l in lines[1:] if (l.split(",")[k] in develop) == keep]) + "\n")
split("dev_truth.csv", True)
split("test_truth.csv", False)
split_exams = open("cohort/exams.csv").read().splitlines()
open("test_exams.csv", "w").write("\n".join([split_exams[0]] + [l for l in split_exams[1:] if l.split(",")[1] not in develop]) + "\n")
PY
$python make.py
expect 0 evaluate --predictions test.csv --truth test_truth.csv --readers cohort/readers.csv --plan plan.yml --out report \
    --choose-on dev.csv --recalibrate-on dev.csv --development-truth dev_truth.csv
prints 'threshold sensitivity: score >= .*, chosen on another set'
prints '^reader R4'
cat >check.py <<'PY'
import csv, hashlib, json, sys
j = json.load(open("report/results.json"))
assert j["format"] == "bmunet-evaluation-1"
for f in j["inputs"]:
    if f["name"].endswith(".csv") and f["role"] != "readers":
        assert f["sha256"] == hashlib.sha256(open(f["name"], "rb").read()).hexdigest(), f
flow = {r["row"]: r for r in j["flow"]["rows"]}
truth = {r["exam_id"]: r for r in csv.DictReader(open("test_truth.csv"))}
assert flow["truth"]["n"] == len(truth) and flow["prediction_refused"]["n"] == 1 and flow["truth_without_prediction"]["n"] == 1
assert flow["prediction_refused"]["exams"][0]["detail"].startswith("IMAGE_BLANK")
assert flow["prediction_without_truth"]["exams"][0]["exam_id"] == "nobody"
assert flow["analysed"]["n"] == len(truth) - 2 == j["binary"]["n"]
score = {r["exam_id"]: float(r["p_malignant"]) for r in csv.DictReader(open("test.csv")) if r["status"] == "ok" and r["exam_id"] in truth}
pos = [s for k, s in score.items() if truth[k]["malignant"] == "1"]
neg = [s for k, s in score.items() if truth[k]["malignant"] == "0"]
auc = sum((p > n) + 0.5 * (p == n) for p in pos for n in neg) / len(pos) / len(neg)
assert abs(j["binary"]["auc"]["value"] - auc) < 1e-12
t = j["binary"]["thresholds"][0]
lock = json.load(open("report/threshold.json"))
assert t["origin"] == "chosen" and t["value"] == lock["value"] and lock["sensitivity"] >= 0.95
assert t["metrics"]["true_positive"] == sum(p >= t["value"] for p in pos)
assert lock["predictions_sha256"] == hashlib.sha256(open("dev.csv", "rb").read()).hexdigest()
brier = sum((score[k] - int(truth[k]["malignant"])) ** 2 for k in score) / len(score)
assert abs(j["calibration"]["results"][0]["brier"]["score"] - brier) < 1e-9
assert [r["name"] for r in j["calibration"]["results"]] == ["as_given", "platt", "isotonic", "temperature"]
r1 = {r["exam_id"]: r["birads"] for r in csv.DictReader(open("cohort/readers.csv")) if r["reader"] == "R1" and r["exam_id"] in score}
got = j["readers"]["readers"][0]
assert got["reader"] == "R1" and got["n"] == len(r1)
assert got["metrics"]["true_positive"] == sum(b >= "4a" for k, b in r1.items() if truth[k]["malignant"] == "1")
assert j["readers"]["mrmc"]["mean_auc"][0]["value"] > 0.5 and "reason" in j["readers"]["mrmc"]
assert j["utility"]["downgrades_needed_without_miss"] == 183
b = j["biopsy_readings"]
assert [x["column"] for x in b] == ["biopsy_reading_1", "biopsy_reading_2", "biopsy_reading_3"]
read = {k: truth[k]["biopsy_reading_1"] in ("in situ", "invasive") for k in score if truth[k]["biopsy_reading_1"]}
assert b[0]["n"] == len(read) and b[0]["metrics"]["accuracy"]["count"] == sum(x == (truth[k]["malignant"] == "1") for k, x in read.items())
assert b[0]["only_model_right"] + b[0]["both_right"] == sum((score[k] >= t["value"]) == (truth[k]["malignant"] == "1") for k in read)
assert {l["level"] for l in j["tiers"]["levels"]} == {"class", "tier"}
text = open("report/results.json").read()
assert "safe" not in text.lower()
roc = list(csv.DictReader(open("report/figures/roc.csv")))
area = sum((float(b["false_positive_rate"]) - float(a["false_positive_rate"])) * (float(b["sensitivity"]) + float(a["sensitivity"])) / 2 for a, b in zip(roc, roc[1:]))
assert abs(area - auc) < 1e-12
PY
$python check.py
[ "$(ls report/figures/*.csv | wc -l)" = 11 ] || fail "eleven tables of figures: $(ls report/figures)"

# the pages: whole, offline, without script; the same files for the same date; Chinese
for name in flow roc pr scores reliability decision_curve forest confusion_level1; do
    [ -s "report/figures/$name.svg" ] && [ -s "report/figures/$name.png" ] || fail "figure $name"
    holds report/report.html "figures/$name.svg"
done
for name in TRIPOD STARD CLAIM 'SYNTHETIC|synthetic = yes' 'for the author'; do
    holds report/report.html "$name"
done
! grep -qiE '<script|src="http|href="http|@import|\bsafe\b' report/report.html || fail "report.html: a script, something from elsewhere, or a word that it may not say"
head -c 5 report/report.pdf | grep -q '%PDF-' || fail "report.pdf is none"
for language in en zh; do
    for turn in 1 2; do
        expect 0 evaluate --predictions test.csv --truth test_truth.csv --readers cohort/readers.csv --plan plan.yml --lang $language \
            --date 2026-01-31T12:00:00Z --out $language$turn
    done
    diff -r ${language}1 ${language}2 >&2 || fail "not the same twice: $language"
done
holds zh1/report.html 'lang="zh-CN"'
holds zh1/report.html '漏诊率'
expect 0 evaluate --predictions test.csv --truth test_truth.csv --plan plan.yml --numbers-only --out numbers
[ "$(find numbers -name '*.svg' -o -name '*.png' -o -name '*.html' -o -name '*.pdf')" = "" ] || fail "--numbers-only drew something"

# the threshold locked: on other exams; not on those it was chosen on, and not if it was touched
expect 0 evaluate --predictions test.csv --truth test_truth.csv --plan plan.yml --locked report/threshold.json --out locked
prints 'threshold sensitivity: score >= .*, locked'
expect 1 evaluate --predictions dev.csv --truth dev_truth.csv --plan plan.yml --locked report/threshold.json --out x
says '^bmunet: THRESHOLD_LOCK: .*chosen on these same exams'
sed 's/"value": 0\./"value": 0.0/' report/threshold.json >touched.json
expect 1 evaluate --predictions test.csv --truth test_truth.csv --plan plan.yml --locked touched.json --out x
says '^bmunet: THRESHOLD_LOCK: touched.json: the seal does not match'
expect 1 evaluate --predictions test.csv --truth test_truth.csv --plan plan.yml --choose-on test.csv --development-truth test_truth.csv --out x
says '^bmunet: SPLIT_OVERLAP: '
[ ! -e x ] || fail "x was made"

# names that would be markup, formulas or nothing a font holds do no harm
printf 'exam_id,malignant,center\n<script>a,1,<img src=x>\n"=b,""&",0,</svg>\nc,0,\ndd,1,</svg>\n' >hostile_t.csv
printf 'exam_id,score\n<script>a,0.9\n"=b,""&",0.2\nc,0.6\ndd,0.4\n' >hostile_p.csv
printf 'reader,exam_id,birads\n<script>alert(1)</script>,c,3\n<script>alert(1)</script>,dd,5\n' >hostile_r.csv
expect 0 evaluate --predictions hostile_p.csv --truth hostile_t.csv --readers hostile_r.csv --plan plan.yml --out hostile
! grep -q -e '<script' -e '<img' hostile/report.html hostile/figures/*.svg || fail "a name became markup"
holds hostile/report.html '&lt;script&gt;alert'

# a disk that is full leaves the mark
(
    ulimit -f 64
    expect 1 evaluate --predictions p.csv --truth t.csv --plan plan.yml --out cut
)
says '^bmunet: FILE_WRITE: cut/'
[ -e cut/INCOMPLETE ] || fail "cut is not marked"

# the cohort's exams.csv serves as truth: subgroups by centre, age, density, inputs; BI-RADS downgraded
expect 0 evaluate --predictions test.csv --truth test_exams.csv --plan plan.yml --out by_exams
prints '^downgrade of BI-RADS 4 below 0.02: '
holds by_exams/figures/forest.csv '^center,[AC],[0-9]+,[0-9]+,[01]'
holds by_exams/figures/forest.csv '^inputs,ultrasound,'
holds by_exams/figures/forest.csv '^age,under 40,'

# one part of a split: its exams and no others, the same numbers as of a table that holds no others; other scores beside, by DeLong's definition
expect 0 evaluate --predictions dev.csv --truth dev_truth.csv --plan plan.yml --numbers-only --out dev
$python - <<'PY'
import csv
rows = list(csv.DictReader(open("cohort/truth.csv")))
develop = {r["exam_id"] for r in csv.DictReader(open("dev.csv"))}
for name, leave in (("parts.csv", ()), ("parts_exams.csv", ("patient_id",))): # the second: every exam by itself
    keys = [k for k in rows[0] if k not in leave] + ["split"]
    with open(name, "w") as f:
        w = csv.DictWriter(f, keys, extrasaction="ignore")
        w.writeheader()
        for r in rows:
            w.writerow({**r, "split": "dev" if r["exam_id"] in develop else "test"})
with open("other.csv", "w") as f: # one refused, one without a number, one not listed, and all from 0 to 1000
    f.write("exam_id,status,score\n")
    for i, r in enumerate(r for r in rows if r["exam_id"] in develop):
        if i != 2:
            f.write("%s,%s,%s\n" % (r["exam_id"], "refused" if i == 0 else "ok", "" if i < 2 else str(i * 37 % 11 * 100 + 300 * int(r["malignant"]))))
PY
expect 0 evaluate --predictions dev.csv --truth parts.csv --split dev --plan plan.yml --numbers-only --out part \
    --compare cohort/truth.csv:posterior_all --compare other.csv --compare ./cohort/truth.csv:llr_mg
prints '^  AUC truth.csv:posterior_all +0\.[0-9]{3}  \(.* to .*\)  model [-+]0\.[0-9]{3}  \(.*\), p = '
prints '^  AUC other.csv +[01]\.[0-9]{3}  .* exams  model '
prints ' exams in other parts of the truth table'
expect 0 evaluate --predictions dev.csv --truth parts_exams.csv --split dev --plan plan.yml --numbers-only --out part_exams --compare other.csv
$python - <<'PY'
import csv, json, math
a, b, c = (json.load(open(f"{x}/results.json")) for x in ("dev", "part", "part_exams"))
for key in ("binary", "tiers", "calibration"):
    assert a[key] == b[key], key
assert a["comparisons"] == [] and [x["score"] for x in b["comparisons"]] == ["truth.csv:posterior_all", "other.csv", "truth.csv:llr_mg"]
flow = {r["row"]: r for r in b["flow"]["rows"]}
truth = {r["exam_id"]: r for r in csv.DictReader(open("parts.csv"))}
assert flow["truth_other_part"]["n"] == sum(r["split"] == "test" for r in truth.values()) and flow["truth"]["n"] == flow["analysed"]["n"]
assert flow["truth_other_part"]["exams"][0]["detail"] == "test"
assert [f["role"] for f in b["inputs"]].count("compared") == 3, "a file of two names counts as two, as it was named"
model = {r["exam_id"]: float(r["p_malignant"]) for r in csv.DictReader(open("dev.csv"))}
other = {r["exam_id"]: float(r["score"]) for r in csv.DictReader(open("other.csv")) if r["status"] == "ok" and r["score"]}
mg = {k: float(r["llr_mg"]) for k, r in truth.items() if k in model and r["llr_mg"]}
assert [x["n"] for x in b["comparisons"]] == [len(model), len(model) - 3, len(mg)]
def delong(scores, ids):
    pos, neg = ([k for k in ids if truth[k]["malignant"] == m] for m in "10")
    psi = lambda x, y: (x > y) + 0.5 * (x == y)
    v = [[sum(psi(s[p], s[n]) for n in neg) / len(neg) for p in pos] for s in scores]
    w = [[sum(psi(s[p], s[n]) for p in pos) / len(pos) for n in neg] for s in scores]
    auc = [sum(x) / len(x) for x in v]
    cov = lambda u, i, j: sum((x - auc[i]) * (y - auc[j]) for x, y in zip(u[i], u[j])) / (len(u[i]) - 1)
    s = lambda i, j: cov(v, i, j) / len(pos) + cov(w, i, j) / len(neg)
    return auc, math.sqrt(s(0, 0) + s(1, 1) - 2 * s(0, 1)), math.sqrt(s(1, 1))
for x, s in zip(b["comparisons"], ({k: float(r["posterior_all"]) for k, r in truth.items()}, other, mg)):
    ids = [k for k in model if k in s]
    auc = delong((model, s), ids)[0]
    assert x["malignant"] == sum(truth[k]["malignant"] == "1" for k in ids)
    assert abs(x["auc"]["value"] - auc[1]) < 1e-12 and abs(x["model_against_score"]["model_auc"] - auc[0]) < 1e-12
    assert abs(x["model_against_score"]["difference"] - auc[0] + auc[1]) < 1e-12
x = c["comparisons"][0]
auc, error, alone = delong((model, other), list(other))
assert abs(x["auc"]["standard_error"] - alone) < 1e-12 and abs(x["model_against_score"]["standard_error"] - error) < 1e-12
assert abs(x["model_against_score"]["p"] - math.erfc(abs(auc[0] - auc[1]) / error / math.sqrt(2))) < 1e-9
PY
expect 0 evaluate --predictions dev.csv --truth parts.csv --split dev --plan plan.yml --lang zh --compare other.csv --out part_zh
holds part_zh/report.html 'other\.csv'
expect 1 evaluate --predictions dev.csv --truth parts.csv --split nosuch --plan plan.yml --out x
says "^bmunet: CSV_EMPTY: parts.csv: no row has split 'nosuch'"
expect 1 evaluate --predictions dev.csv --truth dev_truth.csv --split dev --plan plan.yml --out x
says '^bmunet: CSV_COLUMN_MISSING: dev_truth.csv: a column split is required'
expect 1 evaluate --predictions dev.csv --truth dev_truth.csv --compare cohort/truth.csv --plan plan.yml --out x
says '^bmunet: CSV_COLUMN_MISSING: cohort/truth.csv: a column score or p_malignant is needed, or name another'
expect 1 evaluate --predictions dev.csv --truth dev_truth.csv --compare cohort/truth.csv:nosuch --plan plan.yml --out x
says "^bmunet: CSV_COLUMN_MISSING: cohort/truth.csv: there is no column 'nosuch'"
expect 1 evaluate --predictions dev.csv --truth dev_truth.csv --compare cohort/truth.csv:biopsy --plan plan.yml --out x
says '^bmunet: VALUE_SYNTAX: cohort/truth.csv, line [0-9]+, column biopsy: '
expect 1 evaluate --predictions dev.csv --truth dev_truth.csv --compare nosuch.csv --plan plan.yml --out x
says '^bmunet: FILE_MISSING: nosuch.csv'
[ ! -e x ] || fail "x was made"

# the same whatever the order of rows and the number of threads
(head -n 1 test.csv && tail -n +2 test.csv | sort -r) >reversed.csv
expect 0 evaluate --predictions reversed.csv --truth test_truth.csv --plan plan.yml --threads 3 --out reversed
for name in roc pr reliability decision_curve forest confusion_level2; do
    same locked/figures/$name.csv reversed/figures/$name.csv
done

# Van Dyke's reader study through the verb: ratings 1 .. 5 as categories, two conditions. Printed by OR-DBM MRMC 2.51 and in MRMCaov's manual.
$python - "$source_tree/tests/golden/vandyke.csv" <<'PY'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
with open("vd_truth.csv", "w") as t, open("vd_readers.csv", "w") as r, open("vd_scores.csv", "w") as s:
    t.write("exam_id,malignant\n")
    r.write("reader,exam_id,birads,modality\n")
    s.write("exam_id,score\n")
    for x in rows:
        t.write("%s,%s\n" % (x["case"], x["truth"]))
        s.write("%s,%s\n" % (x["case"], x["r1m1"]))
        for k in range(1, 6):
            for m in "12":
                r.write("r%d,%s,%s,m%s\n" % (k, x["case"], x["r%dm%s" % (k, m)], m))
PY
sed 's/^score: probability/score: any/; s/value: 0.5/value: 3/' plan.yml >any.yml
expect 0 evaluate --plan any.yml --predictions vd_scores.csv --truth vd_truth.csv --readers vd_readers.csv --numbers-only --out vandyke
$python - <<'PY'
import json
j = json.load(open("vandyke/results.json"))["readers"]
m = j["mrmc"]
assert ["%.8f" % x["value"] for x in m["mean_auc"]] == ["0.89703704", "0.94083736"], m["mean_auc"]
both, fixed = m["random_readers_random_cases"], m["random_readers_fixed_cases"]
assert "%.5f" % both["value"] == "0.04380" and "%.5f" % fixed["standard_error"] == "0.01485"
assert ["%.5f" % x for x in fixed["interval"]] == ["0.00258", "0.08502"] and "%.4f" % fixed["p"] == "0.0420"
assert "%.6f" % both["f"] == "4.484854" and "%.5f" % both["df2"] == "15.06611" and "%.8f" % both["p_equal"] == "0.05123303"
assert ["%.10f" % x for x in both["interval"]] == ["-0.0002665519", "0.0878671960"] and "%.7f" % both["standard_error"] == "0.0206825"
assert "%.10f" % m["components"]["var_error"] == "0.0007921325" and "%.10f" % m["components"]["cov2"] == "0.0003395265"
r1 = [r for r in j["readers"] if r["reader"] == "r1" and r["condition"] == "m1"][0]
assert r1["model_against_reader"]["auc"]["difference"] == 0 and r1["n"] == 114
PY

# BrEaST: BI-RADS as a score; the area by counting pairs.
data=${BMUNET_DATA:-$source_tree/../shared/data}/BrEaST
if [ -r "$data/clinical.csv" ]; then
    sh "$source_tree/share/examples/breast_to_evaluation.sh" "$data" breast
    sed 's/^score: probability/score: any/; s/value: 0.5/value: 4/' plan.yml >any.yml
    expect 0 evaluate --plan any.yml --predictions breast/predictions_birads.csv --truth breast/truth.csv --readers breast/readers.csv --out by_birads
    $python - <<'PY'
import csv, json
j = json.load(open("by_birads/results.json"))
t = {r["exam_id"]: int(r["malignant"]) for r in csv.DictReader(open("breast/truth.csv"))}
s = {r["exam_id"]: float(r["score"]) for r in csv.DictReader(open("breast/predictions_birads.csv"))}
p, n = [s[k] for k in t if t[k]], [s[k] for k in t if not t[k]]
auc = sum((a > b) + 0.5 * (a == b) for a in p for b in n) / len(p) / len(n)
assert abs(j["binary"]["auc"]["value"] - auc) < 1e-12
r = j["readers"]["readers"][0]
assert abs(r["auc"]["value"] - auc) < 1e-12 and r["model_against_reader"]["auc"]["p"] == 1
assert "score: any" in j["calibration"]["reason"]
PY
    expect 0 evaluate --plan any.yml --predictions breast/predictions_age.csv --truth breast/truth.csv --out by_age
    prints "^ +$(grep -c ',refused,' breast/predictions_age.csv)  of these refused by the model$"
    # R on the same tables, where pROC is installed
    if Rscript -e 'library(pROC)' >/dev/null 2>&1; then
        cat >check.R <<'R'
suppressMessages({ library(pROC) })
t <- merge(read.csv("breast/truth.csv"), read.csv("breast/predictions_age.csv"), by = "exam_id")
t <- t[t$status == "ok", ]
r <- roc(t$malignant, t$score, direction = "<", quiet = TRUE)
b <- merge(t[, c("exam_id", "malignant", "score")], read.csv("breast/predictions_birads.csv"), by = "exam_id", suffixes = c("", ".birads"))
q <- roc(b$malignant, b$score.birads, direction = "<", quiet = TRUE)
d <- roc.test(r, q, method = "delong", paired = TRUE)
call <- t$score >= 55; m <- t$malignant == 1
s <- prop.test(sum(call & m), sum(m), correct = FALSE)$conf.int
x <- binom.test(sum(call & m), sum(m))$conf.int
cat(sprintf("%.15g\n", c(auc(r), sqrt(var(r)), ci.auc(r)[c(1, 3)], auc(r, partial.auc = c(1, 0.9)), d$p.value, s, x)), sep = "")
R
        Rscript check.R >from_r
        sed 's/value: 4/value: 55/' any.yml >age.yml
        expect 0 evaluate --plan age.yml --predictions breast/predictions_age.csv --truth breast/truth.csv --readers breast/readers.csv --numbers-only --out r
        $python - <<'PY'
import json
j = json.load(open("r/results.json"))
a, m, r = j["binary"]["auc"], j["binary"]["thresholds"][0]["metrics"]["sensitivity"], j["readers"]["readers"][0]
mine = [a["value"], a["standard_error"], *a["interval"], j["binary"]["partial_auc"]["value"], r["model_against_reader"]["auc"]["p"], *m["wilson"], *m["clopper_pearson"]]
theirs = [float(x) for x in open("from_r")]
assert len(mine) == len(theirs) == 10
for x, y in zip(mine, theirs):
    assert abs(x - y) < 1e-10 * max(1e-3, abs(y)) + 1e-13, (x, y)
PY
    else
        echo "R with pROC: skipped, not installed"
    fi
else
    echo "BrEaST: skipped, $data is not there"
fi
no_leftovers
