/* A block that does not promise enough work begins on the caller alone, in place; the others are called as soon as what was
 * measured so far says that the rest is worth it (parallel/plan.h). */
#include "block/private.h"

/* ---- what sharing costs on this machine --------------------------------------------------------------------------- */

enum {
    ROUNDS = 100,
    MEETING_NS = 200000,   /* a worker that has not come by then does not come in time for a short block either */
    WAKE_NS_LEAST = 20000, /* it may have been awake */
    TRIES = 3,
};

/* Where nothing could be measured. */
static const struct plan_costs costs_assumed = {.handover_ns = 100, .wake_ns = MEETING_NS};

/* Two workers hand a word back and forth. */
struct meeting {
    _Alignas(128) _Atomic uint32_t turn; /* the caller makes it even, the other one odd */
    _Alignas(128) _Atomic bool over;
    uint64_t began_ns;
    struct plan_costs costs;
};

static bool await_turn(struct meeting *m, uint32_t turn)
{
    while (atomic_load_explicit(&m->turn, memory_order_relaxed) != turn) {
        if (atomic_load_explicit(&m->over, memory_order_relaxed)) return false;
        if (clock_wall_ns() - m->began_ns > MEETING_NS) return false;
        cpu_relax();
    }
    return true;
}

static void meet(void *context, unsigned worker)
{
    struct meeting *m = context;
    if (worker != 0) {
        for (uint32_t i = 0; i < ROUNDS && (i == 0 || await_turn(m, 2 * i)); i++)
            atomic_store_explicit(&m->turn, 2 * i + 1, memory_order_relaxed);
        return;
    }
    for (uint32_t i = 0; i < ROUNDS && await_turn(m, 2 * i + 1); i++) {
        uint64_t now = clock_wall_ns();
        if (i == 0) m->costs.wake_ns = now - m->began_ns;
        atomic_store_explicit(&m->turn, 2 * i + 2, memory_order_relaxed);
        if (i + 1 == ROUNDS || !await_turn(m, 2 * i + 3)) break;
        uint64_t one_way = (clock_wall_ns() - now) / 2;
        if (one_way < m->costs.handover_ns) m->costs.handover_ns = one_way;
    }
    atomic_store_explicit(&m->over, true, memory_order_relaxed);
}

/* Measured once in a process, in some hundred microseconds. Relaxed throughout: whoever finds nothing measures, too. */
static struct plan_costs share_costs(struct engine *e)
{
    static _Atomic uint32_t handover_ns, wake_ns, tries;
    struct plan_costs c = {atomic_load_explicit(&handover_ns, memory_order_relaxed),
                           atomic_load_explicit(&wake_ns, memory_order_relaxed)};
    if (c.handover_ns != 0 && c.wake_ns != 0) return c;
    if (atomic_load_explicit(&tries, memory_order_relaxed) >= TRIES) return costs_assumed;
    atomic_fetch_add_explicit(&tries, 1, memory_order_relaxed);
    struct meeting m = {.began_ns = clock_wall_ns(), .costs = {UINT64_MAX, 0}};
    pool_run(e->pool, 2, meet, &m);
    c = m.costs;
    if (c.handover_ns > MEETING_NS) return costs_assumed;
    if (c.handover_ns == 0) c.handover_ns = 1;
    if (c.wake_ns < WAKE_NS_LEAST) c.wake_ns = WAKE_NS_LEAST;
    atomic_store_explicit(&handover_ns, (uint32_t)c.handover_ns, memory_order_relaxed);
    atomic_store_explicit(&wake_ns, (uint32_t)c.wake_ns, memory_order_relaxed);
    return c;
}

/* ---- deciding ------------------------------------------------------------------------------------------------------ */

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
        uint64_t gas_left = gas > run->gas_used ? gas - run->gas_used : 0, now = clock_wall_ns(), ns = now - since;
        struct plan_costs costs = share_costs(run->engine);
        since += clock_wall_ns() - now;
        if (plan_share_rest(&costs, ns, run->gas_used, i + 1, gas_left, count - i - 1, threads)) return i + 1;
    }
    return count;
}
