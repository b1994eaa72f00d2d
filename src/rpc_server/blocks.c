/* Methods that look at blocks, transactions, receipts, and what waits. */
#include <stdio.h>

#include "rpc_server/private.h"

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

static const struct node_block *by_hash(const struct rpc_call *c)
{
    return node_find_block(c->node, &c->values[0].hash);
}

static void put_block_or_null(struct rpc_call *c, const struct node_block *b)
{
    if (b == NULL)
        put_null(c->out);
    else
        put_block(c->out, c->node, b, c->values[1].flag);
}

void rpc_eth_get_block_by_number(struct rpc_call *c)
{
    put_block_or_null(c, rpc_block_of(c, &c->values[0]));
}

void rpc_eth_get_block_by_hash(struct rpc_call *c)
{
    put_block_or_null(c, by_hash(c));
}

void rpc_eth_get_block_receipts(struct rpc_call *c)
{
    const struct node_block *b = rpc_block_of(c, &c->values[0]);
    if (b == NULL) {
        put_null(c->out);
        return;
    }
    put_open(c->out, '[');
    for (uint32_t i = 0; i < b->block.transaction_count; i++) put_receipt(c->out, c->node, b, i);
    put_close(c->out, ']');
}

static void put_count(struct rpc_call *c, const struct node_block *b, uint32_t count)
{
    if (b == NULL)
        put_null(c->out);
    else
        put_number(c->out, count);
}

void rpc_eth_count_by_number(struct rpc_call *c)
{
    const struct node_block *b = rpc_block_of(c, &c->values[0]);
    put_count(c, b, b == NULL ? 0 : b->block.transaction_count);
}

void rpc_eth_count_by_hash(struct rpc_call *c)
{
    const struct node_block *b = by_hash(c);
    put_count(c, b, b == NULL ? 0 : b->block.transaction_count);
}

void rpc_eth_uncles_by_number(struct rpc_call *c)
{
    put_count(c, rpc_block_of(c, &c->values[0]), 0);
}

void rpc_eth_uncles_by_hash(struct rpc_call *c)
{
    put_count(c, by_hash(c), 0);
}

/* ---- transactions --------------------------------------------------------------------------------------------------- */

void rpc_eth_get_transaction(struct rpc_call *c)
{
    uint32_t index;
    const struct node_block *b = node_find_transaction(c->node, &c->values[0].hash, &index);
    const struct node_transaction *t = node_find_pending(c->node, &c->values[0].hash);
    if (b != NULL)
        put_transaction(c->out, c->node, b, index);
    else if (t != NULL)
        put_pending(c->out, t);
    else
        put_null(c->out);
}

static void put_by_index(struct rpc_call *c, const struct node_block *b)
{
    if (b == NULL || c->values[1].number >= b->block.transaction_count)
        put_null(c->out);
    else
        put_transaction(c->out, c->node, b, (uint32_t)c->values[1].number);
}

void rpc_eth_get_transaction_in_number(struct rpc_call *c)
{
    put_by_index(c, rpc_block_of(c, &c->values[0]));
}

void rpc_eth_get_transaction_in_hash(struct rpc_call *c)
{
    put_by_index(c, by_hash(c));
}

void rpc_eth_get_receipt(struct rpc_call *c)
{
    uint32_t index;
    const struct node_block *b = node_find_transaction(c->node, &c->values[0].hash, &index);
    if (b == NULL)
        put_null(c->out);
    else
        put_receipt(c->out, c->node, b, index);
}

/* ---- as bytes ------------------------------------------------------------------------------------------------------- */

static void put_raw_transaction(struct rpc_call *c, bool null_if_unknown)
{
    uint32_t index;
    const struct node_block *b = node_find_transaction(c->node, &c->values[0].hash, &index);
    const struct node_transaction *t = node_find_pending(c->node, &c->values[0].hash);
    struct bytes encoded = {0};
    if (b != NULL) encoded = b->block.transactions[index].encoded;
    if (b == NULL && t != NULL) encoded = t->tx.encoded;
    if (encoded.size == 0 && null_if_unknown)
        put_null(c->out);
    else
        put_data(c->out, encoded.data, encoded.size);
}

void rpc_eth_get_raw_transaction(struct rpc_call *c)
{
    put_raw_transaction(c, true);
}

void rpc_debug_raw_transaction(struct rpc_call *c)
{
    put_raw_transaction(c, false);
}

static void put_written(struct rpc_call *c, struct rlp_writer *w)
{
    struct bytes written = rlp_written(w);
    put_data(c->out, written.data, written.size);
    rlp_writer_free(w);
}

void rpc_debug_raw_header(struct rpc_call *c)
{
    const struct node_block *b = rpc_state_of(c, &c->values[0]);
    if (b == NULL) return;
    struct rlp_writer w = {0};
    header_encode(&w, &b->block.header);
    put_written(c, &w);
}

void rpc_debug_raw_block(struct rpc_call *c)
{
    const struct node_block *b = rpc_state_of(c, &c->values[0]);
    if (b == NULL) return;
    struct rlp_writer w = {0};
    block_encode(&w, &b->block);
    put_written(c, &w);
}

void rpc_debug_raw_receipts(struct rpc_call *c)
{
    const struct node_block *b = rpc_state_of(c, &c->values[0]);
    if (b == NULL) return;
    put_open(c->out, '[');
    for (uint32_t i = 0; i < b->block.transaction_count; i++) {
        struct rlp_writer w = {0};
        receipt_encode(&w, &b->receipts[i]);
        put_written(c, &w);
    }
    put_close(c->out, ']');
}

/* ---- what waits ----------------------------------------------------------------------------------------------------- */

/* Whether nothing is missing before it. */
static bool is_pending(const struct node *n, const struct node_transaction *t)
{
    return t->tx.nonce < node_pending_nonce(n, &t->sender);
}

void rpc_txpool_status(struct rpc_call *c)
{
    uint32_t pending = 0;
    for (uint32_t i = 0; i < c->node->pool_count; i++) pending += is_pending(c->node, c->node->pool[i]);
    put_open(c->out, '{');
    put_key(c->out, "pending");
    put_number(c->out, pending);
    put_key(c->out, "queued");
    put_number(c->out, c->node->pool_count - pending);
    put_close(c->out, '}');
}

static bool is_first_of_sender(const struct node *n, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (address_equal(&n->pool[i]->sender, &n->pool[index]->sender)) return false;
    return true;
}

static void put_pool(struct rpc_call *c, bool pending)
{
    const struct node *n = c->node;
    put_open(c->out, '{');
    for (uint32_t i = 0; i < n->pool_count; i++) {
        if (!is_first_of_sender(n, i)) continue;
        const struct address *sender = &n->pool[i]->sender;
        uint64_t next = node_pending_nonce(n, sender);
        size_t before = c->out->size;
        char key[43] = "0x";
        hex_encode(key + 2, sender->b, sizeof sender->b);
        put_key(c->out, key);
        put_open(c->out, '{');
        size_t begin = c->out->size;
        for (uint32_t k = i; k < n->pool_count; k++) {
            const struct node_transaction *t = n->pool[k];
            if (!address_equal(&t->sender, sender) || (t->tx.nonce < next) != pending) continue;
            char nonce[24];
            (void)snprintf(nonce, sizeof nonce, "%llu", (unsigned long long)t->tx.nonce);
            put_key(c->out, nonce);
            put_pending(c->out, t);
        }
        if (c->out->size == begin)
            c->out->size = before;
        else
            put_close(c->out, '}');
    }
    put_close(c->out, '}');
}

void rpc_txpool_content(struct rpc_call *c)
{
    put_open(c->out, '{');
    put_key(c->out, "pending");
    put_pool(c, true);
    put_key(c->out, "queued");
    put_pool(c, false);
    put_close(c->out, '}');
}
