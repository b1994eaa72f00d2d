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

struct small_stack {
    weft_engine *engine;
    weft_state *state;
    uint64_t depth;
};

static void *call_deeply(void *context)
{
    struct small_stack *s = context;
    weft_message m = message_to(CONTRACT, INT64_MAX);
    weft_result *result = call(s->engine, s->state, &m);
    weft_receipt r = receipt_of(result, 0);
    CHECK(r.succeeded);
    s->depth = load_be64(r.output.data + 24);
    weft_result_free(result);
    return NULL;
}

/* A contract that calls itself as deep as it can and counts; from a thread with a small stack. */
TEST(api_deepest_calls_from_a_small_stack)
{
    /* slot 0 += 1; CALL(GAS, ADDRESS, 0, 0, 0, 0, 0); return slot 0 */
    static const uint8_t code[] = {0x5f, 0x54, 0x60, 0x01, 0x01, 0x5f, 0x55,             /* count */
                                   0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a, 0xf1, 0x50, /* call */
                                   0x5f, 0x54, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};      /* return */
    struct small_stack s = {engine_of(1, 0), state_of(1), 0};
    set_code(s.state, CONTRACT, code, sizeof code);
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 256 << 10) == 0);
    CHECK(pthread_create(&thread, &attributes, call_deeply, &s) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQ_U64(s.depth, 1025);
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
