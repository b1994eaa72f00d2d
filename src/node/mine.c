/* A block from what waits. */
#include <stdlib.h>

#include "node/private.h"

static struct chain_template next_template(const struct node *n)
{
    uint64_t parent = node_head(n)->block.header.timestamp, now = node_time(n);
    if (n->next_time != 0) now = n->next_time;
    return (struct chain_template){
        .timestamp = now > parent ? now : parent + 1, .gas_limit = n->gas_limit, .beneficiary = n->coinbase};
}

void node_next_header(const struct node *n, struct header *out)
{
    const struct node_block *head = node_head(n);
    struct chain_template t = next_template(n);
    const struct fork *fork = chain_fork_at(&n->genesis.spec, head->block.header.number + 1, t.timestamp);
    chain_begin_header(out, &t, fork, &head->block.header, &head->block.hash);
    if (n->has_next_base_fee) out->base_fee = n->next_base_fee;
}

/* ---- what comes into the block -------------------------------------------------------------------------------------- */

struct selection {
    struct node_transaction **all;
    uint32_t count;
    uint64_t gas;
    uint32_t blobs;
};

static bool is_selected(const struct selection *s, const struct node_transaction *t)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->all[i] == t) return true;
    return false;
}

/* The account's nonce after what has been selected. */
static uint64_t next_nonce(const struct node *n, const struct selection *s, const struct address *sender)
{
    for (uint32_t i = s->count; i-- > 0;)
        if (address_equal(&s->all[i]->sender, sender)) return s->all[i]->tx.nonce + 1;
    return history_account_at(n->history, node_head(n)->version, sender).nonce;
}

static bool fits(const struct node *n, const struct selection *s, const struct header *h, const struct fork *fork,
                 const struct node_transaction *t)
{
    return t->tx.gas_limit <= h->gas_limit - s->gas && !u256_less(t->tx.max_fee, h->base_fee) &&
           t->tx.blob_count + s->blobs <= fork->blob.max && t->tx.nonce == next_nonce(n, s, &t->sender);
}

/* In the order in which they came; again from the start, as long as that fills a gap of nonces. What so many rounds do not
 * find is left to the next block. */
enum { ROUNDS_MAX = 64 };
static void choose(const struct node *n, const struct header *h, struct selection *s)
{
    const struct fork *fork = node_fork_of(n, h);
    uint32_t before = UINT32_MAX;
    for (int round = 0; round < ROUNDS_MAX && s->count != before; round++) {
        before = s->count;
        for (uint32_t i = 0; i < n->pool_count; i++) {
            struct node_transaction *t = n->pool[i];
            if (!fits(n, s, h, fork, t) || is_selected(s, t)) continue;
            s->all[s->count++] = t;
            s->gas += t->tx.gas_limit;
            s->blobs += t->tx.blob_count;
        }
    }
}

/* Drops what an account's nonce, set from outside, has passed. */
static void drop_stale(struct node *n)
{
    for (uint32_t i = n->pool_count; i-- > 0;) {
        struct node_transaction *t = n->pool[i];
        if (t->tx.nonce >= history_account_at(n->history, node_head(n)->version, &t->sender).nonce) continue;
        node_take(n, t);
        node_transaction_free(t);
    }
}

/* ---- executing and keeping ------------------------------------------------------------------------------------------ */

static void keep_logs(struct arena *arena, struct receipt *r)
{
    struct log *logs = ARENA_ARRAY(arena, struct log, r->log_count);
    for (uint32_t i = 0; i < r->log_count; i++) {
        const struct log *from = &r->logs[i];
        logs[i] = *from;
        logs[i].topics = arena_copy(arena, from->topics, from->topic_count * sizeof *from->topics);
        logs[i].data.data = arena_copy(arena, from->data.data, from->data.size);
    }
    r->logs = logs;
}

/* The transactions as the block owns them. */
static void keep_transactions(struct node_block *b, const struct selection *s)
{
    struct arena *arena = &b->arena;
    struct transaction *transactions = ARENA_ARRAY(arena, struct transaction, s->count);
    b->hashes = ARENA_ARRAY(arena, struct hash, s->count);
    b->senders = ARENA_ARRAY(arena, struct address, s->count);
    for (uint32_t i = 0; i < s->count; i++) {
        struct bytes envelope = s->all[i]->tx.encoded;
        envelope.data = arena_copy(arena, envelope.data, envelope.size);
        ASSERT(transaction_decode(&transactions[i], envelope, arena) == STATUS_OK);
        b->hashes[i] = s->all[i]->hash;
        b->senders[i] = s->all[i]->sender;
    }
    b->block.transactions = transactions;
    b->block.transaction_count = s->count;
}

static void keep_receipts(struct node_block *b, const struct block_result *r)
{
    uint32_t count = b->block.transaction_count;
    uint64_t logs = 0;
    b->receipts = ARENA_ARRAY(&b->arena, struct receipt, count);
    b->outcomes = ARENA_ARRAY(&b->arena, struct node_outcome, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct tx_result *from = &r->transactions[i];
        b->outcomes[i] = (struct node_outcome){from->gas_used, logs, from->has_created, from->created};
        b->receipts[i] = r->receipts[i];
        keep_logs(&b->arena, &b->receipts[i]);
        logs += b->receipts[i].log_count;
    }
}

static enum status execute(struct node *n, struct node_block *b, const struct selection *chosen, struct block_result *r,
                           struct error *e)
{
    struct history_view v;
    struct state_view view = node_view(n, &v, node_head(n));
    const struct address **authorities = ARENA_ARRAY(&n->work, const struct address *, chosen->count);
    bool any_unsigned = false;
    for (uint32_t i = 0; i < chosen->count; i++) {
        authorities[i] = chosen->all[i]->authorities;
        any_unsigned = any_unsigned || node_impersonates(n, &chosen->all[i]->sender);
    }
    struct block_signers signers = {b->senders, authorities};
    struct block_task task = block_task_of(&n->genesis.spec, node_fork_of(n, &b->block.header), &b->block, signers,
                                           &view);
    task.unsigned_senders = any_unsigned; /* the cap on gas was looked at before */
    enum status s = block_execute(n->engine, EXECUTOR_PARALLEL, &task, r, e);
    if (s != STATUS_OK) return s;
    block_seal(n->engine, r);
    keep_receipts(b, r);
    r->task = NULL; /* of this function */
    return STATUS_OK;
}

static void finish(struct node *n, struct node_block *b, const struct block_result *r)
{
    struct header *h = &b->block.header;
    chain_end_header(h, r);
    h->transactions_root = block_transactions_root(b->block.transactions, b->block.transaction_count);
    b->version = history_advance(n->history);
    history_apply(n->history, &r->diff);
    history_root(n->history, engine_pool(n->engine), &h->state_root);
    struct rlp_writer w = {0};
    block_encode(&w, &b->block);
    b->block.encoded_size = rlp_written(&w).size;
    rlp_writer_free(&w);
    header_hash(&b->block.hash, h);
    node_add_block(n, b);
}

/* Drops a transaction that cannot be executed, which makes room for what comes next. */
static void drop(struct node *n, const struct node_transaction *t)
{
    struct hash hash = t->hash;
    (void)node_drop(n, &hash);
    n->dropped++;
}

enum status node_mine(struct node *n, struct error *e)
{
    enum status s;
    drop_stale(n);
    for (;;) {
        struct node_block *b = base_calloc(1, sizeof *b);
        struct block_result r;
        arena_reset(&n->work);
        struct selection chosen = {.all = ARENA_ARRAY(&n->work, struct node_transaction *, n->pool_count + 1)};
        node_next_header(n, &b->block.header);
        b->block.has_withdrawals = node_fork_of(n, &b->block.header)->withdrawals;
        choose(n, &b->block.header, &chosen);
        keep_transactions(b, &chosen);
        s = execute(n, b, &chosen, &r, e);
        if (s == STATUS_OK) {
            finish(n, b, &r);
            for (uint32_t i = 0; i < chosen.count; i++) {
                node_take(n, chosen.all[i]);
                node_transaction_free(chosen.all[i]);
            }
            break;
        }
        node_block_free(b);
        if (status_kind(s) != STATUS_KIND_TRANSACTION || r.bad >= chosen.count) return s;
        drop(n, chosen.all[r.bad]);
    }
    if (n->next_time != 0) n->time_offset = n->next_time - (node_time(n) - n->time_offset);
    n->next_time = 0;
    n->has_next_base_fee = false;
    return STATUS_OK;
}
