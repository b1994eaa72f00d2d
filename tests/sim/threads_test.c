/* The same random blocks and the same protocol as mv_sim.c, now with real threads on the pool: what a step-by-step
 * simulation cannot show are the memory orders inside a step. Worth most under ThreadSanitizer. */
#include <sched.h>
#include <stdlib.h>

#include "harness.h"
#include "sim/protocol.h"

enum { ROUNDS = 4000 / SIM_SHARE };

struct round {
    struct sim_run run;
    uint64_t random[PICKER_WORKERS_MAX];
};

static void work(void *context, unsigned id)
{
    struct round *round = context;
    /* Giving the processor away at random places makes for more interleavings than so few cores would show. */
    uint64_t random = round->random[id];
    while (round->run.worker[id].phase != SIM_DONE) {
        sim_worker_step(&round->run, id);
        if (random_next(&random) % 16 == 0) sched_yield();
    }
}

TEST(sim_threads_give_the_serial_result)
{
    struct sim_world *w = sim_world_new();
    struct sim_block *b = base_calloc(1, sizeof *b);
    struct round *round = aligned_alloc(64, (sizeof *round + 63) / 64 * 64);
    struct pool *pool = pool_new(PICKER_WORKERS_MAX);
    struct sim_shape shape = {.txs_least = 2, .txs = SIM_TXS_MAX, .ops = SIM_OPS_MAX, .accounts = SIM_ACCOUNTS};
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % 8 == 0) sim_block_make(w, b, harness_random(), shape);
        unsigned workers = 2 + (unsigned)harness_random_below(pool_workers(pool) - 1);
        if (!sim_run_init(&round->run, w, b, workers, harness_random())) continue;
        round->run.threads = true;
        for (unsigned k = 0; k < workers; k++) round->random[k] = harness_random();
        pool_run(pool, workers, work, round);
        sim_run_finish(&round->run);
    }
    pool_free(pool);
    sim_block_free(b);
    sim_world_free(w);
    free(b);
    free(round);
}
