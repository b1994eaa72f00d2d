/* Powers and text. */
#include "u256/u256.h"

void u256_exp(struct u256 *out, const struct u256 *base, const struct u256 *exponent)
{
    struct u256 e = *exponent, b = *base, result = U256_ONE;
    unsigned bits = u256_bits(e);
    if (u256_equal(b, U256(2))) {
        *out = bits <= 8 ? u256_shl(U256_ONE, (unsigned)e.w[0]) : U256_ZERO;
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
