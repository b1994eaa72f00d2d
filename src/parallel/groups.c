/* Groups of neighbouring transactions, which are what the scheduler schedules, and which of them are heavy. */
#include "parallel/plan.h"

/* Neighbouring transactions form a group until their gas limits sum up to this: some tens of microseconds of work, so
 * that handing results from core to core costs little beside it. Many workers need smaller portions. */
enum { GROUP_GAS = 400000, GROUP_GAS_MANY = 150000, MANY_WORKERS = 5, GROUP_MAX = 32 };

/* A group is heavy when its gas limits are at least this share of what a worker will do, 1 / HEAVY_SHARE, or when what
 * comes behind it would not keep the others busy while it runs. */
enum { HEAVY_SHARE = 4, HEAVY_LEAST = 200000 };

enum { WINDOW_TRANSACTIONS = 2048 };

static uint64_t add_up_to_max(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

struct plan plan_make(const struct transaction *transactions, const struct address *senders, uint32_t count,
                      uint64_t gas_used)
{
    uint64_t limits = 0;
    for (uint32_t i = 0; i < count && gas_used == 0; i++) limits = add_up_to_max(limits, transactions[i].gas_limit);
    return (struct plan){transactions, senders, count, gas_used != 0 ? gas_used : limits};
}

uint32_t plan_groups(const struct plan *p, uint32_t from, unsigned workers, uint32_t *first, uint32_t *group_of)
{
    const uint64_t group_gas = workers < MANY_WORKERS ? GROUP_GAS : GROUP_GAS_MANY;
    uint32_t groups = 0;
    uint64_t gas = group_gas;
    for (uint32_t i = from; i < p->count; i++) {
        uint64_t limit = p->transactions[i].gas_limit;
        if (groups == 0 || !policy_is_on(POLICY_GROUPS) || limit > group_gas - gas ||
            i - first[groups - 1] == GROUP_MAX) {
            first[groups++] = i;
            gas = 0;
        }
        gas += limit < group_gas - gas ? limit : group_gas - gas;
        group_of[i] = groups - 1;
    }
    first[groups] = p->count;
    return groups;
}

uint32_t plan_window(uint32_t groups, uint32_t transactions, unsigned workers)
{
    return (uint32_t)((uint64_t)WINDOW_TRANSACTIONS * groups / transactions) + workers;
}

static uint64_t group_weight(const struct plan *p, const uint32_t *first, uint32_t group)
{
    uint64_t sum = 0;
    for (uint32_t i = first[group]; i < first[group + 1]; i++) sum = add_up_to_max(sum, p->transactions[i].gas_limit);
    return sum;
}

uint32_t plan_heavy(const struct plan *p, const uint32_t *first, uint32_t groups, unsigned workers, uint32_t *out)
{
    uint64_t rest = 0; /* behind group g */
    uint32_t count = 0;
    if (!policy_is_on(POLICY_HEAVY)) return 0;
    for (uint32_t g = groups; g-- > 0 && workers > 1;) {
        uint64_t weight = group_weight(p, first, g);
        bool is_heavy = weight >= HEAVY_LEAST &&
                        (weight >= p->gas / (HEAVY_SHARE * workers) || weight > rest / (workers - 1));
        rest = add_up_to_max(rest, weight);
        if (!is_heavy) continue;
        uint32_t at = count; /* insertion, longest first; the last one falls out when the list is full */
        for (; at > 0 && group_weight(p, first, out[at - 1]) <= weight; at--) out[at] = out[at - 1];
        out[at] = g;
        count += count < PLAN_HEAVY_MAX;
    }
    return count;
}

/* Whether a transaction before this one calls the same contract: likely they meet there. */
static bool is_called_before(const struct plan *p, uint32_t tx)
{
    const struct transaction *t = &p->transactions[tx];
    if (t->is_create) return false;
    for (uint32_t i = tx; i-- > 0;)
        if (!p->transactions[i].is_create && address_equal(&p->transactions[i].to, &t->to)) return true;
    return false;
}

void plan_set_heavy(struct sched *s, const struct plan *p, const uint32_t *first, struct arena *arena)
{
    uint32_t *heavy = ARENA_ARRAY(arena, uint32_t, PLAN_HEAVY_MAX + 1);
    bool *is_heavy = ARENA_ARRAY(arena, bool, s->count);
    memset(is_heavy, 0, s->count * sizeof *is_heavy);
    uint32_t found = plan_heavy(p, first, s->count, s->workers, heavy), count = 0;
    for (uint32_t i = 0; i < found; i++) {
        if (is_called_before(p, first[heavy[i]])) continue;
        is_heavy[heavy[i]] = true;
        heavy[count++] = heavy[i];
    }
    sched_set_heavy(s, heavy, count, is_heavy);
}
