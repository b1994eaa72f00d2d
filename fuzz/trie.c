/* A trie that changes step by step, in memory and from the nodes that it committed, has the root of one that is built at
 * once from what should be in it; and gives the values back.
 *
 *     each step: what to do, a key, a value */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "fuzz.h"
#include "trie/trie.h"

enum { KEYS = 48, KEY_SIZE = 3, VALUE_MAX = 40, STEPS_MAX = 120 };

/* What should be in the trie: index = key. */
struct wanted {
    uint8_t bytes[VALUE_MAX];
    uint32_t size; /* 0: absent */
};

/* Committed nodes; the tries of one input are small enough to search them one by one. */
struct kept {
    struct hash hash;
    struct bytes encoded;
};
static struct kept *nodes;
static size_t node_count, node_capacity;
static struct arena arena;

static bool give_node(void *context, const struct hash *hash, struct bytes *out)
{
    (void)context;
    for (size_t i = node_count; i-- > 0;)
        if (hash_equal(&nodes[i].hash, hash)) {
            *out = nodes[i].encoded;
            return true;
        }
    return false;
}

static void keep_node(void *context, const struct hash *hash, struct bytes encoded)
{
    (void)context;
    if (node_count == node_capacity)
        nodes = base_realloc(nodes, (node_capacity = 2 * node_capacity + 64) * sizeof *nodes);
    nodes[node_count++] = (struct kept){*hash, {arena_copy(&arena, encoded.data, encoded.size), encoded.size}};
}

static const struct trie_source source = {.node = give_node};
static const struct trie_sink sink = {.node = keep_node};

/* Keys share beginnings of every length; none is the beginning of another. */
static void make_key(uint8_t out[KEY_SIZE], unsigned index)
{
    static const uint8_t firsts[] = {0x00, 0x01, 0x10, 0xff};
    out[0] = firsts[index % 4];
    out[1] = firsts[index / 4 % 4];
    out[2] = (uint8_t)(index / 16 * 0x11);
}

static void built_root(const struct wanted *wanted, struct hash *out)
{
    struct trie_pair pairs[KEYS];
    size_t count = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        if (wanted[i].size == 0) continue;
        pairs[count] = (struct trie_pair){.key_size = KEY_SIZE, .value = {wanted[i].bytes, wanted[i].size}};
        make_key(pairs[count++].key, i);
    }
    trie_pairs_root(out, pairs, count, NULL);
}

/* The root by committing: what trie_root hashes is not new to a later commit. */
static void check_root(struct trie *t, const struct wanted *wanted)
{
    struct hash root, expected;
    trie_commit(t, &sink, &root);
    built_root(wanted, &expected);
    FUZZ_CHECK(hash_equal(&root, &expected));
}

static void check_values(struct trie *t, const struct wanted *wanted)
{
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t key[KEY_SIZE];
        struct bytes value;
        make_key(key, i);
        FUZZ_CHECK(trie_get(t, key, KEY_SIZE, &value) == STATUS_OK);
        FUZZ_CHECK(bytes_equal(value, (struct bytes){wanted[i].bytes, wanted[i].size}));
    }
}

/* Commits, and goes on from nothing but the root. */
static void reopen(struct trie **t)
{
    struct hash root;
    trie_commit(*t, &sink, &root);
    trie_free(*t);
    *t = trie_new(&root, &source);
}

/* Several at once, of the keys that follow. */
static void put_many(struct trie *t, struct wanted *wanted, struct fuzz_input *in, unsigned first)
{
    struct trie_pair pairs[8];
    size_t count = 1 + fuzz_below(in, COUNT_OF(pairs));
    for (unsigned i = 0; i < count; i++) {
        struct wanted *w = &wanted[(first + i * 5) % KEYS];
        struct bytes value = fuzz_bytes(in, fuzz_below(in, VALUE_MAX + 1));
        if (value.size != 0) memcpy(w->bytes, value.data, value.size);
        w->size = (uint32_t)value.size;
        pairs[i] = (struct trie_pair){.key_size = KEY_SIZE, .value = {w->bytes, w->size}};
        make_key(pairs[i].key, (first + i * 5) % KEYS);
    }
    FUZZ_CHECK(trie_put_all(t, pairs, count, NULL) == STATUS_OK);
}

static void put_one(struct trie *t, struct wanted *w, unsigned index, struct bytes value)
{
    uint8_t key[KEY_SIZE];
    make_key(key, index);
    if (value.size != 0) memcpy(w->bytes, value.data, value.size);
    w->size = (uint32_t)value.size;
    FUZZ_CHECK(trie_put(t, key, KEY_SIZE, value) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct wanted wanted[KEYS] = {0};
    struct trie *t = trie_new(NULL, &source);
    node_count = 0;
    for (int step = 0; step < STEPS_MAX && in.at != in.end; step++) {
        uint8_t what = fuzz_byte(&in);
        unsigned index = fuzz_below(&in, KEYS);
        switch (what % 8) {
        case 0: reopen(&t); break;
        case 1: check_root(t, wanted); break;
        case 2: put_many(t, wanted, &in, index); break;
        case 3: check_values(t, wanted); break;
        case 4: put_one(t, &wanted[index], index, (struct bytes){NULL, 0}); break;
        default: put_one(t, &wanted[index], index, fuzz_bytes(&in, 1 + fuzz_below(&in, VALUE_MAX))); break;
        }
    }
    check_values(t, wanted);
    struct hash root, expected;
    trie_root(t, NULL, &root);
    built_root(wanted, &expected);
    FUZZ_CHECK(hash_equal(&root, &expected));
    trie_free(t);
    arena_reset(&arena);
    return 0;
}
