#!/usr/bin/python3
"""Is nothing left of what a file said of its patient? Files with a mark in every attribute, made and read with pydicom.
Usage: deidentify_check.py make FOLDER TABLE.h | check FOLDER OUT REPORT.jsonl TABLE.h | equal OUT OUT
(needs Debian's python3-pydicom, -numpy, -pil)

Marks are planted in every attribute of the profile's table (its numbers are read from TABLE.h, the values' shapes from pydicom's dictionary), in GDCM's own
list of the profile if python3-gdcm is there, in every attribute of pydicom's dictionary that holds names or free text, in private and unknown attributes,
curves, overlays, the preamble, the meta header and a JPEG comment; at the top, and once more inside of sequences that stay. The check looks for the
marks in the raw bytes of what came out, so it needs no opinion on any attribute.
"""
import io
import json
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.datadict import DicomDictionary, dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.tag import Tag

warnings.filterwarnings("ignore")
KEPT_TIMES = {0x00080013, 0x00080030, 0x00080031, 0x00080032, 0x00080033}  # with shifted dates, by the option Modified Dates
SHIFTED = {0x00080012, 0x00080021, 0x00080023, 0x0008002A, 0x00189074, 0x00189151}  # their dates go back: no other mark may lie there
STRUCTURAL = {0x00080016, 0x00080018, 0x00080005, 0x00080060, 0x00100020, 0x0020000D, 0x00101010, 0x00100040, 0x00080020, 0x00080022,
              0x7FE00010, 0x00081140, 0x00082112, 0x00186011, 0x00080008}
TEXT = {"AE": 16, "CS": 16, "LO": 40, "LT": 40, "PN": 40, "SH": 16, "ST": 40, "UC": 40, "UR": 40, "UT": 40}


def table(path):
    rows = re.findall(r"ROW\(0x(\w{4}), 0x(\w{4}), (\w\w), (\w+)\)", Path(path).read_text())
    assert len(rows) > 600
    return {int(g + e, 16): vr for g, e, vr, _ in rows}


def gdcm_list():
    try:
        import gdcm
    except ImportError:
        return []
    return [t.GetGroup() << 16 | t.GetElement() for t in gdcm.Anonymizer.GetBasicApplicationLevelConfidentialityProfileAttributes()]


def attributes(path):
    """tag -> VR of all that shall carry a mark; not of groups 0 and 2, which a data set cannot hold"""
    wanted = dict(table(path))
    for tag in gdcm_list():
        wanted.setdefault(tag, None)
    for tag, (vr, *_) in DicomDictionary.items():
        if vr in ("PN", "LT", "ST", "UT", "UC", "UR"):
            wanted.setdefault(tag, None)
    shapes = {}
    for tag, vr in wanted.items():
        try:
            vr = dictionary_VR(tag)
        except KeyError:
            pass
        if tag >> 16 > 2 and tag >> 16 < 0xFFF0 and tag not in STRUCTURAL and vr:
            shapes[tag] = vr.split(" ")[0]
    return shapes


def mark(tag, vr, where):
    """A value that occurs nowhere else, and the bytes to look for; None: no mark can be told from other bytes in so few."""
    name = f"Q{where}Z{tag:08X}Q"
    if vr in TEXT:
        return name, name.encode()
    number = int(tag) * 10 + where
    year = 1955 if tag in SHIFTED else 2070 + number % 23
    if vr == "UI":
        return f"1.2.826.{number}.77", f"1.2.826.{number}.77".encode()
    if vr == "DA":
        date = f"{year}{1 + number % 12:02}{1 + number // 7 % 28:02}"
        return date, date.encode()
    if vr == "DT":
        date = f"{year}{1 + number % 12:02}{1 + number // 7 % 28:02}{number % 24:02}1759.{number % 999983:06}"
        return date, date.encode()
    if vr == "TM":
        time = f"{number % 24:02}{number // 3 % 60:02}{number // 11 % 60:02}.{number % 999983:06}"
        return time, time.encode()
    if vr in ("OB", "UN"):
        return name.encode() + b" " * (len(name) % 2), name.encode()
    if vr in ("IS",):
        return str(number % 2**31), None
    return None, None


def plant(ds, shapes, where, marks, depth=0):
    for tag, vr in sorted(shapes.items()):
        value, bytes_ = mark(tag, vr, where)
        if vr == "SQ" and depth < 1:
            inner = Dataset()
            inner.add_new(0x00081030, "LO", f"Q{where}I{tag:08X}Q")
            marks[f"Q{where}I{tag:08X}Q".encode()] = f"inside of {Tag(tag)}"
            ds.add_new(tag, "SQ", Sequence([inner]))
        elif value is not None and vr != "SQ":
            ds.add_new(tag, vr, value)
            if bytes_ and tag not in KEPT_TIMES:
                marks[bytes_] = f"{Tag(tag)} {vr} at {where}"


def plant_private(ds, where, marks):
    for k, text in enumerate((f"Q{where}PRIVATECREATORQ", f"Q{where}PRIVATEVALUEQ", f"Q{where}PRIVATEINSIDEQ")):
        marks[text.encode()] = "private"
        if k == 0:
            ds.add_new(0x00090010, "LO", text)
        elif k == 1:
            ds.add_new(0x00091001, "LT", text)
        else:
            inner = Dataset()
            inner.add_new(0x00080070, "LO", text)
            ds.add_new(0x00091002, "SQ", Sequence([inner]))
    for tag, vr in ((0x50003000, "OB"), (0x50020022, "LO"), (0x60003000, "OB"), (0x60021500, "LO"), (0x00187FFE, "LO"), (0x00197777, "UN"), (0x44440001, "LO"),
                    (0x00282000, "OB")):
        text = f"Q{where}X{tag:08X}Q"
        ds.add_new(tag, vr, text.encode() + b" " * (len(text) % 2) if vr in ("OB", "UN") else text)
        marks[text.encode()] = f"{Tag(tag)}, curve, overlay, unknown or profile"


def code(value, scheme, meaning):
    d = Dataset()
    d.CodeValue, d.CodingSchemeDesignator, d.CodeMeaning = value, scheme, meaning
    return d


def base(k, modality, patient, study, date):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID = {"MG": "1.2.840.10008.5.1.4.1.1.1.2", "US": "1.2.840.10008.5.1.4.1.1.6.1"}[modality]
    ds.SOPInstanceUID, ds.StudyInstanceUID = f"1.2.99.{k}", f"1.2.98.{study}"
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.ImplementationClassUID = "1.2.97.1"
    ds.file_meta.SourceApplicationEntityTitle = "QMETAAEQ"
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    ds.Modality, ds.PatientID, ds.StudyDate, ds.AcquisitionDate, ds.StudyTime = modality, patient, date, date, "101112"
    ds.PatientAge, ds.PatientSex, ds.Manufacturer = "093Y" if patient == "QPATIENTAQ" else "047Y", "F", "ACME"
    return ds


def pixels(ds, a, bits):
    ds.Rows, ds.Columns = a.shape[:2]
    ds.SamplesPerPixel = 3 if a.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if a.ndim == 3 else "MONOCHROME2"
    if a.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = (16 if bits > 8 else 8), bits, bits - 1, 0
    ds.PixelData = a.astype("<u2" if bits > 8 else np.uint8).tobytes()


def ultrasound(k, patient, study, date, regions=True):
    ds = base(k, "US", patient, study, date)
    pixels(ds, np.kron(np.random.RandomState(k).randint(1, 120, (8, 10, 3)), np.ones((10, 10, 1), int)), 8)  # noise of pixels would look like lettering
    if regions:
        r = Dataset()
        r.RegionSpatialFormat, r.RegionDataType, r.RegionFlags = 1, 1, 0
        r.RegionLocationMinX0, r.RegionLocationMinY0, r.RegionLocationMaxX1, r.RegionLocationMaxY1 = 10, 20, 89, 69
        r.PhysicalUnitsXDirection = r.PhysicalUnitsYDirection = 3
        r.PhysicalDeltaX = r.PhysicalDeltaY = 0.05
        ds.SequenceOfUltrasoundRegions = Sequence([r])
    return ds


def make(folder, header):
    folder, marks, shapes = Path(folder), {}, attributes(header)
    for text in (b"QPATIENTAQ", b"QPATIENTBQ", b"QPREAMBLEQ", b"QMETAAEQ", b"QCOMMENTQ", b"1.2.99.", b"1.2.98.", b"QFILENAMEQ"):
        marks[text] = "identifier"
    one = base(1, "MG", "QPATIENTAQ", 1, "20200229")
    two = ultrasound(2, "QPATIENTAQ", 1, "20200320")
    three = base(3, "MG", "QPATIENTBQ", 2, "20200229")
    four = ultrasound(4, "QPATIENTBQ", 2, "20200301")
    pixels(one, np.random.RandomState(1).randint(0, 4096, (70, 60)), 12)
    pixels(three, np.random.RandomState(3).randint(0, 4096, (70, 60)), 12)
    for ds, where in ((one, 1), (two, 2)):
        plant(ds, shapes, where, marks)
        plant_private(ds, where, marks)
        inner = Dataset()
        plant(inner, shapes, where + 2, marks, 1)
        plant_private(inner, where + 2, marks)
        inner.ReferencedSOPInstanceUID = "1.2.99.1"
        ds.ReferencedImageSequence = Sequence([inner])
        view = code("62824007", "SCT", "Transverse")
        plant(view, {t: v for t, v in shapes.items() if v != "SQ"}, where + 4, marks)
        ds.ViewCodeSequence = Sequence([view])
    picture = io.BytesIO()
    from PIL import Image
    Image.fromarray(np.frombuffer(four.PixelData, np.uint8).reshape(80, 100, 3)).save(picture, "JPEG", quality=95, comment=b"QCOMMENTQ", subsampling=0)
    four.PixelData = encapsulate([picture.getvalue()])
    four["PixelData"].is_undefined_length = True
    four.PhotometricInterpretation = "YBR_FULL"
    four.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
    files = {"QFILENAMEQ/one.dcm": one, "QFILENAMEQ/two.dcm": two, "three": three, "z/y/four": four, "z/bare": ultrasound(5, "QPATIENTBQ", 2, "20200301", False)}
    for name, ds in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        ds.preamble = b"QPREAMBLEQ".ljust(128, b"\0")
        ds.is_little_endian, ds.is_implicit_VR = True, False
        pydicom.dcmwrite(str(folder / name), ds, write_like_original=False)
    (folder / "notes.txt").write_text("no image")
    Path(str(folder) + ".marks.json").write_text(json.dumps({k.decode(): v for k, v in marks.items()}))
    print(len(shapes), "attributes,", len(marks), "marks")


def survivors(raw, marks):
    return [(text, what) for text, what in marks.items() if text.encode() in raw]


def days(a, b):
    from datetime import date
    at = lambda s: date(int(s[:4]), int(s[4:6]), int(s[6:8]))
    return (at(b) - at(a)).days


def check(folder, out, report, header):
    marks = json.loads(Path(str(folder) + ".marks.json").read_text())
    lines = [json.loads(l) for l in Path(report).read_text().splitlines()]
    written = {l["path"]: Path(l["written"]) for l in lines if l["written"]}
    assert sorted(written) == ["QFILENAMEQ/one.dcm", "QFILENAMEQ/two.dcm", "three", "z/y/four"], sorted(written)
    refused = {l["path"]: l["code"] for l in lines if l["code"]}
    assert refused == {"notes.txt": "IMAGE_TYPE", "z/bare": "DEIDENTIFY_PIXELS"}, refused
    assert sorted(p.name for p in Path(out).rglob("*") if p.is_file()) == ["1.dcm", "1.dcm", "1.dcm", "2.dcm"]
    for name, path in written.items():
        left = survivors(path.read_bytes(), marks)
        assert not left, (name, len(left), left[:20])
        raw = (Path(folder) / name).read_bytes()
        assert name[0] != "Q" or len(survivors(raw, marks)) > 500, "the marks are not in the file: this check would find nothing"
        assert not any(t.encode() in "".join(map(str, path.parts)).encode() for t in marks)
    for l in lines:  # the report names attributes, and the path, but no value
        rest = json.dumps({k: v for k, v in l.items() if k != "path"}).encode()
        assert not survivors(rest, marks), l
    old = {n: pydicom.dcmread(str(Path(folder) / n)) for n in written}
    new = {n: pydicom.dcmread(str(p)) for n, p in written.items()}
    one, two, three, four = (new[n] for n in ("QFILENAMEQ/one.dcm", "QFILENAMEQ/two.dcm", "three", "z/y/four"))
    assert one.StudyInstanceUID == two.StudyInstanceUID != three.StudyInstanceUID and one.StudyInstanceUID.startswith("2.25.")
    assert len({d.SOPInstanceUID for d in new.values()}) == 4 and all(d.SOPInstanceUID == d.file_meta.MediaStorageSOPInstanceUID for d in new.values())
    assert two.ReferencedImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID, "a reference leads nowhere"
    assert all(d.SOPClassUID == old[n].SOPClassUID and d.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1" for n, d in new.items())
    assert one.PatientID == two.PatientID != three.PatientID == four.PatientID and re.fullmatch(r"BMU-[0-9a-f]{20}", one.PatientID)
    assert days(one.StudyDate, two.StudyDate) == 20 and days(three.StudyDate, four.StudyDate) == 1 and three.StudyTime == "101112"
    shifts = {d.PatientID: days(d.StudyDate, old[n].StudyDate) for n, d in new.items()}
    assert len(set(shifts.values())) == 2 and all(1 <= s <= 3650 for s in shifts.values()), shifts
    assert one.AcquisitionDate == one.StudyDate
    assert one.PatientAge == "090Y" and three.PatientAge == "047Y" and one.PatientSex == "F" and one.Manufacturer == "ACME"
    for n, d in new.items():
        assert d.PatientIdentityRemoved == "YES" and d.LongitudinalTemporalInformationModified == "MODIFIED"
        codes = [c.CodeValue for c in d.DeidentificationMethodCodeSequence]
        assert codes == ["113100"] + (["113101"] if d.Modality == "US" else []) + ["113107", "113108"], codes
        assert not any(e.tag.is_private or 0x50 <= e.tag.group >> 8 <= 0x60 for e in d.iterall())
    assert two.ViewCodeSequence[0].CodeValue == "62824007" and two.BurnedInAnnotation == "NO"
    for n in ("QFILENAMEQ/one.dcm", "three"):
        assert (new[n].pixel_array == old[n].pixel_array).all(), "pixels differ"
    a, b = old["QFILENAMEQ/two.dcm"].pixel_array, two.pixel_array
    assert (a[20:70, 10:90] == b[20:70, 10:90]).all() and b[20:70, 10:90].any()
    b = b.copy()
    b[20:70, 10:90] = 0
    assert not b.any(), "a band was left"
    from PIL import Image
    fragment = pydicom.encaps.decode_data_sequence(old["z/y/four"].PixelData)[0]
    reference, b = np.asarray(Image.open(io.BytesIO(fragment)).convert("RGB")).astype(int), four.pixel_array.astype(int)
    assert four.PhotometricInterpretation == "RGB" and abs(reference[20:70, 10:90] - b[20:70, 10:90]).max() <= 2
    assert not b[:20].any() and not b[70:].any() and not b[:, :10].any() and not b[:, 90:].any()
    listed = {int(c["tag"].replace(",", ""), 16) for l in lines for c in l.get("changes", [])}
    assert 0x00100010 in listed and 0x00100020 in listed and all(l["private_removed"] > 0 for l in lines if l["path"].startswith("QFILE"))
    print("nothing left")


def equal(a, b):
    names = sorted(p.relative_to(a) for p in Path(a).rglob("*.dcm"))
    assert names == sorted(p.relative_to(b) for p in Path(b).rglob("*.dcm"))
    sys.exit(0 if all((Path(a) / n).read_bytes() == (Path(b) / n).read_bytes() for n in names) else 3)


if __name__ == "__main__":
    {"make": make, "check": check, "equal": equal}[sys.argv[1]](*sys.argv[2:])
