/* bench --opcodes: every instruction and precompiled contract, with the operands that matter; bench_opcodes.h says how
 * a row is read. */
#include <stdio.h>

#include "cli/bench/bench_opcodes.h"

/* clang-format off */

/* A row of an instruction; of what runs behind a call; of a precompile with so many bytes of input at the start of
 * memory. */
#define R(NAME, what, how, ...) {.name = #NAME, .op = OP_##NAME, .shape = (what), .operands = (how), __VA_ARGS__}
#define C(NAME, what, by, how, code)                                                                                   \
    {.name = #NAME, .op = OP_##by, .shape = (what), .operands = (how), .callee = (code)}
#define P(text, what, id, size, ...)                                                                                   \
    {.name = (text), .op = OP_STATICCALL, .precompile = (id), .shape = (what),                                         \
     .operands = "#0xffffff #" TEXT(id) " #0 #" TEXT(size) " #0 #0", .data = __VA_ARGS__}
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* Divisions by how long the operands are, in bytes. */
#define DIVISIONS(NAME, x)                                                                                             \
    R(NAME, "32/32 bytes", x "32 " x "32"), R(NAME, "32/24", x "32 " x "24"), R(NAME, "32/16", x "32 " x "16"),        \
    R(NAME, "32/8", x "32 " x "8"), R(NAME, "32/1", x "32 " x "1"), R(NAME, "16/8", x "16 " x "8"),                    \
    R(NAME, "8/4", x "8 " x "4"), R(NAME, "by zero", x "32 0")
#define MODULAR(NAME)                                                                                                  \
    R(NAME, "mod 32 bytes", "r32 r32 r32"), R(NAME, "mod 24", "r32 r32 r24"), R(NAME, "mod 16", "r32 r32 r16"),        \
    R(NAME, "mod 8", "r32 r32 r8"), R(NAME, "mod 1", "r32 r32 r1"), R(NAME, "of 8 bytes mod 8", "r8 r8 r8"),           \
    R(NAME, "chain, mod 32", "r32 r32", .flags = ROW_CHAIN), R(NAME, "chain, mod 16", "r32 r16", .flags = ROW_CHAIN)
/* Binary instructions whose time does not depend on the operands. */
#define STEADY(NAME) R(NAME, "", "r32 r32"), R(NAME, "chain", "r32", .flags = ROW_CHAIN)
#define SHIFT(NAME) R(NAME, "by 1 to 255", "r1 r32"), R(NAME, "chain", "3", .flags = ROW_CHAIN)
#define UNARY(NAME) R(NAME, "", "r32"), R(NAME, "chain", "", .flags = ROW_CHAIN)
#define NULLARY(NAME) R(NAME, "", "")
#define BY_SIZE(NAME, before, after, ...)                                                                              \
    R(NAME, "0 bytes", before "0" after, .memory = 65536, __VA_ARGS__),                                                \
    R(NAME, "32 bytes", before "32" after, .memory = 65536, __VA_ARGS__),                                              \
    R(NAME, "1 KiB", before "1024" after, .memory = 65536, __VA_ARGS__),                                               \
    R(NAME, "32 KiB", before "32768" after, .memory = 65536, __VA_ARGS__)
#define OTHER_ACCOUNT(NAME) R(NAME, "warm", "self"), R(NAME, "cold", "i")

static const struct opcode_row table[] = {
    STEADY(ADD), STEADY(MUL), STEADY(SUB),
    DIVISIONS(DIV, "r"), R(DIV, "chain, 32/16", "r32", .flags = ROW_CHAIN), DIVISIONS(SDIV, "s"), DIVISIONS(MOD, "r"),
    DIVISIONS(SMOD, "s"), MODULAR(ADDMOD), MODULAR(MULMOD),
    R(EXP, "exponent 0", "r32 0"), R(EXP, "1 byte", "r32 r1"), R(EXP, "2 bytes", "r32 r2"), R(EXP, "8 bytes", "r32 r8"),
    R(EXP, "16 bytes", "r32 r16"), R(EXP, "32 bytes", "r32 r32"), R(EXP, "2^(1 byte)", "2 r1"),
    R(SIGNEXTEND, "", "7 r32"), R(SIGNEXTEND, "chain", "7", .flags = ROW_CHAIN),
    R(LT, "", "r32 r32"), R(GT, "", "r32 r32"), R(SLT, "", "s32 r32"), R(SGT, "", "s32 r32"), R(EQ, "", "r32 r32"),
    UNARY(ISZERO), STEADY(AND), STEADY(OR), STEADY(XOR), UNARY(NOT), R(BYTE, "", "3 r32"), SHIFT(SHL), SHIFT(SHR),
    SHIFT(SAR), UNARY(CLZ), R(CLZ, "of 8 bytes", "r8"),
    R(KECCAK256, "0 bytes", "0 0", .flags = ROW_STORES), R(KECCAK256, "32 bytes", "0 32", .flags = ROW_STORES),
    R(KECCAK256, "64 bytes", "0 64", .flags = ROW_STORES), R(KECCAK256, "64, the same", "0 64"),
    R(KECCAK256, "135 bytes", "0 135", .flags = ROW_STORES), R(KECCAK256, "136 bytes", "0 136", .flags = ROW_STORES),
    R(KECCAK256, "1 KiB", "0 1024", .flags = ROW_STORES), R(KECCAK256, "32 KiB", "0 32768", .flags = ROW_STORES),

    NULLARY(ADDRESS), NULLARY(ORIGIN), NULLARY(CALLER), NULLARY(CALLVALUE), R(CALLDATALOAD, "", "0"),
    NULLARY(CALLDATASIZE), BY_SIZE(CALLDATACOPY, "0 0 ", "", .flags = 0), NULLARY(CODESIZE),
    BY_SIZE(CODECOPY, "0 0 ", "", .padded = 24576), NULLARY(GASPRICE), NULLARY(RETURNDATASIZE),
    R(RETURNDATACOPY, "0 bytes", "0 0 0"), R(RETURNDATACOPY, "32 bytes", "0 0 32", .returned = 32),
    R(RETURNDATACOPY, "1 KiB", "0 0 1024", .returned = 1024),
    R(RETURNDATACOPY, "32 KiB", "0 0 32768", .returned = 32768),
    BY_SIZE(MCOPY, "0 0 ", "", .flags = 0), R(MCOPY, "32 KiB, overlapping", "1 0 32768", .memory = 65536),
    OTHER_ACCOUNT(BALANCE), OTHER_ACCOUNT(EXTCODESIZE), OTHER_ACCOUNT(EXTCODEHASH),
    BY_SIZE(EXTCODECOPY, "self 0 0 ", "", .padded = 24576), R(EXTCODECOPY, "cold, 0 bytes", "i 0 0 0"),
    R(BLOCKHASH, "none", "5"), NULLARY(COINBASE), NULLARY(TIMESTAMP), NULLARY(NUMBER), NULLARY(PREVRANDAO),
    NULLARY(GASLIMIT), NULLARY(CHAINID), NULLARY(SELFBALANCE), NULLARY(BASEFEE), R(BLOBHASH, "none", "0"),
    NULLARY(BLOBBASEFEE), NULLARY(SLOTNUM),

    R(MLOAD, "PUSHed place", "#32"), R(MLOAD, "", "32"), R(MSTORE, "PUSHed place", "#32 r32"), R(MSTORE, "", "32 r32"),
    R(MSTORE8, "", "32 r32"), NULLARY(MSIZE), R(MLOAD, "memory grows by 32", "", .unit = "MSIZE MLOAD POP",
      .flags = ROW_GROWS),
    C(MLOAD, "64 KiB, in a call", STATICCALL, "#1000000 made #0 #0 #0 #0", "620100005100"),
    C(MLOAD, "1 MiB, in a call", STATICCALL, "#9000000 made #0 #0 #0 #0", "620ffff05100"),
    R(SLOAD, "warm", "1"), R(SLOAD, "cold", "i"), R(SSTORE, "warm, no change", "1 0"),
    R(SSTORE, "warm, changed", "1 i"),
    R(SSTORE, "cold, no change", "i 0"), R(SSTORE, "cold, set", "i 1"),
    R(TLOAD, "", "1"), R(TLOAD, "another key each", "i"), R(TSTORE, "", "1 i"), R(TSTORE, "another key each", "i 1"),

    R(POP, "with DUP1", "r32", .unit = "DUP1 POP"), NULLARY(PC), NULLARY(GAS), NULLARY(JUMPDEST),
    R(JUMP, "with PUSH, JUMPDEST", "", .unit = "next JUMP JUMPDEST"),
    R(JUMP, "computed", "0", .unit = "DUP1 next ADD JUMP JUMPDEST"),
    R(JUMPI, "taken", "1", .unit = "DUP1 next JUMPI JUMPDEST"),
    R(JUMPI, "not taken", "0", .unit = "DUP1 next JUMPI JUMPDEST"),
    R(JUMPI, "ISZERO, taken", "0", .unit = "DUP1 ISZERO next JUMPI JUMPDEST"),

    BY_SIZE(LOG0, "0 ", "", .flags = 0), R(LOG1, "32 bytes", "0 32 r32"), R(LOG2, "32 bytes", "0 32 r32 r32"),
    R(LOG3, "32 bytes", "0 32 r32 r32 r32"), R(LOG4, "0 bytes", "0 0 r32 r32 r32 r32"),
    R(LOG4, "32 bytes", "0 32 r32 r32 r32 r32"), R(LOG4, "32 KiB", "0 32768 r32 r32 r32 r32", .memory = 65536),

    R(CALL, "no code", "#5000 #0x123456 #0 #0 #0 #0 #0"), R(CALL, "no code, cold", "#5000 i #0 #0 #0 #0 #0"),
    R(CALL, "STOP", "#5000 made #0 #0 #0 #0 #0", .callee = "00"),
    R(CALLCODE, "STOP", "#5000 made #0 #0 #0 #0 #0", .callee = "00"),
    R(DELEGATECALL, "STOP", "#5000 made #0 #0 #0 #0", .callee = "00"),
    R(STATICCALL, "STOP", "#5000 made #0 #0 #0 #0", .callee = "00"),
    C(STOP, "in a call", STATICCALL, "#5000 made #0 #0 #0 #0", "00"),
    C(RETURN, "32 bytes, in a call", STATICCALL, "#5000 made #0 #0 #0 #32", "60206000f3"),
    C(REVERT, "in a call", STATICCALL, "#5000 made #0 #0 #0 #0", "60006000fd"),
    C(INVALID, "1,000 gas, in a call", STATICCALL, "#1000 made #0 #0 #0 #0", "fe"),
    C(SELFDESTRUCT, "in a call", CALL, "#9000 made #0 #0 #0 #0 #0", "30ff"),
    R(CREATE, "nothing", "#0 #0 #0"), R(CREATE2, "nothing", "#0 #0 #0 i"),
    R(CREATE, "1 KiB of code", "#0 #0 #6", .data = "=6104006000f3"),
    R(CREATE, "48 KiB of initcode", "#0 #0 #49152", .data = "=00 r49151"),
    R(CREATE2, "48 KiB of initcode", "#0 #0 #49152 i", .data = "=00 r49151"),
    R(CREATE2, "the same, jumps", "#0 #0 #49152 i", .data = "=6003565b00 j49147"),
    R(CREATE2, "the same, PUSH data", "#0 #0 #49152 i", .data = "=6003565b00 f49147"),
    R(CREATE2, "the same, random", "#0 #0 #49152 i", .data = "=6003565b00 r49147"),

    P("ecrecover", "", 0x1, 128, "@ecrecover"),
    P("sha256", "0 bytes", 0x2, 0, "=00"), P("sha256", "32 bytes", 0x2, 32, "r32"),
    P("sha256", "64 bytes", 0x2, 64, "r64"), P("sha256", "1 KiB", 0x2, 1024, "r1024"),
    P("sha256", "32 KiB", 0x2, 32768, "r32768"),
    P("ripemd160", "32 bytes", 0x3, 32, "r32"), P("ripemd160", "1 KiB", 0x3, 1024, "r1024"),
    P("ripemd160", "32 KiB", 0x3, 32768, "r32768"),
    P("identity", "0 bytes", 0x4, 0, "=00"), P("identity", "32 bytes", 0x4, 32, "r32"),
    P("identity", "32 KiB", 0x4, 32768, "r32768"),
    P("modexp", "8 bytes ^ 8", 0x5, 120, "u8 u8 u8 r8 o8 o8"),
    P("modexp", "32 ^ 32", 0x5, 192, "u32 u32 u32 r32 o32 o32"),
    P("modexp", "32 ^ 32, even", 0x5, 192, "u32 u32 u32 r32 o32 o31 z1"),
    P("modexp", "8 ^ 81, exponent of ones", 0x5, 193, "u8 u81 u8 r8 f81 o8"),
    P("modexp", "64 ^ 64", 0x5, 288, "u64 u64 u64 r64 o64 o64"),
    P("modexp", "128 ^ 128", 0x5, 480, "u128 u128 u128 r128 o128 o128"),
    P("modexp", "256 ^ 3", 0x5, 611, "u256 u3 u256 r256 =010001 o256"),
    P("modexp", "256 ^ 256", 0x5, 864, "u256 u256 u256 r256 o256 o256"),
    P("modexp", "1024 squared", 0x5, 2145, "u1024 u1 u1024 r1024 =02 o1024"),
    P("modexp", "1024 ^ 3, even", 0x5, 2147, "u1024 u3 u1024 r1024 =010001 o1023 z1"),
    P("bn254_add", "", 0x6, 128, "@bn254_add"), P("bn254_mul", "", 0x7, 96, "@bn254_mul"),
    P("bn254_pairing", "none", 0x8, 0, "=00"), P("bn254_pairing", "1 pair", 0x8, 192, "@bn254_pairing_1"),
    P("bn254_pairing", "2 pairs", 0x8, 384, "@bn254_pairing_2"),
    P("blake2f", "1 round", 0x9, 213, "=00000001 r208 =01"), P("blake2f", "12 rounds", 0x9, 213, "=0000000c r208 =01"),
    P("blake2f", "10,000 rounds", 0x9, 213, "=00002710 r208 =01"),
    P("point_evaluation", "", 0xa, 192, "@point_evaluation"),
    P("bls_g1_add", "", 0xb, 256, "@bls_g1_add"), P("bls_g1_msm", "1", 0xc, 160, "@bls_g1_msm_1"),
    P("bls_g1_msm", "16", 0xc, 2560, "@bls_g1_msm_16"), P("bls_g2_add", "", 0xd, 512, "@bls_g2_add"),
    P("bls_g2_msm", "1", 0xe, 288, "@bls_g2_msm_1"), P("bls_pairing", "1 pair", 0xf, 384, "@bls_pairing_1"),
    P("bls_pairing", "2 pairs", 0xf, 768, "@bls_pairing_2"), P("bls_map_g1", "", 0x10, 64, "@bls_map_g1"),
    P("bls_map_g2", "", 0x11, 128, "@bls_map_g2"), P("p256verify", "", 0x100, 160, "@p256verify"),
};

/* clang-format on */

/* PUSH, DUP and SWAP of all widths, and the three with an operand behind them (EIP-8024). */
static uint32_t add_stack_rows(struct opcode_row *rows)
{
    uint32_t count = 0;
    for (unsigned op = OP_PUSH0; op <= OP_EXCHANGE; op++) {
        bool stack = op <= OP_SWAP16 || op == OP_DUPN || op == OP_SWAPN || op == OP_EXCHANGE;
        if (!stack || opcode_infos[op].name == NULL) continue;
        bool pops = op <= OP_DUP16 || op == OP_DUPN;
        rows[count++] = (struct opcode_row){
            .name = opcode_infos[op].name, .op = (uint8_t)op, .shape = pops && op > OP_PUSH32 ? "with POP" : ""};
    }
    return count;
}

const struct opcode_row *opcode_rows(uint32_t *count)
{
    enum { STACK_ROWS = 33 + 16 + 16 + 3 };
    static struct opcode_row rows[COUNT_OF(table) + STACK_ROWS];
    static uint32_t made;
    if (made == 0) {
        memcpy(rows, table, sizeof table);
        made = COUNT_OF(table) + add_stack_rows(rows + COUNT_OF(table));
        ASSERT(made == COUNT_OF(rows));
    }
    *count = made;
    return rows;
}
