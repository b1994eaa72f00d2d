/* Signatures: secp256k1 recovery and P-256 verification in lanes agree with libsecp256k1 and OpenSSL. First byte: which
 * curve, and whether all numbers are the input's, or chosen so that points of the sum meet: R or the key is k·G, and k,
 * u1 and u2 are small numbers, powers of two, or either of them negative or times lambda. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto.h"
#include "crypto/p256/p256_private.h"
#include "crypto/secp256k1/secp256k1_private.h"
#include "fuzz.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static BN_CTX *context;
static BIGNUM *secp256k1_order, *lambda, *one;
static EC_GROUP *p256;

static void start(void)
{
    if (context != NULL) return;
    context = BN_CTX_new();
    one = BN_new();
    BN_one(one);
    BN_hex2bn(&secp256k1_order, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    BN_hex2bn(&lambda, "5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

static void some_bytes(uint8_t *out, size_t size, struct fuzz_input *in)
{
    for (size_t i = 0; i < size; i++) out[i] = fuzz_byte(in);
}

static void some_scalar(BIGNUM *out, const BIGNUM *order, const BIGNUM *times, struct fuzz_input *in)
{
    uint8_t number[32] = {0};
    uint8_t kind = fuzz_byte(in);
    some_bytes(number + 32 - (kind & 31) % 5, (kind & 31) % 5, in);
    if ((kind & 31) == 31) some_bytes(number, 32, in);
    BN_bin2bn(number, 32, out);
    if ((kind & 32) != 0) BN_lshift(out, out, fuzz_byte(in));
    if ((kind & 64) != 0) BN_mod_mul(out, out, times, order, context);
    if ((kind & 128) != 0) BN_sub(out, order, out);
    BN_nnmod(out, out, order, context);
    if (BN_is_zero(out)) BN_one(out);
}

static void check_recovery(const struct hash *digest, const struct secp256k1_signature *s)
{
    struct address found, expected;
    bool ok = secp256k1_recover_plain(&expected, digest, s);
    FUZZ_CHECK(secp256k1_recover(&found, digest, s) == ok && (!ok || address_equal(&found, &expected)));
}

static void chosen_recovery(struct fuzz_input *in)
{
    BIGNUM *k = BN_new(), *u1 = BN_new(), *u2 = BN_new(), *r = BN_new(), *t = BN_new();
    struct secp256k1_signature s;
    struct hash digest;
    uint8_t scalar[32], point[64];
    some_scalar(k, secp256k1_order, lambda, in);
    some_scalar(u1, secp256k1_order, lambda, in);
    some_scalar(u2, secp256k1_order, lambda, in);
    BN_bn2binpad(k, scalar, 32);
    secp256k1_base_multiple(point, scalar);
    BN_bin2bn(point, 32, r);
    memcpy(s.r, point, 32);
    s.recovery_id = (uint8_t)((point[63] & 1) ^ (fuzz_below(in, 4) == 0));
    BN_mod_mul(t, r, u2, secp256k1_order, context);
    BN_bn2binpad(t, s.s, 32);
    BN_mod_mul(t, r, u1, secp256k1_order, context);
    BN_sub(t, secp256k1_order, t);
    BN_bn2binpad(t, digest.b, 32);
    check_recovery(&digest, &s);
    BN_free(k);
    BN_free(u1);
    BN_free(u2);
    BN_free(r);
    BN_free(t);
}

static void any_recovery(struct fuzz_input *in)
{
    struct secp256k1_signature s;
    struct hash digest;
    some_bytes(s.r, 32, in);
    some_bytes(s.s, 32, in);
    some_bytes(digest.b, 32, in);
    s.recovery_id = (uint8_t)fuzz_below(in, 5);
    check_recovery(&digest, &s);
}

/* The key is k·G and the signature's point (u1 + u2·k)·G; when that is infinity, r is 1. */
static void chosen_verification(struct fuzz_input *in)
{
    const BIGNUM *order = EC_GROUP_get0_order(p256);
    BIGNUM *k = BN_new(), *u1 = BN_new(), *u2 = BN_new(), *r = BN_new(), *t = BN_new();
    EC_POINT *sum = EC_POINT_new(p256);
    uint8_t call[160], scalar[32];
    some_scalar(k, order, one, in);
    some_scalar(u1, order, one, in);
    some_scalar(u2, order, one, in);
    BN_mod_mul(t, k, u2, order, context);
    if (fuzz_below(in, 4) == 0) BN_sub(u1, order, t);
    BN_mod_add(t, t, u1, order, context);
    BN_one(r);
    if (!BN_is_zero(t)) {
        FUZZ_CHECK(EC_POINT_mul(p256, sum, t, NULL, NULL, context) == 1);
        FUZZ_CHECK(EC_POINT_get_affine_coordinates(p256, sum, r, NULL, context) == 1);
        BN_nnmod(r, r, order, context);
    }
    BN_bn2binpad(r, call + 32, 32);
    BN_mod_inverse(t, u2, order, context);
    BN_mod_mul(t, t, r, order, context);
    BN_bn2binpad(t, call + 64, 32);
    BN_mod_mul(t, t, u1, order, context);
    BN_bn2binpad(t, call, 32);
    BN_bn2binpad(k, scalar, 32);
    p256_base_multiple(call + 96, scalar);
    if (fuzz_below(in, 4) == 0) call[fuzz_below(in, 160)] ^= fuzz_byte(in);
    FUZZ_CHECK(p256_verify(call) == p256_verify_plain(call));
    EC_POINT_free(sum);
    BN_free(k);
    BN_free(u1);
    BN_free(u2);
    BN_free(r);
    BN_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    if (!ifma_available()) return 0;
    start();
    switch (fuzz_below(&in, 3)) {
    case 0: chosen_recovery(&in); break;
    case 1: any_recovery(&in); break;
    default: chosen_verification(&in);
    }
    return 0;
}
