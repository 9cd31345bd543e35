#!/usr/bin/python3
"""Does de-identification make a file invalid that was not? Every DICOM file of FOLDER is de-identified, and dicom3tools' dciodvfy is asked of both.
Usage: dciodvfy_check.py BMUNET FOLDER  (needs dciodvfy). Prints each error that the new file has and the old one had not; exit 1 if there is one.

Errors are compared without the values that they quote, and counted: an attribute that is wrong in three places may not be so in four. Left out is what
follows from the pixels being decoded (a palette becomes RGB, a compressed stream uncompressed).
"""
import collections
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def errors(path):
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, errors="replace").stderr
    found = collections.Counter()
    for line in said.splitlines():
        if line.startswith("Error"):
            line = re.sub(r"<[\d.]+>|value <[^>]*>|= '[^']*'.*", "", line)
            found[re.sub(r"\s+", " ", line).strip()] += 1
    return found


def main(bmunet, folder):
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        report = Path(work) / "report.jsonl"
        done = subprocess.run([bmunet, "deidentify", folder, f"{work}/out", "--keep-burned-in", "--json", str(report)], capture_output=True, text=True)
        assert done.returncode in (0, 2), done.stderr
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        for line in lines:
            if line["written"]:
                new = errors(line["written"]) - errors(Path(folder) / line["path"])
                bad += len(new) > 0
                for text, n in new.items():
                    print(f"{line['path']}: {n} x {text}")
    print(f"{sum(1 for l in lines if l['written'])} files written, {bad} with new errors")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
