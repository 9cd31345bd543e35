#!/usr/bin/python3
"""Small images for the tests of the program, good and bad, by the PNG specification and nothing but Python's library. Usage: make.py FOLDER"""
import random
import struct
import sys
import zlib
from pathlib import Path


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width, height, depth, colour):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(width, height, depth, colour, seed):
    """colour 0: grey, 2: RGB. Random samples."""
    rng = random.Random(seed)
    row = width * (3 if colour == 2 else 1) * depth // 8
    raw = b"".join(b"\0" + rng.randbytes(row) for _ in range(height))
    return header(width, height, depth, colour) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def main():
    folder = Path(sys.argv[1])
    files = {f"us{i}.png": png(40 + i, 30, 8, 2, i) for i in range(1, 7)}
    files["mg1.png"] = png(60, 80, 16, 0, 11)
    files["mg2.png"] = png(61, 80, 16, 0, 12)
    files["mg8.png"] = png(50, 70, 8, 0, 13)
    files["us16.png"] = png(40, 30, 16, 2, 14)
    files["cut.png"] = files["us1.png"][: len(files["us1.png"]) * 6 // 10]
    files["cut_mg.png"] = files["mg1.png"][: len(files["mg1.png"]) // 2]
    files["copy.png"] = files["us1.png"]
    small = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    files["huge.png"] = header(65536, 32768, 8, 0) + small  # 2^31 pixels
    files["wide.png"] = header(2**31 - 1, 2**31 - 1, 16, 2) + small
    files["zero.png"] = header(0, 30, 8, 2) + small
    files["text.png"] = b"exam_id,age\nnot an image\n"
    files["dicom.png"] = b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL" + b"\0" * 64
    files["empty.png"] = b""
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
