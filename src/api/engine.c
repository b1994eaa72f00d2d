/* Engines: the executing one of block/, the thread on which it is used, and the contexts of single messages; and who may
 * use one when. */
#include <stdlib.h>

#include "api/api.h"

enum { THREADS_MAX = 1024 };

/* What weft_options was before it grew. */
#define OPTIONS_FIRST offsetof(weft_options, code_bytes)

/* What is kept of codes where nobody says otherwise. */
#define CODE_BYTES ((uint64_t)256 << 20)

/* All that ever were engines: a handle that is not here never was one. */
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

static bool is_known(const weft_engine *engine)
{
    for (const weft_engine *e = engines; e != NULL; e = e->next)
        if (e == engine) return true;
    return false;
}

/* The innermost callback of the engine that the calling thread runs; NULL: none. */
static struct api_inside *inside(const weft_engine *engine)
{
    struct api_inside *i = api_inside_now();
    while (i != NULL && i->engine != engine) i = i->outer;
    return i;
}

/* ---- fork() ---------------------------------------------------------------------------------- */

/* How often a parent of this process has called fork(): an engine of the parent has a smaller number. */
static uint32_t fork_count;

static void in_child(void)
{
    fork_count++;
    unlock();
}

static void watch_forks(void)
{
    ASSERT(pthread_atfork(lock, unlock, in_child) == 0);
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
    engine_bound_codes(e->engine, e->code_bytes);
    /* Relaxed: a number for who asks. */
    atomic_store_explicit(&e->threads, engine_threads(e->engine), memory_order_relaxed);
    return true;
}

/* Gives back all memory that executing took. */
static void unmake(weft_engine *e)
{
    engine_free(e->engine);
    arena_free(&e->work);
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

/* One that was freed, or a new one; not alive yet. */
static weft_engine *take_handle(void)
{
    lock();
    weft_engine *e = engines;
    while (e != NULL && e->in_use) e = e->next;
    if (e == NULL) {
        e = base_alloc_aligned(_Alignof(weft_engine), sizeof *e);
        memset(e, 0, sizeof *e);
        ASSERT(pthread_mutex_init(&e->contexts.lock, NULL) == 0);
        ASSERT(pthread_cond_init(&e->contexts.changed, NULL) == 0);
        ASSERT(pthread_mutex_init(&e->control.lock, NULL) == 0);
        e->next = engines;
        engines = e;
    }
    e->in_use = true;
    e->forks = fork_count;
    unlock();
    return e;
}

static void give_handle_back(weft_engine *e)
{
    lock();
    e->in_use = false;
    unlock();
}

weft_status weft_engine_new(const weft_options *options, weft_engine **engine, weft_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (engine == NULL) return API_MISTAKE(error, "engine is NULL");
    *engine = NULL;
    weft_options o;
    weft_status status = check_options(&o, options, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    ASSERT(pthread_once(&once, watch_forks) == 0);
    struct api_driver *driver = api_driver_new();
    if (driver == NULL) return api_fail(error, API_NO_THREAD, WEFT_NO_TRANSACTION, "%s", status_text(API_NO_THREAD));
    weft_engine *e = take_handle();
    e->driver = driver;
    e->executor = o.executor;
    e->code_bytes = o.code_bytes != 0 ? o.code_bytes : CODE_BYTES;
    if (!make(e, o.threads)) {
        api_driver_free(driver);
        give_handle_back(e);
        return api_fail(error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s for an engine", status_text(NO_MEMORY));
    }
    api_contexts_open(&e->contexts, e->code_bytes);
    api_control_open(&e->control);
    atomic_store(&e->alive, true);
    *engine = e;
    return WEFT_OK;
}

void weft_engine_free(weft_engine *engine)
{
    if (engine == NULL) return;
    struct api_inside *callback = inside(engine);
    lock();
    bool ours = is_known(engine) && atomic_load(&engine->alive) && engine->forks == fork_count;
    if (ours && callback != NULL) {
        atomic_store(&callback->freed, true);
        ours = false;
    }
    if (ours) {
        atomic_store(&engine->alive, false);
        while (engine->users != 0) ASSERT(pthread_cond_wait(&engines_changed, &engines_lock) == 0);
    }
    unlock();
    if (!ours) return;
    api_contexts_close(&engine->contexts);
    api_control_close(&engine->control);
    api_driver_free(engine->driver);
    unmake(engine);
    give_handle_back(engine);
}

uint32_t weft_engine_threads(const weft_engine *engine)
{
    lock();
    /* Relaxed: a number for who asks. */
    bool alive = is_known(engine) && atomic_load(&engine->alive);
    uint32_t threads = alive ? atomic_load_explicit(&engine->threads, memory_order_relaxed) : 0;
    unlock();
    return threads;
}

/* ---- using ----------------------------------------------------------------------------------- */

/* The engine that the thread asked about last: it was one once, and may be asked whether it still is. */
static _Thread_local const weft_engine *known;

static weft_status check_handle(const weft_engine *engine, weft_error *error)
{
    if (known != engine) {
        lock();
        bool is_one = is_known(engine);
        unlock();
        if (!is_one) return API_MISTAKE(error, "the engine is none");
        known = engine;
    }
    if (!atomic_load(&engine->alive)) return API_MISTAKE(error, "the engine was freed");
    if (engine->forks != fork_count) return API_MISTAKE(error, "the engine was made before fork(), by another process");
    return WEFT_OK;
}

weft_status api_engine_check(const weft_engine *engine, weft_error *error)
{
    if (inside(engine) != NULL)
        return API_MISTAKE(error, "the engine is running: a callback must not use the engine that calls it");
    return check_handle(engine, error);
}

weft_status api_engine_hold(weft_engine *engine, weft_error *error)
{
    weft_status status = check_handle(engine, error);
    if (status != WEFT_OK) return status;
    lock();
    bool alive = atomic_load(&engine->alive);
    engine->users += alive;
    unlock();
    return alive ? WEFT_OK : API_MISTAKE(error, "the engine was freed");
}

void api_engine_release(weft_engine *engine)
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
    bool done;
};

static void run(void *context)
{
    struct job *j = context;
    weft_engine *e = j->engine;
    if (e->engine == NULL && !make(e, atomic_load_explicit(&e->threads, memory_order_relaxed))) return;
    j->job(j->context);
    j->done = true;
    if (base_reserve_spent()) unmake(e);
}

weft_status api_engine_run(weft_engine *engine, void (*job)(void *context), void *context, weft_error *error)
{
    weft_status status = api_engine_check(engine, error);
    if (status == WEFT_OK) status = api_engine_hold(engine, error);
    if (status != WEFT_OK) return status;
    struct job j = {.engine = engine, .job = job, .context = context};
    status = api_has_memory(0, error);
    if (status == WEFT_OK) {
        api_driver_run(engine->driver, run, &j);
        if (!j.done) status = api_fail(error, NO_MEMORY, WEFT_NO_TRANSACTION, "%s", status_text(NO_MEMORY));
    }
    api_engine_release(engine);
    return status;
}
