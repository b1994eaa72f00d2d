/* The field of P-256, p = 2^256 - 2^224 + 2^192 + 2^96 - 1, eight elements side by side in AVX-512 registers with 52-bit
 * multiplications (IFMA).
 *
 * An element x is kept as x·2^260 modulo p (Montgomery's form) in five limbs of 52 bits. Between operations elements are
 * *settled*: limbs are below 2^52 and the value is below 2^256 + 2^240, so it may exceed p once. Sums and differences
 * are taken limb by limb, of either sign, and settled before they are multiplied.
 *
 * Reduction: p is -1 modulo 2^96, so the multiple of p that clears the lowest column of a product is the column itself,
 * and p + 1 has three limbs other than 0, each of few bits. */
#ifndef WEFT_CRYPTO_P256_P256_FIELD8_H
#define WEFT_CRYPTO_P256_P256_FIELD8_H

#include "crypto/simd/field8.h"

static const int64_t field_prime[FIELD_LIMBS] = {0xfffffffffffff, 0x00fffffffffff, 0, 0x0001000000000, 0x0ffffffff0000};
/* 2^12·p, with 2^60 moved down into every limb from the one above. */
static const int64_t FIELD_MINUS[FIELD_LIMBS] = {0x100ffffffffff000, 0x100ffffffffffeff, 0xfffffffffffff0f,
                                                 0x1000ffffffffff00, 0xfffffffefffff00};
/* 1 and 2^260 in Montgomery's form. */
static const int64_t field_r[FIELD_LIMBS] = {0x10, 0xf000000000000, 0xfffffffffffff, 0xffeffffffffff, 0xfffff};
static const int64_t field_r_squared[FIELD_LIMBS] = {0x300, 0xffffffff00000, 0xffffefffffffb, 0xfdfffffffffff,
                                                     0x4ffffff};

/* Carries limbs of either sign, of a value that is not negative. */
static ALWAYS_INLINE IFMA struct field8 field_carry(struct field8 a)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        a.limb[i + 1] = _mm512_add_epi64(a.limb[i + 1], _mm512_srai_epi64(a.limb[i], FIELD_BITS));
        a.limb[i] = _mm512_and_si512(a.limb[i], all8(FIELD_MASK));
    }
    return a;
}

/* Settles a sum whose limbs are below 2^62: 2^256 is 2^224 - 2^192 - 2^96 + 1. */
static ALWAYS_INLINE IFMA struct field8 field_settle(struct field8 a)
{
    __m512i *t = a.limb, over = _mm512_srli_epi64(t[4], FIELD_TOP_BITS);
    t[4] = _mm512_and_si512(t[4], all8(FIELD_TOP_MASK));
    t[0] = _mm512_add_epi64(t[0], over);
    t[1] = _mm512_sub_epi64(t[1], _mm512_slli_epi64(over, 44));
    t[3] = _mm512_sub_epi64(t[3], _mm512_slli_epi64(over, 36));
    t[4] = _mm512_add_epi64(t[4], _mm512_slli_epi64(over, 16));
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

/* Clears column i of t, below 2^60, by a multiple of p. The multiple is the low 52 bits of the column, all that the
 * multiplier reads, which p's -1 clears. */
static ALWAYS_INLINE IFMA void field_clear(__m512i t[2 * FIELD_LIMBS], size_t i)
{
    const __m512i limb1 = all8(INT64_C(1) << 44), limb3 = all8(INT64_C(1) << 36),
                  limb4 = all8((INT64_C(1) << 48) - (INT64_C(1) << 16));
    __m512i q = t[i];
    t[i + 1] = _mm512_madd52lo_epu64(t[i + 1], q, limb1);
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(q, FIELD_BITS));
    t[i + 2] = _mm512_madd52hi_epu64(t[i + 2], q, limb1);
    t[i + 3] = _mm512_madd52lo_epu64(t[i + 3], q, limb3);
    t[i + 4] = _mm512_madd52hi_epu64(t[i + 4], q, limb3);
    t[i + 4] = _mm512_madd52lo_epu64(t[i + 4], q, limb4);
    t[i + 5] = _mm512_madd52hi_epu64(t[i + 5], q, limb4);
}

/* t (ten columns of products, below 2^58 each) divided by 2^260 modulo p, in limbs below 2^59: at most p more than t /
 * 2^260. */
static ALWAYS_INLINE IFMA struct field8 field_fold(__m512i t[2 * FIELD_LIMBS])
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) field_clear(t, i);
    return (struct field8){{t[5], t[6], t[7], t[8], t[9]}};
}

/* The same of a·b, with `more` on top, for products that others wait for: column after column, so that the lowest are
 * cleared early. */
static ALWAYS_INLINE IFMA struct field8 field_multiply_fold(struct field8 a, struct field8 b, struct field8 more)
{
    __m512i t[2 * FIELD_LIMBS];
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        t[i] = _mm512_setzero_si512();
        t[FIELD_LIMBS + i] = more.limb[i];
    }
#pragma GCC unroll 10
    for (size_t at = 0; at < 2 * FIELD_LIMBS; at++) {
        __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 5
        for (size_t i = 0; i < FIELD_LIMBS; i++) {
            if (i <= at && at - i < FIELD_LIMBS) sum = _mm512_madd52lo_epu64(sum, a.limb[i], b.limb[at - i]);
            if (i < at && at - 1 - i < FIELD_LIMBS) sum = _mm512_madd52hi_epu64(sum, a.limb[i], b.limb[at - 1 - i]);
        }
        t[at] = _mm512_add_epi64(t[at], sum);
        if (at < FIELD_LIMBS) field_clear(t, at);
    }
    return (struct field8){{t[5], t[6], t[7], t[8], t[9]}};
}

static ALWAYS_INLINE IFMA struct field8 field_reduce(__m512i t[2 * FIELD_LIMBS])
{
    return field_carry(field_fold(t));
}

#include "crypto/simd/field8_products.h"

static ALWAYS_INLINE IFMA struct field8 field_one(void)
{
    return field_constant(field_r);
}

/* Lanes of a settled element that are zero: 0 or p, as 2·p is above what settled elements reach. */
static ALWAYS_INLINE IFMA __mmask8 field_is_zero(struct field8 a)
{
    return field_equals(a, field_zero()) | field_equals(a, field_constant(field_prime));
}

/* One lane out of Montgomery's form, as four words, lowest first; and all lanes from such words. */
static inline IFMA void field_get(uint64_t out[4], struct field8 a, size_t lane)
{
    struct field8 one = field_zero();
    one.limb[0] = all8(1);
    a = field_multiply(a, one); /* at most p, and p only for 0 */
    a = field_choose(field_is_zero(a), a, field_zero());
    field_words_of_lane(out, a, lane);
}
static inline IFMA struct field8 field_all(const uint64_t in[4])
{
    return field_multiply(field_of_words(in), field_constant(field_r_squared));
}

#endif
