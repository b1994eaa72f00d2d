/* Forks: names, what some of them say, and which one a block of a chain obeys. */
#include "harness.h"

#include "fork/fork.h"

TEST(forks_are_found_by_all_their_names)
{
    CHECK(fork_find("Osaka") == &fork_osaka);
    CHECK(fork_find("osaka") == &fork_osaka);
    CHECK(fork_find("EIP150") == &fork_tangerine_whistle);
    CHECK(fork_find("EIP158") == &fork_spurious_dragon);
    CHECK(fork_find("ConstantinopleFix") == &fork_petersburg);
    CHECK(fork_find("Petersburg") == &fork_petersburg);
    CHECK(fork_find("Merge") == &fork_paris);
    CHECK(fork_find("") == NULL);
    CHECK(fork_find("EIP") == NULL);
    CHECK(fork_find("Osaka ") == NULL);
}

/* Deltas are applied in the right order: what a fork does not mention is what its predecessor said. */
TEST(forks_inherit_and_override)
{
    CHECK_EQ_U64(fork_frontier.op[OP_SLOAD].gas, 50);
    CHECK_EQ_U64(fork_spurious_dragon.op[OP_SLOAD].gas, 200);
    CHECK_EQ_U64(fork_istanbul.op[OP_SLOAD].gas, 800);
    CHECK_EQ_U64(fork_osaka.op[OP_SLOAD].gas, 100);
    CHECK(fork_constantinople.sstore.rule == SSTORE_NET);
    CHECK(fork_petersburg.sstore.rule == SSTORE_PLAIN);
    CHECK(fork_istanbul.sstore.rule == SSTORE_NET);
    CHECK_EQ_U64(fork_osaka.sstore.set, 20000);
    CHECK_EQ_U64(fork_osaka.blob.max, 9);
    CHECK_EQ_U64(fork_bpo2.blob.max, 21);
    CHECK_EQ_U64(fork_bpo2.blob.max_per_tx, 6);
    CHECK_EQ_U64(fork_paris.block_reward, 0);
    CHECK(!fork_london.op[OP_PUSH0].on && fork_shanghai.op[OP_PUSH0].on);
    CHECK(!fork_prague.op[OP_CLZ].on && fork_osaka.op[OP_CLZ].on);
    CHECK_EQ_U64(fork_osaka.gas.memory_word, 3);
}

/* The table of EIP-8037's draft, and the bottom of its formula. */
TEST(forks_price_state_growth)
{
    static const struct {
        uint64_t gas_limit, price;
    } cases[] = {{1000000, 1},      {10000000, 1},     {30000000, 150},   {60000000, 662},    {100000000, 1174},
                 {200000000, 2198}, {350000000, 4246}, {650000000, 7830}, {1000000000, 11926}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_EQ_U64(fork_state_byte_gas(&fork_amsterdam_bal_5_7_0, cases[i].gas_limit), cases[i].price);
    CHECK_EQ_U64(fork_state_byte_gas(&fork_osaka, 60000000), 0);
    CHECK(fork_find("Amsterdam") == &fork_amsterdam);
    CHECK_EQ_U64(fork_amsterdam.op[OP_SLOTNUM].gas, 2);
    CHECK_EQ_U64(fork_state_byte_gas(&fork_amsterdam, 60000000), 1530);
    CHECK_EQ_U64(fork_amsterdam.limit.code_size, 65536);
    CHECK_EQ_U64(fork_amsterdam.limit.initcode_size, 131072);
    CHECK(fork_find("Amsterdam-bal@v5.7.0") == &fork_amsterdam_bal_5_7_0);
    CHECK(fork_find("amsterdam-2026-02") == &fork_amsterdam_zkevm_0_3_3);
}

/* Whatever a fork switches on is in the list of opcodes, and nothing is ever switched off again. */
TEST(forks_switch_on_known_opcodes_only)
{
    for (size_t i = 0; forks[i] != NULL; i++)
        for (unsigned op = 0; op < 256; op++) {
            if (forks[i]->op[op].on) CHECK(opcode_infos[op].name != NULL);
            if (i > 0 && forks[i - 1]->op[op].on) CHECK(forks[i]->op[op].on);
        }
}

TEST(chains_know_their_forks)
{
    const struct chain_spec *m = chain_find("mainnet");
    CHECK(m == &chain_mainnet && chain_with_id(1) == m);
    CHECK(chain_fork_at(m, 0, 0) == &fork_frontier);
    CHECK(chain_fork_at(m, 1149999, 0) == &fork_frontier);
    CHECK(chain_fork_at(m, 1150000, 0) == &fork_homestead);
    CHECK(chain_fork_at(m, 7280000, 0) == &fork_petersburg);
    CHECK(chain_fork_at(m, 15537393, 1663224162) == &fork_gray_glacier);
    CHECK(chain_fork_at(m, 15537394, 1663224179) == &fork_paris);
    CHECK(chain_fork_at(m, 19426586, 1710338123) == &fork_shanghai);
    CHECK(chain_fork_at(m, 19426587, 1710338135) == &fork_cancun);
    CHECK(chain_fork_at(m, 30000000, 1767747671) == &fork_bpo2);
    CHECK(chain_fork_at(&chain_hoodi, 0, 0) == &fork_cancun);
    CHECK(chain_find("nowhere") == NULL && chain_with_id(4242) == NULL);
}

TEST(chains_of_fixtures_are_read_from_their_names)
{
    struct chain_spec c;
    CHECK_STATUS(chain_from_network(&c, "CancunToPragueAtTime15k", NULL), STATUS_OK);
    CHECK(chain_fork_at(&c, 9, 14999) == &fork_cancun);
    CHECK(chain_fork_at(&c, 9, 15000) == &fork_prague);
    CHECK_STATUS(chain_from_network(&c, "BerlinToLondonAt5", NULL), STATUS_OK);
    CHECK(chain_fork_at(&c, 4, 1u << 31) == &fork_berlin);
    CHECK(chain_fork_at(&c, 5, 0) == &fork_london);
    CHECK_STATUS(chain_from_network(&c, "Frontier", NULL), STATUS_OK);
    CHECK(chain_fork_at(&c, 1u << 30, 1u << 31) == &fork_frontier);
    const char *const bad[] = {
        "", "Cancún", "CancunToPrague", "CancunToPragueAtTime", "CancunToNothingAt5", "ToAt", "CancunToPragueAt5x"};
    struct error e;
    for (size_t i = 0; i < COUNT_OF(bad); i++) CHECK_STATUS(chain_from_network(&c, bad[i], &e), UNKNOWN_FORK);
}

/* A single EIP changes its opcodes and nothing else. */
TEST(forks_take_single_eips)
{
    struct fork f = fork_istanbul;
    CHECK(fork_add_eip(&f, 3198));
    CHECK(f.op[OP_BASEFEE].on);
    CHECK_EQ_U64(f.op[OP_BASEFEE].gas, 2);
    f.op[OP_BASEFEE] = fork_istanbul.op[OP_BASEFEE];
    CHECK(memcmp(&f, &fork_istanbul, sizeof f) == 0);
    CHECK(!fork_add_eip(&f, 3860)); /* costs transactions more, too */
    CHECK(!fork_add_eip(&f, 1));
    CHECK(memcmp(&f, &fork_istanbul, sizeof f) == 0);
    CHECK(fork_add_eip(&f, 2200) && f.sstore.rule == fork_istanbul.sstore.rule);
}

TEST(chains_of_tests_know_the_irregular_change)
{
    struct chain_spec chain;
    CHECK_STATUS(chain_from_network(&chain, "HomesteadToDaoAt5", NULL), STATUS_OK);
    CHECK_EQ_U64(chain.dao_block, 5);
    CHECK_STATUS(chain_from_network(&chain, "HomesteadToEIP150At5", NULL), STATUS_OK);
    CHECK_EQ_U64(chain.dao_block, NEVER);
}
