/* Pairings on bls12-381 in vectors (AVX-512 IFMA): see fp12_lanes.h for the arithmetic. */
#include "crypto/bls12_381_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/bls12_381_fp8.h"
#include "crypto/fp2x8.h"

/* xi = 1 + i: (a - b) + (a + b)·i. */
#define FP12_TIMES_XI(a) ((struct fp2x8){fp8_plus((a).re, fp8_minus((a).im)), fp8_plus((a).re, (a).im)})
/* The same where real parts are in lanes 0..2, imaginary parts in lanes 3..5, and `other` has them exchanged. */
#define FP12_TIMES_XI_LANES(a, other) fp8_plus(a, fp8_choose(0x38, fp8_minus(other), other))
/* t += xi·(re + im·i)^2, in halves: (re - im)^2 - 2·im^2 and (re + im)^2 - 2·im^2. */
#define FP12_ADD_XI_SQUARES(t, re, im)                                                                                 \
    do {                                                                                                               \
        struct wide8 im_2 = wide8_square(im);                                                                          \
        struct fp8 both = fp8_settle(fp8_plus(re, fp8_choose(0x38, fp8_minus(im), im)));                               \
        *(t) = wide8_less(wide8_plus(*(t), wide8_square(both)), wide8_plus(im_2, im_2));                               \
    } while (0)

#include "crypto/fp12_lanes.h"

/* ---- from and to blst ------------------------------------------------------------------------------------------------ */

/* blst's tower is Fp2[v]/(v^3 - xi), then [w]/(w^2 - v): the coefficient of w^(2j + i) is fp6[i].fp2[j]. */
static IFMA struct fp12 read_fp12(const blst_fp12 *in)
{
    const blst_fp *re[8] = {NULL}, *im[8] = {NULL};
    for (size_t k = 0; k < FP12_DEGREE; k++) {
        re[k] = &in->fp6[k % 2].fp2[k / 2].fp[0];
        im[k] = &in->fp6[k % 2].fp2[k / 2].fp[1];
    }
    return (struct fp12){fp8_read(re), fp8_read(im)};
}

static IFMA void write_fp12(blst_fp12 *out, const struct fp12 *a)
{
    blst_fp *re[8] = {NULL}, *im[8] = {NULL};
    for (size_t k = 0; k < FP12_DEGREE; k++) {
        re[k] = &out->fp6[k % 2].fp2[k / 2].fp[0];
        im[k] = &out->fp6[k % 2].fp2[k / 2].fp[1];
    }
    fp8_write(re, a->re);
    fp8_write(im, a->im);
}

/* w^(j·(p^k - 1)) in lane j, for k = 1 and 2. */
static struct fp2x8 frobenius_1, frobenius_2;
static pthread_once_t constants_once = PTHREAD_ONCE_INIT;

static IFMA void make_frobenius(struct fp2x8 *out, size_t k)
{
    blst_fp12 sum, power;
    for (size_t j = 0; j < FP12_DEGREE; j++) {
        memset(&power, 0, sizeof power);
        power.fp6[j % 2].fp2[j / 2].fp[0] = blst_fp12_one()->fp6[0].fp2[0].fp[0];
        blst_fp12_frobenius_map(&power, &power, k);
        sum.fp6[j % 2].fp2[j / 2] = power.fp6[j % 2].fp2[j / 2];
    }
    struct fp12 all = read_fp12(&sum);
    *out = (struct fp2x8){all.re, all.im};
}

static void make_constants(void)
{
    make_frobenius(&frobenius_1, 1);
    make_frobenius(&frobenius_2, 2);
}

/* ---- the final exponentiation ---------------------------------------------------------------------------------------- */

/* The curve's parameter is -z with z = 0xd201000000010000: from its second bit on, so many zeros behind each one. */
static const uint8_t zeros_behind[] = {1, 2, 3, 9, 32, 16};

/* out = a^-z, for a in the cyclotomic subgroup, where the inverse is the conjugate. */
static IFMA void power_of_parameter(struct fp12 *out, const struct fp12 *a)
{
    struct half12 half = half12_of(a);
    struct factor12 factor = factor12_of(a);
    struct fp12 x;
    for (size_t i = 0; i < COUNT_OF(zeros_behind); i++) {
        if (i > 0) {
            x = fp12_of(&half);
            fp12_multiply_by(&x, &x, (const int64_t *)&factor, 1, sizeof(struct fp8) / sizeof(int64_t), 0x3f);
            half = half12_of(&x);
        }
        half12_square(&half, zeros_behind[i]);
    }
    x = fp12_of(&half);
    *out = fp12_conjugate(&x);
}

IFMA void bls_final_exponentiation_vector(blst_fp12 *out, const blst_fp12 *in)
{
    pthread_once(&constants_once, make_constants);
    blst_fp12 inverse;
    blst_fp12_inverse(&inverse, in);
    struct fp12 a = read_fp12(in), b = read_fp12(&inverse), c, d;
    /* (p^6 - 1)(p^2 + 1) */
    a = fp12_conjugate(&a);
    fp12_multiply(&a, &a, &b);
    fp12_frobenius(&b, &a, &frobenius_2, false);
    fp12_multiply(&a, &a, &b);
    /* With x for the parameter, 3·(p^4 - p^2 + 1)/r = (x - 1)^2·(x + p)·(x^2 + p^2 - 1) + 3: Hayashida, Hayasaka,
     * Teruya, "Efficient final exponentiation via cyclotomic structure for pairings over families of elliptic curves"
     * (2020). */
    power_of_parameter(&b, &a);
    c = fp12_conjugate(&a);
    fp12_multiply(&b, &b, &c); /* a^(x - 1) */
    power_of_parameter(&c, &b);
    b = fp12_conjugate(&b);
    fp12_multiply(&b, &b, &c); /* a^((x - 1)^2) */
    power_of_parameter(&c, &b);
    fp12_frobenius(&d, &b, &frobenius_1, true);
    fp12_multiply(&b, &c, &d); /* ... (x + p) */
    power_of_parameter(&c, &b);
    power_of_parameter(&d, &c);
    fp12_frobenius(&c, &b, &frobenius_2, false);
    fp12_multiply(&c, &c, &d);
    b = fp12_conjugate(&b);
    fp12_multiply(&b, &b, &c); /* ... (x^2 + p^2 - 1) */
    struct half12 half = half12_of(&a);
    half12_square(&half, 1);
    c = fp12_of(&half);
    fp12_multiply(&c, &c, &a);
    fp12_multiply(&b, &b, &c);
    write_fp12(out, &b);
}

/* ---- Miller loops ------------------------------------------------------------------------------------------------ */

/* A line is constant + x·w^2 + y·w^3, where x is still to be multiplied by -2x of the point of G1 and y by 2y. */
struct line8 {
    struct fp2x8 constant, x, y;
};

/* Points of G1 as lines want them: -2x and 2y. */
struct place8 {
    struct fp8 x, y;
};

static IFMA struct place8 read_places(const blst_p1_affine *const points[8])
{
    const blst_fp *x[8], *y[8];
    for (size_t k = 0; k < 8; k++) {
        x[k] = &points[k]->x;
        y[k] = &points[k]->y;
    }
    return (struct place8){fp8_settle(fp8_minus(fp8_shift(fp8_read(x), 1))), fp8_settle(fp8_shift(fp8_read(y), 1))};
}

/* Lines at their places, as factors: coefficients 0, 2 and 3. */
enum { LINE_COEFFICIENTS = 4, LINE_PRESENT = 0xd };
struct line_factor8 {
    struct factor12 coefficient[LINE_COEFFICIENTS];
};

static NOINLINE IFMA void line_at(struct line_factor8 *out, const struct line8 *line, const struct place8 *place)
{
    struct fp12 part = {line->constant.re, line->constant.im};
    out->coefficient[0] = factor12_of(&part);
    part = (struct fp12){fp8_multiply(line->x.re, place->x), fp8_multiply(line->x.im, place->x)};
    out->coefficient[2] = factor12_of(&part);
    part = (struct fp12){fp8_multiply(line->y.re, place->y), fp8_multiply(line->y.im, place->y)};
    out->coefficient[3] = factor12_of(&part);
}

/* *f *= the line in that lane. */
static IFMA void multiply_by_line(struct fp12 *f, const struct line_factor8 *line, size_t lane)
{
    fp12_multiply_by(f, f, (const int64_t *)line + lane, sizeof(struct factor12) / sizeof(int64_t),
                     sizeof(struct fp8) / sizeof(int64_t), LINE_PRESENT);
}

/* ---- fixed points of G2: lane i % 8 of entry i / 8 is line i -------------------------------------------------------- */

enum { LINE_VECTORS = (BLS_LINES + 7) / 8 };
static struct line8 fixed_lines[2][LINE_VECTORS];

IFMA void bls_fix_lines_vector(const blst_fp6 first[BLS_LINES], const blst_fp6 second[BLS_LINES])
{
    const blst_fp6 *lines[2] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        for (size_t v = 0; v < LINE_VECTORS; v++) {
            struct fp8 part[6];
            for (size_t k = 0; k < 6; k++) {
                const blst_fp *in[8] = {NULL};
                for (size_t lane = 0; lane < 8 && 8 * v + lane < BLS_LINES; lane++)
                    in[lane] = &lines[i][8 * v + lane].fp2[k / 2].fp[k % 2];
                part[k] = fp8_read(in);
            }
            fixed_lines[i][v] = (struct line8){{part[0], part[1]}, {part[2], part[3]}, {part[4], part[5]}};
        }
    }
}

IFMA void bls_miller_loops_fixed_vector(blst_fp12 *out, const blst_p1_affine *first, const blst_p1_affine *second)
{
    const blst_p1_affine *points[2] = {first, second};
    struct line_factor8 lines[2][LINE_VECTORS];
    bool there[2];
    for (size_t i = 0; i < 2; i++) {
        const blst_p1_affine *same[8];
        there[i] = !blst_p1_affine_is_inf(points[i]); /* a pair with infinity is one */
        for (size_t k = 0; k < 8; k++) same[k] = points[i];
        struct place8 place = read_places(same);
        for (size_t v = 0; v < LINE_VECTORS; v++) line_at(&lines[i][v], &fixed_lines[i][v], &place);
    }
    struct fp12 f = read_fp12(blst_fp12_one());
    size_t line = 0;
    for (size_t i = 0; i < COUNT_OF(zeros_behind); i++) {
        /* A line for the addition, but for the first bit; then one for each doubling. */
        for (unsigned k = i == 0; k <= zeros_behind[i]; k++, line++) {
            if (k > 0) fp12_multiply(&f, &f, &f);
            for (size_t j = 0; j < 2; j++)
                if (there[j]) multiply_by_line(&f, &lines[j][line / 8], line % 8);
        }
    }
    f = fp12_conjugate(&f); /* the parameter is negative */
    write_fp12(out, &f);
}

/* ---- up to eight pairs, one in each lane ------------------------------------------------------------------------------ */

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

static IFMA void read_twist(struct fp2x8 *x, struct fp2x8 *y, const blst_p2_affine *points, size_t count)
{
    const blst_fp *part[4][8];
    for (size_t k = 0; k < 8; k++) {
        const blst_p2_affine *p = &points[k < count ? k : 0];
        for (size_t i = 0; i < 2; i++) {
            part[i][k] = &p->x.fp[i];
            part[2 + i][k] = &p->y.fp[i];
        }
    }
    *x = (struct fp2x8){fp8_read(part[0]), fp8_read(part[1])};
    *y = (struct fp2x8){fp8_read(part[2]), fp8_read(part[3])};
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

IFMA bool bls_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *p, const blst_p2_affine *q, size_t count)
{
    const blst_p1_affine *points[8];
    blst_p2_affine expected[BLS_LANES];
    ASSERT(count <= BLS_LANES);
    for (size_t k = 0; k < 8; k++) points[k] = &p[k < count ? k : 0];
    for (size_t k = 0; k < count; k++) bls_g2_times_z(&expected[k], &q[k]);
    struct place8 place = read_places(points);
    struct fp2x8 x, y;
    read_twist(&x, &y, q, count);
    struct twist8 t = {x, y, fp2x8_one()};
    struct line8 line;
    struct line_factor8 factor;
    struct fp12 f = read_fp12(blst_fp12_one());
    for (size_t i = 0; i < COUNT_OF(zeros_behind); i++) {
        for (unsigned k = i == 0; k <= zeros_behind[i]; k++) {
            if (k > 0) {
                fp12_multiply(&f, &f, &f);
                double_with_line(&t, &line);
            } else {
                add_with_line(&t, &line, &x, &y);
            }
            line_at(&factor, &line, &place);
            for (size_t lane = 0; lane < count; lane++) multiply_by_line(&f, &factor, lane);
        }
    }
    f = fp12_conjugate(&f); /* the parameter is negative */
    write_fp12(out, &f);
    /* t has become z·q, by which the subgroup is known (bls12_381_multiples.c). */
    read_twist(&x, &y, expected, count);
    return twist_is(&t, &x, &y);
}

bool bls_has_vectors(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("bmi2");
}

#else

bool bls_has_vectors(void)
{
    return false;
}

void bls_final_exponentiation_vector(blst_fp12 *out, const blst_fp12 *in)
{
    (void)out, (void)in;
    ASSERT(bls_has_vectors());
}

void bls_fix_lines_vector(const blst_fp6 first[BLS_LINES], const blst_fp6 second[BLS_LINES])
{
    (void)first, (void)second;
    ASSERT(bls_has_vectors());
}

void bls_miller_loops_fixed_vector(blst_fp12 *out, const blst_p1_affine *first, const blst_p1_affine *second)
{
    (void)out, (void)first, (void)second;
    ASSERT(bls_has_vectors());
}

bool bls_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *p, const blst_p2_affine *q, size_t count)
{
    (void)out, (void)p, (void)q, (void)count;
    ASSERT(bls_has_vectors());
    return false;
}

#endif
