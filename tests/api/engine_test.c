/* Engines used wrongly, and in processes that have little: from callbacks, after their end, in children, with less
 * memory than they want, in programs that crash. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers.h"

enum { CONTRACT = 0xc0de, ACCOUNTS = 40 };

/* What a callback does before it answers: `act` in the engine `target`. */
struct source {
    weft_state *state;
    weft_engine *target;
    weft_chain *chain;
    weft_block *block;
    void (*act)(struct source *s);
    _Atomic uint32_t acts;
    weft_status status[4]; /* of what it tried */
    weft_error error;
    pthread_mutex_t lock;
};

static int32_t read_account(void *context, const weft_address *a, weft_account *out)
{
    struct source *s = context;
    if (s->act != NULL) {
        CHECK(pthread_mutex_lock(&s->lock) == 0);
        s->act(s);
        atomic_fetch_add(&s->acts, 1);
        CHECK(pthread_mutex_unlock(&s->lock) == 0);
    }
    return weft_state_account(s->state, a, out, NULL);
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
    return 0;
}

/* A block of transfers over a state behind callbacks. */
struct setting {
    struct source source;
    weft_state *state;
    weft_engine *engine;
};

static void open_setting(struct setting *s, uint32_t threads, void (*act)(struct source *s))
{
    weft_error error;
    *s = (struct setting){.source = {.state = state_of(ACCOUNTS), .chain = chain_named("Cancun"), .act = act}};
    CHECK(pthread_mutex_init(&s->source.lock, NULL) == 0);
    s->source.block = block_of(1);
    for (uint64_t i = 1; i <= ACCOUNTS; i++) add_transaction(s->source.block, transfer_of(i, 0, 100 + i, i));
    weft_state_callbacks callbacks = {sizeof callbacks, &s->source, read_account,
                                      read_storage,     read_code,  read_block_hash};
    CHECK_OK(weft_state_from_callbacks(&callbacks, &s->state, &error));
    s->engine = s->source.target = engine_of(threads, threads > 1 ? WEFT_EXECUTOR_PARALLEL : WEFT_EXECUTOR_SERIAL);
}

static weft_status run(struct setting *s, weft_error *error)
{
    weft_result *result;
    weft_status status = weft_execute_block(s->engine, s->source.chain, s->state, s->source.block, 0, &result, error);
    CHECK((result != NULL) == (status == WEFT_OK));
    weft_result_free(result);
    return status;
}

static void close_setting(struct setting *s)
{
    weft_engine_free(s->engine);
    weft_state_free(s->state);
    weft_state_free(s->source.state);
    weft_block_free(s->source.block);
    weft_chain_free(s->source.chain);
    CHECK(pthread_mutex_destroy(&s->source.lock) == 0);
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static void use_engine(struct source *s)
{
    weft_result *result;
    weft_word root;
    weft_header header = header_of(1);
    weft_message message = {.struct_size = sizeof message, .gas = 1000, .to = address_of(1)};
    s->status[0] = weft_execute_block(s->target, s->chain, s->state, s->block, 0, &result, &s->error);
    s->status[1] = weft_call(s->target, s->chain, s->state, &header, &message, 0, &result, NULL);
    s->status[2] = weft_state_root(s->state, s->target, &root, NULL);
    const weft_message *one = &message;
    s->status[3] = weft_call_many(s->target, s->chain, s->state, &header, &one, 1, 0, &result, NULL, NULL);
    CHECK(weft_engine_threads(s->target) >= 1); /* which is no use of it */
}

TEST(api_an_engine_is_not_used_from_its_callbacks)
{
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        weft_error error;
        struct setting s;
        open_setting(&s, threads, use_engine);
        CHECK_OK(run(&s, &error));
        CHECK(atomic_load(&s.source.acts) >= ACCOUNTS);
        for (int i = 0; i < 4; i++) CHECK_EQ_I64(s.source.status[i], WEFT_INVALID_ARGUMENT);
        CHECK(strstr(s.source.error.text, "callback") != NULL);
        close_setting(&s);
    }
}

/* The callback of one engine uses another, whose callback uses the first. */
static struct setting *second;
static void use_second(struct source *s)
{
    s->status[0] = run(second, &s->error);
}

TEST(api_an_engine_is_not_used_through_another)
{
    weft_error error;
    struct setting a, b;
    open_setting(&a, 2, use_second);
    open_setting(&b, 2, use_engine);
    second = &b;
    b.source.target = a.engine;
    CHECK_OK(run(&a, &error));
    CHECK_EQ_I64(a.source.status[0], WEFT_OK);
    for (int i = 0; i < 4; i++) CHECK_EQ_I64(b.source.status[i], WEFT_INVALID_ARGUMENT);
    close_setting(&a);
    close_setting(&b);
}

/* The same from the callbacks of single messages, alone and many, and through another engine. */
static weft_status call_account(struct setting *s, bool many, weft_error *error)
{
    weft_result *result;
    weft_header header = header_of(1);
    weft_message message = {.struct_size = sizeof message, .gas = 1000, .to = address_of(1)};
    const weft_message *one = &message;
    weft_status status = many ? weft_call_many(s->engine, s->source.chain, s->state, &header, &one, 1, 0, &result, NULL,
                                               error)
                              : weft_call(s->engine, s->source.chain, s->state, &header, &message, 0, &result, error);
    CHECK((result != NULL) == (status == WEFT_OK));
    weft_result_free(result);
    return status;
}

static void call_second(struct source *s)
{
    s->status[0] = call_account(second, false, &s->error);
    s->status[1] = call_account(second, true, &s->error);
}

TEST(api_calls_are_not_re_entered)
{
    for (int many = 0; many < 2; many++) {
        weft_error error;
        struct setting a, b;
        open_setting(&a, 2, use_engine);
        CHECK_OK(call_account(&a, many != 0, &error));
        for (int i = 0; i < 4; i++) CHECK_EQ_I64(a.source.status[i], WEFT_INVALID_ARGUMENT);
        open_setting(&b, 2, use_engine);
        second = &b;
        a.source.act = call_second;
        b.source.target = a.engine;
        CHECK_OK(call_account(&a, many != 0, &error));
        CHECK(a.source.status[0] == WEFT_OK && a.source.status[1] == WEFT_OK);
        for (int i = 0; i < 4; i++) CHECK_EQ_I64(b.source.status[i], WEFT_INVALID_ARGUMENT);
        close_setting(&a);
        close_setting(&b);
    }
}

static void free_engine(struct source *s)
{
    weft_engine_free(s->target);
}

TEST(api_an_engine_is_not_freed_from_its_callbacks)
{
    weft_error error;
    struct setting s;
    open_setting(&s, 2, free_engine);
    CHECK_FAILS(run(&s, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK(strstr(error.text, "weft_engine_free") != NULL);
    for (int many = 0; many < 2; many++) {
        CHECK_FAILS(call_account(&s, many != 0, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
        CHECK(strstr(error.text, "weft_engine_free") != NULL);
    }
    s.source.act = NULL;
    CHECK_OK(run(&s, &error)); /* it is still there */
    close_setting(&s);
}

/* ---- after the end, in a child, beside another thread ---------------------------------------- */

TEST(api_freed_engines_are_refused)
{
    weft_error error;
    struct setting s;
    open_setting(&s, 1, NULL);
    weft_engine_free(s.engine);
    CHECK_FAILS(run(&s, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(call_account(&s, false, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_EQ_U64(weft_engine_threads(s.engine), 0);
    union { /* what never was one */
        weft_word words[64];
        weft_engine *align;
    } nothing = {{{{0}}}};
    s.engine = (weft_engine *)&nothing;
    CHECK_FAILS(run(&s, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(call_account(&s, false, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    close_setting(&s); /* frees it once more */
}

TEST(api_engines_of_the_parent_are_refused)
{
    struct setting s;
    open_setting(&s, 2, NULL);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        bool refused = run(&s, NULL) == WEFT_INVALID_ARGUMENT && call_account(&s, false, NULL) == WEFT_INVALID_ARGUMENT;
#ifndef WEFT_SANITIZED                  /* ThreadSanitizer starts no thread in a child */
        weft_engine *theirs = s.engine; /* one of the child's own works */
        s.engine = engine_of(1, 0);
        refused = refused && call_account(&s, false, NULL) == WEFT_OK;
        weft_engine_free(s.engine);
        s.engine = theirs;
#endif
        weft_engine_free(s.engine); /* does nothing, and does not hang */
        _exit(refused ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ_I64(status, 0);
    close_setting(&s);
}

static void *run_some(void *setting)
{
    weft_error error;
    for (int i = 0; i < 20; i++) {
        weft_status status = run(setting, &error);
        /* The engine may have been freed meanwhile. */
        if (status != WEFT_OK) CHECK_EQ_I64(status, WEFT_INVALID_ARGUMENT);
    }
    return NULL;
}

TEST(api_threads_take_turns_and_freeing_waits)
{
    for (int round = 0; round < 10; round++) {
        struct setting s;
        pthread_t threads[3];
        open_setting(&s, 2, NULL);
        for (size_t i = 0; i < COUNT_OF(threads); i++) CHECK(pthread_create(&threads[i], NULL, run_some, &s) == 0);
        if (round != 0) weft_engine_free(s.engine);
        for (size_t i = 0; i < COUNT_OF(threads); i++) CHECK(pthread_join(threads[i], NULL) == 0);
        close_setting(&s);
    }
}

/* ---- threads --------------------------------------------------------------------------------- */

TEST(api_threads_are_bounded_by_the_processors)
{
    weft_error error;
    weft_engine *engine;
    weft_options options = {.struct_size = sizeof options, .threads = 500};
    CHECK_OK(weft_engine_new(&options, &engine, &error));
    CHECK_EQ_U64(weft_engine_threads(engine), cpu_count());
    weft_engine_free(engine);
    options.threads = 9;
    options.more_than_processors = 1;
    CHECK_OK(weft_engine_new(&options, &engine, &error));
    CHECK_EQ_U64(weft_engine_threads(engine), 9);
    weft_engine_free(engine);
    options.threads = 1025;
    CHECK_FAILS(weft_engine_new(&options, &engine, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
}

/* ---- memory for codes ------------------------------------------------------------------------ */

static _Atomic uint32_t codes_read;

static int32_t read_and_count_code(void *context, const weft_address *a, const weft_word *code_hash, weft_bytes *out)
{
    atomic_fetch_add(&codes_read, 1);
    return read_code(context, a, code_hash, out);
}

/* Executes the same block, calls of two contracts with a code each, three times, with so many bytes for codes; returns how
 * often the state was asked for codes, and the gas of the last. */
static uint32_t codes_asked_for(uint64_t code_bytes, uint64_t *gas)
{
    enum { CALLS = 30, BLOCKS = 3 };
    /* Counts down from 200: often enough to be translated. The second has another byte behind its end. */
    static const uint8_t code[] = {0x60, 200, 0x5b, 0x60, 1, 0x90, 0x03, 0x80, 0x60, 2, 0x57, 0x00, 0x00};
    weft_error error;
    weft_engine *engine;
    weft_options options = {.struct_size = sizeof options, .threads = 1, .code_bytes = code_bytes};
    struct source source = {.state = state_of(ACCOUNTS), .chain = chain_named("Cancun"), .block = block_of(1)};
    weft_state *state;
    set_code(source.state, CONTRACT, code, sizeof code);
    set_code(source.state, CONTRACT + 1, code, sizeof code - 1);
    for (uint64_t i = 1; i <= CALLS; i++) {
        weft_transaction tx = transfer_of(i, 0, CONTRACT + i % 2, 0);
        tx.gas_limit = 100000;
        add_transaction(source.block, tx);
    }
    weft_state_callbacks callbacks = {sizeof callbacks,    &source,        read_account, read_storage,
                                      read_and_count_code, read_block_hash};
    CHECK(pthread_mutex_init(&source.lock, NULL) == 0);
    CHECK_OK(weft_state_from_callbacks(&callbacks, &state, &error));
    CHECK_OK(weft_engine_new(&options, &engine, &error));
    atomic_store(&codes_read, 0);
    for (int i = 0; i < BLOCKS; i++) {
        weft_result *result;
        CHECK_OK(weft_execute_block(engine, source.chain, state, source.block, 0, &result, &error));
        *gas = summary_of(result).gas_used;
        weft_result_free(result);
    }
    weft_engine_free(engine);
    weft_state_free(state);
    weft_state_free(source.state);
    weft_block_free(source.block);
    weft_chain_free(source.chain);
    CHECK(pthread_mutex_destroy(&source.lock) == 0);
    return atomic_load(&codes_read);
}

/* Without room for any, codes are given up between blocks, and only there. */
TEST(api_codes_are_given_up_between_blocks_where_memory_is_bounded)
{
    uint64_t gas, gas_bounded;
    uint32_t once = codes_asked_for(0, &gas), each = codes_asked_for(1, &gas_bounded);
    CHECK_EQ_U64(each, 3 * (uint64_t)once);
    CHECK(once >= 2);
    CHECK_EQ_U64(codes_asked_for(1 << 20, &gas_bounded), once);
    CHECK_EQ_U64(gas_bounded, gas);
    CHECK(gas > 30 * UINT64_C(21000) + 30 * UINT64_C(200));
}

/* ---- crashes --------------------------------------------------------------------------------- */

static void crash(struct source *s)
{
    (void)s;
    (void)raise(SIGSEGV);
}

static void report(int signal)
{
    (void)signal;
    _exit(42);
}

/* How a child ends that crashes in a callback, on one of the engine's threads. */
static int crash_in_a_child(uint32_t threads, bool with_handler)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_handler = with_handler ? report : SIG_DFL, .sa_flags = SA_ONSTACK};
        const struct rlimit no_core = {0, 0};
        stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)sigaltstack(&stack, NULL);
        (void)sigaction(SIGSEGV, &action, NULL);
        struct setting s;
        open_setting(&s, threads, crash);
        (void)run(&s, NULL);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

TEST(api_crashes_are_seen)
{
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        int status = crash_in_a_child(threads, false);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
        status = crash_in_a_child(threads, true);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
}

/* ---- little memory --------------------------------------------------------------------------- */

/* The sanitizers need more address space than these tests leave. */
#ifndef WEFT_SANITIZED
/* So much address space as there is now, and `more`. */
static void limit_memory(size_t more)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    CHECK(f != NULL && fscanf(f, "%lu", &pages) == 1);
    (void)fclose(f);
    const struct rlimit limit = {pages * (size_t)sysconf(_SC_PAGESIZE) + more, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* The exit status of work(more) in a child with so much memory. */
static int with_memory(size_t more, int (*work)(void))
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        limit_memory(more);
        _exit(work());
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

enum { FULL = 10, FEWER, REFUSED, BROKEN };

static int make_an_engine(void)
{
    weft_error error;
    weft_engine *engine;
    weft_options options = {.struct_size = sizeof options, .threads = 8, .more_than_processors = 1};
    weft_status status = weft_engine_new(&options, &engine, &error);
    if (status != WEFT_OK)
        return status == WEFT_NO_RESOURCES && error.status == status && error.text[0] != 0 ? REFUSED : BROKEN;
    weft_block *block = block_of(1);
    weft_state *state = state_of(3);
    for (uint64_t i = 1; i <= 3; i++) add_transaction(block, transfer_of(i, 0, 100 + i, i));
    weft_chain *chain = chain_named("Cancun");
    weft_result *result;
    if (weft_execute_block(engine, chain, state, block, 0, &result, &error) != WEFT_OK) return BROKEN;
    return weft_engine_threads(engine) == 8 ? FULL : FEWER;
}

TEST(api_engines_make_do_with_little)
{
    CHECK_EQ_I64(with_memory((size_t)48 << 30, make_an_engine), FULL);
    int last = REFUSED;
    bool seen[BROKEN + 1] = {false};
    for (size_t mib = 16; mib <= 8192; mib += mib / 4) {
        int how = with_memory(mib << 20, make_an_engine);
        CHECK(how == REFUSED || how == FEWER || how == FULL);
        CHECK(how <= last); /* more memory is never worse */
        last = how;
        seen[how] = true;
    }
    CHECK(seen[REFUSED] && seen[FEWER] && seen[FULL]);
}

/* Transactions that each write 2,000 new slots, until there is no memory; then, with more of it, once more. */
static int fill_memory(void)
{
    /* PUSH2 2000  JUMPDEST  DUP1 CALLER MUL  DUP2 SSTORE ...: slot (n + CALLER * 2^16) = n, down to 0 */
    static const uint8_t code[] = {0x61, 0x07, 0xd0, 0x5b, 0x80, 0x33, 0x60, 0x10, 0x1b, 0x01, 0x81,
                                   0x90, 0x55, 0x60, 0x01, 0x90, 0x03, 0x80, 0x60, 0x03, 0x57, 0x00};
    enum { SENDERS = 2000 };
    weft_error error;
    weft_header header = header_of(1);
    weft_block *block;
    weft_result *result;
    weft_state *state = state_of(SENDERS);
    header.gas_limit = (uint64_t)1 << 62;
    set_code(state, CONTRACT, code, sizeof code);
    CHECK_OK(weft_block_new(&header, &block, &error));
    for (uint64_t i = 1; i <= SENDERS; i++) {
        weft_transaction tx = transfer_of(i, 0, CONTRACT, 0);
        tx.gas_limit = 60000000;
        add_transaction(block, tx);
    }
    weft_chain *chain = chain_named("Cancun");
    weft_engine *engine = engine_of(2, WEFT_EXECUTOR_PARALLEL);
    weft_status status = weft_execute_block(engine, chain, state, block, 0, &result, &error);
    if (status == WEFT_OK) return FULL;
    if (status != WEFT_NO_RESOURCES || strcmp(error.cause, "NO_MEMORY") != 0 || result != NULL) return BROKEN;
    /* The engine has given back what it had: a small block goes through. */
    weft_block *small = block_of(1);
    add_transaction(small, transfer_of(1, 0, 101, 1));
    status = weft_execute_block(engine, chain, state, small, 0, &result, &error);
    if (status != WEFT_OK) return BROKEN;
    weft_result_free(result);
    return REFUSED;
}

TEST(api_a_block_that_needs_too_much_memory_ends)
{
    for (size_t mib = 700; mib <= 1300; mib += 300) CHECK_EQ_I64(with_memory(mib << 20, fill_memory), REFUSED);
}
#endif
