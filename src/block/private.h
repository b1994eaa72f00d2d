/* What the files of block/ share: a block while it is being executed. */
#ifndef WEFT_BLOCK_PRIVATE_H
#define WEFT_BLOCK_PRIVATE_H

#include "block/block.h"
#include "parallel/plan.h"
#include "precompile/precompile.h"

struct sched; /* parallel/scheduler.h */

/* One worker's tools. Padded: workers must not share cache lines. */
struct engine_worker {
    _Alignas(128) struct tx_worker tx;
    struct arena versions; /* what it published for the running block */
    struct state_changes changes;
    struct block_event *events;
    uint32_t event_count, event_capacity;
};

struct engine {
    unsigned threads;
    unsigned threads_max; /* of those that run transactions */
    struct pool *pool;
    struct code_cache *codes;
    bool borrows; /* pool and codes are the caller's */
    struct state_table *table;
    struct engine_worker *workers;
    struct access_book *book;
    struct precompile_memo *memo; /* of the running block */
    struct arena block;           /* what lives as long as the results of one block */
    bool record;
    void (*hold_up)(void *context); /* engine_hold_up; NULL: nobody is held up */
    void *hold_up_context;
    void (*lie)(void *context, struct block_result *r); /* engine_lie */
    void *lie_context;
    bool share_always;
    _Atomic uint8_t cancelled;   /* engine_cancel */
    pthread_mutex_t cancel_lock; /* guards: */
    struct sched *shared;        /* of the block that is shared now; NULL: none */
    uint64_t began_ns;           /* the running block, on the wall clock */
};

/* A block while it is being executed. The fields behind `in order` belong to whoever commits. */
struct block_run {
    struct engine *engine;
    const struct block_task *task;
    struct tx_context context;
    struct tx_result *results; /* one for each transaction */
    struct account_entry *beneficiary;
    struct plan plan; /* of executors that share the block */

    /* in order */
    struct u256 fees;        /* of the committed transactions, not yet credited */
    uint64_t gas_used;       /* against the block's limit; EIP-8037: execution gas */
    uint64_t state_gas_used; /* the same for state gas */
    uint64_t cumulative_gas; /* as receipts count it */
    uint64_t blob_gas_used;
    uint64_t declared_reads; /* EIP-7928: those that block_check_access_list_gas looks for; 0 without a declared list */
    uint32_t committed;      /* transactions */
    enum status status;
    struct error error; /* says more of `status`, when it has the same */
    uint32_t bad;
    struct block_stats stats;
    struct block_conflict *conflicts;
    uint32_t conflict_count;
    struct declared *declared; /* the list that the transactions were executed along; NULL: none */
    uint64_t declared_changes; /* of that list, found by the transactions */
};

/* Whether nobody wants the block any more. */
static inline bool engine_is_cancelled(const struct engine *e)
{
    return UNLIKELY(atomic_load_explicit(&e->cancelled, memory_order_relaxed) != 0);
}
/* Makes the speculative executions of `s` end when the engine is cancelled; NULL: there are none any more. */
void engine_shares(struct engine *e, struct sched *s);

/* The seam: runs all transactions of a block that has been begun, in effect in order. Sets run->status and run->bad. */
struct block_executor {
    const char *name;
    void (*run)(struct block_run *run);
};
extern const struct block_executor executor_serial, executor_parallel, executor_access_list;

/* Whether the block still has room for transaction `index`: gas and blobs. In order. */
enum status block_admit(struct block_run *run, uint32_t index);
/* Counts a committed transaction. In order. */
void block_count(struct block_run *run, uint32_t index);
/* Notes that the block is invalid because of transaction `index`. */
void block_refuse(struct block_run *run, uint32_t index, enum status why);

/* Executes and commits transaction `index` on `worker`, overwriting values in place; false when it cannot be in the block.
 * Only while no other worker executes. `over_versions`: transactions before it may have left versions. */
bool block_run_in_place(struct block_run *run, struct engine_worker *worker, uint32_t index, bool over_versions);

/* The transactions of a task, as planning sees them. */
struct plan block_plan(const struct block_task *task);

/* Wakes the workers while a block is still being made ready, if its header promises that they will be needed. */
void share_announce(struct engine *e, const struct block_task *task);
/* Executes transactions on the caller alone, in place, until it pays to call the other workers; returns how many. */
uint32_t share_run_alone(struct block_run *run);

/* The time since the block began; 0 unless recording. */
uint64_t event_clock(const struct engine *e);
/* Notes that worker `w` did something from `start_ns` until now. */
void event_note(struct engine *e, struct engine_worker *w, enum block_event_kind kind, uint32_t tx, uint64_t start_ns,
                bool wasted);
/* Gathers what all workers noted. */
void events_gather(struct engine *e, struct block_result *out);

/* The block access list (EIP-7928), see access_list.c. Only where block_lists_accesses. */
struct access_book *access_book_new(void);
void access_book_free(struct access_book *b);
/* Before anything is executed. */
void block_begin_access_list(struct block_run *run);
/* Whether accesses are listed: the fork has the list, or the task brings one or asks for it. */
static inline bool block_lists_accesses(const struct block_task *task)
{
    return task->fork->block_access_list || task->access_list != NULL || task->keep_accesses;
}
/* Which codes were read and how far back hashes were asked for. */
void block_make_reads(struct block_run *run, struct block_result *out);
/* Lists what was accessed at `index` (0: before the transactions, i: by transaction i from 1, one more: after them),
 * once it is committed and its fee is in run->fees. In order. */
void block_note_before(struct block_run *run, const struct state_accesses *accesses, uint32_t index);
void block_list_accesses(struct block_run *run, const struct state_accesses *accesses, uint32_t index);
/* All transactions have been executed along a declared list, without being listed here. */
void block_pass_transactions(struct block_run *run);
/* The list; lives as long as the results. */
struct block_access_list block_make_access_list(struct block_run *run);
/* How many slots were accessed so far. */
uint32_t block_listed_slots(const struct block_run *run);

/* What speaks against a list, BLOCK_ACCESS_LIST_* or BAL_* with *error set (may be NULL).
 *   size: more items than the gas limit allows       form: that, order, indices, and the hash in the header
 *   gas: in order, before a transaction; the gas that is left cannot pay for the declared reads still missing */
enum status block_check_access_list_size(const struct block_access_list *l, uint64_t gas_limit, struct error *error);
enum status block_check_access_list_form(const struct block_access_list *l, const struct header *h,
                                         uint32_t transaction_count, struct error *error);
uint64_t block_declared_reads(const struct block_access_list *l, const struct fork *fork);
enum status block_check_access_list_gas(struct block_run *run);

/* What happens before the first and after the last transaction; writes the table in place. */
enum status block_start(struct block_run *run);
enum status block_finish(struct block_run *run, struct block_result *out);

/* Executes transaction `index` as tx_execute does, traced where the task asks for it. Returns the tracer, which the
 * caller commits or drops; NULL: nothing is traced. */
struct vm_tracer *block_execute_traced(const struct block_run *run, struct tx_worker *w, uint32_t index,
                                       struct tx_result *result);
void block_commit_trace(const struct block_run *run, uint32_t index, struct vm_tracer *tracer);
void block_drop_trace(const struct block_run *run, uint32_t index, struct vm_tracer *tracer);

/* The worker whose state serves for what is done in place. */
static inline struct tx_worker *run_worker(struct block_run *run)
{
    return &run->engine->workers[0].tx;
}

#endif
