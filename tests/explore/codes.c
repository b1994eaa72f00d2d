/* Codes of contracts: the cache is empty when a run begins, as far as its workers can see. What a code consists of is
 * written and read outside the core: its first words stand for all of it here, so that a worker who gets a code without
 * all that it consists of is noticed as a race (linked with --wrap). */
#include "explore.h"

const struct code *__real_code_cache_find(struct code_cache *c, const struct hash *hash);
const struct code *__wrap_code_cache_find(struct code_cache *c, const struct hash *hash);
const struct code *__real_code_cache_put(struct code_cache *c, const struct hash *hash, struct bytes bytes);
const struct code *__wrap_code_cache_put(struct code_cache *c, const struct hash *hash, struct bytes bytes);
const struct code *__real_state_table_parent_code(struct state_table *t, struct account_entry *e, enum status *why);
const struct code *__wrap_state_table_parent_code(struct state_table *t, struct account_entry *e, enum status *why);

static bool is_watched(const struct code *code)
{
    return fiber_running >= 0 && steps_held == 0 && code != NULL && code != &code_empty;
}

const struct code *__wrap_code_cache_find(struct code_cache *c, const struct hash *hash)
{
    const struct code *code = __real_code_cache_find(c, hash);
    if (!is_watched(code)) return code;
    if (!memory_is_made(code)) return NULL;
    memory_found(code);
    return code;
}

const struct code *__wrap_code_cache_put(struct code_cache *c, const struct hash *hash, struct bytes bytes)
{
    const struct code *code = __real_code_cache_put(c, hash, bytes);
    if (!is_watched(code)) return code;
    if (memory_is_made(code)) {
        memory_found(code);
        return code;
    }
    races_plain(&code->hash, sizeof code->hash, true);
    memory_made(code);
    return code;
}

const struct code *__wrap_state_table_parent_code(struct state_table *t, struct account_entry *e, enum status *why)
{
    const struct code *code = __real_state_table_parent_code(t, e, why);
    if (is_watched(code)) races_plain(&code->hash, sizeof code->hash, false);
    return code;
}
