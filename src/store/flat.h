/* flat: tables from a flat key to a value of fixed size. Private to store/.
 *
 *     flat_map     grows; for what must not be lost: changes that are not committed yet, records of the past
 *     flat_cache   bounded; forgets what has not been asked for lately
 *
 * Keys are hashes, or paths in a trie, behind a number. */
#ifndef WEFT_STORE_FLAT_H
#define WEFT_STORE_FLAT_H

#include "base/hash.h"

/* An account (id 0, hash of the address) or a slot (storage id, hash of the slot). */
struct flat_key {
    uint64_t id;
    struct hash hash;
};
static inline bool flat_key_equal(const struct flat_key *a, const struct flat_key *b)
{
    return a->id == b->id && hash_equal(&a->hash, &b->hash);
}
static inline uint64_t flat_key_hash(const struct flat_key *k)
{
    return hash_of_hash(k->id, &k->hash);
}

/* ---- the map -------------------------------------------------------------------------------------------------- */

/* Zero-initialise, then set value_size. Finding: any number of threads while nobody writes. */
struct flat_map {
    size_t value_size; /* bytes, a multiple of 8 */
    uint8_t *entries;  /* key and value, one behind the other, in order of insertion */
    uint32_t *cells;   /* number of the entry + 1; 0 is free */
    size_t count, capacity, mask;
};
void *flat_map_find(const struct flat_map *m, const struct flat_key *k); /* NULL when absent */
/* The value under the key; zeroed when it is new. Valid until the next key is added. */
void *flat_map_put(struct flat_map *m, const struct flat_key *k);
static inline struct flat_key *flat_map_key(const struct flat_map *m, size_t i)
{
    return (struct flat_key *)(void *)(m->entries + i * (sizeof(struct flat_key) + m->value_size));
}
static inline void *flat_map_value(const struct flat_map *m, size_t i)
{
    return flat_map_key(m, i) + 1;
}
size_t flat_map_bytes(const struct flat_map *m);
void flat_map_clear(struct flat_map *m); /* and keeps its memory */
void flat_map_free(struct flat_map *m);  /* and keeps value_size */

/* ---- the cache ------------------------------------------------------------------------------------------------ */

/* Sets of eight places, each set under a lock of its own. Any number of threads. */
struct flat_cache;
struct flat_cache *flat_cache_new(size_t value_size, size_t bytes);
void flat_cache_free(struct flat_cache *c);
/* Copies the value out; false when it is not there. */
bool flat_cache_get(struct flat_cache *c, const struct flat_key *k, void *value);
void flat_cache_put(struct flat_cache *c, const struct flat_key *k, const void *value);

#endif
