/* The VM: small programs of each family of instructions with known results and gas. */
#include <stdio.h>

#include "vm_test.h"

#include "vm/private.h"

/* Runs `program` (hex) in account 1 under `fork` with 100,000 gas, and leaves the world open. */
static void run_program(struct world *w, const struct fork *fork, const char *program)
{
    world_open(w);
    world_code(w, 1, test_bytes(w, program));
    world_start(w, fork);
    world_call(w, 1, 100000, 0, (struct bytes){0});
}

struct expectation {
    const char *program; /* leaves one word on the stack */
    const char *result;  /* that word, shortest hex */
    uint32_t gas;        /* without the 15 that returning it costs */
};

/* Appends MSTORE at 0 and RETURN of that word. */
static void check_expectation(const struct fork *fork, const struct expectation *x)
{
    char program[512];
    snprintf(program, sizeof program, "%s60005260206000f3", x->program);
    struct world w;
    run_program(&w, fork, program);
    if (w.result.status != VM_SUCCESS || w.result.output.size != 32)
        FAIL("%s: %s", x->program, vm_status_text(w.result.status));
    char text[U256_HEX_SIZE];
    struct u256 value = u256_load_be(w.result.output.data);
    u256_to_hex(text, &value);
    CHECK_TEXT(text + 2, x->result);
    CHECK_EQ_I64(100000 - w.result.gas.execution - 15, x->gas);
    world_close(&w);
}

TEST(vm_computes)
{
    static const struct expectation cases[] = {
        {"6002600301", "5", 9},
        {"6003600a03", "7", 9},
        {"6003600a04", "3", 11},
        {"6000600a04", "0", 11},
        {"6003600a06", "1", 11},
        {"6007600660050a", "3d09", 69}, /* 5 ** 6, one byte of exponent; 7 stays below */
        {"600160000b", "1", 11},        /* SIGNEXTEND of 1 from byte 0 */
        {"60ff60000b", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 11},
        {"600160021b", "4", 9}, /* 1 << 2 */
        {"60016101001b", "0", 9},
        {"600019601f1a", "ff", 12}, /* last byte of ~0 */
        {"60001e", "100", 8},       /* CLZ of 0 */
        {"60011e", "ff", 8},
        {"6000600020", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", 36},
        {"58", "0", 2},
        {"605958", "2", 5},
        {"5a", "1869e", 2}, /* 99,998 */
        {"59", "0", 2},
        {"600160525259", "80", 20},       /* MSTORE at 82 makes four words */
        {"6001600657005b60aa", "aa", 20}, /* JUMPI over a STOP */
        {"5f", "0", 2},
        {"7f000000000000000000000000000000000000000000000000000000000000abcd", "abcd", 3},
        {"60016002600391", "1", 12}, /* SWAP2 */
        {"60016002600382", "1", 12}, /* DUP3 */
        {"46", "1", 2},
        {"43", "3e8", 2},
        {"42", "1388", 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) check_expectation(&fork_osaka, &cases[i]);
}

struct ending {
    const char *program;
    enum vm_status status;
    int64_t gas_left;
};

TEST(vm_ends_as_it_must)
{
    static const struct ending cases[] = {
        {"", VM_SUCCESS, 100000},
        {"00", VM_SUCCESS, 100000},
        {"6001", VM_SUCCESS, 99997}, /* running off the end is STOP */
        {"7f", VM_SUCCESS, 99997},   /* a PUSH32 cut off by the end */
        {"01", VM_STACK_UNDERFLOW, 0},
        {"600101", VM_STACK_UNDERFLOW, 0},
        {"5b600156", VM_BAD_JUMP, 0},
        {"605b600156", VM_BAD_JUMP, 0}, /* a 0x5b inside a PUSH */
        {"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff56", VM_BAD_JUMP, 0},
        {"5b600056", VM_OUT_OF_GAS, 0},       /* for ever */
        {"5b5f600056", VM_STACK_OVERFLOW, 0}, /* one more item a round */
        {"0c", VM_UNDEFINED_INSTRUCTION, 0},
        {"fe", VM_INVALID_INSTRUCTION, 0},
        {"60006000fd", VM_REVERT, 99994},
        {"60016000fd", VM_REVERT, 99991},
        {"600060003e", VM_STACK_UNDERFLOW, 0},
        {"6001600060003e", VM_RETURN_DATA_OUT_OF_BOUNDS, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        run_program(&w, &fork_osaka, cases[i].program);
        if (w.result.status != cases[i].status)
            FAIL("%s: %s, expected %s", cases[i].program, vm_status_text(w.result.status),
                 vm_status_text(cases[i].status));
        CHECK_EQ_I64(w.result.gas.execution, cases[i].gas_left);
        world_close(&w);
    }
}

TEST(vm_memory_beyond_all_bounds_is_out_of_gas)
{
    static const char *const programs[] = {
        "60006401000000005200",       /* MSTORE at 2^32 */
        "60006000195200",             /* MSTORE at 2^256 - 1 */
        "60006801000000000000000052", /* MSTORE at 2^64 */
        "67ffffffffffffffff600020",   /* KECCAK256 of 2^64 - 1 bytes */
        "67ffffffffffffffff6001f3",   /* offset + size wraps */
    };
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        struct world w;
        run_program(&w, &fork_osaka, programs[i]);
        CHECK_TEXT(vm_status_text(w.result.status), "out of gas");
        world_close(&w);
    }
}

TEST(vm_instructions_belong_to_their_fork)
{
    struct world w;
    run_program(&w, &fork_london, "5f00"); /* PUSH0 came with Shanghai */
    CHECK(w.result.status == VM_UNDEFINED_INSTRUCTION);
    world_close(&w);
    run_program(&w, &fork_frontier, "60006000fd"); /* REVERT with Byzantium */
    CHECK(w.result.status == VM_UNDEFINED_INSTRUCTION);
    world_close(&w);
}

/* Stores 1, then 0, then 1 in a slot that is empty: what each rule makes of it. */
TEST(vm_sstore_costs_by_the_forks_rule)
{
    static const struct {
        const struct fork *fork;
        int64_t gas, refund;
    } cases[] = {
        {&fork_frontier, 18 + 20000 + 5000 + 20000, 15000},   {&fork_constantinople, 18 + 20000 + 200 + 20000, 19800},
        {&fork_petersburg, 18 + 20000 + 5000 + 20000, 15000}, {&fork_istanbul, 18 + 20000 + 800 + 20000, 19200},
        {&fork_berlin, 18 + 22100 + 100 + 20000, 19900},      {&fork_osaka, 18 + 22100 + 100 + 20000, 19900},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        run_program(&w, cases[i].fork, "600160005560006000556001600055");
        CHECK(w.result.status == VM_SUCCESS);
        CHECK_EQ_I64(100000 - w.result.gas.execution, cases[i].gas);
        CHECK_EQ_I64(w.state->refund, cases[i].refund);
        CHECK_EQ_U64(state_slot(w.state, world_account(&w, 1), &U256_ZERO)->current.w[0], 1);
        world_close(&w);
    }
}

/* Account 1 calls account 2 with 2 wei; account 2 stores, logs and then ends as `ending` says. */
static void call_and_end(struct world *w, const char *ending)
{
    char callee[64];
    snprintf(callee, sizeof callee, "600160005560206000a0%s", ending);
    world_open(w);
    struct bytes caller = test_bytes(w, "60206000600060006002731000000000000000000000000000000000000002"
                                        "61ffff"
                                        "f1"
                                        "60005260206000f3");
    world_code(w, 1, caller);
    world_code(w, 2, test_bytes(w, callee));
    world_start(w, &fork_osaka);
    world_call(w, 1, 200000, 10, (struct bytes){0});
}

TEST(vm_calls_keep_or_undo_their_effects)
{
    struct world w;
    call_and_end(&w, "00");
    CHECK(w.result.status == VM_SUCCESS);
    CHECK_EQ_U64(w.result.output.data[31], 1);
    CHECK_EQ_U64(w.state->log_count, 1);
    CHECK_EQ_U64(state_balance(w.state, world_account(&w, 2)).w[0], 2);
    CHECK_EQ_U64(state_balance(w.state, world_account(&w, 1)).w[0], 8);
    CHECK_EQ_U64(state_slot(w.state, world_account(&w, 2), &U256_ZERO)->current.w[0], 1);
    world_close(&w);

    call_and_end(&w, "60206000fd");
    CHECK(w.result.status == VM_SUCCESS);
    CHECK_EQ_U64(w.result.output.data[31], 0);
    CHECK_EQ_U64(w.state->log_count, 0);
    CHECK_EQ_U64(state_balance(w.state, world_account(&w, 2)).w[0], 0);
    CHECK_EQ_U64(state_balance(w.state, world_account(&w, 1)).w[0], 10);
    CHECK_EQ_U64(state_slot(w.state, world_account(&w, 2), &U256_ZERO)->current.w[0], 0);
    int64_t gas_after_revert = w.result.gas.execution;
    world_close(&w);

    call_and_end(&w, "fe"); /* the callee's 65,535 gas is gone */
    CHECK_EQ_U64(w.result.output.data[31], 0);
    CHECK(w.result.gas.execution < gas_after_revert - 30000);
    world_close(&w);
}

/* A contract counts in slot 0 how often it runs and calls itself with nearly all its gas: 1,025 frames, and the machine
 * survives. */
TEST(vm_calls_as_deep_as_allowed)
{
    struct world w;
    world_open(&w);
    world_code(&w, 1,
               test_bytes(&w, "6001600054016000556000600060006000600030"
                              "5a620186a09003"
                              "f1"));
    world_start(&w, &fork_homestead); /* no 64th is kept back */
    world_call(&w, 1, INT64_C(1) << 40, 0, (struct bytes){0});
    CHECK(w.result.status == VM_SUCCESS);
    CHECK_EQ_U64(state_slot(w.state, world_account(&w, 1), &U256_ZERO)->current.w[0], CALL_DEPTH_MAX + 1);
    world_close(&w);
}

/* Account 1 creates a contract with the given initcode (at most 32 bytes) and returns the address. */
static void create(struct world *w, const struct fork *fork, const char *initcode)
{
    char program[256];
    size_t size = strlen(initcode) / 2;
    snprintf(program, sizeof program,
             "%x%s600052"
             "60%02x60%02x6000f0"
             "60005260206000f3",
             (unsigned)(0x5f + size), initcode, (unsigned)size, (unsigned)(32 - size));
    world_open(w);
    world_code(w, 1, test_bytes(w, program));
    world_start(w, fork);
    world_call(w, 1, 200000, 0, (struct bytes){0});
}

TEST(vm_creates_contracts)
{
    struct world w;
    create(&w, &fork_osaka, "60016000526001601ff3"); /* code: 01 */
    CHECK(w.result.status == VM_SUCCESS);
    struct account *self = world_account(&w, 1);
    CHECK_EQ_U64(state_nonce(w.state, self), 1);
    struct address address = u256_to_address(u256_load_be(w.result.output.data));
    struct account *created = state_account(w.state, &address);
    CHECK_EQ_U64(state_code(w.state, created)->size, 1);
    CHECK_EQ_U64(state_nonce(w.state, created), 1);
    CHECK((created->flags & ACCOUNT_CREATED) != 0);
    world_close(&w);

    create(&w, &fork_osaka, "60ef60005360016000f3"); /* code: ef */
    CHECK(u256_is_zero(u256_load_be(w.result.output.data)));
    CHECK_EQ_U64(state_nonce(w.state, world_account(&w, 1)), 1);
    world_close(&w);
}

/* Code that cannot be paid for: no code in Frontier, no contract later. */
TEST(vm_code_deposit_out_of_gas)
{
    static const char initcode[] = "6107d06000f3"; /* 2,000 bytes: 400,000 gas */
    struct world w;
    create(&w, &fork_frontier, initcode);
    CHECK(!u256_is_zero(u256_load_be(w.result.output.data)));
    world_close(&w);
    create(&w, &fork_spurious_dragon, initcode);
    CHECK(u256_is_zero(u256_load_be(w.result.output.data)));
    world_close(&w);
}

/* The traced interpreter is the slow twin's slow twin: same result, and costs that add up. */
struct tally {
    int64_t cost;
    size_t steps;
};
static void tally_step(void *context, const struct vm_step *step)
{
    struct tally *t = context;
    t->steps += step->depth == 1;
}
static void tally_cost(void *context, const struct vm_cost *cost)
{
    ((struct tally *)context)->cost += cost->gas;
    CHECK(cost->error == VM_SUCCESS);
}

TEST(vm_traces_every_instruction_and_its_cost)
{
    struct world w;
    world_open(&w);
    world_code(&w, 1, test_bytes(&w, "6001600657005b60aa60005260206000f3"));
    world_start(&w, &fork_osaka);
    struct tally tally = {0};
    struct vm_tracer tracer = {.context = &tally, .step = tally_step, .cost = tally_cost};
    vm_set_tracer(w.vm, &tracer);
    world_call(&w, 1, 100000, 0, (struct bytes){0});
    CHECK(w.result.status == VM_SUCCESS);
    CHECK_EQ_U64(tally.steps, 10);
    CHECK_EQ_I64(tally.cost, 100000 - w.result.gas.execution);
    world_close(&w);
}
