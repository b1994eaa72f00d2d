/* The C library, called in any order with whatever arguments: it answers, and what it answers makes sense. Callbacks
 * fail, use the engine that calls them, free it, and answer all the same.
 *
 *     each step: which function, and where its arguments come from */
#include <stdlib.h>

#include "fuzz.h"
#include "weft/weft.h"

enum { SLOTS = 3, STEPS_MAX = 40, ENGINES = 2 };

static weft_engine *engines[ENGINES]; /* kept from input to input, since threads cost time */
static weft_state *states[SLOTS]; /* the second may be a layer over another; the last is read through callbacks, of the
                                   * first */
static weft_block *blocks[SLOTS];
static weft_result *results[SLOTS];
static weft_chain *chains[SLOTS];
static weft_engine *running;
static uint8_t mood; /* of the callbacks */
static weft_error error;

/* A status that the header knows, with an error that goes with it. */
static bool check(weft_status status)
{
    FUZZ_CHECK((status >= WEFT_OK && status <= WEFT_UNKNOWN_NAME) || status == WEFT_CANCELLED);
    if (status == WEFT_OK) return true;
    FUZZ_CHECK(error.status == status && error.cause[0] != 0 && error.text[0] != 0);
    return false;
}

/* ---- callbacks ------------------------------------------------------------------------------- */

/* May be called from several threads, so nothing here is shared that changes. */
static bool misbehave(void)
{
    weft_word root;
    if (running == NULL) return (mood & 6) == 6; /* a state is read without an engine */
    if ((mood & 32) != 0) FUZZ_CHECK(weft_engine_cancel(running, NULL) == WEFT_OK);
    if ((mood & 1) != 0) FUZZ_CHECK(weft_state_root(states[0], running, &root, NULL) == WEFT_INVALID_ARGUMENT);
    if ((mood & 7) == 5) weft_engine_free(running);
    return (mood & 6) == 6;
}
static int32_t read_account(void *context, const weft_address *a, weft_account *out)
{
    (void)context;
    return misbehave() ? 3 : (int32_t)weft_state_account(states[0], a, out, NULL);
}
static int32_t read_storage(void *context, const weft_address *a, const weft_word *key, weft_word *out)
{
    (void)context;
    return misbehave() ? -1 : (int32_t)weft_state_storage(states[0], a, key, out, NULL);
}
static int32_t read_code(void *context, const weft_address *a, const weft_word *hash, weft_bytes *out)
{
    (void)context, (void)hash;
    if ((mood & 16) != 0) *out = (weft_bytes){NULL, 5};
    return (mood & 16) != 0 ? 0 : (int32_t)weft_state_code(states[0], a, out, NULL);
}
static int32_t read_block_hash(void *context, uint64_t number, weft_word *out)
{
    (void)context;
    out->b[31] = (uint8_t)number;
    return misbehave() ? 7 : 0;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static weft_address address(struct fuzz_input *in)
{
    return (weft_address){{[0] = 0xa0, [19] = fuzz_byte(in) % 4}};
}
static weft_word word(struct fuzz_input *in)
{
    weft_word w = {{0}};
    uint8_t first = fuzz_byte(in);
    if (first >= 250) memset(w.b, 0xff, sizeof w.b);
    w.b[30] = first;
    w.b[31] = fuzz_byte(in);
    return w;
}
/* A size as structures have it, mostly right. */
static size_t struct_size(struct fuzz_input *in, size_t right)
{
    uint8_t how = fuzz_byte(in);
    return how < 250 ? right : how % 2 == 0 ? 0 : right - 8;
}
/* The pointer, seldom NULL. */
static const void *maybe(struct fuzz_input *in, const void *p)
{
    return fuzz_byte(in) < 250 ? p : NULL;
}

static weft_header header(struct fuzz_input *in)
{
    weft_header h = {.struct_size = struct_size(in, sizeof h), .number = fuzz_byte(in), .gas_limit = 1000000};
    h.timestamp = (uint64_t)fuzz_byte(in) * 1000;
    h.base_fee = word(in);
    h.beneficiary = address(in);
    h.field_count = fuzz_byte(in) % 4 == 0 ? fuzz_byte(in) : 0;
    h.extra_data = (weft_bytes){in->at, fuzz_byte(in) % 40};
    if (h.extra_data.size > (size_t)(in->end - in->at)) h.extra_data = (weft_bytes){NULL, h.extra_data.size % 2};
    return h;
}

static void add_transaction(struct fuzz_input *in, weft_block *b)
{
    weft_word key = word(in);
    weft_access access = {.address = address(in), .keys = maybe(in, &key), .key_count = 1};
    weft_authorization authorization = {.address = address(in), .nonce = fuzz_byte(in) % 4, .r = key, .s = key};
    weft_transaction t = {.struct_size = struct_size(in, sizeof t), .type = fuzz_byte(in) % 6};
    t.has_sender = fuzz_byte(in) < 230;
    t.sender = address(in);
    t.to = address(in);
    t.is_create = fuzz_byte(in) % 8 == 0;
    t.nonce = fuzz_byte(in) % 4;
    t.gas_limit = (uint64_t)fuzz_byte(in) * 2000;
    t.max_fee = word(in);
    t.value = word(in);
    if (t.type >= 1) t.access_list = &access, t.access_count = fuzz_byte(in) % 2;
    if (t.type == 3) t.blob_hashes = &key, t.blob_count = 1;
    if (t.type == 4) t.authorizations = maybe(in, &authorization), t.authorization_count = 1;
    struct bytes data = fuzz_bytes(in, fuzz_byte(in) % 64);
    t.data = (weft_bytes){data.data, data.size};
    (void)check(weft_block_add_transaction(b, maybe(in, &t), &error));
}

static uint8_t cancel_word;

static weft_message message(struct fuzz_input *in)
{
    weft_message m = {.struct_size = struct_size(in, sizeof m), .gas = (uint64_t)fuzz_byte(in) * 1000};
    m.to = address(in);
    m.from = address(in);
    m.is_create = fuzz_byte(in) % 4 == 0;
    m.is_static = fuzz_byte(in) % 8 == 0;
    if (fuzz_byte(in) % 16 == 0) m.timeout_ns = (uint64_t)fuzz_byte(in) * 10000;
    cancel_word = fuzz_byte(in) == 7;
    if (fuzz_byte(in) % 8 == 0) m.cancel = &cancel_word;
    struct bytes data = fuzz_bytes(in, fuzz_byte(in));
    m.input = (weft_bytes){data.data, data.size};
    return m;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void change_state(struct fuzz_input *in, weft_state *s)
{
    weft_address a = address(in);
    weft_word key = word(in), value = word(in);
    uint64_t snapshot = fuzz_byte(in) % 8;
    switch (fuzz_below(in, 11)) {
    case 5: (void)check(weft_state_set_nonce(s, maybe(in, &a), fuzz_byte(in), &error)); break;
    case 6: (void)check(weft_state_set_balance(s, &a, maybe(in, &value), &error)); break;
    case 7: (void)check(weft_state_clear_storage(s, maybe(in, &a), &error)); break;
    case 8: (void)check(weft_state_snapshot(s, &snapshot, &error)); break;
    case 9: (void)check(weft_state_revert(s, snapshot, &error)); break;
    case 10: (void)check(weft_state_drop_snapshot(s, snapshot, &error)); break;
    case 0: (void)check(weft_state_set_account(s, maybe(in, &a), fuzz_byte(in) % 4, &value, &error)); break;
    case 1: (void)check(weft_state_set_storage(s, &a, maybe(in, &key), &value, &error)); break;
    case 2: (void)check(weft_state_set_block_hash(s, fuzz_byte(in), maybe(in, &key), &error)); break;
    case 3: (void)check(weft_state_apply(s, results[fuzz_below(in, SLOTS)], &error)); break;
    default: {
        struct bytes code = fuzz_bytes(in, fuzz_byte(in));
        (void)check(weft_state_set_code(s, &a, code.data, code.size, &error));
    }
    }
}

/* The second state becomes a layer over another, or over the layer that it is. */
static void put_layer(struct fuzz_input *in)
{
    weft_state *below = states[fuzz_below(in, SLOTS)], *layer;
    if (!check(weft_state_layer(below, &layer, &error))) return;
    weft_state_free(states[1]);
    states[1] = layer;
}

static void change_block(struct fuzz_input *in, weft_block **b)
{
    weft_header h = header(in);
    struct bytes bytes;
    weft_withdrawal w = {.amount = fuzz_byte(in), .address = address(in)};
    switch (fuzz_below(in, 8)) {
    case 0:
    case 1:
        weft_block_free(*b);
        FUZZ_CHECK(check(weft_block_new(maybe(in, &h), b, &error)) == (*b != NULL));
        break;
    case 2:
        weft_block_free(*b);
        bytes = fuzz_bytes(in, 600);
        FUZZ_CHECK(check(weft_block_decode(bytes.data, bytes.size, b, &error)) == (*b != NULL));
        break;
    case 3: (void)check(weft_block_add_withdrawal(*b, &w, &error)); break;
    case 4: (void)check(weft_block_add_uncle(*b, &h, &error)); break;
    case 5:
        bytes = fuzz_bytes(in, 200);
        (void)check(fuzz_byte(in) % 2 == 0 ? weft_block_add_encoded(*b, bytes.data, bytes.size, &error)
                                           : weft_block_set_access_list(*b, bytes.data, bytes.size, &error));
        break;
    default: add_transaction(in, *b); break;
    }
}

/* Everything that can be read of a result can be read, and nothing behind it. */
static void read_result(const weft_result *r)
{
    weft_summary s = {.struct_size = sizeof s};
    weft_receipt receipt = {.struct_size = sizeof receipt};
    weft_account_change change = {.struct_size = sizeof change};
    weft_conflict conflict = {.struct_size = sizeof conflict};
    weft_log log = {.struct_size = sizeof log};
    weft_stats stats = {.struct_size = sizeof stats};
    weft_bytes bytes;
    if (weft_result_summary(r, &s) != WEFT_OK) return;
    for (size_t i = 0; i <= s.receipt_count; i++) {
        FUZZ_CHECK((weft_result_receipt(r, i, &receipt) == WEFT_OK) == (i < s.receipt_count));
        for (size_t k = 0; i < s.receipt_count && k <= receipt.log_count; k++)
            FUZZ_CHECK((weft_result_log(r, i, k, &log) == WEFT_OK) == (k < receipt.log_count));
        uint8_t encoded[600];
        size_t size;
        (void)weft_result_encode_receipt(r, i, encoded, sizeof encoded, &size);
    }
    for (size_t i = 0; i <= s.account_count; i++)
        FUZZ_CHECK((weft_result_account(r, i, &change) == WEFT_OK) == (i < s.account_count));
    for (size_t i = 0; i <= s.conflict_count; i++)
        FUZZ_CHECK((weft_result_conflict(r, i, &conflict) == WEFT_OK) == (i < s.conflict_count));
    FUZZ_CHECK(weft_result_request(r, s.request_count, &bytes) == WEFT_INVALID_ARGUMENT);
    FUZZ_CHECK(weft_result_access_list(r, &bytes) == WEFT_OK && weft_result_stats(r, &stats) == WEFT_OK);
}

static void execute(struct fuzz_input *in)
{
    weft_result **r = &results[fuzz_below(in, SLOTS)];
    const weft_chain *chain = chains[fuzz_below(in, SLOTS)];
    const weft_state *state = states[fuzz_below(in, SLOTS)];
    running = fuzz_byte(in) < 250 ? engines[fuzz_below(in, ENGINES)] : NULL;
    weft_result_free(*r);
    weft_status status;
    uint8_t how = fuzz_byte(in);
    *r = NULL;
    if (how % 4 == 0) {
        weft_header h = header(in);
        weft_message a = message(in), b = message(in);
        const weft_message *both[] = {maybe(in, &a), &b};
        weft_result *two[2] = {NULL, NULL};
        status = weft_call_many(running, chain, state, &h, both, 2, 0, two, NULL, &error);
        running = NULL;
        (void)check(status);
        FUZZ_CHECK(status != WEFT_OK || (two[0] != NULL && two[1] != NULL));
        read_result(two[0]);
        weft_result_free(two[0]);
        *r = two[1];
        return;
    }
    if (how % 4 == 2) {
        weft_header h = header(in);
        weft_message m = message(in);
        status = weft_call(running, chain, state, &h, &m, fuzz_byte(in) == 255, r, &error);
    } else {
        uint32_t flags = fuzz_byte(in);
        status = weft_execute_block(running, chain, state, blocks[fuzz_below(in, SLOTS)],
                                    flags < 32 ? flags : flags & 14, r, &error);
    }
    running = NULL;
    FUZZ_CHECK(check(status) == (*r != NULL));
    read_result(*r);
}

static void ask(struct fuzz_input *in)
{
    const weft_block *b = blocks[fuzz_below(in, SLOTS)];
    const weft_state *s = states[fuzz_below(in, SLOTS)];
    weft_address a = address(in);
    weft_word w = word(in), out;
    weft_account account;
    weft_bytes bytes;
    weft_header h = {.struct_size = struct_size(in, sizeof h)};
    (void)weft_block_header(b, &h);
    (void)check(weft_block_check_parent(b, chains[fuzz_below(in, SLOTS)], maybe(in, &h), &error));
    weft_block_hash(b, &out);
    (void)weft_block_transaction_hash(b, fuzz_byte(in), &out);
    (void)check(weft_state_account(s, &a, &account, &error));
    (void)check(weft_state_storage(s, &a, &w, &out, &error));
    (void)check(weft_state_code(s, &a, &bytes, &error));
    (void)check(weft_state_root(s, fuzz_byte(in) % 2 == 0 ? NULL : engines[0], &out, &error));
    (void)weft_chain_fork(chains[fuzz_below(in, SLOTS)], fuzz_byte(in), fuzz_byte(in));
}

static void change_chain(struct fuzz_input *in, weft_chain **c)
{
    weft_activation activations[3] = {0};
    weft_chain_options o = {.struct_size = struct_size(in, sizeof o), .id = 1, .activations = activations};
    for (o.activation_count = 0; o.activation_count < 3; o.activation_count++) {
        weft_activation *a = &activations[o.activation_count];
        a->fork = weft_fork_name(fuzz_byte(in) % 32);
        a->by = fuzz_byte(in) % 3;
        a->at = o.activation_count == 0 ? fuzz_byte(in) / 200 : fuzz_byte(in);
        if (fuzz_byte(in) % 2 == 0) break;
    }
    weft_chain_free(*c);
    FUZZ_CHECK(check(weft_chain_new(maybe(in, &o), c, &error)) == (*c != NULL));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void begin(void)
{
    for (int i = 0; i < ENGINES && engines[i] == NULL; i++) {
        weft_options o = {.struct_size = sizeof o, .threads = 1 + (uint32_t)i, .more_than_processors = 1};
        o.executor = i == 0 ? WEFT_EXECUTOR_SERIAL : WEFT_EXECUTOR_PARALLEL;
        FUZZ_CHECK(check(weft_engine_new(&o, &engines[i], &error)));
    }
    weft_state_callbacks c = {sizeof c, NULL, read_account, read_storage, read_code, read_block_hash};
    states[0] = weft_state_new();
    states[1] = weft_state_new();
    FUZZ_CHECK(check(weft_state_from_callbacks(&c, &states[2], &error)));
    FUZZ_CHECK(check(weft_chain_by_name("Osaka", &chains[0], &error)));
    FUZZ_CHECK(check(weft_chain_by_name("Byzantium", &chains[1], &error)));
    weft_word rich = {{[22] = 1}};
    for (uint8_t i = 0; i < 4; i++) {
        weft_address a = {{[0] = 0xa0, [19] = i}};
        FUZZ_CHECK(check(weft_state_set_account(states[0], &a, 0, &rich, &error)));
        FUZZ_CHECK(check(weft_state_set_account(states[1], &a, 0, &rich, &error)));
    }
}

static void end(void)
{
    for (int i = 0; i < SLOTS; i++) {
        weft_state_free(states[i]);
        weft_block_free(blocks[i]);
        weft_result_free(results[i]);
        weft_chain_free(chains[i]);
        states[i] = NULL;
        blocks[i] = NULL;
        results[i] = NULL;
        chains[i] = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    begin();
    for (int step = 0; step < STEPS_MAX && in.at != in.end; step++) {
        switch (fuzz_below(&in, 9)) {
        case 0: change_state(&in, states[fuzz_below(&in, SLOTS)]); break;
        case 1:
        case 2: change_block(&in, &blocks[fuzz_below(&in, SLOTS)]); break;
        case 3: change_chain(&in, &chains[fuzz_below(&in, SLOTS)]); break;
        case 4: mood = fuzz_byte(&in); break;
        case 5: ask(&in); break;
        case 8: put_layer(&in); break;
        default: execute(&in); break;
        }
    }
    end();
    return 0;
}
