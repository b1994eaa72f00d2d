/* Instruction bodies that are too long to inline: SSTORE, LOG, EXTCODECOPY, and the end of a frame. */
#include "vm/interpreter/storage.h"

int64_t vm_access_cold(struct frame *f, struct account *a, int64_t gas, uint32_t paid)
{
    if (precompile_find(&f->fork->precompile, &a->entry->address) == PRECOMPILE_NONE)
        gas = charge(gas, f->fork->gas.cold_account - paid);
    if (gas >= 0) state_warm_account(f->state, a);
    return gas;
}

struct account *vm_load_account(struct frame *f, const struct address *address, int64_t *gas, uint32_t paid)
{
    uint64_t price = f->fork->gas.cold_account;
    bool is_cold = price != 0 && precompile_find(&f->fork->precompile, address) == PRECOMPILE_NONE;
    if (is_cold && (uint64_t)*gas < price - paid) {
        *gas = OUT_OF_GAS;
        return NULL;
    }
    return state_account(f->state, address);
}

/* What storing `value` costs in execution gas beyond the cold part, and what it changes in the refund counter. */
static uint32_t sstore_price(const struct fork *fork, const struct slot *slot, const struct u256 *value,
                             int64_t *refund)
{
    bool to_zero = u256_is_zero(*value), from_zero = u256_is_zero(slot->current);
    bool was_zero = u256_is_zero(slot->original);
    int64_t clear_refund = fork->sstore.clear_refund;

    if (fork->sstore.rule == SSTORE_PLAIN) {
        if (!from_zero && to_zero) *refund += clear_refund;
        return from_zero && !to_zero ? fork->sstore.set : fork->sstore.reset;
    }

    if (u256_equal(slot->current, *value)) return fork->sstore.same;
    bool changed_before = !u256_equal(slot->original, slot->current);
    uint32_t first_price = was_zero ? fork->sstore.set : fork->sstore.reset;
    if (!was_zero && from_zero) /* an earlier clearing is taken back */
        *refund -= clear_refund;
    if (!was_zero && to_zero) *refund += clear_refund;
    if (changed_before &&
        u256_equal(slot->original, *value)) /* back to where it began: the first price was for nothing */
        *refund += (int64_t)first_price - fork->sstore.same;
    return changed_before ? fork->sstore.same : first_price;
}

/* EIP-8037: a slot that was empty before the transaction is paid for when it is filled, and refunded when it is
 * emptied. */
static int64_t pay_slot(struct frame *f, int64_t gas, const struct slot *slot, const struct u256 *value)
{
    if (!u256_is_zero(slot->original)) return gas;
    bool was_empty = u256_is_zero(slot->current), is_empty = u256_is_zero(*value);
    if (was_empty && !is_empty) return charge_state(f, gas, f->fork->state_growth.slot);
    if (was_empty || !is_empty) return gas;
    if (f->fork->state_growth.rule != STATE_GAS_LOST) return vm_refund_state(f, gas, f->fork->state_growth.slot);
    f->state->refund += (int64_t)(f->fork->state_growth.slot * f->env->state_byte_gas);
    return gas;
}

int64_t vm_op_sstore(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct fork *fork = f->fork;
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    if (fork->sstore.needs_stipend && gas <= (int64_t)fork->gas.call_stipend) return OUT_OF_GAS;

    struct slot *slot = state_slot(f->state, f->self, &sp[0]);
    slot->read = true; /* whether what follows can be paid for or not: the price depends on the value (EIP-7928) */
    if (fork->gas.cold_slot != 0) {
        gas = charge(gas, slot->warm ? fork->sstore.warm : fork->gas.cold_slot);
        if (gas < 0) return gas;
        if (!slot->warm) state_warm_slot(f->state, slot);
    }
    int64_t refund = 0;
    gas = charge(gas, sstore_price(fork, slot, &sp[-1], &refund));
    f->state->refund += refund; /* a frame that cannot pay takes it back */
    if (LIKELY(gas >= 0) && UNLIKELY(f->env->state_byte_gas != 0)) gas = pay_slot(f, gas, slot, &sp[-1]);
    if (UNLIKELY(gas < 0)) return gas;
    if (!u256_equal(slot->current, sp[-1])) state_set_slot(f->state, slot, &sp[-1]);
    return gas;
}

int64_t vm_op_log(struct frame *f, struct u256 *sp, int64_t gas, uint32_t topic_count)
{
    gas = memory_range(f, gas, &sp[0], &sp[-1]);
    if (UNLIKELY(gas < 0)) return gas;
    uint64_t size = sp[-1].w[0];
    gas = charge(gas, (uint64_t)f->fork->gas.log_topic * topic_count + f->fork->gas.log_byte * size);
    if (UNLIKELY(gas < 0)) return gas;
    if (UNLIKELY(f->message->is_static)) return vm_fail_paid(f, gas, VM_STATIC_VIOLATION);
    struct u256 topics[4];
    for (uint32_t i = 0; i < topic_count; i++) topics[i] = sp[-2 - (int)i];
    state_log(f->state, f->self, topics, topic_count, (struct bytes){f->memory + (size == 0 ? 0 : sp[0].w[0]), size});
    return gas;
}

int64_t vm_op_extcodecopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_range(f, gas, &sp[-1], &sp[-3]);
    if (LIKELY(gas >= 0)) gas = charge(gas, f->fork->gas.copy_word * words_of(sp[-3].w[0]));
    if (UNLIKELY(gas < 0)) return gas;
    struct account *account = reach_operand(f, &sp[0], &gas);
    if (UNLIKELY(gas < 0)) return gas;
    const struct code *code = state_code(f->state, account);
    vm_copy_padded(f, sp[-1].w[0], sp[-3].w[0], (struct bytes){code->bytes, code->size}, &sp[-2]);
    return gas;
}

int64_t vm_op_return(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_range(f, gas, &sp[0], &sp[-1]);
    if (LIKELY(gas >= 0) && sp[-1].w[0] != 0) f->output = (struct bytes){f->memory + sp[0].w[0], sp[-1].w[0]};
    return gas;
}
