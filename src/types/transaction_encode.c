/* Transactions to their envelopes, and what is hashed of them. Writing goes backwards (rlp.h), so read the functions
 * from the bottom. */
#include "types/types_private.h"

/* First byte of what an authority signs (EIP-7702). */
enum { AUTHORIZATION_MAGIC = 0x05 };

static void put_access_list(struct rlp_writer *w, const struct transaction *tx)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = tx->access_count; i-- > 0;) {
        const struct access_entry *entry = &tx->access_list[i];
        size_t item = rlp_mark(w), keys = item;
        for (uint32_t k = entry->key_count; k-- > 0;) {
            struct hash key = u256_to_hash(entry->keys[k]);
            rlp_put_hash(w, &key);
        }
        rlp_put_list(w, keys);
        rlp_put_address(w, &entry->address);
        rlp_put_list(w, item);
    }
    rlp_put_list(w, list);
}

static void put_blob_hashes(struct rlp_writer *w, const struct transaction *tx)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = tx->blob_count; i-- > 0;) rlp_put_hash(w, &tx->blob_hashes[i]);
    rlp_put_list(w, list);
}

static void put_authorizations(struct rlp_writer *w, const struct transaction *tx)
{
    size_t list = rlp_mark(w);
    for (uint32_t i = tx->authorization_count; i-- > 0;) {
        const struct authorization *a = &tx->authorizations[i];
        size_t item = rlp_mark(w);
        rlp_put_u256(w, a->signature.s);
        rlp_put_u256(w, a->signature.r);
        rlp_put_u64(w, a->signature.y_parity);
        rlp_put_u64(w, a->nonce);
        rlp_put_address(w, &a->address);
        rlp_put_u256(w, a->chain_id);
        rlp_put_list(w, item);
    }
    rlp_put_list(w, list);
}

static void put_signature(struct rlp_writer *w, const struct transaction *tx)
{
    uint64_t v = tx->signature.y_parity;
    if (tx->type == TX_LEGACY) v += tx->has_chain_id ? 35 + 2 * tx->chain_id : 27;
    rlp_put_u256(w, tx->signature.s);
    rlp_put_u256(w, tx->signature.r);
    rlp_put_u64(w, v);
}

static void put_envelope(struct rlp_writer *w, const struct transaction *tx, bool with_signature)
{
    size_t list = rlp_mark(w);
    if (with_signature) {
        put_signature(w, tx);
    } else if (tx->type == TX_LEGACY && tx->has_chain_id) {
        rlp_put_u64(w, 0); /* EIP-155: the chain id signs in the place of v, with empty r and s */
        rlp_put_u64(w, 0);
        rlp_put_u64(w, tx->chain_id);
    }
    if (tx->type == TX_SET_CODE) put_authorizations(w, tx);
    if (tx->type == TX_BLOB) {
        put_blob_hashes(w, tx);
        rlp_put_u256(w, tx->max_blob_fee);
    }
    if (tx->type >= TX_ACCESS_LIST) put_access_list(w, tx);
    rlp_put_bytes(w, tx->data.data, tx->data.size);
    rlp_put_u256(w, tx->value);
    if (tx->is_create)
        rlp_put_bytes(w, NULL, 0);
    else
        rlp_put_address(w, &tx->to);
    rlp_put_u64(w, tx->gas_limit);
    rlp_put_u256(w, tx->max_fee);
    if (tx->type >= TX_FEE_MARKET) rlp_put_u256(w, tx->max_priority_fee);
    rlp_put_u64(w, tx->nonce);
    if (tx->type != TX_LEGACY) rlp_put_u64(w, tx->chain_id);
    rlp_put_list(w, list);
    if (tx->type != TX_LEGACY) *rlp_reserve(w, 1) = (uint8_t)tx->type;
}

void transaction_encode(struct rlp_writer *w, const struct transaction *tx)
{
    if (tx->encoded.size != 0)
        rlp_put_raw(w, tx->encoded.data, tx->encoded.size);
    else
        put_envelope(w, tx, true);
}

static void hash_written(struct hash *out, struct rlp_writer *w)
{
    struct bytes written = rlp_written(w);
    keccak256(out, written.data, written.size);
    rlp_writer_free(w);
}

void transaction_hash(struct hash *out, const struct transaction *tx)
{
    if (tx->encoded.size != 0) {
        keccak256(out, tx->encoded.data, tx->encoded.size);
        return;
    }
    struct rlp_writer w = {0};
    put_envelope(&w, tx, true);
    hash_written(out, &w);
}

void transaction_signing_hash(struct hash *out, const struct transaction *tx)
{
    struct rlp_writer w = {0};
    put_envelope(&w, tx, false);
    hash_written(out, &w);
}

void authorization_signing_hash(struct hash *out, const struct authorization *a)
{
    struct rlp_writer w = {0};
    rlp_put_u64(&w, a->nonce);
    rlp_put_address(&w, &a->address);
    rlp_put_u256(&w, a->chain_id);
    rlp_put_list(&w, 0);
    *rlp_reserve(&w, 1) = AUTHORIZATION_MAGIC;
    hash_written(out, &w);
}
