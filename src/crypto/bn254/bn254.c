/* bn254 (alt_bn128): y^2 = x^3 + 3 over the prime field, through mcl. Encoding and the EVM's checks are here: every
 * coordinate is compared with the prime, every point with its curve, and points of G2 with their subgroup (G1 has no
 * other; bn254_subgroup.c).
 *
 * Infinity is common in calls (padding) and is answered from the bytes. */
#include "crypto/bn254/bn254_private.h"
#include "crypto/crypto.h"

#include <pthread.h>

#include <mcl/bn.h>

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void prepare_library(void)
{
    ASSERT(mclBn_init(mclBn_CurveSNARK1, MCLBN_COMPILED_TIME_VAR) == 0);
    mclBn_verifyOrderG1(0);
    mclBn_verifyOrderG2(0); /* on-curve and subgroup checks are asked for one by one */
}

void bn254_start(void)
{
    pthread_once(&library_once, prepare_library);
}

enum { FP_SIZE = 32, G1_SIZE = 64, G2_SIZE = 128, PAIR_SIZE = G1_SIZE + G2_SIZE };

/* The field's prime, highest word first. */
static const uint64_t prime[4] = {0x30644e72e131a029, 0xb85045b68181585d, 0x97816a916871ca8d, 0x3c208c16d87cfd47};

/* Reads a coordinate; false when it is not below the prime. */
static bool read_fp(mclBnFp *out, const uint8_t *in)
{
    uint64_t word[4] = {load_be64(in), load_be64(in + 8), load_be64(in + 16), load_be64(in + 24)};
    int i = 0;
    while (i < 3 && word[i] == prime[i]) i++;
    if (word[i] >= prime[i]) return false;
    uint64_t lowest_first[4] = {word[3], word[2], word[1], word[0]};
    return mclBnFp_setLittleEndian(out, lowest_first, sizeof lowest_first) == 0;
}

static void write_fp(uint8_t *out, const mclBnFp *in)
{
    uint64_t lowest_first[4] = {0};
    mclBnFp_getLittleEndian(lowest_first, sizeof lowest_first, in);
    for (size_t i = 0; i < 4; i++) store_be64(out + 8 * i, lowest_first[3 - i]);
}

static bool all_zero(const uint8_t *in, size_t size)
{
    uint64_t any = 0;
    for (size_t i = 0; i < size; i += 8) any |= load_be64(in + i);
    return any == 0;
}

static bool read_g1(mclBnG1 *out, const uint8_t in[G1_SIZE])
{
    if (all_zero(in, G1_SIZE)) {
        mclBnG1_clear(out);
        return true;
    }
    mclBnFp_setInt32(&out->z, 1);
    return read_fp(&out->x, in) && read_fp(&out->y, in + FP_SIZE) && mclBnG1_isValid(out) == 1;
}

/* A point of the twist; whether it is in the subgroup remains to be checked. */
static bool read_twist(mclBnG2 *out, const uint8_t in[G2_SIZE])
{
    if (all_zero(in, G2_SIZE)) {
        mclBnG2_clear(out);
        return true;
    }
    mclBnFp_setInt32(&out->z.d[0], 1);
    mclBnFp_clear(&out->z.d[1]);
    return read_fp(&out->x.d[1], in) && read_fp(&out->x.d[0], in + FP_SIZE) &&
           read_fp(&out->y.d[1], in + 2 * FP_SIZE) && read_fp(&out->y.d[0], in + 3 * FP_SIZE) &&
           mclBnG2_isValid(out) == 1;
}

static void write_g1(uint8_t out[G1_SIZE], mclBnG1 *p)
{
    if (mclBnG1_isZero(p) == 1) {
        memset(out, 0, G1_SIZE);
        return;
    }
    mclBnG1_normalize(p, p);
    write_fp(out, &p->x);
    write_fp(out + FP_SIZE, &p->y);
}

/* out = in, once it is known to be a point. */
static bool copy_g1(uint8_t out[G1_SIZE], const uint8_t in[G1_SIZE])
{
    mclBnG1 p;
    if (!read_g1(&p, in)) return false;
    memcpy(out, in, G1_SIZE);
    return true;
}

bool bn254_add(uint8_t out[64], const uint8_t in[128])
{
    bool first = !all_zero(in, G1_SIZE), second = !all_zero(in + G1_SIZE, G1_SIZE);
    if (!first && !second) {
        memset(out, 0, G1_SIZE);
        return true;
    }
    bn254_start();
    if (!first || !second) return copy_g1(out, first ? in : in + G1_SIZE);
    mclBnG1 a, b;
    if (!read_g1(&a, in) || !read_g1(&b, in + G1_SIZE)) return false;
    mclBnG1_add(&a, &a, &b);
    write_g1(out, &a);
    return true;
}

/* mcl splits a scalar above 64 bits in two of half the length with many ones. Those with few ones, such as 2^128, are
 * better left as they are. */
enum { SPARSE_ONES = 12 };

static void multiply_sparse(mclBnG1 *p, const uint64_t scalar[4])
{
    mclBnG1 sum;
    mclBnG1_clear(&sum);
    bool begun = false;
    for (int bit = 255; bit >= 0; bit--) {
        if (begun) mclBnG1_dbl(&sum, &sum);
        if ((scalar[3 - bit / 64] >> (bit % 64) & 1) == 0) continue;
        mclBnG1_add(&sum, &sum, p);
        begun = true;
    }
    *p = sum;
}

bool bn254_mul(uint8_t out[64], const uint8_t in[96])
{
    if (all_zero(in, G1_SIZE)) {
        memset(out, 0, G1_SIZE);
        return true;
    }
    const uint8_t *number = in + G1_SIZE;
    uint64_t word[4] = {load_be64(number), load_be64(number + 8), load_be64(number + 16), load_be64(number + 24)};
    int ones = 0;
    for (size_t i = 0; i < 4; i++) ones += __builtin_popcountll(word[i]);
    bn254_start();
    mclBnG1 p;
    mclBnFr scalar;
    if (!read_g1(&p, in)) return false;
    if (ones == 0) {
        memset(out, 0, G1_SIZE);
        return true;
    }
    if (ones <= SPARSE_ONES && (word[0] | word[1] >> 32) == 0 && (word[1] | word[2]) != 0) {
        multiply_sparse(&p, word);
    } else {
        mclBnFr_setBigEndianMod(&scalar, number, 32);
        mclBnG1_mul(&p, &p, &scalar);
    }
    write_g1(out, &p);
    return true;
}

/* The final power begins with x^(p^6 - 1), which is one for all (non-zero) x in the subfield of p^6 elements: those
 * without a second half. So end pairs that cancel, such as e(P, Q) e(P, -Q), without the power. */
static bool in_half_field(const mclBnGT *x)
{
    int zeros = 0;
    for (size_t i = 6; i < 12; i++) zeros += mclBnFp_isZero(&x->d[i]);
    return zeros == 6;
}

bool bn254_pairing_plain(bool *is_one, const uint8_t *in, size_t pairs)
{
    *is_one = true;
    if (pairs == 0) return true;
    bn254_start();
    enum { BATCH = 16 }; /* pairs whose Miller loops share their squarings */
    mclBnG1 p[BATCH];
    mclBnG2 q[BATCH];
    mclBnGT product, part;
    bool any = false;
    for (size_t done = 0; done < pairs;) {
        size_t count = 0;
        for (; done < pairs && count < BATCH; done++, in += PAIR_SIZE) {
            if (!read_g1(&p[count], in) || !read_twist(&q[count], in + G1_SIZE) || !bn254_in_subgroup(&q[count]))
                return false;
            if (mclBnG1_isZero(&p[count]) == 0 && mclBnG2_isZero(&q[count]) == 0)
                count++; /* a pair with infinity is one */
        }
        if (count == 0) continue;
        mclBn_millerLoopVec(&part, p, q, count);
        if (any)
            mclBnGT_mul(&product, &product, &part);
        else
            product = part;
        any = true;
    }
    if (!any || in_half_field(&product)) return true;
    mclBn_finalExp(&product, &product);
    *is_one = mclBnGT_isOne(&product) == 1;
    return true;
}

/* The same in vectors, eight pairs at a time. */
static bool pairing_vector(bool *is_one, const uint8_t *in, size_t pairs)
{
    const uint8_t *turn[BN254_LANES];
    struct bn254_product product;
    size_t count = 0;
    bn254_product_start(&product);
    for (size_t i = 0; i < pairs; i++, in += PAIR_SIZE) {
        mclBnG1 p;
        mclBnG2 q;
        if (!read_g1(&p, in) || !read_twist(&q, in + G1_SIZE)) return false;
        if (mclBnG1_isZero(&p) == 0 && mclBnG2_isZero(&q) == 0)
            turn[count++] = in; /* which checks the subgroup */
        else if (!bn254_in_subgroup(&q))
            return false;
        if (count == BN254_LANES || (i + 1 == pairs && count > 0)) {
            if (!bn254_product_multiply(&product, turn, count)) return false;
            count = 0;
        }
    }
    *is_one = bn254_product_is_one(&product);
    return true;
}

bool bn254_pairing(bool *is_one, const uint8_t *in, size_t pairs)
{
    *is_one = true;
    if (pairs == 0) return true;
    bn254_start();
    return ifma_available() ? pairing_vector(is_one, in, pairs) : bn254_pairing_plain(is_one, in, pairs);
}
