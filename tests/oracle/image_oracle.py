"""What Pillow and PyTorch make of images: the reference for src/image and src/data/prep. Written from docs of Pillow, PyTorch and the profile
reference-v1, not from our C code. Run under Debian's /usr/bin/python3."""
import hashlib
import json
import random
import warnings
from collections import namedtuple

import numpy as np
import torch
from PIL import Image
from PIL import __version__ as PILLOW

Profile = namedtuple("Profile", "mg_height mg_width us_height us_width")
MEAN, STD = 5063.68, 8773.89
Image.MAX_IMAGE_PIXELS = None


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def write_lines(path, parts):
    """JSON with one entry of a list per line."""
    lists = [json.dumps(name) + ": [\n" + ",\n".join("  " + json.dumps(entry) for entry in entries) + "\n]" for name, entries in parts.items()]
    path.write_text("{" + ",\n".join(lists) + "}\n")


def noise_words(seed, n):
    """splitmix64: word i is the finaliser of seed + (i + 1) * golden ratio."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


# --- resize
def resize_cases(n, seed):
    """Random sizes: sides of one, equal sides, up and down, far apart; modes L, RGB, I (16 bits in 32) and I31 (signed 31 bits)."""
    r = random.Random(seed)
    side = lambda: r.choice([1, 2, 3, r.randint(1, 40), r.randint(1, 40), r.randint(1, 300), r.randint(1, 300)])
    cases = []
    for i in range(n):
        c = dict(mode=["L", "RGB", "I", "I31"][i % 4], src_w=side(), src_h=side(), dst_w=side(), dst_h=side(), seed=r.getrandbits(48))
        if i % 11 == 1:
            c["dst_w"] = c["src_w"]
        if i % 7 == 1:
            c["dst_h"] = c["src_h"]
        cases.append(c)
    return cases


def resize_input(c):
    n = c["src_w"] * c["src_h"] * (3 if c["mode"] == "RGB" else 1)
    z = noise_words(c["seed"], n)
    if c["mode"] == "I":
        return (z >> np.uint64(48)).astype(np.int32).reshape(c["src_h"], c["src_w"])
    if c["mode"] == "I31":
        return ((z >> np.uint64(33)).astype(np.int64) - 2**30).astype(np.int32).reshape(c["src_h"], c["src_w"])
    a = (z >> np.uint64(56)).astype(np.uint8)
    return a.reshape(c["src_h"], c["src_w"], 3) if c["mode"] == "RGB" else a.reshape(c["src_h"], c["src_w"])


def pillow_resize(c):
    image = Image.fromarray(resize_input(c), {"I31": "I"}.get(c["mode"], c["mode"]))
    return sha(np.asarray(image.resize((c["dst_w"], c["dst_h"]), Image.BILINEAR)))


# --- files
def pillow_pixels(file):
    """Pixels in our terms ([h, w] or [h, w, 3]; uint8 or uint16) or None where Pillow refuses, or reads something that we have no name for.
    Of 16-bit colour and of 16-bit grey with alpha Pillow keeps the upper byte."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=["PNG", "JPEG"])
            raw_mode = image.tile[0][3]
            image.load()
    except Exception:  # of any kind: struct.error, SyntaxError ... all mean that Pillow refuses
        return None
    if image.mode == "I":
        return np.asarray(image).astype(np.uint16)
    if raw_mode == "LA;16B":  # made RGBA by Pillow
        return np.asarray(image)[:, :, 0]
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))
    if image.mode in ("P", "RGB", "RGBA"):
        return np.asarray(image.convert("RGB"))
    return None


def is_reduced(seen, pixels):
    return seen.itemsize == 1 and pixels.itemsize == 2


# --- preparation: profile reference-v1
def prepared(pixels, slot, p):
    """Hash of the float32 tensor ([h, w] or [h, w, 3]), or the code of the refusal."""
    if slot == "mg":
        if pixels.ndim == 3:
            if (pixels != pixels[:, :, :1]).any():
                return "IMAGE_COLOUR"
            pixels = pixels[:, :, 0]
        wide = pixels.astype(np.int32) * (257 if pixels.itemsize == 1 else 1)
        resized = np.array(Image.fromarray(wide, "I").resize((p.mg_width, p.mg_height), Image.BILINEAR))
        x = torch.from_numpy(resized).to(torch.float32)[None].expand(3, -1, -1).clone()
        mean, std = torch.tensor([MEAN] * 3, dtype=torch.float32), torch.tensor([STD] * 3, dtype=torch.float32)
        return sha(x.sub_(mean[:, None, None]).div_(std[:, None, None])[1].numpy())
    if pixels.itemsize == 2:
        return "IMAGE_DEPTH"
    image = Image.fromarray(pixels).convert("RGB").resize((p.us_width, p.us_height), Image.BILINEAR)
    return sha(torch.from_numpy(np.array(image)).to(torch.float32).div(255).numpy())


def sample(items, n):
    return items[::max(1, (len(items) + n - 1) // n)]


def real_images(data):
    """(slot, path below data): a few of each kind that matters."""
    groups = [("us", "BrEaST", "case*[0-9].png", 3), ("us", "BUS-BRA/Images", "*.png", 3), ("mg", "mini-MIAS", "*.png", 2),
              ("mg", "mammo-4view/GMIC/sample_data/images", "*.png", 4), ("mg", "mammo-4view/BIRADS_classifier/images", "*.png", 2)]
    for slot, folder, pattern, n in groups:
        files = sorted((data / folder).glob(pattern))
        for path in sample(files, n):
            yield slot, str(path.relative_to(data))
