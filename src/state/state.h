/* state: where accounts and storage are found, how their values change from transaction to transaction, and what one
 * transaction sees and does.
 *
 * Three levels, from the outside in:
 *
 *   state_view    the state before the block: callbacks into memory, a database, a witness, a remote node.
 *   state_table   one per block, shared by all workers: every address and every (address, slot) that the block
 *                 touches, found by the only hash look-up there is, loaded once from the view. An account has three
 *                 locations (balance, nonce, meta), a slot is one; each carries its values by transaction
 *                 (versions/versions.h). The serial executor overwrites one value in place.
 *   state         one per worker: the records of the transaction that it runs now, with a journal for reverting
 *                 calls. Loading a location the first time in a transaction notes which version was seen; that is the
 *                 read set.
 *
 * Separate locations, so that independent things stay independent:
 *   balance   changes are deltas: a credit or debit never reads. What a transaction asks of a balance is mostly a
 *             predicate ("at least this much"); bounds are kept and checked again at commit. Only an observed balance
 *             is a value read.
 *   nonce     a number.
 *   meta      code, existence and storage generation. Self-destruction raises the generation; a slot version of an
 *             older generation reads as zero, so nothing has to be wiped.
 *   slot      a word, with the generation in which it was written. A slot whose value at the end of the transaction
 *             equals the value at its start is a read, not a write.
 *
 * Threads: the table may be used by all workers at once; a `struct state` by one thread at a time. */
#ifndef WEFT_STATE_H
#define WEFT_STATE_H

#include "base/base.h"
#include "u256/u256.h"
#include "versions/versions.h"

/* ---- where state comes from ---------------------------------------------------------------------------------- */

/* An account as the view has it. An account that does not exist has exists = false and everything else zero
 * (code_hash then is ignored). */
struct account_data {
    bool exists;
    bool has_storage; /* its storage trie is not empty (matters for create collisions, EIP-7610) */
    uint64_t nonce;
    struct u256 balance; /* wei */
    struct hash code_hash;
};

/* The state before the block. Callbacks may be called from all workers at once, any number of times for one key, and
 * must answer the same each time. Anything but STATUS_OK ends the block with that status. */
struct state_view {
    void *context;
    enum status (*account)(void *context, const struct address *a, struct account_data *out);
    enum status (*storage)(void *context, const struct address *a, const struct u256 *key, struct u256 *out);
    /* The code of account `a`; the bytes must live as long as the view. */
    enum status (*code)(void *context, const struct address *a, const struct hash *code_hash, struct bytes *out);
    /* Hash of block `number`, one of the 256 before the current one. */
    enum status (*block_hash)(void *context, uint64_t number, struct hash *out);
};

/* ---- code ---------------------------------------------------------------------------------------------------- */

/* Zero bytes behind every code, so that the interpreter may read a whole PUSH32 beyond the end. */
enum { CODE_PADDING = 40 };

/* A piece of code, immutable and shared by all threads, found by its hash. */
struct code {
    struct hash hash;
    uint32_t size;           /* bytes, without the padding */
    bool is_delegation;      /* 0xef0100 and an address: EIP-7702 */
    struct address delegate; /* whose code runs instead, if is_delegation */
    _Atomic(void *) plan;    /* what the VM prepared for it (vm/translator/plan.h) */
    struct code *next;       /* of all in the cache */
    _Atomic uint32_t heat;   /* how often the VM ran it, until it is hot */
    _Atomic uint32_t used;   /* the cache's block in which it was last asked for */
    uint8_t bytes[];         /* size + CODE_PADDING */
};

/* Codes by hash, kept across blocks. All functions: any thread. */
struct code_cache;
struct code_cache *code_cache_new(void (*free_plan)(void *plan));
const struct code *code_cache_find(struct code_cache *c, const struct hash *hash); /* NULL when absent */
/* Returns the code with that hash, copying `bytes` in if it is new. */
const struct code *code_cache_put(struct code_cache *c, const struct hash *hash, struct bytes bytes);
void code_cache_free(struct code_cache *c);
/* Bounds the cache: `bytes` for codes and what `plan_bytes` says that their plans have; 0: no bound. Whoever makes plans
 * larger tells by how much with code_cache_grown. */
void code_cache_bound(struct code_cache *c, size_t bytes, size_t (*plan_bytes)(const struct code *code));
void code_cache_grown(struct code_cache *c, size_t bytes);
/* A new block begins, and nobody holds a code any more: where the cache has outgrown its bound, the codes that have not
 * been asked for the longest are given up. Within a block it grows as it must. No other thread may be inside. */
void code_cache_begin_block(struct code_cache *c);
/* Bytes of the codes and of their plans. */
size_t code_cache_bytes(struct code_cache *c);
/* The code of accounts without code. */
extern const struct code code_empty;

/* ---- the table ------------------------------------------------------------------------------------------------ */

/* Code, existence and storage generation of an account; travels in a version packed into one word (meta_pack). */
struct meta {
    const struct code *code; /* NULL: the code of the parent state, entry->code_hash, not asked for yet */
    uint32_t generation;
    bool exists; /* before EIP-161 only: whether the account is in the trie */
};

/* An account in the table. */
struct account_entry {
    struct address address;
    bool has_storage;                         /* in the parent state */
    struct hash code_hash;                    /* in the parent state */
    _Atomic(const struct code *) parent_code; /* that code, once somebody asked for it */
    uint64_t hash;
    _Atomic(struct account_entry *) next_changed; /* see struct state_changes */
    uint32_t listed;   /* place in the block access list that is being made, from 1; of whoever commits */
    uint32_t declared; /* place in the list that the block is executed along, from 1; 0: not in it */
    struct location balance, nonce, meta;
    struct version parent_balance, parent_nonce, parent_meta;
};
/* A storage slot in the table. */
struct slot_entry {
    struct account_entry *account;
    struct u256 key;
    uint64_t hash;
    _Atomic(struct slot_entry *) next_changed;
    uint32_t listed, declared; /* as in struct account_entry */
    struct location location;
    struct version parent;
};

static ALWAYS_INLINE struct u256 meta_pack(struct meta m)
{
    return (struct u256){{(uintptr_t)m.code, m.generation | (uint64_t)m.exists << 32, 0, 0}};
}
static ALWAYS_INLINE struct meta meta_unpack(const struct u256 *v)
{
    return (struct meta){(const struct code *)v->w[0], (uint32_t)v->w[1], (v->w[1] >> 32) != 0};
}

static ALWAYS_INLINE bool meta_equal(struct meta a, struct meta b)
{
    return a.code == b.code && a.generation == b.generation && a.exists == b.exists;
}

struct state_table;
/* An empty table over `view`; both view and codes must outlive it. */
struct state_table *state_table_new(const struct state_view *view, struct code_cache *codes);
/* Forgets everything, keeps the memory, and takes a new view. */
void state_table_reset(struct state_table *t, const struct state_view *view);
void state_table_free(struct state_table *t);
struct code_cache *state_table_codes(struct state_table *t);
const struct state_view *state_table_view(const struct state_table *t);

/* The entry of an address or slot, loaded from the view when it is new; NULL with *why when the view failed. Any
 * thread. */
struct account_entry *state_table_account(struct state_table *t, const struct address *a, enum status *why);
struct slot_entry *state_table_slot(struct state_table *t, struct account_entry *a, const struct u256 *key,
                                    enum status *why);

/* The code of an entry in the parent state; NULL with *why when the view failed. Any thread. */
const struct code *state_table_parent_code(struct state_table *t, struct account_entry *e, enum status *why);

/* Entries that may have been written, in no order; linked by next_changed, which ends with state_no_account or
 * state_no_slot. An entry is on one list at most: adding is idempotent, and any number of threads may add to a list
 * of their own. */
struct state_changes {
    struct account_entry *accounts, *last_account;
    struct slot_entry *slots, *last_slot;
};
extern struct account_entry state_no_account;
extern struct slot_entry state_no_slot;
void state_changes_begin(struct state_changes *c);
void state_changes_account(struct state_changes *c, struct account_entry *e);
void state_changes_slot(struct state_changes *c, struct slot_entry *e);

/* The table's own list: all that was written since the table was reset. One thread at a time. state_table_take_changes
 * moves a list over. */
void state_table_take_changes(struct state_table *t, struct state_changes *c);
void state_table_account_changed(struct state_table *t, struct account_entry *e);
void state_table_slot_changed(struct state_table *t, struct slot_entry *e);
struct account_entry *state_table_changed_accounts(const struct state_table *t);
struct slot_entry *state_table_changed_slots(const struct state_table *t);

/* Where values that are written in place live (versions/versions.h); reset with the table. */
struct arena *state_table_versions(struct state_table *t);

/* ---- one transaction's records ------------------------------------------------------------------------------- */

enum account_flag {
    ACCOUNT_WARM = 1 << 0,          /* accessed (EIP-2929); journaled */
    ACCOUNT_TOUCHED = 1 << 1,       /* candidate for state clearing (EIP-161); journaled */
    ACCOUNT_CREATED = 1 << 2,       /* a create succeeded or is running here in this transaction; journaled */
    ACCOUNT_DESTRUCTED = 1 << 3,    /* will be removed at the end of the transaction; journaled */
    ACCOUNT_HAS_BALANCE = 1 << 4,   /* balance_start is loaded */
    ACCOUNT_HAS_NONCE = 1 << 5,     /* nonce is loaded */
    ACCOUNT_HAS_META = 1 << 6,      /* meta is loaded */
    ACCOUNT_BALANCE_SEEN = 1 << 7,  /* the balance itself was observed: a value read */
    ACCOUNT_NONCE_ASSUMED = 1 << 8, /* nonce_start was taken from the transaction, not read */
    ACCOUNT_ACCESSED = 1 << 9,      /* counts for the block access list (EIP-7928); survives reverts */
    ACCOUNT_CODE_READ = 1 << 10,    /* with list_accesses: its code in the parent state was needed; survives reverts */
    ACCOUNT_WRITE_PAID = 1 << 11,   /* EIP-2780: the transaction has paid for its first write */
    ACCOUNT_DELEGATION_PAID = 1 << 12, /* likewise for a delegation, or it had one when the transaction began */
};

/* What the running transaction knows of an account. Stable until the transaction ends. Read fields through the
 * functions below. */
struct account {
    struct account_entry *entry;
    uint32_t flags; /* enum account_flag */
    uint64_t nonce, nonce_start;
    struct meta meta, meta_start;
    struct u256 balance_start; /* as loaded; the balance now is balance_start + balance_delta */
    struct u256 balance_delta; /* mod 2^256 */
    struct u256 balance_low;   /* predicates: balance_start >= low ... */
    struct u256 balance_high;  /* ... and balance_start <= high */
    const struct version *nonce_seen, *meta_seen;
};

/* What the running transaction knows of a slot. VM code may read original and current directly. */
struct slot {
    struct slot_entry *entry; /* NULL: only warmed, not loaded yet */
    struct account *account;
    const struct version *seen;
    uint64_t hash;
    struct u256 key;
    struct u256 original; /* at the start of the transaction */
    struct u256 current;
    bool warm; /* EIP-2929; journaled */
    bool read; /* EIP-7928: its value was asked for; survives reverts */
};

/* A log, in order of emission. Data lives until the transaction's results are given up. */
struct state_log {
    const struct address *emitter;
    struct u256 topics[4];
    uint32_t topic_count;
    struct bytes data;
};

/* One undo record. */
struct journal_entry {
    void *what;
    uint32_t kind;
    struct u256 old;
};

struct local_table; /* state.c: this transaction's records by hash, emptied by raising a stamp */

struct state {
    struct state_table *table;
    uint32_t tx;      /* number of the running transaction: it reads versions below */
    bool clear_empty; /* EIP-161 rules: existence is non-emptiness */
    bool
        destructed_keep_balance; /* EIP-8246: what destroys itself loses nonce, code and storage, but not its balance */
    bool speculative;            /* predecessors may be missing: note predicates */
    bool any_destructed;         /* some account was marked, perhaps in a reverted call */
    bool list_accesses;          /* executions keep what they accessed: for an access list (EIP-7928), a witness */
    uint64_t oldest_hash;        /* lowest number of a block whose hash was asked for; UINT64_MAX: none */
    enum status failure;         /* first failure of the view; the executor looks at it after each transaction */
    /* Another thread sets it when nobody wants the result any more; see state_is_cancelled. Never NULL. */
    const _Atomic uint8_t *cancelled;
    int64_t refund; /* gas refund counter; journaled by checkpoints */

    /* The block's fees so far, kept apart from the beneficiary's versions so that not every transaction writes them.
     * The executor sets both where predecessors are committed; a speculative transaction leaves beneficiary NULL and
     * gets a balance without the fees, which is then checked at commit like every read. */
    const struct account_entry *beneficiary;
    struct u256 beneficiary_fees;

    struct account **accounts; /* in order of first touch */
    struct slot **slots;
    struct state_log *logs;
    struct journal_entry *journal;
    struct account **coded; /* with list_accesses: got a code in this transaction, perhaps in a reverted call */
    uint32_t coded_count, coded_capacity;
    uint32_t account_count, slot_count, log_count, journal_count;
    uint32_t account_capacity, slot_capacity, log_capacity, journal_capacity;

    struct local_table *account_map, *slot_map, *transient_map;
    struct arena records;   /* accounts and slots of this transaction */
    struct arena *log_data; /* whoever keeps results owns it */
};

/* A worker's state over `table`. */
struct state *state_new(struct state_table *table);
void state_free(struct state *s);
/* Points the state at another table (between blocks). */
void state_attach(struct state *s, struct state_table *table);
/* Makes the transaction void for a reason that the EVM knows nothing of; the first one stays in s->failure. */
void state_fail(struct state *s, enum status why);
/* Starts transaction number `tx`: forgets all records. Nobody can cancel it unless the caller sets s->cancelled. */
void state_begin(struct state *s, uint32_t tx, bool speculative);

/* Whether the running transaction may end at once, in whatever way: its result will be dropped. Asked at jumps, at
 * calls and before the view is read, so a cancelled execution ends within one read or one precompiled contract.
 * Relaxed: who sees it late stops late. */
static ALWAYS_INLINE bool state_is_cancelled(const struct state *s)
{
    return atomic_load_explicit(s->cancelled, memory_order_relaxed) != 0;
}

/* ---- accounts ------------------------------------------------------------------------------------------------ */

/* The record of an address; loads the entry when it is new. Never NULL: when the view fails, s->failure is set and an
 * empty account is returned. */
struct account *state_account(struct state *s, const struct address *a);

/* The same, but only if the transaction has a record of it already, and NULL else: then it is cold, and nothing is asked
 * of the view before its access is paid for. state_known_slot likewise. */
struct account *state_known_account(struct state *s, const struct address *a);

/* Marks as accessed; true if it was cold (EIP-2929). The warmth is journaled; that it was accessed stays noted
 * (EIP-7928). */
bool state_warm_account(struct state *s, struct account *a);
/* Warm from the start of the transaction (access lists, EIP-2930): no access, nothing is loaded from the view but the
 * account. */
void state_prewarm_account(struct state *s, struct account *a);
void state_prewarm_slot(struct state *s, struct account *a, const struct u256 *key);

/* The balance now: a value read. */
struct u256 state_balance(struct state *s, struct account *a);
/* Whether the balance now is at least `amount`: a predicate. */
bool state_balance_at_least(struct state *s, struct account *a, const struct u256 *amount);
/* Adds to or takes from the balance without reading it. state_debit: the caller has asked state_balance_at_least.
 * Journaled. */
void state_credit(struct state *s, struct account *a, const struct u256 *amount);
void state_debit(struct state *s, struct account *a, const struct u256 *amount);

uint64_t state_nonce(struct state *s, struct account *a);
void state_set_nonce(struct state *s, struct account *a, uint64_t nonce); /* journaled */
/* Takes `nonce` as the account's nonce without reading it; checked at commit. First thing in a transaction only. */
void state_assume_nonce(struct state *s, struct account *a, uint64_t nonce);

/* The account's own code (for a delegated account the 23-byte designator). Never NULL. The other two ask less of the
 * view: the code itself is not fetched. */
const struct code *state_code(struct state *s, struct account *a);
const struct hash *state_code_hash(struct state *s, struct account *a);
bool state_has_code(struct state *s, struct account *a);
void state_set_code(struct state *s, struct account *a, const struct code *code); /* journaled */

/* Dead in the sense of EIP-161: no code, nonce 0, balance 0. */
bool state_is_empty(struct state *s, struct account *a);
/* Whether the account is in the trie; before EIP-161 this differs from non-emptiness. */
bool state_exists(struct state *s, struct account *a);
/* Marks as touched: cleared at the end when empty (EIP-161); before EIP-161, brings the account into existence.
 * Journaled. */
void state_touch(struct state *s, struct account *a);
/* True when a contract cannot be created here: nonce or code or (EIP-7610) storage is there already. */
bool state_create_collides(struct state *s, struct account *a, bool with_storage);
/* Marks as created in this transaction. Journaled. The caller sets nonce, balance and code. */
void state_mark_created(struct state *s, struct account *a);
/* Marks for removal at the end of the transaction. Journaled. True if it was not marked before. */
bool state_mark_destructed(struct state *s, struct account *a);

/* ---- storage ------------------------------------------------------------------------------------------------- */

/* The record of a slot, loaded when it is new (does not mark it warm). */
struct slot *state_slot(struct state *s, struct account *a, const struct u256 *key);
struct slot *state_known_slot(struct state *s, struct account *a, const struct u256 *key);
bool state_warm_slot(struct state *s, struct slot *slot); /* an access; true if it was cold; the warmth is journaled */
void state_set_slot(struct state *s, struct slot *slot, const struct u256 *value); /* journaled */

/* EIP-1153. */
struct u256 state_transient(struct state *s, struct account *a, const struct u256 *key);
void state_set_transient(struct state *s, struct account *a, const struct u256 *key, const struct u256 *value);

/* Emits a log; copies topics and data. Removed again by a revert. state_log_as: of an emitter without a record, which
 * must live as long as the log. */
void state_log(struct state *s, const struct account *a, const struct u256 *topics, uint32_t topic_count,
               struct bytes data);
void state_log_as(struct state *s, const struct address *emitter, const struct u256 *topics, uint32_t topic_count,
                  struct bytes data);

/* Hash of an earlier block through the view; zero with s->failure when it fails. */
struct hash state_block_hash(struct state *s, uint64_t number);

/* ---- reverting ----------------------------------------------------------------------------------------------- */

struct state_checkpoint {
    uint32_t journal_count, log_count;
    int64_t refund;
};
struct state_checkpoint state_checkpoint(const struct state *s);
void state_revert(struct state *s, struct state_checkpoint c);

/* ---- ending a transaction ------------------------------------------------------------------------------------ */

/* Applies what happens after the last instruction: destroyed accounts lose balance, nonce, code and storage; touched
 * empty accounts vanish (EIP-161). After it the records hold what is to be committed. */
void state_finalize(struct state *s);
/* Writes the records into the table in place. Serial use only: no other thread may be reading. */
void state_commit(struct state *s);

/* The same in a table that has versions of several transactions, all of them committed; overwrites the newest. Only
 * while no other thread reads, nor has read what it will compare later. */
void state_commit_over(struct state *s);

/* Before EIP-161: makes sure that an account is in the trie, outside of any transaction. Serial use only. */
void state_bring_into_existence(struct state *s, struct account_entry *e);

/* ---- what a transaction accessed (EIP-7928) -------------------------------------------------------------------- */

enum state_field {
    STATE_BALANCE = 1 << 0,
    STATE_NONCE = 1 << 1,
    STATE_CODE = 1 << 2,
    STATE_SLOT = 1 << 3,
    STATE_CODE_READ = 1 << 4, /* no change: the account's code in the parent state was asked for */
};

/* An account or a slot that a transaction accessed, and which of its fields are not what they were before. Values are
 * in the table, below the number of the next transaction. */
struct state_access {
    struct account_entry *account;
    struct slot_entry *slot; /* NULL: the account itself */
    uint32_t changed;        /* mask of enum state_field */
};
struct state_accesses {
    const struct state_access *all;
    uint32_t count;
    uint64_t oldest_hash; /* as in struct state */
};

/* Which fields of a finalized record are not what they were before the transaction, as in struct state_access. */
uint32_t state_account_changes(const struct account *a);
bool state_slot_changes(const struct slot *slot);

/* What the finalized records say was accessed; lives in `arena`. Without the fee of the beneficiary, which is not in
 * them. */
struct state_accesses state_accesses(const struct state *s, struct arena *arena);

/* ---- what a block changed ------------------------------------------------------------------------------------ */

struct slot_change {
    struct u256 key, value; /* value 0: the slot is gone */
};

/* An account that is different after the block. Values are those after the block. */
struct account_change {
    struct address address;
    bool exists;        /* false: the account is gone, and all its storage */
    bool storage_wiped; /* all slots of the parent state are gone; `slots` are what is there now */
    bool code_changed;
    uint64_t nonce;
    struct u256 balance;
    struct hash code_hash;
    const struct code *code; /* when code_changed */
    struct slot_change *slots;
    size_t slot_count;
};

struct state_diff {
    struct account_change *accounts; /* by address, ascending; slots by key, ascending */
    size_t count;
};

/* What the values below transaction number `tx` (UINT32_MAX: the newest) differ in from the view's. Independent of the
 * order of execution and of the executor. Everything lives in `arena`. */
void state_table_diff(const struct state_table *t, uint32_t tx, bool clear_empty, struct arena *arena,
                      struct state_diff *out);
bool state_diff_equal(const struct state_diff *a, const struct state_diff *b);

#endif
