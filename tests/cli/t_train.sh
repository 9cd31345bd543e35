#!/bin/sh
# Training as a user runs it: a run, what it leaves, going on after any stop, and every way in which it must refuse.
. "$(dirname -- "$0")/common"
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2
python3 "$source_tree/tests/cli/make_cohort.py" . 48
sed -e 's/^name: small/name: '"'"'tiny <b> \& "c"'"'"'/; s/width: 16/width: 8/; s/canonical-v1/reference-v1/; s/\[288, 160\]/[64, 48]/; s/\[112, 112\]/[64, 64]/' \
    -e 's/us: 12, mg: 12, bmu: 12/us: 2, mg: 2, bmu: 3/; s/average_parts: 16/average_parts: 2/; s/batch: 16/batch: 12/; s/part: 16/part: 6/' \
    "$source_tree/share/presets/small.yml" >tiny.yml
train() { "$bmunet" train --exams exams.csv --preset ./tiny.yml --threads 2 "$@"; }
train_behind() { # sets pid, of the program itself
    "$bmunet" train --exams exams.csv --preset ./tiny.yml --threads 2 "$@" >log 2>err &
    pid=$!
}

# three stages, each from the ones before; the model predicts
expect 0 train --stage us --out us
prints '^24 training exams of [0-9]+ patients, [0-9]+ validation exams of [0-9]+; left out: 0 without a diagnosis, 1[0-9] without an image of stage us'
prints '^epoch +2 .*AUC 0\.[0-9]+ .*waited'
expect 0 train --stage mg --out mg
expect 0 train --stage bmu --out bmu --init-us us/best.safetensors --init-mg mg/best.safetensors
prints '^best: epoch [1-3], auc 0\.[0-9]+; bmu/best.safetensors'
[ "$(wc -l <bmu/log.jsonl)" = 3 ] || fail "log.jsonl has not one line per epoch"
for file in best.safetensors last.safetensors curves.svg card.md start.safetensors; do
    [ -s "bmu/$file" ] || fail "bmu/$file is missing"
done
holds bmu/card.md 'not cleared for clinical use'
holds bmu/card.md '^\| exams \| 36 \| 12 \|'
holds bmu/card.md 'C2 \| [0-9]+ \| [0-9]+'
python3 - <<'PY'
import xml.etree.ElementTree
texts = ["".join(t.itertext()) for t in xml.etree.ElementTree.parse("bmu/curves.svg").iter() if t.tag.endswith("text")]
assert 'stage bmu, preset tiny <b> & "c"' in texts, texts
for name in ("loss", "training ", "validation ", "AUC on the validation exams", "malignant ", "mean of tiers ", "epoch", "best: epoch ", "1", "2", "3"):
    assert any(t.startswith(name) for t in texts), (name, texts)
PY
python3 "$source_tree/tests/cli/check_run.py" bmu --epochs 3 --checkpoints 2
expect 0 "$bmunet" predict --model bmu/best.safetensors --exams exams.csv --split val --out p.csv
prints '^12 ok, 0 refused'
no_leftovers

# what no exam has taught is not predicted from: the stages refuse each other's images, the fused model none; its info and card say so
expect 2 "$bmunet" predict --model us/best.safetensors --exams exams.csv --split val --out u.csv
holds u.csv '^[^,]*,refused,.*VIEW_UNLEARNT: mg_(cc|mlo): this model was not trained on mammography; leave it out'
[ "$(grep -c ',ok,' u.csv)" = "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 && $at["split"] == "val" && $at["mg_cc"] $at["mg_mlo"] == ""' exams.csv | wc -l)" ] ||
    fail "the us stage computes other exams than those without a mammogram"
expect 2 "$bmunet" predict --model us/best.safetensors --exams exams.csv --split val --ignore-column mg_cc --ignore-column mg_mlo --out u.csv
! grep -q VIEW_UNLEARNT u.csv || fail "a view that is left out by --ignore-column refuses"
expect 2 "$bmunet" predict --model mg/best.safetensors --exams exams.csv --split val --out m.csv
holds m.csv 'VIEW_UNLEARNT: us_bmode_trans: this model was not trained on B-mode'
holds us/card.md '^\*\*No exam has taught it mammography\*\*'
expect 0 "$bmunet" info mg/best.safetensors
prints '^refused     colour Doppler: no exam has taught it'
expect 0 "$bmunet" info bmu/best.safetensors
! grep -q '^refused ' out || fail "the fused model refuses a kind"
! grep -q 'No exam has taught' bmu/card.md || fail "the fused model's card"
# the fused stage on a table without mammograms: unlearnt, with another model's tower too, for the fusion has never seen one; learnt only if all
# of the network had learnt them before. Validation sees what is learnt
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 && $at["split"] == "train" { $at["mg_cc"] = ""; $at["mg_mlo"] = "" } { print }' exams.csv >nomg.csv
expect 0 "$bmunet" train --exams nomg.csv --preset ./tiny.yml --threads 2 --stage bmu --epochs 1 --out nested/nomg
prints '^no training exam shows mammography: the model will refuse such images'
! grep -q '"mg' nested/nomg/log.jsonl || fail "validation looks at mammograms that no exam has taught"
expect 0 "$bmunet" train --exams nomg.csv --preset ./tiny.yml --threads 2 --stage bmu --epochs 1 --out nested/tower --init-mg mg/best.safetensors
prints '^no training exam shows mammography: the model will refuse such images'
expect 0 "$bmunet" train --exams nomg.csv --preset ./tiny.yml --threads 2 --stage bmu --epochs 1 --out nested/whole --init bmu/best.safetensors
expect 0 "$bmunet" info nested/whole/best.safetensors
! grep -q '^refused ' out || fail "what --init has learnt is refused"
holds nested/whole/log.jsonl '"mg'
# no training exam has elastography: learnt if it comes from the us stage, for the fusion sees ultrasound
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { for (c in at) if (c ~ /_elasto_/) $at[c] = "" } { print }' exams.csv >noelasto.csv
expect 0 "$bmunet" train --exams noelasto.csv --preset ./tiny.yml --threads 2 --stage bmu --epochs 1 --out nested/us --init-us us/best.safetensors
expect 0 "$bmunet" info nested/us/best.safetensors
! grep -q '^refused ' out || fail "elastography, which --init-us has learnt, is refused"
expect 0 "$bmunet" train --exams noelasto.csv --preset ./tiny.yml --threads 2 --stage bmu --epochs 1 --out nested/noelasto
expect 0 "$bmunet" info nested/noelasto/best.safetensors
prints '^refused     elastography: no exam has taught it'

# the same seed, the same bits; another seed, others
expect 0 train --stage bmu --out again --init-us us/best.safetensors --init-mg mg/best.safetensors
same bmu/best.safetensors again/best.safetensors
same bmu/last.safetensors again/last.safetensors
same bmu/card.md again/card.md
expect 0 train --stage bmu --out other --seed 2 --init-us us/best.safetensors --init-mg mg/best.safetensors
! cmp -s bmu/last.safetensors other/last.safetensors || fail "another seed, the same weights"

# a run that is there is not written over; --resume of a finished one changes nothing
expect 1 train --stage bmu --out bmu
says '^bmunet: USAGE: bmu already holds a run'
expect 0 train --stage bmu --out bmu --resume --init-us us/best.safetensors --init-mg mg/best.safetensors
same bmu/last.safetensors again/last.safetensors
expect 1 train --stage bmu --out bmu --resume --seed 2 --init-us us/best.safetensors --init-mg mg/best.safetensors
says '^bmunet: CHECKPOINT: .*other settings, exams, seed'
expect 1 train --stage bmu --out bmu --resume --init-us other/best.safetensors --init-mg mg/best.safetensors
says '^bmunet: CHECKPOINT: .*models'
[ ! -e bmu/start-again.safetensors ] || fail "a second start is left behind"

# stopped by signals, and killed, at any moment: in the middle of epochs, of validation, of writing a file (each step writes a checkpoint);
# the same bits in the end, and no half file is left
rounds=${TRAIN_STOPS:-4}
writing=0
half_file() { # FOLDER: is there one?
    for file in "$1"/.bmunet-*; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}
stop_and_go() { # SIGNAL, stage, folder, allowed exit status, times
    n=0
    from=
    [ "$2" != bmu ] || from='--init-us us/best.safetensors --init-mg mg/best.safetensors'
    rm -rf "$3"
    while [ $n -lt "$5" ]; do
        resume=
        [ ! -e "$3/start.safetensors" ] || resume=--resume
        # shellcheck disable=SC2086 # options, or nothing
        train_behind --stage "$2" --out "$3" $resume $from --checkpoint-minutes 0.00001
        # one kill of four comes at once, the others after the first step can begin, and of these one while a file is written (a signal before it is caught is a plain end)
        while ! { [ "$1" = KILL ] && [ $((n % 4)) = 3 ]; } && kill -0 $pid 2>/dev/null && ! grep -qE '^(starting|resuming)' log; do
            sleep 0.02
        done
        sleep "$(awk -v seed="$n$$" 'BEGIN { srand(seed); print 0.6 * rand() }')"
        while [ "$1" = KILL ] && [ $((n % 4)) = 0 ] && kill -0 $pid 2>/dev/null && ! half_file "$3"; do
            :
        done
        kill "-$1" $pid 2>/dev/null || true
        status=0
        wait $pid || status=$?
        ! half_file "$3" || writing=$((writing + 1))
        case $status in
        0) same "$2/last.safetensors" "$3/last.safetensors"; rm -rf "$3" ;;
        "$4") ;;
        *) cat log err >&2; fail "exit status $status after SIG$1" ;;
        esac
        n=$((n + 1))
    done
    resume=
    [ ! -e "$3/start.safetensors" ] || resume=--resume
    # shellcheck disable=SC2086
    expect 0 train --stage "$2" --out "$3" $resume $from
    for file in last.safetensors best.safetensors card.md; do
        same "$2/$file" "$3/$file"
    done
    no_leftovers
}
stop_and_go KILL bmu killed 137 "$rounds"
stop_and_go KILL us killed-us 137 $(((rounds + 3) / 4))
stop_and_go KILL mg killed-mg 137 $(((rounds + 3) / 4))
stop_and_go TERM bmu stopped 75 "$rounds"
echo "$writing of the kills came while a file was being written"
[ $writing -gt 0 ] || fail "no kill came while a file was being written"

# what must be refused, with nothing begun
refuse() { # CODE REGEX, then options
    code=$1 pattern=$2
    shift 2
    rm -rf bad
    expect 1 train --out bad "$@"
    says "^bmunet: $code: $pattern"
    [ ! -e bad/checkpoint-1.safetensors ] || fail "a run was begun"
}
edit() { python3 - "$1" <<'PY'
import csv, sys
rows = list(csv.DictReader(open("exams.csv")))
exec(sys.argv[1])
with open("bad.csv", "w", newline="") as out:
    w = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    w.writeheader()
    w.writerows(rows)
PY
}
refuse_table() { # CODE REGEX EDIT [options]
    code=$1 pattern=$2
    edit "$3"
    shift 3
    rm -rf bad
    expect 1 "$bmunet" train --exams bad.csv --preset ./tiny.yml --threads 2 --stage bmu --out bad "$@"
    says "^bmunet: $code: $pattern"
    [ ! -e bad/checkpoint-1.safetensors ] || fail "a run was begun"
}
refuse_table SPLIT_OVERLAP ".*" 'rows[14]["split"] = "train"; rows[15]["split"] = "val"'
refuse_table TRAIN_DATA "the table has no column split" '[r.update(split="") for r in rows]'
refuse_table TRAIN_DATA "no validation exam is left" '[r.update(split="train") for r in rows]'
refuse_table TRAIN_DATA "no validation exam .* is malignant" 'rows = [r for r in rows if r["split"] == "train" or r["malignant"] == "0"]'
refuse_table TRAIN_DATA "no training exam .* is benign" 'rows = rows[2:3] + [r for r in rows if r["split"] == "val"]' # one exam only
refuse_table LABEL_CONFLICT ".*exam E0: malignant says malignant, tier says T1" 'rows[0]["malignant"] = "1"'
refuse_table LABEL ".*exam E0, tier: 'T9' is not a leaf" 'rows[0].update(tier="T9", malignant="")'
refuse_table TRAIN_DATA "1 exams cannot be used.*" 'rows[1]["mg_cc"] = "tiny.yml"'
says 'exam E1: IMAGE_TYPE: mg_cc'
refuse TRAIN_DATA 'no training exam is left .*without an image of stage us' --stage us --ignore-column us_bmode_trans --ignore-column us_bmode_long \
    --ignore-column us_doppler_trans --ignore-column us_elasto_trans
refuse SAFETENSORS 'tiny.yml: .*' --stage bmu --init-us tiny.yml
refuse USAGE '--init-us and --init-mg require --stage bmu' --stage us --init-us us/best.safetensors
refuse USAGE "--stage: 'xx' must be us, mg, bmu, patch-mg or patch-us" --stage xx
refuse CONFIG 'freeze: no array.s name matches "nosuch[.][*]"' --stage bmu --freeze 'nosuch.*'

# refused exams may be left out, and are counted; a modality that nobody has is simply not learnt
edit 'rows[1]["mg_cc"] = "tiny.yml"'
expect 0 "$bmunet" train --exams bad.csv --preset ./tiny.yml --stage bmu --out partial --allow-refused --epochs 1
prints 'left out: 0 without a diagnosis, 0 without an image of stage bmu, 1 refused'
edit '[r.update(mg_cc="", mg_mlo="") for r in rows]'
expect 0 "$bmunet" train --exams bad.csv --preset ./tiny.yml --stage bmu --out ultrasound --epochs 1
prints 'without an image of stage bmu'

# an image that goes in the middle of a run: a clear end, and the run goes on once it is back
train_behind --stage bmu --out gone --init-us us/best.safetensors --init-mg mg/best.safetensors
n=0
until grep -q '^epoch' log; do
    [ $n -lt 2400 ] || fail "no epoch within two minutes"
    sleep 0.05
    n=$((n + 1))
done
mv E3_us_bmode_long.png away.png
status=0
wait $pid || status=$?
mv away.png E3_us_bmode_long.png
if [ $status != 0 ]; then # else the run was faster than we
    says '^bmunet: FILE_MISSING: exam E3: .*E3_us_bmode_long.png'
    expect 0 train --stage bmu --out gone --resume --init-us us/best.safetensors --init-mg mg/best.safetensors
fi
same bmu/last.safetensors gone/last.safetensors
expect 1 sh -c "mv E3_us_bmode_long.png away.png; exec '$bmunet' train --exams exams.csv --preset ./tiny.yml --stage bmu --out never"
says '^bmunet: TRAIN_DATA: 1 exams cannot be used'
says 'E3_us_bmode_long.png'
mv away.png E3_us_bmode_long.png

# the disk is full: said, and what was saved before goes on
(
    ulimit -f 8000
    expect 1 train --stage bmu --out full
    says '^bmunet: FILE_WRITE: '
)
rm -rf full/checkpoint-?.safetensors full/start.safetensors
no_leftovers
