/* explain: why a block did not go faster. Executes a block several times, watches what its transactions read and write,
 * and works out what waits for what, how fast the block could have been, and what was in the way.
 *
 *     block_task ──► timed runs, serial and parallel ─────────► medians, time of each transaction, what each worker did
 *                └─► a watched serial run ─► explain_trace ─► explain_graph ─► critical path, limits ─► explain_report
 *                      reads, writes, hashed    │                                                          │
 *                                               └── hashed words ──► names of storage slots ───────────────┘
 *
 * A transaction truly depends on an earlier one when it read a value that the earlier one wrote. No dependency are:
 *   credits and debits     they commute; only who looks at a balance waits for those who change it
 *   predicates             "is the balance at least this much?", where the answer never changed on the way
 *   fees                   the beneficiary's, unless somebody looks at its balance
 *   nonces of senders      known from the transaction
 *   writes without effect  the value at the end of the transaction is the one at its start
 *
 * All times are nanoseconds. Everything that a report points to lives until explain_free. One thread; the engines have
 * their own. */
#ifndef WEFT_EXPLAIN_H
#define WEFT_EXPLAIN_H

#include "base/base.h"
#include "block/block.h"

#define EXPLAIN_NONE UINT32_MAX

/* ---- what transactions touch ------------------------------------------------------------------------------------ */

/* A field of an account or a storage slot that some transaction touched. */
struct explain_location {
    struct address address;
    enum block_field field;
    struct u256 key;   /* FIELD_SLOT */
    struct u256 start; /* before the block; not for FIELD_CODE */
    const char *name;  /* of the slot, as explain_name_slots found it; NULL: nothing is known but its key */

    /* transactions, counted once each */
    uint32_t readers; /* saw the value */
    uint32_t writers; /* changed it, by assigning or adding */
    uint32_t asked;   /* a balance: only asked whether it suffices */
    uint32_t no_ops;  /* stored to the slot, but left it as it was */

    /* what it cost */
    uint32_t dependents;  /* transactions that depend on another one through it */
    uint32_t on_path;     /* steps of the critical path that go through it */
    uint32_t conflicts;   /* speculative executions that it invalidated */
    uint64_t conflict_ns; /* their time */
};

enum explain_access_kind {
    EXPLAIN_READ,  /* saw the value */
    EXPLAIN_BOUND, /* saw that low <= value <= high */
    EXPLAIN_WRITE, /* low is the new value */
    EXPLAIN_ADD,   /* low was added, mod 2^256 */
    EXPLAIN_FEE,   /* likewise: the beneficiary's fee */
    EXPLAIN_NO_OP, /* stored, without effect in the end */
};
struct explain_access {
    uint32_t location;
    enum explain_access_kind kind;
    struct u256 low, high;
};

/* Bytes that a contract hashed, and their hash: the keys of Solidity's mappings come to be that way. */
enum { EXPLAIN_PREIMAGE_MAX = 128 };
struct explain_preimage {
    struct hash hash;
    uint32_t size;
    const uint8_t *bytes;
};

/* What a block's transactions read and wrote; those of transaction i from first[i] up to first[i + 1]. */
struct explain_trace {
    uint32_t tx_count;
    struct explain_location *locations;
    uint32_t location_count;
    struct explain_access *accesses;
    uint32_t *first;
    struct explain_preimage *preimages; /* by hash, ascending */
    uint32_t preimage_count;
    uint32_t assumed_nonces; /* transactions whose sender had sent another one before in the block */
};

/* Executes `task` serially on `e`, which the results belong to then, and notes what it does. The block must be
 * valid. */
enum status explain_record(struct engine *e, const struct block_task *task, struct arena *arena,
                           struct explain_trace *out, struct error *error);

/* ---- what depends on what --------------------------------------------------------------------------------------- */

/* `to` waits for `from` because of `location`. */
struct explain_edge {
    uint32_t from, to, location;
};
/* Nodes are the transactions, and behind them joins, which take no time: a join stands for "all who changed this
 * balance so far". */
struct explain_graph {
    uint32_t tx_count, node_count;
    struct explain_edge *edges; /* a pair of nodes may have several; always from the older to the younger transaction */
    uint32_t edge_count;
    uint32_t *join_of; /* for each join: the transaction that made it necessary, which comes behind all its writers */
};
void explain_graph_make(const struct explain_trace *t, struct arena *arena, struct explain_graph *out);

/* The longest chain of transactions that wait for each other, in time; `ns` has one for each transaction. */
struct explain_path {
    uint64_t ns;
    uint32_t *txs; /* first to last */
    /* for each but the first (EXPLAIN_NONE), an edge into it: from the one before, or from a join behind that one */
    uint32_t *via;
    uint32_t count;
};
void explain_critical_path(const struct explain_graph *g, const uint64_t *ns, struct arena *arena,
                           struct explain_path *out);
/* Longest chain in transactions, whatever they take. levels[i] (may be NULL): of those that end with transaction i. */
uint32_t explain_longest_chain(const struct explain_graph *g, uint32_t *levels);

enum explain_priority {
    EXPLAIN_IN_ORDER,      /* the first one in the block */
    EXPLAIN_LONGEST_FIRST, /* the one with the longest chain behind it */
};
/* The time that `workers` need when each takes, as soon as it is free, a transaction that has nothing left to wait
 * for. */
uint64_t explain_schedule(const struct explain_graph *g, const uint64_t *ns, unsigned workers,
                          enum explain_priority priority);

/* ---- names of slots ---------------------------------------------------------------------------------------------- */

enum explain_encoding { TYPE_INPLACE, TYPE_MAPPING, TYPE_ARRAY, TYPE_BYTES };
/* A type of Solidity's storage layout. */
struct explain_type {
    const char *id;    /* as other types and members refer to it */
    const char *label; /* as the source has it */
    enum explain_encoding encoding;
    uint64_t size;                        /* bytes */
    const char *key, *value, *base;       /* ids; mapping: key and value, arrays: base; else NULL */
    const struct explain_member *members; /* of a struct */
    uint32_t member_count;
};
struct explain_member {
    const char *label;
    struct u256 slot; /* relative to the struct */
    uint32_t offset;  /* bytes in the slot */
    const char *type; /* id */
};
/* What solc prints as storageLayout, for the contract at `address`. */
struct explain_layout {
    struct address address;
    const struct explain_member *variables;
    uint32_t variable_count;
    const struct explain_type *types;
    uint32_t type_count;
};

/* Names the slots of the trace as far as layouts and preimages tell: balances[0x...], mapping at slot 1 [0x...]. */
void explain_name_slots(struct explain_trace *t, const struct explain_layout *layouts, uint32_t layout_count,
                        struct arena *arena);

/* ---- the scheduler on virtual workers ---------------------------------------------------------------------------- */

/* What things cost beside the transactions themselves. */
struct explain_costs {
    uint64_t plan_ns;     /* of each transaction, before the first worker that was called begins: predictions */
    uint64_t run_ns;      /* of a transaction in a shared block, more than serially: its writes become versions */
    uint64_t publish_ns;  /* likewise, when it is executed speculatively: its reads are kept, too */
    uint64_t check_ns;    /* validating a speculative execution at the commit point: taking over its results ... */
    uint64_t compare_ns;  /* ... and for each thing it touched */
    uint64_t count_ns;    /* at the commit point, of one that is known to be valid */
    uint64_t schedule_ns; /* taking a task */
    uint64_t spin_ns;     /* how long a worker without work looks for some before it sleeps */
    uint64_t wake_ns;     /* until a sleeping worker is awake */
    uint64_t handover_ns; /* until what one core has written is read by another */
    double slower; /* executing in a shared block takes so many times as long: caches are shared, memory is busier */
};
/* Measured; see docs/explain.md. */
extern const struct explain_costs explain_costs_measured;

/* A block to be run on virtual workers. */
struct explain_case {
    const struct block_task *task; /* whom transactions call, and their gas limits */
    const struct explain_trace *trace;
    const struct explain_graph *graph;
    const uint64_t *ns, *gas; /* of each transaction: serial time, gas used */
    uint64_t overhead_ns;     /* beside the transactions: system calls, rewards */
};

struct explain_simulation {
    unsigned workers;
    uint64_t wall_ns;
    uint64_t busy_ns; /* of all workers: executing, publishing, checking */
    uint32_t speculated, reruns;
    const char *fallback; /* as in block_stats */
};

/* Executes a block on virtual workers in virtual time: the real worker, scheduler, groups, predictions and decisions to
 * share (src/parallel), with recorded times. A transaction that is executed speculatively sees, half way, what others
 * have published by then; it is valid if that was all it depends on, and if those were valid in their turn. The same
 * input gives the same output. */
void explain_simulate(const struct explain_case *c, unsigned workers, const struct explain_costs *costs,
                      struct explain_simulation *out);

/* ---- the report -------------------------------------------------------------------------------------------------- */

/* A transaction in the report. */
struct explain_tx {
    uint64_t ns;          /* serial */
    uint32_t level;       /* transactions in the longest chain that ends here */
    uint32_t needs;       /* transactions that it directly depends on */
    uint32_t needed_by;   /* transactions that directly depend on it */
    uint32_t executions;  /* in the recorded parallel run */
    uint64_t lost_ns;     /* executions of it that came to nothing */
    uint64_t waiting_ns;  /* from when its result was there until it was committed */
    uint32_t conflict_at; /* location that spoiled it; EXPLAIN_NONE */
    bool on_path;
};

/* What conflicts over one kind of field cost in the recorded run. */
struct explain_cost {
    uint32_t dependents; /* transactions that depend on another through such a field */
    uint32_t conflicts;
    uint64_t lost_ns;
};

/* What would be a conflict elsewhere and is none here. */
struct explain_avoided {
    uint32_t credits; /* changed a balance that an earlier transaction had changed, without looking at it */
    uint32_t bounds;  /* asked whether a balance suffices that an earlier one had changed */
    uint32_t fees;    /* paid the beneficiary after somebody else had, and nobody looked */
    uint32_t nonces;  /* of a sender who had sent before */
    uint32_t no_ops;  /* stored to a slot without effect, while others use it */
    uint32_t in_time; /* depend on another, ran ahead, and saw its value in time */
    uint32_t grouped; /* depend on their neighbour and ran behind it on one worker */
    uint32_t at_head; /* depend on another, and were left to the commit point */
};

enum { EXPLAIN_CORES = 6 }; /* 2, 4, 8, 16, 32, 64 */
extern const unsigned explain_cores[EXPLAIN_CORES];

struct explain_report {
    struct arena arena;
    const struct block_task *task;
    struct explain_trace trace;
    struct explain_graph graph;
    struct explain_path path;
    struct explain_tx *txs;
    uint64_t gas_used;
    uint64_t *gas;        /* of each transaction */
    bool *failed;         /* reverted, out of gas, ... */
    uint64_t tx_ns;       /* all transactions, serially */
    uint64_t overhead_ns; /* serial time that is none of theirs: system calls, rewards */
    uint32_t longest_chain;
    struct block_stats serial, parallel;  /* median runs */
    unsigned parallel_threads;            /* that the parallel engine has; stats->threads are those that it used */
    double limits[EXPLAIN_CORES];         /* speed-ups of the whole block */
    double limit;                         /* with any number of cores */
    struct explain_simulation *simulated; /* for each of the caller's core numbers */
    uint32_t simulated_count;
    struct block_event *events; /* of a parallel run near the median, by worker, then by time */
    uint32_t event_count;
    uint64_t recorded_ns;             /* wall time of that run */
    uint64_t idle_ns;                 /* of all workers in it, while they waited for something to do */
    uint32_t ahead_count, vain_count; /* speculative executions in it; those of them that were wasted */
    struct explain_cost costs[4];     /* by enum block_field */
    struct explain_avoided avoided;
    uint32_t *hottest; /* locations, those that cost most first */
    uint32_t hottest_count;
    char *sentence; /* what there is to say, in plain words */
};

/* How a block is looked at. */
struct explain_how {
    struct engine *serial, *parallel;
    uint32_t repeat;   /* runs of each kind that medians are taken of; not 0 */
    bool check_header; /* compare with the block's header (block_check) */
    const struct explain_layout *layouts;
    uint32_t layout_count;
    const unsigned *workers; /* numbers to simulate */
    uint32_t worker_count;
    bool (*stopped)(void); /* asked between runs; once it is true no more are made than one of each kind. NULL: never */
};

/* Explains a block. The first failure of an execution, or EXECUTORS_DIFFER, with *error set. Free with explain_free in
 * any case. */
enum status explain_block(const struct explain_how *how, const struct block_task *task, struct explain_report *out,
                          struct error *error);
void explain_free(struct explain_report *r);

/* The time that the block needs on `workers` processors when only its dependencies count; transactions with the longest
 * chain behind them go first. */
uint64_t explain_possible_ns(const struct explain_report *r, unsigned workers);

/* A location in words, "slot balances[0x...] of 0x..."; valid as long as `out`. */
void explain_put_location(struct buffer *out, const struct explain_location *l);
/* "balance", "nonce", "code", "slot". */
const char *explain_field_name(enum block_field f);

#endif
