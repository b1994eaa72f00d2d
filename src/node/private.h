/* What the files of node/ share. */
#ifndef WEFT_NODE_PRIVATE_H
#define WEFT_NODE_PRIVATE_H

#include "node/node.h"

/* Adds the system contracts that a state lacks. */
void node_deploy_system_contracts(struct state_memory *state);
/* Makes a block the head. Takes it over. */
void node_add_block(struct node *n, struct node_block *b);
/* Drops all blocks above `number`. */
void node_drop_blocks(struct node *n, uint64_t number);
/* The state after a block, as a view that lives as long as *v. */
struct state_view node_view(const struct node *n, struct history_view *v, const struct node_block *b);
void node_block_free(struct node_block *b);
/* Takes the transaction out of the pool, without freeing it. */
void node_take(struct node *n, const struct node_transaction *t);
void node_caller_free(struct node_caller *c);

#endif
