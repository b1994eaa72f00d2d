/* memory_index: from keys to places in an array, by open addressing; what the states in memory are found through. The
 * array's owner compares keys and keeps the hashes. Private to state/. */
#ifndef WEFT_STATE_MEMORY_INDEX_H
#define WEFT_STATE_MEMORY_INDEX_H

#include <stdlib.h>

#include "state/memory.h"

enum { MEMORY_CELLS_START = 64 };

static inline void index_init(struct memory_index *x, size_t cells)
{
    x->cells = base_calloc(cells, sizeof *x->cells);
    x->mask = cells - 1;
}

static inline void index_place(struct memory_index *x, uint64_t hash, uint32_t id)
{
    size_t i = hash & x->mask;
    while (x->cells[i] != 0) i = (i + 1) & x->mask;
    x->cells[i] = id;
}

/* Doubles an index that is half full; true: it is empty then, and everything is to be placed again. */
static inline bool index_grows(struct memory_index *x, uint32_t count)
{
    if ((size_t)count * 2 <= x->mask) return false;
    size_t cells = (x->mask + 1) * 2;
    free(x->cells);
    index_init(x, cells);
    return true;
}

#endif
