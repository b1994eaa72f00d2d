/* Montgomery's multiplication in 64-bit limbs, unrolled for small counts of limbs. */
#ifndef WEFT_MONTGOMERY_H
#define WEFT_MONTGOMERY_H

#include "base/base.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { MONTGOMERY_LIMBS_MAX = 6 };

/* *sum = a + b + carry; returns the carry. Written so that compilers keep it in the processor's flag. */
static ALWAYS_INLINE unsigned char montgomery_carry(unsigned char carry, uint64_t a, uint64_t b, uint64_t *sum)
{
#if defined(__x86_64__)
    unsigned long long s;
    carry = _addcarry_u64(carry, a, b, &s);
    *sum = s;
    return carry;
#else
    unsigned __int128 s = (unsigned __int128)a + b + carry;
    *sum = (uint64_t)s;
    return (unsigned char)(s >> 64);
#endif
}

/* t (n + 2 limbs) += a·b. The product is finished before it is added: two chains of carries, neither waiting for the
 * other's flag. */
static ALWAYS_INLINE void montgomery_row(uint64_t *t, const uint64_t *a, uint64_t b, const size_t n)
{
    uint64_t low[MONTGOMERY_LIMBS_MAX + 1], high[MONTGOMERY_LIMBS_MAX];
    unsigned char carry = 0;
#pragma GCC unroll 6
    for (size_t j = 0; j < n; j++) {
        unsigned __int128 p = (unsigned __int128)a[j] * b;
        low[j] = (uint64_t)p;
        high[j] = (uint64_t)(p >> 64);
    }
#pragma GCC unroll 6
    for (size_t j = 1; j < n; j++) carry = montgomery_carry(carry, low[j], high[j - 1], &low[j]);
    low[n] = high[n - 1] + carry;
    carry = 0;
#pragma GCC unroll 6
    for (size_t j = 0; j < n; j++) carry = montgomery_carry(carry, t[j], low[j], &t[j]);
    carry = montgomery_carry(carry, t[n], low[n], &t[n]);
    t[n + 1] += carry;
}

/* out = a·b/R mod m, with R = 2^(64·n) and m odd; a, b and out are below m, limbs lowest first, and out may be a or b.
 * `n` is a constant wherever this is inlined, at most MONTGOMERY_LIMBS_MAX; k is -1/m mod 2^64. */
static ALWAYS_INLINE void montgomery_multiply(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m,
                                              uint64_t k, const size_t n)
{
    /* Row i is added at limb i, where the second product makes a zero: the result is what stands above limb n. */
    uint64_t t[2 * MONTGOMERY_LIMBS_MAX + 2] = {0}, reduced[MONTGOMERY_LIMBS_MAX];
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++) {
        montgomery_row(t + i, a, b[i], n);
        montgomery_row(t + i, m, t[i] * k, n);
    }
    unsigned char carry = 1; /* t - m is t + ~m + 1 */
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++) carry = montgomery_carry(carry, t[n + i], ~m[i], &reduced[i]);
    uint64_t keep = (uint64_t)0 - (uint64_t)((t[2 * n] | carry) == 0); /* t was below m */
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++) out[i] = (t[n + i] & keep) | (reduced[i] & ~keep);
}

#endif
