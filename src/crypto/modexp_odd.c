/* Powers modulo small odd numbers: Montgomery's multiplication in 64-bit limbs.
 *
 * A number x is kept as x·R mod m with R = 2^(64·count). The product of two such, divided by R, is again such a number, and dividing by
 * R is cheap: multiples of m make the lowest limb zero, then it is dropped. Everything is unrolled for each count of limbs,
 * which is what GMP, made for all sizes, cannot do. */
#include "crypto/modexp_private.h"

#include <gmp.h>

/* out = a·b/R mod m, all below m. `n` is a constant wherever this is inlined; k is -1/m mod 2^64. */
static ALWAYS_INLINE void multiply(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m, uint64_t k,
                                   const size_t n)
{
    uint64_t t[MODEXP_ODD_LIMBS_MAX + 1] = {0};
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
    uint64_t reduced[MODEXP_ODD_LIMBS_MAX], borrow = 0;
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

/* x = x^exponent, in Montgomery's form. */
static ALWAYS_INLINE void power(uint64_t *x, struct bytes exponent, const uint64_t *m, const size_t n)
{
    uint64_t k = modexp_negative_inverse(m[0]), odd_powers[MODEXP_TABLE_MAX][MODEXP_ODD_LIMBS_MAX], y[MODEXP_ODD_LIMBS_MAX];
    struct exponent_walk walk = {exponent, exponent_bits(exponent), exponent_window(exponent)};
    memcpy(odd_powers[0], x, n * 8);
    if (walk.width > 1) {
        multiply(y, x, x, m, k, n);
        for (size_t i = 1; i < (size_t)1 << (walk.width - 1); i++)
            multiply(odd_powers[i], odd_powers[i - 1], y, m, k, n);
    }
    size_t squarings;
    unsigned odd;
    exponent_next(&walk, &squarings, &odd);
    memcpy(y, odd_powers[odd / 2], n * 8);
    while (exponent_next(&walk, &squarings, &odd)) {
        for (; squarings > 0; squarings--)
            multiply(y, y, y, m, k, n);
        if (odd != 0)
            multiply(y, y, odd_powers[odd / 2], m, k, n);
    }
    static const uint64_t one[MODEXP_ODD_LIMBS_MAX] = {1};
    multiply(x, y, one, m, k, n);
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
    case 1:
        power(out, exponent, modulus, 1);
        return;
    case 2:
        power(out, exponent, modulus, 2);
        return;
    case 3:
        power(out, exponent, modulus, 3);
        return;
    case 4:
        power(out, exponent, modulus, 4);
        return;
    case 5:
        power(out, exponent, modulus, 5);
        return;
    default:
        power(out, exponent, modulus, 6);
        return;
    }
}
