#!/usr/bin/env python3
"""Random blocks through every executor of weft and through other implementations; all must say the same.

    difffuzz.py WEFT [--evm EVM] [--eels EELS] [--seconds N] [--seed N] [--keep DIR]

Each case is a block of some hundred transactions that share a few contracts (see t8n_cases.py). weft executes it serially, in parallel on 1, 2,
4 and 8 threads, and, where the fork has block access lists, along the list, and compares in one process (`t8n --executor all`). The
result is compared with geth's `evm t8n` field by field, and for each 40th case with the specification's (`ethereum-spec-evm t8n`), which
is slow; it does not know Amsterdam.

A difference prints its seed and keeps the case in DIR; `difffuzz.py ... --seed SEED --cases 1` runs it again. The last line is
`N passed, N failed, N skipped`, counting blocks.
"""
import argparse
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from t8n import differences, run_tool  # noqa: E402
from edge_cases import make_edge_case  # noqa: E402
from t8n_cases import FORKS, make_case  # noqa: E402

EXECUTORS = ["--executor=all"]
EELS_EVERY = 40
# The specification's tool writes receipts and states in another form; the roots say as much.
EELS_FIELDS = ["stateRoot", "txRoot", "receiptsRoot", "logsHash", "logsBloom", "gasUsed", "withdrawalsRoot", "requestsHash", "blobGasUsed"]


def case_of_seed(seed, size, only=None, all_edges=False):
    """Every other case is one of edge_cases.py."""
    r = random.Random(seed)
    fork = r.choice(FORKS + ["Prague", "Osaka", "Amsterdam"])
    return (make_edge_case if seed % 2 == 1 or all_edges else make_case)(r, only or fork, r.choice([5, size, size, size]))


def compare_eels(case, ours, o):
    """Its tool wants a block in which everything is valid, no uncles, and no empty accounts."""
    left_out = {x["index"] for x in ours["result"].get("rejected") or []}
    given = case["input"]
    case = dict(case, input={
        "alloc": {a: v for a, v in given["alloc"].items() if int(v["balance"], 16) or int(v.get("nonce", "0x0"), 16) or v.get("code", "0x") != "0x"},
        "env": {k: v for k, v in given["env"].items() if k != "ommers"},
        "txs": [tx for i, tx in enumerate(given["txs"]) if i not in left_out]})
    our_code, ours = run_tool([o.weft, "t8n"], case)
    code, theirs = run_tool([o.eels, "t8n"], case)
    if code != 0 or our_code != 0:
        return None  # it does not know the fork, or gave up
    return [f".{k}: {ours['result'].get(k)} and, of the specification, {theirs['result'].get(k)}" for k in EELS_FIELDS
            if k in theirs["result"] and ours["result"].get(k) != theirs["result"][k]]


def check(case, o, counts, with_eels):
    """Lines that say what differs; none when all is well."""
    counts["transactions"] += len(case["input"]["txs"])
    held_up = ["--perturb=%d" % o.perturb, "--seed=%d" % counts["weft"]] if o.perturb else []
    code, ours = run_tool([o.weft, "t8n"], case, EXECUTORS + ["--threads=" + o.threads] + held_up)
    counts["weft"] += 1
    if code == 1 or code < 0 or code > 128:
        return [f"weft exits with {code}: {ours}"]
    lines = []
    if o.evm:
        their_code, theirs = run_tool([o.evm, "t8n"], case)
        counts["evm"] += 1
        if code != their_code:
            lines.append(f"exit codes {code} and {their_code}: {ours if code else theirs}")
        elif code == 0:
            lines += differences(case, ours, theirs)
    if with_eels and o.eels and code == 0:
        found = compare_eels(case, ours, o)
        counts["eels"] += found is not None
        lines += found or []
    return lines


def keep(case, seed, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"difffuzz-{seed}.json")
    with open(path, "w") as f:
        json.dump(case, f)
    return path


def main():
    p = argparse.ArgumentParser()
    p.add_argument("weft")
    p.add_argument("--evm")
    p.add_argument("--eels")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--cases", type=int, default=1 << 40)
    p.add_argument("--seed", type=int, default=int(time.time()) * 1000)
    p.add_argument("--fork", help="this one alone")
    p.add_argument("--edges", action="store_true", help="cases of edge_cases.py alone")
    p.add_argument("--size", type=int, default=120, help="transactions in a block")
    p.add_argument("--threads", default="1,2,4,8")
    p.add_argument("--perturb", type=int, default=0, help="more executions of weft's, of all parallel modes, with workers held up")
    p.add_argument("--keep", default="difffuzz-failures")
    o = p.parse_args()
    counts = dict.fromkeys(["transactions", "weft", "evm", "eels"], 0)
    failed, done, end = 0, 0, time.time() + o.seconds
    while done < o.cases and time.time() < end:
        seed = o.seed + done
        case = case_of_seed(seed, o.size, o.fork, o.edges)
        lines = check(case, o, counts, seed % EELS_EVERY == 0)
        done += 1
        if lines:
            failed += 1
            print(f"DIFFERENCE seed {seed} ({case['fork']}), kept as {keep(case, seed, o.keep)}")
            print("    " + "\n    ".join(line[:300] for line in lines[:6]), flush=True)
    print(f"{counts['transactions']} transactions in {done} blocks from seed {o.seed}: {counts['weft']} compared among executors, "
          f"{counts['evm']} with evm, {counts['eels']} with the specification")
    print(f"{done - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
