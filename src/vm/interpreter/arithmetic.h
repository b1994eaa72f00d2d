/* Instruction bodies: arithmetic, comparison, bits, hashing. See private.h for their shape. */
#ifndef WEFT_VM_INTERPRETER_ARITHMETIC_H
#define WEFT_VM_INTERPRETER_ARITHMETIC_H

#include "crypto/crypto.h"
#include "vm/private.h"

/* Bodies with two operands, once by address (binary_add: from anywhere to anywhere, `to` may be an operand) and once on
 * the stack. */
#define ON_STACK(name)                                                                                                 \
    static ALWAYS_INLINE void op_##name(struct frame *f, struct u256 *sp)                                              \
    {                                                                                                                  \
        (void)f;                                                                                                       \
        binary_##name(&sp[-1], &sp[0], &sp[-1]);                                                                       \
    }
#define BINARY(name, expression)                                                                                       \
    static ALWAYS_INLINE void binary_##name(struct u256 *to, const struct u256 *pa, const struct u256 *pb)             \
    {                                                                                                                  \
        struct u256 a = word_load(pa), b = word_load(pb);                                                              \
        word_store(to, (expression));                                                                                  \
    }                                                                                                                  \
    ON_STACK(name)
#define BINARY_CALL(name, function)                                                                                    \
    static ALWAYS_INLINE void binary_##name(struct u256 *to, const struct u256 *pa, const struct u256 *pb)             \
    {                                                                                                                  \
        function(to, pa, pb);                                                                                          \
    }                                                                                                                  \
    ON_STACK(name)

BINARY(add, u256_add(a, b))
BINARY(sub, u256_sub(a, b))
BINARY(mul, u256_mul(a, b))
BINARY(lt, U256(u256_less(a, b)))
BINARY(gt, U256(u256_less(b, a)))
BINARY(slt, U256(u256_less_signed(a, b)))
BINARY(sgt, U256(u256_less_signed(b, a)))
BINARY(eq, U256(u256_equal(a, b)))
BINARY(and, u256_and(a, b))
BINARY(or, u256_or(a, b))
BINARY(xor, u256_xor(a, b))
BINARY(byte, u256_byte(b, a))
BINARY(shl, u256_shift_left(b, a))
BINARY(shr, u256_shift_right(b, a))
BINARY(sar, u256_shift_right_signed(b, a))
BINARY(signextend, u256_signextend(b, a))
BINARY_CALL(div, u256_div)
BINARY_CALL(sdiv, u256_sdiv)
BINARY_CALL(mod, u256_mod)
BINARY_CALL(smod, u256_smod)

static ALWAYS_INLINE void op_addmod(struct frame *f, struct u256 *sp)
{
    (void)f;
    u256_addmod(&sp[-2], &sp[0], &sp[-1], &sp[-2]);
}

static ALWAYS_INLINE void op_mulmod(struct frame *f, struct u256 *sp)
{
    (void)f;
    u256_mulmod(&sp[-2], &sp[0], &sp[-1], &sp[-2]);
}

static ALWAYS_INLINE int64_t op_exp(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = charge(gas, (uint64_t)f->fork->gas.exp_byte * u256_byte_count(sp[-1]));
    if (UNLIKELY(gas < 0)) return gas;
    u256_exp(&sp[-1], &sp[0], &sp[-1]);
    return gas;
}

static ALWAYS_INLINE void op_iszero(struct frame *f, struct u256 *sp)
{
    (void)f;
    sp[0] = U256(u256_is_zero(word_load(&sp[0])));
}

static ALWAYS_INLINE void op_not(struct frame *f, struct u256 *sp)
{
    (void)f;
    sp[0] = u256_not(sp[0]);
}

static ALWAYS_INLINE void op_clz(struct frame *f, struct u256 *sp)
{
    (void)f;
    sp[0] = U256(u256_clz(sp[0]));
}

/* Keccak-256 of 64 bytes, with those of the running block remembered: a mapping's values lie there, and transactions
 * ask for the same few again and again. */
static inline struct u256 hash_64(struct vm *vm, const uint8_t *data)
{
    uint64_t in[8], difference = 0;
    memcpy(in, data, sizeof in);
    struct hash_memo *memo = &vm->hashes[hash_memo_index(in)];
    for (unsigned i = 0; i < 8; i++) difference |= in[i] ^ memo->input[i];
    if (difference == 0 && memo->block == vm->block) return memo->hash;
    struct hash hash;
    keccak256_64(&hash, data);
    memcpy(memo->input, in, sizeof in);
    memo->block = vm->block;
    return memo->hash = u256_from_hash(&hash);
}

static ALWAYS_INLINE int64_t op_keccak256(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_range(f, gas, &sp[0], &sp[-1]);
    if (UNLIKELY(gas < 0)) return gas;
    uint64_t size = sp[-1].w[0];
    gas = charge(gas, f->fork->gas.keccak_word * words_of(size));
    if (UNLIKELY(gas < 0)) return gas;
    const uint8_t *data = f->memory + (size == 0 ? 0 : sp[0].w[0]);
    if (size == 64) {
        sp[-1] = hash_64(f->vm, data);
        return gas;
    }
    if (UNLIKELY(size == 0)) {
        sp[-1] = u256_from_hash(&keccak_empty);
        return gas;
    }
    struct hash hash;
    if (size == 32)
        keccak256_32(&hash, data);
    else
        keccak256(&hash, data, size);
    sp[-1] = u256_from_hash(&hash);
    return gas;
}

#endif
