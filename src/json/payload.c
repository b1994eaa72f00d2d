/* payload: from engine_newPayload's parameters to a block. */
#include "json/payload.h"

#include "block/block.h"
#include "trie/trie.h"

static enum status read_transactions(struct json_reader *f, yyjson_val *list, struct arena *arena, struct block *out,
                                     struct error *e)
{
    size_t i, count = yyjson_arr_size(list);
    struct transaction *all = ARENA_ARRAY(arena, struct transaction, count + 1);
    struct bytes *encoded = ARENA_ARRAY(arena, struct bytes, count + 1);
    yyjson_val *item;
    yyjson_arr_foreach(list, i, count, item)
    {
        encoded[i] = json_value_bytes(f, item, "transactions");
        enum status s = transaction_decode(&all[i], encoded[i], arena);
        if (s != STATUS_OK) return error_set(e, s, "transaction %zu: %s", i, status_text(s));
    }
    out->transactions = all;
    out->transaction_count = (uint32_t)count;
    trie_ordered_root(&out->header.transactions_root, encoded, count);
    return STATUS_OK;
}

static void read_header(struct json_reader *f, yyjson_val *v, struct header *h)
{
    h->parent_hash = json_hash(f, v, "parentHash");
    h->uncles_hash = uncles_hash_empty;
    h->beneficiary = json_address(f, v, "feeRecipient");
    h->state_root = json_hash(f, v, "stateRoot");
    h->receipts_root = json_hash(f, v, "receiptsRoot");
    struct bytes bloom = json_bytes(f, v, "logsBloom");
    if (bloom.size == sizeof h->bloom.b)
        memcpy(h->bloom.b, bloom.data, bloom.size);
    else
        json_expect(f, "logsBloom", "256 bytes");
    h->prev_randao = json_hash(f, v, "prevRandao");
    h->number = json_u64(f, v, "blockNumber");
    h->gas_limit = json_u64(f, v, "gasLimit");
    h->gas_used = json_u64(f, v, "gasUsed");
    h->timestamp = json_u64(f, v, "timestamp");
    h->extra_data = json_bytes(f, v, "extraData");
    h->base_fee = json_u256(f, v, "baseFeePerGas");
    h->blob_gas_used = json_optional_u64(f, v, "blobGasUsed");
    h->excess_blob_gas = json_optional_u64(f, v, "excessBlobGas");
    h->slot_number = json_optional_u64(f, v, "slotNumber");
}

/* The version of engine_newPayload that carries a fork's blocks. */
static uint64_t version_of(const struct fork *fork)
{
    if (fork->block_access_list) return 5;
    if (fork->requests != 0) return 4;
    if (fork->beacon_root) return 3;
    return fork->withdrawals ? 2 : 1;
}

/* The hashes that came beside the payload must be those of its blobs, in order (EIP-4844). */
static enum status check_versioned_hashes(struct json_reader *f, yyjson_val *list, const struct block *b,
                                          struct error *e)
{
    size_t at = 0, count = yyjson_arr_size(list);
    bool equal = true;
    for (uint32_t i = 0; i < b->transaction_count; i++)
        for (uint32_t k = 0; k < b->transactions[i].blob_count && equal; k++, at++) {
            struct hash named = {{0}};
            if (at < count) named = json_value_hash(f, yyjson_arr_get(list, at), "versioned hashes");
            equal = at < count && hash_equal(&named, &b->transactions[i].blob_hashes[k]);
        }
    if (equal && at == count) return STATUS_OK;
    return error_set(e, PAYLOAD_VERSIONED_HASHES, "%s", status_text(PAYLOAD_VERSIONED_HASHES));
}

static enum status read_requests(struct json_reader *f, yyjson_val *list, struct header *h, struct error *e)
{
    struct bytes requests[BLOCK_REQUESTS_MAX];
    size_t i, count;
    yyjson_val *item;
    yyjson_arr_foreach(list, i, count, item)
    {
        struct bytes r = i < COUNT_OF(requests) ? json_value_bytes(f, item, "requests") : (struct bytes){0};
        if (r.size <= 1 || (i > 0 && r.data[0] <= requests[i - 1].data[0]))
            return error_set(e, PAYLOAD_REQUESTS, "%s", status_text(PAYLOAD_REQUESTS));
        requests[i] = r;
    }
    h->requests_hash = block_requests_hash(requests, (uint32_t)count);
    return STATUS_OK;
}

/* The parameters and fields of a version must be there, and those of later ones must not. */
static bool has_fields(yyjson_val *parameters, yyjson_val *payload, uint64_t version)
{
    static const struct {
        const char *key;
        uint64_t since;
    } fields[] = {
        {"withdrawals", 2}, {"blobGasUsed", 3}, {"excessBlobGas", 3}, {"blockAccessList", 5}, {"slotNumber", 5}};
    static const size_t counts[] = {0, 1, 1, 3, 4, 4}; /* of parameters */
    if (yyjson_arr_size(parameters) != counts[version]) return false;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if ((json_optional(payload, fields[i].key) != NULL) != (version >= fields[i].since)) return false;
    return (version < 3 ||
            (yyjson_is_arr(yyjson_arr_get(parameters, 1)) && yyjson_is_str(yyjson_arr_get(parameters, 2)))) &&
           (version < 4 || yyjson_is_arr(yyjson_arr_get(parameters, 3)));
}

enum status payload_read(struct json_reader *f, yyjson_val *parameters, uint64_t version,
                         const struct chain_spec *chain, struct arena *arena, struct block *out,
                         struct bytes *access_list, struct error *e)
{
    *out = (struct block){0};
    *access_list = (struct bytes){0};
    yyjson_val *payload = yyjson_arr_get(parameters, 0);
    struct header *h = &out->header;
    read_header(f, payload, h);
    const struct fork *fork = chain_fork_of(chain, h);
    h->field_count = block_header_fields(fork);
    if (version != version_of(fork))
        return error_set(e, PAYLOAD_VERSION, "%s: found %llu, expected %llu", status_text(PAYLOAD_VERSION),
                         (unsigned long long)version, (unsigned long long)version_of(fork));
    if (!has_fields(parameters, payload, version))
        return error_set(e, PAYLOAD_FIELDS, "%s", status_text(PAYLOAD_FIELDS));
    json_withdrawals(f, json_optional(payload, "withdrawals"), arena, out);
    if (out->has_withdrawals) h->withdrawals_root = block_withdrawals_root(out->withdrawals, out->withdrawal_count);
    enum status s = read_transactions(f, json_array(f, payload, "transactions"), arena, out, e);
    if (s == STATUS_OK && version >= 3) {
        s = check_versioned_hashes(f, yyjson_arr_get(parameters, 1), out, e);
        h->parent_beacon_root = json_value_hash(f, yyjson_arr_get(parameters, 2), "beacon root");
    }
    if (s == STATUS_OK && version >= 4) s = read_requests(f, yyjson_arr_get(parameters, 3), h, e);
    if (version >= 5) {
        *access_list = json_bytes(f, payload, "blockAccessList");
        keccak256(&h->access_list_hash, access_list->data, access_list->size);
    }
    if (s != STATUS_OK) return s;
    struct hash named = json_hash(f, payload, "blockHash");
    header_hash(&out->hash, h);
    if (!hash_equal(&out->hash, &named)) return error_set(e, BLOCK_HASH, "%s", status_text(BLOCK_HASH));
    return STATUS_OK;
}
