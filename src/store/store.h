/* store: chain and state in a folder: state that outgrows memory, and is whole after any crash.
 *
 *     block ──► execute over store_view ──► diff ──► store_apply ──► root, compared with the header ──► pending
 *                   │ reads                              │ only the touched ways of the tries
 *                   ▼                                    ▼
 *     pending   what blocks changed since the last commit; in memory, looked at first
 *     sealed    the same of the batch that is being written now, on a thread of its own
 *     cache     accounts and slots read or written before; bounded
 *     database  LMDB, one file, what has been committed: always the state after one whole block
 *
 * A commit writes everything pending in one transaction of the database and returns when the disk has it. Between two
 * commits nothing is durable; after a crash, whenever and however, the folder holds the state after the last commit,
 * never a part of a batch.
 *
 * The tables (docs/store.md has them byte by byte):
 *
 *     accounts   hash of address               ──► nonce, balance, code hash, storage root, storage id
 *                path                          ──► branch or extension of the trie of accounts
 *     storage    storage id · hash of slot     ──► word
 *                storage id · path             ──► branch or extension of a storage trie
 *     codes      hash                          ──► code
 *     headers, bodies, receipts, undo   number ──► as RLP; undo: what each changed account and slot was before the
 *                                       block
 *     numbers    hash of block                 ──► number
 *     lookup     hash of transaction           ──► number, index
 *     meta       schema, head, next storage id, history
 *
 * An account gets a storage id when its first slot is written: 8 bytes before every slot instead of 32, and one
 * contract's slots and nodes lie together, nodes beside what is below them. Leaves are not kept as nodes: where no node
 * lies, the one pair whose key begins with the path is the leaf.
 *
 * Invariants, which store_check verifies: the flat state has the root that the head's header names; each node is the
 * one that building the tries anew gives at its place, and there are no others; every code and header has its hash;
 * each of the last `history` blocks can be undone.
 *
 * Threads: views may be used by any number of threads at once. All other functions belong to one thread, and none that
 * changes the store may run while a view is used, but for the work on tries between store_apply_begin and
 * store_apply_end, on a thread of the store's own. One process has the folder at a time; others may read beside it. */
#ifndef WEFT_STORE_H
#define WEFT_STORE_H

#include "base/base.h"
#include "state/memory.h"
#include "state/state.h"
#include "trie/trie.h"
#include "types/types.h"

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Raised whenever bytes in the folder change their meaning; another one is refused. */
enum { STORE_SCHEMA_VERSION = 2 };

/* Blocks that can be undone and looked back to, unless said otherwise. A reorganisation is at most some dozen deep. */
enum { STORE_HISTORY = 128 };

struct store_options {
    size_t cache_bytes;  /* bound of everything that is kept to be faster: 0 means 256 MiB */
    uint64_t history;    /* blocks; 0: what the folder has, which is STORE_HISTORY at first */
    uint64_t map_bytes;  /* largest size of the database; address space, not disk; 0 means 1 TiB */
    uint64_t latency_ns; /* added to each read of the database, for benches that play a slow disk */
    bool create;         /* make the folder and an empty store when there is none */
    bool careless;       /* commits do not wait for the disk: for tests that never lose power */
    bool read_only;      /* beside whoever has the folder: the state after the newest commit; one thread */
};

struct store;
/* Opens the store in `folder`. STORE_NONE, STORE_LOCKED, STORE_READ_ONLY, STORE_SCHEMA, STORE_DAMAGED, STORE_FULL or
 * STORE_IO, with one line in *e. */
enum status store_open(struct store **out, const char *folder, const struct store_options *o, struct error *e);
/* Gives up what is pending. */
void store_close(struct store *s);
/* STATUS_OK, or the first failure of the database since opening, with its line in *e (may be NULL). After one, memory
 * may be ahead of the disk for good: every function that can fails with it, the others find nothing, and store_head is
 * store_durable_head, until the folder is opened anew. Any thread. */
enum status store_status(const struct store *s, struct error *e);
/* Blocks that can be undone, once there are so many; *before (may be NULL): the same before it was opened. The folder
 * keeps it. With fewer than before, older undo records are given up when it is opened; with more, they become more with
 * each block. */
uint64_t store_history(const struct store *s, uint64_t *before);

/* ---- the chain --------------------------------------------------------------------------------------------------- */

struct store_head {
    uint64_t number;
    struct hash hash;
    struct hash state_root;
    struct u256 total_difficulty;
};
/* The newest block, committed or not; NULL before store_genesis. */
const struct store_head *store_head(const struct store *s);
/* The newest block that is safe on disk; NULL before store_genesis. */
const struct store_head *store_durable_head(const struct store *s);

/* Bytes of a block by its number, copied to the end of `out`; false when they are not there. Bodies are the RLP list of
 * what stands behind the header in a block; receipts the RLP list of envelopes. */
enum store_part { STORE_HEADER, STORE_BODY, STORE_RECEIPTS };
bool store_block_part(struct store *s, enum store_part part, uint64_t number, struct buffer *out);
/* Number of the block with that hash, if it is in the chain. */
bool store_block_number(struct store *s, const struct hash *hash, uint64_t *number);
/* The same in what is committed: while blocks that were taken back are not committed, they are still there. */
bool store_durable_number(struct store *s, const struct hash *hash, uint64_t *number);
/* Hash of the block with that number. */
bool store_block_hash(struct store *s, uint64_t number, struct hash *hash);
/* Where a transaction is. Committed blocks only. */
bool store_transaction(struct store *s, const struct hash *hash, uint64_t *number, uint32_t *index);

/* Starts the chain in an empty store: writes the state, builds its tries, and commits. The header's state root must be
 * the state's: BLOCK_STATE_ROOT. In a store that has a chain: STORE_OTHER_CHAIN unless its first block is this one. */
enum status store_genesis(struct store *s, const struct header *header, const struct state_memory *state,
                          struct error *e);

/* ---- reading state ----------------------------------------------------------------------------------------------- */

/* The state after the head. Valid until the store is changed; the view's codes until store_apply or store_close. */
struct state_view store_view(struct store *s);

/* The state after an earlier block, as long as its successors can be undone: STORE_NO_HISTORY otherwise. Valid until
 * the store is changed. Costs memory and time in proportion to what the blocks since have changed. */
struct store_past;
enum status store_past_new(struct store_past **out, struct store *s, uint64_t number, struct error *e);
struct state_view store_past_view(struct store_past *p);
void store_past_free(struct store_past *p);

/* Reads that go wide. With a pool for reading, store_apply first reads the ways of all changed keys into memory, many
 * at a time. The pool is borrowed; NULL ends it. */
void store_set_readers(struct store *s, struct pool *pool);
/* Brings accounts and slots into the cache, many at a time on the pool. Best with more workers than processors, as they
 * mostly wait. */
struct store_slot_name {
    struct address address;
    struct u256 key;
};
void store_prefetch(struct store *s, const struct address *accounts, size_t account_count,
                    const struct store_slot_name *slots, size_t slot_count, struct pool *pool);

/* ---- changing state ---------------------------------------------------------------------------------------------- */

/* A block that has been executed and found good, but for its state root. All borrowed. */
struct store_block {
    const struct header *header;
    struct hash hash;
    struct u256 total_difficulty;
    struct bytes header_bytes, body_bytes, receipts_bytes; /* see store_block_part */
    const struct hash *transaction_hashes;                 /* may be NULL: no look-up */
    uint32_t transaction_count;
};

/* Brings the state to what it is after the block, whose parent is the head, and makes the block the new head.
 * BLOCK_STATE_ROOT when the root is not the header's: the store is then as before. STORE_DAMAGED: a node is missing;
 * the store must be closed. With *root given the root is told instead of compared (for whoever builds blocks), and must
 * then be in the header that store_block_part is asked for. */
enum status store_apply(struct store *s, const struct store_block *b, const struct state_diff *diff, struct pool *pool,
                        struct error *e);
/* The same in two steps, so that the next block can be executed while the tries of this one are changed: after
 * store_apply_begin the view shows the state after the block and the block is the head; store_apply_end says whether
 * its root was right, and if not takes it away again, with the same statuses as store_apply. In between, views may be
 * used, and headers, bodies and hashes read; nothing else. `pool` is used by store_apply_begin alone, `root_pool` (may
 * be NULL) until store_apply_end. The block, the diff and what they point to are no longer needed after
 * store_apply_begin. Without `beside` all is done before that returns. */
enum status store_apply_begin(struct store *s, const struct store_block *b, const struct state_diff *diff,
                              struct pool *pool, struct pool *root_pool, bool beside, struct error *e);
enum status store_apply_end(struct store *s, struct error *e);
/* Whether store_apply_end would return at once. */
bool store_apply_is_done(struct store *s);
/* The root that applying the diff would give. Leaves the store as it was. */
enum status store_root_after(struct store *s, const struct state_diff *diff, struct pool *pool, struct hash *root,
                             struct error *e);
/* Takes the head away again: its parent is the new head. STORE_NO_HISTORY when it cannot be undone. Durable with the
 * next commit, as blocks are. */
enum status store_revert(struct store *s, struct pool *pool, struct error *e);
/* The lowest block that store_revert can make the head. */
uint64_t store_revert_limit(const struct store *s);
/* Gives up what is pending: the newest committed block is the head again. */
enum status store_rollback(struct store *s, struct error *e);

/* Bytes that wait for a commit, and the number of blocks. */
size_t store_pending_bytes(const struct store *s);
uint64_t store_pending_blocks(const struct store *s);
/* Begins to write what is pending on a thread of its own; waits for the commit before first, and returns its status. */
enum status store_commit_begin(struct store *s, struct error *e);
/* Whether the next store_commit_begin would have to wait. */
bool store_is_committing(const struct store *s);
/* Commits everything, and returns when the disk has it. */
enum status store_commit(struct store *s, struct error *e);

/* ---- looking after it -------------------------------------------------------------------------------------------- */

struct store_stat {
    struct store_head head;
    bool has_chain;
    struct store_table_stat {
        const char *name;
        uint64_t entries, bytes; /* bytes of pages */
    } tables[12];
    uint32_t table_count;
    uint64_t accounts, slots, nodes;             /* which lie in two of the tables */
    uint64_t file_bytes, used_bytes, free_bytes; /* pages of the file: in use, and to be used again */
    uint64_t oldest_undo;                        /* number of the oldest block that can be undone; 0: none */
    uint64_t history;                            /* see store_history */
};
enum status store_stat(struct store *s, struct store_stat *out, struct error *e);

struct store_check_result {
    uint64_t accounts, slots, nodes, codes, blocks;
    struct hash state_root; /* built anew from the flat state */
};
/* Verifies every invariant. STORE_DAMAGED with *e naming the first thing that is wrong. */
enum status store_check(struct store *s, struct store_check_result *out, struct error *e);

/* Gives up undo records of all but the last `history` blocks, and with `receipts`, receipts and look-ups of blocks
 * before those. Commits. */
struct store_prune_result {
    uint64_t undos, receipts, lookups;
};
enum status store_prune(struct store *s, uint64_t history, bool receipts, struct store_prune_result *out,
                        struct error *e);

/* Work done since opening: for benches. */
struct store_work {
    uint64_t reads;      /* of accounts and slots from the database */
    uint64_t node_reads; /* of trie nodes from the database */
    uint64_t hits;       /* accounts and slots found in memory */
    uint64_t commits, commit_ns;
    uint64_t written_bytes; /* keys and values handed to the database */
    uint64_t read_ns;
};
struct store_work store_work(const struct store *s);

#endif
