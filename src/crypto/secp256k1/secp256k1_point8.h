/* Points of secp256k1, eight side by side. The doubling does not use the 7 of y^2 = x^3 + 7, so it is good for every
 * curve y^2 = x^3 + b. */
#ifndef WEFT_CRYPTO_SECP256K1_SECP256K1_POINT8_H
#define WEFT_CRYPTO_SECP256K1_SECP256K1_POINT8_H

#include "crypto/secp256k1/secp256k1_field8.h"

#include "crypto/simd/point8.h"

/* A cube root of one: (x, y) -> (beta·x, y) multiplies a point by lambda. */
static const int64_t beta[FIELD_LIMBS] = {0x96c28719501ee, 0x7512f58995c13, 0xc3434e99cf049, 0x07106e64479ea,
                                          0x07ae96a2b657c};

static ALWAYS_INLINE IFMA struct field8 times_beta(struct field8 x)
{
    return field_multiply(x, field_constant(beta));
}

static ALWAYS_INLINE IFMA struct point8 point_double(struct point8 p)
{
    /* e = 3x^2, d = x·y^2: x' = e^2 - 8d, y' = e·(4d - x') - 8y^4, z' = 2yz */
    struct point8 out;
    struct field8 a = field_square(p.x), s = field_square(p.y), d = field_multiply(p.x, s);
    struct field8 e = field_settle(field_plus(a, field_shift(a, 1)));
    struct field8 yz = field_multiply(p.y, p.z);
    out.z = field_settle(field_plus(yz, yz));
    out.x = field_subtract(field_square(e), field_shift(d, 3));
    struct field8 w = field_subtract(field_shift(d, 2), out.x), minus_8s = field_settle(field_minus(field_shift(s, 3)));
    out.y = field_multiply_two(e, w, s, minus_8s);
    return out;
}

#endif
