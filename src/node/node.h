/* node: a development chain in memory, to be driven by JSON-RPC (src/rpc_server): blocks, pending transactions, calls,
 * and going back to earlier states.
 *
 *     node_submit ──► pool ──► node_mine: block_execute ──► blocks [0 1 2 ... head], each with receipts and a version
 *                                   │                          │
 *                                   └── reads, writes ──► history (every version of the state) ◄── node_call
 *
 * A block is made for every transaction that can run (automine), by a timer of the caller's, or on demand. Each block
 * names the version of the state after it; a change from outside (node_edit) gives the head a newer version. Nothing is
 * ever given up but by node_revert: a block costs its transactions, receipts and logs, and what history.h says.
 *
 * Threads: one at a time, on a stack of POOL_STACK_SIZE, as it executes on its own thread, too. `stop` alone may be set
 * from anywhere. */
#ifndef WEFT_NODE_NODE_H
#define WEFT_NODE_NODE_H

#include "block/block.h"
#include "chain/chain.h"
#include "node/history.h"

enum {
    NODE_DEV_ACCOUNTS = 10,
    NODE_POOL_MAX = 4096, /* pending transactions */
    NODE_SNAPSHOTS_MAX = 4096,
    NODE_MINE_MAX = 100000,  /* blocks by one call */
    NODE_DATA_MAX = 1 << 20, /* bytes of call data, EIP-7825 and 7623 allow about as much */
};
#define NODE_CALL_GAS UINT64_C(50000000)        /* most that a call may use, as geth's --rpc.gascap */
#define NODE_GAS_LIMIT_MAX UINT64_C(1000000000) /* of a block */

/* ---- accounts that the node signs for ----------------------------------------------------------------------------- */

/* An account of the usual mnemonic, "test test test test test test test test test test test junk". */
struct node_account {
    uint8_t secret[32];
    struct address address;
};
/* Of account 0 <= number < NODE_DEV_ACCOUNTS. */
struct node_account node_account_of(unsigned number);

/* ---- blocks ------------------------------------------------------------------------------------------------------- */

/* What a receipt does not say. */
struct node_outcome {
    uint64_t gas_used;
    uint64_t first_log; /* number of its first log in the block */
    bool has_created;
    struct address created;
};
struct node_block {
    struct arena arena; /* everything below */
    struct block block; /* transactions have their `encoded` */
    /* one for each transaction */
    struct hash *hashes;
    struct address *senders;
    struct receipt *receipts;
    struct node_outcome *outcomes;
    uint64_t version; /* of the state after it */
};

/* A transaction that waits. Free with node_transaction_free. */
struct node_transaction {
    struct arena arena; /* what `tx` refers to, the envelope among it */
    struct transaction tx;
    struct hash hash;
    struct address sender;
    struct address *authorities; /* one for each authorization */
};
void node_transaction_free(struct node_transaction *t);

/* Where a hash leads. */
struct node_place {
    bool used;
    uint32_t index; /* of the transaction; UINT32_MAX: the block itself */
    uint64_t number;
    struct hash hash;
};

struct node_snapshot {
    uint64_t id, head, version, time_offset;
};

struct node_options {
    const char
        *genesis; /* as genesis_load takes it; its chain id and gas limit are overridden by what is not 0 below */
    uint64_t chain_id, gas_limit;
    unsigned accounts; /* funded, at most NODE_DEV_ACCOUNTS */
    uint64_t ether;    /* that each gets */
    uint64_t time;     /* of the genesis block, seconds; 0: now */
    unsigned threads;  /* 0: one for each processor */
    bool no_automine;
};

struct node {
    struct node_options options;
    struct node_account accounts[NODE_DEV_ACCOUNTS]; /* options.accounts of them */
    struct chain_genesis genesis;
    struct engine *engine;
    struct history *history;
    struct node_block **blocks; /* by number, from genesis */
    uint64_t block_count, block_capacity;
    struct node_place *places; /* by hash, of blocks and their transactions; open addressing */
    size_t place_count, place_mask;
    struct node_transaction **pool; /* in the order in which they came */
    uint32_t pool_count;
    struct node_snapshot *snapshots;
    uint32_t snapshot_count;
    uint64_t snapshot_id;
    bool automine;
    uint64_t gas_limit;      /* of the next blocks */
    struct address coinbase; /* likewise */
    uint64_t time_offset;    /* seconds between the chain's clock and the system's, modulo 2^64 */
    uint64_t next_time;      /* timestamp of the next block; 0: by the clock */
    bool has_next_base_fee;
    struct u256 next_base_fee; /* of the next block alone */
    struct address *impersonated;
    uint32_t impersonated_count, impersonated_capacity;
    bool impersonates_all;
    struct node_caller *caller; /* call.c */
    struct arena work;          /* of the block that is made */
    _Atomic uint8_t stop;       /* calls that run now end early, with NODE_STOPPED */
    uint64_t dropped;           /* pending transactions that turned out invalid */
};

/* Makes the chain: loads its genesis, funds the accounts, deploys the system contracts of EIP-2935, 4788, 7002 and 7251
 * where there is no code. Any status of genesis_load, with *e set. */
enum status node_new(struct node **out, const struct node_options *o, struct error *e);
void node_free(struct node *n);

struct node_block *node_head(const struct node *n);
/* NULL when there is none. */
struct node_block *node_block_at(const struct node *n, uint64_t number);
struct node_block *node_find_block(const struct node *n, const struct hash *hash);
/* The block that has the transaction, and its index; NULL when none has. */
struct node_block *node_find_transaction(const struct node *n, const struct hash *hash, uint32_t *index);
/* NULL when it does not wait. */
const struct node_transaction *node_find_pending(const struct node *n, const struct hash *hash);
/* The nonce after the account's transactions that wait, as far as there is no gap. */
uint64_t node_pending_nonce(const struct node *n, const struct address *a);
/* The account's secret when the node signs for it; NULL. */
const uint8_t *node_secret_of(const struct node *n, const struct address *a);
/* The rules of a block. */
const struct fork *node_fork_of(const struct node *n, const struct header *h);
/* What the next block would have as header if it were made now, with nothing in it. */
void node_next_header(const struct node *n, struct header *out);

/* ---- transactions and blocks --------------------------------------------------------------------------------------- */

/* Reads a signed transaction from its envelope, blobs and their proofs left out where they come with it. The caller frees
 * *out, or submits it. RLP_*, TX_* with *e set. */
enum status node_read_transaction(struct node *n, struct bytes envelope, struct node_transaction **out,
                                  struct error *e);
/* Signs a copy of `tx` for `sender`, or, if it is impersonated, gives it a signature that nobody could make and that is
 * the same for the same sender. TX_BAD_SIGNATURE when the node does not sign for it. */
enum status node_sign(struct node *n, const struct transaction *tx, const struct address *sender,
                      struct node_transaction **out, struct error *e);
/* Takes the transaction, which is the node's from now on, also when it is refused; mines what can run where automine is
 * on. TX_*, POOL_* with geth's words in *e. *hash is set in any case. */
enum status node_submit(struct node *n, struct node_transaction *t, struct hash *hash, struct error *e);
/* Drops a pending transaction, or all (NULL). False when there is none. */
bool node_drop(struct node *n, const struct hash *hash);
/* Makes a block of what waits and can run, which may be nothing. A transaction that turns out invalid is dropped. */
enum status node_mine(struct node *n, struct error *e);

/* ---- time, snapshots, changes from outside -------------------------------------------------------------------------- */

/* The chain's clock, seconds. */
uint64_t node_time(const struct node *n);
/* Returns the id of a snapshot of blocks and state. Of more than NODE_SNAPSHOTS_MAX the oldest is given up. */
uint64_t node_snapshot(struct node *n);
/* Goes back to a snapshot, which is gone then, as are all later ones; pending transactions are dropped. False when there
 * is none of that id. */
bool node_revert(struct node *n, uint64_t id);
/* What comes next changes the head's state: writes to n->history until something else is called. */
void node_edit(struct node *n);
/* Whether transactions of that account need no signature. */
bool node_impersonates(const struct node *n, const struct address *a);
void node_impersonate(struct node *n, const struct address *a, bool on);

/* ---- calls ---------------------------------------------------------------------------------------------------------- */

/* A state that is different from a block's, for one call. */
struct node_override_slot {
    struct u256 key, value;
};
struct node_override {
    struct address address;
    bool has_balance, has_nonce, has_code, replaces_storage;
    struct u256 balance;
    uint64_t nonce;
    struct bytes code;
    struct hash code_hash; /* filled in by node_call */
    const struct node_override_slot *slots;
    uint32_t slot_count;
};

/* A call on the state after a block. */
struct node_call {
    const struct node_block *at;
    struct header header;  /* the block that it sees; usually that of `at` */
    struct transaction tx; /* nonce is not looked at; a max_fee of 0 means that nothing is paid */
    struct address sender;
    struct node_override *overrides;
    uint32_t override_count;
};
/* What it did; valid until the next call. */
struct node_call_result {
    enum status invalid; /* why it could not begin; STATUS_OK */
    struct tx_result outcome;
    struct u256 balance, needed; /* with TX_INSUFFICIENT_FUNDS */
};
/* Runs it, and keeps nothing of what it does. NODE_STOPPED, or a status of the state. */
enum status node_call(struct node *n, struct node_call *c, struct node_call_result *out);
/* The least gas that the call succeeds with, within 1.5 percent, as geth finds it; at most c->tx.gas_limit. When it does
 * not succeed with that either, *out tells what happened and *gas is 0. */
enum status node_estimate(struct node *n, struct node_call *c, uint64_t *gas, struct node_call_result *out);

#endif
