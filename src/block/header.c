/* Headers against their parents: what can be said before anything is executed. */
#include "block/block.h"

uint32_t block_header_fields(const struct fork *fork)
{
    if (fork->slot_number) return HEADER_SLOT_NUMBER;
    if (fork->block_access_list) return HEADER_ACCESS_LIST_HASH;
    if (fork->requests != 0) return HEADER_REQUESTS_HASH;
    if (fork->beacon_root) return HEADER_PARENT_BEACON_ROOT;
    if (fork->withdrawals) return HEADER_WITHDRAWALS_ROOT;
    return fork->base_fee.elasticity != 0 ? HEADER_BASE_FEE : HEADER_FIELDS_MIN;
}

/* ---- difficulty ------------------------------------------------------------------------------------------------ */

enum {
    DIFFICULTY_STEPS_DOWN_MAX = 99,
    FRONTIER_DURATION_LIMIT = 13, /* seconds; a slower block lowers the difficulty */
    BOMB_PERIOD = 100000,         /* blocks in which the bomb doubles */
};

/* By how many 2048ths of the parent's difficulty the difficulty goes up. */
static int64_t difficulty_steps(const struct fork *fork, uint64_t seconds, bool parent_has_uncles)
{
    if (fork->difficulty == DIFFICULTY_FRONTIER) return seconds < FRONTIER_DURATION_LIMIT ? 1 : -1;
    bool byzantium = fork->difficulty == DIFFICULTY_BYZANTIUM;
    int64_t start = byzantium && parent_has_uncles ? 2 : 1;
    uint64_t down = seconds / (byzantium ? 9 : 10);
    if (down > DIFFICULTY_STEPS_DOWN_MAX + (uint64_t)start) return -DIFFICULTY_STEPS_DOWN_MAX;
    return start - (int64_t)down;
}

struct u256 block_difficulty(const struct fork *fork, uint64_t number, uint64_t timestamp, uint64_t parent_timestamp,
                             struct u256 parent_difficulty, bool parent_has_uncles)
{
    if (fork->difficulty == DIFFICULTY_NONE) return U256_ZERO;
    int64_t steps = difficulty_steps(fork, timestamp - parent_timestamp, parent_has_uncles);
    struct u256 step = u256_shr(parent_difficulty, 11); /* 1/2048 */
    struct u256 change = u256_mul(step, U256((uint64_t)(steps < 0 ? -steps : steps)));
    struct u256 d = steps < 0 ? u256_sub(parent_difficulty, change) : u256_add(parent_difficulty, change);
    struct u256 least = U256(fork->min_difficulty);
    if (u256_less(d, least)) d = least;
    uint64_t bomb_number = number < fork->bomb_delay ? 0 : number - fork->bomb_delay;
    uint64_t periods = bomb_number / BOMB_PERIOD;
    if (periods > 1) d = u256_add(d, u256_shift_left(U256_ONE, U256(periods - 2)));
    return d;
}

/* ---- fees ------------------------------------------------------------------------------------------------------ */

struct u256 block_base_fee(const struct fork *fork, const struct header *parent)
{
    if (!header_has(parent, HEADER_BASE_FEE)) return U256(fork->base_fee.initial);
    uint64_t target = parent->gas_limit / fork->base_fee.elasticity;
    uint64_t used = parent->gas_used;
    if (used == target || target == 0) return parent->base_fee;
    struct u256 distance = U256(used > target ? used - target : target - used);
    struct u256 change = u256_mul(parent->base_fee, distance);
    struct u256 divisor = U256(target);
    u256_div(&change, &change, &divisor);
    divisor = U256(fork->base_fee.denominator);
    u256_div(&change, &change, &divisor);
    if (used < target) return u256_sub(parent->base_fee, change);
    return u256_add(parent->base_fee, u256_is_zero(change) ? U256_ONE : change);
}

/* ---- checks ---------------------------------------------------------------------------------------------------- */

static enum status differ(struct error *e, enum status s, const struct header *h, uint64_t found, const char *relation,
                          uint64_t expected)
{
    return error_set(e, s, "block %llu: %s: found %llu, expected %s%llu", (unsigned long long)h->number, status_text(s),
                     (unsigned long long)found, relation, (unsigned long long)expected);
}

static enum status differ_u256(struct error *e, enum status s, const struct header *h, struct u256 found,
                               struct u256 expected)
{
    uint8_t a[32], b[32];
    char left[65], right[65];
    u256_store_be(a, found);
    u256_store_be(b, expected);
    hex_encode(left, a, sizeof a);
    hex_encode(right, b, sizeof b);
    return error_set(e, s, "block %llu: %s: found 0x%s, expected 0x%s", (unsigned long long)h->number, status_text(s),
                     left, right);
}

static enum status check_gas_limit(const struct header *h, const struct header *parent, const struct fork *fork,
                                   struct error *e)
{
    uint64_t before = parent->gas_limit;
    /* The first block with a base fee may be twice as large: its target is what was the limit (EIP-1559). */
    if (fork->base_fee.elasticity != 0 && !header_has(parent, HEADER_BASE_FEE)) before *= fork->base_fee.elasticity;
    uint64_t bound = before / GAS_LIMIT_BOUND_DIVISOR;
    uint64_t distance = h->gas_limit > before ? h->gas_limit - before : before - h->gas_limit;
    if (distance >= bound) return differ(e, BLOCK_GAS_LIMIT, h, h->gas_limit, "less than 1/1024 away from ", before);
    if (h->gas_limit < GAS_LIMIT_MIN) return differ(e, BLOCK_GAS_LIMIT, h, h->gas_limit, "at least ", GAS_LIMIT_MIN);
    if (h->gas_limit > GAS_LIMIT_MAX) return differ(e, BLOCK_GAS_LIMIT, h, h->gas_limit, "at most ", GAS_LIMIT_MAX);
    if (h->gas_used > h->gas_limit) return differ(e, BLOCK_GAS_OVER_LIMIT, h, h->gas_used, "at most ", h->gas_limit);
    return STATUS_OK;
}

/* EIP-779: for ten blocks from the DAO fork on, extra data says which side a miner is on. */
enum { DAO_EXTRA_BLOCKS = 10 };

static enum status check_extra_data(const struct header *h, const struct chain_spec *chain, struct error *e)
{
    static const char dao_extra[] = "dao-hard-fork";
    if (h->extra_data.size > EXTRA_DATA_MAX)
        return differ(e, BLOCK_EXTRA_DATA, h, h->extra_data.size, "at most ", EXTRA_DATA_MAX);
    bool dao = chain->dao_block != NEVER && h->number >= chain->dao_block &&
               h->number - chain->dao_block < DAO_EXTRA_BLOCKS;
    struct bytes wanted = {(const uint8_t *)dao_extra, sizeof dao_extra - 1};
    if (dao && !bytes_equal(h->extra_data, wanted))
        return error_set(e, BLOCK_EXTRA_DATA, "block %llu: %s: expected 'dao-hard-fork'", (unsigned long long)h->number,
                         status_text(BLOCK_EXTRA_DATA));
    return STATUS_OK;
}

static enum status check_seal_fields(const struct header *h, const struct header *parent, const struct fork *fork,
                                     struct error *e)
{
    bool parent_has_uncles = !hash_equal(&parent->uncles_hash, &uncles_hash_empty);
    struct u256 difficulty = block_difficulty(fork, h->number, h->timestamp, parent->timestamp, parent->difficulty,
                                              parent_has_uncles);
    if (!u256_equal(h->difficulty, difficulty)) return differ_u256(e, BLOCK_DIFFICULTY, h, h->difficulty, difficulty);
    if (fork->difficulty == DIFFICULTY_NONE) {
        if (load_be64(h->nonce) != 0) return differ(e, BLOCK_NONCE, h, load_be64(h->nonce), "", 0);
        if (!hash_equal(&h->uncles_hash, &uncles_hash_empty))
            return error_set(e, UNCLE_TOO_MANY, "block %llu: uncles hash: expected that of an empty list (EIP-3675)",
                             (unsigned long long)h->number);
    }
    return STATUS_OK;
}

static enum status check_fees(const struct header *h, const struct header *parent, const struct fork *fork,
                              struct error *e)
{
    if (fork->base_fee.elasticity != 0) {
        struct u256 base_fee = block_base_fee(fork, parent);
        if (!u256_equal(h->base_fee, base_fee)) return differ_u256(e, BLOCK_BASE_FEE, h, h->base_fee, base_fee);
    }
    if (fork->blob.max != 0) {
        uint64_t most = (uint64_t)fork->blob.max * GAS_PER_BLOB;
        if (h->blob_gas_used > most) return differ(e, BLOCK_BLOB_GAS_OVER_MAX, h, h->blob_gas_used, "at most ", most);
        if (h->blob_gas_used % GAS_PER_BLOB != 0)
            return differ(e, BLOCK_BLOB_GAS_UNEVEN, h, h->blob_gas_used, "a multiple of ", GAS_PER_BLOB);
        uint64_t excess = block_excess_blob_gas(fork, parent);
        if (h->excess_blob_gas != excess) return differ(e, BLOCK_EXCESS_BLOB_GAS, h, h->excess_blob_gas, "", excess);
    }
    return STATUS_OK;
}

enum status block_check_header(const struct header *h, const struct header *parent, const struct fork *fork,
                               const struct chain_spec *chain, struct error *error)
{
    if (h->field_count != block_header_fields(fork))
        return differ(error, BLOCK_HEADER_FIELDS, h, h->field_count, "", block_header_fields(fork));
    if (h->number != parent->number + 1) return differ(error, BLOCK_NUMBER, h, h->number, "", parent->number + 1);
    if (h->timestamp <= parent->timestamp)
        return differ(error, BLOCK_TIMESTAMP, h, h->timestamp, "more than ", parent->timestamp);
    enum status s = check_extra_data(h, chain, error);
    if (s == STATUS_OK) s = check_gas_limit(h, parent, fork, error);
    if (s == STATUS_OK) s = check_seal_fields(h, parent, fork, error);
    return s == STATUS_OK ? check_fees(h, parent, fork, error) : s;
}
