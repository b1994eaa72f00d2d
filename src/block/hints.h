/* hints: what can be guessed about a block's conflicts before its transactions run. Wrong guesses cost time, never results.
 *
 * Transactions that call the same contract form a class. When one of a class has been run ahead in vain, the next ones of the class will
 * likely read what their predecessor in the class writes (a token sale, a mint, a pool): running them ahead waits until that
 * predecessor has run. Each success of the class takes some of that suspicion away.
 *
 * hints_learn is for the worker at the head; the others may ask at any time. */
#ifndef WEFT_BLOCK_HINTS_H
#define WEFT_BLOCK_HINTS_H

#include "block/block.h"

#define HINTS_NONE UINT32_MAX

struct hints {
    uint32_t from;              /* first transaction that is looked at */
    uint32_t *class_of;         /* for each transaction from there on; HINTS_NONE: a plain transfer or a creation */
    uint32_t *before;           /* the one before it in its class, or HINTS_NONE */
    _Atomic uint8_t *suspicion; /* for each class */
};

void hints_make(struct hints *h, const struct block_task *task, uint32_t from, struct arena *arena);
/* Tells how it went with a transaction that had been run ahead. */
void hints_learn(struct hints *h, uint32_t tx, bool held);
/* The transaction that `tx` had better wait for, or HINTS_NONE. */
uint32_t hints_expect_conflict(const struct hints *h, uint32_t tx);

#endif
