/* Eight numbers of five limbs of 52 bits, side by side in AVX-512 registers: what fields of 256 bits have in common
 * (secp256k1_field8.h and p256_field8.h). Lane k of each register belongs to number k. */
#ifndef WEFT_CRYPTO_SIMD_FIELD8_H
#define WEFT_CRYPTO_SIMD_FIELD8_H

#include "crypto/simd/ifma.h"

#include <immintrin.h>

enum { FIELD_LIMBS = 5, FIELD_BITS = 52, FIELD_TOP_BITS = 48 };
#define FIELD_MASK ((INT64_C(1) << FIELD_BITS) - 1)
#define FIELD_TOP_MASK ((INT64_C(1) << FIELD_TOP_BITS) - 1)
#define FIELD_FOLD INT64_C(0x1000003d1)

struct field8 {
    __m512i limb[FIELD_LIMBS];
};

static ALWAYS_INLINE IFMA __m512i all8(int64_t x)
{
    return _mm512_set1_epi64(x);
}

/* x itself, kept from the compiler's knowledge: it would make a constant anew at every use, in the unit that moves lanes,
 * where loops are busiest. */
static ALWAYS_INLINE IFMA __m512i kept8(__m512i x)
{
    __asm__("" : "+v"(x));
    return x;
}

static ALWAYS_INLINE IFMA struct field8 field_constant(const int64_t limb[FIELD_LIMBS])
{
    struct field8 out;
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) out.limb[i] = all8(limb[i]);
    return out;
}
static ALWAYS_INLINE IFMA struct field8 field_zero(void)
{
    struct field8 out;
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) out.limb[i] = _mm512_setzero_si512();
    return out;
}

/* Sums limb by limb: a + b, a·2^shift. */
static ALWAYS_INLINE IFMA struct field8 field_plus(struct field8 a, struct field8 b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) a.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
    return a;
}
static ALWAYS_INLINE IFMA struct field8 field_shift(struct field8 a, unsigned shift)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) a.limb[i] = _mm512_slli_epi64(a.limb[i], shift);
    return a;
}
/* b where a lane's bit is set, else a. */
static ALWAYS_INLINE IFMA struct field8 field_choose(__mmask8 bits, struct field8 a, struct field8 b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) a.limb[i] = _mm512_mask_mov_epi64(a.limb[i], bits, b.limb[i]);
    return a;
}

/* Lane k of the result is lane from[k] of a (0..7) or b (8..15). */
static ALWAYS_INLINE IFMA struct field8 field_permute(struct field8 a, __m512i from, struct field8 b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) a.limb[i] = _mm512_permutex2var_epi64(a.limb[i], from, b.limb[i]);
    return a;
}

/* *to = a, written out: compilers make a call of memcpy from an assignment or a loop, which costs all registers. */
static ALWAYS_INLINE IFMA void field_store(struct field8 *to, struct field8 a)
{
    _mm512_store_si512(&to->limb[0], a.limb[0]);
    _mm512_store_si512(&to->limb[1], a.limb[1]);
    _mm512_store_si512(&to->limb[2], a.limb[2]);
    _mm512_store_si512(&to->limb[3], a.limb[3]);
    _mm512_store_si512(&to->limb[4], a.limb[4]);
}

/* Eight numbers; limb i of number k is at[i·stride + index[k]]. */
static ALWAYS_INLINE IFMA struct field8 field_gather(const int64_t *at, size_t stride, __m512i index)
{
    struct field8 out;
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) out.limb[i] = _mm512_i64gather_epi64(index, at + i * stride, 8);
    return out;
}

/* Lanes whose limbs are the same. */
static ALWAYS_INLINE IFMA __mmask8 field_equals(struct field8 a, struct field8 b)
{
    __mmask8 same = 0xff;
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) same &= _mm512_cmpeq_epi64_mask(a.limb[i], b.limb[i]);
    return same;
}

/* ---- products in columns ----------------------------------------------------------------------------------------- */

/* t += a·b, by columns. */
static ALWAYS_INLINE IFMA void field_columns(__m512i t[2 * FIELD_LIMBS], const struct field8 *a, const struct field8 *b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
#pragma GCC unroll 5
        for (size_t j = 0; j < FIELD_LIMBS; j++) {
            t[i + j] = _mm512_madd52lo_epu64(t[i + j], a->limb[i], b->limb[j]);
            t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a->limb[i], b->limb[j]);
        }
    }
}

/* The same into empty columns, for products that others wait for: low and high halves are summed apart, which takes
 * some more instructions but makes half as many wait for each other. */
static ALWAYS_INLINE IFMA void field_columns_soon(__m512i t[2 * FIELD_LIMBS], const struct field8 *a,
                                                  const struct field8 *b)
{
    __m512i high[2 * FIELD_LIMBS];
#pragma GCC unroll 10
    for (size_t i = 0; i < 2 * FIELD_LIMBS; i++) t[i] = high[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
#pragma GCC unroll 5
        for (size_t j = 0; j < FIELD_LIMBS; j++) {
            t[i + j] = _mm512_madd52lo_epu64(t[i + j], a->limb[i], b->limb[j]);
            high[i + j + 1] = _mm512_madd52hi_epu64(high[i + j + 1], a->limb[i], b->limb[j]);
        }
    }
#pragma GCC unroll 10
    for (size_t i = 1; i < 2 * FIELD_LIMBS; i++) t[i] = _mm512_add_epi64(t[i], high[i]);
}

static ALWAYS_INLINE IFMA void field_square_columns(__m512i t[2 * FIELD_LIMBS], const struct field8 *a)
{
#pragma GCC unroll 10
    for (size_t i = 0; i < 2 * FIELD_LIMBS; i++) t[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
#pragma GCC unroll 5
        for (size_t j = i + 1; j < FIELD_LIMBS; j++) {
            t[i + j] = _mm512_madd52lo_epu64(t[i + j], a->limb[i], a->limb[j]);
            t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a->limb[i], a->limb[j]);
        }
    }
#pragma GCC unroll 10
    for (size_t i = 1; i < 2 * FIELD_LIMBS; i++) t[i] = _mm512_add_epi64(t[i], t[i]);
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a->limb[i], a->limb[i]);
        t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a->limb[i], a->limb[i]);
    }
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* All lanes are the number of four words, lowest first. */
static inline IFMA struct field8 field_of_words(const uint64_t in[4])
{
    return (struct field8){{all8((int64_t)in[0] & FIELD_MASK), all8((int64_t)(in[0] >> 52 | in[1] << 12) & FIELD_MASK),
                            all8((int64_t)(in[1] >> 40 | in[2] << 24) & FIELD_MASK),
                            all8((int64_t)(in[2] >> 28 | in[3] << 36) & FIELD_MASK), all8((int64_t)(in[3] >> 16))}};
}

/* One lane as four words; bits from 2^256 on fall off. */
static inline IFMA void field_words_of_lane(uint64_t out[4], struct field8 a, size_t lane)
{
    const lane64 *at = (const lane64 *)&a + lane;
    uint64_t limb[FIELD_LIMBS];
    for (size_t i = 0; i < FIELD_LIMBS; i++) limb[i] = (uint64_t)at[8 * i];
    out[0] = limb[0] | limb[1] << 52;
    out[1] = limb[1] >> 12 | limb[2] << 40;
    out[2] = limb[2] >> 24 | limb[3] << 28;
    out[3] = limb[3] >> 36 | limb[4] << 16;
}

/* Eight numbers from 32 big-endian bytes each; NULL is read as 0. */
static inline IFMA struct field8 field_of_bytes(const uint8_t *const in[8])
{
    _Alignas(64) int64_t lane[FIELD_LIMBS][8] = {0};
    for (size_t k = 0; k < 8; k++) {
        if (in[k] == NULL) continue;
        uint64_t w0 = load_be64(in[k] + 24), w1 = load_be64(in[k] + 16), w2 = load_be64(in[k] + 8),
                 w3 = load_be64(in[k]);
        lane[0][k] = (int64_t)w0 & FIELD_MASK;
        lane[1][k] = (int64_t)(w0 >> 52 | w1 << 12) & FIELD_MASK;
        lane[2][k] = (int64_t)(w1 >> 40 | w2 << 24) & FIELD_MASK;
        lane[3][k] = (int64_t)(w2 >> 28 | w3 << 36) & FIELD_MASK;
        lane[4][k] = (int64_t)(w3 >> 16);
    }
    struct field8 out;
    for (size_t i = 0; i < FIELD_LIMBS; i++) out.limb[i] = _mm512_load_si512(lane[i]);
    return out;
}

#endif
