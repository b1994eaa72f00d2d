/* Ending what runs: from other threads, from callbacks, by time; numbers of outcomes; the last word before memory is out.
 *
 * What is ended here would run for years, so a test that comes to its end has seen it ended. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers.h"

enum { LOOP = 0xc0, COUNTER = 0xc1, ACCOUNTS = 40 };

/* JUMPDEST PUSH0 JUMP */
static const uint8_t loop_code[] = {0x5b, 0x5f, 0x56};

/* Answers from memory; says when the loop's code is asked for, and may end everything then. */
struct source {
    weft_state *memory;
    weft_engine *cancels; /* NULL: nothing is ended */
    _Atomic bool loops;
    bool loops_when_read; /* say so when its account is asked for */
};

static bool is_loop(const weft_address *a)
{
    weft_address loop = address_of(LOOP);
    return memcmp(a->b, loop.b, sizeof loop.b) == 0;
}

static int32_t read_account(void *context, const weft_address *a, weft_account *out)
{
    struct source *s = context;
    if (s->loops_when_read && is_loop(a)) atomic_store(&s->loops, true);
    return weft_state_account(s->memory, a, out, NULL);
}
static int32_t read_storage(void *context, const weft_address *a, const weft_word *key, weft_word *out)
{
    return weft_state_storage(((struct source *)context)->memory, a, key, out, NULL);
}
static int32_t read_code(void *context, const weft_address *a, const weft_word *code_hash, weft_bytes *out)
{
    (void)code_hash;
    struct source *s = context;
    if (is_loop(a)) {
        atomic_store(&s->loops, true);
        if (s->cancels != NULL) CHECK(weft_engine_cancel(s->cancels, NULL) == WEFT_OK);
    }
    return weft_state_code(s->memory, a, out, NULL);
}
static int32_t read_block_hash(void *context, uint64_t number, weft_word *out)
{
    (void)context, (void)number, (void)out;
    return 1;
}

struct setting {
    struct source source;
    weft_state *state;
    weft_chain *chain;
    weft_engine *engine;
};

static void open_setting(struct setting *s, uint32_t threads, uint32_t executor)
{
    weft_error error;
    *s = (struct setting){.source = {.memory = state_of(ACCOUNTS)}, .chain = chain_named("Cancun")};
    set_code(s->source.memory, LOOP, loop_code, sizeof loop_code);
    set_code(s->source.memory, COUNTER, counter_code, sizeof counter_code);
    weft_state_callbacks callbacks = {sizeof callbacks, &s->source, read_account,
                                      read_storage,     read_code,  read_block_hash};
    CHECK_OK(weft_state_from_callbacks(&callbacks, &s->state, &error));
    s->engine = engine_of(threads, executor);
}

static void close_setting(struct setting *s)
{
    weft_engine_free(s->engine);
    weft_state_free(s->state);
    weft_state_free(s->source.memory);
    weft_chain_free(s->chain);
}

static weft_message message_to(uint64_t to)
{
    return (weft_message){
        .struct_size = sizeof(weft_message), .gas = INT64_MAX, .from = address_of(1), .to = address_of(to)};
}

static weft_status call(struct setting *s, const weft_message *m, weft_error *error)
{
    weft_header header = header_of(1);
    weft_result *result;
    weft_status status = weft_call(s->engine, s->chain, s->state, &header, m, 0, &result, error);
    CHECK((result != NULL) == (status == WEFT_OK));
    weft_result_free(result);
    return status;
}

/* ---- messages -------------------------------------------------------------------------------- */

struct ender {
    struct setting *setting;
    uint8_t *cancel; /* NULL: through the engine */
};

static void *end_the_loop(void *context)
{
    const struct ender *e = context;
    while (!atomic_load(&e->setting->source.loops)) cpu_relax();
    if (e->cancel != NULL)
        __atomic_store_n(e->cancel, 1, __ATOMIC_RELAXED);
    else
        CHECK(weft_engine_cancel(e->setting->engine, NULL) == WEFT_OK);
    return NULL;
}

TEST(api_messages_are_ended_by_other_threads)
{
    for (int own_word = 0; own_word < 2; own_word++) {
        weft_error error;
        struct setting s;
        uint8_t word = 0;
        pthread_t thread;
        open_setting(&s, 1, 0);
        struct ender ender = {&s, own_word != 0 ? &word : NULL};
        weft_message loop = message_to(LOOP), counter = message_to(COUNTER);
        loop.cancel = ender.cancel;
        CHECK(pthread_create(&thread, NULL, end_the_loop, &ender) == 0);
        CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_CANCELLED");
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_OK(call(&s, &counter, &error)); /* which is another one */
        if (own_word != 0)                    /* the word still says so */
            CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_CANCELLED");
        close_setting(&s);
    }
}

TEST(api_messages_end_when_their_time_is_up)
{
    weft_error error;
    struct setting s;
    uint8_t word = 0;
    open_setting(&s, 1, 0);
    weft_message loop = message_to(LOOP), counter = message_to(COUNTER);
    loop.timeout_ns = 1000000;
    CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
    loop.cancel = &word;
    CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
    CHECK_EQ_U64(word, 1); /* it is told */
    counter.timeout_ns = UINT64_MAX;
    CHECK_OK(call(&s, &counter, &error));
    /* The engine's limit is for all; of two the lesser counts. */
    loop.cancel = NULL;
    loop.timeout_ns = 0;
    CHECK_OK(weft_engine_set_timeout(s.engine, 2000000, &error));
    CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
    loop.timeout_ns = UINT64_MAX;
    CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
    loop.timeout_ns = 1;
    CHECK_OK(weft_engine_set_timeout(s.engine, UINT64_MAX, &error));
    CHECK_FAILS(call(&s, &loop, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
    CHECK_OK(weft_engine_set_timeout(s.engine, 0, &error));
    CHECK_OK(call(&s, &counter, &error));
    close_setting(&s);
}

/* Of many messages those that take too long end, the others do not. */
TEST(api_each_of_many_messages_has_its_own_time)
{
    weft_error error, errors[8];
    struct setting s;
    open_setting(&s, 2, 0);
    weft_header header = header_of(1);
    weft_message loop = message_to(LOOP), counter = message_to(COUNTER);
    const weft_message *messages[8];
    weft_result *results[8];
    loop.timeout_ns = 1000000;
    for (size_t i = 0; i < 8; i++) messages[i] = i % 4 == 1 ? &loop : &counter;
    CHECK_FAILS(weft_call_many(s.engine, s.chain, s.state, &header, messages, 8, 0, results, errors, &error),
                WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
    for (size_t i = 0; i < 8; i++) {
        CHECK_EQ_I64(errors[i].status, i % 4 == 1 ? WEFT_CANCELLED : WEFT_OK);
        weft_result_free(results[i]);
    }
    close_setting(&s);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Transactions of all accounts, one of which loops. */
static weft_block *block_with_loop(uint64_t looping)
{
    weft_error error;
    weft_header header = header_of(1);
    header.gas_limit = INT64_MAX;
    weft_block *block;
    CHECK_OK(weft_block_new(&header, &block, &error));
    for (uint64_t i = 1; i <= ACCOUNTS; i++) {
        weft_transaction tx = transfer_of(i, 0, i == looping ? LOOP : i % 2 == 0 ? COUNTER : 100 + i, 0);
        if (i == looping) tx.gas_limit = 100000000000000000;
        add_transaction(block, tx);
    }
    return block;
}

static weft_status run(struct setting *s, const weft_block *block, uint32_t flags, weft_error *error)
{
    weft_result *result;
    weft_status status = weft_execute_block(s->engine, s->chain, s->state, block, flags, &result, error);
    CHECK((result != NULL) == (status == WEFT_OK));
    weft_result_free(result);
    return status;
}

TEST(api_blocks_are_ended)
{
    weft_error error;
    weft_block *good = block_with_loop(0);
    for (uint32_t threads = 1; threads <= 4; threads += 3)
        for (uint32_t executor = WEFT_EXECUTOR_AUTO; executor <= WEFT_EXECUTOR_PARALLEL; executor++)
            for (uint64_t looping = 1; looping <= ACCOUNTS; looping += 13) {
                struct setting s;
                open_setting(&s, threads, executor);
                weft_block *block = block_with_loop(looping);
                /* from a callback, as soon as the code is read */
                s.source.cancels = s.engine;
                CHECK_FAILS(run(&s, block, 0, &error), WEFT_CANCELLED, "EXECUTION_CANCELLED");
                s.source.cancels = NULL;
                CHECK_OK(run(&s, good, 0, &error));
                /* by time */
                CHECK_OK(weft_engine_set_timeout(s.engine, 1000000, &error));
                CHECK_FAILS(run(&s, block, 0, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
                CHECK_FAILS(run(&s, block, WEFT_SKIP_INVALID, &error), WEFT_CANCELLED, "EXECUTION_TIMED_OUT");
                CHECK_OK(weft_engine_set_timeout(s.engine, 0, &error));
                CHECK_OK(run(&s, good, 0, &error));
                /* by another thread: the loop's code is known now, so its account is what is read */
                atomic_store(&s.source.loops, false);
                s.source.loops_when_read = true;
                pthread_t thread;
                struct ender ender = {&s, NULL};
                CHECK(pthread_create(&thread, NULL, end_the_loop, &ender) == 0);
                CHECK_FAILS(run(&s, block, 0, &error), WEFT_CANCELLED, "EXECUTION_CANCELLED");
                CHECK(pthread_join(thread, NULL) == 0);
                weft_block_free(block);
                close_setting(&s);
            }
    weft_block_free(good);
}

/* Along an access list as well: it is not executed once more. */
TEST(api_blocks_with_access_lists_are_ended)
{
    weft_error error;
    struct setting s;
    open_setting(&s, 2, WEFT_EXECUTOR_PARALLEL);
    weft_block *block = block_with_loop(0);
    add_transaction(block, transfer_of(1, 1, LOOP, 0)); /* runs out of gas */
    weft_result *result;
    weft_bytes list;
    CHECK_OK(weft_execute_block(s.engine, s.chain, s.state, block, WEFT_LIST_ACCESSES, &result, &error));
    CHECK(weft_result_access_list(result, &list) == WEFT_OK);
    CHECK_OK(weft_block_set_access_list(block, list.data, list.size, &error));
    weft_result_free(result);
    CHECK_OK(run(&s, block, 0, &error));
    weft_engine_free(s.engine); /* and the codes with it */
    s.engine = s.source.cancels = engine_of(2, WEFT_EXECUTOR_PARALLEL);
    CHECK_FAILS(run(&s, block, 0, &error), WEFT_CANCELLED, "EXECUTION_CANCELLED");
    weft_block_free(block);
    close_setting(&s);
}

/* ---- wrong use ------------------------------------------------------------------------------- */

TEST(api_control_used_wrongly)
{
    weft_error error;
    weft_engine *engine = engine_of(1, 0);
    CHECK_OK(weft_engine_cancel(engine, &error)); /* nothing runs */
    weft_engine_free(engine);
    CHECK_FAILS(weft_engine_cancel(engine, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_engine_set_timeout(engine, 1, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK(weft_engine_cancel(NULL, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_engine_set_timeout(NULL, 0, NULL) == WEFT_INVALID_ARGUMENT);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

TEST(api_outcomes_have_numbers)
{
    static const struct {
        uint8_t code[4];
        uint32_t outcome;
    } rows[] = {{{0x00}, WEFT_OUTCOME_SUCCESS},
                {{0x5f, 0x5f, 0xfd}, WEFT_OUTCOME_REVERTED},
                {{0x5b, 0x5f, 0x56}, WEFT_OUTCOME_OUT_OF_GAS},
                {{0x01}, WEFT_OUTCOME_STACK_UNDERFLOW},
                {{0x5b, 0x30, 0x5f, 0x56}, WEFT_OUTCOME_STACK_OVERFLOW},
                {{0x60, 0x03, 0x56}, WEFT_OUTCOME_BAD_JUMP},
                {{0x0c}, WEFT_OUTCOME_UNDEFINED_INSTRUCTION},
                {{0xfe}, WEFT_OUTCOME_INVALID_INSTRUCTION}};
    weft_engine *engine = engine_of(1, 0);
    weft_chain *chain = chain_named("Osaka");
    weft_header header = header_of(1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        weft_error error;
        weft_state *state = state_of(1);
        set_code(state, LOOP, rows[i].code, sizeof rows[i].code);
        weft_message m = message_to(LOOP);
        m.gas = 1000000;
        weft_result *result;
        CHECK_OK(weft_call(engine, chain, state, &header, &m, 0, &result, &error));
        CHECK_EQ_U64(receipt_of(result, 0).outcome_code, rows[i].outcome);
        /* A program that knows the structure as it was. */
        weft_receipt older = {.struct_size = offsetof(weft_receipt, outcome_code), .outcome_code = 77};
        CHECK(weft_result_receipt(result, 0, &older) == WEFT_OK);
        CHECK(older.outcome_code == 77 && older.succeeded == (rows[i].outcome == WEFT_OUTCOME_SUCCESS));
        older.struct_size--;
        CHECK(weft_result_receipt(result, 0, &older) == WEFT_INVALID_ARGUMENT);
        weft_result_free(result);
        weft_state_free(state);
    }
    weft_state *state = state_of(1);
    weft_block *block = block_of(1);
    add_transaction(block, transfer_of(1, 7, 2, 1)); /* another nonce */
    weft_result *result = execute(engine, "Cancun", state, block, WEFT_SKIP_INVALID);
    CHECK_EQ_U64(receipt_of(result, 0).outcome_code, WEFT_OUTCOME_SKIPPED);
    weft_result_free(result);
    weft_block_free(block);
    weft_state_free(state);
    weft_chain_free(chain);
    weft_engine_free(engine);
}

/* ---- memory ---------------------------------------------------------------------------------- */

#ifndef WEFT_SANITIZED /* which end the process themselves */
static void say_it(void *context, size_t size)
{
    _exit(size == (size_t)1 << 60 ? *(const int *)context : 1);
}

TEST(api_the_program_hears_of_the_end)
{
    pid_t child = fork();
    if (child == 0) {
        int code = 77;
        weft_on_out_of_memory(say_it, &code);
        (void)base_alloc((size_t)1 << 60);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ_I64(WEXITSTATUS(status), 77);
}
#endif
