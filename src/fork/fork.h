/* fork: the rules of every Ethereum fork, as data; and which fork a block of which chain obeys.
 *
 * A `struct fork` says all that differs between forks: which opcodes exist and their base gas, every gas constant,
 * limits, and the rules that are no number as enums or booleans named for what they do. The rest of weft reads these
 * fields and never asks which fork it is in. forks.c writes each fork as a delta over the one before, so it reads as
 * Ethereum's history.
 *
 *     chain_spec (mainnet, sepolia, ...)  ── chain_fork_at(number, timestamp) ──►  const struct fork *
 *     "Osaka", "EIP158", "Merge", ...     ── fork_find(name)                  ──►  const struct fork *
 *
 * Everything here is constant: any thread, no ownership. Gas is in gas units, sizes in bytes, fees in wei. */
#ifndef WEFT_FORK_H
#define WEFT_FORK_H

#include "base/base.h"
#include "fork/precompile_rules.h"
#include "types/types.h"

/* ---- opcodes ------------------------------------------------------------------------------------------------- */

enum opcode {
#define OP(name, byte, in, out, immediate) OP_##name = byte,
#include "fork/opcodes.def"
#undef OP
};

/* What an opcode is, in every fork the same. name is NULL where no opcode is. */
struct opcode_info {
    const char *name;
    uint8_t in, out;   /* stack items taken and given back */
    uint8_t immediate; /* bytes behind the opcode that belong to it */
};
extern const struct opcode_info opcode_infos[256];

/* What a fork makes of an opcode. gas is what is always paid, before any part that depends on operands or state. */
struct op_rule {
    uint16_t gas;
    bool on;
};

/* ---- rules that are no number -------------------------------------------------------------------------------- */

enum sstore_rule {
    SSTORE_PLAIN, /* by current and new value only */
    SSTORE_NET,   /* by original, current and new value: EIP-1283, EIP-2200, EIP-2929, EIP-3529 */
};

enum selfdestruct_rule {
    SELFDESTRUCT_ALWAYS,           /* removes the account */
    SELFDESTRUCT_SAME_TRANSACTION, /* EIP-6780: only accounts created in the same transaction */
};

enum difficulty_rule {
    DIFFICULTY_FRONTIER,  /* up or down by 1/2048 */
    DIFFICULTY_HOMESTEAD, /* EIP-2: by the time since the parent, 10 seconds a step */
    DIFFICULTY_BYZANTIUM, /* EIP-100: 9 seconds a step, uncles count */
    DIFFICULTY_NONE,      /* EIP-3675: proof of stake, difficulty is 0 */
};

/* EIP-8037: where state gas goes that was paid for state that did not come to stay. */
enum state_gas_rule {
    STATE_GAS_LOST,         /* release zkevm@v0.3.3: nowhere; what a slot cost goes into the refund counter */
    STATE_GAS_TO_RESERVOIR, /* release bal@v5.7.0: into the reservoir */
    STATE_GAS_LAST_FIRST,   /* where it came from: first what was taken from execution gas, then the reservoir */
};

/* Transaction types a fork accepts: a mask of 1 << type. */
enum {
    TX_TYPE_LEGACY = 1 << 0,
    TX_TYPE_ACCESS_LIST = 1 << 1, /* EIP-2930 */
    TX_TYPE_DYNAMIC_FEE = 1 << 2, /* EIP-1559 */
    TX_TYPE_BLOB = 1 << 3,        /* EIP-4844 */
    TX_TYPE_SET_CODE = 1 << 4,    /* EIP-7702 */
};

/* Requests of the execution layer that a block carries: a mask of 1 << request type. */
enum {
    REQUEST_DEPOSIT = 1 << 0,         /* EIP-6110 */
    REQUEST_WITHDRAWAL = 1 << 1,      /* EIP-7002 */
    REQUEST_CONSOLIDATION = 1 << 2,   /* EIP-7251 */
    REQUEST_BUILDER_DEPOSIT = 1 << 3, /* EIP-8282 */
    REQUEST_BUILDER_EXIT = 1 << 4,    /* EIP-8282 */
};

/* Numbers that never changed. */
enum {
    CALL_DEPTH_MAX = 1024,
    STACK_ITEMS_MAX = 1024,
    BLOCK_HASHES = 256,   /* how far BLOCKHASH sees */
    GAS_LIMIT_MIN = 5000, /* of a block */
    GAS_LIMIT_BOUND_DIVISOR = 1024,
    EXTRA_DATA_MAX = 32,
    OMMERS_MAX = 2,
    OMMER_AGE_MAX = 6,
    GAS_PER_BLOB = 1 << 17,
    DELEGATION_SIZE = 23, /* 0xef0100 and an address; EIP-7702 */
};
#define GAS_LIMIT_MAX ((uint64_t)INT64_MAX) /* of a block; EIP-1985 */

/* ---- a fork -------------------------------------------------------------------------------------------------- */

struct fork {
    const char *name;    /* as execution-spec-tests calls it */
    const char *aliases; /* other names, separated by spaces */

    struct op_rule op[256];

    /* What instructions cost beyond their base gas. */
    struct {
        uint32_t exp_byte;    /* EXP, per byte of the exponent: 10, 50 (EIP-160) */
        uint32_t keccak_word; /* per 32 bytes */
        uint32_t copy_word;   /* per 32 bytes copied */
        uint32_t memory_word; /* memory: words * this + words^2 / 512 */
        uint32_t log_topic, log_byte;
        uint32_t call_value;               /* a call that carries value */
        uint32_t call_stipend;             /* what its callee gets for nothing */
        uint32_t new_account;              /* a call that brings an account into existence */
        uint32_t selfdestruct_new_account; /* the same by SELFDESTRUCT: 0, 25000 (EIP-150) */
        uint32_t selfdestruct_refund;      /* 24000, 0 (EIP-3529) */
        uint32_t code_byte;                /* code deposit, per byte */
        uint32_t code_word;                /* and per 32 bytes, for hashing it: 0, 6 (EIP-8037) */
        uint32_t initcode_word;            /* per 32 bytes of initcode: 0, 2 (EIP-3860) */
        uint32_t cold_account; /* whole price of a cold account, 0 before EIP-2929; base gas counts towards it */
        uint32_t cold_slot;    /* the same of a cold storage slot */
        uint32_t warm;         /* whole price of either when warm */
    } gas;

    /* SSTORE. Its base gas in op[] is 0: all of its price is here. */
    struct {
        enum sstore_rule rule;
        uint32_t set;          /* zero to something */
        uint32_t reset;        /* anything else; without the cold part */
        uint32_t same;         /* net rule: no change, or changed before in this transaction */
        uint32_t warm;         /* on top, where the slot is not cold: 0, 100 (EIP-8038) */
        uint32_t clear_refund; /* something to zero */
        bool needs_stipend;    /* EIP-2200: fails with no more than call_stipend gas left */
    } sstore;
    enum selfdestruct_rule selfdestruct;

    /* What a transaction costs before it runs, and what it gets back. */
    struct {
        uint32_t base;                 /* 21000, 12000 (EIP-2780) */
        uint32_t create;               /* on top, for a contract creation: 0, 32000 (EIP-2), 12000 (EIP-8038) */
        uint32_t recipient;            /* on top, for a call of another account: 0, 3000 (EIP-2780) */
        uint32_t value;                /* on top, when such a call carries value: 0, 6000 (EIP-2780) */
        uint32_t data_zero, data_byte; /* per byte of data: 4 and 68, 16 (EIP-2028) */
        uint32_t access_address;       /* EIP-2930 */
        uint32_t access_key;
        uint32_t floor_token; /* EIP-7623: at least base + this for each token of data; 0: no floor */
        /* EIP-2780: the floor has what the recipient costs as well; what depends on state (new accounts, authorities,
         * a delegation of the recipient) is charged before the first frame, out of the gas that it would get */
        bool charges_at_run_time;
        uint32_t floor_zero, floor_byte; /* tokens of a zero byte and of another: 1 and 4, both 4 (EIP-7976) */
        /* tokens of a byte of the access list, in the floor and out of it: 0, 4 (EIP-7981) */
        uint32_t access_list_byte;
        uint32_t authorization;        /* EIP-7702, each */
        uint32_t authorization_refund; /* when its account exists */
        uint32_t authority_write;      /* EIP-8038: the first write of an authority, with charges_at_run_time */
        uint32_t refund_quotient;      /* refund at most gas used / this: 2, 5 (EIP-3529) */
        uint32_t types;                /* mask of TX_TYPE_ */
    } tx;

    /* Sizes and amounts that are too much. 0: no limit. */
    struct {
        uint32_t code_size;     /* EIP-170 */
        uint32_t initcode_size; /* EIP-3860 */
        uint32_t tx_gas;        /* EIP-7825; with state gas it bounds execution gas (EIP-8037) */
        uint32_t tx_total_gas;  /* of both kinds (EIP-8037) */
        uint32_t block_size;    /* RLP of a block; EIP-7934 */
    } limit;

    /* EIP-4844. max is 0 before it. */
    struct {
        uint32_t target, max;     /* blobs a block */
        uint32_t max_per_tx;      /* EIP-7594; before it the same as max */
        uint32_t update_fraction; /* of the blob base fee */
        uint32_t base_cost;       /* EIP-7918: reserve price, this much execution gas a blob; 0: none */
    } blob;

    /* EIP-8037: what makes the state grow is paid in a gas of its own, by the byte. */
    struct {
        uint32_t byte_gas;         /* price of a byte; 0: it follows the block's gas limit, see fork_state_byte_gas */
        uint64_t byte_year_target; /* bytes by which the state may grow in a year: 0 without byte price or before it */
        uint32_t price_bits;       /* significant bits of the price ... */
        uint32_t price_offset;     /* ... plus this */
        uint32_t account, slot, delegation; /* bytes that each adds */
        uint32_t system_slots;              /* so many new slots are in the reservoir of a system call */
        enum state_gas_rule rule;
    } state_growth;

    /* EIP-1559. elasticity is 0 before it. */
    struct {
        uint32_t elasticity, denominator;
        uint64_t initial; /* of the first block */
    } base_fee;

    struct fork_precompile precompile;

    uint64_t block_reward; /* wei */
    enum difficulty_rule difficulty;
    uint64_t bomb_delay; /* blocks by which the difficulty bomb is put off; EIP-649 and successors */
    uint32_t min_difficulty;

    /* The VM. */
    bool keeps_64th;               /* EIP-150: a call keeps back a 64th of the gas; before, too much gas asked fails */
    bool clear_empty;              /* EIP-161: empty accounts do not exist; new contracts start with nonce 1 */
    bool deposit_out_of_gas_fails; /* EIP-2: code that cannot be paid for fails the create; before, it leaves no code */
    bool reject_ef_code;           /* EIP-3541 */
    bool storage_collides;         /* EIP-7610: no contract is created where there is storage; else it is wiped */
    bool selfdestruct_keeps_balance; /* EIP-8246: nothing is burnt: what an account still has stays */
    bool delegation;                 /* EIP-7702: code 0xef0100 and an address means that account's code */
    bool warm_coinbase;              /* EIP-3651 */
    bool prevrandao;                 /* EIP-4399: opcode 0x44 is randomness, not difficulty */

    /* Transactions. */
    bool low_s;             /* EIP-2: signatures with high s are refused */
    bool replay_protection; /* EIP-155: v may carry the chain id */
    bool receipt_status;    /* EIP-658: receipts say success, not the state root */

    /* Blocks. */
    bool withdrawals;               /* EIP-4895 */
    bool beacon_root;               /* EIP-4788: stored by a system call at the start of a block */
    bool parent_hash;               /* EIP-2935: likewise */
    uint32_t requests;              /* EIP-7685: mask of REQUEST_ */
    bool transfer_logs;             /* EIP-7708: value transfers emit logs */
    bool block_gas_without_refunds; /* EIP-7778 */
    bool block_access_list;         /* EIP-7928 */
    bool slot_number;               /* EIP-7843: in the header */
};

extern const struct fork fork_frontier, fork_homestead, fork_tangerine_whistle, fork_spurious_dragon, fork_byzantium,
    fork_constantinople, fork_petersburg, fork_istanbul, fork_muir_glacier, fork_berlin, fork_london,
    fork_arrow_glacier, fork_gray_glacier, fork_paris, fork_shanghai, fork_cancun, fork_prague, fork_osaka, fork_bpo1,
    fork_bpo2, fork_bpo3, fork_bpo4, fork_bpo5, fork_amsterdam;

/* Amsterdam as drafts had it, named for the releases of tests that were made from them ("Amsterdam-zkevm@v0.3.3",
 * "Amsterdam-bal@v5.7.0"). fork_find knows them; they are in fork_drafts[], not in forks[]. */
extern const struct fork fork_amsterdam_zkevm_0_3_3, fork_amsterdam_bal_5_7_0;

/* Every fork, oldest first; the last is followed by NULL. Likewise its drafts, all of them of the last one. */
extern const struct fork *const forks[];
extern const struct fork *const fork_drafts[];

/* The fork of that name or alias ("Osaka", "EIP150", "Merge", "ConstantinopleFix", ...), in any case of letters; NULL
 * if there is none. */
const struct fork *fork_find(const char *name);

/* Adds to a copy of a fork an EIP, of those that change opcodes alone (1153, 1344, 1884, 2200, 3198, 3529, 3855, 5656,
 * 6780, 7843, 7939, 8024). Also true for 2929, 3860 and 7702 where the fork has them. False, and nothing changed, for any
 * other. */
bool fork_add_eip(struct fork *f, uint64_t eip);

/* The fork with other numbers of blobs: `target`, `max` and `update_fraction`, which is not 0. The same for the same
 * numbers, and there until the process ends. Any thread. */
const struct fork *fork_with_blobs(const struct fork *base, uint32_t target, uint32_t max, uint32_t update_fraction);

/* State gas for one byte of state growth in a block of that gas limit (EIP-8037); 0 where state growth has no gas of
 * its own. */
uint64_t fork_state_byte_gas(const struct fork *fork, uint64_t gas_limit);

/* ---- system contracts ---------------------------------------------------------------------------------------- */

extern const struct address system_address;                 /* the caller of system calls */
extern const struct address beacon_roots_address;           /* EIP-4788 */
extern const struct address history_storage_address;        /* EIP-2935 */
extern const struct address withdrawal_requests_address;    /* EIP-7002 */
extern const struct address consolidation_requests_address; /* EIP-7251 */
extern const struct address builder_deposits_address;       /* EIP-8282 */
extern const struct address builder_exits_address;          /* EIP-8282 */

/* By type of request: the contract that gives them when it is called at the end of a block. NULL: they are logs of the
 * chain's deposit contract. */
enum { REQUEST_TYPES = 5 };
extern const struct address *const request_contracts[REQUEST_TYPES];
/* Whether the fork calls `a` at the end of a block. */
bool fork_asks_for_requests(const struct fork *fork, const struct address *a);

/* EIP-779: whose balances moved, and where to. */
extern const struct address dao_accounts[];
extern const size_t dao_account_count;
extern const struct address dao_refund_address;

/* ---- chains -------------------------------------------------------------------------------------------------- */

enum activation_by { BY_NUMBER, BY_TIMESTAMP };

/* From which block on a fork's rules hold: number or timestamp at least `at`. */
struct activation {
    const struct fork *fork;
    enum activation_by by;
    uint64_t at;
};

enum { CHAIN_ACTIVATIONS_MAX = 32 };
#define NEVER UINT64_MAX

/* A chain: its id and when its forks begin, oldest first. */
struct chain_spec {
    const char *name;
    uint64_t id;
    uint64_t dao_block; /* EIP-779: the irregular state change happens in this block; NEVER: not on this chain */
    struct address deposit_contract; /* EIP-6110 */
    /* A private chain whose genesis lacks the contracts of EIP-7002 or EIP-7251: blocks go without their requests, where
     * the EIPs call such a block invalid. */
    bool lacks_request_contracts;
    /* EIP-3675: where no activation has said so before, the rules are `merged` from the first block on whose parent has
     * this total difficulty. NULL: the merge is an activation like any other. */
    const struct fork *merged;
    struct u256 terminal_total_difficulty;
    uint64_t netsplit_block; /* at which no rules change, and fork ids do; 0: none */
    struct activation activations[CHAIN_ACTIVATIONS_MAX];
    uint32_t activation_count;
};

extern const struct chain_spec chain_mainnet, chain_sepolia, chain_holesky, chain_hoodi;

/* The chain of that name ("mainnet", ...) or with that id; NULL if it is not one of the above. */
const struct chain_spec *chain_find(const char *name);
const struct chain_spec *chain_with_id(uint64_t id);

/* The rules of the block with that number and timestamp. Never NULL. */
const struct fork *chain_fork_at(const struct chain_spec *chain, uint64_t number, uint64_t timestamp);

/* The same where the merge may be at a total difficulty. chain_fork_after is told that of the block before. chain_fork_of
 * goes by what the header says itself, as all headers after the merge have a difficulty of 0: who knows the total
 * difficulty must compare. */
const struct fork *chain_fork_after(const struct chain_spec *chain, uint64_t number, uint64_t timestamp,
                                    struct u256 total_difficulty);
const struct fork *chain_fork_of(const struct chain_spec *chain, const struct header *h);

/* The fork id (EIP-2124) of a node whose head has that number and timestamp. `genesis` is the hash of the first block,
 * `start` its timestamp: what begins before it was always there. */
uint32_t chain_fork_id(const struct chain_spec *chain, const struct hash *genesis, uint64_t start, uint64_t number,
                       uint64_t timestamp);

/* The chain that a test fixture names: a fork ("Cancun": from block 0 on) or a change of forks
 * ("CancunToPragueAtTime15k", "BerlinToLondonAt5"). Chain id 1, mainnet's deposit contract. UNKNOWN_FORK if no fork has
 * that name; *out is then untouched. */
enum status chain_from_network(struct chain_spec *out, const char *network, struct error *e);

#endif
