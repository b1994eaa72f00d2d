/* Open addressing with linear probing; the place follows from a keyed hash. */
#include "witness/index.h"

#include <stdlib.h>

#include "base/hash.h"

/* Data of empty bytes, which is not NULL. */
static const uint8_t nothing[1];

static struct index_cell *find_cell(const struct hash_index *x, const struct hash *hash)
{
    size_t at = hash_of_hash(0, hash) & (x->capacity - 1);
    while (x->cells[at].bytes.data != NULL && !hash_equal(&x->cells[at].hash, hash)) at = (at + 1) & (x->capacity - 1);
    return &x->cells[at];
}

void index_reserve(struct hash_index *x, size_t count)
{
    size_t capacity = x->capacity == 0 ? 64 : x->capacity;
    while (capacity < 2 * count) capacity *= 2;
    if (capacity == x->capacity) return;
    struct hash_index grown = {.cells = base_calloc(capacity, sizeof *grown.cells), .capacity = capacity};
    for (size_t i = 0; i < x->capacity; i++)
        if (x->cells[i].bytes.data != NULL) index_put(&grown, &x->cells[i].hash, x->cells[i].bytes);
    free(x->cells);
    *x = grown;
}

void index_put(struct hash_index *x, const struct hash *hash, struct bytes bytes)
{
    if (x->capacity < 2 * (x->count + 1)) index_reserve(x, x->count + 1);
    struct index_cell *cell = find_cell(x, hash);
    if (cell->bytes.data != NULL) return;
    if (bytes.data == NULL) bytes.data = nothing;
    *cell = (struct index_cell){*hash, bytes};
    x->count++;
}

bool index_find(const struct hash_index *x, const struct hash *hash, struct bytes *out)
{
    if (x->count == 0) return false;
    const struct index_cell *cell = find_cell(x, hash);
    if (cell->bytes.data == NULL) return false;
    *out = cell->bytes;
    return true;
}

void index_free(struct hash_index *x)
{
    free(x->cells);
    *x = (struct hash_index){0};
}
