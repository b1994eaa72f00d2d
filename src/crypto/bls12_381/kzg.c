/* The KZG point evaluation proof (EIP-4844), straight on blst.
 *
 * With C the commitment, W the proof, s the ceremony's secret, the statement p(z) = y is
 *
 *     e(C - y G1, G2) = e(W, s G2 - z G2)    which is    e(C - y G1 + z W, G2) * e(-W, s G2) = 1.
 *
 * In the second form both points of G2 are constants, so their line functions are computed once, and all
 * multiplications are in G1: one sum of two multiples (bls12_381_sum.c). Both Miller loops run as one, sharing the
 * squarings, on blst or in vectors (bls12_381_vector.c); the twin is blst's loop, once for each pair. Of the ceremony's
 * setup one point is needed, s G2; reading the whole setup would take seconds
 * (docs/decisions/0002-crypto-libraries.md). */
#include "crypto/bls12_381/bls12_381_private.h"
#include "crypto/crypto.h"

#include <pthread.h>

/* s G2, compressed: KZG_SETUP_G2[1] of the public ceremony, as EIP-4844 prescribes it. */
static const uint8_t setup_g2[96] = {
    0xb5, 0xbf, 0xd7, 0xdd, 0x8c, 0xde, 0xb1, 0x28, 0x84, 0x3b, 0xc2, 0x87, 0x23, 0x0a, 0xf3, 0x89,
    0x26, 0x18, 0x70, 0x75, 0xcb, 0xfb, 0xef, 0xa8, 0x10, 0x09, 0xa2, 0xce, 0x61, 0x5a, 0xc5, 0x3d,
    0x29, 0x14, 0xe5, 0x87, 0x0c, 0xb4, 0x52, 0xd2, 0xaf, 0xaa, 0xab, 0x24, 0xf3, 0x49, 0x9f, 0x72,
    0x18, 0x5c, 0xbf, 0xee, 0x53, 0x49, 0x27, 0x14, 0x73, 0x44, 0x29, 0xb7, 0xb3, 0x86, 0x08, 0xe2,
    0x39, 0x26, 0xc9, 0x11, 0xcc, 0xec, 0xea, 0xc9, 0xa3, 0x68, 0x51, 0x47, 0x7b, 0xa4, 0xc6, 0x0b,
    0x08, 0x70, 0x41, 0xde, 0x62, 0x10, 0x00, 0xed, 0xc9, 0x8e, 0xda, 0xda, 0x20, 0xc1, 0xde, 0xf2,
};

static blst_fp6 lines_generator[BLS_LINES], lines_setup[BLS_LINES];
static pthread_once_t lines_once = PTHREAD_ONCE_INIT;

static void make_lines(void)
{
    blst_p2_affine s;
    ASSERT(blst_p2_uncompress(&s, setup_g2) == BLST_SUCCESS);
    blst_precompute_lines(lines_setup, &s);
    blst_precompute_lines(lines_generator, blst_p2_affine_generator());
    if (ifma_available()) bls_fix_lines_vector(lines_generator, lines_setup);
}

/* ---- the two Miller loops ---------------------------------------------------------------------------------------- */

/* A point as the lines want it: (-2x, 2y). */
static blst_p1_affine point_for_lines(const blst_p1_affine *p)
{
    blst_p1_affine out;
    blst_fp_add(&out.x, &p->x, &p->x);
    blst_fp_cneg(&out.x, &out.x, true);
    blst_fp_add(&out.y, &p->y, &p->y);
    return out;
}

/* f *= the line at the point. A line is three elements of the quadratic extension: a constant, and what x and y are
 * multiplied with. */
static void multiply_by_line(blst_fp12 *f, const blst_fp6 *line, const blst_p1_affine *point)
{
    blst_fp6 at;
    at.fp2[0] = line->fp2[0];
    for (int i = 0; i < 2; i++) {
        blst_fp_mul(&at.fp2[1].fp[i], &line->fp2[1].fp[i], &point->x);
        blst_fp_mul(&at.fp2[2].fp[i], &line->fp2[2].fp[i], &point->y);
    }
    blst_fp12_mul_by_xy00z0(f, f, &at);
}

void kzg_miller_loops(blst_fp12 *out, const blst_p1_affine *with_generator, const blst_p1_affine *with_setup)
{
    pthread_once(&lines_once, make_lines);
    /* The curve's parameter 0xd201000000010000 from its second bit on: a line for each bit, and one more for each 1. */
    static const uint8_t zeros_behind[] = {2, 3, 9, 32, 16};
    const blst_p1_affine g = point_for_lines(with_generator), s = point_for_lines(with_setup);
    const blst_fp6 *line_g = blst_p1_affine_is_inf(with_generator) ? NULL : lines_generator;
    const blst_fp6 *line_s = blst_p1_affine_is_inf(with_setup) ? NULL : lines_setup; /* a pair with infinity is one */
    blst_fp12 f = *blst_fp12_one();
#define BOTH_LINES()                                                                                                   \
    do {                                                                                                               \
        if (line_g != NULL) multiply_by_line(&f, line_g++, &g);                                                        \
        if (line_s != NULL) multiply_by_line(&f, line_s++, &s);                                                        \
    } while (0)
    BOTH_LINES();
    for (size_t i = 0; i < COUNT_OF(zeros_behind); i++) {
        BOTH_LINES();
        for (unsigned k = 0; k < zeros_behind[i]; k++) {
            blst_fp12_sqr(&f, &f);
            BOTH_LINES();
        }
    }
#undef BOTH_LINES
    blst_fp12_conjugate(&f); /* the parameter is negative */
    *out = f;
}

void kzg_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *with_generator, const blst_p1_affine *with_setup)
{
    pthread_once(&lines_once, make_lines);
    bls_miller_loops_fixed_vector(out, with_generator, with_setup);
}

void kzg_miller_loops_plain(blst_fp12 *out, const blst_p1_affine *with_generator, const blst_p1_affine *with_setup)
{
    pthread_once(&lines_once, make_lines);
    blst_fp12 product = *blst_fp12_one(), factor;
    if (!blst_p1_affine_is_inf(with_generator)) blst_miller_loop_lines(&product, lines_generator, with_generator);
    if (!blst_p1_affine_is_inf(with_setup)) {
        blst_miller_loop_lines(&factor, lines_setup, with_setup);
        blst_fp12_mul(&product, &product, &factor);
    }
    *out = product;
}

/* ---- the proof --------------------------------------------------------------------------------------------------- */

void kzg_left_side(blst_p1_affine *out, const blst_p1_affine *c, const blst_p1_affine *w, const blst_scalar *y,
                   const blst_scalar *z, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    blst_p1_affine points[2] = {*blst_p1_affine_generator(), *w};
    uint8_t scalars[2][32];
    blst_fp_cneg(&points[0].y, &points[0].y, true);
    memcpy(scalars[0], y->b, 32);
    memcpy(scalars[1], z->b, 32);
    blst_p1 sum;
    bls_g1_sum_few(&sum, points, scalars[0], blst_p1_affine_is_inf(w) ? 1 : 2, scratch);
    blst_p1_add_or_double_affine(&sum, &sum, c);
    blst_p1_to_affine(out, &sum);
    arena_rewind(scratch, mark);
}

bool kzg_left_side_vector(blst_p1_affine *out, const blst_p1_affine *c, const blst_p1_affine *w, const blst_scalar *y,
                          const blst_scalar *z)
{
    blst_p1_affine points[2] = {*blst_p1_affine_generator()}, to_check[2];
    uint8_t scalars[2][32];
    size_t count = 1, checks = 0;
    blst_fp_cneg(&points[0].y, &points[0].y, true);
    memcpy(scalars[0], y->b, 32);
    if (!blst_p1_affine_is_inf(c)) to_check[checks++] = *c;
    if (!blst_p1_affine_is_inf(w)) {
        to_check[checks++] = *w;
        points[count] = *w;
        memcpy(scalars[count++], z->b, 32);
    }
    blst_p1 sum;
    if (!bls_g1_sum_vector(&sum, points, scalars[0], count, to_check, checks)) return false;
    blst_p1_add_or_double_affine(&sum, &sum, c);
    blst_p1_to_affine(out, &sum);
    return true;
}

bool kzg_verify_proof(const uint8_t commitment[48], const uint8_t z[32], const uint8_t y[32], const uint8_t proof[48],
                      struct arena *scratch)
{
    blst_scalar scalar_z, scalar_y;
    blst_scalar_from_bendian(&scalar_z, z);
    blst_scalar_from_bendian(&scalar_y, y);
    blst_p1_affine c, w, left;
    if (!blst_scalar_fr_check(&scalar_z) || !blst_scalar_fr_check(&scalar_y) ||
        blst_p1_uncompress(&c, commitment) != BLST_SUCCESS || blst_p1_uncompress(&w, proof) != BLST_SUCCESS)
        return false;
    blst_fp12 product;
    if (ifma_available()) {
        if (!kzg_left_side_vector(&left, &c, &w, &scalar_y, &scalar_z)) return false;
    } else {
        if (!blst_p1_affine_in_g1(&c) || !blst_p1_affine_in_g1(&w)) return false;
        kzg_left_side(&left, &c, &w, &scalar_y, &scalar_z, scratch);
    }
    if (!blst_p1_affine_is_inf(&w)) blst_fp_cneg(&w.y, &w.y, true);
    if (ifma_available())
        kzg_miller_loops_vector(&product, &left, &w);
    else
        kzg_miller_loops(&product, &left, &w);
    bls_final_exponentiation(&product, &product);
    return blst_fp12_is_one(&product);
}
