/* What the files of rpc_server/ share: a call of a method, its arguments, and writing results.
 *
 * Results are written as text. Every put_ function ends what it writes with a comma, and who closes an array or an object
 * takes the last one back: so nobody needs to know whether something comes next. */
#ifndef WEFT_RPC_SERVER_PRIVATE_H
#define WEFT_RPC_SERVER_PRIVATE_H

#include <yyjson.h>

#include "rpc_server/rpc_server.h"
#include "json/json_write.h"

/* ---- arguments ----------------------------------------------------------------------------------------------------- */

enum rpc_kind {
    RPC_NONE,
    RPC_ADDRESS,
    RPC_HASH,
    RPC_NUMBER, /* 64 bits: a quantity, or (where geth has none of it) a JSON number */
    RPC_WORD,   /* 256 bits, likewise */
    RPC_SLOT,   /* hex digits of up to 32 bytes, also with leading zeros */
    RPC_BYTES,
    RPC_BLOCK, /* number, tag, or an object with one of blockNumber, blockHash */
    RPC_FLAG,
    RPC_TEXT,
    RPC_OBJECT,
    RPC_LIST,
    RPC_ANY,
};
struct rpc_parameter {
    const char *name; /* NULL ends the list */
    enum rpc_kind kind;
    bool optional;
};

/* Which block somebody means. */
struct rpc_block {
    bool by_hash, pending;
    struct hash hash;
    uint64_t number; /* UINT64_MAX: the head */
};
struct rpc_value {
    bool given;
    struct address address;
    struct hash hash;
    uint64_t number;
    struct u256 word;
    struct bytes bytes; /* in the call's arena */
    struct rpc_block block;
    bool flag;
    const char *text;
    yyjson_val *json; /* as it came; for objects and lists */
};

/* Reads one value; false with what is wrong in words[]. */
struct rpc_words {
    char text[256];
};
bool rpc_read_value(enum rpc_kind kind, yyjson_val *v, struct arena *arena, struct rpc_value *out,
                    struct rpc_words *wrong);
/* The member of an object; not given, where it is missing or null. */
bool rpc_read_member(yyjson_val *object, const char *key, enum rpc_kind kind, struct arena *arena,
                     struct rpc_value *out, struct rpc_words *wrong);

/* ---- a call -------------------------------------------------------------------------------------------------------- */

enum { RPC_PARAMETERS_MAX = 4 };
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_NO_METHOD = -32601,
    RPC_BAD_ARGUMENT = -32602,
    RPC_FAILED = -32000,
    RPC_TIMED_OUT = -32002,
    RPC_TOO_LARGE = -32003,
    RPC_LIMIT = -32005,
    RPC_REVERTED = 3,
};

struct rpc_filter; /* filters.c */
struct rpc {
    struct node *node;
    struct arena arena; /* of the call */
    struct rpc_filter *filters;
    uint32_t filter_count;
    uint64_t filter_id, poll; /* the last that were given */
};

struct rpc_call {
    struct rpc *rpc;
    struct node *node;
    struct arena *arena; /* for what the call needs; gone after it */
    struct rpc_value values[RPC_PARAMETERS_MAX];
    uint32_t value_count; /* of the method's parameters */
    struct buffer *out;   /* the result, as put_ functions write it */
    /* 0, or why there is none */
    int code;
    char message[1024];
    struct bytes data; /* with RPC_REVERTED */
};
typedef void rpc_handler(struct rpc_call *c);

struct rpc_method {
    const char *name;
    rpc_handler *run;
    struct rpc_parameter parameters[RPC_PARAMETERS_MAX + 1];
};
extern const struct rpc_method rpc_methods[]; /* ends with a NULL name */

/* Ends the call without a result; the first one counts. */
void rpc_fail(struct rpc_call *c, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- results ------------------------------------------------------------------------------------------------------- */

void put_open(struct buffer *out, char bracket);
void put_close(struct buffer *out, char bracket);
void put_key(struct buffer *out, const char *key);
void put_null(struct buffer *out);
void put_flag(struct buffer *out, bool value);
void put_text(struct buffer *out, const char *text);
void put_number(struct buffer *out, uint64_t value);  /* "0x1f" */
void put_word(struct buffer *out, struct u256 value); /* "0x1f" */
void put_data(struct buffer *out, const void *data, size_t size);
static inline void put_hash(struct buffer *out, const struct hash *h)
{
    put_data(out, h->b, sizeof h->b);
}
static inline void put_address(struct buffer *out, const struct address *a)
{
    put_data(out, a->b, sizeof a->b);
}

/* Blocks and what is in them, in the form of the execution-apis. */
void put_block(struct buffer *out, const struct node *n, const struct node_block *b, bool full);
void put_transaction(struct buffer *out, const struct node *n, const struct node_block *b, uint32_t index);
void put_pending(struct buffer *out, const struct node_transaction *t);
void put_receipt(struct buffer *out, const struct node *n, const struct node_block *b, uint32_t index);
void put_log(struct buffer *out, const struct node_block *b, uint32_t index, uint32_t log);
/* The price per gas that a transaction of the block paid. */
struct u256 rpc_effective_price(const struct header *h, const struct transaction *tx);

/* ---- what handlers share ------------------------------------------------------------------------------------------- */

/* The block that the value names, the head where it is not given; NULL when there is none. Of "pending" the head. */
const struct node_block *rpc_block_of(const struct rpc_call *c, const struct rpc_value *v);
/* The same; fails the call when there is none. */
const struct node_block *rpc_state_of(struct rpc_call *c, const struct rpc_value *v);
/* Reads the members of a transaction object, {"from", "to", "gas", ...}; the call has failed when false. `tx` is a legacy
 * transaction or what its members ask for; has_gas and so on tell what was given. */
struct rpc_transaction {
    struct transaction tx;
    struct address from;
    bool has_from, has_gas, has_nonce, has_price, has_max_fee, has_priority;
};
bool rpc_read_transaction(struct rpc_call *c, yyjson_val *object, struct rpc_transaction *out);
/* Ends the call with what went wrong in an execution. */
void rpc_fail_execution(struct rpc_call *c, const struct node_call *call, const struct node_call_result *r);
/* Gas for a transaction: what eth_estimateGas answers. 0 when the call has failed. */
uint64_t rpc_estimate(struct rpc_call *c, const struct rpc_transaction *t, const struct rpc_value *block,
                      yyjson_val *overrides);
void rpc_free_filters(struct rpc *r);

rpc_handler rpc_web3_client_version, rpc_web3_sha3, rpc_net_version, rpc_net_listening, rpc_modules;
rpc_handler rpc_eth_chain_id, rpc_eth_syncing, rpc_eth_accounts, rpc_eth_block_number, rpc_eth_gas_price,
    rpc_eth_max_priority_fee, rpc_eth_blob_base_fee, rpc_eth_fee_history;
rpc_handler rpc_eth_get_balance, rpc_eth_get_transaction_count, rpc_eth_get_code, rpc_eth_get_storage_at;
rpc_handler rpc_eth_call, rpc_eth_estimate_gas;
rpc_handler rpc_eth_send_raw_transaction, rpc_eth_send_transaction, rpc_eth_sign, rpc_personal_sign,
    rpc_eth_sign_transaction;
rpc_handler rpc_eth_get_block_by_number, rpc_eth_get_block_by_hash, rpc_eth_get_block_receipts, rpc_eth_count_by_number,
    rpc_eth_count_by_hash, rpc_eth_uncles_by_number, rpc_eth_uncles_by_hash;
rpc_handler rpc_eth_get_transaction, rpc_eth_get_transaction_in_number, rpc_eth_get_transaction_in_hash,
    rpc_eth_get_receipt, rpc_eth_get_raw_transaction;
rpc_handler rpc_eth_get_logs, rpc_eth_new_filter, rpc_eth_new_block_filter, rpc_eth_new_pending_filter,
    rpc_eth_get_filter_changes, rpc_eth_get_filter_logs, rpc_eth_uninstall_filter;
rpc_handler rpc_debug_raw_header, rpc_debug_raw_block, rpc_debug_raw_receipts, rpc_debug_raw_transaction;
rpc_handler rpc_txpool_status, rpc_txpool_content;
rpc_handler rpc_dev_snapshot, rpc_dev_revert, rpc_dev_mine, rpc_dev_mine_many, rpc_dev_increase_time, rpc_dev_set_time,
    rpc_dev_set_balance, rpc_dev_set_code, rpc_dev_set_nonce, rpc_dev_set_storage, rpc_dev_impersonate,
    rpc_dev_stop_impersonating, rpc_dev_auto_impersonate, rpc_dev_set_automine, rpc_dev_get_automine,
    rpc_dev_set_coinbase, rpc_dev_set_base_fee, rpc_dev_set_gas_limit, rpc_dev_drop, rpc_dev_drop_all,
    rpc_dev_node_info;

#endif
