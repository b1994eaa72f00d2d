/* worker: what one worker of the parallel executor does, as a state machine over the scheduler. It knows neither threads
 * nor transactions: those are operations that the driver brings. Real threads step until done (block/parallel.c); the
 * simulator of `weft explain` steps many workers in virtual time (explain/simulate.c).
 *
 *     ask ──► speculate:   execute ──► publish ──► next transaction of the group ...          ──► ask
 *         ──► revalidate:  validate ──► (execute ──► publish) ──► next ...                    ──► ask
 *         ──► commit:      whole group, or: commit ──► (execute ──► commit) ──► next ...      ──► ask
 *         ──► alone:       the whole group in place                                           ──► ask
 *         ──► wait:        spin ──► ask once more ──► sleep                                   ──► ask
 *
 * Each step calls at most one operation, and the scheduler before and after it. */
#ifndef WEFT_WORKER_H
#define WEFT_WORKER_H

#include "parallel/scheduler.h"

/* On what a transaction is executed, and what becomes of its writes. */
enum execution_mode {
    EXECUTE_SPECULATIVELY, /* on what is published so far; reads are kept */
    EXECUTE_COMMITTED,     /* at the commit point; writes become versions that others may read at once */
};

enum worker_answer {
    WORKER_AGAIN, /* not finished: the same operation is called again with the next step */
    WORKER_YES,
    WORKER_NO,
    WORKER_NONE,    /* see the operation */
    WORKER_REFUSED, /* the transaction cannot be in the block: the block ends */
};

/* Operations; `context` is worker.context, the worker's own; `tx` an index in the block. */
struct worker_ops {
    /* Whether to defer a group that was to be executed speculatively; *after as in sched_defer. */
    bool (*defers)(void *context, uint32_t group, uint32_t *after);
    /* Executes a transaction. WORKER_YES. */
    enum worker_answer (*execute)(void *context, uint32_t tx, enum execution_mode mode);
    /* Publishes what the last execution wrote, in place of an earlier one. Calls sched_invalidates. Whether it is valid.
     * `complete`: all transactions of its group are published. */
    enum worker_answer (*publish)(void *context, uint32_t tx, bool complete);
    /* The last execution does not count. */
    void (*drop)(void *context, uint32_t tx);
    /* Ahead of its turn: whether the published execution is still valid. WORKER_NONE: only the commit point can know. */
    enum worker_answer (*validate)(void *context, uint32_t tx);
    /* At the commit point while nobody speculates: executes and commits a group, overwriting values in place. WORKER_YES or
     * WORKER_REFUSED. */
    enum worker_answer (*run_in_place)(void *context, uint32_t group);
    /* Commits a group of which all is valid. WORKER_NO: transaction by transaction, please. */
    enum worker_answer (*commit_group)(void *context, uint32_t group);
    /* Commits a speculative execution if it is valid, or withdraws it: WORKER_YES, WORKER_NO. WORKER_NONE: there is
     * none. Calls sched_invalidates. */
    enum worker_answer (*commit_speculative)(void *context, uint32_t tx);
    /* Commits the last execution. WORKER_YES or WORKER_REFUSED. Calls sched_invalidates. */
    enum worker_answer (*commit_executed)(void *context, uint32_t tx);
    /* Nanoseconds since some time. */
    uint64_t (*clock)(void *context);
    /* Waits a moment for sched_epoch to become another than `epoch`; whether it has. */
    enum worker_answer (*spin)(void *context, uint32_t epoch);
    /* Sleeps while sched_epoch is `epoch`; may return early. */
    void (*sleep)(void *context, uint32_t epoch);
};

enum worker_phase {
    WORKER_ASK,
    WORKER_EXECUTE, /* speculatively */
    WORKER_PUBLISH,
    WORKER_VALIDATE,
    WORKER_RUN_IN_PLACE,
    WORKER_COMMIT_GROUP,
    WORKER_COMMIT_SPECULATIVE,
    WORKER_COMMIT_EXECUTE,
    WORKER_COMMIT_EXECUTED,
    WORKER_LOOK, /* notes the epoch and asks again */
    WORKER_SPIN,
    WORKER_SLEPT,
    WORKER_DONE,
};

struct worker {
    struct sched *sched;
    const struct worker_ops *ops;
    void *context;
    const uint32_t *first; /* transaction of each group; one more: where the last one ends */
    bool may_overwrite;    /* values may be overwritten in place in this block */

    enum worker_phase phase;
    struct sched_task task;
    uint32_t tx;     /* of the group */
    bool valid;      /* all of the group so far */
    bool may_rerun;  /* revalidating: sched_may_rerun has been asked, and said yes */
    bool publishing; /* sched_publishing has said yes */
    enum execution_mode mode;
    enum sched_outcome outcome;
    uint64_t began_ns; /* when the task was taken */
    uint32_t epoch;
};

/* Does the next step. False: the block is over for this worker. */
bool worker_step(struct worker *w);

#endif
