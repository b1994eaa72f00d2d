/* The parallel executor: workers run transactions ahead of the line; the one at the head commits in order what holds
 * and runs the rest itself (sched/sched.h). All read and write multi-version memory (mv/mv.h): a transaction sees
 * what others ahead of the line have published.
 *
 * Equivalence to serial execution, by induction over the order: a transaction is committed either after running at
 * the head, where every version below its number is committed, or after mv_holds has compared all it read with
 * exactly those versions. */
#include <limits.h>

#include "block/hints.h"
#include "block/plan.h"
#include "block/private.h"
#include "sched/sched.h"

/* What somebody found out about a transaction ahead of its turn; its result is in its place already. */
struct ahead {
    struct mv_execution *execution; /* NULL: it was invalid where it ran */
    struct vm_tracer *tracer;       /* NULL: not traced, or committed or dropped */
    bool before_kin, before_any;    /* began when others that it may depend on had not run: see hints_praise */
};

/* What a group that was run ahead adds up to, so that it can be committed as a whole. Written by whoever runs it or
 * runs it again, before saying that it holds. */
struct group {
    bool one_by_one; /* there is something about it that only commit knows how to do */
    bool praise;     /* some of it began before others that it may depend on */
    bool replaces;   /* some of it was run again ahead: versions of the earlier runs are to be forgotten */
    uint64_t gas;    /* as receipts count it */
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
    struct ahead **ahead; /* one for each transaction; set before sched_published, NULL until then */
    struct hints hints;   /* made after the first conflict: in many blocks there is none */
    _Atomic uint32_t hints_wanted, hints_begun, hints_made;
    uint32_t blamed, missed; /* that conflict; set before hints_wanted */
    bool in_groups; /* groups that hold are committed as a whole: nobody wants to see each transaction's commit */
    _Atomic uint32_t speculated, reruns;
    _Atomic uint64_t waited_in_vain_ns; /* at the head for what others were running, before it was taken from them */
    _Alignas(64) _Atomic uint32_t next_to_finish; /* group whose cumulative gas is not complete */
};

/* Pauses of a worker that finds nothing to do, before it sleeps: about ten microseconds. */
enum { SPIN_PAUSES = 200 };

/* About so many transactions are run ahead of the head at most: so long chains of versions can become that are not
 * committed, and everybody who reads such a location walks over them. */
enum { WINDOW_TRANSACTIONS = 2048 };

/* What the head may wait in vain for others in a block that has just begun: some transactions' time. */
enum { WAIT_FREE_NS = 1000000 };

static void execute(struct parallel_run *p, struct engine_worker *w, uint32_t tx, struct tx_result *result,
                    struct vm_tracer **tracer)
{
    *tracer = block_execute_traced(p->run, &w->tx, tx, result);
    if (w->tx.state->failure != STATUS_OK) result->invalid = w->tx.state->failure;
}

/* Executes on whatever predecessors have published so far. */
static void execute_ahead(struct parallel_run *p, struct engine_worker *w, uint32_t tx, struct ahead *a,
                          struct tx_result *result)
{
    state_begin(w->tx.state, tx + 1, true);
    w->tx.state->beneficiary = NULL;
    w->tx.state->cancelled = sched_is_stolen(&p->sched, p->group_of[tx]);
    execute(p, w, tx, result, &a->tracer);
}

/* Whether a transaction that one of `group` may depend on is still to be run, by somebody else. */
static bool is_to_come(struct parallel_run *p, uint32_t before, uint32_t group)
{
    return before != HINTS_NONE && before >= p->first[0] && p->group_of[before] != group &&
           !sched_is_ready(&p->sched, p->group_of[before]);
}

/* Acquire: pairs with the release in make_hints. */
static bool has_hints(struct parallel_run *p)
{
    return atomic_load_explicit(&p->hints_made, memory_order_acquire) != 0;
}

/* At the head: transaction `tx` ran ahead in vain, since it missed what `missed` writes. */
static void blame(struct parallel_run *p, uint32_t tx, uint32_t missed)
{
    if (has_hints(p)) {
        hints_blame(&p->hints, tx, missed);
    } else if (atomic_load_explicit(&p->hints_wanted, memory_order_relaxed) == 0) {
        p->blamed = tx;
        p->missed = missed;
        atomic_store_explicit(&p->hints_wanted, 1, memory_order_release);
    }
}

/* By the first who is about to run something ahead after a conflict. */
static void make_hints(struct parallel_run *p, struct engine_worker *w)
{
    /* Acquire: pairs with the release in blame. */
    if (atomic_load_explicit(&p->hints_wanted, memory_order_acquire) == 0 ||
        atomic_load_explicit(&p->hints_begun, memory_order_relaxed) != 0 ||
        atomic_exchange_explicit(&p->hints_begun, 1, memory_order_relaxed) != 0)
        return;
    hints_make(&p->hints, p->run->task, p->first[0], &w->versions);
    hints_blame(&p->hints, p->blamed, p->missed);
    atomic_store_explicit(&p->hints_made, 1, memory_order_release);
}

/* ---- ahead of the line ------------------------------------------------------------------------------------------- */

/* Whether to leave a group for later: its first transaction calls a contract whose callers have conflicted lately,
 * and the one it will depend on has not run yet. Or has, just now: then this one's turn is next, and two workers that
 * take turns at a chain are slower than one. */
static bool is_hopeless(struct parallel_run *p, uint32_t group, uint32_t *after)
{
    if (!has_hints(p)) return false;
    uint32_t before = hints_expect_conflict(&p->hints, p->first[group]);
    if (before == HINTS_NONE) return false;
    bool to_come = is_to_come(p, before, group);
    *after = to_come ? p->group_of[before] : SCHED_NOBODY;
    return to_come || sched_is_near(&p->sched, group);
}

/* Publishes what transaction `tx` of a group did, between sched_publishing and sched_published. Whether it may hold. */
static bool publish(struct parallel_run *p, struct engine_worker *w, uint32_t group, uint32_t tx, struct ahead *a,
                    const struct tx_result *result)
{
    struct ahead *old = p->ahead[tx];
    struct mv_execution *old_execution = old == NULL ? NULL : old->execution;
    bool disturbs = false, sure = false;
    if (result->invalid == STATUS_OK) {
        a->execution = mv_publish(w->tx.state, old_execution, &w->versions);
        disturbs = a->execution->disturbs;
        sure = a->execution->sure && !mv_saw_balance(a->execution, p->run->beneficiary);
        if (p->in_groups) mv_list_changes(a->execution, &w->changes);
    }
    if (old_execution != NULL && a->execution == NULL) disturbs = mv_withdraw(old_execution);
    if (old != NULL) block_drop_trace(p->run, tx, old->tracer);
    p->run->results[tx] = *result;
    p->ahead[tx] = a;
    if (disturbs) sched_disturbs(&p->sched, group);
    return sure;
}

/* Adds a group up. Between sched_publishing and sched_published: else the head may have stolen the group and be at its
 * results. */
static void sum_up(struct parallel_run *p, uint32_t group)
{
    struct group *g = &p->groups[group];
    *g = (struct group){0};
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1]; tx++) {
        struct tx_result *r = &p->run->results[tx];
        const struct transaction *t = &p->run->task->transactions[tx];
        const struct ahead *a = p->ahead[tx];
        if (a->execution == NULL) {
            g->one_by_one = true; /* invalid: will be run again */
            return;
        }
        g->one_by_one = g->one_by_one || t->blob_count != 0 || r->block_state_gas != 0 || r->beneficiary_gone ||
                        a->execution->is_deep;
        g->praise = g->praise || a->before_kin || a->before_any;
        g->replaces = g->replaces || a->execution->replaced != NULL;
        uint64_t room;
        g->one_by_one = __builtin_add_overflow(g->block_gas, t->gas_limit, &room) || g->one_by_one;
        if (room > g->room) g->room = room;
        g->gas += r->gas_used;
        g->block_gas += r->block_gas;
        g->fees = u256_add(g->fees, r->fee);
        r->cumulative_gas = g->gas;
    }
}

static void begin_ahead(struct parallel_run *p, uint32_t group, uint32_t tx, struct ahead *a)
{
    *a = (struct ahead){0};
    if (!has_hints(p)) return;
    *a = (struct ahead){.before_kin = is_to_come(p, p->hints.kin[tx - p->hints.from], group),
                        .before_any = is_to_come(p, p->hints.before[tx - p->hints.from], group)};
}

/* Runs a transaction of a group ahead and publishes it; false when the group has been stolen meanwhile. */
static bool run_ahead(struct parallel_run *p, struct engine_worker *w, uint32_t group, uint32_t tx, bool *sure)
{
    struct ahead *a = ARENA_NEW(&w->versions, struct ahead);
    struct tx_result result;
    uint64_t start = event_clock(p->run->engine);
    begin_ahead(p, group, tx, a);
    execute_ahead(p, w, tx, a, &result);
    atomic_fetch_add_explicit(&p->speculated, 1, memory_order_relaxed);
    bool counts = sched_publishing(&p->sched, group);
    if (counts)
        *sure = publish(p, w, group, tx, a, &result) && *sure;
    else
        block_drop_trace(p->run, tx, a->tracer);
    event_note(p->run->engine, w, EVENT_AHEAD, tx, start, !counts);
    return counts;
}

static struct sched_task speculate(struct parallel_run *p, struct engine_worker *w, uint32_t group)
{
    uint32_t after;
    make_hints(p, w);
    if (is_hopeless(p, group, &after)) {
        sched_skip(&p->sched, group, after);
        return sched_next(&p->sched);
    }
    bool sure = true;
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1]; tx++) {
        if (!run_ahead(p, w, group, tx, &sure)) break;
        bool last = tx + 1 == p->first[group + 1];
        if (last && p->in_groups) sum_up(p, group);
        if (last && sure) sched_sure(&p->sched, group);
        sched_published(&p->sched, group, last);
    }
    return sched_next(&p->sched);
}

/* Looks, ahead of its turn, whether a group that was run ahead still holds, and runs again what does not. */
static struct sched_task revise(struct parallel_run *p, struct engine_worker *w, uint32_t group)
{
    bool sure = true, again = false;
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1] && sure; tx++) {
        const struct mv_execution *e = p->ahead[tx]->execution;
        if (e != NULL && mv_holds_yet(e, p->run->beneficiary)) continue;
        bool knows_fees = e != NULL && mv_saw_balance(e, p->run->beneficiary);
        sure = !knows_fees && (again || sched_rerun(&p->sched, group));
        again = again || sure;
        if (!sure) break;
        if (!run_ahead(p, w, group, tx, &sure)) return sched_next(&p->sched);
        if (p->in_groups) sum_up(p, group);
        atomic_fetch_add_explicit(&p->reruns, 1, memory_order_relaxed);
        sched_published(&p->sched, group, false);
    }
    sched_revised(&p->sched, group, sure);
    return sched_next(&p->sched);
}

/* ---- at the head ------------------------------------------------------------------------------------------------- */

/* Before EIP-161 the fee of a transaction brings its beneficiary into existence, which the next one may notice. */
static void bring_beneficiary(struct parallel_run *p, struct engine_worker *w, uint32_t tx)
{
    struct account_entry *e = p->run->beneficiary;
    if (p->run->context.fork->clear_empty || p->run->results[tx].beneficiary_gone) return;
    struct meta meta = meta_unpack(&location_find(&e->meta, tx + 2)->value);
    if (meta.exists) return;
    meta.exists = true;
    (void)mv_write_one(&e->meta, tx + 1, meta_pack(meta), &w->versions);
    state_changes_account(&w->changes, e);
}

static void commit(struct parallel_run *p, struct engine_worker *w, uint32_t tx, struct mv_execution *execution)
{
    mv_list_changes(execution, &w->changes);
    bring_beneficiary(p, w, tx);
    if (!p->in_groups) state_table_take_changes(p->run->engine->table, &w->changes);
    block_count(p->run, tx);
    if (w->tx.state->list_accesses) block_list_accesses(p->run, &execution->accesses, tx + 1);
}

/* Runs a transaction on committed values; `alone` (sched_alone): they are overwritten, as the serial executor does. */
static enum status run_at_head(struct parallel_run *p, struct engine_worker *w, uint32_t tx, bool alone)
{
    struct state *s = w->tx.state;
    struct tx_result *result = &p->run->results[tx];
    uint64_t start = event_clock(p->run->engine);
    state_begin(s, tx + 1, false);
    s->beneficiary = p->run->beneficiary;
    s->beneficiary_fees = p->run->fees;
    struct vm_tracer *tracer;
    execute(p, w, tx, result, &tracer);
    if (result->invalid != STATUS_OK) {
        block_drop_trace(p->run, tx, tracer);
    } else if (alone) {
        state_commit_over(s);
        block_count(p->run, tx);
    } else {
        struct mv_execution *e = mv_publish(s, NULL, &w->versions);
        if (e->disturbs) sched_disturbs(&p->sched, p->group_of[tx]);
        if (p->ahead[tx] != NULL) mv_forget(p->ahead[tx]->execution);
        commit(p, w, tx, e);
        block_commit_trace(p->run, tx, tracer);
    }
    event_note(p->run->engine, w, EVENT_RUN, tx, start, false);
    return result->invalid;
}

/* Whether what was found out ahead is what the head would find; if not, notes why. */
static bool holds(struct parallel_run *p, const struct ahead *a, struct mv_conflict *why)
{
#ifdef WEFT_RARE_PATHS
    (void)p, (void)a, (void)why;
    return false; /* a build in which every transaction that ran ahead is thrown away and run again */
#else
    return a->execution != NULL && mv_holds(a->execution, p->run->beneficiary, &p->run->fees, why);
#endif
}

static void note_conflict(struct parallel_run *p, uint32_t tx, const struct mv_conflict *why)
{
    struct block_run *run = p->run;
    struct block_conflict *c = &run->conflicts[run->conflict_count++];
    *c = (struct block_conflict){.tx = tx, .seen_tx = why->seen_tx, .found_tx = why->found_tx};
    if (why->location == NULL) return;
    const uint8_t *at = (const uint8_t *)why->location;
    switch (why->field) {
    case MV_BALANCE:
        c->field = FIELD_BALANCE;
        c->account = (const struct account_entry *)(at - offsetof(struct account_entry, balance));
        break;
    case MV_NONCE:
        c->field = FIELD_NONCE;
        c->account = (const struct account_entry *)(at - offsetof(struct account_entry, nonce));
        break;
    case MV_META:
        c->field = FIELD_CODE;
        c->account = (const struct account_entry *)(at - offsetof(struct account_entry, meta));
        break;
    case MV_SLOT:
        c->field = FIELD_SLOT;
        c->slot = (const struct slot_entry *)(at - offsetof(struct slot_entry, location));
        c->account = c->slot->account;
        break;
    }
}

/* Commits a transaction that was run ahead, if its reads hold. */
static bool use_ahead(struct parallel_run *p, struct engine_worker *w, uint32_t tx)
{
    struct ahead *a = p->ahead[tx];
    struct mv_conflict why = {0};
    uint64_t start = event_clock(p->run->engine);
    bool held = holds(p, a, &why);
    if (held) {
        mv_commit(a->execution);
        mv_forget(a->execution->replaced);
        commit(p, w, tx, a->execution);
        block_commit_trace(p->run, tx, a->tracer);
    } else {
        block_drop_trace(p->run, tx, a->tracer);
        if (a->execution != NULL && mv_withdraw(a->execution)) sched_disturbs(&p->sched, p->group_of[tx]);
        note_conflict(p, tx, &why);
        p->run->stats.reruns++;
        p->run->stats.conflicts++;
    }
    a->tracer = NULL;
    if (held && (a->before_kin || a->before_any))
        hints_praise(&p->hints, tx, a->before_kin, a->before_any);
    else if (!held)
        blame(p, tx, why.found_tx == 0 ? HINTS_NONE : why.found_tx - 1);
    event_note(p->run->engine, w, EVENT_CHECK, tx, start, !held);
    return held;
}

static struct sched_task refuse(struct parallel_run *p, uint32_t tx, enum status why)
{
    p->run->results[tx].invalid = why;
    block_refuse(p->run, tx, why);
    sched_stop(&p->sched);
    futex_wake(&p->sched.epoch, INT_MAX);
    return (struct sched_task){SCHED_DONE, 0};
}

/* Commits a group of which everything is known to hold, without looking at its transactions; false when there is more
 * to it. */
static bool commit_whole(struct parallel_run *p, struct engine_worker *w, uint32_t group)
{
    struct block_run *run = p->run;
    struct group *g = &p->groups[group];
    uint64_t limit = run->task->header->gas_limit;
    if (!p->in_groups || !sched_holds(&p->sched, group) || g->one_by_one || run->gas_used > limit ||
        g->room > limit - run->gas_used)
        return false;
    uint64_t start = event_clock(run->engine);
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1] && g->replaces; tx++)
        mv_forget(p->ahead[tx]->execution->replaced);
    g->cumulative_before = run->cumulative_gas;
    g->is_relative = true;
    run->cumulative_gas += g->gas;
    run->gas_used += g->block_gas;
    run->fees = u256_add(run->fees, g->fees);
    run->committed += p->first[group + 1] - p->first[group];
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1] && (g->praise || run->engine->record); tx++) {
        if (g->praise) hints_praise(&p->hints, tx, p->ahead[tx]->before_kin, p->ahead[tx]->before_any);
        event_note(run->engine, w, EVENT_CHECK, tx, start, false);
        start = event_clock(run->engine);
    }
    return true;
}

/* Commits a group transaction by transaction. `*refused` is set when one cannot be in the block. */
static enum sched_outcome commit_one_by_one(struct parallel_run *p, struct engine_worker *w, uint32_t group,
                                            enum sched_outcome outcome, struct sched_task *refused)
{
    bool alone = outcome == SCHED_RAN && p->in_groups && sched_alone(&p->sched);
    for (uint32_t tx = p->first[group]; tx < p->first[group + 1]; tx++) {
        enum status why = block_admit(p->run, tx);
        if (why == STATUS_OK && p->ahead[tx] != NULL && use_ahead(p, w, tx)) continue;
        if (why == STATUS_OK) why = run_at_head(p, w, tx, alone);
        if (why != STATUS_OK) {
            *refused = refuse(p, tx, why);
            return outcome;
        }
        if (p->ahead[tx] != NULL)
            outcome = SCHED_CONFLICT;
        else if (outcome == SCHED_HELD)
            outcome = SCHED_RAN;
    }
    return outcome;
}

static struct sched_task commit_group(struct parallel_run *p, struct engine_worker *w, uint32_t group, bool was_ahead)
{
    enum sched_outcome outcome = was_ahead ? SCHED_HELD : SCHED_RAN;
    struct sched_task next = {SCHED_WAIT, 0};
    if (!was_ahead || !commit_whole(p, w, group)) outcome = commit_one_by_one(p, w, group, outcome, &next);
    if (next.kind == SCHED_DONE) return next;
    return sched_committed(&p->sched, group, outcome);
}

/* ---- the workers ------------------------------------------------------------------------------------------------- */

/* How long the head may still wait for somebody who runs its item ahead. In all, waits that come to nothing take no
 * longer than WAIT_FREE_NS and as much as the rest of the block so far: whatever others run ahead, the block takes no
 * more than twice as long as the head alone would need. */
static uint64_t patience_left(struct parallel_run *p)
{
    uint64_t since = clock_wall_ns() - p->run->engine->began_ns + WAIT_FREE_NS;
    uint64_t spent = 2 * atomic_load_explicit(&p->waited_in_vain_ns, memory_order_relaxed);
    return since > spent ? since - spent : 0;
}

/* Sleeps until the epoch is no longer `epoch`, or the head has waited for too long. */
static void sleep_on(struct parallel_run *p, uint32_t epoch)
{
    struct sched *s = &p->sched;
    uint32_t awaited = sched_awaited(s);
    if (awaited == SCHED_NOBODY) {
        futex_wait(&s->epoch, epoch);
        return;
    }
    uint64_t since = clock_wall_ns();
    futex_wait_until(&s->epoch, epoch, since + patience_left(p));
    if (sched_awaited(s) == awaited && sched_epoch(s) == epoch && sched_overdue(s, awaited))
        /* Relaxed: the sum is all that counts. */
        (void)atomic_fetch_add_explicit(&p->waited_in_vain_ns, clock_wall_ns() - since, memory_order_relaxed);
}

static struct sched_task wait_for_work(struct parallel_run *p)
{
    struct sched *s = &p->sched;
    uint32_t epoch = sched_epoch(s);
    struct sched_task task = sched_next(s);
    for (int i = 0; i < SPIN_PAUSES && task.kind == SCHED_WAIT; i++) {
        cpu_relax();
        if (sched_epoch(s) != epoch) {
            epoch = sched_epoch(s);
            task = sched_next(s);
        }
    }
    if (task.kind != SCHED_WAIT) return task;
    sched_waiting(s);
    task = sched_next(s);
    if (task.kind == SCHED_WAIT) {
        sleep_on(p, epoch);
        task = sched_next(s);
    }
    sched_waited(s);
    return task;
}

/* What a worker does with a task; gives the next one. */
static struct sched_task do_task(struct parallel_run *p, struct engine_worker *w, struct sched_task task)
{
    switch (task.kind) {
    case SCHED_RUN:
    case SCHED_CHECK: return commit_group(p, w, task.item, task.kind == SCHED_CHECK);
    case SCHED_SPECULATE: return speculate(p, w, task.item);
    case SCHED_REVISE: return revise(p, w, task.item);
    case SCHED_WAIT: {
        uint64_t start = event_clock(p->run->engine);
        task = wait_for_work(p);
        event_note(p->run->engine, w, EVENT_WAIT, 0, start, false);
        return task;
    }
    case SCHED_DONE: break;
    }
    return task;
}

/* When all is committed: completes the cumulative gas of what was committed in groups. Whoever is awake helps. */
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

static void work(void *context, unsigned worker)
{
    struct parallel_run *p = context;
    struct engine_worker *w = &p->run->engine->workers[worker];
    struct sched_task task = sched_next(&p->sched);
    while (task.kind != SCHED_DONE) {
        uint32_t epoch = sched_epoch(&p->sched);
        task = do_task(p, w, task);
        if (sched_epoch(&p->sched) != epoch && sched_is_waited_for(&p->sched)) futex_wake(&p->sched.epoch, INT_MAX);
    }
    if (p->in_groups && p->run->status == STATUS_OK) finish_groups(p);
}

/* ---- a block ----------------------------------------------------------------------------------------------------- */

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

/* Runs the transactions from `from` on, with all workers that can be of use. */
static void run_shared(struct block_run *run, uint32_t from)
{
    uint32_t count = run->task->transaction_count;
    unsigned threads = run->engine->threads_max;
    struct arena *arena = &run->engine->block;
    struct parallel_run *p = arena_alloc(arena, sizeof *p, 64);
    *p = (struct parallel_run){.run = run};
    p->ahead = ARENA_ARRAY(arena, struct ahead *, count);
    memset(p->ahead, 0, count * sizeof *p->ahead);
    run->conflicts = ARENA_ARRAY(arena, struct block_conflict, count);
    p->first = ARENA_ARRAY(arena, uint32_t, count + 1);
    p->group_of = ARENA_ARRAY(arena, uint32_t, count);
    uint32_t groups = plan_groups(&run->plan, from, threads, p->first, p->group_of);
    unsigned workers = threads < groups ? threads : groups;
    uint32_t most = (uint32_t)((uint64_t)WINDOW_TRANSACTIONS * groups / (count - from)) + workers;
    sched_init(&p->sched, groups, workers, most, ARENA_ARRAY(arena, struct sched_item, groups));
    plan_set_heavy(&p->sched, &run->plan, p->first, arena);
    p->groups = ARENA_ARRAY(arena, struct group, groups);
    for (uint32_t g = 0; g < groups; g++) p->groups[g] = (struct group){0};
    p->in_groups = commits_in_groups(run);
    for (unsigned i = 0; i < workers; i++) state_changes_begin(&run->engine->workers[i].changes);
    run->stats.threads = workers;
    pool_run(run->engine->pool, workers, work, p);
    for (unsigned i = 0; i < workers; i++)
        state_table_take_changes(run->engine->table, &run->engine->workers[i].changes);
    run->stats.speculated = atomic_load(&p->speculated);
    run->stats.reruns += atomic_load(&p->reruns);
    /* What ran ahead in a block that turned out to be invalid. */
    for (uint32_t tx = from; tx < count && run->task->tracing != NULL; tx++)
        if (p->ahead[tx] != NULL) block_drop_trace(run, tx, p->ahead[tx]->tracer);
}

static void run_parallel(struct block_run *run)
{
    uint32_t count = run->task->transaction_count;
    plan_make(&run->plan, run->task, run->engine->costs, &run->engine->block);
    uint32_t from = run->engine->share_always ? 0 : share_run_alone(run);
    if (from < count)
        run_shared(run, from);
    else if (count != 0)
        run->stats.fallback = run->engine->threads == 1 ? "one thread" : "too little work to share";
}

const struct block_executor executor_parallel = {"parallel", run_parallel};
