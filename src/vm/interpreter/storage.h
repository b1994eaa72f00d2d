/* Instruction bodies: other accounts, storage, transient storage, earlier blocks. See private.h for their shape. */
#ifndef WEFT_VM_INTERPRETER_STORAGE_H
#define WEFT_VM_INTERPRETER_STORAGE_H

#include "vm/private.h"

/* The account that an operand names; see reach_account. */
static ALWAYS_INLINE struct account *reach_operand(struct frame *f, const struct u256 *a, int64_t *gas)
{
    struct address address = u256_to_address(*a);
    return reach_account(f, &address, gas, f->fork->gas.warm);
}

static ALWAYS_INLINE int64_t op_balance(struct frame *f, struct u256 *sp, int64_t gas)
{
    struct account *account = reach_operand(f, &sp[0], &gas);
    if (LIKELY(gas >= 0)) sp[0] = state_balance(f->state, account);
    return gas;
}

static ALWAYS_INLINE int64_t op_extcodesize(struct frame *f, struct u256 *sp, int64_t gas)
{
    struct account *account = reach_operand(f, &sp[0], &gas);
    if (LIKELY(gas >= 0)) sp[0] = U256(state_code(f->state, account)->size);
    return gas;
}

static ALWAYS_INLINE int64_t op_extcodehash(struct frame *f, struct u256 *sp, int64_t gas)
{
    struct account *account = reach_operand(f, &sp[0], &gas);
    if (UNLIKELY(gas < 0)) return gas;
    if (state_exists(f->state, account))
        sp[0] = u256_from_hash(state_code_hash(f->state, account));
    else
        sp[0] = U256_ZERO;
    return gas;
}

static ALWAYS_INLINE int64_t op_sload(struct frame *f, struct u256 *sp, int64_t gas)
{
    struct slot *slot = state_known_slot(f->state, f->self, &sp[0]);
    if (UNLIKELY(slot == NULL || !slot->warm) && f->fork->gas.cold_slot != 0) {
        gas = charge(gas, f->fork->gas.cold_slot - f->fork->gas.warm);
        if (UNLIKELY(gas < 0)) return gas;
        if (LIKELY(slot == NULL)) slot = state_slot(f->state, f->self, &sp[0]);
        state_warm_slot(f->state, slot);
    } else if (UNLIKELY(slot == NULL)) {
        slot = state_slot(f->state, f->self, &sp[0]);
    }
    slot->read = true;
    sp[0] = slot->current;
    return gas;
}

static ALWAYS_INLINE void op_tload(struct frame *f, struct u256 *sp)
{
    sp[0] = state_transient(f->state, f->self, &sp[0]);
}

static ALWAYS_INLINE int64_t op_tstore(struct frame *f, struct u256 *sp, int64_t gas)
{
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    state_set_transient(f->state, f->self, &sp[0], &sp[-1]);
    return gas;
}

static ALWAYS_INLINE void op_selfbalance(struct frame *f, struct u256 *sp)
{
    sp[1] = state_balance(f->state, f->self);
}

static ALWAYS_INLINE void op_blockhash(struct frame *f, struct u256 *sp)
{
    uint64_t number = u256_clamp_u64(sp[0]), now = f->env->number;
    if (number >= now || now - number > BLOCK_HASHES) {
        sp[0] = U256_ZERO;
        return;
    }
    struct hash hash = state_block_hash(f->state, number);
    sp[0] = u256_from_hash(&hash);
}

#endif
