/* The reciprocal of a limb, v(d) = floor((B^2 - 1) / d) - B with B = 2^64, for d with its top bit set: what division
 * multiplies by. Twice: by multiplications, and by the processor's own division, which takes 90 cycles on processors
 * up to Skylake and Zen 2, but a third of the multiplications' time on newer ones. Tests compare the two. */
#ifndef WEFT_U256_RECIPROCAL_H
#define WEFT_U256_RECIPROCAL_H

#include "base/base.h"

typedef unsigned __int128 wide; /* two limbs, for products */

/* Newton from an 11-bit table value: algorithm 3 of the paper that division.c names. */
static ALWAYS_INLINE uint64_t reciprocal_newton(uint64_t d)
{
#define ROW(x) (uint16_t)(0x7fd00 / (0x100 + (x)))
#define ROW4(x) ROW(x), ROW((x) + 1), ROW((x) + 2), ROW((x) + 3)
#define ROW16(x) ROW4(x), ROW4((x) + 4), ROW4((x) + 8), ROW4((x) + 12)
#define ROW64(x) ROW16(x), ROW16((x) + 16), ROW16((x) + 32), ROW16((x) + 48)
    static const uint16_t table[256] = {ROW64(0), ROW64(64), ROW64(128), ROW64(192)};
#undef ROW64
#undef ROW16
#undef ROW4
#undef ROW
    uint64_t d40 = (d >> 24) + 1, d63 = (d >> 1) + (d & 1);
    uint64_t v0 = table[(d >> 55) - 256];
    uint64_t v1 = (v0 << 11) - ((v0 * v0 * d40) >> 40) - 1;
    uint64_t v2 = (v1 << 13) + ((v1 * (((uint64_t)1 << 60) - v1 * d40)) >> 47);
    uint64_t e = ((v2 >> 1) & ((uint64_t)0 - (d & 1))) - v2 * d63;
    uint64_t v3 = (v2 << 31) + (uint64_t)(((wide)v2 * e) >> 65);
    return v3 - (uint64_t)(((wide)v3 * d + d) >> 64) - d;
}

#if defined(__x86_64__)

/* (B^2 - 1) - d·B = (~d)·B + (B - 1) divided by d: the quotient fits, as ~d < d. */
static ALWAYS_INLINE uint64_t reciprocal_divide(uint64_t d)
{
    uint64_t quotient, remainder;
    __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "0"(UINT64_MAX), "1"(~d), "r"(d) : "cc");
    return quotient;
}

/* Processors with fast division, from Ice Lake and Zen 4 on, are those that have GFNI. */
static ALWAYS_INLINE uint64_t reciprocal_1(uint64_t d)
{
    return LIKELY(__builtin_cpu_supports("gfni")) ? reciprocal_divide(d) : reciprocal_newton(d);
}

#else

static ALWAYS_INLINE uint64_t reciprocal_divide(uint64_t d)
{
    return (uint64_t)((((wide)~d << 64) | UINT64_MAX) / d);
}

static ALWAYS_INLINE uint64_t reciprocal_1(uint64_t d)
{
    return reciprocal_newton(d);
}

#endif

#endif
