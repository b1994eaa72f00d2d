/* Every fork of Ethereum, each written as what it changes in the one before: read from top to bottom it is the history
 * of the protocol. A macro NAME_IS holds the designators of a fork; the last one of a field wins. */
#include "fork/fork.h"

#include <strings.h>

#define ON true

#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

/* ---- proof of work ------------------------------------------------------------------------------------------- */

#define FRONTIER_IS                                                                                                    \
    .name = "Frontier", .aliases = "",                                                                                 \
    .op[OP_STOP] = {0, ON}, .op[OP_ADD] = {3, ON}, .op[OP_MUL] = {5, ON}, .op[OP_SUB] = {3, ON},                       \
    .op[OP_DIV] = {5, ON}, .op[OP_SDIV] = {5, ON}, .op[OP_MOD] = {5, ON}, .op[OP_SMOD] = {5, ON},                      \
    .op[OP_ADDMOD] = {8, ON}, .op[OP_MULMOD] = {8, ON}, .op[OP_EXP] = {10, ON}, .op[OP_SIGNEXTEND] = {5, ON},          \
    .op[OP_LT... OP_BYTE] = {3, ON},                                                                                   \
    .op[OP_KECCAK256] = {30, ON},                                                                                      \
    .op[OP_ADDRESS] = {2, ON}, .op[OP_BALANCE] = {20, ON}, .op[OP_ORIGIN... OP_CALLVALUE] = {2, ON},                   \
    .op[OP_CALLDATALOAD] = {3, ON}, .op[OP_CALLDATASIZE] = {2, ON}, .op[OP_CALLDATACOPY] = {3, ON},                    \
    .op[OP_CODESIZE] = {2, ON}, .op[OP_CODECOPY] = {3, ON}, .op[OP_GASPRICE] = {2, ON},                                \
    .op[OP_EXTCODESIZE] = {20, ON}, .op[OP_EXTCODECOPY] = {20, ON},                                                    \
    .op[OP_BLOCKHASH] = {20, ON}, .op[OP_COINBASE... OP_GASLIMIT] = {2, ON},                                           \
    .op[OP_POP] = {2, ON}, .op[OP_MLOAD... OP_MSTORE8] = {3, ON}, .op[OP_SLOAD] = {50, ON}, .op[OP_SSTORE] = {0, ON},  \
    .op[OP_JUMP] = {8, ON}, .op[OP_JUMPI] = {10, ON}, .op[OP_PC... OP_GAS] = {2, ON}, .op[OP_JUMPDEST] = {1, ON},      \
    .op[OP_PUSH1... OP_SWAP16] = {3, ON}, .op[OP_LOG0... OP_LOG4] = {375, ON},                                         \
    .op[OP_CREATE] = {32000, ON}, .op[OP_CALL] = {40, ON}, .op[OP_CALLCODE] = {40, ON}, .op[OP_RETURN] = {0, ON},      \
    .op[OP_SELFDESTRUCT] = {0, ON},                                                                                    \
    .gas = {.exp_byte = 10, .keccak_word = 6, .copy_word = 3, .memory_word = 3, .log_topic = 375, .log_byte = 8,       \
            .call_value = 9000, .call_stipend = 2300, .new_account = 25000, .selfdestruct_refund = 24000,              \
            .code_byte = 200},                                                                                         \
    .sstore = {.rule = SSTORE_PLAIN, .set = 20000, .reset = 5000, .clear_refund = 15000},                              \
    .selfdestruct = SELFDESTRUCT_ALWAYS,                                                                               \
    .tx = {.base = 21000, .data_zero = 4, .data_byte = 68, .refund_quotient = 2, .types = TX_TYPE_LEGACY},             \
    .storage_collides = true,                  /* EIP-7610, for all blocks there have been */                          \
    .block_reward = 5000000000000000000u, .difficulty = DIFFICULTY_FRONTIER, .min_difficulty = 131072,                 \
    PRECOMPILES_FRONTIER

#define HOMESTEAD_IS                                                                                                   \
    FRONTIER_IS, .name = "Homestead", .aliases = "DAO DAOFork",                                                        \
    .op[OP_DELEGATECALL] = {40, ON},           /* EIP-7 */                                                             \
    .tx.create = 32000,                        /* EIP-2, also the next three */                                        \
    .deposit_out_of_gas_fails = true,                                                                                  \
    .low_s = true,                                                                                                     \
    .difficulty = DIFFICULTY_HOMESTEAD

/* EIP-150: what reads the disk costs more. */
#define TANGERINE_WHISTLE_IS                                                                                           \
    HOMESTEAD_IS, .name = "TangerineWhistle", .aliases = "EIP150 Tangerine",                                           \
    .op[OP_EXTCODESIZE] = {700, ON}, .op[OP_EXTCODECOPY] = {700, ON}, .op[OP_BALANCE] = {400, ON},                     \
    .op[OP_SLOAD] = {200, ON}, .op[OP_CALL] = {700, ON}, .op[OP_CALLCODE] = {700, ON},                                 \
    .op[OP_DELEGATECALL] = {700, ON}, .op[OP_SELFDESTRUCT] = {5000, ON},                                               \
    .gas.selfdestruct_new_account = 25000,                                                                             \
    .keeps_64th = true

#define SPURIOUS_DRAGON_IS                                                                                             \
    TANGERINE_WHISTLE_IS, .name = "SpuriousDragon", .aliases = "EIP158 EIP155 EIP161 Spurious",                        \
    .replay_protection = true,                 /* EIP-155 */                                                           \
    .gas.exp_byte = 50,                        /* EIP-160 */                                                           \
    .clear_empty = true,                       /* EIP-161 */                                                           \
    .limit.code_size = 24576                   /* EIP-170 */

#define BYZANTIUM_IS                                                                                                   \
    SPURIOUS_DRAGON_IS, .name = "Byzantium", .aliases = "",                                                            \
    .difficulty = DIFFICULTY_BYZANTIUM,        /* EIP-100 */                                                           \
    .op[OP_REVERT] = {0, ON},                  /* EIP-140 */                                                           \
    .op[OP_RETURNDATASIZE] = {2, ON},          /* EIP-211 */                                                           \
    .op[OP_RETURNDATACOPY] = {3, ON},                                                                                  \
    .op[OP_STATICCALL] = {700, ON},            /* EIP-214 */                                                           \
    .block_reward = 3000000000000000000u,      /* EIP-649 */                                                           \
    .bomb_delay = 3000000,                                                                                             \
    .receipt_status = true,                    /* EIP-658 */                                                           \
    PRECOMPILES_BYZANTIUM                      /* EIP-196, EIP-197, EIP-198 */

#define CONSTANTINOPLE_IS                                                                                              \
    BYZANTIUM_IS, .name = "Constantinople", .aliases = "",                                                             \
    .op[OP_SHL] = {3, ON}, .op[OP_SHR] = {3, ON}, .op[OP_SAR] = {3, ON}, /* EIP-145 */                                 \
    .op[OP_CREATE2] = {32000, ON},             /* EIP-1014 */                                                          \
    .op[OP_EXTCODEHASH] = {400, ON},           /* EIP-1052 */                                                          \
    .block_reward = 2000000000000000000u,      /* EIP-1234 */                                                          \
    .bomb_delay = 5000000,                                                                                             \
    .sstore.rule = SSTORE_NET,                 /* EIP-1283 */                                                          \
    .sstore.same = 200

/* EIP-1716: EIP-1283 is taken back. */
#define PETERSBURG_IS                                                                                                  \
    CONSTANTINOPLE_IS, .name = "ConstantinopleFix", .aliases = "Petersburg",                                           \
    .sstore.rule = SSTORE_PLAIN, .sstore.same = 0

#define ISTANBUL_IS                                                                                                    \
    PETERSBURG_IS, .name = "Istanbul", .aliases = "",                                                                  \
    .op[OP_CHAINID] = {2, ON},                 /* EIP-1344 */                                                          \
    .op[OP_SELFBALANCE] = {5, ON},             /* EIP-1884, also the next three */                                     \
    .op[OP_SLOAD] = {800, ON}, .op[OP_BALANCE] = {700, ON}, .op[OP_EXTCODEHASH] = {700, ON},                           \
    .tx.data_byte = 16,                        /* EIP-2028 */                                                          \
    .sstore.rule = SSTORE_NET,                 /* EIP-2200 */                                                          \
    .sstore.same = 800, .sstore.needs_stipend = true,                                                                  \
    PRECOMPILES_ISTANBUL                       /* EIP-152, EIP-1108 */

#define MUIR_GLACIER_IS                                                                                                \
    ISTANBUL_IS, .name = "MuirGlacier", .aliases = "",                                                                 \
    .bomb_delay = 9000000                      /* EIP-2384 */

/* EIP-2929: the first access in a transaction is cold and expensive, later ones are warm. Base gas is the price of a warm access. */
#define BERLIN_IS                                                                                                      \
    MUIR_GLACIER_IS, .name = "Berlin", .aliases = "",                                                                  \
    .gas.cold_account = 2600, .gas.cold_slot = 2100, .gas.warm = 100,                                                  \
    .op[OP_BALANCE] = {100, ON}, .op[OP_EXTCODESIZE] = {100, ON}, .op[OP_EXTCODECOPY] = {100, ON},                     \
    .op[OP_EXTCODEHASH] = {100, ON}, .op[OP_SLOAD] = {100, ON}, .op[OP_CALL] = {100, ON},                              \
    .op[OP_CALLCODE] = {100, ON}, .op[OP_DELEGATECALL] = {100, ON}, .op[OP_STATICCALL] = {100, ON},                    \
    .sstore.reset = 2900, .sstore.same = 100,                                                                          \
    .tx.types = TX_TYPE_LEGACY | TX_TYPE_ACCESS_LIST, /* EIP-2718, EIP-2930 */                                         \
    .tx.access_address = 2400, .tx.access_key = 1900,                                                                  \
    PRECOMPILES_BERLIN                         /* EIP-2565 */

#define LONDON_IS                                                                                                      \
    BERLIN_IS, .name = "London", .aliases = "",                                                                        \
    .tx.types = TX_TYPE_LEGACY | TX_TYPE_ACCESS_LIST | TX_TYPE_DYNAMIC_FEE, /* EIP-1559 */                             \
    .base_fee = {.elasticity = 2, .denominator = 8, .initial = 1000000000},                                            \
    .op[OP_BASEFEE] = {2, ON},                 /* EIP-3198 */                                                          \
    .sstore.clear_refund = 4800,               /* EIP-3529 */                                                          \
    .gas.selfdestruct_refund = 0, .tx.refund_quotient = 5,                                                             \
    .reject_ef_code = true,                    /* EIP-3541 */                                                          \
    .bomb_delay = 9700000                      /* EIP-3554 */

#define ARROW_GLACIER_IS                                                                                               \
    LONDON_IS, .name = "ArrowGlacier", .aliases = "",                                                                  \
    .bomb_delay = 10700000                     /* EIP-4345 */

#define GRAY_GLACIER_IS                                                                                                \
    ARROW_GLACIER_IS, .name = "GrayGlacier", .aliases = "",                                                            \
    .bomb_delay = 11400000                     /* EIP-5133 */

/* ---- proof of stake ------------------------------------------------------------------------------------------ */

#define PARIS_IS                                                                                                       \
    GRAY_GLACIER_IS, .name = "Paris", .aliases = "Merge",                                                              \
    .difficulty = DIFFICULTY_NONE, .min_difficulty = 0, .block_reward = 0, /* EIP-3675 */                              \
    .prevrandao = true                         /* EIP-4399 */

#define SHANGHAI_IS                                                                                                    \
    PARIS_IS, .name = "Shanghai", .aliases = "",                                                                       \
    .warm_coinbase = true,                     /* EIP-3651 */                                                          \
    .op[OP_PUSH0] = {2, ON},                   /* EIP-3855 */                                                          \
    .limit.initcode_size = 49152, .gas.initcode_word = 2, /* EIP-3860 */                                               \
    .withdrawals = true                        /* EIP-4895 */

#define CANCUN_IS                                                                                                      \
    SHANGHAI_IS, .name = "Cancun", .aliases = "",                                                                      \
    .op[OP_TLOAD] = {100, ON}, .op[OP_TSTORE] = {100, ON}, /* EIP-1153 */                                              \
    .beacon_root = true,                       /* EIP-4788 */                                                          \
    .tx.types = TX_TYPE_LEGACY | TX_TYPE_ACCESS_LIST | TX_TYPE_DYNAMIC_FEE | TX_TYPE_BLOB, /* EIP-4844 */              \
    .blob = {.target = 3, .max = 6, .max_per_tx = 6, .update_fraction = 3338477},                                      \
    .op[OP_BLOBHASH] = {3, ON},                                                                                        \
    .op[OP_MCOPY] = {3, ON},                   /* EIP-5656 */                                                          \
    .selfdestruct = SELFDESTRUCT_SAME_TRANSACTION, /* EIP-6780 */                                                      \
    .op[OP_BLOBBASEFEE] = {2, ON},             /* EIP-7516 */                                                          \
    PRECOMPILES_CANCUN

#define PRAGUE_IS                                                                                                      \
    CANCUN_IS, .name = "Prague", .aliases = "",                                                                        \
    PRECOMPILES_PRAGUE,                        /* EIP-2537 */                                                          \
    .parent_hash = true,                       /* EIP-2935 */                                                          \
    .requests = REQUEST_DEPOSIT | REQUEST_WITHDRAWAL | REQUEST_CONSOLIDATION, /* EIP-6110, EIP-7002, EIP-7251 */       \
    .tx.floor_token = 10, .tx.floor_zero = 1, .tx.floor_byte = 4, /* EIP-7623 */                                       \
    .blob = {.target = 6, .max = 9, .max_per_tx = 9, .update_fraction = 5007716}, /* EIP-7691 */                       \
    .tx.types = TX_TYPE_LEGACY | TX_TYPE_ACCESS_LIST | TX_TYPE_DYNAMIC_FEE | TX_TYPE_BLOB | TX_TYPE_SET_CODE,          \
    .tx.authorization = 25000, .tx.authorization_refund = 12500, /* EIP-7702 */                                        \
    .delegation = true

#define OSAKA_IS                                                                                                       \
    PRAGUE_IS, .name = "Osaka", .aliases = "",                                                                         \
    .blob.max_per_tx = 6,                      /* EIP-7594 */                                                          \
    PRECOMPILES_OSAKA,                         /* EIP-7823, EIP-7883, EIP-7951 */                                      \
    .limit.tx_gas = 1u << 24,                  /* EIP-7825 */                                                          \
    .blob.base_cost = 1u << 13,                /* EIP-7918 */                                                          \
    .limit.block_size = (10u << 20) - (2u << 20), /* EIP-7934 */                                                       \
    .op[OP_CLZ] = {5, ON}                      /* EIP-7939 */

/* EIP-7892: forks that change the number of blobs and nothing else. The first two are on mainnet, the others are what
 * execution-spec-tests calls by these names. */
#define BLOBS(target_blobs, max_blobs, fraction)                                                                       \
    .blob.target = (target_blobs), .blob.max = (max_blobs), .blob.update_fraction = (fraction)

#define BPO1_IS OSAKA_IS, .name = "BPO1", .aliases = "", BLOBS(10, 15, 8346193)
#define BPO2_IS BPO1_IS, .name = "BPO2", .aliases = "", BLOBS(14, 21, 11684671)
#define BPO3_IS BPO2_IS, .name = "BPO3", .aliases = "", BLOBS(21, 32, 20609697)
#define BPO4_IS BPO3_IS, .name = "BPO4", .aliases = "", BLOBS(14, 21, 13739630)
#define BPO5_IS BPO4_IS, .name = "BPO5", .aliases = ""

/* Amsterdam as releases bal@v5.7.0 and zkevm@v0.3.3 of the tests had it. EIP-8037: what makes the state grow is priced by
 * the byte, in a gas of its own; what is left in execution gas is the work. */
#define AMSTERDAM_BAL_5_7_0_IS                                                                                         \
    BPO2_IS, .name = "Amsterdam-bal@v5.7.0", .aliases = "Amsterdam-2026-04",                                           \
    .transfer_logs = true,                     /* EIP-7708 */                                                          \
    .block_gas_without_refunds = true,         /* EIP-7778 */                                                          \
    .slot_number = true, .op[OP_SLOTNUM] = {2, ON}, /* EIP-7843 */                                                     \
    .block_access_list = true,                 /* EIP-7928 */                                                          \
    .limit.code_size = 1u << 15, .limit.initcode_size = 1u << 16, /* EIP-7954 */                                       \
    .tx.floor_token = 16, .tx.floor_zero = 4,  /* EIP-7976 */                                                          \
    .tx.access_list_byte = 4,                  /* EIP-7981 */                                                          \
    .op[OP_DUPN] = {3, ON}, .op[OP_SWAPN] = {3, ON}, .op[OP_EXCHANGE] = {3, ON}, /* EIP-8024 */                        \
    .state_growth = {.byte_year_target = UINT64_C(100) << 30, .price_bits = 5, .price_offset = 9578,                   \
                     .account = 112, .slot = 32, .delegation = 23,                                                     \
                     .rule = STATE_GAS_TO_RESERVOIR},  /* EIP-8037, also all that follows */                           \
    .op[OP_CREATE] = {9000, ON}, .op[OP_CREATE2] = {9000, ON}, .tx.create = 9000,                                      \
    .gas.code_byte = 0, .gas.code_word = 6, .gas.new_account = 0, .gas.selfdestruct_new_account = 0,                   \
    .sstore.set = 2900,                                                                                                \
    .tx.authorization = 7500, .tx.authorization_refund = 0

#define AMSTERDAM_ZKEVM_0_3_3_IS                                                                                       \
    AMSTERDAM_BAL_5_7_0_IS, .name = "Amsterdam-zkevm@v0.3.3", .aliases = "Amsterdam-2026-02",                          \
    .state_growth.rule = STATE_GAS_LOST

/* EIP-7773 as it went to Sepolia (release v21.0.0 of the tests). */
#define AMSTERDAM_IS                                                                                                   \
    AMSTERDAM_BAL_5_7_0_IS, .name = "Amsterdam", .aliases = "",                                                        \
    .tx.base = 12000, .tx.recipient = 3000, .tx.value = 6000, .tx.charges_at_run_time = true, /* EIP-2780 */           \
    .limit.code_size = 1u << 16, .limit.initcode_size = 1u << 17, /* EIP-7954 */                                       \
    .state_growth = {.byte_gas = 1530, .account = 120, .slot = 64, .delegation = 23, .system_slots = 16,               \
                     .rule = STATE_GAS_LAST_FIRST},    /* EIP-8037 */                                                  \
    .limit.tx_total_gas = UINT32_MAX,                                                                                  \
    .gas.cold_account = 3000,                  /* EIP-8038, also all that follows */                                   \
    .op[OP_EXTCODESIZE] = {200, ON}, .op[OP_EXTCODECOPY] = {200, ON},                                                  \
    .op[OP_CREATE] = {12000, ON}, .op[OP_CREATE2] = {12000, ON}, .tx.create = 12000,                                   \
    .gas.call_value = 11300, .gas.selfdestruct_new_account = 9000,                                                     \
    .sstore.set = 10000, .sstore.reset = 10000, .sstore.same = 0, .sstore.warm = 100, .sstore.clear_refund = 11616,    \
    .tx.access_address = 2900, .tx.access_key = 2000,                                                                  \
    .tx.authorization = 7816, .tx.authority_write = 9000,                                                              \
    .storage_collides = false,                                                                                         \
    .selfdestruct_keeps_balance = true,        /* EIP-8246 */                                                          \
    .requests = REQUEST_DEPOSIT | REQUEST_WITHDRAWAL | REQUEST_CONSOLIDATION | REQUEST_BUILDER_DEPOSIT |               \
                REQUEST_BUILDER_EXIT           /* EIP-8282 */

const struct fork fork_frontier = {FRONTIER_IS};
const struct fork fork_homestead = {HOMESTEAD_IS};
const struct fork fork_tangerine_whistle = {TANGERINE_WHISTLE_IS};
const struct fork fork_spurious_dragon = {SPURIOUS_DRAGON_IS};
const struct fork fork_byzantium = {BYZANTIUM_IS};
const struct fork fork_constantinople = {CONSTANTINOPLE_IS};
const struct fork fork_petersburg = {PETERSBURG_IS};
const struct fork fork_istanbul = {ISTANBUL_IS};
const struct fork fork_muir_glacier = {MUIR_GLACIER_IS};
const struct fork fork_berlin = {BERLIN_IS};
const struct fork fork_london = {LONDON_IS};
const struct fork fork_arrow_glacier = {ARROW_GLACIER_IS};
const struct fork fork_gray_glacier = {GRAY_GLACIER_IS};
const struct fork fork_paris = {PARIS_IS};
const struct fork fork_shanghai = {SHANGHAI_IS};
const struct fork fork_cancun = {CANCUN_IS};
const struct fork fork_prague = {PRAGUE_IS};
const struct fork fork_osaka = {OSAKA_IS};
const struct fork fork_bpo1 = {BPO1_IS};
const struct fork fork_bpo2 = {BPO2_IS};
const struct fork fork_bpo3 = {BPO3_IS};
const struct fork fork_bpo4 = {BPO4_IS};
const struct fork fork_bpo5 = {BPO5_IS};
const struct fork fork_amsterdam = {AMSTERDAM_IS};
const struct fork fork_amsterdam_zkevm_0_3_3 = {AMSTERDAM_ZKEVM_0_3_3_IS};
const struct fork fork_amsterdam_bal_5_7_0 = {AMSTERDAM_BAL_5_7_0_IS};

const struct fork *const forks[] = {
    &fork_frontier,     &fork_homestead,    &fork_tangerine_whistle, &fork_spurious_dragon, &fork_byzantium,
    &fork_constantinople, &fork_petersburg, &fork_istanbul,          &fork_muir_glacier,    &fork_berlin,
    &fork_london,       &fork_arrow_glacier, &fork_gray_glacier,     &fork_paris,           &fork_shanghai,
    &fork_cancun,       &fork_prague,       &fork_osaka,             &fork_bpo1,            &fork_bpo2,
    &fork_bpo3,         &fork_bpo4,         &fork_bpo5,         &fork_amsterdam,         NULL,
};

const struct fork *const fork_drafts[] = {&fork_amsterdam_zkevm_0_3_3, &fork_amsterdam_bal_5_7_0, NULL};

const struct opcode_info opcode_infos[256] = {
#define OP(name, byte, in, out, immediate) [byte] = {#name, in, out, immediate},
#include "fork/opcodes.def"
#undef OP
};

/* ---- finding ------------------------------------------------------------------------------------------------- */

/* Whether `name` is one of the words of `list`. */
static bool list_has(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *word = list; *word != 0;) {
        size_t word_size = strcspn(word, " ");
        if (word_size == size && strncasecmp(word, name, size) == 0)
            return true;
        word += word_size;
        word += strspn(word, " ");
    }
    return false;
}

static bool is_named(const struct fork *f, const char *name)
{
    return strcasecmp(f->name, name) == 0 || list_has(f->aliases, name);
}

const struct fork *fork_find(const char *name)
{
    for (size_t i = 0; forks[i] != NULL; i++)
        if (is_named(forks[i], name)) return forks[i];
    for (size_t i = 0; fork_drafts[i] != NULL; i++)
        if (is_named(fork_drafts[i], name)) return fork_drafts[i];
    return NULL;
}
