/* Contexts: what single messages run on. Each engine has as many as threads call it at one time, and a thread comes back
 * to the one it had, so that calls of different threads have nothing in common but the codes.
 *
 * A context belongs to whoever has made `busy` true. Codes are given up, and contexts freed, by a thread that has made all
 * of them busy. No wake-up is lost: who waits has raised `waiting` before it looks at each `busy` once more, and who
 * leaves lowers `busy` before it looks at `waiting`, all in one order (sequentially consistent). */
#include <stdlib.h>

#include "api/api.h"

static void lock(struct api_contexts *p)
{
    ASSERT(pthread_mutex_lock(&p->lock) == 0);
}

static void unlock(struct api_contexts *p)
{
    ASSERT(pthread_mutex_unlock(&p->lock) == 0);
}

static void wait_for_change(struct api_contexts *p)
{
    ASSERT(pthread_cond_wait(&p->changed, &p->lock) == 0);
}

/* ---- one ------------------------------------------------------------------------------------- */

/* False when there is no address space. */
static bool fill(struct api_context *c, struct code_cache *codes)
{
    static const struct state_view no_view;
    struct vm *vm = vm_try_new();
    if (vm == NULL) return false;
    c->worker.vm = vm;
    c->table = state_table_new(&no_view, codes);
    c->worker.state = state_new(c->table);
    return true;
}

static void empty(struct api_context *c)
{
    if (c->table == NULL) return;
    vm_free(c->worker.vm);
    state_free(c->worker.state);
    state_table_free(c->table);
    arena_free(&c->worker.results);
    arena_free(&c->changes);
    api_stack_free(c->stack);
    c->table = NULL;
    c->worker = (struct tx_worker){0};
    c->stack = NULL;
}

/* ---- all ------------------------------------------------------------------------------------- */

void api_contexts_open(struct api_contexts *p, size_t code_bytes)
{
    p->codes = code_cache_new(vm_plan_free);
    p->code_bytes = code_bytes;
    code_cache_bound(p->codes, code_bytes, vm_plan_bytes);
}

/* With the lock. Whoever wants a new context, or all of them, waits until they are given back. */
static void take_all(struct api_contexts *p)
{
    while (p->closed) wait_for_change(p);
    p->closed = true;
    for (uint32_t i = 0; i < atomic_load(&p->count); i++)
        while (atomic_exchange(&p->all[i]->busy, true)) wait_for_change(p);
}

static void give_all_back(struct api_contexts *p)
{
    for (uint32_t i = 0; i < atomic_load(&p->count); i++) atomic_store(&p->all[i]->busy, false);
    p->closed = false;
    ASSERT(pthread_cond_broadcast(&p->changed) == 0);
}

void api_contexts_close(struct api_contexts *p)
{
    lock(p);
    atomic_fetch_add(&p->waiting, 1);
    take_all(p);
    for (uint32_t i = 0; i < atomic_load(&p->count); i++) empty(p->all[i]);
    code_cache_free(p->codes);
    p->codes = NULL;
    give_all_back(p);
    atomic_store(&p->count, 0);
    atomic_fetch_sub(&p->waiting, 1);
    unlock(p);
}

/* Gives up codes that were not used lately, if there are more than there may be. */
static void bound_codes(struct api_contexts *p)
{
    lock(p);
    atomic_fetch_add(&p->waiting, 1);
    take_all(p);
    if (p->codes != NULL) code_cache_begin_block(p->codes); /* or the engine was freed meanwhile */
    give_all_back(p);
    atomic_fetch_sub(&p->waiting, 1);
    unlock(p);
}

/* ---- entering and leaving -------------------------------------------------------------------- */

/* The place of the context that the thread had last. */
static _Thread_local uint32_t last;

static struct api_context *find_free(struct api_contexts *p)
{
    uint32_t count = atomic_load(&p->count), at = last < count ? last : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct api_context *c = p->all[at];
        /* Relaxed: a first look, so that a busy one is not taken from the cache of its thread. */
        if (!atomic_load_explicit(&c->busy, memory_order_relaxed) && !atomic_exchange(&c->busy, true)) {
            last = at;
            return c;
        }
        at = at + 1 < count ? at + 1 : 0;
    }
    return NULL;
}

/* One more, busy; with the lock. NULL when it is not free (a thread that came too late for the engine before looks at it),
 * or, with *no_memory, when there is no address space for it. */
static struct api_context *add(struct api_contexts *p, bool *no_memory)
{
    uint32_t count = atomic_load(&p->count);
    if (p->all[count] == NULL) {
        p->all[count] = base_alloc_aligned(_Alignof(struct api_context), sizeof *p->all[count]);
        memset(p->all[count], 0, sizeof *p->all[count]);
    }
    struct api_context *c = p->all[count];
    if (atomic_exchange(&c->busy, true)) return NULL;
    if (!fill(c, p->codes)) {
        *no_memory = true;
        atomic_store(&c->busy, false);
        return NULL;
    }
    atomic_store(&p->count, count + 1);
    last = count;
    return c;
}

/* Makes one more, or waits for one. NULL: the engine is no more, or there is no address space even for the first. */
static NOINLINE struct api_context *add_or_wait(weft_engine *engine, bool must_live)
{
    struct api_contexts *p = &engine->contexts;
    struct api_context *c = NULL;
    bool no_memory = false;
    lock(p);
    atomic_fetch_add(&p->waiting, 1);
    while (!must_live || atomic_load(&engine->alive)) {
        if (!p->closed) c = find_free(p);
        if (c == NULL && !p->closed && !no_memory && atomic_load(&p->count) < API_CONTEXTS_MAX) c = add(p, &no_memory);
        if (c != NULL || (no_memory && atomic_load(&p->count) == 0)) break;
        wait_for_change(p);
    }
    atomic_fetch_sub(&p->waiting, 1);
    unlock(p);
    return c;
}

weft_status api_context_enter(weft_engine *engine, bool must_live, struct api_context **out, weft_error *error)
{
    struct api_contexts *p = &engine->contexts;
    for (;;) {
        struct api_context *c = find_free(p);
        if (UNLIKELY(c == NULL)) c = add_or_wait(engine, must_live);
        *out = c;
        /* Either the engine is not freed before the context is left, or this sees that it is going to be. */
        if (must_live && !atomic_load(&engine->alive)) {
            if (c != NULL) api_context_leave(engine, c);
            return API_MISTAKE(error, "the engine was freed");
        }
        if (c == NULL) break;
        if (UNLIKELY(code_cache_bytes(p->codes) > p->code_bytes)) {
            api_context_leave(engine, c);
            bound_codes(p);
            continue;
        }
        if (LIKELY(c->table != NULL) || fill(c, p->codes)) return WEFT_OK;
        api_context_leave(engine, c);
        break;
    }
    return api_fail(error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s", status_text(NO_MEMORY));
}

void api_context_leave(weft_engine *engine, struct api_context *c)
{
    struct api_contexts *p = &engine->contexts;
    if (UNLIKELY(base_reserve_spent())) empty(c);
    atomic_store(&c->busy, false);
    if (LIKELY(atomic_load(&p->waiting) == 0)) return;
    lock(p);
    ASSERT(pthread_cond_broadcast(&p->changed) == 0);
    unlock(p);
}
