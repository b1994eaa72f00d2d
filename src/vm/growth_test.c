/* Amsterdam's part of the VM: deep stack instructions, state gas, logs of value. */
#include <stdio.h>

#include "vm_test.h"

#include "vm/interpreter/instructions.h"

static const struct fork *amsterdam(void)
{
    return fork_find("Amsterdam");
}

/* ---- EIP-8024 ---------------------------------------------------------------------------------------------------- */

/* Pushes 1 ... count, runs op with its immediate, and returns the item that is `depth` below the top then. */
static struct vm_result run_deep(struct world *w, uint8_t op, uint8_t immediate, unsigned count, unsigned depth,
                                 bool plain)
{
    static char program[4096];
    int at = 0;
    for (unsigned i = 1; i <= count; i++) at += snprintf(program + at, sizeof program - (size_t)at, "60%02x", i);
    at += snprintf(program + at, sizeof program - (size_t)at, "%02x%02x", op, immediate);
    for (unsigned i = 0; i < depth; i++) at += snprintf(program + at, sizeof program - (size_t)at, "50");
    (void)snprintf(program + at, sizeof program - (size_t)at, "60005260206000f3");
    world_open(w);
    world_code(w, 1, test_bytes(w, program));
    world_start(w, amsterdam());
    vm_set_plain(w->vm, plain);
    w->vm->heat = 0; /* translated at once */
    world_call(w, 1, 100000, 0, (struct bytes){0});
    return w->result;
}

static void check_deep(uint8_t op, uint8_t immediate, unsigned count, unsigned depth, int expected)
{
    for (int plain = 0; plain < 2; plain++) {
        struct world w;
        struct vm_result r = run_deep(&w, op, immediate, count, depth, plain != 0);
        if (expected < 0) {
            CHECK_EQ_U64(r.status, (uint64_t)-expected);
        } else {
            CHECK_EQ_U64(r.status, VM_SUCCESS);
            CHECK_EQ_U64(u256_load_be(r.output.data).w[0], (uint64_t)expected);
        }
        world_close(&w);
    }
}

TEST(vm_reaches_deep_into_the_stack)
{
    check_deep(OP_DUPN, 0x80, 20, 0, 4);   /* n = 17 */
    check_deep(OP_DUPN, 0x00, 200, 0, 56); /* n = 145 */
    check_deep(OP_DUPN, 0x5a, 235, 0, 1);  /* n = 235 */
    check_deep(OP_SWAPN, 0x80, 18, 0, 1);  /* n = 17: the 18th item */
    check_deep(OP_SWAPN, 0x80, 18, 17, 18);
    check_deep(OP_SWAPN, 0x00, 146, 0, 1);
    check_deep(OP_EXCHANGE, 0x8e, 3, 1, 1); /* n = 1, m = 2 */
    check_deep(OP_EXCHANGE, 0x8e, 3, 2, 2);
    check_deep(OP_EXCHANGE, 0x8e, 3, 0, 3);
    check_deep(OP_EXCHANGE, 0x8f, 30, 1, 1); /* n = 1, m = 29 */
}

TEST(vm_refuses_what_is_no_operand_and_what_is_too_deep)
{
    for (unsigned x = 0; x < 256; x++) {
        bool item = x <= 90 || x >= 128, pair = x <= 81 || x >= 128;
        CHECK((immediate_item((uint8_t)x) != 0) == item);
        CHECK((immediate_pair((uint8_t)x).n != 0) == pair);
        struct item_pair p = immediate_pair((uint8_t)x);
        if (item) CHECK(immediate_item((uint8_t)x) >= 17 && immediate_item((uint8_t)x) <= 235);
        if (pair) CHECK(p.n >= 1 && p.n < p.m && p.n + p.m <= 30);
    }
    check_deep(OP_DUPN, 0x5b, 240, 0, -VM_UNDEFINED_INSTRUCTION);
    check_deep(OP_EXCHANGE, 0x60, 240, 0, -VM_UNDEFINED_INSTRUCTION);
    check_deep(OP_DUPN, 0x80, 16, 0, -VM_STACK_UNDERFLOW);
    check_deep(OP_SWAPN, 0x80, 17, 0, -VM_STACK_UNDERFLOW);
    check_deep(OP_EXCHANGE, 0x8e, 2, 0, -VM_STACK_UNDERFLOW);
}

/* ---- EIP-8037, as drafts had it ---------------------------------------------------------------------------------------------------- */

enum { BYTE_GAS = 150, SLOT_GAS = 32 * BYTE_GAS, GAS = 100000 };

/* Runs account 1 with a reservoir; account 2 has `callee`. */
static void run_growth(struct world *w, const struct fork *fork, const char *program, const char *callee,
                       struct vm_gas gas)
{
    world_open(w);
    w->env.state_byte_gas = fork_state_byte_gas(fork, 30000000);
    world_code(w, 1, test_bytes(w, program));
    world_code(w, 2, test_bytes(w, callee));
    world_start(w, fork);
    struct account *to = world_account(w, 1);
    state_warm_account(w->state, to);
    struct vm_message m = {
        .kind = VM_CALL, .gas = gas, .sender = world_account(w, 0), .recipient = to, .code_account = to};
    vm_call(w->vm, &m, &w->result);
}

static void check_growth(const char *program, const char *callee, int64_t reservoir, struct vm_gas left, int64_t used,
                         int64_t spilled)
{
    struct world w;
    run_growth(&w, &fork_amsterdam_bal_5_7_0, program, callee, (struct vm_gas){GAS, reservoir});
    CHECK_EQ_I64(w.result.gas.execution, left.execution);
    CHECK_EQ_I64(w.result.gas.state, left.state);
    CHECK_EQ_I64(w.result.state_use.used, used);
    CHECK_EQ_I64(w.result.state_spilled, spilled);
    world_close(&w);
}

#define SET_SLOT "6001600055"                                                           /* slot 0 = 1: 6 + 5,000 */
#define CLEAR_SLOT "6000600055"                                                         /* slot 0 = 0, warm: 6 + 100 */
#define CALL_2 "6000600060006000600073100000000000000000000000000000000000000261c350f1" /* 50,000 gas; 21 + 2,600 */
#define DELEGATE_2 "600060006000600073100000000000000000000000000000000000000261c350f4" /* 18 + 2,600 */

TEST(vm_takes_state_gas_from_the_reservoir_first)
{
    check_growth(SET_SLOT, "00", SLOT_GAS + 5, (struct vm_gas){GAS - 5006, 5}, SLOT_GAS, 0);
    check_growth(SET_SLOT, "00", 100, (struct vm_gas){GAS - 5006 - (SLOT_GAS - 100), 0}, SLOT_GAS, SLOT_GAS - 100);
}

TEST(vm_refunds_state_gas_into_the_reservoir)
{
    check_growth(SET_SLOT CLEAR_SLOT, "00", 0, (struct vm_gas){GAS - 5112 - SLOT_GAS, SLOT_GAS}, 0, SLOT_GAS);
    /* A callee that shares the storage clears what its caller has paid for. */
    check_growth(SET_SLOT DELEGATE_2, CLEAR_SLOT, SLOT_GAS, (struct vm_gas){GAS - 5006 - 2618 - 106, SLOT_GAS}, 0, 0);
}

TEST(vm_gives_state_gas_of_failed_calls_back)
{
    check_growth(CALL_2, SET_SLOT "60006000fd", SLOT_GAS, (struct vm_gas){GAS - 2621 - 5006 - 6, SLOT_GAS}, 0, 0);
    /* What had spilled comes back into the reservoir, also when the callee loses all its gas. */
    check_growth(CALL_2, SET_SLOT "fe", 0, (struct vm_gas){GAS - 2621 - 50000, SLOT_GAS}, 0, SLOT_GAS);
}

TEST(vm_refunds_a_create_that_fails)
{
    /* With a value that the creator does not have; then with initcode that reverts. */
    check_growth("60006000612710f0", "00", 112 * BYTE_GAS, (struct vm_gas){GAS - 9009, 112 * BYTE_GAS}, 0, 0);
    check_growth("63600080fd60e01b600052600460006000f0", "00", 112 * BYTE_GAS,
                 (struct vm_gas){GAS - 3 - 3 - 3 - 3 - 3 - 3 - 9 - 9000 - 2 - 6, 112 * BYTE_GAS}, 0, 0);
}

/* ---- EIP-8037: last first ---------------------------------------------------------------------------------------- */

enum { SLOT = 64 * 1530, ACCOUNT = 120 * 1530, MUCH = 1000000 };

static void check_last_first(const char *program, const char *callee, int64_t reservoir, struct vm_gas left,
                             int64_t spilled)
{
    struct world w;
    run_growth(&w, &fork_amsterdam, program, callee, (struct vm_gas){MUCH, reservoir});
    CHECK_EQ_I64(w.result.gas.execution, left.execution);
    CHECK_EQ_I64(w.result.gas.state, left.state);
    CHECK_EQ_I64(w.result.state_use.spilled, spilled);
    world_close(&w);
}

enum { SET = 6 + 2100 + 10000, CLEAR = 6 + 100, CALL = 21 + 3000, DELEGATE = 18 + 3000 };
#define CALL_MUCH "6000600060006000600073100000000000000000000000000000000000000262030d40f1" /* 200,000 gas */
#define DELEGATE_MUCH "600060006000600073100000000000000000000000000000000000000262030d40f4"

TEST(vm_refunds_state_gas_where_it_came_from)
{
    check_last_first(SET_SLOT, "00", SLOT + 5, (struct vm_gas){MUCH - SET, 5}, 0);
    check_last_first(SET_SLOT, "00", 100, (struct vm_gas){MUCH - SET - (SLOT - 100), 0}, SLOT - 100);
    check_last_first(SET_SLOT CLEAR_SLOT, "00", 0, (struct vm_gas){MUCH - SET - CLEAR, 0}, 0);
    check_last_first(SET_SLOT CLEAR_SLOT, "00", 100, (struct vm_gas){MUCH - SET - CLEAR, 100}, 0);
    /* A callee that shares the storage clears what its caller has paid for: out of execution gas, out of both. */
    check_last_first(SET_SLOT DELEGATE_MUCH, CLEAR_SLOT, 0, (struct vm_gas){MUCH - SET - DELEGATE - CLEAR, 0}, 0);
    check_last_first(SET_SLOT DELEGATE_MUCH, CLEAR_SLOT, 7, (struct vm_gas){MUCH - SET - DELEGATE - CLEAR, 7}, 0);
}

TEST(vm_gives_back_what_a_failed_callee_paid_for_state)
{
    check_last_first(CALL_MUCH, SET_SLOT "60006000fd", 0, (struct vm_gas){MUCH - CALL - SET - 6, 0}, 0);
    check_last_first(CALL_MUCH, SET_SLOT "60006000fd", SLOT, (struct vm_gas){MUCH - CALL - SET - 6, SLOT}, 0);
    /* What had spilled goes with the rest of the gas when the callee loses it. */
    check_last_first(CALL_MUCH, SET_SLOT "fe", 0, (struct vm_gas){MUCH - CALL - 200000, 0}, 0);
    check_last_first(CALL_MUCH, SET_SLOT "fe", 100, (struct vm_gas){MUCH - CALL - 200000, 100}, 0);
    /* What the callee's callee was refunded is lost with it. */
    check_last_first(CALL_MUCH, SET_SLOT CLEAR_SLOT "60006000fd", 0, (struct vm_gas){MUCH - CALL - SET - CLEAR - 6, 0},
                     0);
}

TEST(vm_pays_for_accounts_that_come_to_be)
{
    /* A creator without the value pays for nothing; an initcode that reverts gives the account back. */
    check_last_first("60006000612710f0", "00", ACCOUNT, (struct vm_gas){MUCH - 9 - 12000, ACCOUNT}, 0);
    check_last_first("63600080fd60e01b600052600460006000f0", "00", 0, (struct vm_gas){MUCH - 27 - 12000 - 2 - 6, 0}, 0);
    check_last_first("600060006000f0", "00", 0, (struct vm_gas){MUCH - 9 - 12000 - ACCOUNT, 0}, ACCOUNT);
    check_last_first("600060006000f0", "00", ACCOUNT, (struct vm_gas){MUCH - 9 - 12000, 0}, 0);
    /* A call with a value that the caller does not have brings nobody into existence: the stipend comes back as well. */
    check_last_first("6000600060006000600173990000000000000000000000000000000000009961c350f1", "00", 0,
                     (struct vm_gas){MUCH - CALL - 11300 + 2300, 0}, 0);
}

/* EIP-8038: reading a code is an access of its own. */
TEST(vm_prices_accesses_of_amsterdam)
{
    check_last_first("73990000000000000000000000000000000000009931", "00", 0, (struct vm_gas){MUCH - 3 - 3000, 0}, 0);
    check_last_first("7399000000000000000000000000000000000000993b", "00", 0, (struct vm_gas){MUCH - 3 - 3100, 0}, 0);
    check_last_first("6000600060007399000000000000000000000000000000000000993c", "00", 0,
                     (struct vm_gas){MUCH - 12 - 3100, 0}, 0);
    check_last_first("7399000000000000000000000000000000000000993f", "00", 0, (struct vm_gas){MUCH - 3 - 3000, 0}, 0);
    check_last_first("600054600054", "00", 0, (struct vm_gas){MUCH - 6 - 2100 - 100, 0}, 0);
    check_last_first("60006000556000600055", "00", 0, (struct vm_gas){MUCH - 12 - 2100 - 100, 0}, 0);
}

/* ---- EIP-7708 ---------------------------------------------------------------------------------------------------- */

TEST(vm_logs_value_that_moves)
{
    struct world w;
    world_open(&w);
    world_code(&w, 1, test_bytes(&w, "00"));
    world_start(&w, amsterdam());
    world_call(&w, 1, GAS, 77, (struct bytes){0});
    CHECK_EQ_U64(w.state->log_count, 1);
    const struct state_log *log = &w.state->logs[0];
    CHECK_BYTES(log->emitter->b, system_address.b, 20);
    struct hash transfer, topic = u256_to_hash(log->topics[0]);
    keccak256(&transfer, "Transfer(address,address,uint256)", 33);
    CHECK_BYTES(topic.b, transfer.b, 32);
    struct address from = u256_to_address(log->topics[1]), to = u256_to_address(log->topics[2]);
    struct address sender = test_address(0), recipient = test_address(1);
    CHECK_BYTES(from.b, sender.b, 20);
    CHECK_BYTES(to.b, recipient.b, 20);
    CHECK_EQ_U64(u256_load_be(log->data.data).w[0], 77);

    struct u256 value = U256(5);
    vm_log_burn(w.vm, world_account(&w, 1), &value);
    struct hash burn;
    topic = u256_to_hash(w.state->logs[1].topics[0]);
    keccak256(&burn, "Burn(address,uint256)", 21);
    CHECK_BYTES(topic.b, burn.b, 32);
    vm_log_transfer(w.vm, world_account(&w, 1), world_account(&w, 1), &value);
    CHECK_EQ_U64(w.state->log_count, 2);
    world_close(&w);
}
