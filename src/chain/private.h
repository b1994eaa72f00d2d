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
    struct pool *readers;
    struct header parent; /* the head's, without its extra data */
    struct chain_progress progress;
    struct rlp_writer receipts;
    struct arena arena; /* of the block that is imported */
};

/* Loads chain->parent from the store. */
enum status chain_load_parent(struct chain *c, struct error *e);

/* ---- a block on its way (ahead.c) -------------------------------------------------------------------------------- */

struct ahead_job {
    enum { JOB_FREE, JOB_TAKEN, JOB_READY } state;
    bool end; /* the file has no more */
    struct buffer bytes;
    struct arena arena;
    struct block block;
    const struct fork *fork;
    struct block_signers signers;
    struct bytes header_bytes, body_bytes;
    struct hash *transaction_hashes;
    enum status status;
    struct error error;
};

struct ahead;
struct ahead *ahead_new(const struct chain *c, struct chain_file *file, unsigned threads);
/* The next block in order of the file; waits for it. Its memory is given back with ahead_done. */
struct ahead_job *ahead_next(struct ahead *a);
void ahead_done(struct ahead *a, struct ahead_job *job);
void ahead_free(struct ahead *a);

/* ---- one block (import.c) ---------------------------------------------------------------------------------------- */

/* Checks, executes and stores the block; passes over it when it is there. */
enum status chain_import_block(struct chain *c, const struct ahead_job *job, struct error *e);

/* ---- what a built and an imported block have in common (execute.c) ----------------------------------------------- */

/* Executes over the head's state and makes receipts and their encoding (chain->receipts). */
enum status chain_execute(struct chain *c, const struct block *b, const struct fork *fork,
                          const struct block_signers *signers, struct block_task *task, struct block_result *r,
                          struct error *e);
struct bytes chain_receipts(struct chain *c, const struct block_result *r);

#endif
