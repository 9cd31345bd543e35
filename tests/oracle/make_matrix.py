#!/usr/bin/python3
"""The test matrix: files by the hundreds, and what has to become of each. Usage: make_matrix.py FOLDER [--part K/N] [--mammograms 1000] [--ultrasound 500]

Writes FOLDER/*.dcm and *.png, exams.csv (one exam per file, for bmunet prep --small), vendors/matrix.yml and expected.json: {exam_id: {"tensor": sha256} or {"code": [...]}, with
"what"}. Lossless syntaxes: the samples are those that were written. Lossy ones: those on which GDCM and another (DCMTK; of JPEG 2000 Pillow) agree; where they do not, the case is left out and
counted: that is the decoder's own test. --part K/N: every N-th file beginning with the K-th.
"""
import argparse
import csv
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pydicom

import matrix_cases
import matrix_odd
import matrix_refusals
from dicom_make import EXPLICIT, JPEGLS_NEAR, LOSSY, store, swap_luts
from matrix_cases import mg_dataset, us_dataset
from matrix_refusals import png
from prep_oracle import SMALL, Refused, prepare

SLOTS = ["mg_cc", "mg_mlo", "us_bmode_trans", "us_bmode_long", "us_doppler_trans", "us_doppler_long", "us_elasto_trans", "us_elasto_long"]
VENDORS = ({"name": "two windows", "manufacturer": ["hologic"], "model": ["Model"], "voi": ["harder", "NORMAL"]},
           {"name": "never", "manufacturer": ["GE"], "model": ["Other"], "voi": ["HARDER"]},
           {"name": "bands", "manufacturer": ["Bandmaker", "SAMSUNG"], "bands": [(0, 0, 1000, 60), (940, 0, 1000, 1000)]})


def vendors_yaml():
    """VENDORS as a file for --vendors."""
    lines = ["devices:"]
    for v in VENDORS:
        lines += [f"- name: {v['name']}", "  source: made up for this test"]
        for key in ("manufacturer", "model", "voi"):
            lines += [f"  {key}: [{', '.join(v[key])}]"] if key in v else []
        lines += ["  bands:"] if "bands" in v else []
        lines += [f"  - {{left: {b[0]}, top: {b[1]}, right: {b[2]}, bottom: {b[3]}}}" for b in v.get("bands", ())]
    return "\n".join(lines) + "\n"


def decoded(path, command):
    """The samples of a file by an outside decoder; None if it cannot."""
    out = path.with_suffix("." + command[0])
    done = subprocess.run([*command, str(path), str(out)], capture_output=True)
    if done.returncode or not out.exists():
        return None
    try:
        ds = pydicom.dcmread(out)
        a = ds.pixel_array
        return a if a.ndim == 2 or ds.PhotometricInterpretation == "RGB" else None
    except Exception:  # pydicom cannot read what the tool wrote: no opinion
        return None
    finally:
        out.unlink()


def agreed(path, syntax):
    dcmtk = ["dcmdjpls"] if syntax == JPEGLS_NEAR else ["dcmdjpeg"]
    if syntax.endswith("4.91"):  # DCMTK has no JPEG 2000
        a, b = decoded(path, ["gdcmconv", "--raw"]), None
        try:
            ds = pydicom.dcmread(path)
            ds.convert_pixel_data("pillow")  # not by GDCM, which may be there too
            b = ds.pixel_array
        except Exception:  # Pillow cannot: no second opinion
            pass
    else:
        a, b = decoded(path, ["gdcmconv", "--raw"]), decoded(path, dcmtk)
    return a if a is not None and b is not None and a.shape == b.shape and np.array_equal(a, b) else None


def reread(path):
    """The tags as the file has them; data of LUTs little-endian."""
    ds = pydicom.dcmread(path, force=True)
    if not ds.is_little_endian:
        swap_luts(ds)
    return ds


def verdict(ds, samples, slot, claim, container):
    try:
        t = prepare(ds, samples, slot, claim, container, SMALL, vendors=VENDORS)
        return {"tensor": hashlib.sha256(np.ascontiguousarray(t, dtype="<f4").tobytes()).hexdigest()}
    except Refused as refused:
        return {"code": [refused.args[0]]}


def container_of(ds):
    return 8 if ds.BitsAllocated == 8 else 16


def taken(folder, name, c, mg, seed):
    """A file that is meant to be taken."""
    slot = f"mg_{c['view'].lower()}" if mg else f"us_{c['kind']}_{c['direction']}"
    claim = c["side"] if c["side_said"] == "table" else ""
    path = folder / f"{name}.dcm"
    ds, samples = (mg_dataset if mg else us_dataset)(c, name, seed)
    store(path, ds, c["syntax"], c["preamble"])
    if c["syntax"] in LOSSY:
        samples = agreed(path, c["syntax"])
        if samples is None:
            path.unlink()
            return None
    ds = reread(path)
    expected = verdict(ds, samples, slot, claim, container_of(ds))
    return slot, claim, path.name, dict(expected, what=repr(c))


def refused(folder, name, r, seed):
    what = {k: v for k, v in r.items() if k in ("slot", "claim", "syntax")}
    if "case" in r:
        what["case"] = {k: v for k, v in r["case"].items() if k != "picture"}
    path = folder / f"{name}.dcm"
    if "case" in r:
        ds, samples = matrix_refusals.build(r, name, seed)
        judge = r.get("judged", True) and "PixelData" in ds
        store(path, ds, r["syntax"])
        if "damage" in r:
            r["damage"](path)
        if judge:
            ds = reread(path)
            got = verdict(ds, samples, r["slot"], r["claim"], container_of(ds))
            if got.get("code", ["taken"])[0] not in r["code"]:
                raise AssertionError(f"{name}: the oracle says {got}, the case {r['code']}: {what}")
            r = dict(r, code=got["code"])
    elif r["bytes"] is not None:
        path.write_bytes(r["bytes"])
    return r["slot"], r["claim"], path.name, {"code": r["code"], "what": repr(what)}


def plain(folder, name, i):
    """PNG files: 8 and 16 bits, several ranges, with and without a side in the table."""
    mg = i % 2 == 0
    side, view = "LR"[i // 2 % 2], ["CC", "MLO"][i // 4 % 2]
    claim = side if i // 8 % 2 else ""
    path = folder / f"{name}.png"
    if mg:
        bits = [8, 10, 12, 14, 16][i // 16 % 5]
        v = matrix_cases.quantise(matrix_cases.breast(side, view, seed=i), bits, False)
        data, container = v.astype(np.uint8 if bits == 8 else np.uint16), 8 if bits == 8 else 16
        slot = f"mg_{view.lower()}"
    else:
        kind, layout = ["bmode", "doppler", "elasto"][i // 2 % 3], ["one", "beside", "apart"][i // 6 % 3]
        data, _ = matrix_cases.us_picture({"kind": kind, "layout": layout}, i)
        data, container, slot = data.astype(np.uint8), 8, f"us_{kind}_trans"
    path.write_bytes(png(data))
    return slot, claim, path.name, dict(verdict(None, data.astype(np.int64), slot, claim, container), what=f"PNG {i}, {slot}")


def odd(folder, name, draw, i):
    slot, claim, ds, samples = draw(i)
    path = folder / f"{name}.dcm"
    store(path, ds, EXPLICIT)
    ds = reread(path)
    return slot, claim, path.name, dict(verdict(ds, samples, slot, claim, container_of(ds)), what=f"{draw.__name__}({i}) of matrix_odd.py")


def jobs(o):
    for i, c in enumerate(matrix_cases.draw(matrix_cases.MG, matrix_cases.fit_mg, o.mammograms, 1)):
        yield taken, (f"m{i:04d}", c, True, 1000 + i)
    for i, c in enumerate(matrix_cases.draw(matrix_cases.US, matrix_cases.fit_us, o.ultrasound, 2)):
        yield taken, (f"u{i:04d}", c, False, 5000 + i)
    for i, r in enumerate(matrix_refusals.refusals()):
        yield refused, (f"r{i:04d}", r, 9000 + i)
    for i in range(120):
        yield plain, (f"p{i:04d}", i)
    for i in range(o.odd):
        yield odd, (f"om{i:04d}", matrix_odd.odd_mg, i)
        yield odd, (f"ou{i:04d}", matrix_odd.odd_us, i)


def work(o, turn):
    done, left_out = [], 0
    for i, (make, arguments) in enumerate(jobs(o)):
        if i % o.part[1] != o.part[0] or i // o.part[1] % o.jobs != turn:
            continue
        try:
            got = make(o.folder, *arguments)
        except Exception as error:
            raise RuntimeError(f"{arguments[0]}: {arguments[1]}") from error
        if got:
            done.append((arguments[0], *got))
        else:
            left_out += 1
    return done, left_out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=Path)
    p.add_argument("--part", type=lambda s: tuple(int(x) for x in s.split("/")), default=(0, 1))
    p.add_argument("--mammograms", type=int, default=1100)
    p.add_argument("--ultrasound", type=int, default=500)
    p.add_argument("--odd", type=int, default=400)
    p.add_argument("--jobs", type=int, default=2)
    o = p.parse_args()
    o.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(o.jobs) as pool:
        parts = list(pool.map(work, [o] * o.jobs, range(o.jobs)))
    done = sorted(x for part, _ in parts for x in part)
    with open(o.folder / "exams.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["exam_id", "side", *SLOTS])
        for name, slot, claim, file, _ in done:
            out.writerow([name, claim, *[file if s == slot else "" for s in SLOTS]])
    (o.folder / "vendors").mkdir(exist_ok=True)
    (o.folder / "vendors" / "matrix.yml").write_text(vendors_yaml())
    (o.folder / "expected.json").write_text(json.dumps({name: dict(expected, slot=slot) for name, slot, _, _, expected in done}, indent=0))
    tensors = sum("tensor" in x[4] for x in done)
    codes = sorted({c for x in done for c in x[4].get("code", [])})
    print(f"{len(done)} files: {tensors} to be taken, {len(done) - tensors} to be refused ({', '.join(codes)}); {sum(n for _, n in parts)} lossy ones left out: "
          "two decoders disagree")


if __name__ == "__main__":
    sys.exit(main())
