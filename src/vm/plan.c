/* Preparing code: where jumps may land. */
#include "vm/plan.h"

#include <stdlib.h>

void vm_find_jumpdests(uint64_t *bitmap, const uint8_t *code, uint32_t size)
{
    memset(bitmap, 0, ((size_t)size + 63) / 64 * sizeof *bitmap);
    for (uint32_t i = 0; i < size; i++) {
        uint8_t op = code[i];
        if (op == OP_JUMPDEST)
            bitmap[i / 64] |= UINT64_C(1) << (i % 64);
        else if (op >= OP_PUSH1 && op <= OP_PUSH32)
            i += op - OP_PUSH1 + 1u;
    }
}

const struct plan *vm_plan_of(const struct code *code)
{
    /* Codes are constant but for this field, which only ever goes from NULL to a plan. Acquire pairs with the release
     * below: whoever sees the pointer sees what it points at. */
    struct code *c = (struct code *)(uintptr_t)code;
    struct plan *plan = atomic_load_explicit(&c->plan, memory_order_acquire);
    if (LIKELY(plan != NULL))
        return plan;
    size_t words = ((size_t)code->size + 63) / 64;
    plan = base_alloc(sizeof *plan + words * sizeof(uint64_t));
    plan->jumpdests = (uint64_t *)(plan + 1);
    vm_find_jumpdests(plan->jumpdests, code->bytes, code->size);
    void *other = NULL;
    if (atomic_compare_exchange_strong_explicit(&c->plan, &other, plan, memory_order_acq_rel, memory_order_acquire))
        return plan;
    free(plan);
    return other;
}

void vm_plan_free(void *plan)
{
    free(plan);
}

const uint64_t *vm_jumpdests(struct frame *f)
{
    if (f->cached != NULL) {
        f->jumpdests = vm_plan_of(f->cached)->jumpdests;
    } else {
        uint64_t *bitmap = ARENA_ARRAY(&f->vm->initcode, uint64_t, ((size_t)f->code_size + 63) / 64);
        vm_find_jumpdests(bitmap, f->code, f->code_size);
        f->jumpdests = bitmap;
    }
    return f->jumpdests;
}
