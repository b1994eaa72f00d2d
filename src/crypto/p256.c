/* ECDSA verification over P-256 (EIP-7951). The curve is OpenSSL's; numbers around it are here, as OpenSSL's big
 * numbers cost half as much as the curve: s is inverted by GMP, and the sum's x is compared with r without dividing by
 * its z. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the functions below EVP: a key object per call would cost more than it gives */
#include "crypto/crypto.h"
#include "crypto/montgomery.h"

#include <pthread.h>

#include <gmp.h>
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

enum { LIMBS = 4 };

/* The group's order and the field's prime, lowest limb first, and -1/m mod 2^64 of both. */
static const uint64_t order[LIMBS] = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000};
static const uint64_t prime[LIMBS] = {0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001};
static const uint64_t order_k = 0xccd1c8aaee00bc4f, prime_k = 1;
/* 2^512 mod the order. */
static const uint64_t order_r_squared[LIMBS] = {0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59,
                                                0x66e12d94f3d95620};

/* 3 and the curve's b, divided by 2^256 and by 2^512, modulo the prime. */
static const uint64_t three[LIMBS] = {0x0000000900000002, 0x00000003fffffffa, 0xfffffff700000006, 0xfffffffc00000009};
static const uint64_t curve_b[LIMBS] = {0xe59be0a64584a137, 0xfc3521eb9ca065a7, 0x7c178684a0f45303, 0x3081dc38d948431a};

static void read_number(uint64_t out[LIMBS], const uint8_t in[32])
{
    for (size_t i = 0; i < LIMBS; i++) out[i] = load_be64(in + 8 * (LIMBS - 1 - i));
}

/* Whether 0 < a < order. */
static bool is_scalar(const uint64_t a[LIMBS])
{
    return mpn_zero_p(a, LIMBS) == 0 && mpn_cmp(a, order, LIMBS) < 0;
}

/* Whether a < the field's prime. */
static bool is_coordinate(const uint64_t a[LIMBS])
{
    return mpn_cmp(a, prime, LIMBS) < 0;
}

/* Whether y^2 = x^3 - 3x + b, for coordinates. Each Montgomery multiplication divides by 2^256; both sides are divided
 * twice. */
static bool is_on_curve(const uint64_t x[LIMBS], const uint64_t y[LIMBS])
{
    static const uint64_t one[LIMBS] = {1};
    uint64_t left[LIMBS], right[LIMBS];
    montgomery_multiply(left, y, y, prime, prime_k, LIMBS);
    montgomery_multiply(left, left, one, prime, prime_k, LIMBS);
    montgomery_multiply(right, x, x, prime, prime_k, LIMBS);
    if (mpn_sub_n(right, right, three, LIMBS) != 0) mpn_add_n(right, right, prime, LIMBS);
    montgomery_multiply(right, right, x, prime, prime_k, LIMBS);
    if (mpn_add_n(right, right, curve_b, LIMBS) != 0 || mpn_cmp(right, prime, LIMBS) >= 0)
        mpn_sub_n(right, right, prime, LIMBS);
    return mpn_cmp(left, right, LIMBS) == 0;
}

/* out = a·b mod the order. */
static void multiply_scalars(uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS])
{
    montgomery_multiply(out, a, b, order, order_k, LIMBS);
    montgomery_multiply(out, out, order_r_squared, order, order_k, LIMBS);
}

/* out = 1/a mod the order, for a scalar a. */
static void invert_scalar(uint64_t out[LIMBS], const uint64_t a[LIMBS])
{
    /* mpn_gcdext gives the factor of its first argument, which must not be the smaller: a + order stands for a. */
    uint64_t u[LIMBS + 2], v[LIMBS + 1], gcd[LIMBS + 1], factor[LIMBS + 1] = {0};
    mp_size_t size = 0;
    u[LIMBS] = mpn_add_n(u, order, a, LIMBS);
    memcpy(v, order, sizeof order);
    mp_size_t gcd_size = mpn_gcdext(gcd, factor, &size, u, LIMBS + (u[LIMBS] != 0), v, LIMBS);
    ASSERT(gcd_size == 1 && gcd[0] == 1);
    memset(out, 0, sizeof order);
    mp_size_t used = size < 0 ? -size : size;
    memcpy(out, factor, (size_t)used * 8);
    if (size < 0) mpn_sub_n(out, order, out, LIMBS);
}

/* OpenSSL's form of a number. */
static void to_bignum(BIGNUM *out, const uint64_t in[LIMBS])
{
    uint64_t little_endian[LIMBS];
    for (size_t i = 0; i < LIMBS; i++)
        for (size_t k = 0; k < 8; k++) ((uint8_t *)&little_endian[i])[k] = (uint8_t)(in[i] >> 8 * k);
    BN_lebin2bn((const uint8_t *)little_endian, sizeof little_endian, out);
}

/* Whether x = candidate·z^2 modulo the prime; both sides are divided by 2^256 twice. */
static bool is_x(const uint64_t x[LIMBS], const uint64_t z[LIMBS], const uint64_t candidate[LIMBS])
{
    uint64_t right[LIMBS], left[LIMBS];
    static const uint64_t one[LIMBS] = {1};
    montgomery_multiply(right, z, z, prime, prime_k, LIMBS);
    montgomery_multiply(right, right, candidate, prime, prime_k, LIMBS);
    montgomery_multiply(left, x, one, prime, prime_k, LIMBS);
    montgomery_multiply(left, left, one, prime, prime_k, LIMBS);
    return mpn_cmp(left, right, LIMBS) == 0;
}

static bool from_bignum(uint64_t out[LIMBS], const BIGNUM *in)
{
    uint8_t text[32];
    if (BN_bn2binpad(in, text, sizeof text) != sizeof text) return false;
    read_number(out, text);
    return true;
}

/* Whether the sum (Jacobian: its x is x/z^2) has an x that is r modulo the order: r, or r + order when that is below
 * the prime. */
static bool sum_matches(const EC_POINT *sum, const uint64_t r[LIMBS], BIGNUM *x, BIGNUM *y, BIGNUM *z, BN_CTX *context)
{
    uint64_t x_limbs[LIMBS], z_limbs[LIMBS], wrapped[LIMBS];
    if (EC_POINT_is_at_infinity(group, sum) == 1 ||
        EC_POINT_get_Jprojective_coordinates_GFp(group, sum, x, y, z, context) != 1 || !from_bignum(x_limbs, x) ||
        !from_bignum(z_limbs, z))
        return false;
    if (is_x(x_limbs, z_limbs, r)) return true;
    return mpn_add_n(wrapped, r, order, LIMBS) == 0 && mpn_cmp(wrapped, prime, LIMBS) < 0 &&
           is_x(x_limbs, z_limbs, wrapped);
}

bool p256_verify(const uint8_t input[160])
{
    uint64_t digest[LIMBS], r[LIMBS], s[LIMBS], key_x[LIMBS], key_y[LIMBS], u1[LIMBS], u2[LIMBS];
    read_number(digest, input);
    read_number(r, input + 32);
    read_number(s, input + 64);
    read_number(key_x, input + 96);
    read_number(key_y, input + 128);
    if (!is_scalar(r) || !is_scalar(s) || !is_coordinate(key_x) || !is_coordinate(key_y) ||
        !is_on_curve(key_x, key_y)) /* here, as OpenSSL needs more than a microsecond to say no */
        return false;
    pthread_once(&group_once, make_group);
    BN_CTX *context = BN_CTX_new();
    BN_CTX_start(context);
    BIGNUM *x = BN_bin2bn(input + 96, 32, BN_CTX_get(context));
    BIGNUM *y = BN_bin2bn(input + 128, 32, BN_CTX_get(context));
    BIGNUM *z = BN_CTX_get(context), *of_base = BN_CTX_get(context), *of_key = BN_CTX_get(context);
    EC_POINT *key = EC_POINT_new(group), *sum = EC_POINT_new(group);
    ASSERT(of_key != NULL && key != NULL && sum != NULL);

    bool ok = EC_POINT_set_affine_coordinates(group, key, x, y, context) == 1;
    if (ok) {
        if (mpn_cmp(digest, order, LIMBS) >= 0) mpn_sub_n(digest, digest, order, LIMBS);
        invert_scalar(s, s);
        multiply_scalars(u1, digest, s);
        multiply_scalars(u2, r, s);
        to_bignum(of_base, u1);
        to_bignum(of_key, u2);
        ok = EC_POINT_mul(group, sum, of_base, key, of_key, context) == 1 && sum_matches(sum, r, x, y, z, context);
    }
    EC_POINT_free(sum);
    EC_POINT_free(key);
    BN_CTX_end(context);
    BN_CTX_free(context);
    return ok;
}
