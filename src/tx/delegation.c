/* EIP-7702: authorizations of a set-code transaction. */
#include "crypto/crypto.h"
#include "tx/private.h"

static const struct code *designator(struct code_cache *codes, const struct address *delegate)
{
    uint8_t bytes[DELEGATION_SIZE] = {0xef, 0x01, 0x00};
    memcpy(bytes + 3, delegate->b, sizeof delegate->b);
    struct hash hash;
    keccak256(&hash, bytes, sizeof bytes);
    return code_cache_put(codes, &hash, (struct bytes){bytes, sizeof bytes});
}

static bool is_zero_address(const struct address *a)
{
    static const struct address zero;
    return address_equal(a, &zero);
}

/* One authorization; an invalid one is skipped (the EIP's steps 1 to 9). Returns refunded state gas. */
static uint64_t apply(struct state *s, const struct tx_context *c, const struct authorization *auth,
                      const struct address *authority)
{
    uint64_t refund = 0;
    if (!u256_is_zero(auth->chain_id) && !u256_equal(auth->chain_id, U256(c->env.chain_id))) return 0;
    if (auth->nonce == UINT64_MAX || is_zero_address(authority)) return 0;
    struct account *a = state_account(s, authority);
    state_warm_account(s, a);
    if (state_has_code(s, a) && !state_code(s, a)->is_delegation) return 0;
    if (state_nonce(s, a) != auth->nonce) return 0;
    if (!state_is_empty(s, a)) {
        s->refund += c->fork->tx.authorization_refund;
        refund = c->fork->state_growth.account * c->env.state_byte_gas;
    }
    bool clears = is_zero_address(&auth->address);
    state_set_code(s, a, clears ? &code_empty : designator(state_table_codes(s->table), &auth->address));
    state_set_nonce(s, a, auth->nonce + 1);
    state_touch(s, a);
    return refund;
}

void tx_authorities(const struct transaction *tx, struct address *out)
{
    for (uint32_t i = 0; i < tx->authorization_count; i++)
        if (authorization_authority(&out[i], &tx->authorizations[i]) != STATUS_OK) out[i] = (struct address){{0}};
}

uint64_t tx_apply_authorizations(struct state *s, const struct tx_context *c, const struct transaction *tx,
                                 const struct address *authorities)
{
    uint64_t refund = 0;
    for (uint32_t i = 0; i < tx->authorization_count; i++)
        refund += apply(s, c, &tx->authorizations[i], &authorities[i]);
    return refund;
}
