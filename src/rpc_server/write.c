/* Results as JSON: values, and blocks, transactions, receipts and logs in the form of the execution-apis. */
#include "rpc_server/private.h"

/* ---- values --------------------------------------------------------------------------------------------------------- */

void put_open(struct buffer *out, char bracket)
{
    buffer_append(out, &bracket, 1);
}

void put_close(struct buffer *out, char bracket)
{
    if (out->data[out->size - 1] == ',') out->size--;
    char end[2] = {bracket, ','};
    buffer_append(out, end, 2);
}

void put_key(struct buffer *out, const char *key)
{
    buffer_append(out, "\"", 1);
    buffer_append_text(out, key);
    buffer_append(out, "\":", 2);
}

void put_null(struct buffer *out)
{
    buffer_append_text(out, "null,");
}

void put_flag(struct buffer *out, bool value)
{
    buffer_append_text(out, value ? "true," : "false,");
}

void put_text(struct buffer *out, const char *text)
{
    json_put_text(out, text);
    buffer_append(out, ",", 1);
}

void put_number(struct buffer *out, uint64_t value)
{
    buffer_printf(out, "\"0x%llx\",", (unsigned long long)value);
}

void put_word(struct buffer *out, struct u256 value)
{
    char text[U256_HEX_SIZE];
    (void)u256_to_hex(text, &value);
    put_text(out, text);
}

void put_data(struct buffer *out, const void *data, size_t size)
{
    json_put_hex(out, data, size);
    buffer_append(out, ",", 1);
}

#define PUT(out, key, kind, ...) (put_key((out), (key)), put_##kind((out), __VA_ARGS__))

/* ---- transactions --------------------------------------------------------------------------------------------------- */

struct u256 rpc_effective_price(const struct header *h, const struct transaction *tx)
{
    struct u256 above = u256_sub(tx->max_fee, h->base_fee);
    return u256_add(h->base_fee, u256_less(above, tx->max_priority_fee) ? above : tx->max_priority_fee);
}

static void put_access_list(struct buffer *out, const struct transaction *tx)
{
    put_key(out, "accessList");
    put_open(out, '[');
    for (uint32_t i = 0; i < tx->access_count; i++) {
        const struct access_entry *entry = &tx->access_list[i];
        put_open(out, '{');
        PUT(out, "address", address, &entry->address);
        put_key(out, "storageKeys");
        put_open(out, '[');
        for (uint32_t k = 0; k < entry->key_count; k++) {
            struct hash key = u256_to_hash(entry->keys[k]);
            put_hash(out, &key);
        }
        put_close(out, ']');
        put_close(out, '}');
    }
    put_close(out, ']');
}

static void put_authorizations(struct buffer *out, const struct transaction *tx)
{
    put_key(out, "authorizationList");
    put_open(out, '[');
    for (uint32_t i = 0; i < tx->authorization_count; i++) {
        const struct authorization *a = &tx->authorizations[i];
        put_open(out, '{');
        PUT(out, "chainId", word, a->chain_id);
        PUT(out, "address", address, &a->address);
        PUT(out, "nonce", number, a->nonce);
        PUT(out, "yParity", number, a->signature.y_parity);
        PUT(out, "r", word, a->signature.r);
        PUT(out, "s", word, a->signature.s);
        put_close(out, '}');
    }
    put_close(out, ']');
}

/* EIP-155 for legacy transactions, else the parity. */
static uint64_t v_of(const struct transaction *tx)
{
    if (tx->type != TX_LEGACY) return tx->signature.y_parity;
    return tx->has_chain_id ? 35 + 2 * tx->chain_id + tx->signature.y_parity : 27u + tx->signature.y_parity;
}

static void put_fields(struct buffer *out, const struct transaction *tx, struct u256 price)
{
    PUT(out, "gas", number, tx->gas_limit);
    PUT(out, "gasPrice", word, price);
    if (tx->type >= TX_FEE_MARKET) {
        PUT(out, "maxFeePerGas", word, tx->max_fee);
        PUT(out, "maxPriorityFeePerGas", word, tx->max_priority_fee);
    }
    if (tx->type == TX_BLOB) {
        PUT(out, "maxFeePerBlobGas", word, tx->max_blob_fee);
        put_key(out, "blobVersionedHashes");
        put_open(out, '[');
        for (uint32_t i = 0; i < tx->blob_count; i++) put_hash(out, &tx->blob_hashes[i]);
        put_close(out, ']');
    }
    PUT(out, "input", data, tx->data.data, tx->data.size);
    PUT(out, "nonce", number, tx->nonce);
    put_key(out, "to");
    if (tx->is_create)
        put_null(out);
    else
        put_address(out, &tx->to);
    PUT(out, "value", word, tx->value);
    PUT(out, "type", number, (uint64_t)tx->type);
    if (tx->type != TX_LEGACY) put_access_list(out, tx);
    if (tx->type == TX_SET_CODE) put_authorizations(out, tx);
    if (tx->type != TX_LEGACY || tx->has_chain_id) PUT(out, "chainId", number, tx->chain_id);
    PUT(out, "v", number, v_of(tx));
    if (tx->type != TX_LEGACY) PUT(out, "yParity", number, tx->signature.y_parity);
    PUT(out, "r", word, tx->signature.r);
    PUT(out, "s", word, tx->signature.s);
}

void put_transaction(struct buffer *out, const struct node *n, const struct node_block *b, uint32_t index)
{
    (void)n;
    const struct transaction *tx = &b->block.transactions[index];
    put_open(out, '{');
    PUT(out, "blockHash", hash, &b->block.hash);
    PUT(out, "blockNumber", number, b->block.header.number);
    PUT(out, "blockTimestamp", number, b->block.header.timestamp);
    PUT(out, "from", address, &b->senders[index]);
    PUT(out, "hash", hash, &b->hashes[index]);
    PUT(out, "transactionIndex", number, index);
    put_fields(out, tx, rpc_effective_price(&b->block.header, tx));
    put_close(out, '}');
}

void put_pending(struct buffer *out, const struct node_transaction *t)
{
    static const char *const absent[] = {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex"};
    put_open(out, '{');
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        put_key(out, absent[i]);
        put_null(out);
    }
    PUT(out, "from", address, &t->sender);
    PUT(out, "hash", hash, &t->hash);
    put_fields(out, &t->tx, t->tx.max_fee);
    put_close(out, '}');
}

/* ---- receipts ------------------------------------------------------------------------------------------------------- */

void put_log(struct buffer *out, const struct node_block *b, uint32_t index, uint32_t log)
{
    const struct log *l = &b->receipts[index].logs[log];
    put_open(out, '{');
    PUT(out, "address", address, &l->address);
    put_key(out, "topics");
    put_open(out, '[');
    for (uint32_t i = 0; i < l->topic_count; i++) put_hash(out, &l->topics[i]);
    put_close(out, ']');
    PUT(out, "data", data, l->data.data, l->data.size);
    PUT(out, "blockNumber", number, b->block.header.number);
    PUT(out, "transactionHash", hash, &b->hashes[index]);
    PUT(out, "transactionIndex", number, index);
    PUT(out, "blockHash", hash, &b->block.hash);
    PUT(out, "blockTimestamp", number, b->block.header.timestamp);
    PUT(out, "logIndex", number, b->outcomes[index].first_log + log);
    PUT(out, "removed", flag, false);
    put_close(out, '}');
}

void put_receipt(struct buffer *out, const struct node *n, const struct node_block *b, uint32_t index)
{
    const struct transaction *tx = &b->block.transactions[index];
    const struct receipt *r = &b->receipts[index];
    const struct node_outcome *o = &b->outcomes[index];
    put_open(out, '{');
    PUT(out, "blockHash", hash, &b->block.hash);
    PUT(out, "blockNumber", number, b->block.header.number);
    put_key(out, "contractAddress");
    if (o->has_created)
        put_address(out, &o->created);
    else
        put_null(out);
    PUT(out, "cumulativeGasUsed", number, r->cumulative_gas);
    PUT(out, "effectiveGasPrice", word, rpc_effective_price(&b->block.header, tx));
    PUT(out, "from", address, &b->senders[index]);
    PUT(out, "gasUsed", number, o->gas_used);
    if (tx->type == TX_BLOB) {
        bool beyond;
        PUT(out, "blobGasUsed", number, (uint64_t)tx->blob_count * GAS_PER_BLOB);
        PUT(out, "blobGasPrice", word,
            block_blob_base_fee(node_fork_of(n, &b->block.header), b->block.header.excess_blob_gas, &beyond));
    }
    put_key(out, "logs");
    put_open(out, '[');
    for (uint32_t i = 0; i < r->log_count; i++) put_log(out, b, index, i);
    put_close(out, ']');
    PUT(out, "logsBloom", data, r->bloom.b, sizeof r->bloom.b);
    if (r->has_state_root)
        PUT(out, "root", hash, &r->state_root);
    else
        PUT(out, "status", number, r->succeeded);
    put_key(out, "to");
    if (tx->is_create)
        put_null(out);
    else
        put_address(out, &tx->to);
    PUT(out, "transactionHash", hash, &b->hashes[index]);
    PUT(out, "transactionIndex", number, index);
    PUT(out, "type", number, (uint64_t)tx->type);
    put_close(out, '}');
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

static void put_header(struct buffer *out, const struct header *h)
{
    if (header_has(h, HEADER_BASE_FEE)) PUT(out, "baseFeePerGas", word, h->base_fee);
    if (header_has(h, HEADER_BLOB_GAS)) {
        PUT(out, "blobGasUsed", number, h->blob_gas_used);
        PUT(out, "excessBlobGas", number, h->excess_blob_gas);
    }
    PUT(out, "difficulty", word, h->difficulty);
    PUT(out, "extraData", data, h->extra_data.data, h->extra_data.size);
    PUT(out, "gasLimit", number, h->gas_limit);
    PUT(out, "gasUsed", number, h->gas_used);
    PUT(out, "logsBloom", data, h->bloom.b, sizeof h->bloom.b);
    PUT(out, "miner", address, &h->beneficiary);
    PUT(out, "mixHash", hash, &h->prev_randao);
    PUT(out, "nonce", data, h->nonce, sizeof h->nonce);
    PUT(out, "number", number, h->number);
    if (header_has(h, HEADER_PARENT_BEACON_ROOT)) PUT(out, "parentBeaconBlockRoot", hash, &h->parent_beacon_root);
    PUT(out, "parentHash", hash, &h->parent_hash);
    PUT(out, "receiptsRoot", hash, &h->receipts_root);
    if (header_has(h, HEADER_REQUESTS_HASH)) PUT(out, "requestsHash", hash, &h->requests_hash);
    PUT(out, "sha3Uncles", hash, &h->uncles_hash);
    PUT(out, "stateRoot", hash, &h->state_root);
    PUT(out, "timestamp", number, h->timestamp);
    PUT(out, "transactionsRoot", hash, &h->transactions_root);
    if (header_has(h, HEADER_WITHDRAWALS_ROOT)) PUT(out, "withdrawalsRoot", hash, &h->withdrawals_root);
    if (header_has(h, HEADER_ACCESS_LIST_HASH)) PUT(out, "blockAccessListHash", hash, &h->access_list_hash);
    if (header_has(h, HEADER_SLOT_NUMBER)) PUT(out, "slotNumber", number, h->slot_number);
}

void put_block(struct buffer *out, const struct node *n, const struct node_block *b, bool full)
{
    put_open(out, '{');
    put_header(out, &b->block.header);
    PUT(out, "hash", hash, &b->block.hash);
    PUT(out, "size", number, b->block.encoded_size);
    put_key(out, "transactions");
    put_open(out, '[');
    for (uint32_t i = 0; i < b->block.transaction_count; i++)
        if (full)
            put_transaction(out, n, b, i);
        else
            put_hash(out, &b->hashes[i]);
    put_close(out, ']');
    put_key(out, "uncles");
    put_open(out, '[');
    put_close(out, ']');
    if (b->block.has_withdrawals) {
        put_key(out, "withdrawals");
        put_open(out, '[');
        put_close(out, ']');
    }
    put_close(out, '}');
}
