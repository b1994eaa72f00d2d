/* Headers. Encoding goes backwards (rlp.h): read it from the bottom. */
#include "types/types_private.h"

static enum status read_optional(struct header *h, struct rlp *in)
{
    if (header_has(h, HEADER_BASE_FEE)) TRY(rlp_read_u256(in, &h->base_fee));
    if (header_has(h, HEADER_WITHDRAWALS_ROOT)) TRY(rlp_read_hash(in, &h->withdrawals_root));
    if (header_has(h, HEADER_BLOB_GAS)) {
        TRY(rlp_read_u64(in, &h->blob_gas_used));
        TRY(rlp_read_u64(in, &h->excess_blob_gas));
    }
    if (header_has(h, HEADER_PARENT_BEACON_ROOT)) TRY(rlp_read_hash(in, &h->parent_beacon_root));
    if (header_has(h, HEADER_REQUESTS_HASH)) TRY(rlp_read_hash(in, &h->requests_hash));
    if (header_has(h, HEADER_ACCESS_LIST_HASH)) TRY(rlp_read_hash(in, &h->access_list_hash));
    if (header_has(h, HEADER_SLOT_NUMBER)) TRY(rlp_read_u64(in, &h->slot_number));
    return STATUS_OK;
}

enum status header_decode(struct header *out, struct rlp *in)
{
    struct rlp list;
    size_t count;
    *out = (struct header){0};
    TRY(rlp_enter(in, &list));
    TRY(rlp_count(list, &count));
    if (count < HEADER_FIELDS_MIN || count > HEADER_FIELDS_MAX || count == HEADER_BLOB_GAS - 1) return RLP_WRONG_COUNT;
    out->field_count = (uint32_t)count;
    TRY(rlp_read_hash(&list, &out->parent_hash));
    TRY(rlp_read_hash(&list, &out->uncles_hash));
    TRY(rlp_read_address(&list, &out->beneficiary));
    TRY(rlp_read_hash(&list, &out->state_root));
    TRY(rlp_read_hash(&list, &out->transactions_root));
    TRY(rlp_read_hash(&list, &out->receipts_root));
    TRY(rlp_read_fixed(&list, out->bloom.b, sizeof out->bloom.b));
    TRY(rlp_read_u256(&list, &out->difficulty));
    TRY(rlp_read_u64(&list, &out->number));
    TRY(rlp_read_u64(&list, &out->gas_limit));
    TRY(rlp_read_u64(&list, &out->gas_used));
    TRY(rlp_read_u64(&list, &out->timestamp));
    TRY(rlp_read_bytes(&list, &out->extra_data));
    TRY(rlp_read_hash(&list, &out->prev_randao));
    TRY(rlp_read_fixed(&list, out->nonce, sizeof out->nonce));
    return read_optional(out, &list);
}

static void put_optional(struct rlp_writer *w, const struct header *h)
{
    if (header_has(h, HEADER_SLOT_NUMBER)) rlp_put_u64(w, h->slot_number);
    if (header_has(h, HEADER_ACCESS_LIST_HASH)) rlp_put_hash(w, &h->access_list_hash);
    if (header_has(h, HEADER_REQUESTS_HASH)) rlp_put_hash(w, &h->requests_hash);
    if (header_has(h, HEADER_PARENT_BEACON_ROOT)) rlp_put_hash(w, &h->parent_beacon_root);
    if (header_has(h, HEADER_BLOB_GAS)) {
        rlp_put_u64(w, h->excess_blob_gas);
        rlp_put_u64(w, h->blob_gas_used);
    }
    if (header_has(h, HEADER_WITHDRAWALS_ROOT)) rlp_put_hash(w, &h->withdrawals_root);
    if (header_has(h, HEADER_BASE_FEE)) rlp_put_u256(w, h->base_fee);
}

void header_encode(struct rlp_writer *w, const struct header *h)
{
    size_t list = rlp_mark(w);
    put_optional(w, h);
    rlp_put_bytes(w, h->nonce, sizeof h->nonce);
    rlp_put_hash(w, &h->prev_randao);
    rlp_put_bytes(w, h->extra_data.data, h->extra_data.size);
    rlp_put_u64(w, h->timestamp);
    rlp_put_u64(w, h->gas_used);
    rlp_put_u64(w, h->gas_limit);
    rlp_put_u64(w, h->number);
    rlp_put_u256(w, h->difficulty);
    rlp_put_bytes(w, h->bloom.b, sizeof h->bloom.b);
    rlp_put_hash(w, &h->receipts_root);
    rlp_put_hash(w, &h->transactions_root);
    rlp_put_hash(w, &h->state_root);
    rlp_put_address(w, &h->beneficiary);
    rlp_put_hash(w, &h->uncles_hash);
    rlp_put_hash(w, &h->parent_hash);
    rlp_put_list(w, list);
}

void header_hash(struct hash *out, const struct header *h)
{
    struct rlp_writer w = {0};
    header_encode(&w, h);
    struct bytes written = rlp_written(&w);
    keccak256(out, written.data, written.size);
    rlp_writer_free(&w);
}
