/* ECDSA verification over P-256 (EIP-7951). The curve is done in p256_lanes.c where the processor can, else by OpenSSL;
 * numbers around it are here, as OpenSSL's big numbers cost half as much as the curve, and the sum's x is compared with r
 * without dividing by its z. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the functions below EVP: a key object per call would cost more than it gives */
#include "crypto/crypto.h"
#include "crypto/inverse.h"
#include "crypto/montgomery.h"
#include "crypto/p256/p256_private.h"

#include <pthread.h>

#include <gmp.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <unistd.h>

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

/* The numbers of a call. */
struct call {
    uint64_t r[LIMBS], key_x[LIMBS], key_y[LIMBS], u1[LIMBS], u2[LIMBS];
};

/* False when a number is out of range or the key not on the curve. */
static bool read_call(struct call *out, const uint8_t input[160])
{
    uint64_t digest[LIMBS], s[LIMBS];
    read_number(digest, input);
    read_number(out->r, input + 32);
    read_number(s, input + 64);
    read_number(out->key_x, input + 96);
    read_number(out->key_y, input + 128);
    if (!is_scalar(out->r) || !is_scalar(s) || !is_coordinate(out->key_x) || !is_coordinate(out->key_y) ||
        !is_on_curve(out->key_x, out->key_y)) /* here, as OpenSSL needs more than a microsecond to say no */
        return false;
    if (mpn_cmp(digest, order, LIMBS) >= 0) mpn_sub_n(digest, digest, order, LIMBS);
    inverse_256(s, s, order);
    multiply_scalars(out->u1, digest, s);
    multiply_scalars(out->u2, out->r, s);
    return true;
}

/* out = r + order; false if that is not a coordinate. */
static bool wrapped_x(uint64_t out[LIMBS], const uint64_t r[LIMBS])
{
    return mpn_add_n(out, r, order, LIMBS) == 0 && is_coordinate(out);
}

/* Whether the sum (Jacobian: its x is x/z^2) has an x that is r modulo the order. */
static bool sum_matches(const EC_POINT *sum, const uint64_t r[LIMBS], BIGNUM *x, BIGNUM *y, BIGNUM *z, BN_CTX *context)
{
    uint64_t x_limbs[LIMBS], z_limbs[LIMBS], wrapped[LIMBS];
    if (EC_POINT_is_at_infinity(group, sum) == 1 ||
        EC_POINT_get_Jprojective_coordinates_GFp(group, sum, x, y, z, context) != 1 || !from_bignum(x_limbs, x) ||
        !from_bignum(z_limbs, z))
        return false;
    return is_x(x_limbs, z_limbs, r) || (wrapped_x(wrapped, r) && is_x(x_limbs, z_limbs, wrapped));
}

static bool verify_plain(const struct call *call)
{
    pthread_once(&group_once, make_group);
    BN_CTX *context = BN_CTX_new();
    BN_CTX_start(context);
    BIGNUM *x = BN_CTX_get(context), *y = BN_CTX_get(context), *z = BN_CTX_get(context);
    BIGNUM *of_base = BN_CTX_get(context), *of_key = BN_CTX_get(context);
    EC_POINT *key = EC_POINT_new(group), *sum = EC_POINT_new(group);
    ASSERT(of_key != NULL && key != NULL && sum != NULL);
    to_bignum(x, call->key_x);
    to_bignum(y, call->key_y);
    to_bignum(of_base, call->u1);
    to_bignum(of_key, call->u2);
    bool ok = EC_POINT_set_affine_coordinates(group, key, x, y, context) == 1 &&
              EC_POINT_mul(group, sum, of_base, key, of_key, context) == 1 &&
              sum_matches(sum, call->r, x, y, z, context);
    EC_POINT_free(sum);
    EC_POINT_free(key);
    BN_CTX_end(context);
    BN_CTX_free(context);
    return ok;
}

bool p256_verify_plain(const uint8_t input[160])
{
    struct call call;
    return read_call(&call, input) && verify_plain(&call);
}

/* Takes order - a in place of a scalar when that is smaller, and tells so. */
static bool toward_zero(uint64_t a[LIMBS])
{
    uint64_t negative[LIMBS];
    mpn_sub_n(negative, order, a, LIMBS);
    bool minus = mpn_cmp(negative, a, LIMBS) < 0;
    if (minus) memcpy(a, negative, sizeof negative);
    return minus;
}

static enum p256_answer ask_lanes(const struct call *call)
{
    struct p256_question question;
    uint64_t u1[LIMBS], u2[LIMBS];
    memcpy(u1, call->u1, sizeof u1);
    memcpy(u2, call->u2, sizeof u2);
    bool minus = toward_zero(u1);
    write_comb_digits(question.u1, u1, minus);
    minus = toward_zero(u2);
    write_nonadjacent(&question.u2, u2, minus);
    memcpy(question.key_x, call->key_x, sizeof question.key_x);
    memcpy(question.key_y, call->key_y, sizeof question.key_y);
    memcpy(question.candidate[0], call->r, sizeof question.candidate[0]);
    question.count = wrapped_x(question.candidate[1], call->r) ? 2 : 1;
    return p256_ask(&question);
}

enum p256_answer p256_verify_lanes(const uint8_t input[160])
{
    struct call call;
    return read_call(&call, input) ? ask_lanes(&call) : P256_NO;
}

bool p256_verify(const uint8_t input[160])
{
    struct call call;
    if (!read_call(&call, input)) return false;
    enum p256_answer answer = ifma_available() ? ask_lanes(&call) : P256_UNDECIDED;
    return answer == P256_UNDECIDED ? verify_plain(&call) : answer == P256_YES;
}

/* ---- points for the table of p256_lanes.c ------------------------------------------------------------------------ */

static void write_point(uint8_t out[64], const EC_POINT *point, BN_CTX *context)
{
    BIGNUM *x = BN_CTX_get(context), *y = BN_CTX_get(context);
    ASSERT(EC_POINT_get_affine_coordinates(group, point, x, y, context) == 1);
    ASSERT(BN_bn2binpad(x, out, 32) == 32 && BN_bn2binpad(y, out + 32, 32) == 32);
}

void p256_base_multiple(uint8_t out[64], const uint8_t factor[32])
{
    pthread_once(&group_once, make_group);
    BN_CTX *context = BN_CTX_new();
    BN_CTX_start(context);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *number = BN_bin2bn(factor, 32, BN_CTX_get(context));
    ASSERT(point != NULL && number != NULL && EC_POINT_mul(group, point, number, NULL, NULL, context) == 1);
    write_point(out, point, context);
    EC_POINT_free(point);
    BN_CTX_end(context);
    BN_CTX_free(context);
}

void p256_random_points(uint8_t out[8][64])
{
    pthread_once(&group_once, make_group);
    BN_CTX *context = BN_CTX_new();
    BN_CTX_start(context);
    EC_POINT *point = EC_POINT_new(group), *sum = EC_POINT_new(group);
    BIGNUM *number = BN_CTX_get(context);
    ASSERT(point != NULL && sum != NULL && number != NULL && EC_POINT_set_to_infinity(group, sum) == 1);
    for (size_t i = 0; i < 7; i++) {
        uint8_t secret[32];
        ASSERT(getentropy(secret, sizeof secret) == 0);
        ASSERT(BN_bin2bn(secret, sizeof secret, number) != NULL);
        ASSERT(EC_POINT_mul(group, point, number, NULL, NULL, context) == 1);
        ASSERT(EC_POINT_add(group, sum, sum, point, context) == 1);
        write_point(out[i], point, context);
    }
    ASSERT(EC_POINT_invert(group, sum, context) == 1);
    write_point(out[7], sum, context);
    EC_POINT_free(point);
    EC_POINT_free(sum);
    BN_CTX_end(context);
    BN_CTX_free(context);
}
