/* prediction: what can be guessed about a block's conflicts before its transactions run. A wrong guess costs time, never
 * a result.
 *
 * Transactions that call the same contract form a class. After a conflict the next ones of the class will likely read
 * what one before them writes, so they are deferred until that one has been executed. Which one?
 *
 *     same_account   the last of the class that names an account that this one names as well (its sender, or an argument
 *                    that looks like an address): transfers to one exchange, swaps of one pair of tokens
 *     in_class       the last of the class: a token sale, a mint, whatever has one counter
 *
 * A class is suspected of either by itself: of the second only when conflicts came from transactions without an account
 * in common. A success before the other one had been executed lowers the suspicion. Nothing is kept from block to block:
 * what earlier blocks taught was measured to cost more than it saves.
 *
 * Threads: prediction_record_* are for the commit point; the others may ask at any time. */
#ifndef WEFT_PREDICTION_H
#define WEFT_PREDICTION_H

#include "parallel/plan.h"

#define PREDICTION_NONE UINT32_MAX

/* How much a class is suspected of conflicts between transactions with an account in common, and between any two. */
struct suspicion {
    _Atomic uint8_t same_account, same_class;
};

struct prediction {
    uint32_t from;          /* first transaction that is looked at */
    uint32_t *class_of;     /* for each transaction from there on; PREDICTION_NONE: a plain transfer or a creation */
    uint32_t *in_class;     /* the one before it in its class, or PREDICTION_NONE */
    uint32_t *same_account; /* the last in its class that has an account in common with it, or PREDICTION_NONE */
    struct suspicion *suspicions; /* for each class */
};

void prediction_make(struct prediction *p, const struct plan *plan, uint32_t from, struct arena *arena);
/* A speculative execution was committed. That says something of a suspicion only if the transaction that it was suspected
 * to depend on had not been executed when it began: `before_same_account`, `before_same_class`. */
void prediction_record_success(struct prediction *p, uint32_t tx, bool before_same_account, bool before_same_class);
/* A speculative execution was wasted: it had missed what transaction `missed` writes (PREDICTION_NONE: nobody). */
void prediction_record_conflict(struct prediction *p, uint32_t tx, uint32_t missed);
/* The transaction that `tx` should wait for, or PREDICTION_NONE. */
uint32_t prediction_of_conflict(const struct prediction *p, uint32_t tx);

#endif
