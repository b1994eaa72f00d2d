/* Headers against their parents. */
#include "block/block.h"
#include "harness.h"

/* A header that may follow itself, but for number and time. */
static struct header parent_for(const struct fork *fork)
{
    struct header h = {.field_count = block_header_fields(fork),
                       .number = 100,
                       .timestamp = 1000,
                       .gas_limit = 30000000,
                       .gas_used = 15000000,
                       .uncles_hash = uncles_hash_empty};
    if (fork->base_fee.elasticity != 0) h.base_fee = U256(1000000000);
    if (fork->difficulty != DIFFICULTY_NONE) h.difficulty = U256(10000000);
    return h;
}

static struct header child_of(const struct header *parent, const struct fork *fork)
{
    struct header h = *parent;
    h.field_count = block_header_fields(fork);
    header_hash(&h.parent_hash, parent);
    h.number++;
    h.timestamp += 12;
    h.difficulty = block_difficulty(fork, h.number, h.timestamp, parent->timestamp, parent->difficulty, false);
    if (fork->base_fee.elasticity != 0) h.base_fee = block_base_fee(fork, parent);
    if (fork->blob.max != 0) h.excess_blob_gas = block_excess_blob_gas(fork, parent);
    return h;
}

static enum status check(const struct header *h, const struct header *parent, const struct fork *fork)
{
    return block_check_header(h, parent, fork, &chain_sepolia, NULL);
}

TEST(a_header_follows_its_parent_on_every_fork)
{
    for (const struct fork *const *f = forks; *f != NULL; f++) {
        struct header parent = parent_for(*f), h = child_of(&parent, *f);
        CHECK_STATUS(check(&h, &parent, *f), STATUS_OK);
    }
}

TEST(each_wrong_field_of_a_header_has_its_reason)
{
    const struct fork *fork = &fork_osaka;
    struct header parent = parent_for(fork), good = child_of(&parent, fork), h;
#define EXPECT(change, reason)                                                                                         \
    h = good;                                                                                                          \
    change;                                                                                                            \
    CHECK_STATUS(check(&h, &parent, fork), reason)

    EXPECT(h.field_count--, BLOCK_HEADER_FIELDS);
    EXPECT(h.number++, BLOCK_NUMBER);
    EXPECT(h.timestamp = parent.timestamp, BLOCK_TIMESTAMP);
    EXPECT(h.extra_data.size = EXTRA_DATA_MAX + 1, BLOCK_EXTRA_DATA);
    EXPECT(h.gas_used = h.gas_limit + 1, BLOCK_GAS_OVER_LIMIT);
    EXPECT(h.gas_limit += h.gas_limit / 1024, BLOCK_GAS_LIMIT);
    EXPECT(h.gas_limit += h.gas_limit / 1024 - 1, STATUS_OK);
    EXPECT(h.gas_limit -= h.gas_limit / 1024, BLOCK_GAS_LIMIT);
    EXPECT(h.gas_limit -= h.gas_limit / 1024 - 1, STATUS_OK);
    EXPECT(h.difficulty = U256_ONE, BLOCK_DIFFICULTY);
    EXPECT(h.nonce[7] = 1, BLOCK_NONCE);
    EXPECT(h.uncles_hash.b[0] ^= 1, UNCLE_TOO_MANY);
    EXPECT(h.base_fee = u256_add(h.base_fee, U256_ONE), BLOCK_BASE_FEE);
    EXPECT(h.blob_gas_used = 1, BLOCK_BLOB_GAS_UNEVEN);
    EXPECT(h.blob_gas_used = (uint64_t)(fork->blob.max + 1) * GAS_PER_BLOB, BLOCK_BLOB_GAS_OVER_MAX);
    EXPECT(h.excess_blob_gas++, BLOCK_EXCESS_BLOB_GAS);
#undef EXPECT
}

TEST(a_gas_limit_has_a_least_value)
{
    struct header parent = parent_for(&fork_frontier);
    parent.gas_limit = GAS_LIMIT_MIN;
    parent.gas_used = 0;
    struct header h = child_of(&parent, &fork_frontier);
    CHECK_STATUS(check(&h, &parent, &fork_frontier), STATUS_OK);
    h.gas_limit--;
    CHECK_STATUS(check(&h, &parent, &fork_frontier), BLOCK_GAS_LIMIT);
}

TEST(a_gas_limit_has_a_greatest_value)
{
    struct header parent = parent_for(&fork_frontier);
    parent.gas_limit = GAS_LIMIT_MAX;
    struct header h = child_of(&parent, &fork_frontier);
    CHECK_STATUS(check(&h, &parent, &fork_frontier), STATUS_OK);
    h.gas_limit++;
    CHECK_STATUS(check(&h, &parent, &fork_frontier), BLOCK_GAS_LIMIT);
}

TEST(extra_data_says_dao_for_ten_blocks)
{
    struct header parent = parent_for(&fork_homestead);
    parent.number = chain_mainnet.dao_block - 1;
    struct header h = child_of(&parent, &fork_homestead);
    const struct chain_spec *mainnet = &chain_mainnet;
    CHECK_STATUS(block_check_header(&h, &parent, &fork_homestead, mainnet, NULL), BLOCK_EXTRA_DATA);
    h.extra_data = (struct bytes){(const uint8_t *)"dao-hard-fork", 13};
    CHECK_STATUS(block_check_header(&h, &parent, &fork_homestead, mainnet, NULL), STATUS_OK);
}

TEST(the_base_fee_moves_by_an_eighth_at_most)
{
    struct header parent = parent_for(&fork_london);
    CHECK_EQ_U64(block_base_fee(&fork_london, &parent).w[0], 1000000000); /* at the target */
    parent.gas_used = parent.gas_limit;
    CHECK_EQ_U64(block_base_fee(&fork_london, &parent).w[0], 1125000000);
    parent.gas_used = 0;
    CHECK_EQ_U64(block_base_fee(&fork_london, &parent).w[0], 875000000);
    parent.base_fee = U256(1); /* rises by one at least, and falls to zero never by rounding */
    CHECK_EQ_U64(block_base_fee(&fork_london, &parent).w[0], 1);
    parent.gas_used = parent.gas_limit;
    CHECK_EQ_U64(block_base_fee(&fork_london, &parent).w[0], 2);
    struct header before = parent_for(&fork_berlin);
    CHECK_EQ_U64(block_base_fee(&fork_london, &before).w[0], 1000000000);
}

TEST(the_first_block_with_a_base_fee_is_twice_as_large)
{
    struct header parent = parent_for(&fork_berlin), h = child_of(&parent, &fork_london);
    CHECK_STATUS(check(&h, &parent, &fork_london), BLOCK_GAS_LIMIT);
    h.gas_limit = 2 * parent.gas_limit;
    CHECK_STATUS(check(&h, &parent, &fork_london), STATUS_OK);
}

TEST(excess_blob_gas_is_what_was_used_beyond_the_target)
{
    struct header parent = parent_for(&fork_cancun);
    CHECK_EQ_U64(block_excess_blob_gas(&fork_cancun, &parent), 0);
    parent.blob_gas_used = 6 * GAS_PER_BLOB;
    CHECK_EQ_U64(block_excess_blob_gas(&fork_cancun, &parent), 3 * GAS_PER_BLOB);
    parent.excess_blob_gas = 10 * GAS_PER_BLOB;
    parent.blob_gas_used = 0;
    CHECK_EQ_U64(block_excess_blob_gas(&fork_cancun, &parent), 7 * GAS_PER_BLOB);
    /* EIP-7918: below the reserve price nothing is taken off, and a third of what was used is added (9 - 6 of 9). */
    parent.blob_gas_used = 3 * GAS_PER_BLOB;
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), 11 * GAS_PER_BLOB);
    parent.base_fee = U256_ZERO;
    CHECK_EQ_U64(block_excess_blob_gas(&fork_osaka, &parent), 7 * GAS_PER_BLOB);
    struct header before = parent_for(&fork_shanghai);
    CHECK_EQ_U64(block_excess_blob_gas(&fork_cancun, &before), 0);
}

/* ---- uncles ------------------------------------------------------------------------------------------------------ */

enum { CHAIN_LENGTH = 10 };

/* Headers 0 (oldest) to 9, and the block that would be number 10. */
struct small_chain {
    struct header headers[CHAIN_LENGTH];
    struct block_ancestor ancestors[CHAIN_LENGTH]; /* parent first */
    struct block block;
};

static const struct chain_spec homestead_chain = {
    .dao_block = NEVER, .activations = {{&fork_homestead, BY_NUMBER, 0}}, .activation_count = 1};

static void make_chain(struct small_chain *c)
{
    c->headers[0] = parent_for(&fork_homestead);
    for (size_t i = 1; i < CHAIN_LENGTH; i++) c->headers[i] = child_of(&c->headers[i - 1], &fork_homestead);
    for (size_t i = 0; i < CHAIN_LENGTH; i++) {
        c->ancestors[i] = (struct block_ancestor){.header = &c->headers[CHAIN_LENGTH - 1 - i]};
        header_hash(&c->ancestors[i].hash, c->ancestors[i].header);
    }
    c->block = (struct block){.header = child_of(&c->headers[CHAIN_LENGTH - 1], &fork_homestead)};
}

/* Another child of the ancestor `generations` back. */
static struct header uncle_of(const struct small_chain *c, size_t generations)
{
    struct header uncle = child_of(c->ancestors[generations].header, &fork_homestead);
    uncle.beneficiary.b[0] = 0x77;
    return uncle;
}

static enum status check_uncles(struct small_chain *c, const struct header *uncles, uint32_t count)
{
    c->block.uncles = uncles;
    c->block.uncle_count = count;
    return block_check_uncles(&c->block, &homestead_chain, c->ancestors, OMMER_AGE_MAX + 1, NULL);
}

TEST(uncles_are_children_of_the_last_ancestors)
{
    struct small_chain c;
    make_chain(&c);
    for (size_t back = 0; back < CHAIN_LENGTH; back++) {
        struct header uncle = uncle_of(&c, back);
        bool near = back >= 1 && back <= OMMER_AGE_MAX;
        CHECK_STATUS(check_uncles(&c, &uncle, 1), near ? STATUS_OK : UNCLE_PARENT);
    }
}

TEST(uncles_are_new_and_at_most_two)
{
    struct small_chain c;
    make_chain(&c);
    struct header uncles[] = {uncle_of(&c, 1), uncle_of(&c, 2), uncle_of(&c, 3)};
    CHECK_STATUS(check_uncles(&c, uncles, 2), STATUS_OK);
    CHECK_STATUS(check_uncles(&c, uncles, 3), UNCLE_TOO_MANY);
    struct header twice[] = {uncles[0], uncles[0]};
    CHECK_STATUS(check_uncles(&c, twice, 2), UNCLE_DUPLICATE);
    c.ancestors[0].uncles = uncles;
    c.ancestors[0].uncle_count = 1;
    CHECK_STATUS(check_uncles(&c, uncles, 1), UNCLE_DUPLICATE);
    CHECK_STATUS(check_uncles(&c, c.ancestors[3].header, 1), UNCLE_IS_ANCESTOR);
}

TEST(uncles_have_valid_headers)
{
    struct small_chain c;
    make_chain(&c);
    struct header uncle = uncle_of(&c, 2);
    uncle.difficulty = u256_add(uncle.difficulty, U256_ONE);
    CHECK_STATUS(check_uncles(&c, &uncle, 1), BLOCK_DIFFICULTY);
}
