/* intern: the one kind of shared hash table in weft: insert-only, from key to a stable entry. Private to state/.
 *
 * A table is split into shards by the top bits of the hash. Each shard is an open-addressing array of tagged pointers:
 *
 *     cell = entry address (48 bits) | top 16 bits of the hash
 *
 * Finding takes no lock. Inserting locks the shard, looks again and publishes the cell (release, pairs with the acquire
 * in intern_find). Growing makes a larger array; the old one stays until the table is reset, since a reader may be in
 * it: such a reader can miss a new entry, never see a wrong one, and a miss always looks again under the lock. */
#ifndef WEFT_STATE_INTERN_H
#define WEFT_STATE_INTERN_H

#include "base/base.h"

enum { INTERN_SHARDS = 32, INTERN_CELLS_START = 32 };

struct intern_array {
    struct intern_array *older;
    size_t mask;
    _Atomic(uintptr_t) cell[];
};

struct intern_shard {
    _Alignas(64) atomic_flag lock;
    _Atomic(struct intern_array *) array;
    size_t count;
    struct arena arena; /* where the entries of this shard live; used under the lock */
};

struct intern {
    struct intern_shard shard[INTERN_SHARDS];
};

void intern_init(struct intern *t);
void intern_reset(struct intern *t); /* forgets all entries, keeps the memory; no other thread may be inside */
void intern_free(struct intern *t);

/* Locks the shard of `hash`; the caller looks again with intern_find, allocates from shard->arena and calls
 * intern_insert. */
struct intern_shard *intern_lock(struct intern *t, uint64_t hash);
void intern_insert(struct intern_shard *shard, uint64_t hash, uint64_t (*hash_of)(const void *entry), void *entry);
static inline void intern_unlock(struct intern_shard *shard)
{
    flag_unlock(&shard->lock);
}

static ALWAYS_INLINE struct intern_shard *intern_shard(struct intern *t, uint64_t hash)
{
    return &t->shard[(hash >> 40) % INTERN_SHARDS];
}

#define INTERN_TAG_MASK ((uintptr_t)0xffff << 48)

/* The entry with that hash for which equal(entry, key) holds, or NULL. Inlined with its comparison. */
static ALWAYS_INLINE void *intern_find(struct intern *t, uint64_t hash, bool (*equal)(const void *, const void *),
                                       const void *key)
{
    struct intern_array *a = atomic_load_explicit(&intern_shard(t, hash)->array, memory_order_acquire);
    uintptr_t tag = hash & INTERN_TAG_MASK;
    for (size_t i = hash & a->mask;; i = (i + 1) & a->mask) {
        uintptr_t cell = atomic_load_explicit(&a->cell[i], memory_order_acquire);
        if (cell == 0) return NULL;
        if ((cell & INTERN_TAG_MASK) == tag) {
            void *entry = (void *)(cell & ~INTERN_TAG_MASK);
            if (LIKELY(equal(entry, key))) return entry;
        }
    }
}

#endif
