#!/bin/sh
# import of a checkpoint that PyTorch itself has saved: the same weights give the same predictions; what differs in keys is all named.
. "$(dirname -- "$0")/common"
python=/usr/bin/python3
"$python" -c 'import torch' 2>/dev/null || {
    echo "skipped: PyTorch is not installed here (Debian: python3-torch)"
    exit 0
}
pictures
small_model m.st --variant reference --seed 9
"$python" - <<'PY'
import collections, json, struct, torch
data = open("m.st", "rb").read()
n = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + n])
types = {"F32": torch.float32, "I64": torch.int64}
state = collections.OrderedDict()
for name, h in header.items():
    if name == "__metadata__":
        continue
    a, b = h["data_offsets"]
    count = 1
    for side in h["shape"]:
        count *= side
    state[name] = torch.frombuffer(bytearray(data[8 + n + a:8 + n + b]), dtype=types[h["dtype"]], count=count).reshape(h["shape"]).clone()
torch.save(state, "good.bin")
torch.save(state, "old.bin", _use_new_zipfile_serialization=False)
bad = collections.OrderedDict(state)
bad["extra.bias"] = torch.zeros(3)
del bad["layer_norm.weight"]
bad["head.bias"] = torch.zeros(6)
torch.save(bad, "bad.bin")
rename = lambda f: collections.OrderedDict((f(k), v) for k, v in state.items())
torch.save(rename(lambda k: "module." + k), "module.bin")
torch.save(collections.OrderedDict((k, v.half() if v.is_floating_point() else v) for k, v in state.items()), "half.bin")
torch.save(collections.OrderedDict((k, v) for k, v in state.items() if "num_batches_tracked" not in k), "counters.bin")
state["head.bias"][2] = float("nan")
torch.save(state, "nan.bin")
PY
expect 0 "$bmunet" import --from good.bin --network bmu --out i.st
printf 'exam_id,mg_cc,us_bmode_trans,age\na,mg1.png,us1.png,50\nb,,us2.png,\n' >exams.csv
expect 0 "$bmunet" predict --model m.st --exams exams.csv --out p.csv
expect 0 "$bmunet" predict --model i.st --exams exams.csv --out q.csv
same p.csv q.csv
! grep -q UNTRAINED err || fail "an imported model is not untrained"
expect 0 "$bmunet" info i.st
prints "^source .*good\.bin.*$(sha256sum good.bin | cut -d' ' -f1)"
refused() { # CODE FILE
    expect 1 "$bmunet" import --from "$2" --network bmu --out no.st
    says "^bmunet: $1: "
    [ ! -e no.st ] || fail "a model out of $2"
    no_leftovers
}
refused WEIGHTS_KEYS bad.bin
for key in extra.bias layer_norm.weight head.bias; do
    grep -q "$key" err || fail "$key is not named"
done
# what people have: one cause, one sentence with the remedy
refused WEIGHTS_KEYS module.bin
says 'every name begins with "module.".*; save model.module.state_dict.. instead$'
refused WEIGHTS_KEYS half.bin
says ' tensors are F16, not F32; save model.float.. ?.state_dict.. instead$'
refused WEIGHTS_KEYS counters.bin
says 'num_batches_tracked are missing.* save it again$'
expect 1 "$bmunet" predict --model good.bin --exams exams.csv --out no.csv
says '^bmunet: SAFETENSORS: good.bin: a zip file, as PyTorch writes its checkpoints, not a model file; import it first'
expect 1 "$bmunet" predict --model exams.csv --exams exams.csv --out no.csv
says '^bmunet: SAFETENSORS: exams.csv: a text file, not a model file'
refused WEIGHTS_NAN nan.bin
grep -q head.bias err || fail "head.bias is not named"
refused TORCH_LEGACY old.bin
grep -q 'torch.save' err || fail "how to save it again is not said"
# cut anywhere
size=$(wc -c <good.bin)
for part in 1 2 3 5 10 50 90 99; do
    head -c $((size * part / 100)) good.bin >cut.bin
    expect 1 "$bmunet" import --from cut.bin --network bmu --out no.st
    says '^bmunet: (TORCH_ZIP|TORCH_LEGACY|PICKLE|TENSOR_STORAGE): '
    [ ! -e no.st ] || fail "a model out of $part % of a checkpoint"
done
