#!/bin/sh
# A disk that fills while a run is trained: said with the file's name and what to do, nothing lost, and the same bits once there is room.
# A real file system of some megabytes, in a mount namespace of our own, so that nothing is left behind however this ends.
if [ -z "${BMUNET_OWN_MOUNTS:-}" ]; then
    [ "$(id -u)" = 0 ] && own='unshare -m' || own='unshare -rm'
    # shellcheck disable=SC2016 # $1 is of the inner shell
    $own sh -c 'd=$(mktemp -d) && mount -t tmpfs -o size=1m none "$d" 2>/dev/null; rc=$?; umount "$d" 2>/dev/null; rmdir "$d"; exit $rc' 2>/dev/null || {
        echo "skipped: no small file system can be mounted here (neither as root nor in a user namespace)"
        exit 0
    }
    BMUNET_OWN_MOUNTS=1 exec $own sh "$0" "$@"
fi
. "$(dirname -- "$0")/common"
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2
end() { # in this order
    cd /
    umount "$work/all/disk" "$work/all/tiny" "$work/all" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
small_disk() { # FOLDER SIZE
    mkdir "$1"
    mount -t tmpfs -o "size=$2" none "$1"
}
fill() { head -c 200000000 /dev/zero >"$1/other" 2>/dev/null || true; } # by another file, to the last byte
small_disk all 400m # no waiting for a disk
cd all
python3 "$source_tree/tests/cli/make_cohort.py" . 24
sed -e 's/^name: small/name: tiny/; s/width: 16/width: 8/; s/canonical-v1/reference-v1/; s/\[288, 160\]/[64, 48]/; s/\[112, 112\]/[64, 64]/' \
    -e 's/us: 12, mg: 12, bmu: 12/us: 2, mg: 2, bmu: 2/; s/average_parts: 16/average_parts: 1/; s/batch: 16/batch: 6/; s/part: 16/part: 6/' \
    "$source_tree/share/presets/small.yml" >tiny.yml
train() { "$bmunet" train --exams exams.csv --preset ./tiny.yml --threads 2 --stage bmu --cache cache --checkpoint-minutes 0.00001 "$@"; }
whole() { python3 "$source_tree/tests/cli/check_run.py" "$@"; }
expect 0 train --out good
whole good --epochs 2 --checkpoints 2

# full between two checkpoints, or in the middle of writing one; it stays full; then there is room again
small_disk disk 60m
n=0
while [ $n -lt 2 ]; do
    rm -rf disk/*
    "$bmunet" train --exams exams.csv --preset ./tiny.yml --threads 2 --stage bmu --cache cache --checkpoint-minutes 0.00001 --out disk/run >log 2>err &
    pid=$!
    tries=0
    until [ -e disk/run/checkpoint-0.safetensors ] && [ -e disk/run/checkpoint-1.safetensors ]; do
        [ $tries -lt 6000 ] || fail "no two checkpoints within two minutes"
        sleep 0.02
        tries=$((tries + 1))
    done
    sleep "$(awk -v seed="$n$$" 'BEGIN { srand(seed); print 0.15 * rand() }')"
    kill -STOP $pid
    fill disk
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    [ $status = 1 ] || { cat log err >&2; fail "exit status $status on a full disk"; }
    says '^bmunet: FILE_WRITE: .*disk/run/[a-z0-9-]+[.][a-z]+: (cannot be written|could not be synced to disk).*No space left on device'
    says 'free disk space, then resume'
    whole disk/run --checkpoints 2
    expect 1 train --out disk/run --resume
    says '^bmunet: FILE_WRITE: .*No space left on device.*free disk space'
    whole disk/run --checkpoints 2
    no_leftovers
    rm disk/other
    expect 0 train --out disk/run --resume
    prints '^resuming in epoch'
    whole disk/run --epochs 2 --checkpoints 2
    same good/last.safetensors disk/run/last.safetensors
    same good/best.safetensors disk/run/best.safetensors
    same good/card.md disk/run/card.md
    n=$((n + 1))
done

# full before there is anything to save
rm -rf disk/*
fill disk
expect 1 train --out disk/run
says '^bmunet: FILE_WRITE: disk/run'
rm disk/other
expect 0 train --out disk/run
same good/last.safetensors disk/run/last.safetensors

# each file that a run leaves, not to be written at the end of the first epoch, then of the last: one after another is made possible
for epochs in 2 1; do
    files='best.safetensors last.safetensors log.jsonl curves.svg card.md'
    resume=
    for file in $files; do
        mkdir -p "way$epochs/$file"
    done
    for file in $files; do
        # shellcheck disable=SC2086 # an option, or nothing
        expect 1 train --out "way$epochs" --epochs $epochs $resume
        says "^bmunet: FILE_WRITE: .*way$epochs/$file: .*not a regular file.*then resume"
        rmdir "way$epochs/$file"
        resume=--resume
    done
    expect 0 train --out "way$epochs" --epochs $epochs --resume
    whole "way$epochs" --epochs $epochs --checkpoints $epochs
done
same good/last.safetensors way2/last.safetensors
same good/best.safetensors way2/best.safetensors
same good/card.md way2/card.md

# the cache's disk is full: said, and training goes on; what is kept is whole
small_disk tiny 1m
expect 0 "$bmunet" train --exams exams.csv --preset ./tiny.yml --threads 2 --stage bmu --cache tiny/cache --out uncached
says '^bmunet: .*nothing more is cached: tiny/cache: .*No space left on device'
same good/last.safetensors uncached/last.safetensors
[ -z "$(find tiny -name 'tmp-*')" ] || fail "half an entry is left"
