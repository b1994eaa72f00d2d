/* stateless: blocks of a test chain checked from witnesses alone (blocktest --stateless). */
#ifndef WEFT_CLI_STATELESS_H
#define WEFT_CLI_STATELESS_H

#include "cli/form.h"
#include "cli/test_chain.h"

/* Checks the block that `v`, an element of a test's "blocks", describes; its parent is in the chain with its state, and the block is valid.
 *
 * For each executor that is asked for: makes the witness from the full state, and executes the block from that witness alone. All
 * must make the same bytes. Where the test comes with an executionWitness (EIP-8025), executing from that must succeed or fail as the test
 * says (statelessOutputBytes), and, with `compare`, what was made must equal it. WITNESS_DIFFERS, or why a block was refused, with *e
 * set. */
enum status stateless_check(struct test_chain *c, const struct block *b, struct form *f, yyjson_val *v, bool compare,
                            struct error *e);

#endif
