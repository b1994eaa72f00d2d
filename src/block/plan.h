/* plan: what the parallel executor decides from numbers alone: whether a block is shared among workers, how its
 * transactions form groups, which groups are begun first. Apart from the executor, so that the simulator (explain/)
 * asks the same functions. */
#ifndef WEFT_BLOCK_PLAN_H
#define WEFT_BLOCK_PLAN_H

#include "block/block.h"
#include "block/costs.h"
#include "sched/sched.h"

/* What is known of a block beforehand. Weights are gas, and more where calls are known to take longer than their gas
 * says. */
struct plan {
    const struct block_task *task;
    const uint64_t *weight; /* of each transaction: its gas limit, or more */
    uint64_t gas;           /* of the block: what its header says it uses, else the sum of the limits */
    uint64_t work;          /* the same as weights count it */
};
/* `costs` may be NULL. The weights live in `arena`. */
void plan_make(struct plan *p, const struct block_task *task, const struct cost_book *costs, struct arena *arena);

/* Whether a block promises so much work that all workers are called at once. Otherwise it begins on the caller
 * alone. */
bool plan_share_at_once(const struct plan *p);
/* Whether, `done` transactions having been executed alone, it is time to ask whether the rest should be shared ... */
bool plan_look(uint32_t done);
/* ... and that, by so many workers: the first `done` took `ns` and `gas_done`; the other `left` use `gas_left`. */
bool plan_share_rest(uint64_t ns, uint64_t gas_done, uint32_t done, uint64_t gas_left, uint32_t left, unsigned workers);

/* Groups of the transactions from `from` on, for so many workers: group g is those from first[g] up to first[g + 1],
 * and group_of[i] is the group of transaction i. Both have room for all transactions, `first` for one more. Returns the
 * number of groups. */
uint32_t plan_groups(const struct plan *p, uint32_t from, unsigned workers, uint32_t *first, uint32_t *group_of);
/* The groups that may take so long that they had better be begun first, longest first; `out` has room for
 * PLAN_HEAVY_MAX + 1. Returns how many there are. */
enum { PLAN_HEAVY_MAX = 16 };
uint32_t plan_heavy(const struct plan *p, const uint32_t *first, uint32_t groups, unsigned workers, uint32_t *out);
/* Tells a scheduler that has been begun which of its groups these are. */
void plan_set_heavy(struct sched *s, const struct plan *p, const uint32_t *first, struct arena *arena);

#endif
