/* fast: what the fast interpreter executes.
 *
 * The translator (translate.c) reads bytecode from one place up to the next jump, with a stack that exists only on
 * paper. PUSH, DUP, SWAP and POP only change that paper; what is left are instructions with operands and a result
 * anywhere on the real stack:
 *
 *     bytecode    DUP3  PUSH1 0x20  ADD  SWAP2  POP            fast    ADD_C  [-1] = [-2] + 0x20
 *
 * Where the run ends, and where somebody may look at the stack, the words that are not in their places are moved there.
 *
 *     run    RUN │ ADD_C │ MSTORE │ ... │ SLOAD │ CUT │ ... │ BRANCH_LT ──► cell ──► run
 *
 * RUN checks at once the gas and the stack that all instructions up to the end (gas: up to the next CUT) need. When
 * they are not there, the plain interpreter goes on from that place and finds out where exactly it ends. A CUT stands
 * behind everything that reaches state or other frames: what comes before it must have paid no more than it would have
 * in the plain interpreter, so that the same accesses happen and the same gas is passed on.
 *
 * Positions on the stack are in bytes from sp, which points at the item that is on top when the run begins, and does
 * not move before it ends. A run may use dead places above the top as scratch. */
#ifndef WEFT_VM_INTERPRETER_FAST_H
#define WEFT_VM_INTERPRETER_FAST_H

/* Lists read best as they stand. */
/* clang-format off */

#include "vm/translator/plan.h"

struct fast {
    const void *handler;
    int16_t to, a; /* result and operands: bytes from sp */
    union {
        struct {
            int16_t b, c;
        };
        uint32_t number;
    };
};
/* With a constant as one of the operands. */
struct fast_constant {
    struct fast base;
    struct u256 value;
};
/* RUN: a = the deepest item used, to = the highest one; CUT: a = the top of the stack. */
struct fast_check {
    struct fast base;
    uint32_t cost, position;
};
/* The end of a run; `to` is what sp moves by. `cell` may be `own`, where the destination is no JUMPDEST. */
struct fast_jump {
    struct fast base;
    struct cell *cell;
    struct cell own;
    uint64_t position; /* of what the cell is for */
};
struct fast_branch {
    struct fast_jump taken;
    struct cell next; /* the run behind, when the branch is not taken */
    uint64_t next_position;
    struct u256 value; /* of the forms with a constant */
};

/* All fast instructions. _C: the second operand is a constant; C_: the first is. */
#define FAST_BINARY(X, NAME) X(NAME) X(NAME##_C) X(C_##NAME)
#define FAST_BRANCH(X, NAME) X(BRANCH_##NAME) X(BRANCH_##NAME##_C) X(BRANCH_NOT_##NAME) X(BRANCH_NOT_##NAME##_C)
#define FAST_INSTRUCTIONS(X)                                                                                           \
    FAST_BINARY(X, ADD) FAST_BINARY(X, MUL) FAST_BINARY(X, SUB) FAST_BINARY(X, DIV) FAST_BINARY(X, SDIV)               \
    FAST_BINARY(X, MOD) FAST_BINARY(X, SMOD) FAST_BINARY(X, SIGNEXTEND) FAST_BINARY(X, LT) FAST_BINARY(X, GT)          \
    FAST_BINARY(X, SLT) FAST_BINARY(X, SGT) FAST_BINARY(X, EQ) FAST_BINARY(X, AND) FAST_BINARY(X, OR)                  \
    FAST_BINARY(X, XOR) FAST_BINARY(X, BYTE) FAST_BINARY(X, SHL) FAST_BINARY(X, SHR) FAST_BINARY(X, SAR)               \
    X(SHL_0) X(SHL_64) X(SHL_128) X(SHL_192) X(SHR_0) X(SHR_64) X(SHR_128) X(SHR_192)                                  \
    X(ADDMOD) X(MULMOD)                                                                                                \
    X(ISZERO) X(NOT) X(CLZ) X(CALLDATALOAD) X(CALLDATALOAD_AT) X(BLOBHASH) X(TLOAD) X(BLOCKHASH)                       \
    X(ADDRESS) X(ORIGIN) X(CALLER) X(CALLVALUE) X(CALLDATASIZE) X(CODESIZE) X(GASPRICE) X(RETURNDATASIZE)              \
    X(COINBASE) X(TIMESTAMP) X(NUMBER) X(PREVRANDAO) X(GASLIMIT) X(CHAINID) X(SELFBALANCE) X(BASEFEE)                  \
    X(BLOBBASEFEE) X(SLOTNUM) X(MSIZE) X(GAS)                                                                          \
    X(EXP) X(KECCAK256) X(KECCAK256_AT) X(MLOAD) X(MLOAD_AT) X(MSTORE) X(MSTORE_AT) X(MSTORE8)                         \
    X(CALLDATACOPY) X(CODECOPY) X(MCOPY)                                                                               \
    X(BALANCE) X(EXTCODESIZE) X(EXTCODECOPY) X(RETURNDATACOPY) X(EXTCODEHASH) X(SLOAD) X(SSTORE) X(TSTORE)             \
    X(LOG0) X(LOG1) X(LOG2) X(LOG3) X(LOG4)                                                                            \
    X(CREATE) X(CALL) X(CALLCODE) X(DELEGATECALL) X(CREATE2) X(STATICCALL)                                             \
    X(MOVE) X(SET) X(SET_SMALL)                                                                                        \
    X(RUN) X(CUT) X(JUMP) X(JUMP_TO) X(JUMPI) X(BRANCH) X(BRANCH_NOT)                                                  \
    FAST_BRANCH(X, LT) FAST_BRANCH(X, GT) FAST_BRANCH(X, SLT) FAST_BRANCH(X, SGT) FAST_BRANCH(X, EQ)                   \
    X(STOP) X(RETURN) X(REVERT) X(SELFDESTRUCT) X(FAIL) X(LEAVE)

enum fast_op {
#define FAST_OP(name) FAST_##name,
    FAST_INSTRUCTIONS(FAST_OP)
#undef FAST_OP
};

/* By enum fast_op: what goes into fast.handler. */
const void *const *vm_fast_handlers(void);

/* Goes on with the translated run at `ip`. */
enum vm_status vm_fast_enter(const struct fast *ip, struct u256 *sp, int64_t gas, struct frame *f);

/* clang-format on */

#endif
