/* One transaction, start to end. */
#include "tx/private.h"
#include "tx/tx.h"

/* *out = a * b; false when it does not fit 256 bits. */
static bool multiply(struct u256 *out, struct u256 a, uint64_t b)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)a.w[i] * b;
        out->w[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

static uint64_t blob_gas(const struct transaction *tx)
{
    return (uint64_t)tx->blob_count * GAS_PER_BLOB;
}

/* The most that the sender may have to pay; false when no balance can be that high. */
static bool maximum_cost(const struct transaction *tx, struct u256 *out)
{
    struct u256 gas, blobs;
    return multiply(&gas, tx->max_fee, tx->gas_limit) && multiply(&blobs, tx->max_blob_fee, blob_gas(tx)) &&
           !u256_add_carry(out, gas, blobs) && !u256_add_carry(out, *out, tx->value);
}

/* EIP-1559; without a base fee this is the gas price. */
static struct u256 effective_price(const struct tx_context *c, const struct transaction *tx)
{
    struct u256 above = u256_sub(tx->max_fee, c->env.base_fee);
    struct u256 tip = u256_less(above, tx->max_priority_fee) ? above : tx->max_priority_fee;
    return u256_add(c->env.base_fee, tip);
}

/* Validity that depends on state. */
static enum status check_sender(const struct tx_context *c, struct state *s, struct account *sender,
                                const struct transaction *tx)
{
    if (s->speculative) {
        state_assume_nonce(s, sender, tx->nonce);
    } else {
        uint64_t nonce = state_nonce(s, sender);
        if (tx->nonce != nonce) return tx->nonce < nonce ? TX_NONCE_TOO_LOW : TX_NONCE_TOO_HIGH;
    }
    if (UNLIKELY(state_has_code(s, sender)) && !c->is_unsigned && !state_code(s, sender)->is_delegation)
        return TX_SENDER_HAS_CODE;
    struct u256 cost;
    if (!maximum_cost(tx, &cost) || !state_balance_at_least(s, sender, &cost)) return TX_INSUFFICIENT_FUNDS;
    return STATUS_OK;
}

static void warm_access_list(struct state *s, const struct transaction *tx)
{
    for (uint32_t i = 0; i < tx->access_count; i++) {
        const struct access_entry *entry = &tx->access_list[i];
        struct account *a = state_account(s, &entry->address);
        state_prewarm_account(s, a);
        for (uint32_t k = 0; k < entry->key_count; k++) state_prewarm_slot(s, a, &entry->keys[k]);
    }
}

/* The transaction's own message. Calls: the recipient's code runs. Creates: data is initcode. */
static struct vm_message make_message(struct tx_worker *w, const struct tx_bill *bill)
{
    const struct transaction *tx = bill->tx;
    struct vm_message m = {.kind = tx->is_create ? VM_CREATE : VM_CALL,
                           .gas = bill->gas,
                           .sender = bill->sender,
                           .value = tx->value,
                           .input = tx->data};
    if (!tx->is_create) {
        m.recipient = m.code_account = state_account(w->state, &tx->to);
        state_warm_account(w->state, m.recipient);
    }
    return m;
}

static void run(struct tx_worker *w, struct tx_bill *bill, const struct address *authorities, struct vm_result *result)
{
    const struct tx_context *c = bill->context;
    uint64_t given_back = 0;
    if (bill->tx->authorization_count != 0)
        (void)tx_apply_authorizations(w->state, c, bill->tx, authorities, NULL, &given_back);
    bill->gas.state += (int64_t)given_back;
    if (c->fork->state_growth.rule == STATE_GAS_LOST) bill->intrinsic.state -= given_back;
    struct vm_message message = make_message(w, bill);
    if (!bill->tx->is_create) message.code = vm_code_of(w->vm, message.recipient);
    vm_call(w->vm, &message, result);
}

/* ---- EIP-2780: what depends on state is paid before the first frame ---------------------------------------------- */

/* The account that is called or created, if it comes into existence; and the access to what it delegates to. */
static bool pay_recipient(struct tx_worker *w, const struct tx_bill *bill, struct vm_message *m, struct tx_meter *meter)
{
    struct state *s = w->state;
    const struct fork *f = bill->context->fork;
    bool comes = bill->tx->is_create || !u256_is_zero(m->value);
    if (comes && !state_exists(s, m->recipient) &&
        !vm_gas_pay_state(&meter->gas, &meter->spilled, f->state_growth.account * bill->context->env.state_byte_gas))
        return false;
    if (bill->tx->is_create) return true;
    m->code = vm_pay_for_code(w->vm, m->recipient, &meter->gas.execution);
    return m->code != NULL;
}

/* Runs the message with what is left for it. What cannot be paid for is undone, and takes all execution gas with it; no
 * frame begins then. */
static void run_charged(struct tx_worker *w, struct tx_bill *bill, const struct address *authorities,
                        struct vm_result *result)
{
    struct state *s = w->state;
    const struct transaction *tx = bill->tx;
    struct state_checkpoint before = state_checkpoint(s);
    struct tx_meter meter = {.gas = bill->gas};
    uint64_t given_back;
    bill->sender->flags |= ACCOUNT_WRITE_PAID;
    bool paid = tx_apply_authorizations(s, bill->context, tx, authorities, &meter, &given_back);
    if (paid) {
        bill->kept_reservoir = meter.gas.state;
        bill->kept_spilled = meter.spilled;
        meter.spilled = 0;
        struct vm_message message = make_message(w, bill);
        if (tx->is_create) message.recipient = vm_reach_created(w->vm, &message);
        paid = pay_recipient(w, bill, &message, &meter);
        bill->spilled = message.spilled = meter.spilled;
        message.gas = meter.gas;
        if (paid) vm_call(w->vm, &message, result);
    }
    if (paid) return;
    state_revert(s, before);
    *result = (struct vm_result){.status = VM_OUT_OF_GAS, .gas = {0, bill->gas.state}};
    bill->kept_reservoir = bill->gas.state;
    bill->kept_spilled = bill->spilled = 0;
}

void tx_keep_results(struct tx_worker *w, const struct vm_result *result, struct tx_result *out)
{
    const struct state *s = w->state;
    struct log *logs = ARENA_ARRAY(&w->results, struct log, s->log_count);
    for (uint32_t i = 0; i < s->log_count; i++) {
        const struct state_log *from = &s->logs[i];
        struct hash *topics = ARENA_ARRAY(&w->results, struct hash, from->topic_count);
        for (uint32_t k = 0; k < from->topic_count; k++) u256_store_be(topics[k].b, from->topics[k]);
        logs[i] = (struct log){*from->emitter, topics, from->topic_count, from->data};
    }
    out->logs = logs;
    out->log_count = s->log_count;
    out->output = (struct bytes){arena_copy(&w->results, result->output.data, result->output.size),
                                 result->output.size};
    out->outcome = result->status;
    out->succeeded = result->status == VM_SUCCESS;
    out->has_created = result->created != NULL;
    if (out->has_created) out->created = result->created->entry->address;
}

void tx_execute(struct tx_worker *w, const struct tx_context *c, const struct transaction *tx,
                const struct address *sender_address, const struct address *authorities, struct tx_result *out)
{
    struct state *s = w->state;
    *out = (struct tx_result){0};
    s->log_data = &w->results;
    if (UNLIKELY(base_reserve_spent())) state_fail(s, NO_MEMORY);
    out->invalid = tx_check(c, tx, sender_address);
    if (out->invalid != STATUS_OK || s->failure != STATUS_OK) return;
    struct account *sender = state_account(s, sender_address);
    out->invalid = check_sender(c, s, sender, tx);
    if (out->invalid != STATUS_OK || s->failure != STATUS_OK) return;

    struct vm_env env = c->env;
    env.origin = *sender_address;
    env.gas_price = effective_price(c, tx);
    env.blob_hashes = tx->blob_hashes;
    env.blob_hash_count = tx->blob_count;
    vm_attach(w->vm, c->fork, s, &env);

    struct u256 upfront, blob_fee;
    multiply(&upfront, env.gas_price, tx->gas_limit);
    multiply(&blob_fee, env.blob_base_fee, blob_gas(tx));
    upfront = u256_add(upfront, blob_fee);
    state_debit(s, sender, &upfront);
    state_set_nonce(s, sender, tx->nonce + 1);
    state_touch(s, sender);
    state_warm_account(s, sender);
    if (c->fork->warm_coinbase) state_prewarm_account(s, state_account(s, &env.coinbase));
    warm_access_list(s, tx);
    struct tx_bill bill = tx_open_bill(c, tx, sender, env.gas_price);
    struct vm_result result;
    if (c->fork->tx.charges_at_run_time)
        run_charged(w, &bill, authorities, &result);
    else
        run(w, &bill, authorities, &result);

    tx_settle(w, &bill, &result, out);
    tx_burn(w, &env.coinbase, out);
    tx_keep_results(w, &result, out);
    state_finalize(s);
}
