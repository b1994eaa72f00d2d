"""Inputs at the edges: words around powers of two, and for every precompiled contract inputs that are right, nearly right and wrong.

    word(r) ──► a number          precompile_input(r, number) ──► bytes
"""
from evmlib import N, sign

EDGES = sorted({(1 << n) + d for n in (0, 5, 6, 7, 8, 15, 16, 24, 31, 32, 33, 63, 64, 128, 160, 255) for d in (-33, -32, -31, -1, 0, 1, 31, 32)
                if (1 << n) + d >= 0} | {2**256 - n for n in (1, 2, 31, 32, 33, 64, 2**31, 2**32, 2**63, 2**64)})
SIZES = [0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 129, 191, 192, 212, 213, 214, 255, 256, 288, 383, 384, 385, 1024]


def word(r):
    kind = r.randrange(4)
    if kind < 2:
        return r.choice(EDGES)
    return r.randrange(66) if kind == 2 else r.getrandbits(r.choice([8, 32, 64, 128, 255, 256]))


def words(*numbers):
    return b"".join((n % 2**256).to_bytes(32, "big") for n in numbers)


def noise(r, size):
    kind = r.randrange(3)
    return bytes(size) if kind == 0 else b"\xff" * size if kind == 1 else r.getrandbits(8 * size + 1).to_bytes(size + 1, "big")[1:]


# ---- curves y^2 = x^3 + ax + b, points as pairs, None at infinity ----

BN_P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
BN_N = 21888242871839275222246405745257275088548364400416034343698204186575808495617
BN_G2 = (11559732032986387107991004021392285783925812861821192530917403151452391805634, 10857046999023057135944570762232829481370756359578518086990519993285655852781,
         4082367875863433681332203403145435568316851327593401208105741076214120093531, 8495653923123431417604973247489272438418190587263600148770280649306958101930)
BLS_P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
BLS_N = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
BLS_G1 = (0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
          0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1)
BLS_G2 = (0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
          0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
          0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
          0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE)
P256_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b, p, coefficient=0):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % p == 0:
            return None
        slope = (3 * a[0] * a[0] + coefficient) * pow(2 * a[1], -1, p)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p)
    x = (slope * slope - a[0] - b[0]) % p
    return x, (slope * (a[0] - x) - a[1]) % p


def multiply(k, point, p, coefficient=0):
    out = None
    while k:
        if k & 1:
            out = add(out, point, p, coefficient)
        point = add(point, point, p, coefficient)
        k >>= 1
    return out


def coordinate(r, p):
    return r.choice([0, 1, p - 1, p, p + 1, r.randrange(p), r.randrange(p)])


def scalar(r, n):
    return r.choice([0, 1, 2, 3, n - 1, n, n + 1, 2**256 - 1, r.getrandbits(256), r.getrandbits(128)])


def bn_g1(r):
    kind = r.randrange(12)
    if kind < 8:
        x, y = multiply(r.choice([1, 2, 3, BN_N - 1, r.randrange(1, 1000)]), (1, 2), BN_P)
        return words(x, BN_P - y if r.randrange(3) == 0 else y)
    return bytes(64) if kind < 10 else words(coordinate(r, BN_P), coordinate(r, BN_P))


def bn_g2(r):
    x1, x0, y1, y0 = BN_G2
    kind = r.randrange(10)
    if kind < 4:
        return words(x1, x0, y1, y0)
    if kind < 7:
        return words(x1, x0, BN_P - y1, BN_P - y0)
    return bytes(128) if kind < 9 else words(*(coordinate(r, BN_P) for _ in range(4)))


def field(n, padding=0):
    return padding.to_bytes(16, "big") + (n % 2**384).to_bytes(48, "big")


def bls_root(a):
    """A square root, or None."""
    y = pow(a, (BLS_P + 1) // 4, BLS_P)
    return y if y * y % BLS_P == a % BLS_P else None


def bls_g1(r):
    kind = r.randrange(12)
    if kind < 7:
        x, y = multiply(r.choice([1, 2, 3, BLS_N - 1, r.randrange(1, 1000)]), BLS_G1, BLS_P)
        return field(x, r.randrange(40) == 0) + field(y)
    if kind < 9:
        return bytes(128)
    if kind < 11:  # on the curve, hardly ever in the subgroup
        for x in range(r.randrange(1000), 3000):
            y = bls_root(x**3 + 4)
            if y is not None:
                return field(x) + field(y)
    return field(coordinate(r, BLS_P)) + field(coordinate(r, BLS_P))


def bls_g2(r):
    x0, x1, y0, y1 = BLS_G2
    kind = r.randrange(10)
    if kind < 4:
        return b"".join(map(field, (x0, x1, y0, y1)))
    if kind < 7:
        return b"".join(map(field, (x0, x1, BLS_P - y0, BLS_P - y1)))
    return bytes(256) if kind < 9 else b"".join(field(coordinate(r, BLS_P)) for _ in range(4))


# ---- by number ----

def ecrecover(r):
    digest = noise(r, 32)
    a, s, parity = sign(digest, r.choice([1, 2, 1001, N - 1]))
    kind = r.randrange(6)
    if kind == 0:
        s, parity = N - s, parity ^ 1
    if kind == 1:
        a, s = r.choice([(0, s), (N, s), (a, 0), (a, N), (a + N if a + N < 2**256 else 1, s), (1, 1), (N - 1, N - 1)])
    return digest + words(r.choice([27 + parity] * 6 + [28 - parity, parity, 29, 256 + 27 + parity, 2**255 + 27]), a, s)


def modexp(r):
    sizes = [r.choice([0, 0, 1, 2, 31, 32, 33, 64, 65, 96, 128, 200]) for _ in range(3)]
    said = list(sizes)
    if r.randrange(6) == 0:
        said[r.randrange(3)] = r.choice([1023, 1024, 1025, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64, 2**64 + 32, 2**256 - 1])
    modulus = noise(r, sizes[2])
    if sizes[2] and r.randrange(3) == 0:
        modulus = r.choice([1, 2, 3, 2**(8 * sizes[2] - 1), 0]).to_bytes(sizes[2], "big")
    exponent = r.choice([0, 1, 2, 3]).to_bytes(sizes[1], "big") if sizes[1] and r.randrange(3) == 0 else noise(r, sizes[1])
    return words(*said) + noise(r, sizes[0]) + exponent + modulus


def blake2(r):
    return r.choice([0, 1, 12, 1000, 2**32 - 1]).to_bytes(4, "big") + noise(r, 208) + bytes([r.choice([0, 1, 1, 2, 255])])


def kzg(r):
    """The polynomial 0 has the value 0 everywhere; or nonsense."""
    z = r.choice([0, 1, BLS_N - 1, BLS_N, r.randrange(BLS_N)])
    point = b"\xc0" + bytes(47)
    other = r.choice([point, point, point, bytes(48), bytes.fromhex("97") + BLS_G1[0].to_bytes(48, "big")[1:]])
    import hashlib
    version = b"\x01" + hashlib.sha256(point).digest()[1:]
    return r.choice([version, version, version, bytes(32)]) + words(z, r.choice([0, 0, 0, 1, BLS_N])) + point + other


def p256(r):
    key, digest, k = r.randrange(1, 1000), r.getrandbits(256), r.randrange(1, P256_N)
    x, y = multiply(key, P256_G, P256_P, -3)
    a = multiply(k, P256_G, P256_P, -3)[0] % P256_N
    s = pow(k, -1, P256_N) * (digest + a * key) % P256_N
    kind = r.randrange(6)
    if kind == 0:
        s = P256_N - s
    if kind == 1:
        a, s = r.choice([(0, s), (a, 0), (P256_N, s), (a, P256_N), (a, s + 1)])
    if kind == 2:
        x, y = r.choice([(0, 0), (x, P256_P - y), (x + P256_P, y), (x, y + 1), (P256_P, 0)])
    return words(digest, a, s, x, y)


def many(r, one, most=4):
    return b"".join(one(r) for _ in range(r.randrange(most + 1)))


MAKERS = {
    1: ecrecover, 5: modexp, 9: blake2, 10: kzg, 0x100: p256,
    6: lambda r: bn_g1(r) + bn_g1(r), 7: lambda r: bn_g1(r) + words(scalar(r, BN_N)), 8: lambda r: many(r, lambda r: bn_g1(r) + bn_g2(r)),
    11: lambda r: bls_g1(r) + bls_g1(r), 12: lambda r: many(r, lambda r: bls_g1(r) + words(scalar(r, BLS_N))),
    13: lambda r: bls_g2(r) + bls_g2(r), 14: lambda r: many(r, lambda r: bls_g2(r) + words(scalar(r, BLS_N))),
    15: lambda r: many(r, lambda r: bls_g1(r) + bls_g2(r)),
    16: lambda r: field(coordinate(r, BLS_P), r.randrange(20) == 0), 17: lambda r: field(coordinate(r, BLS_P)) + field(coordinate(r, BLS_P)),
}
PRECOMPILES = list(range(1, 18)) + [0x100]


def precompile_input(r, number):
    data = MAKERS.get(number, lambda r: noise(r, r.choice(SIZES)))(r)
    kind = r.randrange(12)
    if kind == 0:
        return data[:max(0, len(data) - r.choice([1, 32]))]
    if kind == 1:
        return data + noise(r, r.choice([1, 31, 32]))
    return noise(r, r.choice(SIZES)) if kind == 2 else data
