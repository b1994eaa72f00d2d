/* Methods that read the state, and the prices of gas. */
#include "rpc_server/private.h"

const struct node_block *rpc_block_of(const struct rpc_call *c, const struct rpc_value *v)
{
    if (!v->given || (!v->block.by_hash && v->block.number == UINT64_MAX)) return node_head(c->node);
    return v->block.by_hash ? node_find_block(c->node, &v->block.hash) : node_block_at(c->node, v->block.number);
}

const struct node_block *rpc_state_of(struct rpc_call *c, const struct rpc_value *v)
{
    const struct node_block *b = rpc_block_of(c, v);
    if (b == NULL) rpc_fail(c, RPC_FAILED, v->block.by_hash ? "header for hash not found" : "header not found");
    return b;
}

/* ---- the chain ------------------------------------------------------------------------------------------------------ */

void rpc_eth_chain_id(struct rpc_call *c)
{
    put_number(c->out, c->node->genesis.spec.id);
}

void rpc_eth_syncing(struct rpc_call *c)
{
    put_flag(c->out, false);
}

void rpc_eth_accounts(struct rpc_call *c)
{
    put_open(c->out, '[');
    for (unsigned i = 0; i < c->node->options.accounts; i++) put_address(c->out, &c->node->accounts[i].address);
    put_close(c->out, ']');
}

void rpc_eth_block_number(struct rpc_call *c)
{
    put_number(c->out, node_head(c->node)->block.header.number);
}

/* ---- prices --------------------------------------------------------------------------------------------------------- */

/* What is asked of a new transaction beside the base fee: on an empty chain nobody bids. */
#define TIP U256(1000000000)

void rpc_eth_gas_price(struct rpc_call *c)
{
    struct header next;
    node_next_header(c->node, &next);
    put_word(c->out, u256_add(next.base_fee, TIP));
}

void rpc_eth_max_priority_fee(struct rpc_call *c)
{
    put_word(c->out, TIP);
}

void rpc_eth_blob_base_fee(struct rpc_call *c)
{
    struct header next;
    bool beyond;
    node_next_header(c->node, &next);
    put_word(c->out, block_blob_base_fee(node_fork_of(c->node, &next), next.excess_blob_gas, &beyond));
}

enum { FEE_BLOCKS_MAX = 1024, PERCENTILES_MAX = 100 };

struct tip {
    struct u256 price;
    uint64_t gas;
};

/* The tips of a block, lowest first. */
static struct tip *sorted_tips(const struct rpc_call *c, const struct node_block *b)
{
    uint32_t count = b->block.transaction_count;
    struct tip *tips = ARENA_ARRAY(c->arena, struct tip, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct u256 price = rpc_effective_price(&b->block.header, &b->block.transactions[i]);
        struct tip t = {u256_sub(price, b->block.header.base_fee), b->outcomes[i].gas_used};
        uint32_t at = i;
        for (; at > 0 && u256_less(t.price, tips[at - 1].price); at--) tips[at] = tips[at - 1];
        tips[at] = t;
    }
    return tips;
}

static void put_rewards(struct rpc_call *c, const struct node_block *b, yyjson_val *percentiles)
{
    const struct tip *tips = sorted_tips(c, b);
    size_t i, count;
    yyjson_val *v;
    put_open(c->out, '[');
    yyjson_arr_foreach(percentiles, i, count, v)
    {
        uint32_t at = 0;
        if (b->block.transaction_count == 0) {
            put_word(c->out, U256_ZERO);
            continue;
        }
        double wanted = (double)b->block.header.gas_used * yyjson_get_num(v) / 100;
        double sum = (double)tips[0].gas;
        while (sum < wanted && at + 1 < b->block.transaction_count) sum += (double)tips[++at].gas;
        put_word(c->out, tips[at].price);
    }
    put_close(c->out, ']');
}

static bool check_percentiles(struct rpc_call *c, yyjson_val *list)
{
    size_t i, count;
    yyjson_val *v;
    double last = 0;
    if (yyjson_arr_size(list) > PERCENTILES_MAX) rpc_fail(c, RPC_FAILED, "over the query limit 100");
    yyjson_arr_foreach(list, i, count, v)
    {
        double p = yyjson_get_num(v);
        if (!yyjson_is_num(v) || p < 0 || p > 100)
            rpc_fail(c, RPC_FAILED, "invalid reward percentile: %f", p);
        else if (p < last)
            rpc_fail(c, RPC_FAILED, "invalid reward percentile: #%zu:%f >= #%zu:%f", i - 1, last, i, p);
        last = p;
    }
    return c->code == 0;
}

static void put_ratio(struct buffer *out, uint64_t part, uint64_t whole)
{
    buffer_printf(out, "%.17g,", whole == 0 ? 0.0 : (double)part / (double)whole);
}

static uint64_t blob_gas_limit(const struct rpc_call *c, const struct node_block *b)
{
    return (uint64_t)node_fork_of(c->node, &b->block.header)->blob.max * GAS_PER_BLOB;
}

void rpc_eth_fee_history(struct rpc_call *c)
{
    const struct node_block *newest = rpc_state_of(c, &c->values[1]);
    yyjson_val *percentiles = c->values[2].json;
    if (newest == NULL || !check_percentiles(c, percentiles)) return;
    uint64_t last = newest->block.header.number, count = c->values[0].number;
    if (count > FEE_BLOCKS_MAX) count = FEE_BLOCKS_MAX;
    if (count > last + 1) count = last + 1;
    uint64_t first = last + 1 - count;
    struct node_block **blocks = c->node->blocks;
    bool beyond;
    put_open(c->out, '{');
    put_key(c->out, "oldestBlock");
    put_number(c->out, count == 0 ? 0 : first);
    put_key(c->out, "baseFeePerGas");
    put_open(c->out, '[');
    for (uint64_t i = first; i <= last && count != 0; i++) put_word(c->out, blocks[i]->block.header.base_fee);
    struct header next = {0};
    const struct fork *after = node_fork_of(c->node, &newest->block.header);
    next.base_fee = block_base_fee(after, &newest->block.header);
    next.excess_blob_gas = block_excess_blob_gas(after, &newest->block.header);
    put_word(c->out, next.base_fee);
    put_close(c->out, ']');
    put_key(c->out, "gasUsedRatio");
    put_open(c->out, '[');
    for (uint64_t i = first; i <= last && count != 0; i++)
        put_ratio(c->out, blocks[i]->block.header.gas_used, blocks[i]->block.header.gas_limit);
    put_close(c->out, ']');
    put_key(c->out, "baseFeePerBlobGas");
    put_open(c->out, '[');
    for (uint64_t i = first; i <= last && count != 0; i++)
        put_word(c->out, block_blob_base_fee(node_fork_of(c->node, &blocks[i]->block.header),
                                             blocks[i]->block.header.excess_blob_gas, &beyond));
    put_word(c->out, block_blob_base_fee(after, next.excess_blob_gas, &beyond));
    put_close(c->out, ']');
    put_key(c->out, "blobGasUsedRatio");
    put_open(c->out, '[');
    for (uint64_t i = first; i <= last && count != 0; i++)
        put_ratio(c->out, blocks[i]->block.header.blob_gas_used, blob_gas_limit(c, blocks[i]));
    put_close(c->out, ']');
    if (yyjson_arr_size(percentiles) != 0) {
        put_key(c->out, "reward");
        put_open(c->out, '[');
        for (uint64_t i = first; i <= last && count != 0; i++) put_rewards(c, blocks[i], percentiles);
        put_close(c->out, ']');
    }
    put_close(c->out, '}');
}

/* ---- accounts ------------------------------------------------------------------------------------------------------- */

static struct history_account account_of(struct rpc_call *c)
{
    const struct node_block *b = rpc_state_of(c, &c->values[1]);
    if (b == NULL) return (struct history_account){0};
    return history_account_at(c->node->history, b->version, &c->values[0].address);
}

void rpc_eth_get_balance(struct rpc_call *c)
{
    put_word(c->out, account_of(c).balance);
}

void rpc_eth_get_transaction_count(struct rpc_call *c)
{
    bool pending = c->values[1].given && c->values[1].block.pending;
    put_number(c->out, pending ? node_pending_nonce(c->node, &c->values[0].address) : account_of(c).nonce);
}

void rpc_eth_get_code(struct rpc_call *c)
{
    struct bytes code = account_of(c).code;
    put_data(c->out, code.data, code.size);
}

void rpc_eth_get_storage_at(struct rpc_call *c)
{
    const struct node_block *b = rpc_state_of(c, &c->values[2]);
    if (b == NULL) return;
    struct hash value = u256_to_hash(
        history_slot_at(c->node->history, b->version, &c->values[0].address, &c->values[1].word));
    put_hash(c->out, &value);
}
