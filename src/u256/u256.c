/* Powers and text. */
#include "u256/u256.h"

/* base^e for a long exponent: four bits at a time, by a table of powers. A bit of a long exponent is a coin toss, which
 * the processor would lose every other time. */
static struct u256 power_by_windows(struct u256 base, struct u256 e, unsigned bits)
{
    enum { WINDOW = 4 };
    struct u256 powers[1 << WINDOW] = {U256_ONE, base};
    for (unsigned i = 2; i < COUNT_OF(powers); i++)
        powers[i] = i % 2 == 0 ? u256_mul(powers[i / 2], powers[i / 2]) : u256_mul(powers[i - 1], base);
    struct u256 result = U256_ONE;
    for (unsigned i = (bits + WINDOW - 1) / WINDOW; i-- > 0;) {
        for (unsigned k = 0; k < WINDOW; k++) result = u256_mul(result, result);
        result = u256_mul(result, powers[e.w[i / 16] >> (i % 16 * WINDOW) & (COUNT_OF(powers) - 1)]);
    }
    return result;
}

void u256_exp(struct u256 *out, const struct u256 *base, const struct u256 *exponent)
{
    enum { BITS_LONG = 40 };
    struct u256 e = *exponent, b = *base, result = U256_ONE;
    unsigned bits = u256_bits(e);
    if (u256_equal(b, U256(2))) {
        *out = bits <= 8 ? u256_shl(U256_ONE, (unsigned)e.w[0]) : U256_ZERO;
        return;
    }
    if (bits > BITS_LONG) {
        *out = power_by_windows(b, e, bits);
        return;
    }
    /* From the top bit down: the multiplications are by the base itself, which is small more often than not. */
    for (unsigned i = bits; i-- > 0;) {
        result = u256_mul(result, result);
        if ((e.w[i / 64] >> (i % 64) & 1) != 0) result = u256_mul(result, b);
    }
    *out = result;
}

bool u256_from_hex(struct u256 *out, const char *text, size_t size)
{
    struct u256 v = U256_ZERO;
    for (size_t i = 0; i < size; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0 || v.w[3] >> 60 != 0) return false;
        v = u256_shl(v, 4);
        v.w[0] |= (uint64_t)digit;
    }
    *out = v;
    return size != 0;
}

bool u256_from_decimal(struct u256 *out, const char *text, size_t size)
{
    struct u256 v = U256_ZERO;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        uint64_t carry = (uint64_t)(text[i] - '0');
        for (unsigned limb = 0; limb < 4; limb++) v.w[limb] = limb_mul_add(v.w[limb], 10, carry, 0, &carry);
        if (carry != 0) return false;
    }
    *out = v;
    return size != 0;
}

size_t u256_to_hex(char out[U256_HEX_SIZE], const struct u256 *a)
{
    unsigned digits = (u256_bits(*a) + 3) / 4;
    if (digits == 0) digits = 1;
    out[0] = '0';
    out[1] = 'x';
    for (unsigned i = 0; i < digits; i++) out[1 + digits - i] = "0123456789abcdef"[a->w[i / 16] >> (4 * (i % 16)) & 15];
    out[2 + digits] = 0;
    return 2 + digits;
}

size_t u256_to_decimal(char out[U256_DECIMAL_SIZE], const struct u256 *a)
{
    /* Groups of 19 digits, lowest first; then turned around. */
    const struct u256 group = U256(10000000000000000000u);
    char reversed[U256_DECIMAL_SIZE + 19];
    struct u256 rest = *a;
    size_t n = 0;
    do {
        struct u256 low;
        u256_divmod(&rest, &low, &rest, &group);
        for (unsigned i = 0; i < 19; i++, low.w[0] /= 10) reversed[n++] = (char)('0' + low.w[0] % 10);
    } while (!u256_is_zero(rest));
    while (n > 1 && reversed[n - 1] == '0') n--;
    for (size_t i = 0; i < n; i++) out[i] = reversed[n - 1 - i];
    out[n] = 0;
    return n;
}
