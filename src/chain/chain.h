/* chain: blocks from files onto a store: read, checked in full, executed, kept.
 *
 *     file ──► reader ──► decoder: decode, check the body, recover senders, hash; some blocks before they are needed,
 *                           │    on threads of their own, reading senders and recipients in, too
 *                           ▼
 *                         header, uncles ──► execute ──► receipts, gas, bloom ──► state root ──► pending ──► commit,
 *                                                                                                  many blocks at once
 *
 * What is not right by the rules of the chain never reaches the store. A commit is made when enough waits for it, and
 * is written on a thread of its own while the next blocks run; chain_finish makes the last. After a crash the chain
 * goes on from the last commit: importing the same files again passes over the blocks that are there.
 *
 * A block whose parent is not the head but one of the last blocks that can be undone begins a branch (branch.c). It takes
 * the old blocks' place as a whole, when its file ends: before the merge if it is heavier, since then because the file
 * that is imported last says which branch counts, as a consensus client does. Until then the disk has the old ones.
 *
 * A block that does not agree with its header when it was executed in parallel is executed once more serially, and that
 * decides; where it shows that the parallel result was wrong, a line says so and the block is saved.
 *
 * One thread calls; the chain has threads of its own. */
#ifndef WEFT_CHAIN_H
#define WEFT_CHAIN_H

#include "base/base.h"
#include "block/block.h"
#include "fork/fork.h"
#include "store/store.h"

/* ---- what a chain obeys ------------------------------------------------------------------------------------------ */

/* Rules and first block of a chain. */
struct chain_genesis {
    struct chain_spec spec;
    struct header header;
    bool has_base_fee;          /* the header's is meant, also when it is zero; else it is the fork's initial one */
    struct state_memory *state; /* before block 1 */
};
void chain_genesis_free(struct chain_genesis *g);
/* Fills in what follows from the rest: fields of the header that its fork asks for, and the state root. */
void chain_genesis_seal(struct chain_genesis *g, struct pool *pool);

/* ---- importing --------------------------------------------------------------------------------------------------- */

struct chain_options {
    unsigned threads; /* of the engine; 0: one for each processor */
    enum executor_kind executor;
    unsigned readers;      /* threads that read what blocks will need; 0: none */
    uint64_t batch_blocks; /* commit after so many; 0: 2,048 */
    size_t batch_bytes;    /* or when so much waits; 0: 64 MiB */
    size_t code_bytes;     /* bound of codes that ran, and of what was made of them; 0: none */
    bool no_recheck;       /* a block that is wrong in parallel is not executed once more serially */
    const char *folder;    /* where blocks are saved whose parallel result was wrong; NULL: the working folder */
    /* Says, in one line, what is no error but should be known; the caller's thread. May be NULL. */
    void (*notice)(void *context, const char *line);
    void *notice_context;
};

struct chain;
/* A chain on a store whose genesis has been written. Everything is borrowed. */
enum status chain_new(struct chain **out, struct store *store, const struct chain_genesis *genesis,
                      const struct chain_options *o, struct error *e);
void chain_free(struct chain *c);
struct engine *chain_engine(struct chain *c);

/* So far, for whoever shows it. */
struct chain_progress {
    uint64_t blocks, known; /* imported; passed over because they are there */
    uint64_t transactions, gas;
    uint64_t differed; /* blocks of these whose parallel result was wrong */
    uint64_t number;   /* of the newest */
    uint64_t file_bytes, file_read;
    uint64_t execute_ns, root_ns, commit_ns,
        wait_ns; /* where the caller's time went: the last is for blocks to be ready */
};

/* Imports all blocks of a file: RLP, one block behind the other as `geth export` writes them, plain or gzip; or era1.
 * `step` (may be NULL) is called after each block; when it returns false the import stops with CHAIN_INTERRUPTED. Any
 * status of reading, checking, executing or storing, with file and block in *e; blocks before the one that failed are
 * kept, but for those of a branch. CHAIN_BRANCH: a branch that begins too far back, or is too big. */
enum status chain_import(struct chain *c, const char *path, bool (*step)(void *context, const struct chain_progress *p),
                         void *context, struct error *e);
const struct chain_progress *chain_progress(const struct chain *c);
/* Commits everything; a branch that is not heavier is given up. */
enum status chain_finish(struct chain *c, struct error *e);

/* ---- building ---------------------------------------------------------------------------------------------------- */

/* A block to be made on top of the head. */
struct chain_template {
    uint64_t timestamp;
    uint64_t gas_limit;
    struct address beneficiary;
    const struct transaction *transactions; /* signed; `encoded` is not looked at */
    const struct address *senders;
    const struct address *const *authorities; /* as in struct block_task */
    uint32_t transaction_count;
};
/* The parts of building, for who keeps a chain elsewhere: the header before execution, and what a sealed result adds. The
 * roots of state and transactions are the caller's to fill in. */
void chain_begin_header(struct header *h, const struct chain_template *t, const struct fork *fork,
                        const struct header *parent, const struct hash *parent_hash);
void chain_end_header(struct header *h, const struct block_result *r);
/* Executes the transactions, seals the block, makes it the head and writes its encoding in front of what `w` holds.
 * Forks since Byzantium only; before the merge nobody seals it. *result (may be NULL) lives until the next block. */
enum status chain_build(struct chain *c, const struct chain_template *t, struct rlp_writer *w,
                        struct block_result *result, struct error *e);

/* ---- bytes that the store keeps ---------------------------------------------------------------------------------- */

/* Writes the receipts of a sealed block as a list of envelopes in front of what `w` holds. */
void chain_put_receipts(struct rlp_writer *w, const struct block_result *r);
/* Header and body as the store keeps them, out of a block's encoding; the body's list is made in `arena`. */
bool chain_split(struct bytes block, struct arena *arena, struct bytes *header, struct bytes *body);

/* ---- files of blocks --------------------------------------------------------------------------------------------- */

struct chain_file;
/* Largest encoded block that is read. */
#define CHAIN_BLOCK_MAX ((size_t)256 << 20)
enum status chain_file_open(struct chain_file **out, const char *path, struct error *e);
/* The next block's encoding replaces what `out` holds; *end when there is none. CHAIN_FILE with *e set. */
enum status chain_file_next(struct chain_file *f, struct buffer *out, bool *end, struct error *e);
void chain_file_progress(const struct chain_file *f, uint64_t *read, uint64_t *size); /* bytes */
void chain_file_close(struct chain_file *f);

#endif
