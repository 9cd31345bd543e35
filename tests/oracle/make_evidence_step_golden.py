#!/usr/bin/python3
"""Golden training steps of networks with evidence maps, by PyTorch: tests/golden/step/evidence_*.json, in the form of make_step_golden.py,
read by tests/t_evidence.c. Written from docs/MODEL.md ("Evidence") and the formula in src/model/evidence_loss.h.

The loss is that of make_step_golden.py plus, for each trunk that runs and each of its two evidence maps (the last one, weight 1; that of the map
before the last stage, weight 1/2), the evidence's loss over the marked views. Shares are hash_uniform("EXAM.SLOT.MAP.groupG"), negative
ones 0; a view whose slot and exam numbers add up to a multiple of 5 is not marked. "eval": logits and the first mammogram's evidence with running statistics.
"""
import json
import statistics
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
import make_step_golden as golden  # noqa: E402
import net as oracle  # noqa: E402
import step_net  # noqa: E402

KINDS, GROUPS, LEAST = 2, [1, 2], .15
WIDTH = 8
SLOTS = ["mg1", "mg2"] + oracle.US_SLOTS


class Backbone(nn.Module):
    """The trunk's children under their numbers, then what makes evidence and features."""
    def __init__(self, width, fine):
        super().__init__()
        d = 8 * width
        for name, child in oracle.trunk(width).named_children():
            if name != "8":
                self.add_module(name, child)
        if fine:
            block = getattr(self, "7")[0]
            block.conv1.stride = block.downsample[0].stride = (1, 1)
        self.evidence, self.evidence_third = nn.Linear(d, 1 + KINDS), nn.Linear(d // 2, 1 + KINDS)
        self.feature = nn.Linear(2 * d, d)

    def forward(self, x):
        for i in range(8):
            x = getattr(self, str(i))(x)
            if i == 6:
                third = self.evidence_third(x.flatten(2).transpose(1, 2))
        h = x.flatten(2).transpose(1, 2)  # [n, cells, d]
        e = self.evidence(h)
        a = (torch.logsumexp(e[..., 1:], 2) - e[..., 0]).softmax(1)
        return self.feature(torch.cat([(a[..., None] * h).sum(1), h.mean(1)], 1)), e, third


class Net(oracle.Bmu):
    def __init__(self, fine):
        super().__init__(WIDTH)
        for t in range(1, 5):
            getattr(self, f"model{t}").backbone = Backbone(WIDTH, fine and t == 1)

    def forward(self, mg, us, clinical, present):
        """(logits, {trunk: ([(exam, slot) ...], evidence, third)})"""
        d, views, maps, tokens = 8 * WIDTH, mg + us, {}, []
        for t in range(4):
            at = present[:, 2 * t:2 * t + 2].nonzero().tolist()
            f = torch.zeros(len(clinical), 2, d, dtype=clinical.dtype)
            if at:
                y, e, third = getattr(self, f"model{t + 1}").backbone(torch.cat([views[2 * t + v][i:i + 1] for i, v in at]))
                f = f.index_put((torch.tensor([i for i, _ in at]), torch.tensor([v for _, v in at])), y)
                maps[t] = ([(i, 2 * t + v) for i, v in at], e, third)
            tokens.append(f)
        return self.fuse(tokens[0], torch.cat(tokens[1:], 1), clinical, present), maps


def evidence_loss(e, which, at, exams):
    lp = torch.log_softmax(e, 2)
    background = lesion = sum_b = sum_f = 0
    for row, (i, slot) in enumerate(at):
        if (i + slot) % 5 == 0:
            continue
        f = np.stack([oracle.hash_uniform(f"{exams[i]['name']}.{SLOTS[slot]}.{which}.group{g}", e.shape[1]).astype(np.float32).clip(0) for g in range(2)])
        f = f.astype(np.float64)
        b = (1 - f.sum(0)).clip(0)
        f = f / f.sum(0).clip(1)
        f = np.where(f > LEAST, f, 0)
        background = background - (lp[row, :, 0] * torch.from_numpy(b).to(e.dtype)).sum()
        lesion = lesion - sum((lp[row, :, 1 + g] * torch.from_numpy(f[g]).to(e.dtype)).sum() for g in range(2))
        sum_b, sum_f = sum_b + b.sum(), sum_f + f.sum()
    return .5 * background / max(1, sum_b) + .5 * lesion / max(1, sum_f)


def step(fine, exams, dtype):
    net = step_net.train_mode(oracle.fill(Net(fine))).to(dtype)
    inputs, values = golden.inputs_of(exams, "concat", True, dtype)
    logits, maps = net(*inputs)
    evidence = sum(evidence_loss(e, 0, at, exams) + .5 * evidence_loss(third, 1, at, exams) for at, e, third in maps.values())
    loss = step_net.loss_of(logits, torch.tensor([x["label"] for x in exams])) + evidence
    loss.backward()
    out = {"loss": loss.item(), "evidence": float(evidence), "logits": logits.detach().double().numpy(), "values": values,
           "gradients": {k: np.zeros(p.shape) if p.grad is None else p.grad.numpy().copy() for k, p in net.named_parameters()},
           "buffers": {k: b.numpy().copy() for k, b in net.named_buffers()}}
    with torch.no_grad():
        calm, maps = oracle.fill(Net(fine)).to(dtype)(*inputs)
    out["eval_logits"], out["eval_evidence"] = calm[0].double().tolist(), maps[0][1][0].double().flatten().tolist()
    return out


def main():
    for name, fine in (("evidence_fine", True), ("evidence_usual", False)):
        exams = golden.case("", "masked", [255, 255, 0b00000111, 0b11111101])["exams"]
        double, single = step(fine, exams, torch.float64), step(fine, exams, torch.float32)
        zero = [k for k, g in double["gradients"].items() if not g.any()]
        gradients = {k: golden.row(k, g) + [golden.distance(single["gradients"][k], g)] for k, g in double["gradients"].items() if k not in zero}
        running = {k: golden.row(k, v) + [golden.distance(single["buffers"][k], v)] for k, v in double["buffers"].items() if "running" in k}
        off = [r[-1] for r in gradients.values()]
        rounded = lambda xs: [golden.significant(x) for x in xs]
        c = {"case": name, "variant": "masked", "exams": [dict(x, clinical=v) for x, v in zip(exams, double["values"])],
             "loss": golden.significant(single["loss"]), "loss_f64": golden.significant(double["loss"]), "evidence": golden.significant(double["evidence"]),
             "logits": [rounded(x) for x in single["logits"]], "logits_f64": [rounded(x) for x in double["logits"]], "losses": [], "losses_f64": [],
             "eval_logits": rounded(double["eval_logits"]), "eval_evidence": rounded(double["eval_evidence"]),
             "float32": {"worst": max(off), "median": statistics.median(off)}, "tracked": 1001, "zero": zero, "gradients": gradients,
             "running": running}
        text = json.dumps({"made_by": "tests/oracle/make_evidence_step_golden.py", "network": "bmu", "clinical": "concat", "width": WIDTH,
                           "mg_stride": 16 if fine else 32, "cases": [c]})
        (golden.GOLDEN / f"{name}.json").write_text(text.replace("], \"", "],\n\"") + "\n")
        print(name, double["loss"], double["evidence"], max(off), len(zero), "zero")


main()
