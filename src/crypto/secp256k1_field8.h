/* The field of secp256k1, p = 2^256 - 2^32 - 977, eight elements side by side in AVX-512 registers with 52-bit
 * multiplications (IFMA).
 *
 * An element is five limbs of 52 bits, 260 in all; lane k of each register belongs to element k. Between operations
 * elements are
 * *settled*: every limb is below 2^52, as the multiplier reads no more, and the value is below 2^256 + 2^216, so it may
 * exceed p once. Sums of settled elements and of their small multiples are taken limb by limb without carries and
 * settled before they are multiplied. To subtract, FIELD_MINUS is added first: a multiple of p whose limbs are all
 * above 2^56, so that nothing becomes negative.
 *
 * Reduction: 2^260 is 16·FOLD and 2^256 is FOLD modulo p, with FOLD = 2^32 + 977. */
#ifndef WEFT_SECP256K1_FIELD8_H
#define WEFT_SECP256K1_FIELD8_H

#include "crypto/ifma.h"

#include <immintrin.h>

enum { FIELD_LIMBS = 5, FIELD_BITS = 52, FIELD_TOP_BITS = 48 };
#define FIELD_MASK ((INT64_C(1) << FIELD_BITS) - 1)
#define FIELD_TOP_MASK ((INT64_C(1) << FIELD_TOP_BITS) - 1)
#define FIELD_FOLD INT64_C(0x1000003d1)

struct field8 {
    __m512i limb[FIELD_LIMBS];
};

static const int64_t field_prime[FIELD_LIMBS] = {0xffffefffffc2f, 0xfffffffffffff, 0xfffffffffffff, 0xfffffffffffff,
                                                 0x0ffffffffffff};
/* 2^9·p, with 2^57 moved down into every limb from the one above. */
static const int64_t FIELD_MINUS[FIELD_LIMBS] = {0x20ffdfffff85e00, 0x20fffffffffffdf, 0x20fffffffffffdf,
                                                 0x20fffffffffffdf, 0x1ffffffffffffdf};

static ALWAYS_INLINE IFMA __m512i all8(int64_t x)
{
    return _mm512_set1_epi64(x);
}

/* Settles a sum whose limbs are below 2^62. */
static ALWAYS_INLINE IFMA struct field8 field_settle(struct field8 a)
{
    __m512i *t = a.limb, mask = all8(FIELD_MASK);
    t[0] = _mm512_madd52lo_epu64(t[0], _mm512_srli_epi64(t[4], FIELD_TOP_BITS), all8(FIELD_FOLD));
    t[4] = _mm512_and_si512(t[4], all8(FIELD_TOP_MASK));
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(t[i], FIELD_BITS));
        t[i] = _mm512_and_si512(t[i], mask);
    }
    return a;
}

/* Unsettled sums: a + b, a·2^shift, and FIELD_MINUS - b. */
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
static ALWAYS_INLINE IFMA struct field8 field_minus(struct field8 b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) b.limb[i] = _mm512_sub_epi64(all8(FIELD_MINUS[i]), b.limb[i]);
    return b;
}
static ALWAYS_INLINE IFMA struct field8 field_subtract(struct field8 a, struct field8 b)
{
    return field_settle(field_plus(a, field_minus(b)));
}

/* t (ten columns of products, below 2^57 each) modulo p, in limbs below 2^57. Columns are not carried before they are
 * folded: the multiplier reads their low 52 bits, and what is above goes through a multiplication of its own. */
static ALWAYS_INLINE IFMA struct field8 field_fold(__m512i t[2 * FIELD_LIMBS])
{
    __m512i fold = all8(FIELD_FOLD << 4), top = _mm512_madd52hi_epu64(_mm512_setzero_si512(), t[9], fold);
    t[0] = _mm512_madd52lo_epu64(t[0], top, fold); /* column 10, below 2^31, comes down to column 5 and on to 0 */
    t[1] = _mm512_madd52hi_epu64(t[1], top, fold);
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        t[i] = _mm512_madd52lo_epu64(t[i], t[i + 5], fold);
        if (i == 4) break; /* column 9 is below 2^47, and its high part was `top` */
        t[i + 1] = _mm512_madd52hi_epu64(t[i + 1], t[i + 5], fold);
        t[i + 1] = _mm512_madd52lo_epu64(t[i + 1], _mm512_srli_epi64(t[i + 5], FIELD_BITS), fold);
    }
    return (struct field8){{t[0], t[1], t[2], t[3], t[4]}};
}

static ALWAYS_INLINE IFMA struct field8 field_reduce(__m512i t[2 * FIELD_LIMBS])
{
    return field_settle(field_fold(t));
}

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

static ALWAYS_INLINE IFMA struct field8 field_multiply(struct field8 a, struct field8 b)
{
    __m512i t[2 * FIELD_LIMBS] = {0};
    field_columns(t, &a, &b);
    return field_reduce(t);
}

/* a·b + c·d, with one reduction. */
static ALWAYS_INLINE IFMA struct field8 field_multiply_two(struct field8 a, struct field8 b, struct field8 c,
                                                           struct field8 d)
{
    __m512i t[2 * FIELD_LIMBS] = {0};
    field_columns(t, &a, &b);
    field_columns(t, &c, &d);
    return field_reduce(t);
}

static ALWAYS_INLINE IFMA struct field8 field_square(struct field8 a)
{
    __m512i t[2 * FIELD_LIMBS] = {0};
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
#pragma GCC unroll 5
        for (size_t j = i + 1; j < FIELD_LIMBS; j++) {
            t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.limb[i], a.limb[j]);
            t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.limb[i], a.limb[j]);
        }
    }
#pragma GCC unroll 10
    for (size_t i = 1; i < 2 * FIELD_LIMBS; i++) t[i] = _mm512_add_epi64(t[i], t[i]);
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a.limb[i], a.limb[i]);
        t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a.limb[i], a.limb[i]);
    }
    return field_reduce(t);
}

/* b where a lane's bit is set, else a. */
static ALWAYS_INLINE IFMA struct field8 field_choose(__mmask8 bits, struct field8 a, struct field8 b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) a.limb[i] = _mm512_mask_mov_epi64(a.limb[i], bits, b.limb[i]);
    return a;
}

static ALWAYS_INLINE IFMA struct field8 field_small(int64_t x)
{
    struct field8 out = {{all8(x)}};
    for (size_t i = 1; i < FIELD_LIMBS; i++) out.limb[i] = _mm512_setzero_si512();
    return out;
}

/* Lanes of a settled element that are not below p. */
static ALWAYS_INLINE IFMA __mmask8 field_above(struct field8 a)
{
    __mmask8 above = _mm512_cmpge_epi64_mask(a.limb[0], all8(field_prime[0]));
    for (size_t i = 1; i < 4; i++) above &= _mm512_cmpeq_epi64_mask(a.limb[i], all8(field_prime[i]));
    above &= _mm512_cmpeq_epi64_mask(a.limb[4], all8(field_prime[4]));
    return above | _mm512_cmpgt_epi64_mask(a.limb[4], all8(field_prime[4]));
}

/* Lanes of a settled element that are zero: 0 or p, as 2·p is above what settled elements reach. */
static ALWAYS_INLINE IFMA __mmask8 field_is_zero(struct field8 a)
{
    __mmask8 zero = 0xff, prime = 0xff;
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        zero &= _mm512_testn_epi64_mask(a.limb[i], a.limb[i]);
        prime &= _mm512_cmpeq_epi64_mask(a.limb[i], all8(field_prime[i]));
    }
    return zero | prime;
}

/* Lanes of a settled element that are odd as numbers below p. */
static ALWAYS_INLINE IFMA __mmask8 field_is_odd(struct field8 a)
{
    return _mm512_test_epi64_mask(a.limb[0], all8(1)) ^ field_above(a);
}

/* Eight elements from and to 32 big-endian bytes each; a NULL input is read as 0. Read numbers need not be below p. */
static inline IFMA struct field8 field_read(const uint8_t *const in[8])
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

/* The same numbers below p, with bits from 2^256 on left over in the highest limb. */
static ALWAYS_INLINE IFMA struct field8 field_below_prime(struct field8 a)
{
    /* Above p, subtract it: add FOLD and drop 2^256. */
    a.limb[0] = _mm512_mask_add_epi64(a.limb[0], field_above(a), a.limb[0], all8(FIELD_FOLD));
    for (size_t i = 0; i < 4; i++) {
        a.limb[i + 1] = _mm512_add_epi64(a.limb[i + 1], _mm512_srli_epi64(a.limb[i], FIELD_BITS));
        a.limb[i] = _mm512_and_si512(a.limb[i], all8(FIELD_MASK));
    }
    return a;
}

/* One lane as four words, lowest first, below p. */
static inline IFMA void field_get(uint64_t out[4], struct field8 a, size_t lane)
{
    struct field8 reduced = field_below_prime(a);
    const lane64 *at = (const lane64 *)&reduced + lane;
    uint64_t limb[FIELD_LIMBS];
    for (size_t i = 0; i < FIELD_LIMBS; i++) limb[i] = (uint64_t)at[8 * i];
    out[0] = limb[0] | limb[1] << 52;
    out[1] = limb[1] >> 12 | limb[2] << 40;
    out[2] = limb[2] >> 24 | limb[3] << 28;
    out[3] = limb[3] >> 36 | limb[4] << 16; /* bits from 2^256 on fall off */
}

/* All lanes are the number of four words, lowest first. */
static inline IFMA struct field8 field_all(const uint64_t in[4])
{
    return (struct field8){{all8((int64_t)in[0] & FIELD_MASK), all8((int64_t)(in[0] >> 52 | in[1] << 12) & FIELD_MASK),
                            all8((int64_t)(in[1] >> 40 | in[2] << 24) & FIELD_MASK),
                            all8((int64_t)(in[2] >> 28 | in[3] << 36) & FIELD_MASK), all8((int64_t)(in[3] >> 16))}};
}

static inline IFMA void field_write(uint8_t *const out[8], struct field8 a)
{
    for (size_t k = 0; k < 8; k++) {
        uint64_t word[4];
        field_get(word, a, k);
        for (size_t i = 0; i < 4; i++) store_be64(out[k] + 24 - 8 * i, word[i]);
    }
}

#endif
