#!/bin/sh
# ./dev parity: everything that PyTorch and Pillow can say about us, live. Usage: parity.sh [--small]   (--small: without the full-size networks)
# 1. the committed goldens are made again and compared, those of the training step too (full size: about ten minutes); 2. the C tests against them;
# 3. checkpoints by torch.save -> bmunet import -> bmunet predict on ten real exams, against Pillow and PyTorch from file to probability; 4. resize
# against Pillow. Parts whose data is absent say so and are skipped.
set -eu
cd "$(dirname -- "$0")/../.."
python=/usr/bin/python3 # Debian's, which has torch and PIL
bmunet=build/release/bmunet
data=${BMUNET_DATA:-../shared/data}
work=build/oracle
threads=${THREADS:-2}
mkdir -p "$work"
small=
[ "${1:-}" != --small ] || small=1

echo "== 1. goldens, made again by PyTorch"
if [ "$small" ]; then only="mg_small us_small bmu_small token_small"; else only="mg_small us_small bmu_small token_small us_full mg_full bmu_full"; fi
# shellcheck disable=SC2086 # a list of names
$python tests/oracle/make_golden.py --threads "$threads" --compare tests/golden/net --only $only

steps="mg_small us_small bmu_small token_small pattern_small"
# shellcheck disable=SC2086 # lists of names
$python tests/oracle/make_step_golden.py --threads "$threads" --compare tests/golden/step --only $steps $([ "$small" ] || echo bmu_full)
# shellcheck disable=SC2086
$python tests/oracle/make_step_golden.py --threads "$threads" --dump "$work/step" --only $steps

echo "== 2. the C tests against the goldens"
build/release/tests/t_step_golden "$work/step" 2>&1
build/release/tests/t_parity 2>&1
[ "$small" ] || build/release/tests/t_parity_full 2>&1

echo "== 3. checkpoint -> import -> predict on real exams, against Pillow and PyTorch"
if [ -d "$data/BrEaST" ] && [ -d "$data/BUS-BRA" ] && [ -d "$data/mammo-4view" ]; then
    [ -f "$work/bmu.bin" ] && [ -f "$work/us.bin" ] && [ -f "$work/mg.bin" ] || $python tests/oracle/make_golden.py --checkpoints "$work"
    sh share/examples/breast_to_exams.sh "$data/BrEaST" >"$work/breast.csv"
    sh share/examples/busbra_to_exams.sh "$data/BUS-BRA" >"$work/busbra.csv"
    sh share/examples/fourview_to_exams.sh "$data/mammo-4view" >"$work/mammo.csv"
    real() { # network, options, tables
        network=$1 options=$2
        shift 2
        "$bmunet" import --from "$work/$network.bin" --network "$network" --variant reference --out "$work/$network.safetensors"
        echo "-- network $network${options:+ $options}"
        # shellcheck disable=SC2086 # nothing, or an option
        $python tests/oracle/parity_real.py --bmunet "$bmunet" --model "$work/$network.safetensors" --checkpoint "$work/$network.bin" --network "$network" \
            --work "$work/real-$network" --threads "$threads" $options "$@"
    }
    real bmu "" "$work/breast.csv:4" "$work/busbra.csv:4" "$work/mammo.csv:2"
    real bmu --exact "$work/mammo.csv:2"
    real us "" "$work/busbra.csv:2"
    real mg "" "$work/mammo.csv:2"
else
    echo "skipped: the public data sets are not at $data (set BMUNET_DATA)"
fi

echo "== 4. resize against Pillow"
if [ -f tests/oracle/resize_live.py ]; then
    $python tests/oracle/resize_live.py
else
    echo "skipped: tests/oracle/resize_live.py is not there"
fi
echo "== 5. statistics against R"
sh tests/oracle/stats_live.sh
echo "parity: all within the tolerances"
