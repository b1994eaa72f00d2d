/* Transactions that come signed, and those that the node signs. */
#include <stdio.h>

#include "rpc_server/private.h"

static void submit(struct rpc_call *c, struct node_transaction *t)
{
    struct hash hash;
    struct error e;
    if (node_submit(c->node, t, &hash, &e) != STATUS_OK)
        rpc_fail(c, RPC_FAILED, "%s", e.text);
    else
        put_hash(c->out, &hash);
}

void rpc_eth_send_raw_transaction(struct rpc_call *c)
{
    struct node_transaction *t;
    struct error e;
    if (node_read_transaction(c->node, c->values[0].bytes, &t, &e) != STATUS_OK)
        rpc_fail(c, RPC_FAILED, "%s", e.text);
    else
        submit(c, t);
}

/* What is not given: nonce, fees, gas. Fees leave room for the base fee to double. */
static void fill_in(struct rpc_call *c, struct rpc_transaction *t)
{
    struct header next;
    node_next_header(c->node, &next);
    struct transaction *tx = &t->tx;
    struct u256 tip = U256(1000000000);
    bool has_market = (node_fork_of(c->node, &next)->tx.types & TX_TYPE_DYNAMIC_FEE) != 0;
    if (!t->has_price && tx->type <= TX_ACCESS_LIST && has_market) tx->type = TX_FEE_MARKET;
    if (!t->has_price && tx->type >= TX_FEE_MARKET) {
        if (!t->has_priority) tx->max_priority_fee = tip;
        if (!t->has_max_fee) tx->max_fee = u256_add(u256_shl(next.base_fee, 1), tx->max_priority_fee);
        if (u256_less(tx->max_fee, tx->max_priority_fee)) tx->max_priority_fee = tx->max_fee;
    } else if (!t->has_price) {
        tx->max_fee = tx->max_priority_fee = tip;
    }
    if (!t->has_nonce) tx->nonce = node_pending_nonce(c->node, &t->from);
    if (tx->type == TX_BLOB && u256_is_zero(tx->max_blob_fee)) {
        bool beyond;
        tx->max_blob_fee = u256_shl(block_blob_base_fee(node_fork_of(c->node, &next), next.excess_blob_gas, &beyond),
                                    1);
    }
    if (t->has_gas) return;
    struct rpc_transaction priceless = *t; /* what the sender can pay for is found when it is sent */
    priceless.tx.max_fee = priceless.tx.max_priority_fee = U256_ZERO;
    struct rpc_value latest = {0};
    tx->gas_limit = rpc_estimate(c, &priceless, &latest, NULL);
}

/* The transaction that the object asks for, signed; NULL when the call has failed. */
static struct node_transaction *make_signed(struct rpc_call *c)
{
    struct rpc_transaction t;
    struct node_transaction *out;
    struct error e;
    if (!rpc_read_transaction(c, c->values[0].json, &t)) return NULL;
    if (!t.has_from) {
        if (c->node->options.accounts == 0) {
            rpc_fail(c, RPC_FAILED, "unknown account");
            return NULL;
        }
        t.from = c->node->accounts[0].address;
    }
    fill_in(c, &t);
    if (c->code != 0) return NULL;
    if (node_sign(c->node, &t.tx, &t.from, &out, &e) == STATUS_OK) return out;
    rpc_fail(c, RPC_FAILED, "%s", e.text);
    return NULL;
}

void rpc_eth_send_transaction(struct rpc_call *c)
{
    struct node_transaction *t = make_signed(c);
    if (t != NULL) submit(c, t);
}

void rpc_eth_sign_transaction(struct rpc_call *c)
{
    struct node_transaction *t = make_signed(c);
    if (t == NULL) return;
    put_open(c->out, '{');
    put_key(c->out, "raw");
    put_data(c->out, t->tx.encoded.data, t->tx.encoded.size);
    put_key(c->out, "tx");
    put_pending(c->out, t);
    put_close(c->out, '}');
    node_transaction_free(t);
}

/* EIP-191: keccak256("\x19Ethereum Signed Message:\n" || size || message). */
static void sign_message(struct rpc_call *c, const struct address *a, struct bytes message)
{
    const uint8_t *secret = node_secret_of(c->node, a);
    if (secret == NULL) {
        rpc_fail(c, RPC_FAILED, "unknown account");
        return;
    }
    struct buffer text = {0};
    buffer_printf(&text,
                  "\x19"
                  "Ethereum Signed Message:\n%zu",
                  message.size);
    buffer_append(&text, message.data, message.size);
    struct hash digest = keccak256_bytes(buffer_bytes(&text));
    buffer_free(&text);
    struct secp256k1_signature s;
    uint8_t out[65];
    ASSERT(secp256k1_sign(&s, &digest, secret));
    memcpy(out, s.r, 32);
    memcpy(out + 32, s.s, 32);
    out[64] = (uint8_t)(27 + s.recovery_id);
    put_data(c->out, out, sizeof out);
}

void rpc_eth_sign(struct rpc_call *c)
{
    sign_message(c, &c->values[0].address, c->values[1].bytes);
}

void rpc_personal_sign(struct rpc_call *c)
{
    sign_message(c, &c->values[1].address, c->values[0].bytes);
}
