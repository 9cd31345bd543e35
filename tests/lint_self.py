#!/usr/bin/python3
"""lint.py is itself tested: a small clean tree passes every check; then each violation is seeded into it and has to be caught, by its name."""
import subprocess
import sys
import tempfile
from pathlib import Path

import lint

CLEAN = {
    "docs/TOUR.md": "rooms: `src/base/` `src/tensor/` `src/image/` `src/exam/` `src/cli/` and the file `src/base/a.c`\n",
    "README.md": "# A\n\nSee [the tour](docs/TOUR.md), docs/TOUR.md and\nhttps://" + "a" * 100 + "\n\n| " + "table " * 30 + "|\n\n    " + "code " * 30 + "\n"
                 "```\n" + "code " * 30 + "\n```\n",
    "dev": "#!/bin/sh\necho ok\n",
    "src/base/a.h": "/* A. Floor 0. */\n#ifndef A_H\n#define A_H\nint a(void);\n#endif\n",
    "src/base/a.c": '/* A; printf() and strcpy() in a comment are no calls. Floor 0. */\n#include "base/a.h"\n\n'
                    'int a(void) {\n    return "exit(1) stderr"[0];\n}\n',
    "src/tensor/t.h": '/* T. Floor 2. */\n#ifndef T_H\n#define T_H\n#include "base/a.h"\nint t(void);\n#endif\n',
    "decoder/codec_png.c": "/* PNG. Floor 1. */\n#include <png.h>\n",
    "src/image/i.c": '/* I, without --help. Floor 2. */\nconst char *i = "var(--colour) --c1"; /* --help */\n',
    "src/exam/tree.c": "/* T1 .. T5 are names of the shipped tree. Floor 3. */\n",
    "src/exam/tree.h": "/* Tree. T12 and BINT1 are none. Floor 3. */\n",
    "src/cli/main.c": '/* The program. Floor 9. */\n#include <stdio.h>\n\n#include "tensor/t.h"\n\nint main(void) {\n    return printf("%d", t());\n}\n',
}

H = "/* X. Floor {}. */\n"
# check, file, its text, what the message has to say
SEEDS = [
    ("floors", "src/base/x.c", H.format(0) + '#include "tensor/t.h"\n', "floor 0 includes"),
    ("floors", "src/image/x.c", H.format(2) + '#include "tensor/t.h"\n', "floor 2 includes"),
    ("floors", "src/base/x.c", H.format(0) + '#include "base/none.h"\n', "is not a file under src/"),
    ("floors", "src/base/x.c", H.format(0) + '#include "a.h"\n', "is not a file under src/"),
    ("floors", "src/attic/x.c", H.format(0), "no room 'attic'"),
    ("floors", "src/base/a.h", H.format(0) + '#include "base/a.h"\n', "a cycle of includes"),
    ("wrappers", "src/image/x.c", H.format(2) + "#include <png.h>\n", "belongs to"),
    ("floors", "decoder/x.c", H.format(1) + '#include "tensor/t.h"\n', "neither its own nor of"),
    ("wrappers", "decoder/x.c", H.format(1) + "#include <png.h>\n", "belongs to"),
    ("wrappers", "src/image/x.c", H.format(2) + '#include "dcmtk/dcmdata/dctk.h"\n', "belongs to"),
    ("prints", "decoder/x.c", H.format(1) + "void x(void) { _exit(1); }\n", "_exit"),
    ("wrappers", "src/tensor/x.c", H.format(2) + '#include "oneapi/dnnl/dnnl.h"\n', "belongs to"),
    ("wrappers", "src/tensor/x.c", H.format(2) + "#pragma omp parallel\n", "OpenMP outside"),
    ("banned", "src/base/x.c", H.format(0) + "int x(const char *s) { return atoi(s); }\n", "banned call: atoi"),
    ("banned", "src/base/x.c", H.format(0) + "int x(void) { return fork(); }\n", "banned call: fork"),
    ("memory", "src/base/x.c", H.format(0) + "void *x(void) { return malloc(1); }\n", "memory comes from"),
    ("memory", "decoder/x.c", H.format(1) + "void x(void *p) { free(p); }\n", "memory comes from"),
    ("banned", "tests/t_x.c", "/* x */\nvoid x(char *s) { strcpy (s, s); }\n", "banned call: strcpy"),
    ("prints", "src/base/x.c", H.format(0) + 'void x(void) { printf("x"); }\n', "printf"),
    ("prints", "src/base/x.c", H.format(0) + "void x(void) { exit(1); }\n", "exit"),
    ("prints", "src/base/x.c", H.format(0) + 'void x(void) { fputs("x", stderr); }\n', "stderr"),
    ("options", "src/base/x.c", H.format(0) + 'const char *x = "a \\" b; leave it out by --ignore-column";\n', "names an option: --ignore-column"),
    ("options", "decoder/x.c", H.format(1) + 'const char *x = "(--about)";\n', "names an option: --about"),
    ("length", "src/base/x.c", H.format(0) + "\n" * 800, "more than 800"),
    ("length", "src/base/x*.c", H.format(0), "files, more than 30"),
    ("length", "src/base/x*.c", H.format(0) + "\n" * 700, "more than a tenth of all"),
    ("opening", "src/base/x.c", "#include <stddef.h>\n", "does not start with a comment"),
    ("opening", "src/base/x.c", "/* X. Floor 1. */\n", "does not say 'Floor 0.'"),
    ("opening", "src/base/x.c", "/* X. */\n/* Floor 0. */\n", "does not say 'Floor 0.'"),
    ("shell", "bench/x.sh", "if true; then\n", "sh -n"),
    ("shell", "dev", "case x in\n", "sh -n"),
    ("documents", "docs/TOUR.md", "`src/base/` `src/tensor/` `src/image/` `src/exam/` `src/cli/` `src/base/gone.c`\n", "gone.c` does not exist"),
    ("documents", "docs/X.md", "as `src/base/` has it\n\n| a | `src/gone/` |\n", "docs/X.md:3: `src/gone/` does not exist"),
    ("documents", "docs/X.md", "as docs/GONE.md has it\n", "docs/GONE.md does not exist"),
    ("documents", "README.md", "see [the tour](docs/GONE.md)\n", "the link to docs/GONE.md leads nowhere"),
    ("documents", "README.md", "word " * 21 + "\n", "README.md:1: 105 columns, more than 100"),
    ("documents", "docs/X.md", "```\n" + "code " * 30 + "\n```\n- " + "word " * 20 + "\n", "docs/X.md:4: 102 columns"),
    ("tour", "docs/TOUR.md", "`src/base/` `src/tensor/` `src/exam/` `src/cli/`\n", "does not show `src/image/`"),
    ("tree_names", "src/tensor/x.c", H.format(2) + 'const char x[] = "malignant,T3,p";\n', "T3 is a leaf of one disease tree"),
    ("tree_names", "src/cli/x.c", H.format(9) + 'const char x[] = "ok,T%d,";\n', "T%d is a leaf"),
    ("tree_names", "src/cli/x.h", H.format(9) + "/* p_T1 + p_T2 */\n", "p_T1 is a leaf"),
    ("format", "src/base/x.c", H.format(0) + "int   x ;\n", "clang-format"),
    ("headers", "src/base/x.h", H.format(0) + "size_t x(void);\n", "not alone with"),
    ("tidy", "src/base/a.c", H.format(0) + "#include <stdlib.h>\nint a(void);\nint a(void) {\n    int *p = malloc(4);\n    free(p);\n    return *p;\n}\n",
     "clang-analyzer"),
    ("symbols", "src/base/a.c", H.format(0) + "int json_delete(void);\nint json_delete(void) { return 1; }\nint a(void);\nint a(void) { return 1; }\n",
     "json_delete: is also a name of libjansson"),
]


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def build(root):
    """What check_tidy and check_symbols look at, for the file base/a.c alone."""
    write(root, ".clang-tidy", (Path(__file__).parent.parent / ".clang-tidy").read_text())
    write(root, ".clang-format", (Path(__file__).parent.parent / ".clang-format").read_text())
    for preset in ("clang", "release"):
        (root / "build" / preset).mkdir(parents=True, exist_ok=True)
    write(root, "build/clang/compile_commands.json",
          f'[{{"directory": "{root}", "file": "{root}/src/base/a.c", "command": "clang -Isrc -c src/base/a.c"}}]')
    out = root / "build/release"
    subprocess.run(["gcc", "-Isrc", "-c", "src/base/a.c", "-o", out / "a.o"], cwd=root, check=True)
    subprocess.run(["ar", "rcs", out / "librooms.a", out / "a.o"], check=True)
    write(root, "build/main.c", "int a(void);\nint main(void) { return a(); }\n")
    subprocess.run(["gcc", root / "build/main.c", out / "a.o", "-Wl,--no-as-needed", "-ljansson", "-o", out / "bmunet"], check=True)


def run(check, name=None, text=None):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, content in CLEAN.items():
            write(root, path, content)
        for path in [name.replace("*", str(i)) for i in range(31)] if name and "*" in name else [name] if name else []:
            write(root, path, text)
        if check in ("tidy", "symbols", "format"):
            build(root)
        if check == "tidy":
            for path in list(root.glob("src/*/*.c")):
                if path.name != "a.c":
                    path.unlink() # the others have no compile command here
        return list(getattr(lint, "check_" + check)(root))


def main():
    pinned = {"format": "clang-format", "tidy": "clang-tidy"}
    failures = 0
    skip = {check for check, tool in pinned.items() if lint.version(tool) != lint.PINNED}
    for check in [c.__name__[6:] for c in lint.QUICK + lint.SLOW]:
        if check in skip:
            continue
        found = run(check)
        if found:
            failures += 1
            print(f"lint_self: the clean tree fails {check}: {found}")
        if check not in {seed[0] for seed in SEEDS}:
            failures += 1
            print(f"lint_self: no violation is seeded for {check}")
    for check, name, text, message in SEEDS:
        if check in skip:
            continue
        found = run(check, name, text)
        if not any(message in problem for problem in found):
            failures += 1
            print(f"lint_self: {check} does not catch '{message}' in {name}: {found}")
    print(f"lint_self: {len(SEEDS)} seeded violations, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
