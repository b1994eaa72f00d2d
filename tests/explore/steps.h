/* steps: what the parallel core is compiled with for the explorer (-include), instead of <stdatomic.h> alone. Each
 * atomic access, fence, futex call, pause and thread of the unchanged sources becomes a call into the explorer: a step
 * at which another worker may go on, and at which the memory model decides what is read (memory.c).
 *
 * Each place in the sources that makes a step is a site. It has a name, FILE:FUNCTION:OPERATION:NUMBER, where NUMBER
 * counts the sites of that operation in that function, so names survive edits elsewhere. A mutant is a site that does
 * less than what is written there (sites.c): nothing is compiled again for it.
 *
 * Not steps: the shared hash tables of state/ (intern.h, locked and without callbacks), spin locks, and what the VM
 * keeps with codes. */
#ifndef WEFT_EXPLORE_STEPS_H
#define WEFT_EXPLORE_STEPS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/base.h"
#include "state/intern.h" /* before the operations are replaced: its own are no steps */

enum step_kind { STEP_LOAD, STEP_STORE, STEP_RMW, STEP_CAS, STEP_FENCE, STEP_KINDS };

/* A place in the sources. The fields behind `order` are filled in by sites.c. */
struct step_site {
    const char *unit, *file, *function;
    uint32_t line, counter; /* order among those of a line */
    enum step_kind kind;
    char name[112];
    bool blind;      /* CAS: stores, whatever is there */
    bool split;      /* read-modify-write: in two steps */
    bool gone;       /* fence: does nothing */
    bool weak;       /* any order is relaxed */
    bool is_value;   /* of the state, see sites.c */
    bool wake_lost;  /* the next futex wake of the same worker wakes nobody */
    bool wake_seen;  /* a futex wake followed it */
    bool is_mutant;  /* one of these is changed */
    int order;       /* the strongest that it was executed with; -1: never executed */
    uint64_t visits; /* how often */
};

uint64_t step_load(struct step_site *site, const volatile void *at, size_t size, int order);
void step_store(struct step_site *site, volatile void *at, size_t size, uint64_t bits, int order);
/* Initialisation of an atomic that nobody else knows of yet: no step. */
void step_init(volatile void *at, size_t size, uint64_t bits);
enum step_operation { STEP_ADD, STEP_SUB, STEP_OR, STEP_EXCHANGE };
uint64_t step_modify(struct step_site *site, volatile void *at, size_t size, enum step_operation operation,
                     uint64_t operand, int order);
bool step_compare_exchange(struct step_site *site, volatile void *at, size_t size, uint64_t *expected, uint64_t desired,
                           int success, int failure);
void step_fence(struct step_site *site, int order);
void step_pause(void);
struct timespec;
long step_futex(void *word, int operation, uint32_t value, const struct timespec *deadline, uint32_t mask);
int step_thread(pthread_t *thread, void *(*entry)(void *), void *argument);
int step_join(pthread_t thread);

#define STEP_SITE(KIND)                                                                                                \
    __extension__({                                                                                                    \
        static struct step_site step_site_here = {.unit = __BASE_FILE__,                                               \
                                                  .file = __FILE__,                                                    \
                                                  .function = __func__,                                                \
                                                  .line = __LINE__,                                                    \
                                                  .counter = __COUNTER__,                                              \
                                                  .kind = (KIND),                                                      \
                                                  .order = -1};                                                        \
        static struct step_site *const step_site_listed                                                                \
            __attribute__((section("step_sites"), used)) = &step_site_here;                                            \
        &step_site_here;                                                                                               \
    })

/* The type of a value of the atomic that STEP_AT points at. */
#ifdef __clang__
#define STEP_TYPE __typeof__(__c11_atomic_load(step_at, __ATOMIC_RELAXED))
#else
#define STEP_TYPE __typeof__((void)0, *step_at)
#endif
/* Turns a value of any type up to eight bytes into bits, and back. */
#define STEP_BITS(BITS, VALUE)                                                                                         \
    STEP_TYPE step_value_##BITS = (VALUE);                                                                             \
    uint64_t BITS = 0;                                                                                                 \
    __builtin_memcpy(&BITS, &step_value_##BITS, sizeof step_value_##BITS)
#define STEP_VALUE(BITS)                                                                                               \
    __extension__({                                                                                                    \
        STEP_TYPE step_value;                                                                                          \
        uint64_t step_bits_of_value = (BITS);                                                                          \
        __builtin_memcpy(&step_value, &step_bits_of_value, sizeof step_value);                                         \
        step_value;                                                                                                    \
    })

#undef atomic_init
#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or
#undef atomic_fetch_or_explicit
#undef atomic_thread_fence

#define atomic_init(AT, VALUE)                                                                                         \
    __extension__({                                                                                                    \
        __auto_type step_at = (AT);                                                                                    \
        STEP_BITS(step_bits, VALUE);                                                                                   \
        step_init(step_at, sizeof *step_at, step_bits);                                                                \
    })
#define atomic_load_explicit(AT, ORDER)                                                                                \
    __extension__({                                                                                                    \
        __auto_type step_at = (AT);                                                                                    \
        STEP_VALUE(step_load(STEP_SITE(STEP_LOAD), step_at, sizeof *step_at, ORDER));                                  \
    })
#define atomic_store_explicit(AT, VALUE, ORDER)                                                                        \
    __extension__({                                                                                                    \
        __auto_type step_at = (AT);                                                                                    \
        STEP_BITS(step_bits, VALUE);                                                                                   \
        step_store(STEP_SITE(STEP_STORE), step_at, sizeof *step_at, step_bits, ORDER);                                 \
    })
#define STEP_MODIFY(AT, OPERATION, VALUE, ORDER)                                                                       \
    __extension__({                                                                                                    \
        __auto_type step_at = (AT);                                                                                    \
        STEP_BITS(step_bits, VALUE);                                                                                   \
        STEP_VALUE(step_modify(STEP_SITE(STEP_RMW), step_at, sizeof *step_at, OPERATION, step_bits, ORDER));           \
    })
#define STEP_COMPARE_EXCHANGE(AT, EXPECTED, VALUE, SUCCESS, FAILURE)                                                   \
    __extension__({                                                                                                    \
        __auto_type step_at = (AT);                                                                                    \
        STEP_TYPE *step_expected = (EXPECTED);                                                                         \
        STEP_BITS(step_bits, VALUE);                                                                                   \
        STEP_BITS(step_old, *step_expected);                                                                           \
        bool step_done = step_compare_exchange(STEP_SITE(STEP_CAS), step_at, sizeof *step_at, &step_old, step_bits,    \
                                               SUCCESS, FAILURE);                                                      \
        if (!step_done) *step_expected = STEP_VALUE(step_old);                                                         \
        step_done;                                                                                                     \
    })

#define atomic_load(AT) atomic_load_explicit(AT, memory_order_seq_cst)
#define atomic_store(AT, VALUE) atomic_store_explicit(AT, VALUE, memory_order_seq_cst)
#define atomic_exchange_explicit(AT, VALUE, ORDER) STEP_MODIFY(AT, STEP_EXCHANGE, VALUE, ORDER)
#define atomic_exchange(AT, VALUE) atomic_exchange_explicit(AT, VALUE, memory_order_seq_cst)
#define atomic_fetch_add_explicit(AT, VALUE, ORDER) STEP_MODIFY(AT, STEP_ADD, VALUE, ORDER)
#define atomic_fetch_add(AT, VALUE) atomic_fetch_add_explicit(AT, VALUE, memory_order_seq_cst)
#define atomic_fetch_sub_explicit(AT, VALUE, ORDER) STEP_MODIFY(AT, STEP_SUB, VALUE, ORDER)
#define atomic_fetch_sub(AT, VALUE) atomic_fetch_sub_explicit(AT, VALUE, memory_order_seq_cst)
#define atomic_fetch_or_explicit(AT, VALUE, ORDER) STEP_MODIFY(AT, STEP_OR, VALUE, ORDER)
#define atomic_fetch_or(AT, VALUE) atomic_fetch_or_explicit(AT, VALUE, memory_order_seq_cst)
#define atomic_compare_exchange_strong_explicit STEP_COMPARE_EXCHANGE
#define atomic_compare_exchange_weak_explicit STEP_COMPARE_EXCHANGE
#define atomic_compare_exchange_strong(AT, EXPECTED, VALUE)                                                            \
    STEP_COMPARE_EXCHANGE(AT, EXPECTED, VALUE, memory_order_seq_cst, memory_order_seq_cst)
#define atomic_compare_exchange_weak atomic_compare_exchange_strong
#define atomic_thread_fence(ORDER) step_fence(STEP_SITE(STEP_FENCE), ORDER)

#define cpu_relax() step_pause()
#define syscall(NUMBER, WORD, OPERATION, VALUE, DEADLINE, OTHER, MASK)                                                 \
    step_futex(WORD, OPERATION, VALUE, DEADLINE, MASK)
#define pthread_create(THREAD, ATTRIBUTES, ENTRY, ARGUMENT) step_thread(THREAD, ENTRY, ARGUMENT)
#define pthread_join(THREAD, RESULT) step_join(THREAD)
#define pthread_setname_np(THREAD, NAME) (0)

#endif
