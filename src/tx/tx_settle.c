/* What a transaction pays: gas before and after its message, refunds, fee, and what is burnt. */
#include <stdlib.h>

#include "tx/private.h"

static uint64_t at_least(uint64_t a, uint64_t floor)
{
    return a > floor ? a : floor;
}

static struct u256 times(struct u256 price, uint64_t gas)
{
    return u256_mul(price, U256(gas));
}

struct tx_bill tx_open_bill(const struct tx_context *c, const struct transaction *tx, struct account *sender,
                            struct u256 price)
{
    struct tx_bill bill = {.context = c, .tx = tx, .sender = sender, .price = price};
    bill.intrinsic = tx_intrinsic(c->fork, tx, &sender->entry->address, c->env.state_byte_gas);
    uint64_t left = tx->gas_limit - bill.intrinsic.gas - bill.intrinsic.state;
    uint64_t most = left;
    if (c->env.state_byte_gas != 0 && c->fork->limit.tx_gas - bill.intrinsic.gas < left)
        most = c->fork->limit.tx_gas - bill.intrinsic.gas; /* the cap of EIP-7825 bounds execution gas */
    bill.gas = (struct vm_gas){.execution = (int64_t)most, .state = (int64_t)(left - most)};
    bill.kept_reservoir = bill.gas.state;
    return bill;
}

/* ---- after the message ------------------------------------------------------------------------------------------- */

/* Drafts of EIP-8037: what was paid for an account that was created and destroyed in this transaction, its code and its
 * slots. */
static int64_t destroyed_state_gas(struct state *s, const struct tx_context *c)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < s->account_count; i++) {
        struct account *a = s->accounts[i];
        if ((a->flags & ACCOUNT_DESTRUCTED) != 0)
            bytes += c->fork->state_growth.account + (state_has_code(s, a) ? state_code(s, a)->size : 0);
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = s->slots[i];
        if ((slot->account->flags & ACCOUNT_DESTRUCTED) != 0 && slot->entry != NULL && !u256_is_zero(slot->current))
            bytes += c->fork->state_growth.slot;
    }
    return (int64_t)(bytes * c->env.state_byte_gas);
}

/* EIP-8037: what is left of the gas, and what was used of both kinds: counted against the block, and given back. */
static struct vm_gas split_gas(const struct tx_bill *bill, const struct vm_result *result, struct tx_result *out)
{
    struct vm_gas left = result->gas;
    int64_t spilled = bill->kept_spilled;
    if (result->status == VM_SUCCESS) {
        spilled += result->state_use.spilled; /* bill->spilled is in it */
    } else {                                  /* the state did not grow, but for authorizations */
        left.state = bill->kept_reservoir;
        if (result->status == VM_REVERT) left.execution += bill->spilled;
    }
    int64_t state_used = bill->gas.state - left.state + spilled;
    out->block_state_gas = state_used < 0 ? 0 : (uint64_t)state_used;
    uint64_t used = bill->tx->gas_limit - (uint64_t)left.execution - (uint64_t)left.state;
    out->block_gas = at_least(used - out->block_state_gas, bill->intrinsic.floor);
    return left;
}

/* Drafts of EIP-8037. */
static struct vm_gas split_gas_of_draft(struct state *s, const struct tx_bill *bill, const struct vm_result *result,
                                        struct tx_result *out)
{
    struct vm_gas left = result->gas;
    int64_t state_used = result->state_use.used;
    int64_t execution_used = bill->gas.execution - left.execution - result->state_spilled;
    if (result->status == VM_CREATE_COLLISION) { /* before anything was executed: all gas is gone, but none was used */
        left = (struct vm_gas){0, 0};
        execution_used = 0;
    } else if (bill->context->fork->state_growth.rule == STATE_GAS_LOST) {
        /* nothing is given back */
    } else if (result->status != VM_SUCCESS) { /* the state did not grow */
        left.state += state_used;
        state_used = 0;
    } else if (UNLIKELY(s->any_destructed)) {
        int64_t refund = destroyed_state_gas(s, bill->context);
        refund = refund < state_used ? refund : state_used;
        left.state += refund;
        state_used -= refund;
    }
    out->block_gas = at_least(bill->intrinsic.gas + (uint64_t)execution_used, bill->intrinsic.floor);
    out->block_state_gas = bill->intrinsic.state + (uint64_t)state_used;
    return left;
}

void tx_settle(struct tx_worker *w, const struct tx_bill *bill, const struct vm_result *result, struct tx_result *out)
{
    struct state *s = w->state;
    const struct fork *fork = bill->context->fork;
    bool two_gases = bill->context->env.state_byte_gas != 0;
    struct vm_gas left = result->gas;
    if (two_gases && fork->state_growth.rule == STATE_GAS_LAST_FIRST)
        left = split_gas(bill, result, out);
    else if (two_gases)
        left = split_gas_of_draft(s, bill, result, out);
    uint64_t used = bill->tx->gas_limit - (uint64_t)left.execution - (uint64_t)left.state;
    uint64_t most = used / fork->tx.refund_quotient;
    uint64_t refund = s->refund <= 0 ? 0 : (uint64_t)s->refund;
    refund = refund < most ? refund : most;
    out->gas_refunded = refund;
    out->gas_used = at_least(used - refund, bill->intrinsic.floor);
    if (!two_gases)
        out->block_gas = fork->block_gas_without_refunds ? at_least(used, bill->intrinsic.floor) : out->gas_used;
    struct u256 back = times(bill->price, bill->tx->gas_limit - out->gas_used);
    state_credit(s, bill->sender, &back);
    out->fee = times(u256_sub(bill->price, bill->context->env.base_fee), out->gas_used);
}

/* ---- what is burnt ----------------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    const struct account *const *x = a, *const *y = b;
    return memcmp((*x)->entry->address.b, (*y)->entry->address.b, sizeof(struct address));
}

void tx_burn(struct tx_worker *w, const struct address *beneficiary, struct tx_result *out)
{
    struct state *s = w->state;
    if (LIKELY(!s->any_destructed) || s->destructed_keep_balance) return;
    struct account **gone = ARENA_ARRAY(&s->records, struct account *, s->account_count);
    size_t count = 0;
    for (uint32_t i = 0; i < s->account_count; i++)
        if ((s->accounts[i]->flags & ACCOUNT_DESTRUCTED) != 0) gone[count++] = s->accounts[i];
    qsort(gone, count, sizeof *gone, by_address);
    for (size_t i = 0; i < count; i++) {
        struct u256 balance = state_balance(s, gone[i]);
        if (address_equal(&gone[i]->entry->address, beneficiary)) {
            balance = u256_add(balance, out->fee);
            out->fee = U256_ZERO;
            out->beneficiary_gone = true;
        }
        vm_log_burn(w->vm, gone[i], &balance);
    }
}
