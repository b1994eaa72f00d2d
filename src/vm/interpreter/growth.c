/* State gas (EIP-8037), and the logs of value that moves (EIP-7708). */
#include "vm/private.h"

/* ---- state gas -------------------------------------------------------------------------------------------------- */

bool vm_gas_pay_state(struct vm_gas *gas, int64_t *spilled, uint64_t cost)
{
    uint64_t beyond = cost > (uint64_t)gas->state ? cost - (uint64_t)gas->state : 0;
    if (UNLIKELY(beyond > (uint64_t)gas->execution)) return false;
    gas->state -= (int64_t)(cost - beyond);
    gas->execution -= (int64_t)beyond;
    *spilled += (int64_t)beyond;
    return true;
}

int64_t vm_pay_state(struct vm *vm, int64_t gas, int64_t *reservoir, struct vm_state_use *use, uint64_t bytes)
{
    struct vm_gas both = {gas, *reservoir};
    uint64_t cost = bytes * vm->env->state_byte_gas;
    int64_t spilled = 0;
    if (!vm_gas_pay_state(&both, &spilled, cost)) return OUT_OF_GAS;
    *reservoir = both.state;
    use->used += (int64_t)cost;
    use->spilled += spilled;
    vm->state_spilled += spilled;
    return both.execution;
}

static bool is_last_first(const struct fork *fork)
{
    return fork->state_growth.rule == STATE_GAS_LAST_FIRST;
}

/* Drafts: a refund goes into the reservoir. What this message and those below it have not paid, a caller has: callers
 * share storage with DELEGATECALL and CALLCODE. */
static void refund_to_reservoir(struct frame *f, int64_t refund)
{
    struct vm_state_use *use = &f->state_use;
    int64_t applied = refund < use->used ? refund : use->used;
    f->state_gas += applied;
    use->used -= applied;
    use->refunded += applied;
    use->owed += refund - applied;
}

int64_t vm_refund_state(struct frame *f, int64_t gas, uint64_t bytes)
{
    int64_t refund = (int64_t)(bytes * f->env->state_byte_gas);
    if (!is_last_first(f->fork)) {
        refund_to_reservoir(f, refund);
        return gas;
    }
    int64_t back = refund < f->state_use.spilled ? refund : f->state_use.spilled;
    f->state_use.spilled -= back;
    f->state_gas += refund - back;
    return gas + back;
}

/* Drafts: when the callee failed, the state did not grow, and all that it paid goes into the reservoir. */
static void take_state_use(struct frame *f, const struct vm_result *callee)
{
    if (callee->status != VM_SUCCESS) {
        f->state_gas += callee->state_use.used - callee->state_use.refunded;
        return;
    }
    f->state_use.used += callee->state_use.used;
    f->state_use.refunded += callee->state_use.refunded;
    refund_to_reservoir(f, callee->state_use.owed);
}

int64_t vm_take_gas(struct frame *f, int64_t gas, const struct vm_result *callee)
{
    gas += callee->gas.execution;
    f->state_gas = callee->gas.state;
    if (LIKELY(f->env->state_byte_gas == 0)) return gas;
    if (!is_last_first(f->fork)) {
        take_state_use(f, callee);
        return gas;
    }
    if (callee->status != VM_SUCCESS) return gas; /* settled */
    /* The callee may have been refunded what a caller had paid for out of its execution gas. */
    f->state_use.spilled += callee->state_use.spilled;
    int64_t back = f->state_gas < f->state_use.spilled ? f->state_gas : f->state_use.spilled;
    f->state_use.spilled -= back;
    f->state_gas -= back;
    return gas + back;
}

void vm_settle_failure(const struct vm *vm, const struct vm_message *message, struct vm_result *result)
{
    if (!is_last_first(vm->fork)) return;
    if (result->status == VM_REVERT) result->gas.execution += result->state_use.spilled - message->spilled;
    result->gas.state = message->gas.state;
    result->state_use.spilled = message->spilled;
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
