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
#ifndef WEFT_CRYPTO_SECP256K1_SECP256K1_FIELD8_H
#define WEFT_CRYPTO_SECP256K1_SECP256K1_FIELD8_H

#include "crypto/simd/field8.h"

static const int64_t field_prime[FIELD_LIMBS] = {0xffffefffffc2f, 0xfffffffffffff, 0xfffffffffffff, 0xfffffffffffff,
                                                 0x0ffffffffffff};
/* 2^9·p, with 2^57 moved down into every limb from the one above. */
static const int64_t FIELD_MINUS[FIELD_LIMBS] = {0x20ffdfffff85e00, 0x20fffffffffffdf, 0x20fffffffffffdf,
                                                 0x20fffffffffffdf, 0x1ffffffffffffdf};

/* Carries limbs that are not negative up. */
static ALWAYS_INLINE IFMA struct field8 field_carry(struct field8 a)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        a.limb[i + 1] = _mm512_add_epi64(a.limb[i + 1], _mm512_srli_epi64(a.limb[i], FIELD_BITS));
        a.limb[i] = _mm512_and_si512(a.limb[i], all8(FIELD_MASK));
    }
    return a;
}

/* Settles a sum whose limbs are below 2^62. */
static ALWAYS_INLINE IFMA struct field8 field_settle(struct field8 a)
{
    __m512i *t = a.limb;
    t[0] = _mm512_madd52lo_epu64(t[0], _mm512_srli_epi64(t[4], FIELD_TOP_BITS), all8(FIELD_FOLD));
    t[4] = _mm512_and_si512(t[4], all8(FIELD_TOP_MASK));
    return field_carry(a);
}

/* FIELD_MINUS - b, unsettled. */
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

#include "crypto/simd/field8_products.h"

/* Lanes of a settled element that are not below p. */
static ALWAYS_INLINE IFMA __mmask8 field_above(struct field8 a)
{
    __mmask8 above = _mm512_cmpge_epi64_mask(a.limb[0], all8(field_prime[0]));
    for (size_t i = 1; i < 4; i++) above &= _mm512_cmpeq_epi64_mask(a.limb[i], all8(field_prime[i]));
    above &= _mm512_cmpeq_epi64_mask(a.limb[4], all8(field_prime[4]));
    return above | _mm512_cmpgt_epi64_mask(a.limb[4], all8(field_prime[4]));
}

static ALWAYS_INLINE IFMA struct field8 field_small(int64_t x)
{
    struct field8 out = field_zero();
    out.limb[0] = all8(x);
    return out;
}
static ALWAYS_INLINE IFMA struct field8 field_one(void)
{
    return field_small(1);
}

/* Lanes of a settled element that are zero: 0 or p, as 2·p is above what settled elements reach. */
static ALWAYS_INLINE IFMA __mmask8 field_is_zero(struct field8 a)
{
    return field_equals(a, field_zero()) | field_equals(a, field_constant(field_prime));
}

/* Lanes of a settled element that are odd as numbers below p. */
static ALWAYS_INLINE IFMA __mmask8 field_is_odd(struct field8 a)
{
    return _mm512_test_epi64_mask(a.limb[0], all8(1)) ^ field_above(a);
}

/* The same numbers below p, with bits from 2^256 on left over in the highest limb. */
static ALWAYS_INLINE IFMA struct field8 field_below_prime(struct field8 a)
{
    /* Above p, subtract it: add FOLD and drop 2^256. */
    a.limb[0] = _mm512_mask_add_epi64(a.limb[0], field_above(a), a.limb[0], all8(FIELD_FOLD));
    return field_carry(a);
}

/* One lane as four words, lowest first, below p; and all lanes from such words. */
static inline IFMA void field_get(uint64_t out[4], struct field8 a, size_t lane)
{
    field_words_of_lane(out, field_below_prime(a), lane);
}
static inline IFMA struct field8 field_all(const uint64_t in[4])
{
    return field_of_words(in);
}

static inline IFMA struct field8 field_read(const uint8_t *const in[8])
{
    return field_of_bytes(in);
}

static inline IFMA void field_write(uint8_t *const out[8], struct field8 a)
{
    a = field_below_prime(a);
    for (size_t k = 0; k < 8; k++) {
        uint64_t word[4];
        field_words_of_lane(word, a, k);
        for (size_t i = 0; i < 4; i++) store_be64(out[k] + 24 - 8 * i, word[i]);
    }
}

#endif
