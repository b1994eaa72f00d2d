/* The executor along a declared access list (EIP-7928): what every transaction finds is known (declared.h), so they
 * run in any order, each once, and nobody waits for anybody. What counts in order, gas and blobs against the block's
 * limits and cumulative gas, is counted when all have run.
 *
 * A block that does not agree with its list, or uses more gas than it may, is given up here as soon as that is seen;
 * block_execute then executes it serially, and says what is wrong. So a hostile block costs no more than twice the
 * time of its gas limit. */
#include "block/bal/overlay.h"

/* Blocks of less gas stay on the calling thread: it would be done before others are awake. */
enum { SHARE_GAS = 2000000 };

struct along {
    struct block_run *run;
    uint32_t *first; /* of each group of transactions, and one more: where the last one ends */
    uint32_t *order; /* of groups: those that may take long come first */
    uint32_t groups;
    struct vm_tracer **tracers; /* one for each transaction that has run; NULL: not traced */
    _Atomic uint32_t next;      /* in `order` */
    _Atomic bool failed;
    _Atomic uint64_t changes; /* found by all workers */
    _Atomic uint64_t gas;     /* used so far */
};

/* Executes a transaction on the values of the list, fees included: so its own fee is not counted again. */
static bool execute(struct along *a, struct engine_worker *w, uint32_t tx, uint64_t *changes)
{
    struct block_run *run = a->run;
    struct state *s = w->tx.state;
    struct tx_result *result = &run->results[tx];
    uint64_t start = event_clock(run->engine);
    state_begin(s, tx + 1, false);
    s->beneficiary = NULL;
    a->tracers[tx] = block_execute_traced(run, &w->tx, tx, result);
    bool holds = s->failure == STATUS_OK && result->invalid == STATUS_OK &&
                 declared_holds(run->declared, s, run->beneficiary, result->fee, changes);
    result->fee = U256_ZERO;
    event_note(run->engine, w, EVENT_RUN, tx, start, !holds);
    return holds;
}

static void work(void *context, unsigned worker)
{
    struct along *a = context;
    struct engine_worker *w = &a->run->engine->workers[worker];
    uint64_t changes = 0;
    bool holds = true;
    while (holds && !atomic_load_explicit(&a->failed, memory_order_relaxed)) {
        /* Relaxed: deals out groups; pool_run orders the rest. */
        uint32_t at = atomic_fetch_add_explicit(&a->next, 1, memory_order_relaxed);
        if (at >= a->groups) break;
        uint32_t group = a->order[at];
        uint64_t gas = 0;
        for (uint32_t tx = a->first[group]; tx < a->first[group + 1] && holds; tx++) {
            holds = execute(a, w, tx, &changes);
            gas += a->run->results[tx].block_gas;
        }
        gas += atomic_fetch_add_explicit(&a->gas, gas, memory_order_relaxed);
        holds = holds && gas <= a->run->task->header->gas_limit;
    }
    if (!holds) atomic_store_explicit(&a->failed, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&a->changes, changes, memory_order_relaxed);
}

/* Counts what counts in order, once all transactions have run. */
static void count_all(struct along *a)
{
    struct block_run *run = a->run;
    for (uint32_t tx = 0; tx < run->task->transaction_count && run->status == STATUS_OK; tx++) {
        enum status why = block_admit(run, tx);
        if (why != STATUS_OK) {
            block_refuse(run, tx, why);
            break;
        }
        block_count(run, tx);
        block_commit_trace(run, tx, a->tracers[tx]);
        a->tracers[tx] = NULL;
    }
}

static void drop_traces(const struct along *a)
{
    for (uint32_t tx = 0; tx < a->run->task->transaction_count; tx++) block_drop_trace(a->run, tx, a->tracers[tx]);
}

/* The groups that may take long first, then the others as they stand in the block. */
static void put_in_order(struct along *a, unsigned workers)
{
    struct arena *arena = &a->run->engine->block;
    bool *is_heavy = ARENA_ARRAY(arena, bool, a->groups);
    memset(is_heavy, 0, a->groups * sizeof *is_heavy);
    a->order = ARENA_ARRAY(arena, uint32_t, a->groups + PLAN_HEAVY_MAX + 1);
    uint32_t count = plan_heavy(&a->run->plan, a->first, a->groups, workers, a->order);
    for (uint32_t i = 0; i < count; i++) is_heavy[a->order[i]] = true;
    for (uint32_t g = 0; g < a->groups; g++)
        if (!is_heavy[g]) a->order[count++] = g;
}

/* Whether no transaction asks for more gas than a block has. Where gas has two dimensions (EIP-8037), what a
 * transaction can compute with has a limit of its own. */
static bool gas_is_bounded(const struct block_run *run)
{
    if (run->context.env.state_byte_gas != 0) return true;
    for (uint32_t tx = 0; tx < run->task->transaction_count; tx++)
        if (run->task->transactions[tx].gas_limit > run->task->header->gas_limit) return false;
    return true;
}

static void run_all(struct block_run *run, unsigned threads)
{
    const uint32_t count = run->task->transaction_count;
    struct arena *arena = &run->engine->block;
    struct along *a = arena_alloc(arena, sizeof *a, 64);
    *a = (struct along){.run = run};
    a->first = ARENA_ARRAY(arena, uint32_t, count + 1);
    a->tracers = ARENA_ARRAY(arena, struct vm_tracer *, count);
    memset(a->tracers, 0, count * sizeof *a->tracers);
    a->groups = plan_groups(&run->plan, 0, threads, a->first, ARENA_ARRAY(arena, uint32_t, count));
    unsigned workers = threads < a->groups ? threads : a->groups;
    put_in_order(a, workers);
    run->stats.threads = workers;
    pool_run(run->engine->pool, workers, work, a);
    if (atomic_load(&a->failed))
        run->status = BLOCK_ACCESS_LIST_VALUE;
    else
        count_all(a);
    if (run->task->tracing != NULL) drop_traces(a);
    run->declared_changes = atomic_load(&a->changes);
}

static void run_along_list(struct block_run *run)
{
    if (run->task->transaction_count == 0) return; /* the list is compared with what is done beside transactions */
    unsigned workers = run->engine->threads_max;
    run->plan = block_plan(run->task);
    if (!run->engine->share_always && run->plan.gas < SHARE_GAS) workers = 1;
    if (!gas_is_bounded(run)) {
        run->status = TX_GAS_OVER_BLOCK;
        return;
    }
    run->declared = ARENA_NEW(&run->engine->block, struct declared);
    run->status = declared_load(run, run->declared, workers);
    if (run->status != STATUS_OK) return;
    run->declared_reads = 0; /* all of them are asked for at the end */
    run_all(run, workers);
    if (run->status != STATUS_OK) return;
    declared_list_changes(run->declared, run->engine->table);
    block_pass_transactions(run);
}

const struct block_executor executor_access_list = {"access list", run_along_list};
