/* Montgomery's multiplication for eight numbers side by side, in AVX-512 registers with 52-bit multiplications (IFMA).
 *
 * Included by the header of a field, which defines before
 *
 *     FP8_LIMBS            limbs of 52 bits; R = 2^(52·FP8_LIMBS) is some bits above the prime
 *     fp8_prime            the prime p                                           (static const int64_t [FP8_LIMBS])
 *     fp8_friendly         (p·FP8_INVERSE + 1) / 2^52
 *     fp8_complement       R - p
 *     fp8_bias             a multiple of p above every value that is subtracted
 *     fp8_one              R mod p
 *     FP8_INVERSE          -1/p mod 2^52
 *     FP8_TOP_INVERSE      2^52 / (the highest limb of p, plus 1), rounded down
 *     FP8_TIGHT            1 where R is so little above p that all sums are brought down to a small multiple of p
 *                          whenever they are settled; else 0
 *
 * An element (struct fp8) stands for x·R mod p; lane k of each register belongs to element k. *Settled* means that all
 * limbs are below 2^52, as the multiplier reads no more. The value may exceed p many times: p^2 times the square of
 * that, for all products that are summed, has to stay below p·R. Sums and differences are taken limb by limb, signed,
 * and settled at last.
 *
 * A product (struct wide8) is columns of 64 bits, signed too, so that sums and differences of some dozen products are
 * reduced at once: a Montgomery reduction costs as much as a multiplication ("lazy reduction", Aranha, Karabina, Longa,
 * Gebotys, López 2011).
 *
 * Reduction takes one column after the other. With p·FP8_INVERSE = friendly·2^52 - 1 in place of p the multiple that
 * clears a column is the column itself, so no column waits for a product to know its multiple (Bos, Kleinjung, Page
 * 2021 call such moduli Montgomery-friendly). That multiple is 52 bits longer than p; the last column is cleared with
 * p, and the result is below T/R + 2p. */
#ifndef WEFT_CRYPTO_SIMD_MONTGOMERY8_H
#define WEFT_CRYPTO_SIMD_MONTGOMERY8_H

#include "crypto/simd/ifma.h"

#include <immintrin.h>

#define FP8_EACH _Pragma("GCC unroll 16") for
#define FP8_BITS 52

enum { FP8_COLUMNS = 2 * FP8_LIMBS };

struct fp8 {
    __m512i limb[FP8_LIMBS];
};

struct wide8 {
    __m512i column[FP8_COLUMNS];
};

static ALWAYS_INLINE IFMA __m512i all8(int64_t x)
{
    return _mm512_set1_epi64(x);
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

/* Carries limbs of any sign, below 2^60, of a value from 0 to R. */
static ALWAYS_INLINE IFMA struct fp8 fp8_carry(struct fp8 a)
{
    __m512i mask = all8((INT64_C(1) << FP8_BITS) - 1);
    FP8_EACH (size_t i = 0; i + 1 < FP8_LIMBS; i++) {
        a.limb[i + 1] = _mm512_add_epi64(a.limb[i + 1], _mm512_srai_epi64(a.limb[i], FP8_BITS));
        a.limb[i] = _mm512_and_si512(a.limb[i], mask);
    }
    return a;
}

/* The same, and takes p away as often as the highest limb shows: below 2p and a bit. The value must not be so near to 0
 * that the highest limb is negative. */
static ALWAYS_INLINE IFMA struct fp8 fp8_settle_low(struct fp8 a)
{
    __m512i often = _mm512_madd52hi_epu64(_mm512_setzero_si512(), a.limb[FP8_LIMBS - 1], all8(FP8_TOP_INVERSE));
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) {
        a.limb[i] = _mm512_madd52lo_epu64(a.limb[i], often, all8(fp8_complement[i]));
        if (i + 1 < FP8_LIMBS) a.limb[i + 1] = _mm512_madd52hi_epu64(a.limb[i + 1], often, all8(fp8_complement[i]));
    }
    a = fp8_carry(a);
    a.limb[FP8_LIMBS - 1] = _mm512_and_si512(a.limb[FP8_LIMBS - 1], all8((INT64_C(1) << FP8_BITS) - 1));
    return a;
}

static ALWAYS_INLINE IFMA struct fp8 fp8_settle(struct fp8 a)
{
    return FP8_TIGHT ? fp8_settle_low(a) : fp8_carry(a);
}

/* Unsettled sums: a + b, a - b (of any sign), a·2^shift, bias - b. */
static ALWAYS_INLINE IFMA struct fp8 fp8_plus(struct fp8 a, struct fp8 b)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
    return a;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_less(struct fp8 a, struct fp8 b)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_sub_epi64(a.limb[i], b.limb[i]);
    return a;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_shift(struct fp8 a, unsigned shift)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_slli_epi64(a.limb[i], shift);
    return a;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_constant(const int64_t limb[FP8_LIMBS])
{
    struct fp8 out;
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) out.limb[i] = all8(limb[i]);
    return out;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_of_one(void)
{
    return fp8_constant(fp8_one);
}
static ALWAYS_INLINE IFMA struct fp8 fp8_zero(void)
{
    struct fp8 out;
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) out.limb[i] = _mm512_setzero_si512();
    return out;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_minus(struct fp8 b)
{
    return fp8_less(fp8_constant(fp8_bias), b);
}

/* Settled sums. */
static ALWAYS_INLINE IFMA struct fp8 fp8_add(struct fp8 a, struct fp8 b)
{
    return fp8_settle(fp8_plus(a, b));
}
static ALWAYS_INLINE IFMA struct fp8 fp8_subtract(struct fp8 a, struct fp8 b)
{
    return fp8_settle(fp8_plus(a, fp8_minus(b)));
}
static ALWAYS_INLINE IFMA struct fp8 fp8_negate(struct fp8 a)
{
    return fp8_settle(fp8_minus(a));
}

/* ---- lanes ------------------------------------------------------------------------------------------------------- */

/* b in the lanes of `lanes`, else a. */
static ALWAYS_INLINE IFMA struct fp8 fp8_choose(__mmask8 lanes, struct fp8 a, struct fp8 b)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_mask_mov_epi64(a.limb[i], lanes, b.limb[i]);
    return a;
}

/* Lane k of the result is lane from[k] of a; of a (0..7) or b (8..15). */
static ALWAYS_INLINE IFMA struct fp8 fp8_permute(struct fp8 a, __m512i from)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_permutexvar_epi64(from, a.limb[i]);
    return a;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_permute_two(struct fp8 a, struct fp8 b, __m512i from)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_permutex2var_epi64(a.limb[i], from, b.limb[i]);
    return a;
}

/* Lanes 0..3, or 4..7, in both halves. */
static ALWAYS_INLINE IFMA struct fp8 fp8_low_half(struct fp8 a)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_shuffle_i64x2(a.limb[i], a.limb[i], 0x44);
    return a;
}
static ALWAYS_INLINE IFMA struct fp8 fp8_high_half(struct fp8 a)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) a.limb[i] = _mm512_shuffle_i64x2(a.limb[i], a.limb[i], 0xee);
    return a;
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

/* t += a·b, with one limb of b. */
static ALWAYS_INLINE IFMA void wide8_row(__m512i *t, const struct fp8 *a, __m512i b)
{
    FP8_EACH (size_t j = 0; j < FP8_LIMBS; j++) t[j] = _mm512_madd52lo_epu64(t[j], a->limb[j], b);
    FP8_EACH (size_t j = 0; j < FP8_LIMBS; j++) t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], a->limb[j], b);
}

static ALWAYS_INLINE IFMA void wide8_add_product(struct wide8 *t, struct fp8 a, struct fp8 b)
{
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) wide8_row(t->column + i, &a, b.limb[i]);
}

static ALWAYS_INLINE IFMA struct wide8 wide8_zero(void)
{
    struct wide8 t;
    FP8_EACH (size_t i = 0; i < FP8_COLUMNS; i++) t.column[i] = _mm512_setzero_si512();
    return t;
}
static ALWAYS_INLINE IFMA struct wide8 wide8_product(struct fp8 a, struct fp8 b)
{
    struct wide8 t = wide8_zero();
    wide8_add_product(&t, a, b);
    return t;
}

static ALWAYS_INLINE IFMA struct wide8 wide8_square(struct fp8 a)
{
    struct wide8 t = wide8_zero();
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) {
        FP8_EACH (size_t j = i + 1; j < FP8_LIMBS; j++) {
            t.column[i + j] = _mm512_madd52lo_epu64(t.column[i + j], a.limb[i], a.limb[j]);
            t.column[i + j + 1] = _mm512_madd52hi_epu64(t.column[i + j + 1], a.limb[i], a.limb[j]);
        }
    }
    FP8_EACH (size_t i = 1; i < FP8_COLUMNS; i++) t.column[i] = _mm512_add_epi64(t.column[i], t.column[i]);
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) {
        t.column[2 * i] = _mm512_madd52lo_epu64(t.column[2 * i], a.limb[i], a.limb[i]);
        t.column[2 * i + 1] = _mm512_madd52hi_epu64(t.column[2 * i + 1], a.limb[i], a.limb[i]);
    }
    return t;
}

static ALWAYS_INLINE IFMA struct wide8 wide8_plus(struct wide8 a, struct wide8 b)
{
    FP8_EACH (size_t i = 0; i < FP8_COLUMNS; i++) a.column[i] = _mm512_add_epi64(a.column[i], b.column[i]);
    return a;
}
static ALWAYS_INLINE IFMA struct wide8 wide8_less(struct wide8 a, struct wide8 b)
{
    FP8_EACH (size_t i = 0; i < FP8_COLUMNS; i++) a.column[i] = _mm512_sub_epi64(a.column[i], b.column[i]);
    return a;
}

/* t/R, settled, above 0 and below 3p and a bit: p is added, as t may be below 0 (above -p·R). */
static ALWAYS_INLINE IFMA struct fp8 fp8_reduce(struct wide8 t)
{
    __m512i *c = t.column;
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++)
        c[FP8_LIMBS + i] = _mm512_add_epi64(c[FP8_LIMBS + i], all8(fp8_prime[i]));
    FP8_EACH (size_t i = 0; i + 1 < FP8_LIMBS; i++) {
        /* The multiplier itself reads the low 52 bits only. */
        c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_srai_epi64(c[i], FP8_BITS));
        FP8_EACH (size_t j = 0; j < FP8_LIMBS; j++) {
            c[i + 1 + j] = _mm512_madd52lo_epu64(c[i + 1 + j], c[i], all8(fp8_friendly[j]));
            if (i + 2 + j < FP8_COLUMNS)
                c[i + 2 + j] = _mm512_madd52hi_epu64(c[i + 2 + j], c[i], all8(fp8_friendly[j]));
        }
    }
    __m512i *last = c + FP8_LIMBS - 1;
    __m512i multiple = _mm512_madd52lo_epu64(_mm512_setzero_si512(), *last, all8(FP8_INVERSE));
    FP8_EACH (size_t j = 0; j < FP8_LIMBS; j++) {
        last[j] = _mm512_madd52lo_epu64(last[j], multiple, all8(fp8_prime[j]));
        last[j + 1] = _mm512_madd52hi_epu64(last[j + 1], multiple, all8(fp8_prime[j]));
    }
    struct fp8 out;
    FP8_EACH (size_t i = 0; i < FP8_LIMBS; i++) out.limb[i] = last[i + 1];
    out.limb[0] = _mm512_add_epi64(out.limb[0], _mm512_srai_epi64(*last, FP8_BITS));
    return fp8_settle(out);
}

static ALWAYS_INLINE IFMA struct fp8 fp8_multiply(struct fp8 a, struct fp8 b)
{
    return fp8_reduce(wide8_product(a, b));
}

static ALWAYS_INLINE IFMA struct fp8 fp8_square(struct fp8 a)
{
    return fp8_reduce(wide8_square(a));
}

/* Lanes that are 0 modulo p. */
static inline IFMA __mmask8 fp8_zero_lanes(struct fp8 a)
{
    struct fp8 one = fp8_zero(), multiple = fp8_zero(), prime = fp8_constant(fp8_prime);
    one.limb[0] = all8(1);
    a = fp8_multiply(a, one); /* below 4p, with p added */
    __mmask8 zero = 0;
    for (int times = 0; times < 4; times++) {
        __mmask8 same = 0xff;
        for (size_t i = 0; i < FP8_LIMBS; i++) same &= _mm512_cmpeq_epi64_mask(a.limb[i], multiple.limb[i]);
        zero |= same;
        multiple = fp8_carry(fp8_plus(multiple, prime));
    }
    return zero;
}

#endif
