/* Single messages, and states behind callbacks. */
#include <limits.h>
#include <pthread.h>

#include "helpers.h"

enum { CONTRACT = 0xc0 };

static weft_message message_to(uint64_t to, uint64_t gas)
{
    return (weft_message){.struct_size = sizeof(weft_message), .gas = gas, .from = address_of(1), .to = address_of(to)};
}

static weft_result *call(weft_engine *engine, const weft_state *state, const weft_message *message)
{
    weft_error error;
    weft_chain *chain = chain_named("Osaka");
    weft_header header = header_of(100);
    weft_result *result = NULL;
    CHECK_OK(weft_call(engine, chain, state, &header, message, 0, &result, &error));
    weft_chain_free(chain);
    return result;
}

TEST(api_call_returns_output_and_gas)
{
    /* NUMBER CALLER ADD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN */
    static const uint8_t code[] = {0x43, 0x33, 0x01, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};
    weft_state *state = state_of(1);
    set_code(state, CONTRACT, code, sizeof code);
    weft_engine *engine = engine_of(1, 0);
    weft_message m = message_to(CONTRACT, 1000);
    weft_result *result = call(engine, state, &m);
    weft_receipt r = receipt_of(result, 0);
    CHECK(r.succeeded && !r.reverted && r.bloom == NULL);
    CHECK_TEXT(r.outcome, "success");
    CHECK_EQ_U64(r.gas_used, 2 + 2 + 3 + 2 + 3 + 3 + 3 + 2);
    CHECK_EQ_U64(r.gas_left, 1000 - r.gas_used);
    CHECK_EQ_U64(r.output.size, 32);
    CHECK_EQ_U64(load_be64(r.output.data + 24), 101);
    CHECK_BYTES(r.output.data + 12, address_of(1).b, 12);
    CHECK_EQ_U64(summary_of(result).account_count, 0);
    size_t size;
    CHECK(weft_result_encode_receipt(result, 0, NULL, 0, &size) == WEFT_INVALID_ARGUMENT);
    weft_result_free(result);

    m.gas = 10;
    result = call(engine, state, &m);
    CHECK_TEXT(receipt_of(result, 0).outcome, "out of gas");
    CHECK_EQ_U64(receipt_of(result, 0).gas_left, 0);
    weft_result_free(result);
    weft_engine_free(engine);
    weft_state_free(state);
}

TEST(api_call_shows_changes_and_logs)
{
    weft_error error;
    weft_state *state = state_of(1);
    set_code(state, CONTRACT, counter_code, sizeof counter_code);
    weft_engine *engine = engine_of(1, 0);
    weft_message m = message_to(CONTRACT, 100000);
    m.value = word_of(9);
    for (uint64_t i = 1; i <= 3; i++) {
        weft_result *result = call(engine, state, &m);
        weft_log log = {.struct_size = sizeof log};
        CHECK(weft_result_log(result, 0, 0, &log) == WEFT_OK);
        CHECK_EQ_U64(log.data.data[31], i);
        CHECK_EQ_U64(summary_of(result).account_count, 2);
        CHECK_OK(weft_state_apply(state, result, &error));
        weft_result_free(result);
    }
    weft_account account;
    weft_address contract = address_of(CONTRACT);
    CHECK_OK(weft_state_account(state, &contract, &account, &error));
    CHECK_EQ_U64(low_of(&account.balance), 27);

    m.is_static = 1;
    weft_result *result;
    weft_chain *chain = chain_named("Osaka");
    weft_header header = header_of(1);
    CHECK_FAILS(weft_call(engine, chain, state, &header, &m, 0, &result, &error), WEFT_INVALID_ARGUMENT,
                "API_BAD_ARGUMENT");
    weft_chain_free(chain);
    m.value = word_of(0);
    result = call(engine, state, &m);
    CHECK_TEXT(receipt_of(result, 0).outcome, "state change in a static call");
    CHECK_EQ_U64(summary_of(result).account_count, 0);
    weft_result_free(result);

    m = message_to(CONTRACT, 100000);
    m.from = address_of(1234); /* has nothing */
    m.value = word_of(1);
    result = call(engine, state, &m);
    CHECK_TEXT(receipt_of(result, 0).outcome, "insufficient balance");
    CHECK_EQ_U64(receipt_of(result, 0).gas_left, 100000);
    weft_result_free(result);
    weft_engine_free(engine);
    weft_state_free(state);
}

TEST(api_call_creates_and_reverts)
{
    weft_error error;
    weft_state *state = state_of(1);
    weft_engine *engine = engine_of(1, 0);
    /* Returns two bytes of memory: code 0x0000. PUSH1 2 PUSH0 RETURN */
    static const uint8_t initcode[] = {0x60, 0x02, 0x5f, 0xf3};
    weft_message m = message_to(0, 100000);
    m.is_create = 1;
    m.input = (weft_bytes){initcode, sizeof initcode};
    weft_result *result = call(engine, state, &m);
    weft_receipt r = receipt_of(result, 0);
    CHECK(r.succeeded && r.has_created);
    CHECK_OK(weft_state_apply(state, result, &error));
    weft_bytes code;
    CHECK_OK(weft_state_code(state, &r.created, &code, &error));
    CHECK_EQ_U64(code.size, 2);
    weft_account account;
    weft_address creator = address_of(1);
    CHECK_OK(weft_state_account(state, &creator, &account, &error));
    CHECK_EQ_U64(account.nonce, 1);
    weft_result_free(result);

    /* MSTORE8(0, 0x77), REVERT(0, 1) */
    static const uint8_t reverting[] = {0x60, 0x77, 0x5f, 0x53, 0x60, 0x01, 0x5f, 0xfd};
    set_code(state, CONTRACT, reverting, sizeof reverting);
    m = message_to(CONTRACT, 100000);
    m.value = word_of(5);
    result = call(engine, state, &m);
    r = receipt_of(result, 0);
    CHECK(!r.succeeded && r.reverted && r.output.size == 1 && r.output.data[0] == 0x77);
    CHECK(r.gas_left > 99000);
    CHECK_EQ_U64(summary_of(result).account_count, 0);
    weft_result_free(result);
    weft_engine_free(engine);
    weft_state_free(state);
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static void on_a_stack_of(size_t size, void *(*work)(void *), void *context)
{
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, size) == 0);
    CHECK(pthread_create(&thread, &attributes, work, context) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
}

struct deep_calls {
    weft_engine *engine;
    weft_state *state;
    uint64_t depth;
    pthread_t caller;
};

static void *call_deeply(void *context)
{
    struct deep_calls *s = context;
    weft_message m = message_to(CONTRACT, INT64_MAX);
    s->caller = pthread_self();
    weft_result *result = call(s->engine, s->state, &m);
    weft_receipt r = receipt_of(result, 0);
    CHECK(r.succeeded);
    s->depth = load_be64(r.output.data + 24);
    weft_result_free(result);
    return NULL;
}

/* slot 0 += 1; CALL(GAS, ADDRESS, 0, 0, 0, 0, 0); return slot 0 */
static const uint8_t calls_itself[] = {0x5f, 0x54, 0x60, 0x01, 0x01, 0x5f, 0x55,             /* count */
                                       0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a, 0xf1, 0x50, /* call */
                                       0x5f, 0x54, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};      /* return */

/* A contract that calls itself as deep as it can and counts; from threads with a small stack and with a large one. */
TEST(api_deepest_calls_from_any_stack)
{
    struct deep_calls s = {engine_of(1, 0), state_of(1), 0, pthread_self()};
    set_code(s.state, CONTRACT, calls_itself, sizeof calls_itself);
    for (size_t kib = 128; kib <= (64 << 10); kib *= 2) {
        s.depth = 0;
        on_a_stack_of(kib << 10, call_deeply, &s);
        CHECK_EQ_U64(s.depth, 1025);
    }
    weft_engine_free(s.engine);
    weft_state_free(s.state);
}

/* ---- callbacks ------------------------------------------------------------------------------- */

/* Answers from a state in memory, and fails where it is told to. */
struct source {
    const weft_state *state;
    uint64_t broken; /* account that cannot be read */
    _Atomic uint32_t reads;
};

static int32_t read_account(void *context, const weft_address *a, weft_account *out)
{
    struct source *s = context;
    weft_address broken = address_of(s->broken);
    atomic_fetch_add(&s->reads, 1);
    if (memcmp(a->b, broken.b, 20) == 0) return -7;
    if (weft_state_account(s->state, a, out, NULL) != WEFT_OK) return 1;
    weft_bytes code;
    if (weft_state_code(s->state, a, &code, NULL) == WEFT_OK && code.size == 0)
        out->code_hash = word_of(0); /* counts as no code */
    return 0;
}
static int32_t read_storage(void *context, const weft_address *a, const weft_word *key, weft_word *out)
{
    return weft_state_storage(((struct source *)context)->state, a, key, out, NULL);
}
static int32_t read_code(void *context, const weft_address *a, const weft_word *code_hash, weft_bytes *out)
{
    (void)code_hash;
    return weft_state_code(((struct source *)context)->state, a, out, NULL);
}
static int32_t read_block_hash(void *context, uint64_t number, weft_word *out)
{
    (void)context;
    *out = word_of(number);
    return number == 98 ? 4 : 0;
}

static weft_state *behind_callbacks(struct source *source)
{
    weft_error error;
    weft_state *state = NULL;
    weft_state_callbacks callbacks = {sizeof callbacks, source, read_account, read_storage, read_code, read_block_hash};
    CHECK_OK(weft_state_from_callbacks(&callbacks, &state, &error));
    return state;
}

/* Where the stack is large, callbacks run on the calling thread; where it is small, on one of the engine's. */
static pthread_t asked_by;
static int32_t note_who_reads(void *context, const weft_address *a, weft_account *out)
{
    asked_by = pthread_self();
    return read_account(context, a, out);
}

TEST(api_callbacks_of_deep_calls_have_a_stack)
{
    weft_error error;
    weft_state *memory = state_of(1);
    set_code(memory, CONTRACT, calls_itself, sizeof calls_itself);
    struct source source = {memory, 0, 0};
    weft_state_callbacks callbacks = {sizeof callbacks, &source,   note_who_reads,
                                      read_storage,     read_code, read_block_hash};
    struct deep_calls s = {engine_of(1, 0), NULL, 0, pthread_self()};
    CHECK_OK(weft_state_from_callbacks(&callbacks, &s.state, &error));
    for (size_t kib = 128; kib <= (64 << 10); kib *= 512) {
        s.depth = 0;
        on_a_stack_of(kib << 10, call_deeply, &s);
        CHECK_EQ_U64(s.depth, 1025);
        CHECK_EQ_I64(pthread_equal(asked_by, s.caller) != 0, kib > 128);
    }
    weft_engine_free(s.engine);
    weft_state_free(s.state);
    weft_state_free(memory);
}

/* ---- many at once ---------------------------------------------------------------------------- */

enum { CALLERS = 6, CALLS_EACH = 300, TOKENS = 8 };

struct callers {
    weft_engine *engine;
    weft_chain *chain;
    weft_state *state;
    _Atomic uint32_t ready, refused, next;
};

/* Contract CONTRACT + n: returns n + the call data. */
static void make_adders(weft_state *state)
{
    for (uint8_t n = 0; n < TOKENS; n++) {
        const uint8_t code[] = {0x5f, 0x35, 0x60, n, 0x01, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};
        set_code(state, CONTRACT + n, code, sizeof code);
    }
}

static void *call_many_times(void *context)
{
    struct callers *c = context;
    weft_error error;
    weft_header header = header_of(100);
    uint64_t salt = 1000 * (uint64_t)atomic_fetch_add(&c->next, 1);
    atomic_fetch_add(&c->ready, 1);
    while (atomic_load(&c->ready) < CALLERS) cpu_relax();
    for (uint64_t i = 0; i < CALLS_EACH; i++) {
        weft_word data = word_of(salt + i);
        weft_message m = message_to(CONTRACT + i % TOKENS, 100000);
        weft_result *result;
        m.input = (weft_bytes){data.b, sizeof data.b};
        weft_status status = weft_call(c->engine, c->chain, c->state, &header, &m, 0, &result, &error);
        if (status == WEFT_INVALID_ARGUMENT) { /* freed meanwhile */
            CHECK(result == NULL && strstr(error.text, "freed") != NULL);
            atomic_fetch_add(&c->refused, 1);
            continue;
        }
        CHECK_OK(status);
        weft_receipt r = receipt_of(result, 0);
        CHECK(r.succeeded && r.output.size == 32);
        CHECK_EQ_U64(load_be64(r.output.data + 24), salt + i + i % TOKENS);
        weft_result_free(result);
    }
    return NULL;
}

static void call_from_threads(struct callers *c, bool free_meanwhile)
{
    pthread_t threads[CALLERS];
    atomic_store(&c->ready, 0);
    for (size_t i = 0; i < CALLERS; i++) CHECK(pthread_create(&threads[i], NULL, call_many_times, c) == 0);
    if (free_meanwhile) {
        while (atomic_load(&c->ready) < CALLERS) cpu_relax();
        weft_engine_free(c->engine);
    }
    for (size_t i = 0; i < CALLERS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Each gets its own answer; also where codes are given up after each call. */
TEST(api_calls_run_at_the_same_time)
{
    weft_error error;
    struct callers c = {.chain = chain_named("Osaka"), .state = state_of(1)};
    make_adders(c.state);
    for (uint64_t code_bytes = 0; code_bytes <= 1; code_bytes++) {
        weft_options options = {.struct_size = sizeof options, .threads = 1, .code_bytes = code_bytes};
        CHECK_OK(weft_engine_new(&options, &c.engine, &error));
        call_from_threads(&c, false);
        CHECK_EQ_U64(atomic_load(&c.refused), 0);
        weft_engine_free(c.engine);
    }
    for (int round = 0; round < 20; round++) {
        c.engine = engine_of(1, 0);
        call_from_threads(&c, true);
    }
    weft_chain_free(c.chain);
    weft_state_free(c.state);
}

/* A callback that waits for the callback of another thread: both are under way at the same time, on one engine. */
static _Atomic uint32_t inside_callbacks;
static int32_t meet_another(void *context, const weft_address *a, weft_account *out)
{
    atomic_fetch_add(&inside_callbacks, 1);
    while (atomic_load(&inside_callbacks) < 2) cpu_relax();
    return read_account(context, a, out);
}

TEST(api_calls_with_callbacks_run_at_the_same_time)
{
    weft_error error;
    weft_state *memory = state_of(1);
    set_code(memory, CONTRACT, calls_itself, sizeof calls_itself);
    struct source source = {memory, 0, 0};
    weft_state_callbacks callbacks = {sizeof callbacks, &source,   meet_another,
                                      read_storage,     read_code, read_block_hash};
    struct deep_calls s[2] = {{engine_of(1, 0), NULL, 0, pthread_self()}};
    CHECK_OK(weft_state_from_callbacks(&callbacks, &s[0].state, &error));
    s[1] = s[0];
    pthread_attr_t attributes;
    pthread_t threads[2];
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, (size_t)64 << 20) == 0);
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], &attributes, call_deeply, &s[i]) == 0);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_EQ_U64(s[0].depth + s[1].depth, 2050);
    CHECK(pthread_attr_destroy(&attributes) == 0);
    weft_engine_free(s[0].engine);
    weft_state_free(s[0].state);
    weft_state_free(memory);
}

TEST(api_call_many_gives_each_its_own)
{
    enum { COUNT = 500 };
    weft_error error, errors[COUNT];
    weft_engine *engine = engine_of(3, 0);
    weft_chain *chain = chain_named("Osaka");
    weft_header header = header_of(100);
    weft_state *memory = state_of(1);
    make_adders(memory);
    struct source source = {memory, 0xbad, 0};
    weft_state *state = behind_callbacks(&source);
    weft_word data[COUNT];
    weft_message messages[COUNT];
    const weft_message *pointers[COUNT];
    weft_result *results[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        data[i] = word_of(i * 7);
        messages[i] = message_to(CONTRACT + i % TOKENS, 100000);
        messages[i].input = (weft_bytes){data[i].b, 32};
        pointers[i] = &messages[i];
    }
    CHECK_OK(weft_call_many(engine, chain, state, &header, pointers, COUNT, 0, results, errors, &error));
    for (uint64_t i = 0; i < COUNT; i++) {
        CHECK_EQ_U64(load_be64(receipt_of(results[i], 0).output.data + 24), i * 7 + i % TOKENS);
        CHECK_EQ_I64(errors[i].status, WEFT_OK);
        weft_result_free(results[i]);
    }
    /* Some that fail: the others are there all the same. */
    messages[40].to = messages[300].to = address_of(0xbad); /* cannot be read */
    messages[41].gas = UINT64_MAX;
    CHECK_FAILS(weft_call_many(engine, chain, state, &header, pointers, COUNT, 0, results, errors, &error),
                WEFT_STATE_UNAVAILABLE, "STATE_UNAVAILABLE");
    CHECK(strstr(error.text, "message 40: ") == error.text && strstr(error.text, "`account` returned -7") != NULL);
    for (uint64_t i = 0; i < COUNT; i++) {
        weft_status expected = i == 40 || i == 300 ? WEFT_STATE_UNAVAILABLE : i == 41 ? WEFT_INVALID_ARGUMENT : WEFT_OK;
        CHECK_EQ_I64(errors[i].status, expected);
        CHECK((results[i] != NULL) == (expected == WEFT_OK));
        weft_result_free(results[i]);
    }
    pointers[3] = NULL;
    CHECK(weft_call_many(engine, chain, memory, &header, pointers, 4, 0, results, NULL, NULL) == WEFT_INVALID_ARGUMENT);
    for (int i = 0; i < 4; i++) weft_result_free(results[i]);
    CHECK_OK(weft_call_many(engine, chain, memory, &header, NULL, 0, 0, NULL, NULL, &error));
    CHECK_FAILS(weft_call_many(engine, chain, memory, &header, NULL, 1, 0, results, NULL, &error),
                WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_call_many(engine, chain, memory, &header, pointers, 1, 0, NULL, NULL, &error),
                WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_call_many(NULL, chain, memory, &header, pointers, 1, 0, results, NULL, &error),
                WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_call_many(engine, chain, memory, &header, pointers, 1, 8, results, NULL, &error),
                WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    weft_engine_free(engine);
    weft_chain_free(chain);
    weft_state_free(state);
    weft_state_free(memory);
}

TEST(api_callbacks_give_what_memory_gives)
{
    weft_error error;
    weft_state *memory = state_of(40);
    set_code(memory, CONTRACT, counter_code, sizeof counter_code);
    struct source source = {memory, 0, 0};
    weft_state *state = behind_callbacks(&source);
    weft_block *block = block_of(1);
    for (uint64_t i = 1; i <= 40; i++) add_transaction(block, transfer_of(i, 0, i % 2 == 0 ? CONTRACT : 100 + i, i));
    weft_chain *chain = chain_named("Cancun");
    weft_engine *engine = engine_of(2, WEFT_EXECUTOR_PARALLEL);
    weft_result *a, *b;
    CHECK_OK(weft_execute_block(engine, chain, memory, block, 0, &a, &error));
    CHECK_OK(weft_execute_block(engine, chain, state, block, 0, &b, &error));
    CHECK(atomic_load(&source.reads) > 40);
    weft_word x, y;
    weft_state *other = weft_state_copy(memory);
    CHECK_OK(weft_state_apply(memory, a, &error));
    CHECK_OK(weft_state_apply(other, b, &error));
    CHECK_OK(weft_state_root(memory, NULL, &x, &error));
    CHECK_OK(weft_state_root(other, NULL, &y, &error));
    CHECK_BYTES(x.b, y.b, 32);
    weft_result_free(a);
    weft_result_free(b);

    /* What is for states in memory alone. */
    CHECK_FAILS(weft_state_root(state, NULL, &x, &error), WEFT_INVALID_ARGUMENT, "API_READ_ONLY_STATE");
    weft_address address = address_of(1);
    CHECK_FAILS(weft_state_set_account(state, &address, 0, &x, &error), WEFT_INVALID_ARGUMENT, "API_READ_ONLY_STATE");
    weft_block_free(block);
    weft_chain_free(chain);
    weft_engine_free(engine);
    weft_state_free(state);
    weft_state_free(memory);
    weft_state_free(other);
}

/* Keys that only a transaction ahead of its turn asks for: the source does not have them, and nobody notices. */
TEST(api_reads_in_vain_may_fail)
{
    /* With call data: slot 0 = the data. Without: BALANCE(slot 0), which must not be zero.
     * CALLDATASIZE PUSH1 15 JUMPI  PUSH0 SLOAD BALANCE PUSH1 13 JUMPI  PUSH0 PUSH0 REVERT ... */
    static const uint8_t code[] = {0x36, 0x60, 0x0f, 0x57,             /* if data: jump to store */
                                   0x5f, 0x54, 0x31, 0x60, 0x0d, 0x57, /* if BALANCE(slot 0): jump to end */
                                   0x5f, 0x5f, 0xfd,                   /* revert */
                                   0x5b, 0x00,                         /* end */
                                   0x5b, 0x5f, 0x35, 0x5f, 0x55, 0x00};
    weft_error error;
    weft_state *memory = state_of(40);
    struct source source = {memory, 0xbad, 0};
    weft_state *state = behind_callbacks(&source);
    set_code(memory, CONTRACT, code, sizeof code);
    weft_address contract = address_of(CONTRACT), broken = address_of(0xbad), good = address_of(7);
    weft_word key = word_of(0), value = {{0}}, data = {{0}};
    memcpy(value.b + 12, broken.b, 20);
    memcpy(data.b + 12, good.b, 20);
    CHECK_OK(weft_state_set_storage(memory, &contract, &key, &value, &error));
    weft_chain *chain = chain_named("Shanghai");
    weft_engine *engine = engine_of(4, WEFT_EXECUTOR_PARALLEL);
    for (int i = 0; i < 50; i++) {
        weft_block *block = block_of(1);
        weft_transaction first = transfer_of(1, 0, CONTRACT, 0);
        first.data = (weft_bytes){data.b, 32};
        add_transaction(block, first);
        for (uint64_t k = 2; k <= 30; k++) add_transaction(block, transfer_of(k, 0, CONTRACT, 0));
        weft_result *result;
        CHECK_OK(weft_execute_block(engine, chain, state, block, 0, &result, &error));
        for (size_t k = 0; k < 30; k++) CHECK(receipt_of(result, k).succeeded);
        weft_result_free(result);
        weft_block_free(block);
    }
    weft_engine_free(engine);
    weft_chain_free(chain);
    weft_state_free(state);
    weft_state_free(memory);
}

TEST(api_failing_callbacks_end_the_block)
{
    weft_error error;
    weft_state *memory = state_of(40);
    struct source source = {memory, 30, 0};
    weft_state *state = behind_callbacks(&source);
    weft_chain *chain = chain_named("Cancun");
    weft_block *block = block_of(1);
    for (uint64_t i = 1; i <= 40; i++) add_transaction(block, transfer_of(i, 0, 100 + i, i));
    for (uint32_t executor = WEFT_EXECUTOR_SERIAL; executor <= WEFT_EXECUTOR_PARALLEL; executor++) {
        weft_engine *engine = engine_of(2, executor);
        weft_result *result;
        CHECK_FAILS(weft_execute_block(engine, chain, state, block, 0, &result, &error), WEFT_STATE_UNAVAILABLE,
                    "STATE_UNAVAILABLE");
        CHECK_EQ_U64(error.transaction, 29);
        CHECK(strstr(error.text, "`account` returned -7") != NULL);
        CHECK(result == NULL);
        source.broken = 0; /* repaired: the same engine goes on */
        CHECK_OK(weft_execute_block(engine, chain, state, block, 0, &result, &error));
        weft_result_free(result);
        source.broken = 30;
        weft_engine_free(engine);
    }
    /* The same from a single message, and for a block hash. */
    static const uint8_t code[] = {0x60, 98, 0x40, 0x00}; /* BLOCKHASH(98) */
    set_code(memory, CONTRACT, code, sizeof code);
    weft_engine *engine = engine_of(1, 0);
    weft_header header = header_of(100);
    weft_message m = message_to(CONTRACT, 1000);
    weft_result *result;
    CHECK_FAILS(weft_call(engine, chain, state, &header, &m, 0, &result, &error), WEFT_STATE_UNAVAILABLE,
                "STATE_UNAVAILABLE");
    CHECK(strstr(error.text, "`block_hash` returned 4") != NULL && result == NULL);
    CHECK_FAILS(weft_call(engine, chain, memory, &header, &m, 0, &result, &error), WEFT_STATE_UNAVAILABLE,
                "STATE_MISSING");
    weft_word hash = word_of(5);
    CHECK_OK(weft_state_set_block_hash(memory, 98, &hash, &error));
    CHECK_OK(weft_call(engine, chain, memory, &header, &m, 0, &result, &error));
    weft_result_free(result);
    weft_engine_free(engine);
    weft_block_free(block);
    weft_chain_free(chain);
    weft_state_free(state);
    weft_state_free(memory);
}
