/* Roots made at once: against the definition written down plainly, and against known roots. */
#include <stdlib.h>

#include "trie/trie.h"

#include "harness.h"
#include "trie/slow.h"

static void check_pairs(struct trie_pair *pairs, size_t count, struct pool *pool)
{
    struct hash found, expected;
    slow_root(&expected, pairs, count);
    trie_pairs_root(&found, pairs, count, pool);
    CHECK_BYTES(found.b, expected.b, 32);
}

TEST(trie_pairs_root_of_random_keys_is_what_the_definition_says)
{
    static uint8_t values[3000][200];
    struct trie_pair *pairs = base_alloc(3000 * sizeof *pairs);
    struct pool *pool = pool_new(3);
    for (int round = 0; round < 60; round++) {
        size_t count = harness_random_below(round % 6 == 0 ? 3000 : 40);
        for (size_t i = 0; i < count; i++) {
            uint64_t spread = harness_random_below(4);
            pairs[i].key_size = 32;
            for (size_t b = 0; b < 32; b++) pairs[i].key[b] = (uint8_t)harness_random();
            if (spread == 0) /* long common paths */
                memset(pairs[i].key, 0x11, 4 + harness_random_below(20));
            pairs[i].value = (struct bytes){values[i], 1 + harness_random_below(round % 2 == 0 ? 4 : 200)};
            for (size_t b = 0; b < pairs[i].value.size; b++) values[i][b] = (uint8_t)(1 + harness_random_below(255));
        }
        check_pairs(pairs, count, round % 3 == 0 ? pool : NULL);
    }
    pool_free(pool);
    free(pairs);
}

TEST(trie_pairs_root_takes_keys_that_begin_others)
{
    const char *keys[] = {"do", "dog", "doge", "horse", "d", "", "dp", "doge!", "dog\x01"};
    struct trie_pair pairs[COUNT_OF(keys)];
    for (size_t count = 0; count <= COUNT_OF(keys); count++) {
        for (size_t i = 0; i < count; i++) {
            pairs[i].key_size = (uint32_t)strlen(keys[i]);
            memcpy(pairs[i].key, keys[i], strlen(keys[i]));
            pairs[i].value = (struct bytes){(const uint8_t *)"some verb or animal, long enough to be hashed",
                                            3 + 5 * i};
        }
        check_pairs(pairs, count, NULL);
    }
}

TEST(trie_ordered_root_sorts_by_encoded_number)
{
    enum { MOST = 700 };
    static uint8_t bytes[MOST][300];
    static struct bytes values[MOST];
    static struct trie_pair pairs[MOST];
    struct rlp_writer w = {0};
    for (size_t count = 0; count <= MOST; count += count < 260 ? 1 : 110) {
        for (size_t i = 0; i < count; i++) {
            values[i] = (struct bytes){bytes[i], 1 + harness_random_below(i % 7 == 0 ? 300 : 30)};
            harness_random_edge_bytes(bytes[i], values[i].size);
            rlp_rewind(&w, 0);
            rlp_put_u64(&w, i);
            pairs[i].key_size = (uint32_t)rlp_mark(&w);
            memcpy(pairs[i].key, rlp_written(&w).data, rlp_mark(&w));
            pairs[i].value = values[i];
        }
        struct hash found, expected;
        trie_ordered_root(&found, values, count);
        slow_root(&expected, pairs, count);
        CHECK_BYTES(found.b, expected.b, 32);
    }
    rlp_writer_free(&w);
}

TEST(trie_state_and_storage_roots_hash_keys_and_encode_values)
{
    enum { MOST = 200 };
    static struct trie_state_entry entries[MOST];
    static struct trie_slot slots[MOST];
    static struct trie_pair pairs[MOST];
    static uint8_t texts[MOST][TRIE_ACCOUNT_SIZE];
    for (size_t count = 0; count < MOST; count = 2 * count + 1) {
        size_t live = 0;
        for (size_t i = 0; i < count; i++) {
            harness_random_edge_bytes(entries[i].address.b, 20);
            memcpy(entries[i].address.b, &i, sizeof i);
            entries[i].account.nonce = harness_random() >> harness_random_below(64);
            entries[i].account.balance = u256_shr(U256(harness_random()), (unsigned)harness_random_below(70));
            harness_random_edge_bytes(entries[i].account.code_hash.b, 32);
            slots[i].key = U256(i);
            slots[i].value = i % 5 == 0 ? U256_ZERO : u256_shl(U256(i), (unsigned)harness_random_below(256));
            if (!u256_is_zero(slots[i].value)) {
                struct hash key = u256_to_hash(slots[i].key);
                keccak256((struct hash *)(void *)pairs[live].key, key.b, 32);
                pairs[live].key_size = 32;
                pairs[live].value = (struct bytes){texts[live], trie_word_encode(texts[live], slots[i].value)};
                struct u256 back;
                CHECK_STATUS(trie_word_decode(&back, pairs[live].value), STATUS_OK);
                CHECK(u256_equal(back, slots[i].value));
                live++;
            }
        }
        struct hash found, expected;
        trie_storage_root(&found, slots, count);
        slow_root(&expected, pairs, live);
        CHECK_BYTES(found.b, expected.b, 32);
        for (size_t i = 0; i < count; i++) {
            struct trie_account back;
            entries[i].account.storage_root = found;
            keccak256((struct hash *)(void *)pairs[i].key, entries[i].address.b, 20);
            pairs[i].key_size = 32;
            pairs[i].value = (struct bytes){texts[i], trie_account_encode(texts[i], &entries[i].account)};
            CHECK_STATUS(trie_account_decode(&back, pairs[i].value), STATUS_OK);
            CHECK(back.nonce == entries[i].account.nonce && u256_equal(back.balance, entries[i].account.balance));
            CHECK(hash_equal(&back.storage_root, &found) && hash_equal(&back.code_hash, &entries[i].account.code_hash));
        }
        trie_state_root(&found, entries, count, NULL);
        slow_root(&expected, pairs, count);
        CHECK_BYTES(found.b, expected.b, 32);
    }
}

TEST(trie_root_of_nothing_is_the_empty_root)
{
    struct hash found;
    trie_ordered_root(&found, NULL, 0);
    CHECK_HEX(found.b, 32, "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    trie_storage_root(&found, NULL, 0);
    CHECK_BYTES(found.b, keccak_empty_trie.b, 32);
}
