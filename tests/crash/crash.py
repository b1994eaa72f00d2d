#!/usr/bin/env python3
"""Kills the importer, and lets its disk fail; what is on disk must be whole each time, and the import must go on from there.

    tests/crash/crash.py WEFT [--rounds N] [--seed N] [--keep] [--verbose]

Each round starts an import, ends it by one of

    kill     SIGKILL at a random moment
    fault    a failing, short or torn write, a full disk, a dead machine, at a random write (shim/faulty.c, preloaded)
    limit    the largest size of a file (RLIMIT_FSIZE), as a full disk
    garbage  SIGKILL, and random bytes behind the end of the file, as pages that were being written

then runs `weft db check`, and sometimes imports to the end, where head and state root must be those of an undisturbed import. Ends with
`N passed, N failed, N skipped`."""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FAULTS = ["eio", "enospc", "once", "short", "torn", "dead"]


class Test:
    def __init__(self, weft, folder, seed, verbose):
        self.weft, self.folder, self.random, self.verbose = weft, folder, random.Random(seed), verbose
        self.store, self.chain, self.genesis = folder / "store", folder / "chain.rlp", folder / "genesis.json"
        self.passed = self.failed = 0
        self.writes = 40  # of an import to the end, as far as is known

    def run(self, *arguments, **options):
        return subprocess.run([self.weft, *map(str, arguments)], capture_output=True, text=True, **options)

    def prepare(self):
        made = self.run("make-chain", self.chain, "--genesis", self.genesis, "--blocks", 150, "--gas-per-block", 1500000,
                        "--fill", 20, "--touch", 20)
        assert made.returncode == 0, made.stderr
        self.head = json.loads(made.stdout)
        self.shim = self.folder / "faulty.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", self.shim, HERE / "shim" / "faulty.c", "-ldl"], check=True)
        start = time.monotonic()
        done = self.importing(store=self.folder / "reference")
        assert done.returncode == 0, done.stderr
        self.seconds = time.monotonic() - start
        shutil.rmtree(self.folder / "reference")

    def command(self, batch, store=None):
        return ["import", "--datadir", store or self.store, "--genesis", self.genesis, "--batch", batch, "--json",
                self.chain]

    def importing(self, batch=50, store=None, **options):
        return self.run(*self.command(batch, store), **options)

    def kill_after(self, batch, seconds):
        process = subprocess.Popen([self.weft, *map(str, self.command(batch))], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def disturb(self):
        """One import that does not end well, mostly; returns what was done, in words."""
        batch, kind = self.random.choice([1, 3, 10, 40]), self.random.choice(["kill", "kill", "fault", "fault", "limit", "garbage"])
        if kind in ("kill", "garbage"):
            seconds = self.random.uniform(0, self.seconds * 1.2)
            self.kill_after(batch, seconds)
            if kind == "garbage" and (self.store / "state.mdb").exists():
                with open(self.store / "state.mdb", "ab") as file:
                    file.write(self.random.randbytes(self.random.randrange(1, 20000)))
            return f"{kind} after {seconds:.3f} s, batch {batch}"
        if kind == "fault":
            fault = f"{self.random.choice(FAULTS)}:{self.random.randrange(1, self.writes * 150 // (batch * 10) + 8)}"
            environment = dict(os.environ, LD_PRELOAD=str(self.shim), WEFT_FAULT=fault)
            done = self.importing(batch, env=environment)
            bad = done.returncode not in (0, 2, -signal.SIGKILL) or (done.returncode == 2 and "weft: " not in done.stderr)
            assert not bad, f"{fault}: exit code {done.returncode}: {done.stderr}"
            return f"{fault}, batch {batch}: exit code {done.returncode} {done.stderr.strip()}"
        size = self.random.randrange(1, 6_000_000)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        done = self.importing(batch, preexec_fn=limit)
        assert done.returncode in (0, 2), f"limit {size}: exit code {done.returncode}: {done.stderr}"
        return f"limit {size}, batch {batch}: exit code {done.returncode} {done.stderr.strip()}"

    def check(self):
        checked = self.run("db", "check", "--datadir", self.store, "--json")
        if checked.returncode == 2 and "no store" in checked.stderr or "no chain" in checked.stderr:
            return None  # it did not come as far
        assert checked.returncode == 0, f"db check: {checked.stderr}"
        return json.loads(checked.stdout)["number"]

    def finish(self):
        done = self.importing()
        assert done.returncode == 0, f"import to the end: {done.stderr}"
        stat = json.loads(self.run("db", "stat", "--datadir", self.store, "--json").stdout)
        for key in ("head", "number", "state_root"):
            assert stat[key] == self.head[key], f"{key} is {stat[key]}, expected {self.head[key]}"
        self.check()
        shutil.rmtree(self.store)

    def round(self, number):
        what, before = "", -1
        try:
            before = (self.check() or 0) if self.store.exists() else 0
            what = self.disturb()
            after = self.check()
            if self.verbose:
                print(f"round {number}: block {before}, {what}, block {after}", flush=True)
            assert after is None or after >= before, f"block {before} was committed, now the head is {after}"
            if self.store.exists() and (after == self.head["number"] or self.random.randrange(4) == 0):
                self.finish()
            self.passed += 1
        except AssertionError as why:
            self.failed += 1
            print(f"FAIL round {number}: {what}: {why}")
            shutil.rmtree(self.store, ignore_errors=True)

    def two_processes(self):
        """While one imports, another is refused; or it was first, and the import is."""
        first = subprocess.Popen([self.weft, *map(str, self.command(1))], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        refused = False
        while not refused and first.poll() is None:
            refused = "in use by another process" in self.run("db", "stat", "--datadir", self.store).stderr
        first.kill()
        good = "in use by another process" in first.communicate()[1] or refused
        self.passed += good
        self.failed += not good
        if not good:
            print("FAIL two processes: the second was never refused while the first worked")
        shutil.rmtree(self.store, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weft")
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("WEFT_CRASH_ROUNDS", 60)))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    parser.add_argument("--verbose", action="store_true", help="say what each round does")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-crash-"))
    test = Test(os.path.abspath(arguments.weft), folder, arguments.seed, arguments.verbose)
    try:
        test.prepare()
        test.two_processes()
        for number in range(arguments.rounds):
            test.round(number)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{test.passed} passed, {test.failed} failed, 0 skipped")
    return test.failed != 0


if __name__ == "__main__":
    sys.exit(main())
