/* Any bytecode on any fork: the fast interpreter says what the plain one says. */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "state/memory.h"
#include "vm/vm.h"

enum { GAS = 400000, OUTPUT_MAX = 1 << 16 };

/* What is compared. */
struct outcome {
    enum vm_status status;
    struct vm_gas gas;
    int64_t refund;
    size_t output_size;
    struct hash output;
};

static struct account *account_at(struct state *s, uint8_t n)
{
    struct address a = {{[0] = 0x10, [19] = n}};
    return state_account(s, &a);
}

static struct outcome run(const struct fork *fork, bool plain, struct bytes code, struct bytes input, uint64_t value)
{
    struct state_memory *memory = state_memory_new();
    struct address sender = {{[0] = 0x10, [19] = 0}}, callee = {{[0] = 0x10, [19] = 1}};
    state_memory_account(memory, &sender)->balance = U256(1000000);
    struct hash hash = keccak256_bytes(code);
    state_memory_set_code(memory, state_memory_account(memory, &callee), &hash, code);
    struct state_view view = state_memory_view(memory);
    struct code_cache *codes = code_cache_new(vm_plan_free);
    struct state_table *table = state_table_new(&view, codes);
    struct state *state = state_new(table);
    struct arena logs = {0};
    state->clear_empty = fork->clear_empty;
    state->log_data = &logs;
    struct vm_env env = {.number = 1000, .timestamp = 5000, .gas_limit = 30000000, .chain_id = 1, .origin = sender};
    struct vm *vm = vm_new();
    vm_attach(vm, fork, state, &env);
    vm_set_plain(vm, plain);
    state_begin(state, 1, false);

    struct account *to = account_at(state, 1);
    state_warm_account(state, to);
    struct vm_message message = {.kind = VM_CALL,
                                 .gas = {GAS, 0},
                                 .sender = account_at(state, 0),
                                 .recipient = to,
                                 .code_account = to,
                                 .value = U256(value),
                                 .input = input};
    struct vm_result result;
    vm_call(vm, &message, &result);
    struct outcome out = {result.status, result.gas, state->refund, result.output.size, keccak256_bytes(result.output)};

    vm_free(vm);
    state_free(state);
    state_table_free(table);
    code_cache_free(codes);
    state_memory_free(memory);
    arena_free(&logs);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dealer d = {data, data + size};
    size_t fork_count = 0;
    while (forks[fork_count] != NULL) fork_count++;
    const struct fork *fork = forks[deal_byte(&d) % fork_count];
    uint64_t value = deal_byte(&d);
    struct bytes input = deal_bytes(&d, deal_byte(&d) & 63), code = deal_bytes(&d, 24000);
    struct outcome fast = run(fork, false, code, input, value), plain = run(fork, true, code, input, value);
    ASSERT(fast.status == plain.status);
    ASSERT(fast.gas.regular == plain.gas.regular && fast.gas.state == plain.gas.state);
    ASSERT(fast.refund == plain.refund || (fast.status != VM_SUCCESS));
    ASSERT(fast.output_size == plain.output_size && hash_equal(&fast.output, &plain.output));
    return 0;
}
