#!/usr/bin/env python3
"""Work grows no faster than gas: instructions that blocks made to be slow take for n and for 2n gas.

    tests/cost/cost.py WEFT [KIND...]

Every kind of `weft bench --hostile`, every instruction and precompiled contract among them, is executed with twice the gas: it may take
at most RATIO times the instructions, and no kind may take more than MOST instructions for a gas. Instructions are counted by callgrind,
which needs no rights and does not care what else the machine does: in one process for many kinds, that writes a file at the end of every
execution. Where it cannot run, the test says so and passes nothing. The last line is `N passed, N failed, N skipped`.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RATIO = 2.5
# Instructions for one gas: 50 Mgas/s at 2 instructions a cycle and 3 GHz would be 120.
MOST = 120
# What its price makes expensive: a permutation of Keccak is paid with 25 gas.
MOST_OF = {"KECCAK256": 200}
# Instructions for a gas that do not count when two executions are compared: what the block itself takes, memory that doubles or is there
# already from the execution before.
SLACK = 0.5
SIZE = 1  # million gas; callgrind takes fifty times as long
# Executed once more where accesses are listed, each transaction with as much gas as it may have: what a record costs must not depend on
# how many there are.
LISTED, LISTED_FORK, LISTED_SIZE = ["code-size", "balance-flood"], ["--fork", "Amsterdam"], 8
# What callgrind counts, and at whose end it writes a file.
EXECUTION, TURN = "hostile_execution*", "hostile_turn*"
PORTIONS = 8  # processes of callgrind, twice


def rows(weft, size, kinds, prefix=(), fork=()):
    done = subprocess.run([*prefix, weft, "bench", "--hostile", "--json", "--repeat", "1", "--size", str(size), *fork, *kinds],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it says nothing"])[-1])
    return [json.loads(line) for line in done.stdout.splitlines()]


def count(weft, folder, size, kinds, fork=()):
    """Instructions of each execution, in the order in which they are executed: one for each kind of block."""
    out = pathlib.Path(tempfile.mkdtemp(dir=folder))
    found = rows(weft, size, kinds, ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}/count", f"--toggle-collect={EXECUTION}",
                                     f"--dump-after={TURN}"), fork)
    files = sorted(out.glob("count.*"), key=lambda path: int(path.suffix[1:]))
    counts = [int(re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.M)[1]) for path in files]
    return [(" ".join([row["kind"], *fork[1:], row["what"]]), row["gas"], n) for row, n in zip(found, counts, strict=True)]


def check(once, twice):
    (kind, gas, n), (_, gas_twice, n_twice) = once, twice
    growth = gas_twice / gas
    good = n_twice <= n * growth * RATIO / 2 + SLACK * gas_twice and n_twice <= MOST_OF.get(kind.split()[0], MOST) * gas_twice
    return good, f"{kind:40.40} {n:>13,} {n_twice:>13,} {2 * n_twice / n / growth:6.2f} {n_twice / gas_twice:8.2f} for a gas"


def portion(weft, folder, kinds, size=SIZE, fork=()):
    counts = [count(weft, folder, size, kinds, fork), count(weft, folder, 2 * size, kinds, fork)]
    return [check(once, twice) for once, twice in zip(*counts, strict=True)]


def stripped(weft, folder):
    """A copy without debug information, which valgrind reads and not always understands."""
    copy = folder / "weft"
    done = shutil.which("objcopy") and subprocess.run(["objcopy", "--strip-debug", weft, copy], check=False).returncode == 0
    return copy if done else weft


def run(weft, wanted, folder):
    weft = stripped(weft, folder)
    try:
        if not count(weft, folder, SIZE, ["logs"]):
            raise RuntimeError("nothing was counted")
    except (OSError, RuntimeError) as why:
        print(f"left out: callgrind cannot count instructions of this build here: {why}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    kinds = list(dict.fromkeys(row["kind"] for row in rows(weft, SIZE, wanted)))
    portions = [kinds[i::PORTIONS] for i in range(PORTIONS) if kinds[i::PORTIONS]]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        listed = [pool.submit(portion, weft, folder, [kind], LISTED_SIZE, LISTED_FORK) for kind in LISTED if kind in kinds]
        for results in [*pool.map(lambda some: portion(weft, folder, some), portions), *(one.result() for one in listed)]:
            for good, line in results:
                print(("     " if good else "FAIL ") + line, flush=True)
                passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


with tempfile.TemporaryDirectory() as scratch:
    code = run(sys.argv[1], sys.argv[2:], pathlib.Path(scratch))
sys.exit(code)
