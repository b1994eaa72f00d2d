/* world: random blocks of made-up transactions over a small state, and what they do when they are executed one after
 * the other.
 *
 *     sim_block_make ──► pre-state, transactions, and the expected results: the serial execution
 *     sim_run_*      ──► the same block by the parallel protocol (protocol.h), compared with those */
#ifndef WEFT_SIM_WORLD_H
#define WEFT_SIM_WORLD_H

#include "sim/picker.h"
#include "sim/program.h"
#include "state/memory.h"

enum { SIM_TXS_MAX = 32 };

/* Sanitizers make everything ten times slower; they get a tenth of the work. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SIM_SHARE = 10 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SIM_SHARE = 10 };
#else
enum { SIM_SHARE = 1 };
#endif
#else
enum { SIM_SHARE = 1 };
#endif

/* How a block is drawn. */
struct sim_shape {
    uint32_t txs_least, txs, ops; /* at least, at most; operations at most */
    uint8_t accounts;
    bool checks_each; /* the state after each transaction is compared too */
};

/* One block and its serial execution. */
struct sim_block {
    uint64_t seed;
    struct state_memory *memory;
    struct state_view view;
    uint8_t failing; /* an account whose storage and code the view cannot give; SIM_ACCOUNTS: none */
    bool clear_empty;
    bool checks_each;
    struct sim_rules rules;
    uint32_t tx_count;
    struct sim_tx tx[SIM_TXS_MAX];

    enum status status; /* expected, like all that follows */
    uint32_t bad;
    struct sim_result result[SIM_TXS_MAX];
    struct state_diff after[SIM_TXS_MAX + 1]; /* after each transaction, if checks_each; the last: after the block */
    struct arena arena;
};

/* What is kept between blocks. */
struct sim_world {
    struct code_cache *codes;
    struct state_table *table;
    const struct code *code[SIM_CODES];
    struct state *state[PICKER_WORKERS_MAX];
    struct sim_machine machine[PICKER_WORKERS_MAX];
    struct arena versions[PICKER_WORKERS_MAX];
    struct arena scratch;
};

struct sim_world *sim_world_new(void);
void sim_world_free(struct sim_world *w);

/* Draws a block and executes it serially. The memory of the block that was in *b before is used again. */
void sim_block_make(struct sim_world *w, struct sim_block *b, uint64_t seed, struct sim_shape shape);
void sim_block_free(struct sim_block *b);

/* Sets the table up for the block, with what a system call does before the first transaction. */
void sim_block_open(struct sim_world *w, const struct sim_block *b);
/* Executes and commits transaction `tx` in place, as the serial executor does, and adds its fee to *fees; leaves all
 * as it was if it is invalid. */
struct sim_result sim_execute_in_place(struct sim_world *w, const struct sim_block *b,
                                       struct account_entry *beneficiary, struct u256 *fees, uint32_t tx);
struct account_entry *sim_account_entry(struct sim_world *w, unsigned account);
/* What follows the last transaction: fees, withdrawals, a system call. In place. */
void sim_block_close(struct sim_world *w, const struct sim_block *b, struct u256 fees);

#endif
