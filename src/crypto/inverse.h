/* Inverses modulo 256-bit primes. */
#ifndef WEFT_INVERSE_H
#define WEFT_INVERSE_H

#include "base/base.h"

enum { INVERSE_LIMBS = 4 };

/* out = 1/a mod m, for 0 < a < m and an m that is prime and above 2^255; limbs lowest first. The time depends on a. out
 * may be a. */
void inverse_256(uint64_t out[INVERSE_LIMBS], const uint64_t a[INVERSE_LIMBS], const uint64_t m[INVERSE_LIMBS]);

#endif
