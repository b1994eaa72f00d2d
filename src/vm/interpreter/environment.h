/* Instruction bodies: what a frame can ask about itself, the message, the transaction and the block. See private.h for
 * their shape. */
#ifndef WEFT_VM_INTERPRETER_ENVIRONMENT_H
#define WEFT_VM_INTERPRETER_ENVIRONMENT_H

#include "vm/private.h"

/* Where block and transaction are described; another world (see instructions.h) may fill that in when it is asked
 * for. */
#ifndef ENV
#define ENV(f) ((f)->env)
#endif

/* A body without operands whose result is a function of the frame. */
#define NULLARY(name, expression)                                                                                      \
    static ALWAYS_INLINE void op_##name(struct frame *f, struct u256 *sp)                                              \
    {                                                                                                                  \
        sp[1] = (expression);                                                                                          \
    }

NULLARY(address, u256_from_address(&f->self->entry->address))
NULLARY(origin, u256_from_address(&ENV(f)->origin))
NULLARY(caller, u256_from_address(&f->message->sender->entry->address))
NULLARY(callvalue, f->message->value)
NULLARY(calldatasize, U256(f->input.size))
NULLARY(codesize, U256(f->code_size))
NULLARY(gasprice, ENV(f)->gas_price)
NULLARY(returndatasize, U256(f->return_data.size))
NULLARY(coinbase, u256_from_address(&ENV(f)->coinbase))
NULLARY(timestamp, U256(ENV(f)->timestamp))
NULLARY(number, U256(ENV(f)->number))
NULLARY(prevrandao, ENV(f)->prevrandao)
NULLARY(gaslimit, U256(ENV(f)->gas_limit))
NULLARY(chainid, U256(ENV(f)->chain_id))
NULLARY(basefee, ENV(f)->base_fee)
NULLARY(blobbasefee, ENV(f)->blob_base_fee)
NULLARY(slotnum, U256(ENV(f)->slot_number))

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

static ALWAYS_INLINE void op_blobhash(struct frame *f, struct u256 *sp)
{
    uint64_t index = u256_clamp_u64(sp[0]);
    sp[0] = index < ENV(f)->blob_hash_count ? u256_from_hash(&ENV(f)->blob_hashes[index]) : U256_ZERO;
}

#endif
