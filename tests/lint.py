#!/usr/bin/python3
"""The rules of the house that a compiler does not check. Usage: lint.py [--quick] [ROOT]

Each check_*(root) yields "path: what is wrong". --quick leaves out what starts a compiler or clang-tidy. tests/lint_self.py seeds each
violation into a small tree and sees it caught.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# docs/TOUR.md: a room includes only itself and lower floors.
FLOORS = {"base": 0, "file": 1, "kernel": 1, "stats": 1, "tensor": 2, "image": 2, "ckpt": 2, "accuracy": 2, "draw": 2, "exam": 3, "nn": 3,
          "cohort": 4, "scan": 4, "phantom": 4, "prep": 4, "evaluate": 5, "synth": 5, "model": 6, "report": 6, "learn": 7, "infer": 7,
          "store": 7, "train": 8, "serve": 8, "api": 8, "cli": 9, "verb": 10}
PROGRAM = ("cli", "verb")  # they print, exit and know options; nothing below does
DECODER_ROOMS = ("base", "file", "image")  # what decoder/, a program of its own, may include

# One foreign library, one wrapper.
WRAPPERS = [
    (r"dnnl.*\.h|oneapi/.*", r"src/tensor/dnn_\w+\.[ch]"),
    (r"png\.h|pnglibconf\.h", r"decoder/codec_png\.c|src/image/png_write\.c"),
    (r"jpeglib\.h|jerror\.h|turbojpeg\.h", r"decoder/codec_jpeg\.c"),
    (r"dcmtk/.*", r"decoder/(dicom_shim|deidentify)\.cc"),
    (r"openjpeg.*\.h", r"decoder/jpeg2000\.c"),
    (r"seccomp\.h", r"decoder/sandbox\.c"),
    (r"jansson\.h", r"src/file/json\.c"),
    (r"nettle/.*", r"src/base/hash\.c"),
    (r"zip\.h", r"src/ckpt/torch_zip\.c"),
    (r"cyaml/.*", r"src/\w+/(\w+_yaml|yaml|schema)\.[ch]"),
    (r"gsl/.*", r"src/stats/distribution\.c"),
    (r"(cairo|pango|glib|fontconfig).*", r"src/draw/canvas\.c"),
    (r"omp\.h", r"src/base/pool\.c"),
]

BANNED = r"\b(strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|system|popen|fork|vfork|alloca|" \
         r"[fs]?scanf|vscanf|tmpnam|tempnam|mktemp|rand|srand|random|setenv|putenv)\s*\("
PRINTS = r"\b(v?printf|puts|putchar|putc_unlocked|perror|exit|_exit|_Exit|quick_exit|abort|err|errx|warn|warnx)\s*\(|\b(stdout|stderr)\b"
FLAGS = "-std=gnu17 -D_GNU_SOURCE -Isrc -Iinclude -fopenmp -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes " \
        "-Wmissing-prototypes -Wformat=2 -Werror -fsyntax-only".split()
PINNED = 14  # clang-format and clang-tidy: other versions see other things


def files(root, *patterns):
    for pattern in patterns:
        yield from sorted(p for p in root.glob(pattern) if p.is_file())


def c_files(root):
    return files(root, "src/*/*.[ch]", "decoder/*.[ch]", "decoder/*.cc", "include/*.h", "tests/*.[ch]", "fuzz/*.[ch]", "bench/*.[ch]", "examples/*.c")


def code_of(text):
    """The text without comments and the insides of strings; lines stay where they are."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        return '""' if found[0] in "\"'" else "\n" * found.count("\n") or " "

    return pattern.sub(blank, text)


def grep_code(root, path, pattern, what):
    for number, line in enumerate(code_of(path.read_text()).splitlines(), 1):
        if not re.match(r"\s*#\s*(include|define)", line):
            for found in re.finditer(pattern, line):
                yield f"{path.relative_to(root)}:{number}: {what}: {found.group(0).rstrip('( ')}"


def includes(path):
    """(line number, name, in quotes)"""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if found:
            yield number, found.group(2), found.group(1) == '"'


def check_floors(root):
    graph = {}
    for path in files(root, "src/*/*.[ch]"):
        name = str(path.relative_to(root / "src"))
        room = name.split("/")[0]
        if room not in FLOORS:
            yield f"src/{name}: no room '{room}' in the table of floors"
            continue
        for number, included, quoted in includes(path):
            if not quoted or included == "base/version.h" or (root / "include" / included).exists():
                continue
            other = included.split("/")[0]
            if not (root / "src" / included).exists():
                yield f"src/{name}:{number}: \"{included}\" is not a file under src/ (paths start at the room)"
            elif other != room and FLOORS.get(other, 99) >= FLOORS[room]:
                yield f"src/{name}:{number}: floor {FLOORS[room]} includes \"{included}\" of floor {FLOORS.get(other)}"
            graph.setdefault(name, []).append(included)
    for path in files(root, "decoder/*.[ch]", "decoder/*.cc"):
        for number, included, quoted in includes(path):
            if quoted and included.split("/")[0] not in (*DECODER_ROOMS, "dcmtk") and not (root / "decoder" / included).exists():
                yield f"decoder/{path.name}:{number}: the decoder includes \"{included}\", which is neither its own nor of {', '.join(DECODER_ROOMS)}"
    state = {}

    def walk(node, trail):
        if state.get(node) == "done":
            return
        if node in trail:
            yield f"src/{node}: a cycle of includes: {' -> '.join(trail[trail.index(node):] + [node])}"
            return
        for follower in graph.get(node, []):
            yield from walk(follower, trail + [node])
        state[node] = "done"

    for node in sorted(graph):
        yield from walk(node, [])


def check_wrappers(root):
    for path in files(root, "src/*/*.[ch]", "decoder/*.[ch]", "decoder/*.cc"):
        name = str(path.relative_to(root))
        for number, included, _ in includes(path):
            for library, wrapper in WRAPPERS:
                if re.fullmatch(library, included) and not re.fullmatch(wrapper, name):
                    yield f"{name}:{number}: {included} belongs to {wrapper} alone"
        if name != "src/base/pool.c":
            yield from grep_code(root, path, r"#\s*pragma\s+omp.*", "OpenMP outside src/base/pool.c")


def check_banned(root):
    for path in c_files(root):
        in_test = path.relative_to(root).parts[0] == "tests"  # a test may run itself into a limit in a child, and set its environment
        yield from grep_code(root, path, re.sub(r"fork\|vfork\||\|setenv\|putenv", "", BANNED) if in_test else BANNED, "banned call")


def check_memory(root):
    """All memory of ours is base/mem's, whose source the program that embeds us may name; what scandir() gives is the C library's."""
    taken = r"\b(malloc|calloc|realloc|reallocarray|strdup|strndup|v?asprintf|posix_memalign|aligned_alloc|getline|open_memstream)\s*\("
    for path in files(root, "src/*/*.[ch]", "decoder/*.[ch]", "decoder/*.cc"):
        if str(path.relative_to(root)) != "src/base/mem.c":
            given = "" if "scandir(" in path.read_text() else r"|\bfree\s*\((?!\))"
            yield from grep_code(root, path, taken + given, "memory comes from base/mem.h and goes back through mem_free()")


def check_prints(root):
    for path in files(root, "src/*/*.[ch]"):
        if path.relative_to(root).parts[1] not in PROGRAM:
            yield from grep_code(root, path, PRINTS, "nothing below src/cli prints or exits")
    for path in files(root, "decoder/*.[ch]", "decoder/*.cc"):
        if path.name != "main.c":
            yield from grep_code(root, path, PRINTS, "nothing in decoder/ but main.c prints or exits")


def check_options(root):
    """Nothing below src/cli knows the command line: its messages name the cause and the remedy, and src/cli/hint.c adds the option."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|\'(?:\\.|[^\'\\\n])*\'|"((?:\\.|[^"\\\n])*)"', re.S)
    for path in files(root, "src/*/*.[ch]", "decoder/*.[ch]", "decoder/*.cc"):
        if path.relative_to(root).parts[1] in PROGRAM or path.relative_to(root) == Path("decoder/main.c"):
            continue
        text = path.read_text()
        for found in token.finditer(text):
            option = re.search(r"(?<!var\()(?<![\w-])--[a-z][a-z][\w-]*", found.group(1) or "")
            if option:
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(root)}:{line}: a text below src/cli names an option: {option.group(0)}"


def check_length(root):
    for path in [*c_files(root), *files(root, "tests/**/*.py", "tests/**/*.sh", "bench/*.py", "bench/*.sh", "fuzz/*.sh", "dev")]:
        count = len(path.read_text().splitlines())
        if count > 800:
            yield f"{path.relative_to(root)}: {count} lines, more than 800"
    rooms = {}
    for path in files(root, "src/*/*.[ch]", "decoder/*.[ch]", "decoder/*.cc"):
        rooms.setdefault(path.parent, []).append(len(path.read_text().splitlines()))
    everything = sum(map(sum, rooms.values()))
    for room, counts in rooms.items():
        if len(counts) > 30:
            yield f"{room.relative_to(root)}: {len(counts)} files, more than 30"
        if sum(counts) > max(everything / 10, 2000):  # the second: a house of a few files, as lint_self.py builds
            yield f"{room.relative_to(root)}: {sum(counts)} lines, more than a tenth of all"


def check_opening(root):
    for path in c_files(root):
        name = path.relative_to(root)
        text = path.read_text()
        if not text.startswith("/*"):
            yield f"{name}: does not start with a comment that says what it is for"
            continue
        if name.parts[0] != "src" or name.parts[1] not in FLOORS:
            continue
        said = re.search(r"[Ff]loor\s+(?:\*\s+)?(\d+)", text[:text.index("*/")])
        if not said or int(said.group(1)) != FLOORS[name.parts[1]]:
            yield f"{name}: its first comment does not say 'Floor {FLOORS[name.parts[1]]}.'"


def check_shell(root):
    for path in files(root, "dev", ".ci/run", "**/*.sh"):
        if "node_modules" in path.parts or "build" in path.relative_to(root).parts:
            continue
        done = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True)
        if done.returncode:
            yield f"{path.relative_to(root)}: sh -n: {done.stderr.strip()}"


def check_tour(root):
    tour = root / "docs/TOUR.md"
    text = tour.read_text() if tour.exists() else ""
    if not text:
        yield "docs/TOUR.md: is missing"
    for room in sorted({p.relative_to(root).parts[1] for p in files(root, "src/*/*.[ch]")}):
        if f"`src/{room}/" not in text:
            yield f"docs/TOUR.md: does not show `src/{room}/`"


WIDTH = 100  # columns of prose
ROOTED = r"`((?:src|decoder|docs|tests|fuzz|bench|share|include|cmake|examples|debian|\.ci)/[^`\s]*)`"


def documents(root):
    return files(root, "*.md", "docs/*.md")


def missing(root, name):
    """A path under the root, perhaps a pattern; <x> stands for any name."""
    return not list(root.glob(re.sub(r"<\w+>", "*", name).rstrip("/")))


def check_documents(root):
    """Prose is wrapped (tables, code, and a line that is one long word may be wider), and what a document names is there."""
    for path in documents(root):
        name, fenced = path.relative_to(root), False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("```"):
                fenced = not fenced
            if fenced or line.startswith("```"):
                continue
            if len(line) > WIDTH and not line.startswith(("|", "    ")) and " " in line.strip():
                yield f"{name}:{number}: {len(line)} columns, more than {WIDTH}"
            if line.startswith("    "):
                continue
            for said in re.findall(ROOTED, line):
                if missing(root, said):
                    yield f"{name}:{number}: `{said}` does not exist"
            for said in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if "://" not in said and not (path.parent / said).exists():
                    yield f"{name}:{number}: the link to {said} leads nowhere"
            for said in re.findall(r"(?<![`/\w])docs/\w+\.md", line):
                if missing(root, said):
                    yield f"{name}:{number}: {said} does not exist"


def check_tree_names(root):
    """The names of the shipped tree's leaves stand in the tree and nowhere in the program: which leaf means what is for the tree at hand to say."""
    names = re.compile(r"\bp?_?T([1-5]|%[a-z])\b")
    for path in files(root, "src/*/*.[ch]", "decoder/*.[ch]", "decoder/*.cc", "include/*.h"):
        if not re.fullmatch(r"src/exam/tree\w*\.[ch]", str(path.relative_to(root))):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for found in names.finditer(line):
                    yield f"{path.relative_to(root)}:{number}: {found.group(0)} is a leaf of one disease tree; ask exam/tree for names"


def version(tool):
    try:
        found = re.search(r"version (\d+)", subprocess.run([tool, "--version"], capture_output=True, text=True).stdout)
        return int(found.group(1)) if found else 0
    except OSError:
        return 0


def check_format(root):
    if version("clang-format") != PINNED:
        print(f"   format: skipped, the format is pinned to clang-format {PINNED}, here is {version('clang-format') or 'none'}")
        return
    for path in c_files(root):
        if subprocess.run(["clang-format", "--dry-run", "-Werror", str(path)], capture_output=True).returncode:
            yield f"{path.relative_to(root)}: clang-format -i would change it"


def check_headers(root):
    """Each header compiles by itself, so that the order of includes never matters."""
    def one(job):
        compiler, path = job
        done = subprocess.run([compiler, *FLAGS, "-Idecoder", f"-I{generated(root)}", "-x", "c", "-include", str(path.relative_to(root)), "/dev/null"],
                              cwd=root, capture_output=True, text=True)
        return f"{path.relative_to(root)}: not alone with {compiler}: {done.stderr.strip()[:400]}" if done.returncode else None

    jobs = [(compiler, path) for compiler in ("gcc", "clang")
            for path in files(root, "src/*/*.h", "decoder/*.h", "include/*.h")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(one, jobs))


def generated(root):
    return root / "build/release/generated"


def check_symbols(root):
    """No global name of ours is one of a library we link: ours would take its place inside that library."""
    built = root / "build/release"
    if not ((built / "librooms.a").exists() and (built / "bmunet").exists()):
        print("   symbols: skipped, build/release is not built")
        return

    def names(*command):
        out = subprocess.run(command, capture_output=True, text=True).stdout
        found = {words[-1].split("@")[0] for words in map(str.split, out.splitlines()) if len(words) == 3 and words[1] in "TDBRVWui"}
        return {name for name in found if not name.startswith("_Z") and not name.startswith("DW.ref.")}  # C++: templates stand in many places

    for libraries, program in ((["librooms.a"], "bmunet"), (["librooms.a", "libdecodecore.a"], "bmunet-decode")):
        if not (built / program).exists():
            continue
        mine = set().union(*(names("nm", "--defined-only", "--extern-only", str(built / library)) for library in libraries))
        for line in subprocess.run(["ldd", str(built / program)], capture_output=True, text=True).stdout.splitlines():
            found = re.search(r"=> (/\S+)", line)
            for name in sorted(mine & names("nm", "-D", "--defined-only", found.group(1))) if found else []:
                yield f"{name}: is also a name of {Path(found.group(1)).name}"


def check_tidy(root):
    if version("clang-tidy") != PINNED or not (root / "build/clang/compile_commands.json").exists():
        print(f"   tidy: skipped, needs clang-tidy {PINNED} and a build under build/clang")
        return

    def one(path):
        done = subprocess.run(["clang-tidy", "--quiet", "-p", "build/clang", str(path)], cwd=root, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(one, files(root, "src/*/*.c", "decoder/*.c")))


QUICK = [check_floors, check_wrappers, check_banned, check_memory, check_prints, check_options, check_length, check_opening, check_shell, check_tour, check_documents,
         check_tree_names]
SLOW = [check_format, check_headers, check_symbols, check_tidy]


def main():
    arguments = sys.argv[1:]
    checks = QUICK if "--quick" in arguments else QUICK + SLOW
    places = [a for a in arguments if not a.startswith("-")]
    root = Path(places[0] if places else Path(__file__).parent.parent).resolve()
    problems = 0
    for check in checks:
        for problem in check(root):
            print(problem, flush=True)
            problems += 1
    print(f"lint: {len(checks)} checks, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
