/* A block that does not promise enough work begins on the caller alone, in place; the others are called as soon as what was
 * measured so far says that the rest is worth it (parallel/plan.h). */
#include "block/private.h"

struct plan block_plan(const struct block_task *task)
{
    return plan_make(task->transactions, task->senders, task->transaction_count, task->header->gas_used);
}

void share_announce(struct engine *e, const struct block_task *task)
{
    enum { BEGINS_WITHIN_NS = 1000000 };
    if (e->threads_max > 1 && plan_promises_work(task->header->gas_used, task->transaction_count))
        pool_rouse(e->pool, BEGINS_WITHIN_NS);
}

uint32_t share_run_alone(struct block_run *run)
{
    uint32_t count = run->task->transaction_count;
    uint64_t gas = run->plan.gas;
    unsigned threads = run->engine->threads_max;
    if (threads > 1 && plan_promises_work(gas, count)) return 0;
    uint64_t since = clock_wall_ns();
    for (uint32_t i = 0; i < count; i++) {
        if (!block_run_in_place(run, &run->engine->workers[0], i, false)) return count;
        if (!plan_look(i + 1) || threads == 1) continue;
        uint64_t gas_left = gas > run->gas_used ? gas - run->gas_used : 0;
        if (plan_share_rest(clock_wall_ns() - since, run->gas_used, i + 1, gas_left, count - i - 1, threads))
            return i + 1;
    }
    return count;
}
