/* What precompile.c takes from the other files of this folder: the decoding of modexp, and the discount tables. */
#ifndef WEFT_PRECOMPILE_PRIVATE_H
#define WEFT_PRECOMPILE_PRIVATE_H

#include "base/base.h"
#include "fork/precompile_rules.h"

/* A modexp call whose sizes are known to fit. */
struct modexp_call {
    uint64_t gas;
    size_t base_size, exponent_size, modulus_size; /* bytes */
    struct bytes numbers; /* base | exponent | modulus; shorter than their sizes say when the input ends early */
};

/* Reads the three size words and prices the call. False when a size breaks the fork's bound or the price exceeds every
 * possible gas: such a call fails whatever its gas. When the price can be paid, all sizes are below 2^32. */
bool modexp_decode(struct modexp_call *out, const struct fork_precompile *rules, struct bytes input);

/* EIP-2537: thousandths of the full price that each of 1, 2, ... 128 terms costs; more terms cost as the last. */
enum { BLS_DISCOUNTS = 128 };
extern const uint16_t bls_g1_discounts[BLS_DISCOUNTS];
extern const uint16_t bls_g2_discounts[BLS_DISCOUNTS];

#endif
