/* Pairings in vectors against blst and mcl: the parts on any input, the whole on pairs of all kinds. */
#include "crypto/bls12_381/bls12_381_private.h"
#include "crypto/bn254/bn254_private.h"
#include "crypto/crypto.h"

#include "curve_test.h"
#include "harness.h"

#include <gmp.h>

/* ---- elements ---------------------------------------------------------------------------------------------------- */

/* Any element, in blst's form: often 0, small or just below the prime. */
static void some_fp(blst_fp *out)
{
    static const blst_fp minus_1 = {{0xb9feffffffffaaaa, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                                     0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a}};
    uint64_t kind = harness_random_below(16);
    memset(out, 0, sizeof *out);
    if (kind == 0) return;
    if (kind == 1) {
        *out = minus_1;
        return;
    }
    if (kind == 2) {
        out->l[0] = harness_random_below(3);
        return;
    }
    harness_random_edge_bytes((uint8_t *)out->l, sizeof out->l);
    out->l[5] >>= 4; /* below 2^380 */
}

static blst_fp12 some_fp12(void)
{
    blst_fp12 out;
    for (size_t i = 0; i < 12; i++) some_fp(&out.fp6[i / 6].fp2[i / 2 % 3].fp[i % 2]);
    return out;
}

TEST(bls_final_exponentiation_in_vectors_agrees_with_blst)
{
    if (!ifma_available()) SKIP("this processor has no AVX-512 IFMA");
    for (int round = 0; round < 300; round++) {
        blst_fp12 x = some_fp12(), found, expected;
        if (round % 10 == 0) memset(&x.fp6[round / 10 % 2], 0, sizeof x.fp6[0]);
        if (round == 1) x = *blst_fp12_one();
        blst_final_exp(&expected, &x);
        bls_final_exponentiation_vector(&found, &x);
        CHECK_BYTES((const uint8_t *)&found, (const uint8_t *)&expected, sizeof found);
    }
}

/* ---- points ------------------------------------------------------------------------------------------------------ */

/* out = big-endian `scalar` times p, by doublings and complete additions, for points of any order. */
static blst_p1 multiple_g1(const blst_p1 *p, const uint8_t *scalar, size_t size)
{
    blst_p1 out;
    memset(&out, 0, sizeof out);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        blst_p1_double(&out, &out);
        if ((scalar[bit / 8] >> (7 - bit % 8) & 1) != 0) blst_p1_add_or_double(&out, &out, p);
    }
    return out;
}
static blst_p2 multiple_g2(const blst_p2 *p, const uint8_t *scalar, size_t size)
{
    blst_p2 out;
    memset(&out, 0, sizeof out);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        blst_p2_double(&out, &out);
        if ((scalar[bit / 8] >> (7 - bit % 8) & 1) != 0) blst_p2_add_or_double(&out, &out, p);
    }
    return out;
}

/* Any point of the curves: x is tried until there is a y. */
static blst_p1 curve_point_g1(void)
{
    blst_p1 out;
    memset(&out, 0, sizeof out);
    const blst_fp *b = &blst_p1_generator()->z; /* y^2 = x^3 + 4, and z is 1 */
    blst_fp four, y2;
    blst_fp_add(&four, b, b);
    blst_fp_add(&four, &four, &four);
    do {
        some_fp(&out.x);
        blst_fp_sqr(&y2, &out.x);
        blst_fp_mul(&y2, &y2, &out.x);
        blst_fp_add(&y2, &y2, &four);
    } while (!blst_fp_sqrt(&out.y, &y2));
    out.z = *b;
    return out;
}
static blst_p2 curve_point_g2(void)
{
    blst_p2 out;
    memset(&out, 0, sizeof out);
    const blst_fp2 *one = &blst_p2_generator()->z;
    blst_fp2 b, y2;
    b.fp[0] = b.fp[1] = one->fp[0]; /* 4 + 4i */
    blst_fp2_add(&b, &b, &b);
    blst_fp2_add(&b, &b, &b);
    do {
        some_fp(&out.x.fp[0]);
        some_fp(&out.x.fp[1]);
        blst_fp2_sqr(&y2, &out.x);
        blst_fp2_mul(&y2, &y2, &out.x);
        blst_fp2_add(&y2, &y2, &b);
    } while (!blst_fp2_sqrt(&out.y, &y2));
    out.z = *one;
    return out;
}

/* What multiplies a point of the curve into the subgroup of that order (a divisor of the cofactor), or, the first, into
 * all of the cofactor's; big-endian. */
static const char *const into_small_g1[] = {
    "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001",
    /* 3 */
    "08ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaad955555555558e39",
    /* 11 */
    "025d302c90dd14f6c102839c34a9c9e509221e235bf4d328ac4a41b18aca44ec02c9d1743eaa8ba2f5745d1745d183e1",
    /* 10177 */
    "a774fe1e79987a6912fbb0f8692383b85ef775dfbd510ad3a1bd9b749c159619fa035ee043506b7992ad6abb4d6b",
};
static const char *const into_small_g2[] = {
    "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001",
    /* 13 */
    "340447bf717d857bfc7f7482a12a4d11736d9b7743b6ab6a606ea32b6ea84b19e565ec157385b9c4177bc8d95812628e"
    "1bcdcf49d0a2b2e18f8d560dd5f23da265454a421f192d2146aea0f3e04fa07b501beea0946083216f89d878578e39",
    /* 23 */
    "1d6697db82ede74614480a3392bedda5b08bdd6fee9ee673c733675b54ce6d3b289dc838a5781b15ca7d9e0b8ad2bd45"
    "311b48a42802eaac03399ff18f2fe00de0324b5d0672676bda09a8e2e2f55ab500c1dfeb7541ae4a8cf4de86cd5063",
    /* 2713 */
    "3fcee61e74c25c987842842a1a26de4d74f74f14543213da8777344b8bfcf67fd34a2a90a45b3170df91252e784da8bc"
    "aa5cfea7bc15ce204c72df226dc50975962d2d53a875b1ef426ad51a2cbb2185cf414efe8a6ae0d520ee8ae8bc2d",
};

static size_t read_hex(uint8_t out[128], const char *hex)
{
    size_t size = strlen(hex) / 2;
    CHECK(hex_decode(out, hex, 2 * size));
    return size;
}

/* A finite point of the curve: in the subgroup (kind 0), anywhere, in a small subgroup, or in the subgroup but for a
 * point of a small one. */
static blst_p1_affine point_g1(uint64_t kind)
{
    uint8_t scalar[128];
    blst_p1 p, small;
    blst_p1_affine out;
    do {
        harness_random_edge_bytes(scalar, 32);
        p = multiple_g1(blst_p1_generator(), scalar, 32);
        if (kind == 1) p = curve_point_g1();
        if (kind >= 2) {
            size_t size = read_hex(scalar, into_small_g1[harness_random_below(COUNT_OF(into_small_g1))]);
            small = curve_point_g1();
            small = multiple_g1(&small, scalar, size);
            if (kind == 2)
                p = small;
            else
                blst_p1_add_or_double(&p, &p, &small);
        }
    } while (blst_p1_is_inf(&p));
    blst_p1_to_affine(&out, &p);
    return out;
}
static blst_p2_affine point_g2(uint64_t kind)
{
    uint8_t scalar[128];
    blst_p2 p, small;
    blst_p2_affine out;
    do {
        harness_random_edge_bytes(scalar, 32);
        p = multiple_g2(blst_p2_generator(), scalar, 32);
        if (kind == 1) p = curve_point_g2();
        if (kind >= 2) {
            size_t size = read_hex(scalar, into_small_g2[harness_random_below(COUNT_OF(into_small_g2))]);
            small = curve_point_g2();
            small = multiple_g2(&small, scalar, size);
            if (kind == 2)
                p = small;
            else
                blst_p2_add_or_double(&p, &p, &small);
        }
    } while (blst_p2_is_inf(&p));
    blst_p2_to_affine(&out, &p);
    return out;
}

/* In or out, whatever the rest of the vector holds; also by the Miller loop's way and when checks ride along. */
TEST(bls_subgroup_checks_in_vectors_agree_with_blst)
{
    if (!ifma_available()) SKIP("this processor has no AVX-512 IFMA");
    size_t outside = 0, inside = 0;
    for (int round = 0; round < 400; round++) {
        blst_p1_affine p[BLS_LANES], in_p[BLS_LANES];
        blst_p2_affine q[BLS_LANES];
        size_t count = 1 + harness_random_below(BLS_LANES), odd = harness_random_below(count);
        for (size_t i = 0; i < count; i++) {
            p[i] = point_g1(i == odd ? harness_random_below(4) : 0);
            q[i] = point_g2(i == odd ? harness_random_below(4) : 0);
            in_p[i] = point_g1(0);
        }
        bool all_p = blst_p1_affine_in_g1(&p[odd]), all_q = blst_p2_affine_in_g2(&q[odd]);
        CHECK(bls_g1_in_group_vector(p, count) == all_p);
        CHECK(bls_g2_in_group_vector(q, count) == all_q);
        blst_fp12 unused;
        CHECK(bls_miller_loops_vector(&unused, in_p, q, count) == all_q);
        uint8_t scalars[BLS_LANES][32];
        harness_random_edge_bytes(scalars[0], sizeof scalars);
        blst_p1 sum1;
        blst_p2 sum2;
        CHECK(bls_g1_sum_vector(&sum1, p, scalars[0], count, p, count) == all_p);
        CHECK(bls_g2_sum_vector(&sum2, q, scalars[0], count, q, count) == all_q);
        inside += all_p + all_q;
        outside += (size_t)!all_p + (size_t)!all_q;
    }
    CHECK(inside > 100 && outside > 100);
}

/* ---- pairings ---------------------------------------------------------------------------------------------------- */

static void write_words(uint8_t out[BLS_FP_SIZE], const blst_fp *in)
{
    memset(out, 0, 16);
    blst_bendian_from_fp(out + 16, in);
}

/* bls_pairing, pair by pair on blst. */
static bool pairing_plain(bool *is_one, const blst_p1_affine *p, const blst_p2_affine *q, size_t pairs)
{
    blst_fp12 product = *blst_fp12_one(), part;
    for (size_t i = 0; i < pairs; i++) {
        if (!blst_p1_affine_in_g1(&p[i]) || !blst_p2_affine_in_g2(&q[i])) return false;
        if (blst_p1_affine_is_inf(&p[i]) || blst_p2_affine_is_inf(&q[i])) continue;
        blst_miller_loop(&part, &q[i], &p[i]);
        blst_fp12_mul(&product, &product, &part);
    }
    blst_final_exp(&product, &product);
    *is_one = blst_fp12_is_one(&product);
    return true;
}

/* Points infinite, equal, opposite, outside the subgroups; products that are one as each pair's opposite is among them,
 * or because of a last pair that makes up for all the others. */
TEST(bls_pairing_agrees_with_blst_pair_by_pair)
{
    enum { PAIRS = 20 };
    size_t ones = 0, others = 0, refused = 0;
    for (int round = 0; round < 250; round++) {
        static uint8_t in[PAIRS * BLS_PAIR_SIZE];
        blst_p1_affine p[PAIRS];
        blst_p2_affine q[PAIRS];
        size_t pairs = 1 + harness_random_below(round % 10 == 0 ? PAIRS : 4);
        uint64_t shape = harness_random_below(4);
        blst_p1 last; /* -(a1·b1 + a2·b2 + ...) */
        memset(&last, 0, sizeof last);
        for (size_t i = 0; i < pairs; i++) {
            uint8_t a[32] = {0}, b[32] = {0};
            for (size_t k = 24; k < 32; k++) a[k] = (uint8_t)harness_random(), b[k] = (uint8_t)harness_random();
            if (harness_random_below(8) == 0) memset(a, 0, sizeof a);
            if (harness_random_below(8) == 0) memset(b, 0, sizeof b);
            blst_p1 u = multiple_g1(blst_p1_generator(), a, 32), uv = multiple_g1(&u, b, 32);
            blst_p2 v = multiple_g2(blst_p2_generator(), b, 32);
            if (shape == 1 && i + 1 == pairs) {
                u = last;
                v = *blst_p2_generator();
            }
            blst_p1_cneg(&uv, true);
            blst_p1_add_or_double(&last, &last, &uv);
            blst_p1_to_affine(&p[i], &u);
            blst_p2_to_affine(&q[i], &v);
            if (shape == 2 && i % 2 == 1) {
                p[i] = p[i - 1];
                q[i] = q[i - 1];
                if (!blst_p1_affine_is_inf(&p[i])) blst_fp_cneg(&p[i].y, &p[i].y, true);
            }
            if (shape == 3 && harness_random_below(6) == 0) p[i] = point_g1(harness_random_below(4));
            if (shape == 3 && harness_random_below(6) == 0) q[i] = point_g2(harness_random_below(4));
        }
        for (size_t i = 0; i < pairs; i++) {
            uint8_t *at = in + i * BLS_PAIR_SIZE;
            const blst_fp *words[] = {&p[i].x, &p[i].y, &q[i].x.fp[0], &q[i].x.fp[1], &q[i].y.fp[0], &q[i].y.fp[1]};
            for (size_t k = 0; k < COUNT_OF(words); k++) write_words(at + k * BLS_FP_SIZE, words[k]);
        }
        bool one, expected_one, ok = pairing_plain(&expected_one, p, q, pairs);
        CHECK(bls_pairing(&one, in, pairs) == ok);
        if (ok) CHECK(one == expected_one);
        refused += !ok;
        ones += ok && one;
        others += ok && !one;
    }
    CHECK(ones > 50 && others > 50 && refused > 10);
}

/* ---- bn254 ------------------------------------------------------------------------------------------------------- */

enum { BN_PAIR_SIZE = 192 };

static void bn_write(uint8_t out[32], const mclBnFp *in)
{
    uint64_t words[4] = {0};
    mclBnFp_getLittleEndian(words, sizeof words, in);
    for (size_t i = 0; i < 4; i++) store_be64(out + 8 * i, words[3 - i]);
}

static void bn_write_pair(uint8_t out[BN_PAIR_SIZE], const mclBnG1 *p, const mclBnG2 *q)
{
    mclBnG1 a;
    mclBnG2 b;
    mclBnG1_normalize(&a, p);
    mclBnG2_normalize(&b, q);
    memset(out, 0, BN_PAIR_SIZE);
    if (mclBnG1_isZero(&a) == 0) {
        bn_write(out, &a.x);
        bn_write(out + 32, &a.y);
    }
    const mclBnFp *words[4] = {&b.x.d[1], &b.x.d[0], &b.y.d[1], &b.y.d[0]};
    for (size_t i = 0; i < 4 && mclBnG2_isZero(&b) == 0; i++) bn_write(out + 64 + 32 * i, words[i]);
}

static mclBnG1 bn_generator(void)
{
    mclBnG1 out;
    mclBnFp_setInt32(&out.x, 1);
    mclBnFp_setInt32(&out.y, 2);
    mclBnFp_setInt32(&out.z, 1);
    return out;
}

static mclBnG2 bn_generator_g2(void)
{
    mclBnG2 out;
    uint8_t bytes[128];
    CHECK(hex_decode(bytes, bn_g2, 256));
    mclBnFp *coordinate[4] = {&out.x.d[1], &out.x.d[0], &out.y.d[1], &out.y.d[0]};
    for (size_t i = 0; i < 4; i++) CHECK(mclBnFp_setBigEndianMod(coordinate[i], bytes + 32 * i, 32) == 0);
    mclBnFp_setInt32(&out.z.d[0], 1);
    mclBnFp_clear(&out.z.d[1]);
    return out;
}

/* Whether the Miller loop in vectors takes q for a point of the subgroup, q not alone and in any lane. */
static bool bn_loop_accepts(const mclBnG2 *q)
{
    static uint8_t pairs[BN254_LANES][BN_PAIR_SIZE];
    const uint8_t *at[BN254_LANES];
    mclBnG1 p = bn_generator();
    mclBnG2 good = bn_generator_g2();
    if (!ifma_available() || mclBnG2_isZero(q) == 1) return mclBnG2_isValidOrder(q) == 1;
    size_t count = 1 + harness_random_below(BN254_LANES), odd = harness_random_below(count);
    for (size_t i = 0; i < count; i++) {
        bn_write_pair(pairs[i], &p, i == odd ? q : &good);
        at[i] = pairs[i];
    }
    struct bn254_product product;
    bn254_product_start(&product);
    return bn254_product_multiply(&product, at, count);
}

/* The fast way must answer as [r]P = 0 does: in the subgroup, outside of it, and in the small subgroups of the
 * twist. */
TEST(bn254_subgroup_check_agrees_with_the_order)
{
    bn254_start();
    /* The twist has 2p - r times r points; the cofactor is 10069 · 5864401 · (a number of 220 bits). */
    static const char order_over_factor[][160] = {"10069", "5864401"};
    mclBnFp2 b;
    mclBnG2 known, p, q;
    uint8_t bytes[128];
    CHECK(hex_decode(bytes, bn_g2, 256));
    uint64_t limbs[4];
    mclBnFp *coordinate[4] = {&known.x.d[1], &known.x.d[0], &known.y.d[1], &known.y.d[0]};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) limbs[k] = load_be64(bytes + 32 * i + 8 * (3 - k));
        CHECK(mclBnFp_setLittleEndian(coordinate[i], limbs, 32) == 0);
    }
    mclBnFp_setInt32(&known.z.d[0], 1);
    mclBnFp_clear(&known.z.d[1]);
    CHECK(mclBnG2_isValid(&known) == 1 && mclBnG2_isValidOrder(&known) == 1 && bn254_in_subgroup(&known));
    mclBnFp2_sqr(&b, &known.x);
    mclBnFp2_mul(&b, &b, &known.x);
    mclBnFp2_sqr(&p.y, &known.y);
    mclBnFp2_sub(&b, &p.y, &b); /* y^2 - x^3 */

    mpz_t twist, r, field, part, unit;
    mpz_inits(twist, r, field, part, unit, NULL);
    mpz_set_str(r, bn_order, 16);
    mpz_set_str(field, bn_prime, 16);
    mpz_mul_ui(twist, field, 2);
    mpz_sub(twist, twist, r);
    mpz_mul(twist, twist, r); /* how many points the twist has */
    unsigned inside = 0, outside = 0;
    for (int found = 0; found < 60;) {
        for (int i = 0; i < 2; i++) {
            harness_random_edge_bytes((uint8_t *)limbs, 32);
            limbs[3] >>= 3;
            CHECK(mclBnFp_setLittleEndianMod(&p.x.d[i], limbs, 32) == 0);
        }
        mclBnFp2_sqr(&q.x, &p.x);
        mclBnFp2_mul(&q.x, &q.x, &p.x);
        mclBnFp2_add(&q.x, &q.x, &b);
        if (mclBnFp2_squareRoot(&p.y, &q.x) != 0) continue;
        found++;
        p.z = known.z;
        CHECK(mclBnG2_isValid(&p) == 1);
        /* The point itself, then its multiples that leave one small subgroup, the cofactor's part, or the subgroup of
         * order r. */
        for (int kind = 0; kind < 5; kind++) {
            mpz_set_ui(part, 1);
            if (kind == 1 || kind == 2) {
                mpz_set_str(unit, order_over_factor[kind - 1], 10);
                CHECK(mpz_divisible_p(twist, unit) != 0);
                mpz_divexact(part, twist, unit);
            } else if (kind == 3) {
                mpz_set(part, r);
            } else if (kind == 4) {
                mpz_divexact(part, twist, r);
            }
            mclBnG2_clear(&q);
            for (size_t bit = mpz_sizeinbase(part, 2); bit-- > 0;) {
                mclBnG2_dbl(&q, &q);
                if (mpz_tstbit(part, bit) != 0) mclBnG2_add(&q, &q, &p);
            }
            bool expected = mclBnG2_isValidOrder(&q) == 1;
            CHECK(bn254_in_subgroup(&q) == expected);
            CHECK(bn_loop_accepts(&q) == expected);
            if (mclBnG2_isZero(&q) == 0) mclBnG2_add(&q, &q, &known); /* off the subgroup by a small step only */
            expected = mclBnG2_isValidOrder(&q) == 1;
            CHECK(bn254_in_subgroup(&q) == expected);
            CHECK(bn_loop_accepts(&q) == expected);
            inside += expected, outside += !expected;
        }
    }
    CHECK(inside > 20 && outside > 100);
    mpz_clears(twist, r, field, part, unit, NULL);
}

/* As for bls12-381: infinite, equal and opposite points, points outside the subgroup, products that are one. */
TEST(bn254_pairing_in_vectors_agrees_with_mcl)
{
    if (!ifma_available()) SKIP("this processor has no AVX-512 IFMA");
    enum { PAIRS = 20 };
    static uint8_t in[PAIRS * BN_PAIR_SIZE];
    size_t ones = 0, others = 0, refused = 0;
    bn254_start();
    const mclBnG1 g = bn_generator();
    const mclBnG2 h = bn_generator_g2();
    for (int round = 0; round < 600; round++) {
        size_t pairs = 1 + harness_random_below(round % 10 == 0 ? PAIRS : 4);
        uint64_t shape = harness_random_below(4);
        mclBnG1 p, before_p = g, last; /* -(a1·b1 + a2·b2 + ...) */
        mclBnG2 q, before_q = h;
        mclBnG1_clear(&last);
        for (size_t i = 0; i < pairs; i++) {
            uint8_t bytes[2][32];
            mclBnFr a, b;
            for (size_t k = 0; k < 2; k++) {
                harness_random_edge_bytes(bytes[k], 32);
                if (harness_random_below(8) == 0) memset(bytes[k], 0, 32);
            }
            mclBnFr_setBigEndianMod(&a, bytes[0], 32);
            mclBnFr_setBigEndianMod(&b, bytes[1], 32);
            mclBnG1_mul(&p, &g, &a);
            mclBnG2_mul(&q, &h, &b);
            if (shape == 1 && i + 1 == pairs) {
                p = last;
                q = h;
            } else if (shape == 2 && i % 2 == 1) {
                mclBnG1_neg(&p, &before_p);
                q = before_q;
            }
            before_p = p;
            before_q = q;
            bn_write_pair(in + i * BN_PAIR_SIZE, &p, &q);
            mclBnG1_mul(&p, &p, &b);
            mclBnG1_sub(&last, &last, &p);
            if (shape == 3 && harness_random_below(6) == 0) /* mostly off the curve */
                in[i * BN_PAIR_SIZE + harness_random_below(BN_PAIR_SIZE)] ^= 1;
        }
        bool one = false, expected = false, ok = bn254_pairing_plain(&expected, in, pairs);
        CHECK(bn254_pairing(&one, in, pairs) == ok);
        if (ok) CHECK(one == expected);
        refused += !ok;
        ones += ok && one;
        others += ok && !one;
    }
    CHECK(ones > 100 && others > 100 && refused > 20);
}
