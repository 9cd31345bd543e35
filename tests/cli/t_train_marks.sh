#!/bin/sh
# Training with marks: patches, then whole pictures from them, on synthetic women; going on after a stop to the same bits; and what is refused.
. "$(dirname -- "$0")/common"
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2
expect 0 "$bmunet" synth --patients 24 --seed 3 --size small --out c
expect 0 "$bmunet" split --exams c/exams.csv --train .6 --val .4 --test 0 --no-pictures --out c/split.csv
sed -e 's/^name: marks/name: tiny/; s/width: 16/width: 8/; s/\[288, 160\]/[96, 64]/; s/\[128, 128\]/[64, 64]/' \
    -e 's/us: 12, mg: 9, bmu: 12, patch_mg: 24, patch_us: 12/us: 2, mg: 2, bmu: 2, patch_mg: 3, patch_us: 2/; s/average_parts: 16/average_parts: 2/' \
    -e 's/batch: 32/batch: 12/; s/part: 32/part: 6/' "$source_tree/share/presets/marks.yml" >tiny.yml
train() { "$bmunet" train --exams c/split.csv --marks c/marks.csv --preset ./tiny.yml --threads 2 --cache cache "$@"; }

# from patches to everything
expect 0 train --stage patch-mg --out pmg
prints '^marks: [0-9]+ lesions in [0-9]+ training pictures; nothing is known of where in 0 training exams'
expect 0 train --stage patch-us --out pus
expect 0 train --stage mg --init-patch pmg/best.safetensors --out mg
prints '[1-9][0-9]* from --init-patch'
expect 0 train --stage us --init-patch pus/best.safetensors --out us
expect 0 train --stage bmu --init-mg mg/best.safetensors --init-us us/best.safetensors --out bmu
expect 0 "$bmunet" predict --model bmu/best.safetensors --exams c/split.csv --split val --out p.csv
expect 0 "$bmunet" info mg/best.safetensors
prints '^evidence    maps of 2 kinds of lesions \(level class of the tree\), 16 pixels of a mammogram to a cell'
expect 0 "$bmunet" info pmg/best.safetensors
prints '^patches     trained on parts of pictures, 64 x 64 pixels'

# the same seed, the same bits; stopped and resumed, too
for stage in patch-mg mg; do
    [ $stage = mg ] && set -- --init-patch pmg/best.safetensors || set --
    first=$([ $stage = mg ] && echo mg || echo pmg)
    expect 0 train --stage $stage "$@" --out again-$stage
    cmp "$first/last.safetensors" "again-$stage/last.safetensors" || fail "stage $stage: the same seed, other bits"
    "$bmunet" train --exams c/split.csv --marks c/marks.csv --preset ./tiny.yml --threads 2 --cache cache --stage $stage "$@" --out stop-$stage \
        >log 2>err &
    pid=$!
    for _ in $(seq 400); do
        [ ! -e "stop-$stage/checkpoint-0.safetensors" ] && [ ! -e "stop-$stage/checkpoint-1.safetensors" ] && kill -0 $pid 2>/dev/null || break
        sleep 0.05
    done
    kill -TERM $pid 2>/dev/null || true
    status=0
    wait $pid || status=$?
    [ $status = 75 ] || [ $status = 0 ] || { cat err >&2; fail "stage $stage: stopped with status $status"; }
    expect 0 train --stage $stage "$@" --out stop-$stage --resume
    cmp "$first/last.safetensors" "stop-$stage/last.safetensors" || fail "stage $stage: stopped and resumed, other bits"
    cmp "$first/best.safetensors" "stop-$stage/best.safetensors" || fail "stage $stage: stopped and resumed, another best"
done

# other marks, another run: they are part of what a checkpoint belongs to
grep -v ',none,' c/marks.csv | sed 's/,T5,/,,/' >fewer.csv
expect 1 "$bmunet" train --exams c/split.csv --marks fewer.csv --preset ./tiny.yml --threads 2 --cache cache --stage patch-mg --out pmg --resume
says 'CHECKPOINT: '

# what it refuses
expect 1 "$bmunet" train --exams c/split.csv --preset ./tiny.yml --stage patch-mg --out no
says 'USAGE: stage patch-mg learns from marks, and no table of marks is given'
expect 1 "$bmunet" train --exams c/split.csv --marks c/marks.csv --preset small --stage mg --out no
says 'CONFIG: the preset small has no network.evidence'
expect 1 "$bmunet" train --exams c/split.csv --marks c/marks.csv --preset small --stage patch-mg --out no
says 'CONFIG: stage patch-mg needs a preset with network.evidence and exams.patch'
head -1 c/marks.csv >none.csv
expect 1 "$bmunet" train --exams c/split.csv --marks none.csv --preset ./tiny.yml --cache cache --stage mg --out no
says 'TRAIN_DATA: the table of marks has no lesion in any picture of a training exam'
[ ! -e no/start.safetensors ] || fail "a run was begun"
expect 1 train --stage us --init-patch pmg/best.safetensors --out no
says 'CONFIG: pmg/best.safetensors was trained on patches of mammograms, which stage us does not see'
expect 1 train --stage mg --init-patch mg/best.safetensors --out no2
says 'CONFIG: mg/best.safetensors is no model of a patch stage'
expect 1 train --stage bmu --init-mg pmg/best.safetensors --out no3
says 'CONFIG: pmg/best.safetensors is a model of the patch stage'
expect 1 train --stage patch-mg --init-patch pmg/best.safetensors --out no4
says 'USAGE: --init-patch is for the stages us, mg and bmu'
expect 1 "$bmunet" predict --model pmg/best.safetensors --exams c/split.csv --out q.csv
says 'UNSUPPORTED: .*trained on parts of pictures, 64 pixels wide'

# without marks the network learns from the exams alone
expect 0 "$bmunet" train --exams c/split.csv --preset ./tiny.yml --threads 2 --cache cache --stage mg --epochs 1 --out unmarked
