/* Random programs that look a little like real ones: loops, jumps, memory, storage, calls of each other. */
#ifndef WEFT_VM_PROGRAM_TEST_H
#define WEFT_VM_PROGRAM_TEST_H

#include "harness.h"

#include "fork/fork.h"

enum {
    CODE_MAX = 600,
    JUMPDESTS_MAX = 64,
    CONTRACTS = 3, /* accounts 1 to 3 run the programs and call each other */
};

/* A program being made. The height of its stack is followed, roughly: what jumps do to it is not. */
struct program {
    uint8_t code[CODE_MAX + 256];
    size_t size;
    int height;
    size_t jumpdests[JUMPDESTS_MAX], jumpdest_count;
    size_t targets[JUMPDESTS_MAX], target_count; /* where two bytes of a target are to be filled in */
};

static inline void put(struct program *p, uint8_t byte)
{
    p->code[p->size++] = byte;
}

static inline void put_push(struct program *p, uint64_t value, unsigned bytes)
{
    put(p, (uint8_t)(OP_PUSH0 + bytes));
    for (unsigned i = bytes; i-- > 0;) put(p, (uint8_t)(i < 8 ? value >> (8 * i) : 0));
    p->height++;
}

static inline void put_random_push(struct program *p)
{
    static const uint64_t usual[] = {0, 1, 2, 3, 4, 31, 32, 33, 64, 96, 128, 255, 256, 0x1fffff, UINT64_MAX};
    unsigned kind = (unsigned)harness_random_below(8);
    if (kind < 5) {
        put_push(p, usual[harness_random_below(COUNT_OF(usual))], 1 + (unsigned)harness_random_below(8));
        return;
    }
    unsigned bytes = kind == 5 ? 32 : 1 + (unsigned)harness_random_below(32);
    put(p, (uint8_t)(OP_PUSH0 + bytes));
    harness_random_edge_bytes(p->code + p->size, bytes);
    p->size += bytes;
    p->height++;
}

static inline void put_target(struct program *p)
{
    put(p, OP_PUSH1 + 1);
    if (p->target_count < JUMPDESTS_MAX) p->targets[p->target_count++] = p->size;
    put(p, 0);
    put(p, (uint8_t)harness_random());
    p->height++;
}

/* An account: 0x10 << 152 and a number. */
static inline void put_address(struct program *p)
{
    put_push(p, 0x10, 1);
    put_push(p, 152, 1);
    put(p, OP_SHL);
    put_push(p, harness_random_below(CONTRACTS + 2), 1);
    put(p, OP_OR);
    p->height -= 2;
}

/* A question about an account, or a contract made of what lies in memory. */
static inline void put_outside(struct program *p)
{
    static const uint8_t questions[] = {OP_BALANCE, OP_EXTCODESIZE, OP_EXTCODEHASH};
    if (harness_random_below(2) == 0) {
        put_address(p);
        put(p, questions[harness_random_below(COUNT_OF(questions))]);
        return;
    }
    bool salted = harness_random_below(2) == 0;
    if (salted) put_push(p, harness_random_below(2), 1);
    put_push(p, harness_random_below(60), 1);
    put_push(p, harness_random_below(40), 1);
    put_push(p, harness_random_below(3), 1);
    put(p, salted ? OP_CREATE2 : OP_CREATE);
    p->height -= salted ? 3 : 2;
}

/* One operation, with operands that make it likely to succeed. */
static inline void put_operation(struct program *p)
{
    static const uint8_t values[] = {
        OP_ADD,        OP_MUL,  OP_SUB, OP_DIV, OP_SDIV, OP_MOD, OP_SMOD,         OP_ADDMOD,   OP_MULMOD, OP_EXP,
        OP_SIGNEXTEND, OP_LT,   OP_GT,  OP_SLT, OP_SGT,  OP_EQ,  OP_ISZERO,       OP_AND,      OP_OR,     OP_XOR,
        OP_NOT,        OP_BYTE, OP_SHL, OP_SHR, OP_SAR,  OP_CLZ, OP_CALLDATALOAD, OP_BLOBHASH, OP_TLOAD,  OP_BLOCKHASH};
    static const uint8_t facts[] = {
        OP_ADDRESS,        OP_ORIGIN,   OP_CALLER,    OP_CALLVALUE, OP_CALLDATASIZE, OP_CODESIZE, OP_GASPRICE,
        OP_RETURNDATASIZE, OP_COINBASE, OP_TIMESTAMP, OP_NUMBER,    OP_PREVRANDAO,   OP_GASLIMIT, OP_CHAINID,
        OP_SELFBALANCE,    OP_BASEFEE,  OP_MSIZE,     OP_PC,        OP_GAS};
    static const uint8_t offsets[] = {OP_MLOAD,    OP_MSTORE, OP_MSTORE8, OP_KECCAK256, OP_CALLDATACOPY, OP_CODECOPY,
                                      OP_MCOPY,    OP_SLOAD,  OP_SSTORE,  OP_TLOAD,     OP_TSTORE,       OP_LOG0,
                                      OP_LOG0 + 2, OP_SLOAD,  OP_SSTORE,  OP_MSTORE,    OP_MLOAD};
    static const uint8_t endings[] = {OP_RETURN, OP_REVERT, OP_STOP, OP_RETURNDATACOPY, OP_INVALID, OP_SELFDESTRUCT};
    static const uint8_t outs[256] = {
#define OP(name, byte, in, out, immediate) [byte] = out,
#include "fork/opcodes.def"
#undef OP
    };
    static const uint8_t ins[256] = {
#define OP(name, byte, in, out, immediate) [byte] = in,
#include "fork/opcodes.def"
#undef OP
    };
    uint8_t op;
    switch (harness_random_below(16)) {
    case 0:
    case 1:
    case 2: put_random_push(p); return;
    case 3:
    case 4:
        op = (uint8_t)(OP_DUP1 + harness_random_below(p->height < 1 ? 1 : p->height > 16 ? 16 : (uint64_t)p->height));
        break;
    case 5:
    case 6:
        op = (uint8_t)(OP_SWAP1 + harness_random_below(p->height < 2    ? 1
                                                       : p->height > 16 ? 16
                                                                        : (uint64_t)p->height - 1));
        break;
    case 7: op = OP_POP; break;
    case 8: op = facts[harness_random_below(COUNT_OF(facts))]; break;
    case 9:
    case 10:
        op = offsets[harness_random_below(COUNT_OF(offsets))];
        for (unsigned i = 0; i < ins[op]; i++) put_push(p, harness_random_below(100), 1);
        break;
    case 11: /* a jump, mostly conditional, some with a target that is computed */
        op = harness_random_below(4) == 0 ? OP_JUMP : OP_JUMPI;
        put_target(p);
        if (harness_random_below(4) == 0) {
            put(p, OP_RETURNDATASIZE);
            put(p, harness_random_below(2) == 0 ? OP_ADD : OP_OR);
        }
        break;
    case 12:
        if (p->jumpdest_count < JUMPDESTS_MAX) p->jumpdests[p->jumpdest_count++] = p->size;
        op = OP_JUMPDEST;
        break;
    case 13:
        if (harness_random_below(3) != 0) {
            op = values[harness_random_below(COUNT_OF(values))];
            break;
        }
        if (harness_random_below(4) == 0) {
            put_outside(p);
            return;
        }
        put_push(p, harness_random_below(40), 1); /* output */
        put_push(p, harness_random_below(100), 1);
        put_push(p, harness_random_below(40), 1); /* input */
        put_push(p, harness_random_below(100), 1);
        op = harness_random_below(2) == 0 ? OP_CALL : harness_random_below(2) == 0 ? OP_DELEGATECALL : OP_STATICCALL;
        if (op == OP_CALL) put_push(p, harness_random_below(3), 1);
        put_address(p);
        put_push(p, harness_random_below(60000), 2);
        break;
    default: op = values[harness_random_below(COUNT_OF(values))];
    }
    while (p->height < ins[op]) put_random_push(p);
    put(p, op);
    p->height += outs[op] - ins[op];
    if (harness_random_below(1000) == 0) {
        op = endings[harness_random_below(COUNT_OF(endings))];
        for (unsigned i = 0; i < ins[op]; i++) put_push(p, harness_random_below(100), 1);
        put(p, op);
    }
    if (harness_random_below(2000) == 0) put(p, (uint8_t)harness_random()); /* anything */
}

static inline void make_program(struct program *p)
{
    *p = (struct program){0};
    size_t size = 60 + harness_random_below(CODE_MAX - 60);
    for (uint64_t i = harness_random_below(16); i > 0; i--) /* so that wrong heights do not always matter */
        put_random_push(p);
    while (p->size < size) put_operation(p);
    if (p->jumpdest_count < JUMPDESTS_MAX) p->jumpdests[p->jumpdest_count++] = p->size;
    put(p, OP_JUMPDEST); /* shows what is on the stack */
    for (unsigned i = 0; i < 4; i++) {
        put_push(p, 32 * i, 1);
        put(p, OP_MSTORE);
    }
    put_push(p, 200, 1);
    put_push(p, 0, 1);
    put(p, OP_RETURN);
    for (size_t i = 0; i < p->target_count; i++) {
        /* Mostly forward: programs shall come to an end. */
        size_t first = 0, from = p->targets[i];
        while (harness_random_below(8) != 0 && p->jumpdests[first] < from) first++;
        size_t target = p->jumpdests[first + harness_random_below(p->jumpdest_count - first)];
        if (harness_random_below(50) != 0) {
            p->code[from] = (uint8_t)(target >> 8);
            p->code[from + 1] = (uint8_t)target;
        }
    }
}

#endif
