/* Signatures over secp256k1 and P-256: round trips and everything that must be refused. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto.h"
#include "crypto/p256/p256_private.h"
#include "crypto/secp256k1/secp256k1_private.h"

#include "harness.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

static const char order_hex[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static void random_secret(uint8_t secret[32])
{
    harness_random_edge_bytes(secret, 32);
    secret[0] = 0x7f;
    secret[31] |= 1;
}

TEST(secp256k1_recovers_what_it_signs)
{
    for (int round = 0; round < 50; round++) {
        uint8_t secret[32];
        struct hash digest;
        random_secret(secret);
        harness_random_edge_bytes(digest.b, 32);
        struct secp256k1_signature s;
        struct address key, found;
        CHECK(secp256k1_address_of_secret(&key, secret));
        CHECK(secp256k1_sign(&s, &digest, secret));
        CHECK(secp256k1_recover(&found, &digest, &s));
        CHECK_BYTES(found.b, key.b, 20);
        s.recovery_id ^= 1;
        CHECK(secp256k1_recover(&found, &digest, &s));
        CHECK(!address_equal(&found, &key));
    }
}

TEST(secp256k1_known_address)
{
    uint8_t secret[32] = {[31] = 1};
    struct address a;
    CHECK(secp256k1_address_of_secret(&a, secret));
    CHECK_HEX(a.b, 20, "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    memset(secret, 0, 32);
    CHECK(!secp256k1_address_of_secret(&a, secret));
    memset(secret, 0xff, 32);
    CHECK(!secp256k1_address_of_secret(&a, secret));
}

TEST(secp256k1_refuses_values_out_of_range)
{
    uint8_t secret[32] = {[31] = 9};
    struct hash digest = {{1}};
    struct secp256k1_signature good, s;
    struct address found;
    CHECK(secp256k1_sign(&good, &digest, secret));
    s = good;
    memset(s.r, 0, 32);
    CHECK(!secp256k1_recover(&found, &digest, &s));
    s = good;
    memset(s.s, 0, 32);
    CHECK(!secp256k1_recover(&found, &digest, &s));
    s = good;
    CHECK(hex_decode(s.r, order_hex, 64));
    CHECK(!secp256k1_recover(&found, &digest, &s));
    s = good;
    CHECK(hex_decode(s.s, order_hex, 64));
    CHECK(!secp256k1_recover(&found, &digest, &s));
    s.s[31] -= 1; /* n - 1, high but allowed here */
    CHECK(secp256k1_recover(&found, &digest, &s));
    s = good;
    s.recovery_id = 4;
    CHECK(!secp256k1_recover(&found, &digest, &s));
    s.recovery_id = 2; /* x = r + n is above the prime */
    CHECK(!secp256k1_recover(&found, &digest, &s));
}

TEST(secp256k1_many_agree_with_one_by_one)
{
    enum { COUNT = 100 };
    static struct secp256k1_signature s[COUNT];
    static struct hash digest[COUNT];
    static struct address out[COUNT];
    static bool ok[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t secret[32];
        random_secret(secret);
        harness_random_edge_bytes(digest[i].b, 32);
        CHECK(secp256k1_sign(&s[i], &digest[i], secret));
        switch (harness_random_below(8)) {
        case 0: harness_random_edge_bytes(s[i].r, 32); break;
        case 1: harness_random_edge_bytes(s[i].s, 32); break;
        case 2: s[i].recovery_id = (uint8_t)harness_random_below(5); break;
        default: break;
        }
    }
    for (size_t count = 0; count <= COUNT; count += 1 + count / 4) {
        memset(out, 0, sizeof out);
        secp256k1_recover_many(out, ok, digest, s, count);
        for (size_t i = 0; i < count; i++) {
            struct address one;
            CHECK(secp256k1_recover_plain(&one, &digest[i], &s[i]) == ok[i]);
            CHECK(!ok[i] || address_equal(&one, &out[i]));
        }
    }
}

/* Good signatures must be recovered by the vector code itself, not by falling back; with groups of every size. */
TEST(secp256k1_vector_code_recovers_what_was_signed)
{
    if (!ifma_available()) SKIP("this processor has no AVX-512 IFMA");
    static struct secp256k1_signature s[SECP256K1_CHUNK];
    static struct hash digest[SECP256K1_CHUNK];
    static struct address expected[SECP256K1_CHUNK];
    static uint8_t key[SECP256K1_CHUNK][64];
    bool ok[SECP256K1_CHUNK];
    for (size_t round = 0; round < 20; round++) {
        size_t count = round == 0 ? SECP256K1_CHUNK : 1 + harness_random_below(SECP256K1_CHUNK);
        for (size_t i = 0; i < count; i++) {
            uint8_t secret[32];
            random_secret(secret);
            harness_random_edge_bytes(digest[i].b, 32);
            CHECK(secp256k1_address_of_secret(&expected[i], secret));
            CHECK(secp256k1_sign(&s[i], &digest[i], secret));
        }
        secp256k1_recover_keys(key, ok, digest, s, count);
        for (size_t i = 0; i < count; i++) {
            struct hash h;
            CHECK(ok[i]);
            keccak256_64(&h, key[i]);
            CHECK_BYTES(h.b + 12, expected[i].b, 20);
        }
    }
}

static void add_small(uint8_t number[32], int add)
{
    for (int i = 31, carry = add; i >= 0 && carry != 0; i--) {
        carry += number[i];
        number[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void base_multiple(uint8_t out[64], uint32_t factor)
{
    uint8_t scalar[32] = {[30] = (uint8_t)(factor >> 8), [31] = (uint8_t)factor};
    secp256k1_base_multiple(out, scalar);
}

/* R a small multiple of G, s and the digest small or equal: the sum's parts meet each other, their opposites and
 * infinity. */
TEST(secp256k1_many_agree_where_points_meet)
{
    enum { COUNT = 256 };
    static struct secp256k1_signature s[COUNT];
    static struct hash digest[COUNT];
    static struct address out[COUNT];
    static bool ok[COUNT];
    unsigned found = 0;
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            uint8_t point[64];
            base_multiple(point, 1 + (uint32_t)harness_random_below(round % 2 == 0 ? 3 : 600));
            memcpy(s[i].r, point, 32);
            s[i].recovery_id = (uint8_t)harness_random_below(2);
            memset(digest[i].b, 0, 32);
            memset(s[i].s, 0, 32);
            add_small(s[i].s, 1 + (int)harness_random_below(3));
            add_small(digest[i].b, (int)harness_random_below(4));
            if (i % 3 == 1) { /* just below the order, or just above for the digest */
                CHECK(hex_decode(s[i].s, order_hex, 64));
                add_small(s[i].s, -1 - (int)harness_random_below(3));
            }
            if (i % 5 == 1) {
                CHECK(hex_decode(digest[i].b, order_hex, 64));
                add_small(digest[i].b, (int)harness_random_below(5) - 2);
            }
            if (i % 7 == 1) memcpy(digest[i].b, s[i].s, 32);
            if (i % 11 == 1) harness_random_edge_bytes(digest[i].b, 32);
            if (i % 13 == 1) memcpy(s[i].s, s[i].r, 32);      /* u2 = 1 */
            if (i % 17 == 1) memcpy(digest[i].b, s[i].r, 32); /* u1 = -1 */
        }
        secp256k1_recover_many(out, ok, digest, s, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            struct address one;
            CHECK(secp256k1_recover_plain(&one, &digest[i], &s[i]) == ok[i]);
            CHECK(!ok[i] || address_equal(&one, &out[i]));
            found += ok[i];
        }
    }
    CHECK(found > 500);
}

/* x of R not on the curve, at every place of a group; its neighbours must not notice. */
TEST(secp256k1_many_agree_on_random_numbers)
{
    enum { COUNT = 512 };
    static struct secp256k1_signature s[COUNT];
    static struct hash digest[COUNT];
    static struct address out[COUNT];
    static bool ok[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        harness_random_edge_bytes(s[i].r, 32);
        harness_random_edge_bytes(s[i].s, 32);
        harness_random_edge_bytes(digest[i].b, 32);
        s[i].recovery_id = (uint8_t)harness_random_below(4);
        if (s[i].recovery_id > 1 && i % 2 == 0) memset(s[i].r, 0, 16); /* r + n below the prime */
    }
    secp256k1_recover_many(out, ok, digest, s, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct address one;
        CHECK(secp256k1_recover(&one, &digest[i], &s[i]) == ok[i]);
        CHECK(!ok[i] || address_equal(&one, &out[i]));
    }
}

/* The three ways must agree; `decided` counts the answers for which the lanes needed no library. */
static bool check_one(const struct hash *digest, const struct secp256k1_signature *s, unsigned *decided)
{
    struct address one, plain;
    uint8_t key[64];
    bool ok = secp256k1_recover(&one, digest, s), plain_ok = secp256k1_recover_plain(&plain, digest, s);
    CHECK(ok == plain_ok);
    CHECK(!ok || address_equal(&one, &plain));
    if (ifma_available() && s->recovery_id < 4 && secp256k1_is_scalar(s->r) && secp256k1_is_scalar(s->s)) {
        enum secp256k1_answer answer = secp256k1_recover_key(key, digest, s);
        CHECK(answer == SECP256K1_UNDECIDED || (answer == SECP256K1_FOUND) == plain_ok);
        *decided += answer != SECP256K1_UNDECIDED;
    } else {
        ++*decided;
    }
    return ok;
}

TEST(secp256k1_one_agrees_with_the_library)
{
    enum { COUNT = 2000 };
    unsigned found = 0, decided = 0;
    for (size_t i = 0; i < COUNT; i++) {
        struct secp256k1_signature s;
        struct hash digest;
        uint8_t secret[32];
        random_secret(secret);
        harness_random_edge_bytes(digest.b, 32);
        CHECK(secp256k1_sign(&s, &digest, secret));
        switch (harness_random_below(6)) {
        case 0: harness_random_edge_bytes(s.r, 32); break;
        case 1: harness_random_edge_bytes(s.s, 32); break;
        case 2: s.recovery_id = (uint8_t)harness_random_below(5); break;
        case 3:
            s.recovery_id = (uint8_t)(2 + harness_random_below(2));
            memset(s.r, 0, 15);
            break;
        default: break;
        }
        found += check_one(&digest, &s, &decided);
    }
    CHECK(found > COUNT / 2 && decided == COUNT);
}

/* A signature with R = point_factor·G whose key is u1·G + u2·R. */
static void choose_signature(struct secp256k1_signature *s, struct hash *digest, const BIGNUM *point_factor,
                             const BIGNUM *u1, const BIGNUM *u2, const BIGNUM *order, BN_CTX *context)
{
    uint8_t scalar[32], point[64];
    BIGNUM *r = BN_new(), *t = BN_new();
    BN_bn2binpad(point_factor, scalar, 32);
    secp256k1_base_multiple(point, scalar);
    BN_bin2bn(point, 32, r);
    CHECK(BN_cmp(r, order) < 0); /* all but one of 2^128 */
    memcpy(s->r, point, 32);
    s->recovery_id = point[63] & 1;
    BN_mod_mul(t, r, u2, order, context);
    BN_bn2binpad(t, s->s, 32);
    BN_mod_mul(t, r, u1, order, context);
    BN_mod_sub(t, BN_value_one(), t, order, context);
    BN_mod_sub(t, t, BN_value_one(), order, context);
    BN_bn2binpad(t, digest->b, 32);
    BN_free(r);
    BN_free(t);
}

/* A scalar near one that makes points of the sum meet: small or a power of two, times 1 or lambda, with either sign. */
static void special_scalar(BIGNUM *out, const BIGNUM *lambda, const BIGNUM *order, BN_CTX *context)
{
    BN_set_word(out, harness_random_below(4));
    if (harness_random_below(2) == 0) BN_lshift(out, out, (int)harness_random_below(256));
    if (harness_random_below(4) == 0) BN_add_word(out, harness_random_below(300));
    if (harness_random_below(3) == 0) BN_mod_mul(out, out, lambda, order, context);
    if (harness_random_below(3) == 0) BN_sub(out, order, out);
    BN_nnmod(out, out, order, context);
}

TEST(secp256k1_one_agrees_where_points_meet)
{
    enum { COUNT = 3000 };
    BN_CTX *context = BN_CTX_new();
    BIGNUM *order = NULL, *lambda = NULL, *k = BN_new(), *u1 = BN_new(), *u2 = BN_new(), *t = BN_new();
    BN_hex2bn(&order, order_hex);
    BN_hex2bn(&lambda, "5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
    unsigned found = 0, infinite = 0, decided = 0, count = 0;
    while (count < COUNT) {
        special_scalar(k, lambda, order, context);
        special_scalar(u1, lambda, order, context);
        special_scalar(u2, lambda, order, context);
        bool to_infinity = count % 4 == 0;
        if (to_infinity) { /* u1 = -k·u2 */
            BN_mod_mul(u1, k, u2, order, context);
            BN_sub(u1, order, u1);
            BN_nnmod(u1, u1, order, context);
        }
        if (BN_is_zero(k) || BN_is_zero(u2)) continue;
        count++;
        struct secp256k1_signature s;
        struct hash digest;
        choose_signature(&s, &digest, k, u1, u2, order, context);
        bool ok = check_one(&digest, &s, &decided);
        CHECK(!to_infinity || !ok);
        found += ok;
        infinite += !ok;
    }
    CHECK(found > COUNT / 2 && infinite >= COUNT / 4);
    CHECK(decided == COUNT); /* not even infinity goes to the library */
    BN_free(order);
    BN_free(lambda);
    BN_free(k);
    BN_free(u1);
    BN_free(u2);
    BN_free(t);
    BN_CTX_free(context);
}

/* Signs with OpenSSL; input as p256_verify wants it. */
static void p256_sign(uint8_t input[160])
{
    EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    CHECK(EC_KEY_generate_key(key) == 1);
    ECDSA_SIG *s = ECDSA_do_sign(input, 32, key);
    CHECK(s != NULL);
    BIGNUM *x = BN_new(), *y = BN_new();
    CHECK(EC_POINT_get_affine_coordinates(EC_KEY_get0_group(key), EC_KEY_get0_public_key(key), x, y, NULL) == 1);
    BN_bn2binpad(ECDSA_SIG_get0_r(s), input + 32, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(s), input + 64, 32);
    BN_bn2binpad(x, input + 96, 32);
    BN_bn2binpad(y, input + 128, 32);
    BN_free(x);
    BN_free(y);
    ECDSA_SIG_free(s);
    EC_KEY_free(key);
}

/* All ways must agree, and the lanes must need no help. */
static bool check_p256(const uint8_t in[160])
{
    bool ok = p256_verify(in);
    CHECK(ok == p256_verify_plain(in));
    if (ifma_available()) CHECK(p256_verify_lanes(in) == (ok ? P256_YES : P256_NO));
    return ok;
}

TEST(p256_agrees_with_openssl)
{
    unsigned found = 0;
    for (int round = 0; round < 300; round++) {
        uint8_t in[160];
        harness_random_edge_bytes(in, 32);
        p256_sign(in);
        found += check_p256(in);
        size_t at = 32 * harness_random_below(5);
        switch (harness_random_below(3)) {
        case 0: harness_random_edge_bytes(in + at, 32); break;
        case 1: in[at + harness_random_below(32)] ^= (uint8_t)(1u << harness_random_below(8)); break;
        default: memcpy(in + at, in + 32 * harness_random_below(5), 32); break;
        }
        check_p256(in);
    }
    CHECK(found == 300);
}

/* Keys k·G and signatures with chosen u1 and u2, so that the sum's parts meet each other, their opposites and
 * infinity. */
TEST(p256_agrees_where_points_meet)
{
    enum { COUNT = 1500 };
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *sum = EC_POINT_new(group);
    BN_CTX *context = BN_CTX_new();
    const BIGNUM *order = EC_GROUP_get0_order(group), *one = BN_value_one();
    BIGNUM *k = BN_new(), *u1 = BN_new(), *u2 = BN_new(), *t = BN_new(), *r = BN_new(), *s = BN_new();
    unsigned found = 0, infinite = 0;
    for (unsigned count = 0; count < COUNT;) {
        uint8_t in[160], scalar[32];
        special_scalar(k, one, order, context);
        special_scalar(u1, one, order, context);
        special_scalar(u2, one, order, context);
        if (BN_is_zero(k) || BN_is_zero(u2)) continue;
        BN_mod_mul(t, k, u2, order, context);
        if (count % 4 == 0) BN_mod_sub(u1, order, t, order, context);
        count++;
        BN_mod_add(t, t, u1, order, context);
        bool infinity = BN_is_zero(t);
        infinite += infinity;
        if (infinity) BN_set_word(t, 1);
        EC_POINT_mul(group, sum, t, NULL, NULL, context);
        EC_POINT_get_affine_coordinates(group, sum, r, NULL, context);
        BN_nnmod(r, r, order, context);
        BN_mod_inverse(s, u2, order, context);
        BN_mod_mul(s, s, r, order, context);
        BN_mod_mul(t, s, u1, order, context);
        BN_bn2binpad(t, in, 32);
        BN_bn2binpad(r, in + 32, 32);
        BN_bn2binpad(s, in + 64, 32);
        BN_bn2binpad(k, scalar, 32);
        p256_base_multiple(in + 96, scalar);
        CHECK(check_p256(in) == !infinity);
        found += !infinity;
        in[31] ^= 1;
        CHECK(!check_p256(in));
    }
    CHECK(found > COUNT / 2 && infinite >= COUNT / 4);
    BN_free(k);
    BN_free(u1);
    BN_free(u2);
    BN_free(t);
    BN_free(r);
    BN_free(s);
    EC_POINT_free(sum);
    EC_GROUP_free(group);
    BN_CTX_free(context);
}

TEST(p256_verifies_signatures_and_refuses_changed_ones)
{
    for (int round = 0; round < 20; round++) {
        uint8_t in[160], bad[160];
        harness_random_edge_bytes(in, 32);
        p256_sign(in);
        CHECK(p256_verify(in));
        for (int flip = 0; flip < 10; flip++) {
            memcpy(bad, in, sizeof in);
            bad[harness_random_below(160)] ^= (uint8_t)(1u << harness_random_below(8));
            CHECK(!p256_verify(bad));
        }
    }
}

TEST(p256_refuses_values_out_of_range)
{
    static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    static const char field[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    uint8_t in[160] = {0}, bad[160];
    p256_sign(in);
    for (size_t at = 32; at < 160; at += 32) {
        memcpy(bad, in, sizeof in);
        memset(bad + at, 0, 32);
        CHECK(!p256_verify(bad));
        memset(bad + at, 0xff, 32);
        CHECK(!p256_verify(bad));
        CHECK(hex_decode(bad + at, at < 96 ? order : field, 64));
        CHECK(!p256_verify(bad));
    }
    memcpy(bad, in, sizeof in);
    memset(bad + 96, 0, 64);
    CHECK(!p256_verify(bad));
}

/* With digest 0 and r = s the sum is the key itself: keys whose x is a little above the order have r = x - order, and
 * the comparison must try r + order. */
TEST(p256_takes_x_modulo_the_order)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *x = BN_dup(EC_GROUP_get0_order(group)), *y = BN_new(), *r = BN_new();
    for (int found = 0; found < 5;) {
        BN_add_word(x, 1);
        if (EC_POINT_set_compressed_coordinates(group, point, x, found % 2, NULL) != 1) continue;
        found++;
        uint8_t in[160] = {0};
        CHECK(EC_POINT_get_affine_coordinates(group, point, NULL, y, NULL) == 1);
        BN_sub(r, x, EC_GROUP_get0_order(group));
        BN_bn2binpad(r, in + 32, 32);
        BN_bn2binpad(r, in + 64, 32);
        BN_bn2binpad(x, in + 96, 32);
        BN_bn2binpad(y, in + 128, 32);
        CHECK(p256_verify(in));
        in[63] ^= 1;
        in[95] ^= 1;
        CHECK(!p256_verify(in));
    }
    BN_free(x);
    BN_free(y);
    BN_free(r);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* A key whose x is 5 fits 32 bytes as 5 + the field's prime as well; that form must be refused (EIP-7951). */
TEST(p256_refuses_coordinates_that_are_not_reduced)
{
    static const char text[] = "dfb6a972945c83e11323f4031bc3c499af3df27b36ff0e427ce555f06176e134"
                               "5f8cc122c491618542a6364e070f105f7b0ca6ef66300a2cabf7bc490a7c3c93"
                               "1ff585ebcc0d37694be09092bad2d2f1622d6bc87592269bc8b30c46e95a202c"
                               "0000000000000000000000000000000000000000000000000000000000000005"
                               "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
    static const char five_more[] = "ffffffff00000001000000000000000000000001000000000000000000000004";
    uint8_t in[160];
    CHECK(hex_decode(in, text, 320));
    CHECK(p256_verify(in));
    CHECK(hex_decode(in + 96, five_more, 64));
    CHECK(!p256_verify(in));
}
