#!/usr/bin/env python3
"""Mainnet blocks through libweft's public interface and its Python wrapper, put together field by field: transactions of
every type with their signatures, access lists and blob hashes; withdrawals; states in memory.

    tests/api/mainnet.py LIBRARY FOLDER      FOLDER: bundles as `weft replay` takes them

Compared with the block: its hash, the hash of every transaction, senders, gas, bloom and, since Byzantium, the receipts
root. Uncles are known by their hashes alone, so blocks with uncles are executed without the check of their header.

Ends with `N passed, N failed, 0 skipped`."""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BYZANTIUM = 4_370_000

# In the order of the RLP: what later forks added to the header.
ADDED = ("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash")
WORDS = {"parentHash": "parent_hash", "sha3Uncles": "uncles_hash", "stateRoot": "state_root",
         "transactionsRoot": "transactions_root", "receiptsRoot": "receipts_root", "mixHash": "prev_randao",
         "withdrawalsRoot": "withdrawals_root", "parentBeaconBlockRoot": "parent_beacon_root",
         "requestsHash": "requests_hash", "miner": "beneficiary", "logsBloom": "bloom", "extraData": "extra_data",
         "nonce": "nonce"}
NUMBERS = {"number": "number", "timestamp": "timestamp", "gasLimit": "gas_limit", "gasUsed": "gas_used",
           "difficulty": "difficulty", "baseFeePerGas": "base_fee", "blobGasUsed": "blob_gas_used",
           "excessBlobGas": "excess_blob_gas"}


def number(text):
    return int(text, 16)


def header_fields(b):
    fields = {ours: b[theirs] for theirs, ours in WORDS.items() if theirs in b}
    fields |= {ours: number(b[theirs]) for theirs, ours in NUMBERS.items() if theirs in b}
    return fields | {"field_count": 15 + sum(name in b for name in ADDED)}


def transaction_fields(t):
    kind, v = number(t["type"]), number(t["v"])
    fields = {"type": kind, "nonce": number(t["nonce"]), "gas": number(t["gas"]), "to": t["to"], "data": t["input"],
              "value": number(t["value"]), "r": number(t["r"]), "s": number(t["s"])}
    if kind == 0 and v in (27, 28):
        return fields | {"y_parity": v - 27, "max_fee": number(t["gasPrice"])}
    if kind == 0:
        return fields | {"y_parity": (v - 35) % 2, "has_chain_id": 1, "chain_id": (v - 35) // 2,
                         "max_fee": number(t["gasPrice"])}
    fields |= {"y_parity": v, "chain_id": number(t["chainId"]),
               "access_list": [(entry["address"], entry["storageKeys"]) for entry in t["accessList"]]}
    if kind == 1:
        return fields | {"max_fee": number(t["gasPrice"])}
    fields |= {"max_fee": number(t["maxFeePerGas"]), "max_priority_fee": number(t["maxPriorityFeePerGas"])}
    if kind == 3:
        fields |= {"max_blob_fee": number(t["maxFeePerBlobGas"]), "blob_hashes": t["blobVersionedHashes"]}
    return fields


def make_block(weft, b):
    block = weft.Block(**header_fields(b))
    for t in b["transactions"]:
        block.add(**transaction_fields(t))
    for w in b.get("withdrawals", []):
        block.add_withdrawal(index=number(w["index"]), validator_index=number(w["validatorIndex"]),
                             amount=number(w["amount"]), address=w["address"])
    return block


def make_state(weft, accounts, hashes):
    state = weft.MemoryState()
    for address, a in accounts.items():
        state.set_account(address, balance=number(a.get("balance", "0x0")), nonce=a.get("nonce", 0), code=a.get("code"),
                          storage={number(k): number(v) for k, v in a.get("storage", {}).items()})
    for block, block_hash in hashes.items():
        state.set_block_hash(int(block, 0), block_hash)
    return state


def same(what, found, expected):
    if found != expected:
        raise ValueError(f"{what}: {found}, expected {expected}")


def check(weft, engine, chain, folder):
    b, accounts, hashes = (json.loads((folder / name).read_text())
                           for name in ("block.json", "prestate.json", "block_hashes.json"))
    block = make_block(weft, b)
    same("hash", "0x" + block.hash.hex(), b["hash"])
    for i, t in enumerate(b["transactions"]):
        same(f"hash of transaction {i}", "0x" + block.transaction_hash(i).hex(), t["hash"])
    result = engine.execute(chain, make_state(weft, accounts, hashes), block, check_header=not b["uncles"])
    same("senders", [r.sender for r in result.receipts], [t["from"] for t in b["transactions"]])
    same("gas", result.gas_used, number(b["gasUsed"]))
    same("bloom", "0x" + result.bloom.hex(), b["logsBloom"])
    if number(b["number"]) >= BYZANTIUM:
        same("receipts root", "0x" + result.receipts_root.hex(), b["receiptsRoot"])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    os.environ["WEFT_LIBRARY"] = sys.argv[1]
    sys.path.insert(0, str(ROOT / "examples/python"))
    sys.dont_write_bytecode = True
    import weft

    passed = failed = 0
    with weft.Engine(threads=2, more_than_processors=True) as engine, weft.Chain("mainnet") as chain:
        for folder in sorted(p.parent for p in pathlib.Path(sys.argv[2]).glob("*/block.json")):
            try:
                check(weft, engine, chain, folder)
                passed += 1
            except (weft.Error, ValueError, TypeError, LookupError) as error:
                print(f"FAIL {folder.name}: {type(error).__name__}: {error}")
                failed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
