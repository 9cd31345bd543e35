#!/bin/sh
# deidentify: files with a mark in every attribute go in; pydicom looks for the marks in what comes out (tests/oracle/deidentify_check.py).
. "$(dirname -- "$0")/common"
python=/usr/bin/python3
"$python" -c 'import pydicom, numpy, PIL' 2>/dev/null || { echo "skipped: $python has no pydicom, numpy or PIL"; exit 0; }
oracle="$python $source_tree/tests/oracle/deidentify_check.py" table=$source_tree/decoder/deidentify_table.h
$oracle make in "$table"

printf '0123456789abcdefghijklmnopqrstuv' >clean.key # a known key: no mark may come out by chance
expect 2 "$bmunet" deidentify in clean --json report.jsonl
prints '^4 files written, 2 refused$'
says '^bmunet: refused: DEIDENTIFY_PIXELS: z/bare: '
says '^bmunet: refused: IMAGE_TYPE: notes.txt: '
$oracle check in clean report.jsonl "$table"
no_leftovers

# the checker can fail: files that were only copied
mkdir copied
sed 's|"written":"clean/|"written":"copied/|' report.jsonl >copied.jsonl
"$python" - <<'PY'
import json, pathlib, shutil
for l in map(json.loads, open("copied.jsonl")):
    if l["written"]:
        pathlib.Path(l["written"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("in/" + l["path"], l["written"])
PY
if $oracle check in copied copied.jsonl "$table" >/dev/null 2>err; then fail "the checker finds nothing in copies"; fi
grep -q 'AssertionError' err || fail "the checker broke: $(cat err)"

# the same key gives the same files, another one others; what is written can be read by scan
expect 2 "$bmunet" deidentify in again --key clean.key
$oracle equal clean again || fail "the same key, other files"
expect 2 "$bmunet" deidentify in other
[ "$(stat -c '%a %s' other.key)" = "600 32" ] || fail "the key: $(stat -c '%a %s' other.key)"
if $oracle equal clean other; then fail "another key, the same files"; fi
"$bmunet" scan clean --out exams.csv --json scan.jsonl >/dev/null 2>&1 || true
[ "$(grep -c '"format":"DICOM"' scan.jsonl)" = 4 ] || fail "scan cannot read what was written"

# one file; burned-in text taken on demand
expect 0 "$bmunet" deidentify in/z/bare bare --key clean.key --keep-burned-in
prints '^1 files written, 0 refused$'
[ -s bare/1.dcm ] || fail "no file"

# a file may lie about what kind of value it holds: a date that it calls Series Time goes, an id that is no LO is refused
mkdir liar
"$python" - <<'PY'
import pathlib
whole = [p.read_bytes() for p in pathlib.Path("in").rglob("*") if p.is_file()]
whole = next(b for b in whole if b"\x10\x00\x20\x00LO" in b and b"\x08\x00\x20\x00DA" in b and b"\x08\x00\x31\x00" not in b
             and b"\x08\x00\x30\x00TM\x06\x00" in b)
at = whole.index(b"\x08\x00\x30\x00TM\x06\x00") + 14
date = whole[:at] + b"\x08\x00\x31\x00DA\x08\x0019771231" + whole[at:]
pathlib.Path("liar/date.dcm").write_bytes(date)
pathlib.Path("liar/id.dcm").write_bytes(whole.replace(b"\x10\x00\x20\x00LO", b"\x10\x00\x20\x00SH"))
PY
expect 2 "$bmunet" deidentify liar honest --key clean.key --keep-burned-in
says '^bmunet: refused: SCAN_NO_PATIENT: id.dcm: Patient ID .0010,0020. does not have the value representation LO'
[ -s honest/1.dcm ] || fail "the other file was not written"
! grep -q 19771231 honest/1.dcm || fail "a date that is called a time is left"

# burned-in text: what is blanked, refused, called clean, by kind of picture; and on demand
pictures="$python $source_tree/tests/oracle/deidentify_pictures.py"
$pictures make pictures
expect 2 "$bmunet" deidentify pictures unburned --key clean.key --json pictures.jsonl
says '^bmunet: refused: DEIDENTIFY_PIXELS: us_whole_yes.dcm: the file says that text is burned into the picture, but nothing lies outside'
says 'us_corner.dcm: none of the ultrasound regions holds an echo picture.*; --keep-burned-in writes it as it is, not marked as clean$'
$pictures check pictures pictures.jsonl
expect 0 "$bmunet" deidentify pictures ondemand --key clean.key --json ondemand.jsonl --keep-burned-in
$pictures kept pictures ondemand.jsonl

# a clip, frame by frame
mkdir clips
$pictures clip clips/short.dcm 7
expect 0 "$bmunet" deidentify clips/short.dcm short --key clean.key
$pictures clip-check clips/short.dcm short/1.dcm

# errors
expect 1 "$bmunet" deidentify in clean
says '^bmunet: USAGE: clean: exists and is not an empty folder'
expect 1 "$bmunet" deidentify nowhere new --key clean.key
says '^bmunet: FILE_'
expect 1 "$bmunet" deidentify in in/inside --key clean.key
says '^bmunet: USAGE: in/inside lies in in'
head -c 31 clean.key >short.key
expect 1 "$bmunet" deidentify in new2 --key short.key
says '^bmunet: USAGE: short.key: 31 bytes; a key has 32'
expect 1 "$bmunet" deidentify in
