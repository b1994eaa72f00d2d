/* costs: how long calls of a contract take, learnt while blocks run and kept between them. Gas is a bad measure of time:
 * a transaction that verifies a proof takes ten times as long as one that swaps tokens for the same gas, and whoever
 * begins with it too late waits for it in the end. A guess decides what is begun first, never what comes out.
 *
 * Threads: any number may note and ask at once. */
#ifndef WEFT_BLOCK_COSTS_H
#define WEFT_BLOCK_COSTS_H

#include "types/types.h"

struct cost_book;
struct cost_book *cost_book_new(void);
void cost_book_free(struct cost_book *b);

/* Whether a transaction may take long enough to be worth two looks at the clock. */
static inline bool cost_is_noted(const struct transaction *tx)
{
    enum { NOTED_GAS = 100000 };
    return tx->gas_limit >= NOTED_GAS && !tx->is_create;
}
/* It used `gas` and took `ns`. */
void cost_book_note(struct cost_book *b, const struct transaction *tx, uint64_t gas, uint64_t ns);
/* How many times as long as others its calls have taken for the same gas; 1 when that is not known, or less than
 * twice. */
double cost_book_factor(const struct cost_book *b, const struct transaction *tx);

#endif
