/* The parts of modexp: modexp.c chooses, modexp_odd.c has odd moduli in 64-bit limbs, modexp_ifma.c odd moduli in
 * 52-bit digits, and modexp_power2.c powers of two. Numbers are arrays of 64-bit limbs, lowest first, as GMP has
 * them. */
#ifndef WEFT_CRYPTO_MODEXP_MODEXP_PRIVATE_H
#define WEFT_CRYPTO_MODEXP_MODEXP_PRIVATE_H

#include "crypto/simd/ifma.h"

/* Bounds of the fast ways. MODEXP_LIMBS_MAX is EIP-7823's 1,024 bytes; larger numbers, possible before Osaka, are
 * GMP's. */
enum {
    MODEXP_LIMBS_MAX = 128,
    MODEXP_ODD_LIMBS_MAX = 6,    /* above, digits of 52 bits are faster */
    MODEXP_POWER2_LIMBS_MAX = 8, /* above, GMP is as good */
    MODEXP_TABLE_MAX = 32,       /* odd powers kept for a window of 6 bits */
};

/* base^exponent mod modulus through GMP alone: any sizes, any values; the twin of all below. modexp() without the
 * shortcuts. */
void modexp_plain(uint8_t *out, struct bytes base, struct bytes exponent, struct bytes modulus);

/* out (`count` limbs) = base^exponent mod modulus. The modulus is odd, above 1, its highest limb is not 0, and it has
 * `count` limbs: 1..MODEXP_ODD_LIMBS_MAX. `base` has 1..MODEXP_LIMBS_MAX limbs, the highest not 0. The exponent has no
 * leading zero byte and is not empty. */
void modexp_odd(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent, const uint64_t *modulus,
                size_t count);

/* The same for 1..MODEXP_LIMBS_MAX limbs, where ifma_available(). */
void modexp_ifma(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent, const uint64_t *modulus,
                 size_t count);

/* out = base^exponent mod 2^bits, 1 <= bits <= 64·MODEXP_POWER2_LIMBS_MAX; `base` and `out` have (bits + 63) / 64
 * limbs. */
void modexp_power2(uint64_t *out, const uint64_t *base, struct bytes exponent, unsigned bits);

/* Given x = a mod odd (`count` limbs) and y = a mod 2^bits, writes the only such a below odd·2^bits: count + (bits +
 * 63) / 64 limbs. */
void modexp_join(uint64_t *out, const uint64_t *x, const uint64_t *odd, size_t count, const uint64_t *y, unsigned bits);

/* -1/odd mod 2^64. */
static inline uint64_t modexp_negative_inverse(uint64_t odd)
{
    uint64_t x = odd * 3 ^ 2; /* right in 5 bits; each step doubles them */
    for (int i = 0; i < 4; i++) x *= 2 - odd * x;
    return -x;
}

/* ---- the order of multiplications ----------------------------------------------------------------------------- */

static inline size_t exponent_bits(struct bytes e)
{
    return e.size * 8 - (size_t)(__builtin_clz(e.data[0]) - 24);
}

/* Bit i of an exponent, counted from the lowest. */
static inline unsigned exponent_bit(struct bytes e, size_t i)
{
    return e.data[e.size - 1 - i / 8] >> (i % 8) & 1u;
}

/* Width of the sliding window with the fewest multiplications: 2^(width - 1) for the table, and one a window. */
static inline unsigned exponent_window(struct bytes e)
{
    size_t bits = exponent_bits(e), ones = 0, least;
    for (size_t i = 0; i < e.size; i++) ones += (size_t)__builtin_popcount(e.data[i]);
    unsigned best = 1;
    least = ones;
    for (unsigned width = 2; width <= 6; width++) {
        size_t cost = ((size_t)1 << (width - 1)) + bits / (width + 1);
        if (cost < least) {
            least = cost;
            best = width;
        }
    }
    return best;
}

/* The way of a sliding window over an exponent: take windows from the top until none is left. */
struct exponent_walk {
    struct bytes exponent;
    size_t left; /* bits not yet seen */
    unsigned width;
};

/* Sees the next run of zeros and the window behind it. Square *squarings times, then multiply by base^*odd (0: do not).
 * False when the exponent is at its end. The first window's squarings are of 1. */
static inline bool exponent_next(struct exponent_walk *w, size_t *squarings, unsigned *odd)
{
    size_t zeros = 0;
    *squarings = *odd = 0;
    if (w->left == 0) return false;
    while (w->left > 0 && exponent_bit(w->exponent, w->left - 1) == 0) {
        zeros++;
        w->left--;
    }
    *squarings = zeros;
    if (w->left == 0) return true;
    size_t width = w->left < w->width ? w->left : w->width;
    while (exponent_bit(w->exponent, w->left - width) == 0) width--;
    for (size_t i = 0; i < width; i++) *odd = *odd << 1 | exponent_bit(w->exponent, --w->left);
    *squarings += width;
    return true;
}

#endif
