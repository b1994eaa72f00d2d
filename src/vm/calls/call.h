/* vm: how CALL, CREATE and kin begin, whoever runs the message: the native VM (call.c) or a host (evmc/outside.c). */
#ifndef WEFT_VM_CALLS_CALL_H
#define WEFT_VM_CALLS_CALL_H

#include "vm/private.h"

/* What a call takes from the stack behind gas and address. */
struct call_words {
    struct u256 value; /* zero where the kind has none */
    /* from args[0] down: input offset and size, output offset and size; the result goes to args[-3] */
    struct u256 *args;
    bool moves_value;
};

/* Reads the words, reaches the memory that they name and charges for it and for the value; negative: it failed. */
static ALWAYS_INLINE int64_t call_begin(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind,
                                        struct call_words *out)
{
    bool has_value = kind == VM_CALL || kind == VM_CALLCODE;
    struct u256 *args = sp - (has_value ? 3 : 2);
    out->value = has_value ? sp[-2] : U256_ZERO;
    out->args = args;
    out->moves_value = !u256_is_zero(out->value);
    if (UNLIKELY(kind == VM_CALL && out->moves_value && f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    gas = memory_range(f, gas, &args[0], &args[-1]);
    if (LIKELY(gas >= 0)) gas = memory_range(f, gas, &args[-2], &args[-3]);
    return LIKELY(gas >= 0) && out->moves_value ? charge(gas, f->fork->gas.call_value) : gas;
}

/* How much of `gas` the callee gets when the stack asks for `asked`; negative when that is too much. */
static inline int64_t gas_for_callee(const struct fork *fork, int64_t gas, const struct u256 *asked)
{
    uint64_t most = (uint64_t)(fork->keeps_64th ? gas - gas / 64 : gas);
    uint64_t wanted = u256_clamp_u64(*asked);
    if (wanted <= most) return (int64_t)wanted;
    return fork->keeps_64th ? (int64_t)most : OUT_OF_GAS;
}

/* What creates begin with: reaches the memory with the initcode, bounds its size and charges for it; negative: it
 * failed. */
static ALWAYS_INLINE int64_t create_begin(struct frame *f, const struct u256 *sp, int64_t gas, enum vm_kind kind)
{
    const struct fork *fork = f->fork;
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    gas = memory_range(f, gas, &sp[-1], &sp[-2]);
    if (UNLIKELY(gas < 0)) return gas;
    uint64_t size = sp[-2].w[0];
    if (fork->limit.initcode_size != 0 && size > fork->limit.initcode_size) return fail(VM_INITCODE_TOO_BIG);
    uint64_t word_price = fork->gas.initcode_word + (kind == VM_CREATE2 ? fork->gas.keccak_word : 0);
    return charge(gas, word_price * words_of(size));
}

#endif
