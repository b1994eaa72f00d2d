/* protocol: what a worker of the parallel executor does (src/block/parallel.c), cut into steps, over made-up
 * transactions: groups of neighbours are run ahead transaction by transaction, given back, stolen, checked, committed.
 *
 * Each step calls the scheduler or the state at most once, so that a simulator can put any other worker's step in
 * between; with threads, sim_worker_step is simply called until done. At each commit the result is compared with the
 * serial execution's. */
#ifndef WEFT_SIM_PROTOCOL_H
#define WEFT_SIM_PROTOCOL_H

#include "mv/mv.h"
#include "sched/sched.h"
#include "sim/world.h"

enum sim_phase {
    SIM_ASK,
    SIM_SKIP,
    SIM_BEGIN_AHEAD,
    SIM_AHEAD,
    SIM_PUBLISHING,
    SIM_PUBLISH,
    SIM_PUBLISHED,
    SIM_REVISE, /* looks whether the transaction, run ahead, still holds */
    SIM_RERUN,  /* asks whether to run it again */
    SIM_REVISED,
    SIM_NEXT_AT_HEAD, /* checks the transaction, if it was run ahead */
    SIM_BEGIN_HEAD,
    SIM_HEAD,
    SIM_COMMIT,
    SIM_COMMITTED,
    SIM_LOOK,  /* notes the epoch ... */
    SIM_RETRY, /* ... asks ... */
    SIM_ENTER, /* ... says that it will sleep ... */
    SIM_LAST,  /* ... asks a last time ... */
    SIM_SLEEP, /* ... and sleeps */
    SIM_WAKE,
    SIM_DONE,
};

/* What was found out ahead of a transaction's turn. */
struct sim_ahead {
    bool there;                     /* set before sched_published */
    struct mv_execution *execution; /* NULL: it was invalid */
    struct sim_result result;
    uint64_t records; /* digest of what it is made of: see sim_digest */
};

struct sim_worker {
    enum sim_phase phase;
    struct sched_task task;
    uint32_t tx; /* of the group */
    bool sure;   /* ahead: all of the group so far was right when it was published, or is */
    bool again;  /* revising: something of the group was run again */
    bool whole;  /* at the head: the group is known to hold */
    bool alone;  /* at the head: values may be overwritten in place */
    enum sched_outcome outcome;
    struct mv_execution *execution; /* to be committed */
    uint32_t epoch;
    bool sleeps;
};

struct sim_run {
    struct sim_world *world;
    const struct sim_block *block;
    struct sched sched;
    struct sched_item items[SIM_TXS_MAX];
    uint32_t first[SIM_TXS_MAX + 1]; /* of each group; one more: where the last one ends */
    uint32_t groups;
    uint32_t heavy[2];
    bool is_heavy[SIM_TXS_MAX];
    struct sim_ahead ahead[SIM_TXS_MAX];
    unsigned workers;
    bool threads;      /* real ones: they sleep on the futex */
    uint64_t schedule; /* seed, for messages */

    /* of whoever stands at the head */
    struct account_entry *beneficiary;
    struct u256 fees;
    uint32_t committed;
    enum status status;
    uint32_t bad;
    uint32_t held, conflicts, whole;
    _Atomic uint32_t reruns;

    struct sim_worker worker[PICKER_WORKERS_MAX];
};

/* Opens the block for `workers` workers. `schedule` is a seed: how many transactions are executed in place before,
 * how the others are grouped, which groups are heavy or given back, and in what mood the scheduler starts; odd ones
 * leave it as it is. False when the block ended in place. */
bool sim_run_init(struct sim_run *r, struct sim_world *w, const struct sim_block *b, unsigned workers,
                  uint64_t schedule);
void sim_worker_step(struct sim_run *r, unsigned id);
/* A set of the workers that can move; 0: all are done, or nobody will ever move again. */
uint32_t sim_runnable(const struct sim_run *r);
/* A digest of all that the rest of the run depends on: runs with the same digest go on in the same ways. */
uint64_t sim_digest(const struct sim_run *r);
/* After the last step: closes the block and compares. */
void sim_run_finish(struct sim_run *r);

#endif
