/* Blocks that are made to take long for their gas: floods of tables with keys that meet in weak hashes, cold reads,
 * code that is large, translated for nothing or run once, deep and failing calls, creates, logs, memory.
 *
 * A contract runs its loop until little gas is left; transactions share the block's gas. What differs between
 * transactions is in their call data: word 0 is where to begin, word 1 the step or whom to call. */
#include "workload/private.h"

enum { CODE_SIZE = 24576, INITCODE_SIZE = 49152 };

#define UNTIL_GAS_IS(least) " " #least " GAS GT @loop JUMPI STOP"

static struct bytes two_words(struct workload_block *b, struct u256 first, struct u256 second)
{
    uint8_t *data = arena_alloc(&b->arena, 64, 1);
    u256_store_be(data, first);
    u256_store_be(data + 32, second);
    return (struct bytes){data, 64};
}

/* Shares the block's gas among calls of a contract with this source; the first word of each lies `apart` behind that of
 * the one before. */
static void add_calls(struct workload_block *b, uint64_t size, const char *source, struct u256 first, struct u256 apart,
                      struct u256 second)
{
    struct address contract = workload_address(ADDRESS_CONTRACT, 0);
    workload_contract(b, &contract, source);
    for (uint64_t left = size * MILLION, i = 0; left > 0; i++) {
        uint64_t gas = left < TX_GAS ? left : TX_GAS;
        struct address from = workload_address(ADDRESS_SENDER, i);
        workload_fund(b, &from);
        workload_add(b, &(struct call){.from = from, .to = contract, .gas = gas, .data = two_words(b, first, second)});
        first = u256_add(first, apart);
        left -= gas;
    }
}

/* ---- floods ------------------------------------------------------------------------------------------------------ */

static void flood_slots(struct workload_block *b, uint64_t size, const char *source)
{
    add_calls(b, size, source, hostile_key, U256(TX_GAS), U256_ZERO);
}

static void make_tstore(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    flood_slots(b, size, "0 CALLDATALOAD loop: 1 ADD DUP1 DUP1 TSTORE" UNTIL_GAS_IS(20000));
}

static void make_sload(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    flood_slots(b, size, "0 CALLDATALOAD loop: 1 ADD DUP1 SLOAD POP" UNTIL_GAS_IS(20000));
}

static void make_sstore(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    flood_slots(b, size, "0 CALLDATALOAD loop: 1 ADD DUP1 DUP1 SSTORE" UNTIL_GAS_IS(50000));
}

/* Slots that are there, set to zero. */
static void make_refunds(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    enum { CLEARING_GAS = 5000 };
    struct address contract = workload_address(ADDRESS_CONTRACT, 0);
    for (uint64_t tx = 0; tx * TX_GAS < size * MILLION; tx++)
        for (uint64_t i = 0; i < TX_GAS / CLEARING_GAS; i++) {
            struct u256 key = u256_add(hostile_key, U256(tx * TX_GAS + i + 1));
            state_memory_set_slot(b->state, &contract, &key, &U256_ONE);
        }
    flood_slots(b, size, "0 CALLDATALOAD loop: 1 ADD 0 DUP2 SSTORE" UNTIL_GAS_IS(50000));
}

static void make_balance(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    /* Bytes 8 to 15 of the address are the weak limb, as a processor of this kind reads them; the rest counts. */
    uint8_t word[32] = {0};
    uint64_t limb = WEAK_LIMB;
    memcpy(word + 12 + 8, &limb, sizeof limb);
    struct u256 step = u256_shl(U256_ONE, 96);
    add_calls(b, size, "0 CALLDATALOAD loop: 32 CALLDATALOAD ADD DUP1 BALANCE POP" UNTIL_GAS_IS(20000),
              u256_load_be(word), u256_shl(U256(TX_GAS), 96), step);
}

/* ---- code -------------------------------------------------------------------------------------------------------- */

/* So many contracts of full size one behind the other, that differ in their last bytes. */
static void put_codes(struct workload_block *b, uint64_t count, const uint8_t *start, size_t start_size,
                      uint8_t filling)
{
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *code = arena_alloc(&b->arena, CODE_SIZE, 1);
        memset(code, filling, CODE_SIZE);
        memcpy(code, start, start_size);
        store_be64(code + CODE_SIZE - 8, i);
        struct address a = hostile_address(HOSTILE_BASE + i);
        workload_install(b, &a, (struct bytes){code, CODE_SIZE});
    }
}

static struct u256 code_word(uint64_t number)
{
    struct address a = hostile_address(number);
    return address_word(&a);
}

/* Gas of one step through the codes, at least. */
enum { COLD_GAS = 2600 };

static void walk_codes(struct workload_block *b, uint64_t size, const char *source)
{
    add_calls(b, size, source, code_word(HOSTILE_BASE), U256(TX_GAS / COLD_GAS), U256_ZERO);
}

static void make_code_size(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    put_codes(b, size * MILLION / COLD_GAS, (const uint8_t *)"", 1, 0);
    walk_codes(b, size, "0 CALLDATALOAD loop: DUP1 EXTCODESIZE POP 1 ADD" UNTIL_GAS_IS(20000));
}

#define CALL_IT "0 0 0 0 DUP5 1000 STATICCALL POP "

static void make_jump_maps(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    /* PUSH1 3, JUMP, JUMPDEST, STOP; the rest is PUSH1 */
    put_codes(b, size * MILLION / COLD_GAS, (const uint8_t *)"\x60\x03\x56\x5b\x00", 5, 0x60);
    walk_codes(b, size, "0 CALLDATALOAD loop: " CALL_IT "1 ADD" UNTIL_GAS_IS(20000));
}

static void make_hot_codes(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    /* Run just often enough to be translated, and full of JUMPDESTs. */
    put_codes(b, size * MILLION / COLD_GAS, (const uint8_t *)"\x60\x03\x56\x5b\x00", 5, 0x5b);
    walk_codes(b, size, "0 CALLDATALOAD loop: " CALL_IT CALL_IT CALL_IT CALL_IT CALL_IT "1 ADD" UNTIL_GAS_IS(20000));
}

/* A contract whose runs take long to translate, called at one after the other with too little gas to run any. */
static void translate_for_nothing(struct workload_block *b, uint64_t size, const uint8_t *unit, size_t unit_size)
{
    static const uint8_t begin[] = {0x5f, 0x35, 0x56}; /* PUSH0, CALLDATALOAD, JUMP */
    enum { CALL_GAS = 400 };
    uint64_t units = (CODE_SIZE - 8 - sizeof begin) / unit_size, codes = size * MILLION / (units * CALL_GAS) + 1;
    uint8_t *code = arena_alloc(&b->arena, CODE_SIZE, 1);
    size_t used = sizeof begin;
    memcpy(code, begin, used);
    for (uint64_t i = 0; i < units; i++, used += unit_size) memcpy(code + used, unit, unit_size);
    put_codes(b, codes, code, used, 0);
    struct address contract = workload_address(ADDRESS_CONTRACT, 0);
    workload_contract(b, &contract,
                      "3 loop: DUP1 0 MSTORE 0 0 32 0 0 CALLDATALOAD 60 STATICCALL POP 32 CALLDATALOAD ADD"
                      " DUP1 24500 GT @more JUMPI STOP more:" UNTIL_GAS_IS(20000));
    for (uint64_t i = 0; i < codes; i++) {
        struct address from = workload_address(ADDRESS_SENDER, i);
        workload_fund(b, &from);
        workload_add(b, &(struct call){.from = from,
                                       .to = contract,
                                       .gas = 60000 + units * CALL_GAS,
                                       .data = two_words(b, code_word(HOSTILE_BASE + i), U256(unit_size))});
    }
}

static void make_exp_bombs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    uint8_t unit[1 + 33 + 10 * 4 + 1];
    size_t at = 0;
    unit[at++] = 0x5b;
    unit[at++] = 0x7f;
    memset(unit + at, 0xff, 32);
    at += 32;
    for (int i = 0; i < 10; i++, at += 4) memcpy(unit + at, "\x80\x80\x0a\x50", 4); /* DUP1, DUP1, EXP, POP */
    unit[at] = 0x50;
    translate_for_nothing(b, size, unit, sizeof unit);
}

static void make_move_bombs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    /* A hundred computed words, taken round by SWAP16 and SWAP15 in turns, and a jump that nobody knows. */
    enum { WORDS = 100, SWAPS = 100 };
    uint8_t unit[1 + WORDS + SWAPS + 3] = {0x5b};
    memset(unit + 1, 0x36, WORDS); /* CALLDATASIZE */
    for (int i = 0; i < SWAPS; i++) unit[1 + WORDS + i] = (uint8_t)(0x90 + i % 16);
    memcpy(unit + 1 + WORDS + SWAPS, "\x5f\x35\x56", 3);
    translate_for_nothing(b, size, unit, sizeof unit);
}

/* Accounts that delegate to one contract (EIP-7702). */
static void make_delegations(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    struct address target = workload_address(ADDRESS_CONTRACT, 1);
    workload_contract(b, &target, "STOP");
    uint8_t *code = arena_alloc(&b->arena, 23, 1);
    memcpy(code, "\xef\x01\x00", 3);
    memcpy(code + 3, target.b, sizeof target.b);
    for (uint64_t i = 0; i < size * MILLION / COLD_GAS; i++) {
        struct address a = hostile_address(HOSTILE_BASE + i);
        workload_install(b, &a, (struct bytes){code, 23});
    }
    walk_codes(b, size, "0 CALLDATALOAD loop: " CALL_IT "1 ADD" UNTIL_GAS_IS(20000));
}

/* ---- calls, creates, logs, memory -------------------------------------------------------------------------------- */

/* Calls of one contract with that source, over and over, by one that does nothing else. */
static void call_often(struct workload_block *b, uint64_t size, const char *callee)
{
    struct address a = workload_address(ADDRESS_CONTRACT, 1);
    workload_contract(b, &a, callee);
    add_calls(b, size, "loop: 0 0 0 0 0 32 CALLDATALOAD GAS CALL POP" UNTIL_GAS_IS(100000), U256_ZERO, U256_ZERO,
              address_word(&a));
}

static void make_deep_calls(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    call_often(b, size, "0 0 0 0 0 ADDRESS GAS CALL POP STOP");
}

static void make_reverts(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    call_often(b, size, "1 1 TSTORE 2 2 TSTORE 3 3 TSTORE 4 4 TSTORE 0 0 LOG0 0 0 REVERT");
}

static void make_memory(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    call_often(b, size, "1 65504 MSTORE STOP");
}

static void make_unpaid_access(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    struct address a = workload_address(ADDRESS_CONTRACT, 1);
    workload_contract(b, &a, "0 CALLDATALOAD BALANCE STOP");
    add_calls(
        b, size,
        "0 CALLDATALOAD loop: 1 ADD DUP1 0 MSTORE 0 0 32 0 32 CALLDATALOAD 200 STATICCALL POP" UNTIL_GAS_IS(20000),
        code_word(HOSTILE_BASE), U256(TX_GAS), address_word(&a));
}

static void make_creates(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    add_calls(b, size, "loop: 0 0 0 CREATE POP" UNTIL_GAS_IS(100000), U256_ZERO, U256_ZERO, U256_ZERO);
}

static void make_large_initcode(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    /* PUSH1 3, JUMP, JUMPDEST, and PUSH1 behind it: the loop fills the memory with it, doubling. */
    add_calls(b, size,
              "0x6003565b00606060606060606060606060606060606060606060606060606060 0 MSTORE"
              " 0x6060606060606060606060606060606060606060606060606060606060606060 32 MSTORE"
              " 64 fill: DUP1 32 DUP1 DUP3 ADD MCOPY 1 SHL DUP1 40000 GT @fill JUMPI POP"
              " loop: 49152 0 0 CREATE POP" UNTIL_GAS_IS(150000),
              U256_ZERO, U256_ZERO, U256_ZERO);
}

static void make_selfdestructs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    add_calls(b, size, "0x32ff 240 SHL 0 MSTORE loop: 2 0 0 CREATE POP" UNTIL_GAS_IS(100000), U256_ZERO, U256_ZERO,
              U256_ZERO);
}

static void make_logs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    add_calls(b, size, "loop: 0 0 LOG0" UNTIL_GAS_IS(20000), U256_ZERO, U256_ZERO, U256_ZERO);
}

static void make_large_logs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    add_calls(b, size, "loop: 32768 0 LOG0" UNTIL_GAS_IS(400000), U256_ZERO, U256_ZERO, U256_ZERO);
}

/* A precompile that reads 128 bytes is given 128 KiB; recovering fails at once. */
static void make_large_inputs(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)random;
    add_calls(b, size, "loop: 0 0 131072 0 1 GAS STATICCALL POP" UNTIL_GAS_IS(20000), U256_ZERO, U256_ZERO, U256_ZERO);
}

const struct hostile hostiles[] = {
    {{"tstore-flood", "transient slots whose keys meet in weak hashes", 30, make_tstore, NULL},
     OP_TSTORE,
     VM_SUCCESS,
     140},
    {{"sload-flood", "cold slots with such keys", 30, make_sload, NULL}, OP_SLOAD, VM_SUCCESS, 2150},
    {{"sstore-flood", "new slots with such keys", 30, make_sstore, NULL}, OP_SSTORE, VM_SUCCESS, 22200},
    {{"refunds", "such slots set to zero", 30, make_refunds, NULL}, OP_SSTORE, VM_SUCCESS, 5100},
    {{"balance-flood", "cold accounts with such addresses", 30, make_balance, NULL}, OP_BALANCE, VM_SUCCESS, 2650},
    {{"access-list-flood", "access lists with such keys", 30, make_hostile_access_lists, NULL},
     OP_CALL,
     VM_SUCCESS,
     16000000},
    {{"code-size", "sizes of codes of 24 KiB, each asked once", 10, make_code_size, NULL},
     OP_EXTCODESIZE,
     VM_SUCCESS,
     2650},
    {{"jump-maps", "calls of such codes, all PUSH1, that jump", 10, make_jump_maps, NULL}, OP_JUMP, VM_SUCCESS, 2700},
    {{"hot-codes", "codes run five times, all JUMPDESTs", 10, make_hot_codes, NULL}, OP_JUMP, VM_SUCCESS, 680},
    {{"delegations", "calls of accounts that delegate", 30, make_delegations, NULL}, OP_STATICCALL, VM_SUCCESS, 2800},
    {{"exp-bombs", "EXP of constants, translated and never run", 10, make_exp_bombs, NULL}, OP_EXP, VM_OUT_OF_GAS, 400},
    {{"move-bombs", "stacks turned round, translated and never run", 10, make_move_bombs, NULL},
     OP_STATICCALL,
     VM_OUT_OF_GAS,
     400},
    {{"deep-calls", "calls of itself until no gas is left", 30, make_deep_calls, NULL}, OP_CALL, VM_SUCCESS, 300},
    {{"reverts", "calls that store, log and revert", 30, make_reverts, NULL}, OP_CALL, VM_REVERT, 1000},
    {{"memory", "calls that reach for 64 KiB", 30, make_memory, NULL}, OP_CALL, VM_SUCCESS, 15000},
    {{"unpaid-access", "cold accounts, with too little gas for them", 30, make_unpaid_access, NULL},
     OP_BALANCE,
     VM_OUT_OF_GAS,
     400},
    {{"creates", "empty contracts", 30, make_creates, NULL}, OP_CREATE, VM_SUCCESS, 32100},
    {{"large-initcode", "initcode of 48 KiB, all PUSH1, that jumps", 30, make_large_initcode, NULL},
     OP_CREATE,
     VM_SUCCESS,
     36000},
    {{"selfdestructs", "contracts that destroy themselves at once", 30, make_selfdestructs, NULL},
     OP_SELFDESTRUCT,
     VM_SUCCESS,
     38000},
    {{"logs", "empty logs", 30, make_logs, NULL}, OP_LOG0, VM_SUCCESS, 450},
    {{"large-logs", "logs of 32 KiB", 30, make_large_logs, NULL}, OP_LOG0, VM_SUCCESS, 270000},
    {{"large-inputs", "128 KiB for a contract that reads 128 bytes", 30, make_large_inputs, NULL},
     OP_STATICCALL,
     VM_SUCCESS,
     3200},
    {{"new-accounts", "transfers to accounts that are not there", 30, make_hostile_transfers, NULL},
     OP_CALL,
     VM_SUCCESS,
     21000},
    {{"access-list-accounts", "access lists of accounts", 30, make_hostile_access_accounts, NULL},
     OP_CALL,
     VM_SUCCESS,
     16000000},
    {{"authorizations", "delegations set, each of another account", 30, make_hostile_authorizations, NULL},
     OP_CALL,
     VM_SUCCESS,
     16000000},
    {{"blob-hashes", "BLOBHASH, of blobs that are there", 30, make_hostile_blobs, NULL}, OP_BLOBHASH, VM_SUCCESS, 9},
    {{"call-data", "zeros for a contract that reads none", 30, make_hostile_call_data, NULL},
     OP_CALL,
     VM_SUCCESS,
     16000000},
    {{NULL, NULL, 0, NULL, NULL}, 0, VM_SUCCESS, 0},
};

static void make_nothing(struct workload_block *b, uint64_t size, uint64_t *random)
{
    (void)b, (void)size, (void)random;
}

void hostile_program(struct workload_block *out, const struct fork *fork, struct bytes code, uint64_t gas)
{
    static const struct workload none = {"program", "one call", 1, make_nothing, NULL};
    (void)workload_make(out, &none, fork, &(struct workload_shape){0}, NULL);
    struct address contract = workload_address(ADDRESS_CONTRACT, 0), from = workload_address(ADDRESS_SENDER, 0);
    struct bytes copy = {arena_copy(&out->arena, code.data, code.size), code.size};
    workload_install(out, &contract, copy);
    workload_fund(out, &from);
    workload_add(out, &(struct call){.from = from, .to = contract, .gas = gas});
}
