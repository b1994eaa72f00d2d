#!/usr/bin/env python3
"""tools/symbols.py BUILD: checks what libweft shows to the world.

- libweft.so exports only symbols that start with weft_, and each function declared in include/weft/ is among them
- libweft.a, where it was made, defines no other global symbol
- the shared library has no writable and executable segment and no text relocation

Ends with `N passed, N failed`."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def defined(path, *flags):
    names = set()
    for line in run("nm", "--defined-only", *flags, str(path)).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] not in "aAN":
            names.add(fields[2].split("@")[0])
    return names


def declared():
    """Names of the functions in the public headers."""
    names = set()
    for header in (ROOT / "include" / "weft").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S)
        text = re.sub(r"^\s*#.*(?:\\\n.*)*$", " ", text, flags=re.M)
        names.update(re.findall(r"\b(weft_\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*;", text))
    return names


def main():
    if len(sys.argv) != 2:
        print(__doc__.split("\n")[0], file=sys.stderr)
        return 2
    build = pathlib.Path(sys.argv[1])
    shared, static = build / "libweft.so", build / "libweft.a"
    if not shared.exists():
        print(f"{shared} is not there", file=sys.stderr)
        return 2
    checks = []
    exported = defined(shared, "--dynamic")
    foreign = sorted(name for name in exported if not name.startswith(("weft_", "WEFT_")))
    checks.append(("libweft.so exports only weft_", foreign))
    checks.append(("libweft.so exports every declared function", sorted(declared() - exported)))
    if static.exists():
        foreign = sorted(name for name in defined(static, "--extern-only") if not name.startswith("weft_"))
        checks.append(("libweft.a defines only weft_", foreign))
    segments = run("readelf", "--wide", "--segments", str(shared))
    checks.append(("no segment is writable and executable", re.findall(r".* RWE .*", segments)))
    checks.append(("no text relocation", re.findall(r".*TEXTREL.*", run("readelf", "--dynamic", str(shared)))))
    failed = 0
    for what, wrong in checks:
        print(f"{'FAIL' if wrong else 'ok  '}  {what}", *(f"      {name}" for name in wrong[:20]), sep="\n")
        failed += bool(wrong)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
