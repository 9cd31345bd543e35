#!/usr/bin/python3
"""Golden logits of the networks, by PyTorch: tests/golden/net/*.json, read by tests/t_parity*.c.

    make_golden.py [--out DIRECTORY] [--only NAME ...]     write the goldens
    make_golden.py --checkpoints DIRECTORY                 write bmu.bin, mg.bin, us.bin, bmu_small.bin, mg_small.bin, us_small.bin (torch.save)
    make_golden.py --compare DIRECTORY [--only NAME ...]   make them again and compare with what lies there

Weights and inputs are functions of their names (net.py: hash_uniform), so no file of numbers is needed to make them again. Logits are kept in
float32, as PyTorch computes them, and in float64 of the same float32 weights and inputs: the difference is PyTorch's own error. Each file also
holds the state dict's keys, types and shapes, so that the C tests take the list from PyTorch and not from our own code.
"""
import argparse
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import net as oracle  # noqa: E402

GOLDEN = Path(__file__).parent.parent / "golden" / "net"
SLOTS = ["mg1", "mg2"] + oracle.US_SLOTS
ALL = 255
TOWER = [1, 1, 2, 2, 3, 3, 4, 4]

# Normalisation of mammograms, profile reference-v1: the fused network's, and the mammography-only stage's.
MG_NORM = {"bmu": (5063.68, 8773.89), "mg": (5234.68, 9211.48)}

# What a token takes, field by field of share/schemas/clinical10.yml: "number" (also ordered categories) or the number of codes of an unordered
# one. A value, or None where it is missing. Written by hand from the schema and docs/MODEL.md.
TOKEN_FIELDS = [("age", "number", 52.0), ("bmi", "number", 23.5), ("menopausal", "number", 1.0), ("family_history", "number", None),
                ("personal_history", "number", 2.0), ("chief_complaint", 5, 3), ("symptom_duration", "number", 6.0),
                ("parity", "number", None), ("hormone_use", "number", 0.0), ("breast_density", "number", 3.0)]

SIZES = {"small": (8, True), "full": (64, False)}
US_PATTERNS = [0b11111100, 0b00000100, 0b00001100, 0b10101000, 0b01111100]
BMU_PATTERNS = [ALL, 0b00000011, 0b11111100, 0b00000101, 0b00000010, 0b10110110, 0b00001101]


def black(slot, view, network):
    """An absent view of the published release: a black picture through the same arithmetic, in float32 (then widened, for float64)."""
    x = torch.zeros(view.shape)
    if slot < 2:
        mean, std = MG_NORM[network]
        x = (x - mean) / std
    return x.to(view.dtype)


def token_inputs(fields=TOKEN_FIELDS):
    row = []
    for _, kind, value in fields:
        values = [0.0] if kind == "number" else [0.0] * kind
        if value is not None and kind == "number":
            values[0] = value
        elif value is not None:
            values[value] = 1.0
        row += values + [1.0 if value is None else 0.0]
    return torch.tensor([row])


def build(network, width, token=False):
    if network == "mg":
        return oracle.fill(oracle.Mg(width))
    if network == "us":
        return oracle.fill(oracle.Us(width))
    return oracle.fill(oracle.Bmu(width, token_inputs=token_inputs().shape[1] if token else 0))


class Features(torch.nn.Module):
    """Stands in for a tower: gives features computed before. Batch-norm is frozen, so a view's features do not depend on its neighbours."""
    def __init__(self, given):
        super().__init__()
        self.given = given

    def forward(self, index):
        return self.given[index.flatten().long()]


def trunks(net, network, views):
    """Features of the eight views and of their black stand-ins: [16, d]."""
    towers = {"bmu": lambda s: getattr(net, f"model{TOWER[s]}"), "mg": lambda s: (lambda x: net.backbone(x).flatten(1)),
              "us": lambda s: getattr(net, f"model{TOWER[s]}")}[network]
    out, blacks = [], {}
    takes = {"bmu": range(8), "mg": range(2), "us": range(2, 8)}[network]
    d = None
    for s in range(8):
        if s not in takes:
            out.append(None)
            continue
        out.append(towers(s)(views[s]))
        d = out[-1].shape[1]
    for s in takes:
        if TOWER[s] not in blacks:
            blacks[TOWER[s]] = towers(s)(black(s, views[s], network))
    filler = torch.zeros(1, d, dtype=views[0].dtype)
    rows = [f if f is not None else filler for f in out]
    rows += [blacks[TOWER[s]] if s in takes else filler for s in range(8)]
    return torch.cat(rows)


class Heads:
    """The network after its trunks, run through net.py's own forward() with the trunks replaced by their results."""
    def __init__(self, net, network, views):
        self.net, self.network, self.dtype = net, network, views[0].dtype
        given = Features(trunks(net, network, views))
        if network == "mg":
            net.backbone = given
        else:
            for t in {"bmu": (1, 2, 3, 4), "us": (2, 3, 4)}[network]:
                setattr(net, f"model{t}", given)

    def logits(self, variant, present, clinical):
        rows = [s if present >> s & 1 or variant == "masked" else 8 + s for s in range(8)]
        index = [torch.tensor([[float(r)]], dtype=self.dtype) for r in rows]
        if self.network == "mg":
            return self.net(index[:2])[0]
        if self.network == "us":
            return self.net(index[2:])[0]
        mask = torch.tensor([[variant == "reference" or bool(present >> s & 1) for s in range(8)]])
        return self.net(index[:2], index[2:], clinical.to(self.dtype), mask)[0]


def cases(network, size, token):
    if network == "mg":
        return [("reference", p) for p in (3, 1, 2)]
    if network == "us":
        return [("reference", p) for p in US_PATTERNS]
    if token:
        return [("masked", p) for p in BMU_PATTERNS]
    masked = range(1, 256) if size == "small" else BMU_PATTERNS[:6]
    return [("reference", p) for p in BMU_PATTERNS[:5]] + [("masked", p) for p in masked]


@torch.no_grad()
def golden(name):
    network, size = name.split("_")
    token = network == "token"
    network = "bmu" if token else network
    width, small = SIZES[size]
    exam = "exam-1"
    mg, us, clinical = oracle.exam(exam, small)
    values = [{"present": True, "value": float(v)} for v in clinical[0]]
    if token:
        clinical = token_inputs()
        values = [{"present": v is not None, "value": float(v or 0)} for _, _, v in TOKEN_FIELDS]
    net = build(network, width, token)
    keys = [[k, "I64" if t.dtype == torch.int64 else "F32", list(t.shape)] for k, t in net.state_dict().items()]
    single = Heads(net, network, mg + us)
    double = Heads(build(network, width, token).double(), network, [v.double() for v in mg + us])
    rows, worst, seen = [], 0.0, []
    for variant, present in cases(network, size, token):
        a, b = single.logits(variant, present, clinical), double.logits(variant, present, clinical)
        if len(rows) == 0:
            check_whole(name, network, width, token, mg, us, clinical, a)
        worst = max(worst, ((a.double() - b).abs() / b.abs().clamp(min=1)).max().item())
        rows.append({"variant": variant, "present": present, "logits": a.double().tolist(), "logits_f64": b.tolist()})
        seen.append(b)
    check_apart(name, rows, seen)
    print(f"{name}: {len(rows)} cases, float32 within {worst:.2g} of float64", flush=True)
    return {"made_by": f"tests/oracle/make_golden.py, PyTorch {torch.__version__}", "network": network,
            "clinical": "none" if network != "bmu" else "token" if token else "concat", "width": width, "exam": exam,
            "clinical_values": [] if network != "bmu" else values, "keys": keys, "cases": rows}


def check_whole(name, network, width, token, mg, us, clinical, want):
    """The first case again, by the network as a whole: the replaced trunks change nothing."""
    net = build(network, width, token)
    got = (net(mg) if network == "mg" else net(us) if network == "us" else net(mg, us, clinical, torch.ones(1, 8, dtype=torch.bool)))[0]
    assert (got - want).abs().max() < 2e-5, (name, got, want)


def check_apart(name, rows, seen):
    """Each pattern has its own logits, far further apart than any tolerance: else a test against them could not fail."""
    for i, a in enumerate(rows):
        for j in range(i):
            same = a["present"] == rows[j]["present"]
            distance = (seen[i] - seen[j]).abs().max().item()
            assert same or distance > 1e-3, (name, a["present"], rows[j]["present"], distance)


NAMES = ["mg_small", "us_small", "bmu_small", "token_small", "us_full", "mg_full", "bmu_full"]


def write(golden_json, path):
    """One key and one case per line."""
    text = json.dumps({k: v for k, v in golden_json.items() if k not in ("keys", "cases")}, indent=1)[:-2]
    for part in ("keys", "cases"):
        text += f",\n \"{part}\": [\n  " + ",\n  ".join(json.dumps(x) for x in golden_json[part]) + "\n ]"
    path.write_text(text + "\n}\n")


def compare(fresh, kept):
    if fresh["keys"] != kept["keys"] or len(fresh["cases"]) != len(kept["cases"]):
        return float("inf")
    worst = 0.0
    for a, b in zip(fresh["cases"], kept["cases"]):
        if (a["variant"], a["present"]) != (b["variant"], b["present"]):
            return float("inf")
        worst = max([worst] + [abs(x - y) / max(1.0, abs(y)) for x, y in zip(a["logits"], b["logits"])])
    return worst


def checkpoints(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for size, (width, _) in SIZES.items():
        for network in ("bmu", "mg", "us"):
            torch.save(build(network, width).state_dict(), folder / (network + ("_small" if size == "small" else "") + ".bin"))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=Path, default=GOLDEN)
    p.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    p.add_argument("--compare", type=Path)
    p.add_argument("--checkpoints", type=Path)
    p.add_argument("--threads", type=int, default=1)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    if o.checkpoints:
        return checkpoints(o.checkpoints)
    failed = False
    for name in o.only:
        fresh = golden(name)
        if o.compare:
            worst = compare(fresh, json.loads((o.compare / f"{name}.json").read_text()))
            print(f"{name}: live within {worst:.2g} of the committed golden{'' if worst < 1e-5 else ': TOO FAR'}")
            failed |= not worst < 1e-5
        else:
            o.out.mkdir(parents=True, exist_ok=True)
            write(fresh, o.out / f"{name}.json")
    return failed


if __name__ == "__main__":
    sys.exit(main())
