/* The KZG point evaluation proof (EIP-4844), straight on blst.
 *
 * With C the commitment, W the proof, s the ceremony's secret, the statement p(z) = y is
 *
 *     e(C - y G1, G2) = e(W, s G2 - z G2)    which is    e(C - y G1 + z W, G2) * e(-W, s G2) = 1.
 *
 * In the second form both points of G2 are constants, so their line functions are computed once, and all
 * multiplications are in G1. Of the ceremony's setup one point is needed, s G2; reading the whole setup would take
 * seconds (docs/decisions/0010-crypto-libraries.md). */
#include "crypto/crypto.h"

#include <pthread.h>

#include <blst.h>

/* s G2, compressed: KZG_SETUP_G2[1] of the public ceremony, as EIP-4844 prescribes it. */
static const uint8_t setup_g2[96] = {
    0xb5, 0xbf, 0xd7, 0xdd, 0x8c, 0xde, 0xb1, 0x28, 0x84, 0x3b, 0xc2, 0x87, 0x23, 0x0a, 0xf3, 0x89,
    0x26, 0x18, 0x70, 0x75, 0xcb, 0xfb, 0xef, 0xa8, 0x10, 0x09, 0xa2, 0xce, 0x61, 0x5a, 0xc5, 0x3d,
    0x29, 0x14, 0xe5, 0x87, 0x0c, 0xb4, 0x52, 0xd2, 0xaf, 0xaa, 0xab, 0x24, 0xf3, 0x49, 0x9f, 0x72,
    0x18, 0x5c, 0xbf, 0xee, 0x53, 0x49, 0x27, 0x14, 0x73, 0x44, 0x29, 0xb7, 0xb3, 0x86, 0x08, 0xe2,
    0x39, 0x26, 0xc9, 0x11, 0xcc, 0xec, 0xea, 0xc9, 0xa3, 0x68, 0x51, 0x47, 0x7b, 0xa4, 0xc6, 0x0b,
    0x08, 0x70, 0x41, 0xde, 0x62, 0x10, 0x00, 0xed, 0xc9, 0x8e, 0xda, 0xda, 0x20, 0xc1, 0xde, 0xf2,
};

enum { LINES = 68, SCALAR_BITS = 255 };
static blst_fp6 lines_generator[LINES], lines_setup[LINES];
static pthread_once_t lines_once = PTHREAD_ONCE_INIT;

static void make_lines(void)
{
    blst_p2_affine s;
    ASSERT(blst_p2_uncompress(&s, setup_g2) == BLST_SUCCESS);
    blst_precompute_lines(lines_setup, &s);
    blst_precompute_lines(lines_generator, blst_p2_affine_generator());
}

/* Reads a compressed point and checks curve and subgroup. */
static bool read_point(blst_p1_affine *out, const uint8_t in[48])
{
    return blst_p1_uncompress(out, in) == BLST_SUCCESS && blst_p1_affine_in_g1(out);
}

bool kzg_verify_proof(const uint8_t commitment[48], const uint8_t z[32], const uint8_t y[32], const uint8_t proof[48])
{
    pthread_once(&lines_once, make_lines);
    blst_scalar scalar_z, scalar_y;
    blst_scalar_from_bendian(&scalar_z, z);
    blst_scalar_from_bendian(&scalar_y, y);
    blst_p1_affine c, w;
    if (!blst_scalar_fr_check(&scalar_z) || !blst_scalar_fr_check(&scalar_y) || !read_point(&c, commitment) ||
        !read_point(&w, proof))
        return false;

    /* C - y G1 + z W */
    blst_p1 left, part;
    blst_p1_mult(&left, blst_p1_generator(), scalar_y.b, SCALAR_BITS);
    blst_p1_cneg(&left, true);
    blst_p1_add_or_double_affine(&left, &left, &c);
    blst_p1_from_affine(&part, &w);
    blst_p1_mult(&part, &part, scalar_z.b, SCALAR_BITS);
    blst_p1_add_or_double(&left, &left, &part);

    /* -W; a pair with infinity is one, which blst's Miller loop over lines does not know. */
    blst_p1_affine sum;
    blst_p1_to_affine(&sum, &left);
    blst_fp12 product = *blst_fp12_one(), factor;
    if (!blst_p1_affine_is_inf(&sum)) blst_miller_loop_lines(&product, lines_generator, &sum);
    if (!blst_p1_affine_is_inf(&w)) {
        blst_fp_cneg(&w.y, &w.y, true);
        blst_miller_loop_lines(&factor, lines_setup, &w);
        blst_fp12_mul(&product, &product, &factor);
    }
    blst_final_exp(&product, &product);
    return blst_fp12_is_one(&product);
}
