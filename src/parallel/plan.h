/* plan: what the parallel executor decides from numbers alone: whether a block is shared among workers, how its
 * transactions form groups, which groups are begun first. Apart from the executor, so that the simulator (explain/) and
 * the access-list executor ask the same functions. */
#ifndef WEFT_PLAN_H
#define WEFT_PLAN_H

#include "parallel/policies.h"
#include "parallel/scheduler.h"
#include "types/types.h"

/* The transactions of a block, as planning and prediction see them. */
struct plan {
    const struct transaction *transactions;
    const struct address *senders;
    uint32_t count;
    uint64_t gas; /* of the block: what its header says it uses, else the sum of the limits */
};
/* `gas_used`: as the header has it; 0: not known. */
struct plan plan_make(const struct transaction *transactions, const struct address *senders, uint32_t count,
                      uint64_t gas_used);

/* ---- sharing (sharing.c) ------------------------------------------------------------------------------------------ */

/* Whether so many transactions that use so much gas promise so much work that all workers are called at once. Otherwise
 * the block begins on the caller alone. */
bool plan_promises_work(uint64_t gas, uint32_t count);
/* Whether, `done` transactions having been executed alone, it is time to ask whether the rest should be shared ... */
bool plan_look(uint32_t done);
/* ... and that, by so many workers: the first `done` took `ns` and `gas_done`; the other `left` use `gas_left`. */
struct plan_costs {
    uint64_t handover_ns; /* until what one core has written is read by another */
    uint64_t wake_ns;     /* until a worker that is called begins */
};
bool plan_share_rest(const struct plan_costs *c, uint64_t ns, uint64_t gas_done, uint32_t done, uint64_t gas_left,
                     uint32_t left, unsigned workers);

/* ---- groups (groups.c) -------------------------------------------------------------------------------------------- */

/* Groups of the transactions from `from` on, for so many workers: group g is those from first[g] up to first[g + 1],
 * and group_of[i] is the group of transaction i. Both have room for all transactions, `first` for one more. Returns the
 * number of groups. */
uint32_t plan_groups(const struct plan *p, uint32_t from, unsigned workers, uint32_t *first, uint32_t *group_of);
/* How many groups may be executed ahead of the commit point: about so many transactions that chains of versions, which
 * readers walk over, stay short. */
uint32_t plan_window(uint32_t groups, uint32_t transactions, unsigned workers);
/* The groups that may take so long that they are best begun first, longest first; `out` has room for PLAN_HEAVY_MAX + 1.
 * Returns how many there are. */
enum { PLAN_HEAVY_MAX = 16 };
uint32_t plan_heavy(const struct plan *p, const uint32_t *first, uint32_t groups, unsigned workers, uint32_t *out);
/* Tells a scheduler that has been begun which of its groups these are. */
void plan_set_heavy(struct sched *s, const struct plan *p, const uint32_t *first, struct arena *arena);

#endif
