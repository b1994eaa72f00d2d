/* stateless: blocks of a test chain checked from witnesses alone (blocktest --stateless). */
#ifndef WEFT_TESTING_STATELESS_H
#define WEFT_TESTING_STATELESS_H

#include "testing/test_chain.h"
#include "witness/witness.h"
#include "json/json.h"

/* Checks the block that `v`, an element of a test's "blocks", describes; its parent is in the chain with its state, and
 * the block is valid.
 *
 * For each executor that is asked for: makes the witness from the full state, and executes the block from that witness
 * alone. All must make the same bytes. Where the test comes with an executionWitness (EIP-8025), executing from that
 * must succeed or fail as the test says (statelessOutputBytes), and, with `compare`, what was made must equal it.
 * WITNESS_DIFFERS, or why a block was refused, with *e set. *out (may be NULL) is what was made, in the running case's
 * arena. */
enum status stateless_check(struct test_chain *c, const struct block *b, struct json_reader *f, yyjson_val *v,
                            bool compare, struct witness *out, struct error *e);

/* Makes the witness of a block whose state is known in part: what lies beside it in the tries is missing, so that the
 * root is that of the part, and there are no headers. With each executor that is asked for; WITNESS_DIFFERS when one
 * makes other bytes. */
enum status stateless_make_part(struct tester *t, const struct chain_spec *chain, const struct fork *fork,
                                const struct block *b, struct state_memory *state, struct witness *out,
                                struct error *e);

/* Appends {"file", "case", "block", "executionWitness": {"state", "codes", "headers"}} and a line end. `name` may be
 * NULL. */
void witness_print(struct buffer *out, const char *file, const char *name, uint64_t number, const struct witness *w);

#endif
