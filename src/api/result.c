/* Results: copied out of the engine, and read. */
#include <stdlib.h>

#include "api/api.h"

/* ---- copying --------------------------------------------------------------------------------- */

struct weft_result *api_result_new(void)
{
    return base_calloc(1, sizeof(struct weft_result));
}

void weft_result_free(weft_result *result)
{
    if (result == NULL) return;
    arena_free(&result->arena);
    free(result);
}

static struct bytes keep(struct arena *arena, struct bytes b)
{
    return (struct bytes){b.size == 0 ? NULL : arena_copy(arena, b.data, b.size), b.size};
}

static weft_bytes bytes_out(struct bytes b)
{
    return (weft_bytes){b.data, b.size};
}

void api_result_make_receipts(struct weft_result *r, uint32_t count)
{
    r->receipts = ARENA_ARRAY(&r->arena, struct api_receipt, count);
    if (count != 0) memset(r->receipts, 0, count * sizeof *r->receipts);
    r->summary.receipt_count = count;
}

static const uint32_t outcome_codes[VM_STATUS_COUNT] = {
    [VM_SUCCESS] = WEFT_OUTCOME_SUCCESS,
    [VM_REVERT] = WEFT_OUTCOME_REVERTED,
    [VM_OUT_OF_GAS] = WEFT_OUTCOME_OUT_OF_GAS,
    [VM_STACK_UNDERFLOW] = WEFT_OUTCOME_STACK_UNDERFLOW,
    [VM_STACK_OVERFLOW] = WEFT_OUTCOME_STACK_OVERFLOW,
    [VM_BAD_JUMP] = WEFT_OUTCOME_BAD_JUMP,
    [VM_UNDEFINED_INSTRUCTION] = WEFT_OUTCOME_UNDEFINED_INSTRUCTION,
    [VM_INVALID_INSTRUCTION] = WEFT_OUTCOME_INVALID_INSTRUCTION,
    [VM_STATIC_VIOLATION] = WEFT_OUTCOME_STATIC_VIOLATION,
    [VM_RETURN_DATA_OUT_OF_BOUNDS] = WEFT_OUTCOME_RETURN_DATA_OUT_OF_BOUNDS,
    [VM_CREATE_COLLISION] = WEFT_OUTCOME_CREATE_COLLISION,
    [VM_CODE_TOO_BIG] = WEFT_OUTCOME_CODE_TOO_BIG,
    [VM_CODE_STARTS_WITH_EF] = WEFT_OUTCOME_CODE_STARTS_WITH_EF,
    [VM_CODE_DEPOSIT_OUT_OF_GAS] = WEFT_OUTCOME_CODE_DEPOSIT_OUT_OF_GAS,
    [VM_INITCODE_TOO_BIG] = WEFT_OUTCOME_INITCODE_TOO_BIG,
    [VM_PRECOMPILE_FAILED] = WEFT_OUTCOME_PRECOMPILE_FAILED,
    [VM_CALL_TOO_DEEP] = WEFT_OUTCOME_CALL_TOO_DEEP,
    [VM_INSUFFICIENT_BALANCE] = WEFT_OUTCOME_INSUFFICIENT_BALANCE,
    [VM_NONCE_OVERFLOW] = WEFT_OUTCOME_NONCE_OVERFLOW,
};

void api_result_take_receipt(struct weft_result *r, uint32_t index, const struct tx_result *tx,
                             const struct bloom *bloom)
{
    struct api_receipt *out = &r->receipts[index];
    struct log *logs = ARENA_ARRAY(&r->arena, struct log, tx->log_count);
    for (uint32_t i = 0; i < tx->log_count; i++) {
        const struct log *from = &tx->logs[i];
        const struct hash *topics = arena_copy(&r->arena, from->topics, from->topic_count * sizeof *topics);
        logs[i] = (struct log){from->address, topics, from->topic_count, keep(&r->arena, from->data)};
    }
    out->logs = logs;
    out->log_count = tx->log_count;
    weft_receipt *s = &out->shown;
    s->gas_used = tx->gas_used;
    s->gas_refunded = tx->gas_refunded;
    s->cumulative_gas = tx->cumulative_gas;
    s->succeeded = tx->succeeded;
    s->reverted = tx->outcome == VM_REVERT;
    s->has_created = tx->has_created;
    s->outcome = vm_status_text(tx->outcome);
    s->outcome_code = outcome_codes[tx->outcome];
    s->output = bytes_out(keep(&r->arena, tx->output));
    s->log_count = tx->log_count;
    if (tx->has_created) s->created = api_address_out(&tx->created);
    if (bloom != NULL) {
        memcpy(out->bloom.b, bloom->b, sizeof out->bloom.b);
        s->bloom = &out->bloom;
    }
}

static void take_change(struct weft_result *r, weft_account_change *out, const struct account_change *change)
{
    weft_slot *slots = ARENA_ARRAY(&r->arena, weft_slot, change->slot_count);
    for (size_t i = 0; i < change->slot_count; i++)
        slots[i] = (weft_slot){api_word(change->slots[i].key), api_word(change->slots[i].value)};
    *out = (weft_account_change){.address = api_address_out(&change->address),
                                 .exists = change->exists,
                                 .storage_wiped = change->storage_wiped,
                                 .code_changed = change->code_changed,
                                 .nonce = change->nonce,
                                 .balance = api_word(change->balance),
                                 .code_hash = api_hash_out(&change->code_hash),
                                 .slots = slots,
                                 .slot_count = change->slot_count};
    if (change->code_changed)
        out->code = bytes_out(keep(&r->arena, (struct bytes){change->code->bytes, change->code->size}));
}

void api_result_take_diff(struct weft_result *r, const struct state_diff *diff)
{
    r->summary.account_count = diff->count;
    r->accounts = ARENA_ARRAY(&r->arena, weft_account_change, diff->count);
    for (size_t i = 0; i < diff->count; i++) take_change(r, &r->accounts[i], &diff->accounts[i]);
}

void api_result_take_requests(struct weft_result *r, const struct bytes *requests, uint32_t count)
{
    r->summary.request_count = count;
    r->requests = ARENA_ARRAY(&r->arena, weft_bytes, count);
    for (uint32_t i = 0; i < count; i++) r->requests[i] = bytes_out(keep(&r->arena, requests[i]));
}

void api_result_take_access_list(struct weft_result *r, const struct block_access_list *l)
{
    struct rlp_writer w = {0};
    bal_encode(&w, l);
    r->access_list = bytes_out(keep(&r->arena, rlp_written(&w)));
    rlp_writer_free(&w);
}

/* ---- reading --------------------------------------------------------------------------------- */

weft_status weft_result_summary(const weft_result *result, weft_summary *out)
{
    return result == NULL ? WEFT_INVALID_ARGUMENT : api_write_struct(out, &result->summary, sizeof result->summary);
}

weft_status weft_result_stats(const weft_result *result, weft_stats *out)
{
    return result == NULL ? WEFT_INVALID_ARGUMENT : api_write_struct(out, &result->stats, sizeof result->stats);
}

/* What weft_receipt was before it grew. */
#define RECEIPT_FIRST offsetof(weft_receipt, outcome_code)

static const struct api_receipt *find_receipt(const weft_result *result, size_t index)
{
    return result == NULL || index >= result->summary.receipt_count ? NULL : &result->receipts[index];
}

weft_status weft_result_receipt(const weft_result *result, size_t index, weft_receipt *out)
{
    const struct api_receipt *r = find_receipt(result, index);
    return r == NULL ? WEFT_INVALID_ARGUMENT : api_write_grown(out, &r->shown, sizeof r->shown, RECEIPT_FIRST);
}

_Static_assert(sizeof(struct hash) == sizeof(weft_word), "topics are shown as they are");

weft_status weft_result_log(const weft_result *result, size_t receipt, size_t index, weft_log *out)
{
    const struct api_receipt *r = find_receipt(result, receipt);
    if (r == NULL || index >= r->log_count) return WEFT_INVALID_ARGUMENT;
    const struct log *log = &r->logs[index];
    weft_log shown = {.topics = (const weft_word *)log->topics,
                      .topic_count = log->topic_count,
                      .data = {log->data.data, log->data.size},
                      .address = api_address_out(&log->address)};
    return api_write_struct(out, &shown, sizeof shown);
}

weft_status weft_result_encode_receipt(const weft_result *result, size_t index, uint8_t *out, size_t capacity,
                                       size_t *size)
{
    const struct api_receipt *r = find_receipt(result, index);
    if (r == NULL || result->is_call || r->shown.skipped || size == NULL || !api_is_range(out, capacity))
        return WEFT_INVALID_ARGUMENT;
    struct receipt receipt = {.type = (enum transaction_type)r->shown.type,
                              .has_state_root = result->has_state_roots,
                              .succeeded = r->shown.succeeded != 0,
                              .cumulative_gas = r->shown.cumulative_gas,
                              .logs = r->logs,
                              .log_count = r->log_count};
    memcpy(receipt.bloom.b, r->bloom.b, sizeof receipt.bloom.b);
    struct rlp_writer w = {0};
    receipt_encode(&w, &receipt);
    struct bytes encoded = rlp_written(&w);
    *size = encoded.size;
    if (encoded.size <= capacity) memcpy(out, encoded.data, encoded.size);
    rlp_writer_free(&w);
    return WEFT_OK;
}

weft_status weft_result_access_list(const weft_result *result, weft_bytes *out)
{
    if (result == NULL || out == NULL) return WEFT_INVALID_ARGUMENT;
    *out = result->access_list;
    return WEFT_OK;
}

weft_status weft_result_request(const weft_result *result, size_t index, weft_bytes *out)
{
    if (result == NULL || out == NULL || index >= result->summary.request_count) return WEFT_INVALID_ARGUMENT;
    *out = result->requests[index];
    return WEFT_OK;
}

weft_status weft_result_account(const weft_result *result, size_t index, weft_account_change *out)
{
    if (result == NULL || index >= result->summary.account_count) return WEFT_INVALID_ARGUMENT;
    return api_write_struct(out, &result->accounts[index], sizeof *out);
}

weft_status weft_result_conflict(const weft_result *result, size_t index, weft_conflict *out)
{
    if (result == NULL || index >= result->summary.conflict_count) return WEFT_INVALID_ARGUMENT;
    return api_write_struct(out, &result->conflicts[index], sizeof *out);
}
