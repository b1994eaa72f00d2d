/* Control: ending what runs on an engine before it is done, because somebody says so or because its time is up.
 *
 *     weft_engine_cancel ─┐
 *     the timer ──────────┴─► job: its word, the caller's word, the block's engine ──► looked at by the interpreters at
 *                                                                                      jumps, calls and reads
 *
 * Messages without a time limit and without a word of their caller's are no jobs, so that they cost nothing here: those are
 * found through their contexts. */
#define _GNU_SOURCE 1
#include <time.h>

#include "api/api.h"

enum { TIMER_STACK_SIZE = 256 << 10 };

static void lock(struct api_control *c)
{
    ASSERT(pthread_mutex_lock(&c->lock) == 0);
}

static void unlock(struct api_control *c)
{
    ASSERT(pthread_mutex_unlock(&c->lock) == 0);
}

weft_status api_cancelled(uint8_t cancelled, weft_error *error)
{
    enum status why = cancelled == API_TIMED_OUT ? EXECUTION_TIMED_OUT : EXECUTION_CANCELLED;
    return api_fail(error, why, WEFT_NO_TRANSACTION, "%s", status_text(why));
}

/* With the lock. What has been ended once stays so, for the first reason. */
static void end_job(const struct api_job *job, uint8_t why)
{
    uint8_t none = 0;
    (void)atomic_compare_exchange_strong(job->cancelled, &none, why);
    if (job->told != NULL) __atomic_store_n(job->told, 1, __ATOMIC_RELAXED);
    if (job->executes != NULL) engine_cancel(job->executes);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Ends the jobs whose time is up, and says when the next one's is; 0: never. */
static uint64_t end_overdue(struct api_control *c, uint64_t now_ns)
{
    uint64_t next = 0;
    for (struct api_job *job = c->jobs; job != NULL; job = job->next) {
        if (job->deadline_ns == 0) continue;
        if (job->deadline_ns <= now_ns) {
            end_job(job, API_TIMED_OUT);
            job->deadline_ns = 0;
        } else if (next == 0 || job->deadline_ns < next) {
            next = job->deadline_ns;
        }
    }
    return next;
}

static void *watch(void *context)
{
    enum { NS = 1000000000 };
    struct api_control *c = context;
    lock(c);
    while (!c->ends) {
        c->wakes_ns = end_overdue(c, clock_wall_ns());
        if (c->wakes_ns == 0) {
            ASSERT(pthread_cond_wait(&c->changed, &c->lock) == 0);
        } else {
            struct timespec at = {(time_t)(c->wakes_ns / NS), (long)(c->wakes_ns % NS)};
            (void)pthread_cond_timedwait(&c->changed, &c->lock, &at);
        }
    }
    unlock(c);
    return NULL;
}

/* With the lock: the timer must look at a deadline no later than then. False when there is no thread for it. */
static bool wake_timer_at(struct api_control *c, uint64_t deadline_ns)
{
    if (!c->has_timer)
        c->has_timer = base_thread_start(&c->timer, TIMER_STACK_SIZE, "weft-timer", watch, c);
    else if (c->wakes_ns == 0 || deadline_ns < c->wakes_ns)
        ASSERT(pthread_cond_signal(&c->changed) == 0);
    return c->has_timer;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

void api_control_open(struct api_control *c)
{
    pthread_condattr_t attributes;
    ASSERT(pthread_condattr_init(&attributes) == 0);
    ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&c->changed, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    c->jobs = NULL;
    c->has_timer = c->ends = false;
    c->wakes_ns = 0;
    atomic_store(&c->timeout_ns, 0);
}

void api_control_close(struct api_control *c)
{
    lock(c);
    c->ends = true;
    ASSERT(pthread_cond_signal(&c->changed) == 0);
    unlock(c);
    if (c->has_timer) ASSERT(pthread_join(c->timer, NULL) == 0);
    ASSERT(pthread_cond_destroy(&c->changed) == 0);
}

weft_status api_job_begin(struct api_control *c, struct api_job *job, uint64_t timeout_ns, weft_error *error)
{
    uint64_t limit = atomic_load(&c->timeout_ns), now = clock_wall_ns();
    if (limit == 0 || (timeout_ns != 0 && timeout_ns < limit)) limit = timeout_ns;
    job->deadline_ns = limit == 0 ? 0 : limit < UINT64_MAX - now ? now + limit : UINT64_MAX;
    lock(c);
    bool timed = job->deadline_ns == 0 || wake_timer_at(c, job->deadline_ns);
    if (timed) {
        job->link = &c->jobs;
        job->next = c->jobs;
        if (job->next != NULL) job->next->link = &job->next;
        c->jobs = job;
    }
    unlock(c);
    return timed ? WEFT_OK : api_fail(error, API_NO_THREAD, WEFT_NO_TRANSACTION, "%s", status_text(API_NO_THREAD));
}

void api_job_end(struct api_control *c, struct api_job *job)
{
    lock(c);
    *job->link = job->next;
    if (job->next != NULL) job->next->link = job->link;
    unlock(c);
}

/* ---- from outside ---------------------------------------------------------------------------- */

weft_status weft_engine_cancel(weft_engine *engine, weft_error *error)
{
    weft_status status = api_engine_hold(engine, error);
    if (status != WEFT_OK) return status;
    struct api_contexts *p = &engine->contexts;
    for (uint32_t i = 0; i < atomic_load(&p->count); i++)
        if (atomic_load(&p->all[i]->busy)) atomic_store(&p->all[i]->cancelled, API_CANCELLED);
    lock(&engine->control);
    for (const struct api_job *job = engine->control.jobs; job != NULL; job = job->next) end_job(job, API_CANCELLED);
    unlock(&engine->control);
    api_engine_release(engine);
    return WEFT_OK;
}

weft_status weft_engine_set_timeout(weft_engine *engine, uint64_t timeout_ns, weft_error *error)
{
    weft_status status = api_engine_hold(engine, error);
    if (status != WEFT_OK) return status;
    atomic_store(&engine->control.timeout_ns, timeout_ns);
    api_engine_release(engine);
    return WEFT_OK;
}
