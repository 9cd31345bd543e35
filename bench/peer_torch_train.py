#!/usr/bin/python3
"""PyTorch's training step: one warm-up and RUNS timed steps, one JSON line.
Usage: peer_torch_train.py exam|trunk nchw|channels_last|nchw-bf16|channels_last-bf16 THREADS RUNS

exam: the fused network on one whole exam, batch 1. trunk: one ResNet-18 trunk and a linear layer, 32 images of 224 x 224. A step is zero_grad,
forward, cross-entropy with label smoothing 0.1, backward, AdamW. bf16 is autocast: weights and optimiser stay float32.
"""
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "oracle"))
import net as oracle  # noqa: E402
import step_net  # noqa: E402

BATCH = 32


def exam():
    """(network, its images, what else it takes, labels): the first case of tests/golden/step/bmu_full.json."""
    mg, us, clinical = oracle.exam("exam-1")
    net = oracle.fill(step_net.Bmu())
    return net, mg + us, lambda images: net(images[:2], images[2:], clinical, torch.ones(1, 8, dtype=torch.bool)), torch.tensor([2])


def trunk():
    net = oracle.fill(torch.nn.Sequential(oracle.trunk(), torch.nn.Flatten(), torch.nn.Linear(512, 5)))
    x = torch.from_numpy(oracle.hash_uniform("trunk.input", BATCH * 3 * 224 * 224)).float().reshape(BATCH, 3, 224, 224)
    return net, [x], lambda images: net(images[0]), torch.arange(BATCH) % 5


def main():
    what, how, threads, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    net, images, forward, labels = {"exam": exam, "trunk": trunk}[what]()
    step_net.train_mode(net)
    if how.startswith("channels_last"):
        net.to(memory_format=torch.channels_last)
        images = [x.contiguous(memory_format=torch.channels_last) for x in images]
    optimiser = step_net.optimiser(net)
    seconds, losses = [], []
    for i in range(runs + 1):
        started = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)  # the faster way, and PyTorch 2's default
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=how.endswith("bf16")):
            logits = forward(images)
        loss = step_net.loss_of(logits.float(), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if i:
            seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "version": torch.__version__,
                      "losses": losses}))


if __name__ == "__main__":
    main()
