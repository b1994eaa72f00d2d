/* A little world for tests of the VM: accounts in memory, one machine, programs as hex. */
#ifndef WEFT_VM_TEST_H
#define WEFT_VM_TEST_H

#include "harness.h"

#include "crypto/crypto.h"
#include "state/memory.h"
#include "vm/vm.h"

struct world {
    struct state_memory *memory;
    struct state_view view;
    struct code_cache *codes;
    struct state_table *table;
    struct state *state;
    struct vm *vm;
    struct vm_env env;
    struct arena arena; /* logs and programs */
    struct vm_result result;
};

/* Accounts of the world: 0x1000...00 + n. The sender is number 0 and is rich. */
static inline struct address test_address(uint32_t n)
{
    return (struct address){{[0] = 0x10, [18] = (uint8_t)(n >> 8), [19] = (uint8_t)n}};
}

static inline struct bytes test_bytes(struct world *w, const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *p = arena_alloc(&w->arena, size + 1, 1);
    CHECK(hex_decode(p, hex, size * 2));
    return (struct bytes){p, size};
}

static inline void world_open(struct world *w)
{
    *w = (struct world){.env = {.number = 1000, .timestamp = 5000, .gas_limit = 30000000, .chain_id = 1}};
    w->memory = state_memory_new();
    struct address sender = test_address(0);
    state_memory_account(w->memory, &sender)->balance = U256(1000000000);
    w->env.origin = sender;
}

static inline void world_code(struct world *w, uint32_t account, struct bytes code)
{
    struct address a = test_address(account);
    struct hash hash = keccak256_bytes(code);
    state_memory_set_code(w->memory, state_memory_account(w->memory, &a), &hash, code);
}

/* From here on accounts are what they are; messages may run. */
static inline void world_start(struct world *w, const struct fork *fork)
{
    w->view = state_memory_view(w->memory);
    w->codes = code_cache_new(vm_plan_free);
    w->table = state_table_new(&w->view, w->codes);
    w->state = state_new(w->table);
    w->state->clear_empty = fork->clear_empty;
    w->state->destructed_keep_balance = fork->selfdestruct_keeps_balance;
    w->state->log_data = &w->arena;
    w->vm = vm_new();
    vm_attach(w->vm, fork, w->state, &w->env);
    state_begin(w->state, 1, false);
}

static inline void world_close(struct world *w)
{
    vm_free(w->vm);
    state_free(w->state);
    state_table_free(w->table);
    code_cache_free(w->codes);
    state_memory_free(w->memory);
    arena_free(&w->arena);
}

static inline struct account *world_account(struct world *w, uint32_t n)
{
    struct address a = test_address(n);
    return state_account(w->state, &a);
}

/* A call of the sender to account n. */
static inline void world_call(struct world *w, uint32_t n, int64_t gas, uint64_t value, struct bytes input)
{
    struct account *to = world_account(w, n);
    state_warm_account(w->state, to);
    struct vm_message m = {.kind = VM_CALL,
                           .gas = {gas, 0},
                           .sender = world_account(w, 0),
                           .recipient = to,
                           .code_account = to,
                           .value = U256(value),
                           .input = input};
    vm_call(w->vm, &m, &w->result);
}

#endif
