/* Pairings on bls12-381 in vectors (AVX-512 IFMA), with the arithmetic of fp12_lanes.h and miller8.h: the final
 * exponentiation, the Miller loops of two fixed points of G2 (for KZG proofs), and those of up to eight pairs. The
 * twins are blst's. */
#include "crypto/bls12_381/bls12_381_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/bls12_381/bls12_381_fp8.h"
#include "crypto/simd/fp2x8.h"

/* xi = 1 + i: (a - b) + (a + b)·i. */
#define FP12_TIMES_XI(a) ((struct fp2x8){fp8_plus((a).re, fp8_minus((a).im)), fp8_plus((a).re, (a).im)})
#define FP12_TIMES_XI_LANES(a, other) fp8_plus(a, fp8_choose(0x38, fp8_minus(other), other))
/* In halves: (re - im)^2 - 2·im^2 and (re + im)^2 - 2·im^2. */
#define FP12_ADD_XI_SQUARES(t, re, im)                                                                                 \
    do {                                                                                                               \
        struct wide8 im_2 = wide8_square(im);                                                                          \
        struct fp8 both = fp8_settle(fp8_plus(re, fp8_choose(0x38, fp8_minus(im), im)));                               \
        *(t) = wide8_less(wide8_plus(*(t), wide8_square(both)), wide8_plus(im_2, im_2));                               \
    } while (0)

#include "crypto/simd/fp12_lanes.h"

/* The twist divides by powers of w: constant + x·w^2 + y·w^3. */
enum { LINE_CONSTANT_AT = 0, LINE_X_AT = 2, LINE_Y_AT = 3 };
#include "crypto/simd/miller8.h"

/* ---- from and to blst -------------------------------------------------------------------------------------------- */

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

static struct frobenius12 frobenius;
static pthread_once_t frobenius_once = PTHREAD_ONCE_INIT;

static void make_frobenius(void)
{
    frobenius12_make(&frobenius);
}

/* ---- the final exponentiation ------------------------------------------------------------------------------------ */

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
            fp12_multiply_factor(&x, &factor, &x);
            half = half12_of(&x);
        }
        half12_square(&half, zeros_behind[i]);
    }
    x = fp12_of(&half);
    *out = fp12_conjugate(&x);
}

IFMA void bls_final_exponentiation_vector(blst_fp12 *out, const blst_fp12 *in)
{
    pthread_once(&frobenius_once, make_frobenius);
    blst_fp12 inverse;
    blst_fp12_inverse(&inverse, in);
    struct fp12 a = read_fp12(in), b = read_fp12(&inverse), c, d;
    /* (p^6 - 1)(p^2 + 1) */
    a = fp12_conjugate(&a);
    fp12_multiply(&a, &a, &b);
    fp12_frobenius(&b, &a, &frobenius, 2);
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
    fp12_frobenius(&d, &b, &frobenius, 1);
    fp12_multiply(&b, &c, &d); /* ... (x + p) */
    power_of_parameter(&c, &b);
    power_of_parameter(&d, &c);
    fp12_frobenius(&c, &b, &frobenius, 2);
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

static IFMA struct place8 read_places(const blst_p1_affine *const points[8])
{
    const blst_fp *x[8], *y[8];
    for (size_t k = 0; k < 8; k++) {
        x[k] = &points[k]->x;
        y[k] = &points[k]->y;
    }
    return (struct place8){fp8_settle(fp8_minus(fp8_shift(fp8_read(x), 1))), fp8_settle(fp8_shift(fp8_read(y), 1))};
}

/* ---- fixed points of G2: lane i % 8 of entry i / 8 is line i ----------------------------------------------------- */

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
    struct line_factor8 factor[2];
    struct place8 place[2];
    bool there[2];
    for (size_t i = 0; i < 2; i++) {
        const blst_p1_affine *same[8];
        there[i] = !blst_p1_affine_is_inf(points[i]); /* a pair with infinity is one */
        for (size_t k = 0; k < 8; k++) same[k] = points[i];
        place[i] = read_places(same);
    }
    struct fp12 f = fp12_one();
    size_t line = 0;
    for (size_t i = 0; i < COUNT_OF(zeros_behind); i++) {
        /* A line for the addition, but for the first bit; then one for each doubling. */
        for (unsigned k = i == 0; k <= zeros_behind[i]; k++, line++) {
            if (k > 0) fp12_multiply(&f, &f, &f);
            for (size_t j = 0; j < 2; j++) {
                if (!there[j]) continue;
                if (line % 8 == 0) {
                    struct line8 next = fixed_lines[j][line / 8];
                    place_line(&next, &place[j]);
                    line_factor8_of(&factor[j], &next);
                }
                multiply_by_line(&f, &factor[j], line % 8);
            }
        }
    }
    f = fp12_conjugate(&f); /* the parameter is negative */
    write_fp12(out, &f);
}

/* ---- up to eight pairs, one in each lane ------------------------------------------------------------------------- */

static IFMA void read_twist(struct fp2x8 *x, struct fp2x8 *y, const blst_p2_affine *points, size_t count)
{
    const blst_fp *part[4][8];
    for (size_t k = 0; k < 8; k++) {
        const blst_p2_affine *p = &points[pair_of_lane(k, count)];
        for (size_t i = 0; i < 2; i++) {
            part[i][k] = &p->x.fp[i];
            part[2 + i][k] = &p->y.fp[i];
        }
    }
    *x = (struct fp2x8){fp8_read(part[0]), fp8_read(part[1])};
    *y = (struct fp2x8){fp8_read(part[2]), fp8_read(part[3])};
}

IFMA bool bls_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *p, const blst_p2_affine *q, size_t count)
{
    const blst_p1_affine *points[8];
    blst_p2_affine expected[BLS_LANES];
    ASSERT(count <= BLS_LANES);
    for (size_t k = 0; k < 8; k++) points[k] = &p[pair_of_lane(k, count)];
    for (size_t k = 0; k < count; k++) bls_g2_times_z(&expected[k], &q[k]);
    struct place8 place = read_places(points);
    struct fp2x8 x, y;
    read_twist(&x, &y, q, count);
    struct twist8 t = {x, y, fp2x8_one()};
    struct fp12 f = fp12_one();
    for (size_t i = 0; i < COUNT_OF(zeros_behind); i++) {
        if (i > 0) miller_add(&f, &t, &x, &y, &place, count);
        for (unsigned k = 0; k < zeros_behind[i]; k++) miller_double(&f, &t, &place, count);
    }
    f = fp12_conjugate(&f); /* the parameter is negative */
    write_fp12(out, &f);
    /* t has become z·q, by which the subgroup is known (bls12_381_multiples.c). */
    read_twist(&x, &y, expected, count);
    return twist_is(&t, &x, &y);
}

#else

void bls_final_exponentiation_vector(blst_fp12 *out, const blst_fp12 *in)
{
    (void)out, (void)in;
    ASSERT(ifma_available());
}

void bls_fix_lines_vector(const blst_fp6 first[BLS_LINES], const blst_fp6 second[BLS_LINES])
{
    (void)first, (void)second;
    ASSERT(ifma_available());
}

void bls_miller_loops_fixed_vector(blst_fp12 *out, const blst_p1_affine *first, const blst_p1_affine *second)
{
    (void)out, (void)first, (void)second;
    ASSERT(ifma_available());
}

bool bls_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *p, const blst_p2_affine *q, size_t count)
{
    (void)out, (void)p, (void)q, (void)count;
    ASSERT(ifma_available());
    return false;
}

#endif
