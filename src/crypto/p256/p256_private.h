/* The parts of P-256 verification: p256.c checks and prepares numbers and has the way through OpenSSL; p256_lanes.c does
 * the curve in vectors. */
#ifndef WEFT_CRYPTO_P256_P256_PRIVATE_H
#define WEFT_CRYPTO_P256_P256_PRIVATE_H

#include "crypto/crypto.h"
#include "crypto/signed_digits.h"
#include "crypto/simd/ifma.h"

enum { P256_LIMBS = 4 };

/* Numbers, lowest limb first: does u1·G + u2·(key_x, key_y) have one of `count` x coordinates? */
struct p256_question {
    struct signed_bits u2;
    int16_t u1[COMB_WINDOWS];
    uint64_t key_x[P256_LIMBS], key_y[P256_LIMBS]; /* on the curve */
    uint64_t candidate[2][P256_LIMBS];
    size_t count;
};

enum p256_answer {
    P256_YES,
    P256_NO,
    P256_UNDECIDED, /* the formulas met an exception: OpenSSL must decide */
};

/* Needs ifma_available(), as does p256_verify_lanes. */
enum p256_answer p256_ask(const struct p256_question *question);

/* p256_verify in lanes alone, and through OpenSSL: the twin. */
enum p256_answer p256_verify_lanes(const uint8_t input[160]);
bool p256_verify_plain(const uint8_t input[160]);

/* For the table of p256_lanes.c: x | y of factor·G, the factor being a scalar; and of eight points that nobody can
 * foresee, different in each process, whose sum is infinity. */
void p256_base_multiple(uint8_t out[64], const uint8_t factor[32]);
void p256_random_points(uint8_t out[8][64]);

#endif
