/* Stacks: where a message runs. The deepest chain of calls needs more stack than some threads have (musl gives 128 KiB,
 * Rust 2 MiB), and a change to a thread that has it costs more than most calls.
 *
 *     enough is left of the caller's stack ──────► there
 *     not, and the job calls nobody back ────────► on the context's own stack, on the same thread
 *     not, and it does, or no such way is known ─► on the engine's thread, in turn with others
 *
 * Callbacks never run on a stack that their thread does not know: Go, the JVM and CPython compare the stack pointer with
 * what they know of the thread's stack, and end the process when it is elsewhere. */
#define _GNU_SOURCE 1
#include <sys/mman.h>

#include "api/api.h"

/* What the deepest call takes (1.4 MiB: 1,024 contracts that create each other), and more than that for callbacks. */
#if defined(WEFT_SANITIZED) || !defined(__OPTIMIZE__)
#define STACK_NEEDED ((size_t)32 << 20)
#else
#define STACK_NEEDED ((size_t)4 << 20)
#endif
/* Below a stack, so that an overflow is a fault and not a wrong value elsewhere. */
#define GUARD_SIZE ((size_t)64 << 10)
/* Above it, so that no other stack is near: valgrind takes a jump of less than 2 MB for growth of one stack. */
#define GAP_SIZE ((size_t)4 << 20)
#define MAPPED_SIZE (GUARD_SIZE + API_STACK_SIZE + GAP_SIZE)

/* The calling thread's stack; both 0 until it is looked up, low is beyond all where it cannot be. */
static _Thread_local uintptr_t stack_low, stack_high;

static NOINLINE void look_up_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0, guard = 0;
    stack_low = UINTPTR_MAX;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0 && pthread_attr_getguardsize(&attributes, &guard) == 0 &&
        guard < size) {
        stack_low = (uintptr_t)low + guard;
        stack_high = (uintptr_t)low + size;
    }
    (void)pthread_attr_destroy(&attributes);
}

static bool enough_is_left(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (UNLIKELY(stack_low == 0)) look_up_stack();
    /* Elsewhere when the program has switched stacks itself. */
    return here > stack_low && here < stack_high && here - stack_low >= STACK_NEEDED;
}

/* ---- another stack --------------------------------------------------------------------------- */

/* Calls job(argument) with the stack pointer at `top`, and comes back. All registers that a function may change are named;
 * what is kept across the call stands in one that it may not. */
#if defined(WEFT_SANITIZED) /* which keep books about stacks */
#define CAN_SWITCH false
#define CALL_ON(top, job, argument) ((void)(top), (void)(job), (void)(argument))
#elif defined(__x86_64__)
#define CAN_SWITCH true
#ifdef __AVX512F__
#define UPPER_VECTORS                                                                                                  \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",      \
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define UPPER_VECTORS
#endif
#define CALL_ON(top, job, argument)                                                                                    \
    __asm__ volatile("movq %%rsp, %%rbx\n\t"                                                                           \
                     "movq %[stack], %%rsp\n\t"                                                                        \
                     "callq *%[function]\n\t"                                                                          \
                     "movq %%rbx, %%rsp"                                                                               \
                     : "+D"(argument)                                                                                  \
                     : [stack] "r"(top), [function] "r"(job)                                                           \
                     : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",    \
                       "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",    \
                       "xmm15" UPPER_VECTORS, "memory", "cc")
#else
#define CAN_SWITCH false
#define CALL_ON(top, job, argument) ((void)(top), (void)(job), (void)(argument))
#endif

static NOINLINE void run_on(uint8_t *stack, void (*job)(void *argument), void *argument)
{
    uint8_t *top = stack + API_STACK_SIZE; /* a multiple of 16, as the calling convention wants it */
    CALL_ON(top, job, argument);
}

/* False when there is no address space. */
static bool has_stack(struct api_context *c)
{
    if (LIKELY(c->stack != NULL)) return true;
    void *p = mmap(NULL, MAPPED_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return false;
    uint8_t *stack = (uint8_t *)p + GUARD_SIZE;
    if (mprotect(stack, API_STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(p, MAPPED_SIZE);
        return false;
    }
    c->stack = stack;
    return true;
}

void api_stack_free(uint8_t *stack)
{
    if (stack != NULL) (void)munmap(stack - GUARD_SIZE, MAPPED_SIZE);
}

void api_context_run(weft_engine *engine, struct api_context *c, bool calls_back, void (*job)(void *argument),
                     void *argument)
{
    if (LIKELY(enough_is_left()))
        job(argument);
    else if (CAN_SWITCH && !calls_back && has_stack(c))
        run_on(c->stack, job, argument);
    else
        api_driver_run(engine->driver, job, argument);
}
