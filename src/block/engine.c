/* The engine: what is kept between blocks. */
#include <stdlib.h>

#include "block/private.h"

/* A view without anything: what the table is built over before the first block. */
static const struct state_view no_view;

/* What is kept of codes where nobody says otherwise: those of some ten thousand contracts, translated. */
#define ENGINE_CODE_BYTES ((size_t)256 << 20)

/* NULL when there is no address space even for one worker; for fewer than the pool has, the engine is smaller. */
static struct engine *make(struct pool *pool, struct code_cache *codes, bool borrows)
{
    struct engine *e = base_calloc(1, sizeof *e);
    ASSERT(pthread_mutex_init(&e->cancel_lock, NULL) == 0);
    e->borrows = borrows;
    e->pool = pool;
    e->codes = codes;
    e->threads = e->threads_max = pool_workers(e->pool);
#ifdef WEFT_RARE_PATHS
    e->share_always = true;
#endif
    e->table = state_table_new(&no_view, e->codes);
    e->book = access_book_new();
    e->memo = precompile_memo_new();
    e->workers = base_alloc_aligned(_Alignof(struct engine_worker), e->threads * sizeof *e->workers);
    memset(e->workers, 0, e->threads * sizeof *e->workers);
    unsigned made = 0;
    for (; made < e->threads; made++) {
        struct vm *vm = vm_try_new();
        if (vm == NULL) break;
        e->workers[made].tx.state = state_new(e->table);
        e->workers[made].tx.vm = vm;
        vm_set_memo(vm, e->memo);
    }
    e->threads = e->threads_max = made;
    if (made != 0) return e;
    engine_free(e);
    return NULL;
}

struct engine *engine_try_new(unsigned threads)
{
    struct pool *pool = pool_new(threads == 0 ? cpu_count() : threads);
    struct engine *e = make(pool, code_cache_new(vm_plan_free), false);
    if (e != NULL) engine_bound_codes(e, ENGINE_CODE_BYTES);
    return e;
}

struct engine *engine_new(unsigned threads)
{
    struct engine *e = engine_try_new(threads);
    if (e == NULL) base_out_of_memory(VM_MEMORY_MAX);
    return e;
}

struct engine *engine_new_on(struct pool *pool, struct code_cache *codes)
{
    struct engine *e = make(pool, codes, true);
    if (e == NULL) base_out_of_memory(VM_MEMORY_MAX);
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL) return;
    if (!e->borrows) pool_free(e->pool);
    for (unsigned i = 0; i < e->threads; i++) {
        vm_free(e->workers[i].tx.vm);
        state_free(e->workers[i].tx.state);
        arena_free(&e->workers[i].tx.results);
        arena_free(&e->workers[i].versions);
        free(e->workers[i].events);
    }
    free(e->workers);
    access_book_free(e->book);
    precompile_memo_free(e->memo);
    state_table_free(e->table);
    if (!e->borrows) code_cache_free(e->codes);
    arena_free(&e->block);
    (void)pthread_mutex_destroy(&e->cancel_lock);
    free(e);
}

unsigned engine_threads(const struct engine *e)
{
    return e->threads;
}

struct pool *engine_pool(struct engine *e)
{
    return e->pool;
}

struct code_cache *engine_codes(struct engine *e)
{
    return e->codes;
}

void engine_bound_codes(struct engine *e, size_t bytes)
{
    code_cache_bound(e->codes, bytes, vm_plan_bytes);
}

struct state_table *engine_table(struct engine *e)
{
    return e->table;
}

void engine_share_always(struct engine *e, bool always)
{
    e->share_always = always;
}

void engine_never_waits(struct engine *e, bool never)
{
    unsigned processors = cpu_count();
    e->threads_max = never && processors < e->threads ? processors : e->threads;
}

void engine_wake(struct engine *e)
{
    enum { PATIENCE_NS = 5000000 };
    pool_rouse(e->pool, PATIENCE_NS);
    for (uint64_t until = clock_wall_ns() + PATIENCE_NS; !pool_is_awake(e->pool) && clock_wall_ns() < until;)
        cpu_relax();
}

void engine_hold_up(struct engine *e, void (*hold_up)(void *context), void *context)
{
    e->record = true;
    e->hold_up = hold_up;
    e->hold_up_context = context;
}

void engine_record(struct engine *e, bool on)
{
    e->record = on;
}
