/* Powers modulo odd numbers of up to 1,024 bytes with AVX-512's 52-bit multiplications (IFMA): eight digits an
 * instruction, two to four times as fast as GMP.
 *
 * Numbers are digits of 52 bits, one a 64-bit lane, so that sums of many products fit without carries. Montgomery's
 * multiplication (see modexp_odd.c) goes digit by digit:
 *
 *     T = a·b[0];  for each i:  q = T mod 2^52;  T = (T + q·m) / 2^52 + a·b[i + 1]
 *
 * What would be slow is the way from T to q and back. So m is multiplied beforehand by such a number that the result is
 * -1 modulo 2^52: then q is T's lowest digit itself, and (T + q·m) / 2^52 = T / 2^52 (rounded down) + q·(m + 1) / 2^52.
 * The chain from one q to the next is a broadcast, one multiplication and two additions.
 *
 * Values stay below 2·m, not below m ("almost" Montgomery): R = 2^(52·digits) is above 4·m, and then products stay
 * there too. Only the result is reduced, by the true modulus.
 *
 * The low halves of digit j's products belong to digit j, the high halves to digit j + 1: `a` and `m` are kept a second
 * time, moved up by a lane, and both halves are added in place. */
#include "crypto/modexp/modexp_private.h"

#include <gmp.h>

#if defined(__x86_64__)

#include <immintrin.h>

enum {
    DIGIT_BITS = 52,
    LANES = 8,
    VECTORS_MAX = 20,
    DIGITS_MAX = VECTORS_MAX * LANES,
    SPARE_BITS = DIGIT_BITS + 2, /* the factor on m, and R > 4·m */
};
static const uint64_t DIGIT_MASK = (UINT64_C(1) << DIGIT_BITS) - 1;

struct number {
    _Alignas(64) uint64_t digit[DIGITS_MAX];
};

/* (m + 1) / 2^52 for the prepared m. */
struct modulus {
    struct number m, m_up; /* m_up: moved up by a digit */
    size_t digits;         /* of R; one more must fit into the vectors */
};

/* out[j] = in[j - 1] over all lanes. */
static ALWAYS_INLINE IFMA __m512i up(__m512i here, __m512i below)
{
    return _mm512_alignr_epi64(here, below, LANES - 1);
}

/* Makes every lane a true digit again and stores it. First carries of some bits move up by one lane; what then still
 * carries does so by exactly 1, and runs of full digits pass it on: an addition on bit masks, eight lanes at a time. */
static ALWAYS_INLINE IFMA void settle(uint64_t *out, const __m512i *t, const size_t vectors)
{
    __m512i mask = _mm512_set1_epi64((long long)DIGIT_MASK), below = _mm512_setzero_si512();
    unsigned carry = 0;
#pragma GCC unroll 20
    for (size_t j = 0; j < vectors; j++) {
        __m512i high = _mm512_srli_epi64(t[j], DIGIT_BITS);
        __m512i x = _mm512_add_epi64(_mm512_and_si512(t[j], mask), up(high, below));
        below = high;
        unsigned over = _mm512_cmpgt_epu64_mask(x, mask), full = _mm512_cmpeq_epu64_mask(x, mask);
        unsigned sum = (over << 1 | carry) + full;
        carry = sum >> LANES;
        x = _mm512_mask_add_epi64(x, (__mmask8)(sum ^ full), x, _mm512_set1_epi64(1));
        _mm512_store_si512(out + j * LANES, _mm512_and_si512(x, mask));
    }
}

/* out = a·b/R, below 2·m when a and b are. `vectors` is a constant wherever this is inlined. */
static ALWAYS_INLINE IFMA void multiply(struct number *out, const struct number *a, const struct number *b,
                                        const struct modulus *m, const size_t vectors)
{
    struct number a_up;
    __m512i t[VECTORS_MAX + 1], zero = _mm512_setzero_si512(), before = zero;
    __m512i digit = _mm512_set1_epi64((long long)b->digit[0]);
#pragma GCC unroll 20
    for (size_t j = 0; j < vectors; j++) {
        __m512i here = _mm512_load_si512(a->digit + j * LANES), moved = up(here, before);
        before = here;
        _mm512_store_si512(a_up.digit + j * LANES, moved);
        t[j] = _mm512_madd52hi_epu64(_mm512_madd52lo_epu64(zero, here, digit), moved, digit);
    }
    t[vectors] = zero;
    for (size_t i = 1; i <= m->digits; i++) {
        __m512i q = _mm512_broadcastq_epi64(_mm512_castsi512_si128(t[0]));
        __m512i carry = _mm512_maskz_srli_epi64(1, t[0], DIGIT_BITS);
        digit = _mm512_set1_epi64((long long)b->digit[i]); /* 0 behind the last */
#pragma GCC unroll 20
        for (size_t j = 0; j < vectors; j++) {
            __m512i sum = _mm512_madd52lo_epu64(zero, _mm512_load_si512(a->digit + j * LANES), digit);
            sum = _mm512_madd52hi_epu64(sum, _mm512_load_si512(a_up.digit + j * LANES), digit);
            sum = _mm512_madd52hi_epu64(sum, q, _mm512_load_si512(m->m_up.digit + j * LANES));
            __m512i down = _mm512_alignr_epi64(t[j + 1], t[j], 1);
            if (j == 0) down = _mm512_add_epi64(down, carry);
            t[j] = _mm512_add_epi64(_mm512_madd52lo_epu64(down, q, _mm512_load_si512(m->m.digit + j * LANES)), sum);
        }
    }
    settle(out->digit, t, vectors);
}

typedef void multiply_function(struct number *, const struct number *, const struct number *, const struct modulus *);

#define MULTIPLY(vectors)                                                                                              \
    static IFMA void multiply_##vectors(struct number *out, const struct number *a, const struct number *b,            \
                                        const struct modulus *m)                                                       \
    {                                                                                                                  \
        multiply(out, a, b, m, vectors);                                                                               \
    }
MULTIPLY(1)
MULTIPLY(2)
MULTIPLY(3)
MULTIPLY(4)
MULTIPLY(5)
MULTIPLY(6)
MULTIPLY(8)
MULTIPLY(11)
MULTIPLY(14)
MULTIPLY(17)
MULTIPLY(20)

static const struct {
    size_t vectors;
    multiply_function *multiply;
} variants[] = {
    {1, multiply_1}, {2, multiply_2},   {3, multiply_3},   {4, multiply_4},   {5, multiply_5},   {6, multiply_6},
    {8, multiply_8}, {11, multiply_11}, {14, multiply_14}, {17, multiply_17}, {20, multiply_20},
};

/* Limbs of 64 bits to digits of 52, and back. Lanes behind the end are zero. */
static void to_digits(struct number *out, const uint64_t *limb, size_t count)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i * DIGIT_BITS < count * 64; i++) {
        size_t at = i * DIGIT_BITS / 64, shift = i * DIGIT_BITS % 64;
        uint64_t d = limb[at] >> shift;
        if (shift > 64 - DIGIT_BITS && at + 1 < count) d |= limb[at + 1] << (64 - shift);
        out->digit[i] = d & DIGIT_MASK;
    }
}

static void from_digits(uint64_t *limb, size_t count, const struct number *in, size_t digits)
{
    memset(limb, 0, count * 8);
    for (size_t i = 0; i < digits && i * DIGIT_BITS < count * 64; i++) {
        size_t at = i * DIGIT_BITS / 64, shift = i * DIGIT_BITS % 64;
        limb[at] |= in->digit[i] << shift;
        if (shift > 64 - DIGIT_BITS && at + 1 < count) limb[at + 1] |= in->digit[i] >> (64 - shift);
    }
}

/* Prepares (m·k + 1) / 2^52 with k = -1/m mod 2^52. */
static void prepare(struct modulus *out, const uint64_t *modulus, size_t count, size_t digits)
{
    uint64_t product[MODEXP_LIMBS_MAX + 1];
    product[count] = mpn_mul_1(product, modulus, (mp_size_t)count, modexp_negative_inverse(modulus[0]) & DIGIT_MASK);
    mpn_add_1(product, product, (mp_size_t)count + 1, 1);
    mpn_rshift(product, product, (mp_size_t)count + 1, DIGIT_BITS);
    to_digits(&out->m, product, count);
    out->m_up.digit[0] = 0;
    memcpy(out->m_up.digit + 1, out->m.digit, sizeof out->m.digit - 8);
    out->digits = digits;
}

/* out = base·R mod modulus. */
static void enter(struct number *out, const uint64_t *base, size_t base_count, const uint64_t *modulus, size_t count,
                  size_t digits)
{
    uint64_t shifted[2 * MODEXP_LIMBS_MAX + 4] = {0}, quotient[2 * MODEXP_LIMBS_MAX + 4], rest[MODEXP_LIMBS_MAX];
    size_t limbs = digits * DIGIT_BITS / 64, bits = digits * DIGIT_BITS % 64, size = limbs + base_count;
    memcpy(shifted + limbs, base, base_count * 8);
    if (bits != 0)
        shifted[size++] = mpn_lshift(shifted + limbs, shifted + limbs, (mp_size_t)base_count, (unsigned)bits);
    mpn_tdiv_qr(quotient, rest, 0, shifted, (mp_size_t)size, modulus, (mp_size_t)count);
    to_digits(out, rest, count);
}

void modexp_ifma(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent, const uint64_t *modulus,
                 size_t count)
{
    size_t bits = 64 * count - (size_t)__builtin_clzll(modulus[count - 1]);
    size_t digits = (bits + SPARE_BITS + DIGIT_BITS - 1) / DIGIT_BITS, variant = 0;
    while (variants[variant].vectors * LANES < digits + 1) variant++;
    multiply_function *mul = variants[variant].multiply;

    struct modulus m;
    struct number odd_powers[MODEXP_TABLE_MAX], x;
    prepare(&m, modulus, count, digits);
    enter(&odd_powers[0], base, base_count, modulus, count, digits);
    struct exponent_walk walk = {exponent, exponent_bits(exponent), exponent_window(exponent)};
    if (walk.width > 1) {
        mul(&x, &odd_powers[0], &odd_powers[0], &m);
        for (size_t i = 1; i < (size_t)1 << (walk.width - 1); i++) mul(&odd_powers[i], &odd_powers[i - 1], &x, &m);
    }
    size_t squarings;
    unsigned odd;
    exponent_next(&walk, &squarings, &odd);
    memcpy(&x, &odd_powers[odd / 2], sizeof x);
    while (exponent_next(&walk, &squarings, &odd)) {
        for (; squarings > 0; squarings--) mul(&x, &x, &x, &m);
        if (odd != 0) mul(&x, &x, &odd_powers[odd / 2], &m);
    }
    static const struct number one = {{1}};
    mul(&x, &x, &one, &m);

    /* x is below 2·k·modulus, one limb longer than the modulus. */
    uint64_t wide[MODEXP_LIMBS_MAX + 1], quotient[2];
    from_digits(wide, count + 1, &x, digits);
    mpn_tdiv_qr(quotient, out, 0, wide, (mp_size_t)count + 1, modulus, (mp_size_t)count);
}

#else

void modexp_ifma(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent, const uint64_t *modulus,
                 size_t count)
{
    (void)out, (void)base, (void)base_count, (void)exponent, (void)modulus, (void)count;
    ASSERT(ifma_available());
}

#endif
