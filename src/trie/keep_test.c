/* Tries that are kept by path, changed by many workers, and streamed: each against building everything anew. */
#include <stdlib.h>

#include "harness.h"
#include "trie/trie.h"

enum { MOST = 3000 };

/* What a database would hold: nodes by path, and the pairs. */
struct kept_node {
    uint8_t path[64];
    size_t depth;
    struct hash hash;
    struct bytes encoded; /* NULL data: gone */
};
struct kept {
    struct kept_node *nodes;
    size_t count, live;
    struct trie_pair pairs[MOST];
    uint8_t values[MOST][8];
    size_t pair_count;
    struct arena arena;
};

static struct kept_node *kept_find(struct kept *k, const uint8_t *path, size_t depth)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->nodes[i].depth == depth && memcmp(k->nodes[i].path, path, depth) == 0) return &k->nodes[i];
    return NULL;
}

static void kept_gone(void *context, const uint8_t *path, size_t depth)
{
    struct kept_node *n = kept_find(context, path, depth);
    if (n != NULL) n->encoded = (struct bytes){0};
}

static void kept_node(void *context, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded)
{
    struct kept *k = context;
    struct kept_node *n = kept_find(k, path, depth);
    if (n == NULL) {
        k->nodes = base_realloc(k->nodes, (k->count + 1) * sizeof *k->nodes);
        n = &k->nodes[k->count++];
        memcpy(n->path, path, depth);
        n->depth = depth;
    }
    n->hash = *hash;
    n->encoded = (struct bytes){arena_copy(&k->arena, encoded.data, encoded.size), encoded.size};
}

static bool kept_node_at(void *context, const uint8_t *key, size_t depth, struct bytes *out, uint16_t *leaves)
{
    struct kept *k = context;
    static _Thread_local uint8_t leaf[8 + TRIE_LEAF_ROOM];
    uint8_t path[64];
    for (size_t i = 0; i < depth; i++) path[i] = i % 2 == 0 ? key[i / 2] >> 4 : key[i / 2] & 15;
    struct kept_node *n = kept_find(k, path, depth);
    if (n != NULL && n->encoded.size != 0) {
        *out = n->encoded;
        for (unsigned i = 0; i < 16 && key[0] % 2 == 0; i++) { /* half of the tries' nodes tell */
            path[depth] = (uint8_t)i;
            struct kept_node *below = depth < 64 ? kept_find(k, path, depth + 1) : NULL;
            if (below == NULL || below->encoded.size == 0) *leaves |= (uint16_t)(1u << i);
        }
        return true;
    }
    for (size_t i = 0; i < k->pair_count; i++) {
        const struct trie_pair *p = &k->pairs[i];
        if (memcmp(p->key, key, depth / 2) == 0 && (depth % 2 == 0 || p->key[depth / 2] >> 4 == key[depth / 2] >> 4)) {
            *out = (struct bytes){leaf, trie_leaf_encode(leaf, p->key, 32, depth, p->value)};
            return true;
        }
    }
    return false;
}

/* Few distinct nibbles and long common beginnings, so that extensions, collapses and merges happen. */
static void random_key(uint8_t key[32])
{
    for (size_t i = 0; i < 32; i++) key[i] = 0x11;
    key[0] = (uint8_t)(harness_random_below(4) == 0 ? harness_random_below(256) : harness_random_below(3) << 4);
    key[1] = (uint8_t)(harness_random_below(2) << 4);
    key[harness_random_below(8)] ^= (uint8_t)harness_random_below(4);
    key[31] = (uint8_t)harness_random_below(3);
}

static size_t pair_find(const struct kept *k, const uint8_t *key)
{
    size_t i = 0;
    while (i < k->pair_count && memcmp(k->pairs[i].key, key, 32) != 0) i++;
    return i;
}

static void pair_set(struct kept *k, const struct trie_pair *p)
{
    size_t i = pair_find(k, p->key);
    if (p->value.size == 0) {
        if (i == k->pair_count) return;
        k->pairs[i] = k->pairs[--k->pair_count];
        memcpy(k->values[i], k->values[k->pair_count], 8);
    } else {
        if (i == k->pair_count) k->pair_count++;
        k->pairs[i] = *p;
        memcpy(k->values[i], p->value.data, p->value.size);
    }
    k->pairs[i].value.data = k->values[i];
}

static struct trie_pair *sorted_pairs(const struct kept *k)
{
    struct trie_pair *copy = base_alloc((k->pair_count + 1) * sizeof *copy);
    memcpy(copy, k->pairs, k->pair_count * sizeof *copy);
    for (size_t i = 0; i < k->pair_count; i++) copy[i].value.data = k->values[i];
    return copy;
}

struct stream_check {
    struct kept *kept;
    size_t seen;
};

static void compare_node(void *context, const uint8_t *path, size_t depth, const struct hash *hash,
                         struct bytes encoded)
{
    struct stream_check *c = context;
    const struct kept_node *n = kept_find(c->kept, path, depth);
    CHECK(n != NULL && hash_equal(&n->hash, hash) && bytes_equal(n->encoded, encoded));
    c->seen++;
}

/* Root of everything from scratch twice, and the kept nodes are those of the stream, no more and no fewer. */
static void check_kept(struct kept *k, const struct hash *root)
{
    struct hash expected, streamed;
    struct trie_pair *pairs = sorted_pairs(k);
    trie_pairs_root(&expected, pairs, k->pair_count, NULL); /* sorts them */
    CHECK_BYTES(root->b, expected.b, 32);
    struct stream_check check = {k, 0};
    struct trie_keeper keeper = {.context = &check, .node = compare_node};
    struct trie_stream *s = trie_stream_new(&keeper);
    for (size_t i = 0; i < k->pair_count; i++) trie_stream_put(s, pairs[i].key, 32, pairs[i].value);
    trie_stream_root(s, &streamed);
    trie_stream_free(s);
    free(pairs);
    CHECK_BYTES(streamed.b, expected.b, 32);
    size_t live = 0;
    for (size_t i = 0; i < k->count; i++) live += k->nodes[i].encoded.size != 0;
    CHECK_EQ_U64(live, check.seen);
}

/* What is said to be under a key: what is there, nothing, or (as after changes that the kept ones do not have yet)
 * something else. */
static uint32_t tell_old(const struct kept *k, const uint8_t *key, uint8_t old[8])
{
    size_t i = pair_find(k, key);
    if (i == k->pair_count || harness_random_below(4) == 0) return 0;
    memcpy(old, k->values[i], k->pairs[i].value.size);
    if (harness_random_below(8) == 0) old[0] ^= 1;
    return (uint32_t)k->pairs[i].value.size;
}

/* Changes of random keys, or (mostly) deletions of what is there. */
static size_t random_changes(const struct kept *k, size_t most, bool mostly_gone, struct trie_pair *pairs,
                             uint8_t (*values)[16])
{
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        struct trie_pair p = {.key_size = 32};
        random_key(p.key);
        if (mostly_gone && k->pair_count != 0) memcpy(p.key, k->pairs[harness_random_below(k->pair_count)].key, 32);
        size_t at = 0;
        while (at < count && memcmp(pairs[at].key, p.key, 32) != 0) at++;
        if (at < count) continue;
        bool gone = harness_random_below(10) < (mostly_gone ? 9u : 3u);
        size_t size = gone ? 0 : 1 + harness_random_below(8);
        for (size_t b = 0; b < size; b++) values[count][b] = (uint8_t)(1 + harness_random_below(255));
        p.value = (struct bytes){values[count], size};
        p.old_size = tell_old(k, p.key, values[count] + size);
        pairs[count++] = p;
    }
    return count;
}

static void change_and_check(struct kept *k, size_t changes, unsigned rounds, struct pool *pool)
{
    struct trie_source source = {.context = k, .node_at = kept_node_at};
    struct trie_keeper keeper = {k, kept_gone, kept_node};
    struct hash root = keccak_empty_trie;
    struct trie *t = trie_new(NULL, &source);
    for (unsigned round = 0; round < rounds; round++) {
        struct trie_pair *pairs = base_calloc(2 * changes, sizeof *pairs);
        uint8_t(*values)[16] = base_calloc(2 * changes, sizeof *values);
        size_t count = random_changes(k, changes, round % 4 == 3, pairs, values), more = 0;
        CHECK_STATUS(trie_put_all(t, pairs, count, pool), STATUS_OK);
        trie_root(t, pool, &root);
        if (harness_random_below(2) == 0) { /* what was saved is forgotten, and read again */
            trie_forget(t);
            trie_root(t, pool, &root);
            more = random_changes(k, changes, harness_random_below(2) == 0, pairs + count, values + count);
            CHECK_STATUS(trie_put_all(t, pairs + count, more, pool), STATUS_OK);
            trie_root(t, pool, &root);
        }
        for (size_t i = 0; i < count + more; i++) pair_set(k, &pairs[i]);
        trie_save(t, &keeper);
        CHECK(!trie_is_unsaved(t));
        if (harness_random_below(2) == 0) {
            check_kept(k, &root);
            if (harness_random_below(2) == 0) {
                trie_free(t);
                t = trie_new(&root, &source);
            }
        }
        free(pairs);
        free(values);
    }
    trie_free(t);
}

TEST(kept_tries_are_those_built_anew)
{
    for (unsigned i = 0; i < 20; i++) {
        struct kept *k = base_calloc(1, sizeof *k);
        change_and_check(k, 1 + harness_random_below(30), 24, NULL);
        arena_free(&k->arena);
        free(k->nodes);
        free(k);
    }
}

TEST(many_workers_change_a_trie_alike)
{
    struct pool *pool = pool_new(3);
    for (unsigned i = 0; i < 6; i++) {
        struct kept *k = base_calloc(1, sizeof *k);
        change_and_check(k, 300, 12, pool);
        arena_free(&k->arena);
        free(k->nodes);
        free(k);
    }
    pool_free(pool);
}
