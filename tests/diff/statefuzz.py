#!/usr/bin/env python3
"""Random state tests through weft, revm and geth; all must say the same.

    statefuzz.py WEFT --evm EVM [--revme REVME] [--seconds N] [--seed N] [--fork NAME] [--keep DIR]

Each round writes a file of tests in the official form: a state of contracts made of edge_programs.py, and a transaction with some call data,
limits of gas that end anywhere. geth gives the roots and hashes of logs; then weft (`statetest --executor all`) and revm must find the same. A difference keeps the file in DIR.
The last line is `N passed, N failed, N skipped`, counting executions.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from edge_cases import edge_alloc, edge_authorization, edge_data, edge_env  # noqa: E402
from edge_programs import RECURSOR, EdgeProgram  # noqa: E402
from t8n_cases import CONTRACTS, KEYS, LEVEL, SENDERS, hexed, intrinsic_gas  # noqa: E402

# geth's and revm's names of the forks.
FORKS = ["Frontier", "Homestead", "EIP150", "EIP158", "Byzantium", "ConstantinopleFix", "Istanbul", "Berlin", "London", "Paris", "Shanghai", "Cancun",
         "Prague", "Osaka"]
ZERO = "0x" + "00" * 32


def make_transaction(r, fork, alloc, base_fee):
    level, sender = LEVEL[fork], r.randrange(len(KEYS))
    kinds = [0, 0] + ([1] if level >= LEVEL["Berlin"] else []) + ([2] if level >= LEVEL["London"] else [])
    kind = r.choice(kinds + ([3] if level >= LEVEL["Cancun"] else []) + ([4, 4] if level >= LEVEL["Prague"] else []))
    to = r.choice(CONTRACTS)
    data = [b"", bytes(r.randrange(256) for _ in range(r.choice([1, 32, 64])))]
    create = kind < 3 and r.randrange(6) == 0
    if create:
        data = [EdgeProgram(r, fork).make(6) for _ in range(2)]
    elif r.randrange(3) == 0:
        to, one = edge_data(r, fork, to)
        data = [one, one[:-1]]
    tx = {"nonce": alloc[hexed(SENDERS[sender])]["nonce"], "to": "" if create else hexed(to), "value": [hex(r.choice([0, 0, 1, 10**15]))],
          "sender": hexed(SENDERS[sender]), "secretKey": "0x%064x" % KEYS[sender], "data": [hexed(d) for d in data]}
    price = base_fee + r.choice([0, 1, 10**9])
    tx.update({"gasPrice": hex(price)} if kind < 2 else {"maxFeePerGas": hex(price), "maxPriorityFeePerGas": hex(r.choice([0, 1, price]))})
    if tx.get("maxPriorityFeePerGas", "0x0") > hex(price):
        tx["maxPriorityFeePerGas"] = "0x0"
    if kind:
        lists = [{"address": hexed(r.choice(CONTRACTS + SENDERS)), "storageKeys": ["0x%064x" % r.choice([0, 1, 2]) for _ in range(r.randrange(3))]}
                 for _ in range(r.randrange(3))]
        tx["accessLists"] = [lists for _ in data]
    if kind == 3:
        tx.update({"maxFeePerBlobGas": hex(10**18), "blobVersionedHashes": ["0x01%062x" % r.getrandbits(200) for _ in range(r.randrange(1, 7))]})
    if kind == 4:
        nonces = [int(alloc[hexed(a)]["nonce"], 16) for a in SENDERS]
        tx["authorizationList"] = [edge_authorization(r, level, nonces) for _ in range(r.randrange(1, 5))]
        for a in tx["authorizationList"]:
            a["signer"] = a["address"]
    least = max(intrinsic_gas(fork, {"input": d, "to": tx["to"], "accessList": tx.get("accessLists", [[]])[0], "authorizationList": tx.get("authorizationList")})
                for d in tx["data"])
    most = 16777216 if level >= LEVEL["Osaka"] else 2**40 if to == RECURSOR and not create else 2 * 10**6
    gas = [r.randrange(1 << r.randrange(1, 20)) for _ in range(14)] + [10**6, 2 * 10**6]
    tx["gasLimit"] = [hex(min(most, least + g) if to != RECURSOR else r.choice([most, least + g])) for g in gas]
    return tx


def make_test(r, fork):
    alloc, env = edge_alloc(r, fork), edge_env(r, fork)
    for a in alloc.values():
        a.setdefault("nonce", "0x0"), a.setdefault("code", "0x"), a.setdefault("storage", {})
    for a in SENDERS:
        alloc[hexed(a)]["balance"] = hex(2**100)
    base_fee = r.choice([0, 7, 10**9])
    env = {"currentCoinbase": env["currentCoinbase"], "currentNumber": env["currentNumber"], "currentTimestamp": env["currentTimestamp"],
           "currentGasLimit": hex(2**41), "currentDifficulty": "0x20000", "currentRandom": "0x%064x" % r.getrandbits(256),
           "currentExcessBlobGas": hex(131072 * r.choice([0, 20, 100]))}
    if LEVEL[fork] >= LEVEL["London"]:
        env["currentBaseFee"] = hex(base_fee)
    tx = make_transaction(r, fork, alloc, base_fee if LEVEL[fork] >= LEVEL["London"] else 1)
    post = [{"hash": ZERO, "logs": ZERO, "indexes": {"data": d, "gas": g, "value": 0}} for d in range(len(tx["data"])) for g in range(len(tx["gasLimit"]))]
    return {"env": env, "pre": alloc, "transaction": tx, "post": {fork: post}, "config": {"chainid": "0x1"}}


# ---- running ----

def results_of_geth(evm, path):
    done = subprocess.run([evm, "statetest", path], capture_output=True)
    return json.loads(done.stdout or "null") or []


def write(path, tests):
    with open(path, "w") as f:
        json.dump({name: t for name, t in tests.items() if any(t["post"].values())}, f)


def ask_geth(evm, path, tests):
    """Fills in the roots that geth finds, then the hashes of logs. Executions that it refuses are left out."""
    for field, words in (("hash", "post state root mismatch: got "), ("logs", "post state logs hash mismatch: got ")):
        write(path, tests)
        found = {}
        for x in results_of_geth(evm, path):
            found.setdefault(x["name"], []).append(x)
        for name, test in tests.items():
            for fork, entries in test["post"].items():
                assert len(entries) == len(found.get(name, []))
                for e, x in zip(entries, found.get(name, [])):
                    if x.get("error", "").startswith(words):
                        e[field] = "0x" + x["error"][len(words):][:64]
                    elif not x["pass"]:
                        e["refused"] = True
                test["post"][fork] = [e for e in entries if not e.get("refused")]
    write(path, tests)


def ask_weft(weft, path):
    done = subprocess.run([weft, "statetest", "--threads=1", "--executor=all", path], capture_output=True)
    text = (done.stdout + done.stderr).decode(errors="replace")
    return done.returncode, ["weft: " + line for line in text.splitlines() if " passed, " not in line]


def ask_revm(revme, path):
    """It stops at the first difference."""
    done = subprocess.run([revme, "statetest", "-s", "--keep-going", "--omit-progress", path], capture_output=True)
    text = (done.stdout + done.stderr).decode(errors="replace")
    return done.returncode, ["revm: " + line for line in text.splitlines() if line.startswith(("Name:", "Error:", "thread"))]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("weft")
    p.add_argument("--evm", required=True)
    p.add_argument("--revme")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--seed", type=int, default=int(time.time()) * 1000)
    p.add_argument("--fork")
    p.add_argument("--tests", type=int, default=20, help="tests in a file")
    p.add_argument("--keep", default="statefuzz-failures")
    o = p.parse_args()
    os.makedirs(o.keep, exist_ok=True)
    path = os.path.join(o.keep, f"current-{os.getpid()}.json")
    end, seed, total, failed, refused, forks = time.time() + o.seconds, o.seed, 0, 0, 0, {}
    while time.time() < end:
        r = random.Random(seed)
        tests = {}
        for i in range(o.tests):
            fork = o.fork or r.choice(FORKS)
            tests[f"{seed}-{i}-{fork}"] = make_test(r, fork)
        asked = sum(len(e) for t in tests.values() for e in t["post"].values())
        ask_geth(o.evm, path, tests)
        left = sum(len(e) for t in tests.values() for e in t["post"].values())
        refused += asked - left
        for t in tests.values():
            for fork, entries in t["post"].items():
                forks[fork] = forks.get(fork, 0) + len(entries)
        code, lines = ask_weft(o.weft, path)
        if o.revme:
            more = ask_revm(o.revme, path)
            code, lines = code or more[0], lines + more[1]
        total += left
        if code:
            failed += max(1, len(lines))
            kept = os.path.join(o.keep, f"state-{seed}.json")
            os.replace(path, kept)
            print(f"DIFFERENCE in {kept}")
            print("    " + "\n    ".join(line[:400] for line in lines[:5]), flush=True)
        seed += 1
    if os.path.exists(path):
        os.remove(path)
    print(f"{seed - o.seed} files from seed {o.seed}; executions: {forks}; refused by geth: {refused}")
    print(f"{total - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
