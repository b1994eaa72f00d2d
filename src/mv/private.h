/* What the files of mv/ share: marks, and who is disturbed by a version. */
#ifndef WEFT_MV_PRIVATE_H
#define WEFT_MV_PRIVATE_H

#include "mv/mv.h"

static inline uint32_t mark_of(const _Atomic uint32_t *mark)
{
    return atomic_load_explicit(mark, memory_order_relaxed);
}

/* A balance below 2^192 stays below 2^253 when fewer than 2^32 transactions add less than 2^128 each. So who has only asked
 * such a balance whether it is at least so much, and was told yes, is not disturbed by such a credit. */
static inline bool is_robust(const struct u256 *balance)
{
    return balance->w[3] == 0;
}
static const struct u256 robust_high = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 3}};

/* Whether a transaction behind e->tx has read what one of its versions overwrites. After a fence behind the versions'
 * publication, or their death. */
bool somebody_read(const struct mv_execution *e);

#endif
