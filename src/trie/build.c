/* Whole tries at once: sort the pairs, cut them up by nibbles, hash from below. */
#include <stdlib.h>

#include "trie/node.h"

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

/* Ascending; a key before the longer ones that it begins. */
static int compare_keys(const struct trie_pair *a, const struct trie_pair *b)
{
    size_t common = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, common);
    return order != 0 ? order : (int)a->key_size - (int)b->key_size;
}

enum { SMALL_SORT = 24 };

static void sort_small(struct trie_pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct trie_pair moved = pairs[i];
        size_t at = i;
        for (; at > 0 && compare_keys(&pairs[at - 1], &moved) > 0; at--) pairs[at] = pairs[at - 1];
        pairs[at] = moved;
    }
}

/* Radix sort in place, from the first byte on ("American flag"): keys are hashes, so the buckets are even and small
 * after two bytes. Keys that end here go to bucket 0. */
static void sort_pairs(struct trie_pair *pairs, size_t count, size_t byte)
{
    if (count <= SMALL_SORT || byte == TRIE_KEY_MAX) {
        sort_small(pairs, count);
        return;
    }
    enum { BUCKETS = 257 };
    size_t end[BUCKETS], at[BUCKETS], size[BUCKETS] = {0};
#define BUCKET(pair) ((pair).key_size > byte ? 1u + (pair).key[byte] : 0u)
    for (size_t i = 0; i < count; i++) size[BUCKET(pairs[i])]++;
    for (size_t b = 0, sum = 0; b < BUCKETS; b++) {
        at[b] = sum;
        end[b] = sum += size[b];
    }
    for (size_t b = 0; b < BUCKETS; b++)
        while (at[b] < end[b]) {
            size_t home = BUCKET(pairs[at[b]]);
            if (home == b) {
                at[b]++;
                continue;
            }
            struct trie_pair moved = pairs[at[b]];
            pairs[at[b]] = pairs[at[home]];
            pairs[at[home]++] = moved;
        }
#undef BUCKET
    for (size_t b = 1; b < BUCKETS; b++)
        if (size[b] > 1) sort_pairs(pairs + (end[b] - size[b]), size[b], byte + 1);
}

void node_sort_pairs(struct trie_pair *pairs, size_t count)
{
    sort_pairs(pairs, count, 0);
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

/* Number of nibbles that the first and the last key (and so all keys between) share. */
static size_t common_nibbles(const struct trie_pair *first, const struct trie_pair *last, size_t from)
{
    size_t limit = 2 * (size_t)(first->key_size < last->key_size ? first->key_size : last->key_size);
    while (from < limit && nibble_at(first->key, from) == nibble_at(last->key, from)) from++;
    return from;
}

/* The tree of sorted pairs whose first `depth` nibbles agree. */
static struct node *build(struct node_pool *p, const struct trie_pair *pairs, size_t count, size_t depth)
{
    if (count == 1) return &node_new_leaf(p, pairs->key, pairs->key_size, pairs->value, true)->node;
    size_t fork = common_nibbles(pairs, &pairs[count - 1], depth);
    if (fork > depth) {
        uint8_t path[NIBBLES_MAX];
        for (size_t i = depth; i < fork; i++) path[i - depth] = nibble_at(pairs->key, i);
        struct extension *e = node_new_extension(p, path, fork - depth);
        e->child = build(p, pairs, count, fork);
        return &e->node;
    }
    struct branch *b = node_new_branch(p, count < BRANCH_VALUE ? count : BRANCH_VALUE);
    size_t i = 0;
    if (2 * (size_t)pairs->key_size == depth) {
        b->value = &node_new_leaf(p, pairs->key, pairs->key_size, pairs->value, true)->node;
        i = 1;
    }
    while (i < count) {
        size_t start = i;
        uint8_t nibble = nibble_at(pairs[i].key, depth);
        while (i < count && nibble_at(pairs[i].key, depth) == nibble) i++;
        *node_ref_new(p, b, nibble).node = build(p, pairs + start, i - start, depth + 1);
    }
    return &b->node;
}

struct node *node_build(struct node_pool *p, const struct trie_pair *pairs, size_t count)
{
    return build(p, pairs, count, 0);
}

static void root_of_sorted(struct hash *out, const struct trie_pair *pairs, size_t count, struct pool *pool)
{
    if (count == 0) {
        *out = keccak_empty_trie;
        return;
    }
    struct node_pool nodes = {0};
    struct node *root = node_build(&nodes, pairs, count);
    uint8_t reference_size = 0;
    struct node_reference ref = {&root, &reference_size, out->b};
    node_hash_trees(&ref, 1, pool, NULL);
    arena_free(&nodes.arena);
}

void trie_pairs_root(struct hash *out, struct trie_pair *pairs, size_t count, struct pool *pool)
{
    sort_pairs(pairs, count, 0);
    root_of_sorted(out, pairs, count, pool);
}

/* ---- ordered lists ----------------------------------------------------------------------------------------------- */

/* The number that stands at place i when rlp(0), rlp(1), ... are sorted: 1 to 127 are a byte below 0x80, 0 is 0x80, the
 * rest follow. */
static size_t number_at(size_t i, size_t count)
{
    size_t small = count < 128 ? count : 128;
    return i + 1 < small ? i + 1 : i + 1 == small ? 0 : i;
}

void trie_ordered_root(struct hash *out, const struct bytes *values, size_t count)
{
    struct trie_pair *pairs = base_alloc((count + 1) * sizeof *pairs);
    for (size_t i = 0; i < count; i++) {
        size_t number = number_at(i, count);
        struct trie_pair *pair = &pairs[i];
        unsigned bytes = 0;
        while (bytes < sizeof number && number >> (8 * bytes) != 0) bytes++;
        pair->key_size = 0;
        if (number == 0 || number >= 0x80) pair->key[pair->key_size++] = (uint8_t)(0x80 + bytes);
        while (bytes-- > 0) pair->key[pair->key_size++] = (uint8_t)(number >> (8 * bytes));
        pair->value = values[number];
    }
    root_of_sorted(out, pairs, count, NULL);
    free(pairs);
}
