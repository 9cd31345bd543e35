#!/usr/bin/python3
"""What a model of any disease tree must have written, from its logits: columns, sums and choices of predictions.csv and .jsonl, the figures of
results.json and those of a training's validation, by numpy. Written from docs/FORMATS.md.
Usage: tree_numbers.py TREE.yml PREDICTIONS.csv PREDICTIONS.jsonl [--truth TRUTH.csv --results results.json] [--log log.jsonl]"""
import argparse
import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import yaml


class Tree:
    def __init__(self, path):
        t = yaml.safe_load(Path(path).read_text())
        self.name, self.levels, self.positive = t["name"], t["levels"], t["positive"]
        self.nodes = {n["name"]: n for n in t["nodes"]}
        self.leaves = []

        def gather(name):
            below = [n["name"] for n in t["nodes"] if n.get("parent") == name]
            if not below:
                self.leaves.append(name)
            for x in below:
                gather(x)

        for n in t["nodes"]:
            if "parent" not in n:
                gather(n["name"])
        self.terms = {n["name"].lower(): n["name"] for n in t["nodes"]}
        for n in t["nodes"]:
            for term in n.get("terms", []):
                for word in [term["term"], *term.get("synonyms", [])]:
                    self.terms.setdefault(word.lower(), n["name"])

    def above(self, name, level):
        """The node of this level on the way from the root to the leaf; None if the node is above the level itself."""
        while name is not None and self.nodes[name]["level"] != level:
            name = self.nodes[name].get("parent")
        return name

    def level_names(self, level):
        names = []
        for leaf in self.leaves:
            name = self.above(leaf, level)
            if name not in names:
                names.append(name)
        return names

    def columns(self):
        return [name for level in reversed(self.levels) for name in self.level_names(level)]

    def sums(self, p, level):
        """[n][leaves] -> [n][nodes of the level]"""
        names = self.level_names(level)
        out = np.zeros((len(p), len(names)))
        for k, leaf in enumerate(self.leaves):
            out[:, names.index(self.above(leaf, level))] += p[:, k]
        return out


def auc(score, truth):
    score, truth = np.asarray(score), np.asarray(truth, bool)
    d = score[truth][:, None] - score[~truth][None, :]
    return float(np.mean((d > 0) + 0.5 * (d == 0))) if d.size else None


def near(a, b, tolerance, what):
    assert abs(a - b) <= tolerance, (what, a, b)


def predictions(tree, table, lines):
    rows = list(csv.DictReader(open(table, newline="")))
    assert list(rows[0]) == ["exam_id", "status", "tier", *("p_" + n for n in tree.columns()), "views_used", "reason"], list(rows[0])
    said = [json.loads(line) for line in open(lines)]
    ok = [(r, j) for r, j in zip(rows, said) if r["status"] == "ok"]
    assert ok and [r["exam_id"] for r in rows] == [j["exam_id"] for j in said]
    logits = np.array([j["logits"] for _, j in ok])
    assert logits.shape[1] == len(tree.leaves)
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    for level in tree.levels:
        names, sums = tree.level_names(level), tree.sums(p, level)
        for (r, j), s in zip(ok, sums):
            for name, x in zip(names, s):
                near(float(r["p_" + name]), x, 1e-8, (r["exam_id"], name))
                if level != tree.levels[-1]:
                    near(j["p_" + name], x, 1e-12, name)
    positive = tree.sums(p, tree.levels[0])[:, tree.level_names(tree.levels[0]).index(tree.positive)]
    for (r, j), x, s in zip(ok, p, positive):
        assert r["tier"] == j["tier"] == tree.leaves[int(np.argmax(x))], r
        assert np.allclose(j["p"], x, atol=1e-12)
        assert j["tree"]["leaves"] == tree.leaves and j["tree"]["positive"] == tree.positive and j["tree"]["name"] == tree.name
        near(j["tree"]["p_positive"], s, 1e-12, "p_positive")
    for r in rows:
        assert r["status"] == "ok" or not any(r["p_" + n] for n in tree.columns())
    return [r["exam_id"] for r, _ in ok], p, positive, {j["tree"]["sha256"] for j in said}


def labels(tree, table):
    """exam -> (finest node or None, malignant or None)"""
    out = {}
    for r in csv.DictReader(open(table, newline="")):
        node = r.get("tier") or tree.terms.get((r.get("pathology") or "").lower())
        top = tree.above(node, tree.levels[0]) if node else None
        said = {"1": True, "0": False}.get(r.get("malignant", ""))
        assert top is None or said is None or said == (top == tree.positive), r
        out[r["exam_id"]] = (node, said if top is None else top == tree.positive)
    return out


def evaluation(tree, ids, p, positive, truth, path):
    j = json.load(open(path))
    known = [i for i, x in enumerate(ids) if truth[x][1] is not None]
    malignant = [truth[ids[i]][1] for i in known]
    assert j["tree"] == tree.name and j["binary"]["n"] == len(known) and j["binary"]["malignant"] == sum(malignant)
    assert j["flow"]["score_from"] == "p_" + tree.positive
    near(j["binary"]["auc"]["value"], auc(positive[known], malignant), 1e-12, "AUC")
    with_leaf = [i for i in known if truth[ids[i]][0] in tree.leaves]
    assert j["tiers"]["n"] == len(with_leaf) and [x["level"] for x in j["tiers"]["levels"]] == tree.levels
    for said in j["tiers"]["levels"]:
        names = tree.level_names(said["level"])
        sums = tree.sums(p, said["level"])
        confusion = np.zeros((len(names), len(names)), int)
        for i in with_leaf:
            confusion[names.index(tree.above(truth[ids[i]][0], said["level"])), int(np.argmax(sums[i]))] += 1
        assert said["classes"] == names and said["confusion"] == confusion.tolist(), (said, confusion)
        assert said["accuracy"]["count"] == np.trace(confusion)


def validation(tree, ids, p, positive, truth, path):
    best = [r for r in map(json.loads, open(path)) if r["best"]][-1]
    assert best["validation_exams"] == len(ids)
    tops = [tree.above(truth[x][0], tree.levels[0]) if truth[x][0] else None for x in ids]
    known = [i for i, t in enumerate(tops) if t]
    near(best["auc"], auc(positive[known], [tops[i] == tree.positive for i in known]), 1e-9, "validation AUC")
    with_leaf = [i for i, x in enumerate(ids) if truth[x][0] in tree.leaves]
    areas = [auc(p[with_leaf, k], [truth[ids[i]][0] == leaf for i in with_leaf]) for k, leaf in enumerate(tree.leaves)]
    near(best["macro_auc"], np.mean([a for a in areas if a is not None]), 1e-9, "mean AUC of leaves")
    near(best["tier_accuracy"], np.mean([tree.leaves[int(np.argmax(p[i]))] == truth[ids[i]][0] for i in with_leaf]), 1e-9, "accuracy")
    sums, names = tree.sums(p, tree.levels[0]), tree.level_names(tree.levels[0])
    near(best["class_accuracy"], np.mean([names[int(np.argmax(sums[i]))] == tops[i] for i in known]), 1e-9, "accuracy of the top")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("tree")
    a.add_argument("csv")
    a.add_argument("jsonl")
    for option in ("--truth", "--results", "--log"):
        a.add_argument(option)
    o = a.parse_args()
    tree = Tree(o.tree)
    ids, p, positive, hashes = predictions(tree, o.csv, o.jsonl)
    assert hashes == {hashlib.sha256(Path(o.tree).read_bytes()).hexdigest()}, hashes
    truth = labels(tree, o.truth) if o.truth else {}
    if o.results:
        evaluation(tree, ids, p, positive, truth, o.results)
    if o.log:
        validation(tree, ids, p, positive, truth, o.log)
    print(f"{tree.name}: {len(tree.levels)} levels, {len(tree.leaves)} leaves, {len(ids)} exams")


if __name__ == "__main__":
    main()
