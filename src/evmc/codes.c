#include "evmc/codes.h"

#include <stdlib.h>

#include "base/hash.h"
#include "vm/vm.h"

/* Codes of this size together, plans not counted: some ten thousand contracts. */
#define BYTES_MAX ((size_t)128 << 20)

static bool is_code(const struct code *c, const uint8_t *bytes, size_t size)
{
    return c->size == size && memcmp(c->bytes, bytes, size) == 0;
}

static struct evmc_known *find_cell(struct evmc_codes *c, uint64_t hash, const uint8_t *bytes, size_t size)
{
    size_t at = hash & (c->capacity - 1);
    while (c->all[at].code != NULL && (c->all[at].hash != hash || !is_code(c->all[at].code, bytes, size)))
        at = (at + 1) & (c->capacity - 1);
    return &c->all[at];
}

static void grow(struct evmc_codes *c)
{
    struct evmc_codes bigger = {.capacity = c->capacity == 0 ? 256 : c->capacity * 2};
    bigger.all = base_calloc(bigger.capacity, sizeof *bigger.all);
    for (size_t i = 0; i < c->capacity; i++)
        if (c->all[i].code != NULL)
            *find_cell(&bigger, c->all[i].hash, c->all[i].code->bytes, c->all[i].code->size) = c->all[i];
    free(c->all);
    c->all = bigger.all;
    c->capacity = bigger.capacity;
}

static struct code *copy_code(const uint8_t *bytes, size_t size)
{
    struct code *code = base_calloc(1, sizeof *code + size + CODE_PADDING);
    code->size = (uint32_t)size;
    memcpy(code->bytes, bytes, size);
    return code;
}

const struct code *evmc_codes_find(struct evmc_codes *c, const uint8_t *bytes, size_t size)
{
    size_t slot = ((uintptr_t)bytes >> 4 ^ size) % EVMC_RECENT;
    if (LIKELY(c->recent[slot].from == bytes) && is_code(c->recent[slot].code, bytes, size))
        return c->recent[slot].code;
    if (2 * c->count >= c->capacity) grow(c);
    uint64_t hash = hash_of_bytes(0, (struct bytes){bytes, size});
    struct evmc_known *known = find_cell(c, hash, bytes, size);
    if (known->code == NULL) {
        *known = (struct evmc_known){hash, copy_code(bytes, size)};
        c->count++;
        c->bytes += size;
    }
    c->recent[slot].from = bytes;
    c->recent[slot].code = known->code;
    return known->code;
}

bool evmc_codes_full(const struct evmc_codes *c)
{
    return c->bytes > BYTES_MAX;
}

void evmc_codes_clear(struct evmc_codes *c)
{
    for (size_t i = 0; i < c->capacity; i++) {
        struct code *code = c->all[i].code;
        if (code == NULL) continue;
        void *plan = atomic_load_explicit(&code->plan, memory_order_acquire);
        if (plan != NULL) vm_plan_free(plan);
        free(code);
    }
    free(c->all);
    *c = (struct evmc_codes){0};
}
