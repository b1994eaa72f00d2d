/* Instruction bodies: what a frame can ask about itself, the message, the transaction and the block. See private.h for their shape. */
#ifndef WEFT_VM_ENVIRONMENT_H
#define WEFT_VM_ENVIRONMENT_H

#include "vm/private.h"

/* A body without operands whose result is a function of the frame. */
#define NULLARY(name, expression)                                                                                      \
    static ALWAYS_INLINE void op_##name(struct frame *f, struct u256 *sp)                                              \
    {                                                                                                                  \
        sp[1] = (expression);                                                                                          \
    }

NULLARY(address, u256_from_address(&f->self->entry->address))
NULLARY(origin, u256_from_address(&f->env->origin))
NULLARY(caller, u256_from_address(&f->message->sender->entry->address))
NULLARY(callvalue, f->message->value)
NULLARY(calldatasize, U256(f->input.size))
NULLARY(codesize, U256(f->code_size))
NULLARY(gasprice, f->env->gas_price)
NULLARY(returndatasize, U256(f->return_data.size))
NULLARY(coinbase, u256_from_address(&f->env->coinbase))
NULLARY(timestamp, U256(f->env->timestamp))
NULLARY(number, U256(f->env->number))
NULLARY(prevrandao, f->env->prevrandao)
NULLARY(gaslimit, U256(f->env->gas_limit))
NULLARY(chainid, U256(f->env->chain_id))
NULLARY(selfbalance, state_balance(f->state, f->self))
NULLARY(basefee, f->env->base_fee)
NULLARY(blobbasefee, f->env->blob_base_fee)
NULLARY(slotnum, U256(f->env->slot_number))

static ALWAYS_INLINE void op_calldataload(struct frame *f, struct u256 *sp)
{
    uint64_t from = u256_clamp_u64(sp[0]);
    struct bytes input = f->input;
    if (LIKELY(from < input.size && input.size - from >= 32))
        sp[0] = u256_load_be(input.data + from);
    else if (from < input.size)
        sp[0] = u256_shl(u256_load_be_n(input.data + from, input.size - from), 256 - 8 * (unsigned)(input.size - from));
    else
        sp[0] = U256_ZERO;
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

static ALWAYS_INLINE void op_blobhash(struct frame *f, struct u256 *sp)
{
    uint64_t index = u256_clamp_u64(sp[0]);
    sp[0] = index < f->env->blob_hash_count ? u256_from_hash(&f->env->blob_hashes[index]) : U256_ZERO;
}

#endif
