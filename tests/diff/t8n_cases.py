"""Random but plausible blocks for state transition tools: a state of a few accounts that all transactions share, programs made of
snippets that read and write what the others write, and transactions of every type, some of them invalid.

    make_case(random.Random(seed), fork) ──► {"fork", "chainid", "reward", "input": {"alloc", "env", "txs"}}
"""
from evmlib import address_of_key, create2_address, create_address, sign_authorization

FORKS = ["Frontier", "Homestead", "EIP150", "EIP158", "Byzantium", "Constantinople", "ConstantinopleFix", "Istanbul",
         "MuirGlacier", "Berlin", "London", "ArrowGlacier", "GrayGlacier", "Paris", "Shanghai", "Cancun", "Prague", "Osaka",
         "BPO1", "BPO2", "Amsterdam"]
LEVEL = {name: i for i, name in enumerate(FORKS)}

KEYS = list(range(1001, 1013))
SENDERS = [address_of_key(k) for k in KEYS]
COINBASE = bytes.fromhex("c0" * 20)
CONTRACTS = [bytes.fromhex("%040x" % (0xC0DE00 + i)) for i in range(8)]
EMPTY = [bytes.fromhex("%040x" % (0xE000 + i)) for i in range(3)]
DEPOSIT_CONTRACT = bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa")
WITHDRAWAL_REQUESTS = bytes.fromhex("00000961ef480eb55e80d19ad83579a64c007002")
CONSOLIDATION_REQUESTS = bytes.fromhex("0000bbddc7ce488642fb579f8b00f3a590007251")
BUILDER_DEPOSITS = bytes.fromhex("0000bff46984e3725691fa540a8c7589300d8282")
BUILDER_EXITS = bytes.fromhex("000064d678505ad48f8ccb093bc65613800e8282")
REQUEST_CONTRACTS = [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS, BUILDER_DEPOSITS, BUILDER_EXITS]
SYSTEM_CODE = {
    BUILDER_DEPOSITS:
        "3373fffffffffffffffffffffffffffffffffffffffe1461011c575f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "146102705760015460088111605257506058565b60089003015b601190600182026001905f5b5f821115607f57810190830284830290049160010191906064"
        "565b90939004925050503660b814609f57366102705734610270575f5260205ff35b8034106102705760383567ffffffffffffffff1680633b9aca00116102"
        "7057633b9aca00029034031061027057600154600101600155600354806006026004015f358155600101602035815560010160403581556001016060358155"
        "600101608035815560010160a035905560b85f5f3760b85fa0600101600355005b60035460025480820380604011610131575060405b5f5b8181146101d757"
        "8281016006026004018160b8028154815260200181600101548152602001816002015480825260401c67ffffffffffffffff16816010018160381c81600701"
        "538160301c81600601538160281c81600501538160201c81600401538160181c81600301538160101c81600201538160081c81600101535360200181600301"
        "5481526020018160040154815260200190600501549052600101610133565b91018092146101e957906002556101f4565b90505f6002555f6003555b366102"
        "42575f54600154817fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1461023057600882820111610238575b50505f610264"
        "565b0160089003610264565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5b5f555f60015560b8025ff35b5f5ffd",
    BUILDER_EXITS:
        "3373fffffffffffffffffffffffffffffffffffffffe1460e1575f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff14"
        "6101c65760015460028111605157506057565b60029003015b601190600182026001905f5b5f821115607e5781019083028483029004916001019190606356"
        "5b909390049250505036603014609e57366101c657346101c6575f5260205ff35b34106101c657600154600101600155600354806003026004013381556001"
        "015f35815560010160203590553360601b5f5260305f60143760445fa0600101600355005b6003546002548082038060101160f5575060105b5f5b81811461"
        "012d5782810160030260040181604402815460601b8152601401816001015481526020019060020154905260010160f7565b910180921461013f5790600255"
        "61014a565b90505f6002555f6003555b36610198575f54600154817fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff146101"
        "865760028282011161018e575b50505f6101ba565b01600290036101ba565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ff5b5f555f6001556044025ff35b5f5ffd",
    WITHDRAWAL_REQUESTS:
        "3373fffffffffffffffffffffffffffffffffffffffe1460cb5760115f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ff146101f457600182026001905f5b5f82111560685781019083028483029004916001019190604d565b909390049250505036603814608857366101f45734"
        "6101f4575f5260205ff35b34106101f457600154600101600155600354806003026004013381556001015f35815560010160203590553360601b5f5260385f"
        "601437604c5fa0600101600355005b6003546002548082038060101160df575060105b5f5b8181146101835782810160030260040181604c02815460601b81"
        "52601401816001015481526020019060020154807fffffffffffffffffffffffffffffffff00000000000000000000000000000000168252906010019060401c"
        "908160381c81600701538160301c81600601538160281c81600501538160201c81600401538160181c81600301538160101c81600201538160081c81600101"
        "535360010160e1565b910180921461019557906002556101a0565b90505f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffffffffff14156101cd57505f5b6001546002828201116101e25750505f6101e8565b01600290035b5f555f600155604c025ff35b5f5ffd",
    CONSOLIDATION_REQUESTS:
        "3373fffffffffffffffffffffffffffffffffffffffe1460d35760115f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ff1461019a57600182026001905f5b5f82111560685781019083028483029004916001019190604d565b9093900492505050366060146088573661019a5734"
        "61019a575f5260205ff35b341061019a57600154600101600155600354806004026004013381556001015f358155600101602035815560010160403590553360"
        "601b5f5260605f60143760745fa0600101600355005b6003546002548082038060021160e7575060025b5f5b818114610129578281016004026004018160740281"
        "5460601b815260140181600101548152602001816002015481526020019060030154905260010160e9565b910180921461013b5790600255610146565b9050"
        "5f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff141561017357505f5b6001546001828201116101"
        "885750505f61018e565b01600190035b5f555f6001556074025ff35b5f5ffd",
    bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"):
        "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205f"
        "f35b5f5ffd5b5f35611fff60014303065500",
    bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"):
        "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff"
        "01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500",
}
# Emits its call data as the deposit event.
DEPOSIT_CODE = "365f5f37" + "7f649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5" + "365fa100"


def request_contracts(level):
    return REQUEST_CONTRACTS if level >= LEVEL["Amsterdam"] else REQUEST_CONTRACTS[:2]


def hexed(data):
    return "0x" + data.hex()


# ---- programs ----

def push(n, size=0):
    """PUSH1 and so on of a number; at least `size` bytes."""
    data = n.to_bytes(max(1, size, (n.bit_length() + 7) // 8), "big")
    return bytes([0x5F + len(data)]) + data


class Program:
    """Writes snippets; every one leaves the stack as it was."""

    def __init__(self, r, fork, depth=0):
        self.r, self.level, self.depth = r, LEVEL[fork], depth

    def since(self, fork):
        return self.level >= LEVEL[fork]

    def word(self):
        r = self.r
        return r.choice([0, 1, 2, r.randrange(256), r.getrandbits(64), r.getrandbits(256), 2**256 - 1, 2**255, 32, 31])

    def key(self):
        return self.r.randrange(6)

    def target(self):
        r = self.r
        kind = r.randrange(10)
        if kind < 5:
            return r.choice(CONTRACTS)
        if kind < 6:
            return r.choice(SENDERS)
        if kind < 7:
            return r.choice([COINBASE] + EMPTY)
        if kind < 8 and self.since("Prague"):
            return r.choice(request_contracts(self.level))
        return r.choice(list(range(1, 20)) + [0x100]).to_bytes(20, "big")

    def value(self):
        """A word on the stack, from somewhere."""
        r = self.r
        kind = r.randrange(12)
        if kind < 4:
            return push(self.word())
        if kind < 6:
            return push(self.key()) + b"\x54"  # SLOAD
        if kind < 7:
            return push(r.randrange(96)) + b"\x35"  # CALLDATALOAD
        if kind < 8:
            return push(int.from_bytes(self.target(), "big")) + bytes([r.choice([0x31, 0x3B])])  # BALANCE, EXTCODESIZE
        if kind < 9 and self.since("Constantinople"):
            return push(int.from_bytes(self.target(), "big")) + b"\x3f"  # EXTCODEHASH
        if kind < 10:
            return push(r.randrange(300)) + b"\x40"  # BLOCKHASH: none of these are given, but 0 and 99
        simple = [0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3A, 0x41, 0x42, 0x43, 0x44, 0x45, 0x58, 0x59, 0x5A]
        simple += [0x3D] if self.since("Byzantium") else []
        simple += [0x46, 0x47] if self.since("Istanbul") else []
        simple += [0x48] if self.since("London") else []
        simple += [0x5F] if self.since("Shanghai") else []
        simple += [0x4A] if self.since("Cancun") else []
        return bytes([r.choice(simple)])

    def snippet(self):
        return self.r.choice([self.store, self.store, self.count, self.arithmetic, self.call, self.call, self.create, self.log, self.memory,
                              self.loop, self.hash, self.transient, self.copy, self.precompile, self.block_hash])()

    def store(self):
        return self.value() + push(self.key()) + b"\x55"

    def count(self):
        """slot += 1: what many transactions do to one slot."""
        key = push(self.key())
        return push(1) + key + b"\x54\x01" + key + b"\x55"

    def arithmetic(self):
        ops = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A]
        ops += [0x1B, 0x1C, 0x1D] if self.since("Constantinople") else []
        op = self.r.choice(ops)
        if self.r.randrange(5) == 0:
            return self.value() + self.value() + self.value() + bytes([self.r.choice([8, 9])]) + push(self.key()) + b"\x55"
        one = self.r.choice([b"", b"\x15", b"\x19"] + ([b"\x1e"] if self.since("Osaka") else []))
        return self.value() + self.value() + bytes([op]) + one + push(self.key()) + b"\x55"

    def block_hash(self):
        return push(self.r.choice([0, 99])) + b"\x40" + push(self.key()) + b"\x55"

    def call(self):
        r = self.r
        ops = [0xF1, 0xF1, 0xF1, 0xF2]
        ops += [0xF4] if self.since("Homestead") else []
        ops += [0xFA] if self.since("Byzantium") else []
        op = r.choice(ops)
        code = push(32) + push(0) + push(r.choice([0, 32, 68])) + push(0)
        if op in (0xF1, 0xF2):
            code += push(r.choice([0, 0, 0, 1, 1000, 10**20]))
        code += push(int.from_bytes(self.target(), "big"))
        code += r.choice([b"\x5a", push(r.choice([0, 5000, 30000, 100000]))]) if self.since("EIP150") else push(r.choice([0, 5000, 20000]))
        return code + bytes([op]) + push(self.key()) + b"\x55"

    def precompile(self):
        """A call with an input that the precompile can use, now and then."""
        r = self.r
        number = r.choice(list(range(1, 18)) + [0x100])
        size = r.choice([0, 32, 64, 96, 128, 160, 192, 213, 256, 384])
        words = {1: [r.getrandbits(256), 27 + r.randrange(2), r.getrandbits(255), r.getrandbits(255)], 5: [r.randrange(40), r.randrange(40), r.randrange(40)],
                 6: [1, 2, 1, 2], 7: [1, 2, r.getrandbits(256)], 8: []}.get(number, [r.getrandbits(256) for _ in range(3)])
        code = b"".join(push(w) + push(32 * i) + b"\x52" for i, w in enumerate(words))
        gas = push(r.choice([3000, 60000, 150000]))
        call = push(64) + push(0) + push(size) + push(0) + push(0) + push(number) + gas + b"\xf1"
        return code + call + push(self.key()) + b"\x55" + push(0) + b"\x51" + push(self.key()) + b"\x55"

    def create(self):
        if self.depth > 1:
            return b""
        r = self.r
        runtime = Program(r, FORKS[self.level], self.depth + 2).make(3) if r.randrange(2) else b""
        kind = r.randrange(6)
        if kind == 0:
            init = Program(r, FORKS[self.level], self.depth + 2).make(2)
        elif kind == 1:
            init = push(0xEF) + push(0) + b"\x53" + push(1) + push(0) + b"\xf3"  # code that begins with 0xef
        else:
            runtime = runtime[:200]
            copy = push(len(runtime)) + push(12) + push(0) + b"\x39" + push(len(runtime)) + push(0) + b"\xf3"
            init = copy + runtime  # `copy` is 12 bytes long
        init = init[:320]
        code = b""
        for at in range(0, len(init), 32):
            code += push(int.from_bytes(init[at:at + 32].ljust(32, b"\0"), "big")) + push(at) + b"\x52"
        two = self.since("Constantinople") and r.randrange(2)
        code += (push(r.randrange(3)) if two else b"") + push(len(init)) + push(0) + push(r.choice([0, 0, 1])) + (b"\xf5" if two else b"\xf0")
        if r.randrange(2):  # and call what was made
            gas = b"\x5a" if self.since("EIP150") else push(20000)
            code += b"\x80" + push(0) + push(0) + push(0) + push(0) + push(0) + b"\x85" + gas + b"\xf1\x50\x50"
        return code + push(self.key()) + b"\x55"

    def log(self):
        n = self.r.randrange(5)
        return b"".join(self.value() for _ in range(n)) + push(self.r.choice([0, 32, 40])) + push(0) + bytes([0xA0 + n])

    def memory(self):
        r = self.r
        code = self.value() + push(r.choice([0, 1, 64, 1000])) + bytes([r.choice([0x52, 0x53])])
        if self.since("Cancun") and r.randrange(2):
            code += push(r.randrange(80)) + push(r.randrange(80)) + push(r.randrange(80)) + b"\x5e"
        return code

    def copy(self):
        r = self.r
        op = r.choice([0x37, 0x39, 0x3C] + ([0x3E] if self.since("Byzantium") and r.randrange(4) == 0 else []))
        size = 0 if op == 0x3E else r.randrange(70)
        account = push(int.from_bytes(self.target(), "big")) if op == 0x3C else b""
        return push(size) + push(0 if op == 0x3E else r.randrange(100)) + push(r.randrange(64)) + account + bytes([op])

    def hash(self):
        return push(self.r.randrange(70)) + push(0) + b"\x20" + push(self.key()) + b"\x55"

    def transient(self):
        if not self.since("Cancun"):
            return self.store()
        key = push(self.r.randrange(3))
        return self.value() + key + b"\x5d" + key + b"\x5c" + push(self.key()) + b"\x55"

    def loop(self):
        """Counts down on the stack; the body is a snippet without jumps or the program counter."""
        body = self.store() if self.r.randrange(2) else self.arithmetic()
        start = push(self.r.randrange(1, 5))
        # JUMPDEST body; counter - 1; back while it is not 0. The target is put in by make(), which knows the position.
        return ("loop", start, body)

    def ending(self):
        r = self.r
        kind = r.randrange(14)
        if kind < 5:
            return b"\x00"
        if kind < 8:
            return push(r.choice([0, 32, 64])) + push(0) + b"\xf3"
        if kind < 10:
            return push(r.choice([0, 32])) + push(0) + (b"\xfd" if self.since("Byzantium") else b"\xfe")
        if kind < 11:
            return b"\xfe"
        if kind < 13:
            beneficiary = r.choice([push(int.from_bytes(self.target(), "big")), b"\x30", b"\x33"])
            return beneficiary + b"\xff"
        return bytes(r.randrange(256) for _ in range(r.randrange(1, 20)))

    def make(self, most):
        code = b""
        for _ in range(self.r.randrange(1, most + 1)):
            s = self.snippet()
            if isinstance(s, tuple):
                _, start, body = s
                code += start
                at = len(code)
                s = b"\x5b" + body + push(1) + b"\x90\x03\x80" + push(at, 2) + b"\x57\x50"
            code += s
        return code + self.ending()


# ---- state and environment ----

def make_alloc(r, fork, program=Program):
    alloc = {}
    for a in SENDERS:
        alloc[hexed(a)] = {"balance": hex(r.choice([10**20, 10**20, 10**24, 10**16])), "nonce": hex(r.choice([0, 0, 1, 7]))}
    for a in CONTRACTS:
        storage = {"0x%064x" % k: "0x%064x" % r.choice([1, 5, r.getrandbits(256)]) for k in range(6) if r.randrange(3) == 0}
        alloc[hexed(a)] = {"balance": hex(r.choice([0, 1, 10**18])), "nonce": hex(r.choice([0, 1])),
                           "code": hexed(program(r, fork).make(8)), "storage": storage}
    # Empty accounts in the state before the block: no chain has them after EIP-161, and a block access list cannot say that one went.
    may_be_empty = LEVEL[fork] < LEVEL["Amsterdam"]
    if r.randrange(6) == 0 and may_be_empty:
        alloc[hexed(EMPTY[0])] = {"balance": "0x0"}
    if r.randrange(3) == 0:
        alloc[hexed(COINBASE)] = {"balance": hex(r.choice([0 if may_be_empty else 2, 1])), "code": hexed(r.choice([b"", program(r, fork).make(3)]))}
    if LEVEL[fork] >= LEVEL["Prague"] and r.randrange(4) == 0:
        alloc[hexed(SENDERS[-1])]["code"] = hexed(bytes.fromhex("ef0100") + r.choice(CONTRACTS + SENDERS))
    if LEVEL[fork] >= LEVEL["Cancun"]:
        for a, code in SYSTEM_CODE.items():
            alloc[hexed(a)] = {"balance": "0x0", "nonce": "0x1", "code": "0x" + code}
        alloc[hexed(DEPOSIT_CONTRACT)] = {"balance": "0x0", "nonce": "0x1", "code": "0x" + DEPOSIT_CODE}
    return alloc


def make_env(r, fork):
    level = LEVEL[fork]
    env = {"currentCoinbase": hexed(r.choice([COINBASE] * 4 + [SENDERS[0], CONTRACTS[0], EMPTY[0]])), "currentGasLimit": hex(r.choice([30000000, 30000000, 3000000]) * (5 if level >= LEVEL["Amsterdam"] else 1)),
           "currentNumber": hex(100), "currentTimestamp": hex(10000),
           "blockHashes": {"0x0": "0x" + "11" * 32, hex(99): "0x" + "22" * 32, **{hex(n): "0x%064x" % n for n in range(1, 99)}}}
    if level >= LEVEL["Paris"]:
        env["currentRandom"] = hex(r.getrandbits(256))
    elif r.randrange(2):
        env["currentDifficulty"] = hex(r.choice([0x20000, 10**12]))
    else:
        env.update({"parentDifficulty": hex(r.choice([0x20000, 10**15])), "parentTimestamp": hex(10000 - r.choice([1, 8, 9, 25, 900])),
                    "parentUncleHash": "0x" + r.choice(["00" * 32, "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347", "33" * 32])})
    if level < LEVEL["Paris"] and r.randrange(2):
        env["ommers"] = [{"delta": r.randrange(1, 7), "address": hexed(r.choice(EMPTY))} for _ in range(r.randrange(3))]
    if level >= LEVEL["London"]:
        if r.randrange(2):
            env["currentBaseFee"] = hex(r.choice([7, 1000, 10**9]))
        else:
            env.update({"parentBaseFee": hex(r.choice([7, 1000, 10**9])), "parentGasUsed": hex(r.choice([0, 15000000, 30000000])), "parentGasLimit": hex(30000000)})
    if level >= LEVEL["Shanghai"]:
        env["withdrawals"] = [{"index": hex(i), "validatorIndex": hex(i), "address": hexed(r.choice(SENDERS + EMPTY + CONTRACTS)), "amount": hex(r.choice([0, 1, 10**9]))}
                              for i in range(r.randrange(4))]
    if level >= LEVEL["Cancun"]:
        env["parentBeaconBlockRoot"] = "0x" + "%064x" % r.getrandbits(256)
        if r.randrange(2):
            env["currentExcessBlobGas"] = hex(r.choice([0, 0, 131072 * 300]))
        else:
            env.update({"parentExcessBlobGas": hex(r.choice([0, 131072 * 20])), "parentBlobGasUsed": hex(131072 * r.choice([0, 3, 6])), "parentBaseFee": env.get("parentBaseFee", "0x7")})
    if level >= LEVEL["Amsterdam"]:
        env["slotNumber"] = hex(1234)
    return env


# ---- transactions ----

def deposit_data(r):
    def field(size):
        return size.to_bytes(32, "big") + r.getrandbits(8 * size).to_bytes(size, "big").ljust(-(-size // 32) * 32, b"\0")
    offsets = b"".join(n.to_bytes(32, "big") for n in (160, 256, 320, 384, 512))
    return offsets + field(48) + field(32) + field(8) + field(96) + field(8)


def call_data(r, to):
    if to == DEPOSIT_CONTRACT:
        return deposit_data(r)
    if to == WITHDRAWAL_REQUESTS:
        return r.getrandbits(56 * 8).to_bytes(56, "big")
    if to == CONSOLIDATION_REQUESTS:
        return r.getrandbits(96 * 8).to_bytes(96, "big")
    if to == BUILDER_DEPOSITS:
        return bytes(80) + r.choice([0, 1, 10**9]).to_bytes(8, "big") + r.getrandbits(96 * 8).to_bytes(96, "big")
    if to == BUILDER_EXITS:
        return r.getrandbits(48 * 8).to_bytes(48, "big")
    return bytes(r.choice([0, 0, r.randrange(256)]) for _ in range(r.choice([0, 0, 4, 36, 100, 700])))


def seems_valid(case_fork, tx, base_fee):
    """Whether the transaction will be included, as far as that is easily said: the nonces of those behind it depend on it."""
    kind, gas = int(tx["type"], 16), int(tx["gas"], 16)
    lowest = [0, LEVEL["Berlin"], LEVEL["London"], LEVEL["Cancun"], LEVEL["Prague"]][kind]
    price = int(tx.get("maxFeePerGas") or tx["gasPrice"], 16)
    blobs = tx.get("blobVersionedHashes", [])
    return (LEVEL[case_fork] >= lowest and intrinsic_gas(case_fork, tx) <= gas <= 5000000 and int(tx["value"], 16) < 10**29
            and price >= base_fee and int(tx.get("maxPriorityFeePerGas", "0x0"), 16) <= price
            and len(blobs) <= 6 and all(h[2:4] == "01" for h in blobs) and tx.get("maxFeePerBlobGas") != "0x1"
            and (kind != 4 or tx["authorizationList"] != []))


def recipient_gas(tx):
    """EIP-2780: what the recipient costs."""
    if not tx["to"]:
        return 12000
    if tx["to"] == hexed(address_of_key(int(tx["secretKey"], 16))):
        return 0
    return 3000 + (6000 if int(tx["value"], 16) else 0)


def intrinsic_gas(fork, tx):
    """What a transaction pays before it runs; up to some gas for the words of initcode."""
    level, data, create = LEVEL[fork], bytes.fromhex(tx["input"][2:]), not tx["to"]
    zeros, lists = data.count(0), tx.get("accessList") or []
    keys, authorizations = sum(len(x["storageKeys"]) for x in lists), len(tx.get("authorizationList") or [])
    gas = 4 * zeros + (16 if level >= LEVEL["Istanbul"] else 68) * (len(data) - zeros)
    if level >= LEVEL["Amsterdam"]:
        return gas + 12000 + recipient_gas(tx) + (2900 + 1280) * len(lists) + (2000 + 2048) * keys + 7816 * authorizations
    gas += 21000 + (32000 if create and level >= LEVEL["Homestead"] else 0)
    return gas + 2400 * len(lists) + 1900 * keys + 25000 * authorizations


def make_fees(r, level, kind, base_fee, tx):
    price = r.choice([base_fee, base_fee + 1, base_fee * 2 + 10, base_fee + 10**9])
    if r.randrange(40) == 0:
        price = max(0, base_fee - 1)  # invalid from London on, if there is a base fee
    if kind < 2:
        tx["gasPrice"] = hex(price)
        return
    tip = r.choice([0, 1, price])
    tx.update({"maxFeePerGas": hex(price), "maxPriorityFeePerGas": hex(tip if r.randrange(40) else price + 1)})


def make_tx(r, fork, nonces, base_fee):
    level = LEVEL[fork]
    kinds = [0, 0, 0] + ([1] if level >= LEVEL["Berlin"] else []) + ([2, 2] if level >= LEVEL["London"] else [])
    kinds += ([3] if level >= LEVEL["Cancun"] else []) + ([4] if level >= LEVEL["Prague"] else [])
    kind = r.choice(kinds) if r.randrange(60) else r.randrange(5)
    sender = r.randrange(len(KEYS))
    nonce = nonces[sender] if r.randrange(30) else max(0, nonces[sender] + r.choice([-1, 1, 2**64 - 1 - nonces[sender]]))
    to = r.choice(CONTRACTS * 4 + SENDERS + EMPTY + [COINBASE] + ([DEPOSIT_CONTRACT] + request_contracts(level) if level >= LEVEL["Prague"] else []))
    create = kind < 3 and r.randrange(6) == 0
    data = Program(r, fork).make(6) if create else call_data(r, to)
    gas = r.choice([120000, 200000, 500000, 1000000]) if r.randrange(12) else r.choice([21000, 25000, 60000, 60000, 40000000])
    gas *= 5 if level >= LEVEL["Amsterdam"] else 1  # growing the state costs more
    tx = {"type": hex(kind), "nonce": hex(nonce), "gas": hex(gas), "to": None if create else hexed(to), "value": hex(r.choice([0, 0, 0, 1, 10**15, 10**30 if r.randrange(20) == 0 else 2])),
          "input": hexed(data), "v": "0x0", "r": "0x0", "s": "0x0", "secretKey": "0x%064x" % KEYS[sender],
          "protected": level >= LEVEL["EIP158"] and (kind != 0 or r.randrange(3) != 0)}
    if to in REQUEST_CONTRACTS and not create:
        tx["value"] = hex(r.choice([1, 1, 2, 2 * 10**18]) if to == BUILDER_DEPOSITS else 1)
    make_fees(r, level, kind, base_fee, tx)
    if kind:
        tx["protected"] = True
        tx["chainId"] = "0x1"
        tx["accessList"] = [{"address": hexed(r.choice(CONTRACTS + SENDERS)), "storageKeys": ["0x%064x" % r.randrange(6) for _ in range(r.randrange(3))]} for _ in range(r.randrange(3))]
    if kind == 3:
        tx["maxFeePerBlobGas"] = hex(r.choice([10**9, 10**12, 1]))
        version = "01" if r.randrange(30) else "02"
        tx["blobVersionedHashes"] = ["0x" + version + "%062x" % r.getrandbits(200) for _ in range(r.choice([1, 1, 2, 3, 7]))]
    if kind == 4:
        tx["authorizationList"] = [authorization(r, nonces) for _ in range(r.choice([1, 1, 2]) if r.randrange(30) else 0)]
    return sender, tx


def authorization(r, nonces):
    who = r.randrange(len(KEYS))
    nonce = nonces[who] + r.choice([0, 0, 0, 1, 2])
    target = r.choice(CONTRACTS * 2 + SENDERS + [bytes(20), (1).to_bytes(20, "big")])
    return sign_authorization(KEYS[who], r.choice([0, 1, 1, 1, 5]), target, nonce)


def base_fee_of(env):
    """About what the block's base fee is: the rule itself is the tools' affair."""
    return int(env.get("currentBaseFee") or env.get("parentBaseFee") or "0x0", 16)


def make_block(r, fork, size, alloc, env, next_tx):
    """A case of transactions that `next_tx` makes one after the other, with the nonces that they seem to leave behind."""
    nonces = [int(alloc[hexed(a)]["nonce"], 16) for a in SENDERS]
    base_fee = base_fee_of(env) * 9 // 8 + 1 if "currentBaseFee" not in env and "parentBaseFee" in env else base_fee_of(env)
    txs = []
    for _ in range(size or r.choice([0, 1, 3, 10, 25])):
        sender, tx = next_tx(r, fork, nonces, base_fee)
        if int(tx["nonce"], 16) == nonces[sender] and seems_valid(fork, tx, base_fee):
            nonces[sender] += 1
        txs.append(tx)
    reward = r.choice([0, 2 * 10**18, -1, 7]) if LEVEL[fork] < LEVEL["Paris"] else r.choice([0, -1])
    return {"fork": fork, "chainid": 1, "reward": reward, "input": {"alloc": alloc, "env": env, "txs": txs}}


def make_case(r, fork, size=None):
    return make_block(r, fork, size, make_alloc(r, fork), make_env(r, fork), make_tx)


__all__ = ["FORKS", "LEVEL", "make_case", "create_address", "create2_address"]
