#!/bin/sh
# Other disease trees than the shipped one, from training to evaluation: three levels with nine leaves, a tree that moves T3 to benign, one
# level. The numbers are held against numpy's from the logits (tests/oracle/tree_numbers.py).
. "$(dirname -- "$0")/common"
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2
python=/usr/bin/python3
numbers() { $python "$source_tree/tests/oracle/tree_numbers.py" "$@" || fail "numbers of $1"; }
$python "$source_tree/tests/cli/make_cohort.py" . 48
sed -e 's/^name: small/name: tiny/; s/width: 16/width: 8/; s/canonical-v1/reference-v1/; s/\[288, 160\]/[64, 48]/; s/\[112, 112\]/[64, 64]/' \
    -e 's/us: 12, mg: 12, bmu: 12/us: 1, mg: 1, bmu: 2/; s/average_parts: 16/average_parts: 2/; s/batch: 16/batch: 12/; s/part: 16/part: 6/' \
    "$source_tree/share/presets/small.yml" >tiny.yml

# the positive node stands first, so the first outputs are the malignant ones; a name with a comma and quotes; leaves not in the file's order
cat >deep.yml <<'YML'
name: nine
approved_by: Dr. Example, 2026
positive: cancer
levels: [side, group, pathology]
nodes:
  - {name: cancer, level: side, title: cancer}
  - {name: other, level: side, title: no cancer}
  - {name: invasive, level: group, parent: cancer, title: invasive cancer}
  - {name: benign, level: group, parent: other, title: benign}
  - {name: in situ, level: group, parent: cancer, title: in situ}
  - {name: high risk, level: group, parent: other, title: high risk}
  - {name: radial scar, level: pathology, parent: high risk, title: x}
  - {name: NST, level: pathology, parent: invasive, title: no special type, terms: [{term: ductal carcinoma}]}
  - {name: cyst, level: pathology, parent: benign, title: x, terms: [{term: simple cyst}]}
  - {name: lobular, level: pathology, parent: invasive, title: x}
  - {name: DCIS, level: pathology, parent: in situ, title: x}
  - {name: fibroadenoma, level: pathology, parent: benign, title: x}
  - {name: 'LCIS, "classic"', level: pathology, parent: in situ, title: x}
  - {name: papilloma, level: pathology, parent: high risk, title: x}
  - {name: mucinous, level: pathology, parent: invasive, title: x}
YML
$python - "$source_tree/share/trees/bmu5.yml" <<'PY'
import csv, re, sys
text = open(sys.argv[1]).read()
moved, n = re.subn(r"(name: T3\n    level: tier\n    parent: )malignant", r"\1benign", text)
assert n == 1
open("moved.yml", "w").write(moved.replace("name: bmu5", "name: moved", 1))
open("unsaid.yml", "w").write(re.sub(r"\npositive: .*", "", text))
rows = list(csv.DictReader(open("exams.csv", newline="")))
names = ["cyst", "fibroadenoma", "papilloma", "radial scar", "DCIS", 'LCIS, "classic"', "ductal carcinoma", "lobular", "mucinous"]
cancer = set(names[4:])

def write(name, rows, drop=()):
    columns = [c for c in rows[0] if c not in drop]
    with open(name, "w", newline="") as f:
        w = csv.DictWriter(f, columns, extrasaction="ignore", lineterminator="\n")
        w.writeheader()
        w.writerows(rows)

write("moved.csv", [dict(r, malignant=str(int(r["tier"] > "T3"))) for r in rows])
deep = []
for i, r in enumerate(rows):
    term = names[(5 * i + i // 9) % 9]
    deep.append(dict(r, pathology=term, malignant=str(int(term in cancer))))
deep[4].update(pathology="high risk", malignant="")  # a node between
deep[5].update(pathology="", malignant="0")          # the top alone
deep[6].update(pathology="in situ", malignant="1")
write("deep.csv", deep, ["tier"])
write("deep_truth.csv", [{k: r[k] for k in ("exam_id", "pathology", "malignant", "split")} for r in deep if r["split"] == "val"])
write("deep_terms.csv", [{k: r[k] for k in ("exam_id", "pathology")} for r in deep if r["split"] == "val"])
PY

# train, predict and evaluate each; what validation said, what predict says and what evaluate says all follow the tree
for name in deep moved; do
    cp "$name.yml" "$name.kept.yml"
    expect 0 "$bmunet" train --exams "$name.csv" --tree "$name.yml" --preset ./tiny.yml --threads 2 --stage bmu --out "$name.run"
    echo "# edited after training" >>"$name.yml"
    sed -i 's/^name: .*/name: another/; s/parent: benign/parent: malignant/' "$name.yml"
    expect 0 "$bmunet" predict --model "$name.run/best.safetensors" --exams "$name.csv" --split val --out "$name.p.csv" --json "$name.p.jsonl"
    hash=$(sha256sum "$name.kept.yml" | cut -d ' ' -f 1)
    prints "^disease tree .*, approved by .*, sha256 $hash"
    expect 0 "$bmunet" info "$name.run/best.safetensors"
    prints "^tree        .*, approved by .*, sha256 $hash"
done
expect 0 "$bmunet" info deep.run/best.safetensors
prints '^tree        nine, approved by Dr. Example, 2026, sha256 '
prints '^            cancer = NST \+ lobular \+ mucinous \+ DCIS \+ LCIS, "classic"; counts as malignant$'
prints '^            high risk = radial scar \+ papilloma$'
expect 0 "$bmunet" evaluate --predictions deep.p.csv --truth deep_terms.csv --tree deep.kept.yml --out deep.report --numbers-only
prints 'disease tree nine: cancer = NST \+ lobular'
numbers deep.kept.yml deep.p.csv deep.p.jsonl --truth deep_terms.csv --results deep.report/results.json
numbers deep.kept.yml deep.p.csv deep.p.jsonl --truth deep_truth.csv --log deep.run/log.jsonl
expect 0 "$bmunet" evaluate --predictions moved.p.csv --truth moved.csv --split val --tree moved.kept.yml --out moved.report
prints 'disease tree moved: malignant = T4 \+ T5$'
holds moved.report/report.html 'Counts as malignant in this report, by the disease tree moved: malignant = T4 . T5'
numbers moved.kept.yml moved.p.csv moved.p.jsonl --truth moved.csv --results moved.report/results.json --log moved.run/log.jsonl
holds deep.run/card.md '^\| NST, no special type \| [0-9]+ \| [0-9]+ \|$'
holds deep.run/card.md '^\| high risk, nothing finer known \| [01] \| [01] \|$'
holds deep.run/card.md '^\| AUC, cancer against other \|'
holds deep.run/card.md 'disease tree `nine` \(approved by: Dr. Example, 2026; cancer = NST'
holds deep.run/curves.svg '>cancer '
holds moved.run/card.md '^\| AUC, malignant against benign \|'

# the tree inside a model, as info shows it, is a tree file
expect 0 "$bmunet" info --json deep.run/best.safetensors
$python -c 'import json; json.dump(json.load(open("out"))["tree"], open("inside.yml", "w"))'
expect 0 "$bmunet" evaluate --predictions deep.p.csv --truth deep_terms.csv --tree inside.yml --out inside.report --numbers-only
for part in binary tiers; do
    $python -c 'import json, sys; a, b = (json.load(open(x + ".report/results.json"))[sys.argv[1]] for x in ("deep", "inside")); assert a == b' $part ||
        fail "the tree inside gives other numbers of $part"
done

# predictions of another tree are not taken for this one's
expect 1 "$bmunet" evaluate --predictions deep.p.csv --truth deep_terms.csv --out no --numbers-only
says 'CSV_COLUMN_MISSING: .*p_malignant or the class probabilities p_T1 .. p_T5 of the disease tree bmu5'
expect 1 "$bmunet" evaluate --predictions moved.p.csv --truth exams.csv --split val --out no --numbers-only
says 'PROBABILITY_SUM: .*column p_(benign|malignant): .* is not the sum of the probabilities below it'
sed 's/p_cancer/p_malignant/' deep.p.csv >renamed.csv
expect 1 "$bmunet" evaluate --predictions renamed.csv --truth moved.csv --out no --numbers-only
says 'LABEL: .*tier: .*is no leaf of the disease tree bmu5; give the tree that the model was trained with'
# nor is a threshold of T3 + T4 + T5 laid on T4 + T5
small_model five.st
expect 0 "$bmunet" predict --model five.st --exams exams.csv --split train --out five.dev.csv
expect 0 "$bmunet" predict --model five.st --exams exams.csv --split val --out five.csv
expect 0 "$bmunet" evaluate --predictions five.csv --truth exams.csv --choose-on five.dev.csv --development-truth exams.csv --out five.report --numbers-only
holds five.report/threshold.json '"positive": "malignant = T3 \+ T4 \+ T5"'
expect 1 "$bmunet" evaluate --predictions moved.p.csv --truth moved.csv --tree moved.kept.yml --locked five.report/threshold.json --out no --numbers-only
says 'THRESHOLD_LOCK: the threshold was chosen for malignant = T3 \+ T4 \+ T5; by the disease tree given now the score is of malignant = T4 \+ T5'

# a tree has to say which node counts as malignant
expect 1 "$bmunet" train --exams exams.csv --tree unsaid.yml --preset ./tiny.yml --stage bmu --out no.run
says 'TREE: .*unsaid.yml: the key positive is missing; it names the node of the top level'

# a head with another number of outputs: refused at import, at the start of a training, when a model is opened; other names than the head's too
expect 1 "$bmunet" import --from five.st --network bmu --variant masked --clinical token --tree deep.kept.yml --out no.st
says "TREE_HEAD: .*'head.weight' has 5 outputs, the disease tree nine has 9 leaves"
expect 1 "$bmunet" train --exams deep.csv --tree deep.kept.yml --preset ./tiny.yml --stage bmu --init five.st --out no.run
says 'TREE_HEAD: five.st: the network has the 5 outputs of the disease tree bmu5; the tree nine has 9 leaves'
sed 's/name: T5$/name: T6/' moved.kept.yml >renamed.yml
expect 1 "$bmunet" train --exams moved.csv --tree renamed.yml --preset ./tiny.yml --stage bmu --init five.st --out no.run
says 'TREE_HEAD: five.st: output 5 of the network is "T5"; leaf 5 of the disease tree is "T6"'
small_model mg.st --network mg
expect 1 "$bmunet" train --exams deep.csv --tree deep.kept.yml --preset ./tiny.yml --stage bmu --init-mg mg.st --out no.run
says 'TREE_HEAD: mg.st has the 5 outputs of the disease tree bmu5; the tree of this run has 9 leaves'
$python - <<'PY'
import json, struct
data = open("five.st", "rb").read()
n = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + n])

def write(name, **changed):
    h = dict(header, __metadata__={k: v for k, v in {**header["__metadata__"], **changed}.items() if v is not None})
    text = json.dumps(h, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    open(name, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + n:])

tree = json.loads(header["__metadata__"]["bmunet.tree"])
old = {"name": "bmu5", "approved_by": "", "levels": [{"name": "benign", "tiers": ["T1", "T2"]}, {"name": "malignant", "tiers": ["T3", "T4", "T5"]}]}
write("nine.st", **{"bmunet.tree": json.dumps(json.load(open("inside.yml")))})
write("unsaid.st", **{"bmunet.tree": json.dumps({k: v for k, v in tree.items() if k != "positive"})})
write("treeless.st", **{"bmunet.tree": None})
write("old.st", **{"bmunet.tree": json.dumps(old), "bmunet.tree_sha256": None})
PY
expect 1 "$bmunet" predict --model nine.st --exams exams.csv --out no.csv
says "TREE_HEAD: nine.st: 'head.weight' has 5 outputs, the disease tree nine has 9 leaves"
expect 1 "$bmunet" info unsaid.st
says 'TREE: unsaid.st: bmunet.tree: the key positive is missing'
expect 1 "$bmunet" info treeless.st
says "MODEL_METADATA: treeless.st: the file has no 'bmunet.tree'"
# a model of before: what it said then
expect 0 "$bmunet" predict --model old.st --exams exams.csv --split val --out old.csv
prints '^disease tree bmu5, approved by nobody, sha256 not known'
same five.csv old.csv

# going on under another tree is refused; the same tree with other terms is not another
cp -r moved.run again.run
(cat moved.kept.yml; echo '  - {term: seen elsewhere, reason: no report}') >terms.yml
expect 0 "$bmunet" train --exams moved.csv --tree terms.yml --preset ./tiny.yml --threads 2 --stage bmu --out again.run --resume
expect 1 "$bmunet" train --exams exams.csv --tree "$source_tree/share/trees/bmu5.yml" --preset ./tiny.yml --threads 2 --stage bmu --out again.run --resume
says 'CHECKPOINT: again.run: the run there began with another disease tree, moved, than is given now, bmu5'

# one level, three leaves: on the terminal and in files; more leaves than fit a terminal's width
cat >flat.yml <<'YML'
name: flat
approved_by: tests
positive: B
levels: [kind]
nodes:
  - {name: A, level: kind, title: a}
  - {name: B, level: kind, title: b}
  - {name: C, level: kind, title: c}
YML
small_model flat.st --tree flat.yml
expect 0 "$bmunet" predict --model flat.st --exams exams.csv --split val --out flat.csv --json flat.jsonl
$python - <<'PY'
import csv
with open("flat_truth.csv", "w") as f:
    f.write("exam_id,malignant,tier\n")
    for i, r in enumerate(csv.DictReader(open("flat.csv"))):
        f.write("%s,%s,%s\n" % (r["exam_id"], "100"[i % 3], "BA"[i % 3 == 1] if i % 3 < 2 else ""))  # the last: not malignant, and no more
PY
expect 0 "$bmunet" evaluate --predictions flat.csv --truth flat_truth.csv --tree flat.yml --out flat.report --numbers-only
numbers flat.yml flat.csv flat.jsonl --truth flat_truth.csv --results flat.report/results.json
expect 0 "$bmunet" predict --model flat.st --exams exams.csv --split val
prints '^exam +tier +p\(A\) +p\(B\) +p\(C\) +B  views used$'
prints '12 computed, 0 refused\. p\(A\) \.\. p\(C\): the model.s scores for the 3 tiers; B\.$'
expect 0 "$bmunet" predict --model deep.run/best.safetensors --exams deep.csv --split val
prints '^exam +tier +p\(tier\) +cancer  views used$'
prints 'p\(tier\): the model.s score for the tier named, of 9; cancer = NST \+ lobular'
# as many leaves as there may be, and names that are long, not ASCII, or would be markup: numbers, page and picture hold
$python - <<'PY'
import csv
leaves = ["leaf %d" % i for i in range(62)] + ["<b>导管: " + "a long name, " * 14 + "</b>", "p_x"]
rows = list(csv.DictReader(open("exams.csv", newline="")))
with open("many.yml", "w") as f:
    f.write("name: many\napproved_by: x\npositive: m\nlevels: [class, tier]\nnodes:\n")
    f.write("".join("  - {name: %s, level: class, title: x}\n" % n for n in "bm"))
    f.write("".join("  - {name: '%s', level: tier, parent: %s, title: x}\n" % (n, "bm"[i >= 32]) for i, n in enumerate(leaves)))
with open("many_truth.csv", "w") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow(["exam_id", "tier"])
    w.writerows([r["exam_id"], leaves[-1 - i % 64 if i % 2 else i % 64]] for i, r in enumerate(rows))
PY
small_model many.st --tree many.yml
expect 0 "$bmunet" predict --model many.st --exams exams.csv --out many.csv --json many.jsonl
expect 0 "$bmunet" evaluate --predictions many.csv --truth many_truth.csv --tree many.yml --out many.report
numbers many.yml many.csv many.jsonl --truth many_truth.csv --results many.report/results.json
holds many.report/report.html 'Level tier has 64 classes, more than a figure can show'
[ "$(wc -l <many.report/figures/confusion_level2.csv)" = 65 ] || fail "the matrix of 64 classes"
no_leftovers
