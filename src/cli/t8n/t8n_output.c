/* t8n: writing what comes out, in the form of geth's `evm t8n`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/t8n/t8n.h"

/* geth gives the block that is not made yet this hash. */
static const struct hash block_hash = {{0x13, 0x37}};

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* Both keep their own copy of the text. */
static void put_text(yyjson_mut_doc *d, yyjson_mut_val *object, const char *key, const char *text)
{
    yyjson_mut_obj_add_strcpy(d, object, key, text);
}

static yyjson_mut_val *hex_value(yyjson_mut_doc *d, const void *data, size_t size)
{
    char few[2 * 64 + 3], *text = size <= 64 ? few : base_alloc(2 * size + 3);
    memcpy(text, "0x", 2);
    hex_encode(text + 2, data, size);
    yyjson_mut_val *v = yyjson_mut_strncpy(d, text, 2 * size + 2);
    if (text != few) free(text);
    return v;
}

static void put_hex(yyjson_mut_doc *d, yyjson_mut_val *object, const char *key, const void *data, size_t size)
{
    yyjson_mut_obj_add_val(d, object, key, hex_value(d, data, size));
}

static void put_hash(yyjson_mut_doc *d, yyjson_mut_val *object, const char *key, const struct hash *h)
{
    put_hex(d, object, key, h->b, sizeof h->b);
}

static void put_u256(yyjson_mut_doc *d, yyjson_mut_val *object, const char *key, struct u256 value)
{
    char text[U256_HEX_SIZE];
    u256_to_hex(text, &value);
    put_text(d, object, key, text);
}

static void put_u64(yyjson_mut_doc *d, yyjson_mut_val *object, const char *key, uint64_t value)
{
    put_u256(d, object, key, U256(value));
}

/* ---- receipts ---------------------------------------------------------------------------------------------------- */

/* Where a receipt's logs stand in the block. */
struct log_place {
    uint32_t transaction, first;
    struct hash hash; /* of the transaction */
};

static yyjson_mut_val *make_logs(yyjson_mut_doc *d, const struct t8n_output *out, const struct receipt *r,
                                 const struct log_place *at)
{
    yyjson_mut_val *list = yyjson_mut_arr(d);
    for (uint32_t i = 0; i < r->log_count; i++) {
        const struct log *log = &r->logs[i];
        yyjson_mut_val *v = yyjson_mut_arr_add_obj(d, list), *topics;
        put_hex(d, v, "address", log->address.b, sizeof log->address.b);
        topics = yyjson_mut_obj_add_arr(d, v, "topics");
        for (uint32_t k = 0; k < log->topic_count; k++)
            yyjson_mut_arr_append(topics, hex_value(d, log->topics[k].b, sizeof log->topics[k].b));
        put_hex(d, v, "data", log->data.data, log->data.size);
        put_u64(d, v, "blockNumber", out->header.number);
        put_hash(d, v, "transactionHash", &at->hash);
        put_u64(d, v, "transactionIndex", at->transaction);
        put_hash(d, v, "blockHash", &block_hash);
        put_u64(d, v, "blockTimestamp", out->header.timestamp);
        put_u64(d, v, "logIndex", at->first + i);
        yyjson_mut_obj_add_bool(d, v, "removed", false);
    }
    return list;
}

static yyjson_mut_val *make_receipt(yyjson_mut_doc *d, const struct t8n_output *out, const struct log_place *at)
{
    uint32_t i = at->transaction;
    const struct receipt *r = &out->block.receipts[i];
    const struct transaction *tx = &out->included[i];
    yyjson_mut_val *v = yyjson_mut_obj(d);
    if (r->type != TX_LEGACY) put_u64(d, v, "type", r->type);
    put_hex(d, v, "root", r->state_root.b, r->has_state_root ? sizeof r->state_root.b : 0);
    put_u64(d, v, "status", r->succeeded);
    put_u64(d, v, "cumulativeGasUsed", r->cumulative_gas);
    put_hex(d, v, "logsBloom", r->bloom.b, sizeof r->bloom.b);
    yyjson_mut_obj_add_val(d, v, "logs", make_logs(d, out, r, at));
    put_hash(d, v, "transactionHash", &at->hash);
    struct address created = {{0}};
    if (tx->is_create) created = create_address(&out->senders[i], tx->nonce);
    put_hex(d, v, "contractAddress", created.b, sizeof created.b);
    put_u64(d, v, "gasUsed", out->block.transactions[i].gas_used);
    yyjson_mut_obj_add_null(d, v, "effectiveGasPrice");
    if (tx->type == TX_BLOB) {
        put_u64(d, v, "blobGasUsed", (uint64_t)tx->blob_count * GAS_PER_BLOB);
        bool beyond; /* then there are no blobs */
        put_u256(d, v, "blobGasPrice", block_blob_base_fee(&out->in->fork, out->header.excess_blob_gas, &beyond));
    }
    put_hash(d, v, "blockHash", &block_hash);
    put_u64(d, v, "blockNumber", out->header.number);
    put_u64(d, v, "transactionIndex", i);
    return v;
}

static yyjson_mut_val *make_receipts(yyjson_mut_doc *d, const struct t8n_output *out)
{
    yyjson_mut_val *list = yyjson_mut_arr(d);
    struct log_place at = {0};
    for (uint32_t i = 0; i < out->included_count; i++) {
        at.transaction = i;
        transaction_hash(&at.hash, &out->included[i]);
        yyjson_mut_arr_append(list, make_receipt(d, out, &at));
        at.first += out->block.receipts[i].log_count;
    }
    return list;
}

/* ---- the result -------------------------------------------------------------------------------------------------- */

static void put_rejected(yyjson_mut_doc *d, yyjson_mut_val *v, const struct t8n_output *out)
{
    if (out->rejected_count == 0) return;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(d, v, "rejected");
    for (uint32_t i = 0; i < out->rejected_count; i++) {
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(d, list);
        yyjson_mut_obj_add_uint(d, one, "index", out->rejected[i].index);
        put_text(d, one, "error",
                 t8n_rejection_text(out->rejected[i].why, out->in->transactions[out->rejected[i].index].tx.type));
    }
}

static void put_requests(yyjson_mut_doc *d, yyjson_mut_val *v, const struct t8n_output *out)
{
    if (out->in->fork.requests == 0) {
        yyjson_mut_obj_add_null(d, v, "requests");
        return;
    }
    put_hash(d, v, "requestsHash", &out->block.requests_hash);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(d, v, "requests");
    for (uint32_t i = 0; i < out->block.request_count; i++)
        yyjson_mut_arr_append(list, hex_value(d, out->block.requests[i].data, out->block.requests[i].size));
}

static void put_access_list(yyjson_mut_doc *d, yyjson_mut_val *v, const struct t8n_output *out)
{
    if (!out->in->fork.block_access_list) return;
    struct rlp_writer w = {0};
    bal_encode(&w, &out->block.access_list);
    struct bytes encoded = rlp_written(&w);
    put_hex(d, v, "blockAccessList", encoded.data, encoded.size);
    put_hash(d, v, "blockAccessListHash", &out->block.access_list_hash);
    rlp_writer_free(&w);
}

static yyjson_mut_val *make_result(yyjson_mut_doc *d, const struct t8n_output *out, const struct hash *state_root)
{
    const struct t8n_input *in = out->in;
    const struct block_result *r = &out->block;
    struct hash root = block_transactions_root(out->included, out->included_count), logs = result_logs_hash(r);
    yyjson_mut_val *v = yyjson_mut_obj(d);
    put_hash(d, v, "stateRoot", state_root);
    put_hash(d, v, "txRoot", &root);
    put_hash(d, v, "receiptsRoot", &r->receipts_root);
    put_hash(d, v, "logsHash", &logs);
    put_hex(d, v, "logsBloom", r->bloom.b, sizeof r->bloom.b);
    yyjson_mut_obj_add_val(d, v, "receipts", make_receipts(d, out));
    put_rejected(d, v, out);
    if (in->fork.difficulty == DIFFICULTY_NONE)
        yyjson_mut_obj_add_null(d, v, "currentDifficulty");
    else
        put_u256(d, v, "currentDifficulty", out->header.difficulty);
    put_u64(d, v, "gasUsed", r->gas_used);
    if (in->has_base_fee) put_u256(d, v, "currentBaseFee", in->base_fee);
    if (in->body.has_withdrawals) {
        root = block_withdrawals_root(in->body.withdrawals, in->body.withdrawal_count);
        put_hash(d, v, "withdrawalsRoot", &root);
    }
    if (in->has_blob_price) {
        put_u64(d, v, "currentExcessBlobGas", out->header.excess_blob_gas);
        put_u64(d, v, "blobGasUsed", r->blob_gas_used);
    }
    put_requests(d, v, out);
    put_access_list(d, v, out);
    return v;
}

/* ---- the state --------------------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    return memcmp(*(const struct address *const *)a, *(const struct address *const *)b, sizeof(struct address));
}

static int by_key(const void *a, const void *b)
{
    return u256_compare((*(const struct memory_slot *const *)a)->key, (*(const struct memory_slot *const *)b)->key);
}

static void put_storage(yyjson_mut_doc *d, yyjson_mut_val *v, const struct state_memory *m,
                        const struct memory_account *a)
{
    const struct memory_slot **slots = base_alloc((a->live_slots + 1) * sizeof *slots);
    size_t count = 0;
    for (uint32_t id = a->first_slot; id != 0; id = m->slots[id - 1].next)
        if (!u256_is_zero(m->slots[id - 1].value)) slots[count++] = &m->slots[id - 1];
    qsort(slots, count, sizeof *slots, by_key);
    yyjson_mut_val *storage = count == 0 ? NULL : yyjson_mut_obj_add_obj(d, v, "storage");
    for (size_t i = 0; i < count; i++) {
        struct hash key = u256_to_hash(slots[i]->key), value = u256_to_hash(slots[i]->value);
        yyjson_mut_obj_add(storage, hex_value(d, key.b, sizeof key.b), hex_value(d, value.b, sizeof value.b));
    }
    free(slots);
}

/* Accounts by address, slots by key. */
static yyjson_mut_val *make_alloc(yyjson_mut_doc *d, const struct state_memory *m)
{
    const struct memory_account **accounts = base_alloc((m->account_count + 1) * sizeof *accounts);
    size_t count = 0;
    for (uint32_t i = 0; i < m->account_count; i++)
        if (m->accounts[i].exists) accounts[count++] = &m->accounts[i];
    qsort(accounts, count, sizeof *accounts, by_address); /* the address is the first member */
    yyjson_mut_val *alloc = yyjson_mut_obj(d);
    for (size_t i = 0; i < count; i++) {
        const struct memory_account *a = accounts[i];
        yyjson_mut_val *v = yyjson_mut_obj(d);
        if (a->code.size != 0) put_hex(d, v, "code", a->code.data, a->code.size);
        put_storage(d, v, m, a);
        put_u256(d, v, "balance", a->balance);
        if (a->nonce != 0) put_u64(d, v, "nonce", a->nonce);
        yyjson_mut_obj_add(alloc, hex_value(d, a->address.b, sizeof a->address.b), v);
    }
    free(accounts);
    return alloc;
}

/* ---- instructions ------------------------------------------------------------------------------------------------ */

static yyjson_mut_val *make_counts(yyjson_mut_doc *d, const struct t8n_output *out)
{
    yyjson_mut_val *v = yyjson_mut_obj(d);
    char scratch[32];
    for (unsigned op = 0; op < 256; op++) {
        if (out->trace.counts[op] == 0) continue;
        yyjson_mut_val *name = yyjson_mut_strcpy(d, vm_trace_name((uint8_t)op, scratch, sizeof scratch));
        yyjson_mut_obj_add(v, name, yyjson_mut_uint(d, out->trace.counts[op]));
    }
    return v;
}

/* ---- the body ---------------------------------------------------------------------------------------------------- */

static yyjson_mut_val *make_body(yyjson_mut_doc *d, const struct t8n_output *out)
{
    struct rlp_writer w = {0};
    for (uint32_t i = out->included_count; i-- > 0;) {
        size_t mark = rlp_mark(&w);
        transaction_encode(&w, &out->included[i]);
        if (out->included[i].type != TX_LEGACY) rlp_put_string_around(&w, mark);
    }
    rlp_put_list(&w, 0);
    struct bytes encoded = rlp_written(&w);
    yyjson_mut_val *v = hex_value(d, encoded.data, encoded.size);
    rlp_writer_free(&w);
    return v;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

char *t8n_path(const char *folder, const char *name)
{
    if (folder == NULL || *folder == 0) return base_strdup(name);
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = base_alloc(size);
    (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* Makes the folder and those above it. */
enum status t8n_make_folder(const char *folder, struct error *e)
{
    if (folder == NULL || *folder == 0) return STATUS_OK;
    char *path = base_strdup(folder);
    int failed = 0;
    for (char *at = path + 1; failed == 0; at++) {
        if (*at != '/' && *at != 0) continue;
        char was = *at;
        *at = 0;
        failed = mkdir(path, 0755) != 0 && errno != EEXIST;
        *at = was;
        if (was == 0) break;
    }
    free(path);
    return failed == 0 ? STATUS_OK : error_set(e, FILE_UNWRITABLE, "%s: %s", folder, strerror(errno));
}

static enum status write_text(FILE *to, const char *path, yyjson_mut_val *v, struct error *e)
{
    size_t size;
    char *text = yyjson_mut_val_write(v, YYJSON_WRITE_PRETTY_TWO_SPACES, &size);
    ASSERT(text != NULL);
    enum status s = STATUS_OK;
    if (to == NULL)
        s = file_write(path, (struct bytes){(const uint8_t *)text, size}, e);
    else if (fwrite(text, 1, size, to) != size || fputc('\n', to) == EOF)
        s = error_set(e, FILE_UNWRITABLE, "%s: expected to be writable", path);
    free(text);
    return s;
}

/* What goes to stdout and to stderr, each one object in the end. */
struct streams {
    yyjson_mut_val *out, *err;
};

static enum status dispatch(yyjson_mut_doc *d, struct streams *to, const char *folder, const char *path,
                            const char *name, yyjson_mut_val *v, struct error *e)
{
    if (*path == 0) return STATUS_OK;
    if (strcmp(path, "stdout") == 0 || strcmp(path, "stderr") == 0) {
        yyjson_mut_obj_add_val(d, path[3] == 'o' ? to->out : to->err, name, v);
        return STATUS_OK;
    }
    char *full = t8n_path(folder, path);
    enum status s = write_text(NULL, full, v, e);
    free(full);
    return s;
}

enum status t8n_write(const struct t8n_output *out, struct t8n_input *in, const struct t8n_options *o, struct error *e)
{
    state_memory_apply(in->state, &out->block.diff);
    struct hash state_root;
    state_memory_root(in->state, engine_pool(out->engine), &state_root);
    yyjson_mut_doc *d = yyjson_mut_doc_new(NULL);
    struct streams to = {yyjson_mut_obj(d), yyjson_mut_obj(d)};
    enum status s = dispatch(d, &to, o->folder, o->out_alloc == NULL ? "alloc.json" : o->out_alloc, "alloc",
                             make_alloc(d, in->state), e);
    if (s == STATUS_OK && o->out_body != NULL)
        s = dispatch(d, &to, o->folder, o->out_body, "body", make_body(d, out), e);
    if (s == STATUS_OK)
        s = dispatch(d, &to, o->folder, o->out_result == NULL ? "result.json" : o->out_result, "result",
                     make_result(d, out, &state_root), e);
    if (s == STATUS_OK && in->count_opcodes)
        s = dispatch(d, &to, o->folder, o->opcode_count, "opcodeCount", make_counts(d, out), e);
    if (s == STATUS_OK && yyjson_mut_obj_size(to.out) != 0) s = write_text(stdout, "standard output", to.out, e);
    if (s == STATUS_OK && yyjson_mut_obj_size(to.err) != 0) s = write_text(stderr, "standard error", to.err, e);
    yyjson_mut_doc_free(d);
    return s;
}
