/* Between the files of bls12-381:
 *
 *     bls12_381.c             encoding and checks; which of several ways is taken
 *     bls12_381_sum.c         additions, and sums of few multiples
 *     bls12_381_multiples.c   multiples of eight points side by side, and subgroup checks     with AVX-512 IFMA
 *     bls12_381_vector.c      pairings                                                        with AVX-512 IFMA
 *     kzg.c                   proofs of a polynomial's values
 *
 * The vectors' arithmetic is montgomery8.h (the field; its constants are in bls12_381_fp8.h), fp2x8.h, fp12_lanes.h,
 * miller8.h and multiples8.h, which know of no curve. */
#ifndef WEFT_CRYPTO_BLS12_381_BLS12_381_PRIVATE_H
#define WEFT_CRYPTO_BLS12_381_BLS12_381_PRIVATE_H

#include "crypto/simd/ifma.h"

#include <blst.h>

/* out = a + b for points of the curves, in the subgroup or not; (0, 0) is infinity. */
void bls_g1_add_affine(blst_p1_affine *out, const blst_p1_affine *a, const blst_p1_affine *b);
void bls_g2_add_affine(blst_p2_affine *out, const blst_p2_affine *a, const blst_p2_affine *b);

/* Up to so many terms the functions below are faster than blst's sums by buckets. */
enum { BLS_G1_FEW = 40, BLS_G2_FEW = 40 };

/* *out = the sum of `count` points, none infinity, all in the subgroup, each times the scalar (32 bytes, lowest first)
 * of the same place. */
void bls_g1_sum_few(blst_p1 *out, const blst_p1_affine *points, const uint8_t *scalars, size_t count,
                    struct arena *scratch);
void bls_g2_sum_few(blst_p2 *out, const blst_p2_affine *points, const uint8_t *scalars, size_t count,
                    struct arena *scratch);

/* Multiplications that cost next to nothing in the subgroups: by z^2 and by z = 0xd201000000010000. The first is (x, y)
 * -> (beta·x, -y). */
extern const blst_fp bls_beta;
void bls_g1_times_z_squared(blst_p1_affine *out, const blst_p1_affine *in);
void bls_g2_times_z(blst_p2_affine *out, const blst_p2_affine *in);

/* Up to BLS_LANES points, none infinity, with AVX-512 IFMA (bls12_381_multiples.c); need ifma_available(). out[i] =
 * points[i] times scalars[i], right where the point is in the subgroup; whether all points are. */
enum { BLS_LANES = 8 };
void bls_g1_multiply_vector(blst_p1 *out, const blst_p1_affine *points, const unsigned __int128 *scalars, size_t count);
void bls_g2_multiply_vector(blst_p2 *out, const blst_p2_affine *points, const unsigned __int128 *scalars, size_t count);
bool bls_g1_in_group_vector(const blst_p1_affine *points, size_t count);
bool bls_g2_in_group_vector(const blst_p2_affine *points, size_t count);
/* bls_g1_sum_few for any count, by these; and whether all points `to_check`, none infinity, are in the subgroup. If
 * not, *sum is undefined. Points that are in no doubt need not be among them. From two terms to so many this is the
 * fastest way: one alone leaves most lanes empty, and many are better summed by blst's buckets. */
enum { BLS_G1_LANES_MAX = 160, BLS_G2_LANES_MAX = 96 };
bool bls_g1_sum_vector(blst_p1 *sum, const blst_p1_affine *points, const uint8_t *scalars, size_t count,
                       const blst_p1_affine *to_check, size_t checks);
bool bls_g2_sum_vector(blst_p2 *sum, const blst_p2_affine *points, const uint8_t *scalars, size_t count,
                       const blst_p2_affine *to_check, size_t checks);

/* The parts of a KZG proof (kzg.c), with their twins: the product of the pairings with the generator of G2 and with the
 * ceremony's point before the final exponentiation; and c - y·G1 + z·w, for points in the subgroup or infinity. */
void kzg_miller_loops(blst_fp12 *out, const blst_p1_affine *with_generator, const blst_p1_affine *with_setup);
void kzg_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *with_generator, const blst_p1_affine *with_setup);
void kzg_miller_loops_plain(blst_fp12 *out, const blst_p1_affine *with_generator, const blst_p1_affine *with_setup);
void kzg_left_side(blst_p1_affine *out, const blst_p1_affine *c, const blst_p1_affine *w, const blst_scalar *y,
                   const blst_scalar *z, struct arena *scratch);
/* In vectors, for points of the curve; whether both are in the subgroup. */
bool kzg_left_side_vector(blst_p1_affine *out, const blst_p1_affine *c, const blst_p1_affine *w, const blst_scalar *y,
                          const blst_scalar *z);

/* The same with AVX-512 IFMA (bls12_381_vector.c); need ifma_available(). Their twins are blst_final_exp and the
 * functions above. */
enum { BLS_LINES = 68 };
void bls_final_exponentiation_vector(blst_fp12 *out, const blst_fp12 *in);
static inline void bls_final_exponentiation(blst_fp12 *out, const blst_fp12 *in)
{
    if (ifma_available())
        bls_final_exponentiation_vector(out, in);
    else
        blst_final_exp(out, in);
}
/* Makes ready for the Miller loops of two points of G2 whose lines (blst_precompute_lines) are given; runs them. */
void bls_fix_lines_vector(const blst_fp6 first[BLS_LINES], const blst_fp6 second[BLS_LINES]);
void bls_miller_loops_fixed_vector(blst_fp12 *out, const blst_p1_affine *first, const blst_p1_affine *second);
/* The product of the pairings of up to BLS_LANES pairs of finite points before the final exponentiation, p[i] in the
 * subgroup, and whether all q[i] are too. If not, *out is undefined. Factors in Fp2 may differ from blst_miller_loop_n,
 * the twin: the final exponentiation takes them away. */
bool bls_miller_loops_vector(blst_fp12 *out, const blst_p1_affine *p, const blst_p2_affine *q, size_t count);

#endif
