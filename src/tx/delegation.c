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

/* The account whose code an authorization sets; NULL when it is invalid and skipped (the EIP's steps 1 to 6). */
static struct account *find_authority(struct state *s, const struct tx_context *c, const struct authorization *auth,
                                      const struct address *authority)
{
    if (!u256_is_zero(auth->chain_id) && !u256_equal(auth->chain_id, U256(c->env.chain_id))) return NULL;
    if (auth->nonce == UINT64_MAX || is_zero_address(authority)) return NULL;
    struct account *a = state_account(s, authority);
    state_warm_account(s, a);
    if (state_has_code(s, a) && !state_code(s, a)->is_delegation) return NULL;
    return state_nonce(s, a) == auth->nonce ? a : NULL;
}

/* EIP-2780: a new account, the first write of one that nothing else has paid for, and a delegation where there was none
 * when the transaction began. */
static bool pay(struct state *s, const struct tx_context *c, struct account *a, bool clears, struct tx_meter *meter)
{
    const struct fork *f = c->fork;
    uint64_t bytes = state_is_empty(s, a) ? f->state_growth.account : 0;
    if (state_code(s, a)->is_delegation) a->flags |= ACCOUNT_DELEGATION_PAID;
    if (!clears && (a->flags & ACCOUNT_DELEGATION_PAID) == 0) bytes += f->state_growth.delegation;
    if ((a->flags & ACCOUNT_WRITE_PAID) == 0) {
        if (meter->gas.execution < (int64_t)f->tx.authority_write) return false;
        meter->gas.execution -= f->tx.authority_write;
    }
    a->flags |= ACCOUNT_WRITE_PAID | (clears ? 0 : ACCOUNT_DELEGATION_PAID);
    return vm_gas_pay_state(&meter->gas, &meter->spilled, bytes * c->env.state_byte_gas);
}

void tx_authorities(const struct transaction *tx, struct address *out)
{
    for (uint32_t i = 0; i < tx->authorization_count; i++)
        if (authorization_authority(&out[i], &tx->authorizations[i]) != STATUS_OK) out[i] = (struct address){{0}};
}

bool tx_apply_authorizations(struct state *s, const struct tx_context *c, const struct transaction *tx,
                             const struct address *authorities, struct tx_meter *meter, uint64_t *given_back)
{
    *given_back = 0;
    for (uint32_t i = 0; i < tx->authorization_count; i++) {
        const struct authorization *auth = &tx->authorizations[i];
        struct account *a = find_authority(s, c, auth, &authorities[i]);
        if (a == NULL) continue;
        bool clears = is_zero_address(&auth->address);
        if (c->fork->tx.charges_at_run_time) {
            /* The value has paid for a write of the recipient, which is not loaded before it is called. */
            if (!u256_is_zero(tx->value) && address_equal(&authorities[i], &tx->to)) a->flags |= ACCOUNT_WRITE_PAID;
            if (!pay(s, c, a, clears, meter)) return false;
        } else if (!state_is_empty(s, a)) {
            s->refund += c->fork->tx.authorization_refund;
            *given_back += c->fork->state_growth.account * c->env.state_byte_gas;
        }
        state_set_code(s, a, clears ? &code_empty : designator(state_table_codes(s->table), &auth->address));
        state_set_nonce(s, a, auth->nonce + 1);
        state_touch(s, a);
    }
    return true;
}
