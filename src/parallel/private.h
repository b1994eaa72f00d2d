/* What publish.c and validate.c share: who has read a location, and whom a version invalidates. */
#ifndef WEFT_PARALLEL_PRIVATE_H
#define WEFT_PARALLEL_PRIVATE_H

#include "parallel/execution.h"

static inline uint32_t reader_of(const _Atomic uint32_t *reader)
{
    return atomic_load_explicit(reader, memory_order_relaxed);
}

/* Kills all versions of `e`. */
void execution_kill(struct execution *e);

/* Whether a transaction behind e->tx has read what one of its versions overwrites. After a fence behind the versions'
 * publication, or their death. */
bool has_readers_behind(const struct execution *e);

#endif
