/* The price of blob gas against EIP-4844's fake_exponential in Python, whose numbers have no end:
 *
 *     def fake_exponential(factor, numerator, denominator):
 *         i, output, accum = 1, 0, factor * denominator
 *         while accum > 0:
 *             output += accum
 *             accum = (accum * numerator) // (denominator * i)
 *             i += 1
 *         return output // denominator */
#include "block/block.h"
#include "harness.h"

static const struct {
    const struct fork *fork;
    uint64_t excess;
    bool beyond;       /* 2^256 or more */
    const char *price; /* modulo 2^256 */
} prices[] = {
    {&fork_cancun, 0ull, false, "0000000000000000000000000000000000000000000000000000000000000001"},
    {&fork_cancun, 2314057ull, false, "0000000000000000000000000000000000000000000000000000000000000001"},
    {&fork_cancun, 2314058ull, false, "0000000000000000000000000000000000000000000000000000000000000002"},
    {&fork_cancun, 39321600ull, false, "000000000000000000000000000000000000000000000000000000000001fd58"},
    {&fork_cancun, 470725257ull, false, "0000000000000ab413bbe47226f1d886af9dc0f815031cb26bc0dc63f25c9be4"},
    {&fork_bpo2, 1647538611ull, false, "0000000000000ab413bbe4f0e54e107660275d570e224b65801af821611e296c"},
    {&fork_prague, 500783945ull, false, "00000000000000000000000000013557a53496d8833fe30aea318ae7366f53ec"},
    {&fork_cancun, 590910429ull, false, "a3f09605ad675c8eedbed5b070355a3f671691a4cfe68384dfaf98762032c6d0"},
    {&fork_cancun, 594248906ull, true, "bda271db916286f2f00a67c9b7a81802efefe320a206795373f4853bc61c69e0"},
    {&fork_bpo2, 2336934201ull, true, "b222d5aa984464e5bfff85ef16ebbb96a5d361d6d3a92c715efd4cbdc32e91a9"},
    {&fork_cancun, 3418600447ull, true, "4ed71bfafc11d1e5c1defe8c5690b3fd9823e17c5d2d1d7e5eb814e0fff2361c"},
};

TEST(blob_prices_are_those_of_the_formula)
{
    for (size_t i = 0; i < COUNT_OF(prices); i++) {
        bool beyond;
        uint8_t found[32];
        u256_store_be(found, block_blob_base_fee(prices[i].fork, prices[i].excess, &beyond));
        CHECK_HEX(found, sizeof found, prices[i].price);
        CHECK(beyond == prices[i].beyond);
    }
}

TEST(blob_prices_end_where_nobody_can_reach)
{
    bool beyond;
    struct u256 price = block_blob_base_fee(&fork_cancun, UINT64_MAX, &beyond);
    CHECK(beyond && u256_equal(price, U256_MAX));
    price = block_blob_base_fee(&fork_shanghai, UINT64_MAX, &beyond);
    CHECK(!beyond && u256_is_zero(price));
}

TEST(excess_blob_gas_follows_the_reserve_price)
{
    const uint64_t blob = GAS_PER_BLOB;
    struct header parent = {
        .field_count = HEADER_BLOB_GAS, .excess_blob_gas = 6 * blob, .blob_gas_used = 6 * blob, .base_fee = U256(1)};
    /* Cheap execution: the target is taken off. */
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), 6 * blob);
    /* A blob costs less than 2^13 gas of execution: a third of what was used (EIP-7918). */
    parent.base_fee = U256(1000);
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), 6 * blob + 6 * blob * 3 / 9);
    CHECK_EQ_U64(block_excess_blob_gas(&fork_prague, &parent), 6 * blob);
    /* Products of more than 256 bits are compared as they are. */
    parent.base_fee = U256_MAX;
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), 6 * blob + 6 * blob * 3 / 9);
    parent.excess_blob_gas = 5007716ull * 180; /* a price beyond 2^256 is above any reserve */
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), parent.excess_blob_gas);
    /* Below the target the base fee has no say. */
    parent.excess_blob_gas = 0;
    parent.blob_gas_used = 5 * blob;
    CHECK(!block_excess_needs_base_fee(&fork_osaka, &parent));
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), 0);
    parent.blob_gas_used = 6 * blob;
    CHECK(block_excess_needs_base_fee(&fork_osaka, &parent));
    CHECK(!block_excess_needs_base_fee(&fork_prague, &parent));
}
