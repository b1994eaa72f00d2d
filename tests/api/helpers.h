/* What the tests of the public library share: small values, a chain, blocks of transactions with given
 * senders. */
#ifndef WEFT_API_HELPERS_H
#define WEFT_API_HELPERS_H

#include "harness.h"
#include "weft/weft.h"

/* Checks that a call worked, and shows its error when not. `error` is the variable that was passed. */
#define CHECK_OK(call) api_check_ok(__FILE__, __LINE__, (call), &error)
/* Checks that a call failed in this way. */
#define CHECK_FAILS(call, kind, cause_name)                                                                            \
    do {                                                                                                               \
        CHECK_EQ_I64((call), (kind));                                                                                  \
        CHECK_EQ_I64(error.status, (kind));                                                                            \
        CHECK_TEXT(error.cause, (cause_name));                                                                         \
    } while (0)

static inline void api_check_ok(const char *file, int line, weft_status status, const weft_error *error)
{
    if (status != WEFT_OK) harness_fail(file, line, "%s (%s): %s", weft_status_name(status), error->cause, error->text);
}

static inline weft_word word_of(uint64_t value)
{
    weft_word w = {{0}};
    store_be64(w.b + 24, value);
    return w;
}
static inline uint64_t low_of(const weft_word *w)
{
    return load_be64(w->b + 24);
}
static inline weft_address address_of(uint64_t n)
{
    weft_address a = {{0xa0}};
    store_be64(a.b + 12, n);
    return a;
}

static inline weft_chain *chain_named(const char *name)
{
    weft_error error;
    weft_chain *chain = NULL;
    CHECK_OK(weft_chain_by_name(name, &chain, &error));
    return chain;
}

static inline weft_engine *engine_of(uint32_t threads, uint32_t executor)
{
    weft_error error;
    weft_engine *engine = NULL;
    weft_options options = {sizeof options, threads, executor, 0};
    CHECK_OK(weft_engine_new(&options, &engine, &error));
    return engine;
}

static inline weft_header header_of(uint64_t number)
{
    return (weft_header){.struct_size = sizeof(weft_header),
                         .number = number,
                         .timestamp = number * 12,
                         .gas_limit = 30000000,
                         .base_fee = word_of(7),
                         .beneficiary = address_of(0xfee)};
}

static inline weft_block *block_of(uint64_t number)
{
    weft_error error;
    weft_header header = header_of(number);
    weft_block *block = NULL;
    CHECK_OK(weft_block_new(&header, &block, &error));
    return block;
}

static inline weft_transaction transfer_of(uint64_t from, uint64_t nonce, uint64_t to, uint64_t value)
{
    return (weft_transaction){.struct_size = sizeof(weft_transaction),
                              .has_sender = 1,
                              .sender = address_of(from),
                              .nonce = nonce,
                              .gas_limit = 100000,
                              .max_fee = word_of(10),
                              .to = address_of(to),
                              .value = word_of(value)};
}

static inline void add_transaction(weft_block *block, weft_transaction tx)
{
    weft_error error;
    CHECK_OK(weft_block_add_transaction(block, &tx, &error));
}

/* Accounts 1 to `accounts` with a billion billion wei each. */
static inline weft_state *state_of(uint64_t accounts)
{
    weft_error error;
    weft_state *state = weft_state_new();
    for (uint64_t i = 1; i <= accounts; i++) {
        weft_address a = address_of(i);
        weft_word balance = word_of(1000000000000000000);
        CHECK_OK(weft_state_set_account(state, &a, 0, &balance, &error));
    }
    return state;
}

static inline void set_code(weft_state *state, uint64_t account, const void *code, size_t size)
{
    weft_error error;
    weft_address a = address_of(account);
    CHECK_OK(weft_state_set_code(state, &a, code, size, &error));
}

static inline weft_summary summary_of(const weft_result *result)
{
    weft_summary s = {.struct_size = sizeof s};
    CHECK(weft_result_summary(result, &s) == WEFT_OK);
    return s;
}
static inline weft_receipt receipt_of(const weft_result *result, size_t index)
{
    weft_receipt r = {.struct_size = sizeof r};
    CHECK(weft_result_receipt(result, index, &r) == WEFT_OK);
    return r;
}

/* Adds one to slot 0, logs the new value under topic 42. */
static const uint8_t counter_code[] = {0x5f, 0x54, 0x60, 0x01, 0x01, 0x80, 0x5f, 0x55, 0x5f,
                                       0x52, 0x60, 0x2a, 0x60, 0x20, 0x5f, 0xa1, 0x00};

/* Executes a block by the rules of a fork, which must work. */
static inline weft_result *execute(weft_engine *engine, const char *fork, const weft_state *state,
                                   const weft_block *block, uint32_t flags)
{
    weft_error error;
    weft_chain *chain = chain_named(fork);
    weft_result *result = NULL;
    CHECK_OK(weft_execute_block(engine, chain, state, block, flags, &result, &error));
    weft_chain_free(chain);
    return result;
}

#endif
