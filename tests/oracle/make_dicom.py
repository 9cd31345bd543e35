#!/usr/bin/python3
"""Writes tests/golden/dicom/: small DICOM files and what has to come out of them. Usage: make_dicom.py FOLDER (Debian's python3-pydicom, dcmtk and
libgdcm-tools). The pixels and the facts in expected.json are what was put in here, worked out by the standard, never what bmunet said."""
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless)

MG, US = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1"
out = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/dicom")
out.mkdir(parents=True, exist_ok=True)
good, bad = [], []
random = numpy.random.default_rng(4)


def item(**values):
    ds = Dataset()
    for key, value in values.items():
        setattr(ds, key, value)
    return ds


def code(value, scheme, meaning="x"):
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def dataset(pixels, sop=MG, bits=12, signed=False, photometric="MONOCHROME2", **values):
    """A minimal image; `pixels`: (frames, rows, columns[, samples]) as they shall be stored."""
    ds = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = sop, "1.2.3.4", "1.2.3.4.1", "1.2.3.4.2"
    ds.Modality = "MG" if sop == MG else "US"
    ds.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    ds.PhotometricInterpretation = photometric
    ds.Rows, ds.Columns = pixels.shape[1:3]
    if len(pixels) > 1:
        ds.NumberOfFrames = len(pixels)
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8 * pixels.dtype.itemsize, bits, bits - 1, int(signed)
    ds.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    ds["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    for key, value in values.items():
        setattr(ds, key, value)
    return ds


def save(name, ds, syntax=ExplicitVRLittleEndian):
    meta = ds.file_meta
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = syntax, ds.SOPClassUID, ds.SOPInstanceUID
    meta.ImplementationClassUID = "1.2.3"
    ds.is_little_endian, ds.is_implicit_VR = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    if syntax == ExplicitVRBigEndian and ds.BitsAllocated == 16:
        ds.PixelData = numpy.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds.save_as(out / name, write_like_original=False)


def expect(name, values, signed=False, wide=None, **facts):
    """`values`: what the picture has to hold, (rows, columns[, 3]) of integers."""
    wide = values.max() > 255 if wide is None else wide
    v = values.astype("<i2" if signed else "<u2" if wide else "u1")
    good.append({"file": name, "bits": 16 if wide or signed else 8, "channels": 3 if values.ndim == 3 else 1, "signed": signed,
                 "pixels": hashlib.sha256(v.tobytes()).hexdigest(), "facts": facts})


def refuse(name, what):
    bad.append({"file": name, "code": what})


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True)


def mammogram():
    stored = random.integers(0, 4096, (1, 5, 7)).astype("u2")
    noisy = stored | (random.integers(0, 16, stored.shape).astype("u2") << 12)  # bits above those stored do not count
    view = code("R-10226", "SRT")
    view.ViewModifierCodeSequence = Sequence([code("R-102D2", "SRT"), code("R-102D6", "SRT")])
    lut = item(LUTDescriptor=[4, 10, 12], LUTExplanation="soft", LUTData=[0, 100, 2000, 4095])
    lut["LUTDescriptor"].VR = lut["LUTData"].VR = "US"
    ds = dataset(noisy, PatientID=" A-17 ", AccessionNumber="X9", StudyDate="20210304", ContentDate="20210305", SeriesDate="20210306",
                 PatientAge="047Y", PatientSex="F", Manufacturer="Maker", ManufacturerModelName="M 1", InstitutionName="Some Hospital",
                 Laterality="L", ImageLaterality="R", ViewPosition="MLO", ViewCodeSequence=Sequence([view]), PatientOrientation=["P", "FL"],
                 BodyPartExamined="BREAST", PresentationIntentType="FOR PRESENTATION", ImageType=["DERIVED", "PRIMARY", "", "LEFT"],
                 BreastImplantPresent="YES", BurnedInAnnotation="NO", LossyImageCompression="01", PartialView="NO",
                 RescaleSlope="2.5", RescaleIntercept="-10", RescaleType="US", WindowCenter=["2000", "1e3"], WindowWidth=["4000", "0.5"],
                 WindowCenterWidthExplanation=["NORMAL", "HARDER"], VOILUTFunction="SIGMOID", PresentationLUTShape="INVERSE",
                 VOILUTSequence=Sequence([lut]), ImagerPixelSpacing=["0.07", "0.08"], PixelSpacing=["0.1", "0.2"],
                 SpecimenDescriptionSequence=Sequence([item(SpecimenIdentifier="S")]))
    ds.add_new(0x00280120, "US", 5)
    ds.add_new(0x00280121, "US", 3)
    facts = dict(patient_id="A-17", accession="X9", study="1.2.3.4.1", series="1.2.3.4.2", instance="1.2.3.4", sop_class=MG,
                 study_date="20210304", content_date="20210305", patient_age="047Y", patient_sex="F", modality="MG", manufacturer="Maker",
                 model="M 1", institution_hash=hashlib.sha256(b"Some Hospital").hexdigest()[:16], laterality="L", image_laterality="R",
                 view_position="MLO", view={"value": "R-10226", "scheme": "SRT"},
                 view_modifier=[{"value": "R-102D2", "scheme": "SRT"}, {"value": "R-102D6", "scheme": "SRT"}], orientation=["P", "FL"],
                 body_part="BREAST", intent="FOR PRESENTATION", image_type=["DERIVED", "PRIMARY", "", "LEFT"], implant=2, burned_in=1, lossy=2,
                 partial_view=1, specimen=True, frames_are_slices=False, photometric="MONOCHROME2", samples=1, bits_allocated=16, bits_stored=12,
                 high_bit=11, is_signed=False, frames=1, frame=0, has_padding=True, padding_first=3, padding_last=5, has_rescale=True, slope=2.5,
                 intercept=-10.0, modality_lut={"first": 0, "n": 0, "bits": 0, "explanation": ""},
                 voi_lut=[{"first": 10, "n": 4, "bits": 12, "explanation": "soft"}],
                 window=[{"center": 2000.0, "width": 4000.0, "explanation": "NORMAL"}, {"center": 1000.0, "width": 0.5, "explanation": "HARDER"}],
                 voi_function=2, presentation_shape=2, region=[], spacing_row=0.07, spacing_column=0.08, truncated=False)
    luts = [[0, 100, 2000, 4095]]
    for name, syntax in (("mg_explicit.dcm", ExplicitVRLittleEndian), ("mg_implicit.dcm", ImplicitVRLittleEndian),
                         ("mg_big.dcm", ExplicitVRBigEndian), ("mg_deflated.dcm", DeflatedExplicitVRLittleEndian)):
        save(name, ds, syntax)
        ds.PixelData = noisy.tobytes()
        expect(name, stored[0], no_preamble=False, syntax=str(syntax), **facts)
        good[-1]["luts"] = luts
    for name in ("mg_explicit.dcm", "mg_implicit.dcm"):  # without preamble and meta header
        raw = (out / name).read_bytes()
        bare = name.replace("mg_", "bare_")
        (out / bare).write_bytes(raw[144 + int.from_bytes(raw[140:144], "little"):])
        expect(bare, stored[0], no_preamble=True, syntax=str(pydicom.dcmread(out / name).file_meta.TransferSyntaxUID), **facts)
        good[-1]["luts"] = luts
    return noisy


def shifted_and_signed():
    v = random.integers(-2048, 2048, (1, 3, 4))
    ds = dataset(((v & 0xFFF) << 4).astype("u2"), bits=12, signed=True, HighBit=15)
    lut = item(LUTDescriptor=[3, 65534, 16], LUTData=[1, 2, 65535], ModalityLUTType="OD")
    lut["LUTDescriptor"].VR = lut["LUTData"].VR = "US"
    ds.ModalityLUTSequence = Sequence([lut])
    ds.add_new(0x00280120, "SS", -2048)
    save("signed_high.dcm", ds)
    expect("signed_high.dcm", v[0], signed=True, is_signed=True, high_bit=15, has_padding=True, padding_first=-2048, padding_last=-2048,
           has_rescale=False, modality_lut={"first": -2, "n": 3, "bits": 16, "explanation": ""}, voi_function=0, presentation_shape=0, window=[])
    good[-1]["luts"] = [[1, 2, 65535]]
    w = random.integers(-128, 128, (1, 3, 3))
    save("signed8.dcm", dataset(w.astype("i1"), bits=8, signed=True))
    expect("signed8.dcm", w[0], signed=True)
    save("mono1.dcm", dataset(w.astype("u1"), bits=8, photometric="MONOCHROME1"))
    expect("mono1.dcm", w[0] & 255, photometric="MONOCHROME1")  # polarity is a fact, nothing is turned round
    return ds


def ybr_to_rgb(ybr):
    y, cb, cr = (ybr[..., k].astype(float) - (128 if k else 0) for k in range(3))
    rgb = numpy.stack([y + 1.402 * cr, y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587, y + 1.772 * cb], -1)
    return numpy.clip(numpy.floor(rgb + 0.5), 0, 255).astype("u1")


def ultrasound():
    rgb = random.integers(0, 256, (3, 4, 5, 3)).astype("u1")
    regions = Sequence([item(RegionSpatialFormat=1, RegionDataType=1, RegionFlags=2, RegionLocationMinX0=1, RegionLocationMinY0=0,
                             RegionLocationMaxX1=4, RegionLocationMaxY1=3, PhysicalUnitsXDirection=3, PhysicalUnitsYDirection=3,
                             PhysicalDeltaX=0.01, PhysicalDeltaY=0.02),
                        item(RegionSpatialFormat=1, RegionDataType=2, RegionFlags=0, RegionLocationMinX0=0, RegionLocationMinY0=1,
                             RegionLocationMaxX1=2, RegionLocationMaxY1=2, PhysicalUnitsXDirection=0, PhysicalUnitsYDirection=0,
                             PhysicalDeltaX=1.0, PhysicalDeltaY=1.0)])
    told = [{"spatial_format": 1, "data_type": 1, "flags": 2, "x0": 1, "y0": 0, "x1": 4, "y1": 3, "unit_x": 3, "unit_y": 3, "delta_x": 0.01,
             "delta_y": 0.02},
            {"spatial_format": 1, "data_type": 2, "flags": 0, "x0": 0, "y0": 1, "x1": 2, "y1": 2, "unit_x": 0, "unit_y": 0, "delta_x": 1.0,
             "delta_y": 1.0}]
    ds = dataset(rgb, US, 8, photometric="RGB", SequenceOfUltrasoundRegions=regions)
    save("us_rgb.dcm", ds)
    expect("us_rgb.dcm", rgb[1], frames=3, frame=1, region=told, no_preamble=False)
    planar = dataset(rgb, US, 8, photometric="RGB")
    planar.PlanarConfiguration = 1
    planar.PixelData = rgb.transpose(0, 3, 1, 2).tobytes()
    for name, syntax in (("us_planar.dcm", ExplicitVRLittleEndian), ("us_planar_big.dcm", ExplicitVRBigEndian)):
        save(name, planar, syntax)
        expect(name, rgb[1])
    full = dataset(rgb, US, 8, photometric="YBR_FULL")
    save("us_ybr.dcm", full)
    expect("us_ybr.dcm", ybr_to_rgb(rgb)[1])
    pairs = random.integers(0, 256, (1, 3, 2, 4)).astype("u1")  # three rows of two pairs
    half = dataset(numpy.zeros((1, 3, 4, 3), "u1"), US, 8, photometric="YBR_FULL_422", PixelData=pairs.tobytes())
    save("us_422.dcm", half)
    y, c = pairs[0, ..., :2].reshape(3, 4), numpy.repeat(pairs[0, ..., 2:], 2, 1)
    expect("us_422.dcm", ybr_to_rgb(numpy.concatenate([y[..., None], c], -1)))
    odd = random.integers(0, 256, (3, 3, 3)).astype("u1")  # frames of nine bytes, in words, swapped
    ds = dataset(odd, US, 8)
    ds.PixelData = numpy.frombuffer(odd.tobytes() + b"\0", "<u2").astype(">u2").tobytes()
    ds["PixelData"].VR = "OW"
    save("us_odd_big.dcm", ds, ExplicitVRBigEndian)
    expect("us_odd_big.dcm", odd[1], frames=3, frame=1)
    return rgb


def palettes():
    index = random.integers(0, 8, (1, 3, 5)).astype("u1")
    tables = random.integers(0, 256, (3, 6))
    for name, bits, packed in (("palette16.dcm", 16, False), ("palette8.dcm", 8, False), ("palette8_packed.dcm", 8, True)):
        ds = dataset(index, US, 8, photometric="PALETTE COLOR")
        for k, colour in enumerate(("Red", "Green", "Blue")):
            ds.add_new(0x00281101 + k, "US", [6, 1, bits])
            words = tables[k] * 257 if bits == 16 else tables[k]
            data = bytes(tables[k].astype("u1")) if packed else words.astype("<u2").tobytes()
            ds.add_new(0x00281201 + k, "OW", data)
        save(name, ds)
        expect(name, numpy.stack([tables[k][numpy.clip(index[0].astype(int) - 1, 0, 5)] for k in range(3)], -1))
    ds.Red = None
    for k in range(3):
        ds.add_new(0x00281101 + k, "US", [6, 1, 16])
        ds.add_new(0x00281201 + k, "OW", tables[k].astype("<u2").tobytes())
    save("palette_liar.dcm", ds)
    refuse("palette_liar.dcm", "DICOM_LUT")


def compressed(rgb):
    grey = (numpy.cumsum(random.integers(0, 40, (1, 24, 17)), 2) & 0xFFF).astype("u2")
    save("plain.tmp", dataset(grey, bits=12))
    plain = out / "plain.tmp"
    for name, tool in (("jpeg57.dcm", ["dcmcjpeg", "+el"]), ("jpeg70.dcm", ["dcmcjpeg", "+e1"]), ("jpegls80.dcm", ["dcmcjpls", "+el"])):
        run(*tool, plain, out / name)
        expect(name, grey[0])
    run("gdcmconv", "--j2k", "-i", plain, "-o", out / "j2k90.dcm")
    expect("j2k90.dcm", grey[0])
    run("dcmcrle", plain, out / "rle.dcm")
    expect("rle.dcm", grey[0])
    save("colour.tmp", dataset(rgb, US, 8, photometric="RGB"))
    run("dcmcrle", out / "colour.tmp", out / "rle_rgb.dcm")
    expect("rle_rgb.dcm", rgb[1])
    run("dcmcjpls", "+el", out / "colour.tmp", out / "jpegls_rgb.dcm")
    expect("jpegls_rgb.dcm", rgb[1])
    for name, photometric, mct in (("j2k_rct.dcm", "YBR_RCT", 1), ("j2k_rgb.dcm", "RGB", 0), ("j2k_ybr.dcm", "YBR_FULL", 0)):
        frames = []
        for frame in rgb:
            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, "JPEG2000", no_jp2=True, num_resolutions=1, mct=mct)
            frames.append(stream.getvalue())
        ds = dataset(rgb, US, 8, photometric=photometric)
        save(name, ds)
        ds = pydicom.dcmread(out / name)
        ds.PixelData = pydicom.encaps.encapsulate(frames)
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
        ds.save_as(out / name)
        expect(name, ybr_to_rgb(rgb)[1] if photometric == "YBR_FULL" else rgb[1])
    run("dcmcjpeg", "+e1", "+cn", out / "colour.tmp", out / "jpeg70_rgb.dcm")
    expect("jpeg70_rgb.dcm", rgb[1])
    jpeg_colours(rgb[1])
    fragments(rgb)
    damaged()
    for path in out.glob("*.tmp"):
        path.unlink()


def jpeg_colours(rgb):
    """Pillow's JPEG is JFIF, so YCbCr: what a file may not call RGB."""
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=95, subsampling=0)
    image = Image.open(stream)
    image.draft("YCbCr", None)
    for name, photometric in (("jpeg50.dcm", "YBR_FULL"), ("jpeg50_liar.dcm", "RGB")):
        save(name, dataset(rgb[None], US, 8, photometric=photometric))
        ds = pydicom.dcmread(out / name)
        ds.PixelData = pydicom.encaps.encapsulate([stream.getvalue()])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
        ds.save_as(out / name)
    expect("jpeg50.dcm", ybr_to_rgb(numpy.array(image)))
    refuse("jpeg50_liar.dcm", "DICOM_PIXELS")


def fragments(rgb):
    """The frames of jpegls_rgb.dcm cut into two fragments each: found by the offset table, and not at all without one."""
    ds = pydicom.dcmread(out / "jpegls_rgb.dcm")
    frames = list(pydicom.encaps.generate_pixel_data_frame(ds.PixelData, 3))
    parts = [[f[:20], f[20:]] for f in frames]
    offsets, at = [], 0
    for pair in parts:
        offsets.append(at)
        at += sum(8 + len(p) for p in pair)

    def element(data):
        return b"\xfe\xff\x00\xe0" + len(data).to_bytes(4, "little") + data

    body = b"".join(element(p) for pair in parts for p in pair)
    for name, table in (("fragments_table.dcm", b"".join(o.to_bytes(4, "little") for o in offsets)), ("fragments_marks.dcm", b"")):
        ds.PixelData = element(table) + body
        ds["PixelData"].is_undefined_length = True
        ds.save_as(out / name)
        expect(name, rgb[1])
    ds.PixelData = element((0).to_bytes(4, "little") + (9).to_bytes(4, "little") * 2) + body
    ds["PixelData"].is_undefined_length = True
    ds.save_as(out / "fragments_wrong.dcm")
    refuse("fragments_wrong.dcm", "DICOM_PIXELS")


def damaged():
    for name in ("jpeg70.dcm", "jpegls80.dcm", "j2k90.dcm", "rle.dcm"):
        ds = pydicom.dcmread(out / name)
        frame = next(pydicom.encaps.generate_pixel_data_frame(ds.PixelData, 1))
        ds.PixelData = pydicom.encaps.encapsulate([frame[:len(frame) // 4 * 2]])
        ds["PixelData"].is_undefined_length = True
        ds.save_as(out / f"cut_{name}")
        refuse(f"cut_{name}", "IMAGE_TRUNCATED" if name != "j2k90.dcm" else "IMAGE_CORRUPT")
    ds = pydicom.dcmread(out / "jpeg70.dcm")
    ds.Rows = 25
    ds.save_as(out / "taller.dcm")
    refuse("taller.dcm", "DICOM_PIXELS")


def more_bits():
    """Streams of 16 bits for 12 stored. What lossy coding makes of black and white goes beyond 12 bits; as decoded by Pillow (from JPEG 2000) and as
    put in (JPEG-LS, JPEG lossless), never wrapped. Native data and what is declared an overlay have their upper bits cut off."""
    v = numpy.where(numpy.add.outer(numpy.arange(48), numpy.arange(40)) // 7 % 2, 4095, 0)
    stream = io.BytesIO()
    Image.fromarray(v.astype("u2")).save(stream, "JPEG2000", no_jp2=True, irreversible=True, quality_mode="rates", quality_layers=[12])
    decoded = numpy.array(Image.open(io.BytesIO(stream.getvalue()))).astype(int)
    assert decoded.max() > 4095 and decoded.min() == 0

    def encapsulated(name, syntax, frame, **values):
        save(name, dataset(v[None].astype("u2"), bits=12, **values))
        ds = pydicom.dcmread(out / name)
        ds.PixelData = pydicom.encaps.encapsulate([frame])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = f"1.2.840.10008.1.2.4.{syntax}"
        ds.save_as(out / name)

    encapsulated("more_j2k.dcm", 91, stream.getvalue())
    expect("more_j2k.dcm", decoded, bits_stored=12)
    encapsulated("more_j2k_signed.dcm", 91, stream.getvalue(), signed=True)  # 4095 as a negative value, or as one that overshot?
    refuse("more_j2k_signed.dcm", "DICOM_PIXELS")
    upper = numpy.where(v > 0, 4095 + numpy.arange(40), 3)
    save("more.tmp", dataset(upper[None].astype("u2"), bits=16))
    negative = numpy.where(v > 0, -2048, numpy.arange(40))
    save("more_extended.tmp", dataset((negative & 0xFFFF)[None].astype("u2"), bits=16))
    save("more_bare.tmp", dataset((negative & 0xFFF)[None].astype("u2"), bits=16))
    for name, tool, syntax in (("jpeg70", ["dcmcjpeg", "+e1"], 70), ("jpegls80", ["dcmcjpls", "+el"], 80)):
        frames = {}
        for which in ("more", "more_extended", "more_bare"):
            run(*tool, out / f"{which}.tmp", out / "frame.tmp")
            frames[which] = next(pydicom.encaps.generate_pixel_data_frame(pydicom.dcmread(out / "frame.tmp").PixelData, 1))
        encapsulated(f"more_{name}.dcm", syntax, frames["more"])
        expect(f"more_{name}.dcm", upper, bits_stored=12)
        encapsulated(f"more_{name}_signed.dcm", syntax, frames["more"], signed=True)
        refuse(f"more_{name}_signed.dcm", "DICOM_PIXELS")
        for which in ("more_extended", "more_bare"):
            encapsulated(f"{which}_{name}.dcm", syntax, frames[which], signed=True)
            expect(f"{which}_{name}.dcm", negative, signed=True)
        encapsulated(f"more_{name}_overlay.dcm", syntax, frames["more"])
        ds = pydicom.dcmread(out / f"more_{name}_overlay.dcm")
        ds.add_new(0x60000100, "US", 16)
        ds.add_new(0x60000102, "US", 12)
        ds.save_as(out / f"more_{name}_overlay.dcm")
        expect(f"more_{name}_overlay.dcm", upper & 0xFFF, bits_stored=12)
    for path in out.glob("*.tmp"):
        path.unlink()


def enhanced():
    v = random.integers(0, 1024, (3, 2, 3)).astype("u2")
    shared = item(PixelValueTransformationSequence=Sequence([item(RescaleIntercept="1", RescaleSlope="2", RescaleType="US")]),
                  FrameAnatomySequence=Sequence([item(FrameLaterality="L", AnatomicRegionSequence=Sequence([code("76752008", "SCT")]))]),
                  PixelMeasuresSequence=Sequence([item(PixelSpacing=["0.3", "0.4"])]))
    own = [item(FrameVOILUTSequence=Sequence([item(WindowCenter=str(100 * k), WindowWidth=str(10 + k))])) for k in range(3)]
    own[1].FrameAnatomySequence = Sequence([item(FrameLaterality="R", AnatomicRegionSequence=Sequence([code("127457009", "SCT")]))])
    ds = dataset(v, "1.2.840.10008.5.1.4.1.1.13.1.3", 10, SharedFunctionalGroupsSequence=Sequence([shared]),
                 PerFrameFunctionalGroupsSequence=Sequence(own), ViewCodeSequence=Sequence([code("399162004", "SCT")]))
    save("enhanced.dcm", ds)
    expect("enhanced.dcm", v[1], frames=3, frame=1, frames_are_slices=True, image_laterality="R", specimen=True, has_rescale=True, slope=2.0,
           intercept=1.0, window=[{"center": 100.0, "width": 11.0, "explanation": ""}], spacing_row=0.3, spacing_column=0.4,
           view={"value": "399162004", "scheme": "SCT"})


def texts(noisy):
    for name, charset, text, raw in (("latin1.dcm", "ISO_IR 100", "M\u00fcller", None), ("utf8.dcm", "ISO_IR 192", "\u4e73\u817a", None),
                                     ("gbk.dcm", "GBK", "\\xC8\\xE9\\xCF\\xD9 A", b"\xc8\xe9\xcf\xd9 A"),
                                     ("none.dcm", None, "\\xE9\\x1B", b"\xe9\x1b")):
        ds = dataset(noisy)
        if charset:
            ds.SpecificCharacterSet = charset
        ds.add_new(0x00100020, "UN", raw) if raw else setattr(ds, "PatientID", text)
        if raw:
            ds["PatientID"].VR = "UN"
        save(name, ds)
        if raw:  # with its own representation
            path = out / name
            path.write_bytes(path.read_bytes().replace(b"\x10\x00\x20\x00UN\0\0" + len(raw).to_bytes(4, "little"),
                                                       b"\x10\x00\x20\x00LO" + len(raw).to_bytes(2, "little")))
        expect(name, noisy[0] & 0xFFF, patient_id=text)
    ds = dataset(noisy, StudyDate="2021.03.04")
    save("old_date.dcm", ds)
    expect("old_date.dcm", noisy[0] & 0xFFF, study_date="20210304")
    many = dataset(noisy, ImageType=[str(k) for k in range(20)], WindowCenter=[str(k) for k in range(20)], WindowWidth=["1"] * 20)
    save("many.dcm", many)
    expect("many.dcm", noisy[0] & 0xFFF, image_type=[str(k) for k in range(16)], truncated=True,
           window=[{"center": float(k), "width": 1.0, "explanation": ""} for k in range(16)])


def refusals(noisy):
    cases = {
        "IMAGE_TRUNCATED": {"short.dcm": dict(PixelData=noisy.tobytes()[:-2]), "frames.dcm": dict(NumberOfFrames=2)},
        "DICOM_PIXELS": {"samples.dcm": dict(SamplesPerPixel=3, PlanarConfiguration=0), "high_bit.dcm": dict(HighBit=16),
                         "low_bit.dcm": dict(HighBit=10), "stored.dcm": dict(BitsStored=17, HighBit=16),
                         "excess.dcm": dict(PixelData=noisy.tobytes() * 2), "frames_none.dcm": dict(NumberOfFrames=0),
                         "rct.dcm": dict(PhotometricInterpretation="YBR_RCT", SamplesPerPixel=3, PlanarConfiguration=0, BitsStored=8, HighBit=7)},
        "IMAGE_DEPTH": {"bits32.dcm": dict(BitsAllocated=32, BitsStored=32, HighBit=31), "bits7.dcm": dict(BitsStored=7, HighBit=6)},
        "IMAGE_COLOUR": {"hsv.dcm": dict(PhotometricInterpretation="HSV", SamplesPerPixel=3, PlanarConfiguration=0)},
        "IMAGE_EMPTY": {"rows0.dcm": dict(Rows=0)},
        "IMAGE_TOO_LARGE": {"huge.dcm": dict(Rows=40000)},
        "DICOM_LUT": {"window.dcm": dict(WindowCenter=["1", "2"], WindowWidth="3"), "slope.dcm": dict(RescaleSlope="2")},
        "DICOM_SYNTAX": {"long.dcm": dict(PatientAge="012345Y")},
    }
    for what, files in cases.items():
        for name, values in files.items():
            save(name, dataset(noisy, **values))
            refuse(name, what)
    ds = dataset(noisy)
    del ds.PixelData
    save("no_pixels.dcm", ds)
    refuse("no_pixels.dcm", "DICOM_NO_PIXELS")
    save("transfer.dcm", dataset(noisy))
    raw = (out / "transfer.dcm").read_bytes()
    for name, uid in (("transfer.dcm", b"1.2.840.10008.1.9.1"), ("transfer_padded.dcm", b"1.2.3.4.5")):
        (out / name).write_bytes(raw.replace(b"1.2.840.10008.1.2.1\0", uid.ljust(20, b"\0")))
        refuse(name, "DICOM_TRANSFER")
    for name in ("Rows", "BitsStored", "HighBit", "PixelRepresentation"):
        ds = dataset(noisy)
        delattr(ds, name)
        save(f"no_{name.lower()}.dcm", ds)
        refuse(f"no_{name.lower()}.dcm", "DICOM_PIXELS")
    raw = (out / "mg_explicit.dcm").read_bytes()
    (out / "cut.dcm").write_bytes(raw[:len(raw) - 30])
    refuse("cut.dcm", "IMAGE_TRUNCATED")
    (out / "cut_header.dcm").write_bytes(raw[:600])
    refuse("cut_header.dcm", "IMAGE_TRUNCATED")


def main():
    pydicom.config.settings.reading_validation_mode = pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    noisy = mammogram()
    shifted_and_signed()
    rgb = ultrasound()
    palettes()
    compressed(rgb)
    enhanced()
    texts(noisy)
    refusals(noisy)
    more_bits()
    (out / "expected.json").write_text(json.dumps({"good": good, "bad": bad}, indent=1, ensure_ascii=False) + "\n")
    print(len(good), "good,", len(bad), "bad")


if __name__ == "__main__":
    main()
