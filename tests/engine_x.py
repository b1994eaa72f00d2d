#!/usr/bin/env python3
"""Blockchain tests as tests of the Engine API: engine_x.py FILE FOLDER

Writes FOLDER/blockchain_tests_engine/NAME and, in the form in which many tests share what is there at the start,
FOLDER/blockchain_tests_engine_x/cancun/NAME with pre_alloc/HASH.json beside that folder. Blocks that the Engine API cannot
carry (uncles, before the merge, malformed RLP) and those whose requests are known by their hash alone leave their test out.
Prints how many tests were written."""
import hashlib, json, os, sys

HEADER = ["parentHash", None, "feeRecipient", "stateRoot", None, "receiptsRoot", "logsBloom", None, "blockNumber", "gasLimit",
          "gasUsed", "timestamp", "extraData", "prevRandao", None, "baseFeePerGas", None, "blobGasUsed", "excessBlobGas"]
NUMBERS = {"blockNumber", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
NO_UNCLES = "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
NO_REQUESTS = hashlib.sha256(b"").hexdigest()


class Unfit(Exception):
    pass


def item(data, at):
    """(payload or None, items or None, raw, end) of the RLP item at `at`."""
    try:
        first = data[at]
        is_list, short = first >= 0xc0, first - (0xc0 if first >= 0xc0 else 0x80)
        if first < 0x80:
            start, size = at, 1
        elif short <= 55:
            start, size = at + 1, short
        else:
            start = at + 1 + short - 55
            size = int.from_bytes(data[at + 1:start], "big")
    except IndexError:
        raise Unfit
    end = start + size
    if end > len(data):
        raise Unfit
    if not is_list:
        return data[start:end], None, data[at:end], end
    items = []
    while start < end:
        items.append(item(data, start))
        start = items[-1][3]
    return None, items, data[at:end], end


def payload_of(block, version):
    parts = item(bytes.fromhex(block["rlp"][2:]), 0)[1]
    if parts is None or len(parts) < 3 or any(p[1] is None for p in parts):
        raise Unfit
    header = [f[0] for f in parts[0][1]]
    if parts[2][1] or None in header or len(header) != {1: 16, 2: 17, 3: 20, 4: 21}[version] or header[1].hex() != NO_UNCLES:
        raise Unfit
    if version == 4 and header[20].hex() != NO_REQUESTS:
        raise Unfit
    payload = {name: hex(int.from_bytes(value, "big")) if name in NUMBERS else "0x" + value.hex()
               for name, value in zip(HEADER, header) if name}
    transactions = [t[2] if t[1] is not None else t[0] for t in parts[1][1]]
    payload["transactions"] = ["0x" + t.hex() for t in transactions]
    shown = block.get("rlp_decoded", block)
    payload["blockHash"] = shown["blockHeader"]["hash"]
    if version >= 2:
        payload["withdrawals"] = shown["withdrawals"]
    params = [payload]
    if version >= 3:
        params += [[h for t in shown["transactions"] for h in t.get("blobVersionedHashes") or []], "0x" + header[19].hex()]
    if version >= 4:
        params.append([])
    return params


def convert(case):
    version = {"Paris": 1, "Shanghai": 2, "Cancun": 3, "Prague": 4, "Osaka": 4}.get(case["network"])
    if version is None:
        raise Unfit
    payloads = []
    for block in case["blocks"]:
        try:
            one = {"params": payload_of(block, version), "newPayloadVersion": str(version), "forkchoiceUpdatedVersion": str(min(version, 3))}
        except KeyError:
            raise Unfit
        if "expectException" in block:
            one["validationError"] = block["expectException"]
        payloads.append(one)
    kept = {k: case[k] for k in ("network", "config", "lastblockhash", "_info") if k in case}
    kept["engineNewPayloads"] = payloads
    changes = {a: post for a, post in case["postState"].items() if case["pre"].get(a) != post}
    changes.update({a: None for a in case["pre"] if a not in case["postState"]})
    return kept, changes


def write(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump(value, f)


def main():
    source, folder = sys.argv[1:]
    engine, engine_x = {}, {}
    for name, case in json.load(open(source)).items():
        try:
            kept, changes = convert(case)
        except Unfit:
            continue
        engine[name] = {**kept, **{k: case[k] for k in ("genesisBlockHeader", "pre", "postState")}}
        group = {"testIds": [name], "network": case["network"], "environment": {}, "pre": case["pre"], "genesis": case["genesisBlockHeader"]}
        key = "0x" + hashlib.sha256(json.dumps([case["network"], case["pre"]]).encode()).hexdigest()[:16]
        write(f"{folder}/blockchain_tests_engine_x/pre_alloc/{key}.json", group)
        engine_x[name] = {**kept, "preHash": key, "postStateDiff": changes}
    if engine:
        write(f"{folder}/blockchain_tests_engine/{os.path.basename(source)}", engine)
        write(f"{folder}/blockchain_tests_engine_x/cancun/{os.path.basename(source)}", engine_x)
    print(len(engine))


main()
