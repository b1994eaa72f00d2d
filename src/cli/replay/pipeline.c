#include "cli/replay/pipeline.h"

#include <pthread.h>

/* Items on their way beyond one for each worker: one that is executed, one that waits behind it. */
enum { SLOTS_MORE = 2, SLOTS_MAX = 64 };
/* Items that wait to be executed, from which on loading more can wait. */
enum { AHEAD = 2 };

enum place { FREE, LOADING, LOADED, EXECUTING, EXECUTED, FINISHING, FINISHED };

enum job { JOB_LOAD, JOB_EXECUTE, JOB_FINISH, JOB_NONE, JOB_END };

struct pipeline {
    const struct pipeline_stages *stages;
    struct pool *const *guests;
    _Atomic uint32_t *bell; /* rung whenever something has changed that a sleeping worker may wait for */
    size_t count;
    unsigned workers, slots;

    pthread_mutex_t lock;         /* guards what follows */
    enum place places[SLOTS_MAX]; /* of item i at i modulo slots */
    /* Numbers of items: delivered <= executed <= loaded. */
    size_t delivered, executed, loaded;
    bool ended;   /* nothing more is begun */
    bool refused; /* nor delivered */
    bool delivering;
};

unsigned pipeline_slots(const struct pool *pool)
{
    unsigned slots = pool_workers(pool) + SLOTS_MORE;
    return slots < SLOTS_MAX ? slots : SLOTS_MAX;
}

static enum place *place_of(struct pipeline *p, size_t item)
{
    return &p->places[item % p->slots];
}

/* Sleepers look again. */
static void ring(struct pipeline *p)
{
    atomic_fetch_add(p->bell, 1);
    futex_wake(p->bell, p->workers);
}

/* ---- what to do next --------------------------------------------------------------------------------------------- */

/* Whether the next item can be executed: it is loaded, nobody executes, and its set of tools is free, since the item
 * before the last one is finished. */
static bool can_execute(struct pipeline *p)
{
    if (p->executed == p->loaded || *place_of(p, p->executed) != LOADED) return false;
    if (p->executed > p->delivered && *place_of(p, p->executed - 1) == EXECUTING) return false;
    for (size_t i = p->delivered; i + PIPELINE_SETS <= p->executed; i++)
        if ((p->executed - i) % PIPELINE_SETS == 0 && *place_of(p, i) != FINISHED) return false;
    return true;
}

static bool find_place(struct pipeline *p, enum place wanted, size_t *item)
{
    for (*item = p->delivered; *item < p->loaded; ++*item)
        if (*place_of(p, *item) == wanted) return true;
    return false;
}

/* Whether helping the execution serves better than loading: so much is ahead, or nothing is left to load. */
static bool is_far_ahead(struct pipeline *p)
{
    size_t waiting = 0, loading = 0;
    for (size_t i = p->executed; i < p->loaded; i++) {
        waiting += *place_of(p, i) == LOADED;
        loading += *place_of(p, i) == LOADING;
    }
    return waiting >= AHEAD || (loading == 0 && p->loaded == p->count);
}

static bool is_under_way(struct pipeline *p)
{
    for (size_t i = p->delivered; i < p->loaded; i++) {
        enum place place = *place_of(p, i);
        if (place == LOADING || place == EXECUTING || place == FINISHING) return true;
    }
    return false;
}

static enum job begin(struct pipeline *p, enum place place, size_t item, enum job job)
{
    *place_of(p, item) = place;
    return job;
}

/* Takes the next job, with the lock held. JOB_NONE: nothing now. */
static enum job take_job(struct pipeline *p, bool may_load, size_t *item)
{
    if (!p->ended && p->stages->stopped != NULL && p->stages->stopped()) p->ended = true;
    if (find_place(p, EXECUTED, item)) {
        /* Only what the next execution waits for goes before it. */
        if (p->ended || !can_execute(p)) return begin(p, FINISHING, *item, JOB_FINISH);
    }
    if (p->ended || p->delivered == p->count) return is_under_way(p) ? JOB_NONE : JOB_END;
    if (can_execute(p)) {
        *item = p->executed++;
        return begin(p, EXECUTING, *item, JOB_EXECUTE);
    }
    if (may_load && p->loaded < p->count && p->loaded - p->delivered < p->slots) {
        *item = p->loaded++;
        return begin(p, LOADING, *item, JOB_LOAD);
    }
    return JOB_NONE;
}

/* Delivers, with the lock held, what is finished and whose turn it is. The lock is let go meanwhile. */
static void deliver(struct pipeline *p)
{
    if (p->delivering || p->refused) return;
    p->delivering = true;
    while (!p->refused && p->delivered < p->loaded && *place_of(p, p->delivered) == FINISHED) {
        size_t item = p->delivered;
        (void)pthread_mutex_unlock(&p->lock);
        bool goes_on = p->stages->deliver(p->stages->context, item, (unsigned)(item % p->slots));
        (void)pthread_mutex_lock(&p->lock);
        *place_of(p, item) = FREE;
        p->delivered++;
        p->refused = !goes_on;
        p->ended = p->ended || p->refused;
    }
    p->delivering = false;
}

/* ---- the workers ------------------------------------------------------------------------------------------------- */

static bool help(struct pipeline *p)
{
    for (size_t i = 0; i < PIPELINE_SETS; i++)
        if (pool_help(p->guests[i])) return true;
    return false;
}

static void do_job(struct pipeline *p, enum job job, size_t item, bool shared)
{
    const struct pipeline_stages *s = p->stages;
    unsigned slot = (unsigned)(item % p->slots), set = (unsigned)(item % PIPELINE_SETS);
    enum place then = FINISHED;
    switch (job) {
    case JOB_LOAD:
        s->load(s->context, item, slot);
        then = LOADED;
        break;
    case JOB_EXECUTE:
        s->execute(s->context, item, slot, set, shared);
        then = EXECUTED;
        break;
    default: s->finish(s->context, item, slot, set);
    }
    (void)pthread_mutex_lock(&p->lock);
    *place_of(p, item) = then;
    if (then == FINISHED) deliver(p);
    (void)pthread_mutex_unlock(&p->lock);
    ring(p);
}

static void work(void *context, unsigned worker)
{
    (void)worker;
    struct pipeline *p = context;
    for (;;) {
        uint32_t bell = atomic_load(p->bell);
        size_t item = 0;
        (void)pthread_mutex_lock(&p->lock);
        bool far = is_far_ahead(p);
        enum job job = take_job(p, !far, &item);
        (void)pthread_mutex_unlock(&p->lock);
        if (job == JOB_NONE && help(p)) continue;
        if (job == JOB_NONE && far) {
            (void)pthread_mutex_lock(&p->lock);
            job = take_job(p, true, &item);
            (void)pthread_mutex_unlock(&p->lock);
        }
        if (job == JOB_END) return;
        if (job == JOB_NONE)
            futex_wait(p->bell, bell);
        else
            do_job(p, job, item, far && p->workers > 1);
    }
}

size_t pipeline_run(struct pool *pool, const struct pipeline_stages *stages, size_t count,
                    struct pool *const guests[PIPELINE_SETS], _Atomic uint32_t *bell)
{
    struct pipeline p = {.stages = stages,
                         .guests = guests,
                         .bell = bell,
                         .count = count,
                         .workers = pool_workers(pool),
                         .slots = pipeline_slots(pool)};
    ASSERT(pthread_mutex_init(&p.lock, NULL) == 0);
    pool_run(pool, 0, work, &p);
    size_t delivered = p.delivered;
    for (size_t i = p.delivered; i < p.loaded; i++)
        if (*place_of(&p, i) != FREE) stages->drop(stages->context, i, (unsigned)(i % p.slots));
    (void)pthread_mutex_destroy(&p.lock);
    return delivered;
}
