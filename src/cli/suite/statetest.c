/* statetest: official state tests (execution-spec-tests, ethereum/tests). One transaction on a pre-state, for each
 * fork and each choice of data, gas limit and value; the state root and the logs afterwards are compared.
 *
 *     { name: { env, pre, transaction: { data: [], gasLimit: [], value: [], ... },
 *               post: { fork: [ { indexes, hash, logs, txbytes, expectException } ] } } } */
#include <stdio.h>
#include <stdlib.h>

#include "cli/suite/suite.h"
#include "json/json.h"
#include "json/prestate.h"

/* One case of a file while it is being run. */
struct state_test {
    struct tester *tester;
    struct suite_report *report;
    struct json_reader *reader;
    const char *name;
    yyjson_val *env, *transaction, *blobs; /* blobs: a schedule (EIP-7840); may be NULL */
    struct state_memory *pre;
    const struct bytes *data; /* decoded from transaction.data */
    size_t data_count;
    uint64_t chain_id;
};

/* What one entry of `post` asks for. */
struct expectation {
    const char *fork_name;
    const struct fork *fork;
    struct hash state_root, logs_hash;
    const char *exception; /* NULL: the transaction is valid */
    struct bytes encoded;  /* txbytes; empty: not there */
    uint32_t data, gas, value;
    yyjson_val *state; /* the accounts afterwards, to explain a wrong root; may be NULL */
};

/* ---- reading --------------------------------------------------------------------------------------------------- */

static void read_expectation(struct json_reader *f, yyjson_val *post, struct expectation *x)
{
    x->state_root = json_hash(f, post, "hash");
    x->logs_hash = json_hash(f, post, "logs");
    yyjson_val *exception = json_optional(post, "expectException");
    x->exception = exception == NULL ? NULL : yyjson_get_str(exception);
    x->encoded = json_optional(post, "txbytes") == NULL ? (struct bytes){0} : json_bytes(f, post, "txbytes");
    yyjson_val *indexes = json_object(f, post, "indexes");
    x->data = (uint32_t)json_u64(f, indexes, "data");
    x->gas = (uint32_t)json_u64(f, indexes, "gas");
    x->value = (uint32_t)json_u64(f, indexes, "value");
    x->state = json_optional(post, "state");
}

/* Who sends the transaction: named, or whoever has the key. */
static struct address read_sender(struct json_reader *f, yyjson_val *from)
{
    if (json_optional(from, "sender") != NULL) return json_address(f, from, "sender");
    struct address out = {{0}};
    struct hash key = u256_to_hash(json_u256(f, from, "secretKey"));
    if (!secp256k1_address_of_secret(&out, key.b)) json_expect(f, "secretKey", "a key of secp256k1");
    return out;
}

static void read_fees(struct json_reader *f, yyjson_val *from, const struct fork *fork, struct transaction *out)
{
    if (json_optional(from, "maxFeePerGas") != NULL) {
        out->type = TX_FEE_MARKET;
        out->max_fee = out->max_priority_fee = json_u256(f, from, "maxFeePerGas");
        if (json_optional(from, "maxPriorityFeePerGas") != NULL)
            out->max_priority_fee = json_u256(f, from, "maxPriorityFeePerGas");
    } else if (fork->base_fee.elasticity == 0 || json_optional(from, "gasPrice") != NULL) {
        out->max_fee = out->max_priority_fee = json_u256(f, from, "gasPrice");
    }
}

/* The transaction that an entry chooses; it has no signature. The sender comes with it. STATUS_OK, or why no
 * transaction can be like this. */
static enum status read_transaction(const struct state_test *t, const struct expectation *x, struct transaction *out,
                                    struct address *sender)
{
    struct json_reader *f = t->reader;
    yyjson_val *from = t->transaction, *to = json_optional(from, "to");
    struct arena *arena = &t->tester->arena;
    *out = (struct transaction){.chain_id = t->chain_id};
    struct u256 nonce = json_u256(f, from, "nonce");
    out->nonce = nonce.w[0];
    out->gas_limit = json_value_u64(f, yyjson_arr_get(json_array(f, from, "gasLimit"), x->gas), "gasLimit");
    out->value = json_value_u256(f, yyjson_arr_get(json_array(f, from, "value"), x->value), "value");
    if (x->data >= t->data_count)
        json_expect(f, "indexes.data", "an index into transaction.data");
    else
        out->data = t->data[x->data];
    out->is_create = to == NULL || yyjson_equals_str(to, "");
    if (!out->is_create) out->to = json_value_address(f, to, "to");
    *sender = read_sender(f, from);

    yyjson_val *list = yyjson_arr_get(json_optional(from, "accessLists"), x->data);
    if (list != NULL && !yyjson_is_null(list)) {
        out->type = TX_ACCESS_LIST;
        json_access_list(f, list, arena, out);
    }
    read_fees(f, from, x->fork, out);
    if (json_optional(from, "blobVersionedHashes") != NULL) {
        out->type = TX_BLOB;
        out->max_blob_fee = json_u256(f, from, "maxFeePerBlobGas");
        json_blob_hashes(f, json_array(f, from, "blobVersionedHashes"), arena, out);
    }
    if (json_optional(from, "authorizationList") != NULL) {
        out->type = TX_SET_CODE;
        json_authorizations(f, json_array(f, from, "authorizationList"), arena, out);
    }
    out->has_chain_id = out->type != TX_LEGACY;
    return u256_fits_u64(nonce) ? STATUS_OK : TX_NONCE_MAX;
}

/* What tests mean by no base fee. */
enum { DEFAULT_BASE_FEE = 10 };

static void read_header(const struct state_test *t, const struct fork *fork, struct header *out)
{
    struct json_reader *f = t->reader;
    *out = (struct header){
        .field_count = block_header_fields(fork),
        .beneficiary = json_address(f, t->env, "currentCoinbase"),
        .difficulty = json_optional_u256(f, t->env, "currentDifficulty"),
        .number = json_u64(f, t->env, "currentNumber"),
        .gas_limit = json_u64(f, t->env, "currentGasLimit"),
        .timestamp = json_u64(f, t->env, "currentTimestamp"),
    };
    if (fork->prevrandao) {
        struct u256 random = json_optional_u256(f, t->env, "currentRandom");
        u256_store_be(out->prev_randao.b, random);
    }
    if (fork->base_fee.elasticity != 0) {
        bool given = json_optional(t->env, "currentBaseFee") != NULL;
        out->base_fee = given ? json_u256(f, t->env, "currentBaseFee") : U256(DEFAULT_BASE_FEE);
    }
    if (fork->blob.max != 0) out->excess_blob_gas = json_optional_u64(f, t->env, "currentExcessBlobGas");
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static void fail(const struct state_test *t, const struct expectation *x, const char *what, const struct hash *found,
                 const struct hash *expected, const char *more)
{
    char left[65], right[65];
    hex_encode(left, found->b, sizeof found->b);
    hex_encode(right, expected->b, sizeof expected->b);
    case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] %s is 0x%s, expected 0x%s%s%s", x->data,
                x->gas, x->value, what, left, right, *more == 0 ? "" : ": ", more);
}

/* Behind a trace stands the state root, whatever became of the transaction; as geth's program has it, also without
 * one. */
static void trace_root(const struct state_test *t, const struct state_memory *after)
{
    const struct options *o = t->tester->options;
    if (!o->trace && !o->evm) return;
    char text[65];
    state_memory_root(after, NULL, &t->tester->root);
    t->tester->has_root = true;
    hex_encode(text, t->tester->root.b, sizeof t->tester->root.b);
    (void)fprintf(stderr, "{\"stateRoot\": \"0x%s\"}\n", text);
}

static void trace_lines(void *context, uint32_t index, struct bytes lines)
{
    (void)context, (void)index;
    (void)fwrite(lines.data, 1, lines.size, stderr);
}

/* Compares the state after the transaction. */
static void check_state(const struct state_test *t, const struct expectation *x, const struct state_memory *after,
                        const struct hash *logs_hash)
{
    struct hash root;
    state_memory_root(after, NULL, &root);
    if (!hash_equal(&root, &x->state_root)) {
        struct error difference = {STATUS_OK, ""};
        if (x->state != NULL) json_state_equals(t->reader, x->state, after, &difference);
        fail(t, x, "state root", &root, &x->state_root, difference.text);
    } else if (!hash_equal(logs_hash, &x->logs_hash)) {
        fail(t, x, "logs hash", logs_hash, &x->logs_hash, "");
    } else {
        case_passed(t->tester, t->report, t->name, x->fork_name);
    }
}

static bool has_root(const struct state_memory *m, const struct hash *expected)
{
    struct hash root;
    state_memory_root(m, NULL, &root);
    return hash_equal(&root, expected);
}

/* The state before, where a transaction was refused. Older tests give the coinbase a reward of nothing even then, by
 * which it exists from there on; before EIP-161 the root says so. */
static void check_unchanged(const struct state_test *t, const struct expectation *x)
{
    struct state_memory *rewarded = NULL;
    if (!x->fork->clear_empty && !has_root(t->pre, &x->state_root)) {
        struct header header;
        read_header(t, x->fork, &header);
        rewarded = state_memory_copy(t->pre);
        (void)state_memory_account(rewarded, &header.beneficiary);
    }
    bool is_rewarded = rewarded != NULL && has_root(rewarded, &x->state_root);
    /* The hash of an empty list, of logs as well. */
    check_state(t, x, is_rewarded ? rewarded : t->pre, &uncles_hash_empty);
    state_memory_free(rewarded);
}

/* The transaction was refused for `why`: that must have been expected, and nothing may have changed. */
static void check_refusal(const struct state_test *t, const struct expectation *x, enum status why)
{
    trace_root(t, t->pre);
    if (x->exception == NULL)
        case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] transaction refused: %s", x->data, x->gas,
                    x->value, status_text(why));
    else if (!exception_matches(x->exception, why))
        case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] refused for %s, expected %s", x->data,
                    x->gas, x->value, status_name(why), x->exception);
    else
        check_unchanged(t, x);
}

/* Compares the decoded transaction with the fields, and finds who signed. STATUS_OK, or why the transaction is
 * refused. */
static enum status check_encoding(const struct expectation *x, const struct transaction *named,
                                  const struct address *sender, const struct transaction *decoded,
                                  const char **mismatch)
{
    *mismatch = json_transactions_differ(decoded, named);
    struct address recovered = {{0}};
    struct signature_rules rules = {.low_s = x->fork->low_s, .chain_id = x->fork->replay_protection};
    enum status s = transaction_sender(&recovered, decoded, rules);
    if (s == STATUS_OK && *mismatch == NULL && !address_equal(&recovered, sender)) *mismatch = "sender";
    return s;
}

/* Executes the transaction on `state`, which becomes the state after it. */
static void execute(const struct state_test *t, const struct expectation *x, const struct transaction *tx,
                    const struct address *sender, struct state_memory *state)
{
    struct chain_spec chain = {
        .id = t->chain_id, .dao_block = NEVER, .activations = {{x->fork, BY_NUMBER, 0}}, .activation_count = 1};
    struct header header;
    read_header(t, x->fork, &header);
    const struct address *authorities = NULL;
    if (tx->authorization_count != 0) {
        struct address *all = ARENA_ARRAY(&t->tester->arena, struct address, tx->authorization_count);
        tx_authorities(tx, all);
        authorities = all;
    }
    struct state_view view = state_memory_view(state);
    view.block_hash = prestate_block_hash;
    struct block_trace trace;
    block_trace_init(&trace, t->tester->options->tracing, trace_lines, NULL);
    struct block_task task = {.chain = &chain,
                              .fork = x->fork,
                              .header = &header,
                              .transactions = tx,
                              .senders = sender,
                              .authorities = authorities == NULL ? NULL : &authorities,
                              .transaction_count = 1,
                              .view = &view,
                              .tracing = t->tester->options->trace ? &trace.tracing : NULL,
                              .transactions_only = true};
    struct block_result result;
    struct error error, difference;
    enum status s = tester_execute(t->tester, &task, false, &result, &error, &difference);
    if (difference.status != STATUS_OK) {
        case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] %s", x->data, x->gas, x->value,
                    difference.text);
    } else if (s != STATUS_OK) {
        check_refusal(t, x, s);
    } else if (x->exception != NULL) {
        case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] transaction accepted, expected %s",
                    x->data, x->gas, x->value, x->exception);
    } else {
        struct hash logs_hash = result_logs_hash(&result);
        state_memory_apply(state, &result.diff);
        trace_root(t, state);
        check_state(t, x, state, &logs_hash);
    }
}

/* One entry of `post`. The pre-state may be changed when it is the last. */
static void run_entry(const struct state_test *t, struct expectation *x, yyjson_val *post, bool last)
{
    read_expectation(t->reader, post, x);
    if (t->reader->status != STATUS_OK) return;
    char unknown[EXCEPTION_NAME_SIZE];
    if (x->exception != NULL && exception_unknown(x->exception, unknown)) {
        case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] expectException: unknown name %s", x->data,
                    x->gas, x->value, unknown);
        return;
    }
    struct transaction named, decoded;
    struct address sender;
    /* The fields of one that cannot be decoded may be such as no transaction has. */
    enum status s = x->encoded.size == 0 ? STATUS_OK : transaction_decode(&decoded, x->encoded, &t->tester->arena);
    if (s != STATUS_OK) {
        check_refusal(t, x, s);
        return;
    }
    s = read_transaction(t, x, &named, &sender);
    const struct transaction *tx = &named;
    if (t->reader->status != STATUS_OK) return;
    if (s != STATUS_OK) {
        check_refusal(t, x, s);
        return;
    }
    if (x->encoded.size != 0) {
        const char *mismatch = NULL;
        s = check_encoding(x, &named, &sender, &decoded, &mismatch);
        if (mismatch != NULL) {
            case_failed(t->tester, t->report, t->name, x->fork_name, "[%u,%u,%u] txbytes and fields differ in %s",
                        x->data, x->gas, x->value, mismatch);
            return;
        }
        if (s != STATUS_OK) {
            check_refusal(t, x, s);
            return;
        }
        tx = &decoded;
    }
    struct state_memory *state = last ? t->pre : state_memory_copy(t->pre);
    execute(t, x, tx, &sender, state);
    if (!last) state_memory_free(state);
}

/* The rules of the fork that the entry is under, with the test's own blob numbers. */
static void use_blobs(const struct state_test *t, struct expectation *x)
{
    struct chain_spec chain = {.activations = {{x->fork, BY_NUMBER, 0}}, .activation_count = 1};
    json_blob_schedule(t->reader, t->blobs, &chain);
    x->fork = chain.activations[0].fork;
}

static void run_forks(const struct state_test *t, yyjson_val *post)
{
    const struct fork *only = t->tester->options->fork;
    size_t left = 0;
    uint64_t number = 0;
    yyjson_obj_iter i = yyjson_obj_iter_with(post);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        left += yyjson_arr_size(yyjson_obj_iter_get_val(key));
    i = yyjson_obj_iter_with(post);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL && !interrupted();) {
        struct expectation x = {.fork_name = yyjson_get_str(key), .fork = fork_find(yyjson_get_str(key))};
        yyjson_val *entries = yyjson_obj_iter_get_val(key), *entry;
        bool is_wanted = only == NULL || x.fork == only;
        if (x.fork != NULL) use_blobs(t, &x);
        size_t n, count;
        yyjson_arr_foreach(entries, n, count, entry)
        {
            left--;
            if (interrupted() || t->reader->status != STATUS_OK) return;
            bool is_other = t->tester->options->subtest != SUBTEST_ALL && number != t->tester->options->subtest;
            number++;
            if (!is_wanted || is_other) continue;
            t->tester->has_root = false;
            if (x.fork == NULL)
                case_skipped(t->tester, t->report, t->name, x.fork_name, "unknown fork");
            else
                run_entry(t, &x, entry, left == 0);
        }
    }
}

static void run_case(struct tester *tester, struct suite_report *r, struct json_reader *f, const char *name,
                     yyjson_val *v)
{
    struct state_test t = {.tester = tester, .report = r, .reader = f, .name = name, .chain_id = 1};
    t.env = json_object(f, v, "env");
    t.transaction = json_object(f, v, "transaction");
    yyjson_val *config = json_optional(v, "config"), *post = json_object(f, v, "post");
    if (json_optional(config, "chainid") != NULL) t.chain_id = json_u64(f, config, "chainid");
    t.blobs = json_optional(config, "blobSchedule");

    yyjson_val *data = json_array(f, t.transaction, "data"), *item;
    struct bytes *all = ARENA_ARRAY(&tester->arena, struct bytes, yyjson_arr_size(data) + 1);
    size_t count;
    yyjson_arr_foreach(data, t.data_count, count, item) all[t.data_count] = json_value_bytes(f, item, "data");
    t.data = all;

    t.pre = state_memory_new();
    json_accounts(f, json_object(f, v, "pre"), t.pre);
    if (f->status == STATUS_OK) run_forks(&t, post);
    state_memory_free(t.pre);
}

static void run_file(struct tester *t, const char *path, struct suite_report *r)
{
    suite_cases(t, path, r, run_case);
}

enum exit_code statetest_command(const struct options *o)
{
    return suite_run(o, run_file);
}
