#!/usr/bin/env python3
"""tokens: deploys a small contract, lets many users call it in one block, and shows that serial and parallel
execution agree. Then the same through a state that is read from Python objects.

    python3 tokens.py         needs libweft.so.0 where the loader finds it, or WEFT_LIBRARY=/path/to/libweft.so"""

import sys

import weft

# What the contract does: adds the call's value to slot CALLER, and logs it.
#   CALLER SLOAD CALLVALUE ADD DUP1 CALLER SSTORE   PUSH0 MSTORE   CALLER PUSH1 32 PUSH0 LOG1   STOP
RUNTIME = bytes.fromhex("33543401803355" "5f52" "3360205fa1" "00")
# Copies what stands behind itself and returns it: PUSH1 size DUP1 PUSH1 9 PUSH0 CODECOPY PUSH0 RETURN
INITCODE = bytes([0x60, len(RUNTIME), 0x80, 0x60, 0x09, 0x5F, 0x39, 0x5F, 0xF3]) + RUNTIME

USERS = [f"0x{i:040x}" for i in range(0x1000, 0x1040)]
HEADER = dict(number=1, timestamp=12, gas_limit=30_000_000, base_fee=7, beneficiary="0x" + "fe" * 20)


def deploy(engine, chain, state):
    """A call without `to` creates a contract; its changes can be applied to a state in memory."""
    result = engine.call(chain, state, header=HEADER, sender=USERS[0], input=INITCODE)
    assert result.receipts[0].succeeded, result.receipts[0].outcome
    state.apply(result)
    return result.receipts[0].created


def make_block(token, nonces):
    block = weft.Block(**HEADER)
    for i, user in enumerate(USERS):
        block.add(sender=user, nonce=nonces.get(user, 0), to=token, value=i, gas=100_000, type=2, chain_id=chain_id,
                  max_fee=10, max_priority_fee=1)
    return block


class Objects:
    """A state in Python's own objects."""

    def __init__(self, token):
        self.token = weft.to_bytes(token)
        self.code_hash = weft.keccak256(RUNTIME)

    def account(self, address):
        if address == self.token:
            return 1, 0, self.code_hash, True
        return (0, 10**18, None, False) if "0x" + address.hex() in USERS else None

    def storage(self, address, key):
        return 1000

    def code(self, address, code_hash):
        return RUNTIME

    def block_hash(self, number):
        raise KeyError(number)


chain_id = 1337
chain = weft.Chain(id=chain_id, forks=[("Osaka", 0)])
state = weft.MemoryState()
for user in USERS:
    state.set_account(user, balance=10**18)

with weft.Engine(threads=2) as engine, weft.Engine(executor="serial") as serial:
    token = deploy(engine, chain, state)
    print(f"token at {token}")

    block = make_block(token, {USERS[0]: 1})
    one = serial.execute(chain, state, block, transactions_only=True)
    two = engine.execute(chain, state, block, transactions_only=True)
    assert one.receipts_root == two.receipts_root and len(one.changes) == len(two.changes)
    print(f"{len(block)} transactions, {two.gas_used} gas, receipts root {two.receipts_root.hex()}")
    print(f"{one.stats['executor']} {one.stats['wall_ns'] // 1000} us, "
          f"{two.stats['executor']} {two.stats['wall_ns'] // 1000} us", file=sys.stderr)

    state.apply(two)
    last = USERS[-1]
    print(f"balance of {last}: {state.storage(token, last)} tokens, account {state.account(last)}")
    print(f"state root {state.root(engine).hex()}")

    three = engine.execute(chain, weft.ReadState(Objects(token)), make_block(token, {}), transactions_only=True)
    slots = {c.address: c.slots for c in three.changes}[token]
    print(f"from Python objects: {slots[int(last, 16)]} tokens")

    try:
        engine.execute(chain, state, block, transactions_only=True)
    except weft.Error as error:
        print(f"again: {error.status}, {error.cause} in transaction {error.transaction}")
