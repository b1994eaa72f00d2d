/* digest: of what a transaction has recorded so far, for the search through all interleavings (exhaustive.c). */
#ifndef WEFT_SIM_DIGEST_H
#define WEFT_SIM_DIGEST_H

#include "state/state.h"

uint64_t sim_digest_records(const struct state *s);

#endif
