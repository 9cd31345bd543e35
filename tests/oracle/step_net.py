"""The networks of net.py as they train, written from docs/MODEL.md and the specification (not from our C code): the oracle of the training step.

Same keys, same arithmetic after the trunks. What differs is what reaches a trunk: the views that are there, of all exams of the batch, stacked
as one batch (exam-major, then slot order; batch-norm's statistics do not depend on the order). So batch-norm sees present views only, an absent
view is no token, and a trunk without any view in the batch does not run: its gradients are zero, its running statistics stay. Variant
`reference` is the same network with every view given. No dropout: parity is without it.
"""
import torch
from torch import nn

import net as oracle


def packed(tower, views, present, d):
    """One tower over its views that are there. views: list of [n, 3, h, w], present: [n, len(views)] of bool. Features [n, len(views), d], 0 where absent."""
    at = present.nonzero()
    if len(at) == 0:
        return torch.zeros(*present.shape, d, dtype=views[0].dtype)
    f = tower(torch.cat([views[slot][exam:exam + 1] for exam, slot in at.tolist()]))  # cat of slices keeps channels-last
    return f.new_zeros(*present.shape, d).index_put((at[:, 0], at[:, 1]), f)


class Bmu(oracle.Bmu):
    """forward(mg, us, clinical, present) as in net.py; what lies in an absent view's place is not read."""
    def forward(self, mg, us, clinical, present):
        d = self.layer_norm.normalized_shape[0]
        f = [packed(getattr(self, f"model{t + 1}"), (mg + us)[2 * t:2 * t + 2], present[:, 2 * t:2 * t + 2], d) for t in range(4)]
        return self.fuse(f[0], torch.cat(f[1:], 1), clinical, present)


Mg = oracle.Mg  # all views; it sends both as one batch already


class Us(oracle.Us):
    """All views; forward(us)."""
    def forward(self, views):
        n, d = len(views[0]), self.head[3].out_features
        present = torch.ones(n, 2, dtype=torch.bool)
        f = [packed(getattr(self, f"model{t + 2}"), views[2 * t:2 * t + 2], present, d) for t in range(3)]
        return self.head(torch.cat(f, 1).flatten(1))


def train_mode(net):
    """Batch statistics, but no dropout."""
    net.train()
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.eval()
    return net


def loss_of(logits, labels):
    return nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)


def optimiser(net):
    """PyTorch passes over a parameter without gradient: a trunk that did not run does not decay either."""
    return torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.1, betas=(0.9, 0.95), eps=1e-8)
