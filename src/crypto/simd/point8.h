/* Additions of points, eight side by side. Included after the header of a field (secp256k1_field8.h, p256_field8.h).
 *
 * No formula here uses the curve's coefficients. They know neither infinity nor equal or opposite points: for those the
 * new z is 0, and stays 0 whatever is added later. */
#ifndef WEFT_CRYPTO_SIMD_POINT8_H
#define WEFT_CRYPTO_SIMD_POINT8_H

#include "crypto/simd/field8.h"

/* Jacobian coordinates: x/z^2, y/z^3. */
struct point8 {
    struct field8 x, y, z;
};

/* p + (x, y); *ratio is the new z divided by the old. */
static ALWAYS_INLINE IFMA struct point8 point_add(struct point8 p, struct field8 x, struct field8 y,
                                                  struct field8 *ratio)
{
    struct point8 out;
    struct field8 zz = field_square(p.z), u = field_multiply(x, zz), zzz = field_multiply(zz, p.z);
    struct field8 s = field_multiply(y, zzz);
    struct field8 h = field_subtract(u, p.x), r = field_subtract(s, p.y);
    struct field8 hh = field_square(h), hhh = field_multiply(hh, h), v = field_multiply(p.x, hh);
    out.z = field_multiply(p.z, h);
    out.x = field_settle(field_plus(field_square(r), field_minus(field_plus(hhh, field_shift(v, 1)))));
    struct field8 w = field_subtract(v, out.x), minus_hhh = field_settle(field_minus(hhh));
    out.y = field_multiply_two(r, w, p.y, minus_hhh);
    *ratio = h;
    return out;
}

static ALWAYS_INLINE IFMA struct point8 point_choose(__mmask8 bits, struct point8 a, struct point8 b)
{
    return (struct point8){field_choose(bits, a.x, b.x), field_choose(bits, a.y, b.y), field_choose(bits, a.z, b.z)};
}

#endif
