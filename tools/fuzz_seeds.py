#!/usr/bin/env python3
"""Writes inputs for the fuzz targets to start from: fuzz_seeds.py FOLDER fills FOLDER/NAME for each target.

Most are made here: small, and enough to reach behind each first check. With WEFT_FIXTURES naming the folder of unpacked official
fixtures, blocks, transactions, access lists and precompile vectors from there are added. The same files come out every time."""
import gzip
import hashlib
import json
import os
import random
import sys

rng = random.Random(1)
PER_KIND = 150  # of each kind from the fixtures
SIZE_MAX = 3000  # bytes; larger inputs only make the fuzzer slow


def rlp(item):
    if isinstance(item, list):
        body, base = b"".join(rlp(i) for i in item), 0xC0
    else:
        body, base = (item if isinstance(item, bytes) else number(item)), 0x80
        if len(body) == 1 and body[0] < 0x80:
            return body
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = number(len(body))
    return bytes([base + 55 + len(size)]) + size + body


def number(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


H, A = bytes(range(32)), bytes(range(20))
ACCESS = [[A, [H, bytes(32)]], [bytes(20), []]]
SIGNED = [1, (1 << 255) // 3, 1 << 200]


def transactions():
    yield rlp([0, 10, 21000, A, 5, b"", 27, 1 << 250, 1 << 200])
    yield rlp([3, 10, 90000, b"", 0, b"\x60\x00", 37, 1 << 250, 1 << 200])
    yield b"\x01" + rlp([1, 0, 10, 30000, A, 0, b"abc", ACCESS] + SIGNED)
    yield b"\x02" + rlp([1, 0, 1, 10, 30000, b"", 0, b"abc", ACCESS] + SIGNED)
    yield b"\x03" + rlp([1, 0, 1, 10, 30000, A, 0, b"", ACCESS, 7, [b"\x01" + H[1:], b"\x01" + bytes(31)]] + SIGNED)
    yield b"\x04" + rlp([1, 0, 1, 10, 90000, A, 0, b"", [], [[1, A, 0, 1, 1 << 250, 1 << 200]]] + SIGNED)


def header(fields):
    full = [H, H, A, H, H, H, bytes(256), 1, 300, 30000000, 21000, 5000, b"extra", H, bytes(8)]
    full += [7, H, 131072, 0, H, H, H, 9]
    return full[:fields]


HEADERS = [15, 16, 17, 19, 20, 21, 22, 23]


def blocks():
    envelopes = b"".join(t if t[0] >= 0xC0 else rlp(t) for t in transactions())
    for fields in HEADERS:
        uncles = [header(15)] if fields < 17 else []
        parts = rlp(header(fields)) + wrap(envelopes) + rlp(uncles)
        if fields >= 17:
            parts += rlp([[0, 1, A, 5], [1, 2, bytes(20), 1 << 60]])
        yield wrap(parts)


def wrap(body):
    size = number(len(body))
    return (bytes([0xC0 + len(body)]) if len(body) < 56 else bytes([0xF7 + len(size)]) + size) + body


def receipts():
    logs = [[A, [H, bytes(32)], b"data"], [bytes(20), [], b""]]
    for first in (1, b"", H):
        body = rlp([first, 21000, bytes(256), logs])
        yield body
        if first != H:
            for kind in (1, 2, 3, 4):
                yield bytes([kind]) + body


def access_lists():
    yield rlp([])
    account = [A, [[1, [[1, 5], [2, 6]]], [7, [[0, 1]]]], [3, 9], [[1, 1 << 70]], [[1, 4]], [[2, b"\x60\x00"]]]
    yield rlp([account])
    yield rlp([[bytes(20), [], [], [], [], []], account, [b"\xff" * 20, [], [1], [], [], []]])


def precompiles():
    sizes = [0x80, 128, 100, 50, 40, 100, 128, 96, 192, 213, 192, 256, 160, 512, 288, 384, 64, 128]
    for which, size in enumerate(sizes):
        for fork in range(6):
            yield bytes([which, fork, 20]) + bytes(160 if which == 0 else size)
    g1 = number(1).rjust(32, b"\0") + number(2).rjust(32, b"\0")
    yield bytes([6, 5, 20]) + g1 + g1
    yield bytes([7, 5, 20]) + g1 + H
    for base, exponent, modulus in ((1, 1, 1), (32, 3, 32), (40, 33, 64)):
        sizes = b"".join(number(n).rjust(32, b"\0") for n in (base, exponent, modulus))
        yield bytes([5, 3, 20]) + sizes + bytes(rng.randbytes(base + exponent + modulus))
    yield bytes([9, 3, 20]) + bytes([0, 0, 0, 12]) + rng.randbytes(208) + b"\x01"


def documents():
    h = "0x" + H.hex()
    tx = {"type": "0x2", "chainId": "0x1", "nonce": "0x0", "gas": "0x5208", "maxFeePerGas": "0x9", "to": "0x" + A.hex(),
          "maxPriorityFeePerGas": "0x1", "gasPrice": "0x9", "value": "0x5", "input": "0x6000", "from": "0x" + A.hex(),
          "accessList": [{"address": "0x" + A.hex(), "storageKeys": [h]}], "v": "0x1", "yParity": "0x1", "r": "0x1", "s": "0x2",
          "maxFeePerBlobGas": "0x1", "blobVersionedHashes": [h], "hash": h,
          "authorizationList": [{"chainId": "0x1", "address": "0x" + A.hex(), "nonce": "0x0", "yParity": "0x0", "r": "0x1", "s": "0x1"}]}
    block = {"number": "0x12c", "hash": h, "parentHash": h, "sha3Uncles": h, "miner": "0x" + A.hex(), "stateRoot": h,
             "transactionsRoot": h, "receiptsRoot": h, "logsBloom": "0x" + "00" * 256, "difficulty": "0x0", "gasLimit": "0x1c9c380",
             "gasUsed": "0x5208", "timestamp": "0x1388", "extraData": "0x00", "mixHash": h, "nonce": "0x0000000000000000",
             "baseFeePerGas": "0x7", "withdrawalsRoot": h, "blobGasUsed": "0x0", "excessBlobGas": "0x0", "parentBeaconBlockRoot": h,
             "requestsHash": h, "transactions": [], "uncles": [],
             "withdrawals": [{"index": "0x0", "validatorIndex": "0x1", "address": "0x" + A.hex(), "amount": "0x5"}]}
    for kind in ("0x0", "0x1", "0x2", "0x3", "0x4"):
        yield b"\0" + json.dumps(block | {"transactions": [tx | {"type": kind}]}).encode()
        if kind != "0x3":
            yield b"\x08" + json.dumps(tx | {"type": kind, "v": "0x25"}).encode()
    accounts = {"0x" + A.hex(): {"balance": "0x5", "nonce": 1, "code": "0x6001", "storage": {h: h, "0x0": "0x1"}}, "0x" + "ff" * 20: {}}
    yield b"\1" + json.dumps(accounts).encode()
    payload = {"parentHash": h, "feeRecipient": "0x" + A.hex(), "stateRoot": h, "receiptsRoot": h, "logsBloom": "0x" + "00" * 256,
               "prevRandao": h, "blockNumber": "0x1", "gasLimit": "0x1", "gasUsed": "0x0", "timestamp": "0x6553f100", "extraData": "0x",
               "baseFeePerGas": "0x7", "blockHash": h, "transactions": ["0x" + t.hex() for t in transactions()],
               "withdrawals": block["withdrawals"], "blobGasUsed": "0x0", "excessBlobGas": "0x0"}
    for version in range(1, 6):
        parameters = [payload, [h], h, ["0x00aa"]][: 1 if version < 3 else 3 if version == 3 else 4]
        yield bytes([1 + version]) + json.dumps(parameters).encode()


CODES = [
    "600054600101600055", "4131600155", "33ff", "600054601116601157600035600355600054600101600055005b600160015500",
    "6000600060006000346000355af150", "47600255600035600054015f5560003560005260206000a0",
    "7033ff6000526002601ef36000526011600f6000f55060006000600060006000855af1", "5b600580", "6000356000525b60015b5700",
    "3d6000803e3d6000fd", "60ff60005360206000206000555f5ff3", "5c5d5e5f4a494844", "6001600260036004600560066007600860099050",
    "600260036004085060056006600709", "60206000600060006000600473c00000000000000000000000000000000000000161fffff1", "60003560e01c80",
]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frames(data, compress=False):
    """Snappy's framing format: the identifier, and one chunk, as it is or as a literal and a copy."""
    crc = crc32c(data)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    body, size = data, len(data)
    if compress:  # the first 8 bytes as a literal, and copies of 8 bytes from 8 back
        body = bytes([size & 0x7F | 0x80, size >> 7]) + bytes([7 << 2]) + data[:8] + bytes([7 << 2 | 2, 8, 0]) * (size // 8 - 1)
    chunk = masked.to_bytes(4, "little") + body
    return b"\xff\x06\0\0sNaPpY" + bytes([0 if compress else 1]) + len(chunk).to_bytes(3, "little") + chunk


def files_of_blocks():
    """Files (first byte 0) and frames (1)."""
    every = list(blocks())
    yield b"\0" + b"".join(every)
    yield b"\0" + gzip.compress(every[0], mtime=0)
    yield b"\1" + frames(b"abc" * 30)
    yield b"\1" + frames(b"abcdefgh" * 40, compress=True)

    def entry(kind, data):
        return kind.to_bytes(2, "little") + len(data).to_bytes(6, "little") + data

    block = entry(3, frames(rlp(header(15)))) + entry(4, frames(rlp([[], []]))) + entry(5, frames(rlp([])))
    block += entry(6, (7).to_bytes(32, "little"))
    index = (300).to_bytes(8, "little") + ((1 << 64) - 200).to_bytes(8, "little") + (1).to_bytes(8, "little")
    yield b"\0" + entry(0x3265, b"") + block
    yield b"\0" + entry(0x3265, b"") + block + entry(7, H) + entry(0x3266, index)


ACCOUNTS = {"0x" + A.hex(): {"balance": "0x56bc75e2d63100000", "nonce": "0x1", "storage": {"0x01": "0x02"}},
            "0x" + "c0" * 20: {"balance": "0", "code": "0x600054600101600055"}}


def geneses():
    blobs = {"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477}
    late = {f"{name}Time": 5 * i for i, name in enumerate(("shanghai", "cancun", "prague", "osaka"))}
    early = {f"{name}Block": 0 for name in ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg",
                                            "istanbul", "berlin", "london")}
    rest = {"gasLimit": "0x1c9c380", "difficulty": "0x1", "nonce": "0x0", "timestamp": "0x0", "extraData": "0x00", "alloc": ACCOUNTS}
    merged = early | {"terminalTotalDifficulty": 0, "mergeNetsplitBlock": 0}
    for config in ({}, early, merged, merged | late, merged | late | {"blobSchedule": dict.fromkeys(("cancun", "prague", "osaka"), blobs)}):
        yield json.dumps({"config": {"chainId": 1337} | config, **rest}).encode()


def transitions():
    env = {"currentCoinbase": "0x" + "cc" * 20, "currentDifficulty": "0x20000", "currentGasLimit": "0x200000", "currentNumber": "0x5",
           "currentTimestamp": "0x3e8", "currentBaseFee": "0x7", "currentRandom": "0x" + "00" * 32, "parentBeaconBlockRoot": "0x" + "00" * 32,
           "currentExcessBlobGas": "0x0", "blockHashes": {"4": "0x" + H.hex()}, "ommers": [{"delta": 1, "address": "0x" + "dd" * 20}],
           "withdrawals": [{"index": "0x0", "validatorIndex": "0x1", "address": "0x" + A.hex(), "amount": "0x5"}]}
    key = "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8"
    tx = {"gas": "0x186a0", "gasPrice": "0x10", "input": "0x", "nonce": "0x0", "to": "0x" + "c0" * 20, "value": "0x1", "v": "0x0", "r": "0x0",
          "s": "0x0", "secretKey": key}
    rich = ACCOUNTS | {"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b": {"balance": "0x56bc75e2d63100000"}}
    for fork in range(24):
        txs = [tx, tx | {"nonce": "0x1", "to": None, "input": "0x6001600055"}, tx | {"nonce": "0x9"}]
        yield bytes([fork]) + b"\0".join(json.dumps(part).encode() for part in (rich, env, txs))


def blocks_of_code():
    for fork in range(24):
        for _ in range(4):
            txs = b""
            count = 1 + rng.randrange(4)
            for _ in range(count):
                data = rng.randbytes(rng.choice([0, 4, 32, 64]))
                txs += bytes([rng.randrange(256), rng.randrange(3), rng.choice([0, 1, 2, rng.randrange(256)]), 40, rng.randrange(16),
                              rng.randrange(256), len(data)]) + data
            codes = bytes.fromhex("".join(rng.choices(CODES, k=6)))
            yield bytes([fork, rng.randrange(8), count - 1, 85, 128]) + txs + codes


def from_fixtures(folder):
    """(target, input) pairs out of the official fixtures."""
    def files(*parts):
        found = [os.path.join(at, f) for at, _, names in os.walk(os.path.join(folder, *parts)) for f in names if f.endswith(".json")]
        found.sort()
        rng.shuffle(found)
        return found[:PER_KIND]

    def load(path):
        if os.path.getsize(path) < 1 << 20:
            with open(path, encoding="utf-8") as f:
                yield from json.load(f).values()

    for path in files("blockchain_tests") + files("blockchain_tests_devnet"):
        for case in load(path):
            for block in case.get("blocks", [])[:2]:
                raw = bytes.fromhex(block["rlp"][2:])
                yield "block", raw
                access_list = block.get("blockAccessList") or block.get("rlp_decoded", {}).get("blockAccessList")
                if isinstance(access_list, str):
                    yield "access_list", bytes.fromhex(access_list[2:])
            yield "json", b"\1" + json.dumps(case.get("pre", {})).encode()
            break
    for path in files("state_tests"):
        for case in load(path):
            for post in list(case["post"].values())[0][:2]:
                if "txbytes" in post:
                    yield "transaction", bytes.fromhex(post["txbytes"][2:])
            break
    vectors = os.path.join(folder, "precompile-vectors.tsv")
    if os.path.exists(vectors):
        with open(vectors, encoding="utf-8") as f:
            lines = [line.split("\t") for line in f if not line.startswith("#")]
        for line in rng.sample(lines, min(3 * PER_KIND, len(lines))):
            which = int(line[1], 16)
            yield "precompile", bytes([0 if which == 0x100 else which, 5, 20]) + bytes.fromhex(line[3].removeprefix("0x"))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: fuzz_seeds.py FOLDER")
    made = {"transaction": transactions(), "block": blocks(), "receipt": receipts(), "access_list": access_lists(),
            "precompile": precompiles(), "json": documents(), "vm": blocks_of_code(),
            "era": files_of_blocks(), "genesis": geneses(), "t8n": transitions(),
            "trie": (rng.randbytes(400) for _ in range(20)), "api": (rng.randbytes(600) for _ in range(40)),
            "evmc": (rng.randbytes(1) + b"\1\2\x55\x80" + b"\xff\4abcd\xff\0\x60\0" + bytes.fromhex("".join(rng.choices(CODES, k=6)))
                     for _ in range(60)),
            "witness": (rng.randbytes(3) + b for b in blocks_of_code()),
            "declared": (rng.randbytes(4) + b for b in blocks_of_code()),
            "header": (rlp(header(a)) + rlp(header(b)) for a in HEADERS for b in HEADERS if a - b in (0, 1, 2)),
            "rlp": (rlp(x) for x in ([], b"", 1, 55 * b"a", 56 * b"a", [[[]], [1, [2, b"abc" * 30]]], [ACCESS] * 3))}
    seeds = [(name, seed) for name, all_of_it in made.items() for seed in all_of_it]
    if os.environ.get("WEFT_FIXTURES"):
        seeds += from_fixtures(os.environ["WEFT_FIXTURES"])
    for name, seed in seeds:
        if len(seed) > SIZE_MAX:
            continue
        os.makedirs(os.path.join(sys.argv[1], name), exist_ok=True)
        with open(os.path.join(sys.argv[1], name, "seed-" + hashlib.sha256(seed).hexdigest()[:16]), "wb") as f:
            f.write(seed)


main()
