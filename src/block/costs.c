/* A direct-mapped table by contract and selector; whoever comes later takes a place. A cell is one word, so no reader
 * sees half of it: the upper half says whose it is, the lower half picoseconds per gas. */
#include "block/costs.h"

#include <stdlib.h>

#include "base/hash.h"

enum { CELLS = 4096 };
/* Smaller differences are noise. */
#define FACTOR_MIN 2.0
#define FACTOR_MAX 64.0
/* How much of a new measurement counts, 1 / SHARE: little where it is above what is known, as the clock also runs while
 * others have the processor. */
enum { SHARE_ABOVE = 8, SHARE_BELOW = 2, SHARE_TYPICAL = 64 };

struct cost_book {
    _Atomic uint64_t typical; /* picoseconds per gas; 0: nothing has been noted */
    _Atomic uint64_t cells[CELLS];
};

struct cost_book *cost_book_new(void)
{
    return base_calloc(1, sizeof(struct cost_book));
}

void cost_book_free(struct cost_book *b)
{
    free(b);
}

static uint64_t hash_of(const struct transaction *tx)
{
    uint32_t selector = 0;
    if (tx->data.size >= 4) memcpy(&selector, tx->data.data, sizeof selector);
    return hash_pair(hash_of_address(&tx->to), selector);
}

static uint64_t approach(uint64_t old, uint64_t found, uint64_t share_above, uint64_t share_below)
{
    if (old == 0) return found;
    return found > old ? old + (found - old) / share_above : old - (old - found) / share_below;
}

void cost_book_note(struct cost_book *b, const struct transaction *tx, uint64_t gas, uint64_t ns)
{
    if (gas == 0) return;
    double per_gas = (double)ns * 1000 / (double)gas;
    uint64_t found = UINT32_MAX;
    if (per_gas < (double)UINT32_MAX) found = per_gas < 1 ? 1 : (uint64_t)per_gas;
    uint64_t hash = hash_of(tx);
    _Atomic uint64_t *cell = &b->cells[hash % CELLS];
    /* Relaxed, and not in one step: a note that gets lost is no loss. */
    uint64_t old = atomic_load_explicit(cell, memory_order_relaxed);
    uint64_t known = old >> 32 == hash >> 32 ? old & UINT32_MAX : 0;
    atomic_store_explicit(cell, hash >> 32 << 32 | approach(known, found, SHARE_ABOVE, SHARE_BELOW),
                          memory_order_relaxed);
    uint64_t typical = atomic_load_explicit(&b->typical, memory_order_relaxed);
    atomic_store_explicit(&b->typical, approach(typical, found, SHARE_TYPICAL, SHARE_TYPICAL), memory_order_relaxed);
}

double cost_book_factor(const struct cost_book *b, const struct transaction *tx)
{
    uint64_t typical = atomic_load_explicit(&b->typical, memory_order_relaxed), hash = hash_of(tx);
    uint64_t cell = atomic_load_explicit(&b->cells[hash % CELLS], memory_order_relaxed);
    if (typical == 0 || cell >> 32 != hash >> 32) return 1;
    double factor = (double)(cell & UINT32_MAX) / (double)typical;
    return factor < FACTOR_MIN ? 1 : factor > FACTOR_MAX ? FACTOR_MAX : factor;
}
