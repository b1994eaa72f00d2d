/* hints: what can be guessed about a block's conflicts before its transactions run. Wrong guesses cost time, never
 * results.
 *
 * Transactions that call the same contract form a class. When one of a class has been run ahead in vain, the next ones
 * of the class will likely read what one before them writes: running them ahead waits until that one has run. Which
 * one?
 *
 *     kin      the last one that names an account that this one names as well (its sender, or an argument that looks
 *              like an address): transfers to one exchange, swaps of one pair of tokens
 *     before   the last one of the class: a token sale, a mint, whatever has one counter
 *
 * A class is suspected of either kind by itself: of the second only when conflicts came from transactions that were no
 * kin. A success before the other one had run takes some of the suspicion away.
 *
 * Nothing is kept from block to block: what earlier blocks taught was measured to cost more than it saves
 * (docs/parallel.md).
 *
 * hints_praise and hints_blame are for the worker at the head; the others may ask at any time. */
#ifndef WEFT_BLOCK_HINTS_H
#define WEFT_BLOCK_HINTS_H

#include "block/block.h"

#define HINTS_NONE UINT32_MAX

struct hints {
    uint32_t from;            /* first transaction that is looked at */
    uint32_t *class_of;       /* for each transaction from there on; HINTS_NONE: a plain transfer or a creation */
    uint32_t *before;         /* the one before it in its class, or HINTS_NONE */
    uint32_t *kin;            /* the last one in its class that has an account in common with it, or HINTS_NONE */
    struct suspect *suspects; /* for each class */
};

/* How much a class is suspected of conflicts between kin, and between any two. */
struct suspect {
    _Atomic uint8_t kin, any;
};

void hints_make(struct hints *h, const struct block_task *task, uint32_t from, struct arena *arena);
/* Tells that a transaction had been run ahead with success. That says something of a suspicion only if the one that it
 * was suspected to depend on had not run when it began: `before_kin`, `before_any`. */
void hints_praise(struct hints *h, uint32_t tx, bool before_kin, bool before_any);
/* Tells that a transaction had been run ahead in vain, and whose write it had missed (HINTS_NONE: nobody's). */
void hints_blame(struct hints *h, uint32_t tx, uint32_t missed);
/* The transaction that `tx` should wait for, or HINTS_NONE. */
uint32_t hints_expect_conflict(const struct hints *h, uint32_t tx);

#endif
