#!/usr/bin/env python3
"""Kills the importer, and lets its disk fail; what is on disk must be whole each time, and the import must go on from there.

    tests/crash/crash.py WEFT [--rounds N] [--seed N] [--keep] [--verbose]

Each round starts an import, ends it by one of

    kill     SIGKILL at a random moment
    fault    a failing, short or torn write, a full disk, a dead machine, at a random write (shim/faulty.c, preloaded)
    limit    the largest size of a file (RLIMIT_FSIZE), as a full disk
    garbage  SIGKILL, and random bytes behind the end of the file, as pages that were being written

then runs `weft db check`, and sometimes imports to the end, where head and state root must be those of an undisturbed import.

Every other round disturbs a reorganisation in the same ways: a store that has one branch imports another one, with a --history of its
own; afterwards it must have the one or the other, whole. Every fourth of these disturbs `weft db prune` instead, which must change
neither head nor state. Ends with `N passed, N failed, N skipped`."""

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
                        "--fill", 20, "--touch", 20, "--fill-blocks", 120)
        assert made.returncode == 0, made.stderr
        self.head = json.loads(made.stdout)
        self.shim = self.folder / "faulty.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", self.shim, HERE / "shim" / "faulty.c", "-ldl"], check=True)
        folder = self.folder
        self.branch, self.branches = folder / "branch.rlp", folder / "branches"
        made = self.run("make-chain", self.branch, "--genesis", folder / "same.json", "--blocks", 140, "--gas-per-block", 1500000,
                        "--fill", 20, "--touch", 20, "--fill-blocks", 100)
        assert made.returncode == 0, made.stderr
        self.ends = {self.chain: self.head["head"], self.branch: json.loads(made.stdout)["head"]}
        start = time.monotonic()
        done = self.importing(store=self.folder / "reference")
        assert done.returncode == 0, done.stderr
        self.seconds = time.monotonic() - start
        (self.folder / "reference").rename(self.branches)
        self.has = self.chain

    def command(self, batch, store=None):
        return ["import", "--datadir", store or self.store, "--genesis", self.genesis, "--batch", batch, "--json",
                self.chain]

    def importing(self, batch=50, store=None, **options):
        return self.run(*self.command(batch, store), **options)

    def kill_after(self, command, seconds):
        process = subprocess.Popen([self.weft, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def disturb(self):
        """One import that does not end well, mostly; returns what was done, in words."""
        batch = self.random.choice([1, 3, 10, 40])
        return self.disturb_command(self.command(batch), self.store, self.writes * 150 // (batch * 10) + 8) + f", batch {batch}"

    def disturb_command(self, command, store, writes):
        kind = self.random.choice(["kill", "kill", "fault", "fault", "limit", "garbage"])
        if kind in ("kill", "garbage"):
            seconds = self.random.uniform(0, self.seconds * 1.2)
            self.kill_after(command, seconds)
            if kind == "garbage" and (store / "state.mdb").exists():
                with open(store / "state.mdb", "ab") as file:
                    file.write(self.random.randbytes(self.random.randrange(1, 20000)))
            return f"{kind} after {seconds:.3f} s"
        if kind == "fault":
            fault = f"{self.random.choice(FAULTS)}:{self.random.randrange(1, writes)}"
            environment = dict(os.environ, LD_PRELOAD=str(self.shim), WEFT_FAULT=fault)
            done = self.run(*command, env=environment)
            bad = done.returncode not in (0, 2, -signal.SIGKILL) or (done.returncode == 2 and "weft: " not in done.stderr)
            assert not bad, f"{fault}: exit code {done.returncode}: {done.stderr}"
            return f"{fault}: exit code {done.returncode} {done.stderr.strip()}"
        size = self.random.randrange(1, 6_000_000)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        done = self.run(*command, preexec_fn=limit)
        assert done.returncode in (0, 2), f"limit {size}: exit code {done.returncode}: {done.stderr}"
        return f"limit {size}: exit code {done.returncode} {done.stderr.strip()}"

    def check(self, store=None):
        checked = self.run("db", "check", "--datadir", store or self.store, "--json")
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

    def reorganise(self, number):
        """A branch in the place of another, or a pruning, disturbed."""
        other = self.branch if self.has == self.chain else self.chain
        reorganisation = ["import", "--datadir", self.branches, "--genesis", self.genesis, "--history",
                          self.random.randrange(60, 200), "--json", other]
        prune = ["db", "prune", "--datadir", self.branches, "--history", 60, "--receipts"]
        what, command = "", prune if number % 8 == 7 else reorganisation
        try:
            what = f"{command[0]} {command[-1]}: " + self.disturb_command(command, self.branches, 14)
            self.check(self.branches)
            head = json.loads(self.run("db", "stat", "--datadir", self.branches, "--json").stdout)["head"]
            if self.verbose:
                print(f"round {number}: {what}, head {head}", flush=True)
            assert head in ((self.ends[self.has], self.ends[other]) if command != prune else (self.ends[self.has],)), f"head is {head}"
            if head != self.ends[self.has]:
                self.has = other
            elif self.random.randrange(2) == 0:
                done = self.run(*reorganisation)
                assert done.returncode == 0, f"the branch, undisturbed: {done.stderr}"
                self.has = other
                self.check(self.branches)
            self.passed += 1
        except AssertionError as why:
            self.failed += 1
            print(f"FAIL round {number}: {what}: {why}")

    def beside_an_import(self):
        """One of two imports is refused; readers see whole chains that only grow."""
        first = subprocess.Popen([self.weft, *map(str, self.command(1))], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        refused, good, seen, text = False, True, -1, ""
        while good and first.poll() is None:
            if not refused:
                second = self.importing()
                refused, text = second.returncode == 2 and "in use by another process" in second.stderr, second.stderr
                good = refused or second.returncode == 0  # it was there first
            found = self.run("db", self.random.choice(["stat", "check"]), "--datadir", self.store, "--json")
            number = json.loads(found.stdout)["number"] if found.returncode == 0 else -1
            good = good and number >= seen and (found.returncode == 0 or "no chain in it yet" in found.stderr)
            text, seen = text + found.stderr, max(seen, number)
        first.kill()
        good = good and (refused or "in use by another process" in first.communicate()[1])
        self.passed += good
        self.failed += not good
        if not good:
            print(f"FAIL beside an import: {text}")
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
        test.beside_an_import()
        for number in range(arguments.rounds):
            (test.reorganise if number % 2 else test.round)(number)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{test.passed} passed, {test.failed} failed, 0 skipped")
    return test.failed != 0


if __name__ == "__main__":
    sys.exit(main())
