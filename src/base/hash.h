/* hash: keyed hashes, for every table whose keys come from outside.
 *
 * Anybody can read this source and choose addresses, slots, codes and inputs, so what a table costs must rest on the
 * secret alone: `hash_key`, random words from the kernel, made once per process and never shown. Hashes must not leave
 * the process either: not into files, results or messages.
 *
 * Keys of fixed size: NH, then a folded multiply.
 *
 *     words w0..w3, a tweak     n = (w0 + k0) * (w1 + k1) + (w2 + k2) * (w3 + k3) + tweak * k8        mod 2^128
 *     hash                      hash_mix(low(n) ^ k4, high(n) ^ k5)
 *
 *   NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999, theorem 1) is proven: for any two different inputs and
 *   any c, n - n' = c holds for at most 2^-64 of all keys. So no choice of keys makes two of them collide in n; nor do
 *   two tweaks, as tweak * k8 does not wrap around.
 *   The folded multiply then spreads n over all bits. Its operands are blinded by two secrets, so that nobody knows a
 *   value for which a factor is 0 (or all ones, or a power of two): the weakness of such hashes where one operand is
 *   blinded by a constant. That all of its bits spread evenly is not proven; hash_test.c measures it on keys of the
 *   shapes that break weaker hashes. All input has passed one multiply before: what only meets the last one comes out as
 *   multiples of a number, which for some numbers lie in heaps.
 *
 * Bytes of any size: a chain of folded multiplies, 16 bytes each, whose first operand carries the secret state of the
 * chain and whose second is blinded by a secret word.
 *
 * The test of the whole is that a table with n chosen keys takes about n steps: tests/cost. */
#ifndef WEFT_BASE_HASH_H
#define WEFT_BASE_HASH_H

#include "base/base.h"

/* The secret; filled before main, or when the library is loaded. Read-only afterwards. */
enum { HASH_KEY_WORDS = 12 };
extern uint64_t hash_key[HASH_KEY_WORDS];

static ALWAYS_INLINE uint64_t hash_finish(unsigned __int128 n)
{
    return hash_mix((uint64_t)n ^ hash_key[4], (uint64_t)(n >> 64) ^ hash_key[5]);
}

/* Four words; `tweak` tells apart tables, or owners of keys, within one table. */
static ALWAYS_INLINE uint64_t hash_words(uint64_t tweak, const uint64_t w[4])
{
    unsigned __int128 n = (unsigned __int128)(w[0] + hash_key[0]) * (w[1] + hash_key[1]);
    n += (unsigned __int128)(w[2] + hash_key[2]) * (w[3] + hash_key[3]);
    return hash_finish(n + (unsigned __int128)tweak * hash_key[8]);
}

/* Two words. */
static ALWAYS_INLINE uint64_t hash_pair(uint64_t a, uint64_t b)
{
    return hash_finish((unsigned __int128)(a + hash_key[6]) * (b + hash_key[7]));
}

static ALWAYS_INLINE uint64_t hash_of_hash(uint64_t tweak, const struct hash *h)
{
    uint64_t w[4];
    memcpy(w, h->b, sizeof w);
    return hash_words(tweak, w);
}

static ALWAYS_INLINE uint64_t hash_of_address(const struct address *a)
{
    uint64_t w0, w1;
    uint32_t w2;
    memcpy(&w0, a->b, 8);
    memcpy(&w1, a->b + 8, 8);
    memcpy(&w2, a->b + 16, 4);
    unsigned __int128 n = (unsigned __int128)(w0 + hash_key[6]) * (w1 + hash_key[7]);
    return hash_finish(n + (unsigned __int128)w2 * hash_key[9]);
}

/* Bytes of any size; `tweak` as above. */
uint64_t hash_of_bytes(uint64_t tweak, struct bytes bytes);

#endif
