#!/bin/sh
# A fresh machine: debootstrap SUITE (bookworm, trixie) into DIR, clone this repository into it, run ./dev STEP there for each step (default: demo,
# then test; '' for none). Needs root, debootstrap and the network. Usage: tests/fresh.sh SUITE [DIR [STEPS]]. The log is DIR.log; the exit status is
# that of the first step that fails.
set -eu
suite=${1:?suite: bookworm or trixie}
dir=${2:-/var/tmp/bmunet-$suite}
steps=${3-demo test}
repository=$(cd "$(dirname "$0")/.." && pwd)

[ "$(id -u)" = 0 ] || { echo "fresh.sh: needs root" >&2; exit 1; }
[ ! -e "$dir" ] || { echo "fresh.sh: $dir is in the way; remove it or name another" >&2; exit 1; }

clean_up() { umount -l "$dir/proc" 2>/dev/null || true; }
trap clean_up EXIT

debootstrap --variant=minbase --include=ca-certificates "$suite" "$dir" ${MIRROR:+"$MIRROR"} >"$dir.log" 2>&1
mount -t proc proc "$dir/proc" # debootstrap has made the few devices that are needed
git clone -q --no-local "$repository" "$dir/root/bmunet" # what is committed, nothing else
cp /etc/resolv.conf "$dir/etc/resolv.conf" 2>/dev/null || true
for step in $steps; do
    started=$(date +%s)
    echo "== $suite: ./dev $step" | tee -a "$dir.log"
    if ! chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
        sh -c "cd /root/bmunet && ./dev $step" </dev/null >>"$dir.log" 2>&1; then
        tail -40 "$dir.log"
        echo "== $suite: ./dev $step FAILED; the whole log: $dir.log"
        exit 1
    fi
    echo "== $suite: ./dev $step passed in $(($(date +%s) - started)) s" | tee -a "$dir.log"
done
