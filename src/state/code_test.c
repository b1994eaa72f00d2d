/* The code cache, bounded: what was used lately stays, what runs is never given up. */
#include <stdlib.h>

#include "harness.h"
#include "state/state.h"

enum { CODES = 200, SIZE = 1000 };

static struct hash hash_number(uint64_t n)
{
    struct hash h = {{0}};
    store_be64(h.b, n * 0x9e3779b97f4a7c15u);
    store_be64(h.b + 8, n);
    return h;
}

static const struct code *put(struct code_cache *c, uint64_t n)
{
    uint8_t bytes[SIZE];
    struct hash hash = hash_number(n);
    memset(bytes, (int)n, sizeof bytes);
    return code_cache_put(c, &hash, (struct bytes){bytes, sizeof bytes});
}

static size_t plan_bytes(const struct code *code)
{
    return atomic_load(&code->plan) == NULL ? 0 : SIZE;
}

TEST(code_caches_keep_what_was_used_lately)
{
    struct code_cache *c = code_cache_new(free);
    code_cache_bound(c, (size_t)100 * SIZE, plan_bytes);
    code_cache_begin_block(c);
    for (uint64_t n = 0; n < CODES; n++) put(c, n);
    CHECK(code_cache_bytes(c) > (size_t)CODES * SIZE); /* within a block all stay */
    code_cache_begin_block(c);
    CHECK(code_cache_bytes(c) <= (size_t)75 * SIZE);
    /* Ten of them are used again and again while others come by. */
    for (unsigned block = 0; block < 300; block++) {
        for (uint64_t n = 0; n < 10; n++) {
            struct code *code = (struct code *)(uintptr_t)put(c, n);
            CHECK(code->size == SIZE && code->bytes[0] == (uint8_t)n && code->bytes[SIZE] == 0);
            if (atomic_load(&code->plan) == NULL) {
                atomic_store(&code->plan, base_alloc(SIZE));
                code_cache_grown(c, SIZE);
            }
        }
        put(c, CODES + block);
        code_cache_begin_block(c);
        for (uint64_t n = 0; n < 10; n++) {
            struct hash hash = hash_number(n);
            const struct code *code = code_cache_find(c, &hash);
            CHECK(code != NULL && atomic_load(&code->plan) != NULL);
        }
        CHECK(code_cache_bytes(c) <= (size_t)100 * SIZE);
    }
    code_cache_free(c);
}

TEST(code_caches_without_a_bound_keep_all)
{
    struct code_cache *c = code_cache_new(free);
    for (uint64_t n = 0; n < CODES; n++) {
        put(c, n);
        code_cache_begin_block(c);
    }
    for (uint64_t n = 0; n < CODES; n++) {
        struct hash hash = hash_number(n);
        CHECK(code_cache_find(c, &hash) != NULL);
    }
    code_cache_free(c);
}
