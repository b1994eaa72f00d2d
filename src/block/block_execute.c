/* A block from start to end, whichever executor runs its transactions. */
#include <stdlib.h>

#include "block/bal/overlay.h"
#include "block/private.h"

/* ---- accounting in order ---------------------------------------------------------------------------------------- */

static uint64_t room(uint64_t limit, uint64_t used)
{
    return used > limit ? 0 : limit - used;
}

/* Whether the gas of a transaction fits what is left of the block. Where gas has two dimensions (EIP-8037), each has
 * the whole block's limit, and the transaction must fit with the most that it could use of each. */
static bool gas_fits(const struct block_run *run, uint32_t index)
{
    const struct transaction *tx = &run->task->transactions[index];
    const struct fork *fork = run->context.fork;
    uint64_t limit = run->task->header->gas_limit, price = run->context.env.state_byte_gas, cap = fork->limit.tx_gas;
    uint64_t execution_room = room(limit, run->gas_used), state_room = room(limit, run->state_gas_used);
    if (tx->gas_limit <= execution_room && tx->gas_limit <= state_room) return true;
    if (price == 0) return false;
    struct tx_intrinsic intrinsic = {0}; /* with STATE_GAS_LAST_FIRST the whole limit is reserved in both */
    if (fork->state_growth.rule != STATE_GAS_LAST_FIRST)
        intrinsic = tx_intrinsic(fork, tx, &run->task->senders[index], price);
    if (tx->gas_limit < intrinsic.gas + intrinsic.state) return true; /* tx_check has a better reason to refuse it */
    uint64_t execution = tx->gas_limit - intrinsic.state;
    return (execution < cap ? execution : cap) <= execution_room && tx->gas_limit - intrinsic.gas <= state_room;
}

struct vm_tracer *block_execute_traced(const struct block_run *run, struct tx_worker *w, uint32_t index,
                                       struct tx_result *result)
{
    const struct block_task *task = run->task;
    const struct address *authorities = task->authorities == NULL ? NULL : task->authorities[index];
    struct vm_tracer *tracer = NULL;
    if (UNLIKELY(task->tracing != NULL)) {
        tracer = task->tracing->begin(task->tracing->context, index);
        vm_set_tracer(w->vm, tracer);
    }
    if (!w->state->speculative) w->state->cancelled = &run->engine->cancelled;
    tx_execute(w, &run->context, &task->transactions[index], &task->senders[index], authorities, result);
    if (engine_is_cancelled(run->engine)) state_fail(w->state, EXECUTION_CANCELLED);
    if (UNLIKELY(tracer != NULL)) vm_set_tracer(w->vm, NULL);
    return tracer;
}

void block_commit_trace(const struct block_run *run, uint32_t index, struct vm_tracer *tracer)
{
    if (UNLIKELY(tracer != NULL)) run->task->tracing->commit(run->task->tracing->context, index, tracer);
}

void block_drop_trace(const struct block_run *run, uint32_t index, struct vm_tracer *tracer)
{
    if (UNLIKELY(tracer != NULL)) run->task->tracing->drop(run->task->tracing->context, index, tracer);
}

enum status block_admit(struct block_run *run, uint32_t index)
{
    const struct transaction *tx = &run->task->transactions[index];
    if (engine_is_cancelled(run->engine)) return EXECUTION_CANCELLED;
    if (!gas_fits(run, index)) return TX_GAS_OVER_BLOCK;
    uint64_t blobs = run->blob_gas_used / GAS_PER_BLOB + tx->blob_count;
    /* Where there are no blobs at all, tx_check refuses the transaction for its type. */
    uint32_t blobs_max = run->context.fork->blob.max;
    if (tx->blob_count != 0 && blobs_max != 0 && blobs > blobs_max) return TX_BLOBS_OVER_BLOCK;
    return block_check_access_list_gas(run);
}

void block_count(struct block_run *run, uint32_t index)
{
    struct tx_result *r = &run->results[index];
    run->gas_used += r->block_gas;
    run->state_gas_used += r->block_state_gas;
    run->cumulative_gas += r->gas_used;
    run->blob_gas_used += (uint64_t)run->task->transactions[index].blob_count * GAS_PER_BLOB;
    r->cumulative_gas = run->cumulative_gas;
    run->fees = u256_add(run->fees, r->fee);
    run->committed++;
    if (run->task->committed != NULL) run->task->committed(run->task->committed_context, run->engine, index);
}

void block_refuse(struct block_run *run, uint32_t index, enum status why)
{
    run->status = why;
    run->bad = index;
}

/* ---- the whole block --------------------------------------------------------------------------------------------- */

struct vm_env block_env(const struct chain_spec *chain, const struct fork *fork, const struct header *h)
{
    bool beyond;
    struct u256 blob_base_fee = block_blob_base_fee(fork, h->excess_blob_gas, &beyond);
    return (struct vm_env){.number = h->number,
                           .timestamp = h->timestamp,
                           .gas_limit = h->gas_limit,
                           .chain_id = chain->id,
                           .slot_number = h->slot_number,
                           .coinbase = h->beneficiary,
                           .prevrandao = fork->prevrandao ? u256_from_hash(&h->prev_randao) : h->difficulty,
                           .base_fee = h->base_fee,
                           .blob_base_fee = blob_base_fee,
                           .blob_base_fee_beyond = beyond,
                           .state_byte_gas = fork_state_byte_gas(fork, h->gas_limit)};
}

static void begin(struct engine *e, const struct block_task *task)
{
    arena_reset(&e->block);
    state_table_reset(e->table, task->view);
    code_cache_begin_block(e->codes);
    precompile_memo_clear(e->memo);
    for (unsigned i = 0; i < e->threads; i++) {
        arena_reset(&e->workers[i].tx.results);
        arena_reset(&e->workers[i].versions);
        vm_begin_block(e->workers[i].tx.vm);
        e->workers[i].event_count = 0;
        e->workers[i].tx.state->clear_empty = task->fork->clear_empty;
        e->workers[i].tx.state->destructed_keep_balance = task->fork->selfdestruct_keeps_balance;
        e->workers[i].tx.state->list_accesses = block_lists_accesses(task);
    }
}

static enum status explain(const struct block_run *run, struct error *error)
{
    if (run->status == STATUS_OK) return STATUS_OK;
    if (run->error.status == run->status)
        return error_set(error, run->status, "block %llu: %s", (unsigned long long)run->task->header->number,
                         run->error.text);
    if (run->bad < run->task->transaction_count)
        return error_set(error, run->status, "block %llu: transaction %u: %s",
                         (unsigned long long)run->task->header->number, run->bad, status_text(run->status));
    return error_set(error, run->status, "block %llu: %s", (unsigned long long)run->task->header->number,
                     status_text(run->status));
}

static enum status begin_access_list(struct block_run *run)
{
    const struct block_task *task = run->task;
    block_begin_access_list(run);
    if (task->access_list == NULL) return STATUS_OK;
    if (!task->fork->block_access_list) return bal_check(task->access_list, &run->error);
    run->declared_reads = block_declared_reads(task->access_list, task->fork);
    return block_check_access_list_form(task->access_list, task->header, task->transaction_count, &run->error);
}

static enum status finish_access_list(struct block_run *run, struct block_result *out)
{
    out->access_list = block_make_access_list(run);
    if (run->declared != NULL) {
        bool complete = declared_is_complete(run->declared, run->declared_changes, &out->access_list);
        out->access_list = *run->task->access_list;
        return complete ? STATUS_OK : BLOCK_ACCESS_LIST_EXTRA;
    }
    if (run->task->keep_accesses) block_make_reads(run, out);
    if (run->task->access_list != NULL)
        return block_compare_access_lists(run->task->access_list, &out->access_list, &run->error);
    if (!run->task->fork->block_access_list || run->task->transactions_only) return STATUS_OK;
    return block_check_access_list_size(&out->access_list, run->task->header->gas_limit, &run->error);
}

static enum status execute_with(struct engine *e, const struct block_executor *executor, const struct block_task *task,
                                struct block_result *out, struct error *error)
{
    begin(e, task);
    uint64_t wall = clock_wall_ns(), cpu = pool_cpu_ns(e->pool);
    e->began_ns = wall;
    struct block_run run = {.engine = e, .task = task, .bad = task->transaction_count};
    run.context = (struct tx_context){.fork = task->fork,
                                      .chain = task->chain,
                                      .env = block_env(task->chain, task->fork, task->header),
                                      .is_unsigned = task->unsigned_senders};
    run.results = ARENA_ARRAY(&e->block, struct tx_result, task->transaction_count + 1);
    run.stats = (struct block_stats){.executor = executor->name, .threads = 1};
    *out = (struct block_result){.task = task, .transactions = run.results};

    /* Who gets nothing is not touched: a witness of such a block does not have the account. */
    if (task->transaction_count != 0 || task->fork->block_reward != 0)
        run.beneficiary = state_table_account(e->table, &task->header->beneficiary, &run.status);
    if (run.status == STATUS_OK && block_lists_accesses(task)) run.status = begin_access_list(&run);
    if (run.status == STATUS_OK && !task->transactions_only) run.status = block_start(&run);
    if (run.status == STATUS_OK) executor->run(&run);
    if (run.status == STATUS_OK) run.status = block_finish(&run, out);
    if (run.status == STATUS_OK && block_lists_accesses(task)) run.status = finish_access_list(&run, out);

    if (engine_is_cancelled(e)) run.status = EXECUTION_CANCELLED;

    events_gather(e, out);
    out->conflicts = run.conflicts;
    out->conflict_count = run.conflict_count;
    out->status = run.status;
    out->bad = run.bad;
    /* The header names the dimension of which more was used. */
    out->gas_used = run.gas_used > run.state_gas_used ? run.gas_used : run.state_gas_used;
    out->blob_gas_used = run.blob_gas_used;
    out->stats = run.stats;
    out->stats.wall_ns = clock_wall_ns() - wall;
    out->stats.cpu_ns = pool_cpu_ns(e->pool) - cpu;
    return explain(&run, error);
}

/* Lists made for older blocks do not say all that happened. Before EIP-161 an account may exist whatever its balance,
 * nonce and code; before EIP-6780 a contract that destroys itself loses its storage, slot by slot unnamed. */
static bool says_all(const struct block_access_list *l, const struct fork *fork)
{
    if (!fork->clear_empty) return false;
    if (fork->selfdestruct == SELFDESTRUCT_SAME_TRANSACTION) return true;
    for (uint32_t i = 0; i < l->account_count; i++)
        for (uint32_t k = 0; k < l->accounts[i].code_count; k++)
            if (l->accounts[i].codes[k].code.size == 0) return false;
    return true;
}

static const struct block_executor *choose(enum executor_kind kind, const struct block_task *task)
{
    if (kind == EXECUTOR_SERIAL) return &executor_serial;
    bool has_list = task->access_list != NULL && !task->transactions_only && !task->keep_accesses &&
                    says_all(task->access_list, task->fork);
    return kind == EXECUTOR_ACCESS_LIST && has_list ? &executor_access_list : &executor_parallel;
}

enum status block_execute(struct engine *e, enum executor_kind kind, const struct block_task *task,
                          struct block_result *out, struct error *error)
{
    const struct block_executor *executor = choose(kind, task);
    if (executor != &executor_serial) share_announce(e, task);
    enum status status = execute_with(e, executor, task, out, error);
    if (status == STATUS_OK || status == EXECUTION_CANCELLED || executor != &executor_access_list) return status;
    status = execute_with(e, &executor_serial, task, out, error);
    out->stats.fallback = "the block or its access list is wrong";
    return status;
}
