/* Modular exponentiation of big-endian numbers (EIP-198): which of several ways is taken.
 *
 *     exponent of a few bits          square and divide: entering Montgomery's form costs more than it saves
 *     odd modulus                     Montgomery's form: modexp_odd.c up to 384 bits, modexp_ifma.c above where the
 *                                     processor can
 *     even modulus, odd·2^k           the power modulo both, joined (modexp_power2.c), for k up to 512
 *     all else                        GMP (modexp_plain), which can do everything and costs some 0.5 µs a call around
 *                                     it
 *
 * Numbers are GMP's limbs in fixed buffers on the stack, so that nothing is allocated. */
#include "crypto/crypto.h"
#include "crypto/modexp/modexp_private.h"

#include <gmp.h>

/* Exponents up to this run by squaring and dividing. */
enum { SMALL_EXPONENT_BITS = 5 };

static struct bytes without_leading_zeros(struct bytes b)
{
    while (b.size > 0 && *b.data == 0) {
        b.data++;
        b.size--;
    }
    return b;
}

/* ---- through GMP alone ----------------------------------------------------------------------------------------- */

static void import(mpz_t out, struct bytes b)
{
    mpz_init2(out, b.size * 8 + 1);
    mpz_import(out, b.size, 1, 1, 1, 0, b.data);
}

void modexp_plain(uint8_t *out, struct bytes base, struct bytes exponent, struct bytes modulus)
{
    mpz_t b, e, m, result;
    import(b, base);
    import(e, exponent);
    import(m, modulus);
    memset(out, 0, modulus.size);
    mpz_init(result);
    if (mpz_sgn(m) != 0) mpz_powm(result, b, e, m);
    if (mpz_sgn(result) != 0)
        mpz_export(out + (modulus.size - (mpz_sizeinbase(result, 2) + 7) / 8), NULL, 1, 1, 1, 0, result);
    mpz_clears(b, e, m, result, NULL);
}

/* ---- in limbs ---------------------------------------------------------------------------------------------------- */

/* Reads a big-endian number of at most 8·MODEXP_LIMBS_MAX bytes; returns how many limbs it has. */
static size_t read_limbs(uint64_t *out, struct bytes in)
{
    size_t i = 0;
    for (; in.size >= 8; in.size -= 8) out[i++] = load_be64(in.data + in.size - 8);
    if (in.size > 0) {
        uint64_t top = 0;
        for (size_t k = 0; k < in.size; k++) top = top << 8 | in.data[k];
        out[i++] = top;
    }
    return i;
}

static void write_limbs(uint8_t *out, size_t size, const uint64_t *in)
{
    size_t i = 0;
    for (; size >= 8; size -= 8) store_be64(out + size - 8, in[i++]);
    for (uint64_t top = size > 0 ? in[i] : 0; size > 0; top >>= 8) out[--size] = (uint8_t)top;
}

static size_t significant(const uint64_t *x, size_t count)
{
    while (count > 0 && x[count - 1] == 0) count--;
    return count;
}

/* x = x mod modulus for x of `size` limbs; returns how many limbs are left. */
static size_t reduce(uint64_t *x, size_t size, const uint64_t *modulus, size_t count)
{
    if (size < count) return size;
    uint64_t quotient[MODEXP_LIMBS_MAX + 1], rest[MODEXP_LIMBS_MAX];
    mpn_tdiv_qr(quotient, rest, 0, x, (mp_size_t)size, modulus, (mp_size_t)count);
    memcpy(x, rest, count * 8);
    return significant(x, count);
}

/* out = base^exponent mod modulus, most significant bit first; 1 <= exponent. Numbers are kept without leading zeros:
 * powers of small numbers, and of modulus - 1, stay small. */
static void power_by_division(uint64_t *out, uint64_t *base, size_t base_size, unsigned exponent,
                              const uint64_t *modulus, size_t count)
{
    uint64_t wide[2 * MODEXP_LIMBS_MAX];
    base_size = reduce(base, base_size, modulus, count);
    size_t size = base_size;
    memcpy(out, base, size * 8);
    for (int bit = 30 - __builtin_clz(exponent); bit >= 0 && size > 0; bit--) {
        mpn_sqr(wide, out, (mp_size_t)size);
        size = reduce(wide, significant(wide, 2 * size), modulus, count);
        memcpy(out, wide, size * 8);
        if ((exponent >> bit & 1) == 0 || size == 0) continue;
        if (size >= base_size)
            mpn_mul(wide, out, (mp_size_t)size, base, (mp_size_t)base_size);
        else
            mpn_mul(wide, base, (mp_size_t)base_size, out, (mp_size_t)size);
        size = reduce(wide, significant(wide, size + base_size), modulus, count);
        memcpy(out, wide, size * 8);
    }
    memset(out + size, 0, (count - size) * 8);
}

/* The power modulo an odd number above 1. */
static void power_odd(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent,
                      const uint64_t *odd, size_t count)
{
    if (count <= MODEXP_ODD_LIMBS_MAX)
        modexp_odd(out, base, base_count, exponent, odd, count);
    else
        modexp_ifma(out, base, base_count, exponent, odd, count);
}

/* The power modulo odd·2^k. False, and nothing done, when these are GMP's. */
static bool power_by_parts(uint64_t *out, const uint64_t *base, size_t base_count, struct bytes exponent,
                           const uint64_t *modulus, size_t count)
{
    unsigned bits = (unsigned)mpn_scan1(modulus, 0);
    if (bits > 64 * MODEXP_POWER2_LIMBS_MAX) return false;
    uint64_t odd[MODEXP_LIMBS_MAX];
    size_t odd_count = count - bits / 64;
    memcpy(odd, modulus + bits / 64, odd_count * 8);
    if (bits % 64 != 0) mpn_rshift(odd, odd, (mp_size_t)odd_count, bits % 64);
    odd_count = significant(odd, odd_count);
    if (odd_count > MODEXP_ODD_LIMBS_MAX && !ifma_available()) return false;
    if (bits == 0) {
        power_odd(out, base, base_count, exponent, odd, count);
        return true;
    }
    uint64_t low_base[MODEXP_POWER2_LIMBS_MAX] = {0}, y[MODEXP_POWER2_LIMBS_MAX];
    size_t width = (bits + 63) / 64;
    memcpy(low_base, base, (base_count < width ? base_count : width) * 8);
    modexp_power2(y, low_base, exponent, bits);
    if (odd_count == 1 && odd[0] == 1) {
        memcpy(out, y, width * 8);
        memset(out + width, 0, (count - width) * 8);
        return true;
    }
    uint64_t x[MODEXP_LIMBS_MAX], joined[MODEXP_LIMBS_MAX + MODEXP_POWER2_LIMBS_MAX];
    power_odd(x, base, base_count, exponent, odd, odd_count);
    modexp_join(joined, x, odd, odd_count, y, bits);
    memcpy(out, joined, count * 8);
    return true;
}

void modexp(uint8_t *out, struct bytes base, struct bytes exponent, struct bytes modulus)
{
    memset(out, 0, modulus.size);
    out += modulus.size;
    modulus = without_leading_zeros(modulus);
    out -= modulus.size;
    exponent = without_leading_zeros(exponent);
    base = without_leading_zeros(base);
    if (modulus.size == 0 || (modulus.size == 1 && *modulus.data == 1)) return;
    if (exponent.size == 0 || (base.size == 1 && *base.data == 1)) {
        out[modulus.size - 1] = 1;
        return;
    }
    if (base.size == 0) return;

    size_t limit = 8 * MODEXP_LIMBS_MAX;
    if (modulus.size > limit || base.size > limit) {
        modexp_plain(out, base, exponent, modulus);
        return;
    }
    uint64_t b[MODEXP_LIMBS_MAX], m[MODEXP_LIMBS_MAX], result[MODEXP_LIMBS_MAX];
    size_t base_count = read_limbs(b, base), count = read_limbs(m, modulus);
    if (exponent.size == 1 && *exponent.data >> SMALL_EXPONENT_BITS == 0)
        power_by_division(result, b, base_count, *exponent.data, m, count);
    else if (!power_by_parts(result, b, base_count, exponent, m, count)) {
        modexp_plain(out, base, exponent, modulus);
        return;
    }
    write_limbs(out, modulus.size, result);
}
