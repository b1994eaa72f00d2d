/* form: what a document shows of a block against the block itself. */
#include "json/json.h"

/* ---- transactions ------------------------------------------------------------------------------------------------ */

static bool access_lists_equal(const struct transaction *a, const struct transaction *b)
{
    if (a->access_count != b->access_count) return false;
    for (uint32_t i = 0; i < a->access_count; i++) {
        const struct access_entry *x = &a->access_list[i], *y = &b->access_list[i];
        if (!address_equal(&x->address, &y->address) || x->key_count != y->key_count ||
            (x->key_count != 0 && memcmp(x->keys, y->keys, x->key_count * sizeof *x->keys) != 0))
            return false;
    }
    return true;
}

static bool signatures_equal(const struct signature *a, const struct signature *b)
{
    return u256_equal(a->r, b->r) && u256_equal(a->s, b->s) && a->y_parity == b->y_parity;
}

static bool authorizations_equal(const struct transaction *a, const struct transaction *b)
{
    if (a->authorization_count != b->authorization_count) return false;
    for (uint32_t i = 0; i < a->authorization_count; i++) {
        const struct authorization *x = &a->authorizations[i], *y = &b->authorizations[i];
        if (!u256_equal(x->chain_id, y->chain_id) || !address_equal(&x->address, &y->address) || x->nonce != y->nonce ||
            !signatures_equal(&x->signature, &y->signature))
            return false;
    }
    return true;
}

const char *json_transactions_differ(const struct transaction *a, const struct transaction *b)
{
    if (a->type != b->type) return "type";
    if (a->nonce != b->nonce) return "nonce";
    if (a->gas_limit != b->gas_limit) return "gas limit";
    if (!u256_equal(a->max_fee, b->max_fee) || !u256_equal(a->max_priority_fee, b->max_priority_fee)) return "fees";
    if (a->is_create != b->is_create || !address_equal(&a->to, &b->to)) return "recipient";
    if (!u256_equal(a->value, b->value)) return "value";
    if (!bytes_equal(a->data, b->data)) return "data";
    if (!access_lists_equal(a, b)) return "access list";
    if (!u256_equal(a->max_blob_fee, b->max_blob_fee) || a->blob_count != b->blob_count ||
        (a->blob_count != 0 && memcmp(a->blob_hashes, b->blob_hashes, a->blob_count * sizeof *a->blob_hashes) != 0))
        return "blobs";
    return authorizations_equal(a, b) ? NULL : "authorizations";
}

static const char *signed_differ(const struct transaction *a, const struct transaction *b)
{
    const char *field = json_transactions_differ(a, b);
    if (field != NULL) return field;
    if (a->has_chain_id != b->has_chain_id || a->chain_id != b->chain_id) return "chain id";
    return signatures_equal(&a->signature, &b->signature) ? NULL : "signature";
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

const char *json_headers_differ(const struct header *a, const struct header *b)
{
#define SAME(name, field)                                                                                              \
    if (memcmp(&a->field, &b->field, sizeof a->field) != 0) return name
    if (a->field_count != b->field_count) return "number of fields";
    SAME("parentHash", parent_hash);
    SAME("uncleHash", uncles_hash);
    SAME("coinbase", beneficiary);
    SAME("stateRoot", state_root);
    SAME("transactionsTrie", transactions_root);
    SAME("receiptTrie", receipts_root);
    SAME("bloom", bloom);
    SAME("difficulty", difficulty);
    SAME("number", number);
    SAME("gasLimit", gas_limit);
    SAME("gasUsed", gas_used);
    SAME("timestamp", timestamp);
    if (!bytes_equal(a->extra_data, b->extra_data)) return "extraData";
    SAME("mixHash", prev_randao);
    SAME("nonce", nonce);
    SAME("baseFeePerGas", base_fee);
    SAME("withdrawalsRoot", withdrawals_root);
    SAME("blobGasUsed", blob_gas_used);
    SAME("excessBlobGas", excess_blob_gas);
    SAME("parentBeaconBlockRoot", parent_beacon_root);
    SAME("requestsHash", requests_hash);
    SAME("blockAccessListHash", access_list_hash);
    SAME("slotNumber", slot_number);
#undef SAME
    return NULL;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* Reads member i of a list and compares it with the block's: the field that differs, or NULL. */
typedef const char *compare_one(struct json_reader *f, yyjson_val *item, struct arena *arena, const struct block *b,
                                size_t i);

static bool list_equals(struct json_reader *f, yyjson_val *v, const char *key, struct arena *arena,
                        const struct block *b, size_t expected, compare_one *compare, struct error *difference)
{
    yyjson_val *list = json_optional(v, key), *item;
    size_t i, count = 0;
    if (list == NULL) return true;
    if (yyjson_arr_size(list) != expected) {
        error_set(difference, BAD_FIELD, "%s: the document has %zu, the RLP %zu", key, yyjson_arr_size(list), expected);
        return false;
    }
    yyjson_arr_foreach(list, i, count, item)
    {
        const char *field = compare(f, item, arena, b, i);
        if (field == NULL || f->status != STATUS_OK) continue;
        error_set(difference, BAD_FIELD, "%s: %zu: %s differs from the RLP", key, i, field);
        return false;
    }
    return true;
}

static const char *compare_transaction(struct json_reader *f, yyjson_val *item, struct arena *arena,
                                       const struct block *b, size_t i)
{
    struct transaction tx;
    json_transaction(f, item, arena, &tx);
    json_signature(f, item, &tx);
    return signed_differ(&tx, &b->transactions[i]);
}

static const char *compare_uncle(struct json_reader *f, yyjson_val *item, struct arena *arena, const struct block *b,
                                 size_t i)
{
    (void)arena;
    struct header h;
    json_header(f, item, &header_names_tests, &h);
    return json_headers_differ(&h, &b->uncles[i]);
}

static const char *compare_withdrawal(struct json_reader *f, yyjson_val *item, struct arena *arena,
                                      const struct block *b, size_t i)
{
    (void)arena;
    struct withdrawal x = json_withdrawal(f, item);
    const struct withdrawal *y = &b->withdrawals[i];
    if (x.index != y->index) return "index";
    if (x.validator_index != y->validator_index) return "validatorIndex";
    if (!address_equal(&x.address, &y->address)) return "address";
    return x.amount == y->amount ? NULL : "amount";
}

bool json_block_equals(struct json_reader *f, yyjson_val *v, struct arena *arena, const struct block *b,
                       struct error *difference)
{
    yyjson_val *named = json_optional(v, "blockHeader");
    if (named != NULL) {
        struct header h;
        json_header(f, named, &header_names_tests, &h);
        const char *field = json_headers_differ(&h, &b->header);
        if (field == NULL && json_optional(named, "hash") != NULL) {
            struct hash hash = json_hash(f, named, "hash");
            if (!hash_equal(&hash, &b->hash)) field = "hash";
        }
        if (field != NULL && f->status == STATUS_OK) {
            error_set(difference, BAD_FIELD, "blockHeader: %s differs from the RLP", field);
            return false;
        }
    }
    return list_equals(f, v, "transactions", arena, b, b->transaction_count, compare_transaction, difference) &&
           list_equals(f, v, "uncleHeaders", arena, b, b->uncle_count, compare_uncle, difference) &&
           list_equals(f, v, "withdrawals", arena, b, b->withdrawal_count, compare_withdrawal, difference);
}
