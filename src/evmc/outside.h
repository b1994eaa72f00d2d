/* evmc: the interpreters as a VM for other clients, behind the C interface EVMC (ABI 12): libweft-evmc.so.
 *
 * The interpreters of vm/ are compiled once more, for this library alone, with what lies outside of a frame replaced:
 * where the native build asks a `struct state`, this one asks the host's callbacks. Everything else is the same
 * source, so the native build pays nothing for it.
 *
 *     execute ──► host_frame ──vm_run──► plain, fast ──► op_sload, vm_op_call, ... ──► host->get_storage, host->call
 *        ▲                                                                                             │
 *        └───────────────────────────────── one level deeper ◄─────────────────────────────────────────┘
 *
 * A call goes to the host, which may come back with an execution one level deeper: it takes stack and memory behind
 * those of the frame that waits. The host does what surrounds code: value, nonces, new contracts, precompiles,
 * reverting.
 *
 * An instance is for one thread at a time. */
#ifndef WEFT_EVMC_OUTSIDE_H
#define WEFT_EVMC_OUTSIDE_H

#include <evmc/evmc.h>

#include "vm/private.h"

struct evmc_instance;

/* A frame, and whom it asks. Frames are handed around as their first member. */
struct host_frame {
    struct frame base;
    const struct evmc_host_interface *host;
    struct evmc_host_context *context;
    const struct evmc_message *message;
    struct evmc_instance *instance;
    int64_t refund;
    struct vm_env env; /* once somebody has asked: base.env points here then */
    /* The addresses of who runs and who called, where the bodies look for them; nothing else of these is filled in. */
    struct vm_message addressed;
    struct account self, sender;
    struct account_entry self_entry, sender_entry;
};

static ALWAYS_INLINE struct host_frame *host_frame_of(struct frame *f)
{
    return (struct host_frame *)(void *)f;
}

/* Block and transaction, asked for at first use. */
const struct vm_env *evmc_load_env(struct frame *f);
static ALWAYS_INLINE const struct vm_env *evmc_env(struct frame *f)
{
    return LIKELY(f->env != NULL) ? f->env : evmc_load_env(f);
}
#define ENV(f) evmc_env(f)

/* Takes stack and memory from `stack` and `memory` on for whatever the host runs until evmc_take_back. */
struct evmc_regions {
    struct u256 *stack;
    uint8_t *memory;
};
struct evmc_regions evmc_lend(struct evmc_instance *i, struct u256 *stack, uint8_t *memory);
void evmc_take_back(struct evmc_instance *i, struct evmc_regions before);

/* ---- bodies: see vm/private.h for their shape, vm/interpreter/storage.h for the native ones ---------------------------------- */

static ALWAYS_INLINE evmc_address evmc_address_of(const struct u256 *a)
{
    struct address from = u256_to_address(*a);
    evmc_address out;
    memcpy(out.bytes, from.b, sizeof out.bytes);
    return out;
}

static ALWAYS_INLINE evmc_bytes32 evmc_word_of(const struct u256 *a)
{
    evmc_bytes32 out;
    u256_store_be(out.bytes, *a);
    return out;
}

/* Pays what a cold account costs beyond `paid` (EIP-2929). */
static ALWAYS_INLINE int64_t evmc_access(struct frame *f, const evmc_address *a, int64_t gas, uint32_t paid)
{
    const struct host_frame *h = host_frame_of(f);
    if (f->fork->gas.cold_account == 0 || h->host->access_account(h->context, a) == EVMC_ACCESS_WARM) return gas;
    return charge(gas, f->fork->gas.cold_account - paid);
}

static ALWAYS_INLINE int64_t op_balance(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct host_frame *h = host_frame_of(f);
    evmc_address a = evmc_address_of(&sp[0]);
    gas = evmc_access(f, &a, gas, f->fork->gas.warm);
    if (LIKELY(gas >= 0)) sp[0] = u256_load_be(h->host->get_balance(h->context, &a).bytes);
    return gas;
}

static ALWAYS_INLINE int64_t op_extcodesize(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct host_frame *h = host_frame_of(f);
    evmc_address a = evmc_address_of(&sp[0]);
    gas = evmc_access(f, &a, gas, f->fork->gas.warm);
    if (LIKELY(gas >= 0)) sp[0] = U256(h->host->get_code_size(h->context, &a));
    return gas;
}

static ALWAYS_INLINE int64_t op_extcodehash(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct host_frame *h = host_frame_of(f);
    evmc_address a = evmc_address_of(&sp[0]);
    gas = evmc_access(f, &a, gas, f->fork->gas.warm);
    if (LIKELY(gas >= 0)) sp[0] = u256_load_be(h->host->get_code_hash(h->context, &a).bytes);
    return gas;
}

static ALWAYS_INLINE int64_t op_sload(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct host_frame *h = host_frame_of(f);
    const evmc_address *self = &h->message->recipient;
    evmc_bytes32 key = evmc_word_of(&sp[0]);
    if (f->fork->gas.cold_slot != 0 && h->host->access_storage(h->context, self, &key) == EVMC_ACCESS_COLD) {
        gas = charge(gas, f->fork->gas.cold_slot - f->fork->gas.warm);
        if (UNLIKELY(gas < 0)) return gas;
    }
    sp[0] = u256_load_be(h->host->get_storage(h->context, self, &key).bytes);
    return gas;
}

static ALWAYS_INLINE void op_tload(struct frame *f, struct u256 *sp)
{
    const struct host_frame *h = host_frame_of(f);
    evmc_bytes32 key = evmc_word_of(&sp[0]);
    sp[0] = u256_load_be(h->host->get_transient_storage(h->context, &h->message->recipient, &key).bytes);
}

static ALWAYS_INLINE int64_t op_tstore(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct host_frame *h = host_frame_of(f);
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    evmc_bytes32 key = evmc_word_of(&sp[0]), value = evmc_word_of(&sp[-1]);
    h->host->set_transient_storage(h->context, &h->message->recipient, &key, &value);
    return gas;
}

static ALWAYS_INLINE void op_selfbalance(struct frame *f, struct u256 *sp)
{
    const struct host_frame *h = host_frame_of(f);
    sp[1] = u256_load_be(h->host->get_balance(h->context, &h->message->recipient).bytes);
}

static ALWAYS_INLINE void op_blockhash(struct frame *f, struct u256 *sp)
{
    const struct host_frame *h = host_frame_of(f);
    uint64_t number = u256_clamp_u64(sp[0]), now = evmc_env(f)->number;
    if (number >= now || now - number > BLOCK_HASHES)
        sp[0] = U256_ZERO;
    else
        sp[0] = u256_load_be(h->host->get_block_hash(h->context, (int64_t)number).bytes);
}

#endif
