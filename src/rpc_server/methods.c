/* The table of methods, and the answers that need no chain. */
#include <stdio.h>

#include "rpc_server/private.h"

#define NEEDS(name, kind) {name, RPC_##kind, false}
#define MAY(name, kind) {name, RPC_##kind, true}

/* clang-format off */
const struct rpc_method rpc_methods[] = {
    {"web3_clientVersion", rpc_web3_client_version, {{0}}},
    {"web3_sha3", rpc_web3_sha3, {NEEDS("data", BYTES)}},
    {"net_version", rpc_net_version, {{0}}},
    {"net_listening", rpc_net_listening, {{0}}},
    {"rpc_modules", rpc_modules, {{0}}},

    {"eth_chainId", rpc_eth_chain_id, {{0}}},
    {"eth_syncing", rpc_eth_syncing, {{0}}},
    {"eth_accounts", rpc_eth_accounts, {{0}}},
    {"eth_blockNumber", rpc_eth_block_number, {{0}}},
    {"eth_gasPrice", rpc_eth_gas_price, {{0}}},
    {"eth_maxPriorityFeePerGas", rpc_eth_max_priority_fee, {{0}}},
    {"eth_blobBaseFee", rpc_eth_blob_base_fee, {{0}}},
    {"eth_feeHistory", rpc_eth_fee_history,
        {NEEDS("blockCount", NUMBER), NEEDS("newestBlock", BLOCK), MAY("rewardPercentiles", LIST)}},

    {"eth_getBalance", rpc_eth_get_balance, {NEEDS("address", ADDRESS), MAY("block", BLOCK)}},
    {"eth_getTransactionCount", rpc_eth_get_transaction_count, {NEEDS("address", ADDRESS), MAY("block", BLOCK)}},
    {"eth_getCode", rpc_eth_get_code, {NEEDS("address", ADDRESS), MAY("block", BLOCK)}},
    {"eth_getStorageAt", rpc_eth_get_storage_at,
        {NEEDS("address", ADDRESS), NEEDS("slot", SLOT), MAY("block", BLOCK)}},

    {"eth_call", rpc_eth_call, {NEEDS("transaction", OBJECT), MAY("block", BLOCK), MAY("stateOverrides", OBJECT)}},
    {"eth_estimateGas", rpc_eth_estimate_gas,
        {NEEDS("transaction", OBJECT), MAY("block", BLOCK), MAY("stateOverrides", OBJECT)}},

    {"eth_sendRawTransaction", rpc_eth_send_raw_transaction, {NEEDS("transaction", BYTES)}},
    {"eth_sendTransaction", rpc_eth_send_transaction, {NEEDS("transaction", OBJECT)}},
    {"eth_signTransaction", rpc_eth_sign_transaction, {NEEDS("transaction", OBJECT)}},
    {"eth_sign", rpc_eth_sign, {NEEDS("address", ADDRESS), NEEDS("data", BYTES)}},
    {"personal_sign", rpc_personal_sign, {NEEDS("data", BYTES), NEEDS("address", ADDRESS), MAY("password", TEXT)}},

    {"eth_getBlockByNumber", rpc_eth_get_block_by_number, {NEEDS("block", BLOCK), MAY("full", FLAG)}},
    {"eth_getBlockByHash", rpc_eth_get_block_by_hash, {NEEDS("hash", HASH), MAY("full", FLAG)}},
    {"eth_getBlockReceipts", rpc_eth_get_block_receipts, {NEEDS("block", BLOCK)}},
    {"eth_getBlockTransactionCountByNumber", rpc_eth_count_by_number, {NEEDS("block", BLOCK)}},
    {"eth_getBlockTransactionCountByHash", rpc_eth_count_by_hash, {NEEDS("hash", HASH)}},
    {"eth_getUncleCountByBlockNumber", rpc_eth_uncles_by_number, {NEEDS("block", BLOCK)}},
    {"eth_getUncleCountByBlockHash", rpc_eth_uncles_by_hash, {NEEDS("hash", HASH)}},
    {"eth_getTransactionByHash", rpc_eth_get_transaction, {NEEDS("hash", HASH)}},
    {"eth_getTransactionByBlockNumberAndIndex", rpc_eth_get_transaction_in_number,
        {NEEDS("block", BLOCK), NEEDS("index", NUMBER)}},
    {"eth_getTransactionByBlockHashAndIndex", rpc_eth_get_transaction_in_hash,
        {NEEDS("hash", HASH), NEEDS("index", NUMBER)}},
    {"eth_getRawTransactionByHash", rpc_eth_get_raw_transaction, {NEEDS("hash", HASH)}},
    {"eth_getTransactionReceipt", rpc_eth_get_receipt, {NEEDS("hash", HASH)}},

    {"eth_getLogs", rpc_eth_get_logs, {NEEDS("filter", OBJECT)}},
    {"eth_newFilter", rpc_eth_new_filter, {NEEDS("filter", OBJECT)}},
    {"eth_newBlockFilter", rpc_eth_new_block_filter, {{0}}},
    {"eth_newPendingTransactionFilter", rpc_eth_new_pending_filter, {MAY("full", FLAG)}},
    {"eth_getFilterChanges", rpc_eth_get_filter_changes, {NEEDS("filter", NUMBER)}},
    {"eth_getFilterLogs", rpc_eth_get_filter_logs, {NEEDS("filter", NUMBER)}},
    {"eth_uninstallFilter", rpc_eth_uninstall_filter, {NEEDS("filter", NUMBER)}},

    {"debug_getRawHeader", rpc_debug_raw_header, {NEEDS("block", BLOCK)}},
    {"debug_getRawBlock", rpc_debug_raw_block, {NEEDS("block", BLOCK)}},
    {"debug_getRawReceipts", rpc_debug_raw_receipts, {NEEDS("block", BLOCK)}},
    {"debug_getRawTransaction", rpc_debug_raw_transaction, {NEEDS("hash", HASH)}},

    {"txpool_status", rpc_txpool_status, {{0}}},
    {"txpool_content", rpc_txpool_content, {{0}}},

    {"evm_snapshot", rpc_dev_snapshot, {{0}}},
    {"evm_revert", rpc_dev_revert, {NEEDS("snapshot", NUMBER)}},
    {"evm_mine", rpc_dev_mine, {MAY("timestamp", ANY)}},
    {"evm_increaseTime", rpc_dev_increase_time, {NEEDS("seconds", NUMBER)}},
    {"evm_setNextBlockTimestamp", rpc_dev_set_time, {NEEDS("timestamp", NUMBER)}},
    {"evm_setAutomine", rpc_dev_set_automine, {NEEDS("on", FLAG)}},
    {"evm_setBlockGasLimit", rpc_dev_set_gas_limit, {NEEDS("gas", NUMBER)}},
    {"anvil_snapshot", rpc_dev_snapshot, {{0}}},
    {"anvil_revert", rpc_dev_revert, {NEEDS("snapshot", NUMBER)}},
    {"anvil_mine", rpc_dev_mine_many, {MAY("blocks", NUMBER), MAY("seconds", NUMBER)}},
    {"anvil_increaseTime", rpc_dev_increase_time, {NEEDS("seconds", NUMBER)}},
    {"anvil_setNextBlockTimestamp", rpc_dev_set_time, {NEEDS("timestamp", NUMBER)}},
    {"anvil_setBalance", rpc_dev_set_balance, {NEEDS("address", ADDRESS), NEEDS("balance", WORD)}},
    {"anvil_setCode", rpc_dev_set_code, {NEEDS("address", ADDRESS), NEEDS("code", BYTES)}},
    {"anvil_setNonce", rpc_dev_set_nonce, {NEEDS("address", ADDRESS), NEEDS("nonce", NUMBER)}},
    {"anvil_setStorageAt", rpc_dev_set_storage, {NEEDS("address", ADDRESS), NEEDS("slot", SLOT), NEEDS("value", SLOT)}},
    {"anvil_impersonateAccount", rpc_dev_impersonate, {NEEDS("address", ADDRESS)}},
    {"anvil_stopImpersonatingAccount", rpc_dev_stop_impersonating, {NEEDS("address", ADDRESS)}},
    {"anvil_autoImpersonateAccount", rpc_dev_auto_impersonate, {NEEDS("on", FLAG)}},
    {"anvil_setAutomine", rpc_dev_set_automine, {NEEDS("on", FLAG)}},
    {"anvil_getAutomine", rpc_dev_get_automine, {{0}}},
    {"anvil_setCoinbase", rpc_dev_set_coinbase, {NEEDS("address", ADDRESS)}},
    {"anvil_setNextBlockBaseFeePerGas", rpc_dev_set_base_fee, {NEEDS("fee", WORD)}},
    {"anvil_setBlockGasLimit", rpc_dev_set_gas_limit, {NEEDS("gas", NUMBER)}},
    {"anvil_dropTransaction", rpc_dev_drop, {NEEDS("hash", HASH)}},
    {"anvil_dropAllTransactions", rpc_dev_drop_all, {{0}}},
    {"anvil_nodeInfo", rpc_dev_node_info, {{0}}},
    {"hardhat_mine", rpc_dev_mine_many, {MAY("blocks", NUMBER), MAY("seconds", NUMBER)}},
    {"hardhat_setBalance", rpc_dev_set_balance, {NEEDS("address", ADDRESS), NEEDS("balance", WORD)}},
    {"hardhat_setCode", rpc_dev_set_code, {NEEDS("address", ADDRESS), NEEDS("code", BYTES)}},
    {"hardhat_setNonce", rpc_dev_set_nonce, {NEEDS("address", ADDRESS), NEEDS("nonce", NUMBER)}},
    {"hardhat_setStorageAt", rpc_dev_set_storage,
        {NEEDS("address", ADDRESS), NEEDS("slot", SLOT), NEEDS("value", SLOT)}},
    {"hardhat_impersonateAccount", rpc_dev_impersonate, {NEEDS("address", ADDRESS)}},
    {"hardhat_stopImpersonatingAccount", rpc_dev_stop_impersonating, {NEEDS("address", ADDRESS)}},
    {"hardhat_setCoinbase", rpc_dev_set_coinbase, {NEEDS("address", ADDRESS)}},
    {"hardhat_setNextBlockBaseFeePerGas", rpc_dev_set_base_fee, {NEEDS("fee", WORD)}},
    {"hardhat_dropTransaction", rpc_dev_drop, {NEEDS("hash", HASH)}},
    {NULL, NULL, {{0}}},
};
/* clang-format on */

/* The namespace of a method: what stands before the first underscore. */
static size_t namespace_size(const char *name)
{
    return strcspn(name, "_");
}

void rpc_modules(struct rpc_call *c)
{
    put_open(c->out, '{');
    for (const struct rpc_method *m = rpc_methods; m->name != NULL; m++) {
        size_t size = namespace_size(m->name);
        const struct rpc_method *first = rpc_methods;
        while (namespace_size(first->name) != size || memcmp(first->name, m->name, size) != 0) first++;
        if (first != m) continue;
        char name[16] = "";
        ASSERT(size < sizeof name);
        memcpy(name, m->name, size);
        put_key(c->out, name);
        put_text(c->out, "1.0");
    }
    put_close(c->out, '}');
}

void rpc_list_methods(struct buffer *out)
{
    for (const struct rpc_method *m = rpc_methods; m->name != NULL; m++) {
        buffer_append_text(out, m->name);
        for (const struct rpc_parameter *p = m->parameters; p->name != NULL; p++)
            buffer_printf(out, " %s%s", p->name, p->optional ? "?" : "");
        buffer_append_text(out, "\n");
    }
}

/* ---- who answers ---------------------------------------------------------------------------------------------------- */

void rpc_web3_client_version(struct rpc_call *c)
{
    put_text(c->out, "weft/v" WEFT_VERSION "/dev");
}

void rpc_web3_sha3(struct rpc_call *c)
{
    struct hash h = keccak256_bytes(c->values[0].bytes);
    put_hash(c->out, &h);
}

void rpc_net_version(struct rpc_call *c)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)c->node->genesis.spec.id);
    put_text(c->out, text);
}

void rpc_net_listening(struct rpc_call *c)
{
    put_flag(c->out, true);
}
