/* Miller loops of pairings, up to eight pairs side by side: the steps that the curves have in common. Included after
 * fp12_lanes.h by one file for each curve, which says before at which power of w the parts of a line stand:
 * LINE_CONSTANT_AT, LINE_X_AT, LINE_Y_AT, all below 4.
 *
 * A loop adds and doubles a point of the twist, and each time multiplies the element of Fp12 by the line through both
 * points (or the tangent) at the other point. Pair k's points and lines are in lane k, and up to four pairs are in
 * lanes k + 4 a second time; the lines' products with the element, which all pairs share, come one after the other. */
#ifndef WEFT_CRYPTO_SIMD_MILLER8_H
#define WEFT_CRYPTO_SIMD_MILLER8_H

#include "crypto/simd/fp12_lanes.h"

/* A line: x is still to be multiplied by -2x of the point of G1, and y by 2y. */
struct line8 {
    struct fp2x8 constant, x, y;
};

/* Points of G1 as lines want them: -2x and 2y. */
struct place8 {
    struct fp8 x, y;
};

/* Placed lines as factors; other coefficients are not read. */
enum {
    LINE_COEFFICIENTS = 4,
    LINE_PRESENT = 1 << LINE_CONSTANT_AT | 1 << LINE_X_AT | 1 << LINE_Y_AT,
};
struct line_factor8 {
    struct factor12 coefficient[LINE_COEFFICIENTS];
};

static NOINLINE IFMA void place_line(struct line8 *line, const struct place8 *place)
{
    line->x = (struct fp2x8){fp8_multiply(line->x.re, place->x), fp8_multiply(line->x.im, place->x)};
    line->y = (struct fp2x8){fp8_multiply(line->y.re, place->y), fp8_multiply(line->y.im, place->y)};
}

static ALWAYS_INLINE IFMA struct factor12 factor12_of_part(struct fp2x8 a)
{
    return (struct factor12){a.re, a.im, fp8_add(a.re, a.im)};
}

static ALWAYS_INLINE IFMA void line_factor8_of(struct line_factor8 *out, const struct line8 *placed)
{
    out->coefficient[LINE_CONSTANT_AT] = factor12_of_part(placed->constant);
    out->coefficient[LINE_X_AT] = factor12_of_part(placed->x);
    out->coefficient[LINE_Y_AT] = factor12_of_part(placed->y);
}

/* *f *= the line in that lane. */
static IFMA void multiply_by_line(struct fp12 *f, const struct line_factor8 *line, size_t lane)
{
    fp12_multiply_by(f, f, (const lane64 *)line + lane, sizeof(struct factor12) / sizeof(int64_t),
                     sizeof(struct fp8) / sizeof(int64_t), LINE_PRESENT);
}

/* ---- points of the twist ----------------------------------------------------------------------------------------- */

/* In Jacobian coordinates. */
struct twist8 {
    struct fp2x8 x, y, z;
};

/* *t = 2·*t, and the tangent: 6x^3 - 4y^2, 3x^2·z^2 and 2y·z^3 (Costello, Lange, Naehrig, "Faster pairing computations
 * on curves with high-degree twists", 2010, in Jacobian coordinates). */
static NOINLINE IFMA void double_with_line(struct twist8 *t, struct line8 *line)
{
    struct fp2x8 a, b, zz, d, e, u;
    fp2x8_square(&a, &t->x);
    fp2x8_square(&b, &t->y);
    fp2x8_square(&zz, &t->z);
    fp2x8_multiply(&d, &t->x, &b);
    fp2x8_multiply(&t->z, &t->y, &t->z);
    t->z = fp2x8_settle(fp2x8_shift(t->z, 1));
    e = fp2x8_settle(fp2x8_plus(a, fp2x8_shift(a, 1)));
    fp2x8_multiply(&u, &e, &t->x);
    line->constant = fp2x8_settle(fp2x8_plus(fp2x8_shift(u, 1), fp2x8_minus(fp2x8_shift(b, 2))));
    fp2x8_multiply(&line->x, &e, &zz);
    fp2x8_multiply(&line->y, &t->z, &zz);
    fp2x8_square(&u, &e);
    t->x = fp2x8_settle(fp2x8_plus(u, fp2x8_minus(fp2x8_shift(d, 3))));
    u = fp2x8_settle(fp2x8_plus(fp2x8_shift(d, 2), fp2x8_minus(t->x)));
    a = fp2x8_settle(fp2x8_minus(fp2x8_shift(b, 3)));
    fp2x8_multiply_two(&t->y, &e, &u, &b, &a);
}

/* The same for up to four pairs, each in lanes k and k + 4: the halves of the vectors have different products to do,
 * and the line is placed already. */
static NOINLINE IFMA void double_with_line_halves(struct twist8 *t, struct line8 *line, const struct place8 *place)
{
    enum { HIGH = 0xf0 };
    struct fp2x8 b, zz, d, e, f, u, v, xy;
    xy = fp2x8_choose(HIGH, t->x, t->y);
    fp2x8_square(&u, &xy);
    e = fp2x8_low_half(u);
    e = fp2x8_settle(fp2x8_plus(e, fp2x8_shift(e, 1)));
    b = fp2x8_high_half(u);
    u = fp2x8_choose(HIGH, b, t->z);
    fp2x8_multiply(&u, &xy, &u); /* x·y^2 | y·z */
    v = fp2x8_choose(HIGH, t->z, e);
    fp2x8_square(&v, &v); /* z^2 | e^2 */
    d = fp2x8_low_half(u);
    t->z = fp2x8_settle(fp2x8_shift(fp2x8_high_half(u), 1));
    zz = fp2x8_low_half(v);
    f = fp2x8_high_half(v);
    u = fp2x8_choose(HIGH, e, b);
    v = fp2x8_choose(HIGH, t->x, b);
    fp2x8_multiply(&v, &u, &v); /* e·x | y^4 */
    u = fp2x8_choose(HIGH, e, t->z);
    fp2x8_multiply(&u, &u, &zz); /* the line's x | its y */
    struct fp8 at = fp8_choose(HIGH, place->x, place->y);
    u = (struct fp2x8){fp8_multiply(u.re, at), fp8_multiply(u.im, at)};
    line->constant = fp2x8_low_half(v);
    line->constant = fp2x8_settle(fp2x8_plus(fp2x8_shift(line->constant, 1), fp2x8_minus(fp2x8_shift(b, 2))));
    line->x = u;
    line->y = fp2x8_high_half(u);
    t->x = fp2x8_settle(fp2x8_plus(f, fp2x8_minus(fp2x8_shift(d, 3))));
    u = fp2x8_settle(fp2x8_plus(fp2x8_shift(d, 2), fp2x8_minus(t->x)));
    fp2x8_multiply(&u, &e, &u);
    t->y = fp2x8_settle(fp2x8_plus(u, fp2x8_minus(fp2x8_shift(fp2x8_high_half(v), 3))));
}

/* *t += (x, y), and the chord: 2(r·x - y·z3), r and z3, with r = y·z^3 - y1. */
static NOINLINE IFMA void add_with_line(struct twist8 *t, struct line8 *line, const struct fp2x8 *x,
                                        const struct fp2x8 *y)
{
    struct fp2x8 zz, u, h, hh, v, r;
    fp2x8_square(&zz, &t->z);
    fp2x8_multiply(&u, x, &zz);
    fp2x8_multiply(&v, &zz, &t->z);
    fp2x8_multiply(&r, y, &v);
    h = fp2x8_settle(fp2x8_plus(u, fp2x8_minus(t->x)));
    r = fp2x8_settle(fp2x8_plus(r, fp2x8_minus(t->y)));
    fp2x8_square(&hh, &h);
    fp2x8_multiply(&v, &t->x, &hh);
    fp2x8_multiply(&hh, &hh, &h);
    fp2x8_multiply(&t->z, &t->z, &h);
    fp2x8_square(&u, &r);
    t->x = fp2x8_settle(fp2x8_plus(u, fp2x8_minus(fp2x8_plus(hh, fp2x8_shift(v, 1)))));
    v = fp2x8_settle(fp2x8_plus(v, fp2x8_minus(t->x)));
    hh = fp2x8_settle(fp2x8_minus(hh));
    fp2x8_multiply_two(&t->y, &r, &v, &t->y, &hh);
    u = fp2x8_settle(fp2x8_minus(t->z));
    fp2x8_multiply_two(&line->constant, &r, x, y, &u);
    line->constant = fp2x8_settle(fp2x8_shift(line->constant, 1));
    line->x = r;
    line->y = t->z;
}

/* Which pair's points belong in a lane. */
enum { PAIRS_HALF = 4 };
static inline size_t pair_of_lane(size_t lane, size_t count)
{
    size_t pair = count <= PAIRS_HALF ? lane % PAIRS_HALF : lane;
    return pair < count ? pair : 0;
}

/* *f *= all pairs' lines, placed. */
static IFMA void multiply_by_lines(struct fp12 *f, const struct line8 *line, size_t count)
{
    struct line_factor8 factor;
    line_factor8_of(&factor, line);
    for (size_t k = 0; k < count; k++) multiply_by_line(f, &factor, k);
}

/* The two steps of a Miller loop. */
static IFMA void miller_double(struct fp12 *f, struct twist8 *t, const struct place8 *place, size_t count)
{
    struct line8 line;
    fp12_multiply(f, f, f);
    if (count <= PAIRS_HALF) {
        double_with_line_halves(t, &line, place);
    } else {
        double_with_line(t, &line);
        place_line(&line, place);
    }
    multiply_by_lines(f, &line, count);
}

static IFMA void miller_add(struct fp12 *f, struct twist8 *t, const struct fp2x8 *x, const struct fp2x8 *y,
                            const struct place8 *place, size_t count)
{
    struct line8 line;
    add_with_line(t, &line, x, y);
    place_line(&line, place);
    multiply_by_lines(f, &line, count);
}

/* Whether t is (x, y) in all lanes. */
static IFMA bool twist_is(const struct twist8 *t, const struct fp2x8 *x, const struct fp2x8 *y)
{
    struct fp2x8 zz, zzz, u, v;
    fp2x8_square(&zz, &t->z);
    fp2x8_multiply(&zzz, &zz, &t->z);
    fp2x8_multiply(&u, x, &zz);
    fp2x8_multiply(&v, y, &zzz);
    unsigned equal = fp8_zero_lanes(fp8_subtract(t->x.re, u.re)) & fp8_zero_lanes(fp8_subtract(t->x.im, u.im)) &
                     fp8_zero_lanes(fp8_subtract(t->y.re, v.re)) & fp8_zero_lanes(fp8_subtract(t->y.im, v.im));
    unsigned infinite = fp8_zero_lanes(t->z.re) & fp8_zero_lanes(t->z.im);
    return (equal & ~infinite) == 0xff;
}

#endif
