#!/usr/bin/python3
"""Golden training steps, by PyTorch: tests/golden/step/*.json, read by tests/step_golden.h.

    make_step_golden.py [--out DIRECTORY] [--only NAME ...]     write the goldens
    make_step_golden.py --compare DIRECTORY [--only NAME ...]   make them again and compare with what lies there
    make_step_golden.py --dump DIRECTORY [--only NAME ...] [--case CASE]   per case CASE.safetensors: everything in full, for a live comparison

Weights and inputs are functions of their names, as in make_golden.py; the loss is cross-entropy with label smoothing 0.1, the mean over the
exams. A gradient of 54.7 million numbers is kept as its 2-norm and eight probes per parameter, probe j = sum(gradient * r_j), r_j =
hash_uniform(NAME.probeJ). Since E r^2 = 1/3, for any difference d of two gradients E (r . d)^2 = |d|^2 / 3: the root mean square of the differences
of the probes, over |g| / sqrt 3, estimates |d| / |g| (eight probes: to about a quarter). Running means and variances after the step likewise.

Norms and probes are those of float64 arithmetic on the same float32 weights and inputs: the truth. The last number of each row is how far
PyTorch's own float32 is from it, |g32 - g64| / |g64|, in full and not by probes: Loss and logits are kept of both.

What can be asked of a float32 engine: the small networks hardly meet a switch of ReLU or max-pool, and there 1e-3 is ample. At full size one exam
meets many, and each that flips moves the gradients of a deep stage (7 x 7 values a channel) by about 1 %. Measured on the ultrasound network in
float64, inputs moved by relative noise: of 1e-7, the worst parameter moves by 1.2e-4 and the median by 7e-7; of 1e-6, by 1.6e-2 and 1.2e-3; of
1e-5 (a fast convolution's rounding), by 2.4e-2 and 1e-2. With softplus and mean pooling in their place 1e-6 moves the worst by 4e-6: it is
the switches and not the arithmetic.

    "gradients": {name: [norm, 8 probes, float32's distance]}   "zero": names whose gradient is zero in every number (not computed, or not used)
    "running":   {name: the same}, of the batch-norms that ran, whose num_batches_tracked is "tracked" after the step; the others keep all of theirs
    "losses":    before each of ten AdamW steps (lr 1e-4, weight decay 0.1 on every parameter, betas 0.9 and 0.95, eps 1e-8) on the same batch
    "check":     the row of a parameter's weight itself, so that a reader of these files can test its own norm and probes

No case is degenerate: in the small network the last stage of an ultrasound trunk is 1 x 1, where batch-norm of one view is undefined and of two
is +-1 whatever the input, its gradient nothing but rounding. Hence every trunk that runs sees at least four numbers per channel, and a pattern is
tried on four exams that share it; one exam alone is the full-size networks' case.
"""
import argparse
import json
import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
import make_golden as inference  # noqa: E402
import net as oracle  # noqa: E402
import step_net  # noqa: E402

GOLDEN = Path(__file__).parent.parent / "golden" / "step"
PROBES, STEPS, DIGITS = 8, 10, 9
ALL = inference.ALL
CHECK = {"bmu": "head.weight", "mg": "head.3.weight", "us": "head.6.weight"}
ORDERED = {"menopausal": 3, "family_history": 3, "personal_history": 4, "hormone_use": 3, "breast_density": 4}  # share/schemas/clinical10.yml

# Mammography alone, ultrasound alone, a single view, and seven at random.
PATTERNS = [0b00000011, 0b11111100, 0b00000100] + [1 + int(127.5 * (1 + u)) % 255 for u in oracle.hash_uniform("step.patterns", 7)]
CC_BMODE_DOPPLER = 0b00011101


# case: (name, variant, [(exam, present) ...], AdamW steps too, steps in float64 too)
def case(name, variant, presence, steps=True, steps_f64=True):
    return {"case": name, "variant": variant, "steps": steps, "steps_f64": steps_f64,
            "exams": [{"name": f"exam-{i + 1}", "present": p, "label": (2 + 3 * i) % 5} for i, p in enumerate(presence)]}


FILES = {
    "bmu_small": [case("bmu-all", "reference", [ALL, ALL]), case("bmu-masked-ten", "masked", PATTERNS)],
    "pattern_small": [case(f"bmu-masked-{p:02x}", "masked", [p] * 4) for p in PATTERNS],
    "token_small": [case("token-masked-ten", "masked", PATTERNS), case("token-masked-ultrasound", "masked", [0b11111100] * 4)],
    "mg_small": [case("mg-all", "reference", [0b00000011] * 3)],
    "us_small": [case("us-all", "reference", [0b11111100] * 3)],
    "bmu_full": [case("bmu-full-all", "reference", [ALL], steps_f64=False),
                 case("bmu-full-masked", "masked", [CC_BMODE_DOPPLER], steps=False)],
}


def network_of(name):
    """Of a file: (network, clinical mode, small)."""
    network, size = name.split("_")
    network, clinical = {"token": ("bmu", "token"), "pattern": ("bmu", "concat"), "bmu": ("bmu", "concat")}.get(network, (network, "none"))
    return network, clinical, size == "small"


def build(network, clinical, small, dtype=torch.float32):
    width = inference.SIZES["small" if small else "full"][0]
    if network == "bmu":
        net = step_net.Bmu(width, token_inputs=inference.token_inputs().shape[1] if clinical == "token" else 0)
    else:
        net = (step_net.Mg if network == "mg" else step_net.Us)(width)
    return step_net.train_mode(oracle.fill(net)).to(dtype)


def token_fields(i):
    """Clinical values of exam i for the token: every exam has others, and misses others; exam 0 has those of make_golden.py."""
    fields = []
    for f, (name, kind, value) in enumerate(inference.TOKEN_FIELDS):
        codes = ORDERED.get(name, 0 if kind == "number" else kind)
        value = (1.0 if value is None else value) + i
        fields.append((name, kind, None if (f + i) % 4 == 3 else value % codes if codes else value))
    return fields


def inputs_of(exams, clinical, small, dtype):
    """([mg1, mg2], [us3 .. us8], clinical, present), each of the whole batch; and what the C side must give as clinical values."""
    parts = [oracle.exam(x["name"], small) for x in exams]
    mg, us = ([torch.cat(v).to(dtype) for v in zip(*(p[i] for p in parts))] for i in (0, 1))
    values = [[{"present": True, "value": float(v)} for v in p[2][0]] for p in parts]
    numbers = torch.cat([p[2] for p in parts])
    if clinical == "token":
        fields = [token_fields(i) for i in range(len(exams))]
        numbers = torch.cat([inference.token_inputs(f) for f in fields])
        values = [[{"present": v is not None, "value": float(v or 0)} for _, _, v in f] for f in fields]
    present = torch.tensor([[bool(x["present"] >> s & 1) for s in range(8)] for x in exams])
    return (mg, us, numbers.to(dtype), present), values if clinical != "none" else [[] for _ in exams]


def forward(net, network, inputs):
    mg, us, clinical, present = inputs
    return net(mg) if network == "mg" else net(us) if network == "us" else net(mg, us, clinical, present)


@torch.no_grad()
def check_packing(network, clinical, small, c):
    """Without batch statistics a view's features do not depend on its neighbours: then packed is what net.py computes. And no case is degenerate."""
    net, (inputs, _) = build(network, clinical, small, torch.float64).eval(), inputs_of(c["exams"], clinical, small, torch.float64)
    plain = {"bmu": oracle.Bmu, "mg": oracle.Mg, "us": oracle.Us}[network].forward
    want = plain(net, *(inputs if network == "bmu" else inputs[:1] if network == "mg" else inputs[1:2]))
    assert (forward(net, network, inputs) - want).abs().max() < 1e-12, c["case"]
    views = inputs[3].sum(0)
    for n in (views[2:4].sum(), views[4:6].sum(), views[6:8].sum()):
        assert n == 0 or n >= 4, (c["case"], views)


def step(network, clinical, small, c, dtype, steps):
    """One forward and backward pass; then, if asked, AdamW steps. What came of it, in numpy."""
    net = build(network, clinical, small, dtype)
    inputs, values = inputs_of(c["exams"], clinical, small, dtype)
    labels = torch.tensor([x["label"] for x in c["exams"]])
    optimiser, out = step_net.optimiser(net), {"losses": [], "values": values}
    for i in range(STEPS if steps else 1):
        optimiser.zero_grad(set_to_none=True)
        logits = forward(net, network, inputs)
        loss = step_net.loss_of(logits, labels)
        loss.backward()
        out["losses"].append(loss.item())
        if i == 0:
            out["logits"] = logits.detach().double().numpy()
            out["gradients"] = {k: np.zeros(p.shape) if p.grad is None else p.grad.numpy().copy() for k, p in net.named_parameters()}
            out["buffers"] = {k: b.numpy().copy() for k, b in net.named_buffers()}
        if steps:
            optimiser.step()
    out["inputs"] = inputs
    return out


def significant(x):
    return float(f"{x:.{DIGITS}g}")


def row(name, array):
    """Norm and probes."""
    g = array.astype(np.float64).ravel()
    return [significant(math.sqrt(g @ g))] + [significant(g @ oracle.hash_uniform(f"{name}.probe{j}", g.size)) for j in range(PROBES)]


def distance(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(f"{np.linalg.norm(a - b) / np.linalg.norm(b):.3g}")


def apart(mine, want):
    """The distance of two rows as tests/step_golden.h estimates it: by probes, or by norms if that is more."""
    squares = sum((a - b) ** 2 for a, b in zip(mine[1:1 + PROBES], want[1:1 + PROBES]))
    return max(math.sqrt(3 * squares / PROBES), abs(mine[0] - want[0])) / want[0]


def autocast(network, clinical, small, c, loss, gradients):
    """How far PyTorch's own mixed precision is from float64: what ours is measured against."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = step(network, clinical, small, c, torch.float32, False)
    off = [apart(row(k, half["gradients"][k]), r) for k, r in gradients.items()]
    return {"loss": significant(abs(half["losses"][0] - loss)), "worst": float(f"{max(off):.3g}"), "median": float(f"{statistics.median(off):.3g}")}


def run_case(network, clinical, small, c, dump):
    started = time.perf_counter()
    if small:
        check_packing(network, clinical, small, c)
    double = step(network, clinical, small, c, torch.float64, c["steps"] and c["steps_f64"] and not dump)
    if dump:
        return write_safetensors(dump / f"{c['case']}.safetensors", dumped(c, double))
    single = step(network, clinical, small, c, torch.float32, c["steps"])
    assert abs(single["losses"][0] - double["losses"][0]) < 1e-4, (c["case"], single["losses"], double["losses"])
    zero = [k for k, g in double["gradients"].items() if not g.any()]
    assert zero == [k for k, g in single["gradients"].items() if not g.any()]
    gradients = {k: row(k, g) + [distance(single["gradients"][k], g)] for k, g in double["gradients"].items() if k not in zero}
    tracked = {k: int(v) for k, v in double["buffers"].items() if k.endswith("num_batches_tracked")}
    ran = [k.rsplit(".", 1)[0] for k, v in tracked.items() if v == max(tracked.values())]
    running = {k: row(k, v) + [distance(single["buffers"][k], v)] for b in ran for k, v in double["buffers"].items()
               if k in (f"{b}.running_mean", f"{b}.running_var")}
    worst = max(gradients, key=lambda k: gradients[k][-1])
    own = {"worst": gradients[worst][-1], "worst_of": worst, "median": statistics.median(r[-1] for r in gradients.values()),
           "running_worst": max(r[-1] for r in running.values())}
    print(f"{c['case']}: loss {single['losses'][0]:.6f}, float32's gradients are off float64's by at most {own['worst']:.2g} ({worst}), median "
          f"{own['median']:.2g}; running statistics {own['running_worst']:.2g}; {len(zero)} gradients zero; {time.perf_counter() - started:.0f} s",
          flush=True)
    rounded = lambda xs: [significant(x) for x in xs]
    return {"case": c["case"], "variant": c["variant"], "exams": [dict(x, clinical=v) for x, v in zip(c["exams"], double["values"])],
            "loss": significant(single["losses"][0]), "loss_f64": significant(double["losses"][0]),
            "logits": [rounded(x) for x in single["logits"]], "logits_f64": [rounded(x) for x in double["logits"]],
            "losses": rounded(single["losses"]) if c["steps"] else [],
            "losses_f64": rounded(double["losses"]) if c["steps"] and c["steps_f64"] else [],
            "float32": own, **({} if small else {"autocast": autocast(network, clinical, small, c, double["losses"][0], gradients)}),
            "tracked": max(tracked.values()), "zero": zero, "gradients": gradients, "running": running}


# --- in full, for a live comparison ----------------------------------------------------------------------------------------------------------
def dumped(c, result):
    """Gradients under the parameters' names, running statistics after the step under theirs, `loss`, `logits`, and `input.EXAM.SLOT` [channels,
    height, width] of the views that are there. Computed in float64, written in float32."""
    arrays = dict(result["gradients"])
    arrays.update({k: b for k, b in result["buffers"].items() if not k.endswith("num_batches_tracked")})
    arrays.update(loss=np.array(result["losses"][0]), logits=result["logits"])
    mg, us, _, present = result["inputs"]
    for i, x in enumerate(c["exams"]):
        arrays.update({f"input.{x['name']}.{s}": v[i].numpy() for j, (s, v) in enumerate(zip(inference.SLOTS, mg + us)) if present[i][j]})
    return arrays


def write_safetensors(path, arrays):
    """Eight bytes of header length, a JSON header with type, shape and place of each array, the arrays end to end."""
    header, at = {}, 0
    for name, a in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + 4 * a.size]}
        at += 4 * a.size
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for a in arrays.values():
            f.write(np.ascontiguousarray(a, dtype="<f4").tobytes())
    print(f"{path}: {len(arrays)} arrays, {at / 1e6:.1f} MB")


# --- files -----------------------------------------------------------------------------------------------------------------------------------
def golden(name, dump, only):
    network, clinical, small = network_of(name)
    cases = [run_case(network, clinical, small, c, dump) for c in FILES[name] if only in (None, c["case"])]
    if dump:
        return None
    state = build(network, clinical, small).state_dict()
    keys = [[k, "I64" if t.dtype == torch.int64 else "F32", list(t.shape)] for k, t in state.items()]
    check = CHECK[network]
    return {"made_by": f"tests/oracle/make_step_golden.py, PyTorch {torch.__version__}", "network": network, "clinical": clinical,
            "width": inference.SIZES["small" if small else "full"][0], "check": [check, row(check, state[check].numpy())], "keys": keys,
            "cases": cases}


def lines(value, indent):
    """JSON, one member or element per line."""
    items = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()] if isinstance(value, dict) else [json.dumps(v) for v in value]
    return (",\n" + indent).join(items)


def write(g, path):
    """One key, one exam and one parameter per line."""
    cases = []
    for c in g["cases"]:
        parts = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in c.items() if k not in ("exams", "gradients", "running")]
        parts += [f"\"exams\": [\n   {lines(c['exams'], '   ')}]"]
        parts += [f"{json.dumps(k)}: {{\n   {lines(c[k], '   ')}}}" for k in ("gradients", "running")]
        cases.append("{" + ",\n  ".join(parts) + "}")
    text = "{" + lines({k: v for k, v in g.items() if k not in ("keys", "cases")}, " ")
    path.write_text(f"{text},\n \"keys\": [\n  {lines(g['keys'], '  ')}],\n \"cases\": [\n {(',' + chr(10) + ' ').join(cases)}]}}\n")


def compare_rows(a, b):
    """Of the largest norm of a row: the largest difference of norms and probes."""
    if a.keys() != b.keys():
        return math.inf
    return max(abs(x - y) / b[k][0] for k in b for x, y in zip(a[k][:-1], b[k][:-1]))


def compare(fresh, kept):
    """(float64's largest relative difference, float32's). float64's numbers do not depend on the machine but for the last digits; float32's do,
    through the switches of ReLU and max-pool, so its distance from float64 is not compared."""
    same = lambda *names: all(fresh[n] == kept[n] for n in names)
    if not same("network", "clinical", "width", "keys") or len(fresh["cases"]) != len(kept["cases"]):
        return math.inf, math.inf
    f64 = f32 = 0.0
    off = lambda a, b: max([abs(x - y) / max(1, abs(y)) for x, y in zip(a, b)], default=0.0) if len(a) == len(b) else math.inf
    for a, b in zip(fresh["cases"], kept["cases"]):
        if any(a[n] != b[n] for n in ("case", "variant", "exams", "zero", "tracked")):
            return math.inf, math.inf
        f64 = max([f64, compare_rows(a["gradients"], b["gradients"]), compare_rows(a["running"], b["running"]),
                   off(a["losses_f64"], b["losses_f64"])] + [off(x, y) for x, y in zip(a["logits_f64"], b["logits_f64"])])
        f32 = max([f32, off(a["losses"], b["losses"]), off([a["loss"]], [b["loss"]])] + [off(x, y) for x, y in zip(a["logits"], b["logits"])])
    return f64, f32


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=Path, default=GOLDEN)
    p.add_argument("--only", nargs="+", choices=FILES, default=list(FILES))
    p.add_argument("--compare", type=Path)
    p.add_argument("--dump", type=Path)
    p.add_argument("--case")
    p.add_argument("--threads", type=int, default=2)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    failed = False
    for name in o.only:
        fresh = golden(name, o.dump, o.case)
        if o.compare:
            f64, f32 = compare(fresh, json.loads((o.compare / f"{name}.json").read_text()))
            good = f64 < 1e-6 and f32 < (1e-4 if network_of(name)[2] else 5e-3)  # full size: ten steps amplify switches
            print(f"{name}: live within {f64:.2g} (float64) and {f32:.2g} (float32) of the committed golden{'' if good else ': TOO FAR'}")
            failed |= not good
        elif not o.dump:
            o.out.mkdir(parents=True, exist_ok=True)
            write(fresh, o.out / f"{name}.json")
    return failed


if __name__ == "__main__":
    sys.exit(main())
