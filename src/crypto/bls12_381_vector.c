/* Pairings on bls12-381 in vectors (AVX-512 IFMA): see fp12_lanes.h for the arithmetic. */
#include "crypto/bls12_381_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/bls12_381_fp8.h"

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

/* ---- Miller loops with precomputed lines ----------------------------------------------------------------------------- */

/* blst's 68 lines of a point of G2, line i in lane i % 8 of entry i / 8. A line is constant + x·w^2 + y·w^3, where x is
 * still to be multiplied by -2x of the point of G1 and y by 2y. */
enum { LINES = BLS_LINES, LINE_VECTORS = (LINES + 7) / 8 };
struct line8 {
    struct fp2x8 constant, x, y;
};

/* The two points of G2 that a KZG proof uses. */
static struct line8 fixed_lines[2][LINE_VECTORS];

IFMA void bls_fix_lines_vector(const blst_fp6 first[BLS_LINES], const blst_fp6 second[BLS_LINES])
{
    const blst_fp6 *lines[2] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        for (size_t v = 0; v < LINE_VECTORS; v++) {
            struct fp8 part[6];
            for (size_t k = 0; k < 6; k++) {
                const blst_fp *in[8] = {NULL};
                for (size_t lane = 0; lane < 8 && 8 * v + lane < LINES; lane++)
                    in[lane] = &lines[i][8 * v + lane].fp2[k / 2].fp[k % 2];
                part[k] = fp8_read(in);
            }
            fixed_lines[i][v] = (struct line8){{part[0], part[1]}, {part[2], part[3]}, {part[4], part[5]}};
        }
    }
}

/* Lines at their points, as factors: coefficients 0, 2 and 3. */
enum { LINE_COEFFICIENTS = 4, LINE_PRESENT = 0xd };
struct line_factor8 {
    struct factor12 coefficient[LINE_COEFFICIENTS];
};

static ALWAYS_INLINE IFMA struct factor12 factor_of_parts(struct fp8 re, struct fp8 im)
{
    return (struct factor12){re, im, fp8_add(re, im)};
}

static NOINLINE IFMA void line_at(struct line_factor8 *out, const struct line8 *line, const struct fp8 *minus_2x,
                                  const struct fp8 *y_2)
{
    out->coefficient[0] = factor_of_parts(line->constant.re, line->constant.im);
    out->coefficient[2] = factor_of_parts(fp8_multiply(line->x.re, *minus_2x), fp8_multiply(line->x.im, *minus_2x));
    out->coefficient[3] = factor_of_parts(fp8_multiply(line->y.re, *y_2), fp8_multiply(line->y.im, *y_2));
}

/* *f *= the line in that lane. */
static IFMA void multiply_by_line(struct fp12 *f, const struct line_factor8 *line, size_t lane)
{
    fp12_multiply_by(f, f, (const int64_t *)line + lane, sizeof(struct factor12) / sizeof(int64_t),
                     sizeof(struct fp8) / sizeof(int64_t), LINE_PRESENT);
}

IFMA void bls_miller_loops_fixed_vector(blst_fp12 *out, const blst_p1_affine *first, const blst_p1_affine *second)
{
    const blst_p1_affine *points[2] = {first, second};
    struct line_factor8 lines[2][LINE_VECTORS];
    bool there[2];
    for (size_t i = 0; i < 2; i++) {
        there[i] = !blst_p1_affine_is_inf(points[i]); /* a pair with infinity is one */
        const blst_fp *x[8], *y[8];
        for (size_t k = 0; k < 8; k++) {
            x[k] = &points[i]->x;
            y[k] = &points[i]->y;
        }
        struct fp8 minus_2x = fp8_settle(fp8_minus(fp8_shift(fp8_read(x), 1)));
        struct fp8 y_2 = fp8_settle(fp8_shift(fp8_read(y), 1));
        for (size_t v = 0; v < LINE_VECTORS; v++) line_at(&lines[i][v], &fixed_lines[i][v], &minus_2x, &y_2);
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

#endif
