#!/usr/bin/env python3
"""How long the state root of a block takes that changes some slots of a big state, beside geth's for the same blocks.

    bench/root.py WEFT [--geth GETH] [--slots N] [--touch N] [--blocks N] [--folder F] [--first]

Makes a chain whose first blocks fill a contract with N slots (45,000 a block) and whose last ones change random ones of those, lets both import
the first part, then the second in a process of its own: the block behind the cut is cold (the files are also dropped from the system's cache),
those behind it are warm (the files are in the system's cache, tries and caches of the process begin empty). Weft's figure is what `weft import --threads 1` calls root_s: old values, tries, root, undo record. Geth's are its own
timers (accounts' and slots' updates, hashes and commits; see its --metrics), asked for while it imports. With --first what is measured
goes before all other work of the machine (chrt -r 10), with both programs."""

import argparse
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

FILL, FILL_GAS = 45000, 1010000000
METRICS = "127.0.0.1:36161"
TIMERS = [f"chain/{what}/{timer}" for what in ("account", "storage") for timer in ("updates", "hashes", "commits")]


def split(chain, cuts):
    """Parts of a stream of blocks, cut behind so many blocks each."""
    data, at, parts, start, count = chain.read_bytes(), 0, [], 0, 0
    while at < len(data):
        first = data[at]
        size = first - 0xc0 + 1 if first < 0xf8 else 1 + first - 0xf7 + int.from_bytes(data[at + 1:at + 1 + first - 0xf7], "big")
        at, count = at + size, count + 1
        if count in cuts:
            parts.append(data[start:at])
            start = at
    parts.append(data[start:])
    names = [chain.with_suffix(f".{i}") for i in range(len(parts))]
    for name, part in zip(names, parts):
        name.write_bytes(part)
    return names


def files(folder):
    return filter(pathlib.Path.is_file, folder.rglob("*"))


def settle(folder, state):
    """The folder's files are written, and (cold) no longer in memory, or (warm) all of them are."""
    for path in files(folder):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            if state == "cold":
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while file.read(1 << 24):
                    pass


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def measure_weft(weft, genesis, parts, store, before):
    command = [weft, "import", "--datadir", store, "--genesis", genesis, "--json", "--cache-mb", 1024]
    run(*command, parts[0])
    for state, part in (("cold", parts[1]), ("warm", parts[2])):
        settle(store, state)
        done = json.loads(run(*before, *command, "--threads", 1, "--executor", "serial", part))
        print(f"weft  {state}: {done['root_s'] / done['blocks'] * 1000:8.1f} ms a block, {done['blocks']} blocks, execution "
              f"{done['execute_s'] / done['blocks'] * 1000:.1f} ms", flush=True)


def gather(sums):
    """Adds up what geth's timers have measured since they were last asked: asking resets them."""
    try:
        text = urllib.request.urlopen(f"http://{METRICS}/debug/metrics", timeout=1).read().decode()
    except (OSError, http.client.HTTPException):
        return
    found = json.loads(text)
    for name in TIMERS:
        count = found.get(name + ".count", 0)
        before = sums.setdefault(name, [0, 0])
        sums[name] = [before[0] + count, before[1] + count * found.get(name + ".mean", 0) / 1e6]


def measure_geth(geth, genesis, parts, store, before):
    run(geth, "--datadir", store, "init", genesis)
    run(geth, "--datadir", store, "--nodiscover", "import", parts[0])
    for state, part in (("cold", parts[1]), ("warm", parts[2])):
        settle(store, state)
        start, sums = time.monotonic(), {}
        process = subprocess.Popen([*before, geth, "--datadir", store, "--nodiscover", "--metrics", "--metrics.addr", METRICS.split(":")[0],
                                    "--metrics.port", METRICS.split(":")[1], "import", part], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            gather(sums)
            time.sleep(0.05)
        each = {name: total / count for name, (count, total) in sums.items() if count}
        hashing = sum(v for k, v in each.items() if not k.endswith("commits"))
        print(f"geth  {state}: {hashing:8.1f} ms a block without commits ({', '.join(f'{k[6:]} {v:.1f}' for k, v in each.items())}), import "
              f"{time.monotonic() - start:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weft")
    parser.add_argument("--geth")
    parser.add_argument("--slots", type=int, default=10_000_000)
    parser.add_argument("--touch", type=int, default=10_000)
    parser.add_argument("--blocks", type=int, default=20, help="warm ones")
    parser.add_argument("--first", action="store_true", help="what is measured runs before all else")
    parser.add_argument("--folder", help="where chain and stores are kept; removed at the end unless it is given")
    arguments = parser.parse_args()
    weft = pathlib.Path(arguments.weft).absolute()
    folder = pathlib.Path(arguments.folder or tempfile.mkdtemp(prefix="weft-root-"))
    folder.mkdir(exist_ok=True)
    chain, genesis, fills = folder / "chain.rlp", folder / "genesis.json", (arguments.slots + FILL - 1) // FILL
    try:
        if not chain.exists():
            run(weft, "make-chain", chain, "--genesis", genesis, "--blocks", fills + 1 + arguments.blocks, "--fill-blocks", fills, "--fill", FILL,
                "--touch", arguments.touch, "--gas-per-block", FILL_GAS, "--seed", 3, "--cache-mb", 1024)
        parts = split(chain, {fills, fills + 1})
        before = ["chrt", "-r", "10"] if arguments.first else []
        measure_weft(weft, genesis, parts, folder / "weft", before)
        if arguments.geth:
            measure_geth(pathlib.Path(arguments.geth).absolute(), genesis, parts, folder / "geth", before)
    finally:
        if not arguments.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
