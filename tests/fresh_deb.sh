#!/bin/sh
# The Debian packages on fresh machines: built on one (tests/fresh.sh), installed on another, bare one of the same SUITE (bookworm, trixie); there an
# ordinary user predicts the demo's exams and builds the examples, dpkg verifies the files, and after purging nothing is left.
# Needs root, debootstrap and the network. Usage: tests/fresh_deb.sh SUITE [DIR]; DIR-build and DIR-install are made, with logs beside them.
set -eu
suite=${1:?suite: bookworm or trixie}
dir=${2:-/var/tmp/bmunet-deb-$suite}
here=$(cd "$(dirname "$0")" && pwd)
log=$dir.log
: >"$log"

[ -d "$dir-build/root/bmunet/build/deb" ] || sh "$here/fresh.sh" "$suite" "$dir-build" deb
sh "$here/fresh.sh" "$suite" "$dir-install" ''
root=$dir-install
clean_up() { umount -l "$root/proc" 2>/dev/null || true; }
trap clean_up EXIT
mount -t proc proc "$root/proc"
cp -r "$here/../examples" "$root/tmp/examples"
mkdir "$root/tmp/deb"
cp "$dir-build"/root/bmunet/build/deb/*.deb "$root/tmp/deb/"
rm -f "$root"/tmp/deb/*-dbgsym_*

# inside DESCRIPTION COMMAND: in the bare system; its output is shown and logged
inside() {
    echo "== $suite: $1" | tee -a "$log"
    if ! chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive sh -ec "$2" </dev/null >"$dir.step" 2>&1; then
        cat "$dir.step" >>"$log"
        tail -40 "$dir.step"
        echo "== $suite: $1: FAILED; the whole log: $log"
        exit 1
    fi
    cat "$dir.step" >>"$log"
    tail -"${3:-12}" "$dir.step"
}
as_user() { inside "$1" "runuser -u somebody -- sh -ec '$2'" "${3:-12}"; }

inside "a user" "useradd -m somebody; apt-get update -q; find / -xdev -path /tmp -prune -o -iname '*bmunet*' -print >/tmp/before" 1
inside "the program" "apt-get install -y -q --no-install-recommends /tmp/deb/bmunet_*.deb" 1
as_user "version" "bmunet --version"
as_user "sandbox" "/usr/libexec/bmunet-decode --about"
as_user "the demo, predicted" 'cd; bmunet init --small --out model.safetensors >/dev/null; bmunet predict --model model.safetensors \
    --exams /usr/share/bmunet/demo/exams.csv --out predictions.csv || [ $? = 2 ]; grep -c ,ok, predictions.csv' 20
inside "the manual's reader" "apt-get install -y -q --no-install-recommends man-db" 1
as_user "the manual says what a column means" 'man bmunet-predict | col -b | grep -A2 -w p_malignant; for page in /usr/share/man/man[15]/bmunet*; do
    man "$(basename "$page" .gz)" >/dev/null; done'
inside "dpkg -V" "dpkg -V bmunet"
inside "library and development files, a compiler" "apt-get install -y -q --no-install-recommends /tmp/deb/lib*.deb gcc libc6-dev pkgconf" 1
as_user "one exam from C, in under 30 lines" 'cd; cc /usr/share/doc/libbmunet-dev/examples/02_predict.c -o predict $(pkg-config --cflags --libs bmunet)
    sed "1,/^ \\*\\//d" /usr/share/doc/libbmunet-dev/examples/02_predict.c | wc -l; man 3 libbmunet >/dev/null
    ./predict model.safetensors /usr/share/bmunet/demo/oval_us_bmode_trans.png 52'
as_user "the first example" 'cd; set -x; cc /usr/share/doc/libbmunet-dev/examples/01_version.c -o shared $(pkg-config --cflags --libs bmunet); ./shared
    cc /usr/share/doc/libbmunet-dev/examples/01_version.c -o static $(pkg-config --cflags bmunet) -Wl,--as-needed \
        $(pkg-config --static --libs bmunet | sed "s|-lbmunet |-l:libbmunet.a |"); ./static; ldd ./static | grep bmunet || true'
inside "dpkg -V" "dpkg -V bmunet libbmunet0 libbmunet-dev"
inside "purge" "apt-get purge -y -q bmunet libbmunet0 libbmunet-dev; rm -rf /tmp/deb /home/somebody" 1
inside "nothing is left" "find / -xdev -path /tmp -prune -o -iname '*bmunet*' -print | grep -v -e /var/log/ -e /proc/ >/tmp/after || true; diff /tmp/before /tmp/after; dpkg -l | grep bmunet && exit 1; echo nothing"
clean_up
echo "== $suite: packages install, work, and go"
