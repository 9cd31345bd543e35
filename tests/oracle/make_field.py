#!/usr/bin/python3
"""Files as they come from the field, with labels that are wrong, odd or missing, and what has to become of each. Usage: make_field.py BMUNET FOLDER

Writes the files and exams.csv into FOLDER, runs bmunet prep over them, and compares: the tensor is the one of the picture that was meant (prep_oracle.py from the samples that
were written; of turned pictures Pillow's exif_transpose), a refusal has the code, and the note says what was assumed.
"""
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from dicom_make import BASELINE, EXPLICIT, J2K_LOSSLESS, LOSSLESS_70, breast, code_item, lut_item, put, quantise, store, write_plain
from matrix_cases import mg_dataset, to_ybr, from_ybr, us_dataset, us_picture
from matrix_refusals import MG, US, png
from prep_oracle import SMALL, prepare


def sha(tensor):
    return hashlib.sha256(np.ascontiguousarray(tensor, dtype="<f4").tobytes()).hexdigest()


class Maker:
    def __init__(self, folder):
        self.folder, self.rows, self.expected = folder, [], {}

    def add(self, name, data, slot, tensor=None, code=None, note=None, side=""):
        """data: bytes of the file. Either a tensor or a code is expected; note: a pattern that the note holds."""
        (self.folder / name).write_bytes(data)
        self.rows.append({"exam_id": name, "side": side, slot: name})
        self.expected[name] = {"slot": slot, "tensor": sha(tensor) if tensor is not None else None, "code": code, "note": note}

    def dicom(self, name, ds, slot, syntax=EXPLICIT, change=None, **expected):
        path = self.folder / (name + ".tmp")
        store(path, ds, syntax)
        data = path.read_bytes()
        path.unlink()
        self.add(name, change(data) if change else data, slot, **expected)

    def jpeg(self, name, streams, change=None, **expected):
        """An ultrasound file of one frame with these JPEG streams for fragments."""
        ds, _ = ultrasound(colour="MONOCHROME2")
        ds.PixelData = encapsulate(streams)
        path = self.folder / (name + ".tmp")
        write_plain(path, ds, BASELINE)
        data = path.read_bytes()
        path.unlink()
        self.add(name, change(data) if change else data, "us_bmode_trans", **expected)


def mammogram(bits=(16, 12, 11), name="m", seed=7, tags=None, **case):
    ds, v = mg_dataset(dict(MG, bits=bits, voi="none", **case), name, seed)
    put(ds, **(tags or {}))
    return ds, v


def ultrasound(name="u", seed=3, tags=None, **case):
    ds, rgb = us_dataset(dict(US, **case), name, seed)
    put(ds, **(tags or {}))
    return ds, rgb


def meant(ds, samples, slot, container=16):
    """The tensor of what the file should have said: ds by the standard."""
    return prepare(ds, samples, slot, container=container, sizes=SMALL)


def replaced(old, new):
    def change(data):
        assert data.count(old) == 1 and len(old) == len(new), (data.count(old), old)
        return data.replace(old, new)
    return change


def code_strings(m):
    right, v = mammogram()
    want = meant(right, v, "mg_cc")
    for name, tags in (("breast", {"BodyPartExamined": "Breast"}), ("view", {"ViewPosition": "cc"}), ("modality", {"Modality": "Mg"}),
                       ("side", {"ImageLaterality": "l"}), ("photometric", {"PhotometricInterpretation": "Monochrome2"}),
                       ("intent", {"PresentationIntentType": "For Presentation"})):
        m.dicom(f"case_{name}.dcm", mammogram(tags=tags)[0], "mg_cc", tensor=want, note="small letters")
    sigmoid = {"WindowCenter": "2000", "WindowWidth": "3000"}
    want = meant(*mammogram(tags={**sigmoid, "VOILUTFunction": "SIGMOID"}), "mg_cc")
    m.dicom("case_sigmoid.dcm", mammogram(tags={**sigmoid, "VOILUTFunction": "Sigmoid"})[0], "mg_cc", tensor=want, note="small letters")
    m.dicom("part_chest.dcm", mammogram(tags={"BodyPartExamined": "Chest"})[0], "mg_cc", code="IMAGE_NOT_BREAST", note="'CHEST'")
    m.dicom("case_processing.dcm", mammogram(tags={"PresentationIntentType": "For Processing"})[0], "mg_cc", code="FOR_PROCESSING")


def tolerated(m):
    """What every other tool opens with a remark."""
    ds, v = mammogram()
    want = meant(ds, v, "mg_cc")
    long_uid = "1.2.3." + "4" * 60
    m.dicom("long_uid.dcm", mammogram(tags={"StudyInstanceUID": long_uid})[0], "mg_cc", tensor=want, note="more than 64 characters")
    ds, _ = mammogram()
    ds.add_new(0x00080020, "LO", "2024-02-03")
    m.dicom("dashes.dcm", ds, "mg_cc", change=replaced(b"\x08\x00\x20\x00LO", b"\x08\x00\x20\x00DA"), tensor=want, note="date with dashes")
    ds, _ = mammogram()
    ds.ModalityLUTSequence = Sequence([Dataset()])
    m.dicom("empty_lut.dcm", ds, "mg_cc", tensor=want, note="empty Modality LUT")
    delimiter = bytes.fromhex("feffdde000000000")

    def no_delimiter(data):
        assert data.endswith(delimiter)
        return data[:-8]

    m.dicom("no_delimiter.dcm", mammogram()[0], "mg_cc", LOSSLESS_70, change=no_delimiter, tensor=want, note="no delimiter")
    m.dicom("cut_fragment.dcm", mammogram()[0], "mg_cc", LOSSLESS_70, change=lambda data: data[:-400], code="IMAGE_TRUNCATED")

    def no_eoc(data):  # the codestream without its last marker
        at, end = data.rindex(b"\xff\xd9"), data.rindex(delimiter)
        start = data.rindex(b"\xfe\xff\x00\xe0", 0, at)
        cut = data[start + 8:at] + b"\0" * (at % 2)
        return data[:start + 4] + len(cut).to_bytes(4, "little") + cut + data[end:]

    m.dicom("no_eoc.dcm", mammogram()[0], "mg_cc", J2K_LOSSLESS, change=no_eoc, tensor=want, note="without its end marker")
    jpeg = io.BytesIO()
    Image.fromarray(ultrasound()[1][..., 0].astype(np.uint8)).save(jpeg, "JPEG", quality=95)
    m.jpeg("no_eoi.dcm", [jpeg.getvalue()[:-2]], code="IMAGE_TRUNCATED", note="without its end marker")
    m.jpeg("encapsulated.dcm", [jpeg.getvalue()], change=as_explicit, code="DICOM_PIXELS", note="encapsulated")


def sizes_against_labels(m):
    # native YBR_FULL_422 of three bytes a pixel: nothing is subsampled (PS3.3 C.7.6.3.1.2 by numpy)
    for frames in (1, 4):
        ds, _ = ultrasound(frames=frames)
        rgb = [us_picture(dict(US), 3 + 100 * i)[0] for i in range(frames)]
        ybr = [to_ybr(p) for p in rgb]
        put(ds, PhotometricInterpretation="YBR_FULL_422")
        ds.PixelData = b"".join(p.astype(np.uint8).tobytes() for p in ybr)
        want = meant(ds, from_ybr(ybr[frames // 2]), "us_bmode_trans", 8)
        m.dicom(f"ybr422_{frames}.dcm", ds, "us_bmode_trans", tensor=want, note="three bytes a pixel")
    # a VOI LUT, a modality LUT and Bits Stored that are wider than what they hold
    values = np.rint(4095 * (np.arange(4096) / 4095) ** 1.2)
    for which in ("VOILUTSequence", "ModalityLUTSequence"):
        said, right = mammogram(), mammogram()
        setattr(said[0], which, Sequence([lut_item(0, 16, values, False)]))
        setattr(right[0], which, Sequence([lut_item(0, 12, values, False)]))
        m.dicom(f"lut_{which[:3].lower()}.dcm", said[0], "mg_cc", tensor=meant(*right, "mg_cc"), note="12 (of its|bits)")
    ds, v = mammogram()
    want = meant(ds, v, "mg_cc")
    assert np.array_equal(want, meant(None, v.astype(np.uint16), "mg_cc"))
    for stored in (14, 16):
        wide, _ = mammogram(tags={"BitsStored": stored, "HighBit": stored - 1})
        m.dicom(f"stored{stored}.dcm", wide, "mg_cc", tensor=want, note="range of 12 bits")
        put(wide, WindowCenter=str(2 ** (stored - 1)), WindowWidth=str(2**stored))  # here the file tells what is white: it is believed
        m.dicom(f"window{stored}.dcm", wide, "mg_cc", code="IMAGE_NOT_BREAST" if stored == 16 else None, tensor=None if stored == 16 else meant(wide, v, "mg_cc"))
    # and a region without an area
    ds, rgb = ultrasound()
    item = ds.SequenceOfUltrasoundRegions[0]
    item.RegionLocationMinX0, item.RegionLocationMaxX1 = item.RegionLocationMaxX1, item.RegionLocationMinX0
    m.dicom("region_exchanged.dcm", ds, "us_bmode_trans", tensor=meant(*ultrasound(), "us_bmode_trans", 8))
    ds, rgb = ultrasound()
    item = ds.SequenceOfUltrasoundRegions[0]
    item.RegionLocationMinX0 = item.RegionLocationMaxX1 = item.RegionLocationMinY0 = item.RegionLocationMaxY1 = 0
    without = ultrasound(regions=False)
    m.dicom("region_zero.dcm", ds, "us_bmode_trans", tensor=meant(*without, "us_bmode_trans", 8), note="no area")


def frames(m):
    rgb = [us_picture(dict(US), 3 + 100 * i)[0] for i in range(5)]
    one = lambda i: meant(ultrasound()[0], rgb[i], "us_bmode_trans", 8)
    m.dicom("clip.dcm", ultrasound(frames=5)[0], "us_bmode_trans", tensor=one(2), note=r"frame 3 of 5 \(the middle one\)")
    m.dicom("clip_named.dcm", ultrasound(frames=5, tags={"RepresentativeFrameNumber": 2})[0], "us_bmode_trans", tensor=one(1),
            note=r"frame 2 of 5 \(the file's representative one\)")
    m.dicom("clip_beyond.dcm", ultrasound(frames=5, tags={"RepresentativeFrameNumber": 6})[0], "us_bmode_trans", tensor=one(2), note="middle one")
    streams = []
    for p in rgb[:4]:
        out = io.BytesIO()
        Image.fromarray(p[..., 0].astype(np.uint8)).save(out, "JPEG", quality=95)
        streams.append(out.getvalue())
    m.jpeg("says_one.dcm", streams, code="DICOM_PIXELS", note="4 compressed frames")


def as_explicit(data):
    """The bytes of a JPEG baseline file with the uncompressed explicit transfer syntax in the meta header."""
    old, new = b"UI\x16\0" + BASELINE.encode(), b"UI\x14\0" + EXPLICIT.encode() + b"\0"
    assert data.count(old) == 1
    return data[:140] + (int.from_bytes(data[140:144], "little") - 2).to_bytes(4, "little") + data[144:].replace(old, new)


def organs(m):
    want = meant(*ultrasound(), "us_bmode_trans", 8)
    for i, (tags, organ) in enumerate((({"ImageType": ["ORIGINAL", "PRIMARY", "EPICARDIAL"]}, "EPICARDIAL"), ({"StudyDescription": "US Thyroid"}, "THYROID"),
                                       ({"ImageType": ["ORIGINAL", "PRIMARY", "MUSCULOSKELETAL"]}, "MUSCULOSKELETAL"),
                                       ({"SeriesDescription": "abdomen complete"}, "ABDOMEN"), ({"ProtocolName": "Ecografia tiroides"}, "THYROID"))):
        m.dicom(f"organ{i}.dcm", ultrasound(tags=tags)[0], "us_bmode_trans", code="IMAGE_NOT_BREAST", note=organ)
    ds, _ = ultrasound()
    ds.AnatomicRegionSequence = Sequence([code_item("69748006", "SCT", "Thyroid")])
    m.dicom("organ_coded.dcm", ds, "us_bmode_trans", code="IMAGE_NOT_BREAST", note="THYROID")
    for i, tags in enumerate(({"ImageType": ["ORIGINAL", "PRIMARY", "SMALL PARTS"]}, {"StudyDescription": "Breast and axilla, left; thyroid next"},
                              {"StudyDescription": "Ultrasound"}, {"ImageType": ["ORIGINAL", "PRIMARY", "INTRAOPERATIVE"], "BodyPartExamined": "BREAST"},
                              {"ProtocolName": "Mammasonographie"})):
        m.dicom(f"breast{i}.dcm", ultrasound(tags=tags)[0], "us_bmode_trans", tensor=want)


def negatives(m):
    """A negative, with the collimated border set to the padding value, and the same the right way round."""
    p = breast("L", "CC", 128, 96, seed=9)
    for bits in (12, 14):
        for name, picture, code in (("right", p, None), ("negative", 1 - p, "IMAGE_POLARITY")):
            v = np.maximum(quantise(picture, bits, False), 1)
            v[:6], v[-6:], v[:, -20:] = 0, 0, 0
            ds, _ = mammogram((16, bits, bits - 1), picture=p)
            ds.PixelData = v.astype("<u2").tobytes()
            ds.add_new(0x00280120, "US", 0)
            m.dicom(f"{name}{bits}.dcm", ds, "mg_cc", code=code, tensor=None if code else meant(ds, v, "mg_cc"))
    grey = Image.fromarray(np.rint(p * 255).astype(np.uint8)).resize((1152, 1536))
    out = io.BytesIO()
    grey.convert("1").save(out, "PNG")  # dithered to black and white
    m.add("dithered.png", out.getvalue(), "mg_cc", code="IMAGE_NOT_BREAST", note="dithered")


def turned(m):
    picture = us_picture(dict(US), 3)[0].astype(np.uint8)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind in ("JPEG", "PNG"):
            out = io.BytesIO()
            Image.fromarray(picture).save(out, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
            upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(out.getvalue()))).convert("RGB"))
            m.add(f"turned{orientation}.{kind.lower()}", out.getvalue(), "us_bmode_trans", tensor=meant(None, upright, "us_bmode_trans", 8),
                  note=f"EXIF orientation {orientation}" if orientation > 1 else None)


def other_formats(m):
    picture = Image.fromarray(np.rint(breast("L", "CC") * 255).astype(np.uint8))
    for kind, name in (("BMP", "BMP"), ("TIFF", "TIFF"), ("PPM", "PGM"), ("GIF", "GIF"), ("WEBP", "WebP"), ("JPEG2000", "JPEG 2000")):
        out = io.BytesIO()
        picture.save(out, kind)
        m.add(f"plain.{kind.lower()}", out.getvalue(), "mg_cc", code="IMAGE_TYPE", note=f"a {name} image.*convert")


def orientations(m):
    """CBIS-DDSM's header: the view stands in Patient Orientation."""
    for side in "LR":
        ds, v = mammogram(side=side)
        put(ds, PatientOrientation="CC")
        without = mammogram(side=side)[0]
        m.dicom(f"view_in_orientation_{side}.dcm", ds, "mg_cc", tensor=meant(without, v, "mg_cc"), note="holds no directions")


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    m = Maker(folder)
    for group in (code_strings, tolerated, sizes_against_labels, frames, organs, negatives, turned, other_formats, orientations):
        group(m)
    slots = sorted({e["slot"] for e in m.expected.values()})
    with open(folder / "exams.csv", "w", newline="") as f:
        writer = csv.DictWriter(f, ["exam_id", "side", *slots])
        writer.writeheader()
        writer.writerows(m.rows)
    done = subprocess.run([program, "prep", "--profile", "canonical-v1", "--small", "--vendors", "", "--exams", str(folder / "exams.csv"), "--json", str(folder / "prep.jsonl")],
                          capture_output=True, text=True)
    if done.returncode not in (0, 2) or "Sanitizer" in done.stderr or "runtime error:" in done.stderr:
        sys.exit(f"exit status {done.returncode}: {done.stderr[-3000:]}")
    wrong = 0
    for line in map(json.loads, (folder / "prep.jsonl").read_text().splitlines()):
        want = m.expected.pop(line["exam_id"])
        got = next(i for i in line["inputs"] if i["slot"] == want["slot"])
        if (got["code"], got["tensor_sha256"]) != (want["code"], want["tensor"]) or (want["note"] and not re.search(want["note"], got["note"])):
            wrong += 1
            print(f"{line['exam_id']}: {got['status']} {got['code']}, {got['note']}; wanted {want['code'] or 'a tensor'}, {want['note']}"
                  + ("" if got["tensor_sha256"] == want["tensor"] or want["code"] else "; another tensor"))
    print(f"{len(m.rows)} files, {wrong} wrong, {len(m.expected)} not answered")
    sys.exit(1 if wrong or m.expected else 0)


if __name__ == "__main__":
    main()
