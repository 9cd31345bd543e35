#!/usr/bin/python3
"""PyTorch on the whole exam: one warm-up and RUNS timed runs, one JSON line. Usage: peer_torch.py nchw|channels_last|bf16 THREADS RUNS"""
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "oracle"))
import net as oracle  # noqa: E402


@torch.inference_mode()
def main():
    how, threads, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    net = oracle.fill(oracle.Bmu())
    mg, us, clinical = oracle.exam("exam-1")
    present = torch.ones(1, 8, dtype=torch.bool)
    if how != "nchw":
        net = net.to(memory_format=torch.channels_last)
        mg, us = ([x.contiguous(memory_format=torch.channels_last) for x in views] for views in (mg, us))
    seconds = []
    for i in range(runs + 1):
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=how == "bf16"):
            logits = net(mg, us, clinical, present)
        if i:
            seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "version": torch.__version__,
                      "logits": logits[0].double().tolist()}))


if __name__ == "__main__":
    main()
