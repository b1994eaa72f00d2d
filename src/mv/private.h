/* What the files of mv/ share: marks, and who is disturbed by a version. */
#ifndef WEFT_MV_PRIVATE_H
#define WEFT_MV_PRIVATE_H

#include "mv/mv.h"

static inline uint32_t mark_of(const _Atomic uint32_t *mark)
{
    return atomic_load_explicit(mark, memory_order_relaxed);
}

/* Marks all its versions dead. */
void mv_kill(struct mv_execution *e);

/* Whether a transaction behind e->tx has read what one of its versions overwrites. After a fence behind the versions'
 * publication, or their death. */
bool somebody_read(const struct mv_execution *e);

#endif
