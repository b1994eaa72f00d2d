/* The parts of secp256k1's recovery: secp256k1.c chooses, secp256k1_scalar.c prepares numbers modulo the order; the
 * curve is done in secp256k1_many.c for eight signatures side by side and in secp256k1_one.c for one alone, both with
 * the points of secp256k1_point8.h on the field of secp256k1_field8.h. */
#ifndef WEFT_CRYPTO_SECP256K1_SECP256K1_PRIVATE_H
#define WEFT_CRYPTO_SECP256K1_SECP256K1_PRIVATE_H

#include "crypto/crypto.h"
#include "crypto/signed_digits.h"
#include "crypto/simd/ifma.h"

/* Signatures that go through the curve together in one vector, and most groups of them that share inversions. */
enum { SECP256K1_LANES = 8, SECP256K1_GROUPS_MAX = 8, SECP256K1_CHUNK = SECP256K1_LANES * SECP256K1_GROUPS_MAX };

/* A scalar k is split into two halves, k = k1 + k2·lambda, of 129 bits with sign. Those of the recovered point R are
 * written as 26 signed digits of 5 bits, those of the generator G as 13 of 10 bits. */
enum {
    SECP256K1_POINT_BITS = 5,
    SECP256K1_POINT_DIGITS = 26,
    SECP256K1_POINT_MULTIPLES = 1 << (SECP256K1_POINT_BITS - 1),
    SECP256K1_BASE_BITS = 2 * SECP256K1_POINT_BITS,
    SECP256K1_BASE_DIGITS = SECP256K1_POINT_DIGITS / 2,
    SECP256K1_BASE_MULTIPLES = 1 << (SECP256K1_BASE_BITS - 1),
};

/* The digits of one group, lowest first; [half][digit][lane], between -2^(bits - 1) and 2^(bits - 1). */
struct secp256k1_digits {
    int16_t point[2][SECP256K1_POINT_DIGITS][SECP256K1_LANES];
    int16_t base[2][SECP256K1_BASE_DIGITS][SECP256K1_LANES];
};

/* Whether 0 < big-endian x < the order of the group. */
bool secp256k1_is_scalar(const uint8_t x[32]);

/* For each of `count` signatures, r and s being scalars: the key is (s/r)·R - (digest/r)·G, and both factors are
 * written as digits, signature i into group i / 8, lane i % 8. */
void secp256k1_prepare(struct secp256k1_digits *out, const struct hash *digest,
                       const struct secp256k1_signature *signature, size_t count);

/* Recovers up to SECP256K1_CHUNK signatures with recovery id 0 or 1 whose r and s are scalars: ok[i] true and key[i] =
 * x | y of the key, or ok[i] false: there is no key, or the formulas met one of their rare exceptions, and
 * secp256k1_recover must decide. Needs ifma_available(). */
void secp256k1_recover_keys(uint8_t key[][64], bool *ok, const struct hash *digest,
                            const struct secp256k1_signature *signature, size_t count);

/* ---- one signature ----------------------------------------------------------------------------------------------- */

enum { SECP256K1_CHAIN = 129 }; /* multiples R, 2R, 4R, ... 2^128·R that a half of a factor may use */

/* What becomes of R and G: the factor of R in two halves below 2^128, and that of G. */
struct secp256k1_plan {
    struct signed_bits point[2];
    int16_t base[COMB_WINDOWS];
};

void secp256k1_prepare_one(struct secp256k1_plan *out, const struct hash *digest,
                           const struct secp256k1_signature *signature);

enum secp256k1_answer {
    SECP256K1_FOUND,
    SECP256K1_NO_KEY,
    SECP256K1_UNDECIDED, /* the formulas met an exception: the library must decide */
};

/* Recovers one signature whose r and s are scalars and whose recovery id is at most 3; key = x | y when found. Needs
 * ifma_available(). */
enum secp256k1_answer secp256k1_recover_key(uint8_t key[64], const struct hash *digest,
                                            const struct secp256k1_signature *signature);

/* secp256k1_recover through the library: the twin. */
bool secp256k1_recover_plain(struct address *out, const struct hash *digest,
                             const struct secp256k1_signature *signature);

/* ---- the library ------------------------------------------------------------------------------------------------- */

/* x | y of factor·G; the factor is a scalar. */
void secp256k1_base_multiple(uint8_t out[64], const uint8_t factor[32]);

/* x | y of eight points that nobody can foresee, different in each process, and whose sum is infinity. */
void secp256k1_random_points(uint8_t out[SECP256K1_LANES][64]);

#endif
