/** @file
 * libweft: executes Ethereum blocks on all cores, with exactly the result of executing them one transaction
 * after the other.
 *
 *     weft_chain ──────┐  which rules hold when
 *     weft_state ──────┤  the state after the parent block: in memory, or read through your callbacks
 *     weft_block ──────┤  from its RLP, or put together from a header and transactions
 *                      ▼
 *     weft_engine ── weft_execute_block ──► weft_result: receipts, logs, state changes, roots, ...
 *                 └─ weft_call ───────────► the same for a single message
 *
 * A first program is examples/c/transfer.c; docs/embedding.md says how a client or a rollup fits around it.
 *
 * Conventions, for all that follows
 *
 * - Words (`weft_word`) are 32 bytes, big-endian, as on the wire: hashes, amounts, storage keys and values.
 *   Amounts are wei unless said otherwise; gas is in gas units; times are in nanoseconds, timestamps in
 *   seconds; sizes are in bytes.
 * - Handles (`weft_engine`, `weft_state`, ...) are opaque. Whoever gets one from a `_new`, `_copy`, `_decode`
 *   function or from an execution frees it with its `_free`, which accepts NULL. Handles do not refer to each
 *   other once a function has returned: they may be freed in any order (a layer keeps the state below it alive).
 * - What goes in is copied, except where it says "borrowed". What comes out as a pointer belongs to the
 *   handle it was asked of, and lives as long as the handle is neither freed nor changed. Static texts live
 *   for ever.
 * - Structures that may grow begin with `struct_size`. Set it to sizeof the structure before each call, for
 *   input and output alike; set all other fields of an input to zero before filling in. A library that is
 *   newer than the program leaves out what the program does not know. Structures without `struct_size` never
 *   change.
 * - Pointers must not be NULL, except where it says so: `error`, what is freed, and empty ranges. Functions
 *   that return a status refuse NULL with WEFT_INVALID_ARGUMENT; the few others give 0 or NULL, and write
 *   nothing.
 * - Flags and yes-or-no fields are bytes: 0 is no, everything else is yes; output is 0 or 1. `reserved`
 *   fields are zero.
 * - Functions that can fail return a `weft_status`: WEFT_OK (0), or the kind of failure; outputs are then
 *   NULL or untouched. The last argument, `error`, may be NULL; else it says exactly what was wrong. Failures
 *   are never printed. That a transaction reverts or runs out of gas is no failure but a result.
 * - Threads: different handles may be used from different threads at once. One handle may be read (`const`)
 *   from many threads while nobody changes it. An engine may be shared: any number of threads may be in weft_call
 *   on it at once, beside a block that it executes; blocks, weft_call_many and roots take turns. From a callback,
 *   calls on the engine that called it (or on one whose callback led there) are refused with
 *   WEFT_INVALID_ARGUMENT; a callback must not wait for another thread that uses the engine either.
 * - Stacks: blocks and weft_call_many are executed on the engine's own threads, where signals from outside are
 *   blocked; those of a thread's own faults (SIGSEGV, SIGBUS, SIGFPE, ...) are not, so the program's handlers
 *   run. weft_call executes on the calling thread where 4 MiB of its stack are left. Where they are not, it uses a
 *   stack of the library on the same thread; or, when the state is read through callbacks, and on processors for
 *   which the library knows no such way, the engine's thread, in turn with others. So the caller's stack may
 *   be small, and a callback never finds itself on a stack that its thread does not know.
 * - Memory: 64 MiB of address space are kept in reserve. When the system refuses memory, what is under way goes
 *   on with the reserve, ends at the next transaction with WEFT_NO_RESOURCES, and what it used is given back;
 *   functions that need memory refuse with WEFT_NO_RESOURCES (those that make a state give NULL) as long as
 *   the reserve cannot be had again. Where the reserve does not suffice (one transaction or one table takes
 *   more), the process ends with one line on stderr and exit code 2 (weft_on_out_of_memory). A broken promise inside the library aborts
 *   with a line that says where. Neither unwinds. Nothing else is ever printed, and no signal handler is
 *   installed.
 * - A freed engine, and one that was made before fork() by the parent process, are refused with
 *   WEFT_INVALID_ARGUMENT, unless the address is an engine again. Other handles are not known one by one: using
 *   one that was freed is undefined.
 *
 * The interface needs no macro, no variadic function, no bit-field and no callback that does not carry a
 * context pointer, so it can be bound from any language with a C foreign-function interface. Assume 8-byte
 * pointers and the platform's natural alignment. */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define WEFT_API __attribute__((visibility("default")))
#else
#define WEFT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- versions -------------------------------------------------------------------------------- */

/** The version of the binary interface that this header describes, and the number in the library's name
 * (libweft.so.0). It goes up with each incompatible change. */
enum { WEFT_ABI_VERSION = 0 };

/** The version of the binary interface that the loaded library offers. */
WEFT_API uint32_t weft_abi_version(void);
/** The loaded library's version, "MAJOR.MINOR.PATCH"; static. */
WEFT_API const char *weft_version(void);

/* ---- plain values ---------------------------------------------------------------------------- */

/** 32 bytes, big-endian: a number, a hash, a storage key. */
typedef struct weft_word {
    uint8_t b[32];
} weft_word;

/** The address of an account. */
typedef struct weft_address {
    uint8_t b[20];
} weft_address;

/** 2,048 bits of a logs bloom, as in a header. */
typedef struct weft_bloom {
    uint8_t b[256];
} weft_bloom;

/** Borrowed bytes. `data` may be NULL when `size` is 0. */
typedef struct weft_bytes {
    const uint8_t *data;
    size_t size;
} weft_bytes;

/* ---- handles --------------------------------------------------------------------------------- */

/** A chain: its id and when its forks begin. Never changes after it was made. */
typedef struct weft_chain weft_chain;
/** The state after the parent block: in memory, read through callbacks, or a layer over one of these. */
typedef struct weft_state weft_state;
/** A block to be executed. */
typedef struct weft_block weft_block;
/** Threads, and what is worth keeping between blocks: prepared code above all. Make one and keep it. */
typedef struct weft_engine weft_engine;
/** What an execution did. Stands for itself: engine, state and block may be freed or used again. */
typedef struct weft_result weft_result;

/** Writes keccak-256 of `size` bytes at `data` to *out. */
WEFT_API void weft_keccak256(const void *data, size_t size, weft_word *out);

/* ---- failures -------------------------------------------------------------------------------- */

/** What kind of failure; one of the WEFT_ numbers below. */
typedef int32_t weft_status;

/** Kinds of failure. What exactly was wrong stands in weft_error. */
enum {
    WEFT_OK = 0,
    WEFT_INVALID_ARGUMENT = 1,    /**< a mistake of the calling program: NULL, out of range, unknown flag */
    WEFT_MALFORMED = 2,           /**< bytes that cannot be decoded */
    WEFT_INVALID_TRANSACTION = 3, /**< a transaction that cannot be in this block; weft_error.transaction says which */
    WEFT_INVALID_BLOCK = 4,       /**< the block breaks a rule, or its header does not agree with what was computed */
    WEFT_STATE_UNAVAILABLE = 5,   /**< a state callback failed, or something that is needed is not in the state */
    WEFT_UNKNOWN_NAME = 6,        /**< no fork or chain has this name */
    WEFT_NO_RESOURCES = 7,        /**< the system refuses memory or threads */
    WEFT_INTERNAL = 8,            /**< a fault of the library, found by a check of its own */
    WEFT_CANCELLED = 9            /**< weft_engine_cancel, weft_message.cancel, or the time was up */
};

/** In weft_error.transaction: the failure concerns no single transaction. */
#define WEFT_NO_TRANSACTION UINT32_MAX

/** What was wrong. Filled in only by functions that fail. Both texts end with a zero byte. */
typedef struct weft_error {
    weft_status status;
    uint32_t transaction; /**< index of the offending transaction, or 0xffffffff */
    char cause[56];       /**< the precise cause as a stable name, "TX_NONCE_TOO_LOW"; programs may compare it */
    char text[512];       /**< one line for people: where, what was found, what was expected */
} weft_error;

/** The name of a status ("WEFT_INVALID_BLOCK"); static; "unknown" for other numbers. */
WEFT_API const char *weft_status_name(weft_status status);

/* ---- chains: which rules hold when ----------------------------------------------------------- */

/** In weft_activation.by. */
enum {
    WEFT_BY_NUMBER = 0,   /**< holds from the block with number `at` on */
    WEFT_BY_TIMESTAMP = 1 /**< holds from the first block with at least timestamp `at` on */
};

/** From when on the rules of a fork hold. */
typedef struct weft_activation {
    const char *fork; /**< "Osaka", "Cancun", "London", ...: see weft_fork_name; letters in any case; borrowed */
    uint64_t at;
    uint32_t by; /**< WEFT_BY_NUMBER or WEFT_BY_TIMESTAMP */
    uint32_t reserved;
} weft_activation;

/** What a chain of one's own needs. */
typedef struct weft_chain_options {
    size_t struct_size;
    uint64_t id;                   /**< what CHAINID gives, and transactions carry */
    weft_address deposit_contract; /**< whose events become deposit requests (EIP-6110); zero: none */
    uint8_t reserved[4];
    /** Oldest first: those by number, then those by timestamp. The first holds from the start. */
    const weft_activation *activations;
    size_t activation_count; /**< 1 to 32 */
} weft_chain_options;

/** Makes a chain by name: "mainnet", "sepolia", "holesky", "hoodi"; or a fork's name ("Osaka": chain id 1,
 * these rules from the start); or a change of forks as test fixtures write it ("CancunToPragueAtTime15k").
 * WEFT_UNKNOWN_NAME. */
WEFT_API weft_status weft_chain_by_name(const char *name, weft_chain **chain, weft_error *error);
/** Makes one of the public chains by its id. WEFT_UNKNOWN_NAME. */
WEFT_API weft_status weft_chain_by_id(uint64_t id, weft_chain **chain, weft_error *error);
/** Makes a chain of one's own. WEFT_UNKNOWN_NAME; WEFT_INVALID_ARGUMENT when activations are not in order. */
WEFT_API weft_status weft_chain_new(const weft_chain_options *options, weft_chain **chain, weft_error *error);
/** Frees a chain. */
WEFT_API void weft_chain_free(weft_chain *chain);

/** The chain's id. */
WEFT_API uint64_t weft_chain_id(const weft_chain *chain);
/** The name of the fork whose rules a block of that number and timestamp obeys; static. */
WEFT_API const char *weft_chain_fork(const weft_chain *chain, uint64_t number, uint64_t timestamp);
/** The name of the index-th fork that this library knows, oldest first; static; NULL behind the last. */
WEFT_API const char *weft_fork_name(size_t index);

/* ---- state: what is read --------------------------------------------------------------------- */

/** An account. */
typedef struct weft_account {
    uint64_t nonce;
    weft_word balance;   /**< wei */
    weft_word code_hash; /**< keccak-256 of its code; zero counts as the hash of no code */
    uint8_t exists;      /**< 0: there is no such account, and the other fields mean nothing */
    /** 0: its storage is empty, and is not asked for. Where a database cannot tell: 1 for accounts with code
     * or a nonce, 0 for others. */
    uint8_t has_storage;
    uint8_t reserved[6];
} weft_account;

/** A storage slot and its value. */
typedef struct weft_slot {
    weft_word key;
    weft_word value; /**< zero: the slot is not there */
} weft_slot;

/** How a state is read from elsewhere: a database, a witness, another node.
 *
 * Callbacks may be called from all threads of the engine at once, several times for one key, and must give
 * the same answer each time while a weft_ function runs. *out is all zero when they are called: for what is
 * not there, leave it so. They return 0, or any other number when they cannot answer; execution then ends
 * with WEFT_STATE_UNAVAILABLE and the number stands in the error's text. Transactions that run ahead of their
 * turn may ask for keys that are not needed in the end; failing there does no harm. They must not call
 * functions on the engine that runs (WEFT_INVALID_ARGUMENT), and must return (no exception, no longjmp). */
typedef struct weft_state_callbacks {
    size_t struct_size;
    void *context; /**< passed to each callback */
    /** An account. */
    int32_t (*account)(void *context, const weft_address *address, weft_account *out);
    /** A storage slot of an account that has storage. */
    int32_t (*storage)(void *context, const weft_address *address, const weft_word *key, weft_word *out);
    /** The code of an account, whose code hash is *code_hash. The bytes must stay where they are until the
     * weft_ function that is running returns. They are kept by hash in the engine, which does not ask for the
     * same code again. */
    int32_t (*code)(void *context, const weft_address *address, const weft_word *code_hash, weft_bytes *out);
    /** The hash of block `number`, one of the 256 before the one that is executed. */
    int32_t (*block_hash)(void *context, uint64_t number, weft_word *out);
} weft_state_callbacks;

/** Makes a state that is read through callbacks, all of which must be there. The context is borrowed. */
WEFT_API weft_status weft_state_from_callbacks(const weft_state_callbacks *callbacks, weft_state **state,
                                               weft_error *error);

/** Makes an empty state in memory; NULL when there is no memory. */
WEFT_API weft_state *weft_state_new(void);
/** Makes a layer over a state, which may be in memory, behind callbacks, or a layer itself. The layer reads what
 * the state below has until something else is set in it, and whatever is set in it stays in it: making, setting
 * and taking back cost what they change, however large the state below is. Each layer adds the time of a look-up
 * to the first read of an account or slot.
 *
 * While it has layers `base` cannot be changed (WEFT_INVALID_ARGUMENT). It may be freed: it is kept as long as they
 * are. */
WEFT_API weft_status weft_state_layer(weft_state *base, weft_state **layer, weft_error *error);
/** Copies a state in memory (NULL: no memory); the copy of a state with callbacks uses the same callbacks, that of
 * a layer is over the same state and has no snapshots. */
WEFT_API weft_state *weft_state_copy(const weft_state *state);
/** Frees a state. */
WEFT_API void weft_state_free(weft_state *state);

/* The next functions change states in memory and layers; for states behind callbacks they give
 * WEFT_INVALID_ARGUMENT. They are not for use while an engine reads the state. A layer reads an account before it
 * changes a part of it, so over callbacks they may give WEFT_STATE_UNAVAILABLE, and change nothing then. */

/** Sets nonce and balance of an account, which begins to exist; code and storage stay as they are. */
WEFT_API weft_status weft_state_set_account(weft_state *state, const weft_address *address, uint64_t nonce,
                                            const weft_word *balance, weft_error *error);
/** Sets the nonce alone. */
WEFT_API weft_status weft_state_set_nonce(weft_state *state, const weft_address *address, uint64_t nonce,
                                          weft_error *error);
/** Sets the balance alone. */
WEFT_API weft_status weft_state_set_balance(weft_state *state, const weft_address *address, const weft_word *balance,
                                            weft_error *error);
/** Sets the code of an account, which begins to exist. */
WEFT_API weft_status weft_state_set_code(weft_state *state, const weft_address *address, const void *code, size_t size,
                                         weft_error *error);
/** Sets a storage slot of an account, which begins to exist. */
WEFT_API weft_status weft_state_set_storage(weft_state *state, const weft_address *address, const weft_word *key,
                                            const weft_word *value, weft_error *error);
/** Makes all slots of an account zero; it begins to exist. */
WEFT_API weft_status weft_state_clear_storage(weft_state *state, const weft_address *address, weft_error *error);
/** Makes the hash of an earlier block known, for the BLOCKHASH instruction. */
WEFT_API weft_status weft_state_set_block_hash(weft_state *state, uint64_t number, const weft_word *hash,
                                               weft_error *error);
/** Brings the state to what it is after an execution. The result must come from an execution over this state,
 * or one equal to it. Where a layer cannot read what is below (WEFT_STATE_UNAVAILABLE), a part of the result may have
 * been applied: take a snapshot before. */
WEFT_API weft_status weft_state_apply(weft_state *state, const weft_result *result, weft_error *error);

/** Remembers a layer as it is now; *snapshot becomes a number, other than all before. From then on each change takes
 * some 200 bytes more until the snapshot is dropped. WEFT_INVALID_ARGUMENT for what is no layer. */
WEFT_API weft_status weft_state_snapshot(weft_state *layer, uint64_t *snapshot, weft_error *error);
/** Brings a layer back to what it was at a snapshot, which stays; later ones are gone. WEFT_INVALID_ARGUMENT when there
 * is no such snapshot (any more). */
WEFT_API weft_status weft_state_revert(weft_state *layer, uint64_t snapshot, weft_error *error);
/** Forgets a snapshot and all later ones; the layer stays as it is. WEFT_INVALID_ARGUMENT likewise. */
WEFT_API weft_status weft_state_drop_snapshot(weft_state *layer, uint64_t snapshot, weft_error *error);

/* The next three read any state, callbacks included (WEFT_STATE_UNAVAILABLE). */

/** Reads an account; out->exists says whether there is one. */
WEFT_API weft_status weft_state_account(const weft_state *state, const weft_address *address, weft_account *out,
                                        weft_error *error);
/** Reads a storage slot. */
WEFT_API weft_status weft_state_storage(const weft_state *state, const weft_address *address, const weft_word *key,
                                        weft_word *out, weft_error *error);
/** Reads the code of an account. The bytes are the state's, or what its callback gave. */
WEFT_API weft_status weft_state_code(const weft_state *state, const weft_address *address, weft_bytes *out,
                                     weft_error *error);
/** Computes the state root, as a header carries it, from all accounts and slots of a state in memory: on the engine's
 * threads, or with NULL on the caller's. WEFT_INVALID_ARGUMENT for other states. */
WEFT_API weft_status weft_state_root(const weft_state *state, weft_engine *engine, weft_word *root, weft_error *error);

/* ---- blocks: what is executed ---------------------------------------------------------------- */

/** A header. The first part is what execution needs; the second is looked at with WEFT_CHECK_HEADER, and in
 * the block's hash. Fields that the block's fork does not have are ignored. */
typedef struct weft_header {
    size_t struct_size;
    uint64_t number;
    uint64_t timestamp; /**< seconds */
    uint64_t gas_limit; /**< at most 2^63 - 1 */
    uint64_t excess_blob_gas;
    uint64_t slot_number; /**< EIP-7843 */
    weft_address beneficiary;
    uint8_t reserved[4];
    weft_word prev_randao; /**< before the merge: the mix hash */
    weft_word difficulty;
    weft_word base_fee;           /**< wei per gas */
    weft_word parent_hash;        /**< stored by a system call (EIP-2935) */
    weft_word parent_beacon_root; /**< likewise (EIP-4788) */

    uint64_t gas_used;
    uint64_t blob_gas_used;
    /** How many fields its RLP has, 15 to 23: 16 London, 17 Shanghai, 20 Cancun, 21 Prague, 23
     * Amsterdam. 0 counts as 21. */
    uint32_t field_count;
    uint8_t nonce[8];
    uint8_t reserved2[4];
    weft_bytes extra_data; /**< at most 32 bytes */
    weft_word uncles_hash;
    weft_word state_root;
    weft_word transactions_root;
    weft_word receipts_root;
    weft_word withdrawals_root;
    weft_word requests_hash;
    weft_word access_list_hash;
    weft_bloom bloom;
} weft_header;

/** An entry of an access list (EIP-2930). */
typedef struct weft_access {
    weft_address address;
    uint8_t reserved[4];
    const weft_word *keys; /**< storage slots */
    size_t key_count;
} weft_access;

/** An authorization to run an account's code as one's own (EIP-7702). One that is wrong is skipped when
 * executed, not refused. */
typedef struct weft_authorization {
    uint64_t nonce;
    weft_word chain_id; /**< 0: every chain */
    weft_word r, s;
    weft_address address;
    uint8_t y_parity;
    uint8_t reserved[3];
} weft_authorization;

/** In weft_transaction.type: the type byte on the wire (EIP-2718). */
enum {
    WEFT_TX_LEGACY = 0,
    WEFT_TX_ACCESS_LIST = 1, /**< EIP-2930 */
    WEFT_TX_FEE_MARKET = 2,  /**< EIP-1559 */
    WEFT_TX_BLOB = 3,        /**< EIP-4844 */
    WEFT_TX_SET_CODE = 4     /**< EIP-7702 */
};

/** A transaction. Fields that its type does not have must be zero. Either it is signed (r, s, y_parity), or
 * its sender is given. */
typedef struct weft_transaction {
    size_t struct_size;
    uint32_t type;
    uint8_t is_create;    /**< no recipient: `to` is ignored, data is init code */
    uint8_t has_chain_id; /**< legacy only: signed for one chain (EIP-155). Other types always are */
    uint8_t has_sender;   /**< `sender` is right; the signature is not looked at. For rollups and tests */
    uint8_t y_parity;     /**< 0 or 1; also of legacy transactions */
    uint64_t chain_id;
    uint64_t nonce;
    uint64_t gas_limit;
    weft_bytes data;
    const weft_access *access_list; /**< types 1 and up */
    size_t access_count;
    const weft_word *blob_hashes; /**< type 3 */
    size_t blob_count;
    const weft_authorization *authorizations; /**< type 4 */
    size_t authorization_count;
    weft_address to;
    weft_address sender;
    weft_word value;
    weft_word max_fee;          /**< wei per gas; of types 0 and 1 the gas price */
    weft_word max_priority_fee; /**< wei per gas; types 2 and up */
    weft_word max_blob_fee;     /**< wei per blob gas; type 3 */
    weft_word r, s;
} weft_transaction;

/** A withdrawal (EIP-4895). */
typedef struct weft_withdrawal {
    uint64_t index;
    uint64_t validator_index;
    uint64_t amount; /**< gwei */
    weft_address address;
    uint8_t reserved[4];
} weft_withdrawal;

/** Reads a block from its RLP, [header, transactions, uncles, withdrawals]. WEFT_MALFORMED,
 * WEFT_INVALID_TRANSACTION. */
WEFT_API weft_status weft_block_decode(const void *rlp, size_t size, weft_block **block, weft_error *error);
/** Makes a block without transactions under a header. */
WEFT_API weft_status weft_block_new(const weft_header *header, weft_block **block, weft_error *error);
/** Frees a block. */
WEFT_API void weft_block_free(weft_block *block);

/* The next four add to a block from weft_block_new, in order; a decoded block is complete
 * (WEFT_INVALID_ARGUMENT). */

/** Adds a transaction. WEFT_INVALID_TRANSACTION for one that no block can carry, WEFT_INVALID_ARGUMENT for
 * fields that its type does not have. */
WEFT_API weft_status weft_block_add_transaction(weft_block *block, const weft_transaction *transaction,
                                                weft_error *error);
/** Adds a signed transaction from its envelope: type byte and payload, or the RLP list of a legacy one.
 * WEFT_MALFORMED, WEFT_INVALID_TRANSACTION. */
WEFT_API weft_status weft_block_add_encoded(weft_block *block, const void *envelope, size_t size, weft_error *error);
/** Adds a withdrawal. */
WEFT_API weft_status weft_block_add_withdrawal(weft_block *block, const weft_withdrawal *withdrawal, weft_error *error);
/** Adds an uncle: before the merge, uncles earn rewards. */
WEFT_API weft_status weft_block_add_uncle(weft_block *block, const weft_header *header, weft_error *error);

/** Gives a block its access list (EIP-7928), RLP as it travels beside the block; also to a decoded block; a
 * second one replaces the first. It says what every transaction reads and leaves behind, so the block is executed
 * along it: in any order, nothing twice. Nothing is taken on trust: WEFT_INVALID_BLOCK from the execution when
 * the list says anything else than what happens; with a fork that has the list in its blocks, also when the
 * header's access_list_hash is not its hash. For blocks of older forks a list of weft_result_access_list will do.
 * Not looked at with WEFT_SKIP_INVALID or WEFT_TRANSACTIONS_ONLY.
 * WEFT_MALFORMED for what is no such list; WEFT_INVALID_BLOCK for one that is not in canonical form (order,
 * duplicates). */
WEFT_API weft_status weft_block_set_access_list(weft_block *block, const void *rlp, size_t size, weft_error *error);

/** The header; set out->struct_size before. WEFT_INVALID_ARGUMENT. */
WEFT_API weft_status weft_block_header(const weft_block *block, weft_header *out);
/** Whether the block's header may follow *parent: number, timestamp, gas limit, base fee, blob gas, difficulty
 * and extra data, by the rules that the chain has for the block. Looks at headers alone. WEFT_INVALID_BLOCK. */
WEFT_API weft_status weft_block_check_parent(const weft_block *block, const weft_chain *chain,
                                             const weft_header *parent, weft_error *error);
/** keccak-256 of the header's RLP: the block's hash. */
WEFT_API void weft_block_hash(const weft_block *block, weft_word *out);
/** How many transactions are in the block. */
WEFT_API size_t weft_block_transaction_count(const weft_block *block);
/** The hash of a transaction. WEFT_INVALID_ARGUMENT when there is none with that index. */
WEFT_API weft_status weft_block_transaction_hash(const weft_block *block, size_t index, weft_word *out);

/** Who sent a transaction: the sender that was given, or the one who signed, by the rules that the chain has for the block;
 * some 30 microseconds (executing a block recovers all senders on all threads). WEFT_INVALID_TRANSACTION when nobody can
 * have signed so; WEFT_INVALID_ARGUMENT when there is no transaction with that index. */
WEFT_API weft_status weft_block_sender(const weft_block *block, const weft_chain *chain, size_t index,
                                       weft_address *out, weft_error *error);
/** How many withdrawals are in the block. */
WEFT_API size_t weft_block_withdrawal_count(const weft_block *block);
/** Reads a withdrawal. WEFT_INVALID_ARGUMENT when there is none with that index. */
WEFT_API weft_status weft_block_withdrawal(const weft_block *block, size_t index, weft_withdrawal *out);
/** Encodes the block, [header, transactions, uncles, withdrawals], what weft_block_decode reads. *size becomes the size of
 * the encoding; when `capacity` is smaller nothing is written to `out`, which may be NULL then. The header is written as
 * it is: hashes and totals that nobody set are zero. WEFT_INVALID_ARGUMENT, also for blocks with a transaction without
 * signature. */
WEFT_API weft_status weft_block_encode(const weft_block *block, uint8_t *out, size_t capacity, size_t *size);
/** The same for one transaction: its envelope, what weft_block_add_encoded reads. */
WEFT_API weft_status weft_block_encode_transaction(const weft_block *block, size_t index, uint8_t *out, size_t capacity,
                                                   size_t *size);
/** What the block after *parent has, if its timestamp is `timestamp`: *base_fee in wei per gas (EIP-1559; zero before
 * London) and *excess_blob_gas (EIP-4844, EIP-7918; zero before Cancun). WEFT_INVALID_ARGUMENT. */
WEFT_API weft_status weft_next_fees(const weft_chain *chain, const weft_header *parent, uint64_t timestamp,
                                    weft_word *base_fee, uint64_t *excess_blob_gas, weft_error *error);

/* ---- engines: what executes ------------------------------------------------------------------ */

/** In weft_options.executor. The results are the same. */
enum {
    WEFT_EXECUTOR_AUTO = 0,    /**< parallel; a block too small to gain by it stays on one thread */
    WEFT_EXECUTOR_SERIAL = 1,  /**< one transaction after the other */
    WEFT_EXECUTOR_PARALLEL = 2 /**< every block is shared among the threads, however small: for tests */
};

/** How an engine works. All zero (but for struct_size) is a good choice. */
typedef struct weft_options {
    size_t struct_size;
    /** That execute, at most 1024; 0, and more than the process has processors (by its affinity and the quotas
     * of its control groups): as many as it has. */
    uint32_t threads;
    uint32_t executor; /**< WEFT_EXECUTOR_ */
    /** Bytes of memory for contract codes and their translations kept between uses of the engine; 0: 256 MiB; for
     * blocks, and as much again for calls. What was not used lately is dropped first. During one block more may be
     * needed, as much as its gas buys. */
    uint64_t code_bytes;
    /** Takes `threads` as it is: for states whose callbacks wait for a disk or a network, and for tests.
     * Otherwise more threads than processors only make it slower. */
    uint8_t more_than_processors;
    uint8_t reserved[7];
} weft_options;

/** Makes an engine; options may be NULL. Reserves address space (4 GiB and a little for each thread), which
 * costs no memory until it is used; where it is limited (ulimit -v), less for each thread, and then fewer
 * threads. WEFT_NO_RESOURCES when not even one can be had. */
WEFT_API weft_status weft_engine_new(const weft_options *options, weft_engine **engine, weft_error *error);
/** Ends the engine's threads and frees it, when what runs on it has returned. From a callback of the engine
 * nothing is freed, and the function that runs fails with WEFT_INVALID_ARGUMENT. The handle's own 9 KiB are
 * kept for the next engine, so that a freed handle can be refused. */
WEFT_API void weft_engine_free(weft_engine *engine);
/** How many threads execute. */
WEFT_API uint32_t weft_engine_threads(const weft_engine *engine);

/* ---- executing ------------------------------------------------------------------------------- */

/** Flags of weft_execute_block. */
enum {
    /** Compare with the header: transactions root, uncles hash and withdrawals root before execution; gas
     * used, receipts root (not before Byzantium), bloom, requests hash, blob gas after it. WEFT_INVALID_BLOCK
     * when something differs. The state root is for the caller to compare (weft_state_root), the rules
     * between a header and its parent are weft_block_check_parent's. */
    WEFT_CHECK_HEADER = 1,
    /** Leave out transactions that cannot be in the block, instead of refusing the block: for those who build
     * one. Receipts say which were left out and why. Runs serially, in the given order. A signature that is
     * wrong is refused all the same. */
    WEFT_SKIP_INVALID = 2,
    /** Execute transactions alone: no system calls, rewards, withdrawals, requests. */
    WEFT_TRANSACTIONS_ONLY = 4,
    /** Make the block access list (EIP-7928) also where the fork has none: weft_result_access_list. Costs some
     * per cent of time. */
    WEFT_LIST_ACCESSES = 8,
    /** With WEFT_CHECK_HEADER: a block that differs from its header, or is refused, after it was executed in
     * parallel is executed once more serially, and only that decides. Where it agrees, the parallel result
     * was wrong, which is a bug: weft_stats.fallback is then "the parallel result was wrong". Costs nothing
     * for other blocks. */
    WEFT_RECHECK = 16
};

/** Executes a block on the state after its parent: recovers the senders, runs system calls and transactions,
 * pays rewards and withdrawals, collects requests, computes receipts, roots and state changes. Nothing is
 * written to the state: see weft_state_apply and weft_result_account.
 *
 * Fails with WEFT_INVALID_TRANSACTION, WEFT_INVALID_BLOCK, WEFT_STATE_UNAVAILABLE, WEFT_INVALID_ARGUMENT,
 * WEFT_NO_RESOURCES; *result is then NULL. */
WEFT_API weft_status weft_execute_block(weft_engine *engine, const weft_chain *chain, const weft_state *state,
                                        const weft_block *block, uint32_t flags, weft_result **result,
                                        weft_error *error);

/** A single message: what eth_call executes. */
typedef struct weft_message {
    size_t struct_size;
    uint64_t gas;      /**< at most 2^63 - 1. Bounds the time: some hundred million are a second's work */
    weft_bytes input;  /**< call data, or init code */
    uint8_t is_create; /**< makes a contract: `to` is ignored */
    uint8_t is_static; /**< no changes allowed */
    uint8_t reserved[6];
    weft_address from; /**< CALLER and ORIGIN; pays the value */
    weft_address to;
    weft_word value;     /**< wei */
    weft_word gas_price; /**< what GASPRICE gives; nothing is paid */
    const weft_word *blob_hashes;
    size_t blob_hash_count;
    uint64_t timeout_ns; /**< ends the message with WEFT_CANCELLED when it runs longer; 0: no limit */
    /** A byte of the caller's, or NULL. Another thread that makes it 1 (in one access, as atomic bytes do) while the
     * message runs ends it with WEFT_CANCELLED; it is 0 before. The library makes it 1 when it ends the message for
     * another reason. Several messages may share one. */
    uint8_t *cancel;
} weft_message;

/** Executes one message in the environment of a block: number, timestamp, beneficiary and so on come from
 * *header.
 *
 * Any number of threads may call at once, on one engine and one state; each call takes about as long as its
 * instructions, half a microsecond more. There is no transaction around it: no intrinsic gas, no fee, no check of a nonce or of the sender's code.
 * The value must be there: else the outcome is "insufficient balance". Creating raises the sender's nonce.
 * The result has one receipt (index 0), whose gas_left is what the message did not use, and the state
 * changes. `flags` must be 0.
 *
 * WEFT_STATE_UNAVAILABLE, WEFT_INVALID_ARGUMENT, WEFT_NO_RESOURCES; that the message reverts is a result, not a failure. */
WEFT_API weft_status weft_call(weft_engine *engine, const weft_chain *chain, const weft_state *state,
                               const weft_header *header, const weft_message *message, uint32_t flags,
                               weft_result **result, weft_error *error);

/** Executes many messages, each as weft_call does and on the same state: none sees what another one did. They are
 * shared among all threads of the engine; call it for batches, since it takes its turn with blocks.
 *
 * `messages` are `count` pointers. results[i] becomes the result of message i, which the caller frees, or NULL when
 * it failed; errors[i] (`errors` may be NULL) says why, and is all zero where it did not. Returns WEFT_OK when all
 * worked, else the failure of the first that did not: the other results are there all the same. When nothing was
 * executed (an argument is wrong, no memory), all results are NULL and `errors` is untouched. */
WEFT_API weft_status weft_call_many(weft_engine *engine, const weft_chain *chain, const weft_state *state,
                                    const weft_header *header, const weft_message *const *messages, size_t count,
                                    uint32_t flags, weft_result **results, weft_error *errors, weft_error *error);

/* ---- control --------------------------------------------------------------------------------- */

/* An execution that is ended looks whether it is at each jump, call and read of state, so it ends with WEFT_CANCELLED
 * within a fraction of a millisecond, or when the callback or precompiled contract that is running returns. Nothing is
 * left half done. What is as good as finished may still succeed. */

/** Ends the block and all messages that run on the engine. What begins later, or waits for its turn, runs. Any thread,
 * callbacks of the engine included. WEFT_INVALID_ARGUMENT for what is no engine. */
WEFT_API weft_status weft_engine_cancel(weft_engine *engine, weft_error *error);
/** Ends each block and message that begins from now on when it has run for so long; 0: no limit, as in the beginning.
 * Of this and weft_message.timeout_ns the lesser counts. WEFT_INVALID_ARGUMENT likewise. */
WEFT_API weft_status weft_engine_set_timeout(weft_engine *engine, uint64_t timeout_ns, weft_error *error);
/** Sets what is called when the system refuses memory and the reserve does not suffice (see Memory, above): on the thread
 * that was refused, with the bytes that it wanted. When it returns, the process ends with exit code 2; it may end it in
 * its own way, but must not call the library, nor leave by longjmp or an exception. NULL: nobody is called. For all
 * engines; set it before the first is made. */
WEFT_API void weft_on_out_of_memory(void (*hook)(void *context, size_t size), void *context);

/* ---- results --------------------------------------------------------------------------------- */

/** Frees a result. */
WEFT_API void weft_result_free(weft_result *result);

/** A block's result at a glance. */
typedef struct weft_summary {
    size_t struct_size;
    uint64_t gas_used; /**< as the header counts it */
    uint64_t blob_gas_used;
    size_t receipt_count;  /**< one for each transaction of the block */
    size_t account_count;  /**< accounts that changed */
    size_t request_count;  /**< EIP-7685 requests with data */
    size_t conflict_count; /**< see weft_result_conflict; differs from run to run */
    /** Of blocks before Byzantium zero: their receipts carry state roots, which are not computed. */
    weft_word receipts_root;
    weft_word requests_hash; /**< EIP-7685 */
    weft_bloom bloom;
} weft_summary;
/** Writes the summary; zero in roots and bloom for weft_call. WEFT_INVALID_ARGUMENT. */
WEFT_API weft_status weft_result_summary(const weft_result *result, weft_summary *out);

/** In weft_receipt.outcome_code: how it ended. Success and revert keep the gas that is left. */
enum {
    WEFT_OUTCOME_SUCCESS = 0,
    WEFT_OUTCOME_REVERTED = 1,
    WEFT_OUTCOME_OUT_OF_GAS = 2,
    WEFT_OUTCOME_STACK_UNDERFLOW = 3,
    WEFT_OUTCOME_STACK_OVERFLOW = 4,
    WEFT_OUTCOME_BAD_JUMP = 5,
    WEFT_OUTCOME_UNDEFINED_INSTRUCTION = 6,
    WEFT_OUTCOME_INVALID_INSTRUCTION = 7, /**< 0xfe */
    WEFT_OUTCOME_STATIC_VIOLATION = 8,
    WEFT_OUTCOME_RETURN_DATA_OUT_OF_BOUNDS = 9,
    WEFT_OUTCOME_CREATE_COLLISION = 10,
    WEFT_OUTCOME_CODE_TOO_BIG = 11,        /**< EIP-170 */
    WEFT_OUTCOME_CODE_STARTS_WITH_EF = 12, /**< EIP-3541 */
    WEFT_OUTCOME_CODE_DEPOSIT_OUT_OF_GAS = 13,
    WEFT_OUTCOME_INITCODE_TOO_BIG = 14, /**< EIP-3860 */
    WEFT_OUTCOME_PRECOMPILE_FAILED = 15,
    WEFT_OUTCOME_CALL_TOO_DEEP = 16,
    WEFT_OUTCOME_INSUFFICIENT_BALANCE = 17,
    WEFT_OUTCOME_NONCE_OVERFLOW = 18, /**< EIP-2681 */
    WEFT_OUTCOME_SKIPPED = 100        /**< left out of the block: see weft_receipt.cause */
};

/** What one transaction, or the message of weft_call, did. */
typedef struct weft_receipt {
    size_t struct_size;
    uint64_t gas_used;       /**< what was paid for: after refunds */
    uint64_t gas_refunded;   /**< weft_call: the refund counter, which nothing was paid from */
    uint64_t gas_left;       /**< weft_call only */
    uint64_t cumulative_gas; /**< of this transaction and all before it in the block */
    uint32_t type;           /**< WEFT_TX_ */
    uint8_t succeeded;
    uint8_t reverted;    /**< failed by REVERT: `output` is the reason, as the contract encoded it */
    uint8_t has_created; /**< made a contract at `created` */
    uint8_t skipped;     /**< left out (WEFT_SKIP_INVALID); only `cause` is set then */
    const char *outcome; /**< "success", "execution reverted", "out of gas", ...; static */
    const char *cause;   /**< skipped: why, "TX_NONCE_TOO_LOW"; else NULL; static */
    weft_bytes output;   /**< returned, or reverted with */
    size_t log_count;
    const weft_bloom *bloom; /**< NULL for weft_call */
    weft_address sender;
    weft_address created;
    uint32_t outcome_code; /**< WEFT_OUTCOME_ */
    uint32_t reserved;
} weft_receipt;
/** Reads a receipt. WEFT_INVALID_ARGUMENT when there is none with that index. */
WEFT_API weft_status weft_result_receipt(const weft_result *result, size_t index, weft_receipt *out);

/** An event that a contract emitted. */
typedef struct weft_log {
    size_t struct_size;
    const weft_word *topics;
    size_t topic_count; /**< at most 4 */
    weft_bytes data;
    weft_address address;
    uint8_t reserved[4];
} weft_log;
/** Reads a log of a receipt. WEFT_INVALID_ARGUMENT when there is none. */
WEFT_API weft_status weft_result_log(const weft_result *result, size_t receipt, size_t index, weft_log *out);

/** Encodes a receipt as it stands in the receipts trie: type byte (none for legacy) and RLP. *size becomes the
 * size of the encoding; when `capacity` is smaller nothing is written to `out`, which may be NULL then.
 * WEFT_INVALID_ARGUMENT for a receipt that is not there or was skipped, and for results of weft_call. */
WEFT_API weft_status weft_result_encode_receipt(const weft_result *result, size_t index, uint8_t *out, size_t capacity,
                                                size_t *size);

/** A request of the execution layer (EIP-7685): type byte and data. WEFT_INVALID_ARGUMENT when there is none
 * with that index. */
WEFT_API weft_status weft_result_request(const weft_result *result, size_t index, weft_bytes *out);

/** The block access list (EIP-7928) in RLP: which accounts and slots were accessed, and what each transaction
 * changed. Of size 0 for weft_call, and for forks without it unless WEFT_LIST_ACCESSES was set or the block had
 * one. WEFT_INVALID_ARGUMENT. */
WEFT_API weft_status weft_result_access_list(const weft_result *result, weft_bytes *out);

/** An account that is different after the execution. Values are those after it. */
typedef struct weft_account_change {
    size_t struct_size;
    weft_address address;
    uint8_t exists;        /**< 0: the account is gone, with code and storage */
    uint8_t storage_wiped; /**< all its earlier slots are gone; `slots` are what is there now */
    uint8_t code_changed;
    uint8_t reserved;
    uint64_t nonce;
    weft_word balance;
    weft_word code_hash;
    weft_bytes code;        /**< when code_changed */
    const weft_slot *slots; /**< that changed, by key, ascending; value zero: the slot is gone */
    size_t slot_count;
} weft_account_change;
/** Reads the index-th changed account, by address, ascending. WEFT_INVALID_ARGUMENT when there is none. */
WEFT_API weft_status weft_result_account(const weft_result *result, size_t index, weft_account_change *out);

/** How an execution went. */
typedef struct weft_stats {
    size_t struct_size;
    const char *executor; /**< "serial", "parallel" or "access list"; static */
    const char *fallback; /**< why a parallel execution went on serially; NULL when it did not; static */
    uint64_t wall_ns;     /**< from the loaded state to the results: system calls, transactions, rewards */
    /** Processor time of the threads that executed, in the same span; 0 for weft_call, which takes less time than
     * asking for it. */
    uint64_t cpu_ns;
    uint64_t recover_wall_ns; /**< recovering senders, before that */
    uint64_t recover_cpu_ns;
    uint64_t seal_wall_ns; /**< receipts, roots, state changes, after it */
    uint64_t seal_cpu_ns;
    uint32_t threads;      /**< that took part */
    uint32_t transactions; /**< that were executed */
    uint32_t speculated;   /**< executions ahead of their turn */
    uint32_t reruns;       /**< executions whose result was thrown away */
    uint32_t conflicts;    /**< transactions whose execution ahead of their turn did not hold */
    uint32_t reserved;
} weft_stats;
/** Reads the statistics. They and the conflicts differ from run to run; nothing else in a result does.
 * WEFT_INVALID_ARGUMENT. */
WEFT_API weft_status weft_result_stats(const weft_result *result, weft_stats *out);

/** In weft_conflict.field. */
enum {
    WEFT_FIELD_NONE = 0, /**< the transaction could not be executed ahead at all */
    WEFT_FIELD_BALANCE = 1,
    WEFT_FIELD_NONCE = 2,
    WEFT_FIELD_CODE = 3,
    WEFT_FIELD_SLOT = 4
};

/** Why a transaction that had been executed ahead of its turn was executed again: what it had read was written
 * by an earlier one. */
typedef struct weft_conflict {
    size_t struct_size;
    uint32_t transaction; /**< index in the block */
    uint32_t field;       /**< WEFT_FIELD_: what had changed */
    weft_address address; /**< whose */
    uint8_t reserved[4];
    weft_word slot; /**< WEFT_FIELD_SLOT: the slot's key */
    uint32_t seen;  /**< who had written what it read: index in the block + 1; 0: the state before the block */
    uint32_t found; /**< who has written what is there at its turn; likewise */
} weft_conflict;
/** Reads a conflict. WEFT_INVALID_ARGUMENT when there is none with that index. */
WEFT_API weft_status weft_result_conflict(const weft_result *result, size_t index, weft_conflict *out);

#ifdef __cplusplus
}
#endif

#endif
