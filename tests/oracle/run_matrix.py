#!/usr/bin/python3
"""bmunet prep over the matrix and over mixed-up exams, held against the oracle. Usage: run_matrix.py BMUNET [--slice] [--keep FOLDER] [--only matrix|mixups]

--slice: about 150 files of the matrix and 60 exams, for every day. Exit status 0: every tensor has the hash that the oracle found, every refusal has its code.
One silent difference is a failure.
"""
import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def make(script, folder, *arguments):
    done = subprocess.run(["/usr/bin/python3", str(HERE / script), str(folder), *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr[-3000:]}")
    print(done.stdout.strip())


def prep(o, folder, table="exams.csv"):
    started = time.perf_counter()
    done = subprocess.run([o.bmunet, "prep", "--profile", "canonical-v1", "--small", "--exams", str(folder / table), "--json", str(folder / "prep.jsonl"),
                           "--vendors", str(folder / "vendors") if (folder / "vendors").exists() else ""],
                          capture_output=True, text=True)
    if done.returncode not in (0, 2) or "Sanitizer" in done.stderr or "runtime error:" in done.stderr:
        sys.exit(f"bmunet prep: exit status {done.returncode}\n{done.stderr[-3000:]}")
    lines = [json.loads(line) for line in (folder / "prep.jsonl").read_text().splitlines()]
    print(f"prepared {len(lines)} exams in {time.perf_counter() - started:.1f} s")
    return {line["exam_id"]: line for line in lines}


def report(what, wrong, n):
    kinds = collections.Counter(kind for kind, _ in wrong)
    shown = collections.Counter()
    for kind, sentence in wrong:
        shown[kind] += 1
        if shown[kind] <= 3:
            print(f"  {kind}: {sentence}")
    print(f"{what}: {n} cases, {len(wrong)} wrong" + (f" ({', '.join(f'{k} {v}' for k, v in kinds.most_common())})" if wrong else ""))
    return len(wrong)


def matrix(o, folder):
    make("make_matrix.py", folder, *(["--part", "3/20"] if o.slice else []))
    got, expected, wrong = prep(o, folder), json.loads((folder / "expected.json").read_text()), []
    if got.keys() != expected.keys():
        sys.exit("prep lost exams, or found some")
    for name, want in expected.items():
        line = got[name]
        given = next(i for i in line["inputs"] if i["slot"] == want["slot"])
        sentence = f"{name} ({want['slot']}, {want['what']}): {given['status']} {given['code']}, {given['note']}"
        if "tensor" in want and given["status"] != "used":
            wrong.append((f"refused with {given['code']}", sentence))
        elif "tensor" in want and given["tensor_sha256"] != want["tensor"]:
            wrong.append(("another tensor", sentence))
        elif "code" in want and given["status"] == "used":
            wrong.append((f"taken, not {'/'.join(want['code'])}", sentence))
        elif "code" in want and (given["code"] not in want["code"] or line["code"] != given["code"]):
            wrong.append((f"{given['code']}, not {'/'.join(want['code'])}", sentence))
    return report("matrix", wrong, len(expected))


def rows(o, folder):
    wrong, n = [], 0
    for name, expected in json.loads((folder / "rows.json").read_text()).items():
        got = prep(o, folder, f"rows_{name}.csv")
        n += len(expected)
        wrong += [(f"{got[e]['code']}, not {code}", f"{name}, {e}: {got[e]['reason']}") for e, code in expected.items() if got[e]["code"] != code]
    return report("rows", wrong, n)


def mixups(o, folder):
    failures = 0
    for seed, (clean, mixed) in ((1, (50, 500)), (2, (12, 60))) if not o.slice else ((1, (24, 40)),):
        here = folder / str(seed)
        make("make_mixups.py", here, "--seed", str(seed), "--clean", str(clean), "--mixups", str(mixed))
        got, expected, wrong = prep(o, here), json.loads((here / "expected.json").read_text()), []
        for name, want in expected.items():
            if got[name]["code"] != want["code"]:
                wrong.append((f"{got[name]['code']}, not {want['code']}", f"{name} ({want['what']}): {got[name]['reason']}"))
        failures += report("mix-ups", wrong, len(expected))
        failures += rows(o, here) if seed == 1 else 0
    return failures


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bmunet")
    p.add_argument("--slice", action="store_true")
    p.add_argument("--keep", type=Path)
    p.add_argument("--only", choices=["matrix", "mixups"])
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = o.keep or Path(work)
        failures = sum(run(o, folder / run.__name__) for run in (matrix, mixups) if o.only in (None, run.__name__))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
