/* The plain interpreter, twice from the same instructions: threaded code (computed goto) for production, and a switch
 * with a tracer's callbacks around each instruction. */
#include "vm/interpreter/instructions.h"

#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

enum vm_status vm_run_plain(struct frame *f, const uint8_t *ip, struct u256 *sp, int64_t gas, int64_t patience)
{
    static const void *const labels[256] = {
        [0 ... 255] = &&label_UNDEFINED,
#define OP(name, byte, in, out, immediate) [byte] = &&label_##name,
#include "fork/opcodes.def"
#undef OP
    };
    const int64_t *gas_table = f->vm->gas_table;
    const struct u256 *bottom = f->stack - 1;
    enum vm_status status;

#define CASE(name) label_##name:
#define NEXT() goto *labels[*ip]
/* A long way back has much code in it that would run again. */
#define JUMPED(from)                                                                                                   \
    patience -= 1 + ((from) > ip ? ((from) - ip) / PATIENCE_BYTES : 0);                                                \
    if (UNLIKELY(patience <= 0)) return vm_go_fast(f, ip, sp, gas);                                                    \
    if (is_cancelled(f)) FAIL(VM_OUT_OF_GAS)
    NEXT();
label_UNDEFINED:
    status = VM_UNDEFINED_INSTRUCTION;
    gas = 0;
    goto end;
#include "vm/interpreter/loop.h"
#undef CASE
#undef NEXT
#undef JUMPED

end:
    f->gas = gas;
    return status;
}

static void trace_step(const struct frame *f, const uint8_t *ip, const struct u256 *sp, int64_t gas)
{
    const struct vm_tracer *t = f->vm->tracer;
    if (t->step == NULL) return;
    /* Who looks at messages sees what a self-destruction moves: the balance must be loaded. */
    if (*ip == OP_SELFDESTRUCT && t->enter != NULL) (void)state_balance(f->state, f->self);
    struct vm_step step = {
        .pc = (uint32_t)(ip - f->code),
        .op = *ip,
        .depth = f->message->depth + 1,
        .gas = gas,
        .refund = f->state->refund,
        .stack = f->stack,
        .stack_count = (uint32_t)(sp + 1 - f->stack),
        .memory = {f->memory, f->memory_size},
        .return_data = f->return_data,
        .account = f->self,
    };
    t->step(t->context, &step);
}

void vm_trace_cost(struct frame *f, int64_t gas, enum vm_status error)
{
    const struct vm_tracer *t = f->vm->tracer;
    if (!f->step_open) return;
    f->step_open = false;
    if (t->cost == NULL) return;
    struct vm_cost cost = {
        .gas = f->step_gas - gas, .refund = f->state->refund, .error = error, .memory = {f->memory, f->memory_size}};
    t->cost(t->context, &cost);
}

void vm_trace_refusal(struct vm *vm, const struct vm_message *message, enum vm_status why)
{
    const struct vm_tracer *t = vm->tracer;
    if (t == NULL) return;
    struct vm_result result = {.status = why, .gas = message->gas};
    if (t->enter != NULL) t->enter(t->context, message);
    if (t->exit != NULL) t->exit(t->context, message, &result);
}

int64_t vm_fail_paid(struct frame *f, int64_t gas, enum vm_status status)
{
    f->step_left = gas;
    return fail(status);
}

enum vm_status vm_run_traced(struct frame *f, int64_t gas)
{
    const int64_t *gas_table = f->vm->gas_table;
    const struct u256 *bottom = f->stack - 1;
    struct u256 *sp = f->stack - 1;
    const uint8_t *ip = f->code;
    enum vm_status status;

    for (;;) {
        vm_trace_cost(f, gas, VM_SUCCESS);
        trace_step(f, ip, sp, gas);
        f->step_open = true;
        f->step_gas = gas;
        f->step_left = -1;
        switch (*ip) {
#define CASE(name) case OP_##name:
#define NEXT() continue
#define JUMPED(from)                                                                                                   \
    (void)(from);                                                                                                      \
    if (is_cancelled(f)) FAIL(VM_OUT_OF_GAS)
#include "vm/interpreter/loop.h"
#undef CASE
#undef NEXT
#undef JUMPED
        default:
            status = VM_UNDEFINED_INSTRUCTION;
            gas = 0;
            goto end;
        }
    }

end:
    /* What an instruction would have cost that could not be paid for is its base gas. */
    if (status == VM_SUCCESS || status == VM_REVERT)
        vm_trace_cost(f, gas, status);
    else if (f->step_left >= 0)
        vm_trace_cost(f, f->step_left, status);
    else
        vm_trace_cost(f, f->step_gas - (gas_table[*ip] == GAS_UNDEFINED ? 0 : gas_table[*ip]), status);
    f->gas = gas;
    return status;
}
