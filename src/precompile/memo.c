/* Results of expensive calls, remembered for the length of a block. One array of pointers to entries that never change once
 * they can be found: who has computed something puts it into memory of its own and then writes one pointer; who looks
 * reads one. Two that want the same place make one of them forgotten, which costs time, never a result. */
#include <stdlib.h>

#include "base/hash.h"
#include "precompile/private.h"

enum { PLACES = 1024 };
/* What one worker keeps of a block at most. */
#define KEPT_MAX ((size_t)4 << 20)

struct precompile_memo {
    _Atomic bool used; /* since it was last cleared */
    _Atomic(const struct precompile_memo_entry *) place[PLACES];
};

struct precompile_memo *precompile_memo_new(void)
{
    return base_calloc(1, sizeof(struct precompile_memo));
}

void precompile_memo_free(struct precompile_memo *m)
{
    free(m);
}

void precompile_memo_clear(struct precompile_memo *m)
{
    if (!atomic_load_explicit(&m->used, memory_order_relaxed)) return;
    for (size_t i = 0; i < PLACES; i++) atomic_store_explicit(&m->place[i], NULL, memory_order_relaxed);
    atomic_store_explicit(&m->used, false, memory_order_relaxed);
}

const struct precompile_memo_entry *precompile_memo_find(struct precompile_memo *m, uint64_t hash, unsigned id,
                                                         struct bytes input)
{
    const struct precompile_memo_entry *e = atomic_load_explicit(&m->place[hash % PLACES], memory_order_acquire);
    if (e == NULL || e->hash != hash || e->id != id || !bytes_equal(e->input, input)) return NULL;
    return e;
}

void precompile_memo_keep(struct precompile_memo *m, uint64_t hash, unsigned id, struct bytes input, bool ok,
                          struct bytes output, struct precompile_memory *memory)
{
    size_t size = sizeof(struct precompile_memo_entry) + input.size + output.size;
    if (size > KEPT_MAX - memory->kept_size) return;
    memory->kept_size += size;
    struct precompile_memo_entry *e = ARENA_NEW(&memory->kept, struct precompile_memo_entry);
    *e = (struct precompile_memo_entry){hash,
                                        id,
                                        ok,
                                        {arena_copy(&memory->kept, input.data, input.size), input.size},
                                        {arena_copy(&memory->kept, output.data, output.size), output.size}};
    atomic_store_explicit(&m->place[hash % PLACES], e, memory_order_release);
    atomic_store_explicit(&m->used, true, memory_order_relaxed);
}
