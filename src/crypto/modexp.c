/* Modular exponentiation of big-endian numbers (EIP-198), through GMP.
 *
 * mpz_powm is best from exponents of some bits on. Below, changing into Montgomery form costs more than it saves: few squarings, each
 * divided by the modulus, are faster. */
#include "crypto/crypto.h"

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

static void import(mpz_t out, struct bytes b)
{
    mpz_init2(out, b.size * 8 + 1);
    mpz_import(out, b.size, 1, 1, 1, 0, b.data);
}

/* out = base^exponent mod modulus, most significant bit first; 1 <= exponent. */
static void power_by_division(mpz_t out, const mpz_t base, unsigned exponent, const mpz_t modulus)
{
    mpz_tdiv_r(out, base, modulus);
    mpz_t reduced;
    mpz_init_set(reduced, out);
    for (int bit = 30 - __builtin_clz(exponent); bit >= 0; bit--) {
        mpz_mul(out, out, out);
        mpz_tdiv_r(out, out, modulus);
        if ((exponent >> bit & 1) != 0) {
            mpz_mul(out, out, reduced);
            mpz_tdiv_r(out, out, modulus);
        }
    }
    mpz_clear(reduced);
}

void modexp(uint8_t *out, struct bytes base, struct bytes exponent, struct bytes modulus)
{
    size_t out_size = modulus.size;
    memset(out, 0, out_size);
    modulus = without_leading_zeros(modulus);
    if (modulus.size == 0 || (modulus.size == 1 && *modulus.data == 1))
        return;
    exponent = without_leading_zeros(exponent);
    base = without_leading_zeros(base);
    if (exponent.size == 0) {
        out[out_size - 1] = 1;
        return;
    }
    if (base.size == 0)
        return;

    mpz_t b, e, m, result;
    import(b, base);
    import(m, modulus);
    mpz_init2(result, modulus.size * 16 + 64);
    if (exponent.size == 1 && *exponent.data >> SMALL_EXPONENT_BITS == 0) {
        power_by_division(result, b, *exponent.data, m);
    } else {
        import(e, exponent);
        mpz_powm(result, b, e, m);
        mpz_clear(e);
    }
    size_t size = (mpz_sizeinbase(result, 2) + 7) / 8;
    if (mpz_sgn(result) != 0)
        mpz_export(out + (out_size - size), NULL, 1, 1, 1, 0, result);
    mpz_clear(result);
    mpz_clear(m);
    mpz_clear(b);
}
