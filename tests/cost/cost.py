#!/usr/bin/env python3
"""Work grows no faster than gas: instructions that blocks made to be slow take for n and for 2n gas.

    tests/cost/cost.py WEFT

Each kind of `weft bench --hostile` is executed with twice the gas, and may take at most 2.5 times the instructions, the start of the
process aside; and no kind may take more than MOST instructions for a gas. Instructions are counted by `perf stat` where the kernel lets
it, else by callgrind; where neither can, it says so and passes nothing. The last line is `N passed, N failed, N skipped`.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

RATIO = 2.5
# Instructions for one gas: 50 Mgas/s at 2 instructions a cycle and 3 GHz would be 120.
MOST = 120
# Millions of gas; small, as callgrind takes fifty times as long. Kinds whose states are large take less.
GAS = {"code-size": 1, "jump-maps": 1, "hot-codes": 1}
GAS_USUAL = 3


def by_perf(command):
    done = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    found = re.search(r"^(\d+),.*instructions:u", done.stderr, re.M)
    return (int(found[1]), done.stdout) if found and done.returncode == 0 else None


def by_callgrind(command):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return (int(found[1]), done.stdout) if found and done.returncode == 0 else None


def kinds(weft):
    done = subprocess.run([weft, "bench", "--hostile", "--json", "--repeat", "1", "--size", "1"], stdout=subprocess.PIPE, text=True, check=True)
    return [row["kind"] for row in map(json.loads, done.stdout.splitlines()) if row["gas"] != 0]


def measure(count, weft, kind, size):
    """Instructions that executing the block takes, and its gas: a second execution more, less one."""
    counted = []
    for repeat in ("1", "3"):
        n, out = count([weft, "bench", "--hostile", "--json", "--repeat", repeat, "--size", str(size), kind])
        counted.append(n)
    return (counted[1] - counted[0]) / 2, json.loads(out)["gas"]


def check(count, weft, kind):
    size = GAS.get(kind, GAS_USUAL)
    once, gas = measure(count, weft, kind, size)
    twice, gas_twice = measure(count, weft, kind, 2 * size)
    ratio, per_gas = twice / once / (gas_twice / gas / 2), twice / gas_twice
    return ratio <= RATIO and per_gas <= MOST, f"{kind:20} {once:>14,.0f} {twice:>14,.0f} {ratio:6.2f} {per_gas:8.2f} for a gas"


def stripped(weft, folder):
    """A copy without debug information, which valgrind reads and not always understands."""
    copy = os.path.join(folder, "weft")
    done = shutil.which("objcopy") and subprocess.run(["objcopy", "--strip-debug", weft, copy], check=False).returncode == 0
    return copy if done else weft


def run(weft):
    count = next((c for tool, c in (("perf", by_perf), ("valgrind", by_callgrind))
                  if shutil.which(tool) and c([weft, "bench", "--hostile", "--json", "--repeat", "1", "--size", "1", "logs"])), None)
    if count is None:
        print("left out: neither perf nor callgrind can count instructions of this build here")
        print("0 passed, 0 failed, 0 skipped")
        return 0
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for good, line in pool.map(lambda kind: check(count, weft, kind), kinds(weft)):
            print(("" if good else "FAIL ") + line)
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


with tempfile.TemporaryDirectory() as scratch:
    code = run(stripped(sys.argv[1], scratch))
sys.exit(code)
