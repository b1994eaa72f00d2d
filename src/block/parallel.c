/* The parallel executor: what a worker (parallel/worker.h) does to transactions. Workers execute transactions
 * speculatively; whoever stands at the commit point commits in order what is valid and executes the rest itself. All read
 * and write versions (versions/versions.h): a transaction sees what others before it have published.
 *
 * Equivalence to serial execution, by induction over the order: a transaction is committed either after being executed
 * at the commit point, where every version below its number is committed, or after execution_is_valid has compared all
 * it read with exactly those versions, or after such a comparison to which nothing has been added that it could have
 * read. */
#include <limits.h>

#include "block/private.h"
#include "parallel/execution.h"
#include "parallel/prediction.h"
#include "parallel/worker.h"

/* The speculative execution of a transaction; its result is in its place already. */
struct speculation {
    struct execution *execution; /* NULL: it was invalid where it was executed */
    struct vm_tracer *tracer;    /* NULL: not traced, or committed or dropped */
    /* began when others that it may depend on had not been executed: see prediction_record_success */
    bool before_same_account, before_same_class;
};

/* What a group that was executed speculatively adds up to, so that it can be committed as a whole. Written while it is
 * being published. */
struct group {
    bool one_by_one;  /* there is something about it that only the commit of a transaction knows how to do */
    bool is_evidence; /* some of it began before others that it may depend on */
    bool replaces;    /* some of it was executed again: versions of the earlier executions are to be forgotten */
    uint64_t gas;     /* as receipts count it */
    uint64_t block_gas;
    uint64_t room; /* the block gas that must be left before it, so that each transaction finds enough */
    struct u256 fees;
    uint64_t cumulative_before; /* receipts' gas of all before it; set at commit, when its own results lack it */
    bool is_relative;           /* cumulative gas in its results lacks that */
};

struct parallel_run {
    struct block_run *run;
    struct sched sched; /* its items are groups of transactions */
    uint32_t *first;    /* of each group, and one more: where the last one ends */
    uint32_t *group_of; /* each transaction, from first[0] on */
    struct group *groups;
    struct speculation **speculations; /* one for each transaction; set while publishing, NULL until then */
    struct prediction prediction;      /* made after the first conflict: in many blocks there is none */
    _Atomic uint32_t prediction_wanted, prediction_begun, prediction_made;
    uint32_t conflicting, missed; /* that conflict; set before prediction_wanted */
    bool in_groups;               /* valid groups are committed as a whole: nobody wants to see each commit */
    _Atomic uint32_t speculated, reruns;
    _Atomic uint64_t wasted_wait_ns; /* at the commit point, for items that were taken from their workers in the end */
    _Alignas(64) _Atomic uint32_t next_to_finish; /* group whose cumulative gas is not complete */
};

/* A worker, and what it has executed but not yet published or committed. */
struct parallel_worker {
    struct parallel_run *run;
    struct engine_worker *tools;
    struct speculation *speculation;
    struct tx_result result;
    struct vm_tracer *tracer;
    uint64_t start_ns;
};

/* Pauses of a worker that finds nothing to do, before it sleeps: about ten microseconds. */
enum { SPIN_PAUSES = 200 };

/* What the commit point may wait in a block that has just begun without getting anything for it: some transactions'
 * time. */
enum { WAIT_FREE_NS = 1000000 };

/* ---- prediction -------------------------------------------------------------------------------------------------- */

/* Whether a transaction that one of `group` may depend on is still to be executed, by another worker. */
static bool is_to_come(struct parallel_run *p, uint32_t predecessor, uint32_t group)
{
    return predecessor != PREDICTION_NONE && predecessor >= p->first[0] && p->group_of[predecessor] != group &&
           !sched_is_complete(&p->sched, p->group_of[predecessor]);
}

/* Acquire: pairs with the release in make_prediction. */
static bool has_prediction(struct parallel_run *p)
{
    return atomic_load_explicit(&p->prediction_made, memory_order_acquire) != 0;
}

/* Commit point: the execution of `tx` was wasted, since it missed what `missed` writes. */
static void record_conflict(struct parallel_run *p, uint32_t tx, uint32_t missed)
{
    if (has_prediction(p)) {
        prediction_record_conflict(&p->prediction, tx, missed);
    } else if ((policy_is_on(POLICY_SAME_ACCOUNT) || policy_is_on(POLICY_SAME_CLASS)) &&
               atomic_load_explicit(&p->prediction_wanted, memory_order_relaxed) == 0) {
        p->conflicting = tx;
        p->missed = missed;
        /* Release: pairs with the acquire in make_prediction. */
        atomic_store_explicit(&p->prediction_wanted, 1, memory_order_release);
    }
}

static void record_success(struct parallel_run *p, uint32_t tx)
{
    const struct speculation *s = p->speculations[tx];
    if (s->before_same_account || s->before_same_class)
        prediction_record_success(&p->prediction, tx, s->before_same_account, s->before_same_class);
}

/* By the first worker that is about to speculate after a conflict. */
static void make_prediction(struct parallel_run *p, struct engine_worker *w)
{
    /* Acquire: pairs with the release in record_conflict. Relaxed: one of those who come here does it. */
    if (atomic_load_explicit(&p->prediction_wanted, memory_order_acquire) == 0 ||
        atomic_load_explicit(&p->prediction_begun, memory_order_relaxed) != 0 ||
        atomic_exchange_explicit(&p->prediction_begun, 1, memory_order_relaxed) != 0)
        return;
    prediction_make(&p->prediction, &p->run->plan, p->first[0], &w->versions);
    prediction_record_conflict(&p->prediction, p->conflicting, p->missed);
    /* Release: pairs with the acquire in has_prediction. */
    atomic_store_explicit(&p->prediction_made, 1, memory_order_release);
}

/* Whether a group's first transaction will likely conflict: then it waits for the one that it depends on. If that has
 * been executed and this one's turn is next, it is left to the commit point: two workers that take turns at a chain are
 * slower than one. */
static bool op_defers(void *context, uint32_t group, uint32_t *after)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    make_prediction(p, self->tools);
    if (!has_prediction(p)) return false;
    uint32_t predecessor = prediction_of_conflict(&p->prediction, p->first[group]);
    if (predecessor == PREDICTION_NONE) return false;
    bool to_come = is_to_come(p, predecessor, group);
    *after = to_come ? p->group_of[predecessor] : SCHED_NOBODY;
    return to_come || sched_is_near(&p->sched, group);
}

static struct speculation *begin_speculation(struct parallel_run *p, struct engine_worker *w, uint32_t tx)
{
    struct speculation *s = ARENA_NEW(&w->versions, struct speculation);
    *s = (struct speculation){0};
    if (!has_prediction(p)) return s;
    uint32_t group = p->group_of[tx], i = tx - p->prediction.from;
    s->before_same_account = is_to_come(p, p->prediction.same_account[i], group);
    s->before_same_class = is_to_come(p, p->prediction.in_class[i], group);
    return s;
}

/* ---- execution --------------------------------------------------------------------------------------------------- */

static enum worker_answer op_execute(void *context, uint32_t tx, enum execution_mode mode)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    struct engine_worker *w = self->tools;
    struct state *s = w->tx.state;
    bool speculative = mode == EXECUTE_SPECULATIVELY;
    self->start_ns = event_clock(p->run->engine);
    self->speculation = speculative ? begin_speculation(p, w, tx) : NULL;
    state_begin(s, tx + 1, speculative);
    s->beneficiary = speculative ? NULL : p->run->beneficiary;
    s->beneficiary_fees = speculative ? U256_ZERO : p->run->fees;
    if (speculative) s->cancelled = sched_stolen(&p->sched, p->group_of[tx]);
    self->tracer = block_execute_traced(p->run, &w->tx, tx, &self->result);
    if (s->failure != STATUS_OK) self->result.invalid = s->failure;
    /* Relaxed: statistics, read when all is over. */
    if (speculative) atomic_fetch_add_explicit(&p->speculated, 1, memory_order_relaxed);
    return WORKER_YES;
}

/* Adds a group up. */
static void sum_up(struct parallel_run *p, uint32_t group)
{
    struct group *g = &p->groups[group];
    *g = (struct group){0};
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1]; tx++) {
        struct tx_result *r = &p->run->results[tx];
        const struct transaction *t = &p->run->task->transactions[tx];
        const struct speculation *s = p->speculations[tx];
        if (s->execution == NULL) {
            g->one_by_one = true; /* invalid: will be executed again */
            return;
        }
        g->one_by_one = g->one_by_one || t->blob_count != 0 || r->block_state_gas != 0 || r->beneficiary_gone ||
                        s->execution->is_deep;
        g->is_evidence = g->is_evidence || s->before_same_account || s->before_same_class;
        g->replaces = g->replaces || s->execution->replaced != NULL;
        uint64_t room;
        g->one_by_one = __builtin_add_overflow(g->block_gas, t->gas_limit, &room) || g->one_by_one;
        if (room > g->room) g->room = room;
        g->gas += r->gas_used;
        g->block_gas += r->block_gas;
        g->fees = u256_add(g->fees, r->fee);
        r->cumulative_gas = g->gas;
    }
}

static enum worker_answer op_publish(void *context, uint32_t tx, bool complete)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    struct engine_worker *w = self->tools;
    struct speculation *old = p->speculations[tx], *s = self->speculation;
    struct execution *replaced = old == NULL ? NULL : old->execution;
    bool valid = false, invalidates = false;
    if (self->result.invalid == STATUS_OK) {
        s->execution = execution_publish(w->tx.state, replaced, &w->versions);
        invalidates = s->execution->invalidates;
        valid = s->execution->validated && !execution_saw_balance(s->execution, p->run->beneficiary);
        if (p->in_groups) execution_list_changes(s->execution, &w->changes);
    } else if (replaced != NULL) {
        invalidates = execution_withdraw(replaced);
    }
    s->tracer = self->tracer;
    if (old != NULL) {
        block_drop_trace(p->run, tx, old->tracer);
        atomic_fetch_add_explicit(&p->reruns, 1, memory_order_relaxed);
    }
    p->run->results[tx] = self->result;
    p->speculations[tx] = s;
    if (invalidates) sched_invalidates(&p->sched, p->group_of[tx]);
    if (complete && p->in_groups) sum_up(p, p->group_of[tx]);
    event_note(p->run->engine, w, EVENT_SPECULATE, tx, self->start_ns, false);
    return valid ? WORKER_YES : WORKER_NO;
}

static void op_drop(void *context, uint32_t tx)
{
    struct parallel_worker *self = context;
    block_drop_trace(self->run->run, tx, self->tracer);
    event_note(self->run->run->engine, self->tools, EVENT_SPECULATE, tx, self->start_ns, true);
}

static enum worker_answer op_validate(void *context, uint32_t tx)
{
    const struct parallel_worker *self = context;
    const struct parallel_run *p = self->run;
    const struct execution *e = p->speculations[tx]->execution;
    if (e == NULL) return WORKER_NO;
    if (execution_still_valid(e, p->run->beneficiary)) return WORKER_YES;
    return execution_saw_balance(e, p->run->beneficiary) ? WORKER_NONE : WORKER_NO;
}

/* ---- commit point ------------------------------------------------------------------------------------------------ */
/* Before EIP-161 the fee of a transaction brings its beneficiary into existence, which the next one may notice. Such blocks
 * are not committed in groups, so it is found when that one is looked at. */
static void bring_beneficiary(struct parallel_run *p, struct engine_worker *w, uint32_t tx)
{
    struct account_entry *e = p->run->beneficiary;
    if (p->run->context.fork->clear_empty || p->run->results[tx].beneficiary_gone) return;
    struct meta meta = meta_unpack(&location_find(&e->meta, tx + 2)->value);
    if (meta.exists) return;
    meta.exists = true;
    execution_write_one(&e->meta, tx + 1, meta_pack(meta), &w->versions);
    state_changes_account(&w->changes, e);
}

static void commit(struct parallel_run *p, struct engine_worker *w, uint32_t tx, struct execution *execution)
{
    execution_list_changes(execution, &w->changes);
    bring_beneficiary(p, w, tx);
    if (!p->in_groups) state_table_take_changes(p->run->engine->table, &w->changes);
    block_count(p->run, tx);
    if (w->tx.state->list_accesses) block_list_accesses(p->run, &execution->accesses, tx + 1);
}

static enum worker_answer refuse(struct parallel_run *p, uint32_t tx, enum status why)
{
    p->run->results[tx].invalid = why;
    block_refuse(p->run, tx, why);
    return WORKER_REFUSED;
}

static enum worker_answer op_run_in_place(void *context, uint32_t group)
{
    const struct parallel_worker *self = context;
    const struct parallel_run *p = self->run;
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1]; tx++)
        if (!block_run_in_place(p->run, self->tools, tx, true)) return WORKER_REFUSED;
    return WORKER_YES;
}

static enum worker_answer op_commit_executed(void *context, uint32_t tx)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    struct engine_worker *w = self->tools;
    enum status why = self->result.invalid;
    p->run->results[tx] = self->result;
    if (why != STATUS_OK) {
        block_drop_trace(p->run, tx, self->tracer);
    } else {
        struct execution *e = execution_publish(w->tx.state, NULL, &w->versions);
        if (e->invalidates) sched_invalidates(&p->sched, p->group_of[tx]);
        if (p->speculations[tx] != NULL) execution_forget(p->speculations[tx]->execution);
        commit(p, w, tx, e);
        block_commit_trace(p->run, tx, self->tracer);
    }
    event_note(p->run->engine, w, EVENT_RUN, tx, self->start_ns, false);
    return why == STATUS_OK ? WORKER_YES : refuse(p, tx, why);
}

/* Whether a speculative execution is what the commit point would find; if not, *why says where. */
static bool is_valid(struct parallel_run *p, const struct speculation *s, struct conflict *why)
{
#ifdef WEFT_RARE_PATHS
    (void)p, (void)s, (void)why;
    return false; /* a build in which every speculative execution is thrown away and done again */
#else
    return s->execution != NULL && execution_is_valid(s->execution, p->run->beneficiary, &p->run->fees, why);
#endif
}

static void note_conflict(struct parallel_run *p, uint32_t tx, const struct conflict *why)
{
    struct block_run *run = p->run;
    struct block_conflict *c = &run->conflicts[run->conflict_count++];
    *c = (struct block_conflict){.tx = tx, .seen_tx = why->seen_tx, .found_tx = why->found_tx};
    if (why->location == NULL) return;
    const uint8_t *at = (const uint8_t *)why->location;
    switch (why->field) {
    case READ_BALANCE:
        c->field = FIELD_BALANCE;
        c->account = (const struct account_entry *)(at - offsetof(struct account_entry, balance));
        break;
    case READ_NONCE:
        c->field = FIELD_NONCE;
        c->account = (const struct account_entry *)(at - offsetof(struct account_entry, nonce));
        break;
    case READ_META:
        c->field = FIELD_CODE;
        c->account = (const struct account_entry *)(at - offsetof(struct account_entry, meta));
        break;
    case READ_SLOT:
        c->field = FIELD_SLOT;
        c->slot = (const struct slot_entry *)(at - offsetof(struct slot_entry, location));
        c->account = c->slot->account;
        break;
    }
}

static enum worker_answer op_commit_speculative(void *context, uint32_t tx)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    struct engine_worker *w = self->tools;
    struct speculation *s = p->speculations[tx];
    enum status status = block_admit(p->run, tx);
    if (status != STATUS_OK) return refuse(p, tx, status);
    if (s == NULL) return WORKER_NONE;
    struct conflict why = {0};
    uint64_t start = event_clock(p->run->engine);
    bool valid = is_valid(p, s, &why);
    if (valid) {
        execution_commit(s->execution);
        execution_forget(s->execution->replaced);
        commit(p, w, tx, s->execution);
        block_commit_trace(p->run, tx, s->tracer);
        record_success(p, tx);
    } else {
        block_drop_trace(p->run, tx, s->tracer);
        if (s->execution != NULL && execution_withdraw(s->execution)) sched_invalidates(&p->sched, p->group_of[tx]);
        note_conflict(p, tx, &why);
        p->run->stats.reruns++;
        p->run->stats.conflicts++;
        record_conflict(p, tx, why.found_tx == 0 ? PREDICTION_NONE : why.found_tx - 1);
    }
    s->tracer = NULL;
    event_note(p->run->engine, w, EVENT_CHECK, tx, start, !valid);
    return valid ? WORKER_YES : WORKER_NO;
}

/* Commits a valid group without looking at its transactions. */
static enum worker_answer op_commit_group(void *context, uint32_t group)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    struct block_run *run = p->run;
    struct group *g = &p->groups[group];
    uint64_t limit = run->task->header->gas_limit;
    if (!p->in_groups || g->one_by_one || run->gas_used > limit || g->room > limit - run->gas_used) return WORKER_NO;
    uint64_t start = event_clock(run->engine);
    g->cumulative_before = run->cumulative_gas;
    g->is_relative = true;
    run->cumulative_gas += g->gas;
    run->gas_used += g->block_gas;
    run->fees = u256_add(run->fees, g->fees);
    run->committed += p->first[group + 1] - p->first[group];
    if (!g->replaces && !g->is_evidence && !run->engine->record) return WORKER_YES;
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1]; tx++) {
        execution_forget(p->speculations[tx]->execution->replaced);
        record_success(p, tx);
        event_note(run->engine, self->tools, EVENT_CHECK, tx, start, false);
        start = event_clock(run->engine);
    }
    return WORKER_YES;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static uint64_t op_clock(void *context)
{
    (void)context;
    return clock_wall_ns();
}

static enum worker_answer op_spin(void *context, uint32_t epoch)
{
    struct parallel_worker *self = context;
    for (int i = 0; i < SPIN_PAUSES; i++) {
        if (sched_epoch(&self->run->sched) != epoch) return WORKER_YES;
        cpu_relax();
    }
    return WORKER_NO;
}

/* How long the commit point may still wait for the worker that runs its item. In all, waits that come to nothing take no
 * longer than WAIT_FREE_NS and as much as the rest of the block so far: whatever others speculate, the block takes no more
 * than twice as long as the commit point alone would need. */
static uint64_t patience_left(struct parallel_run *p)
{
    uint64_t since = clock_wall_ns() - p->run->engine->began_ns + WAIT_FREE_NS;
    uint64_t spent = 2 * atomic_load_explicit(&p->wasted_wait_ns, memory_order_relaxed);
    return since > spent ? since - spent : 0;
}

static void op_sleep(void *context, uint32_t epoch)
{
    struct parallel_worker *self = context;
    struct parallel_run *p = self->run;
    struct sched *s = &p->sched;
    uint32_t awaited = sched_awaited(s);
    uint64_t start = event_clock(p->run->engine);
    if (awaited == SCHED_NOBODY) {
        futex_wait(&s->epoch, epoch);
    } else {
        uint64_t since = clock_wall_ns();
        futex_wait_until(&s->epoch, epoch, since + patience_left(p));
        if (sched_awaited(s) == awaited && sched_epoch(s) == epoch && sched_overdue(s, awaited))
            /* Relaxed: the sum is all that counts. */
            (void)atomic_fetch_add_explicit(&p->wasted_wait_ns, clock_wall_ns() - since, memory_order_relaxed);
    }
    event_note(p->run->engine, self->tools, EVENT_WAIT, 0, start, false);
}

static void wake(void *context)
{
    struct parallel_run *p = context;
    futex_wake(&p->sched.epoch, INT_MAX);
}

static const struct worker_ops operations = {
    .defers = op_defers,
    .execute = op_execute,
    .publish = op_publish,
    .drop = op_drop,
    .validate = op_validate,
    .run_in_place = op_run_in_place,
    .commit_group = op_commit_group,
    .commit_speculative = op_commit_speculative,
    .commit_executed = op_commit_executed,
    .clock = op_clock,
    .spin = op_spin,
    .sleep = op_sleep,
};

/* ---- a block ----------------------------------------------------------------------------------------------------- */

/* When all is committed: completes the cumulative gas of what was committed in groups. All workers that are awake do it. */
static void finish_groups(struct parallel_run *p)
{
    enum { AT_A_TIME = 16 };
    for (;;) {
        uint32_t first = atomic_fetch_add_explicit(&p->next_to_finish, AT_A_TIME, memory_order_relaxed);
        for (uint32_t g = first; g < p->sched.count && g < first + AT_A_TIME; g++)
            for (uint32_t tx = p->first[g]; tx < p->first[g + 1] && p->groups[g].is_relative; tx++)
                p->run->results[tx].cumulative_gas += p->groups[g].cumulative_before;
        if (first >= p->sched.count) return;
    }
}

static void work(void *context, unsigned id)
{
    struct parallel_run *p = context;
    struct parallel_worker self = {.run = p, .tools = &p->run->engine->workers[id]};
    struct worker w = {.sched = &p->sched,
                       .ops = &operations,
                       .context = &self,
                       .first = p->first,
                       .may_overwrite = p->in_groups && policy_is_on(POLICY_IN_PLACE)};
    while (worker_step(&w)) continue;
    if (p->in_groups && p->run->status == STATUS_OK) finish_groups(p);
}

/* Whether nobody wants to see the commit of each transaction. */
static bool commits_in_groups(const struct block_run *run)
{
#ifdef WEFT_RARE_PATHS
    (void)run;
    return false;
#else
    const struct block_task *task = run->task;
    return task->committed == NULL && task->tracing == NULL && !block_lists_accesses(task) && task->fork->clear_empty;
#endif
}

/* Executes the transactions from `from` on, with all workers that can be of use. */
static void run_shared(struct block_run *run, uint32_t from)
{
    uint32_t count = run->task->transaction_count;
    unsigned threads = run->engine->threads_max;
    struct arena *arena = &run->engine->block;
    struct parallel_run *p = arena_alloc(arena, sizeof *p, 64);
    *p = (struct parallel_run){.run = run};
    p->speculations = ARENA_ARRAY(arena, struct speculation *, count);
    memset(p->speculations, 0, count * sizeof *p->speculations);
    run->conflicts = ARENA_ARRAY(arena, struct block_conflict, count);
    p->first = ARENA_ARRAY(arena, uint32_t, count + 1);
    p->group_of = ARENA_ARRAY(arena, uint32_t, count);
    uint32_t groups = plan_groups(&run->plan, from, threads, p->first, p->group_of);
    unsigned workers = threads < groups ? threads : groups;
    sched_init(&p->sched, groups, workers, plan_window(groups, count - from, workers),
               ARENA_ARRAY(arena, struct sched_item, groups), wake, p);
    plan_set_heavy(&p->sched, &run->plan, p->first, arena);
    p->groups = ARENA_ARRAY(arena, struct group, groups);
    for (uint32_t g = 0; g < groups; g++) p->groups[g] = (struct group){0};
    p->in_groups = commits_in_groups(run);
    for (unsigned i = 0; i < workers; i++) state_changes_begin(&run->engine->workers[i].changes);
    run->stats.threads = workers;
    engine_shares(run->engine, &p->sched);
    pool_run(run->engine->pool, workers, work, p);
    engine_shares(run->engine, NULL);
    for (unsigned i = 0; i < workers; i++)
        state_table_take_changes(run->engine->table, &run->engine->workers[i].changes);
    run->stats.speculated = atomic_load(&p->speculated);
    run->stats.reruns += atomic_load(&p->reruns);
    /* What was speculated in a block that turned out to be invalid. */
    for (uint32_t tx = from; tx < count && run->task->tracing != NULL; tx++)
        if (p->speculations[tx] != NULL) block_drop_trace(run, tx, p->speculations[tx]->tracer);
}

static void run_parallel(struct block_run *run)
{
    uint32_t count = run->task->transaction_count;
    run->plan = block_plan(run->task);
    uint32_t from = run->engine->share_always ? 0 : share_run_alone(run);
    if (from < count)
        run_shared(run, from);
    else if (count != 0)
        run->stats.fallback = run->engine->threads == 1 ? "one thread" : "too little work to share";
}

const struct block_executor executor_parallel = {"parallel", run_parallel};
