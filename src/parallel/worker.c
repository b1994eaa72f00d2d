#include "parallel/worker.h"

#include "parallel/policies.h"

static bool is_last(const struct worker *w)
{
    return w->tx + 1 == w->first[w->task.item + 1];
}

static void speculate(struct worker *w)
{
    uint32_t after;
    w->mode = EXECUTE_SPECULATIVELY;
    w->phase = WORKER_EXECUTE;
    if (!w->ops->defers(w->context, w->task.item, &after)) return;
    sched_defer(w->sched, w->task.item, after);
    w->phase = WORKER_ASK;
}

/* Takes a task at `now_ns`; 0: at a time that is still to be looked up. */
static void take(struct worker *w, struct sched_task task, uint64_t now_ns)
{
    w->task = task;
    w->valid = true;
    w->may_rerun = w->publishing = false;
    if (task.kind != SCHED_WAIT && task.kind != SCHED_DONE) {
        w->tx = w->first[task.item];
        w->began_ns = now_ns != 0 ? now_ns : w->ops->clock(w->context);
    }
    switch (task.kind) {
    case SCHED_EXECUTE:
        w->outcome = SCHED_EXECUTED;
        w->mode = EXECUTE_COMMITTED;
        w->phase = w->may_overwrite && sched_alone(w->sched) ? WORKER_RUN_IN_PLACE : WORKER_COMMIT_SPECULATIVE;
        break;
    case SCHED_COMMIT:
        w->outcome = SCHED_USED;
        w->mode = EXECUTE_COMMITTED;
        w->phase = policy_is_on(POLICY_WHOLE) && sched_is_valid(w->sched, task.item) ? WORKER_COMMIT_GROUP
                                                                                     : WORKER_COMMIT_SPECULATIVE;
        break;
    case SCHED_SPECULATE: speculate(w); break;
    case SCHED_REVALIDATE:
        w->mode = EXECUTE_SPECULATIVELY;
        w->phase = WORKER_VALIDATE;
        break;
    case SCHED_WAIT: w->phase = WORKER_LOOK; break;
    case SCHED_DONE: w->phase = WORKER_DONE; break;
    }
}

/* ---- speculative execution --------------------------------------------------------------------------------------- */

/* The transaction has been validated, or executed and published again. */
static void revalidate_next(struct worker *w)
{
    w->phase = WORKER_VALIDATE;
    if (w->valid && !is_last(w)) {
        w->tx++;
        return;
    }
    sched_revalidated(w->sched, w->task.item, w->valid);
    w->phase = WORKER_ASK;
}

static void publish(struct worker *w)
{
    if (!w->publishing && !sched_publishing(w->sched, w->task.item)) {
        w->ops->drop(w->context, w->tx);
        w->phase = WORKER_ASK;
        return;
    }
    w->publishing = true;
    bool again = w->task.kind == SCHED_REVALIDATE, completes = is_last(w) && !again;
    enum worker_answer valid = w->ops->publish(w->context, w->tx, completes || again);
    if (valid == WORKER_AGAIN) return;
    w->publishing = false;
    w->valid = w->valid && valid == WORKER_YES;
    if (completes) sched_worked(w->sched, w->task.item, w->ops->clock(w->context) - w->began_ns);
    if (completes && w->valid) sched_validated(w->sched, w->task.item);
    sched_published(w->sched, w->task.item, completes);
    if (again) {
        revalidate_next(w);
    } else if (completes) {
        w->phase = WORKER_ASK;
    } else {
        w->tx++;
        w->phase = WORKER_EXECUTE;
    }
}

static void validate(struct worker *w)
{
    enum worker_answer valid = w->ops->validate(w->context, w->tx);
    if (valid == WORKER_AGAIN) return;
    if (valid == WORKER_NO && !w->may_rerun) w->may_rerun = sched_may_rerun(w->sched, w->task.item);
    if (valid == WORKER_NO && w->may_rerun) {
        w->phase = WORKER_EXECUTE;
        return;
    }
    w->valid = valid == WORKER_YES;
    revalidate_next(w);
}

static void execute(struct worker *w)
{
    if (w->ops->execute(w->context, w->tx, w->mode) != WORKER_AGAIN) w->phase = WORKER_PUBLISH;
}

/* ---- commit point ------------------------------------------------------------------------------------------------ */

static void commit_ends(struct worker *w)
{
    uint64_t now = w->ops->clock(w->context);
    take(w, sched_committed(w->sched, w->task.item, w->outcome, w->began_ns, now), now);
}

static void end_block(struct worker *w)
{
    sched_stop(w->sched);
    w->phase = WORKER_DONE;
}

static void run_in_place(struct worker *w)
{
    enum worker_answer committed = w->ops->run_in_place(w->context, w->task.item);
    if (committed == WORKER_YES) commit_ends(w);
    if (committed == WORKER_REFUSED) end_block(w);
}

static void commit_group(struct worker *w)
{
    enum worker_answer committed = w->ops->commit_group(w->context, w->task.item);
    if (committed == WORKER_NO) w->phase = WORKER_COMMIT_SPECULATIVE;
    if (committed == WORKER_YES) commit_ends(w);
}

static void commit_next(struct worker *w)
{
    w->phase = WORKER_COMMIT_SPECULATIVE;
    if (!is_last(w))
        w->tx++;
    else
        commit_ends(w);
}

static void commit_speculative(struct worker *w)
{
    switch (w->ops->commit_speculative(w->context, w->tx)) {
    case WORKER_AGAIN: return;
    case WORKER_YES: commit_next(w); return;
    case WORKER_REFUSED: end_block(w); return;
    case WORKER_NO: w->outcome = SCHED_CONFLICT; break;
    case WORKER_NONE:
        if (w->outcome == SCHED_USED) w->outcome = SCHED_EXECUTED;
        break;
    }
    w->phase = WORKER_COMMIT_EXECUTE;
}

static void commit_execute(struct worker *w)
{
    if (w->ops->execute(w->context, w->tx, w->mode) != WORKER_AGAIN) w->phase = WORKER_COMMIT_EXECUTED;
}

static void commit_executed(struct worker *w)
{
    enum worker_answer committed = w->ops->commit_executed(w->context, w->tx);
    if (committed == WORKER_YES) commit_next(w);
    if (committed == WORKER_REFUSED) end_block(w);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void look(struct worker *w)
{
    w->epoch = sched_epoch(w->sched);
    take(w, sched_next(w->sched), 0);
    if (w->phase == WORKER_LOOK) w->phase = WORKER_SPIN;
}

/* The scheduler says why no wake-up is lost between the question and the sleep. */
static void spin(struct worker *w)
{
    enum worker_answer changed = w->ops->spin(w->context, w->epoch);
    if (changed == WORKER_YES) w->phase = WORKER_LOOK;
    if (changed != WORKER_NO) return;
    sched_waiting(w->sched);
    struct sched_task task = sched_next(w->sched);
    if (task.kind == SCHED_WAIT) {
        w->phase = WORKER_SLEPT;
        w->ops->sleep(w->context, w->epoch);
        return;
    }
    sched_waited(w->sched);
    take(w, task, 0);
}

static void slept(struct worker *w)
{
    sched_waited(w->sched);
    w->phase = WORKER_ASK;
}

bool worker_step(struct worker *w)
{
    switch (w->phase) {
    case WORKER_ASK: take(w, sched_next(w->sched), 0); break;
    case WORKER_EXECUTE: execute(w); break;
    case WORKER_PUBLISH: publish(w); break;
    case WORKER_VALIDATE: validate(w); break;
    case WORKER_RUN_IN_PLACE: run_in_place(w); break;
    case WORKER_COMMIT_GROUP: commit_group(w); break;
    case WORKER_COMMIT_SPECULATIVE: commit_speculative(w); break;
    case WORKER_COMMIT_EXECUTE: commit_execute(w); break;
    case WORKER_COMMIT_EXECUTED: commit_executed(w); break;
    case WORKER_LOOK: look(w); break;
    case WORKER_SPIN: spin(w); break;
    case WORKER_SLEPT: slept(w); break;
    case WORKER_DONE: break;
    }
    return w->phase != WORKER_DONE;
}
