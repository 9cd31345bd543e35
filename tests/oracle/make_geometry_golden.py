#!/usr/bin/python3
"""Writes tests/golden/geometry.json: 1,000 pictures (as numbers from which both sides make the same pixels), each with a place that a person
marked, and where that place has to be found: in the tensor, and in the tensor once it was moved. Run from the root of the repository.

Preparation is tests/oracle/prep_oracle.py (written from docs/PREP.md), run on pictures of coordinates: the pixel that holds the marked
column and row is looked for in the padded crop. Moving is done on points by matrices, forwards, where the C code knows the inverse; the
spline is built by the recursion of Cox and de Boor.
"""
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import prep_oracle as P  # noqa: E402
from pydicom.dataset import Dataset  # noqa: E402

CASES = 1000
rng = np.random.default_rng(20261129)


def grain(x, y):
    with np.errstate(over="ignore"):
        h = x.astype(np.uint32) * np.uint32(0x9E3779B1) ^ y.astype(np.uint32) * np.uint32(0x85EBCA77)
        h = (h ^ h >> np.uint32(15)) * np.uint32(0x2C1B3C6D)
        return ((h ^ h >> np.uint32(12)) >> np.uint32(16)).astype(np.int64)


def mammogram(c):
    """12 bits: half an ellipse on the chest wall's side, which begins `wall` pixels from the border."""
    y, x = np.mgrid[0:c["height"], 0:c["width"]]
    from_wall = (c["width"] - 1 - x if c["right"] else x) - c["wall"]
    rx2, ry2, dy = c["rx"] ** 2, c["ry"] ** 2, y - c["cy"]
    q = rx2 * ry2 - from_wall ** 2 * ry2 - dy ** 2 * rx2
    inside = (q > 0) & (from_wall >= 0)
    return np.where(inside, 900 + 2000 * np.maximum(q, 0) // (rx2 * ry2) + grain(x, y) % 128, grain(x, y) % 16)


def ultrasound(c):
    """8 bits: noise in a box, black around it."""
    y, x = np.mgrid[0:c["height"], 0:c["width"]]
    b = c["box"]
    inside = (x >= b[0]) & (x < b[2]) & (y >= b[1]) & (y < b[3])
    return np.where(inside, 40 + grain(x, y) % 160, 0)


def letters(c):
    """Patient Orientation of a left or right breast, upside down or not, mirrored or not."""
    anterior_right = not c["right"]  # the chest wall left: rows run to A
    row = "A" if anterior_right else "P"
    medial, lateral = ("R", "L") if c["side"] == "L" else ("L", "R")
    if c["slot"] == "mg_mlo":
        return row, ("H" + lateral if c["upside_down"] else "F" + medial)
    return row, (lateral if c["upside_down"] else medial)


def dataset(c):
    ds = Dataset()
    ds.Modality, ds.PhotometricInterpretation, ds.BitsStored, ds.PixelRepresentation = "MG", c["photometric"], 12, 0
    ds.PresentationIntentType, ds.ImageLaterality, ds.ViewPosition = "FOR PRESENTATION", c["side"], c["slot"][3:].upper()
    ds.PatientOrientation, ds.SOPClassUID = list(letters(c)), "1.2.840.10008.5.1.4.1.1.1.2"
    return ds


def find(picture_x, picture_y, x, y):
    at = np.argwhere((picture_x == x + 1) & (picture_y == y + 1))  # + 1: padding is 0
    return None if len(at) != 1 else (int(at[0][1]), int(at[0][0]))


def resized(at, size, target):
    """Edges to edges."""
    return [(at[0] + 0.5) * target[1] / size[1] - 0.5, (at[1] + 0.5) * target[0] / size[0] - 0.5]


def place_mg(c, samples, x, y):
    g = P.grey(dataset(c), samples, 16, ())
    side, flip = P.orientation(dataset(c), c["slot"], c["side"])
    h, w = g.shape
    f = (max(w, h) + 255) // 256
    cells = P.cells_of(g, f)
    P.check_cells(cells)
    m4, wall = P.breast(cells)
    P.need(side in (None, wall), "SIDE_IMAGE")
    ys, xs = np.nonzero(m4.any(1))[0], np.nonzero(m4.any(0))[0]
    box = [int(xs[0]) * f, int(ys[0]) * f, min(w, (int(xs[-1]) + 1) * f), min(h, (int(ys[-1]) + 1) * f)]
    grid_y, grid_x = np.mgrid[0:h, 0:w] + 1
    parts = []
    for grid in (grid_x, grid_y):
        crop = grid[box[1]:box[3], box[0]:box[2]]
        crop = crop[:, ::-1] if wall == "right" else crop
        parts.append(P.padded(crop[::-1] if flip else crop, c["target"], False))
    P.check_sizes(parts[0], c["target"])
    at = find(*parts, x, y)
    return box, at and resized(at, parts[0].shape, c["target"])


def place_us(c, samples, x, y):
    rgb = np.repeat(samples[..., None], 3, 2)
    most = rgb.max(2)
    b = P.the_pane("bmode", P.panes_by_sight(most > 8), np.zeros(most.shape, bool), False)
    grid_y, grid_x = np.mgrid[0:c["height"], 0:c["width"]] + 1
    parts = [P.padded(grid[b[1]:b[3], b[0]:b[2]], c["target"], True) for grid in (grid_x, grid_y)]
    at = find(*parts, x, y)
    return [int(v) for v in b], at and resized(at, parts[0].shape, c["target"])


def moved(point, c):
    """Shift, mirror, turn clockwise and enlarge about the centre: what happens to a point."""
    m, (h, w) = c["motion"], c["target"]
    centre = np.array([(w - 1) / 2, (h - 1) / 2])
    v = np.array(point) + [m["right"], m["down"]] - centre
    v *= [-1 if m["mirror_x"] else 1, -1 if m["mirror_y"] else 1]
    a = np.radians(m["degrees"])
    v = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ v * m["scale"]
    return (v + centre).tolist()


def basis(i, degree, t):
    """Cox and de Boor over whole knots."""
    if degree == 0:
        return 1.0 if i <= t < i + 1 else 0.0
    return (t - i) / degree * basis(i, degree - 1, t) + (i + degree + 1 - t) / degree * basis(i + 1, degree - 1, t)


def displacement(c, at):
    (columns, rows), (h, w) = c["field"], c["target"]
    n = np.arange(2 * (rows + 3) * (columns + 3))
    control = ((grain(n, np.full_like(n, c["mark"][0])) % 257 - 128) / 64).reshape(rows + 3, columns + 3, 2)  # exact in float32
    u, v = (at[0] + 0.5) * columns / w, (at[1] + 0.5) * rows / h
    wx = [basis(i - 3, 3, u) for i in range(columns + 3)]
    wy = [basis(j - 3, 3, v) for j in range(rows + 3)]
    return np.einsum("j,i,jik->k", wy, wx, control).tolist()


def draw(i):
    c = {"slot": "us_bmode_trans" if i % 5 == 4 else ("mg_cc", "mg_mlo")[i % 2], "width": int(rng.integers(100, 220)), "height": int(rng.integers(140, 300))}
    c["target"] = [int(rng.integers(40, 140)), int(rng.integers(40, 100))]
    if c["slot"].startswith("mg"):
        c["photometric"] = f"MONOCHROME{rng.integers(1, 3)}"
        c["side"], c["upside_down"], c["right"] = "LR"[rng.integers(2)], bool(rng.integers(2)), False
        mirrored = c["slot"] == "mg_mlo" and bool(rng.integers(2))
        standard_right = c["side"] == "R"
        c["right"] = standard_right != mirrored
        if c["slot"] == "mg_cc" and c["upside_down"] and c["right"] != standard_right:
            c["right"] = standard_right
        c["wall"] = int(rng.integers(0, 12))
        c["rx"], c["ry"] = int(c["width"] * rng.uniform(.45, .75)), int(c["height"] * rng.uniform(.25, .42))
        c["cy"] = int(c["height"] * rng.uniform(.45, .55))
        a, r = rng.uniform(-1.2, 1.2), rng.uniform(.1, .75)
        from_wall, y = int(c["wall"] + c["rx"] * r * np.cos(a)), int(c["cy"] + c["ry"] * r * np.sin(a))
        x = c["width"] - 1 - from_wall if c["right"] else from_wall
    else:
        b = [int(rng.integers(0, 15)), int(rng.integers(0, 30)), c["width"] - int(rng.integers(0, 15)), c["height"] - int(rng.integers(0, 40))]
        c["box"] = b
        x, y = int(rng.integers(b[0] + 8, b[2] - 8)), int(rng.integers(b[1] + 8, b[3] - 8))
    c["mark"] = [x, y]
    c["motion"] = {"right": int(rng.integers(-6, 7)), "down": int(rng.integers(-6, 7)), "mirror_x": int(rng.integers(2)), "mirror_y": int(rng.integers(2)),
                   "degrees": round(float(rng.uniform(-180, 180)), 3), "scale": round(float(rng.uniform(.8, 1.25)), 3)}
    c["field"] = [int(rng.integers(1, 5)), int(rng.integers(1, 5))]
    c["probe"] = [round(float(rng.uniform(0, c["target"][1] - 1.001)), 3), round(float(rng.uniform(0, c["target"][0] - 1.001)), 3)]
    return c


def main():
    cases = []
    while len(cases) < CASES:
        c = draw(len(cases))
        mg = c["slot"].startswith("mg")
        samples = mammogram(c) if mg else ultrasound(c)
        if mg and c["photometric"] == "MONOCHROME1":
            samples = 4095 - samples
        try:
            c["kept"], c["tensor"] = (place_mg if mg else place_us)(c, samples, *c["mark"])
        except P.Refused as refused:
            print("drawn again:", refused.args[0])
            continue
        if mg:
            c["orientation"] = list(letters(c))
        if c["tensor"] is None:
            continue
        c["tensor"] = [round(v, 6) for v in c["tensor"]]
        c["moved"] = [round(v, 6) for v in moved(c["tensor"], c)]
        c["displacement"] = [round(v, 6) for v in displacement(c, c["probe"])]
        cases.append(c)
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    Path("tests/golden/geometry.json").write_text(text)
    print(len(cases), "cases,", sum(c["slot"] == "us_bmode_trans" for c in cases), "ultrasound")


main()
