#!/usr/bin/env python3
"""Packs the first block and state of a public network for `weft ... --genesis NAME`: src/json/networks/NAME.json.gz.

    tools/genesis.py NAME GENESIS.json SOURCE

GENESIS.json is the network's genesis file as geth reads it, SOURCE says where it comes from. What is written is a genesis file as well, without
the configuration, which src/fork/chains.c has, and without what is zero; `zcat` shows it. Same input, same bytes. That it is right says its
hash: src/json/networks_test.c makes the block and compares."""
import gzip
import json
import sys

HEADER = ("nonce", "timestamp", "extraData", "gasLimit", "difficulty", "mixHash", "coinbase", "baseFeePerGas", "excessBlobGas", "blobGasUsed")


def number(text):
    return hex(int(str(text), 0)) if str(text).strip("0x") else "0x0"


def account(fields):
    out = {"balance": number(fields.get("balance", 0))}
    if number(fields.get("nonce", 0)) != "0x0":
        out["nonce"] = number(fields["nonce"])
    if len(fields.get("code", "")) > 2:
        out["code"] = fields["code"].lower()
    if fields.get("storage"):
        out["storage"] = {k.lower(): v.lower() for k, v in sorted(fields["storage"].items())}
    return out


def main():
    name, path, source = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        genesis = {k[0].lower() + k[1:]: v for k, v in json.load(f).items()}
    genesis.setdefault("mixHash", genesis.get("mixhash"))
    out = {"comment": f"the first block of {name}, from {source}"}
    for key in HEADER:
        value = genesis.get(key)
        if value is not None and str(value).strip("0x"):
            out[key] = value if key == "extraData" else number(value)
    out.setdefault("difficulty", "0x0")
    accounts = {address.lower().removeprefix("0x").zfill(40): account(fields) for address, fields in genesis["alloc"].items()}
    out["alloc"] = dict(sorted(accounts.items()))
    # One account a line, so that what is unpacked can be read.
    text = json.dumps({**out, "alloc": {}}, indent=0).replace('"alloc": {}', '"alloc": {')
    text = text[: text.rindex("{") + 1] + "\n"
    text += ",\n".join(json.dumps(a) + ":" + json.dumps(f, separators=(",", ":")) for a, f in out["alloc"].items()) + "\n}\n}\n"
    with open(f"src/json/networks/{name}.json.gz", "wb") as f:
        f.write(gzip.compress(text.encode(), 9, mtime=0))


main()
