/* Pairings and sums of multiples: vectors agree with blst and mcl, one pair after the other. Points are small multiples
 * of the generators, so that equal, opposite and infinite ones, and products that are one, come up often; some bytes of
 * the encoding are changed. First byte: which function. */
#include "crypto/bls12_381/bls12_381_private.h"
#include "crypto/bn254/bn254_private.h"
#include "crypto/crypto.h"
#include "fuzz.h"

enum { TERMS = 12, BN_PAIR_SIZE = 192 };

static blst_p1_affine some_g1(struct fuzz_input *in)
{
    uint8_t scalar[1] = {fuzz_byte(in)};
    blst_p1 p;
    blst_p1_affine out;
    blst_p1_mult(&p, blst_p1_generator(), scalar, 8);
    blst_p1_cneg(&p, fuzz_below(in, 2) == 1);
    blst_p1_to_affine(&out, &p);
    return out;
}

static blst_p2_affine some_g2(struct fuzz_input *in)
{
    uint8_t scalar[1] = {fuzz_byte(in)};
    blst_p2 p;
    blst_p2_affine out;
    blst_p2_mult(&p, blst_p2_generator(), scalar, 8);
    blst_p2_cneg(&p, fuzz_below(in, 2) == 1);
    blst_p2_to_affine(&out, &p);
    return out;
}

static void some_bytes(uint8_t *out, size_t size, struct fuzz_input *in)
{
    for (size_t i = 0; i < size; i++) out[i] = fuzz_byte(in);
}

static void check_bls_pairing(struct fuzz_input *in)
{
    static uint8_t encoded[TERMS * BLS_PAIR_SIZE];
    blst_fp12 product = *blst_fp12_one(), part;
    size_t pairs = 1 + fuzz_below(in, TERMS);
    for (size_t i = 0; i < pairs; i++) {
        blst_p1_affine p = some_g1(in);
        blst_p2_affine q = some_g2(in);
        const blst_fp *words[] = {&p.x, &p.y, &q.x.fp[0], &q.x.fp[1], &q.y.fp[0], &q.y.fp[1]};
        memset(encoded + i * BLS_PAIR_SIZE, 0, BLS_PAIR_SIZE);
        for (size_t k = 0; k < COUNT_OF(words); k++)
            blst_bendian_from_fp(encoded + i * BLS_PAIR_SIZE + k * BLS_FP_SIZE + 16, words[k]);
        if (blst_p1_affine_is_inf(&p) || blst_p2_affine_is_inf(&q)) continue;
        blst_miller_loop(&part, &q, &p);
        blst_fp12_mul(&product, &product, &part);
    }
    blst_final_exp(&product, &product);
    bool one;
    FUZZ_CHECK(bls_pairing(&one, encoded, pairs) && one == blst_fp12_is_one(&product));
}

static void check_bls_power(struct fuzz_input *in)
{
    blst_fp12 x, found, expected;
    memset(&x, 0, sizeof x);
    for (size_t i = 0; i < 12; i++) {
        uint64_t *limbs = x.fp6[i / 6].fp2[i / 2 % 3].fp[i % 2].l;
        some_bytes((uint8_t *)limbs, 48, in);
        limbs[5] >>= 4;
    }
    blst_final_exp(&expected, &x);
    bls_final_exponentiation_vector(&found, &x);
    FUZZ_CHECK(memcmp(&found, &expected, sizeof found) == 0);
}

static void check_bls_sums(struct fuzz_input *in)
{
    struct arena scratch = {0};
    blst_p1_affine p[TERMS];
    blst_p2_affine q[TERMS];
    uint8_t scalars[TERMS][32];
    size_t terms = 1 + fuzz_below(in, TERMS), used = 0;
    for (size_t i = 0; i < terms; i++) {
        p[used] = some_g1(in);
        q[used] = some_g2(in);
        some_bytes(scalars[used], 32, in);
        used += !blst_p1_affine_is_inf(&p[used]) && !blst_p2_affine_is_inf(&q[used]);
    }
    blst_p1 found1, expected1;
    blst_p2 found2, expected2;
    if (used > 0) {
        bls_g1_sum_few(&expected1, p, scalars[0], used, &scratch);
        bls_g2_sum_few(&expected2, q, scalars[0], used, &scratch);
        FUZZ_CHECK(bls_g1_sum_vector(&found1, p, scalars[0], used, p, used));
        FUZZ_CHECK(bls_g2_sum_vector(&found2, q, scalars[0], used, q, used));
        FUZZ_CHECK(blst_p1_is_equal(&found1, &expected1) && blst_p2_is_equal(&found2, &expected2));
    }
    arena_free(&scratch);
}

static void bn_word(uint8_t out[32], const mclBnFp *in)
{
    uint64_t words[4] = {0};
    mclBnFp_getLittleEndian(words, sizeof words, in);
    for (size_t i = 0; i < 4; i++) store_be64(out + 8 * i, words[3 - i]);
}

static void check_bn_pairing(struct fuzz_input *in)
{
    static const char g2[] = "1 10857046999023057135944570762232829481370756359578518086990519993285655852781 "
                             "11559732032986387107991004021392285783925812861821192530917403151452391805634 "
                             "8495653923123431417604973247489272438418190587263600148770280649306958101930 "
                             "4082367875863433681332203403145435568316851327593401208105741076214120093531";
    static uint8_t encoded[TERMS * BN_PAIR_SIZE];
    mclBnG1 g, p;
    mclBnG2 h, q;
    bn254_start();
    FUZZ_CHECK(mclBnG1_setStr(&g, "1 1 2", 5, 10) == 0 && mclBnG2_setStr(&h, g2, sizeof g2 - 1, 10) == 0);
    size_t pairs = 1 + fuzz_below(in, TERMS);
    memset(encoded, 0, sizeof encoded);
    for (size_t i = 0; i < pairs; i++) {
        uint8_t *at = encoded + i * BN_PAIR_SIZE;
        mclBnFr a, b;
        mclBnFr_setInt32(&a, (int8_t)fuzz_byte(in));
        mclBnFr_setInt32(&b, (int8_t)fuzz_byte(in));
        mclBnG1_mul(&p, &g, &a);
        mclBnG2_mul(&q, &h, &b);
        mclBnG1_normalize(&p, &p);
        mclBnG2_normalize(&q, &q);
        if (mclBnG1_isZero(&p) == 0) {
            bn_word(at, &p.x);
            bn_word(at + 32, &p.y);
        }
        const mclBnFp *words[4] = {&q.x.d[1], &q.x.d[0], &q.y.d[1], &q.y.d[0]};
        for (size_t k = 0; k < 4 && mclBnG2_isZero(&q) == 0; k++) bn_word(at + 64 + 32 * k, words[k]);
    }
    if (fuzz_below(in, 8) == 0) encoded[fuzz_byte(in) * fuzz_byte(in) % sizeof encoded] ^= fuzz_byte(in);
    bool one = false, expected = false, ok = bn254_pairing_plain(&expected, encoded, pairs);
    FUZZ_CHECK(bn254_pairing(&one, encoded, pairs) == ok && (!ok || one == expected));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    if (!ifma_available()) return 0;
    switch (fuzz_below(&in, 4)) {
    case 0: check_bls_pairing(&in); break;
    case 1: check_bls_power(&in); break;
    case 2: check_bls_sums(&in); break;
    default: check_bn_pairing(&in);
    }
    return 0;
}
