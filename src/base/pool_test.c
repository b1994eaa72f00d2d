/* Tests of the worker pool; worth most under ThreadSanitizer. */
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORKERS = 9 };

struct roll_call {
    unsigned plain[WORKERS]; /* not atomic: the pool's own ordering must do */
    _Atomic unsigned total;
    unsigned awaited; /* worker 0 waits until `total` says so: nobody is left out for waking up late */
};

static void be_counted(void *context, unsigned worker)
{
    struct roll_call *r = context;
    CHECK(worker < WORKERS);
    r->plain[worker]++;
    atomic_fetch_add(&r->total, 1);
    while (worker == 0 && atomic_load(&r->total) < r->awaited) (void)sched_yield(); /* they may need this processor */
}

TEST(pool_runs_the_job_once_on_each_worker_asked)
{
    struct pool *p = pool_new(WORKERS);
    CHECK_EQ_U64(pool_workers(p), WORKERS);
    struct roll_call r = {0};
    unsigned expected[WORKERS] = {0}, total = 0;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned asked = (unsigned)harness_random_below(WORKERS + 3); /* 0 and too many mean all */
        unsigned runs = asked == 0 || asked > WORKERS ? WORKERS : asked;
        total += runs;
        r.awaited = total;
        pool_run(p, asked, be_counted, &r);
        for (unsigned w = 0; w < runs; w++) expected[w]++;
        for (unsigned w = 0; w < WORKERS; w++) CHECK_EQ_U64(r.plain[w], expected[w]);
    }
    CHECK_EQ_U64(atomic_load(&r.total), total);
    pool_free(p);
}

TEST(pool_wakes_sleepers)
{
    struct pool *p = pool_new(3);
    struct roll_call r = {0};
    for (unsigned round = 1; round <= 10; round++) {
        for (uint64_t until = clock_wall_ns() + 3000000; clock_wall_ns() < until;) cpu_relax();
        r.awaited = 3 * round;
        pool_run(p, 0, be_counted, &r);
        CHECK_EQ_U64(atomic_load(&r.total), 3 * round);
    }
    pool_free(p);
}

TEST(pool_wakes_who_is_roused)
{
    /* Not more than processors: then nobody is roused. */
    struct pool *p = pool_new(WORKERS <= cpu_count() ? WORKERS : cpu_count());
    struct roll_call r = {0};
    unsigned workers = pool_workers(p);
    for (unsigned round = 1; round <= 20; round++) {
        /* Asleep, awake in time, awake no longer. */
        for (uint64_t until = clock_wall_ns() + 2000000; clock_wall_ns() < until && round % 3 != 0;) cpu_relax();
        pool_rouse(p, round % 2 == 0 ? 50000000 : 1000);
        while (round % 2 == 0 && !pool_is_awake(p)) {
            pool_rouse(p, 50000000); /* we may have been away for longer */
            (void)sched_yield();
        }
        r.awaited = workers * round;
        pool_run(p, 0, be_counted, &r);
        CHECK_EQ_U64(atomic_load(&r.total), workers * round);
    }
    pool_rouse(p, 50000000);
    pool_free(p); /* roused in vain */
}

static void burn(void *context, unsigned worker)
{
    uint64_t each = *(const uint64_t *)context, since = clock_thread_ns();
    (void)worker;
    while (clock_thread_ns() - since < each) cpu_relax();
}

static void burn_by_all(void *context, unsigned worker)
{
    _Atomic unsigned *arrived = context;
    uint64_t each = 2000000;
    atomic_fetch_add(arrived, 1);
    while (atomic_load(arrived) < 3) (void)sched_yield(); /* they may need this processor */
    burn(&each, worker);
}

TEST(pool_counts_the_cpu_time_of_all_workers)
{
    struct pool *p = pool_new(3);
    _Atomic unsigned arrived = 0;
    uint64_t before = pool_cpu_ns(p);
    pool_run(p, 0, burn_by_all, &arrived);
    CHECK(pool_cpu_ns(p) - before >= 6000000);
    pool_free(p);
}

static _Atomic bool dawdler_started;

static void dawdle(void *context, unsigned worker)
{
    if (worker != 0) {
        atomic_store(&dawdler_started, true);
        for (uint64_t until = clock_wall_ns() + 3000000; clock_wall_ns() < until;) cpu_relax();
    }
    while (worker == 0 && !atomic_load(&dawdler_started)) (void)sched_yield(); /* they may need this processor */
    be_counted(context, worker);
}

TEST(pool_caller_sleeps_until_the_last_worker_returns)
{
    struct pool *p = pool_new(2);
    struct roll_call r = {0};
    for (unsigned round = 1; round <= 10; round++) {
        atomic_store(&dawdler_started, false);
        pool_run(p, 0, dawdle, &r);
        CHECK_EQ_U64(atomic_load(&r.total), 2 * round);
    }
    pool_free(p);
}

static void leave_at_once(void *context, unsigned worker)
{
    _Atomic unsigned *runs = context;
    atomic_fetch_add(runs, 1);
    (void)worker;
}

TEST(pool_leaves_out_who_wakes_up_late)
{
    struct pool *p = pool_new(WORKERS);
    for (unsigned round = 0; round < 3000; round++) {
        _Atomic unsigned runs = 0;
        pool_run(p, 0, leave_at_once, (void *)(uintptr_t)&runs);
        unsigned seen = atomic_load(&runs);
        CHECK(seen >= 1 && seen <= WORKERS);
        CHECK_EQ_U64(atomic_load(&runs), seen); /* nobody runs after pool_run */
    }
    pool_free(p);
}

TEST(pool_of_one_makes_no_thread)
{
    struct pool *p = pool_new(1);
    struct roll_call r = {0};
    pool_run(p, 0, be_counted, &r);
    CHECK_EQ_U64(r.plain[0], 1);
    pool_free(p);
    pool_free(pool_new(0));
    pool_free(NULL);
}

TEST(pool_dies_right_after_birth)
{
    for (int i = 0; i < 200; i++) pool_free(pool_new(4));
}

/* Sanitizers do not survive little address space. */
#ifndef WEFT_SANITIZED
TEST(pool_is_smaller_where_no_more_threads_are_given)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages;
    CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1);
    CHECK(fclose(file) == 0);
    rlim_t limit = pages * (rlim_t)sysconf(_SC_PAGESIZE) + 3 * POOL_STACK_SIZE;
    CHECK(setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}) == 0);
    struct pool *p = pool_new(WORKERS);
    CHECK(pool_workers(p) < WORKERS);
    CHECK_EQ_U64(pool_threads_refused(), WORKERS - pool_workers(p));
    struct roll_call r = {.awaited = pool_workers(p)};
    pool_run(p, 0, be_counted, &r);
    CHECK_EQ_U64(atomic_load(&r.total), pool_workers(p));
    pool_free(p);
}
#endif

static void mark(void *context, size_t i)
{
    uint8_t *marks = context;
    marks[i]++;
}

TEST(pool_for_visits_every_index_once)
{
    struct pool *p = pool_new(4);
    for (int round = 0; round < 200; round++) {
        size_t count = harness_random_below(2000), grain = harness_random_below(70);
        uint8_t *marks = base_calloc(count + 1, 1);
        pool_for(round % 5 == 0 ? NULL : p, count, grain, mark, marks);
        for (size_t i = 0; i < count; i++) CHECK_EQ_U64(marks[i], 1);
        CHECK_EQ_U64(marks[count], 0);
        free(marks);
    }
    pool_free(p);
}

/* Uses the better part of the promised stack. */
static NOINLINE uint64_t dig(unsigned depth)
{
    volatile uint8_t room[16384];
    memset((uint8_t *)(uintptr_t)room, (int)depth, sizeof room);
    return depth == 0 ? room[0] : dig(depth - 1) + room[depth % sizeof room];
}

static void dig_deep(void *context)
{
    uint64_t *out = context;
    *out = dig((unsigned)(POOL_STACK_SIZE / 2 / 16384));
}

static _Atomic unsigned diggers;

static void dig_deep_worker(void *context, unsigned worker)
{
    uint64_t *out = context;
    atomic_fetch_add(&diggers, 1);
    while (worker == 0 && atomic_load(&diggers) < 3) (void)sched_yield(); /* they may need this processor */
    if (worker != 0) dig_deep(&out[worker]);
}

TEST(pool_stacks_are_as_big_as_promised)
{
    uint64_t out[3] = {0};
    run_on_big_stack(dig_deep, &out[0]);
    CHECK(out[0] != 0);
    struct pool *p = pool_new(3);
    pool_run(p, 0, dig_deep_worker, out);
    CHECK(out[1] == out[0] && out[2] == out[0]);
    pool_free(p);
}

/* Threads that lend themselves to a pool of guests until it is closed. */
struct inn {
    struct pool *pool;
    _Atomic uint32_t bell;
    _Atomic bool closed;
};

static void *be_guest(void *context)
{
    struct inn *inn = context;
    while (!atomic_load(&inn->closed)) {
        uint32_t bell = atomic_load(&inn->bell);
        if (!pool_help(inn->pool) && !atomic_load(&inn->closed)) futex_wait(&inn->bell, bell);
    }
    return NULL;
}

TEST(pool_of_guests_runs_the_job_at_most_once_as_each_worker)
{
    enum { GUESTS = 3, ROUNDS = 2000 };
    struct inn inn = {0};
    inn.pool = pool_new_guests(WORKERS, &inn.bell);
    CHECK_EQ_U64(pool_workers(inn.pool), WORKERS);
    CHECK(!pool_help(inn.pool));
    struct roll_call r = {0};
    pool_run(inn.pool, 0, be_counted, &r); /* nobody is there: the caller does it alone */
    CHECK_EQ_U64(atomic_load(&r.total), 1);
    CHECK(!pool_help(inn.pool));
    pthread_t guests[GUESTS];
    for (size_t i = 0; i < GUESTS; i++) CHECK(pthread_create(&guests[i], NULL, be_guest, &inn) == 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before[WORKERS], total = atomic_load(&r.total);
        memcpy(before, r.plain, sizeof before);
        unsigned asked = 2 + (unsigned)harness_random_below(WORKERS - 1);
        r.awaited = total + (round % 2 == 0 ? 2 : 1); /* at least one guest comes, or perhaps none */
        pool_run(inn.pool, asked, be_counted, &r);
        CHECK_EQ_U64(r.plain[0], before[0] + 1);
        unsigned runs = 0;
        for (unsigned w = 0; w < WORKERS; w++) {
            CHECK(r.plain[w] - before[w] <= (w < asked));
            runs += r.plain[w] - before[w];
        }
        CHECK_EQ_U64(atomic_load(&r.total), total + runs);
    }
    atomic_store(&inn.closed, true);
    atomic_fetch_add(&inn.bell, 1);
    futex_wake(&inn.bell, GUESTS);
    for (size_t i = 0; i < GUESTS; i++) CHECK(pthread_join(guests[i], NULL) == 0);
    pool_free(inn.pool);
}
