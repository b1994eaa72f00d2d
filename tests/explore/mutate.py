#!/usr/bin/env python3
"""Weakens each atomic operation of the parallel core in turn, and requires the explorer to notice.

    mutate.py BUILD                all mutants but those that are listed in survivors.txt
    mutate.py BUILD --all          those too: none of them may be noticed
    mutate.py BUILD --only TEXT    mutants with TEXT in their names
    mutate.py BUILD --factor N     N times as many runs of each
    mutate.py BUILD --list         names all mutants

A mutant is a place in the sources and what is changed there: FILE:FUNCTION:OPERATION:NUMBER+CHANGE, where NUMBER counts
the operations of that kind in that function.

    blind      an exchange stores, whatever is there        split      a read-modify-write is a load and a store
    relaxed    any memory order is relaxed                  gone       a fence does nothing
    wake-lost  the futex wake behind it wakes nobody

The explorer finds the places itself, in what it was compiled from. survivors.txt has a line for each mutant that cannot
be noticed, `NAME: why that cannot matter`. The run fails on a survivor that is not listed, on a listed one that is
noticed, and on a listed one that is no longer there. Ends with `N passed, N failed`."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

SURVIVORS = pathlib.Path(__file__).resolve().parent / "survivors.txt"

# How a mutant is looked for: program, options, runs. The first that notices ends it. A weaker order matters where values
# may be old or accesses race; all else is a matter of interleavings.
ORDERS = [
    ("explore_races", "--model weak", 3000),
    ("explore", "--model weak", 30000),
    ("explore", "--model weak --profile spend --transactions 4", 20000),
    ("explore", "--model weak --profile spend --transactions 4 --workers 2", 20000),
    ("explore_races", "--model weak --workers 3 --transactions 5", 6000),
]
STORES = [("explore", "--model tso", 20000)]
INTERLEAVINGS = [
    ("explore", "--model sc", 60000),
    ("explore_races", "--model weak", 3000),
    ("explore", "--model sc --profile spend --transactions 8 --workers 3 --seed 5", 30000),
]
POOL = [
    ("explore", "--pool", 60000),
    ("explore_races", "--pool --model weak", 20000),
    ("explore", "--pool --depth-first --model sc --workers 3 --block-runs 60000", 120000),
]
# Where to look first, by the beginning of a mutant's name: what only blocks of one kind come to.
DIRECTED = {
    "block/bal/": [("explore_races", "--model weak --along list", 3000)],
    # A worker whose transaction was taken from it must be held up right behind it, and what it has read be overwritten.
    "parallel/scheduler.c:leave:rmw:0+relaxed": [
        ("explore_races", "--model weak --profile switch --transactions 8 --workers 2", 100000),
    ],
    # What was inserted below a version that died must be reached over that one alone.
    "versions/versions.c:deltas_below:": [
        ("explore_races", "--model weak --profile spend --transactions 6 --workers 3", 40000),
    ],
    "versions/versions.c:version_unlink:cas:": [
        ("explore_races", "--model weak --profile spend --transactions 6 --workers 3", 100000),
    ],
}
# What is run without a mutant, to learn which places there are, and that nothing is noticed there.
DISCOVER = [*DIRECTED["block/bal/"], *ORDERS, *STORES, *INTERLEAVINGS[:1], *INTERLEAVINGS[-1:], *POOL]


def explore(build, program, options, runs, *more):
    return subprocess.run([f"{build}/{program}", *options.split(), "--runs", str(runs), *more],
                          capture_output=True, text=True)


def said(run):
    return next((line for line in run.stdout.split("\n") if "FAILED" in line), (run.stdout + run.stderr).strip())


def discover(build):
    """All mutants, and places that were never reached."""
    mutants, unvisited = set(), None
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for run in pool.map(lambda d: explore(build, *d, "--sites"), DISCOVER):
            if run.returncode != 0:
                sys.exit(f"mutate.py: without a mutant: {said(run)}")
            lines = run.stdout.split("\n")
            mutants.update(line for line in lines if "+" in line and " " not in line)
            here = {line.split(" ")[0] for line in lines if line.endswith(" unvisited")}
            unvisited = here if unvisited is None else unvisited & here
    return sorted(mutants), sorted(unvisited)


def read_survivors():
    listed = {}
    for line in SURVIVORS.read_text().split("\n"):
        if line and not line.startswith("#"):
            name, _, why = line.partition(": ")
            listed[name] = why.strip()
    return listed


def notice(build, mutant, factor):
    """What the explorer says of a mutant; None: nothing."""
    if mutant.startswith("base/"):
        ways = POOL
    elif mutant.endswith(("+relaxed", "+gone")):
        ways = ORDERS + (STORES if ":store:" in mutant or ":fence:" in mutant else [])
    else:
        ways = INTERLEAVINGS
    ways = [way for name, first in DIRECTED.items() if mutant.startswith(name) for way in first] + ways
    for program, options, runs in ways:
        run = explore(build, program, options, int(runs * factor), "--mutant", mutant)
        if run.returncode == 2:
            sys.exit(f"mutate.py: {run.stderr}")
        if run.returncode != 0:
            return said(run)[:160]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--factor", type=float, default=1)
    parser.add_argument("--list", action="store_true")
    a = parser.parse_args()
    mutants, unvisited = discover(a.build)
    if a.list:
        print("\n".join(mutants + [f"{name} (never reached)" for name in unvisited]))
        return 0
    listed = read_survivors()
    failures = [f"listed, but there is no such mutant: {name}" for name in listed
                if name not in mutants and name not in unvisited]
    failures += [f"never reached, and not listed: {name}" for name in unvisited if name not in listed]
    todo = [m for m in mutants if a.only in m and (a.all or m not in listed)]
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, noticed in zip(todo, pool.map(lambda m: notice(a.build, m, a.factor), todo)):
            bad = (noticed is None) != (mutant in listed)
            print(f"{'FAIL ' if bad else ''}{mutant}: {noticed or 'not noticed'}", flush=True)
            if bad:
                failures.append(f"{'survives, and is not listed' if noticed is None else 'listed, but noticed'}: {mutant}")
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(todo)} mutants in {time.monotonic() - start:.0f} s")
    print(f"{len(todo) - len(failures)} passed, {len(failures)} failed")
    return len(failures) != 0


if __name__ == "__main__":
    sys.exit(main())
