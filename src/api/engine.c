/* Engines: the executing one of block/, the thread on which it is used, and the single-message machine; and who may use
 * one when. */
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"

enum { THREADS_MAX = 1024 };

/* What weft_options was before it grew. */
#define OPTIONS_FIRST offsetof(weft_options, code_bytes)

/* All engines of the process: a handle that is not here is none, or was freed. */
static pthread_mutex_t engines_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t engines_changed = PTHREAD_COND_INITIALIZER; /* some engine has one user less */
static weft_engine *engines;

static void lock(void)
{
    ASSERT(pthread_mutex_lock(&engines_lock) == 0);
}

static void unlock(void)
{
    ASSERT(pthread_mutex_unlock(&engines_lock) == 0);
}

/* The link to an engine; NULL when there is no such engine. */
static weft_engine **find(const weft_engine *engine)
{
    for (weft_engine **link = &engines; *link != NULL; link = &(*link)->next)
        if (*link == engine) return link;
    return NULL;
}

static bool is_inside(const weft_engine *engine)
{
    for (const struct api_inside *i = api_inside_now(); i != NULL; i = i->outer)
        if (i->engine == engine) return true;
    return false;
}

/* ---- making and freeing ---------------------------------------------------------------------- */

/* As many threads as the system allows, down to one; false when not even that. */
static bool make(weft_engine *e, uint32_t threads)
{
    for (; threads != 0; threads /= 2) {
        if (!base_reserve_hold()) return false;
        e->engine = engine_try_new(threads);
        if (e->engine != NULL && !base_reserve_spent()) break;
        engine_free(e->engine);
        e->engine = NULL;
    }
    if (e->engine == NULL) return false;
    engine_share_always(e->engine, e->executor == WEFT_EXECUTOR_PARALLEL);
    if (e->code_bytes != 0) engine_bound_codes(e->engine, e->code_bytes);
    /* Relaxed: a number for who asks. */
    atomic_store_explicit(&e->threads, engine_threads(e->engine), memory_order_relaxed);
    return true;
}

/* Gives back all memory that executing took. */
static void unmake(weft_engine *e)
{
    api_caller_free(e->caller); /* before the codes that it refers to */
    engine_free(e->engine);
    arena_free(&e->work);
    e->caller = NULL;
    e->engine = NULL;
}

static weft_status check_options(weft_options *o, const weft_options *options, weft_error *error)
{
    *o = (weft_options){0};
    if (options != NULL) {
        weft_status status = api_read_grown(o, sizeof *o, OPTIONS_FIRST, options, "weft_options", error);
        if (status != WEFT_OK) return status;
    }
    if (o->threads > THREADS_MAX || o->executor > WEFT_EXECUTOR_PARALLEL)
        return API_MISTAKE(error, "weft_options: %u threads, executor %u: expected at most %d, and 0 to 2", o->threads,
                           o->executor, THREADS_MAX);
    uint32_t processors = cpu_count();
    if (o->threads == 0 || (o->threads > processors && o->more_than_processors == 0)) o->threads = processors;
    return WEFT_OK;
}

weft_status weft_engine_new(const weft_options *options, weft_engine **engine, weft_error *error)
{
    if (engine == NULL) return API_MISTAKE(error, "engine is NULL");
    *engine = NULL;
    weft_options o;
    weft_status status = check_options(&o, options, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    struct api_driver *driver = api_driver_new();
    if (driver == NULL) return api_fail(error, API_NO_THREAD, WEFT_NO_TRANSACTION, "%s", status_text(API_NO_THREAD));
    weft_engine *e = base_calloc(1, sizeof *e);
    e->driver = driver;
    e->executor = o.executor;
    e->code_bytes = o.code_bytes;
    e->process = (int)getpid();
    if (!make(e, o.threads)) {
        api_driver_free(driver);
        free(e);
        return api_fail(error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s for an engine", status_text(NO_MEMORY));
    }
    lock();
    e->next = engines;
    engines = e;
    unlock();
    *engine = e;
    return WEFT_OK;
}

void weft_engine_free(weft_engine *engine)
{
    if (engine == NULL) return;
    lock();
    weft_engine **link = find(engine);
    bool ours = link != NULL && engine->process == (int)getpid();
    if (ours && is_inside(engine)) {
        atomic_store(&engine->freed_in_a_call, true);
        ours = false;
    }
    if (ours) {
        *link = engine->next;
        while (engine->users != 0) ASSERT(pthread_cond_wait(&engines_changed, &engines_lock) == 0);
    }
    unlock();
    if (!ours) return;
    api_driver_free(engine->driver);
    unmake(engine);
    free(engine);
}

uint32_t weft_engine_threads(const weft_engine *engine)
{
    lock();
    /* Relaxed: a number for who asks. */
    uint32_t threads = find(engine) == NULL ? 0 : atomic_load_explicit(&engine->threads, memory_order_relaxed);
    unlock();
    return threads;
}

/* ---- using ----------------------------------------------------------------------------------- */

static weft_status enter(weft_engine *engine, weft_error *error)
{
    if (is_inside(engine))
        return API_MISTAKE(error, "the engine is running: a callback must not use the engine that calls it");
    const char *wrong = NULL;
    lock();
    if (find(engine) == NULL)
        wrong = "the engine is none, or was freed";
    else if (engine->process != (int)getpid())
        wrong = "the engine was made before fork(), by another process";
    else
        engine->users++;
    unlock();
    return wrong == NULL ? WEFT_OK : API_MISTAKE(error, "%s", wrong);
}

static void leave(weft_engine *engine)
{
    lock();
    engine->users--;
    ASSERT(pthread_cond_broadcast(&engines_changed) == 0);
    unlock();
}

struct job {
    weft_engine *engine;
    void (*job)(void *context);
    void *context;
    bool done, freed_in_it;
};

static void run(void *context)
{
    struct job *j = context;
    weft_engine *e = j->engine;
    if (e->engine == NULL && !make(e, atomic_load_explicit(&e->threads, memory_order_relaxed))) return;
    j->job(j->context);
    j->done = true;
    j->freed_in_it = atomic_exchange(&e->freed_in_a_call, false);
    if (base_reserve_spent()) unmake(e);
}

weft_status api_engine_run(weft_engine *engine, void (*job)(void *context), void *context, weft_error *error)
{
    weft_status status = enter(engine, error);
    if (status != WEFT_OK) return status;
    struct job j = {.engine = engine, .job = job, .context = context};
    status = api_has_memory(0, error);
    if (status == WEFT_OK) {
        api_driver_run(engine->driver, run, &j);
        if (!j.done) status = api_fail(error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s", status_text(NO_MEMORY));
        if (j.freed_in_it)
            status = API_MISTAKE(error, "weft_engine_free was called from a callback of the engine: it was not freed");
    }
    leave(engine);
    return status;
}
