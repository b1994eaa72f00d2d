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
 * what has been copied holds until the next one, when all is given up (commit_wait). Where no node lies at a place, the
 * pair is the leaf there: that is noted, too, and saves making its hash. */
#include <stdlib.h>

#include "store/private.h"

enum { FETCH_SHARDS = 64 };

struct fetched {
    struct fetch_shard {
        pthread_mutex_t lock;
        struct flat_map nodes; /* struct bytes, in the arena; empty: no node lies there, a pair is the leaf */
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
        f->shard[i].nodes.value_size = sizeof(struct bytes);
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

bool fetched_find(struct fetched *f, const struct flat_key *k, struct bytes *out)
{
    struct fetch_shard *shard = shard_of(f, k);
    pthread_mutex_lock(&shard->lock);
    const struct bytes *found = flat_map_find(&shard->nodes, k);
    if (found != NULL) *out = *found;
    pthread_mutex_unlock(&shard->lock);
    return found != NULL;
}

void fetched_put(struct fetched *f, const struct flat_key *k, struct bytes node, size_t most)
{
    enum { ENTRY = sizeof(struct flat_key) + sizeof(struct bytes) + 2 * sizeof(uint32_t) };
    struct fetch_shard *shard = shard_of(f, k);
    pthread_mutex_lock(&shard->lock);
    if (shard->bytes + ENTRY + node.size <= most / FETCH_SHARDS && flat_map_find(&shard->nodes, k) == NULL) {
        if (node.size != 0) node.data = arena_copy(&shard->arena, node.data, node.size);
        *(struct bytes *)flat_map_put(&shard->nodes, k) = node;
        shard->bytes += ENTRY + node.size;
    }
    pthread_mutex_unlock(&shard->lock);
}

/* ---- for the tries ----------------------------------------------------------------------------------------------- */

bool at_hand_find(struct store *s, const struct flat_key *k, struct bytes *out)
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
    size_t lowest;       /* depth of the lowest node on its way; SIZE_MAX: none was seen */
    MDB_val near[2][2];  /* key and value of the pairs next to it, if it is not there itself */
    unsigned near_count;
};

/* The depth that a node's key ends with; SIZE_MAX when the node is not on the way of the pair. */
static size_t depth_on_way(const struct around *a, const MDB_val *k)
{
    uint8_t place[NODE_KEY_MAX];
    const uint8_t *found = k->mv_data;
    size_t before = a->id == 0 ? 0 : 8;
    if (k->mv_size <= before) return SIZE_MAX;
    size_t depth = found[k->mv_size - 1];
    if (k->mv_size > pair_key_size(a->id)) depth = found[k->mv_size - 2];
    if (depth > 2 * TRIE_KEY_MAX) return SIZE_MAX;
    size_t size = node_key(place, a->id, a->key->b, depth);
    return size == k->mv_size && memcmp(place, found, size) == 0 ? depth : SIZE_MAX;
}

static void take(struct around *a, size_t depth, struct bytes node)
{
    struct flat_key k = fetched_place(a->id, a->key->b, depth);
    fetched_put(a->store->at_hand.taken, &k, node, most_taken(a->store));
}

/* Goes back from the pair's place. Most pages have some 25 entries; the lowest node stands above a few of them. */
static void look_back(struct around *a, MDB_cursor *cursor)
{
    enum { STEPS = 20 };
    MDB_val k, v;
    for (unsigned i = 0; i < STEPS && mdb_cursor_get(cursor, &k, &v, MDB_PREV) == 0; i++) {
        if (k.mv_size == pair_key_size(a->id)) {
            if (i == 0) {
                a->near[a->near_count][0] = k;
                a->near[a->near_count++][1] = v;
            }
            continue;
        }
        size_t depth = depth_on_way(a, &k);
        if (depth == SIZE_MAX) continue;
        if (a->lowest == SIZE_MAX) a->lowest = depth;
        take(a, depth, (struct bytes){v.mv_data, v.mv_size});
    }
}

/* Below the lowest node lies a leaf, or nothing. Only where a node would have been seen: it lies before the pairs below
 * it, but for those whose next byte is less than its depth. */
static void take_leaf(struct around *a, const uint8_t *pair, size_t pair_size, bool there)
{
    uint8_t place[NODE_KEY_MAX], leaf[NODE_MAX];
    size_t depth = a->lowest + 1, size = node_key(place, a->id, a->key->b, depth);
    if (depth > 2 * TRIE_KEY_MAX || memcmp(place, pair, size < pair_size ? size : pair_size) > 0) return;
    if (there) take(a, depth, (struct bytes){0});
    for (unsigned i = 0; i < a->near_count && !there; i++) {
        const uint8_t *near = a->near[i][0].mv_data;
        struct bytes value = {a->near[i][1].mv_data, a->near[i][1].mv_size};
        size = node_leaf(leaf, a->id, near, value, a->key->b, depth);
        if (size != 0) take(a, depth, (struct bytes){leaf, size});
    }
}

bool node_take_along(struct store *s, struct reader *r, uint64_t id, const struct hash *key, struct bytes *value)
{
    uint8_t pair[SLOT_KEY_SIZE];
    size_t before = id == 0 ? 0 : 8, size = pair_key_size(id);
    if (id != 0) store_be64(pair, id);
    memcpy(pair + before, key->b, sizeof key->b);
    struct around a = {.store = s, .id = id, .key = key, .lowest = SIZE_MAX};
    MDB_cursor *cursor = reader_cursor(s, r, node_table(id));
    MDB_val k = {size, pair}, v;
    map_was_read(s);
    if (mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE) != 0) return false;
    bool there = k.mv_size == size && memcmp(k.mv_data, pair, size) == 0;
    if (there) *value = (struct bytes){v.mv_data, v.mv_size};
    if (!there && k.mv_size == size) {
        a.near[0][0] = k;
        a.near[0][1] = v;
        a.near_count = 1;
    }
    look_back(&a, cursor);
    if (a.lowest != SIZE_MAX) take_leaf(&a, pair, size, there);
    return there;
}
