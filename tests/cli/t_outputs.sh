#!/bin/sh
# Outputs: never partial, never over an input, the old ones whole when anything fails.
. "$(dirname -- "$0")/common"
pictures
small_model m.st
printf 'exam_id,us_bmode_trans\na,us1.png\nb,us2.png\n' >exams.csv
cp exams.csv exams.old
cp m.st m.old
cp us1.png us1.old
echo old >p.csv
echo old >p.jsonl
old_outputs() {
    [ "$(cat p.csv)" = old ] || fail "p.csv was touched"
    [ "$(cat p.jsonl)" = old ] || fail "p.jsonl was touched"
    no_leftovers
}
predict() { "$bmunet" predict --model m.st --exams exams.csv "$@"; }

# not over an input, however it is spelt, nor one over the other
ln -s exams.csv link.csv
ln m.st hard.st
for out in exams.csv ./exams.csv ../"${work##*/}"/exams.csv link.csv m.st hard.st us1.png; do
    for option in --out --json; do
        expect 1 predict $option "$out"
        says '^bmunet: USAGE: .*same file'
    done
done
same exams.csv exams.old
same m.st m.old
same us1.png us1.old
expect 1 predict --out new.csv --json ./new.csv
says '^bmunet: USAGE: .*same file'
[ ! -e new.csv ] || fail "new.csv was made"
expect 1 "$bmunet" import --from m.st --network bmu --out ./m.st
says '^bmunet: USAGE: .*same file'
same m.st m.old

# not writable: said before any work
expect 1 predict --out p.csv --json nosuch/p.jsonl
says '^bmunet: FILE_WRITE: '
old_outputs
expect 1 predict --out /dev/full --json p.jsonl
says '^bmunet: FILE_WRITE: '
old_outputs
mkdir folder
expect 1 predict --out folder
says '^bmunet: FILE_WRITE: '

# a full disk: neither of the two is replaced (a limit on the size of files stands for it; it is counted on what goes to the decoder too, which is small)
for i in $(seq 400); do echo "e$i,us1.png"; done | { echo exam_id,us_bmode_trans; cat; } >many.csv
expect 1 sh -c 'ulimit -f 400; exec "$0" predict --model m.st --exams many.csv --out p.csv --json p.jsonl' "$bmunet"
says '^bmunet: FILE_WRITE: '
old_outputs
# ... and a picture that does not fit into so little is refused as that, alone
python3 -c 'import struct, zlib
chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
for name, noise in (("large", b""), ("larger", b"bmUn" + bytes(300000))):
    open(name + ".png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1000, 400, 8, 0, 0, 0, 0)) +
                                    (chunk(noise[:4], noise[4:]) if noise else b"") + chunk(b"IDAT", zlib.compress(bytes(1001 * 400))) + chunk(b"IEND", b""))'
printf 'exam_id,us_bmode_trans\na,us1.png\nlarge,large.png\nlarger,larger.png\nb,us2.png\n' >sizes.csv
expect 0 "$bmunet" predict --model m.st --exams sizes.csv --out sizes.out
holds sizes.out '^large,ok,'
expect 2 sh -c 'ulimit -f 400; exec "$0" predict --model m.st --exams sizes.csv --out sizes.out' "$bmunet"
holds sizes.out '^a,ok,'
holds sizes.out '^large,refused,.*LIMIT: .*ulimit -f'
holds sizes.out '^larger,refused,.*LIMIT: .*ulimit -f'
holds sizes.out '^b,ok,'
expect 1 sh -c 'ulimit -f 8; exec "$0" init --small --out new.st' "$bmunet"
says '^bmunet: FILE_WRITE: '
[ ! -e new.st ] || fail "half a model"
no_leftovers
# a model that is not there: the outputs were open by then
expect 1 "$bmunet" predict --model nosuch.st --exams exams.csv --out p.csv --json p.jsonl
says '^bmunet: FILE_MISSING: '
old_outputs

# interrupted: old outputs, no temporary file
awk 'BEGIN { print "exam_id,us_bmode_trans"; for (i = 0; i < 100000; i++) print "e" i ",us1.png" }' >long.csv
"$bmunet" predict --model m.st --exams long.csv --out p.csv --json p.jsonl 2>err &
job=$!
tries=0
while [ -z "$(find . -name '.bmunet-*' -print)" ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
sleep 0.5
kill -TERM $job
status=0
wait $job || status=$?
[ "$status" = 75 ] || fail "interrupted: exit status $status"
says 'interrupted; nothing was written'
old_outputs

# and when all is well, both are replaced
expect 0 predict --out p.csv --json p.jsonl
holds p.csv '^b,ok,'
holds p.jsonl '"exam_id":"b"'
[ "$(wc -l <p.jsonl)" = 2 ] || fail "p.jsonl: two lines"
no_leftovers
