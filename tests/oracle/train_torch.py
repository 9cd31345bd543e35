#!/usr/bin/python3
"""Cross-validation of `./dev real` in PyTorch: the protocol of share/presets/bmode.yml, written from docs/TRAINING.md and docs/MODEL.md.

    train_torch.py --exams folds.csv --preset bmode.yml --out DIRECTORY [--weights RUNS] [--threads 2]

Same table, folds, network, law of the first weights, optimiser, schedule, batches, masking, augmentation (kinds and probabilities), loss through the
tree, average of the weights, number of epochs; the last weights are kept and no held-out exam chooses anything. Random numbers are PyTorch's own.
All numbers come from the preset. Only B-mode views are taken; whatever else a preset asks for that is not written here is an error, not left out.

Written as one would for speed on a small machine: images prepared once and kept in memory, a batch augmented as one tensor, channels last, AdamW with
foreach, only the one trunk built.

--weights RUNS: trains nothing; RUNS/fold0/best.safetensors ... as `bmunet train` left them predict instead. That holds preprocessing and network
against each other. Writes OUT/predictions.csv, OUT/fold0.jsonl ... (loss of each epoch), OUT/seconds.json.
"""
import argparse
import csv
import json
import math
import multiprocessing
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from PIL import Image
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
import net as oracle  # noqa: E402
import prep_oracle  # noqa: E402
from tree_oracle import LEAVES, Tree  # noqa: E402

SHARE = Path(__file__).parent.parent.parent / "share"
SLOTS = ["us_bmode_trans", "us_bmode_long"]


# --- the pictures ------------------------------------------------------------------------------------------

def picture(job):
    path, size = job
    image = Image.open(path)
    if image.mode != "L":
        image = image.convert("RGB")  # transparency is dropped, as by our decoder
    return prep_oracle.prepare(None, np.asarray(image), "us_bmode_trans", container=8, sizes={"us": size})


def prepare(rows, size):
    """[exams, 2, 3, h, w] and which of them are there."""
    jobs = [(r[s], size) for r in rows for s in SLOTS if r[s]]
    with multiprocessing.Pool() as pool:
        made = iter(pool.map(picture, jobs, chunksize=8))
    present = torch.tensor([[bool(r[s]) for s in SLOTS] for r in rows])
    x = torch.zeros(len(rows), 2, 3, *size)
    for e, s in present.nonzero().tolist():
        x[e, s] = torch.from_numpy(next(made)).permute(2, 0, 1)
    return x, present


# --- augmentation: docs/TRAINING.md's table, for a whole batch ----------------------------------------------------------------------

def spline(cells, n):
    """[n, cells + 3]: weights of a uniform cubic B-spline's controls at n pixels."""
    u = (torch.arange(n) + 0.5) * cells / n
    cell = u.floor().long()
    t = u - cell
    parts = [(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6]
    out = torch.zeros(n, cells + 3)
    for k, w in enumerate(parts):
        out[torch.arange(n), cell + k] = w
    return out


class Augment:
    def __init__(self, a, size):
        assert a["noise"] == 0 and size[0] == size[1], "not written here"
        self.a, self.h, self.w = a, *size
        self.basis = spline(a["elastic_cells"], self.h)
        ys, xs = torch.meshgrid(torch.arange(self.h) - (self.h - 1) / 2, torch.arange(self.w) - (self.w - 1) / 2, indexing="ij")
        self.x, self.y = xs, ys

    def moved(self, x):
        a, n = self.a, len(x)
        draw = lambda low, high: low + (high - low) * torch.rand(n)  # noqa: E731
        right = (draw(-a["translate_x"], a["translate_x"]) * self.w).round()[:, None, None]
        down = (draw(-a["translate_y"], a["translate_y"]) * self.h).round()[:, None, None]
        turn = torch.deg2rad(draw(-a["rotate"], a["rotate"]))[:, None, None]
        scale = draw(a["scale_low"], a["scale_high"])[:, None, None]
        mirror_x = 1 - 2 * (torch.rand(n) < a["flip_horizontal"]).float()[:, None, None]
        mirror_y = 1 - 2 * (torch.rand(n) < a["flip_vertical"]).float()[:, None, None]
        # output to input: turned back, mirrored back, shifted back
        u = (turn.cos() * self.x + turn.sin() * self.y) / scale * mirror_x - right
        v = (-turn.sin() * self.x + turn.cos() * self.y) / scale * mirror_y - down
        elastic = (torch.rand(n) < a["elastic"]).float() * a["elastic_amplitude"] * self.h
        control = (2 * torch.rand(n, 2, *[a["elastic_cells"] + 3] * 2) - 1) * elastic[:, None, None, None]
        push = self.basis @ control @ self.basis.T
        grid = torch.stack([(u + push[:, 0]) * 2 / self.w, (v + push[:, 1]) * 2 / self.h], -1)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    def valued(self, x):
        """Gamma and speckle change the largest channel; the others keep their ratio to it."""
        a, n = self.a, len(x)
        chance = lambda p, value, otherwise: torch.where(torch.rand(n) < p, value, torch.tensor(otherwise))[:, None, None, None]  # noqa: E731
        gamma = chance(a["gamma"], a["gamma_low"] + (a["gamma_high"] - a["gamma_low"]) * torch.rand(n), 1.0)
        speckle = chance(a["speckle"], a["speckle_strength"] * torch.rand(n), 0.0)
        most = x.amax(1, keepdim=True)
        after = (most ** gamma * (1 + speckle * torch.randn(most.shape))).clamp(0, 1)
        return x * torch.where(most > 0, after / most, torch.zeros(()))

    def blurred(self, x):
        a, n = self.a, len(x)
        sigma = a["blur_sigma_low"] + (a["blur_sigma_high"] - a["blur_sigma_low"]) * torch.rand(n)
        tail = torch.exp(-0.5 / sigma ** 2)
        side = torch.where(torch.rand(n) < a["blur"], tail / (1 + 2 * tail), torch.zeros(()))[:, None, None, None]
        p = F.pad(x, (1, 1, 0, 0), mode="reflect")
        x = (1 - 2 * side) * x + side * (p[..., :-2] + p[..., 2:])
        p = F.pad(x, (0, 0, 1, 1), mode="reflect")
        return (1 - 2 * side) * x + side * (p[..., :-2, :] + p[..., 2:, :])

    def __call__(self, x):
        return self.blurred(self.valued(self.moved(x)))


def masked(present, m):
    """docs/TRAINING.md, Masking, for exams that have B-mode alone: a draw that leaves nothing is made again, at last one view stays."""
    kept = torch.zeros_like(present)
    for i, views in enumerate(present):
        for _ in range(8):
            u = torch.rand(4)
            kept[i] = views & (u[:2] >= m["view"]) & (u[2] >= m["modality"]) & (u[3] >= m["kind"])
            if kept[i].any():
                break
        else:
            there = views.nonzero()[:, 0]
            kept[i, there[torch.randint(len(there), ())]] = True
    return kept


# --- the network: net.py with dropout, and without what B-mode alone does not reach ---------------------------------------------------

class Attention(oracle.Attention):
    def forward(self, x, present):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = (q * self.scale) @ k.transpose(-2, -1)
        a = F.dropout(a.masked_fill(~present[:, None, None, :], -math.inf).softmax(-1), self.rate, self.training)
        return F.dropout(self.proj((a @ v).transpose(1, 2).reshape(b, t, d)), self.rate, self.training)


class Mlp(oracle.Mlp):
    def forward(self, x):
        drop = lambda y: F.dropout(y, self.rate, self.training)  # noqa: E731
        return drop(self.fc2(drop(F.gelu(self.fc1(x)))))


class Network(oracle.Bmu):
    """forward(views [m, 3, h, w], where they belong [m, 2], present [n, 2]): logits [n, 5]."""
    def __init__(self, width, token, rate):
        super().__init__(width, token_inputs=len(token))
        del self.model1, self.model3, self.model4, self.mg_modal_transformer, self.mg_modal_position_embeddings
        for block in (self.us_modal_transformer, self.multi_modal_transformer):
            block.attn.__class__, block.mlp.__class__ = Attention, Mlp
            block.attn.rate = block.mlp.rate = rate
        self.register_buffer("no_clinical", torch.tensor(token), persistent=False)
        for m in self.modules():  # the law of the first weights; linear layers and norms begin as PyTorch's own do
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        for p in (self.us_modal_position_embeddings, self.multi_modal_position_embeddings):
            nn.init.normal_(p, std=0.02)

    def forward(self, views, at, present):
        f = self.model2(views)
        tokens = f.new_zeros(*present.shape, f.shape[1]).index_put((at[:, 0], at[:, 1]), f)
        us = self.pool(self.us_modal_transformer, tokens, self.us_modal_position_embeddings[:, :2], present)
        both = torch.stack([us, self.clinical_token(self.no_clinical).expand_as(us)], 1)
        there = torch.ones(len(us), 2, dtype=torch.bool)
        return self.head(self.pool(self.multi_modal_transformer, both, self.multi_modal_position_embeddings[:, 1:], there))


def no_clinical(path):
    """The clinical token's numbers when every field is missing: zeros, and each field's flag 1."""
    token = []
    for f in yaml.safe_load(path.read_text())["fields"]:
        token += [0.0] * (len(f["codes"]) if f["type"] == "category" else 1) + [1.0]
    return token


def read_safetensors(path):
    raw = path.read_bytes()
    n, = struct.unpack("<Q", raw[:8])
    kinds = {"F32": np.float32, "I64": np.int64}
    return {k: torch.from_numpy(np.frombuffer(raw[8 + n:], kinds[v["dtype"]], math.prod(v["shape"]), v["data_offsets"][0])
                                .reshape(v["shape"]).copy())
            for k, v in json.loads(raw[8:8 + n]).items() if k != "__metadata__"}


# --- one fold ----------------------------------------------------------------------------------------------------------------------

class Fold:
    def __init__(self, preset, data, training, seed):
        self.s, self.preset, self.training = preset["steps"], preset, training
        self.x, self.present, self.leaf, self.malignant, self.tree, token = data
        assert self.s["optimiser"] == "adamw" and self.s["part"] == self.s["batch"] and self.s["precision"] == "fp32"
        assert preset["exams"]["sampler"] == "natural" and not self.s["decay_all"] and preset["network"]["clinical"] == "token"
        torch.manual_seed(seed)
        self.net = Network(preset["network"]["width"], token, self.s["dropout_block"]).to(memory_format=torch.channels_last)
        self.augment = Augment(preset["exams"]["augmentation"]["ultrasound"], self.x.shape[-2:])
        self.index = torch.tensor(self.tree.malignant)

    def views(self, which, training):
        present = masked(self.present[which], self.preset["exams"]["mask"]) if training else self.present[which]
        at = present.nonzero()
        x = self.x[which][at[:, 0], at[:, 1]]
        return (self.augment(x) if training else x).contiguous(memory_format=torch.channels_last), at, present

    def loss(self, logits, which):
        log_p = logits.log_softmax(1)
        log_class = torch.stack([log_p[:, self.index == k].logsumexp(1) for k in (0, 1)], 1)
        l, leaf = self.preset["loss"], self.leaf[which]
        ce = lambda p, y: F.nll_loss(p, y) * (1 - l["smoothing"]) - l["smoothing"] * p.mean()  # noqa: E731
        total = l["class"] * ce(log_class, self.malignant[which])
        known = leaf >= 0
        return total + l["tier"] * ce(log_p[known], leaf[known]) if known.any() else total

    def train(self, log):
        s, net = self.s, self.net.train()
        named = dict(net.named_parameters())
        plain = [p for k, p in named.items() if p.dim() < 2 or "position" in k]
        decayed = [p for k, p in named.items() if p.dim() >= 2 and "position" not in k]
        optimiser = torch.optim.AdamW([{"params": decayed}, {"params": plain, "weight_decay": 0.0}], lr=s["rate"], weight_decay=s["weight_decay"],
                                      betas=(s["beta1"], s["beta2"]), eps=s["epsilon"], foreach=True)
        n, batch, epochs = len(self.training), s["batch"], s["epochs"]["us"]
        steps = -(-n // batch)
        total, warmup, step = epochs * steps, s["warmup"] * steps, 0
        state = [t for t in net.state_dict().values() if t.is_floating_point()]
        average = [t.clone() for t in state]
        for epoch in range(epochs):
            order, losses = self.training[torch.randperm(n)], []
            for which in order.split(batch):
                part = (step - warmup) / max(1, total - warmup)
                rate = (step + 1) / warmup if step < warmup else (1 + math.cos(math.pi * part)) / 2
                for group in optimiser.param_groups:
                    group["lr"] = s["rate"] * rate
                optimiser.zero_grad(set_to_none=True)
                loss = self.loss(net(*self.views(which, True)), which)
                loss.backward()
                if s["clip"]:
                    nn.utils.clip_grad_norm_(net.parameters(), s["clip"])
                optimiser.step()
                step += 1
                if s["average"]:
                    keep = min(s["average"], (1 + step) / (10 + step))
                    torch._foreach_mul_(average, keep)
                    torch._foreach_add_(average, state, alpha=1 - keep)
                losses.append(loss.item())
            log.write(json.dumps({"epoch": epoch, "train_loss": sum(losses) / len(losses)}) + "\n")
        if s["average"]:
            for t, a in zip(state, average):
                t.copy_(a)
            with torch.no_grad():  # batch-norm's statistics are those of other weights: seen again
                for which in order.split(batch)[:s["average_parts"]]:
                    net(*self.views(which, True))

    @torch.no_grad()
    def predict(self, which):
        self.net.eval()
        return torch.cat([self.net(*self.views(w, False)).softmax(1) for w in which.split(32)])


def row(exam, p, malignant):
    bad = sum(x for x, m in zip(p, malignant) if m)
    return [exam["exam_id"], "ok", LEAVES[p.index(max(p))], *(f"{x:.9g}" for x in p), f"{sum(p) - bad:.9g}", f"{bad:.9g}",
            "+".join(s for s in SLOTS if exam[s]), ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("exams", "preset", "out"):
        parser.add_argument("--" + name, type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()
    started = time.perf_counter()
    torch.set_num_threads(o.threads)
    o.out.mkdir(parents=True, exist_ok=True)
    preset, tree = yaml.safe_load(o.preset.read_text()), Tree(SHARE / "trees" / "bmu5.yml")
    with open(o.exams, newline="") as table:
        rows = list(csv.DictReader(table))
    x, present = prepare(rows, tuple(preset["network"]["ultrasound"]))
    prepared = time.perf_counter() - started
    malignant = [int(r["malignant"]) for r in rows]
    leaves = [tree.leaf(r["pathology"], m) for r, m in zip(rows, malignant)]
    data = (x, present, torch.tensor([-1 if v is None else v for v in leaves]), torch.tensor(malignant), tree,
            no_clinical(SHARE / "schemas" / "clinical10.yml"))
    split = np.array([r["split"] for r in rows])
    with open(o.out / "predictions.csv", "w", buffering=1) as out:
        write = csv.writer(out, lineterminator="\n").writerow
        write(["exam_id", "status", "tier", *(f"p_{t}" for t in LEAVES), "p_benign", "p_malignant", "views_used", "reason"])
        for k, name in enumerate(sorted(set(split))):
            fold = Fold(preset, data, torch.from_numpy(np.flatnonzero(split != name)), o.seed + k)
            if o.weights:
                given = read_safetensors(o.weights / name / "best.safetensors")
                fold.net.load_state_dict({k: given[k] for k in fold.net.state_dict()})
            else:
                with open(o.out / f"{name}.jsonl", "w", buffering=1) as log:
                    fold.train(log)
            held = torch.from_numpy(np.flatnonzero(split == name))
            for e, p in zip(held.tolist(), fold.predict(held).tolist()):
                write(row(rows[e], p, tree.malignant))
            print(f"{name}: {len(fold.training)} training exams, {len(held)} held out, {time.perf_counter() - started:.1f} s", flush=True)
    (o.out / "seconds.json").write_text(json.dumps({"prepared": prepared, "all": time.perf_counter() - started}) + "\n")


if __name__ == "__main__":
    main()
