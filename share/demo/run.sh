#!/bin/sh
# Shows the program on six drawn phantoms: an untrained model, a table of predictions, what the model file says. Usage: run.sh [PROGRAM]
set -eu
cd "$(dirname -- "$0")/../.."
bmunet=${1:-build/release/bmunet}
out=build/demo
mkdir -p "$out"

echo "== 1. A model. There are no public trained weights, so this one has random numbers for weights: it shows the machinery, nothing else."
"$bmunet" init --network bmu --variant masked --seed 1 --out "$out/untrained.safetensors"

echo
echo "== 2. Six exams of drawn phantoms (share/demo/exams.csv): all views, one kind only, a mixture, and one whose file is cut off."
status=0
"$bmunet" predict --model "$out/untrained.safetensors" --exams share/demo/exams.csv || status=$?
[ "$status" = 2 ] || { echo "demo: exit status $status, where 2 was due: one exam has a damaged file and must be refused" >&2; exit 1; }
echo "(exit status 2: one exam was refused, as it should be; the others were still computed)"

echo
echo "== 3. The same, to files: one row per exam, and one JSON object per exam with what became of each input."
"$bmunet" predict --model "$out/untrained.safetensors" --exams share/demo/exams.csv --out "$out/predictions.csv" \
    --json "$out/predictions.jsonl" 2>/dev/null || [ $? = 2 ]

echo
echo "== 4. What the model file says of itself."
"$bmunet" info "$out/untrained.safetensors" 2>/dev/null

cat <<NEXT

Next:
  $bmunet import --from CHECKPOINT.bin --network bmu --out bmu.safetensors    your PyTorch weights as a model file
  $bmunet predict --model bmu.safetensors --exams exams.csv --out predictions.csv --json predictions.jsonl
  $bmunet help predict      the table of exams: docs/FORMATS.md; converters for public data sets: share/examples/
  $bmunet bench infer       seconds and memory of a whole exam on this machine
NEXT
