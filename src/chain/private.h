/* What the files of chain/ share. */
#ifndef WEFT_CHAIN_PRIVATE_H
#define WEFT_CHAIN_PRIVATE_H

#include <pthread.h>

#include "chain/chain.h"

struct chain {
    struct store *store;
    const struct chain_genesis *genesis;
    struct chain_options options;
    struct engine *engine;
    bool beside;                   /* work of different blocks is done at the same time */
    struct pool *root_pool;        /* for the tries, while the engine's pool executes; NULL: none */
    struct prefetcher *prefetcher; /* reads what a block names; NULL: nobody does */
    struct pool *path_readers;     /* read the ways through the tries */
    struct header parent;          /* the head's, without its extra data */
    bool applying;                 /* the root of the head is still to be compared: chain_settle */
    struct chain_progress counts;  /* of that block */
    struct applied {               /* and what is needed to execute it once more */
        bool doubtful;             /* it was executed in parallel */
        unsigned threads;
        struct buffer bytes; /* the whole block, if it is doubtful */
    } applied;
    uint64_t rechecks;     /* blocks that were executed once more when their root was wrong */
    struct branch {        /* that is being followed: branch.c */
        bool open;         /* nothing of it is committed */
        uint64_t ancestor; /* number of the newest block that both have */
        struct store_head old;
        struct chain_progress before;
    } branch;
    struct chain_progress progress;
    struct rlp_writer receipts;
    struct arena arena; /* of the block that is imported */
};

/* Loads chain->parent from the store. */
enum status chain_load_parent(struct chain *c, struct error *e);
/* Gives the block to the store; what was begun before must be settled. `spare`: the pools are free. */
struct decoder_job;
enum status chain_keep(struct chain *c, const struct decoder_job *job, const struct block_result *r, bool spare,
                       bool beside, struct error *e);
/* Says that the parallel executor was wrong, and saves the block. */
void chain_say_differs(struct chain *c, const struct block *b, struct bytes encoded, const struct block_doubt *doubt);
/* Ends what is begun: afterwards the head is a block whose state root was right. The status is of the block that was
 * being applied; where it is bad, its parent is the head. May execute: then c->rechecks has grown, and results of the
 * engine are no longer valid. */
enum status chain_settle(struct chain *c, struct error *e);

/* ---- branches (branch.c) ----------------------------------------------------------------------------------------- */

/* Makes the parent of a block with that header the head, for a branch to begin or to go on. The chain is settled. */
enum status branch_follow(struct chain *c, const struct header *h, struct error *e);
/* If the block belongs to the old chain while a branch is followed: gives the branch up. */
enum status branch_leave(struct chain *c, const struct block *b, struct error *e);
/* A file has ended with the status `s` and *e: chooses the branch, or gives it up. */
enum status branch_end_file(struct chain *c, enum status s, struct error *e);
/* There are no more files: gives the branch up. */
enum status branch_end_all(struct chain *c, struct error *e);
/* After each block of a branch: chooses it, or fails, when too much waits. */
enum status branch_bound(struct chain *c, struct error *e);

/* ---- decoding blocks before they are needed (decoder.c) -------------------------------------------------------------------------------- */

struct decoder_job {
    enum { JOB_FREE, JOB_DECODING, JOB_RECOVERING, JOB_READY } state;
    bool end; /* the file has no more */
    struct buffer bytes;
    struct arena arena;
    struct block block;
    const struct fork *fork;
    struct block_recovery recovery;
    uint32_t portions_taken, portions_left; /* of the recovery: begun, not finished */
    struct block_signers signers;
    struct bytes header_bytes, body_bytes;
    struct hash *transaction_hashes;
    enum status status;
    struct error error;
};

/* What becomes of job->bytes, all at once on the caller. */
enum status decoder_decode(const struct chain *c, struct decoder_job *job);

struct decoder;
/* Without threads everything is done in decoder_next. */
struct decoder *decoder_new(const struct chain *c, struct chain_file *file, unsigned threads);
/* The next block in order of the file; waits for it. Its memory is given back with decoder_done. */
struct decoder_job *decoder_next(struct decoder *a);
void decoder_done(struct decoder *a, struct decoder_job *job);
/* Threads that have work just now. */
unsigned decoder_busy(struct decoder *a);
/* The block behind the one that decoder_next has given, if it is ready; NULL otherwise. */
const struct decoder_job *decoder_peek(struct decoder *a);
/* Whether the whole file has been read, and how many of its blocks are not done. */
bool decoder_knows_left(struct decoder *a, size_t *blocks);
void decoder_free(struct decoder *a);

/* ---- prefetching (prefetcher.c) ------------------------------------------------------------------------------------- */

struct prefetcher;
struct prefetcher *prefetcher_new(struct store *store, unsigned readers);
void prefetcher_free(struct prefetcher *s);
/* Begins to read what the block names. Until prefetcher_wait the store must not be changed, nothing else be asked of the
 * prefetcher. The block is no longer needed afterwards. All of these do nothing where there is no prefetcher (NULL). */
void prefetcher_begin(struct prefetcher *s, const struct block *b, const struct block_signers *signers);
void prefetcher_wait(struct prefetcher *s);
/* Reads what the block names, unless the prefetcher has begun with that block before. */
void prefetcher_read(struct prefetcher *s, const struct block *b, const struct block_signers *signers);

/* ---- what a built and an imported block have in common (execute.c) ----------------------------------------------- */

/* Executes over the head's state and seals. */
enum status chain_execute(struct chain *c, enum executor_kind kind, const struct block *b, const struct fork *fork,
                          const struct block_signers *signers, struct block_task *task, struct block_result *r,
                          struct error *e);
/* The same, and compares with the header: block_execute_checked. */
enum status chain_execute_checked(struct chain *c, enum executor_kind kind, const struct block *b,
                                  const struct fork *fork, const struct block_signers *signers, struct block_task *task,
                                  struct block_result *r, struct block_doubt *doubt, struct error *e);
/* Receipts as the store keeps them, until the next ones. */
struct bytes chain_receipts(struct chain *c, const struct block_result *r);

#endif
