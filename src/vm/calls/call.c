/* Messages: the instructions that send them (CALL, CREATE and kin, SELFDESTRUCT), and what happens around the code that
 * runs: value, precompiles, new contracts, reverting. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "types/types.h"
#include "vm/calls/call.h"
#include "vm/private.h"
#include "vm/translator/plan.h"

/* ---- running a frame ------------------------------------------------------------------------------------------ */

/* Makes `output` the output of the frame that ends: it survives in vm->output until the next frame does so. */
static struct bytes keep_output(struct vm *vm, struct bytes output)
{
    vm->output.size = 0;
    buffer_append(&vm->output, output.data, output.size);
    return buffer_bytes(&vm->output);
}

static void run_frame(struct frame *f, const struct vm_message *message, struct vm_result *result)
{
    int64_t gas = message->gas.execution, burned = f->vm->burned;
    if (UNLIKELY(f->vm->tracer != NULL))
        result->status = vm_run_traced(f, gas);
    else
        result->status = vm_run(f, gas);
    f->vm->burned = burned + (gas - f->gas); /* what its callees used is in it */
    result->gas.execution = f->gas;
    result->gas.state = f->state_gas;
    result->state_use = f->state_use;
    result->output = f->output;
}

static struct frame new_frame(struct vm *vm, const struct vm_message *message, struct u256 *stack, uint8_t *memory)
{
    return (struct frame){
        .vm = vm,
        .fork = vm->fork,
        .state = vm->state,
        .env = vm->env,
        .message = message,
        .stack = stack,
        .memory = memory,
        .state_gas = message->gas.state,
        .state_use.spilled = message->spilled,
    };
}

static void run_precompile(struct vm *vm, unsigned id, const struct vm_message *message, struct vm_result *result)
{
    struct precompile_result r;
    precompile_run(&vm->fork->precompile, id, message->input, (uint64_t)message->gas.execution, &vm->precompile, &r);
    result->status = r.ok ? VM_SUCCESS : VM_PRECOMPILE_FAILED;
    result->gas.execution = r.ok ? (int64_t)r.gas_left : 0;
    if (r.ok) result->output = id == PRECOMPILE_IDENTITY ? keep_output(vm, r.output) : r.output;
}

static void move_value(struct vm *vm, const struct vm_message *message)
{
    if (u256_is_zero(message->value)) return;
    state_debit(vm->state, message->sender, &message->value);
    state_credit(vm->state, message->recipient, &message->value);
    vm_log_transfer(vm, message->sender, message->recipient, &message->value);
}

static void run_call(struct vm *vm, const struct vm_message *message, struct u256 *stack, uint8_t *memory,
                     struct vm_result *result)
{
    struct state_checkpoint before = state_checkpoint(vm->state);
    if (message->kind == VM_CALL || message->kind == VM_STATICCALL) state_touch(vm->state, message->recipient);
    if (message->kind == VM_CALL) move_value(vm, message);

    *result = (struct vm_result){.status = VM_SUCCESS, .gas = message->gas, .state_use.spilled = message->spilled};
    unsigned id = precompile_find(&vm->fork->precompile, &message->code_account->entry->address);
    if (UNLIKELY(id != PRECOMPILE_NONE)) {
        run_precompile(vm, id, message, result);
    } else if (message->code->size != 0) {
        struct frame f = new_frame(vm, message, stack, memory);
        f.self = message->recipient;
        f.input = message->input;
        f.code = message->code->bytes;
        f.code_size = message->code->size;
        f.cached = message->code;
        run_frame(&f, message, result);
        if (result->output.size != 0) result->output = keep_output(vm, result->output);
    }
    if (result->status == VM_SUCCESS) return;
    state_revert(vm->state, before);
    vm_settle_failure(vm, message, result);
}

/* ---- creating a contract -------------------------------------------------------------------------------------- */

/* Runs initcode, which lies in its creator's memory: in a padded copy, with its jump map behind, both given up
 * afterwards. */
static void run_initcode(struct vm *vm, const struct vm_message *message, struct u256 *stack, uint8_t *memory,
                         struct vm_result *result)
{
    size_t size = message->input.size;
    if (size == 0) return; /* a success without output */
    struct arena_mark mark = arena_mark(&vm->initcode);
    uint8_t *code = arena_alloc(&vm->initcode, size + CODE_PADDING, 8);
    memcpy(code, message->input.data, size);
    memset(code + size, 0, CODE_PADDING);

    struct frame f = new_frame(vm, message, stack, memory);
    f.self = message->recipient;
    f.code = code;
    f.code_size = (uint32_t)size;
    run_frame(&f, message, result);
    arena_rewind(&vm->initcode, mark);
}

/* Stores what the initcode returned as the new contract's code, or says why not. */
static void deposit_code(struct vm *vm, struct account *created, struct vm_result *result)
{
    const struct fork *fork = vm->fork;
    struct bytes code = result->output;
    result->output = (struct bytes){NULL, 0};
    if (fork->reject_ef_code && code.size != 0 && code.data[0] == 0xef) {
        result->status = VM_CODE_STARTS_WITH_EF;
        return;
    }
    if (fork->limit.code_size != 0 && code.size > fork->limit.code_size) {
        result->status = VM_CODE_TOO_BIG;
        return;
    }
    uint64_t price = (uint64_t)fork->gas.code_byte * code.size + fork->gas.code_word * words_of(code.size);
    int64_t gas = charge(result->gas.execution, price);
    if (gas >= 0) gas = vm_pay_state(vm, gas, &result->gas.state, &result->state_use, code.size);
    if (gas < 0) {
        if (fork->deposit_out_of_gas_fails) result->status = VM_CODE_DEPOSIT_OUT_OF_GAS;
        return;
    }
    result->gas.execution = gas;
    if (code.size != 0) {
        struct hash hash = keccak256_bytes(code);
        state_set_code(vm->state, created, code_cache_put(state_table_codes(vm->state->table), &hash, code));
    }
}

static struct address new_address(struct state *s, const struct vm_message *message)
{
    const struct address *sender = &message->sender->entry->address;
    if (message->kind == VM_CREATE) return create_address(sender, state_nonce(s, message->sender) - 1);
    struct hash salt = u256_to_hash(message->salt), code_hash = keccak256_bytes(message->input);
    return create2_address(sender, &salt, &code_hash);
}

struct account *vm_reach_created(struct vm *vm, const struct vm_message *message)
{
    struct address address = new_address(vm->state, message);
    struct account *created = state_account(vm->state, &address);
    state_warm_account(vm->state, created); /* stays so whatever happens (EIP-2929) */
    return created;
}

static void run_create(struct vm *vm, struct vm_message *message, struct u256 *stack, uint8_t *memory,
                       struct vm_result *result)
{
    struct state *s = vm->state;
    if (message->recipient == NULL) message->recipient = vm_reach_created(vm, message);
    struct account *created = message->recipient;
    *result = (struct vm_result){.gas = message->gas, .state_use.spilled = message->spilled};
    if (state_create_collides(s, created, vm->fork->storage_collides)) {
        result->status = VM_CREATE_COLLISION;
        result->gas.execution = 0;
        return;
    }

    struct state_checkpoint before = state_checkpoint(s);
    state_mark_created(s, created);
    if (vm->fork->clear_empty)
        state_set_nonce(s, created, 1);
    else
        state_touch(s, created);
    move_value(vm, message);
    run_initcode(vm, message, stack, memory, result);
    vm->deployed = result->status == VM_SUCCESS ? result->output : (struct bytes){NULL, 0};
    if (result->status == VM_SUCCESS) deposit_code(vm, created, result);

    if (result->status == VM_SUCCESS) {
        result->created = created;
        return;
    }
    state_revert(s, before);
    if (result->status == VM_REVERT)
        result->output = keep_output(vm, result->output);
    else
        result->gas.execution = 0;
    vm_settle_failure(vm, message, result);
}

static void trace_exit(struct vm *vm, const struct vm_message *message, const struct vm_result *result)
{
    if (vm->tracer->exit == NULL) return;
    struct vm_result seen = *result;
    bool is_create = message->kind == VM_CREATE || message->kind == VM_CREATE2;
    if (is_create && seen.status != VM_REVERT && seen.status != VM_CREATE_COLLISION) seen.output = vm->deployed;
    vm->tracer->exit(vm->tracer->context, message, &seen);
}

void vm_run_message(struct vm *vm, struct vm_message *message, struct u256 *stack, uint8_t *memory,
                    struct vm_result *result)
{
    const struct vm_tracer *t = vm->tracer;
    if (UNLIKELY(state_is_cancelled(vm->state))) {
        *result = (struct vm_result){.status = VM_OUT_OF_GAS};
        vm->output.size = 0;
        return;
    }
    if (UNLIKELY(t != NULL) && t->enter != NULL) t->enter(t->context, message);
    if (message->kind == VM_CREATE || message->kind == VM_CREATE2)
        run_create(vm, message, stack, memory, result);
    else
        run_call(vm, message, stack, memory, result);
    if (UNLIKELY(t != NULL)) trace_exit(vm, message, result);
}

/* ---- CALL and kin --------------------------------------------------------------------------------------------- */

/* Whether what was paid for a new account comes back when the account does not come to be, in calls as in creates, and
 * creates pay for it only where there is none yet. Drafts: creates pay in any case, and calls get nothing back. */
static bool refunds_accounts(const struct frame *f)
{
    return f->env->state_byte_gas != 0 && f->fork->state_growth.rule == STATE_GAS_LAST_FIRST;
}

/* The code that a call to `a` runs; following a delegation (EIP-7702) is an access of its own. */
static const struct code *reach_code(struct frame *f, struct account *a, int64_t *gas)
{
    const struct code *code = state_code(f->state, a);
    if (LIKELY(!code->is_delegation) || !f->fork->delegation) return code;
    *gas = charge(*gas, f->fork->gas.warm);
    if (*gas < 0) return code;
    struct account *delegate = reach_account(f, &code->delegate, gas, f->fork->gas.warm);
    return *gas < 0 ? code : state_code(f->state, delegate);
}

int64_t vm_op_call(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind)
{
    const struct fork *fork = f->fork;
    struct call_words words;
    gas = call_begin(f, sp, gas, kind, &words);
    if (UNLIKELY(gas < 0)) return gas;
    const struct u256 value = words.value;
    struct u256 *args = words.args;
    bool moves_value = words.moves_value;
    struct address address = u256_to_address(sp[-1]);
    struct account *callee = reach_account(f, &address, &gas, fork->gas.warm);
    if (UNLIKELY(gas < 0)) return gas;
    const struct code *code = reach_code(f, callee, &gas);
    bool brings_account = false;
    if (LIKELY(gas >= 0) && kind == VM_CALL && (moves_value || !fork->clear_empty) && !state_exists(f->state, callee)) {
        gas = charge(gas, fork->gas.new_account);
        if (LIKELY(gas >= 0)) gas = charge_state(f, gas, fork->state_growth.account);
        brings_account = refunds_accounts(f);
    }
    int64_t given = gas < 0 ? gas : gas_for_callee(fork, gas, &sp[0]);
    if (UNLIKELY(given < 0)) return given;
    gas -= given;
    vm_trace_cost(f, gas, VM_SUCCESS);
    given += moves_value ? fork->gas.call_stipend : 0;

    f->return_data = (struct bytes){NULL, 0};
    struct u256 *pushed = &args[-3];
    bool delegate = kind == VM_DELEGATECALL;
    struct vm_message message = {
        .kind = kind,
        .is_static = f->message->is_static || kind == VM_STATICCALL,
        .depth = f->message->depth + 1,
        .gas = {given, f->state_gas},
        .sender = delegate ? f->message->sender : f->self,
        .recipient = kind == VM_CALL || kind == VM_STATICCALL ? callee : f->self,
        .code_account = callee,
        .code = code,
        .value = delegate ? f->message->value : value,
        .input = {f->memory + (args[-1].w[0] == 0 ? 0 : args[0].w[0]), args[-1].w[0]},
    };
    bool too_deep = f->message->depth >= CALL_DEPTH_MAX;
    if (UNLIKELY(too_deep) || (moves_value && !state_balance_at_least(f->state, f->self, &value))) {
        vm_trace_refusal(f->vm, &message, too_deep ? VM_CALL_TOO_DEEP : VM_INSUFFICIENT_BALANCE);
        *pushed = U256_ZERO;
        gas += given;
        return brings_account ? vm_refund_state(f, gas, fork->state_growth.account) : gas;
    }
    uint64_t output_at = args[-2].w[0], output_size = args[-3].w[0];
    struct vm_result result;
    vm_run_message(f->vm, &message, pushed, f->memory + f->memory_size, &result);
    f->memory_clear = f->memory_size; /* behind it the callee wrote */

    f->return_data = result.output;
    gas = vm_take_gas(f, gas, &result);
    if (brings_account && result.status != VM_SUCCESS) gas = vm_refund_state(f, gas, fork->state_growth.account);
    if (output_size > result.output.size) output_size = result.output.size;
    if (output_size != 0) memcpy(f->memory + output_at, result.output.data, output_size);
    *pushed = U256(result.status == VM_SUCCESS);
    return gas;
}

/* ---- CREATE and CREATE2 --------------------------------------------------------------------------------------- */

/* Why a create cannot begin, with VM_SUCCESS for nothing; *nonce is that of the creator. */
static enum vm_status find_obstacle(struct frame *f, const struct u256 *value, uint64_t *nonce)
{
    if (f->message->depth >= CALL_DEPTH_MAX) return VM_CALL_TOO_DEEP;
    if (!u256_is_zero(*value) && !state_balance_at_least(f->state, f->self, value)) return VM_INSUFFICIENT_BALANCE;
    *nonce = state_nonce(f->state, f->self);
    return *nonce == UINT64_MAX ? VM_NONCE_OVERFLOW : VM_SUCCESS;
}

int64_t vm_op_create(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind)
{
    const struct fork *fork = f->fork;
    gas = create_begin(f, sp, gas, kind);
    if (UNLIKELY(gas < 0)) return gas;
    uint64_t size = sp[-2].w[0], nonce = 0;
    struct u256 *pushed = &sp[kind == VM_CREATE ? -2 : -3];
    struct vm_message message = {
        .kind = kind,
        .depth = f->message->depth + 1,
        .sender = f->self,
        .value = sp[0],
        .input = {f->memory + (size == 0 ? 0 : sp[-1].w[0]), size},
        .salt = sp[-3],
    };
    enum vm_status obstacle = find_obstacle(f, &message.value, &nonce);
    if (obstacle == VM_SUCCESS) state_set_nonce(f->state, f->self, nonce + 1);
    bool brings_account = !refunds_accounts(f);
    if (!brings_account && obstacle == VM_SUCCESS) { /* paid for only if it is not there yet */
        message.recipient = vm_reach_created(f->vm, &message);
        brings_account = !state_exists(f->state, message.recipient);
    }
    if (brings_account) gas = charge_state(f, gas, fork->state_growth.account);
    if (UNLIKELY(gas < 0)) return gas;
    int64_t given = fork->keeps_64th ? gas - gas / 64 : gas;
    message.gas = (struct vm_gas){given, f->state_gas};
    vm_trace_cost(f, gas, VM_SUCCESS);

    f->return_data = (struct bytes){NULL, 0};
    *pushed = U256_ZERO;
    if (UNLIKELY(obstacle != VM_SUCCESS)) {
        vm_trace_refusal(f->vm, &message, obstacle);
        bool refunds = brings_account && fork->state_growth.rule != STATE_GAS_LOST;
        return refunds ? vm_refund_state(f, gas, fork->state_growth.account) : gas;
    }

    struct vm_result result;
    vm_run_message(f->vm, &message, pushed, f->memory + f->memory_size, &result);
    f->memory_clear = f->memory_size; /* behind it the callee wrote */
    f->return_data = result.output;
    gas = vm_take_gas(f, gas - given, &result);
    if (result.created == NULL && brings_account && fork->state_growth.rule != STATE_GAS_LOST)
        gas = vm_refund_state(f, gas, fork->state_growth.account);
    *pushed = result.created != NULL ? u256_from_address(&result.created->entry->address) : U256_ZERO;
    return gas;
}

/* ---- SELFDESTRUCT --------------------------------------------------------------------------------------------- */

int64_t vm_op_selfdestruct(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct fork *fork = f->fork;
    struct state *s = f->state;
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    struct address address = u256_to_address(sp[0]);
    struct account *heir = reach_account(f, &address, &gas, 0);
    if (UNLIKELY(gas < 0)) return gas;
    struct u256 balance = state_balance(s, f->self);
    bool pays_for_heir = fork->gas.selfdestruct_new_account != 0 || f->env->state_byte_gas != 0;
    if (pays_for_heir && (!fork->clear_empty || !u256_is_zero(balance)) && !state_exists(s, heir)) {
        gas = charge(gas, fork->gas.selfdestruct_new_account);
        if (LIKELY(gas >= 0)) gas = charge_state(f, gas, fork->state_growth.account);
    }
    if (UNLIKELY(gas < 0)) return gas;

    bool removed = fork->selfdestruct == SELFDESTRUCT_ALWAYS || (f->self->flags & ACCOUNT_CREATED) != 0;
    if (!u256_is_zero(balance)) {
        /* An account that is its own heir keeps its balance, unless it goes: then the balance is burnt. */
        bool burns = heir == f->self && removed && !fork->selfdestruct_keeps_balance;
        if (heir != f->self || burns) state_debit(s, f->self, &balance);
        if (heir != f->self) state_credit(s, heir, &balance);
        if (burns)
            vm_log_burn(f->vm, heir, &balance);
        else
            vm_log_transfer(f->vm, f->self, heir, &balance);
    }
    state_touch(s, heir);
    if (removed && state_mark_destructed(s, f->self)) s->refund += fork->gas.selfdestruct_refund;
    return gas;
}

/* ---- from outside --------------------------------------------------------------------------------------------- */

const struct code *vm_code_of(struct vm *vm, struct account *account)
{
    const struct code *code = state_code(vm->state, account);
    if (!code->is_delegation || !vm->fork->delegation) return code;
    struct account *delegate = state_account(vm->state, &code->delegate);
    state_warm_account(vm->state, delegate);
    return state_code(vm->state, delegate);
}

const struct code *vm_pay_for_code(struct vm *vm, struct account *account, int64_t *gas)
{
    const struct fork *fork = vm->fork;
    const struct code *code = state_code(vm->state, account);
    if (!code->is_delegation || !fork->delegation) return code;
    const struct account *delegate = state_known_account(vm->state, &code->delegate);
    bool is_warm = (delegate != NULL && (delegate->flags & ACCOUNT_WARM) != 0) ||
                   precompile_find(&fork->precompile, &code->delegate) != PRECOMPILE_NONE;
    int64_t left = charge(*gas, is_warm ? fork->gas.warm : fork->gas.cold_account);
    if (left < 0) return NULL;
    *gas = left;
    return vm_code_of(vm, account);
}

void vm_call(struct vm *vm, const struct vm_message *message, struct vm_result *result)
{
    struct vm_message m = *message;
    bool is_create = m.kind == VM_CREATE || m.kind == VM_CREATE2;
    bool moves_value = (m.kind == VM_CALL || is_create) && !u256_is_zero(m.value);
    *result = (struct vm_result){.gas = m.gas};
    if (m.depth > CALL_DEPTH_MAX) {
        result->status = VM_CALL_TOO_DEEP;
        return;
    }
    if (moves_value && !state_balance_at_least(vm->state, m.sender, &m.value)) {
        result->status = VM_INSUFFICIENT_BALANCE;
        vm_trace_refusal(vm, &m, VM_INSUFFICIENT_BALANCE);
        return;
    }
    if (!is_create && m.code == NULL) m.code = vm_code_of(vm, m.code_account);
    vm->state_spilled = 0;
    vm_run_message(vm, &m, vm->stack + 1, vm->memory, result);
    result->state_spilled = vm->state_spilled;
    vm_memory_trim(vm);
}
