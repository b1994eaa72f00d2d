/* Precompiles as calls: the published vectors, and the edges of gas, size and encoding that they leave out. */
#include "precompile/private.h"

#include "harness.h"
#include "precompile_vectors.h"

#include "crypto/crypto.h"

static const uint64_t PLENTY = UINT64_C(1) << 40;
static struct precompile_memory memory;

static struct precompile_result call(const struct vectors_rules *rules, unsigned id, const void *data, size_t size,
                                     uint64_t gas)
{
    struct precompile_result r;
    precompile_run(&rules->precompile, id, (struct bytes){data, size}, gas, &memory, &r);
    return r;
}

TEST(precompiles_give_the_published_results)
{
    struct vectors v;
    if (!vectors_open(&v)) SKIP("precompile-vectors.tsv is not in $WEFT_FIXTURES");
    struct vector row;
    size_t rows = 0;
    while (vectors_next(&v, &row)) {
        struct precompile_result r = call(&vectors_osaka, row.address, row.input.data, row.input.size, PLENTY);
        if (row.expected.size == 0 && row.gas == 0) { /* made for timing; what they should give is not known */
            CHECK(r.ok);
            continue;
        }
        if (!bytes_equal(r.output, row.expected))
            FAIL("%s/%s: wrong output (%zu bytes)", row.family, row.name, r.output.size);
        rows++;
        if (row.gas == 0 || !r.ok) continue;
        if (PLENTY - r.gas_left != row.gas)
            FAIL("%s/%s: gas %llu, expected %llu", row.family, row.name, (unsigned long long)(PLENTY - r.gas_left),
                 (unsigned long long)row.gas);
        CHECK(call(&vectors_osaka, row.address, row.input.data, row.input.size, row.gas).ok);
        CHECK(!call(&vectors_osaka, row.address, row.input.data, row.input.size, row.gas - 1).ok);
    }
    CHECK_EQ_U64(rows, 242);
    vectors_close(&v);
    precompile_memory_free(&memory);
}

/* What is remembered is what is computed: output, failure, and the gas of each call. */
TEST(precompiles_give_the_same_when_they_remember)
{
    struct vectors v;
    if (!vectors_open(&v)) SKIP("precompile-vectors.tsv is not in $WEFT_FIXTURES");
    struct precompile_memory two[2] = {{.memo = precompile_memo_new()}, {.memo = NULL}};
    two[1].memo = two[0].memo;
    struct vector row;
    while (vectors_next(&v, &row)) {
        struct precompile_result plain = call(&vectors_osaka, row.address, row.input.data, row.input.size, PLENTY);
        uint64_t gas = PLENTY - plain.gas_left;
        for (int i = 0; i < 4; i++) { /* the first computes; the third has too little gas */
            if (i == 2 && gas == 0) continue;
            uint64_t given = i == 2 ? gas - 1 : i == 3 ? gas : PLENTY;
            struct precompile_result r;
            precompile_run(&vectors_osaka.precompile, row.address, row.input, given, &two[i & 1], &r);
            CHECK(r.ok == (plain.ok && i != 2));
            if (!r.ok) continue;
            CHECK(bytes_equal(r.output, plain.output));
            CHECK_EQ_U64(given - r.gas_left, gas);
        }
    }
    vectors_close(&v);
    precompile_memo_free(two[0].memo);
    for (int i = 0; i < 2; i++) precompile_memory_free(&two[i]);
    precompile_memory_free(&memory);
}

static struct precompile_result recover_remembered(struct precompile_memory *m, uint8_t in[128])
{
    struct precompile_result r;
    precompile_run(&vectors_osaka.precompile, PRECOMPILE_ECRECOVER, (struct bytes){in, 128}, PLENTY, m, &r);
    CHECK(r.ok && r.output.size == 32);
    return r;
}

TEST(precompiles_remember_within_a_block_and_within_bounds)
{
    struct precompile_memory m = {.memo = precompile_memo_new()};
    uint8_t in[128] = {/* r: the generator's x */
                       [31] = 1, [63] = 27, [64] = 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55,     0xa0,
                       0x62,     0x95,      0xce,        0x87, 0x0b, 0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d,     0xce,
                       0x28,     0xd9,      0x59,        0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98, [127] = 5};
    struct bytes first = recover_remembered(&m, in).output;
    CHECK(first.data == m.output.data); /* computed */
    struct bytes again = recover_remembered(&m, in).output;
    CHECK(again.data != m.output.data && bytes_equal(first, again)); /* found */
    in[127] = 6;
    CHECK(!bytes_equal(recover_remembered(&m, in).output, again));
    precompile_memo_clear(m.memo);
    precompile_memory_clear(&m);
    in[127] = 5;
    CHECK(recover_remembered(&m, in).output.data == m.output.data); /* forgotten */

    /* As much as anybody can make it keep. */
    static uint8_t big[1 << 20];
    struct precompile_result r;
    for (unsigned i = 0; i < 20; i++) {
        big[0] = (uint8_t)i;
        precompile_run(&vectors_osaka.precompile, PRECOMPILE_BN254_PAIRING, (struct bytes){big, sizeof big}, PLENTY, &m,
                       &r);
        CHECK(!r.ok);
    }
    CHECK(m.kept_size <= (size_t)4 << 20);
    precompile_memo_free(m.memo);
    precompile_memory_free(&m);
}

TEST(precompiles_are_found_by_address_and_fork)
{
    struct address a = {{0}};
    CHECK_EQ_U64(precompile_find(&vectors_osaka.precompile, &a), PRECOMPILE_NONE);
    for (unsigned id = 1; id < 256; id++) {
        a.b[19] = (uint8_t)id;
        CHECK_EQ_U64(precompile_find(&vectors_osaka.precompile, &a), id <= 0x11 ? id : 0);
        CHECK_EQ_U64(precompile_find(&vectors_byzantium.precompile, &a), id <= 0x08 ? id : 0);
        CHECK((precompile_name(id) != NULL) == (id <= 0x11));
    }
    a.b[19] = 0;
    a.b[18] = 1;
    CHECK_EQ_U64(precompile_find(&vectors_osaka.precompile, &a), PRECOMPILE_P256VERIFY);
    CHECK_EQ_U64(precompile_find(&vectors_berlin.precompile, &a), PRECOMPILE_NONE);
    for (size_t i = 0; i < 18; i++) {
        struct address b = {{0}};
        b.b[19] = 1;
        b.b[i] = 1;
        CHECK_EQ_U64(precompile_find(&vectors_osaka.precompile, &b), PRECOMPILE_NONE);
    }
}

TEST(identity_gives_the_input_itself)
{
    uint8_t data[100] = {1, 2, 3};
    struct precompile_result r = call(&vectors_osaka, PRECOMPILE_IDENTITY, data, sizeof data, 27);
    CHECK(r.ok && r.gas_left == 0 && r.output.data == data && r.output.size == sizeof data);
    r = call(&vectors_osaka, PRECOMPILE_IDENTITY, data, sizeof data, 26);
    CHECK(!r.ok && r.gas_left == 0 && r.output.size == 0);
}

TEST(ecrecover_pads_short_input_and_ignores_what_follows)
{
    uint8_t in[160] = {0}, secret[32] = {[31] = 7};
    struct hash digest;
    keccak256(&digest, "weft", 4);
    struct secp256k1_signature s;
    struct address key;
    CHECK(secp256k1_sign(&s, &digest, secret) && secp256k1_address_of_secret(&key, secret));
    memcpy(in, digest.b, 32);
    in[63] = (uint8_t)(27 + s.recovery_id);
    memcpy(in + 64, s.r, 32);
    memcpy(in + 96, s.s, 32);
    struct precompile_result r = call(&vectors_osaka, PRECOMPILE_ECRECOVER, in, 128, 3000);
    CHECK(r.ok && r.gas_left == 0 && r.output.size == 32);
    CHECK_BYTES(r.output.data + 12, key.b, 20);
    in[159] = 1;
    r = call(&vectors_osaka, PRECOMPILE_ECRECOVER, in, 160, 3000);
    CHECK_BYTES(r.output.data + 12, key.b, 20);

    memset(in + 127, 0, 1);
    struct precompile_result cut = call(&vectors_osaka, PRECOMPILE_ECRECOVER, in, 127, 3000);
    struct address short_one, padded_one;
    CHECK(cut.ok && cut.output.size == 32);
    memcpy(short_one.b, cut.output.data + 12, 20);
    r = call(&vectors_osaka, PRECOMPILE_ECRECOVER, in, 128, 3000);
    memcpy(padded_one.b, r.output.data + 12, 20);
    CHECK(address_equal(&short_one, &padded_one));

    in[63] = 29;
    r = call(&vectors_osaka, PRECOMPILE_ECRECOVER, in, 128, 3000);
    CHECK(r.ok && r.output.size == 0);
    r = call(&vectors_osaka, PRECOMPILE_ECRECOVER, NULL, 0, 3000);
    CHECK(r.ok && r.output.size == 0);
    CHECK(!call(&vectors_osaka, PRECOMPILE_ECRECOVER, in, 128, 2999).ok);
}

/* A modexp call with size words given as their lowest 8 bytes, and `high` as their highest byte. */
static struct precompile_result call_modexp(const struct vectors_rules *rules, uint64_t base, uint64_t exponent,
                                            uint64_t modulus, uint8_t high, const void *numbers, size_t size,
                                            uint64_t gas)
{
    uint8_t in[96 + 64] = {0};
    store_be64(in + 24, base);
    store_be64(in + 56, exponent);
    store_be64(in + 88, modulus);
    in[0] = (base != 0) ? high : 0;
    in[32] = (exponent != 0) ? high : 0;
    in[64] = (modulus != 0) ? high : 0;
    memcpy(in + 96, numbers, size);
    return call(rules, PRECOMPILE_MODEXP, in, 96 + size, gas);
}

TEST(modexp_of_huge_sizes_costs_more_than_any_gas)
{
    const struct vectors_rules *all[] = {&vectors_byzantium, &vectors_berlin, &vectors_osaka};
    const uint64_t sizes[] = {UINT64_C(1) << 32, UINT64_C(1) << 40, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t f = 0; f < COUNT_OF(all); f++) {
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            for (unsigned high = 0; high < 256; high += 255) {
                CHECK(!call_modexp(all[f], sizes[i], 1, 1, (uint8_t)high, "", 0, PLENTY).ok);
                CHECK(!call_modexp(all[f], 1, sizes[i], 1, (uint8_t)high, "", 0, PLENTY).ok);
                CHECK(!call_modexp(all[f], 1, 1, sizes[i], (uint8_t)high, "", 0, PLENTY).ok);
                CHECK(!call_modexp(all[f], sizes[i], sizes[i], sizes[i], (uint8_t)high, "", 0, PLENTY).ok);
            }
        }
    }
}

TEST(modexp_of_nothing_is_cheap_whatever_the_exponent_claims)
{
    struct precompile_result r = call_modexp(&vectors_byzantium, 0, UINT64_MAX, 0, 0xff, "", 0, 0);
    CHECK(r.ok && r.gas_left == 0 && r.output.size == 0);
    r = call_modexp(&vectors_berlin, 0, UINT64_MAX, 0, 0xff, "", 0, 200);
    CHECK(r.ok && r.gas_left == 0 && r.output.size == 0);
    CHECK(!call_modexp(&vectors_berlin, 0, UINT64_MAX, 0, 0xff, "", 0, 199).ok);
    CHECK(!call_modexp(&vectors_osaka, 0, UINT64_MAX, 0, 0xff, "", 0, PLENTY).ok);
    CHECK(!call_modexp(&vectors_osaka, 0, 1025, 0, 0, "", 0, PLENTY).ok);
    r = call(&vectors_osaka, PRECOMPILE_MODEXP, NULL, 0, 500);
    CHECK(r.ok && r.gas_left == 0 && r.output.size == 0);
}

TEST(modexp_reads_zeros_behind_the_end_of_its_input)
{
    /* 3^(0x0200) mod 0x0500: the input ends within the exponent; the modulus is 0 */
    struct precompile_result r = call_modexp(&vectors_osaka, 1, 2, 2, 0, "\x03\x02", 2, PLENTY);
    CHECK(r.ok);
    CHECK_HEX(r.output.data, r.output.size, "0000");
    r = call_modexp(&vectors_osaka, 1, 2, 2, 0, "\x03\x02\x00\x05", 4, PLENTY); /* 3^512 mod 0x0500 */
    CHECK_HEX(r.output.data, r.output.size, "0001");
    r = call_modexp(&vectors_osaka, 1, 1, 2, 0, "\x03\x02\x05", 3, PLENTY); /* 3^2 mod 0x0500 */
    CHECK_HEX(r.output.data, r.output.size, "0009");
    r = call_modexp(&vectors_osaka, 0, 0, 1, 0, "\x05", 1, PLENTY); /* 0^0 mod 5 */
    CHECK_HEX(r.output.data, r.output.size, "01");
    r = call_modexp(&vectors_osaka, 0, 0, 1, 0, "\x01", 1, PLENTY); /* 0^0 mod 1 */
    CHECK_HEX(r.output.data, r.output.size, "00");
}

TEST(curves_refuse_wrong_sizes_and_empty_sums)
{
    static const uint8_t zeros[768];
    CHECK(call(&vectors_osaka, PRECOMPILE_BN254_PAIRING, zeros, 0, PLENTY).ok);
    CHECK(!call(&vectors_osaka, PRECOMPILE_BN254_PAIRING, zeros, 191, PLENTY).ok);
    CHECK(call(&vectors_osaka, PRECOMPILE_BN254_PAIRING, zeros, 192, PLENTY).output.data[31] == 1);
    for (unsigned id = PRECOMPILE_BLS_G1_ADD; id <= PRECOMPILE_BLS_MAP_FP2_TO_G2; id++) {
        CHECK(!call(&vectors_osaka, id, zeros, 0, PLENTY).ok);
        CHECK(!call(&vectors_osaka, id, zeros, 1, PLENTY).ok);
    }
    CHECK(call(&vectors_osaka, PRECOMPILE_BLS_G1_ADD, zeros, 256, PLENTY).ok);
    CHECK(!call(&vectors_osaka, PRECOMPILE_BLS_G1_ADD, zeros, 257, PLENTY).ok);
    CHECK(call(&vectors_osaka, PRECOMPILE_BLS_PAIRING, zeros, 768, PLENTY).output.data[31] == 1);
    CHECK(call(&vectors_osaka, PRECOMPILE_BLS_G1_MSM, zeros, 320, PLENTY).output.size == 128);
    CHECK(call(&vectors_osaka, PRECOMPILE_BLS_G2_MSM, zeros, 576, PLENTY).output.size == 256);
    CHECK(!call(&vectors_osaka, PRECOMPILE_BLAKE2F, zeros, 212, PLENTY).ok);
    CHECK(!call(&vectors_osaka, PRECOMPILE_POINT_EVALUATION, zeros, 192, PLENTY).ok);
    struct precompile_result r = call(&vectors_osaka, PRECOMPILE_P256VERIFY, zeros, 160, 6900);
    CHECK(r.ok && r.gas_left == 0 && r.output.size == 0);
    CHECK(!call(&vectors_osaka, PRECOMPILE_P256VERIFY, zeros, 160, 6899).ok);
}

TEST(precompiles_remember_no_more_than_their_memory)
{
    enum { SIZE = 1 << 20, CALLS = 12, KEPT_AT_MOST = 4 << 20 };
    struct precompile_memory m = {.memo = precompile_memo_new()};
    static uint8_t input[SIZE];
    unsigned kept = 0;
    for (uint64_t i = 0; i < CALLS; i++) {
        store_be64(input, i);
        precompile_memo_keep(m.memo, i, 1, (struct bytes){input, SIZE}, true, (struct bytes){0}, &m);
        CHECK(m.kept_size <= KEPT_AT_MOST);
    }
    for (uint64_t i = 0; i < CALLS; i++) {
        store_be64(input, i);
        kept += precompile_memo_find(m.memo, i, 1, (struct bytes){input, SIZE}) != NULL;
    }
    CHECK_EQ_U64(kept, 3); /* a fourth has no room with its entry */
    precompile_memo_clear(m.memo);
    precompile_memory_clear(&m);
    precompile_memo_keep(m.memo, 0, 1, (struct bytes){input, SIZE}, true, (struct bytes){0}, &m);
    CHECK(precompile_memo_find(m.memo, 0, 1, (struct bytes){input, SIZE}) != NULL); /* the next block has room again */
    precompile_memo_free(m.memo);
    precompile_memory_free(&m);
}
