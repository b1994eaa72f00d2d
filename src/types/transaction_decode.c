/* Transactions from their envelopes. One function a type would repeat itself four times: the types are lists of the
 * same fields with some left out, so one function reads them all, in wire order. */
#include "types/types_private.h"

static enum status read_access_entry(struct access_entry *out, struct rlp *in, struct arena *arena)
{
    struct rlp entry, keys;
    struct u256 *words;
    TRY(rlp_enter(in, &entry));
    TRY(rlp_read_address(&entry, &out->address));
    ENTER_ARRAY(&entry, keys, arena, struct u256, words, out->key_count);
    for (uint32_t i = 0; i < out->key_count; i++) {
        struct hash key;
        TRY(rlp_read_hash(&keys, &key));
        words[i] = u256_from_hash(&key);
    }
    out->keys = words;
    return rlp_finish(&entry);
}

static enum status read_access_list(struct transaction *tx, struct rlp *in, struct arena *arena)
{
    struct rlp list;
    struct access_entry *entries;
    ENTER_ARRAY(in, list, arena, struct access_entry, entries, tx->access_count);
    for (uint32_t i = 0; i < tx->access_count; i++) {
        TRY(read_access_entry(&entries[i], &list, arena));
        tx->access_key_count += entries[i].key_count;
    }
    tx->access_list = entries;
    return STATUS_OK;
}

static enum status read_blob_hashes(struct transaction *tx, struct rlp *in, struct arena *arena)
{
    struct rlp list;
    struct hash *hashes;
    ENTER_ARRAY(in, list, arena, struct hash, hashes, tx->blob_count);
    for (uint32_t i = 0; i < tx->blob_count; i++) TRY(rlp_read_hash(&list, &hashes[i]));
    tx->blob_hashes = hashes;
    return STATUS_OK;
}

static enum status read_authorization(struct authorization *out, struct rlp *in)
{
    struct rlp list;
    uint64_t y_parity;
    TRY(rlp_enter(in, &list));
    TRY(rlp_read_u256(&list, &out->chain_id));
    TRY(rlp_read_address(&list, &out->address));
    TRY(rlp_read_u64(&list, &out->nonce));
    TRY(rlp_read_u64(&list, &y_parity));
    TRY(rlp_read_u256(&list, &out->signature.r));
    TRY(rlp_read_u256(&list, &out->signature.s));
    if (y_parity > UINT8_MAX) return RLP_NUMBER_TOO_BIG;
    out->signature.y_parity = (uint8_t)y_parity;
    return rlp_finish(&list);
}

static enum status read_authorizations(struct transaction *tx, struct rlp *in, struct arena *arena)
{
    struct rlp list;
    struct authorization *array;
    ENTER_ARRAY(in, list, arena, struct authorization, array, tx->authorization_count);
    for (uint32_t i = 0; i < tx->authorization_count; i++) TRY(read_authorization(&array[i], &list));
    tx->authorizations = array;
    return STATUS_OK;
}

/* 20 bytes, or nothing for a creation where the type allows it. */
static enum status read_recipient(struct transaction *tx, struct rlp *in)
{
    struct bytes to;
    TRY(rlp_read_bytes(in, &to));
    if (to.size == sizeof tx->to) {
        memcpy(tx->to.b, to.data, sizeof tx->to);
        return STATUS_OK;
    }
    bool may_create = tx->type != TX_BLOB && tx->type != TX_SET_CODE;
    tx->is_create = true;
    return to.size == 0 && may_create ? STATUS_OK : TX_BAD_RECIPIENT;
}

/* v of a legacy transaction: 27 or 28, or the chain id folded in (EIP-155); of the others the parity itself. */
static enum status read_v(struct transaction *tx, struct rlp *in)
{
    uint64_t v;
    TRY(rlp_read_u64(in, &v));
    if (tx->type == TX_LEGACY && v >= 35) {
        tx->has_chain_id = true;
        tx->chain_id = (v - 35) / 2;
        v = (v - 35) % 2;
    } else if (tx->type == TX_LEGACY) {
        v -= 27; /* wraps around for less, and is refused */
    }
    if (v > 1) return TX_BAD_SIGNATURE;
    tx->signature.y_parity = (uint8_t)v;
    return STATUS_OK;
}

static enum status read_fields(struct transaction *tx, struct rlp *in, struct arena *arena)
{
    if (tx->type != TX_LEGACY) {
        tx->has_chain_id = true;
        TRY(rlp_read_u64(in, &tx->chain_id));
    }
    TRY(rlp_read_u64(in, &tx->nonce));
    TRY(rlp_read_u256(in, &tx->max_priority_fee));
    if (tx->type >= TX_FEE_MARKET)
        TRY(rlp_read_u256(in, &tx->max_fee));
    else
        tx->max_fee = tx->max_priority_fee;
    TRY(rlp_read_u64(in, &tx->gas_limit));
    TRY(read_recipient(tx, in));
    TRY(rlp_read_u256(in, &tx->value));
    TRY(rlp_read_bytes(in, &tx->data));
    if (tx->type >= TX_ACCESS_LIST) TRY(read_access_list(tx, in, arena));
    if (tx->type == TX_BLOB) {
        TRY(rlp_read_u256(in, &tx->max_blob_fee));
        TRY(read_blob_hashes(tx, in, arena));
    }
    if (tx->type == TX_SET_CODE) TRY(read_authorizations(tx, in, arena));
    TRY(read_v(tx, in));
    TRY(rlp_read_u256(in, &tx->signature.r));
    TRY(rlp_read_u256(in, &tx->signature.s));
    return rlp_finish(in);
}

enum status transaction_decode(struct transaction *out, struct bytes encoded, struct arena *arena)
{
    *out = (struct transaction){.encoded = encoded};
    struct rlp in = rlp_of(encoded), fields;
    if (!rlp_at_end(&in) && !rlp_next_is_list(&in)) {
        uint8_t type = *in.at++;
        if (type < TX_ACCESS_LIST || type > TX_SET_CODE) return TX_UNKNOWN_TYPE;
        out->type = (enum transaction_type)type;
    }
    TRY(rlp_enter(&in, &fields));
    TRY(rlp_finish(&in));
    return read_fields(out, &fields, arena);
}
