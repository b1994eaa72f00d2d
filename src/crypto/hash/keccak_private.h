/* The variants of the Keccak permutation, for keccak.c and for the test that compares them. */
#ifndef WEFT_CRYPTO_HASH_KECCAK_PRIVATE_H
#define WEFT_CRYPTO_HASH_KECCAK_PRIVATE_H

#include "base/base.h"

/* Bytes absorbed by one permutation of keccak-256, and the same in words. */
enum { KECCAK_RATE = 136, KECCAK_RATE_WORDS = KECCAK_RATE / 8 };

/* The permutation over one state; `plain` runs everywhere, `bmi` needs keccak_has_bmi(). */
void keccak_permute_plain(uint64_t state[25]);
void keccak_permute_bmi(uint64_t state[25]);
bool keccak_has_bmi(void);

/* Several independent states at once, word i of state k at state[i * lanes + k]. `state` is aligned to 64 bytes. */
struct keccak_lanes {
    unsigned lanes; /* 4 or 8 */
    void (*permute)(uint64_t *state);
    const char *name;
};
/* The best variant on this processor for at most `wanted` messages, or NULL: one by one is best. */
const struct keccak_lanes *keccak_lanes_for(size_t wanted);
/* Every variant that this processor can run, for tests: the i-th, or NULL. */
const struct keccak_lanes *keccak_lanes_variant(unsigned i);

/* keccak256_many through one given variant. */
void keccak256_many_with(const struct keccak_lanes *variant, struct hash *out, const struct bytes *in, size_t count);

#endif
