#!/usr/bin/env python3
"""The cases of cases.py through all executors of weft: each must give what expected.json says.

    run.py WEFT                 compares
    run.py WEFT --evm EVM       compares with geth's `evm t8n` as well, field by field
    run.py WEFT --evm EVM --write    makes expected.json anew, from EVM

expected.json was made by geth's evm 1.17.10, which has the rules of release v21.0.0 of the execution-spec-tests; its sums of gas are those
of the execution specification. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import json
import os
import sys

from block import HERE
from cases import CASES
from t8n import differences, run_tool

EXPECTED = os.path.join(HERE, "expected.json")
FIELDS = ["stateRoot", "receiptsRoot", "gasUsed", "requestsHash", "blockAccessListHash"]


def summary(result):
    """What of a result is kept: enough to tell any two apart."""
    out = {k: result[k] for k in FIELDS}
    out["receipts"] = [f"{r['status']} {r['cumulativeGasUsed']}" for r in result.get("receipts") or []]
    out["rejected"] = [x["index"] for x in result.get("rejected") or []]
    return out


def check(name, case, o, expected):
    code, ours = run_tool([o.weft, "t8n"], case, ["--executor=all", "--threads=1,2"])
    if code != 0:
        return [f"weft exits with {code}: {ours}"]
    lines = []
    if o.evm:
        their_code, theirs = run_tool([o.evm, "t8n"], case)
        if their_code != 0:
            return [f"evm exits with {their_code}: {theirs}"]
        lines = differences(case, ours, theirs)
        if o.write:
            expected[name] = summary(theirs["result"])
    wanted = expected.get(name)
    if wanted is None:
        return ["nothing is expected"]
    found = summary(ours["result"])
    return lines + [f"{k}: {found[k]}, expected {wanted[k]}" for k in wanted if found[k] != wanted[k]]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("weft")
    p.add_argument("--evm")
    p.add_argument("--write", action="store_true")
    p.add_argument("--filter", default="")
    o = p.parse_args()
    with open(EXPECTED) as f:
        expected = json.load(f)
    names = [n for n in CASES if o.filter in n]
    failed = 0
    for name in names:
        lines = check(name, CASES[name].case(), o, expected)
        if lines:
            failed += 1
            print(f"FAIL {name}\n    " + "\n    ".join(line[:300] for line in lines[:6]), flush=True)
    if o.write:
        with open(EXPECTED, "w") as f:
            f.write("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(expected[n])}" for n in CASES if n in expected) + "\n}\n")
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
