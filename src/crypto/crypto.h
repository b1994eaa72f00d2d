/* crypto: hashes and curves, each exactly as the EVM wants it.
 *
 * Three groups, in the order of this header:
 *
 *   hashes      keccak-256 (one, fixed sizes, many at once), sha-256, ripemd-160, the blake2b compression
 *   signatures  secp256k1 recovery and signing, P-256 verification
 *   precompile  modexp, bn254, bls12-381, the KZG point evaluation: wire format in, wire format out
 *
 * Untrusted bytes go in, and every check that the EVM prescribes (range, on the curve, in the subgroup) is made inside.
 * A function that can refuse its input returns false and then leaves its output undefined. Nothing here allocates where
 * it is not said, and nothing keeps state besides tables that are made once.
 *
 * Where the processor offers more (AVX2, AVX-512, SHA), the variant is chosen at run time, once; a plain twin always
 * exists and tests compare the two. Curves and big numbers come from blst, mcl, libsecp256k1, OpenSSL and GMP
 * (docs/decisions/0002-crypto-libraries.md); pairings, sums of multiples, recoveries and P-256 have a way of their
 * own where the processor has AVX-512 IFMA.
 *
 * Threads: every function may be called from any thread at any time. */
#ifndef WEFT_CRYPTO_H
#define WEFT_CRYPTO_H

#include "base/base.h"

/* ---- keccak-256 ---------------------------------------------------------------------------------------------- */

/* keccak-256 of no bytes (the code hash of an account without code), and of the RLP of the empty string, 0x80 (the root
 * of an empty trie). */
extern const struct hash keccak_empty;
extern const struct hash keccak_empty_trie;

/* Writes keccak-256 of `size` bytes at `data` to *out. `data` may be NULL when size is 0, and may overlap *out. */
void keccak256(struct hash *out, const void *data, size_t size);

/* The same for exactly 32 and 64 bytes: keys of the secure trie, and slots of mappings. Faster, as nothing is
 * buffered. */
void keccak256_32(struct hash *out, const uint8_t data[32]);
void keccak256_64(struct hash *out, const uint8_t data[64]);

/* keccak-256 of borrowed bytes, by value. */
static inline struct hash keccak256_bytes(struct bytes b)
{
    struct hash h;
    keccak256(&h, b.data, b.size);
    return h;
}

/* out[i] = keccak-256 of in[i], for 0 <= i < count. Up to eight messages share one vector permutation; messages of
 * about the same size next to each other cost least (four times less than one by one), but any mix is right. `out` must
 * not overlap inputs. */
void keccak256_many(struct hash *out, const struct bytes *in, size_t count);

/* ---- other hashes --------------------------------------------------------------------------------------------- */

/* SHA-256 (FIPS 180-4) and RIPEMD-160 of `size` bytes. */
void sha256(struct hash *out, const void *data, size_t size);
void ripemd160(uint8_t out[20], const void *data, size_t size);

/* The compression function F of BLAKE2b (RFC 7693, EIP-152): `rounds` rounds over state h with message m, offset
 * counter t, and the last-block flag. Words are in host order. Costs time in proportion to `rounds`, all 2^32 of
 * them. */
void blake2f(uint64_t h[8], const uint64_t m[16], const uint64_t t[2], bool last, uint32_t rounds);

/* ---- secp256k1 ------------------------------------------------------------------------------------------------ */

/* An ECDSA signature with its recovery id: bit 0 is the parity of R's y, bit 1 says that R's x was not reduced (x = r +
 * n). */
struct secp256k1_signature {
    uint8_t r[32], s[32]; /* big-endian */
    uint8_t recovery_id;  /* 0..3 */
};

/* Finds the address whose key made *signature over *digest. False when r or s is 0 or not below n, when no such key
 * exists, or when recovery_id is above 3. High s is accepted: the low-s rule (EIP-2) is the caller's. */
bool secp256k1_recover(struct address *out, const struct hash *digest, const struct secp256k1_signature *signature);

/* secp256k1_recover for `count` signatures; ok[i] tells whether out[i] was found. */
void secp256k1_recover_many(struct address *out, bool *ok, const struct hash *digest,
                            const struct secp256k1_signature *signature, size_t count);

/* Signs *digest deterministically (RFC 6979, low s), for tests and tools. False when `secret` is 0 or not below n.
 * Not hardened: do not use for keys of value. */
bool secp256k1_sign(struct secp256k1_signature *out, const struct hash *digest, const uint8_t secret[32]);

/* The address of a secret key. False when `secret` is 0 or not below n. */
bool secp256k1_address_of_secret(struct address *out, const uint8_t secret[32]);

/* ---- P-256 ---------------------------------------------------------------------------------------------------- */

/* Verifies an ECDSA signature over P-256 (EIP-7951). `input` is digest | r | s | x | y, 32 bytes each, big-endian.
 * False for a wrong signature, and for r, s, x, y out of range or a point off the curve or at infinity. */
bool p256_verify(const uint8_t input[160]);

/* ---- modexp --------------------------------------------------------------------------------------------------- */

/* out = base^exponent mod modulus, big-endian, modulus.size bytes (EIP-198). 0^0 is 1; a modulus of 0 gives 0. The
 * caller bounds the sizes by gas before. Uses GMP, which allocates for numbers of some kilobytes. `out` must not
 * overlap the inputs. */
void modexp(uint8_t *out, struct bytes base, struct bytes exponent, struct bytes modulus);

/* ---- bn254 (alt_bn128), EIP-196 and EIP-197 ---------------------------------------------------------------------
 *
 * A G1 point is x | y, 32 bytes each, big-endian; infinity is all zeros. A G2 point is x1 | x0 | y1 | y0 (imaginary
 * part first). Coordinates must be below the field's prime; G2 points must lie in the subgroup. */

/* out = in[0..64) + in[64..128). */
bool bn254_add(uint8_t out[64], const uint8_t in[128]);
/* out = in[0..64) multiplied by the 256-bit scalar in[64..96), which need not be reduced. */
bool bn254_mul(uint8_t out[64], const uint8_t in[96]);
/* *is_one tells whether the product of the pairings of `pairs` pairs (G1 | G2, 192 bytes each) is one. */
bool bn254_pairing(bool *is_one, const uint8_t *in, size_t pairs);

/* ---- bls12-381, EIP-2537 ---------------------------------------------------------------------------------------
 *
 * A field element has 64 bytes, big-endian, the first 16 zero. G1 is x | y (128 bytes); G2 is x0 | x1 | y0 | y1 (256
 * bytes, real part first); infinity is all zeros. Additions check the curve alone; multiplications and pairings check
 * the subgroup too. */

enum {
    BLS_FP_SIZE = 64,
    BLS_G1_SIZE = 128,
    BLS_G2_SIZE = 256,
    BLS_SCALAR_SIZE = 32,
    BLS_G1_TERM_SIZE = BLS_G1_SIZE + BLS_SCALAR_SIZE,
    BLS_G2_TERM_SIZE = BLS_G2_SIZE + BLS_SCALAR_SIZE,
    BLS_PAIR_SIZE = BLS_G1_SIZE + BLS_G2_SIZE,
};

bool bls_g1_add(uint8_t out[BLS_G1_SIZE], const uint8_t in[2 * BLS_G1_SIZE]);
bool bls_g2_add(uint8_t out[BLS_G2_SIZE], const uint8_t in[2 * BLS_G2_SIZE]);
/* out = the sum of `count` (at least 1) points, each multiplied by the 256-bit scalar behind it. Memory is taken from
 * `scratch` and given back before returning. */
bool bls_g1_msm(uint8_t out[BLS_G1_SIZE], const uint8_t *in, size_t count, struct arena *scratch);
bool bls_g2_msm(uint8_t out[BLS_G2_SIZE], const uint8_t *in, size_t count, struct arena *scratch);
/* *is_one tells whether the product of the pairings of `pairs` pairs (G1 | G2) is one. */
bool bls_pairing(bool *is_one, const uint8_t *in, size_t pairs);
bool bls_map_fp_to_g1(uint8_t out[BLS_G1_SIZE], const uint8_t in[BLS_FP_SIZE]);
bool bls_map_fp2_to_g2(uint8_t out[BLS_G2_SIZE], const uint8_t in[2 * BLS_FP_SIZE]);

/* ---- KZG, EIP-4844 --------------------------------------------------------------------------------------------- */

/* Verifies that the polynomial behind `commitment` takes the value y at z, against the public ceremony's setup. z and y
 * are big-endian and must be below the order of the scalar field; commitment and proof are compressed G1 points.
 * Memory is taken from `scratch` and given back before returning. */
bool kzg_verify_proof(const uint8_t commitment[48], const uint8_t z[32], const uint8_t y[32], const uint8_t proof[48],
                      struct arena *scratch);

#endif
