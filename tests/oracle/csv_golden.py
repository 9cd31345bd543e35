"""Writes tests/golden/csv.json: tables as text and what Python's csv module makes of them (the outside reference of t_csv.c).

Only tables that RFC 4180 allows: where Python is more lenient than we are (lone CR, quotes inside cells, blank lines between rows), t_csv.c says what
we do. Run from the repository's root: python3 tests/oracle/csv_golden.py
"""
import csv
import io
import json
import random

ALPHABET = ["a", "B", "7", " ", ",", '"', "\n", "\r\n", "\r", "é", "乳", "𝔘", ";", "'", "\\", "\t", "=", "&"]


def rows_of(text):
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def random_table(rng):
    columns, rows = rng.randint(2, 6), rng.randint(0, 5)
    ending = rng.choice(["\n", "\r\n"])
    table = [["".join(rng.choice(ALPHABET) for _ in range(rng.choice([0, 0, 1, 2, 5, 12]))) for _ in range(columns)] for _ in range(rows + 1)]
    # Python 3.11's minimal quoting leaves a lone CR bare, which its own reader then takes for a line end
    bare_cr = any("\r" in cell for row in table for cell in row)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL if bare_cr else rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(table)
    text = out.getvalue()
    if rng.random() < 0.3:
        text = text[:-len(ending)]
    assert rows_of(text) == table
    return text


HAND = [
    "a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2", 'a,b\n"1","2"', 'a,b\n"x""y",""\n', 'a,b\n"line\none","line\r\ntwo"\n', "a,b\n,\n",
    'a,b\n"",""\n', 'a\n""\n', 'a,b\n1,"2"\r\n3,4\n', "a,b\n 1 ,\t2\n", '"a","b,c"\n1,2\n', 'a,b\n"""",""""""\n', "a,b\n1,", "é,乳\nß,𝔘\n",
]


def main():
    rng = random.Random(4180)
    texts = HAND + [random_table(rng) for _ in range(150)]
    cases = [{"text": t, "rows": rows_of(t)} for t in texts]
    for t in HAND:  # these end by blank lines, which we allow and Python turns into empty lists
        if t.endswith("\n"):
            cases.append({"text": t + "\n\r\n", "rows": [r for r in rows_of(t + "\n\r\n") if r]})
    with open("tests/golden/csv.json", "w", encoding="utf-8") as f:
        json.dump(cases, f, indent=0, ensure_ascii=False)
        f.write("\n")
    print(len(cases), "tables")


main()
