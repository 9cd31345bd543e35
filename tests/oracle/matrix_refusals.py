"""Files that have to be refused, each with its code: refusals() yields dictionaries {name, slot, claim, code (allowed ones), and how to write the file}.

    ds: (data set, samples), written in `syntax`; or bytes: the whole file; or damage: a function of the file's path after it was written.
`judged` is False where a decoder refuses, so that the oracle of the preprocessing has no say.
"""
import io
import struct
import zlib

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_make import (BIG, DEFLATED, EXPLICIT, IMPLICIT, J2K_LOSSLESS, JPEGLS, LOSSLESS_70, MG_PROCESSING, RLE, SECONDARY_CAPTURE, TOMOSYNTHESIS, breast,
                        code_item, lut_item, noise, put)
from matrix_cases import heat, mg_dataset, us_dataset, us_picture, view_items

MG = {"side": "L", "view": "CC", "side_said": "image", "view_said": "position", "photometric": "MONOCHROME2", "bits": (16, 12, 11), "signed": False, "junk": 0,
      "padding": "none", "modality": "none", "voi": "linear", "shape": "absent", "orientation": "absent", "vendor": "Acme", "remarks": False}
US = {"side": "L", "side_said": "image", "kind": "bmode", "direction": "trans", "colour": "RGB", "layout": "one", "regions": True, "frames": 1, "vendor": "Acme"}


def png(array):
    out = io.BytesIO()
    a = np.asarray(array)
    Image.fromarray(a.astype(np.int32) if a.dtype == np.uint16 else a).convert("I;16" if a.dtype == np.uint16 else None).save(out, "PNG") \
        if a.dtype != np.uint16 else Image.frombytes("I;16", a.shape[::-1], a.astype("<u2").tobytes()).save(out, "PNG")
    return out.getvalue()


def tagged(codes, change, mg=True, claim="L", slot=None, sides="LR", views=("CC", "MLO"), syntaxes=(EXPLICIT, IMPLICIT), **case):
    """The same change of a good file, over sides, views and syntaxes."""
    for side in sides:
        for view in views if mg else ("trans",):
            for syntax in syntaxes:
                c = dict(MG if mg else US, side=side, **({"view": view} if mg else {}))
                c.update(case)
                yield {"slot": slot or (f"mg_{view.lower()}" if mg else f"us_{c['kind']}_{view}"), "claim": {"L": side, "": ""}.get(claim, claim),
                       "code": codes, "case": c, "mg": mg, "change": change, "syntax": syntax}


def setting(**tags):
    return lambda ds, c: put(ds, **tags)


def sop(value):
    def change(ds, c):
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = value
    return change


def view_code(view, modifier=None, position=None):
    def change(ds, c):
        ds.ViewCodeSequence = view_items(view or c["view"], modifier)
        if "ViewPosition" in ds:
            del ds.ViewPosition
        put(ds, ViewPosition=position)
    return change


def specimen(ds, c):
    ds.SpecimenDescriptionSequence = Sequence([Dataset()])
    ds.SpecimenDescriptionSequence[0].SpecimenIdentifier = "S"


def outside_scheme(ds, c):
    view_code(None)(ds, c)
    ds.ViewCodeSequence[0].CodingSchemeDesignator = "LOCAL"


def other_position(ds, c):
    view_code(None, position="MLO" if c["view"] == "CC" else "CC")(ds, c)


def other_side(ds, c):
    ds.ImageLaterality = "R" if c["side"] == "L" else "L"


def both_luts(ds, c):
    ds.ModalityLUTSequence = Sequence([lut_item(0, 12, np.arange(4096), False)])
    put(ds, RescaleSlope="2", RescaleIntercept="0")


def modality_lut(bits, n=4096):
    def change(ds, c):
        ds.ModalityLUTSequence = Sequence([lut_item(0, bits, np.arange(n) % (2**min(bits, 16)), False)])
    return change


def voi_lut(bits):
    def change(ds, c):
        ds.VOILUTSequence = Sequence([lut_item(0, bits, np.arange(4096) % (2**12 if bits == 11 else 2**bits), False)])
    return change


def orientation(row, column):
    def change(ds, c):
        swap = str.maketrans("APLR", "PARL") if c["side"] == "R" else {}
        ds.PatientOrientation = [t.translate(swap) for t in (row, column)]
    return change


MODIFIERS = [("399163009", "SCT", "magnification"), ("399055006", "SCT", "spot compression"), ("R-102D6", "SRT", "magnification"), ("399161006", "SCT", "cleavage"),
             ("399011000", "SCT", "axillary tail"), ("399197002", "SCT", "rolled lateral"), ("399110001", "SCT", "tangential"), ("12345", "LOCAL", "unknown")]


def by_tags():
    yield from tagged(["MODALITY_WRONG"], setting(Modality="CT"))
    yield from tagged(["MODALITY_WRONG"], setting(Modality="US"))
    yield from tagged(["MODALITY_WRONG"], setting(Modality="MG"), mg=False)
    yield from tagged(["MODALITY_WRONG"], setting(Modality="OT"), mg=False)
    yield from tagged(["MODALITY_WRONG"], setting(), slot="us_bmode_trans")
    yield from tagged(["MODALITY_WRONG"], setting(), mg=False, slot="mg_cc")
    yield from tagged(["SPECIMEN"], specimen)
    yield from tagged(["SPECIMEN"], view_code("SPECIMEN"))
    yield from tagged(["IMAGE_NOT_BREAST"], setting(BodyPartExamined="CHEST"))
    yield from tagged(["IMAGE_NOT_BREAST"], setting(BodyPartExamined="ABDOMEN"), mg=False)
    yield from tagged(["TOMOSYNTHESIS"], sop(TOMOSYNTHESIS))
    for value in ("TOMOSYNTHESIS", "GENERATED_2D", "TOMO_PROJ", "TOMO_SCOUT"):
        yield from tagged(["TOMOSYNTHESIS"], setting(ImageType=["DERIVED", "PRIMARY", value]), syntaxes=[EXPLICIT])
    for value in ("SUBTRACTION", "ADDITION", "HIGH_ENERGY", "POST_CONTRAST", "STEREO_PLUS", "PREFIRE", "POSTFIRE", "POSTBIOPSY", "POSTMARKER"):
        yield from tagged(["VIEW_NOT_STANDARD"], setting(ImageType=["DERIVED", "PRIMARY", value]), syntaxes=[EXPLICIT])
    yield from tagged(["FOR_PROCESSING"], setting(PresentationIntentType="FOR PROCESSING"))
    yield from tagged(["FOR_PROCESSING"], sop(MG_PROCESSING))
    yield from tagged(["IMPLANT"], setting(BreastImplantPresent="YES"))
    yield from tagged(["IMPLANT"], view_code(None, ("399209000", "SCT", "implant displaced")))
    yield from tagged(["IMPLANT"], view_code(None, ("R-102D5", "SRT", "implant displaced")))
    for view in ("ML", "LM", "LMO", "FB", "SIO", "ISO", "XCCL", "XCCM"):
        yield from tagged(["VIEW_NOT_STANDARD"], setting(ViewPosition=view), syntaxes=[EXPLICIT])
        yield from tagged(["VIEW_NOT_STANDARD"], view_code(view), syntaxes=[IMPLICIT])
    yield from tagged(["VIEW_NOT_STANDARD"], outside_scheme)
    for modifier in MODIFIERS:
        yield from tagged(["VIEW_NOT_STANDARD"], view_code(None, modifier), syntaxes=[EXPLICIT])
    yield from tagged(["VIEW_MISMATCH"], setting(), slot="mg_mlo", views=["CC"])
    yield from tagged(["VIEW_MISMATCH"], setting(), slot="mg_cc", views=["MLO"])
    yield from tagged(["VIEW_MISMATCH"], other_position)
    yield from tagged(["VIEW_MISMATCH"], orientation("A", "F"), views=["CC"])
    yield from tagged(["SIDE_UNKNOWN"], setting(ImageLaterality="B"))
    yield from tagged(["SIDE_UNKNOWN"], setting(ImageLaterality="B"), mg=False)
    yield from tagged(["SIDE_UNKNOWN"], setting(ImageLaterality="U"), claim="")
    yield from tagged(["SIDE_UNKNOWN"], orientation("H", "F"))
    yield from tagged(["SIDE_UNKNOWN"], orientation("A", ""))
    yield from tagged(["SIDE_MISMATCH"], other_side)
    yield from tagged(["SIDE_MISMATCH"], other_side, mg=False)
    yield from tagged(["SIDE_IMAGE"], other_side, claim="")
    yield from tagged(["SIDE_IMAGE"], orientation("P", "L"))
    yield from tagged(["SIDE_IMAGE"], orientation("P", "F"), views=["MLO"])
    yield from tagged(["SIDE_IMAGE"], orientation("P", "R"), views=["CC"])
    yield from tagged(["VIEW_NOT_STANDARD"], orientation("A", "FL"), views=["MLO"])
    yield from tagged(["IMAGE_POLARITY"], setting(PresentationLUTShape="INVERSE"))
    yield from tagged(["IMAGE_POLARITY"], setting(PresentationLUTShape="IDENTITY"), photometric="MONOCHROME1")
    yield from tagged(["DICOM_LUT"], setting(WindowWidth="0.5"))
    yield from tagged(["DICOM_LUT"], setting(WindowWidth="0", VOILUTFunction="LINEAR_EXACT"))
    yield from tagged(["DICOM_LUT"], setting(VOILUTFunction="CUBIC"))
    yield from tagged(["DICOM_LUT"], setting(RescaleSlope="0", RescaleIntercept="5"))
    yield from tagged(["DICOM_LUT"], both_luts)
    yield from tagged(["DICOM_LUT"], modality_lut(7))
    yield from tagged(["DICOM_LUT"], modality_lut(17))
    yield from tagged(["DICOM_LUT"], voi_lut(4))
    for d in tagged(["DICOM_LUT"], voi_lut(11)):  # entries of 12 bits in a table of 11
        yield dict(d, judged=False)
    yield from tagged(["IMAGE_KIND"], setting(), mg=False, kind="doppler", slot="us_bmode_trans")
    yield from tagged(["IMAGE_KIND"], setting(), mg=False, kind="doppler", slot="us_elasto_trans")
    yield from tagged(["IMAGE_KIND"], setting(), mg=False, kind="elasto", slot="us_bmode_long")
    yield from tagged(["IMAGE_KIND"], setting(), mg=False, kind="elasto", slot="us_doppler_long", regions=False)
    yield from tagged(["IMAGE_KIND"], setting(), mg=False, kind="bmode", slot="us_doppler_trans")
    yield from tagged(["IMAGE_KIND"], setting(), mg=False, kind="bmode", slot="us_elasto_trans", regions=False)


def pictured(codes, picture, **more):
    for syntax in (EXPLICIT, BIG, RLE, LOSSLESS_70, JPEGLS, J2K_LOSSLESS):
        yield from tagged(codes, setting(), syntaxes=[syntax], sides="L", views=["CC"], picture=picture, **{"voi": "none", **more})


def by_pictures():
    good = breast("L", "CC")
    bright = np.where(good > 0, good * 0.5, 1.0)
    yield from pictured(["IMAGE_BLANK"], np.zeros((128, 96)))
    yield from pictured(["IMAGE_BLANK"], np.full((128, 96), 0.4))
    yield from pictured(["IMAGE_POLARITY"], bright)
    yield from pictured(["IMAGE_POLARITY"], 1 - good)
    yield from pictured(["IMAGE_SATURATED"], np.where(good > 0, 1.0, 0))
    yield from pictured(["IMAGE_TOO_SMALL"], good[:60, :60])
    yield from pictured(["IMAGE_NOT_BREAST", "SIDE_UNKNOWN"], np.pad(noise((20, 20), 3), ((50, 58), (36, 40))))
    disc = np.hypot(*(np.mgrid[0:128, 0:96] - np.array([64, 48])[:, None, None])) < 40
    yield from pictured(["SIDE_UNKNOWN"], np.where(disc, 0.2 + 0.6 * noise((128, 96), 4), 0))
    yield from pictured(["SIDE_IMAGE"], breast("R", "CC"))
    rgb, regions = us_picture(dict(US), 9)
    small = (rgb[40:100, 60:120], [[0, 0, 59, 59, 1]])
    for name, picture, codes in (("black", (rgb * 0, regions), ["IMAGE_BLANK"]), ("white", (rgb * 0 + 255, regions), ["IMAGE_SATURATED"]),
                                 ("small", small, ["IMAGE_TOO_SMALL"]), ("flat", (np.where(rgb > 0, 90, 0), regions), ["IMAGE_NOT_BREAST"]),
                                 ("spectrum", (rgb, [r[:4] + [3] for r in regions]), ["IMAGE_KIND"]),
                                 ("narrow", (rgb, [[24, 14, 60, 107, 1]]), ["IMAGE_TOO_SMALL"])):
        for syntax in (EXPLICIT, RLE, JPEGLS):
            yield from tagged(codes, setting(), mg=False, sides="L", syntaxes=[syntax], picture=picture)


def colour_mammogram():
    c = dict(US, picture=us_picture(dict(US, kind="elasto"), 5))
    for side in "LR":
        yield {"slot": "mg_cc", "claim": side, "code": ["IMAGE_COLOUR"], "case": dict(c, side=side), "mg": False, "syntax": EXPLICIT,
               "change": setting(Modality="MG", ViewPosition="CC", PresentationIntentType="FOR PRESENTATION", SequenceOfUltrasoundRegions=None)}


# --- damaged and strange files
def delete_pixels(ds, c):
    del ds.PixelData


def cut_pixels(ds, c):
    ds.PixelData = ds.PixelData[:len(ds.PixelData) // 2]


def transfer(value):
    def damage(path):
        data = path.read_bytes()
        old = b"1.2.840.10008.1.2.1\0"
        assert data.count(old) == 1 and len(value) <= len(old)
        path.write_bytes(data.replace(old, value.encode().ljust(len(old), b"\0")))
    return damage


def cut_file(part):
    return lambda path: path.write_bytes(path.read_bytes()[:int(path.stat().st_size * part)])


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def damaged():
    cut = ["IMAGE_TRUNCATED", "DICOM_SYNTAX", "DICOM_PIXELS"]
    yield from tagged(["DICOM_NO_PIXELS"], delete_pixels)
    for d in tagged(["DICOM_PIXELS", "IMAGE_TRUNCATED"], cut_pixels):
        yield dict(d, judged=False)
    for uid in ("1.2.840.10008.1.9.9", "1.2.3.4.5"):
        for d in tagged(["DICOM_TRANSFER"], setting(), syntaxes=[EXPLICIT], views=["CC"]):
            yield dict(d, damage=transfer(uid), judged=False)
    for syntax in (EXPLICIT, IMPLICIT, BIG, RLE, LOSSLESS_70, JPEGLS, J2K_LOSSLESS, DEFLATED):
        for part in (0.5, 0.95):
            for d in tagged(cut + ["IMAGE_CORRUPT"], setting(), syntaxes=[syntax], sides="L", views=["CC"]):
                yield dict(d, damage=cut_file(part), judged=False)
    for rows, codes in ((40000, ["IMAGE_TOO_LARGE"]), (0, ["IMAGE_EMPTY", "DICOM_PIXELS", "DICOM_SYNTAX"])):
        for d in tagged(codes, setting(Rows=rows), views=["CC"], sides="L"):
            yield dict(d, judged=False)
    good = np.rint(breast("L", "CC") * 65535).astype(np.uint16)
    whole = png(good)
    ultrasound = np.rint(us_picture(dict(US), 3)[0]).astype(np.uint8)
    header = lambda w, h, depth, colour: b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    files = [("empty", b"", ["FILE_EMPTY"]), ("text", b"exam_id,age\nno image\n", ["IMAGE_TYPE"]), ("cut_png", whole[:len(whole) // 2], ["IMAGE_TRUNCATED"]),
             ("flipped_png", bytes(flipped), ["IMAGE_CORRUPT"]), ("huge_png", header(65535, 65535, 16, 0) + end, ["IMAGE_TOO_LARGE"]),
             ("flat_png", header(0, 30, 8, 0) + end, ["IMAGE_EMPTY"]), ("dicom_head", b"\0" * 128 + b"DICM", cut + ["DICOM_NO_PIXELS"]),
             ("colour_png", png(us_picture(dict(US, kind="elasto"), 5)[0].astype(np.uint8)), ["IMAGE_COLOUR"]),
             ("right_png", png(good[:, ::-1].copy()), ["SIDE_IMAGE"])]
    for name, data, codes in files:
        yield {"slot": "mg_cc", "claim": "L", "code": codes, "bytes": data, "judged": False}
    jpeg = io.BytesIO()
    Image.fromarray(ultrasound).convert("CMYK").save(jpeg, "JPEG")
    plain = io.BytesIO()
    Image.fromarray(ultrasound).save(plain, "JPEG")
    for data, codes in ((png(good), ["IMAGE_DEPTH"]), (jpeg.getvalue(), ["IMAGE_COLOUR"]), (plain.getvalue()[:len(plain.getvalue()) // 2], ["IMAGE_TRUNCATED"])):
        yield {"slot": "us_bmode_trans", "claim": "L", "code": codes, "bytes": data, "judged": False}
    yield {"slot": "mg_cc", "claim": "L", "code": ["FILE_MISSING"], "bytes": None, "judged": False}


def refusals():
    for group in (by_tags, by_pictures, colour_mammogram, damaged):
        yield from group()


def build(r, name, seed):
    """(data set, samples) of a refusal that has a case."""
    ds, samples = (mg_dataset if r["mg"] else us_dataset)(r["case"], name, seed)
    r["change"](ds, r["case"])
    if ds.get("SequenceOfUltrasoundRegions") is None and "SequenceOfUltrasoundRegions" in ds:
        del ds.SequenceOfUltrasoundRegions
    return ds, samples
