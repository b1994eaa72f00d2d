/* The world of a run: threads as fibers on one thread, futexes exactly as the kernel has them, clocks that only move
 * when they are read. */
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "explore.h"
#include "steps.h"

/* The replaced pause and threads are for the sources only. */
#undef syscall
#undef pthread_create
#undef pthread_join

enum { STACK_BYTES = 512 << 10, STEPS_MAX = 400000, CLOCK_STEP_NS = 1000 };

enum fiber_state { FIBER_NONE, FIBER_READY, FIBER_ASLEEP, FIBER_JOINING, FIBER_DONE };

struct fiber {
    void *stack_pointer;
    uint8_t *stack;
    enum fiber_state state;
    const void *word; /* on which it sleeps */
    uint32_t mask;
    uint64_t deadline_ns; /* 0: none */
    uint64_t clock_ns;    /* of its own; moves by one with each look */
    int joins;
    void *(*entry)(void *argument);
    void *argument;
};

struct world {
    struct fiber fiber[FIBERS];
    int count;
    uint32_t ready;  /* a bit for each fiber that can run */
    uint32_t timed;  /* asleep, with a deadline: time may have passed at any moment */
    uint32_t paused; /* ready, and has nothing better to do until somebody else has written something */
};

int fiber_running = -1;
int steps_held;
bool fiber_spins;

static struct world *world;
static void *outside; /* stack pointer of the caller of world_run */
static bool draining;
static uint64_t steps, now_ns;
static char failure[400];

/* ---- fibers -------------------------------------------------------------------------------------------------- */

/* Saves what a call must preserve, stores the stack pointer in *from, and goes on where `to` was saved. */
void fiber_switch(void **from, void *to);
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl fiber_switch\n"
        "fiber_switch:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n");
enum { SAVED_WORDS = 6 };
#else
#error "the explorer's fibers are written for x86-64"
#endif

static void switch_to(int to)
{
    int from = fiber_running;
    if (from == to) return;
    fiber_spins = false;
    fiber_running = to;
    fiber_switch(from < 0 ? &outside : &world->fiber[from].stack_pointer,
                 to < 0 ? outside : world->fiber[to].stack_pointer);
}

static int nth_bit(uint32_t bits, uint32_t n)
{
    while (n-- > 0) bits &= bits - 1;
    return __builtin_ctz(bits);
}

/* To a fiber that is ready, or whose deadline has passed. */
static void resume(int i)
{
    uint32_t bit = 1u << i;
    if ((world->timed & bit) != 0) {
        struct fiber *f = &world->fiber[i];
        if (now_ns < f->deadline_ns) now_ns = f->deadline_ns;
        f->state = FIBER_READY;
        world->timed &= ~bit;
        world->ready |= bit;
    }
    world->paused &= ~bit;
    switch_to(i);
}

/* The running fiber cannot go on. */
static void let_others_run(void)
{
    uint32_t others = (world->ready & ~world->paused) | world->timed;
    if (others == world->timed) others |= world->ready;
    if (others == 0) {
        if (draining || world->fiber[0].state == FIBER_DONE) {
            switch_to(-1);
            return;
        }
        world_fail("everybody sleeps");
    }
    uint32_t ways = (uint32_t)__builtin_popcount(others);
    choices_fibers = others;
    resume(nth_bit(others, ways == 1 || draining ? 0 : choose(ways, CHOICE_NEXT)));
}

static void drain(void)
{
    draining = true;
    steps_held = 1;
    memory_end();
}

static void fiber_main(void)
{
    struct fiber *f = &world->fiber[fiber_running];
    (void)f->entry(f->argument);
    memory_system_call(fiber_running);
    f->state = FIBER_DONE;
    world->ready &= ~(1u << fiber_running);
    for (int i = 0; i < world->count; i++) {
        if (world->fiber[i].state != FIBER_JOINING || world->fiber[i].joins != fiber_running) continue;
        world->fiber[i].state = FIBER_READY;
        world->ready |= 1u << i;
    }
    /* What is left of the others is not part of the run: late workers find nothing to do and sleep. */
    if (fiber_running == 0) drain();
    let_others_run();
    abort();
}

static void fiber_start(struct fiber *f, void *(*entry)(void *), void *argument)
{
    if (f->stack == NULL) {
        f->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        ASSERT(f->stack != MAP_FAILED);
    }
    void **top = (void **)(f->stack + STACK_BYTES - 64);
    *--top = NULL; /* where a return address would be: calls keep the stack aligned */
    *--top = (void *)fiber_main;
    for (int i = 0; i < SAVED_WORDS; i++) *--top = NULL;
    f->stack_pointer = top;
    f->entry = entry;
    f->argument = argument;
    f->state = FIBER_READY;
}

struct world *world_new(void)
{
    struct world *w = base_calloc(1, sizeof *w);
    w->count = 1;
    return w;
}

void world_clear(struct world *w)
{
    w->count = 1;
    w->ready = w->timed = w->paused = 0;
}

void world_enter(struct world *w)
{
    world = w;
}

struct body {
    void (*run)(void *context);
    void *context;
};

static void *run_body(void *argument)
{
    struct body *b = argument;
    b->run(b->context);
    return NULL;
}

const char *world_run(struct world *w, void (*body)(void *context), void *context)
{
    struct body b = {body, context};
    world = w;
    failure[0] = 0;
    steps = 0;
    now_ns = 1000000000;
    w->paused = w->timed = 0;
    /* Threads that were made outside of a run come as far as they can. */
    draining = true;
    steps_held = 1;
    w->fiber[0].state = FIBER_DONE;
    w->ready &= ~1u;
    if (w->ready != 0) switch_to(nth_bit(w->ready, 0));
    draining = false;
    steps_held = 0;
    memory_begin();
    races_begin();
    fiber_start(&w->fiber[0], run_body, &b);
    w->ready |= 1;
    switch_to(0);
    fiber_running = -1;
    steps_held = 0;
    return failure[0] == 0 ? NULL : failure;
}

void world_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (failure[0] == 0) (void)vsnprintf(failure, sizeof failure, format, arguments);
    va_end(arguments);
    if (fiber_running >= 0) switch_to(-1);
}

bool world_is_own_stack(const volatile void *at)
{
    const uint8_t *stack = world->fiber[fiber_running].stack;
    return (const volatile uint8_t *)at >= stack && (const volatile uint8_t *)at < stack + STACK_BYTES;
}

uint64_t world_steps(void)
{
    return steps;
}

/* ---- steps --------------------------------------------------------------------------------------------------- */

void world_step(void)
{
    if (UNLIKELY(++steps > STEPS_MAX)) world_fail("no end");
    uint32_t others = (world->ready & ~(1u << fiber_running)) | world->timed;
    if (others == 0) return;
    choices_fibers = others;
    uint32_t way = choose_preemption((uint32_t)__builtin_popcount(others) + 1);
    if (UNLIKELY(way != 0)) resume(nth_bit(others, way - 1));
}

void world_wrote(void)
{
    world->paused = 0;
    fiber_spins = false;
}

void step_pause(void)
{
    if (fiber_running < 0 || steps_held != 0 || fiber_spins) return;
    uint32_t mine = 1u << fiber_running;
    /* If all others wait for somebody to write something, none of them will. */
    if ((world->ready & ~mine & ~world->paused) == 0 || choose(2, CHOICE_SPIN) != 0) {
        fiber_spins = true;
        return;
    }
    world->paused |= mine;
    let_others_run();
    world->paused &= ~mine;
}

static bool is_stepping(void)
{
    return fiber_running >= 0 && steps_held == 0;
}

/* ---- the kernel ---------------------------------------------------------------------------------------------- */

static void futex_sleep(const uint32_t *word, uint32_t value, const struct timespec *deadline, uint32_t mask)
{
    struct fiber *f = &world->fiber[fiber_running];
    fiber_spins = false;
    if (__atomic_load_n(word, __ATOMIC_RELAXED) != value) return;
    f->state = FIBER_ASLEEP;
    f->word = word;
    f->mask = mask;
    world->ready &= ~(1u << fiber_running);
    if (deadline != NULL) {
        world->timed |= 1u << fiber_running;
        f->deadline_ns = (uint64_t)deadline->tv_sec * 1000000000 + (uint64_t)deadline->tv_nsec;
    }
    let_others_run();
    memory_system_call(fiber_running);
}

static void futex_rouse(const uint32_t *word, uint32_t count, uint32_t mask)
{
    for (int i = 0; i < world->count && count > 0; i++) {
        struct fiber *f = &world->fiber[i];
        if (f->state != FIBER_ASLEEP || f->word != word || (f->mask & mask) == 0) continue;
        f->state = FIBER_READY;
        world->ready |= 1u << i;
        world->timed &= ~(1u << i);
        count--;
    }
}

long step_futex(void *word, int operation, uint32_t value, const struct timespec *deadline, uint32_t mask)
{
    operation &= ~FUTEX_PRIVATE_FLAG;
    bool sleeps = operation == FUTEX_WAIT_BITSET || operation == FUTEX_WAIT;
    if (operation == FUTEX_WAKE || operation == FUTEX_WAIT) mask = FUTEX_BITSET_MATCH_ANY;
    if (world == NULL) return 0;
    if (is_stepping()) {
        memory_system_call(fiber_running);
        choices_at_call = true;
        world_step();
        choices_at_call = false;
    }
    if (sleeps) {
        ASSERT(fiber_running >= 0);
        futex_sleep(word, value, deadline, mask);
    } else if (fiber_running < 0 || !sites_wake_is_lost()) {
        futex_rouse(word, value, mask);
    }
    return 0;
}

int step_thread(pthread_t *thread, void *(*entry)(void *), void *argument)
{
    ASSERT(world != NULL);
    if (world->count == FIBERS) return -1;
    int i = world->count++;
    fiber_start(&world->fiber[i], entry, argument);
    memory_thread_begins(fiber_running, i);
    world->ready |= 1u << i;
    *thread = (pthread_t)i;
    if (is_stepping()) world_step();
    return 0;
}

int step_join(pthread_t thread)
{
    struct fiber *other = &world->fiber[thread], *self = &world->fiber[fiber_running];
    ASSERT(fiber_running >= 0);
    if (other->state != FIBER_DONE) {
        self->state = FIBER_JOINING;
        self->joins = (int)thread;
        world->ready &= ~(1u << fiber_running);
        let_others_run();
    }
    memory_thread_joined(fiber_running, (int)thread);
    return 0;
}

/* ---- what else a run must not get from outside (linked with --wrap) --------------------------------------------- */

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_thread_ns(void);
uint64_t __wrap_base_seed(void);
unsigned __wrap_cpu_count(void);
_Noreturn void __wrap_assert_failed(const char *file, int line, const char *condition);

/* Moves within the run of a pool only: what a block costs must not differ between two runs of it. */
uint64_t world_clock_step_ns;

uint64_t __wrap_clock_wall_ns(void)
{
    return now_ns += world_clock_step_ns;
}

uint64_t __wrap_clock_thread_ns(void)
{
    return fiber_running < 0 ? 0 : ++world->fiber[fiber_running].clock_ns;
}

uint64_t __wrap_base_seed(void)
{
    return 0x5eed5eed5eed5eedu;
}

/* Pools that have more workers than processors do not spin; world_processors says which. */
unsigned world_processors = 1;

unsigned __wrap_cpu_count(void)
{
    return world_processors;
}

void __wrap_assert_failed(const char *file, int line, const char *condition)
{
    if (fiber_running >= 0) world_fail("%s:%d: assertion failed: %s", file, line, condition);
    (void)fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}
