#!/usr/bin/python3
"""What the peers need, into one folder: bmu.bin (torch.save), bmu.onnx, exam.f32 (one exam's tensors and clinical values, end to end) and the logits
that PyTorch gives for it (logits.json). Usage: export_onnx.py FOLDER"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "oracle"))
import net as oracle  # noqa: E402

NAMES = ["mg1", "mg2"] + oracle.US_SLOTS + ["clinical"]


class Whole(torch.nn.Module):
    """All views present: what a peer without masks computes."""
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, *x):
        return self.net(list(x[:2]), list(x[2:8]), x[8], torch.ones(1, 8, dtype=torch.bool))


@torch.no_grad()
def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    net = oracle.fill(oracle.Bmu())
    mg, us, clinical = oracle.exam("exam-1")
    inputs = (*mg, *us, clinical)
    torch.save(net.state_dict(), folder / "bmu.bin")
    np.concatenate([x.numpy().ravel() for x in inputs]).astype("<f4").tofile(folder / "exam.f32")
    whole = Whole(net)
    logits = whole(*inputs)[0].double().tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(whole, inputs, str(folder / "bmu.onnx"), opset_version=14, input_names=NAMES, output_names=["logits"])
    (folder / "logits.json").write_text(json.dumps({"shapes": {n: list(x.shape) for n, x in zip(NAMES, inputs)}, "logits": logits}) + "\n")


if __name__ == "__main__":
    main()
