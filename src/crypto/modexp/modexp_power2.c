/* Powers modulo 2^bits, and joining them with a power modulo an odd number (Chinese remainders).
 *
 * Two facts make these powers cheap. The odd numbers modulo 2^bits form a group whose order divides 2^bits, so only the
 * exponent's lowest `bits` bits matter. And an even base is 0 from exponents of `bits` on. */
#include "crypto/modexp/modexp_private.h"

#include <gmp.h>

/* out = a·b mod 2^(64·count); out may be a or b. */
static void multiply_low(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count)
{
    uint64_t t[MODEXP_POWER2_LIMBS_MAX] = {0};
    for (size_t i = 0; i < count; i++) mpn_addmul_1(t + i, a, (mp_size_t)(count - i), b[i]);
    memcpy(out, t, count * 8);
}

static void keep_bits(uint64_t *x, unsigned bits)
{
    if (bits % 64 != 0) x[bits / 64] &= (UINT64_C(1) << bits % 64) - 1;
}

void modexp_power2(uint64_t *out, const uint64_t *base, struct bytes exponent, unsigned bits)
{
    size_t count = (bits + 63) / 64, matter = (bits + 7) / 8;
    uint64_t x[MODEXP_POWER2_LIMBS_MAX] = {1};
    bool even = base[0] % 2 == 0;
    if (even && exponent.size > 2) { /* at least 2^16, above every `bits` */
        memset(out, 0, count * 8);
        return;
    }
    if (!even && exponent.size > matter) exponent = (struct bytes){exponent.data + exponent.size - matter, matter};
    for (size_t i = 8 * exponent.size; i-- > 0;) {
        multiply_low(x, x, x, count);
        if (exponent_bit(exponent, i) != 0) multiply_low(x, x, base, count);
    }
    memcpy(out, x, count * 8);
    keep_bits(out, bits);
}

void modexp_join(uint64_t *out, const uint64_t *x, const uint64_t *odd, size_t count, const uint64_t *y, unsigned bits)
{
    /* a = x + odd·t with t = (y - x)/odd mod 2^bits */
    size_t width = (bits + 63) / 64;
    uint64_t t[MODEXP_POWER2_LIMBS_MAX] = {0}, low_odd[MODEXP_POWER2_LIMBS_MAX] = {0},
             negative[MODEXP_POWER2_LIMBS_MAX];
    memcpy(low_odd, odd, (count < width ? count : width) * 8);
    memcpy(t, x, (count < width ? count : width) * 8);
    mpn_sub_n(t, y, t, (mp_size_t)width);

    uint64_t inverse[MODEXP_POWER2_LIMBS_MAX] = {-modexp_negative_inverse(odd[0])};
    for (size_t right = 1; right < width; right *= 2) { /* limbs that are right; Newton: i = i·(2 - odd·i) */
        multiply_low(negative, low_odd, inverse, width);
        mpn_neg(negative, negative, (mp_size_t)width);
        mpn_add_1(negative, negative, (mp_size_t)width, 2);
        multiply_low(inverse, inverse, negative, width);
    }
    multiply_low(t, t, inverse, width);
    keep_bits(t, bits);
    if (count >= width)
        mpn_mul(out, odd, (mp_size_t)count, t, (mp_size_t)width);
    else
        mpn_mul(out, t, (mp_size_t)width, odd, (mp_size_t)count);
    mpn_add(out, out, (mp_size_t)(count + width), x, (mp_size_t)count);
}
