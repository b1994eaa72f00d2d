/* Whether a block is worth sharing among the workers.
 *
 * Calling the others costs microseconds until they are awake, and each transaction that they hand over about one more.
 * So a block whose gas does not promise much work begins on the caller alone, in place, and the others are called as
 * soon as what was measured so far says that the rest is worth it. */
#include "block/plan.h"
#include "block/private.h"

enum {
    SHARE_AT_ONCE_GAS = 2000000, /* beyond what plain transfers use */
    SHARE_AT_ONCE_TX_GAS = 4000, /* the same, of the mean transaction */
    SHARE_REST_GAS = 500000,     /* beyond what transfers use, of the rest of a block that was begun alone */
    SHARE_REST_TX_GAS = 2000,    /* the same, of its mean transaction: the first ones seldom tell what the others are */
    SHARE_REST_NS = 150000,      /* predicted work that is left */
    SHARE_TX_NS = 2000,          /* mean work of a transaction */
    SHARE_TX_NS_MANY = 300,      /* the same, where there are SHARE_MANY workers or more: plain transfers, too */
    SHARE_MANY = 4,
    LOOK_EVERY = 8, /* transactions between two looks at the clock ... */
    LOOK_FIRST = 8, /* ... from this one on: the first ones pay for cold caches */
};

/* Gas beyond what as many plain transfers would use. */
static uint64_t gas_beyond_transfers(uint64_t gas, uint32_t count)
{
    uint64_t transfers = (uint64_t)count * 21000;
    return gas > transfers ? gas - transfers : 0;
}

bool plan_look(uint32_t done)
{
    return done >= LOOK_FIRST && done % LOOK_EVERY == 0;
}

bool plan_share_rest(uint64_t ns, uint64_t gas_done, uint32_t done, uint64_t gas_left, uint32_t left, unsigned workers)
{
    bool many = workers >= SHARE_MANY;
    if (gas_done == 0 || ns < (uint64_t)(many ? SHARE_TX_NS_MANY : SHARE_TX_NS) * done) return false;
    uint64_t beyond = gas_beyond_transfers(gas_left, left);
    if (!many && (beyond < SHARE_REST_GAS || beyond < (uint64_t)left * SHARE_REST_TX_GAS)) return false;
    return (double)ns * (double)gas_left / (double)gas_done > (double)SHARE_REST_NS;
}

static bool promises_work(uint64_t gas, uint32_t count)
{
    uint64_t beyond = gas_beyond_transfers(gas, count);
    return beyond >= SHARE_AT_ONCE_GAS && beyond >= (uint64_t)count * SHARE_AT_ONCE_TX_GAS;
}

bool plan_share_at_once(const struct plan *p)
{
    return promises_work(p->gas, p->task->transaction_count);
}

void share_announce(struct engine *e, const struct block_task *task)
{
    enum { BEGINS_WITHIN_NS = 1000000 };
    if (e->threads_max > 1 && promises_work(task->header->gas_used, task->transaction_count))
        pool_rouse(e->pool, BEGINS_WITHIN_NS);
}

bool share_is_worthwhile(const struct block_run *run)
{
    return run->engine->threads > 1 && plan_share_at_once(&run->plan);
}

uint32_t share_run_alone(struct block_run *run)
{
    const struct block_task *task = run->task;
    uint32_t count = task->transaction_count;
    uint64_t gas = run->plan.gas;
    if (share_is_worthwhile(run)) return 0;
    uint64_t since = clock_wall_ns();
    for (uint32_t i = 0; i < count; i++) {
        if (!block_run_in_place(run, i)) return count;
        if (!plan_look(i + 1) || run->engine->threads == 1) continue;
        uint64_t gas_left = gas > run->gas_used ? gas - run->gas_used : 0;
        if (plan_share_rest(clock_wall_ns() - since, run->gas_used, i + 1, gas_left, count - i - 1,
                            run->engine->threads_max))
            return i + 1;
    }
    return count;
}
