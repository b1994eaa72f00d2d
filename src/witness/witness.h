/* witness: what somebody without the state needs to check a block (EIP-8025's execution witness), and checking with
 * nothing else.
 *
 *     full state ──► execute ──► what was touched ──► witness_make ──► nodes, codes, headers
 *                                                                          │ over the wire, from anybody
 *     block ─────────────────────────────────────────► witness_execute ◄───┘
 *                                                        │ every node and code is found by its hash, from the parent's
 *                                                        ▼ state root on; every header by its child
 *                                                      the same verdict as with the full state, or STATE_MISSING
 *
 * Nothing in a witness is believed: a hash that the chain of hashes from the block's parent does not lead to is never
 * looked at. A witness that lacks something gives STATE_MISSING and one line that says what. Work and memory are
 * bounded by the witness's size and the block's gas.
 *
 * The bytes of a witness follow from block and state alone, not from the executor: nodes and codes sorted and without
 * duplicates, headers by number, the parent's last. */
#ifndef WEFT_WITNESS_H
#define WEFT_WITNESS_H

#include "base/base.h"
#include "block/block.h"
#include "state/state.h"
#include "trie/trie.h"
#include "types/types.h"

/* Bounds, so that looking something up costs little whatever a witness has. A node of 16 hashes has 532 bytes, a leaf
 * some 150; a longer one is never looked at. BLOCKHASH sees 256 blocks back, and the parent is the first of them. */
enum { WITNESS_NODE_SIZE_MAX = 1024, WITNESS_HEADERS_MAX = BLOCK_HASHES };

struct witness {
    const struct bytes *nodes; /* of the state trie and of storage tries before the block, RLP */
    size_t node_count;
    const struct bytes *codes; /* that were read and are not made in the block */
    size_t code_count;
    const struct bytes *headers; /* RLP; the parent's, and ancestors down to the oldest whose hash is asked for */
    size_t header_count;
};

/* ---- the state in a witness ------------------------------------------------------------------------------------- */

/* A witness with everything in it findable by hash. Borrows the witness. */
struct witness_state;

/* Hashes everything, on the pool if there is one, and follows the headers, at most WITNESS_HEADERS_MAX: the last must
 * be the parent of a block with that parent hash, each other the parent of the one behind it. WITNESS_HEADERS with *e
 * set (may be NULL). */
enum status witness_state_new(struct witness_state **out, const struct witness *w, const struct hash *parent_hash,
                              struct pool *pool, struct error *e);
void witness_state_free(struct witness_state *s);
/* The parent's header. */
const struct header *witness_state_parent(const struct witness_state *s);
/* The state after the parent; any number of threads. An account or slot that the witness does not have is answered as
 * empty and noted: whoever used the view must call witness_state_check. */
struct state_view witness_state_view(struct witness_state *s);
/* Whether all that was accessed was there. NULL: whether all that was asked for was. STATE_MISSING, TRIE_BAD_NODE or
 * RLP_* with *e saying which account or slot was not. */
enum status witness_state_check(struct witness_state *s, const struct block_access_list *accesses, struct error *e);
/* The last code or header that the view was asked for and lacks, in words; for when it returned STATE_MISSING. */
const char *witness_state_missing(const struct witness_state *s);
bool witness_state_has_code(const struct witness_state *s, const struct hash *hash);
/* The nodes by hash. */
struct trie_source witness_state_nodes(struct witness_state *s);

/* ---- state tries ------------------------------------------------------------------------------------------------- */

/* The state trie and those storage tries that somebody asked for, fetched node by node from a source. One thread. */
struct state_tries;
struct state_tries *state_tries_new(const struct hash *root, const struct trie_source *source);
void state_tries_free(struct state_tries *t);
/* Walks to the account or slot, present or not, so that the nodes on the way are fetched. As trie_get. */
enum status state_tries_visit_account(struct state_tries *t, const struct address *a);
enum status state_tries_visit_slot(struct state_tries *t, const struct address *a, const struct u256 *key);
/* Brings the tries to what they are after a block. New and changed entries go first, then deletions, so that a branch
 * is not taken away that something is put into: it needs as few nodes beyond those on the ways as can be. As trie_put;
 * the tries are half changed after a failure. */
enum status state_tries_apply(struct state_tries *t, const struct state_diff *diff);
void state_tries_root(struct state_tries *t, struct pool *pool, struct hash *out);

/* ---- checking a block -------------------------------------------------------------------------------------------- */

/* Executes a block from a witness alone and checks everything about it: header against the parent's, body, receipts,
 * state root. Uncles of blocks before the merge are not checked against ancestors. `out` (may be NULL) is filled in as
 * block_execute does. Results live in the engine. Any status of block_execute and the checks, WITNESS_HEADERS,
 * STATE_MISSING; *e says more. */
enum status witness_execute(struct engine *engine, enum executor_kind kind, const struct chain_spec *chain,
                            const struct block *block, const struct witness *w, struct block_result *out,
                            struct error *e);

/* ---- making one -------------------------------------------------------------------------------------------------- */

/* What a block touched, as execution knows it. */
struct witness_touched {
    const struct block_access_list *accesses; /* accounts, slots read and written */
    const struct hash *codes; /* hashes of the parent state's codes that were read; any order, any number of times */
    size_t code_count;
    uint64_t oldest_hash; /* lowest number whose hash was asked for; the parent's if none was */
};

/* The full state before the block. */
struct witness_provider {
    struct trie_source nodes;
    void *context;
    bool (*code)(void *context, const struct hash *hash, struct bytes *out);
    bool (*header)(void *context, uint64_t number, struct bytes *out); /* RLP of an ancestor */
};

/* Makes the witness of a block that gave `diff`. Everything lives in `arena`. STATE_MISSING when the provider lacks
 * something. */
enum status witness_make(struct witness *out, const struct witness_provider *p, const struct header *parent,
                         const struct witness_touched *touched, const struct state_diff *diff, struct arena *arena);

/* All nodes and codes of a whole state in memory, as a provider of them: for tests and small chains. */
struct witness_store;
struct witness_store *witness_store_new(const struct state_memory *m);
void witness_store_free(struct witness_store *s);
struct trie_source witness_store_nodes(struct witness_store *s);
bool witness_store_code(void *store, const struct hash *hash, struct bytes *out);

#endif
