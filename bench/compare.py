#!/usr/bin/env python3
"""weft beside evmone, revm and geth: the same programs, blocks and tests, in turns in one run, as Markdown tables.

    bench/compare.py [--weft PATH] [--revme PATH] [--geth PATH] [--evmone LIBRARY] [--rounds N] [--realtime] [--only PART] FIXTURES

revme (crates.io: `cargo install revme`) and geth's evm (`go install github.com/ethereum/go-ethereum/cmd/evm@v1.17.10`) are
looked for on the PATH; who is missing is left out. evmone is a library, libevmone.so, and takes part in "programs" where it is named;
build/bench_evmc runs it (make evmc). FIXTURES is the unpacked folder (see tests/fixtures.sh). PARTs:

    programs   evm-benchmarks, time of one execution as each engine's own bench mode reports it: weft the median of its runs,
               evmone likewise (with its analysis of the code), revm what criterion estimates (with the making of a transaction),
               geth the mean (with about 18 us of set-up)
    blocks     the benchmark archive, CPU time of the whole command for each file: reading, executing, checking
    tests      the official archives, CPU time of the whole command on one thread
    opcodes    every instruction and precompiled contract by `weft bench --opcodes`: weft the least of its warm runs, the others the least of a
               few single ones, as their runners report it; what geth returns is compared

A time is the median over the rounds; a ratio is the other's time over weft's, above 1 where weft is faster.
"""
import argparse
import json
import math
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

GAS_MAX = 16777216  # revm refuses more in a transaction (EIP-7825)


def run(command, realtime):
    """Output and CPU seconds of a command; None when it fails."""
    def prepare():
        if realtime:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          preexec_fn=prepare, cwd=tempfile.gettempdir())  # criterion leaves files where it runs
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (done.stdout, seconds) if done.returncode == 0 else None


# ---- one execution of a program, in microseconds ----

def weft_program(weft, code, data, gas, realtime):
    done = run([weft, "run", "--json", "--bench=1", "--gas", str(gas), "--codefile", code, "--inputfile", data], realtime)
    return json.loads(done[0])["bench"]["median_ns"] / 1000 if done else None


def revm_program(revme, code, data, gas, realtime):
    if gas > GAS_MAX:
        return None
    text = pathlib.Path(data).read_text().strip()
    done = run([revme, "evm", "--bench", "--path", code, "--input", text], realtime)
    found = done and re.search(r"time:\s+\[\S+ \S+ (\S+) (\S+) ", done[0])
    return float(found[1]) * {"ns": 1e-3, "µs": 1, "us": 1, "ms": 1e3, "s": 1e6}[found[2]] if found else None


def evmone_program(library, code, data, gas, realtime):
    done = run([os.path.abspath("build/bench_evmc"), library, "evmc_create_evmone", code, data, "1"], realtime)
    return json.loads(done[0])["median_ns"] / 1000 if done else None


def geth_program(evm, code, data, gas, realtime):
    done = run([evm, "run", "--bench", "--codefile", code, "--inputfile", data, "--gas", str(gas)], realtime)
    found = done and re.search(r"execution time:\s+([0-9.]+)(ns|µs|ms|s)", done[0])
    return float(found[1]) * {"ns": 1e-3, "µs": 1, "ms": 1e3, "s": 1e6}[found[2]] if found else None


# ---- tables ----

def in_turns(engines, measure, rounds):
    """{engine: median} of `rounds` measurements each."""
    times = {name: [] for name in engines}
    for _ in range(rounds):
        for name in engines:
            time = measure(name)
            if time is not None:
                times[name].append(time)
    return {name: statistics.median(t) for name, t in times.items() if t}


def table(title, unit, engines, rows):
    """Prints times and ratios; rows: (name, {engine: time})."""
    others = [e for e in engines if e != "weft"]
    print(f"\n### {title}\n")
    print(f"| | weft {unit} |" + "".join(f" {o} {unit} | ratio |" for o in others))
    print("|---|---:|" + "---:|---:|" * len(others))
    for name, times in rows:
        cells = "".join(f" {times[o]:.4g} | {times[o] / times['weft']:.2f} |" if o in times else " – | – |" for o in others)
        print(f"| {name} | {times['weft']:.4g} |{cells}")
    for o in others:
        ratios = [t[o] / t["weft"] for _, t in rows if o in t]
        if len(ratios) > 1:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            print(f"\n{o}: geometric mean {mean:.2f}, least {min(ratios):.2f}, over {len(ratios)} rows")
    sys.stdout.flush()


def programs(engines, options):
    functions = {"weft": weft_program, "evmone": evmone_program, "revm": revm_program, "geth": geth_program}
    if options.evmone:
        engines = {**engines, "evmone": os.path.abspath(options.evmone)}
    rows = []
    for data in sorted(options.fixtures.joinpath("evm-benchmarks").glob("*.input")):
        name = data.name[: -len(".input")]
        code = data.with_name(name.split(".")[0] + ".hex")
        gas = 1000000000 if name.startswith("snailtracer") else GAS_MAX
        rows.append((name, in_turns(engines, lambda e: functions[e](engines[e], code, data, gas, options.realtime), options.rounds)))
    table("Programs: one execution", "us", engines, rows)


COMMANDS = {
    "weft": {"block": ["blocktest", "--threads", "1", "--executor", "serial"], "state": ["statetest", "--threads", "1", "--executor", "serial"]},
    "revm": {"block": ["blockchaintest", "--omit-progress", "--keep-going"], "state": ["statetest", "--single-thread", "--omit-progress", "--keep-going"]},
    "geth": {"block": ["blocktest"], "state": ["statetest", "--workers", "1"]},
}


def whole_command(engines, kind, path, options):
    def measure(name):
        done = run([engines[name], *COMMANDS[name][kind], str(path)], options.realtime)
        return done[1] if done else None

    return in_turns(engines, measure, options.rounds)


def blocks(engines, options):
    folder = options.fixtures / "benchmark" / "blockchain_tests"
    rows = [(p.relative_to(folder / "benchmark").as_posix()[:-5], whole_command(engines, "block", p, options))
            for p in sorted(folder.rglob("*.json"))]
    table("Benchmark archive: CPU time of the whole command", "s", engines, rows)


def tests(engines, options):
    archives = [("state tests", "state", "state_tests"), ("blockchain tests", "block", "blockchain_tests")]
    rows = [(name, whole_command(engines, kind, options.fixtures / folder, options)) for name, kind, folder in archives]
    table("Official tests: CPU time of the whole command, one thread", "s", engines, rows)


# ---- single instructions: ns of a unit of `weft bench --opcodes`, with what makes its operands and drops its result ----

SECONDS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def elapsed(command, pattern, runs, realtime):
    """The least time that a command says it took, in ns, over some runs; None where it fails."""
    times = []
    for _ in range(runs):
        done = run(command, realtime)
        found = done and re.search(pattern, done[0])
        if not found:
            return None
        times.append(float(found[1]) * SECONDS[found[2]] * 1e9)
    return min(times)


def returned(engine, name, code):
    """What a program returns, in hex digits, as weft and geth print it."""
    if name == "weft":
        done = run([engine, "run", "--json", "--codefile", code], False)
        return json.loads(done[0])["output"] if done else None
    done = run([engine, "run", "--codefile", code], False)
    return "0x" + done[0].strip().removeprefix("0x") if done else None


def opcodes(engines, options):
    commands = {
        "revm": lambda code: ([engines["revm"], "evm", "--path", code], r"Elapsed: ([0-9.]+)(ns|µs|ms|s)"),
        "geth": lambda code: ([engines["geth"], "run", "--statdump", "--codefile", code], r"execution time:\s+([0-9.]+)(ns|µs|ms|s)"),
    }
    runs, rows, differ = 2 * options.rounds + 1, [], []

    def weft(names):
        done = run([engines["weft"], "bench", "--opcodes", "--json", *names], options.realtime)
        if done is None:
            sys.exit("bench/compare.py: weft bench --opcodes failed")
        return [json.loads(line) for line in done[0].splitlines()]

    names = options.opcodes.split() or list(dict.fromkeys(row["opcode"] for row in weft([])))
    with tempfile.TemporaryDirectory() as folder:
        code, check = os.path.join(folder, "code"), os.path.join(folder, "check")
        for opcode in names:  # weft, the others, weft again: the machine is never the same for long
            group = weft([opcode])
            measured = []
            for row in group:
                pathlib.Path(code).write_text(row["code"][2:])
                pathlib.Path(check).write_text(row["check"][2:])
                times = {}
                for engine in (e for e in ("revm", "geth") if e in engines):
                    ns = elapsed(*commands[engine](code), runs, options.realtime)
                    if ns is not None:
                        times[engine] = ns / row["times"]
                measured.append(times)
                if "geth" in engines and returned(engines["weft"], "weft", check) != returned(engines["geth"], "geth", check):
                    differ.append(f"{row['opcode']} {row['shape']}")
            for before, after, times in zip(group, weft([opcode]), measured):
                least = min(before["fast"]["unit_ns"], after["fast"]["unit_ns"])
                rows.append((f"{before['opcode']} {before['shape']}".strip(), {"weft": least, **times}))
    rows.sort(key=lambda r: min((t / r[1]["weft"] for e, t in r[1].items() if e != "weft"), default=0))
    table("Instructions: one, with its operands and without its result", "ns", engines, rows)
    print(f"\nResults other than geth's: {', '.join(differ) or 'none'}")


def main():
    parts = {"programs": programs, "blocks": blocks, "tests": tests, "opcodes": opcodes}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="build/weft")
    parser.add_argument("--revme", default=shutil.which("revme"))
    parser.add_argument("--geth", default=shutil.which("evm"))
    parser.add_argument("--evmone", help="libevmone.so")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--realtime", action="store_true", help="measure at real-time priority (needs the right to)")
    parser.add_argument("--only", choices=parts)
    parser.add_argument("--opcodes", default="", metavar="NAMES", help="instructions and precompiled contracts to compare (all)")
    parser.add_argument("fixtures", type=pathlib.Path)
    options = parser.parse_args()
    engines = {n: p for n, p in (("weft", options.weft), ("revm", options.revme), ("geth", options.geth)) if p}
    engines = {name: os.path.abspath(path) for name, path in engines.items()}
    options.fixtures = options.fixtures.resolve()
    for name, part in parts.items():
        if options.only in (None, name):
            part(engines, options)


main()
