/* The extension of degree twelve that pairings live in, one element in vectors of eight lanes. Included after a field
 * (montgomery8.h) by one file for each curve, which defines before
 *
 *     FP12_TIMES_XI(a)                 xi·a for a struct fp2x8, unsettled
 *     FP12_TIMES_XI_LANES(a, other)    the same where real parts are in lanes 0..2 of a, imaginary parts in lanes 3..5,
 *                                      and `other` is a with both exchanged
 *     FP12_ADD_XI_SQUARES(t, re, im)   *t += xi·(re + im·i)^2, real parts in lanes 0..2, imaginary parts in lanes 3..5
 *     fp8_frobenius                    xi^((p - 1)/6)                          (static const int64_t [2][FP8_LIMBS])
 *
 * An element is c0 + c1·w + ... + c5·w^5 with w^6 = xi and coefficients in Fp2 = Fp[i], i^2 = -1: all real parts in one
 * struct fp8, all imaginary parts in another, coefficient k in lane k; lanes 6 and 7 are not used.
 *
 * Products (fp12_multiply_by). Coefficient j of one factor, in all lanes, times w^j and the other factor, whose lanes
 * have moved by j; those that fall off at the end come back at the beginning, times xi. Each Fp2 product is Karatsuba's
 * three, and all that goes to the same part of the same coefficient is summed before it is reduced. That is 18 vector
 * products and two reductions, where Karatsuba's way down the whole tower takes 54 products, seven vectors; but its
 * sums must be settled and moved between lanes, which takes as long as a product, and counted in instructions the two
 * come out even.
 *
 * Squares in the cyclotomic subgroup (half12_square): Granger and Scott, "Faster squaring in the cyclotomic subgroup of
 * sixth degree extensions" (2010), for which Fp12 is seen as g0 + g1·w + g2·w^2 over Fp4 = Fp2[s], s = w^3:
 *
 *     3·g0^2 - 2·conj(g0)  +  (3·s·g2^2 + 2·conj(g1))·w  +  (3·g1^2 - 2·conj(g2))·w^2
 *
 * The three g are squared side by side, with real parts in lanes 0..2 and imaginary parts in lanes 3..5 (struct
 * half12). */
#ifndef WEFT_CRYPTO_SIMD_FP12_LANES_H
#define WEFT_CRYPTO_SIMD_FP12_LANES_H

#include "crypto/simd/fp2x8.h"

/* An element of Fp12, coefficient k in lane k. */
struct fp12 {
    struct fp8 re, im;
};

/* The same with the real parts of c0, c1, c2 in lanes 0..2 of `low` and imaginary parts in lanes 3..5; c3, c4, c5 in
 * `high`. */
struct half12 {
    struct fp8 low, high;
};

/* A factor that is read limb by limb: real parts, imaginary parts, their sums. */
struct factor12 {
    struct fp8 re, im, sum;
};

#define FP12_LANES(a, b, c, d, e, f) _mm512_setr_epi64(a, b, c, d, e, f, 0, 0)

static ALWAYS_INLINE IFMA struct half12 half12_of(const struct fp12 *a)
{
    return (struct half12){fp8_permute_two(a->re, a->im, FP12_LANES(0, 1, 2, 8, 9, 10)),
                           fp8_permute_two(a->re, a->im, FP12_LANES(3, 4, 5, 11, 12, 13))};
}

static ALWAYS_INLINE IFMA struct fp12 fp12_of(const struct half12 *a)
{
    return (struct fp12){fp8_permute_two(a->low, a->high, FP12_LANES(0, 1, 2, 8, 9, 10)),
                         fp8_permute_two(a->low, a->high, FP12_LANES(3, 4, 5, 11, 12, 13))};
}

static ALWAYS_INLINE IFMA struct factor12 factor12_of(const struct fp12 *a)
{
    return (struct factor12){a->re, a->im, fp8_add(a->re, a->im)};
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

/* What is moved by lanes: xi·b in the first six, b in those behind. */
enum { FP12_ROW = 16, FP12_DEGREE = 6 };
struct moved12 {
    _Alignas(64) int64_t part[3][FP8_LIMBS][FP12_ROW];
};

static ALWAYS_INLINE IFMA void moved12_store(struct moved12 *out, size_t part, struct fp8 b, struct fp8 times_xi)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) {
        _mm512_store_si512(out->part[part][i], times_xi.limb[i]);
        _mm512_storeu_si512(out->part[part][i] + FP12_DEGREE, b.limb[i]);
    }
}

/* out = a·b. Coefficient j of a: limb i of its part k is a[j·step + k·part_step + 8·i], and coefficients whose bit is
 * not in `present` are zero. */
static NOINLINE IFMA void fp12_multiply_by(struct fp12 *out, const struct fp12 *b, const lane64 *a, size_t step,
                                           size_t part_step, unsigned present)
{
    struct moved12 moved;
    struct fp2x8 xi_b = FP12_TIMES_XI(((struct fp2x8){b->re, b->im}));
    moved12_store(&moved, 0, b->re, fp8_settle(xi_b.re));
    moved12_store(&moved, 1, b->im, fp8_settle(xi_b.im));
    moved12_store(&moved, 2, fp8_add(b->re, b->im), fp8_settle(fp8_plus(xi_b.re, xi_b.im)));
    struct wide8 product[3];
    for (size_t part = 0; part < 3; part++) {
        struct wide8 t = wide8_zero();
        for (size_t j = 0; j < FP12_DEGREE; j++) {
            if ((present >> j & 1) == 0) continue;
            const lane64 *factor = a + j * step + part * part_step;
            struct fp8 row;
            FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++)
                row.limb[i] = _mm512_loadu_si512(moved.part[part][i] + FP12_DEGREE - j);
            FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) wide8_row(t.column + i, &row, all8(factor[8 * i]));
        }
        product[part] = t;
    }
    out->im = fp8_reduce(wide8_less(wide8_less(product[2], product[0]), product[1]));
    out->re = fp8_reduce(wide8_less(product[0], product[1]));
}

static inline IFMA void fp12_multiply_factor(struct fp12 *out, const struct factor12 *a, const struct fp12 *b)
{
    fp12_multiply_by(out, b, (const lane64 *)a, 1, sizeof(struct fp8) / sizeof(int64_t), 0x3f);
}
static inline IFMA void fp12_multiply(struct fp12 *out, const struct fp12 *a, const struct fp12 *b)
{
    struct factor12 factor = factor12_of(a);
    fp12_multiply_factor(out, &factor, b);
}

static ALWAYS_INLINE IFMA struct fp12 fp12_one(void)
{
    return (struct fp12){fp8_choose(1, fp8_zero(), fp8_of_one()), fp8_zero()};
}

/* a^(p^6): the odd coefficients change their sign. */
static ALWAYS_INLINE IFMA struct fp12 fp12_conjugate(const struct fp12 *a)
{
    enum { ODD = 0x2a };
    return (struct fp12){fp8_choose(ODD, a->re, fp8_negate(a->re)), fp8_choose(ODD, a->im, fp8_negate(a->im))};
}

/* For a^(p^k): lane j of constant k - 1 is w^(j·(p^k - 1)) = xi^(j·(p^k - 1)/6). */
enum { FP12_FROBENIUS = 3 };
struct frobenius12 {
    struct fp2x8 constant[FP12_FROBENIUS];
};

static inline IFMA void frobenius12_make(struct frobenius12 *out)
{
    struct fp2x8 first = {fp8_constant(fp8_frobenius[0]), fp8_constant(fp8_frobenius[1])};
    struct fp2x8 power = fp2x8_one(), *c = out->constant;
    c[0] = power;
    for (unsigned j = 1; j < FP12_DEGREE; j++) {
        fp2x8_multiply(&power, &power, &first);
        c[0] = fp2x8_choose((__mmask8)(1u << j), c[0], power);
    }
    for (size_t k = 1; k < FP12_FROBENIUS; k++) { /* p^(k + 1) - 1 = (p^k - 1)·p + p - 1 */
        struct fp2x8 conjugate = {c[k - 1].re, fp8_negate(c[k - 1].im)};
        fp2x8_multiply(&c[k], &conjugate, &c[0]);
    }
}

/* out = a^(p^k), 1 <= k <= FP12_FROBENIUS */
static inline IFMA void fp12_frobenius(struct fp12 *out, const struct fp12 *a, const struct frobenius12 *f, unsigned k)
{
    struct fp2x8 x = {a->re, k % 2 == 1 ? fp8_negate(a->im) : a->im};
    fp2x8_multiply(&x, &x, &f->constant[k - 1]);
    *out = (struct fp12){x.re, x.im};
}

/* ---- the cyclotomic subgroup ------------------------------------------------------------------------------------- */

/* *a = *a squared `times` times. In names: low = u, high = v of u + v·s; re and im for their parts in both halves. */
static NOINLINE IFMA void half12_square(struct half12 *a, unsigned times)
{
    enum { REAL = 0x07, IMAGINARY = 0x38, SECOND = 0x12, NOT_SECOND = 0x2d };
    /* g0, g2, g1: each square where it goes. */
    const __m512i real = FP12_LANES(0, 2, 1, 0, 2, 1), imaginary = FP12_LANES(3, 5, 4, 3, 5, 4);
    const __m512i other = FP12_LANES(3, 4, 5, 0, 1, 2);
    struct fp8 low = a->low, high = a->high;
    for (; times > 0; times--) {
        struct fp8 u_re = fp8_permute(low, real), u_im = fp8_permute(low, imaginary);
        struct fp8 v_re = fp8_permute(high, real), v_im = fp8_permute(high, imaginary);
        /* u^2 + xi·v^2, the real half (u_re + u_im)(u_re - u_im) + ..., the imaginary half 2·u_im·u_re + ... */
        struct fp8 x = fp8_settle(fp8_plus(fp8_choose(IMAGINARY, u_re, u_im), u_im));
        struct fp8 y = fp8_settle(fp8_choose(REAL, u_re, fp8_plus(u_re, fp8_minus(u_im))));
        struct wide8 t = wide8_product(x, y);
        FP12_ADD_XI_SQUARES(&t, v_re, v_im);
        /* u·v */
        struct fp8 minus_v_im = fp8_negate(v_im);
        struct wide8 uv = wide8_product(u_re, fp8_choose(IMAGINARY, v_re, v_im));
        wide8_add_product(&uv, u_im, fp8_choose(IMAGINARY, minus_v_im, v_re));
        struct fp8 squares = fp8_reduce(t), mixed = fp8_reduce(uv);
        mixed = fp8_plus(mixed, mixed);
        /* What came from g2 is multiplied by s: its halves change place, one times xi. */
        struct fp8 xi_mixed = FP12_TIMES_XI_LANES(mixed, fp8_permute(mixed, other));
        if (FP8_TIGHT) xi_mixed = fp8_settle(xi_mixed);
        struct fp8 new_low = fp8_choose(SECOND, squares, xi_mixed), new_high = fp8_choose(SECOND, mixed, squares);
        /* Three times that, and -2·conj or +2·conj, where conj has -v. */
        struct fp8 low_2 = fp8_choose(NOT_SECOND, fp8_shift(low, 1), fp8_minus(fp8_shift(low, 1)));
        struct fp8 high_2 = fp8_choose(SECOND, fp8_shift(high, 1), fp8_minus(fp8_shift(high, 1)));
        low = fp8_settle_low(fp8_plus(fp8_plus(new_low, fp8_shift(new_low, 1)), low_2));
        high = fp8_settle_low(fp8_plus(fp8_plus(new_high, fp8_shift(new_high, 1)), high_2));
    }
    *a = (struct half12){low, high};
}

#endif
