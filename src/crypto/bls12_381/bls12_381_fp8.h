/* The field of bls12-381, eight elements side by side: the constants of montgomery8.h, and the way from and to blst,
 * which keeps x·2^384 in six limbs of 64 bits where these vectors keep x·2^416 in eight of 52. Elements may exceed p a
 * thousand times: 2^416 is 2^35 p. */
#ifndef WEFT_CRYPTO_BLS12_381_BLS12_381_FP8_H
#define WEFT_CRYPTO_BLS12_381_BLS12_381_FP8_H

#include "crypto/bls12_381/bls12_381_private.h"

#include <stdint.h>

#define FP8_LIMBS 8
#define FP8_TIGHT 0
#define FP8_INVERSE INT64_C(0x3fffcfffcfffd)
#define FP8_TOP_INVERSE INT64_C(0x9d8307de6)

static const int64_t fp8_prime[FP8_LIMBS] = {0xeffffffffaaab, 0xfeb153ffffb9f, 0x6b0f6241eabff, 0x12bf6730d2a0f,
                                             0x764774b84f385, 0x1ba7b6434bacd, 0x1ea397fe69a4b, 0x1a011};
static const int64_t fp8_friendly[FP8_LIMBS] = {0x4be07d2027cb, 0xd7786e39002d4, 0xf51047083c4dd, 0x96079a7670223,
                                                0x4ca513044b79, 0x6615d3780ea11, 0xf9a5623d6a279, 0x6803};
static const int64_t fp8_complement[FP8_LIMBS] = {0x1000000005555, 0x14eac0000460,  0x94f09dbe15400, 0xed4098cf2d5f0,
                                                  0x89b88b47b0c7a, 0xe45849bcb4532, 0xe15c6801965b4, 0xffffffffe5fee};
/* 128 p */
static const int64_t fp8_bias[FP8_LIMBS] = {0xfffffffd55580, 0x58a9ffffdcff7, 0x87b120f55ffff, 0x5fb39869507b5,
                                            0x23ba5c279c289, 0xd3db21a5d66bb, 0x51cbff34d258d, 0xd0088f};
/* 1, as elements are kept; what brings blst's form here, and back */
static const int64_t fp8_one[FP8_LIMBS] = {0x6480ea8e9b9af, 0x65766c8fe444f, 0x8b540fea96f7d, 0x3b2ee82efd422,
                                           0xa6723e5f0ade5, 0xff6eb6fdd4230, 0xe06ef23c24a25, 0x14c8e};
static const int64_t fp8_from_blst[FP8_LIMBS] = {0x7fde37dba9366, 0x4e27525bc342b, 0x1f5b1e9778489, 0xb872b2b91b9dc,
                                                 0xb206f497dfcaf, 0x4137cc89a9b0b, 0xd9d20d7e39959, 0x411c};
static const int64_t fp8_to_blst[FP8_LIMBS] = {0x900000002fffd, 0xbc40c0002760, 0x3c758baebf400, 0x57455f4898575,
                                               0xd77ce58537052, 0x71a97a256ec6, 0xec3fa80e4935c, 0x15f65};
/* xi^((p - 1)/6), real and imaginary part. */
static const int64_t fp8_frobenius[2][FP8_LIMBS] = {{0x3f1c002e83512, 0x7b2d5addb4fe, 0xf88722674745b, 0x86dc4175cadf,
                                                     0x6f8decd6c7fb1, 0xb7a3cfa3fdd94, 0x5c66d6d4383f0, 0x1119a},
                                                    {0xb0e3ffd177599, 0xf6fe7e52246a1, 0x72883fdaa37a4, 0xa51a31975f2f,
                                                     0x6b987e1873d4, 0x6403e69f4dd39, 0xc23cc12a3165a, 0x8e76}};

#include "crypto/simd/montgomery8.h"

/* Eight elements from blst's form; NULL is read as 0. */
static inline IFMA struct fp8 fp8_read(const blst_fp *const in[8])
{
    _Alignas(64) uint64_t lane[FP8_LIMBS][8] = {0};
    const uint64_t mask = (UINT64_C(1) << FP8_BITS) - 1;
    for (size_t k = 0; k < 8; k++) {
        if (in[k] == NULL) continue;
        const limb_t *w = in[k]->l;
        for (size_t i = 0; i < FP8_LIMBS; i++) {
            size_t bit = i * FP8_BITS, word = bit / 64, shift = bit % 64;
            uint64_t x = w[word] >> shift;
            if (shift > 64 - FP8_BITS && word < 5) x |= w[word + 1] << (64 - shift);
            lane[i][k] = x & mask;
        }
    }
    struct fp8 out;
    for (size_t i = 0; i < FP8_LIMBS; i++) out.limb[i] = _mm512_load_si512(lane[i]);
    return fp8_multiply(out, fp8_constant(fp8_from_blst));
}

/* The reverse; NULL is left out. */
static inline IFMA void fp8_write(blst_fp *const out[8], struct fp8 a)
{
    static const uint64_t prime[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
                                      0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
    a = fp8_multiply(a, fp8_constant(fp8_to_blst));
    _Alignas(64) uint64_t lane[FP8_LIMBS][8];
    for (size_t i = 0; i < FP8_LIMBS; i++) _mm512_store_si512(lane[i], a.limb[i]);
    for (size_t k = 0; k < 8; k++) {
        if (out[k] == NULL) continue;
        uint64_t w[6] = {0};
        for (size_t i = 0; i < FP8_LIMBS; i++) {
            size_t bit = i * FP8_BITS, word = bit / 64, shift = bit % 64;
            w[word] |= lane[i][k] << shift;
            if (shift > 64 - FP8_BITS && word < 5) w[word + 1] |= lane[i][k] >> (64 - shift);
        }
        for (int times = 0; times < 3; times++) { /* below 4p */
            uint64_t less[6];
            unsigned char borrow = 0;
            for (size_t i = 0; i < 6; i++) {
                unsigned long long d;
                borrow = _subborrow_u64(borrow, w[i], prime[i], &d);
                less[i] = d;
            }
            if (!borrow) memcpy(w, less, sizeof w);
        }
        memcpy(out[k]->l, w, sizeof w);
    }
}

#endif
