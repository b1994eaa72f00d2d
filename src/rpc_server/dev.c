/* Methods of development chains, as foundry's and hardhat's tools call them: time, snapshots, mining, changes of the
 * state from outside. */
#include "rpc_server/private.h"

/* ---- time and mining ------------------------------------------------------------------------------------------------ */

/* A block, or the call's failure. */
static bool mine(struct rpc_call *c)
{
    struct error e;
    if (node_mine(c->node, &e) == STATUS_OK) return true;
    rpc_fail(c, RPC_FAILED, "%s", e.text);
    return false;
}

/* The next block's time must come after the head's. */
static bool set_time(struct rpc_call *c, uint64_t timestamp)
{
    uint64_t head = node_head(c->node)->block.header.timestamp;
    if (timestamp <= head) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "Timestamp error: %llu is lower than or equal to previous block's timestamp",
                 (unsigned long long)timestamp);
        return false;
    }
    c->node->next_time = timestamp;
    return true;
}

void rpc_dev_mine(struct rpc_call *c)
{
    const struct rpc_value *v = &c->values[0];
    struct rpc_words wrong;
    struct rpc_value time = {0};
    yyjson_val *given = v->given && yyjson_is_obj(v->json) ? yyjson_obj_get(v->json, "timestamp") : v->json;
    if (given != NULL && !yyjson_is_null(given) && !rpc_read_value(RPC_NUMBER, given, c->arena, &time, &wrong))
        rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument 0: %s", wrong.text);
    if (c->code != 0 || (time.given && !set_time(c, time.number))) return;
    if (mine(c)) put_text(c->out, "0x0");
}

void rpc_dev_mine_many(struct rpc_call *c)
{
    uint64_t blocks = c->values[0].given ? c->values[0].number : 1, seconds = c->values[1].number;
    if (blocks > NODE_MINE_MAX) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "at most %d blocks at once", NODE_MINE_MAX);
        return;
    }
    for (uint64_t i = 0; i < blocks; i++) {
        if (atomic_load_explicit(&c->node->stop, memory_order_relaxed) != 0) {
            rpc_fail(c, RPC_FAILED, "%s", status_text(NODE_STOPPED));
            return;
        }
        if (i != 0 && seconds != 0) c->node->next_time = node_head(c->node)->block.header.timestamp + seconds;
        if (!mine(c)) return;
    }
    put_null(c->out);
}

void rpc_dev_increase_time(struct rpc_call *c)
{
    uint64_t seconds = c->values[0].number;
    if (seconds > INT64_MAX - node_time(c->node)) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "time would be after the end of 64 bits");
        return;
    }
    c->node->time_offset += seconds;
    buffer_printf(c->out, "%llu,", (unsigned long long)seconds);
}

void rpc_dev_set_time(struct rpc_call *c)
{
    if (set_time(c, c->values[0].number)) put_null(c->out);
}

void rpc_dev_set_automine(struct rpc_call *c)
{
    c->node->automine = c->values[0].flag;
    put_flag(c->out, true);
}

void rpc_dev_get_automine(struct rpc_call *c)
{
    put_flag(c->out, c->node->automine);
}

void rpc_dev_set_coinbase(struct rpc_call *c)
{
    c->node->coinbase = c->values[0].address;
    put_null(c->out);
}

void rpc_dev_set_base_fee(struct rpc_call *c)
{
    if (u256_bits(c->values[0].word) > 64) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "a base fee over 64 bits");
        return;
    }
    c->node->has_next_base_fee = true;
    c->node->next_base_fee = c->values[0].word;
    put_null(c->out);
}

/* Of the blocks to come: what the block executor's time is bounded by, so it is bounded, too. */
void rpc_dev_set_gas_limit(struct rpc_call *c)
{
    uint64_t gas = c->values[0].number;
    if (gas < GAS_LIMIT_MIN || gas > NODE_GAS_LIMIT_MAX) {
        rpc_fail(c, RPC_BAD_ARGUMENT, "a gas limit from %d to %llu", GAS_LIMIT_MIN,
                 (unsigned long long)NODE_GAS_LIMIT_MAX);
        return;
    }
    c->node->gas_limit = gas;
    put_flag(c->out, true);
}

/* ---- snapshots ------------------------------------------------------------------------------------------------------ */

void rpc_dev_snapshot(struct rpc_call *c)
{
    put_number(c->out, node_snapshot(c->node));
}

void rpc_dev_revert(struct rpc_call *c)
{
    put_flag(c->out, node_revert(c->node, c->values[0].number));
}

/* ---- changes of the state ------------------------------------------------------------------------------------------- */

static struct history_account account_now(const struct rpc_call *c)
{
    return history_account_at(c->node->history, node_head(c->node)->version, &c->values[0].address);
}

static void change_account(struct rpc_call *c, const struct history_account *value)
{
    node_edit(c->node);
    history_set_account(c->node->history, &c->values[0].address, value);
    put_null(c->out);
}

void rpc_dev_set_balance(struct rpc_call *c)
{
    struct history_account a = account_now(c);
    a.balance = c->values[1].word;
    change_account(c, &a);
}

void rpc_dev_set_code(struct rpc_call *c)
{
    struct history_account a = account_now(c);
    a.code = c->values[1].bytes;
    change_account(c, &a);
}

void rpc_dev_set_nonce(struct rpc_call *c)
{
    struct history_account a = account_now(c);
    a.nonce = c->values[1].number;
    change_account(c, &a);
}

void rpc_dev_set_storage(struct rpc_call *c)
{
    node_edit(c->node);
    history_set_slot(c->node->history, &c->values[0].address, &c->values[1].word, &c->values[2].word);
    put_flag(c->out, true);
}

/* ---- who may send --------------------------------------------------------------------------------------------------- */

void rpc_dev_impersonate(struct rpc_call *c)
{
    node_impersonate(c->node, &c->values[0].address, true);
    put_null(c->out);
}

void rpc_dev_stop_impersonating(struct rpc_call *c)
{
    node_impersonate(c->node, &c->values[0].address, false);
    put_null(c->out);
}

void rpc_dev_auto_impersonate(struct rpc_call *c)
{
    c->node->impersonates_all = c->values[0].flag;
    put_null(c->out);
}

void rpc_dev_drop(struct rpc_call *c)
{
    if (node_drop(c->node, &c->values[0].hash))
        put_hash(c->out, &c->values[0].hash);
    else
        put_null(c->out);
}

void rpc_dev_drop_all(struct rpc_call *c)
{
    (void)node_drop(c->node, NULL);
    put_null(c->out);
}

void rpc_dev_node_info(struct rpc_call *c)
{
    const struct header *h = &node_head(c->node)->block.header;
    put_open(c->out, '{');
    put_key(c->out, "currentBlockNumber");
    put_number(c->out, h->number);
    put_key(c->out, "currentBlockTimestamp");
    buffer_printf(c->out, "%llu,", (unsigned long long)h->timestamp);
    put_key(c->out, "currentBlockHash");
    put_hash(c->out, &node_head(c->node)->block.hash);
    put_key(c->out, "hardFork");
    put_text(c->out, node_fork_of(c->node, h)->name);
    put_key(c->out, "transactionOrder");
    put_text(c->out, "fifo");
    put_close(c->out, '}');
}
