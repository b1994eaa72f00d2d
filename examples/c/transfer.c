/* transfer: the whole way once. A small state, a block of three transactions, executed on two threads; then
 * receipts, logs, state changes and the new state root.
 *
 *     cc transfer.c $(pkg-config --cflags --libs weft) && ./a.out */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/weft.h>

/* ---- small helpers --------------------------------------------------------------------------- */

/* Ends the program when a function failed. */
static void check(weft_status status, const weft_error *error)
{
    if (status == WEFT_OK) return;
    fprintf(stderr, "%s (%s): %s\n", weft_status_name(status), error->cause, error->text);
    exit(1);
}

/* Words are big-endian. */
static weft_word word(uint64_t value)
{
    weft_word w = {{0}};
    for (int i = 0; i < 8; i++) w.b[31 - i] = (uint8_t)(value >> (8 * i));
    return w;
}

static uint64_t number(const weft_word *w)
{
    uint64_t value = 0;
    for (int i = 24; i < 32; i++) value = value << 8 | w->b[i];
    return value;
}

static weft_address address(uint8_t last)
{
    weft_address a = {{0}};
    a.b[0] = 0xaa;
    a.b[19] = last;
    return a;
}

static void print_bytes(const char *label, const uint8_t *data, size_t size)
{
    printf("%s0x", label);
    for (size_t i = 0; i < size; i++) printf("%02x", data[i]);
}

/* ---- the state before the block -------------------------------------------------------------- */

/* Adds one to slot 0 and tells about it:
 *   PUSH0 SLOAD PUSH1 1 ADD DUP1 PUSH0 SSTORE   PUSH0 MSTORE   PUSH1 42 PUSH1 32 PUSH0 LOG1   STOP */
static const uint8_t counter_code[] = {0x5f, 0x54, 0x60, 0x01, 0x01, 0x80, 0x5f, 0x55, 0x5f,
                                       0x52, 0x60, 0x2a, 0x60, 0x20, 0x5f, 0xa1, 0x00};

static weft_state *make_state(void)
{
    weft_error error;
    weft_state *state = weft_state_new();
    weft_address alice = address(1), bob = address(2), counter = address(0xcc);
    weft_word rich = word(1000000000000000000), zero = word(0), seven = word(7);
    check(weft_state_set_account(state, &alice, 0, &rich, &error), &error);
    check(weft_state_set_account(state, &bob, 0, &rich, &error), &error);
    check(weft_state_set_account(state, &counter, 1, &zero, &error), &error);
    check(weft_state_set_code(state, &counter, counter_code, sizeof counter_code, &error), &error);
    check(weft_state_set_storage(state, &counter, &zero, &seven, &error), &error);
    return state;
}

/* ---- the block ------------------------------------------------------------------------------- */

/* A transaction whose sender is given: it needs no signature. weft_block_add_encoded takes signed ones. */
static void add(weft_block *block, uint8_t from, uint64_t nonce, uint8_t to, uint64_t value)
{
    weft_error error;
    weft_transaction tx;
    memset(&tx, 0, sizeof tx);
    tx.struct_size = sizeof tx;
    tx.type = WEFT_TX_FEE_MARKET;
    tx.chain_id = 1337;
    tx.has_sender = 1;
    tx.sender = address(from);
    tx.nonce = nonce;
    tx.gas_limit = 100000;
    tx.max_fee = word(20);
    tx.max_priority_fee = word(2);
    tx.to = address(to);
    tx.value = word(value);
    check(weft_block_add_transaction(block, &tx, &error), &error);
}

static weft_block *make_block(void)
{
    weft_error error;
    weft_block *block;
    weft_header header;
    memset(&header, 0, sizeof header);
    header.struct_size = sizeof header;
    header.number = 1;
    header.timestamp = 12;
    header.gas_limit = 30000000;
    header.base_fee = word(10);
    header.beneficiary = address(0xfe);
    check(weft_block_new(&header, &block, &error), &error);
    add(block, 1, 0, 3, 5000); /* alice sends 5,000 wei to somebody new */
    add(block, 2, 0, 0xcc, 0); /* bob counts */
    add(block, 1, 1, 0xcc, 0); /* alice counts too: depends on bob's transaction */
    return block;
}

/* ---- what came out --------------------------------------------------------------------------- */

static void print_receipts(const weft_result *result, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        weft_receipt receipt;
        receipt.struct_size = sizeof receipt;
        weft_result_receipt(result, i, &receipt);
        printf("transaction %zu: %s, gas %llu\n", i, receipt.outcome, (unsigned long long)receipt.gas_used);
        for (size_t k = 0; k < receipt.log_count; k++) {
            weft_log log;
            log.struct_size = sizeof log;
            weft_result_log(result, i, k, &log);
            print_bytes("    log of ", log.address.b, 20);
            printf(": topic %llu, data %u\n", (unsigned long long)number(&log.topics[0]), log.data.data[31]);
        }
    }
}

static void print_changes(const weft_result *result, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        weft_account_change change;
        change.struct_size = sizeof change;
        weft_result_account(result, i, &change);
        print_bytes("changed ", change.address.b, 20);
        printf(": nonce %llu, balance %llu\n", (unsigned long long)change.nonce,
               (unsigned long long)number(&change.balance));
        for (size_t k = 0; k < change.slot_count; k++)
            printf("    slot %llu = %llu\n", (unsigned long long)number(&change.slots[k].key),
                   (unsigned long long)number(&change.slots[k].value));
    }
}

int main(void)
{
    weft_error error;

    /* A chain of one's own: these rules from the first block on. */
    weft_activation osaka = {"Osaka", 0, WEFT_BY_NUMBER, 0};
    weft_chain_options chain_options;
    memset(&chain_options, 0, sizeof chain_options);
    chain_options.struct_size = sizeof chain_options;
    chain_options.id = 1337;
    chain_options.activations = &osaka;
    chain_options.activation_count = 1;
    weft_chain *chain;
    check(weft_chain_new(&chain_options, &chain, &error), &error);

    weft_options options = {.struct_size = sizeof options, .threads = 2, .executor = WEFT_EXECUTOR_PARALLEL};
    weft_engine *engine;
    check(weft_engine_new(&options, &engine, &error), &error);
    weft_state *state = make_state();
    weft_block *block = make_block();

    /* This little chain has no system contracts, so the transactions are executed alone. */
    weft_result *result;
    check(weft_execute_block(engine, chain, state, block, WEFT_TRANSACTIONS_ONLY, &result, &error), &error);

    weft_summary summary;
    summary.struct_size = sizeof summary;
    weft_result_summary(result, &summary);
    printf("weft %s: %llu gas used\n", weft_version(), (unsigned long long)summary.gas_used);
    print_receipts(result, summary.receipt_count);
    print_changes(result, summary.account_count);

    weft_stats stats;
    stats.struct_size = sizeof stats;
    weft_result_stats(result, &stats);
    fprintf(stderr, "%s on %u threads: %llu us\n", stats.executor, stats.threads,
            (unsigned long long)stats.wall_ns / 1000);

    /* The state is as it was until the changes are applied. */
    weft_word root;
    check(weft_state_apply(state, result, &error), &error);
    check(weft_state_root(state, engine, &root, &error), &error);
    print_bytes("state root ", root.b, 32);
    printf("\n");

    weft_result_free(result);
    weft_block_free(block);
    weft_state_free(state);
    weft_engine_free(engine);
    weft_chain_free(chain);
    return 0;
}
