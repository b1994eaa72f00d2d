/* Validity that can be decided without state, and the gas that a transaction pays before it runs. */
#include "tx/tx.h"

/* Drafts of EIP-8037: the new contract, and for each authorization the account and its code. */
static uint64_t intrinsic_state(const struct fork *f, const struct transaction *tx)
{
    if (f->tx.charges_at_run_time) return 0;
    uint64_t each = f->state_growth.account + f->state_growth.delegation;
    return (tx->is_create ? f->state_growth.account : 0) + tx->authorization_count * each;
}

/* EIP-2780: what the recipient costs, whose account is read and perhaps written. */
static uint64_t recipient_gas(const struct fork *f, const struct transaction *tx, const struct address *sender)
{
    if (tx->is_create) return f->tx.create;
    if (address_equal(&tx->to, sender)) return 0;
    return f->tx.recipient + (u256_is_zero(tx->value) ? 0 : f->tx.value);
}

struct tx_intrinsic tx_intrinsic(const struct fork *f, const struct transaction *tx, const struct address *sender,
                                 uint64_t state_byte_gas)
{
    uint64_t zeros = 0;
    for (size_t i = 0; i < tx->data.size; i++) zeros += tx->data.data[i] == 0;
    uint64_t others = tx->data.size - zeros;

    uint64_t recipient = recipient_gas(f, tx, sender);
    uint64_t gas = f->tx.base + recipient + zeros * f->tx.data_zero + others * f->tx.data_byte;
    if (tx->is_create) gas += (tx->data.size + 31) / 32 * f->gas.initcode_word;
    gas += (uint64_t)tx->access_count * f->tx.access_address + (uint64_t)tx->access_key_count * f->tx.access_key;
    gas += (uint64_t)tx->authorization_count * f->tx.authorization;
    uint64_t list_bytes = tx->access_count * sizeof(struct address) + tx->access_key_count * sizeof(struct hash);
    uint64_t list_tokens = list_bytes * f->tx.access_list_byte;
    gas += list_tokens * f->tx.floor_token;
    uint64_t tokens = zeros * f->tx.floor_zero + others * f->tx.floor_byte + list_tokens;
    uint64_t floor_base = f->tx.base + (f->tx.charges_at_run_time ? recipient : 0);
    uint64_t floor = f->tx.floor_token == 0 ? 0 : floor_base + tokens * f->tx.floor_token;
    return (struct tx_intrinsic){gas, intrinsic_state(f, tx) * state_byte_gas, floor};
}

static enum status check_blobs(const struct tx_context *c, const struct transaction *tx)
{
    if (tx->blob_count == 0) return TX_NO_BLOBS;
    if (tx->blob_count > c->fork->blob.max_per_tx) return TX_TOO_MANY_BLOBS;
    for (uint32_t i = 0; i < tx->blob_count; i++)
        if (tx->blob_hashes[i].b[0] != 1) /* the version of KZG commitments */
            return TX_BLOB_VERSION;
    bool too_low = c->env.blob_base_fee_beyond || u256_less(tx->max_blob_fee, c->env.blob_base_fee);
    return too_low ? TX_BLOB_FEE_TOO_LOW : STATUS_OK;
}

/* Gas limit against what is paid in any case, and against the cap, which does not bound state gas (EIP-8037). */
static enum status check_gas(const struct tx_context *c, const struct transaction *tx, const struct address *sender)
{
    const struct fork *f = c->fork;
    if (tx->gas_limit > INT64_MAX) return TX_GAS_OVER_BLOCK;
    struct tx_intrinsic intrinsic = tx_intrinsic(f, tx, sender, c->env.state_byte_gas);
    if (f->limit.tx_total_gas != 0 && tx->gas_limit > f->limit.tx_total_gas) return TX_GAS_OVER_CAP;
    bool capped = f->limit.tx_gas != 0 && c->env.state_byte_gas == 0 && !c->is_unsigned;
    if (capped && tx->gas_limit > f->limit.tx_gas) return TX_GAS_OVER_CAP;
    if (f->limit.tx_gas != 0 && (intrinsic.gas > f->limit.tx_gas || intrinsic.floor > f->limit.tx_gas))
        return TX_INTRINSIC_GAS_OVER_CAP;
    if (tx->gas_limit < intrinsic.gas + intrinsic.state) return TX_INTRINSIC_GAS_TOO_LOW;
    return tx->gas_limit < intrinsic.floor ? TX_GAS_BELOW_FLOOR : STATUS_OK;
}

enum status tx_check_kind(const struct fork *f, uint64_t chain_id, const struct transaction *tx)
{
    if (tx->type > TX_SET_CODE) return TX_UNKNOWN_TYPE;
    if ((f->tx.types & 1u << tx->type) == 0) return TX_TYPE_NOT_SUPPORTED;
    if (tx->type == TX_LEGACY && tx->has_chain_id && !f->replay_protection) return TX_BAD_SIGNATURE;
    if ((tx->type != TX_LEGACY || tx->has_chain_id) && tx->chain_id != chain_id) return TX_WRONG_CHAIN_ID;
    return tx->is_create && tx->type >= TX_BLOB ? TX_BAD_RECIPIENT : STATUS_OK;
}

enum status tx_check(const struct tx_context *c, const struct transaction *tx, const struct address *sender)
{
    const struct fork *f = c->fork;
    enum status s = tx_check_kind(f, c->env.chain_id, tx);
    if (s == STATUS_OK) s = check_gas(c, tx, sender);
    if (s != STATUS_OK) return s;
    if (tx->is_create && f->limit.initcode_size != 0 && tx->data.size > f->limit.initcode_size)
        return TX_INITCODE_TOO_BIG;
    if (tx->nonce == UINT64_MAX) return TX_NONCE_MAX;
    if (u256_less(tx->max_fee, tx->max_priority_fee)) return TX_PRIORITY_FEE_OVER_MAX_FEE;
    if (u256_less(tx->max_fee, c->env.base_fee)) return TX_FEE_BELOW_BASE_FEE;
    if (tx->type == TX_SET_CODE && tx->authorization_count == 0) return TX_NO_AUTHORIZATIONS;
    return tx->type == TX_BLOB ? check_blobs(c, tx) : STATUS_OK;
}
