#!/usr/bin/python3
"""Writes tests/golden/image: small image files with what Pillow, PyTorch and the PNG specification make of them (hashes), broken files with the
code that each deserves, Pillow's resizes of hashed noise, and hashes of prepared real images. Run under Debian 12's /usr/bin/python3 from the
root of the repository; real images are looked for under $BMUNET_DATA or ../shared/data (their part is left as it was when they are not there).

PNG files are written here by hand: Pillow cannot write most kinds. Their pixels are known, and checked against Pillow where it reads that kind.
"""
import hashlib
import io
import json
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

import image_oracle as oracle

GOLDEN = Path("tests/golden/image")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_A, RGB_A = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_A: 2, RGB_A: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def noise(name, n, limit):
    """n integers below limit, with some likeness between neighbours left out: every value has to be read right."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return (oracle.noise_words(seed, n) >> np.uint64(20)) % np.uint64(limit)


# --- PNG by hand
def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pack_rows(a, bits):
    """Scanlines with filter 0 in front."""
    out = b""
    for row in a:
        row = row.reshape(-1)
        if bits == 16:
            data = row.astype(">u2").tobytes()
        elif bits == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            each = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
            data = np.packbits(each).tobytes()
        out += b"\0" + data
    return out


def png_raw(a, bits, interlaced):
    if not interlaced:
        return pack_rows(a, bits)
    out = b""
    for x, y, dx, dy in ADAM7:
        part = a[y::dy, x::dx]
        if part.size:
            out += pack_rows(part, bits)
    return out


def ihdr(width, height, bits, colour, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))


def png(a, bits, colour, interlaced=False, plte=None, trns=None, extra=b"", raw=None, stream=None, cut=None):
    out = SIGNATURE + ihdr(a.shape[1], a.shape[0], bits, colour, int(interlaced)) + extra
    if plte is not None:
        out += chunk(b"PLTE", plte.astype(np.uint8).tobytes())
    if trns is not None:
        out += chunk(b"tRNS", trns)
    data = stream if stream is not None else zlib.compress(png_raw(a, bits, interlaced) if raw is None else raw, 9)
    cut = len(data) // 2 if cut is None else cut  # two IDAT chunks: they are one stream
    return out + chunk(b"IDAT", data[:cut]) + chunk(b"IDAT", data[cut:]) + chunk(b"IEND", b"")


def good_pngs():
    """name, bytes, pixels as they have to come out (uint8 or uint16; [h, w] or [h, w, 3]), facts"""
    w, h = 13, 11
    for colour, label in [(GREY, "grey"), (RGB, "rgb"), (PALETTE, "palette"), (GREY_A, "greya"), (RGB_A, "rgba")]:
        for bits in {GREY: (1, 2, 4, 8, 16), PALETTE: (1, 2, 4, 8)}.get(colour, (8, 16)):
            for interlaced in (False, True):
                for key in (False, True):
                    if key and colour in (GREY_A, RGB_A):
                        continue
                    name = f"{label}{bits}{'_interlaced' if interlaced else ''}{'_trns' if key else ''}.png"
                    entries = min(1 << bits, 200)
                    a = noise(name, h * w * CHANNELS[colour], entries if colour == PALETTE else 1 << bits).astype(np.int64)
                    a = a.reshape(h, w, CHANNELS[colour])
                    plte = trns = None
                    if colour == PALETTE:
                        plte = noise(name + "p", entries * 3, 256).reshape(entries, 3)
                        trns = bytes([255, 0][:entries]) if key else None
                        a[0, 0] = 1
                        pixels = plte[a[:, :, 0]].astype(np.uint8)
                    else:
                        if key:
                            trns = a[2, 3].astype(">u2").tobytes()
                        colours = a[:, :, :3 if CHANNELS[colour] >= 3 else 1]
                        pixels = (colours * (255 // ((1 << bits) - 1) if bits <= 8 else 1)).astype(np.uint16 if bits == 16 else np.uint8)
                        pixels = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
                    alpha = key or colour in (GREY_A, RGB_A)
                    yield name, png(a, bits, colour, interlaced, plte, trns), pixels, dict(
                        file_bits=bits, palette=colour == PALETTE, alpha=alpha, alpha_used=alpha)
    # opaque alpha, equal channels, one pixel, one row, text and profile chunks that are to be passed over, bytes after the end
    a = noise("opaque", 6 * 5 * 4, 256).reshape(5, 6, 4).astype(np.int64)
    a[:, :, 3] = 255
    yield "rgba8_opaque.png", png(a, 8, RGB_A), a[:, :, :3].astype(np.uint8), dict(file_bits=8, palette=False, alpha=True, alpha_used=False)
    for bits in (8, 16):
        a = np.repeat(noise(f"equal{bits}", 9 * 7, 1 << bits).reshape(7, 9, 1), 3, 2).astype(np.int64)
        yield f"rgb{bits}_equal.png", png(a, bits, RGB), a.astype(np.uint8 if bits == 8 else np.uint16), dict(
            file_bits=bits, palette=False, alpha=False, alpha_used=False)
    ramp = np.repeat(np.arange(16).reshape(16, 1) * 17, 3, 1)
    a = noise("greypalette", 9 * 7, 16).reshape(7, 9, 1).astype(np.int64)
    yield "palette4_equal.png", png(a, 4, PALETTE, plte=ramp), ramp[a[:, :, 0]].astype(np.uint8), dict(
        file_bits=4, palette=True, alpha=False, alpha_used=False)
    for w, h in [(1, 1), (40, 1), (1, 40)]:
        a = noise(f"{w}x{h}", w * h, 65536).reshape(h, w, 1).astype(np.int64)
        yield f"grey16_{w}x{h}.png", png(a, 16, GREY), a[:, :, 0].astype(np.uint16), dict(file_bits=16, palette=False, alpha=False, alpha_used=False)
    a = noise("chunks", 8 * 8, 256).reshape(8, 8, 1).astype(np.int64)
    extra = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"iCCP", b"x\0\0not a profile") + chunk(b"tEXt", b"Comment\0hello") + \
        chunk(b"sBIT", b"\3") + chunk(b"bKGD", b"\0\1")
    yield "grey8_chunks.png", png(a, 8, GREY, extra=extra) + b"bytes after the end", a[:, :, 0].astype(np.uint8), dict(
        file_bits=8, palette=False, alpha=False, alpha_used=False)


# --- JPEG by Pillow, and by hand where Pillow cannot
def picture(w, h, channels):
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    parts = [127 + 90 * np.sin(x / (3 + c) + y / 7) + 30 * np.cos(y / (2 + c)) for c in range(channels)]
    return np.clip(np.stack(parts, 2), 0, 255).astype(np.uint8)


def jpeg(a, **options):
    out = io.BytesIO()
    Image.fromarray(a[:, :, 0] if a.shape[2] == 1 else a, {1: "L", 3: "RGB", 4: "CMYK"}[a.shape[2]]).save(out, "JPEG", **options)
    return out.getvalue()


def many_scans(low):
    """A grey 8x8 progressive picture in which each coefficient has a scan of its own, then one more for each bit below `low`."""
    def segment(marker, body):
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    def scan(first, last, high, low, data):
        return segment(0xDA, bytes([1, 1, 0, first, last, high << 4 | low])) + data

    table = bytes([1] + [0] * 15 + [0])  # the one-bit code 0 means symbol 0: no difference, end of block
    out = b"\xff\xd8" + segment(0xDB, bytes([0] + [1] * 64)) + segment(0xC2, struct.pack(">BHHB", 8, 8, 8, 1) + bytes([1, 0x11, 0]))
    out += segment(0xC4, b"\x00" + table) + segment(0xC4, b"\x10" + table) + scan(0, 0, 0, 0, b"\x7f")
    for k in range(1, 64):
        out += scan(k, k, 0, low, b"\x7f")
    for bit in range(low, 0, -1):
        for k in range(1, 64):
            out += scan(k, k, bit, bit - 1, b"\x7f")
    return out + b"\xff\xd9"


def good_jpegs():
    colour, grey = picture(37, 29, 3), picture(37, 29, 1)
    yield "grey.jpg", jpeg(grey, quality=90)
    yield "grey_progressive.jpg", jpeg(grey, quality=80, progressive=True)
    for name, subsampling in [("444", 0), ("422", 1), ("420", 2)]:
        yield f"rgb_{name}.jpg", jpeg(colour, quality=85, subsampling=subsampling)
        yield f"rgb_{name}_progressive.jpg", jpeg(colour, quality=60, subsampling=subsampling, progressive=True, optimize=True)
    yield "rgb_1x1.jpg", jpeg(picture(1, 1, 3))
    yield "rgb_65x3.jpg", jpeg(picture(65, 3, 3), quality=30)
    yield "equal.jpg", jpeg(np.repeat(picture(20, 16, 1), 3, 2), quality=95, subsampling=0)
    yield "scans_64.jpg", many_scans(0)


def spoil(data, at, value):
    return data[:at] + (value if isinstance(value, bytes) else bytes([value])) + data[at + len(value if isinstance(value, bytes) else b"1"):]


def bad_files():
    """name, bytes, code"""
    a = noise("bad", 8 * 6, 256).reshape(6, 8, 1).astype(np.int64)
    fine, raw = png(a, 8, GREY), pack_rows(a, 8)
    idat = fine.index(b"IDAT")
    yield "crc_idat.png", spoil(fine, idat + 5, fine[idat + 5] ^ 1), "IMAGE_CORRUPT"
    text = png(a, 8, GREY, extra=chunk(b"tEXt", b"Comment\0hello"))
    yield "crc_text.png", spoil(text, text.index(b"hello"), b"jello"), "IMAGE_CORRUPT"
    stream = zlib.compress(raw, 9)
    yield "adler.png", png(a, 8, GREY, stream=spoil(stream, len(stream) - 1, stream[-1] ^ 1)), "IMAGE_CORRUPT"
    # the checksum in a chunk of its own, or absent: libpng has all rows by then and would only warn
    yield "adler_apart.png", png(a, 8, GREY, stream=spoil(stream, len(stream) - 1, stream[-1] ^ 1), cut=len(stream) - 4), "IMAGE_CORRUPT"
    yield "adler_none.png", png(a, 8, GREY, stream=stream[:-4]), "IMAGE_TRUNCATED"
    yield "rows_missing.png", png(a, 8, GREY, raw=raw[:-9]), "IMAGE_TRUNCATED"
    yield "stream_cut.png", png(a, 8, GREY, stream=stream[:-8]), "IMAGE_TRUNCATED"
    yield "filter.png", png(a, 8, GREY, raw=spoil(raw, 9, 5)), "IMAGE_CORRUPT"
    yield "no_iend.png", fine[:-12], "IMAGE_TRUNCATED"
    yield "no_idat.png", SIGNATURE + ihdr(8, 6, 8, GREY) + chunk(b"IEND", b""), "IMAGE_CORRUPT"
    yield "palette_none.png", png(a % 4, 8, PALETTE), "IMAGE_CORRUPT"
    yield "palette_short.png", png(a % 4 + 1, 8, PALETTE, plte=np.arange(12).reshape(4, 3)), "IMAGE_CORRUPT"
    yield "bits_7.png", SIGNATURE + ihdr(8, 6, 7, GREY) + fine[33:], "IMAGE_CORRUPT"
    yield "bits_200.png", SIGNATURE + ihdr(8, 6, 200, GREY) + fine[33:], "IMAGE_CORRUPT"
    yield "palette_16.png", SIGNATURE + ihdr(8, 6, 16, PALETTE) + fine[33:], "IMAGE_CORRUPT"
    yield "colour_5.png", SIGNATURE + ihdr(8, 6, 8, 5) + fine[33:], "IMAGE_CORRUPT"
    yield "no_ihdr.png", SIGNATURE + chunk(b"tEXt", b"Comment\0" + b"x" * 20), "IMAGE_CORRUPT"
    yield "width_0.png", SIGNATURE + ihdr(0, 6, 8, GREY) + fine[33:], "IMAGE_EMPTY"
    yield "height_0.png", SIGNATURE + ihdr(8, 0, 8, GREY) + fine[33:], "IMAGE_EMPTY"
    for w, h in [(2**31 - 1, 1), (2**32 - 1, 2**32 - 1), (65536, 32768), (32768, 32768), (1, 32769)]:
        yield f"huge_{w}x{h}.png", SIGNATURE + ihdr(w, h, 8, GREY) + fine[33:], "IMAGE_TOO_LARGE"
    yield "promise.png", SIGNATURE + ihdr(11000, 11000, 16, RGB_A) + fine[33:], "IMAGE_TRUNCATED"
    good = jpeg(picture(37, 29, 3), quality=85)
    sof = good.index(b"\xff\xc0")
    yield "height_0.jpg", spoil(good, sof + 5, b"\0\0"), "IMAGE_EMPTY"
    yield "huge.jpg", spoil(good, sof + 5, b"\xff\xff\xff\xff"), "IMAGE_TOO_LARGE"
    yield "promise.jpg", spoil(good, sof + 5, b"\x28\x00\x28\x00"), "IMAGE_TRUNCATED"
    yield "bits_12.jpg", spoil(good, sof + 4, 12), "IMAGE_DEPTH"
    yield "lossless.jpg", spoil(good, sof + 1, 0xC3), "UNSUPPORTED"
    yield "cmyk.jpg", jpeg(picture(16, 16, 4)), "IMAGE_COLOUR"
    sos = good.index(b"\xff\xda")
    yield "marker.jpg", spoil(good, sos + 40, b"\xff\xd9"), "IMAGE_CORRUPT"
    yield "garbage.jpg", good[:-2] + b"abc" + good[-2:], "IMAGE_CORRUPT"
    yield "no_eoi.jpg", good[:-2], "IMAGE_TRUNCATED"
    yield "scans_127.jpg", many_scans(1), "IMAGE_TOO_LARGE"
    for kind in ("GIF", "BMP", "TIFF"):
        out = io.BytesIO()
        Image.fromarray(a[:, :, 0].astype(np.uint8)).save(out, kind)
        yield f"other.{kind.lower()}", out.getvalue(), "IMAGE_TYPE"
    yield "text.png", b"not an image at all", "IMAGE_TYPE"
    yield "empty.png", b"", "FILE_EMPTY"


def describe(name, data, pixels, facts):
    seen = oracle.pillow_pixels(io.BytesIO(data))
    if seen is not None and not np.array_equal(seen, pixels >> 8 if oracle.is_reduced(seen, pixels) else pixels):
        sys.exit(f"{name}: Pillow sees other pixels than were written")
    small = oracle.Profile(23, 17, 16, 20)
    return dict(file=name, width=pixels.shape[1], height=pixels.shape[0], channels=1 if pixels.ndim == 2 else 3, bits=pixels.itemsize * 8, **facts,
                pixels=oracle.sha(pixels), mg=oracle.prepared(pixels, "mg", small), us=oracle.prepared(pixels, "us", small))


def images():
    good, bad = [], []
    for name, data, pixels, facts in good_pngs():
        (GOLDEN / name).write_bytes(data)
        good.append(describe(name, data, pixels, dict(format="PNG", **facts)))
    for name, data in good_jpegs():
        (GOLDEN / name).write_bytes(data)
        good.append(describe(name, data, np.asarray(Image.open(io.BytesIO(data))),
                             dict(format="JPEG", file_bits=8, palette=False, alpha=False, alpha_used=False)))
    (GOLDEN / "bad").mkdir(exist_ok=True)
    for name, data, code in bad_files():
        (GOLDEN / "bad" / name).write_bytes(data)
        bad.append(dict(file="bad/" + name, code=code))
    oracle.write_lines(GOLDEN / "images.json", dict(good=good, bad=bad))


def resizes():
    cases = oracle.resize_cases(240, seed=1)
    oracle.write_lines(GOLDEN / "resize.json", dict(cases=[dict(**c, sha256=oracle.pillow_resize(c)) for c in cases]))


def real():
    data = Path(os.environ.get("BMUNET_DATA", "../shared/data"))
    if not data.is_dir():
        print(f"real images: left as they are, {data} is not there")
        return
    full = oracle.Profile(2294, 1280, 224, 224)
    entries = []
    for slot, path in oracle.real_images(data):
        pixels = oracle.pillow_pixels(data / path)
        entries.append(dict(path=path, slot=slot, sha256=oracle.prepared(pixels, slot, full)))
    oracle.write_lines(GOLDEN / "real.json", dict(images=entries))
    folder, pixels = data / "fuzz", []
    for path in oracle.sample([p for p in sorted(folder.rglob("*")) if p.suffix in (".png", ".jpg", ".jpeg")], 600):
        seen = oracle.pillow_pixels(path)
        if seen is not None and seen.size < 4 << 20:
            pixels.append(dict(path=str(path.relative_to(data)), shape=list(seen.shape), bits=seen.itemsize * 8, sha256=oracle.sha(seen)))
    oracle.write_lines(GOLDEN / "fuzz_pixels.json", dict(images=pixels))


if __name__ == "__main__":
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    GOLDEN.mkdir(parents=True, exist_ok=True)
    images()
    resizes()
    real()
