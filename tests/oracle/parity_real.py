#!/usr/bin/python3
"""File to probability, twice: by the program, and by Pillow and PyTorch written from docs/MODEL.md. Prints a table and the largest difference.

    parity_real.py --bmunet PROGRAM --model MODEL --checkpoint FILE.bin --network bmu|mg|us --work FOLDER [--exact] TABLE.csv:N ...

From each table (as share/examples/*.sh writes them) N exams are taken, spread over the table, in its order. Exit status 1 if a probability or a
logit (relative to max(1, |logit|)) is off by more than 1e-4 (--exact: 1e-5), or an exam that the oracle can read was refused.
"""
import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
import make_golden  # noqa: E402
import net as oracle  # noqa: E402

COLUMNS = ["mg_cc", "mg_mlo", "us_bmode_trans", "us_bmode_long", "us_doppler_trans", "us_doppler_long", "us_elasto_trans", "us_elasto_long"]
MG, US = (2294, 1280), (224, 224)  # height, width
TOLERANCE = {False: 1e-4, True: 1e-5}  # by --exact

# share/schemas/clinical10.yml, numbers and ordered codes; only `age` occurs in the public sets used here, the rest is missing: 0.
FIELDS = ["age", "bmi", "menopausal", "family_history", "personal_history", "chief_complaint", "symptom_duration", "parity", "hormone_use",
          "breast_density"]


def mammogram(path, network):
    image = Image.open(path)
    if image.mode.startswith("I"):
        grey = image.convert("I")
    else:  # 8 bits where 16 are due: value x 257
        grey = Image.fromarray(np.asarray(image.convert("L")).astype(np.int32) * 257, mode="I")
    grey = grey.resize((MG[1], MG[0]), Image.BILINEAR)
    mean, std = make_golden.MG_NORM[network]
    x = torch.from_numpy(np.asarray(grey).astype(np.float32))[None, None].repeat(1, 3, 1, 1)
    return (x - mean) / std


def ultrasound(path):
    picture = Image.open(path).convert("RGB").resize((US[1], US[0]), Image.BILINEAR)
    return torch.from_numpy(np.asarray(picture).astype(np.float32)).permute(2, 0, 1)[None] / 255


def clinical(row):
    unknown = [f for f in FIELDS if f != "age" and row.get(f)]
    assert not unknown, f"this oracle reads age only, the table has {unknown}"
    return torch.tensor([[float(row.get(f) or 0) for f in FIELDS]])


class Oracle:
    def __init__(self, checkpoint, network):
        self.network = network
        state = torch.load(checkpoint)
        self.net = {"bmu": oracle.Bmu, "mg": oracle.Mg, "us": oracle.Us}[network]()
        self.net.load_state_dict(state)
        self.net.eval()
        slots = {"bmu": range(8), "mg": range(2), "us": range(2, 8)}[network]
        self.black = {make_golden.TOWER[s]: None for s in slots}

    def tower(self, slot, x):
        if self.network == "mg":
            return self.net.backbone(x).flatten(1)
        return getattr(self.net, f"model{make_golden.TOWER[slot]}")(x)

    def features(self, slot, path):
        if path:
            return self.tower(slot, mammogram(path, self.network) if slot < 2 else ultrasound(path))
        number = make_golden.TOWER[slot]
        if self.black.get(number) is None:
            view = torch.empty(1, 3, *(MG if slot < 2 else US))
            self.black[number] = self.tower(slot, make_golden.black(slot, view, self.network))
        return self.black[number]

    @torch.no_grad()
    def logits(self, row, folder):
        """reference: black images for absent views. The parts of net.py's forward() after the trunks are used as they are."""
        slots = {"bmu": range(8), "mg": range(2), "us": range(2, 8)}[self.network]
        rows = []
        for s in slots:
            cell = row.get(COLUMNS[s]) or ""
            rows.append(self.features(s, folder / cell if cell else None))
        table = make_golden.Features(torch.cat(rows))
        index = [torch.tensor([[float(i)]]) for i in range(len(rows))]
        saved = {}
        names = {"mg": ["backbone"], "us": ["model2", "model3", "model4"], "bmu": ["model1", "model2", "model3", "model4"]}[self.network]
        for name in names:
            saved[name] = getattr(self.net, name)
            setattr(self.net, name, table)
        if self.network == "bmu":
            out = self.net(index[:2], index[2:], clinical(row), torch.ones(1, 8, dtype=torch.bool))
        else:
            out = self.net(index)
        for name in names:
            setattr(self.net, name, saved[name])
        return out[0].double()


def pick(path, n):
    with open(path, newline="", encoding="utf-8-sig") as f:
        rows = list(csv.DictReader(f))
    return [rows[i * len(rows) // n] for i in range(min(n, len(rows)))], list(rows[0])


def program(o, rows, header, name):
    table, out = o.work / f"{name}.csv", o.work / f"{name}.jsonl"
    with open(table, "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, header)
        w.writeheader()
        w.writerows(rows)
    command = [o.bmunet, "predict", "--model", o.model, "--exams", table, "--json", out] + (["--exact"] if o.exact else [])
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}: {done.stderr}")
    return {p["exam_id"]: p for p in map(json.loads, out.read_text().splitlines())}


def main():
    p = argparse.ArgumentParser()
    for name in ("bmunet", "model", "checkpoint", "work"):
        p.add_argument("--" + name, type=Path, required=True)
    p.add_argument("--network", choices=["bmu", "mg", "us"], default="bmu")
    p.add_argument("--exact", action="store_true")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("tables", nargs="+")
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    o.work.mkdir(parents=True, exist_ok=True)
    net = Oracle(o.checkpoint, o.network)
    worst, n = 0.0, 0
    print(f"{'exam':<20} {'views':>5} {'tier':>4} {'p(malignant)':>12} {'by PyTorch':>12} {'|dp| max':>10} {'|dlogit|':>10}")
    for item in o.tables:
        path, _, count = item.rpartition(":")
        rows, header = pick(path, int(count))
        ours = program(o, rows, header, Path(path).stem)
        for row in rows:
            want = net.logits(row, Path(path).parent)
            got = ours[row["exam_id"]]
            if got["status"] != "ok":
                sys.exit(f"{row['exam_id']}: status {got['status']}: {got}")
            probability = want.softmax(0).tolist()
            dp = max(abs(a - b) for a, b in zip(got["p"], probability))
            dl = max(abs(a - b) / max(1, abs(b)) for a, b in zip(got["logits"], want.tolist()))
            views = sum(1 for c in COLUMNS if row.get(c))
            if got["tier"] != f"T{1 + int(want.argmax())}":
                sys.exit(f"{row['exam_id']}: tier {got['tier']}, PyTorch's largest is T{1 + int(want.argmax())}")
            print(f"{row['exam_id']:<20} {views:>5} {got['tier']:>4} {sum(got['p'][2:]):>12.8f} {sum(probability[2:]):>12.8f} {dp:>10.2g} "
                  f"{dl:>10.2g}", flush=True)
            worst, n = max(worst, dp, dl), n + 1
    print(f"{n} exams, largest difference {worst:.2g} (allowed {TOLERANCE[o.exact]:g})")
    return n == 0 or not worst <= TOLERANCE[o.exact]


if __name__ == "__main__":
    sys.exit(main())
