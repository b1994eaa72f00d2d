"""What tests need of Ethereum in plain Python: keccak-256, RLP, secp256k1 signatures, addresses. Slow and simple."""

# ---- keccak-256 ----

ROUNDS = [
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]
ROTATIONS = [
    [0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61], [28, 55, 25, 21, 56], [27, 20, 39, 8, 14],
]
MASK = (1 << 64) - 1


def rotate(x, n):
    return ((x << n) | (x >> (64 - n))) & MASK if n else x


def permute(a):
    for constant in ROUNDS:
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = rotate(a[x][y] ^ d[x], ROTATIONS[x][y])
        a = [[b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y] & MASK) for y in range(5)] for x in range(5)]
        a[0][0] ^= constant
    return a


def keccak(data):
    rate = 136
    data = data + b"\x01" + b"\x00" * (-(len(data) + 1) % rate)
    data = data[:-1] + bytes([data[-1] | 0x80])
    a = [[0] * 5 for _ in range(5)]
    for at in range(0, len(data), rate):
        for i in range(rate // 8):
            a[i % 5][i // 5] ^= int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little")
        a = permute(a)
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


# ---- RLP ----

def number_bytes(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def rlp(item):
    """Encodes bytes, numbers and lists of them."""
    if isinstance(item, int):
        item = number_bytes(item)
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return rlp_header(len(item), 0x80) + item
    inside = b"".join(rlp(x) for x in item)
    return rlp_header(len(inside), 0xC0) + inside


def rlp_header(size, base):
    if size <= 55:
        return bytes([base + size])
    length = number_bytes(size)
    return bytes([base + 55 + len(length)]) + length


def rlp_items(data):
    """The encoded items inside an encoded list."""
    at, end = rlp_inside(data, 0)
    items = []
    while at < end:
        _, stop = rlp_inside(data, at)
        items.append(data[at:stop])
        at = stop
    return items


def rlp_inside(data, at):
    """Where the payload of the item at `at` begins and ends."""
    first = data[at]
    if first < 0x80:
        return at, at + 1
    base = 0xC0 if first >= 0xC0 else 0x80
    size = first - base
    if size <= 55:
        return at + 1, at + 1 + size
    n = size - 55
    size = int.from_bytes(data[at + 1:at + 1 + n], "big")
    return at + 1 + n, at + 1 + n + size


# ---- secp256k1 ----

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def point_add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def point_mul(k, point=G):
    out = None
    while k:
        if k & 1:
            out = point_add(out, point)
        point = point_add(point, point)
        k >>= 1
    return out


def sign(digest, key):
    """r, s, y parity; the nonce is a hash, which is good enough for tests."""
    z = int.from_bytes(digest, "big")
    k = int.from_bytes(keccak(digest + key.to_bytes(32, "big")), "big") % N
    x, y = point_mul(k)
    r, parity = x % N, y & 1
    s = pow(k, -1, N) * (z + r * key) % N
    if s > N // 2:
        s, parity = N - s, parity ^ 1
    return r, s, parity


def address_of_key(key):
    x, y = point_mul(key)
    return keccak(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:]


def create_address(sender, nonce):
    return keccak(rlp([sender, nonce]))[12:]


def create2_address(sender, salt, initcode):
    return keccak(b"\xff" + sender + salt.to_bytes(32, "big") + keccak(initcode))[12:]


def sign_authorization(key, chain_id, address, nonce):
    """An EIP-7702 authorization as JSON."""
    r, s, parity = sign(keccak(b"\x05" + rlp([chain_id, address, nonce])), key)
    return {"chainId": hex(chain_id), "address": "0x" + address.hex(), "nonce": hex(nonce), "v": hex(parity),
            "yParity": hex(parity), "r": hex(r), "s": hex(s)}
