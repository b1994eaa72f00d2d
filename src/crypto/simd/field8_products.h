/* Products modulo a prime, eight side by side. Included by the header of a field (secp256k1_field8.h, p256_field8.h),
 * behind its field_reduce. */
#ifndef WEFT_CRYPTO_SIMD_FIELD8_PRODUCTS_H
#define WEFT_CRYPTO_SIMD_FIELD8_PRODUCTS_H

#include "crypto/simd/field8.h"

static ALWAYS_INLINE IFMA struct field8 field_multiply(struct field8 a, struct field8 b)
{
    __m512i t[2 * FIELD_LIMBS] = {0};
    field_columns(t, &a, &b);
    return field_reduce(t);
}

/* a·b + c·d, with one reduction. */
static ALWAYS_INLINE IFMA struct field8 field_multiply_two(struct field8 a, struct field8 b, struct field8 c,
                                                           struct field8 d)
{
    __m512i t[2 * FIELD_LIMBS] = {0};
    field_columns(t, &a, &b);
    field_columns(t, &c, &d);
    return field_reduce(t);
}

static ALWAYS_INLINE IFMA struct field8 field_square(struct field8 a)
{
    __m512i t[2 * FIELD_LIMBS];
    field_square_columns(t, &a);
    return field_reduce(t);
}

#endif
