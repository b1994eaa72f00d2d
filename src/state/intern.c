#include "state/intern.h"

#include <stdlib.h>

static struct intern_array *array_new(size_t cells, struct intern_array *older)
{
    struct intern_array *a = base_calloc(1, sizeof *a + cells * sizeof a->cell[0]);
    a->older = older;
    a->mask = cells - 1;
    return a;
}

static void drop_older(struct intern_array *a)
{
    while (a->older != NULL) {
        struct intern_array *older = a->older;
        a->older = older->older;
        free(older);
    }
}

void intern_init(struct intern *t)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < INTERN_SHARDS; i++) {
        atomic_flag_clear(&t->shard[i].lock);
        atomic_store_explicit(&t->shard[i].array, array_new(INTERN_CELLS_START, NULL), memory_order_relaxed);
    }
}

/* An array that is much too large for what it held is halved, or clearing it would cost every later block as much as
 * the largest one. */
static struct intern_array *shrink(struct intern_shard *shard, struct intern_array *a)
{
    enum { MUCH_TOO_LARGE = 16 };
    size_t cells = a->mask + 1;
    if (cells == INTERN_CELLS_START || cells / MUCH_TOO_LARGE <= shard->count) return a;
    struct intern_array *smaller = array_new(cells / 2, NULL);
    atomic_store_explicit(&shard->array, smaller, memory_order_relaxed);
    free(a);
    return smaller;
}

void intern_reset(struct intern *t)
{
    for (size_t i = 0; i < INTERN_SHARDS; i++) {
        struct intern_shard *shard = &t->shard[i];
        if (shard->count == 0) continue;
        struct intern_array *a = atomic_load_explicit(&shard->array, memory_order_relaxed);
        drop_older(a);
        a = shrink(shard, a);
        memset((uint8_t *)a + offsetof(struct intern_array, cell), 0, (a->mask + 1) * sizeof a->cell[0]);
        shard->count = 0;
        arena_reset(&shard->arena);
    }
}

void intern_free(struct intern *t)
{
    for (size_t i = 0; i < INTERN_SHARDS; i++) {
        struct intern_array *a = atomic_load_explicit(&t->shard[i].array, memory_order_relaxed);
        drop_older(a);
        free(a);
        arena_free(&t->shard[i].arena);
    }
}

struct intern_shard *intern_lock(struct intern *t, uint64_t hash)
{
    struct intern_shard *shard = intern_shard(t, hash);
    flag_lock(&shard->lock);
    return shard;
}

static void place(struct intern_array *a, uint64_t hash, uintptr_t cell)
{
    size_t i = hash & a->mask;
    while (atomic_load_explicit(&a->cell[i], memory_order_relaxed) != 0) i = (i + 1) & a->mask;
    atomic_store_explicit(&a->cell[i], cell, memory_order_release);
}

void intern_insert(struct intern_shard *shard, uint64_t hash, uint64_t (*hash_of)(const void *entry), void *entry)
{
    struct intern_array *a = atomic_load_explicit(&shard->array, memory_order_relaxed);
    if ((shard->count + 1) * 2 > a->mask + 1) {
        struct intern_array *bigger = array_new((a->mask + 1) * 2, a);
        for (size_t i = 0; i <= a->mask; i++) {
            uintptr_t cell = atomic_load_explicit(&a->cell[i], memory_order_relaxed);
            if (cell != 0) place(bigger, hash_of((const void *)(cell & ~INTERN_TAG_MASK)), cell);
        }
        atomic_store_explicit(&shard->array, bigger, memory_order_release);
        a = bigger;
    }
    ASSERT(((uintptr_t)entry & INTERN_TAG_MASK) == 0);
    place(a, hash, (uintptr_t)entry | (hash & INTERN_TAG_MASK));
    shard->count++;
}
