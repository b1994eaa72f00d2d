/* test_store: a store under a test chain: every block's state and root come from it, wherever in the tree of blocks it
 * stands. */
#ifndef WEFT_TESTING_TEST_STORE_H
#define WEFT_TESTING_TEST_STORE_H

#include "store/store.h"
#include "testing/test_chain.h"

/* Makes the store in a folder of its own, with the genesis in it. Any STORE_* status, BLOCK_STATE_ROOT. */
enum status test_store_begin(struct test_chain *c, const struct header *genesis, const struct state_memory *state,
                             struct error *e);
/* Verifies everything (store_check), and removes the folder. */
enum status test_store_end(struct test_chain *c, struct error *e);
/* Makes the block of that node the head: back to where the branches part, and forward again by what the blocks
 * changed. */
enum status test_store_move(struct test_chain *c, uint32_t to, struct error *e);
/* Puts an executed block on the head, whose child it is, and notes in *node what moving needs. */
enum status test_store_apply(struct test_chain *c, const struct block *b, const struct block_result *r,
                             struct chain_node *node, struct error *e);

#endif
