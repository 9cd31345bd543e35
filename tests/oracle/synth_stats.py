#!/usr/bin/python3
"""Statistics of synthetic pictures beside those of real ones, as the table of docs/SYNTH.md.

    bmunet synth --patients 60 --seed 7 --size full --format png --out /tmp/cohort
    tests/oracle/synth_stats.py /tmp/cohort [REAL]        # REAL: a folder with BrEaST, BUS-BRA, mini-MIAS, mammo-4view

Mammograms, brought to 0.4 mm per pixel: exponent beta of the power spectrum 1/f^beta of grey levels in squares of 25 mm that lie wholly in
the breast, 0.15 to 0.7 cycles/mm (Burgess's range); percentiles of grey within the breast, as shares of its 99.5th; share of the
picture that is breast. Ultrasound B-mode: in the most uniform tenth of squares of about 3 mm, mean over standard deviation of the envelope
(grey levels taken as 60 dB over 255, for real scanners too, which do not say; so it compares, and is no absolute measure), and the
speckle's width across over its height along the beam; percentiles of grey within the scan.
"""
import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

RANGE_DB = 60.0


def load(path):
    image = Image.open(path)
    a = np.asarray(image if image.mode in ("L", "I", "I;16") else image.convert("L"), dtype=float)
    return a


# --- mammograms ---------------------------------------------------------------------------------------------------------------


def shrink(a, factor):
    h, w = (a.shape[0] // factor) * factor, (a.shape[1] // factor) * factor
    return a[:h, :w].reshape(h // factor, factor, w // factor, factor).mean((1, 3))


def breast(a):
    """The largest part above a low threshold, without labels: rows' and columns' runs would do, but a flood is as short."""
    low = a > 0.04 * np.percentile(a, 99.5)
    small = low[::8, ::8]
    label, best = np.zeros(small.shape, int), (0, 0)
    for start in zip(*np.nonzero(small)):
        if label[start]:
            continue
        number, stack, size = label.max() + 1, [start], 0
        label[start] = number
        while stack:
            y, x = stack.pop()
            size += 1
            for p in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= p[0] < small.shape[0] and 0 <= p[1] < small.shape[1] and small[p] and not label[p]:
                    label[p] = number
                    stack.append(p)
        best = max(best, (size, number))
    mask = np.kron(label == best[1], np.ones((8, 8), bool))
    full = np.zeros(a.shape, bool)
    h, w = min(a.shape[0], mask.shape[0]), min(a.shape[1], mask.shape[1])
    full[:h, :w] = mask[:h, :w]
    return full & low


def spectrum_slope(a, mask, mm, side=64):
    window = np.outer(np.hanning(side), np.hanning(side))
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side, mm), np.fft.fftfreq(side, mm)))
    power, n = np.zeros((side, side)), 0
    for y in range(0, a.shape[0] - side, side // 2):
        for x in range(0, a.shape[1] - side, side // 2):
            if mask[y:y + side, x:x + side].all():
                patch = a[y:y + side, x:x + side]
                power += np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
                n += 1
    if not n:
        return None
    bins = np.geomspace(0.15, 0.7, 9)
    px, py = [], []
    for low, high in zip(bins[:-1], bins[1:]):
        ring = (f >= low) & (f < high)
        if ring.any():
            px.append(np.log(f[ring].mean()))
            py.append(np.log(power[ring].mean()))
    return -np.polyfit(px, py, 1)[0]


def mammograms(name, paths, mm):
    slopes, levels, shares = [], [], []
    for path in paths:
        a = load(path)
        if np.median(a[:, [2, -3]]) > 0.9 * a.max() or a[:, a.shape[1] // 2 :].min() > a.max() / 2:
            a = a.max() - a
        a = shrink(a, max(1, round(0.4 / mm)))
        mask = breast(a)
        if mask.sum() < 5000:
            continue
        slope = spectrum_slope(a, mask, mm * max(1, round(0.4 / mm)))
        slopes += [slope] if slope is not None else []
        inside = a[mask] / np.percentile(a[mask], 99.5)
        levels.append(np.percentile(inside, [5, 25, 50, 75, 95]))
        shares.append(mask.mean())
    if levels:
        print(f"| {name} | {len(levels)} | {np.mean(slopes):.2f} +- {np.std(slopes):.2f} | "
              + " / ".join(f"{v:.2f}" for v in np.mean(levels, 0)) + f" | {np.mean(shares):.2f} |")


# --- ultrasound ---------------------------------------------------------------------------------------------------------------


def width_at_half(c):
    """Where a correlation that starts at 1 falls below one half, in pixels, interpolated."""
    for k in range(1, len(c)):
        if c[k] < 0.5:
            return k - 1 + (c[k - 1] - 0.5) / (c[k - 1] - c[k])
    return float(len(c))


def scan_of(a):
    """The scanned rectangle: rows and columns that are mostly not black."""
    lit = a > 8
    rows, columns = np.nonzero(lit.mean(1) > 0.3)[0], np.nonzero(lit.mean(0) > 0.4)[0]
    return a[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1] if len(rows) and len(columns) else a


def ultrasound(name, paths):
    ratios, aspects, levels = [], [], []
    for path in paths:
        a = scan_of(load(path))
        side = max(16, a.shape[0] // 12)  # about 3 mm of 35
        found = []
        for y in range(side, a.shape[0] - 2 * side, side // 2):
            for x in range(0, a.shape[1] - side, side // 2):
                g = a[y:y + side, x:x + side]
                if 45 < g.mean() < 160 and g.max() < 254:
                    e = 10 ** (g * RANGE_DB / 255 / 20)
                    found.append((e.std() / e.mean(), g))
        if len(found) < 20:
            continue
        found.sort(key=lambda item: item[0])
        best = found[:max(2, len(found) // 10)]
        ratios.append(1 / np.mean([b[0] for b in best]))
        across, along = [], []
        for _, g in best:
            d = g - g.mean()
            across.append(width_at_half([1] + [(d[:, k:] * d[:, :-k]).mean() / (d * d).mean() for k in range(1, side // 2)]))
            along.append(width_at_half([1] + [(d[k:] * d[:-k]).mean() / (d * d).mean() for k in range(1, side // 2)]))
        aspects.append(np.mean(across) / np.mean(along))
        levels.append(np.percentile(a, [5, 25, 50, 75, 95]))
    if levels:
        print(f"| {name} | {len(levels)} | {np.mean(ratios):.2f} +- {np.std(ratios):.2f} | {np.mean(aspects):.2f} | "
              + " / ".join(f"{v:.0f}" for v in np.mean(levels, 0)) + " |")


def main():
    cohort = Path(sys.argv[1])
    real = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with open(cohort / "exams.csv", newline="") as f:
        exams = list(csv.DictReader(f))

    def column(*names):
        return [cohort / row[name] for row in exams for name in names if row.get(name)][:60]

    print("| mammograms | n | beta | 5 / 25 / 50 / 75 / 95 % of grey | breast |\n|---|---|---|---|---|")
    first = column("mg_cc", "mg_mlo")
    mm = 0.1 if first and load(first[0]).shape[0] > 1000 else 0.4
    mammograms("synthetic, CC", column("mg_cc"), mm)
    mammograms("synthetic, MLO", column("mg_mlo"), mm)
    if real:
        mammograms("mini-MIAS, MLO", sorted((real / "mini-MIAS").glob("*.png")), 0.2)
        mammograms("four-view samples, CC and MLO", sorted((real / "mammo-4view").glob("*/**/images/*.png")), 0.1)
    print("\n| B-mode | n | envelope's mean / deviation | width / height of speckle | 5 / 25 / 50 / 75 / 95 % of grey |\n|---|---|---|---|---|")
    ultrasound("synthetic", column("us_bmode_trans", "us_bmode_long"))
    if real:
        tumours = ("_tumor", "_other")
        ultrasound("BrEaST", [p for p in sorted((real / "BrEaST").glob("*.png")) if not any(t in p.stem for t in tumours)][:80])
        ultrasound("BUS-BRA", sorted((real / "BUS-BRA/Images").glob("*.png"))[:80])


if __name__ == "__main__":
    main()
