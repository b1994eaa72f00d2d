/* vm: the Ethereum virtual machine. Runs one message (a call or a contract creation) with everything it calls, on a
 * `struct state`, by the rules of a `struct fork`.
 *
 *     tx ──► vm_call(message) ──► frame ──► CALL, CREATE ──► frame ──► ...       one C recursion a level, at most 1,024
 *                │                  │
 *                │                  ├─ stack    one region per vm: a callee's stack begins behind its caller's part
 *                │                  ├─ memory   one region per vm: likewise; zeroed only as it grows
 *                ▼                  └─ output   a view into the finished frame's memory
 *            result
 *
 * Nothing is allocated per call or per instruction. What a frame changes goes through `state` behind a checkpoint; a
 * frame that fails is reverted there, so after vm_call the state holds the effects of a success and nothing of a
 * failure.
 *
 * Two interpreters are made from one list of instruction bodies: the plain one reads the bytecode as it is, checks gas
 * and stack before each instruction and can be traced; the fast one runs a plan made once per code. They give the same
 * results; tests compare them.
 *
 * Threads: one `struct vm` per worker; different ones may run at once, also on the same code. */
#ifndef WEFT_VM_H
#define WEFT_VM_H

#include "base/base.h"
#include "fork/fork.h"
#include "state/state.h"
#include "u256/u256.h"

/* Most bytes of memory that all frames of one message may hold together. Growing this far costs more than 10^12 gas,
 * more than any block has, so reaching the bound is out of gas. */
#define VM_MEMORY_MAX ((size_t)1 << 32)

/* How a message ended. Success and revert keep the gas that is left; everything behind them consumes it all. */
enum vm_status {
    VM_SUCCESS,
    VM_REVERT, /* REVERT; also a call that could not start: see vm_call */
    VM_OUT_OF_GAS,
    VM_STACK_UNDERFLOW,
    VM_STACK_OVERFLOW,
    VM_BAD_JUMP, /* not a JUMPDEST */
    VM_UNDEFINED_INSTRUCTION,
    VM_INVALID_INSTRUCTION, /* 0xfe */
    VM_STATIC_VIOLATION,    /* a change under STATICCALL */
    VM_RETURN_DATA_OUT_OF_BOUNDS,
    VM_CREATE_COLLISION,
    VM_CODE_TOO_BIG,        /* EIP-170 */
    VM_CODE_STARTS_WITH_EF, /* EIP-3541 */
    VM_CODE_DEPOSIT_OUT_OF_GAS,
    VM_INITCODE_TOO_BIG, /* EIP-3860 */
    VM_PRECOMPILE_FAILED,
    VM_CALL_TOO_DEEP,        /* keeps its gas */
    VM_INSUFFICIENT_BALANCE, /* keeps its gas */
    VM_NONCE_OVERFLOW,       /* EIP-2681; keeps its gas */
    VM_STATUS_COUNT
};
/* A short English text ("out of gas"). Any thread. */
const char *vm_status_text(enum vm_status s);

/* Gas has two dimensions from EIP-8037 on; before it, state is always 0. State gas is taken from the reservoir and,
 * when that is empty, from execution gas. A callee gets the whole reservoir. */
struct vm_gas {
    int64_t execution;
    int64_t state; /* the reservoir for state growth */
};

/* What a message has done with state gas, together with the messages below it that succeeded. With
 * STATE_GAS_LAST_FIRST `spilled` is all there is to know, the other three are of older drafts of EIP-8037. */
struct vm_state_use {
    int64_t spilled;  /* taken from execution gas, less what was given back to it */
    int64_t used;     /* paid, less what was refunded */
    int64_t refunded; /* put back into the reservoir; taken out again when the message fails */
    int64_t owed; /* refunds for what a caller has paid (they share storage): it gets them when the message succeeds */
};

/* What instructions can ask about block and transaction. The VM only reads it, while vm_call runs; the caller may
 * change it in between. */
struct vm_env {
    /* block */
    uint64_t number, timestamp, gas_limit;
    uint64_t chain_id;
    uint64_t slot_number; /* EIP-7843 */
    struct address coinbase;
    struct u256 prevrandao;    /* before Paris: the difficulty */
    struct u256 base_fee;      /* wei per gas */
    struct u256 blob_base_fee; /* wei per blob gas, modulo 2^256: what BLOBBASEFEE gives */
    bool blob_base_fee_beyond; /* it is 2^256 or more: nobody can pay it */
    uint64_t state_byte_gas;   /* state gas per byte of state growth (EIP-8037); 0: nothing is paid in it */
    /* transaction */
    struct address origin;
    struct u256 gas_price; /* effective, wei per gas */
    const struct hash *blob_hashes;
    uint32_t blob_hash_count;
};

enum vm_kind {
    VM_CALL,
    VM_CALLCODE,
    VM_DELEGATECALL,
    VM_STATICCALL,
    VM_CREATE,
    VM_CREATE2,
};

/* A message. Fields that a kind does not need are ignored. Accounts are records of the vm's state. */
struct vm_message {
    enum vm_kind kind;
    bool is_static; /* no changes allowed (also set for STATICCALL) */
    uint32_t depth; /* 0 for a transaction's own message */
    struct vm_gas gas;
    int64_t spilled; /* a transaction's own message: state gas that execution gas has paid for before it (EIP-2780) */
    struct account *sender;       /* CALLER; pays `value` */
    struct account *recipient;    /* ADDRESS; calls: whose storage and balance. Creates: set by vm_call */
    struct account *code_account; /* calls: whose code runs; the recipient, but for CALLCODE and DELEGATECALL */
    const struct code *code;      /* calls: what runs, delegation resolved. NULL: vm_call finds it (vm_code_of) */
    struct u256 value;  /* wei; moved from sender to recipient, but for CALLCODE, DELEGATECALL and STATICCALL */
    struct bytes input; /* calls: call data. Creates: initcode */
    struct u256 salt;   /* CREATE2 */
};

struct vm_result {
    enum vm_status status;
    struct vm_gas gas;       /* left */
    struct bytes output;     /* returned or reverted with; valid until the next vm_call on this vm */
    struct account *created; /* creates that succeeded: the new account; else NULL */
    struct vm_state_use state_use;
    /* vm_call only, drafts: state gas that was taken from execution gas, also by messages that failed */
    int64_t state_spilled;
};

/* ---- tracing ------------------------------------------------------------------------------------------------- */

/* One instruction, as it is found before it runs. Pointers are valid during the callback. */
struct vm_step {
    uint32_t pc;
    uint8_t op;
    uint32_t depth;           /* 1 for the outermost frame, as EIP-3155 counts */
    int64_t gas;              /* before */
    int64_t refund;           /* counter before */
    const struct u256 *stack; /* bottom first */
    uint32_t stack_count;
    struct bytes memory;
    struct bytes return_data;      /* of the last call */
    const struct account *account; /* ADDRESS */
};

/* What an instruction turned out to cost. */
struct vm_cost {
    int64_t gas;    /* calls: what is passed on as well; creates: without it. Of a failing instruction its base gas */
    int64_t refund; /* counter, once the instruction is paid */
    enum vm_status error; /* VM_SUCCESS, or why the frame ends at this instruction: VM_REVERT, ... */
    struct bytes memory;  /* as far as it has grown by now */
};

/* Callbacks for everything that runs; any may be NULL. For each instruction: `step`, then `cost` as soon as its price
 * is known, which for calls and creates is before the callee runs and for the others is after it ran. `enter` and
 * `exit` come in pairs, also for precompiles and for messages that cannot start. The result that `exit` sees has as
 * output of a create the code that it returned, whether that could be stored or not. */
struct vm_tracer {
    void *context;
    void (*step)(void *context, const struct vm_step *step);
    void (*cost)(void *context, const struct vm_cost *cost);
    void (*enter)(void *context, const struct vm_message *message);
    void (*exit)(void *context, const struct vm_message *message, const struct vm_result *result);
};

/* ---- running ------------------------------------------------------------------------------------------------- */

/* Pays `cost` of state gas out of the reservoir, then out of execution gas, and counts the latter in *spilled. False, and
 * nothing changed: there is not enough of both. */
bool vm_gas_pay_state(struct vm_gas *gas, int64_t *spilled, uint64_t cost);

struct vm;

/* A machine for one worker; reserves address space for stack and memory. Free with vm_free. */
struct vm *vm_new(void);
/* The same, but NULL where the system gives no address space, instead of ending the process. */
struct vm *vm_try_new(void);
void vm_free(struct vm *vm);

/* Forgets what was kept from one transaction to the next (hashes that were computed), so that every block begins
 * alike. */
void vm_begin_block(struct vm *vm);
/* Shares results of precompiled contracts with other machines through `memo` (precompile/precompile.h), which is the
 * caller's, to be cleared with every vm_begin_block. NULL, as in the beginning: each call is computed. */
struct precompile_memo;
void vm_set_memo(struct vm *vm, struct precompile_memo *memo);
/* Says what the next calls run on. All three must outlive them; cheap enough for every transaction. */
void vm_attach(struct vm *vm, const struct fork *fork, struct state *state, const struct vm_env *env);
/* Traces from now on; NULL: no more. A traced vm runs the plain interpreter. */
void vm_set_tracer(struct vm *vm, const struct vm_tracer *tracer);
/* Runs everything in the plain interpreter: the slow twin, for tests and comparison. */
void vm_set_plain(struct vm *vm, bool plain);

/* Runs a message to its end.
 *
 * Calls: checks depth and the sender's balance, moves the value, runs precompile or code. Creates: the same, finds the
 * new address from the sender's nonce (kind VM_CREATE) or salt and initcode (VM_CREATE2), checks for a collision, runs
 * the initcode, and stores what it returns. A sender's nonce must be raised before: by the transaction for depth 0,
 * where the address comes from nonce - 1; deeper, the CREATE instruction does it. Warming of sender, recipient and
 * coinbase is the transaction's task as well; the created address is warmed here.
 *
 * Gas of the transaction itself is not charged here. Reverted changes are gone from the state when this returns.
 * Refunds are in state->refund. When the view fails, or there
 * is no memory, state->failure is set and the result means nothing. */
void vm_call(struct vm *vm, const struct vm_message *message, struct vm_result *result);

/* The code that runs when `account` is called: its own, or (EIP-7702) that of the account it delegates to, which is
 * then marked as accessed. Delegation is followed once only. For transactions, where following it costs no gas. */
const struct code *vm_code_of(struct vm *vm, struct account *account);
/* The same where the access to what `account` delegates to is paid out of *gas (EIP-2780). NULL, and nothing accessed: it
 * cannot be. */
const struct code *vm_pay_for_code(struct vm *vm, struct account *account, int64_t *gas);
/* The account that a create is for; it counts as accessed from now on. The sender's nonce has been raised. */
struct account *vm_reach_created(struct vm *vm, const struct vm_message *message);

/* Logs of value that changes hands, or is destroyed with its account, where the fork has such logs (EIP-7708); nothing
 * for no value and for a transfer from an account to itself. */
void vm_log_transfer(struct vm *vm, const struct account *from, const struct account *to, const struct u256 *value);
void vm_log_burn(struct vm *vm, const struct account *account, const struct u256 *value);

/* Finds out ahead of its first execution where jumps into a code may land. Any thread; a hint, execution does it
 * otherwise. */
void vm_prepare_code(const struct code *code);
/* Frees what the VM keeps in code->plan; for code_cache_new. */
void vm_plan_free(void *plan);
/* Bytes of memory that it has; for code_cache_bound. */
size_t vm_plan_bytes(const struct code *code);

#endif
