#!/bin/sh
# Model files: cut anywhere, damaged, with NaN; checkpoints that are none. A coded reason each; nothing crashes.
. "$(dirname -- "$0")/common"
small_model m.st --seed 3
expect 0 "$bmunet" info m.st
prints '^network     bmu, variant masked'
prints 'benign = T1 \+ T2'
says 'WARNING: THIS MODEL IS UNTRAINED'
expect 0 "$bmunet" info --json m.st
python3 - <<'PY'
import hashlib, json
j = json.load(open("out"))
assert j["sha256"] == hashlib.sha256(open("m.st", "rb").read()).hexdigest() and j["untrained"] is True and j["network"] == "bmu"
assert [f["name"] for f in j["schema"]["fields"]][:2] == ["age", "bmi"] and j["tree"]["levels"]
PY
# the same seed, the same file; another seed, another
small_model again.st --seed 3
small_model other.st --seed 4
same m.st again.st
! cmp -s m.st other.st || fail "the seed does nothing"

python3 - <<'PY'
import json, struct
data = open("m.st", "rb").read()
n = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + n])
cuts = sorted({0, 1, 7, 8, 9, 8 + n // 2, 8 + n - 1, 8 + n, 8 + n + 1, 8 + n + 1000, len(data) // 2, len(data) - 4, len(data) - 1})
for i, cut in enumerate(cuts):
    open(f"cut{i}.st", "wb").write(data[:cut])
open("long.st", "wb").write(data + b"\0")

def patch(name, tensor, value):
    bad = bytearray(data)
    at = 8 + n + header[tensor]["data_offsets"][1] - 4
    bad[at:at + 4] = struct.pack("<f", value)
    open(name, "wb").write(bad)
patch("nan.st", "head.weight", float("nan"))
patch("inf.st", "model1.backbone.0.weight", float("inf"))

def rewrite(name, change):
    h = json.loads(json.dumps(header))
    change(h)
    text = json.dumps(h).encode()
    open(name, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + n:])
def lose(h): h["renamed.weight"] = h.pop("head.weight")
rewrite("keys.st", lose)
def nometa(h): h["__metadata__"].pop("bmunet.config")
rewrite("meta.st", nometa)
def badconfig(h): h["__metadata__"]["bmunet.config"] = "{"
rewrite("config.st", badconfig)
PY
for file in cut*.st; do
    expect 1 "$bmunet" info "$file"
    says '^bmunet: (SAFETENSORS|FILE_EMPTY): '
done
while read -r file code word; do
    expect 1 "$bmunet" info "$file"
    says "^bmunet: $code: .*$word"
done <<'CASES'
long.st SAFETENSORS
nan.st WEIGHTS_NAN head.weight
inf.st WEIGHTS_NAN model1.backbone.0.weight
keys.st WEIGHTS_KEYS head.weight
meta.st MODEL_METADATA bmunet.config
config.st MODEL_METADATA
nosuch.st FILE_MISSING
CASES

# import: what is no checkpoint, and safetensors without our metadata as a checkpoint
printf 'hello' >text.bin
expect 1 "$bmunet" import --from text.bin --network bmu --out i.st
says '^bmunet: [A-Z_]+: '
[ ! -e i.st ] || fail "a model out of nothing"
expect 1 "$bmunet" import --from keys.st --network bmu --variant masked --clinical token --out i.st
says '^bmunet: WEIGHTS_KEYS: .*(renamed|head)\.weight'
[ ! -e i.st ] || fail "a model with keys missing"
expect 0 "$bmunet" import --from m.st --network bmu --variant masked --clinical token --out i.st
prints 'clinical inputs 1\.\.10 are taken to be age, bmi, .*which is ours: the published release does not say'
prints 'variant masked, .*sha256 [0-9a-f]{64}$'
expect 1 "$bmunet" import --from m.st --network us --out u.st
says '^bmunet: WEIGHTS_KEYS: '
expect 0 "$bmunet" info i.st
prints '^source .*m\.st'

# the preprocessing profile is the model's; the vendor entries go with it
small_model canonical.st --prep canonical-v1
expect 0 "$bmunet" info canonical.st
prints 'profile canonical-v1; .* mean 16384, standard deviation 16384'
small_model bare.st --prep canonical-v1 --vendors ''
! cmp -s canonical.st bare.st || fail "the vendor entries are not in the model"
expect 1 "$bmunet" init --small --out x.st --prep canonical-v2
