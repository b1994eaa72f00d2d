/* The quadratic extension Fp[i], i^2 = -1, of a field in vectors (montgomery8.h, included before): eight elements side
 * by side. As there, sums are unsettled until `settle`; products are settled. */
#ifndef WEFT_CRYPTO_SIMD_FP2X8_H
#define WEFT_CRYPTO_SIMD_FP2X8_H

#include "base/base.h"

struct fp2x8 {
    struct fp8 re, im;
};

static NOINLINE IFMA void fp2x8_multiply(struct fp2x8 *out, const struct fp2x8 *a, const struct fp2x8 *b)
{
    struct wide8 re = wide8_less(wide8_product(a->re, b->re), wide8_product(a->im, b->im));
    struct wide8 im = wide8_product(a->re, b->im);
    wide8_add_product(&im, a->im, b->re);
    *out = (struct fp2x8){fp8_reduce(re), fp8_reduce(im)};
}
static NOINLINE IFMA void fp2x8_square(struct fp2x8 *out, const struct fp2x8 *a)
{
    struct fp8 both = fp8_add(a->re, a->im), less = fp8_subtract(a->re, a->im), twice = fp8_add(a->re, a->re);
    struct wide8 im = wide8_product(twice, a->im);
    *out = (struct fp2x8){fp8_multiply(both, less), fp8_reduce(im)};
}
static NOINLINE IFMA void fp2x8_multiply_two(struct fp2x8 *out, const struct fp2x8 *a, const struct fp2x8 *b,
                                             const struct fp2x8 *c, const struct fp2x8 *d)
{
    struct wide8 re = wide8_product(a->re, b->re), im = wide8_product(a->im, b->im);
    wide8_add_product(&re, c->re, d->re);
    wide8_add_product(&im, c->im, d->im);
    re = wide8_less(re, im);
    im = wide8_product(a->re, b->im);
    wide8_add_product(&im, a->im, b->re);
    wide8_add_product(&im, c->re, d->im);
    wide8_add_product(&im, c->im, d->re);
    *out = (struct fp2x8){fp8_reduce(re), fp8_reduce(im)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_plus(struct fp2x8 a, struct fp2x8 b)
{
    return (struct fp2x8){fp8_plus(a.re, b.re), fp8_plus(a.im, b.im)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_minus(struct fp2x8 a)
{
    return (struct fp2x8){fp8_minus(a.re), fp8_minus(a.im)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_shift(struct fp2x8 a, unsigned shift)
{
    return (struct fp2x8){fp8_shift(a.re, shift), fp8_shift(a.im, shift)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_settle(struct fp2x8 a)
{
    return (struct fp2x8){fp8_settle(a.re), fp8_settle(a.im)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_choose(__mmask8 lanes, struct fp2x8 a, struct fp2x8 b)
{
    return (struct fp2x8){fp8_choose(lanes, a.re, b.re), fp8_choose(lanes, a.im, b.im)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_zero(void)
{
    return (struct fp2x8){fp8_zero(), fp8_zero()};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_one(void)
{
    return (struct fp2x8){fp8_of_one(), fp8_zero()};
}

/* Lanes 0..3, or 4..7, in both halves. */
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_low_half(struct fp2x8 a)
{
    return (struct fp2x8){fp8_low_half(a.re), fp8_low_half(a.im)};
}
static ALWAYS_INLINE IFMA struct fp2x8 fp2x8_high_half(struct fp2x8 a)
{
    return (struct fp2x8){fp8_high_half(a.re), fp8_high_half(a.im)};
}

#endif
