/* workload: blocks that need no file, to measure and to stress executors with.
 *
 * A workload is a named shape of dependencies between transactions: none at all, a chain, one hot slot, one giant,
 * ... From a size and a seed it makes a block with the state below it, the same on every machine. Its contracts are
 * written in the small assembler of this folder (assembler.c), so no compiler is needed.
 *
 *     workload_find("erc20") ──► workload_make(shape) ──► state, header, transactions, senders ──► block_execute
 *
 * Transactions carry no signatures; their senders are given. They are legacy ones, so that every fork takes them. */
#ifndef WEFT_WORKLOAD_H
#define WEFT_WORKLOAD_H

#include "base/base.h"
#include "block/block.h"

/* What may be chosen. Zeros and NULL are the defaults. */
struct workload_shape {
    uint64_t size; /* about so many transactions; at most WORKLOAD_SIZE_MAX */
    uint64_t seed;
    /* share of transactions that meet in hot places, where the workload has such a share; 101: none at all */
    uint32_t hot_percent;
    const char *contracts; /* folder of contract codes (tools/contracts.sh) */
};

/* A made block. */
struct workload_block {
    struct chain_spec chain;
    const struct fork *fork;
    struct header header;
    struct transaction *transactions;
    struct address *senders;
    /* for each transaction, what it waits for: 0 nothing, n transaction number n - 1, WORKLOAD_AFTER_ALL */
    uint32_t *after;
    const struct address **authorities; /* for each transaction, of its authorizations; NULL where there are none */
    uint32_t count, capacity;
    bool transactions_only; /* no system calls, no rewards */
    struct state_memory *state;
    struct arena arena;
    struct workload_shape shape; /* as asked for, defaults filled in */
    const void *prepared;        /* what `prepare` left for `make`, in the arena */
};
/* Waits for all transactions before it. */
#define WORKLOAD_AFTER_ALL UINT32_MAX

struct workload {
    const char *name;
    const char *summary;   /* one line */
    uint32_t default_size; /* transactions; some tens of milliseconds of serial execution */
    void (*make)(struct workload_block *b, uint64_t size, uint64_t *random);
    /* Before `make`, where it needs files: FILE_UNREADABLE with *e set, BAD_FIELD. NULL: it needs none. */
    enum status (*prepare)(struct workload_block *b, struct error *e);
};

/* All of them; ends with a NULL name. */
extern const struct workload workloads[];
/* NULL when there is none of that name. */
const struct workload *workload_find(const char *name);

enum { WORKLOAD_SIZE_MAX = 10000000 };

/* Makes a block. Free with workload_free in any case. What `prepare` gives, with *e set. */
enum status workload_make(struct workload_block *out, const struct workload *w, const struct fork *fork,
                          const struct workload_shape *shape, struct error *e);
void workload_free(struct workload_block *b);
/* The block as a task for block_execute; `view` must live as long as it. */
struct block_task workload_task(const struct workload_block *b, const struct state_view *view);

/* The share of transactions that wait for another one, 0 to 1: known from how the block was made. */
double workload_conflict_share(const struct workload_block *b);
/* The speed-up that `threads` workers reach when a transaction takes as long as its gas, nothing else takes time,
 * and each worker takes the first transaction in the block that has nothing left to wait for. */
double workload_ideal(const struct workload_block *b, const struct tx_result *results, unsigned threads);

/* ---- hostile blocks (hostile.c) ---------------------------------------------------------------------------------- */

/* A block that is made to take long for its gas; `size` is that gas in millions, and so is default_size. What it is for
 * is that instruction `op` ends with `outcome`, about once for `gas_each` gas. Calls and creates end when what they run
 * does; transactions count as calls. */
struct hostile {
    struct workload workload;
    uint8_t op;
    enum vm_status outcome;
    uint32_t gas_each;
};
/* All of them; ends with a NULL name. */
extern const struct hostile hostiles[];

/* Executes a made block with a tracer: STATE_DIFFERS with *e set when a transaction fails, or when the block does
 * less than four fifths of what it is for. */
enum status hostile_check(const struct hostile *h, const struct workload_block *b, struct error *e);
/* A block of one call, with so much gas, of a contract with this code. */
void hostile_program(struct workload_block *out, const struct fork *fork, struct bytes code, uint64_t gas);

/* ---- the assembler --------------------------------------------------------------------------------------------- */

/* Appends the code of `source`: words between blanks, each one
 *
 *     ADD         an opcode by its name
 *     7  0xff     the shortest PUSH of a number of at most 32 bytes
 *     here:       a JUMPDEST that can be named
 *     @here       PUSH2 of its place
 *     ; ...       up to the end of the line: nothing
 *
 * An unknown word is a bug of the caller. */
void workload_assemble(struct buffer *out, const char *source);

#endif
