/* plan: what the VM prepares for a code and keeps with it (code->plan), shared by all threads.
 *
 *     plan ──► jumpdests         which bytes are JUMPDESTs
 *          ──► translation       for one fork: ──► another fork's ──► ...
 *                cells           one for each JUMPDEST, and one for the start of the code
 *                  └──► run      what the fast interpreter executes from there on; NULL until somebody gets there
 *
 * Preparing goes step by step, so that nobody pays for what is not used: a code that runs once is only read; jumps need
 * the map of JUMPDESTs; a code that runs often or long is translated, run by run, each when it is first reached.
 *
 * What is prepared is paid for, in time and memory, by gas that has been used: of a worker's translations none begins
 * that this gas, and something to start with, does not cover (vm_may_prepare). So nobody can have more translated than he
 * pays for by calling with little gas. What a code may cost in all is bounded by a multiple of its size. What goes beyond
 * either runs in the plain interpreter.
 *
 * Threads: everything here only grows, and is published by a release store (plan, translation, cell) that pairs with
 * the readers' acquire loads. Translating takes the translation's lock. */
#ifndef WEFT_VM_TRANSLATOR_PLAN_H
#define WEFT_VM_TRANSLATOR_PLAN_H

#include "vm/private.h"

struct fast;

/* Where a run begins, once it is translated. */
struct cell {
    _Atomic(const struct fast *) run;
};

struct translation {
    const struct fork *fork;
    struct plan *plan;
    const struct code *code;
    struct translation *next; /* another fork's */
    struct cell start;
    struct cell *cells; /* of JUMPDESTs, in order of position */
    atomic_flag lock;   /* guards what follows */
    struct arena runs;
    uint64_t budget; /* work that may still be spent on it, in EVM instructions */
};

struct plan {
    uint32_t jumpdest_count;
    _Atomic(struct translation *) translations;
    const uint64_t *jumpdests; /* bit i: a jump may land at i */
    const uint32_t *before;    /* [i]: JUMPDESTs before byte 64 * i */
};

/* The plan of a code, made at first use. Any thread: of several that make one at the same time, one wins. */
struct plan *vm_plan_of(const struct code *code);
/* The translation of a frame's code for its fork, made at first use; NULL: it is not paid for. */
struct translation *vm_translation_of(struct frame *f);

/* Whether the gas that this worker's frames have used pays for another translation. vm_note_prepared takes off what one
 * has cost: work in EVM instructions, and memory. */
bool vm_may_prepare(struct vm *vm);
void vm_note_prepared(struct frame *f, uint64_t work, size_t bytes);

/* The number of the JUMPDEST at `target` among all of the code; -1 when there is none. */
static ALWAYS_INLINE int64_t jumpdest_index(const struct plan *plan, uint32_t code_size, uint64_t target)
{
    if (UNLIKELY(target >= code_size)) return -1;
    uint64_t word = plan->jumpdests[target / 64];
    unsigned bit = target % 64;
    if (UNLIKELY((word >> bit & 1) == 0)) return -1;
    return plan->before[target / 64] + (uint32_t)__builtin_popcountll(word & ((UINT64_C(1) << bit) - 1));
}

/* Translates the run of the frame's code that begins at `position`, unless somebody has, and notes it in the cell. NULL:
 * it is not paid for, or the code's budget is spent. Any thread. */
const struct fast *vm_translate(struct frame *f, struct cell *cell, uint32_t position);

#endif
