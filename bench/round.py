#!/usr/bin/python3
"""The race: every contender in its own process, one after the other, the whole round several times. Usage: round.py [infer|train] [options]

Each process warms up once and times RUNS exams or steps; what counts is the median over the rounds of the medians over the runs. Prints the tables and
writes bench/results/DATE-CPU.json, or DATE-train-CPU.json. Called by bench/run.sh.
"""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).parent
BMUNET = "build/release/bmunet"

GOLDEN_STEP = BENCH.parent / "tests/golden/step/bmu_full.json"


# --- contenders: name -> the command, of the options
def ours(verb, *arguments):
    return lambda o: [BMUNET, "bench", verb, "--json", "--threads", str(o.threads), "--runs", str(o.runs), *arguments]


def our_inference(*arguments):
    return lambda o: ours("infer", "--model", str(o.work / "bmu.safetensors"), *arguments)(o)


def torch(script, *arguments):
    return lambda o: ["/usr/bin/python3", str(BENCH / script), *arguments, str(o.threads), str(o.runs)]


def onnxruntime(o):
    return ["node", str(BENCH / "peer_onnx.js"), str(o.work), str(o.threads), str(o.runs)]


INFER = {
    "bmunet": our_inference(),
    "onnxruntime": onnxruntime,
    "torch-channels-last": torch("peer_torch.py", "channels_last"),
    "torch-nchw": torch("peer_torch.py", "nchw"),
    "torch-bf16": torch("peer_torch.py", "bf16"),
    "bmunet-bf16": our_inference("--precision", "bf16"),
    "bmunet-exact": our_inference("--exact"),
}
TRAIN = {}
for what in ("exam", "trunk"):
    TRAIN[f"{what}-bmunet"] = ours("train", "--what", what, "--precision", "fp32")
    TRAIN[f"{what}-bmunet-mixed"] = ours("train", "--what", what, "--precision", "mixed")
    for how in ("nchw", "channels_last", "nchw-bf16", "channels_last-bf16"):
        TRAIN[f"{what}-torch-{how.replace('_', '-')}"] = torch("peer_torch_train.py", what, how)


def is_peer(name):
    return "bmunet" not in name


def peers_of(what, bf16):
    return [n for n in TRAIN if n.startswith(what) and is_peer(n) and n.endswith("bf16") == bf16]


# --- the races. tables: (title, whom it shows). goals: (ours, the peers of which the fastest counts, how many times as fast). memory: (ours, its
# goal in MB), or (ours, the peers of which the leanest counts, at most this part of it). layers: of whom the time of each layer is shown.
RACES = {
    "infer": {
        "contenders": INFER, "runs": 5, "suffix": "",
        "tables": [("One whole exam, batch 1", list(INFER))],
        "goals": [("bmunet", ["onnxruntime"], 3.0), ("bmunet", ["torch-channels-last"], 4.0), ("bmunet-bf16", ["torch-bf16"], 1.5)],
        "memory": [("bmunet", None, 900)],
        "layers": ["bmunet"],
    },
    "train": {
        "contenders": TRAIN, "runs": 2, "suffix": "train-",
        "tables": [("Training step, one whole exam, batch 1", [n for n in TRAIN if n.startswith("exam")]),
                   ("Training step, one trunk, 32 images of 224 x 224", [n for n in TRAIN if n.startswith("trunk")])],
        "goals": [("exam-bmunet", peers_of("exam", False), 2.0), ("exam-bmunet-mixed", peers_of("exam", True), 1.3),
                  ("trunk-bmunet", peers_of("trunk", False), 1.5), ("trunk-bmunet-mixed", peers_of("trunk", True), 1.15)],
        "memory": [("exam-bmunet", peers_of("exam", False), 0.5), ("exam-bmunet-mixed", peers_of("exam", True), 0.5)],
        "layers": ["exam-bmunet", "trunk-bmunet"],
    },
}


def run(arguments, o):
    environment = dict(os.environ, OMP_NUM_THREADS=str(o.threads))
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment)
    if done.returncode:
        print(f"{' '.join(arguments)}: exit status {done.returncode}: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def race(o):
    results = {}
    for turn in range(o.rounds):
        for name in o.only:
            print(f"round {turn + 1} of {o.rounds}: {name} ...", end="", file=sys.stderr, flush=True)
            got = run(o.race["contenders"][name](o), o)
            median = (got.get("median_s") or statistics.median(got["seconds"])) if got else None
            print(f" {median:.3f} s" if got else " failed", file=sys.stderr, flush=True)
            if got:
                r = results.setdefault(name, {"medians_s": [], "peak_rss_mb": 0.0})
                r["medians_s"].append(median)
                r["peak_rss_mb"] = max(r["peak_rss_mb"], got["peak_rss_mb"])
                r.update({k: got[k] for k in ("version", "logits", "losses") if k in got})
    for r in results.values():
        r["median_s"] = statistics.median(r["medians_s"])
    return results


def off(got, want):
    return max(abs(a - b) / max(1, abs(b)) for a, b in zip(got, want))


def expected(name, results, o):
    """What a peer must give: the logits that were exported with the weights; PyTorch's golden losses of the exam; the trunk's of its plainest form."""
    if "logits" in results[name]:
        return "logits", json.loads((o.work / "logits.json").read_text())["logits"]
    if name.startswith("exam"):
        return "losses", json.loads(GOLDEN_STEP.read_text())["cases"][0]["losses"]
    return "losses", results.get("trunk-torch-nchw", results[name])["losses"]


def check_peers(results, o):
    """A peer that computes something else has not been raced against."""
    for name in filter(is_peer, results):
        what, want = expected(name, results, o)
        results[name][f"{what}_off"] = distance = off(results[name][what], want)
        allowed = 0.05 if "bf16" in name else 1e-4 if what == "logits" else 5e-3  # steps amplify rounding
        if not distance <= allowed:
            sys.exit(f"{name}: its {what} are off by {distance:.2g}: it does not compute the same network")


def best(results, names, key):
    """(name, value) of the smallest, or None."""
    return min(((n, results[n][key]) for n in names if n in results), key=lambda x: x[1], default=None)


def print_table(title, names, results, o):
    print(f"\n{title}, {o.threads} threads; seconds: median of {o.runs} runs, median of {o.rounds} rounds; peak resident memory\n")
    base = {p: results[p]["median_s"] for p in names if is_peer(p)}
    print(f"{'':<31} {'s':>7} {'MB':>6}" + "".join(f"  x {p:<19}" for p in base))
    for name in names:
        r = results[name]
        print(f"{name:<31} {r['median_s']:>7.3f} {r['peak_rss_mb']:>6.0f}" +
              "".join(f"  {b / r['median_s']:<{max(21, len(p) + 2)}.2f}" for p, b in base.items()))
    print()


def print_goals(results, o):
    goals = []
    for name, peers, factor in o.race["goals"]:
        peer = best(results, peers, "median_s")
        if name in results and peer:
            ratio = peer[1] / results[name]["median_s"]
            goals.append({"ours": name, "peer": peer[0], "goal": factor, "ratio": ratio, "met": ratio >= factor})
            print(f"{name} against {peer[0]}: {ratio:.2f} x faster, goal {factor} x: {'met' if ratio >= factor else 'MISSED'}")
    for name, peers, most in o.race["memory"]:
        peer = best(results, peers, "peak_rss_mb") if peers else None
        if name not in results or (peers and not peer):
            continue
        mb, goal = results[name]["peak_rss_mb"], most * peer[1] if peer else most
        goals.append({"ours": name, "peer": peer[0] if peer else None, "goal_mb": goal, "mb": mb, "met": mb <= goal})
        print(f"{name}, peak resident: {mb:.0f} MB, goal {goal:.0f}" + (f" ({most} x {peer[0]})" if peer else "") +
              f": {'met' if mb <= goal else 'MISSED'}")
    return goals


def layers(name, o):
    got = run(o.race["contenders"][name](o) + ["--layers"], o)
    if not got:
        return []
    print(f"\nWhere the time of {name} goes (GFLOP/s counted as direct convolution on all input channels)\n\n{'layer':<53} {'ms':>8} {'GFLOP/s':>8}  "
          "algorithm")
    rest = 0.0
    for layer in sorted(got["layers"], key=lambda x: -x["ms"]):
        if layer["ms"] >= 2:
            print(f"{layer['name'] + ' ' + layer.get('pass', ''):<53} {layer['ms']:>8.2f} {layer['gflops']:>8.0f}  {layer['algorithm']}")
        else:
            rest += layer["ms"]
    print(f"{'all the others':<53} {rest:>8.2f}")
    return got["layers"]


def load_path(o):
    """From files: decode, resize, network, results written. The drawn phantoms of share/demo are always there."""
    out = o.work / "load.jsonl"
    arguments = [BMUNET, "predict", "--model", str(o.work / "bmu.safetensors"), "--exams", "share/demo/exams.csv", "--json", str(out), "--threads",
                 str(o.threads)]
    started = time.perf_counter()
    done = subprocess.run(arguments, capture_output=True, text=True)
    wall = time.perf_counter() - started
    if done.returncode not in (0, 2):
        print(f"\nthe load path could not be measured: {done.stderr.strip()[-300:]}")
        return None
    exams = [json.loads(line) for line in out.read_text().splitlines()]
    ok = [x for x in exams if x["status"] == "ok"]
    print(f"\nFrom files (bmunet predict --threads {o.threads} on share/demo/exams.csv, model loaded in the same time): {len(exams)} exams, {wall:.2f} s"
          f"\n{'exam':<28} {'views':>5}" + "".join(f" {k + ' ms':>11}" for k in ok[0]["times_ms"]))
    for x in ok:
        views = sum(1 for i in x["inputs"] if i["status"] == "used")
        print(f"{x['exam_id']:<28} {views:>5}" + "".join(f" {v:>11.1f}" for v in x["times_ms"].values()))
    return {"wall_s": wall, "exams": len(exams), "times_ms": {x["exam_id"]: x["times_ms"] for x in ok}}


def machine():
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", info)
    family, number = (re.search(rf"^{key}\s*:\s*(\d+)", info, re.M) for key in ("cpu family", "model"))
    flags = re.search(r"^flags\s*:\s*(.*)", info, re.M)
    wanted = [f for f in (flags.group(1).split() if flags else []) if re.match(r"avx|amx|fma$", f)]
    library = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", "libdnnl-dev"], capture_output=True, text=True).stdout.strip()
    return {"cpu": model.group(1).strip() if model else "unknown", "family": family.group(1) if family else "", "model": number.group(1) if number else "",
            "flags": wanted, "processors": len(os.sched_getaffinity(0)), "onednn": library, "load_average": os.getloadavg()[0]}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("race", nargs="?", choices=RACES, default="infer")
    p.add_argument("--work", type=Path, default=Path("build/bench"))
    p.add_argument("--runs", type=int)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--only", type=lambda s: s.split(","))
    p.add_argument("--no-save", action="store_true")
    o = p.parse_args()
    which, o.race = o.race, RACES[o.race]
    o.runs = o.runs or o.race["runs"]
    o.only = o.only or list(o.race["contenders"])
    if [n for n in o.only if n not in o.race["contenders"]]:
        p.error(f"--only takes {','.join(o.race['contenders'])}")
    host = machine()
    print(f"{host['cpu']}, family {host['family']} model {host['model']}, {host['processors']} processors, load {host['load_average']:.2f}; "
          f"{host['onednn'] or 'oneDNN of unknown version'}")
    results = race(o)
    check_peers(results, o)
    for title, names in o.race["tables"]:
        if results.keys() & set(names):
            print_table(title, [n for n in names if n in results], results, o)
    record = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "race": which, "machine": host, "threads": o.threads,
              "runs": o.runs, "rounds": o.rounds, "results": results, "goals": print_goals(results, o),
              "layers": {n: layers(n, o) for n in o.race["layers"] if n in results}}
    if which == "infer":
        record["load_path"] = load_path(o)
    if not o.no_save:
        cpu = re.sub(r"[^a-z0-9]+", "-", host["cpu"].lower()).strip("-")
        path = BENCH / "results" / f"{record['date'][:10]}-{o.race['suffix']}{cpu}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(record, indent=1) + "\n")
        print(f"\nwritten: {path}")


if __name__ == "__main__":
    main()
