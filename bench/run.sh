#!/bin/sh
# ./dev bench: one whole exam (two mammograms of 2294 x 1280, six ultrasound views of 224 x 224), batch 1, against ONNX Runtime and PyTorch, in one run.
# ./dev bench stats: the bootstrap against pROC (bench/stats.sh).
# ./dev bench train: the training step of such an exam, and of one trunk with 32 images, against PyTorch.
# ./dev bench decode: a DICOM mammogram from bytes to the network's input, against pydicom with GDCM, numpy and Pillow (bench/decode.py).
# Usage: run.sh [train|decode|stats] [--runs N] [--rounds 3] [--threads 2] [--only NAME,NAME...] [--no-save]   (names: see bench/round.py)
# Installs nothing but onnxruntime-node, of the version in bench/package-lock.json and without its install scripts, into build/bench.
set -eu
cd "$(dirname -- "$0")/.."
work=build/bench
python=/usr/bin/python3 # Debian's, which has torch
mkdir -p "$work"

if [ "${1:-}" = decode ]; then
    shift
    exec $python bench/decode.py --work "$work" "$@"
fi
if [ "${1:-}" = stats ]; then
    shift
    exec sh bench/stats.sh "$@"
fi
[ "${1:-}" != train ] || exec $python bench/round.py "$@" --work "$work"

if ! cmp -s bench/package-lock.json "$work/package-lock.json" || [ ! -d "$work/node_modules/onnxruntime-node/bin" ]; then
    cp bench/package.json bench/package-lock.json "$work/"
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
        echo "ONNX Runtime could not be installed; the other peers are measured without it" >&2
fi
if [ ! -f "$work/logits.json" ] || [ tests/oracle/net.py -nt "$work/logits.json" ] || [ bench/export_onnx.py -nt "$work/logits.json" ]; then
    $python bench/export_onnx.py "$work"
fi
build/release/bmunet import --from "$work/bmu.bin" --network bmu --variant masked --out "$work/bmu.safetensors" >/dev/null
exec $python bench/round.py --work "$work" "$@"
