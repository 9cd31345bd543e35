"""The network in PyTorch, written from docs/MODEL.md's specification (not from our C code): the oracle.

Run under /usr/bin/python3 (Debian's python3-torch). Every module name below is a state-dict key of the
published checkpoints. `width` and `dim` shrink the network for quick tests; 64 and 512 are the real ones.
"""
import math
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

US_SLOTS = ["us3", "us4", "us5", "us6", "us7", "us8"]


class Basic(nn.Module):
    """torchvision BasicBlock: same children, same order, same keys."""
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        if stride != 1 or cin != cout:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))
        else:
            self.downsample = None

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def trunk(width=64):
    w = width
    stage = lambda cin, cout, s: nn.Sequential(Basic(cin, cout, s), Basic(cout, cout, 1))
    return nn.Sequential(nn.Conv2d(3, w, 7, 2, 3, bias=False), nn.BatchNorm2d(w), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
                         stage(w, w, 1), stage(w, 2 * w, 2), stage(2 * w, 4 * w, 2), stage(4 * w, 8 * w, 2),
                         nn.AdaptiveAvgPool2d(1))


class Tower(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.backbone = trunk(width)

    def forward(self, x):
        return self.backbone(x).flatten(1)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, present):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = (q * self.scale) @ k.transpose(-2, -1)
        a = a.masked_fill(~present[:, None, None, :], -math.inf).softmax(-1)
        return self.proj((a @ v).transpose(1, 2).reshape(b, t, d))


class Mlp(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim)

    def forward(self, x, present):
        x = x + self.attn(self.norm1(x), present)
        return x + self.mlp(self.norm2(x))


class Mg(nn.Module):
    """Mammography pretraining network: features of CC then MLO, concatenated."""
    def __init__(self, width=64):
        super().__init__()
        d = 8 * width
        self.backbone = trunk(width)
        self.head = nn.Sequential(nn.Linear(2 * d, d), nn.ReLU(), nn.Dropout(0.5), nn.Linear(d, 5))

    def forward(self, views):
        f = self.backbone(torch.cat(views)).flatten(1)
        n = len(views[0])
        return self.head(torch.cat([f[:n], f[n:]], 1))


class Us(nn.Module):
    """Ultrasound pretraining network: features of us3 .. us8, concatenated."""
    def __init__(self, width=64):
        super().__init__()
        d = 8 * width
        self.model2, self.model3, self.model4 = Tower(width), Tower(width), Tower(width)
        self.head = nn.Sequential(nn.Linear(6 * d, 4 * d), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4 * d, d), nn.ReLU(),
                                  nn.Dropout(0.5), nn.Linear(d, 5))

    def forward(self, views):
        towers = [self.model2, self.model2, self.model3, self.model3, self.model4, self.model4]
        return self.head(torch.cat([t(v) for t, v in zip(towers, views)], 1))


class Bmu(nn.Module):
    """The fused network. forward(mg, us, clinical, present): mg = [CC, MLO], us = six views, present [n, 8] of bool.

    `reference` passes present = all true with black images; `masked` (the twin) masks absent views out of the
    attention and the pooling. clinical_fields > 0 builds the clinical token instead of the raw concatenation.
    """
    def __init__(self, width=64, clinical=10, token_inputs=0):
        super().__init__()
        d = 8 * width
        self.model1, self.model2, self.model3, self.model4 = (Tower(width) for _ in range(4))
        self.model1.head = nn.Sequential(nn.Linear(2 * d, d), nn.ReLU(), nn.Dropout(0.5), nn.Linear(d, 5))
        self.mg_modal_position_embeddings = nn.Parameter(torch.zeros(1, 2, d))
        self.us_modal_position_embeddings = nn.Parameter(torch.zeros(1, 6, d))
        self.multi_modal_position_embeddings = nn.Parameter(torch.zeros(1, 3 if token_inputs else 2, d))
        self.mg_modal_transformer, self.us_modal_transformer, self.multi_modal_transformer = (Block(d) for _ in range(3))
        self.layer_norm = nn.LayerNorm(d)
        self.token = token_inputs > 0
        if self.token:
            self.clinical_token = Mlp2(token_inputs, d)
        self.head = nn.Linear(d + (0 if self.token else clinical), 5)

    def pool(self, block, tokens, position, present):
        x = self.layer_norm(block(tokens + position, present))
        m = present[:, :, None].to(x.dtype)
        return (torch.where(m > 0, x, torch.zeros_like(x))).sum(1) / m.sum(1).clamp(min=1)

    def forward(self, mg, us, clinical, present):
        n = len(clinical)
        towers = [self.model2, self.model2, self.model3, self.model3, self.model4, self.model4]
        f = self.model1(torch.cat(mg))
        return self.fuse(torch.stack([f[:n], f[n:]], 1), torch.stack([t(v) for t, v in zip(towers, us)], 1), clinical, present)

    def fuse(self, mgt, ust, clinical, present):
        """All that follows the trunks: features [n, 2, d] and [n, 6, d], one row per view, to logits."""
        pm, pu = present[:, :2], present[:, 2:]
        safe = lambda p: p | ~p.any(1, keepdim=True)   # a fully absent modality must not make NaN; its token is dropped below
        mp = self.pool(self.mg_modal_transformer, mgt, self.mg_modal_position_embeddings, safe(pm))
        up = self.pool(self.us_modal_transformer, ust, self.us_modal_position_embeddings, safe(pu))
        tokens, pp = [mp, up], [pm.any(1), pu.any(1)]
        if self.token:
            tokens.append(self.clinical_token(clinical))
            pp.append(torch.ones_like(pp[0]))
        x = self.pool(self.multi_modal_transformer, torch.stack(tokens, 1), self.multi_modal_position_embeddings,
                      torch.stack(pp, 1))
        return self.head(x if self.token else torch.cat([x, clinical], 1))


class Mlp2(nn.Module):
    """Clinical token: standardised values and missing flags -> fc1 -> GELU -> fc2."""
    def __init__(self, nin, d):
        super().__init__()
        self.fc1 = nn.Linear(nin, d)
        self.fc2 = nn.Linear(d, d)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


# --- numbers anybody can make again: an integer hash of (name, index), the same in tests/t_support.c ---------------
def hash_uniform(name, n):
    """n doubles in [-1, 1): splitmix64 finaliser of FNV-1a(name) + (i+1)*golden, top 24 bits."""
    h = 0xCBF29CE484222325
    for c in name.encode():
        h = ((h ^ c) * 0x100000001B3) & (2 ** 64 - 1)
    with np.errstate(over="ignore"):
        z = np.uint64(h) + (np.arange(1, n + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) - 8388608.0) / 8388608.0


def fill(net):
    """Weights with non-trivial batch-norm statistics, each a function of its key alone."""
    with torch.no_grad():
        for key, t in net.state_dict().items():
            if key.endswith("num_batches_tracked"):
                t.fill_(1000)
                continue
            u = hash_uniform(key, t.numel())
            if key.endswith("running_var"):
                v = 1.0 + 0.5 * u
            elif key.endswith("running_mean"):
                v = 0.2 * u
            elif key.endswith("position_embeddings"):
                v = 0.5 * u
            elif t.dim() >= 2:
                v = u * math.sqrt((6.0 if t.dim() == 4 else 3.0) / (t.numel() // t.shape[0]))
            elif key.endswith("weight"):
                v = (0.5 + 0.1 * u) if ".bn2." in key else (1.0 + 0.25 * u)
            else:
                v = 0.1 * u
            t.copy_(torch.from_numpy(v.astype(np.float32)).reshape(t.shape))
    return net.eval()


def mg_size(small):
    return (64, 48) if small else (2294, 1280)


def us_size(small):
    return (32, 32) if small else (224, 224)


def exam(name, small=False):
    """One exam's eight tensors (normalised as the network takes them) and ten clinical values."""
    mg = []
    for v in ("mg1", "mg2"):
        h, w = mg_size(small)
        u = hash_uniform(name + "." + v, h * w).astype(np.float32).reshape(1, 1, h, w)
        mg.append(torch.from_numpy(np.repeat(u, 3, 1)))
    us = []
    for v in US_SLOTS:
        h, w = us_size(small)
        u = (0.5 + 0.5 * hash_uniform(name + "." + v, 3 * h * w)).astype(np.float32).reshape(1, 3, h, w)
        us.append(torch.from_numpy(u))
    clinical = torch.from_numpy(hash_uniform(name + ".clinical", 10).astype(np.float32))[None]
    return mg, us, clinical
