/* The same messages, once through the native VM and once through the EVMC module, must end in the same way and leave
 * the same behind. */
#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "program_test.h"
#include "vm_test.h"

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* Account 0 calls account 1 through the module, as world_call does natively. */
static struct evmc_result call_through_module(struct host *h, struct world *w, int64_t gas, uint64_t value,
                                              struct bytes input)
{
    struct account *from = world_account(w, 0), *to = world_account(w, 1);
    state_warm_account(h->state, to);
    struct evmc_message m = {.kind = EVMC_CALL,
                             .gas = gas,
                             .recipient = host_address(to),
                             .sender = host_address(from),
                             .input_data = input.data,
                             .input_size = input.size,
                             .value = host_word(U256(value)),
                             .code_address = host_address(to)};
    return host_run(h, &m);
}

static const struct {
    enum evmc_status_code code;
    enum vm_status status;
} same_status[] = {
    {EVMC_SUCCESS, VM_SUCCESS},
    {EVMC_REVERT, VM_REVERT},
    {EVMC_OUT_OF_GAS, VM_OUT_OF_GAS},
    {EVMC_INVALID_INSTRUCTION, VM_INVALID_INSTRUCTION},
    {EVMC_UNDEFINED_INSTRUCTION, VM_UNDEFINED_INSTRUCTION},
    {EVMC_STACK_OVERFLOW, VM_STACK_OVERFLOW},
    {EVMC_STACK_UNDERFLOW, VM_STACK_UNDERFLOW},
    {EVMC_BAD_JUMP_DESTINATION, VM_BAD_JUMP},
    {EVMC_INVALID_MEMORY_ACCESS, VM_RETURN_DATA_OUT_OF_BOUNDS},
    {EVMC_STATIC_MODE_VIOLATION, VM_STATIC_VIOLATION},
};

static void compare_results(const struct world *native, const struct evmc_result *r)
{
    const struct vm_result *expected = &native->result;
    bool same = false;
    for (size_t i = 0; i < COUNT_OF(same_status); i++)
        same = same || (same_status[i].code == r->status_code && same_status[i].status == expected->status);
    if (!same) FAIL("status %d of the module, native: %s", (int)r->status_code, vm_status_text(expected->status));
    CHECK_EQ_I64(r->gas_left, expected->gas.execution);
    CHECK_EQ_U64(r->output_size, expected->output.size);
    CHECK_BYTES(r->output_data, expected->output.data, expected->output.size);
    CHECK_EQ_I64(r->gas_refund, native->state->refund);
}

static void compare_states(const struct world *native, const struct world *module)
{
    const struct state *a = native->state;
    struct state *b = module->state;
    CHECK_EQ_U64(b->log_count, a->log_count);
    for (uint32_t i = 0; i < a->log_count; i++) {
        CHECK_EQ_U64(b->logs[i].data.size, a->logs[i].data.size);
        CHECK_BYTES(b->logs[i].data.data, a->logs[i].data.data, a->logs[i].data.size);
        CHECK_BYTES(b->logs[i].topics, a->logs[i].topics, sizeof(struct u256) * a->logs[i].topic_count);
    }
    for (uint32_t i = 0; i < a->account_count; i++) {
        const struct account *x = a->accounts[i], *y = state_account(b, &x->entry->address);
        uint32_t flags = ACCOUNT_TOUCHED | ACCOUNT_CREATED | ACCOUNT_DESTRUCTED;
        CHECK_EQ_U64(y->flags & flags, x->flags & flags);
        CHECK(u256_equal(x->balance_delta, y->balance_delta));
        if ((x->flags & y->flags & ACCOUNT_HAS_NONCE) != 0) CHECK_EQ_U64(y->nonce, x->nonce);
    }
    for (uint32_t i = 0; i < a->slot_count; i++) {
        const struct slot *x = a->slots[i];
        const struct slot *y = state_slot(b, state_account(b, &x->account->entry->address), &x->key);
        CHECK(u256_equal(x->current, y->current));
        CHECK_EQ_U64(y->warm, x->warm);
    }
}

static const struct fork *const rules[] = {&fork_frontier,  &fork_tangerine_whistle,
                                           &fork_byzantium, &fork_constantinople,
                                           &fork_istanbul,  &fork_berlin,
                                           &fork_london,    &fork_cancun,
                                           &fork_prague,    &fork_osaka};

TEST(evmc_module_does_what_the_native_vm_does)
{
    static struct program programs[CONTRACTS];
    struct evmc_vm *vm = evmc_create_weft();
    CHECK_EQ_U64((uint64_t)vm->abi_version, EVMC_ABI_VERSION);
    uint64_t successes = 0;
    for (int round = 0; round < 2000; round++) {
        size_t rule = harness_random_below(COUNT_OF(rules));
        for (size_t i = 0; i < CONTRACTS; i++) make_program(&programs[i]);
        struct world w[2];
        for (int i = 0; i < 2; i++) {
            world_open(&w[i]);
            for (uint32_t k = 0; k < CONTRACTS; k++)
                world_code(&w[i], k + 1, (struct bytes){programs[k].code, programs[k].size});
            world_start(&w[i], rules[rule]);
        }
        CHECK(vm->set_option(vm, "interpreter", round % 4 == 0 ? "plain" : "fast") == EVMC_SET_OPTION_SUCCESS);
        struct host host = {.state = w[1].state, .env = &w[1].env, .fork = rules[rule], .vm = vm};
        CHECK(host_revision(host.fork, &host.revision));
        uint8_t input[64];
        harness_random_edge_bytes(input, sizeof input);
        for (int run = 0; run < 6; run++) {
            int64_t gas = (int64_t)harness_random_below(run == 0 ? 400000 : 50000);
            struct bytes data = {input, harness_random_below(sizeof input)};
            state_begin(w[0].state, 1, false);
            state_begin(w[1].state, 1, false);
            world_call(&w[0], 1, gas, 3, data);
            struct evmc_result r = call_through_module(&host, &w[1], gas, 3, data);
            compare_results(&w[0], &r);
            compare_states(&w[0], &w[1]);
            successes += r.status_code == EVMC_SUCCESS;
            if (r.release != NULL) r.release(&r);
        }
        precompile_memory_free(&host.precompile);
        world_close(&w[0]);
        world_close(&w[1]);
    }
    CHECK(successes > 2000);
    vm->destroy(vm);
}

/* ---- the programs that the field compares interpreters with ------------------------------------------------------ */

static struct bytes read_hex_file(struct world *w, const char *path)
{
    struct buffer text = {0};
    struct error e;
    if (file_read(&text, path, 1 << 24, &e) != STATUS_OK) SKIP("%s", e.text);
    while (text.size > 0 && hex_digit((char)text.data[text.size - 1]) < 0) text.size--;
    text.data[text.size] = 0;
    struct bytes out = test_bytes(w, (const char *)text.data);
    buffer_free(&text);
    return out;
}

static uint64_t time_module(struct host *h, struct world *w, int64_t gas, struct bytes input)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        state_begin(h->state, 1, false);
        uint64_t start = clock_wall_ns();
        struct evmc_result r = call_through_module(h, w, gas, 0, input);
        uint64_t time = clock_wall_ns() - start;
        if (time < best) best = time;
        if (r.release != NULL) r.release(&r);
    }
    return best;
}

static uint64_t time_native(struct world *w, int64_t gas, struct bytes input)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        state_begin(w->state, 1, false);
        vm_begin_block(w->vm);
        uint64_t start = clock_wall_ns();
        world_call(w, 1, gas, 0, input);
        uint64_t time = clock_wall_ns() - start;
        if (time < best) best = time;
    }
    return best;
}

TEST(evmc_module_runs_the_benchmark_programs)
{
    static const char *const cases[][2] = {{"blake2b_huff", "8415nulls"}, {"sha1_shifts", "5311"},
                                           {"snailtracer", "benchmark"},  {"signextend", "one"},
                                           {"swap_math", "received"},     {"loop_with_many_jumpdests", "empty"},
                                           {"memory_grow_mload", "by32"}, {"JUMPDEST_n0", "empty"}};
    const char *folder = getenv("WEFT_FIXTURES");
    if (folder == NULL || *folder == 0) SKIP("WEFT_FIXTURES names no folder");
    struct evmc_vm *vm = evmc_create_weft();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w[2];
        char code[4096], input[4096];
        (void)snprintf(code, sizeof code, "%s/evm-benchmarks/%s.hex", folder, cases[i][0]);
        (void)snprintf(input, sizeof input, "%s/evm-benchmarks/%s.%s.input", folder, cases[i][0], cases[i][1]);
        for (int k = 0; k < 2; k++) {
            world_open(&w[k]);
            world_code(&w[k], 1, read_hex_file(&w[k], code));
            world_start(&w[k], &fork_cancun);
        }
        struct bytes data = read_hex_file(&w[0], input);
        struct host host = {
            .state = w[1].state, .env = &w[1].env, .fork = &fork_cancun, .revision = EVMC_CANCUN, .vm = vm};
        int64_t gas = 1000000000;
        world_call(&w[0], 1, gas, 0, data);
        struct evmc_result r = call_through_module(&host, &w[1], gas, 0, data);
        compare_results(&w[0], &r);
        compare_states(&w[0], &w[1]);
        if (r.release != NULL) r.release(&r);
        printf("%s/%s: native %llu ns, module %llu ns\n", cases[i][0], cases[i][1],
               (unsigned long long)time_native(&w[0], gas, data),
               (unsigned long long)time_module(&host, &w[1], gas, data));
        world_close(&w[0]);
        world_close(&w[1]);
    }
    vm->destroy(vm);
}

/* The callee's stack lies where the caller's result goes. */
TEST(evmc_create_that_fails_pushes_zero)
{
    struct evmc_vm *vm = evmc_create_weft();
    struct world w[2];
    for (int i = 0; i < 2; i++) {
        world_open(&w[i]);
        world_code(&w[i], 1, test_bytes(&w[i], "6860aa60bb60006000fd5f52600960175ff05f5260205ff3"));
        world_start(&w[i], &fork_osaka);
    }
    struct host host = {.state = w[1].state, .env = &w[1].env, .fork = &fork_osaka, .revision = EVMC_OSAKA, .vm = vm};
    world_call(&w[0], 1, 100000, 0, (struct bytes){0});
    struct evmc_result r = call_through_module(&host, &w[1], 100000, 0, (struct bytes){0});
    compare_results(&w[0], &r);
    CHECK_EQ_U64(r.output_size, 32);
    CHECK(u256_is_zero(u256_load_be(r.output_data)));
    if (r.release != NULL) r.release(&r);
    world_close(&w[0]);
    world_close(&w[1]);
    vm->destroy(vm);
}
