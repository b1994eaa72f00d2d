"""Blocks at the edges, for difffuzz.py: the programs of edge_programs.py, and of environment, accounts and transactions what t8n_cases.py
never makes.

    make_edge_case(random.Random(seed), fork, size) ──► a case, as make_case makes them
"""
from edge_inputs import MAKERS, PRECOMPILES, noise, precompile_input
from edge_programs import FORWARDER, RECURSOR, EdgeProgram, fixed_contracts
from evmlib import N, sign_authorization
from t8n_cases import (COINBASE, CONTRACTS, DEPOSIT_CONTRACT, EMPTY, KEYS, LEVEL, SENDERS, REQUEST_CONTRACTS, SYSTEM_CODE, WITHDRAWAL_REQUESTS, hexed, intrinsic_gas,
                       make_alloc, make_block, make_env, make_tx)

BLOB = 131072
MANY = 10**30


def number_address(n):
    return n.to_bytes(20, "big")


def edge_alloc(r, fork):
    level = LEVEL[fork]
    alloc = make_alloc(r, fork, EdgeProgram)
    for a, account in fixed_contracts(r, fork).items():
        alloc[hexed(a)] = {k: hexed(v) if isinstance(v, bytes) else v for k, v in account.items()}
    for a in r.sample(SENDERS, 3):
        alloc[hexed(a)]["balance"] = hex(MANY)
    if r.randrange(4) == 0:
        alloc[hexed(number_address(r.choice(PRECOMPILES)))] = {"balance": hex(r.choice([1, 10**18]))}
    if r.randrange(4) == 0:  # a nonce that cannot rise
        alloc[hexed(r.choice(CONTRACTS))]["nonce"] = hex(r.choice([2**64 - 1, 2**64 - 2]))
    if r.randrange(6) == 0:  # no delegation, though it looks like one
        alloc[hexed(r.choice(CONTRACTS))]["code"] = hexed(r.choice([b"\xef\x01\x00" + bytes(19), b"\xef\x01\x00" + bytes(21), b"\xef", b"\xef\x00"]))
    if level >= LEVEL["Prague"]:
        for a in r.sample(SENDERS + CONTRACTS[:2], r.randrange(5)):
            to = r.choice([a, COINBASE, FORWARDER, RECURSOR, number_address(r.choice(PRECOMPILES)), WITHDRAWAL_REQUESTS] + SENDERS + CONTRACTS * 2)
            alloc[hexed(a)]["code"] = hexed(bytes.fromhex("ef0100") + to)
    if level >= LEVEL["Cancun"] and level < LEVEL["Prague"] and r.randrange(4) == 0:
        for a in SYSTEM_CODE:
            alloc.pop(hexed(a), None)
    return alloc


def edge_env(r, fork):
    level, env = LEVEL[fork], make_env(r, fork)
    if r.randrange(3) == 0:
        env["currentCoinbase"] = hexed(r.choice([number_address(r.choice(PRECOMPILES)), bytes(20), FORWARDER] + SENDERS + CONTRACTS + EMPTY))
    number = r.choice([100, 100, 1, 2, 255, 256, 257, 300, 8191, 8192, 20000])
    if "parentDifficulty" not in env:  # a bomb is for the tests of difficulty
        env["currentNumber"] = hex(number)
        env["blockHashes"] = {hex(n): "0x%064x" % (n * 7 + 1) for n in range(max(0, number - 257), number)}
        env["currentTimestamp"] = hex(r.choice([10000, 1, 8191, 8192, 2**32, 2**63]))
    env["currentGasLimit"] = hex(r.choice([30000000, 36000000, 3000000, 500000, 2**40]) * (5 if level >= LEVEL["Amsterdam"] else 1))
    if "currentBaseFee" in env:
        env["currentBaseFee"] = hex(r.choice([0, 1, 7, 10**9]))
    if "withdrawals" in env:
        places = SENDERS + EMPTY + CONTRACTS + [COINBASE, bytes(20), FORWARDER, WITHDRAWAL_REQUESTS] + [number_address(n) for n in PRECOMPILES]
        env["withdrawals"] = [{"index": hex(r.choice([i, 2**64 - 1])), "validatorIndex": hex(i), "address": hexed(r.choice(places)),
                               "amount": hex(r.choice([0, 0, 1, 10**9, 2**64 - 1]))} for i in range(r.randrange(8))]
    if "currentExcessBlobGas" in env:
        env["currentExcessBlobGas"] = hex(BLOB * r.choice([0, 1, 17, 18, 100, 300, 450]))
    return env


def edge_data(r, fork, to):
    """Call data and, perhaps, another receiver."""
    kind = r.randrange(8)
    if kind < 2:
        number = r.choice(PRECOMPILES if r.randrange(3) == 0 else list(MAKERS))
        data = precompile_input(r, number)
        if r.randrange(3) == 0:
            return number_address(number), data
        return FORWARDER, number.to_bytes(2, "big") + b"\0" + data
    if kind == 2:
        return RECURSOR, noise(r, r.randrange(3))
    if kind == 3:
        return to, noise(r, r.choice([0, 1, 31, 32, 33, 1000, 24576, 49152]))
    if kind == 4:
        return r.choice(SENDERS + EMPTY + [COINBASE]), noise(r, r.randrange(40))
    return to, noise(r, r.choice([0, 0, 1, 2, 32, 64, 100]))


def edge_authorization(r, level, nonces):
    who = r.randrange(len(KEYS))
    target = r.choice(CONTRACTS * 2 + SENDERS + [bytes(20), bytes(20), SENDERS[who], FORWARDER, RECURSOR, COINBASE, number_address(r.choice(PRECOMPILES))])
    a = sign_authorization(KEYS[who], r.choice([0, 1, 1, 1, 1, 2, 2**64, 2**256 - 1]), target, r.choice([nonces[who] + r.choice([0, 0, 1, 1, 2]), 2**64 - 1, 2**64 - 2]
                                                                                                  if r.randrange(8) == 0 else [nonces[who] + r.choice([0, 0, 1])]))
    kind = r.randrange(12)
    if kind == 1:
        a["s"], v = hex(N - int(a["s"], 16)), hex(1 - int(a["v"], 16))
        a["v"] = a["yParity"] = v
    elif kind == 2:
        a.update(r.choice([{"r": "0x0"}, {"s": "0x0"}, {"r": hex(N)}, {"s": hex(N)}, {"r": hex(2**256 - 1)}, {"r": "0x5"}]))
    elif kind == 3:
        a["nonce"] = hex(nonces[who])
    return a


def edge_tx(r, fork, nonces, base_fee):
    level = LEVEL[fork]
    sender, tx = make_tx(r, fork, nonces, base_fee)
    kind, to = int(tx["type"], 16), bytes.fromhex(tx["to"][2:]) if tx["to"] else None
    if to is None:
        if r.randrange(2):
            tx["input"] = hexed(r.choice([EdgeProgram(r, fork).make(6), EdgeProgram(r, fork).deploying(EdgeProgram(r, fork).make(3)), b"\x60\x01\x60\x00\xf3",
                                          noise(r, r.choice([49151, 49152, 49153]))]))
    elif to not in [DEPOSIT_CONTRACT] + REQUEST_CONTRACTS or r.randrange(300) == 0:  # an odd deposit ends the block
        to, data = edge_data(r, fork, to)
        tx["to"], tx["input"] = hexed(to), hexed(data)
    if kind >= 1 and r.randrange(3) == 0:
        places = [bytes.fromhex(tx["to"][2:]) if tx["to"] else EMPTY[0], COINBASE, SENDERS[sender], number_address(r.choice(PRECOMPILES))] + CONTRACTS
        keys = ["0x%064x" % r.choice([0, 1, 2, 2**256 - 1]) for _ in range(4)]
        tx["accessList"] = [{"address": hexed(r.choice(places)), "storageKeys": [r.choice(keys) for _ in range(r.randrange(4))]} for _ in range(r.randrange(1, 6))]
    if kind == 4 and r.randrange(4):
        tx["authorizationList"] = [edge_authorization(r, level, nonces) for _ in range(r.randrange(1, 6))]
    if kind == 3 and r.randrange(3) == 0:
        tx["blobVersionedHashes"] = ["0x01%062x" % r.getrandbits(200) for _ in range(r.choice([1, 5, 6, 6, 9]))]
        tx["maxFeePerBlobGas"] = hex(r.choice([1, 2, 10**9, 10**15]))
    if r.randrange(12) == 0:
        for name in ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"):
            if name in tx:
                tx[name] = hex(r.choice([0, base_fee]) if name != "maxPriorityFeePerGas" else 0)
    if r.randrange(3) == 0:  # gas that ends anywhere
        tx["gas"] = hex(max(0, intrinsic_gas(fork, tx) + r.choice([-1, 0, 0, 1, 2, r.randrange(300), r.randrange(5000), r.randrange(40000), r.randrange(300000)])))
    if r.randrange(30) == 0:
        tx["value"] = hex(r.choice([2**256 - 1, 2**255, 10**20, 10**16]))
    return sender, tx


def make_edge_case(r, fork, size=None):
    return make_block(r, fork, size, edge_alloc(r, fork), edge_env(r, fork), edge_tx)
