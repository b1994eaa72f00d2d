/* Additions and sums of few multiples on bls12-381.
 *
 * An addition of two points as the EVM has it begins and ends with affine coordinates, so it needs one inversion, which
 * is most of it: GMP's is faster than blst's, which hides how long it takes. Nothing here is secret.
 *
 * Sums of a few dozen multiples: multiplication by a power of the curve's parameter z = 0xd201000000010000 is nearly
 * free on the subgroups. With beta a cube root of one, z^2·(x, y) = (beta·x, -y) on G1; and z·P = -psi(P) on G2, where
 * psi takes (x, y) to (conj(x)·cx, conj(y)·cy). So scalars are written to that base, two digits of 128 bits or four of
 * 64, and a half or a quarter of the doublings is left (bls12_381_few.h; Galbraith, Lin, Scott 2009). The twin is
 * blst's sum by buckets, and one by one. */
#include "crypto/bls12_381/bls12_381_private.h"

#include <gmp.h>

enum { LIMBS = 6 };

static const uint64_t prime[LIMBS] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
                                      0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
/* blst keeps x·2^384. The inverse of that times 2^1152 is 1/x·2^768, one Montgomery multiplication from 1/x·2^384. */
static const blst_fp two_1152 = {{0xed48ac6bd94ca1e0, 0x315f831e03a7adf8, 0x9a53352a615e29dd, 0x34c04e5e921e1761,
                                  0x2512d43565724728, 0x0aa6346091755d4d}};

/* ---- inversion --------------------------------------------------------------------------------------------------- */

/* out = 1/a, a not 0. */
static void invert(blst_fp *out, const blst_fp *a)
{
    /* mpn_gcdext gives the factor of its first argument, which must not be the smaller: a + prime stands for a, and
     * fits. */
    uint64_t u[LIMBS + 1], v[LIMBS + 1], gcd[LIMBS + 1], factor[LIMBS + 1] = {0};
    mp_size_t size = 0;
    mpn_add_n(u, prime, a->l, LIMBS);
    memcpy(v, prime, sizeof prime);
    mp_size_t gcd_size = mpn_gcdext(gcd, factor, &size, u, LIMBS, v, LIMBS);
    ASSERT(gcd_size == 1 && gcd[0] == 1);
    if (size < 0) mpn_sub_n(factor, prime, factor, LIMBS);
    memcpy(out->l, factor, sizeof out->l);
    blst_fp_mul(out, out, &two_1152);
}

/* 1/(a + bi) = (a - bi)/(a^2 + b^2) */
static void invert_fp2(blst_fp2 *out, const blst_fp2 *a)
{
    blst_fp norm, square;
    blst_fp_sqr(&norm, &a->fp[0]);
    blst_fp_sqr(&square, &a->fp[1]);
    blst_fp_add(&norm, &norm, &square);
    invert(&norm, &norm);
    blst_fp_mul(&out->fp[0], &a->fp[0], &norm);
    blst_fp_mul(&out->fp[1], &a->fp[1], &norm);
    blst_fp_cneg(&out->fp[1], &out->fp[1], true);
}

/* ---- addition ---------------------------------------------------------------------------------------------------- */

/* The chord's slope, or the tangent's for equal points; then x3 = slope^2 - x1 - x2, y3 = slope·(x1 - x3) - y1. Neither
 * curve has a point with y = 0, so a tangent is never upright. */
#define ADD_AFFINE(name, affine, element, fp, inverted)                                                                \
    void name(affine *out, const affine *a, const affine *b)                                                           \
    {                                                                                                                  \
        element slope, below, x, y;                                                                                    \
        if (memcmp(&a->x, &b->x, sizeof a->x) == 0) {                                                                  \
            if (memcmp(&a->y, &b->y, sizeof a->y) != 0) { /* opposite */                                               \
                memset(out, 0, sizeof *out);                                                                           \
                return;                                                                                                \
            }                                                                                                          \
            fp##_sqr(&slope, &a->x);                                                                                   \
            fp##_mul_by_3(&slope, &slope);                                                                             \
            fp##_add(&below, &a->y, &a->y);                                                                            \
        } else {                                                                                                       \
            fp##_sub(&slope, &b->y, &a->y);                                                                            \
            fp##_sub(&below, &b->x, &a->x);                                                                            \
        }                                                                                                              \
        inverted(&below, &below);                                                                                      \
        fp##_mul(&slope, &slope, &below);                                                                              \
        fp##_sqr(&x, &slope);                                                                                          \
        fp##_sub(&x, &x, &a->x);                                                                                       \
        fp##_sub(&x, &x, &b->x);                                                                                       \
        fp##_sub(&y, &a->x, &x);                                                                                       \
        fp##_mul(&y, &y, &slope);                                                                                      \
        fp##_sub(&y, &y, &a->y);                                                                                       \
        out->x = x;                                                                                                    \
        out->y = y;                                                                                                    \
    }

static ADD_AFFINE(add_finite_g1, blst_p1_affine, blst_fp, blst_fp,
                  invert) static ADD_AFFINE(add_finite_g2, blst_p2_affine, blst_fp2, blst_fp2, invert_fp2)

    void bls_g1_add_affine(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b)
{
    if (blst_p1_affine_is_inf(a))
        *out = *b;
    else if (blst_p1_affine_is_inf(b))
        *out = *a;
    else
        add_finite_g1(out, a, b);
}

void bls_g2_add_affine(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b)
{
    if (blst_p2_affine_is_inf(a))
        *out = *b;
    else if (blst_p2_affine_is_inf(b))
        *out = *a;
    else
        add_finite_g2(out, a, b);
}

/* ---- scalars ----------------------------------------------------------------------------------------------------- */

static const uint64_t order[4] = {0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48};
static const uint64_t Z = 0xd201000000010000;
static const uint64_t z_squared[2] = {0x0000000100000000, 0xac45a4010001a402};

static void reduce(uint64_t out[4], const uint8_t scalar[32])
{
    uint64_t x[4], quotient[1];
    for (size_t i = 0; i < 4; i++) x[i] = __builtin_bswap64(load_be64(scalar + 8 * i));
    mpn_tdiv_qr(quotient, out, 0, x, 4, order, 4);
}

/* The order is z^4 - z^2 + 1, so below it two digits to the base z^2 suffice, or four to the base z. */
static void split_in_two(unsigned __int128 part[2], const uint8_t scalar[32])
{
    uint64_t x[4], quotient[3], rest[2];
    reduce(x, scalar);
    mpn_tdiv_qr(quotient, rest, 0, x, 4, z_squared, 2);
    part[0] = (unsigned __int128)rest[1] << 64 | rest[0];
    part[1] = (unsigned __int128)quotient[1] << 64 | quotient[0];
}

static void split_in_four(unsigned __int128 part[4], const uint8_t scalar[32])
{
    uint64_t x[4];
    reduce(x, scalar);
    for (size_t i = 0; i < 4; i++) part[i] = mpn_divrem_1(x, 0, x, 4, Z);
}

enum { WINDOW = 5, MULTIPLES = 1 << (WINDOW - 2), DIGITS = 130 };

/* Writes x as digits that are 0 or odd and below 2^(WINDOW - 1), lowest first; returns how many matter. */
static size_t write_digits(int8_t out[DIGITS], unsigned __int128 x)
{
    size_t length = 0;
    memset(out, 0, DIGITS);
    for (size_t i = 0; x != 0; i++, x >>= 1) {
        if ((x & 1) == 0) continue;
        int digit = (int)(x & ((1u << WINDOW) - 1));
        if (digit >= 1 << (WINDOW - 1)) {
            digit -= 1 << WINDOW;
            x += (unsigned)-digit; /* x is below 2^128 - 2^WINDOW */
        } else {
            x -= (unsigned)digit;
        }
        out[i] = (int8_t)digit;
        length = i + 1;
    }
    return length;
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

/* In blst's form, x·2^384. */
const blst_fp bls_beta = {{0x30f1361b798a64e8, 0xf3b8ddab7ece5a2a, 0x16a8ca3ac61577f7, 0xc26a2ff874fd029b,
                           0x3636b76660701c6e, 0x051ba4ab241b6160}};
/* cx is imaginary: psi_x·i. */
static const blst_fp psi_x = {{0x890dc9e4867545c3, 0x2af322533285a5d5, 0x50880866309b7e2c, 0xa20d1b8c7e881024,
                               0x14e4f04fe2db9068, 0x14e56d3f1564853a}};
static const blst_fp2 psi_y = {{{{0x3e2f585da55c9ad1, 0x4294213d86c18183, 0x382844c88b623732, 0x92ad2afd19103e18,
                                  0x1d794e4fac7cf0b9, 0x0bd592fc7d825ec8}},
                                {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1, 0xd1ca2087da74d4a7,
                                  0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}}}};

void bls_g1_times_z_squared(blst_p1_affine *out, const blst_p1_affine *in)
{
    blst_fp_mul(&out->x, &in->x, &bls_beta);
    blst_fp_cneg(&out->y, &in->y, true);
}

void bls_g2_times_z(blst_p2_affine *out, const blst_p2_affine *in)
{
    blst_fp2 x = in->x, y = in->y;
    blst_fp_mul(&out->x.fp[0], &x.fp[1], &psi_x); /* (a - bi)·ci = bc + ac·i */
    blst_fp_mul(&out->x.fp[1], &x.fp[0], &psi_x);
    blst_fp_cneg(&y.fp[1], &y.fp[1], true);
    blst_fp2_mul(&out->y, &y, &psi_y);
    blst_fp2_cneg(&out->y, &out->y, true);
}

#define FEW_NAME bls_g1_sum_few
#define FEW_AFFINE blst_p1_affine
#define FEW_JACOBIAN blst_p1
#define FEW(name) blst_p1##name
#define FEW_PARTS 2
#define FEW_SPLIT split_in_two
#define FEW_TIMES_BASE bls_g1_times_z_squared
#define FEW_NEGATE(out, in) blst_fp_cneg(out, in, true)
#include "crypto/bls12_381/bls12_381_few.h"

#define FEW_NAME bls_g2_sum_few
#define FEW_AFFINE blst_p2_affine
#define FEW_JACOBIAN blst_p2
#define FEW(name) blst_p2##name
#define FEW_PARTS 4
#define FEW_SPLIT split_in_four
#define FEW_TIMES_BASE bls_g2_times_z
#define FEW_NEGATE(out, in) blst_fp2_cneg(out, in, true)
#include "crypto/bls12_381/bls12_381_few.h"

/* ---- sums in vectors --------------------------------------------------------------------------------------------- */

/* Each part of a scalar with its point is a lane of its own, so that no two points meet before the end. Where lanes are
 * left over, the points to check ride along, times z^2 or z; else they take turns of their own, which are shorter. */
#define SUM_VECTOR(name, affine, jacobian, group, parts, split, times_base, base)                                      \
    bool name(jacobian *sum, const affine *points, const uint8_t *scalars, size_t count, const affine *to_check,       \
              size_t checks)                                                                                           \
    {                                                                                                                  \
        affine lane_points[BLS_LANES], expected;                                                                       \
        unsigned __int128 lane_scalars[BLS_LANES];                                                                     \
        jacobian products[BLS_LANES], other;                                                                           \
        size_t lanes = parts * count, spare = (BLS_LANES - lanes % BLS_LANES) % BLS_LANES;                             \
        size_t riders = checks <= spare ? checks : 0;                                                                  \
        for (size_t i = riders; i < checks; i += BLS_LANES)                                                            \
            if (!bls_##group##_in_group_vector(to_check + i, checks - i < BLS_LANES ? checks - i : BLS_LANES))         \
                return false;                                                                                          \
        memset(sum, 0, sizeof *sum);                                                                                   \
        for (size_t i = 0; i < lanes + riders; i += BLS_LANES) {                                                       \
            size_t used = lanes + riders - i < BLS_LANES ? lanes + riders - i : BLS_LANES;                             \
            for (size_t k = 0; k < used; k++) {                                                                        \
                if (i + k >= lanes) {                                                                                  \
                    lane_points[k] = to_check[i + k - lanes];                                                          \
                    lane_scalars[k] = base;                                                                            \
                    continue;                                                                                          \
                }                                                                                                      \
                size_t term = (i + k) / parts, part = (i + k) % parts;                                                 \
                if (part == 0) {                                                                                       \
                    lane_points[k] = points[term];                                                                     \
                    split(lane_scalars + k, scalars + 32 * term);                                                      \
                } else {                                                                                               \
                    times_base(&lane_points[k], &lane_points[k - 1]);                                                  \
                }                                                                                                      \
            }                                                                                                          \
            bls_##group##_multiply_vector(products, lane_points, lane_scalars, used);                                  \
            for (size_t k = 0; k < used; k++) {                                                                        \
                if (i + k < lanes) {                                                                                   \
                    jacobian##_add_or_double(sum, sum, &products[k]);                                                  \
                    continue;                                                                                          \
                }                                                                                                      \
                times_base(&expected, &lane_points[k]);                                                                \
                jacobian##_from_affine(&other, &expected);                                                             \
                if (!jacobian##_is_equal(&products[k], &other)) return false;                                          \
            }                                                                                                          \
        }                                                                                                              \
        return true;                                                                                                   \
    }

/* The parts of a scalar fill lanes of one turn: BLS_LANES is a multiple of both counts. */
SUM_VECTOR(bls_g1_sum_vector, blst_p1_affine, blst_p1, g1, 2, split_in_two, bls_g1_times_z_squared,
           (unsigned __int128)z_squared[1] << 64 | z_squared[0])
SUM_VECTOR(bls_g2_sum_vector, blst_p2_affine, blst_p2, g2, 4, split_in_four, bls_g2_times_z, Z)
