"""Programs at the edges: what t8n_cases.Program never writes. Operands around powers of two, stacks near their limit, jumps of every form,
memory that grows far, calls with every kind of gas, value and region, creations at the limits of size and on top of what is there,
self-destruction of everything by everybody, transient storage and refunds across reverts, random bytes.

    EdgeProgram(r, fork).make(8) ──► code          fixed_contracts(r, fork) ──► {address: account}
"""
import functools

from edge_inputs import PRECOMPILES, noise, precompile_input, word
from evmlib import create2_address, create_address
from t8n_cases import COINBASE, CONTRACTS, EMPTY, LEVEL, SENDERS, Program, push

# byte, items in, items out, first fork
SIMPLE = [(op, 2, 1, "Frontier") for op in (1, 2, 3, 4, 5, 6, 7, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A)] + [
    (8, 3, 1, "Frontier"), (9, 3, 1, "Frontier"), (0x15, 1, 1, "Frontier"), (0x19, 1, 1, "Frontier"), (0x1B, 2, 1, "Constantinople"),
    (0x1C, 2, 1, "Constantinople"), (0x1D, 2, 1, "Constantinople"), (0x1E, 1, 1, "Osaka"), (0x35, 1, 1, "Frontier"), (0x31, 1, 1, "Frontier"),
    (0x3B, 1, 1, "Frontier"), (0x3F, 1, 1, "Constantinople"), (0x40, 1, 1, "Frontier"), (0x49, 1, 1, "Cancun"), (0x54, 1, 1, "Frontier"),
    (0x5C, 1, 1, "Cancun"), (0x47, 0, 1, "Istanbul"), (0x3D, 0, 1, "Byzantium"), (0x58, 0, 1, "Frontier"), (0x59, 0, 1, "Frontier"),
    (0x5A, 0, 1, "Frontier"), (0x38, 0, 1, "Frontier"), (0x36, 0, 1, "Frontier"), (0x50, 1, 0, "Frontier"), (0x5B, 0, 0, "Frontier")]
SALTS = [0, 1]
# Deployed at addresses that are known before: where they come to lie, there may be something.
SMALL_INITS = [bytes.fromhex("600160005360016000f3"), bytes.fromhex("33ff"), b"", bytes.fromhex("6001600055600060006000f0")]
FORWARDER = bytes.fromhex("%040x" % 0xF0AD)
RECURSOR = bytes.fromhex("%040x" % 0xDEE9)
GAS_OP = b"\x5a"


class EdgeProgram(Program):
    def snippet(self):
        if self.r.randrange(3) == 0:
            return super().snippet()
        return self.r.choice([
            self.instruction, self.instruction, self.instruction, self.chain, self.comparison, self.far_memory, self.far_copy, self.edge_call, self.edge_call,
            self.edge_precompile, self.recurse, self.child, self.child, self.limits, self.collide, self.transients, self.refunds, self.return_data,
            self.stack_words, self.logs, self.hashes, self.keep])()

    def nested(self, most):
        return EdgeProgram(self.r, self.fork_name(), self.depth + 2).make(most)

    def fork_name(self):
        return [name for name, level in LEVEL.items() if level == self.level][0]

    def value(self):
        return push(word(self.r)) if self.r.randrange(2) else super().value()

    def target(self):
        r = self.r
        if r.randrange(6) == 0:
            return r.choice([FORWARDER, RECURSOR, COINBASE] + EMPTY + SENDERS + [n.to_bytes(20, "big") for n in PRECOMPILES + [0, 18, 0xFF, 0x101]])
        return super().target()

    def account(self):
        """An address on the stack, sometimes with dirt above its 20 bytes."""
        n = int.from_bytes(self.target(), "big")
        kind = self.r.randrange(12)
        return b"\x30" if kind == 0 else b"\x33" if kind == 1 else b"\x41" if kind == 2 else push(n + (self.r.getrandbits(96) << 160) if kind == 3 else n)

    def keep(self):
        """What is on top goes into storage, the way to be seen from outside."""
        return b"\x5a" + push(self.key()) + b"\x55"

    def store_top(self):
        return push(self.key()) + b"\x55"

    # ---- instructions ----

    def instruction(self):
        op, inputs, outputs, fork = self.r.choice(SIMPLE)
        if not self.since(fork) and self.r.randrange(40):
            return self.instruction()
        return b"".join(self.value() for _ in range(inputs)) + bytes([op]) + (self.store_top() if outputs else b"")

    def chain(self):
        """Several instructions on a stack of a few words, some of them constants, with DUP and SWAP between."""
        r, height = self.r, 4
        code = b"".join(self.value() for _ in range(4))
        for _ in range(r.randrange(2, 14)):
            op, inputs, outputs, fork = r.choice(SIMPLE)
            if self.since(fork) and inputs <= height and op != 0x54:
                code += bytes([op])
                height += outputs - inputs
            kind = r.randrange(4)
            if kind == 0 or height < 3:
                code, height = code + self.value(), height + 1
            elif kind == 1:
                code, height = code + bytes([0x80 + r.randrange(min(height, 16))]), height + 1
            elif kind == 2 and height > 1:
                code += bytes([0x90 + r.randrange(min(height - 1, 16))])
        code += self.store_top()
        return code + b"\x50" * (height - 1)

    def comparison(self):
        """A branch on a comparison, perhaps negated a few times, to places right and wrong."""
        r = self.r
        compare = self.value() + self.value() + bytes([r.choice([0x10, 0x11, 0x12, 0x13, 0x14, 0x03, 0x16])]) + b"\x15" * r.randrange(4)
        if r.randrange(4) == 0:
            compare += b"\x80" + self.store_top()
        kind, body = r.randrange(14), self.count()
        if kind == 0:
            return compare + self.value() + b"\x57"  # anywhere
        if kind == 1:
            return compare + push(word(r)) + b"\x57"

        def placed(at):
            size = 2 if kind < 8 else 4
            here = at + len(compare) + 1 + size + (3 if kind == 2 else 0) + 1
            jump = push(here + len(body), size)
            if kind == 2:
                jump = push(here + len(body) - 3, size) + b"\x60\x03\x01"
            return compare + jump + b"\x57" + body + b"\x5b"
        return placed

    def stack_words(self):
        """Pushes until near the limit of the stack, then perhaps beyond it; ends what can be done here."""
        r = self.r
        if r.randrange(3):
            return self.chain()
        size = r.choice([900, 1014, 1018, 1021, 1022, 1023, 1024])
        behind = r.choice([b"\x8f", b"\x80\x80", b"\x9f", b"\x30\x30\x50\x50", push(word(r)), self.chain(), self.edge_call()])

        def placed(at):
            start = push(size)
            loop = b"\x5b\x80" + push(1) + b"\x90\x03\x80" + push(at + len(start), 2) + b"\x57"
            return start + loop + (behind if isinstance(behind, bytes) else b"\x5b") + b"\x50" * r.randrange(20)
        return placed

    def hashes(self):
        numbers = [b"\x43" + push(d) + b"\x90\x03" for d in (0, 1, 255, 256, 257)] + [push(word(self.r))]
        if self.since("Cancun") and self.r.randrange(3) == 0:
            return push(self.r.choice([0, 1, 5, 6, 2**32, 2**64, 2**256 - 1])) + b"\x49" + self.store_top()
        return self.r.choice(numbers) + b"\x40" + self.store_top()

    def logs(self):
        n = self.r.randrange(5)
        return b"".join(self.value() for _ in range(n)) + self.region() + bytes([0xA0 + n])

    # ---- memory ----

    def offset(self):
        r = self.r
        return r.choice([0, 1, 31, 32, 33, 63, 64, 95, 1000, 4096, 30000]) if r.randrange(12) else word(r)

    def size(self):
        r = self.r
        return r.choice([0, 0, 1, 31, 32, 33, 63, 64, 65, 300]) if r.randrange(16) else word(r)

    def region(self):
        """size, offset: as LOG, RETURN and KECCAK256 take them."""
        return push(self.size()) + push(self.offset())

    def far_memory(self):
        r, op = self.r, self.r.choice([0x51, 0x52, 0x53, 0x20])
        if op == 0x51:
            return push(self.offset()) + b"\x51" + self.store_top()
        if op == 0x20:
            return self.region() + b"\x20" + self.store_top()
        return self.value() + push(self.offset()) + bytes([op]) + (b"\x59" + self.store_top() if r.randrange(2) else b"")

    def far_copy(self):
        r = self.r
        op = r.choice([0x37, 0x39, 0x3C] + ([0x3E] if self.since("Byzantium") else []) + ([0x5E, 0x5E] if self.since("Cancun") else []))
        source = self.offset() if op == 0x5E else word(r) if r.randrange(2) else r.randrange(70)
        if op == 0x3E and r.randrange(4):
            source, size = r.choice([(0, 0), (0, 1), (1, 0), (0, 32), (1, 31), (31, 1), (32, 0), (33, 0), (2**256 - 1, 1), (2**64 - 1, 2)])
        else:
            size = self.size()
        code = push(size) + push(source) + push(self.offset()) + (self.account() if op == 0x3C else b"") + bytes([op])
        return code + push(r.choice([0, 32, 1])) + b"\x51" + self.store_top()

    # ---- calls ----

    def gas(self):
        r, kind = self.r, self.r.randrange(8)
        if kind < 3:
            return GAS_OP if self.since("EIP150") or r.randrange(3) == 0 else push(r.choice([0, 1000, 30000]))
        if kind == 3:
            return push(r.choice([1, 2, 64, 100, 700, 2000, 20000])) + b"\x5a\x03"  # all but
        return push(r.choice([0, 1, 699, 700, 2299, 2300, 2301, 5000, 9000, 40000, 100000, word(r)]) if self.since("EIP150") else r.choice([0, 1, 2300, 9000, 40000]))

    def call_op(self):
        return self.r.choice([0xF1, 0xF1, 0xF2] + ([0xF4] if self.since("Homestead") else []) + ([0xFA] if self.since("Byzantium") else []))

    def call_of(self, account, op=None, inputs=None):
        op = op or self.call_op()
        code = self.region() + (inputs or self.region())
        if op in (0xF1, 0xF2):
            code += self.r.choice([push(0), push(0), push(1), push(2), b"\x34", b"\x47" if self.since("Istanbul") else push(10**18), push(word(self.r))])
        return code + account + self.gas() + bytes([op])

    def edge_call(self):
        behind = self.return_data() if self.r.randrange(3) == 0 else b""
        return self.call_of(self.account()) + self.store_top() + behind

    def return_data(self):
        if not self.since("Byzantium"):
            return b"\x59" + self.store_top()
        kind = self.r.randrange(4)
        if kind == 0:
            return b"\x3d" + push(0) + push(self.r.choice([0, 1, 32])) + b"\x3e" + push(0) + b"\x51" + self.store_top()
        if kind == 1:
            return push(self.r.choice([0, 1])) + b"\x3d" + push(0) + b"\x3e"
        return b"\x3d" + self.store_top()

    def edge_precompile(self):
        r = self.r
        number = r.choice(PRECOMPILES)
        data = precompile_input(r, number)[:420]
        code = b"".join(push(int.from_bytes(data[at:at + 32].ljust(32, b"\0"), "big")) + push(at) + b"\x52" for at in range(0, len(data), 32))
        op = self.call_op()
        code += push(r.choice([0, 1, 32, 64, 128])) + push(r.choice([0, 1, 512])) + push(len(data)) + push(0)
        code += push(r.choice([0, 0, 0, 1, 10**19])) if op in (0xF1, 0xF2) else b""
        code += push(number) + push(r.choice([600, 3000, 60000, 150000, 400000])) + bytes([op]) + self.store_top()
        return code + push(r.choice([0, 32, 512])) + b"\x51" + self.store_top() + (self.return_data() if r.randrange(2) else b"")

    def recurse(self):
        """Itself again, while the call data are short: every level has a byte more."""
        limit = self.r.choice([1, 2, 3])
        call = push(0) + push(0) + b"\x36" + push(1) + b"\x01" + push(0)
        op = self.call_op()
        call += push(self.r.choice([0, 0, 1])) if op in (0xF1, 0xF2) else b""
        call += b"\x30" + push(3000) + b"\x5a\x03" + bytes([op]) + self.store_top()

        def placed(at):
            head = push(limit) + b"\x36\x11"  # CALLDATASIZE > limit
            return head + push(at + len(head) + 4 + len(call), 2) + b"\x57" + call + b"\x5b"
        return placed

    # ---- creations ----

    def memory_of(self, data):
        return b"".join(push(int.from_bytes(data[at:at + 32].ljust(32, b"\0"), "big")) + push(at) + b"\x52" for at in range(0, len(data), 32))

    def create_of(self, init, value=None):
        """Leaves the address."""
        r, two = self.r, self.since("Constantinople") and self.r.randrange(2)
        value = r.choice([0, 0, 1, 7]) if value is None else value
        return self.memory_of(init) + (push(r.choice(SALTS)) if two else b"") + push(len(init)) + push(0) + push(value) + (b"\xf5" if two else b"\xf0")

    def deploying(self, runtime):
        copy = push(len(runtime), 2) + push(13) + push(0) + b"\x39" + push(len(runtime), 2) + push(0) + b"\xf3"
        return copy.ljust(13, b"\0") + runtime

    def child(self):
        """Creates a contract and calls it once or twice: it destroys itself, or writes, or is random."""
        if self.depth > 2:
            return b""
        r = self.r
        heir = r.choice([b"\x30", b"\x33", b"\x32", b"\x41", push(r.choice(PRECOMPILES)), push(int.from_bytes(self.target(), "big"))])
        runtime = r.choice([heir + b"\xff", self.count() + heir + b"\xff", self.count() + b"\x00", self.nested(2)])[:300]
        init = r.choice([self.deploying(runtime), self.deploying(runtime), self.count() + heir + b"\xff", self.nested(3)[:400]])
        code = self.create_of(init)
        for _ in range(r.randrange(3)):
            gas = push(r.choice([30000, 60000]))
            code += push(0) * 4 + push(r.choice([0, 0, 1])) + b"\x85" + gas + b"\xf1" + self.store_top()
        if r.randrange(2):
            code += b"\x80" + r.choice([b"\x31", b"\x3b"] + ([b"\x3f"] if self.since("Constantinople") else [])) + self.store_top()
        return code + self.store_top()

    def limits(self):
        """Code and initcode about as long as they may be."""
        r = self.r
        if r.randrange(2):
            size = r.choice([0, 1, 24575, 24576, 24577, 32768, 49151, 49152, 49153, 65536, 65537])
            first = r.choice([b"", push(r.choice([0xEF, 0xFE, 0x60])) + push(0) + b"\x53"])
            init = first + push(size) + push(0) + b"\xf3"
            return self.create_of(init, 0) + self.store_top()
        size = r.choice([49120, 49151, 49152, 49153, 65536, 131072, 131073, 2**32, 2**64])
        two = self.since("Constantinople") and r.randrange(2)
        return (push(0) if two else b"") + push(size) + push(0) + push(r.choice([0, 1, 2**128])) + (b"\xf5" if two else b"\xf0") + self.store_top()

    def collide(self):
        init = self.r.choice(SMALL_INITS)
        return self.create_of(init, self.r.choice([0, 0, 1])) + self.store_top()

    # ---- what outlives a call ----

    def transients(self):
        if not self.since("Cancun"):
            return self.refunds()
        key = push(self.r.choice([0, 1, 2**256 - 1]))
        call = self.call_of(self.r.choice([b"\x30", self.account()]), inputs=push(self.r.randrange(40)) + push(0)) + b"\x50"
        return self.value() + key + b"\x5d" + (call if self.depth == 0 else b"") + key + b"\x5c" + self.store_top()

    def refunds(self):
        key, code = push(self.key()), b""
        for _ in range(self.r.randrange(1, 5)):
            code += push(self.r.choice([0, 0, 1, 5, word(self.r)])) + key + b"\x55"
        return code

    def ending(self):
        r, kind = self.r, self.r.randrange(12)
        if kind < 4:
            return super().ending()
        if kind == 4:
            return self.region() + b"\xf3"
        if kind == 5:
            return self.region() + b"\xfd"
        if kind == 6:
            return self.account() + b"\xff"
        if kind == 7:
            return bytes([0x60 + r.randrange(32)]) + noise(r, r.randrange(20))  # a PUSH that may be cut off
        if kind == 8:
            return bytes(r.choice([0x5B, 0x56, 0x57, 0x60, 0x60, 0x50, 0x80, 0x90, 0x01, r.randrange(256)]) for _ in range(r.randrange(1, 60)))
        if kind == 9:
            return lambda at: b"\x5b" + self.count() + push(at, 2) + b"\x56"  # until the gas is gone
        return b"\x00"

    def make(self, most):
        code = b""
        for _ in range(self.r.randrange(1, most + 1)):
            s = self.snippet()
            if callable(s):
                s = s(len(code))
            elif isinstance(s, tuple):
                start, body = s[1:]
                s = start + b"\x5b" + body + push(1) + b"\x90\x03\x80" + push(len(code) + len(start), 2) + b"\x57\x50"
            code += s
        end = self.ending()
        return code + (end(len(code)) if callable(end) else end)


# ---- contracts that are always there ----

def forwarder():
    """Calls the contract whose number is in the first two bytes of the call data with what is behind the third, and keeps what comes back."""
    everything = push(3) + b"\x36\x03" + push(3) + push(0) + b"\x37"  # CALLDATACOPY(0, 3, size - 3)
    number = push(1 << 240) + push(0) + b"\x35\x04"  # CALLDATALOAD(0) / 2^240
    call = push(128) + push(0x2000) + push(3) + b"\x36\x03" + push(0) + push(0) + number + push(400000) + b"\xf1" + push(0) + b"\x55"
    return everything + call + push(0x2000) + b"\x51" + push(1) + b"\x55" + push(128) + push(0x2000) + b"\x20" + push(2) + b"\x55"


def recursor(r, level):
    """Calls itself with all gas but a little, until that fails; counts the way back."""
    op = r.choice([0xF1, 0xF1, 0xF2] + ([0xF4] if level >= LEVEL["Homestead"] else []))
    call = push(0) * 4 + (push(r.choice([0, 1])) if op != 0xF4 else b"") + b"\x30" + push(r.choice([1000, 30000])) + b"\x5a\x03" + bytes([op])
    return call + push(1) + b"\x54\x01" + push(1) + b"\x55" + b"\x58" + push(0) + b"\x51\x50\x50"


@functools.cache
def places_of(creator):
    return [create_address(creator, n) for n in (0, 1, 2)] + [create2_address(creator, s, i) for s in SALTS for i in SMALL_INITS]


def fixed_contracts(r, fork):
    level = LEVEL[fork]
    alloc = {FORWARDER: {"balance": "0x5", "nonce": "0x1", "code": forwarder()},
             RECURSOR: {"balance": "0x64", "nonce": "0x1", "code": recursor(r, level)}}
    # Something already at places where contracts will be made: code, a nonce, a balance. Not storage alone (EIP-7610), of which geth 1.17.10
    # and revm 43 make something else than the specification.
    for creator in r.sample(CONTRACTS, 3):
        for place in r.sample(places_of(creator), 2):
            alloc[place] = dict(r.choice([{"balance": "0x1"}, {"balance": "0x0", "nonce": "0x1"}, {"balance": "0x0", "nonce": "0x1", "code": b"\x00"},
                                          {"balance": "0x1", "code": b"\x33\xff"}]))
    return alloc


__all__ = ["EdgeProgram", "FORWARDER", "RECURSOR", "fixed_contracts"]
