#!/usr/bin/python3
"""How often is the detector of burned-in text right? Usage: lettering_rates.py BMUNET DATA [--bounds]   (needs Debian's python3-pydicom, -numpy, -pil)

Pictures without text (BrEaST, mini-MIAS, CDD-CESM; seen so) are asked for as they are, and with a line of type drawn on: names, dates and numbers in
DejaVu Sans, Serif, Mono and their condensed and bold forms, 9 to 32 pixels, nine tones, with and without smoothing, shadow, a black banner, JPEG
compression. Each goes into a DICOM file whose one region is the whole picture, through `bmunet deidentify`, and the report tells what was found.
Then the public sets whose pictures may hold text (BUS-BRA, BUSI): of these only how many have some; of 60 found in BUS-BRA, looked at, all 60 had.
--bounds: exit 1 if precision is below 0.99 or recall below 0.95.
"""
import glob
import io
import json
import random
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from deidentify_check import pixels
from deidentify_pictures import make_one, region, save

warnings.filterwarnings("ignore")
FONTS = [f for f in sorted(glob.glob("/usr/share/fonts/truetype/dejavu/*.ttf")) if not any(w in f for w in ("Oblique", "Italic", "Math"))]
WORDS = ["MUELLER, ANNA", "Smith^Jane", "03.05.1961", "ID 4711-0815", "ST. MARY HOSPITAL", "2020-02-29 10:11", "Garcia Lopez M", "DOB 12/31/1977", "KIM SOOJIN",
         "Room 4 Dr. Ruiz", "LEE HJ 45Y F", "Univ. Klinik"]
TONES = [(255, 255, 255), (255, 255, 0), (0, 255, 0), (0, 255, 255), (255, 160, 0), (200, 200, 200), (160, 160, 160), (255, 80, 80), (90, 160, 255)]
CLEAN = {"BrEaST": "BrEaST/case???.png", "mini-MIAS": "mini-MIAS/*.p[gn][mg]", "CDD-CESM": "CDD-CESM/images/*.jpg"}
UNKNOWN = {"BUS-BRA": "BUS-BRA/Images/*.png", "BUSI": "BUSI/*/*).png"}


def with_text(a, rng):
    """The picture with a line of type, or None where it has no room; and the height of the type"""
    im = Image.fromarray(a)
    draw, size = ImageDraw.Draw(im), rng.choice([9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 32])
    font, text, tone = ImageFont.truetype(rng.choice(FONTS), size), rng.choice(WORDS), rng.choice(TONES)
    draw.fontmode = rng.choice("1L")
    right, bottom = draw.textbbox((0, 0), text, font=font)[2:]
    if right > im.width - 4 or bottom > im.height - 4:
        return None, size
    x, y, ground = rng.randint(2, im.width - right - 2), rng.randint(2, im.height - bottom - 2), rng.choice(["plain", "plain", "shadow", "banner"])
    if ground == "banner":
        draw.rectangle([x - 3, y - 2, x + right + 3, y + bottom + 3], fill=(0, 0, 0))
    if ground == "shadow":
        draw.text((x + 1, y + 1), text, font=font, fill=(0, 0, 0))
    draw.text((x, y), text, font=font, fill=tone)
    quality = rng.choice([None, None, 95, 85, 75])
    if quality:
        out = io.BytesIO()
        im.save(out, "JPEG", quality=quality)
        im = Image.open(out).convert("RGB")
    return np.asarray(im), size


def ask(bmunet, pictures):
    """name -> letters found"""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "in"
        folder.mkdir()
        for k, (name, a) in enumerate(pictures.items()):
            ds = make_one(k, "US", "US", [region((0, 0, a.shape[1] - 1, a.shape[0] - 1))], burned="NO")
            pixels(ds, a, 8)
            save(ds, folder / f"{name}.dcm")
        done = subprocess.run([bmunet, "deidentify", str(folder), f"{work}/out", "--keep-burned-in", "--json", f"{work}/r.jsonl"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return {Path(l["path"]).stem: l["letters"] for l in map(json.loads, Path(f"{work}/r.jsonl").read_text().splitlines())}


def main(bmunet, data, bounds):
    rng = random.Random(7)
    tp = fp = fn = 0
    small = [0, 0]
    print("set | pictures without text | found in them | pictures with text | found in them")
    for name, pattern in CLEAN.items():
        files = sorted(glob.glob(f"{data}/{pattern}"))[:150]
        if not files:
            print(f"{name} | not there")
            continue
        plain = {f"n{i}": np.asarray(Image.open(f).convert("RGB")) for i, f in enumerate(files)}
        drawn, sizes = {}, {}
        for key, a in plain.items():
            b, size = with_text(a, rng)
            if b is not None:
                drawn["p" + key], sizes["p" + key] = b, size
        none, some = ask(bmunet, plain), ask(bmunet, drawn)
        wrong, right = sum(v > 0 for v in none.values()), sum(v > 0 for v in some.values())
        small[0] += sum(v > 0 and sizes[k] <= 11 for k, v in some.items())
        small[1] += sum(s <= 11 for s in sizes.values())
        print(f"{name} | {len(none)} | {wrong} | {len(some)} | {right}")
        tp, fp, fn = tp + right, fp + wrong, fn + len(some) - right
    for name, pattern in UNKNOWN.items():
        files = sorted(glob.glob(f"{data}/{pattern}"))[:300]
        if files:
            found = ask(bmunet, {f"u{i}": np.asarray(Image.open(f).convert("RGB")) for i, f in enumerate(files)})
            print(f"{name} | {len(found)} of unknown state | {sum(v > 0 for v in found.values())} | |")
    if not tp:
        print("no set is there")
        return 0
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    print(f"precision {precision:.3f}, recall {recall:.3f}; of type of at most 11 pixels {small[0] / small[1]:.3f}, larger {(tp - small[0]) / (tp + fn - small[1]):.3f}")
    return 1 if bounds and (precision < 0.99 or recall < 0.95) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], "--bounds" in sys.argv))
