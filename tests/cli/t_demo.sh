#!/bin/sh
# The demo (share/demo/run.sh) as a user runs it, very small: it ends, it says what it should, it can be run again, and it removes nothing of others.
. "$(dirname -- "$0")/common"
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2
demo() { sh "$source_tree/share/demo/run.sh" "$bmunet" "${1:-70}" 1 "$work/demo"; }
number='[01]\.[0-9]{3}  \([01]\.[0-9]{3} to [01]\.[0-9]{3}\)'

expect 0 demo
prints "^  AUC \(DeLong\) +$number\$"
for column in clinical images all; do
    prints "^  AUC truth\.csv:posterior_$column +$number  model [+-]"
done
prints "^The page:  .*/demo/report/report\.html\$"
prints 'no use on an exam of a real patient'
prints 'phantom-5-damaged-file +refused +IMAGE_TRUNCATED'
prints 'phantom-3-mammography +refused +SIDE_IMAGE'
prints 'reader R1: '
holds demo/report/report.html 'posterior_all'
holds demo/report/report.html 'no such patient exists'

# the same areas from the tables themselves, of the exams held out and no others
python3 - <<'PY' || fail "the areas are not those of the tables"
import csv, re
truth = {r["exam_id"]: r for r in csv.DictReader(open("demo/cohort/truth.csv"))}
part = {r["exam_id"] for r in csv.DictReader(open("demo/cohort/split.csv")) if r["split"] == "test"}
score = {"(DeLong)": {r["exam_id"]: float(r["p_malignant"]) for r in csv.DictReader(open("demo/predictions.csv")) if r["status"] == "ok"}}
assert set(score["(DeLong)"]) == part, "not the exams held out"
for c in ("clinical", "images", "all"):
    score["truth.csv:posterior_" + c] = {k: float(truth[k]["posterior_" + c]) for k in part}
said = dict(re.findall(r"^  AUC (\S+) +([01]\.\d{3})  ", open("out").read(), re.M))
for name, s in score.items():
    pos, neg = ([s[k] for k in s if truth[k]["malignant"] == m] for m in "10")
    auc = sum((p > n) + 0.5 * (p == n) for p in pos for n in neg) / len(pos) / len(neg)
    assert abs(float(said[name]) - auc) < 0.00051, (name, said[name], auc)
PY

# every command that it prints can be typed
grep -A3 '^\$ bmunet evaluate' out | sed -n '/^\$/,/[^\\]$/p' | sed 's/^\$ //; s/--out report/--out typed/' >typed.sh
(cd demo && PATH=$(dirname -- "$bmunet"):$PATH && . ../typed.sh >/dev/null) || fail "a printed command cannot be typed: $(cat typed.sh)"
same demo/typed/results.json demo/report/results.json

# stopped in the middle, as by a terminal: the whole group of processes; and then again
setsid sh "$source_tree/share/demo/run.sh" "$bmunet" 400 1 "$work/demo" >log 2>&1 &
pid=$!
until grep -q '^\$ bmunet synth' log; do sleep 0.1; done
kill -s TERM -- "-$pid"
wait $pid && fail "a demo that was stopped says that all went well"
holds log 'stopped; the next one starts anew'
expect 0 demo
prints '^The page: '
no_leftovers

# a folder of somebody else's
mkdir -p theirs/runs
echo mine >theirs/runs/model
expect 1 sh "$source_tree/share/demo/run.sh" "$bmunet" 70 1 "$work/theirs"
says 'no demo has made it'
holds theirs/runs/model '^mine$'
