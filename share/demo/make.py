#!/usr/bin/python3
"""Makes the demo's pictures and its table of exams. Usage: make.py [FOLDER], default: where this file lies.

The pictures are drawn phantoms: a breast outline, textured tissue, one lesion. No patient, no scanner. They have the kinds of files that
the network takes (16-bit grey mammograms, 8-bit ultrasound, colour Doppler and elastography) and nothing else of medicine.
Needs Debian's python3-numpy and python3-pil. The same seed gives the same pictures.
"""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

MG_HEIGHT, MG_WIDTH = 1000, 560
US_HEIGHT, US_WIDTH = 300, 400


def smooth_noise(rng, height, width, cells):
    """Noise between 0 and 1 with about `cells` blobs along the longer side, drawn by enlarging a coarse grid."""
    scale = cells / max(height, width)
    coarse = rng.random((max(2, int(height * scale)), max(2, int(width * scale)))).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))


def grid(height, width):
    return np.mgrid[0:height, 0:width].astype(np.float32)


def soft(distance, width):
    """1 inside (negative distance), 0 outside, a soft edge between."""
    return 1 / (1 + np.exp(np.clip(distance / width, -30, 30)))


def lesion_edge(y, x, centre, radii, roughness, phase):
    """Below 0 inside an ellipse whose edge is wavy (roughness 0: smooth)."""
    dy, dx = (y - centre[0]) / radii[0], (x - centre[1]) / radii[1]
    angle = np.arctan2(dy, dx)
    wave = np.sin(7 * angle + phase) + 0.6 * np.sin(13 * angle + 2 * phase)
    return np.hypot(dy, dx) - 1 - roughness * wave


def mammogram(rng, oblique, rough):
    """16-bit grey: the breast at the left edge, bright dense tissue, in MLO the pectoral muscle in the upper corner."""
    y, x = grid(MG_HEIGHT, MG_WIDTH)
    middle, reach = (560 if oblique else 500), 470
    outline = np.hypot((y - middle) / 440, x / reach) - 1
    inside = soft(outline, 0.015)
    fat = 0.30 + 0.10 * smooth_noise(rng, MG_HEIGHT, MG_WIDTH, 14)
    dense = soft(np.hypot((y - middle) / 300, (x - 190) / 210) - 1, 0.14)
    gland = dense * (0.18 + 0.40 * smooth_noise(rng, MG_HEIGHT, MG_WIDTH, 34) * smooth_noise(rng, MG_HEIGHT, MG_WIDTH, 90))
    tissue = fat + gland
    if oblique:
        tissue = np.maximum(tissue, 0.72 * soft((x - (210 - 0.42 * y)) / 40, 0.25))
    centre = (middle - 90, 215) if oblique else (middle + 60, 240)
    edge = lesion_edge(y, x, centre, (48, 40), 0.10 if rough else 0.01, rng.random() * 6)
    tissue = tissue + 0.30 * soft(edge, 0.10 if rough else 0.05)
    thin = 0.55 + 0.45 * soft(outline + 0.12, 0.05)  # the skin line is thinner tissue
    picture = inside * tissue * thin + 0.004 * rng.standard_normal((MG_HEIGHT, MG_WIDTH)) * inside
    levels = np.clip(picture * 60000, 0, 65535) // 512 * 512  # few levels: small files
    return Image.fromarray(levels.astype(np.uint16))


def bmode_field(rng, rough, long_view):
    """Speckle, layers, and one dark lesion; between 0 and 1. Also the lesion's edge distance."""
    y, x = grid(US_HEIGHT, US_WIDTH)
    layers = 0.42 + 0.13 * np.sin(y / 26 + 2 * smooth_noise(rng, US_HEIGHT, US_WIDTH, 8)) + 0.25 * np.exp(-y / 14)
    centre = (140, 205) if long_view else (130, 190)
    radii = (46, 82) if long_view and not rough else (52, 60) if rough else (40, 70)
    edge = lesion_edge(y, x, centre, radii, 0.07 if rough else 0.008, rng.random() * 6)
    inside = soft(edge, 0.06)
    field = layers * (1 - 0.82 * inside)
    below = soft((np.abs(x - centre[1]) - radii[1] * 0.8) / 12, 1.0) * (y > centre[0] + radii[0])
    field = field * (1 + (-0.5 if rough else 0.45) * below)  # shadow, or enhancement
    speckle = smooth_noise(rng, US_HEIGHT, US_WIDTH, 130) * smooth_noise(rng, US_HEIGHT, US_WIDTH, 200)
    return np.clip(field * (0.5 + 1.3 * speckle), 0, 1), edge


def grey(field):
    return (np.clip(field * 255, 0, 255) // 12 * 12).astype(np.uint8)


def bmode(rng, rough, long_view):
    field, _ = bmode_field(rng, rough, long_view)
    return Image.fromarray(grey(field))


def doppler(rng, rough, long_view):
    """B-mode with red and blue vessels: some at the edge, or many into the lesion."""
    field, edge = bmode_field(rng, rough, long_view)
    rgb = np.repeat(grey(field)[:, :, None], 3, axis=2)
    band = np.abs(edge - (0.0 if rough else 0.25)) < (0.22 if rough else 0.06)
    flow = smooth_noise(rng, US_HEIGHT, US_WIDTH, 26)
    strength = (smooth_noise(rng, US_HEIGHT, US_WIDTH, 40) * 12).astype(np.uint8) * 8
    for where, channel in ((band & (flow > (0.60 if rough else 0.66)), 0), (band & (flow < (0.34 if rough else 0.28)), 2)):
        rgb[where] = 0
        rgb[where, channel] = 150 + strength[where]
    return Image.fromarray(rgb)


def elastography(rng, rough, long_view):
    """B-mode under a colour map of stiffness: blue stiff, green middle, red soft."""
    field, edge = bmode_field(rng, rough, long_view)
    stiff = soft(edge - (0.15 if rough else -0.05), 0.18) * (0.95 if rough else 0.45)
    stiff = np.clip(stiff + 0.30 * (smooth_noise(rng, US_HEIGHT, US_WIDTH, 12) - 0.4), 0, 1)
    stiff = np.floor(stiff * 24) / 24
    colour = np.stack([np.clip(1.5 - 3 * stiff, 0, 1), np.clip(1 - np.abs(2 * stiff - 0.9), 0, 1), np.clip(3 * stiff - 1.3, 0, 1)], axis=2)
    rgb = grey(field)[:, :, None] * 0.55 + colour * 110
    return Image.fromarray((rgb // 10 * 10).astype(np.uint8))


def save(folder, name, picture):
    picture.save(folder / name, optimize=True)
    return name


def views(folder, seed, prefix, rough, kinds):
    """The pictures of one phantom, as a row's cells."""
    makers = {"mg": mammogram, "bmode": bmode, "doppler": doppler, "elasto": elastography}
    cells = {}
    for kind in kinds:
        for second, view in enumerate(("cc", "mlo") if kind == "mg" else ("trans", "long")):
            rng = np.random.default_rng([seed, len(kind), ord(kind[0]), second])
            slot = f"mg_{view}" if kind == "mg" else f"us_{kind}_{view}"
            cells[slot] = save(folder, f"{prefix}_{slot}.png", makers[kind](rng, bool(second), rough) if kind == "mg"
                               else makers[kind](rng, rough, bool(second)))
    return cells


SLOTS = ["mg_cc", "mg_mlo", "us_bmode_trans", "us_bmode_long", "us_doppler_trans", "us_doppler_long", "us_elasto_trans", "us_elasto_long"]
CLINICAL = ["age", "bmi", "menopausal", "family_history", "chief_complaint", "breast_density"]


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    folder.mkdir(parents=True, exist_ok=True)
    oval = views(folder, 1, "oval", False, ["mg", "bmode", "doppler", "elasto"])
    rough = views(folder, 2, "rough", True, ["mg", "bmode", "doppler", "elasto"])
    whole = (folder / rough["us_bmode_long"]).read_bytes()
    (folder / "cut_us_bmode_long.png").write_bytes(whole[: len(whole) // 3])
    us = {s: v for s, v in rough.items() if s.startswith("us_")}
    exams = [
        ("phantom-1-all-views", "L", oval, ["44", "23.5", "pre", "none", "lump", "c"]),
        ("phantom-2-ultrasound", "R", us, ["61", "31.2", "post", "first degree", "lump", ""]),
        ("phantom-3-mammography", "R", {s: rough[s] for s in SLOTS[:2]}, ["61", "31.2", "post", "first degree", "none", "b"]),
        ("phantom-4-bmode-only", "L", {s: oval[s] for s in SLOTS[2:4]}, ["", "", "", "", "", ""]),
        ("phantom-5-damaged-file", "R", {SLOTS[2]: rough[SLOTS[2]], SLOTS[3]: "cut_us_bmode_long.png"}, ["52", "", "peri", "unknown", "pain", ""]),
        ("phantom-6-cc-and-doppler", "L", {s: oval[s] for s in ("mg_cc", "us_doppler_trans", "us_doppler_long")}, ["44", "", "", "", "", ""]),
    ]
    with open(folder / "exams.csv", "w", encoding="utf-8") as out:
        print(",".join(["exam_id", "side", *SLOTS, *CLINICAL]), file=out)
        for exam, side, cells, clinical in exams:
            print(",".join([exam, side, *(cells.get(s, "") for s in SLOTS), *clinical]), file=out)


if __name__ == "__main__":
    main()
