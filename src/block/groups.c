/* Groups of transactions, which are what the scheduler schedules, and which of them are heavy. */
#include "block/plan.h"

/* Neighbouring transactions form a group until their gas limits sum up to this: some tens of microseconds of work, so
 * that handing results from core to core costs little beside it. Many workers need smaller portions. */
enum { GROUP_GAS = 400000, GROUP_GAS_MANY = 150000, MANY_WORKERS = 5, GROUP_MAX = 32 };

/* A transaction is heavy when its gas limit is at least this share of what a worker will do, 1 / HEAVY_SHARE, or when
 * what comes behind it would not keep the others busy while it runs. */
enum { HEAVY_SHARE = 4, HEAVY_LEAST = 200000 };

uint32_t plan_groups(const struct block_task *task, uint32_t from, unsigned workers, uint32_t *first,
                     uint32_t *group_of)
{
    const uint64_t group_gas = workers < MANY_WORKERS ? GROUP_GAS : GROUP_GAS_MANY;
    uint32_t groups = 0;
    uint64_t gas = group_gas;
    for (uint32_t i = from; i < task->transaction_count; i++) {
        uint64_t limit = task->transactions[i].gas_limit;
        if (groups == 0 || limit > group_gas - gas || i - first[groups - 1] == GROUP_MAX) {
            first[groups++] = i;
            gas = 0;
        }
        gas += limit < group_gas - gas ? limit : group_gas - gas;
        group_of[i] = groups - 1;
    }
    first[groups] = task->transaction_count;
    return groups;
}

uint32_t plan_heavy(const struct block_task *task, const uint32_t *first, uint32_t groups, unsigned workers,
                    uint32_t *out)
{
    uint64_t gas = plan_expected_gas(task), rest = 0; /* behind group g */
    uint32_t count = 0;
    for (uint32_t g = groups; g-- > 0 && workers > 1;) {
        uint64_t limit = task->transactions[first[g]].gas_limit;
        bool is_heavy = limit >= HEAVY_LEAST &&
                        (limit >= gas / (HEAVY_SHARE * workers) || limit > rest / (workers - 1));
        if (__builtin_add_overflow(rest, limit, &rest)) rest = UINT64_MAX;
        if (!is_heavy) continue;
        uint32_t at = count; /* insertion, longest first; the last one falls out when the list is full */
        for (; at > 0 && task->transactions[first[out[at - 1]]].gas_limit <= limit; at--) out[at] = out[at - 1];
        out[at] = g;
        count += count < PLAN_HEAVY_MAX;
    }
    return count;
}

void plan_set_heavy(struct sched *s, const struct block_task *task, const uint32_t *first, struct arena *arena)
{
    uint32_t *heavy = ARENA_ARRAY(arena, uint32_t, PLAN_HEAVY_MAX + 1);
    bool *is_heavy = ARENA_ARRAY(arena, bool, s->count);
    memset(is_heavy, 0, s->count * sizeof *is_heavy);
    uint32_t count = plan_heavy(task, first, s->count, s->workers, heavy);
    for (uint32_t i = 0; i < count; i++) is_heavy[heavy[i]] = true;
    sched_set_heavy(s, heavy, count, is_heavy);
}
