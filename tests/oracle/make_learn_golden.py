#!/usr/bin/python3
"""Golden values of learning, by PyTorch: tests/golden/learn/{loss,optimiser,schedule}.json, read by tests/t_loss.c and tests/t_optimiser.c.

    make_learn_golden.py [--out DIRECTORY]

Loss: written from the header's formulas with softmax, sums over leaves and logs; gradients by autograd, in float64; each level is compared
with torch.nn.CrossEntropyLoss on that level's log probabilities before anything is written. The losses kept are those of the same formulas in
60 decimal digits, which float64 follows to 1e-13 of 1: a loss of 1e-15 then has digits to compare with. Optimiser: torch.optim in float64 (and
the end in float32), torch.nn.utils.clip_grad_norm_. Schedule: torch.optim.lr_scheduler's LinearLR, then CosineAnnealingLR. What goes in is a
function of its name (net.py: hash_uniform), rounded to float32.
"""
import argparse
import json
import sys
import warnings
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from net import hash_uniform  # noqa: E402

getcontext().prec = 60
GOLDEN = Path(__file__).parent.parent / "golden" / "learn"


def numbers(name, n, scale=1.0):
    return (scale * hash_uniform(name, n)).astype(np.float32).astype(np.float64)


# --- loss -------------------------------------------------------------------------------------------------------------------

FLAT = [[0, 1, 2, 3, 4]]
TWO = [[0, 0, 1, 1, 1], [0, 1, 2, 3, 4]]
THREE = [[0, 0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 2, 3, 3, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]]


def log_marginals(logits, node_of_leaf):
    """log of the sum of the leaves' probabilities; the sum itself underflows for extreme logits, so in the log domain."""
    rows = torch.log_softmax(logits, 1)
    index = torch.tensor(node_of_leaf)
    return torch.stack([torch.logsumexp(rows[:, index == k], 1) for k in range(max(node_of_leaf) + 1)], 1)


def level_loss(log_p, labels, weights, eps):
    nodes = log_p.shape[1]
    w = torch.tensor(weights, dtype=torch.float64)
    y = torch.tensor(labels)
    target = (1 - eps) * torch.nn.functional.one_hot(y, nodes).double() + eps / nodes
    pull = target * w
    terms = torch.where(pull > 0, pull * -log_p, torch.zeros_like(log_p)).sum(1)
    return terms.sum() / w[y].sum()


def exact_level(rows, labels, node_of_leaf, weights, eps):
    """level_loss() without rounding errors. rows: lists of logits."""
    terms, divisor, nodes = Decimal(0), Decimal(0), max(node_of_leaf) + 1
    for row, y in zip(rows, labels):
        exps = [Decimal(z).exp() for z in row]
        for k in range(nodes):
            share = Decimal(eps) / nodes + (1 - Decimal(eps) if k == y else 0)
            p = sum(x for x, node in zip(exps, node_of_leaf) if node == k) / sum(exps)
            terms -= share * Decimal(weights[k]) * p.ln()
        divisor += Decimal(weights[y])
    return float(terms / divisor)


def loss_case(name, tree, labels, logits, level_weights, class_weights=None, eps=0.0):
    z = torch.tensor(np.array(logits, dtype=np.float32).astype(np.float64), requires_grad=True)
    class_weights = class_weights or [[1.0] * (max(level) + 1) for level in tree]
    levels, total = [], torch.zeros((), dtype=torch.float64)
    for at, node_of_leaf in enumerate(tree):
        rows = [i for i, (level, _) in enumerate(labels) if level >= at]
        nodes = [node_of_leaf[tree[level].index(node)] for level, node in (labels[i] for i in rows)]
        if not rows or sum(class_weights[at][k] for k in nodes) == 0:
            levels.append(0.0)
            continue
        log_p = log_marginals(z, node_of_leaf)[rows]
        value = level_loss(log_p, nodes, class_weights[at], eps)
        peer = torch.nn.CrossEntropyLoss(weight=torch.tensor(class_weights[at], dtype=torch.float64), label_smoothing=eps)
        theirs = peer(log_p, torch.tensor(nodes))
        assert abs(theirs.item() - value.item()) <= 1e-13 * max(1, abs(value.item())), (name, at)
        if z.detach().abs().max() < 50:  # the specification to the letter, where nothing underflows
            p = torch.softmax(z, 1)[rows]
            plain = torch.stack([p[:, torch.tensor(node_of_leaf) == k].sum(1) for k in range(max(node_of_leaf) + 1)], 1).log()
            assert torch.allclose(plain, log_p, rtol=1e-13, atol=1e-13), name
        exact = exact_level([z.tolist()[i] for i in rows], nodes, node_of_leaf, class_weights[at], eps)
        assert abs(exact - value.item()) <= 1e-13 * max(1, exact), (name, at, exact, value.item())
        levels.append(exact)
        total = total + level_weights[at] * value
    if total.requires_grad:
        total.backward()
    assert len(tree) > 1 or eps or torch.isclose(total, torch.nn.functional.cross_entropy(
        z, torch.tensor([node for _, node in labels]), weight=torch.tensor(class_weights[0], dtype=torch.float64)), rtol=1e-14)
    assert abs(total.item() - sum(w * v for w, v in zip(level_weights, levels))) <= 1e-13 * max(1, total.item()), name
    return {"name": name, "smoothing": eps, "total": sum(w * v for w, v in zip(level_weights, levels)), "per_level": levels,
            "levels": [{"weight": level_weights[i], "class_weight": class_weights[i], "node_of_leaf": tree[i]} for i in range(len(tree))],
            "labels": labels, "logits": z.tolist(), "gradient": (torch.zeros_like(z) if z.grad is None else z.grad).tolist()}


def loss_golden():
    draw = lambda name, n, leaves, scale=3.0: numbers(name, n * leaves, scale).reshape(n, leaves)  # noqa: E731
    leaves5 = [[0, k] for k in (0, 3, 4, 4, 1, 2, 0)]
    two = [[1, k] for k in (0, 3, 4, 4, 1, 2, 0)]
    part = [[1, 0], [0, 1], [1, 4], [0, 0], [1, 2], [0, 1], [1, 1]]
    three = [[2, 0], [2, 8], [1, 1], [0, 1], [1, 2], [2, 4], [0, 0], [1, 3], [2, 6]]
    w5, w2 = [0.5, 2.0, 1.0, 4.0, 0.25], [0.75, 1.5]
    w9, w4 = [1.0, 0.5, 3.0, 1.0, 2.0, 1.0, 0.125, 1.0, 6.0], [1.0, 2.0, 0.5, 1.0]
    flat, big = draw("flat", 7, 5), [[1e4, -1e4, 0, 5, -5], [-1e4, -1e4, -1e4, -1e4, 1e4], [1e4, 1e4, 1e4, 1e4, 1e4], [0, -1e4, 1e4, 9999, 3]]
    sure = [[40, 0, 1, -3, 2], [0, 1, 35, 2, 3], [-60, 2, 1, 1, 60]]  # right and certain: the loss is 1e-16 and must keep its digits
    cases = [
        loss_case("flat", FLAT, leaves5, flat, [1.0]),
        loss_case("flat smooth", FLAT, leaves5, flat, [1.0], eps=0.1),
        loss_case("flat weights", FLAT, leaves5, flat, [1.0], [w5]),
        loss_case("flat smooth weights", FLAT, leaves5, flat, [1.0], [w5], 0.1),
        loss_case("two leaf only", TWO, two, draw("two", 7, 5), [0.0, 1.0], eps=0.1),
        loss_case("two", TWO, two, draw("two", 7, 5), [0.5, 1.0]),
        loss_case("two smooth weights", TWO, two, draw("two", 7, 5), [0.5, 1.0], [w2, w5], 0.1),
        loss_case("two partly", TWO, part, draw("part", 7, 5), [0.5, 1.0]),
        loss_case("two partly smooth weights", TWO, part, draw("part", 7, 5), [0.3, 0.7], [w2, w5], 0.1),
        loss_case("two upper only", TWO, [[0, 1], [0, 0]], draw("upper", 2, 5), [0.5, 1.0], [w2, w5], 0.1),
        loss_case("two weight nought", TWO, [[1, 4], [1, 4], [0, 0]], draw("nought", 3, 5), [0.5, 1.0], [w2, [1.0, 1.0, 1.0, 1.0, 0.0]], 0.1),
        loss_case("three", THREE, three, draw("three", 9, 9), [0.2, 0.3, 1.0]),
        loss_case("three smooth weights", THREE, three, draw("three", 9, 9), [0.2, 0.3, 1.0], [[1.0, 3.0], w4, w9], 0.2),
        loss_case("extreme", TWO, [[1, 0], [1, 0], [1, 2], [0, 0]], big, [0.5, 1.0]),
        loss_case("extreme smooth weights", TWO, [[1, 0], [1, 0], [1, 2], [0, 0]], big, [0.5, 1.0], [w2, w5], 0.1),
        loss_case("sure", TWO, [[1, 0], [1, 2], [1, 4]], sure, [0.5, 1.0]),
    ]
    return {"torch": torch.__version__, "cases": cases}


# --- optimiser --------------------------------------------------------------------------------------------------------------

# name, offset, count: an array smaller than a vector, a gap, tails of all kinds. The second trunk is the one that cases freeze.
SEGMENTS = [("model1.backbone.0.weight", 0, 19), ("model1.backbone.1.bias", 19, 3), ("model2.backbone.0.weight", 24, 24),
            ("model2.backbone.1.bias", 48, 1), ("head.weight", 49, 13)]
SIZE, STEPS = 64, 10
ADAMW = {"kind": "adamw", "weight_decay": 0.1, "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8}
CASES = [
    ("adamw reference", ADAMW, {}),
    ("adamw torch's defaults", {**ADAMW, "weight_decay": 0.01, "beta2": 0.999}, {"rate": 1e-3}),
    ("adamw clipped", ADAMW, {"clip": 1.0}),
    ("adamw clip out of reach", ADAMW, {"clip": 1e3}),
    ("adamw frozen, sparing biases", ADAMW, {"clip": 0.5, "frozen": [2, 3], "spared": [1, 3]}),
    ("adamw thaw", ADAMW, {"clip": 2.0, "frozen": [2, 3], "thaw": 4}),
    ("sgd", {"kind": "sgd", "weight_decay": 0.0}, {"rate": 0.1}),
    ("sgd decay", {"kind": "sgd", "weight_decay": 0.1}, {"rate": 0.1, "clip": 1.0, "spared": [1]}),
    ("sgd momentum", {"kind": "sgd", "weight_decay": 0.1, "momentum": 0.9}, {"rate": 0.1, "frozen": [0]}),
    ("sgd nesterov", {"kind": "sgd", "weight_decay": 0.1, "momentum": 0.9, "nesterov": True}, {"rate": 0.1, "clip": 3.0, "spared": [4]}),
    ("sgd thaw", {"kind": "sgd", "weight_decay": 0.1, "momentum": 0.9}, {"rate": 0.1, "frozen": [2], "thaw": 5}),
]


def short(numbers_):
    """Ten digits are enough to compare float32 with."""
    return [float(f"{x:.10g}") for x in numbers_]


def make_optimiser(config, groups):
    if config["kind"] == "adamw":
        return torch.optim.AdamW(groups, lr=1.0, betas=(config["beta1"], config["beta2"]), eps=config["epsilon"])
    return torch.optim.SGD(groups, lr=1.0, momentum=config.get("momentum", 0.0), nesterov=config.get("nesterov", False))


def trajectory(config, how, dtype):
    start = numbers("parameters", SIZE)
    parts = [torch.nn.Parameter(torch.tensor(start[o:o + n], dtype=dtype)) for _, o, n in SEGMENTS]
    spared = how.get("spared", [])
    optimiser = make_optimiser(config, [{"params": [p], "weight_decay": 0.0 if i in spared else config["weight_decay"]}
                                        for i, p in enumerate(parts)])
    rates, norms, path = [], [], []
    for step in range(STEPS):
        g = numbers(f"gradient {step}", SIZE, 0.4 * (1 + step % 3))
        frozen = how.get("frozen", []) if step < how.get("thaw", STEPS) else []
        for i, (p, (_, o, n)) in enumerate(zip(parts, SEGMENTS)):
            p.grad = None if i in frozen else torch.tensor(g[o:o + n], dtype=dtype)
        rates.append(how.get("rate", 0.01) * (1 - step / 20))
        moving = [p for p in parts if p.grad is not None]
        norms.append(torch.nn.utils.clip_grad_norm_(moving, how.get("clip", float("inf"))).item())
        for group in optimiser.param_groups:
            group["lr"] = rates[-1]
        optimiser.step()
        now = start.copy()  # the gaps stay
        for p, (_, o, n) in zip(parts, SEGMENTS):
            now[o:o + n] = p.detach().double().numpy()
        path.append(short(now))
    return rates, norms, path, [optimiser.state.get(p, {}) for p in parts]


def state_block(states, key):
    block = np.zeros(SIZE)
    for state, (_, o, n) in zip(states, SEGMENTS):
        if state.get(key) is not None:
            block[o:o + n] = state[key].double().numpy()
    return short(block)


def optimiser_case(name, config, how):
    rates, norms, path, states = trajectory(config, how, torch.float64)
    single = trajectory(config, how, torch.float32)[2]
    adamw = config["kind"] == "adamw"
    case = {"name": name, "config": config, "clip": how.get("clip"), "frozen": how.get("frozen", []), "spared": how.get("spared", []),
            "thaw": how.get("thaw", STEPS), "rates": rates, "norms": norms, "parameters": path, "parameters_f32_end": single[-1],
            "first": state_block(states, "exp_avg" if adamw else "momentum_buffer")}
    if adamw:
        case["second"] = state_block(states, "exp_avg_sq")
        case["steps"] = [int(s["step"]) if s else 0 for s in states]
    return case


def optimiser_golden():
    return {"torch": torch.__version__, "size": SIZE, "segments": [{"name": n, "offset": o, "count": c} for n, o, c in SEGMENTS],
            "cases": [optimiser_case(*c) for c in CASES]}


# --- schedule ---------------------------------------------------------------------------------------------------------------


def rates_of(make, steps, base):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler, rates = make(optimiser), []
    for _ in range(steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return rates


def schedule_case(base, total, warmup):
    rise = rates_of(lambda o: torch.optim.lr_scheduler.LinearLR(o, 1 / warmup, 1.0, warmup - 1), warmup, base) if warmup > 1 else [base] * warmup
    fall = rates_of(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, total - warmup), total - warmup, base) if total > warmup else []
    return {"base": base, "total": total, "warmup": warmup, "rates": rise + fall}


def schedule_golden():
    return {"torch": torch.__version__,
            "cases": [schedule_case(*c) for c in [(1e-4, 60, 2), (0.1, 50, 10), (3e-4, 7, 0), (1.0, 3, 1), (0.5, 4, 4), (2e-4, 1, 0)]]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=GOLDEN)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", category=UserWarning)
    for name, make in (("loss", loss_golden), ("optimiser", optimiser_golden), ("schedule", schedule_golden)):
        (out / f"{name}.json").write_text(json.dumps(make(), indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
