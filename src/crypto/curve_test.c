/* Pairing curves, KZG and modexp: group laws, and everything that must be refused. Known values are in the precompile
 * vectors. */
#include "crypto/bls12_381/bls12_381_private.h"
#include "crypto/bn254/bn254_private.h"
#include "crypto/crypto.h"
#include "crypto/modexp/modexp_private.h"

#include "curve_test.h"
#include "harness.h"

#include <gmp.h>

/* ---- bn254 ------------------------------------------------------------------------------------------------------- */

static void bn_multiple(uint8_t out[64], const uint8_t scalar[32])
{
    uint8_t in[96] = {[31] = 1, [63] = 2};
    memcpy(in + 64, scalar, 32);
    CHECK(bn254_mul(out, in));
}

TEST(bn254_addition_and_multiplication_agree)
{
    for (int round = 0; round < 60; round++) {
        uint8_t scalar[32], in[96], pair[128], by_mul[64], by_add[64] = {0}, doubled[64];
        harness_random_edge_bytes(scalar, 32);
        memset(in, 0, 64);
        bn_multiple(in, scalar); /* a point P */
        uint8_t small[32] = {0};
        small[31] = (uint8_t)harness_random_below(20);
        memcpy(in + 64, small, 32);
        CHECK(bn254_mul(by_mul, in)); /* small * P in one go and by additions */
        for (int i = 0; i < small[31]; i++) {
            memcpy(pair, by_add, 64);
            memcpy(pair + 64, in, 64);
            CHECK(bn254_add(by_add, pair));
        }
        CHECK_BYTES(by_mul, by_add, 64);
        memcpy(pair, by_mul, 64);
        memcpy(pair + 64, by_mul, 64);
        CHECK(bn254_add(doubled, pair));
        memcpy(in, by_mul, 64);
        in[95] = 2;
        CHECK(bn254_mul(by_add, in));
        CHECK_BYTES(doubled, by_add, 64);
    }
}

/* Scalars with few ones take another way; k·P and (k + r)·P must be the same, and k + r has many. */
TEST(bn254_sparse_scalars_agree_with_full_ones)
{
    mpz_t order, k;
    mpz_inits(order, k, NULL);
    mpz_set_str(order, bn_order, 16);
    for (int round = 0; round < 60; round++) {
        uint8_t scalar[32] = {0}, sparse[64], full[64];
        mpz_set_ui(k, 0);
        for (uint64_t ones = harness_random_below(14); ones-- > 0;)
            mpz_setbit(k, (mp_bitcnt_t)harness_random_below(162));
        for (int i = 0; i < 2; i++) {
            memset(scalar, 0, 32);
            size_t size = (mpz_sizeinbase(k, 2) + 7) / 8;
            if (mpz_sgn(k) != 0) mpz_export(scalar + 32 - size, NULL, 1, 1, 1, 0, k);
            bn_multiple(i == 0 ? sparse : full, scalar);
            mpz_add(k, k, order);
        }
        CHECK_BYTES(sparse, full, 64);
    }
    mpz_clears(order, k, NULL);
}

TEST(bn254_edges_of_scalars)
{
    uint8_t scalar[32], p[64], zero[64] = {0}, pair[128], sum[64];
    CHECK(hex_decode(scalar, bn_order, 64));
    bn_multiple(p, scalar);
    CHECK_BYTES(p, zero, 64);
    scalar[31] += 1;
    bn_multiple(p, scalar);
    CHECK(p[31] == 1 && p[63] == 2);
    scalar[31] -= 2;
    bn_multiple(p, scalar); /* -G */
    memset(pair, 0, sizeof pair);
    pair[31] = 1;
    pair[63] = 2;
    memcpy(pair + 64, p, 64);
    CHECK(bn254_add(sum, pair));
    CHECK_BYTES(sum, zero, 64);
    memset(scalar, 0, 32);
    bn_multiple(p, scalar);
    CHECK_BYTES(p, zero, 64);
}

TEST(bn254_refuses_bad_points)
{
    uint8_t in[128] = {[31] = 1, [63] = 2}, out[64];
    CHECK(bn254_add(out, in));
    in[63] = 3; /* off the curve */
    CHECK(!bn254_add(out, in));
    CHECK(!bn254_mul(out, in));
    memset(in, 0, sizeof in);
    CHECK(hex_decode(in, bn_prime, 64)); /* 0 written as the prime */
    CHECK(!bn254_add(out, in));
    CHECK(!bn254_mul(out, in));
    memset(in, 0, sizeof in);
    memset(in + 64, 0xff, 64);
    CHECK(!bn254_add(out, in));
}

TEST(bn254_pairing_is_bilinear_and_refuses_bad_points)
{
    uint8_t in[5 * 192], scalar[32] = {0}, other[64];
    bool one;
    for (int round = 0; round < 5; round++) {
        harness_random_edge_bytes(scalar, 32);
        scalar[0] &= 0x1f;
        scalar[31] |= 1;
        memset(in, 0, sizeof in);
        bn_multiple(in, scalar); /* e(aG, H) e(G, H)^-1 e(-(a-1)G, H) */
        scalar[31] -= 1;
        bn_multiple(other, scalar);
        uint8_t field[32];
        CHECK(hex_decode(field, bn_prime, 64));
        in[192 + 31] = 1;
        memcpy(in + 192 + 32, field, 32);
        in[192 + 63] -= 2;
        memcpy(in + 384, other, 64);
        int borrow = 0; /* y of the third becomes p - y */
        for (int i = 31; i >= 0; i--) {
            int d = field[i] - other[32 + i] - borrow;
            borrow = d < 0;
            in[384 + 32 + i] = (uint8_t)d;
        }
        bool infinity = true;
        for (int i = 0; i < 64; i++) infinity &= other[i] == 0;
        if (infinity) memset(in + 384, 0, 64);
        for (int i = 0; i < 3; i++) CHECK(hex_decode(in + 192 * i + 64, bn_g2, 256));
        CHECK(bn254_pairing(&one, in, 3) && one);
        memset(in + 192, 0, 64);
        CHECK(bn254_pairing(&one, in, 3) && !one);
    }
    memset(in, 0, sizeof in);
    CHECK(hex_decode(in + 64, bn_g2, 256));
    CHECK(bn254_pairing(&one, in, 1) && one); /* infinity with a good point */
    in[64 + 127] ^= 1;
    CHECK(!bn254_pairing(&one, in, 1)); /* off the twist, though its partner is infinity */
    CHECK(hex_decode(in + 64, bn_prime, 64));
    CHECK(!bn254_pairing(&one, in, 1));
}

/* ---- bls12-381 --------------------------------------------------------------------------------------------------- */

static void bls_g1_encode(uint8_t out[128], const blst_p1 *p)
{
    uint8_t flat[96];
    memset(out, 0, 128);
    if (blst_p1_is_inf(p)) return;
    blst_p1_serialize(flat, p);
    memcpy(out + 16, flat, 48);
    memcpy(out + 80, flat + 48, 48);
}

static void bls_g2_encode(uint8_t out[256], const blst_p2 *p)
{
    uint8_t flat[192];
    memset(out, 0, 256);
    if (blst_p2_is_inf(p)) return;
    blst_p2_serialize(flat, p); /* imaginary parts first */
    for (int i = 0; i < 4; i++) memcpy(out + 64 * (i ^ 1) + 16, flat + 48 * i, 48);
}

static void random_scalar(uint8_t big_endian[32], uint8_t little_endian[32])
{
    harness_random_edge_bytes(big_endian, 32);
    for (int i = 0; i < 32; i++) little_endian[i] = big_endian[31 - i];
}

TEST(bls_sums_of_multiples_agree_with_one_by_one)
{
    static const size_t counts[] = {1, 2, 3, 4, 7, 16, 31, 32, 33, 70};
    static uint8_t in1[70 * BLS_G1_TERM_SIZE], in2[70 * BLS_G2_TERM_SIZE];
    struct arena scratch = {0};
    for (size_t c = 0; c < COUNT_OF(counts); c++) {
        blst_p1 sum1, term1;
        blst_p2 sum2, term2;
        memset(&sum1, 0, sizeof sum1);
        memset(&sum2, 0, sizeof sum2);
        for (size_t i = 0; i < counts[c]; i++) {
            uint8_t *at1 = in1 + i * BLS_G1_TERM_SIZE, *at2 = in2 + i * BLS_G2_TERM_SIZE, scalar[32], point[32],
                    big[32];
            random_scalar(big, point);
            blst_p1_mult(&term1, blst_p1_generator(), point, 256);
            blst_p2_mult(&term2, blst_p2_generator(), point, 256);
            bls_g1_encode(at1, &term1);
            bls_g2_encode(at2, &term2);
            random_scalar(at1 + BLS_G1_SIZE, scalar);
            memcpy(at2 + BLS_G2_SIZE, at1 + BLS_G1_SIZE, 32);
            blst_p1_mult(&term1, &term1, scalar, 256);
            blst_p2_mult(&term2, &term2, scalar, 256);
            blst_p1_add_or_double(&sum1, &sum1, &term1);
            blst_p2_add_or_double(&sum2, &sum2, &term2);
        }
        uint8_t out1[128], out2[256], expected1[128], expected2[256];
        bls_g1_encode(expected1, &sum1);
        bls_g2_encode(expected2, &sum2);
        CHECK(bls_g1_msm(out1, in1, counts[c], &scratch));
        CHECK(bls_g2_msm(out2, in2, counts[c], &scratch));
        CHECK_BYTES(out1, expected1, 128);
        CHECK_BYTES(out2, expected2, 256);
    }
    arena_free(&scratch);
}

TEST(bls_additions_know_infinity_doubling_and_opposites)
{
    for (int round = 0; round < 20; round++) {
        uint8_t big[32], scalar[32], in1[256], in2[512], out1[128], out2[256], expected1[128], expected2[256];
        blst_p1 a1, b1;
        blst_p2 a2, b2;
        random_scalar(big, scalar);
        blst_p1_mult(&a1, blst_p1_generator(), scalar, 256);
        blst_p2_mult(&a2, blst_p2_generator(), scalar, 256);
        switch (round % 4) {
        case 0: /* the same */ b1 = a1, b2 = a2; break;
        case 1: /* opposite */
            b1 = a1, b2 = a2;
            blst_p1_cneg(&b1, true);
            blst_p2_cneg(&b2, true);
            break;
        case 2: /* infinity */
            memset(&b1, 0, sizeof b1);
            memset(&b2, 0, sizeof b2);
            break;
        default:
            random_scalar(big, scalar);
            blst_p1_mult(&b1, blst_p1_generator(), scalar, 256);
            blst_p2_mult(&b2, blst_p2_generator(), scalar, 256);
        }
        bool swap = round % 8 > 3;
        bls_g1_encode(in1, swap ? &b1 : &a1);
        bls_g1_encode(in1 + 128, swap ? &a1 : &b1);
        bls_g2_encode(in2, swap ? &b2 : &a2);
        bls_g2_encode(in2 + 256, swap ? &a2 : &b2);
        blst_p1_add_or_double(&a1, &a1, &b1);
        blst_p2_add_or_double(&a2, &a2, &b2);
        bls_g1_encode(expected1, &a1);
        bls_g2_encode(expected2, &a2);
        CHECK(bls_g1_add(out1, in1) && bls_g2_add(out2, in2));
        CHECK_BYTES(out1, expected1, 128);
        CHECK_BYTES(out2, expected2, 256);
    }
}

TEST(bls_refuses_bad_encodings)
{
    uint8_t in[512] = {0}, out[256];
    bls_g1_encode(in, blst_p1_generator());
    CHECK(bls_g1_add(out, in));
    for (int i = 0; i < 16; i++) { /* the padding must be zero */
        in[i] = 1;
        CHECK(!bls_g1_add(out, in));
        in[i] = 0;
    }
    in[127] ^= 1;
    CHECK(!bls_g1_add(out, in)); /* off the curve */
    static const char prime[] =
        "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    CHECK(hex_decode(in + 16, prime, 96));
    CHECK(!bls_map_fp_to_g1(out, in));
    in[63] -= 1;
    CHECK(bls_map_fp_to_g1(out, in));
}

TEST(bls_checks_subgroups_where_the_rules_say_so)
{
    /* Points on the curves outside the subgroups: x is tried upward until there is a y. */
    blst_p1_affine p;
    memset(&p, 0, sizeof p);
    for (uint64_t x = 1;; x++) {
        uint64_t limbs[6] = {x};
        blst_fp_from_uint64(&p.x, limbs);
        blst_fp y2, four;
        limbs[0] = 4;
        blst_fp_from_uint64(&four, limbs);
        blst_fp_sqr(&y2, &p.x);
        blst_fp_mul(&y2, &y2, &p.x);
        blst_fp_add(&y2, &y2, &four);
        if (blst_fp_sqrt(&p.y, &y2) && !blst_p1_affine_in_g1(&p)) break;
    }
    uint8_t in[BLS_PAIR_SIZE + BLS_G1_TERM_SIZE] = {0}, out[128];
    blst_p1 q;
    blst_p1_from_affine(&q, &p);
    bls_g1_encode(in, &q);
    CHECK(bls_g1_add(out, in));
    struct arena scratch = {0};
    CHECK(!bls_g1_msm(out, in, 1, &scratch));
    bool one;
    CHECK(!bls_pairing(&one, in, 1));
    arena_free(&scratch);
}

/* ---- KZG --------------------------------------------------------------------------------------------------------- */

TEST(kzg_of_a_constant_polynomial)
{
    /* p(x) = 3 everywhere: the commitment is 3 G1, the proof infinity. */
    uint8_t commitment[48], z[32] = {[31] = 77}, y[32] = {[31] = 3}, proof[48] = {0xc0}, three[1] = {3};
    struct arena scratch = {0};
    blst_p1 c;
    blst_p1_mult(&c, blst_p1_generator(), three, 8);
    blst_p1_compress(commitment, &c);
    CHECK(kzg_verify_proof(commitment, z, y, proof, &scratch));
    y[31] = 4;
    CHECK(!kzg_verify_proof(commitment, z, y, proof, &scratch));
    y[31] = 3;
    memset(z, 0xff, 32); /* not below the order */
    CHECK(!kzg_verify_proof(commitment, z, y, proof, &scratch));
    memset(z, 0, 32);
    proof[47] = 1;
    CHECK(!kzg_verify_proof(commitment, z, y, proof, &scratch));
    uint8_t zero[48] = {0xc0};
    memset(y, 0, 32);
    CHECK(kzg_verify_proof(zero, z, y, zero, &scratch));
    arena_free(&scratch);
}

/* A multiple of the generator, sometimes infinity, the generator or its opposite. */
static blst_p1_affine some_point(void)
{
    uint8_t big[32], scalar[32];
    random_scalar(big, scalar);
    uint64_t kind = harness_random_below(8);
    if (kind < 2) memset(scalar, 0, 32);
    if (kind == 1) scalar[0] = 1;
    blst_p1 p;
    blst_p1_mult(&p, blst_p1_generator(), scalar, 256);
    blst_p1_cneg(&p, kind % 2 == 1);
    blst_p1_affine out;
    blst_p1_to_affine(&out, &p);
    return out;
}

TEST(kzg_parts_agree_with_blst)
{
    struct arena scratch = {0};
    for (int round = 0; round < 40; round++) {
        blst_p1_affine c = some_point(), w = some_point(), found;
        blst_fp12 one, other;
        kzg_miller_loops(&one, &c, &w);
        kzg_miller_loops_plain(&other, &c, &w);
        if (ifma_available()) {
            blst_fp12 vector;
            kzg_miller_loops_vector(&vector, &c, &w);
            CHECK(blst_fp12_is_equal(&vector, &other));
        }
        blst_final_exp(&one, &one);
        blst_final_exp(&other, &other);
        CHECK(blst_fp12_is_equal(&one, &other));

        uint8_t big[32];
        blst_scalar y, z;
        random_scalar(big, y.b);
        random_scalar(big, z.b);
        if (round % 8 == 0) memset(y.b, 0, 32);
        if (round % 8 == 1) memset(z.b, 0, 32);
        kzg_left_side(&found, &c, &w, &y, &z, &scratch);
        blst_p1 sum, part;
        blst_p1_mult(&sum, blst_p1_generator(), y.b, 256);
        blst_p1_cneg(&sum, true);
        blst_p1_add_or_double_affine(&sum, &sum, &c);
        blst_p1_from_affine(&part, &w);
        blst_p1_mult(&part, &part, z.b, 256);
        blst_p1_add_or_double(&sum, &sum, &part);
        blst_p1_affine expected;
        blst_p1_to_affine(&expected, &sum);
        CHECK(blst_p1_affine_is_equal(&found, &expected));
        if (ifma_available()) {
            CHECK(kzg_left_side_vector(&found, &c, &w, &y, &z));
            CHECK(blst_p1_affine_is_equal(&found, &expected));
        }
    }
    arena_free(&scratch);
}

/* ---- modexp ------------------------------------------------------------------------------------------------------ */

TEST(modexp_agrees_with_square_and_multiply)
{
    for (int round = 0; round < 400; round++) {
        static uint8_t base[300], exponent[40], modulus[300], out[300], expected[300];
        size_t base_size = harness_random_below(round < 200 ? 40 : 300),
               exponent_size = harness_random_below(round % 2 ? 3 : 40);
        size_t modulus_size = 1 + harness_random_below(round < 200 ? 40 : 299);
        harness_random_edge_bytes(base, base_size);
        harness_random_edge_bytes(exponent, exponent_size);
        harness_random_edge_bytes(modulus, modulus_size);
        if (round % 3 == 0) modulus[modulus_size - 1] |= 1;
        if (round % 5 == 0) {
            memset(modulus, 0, modulus_size); /* a power of two */
            modulus[harness_random_below(modulus_size)] = (uint8_t)(1u << harness_random_below(8));
        }
        modexp(out, (struct bytes){base, base_size}, (struct bytes){exponent, exponent_size},
               (struct bytes){modulus, modulus_size});
        mpz_t b, m, r;
        mpz_inits(b, m, r, NULL);
        mpz_import(b, base_size, 1, 1, 1, 0, base);
        mpz_import(m, modulus_size, 1, 1, 1, 0, modulus);
        memset(expected, 0, sizeof expected);
        if (mpz_sgn(m) != 0) {
            mpz_set_ui(r, 1);
            mpz_mod(r, r, m);
            for (size_t i = 0; i < 8 * exponent_size; i++) {
                mpz_mul(r, r, r);
                if ((exponent[i / 8] >> (7 - i % 8) & 1) != 0) mpz_mul(r, r, b);
                mpz_mod(r, r, m);
            }
            size_t size = (mpz_sizeinbase(r, 2) + 7) / 8;
            if (mpz_sgn(r) != 0) mpz_export(expected + (modulus_size - size), NULL, 1, 1, 1, 0, r);
        }
        CHECK_BYTES(out, expected, modulus_size);
        mpz_clears(b, m, r, NULL);
    }
}

/* A number of about `bits` bits with its low `zeros` bits 0. */
static struct bytes shaped_number(uint8_t *room, size_t bits, size_t zeros)
{
    size_t size = (bits + 7) / 8;
    harness_random_edge_bytes(room, size);
    if (bits % 8 != 0) room[0] &= (uint8_t)((1u << bits % 8) - 1);
    for (size_t i = 0; i < zeros && i < 8 * size; i++) room[size - 1 - i / 8] &= (uint8_t)~(1u << i % 8);
    if (zeros < 8 * size) room[size - 1 - zeros / 8] |= (uint8_t)(1u << zeros % 8);
    return (struct bytes){room, size};
}

TEST(modexp_ways_agree_with_gmp)
{
    static uint8_t base[1100], exponent[300], modulus[1100], out[1100], expected[1100];
    for (int round = 0; round < 3000; round++) {
        /* Every count of limbs, small ones more often; moduli odd, a little even, very even. */
        size_t bits = 2 + harness_random_below(round % 8 == 0 ? 8200 : round % 3 == 0 ? 1100 : 450);
        static const size_t zeros_below[] = {1, 1, 2, 20, 130, 600, 4000};
        size_t zeros = harness_random_below(zeros_below[harness_random_below(COUNT_OF(zeros_below))]);
        struct bytes m = shaped_number(modulus, bits, zeros < bits ? zeros : bits - 1);
        struct bytes b = shaped_number(base, 1 + harness_random_below(round % 4 == 0 ? 8400 : bits + 70),
                                       harness_random_below(9));
        struct bytes e = shaped_number(exponent, 1 + harness_random_below(round % 5 == 0 ? 1200 : 100), 0);
        modexp(out, b, e, m);
        modexp_plain(expected, b, e, m);
        CHECK_BYTES(out, expected, m.size);
    }
}

/* modexp takes only one of the two Montgomery ways for each size; both must be right for all that they can do. */
TEST(modexp_digits_of_52_bits_agree_with_limbs_of_64)
{
    if (!ifma_available()) SKIP("this processor has no AVX-512 IFMA");
    for (int round = 0; round < 3000; round++) {
        uint64_t m[MODEXP_ODD_LIMBS_MAX], b[MODEXP_ODD_LIMBS_MAX + 3], x[MODEXP_ODD_LIMBS_MAX], y[MODEXP_ODD_LIMBS_MAX];
        uint8_t e[40];
        size_t count = 1 + harness_random_below(MODEXP_ODD_LIMBS_MAX), base_count = 1 + harness_random_below(count + 3);
        harness_random_edge_bytes((uint8_t *)m, 8 * count);
        harness_random_edge_bytes((uint8_t *)b, 8 * base_count);
        harness_random_edge_bytes(e, sizeof e);
        m[0] |= 1;
        m[count - 1] |= count == 1 ? 2 : 1;
        b[base_count - 1] |= 1;
        e[0] |= 1;
        struct bytes exponent = {e, 1 + harness_random_below(sizeof e)};
        modexp_odd(x, b, base_count, exponent, m, count);
        modexp_ifma(y, b, base_count, exponent, m, count);
        CHECK_BYTES(y, x, 8 * count);
    }
}
