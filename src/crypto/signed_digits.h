/* Factors of points written with signed digits, for lane_sum.h. */
#ifndef WEFT_SIGNED_DIGITS_H
#define WEFT_SIGNED_DIGITS_H

#include "base/base.h"

enum { COMB_WINDOWS = 32, COMB_MULTIPLES = 128 };

/* Digits of one bit: digit i is 1, -1 or 0 as bit i is set in `plus`, in `minus` or in neither. */
struct signed_bits {
    uint64_t plus[4], minus[4];
};

/* The non-adjacent form of x below 2^255, or of -x: no two neighbouring digits are other than 0, so at most 128 are. Digit
 * i is bit i + 1 of 3x less bit i + 1 of x. */
static inline void write_nonadjacent(struct signed_bits *out, const uint64_t x[4], bool negative)
{
    uint64_t plus[5], minus[5], carry = 0;
    for (size_t i = 0; i < 5; i++) {
        uint64_t word = i < 4 ? x[i] : 0;
        unsigned __int128 thrice = (unsigned __int128)word * 3 + carry;
        carry = (uint64_t)(thrice >> 64);
        plus[i] = (uint64_t)thrice & ~word;
        minus[i] = word & ~(uint64_t)thrice;
    }
    for (size_t i = 0; i < 4; i++) {
        uint64_t up = plus[i] >> 1 | plus[i + 1] << 63, down = minus[i] >> 1 | minus[i + 1] << 63;
        out->plus[i] = negative ? down : up;
        out->minus[i] = negative ? up : down;
    }
}

/* x below 2^255, or -x, as digits of eight bits, from -128 to 128. */
static inline void write_comb_digits(int16_t out[COMB_WINDOWS], const uint64_t x[4], bool negative)
{
    int carry = 0;
    for (size_t i = 0; i < COMB_WINDOWS; i++) {
        int digit = (int)(x[i / 8] >> i % 8 * 8 & 0xff) + carry;
        carry = digit > COMB_MULTIPLES;
        digit -= carry << 8;
        out[i] = (int16_t)(negative ? -digit : digit);
    }
    ASSERT(carry == 0);
}

#endif
