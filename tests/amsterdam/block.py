"""Small blocks by the rules of Amsterdam, for cases.py: an assembler, accounts, transactions.

    Block() ──► .account(...), .tx(...) ──► .case(): what `t8n` takes
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "diff"))
from evmlib import address_of_key, sign_authorization  # noqa: E402
from t8n_cases import DEPOSIT_CODE, DEPOSIT_CONTRACT, SYSTEM_CODE, hexed, push  # noqa: E402

OPCODES = dict(re.findall(r"^OP\((\w+), +0x(\w+)", open(os.path.join(HERE, "../../src/fork/opcodes.def")).read(), re.M))
KEYS = list(range(2001, 2007))
SENDERS = [address_of_key(k) for k in KEYS]
ALICE, BOB, CAROL = SENDERS[:3]
COINBASE = bytes.fromhex("c0" * 20)
ETHER = 10**18


def address(n):
    """Contract number n."""
    return bytes.fromhex("%040x" % (0xAA0000 + n))


NEW = bytes.fromhex("de" * 20)  # nobody is there
HAS = bytes.fromhex("ab" * 20)  # somebody with a balance, no code


def asm(source):
    """Words: a mnemonic, 'xHEX' for bytes as they are, a number or an address to be pushed."""
    out = b""
    for word in source if isinstance(source, list) else source.split():
        if isinstance(word, bytes):
            out += b"\x73" + word
        elif isinstance(word, int) or word.isdigit():
            out += push(int(word)) if int(word) else b"\x5f"
        elif word[0] == "x":
            out += bytes.fromhex(word[1:])
        else:
            out += bytes([int(OPCODES[word], 16)])
    return out


def code(*parts):
    return b"".join(p if isinstance(p, bytes) else asm(p) for p in parts)


def call(kind, to, value=0, gas=None):
    """The result is dropped."""
    words = [0, 0, 0, 0] + ([value] if kind in ("CALL", "CALLCODE") else []) + [to, "GAS" if gas is None else gas, kind, "POP"]
    return asm([w if isinstance(w, bytes) else str(w) for w in words])


def sstore(slot, value):
    return asm(f"{value} {slot} SSTORE")


def put(data):
    """Puts some bytes into memory, from 0 on."""
    return b"".join(asm(f"x7f{data[i:i + 32].ljust(32, bytes(1)).hex()} {i} MSTORE") for i in range(0, len(data), 32))


def create(kind, initcode, value=0, salt=0):
    """Leaves the address."""
    return put(initcode) + asm((f"{salt} " if kind == "CREATE2" else "") + f"{len(initcode)} 0 {value} {kind}")


def deploys(runtime):
    """Initcode that returns some bytes."""
    return put(runtime) + asm(f"{len(runtime)} 0 RETURN")


class Block:
    def __init__(self, gas_limit=120_000_000, withdrawals=(), coinbase=COINBASE, base_fee=7):
        self.alloc = {hexed(a): {"balance": hex(1000 * ETHER), "nonce": "0x0"} for a in SENDERS}
        for a, runtime in SYSTEM_CODE.items():
            self.alloc[hexed(a)] = {"balance": "0x0", "nonce": "0x1", "code": "0x" + runtime}
        self.alloc[hexed(DEPOSIT_CONTRACT)] = {"balance": "0x0", "nonce": "0x1", "code": "0x" + DEPOSIT_CODE}
        self.alloc[hexed(HAS)] = {"balance": "0x5", "nonce": "0x0"}
        self.nonces = [0] * len(SENDERS)
        self.txs = []
        self.env = {"currentCoinbase": hexed(coinbase), "currentGasLimit": hex(gas_limit), "currentNumber": "0x64", "currentTimestamp": "0x2710",
                    "blockHashes": {hex(n): "0x%064x" % (n + 1) for n in range(100)}, "currentRandom": "0x" + "11" * 32, "currentBaseFee": hex(base_fee),
                    "parentBeaconBlockRoot": "0x" + "22" * 32, "currentExcessBlobGas": "0x0", "slotNumber": "0x4d2",
                    "withdrawals": [{"index": hex(i), "validatorIndex": "0x1", "address": hexed(a), "amount": hex(n)} for i, (a, n) in enumerate(withdrawals)]}

    def account(self, a, runtime=b"", balance=0, nonce=1, storage=None):
        self.alloc[hexed(a)] = {"balance": hex(balance), "nonce": hex(nonce), "code": hexed(runtime),
                                "storage": {"0x%064x" % k: "0x%064x" % v for k, v in (storage or {}).items()}}
        return self

    def tx(self, to, gas=2_000_000, value=0, data=b"", sender=0, access=(), auths=None, kind=None, blobs=0):
        """`to` is None for a creation; `access` has (address, slots); `auths` has (who, target, nonce)."""
        kind = kind if kind is not None else 4 if auths is not None else 3 if blobs else 1 if access else 2
        t = {"type": hex(kind), "nonce": hex(self.nonces[sender]), "gas": hex(gas), "to": hexed(to) if to is not None else None, "value": hex(value),
             "input": hexed(data), "v": "0x0", "r": "0x0", "s": "0x0", "secretKey": "0x%064x" % KEYS[sender], "protected": True, "chainId": "0x1",
             "accessList": [{"address": hexed(a), "storageKeys": ["0x%064x" % k for k in slots]} for a, slots in access]}
        if kind < 2:
            t["gasPrice"] = "0xa"
        else:
            t.update({"maxFeePerGas": "0x64", "maxPriorityFeePerGas": "0x2"})
        if kind == 3:
            t.update({"maxFeePerBlobGas": "0x64", "blobVersionedHashes": ["0x01" + "%062x" % i for i in range(blobs)]})
        if kind == 4:
            t["authorizationList"] = [sign_authorization(KEYS[who], 1, target, nonce) for who, target, nonce in auths]
        self.nonces[sender] += 1
        self.txs.append(t)
        return self

    def case(self):
        return {"fork": "Amsterdam", "chainid": 1, "reward": -1, "input": {"alloc": self.alloc, "env": self.env, "txs": self.txs}}
