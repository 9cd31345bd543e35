#!/usr/bin/python3
"""Manual pages and the program they describe. Usage: man.py check|write PROGRAM [FOLDER]

libbmunet(3) has its parts from include/bmunet.h and examples/: the header is the reference, the page shows it.

What the program knows of itself (`PROGRAM VERB --help-table`, the exit statuses of `--help`, `help codes`) stands in the pages between
`.\\" program: PART` and `.\\" end`; `write` puts it there, `check` says which page would change and what else is wrong with it.
"""
import re
import subprocess
import sys
import textwrap
from pathlib import Path

HOME = Path(__file__).parent.parent
MARKED = re.compile(r'^\.\\" program: (\w+)\n(.*?)^\.\\" end\n', re.S | re.M)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return done.stdout


def text(phrase):
    """A phrase as a sentence of mdoc: cross-references as macros, lines of at most 79 columns."""
    first = phrase.split()[0]
    sentence = (phrase if "_" in first else phrase[0].upper() + phrase[1:]).replace("\\", "\\e") + "."
    marked = re.sub(r"\s*\b(bmunet-\w+)\((\d)\)([.,;]?)\s*", lambda m: f"\n.Xr {m[1]} {m[2]}{' ' + m[3] if m[3] else ''}\n", sentence).strip()
    lines = [line for part in marked.splitlines() for line in ([part] if part.startswith(".Xr") else textwrap.wrap(part, 79, break_on_hyphens=False))]
    return "\n".join("\\&" + line if line[0] in "'." and not line.startswith(".Xr ") else line for line in lines)


class Program:
    def __init__(self, path):
        self.path = path
        self.verbs = dict(line.split("\t") for line in run(path, "--help-table").splitlines())

    def options(self, verb):
        return [line.split("\t") for line in run(self.path, verb, "--help-table").splitlines()]

    @staticmethod
    def flag(name, argument):
        side = f"Fl Fl {name[2:]}" if name != "=" else ""
        return f"{side} Ar {argument}".strip() if argument != "-" else side

    def synopsis(self, verb):
        rows = self.options(verb)
        lines = [f".Nm bmunet {verb}"]
        lines += [f".{self.flag(n, a)}" for n, a, need, _ in rows if n != "=" and need == "required"]
        lines += [".Op Ar OPTION ..."] if any(n != "=" and need != "required" and n != "--help" for n, _, need, _ in rows) else []
        lines += [f".{'' if need == 'required' else 'Op '}{self.flag(n, a)}{' ...' if need == 'repeated' else ''}" for n, a, need, _ in rows if n == "="]
        return "\n".join(lines)

    def option_list(self, verb):
        items = [f".It {self.flag(n, a)}\n{text(what)}" for n, a, _, what in self.options(verb)]
        return "\n".join([".Bl -tag -width Ds", *items, ".El"])

    def statuses(self, verb):
        found = run(self.path, *([verb] if verb else []), "--help").split("Exit status:\n")[1]
        items = [f".It {n}\n{text(what)}" for n, what in re.findall(r"^  (\d+) +(.*)$", found, re.M)]
        return "\n".join([".Bl -tag -width Ds", *items, ".El"])

    def verb_list(self):
        items = [f".It Xr bmunet-{v} 1\n{text(what)}" for v, what in self.verbs.items()]
        return "\n".join([".Bl -tag -width Ds", *items, ".El"])

    def codes(self):
        rows = [line.split(None, 2) for line in run(self.path, "help", "codes").splitlines()]
        items = [f".It Sy {code} Pq {kind}\n{text(what)}" for code, kind, what in rows]
        return "\n".join([".Bl -tag -width Ds", *items, ".El"])

    @staticmethod
    def header():
        """bmunet.h section by section: what is declared, with what its comments say."""
        source, out = (HOME / "include/bmunet.h").read_text(), []
        body = source[source.index("/* The version of the library"):source.rindex("#ifdef __cplusplus")]
        for title, section in zip(*[iter(re.split(r"/\* --- (.*?) -+ \*/", "/* --- version --- */" + body)[1:])] * 2):
            section = re.sub(r"^/\*.*?\*/$", lambda m: textwrap.fill(re.sub(r"\n \*", "", m[0]), 76, subsequent_indent=" * "), section, flags=re.M | re.S)
            lines = "\n".join(textwrap.fill(line, 76, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False) if len(line) > 76 else line
                              for line in section.replace("BMUNET_API ", "").strip().splitlines())
            lines = re.sub(r"^(?=[.'])", r"\\&", lines.replace("\\", "\\e"), flags=re.M)
            out += [f".Ss {title[0].upper() + title[1:]}", ".Bd -literal", lines, ".Ed"]
        return "\n".join(out)

    @staticmethod
    def conventions():
        comment = (HOME / "include/bmunet.h").read_text().split("CONVENTIONS\n")[1].split(" */")[0]
        items = re.findall(r"^ \* (\w+) +(.*(?:\n \*  .*)*)", comment, re.M)
        put = [f".It Sy {n}\n" + "\n".join(text(s.rstrip(".")) for s in re.split(r"(?<=\.) (?=[A-Z])", re.sub(r"\n \* +", " ", what))) for n, what in items]
        return "\n".join([".Bl -tag -width Ownership", *put, ".El"])

    @staticmethod
    def example():
        return ".Bd -literal\n" + (HOME / "examples/02_predict.c").read_text().split("*/\n", 1)[1].strip().replace("\\", "\\e") + "\n.Ed"

    def part(self, name, verb):
        return {"synopsis": lambda: self.synopsis(verb), "options": lambda: self.option_list(verb), "statuses": lambda: self.statuses(verb),
                "verbs": self.verb_list, "codes": self.codes, "header": self.header, "conventions": self.conventions,
                "example": self.example}[name]()


NEEDED = {"verb": {"synopsis", "options", "statuses"}, "program": {"verbs", "statuses"}, "bmunet-codes.5": {"codes"}, "libbmunet.3": {"header", "conventions", "example"}}


def main():
    action, program, folder = sys.argv[1], Program(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 else HOME / "share/man")
    problems = []
    pages = {p.name: p for p in sorted(folder.glob("man[135]/*.[135]"))}
    for verb in program.verbs:
        if f"bmunet-{verb}.1" not in pages:
            problems.append(f"bmunet-{verb}.1 is missing")
    for name, path in pages.items():
        verb = name[len("bmunet-"):-2] if name.startswith("bmunet-") and name.endswith(".1") else ""
        if verb and verb not in program.verbs:
            problems.append(f"{name}: there is no verb {verb}")
            continue
        old = path.read_text()
        new = MARKED.sub(lambda m: f'.\\" program: {m[1]}\n{program.part(m[1], verb)}\n.\\" end\n', old)
        needed = NEEDED.get(name, NEEDED["verb"] if verb else NEEDED["program"] if name == "bmunet.1" else set())
        problems += [f"{name}: has no part '{p}' of the program's" for p in sorted(needed - {m[0] for m in MARKED.findall(old)})]
        for other, section in re.findall(r"^\.Xr (bmunet\S*) (\d)", new, re.M):
            if f"{other}.{section}" not in pages:
                problems.append(f"{name}: refers to {other}({section}), which is no page")
        if action == "write":
            path.write_text(new)
        elif new != old:
            problems.append(f"{name}: is not what the program says; tests/man.py write PROGRAM mends it")
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


main()
