/* form: headers, transactions and blocks, as JSON-RPC and the official tests show them. */
#include <stdio.h>

#include "cli/form.h"

/* Optional header fields in the order in which they were added, and how many fields a header has with them. */
static const struct {
    const char *name;
    enum header_field count;
} optional_fields[] = {
    {"baseFeePerGas", HEADER_BASE_FEE},     {"withdrawalsRoot", HEADER_WITHDRAWALS_ROOT},
    {"excessBlobGas", HEADER_BLOB_GAS},     {"parentBeaconBlockRoot", HEADER_PARENT_BEACON_ROOT},
    {"requestsHash", HEADER_REQUESTS_HASH}, {"blockAccessListHash", HEADER_ACCESS_LIST_HASH},
    {"slotNumber", HEADER_SLOT_NUMBER},
};

static void read_fixed_bytes(struct form *f, yyjson_val *v, const char *key, void *out, size_t size)
{
    struct bytes b = form_bytes(f, v, key);
    if (b.size == size)
        memcpy(out, b.data, size);
    else
        form_expect(f, key, "another number of bytes");
}

const struct header_names header_names_rpc = {
    .uncles_hash = "sha3Uncles",
    .beneficiary = "miner",
    .transactions_root = "transactionsRoot",
    .receipts_root = "receiptsRoot",
    .bloom = "logsBloom",
};
const struct header_names header_names_tests = {
    .uncles_hash = "uncleHash",
    .beneficiary = "coinbase",
    .transactions_root = "transactionsTrie",
    .receipts_root = "receiptTrie",
    .bloom = "bloom",
};

void form_header(struct form *f, yyjson_val *v, const struct header_names *names, struct header *h)
{
    *h = (struct header){.field_count = HEADER_FIELDS_MIN};
    for (size_t i = 0; i < COUNT_OF(optional_fields) && form_optional(v, optional_fields[i].name) != NULL; i++)
        h->field_count = optional_fields[i].count;
    h->parent_hash = form_hash(f, v, "parentHash");
    h->uncles_hash = form_hash(f, v, names->uncles_hash);
    h->beneficiary = form_address(f, v, names->beneficiary);
    h->state_root = form_hash(f, v, "stateRoot");
    h->transactions_root = form_hash(f, v, names->transactions_root);
    h->receipts_root = form_hash(f, v, names->receipts_root);
    read_fixed_bytes(f, v, names->bloom, h->bloom.b, sizeof h->bloom.b);
    h->difficulty = form_u256(f, v, "difficulty");
    h->number = form_u64(f, v, "number");
    h->gas_limit = form_u64(f, v, "gasLimit");
    h->gas_used = form_u64(f, v, "gasUsed");
    h->timestamp = form_u64(f, v, "timestamp");
    h->extra_data = form_bytes(f, v, "extraData");
    h->prev_randao = form_hash(f, v, "mixHash");
    read_fixed_bytes(f, v, "nonce", h->nonce, sizeof h->nonce);
    if (header_has(h, HEADER_BASE_FEE)) h->base_fee = form_u256(f, v, "baseFeePerGas");
    if (header_has(h, HEADER_WITHDRAWALS_ROOT)) h->withdrawals_root = form_hash(f, v, "withdrawalsRoot");
    if (header_has(h, HEADER_BLOB_GAS)) {
        h->blob_gas_used = form_u64(f, v, "blobGasUsed");
        h->excess_blob_gas = form_u64(f, v, "excessBlobGas");
    }
    if (header_has(h, HEADER_PARENT_BEACON_ROOT)) h->parent_beacon_root = form_hash(f, v, "parentBeaconBlockRoot");
    if (header_has(h, HEADER_REQUESTS_HASH)) h->requests_hash = form_hash(f, v, "requestsHash");
    if (header_has(h, HEADER_ACCESS_LIST_HASH)) h->access_list_hash = form_hash(f, v, "blockAccessListHash");
    if (header_has(h, HEADER_SLOT_NUMBER)) h->slot_number = form_u64(f, v, "slotNumber");
}

/* A legacy v says which chain, if any (EIP-155): 27 + parity, or 35 + parity + 2 * chain id. */
void form_signature(struct form *f, yyjson_val *v, struct transaction *tx)
{
    tx->signature.r = form_u256(f, v, "r");
    tx->signature.s = form_u256(f, v, "s");
    if (tx->type != TX_LEGACY) {
        bool both = form_optional(v, "yParity") != NULL && form_optional(v, "v") != NULL;
        uint64_t parity = form_u64(f, v, form_optional(v, "yParity") != NULL ? "yParity" : "v");
        if (parity > 1) form_expect(f, "yParity", "0 or 1");
        if (both && form_u64(f, v, "v") != parity) form_expect(f, "v", "the same as yParity");
        tx->signature.y_parity = (uint8_t)(parity & 1);
        return;
    }
    uint64_t n = form_u64(f, v, "v");
    if (n < 27 || (n > 28 && n < 35)) form_expect(f, "v", "27, 28, or 35 and more");
    tx->has_chain_id = n >= 35;
    tx->chain_id = tx->has_chain_id ? (n - 35) / 2 : 0;
    tx->signature.y_parity = (uint8_t)((n + 1) & 1);
}

void form_transaction(struct form *f, yyjson_val *v, struct arena *arena, struct transaction *tx)
{
    *tx = (struct transaction){0};
    uint64_t type = form_optional_u64(f, v, "type");
    if (type > TX_SET_CODE) form_expect(f, "type", "a transaction type from 0 to 4");
    tx->type = (enum transaction_type)type;
    tx->nonce = form_u64(f, v, "nonce");
    tx->gas_limit = form_u64(f, v, form_optional(v, "gas") == NULL ? "gasLimit" : "gas");
    tx->has_chain_id = type != TX_LEGACY;
    if (tx->has_chain_id) tx->chain_id = form_u64(f, v, "chainId");
    if (type >= TX_FEE_MARKET) {
        tx->max_fee = form_u256(f, v, "maxFeePerGas");
        tx->max_priority_fee = form_u256(f, v, "maxPriorityFeePerGas");
    } else {
        tx->max_fee = tx->max_priority_fee = form_u256(f, v, "gasPrice");
    }
    yyjson_val *to = form_optional(v, "to");
    tx->is_create = to == NULL || yyjson_equals_str(to, "");
    if (!tx->is_create) tx->to = form_address(f, v, "to");
    tx->value = form_u256(f, v, "value");
    tx->data = form_bytes(f, v, form_optional(v, "input") == NULL ? "data" : "input");
    if (type >= TX_ACCESS_LIST && form_optional(v, "accessList") != NULL)
        form_access_list(f, form_array(f, v, "accessList"), arena, tx);
    if (type == TX_BLOB) {
        tx->max_blob_fee = form_u256(f, v, "maxFeePerBlobGas");
        form_blob_hashes(f, form_array(f, v, "blobVersionedHashes"), arena, tx);
    }
    if (type == TX_SET_CODE) form_authorizations(f, form_array(f, v, "authorizationList"), arena, tx);
}

struct withdrawal form_withdrawal(struct form *f, yyjson_val *v)
{
    return (struct withdrawal){.index = form_u64(f, v, "index"),
                               .validator_index = form_u64(f, v, "validatorIndex"),
                               .address = form_address(f, v, "address"),
                               .amount = form_u64(f, v, "amount")};
}

void form_withdrawals(struct form *f, yyjson_val *list, struct arena *arena, struct block *out)
{
    yyjson_val *item;
    size_t i, count;
    struct withdrawal *withdrawals = ARENA_ARRAY(arena, struct withdrawal, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach(list, i, count, item) withdrawals[i] = form_withdrawal(f, item);
    out->has_withdrawals = list != NULL;
    out->withdrawals = withdrawals;
    out->withdrawal_count = (uint32_t)yyjson_arr_size(list);
}

void form_block(struct form *f, yyjson_val *v, struct arena *arena, struct block *out, const struct address **from)
{
    *out = (struct block){0};
    form_header(f, v, &header_names_rpc, &out->header);
    out->hash = form_hash(f, v, "hash");

    yyjson_val *list = form_array(f, v, "transactions"), *item;
    size_t i, count = yyjson_arr_size(list);
    struct transaction *transactions = ARENA_ARRAY(arena, struct transaction, count + 1);
    struct address *senders = ARENA_ARRAY(arena, struct address, count + 1);
    char place[48];
    f->place = place;
    yyjson_arr_foreach(list, i, count, item)
    {
        (void)snprintf(place, sizeof place, "transaction %zu", i);
        form_transaction(f, item, arena, &transactions[i]);
        form_signature(f, item, &transactions[i]);
        senders[i] = form_address(f, item, "from");
    }
    f->place = NULL;
    out->transactions = transactions;
    out->transaction_count = (uint32_t)count;
    *from = senders;

    form_withdrawals(f, form_optional(v, "withdrawals"), arena, out);
}
