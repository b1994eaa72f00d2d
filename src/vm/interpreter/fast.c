/* The fast interpreter, made from fast_loop.h in one of two ways: as functions that end in a tail call of the next one,
 * where the compiler guarantees such calls and can keep ip, sp, gas and f in registers that other calls preserve
 * (clang's musttail and preserve_none); or as labels in one function (computed goto).
 * docs/decisions/0003-interpreter.md has the measurements. */
#include "vm/interpreter/fast.h"

#include "vm/interpreter/instructions.h"

#ifndef FAST_TAIL_CALLS
#if defined(__clang__) && defined(__x86_64__) && defined(__has_attribute)
#if __has_attribute(preserve_none) && __has_attribute(musttail) && !__has_feature(address_sanitizer)
#define FAST_TAIL_CALLS 1
#endif
#endif
#endif
#ifndef FAST_TAIL_CALLS
#define FAST_TAIL_CALLS 0
#endif

/* The run of a cell that is empty yet; NULL: it is not to be translated. */
static NOINLINE const struct fast *resolve(struct frame *f, struct cell *cell, uint32_t position)
{
    return vm_translate(f, cell, position);
}

#if FAST_TAIL_CALLS

#pragma clang diagnostic ignored "-Wunused-parameter"
#define ARGUMENTS const struct fast *ip, uint8_t *sp, int64_t gas, struct frame *f
typedef __attribute__((preserve_none)) enum vm_status handler_function(ARGUMENTS);
#define HANDLER(name) static __attribute__((preserve_none)) enum vm_status handle_##name(ARGUMENTS)
#define DISPATCH() __attribute__((musttail)) return ((handler_function *)(uintptr_t)ip->handler)(ip, sp, gas, f)
#include "vm/interpreter/fast_loop.h"
#undef HANDLER
#undef DISPATCH

const void *const *vm_fast_handlers(void)
{
    static handler_function *const handlers[] = {
#define FAST_OP(name) handle_##name,
        FAST_INSTRUCTIONS(FAST_OP)
#undef FAST_OP
    };
    return (const void *const *)handlers;
}

enum vm_status vm_fast_enter(const struct fast *ip, struct u256 *sp, int64_t gas, struct frame *f)
{
    return ((handler_function *)(uintptr_t)ip->handler)(ip, (uint8_t *)sp, gas, f);
}

#else

/* With `labels`: only tells where the instructions begin. */
static enum vm_status run(const struct fast *ip, uint8_t *sp, int64_t gas, struct frame *f, const void *const **labels)
{
    static const void *const handlers[] = {
#define FAST_OP(name) &&label_##name,
        FAST_INSTRUCTIONS(FAST_OP)
#undef FAST_OP
    };
    if (UNLIKELY(labels != NULL)) {
        *labels = handlers;
        return VM_SUCCESS;
    }
#define HANDLER(name) label_##name:
#define DISPATCH() goto * ip->handler
    DISPATCH();
#include "vm/interpreter/fast_loop.h"
#undef HANDLER
#undef DISPATCH
}

const void *const *vm_fast_handlers(void)
{
    const void *const *labels;
    run(NULL, NULL, 0, NULL, &labels);
    return labels;
}

enum vm_status vm_fast_enter(const struct fast *ip, struct u256 *sp, int64_t gas, struct frame *f)
{
    return run(ip, (uint8_t *)sp, gas, f, NULL);
}

#endif

/* ---- from the plain interpreter to the fast one ------------------------------------------------------------------ */

/* Counts a run of the code, and says whether it should be translated by now. Counts may get lost between threads; no
 * harm. */
static bool is_hot(const struct frame *f)
{
    struct code *code = (struct code *)(uintptr_t)f->cached;
    uint32_t heat = atomic_load_explicit(&code->heat, memory_order_relaxed);
    if (LIKELY(heat >= f->vm->heat)) return true;
    atomic_store_explicit(&code->heat, heat + 1, memory_order_relaxed);
    return false;
}

/* Runs the translation from the cell for `position` on. */
static enum vm_status enter(struct frame *f, struct cell *cell, uint32_t position, struct u256 *sp, int64_t gas)
{
    const struct fast *ip = atomic_load_explicit(&cell->run, memory_order_acquire);
    if (UNLIKELY(ip == NULL)) ip = resolve(f, cell, position);
    if (UNLIKELY(ip == NULL)) return vm_run_plain(f, f->code + position, sp, gas, PATIENCE_ENDLESS);
    return vm_fast_enter(ip, sp, gas, f);
}

/* False: there is none, and it is not to be made now. */
static bool use_translation(struct frame *f)
{
    f->translation = vm_translation_of(f);
    f->stack_last = (uint8_t *)(f->stack + (STACK_ITEMS_MAX - 1));
    return LIKELY(f->translation != NULL);
}

enum vm_status vm_run(struct frame *f, int64_t gas)
{
    struct u256 *sp = f->stack - 1;
    if (f->cached == NULL || UNLIKELY(f->vm->plain)) return vm_run_plain(f, f->code, sp, gas, PATIENCE_ENDLESS);
    if (UNLIKELY(!is_hot(f))) return vm_run_plain(f, f->code, sp, gas, f->vm->patience);
    if (UNLIKELY(!use_translation(f))) return vm_run_plain(f, f->code, sp, gas, PATIENCE_ENDLESS);
    return enter(f, &f->translation->start, 0, sp, gas);
}

enum vm_status vm_go_fast(struct frame *f, const uint8_t *at, struct u256 *sp, int64_t gas)
{
    uint32_t position = (uint32_t)(at - f->code);
    if (UNLIKELY(!use_translation(f))) return vm_run_plain(f, at, sp, gas, PATIENCE_ENDLESS);
    atomic_store_explicit(&((struct code *)(uintptr_t)f->cached)->heat, f->vm->heat, memory_order_relaxed);
    int64_t index = jumpdest_index(f->translation->plan, f->code_size, position);
    return enter(f, &f->translation->cells[index], position, sp, gas);
}
