#!/usr/bin/python3
"""A cohort of small pictures whose brightness tells the tier, for the tests of training. Usage: make_cohort.py FOLDER [EXAMS]"""
import random
import struct
import sys
import zlib
from pathlib import Path

from make import chunk, header

TIERS = ["T1", "T2", "T3", "T4", "T5"]
ULTRASOUND = ["us_bmode_trans", "us_bmode_long", "us_doppler_trans", "us_elasto_trans"]
COLUMNS = ["exam_id", "patient_id", "side", "mg_cc", "mg_mlo", *ULTRASOUND, "age", "bmi", "tier", "malignant", "center", "split"]


def picture(rng, height, width, tier, colour):
    y0, x0, radius = rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width, 4 + 2 * tier
    raw = bytearray()
    for y in range(height):
        raw.append(0)
        for x in range(width):
            inside = (y - y0) ** 2 + (x - x0) ** 2 < radius * radius
            value = min(255, int(rng.gauss(60, 20)) + (90 + 20 * tier) * inside)
            value = max(0, value)
            raw += bytes((value,) * 3) if colour else struct.pack(">H", value * 257)
    depth, kind = (8, 2) if colour else (16, 0)
    return header(width, height, depth, kind) + chunk(b"IDAT", zlib.compress(bytes(raw), 1)) + chunk(b"IEND", b"")


def main():
    folder, exams = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 48
    rng = random.Random(11)
    rows = []
    for i in range(exams):
        tier = i % 5
        row = dict.fromkeys(COLUMNS, "")
        row.update(exam_id=f"E{i}", patient_id=f"P{i // 2}", side="LR"[i % 2], tier=TIERS[tier], malignant=str(int(tier >= 2)),
                   age=f"{40 + 6 * tier + rng.gauss(0, 6):.1f}", bmi="" if rng.random() < 0.3 else f"{rng.gauss(26, 3):.1f}",
                   center=f"C{i % 3}", split="val" if (i // 2) % 4 == 3 else "train")
        which = i % 3
        for slot in (["mg_cc", "mg_mlo"] if which != 0 else []) + (ULTRASOUND if which != 1 else []):
            if slot.startswith("us_doppler") and rng.random() < 0.5:
                continue
            name = f"E{i}_{slot}.png"
            (folder / name).write_bytes(picture(rng, 64, 48, tier, False) if slot.startswith("mg") else picture(rng, 32, 32, tier, True))
            row[slot] = name
        rows.append(row)
    lines = [",".join(COLUMNS)] + [",".join(row[c] for c in COLUMNS) for row in rows]
    (folder / "exams.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
