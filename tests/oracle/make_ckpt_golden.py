"""Writes tests/golden/ckpt: checkpoints by PyTorch, safetensors by the specification, hostile ones by hand, and what each must give.

Run with Debian's python3-torch:  /usr/bin/python3 tests/oracle/make_ckpt_golden.py
cases.txt:    file, expected code (or OK), a text that the message must contain. The codes are written here by hand, from the specification.
sha256.txt:   of two files, by hashlib.
<file>.txt:   for each OK file its tensors in order: name, dtype, shape, the bytes in hexadecimal, as torch and numpy see them.
Nothing here reads what our own code wrote, except `check FILE`, an independent reading of a safetensors file with struct and json.
"""
import collections
import hashlib
import io
import json
import os
import struct
import sys
import warnings
import zipfile

import numpy as np
import torch

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "ckpt")
NAMES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
cases = []


def path(name):
    return os.path.join(OUT, name)


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


def case(name, code, needle=""):
    cases.append(f"{name}\t{code}\t{needle}\n")


def raw(t):
    t = t.detach().contiguous()
    return (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()


def describe(name, tensors):
    """tensors: name -> (dtype name, shape, bytes)"""
    with open(path(name + ".txt"), "w") as f:
        for key, (dtype, shape, data) in tensors.items():
            f.write(f"{key}\t{dtype}\t{','.join(map(str, shape)) or '-'}\t{data.hex() or '-'}\n")


def good_torch(name, tensors):
    describe(name, {k: (NAMES[t.dtype], list(t.shape), raw(t)) for k, t in tensors.items()})
    case(name, "OK")


# ---- PyTorch writes, we must read ----

def sample():
    g = torch.Generator().manual_seed(7)
    base = torch.randn(4, 3, generator=g)
    d = collections.OrderedDict()
    for t, name in NAMES.items():
        d[f"all.{name}"] = (torch.randn(2, 3, generator=g) * 50).to(t)
    d["scalar"] = torch.tensor(3, dtype=torch.int64)
    d["scalar.real"] = torch.tensor(-2.5)
    d["empty"] = torch.zeros(0, 3)
    d["empty.middle"] = torch.zeros(2, 0, 3, dtype=torch.float64)
    d["view.first"] = base[:2]
    d["view.rest"] = base[2:]
    d["view.row"] = base[1]
    d["one.sided"] = torch.randn(1, 5, generator=g).t().contiguous().t()  # strides of a side of one are anybody's
    d["parameter"] = torch.nn.Parameter(torch.randn(3, generator=g))
    d["frozen"] = torch.nn.Parameter(torch.randn(2, generator=g), requires_grad=False)
    d["eight"] = torch.arange(6.0).reshape(1, 2, 1, 3, 1, 1, 1, 1)
    d["名前.é"] = torch.ones(1)
    return d


def small_module():
    torch.manual_seed(3)
    m = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    return m


def torch_good():
    d = sample()
    for protocol in (2, 3, 4, 5):
        name = f"protocol{protocol}.pt"
        torch.save(d, path(name), pickle_protocol=protocol)
        good_torch(name, d)
    plain = {"b": torch.arange(4.0), "a": torch.arange(3)}
    torch.save(plain, path("plain_dict.pt"))
    good_torch("plain_dict.pt", plain)
    state = small_module().state_dict()
    torch.save(state, path("state_dict.pt"))
    good_torch("state_dict.pt", state)
    torch.save({"epoch": 3, "loss": 0.5, "best": None, "arch": "resnet", "done": True, "big": 2**40, "minus": -7, "state_dict": state}, path("nested.pt"))
    good_torch("nested.pt", state)
    torch.save({"model": state}, path("nested_model.pt"))
    good_torch("nested_model.pt", state)
    torch.save({"model": torch.ones(2), "state_dict": torch.zeros(1)}, path("called_model.pt"))
    good_torch("called_model.pt", {"model": torch.ones(2), "state_dict": torch.zeros(1)})
    torch.save({}, path("no_tensors.pt"))
    good_torch("no_tensors.pt", {})
    many = {f"layer.{i}.weight": torch.tensor([float(i)]) for i in range(300)}  # LONG_BINPUT, two-byte lengths
    torch.save(many, path("many.pt"))
    good_torch("many.pt", many)


# ---- hand-made zips around pickles ----

def parts(name):
    with zipfile.ZipFile(path(name)) as z:
        return [(i.filename, z.read(i)) for i in z.infolist()]


def make_zip(entries, **how):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names, on purpose
        with zipfile.ZipFile(out, "w", how.get("method", zipfile.ZIP_STORED)) as z:
            for name, data in entries:
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = how.get("method", zipfile.ZIP_STORED)
                with z.open(info, "w", force_zip64=how.get("zip64", False)) as f:
                    f.write(data)
    return out.getvalue()


def pickled(name, pickle, code, needle, storages=(("0", struct.pack("<6f", *range(6))),)):
    write(name, make_zip([("archive/data.pkl", pickle)] + [(f"archive/data/{k}", v) for k, v in storages] + [("archive/version", b"3\n")]))
    case(name, code, needle)


def text(s):
    s = s.encode()
    return b"X" + struct.pack("<I", len(s)) + s


def integer(i):
    return i if isinstance(i, bytes) else b"\x8a\x08" + struct.pack("<q", i)


def ints(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def storage(kind="FloatStorage", key="0", count=6):
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + integer(count) + b"tQ"


def tensor(size=(2, 3), stride=(3, 1), offset=0, store=None, hooks=b"ccollections\nOrderedDict\n)R", extra=b""):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + (store or storage()) + integer(offset) + ints(size) + ints(stride) + b"\x89" + hooks + extra +
            b"tR")


def state(*items):
    return b"\x80\x02}(" + b"".join(text(k) + v for k, v in items) + b"u."


def torch_hand_good():
    entries = [(n.replace("state_dict/", "model é/"), d) for n, d in parts("state_dict.pt")]
    write("modern.pt", make_zip(entries + [("model é/byteorder", b"little"), ("model é/.format_version", b"1"), ("model é/.storage_alignment", b"64"),
                                           ("model é/.data/serialization_id", b"1234")]))
    good_torch("modern.pt", small_module().state_dict())
    write("zip64.pt", make_zip(entries, zip64=True))
    good_torch("zip64.pt", small_module().state_dict())
    write("hand.pt", make_zip([("x/data.pkl", state(("w", tensor()))), ("x/data/0", struct.pack("<6f", *range(6)))]))
    good_torch("hand.pt", {"w": torch.arange(6.0).reshape(2, 3)})
    write("side_of_one.pt", make_zip([("x/data.pkl", state(("w", tensor(size=(1, 6, 1), stride=(-9, 1, 4))))), ("x/data/0", struct.pack("<6f", *range(6)))]))
    good_torch("side_of_one.pt", {"w": torch.arange(6.0).reshape(1, 6, 1)})


class Evil:
    def __reduce__(self):
        return (os.system, ("touch /tmp/bmunet-was-here",))


def torch_refused():
    torch.save({"w": torch.ones(2, 3).t()}, path("transposed.pt"))
    case("transposed.pt", "TENSOR_STRIDE", "'w'")
    torch.save({"a": torch.ones(1), "conv.weight": torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last)}, path("channels_last.pt"))
    case("channels_last.pt", "TENSOR_STRIDE", "'conv.weight'")
    torch.save({"w": torch.ones(8)[::2]}, path("sliced.pt"))
    case("sliced.pt", "TENSOR_STRIDE", "'w'")
    torch.save({"w": torch.ones(3).expand(2, 3)}, path("expanded.pt"))
    case("expanded.pt", "TENSOR_STRIDE", "'w'")
    torch.save({"w": torch.ones(2)}, path("legacy.pt"), _use_new_zipfile_serialization=False)
    case("legacy.pt", "TORCH_LEGACY", 'torch.save(torch.load("old.pth", map_location="cpu"), "new.pth")')
    write("legacy_tar.pt", b"sys_info".ljust(257, b"\0") + b"ustar  \0".ljust(255, b"\0"))
    case("legacy_tar.pt", "TORCH_LEGACY", "torch.save")
    torch.save(Evil(), path("system.pt"))
    case("system.pt", "PICKLE_CLASS", "posix.system")
    torch.save({"w": torch.ones(1), "x": Evil()}, path("system_inside.pt"), pickle_protocol=4)
    case("system_inside.pt", "PICKLE_CLASS", "posix.system")
    torch.save(torch.nn.Linear(2, 1), path("module.pt"))
    case("module.pt", "PICKLE_CLASS", "torch.nn.modules.linear.Linear")
    torch.save({"w": torch.ones(2, dtype=torch.complex64)}, path("complex.pt"))
    case("complex.pt", "TENSOR_DTYPE", "torch.ComplexFloatStorage")
    torch.save({"w": torch.eye(2).to_sparse()}, path("sparse.pt"))
    case("sparse.pt", "PICKLE_CLASS", "torch._utils._rebuild_sparse_tensor")
    torch.save({"w": np.ones(2)}, path("numpy.pt"))
    case("numpy.pt", "PICKLE_CLASS", "numpy.core.multiarray._reconstruct")
    m = small_module()
    optimizer = torch.optim.AdamW(m.parameters())
    torch.save({"state_dict": m.state_dict(), "optimizer": optimizer.state_dict()}, path("optimizer.pt"))
    case("optimizer.pt", "UNSUPPORTED", "'optimizer'")
    torch.save({"state_dict": {"a": torch.ones(1)}, "model": {"a": torch.ones(1)}}, path("two_dicts.pt"))
    case("two_dicts.pt", "UNSUPPORTED", "more than one")
    torch.save({"state_dict": {"a": torch.ones(1)}, "extra": torch.ones(1)}, path("tensor_beside.pt"))
    case("tensor_beside.pt", "UNSUPPORTED", "'extra'")
    torch.save({"w": torch.ones(1), "epoch": 3}, path("number.pt"))
    case("number.pt", "UNSUPPORTED", "'epoch' is a number")
    torch.save({"w": {"deep": torch.ones(1)}}, path("deep.pt"))
    case("deep.pt", "UNSUPPORTED", "'w' is a dict")
    torch.save(torch.ones(1), path("tensor.pt"))
    case("tensor.pt", "UNSUPPORTED", "a tensor, not a state dict")
    torch.save([torch.ones(1)], path("list.pt"))
    case("list.pt", "UNSUPPORTED", "a list, not a state dict")
    torch.save({1: torch.ones(1)}, path("number_key.pt"))
    case("number_key.pt", "UNSUPPORTED", "not text")
    torch.save({"x" * 513: torch.ones(1)}, path("long_name.pt"))
    case("long_name.pt", "PICKLE", "513")
    torch.save({"": torch.ones(1)}, path("empty_name.pt"))
    case("empty_name.pt", "PICKLE", "empty name")
    torch.save({"nul\0": torch.ones(1)}, path("nul_name.pt"))
    case("nul_name.pt", "PICKLE", "nul?")
    torch.save({"w": torch.ones(1, 1, 1, 1, 1, 1, 1, 1, 1)}, path("rank9.pt"))
    case("rank9.pt", "PICKLE", "9 dimensions")


def pickles_refused():
    pickled("beyond.pt", state(("w", tensor(offset=1))), "TENSOR_STORAGE", "'w'")
    pickled("offset_negative.pt", state(("w", tensor(offset=-1))), "TENSOR_STORAGE", "'w'")
    pickled("offset_binint.pt", state(("w", tensor(offset=b"J\xfe\xff\xff\xff"))), "TENSOR_STORAGE", "from element -2 on")
    pickled("offset_long1.pt", state(("w", tensor(offset=b"\x8a\x01\xfe"))), "TENSOR_STORAGE", "from element -2 on")
    pickled("offset_long0.pt", state(("w", tensor(size=(7,), stride=(1,), offset=b"\x8a\0"))), "TENSOR_STORAGE", "from element 0 on")
    pickled("offset_huge.pt", state(("w", tensor(offset=2**63 - 1))), "TENSOR_STORAGE", "'w'")
    pickled("empty_beyond.pt", state(("w", tensor(size=(0,), stride=(1,), offset=7))), "TENSOR_STORAGE", "'w'")
    pickled("side_negative.pt", state(("w", tensor(size=(-2, 3)))), "PICKLE", "'w'")
    pickled("shape_overflow.pt", state(("w", tensor(size=(2**32, 2**32), stride=(2**32, 1)))), "TENSOR_STORAGE", "'w'")
    pickled("shape_wraps.pt", state(("w", tensor(size=(2**31, 2**31, 4), stride=(2**33, 4, 1)))), "TENSOR_STORAGE", "'w'")
    pickled("stride_missing.pt", state(("w", tensor(stride=(1,)))), "PICKLE", "_rebuild_tensor_v2")
    pickled("stride_negative.pt", state(("w", tensor(stride=(-3, 1)))), "TENSOR_STRIDE", "'w'")
    pickled("conjugate.pt", state(("w", tensor(extra=b"}"))), "PICKLE", "_rebuild_tensor_v2")
    pickled("hooks.pt", state(("w", tensor(hooks=b"}" + text("h") + b"Ns"))), "PICKLE", "_rebuild_tensor_v2")
    pickled("storage_called.pt", b"\x80\x02ctorch\nFloatStorage\n)R.", "PICKLE", "torch.FloatStorage")
    pickled("storage_missing.pt", state(("w", tensor(store=storage(key="1")))), "TENSOR_STORAGE", "data/1")
    pickled("storage_climbs.pt", state(("w", tensor(store=storage(key="../data/0")))), "TENSOR_STORAGE", "data/../data/0")
    pickled("storage_short.pt", state(("w", tensor(store=storage(count=7)))), "TENSOR_STORAGE", "7 elements")
    pickled("storage_long.pt", state(("w", tensor(size=(1,), stride=(1,), store=storage(count=5)))), "TENSOR_STORAGE", "5 elements")
    pickled("storage_type.pt", state(("w", tensor(store=storage(kind="DoubleStorage")))), "TENSOR_STORAGE", "6 elements of 8")
    pickled("storage_negative.pt", state(("w", tensor(store=storage(count=-1)))), "TENSOR_STORAGE", "-1")
    pickled("storage_wraps.pt", state(("w", tensor(store=storage(count=2**62 + 6)))), "TENSOR_STORAGE", "'w'")
    pickled("storage_quantized.pt", state(("w", tensor(store=storage(kind="QInt8Storage")))), "TENSOR_DTYPE", "torch.QInt8Storage")
    pickled("twice.pt", state(("w", tensor()), ("w", tensor())), "PICKLE", "'w' appears twice")
    pickled("persistent_text.pt", b"\x80\x02" + text("storage") + b"Q.", "PICKLE", "BINPERSID")
    pickled("attribute.pt", b"\x80\x02ccollections\nOrderedDict\n)R}" + text("__class__") + b"Nsb.", "PICKLE", "'__class__'")
    pickled("build_dict.pt", b"\x80\x02}}b.", "PICKLE", "BUILD")
    pickled("ordered_args.pt", b"\x80\x02ccollections\nOrderedDict\n]\x85R.", "PICKLE", "collections.OrderedDict")
    pickled("eval.pt", b"\x80\x02c__builtin__\neval\n" + text("1") + b"\x85R.", "PICKLE_CLASS", "__builtin__.eval")
    pickled("escape.pt", b"\x80\x02cos\x1b[2J\nsystem\r\n.", "PICKLE_CLASS", "os?[2J.system?")
    for opcode, name in ((b"o", "OBJ"), (b"ios\nsystem\n", "INST"), (b"\x81", "NEWOBJ"), (b"\x92", "NEWOBJ_EX"), (b"0", "POP"), (b"2", "DUP"),
                         (b"\x82\x01", "EXT1"), (b"Pid\n", "PERSID"), (b"\x8f", "EMPTY_SET"), (b"C\x01x", "SHORT_BINBYTES"), (b"S'x'\n", "STRING"),
                         (b"\x97", "NEXT_BUFFER"), (b"\x8b\x01\0\0\0\x01", "LONG4")):
        pickled(f"opcode_{name}.pt", b"\x80\x02}" + opcode + b".", "PICKLE_OPCODE", f"opcode {name} at byte 3")
    pickled("opcode_unknown.pt", b"\x80\x02\xff.", "PICKLE_OPCODE", "0xff at byte 2")
    for name, body, needle in (("no_stop", b"}", "without STOP"), ("after_stop", b"}.}", "follow the pickle's STOP"), ("empty", b"", "start with its protocol"),
                               ("two_values", b"}}.", "exactly one"), ("no_value", b".", "exactly one"), ("mark_left", b"}(.", "exactly one"),
                               ("memo", b"h\x05.", "BINGET"), ("memo_empty", b"q\0.", "BINPUT"), ("no_mark", b"}u.", "SETITEMS"), ("odd", b"}(Nu.", "SETITEMS"),
                               ("item_of_list", b"](NNu.", "SETITEMS"), ("append_dict", b"}Na.", "APPEND"), ("below_mark", b"N(\x85.", "TUPLE1"),
                               ("text_cut", b"X\xff\xff\xff\xffab", "BINUNICODE"), ("text_bytes", b"X\x02\0\0\0\xc3(.", "UTF-8"), ("long9", b"\x8a\x09" + b"\1" * 9 + b".", "LONG1"),
                               ("frame", b"\x95" + b"\xff" * 8 + b"}.", "FRAME"), ("line", b"ccollections\nOrder", "GLOBAL"), ("reduce_text", text("x") + b")R.", "REDUCE"),
                               ("stack_global", b"KK\x93.", "STACK_GLOBAL"), ("proto_again", b"\x80\x02}.", "PROTO")):
        start = b"" if name == "empty" else b"\x80\x02"
        pickled(f"pickle_{name}.pt", start + body, "PICKLE_OPCODE" if name == "proto_again" else "PICKLE", needle)
    pickled("tuple_first.pt", b"\x80\x02).", "UNSUPPORTED", "a tuple, not a state dict")
    pickled("mark_first.pt", b"\x80\x02(t.", "UNSUPPORTED", "a tuple, not a state dict")
    pickled("protocol0.pt", b"(dp0\n.", "PICKLE", "protocol")
    pickled("protocol6.pt", b"\x80\x06}.", "PICKLE", "protocol 6")
    pickled("memo_huge.pt", b"\x80\x02}r\xff\xff\xff\xff.", "LIMIT", "memoizes")
    pickled("marks.pt", b"\x80\x02" + b"(" * 5000 + b".", "LIMIT", "nests deeper")


def zips_refused():
    good = [("a/data.pkl", state(("w", tensor()))), ("a/data/0", struct.pack("<6f", *range(6)))]
    write("zip_two_pickles.pt", make_zip(good + [("b/data.pkl", b"\x80\x02}.")]))
    case("zip_two_pickles.pt", "TORCH_ZIP", "more than one data.pkl")
    write("zip_no_pickle.pt", make_zip([("a/b/data.pkl", b"\x80\x02}."), ("data.pkl", b"\x80\x02}.")]))
    case("zip_no_pickle.pt", "TORCH_ZIP", "without data.pkl")
    write("zip_outside.pt", make_zip(good + [("../x", b"")]))
    case("zip_outside.pt", "TORCH_ZIP", "'../x'")
    write("zip_twice.pt", make_zip(good + [("a/data/0", b"\0" * 24)]))
    case("zip_twice.pt", "TORCH_ZIP", "appears twice")
    write("zip_compressed.pt", make_zip([good[0], ("a/data/0", b"\0" * 24)], method=zipfile.ZIP_DEFLATED))
    case("zip_compressed.pt", "UNSUPPORTED", "compressed")
    write("zip_big_endian.pt", make_zip(good + [("a/byteorder", b"big")]))
    case("zip_big_endian.pt", "UNSUPPORTED", "'big'")
    whole = make_zip(good)
    flags = bytearray(whole)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        i = whole.find(mark)
        while i >= 0:
            flags[i + at] |= 1
            i = whole.find(mark, i + 1)
    write("zip_encrypted.pt", bytes(flags))
    case("zip_encrypted.pt", "UNSUPPORTED", "encrypted")
    damaged = bytearray(whole)
    damaged[whole.find(struct.pack("<2f", 1, 2))] ^= 1
    write("zip_crc.pt", bytes(damaged))
    case("zip_crc.pt", "TORCH_ZIP", "damaged")
    claims = bytearray(whole)  # a directory that claims a larger storage, in both headers
    for mark, at in ((b"PK\3\4", 18), (b"PK\1\2", 20)):
        i = whole.rfind(mark)
        struct.pack_into("<II", claims, i + at, 0x7fffffff, 0x7fffffff)
    write("zip_claims.pt", bytes(claims))
    case("zip_claims.pt", "TORCH_ZIP", "more than the file can hold")
    overlap = bytearray(whole)  # the second entry's data is where the first one's is
    struct.pack_into("<I", overlap, whole.rfind(b"PK\1\2") + 42, 0)
    write("zip_overlap.pt", bytes(overlap))
    case("zip_overlap.pt", "TORCH_ZIP", "damaged")
    end = whole.rfind(b"PK\5\6")
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2**40, 2**40, end - whole.find(b"PK\1\2"), whole.find(b"PK\1\2"))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    write("zip_entries.pt", whole[:end] + record + locator + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))
    case("zip_entries.pt", "TORCH_ZIP", "")
    write("zip_nothing.pt", b"PK\5\6" + b"\0" * 18)
    case("zip_nothing.pt", "TORCH_ZIP", "")
    write("text.pt", b"these are not the weights you are looking for\n")
    case("text.pt", "TORCH_ZIP", "zip")
    write("nothing.pt", b"")
    case("nothing.pt", "TORCH_ZIP", "zip")


# ---- safetensors, by the specification ----

def safetensors(header, data, pad=0):
    if not isinstance(header, bytes):
        header = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * pad
    return struct.pack("<Q", len(header)) + header + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_good():
    g = np.random.default_rng(5)
    # the reference implementation's published test vectors (tensor.rs: test_deserialization, test_empty)
    write("reference.safetensors", b"<\0\0\0\0\0\0\0" + b'{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}' + b"\0" * 16)
    describe("reference.safetensors", {"test": ("I32", [2, 2], b"\0" * 16)})
    write("reference_empty.safetensors", b"\x08\0\0\0\0\0\0\0{}      ")
    describe("reference_empty.safetensors", {})
    # names in another order than the data, unaligned, nothing padded: legal
    sizes = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
    blob, header, want = b"", {"__metadata__": {"format": "pt", "weiß": "q\"\\/\u00e9\n"}}, {}
    for i, (dtype, size) in enumerate(sizes.items()):
        data = g.bytes(3 * size)
        want[f"t{9 - i}.{dtype}"] = (dtype, [3], data, len(blob))
        blob += data
    want["none"] = ("F32", [0, 4], b"", 12)
    want["scalar"] = ("U8", [], b"\x2a", len(blob))
    want["é"] = ("U8", [1, 1], b"\x07", len(blob) + 1)
    blob += b"\x2a\x07"
    want = dict(sorted(want.items()))
    for k, (dtype, shape, data, at) in want.items():
        header[k] = entry(dtype, shape, at, at + len(data))
    write("others.safetensors", safetensors(header, blob))
    describe("others.safetensors", {k: v[:3] for k, v in want.items()})
    # what our writer must produce from it, byte for byte: wide types first, else the given order; data at a multiple of 64
    order = sorted(want, key=lambda k: -sizes[want[k][0]])
    ours, blob = {"__metadata__": header["__metadata__"]}, b""
    for k in order:
        dtype, shape, data, _ = want[k]
        ours[k] = entry(dtype, shape, len(blob), len(blob) + len(data))
        blob += data
    length = len(json.dumps(ours, separators=(",", ":"), ensure_ascii=False).encode())
    write("ours.safetensors", safetensors(ours, blob, -(8 + length) % 64))
    describe("ours.safetensors", {k: want[k][:3] for k in order})
    # no tensor that is empty, so that a flipped bit in a shape cannot go unnoticed
    write("small.safetensors", safetensors({"w": entry("F32", [2, 3], 0, 24), "n": entry("I64", [], 24, 32)}, g.bytes(32), 5))
    read = check(path("small.safetensors"))
    describe("small.safetensors", read)
    for name in ("reference", "reference_empty", "others", "ours", "small"):
        case(name + ".safetensors", "OK")


def safetensors_refused():
    def bad(name, header, needle, data=b"\0" * 8, code="SAFETENSORS", pad=0):
        write(name + ".safetensors", safetensors(header, data, pad))
        case(name + ".safetensors", code, needle)

    def raw_bytes(name, data, needle):
        write(name + ".safetensors", data)
        case(name + ".safetensors", "SAFETENSORS", needle)

    two = [entry("F32", [1], 0, 4), entry("F32", [1], 4, 8)]
    bad("overlap", {"a": two[0], "b": entry("F32", [1], 2, 6)}, "overlap", b"\0" * 6)
    bad("same_place", {"a": two[0], "b": two[0], "c": two[1]}, "overlap")
    bad("empty_inside", {"a": entry("F32", [2], 0, 8), "b": entry("F32", [0], 4, 4)}, "overlap")
    bad("hole", {"a": two[0], "b": entry("F32", [1], 8, 12)}, "hole", b"\0" * 12)
    bad("hole_first", {"b": two[1]}, "hole")
    bad("bytes_after", {"a": two[0]}, "belong to none")
    bad("data_without_tensors", {}, "belong to none")
    bad("data_cut", {"a": two[0], "b": two[1]}, "cut or damaged", b"\0" * 7)
    bad("range_backwards", {"a": entry("F32", [1], 4, 0)}, "not a range")
    bad("offset_negative", {"a": entry("F32", [1], -4, 0)}, "not a range")
    bad("offset_huge", {"a": entry("F32", [1], 2**63 - 5, 2**63 - 1)}, "")
    bad("offset_2_63", {"a": entry("F32", [1], 0, 2**63)}, "header")
    bad("offset_real", {"a": entry("F32", [1], 0, 4.0)}, "two integers")
    bad("offset_three", {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 4]}}, "two integers")
    bad("offset_text", {"a": {"dtype": "F32", "shape": [1], "data_offsets": "04"}}, "two integers")
    bad("shape_bytes", {"a": entry("F32", [3], 0, 8)}, "needs 12 bytes")
    bad("shape_negative", {"a": entry("F32", [-2], 0, 8)}, "negative")
    bad("shape_two_negative", {"a": entry("F32", [-2, -1], 0, 8)}, "negative")
    bad("shape_overflow", {"a": entry("F32", [2**32, 2**32], 0, 8)}, "more bytes")
    bad("shape_wraps", {"a": entry("F32", [2**31, 2**31, 2, 2**3 + 0], 0, 8)}, "more bytes")
    bad("shape_2_61", {"a": entry("F32", [2**61], 0, 8)}, "more bytes")
    bad("shape_2_62", {"a": entry("F64", [2**62], 0, 8)}, "more bytes")
    bad("shape_2_63", {"a": entry("F32", [2**63], 0, 8)}, "header")
    bad("shape_real", {"a": entry("F32", [2.0], 0, 8)}, "not an integer")
    bad("shape_nested", {"a": entry("F32", [[2]], 0, 8)}, "not an integer")
    bad("shape_true", {"a": entry("F32", [True], 0, 8)}, "not an integer")
    bad("shape_rank9", {"a": entry("F32", [1] * 8 + [2], 0, 8)}, "9 dimensions")
    bad("shape_number", {"a": entry("F32", 2, 0, 8)}, "not a list")
    bad("dtype_unknown", {"a": entry("F8_E4M3", [8], 0, 8)}, "'F8_E4M3'", code="TENSOR_DTYPE")
    bad("dtype_lower", {"a": entry("f32", [2], 0, 8)}, "'f32'", code="TENSOR_DTYPE")
    bad("dtype_number", {"a": entry(32, [2], 0, 8)}, "dtype")
    bad("key_extra", {"a": dict(entry("F32", [2], 0, 8), more=1)}, "exactly")
    bad("key_missing", {"a": {"dtype": "F32", "shape": [2]}}, "exactly")
    bad("not_object", {"a": [1]}, "exactly")
    bad("metadata_number", {"__metadata__": {"a": 1}, "a": entry("F32", [2], 0, 8)}, "'a' is not a string")
    bad("metadata_text", {"__metadata__": "a", "a": entry("F32", [2], 0, 8)}, "__metadata__")
    bad("name_empty", {"": entry("F32", [2], 0, 8)}, "empty name")
    bad("name_long", {"x" * 513: entry("F32", [2], 0, 8)}, "513")
    one = b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    bad("name_twice", b"{" + one + b"," + one + b"}", "header", b"\0" * 4)
    bad("name_not_utf8", b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "header", b"\0" * 4)
    bad("name_surrogate", b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "header", b"\0" * 4)
    bad("name_nul", b'{"\\u0000":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "header", b"\0" * 4)
    bad("json_nested", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "header", b"")
    bad("json_trailing", b"{}x", "header", b"")
    bad("json_nul_padding", b"{}\0\0", "header", b"")
    bad("json_cut", b'{"a":', "header", b"")
    bad("json_array", b"[]", "'{'", b"")
    bad("json_space_first", b" {}", "'{'", b"")
    raw_bytes("header_empty", b"\0" * 8, "'{'")
    raw_bytes("header_huge", struct.pack("<Q", 2**63) + b"{}", "header")
    raw_bytes("header_wraps", struct.pack("<Q", 2**64 - 1) + b"{}", "header")
    raw_bytes("header_101MB", struct.pack("<Q", 100_000_001) + b"{}", "limit")
    raw_bytes("header_past_end", struct.pack("<Q", 3) + b"{}", "cut")
    raw_bytes("seven_bytes", b"\2\0\0\0\0\0\0", "too few")
    raw_bytes("nothing", b"", "too few")


def check(name):
    """An independent reading of a safetensors file: name -> (dtype, shape, bytes); stops at whatever the specification forbids."""
    with open(name, "rb") as f:
        data = f.read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n].decode("utf-8"))
    body, at, out = data[8 + n:], 0, {}
    header.pop("__metadata__", None)
    sizes = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2}
    for k, v in header.items():
        begin, end = v["data_offsets"]
        assert end - begin == int(np.prod(v["shape"], dtype=np.int64)) * sizes.get(v["dtype"], 1), k
        out[k] = (v["dtype"], v["shape"], body[begin:end])
    for v in sorted(header.values(), key=lambda v: v["data_offsets"]):
        assert v["data_offsets"][0] == at
        at = v["data_offsets"][1]
    assert at == len(body)
    return out


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        for k, (dtype, shape, data) in check(sys.argv[2]).items():
            print(f"{k}\t{dtype}\t{','.join(map(str, shape)) or '-'}\t{data.hex() or '-'}")
        return
    os.makedirs(OUT, exist_ok=True)
    for name in os.listdir(OUT):
        os.remove(path(name))
    torch_good()
    torch_hand_good()
    torch_refused()
    pickles_refused()
    zips_refused()
    safetensors_good()
    safetensors_refused()
    with open(path("cases.txt"), "w") as f:
        f.writelines(cases)
    with open(path("sha256.txt"), "w") as f:
        for name in ("small.safetensors", "state_dict.pt"):
            with open(path(name), "rb") as g:
                f.write(f"{name}\t{hashlib.sha256(g.read()).hexdigest()}\n")


main()
