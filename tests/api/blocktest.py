#!/usr/bin/env python3
"""Official blockchain tests through libweft's public interface and its Python wrapper: an outsider's view of the whole.

    tests/api/blocktest.py LIBRARY PATH...    PATH: a file, or a folder of files, in the form of execution-spec-tests

Each block is decoded from its RLP, checked against its parent, executed on two threads with WEFT_CHECK_HEADER, and
applied; the state root is compared with the header. A block that must be refused must be refused somewhere on the
way. Blocks before the merge are left out: their uncles need checks that are not part of the interface.

Ends with `N passed, N failed, N skipped`."""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def files(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(path.rglob("*.json")) if path.is_dir() else [path]


def load_state(weft, accounts):
    state = weft.MemoryState()
    for address, a in accounts.items():
        state.set_account(address, balance=int(a["balance"], 16), nonce=int(a["nonce"], 16), code=a["code"],
                          storage={int(k, 16): int(v, 16) for k, v in a["storage"].items()})
    return state


def genesis_header(weft, g):
    def number(name):
        return int(g.get(name, "0x0"), 16)
    header = weft.Header(number=number("number"), timestamp=number("timestamp"), gas_limit=number("gasLimit"),
                         gas_used=number("gasUsed"), excess_blob_gas=number("excessBlobGas"),
                         blob_gas_used=number("blobGasUsed"), base_fee=weft.to_word(number("baseFeePerGas")),
                         uncles_hash=weft.to_word(g["uncleHash"]))
    optional = ("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
                "requestsHash")
    header.field_count = 15 + sum(name in g for name in optional)
    return header


def import_block(weft, engine, chain, state, parent, rlp):
    """The block and its header when it is valid; raises weft.Error otherwise."""
    block = weft.Block.decode(rlp)
    header = block.header
    block.check_parent(chain, parent)
    result = engine.execute(chain, state, block, check_header=True)
    after = state.copy()
    after.apply(result)
    if after.root(engine) != bytes(header.state_root):
        raise ValueError("state root differs")
    after.set_block_hash(header.number, block.hash)
    return block, header, after


def run(weft, engine, test):
    config = test.get("config", {})
    if int(config.get("chainid", "0x1"), 16) != 1:
        return "skipped"
    chain = weft.Chain(test["network"])
    state = load_state(weft, test["pre"])
    genesis = test["genesisBlockHeader"]
    if int(genesis.get("difficulty", "0x0"), 16) != 0:
        return "skipped"
    state.set_block_hash(0, genesis["hash"])
    header = genesis_header(weft, genesis)
    blocks = []  # headers borrow from their blocks
    head = genesis["hash"]
    for entry in test["blocks"]:
        try:
            block, header, state = import_block(weft, engine, chain, state, header, entry["rlp"])
        except (weft.Error, ValueError) as refusal:
            if "expectException" not in entry:
                raise
            assert getattr(refusal, "status", "") != "WEFT_INVALID_ARGUMENT", refusal
            continue
        if "expectException" in entry:
            raise AssertionError(f"block {header.number} was not refused: {entry['expectException']}")
        blocks.append(block)
        head = "0x" + block.hash.hex()
    assert head == test["lastblockhash"], f"the head is {head}, expected {test['lastblockhash']}"
    return "passed"


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    os.environ["WEFT_LIBRARY"] = str(pathlib.Path(sys.argv[1]).resolve())
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT / "examples" / "python"))
    import weft
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with weft.Engine(threads=2, executor="parallel") as engine:
        for path in files(sys.argv[2:]):
            for name, test in json.loads(path.read_text()).items():
                try:
                    counts[run(weft, engine, test)] += 1
                except (weft.Error, ValueError, AssertionError) as failure:
                    counts["failed"] += 1
                    print(f"FAIL {name}\n     {failure}")
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
