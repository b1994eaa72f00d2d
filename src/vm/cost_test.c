/* What a message has not paid for is not done: nothing is asked of the view, and nothing translated. */
#include "vm_test.h"

#include "vm/private.h"

/* ---- accounts and slots -------------------------------------------------------------------------------------------- */

static struct state_view below;
static unsigned asked;

static enum status count_account(void *context, const struct address *a, struct account_data *out)
{
    asked++;
    return below.account(context, a, out);
}

static enum status count_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    asked++;
    return below.storage(context, a, key, out);
}

/* How often the view is asked while the program runs with so much gas. */
static unsigned asked_by(const char *program, int64_t gas, enum vm_status outcome)
{
    struct world w;
    world_open(&w);
    struct address a = test_address(1);
    world_code(&w, 1, test_bytes(&w, program));
    state_memory_set_slot(w.memory, &a, &U256_ONE, &U256_ONE);
    world_start(&w, &fork_osaka);
    below = w.view;
    w.view.account = count_account;
    w.view.storage = count_storage;
    world_call(&w, 1, 100000, 0, (struct bytes){0}); /* what every call reads, and the code itself */
    state_table_reset(w.table, &w.view);
    state_begin(w.state, 1, false);
    world_call(&w, 1, 0, 0, (struct bytes){0});
    state_begin(w.state, 1, false);
    asked = 0;
    world_call(&w, 1, gas, 0, (struct bytes){0});
    CHECK_EQ_U64(w.result.status, outcome);
    world_close(&w);
    return asked;
}

TEST(vm_asks_the_view_for_nothing_that_is_not_paid)
{
    static const struct {
        const char *program;
        int64_t enough;
    } cases[] = {
        {"61abcd31", 2603},           /* BALANCE */
        {"61abcd3b", 2603},           /* EXTCODESIZE */
        {"61abcd3f", 2603},           /* EXTCODEHASH */
        {"5f5f5f61abcd3c", 2609},     /* EXTCODECOPY */
        {"61beef54", 2103},           /* SLOAD */
        {"5f5f5f5f61abcd5ffa", 2613}, /* STATICCALL */
        {"5f5f5f5f61abcd5ff4", 2613}, /* DELEGATECALL */
        {"61abcdff", 7603},           /* SELFDESTRUCT */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_EQ_U64(asked_by(cases[i].program, cases[i].enough - 1, VM_OUT_OF_GAS), 0);
        CHECK_EQ_U64(asked_by(cases[i].program, cases[i].enough, VM_SUCCESS), 1);
    }
}

/* ---- translating ----------------------------------------------------------------------------------------------------- */

enum { UNITS = 100, UNIT = 40, FREE_GAS = 20000 };

/* Jumps to where the input says; each unit is a run that takes longer to translate than to run into its end. */
static size_t make_bomb(uint8_t code[8 + UNITS * UNIT])
{
    static const uint8_t begin[] = {OP_PUSH0, OP_CALLDATALOAD, OP_JUMP};
    size_t size = sizeof begin;
    memcpy(code, begin, size);
    for (int u = 0; u < UNITS; u++) {
        code[size++] = OP_JUMPDEST;
        for (int i = 1; i + 1 < UNIT; i++) code[size++] = OP_CALLDATASIZE;
        code[size++] = OP_STOP;
    }
    return size;
}

TEST(vm_translates_no_more_than_gas_pays_for)
{
    static uint8_t code[8 + UNITS * UNIT];
    struct world w;
    world_open(&w);
    world_code(&w, 1, (struct bytes){code, make_bomb(code)});
    world_start(&w, &fork_osaka);
    w.vm->heat = 0;
    w.vm->prepare_free = FREE_GAS;
    int64_t most = 0;
    for (uint64_t u = 0; u < UNITS; u++) {
        uint8_t input[32] = {0};
        store_be64(input + 24, 3 + u * UNIT);
        state_begin(w.state, 1, false);
        world_call(&w, 1, 30, 0, (struct bytes){input, sizeof input});
        int64_t ahead = w.vm->prepared - w.vm->burned;
        most = ahead > most ? ahead : most;
    }
    CHECK(most > FREE_GAS / 2); /* the bomb works */
    CHECK(most < 2 * FREE_GAS); /* the last of them may go over it by itself */
    /* Gas makes good for it. */
    w.vm->burned = w.vm->prepared;
    int64_t before = w.vm->prepared;
    uint8_t input[32] = {0};
    store_be64(input + 24, 3 + (UNITS - 1) * UNIT);
    state_begin(w.state, 1, false);
    world_call(&w, 1, 1000, 0, (struct bytes){input, sizeof input});
    CHECK_EQ_U64(w.result.status, VM_SUCCESS);
    CHECK(w.vm->prepared > before);
    world_close(&w);
}
