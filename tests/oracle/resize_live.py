#!/usr/bin/python3
"""./dev parity, part 4: our resize against Pillow on fresh random sizes, and prepared real images against Pillow and PyTorch, live.
Usage: resize_live.py [SEED] (default: the time; it is printed). Run under Debian's /usr/bin/python3 from the root of the repository."""
import os
import subprocess
import sys
import time
from pathlib import Path

import image_oracle as oracle

TESTS = Path("build/release/tests")


def ask(program, lines):
    done = subprocess.run([TESTS / program, "--live"], input="".join(line + "\n" for line in lines), capture_output=True, text=True, check=True)
    answers = done.stdout.split()
    if len(answers) != len(lines):
        sys.exit(f"{program}: {len(answers)} answers to {len(lines)} questions")
    return answers


def resizes(seed):
    cases = oracle.resize_cases(200, seed)
    asked = ["{mode} {src_w} {src_h} {dst_w} {dst_h} {seed}".format(**c) for c in cases]
    wrong = [line for line, c, ours in zip(asked, cases, ask("t_resize", asked)) if ours != oracle.pillow_resize(c)]
    print(f"resize, seed {seed}: {len(cases)} pairs of sizes, {len(wrong)} unlike Pillow {oracle.PILLOW}")
    return wrong


def real():
    data = Path(os.environ.get("BMUNET_DATA", "../shared/data"))
    images = list(oracle.real_images(data))
    if not images:
        print(f"real images: skipped, none under {data} (BMUNET_DATA)")
        return []
    full = oracle.Profile(2294, 1280, 224, 224)
    asked = [f"{slot} {data / path}" for slot, path in images]
    wrong = [line for line, ours, (slot, path) in zip(asked, ask("t_prep", asked), images)
             if ours != oracle.prepared(oracle.pillow_pixels(data / path), slot, full)]
    print(f"real images, file to tensor: {len(images)}, {len(wrong)} unlike Pillow and PyTorch")
    return wrong


if __name__ == "__main__":
    found = resizes(int(sys.argv[1]) if len(sys.argv) > 1 else int(time.time())) + real()
    for line in found:
        print("  differs:", line)
    sys.exit(1 if found else 0)
