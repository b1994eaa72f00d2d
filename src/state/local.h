/* local_table: one worker's small hash table of the running transaction's records. Emptied by raising a stamp, so that
 * a transaction pays only for what it touches. Private to state/. */
#ifndef WEFT_STATE_LOCAL_H
#define WEFT_STATE_LOCAL_H

#include <stdlib.h>

#include "base/base.h"

struct local_cell {
    uint32_t stamp; /* in use when equal to the table's stamp */
    uint32_t tag;   /* high half of the hash */
    void *record;
};

struct local_table {
    uint32_t stamp;
    uint32_t count;
    size_t mask;
    struct local_cell *cells;
};

enum { LOCAL_CELLS_START = 128 };

static inline struct local_table *local_new(void)
{
    struct local_table *t = base_calloc(1, sizeof *t);
    t->stamp = 1;
    t->mask = LOCAL_CELLS_START - 1;
    t->cells = base_calloc(LOCAL_CELLS_START, sizeof *t->cells);
    return t;
}

static inline void local_free(struct local_table *t)
{
    if (t != NULL) free(t->cells);
    free(t);
}

static inline void local_clear(struct local_table *t)
{
    t->count = 0;
    if (UNLIKELY(++t->stamp == 0)) { /* after 2^32 transactions the old stamps would come alive again */
        memset(t->cells, 0, (t->mask + 1) * sizeof *t->cells);
        t->stamp = 1;
    }
}

/* The record with that hash for which equal(record, key) holds, or NULL. Inlined with its comparison. */
static ALWAYS_INLINE void *local_find(const struct local_table *t, uint64_t hash,
                                      bool (*equal)(const void *, const void *), const void *key)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        const struct local_cell *cell = &t->cells[i];
        if (cell->stamp != t->stamp) return NULL;
        if (cell->tag == tag && LIKELY(equal(cell->record, key))) return cell->record;
    }
}

static inline void local_place(struct local_table *t, uint64_t hash, void *record)
{
    size_t i = hash & t->mask;
    while (t->cells[i].stamp == t->stamp) i = (i + 1) & t->mask;
    t->cells[i] = (struct local_cell){t->stamp, (uint32_t)(hash >> 32), record};
}

/* Adds a record that is not there. hash_of is asked when the table grows. */
static inline void local_insert(struct local_table *t, uint64_t hash, void *record, uint64_t (*hash_of)(const void *))
{
    if (UNLIKELY(++t->count * 2 > t->mask + 1)) {
        struct local_table old = *t;
        t->mask = old.mask * 2 + 1;
        t->cells = base_calloc(t->mask + 1, sizeof *t->cells);
        for (size_t i = 0; i <= old.mask; i++)
            if (old.cells[i].stamp == old.stamp) local_place(t, hash_of(old.cells[i].record), old.cells[i].record);
        free(old.cells);
    }
    local_place(t, hash, record);
}

#endif
