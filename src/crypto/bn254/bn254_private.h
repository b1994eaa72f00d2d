/* Between bn254.c, bn254_subgroup.c, bn254_vector.c and their tests. */
#ifndef WEFT_CRYPTO_BN254_BN254_PRIVATE_H
#define WEFT_CRYPTO_BN254_BN254_PRIVATE_H

#include "crypto/simd/ifma.h"

#include <mcl/bn.h>

/* Makes mcl ready; to be called before any of it is used. Any thread, any number of times. */
void bn254_start(void);

/* Whether a point of the twist (checked to be on it, or infinity) lies in the subgroup of prime order. */
bool bn254_in_subgroup(const mclBnG2 *p);

/* A product of pairings in vectors (AVX-512 IFMA); need ifma_available() and bn254_start(). The twin is mcl. */
enum { BN254_LANES = 8 };
struct bn254_product {
    _Alignas(64) int64_t limbs[2][5][8]; /* before the final exponentiation */
};
void bn254_product_start(struct bn254_product *product);
/* Multiplies by the pairings of up to BN254_LANES pairs, 192 bytes each as bn254_pairing has them, of finite points
 * that are known to be on their curves. False when a point of G2 is not in the subgroup; the product is then what it
 * was. */
bool bn254_product_multiply(struct bn254_product *product, const uint8_t *const pairs[], size_t count);
bool bn254_product_is_one(const struct bn254_product *product);
/* bn254_pairing on mcl alone. */
bool bn254_pairing_plain(bool *is_one, const uint8_t *in, size_t pairs);

#endif
