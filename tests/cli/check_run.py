#!/usr/bin/python3
"""A reader of a training run's folder, written from docs/FORMATS.md. Usage: check_run.py FOLDER [--epochs N] [--checkpoints N]"""
import argparse
import hashlib
import json
import re
import struct
import sys
from pathlib import Path

FORMATS = Path(__file__).resolve().parents[2] / "docs" / "FORMATS.md"


def check(holds, what):
    if not holds:
        sys.exit(f"{options.folder}: {what}")


def safetensors(path):
    """Metadata, and the arrays' types, shapes and bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    body = data[8 + length:]
    check(max(x["data_offsets"][1] for x in header.values()) == len(body), f"{path.name} is cut off")
    return metadata, {name: (x["dtype"], x["shape"], body[slice(*x["data_offsets"])]) for name, x in header.items()}


def documented(section):
    """The words in the first column of the tables below this heading."""
    text = FORMATS.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    keys = {}
    for part in re.split(r"\n### ", text):
        rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
        keys[part.splitlines()[0]] = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
    return keys


def check_checkpoint(path, keys):
    metadata, arrays = safetensors(path)
    check(set(metadata) == keys["Checkpoints"], f"{path.name}: its metadata has {sorted(metadata)}")
    state = json.loads(metadata["bmunet.train.state"])
    check(set(state) == keys["A checkpoint's state"], f"{path.name}: its state has {sorted(state)}")
    check(path.name == f"checkpoint-{state['saved'] % 2}.safetensors", f"{path.name} says that it is number {state['saved']}")
    extra = {name for name in arrays if name.startswith("train.")}
    check({"train.steps"} <= extra <= keys["Arrays of a checkpoint"], f"{path.name}: its arrays include {sorted(extra)}")
    digest = hashlib.sha256(metadata["bmunet.train.state"].encode())
    for name in sorted(arrays):
        digest.update(name.encode() + b"\0" + arrays[name][2])
    check(digest.hexdigest() == metadata["bmunet.train.sha256"], f"{path.name}: another SHA-256 than it says")
    return state


def check_record(record, keys, where):
    check(set(record) == keys["log.jsonl"], f"{where} has {sorted(set(record) ^ keys['log.jsonl'])} too many or too few")
    for name, group in record["by_availability"].items():
        check(set(name.split("+")) <= {"mg", "bmode", "doppler", "elasto"}, f"{where}: availability {name}")
        check(set(group) == {"exams", "malignant", "auc"}, f"{where}: availability {name} has {sorted(group)}")


def check_model(path, keys):
    metadata, _ = safetensors(path)
    training = json.loads(metadata["bmunet.training"])
    check(set(training) == keys["bmunet.training"], f"{path.name}: bmunet.training has {sorted(training)}")
    check(metadata["bmunet.card"].startswith("# Model card"), f"{path.name}: no card")
    return metadata["bmunet.card"]


def main():
    keys = documented("A training run's folder")
    states = [check_checkpoint(path, keys) for path in sorted(options.folder.glob("checkpoint-?.safetensors"))]
    check(options.checkpoints is None or len(states) >= options.checkpoints, f"{len(states)} checkpoints")
    if options.epochs is None:
        return
    newest = max(states, key=lambda s: s["saved"])
    check(newest["finished"] and newest["epoch"] == options.epochs, "it is not finished")
    records = [json.loads(line) for line in (options.folder / "log.jsonl").read_text().splitlines()]
    check([r["epoch"] for r in records] == list(range(options.epochs)), "log.jsonl has not one line per epoch")
    check(records == newest["epochs"], "log.jsonl is not what the checkpoint says")
    for record in records:
        check_record(record, keys, "log.jsonl")
    check_model(options.folder / "last.safetensors", keys)
    check_model(options.folder / "best.safetensors", keys)
    check((options.folder / "curves.svg").read_text().startswith("<?xml"), "curves.svg is no picture")
    check((options.folder / "card.md").read_text().startswith("# Model card"), "card.md is no card")


parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--epochs", type=int)
parser.add_argument("--checkpoints", type=int)
options = parser.parse_args()
main()
