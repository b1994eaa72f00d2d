/* State gas (EIP-8037), and the logs of value that moves (EIP-7708). */
#include "vm/private.h"

/* ---- state gas -------------------------------------------------------------------------------------------------- */

int64_t vm_pay_state(struct vm *vm, int64_t gas, int64_t *reservoir, struct vm_state_use *use, uint64_t bytes)
{
    uint64_t cost = bytes * vm->env->state_byte_gas;
    uint64_t spilled = cost > (uint64_t)*reservoir ? cost - (uint64_t)*reservoir : 0;
    if (UNLIKELY(spilled > (uint64_t)gas)) return OUT_OF_GAS;
    *reservoir -= (int64_t)(cost - spilled);
    use->used += (int64_t)cost;
    vm->state_spilled += (int64_t)spilled;
    return gas - (int64_t)spilled;
}

void vm_refund_state_gas(struct frame *f, int64_t refund)
{
    /* What this message and those below it have not paid, a caller has: callers share storage with DELEGATECALL and
     * CALLCODE. */
    struct vm_state_use *use = &f->state_use;
    int64_t applied = refund < use->used ? refund : use->used;
    f->state_gas += applied;
    use->used -= applied;
    use->refunded += applied;
    use->owed += refund - applied;
}

void vm_refund_state(struct frame *f, uint64_t bytes)
{
    vm_refund_state_gas(f, (int64_t)(bytes * f->env->state_byte_gas));
}

/* ---- logs of value ----------------------------------------------------------------------------------------------- */

/* keccak256("Transfer(address,address,uint256)") */
static const struct u256 transfer_topic = {
    {0x28f55a4df523b3ef, 0x952ba7f163c4a116, 0x69c2b068fc378daa, 0xddf252ad1be2c89b}};
/* keccak256("Burn(address,uint256)") */
static const struct u256 burn_topic = {
    {0x71a0fdb75d397ca5, 0x6cffcc184412cf7a, 0x815c1ee09dbd0673, 0xcc16f5dbb4873280}};

static void log_value(struct vm *vm, const struct u256 *topics, uint32_t topic_count, const struct u256 *value)
{
    uint8_t data[32];
    u256_store_be(data, *value);
    state_log_as(vm->state, &system_address, topics, topic_count, (struct bytes){data, sizeof data});
}

void vm_log_transfer(struct vm *vm, const struct account *from, const struct account *to, const struct u256 *value)
{
    if (!vm->fork->transfer_logs || from == to || u256_is_zero(*value)) return;
    struct u256 topics[3] = {transfer_topic, u256_from_address(&from->entry->address),
                             u256_from_address(&to->entry->address)};
    log_value(vm, topics, COUNT_OF(topics), value);
}

void vm_log_burn(struct vm *vm, const struct account *account, const struct u256 *value)
{
    if (!vm->fork->transfer_logs || u256_is_zero(*value)) return;
    struct u256 topics[2] = {burn_topic, u256_from_address(&account->entry->address)};
    log_value(vm, topics, COUNT_OF(topics), value);
}
