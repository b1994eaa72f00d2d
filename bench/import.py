#!/usr/bin/env python3
"""Imports by all threads beside imports by one: chains of normal blocks, of 1-Ggas blocks, and of 1-Ggas blocks that do nothing but fill storage.

    bench/import.py WEFT [--runs N] [--threads N] [--scale N]

Runs are taken in turns; of each kind the shortest counts. With --threads 1 --executor serial everything is done one after the other on one
thread: reading, senders, execution, root, commit."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

CHAINS = {"normal blocks": (200, "--gas-per-block", 15_000_000, "--seed", 1),
          "1-Ggas blocks": (4, "--gas-per-block", 1_000_000_000, "--seed", 5),
          "1-Ggas blocks that fill storage": (12, "--gas-per-block", 1_010_000_000, "--fill", 45000, "--seed", 3)}


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weft")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=int, default=1, help="times as many blocks")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-import-"))
    chain, genesis, store = folder / "chain", folder / "genesis", folder / "store"
    kinds = {"one": ("--threads", 1, "--executor", "serial"), "all": ("--threads", arguments.threads)}
    try:
        for name, (blocks, *options) in CHAINS.items():
            run(arguments.weft, "make-chain", chain, "--genesis", genesis, "--blocks", blocks * arguments.scale, *options)
            runs = {kind: [] for kind in kinds}
            for _ in range(arguments.runs):
                for kind, how in kinds.items():
                    runs[kind].append(run(arguments.weft, "import", "--datadir", store, "--genesis", genesis, "--json", *how, chain))
                    shutil.rmtree(store)
            one, all_ = (min(runs[kind], key=lambda r: r["seconds"]) for kind in kinds)
            assert one["head"] == all_["head"]
            parts = ", ".join(f"{part} {one[key]:.2f}" for part, key in
                              (("senders", "wait_s"), ("execution", "execute_s"), ("root", "root_s"), ("commits", "commit_s")))
            print(f"{name}: {one['seconds']:.2f} s with one thread ({parts}), {all_['seconds']:.2f} s with {arguments.threads}: "
                  f"{one['seconds'] / all_['seconds']:.2f} times", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
