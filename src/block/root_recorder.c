/* Notes the state root after each transaction. Fees are credited at the end of a block, but count in these roots. */
#include "block/root_recorder.h"

/* The table has the balance without the fees: even one that was brought down to less than nothing by a
 * self-destruction, which took the fees earned until then. A fee touches: even one of nothing clears an empty account,
 * or leaves none behind (EIP-161). */
static void credit_fees(struct state_memory *state, const struct block_task *task, struct engine *e, uint32_t number,
                        struct u256 fees)
{
    enum status why = STATUS_OK;
    const struct account_entry *entry = state_table_account(engine_table(e), &task->header->beneficiary, &why);
    ASSERT(entry != NULL); /* loaded when the block began */
    bool existed = state_memory_find(state, &entry->address) != NULL;
    struct memory_account *a = state_memory_account(state, &entry->address);
    a->balance = u256_add(location_balance(&entry->balance, number), fees);
    bool is_empty = u256_is_zero(a->balance) && a->nonce == 0 && a->code.size == 0;
    a->exists = task->fork->clear_empty ? !is_empty : existed || !is_empty;
}

static void record_root(void *context, struct engine *e, uint32_t index)
{
    struct root_recorder *r = context;
    const struct block_task *task = r->result->task;
    r->fees = u256_add(r->fees, r->result->transactions[index].fee);
    struct state_diff diff;
    state_table_diff(engine_table(e), index + 2, task->fork->clear_empty, r->arena, &diff);
    struct state_memory *state = state_memory_copy(r->parent);
    state_memory_apply(state, &diff);
    credit_fees(state, task, e, index + 2, r->fees);
    state_memory_root(state, NULL, &r->roots[index]);
    state_memory_free(state);
}

void root_recorder_begin(struct root_recorder *r, struct block_task *task)
{
    r->roots = ARENA_ARRAY(r->arena, struct hash, task->transaction_count + 1);
    r->fees = U256_ZERO;
    task->committed = record_root;
    task->committed_context = r;
    task->state_roots = r->roots;
}
