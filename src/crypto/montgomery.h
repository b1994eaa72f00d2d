/* Montgomery's multiplication in 64-bit limbs, unrolled for small counts of limbs. */
#ifndef WEFT_MONTGOMERY_H
#define WEFT_MONTGOMERY_H

#include "base/base.h"

enum { MONTGOMERY_LIMBS_MAX = 6 };

/* out = a·b/R mod m, with R = 2^(64·n) and m odd; a, b and out are below m, limbs lowest first, and out may be a or b. `n` is a constant
 * wherever this is inlined, at most MONTGOMERY_LIMBS_MAX; k is -1/m mod 2^64. */
static ALWAYS_INLINE void montgomery_multiply(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m,
                                              uint64_t k, const size_t n)
{
    uint64_t t[MONTGOMERY_LIMBS_MAX + 1] = {0};
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++) {
        unsigned __int128 low = 0, high = 0; /* running sums of a·b[i] and of q·m */
        low = (unsigned __int128)a[0] * b[i] + t[0];
        uint64_t q = (uint64_t)low * k;
        high = (unsigned __int128)q * m[0] + (uint64_t)low;
#pragma GCC unroll 6
        for (size_t j = 1; j < n; j++) {
            low = (unsigned __int128)a[j] * b[i] + t[j] + (uint64_t)(low >> 64);
            high = (unsigned __int128)q * m[j] + (uint64_t)low + (uint64_t)(high >> 64);
            t[j - 1] = (uint64_t)high;
        }
        unsigned __int128 top = (unsigned __int128)(uint64_t)(low >> 64) + (uint64_t)(high >> 64) + t[n];
        t[n - 1] = (uint64_t)top;
        t[n] = (uint64_t)(top >> 64);
    }
    uint64_t reduced[MONTGOMERY_LIMBS_MAX], borrow = 0;
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++) {
        unsigned __int128 d = (unsigned __int128)t[i] - m[i] - borrow;
        reduced[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    bool keep = t[n] < borrow;
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++)
        out[i] = keep ? t[i] : reduced[i];
}

#endif
