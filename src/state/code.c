/* Codes by hash, kept across blocks. */
#include <stdlib.h>

#include "base/hash.h"
#include "state/intern.h"
#include "state/state.h"

struct code_cache {
    struct intern table;
    void (*free_plan)(void *plan);
    size_t (*plan_bytes)(const struct code *code);
    size_t bound; /* bytes; 0: none */
    uint32_t block;
    _Atomic size_t bytes, count; /* bytes: with the plans */
    _Atomic(struct code *) all;  /* newest first, by code.next */
};

const struct code code_empty = {
    .hash = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
              0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}},
};

static uint64_t key_of(const struct hash *hash)
{
    return hash_of_hash(0, hash);
}

static uint64_t hash_of_code(const void *entry)
{
    return key_of(&((const struct code *)entry)->hash);
}

static bool code_has_hash(const void *entry, const void *hash)
{
    return hash_equal(&((const struct code *)entry)->hash, hash);
}

struct code_cache *code_cache_new(void (*free_plan)(void *plan))
{
    struct code_cache *c = base_alloc_aligned(_Alignof(struct code_cache), sizeof *c);
    intern_init(&c->table);
    c->free_plan = free_plan;
    c->plan_bytes = NULL;
    c->bound = 0;
    c->block = 0;
    atomic_init(&c->bytes, 0);
    atomic_init(&c->count, 0);
    atomic_init(&c->all, NULL);
    return c;
}

/* Relaxed: read only between blocks. Written once a block at most, so that workers do not take the line from each
 * other. */
static struct code *note_use(const struct code_cache *c, struct code *code)
{
    if (code != NULL && atomic_load_explicit(&code->used, memory_order_relaxed) != c->block)
        atomic_store_explicit(&code->used, c->block, memory_order_relaxed);
    return code;
}

const struct code *code_cache_find(struct code_cache *c, const struct hash *hash)
{
    if (hash_equal(hash, &code_empty.hash)) return &code_empty;
    return note_use(c, intern_find(&c->table, key_of(hash), code_has_hash, hash));
}

static size_t code_bytes(const struct code *code)
{
    return sizeof *code + code->size + CODE_PADDING;
}

static struct code *code_make(struct code_cache *c, const struct hash *hash, struct bytes bytes)
{
    struct code *code = base_alloc_aligned(32, sizeof *code + bytes.size + CODE_PADDING);
    code->hash = *hash;
    code->size = (uint32_t)bytes.size;
    code->is_delegation = bytes.size == 23 && memcmp(bytes.data, "\xef\x01\x00", 3) == 0;
    if (code->is_delegation) memcpy(code->delegate.b, bytes.data + 3, sizeof code->delegate.b);
    atomic_init(&code->plan, NULL);
    atomic_init(&code->heat, 0);
    atomic_init(&code->used, c->block);
    memcpy(code->bytes, bytes.data, bytes.size);
    memset(code->bytes + bytes.size, 0, CODE_PADDING);
    return code;
}

/* Puts a code into the table; with its shard's lock. */
static void take_in(struct code_cache *c, struct intern_shard *shard, struct code *code)
{
    atomic_fetch_add_explicit(&c->bytes, code_bytes(code), memory_order_relaxed);
    atomic_fetch_add_explicit(&c->count, 1, memory_order_relaxed);
    code->next = atomic_load_explicit(&c->all, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&c->all, &code->next, code)) continue;
    intern_insert(shard, key_of(&code->hash), hash_of_code, code);
}

const struct code *code_cache_put(struct code_cache *c, const struct hash *hash, struct bytes bytes)
{
    const struct code *found = code_cache_find(c, hash);
    if (found != NULL) return found;
    ASSERT(bytes.size <= UINT32_MAX - CODE_PADDING);
    uint64_t key = key_of(hash);
    struct intern_shard *shard = intern_lock(&c->table, key);
    struct code *code = intern_find(&c->table, key, code_has_hash, hash);
    if (code == NULL) {
        code = code_make(c, hash, bytes);
        take_in(c, shard, code);
    }
    intern_unlock(shard);
    return code;
}

/* ---- giving up --------------------------------------------------------------------------------------------------- */

static void code_free(struct code_cache *c, struct code *code)
{
    void *plan = atomic_load(&code->plan);
    if (plan != NULL) c->free_plan(plan);
    free(code);
}

/* All codes, in a list of code_cache.count; the caller frees the list. */
static struct code **all_codes(struct code_cache *c)
{
    struct code **all = base_alloc((atomic_load(&c->count) + 1) * sizeof(struct code *));
    size_t count = 0;
    for (struct code *code = atomic_load(&c->all); code != NULL; code = code->next) all[count++] = code;
    ASSERT(count == atomic_load(&c->count));
    return all;
}

static int newest_first(const void *a, const void *b)
{
    uint32_t x = atomic_load(&(*(struct code *const *)a)->used), y = atomic_load(&(*(struct code *const *)b)->used);
    return (x < y) - (x > y);
}

static void keep_newest(struct code_cache *c, struct code **all, size_t count, size_t bytes)
{
    size_t kept = 0;
    qsort(all, count, sizeof(struct code *), newest_first);
    intern_reset(&c->table);
    atomic_store(&c->bytes, 0);
    atomic_store(&c->count, 0);
    atomic_store(&c->all, NULL);
    for (size_t i = 0; i < count; i++) {
        kept += code_bytes(all[i]) + c->plan_bytes(all[i]);
        if (kept > bytes) {
            code_free(c, all[i]);
            continue;
        }
        code_cache_grown(c, c->plan_bytes(all[i]));
        struct intern_shard *shard = intern_lock(&c->table, key_of(&all[i]->hash));
        take_in(c, shard, all[i]);
        intern_unlock(shard);
    }
}

void code_cache_bound(struct code_cache *c, size_t bytes, size_t (*plan_bytes)(const struct code *code))
{
    c->bound = bytes;
    c->plan_bytes = plan_bytes;
}

void code_cache_grown(struct code_cache *c, size_t bytes)
{
    atomic_fetch_add_explicit(&c->bytes, bytes, memory_order_relaxed);
}

void code_cache_begin_block(struct code_cache *c)
{
    c->block++;
    if (c->bound == 0 || atomic_load(&c->bytes) <= c->bound) return;
    struct code **all = all_codes(c);
    keep_newest(c, all, atomic_load(&c->count), c->bound - c->bound / 4); /* not to be back at once */
    free(all);
}

size_t code_cache_bytes(struct code_cache *c)
{
    return atomic_load(&c->bytes);
}

void code_cache_free(struct code_cache *c)
{
    if (c == NULL) return;
    struct code **all = all_codes(c);
    for (size_t i = 0; i < atomic_load(&c->count); i++) code_free(c, all[i]);
    free(all);
    intern_free(&c->table);
    free(c);
}
