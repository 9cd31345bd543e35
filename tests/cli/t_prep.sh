#!/bin/sh
# prep: what the network would see, without a model. Tensors and pictures are those of Pillow and numpy; predict says the same of its inputs.
. "$(dirname -- "$0")/common"
pictures

cat >exams.csv <<'CSV'
exam_id,side,mg_cc,mg_mlo,us_bmode_trans,us_bmode_long,age
all,L,mg1.png,mg2.png,us1.png,us2.png,50
cut,L,,,us2.png,cut.png,
same,R,mg1.png,,us1.png,copy.png,
old,R,mg1.png,,,,17
CSV
expect 2 "$bmunet" prep --profile reference-v1 --small --exams exams.csv --json p.jsonl --png seen
prints '^1 ok, 3 refused'
no_leftovers
/usr/bin/python3 - <<'PY'
import hashlib, json, os
import numpy as np
from PIL import Image
lines = [json.loads(l) for l in open("p.jsonl")]
assert [l["status"] for l in lines] == ["ok", "refused", "refused", "refused"], lines
assert [l["code"] for l in lines] == [None, "IMAGE_TRUNCATED", "VIEW_DUPLICATE", "VALUE_RANGE"]
assert [l["number"] for l in lines] == [1, 2, 3, 4] and lines[0]["profile"]["name"] == "reference-v1" and lines[0]["profile"]["mg"] == [64, 48]
sha = lambda b: hashlib.sha256(b).hexdigest()
assert all(l["exams_sha256"] == sha(open("exams.csv", "rb").read()) for l in lines)
for slot, name in enumerate(["mg1", "mg2", "us1", "us2"]):
    i = lines[0]["inputs"][slot]
    assert i["status"] == "used" and i["sha256"] == sha(open(name + ".png", "rb").read())
    im = Image.open(name + ".png")
    seen = Image.open(f"seen/000001_{i['slot']}.png")
    if slot < 2:
        want = np.asarray(Image.fromarray(np.asarray(im).astype("int32")).resize((48, 64), Image.BILINEAR))
        tensor = (want.astype("float32") - np.float32(5063.68)) / np.float32(8773.89)
        assert seen.mode.startswith("I")
    else:
        want = np.asarray(im.convert("RGB").resize((32, 32), Image.BILINEAR))
        tensor = want.astype("float32") / np.float32(255)
        assert seen.mode == "RGB"
    assert np.array_equal(np.asarray(seen), want), name
    assert i["tensor_sha256"] == sha(tensor.tobytes()), name
assert lines[1]["inputs"][3]["code"] == "IMAGE_TRUNCATED" and lines[1]["inputs"][3]["tensor_sha256"] is None
assert lines[0]["inputs"][4]["status"] == "absent" and lines[0]["inputs"][4]["sha256"] is None
assert sorted(os.listdir("seen")) == sorted([f"000001_{s}.png" for s in ("mg_cc", "mg_mlo", "us_bmode_trans", "us_bmode_long")] +
                                            ["000002_us_bmode_trans.png", "000003_mg_cc.png", "000004_mg_cc.png"])
PY

# predict has the same inputs
small_model m.st
expect 2 "$bmunet" predict --model m.st --exams exams.csv --json q.jsonl
python3 -c '
import json
p, q = ([json.loads(l) for l in open(f)] for f in ("p.jsonl", "q.jsonl"))
assert [(l["exam_id"], l["status"], l["code"], l["reason"], l["inputs"]) for l in p] == [(l["exam_id"], l["status"], l["code"], l["reason"], l["inputs"]) for l in q]'

expect 2 "$bmunet" prep --profile reference-v1 --small --exams exams.csv --json r.jsonl --allow-partial
prints '^2 ok, 2 refused'

# what it cannot do
expect 1 "$bmunet" prep --exams exams.csv
says '^bmunet: USAGE: --json is required'
expect 1 "$bmunet" prep --exams exams.csv --json p.jsonl --profile nosuch
says "^bmunet: USAGE: --profile: 'nosuch' must be canonical-v1 or reference-v1"
expect 1 "$bmunet" prep --small --exams exams.csv --json n.jsonl --png seen
says '^bmunet: FILE_WRITE: seen: the folder for pictures must be a new one'
[ ! -e n.jsonl ] || fail "written in spite of an error"
expect 1 "$bmunet" prep --exams exams.csv --json exams.csv
says '^bmunet: USAGE: .*same file'
expect 1 "$bmunet" prep --small --exams exams.csv --json us1.png
says '^bmunet: USAGE: .*an image of the table'
expect 1 "$bmunet" prep --small --exams nosuch.csv --json n.jsonl
says '^bmunet: FILE_MISSING: '
no_leftovers
