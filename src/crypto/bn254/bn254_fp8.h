/* The field of bn254, eight elements side by side: the constants of montgomery8.h, and numbers as the EVM and mcl know
 * them. R = 2^260 is only 84 p. Settled elements are below 2p, so that a dozen products may be summed; what is
 * subtracted from FP8_BIAS is below 24p, and what is settled below 80p. */
#ifndef WEFT_CRYPTO_BN254_BN254_FP8_H
#define WEFT_CRYPTO_BN254_BN254_FP8_H

#include "base/base.h"

#define FP8_LIMBS 5
#define FP8_TIGHT 1
#define FP8_INVERSE INT64_C(0x20782e4866389)
#define FP8_TOP_INVERSE INT64_C(0x54)

static const int64_t fp8_prime[FP8_LIMBS] = {0x8c16d87cfd47, 0x916871ca8d3c2, 0x181585d97816a, 0xa029b85045b68,
                                             0x30644e72e131};
static const int64_t fp8_friendly[FP8_LIMBS] = {0xc93a3dee22c55, 0xe15f4ea250777, 0x37f0b49e7cd63, 0x2079e650a0895,
                                                0x6234192d7a1};
static const int64_t fp8_complement[FP8_LIMBS] = {0xf73e9278302b9, 0x6e978e3572c3d, 0xe7ea7a2687e95, 0x5fd647afba497,
                                                  0xfcf9bb18d1ece};
/* 24 p */
static const int64_t fp8_bias[FP8_LIMBS] = {0xd22244bb7bea8, 0xa1caaafd3da30, 0x42048c63421fd, 0x3e94786891c2,
                                            0x489675ac51ca7};
/* R and R^2 */
static const int64_t fp8_one[FP8_LIMBS] = {0x20880f6fce4b4, 0x49baa989a8455, 0x18f014a498908, 0x724f85a9201d8,
                                           0x1f16424e1bb7};
static const int64_t fp8_from_number[FP8_LIMBS] = {0x8a81d1966eb04, 0x6195018016b86, 0xb4f898c98e615, 0x9969bfd531600,
                                                   0xa8469a30d3a};
/* (9 + i)^((p - 1)/6), real and imaginary part. */
static const int64_t fp8_frobenius[2][FP8_LIMBS] = {
    {0xa696331449070, 0x387afb78aaf9b, 0x8a2087ca6b1d7, 0xa7c11bded5ef0, 0x2f34d751a1f3},
    {0x825c28a21e4bd, 0x6e5ba520f7f58, 0x675d8990b6915, 0x344d296ddd94b, 0x187fe92cd2a1}};

#include "crypto/simd/montgomery8.h"

/* Eight numbers below p, 32 big-endian bytes each. */
static inline IFMA struct fp8 fp8_read(const uint8_t *const in[8])
{
    _Alignas(64) int64_t lane[FP8_LIMBS][8];
    const uint64_t mask = (UINT64_C(1) << FP8_BITS) - 1;
    for (size_t k = 0; k < 8; k++) {
        uint64_t w0 = load_be64(in[k] + 24), w1 = load_be64(in[k] + 16), w2 = load_be64(in[k] + 8),
                 w3 = load_be64(in[k]);
        lane[0][k] = (int64_t)(w0 & mask);
        lane[1][k] = (int64_t)((w0 >> 52 | w1 << 12) & mask);
        lane[2][k] = (int64_t)((w1 >> 40 | w2 << 24) & mask);
        lane[3][k] = (int64_t)((w2 >> 28 | w3 << 36) & mask);
        lane[4][k] = (int64_t)(w3 >> 16);
    }
    struct fp8 out;
    for (size_t i = 0; i < FP8_LIMBS; i++) out.limb[i] = _mm512_load_si512(lane[i]);
    return fp8_multiply(out, fp8_constant(fp8_from_number));
}

/* The reverse, as numbers that may exceed p. */
static inline IFMA void fp8_write(uint8_t out[8][32], struct fp8 a)
{
    struct fp8 one = fp8_zero();
    one.limb[0] = all8(1);
    a = fp8_multiply(a, one);
    _Alignas(64) uint64_t lane[FP8_LIMBS][8];
    for (size_t i = 0; i < FP8_LIMBS; i++) _mm512_store_si512(lane[i], a.limb[i]);
    for (size_t k = 0; k < 8; k++) {
        store_be64(out[k] + 24, lane[0][k] | lane[1][k] << 52);
        store_be64(out[k] + 16, lane[1][k] >> 12 | lane[2][k] << 40);
        store_be64(out[k] + 8, lane[2][k] >> 24 | lane[3][k] << 28);
        store_be64(out[k], lane[3][k] >> 36 | lane[4][k] << 16);
    }
}

#endif
