"""Small DICOM files, made to order: pictures of a breast and of ultrasound, and every way to store them. Deterministic.

A case is a dictionary of what the file shall say (see MG and US for what can be said and the defaults); build() makes the data set and the
stored values, store() writes it in a transfer syntax. Encoders are DCMTK's (JPEG, JPEG-LS) and GDCM's (JPEG 2000); RLE and deflate are written here from
PS3.5. Nothing here has seen the program that is tested.
"""
import hashlib
import struct
import subprocess
import warnings
import zlib

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset, write_file_meta_info
from pydicom.sequence import Sequence

warnings.filterwarnings("ignore")

MG_PRESENTATION, MG_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.1.2.1"
US_IMAGE, US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

IMPLICIT, EXPLICIT, BIG, DEFLATED = (f"1.2.840.10008.1.2{x}" for x in ("", ".1", ".2", ".1.99"))
RLE = "1.2.840.10008.1.2.5"
BASELINE, EXTENDED, LOSSLESS_57, LOSSLESS_70 = (f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
JPEGLS, JPEGLS_NEAR, J2K_LOSSLESS, J2K = (f"1.2.840.10008.1.2.4.{n}" for n in (80, 81, 90, 91))

ENCODERS = {
    BASELINE: ["dcmcjpeg", "+eb", "+q", "95"],
    EXTENDED: ["dcmcjpeg", "+ee", "+q", "95"],
    LOSSLESS_57: ["dcmcjpeg", "+el", "+sv", "4"],
    LOSSLESS_70: ["dcmcjpeg", "+e1"],
    JPEGLS: ["dcmcjpls", "+el"],
    JPEGLS_NEAR: ["dcmcjpls", "+en"],
    J2K_LOSSLESS: ["gdcmconv", "--j2k"],
    J2K: ["gdcmconv", "--j2k", "--lossy", "--irreversible", "-r", "6"],
}
LOSSY = {BASELINE, EXTENDED, JPEGLS_NEAR, J2K}


def uid(text):
    return f"2.25.{int(hashlib.sha256(text.encode()).hexdigest()[:30], 16)}"


def noise(shape, seed, smooth=2):
    rng = np.random.RandomState(seed % 2**32)
    a = rng.rand(*shape)
    for _ in range(smooth):
        a = (a + np.roll(a, 1, 0) + np.roll(a, 1, 1) + np.roll(a, -1, 0) + np.roll(a, -1, 1)) / 5
    return (a - a.min()) / (a.max() - a.min())


# --- pictures, 0 .. 1
def breast(side, view, height=128, width=96, seed=1):
    """The chest wall along the left edge for L, along the right edge for R; the background is exactly 0."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    centre, reach, half = height * 0.5, width * 0.72, height * 0.42
    inside = np.clip(1 - (x / reach) ** 2 - ((y - centre) / half) ** 2, 0, None)
    picture = np.where(inside > 0, 0.15 + 0.45 * np.sqrt(inside) + 0.3 * noise((height, width), seed), 0)
    if view == "MLO":  # the pectoral muscle in the upper corner at the chest wall
        muscle = (x / (width * 0.35) + y / (height * 0.45)) < 1
        picture = np.where(muscle, 0.75 + 0.15 * noise((height, width), seed + 1), picture)
    picture = np.clip(picture, 0, 1)
    return picture if side == "L" else picture[:, ::-1]


def sector(height=120, width=160, seed=1, left=30, right=130, top=16, bottom=112):
    """Grey ultrasound in a rectangle on black."""
    picture = np.zeros((height, width))
    h, w = bottom - top, right - left
    body = 0.25 + 0.6 * noise((h, w), seed, 1)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    body[((x - w * 0.5) / (w * 0.2)) ** 2 + ((y - h * 0.45) / (h * 0.2)) ** 2 < 1] *= 0.3  # a lesion
    picture[top:bottom, left:right] = body
    return picture


# --- from pictures to stored values
def quantise(picture, bits, signed, low=0.0, high=1.0):
    """0..1 to the integers of `bits` bits, from the part low..high of their range."""
    most = 2**bits - 1
    v = np.rint((low + picture * (high - low)) * most).astype(np.int64)
    return v - 2 ** (bits - 1) if signed else v


def words(values, allocated, stored, high, junk=0):
    """Stored values to the words of Pixel Data; junk fills the bits that belong to no sample (PS3.5 8.1.1)."""
    shift = high + 1 - stored
    w = (values.astype(np.int64) & (2**stored - 1)) << shift
    mask = ((2**stored - 1) << shift) ^ (2**allocated - 1)
    return (w | (junk & mask)).astype(np.uint16 if allocated == 16 else np.uint8)


# --- a data set
def code_item(value, scheme, meaning):
    d = Dataset()
    d.CodeValue, d.CodingSchemeDesignator, d.CodeMeaning = value, scheme, meaning
    return d


def lut_item(first, bits, values, signed_first):
    d = Dataset()
    n = len(values) % 65536
    d.add_new(0x00283002, "SS" if signed_first else "US", [n - 65536 if signed_first and n > 32767 else n, first, bits])
    d.add_new(0x00283006, "OW", np.asarray(values, dtype="<u2").tobytes())
    return d


def put(ds, **tags):
    for name, value in tags.items():
        if value is not None:
            setattr(ds, name, value)


def new_dataset(sop_class, name):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid("instance " + name)
    ds.file_meta.ImplementationClassUID = uid("implementation")
    return ds


# --- transfer syntaxes
def swapped(data):
    return np.frombuffer(data, "<u2").astype(">u2").tobytes()


def swap_luts(ds):
    """LUT data are words of 16 bits that pydicom leaves as they stand."""
    for element in ds.iterall():
        if element.tag in (0x00283006, 0x00281201, 0x00281202, 0x00281203) and isinstance(element.value, bytes):
            element.value = swapped(element.value)


def swap_words(ds):
    if ds.BitsAllocated == 16 and "PixelData" in ds:
        ds.PixelData = swapped(ds.PixelData)
    swap_luts(ds)


def pack_row(data):
    """PackBits (PS3.5 G.3.1)."""
    out, i = bytearray(), 0
    while i < len(data):
        run = 1
        while i + run < len(data) and run < 128 and data[i + run] == data[i]:
            run += 1
        if run >= 3:
            out += bytes([257 - run, data[i]])
            i += run
            continue
        j = i
        while j < len(data) and j - i < 128 and not (j + 2 < len(data) and data[j] == data[j + 1] == data[j + 2]):
            j += 1
        out += bytes([j - i - 1]) + data[i:j]
        i = j
    return bytes(out)


def rle_frame(ds, frame):
    """One segment per byte of a sample, high byte first, sample after sample (PS3.5 G.2); no run crosses a row."""
    rows, columns, samples, size = ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsAllocated // 8
    a = np.frombuffer(frame[:rows * columns * samples * size], np.uint8)
    a = a.reshape(samples, rows, columns, size) if samples > 1 and ds.PlanarConfiguration else \
        a.reshape(rows, columns, samples, size).transpose(2, 0, 1, 3)
    segments = [b"".join(pack_row(row.tobytes()) for row in a[s, :, :, b]) for s in range(samples) for b in reversed(range(size))]
    segments = [s + b"\0" * (len(s) % 2) for s in segments]
    offsets = [64 + sum(map(len, segments[:i])) for i in range(len(segments))]
    return struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments))) + b"".join(segments)


def write_plain(path, ds, syntax, preamble=True):
    ds.file_meta.TransferSyntaxUID = syntax
    ds.is_little_endian, ds.is_implicit_VR = syntax != BIG, syntax == IMPLICIT
    if syntax == BIG:
        swap_words(ds)
    if syntax == DEFLATED:
        head, body = DicomBytesIO(), DicomBytesIO()
        for b in (head, body):
            b.is_little_endian, b.is_implicit_VR = True, False
        write_file_meta_info(head, ds.file_meta, enforce_standard=True)
        write_dataset(body, Dataset({k: v for k, v in ds.items()}))
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(body.getvalue()) + packer.flush()
        path.write_bytes(b"\0" * 128 + b"DICM" + head.getvalue() + packed + b"\0" * (len(packed) % 2))
        return
    dcmwrite(str(path), ds, write_like_original=False)
    if not preamble:
        path.write_bytes(path.read_bytes()[132:])


def store(path, ds, syntax, preamble=True):
    """Write ds, whose PixelData is native little endian, in this syntax. The data set may be changed."""
    if syntax in (IMPLICIT, EXPLICIT, BIG, DEFLATED):
        return write_plain(path, ds, syntax, preamble)
    if syntax == RLE:
        n = int(getattr(ds, "NumberOfFrames", 1))
        size = len(ds.PixelData) // n
        ds.PixelData = encapsulate([rle_frame(ds, ds.PixelData[i * size:(i + 1) * size]) for i in range(n)])
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"
        return write_plain(path, ds, syntax, preamble)
    plain = path.with_suffix(".plain")
    write_plain(plain, ds, EXPLICIT)
    done = subprocess.run([*ENCODERS[syntax], str(plain), str(path)], capture_output=True, text=True)
    plain.unlink()
    if done.returncode or not path.exists():
        raise RuntimeError(f"{' '.join(ENCODERS[syntax])}: {done.stderr.strip() or done.stdout.strip()}")
