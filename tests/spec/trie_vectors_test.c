/* ethereum/tests, TrieTests: roots after puts and deletes, with plain and with hashed keys. */
#include "trie/trie.h"

#include "vectors.h"

static bool hashed_keys, any_order;

static void put(struct trie *t, struct arena *arena, yyjson_val *key_text, yyjson_val *value_text)
{
    struct bytes key = vectors_text(arena, yyjson_get_str(key_text), yyjson_get_len(key_text)), value = {0};
    struct hash hash;
    if (hashed_keys) {
        keccak256(&hash, key.data, key.size);
        key = (struct bytes){hash.b, sizeof hash};
    }
    if (yyjson_is_str(value_text)) value = vectors_text(arena, yyjson_get_str(value_text), yyjson_get_len(value_text));
    CHECK_STATUS(trie_put(t, key.data, key.size, value), STATUS_OK);
}

static void check_case(struct json_reader *f, const char *name, yyjson_val *test)
{
    struct arena arena = {0};
    struct trie *t = trie_new(NULL, NULL);
    struct hash expected = json_hash(f, test, "root"), found;
    yyjson_val *in = json_member(f, test, "in"), *step;
    size_t i, count;
    yyjson_val *key;
    if (any_order)
        yyjson_obj_foreach(in, i, count, key, step) put(t, &arena, key, step);
    else
        yyjson_arr_foreach(in, i, count, step) put(t, &arena, yyjson_arr_get(step, 0), yyjson_arr_get(step, 1));
    trie_root(t, NULL, &found);
    if (!hash_equal(&found, &expected)) FAIL("%s: wrong root", name);
    trie_free(t);
    arena_free(&arena);
}

static size_t run(const char *file, bool hashed, bool any)
{
    hashed_keys = hashed;
    any_order = any;
    return vectors_each(file, check_case);
}

TEST(published_trie_vectors_hold)
{
    CHECK(run("ethereum_tests/TrieTests/trietest.json", false, false) > 0);
    CHECK(run("ethereum_tests/TrieTests/trietest_secureTrie.json", true, false) > 0);
    CHECK(run("ethereum_tests/TrieTests/trieanyorder.json", false, true) > 0);
    CHECK(run("ethereum_tests/TrieTests/trieanyorder_secureTrie.json", true, true) > 0);
    CHECK(run("ethereum_tests/TrieTests/hex_encoded_securetrie_test.json", true, true) > 0);
}
