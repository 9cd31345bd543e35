#!/usr/bin/python3
"""The race: every contender in its own process, one after the other, the whole round several times.

Each process warms up once and times RUNS exams; what counts is the median over the rounds of the medians over the runs. Prints the tables and writes bench/results/DATE-CPU.json. Called by bench/run.sh.
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

# name -> (what it is, arguments of `bmunet bench infer` or the peer's command)
OURS = {"bmunet": [], "bmunet-bf16": ["--precision", "bf16"], "bmunet-exact": ["--exact"]}
PEERS = {"onnxruntime": "fp32", "torch-channels-last": "fp32", "torch-nchw": "fp32", "torch-bf16": "bf16"}
ORDER = ["bmunet", "onnxruntime", "torch-channels-last", "torch-nchw", "torch-bf16", "bmunet-bf16", "bmunet-exact"]
GOALS = [("bmunet", "onnxruntime", 3.0), ("bmunet", "torch-channels-last", 4.0), ("bmunet-bf16", "torch-bf16", 1.5)]
MEMORY_GOAL_MB = 900


def command(name, o):
    if name in OURS:
        return [BMUNET, "bench", "infer", "--json", "--model", str(o.work / "bmu.safetensors"), "--threads", str(o.threads), "--runs",
                str(o.runs)] + OURS[name]
    if name == "onnxruntime":
        return ["node", str(BENCH / "peer_onnx.js"), str(o.work), str(o.threads), str(o.runs)]
    how = {"torch-channels-last": "channels_last", "torch-nchw": "nchw", "torch-bf16": "bf16"}[name]
    return ["/usr/bin/python3", str(BENCH / "peer_torch.py"), how, str(o.threads), str(o.runs)]


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
            got = run(command(name, o), o)
            median = (got.get("median_s") or statistics.median(got["seconds"])) if got else None
            print(f" {median:.3f} s" if got else " failed", file=sys.stderr, flush=True)
            if got:
                r = results.setdefault(name, {"medians_s": [], "peak_rss_mb": 0.0})
                r["medians_s"].append(median)
                r["peak_rss_mb"] = max(r["peak_rss_mb"], got["peak_rss_mb"])
                r.update({k: got[k] for k in ("version", "logits") if k in got})
    for r in results.values():
        r["median_s"] = statistics.median(r["medians_s"])
    return results


def check_peers(results, o):
    """A peer that computes something else has not been raced against."""
    want = json.loads((o.work / "logits.json").read_text())["logits"]
    for name, r in results.items():
        if "logits" not in r:
            continue
        r["logits_off"] = max(abs(a - b) / max(1, abs(b)) for a, b in zip(r["logits"], want))
        allowed = 0.05 if "bf16" in name else 1e-4
        if not r["logits_off"] <= allowed:
            sys.exit(f"{name}: its logits are off by {r['logits_off']:.2g}: it does not compute the same network")


def print_race(results, o):
    print(f"\nOne whole exam, batch 1, {o.threads} threads; seconds: median of {o.runs} runs, median of {o.rounds} rounds; peak resident memory\n")
    base = {p: results[p]["median_s"] for p in PEERS if p in results}
    print(f"{'':<20} {'s':>7} {'MB':>6}" + "".join(f"  x {p:<19}" for p in base))
    for name in o.only:
        if name in results:
            r = results[name]
            print(f"{name:<20} {r['median_s']:>7.3f} {r['peak_rss_mb']:>6.0f}" + "".join(f"  {b / r['median_s']:<21.2f}" for b in base.values()))
    print()
    goals = []
    for ours, peer, factor in GOALS:
        if ours in results and peer in results:
            ratio = results[peer]["median_s"] / results[ours]["median_s"]
            goals.append({"ours": ours, "peer": peer, "goal": factor, "ratio": ratio, "met": ratio >= factor})
            print(f"{ours} against {peer}: {ratio:.2f} x faster, goal {factor} x: {'met' if ratio >= factor else 'MISSED'}")
    if "bmunet" in results:
        mb = results["bmunet"]["peak_rss_mb"]
        print(f"peak resident of the whole exam, fp32: {mb:.0f} MB, goal under {MEMORY_GOAL_MB}: {'met' if mb < MEMORY_GOAL_MB else 'MISSED'}")
    return goals


def layers(o):
    got = run(command("bmunet", o) + ["--layers"], o)
    if not got:
        return []
    print(f"\nWhere our time goes (fp32; GFLOP/s counted as direct convolution on all input channels)\n\n{'layer':<44} {'ms':>8} {'GFLOP/s':>8}  algorithm")
    rest = 0.0
    for layer in sorted(got["layers"], key=lambda x: -x["ms"]):
        if layer["ms"] >= 2:
            print(f"{layer['name']:<44} {layer['ms']:>8.2f} {layer['gflops']:>8.0f}  {layer['algorithm']}")
        else:
            rest += layer["ms"]
    print(f"{'all the others':<44} {rest:>8.2f}")
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
    p.add_argument("--work", type=Path, default=Path("build/bench"))
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--only", type=lambda s: s.split(","), default=ORDER)
    p.add_argument("--no-save", action="store_true")
    o = p.parse_args()
    if [n for n in o.only if n not in ORDER]:
        p.error(f"--only takes {','.join(ORDER)}")
    host = machine()
    print(f"{host['cpu']}, family {host['family']} model {host['model']}, {host['processors']} processors, load {host['load_average']:.2f}; "
          f"{host['onednn'] or 'oneDNN of unknown version'}")
    results = race(o)
    check_peers(results, o)
    goals = print_race(results, o)
    record = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": host, "threads": o.threads,
              "runs": o.runs, "rounds": o.rounds, "results": results, "goals": goals, "layers": layers(o), "load_path": load_path(o)}
    if not o.no_save:
        cpu = re.sub(r"[^a-z0-9]+", "-", host["cpu"].lower()).strip("-")
        path = BENCH / "results" / f"{record['date'][:10]}-{cpu}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(record, indent=1) + "\n")
        print(f"\nwritten: {path}")


if __name__ == "__main__":
    main()
