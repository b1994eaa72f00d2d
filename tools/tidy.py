#!/usr/bin/env python3
"""Checks the form of the sources: what the compiler and clang-format do not see.

    tools/tidy.py            checks all files of the repository
    tools/tidy.py --layers   prints the layers instead

- layers: a folder under src/ includes only folders that stand before it (LAYERS below)
- forks: outside src/fork, src/json, src/cli and tests nobody asks which fork it is in; rules are read from fork data
- headers have a guard WEFT_..._H; no tabs, no blanks at line ends, a newline at the end
- functions in a folder's public header carry its name, or one of its types', as prefix
- files over 700 lines and lines over 120 columns are named (a warning; tables are what they are)

Ends with `N passed, N failed`: files without and with a finding."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What stands directly before each folder; whatever stands before that is allowed too.
LAYERS = {
    "base": [],
    "u256": ["base"],
    "crypto": ["u256"],
    "rlp": ["u256"],
    "types": ["crypto", "rlp"],
    "fork": ["types"],
    "versions": ["u256"],
    "state": ["fork", "versions"],
    "precompile": ["fork"],
    "vm": ["state", "precompile"],
    "evmc": ["vm"],
    "tx": ["vm"],
    "parallel": ["state"],
    "trie": ["types"],
    "store": ["trie", "state"],
    "block": ["tx", "parallel", "trie"],
    "witness": ["block"],
    "chain": ["block", "store", "witness"],
    "json": ["chain"],
    "testing": ["json"],
    "explain": ["block"],
    "workload": ["explain"],
    "node": ["json"],
    "rpc_server": ["node"],
    "api": ["chain"],
    "cli": ["testing", "workload", "rpc_server"],
}

# Prefixes that a folder's functions may carry besides its own name, its header files' names and its types' names.
PREFIXES = {
    "base": None,  # everybody's vocabulary: no prefix asked
    "types": None,  # each type is its own prefix: header_, transaction_, bal_, ...
    "crypto": None,  # each primitive is its own prefix: keccak_, sha256_, ...
    "testing": None,  # results_, exception_, tester_, ...
    "cli": None,
    "u256": ("u512_",),
    "fork": ("chain_",),
    "block": ("engine_", "state_memory_root"),  # a root takes tries, which state does not know
    "witness": ("state_tries_",),
    "rpc_server": ("rpc_",),
    "api": ("weft_",),
}

FORK_QUESTIONS = [
    re.compile(r"\bFORK_[A-Z]"),
    re.compile(r"\bfork\s*[!=]=(?!\s*(?:NULL\b|(?:\w+(?:->|\.))*fork\b))"),  # the same as another is no question
    re.compile(r"(?:->|\.)fork\s*[<>]"),
    re.compile(r"\b(?:strcmp|strstr|strncmp)\s*\([^;]*\bfork(?:->|\.)name"),
    re.compile(r"\bfork(?:->|\.)id\b"),
]

LINES_MAX = 700
COLUMNS_MAX = 120


def before(folder):
    """All folders that `folder` may include."""
    seen, todo = {folder}, [folder]
    while todo:
        for below in LAYERS[todo.pop()]:
            if below not in seen:
                seen.add(below)
                todo.append(below)
    return seen


def is_test(path):
    return path.name.endswith(("_test.c", "_test.h"))


def sources():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return [ROOT / name for name in sorted(listed) if name and (ROOT / name).is_file()]


def without_comments(text):
    """The text with comments and strings blanked, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


class Findings:
    def __init__(self):
        self.errors, self.warnings = {}, []

    def error(self, path, line, text):
        self.errors.setdefault(path, []).append(f"{path.relative_to(ROOT)}:{line}: {text}")

    def warn(self, path, text):
        self.warnings.append(f"{path.relative_to(ROOT)}: {text}")


def check_text(path, text, found):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line and path.name != "Makefile":
            found.error(path, number, "a tab")
        if line != line.rstrip():
            found.error(path, number, "blanks at the end of the line")
    if text and not text.endswith("\n"):
        found.error(path, text.count("\n") + 1, "no newline at the end")


def check_layers(path, folder, text, found):
    if folder not in LAYERS:
        found.error(path, 1, f"src/{folder} is in no layer: add it to tools/tidy.py and ARCHITECTURE.md")
        return
    allowed = before(folder)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', text, re.M):
        line = text.count("\n", 0, match.start()) + 1
        included = match.group(1)
        if "/" not in included:
            beside = (ROOT / "tests" / included).exists() or (path.parent / included).exists()
            if not (is_test(path) and beside):
                found.error(path, line, f'include "{included}" by its path from src/')
            continue
        other = included.split("/")[0]
        if other == "weft" and folder in ("api", "cli"):
            continue
        if other not in allowed and not is_test(path):
            found.error(path, line, f"{folder} must not include {other}: it does not stand before it")


def check_forks(path, folder, code, found):
    if folder in ("fork", "json", "cli") or is_test(path):
        return
    for number, line in enumerate(code.split("\n"), 1):
        if any(question.search(line) for question in FORK_QUESTIONS):
            found.error(path, number, f"asks which fork it is in: {line.strip()}")


def check_guard(path, text, found):
    parts = path.relative_to(ROOT).parts
    inside = parts[1:] if parts[0] == "src" else parts
    names = {"WEFT_" + "_".join(inside[i:]).upper().replace(".", "_").replace("-", "_") for i in range(len(inside))}
    match = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
    if match is None:
        if not re.search(r"more than once|several times|once for each|included (?:inside|where)", text):
            found.error(path, 1, f"no guard {max(names)} (or a word that it is included several times)")
    elif match.group(1) != match.group(2) or match.group(1) not in names:
        found.error(path, 1, f"guard {match.group(1)} should be one of {', '.join(sorted(names))}")


def check_names(path, folder, code, types, found):
    """Functions that the folder's public header declares."""
    extra = PREFIXES.get(folder, ())
    if extra is None:
        return
    prefixes = tuple(sorted({folder + "_", path.stem + "_", *extra, *(name + "_" for name in types)}))
    declared = r"^(?!static|typedef|return|else|#)[A-Za-z_][\w \t*]*?\b([a-z]\w*)\([^;{}]*\)[^;{}]*;"
    for match in re.finditer(declared, code, re.M):
        if not match.group(1).startswith(prefixes):
            line = code.count("\n", 0, match.start()) + 1
            found.error(path, line, f"{match.group(1)} carries neither {folder}_ nor a type of {folder} as prefix")


def types_of(folder):
    """Names of the structs, unions and enums that the folder's headers mention first."""
    names = set()
    for header in (ROOT / "src" / folder).glob("*.h"):
        names.update(re.findall(r"^(?:struct|union|enum) (\w+)(?: \{|;)", header.read_text(), re.M))
    return names


def check_file(path, found):
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return
    parts = path.relative_to(ROOT).parts
    check_text(path, text, found)
    if path.suffix not in (".c", ".h", ".def"):
        return
    lines = text.split("\n")
    if len(lines) > LINES_MAX:
        found.warn(path, f"{len(lines)} lines")
    wide = sum(len(line) > COLUMNS_MAX for line in lines)
    if wide:
        found.warn(path, f"{wide} lines over {COLUMNS_MAX} columns")
    code = without_comments(text)
    if path.suffix == ".h":
        check_guard(path, text, found)
    if parts[0] == "src" and len(parts) > 2:
        check_layers(path, parts[1], text, found)
        check_forks(path, parts[1], code, found)
        if path.name == parts[1] + ".h":
            check_names(path, parts[1], code, types_of(parts[1]), found)


def main():
    if sys.argv[1:] == ["--layers"]:
        for folder in LAYERS:
            print(f"{folder:12} {' '.join(name for name in LAYERS if name in before(folder) - {folder})}")
        return 0
    found = Findings()
    files = sources()
    for path in files:
        check_file(path, found)
    for warning in found.warnings:
        print("warning:", warning)
    for errors in found.errors.values():
        print("\n".join(errors))
    print(f"{len(files) - len(found.errors)} passed, {len(found.errors)} failed")
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())
