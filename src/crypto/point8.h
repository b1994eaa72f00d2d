/* Additions of points, eight side by side. Included after the header of a field (secp256k1_field8.h, p256_field8.h).
 *
 * No formula here uses the curve's coefficients. They know neither infinity nor equal or opposite points: for those the
 * new z is 0, and stays 0 whatever is added later. */
#ifndef WEFT_POINT8_H
#define WEFT_POINT8_H

#include "crypto/field8.h"

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

/* p + (x/w, y/w^2), where c is w^2. */
static inline NOINLINE IFMA void point_add_fraction(struct point8 *p, const struct field8 *x, const struct field8 *y,
                                                    const struct field8 *w, const struct field8 *c)
{
    struct field8 zz = field_square(p->z), u = field_multiply(p->x, *w), s = field_multiply(p->y, *c);
    struct field8 h = field_subtract(field_multiply(*x, zz), u), zw = field_multiply(p->z, *w);
    struct field8 r = field_subtract(field_multiply(*y, field_multiply(zz, p->z)), s);
    struct field8 hh = field_square(h), k = field_multiply(hh, *w), v = field_multiply(u, k), kh = field_multiply(k, h);
    p->z = field_multiply(zw, h);
    p->x = field_settle(field_plus(field_square(r), field_minus(field_plus(kh, field_shift(v, 1)))));
    p->y = field_multiply_two(r, field_subtract(v, p->x), s, field_settle(field_minus(kh)));
}

#endif
