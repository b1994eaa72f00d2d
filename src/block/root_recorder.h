/* roots: the state root after each transaction, which receipts carried before Byzantium (EIP-658). Slow: each root is
 * made over a copy of the whole state. */
#ifndef WEFT_BLOCK_ROOT_RECORDER_H
#define WEFT_BLOCK_ROOT_RECORDER_H

#include "block/block.h"

/* The first three are the caller's to set: where the results come to stand, the state before the block, and memory that
 * lives as long as the results. */
struct root_recorder {
    const struct block_result *result;
    const struct state_memory *parent;
    struct arena *arena;
    struct hash *roots; /* one for each transaction */
    struct u256 fees;
};

/* Makes `task` record into `r`, which must outlive the execution. */
void root_recorder_begin(struct root_recorder *r, struct block_task *task);

#endif
