/* Powers modulo small odd numbers: Montgomery's multiplication in 64-bit limbs.
 *
 * A number x is kept as x·R mod m with R = 2^(64·count). The product of two such, divided by R, is again such a number,
 * and dividing by R is cheap: multiples of m make the lowest limb zero, then it is dropped. Everything is unrolled for
 * each count of limbs, which is what GMP, made for all sizes, cannot do. */
#include "crypto/modexp/modexp_private.h"
#include "crypto/montgomery.h"

#include <gmp.h>

/* x = x^exponent, in Montgomery's form. */
static ALWAYS_INLINE void power(uint64_t *x, struct bytes exponent, const uint64_t *m, const size_t n)
{
    uint64_t k = modexp_negative_inverse(m[0]), odd_powers[MODEXP_TABLE_MAX][MODEXP_ODD_LIMBS_MAX],
             y[MODEXP_ODD_LIMBS_MAX];
    struct exponent_walk walk = {exponent, exponent_bits(exponent), exponent_window(exponent)};
    memcpy(odd_powers[0], x, n * 8);
    if (walk.width > 1) {
        montgomery_multiply(y, x, x, m, k, n);
        for (size_t i = 1; i < (size_t)1 << (walk.width - 1); i++)
            montgomery_multiply(odd_powers[i], odd_powers[i - 1], y, m, k, n);
    }
    size_t squarings;
    unsigned odd;
    exponent_next(&walk, &squarings, &odd);
    memcpy(y, odd_powers[odd / 2], n * 8);
    while (exponent_next(&walk, &squarings, &odd)) {
        for (; squarings > 0; squarings--) montgomery_multiply(y, y, y, m, k, n);
        if (odd != 0) montgomery_multiply(y, y, odd_powers[odd / 2], m, k, n);
    }
    static const uint64_t one[MODEXP_ODD_LIMBS_MAX] = {1};
    montgomery_multiply(x, y, one, m, k, n);
}

void modexp_odd(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent, const uint64_t *modulus,
                size_t count)
{
    ASSERT(count >= 1 && count <= MODEXP_ODD_LIMBS_MAX);
    /* base·R mod m, by division; the quotient is not needed. */
    uint64_t shifted[MODEXP_LIMBS_MAX + MODEXP_ODD_LIMBS_MAX] = {0}, quotient[MODEXP_LIMBS_MAX + 1];
    memcpy(shifted + count, base, base_count * 8);
    mpn_tdiv_qr(quotient, out, 0, shifted, (mp_size_t)(base_count + count), modulus, (mp_size_t)count);
    switch (count) {
    case 1: power(out, exponent, modulus, 1); return;
    case 2: power(out, exponent, modulus, 2); return;
    case 3: power(out, exponent, modulus, 3); return;
    case 4: power(out, exponent, modulus, 4); return;
    case 5: power(out, exponent, modulus, 5); return;
    default: power(out, exponent, modulus, 6); return;
    }
}
