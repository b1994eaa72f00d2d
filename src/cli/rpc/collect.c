/* collect: first the trace, then what is missing.
 *
 * The prestateTracer gives, for each transaction, the accounts and slots it touches as they are before it. Merged,
 * the first mention of a value is its value before the block, with one exception: a contract that a transaction of
 * the block creates is not listed there (it was empty), but it is by later transactions, with what it got in
 * between. Contracts that are first mentioned after the first transaction are therefore compared with the nonce
 * they had before the block, and left to be asked for if it differs.
 *
 * System contracts, recipients of withdrawals, uncles' miners and the hashes of old blocks are in no trace: the
 * block is executed once on a view that fetches what it does not have. */
#include "cli/rpc/collect.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

enum { BATCH_MAX = 100, NAME_SIZE = 43 };

void collector_begin(struct collector *c, struct rpc *r, uint64_t block)
{
    *c = (struct collector){.rpc = r, .parent = block - 1, .state = state_memory_new(), .known = state_memory_new()};
}

void collector_free(struct collector *c)
{
    state_memory_free(c->state);
    state_memory_free(c->known);
}

static void name_of(char out[NAME_SIZE], const struct address *a)
{
    out[0] = '0';
    out[1] = 'x';
    hex_encode(out + 2, a->b, sizeof a->b);
}

static bool is_known(const struct collector *c, const struct address *a)
{
    return state_memory_find(c->known, a) != NULL;
}

/* Notes an account's fields. One that is empty is left out: it does not exist. */
static void put_account(struct collector *c, const struct address *a, struct u256 balance, uint64_t nonce,
                        struct bytes code)
{
    state_memory_account(c->known, a);
    if (u256_is_zero(balance) && nonce == 0 && code.size == 0) return;
    struct memory_account *account = state_memory_account(c->state, a);
    account->balance = balance;
    account->nonce = nonce;
    if (code.size != 0) {
        struct hash hash = keccak256_bytes(code);
        state_memory_set_code(c->state, account, &hash, code);
    }
}

static void put_slot(struct collector *c, const struct address *a, const struct u256 *key, const struct u256 *value)
{
    struct u256 noted = state_memory_slot(c->known, a, key);
    if (!u256_is_zero(noted)) return;
    state_memory_set_slot(c->known, a, key, &U256_ONE);
    if (state_memory_find(c->state, a) != NULL) state_memory_set_slot(c->state, a, key, value);
}

/* ---- the trace --------------------------------------------------------------------------------------------------- */

/* A contract that needs a second look. */
struct suspect {
    struct address address;
    uint64_t nonce; /* as the trace has it */
};
struct suspects {
    struct suspect *items;
    size_t count, capacity;
};

static void suspect(struct suspects *s, const struct address *a, uint64_t nonce)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity == 0 ? 64 : s->capacity * 2;
        s->items = base_realloc(s->items, s->capacity * sizeof *s->items);
    }
    s->items[s->count++] = (struct suspect){*a, nonce};
}

/* Finds the contracts of which the first mention is not what they were before the block. */
static enum status find_created(struct collector *c, const struct suspects *s, struct state_memory *created)
{
    for (size_t at = 0; at < s->count; at += BATCH_MAX) {
        size_t count = s->count - at < BATCH_MAX ? s->count - at : BATCH_MAX;
        char texts[BATCH_MAX][96], name[NAME_SIZE];
        const char *parameters[BATCH_MAX];
        yyjson_val *results[BATCH_MAX];
        for (size_t i = 0; i < count; i++) {
            name_of(name, &s->items[at + i].address);
            (void)snprintf(texts[i], sizeof texts[i], "\"%s\",\"0x%llx\"", name, (unsigned long long)c->parent);
            parameters[i] = texts[i];
        }
        struct json_reader f;
        enum status status = rpc_batch(c->rpc, &f, &c->error, "eth_getTransactionCount", parameters, count, results);
        if (status != STATUS_OK) return status;
        for (size_t i = 0; i < count; i++)
            if (json_value_u64(&f, results[i], "nonce") != s->items[at + i].nonce)
                state_memory_account(created, &s->items[at + i].address);
        status = f.status;
        json_close(&f);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

static void take_account(struct collector *c, struct json_reader *f, const struct address *a, yyjson_val *fields)
{
    if (!is_known(c, a)) {
        yyjson_val *code = json_optional(fields, "code");
        put_account(c, a, json_optional_u256(f, fields, "balance"), json_optional_u64(f, fields, "nonce"),
                    code == NULL ? (struct bytes){0} : json_value_bytes(f, code, "code"));
    }
    yyjson_obj_iter i = yyjson_obj_iter_with(json_optional(fields, "storage"));
    for (yyjson_val *slot; (slot = yyjson_obj_iter_next(&i)) != NULL;) {
        struct u256 key = json_value_u256(f, slot, "storage key");
        struct u256 value = json_value_u256(f, yyjson_obj_iter_get_val(slot), "storage value");
        put_slot(c, a, &key, &value);
    }
}

/* Calls back for each account that each transaction mentions. */
static void each_mention(struct json_reader *f,
                         void (*visit)(void *context, struct json_reader *f, size_t transaction,
                                       const struct address *a, yyjson_val *fields),
                         void *context)
{
    yyjson_val *transaction;
    size_t n, count;
    yyjson_arr_foreach(f->root, n, count, transaction)
    {
        yyjson_obj_iter i = yyjson_obj_iter_with(json_object(f, transaction, "result"));
        for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
            struct address a = json_value_address(f, key, "account");
            visit(context, f, n, &a, yyjson_obj_iter_get_val(key));
        }
    }
}

struct first_pass {
    struct state_memory *seen;
    struct suspects suspects;
};

static void look_for_suspects(void *context, struct json_reader *f, size_t transaction, const struct address *a,
                              yyjson_val *fields)
{
    struct first_pass *p = context;
    if (state_memory_find(p->seen, a) != NULL) return;
    state_memory_account(p->seen, a);
    if (transaction > 0 && json_optional(fields, "code") != NULL)
        suspect(&p->suspects, a, json_optional_u64(f, fields, "nonce"));
}

struct second_pass {
    struct collector *collector;
    const struct state_memory *created;
};

static void take_mention(void *context, struct json_reader *f, size_t transaction, const struct address *a,
                         yyjson_val *fields)
{
    (void)transaction;
    struct second_pass *p = context;
    if (state_memory_find(p->created, a) == NULL) take_account(p->collector, f, a, fields);
}

/* The trace must be there for every transaction. */
static enum status check_trace(struct collector *c, struct json_reader *f)
{
    if (!yyjson_is_arr(f->root))
        return error_set(&c->error, NODE_REFUSED, "%s: %s: expected an array with a trace for each transaction",
                         f->file, f->place);
    yyjson_val *transaction;
    size_t n, count;
    yyjson_arr_foreach(f->root, n, count, transaction)
    {
        yyjson_val *error = json_optional(transaction, "error");
        if (error == NULL) continue;
        char what[64];
        (void)snprintf(what, sizeof what, "%s: transaction %zu", f->place, n);
        return rpc_refused(&c->error, f->file, what, error);
    }
    return STATUS_OK;
}

enum status collector_trace(struct collector *c)
{
    struct json_reader f;
    enum status s = rpc_call(c->rpc, &f, &c->error, "debug_traceBlockByNumber",
                             "\"0x%llx\",{\"tracer\":\"prestateTracer\",\"tracerConfig\":{\"diffMode\":false}}",
                             (unsigned long long)c->parent + 1);
    if (s != STATUS_OK) return s;
    s = check_trace(c, &f);
    struct first_pass first = {.seen = state_memory_new()};
    struct state_memory *created = state_memory_new();
    if (s == STATUS_OK) each_mention(&f, look_for_suspects, &first);
    if (s == STATUS_OK) s = f.status;
    if (s == STATUS_OK) s = find_created(c, &first.suspects, created);
    if (s == STATUS_OK) {
        each_mention(&f, take_mention, &(struct second_pass){c, created});
        s = f.status;
    }
    state_memory_free(first.seen);
    state_memory_free(created);
    free(first.suspects.items);
    json_close(&f);
    return s;
}

/* ---- what the trace has not ------------------------------------------------------------------------------------ */

/* Adds what was asked for to the error. */
static enum status say_what(struct collector *c, const char *what)
{
    struct error said = c->error;
    return error_set(&c->error, said.status, "%.360s (%s)", said.text, what);
}

static enum status ask_account(struct collector *c, const struct address *a, const char *name)
{
    unsigned long long block = c->parent;
    struct json_reader balance, nonce, code;
    enum status s = rpc_call(c->rpc, &balance, &c->error, "eth_getBalance", "\"%s\",\"0x%llx\"", name, block);
    if (s != STATUS_OK) return s;
    s = rpc_call(c->rpc, &nonce, &c->error, "eth_getTransactionCount", "\"%s\",\"0x%llx\"", name, block);
    if (s == STATUS_OK) {
        s = rpc_call(c->rpc, &code, &c->error, "eth_getCode", "\"%s\",\"0x%llx\"", name, block);
        if (s == STATUS_OK) {
            put_account(c, a, json_value_u256(&balance, balance.root, "balance"),
                        json_value_u64(&nonce, nonce.root, "nonce"), json_value_bytes(&code, code.root, "code"));
            s = balance.status != STATUS_OK ? balance.status : nonce.status != STATUS_OK ? nonce.status : code.status;
            json_close(&code);
        }
        json_close(&nonce);
    }
    json_close(&balance);
    return s;
}

static enum status need_account(struct collector *c, const struct address *a)
{
    if (is_known(c, a)) return STATUS_OK;
    char name[NAME_SIZE], what[NAME_SIZE + 16];
    name_of(name, a);
    if (ask_account(c, a, name) == STATUS_OK) return STATUS_OK;
    (void)snprintf(what, sizeof what, "account %s", name);
    return say_what(c, what);
}

static enum status ask_slot(struct collector *c, const struct address *a, const struct u256 *key)
{
    char name[NAME_SIZE], digits[65], what[NAME_SIZE + 96];
    uint8_t bytes[32];
    name_of(name, a);
    u256_store_be(bytes, *key);
    hex_encode(digits, bytes, sizeof bytes);
    (void)snprintf(what, sizeof what, "storage slot 0x%s of %s", digits, name);
    struct json_reader f;
    enum status s = rpc_call(c->rpc, &f, &c->error, "eth_getStorageAt", "\"%s\",\"0x%s\",\"0x%llx\"", name, digits,
                             (unsigned long long)c->parent);
    if (s != STATUS_OK) return say_what(c, what);
    struct u256 value = json_value_u256(&f, f.root, "slot");
    s = f.status;
    json_close(&f);
    if (s != STATUS_OK) return say_what(c, what);
    put_slot(c, a, key, &value);
    return STATUS_OK;
}

static enum status view_account(void *context, const struct address *a, struct account_data *out)
{
    struct collector *c = context;
    enum status s = need_account(c, a);
    if (s != STATUS_OK) return s;
    struct state_view view = state_memory_view(c->state);
    s = view.account(view.context, a, out);
    /* What was not asked for yet may be there: who has no storage is not asked for slots. */
    out->has_storage = out->exists && !hash_equal(&out->code_hash, &code_empty.hash);
    return s;
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct collector *c = context;
    enum status s = need_account(c, a);
    if (s != STATUS_OK) return s;
    struct u256 noted = state_memory_slot(c->known, a, key);
    if (u256_is_zero(noted) && state_memory_find(c->state, a) != NULL) s = ask_slot(c, a, key);
    if (s != STATUS_OK) return s;
    *out = state_memory_slot(c->state, a, key);
    return STATUS_OK;
}

static enum status view_code(void *context, const struct address *a, const struct hash *hash, struct bytes *out)
{
    struct collector *c = context;
    struct state_view view = state_memory_view(c->state);
    return view.code(view.context, a, hash, out);
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct collector *c = context;
    struct state_view view = state_memory_view(c->state);
    if (view.block_hash(view.context, number, out) == STATUS_OK) return STATUS_OK;
    struct json_reader f;
    enum status s = rpc_call(c->rpc, &f, &c->error, "eth_getBlockByNumber", "\"0x%llx\",false",
                             (unsigned long long)number);
    if (s != STATUS_OK) return s;
    bool is_there = !yyjson_is_null(f.root);
    if (is_there) *out = json_hash(&f, f.root, "hash");
    s = f.status;
    json_close(&f);
    if (!is_there)
        return error_set(&c->error, STATE_MISSING, "%s: expected a node that has block %llu, whose hash is asked for",
                         c->rpc->url, (unsigned long long)number);
    if (s == STATUS_OK) state_memory_set_block_hash(c->state, number, out);
    return s;
}

struct state_view collector_view(struct collector *c)
{
    return (struct state_view){c, view_account, view_storage, view_code, view_block_hash};
}
