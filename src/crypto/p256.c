/* ECDSA verification over P-256 (EIP-7951), through OpenSSL. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the functions below EVP: a key object per call would cost more than it gives */
#include "crypto/crypto.h"

#include <pthread.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static EC_GROUP *group;
static pthread_once_t group_once = PTHREAD_ONCE_INIT;

static void make_group(void)
{
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    ASSERT(group != NULL);
}

/* Whether 0 < a < n. */
static bool is_scalar(const BIGNUM *a, const BIGNUM *n)
{
    return !BN_is_zero(a) && BN_cmp(a, n) < 0;
}

bool p256_verify(const uint8_t input[160])
{
    pthread_once(&group_once, make_group);
    const BIGNUM *n = EC_GROUP_get0_order(group);
    BN_CTX *context = BN_CTX_new();
    BN_CTX_start(context);
    BIGNUM *digest = BN_bin2bn(input, 32, BN_CTX_get(context));
    BIGNUM *r = BN_bin2bn(input + 32, 32, BN_CTX_get(context));
    BIGNUM *s = BN_bin2bn(input + 64, 32, BN_CTX_get(context));
    BIGNUM *x = BN_bin2bn(input + 96, 32, BN_CTX_get(context));
    BIGNUM *y = BN_bin2bn(input + 128, 32, BN_CTX_get(context));
    BIGNUM *u1 = BN_CTX_get(context), *u2 = BN_CTX_get(context), *inverse = BN_CTX_get(context);
    EC_POINT *key = EC_POINT_new(group), *sum = EC_POINT_new(group);
    ASSERT(inverse != NULL && key != NULL && sum != NULL);

    /* EC_POINT_set_affine_coordinates refuses points off the curve, (0, 0) among them, but reduces coordinates. */
    const BIGNUM *p = EC_GROUP_get0_field(group);
    bool ok = is_scalar(r, n) && is_scalar(s, n) && BN_cmp(x, p) < 0 && BN_cmp(y, p) < 0 &&
              EC_POINT_set_affine_coordinates(group, key, x, y, context) == 1;
    if (ok) {
        BN_mod_inverse(inverse, s, n, context);
        BN_mod_mul(u1, digest, inverse, n, context);
        BN_mod_mul(u2, r, inverse, n, context);
        EC_POINT_mul(group, sum, u1, key, u2, context);
        ok = EC_POINT_is_at_infinity(group, sum) == 0 &&
             EC_POINT_get_affine_coordinates(group, sum, x, NULL, context) == 1;
    }
    if (ok) {
        BN_nnmod(x, x, n, context);
        ok = BN_cmp(x, r) == 0;
    }
    EC_POINT_free(sum);
    EC_POINT_free(key);
    BN_CTX_end(context);
    BN_CTX_free(context);
    return ok;
}
