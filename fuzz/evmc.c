/* The EVMC module does what the native VM does, over a host of our own: the same messages end in the same way and leave
 * the same behind. Made where EVMC's header is in place (make evmc).
 *
 *     rules, interpreter, runs, where the codes end (2 bytes) | for each run: gas, size of input, input | codes */
#include "../tests/evmc/host.h"
#include "crypto/crypto.h"
#include "fuzz.h"
#include "state/memory.h"

enum { CODES = 3, RUNS_MAX = 3 };

struct world {
    struct state_memory *memory;
    struct state_view view;
    struct code_cache *codes;
    struct state_table *table;
    struct state *state;
    struct vm *vm;
    struct vm_env env;
    struct arena arena;
};

static struct address address_of(unsigned n)
{
    return (struct address){{[0] = n == 0 ? 0x5e : 0xc0, [19] = (uint8_t)n}};
}

static struct account *account_of(struct world *w, unsigned n)
{
    struct address a = address_of(n);
    return state_account(w->state, &a);
}

static void open_world(struct world *w, const struct bytes codes[CODES], const struct fork *fork)
{
    *w = (struct world){.memory = state_memory_new()};
    w->env.origin = address_of(0);
    state_memory_account(w->memory, &w->env.origin)->balance = U256(1000000000);
    for (unsigned i = 0; i < CODES; i++) {
        struct address a = address_of(i + 1);
        struct hash hash = keccak256_bytes(codes[i]);
        state_memory_set_code(w->memory, state_memory_account(w->memory, &a), &hash, codes[i]);
    }
    w->view = state_memory_view(w->memory);
    w->codes = code_cache_new(vm_plan_free);
    w->table = state_table_new(&w->view, w->codes);
    w->state = state_new(w->table);
    w->state->clear_empty = fork->clear_empty;
    w->state->log_data = &w->arena;
    w->vm = vm_new();
    vm_attach(w->vm, fork, w->state, &w->env);
}

static void close_world(struct world *w)
{
    vm_free(w->vm);
    state_free(w->state);
    state_table_free(w->table);
    code_cache_free(w->codes);
    state_memory_free(w->memory);
    arena_free(&w->arena);
}

static struct vm_result run_native(struct world *w, int64_t gas, struct bytes input)
{
    struct account *to = account_of(w, 1);
    state_warm_account(w->state, to);
    struct vm_message m = {.kind = VM_CALL,
                           .gas = {gas, 0},
                           .sender = account_of(w, 0),
                           .recipient = to,
                           .code_account = to,
                           .value = U256(3),
                           .input = input};
    struct vm_result out;
    vm_call(w->vm, &m, &out);
    return out;
}

static struct evmc_result run_module(struct host *h, struct world *w, int64_t gas, struct bytes input)
{
    struct account *from = account_of(w, 0), *to = account_of(w, 1);
    state_warm_account(w->state, to);
    struct evmc_message m = {.kind = EVMC_CALL,
                             .gas = gas,
                             .recipient = host_address(to),
                             .sender = host_address(from),
                             .input_data = input.data,
                             .input_size = input.size,
                             .value = host_word(U256(3)),
                             .code_address = host_address(to)};
    return host_run(h, &m);
}

static void check_states(const struct state *a, struct state *b)
{
    FUZZ_CHECK(a->log_count == b->log_count);
    for (uint32_t i = 0; i < a->log_count; i++) FUZZ_CHECK(bytes_equal(a->logs[i].data, b->logs[i].data));
    for (uint32_t i = 0; i < a->account_count; i++) {
        const struct account *x = a->accounts[i], *y = state_account(b, &x->entry->address);
        uint32_t flags = ACCOUNT_TOUCHED | ACCOUNT_CREATED | ACCOUNT_DESTRUCTED;
        FUZZ_CHECK((x->flags & flags) == (y->flags & flags) && u256_equal(x->balance_delta, y->balance_delta));
    }
    for (uint32_t i = 0; i < a->slot_count; i++) {
        const struct slot *x = a->slots[i];
        const struct slot *y = state_slot(b, state_account(b, &x->account->entry->address), &x->key);
        FUZZ_CHECK(u256_equal(x->current, y->current) && x->warm == y->warm);
    }
}

static void run_both(struct world w[2], struct host *h, int64_t gas, struct bytes input)
{
    for (int i = 0; i < 2; i++) state_begin(w[i].state, 1, false);
    struct vm_result native = run_native(&w[0], gas, input);
    struct evmc_result module = run_module(h, &w[1], gas, input);
    FUZZ_CHECK((native.status == VM_SUCCESS) == (module.status_code == EVMC_SUCCESS));
    FUZZ_CHECK((native.status == VM_REVERT) == (module.status_code == EVMC_REVERT));
    FUZZ_CHECK(native.gas.execution == module.gas_left && w[0].state->refund == module.gas_refund);
    FUZZ_CHECK(bytes_equal(native.output, (struct bytes){module.output_data, module.output_size}));
    check_states(w[0].state, w[1].state);
    if (module.release != NULL) module.release(&module);
}

/* One of the forks that EVMC has a revision for. */
static const struct fork *choose_fork(struct fuzz_input *in, enum evmc_revision *revision)
{
    const struct fork *found[64];
    unsigned count = 0;
    for (size_t i = 0; forks[i] != NULL; i++)
        if (host_revision(forks[i], revision)) found[count++] = forks[i];
    const struct fork *fork = found[fuzz_below(in, count)];
    FUZZ_CHECK(host_revision(fork, revision));
    return fork;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct evmc_vm *vm;
    if (vm == NULL) vm = evmc_create_weft();
    struct fuzz_input in = {data, data + size};
    struct host host = {.vm = vm};
    host.fork = choose_fork(&in, &host.revision);
    const char *interpreter = fuzz_byte(&in) % 4 == 0 ? "plain" : "fast";
    FUZZ_CHECK(vm->set_option(vm, "interpreter", interpreter) == EVMC_SET_OPTION_SUCCESS);
    unsigned runs = 1 + fuzz_below(&in, RUNS_MAX);
    uint8_t first = fuzz_byte(&in), second = fuzz_byte(&in);
    int64_t gas[RUNS_MAX];
    struct bytes input[RUNS_MAX], codes[CODES];
    for (unsigned i = 0; i < runs; i++) {
        gas[i] = 1000 * (int64_t)fuzz_byte(&in);
        input[i] = fuzz_bytes(&in, fuzz_byte(&in) % 65);
    }
    size_t left = (size_t)(in.end - in.at);
    codes[0] = fuzz_bytes(&in, left * first / 256);
    codes[1] = fuzz_bytes(&in, (left - codes[0].size) * second / 256);
    codes[2] = fuzz_bytes(&in, left);
    struct world w[2];
    for (int i = 0; i < 2; i++) open_world(&w[i], codes, host.fork);
    host.state = w[1].state;
    host.env = &w[1].env;
    for (unsigned i = 0; i < runs; i++) run_both(w, &host, gas[i], input[i]);
    precompile_memory_free(&host.precompile);
    for (int i = 0; i < 2; i++) close_world(&w[i]);
    return 0;
}
