/* Building: a block from transactions. What import checks is here what is made. */
#include "chain/private.h"
#include "trie/trie.h"

void chain_genesis_free(struct chain_genesis *g)
{
    if (g->state != NULL) state_memory_free(g->state);
    g->state = NULL;
}

void chain_genesis_seal(struct chain_genesis *g, struct pool *pool)
{
    struct header *h = &g->header;
    const struct fork *f = chain_fork_of(&g->spec, h);
    h->field_count = block_header_fields(f);
    h->uncles_hash = uncles_hash_empty;
    h->transactions_root = h->receipts_root = keccak_empty_trie;
    if (header_has(h, HEADER_BASE_FEE) && !g->has_base_fee) h->base_fee = U256(f->base_fee.initial);
    if (header_has(h, HEADER_WITHDRAWALS_ROOT)) h->withdrawals_root = keccak_empty_trie;
    if (header_has(h, HEADER_REQUESTS_HASH)) h->requests_hash = block_requests_hash(NULL, 0);
    state_memory_root(g->state, pool, &h->state_root);
}

/* The root over the transactions' envelopes. */
static struct hash transactions_root(const struct chain_template *t, struct arena *arena)
{
    struct bytes *envelopes = ARENA_ARRAY(arena, struct bytes, t->transaction_count + 1);
    struct rlp_writer w = {0};
    struct hash root;
    for (uint32_t i = 0; i < t->transaction_count; i++) {
        rlp_rewind(&w, 0);
        transaction_encode(&w, &t->transactions[i]);
        struct bytes written = rlp_written(&w);
        envelopes[i] = (struct bytes){arena_copy(arena, written.data, written.size), written.size};
    }
    trie_ordered_root(&root, envelopes, t->transaction_count);
    rlp_writer_free(&w);
    return root;
}

void chain_begin_header(struct header *h, const struct chain_template *t, const struct fork *fork,
                        const struct header *parent, const struct hash *parent_hash)
{
    *h = (struct header){.field_count = block_header_fields(fork),
                         .parent_hash = *parent_hash,
                         .uncles_hash = uncles_hash_empty,
                         .beneficiary = t->beneficiary,
                         .number = parent->number + 1,
                         .gas_limit = t->gas_limit,
                         .timestamp = t->timestamp,
                         .withdrawals_root = keccak_empty_trie};
    if (fork->difficulty == DIFFICULTY_NONE)
        store_be64(h->prev_randao.b + 24, h->number);
    else
        h->difficulty = block_difficulty(fork, h->number, h->timestamp, parent->timestamp, parent->difficulty,
                                         !hash_equal(&parent->uncles_hash, &uncles_hash_empty));
    h->base_fee = block_base_fee(fork, parent);
    h->excess_blob_gas = block_excess_blob_gas(fork, parent);
}

void chain_end_header(struct header *h, const struct block_result *r)
{
    h->gas_used = r->gas_used;
    h->blob_gas_used = r->blob_gas_used;
    h->bloom = r->bloom;
    h->receipts_root = r->receipts_root;
    h->requests_hash = r->requests_hash;
    h->access_list_hash = r->access_list_hash;
}

enum status chain_build(struct chain *c, const struct chain_template *t, struct rlp_writer *w,
                        struct block_result *result, struct error *e)
{
    const struct fork *fork = chain_fork_after(&c->genesis->spec, c->parent.number + 1, t->timestamp,
                                               store_head(c->store)->total_difficulty);
    struct block_signers signers = {t->senders, t->authorities};
    struct block_task task;
    struct block_result own, *r = result != NULL ? result : &own;
    struct block b = {.transactions = t->transactions,
                      .transaction_count = t->transaction_count,
                      .has_withdrawals = fork->withdrawals};
    arena_reset(&c->arena);
    chain_begin_header(&b.header, t, fork, &c->parent, &store_head(c->store)->hash);
    enum status s = chain_execute(c, c->options.executor, &b, fork, &signers, &task, r, e);
    if (s != STATUS_OK) return s;
    chain_end_header(&b.header, r);
    b.header.transactions_root = transactions_root(t, &c->arena);
    s = store_root_after(c->store, &r->diff, engine_pool(c->engine), &b.header.state_root, e);
    if (s != STATUS_OK) return s;
    size_t mark = rlp_mark(w);
    block_encode(w, &b);
    struct bytes encoded = {w->at, rlp_mark(w) - mark}, header, body;
    ASSERT(chain_split(encoded, &c->arena, &header, &body));
    struct store_block record = {
        .header = &b.header,
        .total_difficulty = u256_add(store_head(c->store)->total_difficulty, b.header.difficulty),
        .header_bytes = header,
        .body_bytes = body,
        .receipts_bytes = chain_receipts(c, r)};
    keccak256(&record.hash, header.data, header.size);
    s = store_apply(c->store, &record, &r->diff, engine_pool(c->engine), e);
    if (s == STATUS_OK) c->parent = b.header;
    return s;
}
