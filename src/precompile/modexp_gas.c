/* The price of MODEXP (EIP-198, EIP-2565, EIP-7883) and the bounds on its sizes (EIP-7823).
 *
 * Sizes come as 256-bit words that anybody may write, so none is believed before it is paid for: a size of 2^32 or more
 * counts as SIZE_HUGE, which no gas can pay, unless the price does not depend on it. */
#include "precompile/private.h"

enum { WORD = 32, HEADER = 3 * WORD };

static const uint64_t SIZE_HUGE = UINT64_C(1) << 32;

/* Byte i of the input; behind its end all is zero. */
static uint8_t byte_at(struct bytes input, uint64_t i)
{
    return i < input.size ? input.data[i] : 0;
}

static uint64_t read_size(struct bytes input, size_t at)
{
    uint64_t size = 0;
    bool high = false;
    for (size_t i = 0; i < WORD; i++) {
        uint8_t b = byte_at(input, at + i);
        high |= i < WORD - 4 && b != 0;
        size = size << 8 | b;
    }
    return high ? SIZE_HUGE : size & (SIZE_HUGE - 1);
}

/* Place of the highest 1 in the first (at most 32) bytes of the exponent, counted from the lowest of them; 0 when there
 * is none. */
static uint64_t head_bits(struct bytes input, uint64_t at, uint64_t exponent_size)
{
    uint64_t head = exponent_size < WORD ? exponent_size : WORD;
    for (uint64_t i = 0; i < head; i++) {
        unsigned b = byte_at(input, at + i);
        if (b != 0) return 8 * (head - 1 - i) + 31 - (unsigned)__builtin_clz(b);
    }
    return 0;
}

static unsigned __int128 complexity(enum modexp_pricing pricing, uint64_t size)
{
    unsigned __int128 x = size, words = (x + 7) / 8;
    switch (pricing) {
    case MODEXP_EIP198:
        if (size <= 64) return x * x;
        return size <= 1024 ? x * x / 4 + 96 * x - 3072 : x * x / 16 + 480 * x - 199680;
    case MODEXP_EIP2565: return words * words;
    case MODEXP_EIP7883: return size <= 32 ? 16 : 2 * words * words;
    }
    return 0;
}

bool modexp_decode(struct modexp_call *out, const struct fork_precompile *rules, struct bytes input)
{
    uint64_t base = read_size(input, 0), exponent = read_size(input, WORD), modulus = read_size(input, 2 * WORD);
    uint64_t limit = rules->modexp_size_max;
    if (limit != 0 && (base > limit || exponent > limit || modulus > limit)) return false;

    enum modexp_pricing pricing = rules->modexp;
    uint64_t per_byte = pricing == MODEXP_EIP7883 ? 16 : 8, divisor = 1, least = 0;
    switch (pricing) {
    case MODEXP_EIP198: divisor = 20; break;
    case MODEXP_EIP2565:
        divisor = 3;
        least = 200;
        break;
    case MODEXP_EIP7883: least = 500; break;
    }
    uint64_t iterations = head_bits(input, HEADER + base, exponent);
    if (exponent > WORD) iterations += per_byte * (exponent - WORD);
    if (iterations == 0) iterations = 1;
    unsigned __int128 price = complexity(pricing, base > modulus ? base : modulus) * iterations / divisor;
    bool huge = base == SIZE_HUGE || modulus == SIZE_HUGE || (exponent == SIZE_HUGE && price > 0);
    if (huge || price > UINT64_MAX) return false;
    *out = (struct modexp_call){.gas = price < least ? least : (uint64_t)price};
    if (modulus > 0) { /* else there is nothing to compute, and an unpaid exponent must not be looked at */
        out->base_size = base;
        out->exponent_size = exponent;
        out->modulus_size = modulus;
        out->numbers = input.size > HEADER ? (struct bytes){input.data + HEADER, input.size - HEADER}
                                           : (struct bytes){0};
    }
    return true;
}
