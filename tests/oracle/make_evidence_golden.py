#!/usr/bin/python3
"""Writes tests/golden/evidence.json: the loss of evidence maps, and its gradient, by PyTorch in double precision, written from the formula in
src/model/evidence_loss.h (log_softmax, sums of channels by logsumexp). Run from the root of the repository under Debian's python3-torch.
"""
import json
from pathlib import Path

import numpy as np
import torch

rng = np.random.default_rng(41)


def loss_of(e, views, kinds, least=.15):
    lp = torch.log_softmax(e, -1)
    background, lesion = torch.zeros((), dtype=torch.double), torch.zeros((), dtype=torch.double)
    sum_b = sum_f = 0
    for i, v in enumerate(views):
        if not v["marked"]:
            continue
        f = np.array(v["share"]).reshape(len(v["kinds"]), e.shape[1])
        total = f.sum(0)
        b = np.maximum(1 - total, 0)
        f = f / np.maximum(total, 1)
        f = np.where(f > least, f, 0)
        background = background - (lp[i, :, 0] * torch.from_numpy(b)).sum()
        sum_b += b.sum()
        for g, allowed in enumerate(v["kinds"]):
            channels = [k + 1 for k in range(kinds) if allowed >> k & 1]
            lesion = lesion - (torch.logsumexp(lp[i][:, channels], 1) * torch.from_numpy(f[g])).sum()
            sum_f += f[g].sum()
    return .5 * background / max(1, sum_b) + .5 * lesion / max(1, sum_f)


cases = []
for number in range(24):
    n, cells, kinds = int(rng.integers(1, 4)), int(rng.integers(1, 13)), int(rng.integers(1, 6))
    views = []
    for i in range(n):
        groups = int(rng.integers(0, 4))
        share = np.where(rng.random((groups, cells)) < .5, 0, rng.random((groups, cells)) * rng.choice([.2, .6, 1])).astype(np.float32)
        views.append({"marked": bool(rng.random() < .8), "kinds": [int(rng.integers(1, 2 ** kinds)) for _ in range(groups)],
                      "share": [round(float(x), 5) for x in share.ravel()]})
    e = torch.from_numpy(np.round(rng.normal(0, 3 if number % 3 else 30, (n, cells, kinds + 1)), 4)).requires_grad_()
    loss = loss_of(e, views, kinds)
    if loss.requires_grad:
        loss.backward()
    gradient = e.grad if e.grad is not None else torch.zeros_like(e)
    cases.append({"cells": cells, "kinds": kinds, "views": views, "evidence": e.detach().reshape(-1).tolist(), "loss": float(loss),
                  "gradient": [float(f"{g:.9g}") for g in gradient.reshape(-1)]})
Path("tests/golden/evidence.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
