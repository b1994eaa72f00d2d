/* Points of secp256k1, eight side by side, on the field of secp256k1_field8.h. No formula here uses the 7 of y^2 = x^3 +
 * 7, so all are good for every curve y^2 = x^3 + b. Both know neither infinity nor, for additions, equal or opposite
 * points: there the new z is 0, and stays 0 whatever is added later. */
#ifndef WEFT_SECP256K1_POINT8_H
#define WEFT_SECP256K1_POINT8_H

#include "crypto/secp256k1_field8.h"

/* Jacobian coordinates: x/z^2, y/z^3. */
struct point8 {
    struct field8 x, y, z;
};

/* A cube root of one: (x, y) -> (beta·x, y) multiplies a point by lambda. */
static const int64_t beta[FIELD_LIMBS] = {0x96c28719501ee, 0x7512f58995c13, 0xc3434e99cf049, 0x07106e64479ea,
                                          0x07ae96a2b657c};

static ALWAYS_INLINE IFMA struct field8 field_constant(const int64_t limb[FIELD_LIMBS])
{
    struct field8 out;
    for (size_t i = 0; i < FIELD_LIMBS; i++) out.limb[i] = all8(limb[i]);
    return out;
}

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

/* Eight elements; limb i of element k is at[i·stride + index[k]]. */
static ALWAYS_INLINE IFMA struct field8 gather(const int64_t *at, size_t stride, __m512i index)
{
    struct field8 out;
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) out.limb[i] = _mm512_i64gather_epi64(index, at + i * stride, 8);
    return out;
}

#endif
