#!/usr/bin/python3
"""./dev bench decode: a hospital's mammogram from bytes to the network's input, against Python doing the same. Usage: decode.py [--runs 5] [--rounds 3] [--no-save]

The file is made here: 2560 x 3328, 12 bits, JPEG Lossless (process 14, selection value 1), a breast of power-law noise on air. Ours is `bmunet prep` (read, decode in
its sandboxed child, canonical-v1, all hashes), the peer bench/peer_decode.py (pydicom with GDCM, numpy, Pillow; no hashes). Both give the same tensor,
or this fails. The two alternate; what counts is the median over the rounds of the medians over the runs, after one run each to warm up. Processor time (ours: both
processes, start and end included) is shown beside it: on a busy machine it says more.
"""
import argparse
import csv
import datetime
import json
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from round import BENCH, BMUNET, machine

sys.path.insert(0, str(BENCH.parent / "tests/oracle"))
from dicom_make import LOSSLESS_70, MG_PRESENTATION, new_dataset, put, store  # noqa: E402

WIDTH, HEIGHT, BITS, GOAL = 2560, 3328, 12, 2.0


def power_law(shape, exponent, seed):
    """Noise whose power falls as frequency^-exponent (about 3 in mammograms), mean 0, deviation 1."""
    rng = np.random.RandomState(seed)
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * frequency ** (-exponent / 2)
    spectrum[0, 0] = 0
    a = np.fft.irfft2(spectrum, shape)
    return a / a.std()


def mammogram():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    inside = np.clip(1 - (x / (0.72 * WIDTH)) ** 2 - ((y - 0.5 * HEIGHT) / (0.43 * HEIGHT)) ** 2, 0, None)
    tissue = 900 + 1700 * inside**0.3 + 330 * power_law((HEIGHT, WIDTH), 3, 1)
    quantum = np.random.RandomState(2).standard_normal((HEIGHT, WIDTH))
    v = np.where(inside > 0, tissue + 18 * quantum, 40 + 3 * quantum)
    return np.clip(np.rint(v), 0, 2**BITS - 1).astype(np.uint16)


def make_file(path):
    ds = new_dataset(MG_PRESENTATION, "bench")
    put(ds, Modality="MG", PresentationIntentType="FOR PRESENTATION", ImageType=["DERIVED", "PRIMARY"], Manufacturer="Acme", BodyPartExamined="BREAST",
        ImageLaterality="L", ViewPosition="CC", Rows=HEIGHT, Columns=WIDTH, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", BitsAllocated=16,
        BitsStored=BITS, HighBit=BITS - 1, PixelRepresentation=0, WindowCenter="2000", WindowWidth="3600", PixelPaddingValue=None)
    ds.PixelData = mammogram().tobytes()
    ds["PixelData"].VR = "OW"
    store(path, ds, LOSSLESS_70)


def children():
    """Processor seconds of all children that have ended, and of theirs."""
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def ours(o):
    table, out = o.work / "decode.csv", o.work / "decode.jsonl"
    with open(table, "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([["exam_id", "side", "mg_cc"], *[[f"run{i}", "L", "decode.dcm"] for i in range(o.runs + 1)]])
    before = children()
    done = subprocess.run([BMUNET, "prep", "--profile", "canonical-v1", "--vendors", "", "--exams", str(table), "--json", str(out)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bmunet prep: {done.stderr or out.read_text()[:600]}")
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    return {"seconds": [sum(line["times_ms"].values()) / 1e3 for line in lines[1:]], "processor_s": (children() - before) / len(lines), "tensor_sha256": lines[0]["inputs"][0]["tensor_sha256"],
            "version": lines[0]["code_version"]}


def peer(o):
    done = subprocess.run(["/usr/bin/python3", str(BENCH / "peer_decode.py"), str(o.work / "decode.dcm"), "mg_cc", "L", str(o.runs)], capture_output=True, text=True,
                          env=dict(os.environ, OMP_NUM_THREADS="1"))
    if done.returncode:
        sys.exit(f"the peer failed: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--work", type=Path, default=Path("build/bench"))
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--no-save", action="store_true")
    o = p.parse_args()
    o.work.mkdir(parents=True, exist_ok=True)
    host = machine()
    print(f"{host['cpu']}, {host['processors']} processors, load {host['load_average']:.2f}")
    make_file(o.work / "decode.dcm")
    results = {name: {"medians_s": [], "processors_s": []} for name in ("bmunet", "python")}
    for turn in range(o.rounds):
        for name, run in (("bmunet", ours), ("python", peer)):
            got = run(o)
            results[name]["medians_s"].append(statistics.median(got["seconds"]))
            results[name]["processors_s"].append(got["processor_s"])
            results[name].update({k: got[k] for k in ("tensor_sha256", "version")})
            print(f"round {turn + 1} of {o.rounds}: {name} {results[name]['medians_s'][-1]:.3f} s", file=sys.stderr, flush=True)
    if results["bmunet"]["tensor_sha256"] != results["python"]["tensor_sha256"]:
        sys.exit("the two do not give the same tensor: nothing was compared")
    for r in results.values():
        r["median_s"], r["processor_s"] = statistics.median(r["medians_s"]), statistics.median(r["processors_s"])
    ratio = results["python"]["median_s"] / results["bmunet"]["median_s"]
    print(f"\nOne mammogram {WIDTH}x{HEIGHT}, {BITS} bits, JPEG Lossless, {(o.work / 'decode.dcm').stat().st_size / 1e6:.1f} MB, to the tensor of canonical-v1; the same "
          f"tensor from both\n\n{'':<8} {'s':>7} {'processor s':>12}")
    for name, r in results.items():
        print(f"{name:<8} {r['median_s']:>7.3f} {r['processor_s']:>12.3f}  {r['version']}")
    print(f"\nbmunet against python: {ratio:.2f} x faster, goal {GOAL} x: {'met' if ratio >= GOAL else 'MISSED'}")
    if not o.no_save:
        record = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "race": "decode", "machine": host, "runs": o.runs,
                  "rounds": o.rounds, "results": results, "ratio": ratio, "goal": GOAL, "met": ratio >= GOAL}
        path = BENCH / "results" / f"{record['date'][:10]}-decode-{re.sub(r'[^a-z0-9]+', '-', host['cpu'].lower()).strip('-')}.json"
        path.write_text(json.dumps(record, indent=1) + "\n")
        print(f"\nwritten: {path}")


if __name__ == "__main__":
    main()
