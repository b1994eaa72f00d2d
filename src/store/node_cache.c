/* Nodes that are at hand before the tries ask for them.
 *
 *     execution reads a slot ──► the cursor stands on the pair ──► some steps back lie the lowest nodes of its way
 *                                                                         │ copied: node_take_along
 *     tries_update ◄──────────────────────── fetched_find ◄───────────────┘
 *
 * What is changed was read before, mostly, and nodes lie among the pairs below them: the page that a read has brought
 * in has the branch above the pair, too. To come back for it costs the whole descent again, and a page fault.
 *
 * Nodes are kept by their place. One that is not in memory with the tries has not changed since the last commit, so
 * what has been copied holds until the next one, when all is given up (commit_wait). Where no node lies below the
 * lowest one the pair is a leaf: that is noted with the node, and saves making the leaf's hash to see whether it is
 * one. */
#include <stdlib.h>

#include "store/private.h"

enum { FETCH_SHARDS = 64 };

struct fetched {
    struct fetch_shard {
        pthread_mutex_t lock;
        struct flat_map nodes; /* struct node_at_hand, in the arena */
        struct arena arena;
        size_t bytes; /* in use of both, about */
    } shard[FETCH_SHARDS];
};

/* A node's place as a flat key: the beginning of the key, and its length beside the id. */
struct flat_key fetched_place(uint64_t id, const uint8_t *key, size_t depth)
{
    struct flat_key k = {.id = id | (uint64_t)depth << 56};
    memcpy(k.hash.b, key, (depth + 1) / 2);
    if (depth % 2 != 0) k.hash.b[depth / 2] &= 0xf0;
    return k;
}

struct fetched *fetched_new(void)
{
    struct fetched *f = base_calloc(1, sizeof *f);
    for (size_t i = 0; i < FETCH_SHARDS; i++) {
        pthread_mutex_init(&f->shard[i].lock, NULL);
        f->shard[i].nodes.value_size = sizeof(struct node_at_hand);
    }
    return f;
}

static void fetched_clear(struct fetched *f)
{
    for (size_t i = 0; i < FETCH_SHARDS; i++) {
        flat_map_clear(&f->shard[i].nodes);
        arena_reset(&f->shard[i].arena);
        f->shard[i].bytes = 0;
    }
}

void fetched_free(struct fetched *f)
{
    for (size_t i = 0; f != NULL && i < FETCH_SHARDS; i++) {
        pthread_mutex_destroy(&f->shard[i].lock);
        flat_map_free(&f->shard[i].nodes);
        arena_free(&f->shard[i].arena);
    }
    free(f);
}

static size_t fetched_bytes(const struct fetched *f)
{
    size_t bytes = 0;
    for (size_t i = 0; i < FETCH_SHARDS; i++) bytes += f->shard[i].bytes;
    return bytes;
}

static struct fetch_shard *shard_of(struct fetched *f, const struct flat_key *k)
{
    return &f->shard[flat_key_hash(k) >> 32 & (FETCH_SHARDS - 1)];
}

bool fetched_find(struct fetched *f, const struct flat_key *k, struct node_at_hand *out)
{
    struct fetch_shard *shard = shard_of(f, k);
    pthread_mutex_lock(&shard->lock);
    const struct node_at_hand *found = flat_map_find(&shard->nodes, k);
    if (found != NULL) *out = *found;
    pthread_mutex_unlock(&shard->lock);
    return found != NULL;
}

void fetched_put(struct fetched *f, const struct flat_key *k, struct node_at_hand node, size_t most)
{
    enum { ENTRY = sizeof(struct flat_key) + sizeof(struct node_at_hand) + 2 * sizeof(uint32_t) };
    struct fetch_shard *shard = shard_of(f, k);
    size_t bytes = ENTRY + node.encoded.size;
    pthread_mutex_lock(&shard->lock);
    struct node_at_hand *found = flat_map_find(&shard->nodes, k);
    if (found != NULL) {
        found->leaves |= node.leaves;
    } else if (bytes <= most / FETCH_SHARDS && shard->bytes <= most / FETCH_SHARDS - bytes) {
        node.encoded.data = arena_copy(&shard->arena, node.encoded.data, node.encoded.size);
        *(struct node_at_hand *)flat_map_put(&shard->nodes, k) = node;
        shard->bytes += bytes;
    }
    pthread_mutex_unlock(&shard->lock);
}

/* ---- for the tries ----------------------------------------------------------------------------------------------- */

bool at_hand_find(struct store *s, const struct flat_key *k, struct node_at_hand *out)
{
    struct at_hand *a = &s->at_hand;
    return (a->fetched != NULL && fetched_find(a->fetched, k, out)) || fetched_find(a->taken, k, out) ||
           fetched_find(a->older, k, out);
}

void at_hand_open(struct store *s)
{
    s->at_hand.taken = fetched_new();
    s->at_hand.older = fetched_new();
}

void at_hand_close(struct store *s)
{
    fetched_free(s->at_hand.taken);
    fetched_free(s->at_hand.older);
}

void at_hand_clear(struct store *s)
{
    fetched_clear(s->at_hand.taken);
    fetched_clear(s->at_hand.older);
}

static size_t most_taken(const struct store *s)
{
    return s->options.cache_bytes / 64;
}

void at_hand_turn(struct store *s)
{
    struct at_hand *a = &s->at_hand;
    if (fetched_bytes(a->taken) < most_taken(s) / 2) return;
    struct fetched *older = a->older;
    fetched_clear(older);
    a->older = a->taken;
    a->taken = older;
}

/* ---- taken along ------------------------------------------------------------------------------------------------- */

/* A pair that is looked for, and what has been seen around its place. */
struct around {
    struct store *store;
    uint64_t id;
    const struct hash *key;
    size_t depth;            /* of the lowest node on its way; SIZE_MAX: none was seen */
    struct bytes node;       /* ... and that node */
    struct bytes near[2][2]; /* key and value of the pairs next to it, if it is not there itself */
    unsigned near_count;
};

static struct bytes bytes_of(const MDB_val *v)
{
    return (struct bytes){v->mv_data, v->mv_size};
}

/* The depth that a node's key ends with; SIZE_MAX when the node is not on the way of the pair. */
static size_t depth_on_way(const struct around *a, struct bytes key)
{
    uint8_t place[NODE_KEY_MAX];
    if (key.size <= (a->id == 0 ? 0u : 8u)) return SIZE_MAX;
    size_t depth = key.data[key.size - 1 - (key.size > pair_key_size(a->id))];
    if (depth > 2 * TRIE_KEY_MAX) return SIZE_MAX;
    size_t size = node_key(place, a->id, a->key->b, depth);
    return size == key.size && memcmp(place, key.data, size) == 0 ? depth : SIZE_MAX;
}

static void take(struct around *a, size_t depth, struct bytes node, uint16_t leaves)
{
    struct flat_key k = fetched_place(a->id, a->key->b, depth);
    fetched_put(a->store->at_hand.taken, &k, (struct node_at_hand){node, leaves}, most_taken(a->store));
}

/* Goes back from the pair's place, `at`. Most pages have some 25 entries; the lowest node stands above a few of them,
 * and the one above that, if it lies near, may be new as well. */
static void look_back(struct around *a, MDB_cursor *cursor, const void *at)
{
    enum { STEPS = 16, MORE = 6, PAGE = 4096 };
    uintptr_t page = (uintptr_t)at / PAGE;
    MDB_val k, v;
    for (unsigned i = 0, end = STEPS; i < end && mdb_cursor_get(cursor, &k, &v, MDB_PREV) == 0; i++) {
        if (page != (uintptr_t)k.mv_data / PAGE) { /* another page, which is another read */
            if (a->depth != SIZE_MAX) return;
            read_latency(a->store);
            page = (uintptr_t)k.mv_data / PAGE;
        }
        if (k.mv_size == pair_key_size(a->id)) {
            if (i != 0) continue;
            a->near[a->near_count][0] = bytes_of(&k);
            a->near[a->near_count++][1] = bytes_of(&v);
            continue;
        }
        size_t depth = depth_on_way(a, bytes_of(&k));
        if (depth == SIZE_MAX) continue;
        if (a->depth != SIZE_MAX && depth < a->depth) {
            take(a, depth, bytes_of(&v), 0);
            continue;
        }
        if (a->depth == SIZE_MAX && i + MORE < STEPS) end = i + MORE;
        if (a->depth != SIZE_MAX) take(a, a->depth, a->node, 0);
        a->depth = depth;
        a->node = bytes_of(&v);
    }
}

static int compare(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Whether the place one nibble below the lowest node lies between it and the pair, so that a node there would have been
 * seen. Mostly so, but not where a node's depth is more than the byte that follows below it. */
static bool has_passed_below(const struct around *a, struct bytes pair)
{
    uint8_t upper[NODE_KEY_MAX], lower[NODE_KEY_MAX];
    if (a->depth >= 2 * TRIE_KEY_MAX) return false;
    struct bytes node = {upper, node_key(upper, a->id, a->key->b, a->depth)};
    struct bytes below = {lower, node_key(lower, a->id, a->key->b, a->depth + 1)};
    return compare(node, below) < 0 && compare(below, pair) < 0;
}

/* Where nothing was seen below the lowest node, a leaf lies there, or nothing. */
static void take_lowest(struct around *a, struct bytes pair, bool there)
{
    uint8_t leaf[NODE_MAX];
    bool passed = has_passed_below(a, pair);
    unsigned nibble = a->key->b[a->depth / 2 % 32] >> (a->depth % 2 == 0 ? 4 : 0) & 15;
    take(a, a->depth, a->node, passed && there ? (uint16_t)(1u << nibble) : 0);
    for (unsigned i = 0; i < a->near_count && passed && !there; i++) {
        size_t size = node_leaf(leaf, a->id, a->near[i][0].data, a->near[i][1], a->key->b, a->depth + 1);
        if (size != 0) take(a, a->depth + 1, (struct bytes){leaf, size}, 0);
    }
}

bool node_take_along(struct store *s, struct reader *r, uint64_t id, const struct hash *key, struct bytes *value)
{
    uint8_t pair[SLOT_KEY_SIZE];
    size_t before = id == 0 ? 0 : 8, size = pair_key_size(id);
    if (id != 0) store_be64(pair, id);
    memcpy(pair + before, key->b, sizeof key->b);
    struct around a = {.store = s, .id = id, .key = key, .depth = SIZE_MAX};
    MDB_cursor *cursor = reader_cursor(s, r, node_table(id));
    MDB_val k = {size, pair}, v;
    map_was_read(s);
    if (cursor == NULL || !was_found(s, mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE))) return false;
    bool there = k.mv_size == size && memcmp(k.mv_data, pair, size) == 0;
    if (there) *value = (struct bytes){v.mv_data, v.mv_size};
    if (!there && k.mv_size == size) {
        a.near[0][0] = bytes_of(&k);
        a.near[0][1] = bytes_of(&v);
        a.near_count = 1;
    }
    look_back(&a, cursor, k.mv_data);
    if (a.depth != SIZE_MAX) take_lowest(&a, (struct bytes){pair, size}, there);
    return there;
}
