/* t8n: executing a block without the transactions that cannot be in it. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/t8n/t8n.h"

/* Takes over transaction `index` of the input, or rejects it: what can be said without state. */
static void include(struct t8n_output *out, uint32_t index)
{
    const struct t8n_input *in = out->in;
    const struct t8n_transaction *from = &in->transactions[index];
    enum status why = from->unreadable;
    struct signature_rules rules = {.low_s = in->fork.low_s, .chain_id = in->fork.replay_protection};
    struct address *sender = &out->senders[out->included_count];
    if (why == STATUS_OK && from->tx.type == TX_BLOB && !in->has_blob_price) why = TX_NO_BLOB_PRICE;
    if (why == STATUS_OK) why = tx_check_kind(&in->fork, in->chain.id, &from->tx);
    if (why == STATUS_OK) why = transaction_sender(sender, &from->tx, rules);
    if (why != STATUS_OK) {
        out->rejected[out->rejected_count++] = (struct t8n_rejection){index, why};
        return;
    }
    struct address *authorities = NULL;
    if (from->tx.authorization_count != 0) {
        authorities = ARENA_ARRAY(&out->arena, struct address, from->tx.authorization_count);
        tx_authorities(&from->tx, authorities);
    }
    out->authorities[out->included_count] = authorities;
    out->origins[out->included_count] = index;
    out->tries[out->included_count] = out->included_count;
    out->included[out->included_count++] = from->tx;
}

static void include_all(struct t8n_output *out)
{
    uint32_t count = out->in->transaction_count;
    struct arena *arena = &out->arena;
    out->included = ARENA_ARRAY(arena, struct transaction, count + 1);
    out->senders = ARENA_ARRAY(arena, struct address, count + 1);
    out->authorities = ARENA_ARRAY(arena, const struct address *, count + 1);
    out->origins = ARENA_ARRAY(arena, uint32_t, count + 1);
    out->tries = ARENA_ARRAY(arena, uint32_t, count + 1);
    out->rejected = base_calloc(count + 1, sizeof *out->rejected); /* zeroed: they are compared as bytes */
    for (uint32_t i = 0; i < count; i++) include(out, i);
}

/* Called in order, by whichever worker commits. */
static void write_trace(void *context, uint32_t index, struct bytes lines)
{
    struct t8n_output *out = context;
    struct hash hash;
    char digits[65], name[96];
    if (!out->in->trace) return; /* instructions are counted, and no more */
    transaction_hash(&hash, &out->included[index]);
    hex_encode(digits, hash.b, sizeof hash.b);
    (void)snprintf(name, sizeof name, "trace-%u-0x%s.jsonl", out->tries[index], digits);
    char *path = t8n_path(out->in->folder, name);
    if (out->trace_error.status == STATUS_OK) (void)file_write(path, lines, &out->trace_error);
    free(path);
}

static void make_task(struct t8n_output *out)
{
    const struct t8n_input *in = out->in;
    out->header = in->header;
    out->task = (struct block_task){.chain = &in->chain,
                                    .fork = &in->fork,
                                    .header = &out->header,
                                    .transactions = out->included,
                                    .senders = out->senders,
                                    .authorities = out->authorities,
                                    .transaction_count = out->included_count,
                                    .uncles = in->body.uncles,
                                    .uncle_count = in->body.uncle_count,
                                    .withdrawals = in->body.withdrawals,
                                    .withdrawal_count = in->fork.withdrawals ? in->body.withdrawal_count : 0,
                                    .view = &out->view,
                                    .pay_zero_reward = in->pay_reward};
    if (out->traces) {
        block_trace_init(&out->trace, in->tracing, write_trace, out);
        out->task.tracing = &out->trace.tracing;
    }
    if (in->fork.receipt_status) return;
    out->roots = (struct root_recorder){.result = &out->block, .parent = in->state, .arena = &out->arena};
    root_recorder_begin(&out->roots, &out->task);
}

/* Leaves out what the serial execution in out->block found invalid, and puts the rejected ones in order. */
static void leave_out(struct t8n_output *out)
{
    uint32_t kept = 0, untried = 0;
    for (uint32_t i = 0; i < out->included_count; i++) {
        enum status why = out->block.transactions[i].invalid;
        if (why != STATUS_OK) {
            out->rejected[out->rejected_count++] = (struct t8n_rejection){out->origins[i], why};
            untried += why == TX_BLOBS_OVER_BLOCK; /* geth says so before it tries */
            continue;
        }
        out->included[kept] = out->included[i];
        out->senders[kept] = out->senders[i];
        out->authorities[kept] = out->authorities[i];
        out->tries[kept] = out->tries[i] - untried;
        out->origins[kept++] = out->origins[i];
    }
    out->included_count = kept;
}

static int by_index(const void *a, const void *b)
{
    const struct t8n_rejection *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* Whether the execution failed because of a transaction, not because the view could not answer. */
static bool has_invalid(const struct t8n_output *out)
{
    enum status s = out->block.status;
    return s != STATUS_OK && s != STATE_MISSING && s != STATE_UNAVAILABLE && out->block.bad < out->included_count;
}

enum status t8n_execute(struct t8n_output *out, const struct t8n_input *in, enum executor_kind kind, unsigned threads,
                        bool share_always, struct error *e)
{
    *out = (struct t8n_output){
        .in = in, .engine = engine_new(threads), .traces = (in->trace || in->count_opcodes) && !share_always};
    if (share_always) engine_share_always(out->engine, true);
    include_all(out);
    out->view = state_memory_view(in->state);
    make_task(out);
    enum status s = block_execute(out->engine, kind, &out->task, &out->block, e);
    if (has_invalid(out)) {
        out->task.skip_invalid = true;
        out->task.committed = NULL;
        out->task.tracing = NULL;
        s = block_execute(out->engine, EXECUTOR_SERIAL, &out->task, &out->block, e);
        /* The work after the transactions may fail for what will not be there the second time. */
        if (s == STATUS_OK || out->block.bad == out->included_count) {
            leave_out(out);
            make_task(out);
            s = block_execute(out->engine, kind, &out->task, &out->block, e);
        }
    }
    if (s == STATUS_OK && out->trace_error.status != STATUS_OK) {
        *e = out->trace_error;
        s = e->status;
    }
    if (s == STATUS_OK) block_seal(out->engine, &out->block);
    qsort(out->rejected, out->rejected_count, sizeof *out->rejected, by_index);
    return s;
}

void t8n_output_free(struct t8n_output *out)
{
    engine_free(out->engine);
    free(out->rejected);
    arena_free(&out->arena);
}
