/* Membership in bn254's G2 by one short multiplication instead of one by the group's order.
 *
 * The twist has an endomorphism psi (untwist, Frobenius, twist): (x, y) goes to (conj(x)·cx, conj(y)·cy). On the
 * subgroup of order r it acts as multiplication by the field's prime, and there
 *
 *     [u + 1]P + psi([u]P) + psi^2([u]P) = psi^3([2u]P)        u = 4965661367192848881, the curve's parameter
 *
 * holds. It holds nowhere else on the twist: with psi^2 - t·psi + p = 0 (t is the curve's trace) the difference of both
 * sides is an endomorphism of norm N = a^2 + a·b·t + b^2·p, whose kernel has N points, and the greatest common divisor
 * of N and the number of points of the twist, r·(2p - r), is r. See Dai, Lin, Zhao, Zhou, "Fast subgroup membership
 * testings for G1, G2 and GT on pairing-friendly curves" (2022). The twin is mclBnG2_isValidOrder: [r]P = 0. */
#include "crypto/bn254/bn254_private.h"

static const uint64_t PARAMETER = 4965661367192848881;

/* (9 + i)^((p - 1) / 3) and (9 + i)^((p - 1) / 2), real and imaginary parts, lowest word first. */
static const uint64_t frobenius_x[2][4] = {
    {0x99e39557176f553d, 0xb78cc310c2c3330c, 0x4c0bec3cf559b143, 0x2fb347984f7911f7},
    {0x1665d51c640fcba2, 0x32ae2a1d0b7c9dce, 0x4ba4cc8bd75a0794, 0x16c9e55061ebae20},
};
static const uint64_t frobenius_y[2][4] = {
    {0xdc54014671a0135a, 0xdbaae0eda9c95998, 0xdc5ec698b6e2f9b9, 0x063cf305489af5dc},
    {0x82d37f632623b0e3, 0x21807dc98fa25bd2, 0x0704b5a7ec796f2b, 0x07c03cbcac41049a},
};

static void read_constant(mclBnFp2 *out, const uint64_t in[2][4])
{
    for (size_t i = 0; i < 2; i++) ASSERT(mclBnFp_setLittleEndian(&out->d[i], in[i], 32) == 0);
}

/* In Jacobian coordinates x/z^2 and y/z^3 are meant: conjugation commutes, the constants go to x and y alone. */
static void psi(mclBnG2 *p, const mclBnFp2 *cx, const mclBnFp2 *cy)
{
    mclBnFp_neg(&p->x.d[1], &p->x.d[1]);
    mclBnFp_neg(&p->y.d[1], &p->y.d[1]);
    mclBnFp_neg(&p->z.d[1], &p->z.d[1]);
    mclBnFp2_mul(&p->x, &p->x, cx);
    mclBnFp2_mul(&p->y, &p->y, cy);
}

bool bn254_in_subgroup(const mclBnG2 *p)
{
    mclBnFp2 cx, cy;
    read_constant(&cx, frobenius_x);
    read_constant(&cy, frobenius_y);
    /* The parameter in signed bits: no two neighbours are both non-zero, so 63 doublings and some 20 additions. */
    mclBnG2 multiple = *p, negative, left, right;
    mclBnG2_neg(&negative, p);
    const uint64_t triple = 3 * PARAMETER; /* digit k of u is bit k + 1 of 3u minus bit k + 1 of u; 3u has 64 bits */
    for (unsigned k = 61; k < 62; k--) {
        mclBnG2_dbl(&multiple, &multiple);
        bool plus = (triple & ~PARAMETER) >> (k + 1) & 1, minus = (~triple & PARAMETER) >> (k + 1) & 1;
        if (plus)
            mclBnG2_add(&multiple, &multiple, p);
        else if (minus)
            mclBnG2_add(&multiple, &multiple, &negative);
    }
    mclBnG2_add(&left, &multiple, p);
    right = multiple;
    psi(&right, &cx, &cy);
    mclBnG2_add(&left, &left, &right);
    psi(&right, &cx, &cy);
    mclBnG2_add(&left, &left, &right);
    psi(&right, &cx, &cy);
    mclBnG2_dbl(&right, &right);
    return mclBnG2_isEqual(&left, &right) == 1;
}
