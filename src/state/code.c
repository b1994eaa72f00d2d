/* Codes by hash, kept across blocks. */
#include <stdlib.h>

#include "state/intern.h"
#include "state/state.h"

struct code_cache {
    struct intern table;
    void (*free_plan)(void *plan);
};

const struct code code_empty = {
    .hash = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
              0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}},
};

/* The hash of a code is keccak output: its own bytes serve as the table's hash. */
static uint64_t key_of(const struct hash *hash)
{
    uint64_t k;
    memcpy(&k, hash->b, sizeof k);
    return k;
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
    struct code_cache *c = aligned_alloc(64, sizeof *c);
    ASSERT(c != NULL);
    intern_init(&c->table);
    c->free_plan = free_plan;
    return c;
}

const struct code *code_cache_find(struct code_cache *c, const struct hash *hash)
{
    if (hash_equal(hash, &code_empty.hash)) return &code_empty;
    return intern_find(&c->table, key_of(hash), code_has_hash, hash);
}

static struct code *code_make(struct arena *arena, const struct hash *hash, struct bytes bytes)
{
    struct code *code = arena_alloc(arena, sizeof *code + bytes.size + CODE_PADDING, 32);
    code->hash = *hash;
    code->size = (uint32_t)bytes.size;
    code->is_delegation = bytes.size == 23 && memcmp(bytes.data, "\xef\x01\x00", 3) == 0;
    if (code->is_delegation) memcpy(code->delegate.b, bytes.data + 3, sizeof code->delegate.b);
    atomic_init(&code->plan, NULL);
    atomic_init(&code->heat, 0);
    memcpy(code->bytes, bytes.data, bytes.size);
    memset(code->bytes + bytes.size, 0, CODE_PADDING);
    return code;
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
        code = code_make(&shard->arena, hash, bytes);
        intern_insert(shard, key, hash_of_code, code);
    }
    intern_unlock(shard);
    return code;
}

void code_cache_free(struct code_cache *c)
{
    if (c == NULL) return;
    for (size_t i = 0; i < INTERN_SHARDS; i++) {
        struct intern_array *a = atomic_load_explicit(&c->table.shard[i].array, memory_order_relaxed);
        for (size_t k = 0; k <= a->mask; k++) {
            uintptr_t cell = atomic_load_explicit(&a->cell[k], memory_order_relaxed) & ~INTERN_TAG_MASK;
            void *plan = cell == 0 ? NULL : atomic_load(&((struct code *)cell)->plan);
            if (plan != NULL) c->free_plan(plan);
        }
    }
    intern_free(&c->table);
    free(c);
}
