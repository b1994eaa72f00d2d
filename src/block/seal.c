/* What a block's header commits to, made from the results of an execution, and compared with a header. */
#include <stdio.h>
#include <stdlib.h>

#include "block/block.h"
#include "block/private.h"
#include "crypto/crypto.h"
#include "trie/trie.h"

/* ---- making ------------------------------------------------------------------------------------------------------ */

static void fill_receipt(void *context, size_t i)
{
    struct block_result *r = context;
    struct receipt *receipt = (struct receipt *)(uintptr_t)&r->receipts[i];
    const struct tx_result *tx = &r->transactions[i];
    *receipt = (struct receipt){.type = r->task->transactions[i].type,
                                .succeeded = tx->succeeded,
                                .cumulative_gas = tx->cumulative_gas,
                                .logs = tx->logs,
                                .log_count = tx->log_count};
    if (!r->task->fork->receipt_status) {
        receipt->has_state_root = true;
        if (r->task->state_roots != NULL) receipt->state_root = r->task->state_roots[i];
    }
    bloom_add_logs(&receipt->bloom, tx->logs, tx->log_count);
}

/* The root over items that are encoded one after the other into one buffer. */
static struct hash ordered_root(size_t count, void (*encode)(struct rlp_writer *w, const void *items, size_t i),
                                const void *items)
{
    struct rlp_writer *writers = base_calloc(count + 1, sizeof *writers);
    struct bytes *encoded = base_calloc(count + 1, sizeof *encoded);
    for (size_t i = 0; i < count; i++) {
        encode(&writers[i], items, i);
        encoded[i] = rlp_written(&writers[i]);
    }
    struct hash root;
    trie_ordered_root(&root, encoded, count);
    for (size_t i = 0; i < count; i++) rlp_writer_free(&writers[i]);
    free(writers);
    free(encoded);
    return root;
}

static void encode_receipt(struct rlp_writer *w, const void *items, size_t i)
{
    receipt_encode(w, (const struct receipt *)items + i);
}

static void encode_transaction(struct rlp_writer *w, const void *items, size_t i)
{
    transaction_encode(w, (const struct transaction *)items + i);
}

static void encode_withdrawal(struct rlp_writer *w, const void *items, size_t i)
{
    withdrawal_encode(w, (const struct withdrawal *)items + i);
}

struct hash block_transactions_root(const struct transaction *transactions, uint32_t count)
{
    return ordered_root(count, encode_transaction, transactions);
}

struct hash block_withdrawals_root(const struct withdrawal *withdrawals, uint32_t count)
{
    return ordered_root(count, encode_withdrawal, withdrawals);
}

struct hash block_requests_hash(const struct bytes *requests, uint32_t count)
{
    struct hash hashes[BLOCK_REQUESTS_MAX], out;
    ASSERT(count <= COUNT_OF(hashes));
    for (uint32_t i = 0; i < count; i++) sha256(&hashes[i], requests[i].data, requests[i].size);
    sha256(&out, hashes, count * sizeof *hashes);
    return out;
}

void block_seal(struct engine *e, struct block_result *r)
{
    uint32_t count = r->task->transaction_count;
    r->receipts = ARENA_ARRAY(&e->block, struct receipt, count + 1);
    pool_for(e->pool, count, 16, fill_receipt, r);
    for (uint32_t i = 0; i < count; i++) bloom_merge(&r->bloom, &r->receipts[i].bloom);
    r->receipts_root = ordered_root(count, encode_receipt, r->receipts);
    r->requests_hash = block_requests_hash(r->requests, r->request_count);
    if (r->task->fork->block_access_list) bal_hash(&r->access_list_hash, &r->access_list);
    state_table_diff(e->table, UINT32_MAX, r->task->fork->clear_empty, &e->block, &r->diff);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* Blooms: the bytes that differ, as many as a line has room for. */
static enum status compare_blooms(struct error *error, uint64_t number, const struct bloom *found,
                                  const struct bloom *expected)
{
    enum { SHOWN = 16 };
    char text[SHOWN * 16] = "";
    size_t size = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < sizeof found->b; i++)
        if (found->b[i] != expected->b[i] && count++ < SHOWN)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%u: %02x/%02x", size == 0 ? "" : ", ", i,
                                     found->b[i], expected->b[i]);
    if (count == 0) return STATUS_OK;
    return error_set(error, BLOCK_BLOOM, "block %llu: %s in %u bytes (computed/header): %s%s",
                     (unsigned long long)number, status_text(BLOCK_BLOOM), count, text, count > SHOWN ? ", ..." : "");
}

static enum status compare_numbers(struct error *error, enum status why, uint64_t number, uint64_t found,
                                   uint64_t expected)
{
    if (found == expected) return STATUS_OK;
    return error_set(error, why, "block %llu: %s: computed %llu, header has %llu", (unsigned long long)number,
                     status_text(why), (unsigned long long)found, (unsigned long long)expected);
}

static enum status compare_hashes(struct error *error, enum status why, uint64_t number, const struct hash *found,
                                  const struct hash *expected)
{
    if (hash_equal(found, expected)) return STATUS_OK;
    char found_text[65], expected_text[65];
    hex_encode(found_text, found->b, sizeof found->b);
    hex_encode(expected_text, expected->b, sizeof expected->b);
    return error_set(error, why, "block %llu: %s: computed 0x%s, header has 0x%s", (unsigned long long)number,
                     status_text(why), found_text, expected_text);
}

enum status block_check(const struct block_result *r, struct error *error)
{
    const struct header *h = r->task->header;
    const struct fork *f = r->task->fork;
    enum status s = compare_numbers(error, BLOCK_GAS_USED, h->number, r->gas_used, h->gas_used);
    if (s == STATUS_OK && (f->receipt_status || r->task->state_roots != NULL))
        s = compare_hashes(error, BLOCK_RECEIPTS_ROOT, h->number, &r->receipts_root, &h->receipts_root);
    if (s == STATUS_OK) s = compare_blooms(error, h->number, &r->bloom, &h->bloom);
    if (s == STATUS_OK && f->blob.max != 0)
        s = compare_numbers(error, BLOCK_BLOB_GAS_USED, h->number, r->blob_gas_used, h->blob_gas_used);
    if (s == STATUS_OK && f->requests != 0)
        s = compare_hashes(error, BLOCK_REQUESTS_HASH, h->number, &r->requests_hash, &h->requests_hash);
    if (s == STATUS_OK && f->block_access_list)
        s = compare_hashes(error, BLOCK_ACCESS_LIST_HASH, h->number, &r->access_list_hash, &h->access_list_hash);
    return s;
}

enum status block_check_body(const struct block *b, const struct fork *fork, struct error *error)
{
    const struct header *h = &b->header;
    struct hash root = block_transactions_root(b->transactions, b->transaction_count);
    enum status s = compare_hashes(error, BLOCK_TRANSACTIONS_ROOT, h->number, &root, &h->transactions_root);
    if (s == STATUS_OK) {
        struct hash uncles;
        uncles_hash(&uncles, b->uncles, b->uncle_count);
        s = compare_hashes(error, BLOCK_UNCLES_HASH, h->number, &uncles, &h->uncles_hash);
    }
    if (s == STATUS_OK && fork->withdrawals) {
        root = block_withdrawals_root(b->withdrawals, b->withdrawal_count);
        s = compare_hashes(error, BLOCK_WITHDRAWALS_ROOT, h->number, &root, &h->withdrawals_root);
    }
    return s;
}
