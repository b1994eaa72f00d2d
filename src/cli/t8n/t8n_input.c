/* t8n: reading what goes in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/t8n/t8n.h"

/* A value and the document it is in. */
struct place {
    struct json_reader *reader;
    yyjson_val *value;
};

static const char *or_else(const char *given, const char *usual)
{
    return given == NULL ? usual : given;
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "stdin") == 0;
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

/* Finds what the option names: a file's whole document, or a member of the one on stdin. `in_stdin`: the document, once
 * it is read. */
static enum status open_place(struct t8n_input *in, const char *path, const char *key, struct json_reader **in_stdin,
                              struct place *out, struct error *e)
{
    struct json_reader *f = is_stdin(path) && *in_stdin != NULL ? *in_stdin : &in->documents[in->document_count];
    if (f != *in_stdin) {
        enum status s = json_open(f, is_stdin(path) ? "/dev/stdin" : path, e);
        if (s != STATUS_OK) return s;
        in->document_count++;
        if (is_stdin(path)) *in_stdin = f;
    }
    *out = (struct place){f, is_stdin(path) ? json_optional(f->root, key) : f->root};
    return STATUS_OK;
}

/* ---- environment ------------------------------------------------------------------------------------------------- */

static bool has(const struct place *env, const char *key)
{
    return json_optional(env->value, key) != NULL;
}

/* The member, which must be an array or an object where it is there. */
static yyjson_val *list_of(const struct place *env, const char *key)
{
    yyjson_val *v = json_optional(env->value, key);
    return v == NULL ? NULL : json_array(env->reader, env->value, key);
}

static yyjson_val *object_of(const struct place *env, const char *key)
{
    yyjson_val *v = json_optional(env->value, key);
    return v == NULL ? NULL : json_object(env->reader, env->value, key);
}

static enum status misfit(struct error *e, const char *text)
{
    return error_set(e, BAD_CONFIG, "env: expected %s", text);
}

static void read_uncles(struct t8n_input *in, const struct place *env)
{
    yyjson_val *list = list_of(env, "ommers"), *item;
    size_t i, count;
    struct header *uncles = ARENA_ARRAY(&in->arena, struct header, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach(list, i, count, item)
    {
        uint64_t age = json_u64(env->reader, item, "delta");
        if (age > 8) json_expect(env->reader, "delta", "a number of at most 8");
        uncles[i] = (struct header){.number = in->header.number - age,
                                    .beneficiary = json_address(env->reader, item, "address")};
    }
    in->body.uncles = uncles;
    in->body.uncle_count = (uint32_t)yyjson_arr_size(list);
}

/* The hashes that BLOCKHASH may ask for; the parent's goes into the header. Without any, EIP-2935's call is left
 * out. */
static void read_block_hashes(struct t8n_input *in, const struct place *env)
{
    yyjson_val *hashes = object_of(env, "blockHashes");
    if (hashes == NULL) in->fork.parent_hash = false;
    yyjson_obj_iter i = yyjson_obj_iter_with(hashes);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        uint64_t number = json_value_u64(env->reader, key, "number in blockHashes");
        struct hash hash = json_value_hash(env->reader, yyjson_obj_iter_get_val(key), "blockHashes");
        state_memory_set_block_hash(in->state, number, &hash);
        if (number == in->header.number - 1) in->header.parent_hash = hash;
    }
}

static enum status find_base_fee(struct t8n_input *in, const struct place *env, struct error *e)
{
    in->has_base_fee = has(env, "currentBaseFee");
    if (in->has_base_fee) in->base_fee = json_u256(env->reader, env->value, "currentBaseFee");
    if (in->fork.base_fee.elasticity == 0) return STATUS_OK;
    if (!in->has_base_fee) {
        if (!has(env, "parentBaseFee") || in->header.number == 0)
            return misfit(e, "parentBaseFee, where currentBaseFee is missing (EIP-1559)");
        struct header parent = {.field_count = HEADER_BASE_FEE,
                                .number = in->header.number - 1,
                                .base_fee = json_u256(env->reader, env->value, "parentBaseFee"),
                                .gas_used = json_optional_u64(env->reader, env->value, "parentGasUsed"),
                                .gas_limit = json_optional_u64(env->reader, env->value, "parentGasLimit")};
        /* The first block with a base fee has a fixed one. */
        const struct fork *before = chain_fork_at(&in->chain, parent.number, 0);
        if (before->base_fee.elasticity == 0) parent.field_count = HEADER_FIELDS_MIN;
        bool no_target = parent.gas_limit < in->fork.base_fee.elasticity && parent.gas_used != 0;
        if (no_target && header_has(&parent, HEADER_BASE_FEE))
            return misfit(e, "parentGasLimit, where parentGasUsed is not zero (EIP-1559)");
        in->base_fee = block_base_fee(&in->fork, &parent);
        in->has_base_fee = true;
    }
    in->header.base_fee = in->base_fee;
    return STATUS_OK;
}

static enum status find_difficulty(struct t8n_input *in, const struct place *env, struct error *e)
{
    struct header *h = &in->header;
    struct json_reader *f = env->reader;
    if (in->fork.difficulty == DIFFICULTY_NONE) {
        if (!has(env, "currentRandom")) return misfit(e, "currentRandom (EIP-4399)");
        if (!u256_is_zero(json_optional_u256(f, env->value, "currentDifficulty")))
            return misfit(e, "a currentDifficulty of zero, or none, after the merge");
        h->prev_randao = u256_to_hash(json_u256(f, env->value, "currentRandom"));
        return STATUS_OK;
    }
    if (has(env, "currentDifficulty")) {
        h->difficulty = json_u256(f, env->value, "currentDifficulty");
        return STATUS_OK;
    }
    uint64_t parent_timestamp = json_optional_u64(f, env->value, "parentTimestamp");
    if (!has(env, "parentDifficulty")) return misfit(e, "parentDifficulty, where currentDifficulty is missing");
    if (h->number == 0) return misfit(e, "currentDifficulty for block 0");
    if (h->timestamp <= parent_timestamp) return misfit(e, "a currentTimestamp after parentTimestamp");
    struct hash uncles = uncles_hash_empty;
    if (has(env, "parentUncleHash")) uncles = json_hash(f, env->value, "parentUncleHash");
    static const struct hash none;
    bool has_uncles = !hash_equal(&uncles, &uncles_hash_empty) && !hash_equal(&uncles, &none);
    h->difficulty = block_difficulty(&in->fork, h->number, h->timestamp, parent_timestamp,
                                     json_u256(f, env->value, "parentDifficulty"), has_uncles);
    return STATUS_OK;
}

static enum status find_blob_price(struct t8n_input *in, const struct place *env, struct error *e)
{
    struct json_reader *f = env->reader;
    in->has_blob_price = true;
    if (has(env, "currentExcessBlobGas")) {
        in->header.excess_blob_gas = json_u64(f, env->value, "currentExcessBlobGas");
        return STATUS_OK;
    }
    in->has_blob_price = has(env, "parentExcessBlobGas") && has(env, "parentBlobGasUsed");
    if (!in->has_blob_price || in->fork.blob.max == 0) return STATUS_OK;
    struct header parent = {.field_count = HEADER_BLOB_GAS,
                            .base_fee = json_optional_u256(f, env->value, "parentBaseFee"),
                            .excess_blob_gas = json_u64(f, env->value, "parentExcessBlobGas"),
                            .blob_gas_used = json_u64(f, env->value, "parentBlobGasUsed")};
    if (block_excess_needs_base_fee(&in->fork, &parent) && !has(env, "parentBaseFee"))
        return misfit(e, "parentBaseFee, where currentExcessBlobGas is missing (EIP-7918)");
    in->header.excess_blob_gas = block_excess_blob_gas(&in->fork, &parent);
    return STATUS_OK;
}

enum status t8n_chain_id(uint64_t *out, const struct t8n_options *o, struct error *e)
{
    char *end;
    const char *text = or_else(o->chain_id, "1");
    errno = 0;
    *out = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != 0 || *text == '-')
        return error_set(e, BAD_CONFIG, "--state.chainid: expected a number, found '%s'", text);
    return STATUS_OK;
}

static enum status read_numbers(struct t8n_input *in, const struct t8n_options *o, int64_t *reward, struct error *e)
{
    char *end;
    const char *text = or_else(o->reward, "0");
    errno = 0;
    *reward = strtoll(text, &end, 0);
    if (errno != 0 || end == text || *end != 0)
        return error_set(e, BAD_CONFIG, "--state.reward: expected a number of wei or -1, found '%s'", text);
    return t8n_chain_id(&in->chain.id, o, e);
}

/* The header's numbers and the rules, which the rest of the environment depends on. */
static enum status read_rules(struct t8n_input *in, const struct place *env, const struct t8n_options *o,
                              struct error *e)
{
    struct header *h = &in->header;
    h->number = json_u64(env->reader, env->value, "currentNumber");
    h->timestamp = json_u64(env->reader, env->value, "currentTimestamp");
    h->gas_limit = json_u64(env->reader, env->value, "currentGasLimit");
    h->beneficiary = json_address(env->reader, env->value, "currentCoinbase");
    if (env->reader->status != STATUS_OK) return env->reader->status;
    enum status s = t8n_find_chain(&in->chain, &in->fork, or_else(o->fork, "GrayGlacier"), has(env, "currentRandom"),
                                   h->number, h->timestamp, e);
    if (s != STATUS_OK) return s;
    int64_t reward;
    s = read_numbers(in, o, &reward, e);
    in->pay_reward = reward >= 0;
    in->fork.block_reward = reward >= 0 ? (uint64_t)reward : 0;
    h->field_count = block_header_fields(&in->fork);
    return s;
}

static enum status read_environment(struct t8n_input *in, const struct place *env, const struct t8n_options *o,
                                    struct error *e)
{
    struct json_reader *f = env->reader;
    if (!yyjson_is_obj(env->value)) {
        json_expect(f, "env", "an object");
        return f->status;
    }
    enum status s = read_rules(in, env, o, e);
    if (s == STATUS_OK) s = find_base_fee(in, env, e);
    if (s == STATUS_OK && in->fork.withdrawals && !has(env, "withdrawals")) s = misfit(e, "withdrawals (EIP-4895)");
    if (s == STATUS_OK) s = find_difficulty(in, env, e);
    if (s == STATUS_OK && in->fork.beacon_root && !has(env, "parentBeaconBlockRoot"))
        s = misfit(e, "parentBeaconBlockRoot (EIP-4788)");
    if (s != STATUS_OK) return s;
    json_withdrawals(f, list_of(env, "withdrawals"), &in->arena, &in->body);
    if (has(env, "parentBeaconBlockRoot")) {
        struct hash root = json_hash(f, env->value, "parentBeaconBlockRoot");
        if (in->fork.beacon_root) in->header.parent_beacon_root = root;
    }
    in->header.slot_number = json_optional_u64(f, env->value, "slotNumber");
    s = find_blob_price(in, env, e);
    read_uncles(in, env);
    read_block_hashes(in, env);
    return f->status == STATUS_OK ? s : f->status;
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

/* Signs with the key that stands beside the transaction. */
static void sign(struct t8n_input *in, struct json_reader *f, yyjson_val *v, struct transaction *tx)
{
    struct hash key = u256_to_hash(json_u256(f, v, "secretKey")), digest;
    yyjson_val *is_protected = json_optional(v, "protected");
    bool bare = is_protected != NULL && !yyjson_is_true(is_protected);
    if (tx->type != TX_LEGACY && (bare || (tx->chain_id != 0 && tx->chain_id != in->chain.id)))
        json_expect(f, "chainId", "what the signer of this type of transaction asks for");
    if (!bare) {
        tx->has_chain_id = true;
        tx->chain_id = in->chain.id;
    }
    transaction_signing_hash(&digest, tx);
    struct secp256k1_signature signature;
    if (!secp256k1_sign(&signature, &digest, key.b)) {
        json_expect(f, "secretKey", "a key of secp256k1");
        return;
    }
    tx->signature = (struct signature){u256_load_be(signature.r), u256_load_be(signature.s), signature.recovery_id & 1};
}

static void read_one(struct t8n_input *in, struct json_reader *f, yyjson_val *v, struct transaction *tx)
{
    json_transaction(f, v, &in->arena, tx);
    bool is_signed = !u256_is_zero(json_optional_u256(f, v, "v")) || !u256_is_zero(json_optional_u256(f, v, "r")) ||
                     !u256_is_zero(json_optional_u256(f, v, "s"));
    if (!is_signed && json_optional(v, "secretKey") != NULL)
        sign(in, f, v, tx);
    else
        json_signature(f, v, tx);
}

static enum status read_list(struct t8n_input *in, const struct place *txs)
{
    struct json_reader *f = txs->reader;
    if (txs->value != NULL && !yyjson_is_arr(txs->value)) json_expect(f, "txs", "an array");
    size_t i, count = yyjson_arr_size(txs->value);
    in->transactions = ARENA_ARRAY(&in->arena, struct t8n_transaction, count + 1);
    in->transaction_count = (uint32_t)count;
    yyjson_val *item;
    char place[48];
    yyjson_arr_foreach(txs->value, i, count, item)
    {
        (void)snprintf(place, sizeof place, "transaction %zu", i);
        f->place = place;
        in->transactions[i].unreadable = STATUS_OK;
        read_one(in, f, item, &in->transactions[i].tx);
    }
    f->place = NULL;
    return f->status;
}

/* A transaction that cannot be decoded is rejected, as long as the list around it can be read. */
static enum status read_rlp(struct t8n_input *in, struct json_reader *f, yyjson_val *text, struct error *e)
{
    struct bytes encoded = json_value_bytes(f, text, "transactions");
    if (f->status != STATUS_OK) return f->status;
    struct rlp whole = rlp_of(encoded), list;
    size_t count = 0;
    enum status s = rlp_enter(&whole, &list);
    if (s == STATUS_OK) s = rlp_count(list, &count);
    if (s != STATUS_OK) return error_set(e, s, "%s: transactions: %s", f->file, status_text(s));
    in->transactions = ARENA_ARRAY(&in->arena, struct t8n_transaction, count + 1);
    in->transaction_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        struct rlp_item item;
        ASSERT(rlp_read_item(&list, &item) == STATUS_OK);
        struct t8n_transaction *to = &in->transactions[i];
        to->unreadable = transaction_decode(&to->tx, item.is_list ? item.encoded : item.payload, &in->arena);
    }
    return STATUS_OK;
}

static enum status read_transactions(struct t8n_input *in, const char *path, const struct place *txs, struct error *e)
{
    size_t size = strlen(path);
    if (size >= 4 && strcmp(path + size - 4, ".rlp") == 0) return read_rlp(in, txs->reader, txs->value, e);
    yyjson_val *encoded = is_stdin(path) ? json_optional(txs->reader->root, "txsRlp") : NULL;
    if (encoded != NULL && yyjson_get_len(encoded) != 0) return read_rlp(in, txs->reader, encoded, e);
    return read_list(in, txs);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

enum status t8n_read(struct t8n_input *in, const struct t8n_options *o, struct error *e)
{
    const char *txs_path = or_else(o->txs, "txs.json");
    struct json_reader *in_stdin = NULL;
    struct place alloc, env, txs;
    in->state = state_memory_new();
    enum status s = open_place(in, or_else(o->alloc, "alloc.json"), "alloc", &in_stdin, &alloc, e);
    if (s == STATUS_OK) s = open_place(in, or_else(o->env, "env.json"), "env", &in_stdin, &env, e);
    if (s == STATUS_OK) s = open_place(in, txs_path, "txs", &in_stdin, &txs, e);
    if (s == STATUS_OK) s = read_environment(in, &env, o, e);
    if (s == STATUS_OK) s = read_transactions(in, txs_path, &txs, e);
    if (s != STATUS_OK) return s;
    if (alloc.value != NULL && !yyjson_is_obj(alloc.value)) json_expect(alloc.reader, "alloc", "an object");
    json_accounts(alloc.reader, alloc.value, in->state);
    return alloc.reader->status;
}

void t8n_input_free(struct t8n_input *in)
{
    for (uint32_t i = 0; i < in->document_count; i++) json_close(&in->documents[i]);
    if (in->state != NULL) state_memory_free(in->state);
    arena_free(&in->arena);
}
