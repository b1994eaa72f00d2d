/* Random blocks, executed by virtual workers in a random interleaving, against their serial execution: scheduler,
 * multi-version memory and state together, on one thread.
 *
 *     WEFT_SIM_INTERLEAVINGS=1000000 weft_tests --filter sim_random --seed 7
 *     WEFT_SIM_REPLAY=0x...,0x...,3 weft_tests --filter sim_random        one run again, as a failure names it */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "sim/protocol.h"

enum { INTERLEAVINGS = 200000 / SIM_SHARE, SCHEDULES_OF_A_BLOCK = 8 };

static const struct sim_shape small = {.txs_least = 1, .txs = 4, .ops = 5, .accounts = 4, .checks_each = true};
static const struct sim_shape medium = {.txs_least = 1, .txs = 10, .ops = 10, .accounts = SIM_ACCOUNTS};
static const struct sim_shape large = {
    .txs_least = 1, .txs = SIM_TXS_MAX, .ops = SIM_OPS_MAX, .accounts = SIM_ACCOUNTS};

static struct sim_shape shape_of(uint64_t seed)
{
    return seed % 8 == 0 ? large : seed % 8 < 4 ? medium : small;
}

static void run(struct sim_run *r, struct sim_world *w, struct sim_block *b, unsigned workers, uint64_t schedule)
{
    struct picker picker;
    if (!sim_run_init(r, w, b, workers, schedule)) return;
    picker_init(&picker, schedule, workers);
    uint64_t steps = 0, most = 20000 + 2000ull * b->tx_count;
    for (uint32_t set; (set = sim_runnable(r)) != 0 && steps < most; steps++)
        sim_worker_step(r, picker_next(&picker, set));
    if (steps == most)
        FAIL("no end in sight: %#llx,%#llx,%u", (unsigned long long)b->seed, (unsigned long long)schedule, workers);
    sim_run_finish(r);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

/* WEFT_SIM_REPLAY: block, schedule, workers. */
static bool replay(struct sim_run *r, struct sim_world *w, struct sim_block *b)
{
    unsigned long long block, schedule;
    unsigned workers;
    const char *text = getenv("WEFT_SIM_REPLAY");
    if (text == NULL || sscanf(text, "%llx,%llx,%u", &block, &schedule, &workers) != 3) return false;
    sim_block_make(w, b, block, shape_of(block));
    run(r, w, b, workers, schedule);
    return true;
}

static void explore(struct sim_run *r, struct sim_world *w, struct sim_block *b, uint64_t count)
{
    uint64_t held = 0, conflicts = 0, txs = 0, whole = 0, reruns = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (i % SCHEDULES_OF_A_BLOCK == 0) {
            uint64_t seed = harness_random();
            sim_block_make(w, b, seed, shape_of(seed));
        }
        run(r, w, b, 1 + (unsigned)harness_random_below(PICKER_WORKERS_MAX), harness_random());
        held += r->held;
        conflicts += r->conflicts;
        txs += r->committed;
        whole += r->whole;
        reruns += atomic_load(&r->reruns);
    }
    printf("%llu interleavings, %llu transactions, %llu held, %llu of them in groups, %llu conflicts, %llu reruns\n",
           (unsigned long long)count, (unsigned long long)txs, (unsigned long long)held, (unsigned long long)whole,
           (unsigned long long)conflicts, (unsigned long long)reruns);
    /* Worth something only when all that can happen does happen. */
    CHECK(count < 1000 || (held > txs / 10 && conflicts > txs / 10 && whole > txs / 60 && reruns != 0));
}

TEST(sim_random_interleavings_give_the_serial_result)
{
    struct sim_world *w = sim_world_new();
    struct sim_block *b = base_calloc(1, sizeof *b);
    struct sim_run *r = base_alloc_aligned(_Alignof(struct sim_run), sizeof *r);
    if (!replay(r, w, b)) explore(r, w, b, number_from("WEFT_SIM_INTERLEAVINGS", INTERLEAVINGS));
    sim_block_free(b);
    sim_world_free(w);
    free(b);
    free(r);
}
