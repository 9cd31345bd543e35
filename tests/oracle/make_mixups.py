#!/usr/bin/python3
"""Exams of eight views that belong together, and 500 that were mixed up. Usage: make_mixups.py FOLDER [--mixups 500] [--clean 50] [--seed 1]

Writes FOLDER/*.dcm, exams.csv, and expected.json {exam_id: {"code": null or a code, "what": ...}}. A mixed-up exam is a good one in which one thing was done;
the good ones stand in the same table under their own patient_id. rows_*.csv and rows.json {table: {exam_id: null or a code}}: exams whose files are all of one
patient, but not of the row's.
"""
import argparse
import csv
import datetime
import json
import random
import shutil
from pathlib import Path

from dicom_make import EXPLICIT, IMPLICIT, JPEGLS, LOSSLESS_70, RLE, put, store, uid
from make_matrix import SLOTS
from matrix_cases import mg_dataset, us_dataset

MG = {"photometric": "MONOCHROME2", "bits": (16, 12, 11), "signed": False, "junk": 0, "padding": "none", "modality": "none", "voi": "linear", "shape": "absent",
      "orientation": "standard", "vendor": "Acme", "remarks": False, "side_said": "image", "view_said": "both"}
US = {"side_said": "image", "colour": "RGB", "layout": "one", "frames": 1, "vendor": "Acme"}
PATIENTS, FIRST_DAY = 12, datetime.date(2020, 1, 15)


def day(n):
    return (FIRST_DAY + datetime.timedelta(n)).strftime("%Y%m%d")


class Cohort:
    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def file(self, patient, side, slot, study="1", days=None, syntax=EXPLICIT, copy=""):
        """The name of a file. Same arguments, same file; other study, days, syntax or copy: another file with the same pixels."""
        key = (patient, side, slot, study, days, syntax, copy)
        if key not in self.made:
            name = f"{patient:02d}{side}_{slot}_{len(self.made):04d}.dcm"
            mg = slot.startswith("mg")
            seed = patient * 1000 + "LR".index(side) * 100 + SLOTS.index(slot) * 10
            if mg:
                ds, _ = mg_dataset(dict(MG, side=side, view=slot[3:].upper()), name, seed)
            else:
                ds, _ = us_dataset(dict(US, side=side, kind=slot.split("_")[1], regions=patient % 2 == 0), name, seed)
            made = self.day_of(patient, side, mg) if days is None else days
            put(ds, PatientID=f"ID{patient:02d}", StudyInstanceUID=uid(f"{patient} {mg} {study}"), StudyDate=day(made),
                ContentDate=day(made) if patient % 3 else None, AcquisitionDate=day(made) if patient % 3 == 1 else None)
            store(self.folder / name, ds, syntax)
            self.made[key] = name
        return self.made[key]

    @staticmethod
    def day_of(patient, side, mg):
        """Ultrasound 0 to 180 days after mammography; 180 of every third patient."""
        return patient * 40 + (0 if mg else 180 if patient % 3 == 0 else patient * 11 % 180)

    def exam(self, patient, side):
        return {slot: self.file(patient, side, slot) for slot in SLOTS}

    def copy(self, name):
        target = f"copy{len(self.made):04d}_{name}"
        shutil.copy(self.folder / name, self.folder / target)
        self.made[target] = target
        return target


# --- what can go wrong: (files, cohort, patient, side, random) -> what was done; the code it has to get
def other_patient(x, c, p, s, r):
    slot = r.choice(SLOTS)
    x[slot] = c.file((p + r.randrange(1, PATIENTS)) % PATIENTS, s, slot)
    return slot


def other_side(x, c, p, s, r):
    slot = r.choice(SLOTS)
    x[slot] = c.file(p, "R" if s == "L" else "L", slot)
    return slot


def swap_views(x, c, p, s, r):
    x["mg_cc"], x["mg_mlo"] = x["mg_mlo"], x["mg_cc"]
    return "mg_cc, mg_mlo"


def swap_modalities(x, c, p, s, r):
    a, b = r.choice(SLOTS[:2]), r.choice(SLOTS[2:])
    x[a], x[b] = x[b], x[a]
    return f"{a}, {b}"


def swap_kinds(x, c, p, s, r):
    a = r.choice(SLOTS[2:])
    b = r.choice([t for t in SLOTS[2:] if t.split("_")[1] != a.split("_")[1]])
    x[a], x[b] = x[b], x[a]
    return f"{a}, {b}"


def same_file(x, c, p, s, r):
    a, b = r.sample(SLOTS, 2)
    x[a] = x[b]
    return f"{a}, {b}"


def same_bytes(x, c, p, s, r):
    a, b = r.sample(SLOTS, 2)
    x[a] = c.copy(x[b])
    return f"{a}, {b}"


def same_pixels(x, c, p, s, r):
    kind = r.choice(["bmode", "doppler", "elasto"])
    a, b = r.sample(["trans", "long"], 2)
    x[f"us_{kind}_{a}"] = c.file(p, s, f"us_{kind}_{b}", syntax=r.choice([IMPLICIT, RLE, JPEGLS, LOSSLESS_70]), copy="again")
    return f"{kind} {b} as {a}"


def other_study(x, c, p, s, r):
    slot = r.choice(SLOTS)
    x[slot] = c.file(p, s, slot, study="2")
    return slot


def day_181(x, c, p, s, r):
    slot = r.choice(SLOTS[:2])  # a mammogram 181 days before the ultrasound, or after the other mammogram
    x[slot] = c.file(p, s, slot, days=r.choice([c.day_of(p, s, False) - 181, c.day_of(p, s, True) + 181]))
    return slot


MIXUPS = [(other_patient, "PATIENT_MISMATCH"), (other_side, "SIDE_MISMATCH"), (swap_views, "VIEW_MISMATCH"), (swap_modalities, "MODALITY_WRONG"),
          (swap_kinds, "IMAGE_KIND"), (same_file, "VIEW_DUPLICATE"), (same_bytes, "VIEW_DUPLICATE"), (same_pixels, "VIEW_DUPLICATE"),
          (other_study, "STUDY_MISMATCH"), (day_181, "DATE_APART")]


# --- whole rows under another patient: what one exam alone cannot show
def row_tables():
    """name -> (patient_id of an exam of patient p, {exam (p, side): patient whose files it holds}, exams that have to be refused)"""
    pseudonym, same = (lambda p: f"person {p + 3}"), (lambda p: f"ID{p:02d}")
    both = lambda *patients: {(p, s) for p in patients for s in "LR"}
    return {
        "pseudonyms": (pseudonym, {}, set()),
        "patient_ids": (same, {}, set()),
        "pseudonyms_one_row": (pseudonym, {(2, "L"): 5}, both(2, 5)),
        "patient_ids_one_row": (same, {(2, "L"): 5}, both(2, 5)),
        "patient_ids_two_patients": (same, {e: 9 - e[0] for e in both(4, 5)}, both(4, 5)),
        "pseudonyms_two_patients": (pseudonym, {e: 9 - e[0] for e in both(4, 5)}, set()),  # consistent, so it cannot be known
        "one_name_for_two": (lambda p: pseudonym(min(p, 10)), {}, both(10, 11)),
        "nameless": (lambda p: "", {(2, "L"): 5}, set()),
    }


def write_rows(folder, cohort):
    expected = {}
    for name, (patient_id, held, refused) in row_tables().items():
        with open(folder / f"rows_{name}.csv", "w", newline="") as f:
            out = csv.writer(f, lineterminator="\n")
            out.writerow(["exam_id", "patient_id", *SLOTS[:4]])
            for p in range(PATIENTS):
                for side in "LR":
                    files = cohort.exam(held.get((p, side), p), side)
                    out.writerow([f"{p}{side}", patient_id(p), *[files[s] for s in SLOTS[:4]]])
        expected[name] = {f"{p}{side}": "PATIENT_MISMATCH" if (p, side) in refused else None for p in range(PATIENTS) for side in "LR"}
    (folder / "rows.json").write_text(json.dumps(expected, indent=0))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=Path)
    p.add_argument("--mixups", type=int, default=500)
    p.add_argument("--clean", type=int, default=50)
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    o.folder.mkdir(parents=True, exist_ok=True)
    cohort, rng, rows, expected = Cohort(o.folder), random.Random(o.seed), [], {}
    for i in range(o.clean + o.mixups):
        clean = i < o.clean
        patient, side = i % PATIENTS, "LR"[i // PATIENTS % 2]
        files, what, code = cohort.exam(patient, side), "nothing", None
        if clean and i >= 2 * PATIENTS:  # other clean ones: some views only
            for slot in rng.sample(SLOTS, rng.randrange(0, 6)):
                files[slot] = ""
        if not clean:
            do, code = MIXUPS[i % len(MIXUPS)]
            what = f"{do.__name__}: {do(files, cohort, patient, side, rng)}"
        name = f"{'clean' if clean else 'mixed'}{i:03d}"
        rows.append([name, f"ID{patient:02d}" if o.seed % 2 else f"pseudonym {patient}", side if i // 2 % 2 else "", *[files[s] for s in SLOTS]])
        expected[name] = {"code": code, "what": what}
    rng.shuffle(rows)
    with open(o.folder / "exams.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["exam_id", "patient_id", "side", *SLOTS])
        out.writerows(rows)
    (o.folder / "expected.json").write_text(json.dumps(expected, indent=0))
    write_rows(o.folder, cohort)
    print(f"{o.clean} clean exams, {o.mixups} mixed up, {len(cohort.made)} files")


if __name__ == "__main__":
    main()
