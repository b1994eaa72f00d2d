/* Tests of the keyed hashes: keys of the shapes that break weaker ones spread like random numbers. */
#include "harness.h"

#include <stdlib.h>

#include "base/hash.h"

enum { KEYS = 1 << 14, CELLS = 2 * KEYS };

/* Steps that linear probing takes to put all hashes into a table twice their number. Random ones: about 1.5 each. */
static uint64_t probes(const uint64_t *hashes, unsigned shift)
{
    uint8_t *used = base_calloc(CELLS, 1);
    uint64_t steps = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        size_t at = (hashes[i] >> shift) % CELLS;
        for (steps++; used[at] != 0; steps++) at = (at + 1) % CELLS;
        used[at] = 1;
    }
    free(used);
    return steps;
}

static void check_spread(const uint64_t *hashes)
{
    CHECK(probes(hashes, 0) < KEYS * 2);  /* places */
    CHECK(probes(hashes, 32) < KEYS * 2); /* tags */
    CHECK(probes(hashes, 48) < KEYS * 3); /* tags of shared tables: 16 bits, half as many as cells */
}

/* What somebody may put into the other limbs: constants of this source and others, ends of the range. */
static const uint64_t fillings[] = {
    0,          1, UINT64_MAX, 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u, 0xa0761d6478bd642fu, 0xbf58476d1ce4e5b9u,
    1ull << 63, 3};

TEST(hash_words_spreads_counters_in_every_limb)
{
    static uint64_t hashes[KEYS];
    for (size_t f = 0; f < COUNT_OF(fillings); f++)
        for (unsigned limb = 0; limb < 4; limb++)
            for (unsigned shift = 0; shift <= 48; shift += 16) {
                for (uint64_t i = 0; i < KEYS; i++) {
                    uint64_t w[4] = {fillings[f], fillings[f], fillings[f], fillings[f]};
                    w[limb] ^= i << shift;
                    hashes[i] = hash_words(7, w);
                }
                check_spread(hashes);
            }
}

TEST(hash_words_tells_tweaks_apart)
{
    static uint64_t hashes[KEYS];
    for (size_t f = 0; f < COUNT_OF(fillings); f++) {
        uint64_t w[4] = {fillings[f], 0, fillings[f], 0};
        for (uint64_t i = 0; i < KEYS; i++) hashes[i] = hash_words(i, w);
        check_spread(hashes);
    }
}

TEST(hash_of_address_spreads_counters_in_every_byte)
{
    static uint64_t hashes[KEYS];
    for (size_t f = 0; f < COUNT_OF(fillings); f++)
        for (unsigned byte = 0; byte + 1 < sizeof(struct address); byte++) {
            for (uint32_t i = 0; i < KEYS; i++) {
                struct address a;
                for (size_t k = 0; k < sizeof a.b; k++) a.b[k] = (uint8_t)(fillings[f] >> (8 * (k % 8)));
                a.b[byte] ^= (uint8_t)i;
                a.b[byte + 1] ^= (uint8_t)(i >> 8);
                hashes[i] = hash_of_address(&a);
            }
            check_spread(hashes);
        }
}

TEST(hash_pair_and_bytes_spread_counters)
{
    static uint64_t hashes[KEYS];
    for (size_t f = 0; f < COUNT_OF(fillings); f++) {
        for (uint64_t i = 0; i < KEYS; i++) hashes[i] = hash_pair(i, fillings[f]);
        check_spread(hashes);
        for (uint64_t i = 0; i < KEYS; i++) hashes[i] = hash_pair(fillings[f], i << 32);
        check_spread(hashes);
        for (size_t size = 8; size <= 72; size += 13) {
            uint8_t bytes[72];
            for (size_t k = 0; k < size; k++) bytes[k] = (uint8_t)(fillings[f] >> (8 * (k % 8)));
            for (uint64_t i = 0; i < KEYS; i++) {
                memcpy(bytes + size - 8, &i, sizeof i);
                hashes[i] = hash_of_bytes(1, (struct bytes){bytes, size});
            }
            check_spread(hashes);
        }
    }
}

TEST(hash_of_bytes_depends_on_size_and_tweak)
{
    uint8_t zeros[64] = {0};
    for (size_t size = 0; size < sizeof zeros; size++) {
        struct bytes now = {zeros, size}, more = {zeros, size + 1};
        CHECK(hash_of_bytes(0, now) != hash_of_bytes(0, more));
        CHECK(hash_of_bytes(0, now) != hash_of_bytes(1, now));
    }
}

/* A key that was never filled, or filled with one word only, would pass everything above in one process. */
TEST(hash_key_is_random)
{
    for (size_t i = 0; i < HASH_KEY_WORDS; i++) {
        CHECK(hash_key[i] != 0);
        for (size_t k = 0; k < i; k++) CHECK(hash_key[i] != hash_key[k]);
    }
}
