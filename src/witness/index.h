/* index: bytes by their keccak-256. Private to witness/. Filled by one thread, then read by any number. */
#ifndef WEFT_WITNESS_INDEX_H
#define WEFT_WITNESS_INDEX_H

#include "base/base.h"

struct index_cell {
    struct hash hash;
    struct bytes bytes; /* data is NULL where the cell is free */
};
struct hash_index {
    struct index_cell *cells;
    size_t capacity, count; /* a power of two; at least twice the count */
};

void index_reserve(struct hash_index *x, size_t count);
/* Makes room by itself. What is there already stays. */
void index_put(struct hash_index *x, const struct hash *hash, struct bytes bytes);
bool index_find(const struct hash_index *x, const struct hash *hash, struct bytes *out);
void index_free(struct hash_index *x);

#endif
