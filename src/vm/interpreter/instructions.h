/* Which body each instruction has, for every dispatcher: VALUE bodies cannot fail, GAS bodies may. What is in neither
 * list moves the program counter, ends the frame, or is PUSH, DUP or SWAP: the dispatchers do those themselves. */
#ifndef WEFT_VM_INTERPRETER_INSTRUCTIONS_H
#define WEFT_VM_INTERPRETER_INSTRUCTIONS_H

/* Lists read best as they stand. */
/* clang-format off */

/* What lies outside of the frame is a struct state, or what a build says instead: src/evmc compiles the interpreters
 * once more over the callbacks of an EVMC host. */
#ifdef WEFT_VM_OUTSIDE
#include WEFT_VM_OUTSIDE
#else
#include "vm/interpreter/storage.h"
#endif
#include "vm/interpreter/arithmetic.h"
#include "vm/interpreter/environment.h"
#include "vm/interpreter/memory.h"

static ALWAYS_INLINE int64_t op_extcodecopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    return vm_op_extcodecopy(f, sp, gas);
}
static ALWAYS_INLINE int64_t op_sstore(struct frame *f, struct u256 *sp, int64_t gas)
{
    return vm_op_sstore(f, sp, gas);
}

/* Instructions that differ in one argument of a common function. */
#define WITH_ARGUMENT(name, function, argument)                                                                        \
    static ALWAYS_INLINE int64_t op_##name(struct frame *f, struct u256 *sp, int64_t gas)                              \
    {                                                                                                                  \
        return function(f, sp, gas, argument);                                                                         \
    }
WITH_ARGUMENT(log0, vm_op_log, 0)
WITH_ARGUMENT(log1, vm_op_log, 1)
WITH_ARGUMENT(log2, vm_op_log, 2)
WITH_ARGUMENT(log3, vm_op_log, 3)
WITH_ARGUMENT(log4, vm_op_log, 4)
WITH_ARGUMENT(call, vm_op_call, VM_CALL)
WITH_ARGUMENT(callcode, vm_op_call, VM_CALLCODE)
WITH_ARGUMENT(delegatecall, vm_op_call, VM_DELEGATECALL)
WITH_ARGUMENT(staticcall, vm_op_call, VM_STATICCALL)
WITH_ARGUMENT(create, vm_op_create, VM_CREATE)
WITH_ARGUMENT(create2, vm_op_create, VM_CREATE2)
#undef WITH_ARGUMENT

/* What cannot fail, by shape: two operands and a result; three; one; none. */
#define BINARY_INSTRUCTIONS(X)                                                                                         \
    X(ADD, add) X(MUL, mul) X(SUB, sub) X(DIV, div) X(SDIV, sdiv) X(MOD, mod) X(SMOD, smod)                            \
    X(SIGNEXTEND, signextend) X(LT, lt) X(GT, gt) X(SLT, slt) X(SGT, sgt) X(EQ, eq) X(AND, and) X(OR, or)              \
    X(XOR, xor) X(BYTE, byte) X(SHL, shl) X(SHR, shr) X(SAR, sar)
#define TERNARY_INSTRUCTIONS(X) X(ADDMOD, addmod) X(MULMOD, mulmod)
#define UNARY_INSTRUCTIONS(X)                                                                                          \
    X(ISZERO, iszero) X(NOT, not) X(CLZ, clz) X(CALLDATALOAD, calldataload) X(BLOBHASH, blobhash) X(TLOAD, tload)      \
    X(BLOCKHASH, blockhash)
#define NULLARY_INSTRUCTIONS(X)                                                                                        \
    X(ADDRESS, address) X(ORIGIN, origin) X(CALLER, caller) X(CALLVALUE, callvalue) X(CALLDATASIZE, calldatasize)      \
    X(CODESIZE, codesize) X(GASPRICE, gasprice) X(RETURNDATASIZE, returndatasize) X(COINBASE, coinbase)                \
    X(TIMESTAMP, timestamp) X(NUMBER, number) X(PREVRANDAO, prevrandao) X(GASLIMIT, gaslimit) X(CHAINID, chainid)      \
    X(SELFBALANCE, selfbalance) X(BASEFEE, basefee) X(BLOBBASEFEE, blobbasefee) X(SLOTNUM, slotnum) X(MSIZE, msize)
#define VALUE_INSTRUCTIONS(X)                                                                                          \
    BINARY_INSTRUCTIONS(X) TERNARY_INSTRUCTIONS(X) UNARY_INSTRUCTIONS(X) NULLARY_INSTRUCTIONS(X)

/* What pays for more than its base gas and fails only when that gas is not there; and what reaches state or other
 * frames, or can fail otherwise. */
#define PAYING_INSTRUCTIONS(X)                                                                                         \
    X(EXP, exp) X(KECCAK256, keccak256) X(CALLDATACOPY, calldatacopy) X(CODECOPY, codecopy) X(MCOPY, mcopy)            \
    X(MLOAD, mload) X(MSTORE, mstore) X(MSTORE8, mstore8)
#define OUTSIDE_INSTRUCTIONS(X)                                                                                        \
    X(BALANCE, balance) X(EXTCODESIZE, extcodesize) X(EXTCODECOPY, extcodecopy) X(RETURNDATACOPY, returndatacopy)      \
    X(EXTCODEHASH, extcodehash) X(SLOAD, sload) X(SSTORE, sstore) X(TSTORE, tstore) X(LOG0, log0) X(LOG1, log1)        \
    X(LOG2, log2) X(LOG3, log3) X(LOG4, log4) X(CREATE, create) X(CALL, call) X(CALLCODE, callcode)                    \
    X(DELEGATECALL, delegatecall) X(CREATE2, create2) X(STATICCALL, staticcall)
#define GAS_INSTRUCTIONS(X) PAYING_INSTRUCTIONS(X) OUTSIDE_INSTRUCTIONS(X)

/* n = 1 ... 32 and 1 ... 16, for PUSH and for DUP and SWAP. */
#define NUMBERS_TO_16(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)
#define NUMBERS_TO_32(X)                                                                                               \
    NUMBERS_TO_16(X)                                                                                                   \
    X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)

/* The number in the n bytes behind the PUSH at ip. Reads whole limbs: those that hang over the front are shifted
 * right. */
static ALWAYS_INLINE struct u256 push_value(const uint8_t *ip, unsigned n)
{
    struct u256 value = U256_ZERO;
    for (unsigned i = 0; 8 * i < n; i++) {
        unsigned left = n - 8 * i; /* bytes of limb i and above */
        value.w[i] = left >= 8 ? load_be64(ip + 1 + left - 8) : load_be64(ip + 1) >> (64 - 8 * left);
    }
    return value;
}

static ALWAYS_INLINE void exchange(struct u256 *a, struct u256 *b)
{
    struct u256 other = *a;
    *a = *b;
    *b = other;
}

/* The operand of DUPN and SWAPN (EIP-8024): 17 to 235, or 0 for a byte that is none: JUMPDEST and the PUSHes, which
 * jump analysis would take for instructions. */
static ALWAYS_INLINE int immediate_item(uint8_t x)
{
    return x > 90 && x < 128 ? 0 : (x + 145) % 256;
}

/* The operands of EXCHANGE: 1 <= n < m and n + m <= 30; n = 0 for a byte that is none. */
struct item_pair {
    int n, m;
};
static ALWAYS_INLINE struct item_pair immediate_pair(uint8_t x)
{
    if (x > 81 && x < 128)
        return (struct item_pair){0, 0};
    int k = x ^ 143, high = k / 16, low = k % 16;
    return high < low ? (struct item_pair){high + 1, low + 1} : (struct item_pair){low + 1, 29 - high};
}

/* Whether a jump may go to `target`. */
static ALWAYS_INLINE bool may_jump_to(struct frame *f, const struct u256 *target)
{
    if (UNLIKELY(!u256_fits_u64(*target) || target->w[0] >= f->code_size))
        return false;
    const uint64_t *map = LIKELY(f->jumpdests != NULL) ? f->jumpdests : vm_jumpdests(f);
    return (map[target->w[0] / 64] >> (target->w[0] % 64) & 1) != 0;
}

/* clang-format on */

#endif
