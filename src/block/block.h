/* block: executes whole blocks and says what they did.
 *
 *     block_task ──► block_execute ──────────────────────────────────────► block_result
 *                     │ system calls at the start        (in place)        receipts, gas, requests, statistics;
 *                     │ transactions: an executor        serial | parallel the table holds the new state
 *                     │ rewards, withdrawals, requests   (in place)
 *                     ▼
 *                    block_seal ──► bloom, receipts root, requests hash, state diff
 *                    block_check ──► compared with the header
 *
 * The executors stand behind one seam (struct block_executor). Each gives the same bytes for every number of threads:
 * the results of executing the transactions one after the other.
 *
 * An engine owns what is worth keeping between blocks: threads, per-worker memory, the code cache, the table. One
 * engine executes one block at a time; results live in the engine until the next block_execute. */
#ifndef WEFT_BLOCK_H
#define WEFT_BLOCK_H

#include "base/base.h"
#include "fork/fork.h"
#include "state/memory.h"
#include "state/state.h"
#include "tx/tx.h"
#include "types/types.h"
#include "vm/trace.h"

/* ---- the engine ---------------------------------------------------------------------------------------------- */

struct engine;
/* An engine with `threads` workers, the calling thread among them; 0: one for each processor. */
struct engine *engine_new(unsigned threads);
/* The same, but NULL where the system gives no address space, instead of ending the process. */
struct engine *engine_try_new(unsigned threads);
/* An engine whose workers are those of the caller's pool, and whose codes are in the caller's cache, which both outlive
 * it: so that several engines share them. */
struct engine *engine_new_on(struct pool *pool, struct code_cache *codes);
void engine_free(struct engine *e);
unsigned engine_threads(const struct engine *e);
struct pool *engine_pool(struct engine *e);
struct code_cache *engine_codes(struct engine *e);
/* Bounds what is kept of codes that ran, and of what was made of them; 0: everything is kept. */
void engine_bound_codes(struct engine *e, size_t bytes);
struct state_table *engine_table(struct engine *e);
/* The parallel executor decides for itself whether a block is worth sharing among the threads. With `always` it shares
 * every block, however small, and also with one thread takes the parallel path: for tests. */
void engine_share_always(struct engine *e, bool always);
/* Says that reading the state never waits for a disk or a node: then no more workers run transactions than there are
 * processors, since the others would only take them from each other. */
void engine_never_waits(struct engine *e, bool never);
/* Says that a block comes now, and waits until all workers are awake to receive it, some milliseconds at most: for
 * measurements that begin after a pause. In a node the workers have just recovered the block's senders. */
void engine_wake(struct engine *e);
/* Notes, from the next block on, what each worker does when (block_result.events), with every executor. Costs two clock
 * readings a transaction. */
void engine_record(struct engine *e, bool on);
/* Ends the block that runs now, or runs next, with EXECUTION_CANCELLED: within one read of the view or one precompiled
 * contract, unless it is as good as done. So do all further blocks until engine_resume. Any thread. */
void engine_cancel(struct engine *e);
void engine_resume(struct engine *e);
/* For tests: where a worker of a block goes from one step to the next, it calls hold_up(context) first, which may take
 * its time. Records as well (engine_record), for these are the same places; so it costs nothing otherwise. */
void engine_hold_up(struct engine *e, void (*hold_up)(void *context), void *context);
struct block_result;
/* For tests: changes what block_execute_checked gets from an executor that is not the serial one, before it is
 * compared. */
void engine_lie(struct engine *e, void (*lie)(void *context, struct block_result *r), void *context);

/* ---- what goes in -------------------------------------------------------------------------------------------- */

/* Traces the transactions of a block, with any executor: what is committed was traced the same way whichever it was. A
 * transaction may be executed several times, on any worker; each execution has a tracer of its own, and one of them is
 * committed. System calls are not traced. */
struct block_tracing {
    void *context;
    /* An execution of transaction `index` begins: its tracer, which lives until it is committed or dropped. Any
     * thread. */
    struct vm_tracer *(*begin)(void *context, uint32_t index);
    /* That execution is the one that counts. In order, one at a time; from the first on again, where a block that did
     * not agree with its access list is executed once more. */
    void (*commit)(void *context, uint32_t index, struct vm_tracer *tracer);
    /* That execution does not count. Any thread. */
    void (*drop)(void *context, uint32_t index, struct vm_tracer *tracer);
};

/* Tracing as text (vm/trace.h). */
struct block_trace {
    struct block_tracing tracing; /* for the task */
    struct vm_trace_options options;
    uint64_t counts[256]; /* how often committed transactions ran each instruction, so far */
    /* The lines of a committed transaction, in order; they are gone when it returns. */
    void (*traced)(void *context, uint32_t index, struct bytes lines);
    void *context;
};
void block_trace_init(struct block_trace *t, struct vm_trace_options options,
                      void (*traced)(void *context, uint32_t index, struct bytes lines), void *context);

/* Looks on while the serial executor works, to learn what each transaction reads and writes. */
struct block_watch {
    void *context;
    /* After transaction `index` was executed and before it is committed: its finalized records, with predicates on
     * balances noted as for a speculative execution, and what it did. */
    void (*executed)(void *context, uint32_t index, const struct state *s, const struct tx_result *result);
};

/* A block to be executed. Everything is borrowed until the results are no longer needed. */
struct block_task {
    const struct chain_spec *chain;
    const struct fork *fork; /* usually chain_fork_at(chain, number, timestamp) */
    const struct header *header;
    const struct transaction *transactions;
    const struct address *senders; /* one for each transaction: see block_recover */
    /* for each transaction, one for each authorization; NULL: none in the block */
    const struct address *const *authorities;
    uint32_t transaction_count;
    const struct header *uncles;
    uint32_t uncle_count;
    const struct withdrawal *withdrawals;
    uint32_t withdrawal_count;
    const struct state_view *view; /* the state after the parent block */
    /* as declared (EIP-7928), to be compared with what is found; NULL: not at hand. Before Amsterdam no header
     * vouches for it: a list made by an earlier execution of the block */
    const struct block_access_list *access_list;
    /* Called in order after each committed transaction, on whichever worker commits (state_table_diff with number index
     * + 2 is the state after it). May be NULL. For receipts before Byzantium, which carry a state root: the callback
     * fills `state_roots`, from where block_seal takes them; without it such receipts get a zero root and block_check
     * skips the receipts root. */
    void (*committed)(void *context, struct engine *e, uint32_t index);
    void *committed_context;
    const struct hash *state_roots;
    const struct block_tracing *tracing; /* NULL: nothing is traced, and nothing is lost by it */
    /* Serial executor only, on a block that is known to be valid (nonces are taken from the transactions, as they are
     * in speculative executions); NULL: nobody looks on. */
    const struct block_watch *watch;
    bool keep_accesses;     /* fill access_list and codes_read, also where the fork has no access list: for a witness */
    bool pay_zero_reward;   /* a block reward of zero is paid as well, which touches the beneficiary: as t8n tools do */
    bool unsigned_senders;  /* some transactions are not signed: their senders may be contracts (struct tx_context) */
    bool transactions_only; /* no system calls, rewards, withdrawals, requests: a state test */
    /* an invalid transaction is left out and noted (t8n) instead of making the block invalid; serial only */
    bool skip_invalid;
};

/* Who signed: senders and (EIP-7702) authorities. */
struct block_signers {
    const struct address *senders;
    const struct address *const *authorities; /* NULL when no transaction has authorizations */
};
/* Recovers all signers on the pool (NULL: on the calling thread), into `arena`. TX_BAD_SIGNATURE with *error set (may
 * be NULL), "transaction N: ...": *bad (may be NULL) is N, the first transaction without a sender. */
enum status block_recover(struct pool *pool, const struct fork *fork, const struct transaction *transactions,
                          uint32_t count, struct arena *arena, struct block_signers *out, uint32_t *bad,
                          struct error *error);

/* The same in portions, for those who bring threads of their own: begin, each portion once, end. */
struct block_recovery {
    const struct transaction *transactions;
    uint32_t count, portions;
    struct signature_rules rules;
    struct address *senders;
    struct address **authorities; /* arrays made beforehand; NULL where there are none */
    _Atomic uint32_t bad;         /* lowest index that failed so far */
};
/* Makes room for the signers in `arena`. */
void block_recovery_begin(struct block_recovery *r, const struct fork *fork, const struct transaction *transactions,
                          uint32_t count, struct arena *arena);
/* Recovers portion 0 <= portion < r->portions. Any thread, beside the others. */
void block_recovery_portion(struct block_recovery *r, uint32_t portion);
/* When all portions are done: what block_recover gives. */
enum status block_recovery_end(const struct block_recovery *r, struct block_signers *out, uint32_t *bad,
                               struct error *error);

/* The task of executing `b` on the state `view`, with nothing asked for beyond that. Borrows all it is given, except
 * `signers`, of which it borrows the arrays. */
struct block_task block_task_of(const struct chain_spec *chain, const struct fork *fork, const struct block *b,
                                struct block_signers signers, const struct state_view *view);
/* The same with the signers recovered, as block_recover does. *out is set in any case. */
enum status block_prepare(struct pool *pool, const struct chain_spec *chain, const struct fork *fork,
                          const struct block *b, const struct state_view *view, struct arena *arena,
                          struct block_task *out, struct error *error);

/* ---- what comes out ------------------------------------------------------------------------------------------ */

/* How the execution went. Times in nanoseconds. */
struct block_stats {
    const char *executor; /* which one ran: "serial", "parallel" or "access list" */
    const char *fallback; /* why the parallel executor ran (partly) serially; NULL when it did not */
    uint64_t wall_ns;     /* system calls, transactions, rewards: from loaded state to results */
    uint64_t cpu_ns;      /* of the workers, in the same span */
    unsigned threads;     /* workers that took part */
    uint32_t speculated;  /* speculative executions */
    uint32_t reruns;      /* executions whose result was thrown away */
    uint32_t conflicts;   /* transactions whose speculation did not hold */
};

/* Sorts runs of one block by wall time, and gives the median one. `count` is at least 1. */
const struct block_stats *block_stats_median(struct block_stats *runs, size_t count);

/* What a worker did at some time; only noted when engine_record is on. */
enum block_event_kind {
    EVENT_RUN,       /* executed a transaction at the commit point, and committed it */
    EVENT_SPECULATE, /* executed a transaction speculatively */
    EVENT_CHECK,     /* validated a speculative execution, and committed it if it was valid */
    EVENT_WAIT,      /* found nothing to do; tx has no meaning */
};
struct block_event {
    uint64_t start_ns, end_ns; /* since the block began */
    uint32_t tx;
    uint16_t worker;
    uint8_t kind; /* enum block_event_kind */
    bool wasted;  /* EVENT_SPECULATE: taken away before it was published; EVENT_CHECK: not valid */
};

/* Why a transaction that had been executed speculatively was executed again. */
struct block_conflict {
    uint32_t tx; /* index in the block */
    /* whose field or slot had changed; NULL: the transaction was invalid on what it saw */
    const struct account_entry *account;
    const struct slot_entry *slot; /* NULL: a field of the account */
    enum block_field { FIELD_BALANCE, FIELD_NONCE, FIELD_CODE, FIELD_SLOT } field;
    /* numbers (index + 1) of who wrote what it read, and what is there now; 0: the state before the block */
    uint32_t seen_tx, found_tx;
};

struct block_result {
    const struct block_task *task;
    enum status status;                   /* STATUS_OK, or why the block is invalid or could not be executed */
    uint32_t bad;                         /* index of the offending transaction, when there is one */
    const struct tx_result *transactions; /* one for each transaction */
    uint64_t gas_used;                    /* as the header counts it */
    uint64_t blob_gas_used;
    const struct bytes *requests; /* EIP-7685: type byte and data, those with data only, in order of type */
    uint32_t request_count;
    /* EIP-7928: what was accessed and changed, in canonical order; also with keep_accesses. The task's own list where
     * the transactions were executed along it and it was right */
    struct block_access_list access_list;
    /* with keep_accesses: codes of the parent state that committed transactions asked for, in no order */
    const struct hash *codes_read;
    uint32_t code_read_count;
    uint64_t oldest_hash; /* likewise: the lowest block number whose hash they asked for; UINT64_MAX: none */
    struct block_stats stats;
    const struct block_event *events; /* by worker, then by time; empty unless recorded */
    uint32_t event_count;
    const struct block_conflict *conflicts; /* by the order in which they were found */
    uint32_t conflict_count;

    /* filled by block_seal */
    const struct receipt *receipts;
    struct hash receipts_root;
    struct bloom bloom;
    struct hash requests_hash;
    struct hash access_list_hash;
    struct state_diff diff;
};

/* Who executes the transactions. */
enum executor_kind {
    EXECUTOR_SERIAL,
    EXECUTOR_PARALLEL,
    EXECUTOR_ACCESS_LIST, /* along the declared list (EIP-7928); parallel where the task has none */
};

/* The price of blob gas, wei, for a header's excess blob gas (EIP-4844), modulo 2^256 as BLOBBASEFEE gives it in geth;
 * *beyond tells that it is more than that. Exact up to e^1024; from there on all ones, and beyond. Zero where the fork
 * has no blobs. */
struct u256 block_blob_base_fee(const struct fork *fork, uint64_t excess_blob_gas, bool *beyond);
/* What instructions see of a block; the transaction's part is zero. */
struct vm_env block_env(const struct chain_spec *chain, const struct fork *fork, const struct header *h);

/* Executes a block. STATUS_OK, or the status of an invalid block or failing view with *error set (may be NULL); *out is
 * filled in both cases as far as execution came. The caller's thread works as worker 0. A block that fails along its
 * access list is executed once more serially, so that what is wrong gets the same name in every mode. */
enum status block_execute(struct engine *e, enum executor_kind kind, const struct block_task *task,
                          struct block_result *out, struct error *error);

/* Builds receipts, bloom, roots and the state diff of an executed block. */
void block_seal(struct engine *e, struct block_result *r);

/* Compares a sealed result with the header: gas used, receipts root (when the fork's receipts do not carry state
 * roots), bloom, requests hash, blob gas. BLOCK_* status with *error set: what was found and what the header says. */
enum status block_check(const struct block_result *r, struct error *error);
/* Executes, seals and compares with the header. With `recheck`, a block that does not agree with its header when an
 * executor other than the serial one ran is executed once more serially, and only that decides. An execution that is
 * right costs nothing more. */
struct block_doubt {
    bool differed;      /* the serial executor agrees with the header, the other one did not: a bug in weft */
    unsigned threads;   /* of the first execution */
    struct error found; /* what was wrong with it */
};
enum status block_execute_checked(struct engine *e, enum executor_kind kind, const struct block_task *task,
                                  bool recheck, struct block_result *out, struct block_doubt *doubt,
                                  struct error *error);
/* Whether the serial executor made it. */
bool block_ran_serially(const struct block_result *r);
/* EIP-7685: sha256 over the sha256 of each request (type byte and data), of which there are at most
 * BLOCK_REQUESTS_MAX. */
enum { BLOCK_REQUESTS_MAX = 8 };
struct hash block_requests_hash(const struct bytes *requests, uint32_t count);

/* The first difference between two block access lists in canonical form (EIP-7928), as BLOCK_ACCESS_LIST_MISSING,
 * _EXTRA, _VALUE or _INDEX, with `error` set (may be NULL): account, slot or field, index, what was declared and what was
 * found. block_execute compares the list of the task with what it found in this way. Any thread. */
enum status block_compare_access_lists(const struct block_access_list *declared, const struct block_access_list *found,
                                       struct error *error);

/* ---- headers ------------------------------------------------------------------------------------------------- */

/* Number of header fields that the fork's blocks have (HEADER_* of types.h). */
uint32_t block_header_fields(const struct fork *fork);

/* What a header must have, given its parent; block_check_header compares with these.
 *
 * Difficulty by the fork's formula and bomb (Yellow Paper 4.3.4, EIP-2, 100, 649, 1234, 2384, 3554, 4345, 5133); 0
 * after the merge. `parent_has_uncles` matters from Byzantium on. */
struct u256 block_difficulty(const struct fork *fork, uint64_t number, uint64_t timestamp, uint64_t parent_timestamp,
                             struct u256 parent_difficulty, bool parent_has_uncles);
/* EIP-1559; the initial base fee when the parent had none. */
struct u256 block_base_fee(const struct fork *fork, const struct header *parent);
/* EIP-4844 with EIP-7918's reserve price; 0 when the parent had no blob fields. The parent's base fee matters where
 * block_excess_needs_base_fee says so. */
bool block_excess_needs_base_fee(const struct fork *fork, const struct header *parent);
uint64_t block_excess_blob_gas(const struct fork *fork, const struct header *parent);

/* Whether `h` may follow `parent` by the rules of `fork`, the fork of h: BLOCK_* with *error set (may be NULL), saying
 * what was found and what was expected. Looks at headers alone: neither at the seal nor at what execution gives. Any
 * thread. */
enum status block_check_header(const struct header *h, const struct header *parent, const struct fork *fork,
                               const struct chain_spec *chain, struct error *error);

/* An ancestor, as uncle checks need it. */
struct block_ancestor {
    const struct header *header;
    struct hash hash;
    const struct header *uncles;
    uint32_t uncle_count;
};
/* Whether the uncles of `b` are valid (Yellow Paper 11.1): at most two, new, each a valid child of an ancestor two to
 * seven generations back. `ancestors`: the parent first, up to seven. UNCLE_*, or what block_check_header says of an
 * uncle. */
enum status block_check_uncles(const struct block *b, const struct chain_spec *chain,
                               const struct block_ancestor *ancestors, uint32_t ancestor_count, struct error *error);

/* ---- bodies and states ---------------------------------------------------------------------------------------- */

/* The root of the state trie over a whole state. Hashes in batches and, with a pool, on all its workers. */
void state_memory_root(const struct state_memory *m, struct pool *pool, struct hash *out);

/* The roots that a header has over transactions and withdrawals. */
struct hash block_transactions_root(const struct transaction *transactions, uint32_t count);
struct hash block_withdrawals_root(const struct withdrawal *withdrawals, uint32_t count);

/* Checks what the body alone must satisfy: transactions root, uncles hash, withdrawals root. */
enum status block_check_body(const struct block *b, const struct fork *fork, struct error *error);

#endif
