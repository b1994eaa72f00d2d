/* A host of our own around the EVMC module: the same messages, once through the native VM and once through the module, must end in the
 * same way and leave the same behind. The host keeps its accounts in a struct state, as the native VM does. */
#include <evmc/evmc.h>
#include <stdio.h>
#include <stdlib.h>

#include "precompile/precompile.h"
#include "program_test.h"
#include "types/types.h"
#include "vm_test.h"

struct evmc_vm *evmc_create_weft(void);

struct host {
    struct world *w;
    const struct fork *fork;
    enum evmc_revision revision;
    struct evmc_vm *vm;
    struct precompile_memory precompile;
};

static struct host *host_of(struct evmc_host_context *context)
{
    return (struct host *)(void *)context;
}

static struct account *account_of(struct evmc_host_context *context, const evmc_address *a)
{
    struct address address;
    memcpy(address.b, a->bytes, sizeof address.b);
    return state_account(host_of(context)->w->state, &address);
}

static evmc_bytes32 word_of(struct u256 v)
{
    evmc_bytes32 out;
    u256_store_be(out.bytes, v);
    return out;
}

static evmc_address address_of(const struct account *a)
{
    evmc_address out;
    memcpy(out.bytes, a->entry->address.b, sizeof out.bytes);
    return out;
}

/* ---- what the VM asks ----------------------------------------------------------------------------------------------- */

static bool account_exists(struct evmc_host_context *c, const evmc_address *a)
{
    return state_exists(host_of(c)->w->state, account_of(c, a));
}

static struct slot *slot_of(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key)
{
    struct u256 k = u256_load_be(key->bytes);
    return state_slot(host_of(c)->w->state, account_of(c, a), &k);
}

static evmc_bytes32 get_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key)
{
    return word_of(slot_of(c, a, key)->current);
}

static enum evmc_storage_status set_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key,
                                            const evmc_bytes32 *value)
{
    struct slot *s = slot_of(c, a, key);
    struct u256 v = u256_load_be(value->bytes), o = s->original, now = s->current;
    if (u256_equal(now, v)) return EVMC_STORAGE_ASSIGNED;
    state_set_slot(host_of(c)->w->state, s, &v);
    bool to_zero = u256_is_zero(v), from_zero = u256_is_zero(now), was_zero = u256_is_zero(o);
    if (u256_equal(o, now))
        return from_zero ? EVMC_STORAGE_ADDED : to_zero ? EVMC_STORAGE_DELETED : EVMC_STORAGE_MODIFIED;
    if (was_zero) return to_zero ? EVMC_STORAGE_ADDED_DELETED : EVMC_STORAGE_ASSIGNED;
    if (from_zero) return u256_equal(o, v) ? EVMC_STORAGE_DELETED_RESTORED : EVMC_STORAGE_DELETED_ADDED;
    if (to_zero) return EVMC_STORAGE_MODIFIED_DELETED;
    return u256_equal(o, v) ? EVMC_STORAGE_MODIFIED_RESTORED : EVMC_STORAGE_ASSIGNED;
}

static evmc_uint256be get_balance(struct evmc_host_context *c, const evmc_address *a)
{
    return word_of(state_balance(host_of(c)->w->state, account_of(c, a)));
}

static size_t get_code_size(struct evmc_host_context *c, const evmc_address *a)
{
    return state_code(host_of(c)->w->state, account_of(c, a))->size;
}

static evmc_bytes32 get_code_hash(struct evmc_host_context *c, const evmc_address *a)
{
    struct state *s = host_of(c)->w->state;
    struct account *account = account_of(c, a);
    return word_of(state_exists(s, account) ? u256_from_hash(state_code_hash(s, account)) : U256_ZERO);
}

static size_t copy_code(struct evmc_host_context *c, const evmc_address *a, size_t from, uint8_t *to, size_t size)
{
    const struct code *code = state_code(host_of(c)->w->state, account_of(c, a));
    if (from >= code->size) return 0;
    size_t copied = code->size - from < size ? code->size - from : size;
    memcpy(to, code->bytes + from, copied);
    return copied;
}

static bool selfdestruct(struct evmc_host_context *c, const evmc_address *a, const evmc_address *heir_address)
{
    struct host *h = host_of(c);
    struct state *s = h->w->state;
    struct account *self = account_of(c, a), *heir = account_of(c, heir_address);
    struct u256 balance = state_balance(s, self);
    bool removed = h->fork->selfdestruct == SELFDESTRUCT_ALWAYS || (self->flags & ACCOUNT_CREATED) != 0;
    if (heir != self || removed) state_debit(s, self, &balance);
    if (heir != self) state_credit(s, heir, &balance);
    state_touch(s, heir);
    return removed && state_mark_destructed(s, self);
}

static struct evmc_tx_context get_tx_context(struct evmc_host_context *c)
{
    const struct vm_env *e = &host_of(c)->w->env;
    struct evmc_tx_context out = {.tx_gas_price = word_of(e->gas_price),
                                  .block_number = (int64_t)e->number,
                                  .block_timestamp = (int64_t)e->timestamp,
                                  .block_gas_limit = (int64_t)e->gas_limit,
                                  .block_prev_randao = word_of(e->prevrandao),
                                  .chain_id = word_of(U256(e->chain_id)),
                                  .block_base_fee = word_of(e->base_fee),
                                  .blob_base_fee = word_of(e->blob_base_fee)};
    memcpy(out.tx_origin.bytes, e->origin.b, sizeof out.tx_origin.bytes);
    memcpy(out.block_coinbase.bytes, e->coinbase.b, sizeof out.block_coinbase.bytes);
    return out;
}

static evmc_bytes32 get_block_hash(struct evmc_host_context *c, int64_t number)
{
    struct hash hash = state_block_hash(host_of(c)->w->state, (uint64_t)number);
    return word_of(u256_from_hash(&hash));
}

static void emit_log(struct evmc_host_context *c, const evmc_address *a, const uint8_t *data, size_t size,
                     const evmc_bytes32 *topics, size_t topic_count)
{
    struct u256 words[4];
    for (size_t i = 0; i < topic_count; i++) words[i] = u256_load_be(topics[i].bytes);
    state_log(host_of(c)->w->state, account_of(c, a), words, (uint32_t)topic_count, (struct bytes){data, size});
}

static enum evmc_access_status access_account(struct evmc_host_context *c, const evmc_address *a)
{
    struct host *h = host_of(c);
    struct account *account = account_of(c, a);
    bool cold = state_warm_account(h->w->state, account);
    bool precompiled = precompile_find(&h->fork->precompile, &account->entry->address) != PRECOMPILE_NONE;
    return cold && !precompiled ? EVMC_ACCESS_COLD : EVMC_ACCESS_WARM;
}

static enum evmc_access_status access_storage(struct evmc_host_context *c, const evmc_address *a,
                                              const evmc_bytes32 *key)
{
    return state_warm_slot(host_of(c)->w->state, slot_of(c, a, key)) ? EVMC_ACCESS_COLD : EVMC_ACCESS_WARM;
}

static evmc_bytes32 get_transient_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key)
{
    struct u256 k = u256_load_be(key->bytes);
    return word_of(state_transient(host_of(c)->w->state, account_of(c, a), &k));
}

static void set_transient_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key,
                                  const evmc_bytes32 *value)
{
    struct u256 k = u256_load_be(key->bytes), v = u256_load_be(value->bytes);
    state_set_transient(host_of(c)->w->state, account_of(c, a), &k, &v);
}

static struct evmc_result call(struct evmc_host_context *c, const struct evmc_message *m);

static const struct evmc_host_interface interface = {
    account_exists,       get_storage, set_storage,    get_balance,    get_code_size,
    get_code_hash,        copy_code,   selfdestruct,   call,           get_tx_context,
    get_block_hash,       emit_log,    access_account, access_storage, get_transient_storage,
    set_transient_storage};

/* ---- what surrounds code ---------------------------------------------------------------------------------------------- */

static void release_copy(const struct evmc_result *r)
{
    free((void *)(uintptr_t)r->output_data);
}

static void move_value(struct host *h, struct account *from, struct account *to, const struct evmc_message *m)
{
    struct u256 value = u256_load_be(m->value.bytes);
    if (u256_is_zero(value)) return;
    state_debit(h->w->state, from, &value);
    state_credit(h->w->state, to, &value);
}

static struct evmc_result run_precompile(struct host *h, unsigned id, const struct evmc_message *m)
{
    struct precompile_result p;
    precompile_run(&h->fork->precompile, id, (struct bytes){m->input_data, m->input_size}, (uint64_t)m->gas,
                   &h->precompile, &p);
    struct evmc_result r = {.status_code = p.ok ? EVMC_SUCCESS : EVMC_PRECOMPILE_FAILURE};
    if (!p.ok) return r;
    uint8_t *copy = base_alloc(p.output.size + 1);
    if (p.output.size != 0) memcpy(copy, p.output.data, p.output.size);
    r.gas_left = (int64_t)p.gas_left;
    r.output_data = copy;
    r.output_size = p.output.size;
    r.release = release_copy;
    return r;
}

static struct evmc_result host_call(struct host *h, const struct evmc_message *m)
{
    struct state *s = h->w->state;
    struct evmc_host_context *c = (struct evmc_host_context *)(void *)h;
    struct state_checkpoint before = state_checkpoint(s);
    struct account *recipient = account_of(c, &m->recipient), *code_account = account_of(c, &m->code_address);
    if (m->kind == EVMC_CALL) state_touch(s, recipient);
    if (m->kind == EVMC_CALL && (m->flags & EVMC_STATIC) == 0) move_value(h, account_of(c, &m->sender), recipient, m);
    unsigned id = precompile_find(&h->fork->precompile, &code_account->entry->address);
    const struct code *code = state_code(s, code_account);
    struct evmc_result r = id != PRECOMPILE_NONE
                               ? run_precompile(h, id, m)
                               : h->vm->execute(h->vm, &interface, c, h->revision, m, code->bytes, code->size);
    if (r.status_code != EVMC_SUCCESS) state_revert(s, before);
    return r;
}

/* Why code cannot be stored; EVMC_SUCCESS: it is, and paid for. */
static enum evmc_status_code deposit(struct host *h, struct account *created, struct evmc_result *r)
{
    struct bytes code = {r->output_data, r->output_size};
    if (h->fork->reject_ef_code && code.size != 0 && code.data[0] == 0xef) return EVMC_CONTRACT_VALIDATION_FAILURE;
    if (h->fork->limit.code_size != 0 && code.size > h->fork->limit.code_size) return EVMC_FAILURE;
    int64_t price = (int64_t)(h->fork->gas.code_byte * code.size);
    if (price > r->gas_left) return h->fork->deposit_out_of_gas_fails ? EVMC_OUT_OF_GAS : EVMC_SUCCESS;
    r->gas_left -= price;
    if (code.size == 0) return EVMC_SUCCESS;
    struct hash hash = keccak256_bytes(code);
    state_set_code(h->w->state, created, code_cache_put(h->w->codes, &hash, code));
    return EVMC_SUCCESS;
}

static struct evmc_result host_create(struct host *h, const struct evmc_message *m)
{
    struct state *s = h->w->state;
    struct evmc_host_context *c = (struct evmc_host_context *)(void *)h;
    struct account *sender = account_of(c, &m->sender);
    uint64_t nonce = state_nonce(s, sender);
    state_set_nonce(s, sender, nonce + 1);
    struct bytes initcode = {m->input_data, m->input_size};
    struct hash salt, code_hash = keccak256_bytes(initcode);
    memcpy(salt.b, m->create2_salt.bytes, sizeof salt.b);
    struct address address = m->kind == EVMC_CREATE ? create_address(&sender->entry->address, nonce)
                                                    : create2_address(&sender->entry->address, &salt, &code_hash);
    struct account *created = state_account(s, &address);
    state_warm_account(s, created);
    if (state_create_collides(s, created)) return (struct evmc_result){.status_code = EVMC_FAILURE};
    struct state_checkpoint before = state_checkpoint(s);
    state_mark_created(s, created);
    if (h->fork->clear_empty)
        state_set_nonce(s, created, 1);
    else
        state_touch(s, created);
    move_value(h, sender, created, m);
    struct evmc_message inner = *m;
    inner.recipient = address_of(created);
    inner.input_data = NULL;
    inner.input_size = 0;
    struct evmc_result r = h->vm->execute(h->vm, &interface, c, h->revision, &inner, initcode.data, initcode.size);
    if (r.status_code == EVMC_SUCCESS) r.status_code = deposit(h, created, &r);
    if (r.status_code == EVMC_SUCCESS) {
        r.create_address = inner.recipient;
        return r;
    }
    state_revert(s, before);
    if (r.status_code != EVMC_REVERT) r.gas_left = r.gas_refund = 0;
    return r;
}

static struct evmc_result call(struct evmc_host_context *c, const struct evmc_message *m)
{
    struct host *h = host_of(c);
    return m->kind == EVMC_CREATE || m->kind == EVMC_CREATE2 ? host_create(h, m) : host_call(h, m);
}

/* ---- comparing ------------------------------------------------------------------------------------------------------ */

/* Account 0 calls account 1 through the module, as world_call does natively. */
static struct evmc_result call_through_module(struct host *h, int64_t gas, uint64_t value, struct bytes input)
{
    struct account *from = world_account(h->w, 0), *to = world_account(h->w, 1);
    state_warm_account(h->w->state, to);
    struct evmc_message m = {.kind = EVMC_CALL,
                             .gas = gas,
                             .recipient = address_of(to),
                             .sender = address_of(from),
                             .input_data = input.data,
                             .input_size = input.size,
                             .value = word_of(U256(value)),
                             .code_address = address_of(to)};
    return host_call(h, &m);
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
    CHECK_EQ_I64(r->gas_left, expected->gas.regular);
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

static const struct {
    const struct fork *fork;
    enum evmc_revision revision;
} rules[] = {{&fork_frontier, EVMC_FRONTIER},   {&fork_tangerine_whistle, EVMC_TANGERINE_WHISTLE},
             {&fork_byzantium, EVMC_BYZANTIUM}, {&fork_constantinople, EVMC_CONSTANTINOPLE},
             {&fork_istanbul, EVMC_ISTANBUL},   {&fork_berlin, EVMC_BERLIN},
             {&fork_london, EVMC_LONDON},       {&fork_cancun, EVMC_CANCUN},
             {&fork_prague, EVMC_PRAGUE},       {&fork_osaka, EVMC_OSAKA}};

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
            world_start(&w[i], rules[rule].fork);
        }
        CHECK(vm->set_option(vm, "interpreter", round % 4 == 0 ? "plain" : "fast") == EVMC_SET_OPTION_SUCCESS);
        struct host host = {.w = &w[1], .fork = rules[rule].fork, .revision = rules[rule].revision, .vm = vm};
        uint8_t input[64];
        harness_random_edge_bytes(input, sizeof input);
        for (int run = 0; run < 6; run++) {
            int64_t gas = (int64_t)harness_random_below(run == 0 ? 400000 : 50000);
            struct bytes data = {input, harness_random_below(sizeof input)};
            state_begin(w[0].state, 1, false);
            state_begin(w[1].state, 1, false);
            world_call(&w[0], 1, gas, 3, data);
            struct evmc_result r = call_through_module(&host, gas, 3, data);
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

/* ---- the programs that the field compares interpreters with ------------------------------------------------------------- */

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

static uint64_t time_module(struct host *h, int64_t gas, struct bytes input)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        state_begin(h->w->state, 1, false);
        uint64_t start = clock_wall_ns();
        struct evmc_result r = call_through_module(h, gas, 0, input);
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
        struct host host = {.w = &w[1], .fork = &fork_cancun, .revision = EVMC_CANCUN, .vm = vm};
        int64_t gas = 1000000000;
        world_call(&w[0], 1, gas, 0, data);
        struct evmc_result r = call_through_module(&host, gas, 0, data);
        compare_results(&w[0], &r);
        compare_states(&w[0], &w[1]);
        if (r.release != NULL) r.release(&r);
        printf("%s/%s: native %llu ns, module %llu ns\n", cases[i][0], cases[i][1],
               (unsigned long long)time_native(&w[0], gas, data), (unsigned long long)time_module(&host, gas, data));
        world_close(&w[0]);
        world_close(&w[1]);
    }
    vm->destroy(vm);
}
