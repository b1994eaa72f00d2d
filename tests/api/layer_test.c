/* Layers: overrides, results on top of results, snapshots, what lies below. */
#include "helpers.h"

enum { CONTRACT = 0xc0, DEPTH = 70 };

static weft_state *layer_over(weft_state *base)
{
    weft_error error;
    weft_state *layer = NULL;
    CHECK_OK(weft_state_layer(base, &layer, &error));
    return layer;
}

static weft_account account_of(const weft_state *state, uint64_t n)
{
    weft_error error;
    weft_address a = address_of(n);
    weft_account account;
    CHECK_OK(weft_state_account(state, &a, &account, &error));
    return account;
}

static uint64_t slot_of(const weft_state *state, uint64_t n, uint64_t key)
{
    weft_error error;
    weft_address a = address_of(n);
    weft_word k = word_of(key), value;
    CHECK_OK(weft_state_storage(state, &a, &k, &value, &error));
    return low_of(&value);
}

static void set_slot(weft_state *state, uint64_t n, uint64_t key, uint64_t value)
{
    weft_error error;
    weft_address a = address_of(n);
    weft_word k = word_of(key), v = word_of(value);
    CHECK_OK(weft_state_set_storage(state, &a, &k, &v, &error));
}

/* The 32 bytes that a call of CONTRACT returns. */
static uint64_t call_contract(weft_engine *engine, const weft_state *state, uint64_t value)
{
    weft_error error;
    weft_chain *chain = chain_named("Osaka");
    weft_header header = header_of(100);
    weft_message m = {.struct_size = sizeof m,
                      .gas = 1000000,
                      .from = address_of(1),
                      .to = address_of(CONTRACT),
                      .value = word_of(value)};
    weft_result *result;
    CHECK_OK(weft_call(engine, chain, state, &header, &m, 0, &result, &error));
    weft_receipt r = receipt_of(result, 0);
    CHECK(r.succeeded && r.output.size == 32);
    uint64_t low = load_be64(r.output.data + 24);
    weft_result_free(result);
    weft_chain_free(chain);
    return low;
}

/* Returns slot 0 + 2 * BALANCE of the contract itself. */
static const uint8_t sums_up[] = {0x5f, 0x54, 0x47, 0x60, 0x02, 0x02, 0x01, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};
/* Returns slot 0 + slot 1. */
static const uint8_t adds_slots[] = {0x5f, 0x54, 0x60, 0x01, 0x54, 0x01, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};

/* What eth_call calls overrides: balance, nonce, code, stateDiff, state. */
TEST(api_layers_override_what_is_below)
{
    weft_error error;
    weft_state *base = state_of(1);
    weft_engine *engine = engine_of(1, 0);
    weft_address contract = address_of(CONTRACT);
    set_code(base, CONTRACT, sums_up, sizeof sums_up);
    set_slot(base, CONTRACT, 0, 100);
    set_slot(base, CONTRACT, 1, 1000);
    weft_word balance = word_of(7);
    CHECK_OK(weft_state_set_balance(base, &contract, &balance, &error));
    CHECK_EQ_U64(call_contract(engine, base, 0), 114);

    weft_state *layer = layer_over(base);
    CHECK_EQ_U64(call_contract(engine, layer, 0), 114);
    balance = word_of(50);
    CHECK_OK(weft_state_set_balance(layer, &contract, &balance, &error));
    CHECK_EQ_U64(call_contract(engine, layer, 0), 200);
    CHECK_OK(weft_state_set_nonce(layer, &contract, 9, &error));
    CHECK_EQ_U64(account_of(layer, CONTRACT).nonce, 9);
    set_code(layer, CONTRACT, adds_slots, sizeof adds_slots);
    CHECK_EQ_U64(call_contract(engine, layer, 0), 1100);
    set_slot(layer, CONTRACT, 0, 5); /* stateDiff: the others stay */
    CHECK_EQ_U64(call_contract(engine, layer, 0), 1005);
    CHECK_OK(weft_state_clear_storage(layer, &contract, &error)); /* state: nothing stays */
    set_slot(layer, CONTRACT, 1, 6);
    CHECK_EQ_U64(call_contract(engine, layer, 0), 6);
    set_slot(layer, 2, 3, 4); /* an account that is not there below, and has storage now */
    CHECK(account_of(layer, 2).exists && account_of(layer, 2).has_storage && !account_of(base, 2).exists);
    CHECK_EQ_U64(slot_of(layer, 2, 3), 4);

    /* Nothing of it is below, nor in a layer beside it. */
    weft_state *other = layer_over(base);
    CHECK_EQ_U64(call_contract(engine, base, 0), 114);
    CHECK_EQ_U64(call_contract(engine, other, 0), 114);
    CHECK_EQ_U64(slot_of(other, CONTRACT, 1), 1000);
    weft_bytes code;
    CHECK_OK(weft_state_code(other, &contract, &code, &error));
    CHECK_BYTES(code.data, sums_up, sizeof sums_up);
    CHECK_OK(weft_state_code(layer, &contract, &code, &error));
    CHECK_BYTES(code.data, adds_slots, sizeof adds_slots);
    weft_state_free(other);
    weft_state_free(layer);
    weft_state_free(base);
    weft_engine_free(engine);
}

/* Blocks on top of each other, each result applied to a layer, give what applying them to memory gives. */
TEST(api_layers_take_results)
{
    weft_error error;
    weft_state *memory = state_of(20), *below = weft_state_copy(memory);
    weft_state *layers[DEPTH];
    weft_engine *engine = engine_of(2, WEFT_EXECUTOR_PARALLEL);
    /* Destroys itself for the caller's benefit when it has been called with a value above 0; else counts. Before Cancun:
     * CALLVALUE PUSH1 7 JUMPI  PUSH0 SLOAD ... */
    static const uint8_t code[] = {0x34, 0x60, 0x0b, 0x57, 0x5f, 0x54, 0x60, 0x01, 0x01, 0x90, 0x00, 0x5b, 0x33, 0xff};
    set_code(memory, CONTRACT, counter_code, sizeof counter_code);
    set_code(memory, CONTRACT + 1, code, sizeof code);
    set_slot(memory, CONTRACT + 1, 0, 77);
    weft_state_free(below);
    below = weft_state_copy(memory);
    weft_state *top = below;
    for (uint64_t i = 0; i < DEPTH; i++) {
        weft_state *layer = layer_over(top);
        layers[i] = layer;
        weft_block *block = block_of(i + 1);
        for (uint64_t k = 1; k <= 20; k++) add_transaction(block, transfer_of(k, i, k % 2 == 0 ? CONTRACT : 50 + k, k));
        if (i == 3) add_transaction(block, transfer_of(1, i + 1, CONTRACT + 1, 1));
        if (i >= 3) {
            weft_block_free(block);
            block = block_of(i + 1);
            add_transaction(block, transfer_of(2 + i % 7, account_of(layer, 2 + i % 7).nonce,
                                               i % 5 == 3 ? CONTRACT + 1 : CONTRACT, i == 3));
        }
        weft_result *expected = execute(engine, "Shanghai", memory, block, 0);
        weft_result *found = execute(engine, "Shanghai", layer, block, 0);
        weft_summary e = summary_of(expected), f = summary_of(found);
        CHECK(e.gas_used == f.gas_used && e.account_count == f.account_count);
        CHECK_BYTES(e.receipts_root.b, f.receipts_root.b, 32);
        CHECK_OK(weft_state_apply(memory, expected, &error));
        CHECK_OK(weft_state_apply(layer, found, &error));
        weft_result_free(expected);
        weft_result_free(found);
        weft_block_free(block);
        top = layer;
    }
    CHECK(!account_of(memory, CONTRACT + 1).exists || slot_of(memory, CONTRACT + 1, 0) == 0); /* it was destroyed */
    for (uint64_t n = 0; n < 300; n++) {
        weft_account a = account_of(memory, n), b = account_of(top, n);
        CHECK(a.exists == b.exists && a.nonce == b.nonce);
        CHECK_BYTES(a.balance.b, b.balance.b, 32);
        CHECK_BYTES(a.code_hash.b, b.code_hash.b, 32);
        CHECK_EQ_U64(slot_of(memory, n, 0), slot_of(top, n, 0));
    }
    CHECK_EQ_U64(slot_of(below, CONTRACT + 1, 0), 77);
    /* Freed from below: each is kept by the one above it. */
    weft_state_free(below);
    for (int i = 0; i + 1 < DEPTH; i++) weft_state_free(layers[i]);
    CHECK_EQ_U64(slot_of(top, CONTRACT, 0), slot_of(memory, CONTRACT, 0));
    weft_state_free(top);
    weft_state_free(memory);
    weft_engine_free(engine);
}

TEST(api_layers_go_back_to_snapshots)
{
    weft_error error;
    weft_state *base = state_of(1), *layer = layer_over(base);
    weft_engine *engine = engine_of(1, 0);
    set_code(layer, CONTRACT, counter_code, sizeof counter_code);
    uint64_t first, second, third;
    CHECK_OK(weft_state_snapshot(layer, &first, &error));
    set_slot(layer, CONTRACT, 0, 10);
    CHECK_OK(weft_state_snapshot(layer, &second, &error));
    weft_block *block = block_of(1);
    add_transaction(block, transfer_of(1, 0, CONTRACT, 3));
    weft_result *result = execute(engine, "Cancun", layer, block, 0);
    CHECK_OK(weft_state_apply(layer, result, &error));
    CHECK_EQ_U64(slot_of(layer, CONTRACT, 0), 11);
    CHECK_EQ_U64(account_of(layer, 1).nonce, 1);
    weft_state *copy = weft_state_copy(layer);
    CHECK_OK(weft_state_snapshot(layer, &third, &error));

    CHECK_OK(weft_state_revert(layer, second, &error));
    CHECK_EQ_U64(slot_of(layer, CONTRACT, 0), 10);
    CHECK_EQ_U64(account_of(layer, 1).nonce, 0);
    CHECK_FAILS(weft_state_revert(layer, third, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_OK(weft_state_apply(layer, result, &error));
    CHECK_OK(weft_state_revert(layer, second, &error)); /* as often as one likes */
    CHECK_OK(weft_state_drop_snapshot(layer, second, &error));
    CHECK_FAILS(weft_state_drop_snapshot(layer, second, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_EQ_U64(slot_of(layer, CONTRACT, 0), 10);
    CHECK_OK(weft_state_revert(layer, first, &error));
    CHECK_EQ_U64(slot_of(layer, CONTRACT, 0), 0);
    CHECK_EQ_U64(slot_of(copy, CONTRACT, 0), 11);
    CHECK_FAILS(weft_state_revert(copy, first, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    weft_result_free(result);
    weft_block_free(block);
    weft_state_free(copy);
    weft_state_free(layer);
    weft_state_free(base);
    weft_engine_free(engine);
}

static int32_t no_account(void *context, const weft_address *a, weft_account *out)
{
    (void)context;
    out->exists = 1;
    out->nonce = a->b[19];
    return a->b[19] == 13 ? 5 : 0;
}
static int32_t no_storage(void *context, const weft_address *a, const weft_word *key, weft_word *out)
{
    (void)context, (void)a, (void)key, (void)out;
    return 6;
}
static int32_t no_code(void *context, const weft_address *a, const weft_word *hash, weft_bytes *out)
{
    (void)context, (void)a, (void)hash, (void)out;
    return 7;
}
static int32_t no_hash(void *context, uint64_t number, weft_word *out)
{
    (void)context, (void)number, (void)out;
    return 8;
}

TEST(api_layers_over_callbacks)
{
    weft_error error;
    weft_state_callbacks callbacks = {sizeof callbacks, NULL, no_account, no_storage, no_code, no_hash};
    weft_state *base, *layer;
    CHECK_OK(weft_state_from_callbacks(&callbacks, &base, &error));
    CHECK_EQ_U64(account_of(base, 4).nonce, 4);
    layer = layer_over(base);
    weft_engine *engine = engine_of(1, 0);
    set_code(layer, CONTRACT, adds_slots, sizeof adds_slots);
    set_slot(layer, CONTRACT, 0, 1);
    weft_address contract = address_of(CONTRACT), unread = address_of(13);
    weft_word balance = word_of(1), hash = word_of(99);
    CHECK_OK(weft_state_set_balance(layer, &contract, &balance, &error));
    CHECK_EQ_U64(account_of(layer, CONTRACT).nonce, CONTRACT); /* still what is below */
    set_slot(layer, CONTRACT, 1, 2);
    CHECK_EQ_U64(call_contract(engine, layer, 0), 3); /* and no callback that would fail was asked */
    CHECK_OK(weft_state_set_block_hash(layer, 99, &hash, &error));
    CHECK_FAILS(weft_state_set_balance(layer, &unread, &balance, &error), WEFT_STATE_UNAVAILABLE, "STATE_UNAVAILABLE");
    CHECK(strstr(error.text, "`account` returned 5") != NULL);
    weft_state_free(base);
    CHECK_EQ_U64(account_of(layer, 4).nonce, 4);
    weft_state_free(layer);
    weft_engine_free(engine);
}

TEST(api_layers_used_wrongly)
{
    weft_error error;
    weft_state *base = state_of(2), *layer = layer_over(base), *none = base;
    weft_address a = address_of(1);
    weft_word word = word_of(1);
    uint64_t snapshot = 4;
    /* What lies below stays as it is, until nothing is over it. */
    CHECK_FAILS(weft_state_set_account(base, &a, 1, &word, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_set_storage(base, &a, &word, &word, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK(strstr(error.text, "layers") != NULL);
    weft_state *second = layer_over(layer);
    CHECK_OK(weft_state_snapshot(layer, &snapshot, &error));
    CHECK_FAILS(weft_state_revert(layer, snapshot, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    weft_state_free(second);
    CHECK_OK(weft_state_revert(layer, snapshot, &error));

    CHECK_FAILS(weft_state_layer(NULL, &none, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK(none == NULL);
    CHECK_FAILS(weft_state_layer(base, NULL, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_snapshot(base, &snapshot, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_snapshot(NULL, &snapshot, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_snapshot(layer, NULL, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_revert(base, 1, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_revert(layer, 0, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_drop_snapshot(NULL, 1, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_drop_snapshot(layer, UINT64_MAX, &error), WEFT_INVALID_ARGUMENT, "API_BAD_ARGUMENT");
    CHECK_FAILS(weft_state_root(layer, NULL, &word, &error), WEFT_INVALID_ARGUMENT, "API_READ_ONLY_STATE");
    CHECK(weft_state_set_nonce(layer, NULL, 1, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_state_set_balance(layer, &a, NULL, NULL) == WEFT_INVALID_ARGUMENT);
    CHECK(weft_state_clear_storage(NULL, &a, NULL) == WEFT_INVALID_ARGUMENT);
    weft_state_free(layer);
    CHECK_OK(weft_state_set_account(base, &a, 1, &word, &error));
    weft_state_free(base);
}
