"""Odd pictures and odd tags, drawn at random: what becomes of them only the oracle knows. Sizes from 60 to 700 (several pixels to a cell, cells cut at the edge), labels,
film edges, margins, breasts cut off; orientations, windows, LUTs, regions of all kinds."""
import numpy as np

from dicom_make import EXPLICIT, breast, lut_item, noise, put, quantise
from matrix_cases import heat, mg_dataset, region_item, us_dataset
from pydicom.sequence import Sequence

LETTERS = ["A", "P", "R", "L", "F", "H", "FR", "HL", "FL", "HR", "AF", "PH", "FRL", "AR", "RF", "X", ""]


def odd_breast(rng, side, view):
    h, w = int(rng.randint(60, 700)), int(rng.randint(60, 560))
    p = breast("L", view, h, w, int(rng.randint(1 << 30)))
    p = np.where(p > 0, p ** rng.uniform(0.5, 2) * rng.uniform(0.2, 1), 0)
    what = rng.randint(8)
    if what == 1:  # a label beyond the breast
        y, x = int(h * 0.04), int(w * 0.8)
        p[y:y + max(2, h // 20), x:x + max(3, w // 8)] = 1
    elif what == 2:  # a film's dark frame around it
        p = np.pad(p, ((h // 20, h // 17), (w // 15, w // 30)))
    elif what == 3:  # a bright film edge along the top
        p[:max(1, h // 100)] = 0.9
    elif what == 4:  # background that is not black
        p = np.where(p > 0, p, 0.06 + 0.02 * noise(p.shape, int(rng.randint(1 << 30)), 0))
    elif what == 5:  # the upper part cut off
        p = p[h // 4:]
    elif what == 6:  # a ragged outline
        p = np.where(noise(p.shape, int(rng.randint(1 << 30)), 6) > 0.35, p, 0)
    elif what == 7:  # much of it white
        p = np.where(p > rng.uniform(0.2, 0.8), 1.0, p)
    if rng.rand() < 0.1:
        side = "R" if side == "L" else "L"
    return p if side == "L" else p[:, ::-1]


def odd_mg(i):
    """(slot, claim, data set, samples)"""
    rng = np.random.RandomState(70000 + i)
    pick = lambda *choices: choices[rng.randint(len(choices))]
    side, view = pick("L", "R"), pick("CC", "MLO")
    bits = pick((8, 8, 7), (16, 10, 9), (16, 12, 11), (16, 16, 15))
    c = {"side": side, "view": view, "side_said": pick("image", "series", "nowhere", "table"), "view_said": pick("position", "nowhere", "both"),
         "photometric": pick("MONOCHROME2", "MONOCHROME1"), "bits": bits, "signed": bool(rng.randint(2)), "junk": 0, "padding": pick("none", "value", "range"),
         "modality": pick("none", "scale", "negative"), "voi": pick("none", "linear", "narrow", "exact", "sigmoid", "lut"), "shape": pick("absent", "present"),
         "orientation": "absent", "vendor": "Acme", "remarks": False, "picture": odd_breast(rng, side, view)}
    ds, samples = mg_dataset(c, f"odd {i}", i)
    what = rng.randint(5)
    if what == 0:
        ds.PatientOrientation = [pick(*LETTERS[:4], "AL", "PF", "H"), pick(*LETTERS)]
    elif what == 1 and "WindowWidth" in ds:
        put(ds, WindowWidth=str(pick(0, 0.5, 1, 1.5, 2, 1000)), VOILUTFunction=pick("LINEAR", "LINEAR_EXACT", "SIGMOID", None))
    elif what == 2:
        n = int(rng.randint(1, 5000))
        first = int(rng.randint(-2000, 3000)) if c["signed"] else int(rng.randint(0, 3000))
        depth = pick(8, 10, 12, 14, 16)
        ds.VOILUTSequence = Sequence([lut_item(first, depth, rng.randint(0, 2**depth, n), c["signed"])])
    elif what == 3:
        put(ds, ImageLaterality=pick("L", "R", "B", "U", ""), ViewPosition=pick("CC", "MLO", "ML", "", "XYZ"))
    return f"mg_{view.lower()}", pick(side, ""), ds, samples


def odd_region(rng, w, h):
    x0, y0 = int(rng.randint(-5, w)), int(rng.randint(-5, h))
    x0, y0 = max(x0, 0), max(y0, 0)
    r = region_item([x0, y0, int(rng.randint(x0 - 3 if x0 > 3 else 0, w + 30)), int(rng.randint(y0 - 3 if y0 > 3 else 0, h + 30)), int(rng.choice([1, 1, 2, 2, 3, 5]))])
    r.RegionSpatialFormat = int(rng.choice([1, 1, 1, 1, 2, 3]))
    return r


def odd_us(i):
    rng = np.random.RandomState(80000 + i)
    pick = lambda *choices: choices[rng.randint(len(choices))]
    h, w = int(rng.randint(60, 500)), int(rng.randint(60, 700))
    rgb = np.zeros((h, w, 3))
    boxes = []
    cut = int(w * rng.uniform(0.35, 0.65))
    for x0, x1 in pick([(0, w)], [(0, cut), (cut, w)], [(0, w // 3), (w // 3, 2 * w // 3), (2 * w // 3, w)]):
        m = int(rng.randint(0, 12))
        a, b, t, e = x0 + m, x1 - int(rng.randint(0, 12)), int(rng.randint(0, h // 5)), h - int(rng.randint(0, h // 5))
        if b - a < 8 or e - t < 8:
            continue
        rgb[t:e, a:b] = np.repeat((noise((e - t, b - a), int(rng.randint(1 << 30)), int(rng.randint(4))) * 255 * rng.uniform(0.1, 1))[..., None], 3, 2)
        if rng.rand() < 0.5:  # colour in some of it
            f = np.sqrt(rng.choice([0.0004, 0.004, 0.01, 0.05, 0.2, 0.3, 0.6]))
            ch, cw = max(1, int((e - t) * f)), max(1, int((b - a) * f))
            y, x = t + int(rng.randint(0, e - t - ch + 1)), a + int(rng.randint(0, b - a - cw + 1))
            rgb[y:y + ch, x:x + cw] = heat(noise((ch, cw), int(rng.randint(1 << 30)), 1) if ch > 2 and cw > 2 else np.full((ch, cw), 0.3))
        boxes.append([a, t, b - 1, e - 1, int(rng.choice([1, 1, 2]))])
    if rng.rand() < 0.4:  # text
        rgb[2:8, 4:4 + w // 4] = 200 * (noise((6, w // 4), i, 0)[..., None] > 0.5)
    rgb = np.clip(np.rint(rgb), 0, 255).astype(np.int64)
    kind = pick("bmode", "doppler", "elasto")
    c = {"side": "L", "side_said": "image", "kind": kind, "colour": "RGB", "layout": "one", "regions": False, "frames": 1, "vendor": pick("Acme", "Bandmaker 3"),
         "picture": (rgb, [])}
    ds, samples = us_dataset(c, f"odd us {i}", i)
    what = rng.randint(4)
    if what == 1 and boxes:
        ds.SequenceOfUltrasoundRegions = Sequence([region_item(b) for b in boxes])
    elif what == 2:
        ds.SequenceOfUltrasoundRegions = Sequence([odd_region(rng, w, h) for _ in range(rng.randint(1, 5))] + [region_item(b) for b in boxes])
    elif what == 3 and boxes:
        inner = [boxes[0][0] + 3, boxes[0][1] + 3, max(boxes[0][2] - 9, boxes[0][0] + 3), max(boxes[0][3] - 9, boxes[0][1] + 3), 2]
        ds.SequenceOfUltrasoundRegions = Sequence([region_item(b) for b in [*boxes, boxes[-1], inner]])
    return f"us_{kind}_{pick('trans', 'long')}", "", ds, samples
