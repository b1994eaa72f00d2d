#!/usr/bin/env python3
"""The transactions of a stream of blocks in RLP: number of the block, index, hash. Usage: transactions.py FILE"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "diff"))
from evmlib import keccak  # noqa: E402


def items(data, at, end):
    """(start, start of the content, end, whether it is a list) of each item."""
    while at < end:
        first = data[at]
        if first < 0x80:
            yield at, at, at + 1, False
            at += 1
            continue
        is_list, size = first >= 0xc0, first - (0xc0 if first >= 0xc0 else 0x80)
        start = at + 1
        if size > 55:
            start += size - 55
            size = int.from_bytes(data[at + 1:start], "big")
        yield at, start, start + size, is_list
        at = start + size


def main():
    data = pathlib.Path(sys.argv[1]).read_bytes()
    for number, (_, block, block_end, _) in enumerate(items(data, 0, len(data)), 1):
        _, transactions = list(items(data, block, block_end))[:2]
        for index, (at, start, end, is_list) in enumerate(items(data, transactions[1], transactions[2])):
            print(number, index, "0x" + keccak(data[at if is_list else start:end]).hex())


if __name__ == "__main__":
    main()
