/* Hashes: known values, and every fast variant against its plain twin. */
#include "crypto/crypto.h"
#include "crypto/hash/hash_private.h"
#include "crypto/hash/keccak_private.h"

#include "harness.h"

#include <openssl/evp.h>

/* Sizes around every block boundary up to three blocks, then random ones. */
static size_t edge_size(size_t i)
{
    static const size_t sizes[] = {0,   1,   7,   8,   9,   31,  32,  33,  55,  56,  63,  64,  65,  119, 120, 127,
                                   128, 129, 134, 135, 136, 137, 143, 144, 271, 272, 273, 407, 408, 409, 1000};
    return i < COUNT_OF(sizes) ? sizes[i] : harness_random_below(700);
}

TEST(keccak_known_values)
{
    struct hash h;
    keccak256(&h, NULL, 0);
    CHECK_BYTES(h.b, keccak_empty.b, 32);
    keccak256(&h, "\x80", 1);
    CHECK_BYTES(h.b, keccak_empty_trie.b, 32);
    keccak256(&h, "abc", 3);
    CHECK_HEX(h.b, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    h = keccak256_bytes((struct bytes){(const uint8_t *)"The quick brown fox jumps over the lazy dog", 43});
    CHECK_HEX(h.b, 32, "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15");
}

TEST(keccak_permutations_agree)
{
    if (!keccak_has_bmi()) SKIP("this processor has no BMI");
    uint64_t a[25], b[25];
    for (int round = 0; round < 200; round++) {
        harness_random_edge_bytes((uint8_t *)a, sizeof a);
        memcpy(b, a, sizeof a);
        keccak_permute_plain(a);
        keccak_permute_bmi(b);
        CHECK_BYTES(b, a, sizeof a);
    }
}

TEST(keccak_fixed_sizes_agree)
{
    uint8_t in[64];
    struct hash a, b;
    for (int round = 0; round < 100; round++) {
        harness_random_edge_bytes(in, sizeof in);
        keccak256(&a, in, 32);
        keccak256_32(&b, in);
        CHECK_BYTES(b.b, a.b, 32);
        keccak256(&a, in, 64);
        keccak256_64(&b, in);
        CHECK_BYTES(b.b, a.b, 32);
    }
}

TEST(keccak_lanes_agree_with_single_messages)
{
    enum { MESSAGES = 40, POOL = 2048 };
    static uint8_t pool[POOL];
    harness_random_edge_bytes(pool, sizeof pool);
    for (size_t i = 0; i < POOL; i++) pool[i] ^= (uint8_t)(i * 7);
    struct bytes in[MESSAGES];
    struct hash out[MESSAGES], one;
    for (int round = 0; round < 300; round++) {
        size_t count = round < MESSAGES ? (size_t)round : harness_random_below(MESSAGES);
        for (size_t i = 0; i < count; i++)
            in[i] = (struct bytes){pool + harness_random_below(300), edge_size(harness_random_below(60))};
        for (unsigned v = 0; v < 4; v++) {
            const struct keccak_lanes *variant = keccak_lanes_variant(v);
            memset(out, 0, sizeof out);
            if (variant != NULL)
                keccak256_many_with(variant, out, in, count);
            else
                keccak256_many(out, in, count);
            for (size_t i = 0; i < count; i++) {
                keccak256(&one, in[i].data, in[i].size);
                if (!hash_equal(&one, &out[i]))
                    FAIL("%s: message %zu of %zu bytes differs", variant != NULL ? variant->name : "many", i,
                         in[i].size);
            }
        }
    }
}

TEST(sha256_and_ripemd160_agree_with_openssl)
{
    static uint8_t data[1024];
    harness_random_edge_bytes(data, sizeof data);
    const EVP_MD *ripemd = EVP_ripemd160();
    for (size_t i = 0; i < 200; i++) {
        size_t size = edge_size(i), at = harness_random_below(8);
        struct hash a, b;
        sha256(&a, data + at, size);
        sha256_openssl(&b, data + at, size);
        CHECK_BYTES(a.b, b.b, 32);
        uint8_t short_a[20], short_b[20];
        ripemd160(short_a, data + at, size);
        CHECK(EVP_Digest(data + at, size, short_b, NULL, ripemd, NULL) == 1);
        CHECK_BYTES(short_a, short_b, 20);
    }
}

TEST(blake2f_agrees_with_its_twin)
{
    for (uint32_t round = 0; round < 300; round++) {
        uint64_t a[8], b[8], m[16], t[2];
        harness_random_edge_bytes((uint8_t *)a, sizeof a);
        harness_random_edge_bytes((uint8_t *)m, sizeof m);
        harness_random_edge_bytes((uint8_t *)t, sizeof t);
        memcpy(b, a, sizeof a);
        bool last = harness_random() % 2 != 0;
        blake2f(a, m, t, last, round % 45);
        blake2f_plain(b, m, t, last, round % 45);
        CHECK_BYTES(a, b, sizeof a);
    }
}
