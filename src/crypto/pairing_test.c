/* Pairings in vectors against blst and mcl: the parts on any input, the whole on pairs of all kinds. */
#include "crypto/bls12_381_private.h"
#include "crypto/crypto.h"

#include "harness.h"

/* ---- elements ---------------------------------------------------------------------------------------------------- */

/* Any element, in blst's form: often 0, small or just below the prime. */
static void some_fp(blst_fp *out)
{
    static const blst_fp minus_1 = {{0xb9feffffffffaaaa, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                                     0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a}};
    uint64_t kind = harness_random_below(16);
    memset(out, 0, sizeof *out);
    if (kind == 0) return;
    if (kind == 1) {
        *out = minus_1;
        return;
    }
    if (kind == 2) {
        out->l[0] = harness_random_below(3);
        return;
    }
    harness_random_edge_bytes((uint8_t *)out->l, sizeof out->l);
    out->l[5] >>= 4; /* below 2^380 */
}

static blst_fp12 some_fp12(void)
{
    blst_fp12 out;
    for (size_t i = 0; i < 12; i++) some_fp(&out.fp6[i / 6].fp2[i / 2 % 3].fp[i % 2]);
    return out;
}

TEST(bls_final_exponentiation_in_vectors_agrees_with_blst)
{
    if (!bls_has_vectors()) SKIP("this processor has no AVX-512 IFMA");
    for (int round = 0; round < 300; round++) {
        blst_fp12 x = some_fp12(), found, expected;
        if (round % 10 == 0) memset(&x.fp6[round / 10 % 2], 0, sizeof x.fp6[0]);
        if (round == 1) x = *blst_fp12_one();
        blst_final_exp(&expected, &x);
        bls_final_exponentiation_vector(&found, &x);
        CHECK_BYTES((const uint8_t *)&found, (const uint8_t *)&expected, sizeof found);
    }
}
