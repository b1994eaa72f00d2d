/* Jobs on the worker pool instead of a block: the pool's whole life, with threads of its own or with guests. */
#include <limits.h>
#include <pthread.h>

#include "explore.h"
#include "steps.h"

enum { ALIVE = 0x5a11ce, LOOP = 5 };

/* Lives on the caller's stack while the job runs, and no longer. All words are plain: nothing but the pool orders
 * them. */
struct job {
    uint32_t alive;
    unsigned ran[FIBERS], asked;
};

struct life {
    unsigned workers, jobs;
    bool guests; /* the workers are threads of somebody else, who come to help when the bell rings */
    _Atomic uint32_t bell, over;
    struct pool *pool;
};

static void do_job(void *context, unsigned worker)
{
    struct job *j = context;
    if (j->alive != ALIVE) world_fail("a job runs that is over");
    if (worker >= j->asked) world_fail("worker %u was not asked", worker);
    j->ran[worker]++;
    world_step();
    if (j->alive != ALIVE) world_fail("pool_run returned while a job runs");
}

/* Returns how many workers besides the caller took part. */
static unsigned run_job(struct pool *p, unsigned workers, unsigned asked)
{
    struct job j = {.alive = ALIVE, .asked = asked < workers ? asked : workers};
    unsigned others = 0;
    pool_run(p, asked, do_job, &j);
    if (j.ran[0] != 1) world_fail("the caller's part ran %u times", j.ran[0]);
    for (unsigned w = 1; w < workers; w++) {
        if (j.ran[w] > 1) world_fail("worker %u ran %u times", w, j.ran[w]);
        others += j.ran[w];
    }
    j.alive = 0;
    return others;
}

static void count_one(void *context, size_t i)
{
    ++((unsigned *)context)[i];
}

static void run_loop(struct pool *p)
{
    unsigned counts[LOOP] = {0};
    pool_for(p, LOOP, 1, count_one, counts);
    for (unsigned i = 0; i < LOOP; i++)
        if (counts[i] != 1) world_fail("element %u of a loop was done %u times", i, counts[i]);
}

static void *be_guest(void *argument)
{
    struct life *life = argument;
    for (;;) {
        uint32_t seen = atomic_load(&life->bell);
        if (atomic_load(&life->over) != 0) return NULL;
        if (!pool_help(life->pool)) futex_wait(&life->bell, seen);
    }
}

static void run_jobs(struct life *life)
{
    uint64_t before = pool_cpu_ns(life->pool);
    unsigned others = 0;
    for (unsigned i = 0; i < life->jobs; i++) {
        if (i == 1) {
            pool_rouse(life->pool, 5 * world_clock_step_ns);
            (void)pool_is_awake(life->pool);
        }
        others += run_job(life->pool, life->workers, i % 2 == 0 ? 2 : life->workers);
    }
    /* Each thread's clock moves by one each time that it is read: twice around a job, and once a time by us. */
    if (pool_cpu_ns(life->pool) - before != others + 1) world_fail("time in jobs was lost");
    run_loop(life->pool);
}

static void live(void *context)
{
    struct life *life = context;
    if (!life->guests) {
        life->pool = pool_new(life->workers);
        run_jobs(life);
        pool_free(life->pool);
        return;
    }
    pthread_t guests[FIBERS];
    life->pool = pool_new_guests(life->workers, &life->bell);
    for (unsigned w = 1; w < life->workers; w++) (void)pthread_create(&guests[w], NULL, be_guest, life);
    run_jobs(life);
    atomic_store(&life->over, 1);
    atomic_fetch_add(&life->bell, 1);
    futex_wake(&life->bell, INT_MAX);
    for (unsigned w = 1; w < life->workers; w++) (void)pthread_join(guests[w], NULL);
    pool_free(life->pool);
}

const char *check_pool(unsigned workers, unsigned jobs, bool guests)
{
    static struct world *world;
    static struct life life;
    life = (struct life){.workers = workers, .jobs = jobs, .guests = guests};
    if (world == NULL) world = world_new();
    world_clear(world);
    check_counts.runs++;
    return world_run(world, live, &life);
}
