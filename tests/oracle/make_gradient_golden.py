#!/usr/bin/python3
"""Golden gradients by features and by images, and last maps, by PyTorch: tests/golden/net/gradient_small.json, read by tests/t_fuse.c and
tests/t_graph.c.

    make_gradient_golden.py [--out FILE]

All in float64 of the float32 weights and inputs of net.py, of the small networks. Features that a head gets are hash_uniform("features." +
slot) and not a trunk's, so that heads and trunks are judged apart. y = the sum over leaves of hash_uniform("weight")[k] * logit[k].
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

import make_golden as golden
import net as oracle

D = 64
SLOTS = golden.SLOTS
HEADS = [("bmu", False, "masked", p) for p in (255, 3, 252, 2, 5, 182)] + [("bmu", False, "reference", p) for p in (255, 5)] + \
        [("bmu", True, "masked", p) for p in (255, 2, 13, 0)] + [("mg", False, "reference", p) for p in (3, 2)] + \
        [("us", False, "reference", p) for p in (252, 36)]


def single(x):
    """Through float32, as our library is given it."""
    return torch.from_numpy(np.asarray(x, dtype=np.float32)).double()


def numbers(x):
    return [float(f"{v:.10g}") for v in x.flatten().tolist()]


def weight():
    return single(oracle.hash_uniform("weight", 5))


def head(network, token, variant, present):
    net = golden.build(network, 8, token).double()
    mg, us, clinical = oracle.exam("exam-1", True)
    if token:
        clinical = golden.token_inputs()
    views = [v.double() for v in mg + us]
    with torch.no_grad():
        blacks = golden.trunks(net, network, views)[8:]
    rows = [single(oracle.hash_uniform("features." + s, D)) if present >> i & 1 or variant == "masked" else blacks[i]
            for i, s in enumerate(SLOTS)]
    x = torch.stack(rows).requires_grad_()
    if network == "mg":
        logits = net.head(x[:2].flatten())
    elif network == "us":
        logits = net.head(x[2:].flatten())
    else:
        mask = torch.tensor([[variant == "reference" or bool(present >> s & 1) for s in range(8)]])
        logits = net.fuse(x[None, :2], x[None, 2:], clinical.double(), mask)[0]
    (logits * weight()).sum().backward()
    return {"network": network, "clinical": "token" if token else "concat" if network == "bmu" else "none", "variant": variant,
            "present": present, "logits": numbers(logits.detach()),
            "gradient": {str(s): numbers(x.grad[s]) for s in range(8) if present >> s & 1}}


def trunk(name, slots, training):
    """The tower's last map over these views together, and the gradient of sum(weights * features) by each view's pixels, every 29th of ours
    ([view][h][w][c]; a mammogram has one channel, which stands for three)."""
    net = golden.build("bmu", 8).double()
    net.train(training)
    mg, us, _ = oracle.exam("exam-1", True)
    x = torch.cat([(mg + us)[s] for s in slots]).double().requires_grad_()
    backbone = getattr(net, f"model{golden.TOWER[slots[0]]}").backbone
    last = backbone[:-1](x)
    features = last.mean((2, 3))
    (features * single(oracle.hash_uniform("weight", features.numel())).reshape(features.shape)).sum().backward()
    g = x.grad.sum(1, keepdim=True) if slots[0] < 2 else x.grad
    return {"name": name, "slots": slots, "batch_statistics": training, "map": numbers(last.detach().permute(0, 2, 3, 1)),
            "norm": float(g.norm()), "gradient": numbers(g.permute(0, 2, 3, 1).flatten()[::29])}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=Path, default=golden.GOLDEN / "gradient_small.json")
    o = p.parse_args()
    torch.set_num_threads(1)
    heads = [head(*h) for h in HEADS]
    trunks = [trunk("mammogram", [0], False), trunk("ultrasound", [2, 3], False), trunk("mammograms, as they train", [0, 1], True)]
    text = json.dumps({"made_by": f"tests/oracle/make_gradient_golden.py, PyTorch {torch.__version__}"})[:-1]
    for part, rows in (("heads", heads), ("trunks", trunks)):
        text += f",\n \"{part}\": [\n  " + ",\n  ".join(json.dumps(r) for r in rows) + "\n ]"
    o.out.write_text(text + "\n}\n")


if __name__ == "__main__":
    main()
