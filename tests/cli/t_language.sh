#!/bin/sh
# The terminal's language: Chinese by LC_ALL, LC_MESSAGES or LANG, in this order; files and JSON never depend on it.
. "$(dirname -- "$0")/common"
unset LC_ALL LC_MESSAGES LANG
# the table of words: the same conversions in the same order, and no text that the program does not say
python3 - "$source_tree/src" <<'PY'
import ast, re, sys
from pathlib import Path
def texts(code):
    code = re.sub(r"\\\n", "\n", code)
    code = re.sub(r"/\*.*?\*/|'(?:\\.|[^'\\])'", "", code, flags=re.S)
    for found in re.finditer(r'"(?:\\.|[^"\\])*"(?:\s*"(?:\\.|[^"\\])*")*', code):
        yield "".join(ast.literal_eval(part) for part in re.findall(r'"(?:\\.|[^"\\])*"', found.group(0)))
folder = Path(sys.argv[1])
said = {t for p in folder.glob("*/*.[ch]") if p.name != "words_zh.h" for t in texts(p.read_text())}
table = (folder / "cli/words_zh.h").read_text()
pairs = []
for entry in re.findall(r'(?ms)^    X\((".*?")\)(?: \\)?$', table):
    english, chinese = re.fullmatch(r'("(?:\\.|[^"\\])*"),\s*\\?\s*("(?:\\.|[^"\\])*")', entry).groups()
    pairs.append((ast.literal_eval(english), ast.literal_eval(chinese)))
assert len(pairs) > 30, len(pairs)
for pair in pairs:
    assert len(pair) == 2, pair
    conversions = [re.findall(r"%[-+0-9.*]*(?:zu|ld|[sdugfx%])", t) for t in pair]
    assert conversions[0] == conversions[1], pair
    assert pair[0] in said, f"the program does not say: {pair[0]}"
    assert pair[0].endswith("\n") == pair[1].endswith("\n"), pair
    assert re.search("[\u4e00-\u9fff]", pair[1]), pair
assert len({a for a, _ in pairs}) == len(pairs), "a text stands twice"
PY

chinese() { grep -q '用法' out || fail "no Chinese: $*"; }
english() { grep -q '^Usage' out || fail "no English: $*"; }
for setting in LANG=zh_CN LANG=zh_CN.UTF-8 LANG=zh_CN.utf8 LANG=zh LC_MESSAGES=zh_CN.UTF-8 LC_ALL=zh_CN.UTF-8 'LC_ALL= LANG=zh_CN.UTF-8' \
    'LC_ALL=zh_CN LC_MESSAGES=C LANG=en_US.UTF-8' 'LC_MESSAGES=zh_CN LANG=C'; do
    # shellcheck disable=SC2086 # several settings
    expect 0 env $setting "$bmunet" help
    chinese "$setting"
done
for setting in LANG=C LANG=en_GB.UTF-8 LANG=zh_CN.GB18030 LANG=zha 'LC_ALL=C LANG=zh_CN' 'LC_MESSAGES=en_US.UTF-8 LANG=zh_CN' LANG=; do
    # shellcheck disable=SC2086
    expect 0 env $setting "$bmunet" help
    english "$setting"
done

# every page of help is at most 80 columns wide in both languages, a Chinese character being two
for verb in '' $("$bmunet" --help-table | cut -f1); do
    for language in C.UTF-8 zh_CN.UTF-8; do
        # shellcheck disable=SC2086 # no verb at all
        LANG=$language "$bmunet" help $verb >page
        python3 - page <<'PY' || fail "help $verb in $language is wider than 80 columns"
import sys, unicodedata
for line in open(sys.argv[1], encoding="utf-8"):
    line = line.rstrip("\n")
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
    assert width <= 80 and line == line.rstrip(), (width, line)
PY
    done
done

# the table on the terminal; files, JSON and what is written of them are the same
pictures
small_model m.st
printf 'exam_id,us_bmode_trans,mg_cc\na,us1.png,mg1.png\nb,cut.png,\n' >exams.csv
expect 2 env LANG=zh_CN.UTF-8 "$bmunet" predict --model m.st --exams exams.csv
prints '恶性'
prints '已拒绝'
prints '乳腺X线 1'
says '此模型未经训练'
python3 - <<'PY'
import unicodedata
lines = open("out", encoding="utf-8").read().splitlines()
def column(line, text): # where it begins, on a terminal
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line[:line.index(text)])
head, a = lines[0], next(l for l in lines if l.startswith("a "))
assert column(head, "层级") == column(a, "T"), (head, a)
assert column(head, "所用影像") == column(a, "乳腺"), (head, a)
PY
for language in C zh_CN.UTF-8; do
    expect 2 env LANG=$language "$bmunet" predict --model m.st --exams exams.csv --out "p.$language.csv" --json "p.$language.jsonl" --threads 1
    sed 's/"times_ms":{[^}]*}//' "p.$language.jsonl" >"j.$language"
    expect 0 env LANG=$language "$bmunet" info --json m.st
    cp out "info.$language"
    expect 0 env LANG=$language "$bmunet" --version --json
    cp out "version.$language"
done
prints version
same p.C.csv p.zh_CN.UTF-8.csv
same j.C j.zh_CN.UTF-8
same info.C info.zh_CN.UTF-8
same version.C version.zh_CN.UTF-8
