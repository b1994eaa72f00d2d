/* What precompile.c takes from the other files of this folder: the decoding of modexp, the discount tables, and what is
 * remembered. */
#ifndef WEFT_PRECOMPILE_PRIVATE_H
#define WEFT_PRECOMPILE_PRIVATE_H

#include "precompile/precompile.h"

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

/* What came of a call. Whether it could be paid is not part of it. */
struct precompile_memo_entry {
    uint64_t hash;
    unsigned id;
    bool ok;
    struct bytes input, output;
};
/* NULL: not remembered. `hash` is hash_of_bytes(id, input). Any thread. */
const struct precompile_memo_entry *precompile_memo_find(struct precompile_memo *m, uint64_t hash, unsigned id,
                                                         struct bytes input);
/* Copies input and output into `memory`, if there is room. Any thread, with its own memory. */
void precompile_memo_keep(struct precompile_memo *m, uint64_t hash, unsigned id, struct bytes input, bool ok,
                          struct bytes output, struct precompile_memory *memory);

#endif
