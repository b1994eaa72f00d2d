/* Instruction bodies: memory, and copying into it. See private.h for their shape. */
#ifndef WEFT_VM_INTERPRETER_MEMORY_H
#define WEFT_VM_INTERPRETER_MEMORY_H

#include "vm/private.h"

static ALWAYS_INLINE int64_t op_mload(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_reach(f, gas, &sp[0], 32);
    if (UNLIKELY(gas < 0)) return gas;
    sp[0] = u256_load_be(f->memory + sp[0].w[0]);
    return gas;
}

static ALWAYS_INLINE int64_t op_mstore(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_reach(f, gas, &sp[0], 32);
    if (UNLIKELY(gas < 0)) return gas;
    u256_store_be(f->memory + sp[0].w[0], sp[-1]);
    return gas;
}

static ALWAYS_INLINE int64_t op_mstore8(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_reach(f, gas, &sp[0], 1);
    if (UNLIKELY(gas < 0)) return gas;
    f->memory[sp[0].w[0]] = (uint8_t)sp[-1].w[0];
    return gas;
}

static ALWAYS_INLINE void op_msize(struct frame *f, struct u256 *sp)
{
    sp[1] = U256(f->memory_size);
}

/* Reaches memory[sp[0], sp[0] + *size) and charges for copying as many bytes. */
static ALWAYS_INLINE int64_t charge_copy(struct frame *f, int64_t gas, const struct u256 *to, const struct u256 *size)
{
    gas = memory_range(f, gas, to, size);
    return UNLIKELY(gas < 0) ? gas : charge(gas, f->fork->gas.copy_word * words_of(size->w[0]));
}

static ALWAYS_INLINE int64_t op_mcopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = charge_copy(f, gas, &sp[0], &sp[-2]);
    if (LIKELY(gas >= 0)) gas = memory_range(f, gas, &sp[-1], &sp[-2]);
    if (LIKELY(gas >= 0) && !u256_is_zero(sp[-2]))
        memmove(f->memory + sp[0].w[0], f->memory + sp[-1].w[0], sp[-2].w[0]);
    return gas;
}

static ALWAYS_INLINE int64_t op_calldatacopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = charge_copy(f, gas, &sp[0], &sp[-2]);
    if (LIKELY(gas >= 0)) vm_copy_padded(f, sp[0].w[0], sp[-2].w[0], f->input, &sp[-1]);
    return gas;
}

static ALWAYS_INLINE int64_t op_codecopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = charge_copy(f, gas, &sp[0], &sp[-2]);
    if (LIKELY(gas >= 0)) vm_copy_padded(f, sp[0].w[0], sp[-2].w[0], (struct bytes){f->code, f->code_size}, &sp[-1]);
    return gas;
}

static ALWAYS_INLINE int64_t op_returndatacopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = charge_copy(f, gas, &sp[0], &sp[-2]);
    if (UNLIKELY(gas < 0)) return gas;
    uint64_t size = sp[-2].w[0], from = u256_clamp_u64(sp[-1]);
    if (UNLIKELY(from > f->return_data.size || size > f->return_data.size - from))
        return vm_fail_paid(f, gas, VM_RETURN_DATA_OUT_OF_BOUNDS);
    if (size != 0) memcpy(f->memory + sp[0].w[0], f->return_data.data + from, size);
    return gas;
}

#endif
