/* bn254 (alt_bn128): y^2 = x^3 + 3 over the prime field, through mcl. Encoding and the EVM's checks are here: every coordinate is
 * compared with the prime, every point with its curve, and points of G2 with their subgroup (G1 has no other). */
#include "crypto/crypto.h"

#include <pthread.h>

#include <mcl/bn.h>

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
    ASSERT(mclBn_init(mclBn_CurveSNARK1, MCLBN_COMPILED_TIME_VAR) == 0);
    mclBn_verifyOrderG1(0);
    mclBn_verifyOrderG2(0); /* on-curve and subgroup checks are asked for one by one */
}

enum { FP_SIZE = 32, G1_SIZE = 64, G2_SIZE = 128, PAIR_SIZE = G1_SIZE + G2_SIZE };

/* The field's prime, highest word first. */
static const uint64_t prime[4] = {0x30644e72e131a029, 0xb85045b68181585d, 0x97816a916871ca8d, 0x3c208c16d87cfd47};

/* Reads a coordinate; false when it is not below the prime. */
static bool read_fp(mclBnFp *out, const uint8_t *in)
{
    uint64_t word[4] = {load_be64(in), load_be64(in + 8), load_be64(in + 16), load_be64(in + 24)};
    int i = 0;
    while (i < 3 && word[i] == prime[i])
        i++;
    if (word[i] >= prime[i])
        return false;
    uint64_t lowest_first[4] = {word[3], word[2], word[1], word[0]};
    return mclBnFp_setLittleEndian(out, lowest_first, sizeof lowest_first) == 0;
}

static void write_fp(uint8_t *out, const mclBnFp *in)
{
    uint64_t lowest_first[4] = {0};
    mclBnFp_getLittleEndian(lowest_first, sizeof lowest_first, in);
    for (size_t i = 0; i < 4; i++)
        store_be64(out + 8 * i, lowest_first[3 - i]);
}

static bool all_zero(const uint8_t *in, size_t size)
{
    uint64_t any = 0;
    for (size_t i = 0; i < size; i += 8)
        any |= load_be64(in + i);
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

static bool read_g2(mclBnG2 *out, const uint8_t in[G2_SIZE])
{
    if (all_zero(in, G2_SIZE)) {
        mclBnG2_clear(out);
        return true;
    }
    mclBnFp_setInt32(&out->z.d[0], 1);
    mclBnFp_clear(&out->z.d[1]);
    return read_fp(&out->x.d[1], in) && read_fp(&out->x.d[0], in + FP_SIZE) && read_fp(&out->y.d[1], in + 2 * FP_SIZE) &&
           read_fp(&out->y.d[0], in + 3 * FP_SIZE) && mclBnG2_isValid(out) == 1 && mclBnG2_isValidOrder(out) == 1;
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

bool bn254_add(uint8_t out[64], const uint8_t in[128])
{
    pthread_once(&library_once, start_library);
    mclBnG1 a, b;
    if (!read_g1(&a, in) || !read_g1(&b, in + G1_SIZE))
        return false;
    mclBnG1_add(&a, &a, &b);
    write_g1(out, &a);
    return true;
}

bool bn254_mul(uint8_t out[64], const uint8_t in[96])
{
    pthread_once(&library_once, start_library);
    mclBnG1 p;
    mclBnFr scalar;
    if (!read_g1(&p, in))
        return false;
    mclBnFr_setBigEndianMod(&scalar, in + G1_SIZE, 32);
    mclBnG1_mul(&p, &p, &scalar);
    write_g1(out, &p);
    return true;
}

bool bn254_pairing(bool *is_one, const uint8_t *in, size_t pairs)
{
    pthread_once(&library_once, start_library);
    enum { BATCH = 16 }; /* pairs whose Miller loops share their squarings */
    mclBnG1 p[BATCH];
    mclBnG2 q[BATCH];
    mclBnGT product, part;
    bool any = false;
    for (size_t done = 0; done < pairs;) {
        size_t count = 0;
        for (; done < pairs && count < BATCH; done++, in += PAIR_SIZE) {
            if (!read_g1(&p[count], in) || !read_g2(&q[count], in + G1_SIZE))
                return false;
            if (mclBnG1_isZero(&p[count]) == 0 && mclBnG2_isZero(&q[count]) == 0)
                count++; /* a pair with infinity is one */
        }
        if (count == 0)
            continue;
        mclBn_millerLoopVec(&part, p, q, count);
        if (any)
            mclBnGT_mul(&product, &product, &part);
        else
            product = part;
        any = true;
    }
    if (any)
        mclBn_finalExp(&product, &product);
    *is_one = !any || mclBnGT_isOne(&product) == 1;
    return true;
}
