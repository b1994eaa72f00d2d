/* program: transactions for the simulators. A made-up language over the real `struct state`, in which what a
 * transaction does next depends on all it has read so far: a wrong value leads elsewhere and shows in the end.
 *
 *     sim_begin ──► sim_step, sim_step, ... ──► finished: result filled in, records finalized (as tx_execute leaves
 *     them)
 *
 * Each step is one operation, so that a simulator can let others move in between. */
#ifndef WEFT_SIM_PROGRAM_H
#define WEFT_SIM_PROGRAM_H

#include "state/state.h"

enum {
    SIM_ACCOUNTS = 8, /* few, so that transactions meet */
    SIM_KEYS = 4,
    SIM_CODES = 4, /* the last is a delegation */
    SIM_OPS_MAX = 16,
    SIM_DEPTH_MAX = 4,
    SIM_GAS = 20, /* what every sender buys, at 1 wei */
};

enum sim_op_kind {
    OP_BALANCE,
    OP_AT_LEAST,
    OP_TRANSFER,
    OP_TRANSFER_ALL,
    OP_NONCE,
    OP_BUMP_NONCE,
    OP_CODE,
    OP_SET_CODE,
    OP_DELEGATE,
    OP_CREATE,
    OP_DESTROY,
    OP_LOAD,
    OP_STORE,
    OP_STORE_SAME, /* what is there already */
    OP_STORE_BACK, /* what was there when the transaction began */
    OP_ADD,
    OP_TOUCH,
    OP_EXISTS,
    OP_EMPTY,
    OP_TRANSIENT,
    OP_LOG,
    OP_CHECKPOINT,
    OP_REVERT,
    OP_ACCEPT,
    OP_SKIP, /* the next `v` operations, when what was read so far is odd */
    SIM_OP_KINDS
};

struct sim_op {
    uint8_t kind, a, b, key; /* enum sim_op_kind; accounts; slot */
    bool computed;           /* a, b, key and v depend on what was read */
    uint64_t v;
};

struct sim_tx {
    uint8_t sender;
    uint64_t nonce;
    uint32_t op_count;
    struct sim_op op[SIM_OPS_MAX];
};

/* What a block gives its transactions. */
struct sim_rules {
    uint8_t accounts; /* how many take part */
    uint8_t beneficiary;
    bool destroys_always; /* else: only what was created in the same transaction (EIP-6780) */
    const struct code *code[SIM_CODES];
};

/* What a transaction did, beyond its changes to the state. */
struct sim_result {
    enum status invalid;
    uint64_t digest;    /* of all that it read */
    uint64_t footprint; /* of what it accessed, for the block access list */
    uint64_t fee;
    uint32_t logs;
};

struct sim_machine {
    struct state *s;
    const struct sim_rules *rules;
    const struct sim_tx *tx;
    uint32_t at; /* next operation */
    uint32_t depth;
    struct state_checkpoint mark[SIM_DEPTH_MAX];
    uint64_t digest;
    bool finished;
    struct sim_result result; /* when finished */
    struct arena logs;
};

struct address sim_address(unsigned account);

/* Starts `tx` on a state that state_begin has prepared. */
void sim_begin(struct sim_machine *m, struct state *s, const struct sim_rules *rules, const struct sim_tx *tx);
/* One operation more; then m->finished may be set. */
void sim_step(struct sim_machine *m);

#endif
