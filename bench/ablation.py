#!/usr/bin/env python3
"""What each policy of the parallel executor is worth (src/parallel/policies.h).

    bench/ablation.py [--weft PATH] [--blocks FOLDER] [--turns N] [--repeat N] [--mixes N]

Measures with all policies and with each of them left out: on real threads (two, or as many as there are processors), in
turns, the speed-up over serial execution of all blocks together, and the geometric mean over the workloads and over mixes
with random shares of hot transactions; on 4 and 16 virtual workers, in one run each, the same as a share of what the
dependencies allow. Prints a table in Markdown: per cent lost without the policy, rounded; negative: gained."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

POLICIES = ["groups", "whole-groups", "in-place", "gain", "confidence", "revalidation", "heavy-first", "same-account",
            "same-class"]
VIRTUAL = (4, 16)


def lines(arguments):
    run = subprocess.run(arguments, capture_output=True, text=True)
    found = [json.loads(line) for line in run.stdout.split("\n") if line.startswith("{")]
    if not found:
        sys.exit(f"ablation.py: {' '.join(arguments)}: {run.stderr.strip()}")
    return found


def without(policy):
    return ["--without", policy] if policy else []


def mixes(o):
    """Workloads, each with its arguments: all that there are, then random mixes."""
    return [[]] + [["hybrid", "--hot", str(5 + 90 * i // max(o.mixes - 1, 1)), "--seed", str(i), "--size", "5000"]
                   for i in range(o.mixes)]


def real(o, policy, into):
    threads = str(max(2, os.cpu_count() or 2))
    common = ["--json", "--threads", threads, "--repeat", str(o.repeat), *without(policy)]
    blocks = [b for b in lines([o.weft, "replay", *common, str(o.blocks)]) if "parallel_ms" in b]
    into.setdefault("blocks", []).append(sum(b["serial_ms"] for b in blocks) / sum(b["parallel_ms"] for b in blocks))
    ratios = [w["serial_ms"] / w["parallel_ms"] for mix in mixes(o) for w in lines([o.weft, "bench", *common, *mix])]
    into.setdefault("workloads", []).append(statistics.geometric_mean(ratios))


def virtual(o, policy, into):
    common = ["--json", "--simulate", ",".join(map(str, VIRTUAL)), "--repeat", str(o.repeat), *without(policy)]
    total = next(b for b in lines([o.weft, "replay", *common, str(o.blocks)]) if "blocks" in b)
    for s in total["simulated"]:
        into.setdefault(f"blocks {s['workers']}", []).append(s["speedup"] / s["possible"])
    rows = [w for mix in mixes(o) for w in lines([o.weft, "bench", *common, *mix])]
    for workers in VIRTUAL:
        shares = [w["simulated"] / w["possible"] for w in rows if w["workers"] == workers]
        into.setdefault(f"workloads {workers}", []).append(statistics.geometric_mean(shares))


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weft", default=str(here / "build/weft"))
    p.add_argument("--blocks", default=os.environ.get("WEFT_FIXTURES", ".") + "/mainnet_blocks")
    p.add_argument("--turns", type=int, default=3)
    p.add_argument("--repeat", type=int, default=5)
    p.add_argument("--mixes", type=int, default=4)
    o = p.parse_args()
    found = {policy: {} for policy in [None, *POLICIES]}
    for _ in range(o.turns):
        for policy, into in found.items():
            real(o, policy, into)
            virtual(o, policy, into)
    columns = list(found[None])
    print("| without | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    every = {c: statistics.median(found[None][c]) for c in columns}
    print("| (nothing) | " + " | ".join(f"{every[c]:.2f}" for c in columns) + " |")
    for policy in POLICIES:
        lost = {c: 100 * (1 - statistics.median(found[policy][c]) / every[c]) for c in columns}
        print(f"| {policy} | " + " | ".join(f"{lost[c]:.0f} %" for c in columns) + " |", flush=True)


if __name__ == "__main__":
    main()
