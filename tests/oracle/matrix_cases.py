"""The combinations of the test matrix: dictionaries of what a file shall say and hold, and how they become data sets. See make_matrix.py."""
import random

import numpy as np

from dicom_make import (BASELINE, BIG, DEFLATED, EXPLICIT, EXTENDED, IMPLICIT, J2K, J2K_LOSSLESS, JPEGLS, JPEGLS_NEAR, LOSSLESS_57, LOSSLESS_70,
                        MG_PRESENTATION, RLE, US_IMAGE, US_MULTIFRAME, breast, code_item, lut_item, new_dataset, noise, put, quantise, sector, words)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

PLAIN = [IMPLICIT, EXPLICIT, BIG, DEFLATED]
PACKED = [RLE, LOSSLESS_57, LOSSLESS_70, JPEGLS, J2K_LOSSLESS]
LOSSY_12, LOSSY_8 = [EXTENDED, J2K, JPEGLS_NEAR], [BASELINE, EXTENDED, J2K, JPEGLS_NEAR]

# --- what can be chosen for a mammogram that is to be taken: name -> choices
MG = {
    "side": ["L", "R"],
    "view": ["CC", "MLO"],
    "side_said": ["image", "series", "both", "table", "nowhere"],
    "view_said": ["position", "code", "old_code", "both", "nowhere"],
    "photometric": ["MONOCHROME2", "MONOCHROME1"],
    "bits": [(8, 8, 7), (16, 8, 7), (16, 10, 9), (16, 12, 11), (16, 12, 15), (16, 13, 12), (16, 14, 13), (16, 16, 15)],
    "signed": [False, True],
    "junk": [0, 0xFFFF, 0xA5A5],
    "padding": ["none", "value", "range"],
    "modality": ["none", "identity", "scale", "negative", "lut"],
    "voi": ["none", "linear", "narrow", "exact", "sigmoid", "two", "lut", "lut8", "lut_and_window"],
    "shape": ["absent", "present"],
    "orientation": ["absent", "standard", "flipped", "mirrored", "letters"],
    "vendor": ["HOLOGIC, Inc.", "GE MEDICAL SYSTEMS", "SIEMENS", "FUJIFILM Corporation", "Philips Medical Systems", "IMS S.r.l.", "Planmed Oy", "Acme", ""],
    "syntax": PLAIN * 2 + PACKED + LOSSY_12,
    "preamble": [True] * 9 + [False],
    "remarks": [False, True],
}
US = {
    "side": ["L", "R"],
    "side_said": ["image", "series", "table", "nowhere"],
    "kind": ["bmode", "doppler", "elasto"],
    "direction": ["trans", "long"],
    "colour": ["MONOCHROME2", "RGB", "RGB planes", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422"],
    "layout": ["one", "beside", "apart"],
    "regions": [False, True],
    "frames": [1, 1, 1, 3, 4],
    "vendor": ["SAMSUNG MEDISON CO., LTD.", "TOSHIBA_MEC_US", "GE Healthcare", "SuperSonic Imagine SA", "SIEMENS", "Philips Medical Systems", "Mindray", "Acme", ""],
    "syntax": PLAIN * 2 + PACKED + LOSSY_8,
    "preamble": [True] * 9 + [False],
}


def fit_mg(c):
    """What cannot be together: the syntax stays, the rest gives way."""
    allocated, stored, high = c["bits"]
    if c["syntax"] not in PLAIN:  # encoders repack unusual words, each in its own way
        c["junk"] = 0
        c["bits"] = (8, 8, 7) if stored == 8 else (16, stored, stored - 1)
    if c["syntax"] in LOSSY_12:
        c.update(signed=False, padding="none", bits={8: (8, 8, 7), 10: (16, 10, 9)}.get(stored, (16, 12, 11)))
        if c["syntax"] == EXTENDED:
            c["bits"] = (8, 8, 7) if stored == 8 else (16, 12, 11)
    if c["modality"] == "lut" and (c["bits"][0] == 8 or c["syntax"] == EXTENDED):
        c["modality"] = "scale"
    if c["side_said"] == "nowhere":
        c["orientation"] = "absent"
    if c["orientation"] == "letters" and c["view"] == "CC":
        c["orientation"] = "standard"
    c["preamble"] = c["preamble"] or c["syntax"] == DEFLATED


def fit_us(c):
    if c["syntax"] in (BASELINE, EXTENDED) and c["direction"] == "trans":
        c["colour"] = "MONOCHROME2"  # of colour JPEG each decoder has its own rounding
    if c["colour"] == "MONOCHROME2":
        c.update(kind="bmode", layout="one")
    elif c["syntax"] == RLE and c["colour"] == "YBR_FULL_422":
        c["colour"] = "YBR_FULL"
    elif c["syntax"] not in PLAIN + [RLE]:
        c["colour"] = "RGB"
    if c["syntax"] in LOSSY_8:
        c["frames"] = 1
    c["preamble"] = c["preamble"] or c["syntax"] == DEFLATED


def draw(choices, fit, n, seed):
    """n different combinations; each choice of each dimension is dealt equally often."""
    rng, seen, out, decks = random.Random(seed), set(), [], {}
    while len(out) < n:
        c = {}
        for name, values in choices.items():
            if not decks.get(name):
                decks[name] = rng.sample(values, len(values))
            c[name] = decks[name].pop()
        fit(c)
        if repr(c) not in seen:
            seen.add(repr(c))
            out.append(c)
    return out


# --- a mammogram as a data set
def view_items(view, modifier=None, old=False):
    codes = {"CC": ("399162004", "R-10242"), "MLO": ("399368009", "R-10226"), "ML": ("399260004", "R-10224"), "LM": ("399352003", "R-10228"),
             "LMO": ("399099002", "R-10230"), "FB": ("399196006", "R-10244"), "SIO": ("399188001", "R-102D0"), "ISO": ("441555000", "R-40AAA"),
             "XCCL": ("399192008", "R-1024A"), "XCCM": ("399101009", "R-1024B"), "SPECIMEN": ("127457009", "G-8310")}
    item = code_item(codes[view][1 if old else 0], "SRT" if old else "SCT", view)
    if modifier:
        item.ViewModifierCodeSequence = Sequence([code_item(*modifier)])
    return Sequence([item])


ORIENTATIONS = {  # of a left breast; (rows, columns), and what the file does to the standard picture
    ("CC", "standard"): ("A", "R"), ("CC", "flipped"): ("A", "L"), ("CC", "mirrored"): ("P", "R"),
    ("MLO", "standard"): ("A", "F"), ("MLO", "flipped"): ("A", "H"), ("MLO", "mirrored"): ("P", "FR"), ("MLO", "letters"): ("A", "FR"),
}
OTHER_SIDE = str.maketrans("APLR", "PARL")


def mg_picture(c, seed):
    p = breast(c["side"], c["view"], seed=seed)
    if c["orientation"] == "flipped":
        p = p[::-1]
    elif c["orientation"] == "mirrored":
        p = p[:, ::-1]
    return p


def put_modality(ds, c, x):
    """Sets the modality transform; returns its values for the stored values x (integers)."""
    how = c["modality"]
    if how == "identity":
        put(ds, RescaleSlope="1", RescaleIntercept="0", RescaleType="US")
    elif how == "scale":
        put(ds, RescaleSlope="0.75", RescaleIntercept="-20.5", RescaleType="US")
        return x * 0.75 - 20.5
    elif how == "negative":
        intercept = 5 if c["signed"] else 2 ** c["bits"][1] + 3  # unsigned stays unsigned, so that a LUT can say its first value
        put(ds, RescaleSlope="-1", RescaleIntercept=str(intercept), RescaleType="US")
        return x * -1.0 + intercept
    elif how == "lut":
        first, n = int(x.min()) + 3, int(x.max() - x.min()) - 5
        values = 20 + 4000 * (np.arange(n) / n) ** 0.8
        ds.ModalityLUTSequence = Sequence([lut_item(first, 12, np.rint(values), c["signed"])])
        return np.rint(values)[np.clip(x - first, 0, n - 1)]
    return x.astype(float)


def put_voi(ds, c, x):
    """Windows and LUTs that show the values x (after the modality transform) about as they lie."""
    how, lo, hi = c["voi"], float(x.min()), float(x.max())
    centre, width = (lo + hi) / 2, max(4.0, hi - lo)
    number = lambda v: f"{v:.6g}"
    if how in ("linear", "lut_and_window"):
        put(ds, WindowCenter=number(centre), WindowWidth=number(width))
    elif how == "narrow":
        put(ds, WindowCenter=number(centre), WindowWidth=number(width * 0.8), VOILUTFunction="LINEAR")
    elif how == "exact":
        put(ds, WindowCenter=number(centre), WindowWidth=number(width * 1.1), VOILUTFunction="LINEAR_EXACT")
    elif how == "sigmoid":
        put(ds, WindowCenter=number(centre), WindowWidth=number(width), VOILUTFunction="SIGMOID")
    elif how == "two":
        put(ds, WindowCenter=[number(centre), number(centre + width / 10)], WindowWidth=[number(width), number(width * 1.3)],
            WindowCenterWidthExplanation=["NORMAL", "HARDER"])
    if how in ("lut", "lut8", "lut_and_window"):
        bits = 8 if how == "lut8" else 14
        n = int(min(hi - lo + 1, 65535))
        values = np.rint((2**bits - 1) * (np.arange(n) / max(1, n - 1)) ** 1.2)
        first = int(np.clip(np.floor(lo), *((-32768, 32767) if c["signed"] else (0, 65535))))
        ds.VOILUTSequence = Sequence([lut_item(first, bits, values, c["signed"])])


def mg_dataset(c, name, seed):
    """(data set, stored values)"""
    allocated, stored, high = c["bits"]
    p = c.get("picture")
    p = mg_picture(c, seed) if p is None else p
    inverted = (c["photometric"] == "MONOCHROME1") != (c["modality"] == "negative")
    v = quantise(1 - p if inverted else p, stored, c["signed"])
    low, most = (-2 ** (stored - 1), 2 ** (stored - 1) - 1) if c["signed"] else (0, 2**stored - 1)
    ds = new_dataset(MG_PRESENTATION, name)
    put(ds, Modality="MG", PresentationIntentType="FOR PRESENTATION", PatientID="", ImageType=["DERIVED", "PRIMARY"], Manufacturer=c["vendor"],
        ManufacturerModelName="Model 1", BodyPartExamined="BREAST", Rows=v.shape[0], Columns=v.shape[1], SamplesPerPixel=1,
        PhotometricInterpretation=c["photometric"], BitsAllocated=allocated, BitsStored=stored, HighBit=high, PixelRepresentation=int(c["signed"]))
    said = c["side_said"]
    put(ds, ImageLaterality=c["side"] if said in ("image", "both") else None, Laterality=c["side"] if said in ("series", "both") else None)
    if c["view_said"] in ("position", "both"):
        ds.ViewPosition = c["view"]
    if c["view_said"] in ("code", "old_code", "both"):
        ds.ViewCodeSequence = view_items(c["view"], old=c["view_said"] == "old_code")
    if c["orientation"] != "absent":
        row, column = ORIENTATIONS[c["view"], c["orientation"]]
        ds.PatientOrientation = [t.translate(OTHER_SIDE) if c["side"] == "R" else t for t in (row, column)]
    if c["shape"] == "present":
        ds.PresentationLUTShape = "INVERSE" if c["photometric"] == "MONOCHROME1" else "IDENTITY"
    if c["padding"] != "none":  # the background; tissue that has the value is moved off it
        pad = most if inverted else low
        step = -1 if inverted else 1
        background = p == 0
        v = np.where(~background & (np.abs(v - pad) < 8), pad + 8 * step, v)
        v = np.where(background, pad, v)
        if c["padding"] == "range":
            v = np.where(background & (noise(v.shape, seed + 5, 0) > 0.5), pad + 3 * step, v)
        ds.add_new(0x00280120, "SS" if c["signed"] else "US", int(pad))
        if c["padding"] == "range":
            ds.add_new(0x00280121, "SS" if c["signed"] else "US", int(pad + 4 * step))
    put_voi(ds, c, put_modality(ds, c, v))
    if c["remarks"]:
        put(ds, PartialView="YES", LossyImageCompression="00", BurnedInAnnotation="NO")
    ds.PixelData = words(v, allocated, stored, high, c["junk"]).tobytes()
    ds["PixelData"].VR = "OW" if allocated == 16 else "OB"
    return ds, v


# --- ultrasound
def heat(v):
    """Values 0..1 to saturated colours."""
    return np.stack([255 * np.clip(1.5 - np.abs(4 * v - k), 0, 1) for k in (3, 2, 1)], -1)


def us_picture(c, seed):
    """(RGB picture, regions: (x0, y0, x1, y1 inclusive, data type))"""
    two = c["layout"] != "one"
    h, w = 120, 260 if two else 160
    grey = np.zeros((h, w))
    gap = 24 if c["layout"] == "apart" else 0
    panes = [(16, 122 - gap), (138 + gap - 24, 244)] if two else [(24, 136)]
    if c["layout"] == "beside":
        panes = [(16, 128), (132, 244)]
    for i, (a, b) in enumerate(panes):
        grey[:, a:b] = sector(h, b - a, seed + i, 0, b - a, 14, 108)
    rgb = np.repeat(np.rint(grey * 255)[..., None], 3, 2)
    regions = [[a, 14, b - 1, 107, 1] for a, b in panes]
    a, b = panes[-1]
    if c["kind"] == "doppler":
        box = (slice(40, 62), slice(a + 20, a + 50))
        colour = heat(noise((22, 30), seed + 7))
        some = noise((22, 30), seed + 8, 1) > 0.4
        rgb[box] = np.where(some[..., None], colour, rgb[box])
        regions.append([a + 20, 40, a + 49, 61, 2])
    elif c["kind"] == "elasto" or two:  # of two panes one is for another slot
        box = (slice(24, 96), slice(a + 8, b - 8))
        colour = heat(noise((72, b - a - 16), seed + 7))
        rgb[box] = np.rint(0.35 * rgb[box] + 0.65 * colour)
    return np.clip(np.rint(rgb), 0, 255).astype(np.int64), regions


def to_ybr(rgb):
    """PS3.3 C.7.6.3.1.2, rounded."""
    m = np.array([[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]])
    return np.clip(np.floor(rgb @ m.T + [0, 128, 128] + 0.5), 0, 255).astype(np.int64)


def from_ybr(ybr):
    y, cb, cr = ybr[..., 0], ybr[..., 1] - 128, ybr[..., 2] - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136286 * cb - 0.714136286 * cr, y + 1.772 * cb], -1)
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.int64)


def palette_of(rgb):
    """(indices, colours): 200 greys and 56 colours."""
    ramp = np.rint(heat(np.arange(56) / 55)).astype(np.int64)
    table = np.concatenate([np.repeat(np.rint(np.arange(200) * 255 / 199).astype(np.int64)[:, None], 3, 1), ramp])
    greys = np.rint(rgb[..., 0] * 199 / 255).astype(np.int64)
    coloured = rgb.max(-1) - rgb.min(-1) >= 24
    nearest = 200 + np.abs(rgb[..., None, :] - ramp).sum(-1).argmin(-1)
    return np.where(coloured, nearest, greys), table


def region_item(r):
    d = Dataset()
    d.RegionSpatialFormat, d.RegionDataType, d.RegionFlags = 1, r[4], 0
    d.RegionLocationMinX0, d.RegionLocationMinY0, d.RegionLocationMaxX1, d.RegionLocationMaxY1 = r[:4]
    d.PhysicalUnitsXDirection = d.PhysicalUnitsYDirection = 3
    d.PhysicalDeltaX = d.PhysicalDeltaY = 0.02
    return d


def us_frame(ds, c, rgb):
    """(bytes of one frame, what a decoder gives)"""
    colour = c["colour"]
    if colour == "MONOCHROME2":
        return rgb[..., 0].astype(np.uint8).tobytes(), rgb[..., 0]
    if colour == "PALETTE COLOR":
        index, table = palette_of(rgb)
        for k, name in enumerate(("Red", "Green", "Blue")):
            setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [len(table), 0, 16])
            ds.add_new(0x00281201 + k, "OW", (table[:, k] * 257).astype("<u2").tobytes())
        return index.astype(np.uint8).tobytes(), table[index]
    if colour == "YBR_FULL":
        ybr = to_ybr(rgb)
        return ybr.astype(np.uint8).tobytes(), from_ybr(ybr)
    if colour == "YBR_FULL_422":  # two luminances share the chroma of the first (co-sited), PS3.3 C.7.6.3.1.2
        ybr = to_ybr(rgb)
        ybr[:, 1::2, 1:] = ybr[:, 0::2, 1:]
        packed = np.stack([ybr[:, 0::2, 0], ybr[:, 1::2, 0], ybr[:, 0::2, 1], ybr[:, 0::2, 2]], -1)
        return packed.astype(np.uint8).tobytes(), from_ybr(ybr)
    if colour == "RGB planes":
        return rgb.transpose(2, 0, 1).astype(np.uint8).tobytes(), rgb
    return rgb.astype(np.uint8).tobytes(), rgb


def us_dataset(c, name, seed):
    """(data set, samples of the middle frame)"""
    n = c["frames"]
    ds = new_dataset(US_MULTIFRAME if n > 1 else US_IMAGE, name)
    grey = c["colour"] in ("MONOCHROME2", "PALETTE COLOR")
    frames = []
    for i in range(n):
        rgb, regions = c["picture"] if "picture" in c else us_picture(c, seed + 100 * i)
        frames.append(us_frame(ds, c, rgb))
    put(ds, Modality="US", PatientID="", ImageType=["ORIGINAL", "PRIMARY"], Manufacturer=c["vendor"], ManufacturerModelName="Model 1",
        Rows=rgb.shape[0], Columns=rgb.shape[1], SamplesPerPixel=1 if grey else 3, PhotometricInterpretation=c["colour"].replace("RGB planes", "RGB"),
        BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0, NumberOfFrames=n if n > 1 else None,
        PlanarConfiguration=None if grey else int(c["colour"] == "RGB planes"))
    put(ds, ImageLaterality=c["side"] if c["side_said"] == "image" else None, Laterality=c["side"] if c["side_said"] == "series" else None)
    if c["regions"]:
        ds.SequenceOfUltrasoundRegions = Sequence([region_item(r) for r in regions])
    ds.PixelData = b"".join(f for f, _ in frames)
    if len(ds.PixelData) % 2:
        ds.PixelData += b"\0"
    ds["PixelData"].VR = "OB"
    return ds, frames[n // 2][1]
