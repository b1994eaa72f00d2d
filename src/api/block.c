/* Blocks: decoded, or put together piece by piece. */
#include <stdlib.h>

#include "api/api.h"

/* ---- headers --------------------------------------------------------------------------------- */

weft_status api_header_in(struct header *out, const weft_header *in, weft_error *error)
{
    weft_header h;
    weft_status status = api_read_struct(&h, sizeof h, in, "weft_header", error);
    if (status != WEFT_OK) return status;
    if (h.gas_limit > INT64_MAX) return API_MISTAKE(error, "weft_header: gas_limit is over 2^63 - 1");
    if (!api_is_range(h.extra_data.data, h.extra_data.size) || h.extra_data.size > EXTRA_DATA_MAX)
        return API_MISTAKE(error, "weft_header: extra_data has %zu bytes, expected at most %d", h.extra_data.size,
                           EXTRA_DATA_MAX);
    if (h.field_count != 0 && (h.field_count < HEADER_FIELDS_MIN || h.field_count > HEADER_FIELDS_MAX))
        return API_MISTAKE(error, "weft_header: field_count is %u, expected %d to %d", h.field_count, HEADER_FIELDS_MIN,
                           HEADER_FIELDS_MAX);
    *out = (struct header){.field_count = h.field_count == 0 ? HEADER_REQUESTS_HASH : h.field_count,
                           .parent_hash = api_hash(&h.parent_hash),
                           .uncles_hash = api_hash(&h.uncles_hash),
                           .beneficiary = api_address(&h.beneficiary),
                           .state_root = api_hash(&h.state_root),
                           .transactions_root = api_hash(&h.transactions_root),
                           .receipts_root = api_hash(&h.receipts_root),
                           .difficulty = api_number(&h.difficulty),
                           .number = h.number,
                           .gas_limit = h.gas_limit,
                           .gas_used = h.gas_used,
                           .timestamp = h.timestamp,
                           .extra_data = {h.extra_data.data, h.extra_data.size},
                           .prev_randao = api_hash(&h.prev_randao),
                           .base_fee = api_number(&h.base_fee),
                           .withdrawals_root = api_hash(&h.withdrawals_root),
                           .blob_gas_used = h.blob_gas_used,
                           .excess_blob_gas = h.excess_blob_gas,
                           .parent_beacon_root = api_hash(&h.parent_beacon_root),
                           .requests_hash = api_hash(&h.requests_hash),
                           .access_list_hash = api_hash(&h.access_list_hash),
                           .slot_number = h.slot_number};
    memcpy(out->bloom.b, h.bloom.b, sizeof out->bloom.b);
    memcpy(out->nonce, h.nonce, sizeof out->nonce);
    return WEFT_OK;
}

weft_status weft_block_header(const weft_block *block, weft_header *out)
{
    if (block == NULL || out == NULL) return WEFT_INVALID_ARGUMENT;
    const struct header *h = &block->block.header;
    weft_header shown = {.number = h->number,
                         .timestamp = h->timestamp,
                         .gas_limit = h->gas_limit,
                         .excess_blob_gas = h->excess_blob_gas,
                         .slot_number = h->slot_number,
                         .beneficiary = api_address_out(&h->beneficiary),
                         .prev_randao = api_hash_out(&h->prev_randao),
                         .difficulty = api_word(h->difficulty),
                         .base_fee = api_word(h->base_fee),
                         .parent_hash = api_hash_out(&h->parent_hash),
                         .parent_beacon_root = api_hash_out(&h->parent_beacon_root),
                         .gas_used = h->gas_used,
                         .blob_gas_used = h->blob_gas_used,
                         .field_count = h->field_count,
                         .extra_data = {h->extra_data.data, h->extra_data.size},
                         .uncles_hash = api_hash_out(&h->uncles_hash),
                         .state_root = api_hash_out(&h->state_root),
                         .transactions_root = api_hash_out(&h->transactions_root),
                         .receipts_root = api_hash_out(&h->receipts_root),
                         .withdrawals_root = api_hash_out(&h->withdrawals_root),
                         .requests_hash = api_hash_out(&h->requests_hash),
                         .access_list_hash = api_hash_out(&h->access_list_hash)};
    memcpy(shown.bloom.b, h->bloom.b, sizeof shown.bloom.b);
    memcpy(shown.nonce, h->nonce, sizeof shown.nonce);
    return api_write_struct(out, &shown, sizeof shown);
}

void weft_block_hash(const weft_block *block, weft_word *out)
{
    struct hash h;
    if (block == NULL || out == NULL) return;
    header_hash(&h, &block->block.header);
    *out = api_hash_out(&h);
}

weft_status weft_block_check_parent(const weft_block *block, const weft_chain *chain, const weft_header *parent,
                                    weft_error *error)
{
    if (block == NULL || chain == NULL) return API_MISTAKE(error, "an argument is NULL");
    struct header p;
    weft_status status = api_header_in(&p, parent, error);
    if (status != WEFT_OK) return status;
    const struct header *h = &block->block.header;
    const struct fork *fork = chain_fork_at(&chain->spec, h->number, h->timestamp);
    struct error inner;
    if (block_check_header(h, &p, fork, &chain->spec, &inner) != STATUS_OK)
        return api_fail_from(error, &inner, WEFT_NO_TRANSACTION);
    return WEFT_OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Memory for decoding so many bytes: what comes out is at most some 24 times as big. */
static weft_status memory_for(size_t size, weft_error *error)
{
    enum { GROWTH = 24 };
    return api_has_memory(size > SIZE_MAX / GROWTH ? SIZE_MAX / 2 : size * GROWTH, error);
}

weft_status weft_block_decode(const void *rlp, size_t size, weft_block **block, weft_error *error)
{
    if (block == NULL) return API_MISTAKE(error, "block is NULL");
    *block = NULL;
    if (!api_is_range(rlp, size)) return API_MISTAKE(error, "rlp is NULL");
    weft_status memory = memory_for(size, error);
    if (memory != WEFT_OK) return memory;
    weft_block *b = base_calloc(1, sizeof *b);
    b->decoded = true;
    struct rlp in = rlp_of((struct bytes){arena_copy(&b->arena, rlp, size), size});
    struct error inner;
    enum status status = block_decode(&b->block, &in, &b->arena, &inner);
    if (status == STATUS_OK && rlp_finish(&in) != STATUS_OK)
        status = error_set(&inner, RLP_TRAILING, "%zu bytes behind the block", (size_t)(in.end - in.at));
    if (status == STATUS_OK && b->block.header.gas_limit > INT64_MAX)
        status = error_set(&inner, RLP_NUMBER_TOO_BIG, "header: the gas limit is over 2^63 - 1");
    if (status != STATUS_OK) {
        weft_block_free(b);
        return api_fail_from(error, &inner, WEFT_NO_TRANSACTION);
    }
    *block = b;
    return WEFT_OK;
}

weft_status weft_block_new(const weft_header *header, weft_block **block, weft_error *error)
{
    if (block == NULL) return API_MISTAKE(error, "block is NULL");
    *block = NULL;
    struct header h;
    weft_status status = api_header_in(&h, header, error);
    if (status == WEFT_OK) status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    weft_block *b = base_calloc(1, sizeof *b);
    h.extra_data.data = arena_copy(&b->arena, h.extra_data.data, h.extra_data.size);
    b->block.header = h;
    b->block.has_withdrawals = header_has(&h, HEADER_WITHDRAWALS_ROOT);
    *block = b;
    return WEFT_OK;
}

void weft_block_free(weft_block *block)
{
    if (block == NULL) return;
    free(block->transactions);
    free(block->senders);
    free(block->withdrawals);
    free(block->uncles);
    arena_free(&block->arena);
    free(block);
}

/* What every adding function asks first. */
static weft_status check_open(const weft_block *block, const void *piece, weft_error *error)
{
    if (block == NULL || piece == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (block->decoded) return API_MISTAKE(error, "a decoded block is complete: nothing can be added");
    return api_has_memory(0, error);
}

/* The capacity that holds one more. */
static uint32_t grown(uint32_t count, uint32_t capacity)
{
    ASSERT(count < UINT32_MAX / 2);
    if (count < capacity) return capacity;
    return capacity == 0 ? 16 : capacity * 2;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void append(weft_block *b, const struct transaction *tx, const struct api_sender *sender)
{
    uint32_t count = b->block.transaction_count, capacity = grown(count, b->transaction_capacity);
    if (capacity != b->transaction_capacity) {
        b->transactions = base_realloc(b->transactions, capacity * sizeof *b->transactions);
        b->senders = base_realloc(b->senders, capacity * sizeof *b->senders);
        b->transaction_capacity = capacity;
    }
    b->transactions[count] = *tx;
    b->senders[count] = *sender;
    b->has_given_senders |= sender->given;
    b->block.transactions = b->transactions;
    b->block.transaction_count++;
}

static weft_status take_access_list(struct arena *arena, const weft_transaction *in, struct transaction *out,
                                    weft_error *error)
{
    if (in->access_count == 0) return WEFT_OK;
    struct access_entry *entries = ARENA_ARRAY(arena, struct access_entry, in->access_count);
    size_t keys = 0;
    for (size_t i = 0; i < in->access_count; i++) {
        const weft_access *from = &in->access_list[i];
        if (!api_is_range(from->keys, from->key_count) || from->key_count > UINT32_MAX - keys)
            return API_MISTAKE(error, "weft_transaction: access list entry %zu: keys is NULL or too many", i);
        struct u256 *words = ARENA_ARRAY(arena, struct u256, from->key_count);
        for (size_t k = 0; k < from->key_count; k++) words[k] = api_number(&from->keys[k]);
        keys += from->key_count;
        entries[i] = (struct access_entry){api_address(&from->address), words, (uint32_t)from->key_count};
    }
    out->access_list = entries;
    out->access_count = (uint32_t)in->access_count;
    out->access_key_count = (uint32_t)keys;
    return WEFT_OK;
}

static void take_authorizations(struct arena *arena, const weft_transaction *in, struct transaction *out)
{
    if (in->authorization_count == 0) return;
    struct authorization *list = ARENA_ARRAY(arena, struct authorization, in->authorization_count);
    for (size_t i = 0; i < in->authorization_count; i++) {
        const weft_authorization *from = &in->authorizations[i];
        list[i] = (struct authorization){.chain_id = api_number(&from->chain_id),
                                         .address = api_address(&from->address),
                                         .nonce = from->nonce,
                                         .signature = {api_number(&from->r), api_number(&from->s), from->y_parity}};
    }
    out->authorizations = list;
    out->authorization_count = (uint32_t)in->authorization_count;
}

/* That pointers go with their counts, and fields with the type. */
static weft_status check_transaction(const weft_transaction *in, uint32_t index, weft_error *error)
{
    if (in->type > WEFT_TX_SET_CODE)
        return api_fail(error, TX_UNKNOWN_TYPE, index, "transaction %u: type %u", index, in->type);
    if (in->is_create != 0 && in->type >= WEFT_TX_BLOB)
        return api_fail(error, TX_BAD_RECIPIENT, index, "transaction %u: type %u always has a recipient", index,
                        in->type);
    if (in->has_sender == 0 && in->y_parity > 1)
        return api_fail(error, TX_BAD_SIGNATURE, index, "transaction %u: y_parity is %u, expected 0 or 1", index,
                        in->y_parity);
    if (!api_is_range(in->data.data, in->data.size) || !api_is_range(in->access_list, in->access_count) ||
        !api_is_range(in->blob_hashes, in->blob_count) || !api_is_range(in->authorizations, in->authorization_count))
        return API_MISTAKE(error, "weft_transaction: a pointer is NULL though its count is not 0");
    if (in->access_count > UINT32_MAX || in->blob_count > UINT32_MAX || in->authorization_count > UINT32_MAX)
        return API_MISTAKE(error, "weft_transaction: a count is out of range");
    if ((in->access_count != 0 && in->type < WEFT_TX_ACCESS_LIST) ||
        (in->blob_count != 0 && in->type != WEFT_TX_BLOB) ||
        (in->authorization_count != 0 && in->type != WEFT_TX_SET_CODE))
        return API_MISTAKE(error, "weft_transaction: type %u has no such list", in->type);
    return WEFT_OK;
}

weft_status weft_block_add_transaction(weft_block *block, const weft_transaction *transaction, weft_error *error)
{
    weft_status status = check_open(block, transaction, error);
    weft_transaction in;
    if (status == WEFT_OK) status = api_read_struct(&in, sizeof in, transaction, "weft_transaction", error);
    if (status == WEFT_OK) status = check_transaction(&in, block->block.transaction_count, error);
    if (status == WEFT_OK) status = api_has_memory(in.data.size, error);
    if (status != WEFT_OK) return status;
    bool one_price = in.type < WEFT_TX_FEE_MARKET;
    struct arena *arena = &block->arena;
    struct transaction tx = {.type = (enum transaction_type)in.type,
                             .is_create = in.is_create != 0,
                             .has_chain_id = in.type != WEFT_TX_LEGACY || in.has_chain_id != 0,
                             .chain_id = in.chain_id,
                             .nonce = in.nonce,
                             .gas_limit = in.gas_limit,
                             .max_fee = api_number(&in.max_fee),
                             .max_priority_fee = api_number(one_price ? &in.max_fee : &in.max_priority_fee),
                             .to = in.is_create != 0 ? (struct address){{0}} : api_address(&in.to),
                             .value = api_number(&in.value),
                             .data = {arena_copy(arena, in.data.data, in.data.size), in.data.size},
                             .max_blob_fee = api_number(&in.max_blob_fee),
                             .blob_hashes = arena_copy(arena, in.blob_hashes, in.blob_count * sizeof(struct hash)),
                             .blob_count = (uint32_t)in.blob_count,
                             .signature = {api_number(&in.r), api_number(&in.s), in.y_parity}};
    status = take_access_list(arena, &in, &tx, error);
    if (status != WEFT_OK) return status;
    take_authorizations(arena, &in, &tx);
    append(block, &tx, &(struct api_sender){in.has_sender != 0, api_address(&in.sender)});
    return WEFT_OK;
}

weft_status weft_block_add_encoded(weft_block *block, const void *envelope, size_t size, weft_error *error)
{
    weft_status status = check_open(block, envelope, error);
    if (status == WEFT_OK) status = memory_for(size, error);
    if (status != WEFT_OK) return status;
    struct bytes copy = {arena_copy(&block->arena, envelope, size), size};
    struct transaction tx;
    enum status decoded = transaction_decode(&tx, copy, &block->arena);
    if (decoded != STATUS_OK)
        return api_fail(error, decoded, block->block.transaction_count, "transaction %u: %s",
                        block->block.transaction_count, status_text(decoded));
    append(block, &tx, &(struct api_sender){0});
    return WEFT_OK;
}

weft_status weft_block_set_access_list(weft_block *block, const void *rlp, size_t size, weft_error *error)
{
    if (block == NULL || rlp == NULL) return API_MISTAKE(error, "an argument is NULL");
    weft_status status = memory_for(size, error);
    if (status != WEFT_OK) return status;
    struct bytes copy = {arena_copy(&block->arena, rlp, size), size};
    struct block_access_list *l = ARENA_NEW(&block->arena, struct block_access_list);
    struct error inner;
    if (bal_decode(l, copy, &block->arena, &inner) != STATUS_OK)
        return api_fail_from(error, &inner, WEFT_NO_TRANSACTION);
    block->access_list = l;
    return WEFT_OK;
}

size_t weft_block_transaction_count(const weft_block *block)
{
    return block == NULL ? 0 : block->block.transaction_count;
}

weft_status weft_block_transaction_hash(const weft_block *block, size_t index, weft_word *out)
{
    if (block == NULL || out == NULL || index >= block->block.transaction_count) return WEFT_INVALID_ARGUMENT;
    struct hash h;
    transaction_hash(&h, &block->block.transactions[index]);
    *out = api_hash_out(&h);
    return WEFT_OK;
}

weft_status weft_block_sender(const weft_block *block, const weft_chain *chain, size_t index, weft_address *out,
                              weft_error *error)
{
    if (block == NULL || chain == NULL || out == NULL) return API_MISTAKE(error, "an argument is NULL");
    if (index >= block->block.transaction_count)
        return API_MISTAKE(error, "there is no transaction %zu: the block has %u", index,
                           block->block.transaction_count);
    if (block->senders != NULL && block->senders[index].given) {
        *out = api_address_out(&block->senders[index].address);
        return WEFT_OK;
    }
    const struct header *h = &block->block.header;
    const struct fork *fork = chain_fork_at(&chain->spec, h->number, h->timestamp);
    struct signature_rules rules = {.low_s = fork->low_s, .chain_id = fork->replay_protection};
    struct address sender;
    enum status status = transaction_sender(&sender, &block->block.transactions[index], rules);
    if (status != STATUS_OK)
        return api_fail(error, status, (uint32_t)index, "transaction %zu: %s", index, status_text(status));
    *out = api_address_out(&sender);
    return WEFT_OK;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* Gives out what was written, if there is room, and frees the writer. */
static void give_out(struct rlp_writer *w, uint8_t *out, size_t capacity, size_t *size)
{
    struct bytes encoded = rlp_written(w);
    *size = encoded.size;
    if (encoded.size <= capacity) memcpy(out, encoded.data, encoded.size);
    rlp_writer_free(w);
}

static bool is_signed(const weft_block *block, size_t index)
{
    return block->senders == NULL || !block->senders[index].given;
}

weft_status weft_block_encode(const weft_block *block, uint8_t *out, size_t capacity, size_t *size)
{
    if (block == NULL || size == NULL || !api_is_range(out, capacity)) return WEFT_INVALID_ARGUMENT;
    for (uint32_t i = 0; i < block->block.transaction_count; i++)
        if (!is_signed(block, i)) return WEFT_INVALID_ARGUMENT;
    struct rlp_writer w = {0};
    block_encode(&w, &block->block);
    give_out(&w, out, capacity, size);
    return WEFT_OK;
}

weft_status weft_block_encode_transaction(const weft_block *block, size_t index, uint8_t *out, size_t capacity,
                                          size_t *size)
{
    if (block == NULL || size == NULL || !api_is_range(out, capacity) || index >= block->block.transaction_count ||
        !is_signed(block, index))
        return WEFT_INVALID_ARGUMENT;
    struct rlp_writer w = {0};
    transaction_encode(&w, &block->block.transactions[index]);
    give_out(&w, out, capacity, size);
    return WEFT_OK;
}

/* ---- the next block -------------------------------------------------------------------------- */

weft_status weft_next_fees(const weft_chain *chain, const weft_header *parent, uint64_t timestamp, weft_word *base_fee,
                           uint64_t *excess_blob_gas, weft_error *error)
{
    if (chain == NULL || base_fee == NULL || excess_blob_gas == NULL) return API_MISTAKE(error, "an argument is NULL");
    struct header p;
    weft_status status = api_header_in(&p, parent, error);
    if (status != WEFT_OK) return status;
    if (p.number == UINT64_MAX) return API_MISTAKE(error, "weft_header: there is no block after number 2^64 - 1");
    const struct fork *fork = chain_fork_at(&chain->spec, p.number + 1, timestamp);
    *base_fee = api_word(fork->base_fee.elasticity != 0 ? block_base_fee(fork, &p) : U256_ZERO);
    *excess_blob_gas = fork->blob.max == 0 ? 0 : block_excess_blob_gas(fork, &p);
    return WEFT_OK;
}

/* ---- withdrawals and uncles ------------------------------------------------------------------ */

weft_status weft_block_add_withdrawal(weft_block *block, const weft_withdrawal *withdrawal, weft_error *error)
{
    weft_status status = check_open(block, withdrawal, error);
    if (status != WEFT_OK) return status;
    struct block *b = &block->block;
    uint32_t capacity = grown(b->withdrawal_count, block->withdrawal_capacity);
    if (capacity != block->withdrawal_capacity) {
        block->withdrawals = base_realloc(block->withdrawals, capacity * sizeof *block->withdrawals);
        block->withdrawal_capacity = capacity;
    }
    block->withdrawals[b->withdrawal_count++] = (struct withdrawal){.index = withdrawal->index,
                                                                    .validator_index = withdrawal->validator_index,
                                                                    .address = api_address(&withdrawal->address),
                                                                    .amount = withdrawal->amount};
    b->withdrawals = block->withdrawals;
    b->has_withdrawals = true;
    return WEFT_OK;
}

size_t weft_block_withdrawal_count(const weft_block *block)
{
    return block == NULL ? 0 : block->block.withdrawal_count;
}

weft_status weft_block_withdrawal(const weft_block *block, size_t index, weft_withdrawal *out)
{
    if (block == NULL || out == NULL || index >= block->block.withdrawal_count) return WEFT_INVALID_ARGUMENT;
    const struct withdrawal *w = &block->block.withdrawals[index];
    *out = (weft_withdrawal){.index = w->index,
                             .validator_index = w->validator_index,
                             .amount = w->amount,
                             .address = api_address_out(&w->address)};
    return WEFT_OK;
}

weft_status weft_block_add_uncle(weft_block *block, const weft_header *header, weft_error *error)
{
    weft_status status = check_open(block, header, error);
    struct header h;
    if (status == WEFT_OK) status = api_header_in(&h, header, error);
    if (status != WEFT_OK) return status;
    struct block *b = &block->block;
    uint32_t capacity = grown(b->uncle_count, block->uncle_capacity);
    if (capacity != block->uncle_capacity) {
        block->uncles = base_realloc(block->uncles, capacity * sizeof *block->uncles);
        block->uncle_capacity = capacity;
    }
    h.extra_data.data = arena_copy(&block->arena, h.extra_data.data, h.extra_data.size);
    block->uncles[b->uncle_count++] = h;
    b->uncles = block->uncles;
    return WEFT_OK;
}
