/* test_chain: a small chain in memory, with a state for each block that may still be built on: what a blockchain
 * test needs. */
#ifndef WEFT_TESTING_TEST_CHAIN_H
#define WEFT_TESTING_TEST_CHAIN_H

#include "base/base.h"
#include "block/block.h"
#include "store/store.h"
#include "testing/testing.h"

struct chain_node {
    struct header header;
    struct hash hash;
    const struct header *uncles;
    uint32_t uncle_count;
    uint32_t parent; /* number of the parent's node; its own for genesis */
    struct u256 total_difficulty;
    struct state_memory *state; /* after the block; NULL once a child has taken it over */

    /* with a store alone: what putting the block on its parent again takes */
    struct bytes header_bytes, body_bytes, receipts_bytes;
    struct state_diff diff;
};

/* Everything but the states borrows from the arena and bytes of the running case. */
struct test_chain {
    struct tester *tester;
    const struct chain_spec *spec;
    struct chain_node *nodes;
    uint32_t count, capacity;
    uint32_t head;       /* the block that fork choice takes */
    struct store *store; /* where states are read and roots made (test_store.h); NULL: in memory */
    char folder[128];    /* of the store */
};

/* Starts a chain; takes over `state`. Free with test_chain_free. */
void test_chain_begin(struct test_chain *c, struct tester *t, const struct chain_spec *spec,
                      const struct header *genesis, struct state_memory *state);
void test_chain_free(struct test_chain *c);
/* The node of a block; NULL when it is not in the chain. */
struct chain_node *test_chain_node_of(const struct test_chain *c, const struct hash *hash);

/* The rules of a block on `parent`. */
const struct fork *test_chain_fork_of(const struct test_chain *c, const struct chain_node *parent,
                                      const struct block *b);

/* Checks a block in full, and adds it. `access_list` is the declared one (EIP-7928), NULL when it is not at hand.
 * With `last_child` the parent's state is taken over instead of copied: no other block will be built on it. Any
 * status of header, uncles, body, transactions, execution, or state root, with *e set; the chain is then as before,
 * but with `last_child` the parent's state may be gone. EXECUTORS_DIFFER when two executors disagree. */
enum status test_chain_import(struct test_chain *c, const struct block *b, const struct block_access_list *access_list,
                              bool last_child, struct error *e);

#endif
