#!/usr/bin/python3
"""A mixed folder as a hospital might hand it over, made with pydicom, and what `bmunet scan` has to make of every file in it.
Usage: make_scan.py FOLDER EXPECTED.json  (needs Debian's python3-pydicom and python3-numpy)

EXPECTED.json: path -> [exam_id, slot] or [code]. It is written from what the files were made to be, never from the program's answer.
"""
import hashlib
import json
import os
import struct
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence

warnings.filterwarnings("ignore")
MG, US, CT, SR = (f"1.2.840.10008.5.1.4.1.1.{x}" for x in ("1.2", "6.1", "2", "88.11"))


def uid(text):
    return f"2.25.{int(hashlib.sha256(text.encode()).hexdigest()[:30], 16)}"


def noise(height, width, seed):
    return np.random.RandomState(seed).rand(height, width)


def breast(side, seed, height=160, width=120):
    y, x = np.mgrid[0:height, 0:width].astype(float)
    inside = np.clip(1 - (x / (width * 0.7)) ** 2 - ((y - height / 2) / (height * 0.42)) ** 2, 0, None)
    picture = np.where(inside > 0, 0.2 + 0.5 * np.sqrt(inside) + 0.2 * noise(height, width, seed), 0)
    return picture if side != "R" else picture[:, ::-1]


def sector(seed, height=120, width=160):
    picture = np.zeros((height, width))
    picture[16:112, 30:130] = 0.2 + 0.7 * noise(96, 100, seed)
    return picture


def code(value, scheme, meaning):
    d = Dataset()
    d.CodeValue, d.CodingSchemeDesignator, d.CodeMeaning = value, scheme, meaning
    return d


def base(name, sop_class, modality, patient, study, date, side):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid("instance " + name)
    ds.file_meta.ImplementationClassUID = uid("implementation")
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    ds.Modality, ds.PatientID, ds.PatientName = modality, patient, "SECRET^NAME"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study " + study), uid("series " + study)
    ds.StudyDate = ds.AcquisitionDate = date
    ds.Manufacturer = "ACME"
    if side:
        ds.ImageLaterality = side
    return ds


def pixels(ds, picture, bits):
    ds.Rows, ds.Columns = picture.shape[:2]
    ds.BitsAllocated = 16 if bits > 8 else 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    ds.SamplesPerPixel = 3 if picture.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if picture.ndim == 3 else "MONOCHROME2"
    if picture.ndim == 3:
        ds.PlanarConfiguration = 0
    values = np.rint(np.clip(picture, 0, 1) * (2**bits - 1))
    ds.PixelData = values.astype("<u2" if bits > 8 else np.uint8).tobytes()


def mammogram(name, patient, study, date, side, view, **tags):
    ds = base(name, MG, "MG", patient, study, date, side)
    ds.ViewPosition = view
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    for key, value in tags.items():
        setattr(ds, key, value)
    pixels(ds, breast(side, zlib.crc32(name.encode())), 12)
    return ds


def region(kind):
    r = Dataset()
    r.RegionSpatialFormat, r.RegionDataType, r.RegionFlags = 1, kind, 0
    r.RegionLocationMinX0, r.RegionLocationMinY0, r.RegionLocationMaxX1, r.RegionLocationMaxY1 = 30, 16, 129, 111
    r.PhysicalUnitsXDirection = r.PhysicalUnitsYDirection = 3
    r.PhysicalDeltaX = r.PhysicalDeltaY = 0.05
    return r


def ultrasound(name, patient, study, date, side, flow=False, view=None, rows=None):
    ds = base(name, US, "US", patient, study, date, side)
    picture = np.repeat(sector(zlib.crc32(name.encode()))[:, :, None], 3, axis=2)
    if flow:
        picture[50:70, 70:90] = [0.9, 0.1, 0.1]
    ds.SequenceOfUltrasoundRegions = Sequence([region(2 if flow else 1)])
    if view:
        ds.ViewCodeSequence = Sequence([code(*view)])
    if rows:
        ds.PatientOrientation = rows
    pixels(ds, picture, 8)
    return ds


def png(width, height, seed):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + np.random.RandomState(seed + i).bytes(width) for i in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


TRANSVERSE, LONGITUDINAL = ("62824007", "SCT", "Transverse"), ("G-A143", "SRT", "Longitudinal")


def dicom_files():
    """path, data set, what has to become of it"""
    one, two, three = "P1-L-20240105", "P2-L-20240105", "P3-R-20230601"
    yield "a/1.dcm", mammogram("1", "P1", "m", "20240105", "L", "CC"), [one, "mg_cc"]
    yield "a/b/2.dcm", mammogram("2", "P1", "m", "20240105", "L", "MLO"), [one, "mg_mlo"]
    yield "a/3", mammogram("3", "P1", "m", "20240105", "R", "CC"), ["P1-R-20240105", "mg_cc"]
    yield "a/u1", ultrasound("u1", "P1", "u", "20240115", "L", view=TRANSVERSE), [one, "us_bmode_trans"]
    yield "a/u2", ultrasound("u2", "P1", "u", "20240115", "L", rows=["F", "P"]), [one, "us_bmode_long"]
    yield "a/u3", ultrasound("u3", "P1", "u", "20240115", "L", flow=True, view=LONGITUDINAL), [one, "us_doppler_long"]
    yield "a/u4", ultrasound("u4", "P1", "v", "20210115", "L", view=TRANSVERSE), ["P1-L-20210115", "us_bmode_trans"]
    yield "b/cc1", mammogram("cc1", "P2", "w", "20240105", "L", "CC"), ["SCAN_AMBIGUOUS"]
    yield "b/cc2", mammogram("cc2", "P2", "w", "20240105", "L", "CC"), ["SCAN_AMBIGUOUS"]
    yield "b/mlo", mammogram("mlo", "P2", "w", "20240105", "L", "MLO"), [two, "mg_mlo"]
    yield "b/mlo_lossy", mammogram("ml", "P2", "w", "20240105", "L", "MLO", LossyImageCompression="01"), ["SCAN_NOT_CHOSEN"]
    yield "c/u", ultrasound("cu", "P3", "x", "20230601", "R"), [three, "us_bmode_trans"]
    yield "c/d1", ultrasound("cd1", "P3", "x", "20230601", "R", flow=True), ["SCAN_PLANE"]
    yield "c/d2", ultrasound("cd2", "P3", "x", "20230601", "R", flow=True), ["SCAN_PLANE"]
    bad = ("P9", "z", "20240105")
    yield "x/raw", mammogram("raw", *bad, "L", "CC", PresentationIntentType="FOR PROCESSING"), ["FOR_PROCESSING"]
    yield "x/ml", mammogram("xml", *bad, "L", "ML"), ["VIEW_NOT_STANDARD"]
    yield "x/spot", mammogram("spot", *bad, "L", "CC", ViewCodeSequence=Sequence([spot_cc()])), ["VIEW_NOT_STANDARD"]
    yield "x/implant", mammogram("imp", *bad, "L", "CC", BreastImplantPresent="YES"), ["IMPLANT"]
    yield "x/synthetic", mammogram("syn", *bad, "L", "CC", ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]), ["TOMOSYNTHESIS"]
    yield "x/noside", mammogram("nos", *bad, None, "CC"), ["SIDE_UNKNOWN"]
    yield "x/nopatient", mammogram("nop", "", "z", "20240105", "L", "CC"), ["SCAN_NO_PATIENT"]
    yield "x/chest", mammogram("chest", *bad, "L", "CC", BodyPartExamined="CHEST"), ["IMAGE_NOT_BREAST"]
    ct = mammogram("ct", *bad, "L", "CC")
    ct.SOPClassUID, ct.Modality = CT, "CT"
    yield "x/ct", ct, ["MODALITY_WRONG"]
    report = base("sr", SR, "SR", "P9", "z", "20240105", None)
    yield "x/report", report, ["DICOM_NO_PIXELS"]


def spot_cc():
    c = code("399162004", "SCT", "cranio-caudal")
    c.ViewModifierCodeSequence = Sequence([code("399055006", "SCT", "Spot compression")])
    return c


def main():
    folder, expected = Path(sys.argv[1]), {}
    for path, ds, what in dicom_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        ds.is_little_endian, ds.is_implicit_VR = True, False
        dcmwrite(str(folder / path), ds, write_like_original=False)
        expected[path] = what
    first = (folder / "a/1.dcm").read_bytes()
    plain = {"a/copy of 1.dcm": (first, ["SCAN_DUPLICATE"]), "x/cut.dcm": (first[: len(first) * 2 // 3], ["IMAGE_TRUNCATED"]),
             "x/readme.txt": (b"not an image\n", ["IMAGE_TYPE"]), "x/empty": (b"", ["FILE_EMPTY"]),
             "x/ one.txt": (b"fine inside a path\n", ["IMAGE_TYPE"]), "x/blank.png ": (png(70, 80, 5), ["SCAN_NAME"]),
             "p/P7_R_cc.png": (png(70, 80, 1), ["P7-R", "mg_cc"]), "p/P7_R_us_elasto_long.png": (png(70, 80, 2), ["P7-R", "us_elasto_long"]),
             "p/picture.png": (png(70, 80, 3), ["SCAN_NO_TAGS"])}
    for path, (content, what) in plain.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        expected[path] = what
    (folder / os.fsdecode(b"x/\xff.png")).write_bytes(png(70, 80, 6))
    expected["x/\ufffd.png"] = ["SCAN_NAME"]
    with zipfile.ZipFile(folder / "x/archive.zip", "w") as z:
        z.writestr("1.dcm", first)
    expected["x/archive.zip"] = ["IMAGE_TYPE"]
    (folder / "x/loop").symlink_to("..")
    expected["x/loop"] = ["SCAN_NOT_FOLLOWED"]
    Path(sys.argv[2]).write_text(json.dumps(expected, indent=1))


if __name__ == "__main__":
    main()
