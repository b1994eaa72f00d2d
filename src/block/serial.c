/* The serial executor: one transaction after the other on the calling thread, values overwritten in place. It is what
 * all others must equal. */
#include "block/private.h"

bool block_run_in_place(struct block_run *run, struct engine_worker *worker, uint32_t index, bool over_versions)
{
    const struct block_task *task = run->task;
    struct tx_worker *w = &worker->tx;
    struct tx_result *result = &run->results[index];
    struct vm_tracer *tracer = NULL;
    uint64_t start = event_clock(run->engine);
    enum status why = block_admit(run, index);
    if (why == STATUS_OK) {
        state_begin(w->state, over_versions ? index + 1 : 0, task->watch != NULL);
        w->state->beneficiary = run->beneficiary;
        w->state->beneficiary_fees = run->fees;
        tracer = block_execute_traced(run, w, index, result);
        why = w->state->failure != STATUS_OK ? w->state->failure : result->invalid;
    }
    result->invalid = why;
    if (why != STATUS_OK) {
        block_drop_trace(run, index, tracer);
        if (!task->skip_invalid || w->state->failure != STATUS_OK) block_refuse(run, index, why);
        return false;
    }
    if (UNLIKELY(task->watch != NULL)) task->watch->executed(task->watch->context, index, w->state, result);
    if (over_versions)
        state_commit_over(w->state);
    else
        state_commit(w->state);
    if (!result->beneficiary_gone) state_bring_into_existence(w->state, run->beneficiary);
    block_count(run, index);
    block_commit_trace(run, index, tracer);
    if (w->state->list_accesses) {
        struct state_accesses accesses = state_accesses(w->state, &worker->versions);
        block_list_accesses(run, &accesses, index + 1);
    }
    event_note(run->engine, worker, EVENT_RUN, index, start, false);
    return true;
}

static void run_serial(struct block_run *run)
{
    for (uint32_t i = 0; i < run->task->transaction_count && run->status == STATUS_OK; i++)
        (void)block_run_in_place(run, &run->engine->workers[0], i, false);
}

const struct block_executor executor_serial = {"serial", run_serial};
