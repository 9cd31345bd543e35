#!/usr/bin/python3
"""What is left of burned-in text, and what a de-identified file says of it: pictures of every kind, made and read with pydicom.
Usage: deidentify_pictures.py make FOLDER | check FOLDER REPORT.jsonl | kept FOLDER REPORT.jsonl | clip FILE FRAMES | clip-check FILE NEW
(needs Debian's python3-pydicom, -numpy, -pil)

Each picture has a banner of bright pixels in its upper rows. The right value of each is by construction: where the banner lies, what the regions hold
(PS3.3 C.8.5.5.1), what the file says of itself. A file may claim the Clean Pixel Data Option (113101) only if banner pixels went and none is left.
"""
import io
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from deidentify_check import base, code, pixels

warnings.filterwarnings("ignore")
BANNER = 24
CLASSES = {"SC": "1.2.840.10008.5.1.4.1.1.7", "SC word": "1.2.840.10008.5.1.4.1.1.7.3", "photo": "1.2.840.10008.5.1.4.1.1.77.1.4", "CT": "1.2.840.10008.5.1.4.1.1.2",
           "MG": "1.2.840.10008.5.1.4.1.1.1.2", "US": "1.2.840.10008.5.1.4.1.1.6.1", "EMR": "1.2.840.10008.5.1.4.1.1.4.1", "CR": "1.2.840.10008.5.1.4.1.1.1"}
PATCH = (30, 40, 129, 109)


def region(box, form=1, kind=1):
    r = Dataset()
    r.RegionSpatialFormat, r.RegionDataType, r.RegionFlags = form, kind, 0
    r.RegionLocationMinX0, r.RegionLocationMinY0, r.RegionLocationMaxX1, r.RegionLocationMaxY1 = box
    r.PhysicalUnitsXDirection = r.PhysicalUnitsYDirection = 3
    r.PhysicalDeltaX = r.PhysicalDeltaY = 0.05
    return r


def picture(k, banner=True, channels=3):
    """160 x 120: a smooth patch within (30, 40) .. (129, 109), a banner of bright pixels above"""
    rng = np.random.RandomState(k)
    a = np.zeros((120, 160), np.uint8)
    a[40:110, 30:130] = np.kron(rng.randint(20, 120, (7, 10)), np.ones((10, 10))).astype(np.uint8)
    if banner:
        a[4:20, 8:150] = rng.choice([0, 250], (16, 142))
    return np.stack([a] * channels, -1) if channels > 1 else a


def make_one(k, sop, modality, regions=(), burned=None, image_type=None, banner=True, conversion=None, channels=3, text=None):
    ds = base(k, "US" if modality == "US" else "MG", f"P{k}", k, "20200229")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CLASSES[sop]
    ds.Modality = modality
    a = picture(k, banner, channels)
    if text:
        im = Image.fromarray(a)
        font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 11)
        ImageDraw.Draw(im).text(text[:2], text[2] if len(text) > 2 else "DOE, JANE", fill=255 if channels == 1 else (255, 255, 255), font=font)
        a = np.asarray(im)
    pixels(ds, a, 8)
    if regions:
        ds.SequenceOfUltrasoundRegions = Sequence(list(regions))
    if burned:
        ds.BurnedInAnnotation = burned
    if image_type:
        ds.ImageType = image_type
    if conversion:
        ds.ConversionType = conversion
    return ds


GOOD = PATCH
WHOLE, CORNER, SWAPPED = (0, 0, 159, 119), (0, 0, 0, 0), (129, 109, 30, 40)
TOP = (0, 0, 159, BANNER)
CASES = {  # name -> (arguments, refused?, cleaned?)
    "us_good": (dict(regions=[region(GOOD)]), False, True),
    "us_good_yes": (dict(regions=[region(GOOD)], burned="YES"), False, True),
    "us_swapped": (dict(regions=[region(SWAPPED)]), False, True),
    "us_half_swapped": (dict(regions=[region((129, 40, 30, 109))]), False, True),
    "us_past_edge": (dict(regions=[region((30, 40, 500, 109))]), False, True),
    "us_whole": (dict(regions=[region(WHOLE)]), True, False),
    "us_whole_yes": (dict(regions=[region(WHOLE)], burned="YES"), True, False),
    "us_whole_no": (dict(regions=[region(WHOLE)], burned="NO", banner=False), False, False),
    "us_no_banner_yes": (dict(regions=[region(GOOD)], burned="YES", banner=False), True, False),
    "us_corner": (dict(regions=[region(CORNER)]), True, False),
    "us_line": (dict(regions=[region((0, 50, 159, 50))]), True, False),
    "us_outside": (dict(regions=[region((400, 400, 500, 500))]), True, False),
    "us_none": (dict(), True, False),
    "us_none_no": (dict(burned="NO"), True, False),
    "us_graphics_too": (dict(regions=[region(GOOD), region(TOP, 5, 0)]), False, True),
    "us_format0_too": (dict(regions=[region(GOOD), region(TOP, 0, 0)]), False, True),
    "us_type0_too": (dict(regions=[region(GOOD), region(TOP, 1, 0)]), False, True),
    "us_trace_too": (dict(regions=[region(GOOD), region(TOP, 4, 10)]), False, True),
    "us_bar_too": (dict(regions=[region(GOOD), region(TOP, 1, 0xE)]), False, True),
    "us_graphics_only": (dict(regions=[region(WHOLE, 5, 0)]), True, False),
    "us_mmode": (dict(regions=[region(GOOD, 2, 1)]), False, True),
    "us_spectrum": (dict(regions=[region(GOOD, 3, 3)]), False, True),
    "us_sc_class": (dict(sop="SC", regions=[region(GOOD)]), False, True),
    "sc": (dict(sop="SC", modality="OT"), True, False),
    "sc_mg": (dict(sop="SC", modality="MG"), True, False),
    "sc_us": (dict(sop="SC", modality="US"), True, False),
    "sc_yes": (dict(sop="SC", modality="OT", burned="YES"), True, False),
    "sc_no": (dict(sop="SC", modality="OT", burned="NO", banner=False), False, False),
    "sc_word": (dict(sop="SC word", modality="OT"), True, False),
    "photo": (dict(sop="photo", modality="XC"), True, False),
    "ct_screen": (dict(sop="CT", modality="CT", channels=1, image_type=["DERIVED", "SECONDARY", "SCREEN SAVE"]), True, False),
    "ct_screen_primary": (dict(sop="CT", modality="CT", channels=1, image_type=["DERIVED", "PRIMARY", "SCREENSHOT"]), True, False),
    "cr_film": (dict(sop="CR", modality="CR", channels=1, conversion="DF"), True, False),
    "us_text_inside": (dict(regions=[region(GOOD)], text=(40, 60)), True, False),
    "us_text_inside_no": (dict(regions=[region(GOOD)], burned="NO", text=(40, 60)), True, False),
    "mg_text": (dict(sop="MG", modality="MG", channels=1, burned="NO", banner=False, text=(32, 60, "MUSTERMANN, J")), True, False),
    "mg_marker": (dict(sop="MG", modality="MG", channels=1, burned="NO", banner=False, text=(40, 60, "RMLO JS")), False, False),
    "mg": (dict(sop="MG", modality="MG", channels=1, banner=False), False, False),
    "mg_yes": (dict(sop="MG", modality="MG", channels=1, burned="YES"), True, False),
    "mg_no": (dict(sop="MG", modality="MG", channels=1, burned="NO", banner=False), False, False),
}


def enhanced(k):
    ds = make_one(k, "EMR", "MR", burned="NO", banner=False, channels=1)
    frames = np.stack([picture(k + i, False, 1) for i in range(3)])
    ds.NumberOfFrames = 3
    ds.PixelData = frames.tobytes()

    def group(name, **values):
        inner = Dataset()
        for key, value in values.items():
            setattr(inner, key, value)
        outer = Dataset()
        setattr(outer, name, Sequence([inner]))
        return outer
    shared = group("PixelMeasuresSequence", PixelSpacing=[0.5, 0.5], SliceThickness="2")
    anatomy = Dataset()
    anatomy.FrameLaterality = "L"
    anatomy.AnatomicRegionSequence = Sequence([code("76752008", "SCT", "Breast")])
    shared.FrameAnatomySequence = Sequence([anatomy])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence([group("FrameContentSequence", FrameAcquisitionDateTime="20200229101112", FrameComments="QFRAMECOMMENTQ",
                                                          DimensionIndexValues=[i + 1]) for i in range(3)])
    return ds


def save(ds, path):
    ds.is_little_endian, ds.is_implicit_VR = True, False
    pydicom.dcmwrite(str(path), ds, write_like_original=False)


def make(folder):
    Path(folder).mkdir(parents=True)
    for k, (name, (arguments, _, _)) in enumerate(CASES.items()):
        save(make_one(10 + k, **{"sop": "US", "modality": "US", **arguments}), Path(folder) / f"{name}.dcm")
    save(enhanced(100), Path(folder) / "enhanced.dcm")


def read(report):
    return {Path(l["path"]).stem: l for l in map(json.loads, Path(report).read_text().splitlines())}


def codes(ds):
    return [c.CodeValue for c in ds.DeidentificationMethodCodeSequence]


def check(folder, report):
    lines = read(report)
    assert set(lines) == set(CASES) | {"enhanced"}
    for name, (arguments, refused, cleaned) in CASES.items():
        line = lines[name]
        if refused:
            assert line["code"] == "DEIDENTIFY_PIXELS" and not line["written"], (name, line)
            continue
        assert line["written"], (name, line)
        old, new = pydicom.dcmread(f"{folder}/{name}.dcm"), pydicom.dcmread(line["written"])
        a, b = old.pixel_array, new.pixel_array
        assert new.PatientIdentityRemoved == "YES", name
        assert ("113101" in codes(new)) == cleaned == line["blanked"] and line["pixels"] == ("cleaned" if cleaned else "as it was"), (name, codes(new), line)
        if cleaned:
            assert new.BurnedInAnnotation == "NO", name
            assert not b[:BANNER].any() and (a[40:110, 30:130] == b[40:110, 30:130]).all(), f"{name}: the banner or the picture"
            assert line["blanked_pixels"] == int((a[:BANNER].reshape(BANNER, 160, -1).max(-1) > 0).sum()), (name, line["blanked_pixels"])
        else:
            assert (a == b).all() and new.get("BurnedInAnnotation") == old.get("BurnedInAnnotation"), name
    new = pydicom.dcmread(lines["enhanced"]["written"])
    assert new.pixel_array.shape == (3, 120, 160) and (new.pixel_array == pydicom.dcmread(f"{folder}/enhanced.dcm").pixel_array).all()
    assert [f.FrameContentSequence[0].DimensionIndexValues for f in new.PerFrameFunctionalGroupsSequence] == [1, 2, 3]
    dates = {f.FrameContentSequence[0].FrameAcquisitionDateTime[:8] for f in new.PerFrameFunctionalGroupsSequence}
    assert dates == {new.StudyDate} and new.StudyDate != "20200229", dates
    assert new.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing == [0.5, 0.5]
    assert new.SharedFunctionalGroupsSequence[0].FrameAnatomySequence[0].AnatomicRegionSequence[0].CodeValue == "76752008"
    assert b"QFRAMECOMMENTQ" not in Path(lines["enhanced"]["written"]).read_bytes()
    print("pictures as they should be")


def kept(folder, report):
    """On demand all are written; none of what would have been refused is called clean, and what the file says of burned-in text stays."""
    lines = read(report)
    for name, (arguments, refused, cleaned) in CASES.items():
        old, new = pydicom.dcmread(f"{folder}/{name}.dcm"), pydicom.dcmread(lines[name]["written"])
        if refused:
            assert new.PatientIdentityRemoved == "NO" and "113101" not in codes(new) and lines[name]["pixels"] == "kept on demand", name
            assert new.get("BurnedInAnnotation") == old.get("BurnedInAnnotation"), name
            changed = new.pixel_array != old.pixel_array
            if "text_inside" in name:  # its region says what lies outside: that goes all the same; what is inside stays, and nothing is claimed
                x0, y0, x1, y1 = GOOD
                assert changed.any() and not changed[y0 : y1 + 1, x0 : x1 + 1].any() and (new.pixel_array[changed] == 0).all(), name
            else:
                assert not changed.any(), name
        else:
            assert new.PatientIdentityRemoved == "YES" and ("113101" in codes(new)) == cleaned, name
    print("kept as they should be")


def clip_frame(i):
    a = np.zeros((708, 1016, 3), np.uint8)
    a[80:680, 100:900] = (np.add.outer(np.arange(600), np.arange(800) + 3 * i) // 8 % 120)[:, :, None]
    a[4:40, 8:500] = 250
    return a


def clip(path, frames):
    ds = make_one(500, "US", "US", [region((100, 80, 899, 679))])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    streams = []
    for i in range(4):
        out = io.BytesIO()
        Image.fromarray(clip_frame(i)).save(out, "JPEG", quality=90, subsampling=0)
        streams.append(out.getvalue())
    ds.Rows, ds.Columns, ds.NumberOfFrames = 708, 1016, frames
    ds.PhotometricInterpretation = "YBR_FULL"
    ds.PixelData = encapsulate([streams[i % 4] for i in range(int(frames))])
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
    save(ds, path)


def clip_check(old, new):
    ds = pydicom.dcmread(new)
    frames = int(ds.NumberOfFrames)
    assert frames == int(pydicom.dcmread(old, stop_before_pixels=True).NumberOfFrames) and len(ds.PixelData) == 708 * 1016 * 3 * frames
    all_frames = np.frombuffer(ds.PixelData, np.uint8).reshape(frames, 708, 1016, 3)
    for i in range(frames):
        want = clip_frame(i % 4).astype(int)
        assert not all_frames[i, :80].any() and not all_frames[i, 680:].any(), i
        assert abs(all_frames[i, 80:680, 100:900] - want[80:680, 100:900]).mean() < 3, i
    assert "113101" in codes(ds)
    print(frames, "frames as they should be")


if __name__ == "__main__":
    {"make": make, "check": check, "kept": kept, "clip": clip, "clip-check": clip_check}[sys.argv[1]](*sys.argv[2:])
