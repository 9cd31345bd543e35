#!/usr/bin/python3
"""Writes tests/golden/dicom.tsv: what must come out of each file of a public collection of DICOM files, told by three others.

Usage: dicom_oracle.py FOLDER > tests/golden/dicom.tsv   (Debian's python3 with pydicom, numpy, PIL; gdcmconv; DCMTK's tools)

Each file goes through pydicom (its own code and Pillow's codecs), GDCM (gdcmconv --raw) and DCMTK (dcmconv, dcmdjpeg, dcmdjpls, dcmdrle), each
in a process of its own. What they leave is taken apart here by the standard alone (PS3.5 section 8: frame, planar configuration, bits stored at
the high bit, sign; PS3.3 C.7.6.3.1.2: YBR_FULL and palettes to RGB). The chosen frame is n / 2. A row:

    path  bits  channels  sha256 of the samples (little-endian, interleaved)  who agrees  remark
    path  CODE  -         -                                                   who decodes  why it has to be refused

Nothing in here looks at what bmunet makes of a file. KNOWN holds what a person found out about single files, with the reason.
"""
import hashlib
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy
import pydicom
from pydicom.pixel_data_handlers import numpy_handler, pillow_handler, rle_handler

warnings.simplefilter("ignore")
NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
JPEG = {"1.2.840.10008.1.2.4." + s for s in ("50", "51", "57", "70")}
JPEG_LS = {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"}
HIGH_THROUGHPUT = {"1.2.840.10008.1.2.4." + s for s in ("201", "202", "203")}
JPEG_2000 = HIGH_THROUGHPUT | {"1.2.840.10008.1.2.4." + s for s in ("90", "91")}
RLE = {"1.2.840.10008.1.2.5"}
# path -> (code, why): read by a person
P, F = "pydicom-data/data_store/data/", "fo-dicom/Tests/FO-DICOM.Tests/Test Data/"
KNOWN = {
    "libdicom/data/test_files/generated_encapsulated_defined_bot_1_to_1.dcm": ("IMAGE_CORRUPT", "the fragments hold no JPEG 2000"),
    "libdicom/data/test_files/generated_encapsulated_defined_bot_2_to_1.dcm": ("IMAGE_CORRUPT", "the fragments hold no JPEG 2000"),
    "dicom-test-files/data/pydicom/rtplan_truncated.dcm": ("IMAGE_TRUNCATED", "cut short"),
    "dicom-test-files/data/pydicom/no_meta.dcm": ("IMAGE_TYPE", "begins with group 0820: a byte that does not belong there"),
    "pydicom/src/pydicom/data/test_files/GDCMJ2K_TextGBR.dcm": ("IMAGE_CORRUPT", "its tile-part counter is wrong; Pillow refuses it too"),
    P + "JLSL_08_07_0_1F.dcm": ("IMAGE_DEPTH", "7 bits stored; DCMTK refuses it too"),
    F + "GH364.dcm": ("DICOM_SYNTAX", "an item where no item can be; all three refuse it"),
    F + "GH195.dcm": ("DICOM_PIXELS", "says RGB, its stream is YCbCr (JFIF, subsampled): with the pixels that the three agree on it is green"),
    F + "DIRW0007": ("IMAGE_TRUNCATED", "an item's end is never found; GDCM and DCMTK refuse it too"),
}

# white that lossy coding carried to 2^BitsStored, which DCMTK's decoder gives as it is and GDCM makes black
WRAPPED = {"dicom-test-files/data/WG04/JPLY/RG3_JPLY": "pydicom: fails"}
# all fragments are whole and the last ends with its marker: only the delimiter of the sequence is not there, and the peers are given it
UNCLOSED = {"dicom-test-files/data/pydicom/emri_small_jpeg_2k_lossless_too_short.dcm", F + "GH1339.dcm"}
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"


class Refused(Exception):
    """(code, why)"""


def ybr_to_rgb(ybr):
    """PS3.3 C.7.6.3.1.2 turned round, to the nearest whole number (halves up)."""
    y, cb, cr = (ybr[..., k].astype(numpy.float64) - (128 if k else 0) for k in range(3))
    rgb = numpy.stack([y + 1.402 * cr, y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587, y + 1.772 * cb], -1)
    return numpy.clip(numpy.floor(rgb + 0.5), 0, 255).astype(numpy.uint8)


def palette_to_rgb(values, ds):
    out = []
    for colour in ("Red", "Green", "Blue"):
        n, first, bits = ds[colour + "PaletteColorLookupTableDescriptor"].value
        n = n or 65536
        raw = ds[colour + "PaletteColorLookupTableData"].value
        big = not ds.is_little_endian
        if len(raw) >= 2 * n:
            table = numpy.frombuffer(raw, ">u2" if big else "<u2", n).astype(numpy.uint16)
        else:
            if big:
                raw = numpy.frombuffer(raw, ">u2").astype("<u2").tobytes()
            table = numpy.frombuffer(raw, numpy.uint8, n).astype(numpy.uint16)
        if bits == 16:
            if table.max() < 256:
                raise Refused("DICOM_LUT", "a palette of 16 bits holds values of 8")
            table = table >> 8
        out.append(table[numpy.clip(values.astype(numpy.int64) - first, 0, n - 1)].astype(numpy.uint8))
    return numpy.stack(out, -1)


def stored(values, ds, syntax):
    """Bits stored at the high bit, sign-extended. Of a compressed stream without a sign, all bits: lossy coding goes beyond those stored."""
    bits, high = int(ds.BitsStored), int(ds.get("HighBit", ds.BitsStored - 1))
    if syntax in JPEG | JPEG_LS | JPEG_2000 and ds.PixelRepresentation == 0 and high + 1 == bits:
        return values.astype(numpy.int64)
    v = (values.astype(numpy.int64) & 0xFFFF if values.dtype.itemsize > 1 else values.astype(numpy.int64) & 0xFF) >> (high + 1 - bits)
    v &= (1 << bits) - 1
    if ds.PixelRepresentation == 1:
        v = numpy.where(v >> (bits - 1), v - (1 << bits), v)
    return v


def result(values, ds, original):
    """Samples of one frame (rows, columns[, 3]) with the attributes `ds` -> (bits, channels, sha256)."""
    photometric = ds.PhotometricInterpretation
    colour = values.ndim == 3
    wide = int(original.BitsAllocated) == 16 or original.PixelRepresentation == 1
    v = stored(values, ds, original.file_meta.get("TransferSyntaxUID", ""))
    if photometric.startswith("PALETTE"):
        v, colour, wide = palette_to_rgb(v, original), True, False
    elif photometric in ("YBR_FULL", "YBR_FULL_422"):
        v, wide = ybr_to_rgb(v), False
    v = v.astype(("<i2" if original.PixelRepresentation == 1 and not colour else "<u2") if wide else numpy.uint8)
    return 16 if wide else 8, 3 if colour else 1, hashlib.sha256(numpy.ascontiguousarray(v).tobytes()).hexdigest()


def take_apart(ds, original):
    """Native pixel data of a file that another program wrote."""
    rows, columns, samples = int(ds.Rows), int(ds.Columns), int(ds.SamplesPerPixel)
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    frame, width = frames // 2, int(ds.BitsAllocated) // 8
    order = "<" if ds.is_little_endian else ">"
    raw = ds.PixelData
    if not ds.is_little_endian and width == 1 and ds["PixelData"].VR == "OW":  # words, swapped
        raw = raw[:len(raw) // 2 * 2]
        raw = numpy.frombuffer(raw, ">u2").astype("<u2").tobytes()
    if ds.PhotometricInterpretation == "YBR_FULL_422":
        size = rows * columns * 2
        pairs = numpy.frombuffer(raw[frame * size:(frame + 1) * size], numpy.uint8).reshape(rows, columns // 2, 4)
        v = numpy.stack([pairs[..., [0, 1]], numpy.repeat(pairs[..., 2:3], 2, -1), numpy.repeat(pairs[..., 3:4], 2, -1)], -1)
        return result(v.reshape(rows, columns, 3), ds, original)
    size = rows * columns * samples * width
    raw = raw[frame * size:(frame + 1) * size]
    v = numpy.frombuffer(raw, numpy.uint8 if width == 1 else order + "u2")
    if samples == 1:
        v = v.reshape(rows, columns)
    elif ds.get("PlanarConfiguration", 0) == 1:
        v = v.reshape(samples, rows, columns).transpose(1, 2, 0)
    else:
        v = v.reshape(rows, columns, samples)
    return result(v, ds, original)


def by_pydicom(path, original):
    pydicom.config.pixel_data_handlers = [numpy_handler, pillow_handler, rle_handler]
    syntax = original.file_meta.get("TransferSyntaxUID", "")
    if syntax in HIGH_THROUGHPUT:  # pydicom does not know it, the OpenJPEG behind Pillow does
        original.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.91"
    v = original.pixel_array
    frames = int(original.get("NumberOfFrames", 1) or 1)
    if frames > 1:
        v = v[frames // 2]
    if original.PhotometricInterpretation == "YBR_FULL_422":
        original.PhotometricInterpretation = "YBR_FULL"
    if syntax in JPEG | JPEG_2000:  # decoders put the bits at the bottom
        original.HighBit = original.BitsStored - 1
    if syntax in JPEG_2000 and original.PhotometricInterpretation.startswith("YBR"):
        original.PhotometricInterpretation = "RGB"
    return result(v.view(v.dtype.str.replace("i", "u")), original, original)


def by_gdcm(path, original):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "x.dcm"
        subprocess.run(["gdcmconv", "--raw", "-i", path, "-o", out], check=True, capture_output=True, timeout=60)
        return take_apart(pydicom.dcmread(out, force=True), original)


def by_dcmtk(path, original):
    syntax = original.file_meta.get("TransferSyntaxUID", "")
    tool = ["dcmdjpeg", "+cn"] if syntax in JPEG else ["dcmdjpls"] if syntax in JPEG_LS else ["dcmdrle"] if syntax in RLE else ["dcmconv"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "x.dcm"
        subprocess.run([*tool, "+te", path, out], check=True, capture_output=True, timeout=60)
        return take_apart(pydicom.dcmread(out, force=True), original)


def one(path, who):
    """In a process of its own: the line of one program for one file."""
    original = pydicom.dcmread(path, force=True)
    try:
        print("ok", *{"pydicom": by_pydicom, "gdcm": by_gdcm, "dcmtk": by_dcmtk}[who](path, original))
    except Refused as refused:
        print("refused", *refused.args)
    except subprocess.CalledProcessError as error:
        print("failed", who, error.returncode, error.stderr.decode("latin1").strip().splitlines()[-1:])
    except Exception as error:  # whatever a decoder throws
        print("failed", type(error).__name__, str(error).splitlines()[:1])


def due(path):
    """What the standard and our list of what is supported ask: None, or (code, why)."""
    try:
        ds = pydicom.dcmread(path, force=True)
    except Exception as error:
        return "DICOM_SYNTAX", type(error).__name__
    if not any(k in ds for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return ("DICOM_NO_PIXELS", "no pixel data") if len(ds) > 1 else ("DICOM_SYNTAX", "no data set")
    syntax = ds.file_meta.get("TransferSyntaxUID", "") if hasattr(ds, "file_meta") else ""
    if syntax and syntax not in NATIVE | JPEG | JPEG_LS | JPEG_2000 | RLE:
        return "DICOM_TRANSFER", syntax
    lacks = [k for k in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation") if k not in ds]
    if lacks:
        return "DICOM_PIXELS", "lacks " + ", ".join(lacks)
    if "PixelData" not in ds or int(ds.get("BitsAllocated") or 0) not in (8, 16):
        return "IMAGE_DEPTH", f"{ds.get('BitsAllocated')} bits allocated"
    return None


def alone(path):
    """A syntax that only one of the three can decode."""
    return pydicom.dcmread(path, force=True, stop_before_pixels=True).file_meta.get("TransferSyntaxUID", "") in HIGH_THROUGHPUT


def main():
    if len(sys.argv) == 4:
        return one(sys.argv[2], sys.argv[3])
    folder = Path(sys.argv[1])
    paths = [line.split("\t")[0] for line in (folder / "index.tsv").read_text().splitlines()[1:]]
    print("# by tests/oracle/dicom_oracle.py: path, bits or code, channels, sha256 of the samples of frame n / 2, who, remark")
    for name in paths:
        path = str(folder / name)
        answers = {}
        if name in UNCLOSED:
            with tempfile.NamedTemporaryFile(suffix=".dcm", delete=False) as closed:
                closed.write(Path(path).read_bytes() + DELIMITER)
            path = closed.name
        for who in ("pydicom", "gdcm", "dcmtk"):
            done = subprocess.run([sys.executable, __file__, "--one", path, who], capture_output=True, text=True)
            answers[who] = (done.stdout.strip().splitlines() or ["failed signal"])[-1]
        if not Path(path).exists():
            print(f"not there: {name}", file=sys.stderr)
            continue
        if os.environ.get("ORACLE_VERBOSE"):
            print(name, answers, file=sys.stderr)
        counts = {}
        for who, answer in answers.items():
            if answer.startswith("ok "):
                counts.setdefault(answer, []).append(who)
        best = max(counts, key=lambda a: len(counts[a]), default=None)
        refusal = KNOWN.get(name) or due(path)
        if not refusal and any(a.startswith("refused") for a in answers.values()):
            refusal = next(a for a in answers.values() if a.startswith("refused")).split(" ", 2)[1:]
        if refusal:
            print(name, refusal[0], "-", "-", "+".join(w for ws in counts.values() for w in ws) or "none", refusal[1], sep="\t", flush=True)
        elif name in WRAPPED:
            print(name, *answers["dcmtk"].split()[1:], "dcmtk", "gdcm: cuts off the bits above those stored; " + WRAPPED[name], sep="\t", flush=True)
        elif best and (len(counts[best]) >= 2 or alone(path)):
            others = [w for w in answers if w not in counts[best]]
            remark = "; ".join(f"{w}: {'other pixels' if answers[w].startswith('ok') else 'fails'}" for w in others)
            print(name, *best.split()[1:], "+".join(counts[best]), remark or "-", sep="\t", flush=True)
        else:
            print(name, "?", "-", "-", "none", answers, sep="\t", flush=True)


if __name__ == "__main__":
    main()
