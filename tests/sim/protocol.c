#include "sim/protocol.h"

#include <limits.h>

#include "harness.h"
#include "sim/digest.h"

#define RUN_FAIL(r, text, ...)                                                                                         \
    FAIL(text "\n    again: WEFT_SIM_REPLAY=%#llx,%#llx,%u" __VA_OPT__(, ) __VA_ARGS__,                                \
         (unsigned long long)(r)->block->seed, (unsigned long long)(r)->schedule, (r)->workers)

/* ---- the start ---- */

static void make_groups(struct sim_run *r, uint32_t from, uint64_t *random)
{
    uint32_t longest = 1 + (uint32_t)(random_next(random) % 4);
    for (uint32_t tx = from; tx < r->block->tx_count; r->groups++) {
        r->first[r->groups] = tx;
        tx += 1 + (uint32_t)(random_next(random) % longest);
    }
    r->first[r->groups] = r->block->tx_count;
}

/* Blocks are short; distrust and narrow windows would come only after many transactions. */
static void set_mood(struct sim_run *r, uint64_t *random)
{
    if (r->schedule % 2 != 0 || r->workers == 1 || r->groups == 0) return;
    atomic_store(&r->sched.confidence, (uint32_t)random_next(random) % (SCHED_CONFIDENCE_LOW + 2));
    atomic_store(&r->sched.window, (uint32_t)random_next(random) % 9);
    uint32_t count = 0;
    for (uint32_t i = 0; i < COUNT_OF(r->heavy); i++) {
        uint32_t group = (uint32_t)random_next(random) % (2 * r->groups);
        if (group >= r->groups || r->is_heavy[group]) continue;
        r->is_heavy[group] = true;
        r->heavy[count++] = group;
    }
    sched_set_heavy(&r->sched, r->heavy, count, r->is_heavy);
}

bool sim_run_init(struct sim_run *r, struct sim_world *w, const struct sim_block *b, unsigned workers,
                  uint64_t schedule)
{
    uint64_t random = schedule;
    *r = (struct sim_run){.world = w, .block = b, .workers = workers, .schedule = schedule};
    sim_block_open(w, b);
    r->beneficiary = sim_account_entry(w, b->rules.beneficiary);
    uint32_t alone = random_next(&random) % 4 == 0 ? (uint32_t)(random_next(&random) % (b->tx_count + 1)) : 0;
    for (uint32_t tx = 0; tx < alone; tx++)
        if (sim_execute_in_place(w, b, r->beneficiary, &r->fees, tx).invalid != STATUS_OK) return false;
    r->committed = alone;
    make_groups(r, alone, &random);
    sched_init(&r->sched, r->groups, workers, UINT32_MAX, r->items);
    set_mood(r, &random);
    return true;
}

/* ---- tasks ---- */

/* Some groups are given back, as those that are expected to conflict. */
static bool is_hopeless(const struct sim_run *r, uint32_t group)
{
    return (r->schedule >> 32 & 3) == 0 && (r->schedule >> 34 >> group % 24 & 1) != 0;
}

static uint32_t whom_to_wait_for(const struct sim_run *r, uint32_t group)
{
    uint32_t distance = 1 + (uint32_t)(r->schedule >> 40) % 4;
    return distance > group || (r->schedule >> 36 & 1) != 0 ? SCHED_NOBODY : group - distance;
}

static void take(struct sim_run *r, struct sim_worker *w, struct sched_task task)
{
    static const enum sim_phase phase[] = {
        [SCHED_RUN] = SIM_NEXT_AT_HEAD, [SCHED_CHECK] = SIM_NEXT_AT_HEAD, [SCHED_SPECULATE] = SIM_BEGIN_AHEAD,
        [SCHED_REVISE] = SIM_REVISE,    [SCHED_WAIT] = SIM_LOOK,          [SCHED_DONE] = SIM_DONE};
    w->task = task;
    w->phase = phase[task.kind];
    w->outcome = task.kind == SCHED_CHECK ? SCHED_HELD : SCHED_RAN;
    if (task.kind == SCHED_WAIT || task.kind == SCHED_DONE) return;
    w->tx = r->first[task.item];
    w->sure = true;
    w->again = w->whole = w->alone = false;
    if (w->phase == SIM_NEXT_AT_HEAD && w->tx != r->committed) RUN_FAIL(r, "a group at the head that is not next");
    /* What waited for another one is run when that has run. */
    if (w->phase == SIM_BEGIN_AHEAD && is_hopeless(r, task.item) && r->items[task.item].after == SCHED_NOBODY)
        w->phase = SIM_SKIP;
}

static void wake_all(struct sim_run *r)
{
    if (r->threads) {
        futex_wake(&r->sched.epoch, INT_MAX);
        return;
    }
    for (unsigned i = 0; i < r->workers; i++) r->worker[i].sleeps = false;
}

/* ---- ahead of the line ---- */

static void begin(struct sim_run *r, unsigned id, bool ahead)
{
    struct sim_worker *w = &r->worker[id];
    struct state *s = r->world->state[id];
    state_begin(s, w->tx + 1, ahead);
    s->beneficiary = ahead ? NULL : r->beneficiary;
    s->beneficiary_fees = ahead ? U256_ZERO : r->fees;
    sim_begin(&r->world->machine[id], s, &r->block->rules, &r->block->tx[w->tx]);
    w->phase = ahead ? SIM_AHEAD : SIM_HEAD;
}

static void publish(struct sim_run *r, unsigned id)
{
    struct sim_worker *w = &r->worker[id];
    const struct sim_result *result = &r->world->machine[id].result;
    struct sim_ahead *a = &r->ahead[w->tx], old = *a;
    *a = (struct sim_ahead){.there = true, .result = *result, .records = sim_digest_records(r->world->state[id])};
    bool disturbs = false;
    if (result->invalid == STATUS_OK) {
        a->execution = mv_publish(r->world->state[id], old.execution, &r->world->versions[id]);
        disturbs = a->execution->disturbs;
        w->sure = w->sure && a->execution->sure && !mv_saw_balance(a->execution, r->beneficiary);
    } else {
        w->sure = false;
    }
    if (old.execution != NULL && a->execution == NULL) disturbs = mv_withdraw(old.execution);
    if (disturbs) sched_disturbs(&r->sched, w->task.item);
}

static void published(struct sim_run *r, struct sim_worker *w)
{
    bool revises = w->task.kind == SCHED_REVISE, last = ++w->tx == r->first[w->task.item + 1];
    if (last && !revises && w->sure) sched_sure(&r->sched, w->task.item);
    sched_published(&r->sched, w->task.item, last && !revises);
    w->phase = revises ? last || !w->sure ? SIM_REVISED : SIM_REVISE : last ? SIM_ASK : SIM_BEGIN_AHEAD;
}

/* Ahead of its turn: does what was run ahead hold yet? */
static void revise(struct sim_run *r, struct sim_worker *w)
{
    const struct mv_execution *e = r->ahead[w->tx].execution;
    if (e != NULL && mv_holds_yet(e, r->beneficiary)) {
        w->phase = ++w->tx == r->first[w->task.item + 1] ? SIM_REVISED : SIM_REVISE;
        return;
    }
    w->sure = e == NULL || !mv_saw_balance(e, r->beneficiary);
    w->phase = !w->sure ? SIM_REVISED : w->again ? SIM_BEGIN_AHEAD : SIM_RERUN;
}

static void rerun(struct sim_run *r, struct sim_worker *w)
{
    w->again = w->sure = sched_rerun(&r->sched, w->task.item);
    w->phase = w->sure ? SIM_BEGIN_AHEAD : SIM_REVISED;
    atomic_fetch_add(&r->reruns, w->sure);
}

/* ---- at the head ---- */

static void refuse(struct sim_run *r, struct sim_worker *w, enum status why)
{
    r->status = why;
    r->bad = w->tx;
    sched_stop(&r->sched);
    wake_all(r);
    w->phase = SIM_DONE;
}

static void check(struct sim_run *r, struct sim_worker *w)
{
    struct sim_ahead *a = &r->ahead[w->tx];
    struct mv_conflict conflict = {0};
    bool holds = a->execution != NULL && mv_holds(a->execution, r->beneficiary, &r->fees, &conflict);
    if (w->whole && !holds) RUN_FAIL(r, "a group that was said to hold does not");
    if (holds) {
        /* A group that is committed as a whole leaves its deltas as they are. */
        if (!w->whole) mv_commit(a->execution);
        r->whole += w->whole;
        r->world->machine[w - r->worker].result = a->result;
        w->execution = a->execution;
        w->phase = SIM_COMMIT;
        r->held++;
        return;
    }
    if (a->execution != NULL) {
        if (conflict.location == NULL) RUN_FAIL(r, "a conflict without a place");
        if (mv_withdraw(a->execution)) sched_disturbs(&r->sched, w->task.item);
    }
    w->outcome = SCHED_CONFLICT;
    w->phase = SIM_BEGIN_HEAD;
    r->conflicts++;
}

static void next_at_head(struct sim_run *r, struct sim_worker *w)
{
    bool first = w->tx == r->first[w->task.item];
    if (first) w->whole = r->block->clear_empty && w->task.kind == SCHED_CHECK && sched_holds(&r->sched, w->task.item);
    if (first && w->task.kind == SCHED_RUN && r->block->clear_empty) w->alone = sched_alone(&r->sched);
    if (r->ahead[w->tx].there) {
        check(r, w);
        return;
    }
    if (w->outcome == SCHED_HELD) w->outcome = SCHED_RAN;
    w->phase = SIM_BEGIN_HEAD;
}

static void run_at_head(struct sim_run *r, unsigned id)
{
    struct sim_worker *w = &r->worker[id];
    struct sim_machine *m = &r->world->machine[id];
    sim_step(m);
    if (!m->finished) return;
    if (m->result.invalid != STATUS_OK) {
        refuse(r, w, m->result.invalid);
        return;
    }
    w->phase = SIM_COMMIT;
    w->execution = NULL;
    if (w->alone) {
        state_commit_over(r->world->state[id]);
        return;
    }
    w->execution = mv_publish(r->world->state[id], NULL, &r->world->versions[id]);
    if (w->execution->disturbs) sched_disturbs(&r->sched, w->task.item);
}

/* As in the executor: before EIP-161 the fee brings the beneficiary into existence. */
static void bring_beneficiary(struct sim_run *r, unsigned id, uint32_t tx)
{
    struct account_entry *e = r->beneficiary;
    if (r->block->clear_empty) return;
    struct meta meta = meta_unpack(&location_find(&e->meta, tx + 2)->value);
    if (meta.exists) return;
    meta.exists = true;
    (void)mv_write_one(&e->meta, tx + 1, meta_pack(meta), &r->world->versions[id]);
    state_table_account_changed(r->world->table, e);
}

static void compare(struct sim_run *r, uint32_t tx, const struct sim_result *found)
{
    const struct sim_result *expected = &r->block->result[tx];
    if (r->block->status != STATUS_OK && tx >= r->block->bad) RUN_FAIL(r, "an invalid transaction was committed");
    if (found->digest != expected->digest || found->fee != expected->fee || found->logs != expected->logs)
        RUN_FAIL(r, "transaction %u has read something else than in serial execution", tx);
    if (found->footprint != expected->footprint) RUN_FAIL(r, "transaction %u has another footprint", tx);
    if (!r->block->checks_each) return;
    struct state_diff diff;
    struct arena_mark mark = arena_mark(&r->world->scratch);
    state_table_diff(r->world->table, tx + 2, r->block->clear_empty, &r->world->scratch, &diff);
    if (!state_diff_equal(&diff, &r->block->after[tx])) RUN_FAIL(r, "another state after transaction %u", tx);
    arena_rewind(&r->world->scratch, mark);
}

static void commit(struct sim_run *r, unsigned id)
{
    struct sim_worker *w = &r->worker[id];
    const struct sim_result *result = &r->world->machine[id].result;
    struct state_changes changes;
    state_changes_begin(&changes);
    if (w->execution != NULL) mv_list_changes(w->execution, &changes);
    state_table_take_changes(r->world->table, &changes);
    bring_beneficiary(r, id, w->tx);
    compare(r, w->tx, result);
    r->fees = u256_add(r->fees, U256(result->fee));
    r->committed++;
    w->phase = ++w->tx == r->first[w->task.item + 1] ? SIM_COMMITTED : SIM_NEXT_AT_HEAD;
}

static void committed(struct sim_run *r, struct sim_worker *w)
{
    uint32_t epoch = sched_epoch(&r->sched);
    struct sched_task next = sched_committed(&r->sched, w->task.item, w->outcome);
    if (sched_epoch(&r->sched) != epoch) wake_all(r);
    take(r, w, next);
}

/* ---- waiting ---- */

static void sleep_on_epoch(struct sim_run *r, struct sim_worker *w)
{
    w->phase = SIM_WAKE;
    if (r->threads)
        futex_wait(&r->sched.epoch, w->epoch);
    else
        w->sleeps = w->epoch == sched_epoch(&r->sched);
}

static void wait_step(struct sim_run *r, struct sim_worker *w)
{
    struct sched_task task;
    switch (w->phase) {
    case SIM_LOOK:
        w->epoch = sched_epoch(&r->sched);
        w->phase = SIM_RETRY;
        break;
    case SIM_RETRY:
        task = sched_next(&r->sched);
        if (task.kind != SCHED_WAIT)
            take(r, w, task);
        else
            w->phase = SIM_ENTER;
        break;
    case SIM_ENTER:
        sched_waiting(&r->sched);
        w->phase = SIM_LAST;
        break;
    case SIM_LAST:
        task = sched_next(&r->sched);
        w->phase = SIM_SLEEP;
        if (task.kind == SCHED_WAIT) break;
        sched_waited(&r->sched);
        take(r, w, task);
        break;
    case SIM_SLEEP: sleep_on_epoch(r, w); break;
    default: sched_waited(&r->sched); w->phase = SIM_ASK;
    }
}

/* ---- all together ---- */

void sim_worker_step(struct sim_run *r, unsigned id)
{
    struct sim_worker *w = &r->worker[id];
    struct sim_machine *m = &r->world->machine[id];
    switch (w->phase) {
    case SIM_ASK: take(r, w, sched_next(&r->sched)); break;
    case SIM_SKIP:
        sched_skip(&r->sched, w->task.item, whom_to_wait_for(r, w->task.item));
        w->phase = SIM_ASK;
        break;
    case SIM_BEGIN_AHEAD:
    case SIM_BEGIN_HEAD: begin(r, id, w->phase == SIM_BEGIN_AHEAD); break;
    case SIM_AHEAD:
        sim_step(m);
        if (m->finished) w->phase = SIM_PUBLISHING;
        break;
    case SIM_PUBLISHING: w->phase = sched_publishing(&r->sched, w->task.item) ? SIM_PUBLISH : SIM_ASK; break;
    case SIM_PUBLISH:
        publish(r, id);
        w->phase = SIM_PUBLISHED;
        break;
    case SIM_PUBLISHED: published(r, w); break;
    case SIM_REVISE: revise(r, w); break;
    case SIM_RERUN: rerun(r, w); break;
    case SIM_REVISED:
        sched_revised(&r->sched, w->task.item, w->sure);
        w->phase = SIM_ASK;
        break;
    case SIM_NEXT_AT_HEAD: next_at_head(r, w); break;
    case SIM_HEAD: run_at_head(r, id); break;
    case SIM_COMMIT: commit(r, id); break;
    case SIM_COMMITTED: committed(r, w); break;
    default: wait_step(r, w);
    }
}

uint32_t sim_runnable(const struct sim_run *r)
{
    uint32_t set = 0;
    for (unsigned i = 0; i < r->workers; i++)
        set |= (uint32_t)(r->worker[i].phase != SIM_DONE && !r->worker[i].sleeps) << i;
    return set;
}

void sim_run_finish(struct sim_run *r)
{
    const struct sim_block *b = r->block;
    for (unsigned i = 0; i < r->workers; i++) {
        bool came_too_late = r->threads &&
                             r->worker[i].phase == SIM_ASK; /* the pool calls back who is not there at the end */
        if (r->worker[i].phase != SIM_DONE && !came_too_late) RUN_FAIL(r, "everybody sleeps");
    }
    if (r->status != b->status || (b->status != STATUS_OK && r->bad != b->bad))
        RUN_FAIL(r, "the block ends with %s at %u instead of %s at %u", status_name(r->status), r->bad,
                 status_name(b->status), b->bad);
    if (b->status != STATUS_OK) return;
    sim_block_close(r->world, b, r->fees);
    struct state_diff diff;
    arena_reset(&r->world->scratch);
    state_table_diff(r->world->table, UINT32_MAX, b->clear_empty, &r->world->scratch, &diff);
    if (!state_diff_equal(&diff, &b->after[b->tx_count])) RUN_FAIL(r, "another state after the block");
}
