#!/usr/bin/env python3
"""Compares `weft t8n` with another state transition tool (geth's `evm t8n`) on generated cases and on blocks of the official tests.

    t8n.py WEFT EVM [--count N] [--seed N] [--fork NAME] [--fixtures DIR] [--files N] [--keep DIR]

Everything must be equal: exit code, state, body, and the result with all receipts. Of rejected transactions the index is compared and the
reason; the texts differ in what geth writes behind it (addresses, numbers), so that ours must be a part of geth's. Blocks of official tests
are compared with their headers, too, but for those of drafts of Amsterdam: their blocks are executed by the rules of today. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import glob
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from evmlib import rlp_items  # noqa: E402
from t8n_cases import BUILDER_DEPOSITS, BUILDER_EXITS, FORKS, LEVEL, SYSTEM_CODE, intrinsic_gas, make_case  # noqa: E402

ARGUMENTS = ["--input.alloc=stdin", "--input.env=stdin", "--input.txs=stdin", "--output.alloc=stdout", "--output.result=stdout", "--output.body=stdout"]


def run_tool(command, case, extra=()):
    """Exit code and the parsed output, or the message."""
    arguments = ["--state.fork=" + case["fork"], "--state.chainid=%d" % case["chainid"], "--state.reward=%d" % case["reward"]]
    done = subprocess.run(command + arguments + ARGUMENTS + list(extra), input=json.dumps(case["input"]).encode(), capture_output=True)
    if done.returncode != 0:
        return done.returncode, done.stderr.decode(errors="replace")[-600:]
    return 0, json.loads(done.stdout)


# ---- comparing ----

def level_of(case):
    return case.get("level", LEVEL.get(case["fork"], len(FORKS)))


# A transaction that is wrong in two ways: weft and the specification look at the transaction and the block first, geth at the sender.
# Then our reason must be true; what can be recomputed is.
FOUND_FIRST = {
    "intrinsic gas too low": lambda case, tx: int(tx["gas"], 16) < intrinsic_gas(FORKS[min(level_of(case), len(FORKS) - 1)], tx) + 2 * (len(tx["input"]) // 64 + 1),
    "gas limit reached": lambda case, tx: True,
    "transaction gas limit too high": lambda case, tx: int(tx["gas"], 16) > 2**24,
    "max initcode size exceeded": lambda case, tx: not tx["to"] and len(tx["input"]) > 2 + 2 * 49152,
    "nonce has max value": lambda case, tx: int(tx["nonce"], 16) == 2**64 - 1,
    "max fee per gas less than block base fee": lambda case, tx: True,
    "max priority fee per gas higher than max fee per gas": lambda case, tx: int(tx["maxPriorityFeePerGas"], 16) > int(tx["maxFeePerGas"], 16),
    "insufficient gas for floor data gas cost": lambda case, tx: True,
    "blob gas would exceed maximum allowance": lambda case, tx: len(tx["blobVersionedHashes"]) > 0,
    "blob transaction has too many blobs": lambda case, tx: len(tx["blobVersionedHashes"]) > 6,
    "blob has invalid hash version": lambda case, tx: any(h[2:4] != "01" for h in tx["blobVersionedHashes"]),
    "max fee per blob gas less than block blob gas fee": lambda case, tx: True,
    "EIP-7702 transaction with empty auth list": lambda case, tx: not tx["authorizationList"],
}


def same_reason(case, ours, theirs):
    if ours["index"] != theirs["index"]:
        return False
    if ours["error"] in theirs["error"].replace("blob gas (", "blob gas ") or ours["error"].split(" would")[-1] in theirs["error"]:
        return True
    is_true = FOUND_FIRST.get(ours["error"])
    return is_true is not None and "txs" in case["input"] and is_true(case, case["input"]["txs"][ours["index"]])


def differences(case, ours, theirs, at=""):
    """Where two outputs differ, as lines."""
    if at.endswith(".status") and level_of(case) < LEVEL["Byzantium"]:
        return []  # no part of such a receipt; geth calls a creation failed that leaves no code
    if at == ".result.rejected" and isinstance(ours, list) and isinstance(theirs, list):
        lines = [f"{at}: {a} and {b}" for a, b in zip(ours, theirs) if not same_reason(case, a, b)]
        return lines + ([f"{at}: {len(ours)} and {len(theirs)} items"] if len(ours) != len(theirs) else [])
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [line for key in sorted(set(ours) | set(theirs)) for line in differences(case, ours.get(key, "missing"), theirs.get(key, "missing"), f"{at}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [line for i, (a, b) in enumerate(zip(ours, theirs)) for line in differences(case, a, b, f"{at}[{i}]")]
    return [] if ours == theirs else [f"{at}: {str(ours)[:200]} and {str(theirs)[:200]}"]


def compare(case, weft, evm):
    """None when both tools say the same."""
    our_code, ours = run_tool(weft, case, ["--executor=all"])
    their_code, theirs = run_tool(evm, case)
    if our_code != their_code:
        return f"exit codes {our_code} and {their_code}: {ours if our_code else theirs}"
    if our_code != 0:
        return None
    lines = differences(case, ours, theirs)
    if not lines and case.get("header") and not case["draft"]:
        lines = check_header(ours["result"], case["header"])
    return "\n    ".join(lines[:6]) or None


def check_header(result, header):
    pairs = {"stateRoot": "stateRoot", "receiptsRoot": "receiptTrie", "txRoot": "transactionsTrie", "logsBloom": "bloom"}
    lines = [f"{ours}: {result[ours]} and in the header {header[theirs]}" for ours, theirs in pairs.items() if result[ours] != header[theirs]]
    for name in ("withdrawalsRoot", "requestsHash", "blockAccessListHash"):
        if name in header and result[name] != header[name]:
            lines.append(f"{name}: {result[name]} and in the header {header[name]}")
    return lines + ([] if int(result["gasUsed"], 16) == int(header["gasUsed"], 16) else ["gas used"])


# ---- official tests ----

REWARDS = {"Frontier": 5, "Homestead": 5, "EIP150": 5, "TangerineWhistle": 5, "EIP158": 5, "SpuriousDragon": 5, "Byzantium": 3, "Constantinople": 2, "ConstantinopleFix": 2,
           "Petersburg": 2, "Istanbul": 2, "MuirGlacier": 2, "Berlin": 2, "London": 2, "ArrowGlacier": 2, "GrayGlacier": 2}
GETH_NAMES = {"TangerineWhistle": "EIP150", "SpuriousDragon": "EIP158", "Petersburg": "ConstantinopleFix"}


def case_of_test(test):
    """The first block of a blockchain test as a case; None when it is not a plain valid block."""
    block = test["blocks"][0] if test.get("blocks") else {}
    if "blockHeader" not in block or test["network"] not in list(REWARDS) + FORKS:
        return None
    h, genesis = block["blockHeader"], test["genesisBlockHeader"]
    env = {"currentCoinbase": h["coinbase"], "currentNumber": h["number"], "currentTimestamp": h["timestamp"], "currentGasLimit": h["gasLimit"],
           "blockHashes": {genesis["number"]: genesis["hash"]}}
    env["ommers"] = [{"delta": int(h["number"], 16) - int(u["number"], 16), "address": u["coinbase"]} for u in block["uncleHeaders"]]
    reward = REWARDS.get(test["network"], 0) * 10**18
    if reward:
        env["currentDifficulty"] = h["difficulty"]
    else:
        env["currentRandom"] = h["mixHash"]
    for theirs, ours in (("baseFeePerGas", "currentBaseFee"), ("excessBlobGas", "currentExcessBlobGas"), ("parentBeaconBlockRoot", "parentBeaconBlockRoot"),
                         ("slotNumber", "slotNumber")):
        if theirs in h:
            env[ours] = h[theirs]
    if "withdrawals" in block:
        env["withdrawals"] = [{k: v if k == "address" else hex(int(v, 16)) for k, v in w.items()} for w in block["withdrawals"]]
    alloc, draft = dict(test["pre"]), test["network"] == "Amsterdam" and "/tests-bal@v5" in test["_info"]["url"]
    if draft:
        for a in (BUILDER_DEPOSITS, BUILDER_EXITS):
            alloc["0x" + a.hex()] = {"balance": "0x0", "nonce": "0x1", "code": "0x" + SYSTEM_CODE[a]}
    txs = rlp_items(bytes.fromhex(block["rlp"][2:]))[1]
    return {"fork": GETH_NAMES.get(test["network"], test["network"]), "chainid": int(test.get("config", {}).get("chainid", "0x1"), 16), "reward": reward,
            "header": h, "draft": draft, "input": {"alloc": alloc, "env": env, "txsRlp": "0x" + txs.hex()}}


def fixture_cases(folder, files, r):
    """One case of each of some files."""
    paths = sorted(glob.glob(os.path.join(folder, "**", "*.json"), recursive=True))
    for path in r.sample(paths, min(files, len(paths))):
        if os.path.getsize(path) > 20_000_000:
            continue
        with open(path) as f:
            tests = json.load(f)
        names = sorted(tests)
        name = r.choice(names)
        case = case_of_test(tests[name])
        if case is not None:
            yield os.path.relpath(path, folder) + ": " + name.split("::")[-1], case


# Changes of forks and single EIPs: the name, the fork that holds in the block, and what of the environment decides it.
VARIANTS = [
    ("FrontierToHomesteadAt5", "Homestead", {}), ("HomesteadToEIP150At5", "EIP150", {}), ("EIP158ToByzantiumAt5", "EIP158", {"currentNumber": "0x4"}),
    ("HomesteadToDaoAt5", "Homestead", {"currentNumber": "0x5"}), ("ByzantiumToConstantinopleFixAt5", "ConstantinopleFix", {}),
    ("ConstantinopleFixToIstanbulAt5", "Istanbul", {}), ("BerlinToLondonAt5", "Berlin", {"currentNumber": "0x4"}), ("BerlinToLondonAt5", "London", {"currentNumber": "0x5"}),
    ("ArrowGlacierToParisAtDiffC0000", "ArrowGlacier", {}), ("ParisToShanghaiAtTime15k", "Paris", {}), ("ParisToShanghaiAtTime15k", "Shanghai", {"currentTimestamp": "0x3a98"}),
    ("ShanghaiToCancunAtTime15k", "Cancun", {"currentTimestamp": "0x3a98"}), ("CancunToPragueAtTime15k", "Prague", {"currentTimestamp": "0x3a98"}),
    ("PragueToOsakaAtTime15k", "Osaka", {"currentTimestamp": "0x3a98"}), ("BPO1ToBPO2AtTime15k", "BPO1", {}), ("Merge", "Paris", {}),
    ("Istanbul+3198", "Istanbul", {}), ("Berlin+3529+3855", "Berlin", {}), ("London+1153+5656", "London", {}), ("Homestead+1884+1344", "Homestead", {}),
    ("ConstantinopleFix+2200", "ConstantinopleFix", {}), ("Paris+6780", "Paris", {}), ("Cancun+7939", "Cancun", {}),
]


def variant_cases(seed):
    for i, (name, fork, changes) in enumerate(VARIANTS):
        case = make_case(random.Random(seed + i), fork)
        case.update(fork=name, level=LEVEL[fork])
        number = int(changes.get("currentNumber", "0x64"), 16)
        case["input"]["env"]["blockHashes"].update({hex(n): "0x%064x" % n for n in range(number)})
        case["input"]["env"].update(changes)
        yield f"variant {name} {changes}", case


def generated_cases(count, seed, only):
    forks = [only] if only else [f for f in FORKS if f != "Amsterdam"]
    for i in range(count):
        yield f"generated {seed + i} {forks[i % len(forks)]}", make_case(random.Random(seed + i), forks[i % len(forks)])
    if not only:
        yield from variant_cases(seed)


# ---- running ----

def main():
    p = argparse.ArgumentParser()
    p.add_argument("weft")
    p.add_argument("evm")
    p.add_argument("--count", type=int, default=200)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--fork")
    p.add_argument("--fixtures", action="append", default=[], help="a folder of blockchain tests; may be given more than once")
    p.add_argument("--files", type=int, default=100)
    p.add_argument("--keep", help="a folder for the input of what failed")
    o = p.parse_args()
    weft, evm = [o.weft, "t8n"], [o.evm, "t8n"]
    cases = list(generated_cases(o.count, o.seed, o.fork))
    for folder in o.fixtures:
        cases += fixture_cases(folder, o.files, random.Random(o.seed))
    passed = failed = 0
    for name, case in cases:
        why = compare(case, weft, evm)
        if why is None:
            passed += 1
            continue
        failed += 1
        print(f"FAIL {name}: {why}")
        if o.keep:
            os.makedirs(o.keep, exist_ok=True)
            with open(os.path.join(o.keep, "case-%d.json" % failed), "w") as f:
                json.dump(case, f)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
