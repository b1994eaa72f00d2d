/* form: headers, transactions and blocks, as JSON-RPC and the official tests show them. */
#include <stdio.h>

#include "json/json.h"

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

static void read_fixed_bytes(struct json_reader *f, yyjson_val *v, const char *key, void *out, size_t size)
{
    struct bytes b = json_bytes(f, v, key);
    if (b.size == size)
        memcpy(out, b.data, size);
    else
        json_expect(f, key, "another number of bytes");
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

void json_header(struct json_reader *f, yyjson_val *v, const struct header_names *names, struct header *h)
{
    *h = (struct header){.field_count = HEADER_FIELDS_MIN};
    for (size_t i = 0; i < COUNT_OF(optional_fields) && json_optional(v, optional_fields[i].name) != NULL; i++)
        h->field_count = optional_fields[i].count;
    h->parent_hash = json_hash(f, v, "parentHash");
    h->uncles_hash = json_hash(f, v, names->uncles_hash);
    h->beneficiary = json_address(f, v, names->beneficiary);
    h->state_root = json_hash(f, v, "stateRoot");
    h->transactions_root = json_hash(f, v, names->transactions_root);
    h->receipts_root = json_hash(f, v, names->receipts_root);
    read_fixed_bytes(f, v, names->bloom, h->bloom.b, sizeof h->bloom.b);
    h->difficulty = json_u256(f, v, "difficulty");
    h->number = json_u64(f, v, "number");
    h->gas_limit = json_u64(f, v, "gasLimit");
    h->gas_used = json_u64(f, v, "gasUsed");
    h->timestamp = json_u64(f, v, "timestamp");
    h->extra_data = json_bytes(f, v, "extraData");
    h->prev_randao = json_hash(f, v, "mixHash");
    read_fixed_bytes(f, v, "nonce", h->nonce, sizeof h->nonce);
    if (header_has(h, HEADER_BASE_FEE)) h->base_fee = json_u256(f, v, "baseFeePerGas");
    if (header_has(h, HEADER_WITHDRAWALS_ROOT)) h->withdrawals_root = json_hash(f, v, "withdrawalsRoot");
    if (header_has(h, HEADER_BLOB_GAS)) {
        h->blob_gas_used = json_u64(f, v, "blobGasUsed");
        h->excess_blob_gas = json_u64(f, v, "excessBlobGas");
    }
    if (header_has(h, HEADER_PARENT_BEACON_ROOT)) h->parent_beacon_root = json_hash(f, v, "parentBeaconBlockRoot");
    if (header_has(h, HEADER_REQUESTS_HASH)) h->requests_hash = json_hash(f, v, "requestsHash");
    if (header_has(h, HEADER_ACCESS_LIST_HASH)) h->access_list_hash = json_hash(f, v, "blockAccessListHash");
    if (header_has(h, HEADER_SLOT_NUMBER)) h->slot_number = json_u64(f, v, "slotNumber");
}

/* A legacy v says which chain, if any (EIP-155): 27 + parity, or 35 + parity + 2 * chain id. */
void json_signature(struct json_reader *f, yyjson_val *v, struct transaction *tx)
{
    tx->signature.r = json_u256(f, v, "r");
    tx->signature.s = json_u256(f, v, "s");
    if (tx->type != TX_LEGACY) {
        bool both = json_optional(v, "yParity") != NULL && json_optional(v, "v") != NULL;
        uint64_t parity = json_u64(f, v, json_optional(v, "yParity") != NULL ? "yParity" : "v");
        if (parity > 1) json_expect(f, "yParity", "0 or 1");
        if (both && json_u64(f, v, "v") != parity) json_expect(f, "v", "the same as yParity");
        tx->signature.y_parity = (uint8_t)(parity & 1);
        return;
    }
    uint64_t n = json_u64(f, v, "v");
    if (n < 27 || (n > 28 && n < 35)) json_expect(f, "v", "27, 28, or 35 and more");
    tx->has_chain_id = n >= 35;
    tx->chain_id = tx->has_chain_id ? (n - 35) / 2 : 0;
    tx->signature.y_parity = (uint8_t)((n + 1) & 1);
}

void json_transaction(struct json_reader *f, yyjson_val *v, struct arena *arena, struct transaction *tx)
{
    *tx = (struct transaction){0};
    uint64_t type = json_optional_u64(f, v, "type");
    if (type > TX_SET_CODE) json_expect(f, "type", "a transaction type from 0 to 4");
    tx->type = (enum transaction_type)type;
    tx->nonce = json_u64(f, v, "nonce");
    tx->gas_limit = json_u64(f, v, json_optional(v, "gas") == NULL ? "gasLimit" : "gas");
    tx->has_chain_id = type != TX_LEGACY;
    if (tx->has_chain_id) tx->chain_id = json_u64(f, v, "chainId");
    if (type >= TX_FEE_MARKET) {
        tx->max_fee = json_u256(f, v, "maxFeePerGas");
        tx->max_priority_fee = json_u256(f, v, "maxPriorityFeePerGas");
    } else {
        tx->max_fee = tx->max_priority_fee = json_u256(f, v, "gasPrice");
    }
    yyjson_val *to = json_optional(v, "to");
    tx->is_create = to == NULL || yyjson_equals_str(to, "");
    if (!tx->is_create) tx->to = json_address(f, v, "to");
    tx->value = json_u256(f, v, "value");
    tx->data = json_bytes(f, v, json_optional(v, "input") == NULL ? "data" : "input");
    if (type >= TX_ACCESS_LIST && json_optional(v, "accessList") != NULL)
        json_access_list(f, json_array(f, v, "accessList"), arena, tx);
    if (type == TX_BLOB) {
        tx->max_blob_fee = json_u256(f, v, "maxFeePerBlobGas");
        json_blob_hashes(f, json_array(f, v, "blobVersionedHashes"), arena, tx);
    }
    if (type == TX_SET_CODE) json_authorizations(f, json_array(f, v, "authorizationList"), arena, tx);
}

struct withdrawal json_withdrawal(struct json_reader *f, yyjson_val *v)
{
    return (struct withdrawal){.index = json_u64(f, v, "index"),
                               .validator_index = json_u64(f, v, "validatorIndex"),
                               .address = json_address(f, v, "address"),
                               .amount = json_u64(f, v, "amount")};
}

void json_withdrawals(struct json_reader *f, yyjson_val *list, struct arena *arena, struct block *out)
{
    yyjson_val *item;
    size_t i, count;
    struct withdrawal *withdrawals = ARENA_ARRAY(arena, struct withdrawal, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach(list, i, count, item) withdrawals[i] = json_withdrawal(f, item);
    out->has_withdrawals = list != NULL;
    out->withdrawals = withdrawals;
    out->withdrawal_count = (uint32_t)yyjson_arr_size(list);
}

void json_block(struct json_reader *f, yyjson_val *v, struct arena *arena, struct block *out,
                const struct address **from)
{
    *out = (struct block){0};
    json_header(f, v, &header_names_rpc, &out->header);
    out->hash = json_hash(f, v, "hash");

    yyjson_val *list = json_array(f, v, "transactions"), *item;
    size_t i, count = yyjson_arr_size(list);
    struct transaction *transactions = ARENA_ARRAY(arena, struct transaction, count + 1);
    struct address *senders = ARENA_ARRAY(arena, struct address, count + 1);
    char place[48];
    f->place = place;
    yyjson_arr_foreach(list, i, count, item)
    {
        (void)snprintf(place, sizeof place, "transaction %zu", i);
        json_transaction(f, item, arena, &transactions[i]);
        json_signature(f, item, &transactions[i]);
        senders[i] = json_address(f, item, "from");
    }
    f->place = NULL;
    out->transactions = transactions;
    out->transaction_count = (uint32_t)count;
    *from = senders;

    json_withdrawals(f, json_optional(v, "withdrawals"), arena, out);
}
