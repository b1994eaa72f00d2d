/* t8n: one block of a state transition tool.
 *
 *     alloc, env, txs ──t8n_read──► t8n_input ──t8n_execute──► t8n_output ──t8n_write──► alloc, result, body
 *
 * A transaction that cannot be in the block is left out and listed. Which ones those are depends on the state, so that
 * only execution tells; but nearly always there are none. So the chosen executor runs first over all transactions that
 * can be read. Only when it finds one that is invalid, the block is executed serially, leaving out what is invalid, and
 * then once more, with the chosen executor, over exactly the transactions that were accepted: what comes out is always
 * that of a block that executed as a whole.
 *
 * What is wrong with the input has a status; t8n_exit_code turns it into geth's numbers. One thread. */
#ifndef WEFT_CLI_T8N_T8N_H
#define WEFT_CLI_T8N_T8N_H

#include "base/base.h"
#include "block/block.h"
#include "block/root_recorder.h"
#include "cli/cli.h"
#include "cli/suite/suite.h"
#include "json/json.h"

/* ---- what goes in ------------------------------------------------------------------------------------------------ */

struct t8n_transaction {
    struct transaction tx;
    enum status unreadable; /* STATUS_OK, or why it could not be decoded */
};

struct t8n_input {
    struct json_reader documents[4]; /* what everything else borrows from */
    uint32_t document_count;
    struct arena arena;
    struct chain_spec chain;
    struct fork fork;     /* a copy, with the reward asked for, and single EIPs */
    struct header header; /* of the block, as far as it is known before execution */
    struct block body;    /* withdrawals and uncles */
    bool pay_reward;      /* false: --state.reward -1 */
    bool has_base_fee;    /* the environment gives or implies one, whether the fork has it or not */
    bool has_blob_price;  /* likewise, excess blob gas */
    struct u256 base_fee; /* when has_base_fee */
    struct t8n_transaction *transactions;
    uint32_t transaction_count;
    struct state_memory *state;
    bool count_opcodes; /* that the included transactions run */
    bool trace;         /* into files in `folder`: trace-N-HASH.jsonl, N counting the transactions that were tried */
    struct vm_trace_options tracing;
    const char *folder; /* NULL or "": here */
};

/* Reads everything that the options name. BAD_JSON, BAD_FIELD, FILE_*, BAD_CONFIG, UNKNOWN_FORK, RLP_* with *e set.
 * Free in any case. */
enum status t8n_read(struct t8n_input *in, const struct t8n_options *o, struct error *e);
void t8n_input_free(struct t8n_input *in);

/* The chain id that the options name. BAD_CONFIG with *e set. */
enum status t8n_chain_id(uint64_t *out, const struct t8n_options *o, struct error *e);

/* The rules that `name` stands for, and the chain that goes with them: a fork or a change of forks, with `+EIP` behind
 * it. `after_merge` decides a change at a total difficulty. UNKNOWN_FORK with *e set. */
enum status t8n_find_chain(struct chain_spec *out, struct fork *fork, const char *name, bool after_merge,
                           uint64_t number, uint64_t timestamp, struct error *e);

/* ---- what comes out ---------------------------------------------------------------------------------------------- */

struct t8n_rejection {
    uint32_t index; /* among the transactions of the input */
    enum status why;
};

struct t8n_output {
    const struct t8n_input *in;
    struct arena arena;
    struct state_view view;
    struct engine *engine; /* owns what `block` refers to */
    struct transaction *included;
    struct address *senders;
    const struct address **authorities;
    uint32_t *tries;   /* how many were tried before each included transaction */
    uint32_t *origins; /* index of each included transaction in the input */
    uint32_t included_count;
    struct t8n_rejection *rejected; /* by index */
    uint32_t rejected_count;
    struct block_task task;
    struct block_result block; /* sealed */
    struct root_recorder roots;
    bool traces;
    struct block_trace trace;
    struct error trace_error; /* a trace that could not be written */
    struct header header;     /* of the task: that of the input and, for an executor along an access list, its hash */
};

/* Executes the block with one executor, and traces where the input asks for it and nothing else is compared with this
 * execution. STATE_MISSING: a block hash; any other status that makes a whole block impossible; with *e set. Free in
 * any case. */
enum status t8n_execute(struct t8n_output *out, const struct t8n_input *in, enum executor_kind kind, unsigned threads,
                        bool share_always, struct error *e);
void t8n_output_free(struct t8n_output *out);

/* The path of a file in a folder (NULL or "": none); the caller frees it. And the folder itself, made where it is
 * missing. */
char *t8n_path(const char *folder, const char *name);
enum status t8n_make_folder(const char *folder, struct error *e);

/* Writes what the options ask for; changes the state of the input to that after the block. FILE_UNWRITABLE with *e
 * set. */
enum status t8n_write(const struct t8n_output *out, struct t8n_input *in, const struct t8n_options *o, struct error *e);

/* The exit code that geth's tool has for a failure. */
int t8n_exit_code(enum status s);
/* What geth's tool says of a rejected transaction, on which generators of tests rely. */
const char *t8n_rejection_text(enum status why, enum transaction_type type);

#endif
