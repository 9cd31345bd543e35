#!/usr/bin/python3
"""./dev ablation: what fusion, random masking and the clinical token are worth, on synthetic women (docs/ABLATION.md).

    ablation.py [--train 4000] [--test 3000] [--epochs US,MG,BMU] [--work build/ablation]

Two cohorts of different seeds: one to learn from (a part of it validates), one to test, whose truth nothing sees before the end. Stages us and mg are
trained once. From both begin four fused models: `masked`; `unmasked`, the same without random masking; `concat`, the clinical values behind the pooled features
in place of a token; and `both` and `both-unmasked`, which learn from the exams alone that have both modalities.

Test exams are then shown with only some of what they have: each of the 15 sets of kinds of view, with the clinical values and without. A set is tested on all
exams that have it. All areas, differences and intervals are those of `bmunet evaluate` (paired DeLong by patient). What is finished in the work folder is not done again.
"""
import argparse
import csv
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"mammography": "mg", "B-mode": "us_bmode", "Doppler": "us_doppler", "elastography": "us_elasto"}
CLINICAL = ["age", "bmi", "menopausal", "family_history", "personal_history", "chief_complaint", "symptom_duration", "parity", "hormone_use", "breast_density"]
FUSED = {"masked": [], "unmasked": ["--unmasked"], "concat": ["--concat"], "both": [], "both-unmasked": ["--unmasked"]}


def run(*words):
    """Shows a command, runs it, stops with it. 2: some exams were refused, which a synthetic cohort does not have."""
    words = [str(w) for w in words]
    print("$ bmunet " + " ".join(words), flush=True)
    begun = time.time()
    out = subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    if out.returncode:
        sys.exit(f"ablation: exit status {out.returncode}\n{out.stdout[-2000:]}")
    print(f"  {out.stdout.strip().splitlines()[-1] if out.stdout.strip() else ''}  ({time.time() - begun:.0f} s)", flush=True)


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def write(path, rows):
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(rows)


def has(row, kind):
    return any(v for k, v in row.items() if k.startswith(KINDS[kind] + "_"))


def cohort(path, patients, seed):
    if not (path / "exams.csv").exists():
        run("synth", "--patients", patients, "--seed", seed, "--size", "small", "--out", path)


def train(o, name, stage, table, *more):
    folder = o.work / "runs" / name
    model = folder / "best.safetensors"
    if not (folder / "done").exists():
        epochs = o.epochs.split(",")[["us", "mg", "bmu"].index(stage)]
        run("train", "--stage", stage, "--exams", table, "--preset", "small", "--epochs", epochs, "--cache", o.work / "cache", "--out", folder,
            *(["--resume"] if (folder / "start.safetensors").exists() else []), *more)
        (folder / "done").touch()
    return model


def models(o):
    table = o.work / "train" / "split.csv"
    if not table.exists():
        run("split", "--exams", o.work / "train" / "exams.csv", "--train", .85, "--val", .15, "--test", 0, "--out", table)
    both = table.parent / "both.csv"
    write(both, [r for r in read(table) if has(r, "mammography") and any(has(r, k) for k in list(KINDS)[1:])])
    begin = []
    found = {}
    for stage in ("us", "mg"):
        found[stage] = train(o, stage, stage, table)
        begin += [f"--init-{stage}", found[stage]]
    for name, options in FUSED.items():
        found[name] = train(o, name, "bmu", both if name.startswith("both") else table, *begin, *options)
    return found


def table_of(o, exams, name, kinds, clinical):
    """The exams that have all of these kinds, shown with nothing else."""
    columns = [c for k, stem in KINDS.items() if k not in kinds for c in exams[0] if c.startswith(stem + "_")] + ([] if clinical else CLINICAL)
    rows = [{**r, **dict.fromkeys(columns, "")} for r in exams if all(has(r, k) for k in kinds)]
    path = o.work / "test" / f"{name}.csv"
    if not path.exists() or len(read(path)) != len(rows):
        write(path, rows)
    return path


def predict(o, model, table, name):
    out = o.work / "predictions" / f"{name}.csv"
    if not out.exists():
        out.parent.mkdir(exist_ok=True)
        run("predict", "--model", model, "--exams", table, "--cache", o.work / "cache", "--out", out)
    return out


def evaluate(o, table, predictions, others, name):
    """results.json of one score beside others: {other: comparison}, and the whole."""
    folder = o.work / "results" / name
    if not (folder / "results.json").exists():
        folder.parent.mkdir(exist_ok=True)
        run("evaluate", "--predictions", predictions, "--truth", table, "--numbers-only", "--out", folder,
            *[w for p in others for w in ("--compare", f"{p}:p_malignant" if ":" not in str(p) else p)])
    return json.loads((folder / "results.json").read_text())


def interval(value, bounds):
    return f"{value:.3f} ({bounds[0]:.3f} to {bounds[1]:.3f})"


def difference(c):
    d = c["model_against_score"]
    p = f"{d['p']:.3f}" if d["p"] >= 0.001 else f"{d['p']:.0e}"
    return f"{d['difference']:+.3f} ({d['interval'][0]:+.3f} to {d['interval'][1]:+.3f}), p {p}"


def marked(c):
    d = c["model_against_score"]
    text = f"{d['difference']:+.3f} ({d['interval'][0]:+.3f} to {d['interval'][1]:+.3f})"
    return f"**{text}**" if d["p"] < 0.05 else text


def single(o, found, exams):
    """Fused against each single modality, on the exams that have both."""
    both = [r for r in exams if has(r, "mammography") and any(has(r, k) for k in list(KINDS)[1:])]
    shown = {"everything": [], "ultrasound alone": ["mammography"], "mammography alone": list(KINDS)[1:]}
    tables = {}
    for name, hidden in shown.items():
        columns = [c for k in hidden for c in exams[0] if c.startswith(KINDS[k] + "_")]
        for clinical in (True, False):
            path = o.work / "test" / f"single-{len(tables)}.csv"
            write(path, [{**r, **dict.fromkeys(columns + ([] if clinical else CLINICAL), "")} for r in both])
            tables[name, clinical] = path
    what = [("fused, everything", "masked", ("everything", True)), ("fused, all images, no clinical values", "masked", ("everything", False)),
            ("fused, ultrasound and clinical values", "masked", ("ultrasound alone", True)), ("fused, ultrasound alone", "masked", ("ultrasound alone", False)),
            ("fused, mammography and clinical values", "masked", ("mammography alone", True)), ("fused, mammography alone", "masked", ("mammography alone", False)),
            ("stage us, ultrasound alone", "us", ("ultrasound alone", False)), ("stage mg, mammography alone", "mg", ("mammography alone", False))]
    predictions = [predict(o, found[model], tables[key], f"single-{i}") for i, (_, model, key) in enumerate(what)]
    truth = o.work / "test" / "truth.csv"
    ideal = [f"{truth}:posterior_clinical", f"{truth}:posterior_images", f"{truth}:posterior_all"]
    r = evaluate(o, tables["everything", True], predictions[0], predictions[1:] + ideal, "single")
    b = r["binary"]["auc"]
    print(f"\n### Fused against single: {len(both)} test exams that have both modalities\n\n| | AUC (95 %) | fused, everything, less this (paired DeLong) |\n|---|---|---|")
    print(f"| {what[0][0]} | {interval(b['value'], b['interval'])} | |")
    for name, c in zip([w[0] for w in what[1:]] + ["ideal observer, clinical values", "ideal observer, images", "ideal observer, both"], r["comparisons"]):
        print(f"| {name} | {interval(c['auc']['value'], c['auc']['interval'])} | {difference(c)} |")


def patterns(o, found, exams):
    rows = []
    for n in range(1, 5):
        for kinds in itertools.combinations(KINDS, n):
            for clinical in (True, False):
                name = "-".join(KINDS[k] for k in kinds) + ("" if clinical else "-images")
                table = table_of(o, exams, name, kinds, clinical)
                p = {m: predict(o, found[m], table, f"{name}-{m}") for m in FUSED}
                r = evaluate(o, table, p["masked"], [p["unmasked"], p["concat"]], name)
                q = evaluate(o, table, p["both"], [p["both-unmasked"]], name + "-both")
                rows.append((kinds, clinical, r, q))
    text = lambda r: f"{r['binary']['auc']['value']:.3f}"  # noqa: E731
    print("\n### Every set of kinds of view, on all test exams that have it; differences with p < .05 in bold\n\n"
          "| kinds | clinical values | exams | masked | less unmasked | less concat | both modalities: masked | less unmasked |\n|---|---|---|---|---|---|---|---|")
    for kinds, clinical, r, q in rows:
        unmasked, concat = r["comparisons"]
        print("| " + " | ".join([", ".join(kinds), "yes" if clinical else "no", str(unmasked["n"]), text(r), marked(unmasked), marked(concat), text(q),
                                 marked(q["comparisons"][0])]) + " |")
    print()
    for label, pick in (("masked less unmasked", lambda r, q: r["comparisons"][0]), ("token less concat", lambda r, q: r["comparisons"][1]),
                        ("both modalities: masked less unmasked", lambda r, q: q["comparisons"][0])):
        for clinical in (True, False):
            d = [pick(r, q)["model_against_score"] for _, c, r, q in rows if c == clinical]
            print(f"{label}, clinical values {'shown' if clinical else 'hidden'}: mean {sum(x['difference'] for x in d) / len(d):+.4f}, higher in "
                  f"{sum(x['difference'] > 0 for x in d)} of {len(d)} sets, significantly (p < .05) higher in {sum(x['p'] < .05 and x['difference'] > 0 for x in d)}, "
                  f"lower in {sum(x['p'] < .05 and x['difference'] < 0 for x in d)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--test", type=int, default=3000)
    parser.add_argument("--epochs", default="8,16,6")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "ablation")
    o = parser.parse_args()
    o.work.mkdir(parents=True, exist_ok=True)
    cohort(o.work / "train", o.train, 12)
    cohort(o.work / "test", o.test, 11)
    begun = time.time()
    found = models(o)
    exams = read(o.work / "test" / "exams.csv")
    single(o, found, exams)
    patterns(o, found, exams)
    print(f"\n{time.time() - begun:.0f} s without the cohorts")


PROGRAM = os.environ.get("BMUNET", str(ROOT / "build" / "release" / "bmunet"))
if __name__ == "__main__":
    main()
