/* precompile: the contracts that are not code. Each takes call data and gas, and gives output and the gas that is left.
 *
 *     address ──precompile_find──► id ──precompile_run──► gas, then size, then values checked ──► crypto/ ──► output
 *
 * Gas comes first: a call that cannot pay does no work, and every length is bounded by gas or by the fork before
 * anything is sized by it. A failed call (ok = false) consumes all its gas and has no output; that is an EVM outcome,
 * not an error. */
#ifndef WEFT_PRECOMPILE_H
#define WEFT_PRECOMPILE_H

#include "fork/precompile_rules.h"

#include "base/base.h"

/* Results of expensive calls (PRECOMPILE_MEMO_GAS or more; hashes are left out), so that one with the same input need not be
 * computed again: a transaction that is run anew because of a conflict, a signature that several contracts check. For
 * one block and its rules: clear it in between. Any number of threads may use it at once; nothing waits. */
struct precompile_memo;
enum { PRECOMPILE_MEMO_GAS = 1000 };
struct precompile_memo *precompile_memo_new(void);
void precompile_memo_free(struct precompile_memo *m);
/* Forgets all. Nobody may be using it, nor outputs that were found in it. */
void precompile_memo_clear(struct precompile_memo *m);

/* Memory that one worker reuses for all its calls, one call at a time. Zero-initialise; give back with
 * precompile_memory_free. */
struct precompile_memory {
    struct buffer output;
    struct arena scratch;
    struct precompile_memo *memo; /* shared; NULL: nothing is remembered */
    struct arena kept;            /* what this worker has put into it */
    size_t kept_size;
};
/* With precompile_memo_clear: gives up what this worker has kept. */
void precompile_memory_clear(struct precompile_memory *m);
void precompile_memory_free(struct precompile_memory *m);

struct precompile_result {
    bool ok;
    uint64_t gas_left; /* 0 when not ok */
    /* In the call's precompile_memory until its next call, or in the memo; IDENTITY: the input itself. */
    struct bytes output;
};

/* The precompile at *a, or PRECOMPILE_NONE. Costs one comparison for nearly all other addresses. */
static inline unsigned precompile_find(const struct fork_precompile *rules, const struct address *a)
{
    uint64_t head, middle;
    uint32_t tail;
    memcpy(&head, a->b, 8);
    memcpy(&middle, a->b + 8, 8);
    memcpy(&tail, a->b + 16, 4);
    if (LIKELY((head | middle) != 0)) return PRECOMPILE_NONE;
    uint32_t id = __builtin_bswap32(tail);
    if (id > 62 && id != PRECOMPILE_P256VERIFY) return PRECOMPILE_NONE;
    return (rules->active & PRECOMPILE_BIT(id)) != 0 ? id : (unsigned)PRECOMPILE_NONE;
}

/* Runs precompile `id` (from precompile_find) on `input` with `gas`. The output of IDENTITY is `input` itself: copy it
 * before that memory changes. Any thread, with its own memory. */
void precompile_run(const struct fork_precompile *rules, unsigned id, struct bytes input, uint64_t gas,
                    struct precompile_memory *memory, struct precompile_result *out);

/* The lower-case name of a precompile ("ecrecover"), for traces and tables; NULL for an unknown id. */
const char *precompile_name(unsigned id);

#endif
