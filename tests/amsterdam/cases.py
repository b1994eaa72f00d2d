"""Cases for the rules of Amsterdam, by EIP and with what they have to do with each other. CASES: name ──► Block.

Gas limits next to a charge (enough, one less) show where the charge is and what becomes of the rest: GAS below are the sums.
"""
from block import ALICE, BOB, COINBASE, ETHER, HAS, NEW, SENDERS, Block, address, asm, call, code, create, deploys, put, sstore
from evmlib import create2_address, create_address
from t8n_cases import BUILDER_DEPOSITS, BUILDER_EXITS, CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS

BASE, RECIPIENT, VALUE, CREATE = 12000, 3000, 6000, 12000
ACCOUNT, SLOT, DELEGATION, BYTE = 120 * 1530, 64 * 1530, 23 * 1530, 1530
AUTH, AUTH_WRITE = 7816, 9000
CAP = 1 << 24
A, B, C = address(1), address(2), address(3)
STOP, REVERT, FAIL = asm("STOP"), asm("0 0 REVERT"), asm("INVALID")
ENDS = {"stops": STOP, "reverts": REVERT, "fails": FAIL}
CASES = {}


def add(eip, name, block):
    key = f"eip{eip}/{name}"
    assert key not in CASES, key
    CASES[key] = block


# ---- EIP-2780: what a transaction costs before it runs ----

RECIPIENTS = {"itself": ALICE, "somebody": HAS, "nobody": NEW, "a sender": BOB, "code": A, "a precompile": (4).to_bytes(20, "big"), "the coinbase": COINBASE}
for who, to in RECIPIENTS.items():
    for value in (0, 1):
        intrinsic = BASE + (0 if to == ALICE else RECIPIENT + VALUE * value)
        account = ACCOUNT if value and who in ("nobody", "a precompile", "the coinbase") else 0
        for gas_name, gas in (("exactly", intrinsic + account), ("one less", intrinsic + account - 1), ("the intrinsic part", intrinsic), ("plenty", 500000)):
            if gas_name == "the intrinsic part" and not account:
                continue
            add(2780, f"{who}, value {value}, {gas_name}", Block().account(A, sstore(0, 1) if gas_name == "plenty" else STOP).tx(to, gas, value))
for value in (0, 1):
    for gas_name, gas in (("exactly", BASE + CREATE + ACCOUNT), ("one less", BASE + CREATE + ACCOUNT - 1), ("the intrinsic part", BASE + CREATE), ("too little", BASE + CREATE - 1)):
        add(2780, f"creation, value {value}, {gas_name}", Block().tx(None, gas, value))
for name, runtime in ENDS.items():
    created = create_address(ALICE, 0)
    add(2780, f"creation that {name}", Block().tx(None, 600000, 3, runtime))
    add(2780, f"creation over a balance that {name}", Block().account(created, balance=7, nonce=0).tx(None, 600000, 3, sstore(1, 1) + runtime))
    add(2780, f"value to code that {name}", Block().account(A, sstore(0, 1) + runtime).tx(A, 600000, 3))
add(2780, "creation over code", Block().account(create_address(ALICE, 0), STOP).tx(None, 600000, 3).tx(HAS))
add(2780, "creation over a nonce", Block().account(create_address(ALICE, 0), nonce=1, balance=1).tx(None, CAP + 1000000, 3).tx(HAS))
add(2780, "the second transaction pays for what the first has made", Block().tx(NEW, 300000, 1).tx(NEW, 300000, 1, sender=1))

# ---- EIP-7702 with 2780 and 8037: authorizations ----

INTRINSIC_AUTH = BASE + RECIPIENT + AUTH
AUTHORITIES = {"somebody": (1, 0, AUTH_WRITE + DELEGATION), "nobody": (5, 0, ACCOUNT + AUTH_WRITE + DELEGATION), "itself": (0, 1, DELEGATION)}
DELEGATED = bytes.fromhex("ef0100") + A


def with_nobody(block):
    """The last of the senders has no account."""
    del block.alloc["0x" + SENDERS[5].hex()]
    return block


for who, (index, nonce, cost) in AUTHORITIES.items():
    for gas_name, gas in (("exactly", INTRINSIC_AUTH + cost), ("one less", INTRINSIC_AUTH + cost - 1), ("from the reservoir", CAP + 400000), ("plenty", 900000)):
        for end, runtime in (ENDS.items() if gas_name in ("from the reservoir", "plenty") else [("stops", STOP)]):
            b = with_nobody(Block()).account(A, STOP).account(B, (sstore(0, 1) if gas_name == "plenty" else b"") + runtime)
            add(7702, f"{who} delegates, {gas_name}, the call {end}", b.tx(B, gas, auths=[(index, A, nonce)]).tx(HAS, sender=2))
    add(7702, f"{who} sets, clears and sets", with_nobody(Block()).account(A, STOP).tx(HAS, 2000000, auths=[(index, A, nonce), (index, bytes(20), nonce + 1), (index, A, nonce + 2)]))
    add(7702, f"{who} sets twice", with_nobody(Block()).account(A, STOP).tx(HAS, 2000000, auths=[(index, A, nonce), (index, B, nonce + 1)]))
    add(7702, f"{who} clears what is not there", with_nobody(Block()).tx(HAS, 2000000, auths=[(index, bytes(20), nonce)]))
    add(7702, f"{who} has a wrong nonce", with_nobody(Block()).account(A, STOP).tx(HAS, 2000000, auths=[(index, A, nonce + 5)]))
for name, auths in (("sets another", [(1, B, 0)]), ("sets the same", [(1, A, 0)]), ("clears", [(1, bytes(20), 0)]), ("clears and sets", [(1, bytes(20), 0), (1, A, 1)])):
    add(7702, f"a delegated account {name}", Block().account(A, STOP).account(BOB, DELEGATED, ETHER, 0).tx(HAS, 1000000, auths=auths))
for value in (0, 1):
    for name, nobody in (("somebody", False), ("nobody", True)):
        b = with_nobody(Block()) if nobody else Block()
        to = SENDERS[5] if nobody else BOB
        add(7702, f"the recipient delegates, {name}, value {value}", b.account(A, sstore(0, 1)).tx(to, 900000, value, auths=[(5 if nobody else 1, A, 0)]))
add(7702, "a contract cannot delegate", Block().account(BOB, STOP, ETHER, 0).account(A, STOP).tx(HAS, 900000, auths=[(1, A, 0)]))
for name, target, access in (("cold", A, ()), ("in the list", A, [(A, [])]), ("itself", BOB, ()), ("a precompile", (1).to_bytes(20, "big"), ()), ("the sender", ALICE, ()),
                             ("the coinbase", COINBASE, ()), ("nobody", NEW, ())):
    designator = bytes.fromhex("ef0100") + target
    intrinsic = BASE + RECIPIENT + (2900 + 1280 if access else 0)
    price = 3000 if name in ("cold", "nobody") else 100
    for gas_name, gas in (("exactly", intrinsic + price), ("one less", intrinsic + price - 1), ("plenty", 200000)):
        add(7702, f"a call of a delegation to {name}, {gas_name}", Block().account(A, STOP).account(BOB, designator, ETHER, 0).tx(BOB, gas, access=access))

# ---- EIP-8037 and 8038: slots ----

SEQUENCES = {"set": [1], "set and clear": [1, 0], "set, clear, set": [1, 0, 1], "set twice": [1, 2], "nothing": [0]}
FROM_ONE = {"clear": [0], "clear and restore": [0, 1], "change": [2], "change and restore": [2, 1], "change and clear": [2, 0], "the same": [1]}
for original, sequences in ((0, SEQUENCES), (1, FROM_ONE)):
    for name, values in sequences.items():
        runtime = code(*[sstore(0, v) for v in values])
        for gas_name, gas in (("plenty", 500000), ("from the reservoir", CAP + 300000)):
            add(8037, f"slot of {original}: {name}, {gas_name}", Block().account(A, runtime, storage={0: original} if original else {}).tx(A, gas))
            for end, tail in ENDS.items():
                b = Block().account(A, call("CALL", B) + sstore(9, 1)).account(B, runtime + tail, storage={0: original} if original else {})
                add(8037, f"slot of {original}: {name}, in a call that {end}, {gas_name}", b.tx(A, gas))
for gas_name, gas in (("plenty", 700000), ("from the reservoir", CAP + 500000)):
    for end, tail in ENDS.items():
        add(8037, f"a delegate clears what its caller has set and {end}, {gas_name}", Block().account(A, sstore(0, 1) + call("DELEGATECALL", B)).account(B, sstore(0, 0) + tail).tx(A, gas))
        add(8037, f"a caller clears what its delegate has set, the delegate {end}, {gas_name}", Block().account(A, call("DELEGATECALL", B) + sstore(0, 0)).account(B, sstore(0, 1) + tail).tx(A, gas))
        add(8037, f"a call of a call sets and {end}, {gas_name}",
            Block().account(A, call("CALL", B) + sstore(1, 1)).account(B, call("CALL", C) + sstore(1, 1)).account(C, sstore(1, 1) + tail).tx(A, gas))
for gas in (BASE + RECIPIENT + 5 + 2100 + 10000 + SLOT, BASE + RECIPIENT + 5 + 2100 + 10000 + SLOT - 1, BASE + RECIPIENT + 5 + 2301, BASE + RECIPIENT + 5 + 2300):
    add(8037, f"a slot with a limit of {gas}", Block().account(A, sstore(0, 1)).tx(A, gas))

# ---- EIP-8037: accounts and codes ----

INITCODES = {"nothing": b"", "a code": deploys(b"\x5b" * 40), "a code of 0xef": deploys(b"\xef"), "a revert": sstore(0, 1) + REVERT, "a failure": sstore(0, 1) + FAIL,
             "a slot": sstore(0, 1), "itself destroyed": asm("ADDRESS SELFDESTRUCT"), "itself given away": asm([NEW, "SELFDESTRUCT"])}
for kind in ("CREATE", "CREATE2"):
    for name, initcode in INITCODES.items():
        for gas_name, gas in (("plenty", 1500000), ("from the reservoir", CAP + 600000)):
            b = Block().account(A, create(kind, initcode, 1) + asm("POP") + create(kind, initcode, 1) + asm("POP"), 10)
            add(8037, f"{kind} of {name}, twice, {gas_name}", b.tx(A, gas))
    made = create_address(A, 1) if kind == "CREATE" else create2_address(A, 0, INITCODES["a slot"])
    for name, change in (("a balance", {"balance": 3, "nonce": 0}), ("a nonce", {"nonce": 1}), ("code", {"runtime": STOP, "nonce": 0})):
        add(8037, f"{kind} where there is {name}", Block().account(A, create(kind, INITCODES["a slot"]) + asm("POP")).account(made, **change).tx(A, 1500000))
    add(8037, f"{kind} without the value", Block().account(A, create(kind, b"", 5) + asm("POP")).tx(A, 500000))
    add(8037, f"{kind} with the last nonce", Block().account(A, create(kind, b"") + asm("POP"), nonce=2**64 - 1).tx(A, 500000))
    add(8037, f"{kind} without the gas for an account", Block().account(A, create(kind, b"") + asm("POP")).tx(A, BASE + RECIPIENT + 50000))
    add(8037, f"{kind} in a call that reverts", Block().account(A, call("CALL", B) + sstore(0, 1)).account(B, create(kind, INITCODES["a code"]) + REVERT).tx(A, 1500000))
for end, tail in ENDS.items():
    add(8037, f"creation of a code by a transaction that {end}", Block().tx(None, 1500000, 0, sstore(0, 1) + (deploys(b"\x5b" * 100) if end == "stops" else tail)))
for name, gas in (("exactly", 0), ("one less", -1)):
    size, init = 33, deploys(b"\x5b" * 33)
    used = BASE + CREATE + sum(16 if x else 4 for x in init) + 2 * -(-len(init) // 32) + ACCOUNT + 28 + 6 * 2 + size * BYTE
    add(8037, f"the deposit of a code, {name}", Block().tx(None, used + gas, 0, init))
for name, to, value in (("nobody", NEW, 1), ("nobody without value", NEW, 0), ("somebody", HAS, 1), ("a precompile", (2).to_bytes(20, "big"), 1), ("more than it has", NEW, 100)):
    for kind in ("CALL", "CALLCODE"):
        for gas_name, gas in (("plenty", 600000), ("from the reservoir", CAP + 300000)):
            add(8037, f"{kind} of {name}, {gas_name}", Block().account(A, call(kind, to, value), 10).tx(A, gas))
add(8037, "a call of a precompile that fails brings no account", Block().account(A, put(b"\x01" * 32) + asm("0 0 32 0 1 7 GAS CALL POP"), 10).tx(A, 600000))
add(8037, "a call of nobody in a call that reverts", Block().account(A, call("CALL", B) + sstore(0, 1)).account(B, call("CALL", NEW, 1) + REVERT, 10).tx(A, 900000))
for name, heir in (("nobody", NEW), ("somebody", HAS), ("itself", A)):
    for balance in (0, 5):
        for gas_name, gas in (("plenty", 600000), ("exactly", BASE + RECIPIENT + 3 + 5000 + (3000 if heir != A else 0) + (9000 + ACCOUNT if name == "nobody" and balance else 0))):
            add(8037, f"SELFDESTRUCT for {name}, balance {balance}, {gas_name}", Block().account(A, asm([heir, "SELFDESTRUCT"]), balance).tx(A, gas))
            add(8037, f"SELFDESTRUCT for {name}, balance {balance}, {gas_name}, one less", Block().account(A, asm([heir, "SELFDESTRUCT"]), balance).tx(A, gas - 1))

# ---- EIP-8037: the two dimensions of a block ----

for name, limits, gas_limit in (("fits in both", [CAP, CAP], 60_000_000), ("does not fit in execution gas", [CAP, CAP], 20_000_000),
                                ("does not fit in state gas", [20_000_000, 20_000_000], 25_000_000), ("the whole limit is reserved", [30_000_000], 30_000_000),
                                ("more than the block", [30_000_001], 30_000_000)):
    b = Block(gas_limit).account(A, b"".join(sstore(i, 1) for i in range(60)))
    for i, gas in enumerate(limits):
        b.tx(A, gas, sender=i)
    add(8037, f"a block: {name}", b)
loop = asm("JUMPDEST 0 x56")
add(8037, "a block: execution gas first, then state gas", Block(60_000_000).account(A, loop).account(B, b"".join(sstore(i, 1) for i in range(60))).tx(A, CAP).tx(B, 30_000_000, sender=1).tx(A, CAP, sender=2))
add(8037, "gas below 2^32", Block(2**33).tx(HAS, 2**32 - 1).tx(HAS, 2**32, sender=1))

# ---- EIP-8038: accesses ----

OPS = {"BALANCE": "BALANCE POP", "EXTCODESIZE": "EXTCODESIZE POP", "EXTCODEHASH": "EXTCODEHASH POP"}
for name, op in OPS.items():
    price = 3100 if name == "EXTCODESIZE" else 3000
    for gas_name, gas in (("exactly", 3 + price + 2), ("one less for it", 3 + price - 1), ("plenty", 50000)):
        inner = asm([B] + op.split())
        add(8038, f"{name}, cold, {gas_name}", Block().account(A, call("CALL", C, 0, gas)).account(C, inner).account(B, STOP).tx(A, 300000))
    add(8038, f"{name}, cold and warm", Block().account(A, asm([B] + op.split() + [B] + op.split())).account(B, STOP).tx(A, 300000))
    add(8038, f"{name}, in the list", Block().account(A, asm([B] + op.split())).account(B, STOP).tx(A, 300000, access=[(B, [1])]))
for gas_name, gas in (("exactly", 9 + 3 + 3100 + 3 + 3), ("one less", 9 + 3 + 3100 + 3 + 2), ("plenty", 50000)):
    add(8038, f"EXTCODECOPY, cold, {gas_name}", Block().account(A, call("CALL", C, 0, gas)).account(C, asm(["32", "32", "1", B, "EXTCODECOPY"])).account(B, STOP).tx(A, 300000))
for kind in ("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"):
    for gas_name, gas in (("enough for the access", 3200), ("too little for it", 2900), ("plenty", 60000)):
        add(8038, f"{kind}, cold, {gas_name}", Block().account(A, call("CALL", C, 0, gas)).account(C, call(kind, B)).account(B, STOP).tx(A, 300000))
    add(8038, f"{kind} of a delegation, too little for its target", Block().account(A, call("CALL", C, 0, 3300)).account(C, call(kind, BOB)).account(BOB, DELEGATED, ETHER, 0).tx(A, 300000))
    add(8038, f"{kind} of a delegation", Block().account(A, call(kind, BOB) + call(kind, BOB)).account(BOB, bytes.fromhex("ef0100") + B, ETHER, 0).account(B, STOP).tx(A, 300000))
for gas_name, gas in (("exactly", 2 + 2100), ("one less", 2 + 2099), ("plenty", 50000)):
    add(8038, f"SLOAD, cold, {gas_name}", Block().account(A, call("CALL", C, 0, gas)).account(C, asm("0 SLOAD"), storage={0: 7}).tx(A, 300000))
add(8038, "slots in the list", Block().account(A, asm("1 SLOAD POP 1 SLOAD POP") + sstore(2, 5) + sstore(3, 0), storage={1: 1, 3: 3}).tx(A, 400000, access=[(A, [1, 2, 3, 3]), (NEW, [])]))
for value in (0, 1):
    add(8038, f"a call with value {value} and its stipend", Block().account(A, call("CALL", B, value, 0), 10).account(B, asm("GAS 0 SSTORE")).tx(A, 600000))

# ---- EIP-8246 with 6780: what destroys itself in the transaction that made it keeps its balance ----

for name, heir in (("for itself", "ADDRESS"), ("for nobody", NEW), ("for somebody", HAS), ("for the coinbase", COINBASE), ("for the sender", ALICE)):
    for value in (0, 4):
        init = asm([heir, "SELFDESTRUCT"])
        add(8246, f"a creation {name}, value {value}", Block().tx(None, 900000, value, init))
        add(8246, f"a contract's creation {name}, value {value}", Block().account(A, create("CREATE2", init, value) + asm("POP"), 10).tx(A, 900000).tx(A, 900000, sender=1))
        runtime = asm([heir, "SELFDESTRUCT"])
        paid = create("CREATE", deploys(runtime), value) + asm("0 0 0 0 3 DUP6 GAS CALL POP 0 0 0 0 2 DUP6 GAS CALL POP POP")
        add(8246, f"called and paid once more, {name}, value {value}", Block().account(A, paid, 100).tx(A, 2000000))
add(8246, "with storage and a second life", Block().account(A, create("CREATE2", sstore(1, 1) + asm("ADDRESS SELFDESTRUCT"), 3) + asm("POP") + create("CREATE2", sstore(1, 1) + asm("ADDRESS SELFDESTRUCT"), 3) + asm("POP"), 9).tx(A, 3000000).tx(A, 3000000, sender=1))
add(8246, "a coinbase that destroys itself", Block(coinbase=create_address(ALICE, 0)).tx(None, 900000, 5, asm("ADDRESS SELFDESTRUCT")).tx(HAS, sender=1))
add(8246, "a call that reverts takes it back", Block().account(A, call("CALL", B) + sstore(0, 1)).account(B, create("CREATE", asm("ADDRESS SELFDESTRUCT"), 2) + REVERT, 5).tx(A, 1500000))

# ---- EIP-7708: logs of value ----

for name, runtime in (("to somebody", call("CALL", HAS, 1)), ("to itself", call("CALL", A, 1)), ("of nothing", call("CALL", HAS, 0)), ("by CALLCODE", call("CALLCODE", HAS, 1)),
                      ("twice", call("CALL", HAS, 1) + asm("7 0 MSTORE 1 2 32 0 LOG2") + call("CALL", B, 2)), ("that the caller does not have", call("CALL", HAS, 100)),
                      ("and a revert", call("CALL", HAS, 1) + REVERT), ("by delegates", call("DELEGATECALL", C))):
    add(7708, f"value {name}", Block().account(A, runtime, 10).account(B, call("CALL", HAS, 1), 3).account(C, call("CALL", HAS, 1)).tx(A, 900000, 1))

# ---- EIP-7954: sizes ----

for size in (65535, 65536, 65537):
    add(7954, f"a code of {size} bytes", Block(400_000_000).tx(None, 150_000_000, 0, asm(f"{size} 0 RETURN")))
for size in (131072, 131073):
    add(7954, f"an initcode of {size} bytes", Block().tx(None, CAP, 0, bytes(size)))
    add(7954, f"CREATE of an initcode of {size} bytes", Block().account(A, asm(f"{size} 0 0 CREATE 0 SSTORE")).tx(A, CAP))

# ---- EIP-7623, 7976 and 7981: the floor ----

for name, data in (("zeros", bytes(1000)), ("ones", b"\x01" * 1000), ("both", bytes([0, 1] * 500)), ("nothing", b"")):
    floor = BASE + RECIPIENT + 64 * len(data)
    for access_name, access in (("", ()), (", with a list", [(HAS, [1, 2]), (B, [])])):
        extra = sum(64 * (20 + 32 * len(slots)) for _, slots in access)
        if data:
            add(7976, f"{name}{access_name}, exactly", Block().tx(HAS, floor + extra, 0, data, access=access))
            add(7976, f"{name}{access_name}, one less", Block().tx(HAS, floor + extra - 1, 0, data, access=access).tx(HAS, 100000, sender=1))
        add(7976, f"{name}{access_name}, with value", Block().tx(HAS, 300000, 1, data, access=access))
        add(7976, f"{name}{access_name}, with a refund", Block().account(A, sstore(0, 0) + sstore(1, 0), storage={0: 1, 1: 1}).tx(A, 300000, 0, data, access=access))
add(7976, "a creation", Block().tx(None, 900000, 0, bytes(2000)))
add(7976, "the floor above the cap", Block().tx(HAS, 30_000_000, 0, bytes(262000)).tx(HAS, 30_000_000, 0, bytes(262200), sender=1))
add(7981, "long lists", Block().tx(HAS, 3_000_000, access=[(address(i), range(i % 4)) for i in range(40)]))

# ---- EIP-8024 and 7843: instructions ----

ITEMS = b"".join(asm(str(i + 1)) for i in range(240))
for op in ("DUPN", "SWAPN", "EXCHANGE"):
    for immediate in (0, 1, 81, 82, 90, 91, 127, 128, 129, 143, 255):
        add(8024, f"{op} {immediate}", Block().account(A, ITEMS + asm(f"{op} x{immediate:02x}") + asm("0 SSTORE 1 SSTORE 2 SSTORE")).tx(A, 1500000))
    add(8024, f"{op} at the end of the code", Block().account(A, ITEMS + asm(op)).tx(A, 300000))
    add(8024, f"{op} without the items", Block().account(A, asm(f"1 2 3 {op} x80")).tx(A, 300000))
    add(8024, f"a jump behind {op}", Block().account(A, asm("4 x56") + asm(f"{op} x5b") + asm("1 0 SSTORE")).tx(A, 300000))
add(7843, "SLOTNUM", Block().account(A, asm("SLOTNUM 0 SSTORE")).tx(A, 300000))

# ---- EIP-8282 and 7685: requests ----

DEPOSIT = bytes(range(48)) + bytes(32) + (10**9).to_bytes(8, "big") + bytes(range(96))
for count in (1, 2, 66):
    b = Block()
    for i in range(count):
        b.tx(BUILDER_DEPOSITS, 1_500_000, 2 * ETHER, DEPOSIT, sender=i % 4)
    add(8282, f"{count} builder deposits", b)
for count in (1, 3, 18):
    b = Block()
    for i in range(count):
        b.tx(BUILDER_EXITS, 900_000, 100, bytes([i]) * 48, sender=i % 4)
    add(8282, f"{count} builder exits", b)
for name, value, data in (("without the amount", 10**9, DEPOSIT), ("of a wrong size", 2 * ETHER, DEPOSIT + b"\0"), ("without data and value", 0, b""), ("without data, with value", 1, b"")):
    add(8282, f"a builder deposit {name}", Block().tx(BUILDER_DEPOSITS, 1_500_000, value, data))
add(8282, "all kinds of requests", Block(withdrawals=[(HAS, 5)]).tx(BUILDER_EXITS, 900000, 100, bytes(48)).tx(WITHDRAWAL_REQUESTS, 900000, 100, bytes(56), sender=1)
    .tx(CONSOLIDATION_REQUESTS, 900000, 100, bytes(96), sender=2).tx(BUILDER_DEPOSITS, 1_500_000, 2 * ETHER, DEPOSIT, sender=3))
for contract, name in ((BUILDER_DEPOSITS, "deposits"), (BUILDER_EXITS, "exits")):
    add(8282, f"a contract for {name} that changes what others wrote", Block().account(contract, sstore(0, 1) + asm("32 0 RETURN")).tx(contract, 500000))
    add(8282, f"a withdrawal to the contract for {name}", Block(withdrawals=[(contract, 7)]).tx(HAS))

# ---- EIP-7928: the access list ----

for end, tail in ENDS.items():
    add(7928, f"reads of a call that {end}", Block().account(A, call("CALL", B)).account(B, asm("5 SLOAD POP") + asm([C, "BALANCE", "POP"]) + call("CALL", HAS, 1) + tail, 9, storage={5: 5}).tx(A, 400000))
add(7928, "what comes back to where it was", Block().account(A, sstore(1, 2) + sstore(1, 1) + call("CALL", B, 3), 5, storage={1: 1}).account(B, call("CALL", A, 3)).tx(A, 400000))
add(7928, "a change that the next transaction takes back", Block().account(A, asm("1 SLOAD ISZERO 1 SSTORE")).tx(A, 400000).tx(A, 400000, sender=1).tx(A, 400000, sender=2))
add(7928, "withdrawals", Block(withdrawals=[(HAS, 1), (NEW, 2), (A, 0), (COINBASE, 3), (HAS, 4)]).account(A, STOP).tx(HAS, 100000, 1))
add(7928, "no transaction", Block())
add(7928, "no fee", Block(base_fee=100).tx(HAS, 100000))
add(7928, "the sender is the coinbase", Block(coinbase=ALICE).tx(HAS, 100000, 1))
add(7928, "the list of a transaction is no access", Block().account(A, STOP).tx(A, 300000, access=[(B, [1]), (C, [])]))
add(7928, "BLOCKHASH and the history contract", Block().account(A, asm("99 BLOCKHASH 0 SSTORE")).tx(A, 300000).tx(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"), 100000, 0, (99).to_bytes(32, "big"), sender=1))
add(7928, "code that is made and called", Block().account(A, create("CREATE", deploys(sstore(0, 1))) + asm("0 0 0 0 0 DUP6 GAS CALL POP")).tx(A, 1500000))
add(7928, "blobs", Block().tx(HAS, 100000, 0, blobs=2).tx(HAS, 100000, 0, blobs=6, sender=1))
