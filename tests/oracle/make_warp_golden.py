#!/usr/bin/python3
"""Writes tests/golden/warp: what torch and torchvision make of pictures of hashed noise, moved, blurred and given another gamma, in double
precision (golden.json the cases, golden.f32 all results one after the other). Run under Debian 12's /usr/bin/python3 (torch 1.13,
torchvision 0.14) from the root of the repository.

The elastic displacement has no counterpart there: the spline is built here by the recursion of Cox and de Boor, the resampling is
grid_sample's.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as NF
import torchvision.transforms.functional as F
from torchvision.transforms.functional import InterpolationMode, _get_inverse_affine_matrix

from net import hash_uniform  # the same numbers as tests/support.h makes

GOLDEN = Path("tests/golden/warp")
BILINEAR = InterpolationMode.BILINEAR
results, offset = [], 0


def picture(name, height, width, channels):
    """[C, H, W] of double; interleaved as the C code lays it out."""
    flat = hash_uniform(name, height * width * channels).astype(np.float32).astype(np.float64)
    return torch.from_numpy(flat.reshape(height, width, channels)).permute(2, 0, 1).contiguous()


def keep(result, stride=1):
    global offset
    flat = result.permute(1, 2, 0).contiguous().reshape(-1).numpy()[::stride].astype("<f4")
    results.append(flat)
    at, offset = offset, offset + len(flat)
    return {"at": at, "count": len(flat), "stride": stride}


def inverse_of(m, width, height):
    """Output to input in 3x3, pixels counted from the picture's centre, composed of torchvision's own matrices: shift, mirror, turn."""
    def of(**k):
        a = dict(center=[0.0, 0.0], angle=0.0, translate=[0.0, 0.0], scale=1.0, shear=[0.0, 0.0])
        a.update(k)
        return np.array(_get_inverse_affine_matrix(**a) + [0, 0, 1.0]).reshape(3, 3)
    mirror = np.diag([-1.0 if m["mirror_x"] else 1.0, -1.0 if m["mirror_y"] else 1.0, 1.0])
    return of(translate=[m["right"], m["down"]]) @ mirror @ of(angle=m["degrees"], scale=m["scale"])


def in_pixels(a, width, height):
    """The same map for positions counted from the first pixel's centre."""
    to = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1.0]])
    return to @ a @ np.linalg.inv(to)


def basis(i, u, degree=3):
    """Uniform B-spline with knots at whole numbers, the i-th one starting at i (Cox & de Boor)."""
    if degree == 0:
        return ((u >= i) & (u < i + 1)).astype(np.float64)
    return (u - i) / degree * basis(i, u, degree - 1) + (i + degree + 1 - u) / degree * basis(i + 1, u, degree - 1)


def displacement(f, width, height):
    """[H, W, 2]: control (j, i) weighs the spline that starts at knot i - 3."""
    c = np.array(f["control"], np.float64).reshape(f["rows"] + 3, f["columns"] + 3, 2)
    u, v = (np.arange(width) + 0.5) * f["columns"] / width, (np.arange(height) + 0.5) * f["rows"] / height
    bu = np.stack([basis(i - 3, u) for i in range(f["columns"] + 3)])
    bv = np.stack([basis(j - 3, v) for j in range(f["rows"] + 3)])
    return np.einsum("jh,iw,jik->hwk", bv, bu, c)


def sample(x, at):
    """x [C, H, W] at positions [H, W, 2] in pixels, zero beyond."""
    h, w = x.shape[1:]
    grid = (2 * torch.from_numpy(at) + 1) / torch.tensor([w, h], dtype=torch.float64) - 1
    return NF.grid_sample(x[None], grid[None], mode="bilinear", padding_mode="zeros", align_corners=False)[0]


def moved(x, m, field, fill):
    """torchvision's affine where it can; with a displacement grid_sample. Filled by taking the fill as the zero."""
    height, width = x.shape[1:]
    a = inverse_of(m, width, height)
    if field is None:
        y = F_affine(x - fill, a) + fill
        plain, mask = F_affine(x, a, [fill] * x.shape[0]), F_affine(torch.ones_like(x), a)
        whole = (mask < 1e-12) | (mask > 1 - 1e-12)  # where torchvision's own fill weighs nothing twice
        assert torch.allclose(plain[whole], y[whole], atol=1e-12)
        return y
    p = in_pixels(a, width, height)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    at = np.stack([p[0, 0] * xs + p[0, 1] * ys + p[0, 2], p[1, 0] * xs + p[1, 1] * ys + p[1, 2]], -1) + displacement(field, width, height)
    return sample(x - fill, at) + fill


def F_affine(x, a, fill=None):
    import torchvision.transforms.functional_tensor as T
    return T.affine(x, [float(v) for v in a[:2].reshape(-1)], "bilinear", fill)


def check_against_public():
    """The matrices composed here are what the public functions do."""
    x = picture("public", 31, 44, 1)
    none = dict(right=0, down=0, mirror_x=0, mirror_y=0, degrees=0, scale=1)
    for m, y in [({**none, "degrees": 17.0}, F.affine(x, 17.0, [0, 0], 1.0, [0.0], BILINEAR)),
                 ({**none, "degrees": -17.0}, F.rotate(x, 17.0, BILINEAR)),
                 ({**none, "right": 5, "down": -3}, F.affine(x, 0.0, [5, -3], 1.0, [0.0], BILINEAR)),
                 ({**none, "scale": 1.3, "degrees": 4.0}, F.affine(x, 4.0, [0, 0], 1.3, [0.0], BILINEAR)),
                 ({**none, "mirror_x": 1}, F.hflip(x)), ({**none, "mirror_y": 1}, F.vflip(x))]:
        assert torch.allclose(F_affine(x, inverse_of(m, 44, 31)), y, atol=1e-12), m


def motion(right=0, down=0, mirror_x=0, mirror_y=0, degrees=0.0, scale=1.0):
    return dict(right=right, down=down, mirror_x=mirror_x, mirror_y=mirror_y, degrees=degrees, scale=scale)


def field(name, columns, rows, amplitude):
    n = 2 * (columns + 3) * (rows + 3)
    return dict(columns=columns, rows=rows, control=[float(np.float32(amplitude * v)) for v in hash_uniform(name, n)])


def warp_cases():
    plan = [
        ("same", 31, 44, 1, motion(), None, 0.25),
        ("shift", 31, 44, 1, motion(right=5, down=-3), None, -0.5),
        ("mirror_x", 30, 43, 3, motion(mirror_x=1), None, 0.0),
        ("mirror_y", 31, 44, 1, motion(mirror_y=1), None, 0.0),
        ("turn", 64, 48, 1, motion(degrees=20.0), None, -0.57713),
        ("turn_back", 48, 64, 3, motion(degrees=-7.25), None, 0.0),
        ("scale", 40, 36, 3, motion(scale=1.21), None, 0.3),
        ("shrink", 40, 36, 1, motion(scale=0.37, degrees=100.0), None, 0.3),
        ("all", 64, 96, 1, motion(9, -4, 1, 1, 13.5, 0.9), None, -0.57713),
        ("all3", 56, 56, 3, motion(-5, 4, 1, 0, -9.0, 1.1), None, 0.0),
        ("elastic", 64, 48, 1, motion(), field("f1", 4, 5, 1.5), -0.4),
        ("elastic3", 56, 56, 3, motion(3, -2, 1, 0, 8.0, 1.0), field("f2", 4, 4, 1.0), 0.0),
        ("elastic_many", 37, 97, 1, motion(degrees=-30.0), field("f3", 32, 9, 2.0), 0.7),
        ("elastic_one", 50, 33, 3, motion(), field("f4", 1, 1, 6.0), 0.1),
        ("narrow", 1, 9, 1, motion(degrees=3.0), None, 0.5),
        ("dot", 1, 1, 3, motion(degrees=45.0), None, 0.5),
        ("gone", 20, 70, 1, motion(right=500), None, 0.125),
        ("mammogram", 2294, 1280, 1, motion(100, 0, 0, 1, 19.0, 1.0), None, -0.57713),
        ("mammogram_elastic", 2294, 1280, 1, motion(-77, 0, 0, 0, -3.3, 1.0), field("f5", 4, 7, 20.0), -0.57713),
    ]
    for name, height, width, channels, m, f, fill in plan:
        x = picture("warp." + name, height, width, channels)
        fill = float(np.float32(fill))
        entry = dict(name=name, height=height, width=width, channels=channels, motion=m, fill=fill,
                     affine=in_pixels(inverse_of(m, width, height), width, height)[:2].reshape(-1).tolist())
        if f:
            entry["field"] = f
        entry["result"] = keep(moved(x, m, f, fill), 997 if height * width > 1e6 else 5 if x.numel() > 4000 else 1)
        yield entry


MEAN, STD = 5063.68, 8773.89


def augment_cases():
    """Through the training's steps: mammography normalised, ultrasound 0..1. Speckle and noise have no counterpart to compare with."""
    plan = [
        ("us_bmode_trans", "blur1", motion(), 1.0, 0.1), ("us_bmode_long", "blur4", motion(), 1.0, 0.35), ("us_bmode_trans", "blur2", motion(), 1.0, 0.55),
        ("us_elasto_long", "blur3", motion(), 1.0, 2.0), ("us_doppler_long", "gray_gamma", motion(), 0.8, 0.0),
        ("us_bmode_long", "gray_gamma2", motion(), 3.9, 0.0), ("us_bmode_trans", "gray_all", motion(4, -3, 1, 0, 9.0, 1.05), 1.25, 1.1),
        ("mg_cc", "gamma", motion(), 0.8, 0.0), ("mg_mlo", "gamma2", motion(), 1.25, 0.0), ("mg_mlo", "gamma3", motion(), 0.25, 0.0),
        ("mg_cc", "twelve", motion(5, 0, 0, 0, 31.0, 0.8), 0.8, 0.0),
        ("mg_cc", "all", motion(-5, 0, 0, 1, -18.0, 1.0), 1.25, 0.0), ("mg_cc", "blur", motion(), 1.0, 0.9),
    ]
    for slot, name, m, gamma, sigma in plan:
        mg = slot.startswith("mg")
        height, width, channels = (64, 48, 1) if mg else (32, 40, 3)
        u = 0.5 + 0.5 * picture("augment." + name, height, width, 1 if mg or name.startswith("gray") else 3)
        if not mg:
            u = u.to(torch.float32).to(torch.float64).expand(3, -1, -1)
        x = (u * (4095 if name == "twelve" else 65535) - MEAN) / STD if mg else u
        x = x.to(torch.float32).to(torch.float64)
        fill = float(np.float32((np.float32(0) - np.float32(MEAN)) / np.float32(STD))) if mg else 0.0
        y = moved(x, m, None, fill)
        if gamma != 1:
            white = x.max() * STD + MEAN if mg else 1.0  # the image's own, before it is moved
            value = (y * STD + MEAN) / white if mg else y
            value = F.adjust_gamma(value.clamp(0, 1), gamma)
            y = (value * white - MEAN) / STD if mg else value
        if sigma:
            y = F.gaussian_blur(y, [3, 3], [sigma, sigma])
        yield dict(name=name, slot=slot, height=height, width=width, channels=channels, gray=name.startswith("gray"), motion=m, gamma=gamma,
                   blur_sigma=sigma, result=keep(y))


def main():
    torch.set_num_threads(2)
    check_against_public()
    root = {"by": f"torch {torch.__version__}", "mean": MEAN, "std": STD, "warp": list(warp_cases()), "augment": list(augment_cases())}
    GOLDEN.mkdir(parents=True, exist_ok=True)
    (GOLDEN / "golden.json").write_text(json.dumps(root) + "\n")
    (GOLDEN / "golden.f32").write_bytes(b"".join(r.tobytes() for r in results))
    assert math.isfinite(float(np.concatenate(results).sum()))


if __name__ == "__main__":
    main()
