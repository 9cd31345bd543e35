#!/usr/bin/python3
"""The last step of bench/real.sh: what both sets came to, as a table, from results.json and the predictions. Usage: real_table.py [--torch] WORK

Figures and intervals are those of `bmunet evaluate`, for PyTorch's predictions too. What it does not give is computed here: DeLong's interval of each
tier against the rest, the paired DeLong test of the two, and for the mean over tiers a percentile interval of 2,000 resamples within tiers.
"""
import csv
import json
import math
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests" / "oracle"))
from tree_oracle import LEAVES as TIERS, Tree  # noqa: E402


def placements(positive, negative):
    """Of each positive the share of negatives below it, of each negative the share of positives above; ties are halves."""
    wins = lambda a, b: 1.0 if a > b else 0.5 if a == b else 0.0  # noqa: E731
    return ([sum(wins(p, q) for q in negative) / len(negative) for p in positive],
            [sum(wins(p, q) for p in positive) / len(positive) for q in negative])


def covariance(a, b):
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    return sum((x - ma) * (y - mb) for x, y in zip(a, b)) / (len(a) - 1)


def delong(scores, truth):
    """AUCs of several scores of the same exams, and their covariance (DeLong, DeLong & Clarke-Pearson 1988)."""
    parts = [placements([s for s, t in zip(one, truth) if t], [s for s, t in zip(one, truth) if not t]) for one in scores]
    of = lambda i, j: sum(covariance(parts[i][k], parts[j][k]) / len(parts[i][k]) for k in (0, 1))  # noqa: E731
    n = range(len(scores))
    return [sum(p[0]) / len(p[0]) for p in parts], [[of(i, j) for j in n] for i in n]


def auc(pairs):
    """Mann-Whitney by midranks; pairs of (score, truth)."""
    pairs, rank, at, positive = sorted(pairs), 0.0, 0, sum(t for _, t in pairs)
    while at < len(pairs):
        end = at
        while end < len(pairs) and pairs[end][0] == pairs[at][0]:
            end += 1
        rank += (at + 1 + end) / 2 * sum(t for _, t in pairs[at:end])
        at = end
    return (rank - positive * (positive + 1) / 2) / (positive * (len(pairs) - positive))


def macro(rows):
    return sum(auc([(p[k], t == k) for p, t in rows]) for k in range(5)) / 5


def macro_interval(rows):
    by_tier = [[r for r in rows if r[1] == k] for k in range(5)]
    draw = random.Random(1)
    found = sorted(macro([draw.choice(group) for group in by_tier for _ in group]) for _ in range(2000))
    return found[49], found[1949]


def read(path):
    with open(path, newline="") as f:
        return {r["exam_id"]: r for r in csv.DictReader(f)}


class Side:
    def __init__(self, work, predictions, report):
        self.results = json.loads((work / report / "results.json").read_text())
        self.p = read(work / predictions)
        self.classes, self.tiers = self.results["tiers"]["levels"]

    def malignant(self, truth):
        return [float(self.p[e]["p_malignant"]) for e in truth]


def interval(value, low, high):
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def proportion(p):
    return f"{interval(p['value'], *p['wilson'])}, {p['count']} of {p['total']}"


def lines(side, truth, leaf):
    """(what, figure) of one side."""
    b = side.results["binary"]
    yield "AUC, malignant against benign or normal", interval(b["auc"]["value"], *b["auc"]["interval"])
    for g in next(s for s in side.results["subgroups"] if s["column"] == "center")["groups"]:
        yield f"... {g['name']}, {g['n']} exams, {g['malignant']} malignant", interval(g["auc"], *g["auc_interval"])
    m = b["thresholds"][0]["metrics"]
    for name in ("sensitivity", "specificity"):
        yield f"{name} at one half", proportion(m[name])
    rows = [([float(side.p[e][f"p_{t}"]) for t in TIERS], leaf[e]) for e in truth if leaf[e] is not None]
    yield f"mean AUC of each tier against the rest, {len(rows)} exams", interval(macro(rows), *macro_interval(rows))
    assert abs(macro(rows) - side.tiers["auc_macro"]) < 1e-9
    for k, tier in enumerate(TIERS):
        (value,), ((variance,),) = delong([[p[k] for p, _ in rows]], [t == k for _, t in rows])
        n = sum(t == k for _, t in rows)
        few = 1.96 * math.sqrt(variance)
        yield f"... {tier}, {n} exams", f"{value:.3f}, too few for an interval" if n < 10 else interval(value, value - few, min(1, value + few))
    yield "accuracy, tier", proportion(side.tiers["accuracy"])
    yield "accuracy, tier, averaged over the tiers", f"{side.tiers['balanced_accuracy']:.3f}"


def curve(paths):
    """Mean training loss over the folds, per epoch."""
    logs = [[json.loads(line)["train_loss"] for line in open(p)] for p in paths]
    return [sum(x) / len(x) for x in zip(*logs)]


def compare(work, ours, torch, truth, malignant):
    (a, b), v = delong([ours.malignant(truth), torch.malignant(truth)], malignant)
    for side, value, variance in ((ours, a, v[0][0]), (torch, b, v[1][1])):  # twice computed, once by the program
        reported = side.results["binary"]["auc"]
        assert abs(value - reported["value"]) < 1e-9 and abs(math.sqrt(variance) - reported["standard_error"]) < 1e-9
    se = math.sqrt(v[0][0] + v[1][1] - 2 * v[0][1])
    p = math.erfc(abs(a - b) / se / math.sqrt(2)) if se else 1.0
    print(f"\nAUC ours - PyTorch: {a - b:+.4f}, standard error of the difference {se:.4f}, paired DeLong p = {p:.2f}")
    print(f"not lower than PyTorch's ({b:.4f}) by more than its standard error ({math.sqrt(v[1][1]):.4f}): "
          f"{'yes' if a >= b - math.sqrt(v[1][1]) else 'NO'}")
    one, two = curve(sorted(work.glob("runs/fold*/log.jsonl"))), curve(sorted(work.glob("torch/fold*.jsonl")))
    shown = sorted({0, *(len(one) * k // 6 - 1 for k in range(1, 7))})
    print("training loss, mean over the folds: " + ", ".join(f"epoch {i + 1}: {one[i]:.3f} / {two[i]:.3f}" for i in shown) + " (ours / PyTorch)")
    same, apart = read(work / "crossed" / "predictions.csv"), 0.0
    for e, r in same.items():
        apart = max(apart, *(abs(float(r[f"p_{t}"]) - float(ours.p[e][f"p_{t}"])) for t in TIERS))
    print(f"our five models in PyTorch, from file to probability: largest difference {apart:.1e}")
    t = json.loads((work / "torch" / "seconds.json").read_text())
    whole, us = float((work / "torch.seconds").read_text()), float((work / "ours.seconds").read_text())
    print(f"wall seconds, five trainings and predictions: ours {us:.0f}, PyTorch {whole:.0f}, of which {t['prepared']:.0f} for preparing the pictures; "
          f"PyTorch without that / ours: {(whole - t['prepared']) / us:.2f}")


def main():
    both, work = sys.argv[1] == "--torch", Path(sys.argv[-1])
    truth, exams = read(work / "truth.csv"), read(work / "exams.csv")
    malignant = [exams[e]["malignant"] == "1" for e in truth]
    tree = Tree(HERE / "share" / "trees" / "bmu5.yml")
    leaf = {e: tree.leaf(exams[e]["pathology"], int(exams[e]["malignant"])) for e in truth}
    sides = [Side(work, "predictions.csv", "report")] + ([Side(work, "torch/predictions.csv", "report_torch")] if both else [])
    print("\n| 95 % interval | bmunet |" + (" PyTorch |" if both else "") + "\n|---|---|" + ("---|" if both else ""))
    for cells in zip(*(list(lines(s, truth, leaf)) for s in sides)):
        print("| " + " | ".join([cells[0][0]] + [c[1] for c in cells]) + " |")
    if both:
        compare(work, *sides, truth, malignant)
    else:
        print(f"\nwall seconds, five trainings and predictions: {float((work / 'ours.seconds').read_text()):.0f}")
    print(f"the whole report: {work}/report/report.html")


if __name__ == "__main__":
    main()
