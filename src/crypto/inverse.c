/* Inverses modulo 256-bit primes, by GMP's extended greatest common divisor. */
#include "crypto/inverse.h"

#include <gmp.h>

void inverse_256(uint64_t out[INVERSE_LIMBS], const uint64_t a[INVERSE_LIMBS], const uint64_t m[INVERSE_LIMBS])
{
    /* mpn_gcdext gives the factor of its first argument, which must not be the smaller: a + m stands for a. */
    enum { LIMBS = INVERSE_LIMBS };
    uint64_t u[LIMBS + 2], v[LIMBS + 1], gcd[LIMBS + 1], factor[LIMBS + 1] = {0};
    mp_size_t size = 0;
    u[LIMBS] = mpn_add_n(u, m, a, LIMBS);
    memcpy(v, m, LIMBS * sizeof m[0]);
    mp_size_t gcd_size = mpn_gcdext(gcd, factor, &size, u, LIMBS + (u[LIMBS] != 0), v, LIMBS);
    ASSERT(gcd_size == 1 && gcd[0] == 1);
    memset(out, 0, LIMBS * sizeof out[0]);
    mp_size_t used = size < 0 ? -size : size;
    memcpy(out, factor, (size_t)used * 8);
    if (size < 0) mpn_sub_n(out, m, out, LIMBS);
}
