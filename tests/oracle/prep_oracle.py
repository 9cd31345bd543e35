"""Profile canonical-v1 a second time, from docs/PREP.md, in numpy and Pillow: decoded samples + a pydicom data set -> tensor or refusal.

    prepare(ds, samples, slot, claim="", sizes=FULL, tomosynthesis=False, vendors=())    a float32 array, or Refused with the code

ds: the pydicom data set, None for PNG and JPEG. samples: integers, [h, w] (grey, as stored: sign extended) or [h, w, 3] (RGB). container: 8 or 16.
"""
import re

import numpy as np
from PIL import Image

FULL = {"mg": (2294, 1280), "us": (224, 224)}
SMALL = {"mg": (64, 48), "us": (32, 32)}


class Refused(Exception):
    """args[0] is the code."""


def need(condition, code):
    if not condition:
        raise Refused(code)


def text(ds, name):
    value = ds.get(name)
    return "" if value is None else str(value).strip(" \0")


def word(ds, name):
    """Of a code string: in capitals"""
    return text(ds, name).upper()


def texts(ds, name):
    value = ds.get(name)
    if value is None or value == "":
        return []
    return [str(v).strip(" \0").upper() for v in ([value] if isinstance(value, str) else value)]


# --- 1: the tags
VIEWS = [("CC", "399162004", "R-10242", "CC"), ("MLO", "399368009", "R-10226", "MLO"), ("ML", "399260004", "R-10224", "ML"),
         ("LM", "399352003", "R-10228", "LM"), ("LMO", "399099002", "R-10230", "LMO"), ("FB", "399196006", "R-10244", "FB"),
         ("SIO", "399188001", "R-102D0", "SIO"), ("ISO", "441555000", "R-40AAA", "ISO"), ("XCCL", "399192008", "R-1024A", "XCCL"),
         ("XCCM", "399101009", "R-1024B", "XCCM"), ("SPECIMEN", "127457009", "G-8310", None)]
OLD_SCHEMES = ("SRT", "SNM3", "99SDM")


def view_of_code(item):
    value, scheme = text(item, "CodeValue"), text(item, "CodingSchemeDesignator")
    for name, sct, srt, _ in VIEWS:
        if (scheme == "SCT" and value == sct) or (scheme in OLD_SCHEMES and value == srt):
            return name
    return "unknown"


def view_of_position(position):
    return next((name for name, _, _, p in VIEWS if p and p == position), "unknown")


def modifiers(ds):
    """In the items of View Code Sequence (PS3.3 C.8.11.7), or beside it as old files have them."""
    found = list(ds.get("ViewModifierCodeSequence") or [])
    for item in ds.get("ViewCodeSequence") or []:
        found += list(item.get("ViewModifierCodeSequence") or [])
    return found


def check_image_type(ds, tomosynthesis):
    for value in texts(ds, "ImageType"):
        if value in ("GENERATED_2D", "TOMOSYNTHESIS"):
            need(tomosynthesis, "TOMOSYNTHESIS")
        need(value not in ("TOMO_PROJ", "TOMO_SCOUT"), "TOMOSYNTHESIS")
        special = value in ("SUBTRACTION", "ADDITION", "HIGH_ENERGY", "POST_CONTRAST") or \
            value.startswith(("STEREO", "PREFIRE", "POSTFIRE", "POSTBIOPSY", "POSTMARKER"))
        need(not special, "VIEW_NOT_STANDARD")


OTHER_TYPES = ("ABDOMINAL", "CARDIOLOGY", "CHEST", "ENDOCAVITARY", "ENDORECTAL", "ENDOVAGINAL", "EPICARDIAL", "FETAL HEART", "GYNECOLOGY", "INTRACARDIAC", "INTRAOPERATIVE",
               "INTRAVASCULAR", "MUSCULOSKELETAL", "NEONATAL HEAD", "OBSTETRICAL", "OPHTHALMIC", "PELVIC", "RETROPERITONEAL", "SCROTAL", "TEE", "THYROID", "TRANSCRANIAL")
BREAST_WORDS = ("breast", "mamm", "mama", "brust", "seno", "sein")
OTHER_WORDS = ("thyroid", "tiroid", "schilddr", "cardi", "echocard", "heart", "abdom", "liver", "hepat", "kidney", "renal", "obstet", "fetal", "foetal", "pelvi", "gyn", "prostat", "scrot",
               "testi", "carotid", "musculoskel", "shoulder", "knee", "neonat", "transcran", "ophthal")


def organ(ds):
    """"BREAST" if anything names it, "OTHER" if something names another organ, else \"\" """
    kind = (texts(ds, "ImageType") + ["", "", ""])[2]
    codes = ds.get("AnatomicRegionSequence") or []
    said = [text(ds, n) for n in ("StudyDescription", "SeriesDescription", "ProtocolName")] + ([text(codes[0], "CodeMeaning")] if len(codes) else [])
    words = [w for t in said for w in re.split("[^a-z]+", t.lower())]
    if kind == "BREAST" or any(w.startswith(BREAST_WORDS) for w in words):
        return "BREAST"
    return "OTHER" if kind in OTHER_TYPES or any(w.startswith(OTHER_WORDS) for w in words) else ""


def check_tags(ds, slot, claim, tomosynthesis):
    """What the side is."""
    mg = slot.startswith("mg")
    need(word(ds, "Modality") == ("MG" if mg else "US"), "MODALITY_WRONG")
    codes = ds.get("ViewCodeSequence") or []
    by_code = view_of_code(codes[0]) if len(codes) else None
    need(not len(ds.get("SpecimenDescriptionSequence") or []) and by_code != "SPECIMEN", "SPECIMEN")
    need(word(ds, "BodyPartExamined") in ("", "BREAST"), "IMAGE_NOT_BREAST")
    need(mg or word(ds, "BodyPartExamined") or organ(ds) in ("", "BREAST"), "IMAGE_NOT_BREAST")
    if mg:
        need(int(ds.get("NumberOfFrames") or 1) <= 1 and str(ds.SOPClassUID) != "1.2.840.10008.5.1.4.1.1.13.1.3", "TOMOSYNTHESIS")
        check_image_type(ds, tomosynthesis)
        need(word(ds, "PresentationIntentType") != "FOR PROCESSING" and str(ds.SOPClassUID) != "1.2.840.10008.5.1.4.1.1.1.2.1", "FOR_PROCESSING")
        displaced = [(text(m, "CodeValue"), text(m, "CodingSchemeDesignator")) in (("399209000", "SCT"), ("R-102D5", "SRT")) for m in modifiers(ds)]
        need(word(ds, "BreastImplantPresent") != "YES" and not any(displaced), "IMPLANT")
        position = word(ds, "ViewPosition")
        view = by_code or (view_of_position(position) if position else slot[3:].upper())
        need(view in ("CC", "MLO") and not modifiers(ds), "VIEW_NOT_STANDARD")
        need(view == slot[3:].upper(), "VIEW_MISMATCH")
        need(view_of_position(position) in ("unknown", view), "VIEW_MISMATCH")
    side = word(ds, "ImageLaterality") or word(ds, "Laterality")
    need(side != "B" and (not mg or side in ("L", "R", "")), "SIDE_UNKNOWN")
    side = side if side in ("L", "R") else ""
    need(not side or not claim or side == claim, "SIDE_MISMATCH")
    return side or claim


# --- 5: orientation, before the pixels are looked at. (where the chest wall is expected: "left", "right", None; flip)
SWAP = str.maketrans("APLR", "PARL")


def mlo_direction(column, side):
    letters = set(column)
    need(column[0] not in "AP" and not {"F", "H"} <= letters, "SIDE_UNKNOWN")
    vertical = "".join(letters & {"F", "H"})
    if not side:
        need(vertical, "SIDE_UNKNOWN")
        return vertical
    if not vertical:
        return column[0]
    need(not {"L", "R"} <= letters, "SIDE_UNKNOWN")
    return vertical + "".join(letters & {"L", "R"})


def orientation(ds, slot, side):
    hanging = {"L": "left", "R": "right", "": None}[side]
    if ds is None:
        return hanging, False
    values = texts(ds, "PatientOrientation")
    if not any(values):
        return hanging, False
    if set("".join(values)) - set("APRLHF"):
        return hanging, False
    need(len(values) == 2 and all(values), "SIDE_UNKNOWN")
    row, column = values
    need(row[0] in "AP", "SIDE_UNKNOWN")
    wall = "left" if row[0] == "A" else "right"
    if slot == "mg_cc":
        need(column[0] not in "FH", "VIEW_MISMATCH")
        need(side and column[0] not in "AP", "SIDE_UNKNOWN")
        direction = column[0]
    else:
        direction = mlo_direction(column, side)
    if not side:
        return wall, direction == "H"
    if side == "R":
        row, direction = row.translate(SWAP), direction.translate(SWAP)
    done = {"A": {"R": False, "L": True, "F": False, "FR": False, "H": True, "HL": True}, "P": {"R": False, "FR": False, "HL": True}}[row[0]]
    need(direction not in ("FL", "HR"), "VIEW_NOT_STANDARD")
    need(direction in done, "SIDE_IMAGE")
    return wall, done[direction]


# --- 2: stored values to grey
def round16(y):
    return np.floor(np.clip(y, 0, 65535) + 0.5).clip(0, 65535).astype(np.int64)


def lut_of(item):
    """(first, bits, values)"""
    n, first, bits = (int(v) for v in item.LUTDescriptor)
    n &= 0xFFFF  # the number of entries is unsigned whatever the descriptor's VR
    data = item["LUTData"].value
    values = np.frombuffer(data, "<u2").astype(np.int64) if isinstance(data, bytes) else np.atleast_1d(np.asarray(data, dtype=np.int64))
    n = n if n else 65536
    need(8 <= bits <= 16, "DICOM_LUT")
    return first, bits, values[:n]


def used_bits(bits, values):
    """Of a table: those that its entries use if its upper half is never reached, else what it says"""
    most = int(values.max())
    return bits if most >= 2 ** (bits - 1) else next(b for b in range(8, 17) if most < 2**b)


def stored_bits(ds, s, container):
    stored, padding = int(ds.BitsStored), padding_of(ds)
    if container == 8 or int(ds.PixelRepresentation) or len(ds.get("ModalityLUTSequence") or []) or float(ds.get("RescaleSlope", 1)) != 1 or \
            float(ds.get("RescaleIntercept", 0)) != 0:
        return stored
    own = s[(s < padding[0]) | (s > padding[1])] if padding else s
    most = int(own.max()) if own.size else 0
    if most < 64:
        return stored
    return min([b for b in (8, 10, 12, 14, 16) if most < 2**b] + [stored])


def modality(ds, s, container):
    """x, and (lo, hi) of the whole range."""
    stored, signed = int(ds.BitsStored) if has_voi(ds) else stored_bits(ds, s, container), int(ds.PixelRepresentation)
    least, most = (-2 ** (stored - 1), 2 ** (stored - 1) - 1) if signed else (0, 2**stored - 1)
    has = "RescaleSlope" in ds or "RescaleIntercept" in ds
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    sequence = ds.get("ModalityLUTSequence") or []
    if len(sequence):
        first, bits, values = lut_of(sequence[0])
        need(not has or (slope == 1 and intercept == 0), "DICOM_LUT")
        return values[np.clip(s - first, 0, len(values) - 1)].astype(np.float64), (0.0, float(2 ** used_bits(bits, values) - 1))
    if not has:
        return s.astype(np.float64), (float(least), float(most))
    need(np.isfinite(slope) and np.isfinite(intercept) and slope != 0, "DICOM_LUT")
    ends = sorted((slope * least + intercept, slope * most + intercept))
    return slope * s.astype(np.float64) + intercept, tuple(ends)


def has_voi(ds):
    return len(ds.get("VOILUTSequence") or []) > 0 or ds.get("WindowCenter") not in (None, "")


def chosen(entries, explanation, preferred):
    for wanted in preferred:
        for e in entries:
            if explanation(e).lower() == wanted.lower():
                return e
    return entries[0]


def voi(ds, x, whole, preferred):
    sequence = list(ds.get("VOILUTSequence") or [])
    if sequence:
        first, bits, values = lut_of(chosen(sequence, lambda e: text(e, "LUTExplanation"), preferred))
        i = np.clip(np.floor(x + 0.5).astype(np.int64) - first, 0, len(values) - 1)
        bits = used_bits(bits, values)
        return np.minimum(values[i], 2**bits - 1).astype(np.float64) * 65535 / (2**bits - 1)
    numbers = lambda name: [float(v) for v in np.atleast_1d(ds.get(name))] if ds.get(name) not in (None, "") else []
    windows = list(zip(numbers("WindowCenter"), numbers("WindowWidth")))
    if not windows:
        return (x - whole[0]) * 65535 / (whole[1] - whole[0])
    said = texts(ds, "WindowCenterWidthExplanation")
    c, w = windows[chosen(list(range(len(windows))), lambda i: said[i] if i < len(said) else "", preferred)]
    function = word(ds, "VOILUTFunction") or "LINEAR"
    need(np.isfinite(c) and np.isfinite(w) and function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"), "DICOM_LUT")
    need(w >= 1 if function == "LINEAR" else w > 0, "DICOM_LUT")
    if function == "SIGMOID":
        return 65535 / (1 + np.exp(-4 * (x - c) / w))
    if function == "LINEAR_EXACT":
        a, middle, span = w / 2, c, w
    else:
        a, middle, span = (w - 1) / 2, c - 0.5, w - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        y = ((x - middle) / span + 0.5) * 65535
    return np.where(x <= middle - a, 0.0, np.where(x > middle + a, 65535.0, y))


def plain_grey(v, container):
    if container == 8:
        return 257 * v
    bits = next(b for b in (8, 10, 12, 14, 16) if v.max() < 2**b)
    n = 2**bits - 1
    return (2 * 65535 * v + n) // (2 * n)


def padding_of(ds):
    """(first, last) of Pixel Padding Value and its Range Limit, as stored values; None."""
    if ds.get("PixelPaddingValue") is None:
        return None
    a = int(ds.PixelPaddingValue)
    b = int(ds.get("PixelPaddingRangeLimit", a))
    return min(a, b), max(a, b)


def grey(ds, samples, container, preferred):
    v = samples.astype(np.int64)
    if v.ndim == 3:
        need((v[..., 0] == v[..., 1]).all() and (v[..., 0] == v[..., 2]).all(), "IMAGE_COLOUR")
        return plain_grey(v[..., 0], container)
    if ds is None:
        return plain_grey(v, container)
    photometric, stored = word(ds, "PhotometricInterpretation"), int(ds.BitsStored)
    need(photometric in ("MONOCHROME1", "MONOCHROME2"), "IMAGE_COLOUR")
    need(8 <= stored <= 16 and stored <= container, "IMAGE_DEPTH")
    shape = word(ds, "PresentationLUTShape")
    need(shape in ("", "IDENTITY" if photometric == "MONOCHROME2" else "INVERSE"), "IMAGE_POLARITY")
    x, whole = modality(ds, v, container)
    g = round16(voi(ds, x, whole, preferred))
    if photometric == "MONOCHROME1":
        g = 65535 - g
    padding = padding_of(ds)
    return np.where((v >= padding[0]) & (v <= padding[1]), 0, g) if padding else g


# --- 3, 4: the breast
def cells_of(g, f):
    h, w = g.shape
    starts_y, starts_x = np.arange(0, h, f), np.arange(0, w, f)
    sums = np.add.reduceat(np.add.reduceat(g, starts_y, 0), starts_x, 1)
    counts = np.outer(np.diff(np.append(starts_y, h)), np.diff(np.append(starts_x, w)))
    return sums // counts


def neighbours(mask, outside):
    """The nine shifts of mask; beyond the picture: outside."""
    padded = np.pad(mask, 1, constant_values=outside)
    h, w = mask.shape
    return [padded[dy:dy + h, dx:dx + w] for dy in range(3) for dx in range(3)]


def erode(mask):
    return np.logical_and.reduce(neighbours(mask, True))


def dilate(mask):
    return np.logical_or.reduce(neighbours(mask, False))


def components(mask, eight):
    """Masks, in the order of their first cells."""
    left, found = mask.copy(), []
    steps = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy or dx) and (eight or not (dy and dx))]
    for y, x in zip(*np.nonzero(mask)):
        if not left[y, x]:
            continue
        part, stack = np.zeros_like(mask), [(y, x)]
        left[y, x] = False
        while stack:
            cy, cx = stack.pop()
            part[cy, cx] = True
            for dy, dx in steps:
                ny, nx = cy + dy, cx + dx
                if 0 <= ny < mask.shape[0] and 0 <= nx < mask.shape[1] and left[ny, nx]:
                    left[ny, nx] = False
                    stack.append((ny, nx))
        found.append(part)
    return found


def threshold(c):
    counts = np.bincount((c // 256).ravel(), minlength=256)
    numbers = np.arange(256)
    best, o = -1.0, 0
    for t in range(255):
        n0, n1 = int(counts[:t + 1].sum()), int(counts[t + 1:].sum())
        if n0 and n1:
            s0, s1 = int((counts * numbers)[:t + 1].sum()), int((counts * numbers)[t + 1:].sum())
            d = float(s0 * n1 - s1 * n0)
            v = (d * d) / (float(n0) * float(n1))
            if v > best:
                best, o = v, t
    b = int(np.argmax(counts[:o + 1]))
    return 256 * b + 128 + 256 * (o - b) // 6


def chest_wall(m):
    columns, rows = np.nonzero(m.any(0))[0], np.nonzero(m.any(1))[0]
    x0, x1, n = int(columns[0]), int(columns[-1]), len(rows)
    tolerance = max(1, (x1 - x0 + 1) // 32)
    firsts = [int(np.argmax(m[y])) for y in rows]
    lasts = [m.shape[1] - 1 - int(np.argmax(m[y][::-1])) for y in rows]
    left, right = sum(x <= x0 + tolerance for x in firsts), sum(x >= x1 - tolerance for x in lasts)
    if 4 * left >= 3 * n and 5 * right <= 2 * n:
        return "left", x0, x1
    need(4 * right >= 3 * n and 5 * left <= 2 * n, "SIDE_UNKNOWN")
    return "right", x0, x1


def filled(m, wall, x0, x1):
    out = np.zeros_like(m)
    for y in np.nonzero(m.any(1))[0]:
        set_cells = np.nonzero(m[y])[0]
        if wall == "left":
            out[y, x0:set_cells[-1] + 1] = True
        else:
            out[y, set_cells[0]:x1 + 1] = True
    return out


def beside(mask):
    """Cells with one of mask above, below, left or right of them"""
    p = np.pad(mask, 1)
    return p[:-2, 1:-1] | p[2:, 1:-1] | p[1:-1, :-2] | p[1:-1, 2:]


def check_cells(c, g, padding, f):
    W_H = c.size
    lo, hi = int(c.min()), int(c.max())
    need(hi - lo >= 1024 and 200 * int((c > lo + 1024).sum()) >= W_H, "IMAGE_BLANK")
    frame = np.zeros(c.shape, bool)
    frame[[0, -1], :] = frame[:, [0, -1]] = True
    own, pixels = c, np.ones(c.shape, bool)
    if padding is not None and padding.any():
        starts_y, starts_x = np.arange(0, g.shape[0], f), np.arange(0, g.shape[1], f)
        summed = lambda a: np.add.reduceat(np.add.reduceat(a.astype(np.int64), starts_y, 0), starts_x, 1)
        n = summed(~padding)
        pixels = n > 0
        own = summed(np.where(padding, 0, g)) // np.maximum(n, 1)
    border = pixels & beside(~pixels)
    border = border if border.any() else pixels & frame
    bins = own[border] // 256
    low, high = int((bins < 26).sum()), int((bins >= 230).sum())
    need(not (high > low and 4 * high >= len(bins)), "IMAGE_POLARITY")


def breast(c, g):
    """(m4, chest wall)"""
    eroded = erode(c > threshold(c))
    parts = components(eroded, False)
    need(parts, "IMAGE_NOT_BREAST")
    m2 = dilate(max(parts, key=lambda p: p.sum()))  # max() takes the first of equal ones
    wall, x0, x1 = chest_wall(m2)
    m3 = filled(m2, wall, x0, x1)
    n, counts = int(m3.sum()), np.bincount(c[m3] // 256, minlength=256)
    need(2 * counts[255] <= n, "IMAGE_SATURATED")
    need(20 * n >= c.size and 100 * n <= 98 * c.size and (counts > 0).sum() >= 16 and 2 * counts.max() <= n, "IMAGE_NOT_BREAST")
    need(len(np.unique(g)) >= 16, "IMAGE_NOT_BREAST")
    m4 = dilate(dilate(m3))
    if wall == "left":
        m4[:, :x0] = False
    else:
        m4[:, x1 + 1:] = False
    return m4, wall


# --- 6: the tensor
def padded(picture, target, centred):
    """Zeros to the aspect of target; left-aligned or centred."""
    h, w = picture.shape[:2]
    th, tw = target
    if w * th < h * tw:
        nh, nw = h, -(-h * tw // th)
    else:
        nw, nh = w, -(-w * th // tw)
    out = np.zeros((nh, nw) + picture.shape[2:], picture.dtype)
    top, left = (nh - h) // 2, (nw - w) // 2 if centred else 0
    out[top:top + h, left:left + w] = picture
    return out


def check_sizes(picture, target):
    need(8 * picture.shape[0] >= target[0], "IMAGE_TOO_SMALL")
    need(max(picture.shape[:2]) <= 32768, "IMAGE_TOO_LARGE")


def mammogram(ds, g, slot, side, target, padding):
    wall_expected, flip = orientation(ds, slot, side)
    h, w = g.shape
    need(w >= 64 and h >= 64, "IMAGE_TOO_SMALL")
    f = (max(w, h) + 255) // 256
    c = cells_of(g, f)
    check_cells(c, g, padding, f)
    m4, wall = breast(c, g)
    need(wall_expected in (None, wall), "SIDE_IMAGE")
    ys, xs = np.nonzero(m4.any(1))[0], np.nonzero(m4.any(0))[0]
    inside = np.repeat(np.repeat(m4, f, 0), f, 1)[:h, :w]
    crop = np.where(inside, g, 0)[ys[0] * f:min(h, (ys[-1] + 1) * f), xs[0] * f:min(w, (xs[-1] + 1) * f)]
    if wall == "right":
        crop = crop[:, ::-1]
    if flip:
        crop = crop[::-1]
    picture = padded(crop, target, False)
    check_sizes(picture, target)
    resized = Image.fromarray(np.ascontiguousarray(picture.astype(np.int32))).resize((target[1], target[0]), Image.BILINEAR)
    return (np.asarray(resized).astype(np.float32) - np.float32(16384)) / np.float32(16384)


# --- 7: ultrasound
def rgb_of(ds, samples, container, preferred):
    v = samples.astype(np.int64)
    if v.ndim == 3:
        need(container == 8, "IMAGE_DEPTH")
        return v
    if ds is None:
        need(container == 8, "IMAGE_DEPTH")
    else:
        v = (grey(ds, samples, container, preferred) + 128) // 257
    return np.repeat(v[..., None], 3, 2)


def within(a, b):
    return b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3]


def region_box(r, w, h):
    """Corners in either order, cut to the picture; None where no area is left"""
    ax, ay, bx, by = (int(r[t].value) for t in (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E))
    x0, x1, y0, y1 = min(ax, bx), min(max(ax, bx), w - 1) + 1, min(ay, by), min(max(ay, by), h - 1) + 1
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else None


def panes_by_tags(regions, w, h):
    listed = []
    for r in regions:
        box, kind = region_box(r, w, h), int(r.RegionDataType)
        if int(r.RegionSpatialFormat) == 1 and kind in (1, 2) and box:
            listed.append((box, kind))
    panes = []
    for i, (box, _) in enumerate(listed):
        if not any(within(box, other) and (other != box or j < i) for j, (other, _) in enumerate(listed) if j != i):
            panes.append((box, any(kind == 2 and within(inner, box) for inner, kind in listed)))
    need(panes, "IMAGE_KIND")
    return panes


def bounding_box(mask, k, w, h):
    ys, xs = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return int(xs[0]) * k, int(ys[0]) * k, min(w, (int(xs[-1]) + 1) * k), min(h, (int(ys[-1]) + 1) * k)


def seam_of(lit, box):
    x0, y0, x1, y1 = box
    dark = 64 * lit[y0:y1].sum(0) <= y1 - y0
    best, run = None, None
    for x in range(x0 + 3 * (x1 - x0) // 8, x0 + 5 * (x1 - x0) // 8):
        if not dark[x]:
            run = None
            continue
        run = (run[0], x) if run else (x, x)
        if best is None or run[1] - run[0] > best[1] - best[0]:
            best = run
    return best


def panes_by_sight(lit):
    h, w = lit.shape
    k = (max(w, h) + 127) // 128
    starts_y, starts_x = np.arange(0, h, k), np.arange(0, w, k)
    sums = np.add.reduceat(np.add.reduceat(lit.astype(np.int64), starts_y, 0), starts_x, 1)
    counts = np.outer(np.diff(np.append(starts_y, h)), np.diff(np.append(starts_x, w)))
    parts = components(4 * sums >= counts, True)
    need(parts, "IMAGE_BLANK")
    most = max(int(p.sum()) for p in parts)
    large = [bounding_box(p, k, w, h) for p in parts if 3 * int(p.sum()) >= most]
    if len(large) == 2:
        a, b = sorted(large)
        if a[2] <= b[0]:
            return [(a, False), (b, False)]
    box = bounding_box(np.logical_or.reduce([p for p in parts if 16 * int(p.sum()) >= most]), k, w, h)
    seam = seam_of(lit, box)
    if seam is None:
        return [(box, False)]
    return [((box[0], box[1], seam[0], box[3]), False), ((seam[1] + 1, box[1], box[2], box[3]), False)]


def fits(kind, q, a, flow, tagged, any_flow):
    if kind == "bmode":
        return not flow and 10000 * q <= 50 * a
    if kind == "doppler":
        if not tagged:
            return 2 * a <= 10000 * q <= 2500 * a
        return (flow or (not any_flow and 10000 * q >= 2 * a)) and 10000 * q <= 2500 * a
    return 10000 * q >= (2500 if tagged and flow else 1000) * a


def the_pane(kind, panes, colour, tagged):
    any_flow = any(flow for _, flow in panes)
    good = []
    for (x0, y0, x1, y1), flow in panes:
        q, a = int(colour[y0:y1, x0:x1].sum()), (x1 - x0) * (y1 - y0)
        if fits(kind, q, a, flow, tagged, any_flow):
            good.append(((x0, y0, x1, y1), q, a))
    if len(good) == 2 and kind == "doppler":
        (one, q1, a1), (two, q2, a2) = good
        if q1 * a2 > 4 * q2 * a1:
            return one
        if q2 * a1 > 4 * q1 * a2:
            return two
    need(len(good) == 1, "IMAGE_KIND")
    return good[0][0]


def ultrasound(ds, rgb, slot, target, bands):
    h, w = rgb.shape[:2]
    need(w >= 64 and h >= 64, "IMAGE_TOO_SMALL")
    regions = list(ds.get("SequenceOfUltrasoundRegions") or []) if ds is not None else []
    rgb = rgb.copy()
    for left, top, right, bottom in [] if regions else bands:
        rgb[h * top // 1000:h * bottom // 1000, w * left // 1000:w * right // 1000] = 0
    most, least = rgb.max(2), rgb.min(2)
    lit, colour = most > 8, (most - least >= 32) & (3 * (most - least) >= most)
    tagged = any(region_box(r, w, h) for r in regions)
    panes = panes_by_tags(regions, w, h) if tagged else panes_by_sight(lit)
    x0, y0, x1, y1 = the_pane(slot.split("_")[1], panes, colour, tagged)
    need(x1 - x0 >= 64 and y1 - y0 >= 64, "IMAGE_TOO_SMALL")
    a, n_lit = (x1 - x0) * (y1 - y0), int(lit[y0:y1, x0:x1].sum())
    need(64 * n_lit >= a, "IMAGE_BLANK")
    need(2 * int((least[y0:y1, x0:x1] >= 250).sum()) <= a, "IMAGE_SATURATED")
    need(8 * n_lit >= a and len(np.unique(most[y0:y1, x0:x1])) >= 16, "IMAGE_NOT_BREAST")
    picture = padded(rgb[y0:y1, x0:x1].astype(np.uint8), target, True)
    check_sizes(picture, target)
    resized = np.asarray(Image.fromarray(picture).resize((target[1], target[0]), Image.BILINEAR))
    return resized.astype(np.float32) / np.float32(255)


# --- 8 and the whole
def vendor_of(ds, vendors):
    for v in vendors:
        begins = lambda name, texts_: any(text(ds, name).lower().startswith(t.lower()) for t in texts_)
        if begins("Manufacturer", v["manufacturer"]) and ("model" not in v or begins("ManufacturerModelName", v["model"])):
            return v
    return {}


def prepare(ds, samples, slot, claim="", container=16, sizes=FULL, tomosynthesis=False, vendors=()):
    side = claim if ds is None else check_tags(ds, slot, claim, tomosynthesis)
    vendor = vendor_of(ds, vendors) if ds is not None else {}
    preferred = vendor.get("voi", ())
    if slot.startswith("mg"):
        if ds is not None:
            orientation(ds, slot, side)  # before the pixels are looked at
        limits = padding_of(ds) if ds is not None and samples.ndim == 2 else None
        padding = (samples.astype(np.int64) >= limits[0]) & (samples.astype(np.int64) <= limits[1]) if limits else None
        return mammogram(ds, grey(ds, samples, container, preferred), slot, side, sizes["mg"], padding)
    return ultrasound(ds, rgb_of(ds, samples, container, preferred), slot, sizes["us"], vendor.get("bands", ()))
