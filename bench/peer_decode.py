#!/usr/bin/python3
"""A DICOM mammogram to the tensor of canonical-v1 in Python: pydicom with GDCM (its fastest decoder here), numpy, Pillow. Usage: peer_decode.py FILE SLOT SIDE RUNS

Written for speed: grey by a table over the stored values, sums of cells without copies, components by runs; pictures stay in 16 bits as long as they can. Prints
JSON: seconds of each run after one to warm up, processor_s (the median of a run), peak_rss_mb, tensor_sha256 (hashed outside of the timing), version.
"""
import hashlib
import json
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import PIL
import pydicom
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/oracle"))
import prep_oracle as oracle  # noqa: E402  the steps on the grid of cells, which are small, and the tags

TARGET = oracle.FULL["mg"]


def read(path):
    ds = pydicom.dcmread(path)
    ds.convert_pixel_data("gdcm")
    return ds, ds.pixel_array


def grey(ds, v):
    """docs/PREP.md section 2, once per stored value."""
    stored = np.arange(2 ** int(ds.BitsStored))
    if ds.PixelRepresentation:
        stored = (stored ^ 2 ** (int(ds.BitsStored) - 1)) - 2 ** (int(ds.BitsStored) - 1)
    table = oracle.grey(ds, stored.reshape(1, -1), 16, ()).ravel().astype(np.uint16)
    return np.take(table, v if not ds.PixelRepresentation else v & (len(table) - 1))


def cells_of(g, f):
    h, w = g.shape
    ys, xs = np.arange(0, h, f), np.arange(0, w, f)
    sums = np.add.reduceat(np.add.reduceat(g, ys, 0, dtype=np.uint32), xs, 1, dtype=np.uint32).astype(np.int64)
    return sums // np.outer(np.diff(np.append(ys, h)), np.diff(np.append(xs, w)))


def threshold(c):
    counts = np.bincount((c // 256).ravel(), minlength=256).astype(np.int64)
    n0, s0 = np.cumsum(counts)[:-1], np.cumsum(counts * np.arange(256))[:-1]
    n1, s1 = c.size - n0, (counts * np.arange(256)).sum() - s0
    d = (s0 * n1 - s1 * n0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.where((n0 > 0) & (n1 > 0), (d * d) / (n0.astype(np.float64) * n1), -1.0)
    o = int(np.argmax(v))
    b = int(np.argmax(counts[:o + 1]))
    return 256 * b + 128 + 256 * (o - b) // 6


def largest(mask):
    """The component by 4-neighbourhood with most cells: runs of rows, joined where they touch."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    ys, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    parent = list(range(len(ys)))

    def root(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first = np.searchsorted(ys, np.arange(mask.shape[0] + 1))
    for y in range(1, mask.shape[0]):
        i, j = int(first[y - 1]), int(first[y])
        i_end, j_end = j, int(first[y + 1])
        while i < i_end and j < j_end:
            if starts[i] < ends[j] and starts[j] < ends[i]:
                a, b = sorted((root(i), root(j)))
                parent[b] = a
            if ends[i] < ends[j]:
                i += 1
            else:
                j += 1
    roots = np.array([root(i) for i in range(len(parent))])
    sizes = np.bincount(roots, weights=ends - starts)
    best, out = int(np.argmax(sizes)), np.zeros_like(mask)
    for i in np.nonzero(roots == best)[0]:
        out[ys[i], starts[i]:ends[i]] = True
    return out


def prepare(path, slot, claim):
    ds, v = read(path)
    side = oracle.check_tags(ds, slot, claim, False)
    wall_expected, flip = oracle.orientation(ds, slot, side)
    g = grey(ds, v)
    h, w = g.shape
    f = (max(w, h) + 255) // 256
    c = cells_of(g, f)
    oracle.check_cells(c)
    m2 = oracle.dilate(largest(oracle.erode(c > threshold(c))))
    wall, x0, x1 = oracle.chest_wall(m2)
    m3 = oracle.filled(m2, wall, x0, x1)
    n, counts = int(m3.sum()), np.bincount(c[m3] // 256, minlength=256)
    assert 2 * counts[255] <= n and 20 * n >= c.size and 100 * n <= 98 * c.size and (counts > 0).sum() >= 16 and 2 * counts.max() <= n
    assert wall_expected in (None, wall)
    m4 = oracle.dilate(oracle.dilate(m3))
    m4[:, :x0] &= wall != "left"
    m4[:, x1 + 1:] &= wall != "right"
    ys, xs = np.nonzero(m4.any(1))[0], np.nonzero(m4.any(0))[0]
    box = slice(ys[0] * f, min(h, (ys[-1] + 1) * f)), slice(xs[0] * f, min(w, (xs[-1] + 1) * f))
    inside = m4[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1].astype(np.uint16)
    crop = g[box] * np.repeat(np.repeat(inside, f, 0), f, 1)[:box[0].stop - box[0].start, :box[1].stop - box[1].start]
    crop = crop[::-1 if flip else 1, ::-1 if wall == "right" else 1]
    picture = oracle.padded(crop, TARGET, False)
    resized = Image.fromarray(picture.astype(np.int32)).resize((TARGET[1], TARGET[0]), Image.BILINEAR)
    return (np.asarray(resized).astype(np.float32) - np.float32(16384)) / np.float32(16384)


def main():
    path, slot, claim, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    seconds, processor = [], []
    for _ in range(runs + 1):
        started, used = time.perf_counter(), time.process_time()
        tensor = prepare(path, slot, claim)
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    print(json.dumps({"seconds": seconds[1:], "processor_s": statistics.median(processor[1:]), "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                      "tensor_sha256": hashlib.sha256(np.ascontiguousarray(tensor, "<f4").tobytes()).hexdigest(),
                      "version": f"pydicom {pydicom.__version__}, GDCM, numpy {np.__version__}, Pillow {PIL.__version__}"}))


if __name__ == "__main__":
    main()
