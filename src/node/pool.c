/* Transactions that wait: read or signed, checked against the head, kept in the order in which they came.
 *
 * Words of refusals are geth's, as tools look for them. */
#include <stdlib.h>

#include "node/private.h"

void node_transaction_free(struct node_transaction *t)
{
    arena_free(&t->arena);
    free(t);
}

/* ---- reading and signing ------------------------------------------------------------------------------------------- */

/* What the network carries of a blob transaction, [transaction, (version,) blobs, commitments, proofs], cut down to the
 * transaction. Whether the proofs are right is not looked at. */
static struct bytes without_blobs(struct arena *arena, struct bytes envelope)
{
    if (envelope.size < 2 || envelope.data[0] != TX_BLOB) return envelope;
    struct rlp in = rlp_of((struct bytes){envelope.data + 1, envelope.size - 1}), list;
    struct rlp_item item;
    if (rlp_enter(&in, &list) != STATUS_OK || !rlp_next_is_list(&list)) return envelope;
    if (rlp_read_item(&list, &item) != STATUS_OK) return envelope;
    uint8_t *copy = arena_alloc(arena, item.encoded.size + 1, 1);
    copy[0] = TX_BLOB;
    memcpy(copy + 1, item.encoded.data, item.encoded.size);
    return (struct bytes){copy, item.encoded.size + 1};
}

static void find_authorities(struct node_transaction *t)
{
    if (t->tx.authorization_count == 0) return;
    t->authorities = ARENA_ARRAY(&t->arena, struct address, t->tx.authorization_count);
    tx_authorities(&t->tx, t->authorities);
}

enum status node_read_transaction(struct node *n, struct bytes envelope, struct node_transaction **out, struct error *e)
{
    struct node_transaction *t = base_calloc(1, sizeof *t);
    envelope = without_blobs(&t->arena, envelope);
    envelope.data = arena_copy(&t->arena, envelope.data, envelope.size);
    struct header next;
    node_next_header(n, &next);
    const struct fork *fork = node_fork_of(n, &next);
    enum status s = transaction_decode(&t->tx, envelope, &t->arena);
    if (s == TX_UNKNOWN_TYPE)
        (void)error_set(e, s, "transaction type not supported");
    else if (s != STATUS_OK)
        (void)error_set(e, s, "%s", status_text(s));
    if (s == STATUS_OK) {
        s = transaction_sender(&t->sender, &t->tx, (struct signature_rules){fork->low_s, fork->replay_protection});
        if (s != STATUS_OK) (void)error_set(e, s, "invalid sender: %s", status_text(s));
    }
    if (s != STATUS_OK) {
        node_transaction_free(t);
        return s;
    }
    transaction_hash(&t->hash, &t->tx);
    find_authorities(t);
    *out = t;
    return STATUS_OK;
}

/* A transaction of its own: all that `tx` borrows goes into the envelope, and is read from there again. */
static void take_envelope(struct node_transaction *t, const struct transaction *tx)
{
    struct rlp_writer w = {0};
    transaction_encode(&w, tx);
    struct bytes written = rlp_written(&w);
    struct bytes envelope = {arena_copy(&t->arena, written.data, written.size), written.size};
    rlp_writer_free(&w);
    ASSERT(transaction_decode(&t->tx, envelope, &t->arena) == STATUS_OK);
    transaction_hash(&t->hash, &t->tx);
}

enum status node_sign(struct node *n, const struct transaction *tx, const struct address *sender,
                      struct node_transaction **out, struct error *e)
{
    const uint8_t *secret = node_secret_of(n, sender);
    struct transaction signed_tx = *tx;
    if (secret != NULL) {
        struct hash digest;
        struct secp256k1_signature s;
        transaction_signing_hash(&digest, tx);
        ASSERT(secp256k1_sign(&s, &digest, secret));
        signed_tx.signature = (struct signature){u256_load_be(s.r), u256_load_be(s.s), s.recovery_id};
    } else if (node_impersonates(n, sender)) {
        signed_tx.signature = (struct signature){u256_from_address(sender), U256_ONE, 0};
    } else {
        return error_set(e, TX_BAD_SIGNATURE, "unknown account");
    }
    struct node_transaction *t = base_calloc(1, sizeof *t);
    take_envelope(t, &signed_tx);
    t->sender = *sender;
    find_authorities(t);
    *out = t;
    return STATUS_OK;
}

/* ---- the pool ------------------------------------------------------------------------------------------------------ */

static uint32_t find(const struct node *n, const struct hash *hash)
{
    uint32_t i = 0;
    while (i < n->pool_count && !hash_equal(&n->pool[i]->hash, hash)) i++;
    return i;
}

const struct node_transaction *node_find_pending(const struct node *n, const struct hash *hash)
{
    uint32_t i = find(n, hash);
    return i == n->pool_count ? NULL : n->pool[i];
}

void node_take(struct node *n, const struct node_transaction *t)
{
    uint32_t i = find(n, &t->hash);
    ASSERT(i < n->pool_count);
    memmove(n->pool + i, n->pool + i + 1, (n->pool_count - i - 1) * sizeof(struct node_transaction *));
    n->pool_count--;
}

bool node_drop(struct node *n, const struct hash *hash)
{
    bool any = false;
    for (uint32_t i = n->pool_count; i-- > 0;) {
        struct node_transaction *t = n->pool[i];
        if (hash != NULL && !hash_equal(&t->hash, hash)) continue;
        node_take(n, t);
        node_transaction_free(t);
        any = true;
    }
    return any;
}

/* The transaction of that account and nonce that waits; its place, or pool_count. */
static uint32_t find_nonce(const struct node *n, const struct address *sender, uint64_t nonce)
{
    uint32_t i = 0;
    while (i < n->pool_count && !(n->pool[i]->tx.nonce == nonce && address_equal(&n->pool[i]->sender, sender))) i++;
    return i;
}

uint64_t node_pending_nonce(const struct node *n, const struct address *a)
{
    uint64_t nonce = history_account_at(n->history, node_head(n)->version, a).nonce;
    while (nonce < UINT64_MAX && find_nonce(n, a, nonce) < n->pool_count) nonce++;
    return nonce;
}

/* ---- what is refused ----------------------------------------------------------------------------------------------- */

#define LL(x) ((unsigned long long)(x))

struct decimal {
    char text[U256_DECIMAL_SIZE];
};
static struct decimal decimal(struct u256 v)
{
    struct decimal d;
    (void)u256_to_decimal(d.text, &v);
    return d;
}

/* Gas and value at most; U256_MAX where no balance is that high. */
static struct u256 highest_cost(const struct transaction *tx)
{
    struct u256 gas = U256(tx->gas_limit), fee = tx->max_fee, cost;
    if (u256_bits(fee) > 190 || u256_bits(tx->max_blob_fee) > 190) return U256_MAX;
    cost = u256_mul(gas, fee);
    struct u256 blobs = u256_mul(U256((uint64_t)tx->blob_count * GAS_PER_BLOB), tx->max_blob_fee);
    return u256_add_carry(&cost, cost, blobs) || u256_add_carry(&cost, cost, tx->value) ? U256_MAX : cost;
}

static enum status check_static(const struct node *n, const struct node_transaction *t, const struct header *next,
                                struct error *e)
{
    const struct transaction *tx = &t->tx;
    const struct fork *fork = node_fork_of(n, next);
    struct tx_context c = {.fork = fork, .chain = &n->genesis.spec, .env = block_env(&n->genesis.spec, fork, next)};
    enum status s = tx_check(&c, tx, &t->sender);
    switch (s) {
    case STATUS_OK: return s;
    case TX_TYPE_NOT_SUPPORTED: return error_set(e, s, "transaction type not supported");
    case TX_WRONG_CHAIN_ID:
        return error_set(e, s, "invalid sender: invalid chain id for signer: have %llu want %llu", LL(tx->chain_id),
                         LL(n->genesis.spec.id));
    case TX_INTRINSIC_GAS_TOO_LOW:
        return error_set(e, s, "intrinsic gas too low: gas %llu, minimum needed %llu", LL(tx->gas_limit),
                         LL(tx_intrinsic(fork, tx, &t->sender, c.env.state_byte_gas).gas));
    case TX_GAS_BELOW_FLOOR:
        return error_set(e, s, "insufficient gas for floor data gas cost: gas %llu, minimum needed %llu",
                         LL(tx->gas_limit), LL(tx_intrinsic(fork, tx, &t->sender, c.env.state_byte_gas).floor));
    case TX_GAS_OVER_CAP:
        return error_set(e, s, "transaction gas limit too high (cap: %u, tx: %llu)", fork->limit.tx_gas,
                         LL(tx->gas_limit));
    case TX_INITCODE_TOO_BIG:
        return error_set(e, s, "max initcode size exceeded: code size %zu, limit %u", tx->data.size,
                         fork->limit.initcode_size);
    case TX_NONCE_MAX: return error_set(e, s, "nonce has max value");
    case TX_PRIORITY_FEE_OVER_MAX_FEE:
        return error_set(e, s,
                         "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: %s, "
                         "maxFeePerGas: %s",
                         decimal(tx->max_priority_fee).text, decimal(tx->max_fee).text);
    case TX_FEE_BELOW_BASE_FEE:
        return error_set(e, s, "max fee per gas less than block base fee: maxFeePerGas: %s, baseFee: %s",
                         decimal(tx->max_fee).text, decimal(next->base_fee).text);
    default: return error_set(e, s, "%s", status_text(s));
    }
}

static enum status check_sender(const struct node *n, const struct node_transaction *t, struct error *e)
{
    struct history_account a = history_account_at(n->history, node_head(n)->version, &t->sender);
    if (t->tx.nonce < a.nonce)
        return error_set(e, TX_NONCE_TOO_LOW, "nonce too low: next nonce %llu, tx nonce %llu", LL(a.nonce),
                         LL(t->tx.nonce));
    struct u256 cost = highest_cost(&t->tx);
    if (u256_less(a.balance, cost))
        return error_set(e, TX_INSUFFICIENT_FUNDS,
                         "insufficient funds for gas * price + value: balance %s, tx cost %s, overshot %s",
                         decimal(a.balance).text, decimal(cost).text, decimal(u256_sub(cost, a.balance)).text);
    bool is_delegation = a.code.size == DELEGATION_SIZE && a.code.data[0] == 0xef;
    if (a.code.size != 0 && !is_delegation && !node_impersonates(n, &t->sender))
        return error_set(e, TX_SENDER_HAS_CODE, "sender not an eoa");
    return STATUS_OK;
}

/* Whether a new transaction pays at least ten percent more than the one that it replaces. */
static bool pays_more(const struct transaction *now, const struct transaction *before)
{
    struct u256 ten = U256(10), eleven = U256(11);
    return !u256_less(u256_mul(now->max_fee, ten), u256_mul(before->max_fee, eleven)) &&
           !u256_less(u256_mul(now->max_priority_fee, ten), u256_mul(before->max_priority_fee, eleven));
}

static enum status admit(struct node *n, struct node_transaction *t, struct error *e)
{
    struct header next;
    uint32_t index;
    node_next_header(n, &next);
    if (node_find_pending(n, &t->hash) != NULL || node_find_transaction(n, &t->hash, &index) != NULL)
        return error_set(e, POOL_KNOWN, "already known");
    if (t->tx.gas_limit > next.gas_limit) return error_set(e, TX_GAS_OVER_BLOCK, "exceeds block gas limit");
    enum status s = check_static(n, t, &next, e);
    if (s == STATUS_OK) s = check_sender(n, t, e);
    if (s != STATUS_OK) return s;
    uint32_t same = find_nonce(n, &t->sender, t->tx.nonce);
    if (same < n->pool_count) {
        if (!pays_more(&t->tx, &n->pool[same]->tx))
            return error_set(e, POOL_UNDERPRICED, "replacement transaction underpriced");
        node_transaction_free(n->pool[same]);
        n->pool[same] = t;
        return STATUS_OK;
    }
    if (n->pool_count == NODE_POOL_MAX) return error_set(e, POOL_FULL, "txpool is full");
    n->pool[n->pool_count++] = t;
    return STATUS_OK;
}

enum status node_submit(struct node *n, struct node_transaction *t, struct hash *hash, struct error *e)
{
    *hash = t->hash;
    enum status s = admit(n, t, e);
    if (s != STATUS_OK) {
        node_transaction_free(t);
        return s;
    }
    bool can_run = t->tx.nonce == history_account_at(n->history, node_head(n)->version, &t->sender).nonce;
    return n->automine && can_run ? node_mine(n, e) : STATUS_OK;
}
