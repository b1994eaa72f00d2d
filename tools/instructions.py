#!/usr/bin/env python3
"""The gate against getting slower: how many instructions weft executes for fixed work, against what was recorded.

    tools/instructions.py [--update] BUILD

BUILD is a folder with a `weft` that was compiled for any processor (callgrind knows no AVX-512). Counts do not depend on what else the
machine does. They do depend on the compiler: with another version than the recorded one nothing is compared. More than 3 % above
the record fails; more than 3 % below it asks for a new record (--update writes bench/instructions.csv).
"""
import pathlib
import re
import subprocess
import sys

RECORD = pathlib.Path(__file__).resolve().parent.parent / "bench" / "instructions.csv"
TOLERANCE = 0.03

# Loops of the EVM, as code: arithmetic, memory and hashing, storage; each runs until its gas is gone.
PROGRAMS = {
    "arithmetic": "60015b600302600701806005900401600101600256",
    "hashing": "5f5b805f5260405f2001600156",
    "storage": "5f5b808055805450600101600156",
}
GAS = "3000000"


# Instructions one by one (`weft bench --opcodes`), by what they have in common.
OPCODES = {
    "division": "DIV SDIV MOD SMOD ADDMOD MULMOD EXP",
    "words": "ADD MUL SHL SAR BYTE SIGNEXTEND CLZ ISZERO PUSH1 DUP1 SWAP1 JUMP JUMPI",
    "memory": "MLOAD MSTORE MCOPY CALLDATACOPY CODECOPY EXTCODECOPY RETURNDATACOPY LOG0 LOG4 KECCAK256",
    "state": "SLOAD SSTORE TLOAD TSTORE BALANCE EXTCODESIZE EXTCODEHASH SELFBALANCE",
    "calls": "CALL DELEGATECALL STATICCALL RETURN REVERT CREATE CREATE2 SELFDESTRUCT",
}


def commands(weft):
    for name, code in PROGRAMS.items():
        yield f"run {name}", [weft, "run", "--gas", GAS, code]
    for name, opcodes in OPCODES.items():
        yield f"opcodes {name}", [weft, "bench", "--opcodes", "--repeat", "1", *opcodes.split()]
    for workload in ("transfers", "erc20", "uniswap-like", "hot-counter"):
        yield f"bench {workload}", [weft, "bench", "--threads", "1", "--repeat", "3", "--size", "200", workload]


def count(command):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        sys.exit(f"tools/instructions.py: {' '.join(command)}: callgrind counted nothing: {done.stderr.strip().splitlines()[-1:]}")
    return int(found[1])


def compiler_of(build):
    cache = (build / "CMakeCache.txt").read_text()
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.M)[1]
    return subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]


def read_record():
    if not RECORD.exists():
        return None, {}
    lines = RECORD.read_text().splitlines()
    rows = (line.split(",") for line in lines[1:])
    return lines[0].removeprefix("# "), {name: int(n) for name, n in rows}


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    build = pathlib.Path(arguments[0])
    compiler = compiler_of(build)
    counts = {name: count(command) for name, command in commands(str(build / "weft"))}
    if "--update" in sys.argv:
        RECORD.write_text("".join([f"# {compiler}\n"] + [f"{name},{n}\n" for name, n in counts.items()]))
    recorded_with, record = read_record()
    failed = False
    for name, n in counts.items():
        before = record.get(name)
        change = n / before - 1 if before else 0
        print(f"{name:24} {n:>14,} {change:+8.2%}" if before else f"{name:24} {n:>14,}      new")
        if before and recorded_with == compiler:
            failed = failed or change > TOLERANCE
            if change < -TOLERANCE:
                print(f"  less than recorded: tools/instructions.py --update {build}")
    if recorded_with != compiler:
        print(f"not compared: recorded with {recorded_with}, this is {compiler}")
    sys.exit("more instructions than recorded" if failed else 0)


main()
