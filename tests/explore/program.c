#include "program.h"

#include "crypto/crypto.h"

/* Instructions, as far as programs use them. */
enum op {
    OP_STOP = 0x00,
    OP_ADD = 0x01,
    OP_SUB = 0x03,
    OP_DIV = 0x04,
    OP_EQ = 0x14,
    OP_ISZERO = 0x15,
    OP_AND = 0x16,
    OP_ADDRESS = 0x30,
    OP_BALANCE = 0x31,
    OP_CALLER = 0x33,
    OP_CALLVALUE = 0x34,
    OP_CALLDATALOAD = 0x35,
    OP_CALLDATASIZE = 0x36,
    OP_EXTCODESIZE = 0x3b,
    OP_EXTCODEHASH = 0x3f,
    OP_COINBASE = 0x41,
    OP_POP = 0x50,
    OP_MLOAD = 0x51,
    OP_MSTORE = 0x52,
    OP_SLOAD = 0x54,
    OP_SSTORE = 0x55,
    OP_JUMPI = 0x57,
    OP_JUMPDEST = 0x5b,
    OP_PUSH1 = 0x60,
    OP_PUSH2 = 0x61,
    OP_PUSH20 = 0x73,
    OP_PUSH32 = 0x7f,
    OP_DUP1 = 0x80,
    OP_SWAP1 = 0x90,
    OP_LOG1 = 0xa1,
    OP_CALL = 0xf1,
    OP_RETURN = 0xf3,
    OP_CREATE2 = 0xf5,
    OP_REVERT = 0xfd,
    OP_SELFDESTRUCT = 0xff,
};

uint32_t random_below(uint64_t *random, uint32_t n)
{
    return (uint32_t)((random_next(random) >> 32) * n >> 32);
}

/* ---- accounts ------------------------------------------------------------------------------------------------ */

struct address contract_address(uint32_t i)
{
    return (struct address){{[0] = 0xcc, [4] = 1, [19] = (uint8_t)i}};
}

struct address sender_address(uint32_t i)
{
    return (struct address){{[0] = 0xaa, [4] = 1, [19] = (uint8_t)i}};
}

struct address beneficiary_address(void)
{
    return (struct address){{[0] = 0xfe, [19] = 1}};
}

/* Counts in slot 0 and returns the count; with call data it destroys itself in favour of the caller. */
static const uint8_t child_code[] = {
    OP_CALLDATASIZE,
    OP_PUSH1,
    24,
    OP_JUMPI, /* 0 */
    OP_PUSH1,
    1,
    OP_PUSH1,
    0,
    OP_SLOAD,
    OP_ADD,
    OP_PUSH1,
    0,
    OP_SSTORE, /* 4 */
    OP_PUSH1,
    0,
    OP_SLOAD,
    OP_PUSH1,
    0,
    OP_MSTORE,
    OP_PUSH1,
    32,
    OP_PUSH1,
    0,
    OP_RETURN, /* 13 */
    OP_JUMPDEST,
    OP_CALLER,
    OP_SELFDESTRUCT, /* 24 */
};
enum { CHILD_BYTES = sizeof child_code, INIT_BYTES = CHILD_BYTES + 9, CHILD_SALT = 7 };

/* Puts the child's code into memory and returns it. */
static void child_init(uint8_t init[INIT_BYTES])
{
    const uint8_t tail[] = {OP_PUSH1, 0, OP_MSTORE, OP_PUSH1, CHILD_BYTES, OP_PUSH1, 32 - CHILD_BYTES, OP_RETURN};
    init[0] = OP_PUSH1 + CHILD_BYTES - 1;
    memcpy(init + 1, child_code, CHILD_BYTES);
    memcpy(init + 1 + CHILD_BYTES, tail, sizeof tail);
}

static struct address child_address(struct address maker)
{
    uint8_t init[INIT_BYTES], preimage[85] = {0xff};
    struct hash code, hash;
    struct address child;
    child_init(init);
    keccak256(&code, init, sizeof init);
    memcpy(preimage + 1, maker.b, sizeof maker.b);
    preimage[52] = CHILD_SALT;
    memcpy(preimage + 53, code.b, sizeof code.b);
    keccak256(&hash, preimage, sizeof preimage);
    memcpy(child.b, hash.b + 12, sizeof child.b);
    return child;
}

struct address any_address(uint64_t *random)
{
    uint32_t k = random_below(random, 13);
    if (k < 7) return contract_address(random_below(random, CONTRACTS));
    if (k < 9) return sender_address(random_below(random, SENDERS));
    if (k < 10) return beneficiary_address();
    if (k < 11) return child_address(contract_address(0));
    return (struct address){{[0] = 0xee, [19] = (uint8_t)random_below(random, 2)}};
}

enum { SWITCHES = 6 };

/* ---- writing programs ---------------------------------------------------------------------------------------- */

static void put_bytes(struct program *p, const uint8_t *bytes, size_t size)
{
    ASSERT(p->size + size <= PROGRAM_BYTES);
    memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
}
#define PUT(p, ...) put_bytes(p, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void put_address(struct program *p, struct address a)
{
    PUT(p, OP_PUSH20);
    put_bytes(p, a.b, sizeof a.b);
}

/* A jump if the top of the stack is not 0; `place` is set by put_label. */
static size_t put_jump(struct program *p)
{
    PUT(p, OP_PUSH2, 0, 0, OP_JUMPI);
    return p->size - 3;
}

static void put_label(struct program *p, size_t place)
{
    p->bytes[place] = (uint8_t)(p->size >> 8);
    p->bytes[place + 1] = (uint8_t)p->size;
    PUT(p, OP_JUMPDEST);
}

/* Jumps if there are `bytes` bytes of call data. */
static size_t put_jump_at_size(struct program *p, uint8_t bytes)
{
    PUT(p, OP_CALLDATASIZE, OP_PUSH1, bytes, OP_EQ);
    return put_jump(p);
}

/* Pushes whether a call worked; its answer, at most a word, goes to memory at 64. */
static void put_call(struct program *p, struct address to, uint8_t value, uint8_t data_bytes)
{
    PUT(p, OP_PUSH1, 32, OP_PUSH1, 64, OP_PUSH1, data_bytes, OP_PUSH1, 0, OP_PUSH1, value);
    put_address(p, to);
    PUT(p, OP_PUSH2, 0xc3, 0x50, OP_CALL);
}

/* A random account's field, on the stack. */
static void put_question(struct program *p, uint64_t *random)
{
    static const uint8_t questions[] = {OP_BALANCE, OP_BALANCE, OP_BALANCE, OP_EXTCODESIZE, OP_EXTCODEHASH};
    put_address(p, any_address(random));
    PUT(p, questions[random_below(random, COUNT_OF(questions))]);
}

static void put_log(struct program *p, uint8_t topic)
{
    PUT(p, OP_DUP1, OP_PUSH1, 0, OP_MSTORE, OP_PUSH1, topic, OP_PUSH1, 32, OP_PUSH1, 0, OP_LOG1);
}

/* One statement on the sum that is on top of the stack. */
static void put_statement(struct program *p, uint64_t *random, int depth)
{
    uint8_t key = (uint8_t)random_below(random, SLOTS), small = (uint8_t)random_below(random, 4);
    uint8_t value = (uint8_t)(random_below(random, 3) == 0 ? 0 : random_below(random, 60));
    switch (random_below(random, 14)) {
    case 0:
    case 1: PUT(p, OP_PUSH1, key, OP_SLOAD, OP_ADD); break;
    case 2:
    case 3: PUT(p, OP_DUP1, OP_PUSH1, small, OP_ADD, OP_PUSH1, 3, OP_AND, OP_PUSH1, key, OP_SSTORE); break;
    case 4: PUT(p, OP_PUSH1, small, OP_PUSH1, key, OP_SSTORE); break;
    case 5:
        put_question(p, random);
        PUT(p, OP_ADD);
        break;
    case 6: PUT(p, OP_ADDRESS, OP_BALANCE, OP_ADD); break;
    case 7:
    case 8:
    case 9:
        put_call(p, any_address(random), value, (uint8_t)random_below(random, 3));
        PUT(p, OP_ADD);
        break;
    case 10: {
        if (depth == 2) break;
        PUT(p, OP_DUP1, OP_PUSH1, 1, OP_AND);
        size_t skip = put_jump(p);
        put_statement(p, random, depth + 1);
        put_label(p, skip);
        break;
    }
    case 11:
        if (random_below(random, 4) == 0) {
            put_address(p, any_address(random));
            PUT(p, OP_SELFDESTRUCT);
        } else {
            PUT(p, OP_COINBASE, OP_BALANCE, OP_ADD);
        }
        break;
    case 12: put_log(p, key); break;
    default: PUT(p, OP_PUSH1, key, OP_SLOAD, OP_PUSH1, key, OP_SSTORE); break; /* the same value again */
    }
}

static void put_statements(struct program *p, uint64_t *random)
{
    PUT(p, OP_PUSH1, 0);
    for (uint32_t n = 1 + random_below(random, 3); n > 0; n--) put_statement(p, random, 0);
    switch (random_below(random, 8)) {
    case 0: PUT(p, OP_PUSH1, 0, OP_PUSH1, 0, OP_REVERT); break;
    case 1:
    case 2:
    case 3: PUT(p, OP_PUSH1, (uint8_t)random_below(random, SLOTS), OP_SSTORE, OP_STOP); break;
    default: PUT(p, OP_STOP); break;
    }
}

void program_mixed(struct program *p, uint64_t *random)
{
    p->size = 0;
    size_t one = put_jump_at_size(p, 1), two = put_jump_at_size(p, 2);
    put_statements(p, random);
    put_label(p, one);
    put_statements(p, random);
    put_label(p, two);
    put_statements(p, random);
}

/* Who has plenty, or one that spends. */
static struct address some_receiver(uint64_t *random)
{
    return random_below(random, 3) != 0 ? sender_address(random_below(random, SENDERS))
                                        : contract_address(random_below(random, 2));
}

void program_spending(struct program *p, uint64_t *random)
{
    uint8_t first = (uint8_t)(20 + random_below(random, 50)), second = (uint8_t)(20 + random_below(random, 50));
    p->size = 0;
    size_t toggles = put_jump_at_size(p, 1), spends = put_jump_at_size(p, 2);
    PUT(p, OP_PUSH1, 0, OP_SLOAD, OP_ISZERO);
    size_t off = put_jump(p);
    put_call(p, some_receiver(random), first, 0);
    PUT(p, OP_PUSH1, 1, OP_ADD, OP_PUSH1, 1, OP_SSTORE, OP_STOP);
    put_label(p, off);
    if (random_below(random, 2) == 0) PUT(p, OP_PUSH1, 1, OP_SLOAD, OP_POP);
    PUT(p, OP_STOP);
    put_label(p, toggles);
    PUT(p, OP_PUSH1, 0, OP_SLOAD, OP_PUSH1, 1, OP_SUB, OP_PUSH1, 0, OP_SSTORE, OP_STOP);
    put_label(p, spends);
    PUT(p, OP_PUSH1, 2, OP_SLOAD, OP_POP);
    put_call(p, some_receiver(random), second, 0);
    PUT(p, OP_PUSH1, 2, OP_SSTORE, OP_STOP);
}

void program_switching(struct program *p)
{
    p->size = 0;
    size_t toggles = put_jump_at_size(p, 1);
    PUT(p, OP_PUSH1, 0);
    for (uint8_t key = 0; key < SWITCHES; key++) PUT(p, OP_PUSH1, key, OP_SLOAD, OP_ADD);
    PUT(p, OP_CALLER, OP_SSTORE, OP_STOP);
    put_label(p, toggles);
    PUT(p, OP_PUSH1, 0, OP_SLOAD, OP_PUSH1, 1, OP_SUB);
    for (uint8_t key = 0; key < SWITCHES; key++) PUT(p, OP_DUP1, OP_PUSH1, key, OP_SSTORE);
    PUT(p, OP_STOP);
}

void program_counting(struct program *p, uint64_t *random)
{
    p->size = 0;
    PUT(p, OP_CALLDATASIZE, OP_PUSH1, 36, OP_EQ);
    size_t moves = put_jump(p);
    PUT(p, OP_PUSH1, 0, OP_SLOAD, OP_PUSH1, 1, OP_ADD, OP_PUSH1, 0, OP_SSTORE, OP_STOP);
    put_label(p, moves); /* the caller's count goes down, that of the account in the data up */
    PUT(p, OP_CALLER, OP_SLOAD, OP_PUSH1, 1, OP_SWAP1, OP_SUB, OP_CALLER, OP_SSTORE);
    PUT(p, OP_PUSH1, 4, OP_CALLDATALOAD, OP_DUP1, OP_SLOAD, OP_PUSH1, 1, OP_ADD, OP_SWAP1, OP_SSTORE);
    if (random_below(random, 2) == 0) {
        PUT(p, OP_PUSH1, 1);
        put_log(p, 1);
    }
    PUT(p, OP_STOP);
}

void program_reborn(struct program *p, uint64_t *random, uint32_t self)
{
    uint8_t init[64] = {0};
    struct address child = child_address(contract_address(self));
    child_init(init);
    p->size = 0;
    size_t makes = put_jump_at_size(p, 1), destroys = put_jump_at_size(p, 2);
    put_call(p, child, (uint8_t)random_below(random, 4), 0);
    PUT(p, OP_PUSH1, 64, OP_MLOAD, OP_ADD, OP_PUSH1, (uint8_t)random_below(random, SLOTS), OP_SSTORE, OP_STOP);
    put_label(p, makes);
    PUT(p, OP_PUSH32);
    put_bytes(p, init, 32);
    PUT(p, OP_PUSH1, 0, OP_MSTORE, OP_PUSH32);
    put_bytes(p, init + 32, 32);
    PUT(p, OP_PUSH1, 32, OP_MSTORE, OP_PUSH1, CHILD_SALT, OP_PUSH1, INIT_BYTES, OP_PUSH1, 0);
    PUT(p, OP_PUSH1, (uint8_t)random_below(random, 2), OP_CREATE2);
    if (random_below(random, 2) == 0) put_call(p, child, 0, 0);
    PUT(p, OP_STOP);
    put_label(p, destroys);
    put_call(p, child, (uint8_t)random_below(random, 3), 1);
    if (random_below(random, 2) == 0) put_call(p, child, 1, 0);
    PUT(p, OP_STOP);
}

void program_passing(struct program *p, uint64_t *random)
{
    p->size = 0;
    PUT(p, OP_PUSH1, 0, OP_PUSH1, 0, OP_PUSH1, 0, OP_PUSH1, 0);
    PUT(p, OP_PUSH1, 2, OP_CALLVALUE, OP_DIV);
    put_address(p, any_address(random));
    PUT(p, OP_PUSH2, 0x9c, 0x40, OP_CALL);
    if (random_below(random, 2) == 0) {
        put_question(p, random);
        PUT(p, OP_ADD);
    }
    PUT(p, OP_PUSH1, (uint8_t)random_below(random, SLOTS), OP_SSTORE, OP_STOP);
}
