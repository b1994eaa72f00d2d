/* Instruction bodies over an EVMC host that are too long to inline: SSTORE, LOG, EXTCODECOPY, calls, creates,
 * SELFDESTRUCT. They charge what those of vm/interpreter/storage.c and vm/calls/call.c charge. */
#include "evmc/outside.h"
#include "vm/calls/call.h"

int64_t vm_op_return(struct frame *f, struct u256 *sp, int64_t gas)
{
    gas = memory_range(f, gas, &sp[0], &sp[-1]);
    if (LIKELY(gas >= 0) && sp[-1].w[0] != 0) f->output = (struct bytes){f->memory + sp[0].w[0], sp[-1].w[0]};
    return gas;
}

/* ---- storage, logs, code of others ------------------------------------------------------------------------------- */

/* What a change of a slot costs in gas beyond the cold part, and what it changes in the refund counter. */
struct price {
    int64_t gas, refund;
};

static struct price sstore_price(const struct fork *fork, enum evmc_storage_status change)
{
    int64_t set = fork->sstore.set, reset = fork->sstore.reset, same = fork->sstore.same;
    int64_t clear = fork->sstore.clear_refund;
    bool net = fork->sstore.rule == SSTORE_NET;
    switch (change) { /* 0 is zero; X, Y, Z are other values: original, current, new */
    case EVMC_STORAGE_ASSIGNED: return net ? (struct price){same, 0} : (struct price){reset, 0};
    case EVMC_STORAGE_ADDED: return (struct price){set, 0};         /* 0 0 Z */
    case EVMC_STORAGE_DELETED: return (struct price){reset, clear}; /* X X 0 */
    case EVMC_STORAGE_MODIFIED: return (struct price){reset, 0};    /* X X Z */
    case EVMC_STORAGE_DELETED_ADDED: /* X 0 Z */ return net ? (struct price){same, -clear} : (struct price){set, 0};
    case EVMC_STORAGE_MODIFIED_DELETED: /* X Y 0 */
        return net ? (struct price){same, clear} : (struct price){reset, clear};
    case EVMC_STORAGE_DELETED_RESTORED: /* X 0 X */
        return net ? (struct price){same, reset - same - clear} : (struct price){set, 0};
    case EVMC_STORAGE_ADDED_DELETED: /* 0 Y 0 */
        return net ? (struct price){same, set - same} : (struct price){reset, clear};
    case EVMC_STORAGE_MODIFIED_RESTORED: /* X Y X */
        return net ? (struct price){same, reset - same} : (struct price){reset, 0};
    }
    return (struct price){reset, 0};
}

int64_t vm_op_sstore(struct frame *f, struct u256 *sp, int64_t gas)
{
    struct host_frame *h = host_frame_of(f);
    const struct fork *fork = f->fork;
    const evmc_address *self = &h->message->recipient;
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    if (fork->sstore.needs_stipend && gas <= (int64_t)fork->gas.call_stipend) return OUT_OF_GAS;
    evmc_bytes32 key = evmc_word_of(&sp[0]), value = evmc_word_of(&sp[-1]);
    if (fork->gas.cold_slot != 0 && h->host->access_storage(h->context, self, &key) == EVMC_ACCESS_COLD) {
        gas = charge(gas, fork->gas.cold_slot);
        if (gas < 0) return gas;
    }
    struct price p = sstore_price(fork, h->host->set_storage(h->context, self, &key, &value));
    gas = charge(gas, (uint64_t)p.gas);
    h->refund += p.refund;
    return gas;
}

int64_t vm_op_log(struct frame *f, struct u256 *sp, int64_t gas, uint32_t topic_count)
{
    const struct host_frame *h = host_frame_of(f);
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    gas = memory_range(f, gas, &sp[0], &sp[-1]);
    if (UNLIKELY(gas < 0)) return gas;
    uint64_t size = sp[-1].w[0];
    gas = charge(gas, (uint64_t)f->fork->gas.log_topic * topic_count + f->fork->gas.log_byte * size);
    if (UNLIKELY(gas < 0)) return gas;
    evmc_bytes32 topics[4];
    for (uint32_t i = 0; i < topic_count; i++) topics[i] = evmc_word_of(&sp[-2 - (int)i]);
    h->host->emit_log(h->context, &h->message->recipient, f->memory + (size == 0 ? 0 : sp[0].w[0]), size, topics,
                      topic_count);
    return gas;
}

int64_t vm_op_extcodecopy(struct frame *f, struct u256 *sp, int64_t gas)
{
    const struct host_frame *h = host_frame_of(f);
    gas = memory_range(f, gas, &sp[-1], &sp[-3]);
    if (LIKELY(gas >= 0)) gas = charge(gas, f->fork->gas.copy_word * words_of(sp[-3].w[0]));
    if (UNLIKELY(gas < 0)) return gas;
    evmc_address a = evmc_address_of(&sp[0]);
    gas = evmc_access(f, &a, gas, f->fork->gas.warm);
    size_t size = sp[-3].w[0];
    if (UNLIKELY(gas < 0) || size == 0) return gas;
    uint8_t *to = f->memory + sp[-1].w[0];
    size_t from = (size_t)u256_clamp_u64(sp[-2]), copied = h->host->copy_code(h->context, &a, from, to, size);
    if (copied < size) memset(to + copied, 0, size - copied);
    return gas;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* Whether the account can give away so much. */
static bool can_pay(const struct host_frame *h, const struct u256 *value)
{
    if (u256_is_zero(*value)) return true;
    struct u256 balance = u256_load_be(h->host->get_balance(h->context, &h->message->recipient).bytes);
    return !u256_less(balance, *value);
}

/* Follows a delegation (EIP-7702) from *a, which is an access of its own. True if there is one. */
static bool follow_delegation(struct frame *f, evmc_address *a, int64_t *gas)
{
    const struct host_frame *h = host_frame_of(f);
    uint8_t code[DELEGATION_SIZE + 1];
    if (!f->fork->delegation || h->host->copy_code(h->context, a, 0, code, sizeof code) != DELEGATION_SIZE)
        return false;
    if (code[0] != 0xef || code[1] != 0x01 || code[2] != 0x00) return false;
    memcpy(a->bytes, code + 3, sizeof a->bytes);
    *gas = charge(*gas, f->fork->gas.warm);
    if (*gas >= 0) *gas = evmc_access(f, a, *gas, f->fork->gas.warm);
    return true;
}

/* Has the host run a message, behind what this frame uses. The output is kept as the frame's return data. */
static struct evmc_result send(struct frame *f, struct evmc_message *message, struct u256 *stack)
{
    struct host_frame *h = host_frame_of(f);
    struct evmc_regions before = evmc_lend(h->instance, stack, f->memory + f->memory_size);
    struct evmc_result result = h->host->call(h->context, message);
    evmc_take_back(h->instance, before);
    f->memory_clear = f->memory_size; /* behind it the callee wrote */
    f->vm->output.size = 0;
    if (result.output_size != 0) buffer_append(&f->vm->output, result.output_data, result.output_size);
    f->return_data = buffer_bytes(&f->vm->output);
    if (result.release != NULL) result.release(&result);
    h->refund += result.gas_refund;
    return result;
}

int64_t vm_op_call(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind)
{
    static const enum evmc_call_kind kinds[] = {[VM_CALL] = EVMC_CALL,
                                                [VM_CALLCODE] = EVMC_CALLCODE,
                                                [VM_DELEGATECALL] = EVMC_DELEGATECALL,
                                                [VM_STATICCALL] = EVMC_CALL};
    const struct host_frame *h = host_frame_of(f);
    const struct fork *fork = f->fork;
    struct call_words words;
    gas = call_begin(f, sp, gas, kind, &words);
    if (UNLIKELY(gas < 0)) return gas;
    const struct u256 value = words.value;
    struct u256 *args = words.args;
    bool moves_value = words.moves_value;
    evmc_address callee = evmc_address_of(&sp[-1]), code_address = callee;
    gas = evmc_access(f, &callee, gas, fork->gas.warm);
    if (UNLIKELY(gas < 0)) return gas;
    bool delegated = follow_delegation(f, &code_address, &gas);
    if (LIKELY(gas >= 0) && kind == VM_CALL && (moves_value || !fork->clear_empty) &&
        !h->host->account_exists(h->context, &callee))
        gas = charge(gas, fork->gas.new_account);
    int64_t given = gas < 0 ? gas : gas_for_callee(fork, gas, &sp[0]);
    if (UNLIKELY(given < 0)) return given;
    gas -= given;
    given += moves_value ? fork->gas.call_stipend : 0;

    f->return_data = (struct bytes){NULL, 0};
    struct u256 *pushed = &args[-3];
    uint64_t output_at = args[-2].w[0], output_size = args[-3].w[0];
    if (f->message->depth >= CALL_DEPTH_MAX || !can_pay(h, &value)) {
        *pushed = U256_ZERO;
        return gas + given;
    }
    bool is_static = f->message->is_static || kind == VM_STATICCALL, delegate = kind == VM_DELEGATECALL;
    struct evmc_message message = {
        .kind = kinds[kind],
        .flags = (is_static ? EVMC_STATIC : 0u) | (delegated ? EVMC_DELEGATED : 0u),
        .depth = h->message->depth + 1,
        .gas = given,
        .recipient = kind == VM_CALL || kind == VM_STATICCALL ? callee : h->message->recipient,
        .sender = delegate ? h->message->sender : h->message->recipient,
        .input_data = f->memory + (args[-1].w[0] == 0 ? 0 : args[0].w[0]),
        .input_size = args[-1].w[0],
        .value = delegate ? h->message->value : evmc_word_of(&value),
        .code_address = code_address,
    };
    struct evmc_result result = send(f, &message, pushed);
    if (output_size > f->return_data.size) output_size = f->return_data.size;
    if (output_size != 0) memcpy(f->memory + output_at, f->return_data.data, output_size);
    *pushed = U256(result.status_code == EVMC_SUCCESS);
    return gas + result.gas_left;
}

int64_t vm_op_create(struct frame *f, struct u256 *sp, int64_t gas, enum vm_kind kind)
{
    const struct host_frame *h = host_frame_of(f);
    const struct fork *fork = f->fork;
    gas = create_begin(f, sp, gas, kind);
    if (UNLIKELY(gas < 0)) return gas;
    int64_t given = fork->keeps_64th ? gas - gas / 64 : gas;
    uint64_t size = sp[-2].w[0];

    f->return_data = (struct bytes){NULL, 0};
    struct u256 *pushed = &sp[kind == VM_CREATE ? -2 : -3];
    struct u256 value = sp[0];
    struct evmc_message message = {
        .kind = kind == VM_CREATE ? EVMC_CREATE : EVMC_CREATE2,
        .depth = h->message->depth + 1,
        .gas = given,
        .sender = h->message->recipient,
        .input_data = f->memory + (size == 0 ? 0 : sp[-1].w[0]),
        .input_size = size,
        .value = evmc_word_of(&value),
    };
    if (kind == VM_CREATE2) message.create2_salt = evmc_word_of(&sp[-3]);
    if (f->message->depth >= CALL_DEPTH_MAX || !can_pay(h, &value)) {
        *pushed = U256_ZERO;
        return gas;
    }
    struct evmc_result result = send(f, &message, pushed);
    *pushed = U256_ZERO;
    if (result.status_code == EVMC_SUCCESS) {
        struct address created;
        memcpy(created.b, result.create_address.bytes, sizeof created.b);
        *pushed = u256_from_address(&created);
    }
    if (result.status_code != EVMC_REVERT) f->return_data = (struct bytes){NULL, 0};
    return gas - given + result.gas_left;
}

int64_t vm_op_selfdestruct(struct frame *f, struct u256 *sp, int64_t gas)
{
    struct host_frame *h = host_frame_of(f);
    const struct fork *fork = f->fork;
    if (UNLIKELY(f->message->is_static)) return fail(VM_STATIC_VIOLATION);
    evmc_address heir = evmc_address_of(&sp[0]);
    gas = evmc_access(f, &heir, gas, 0);
    if (UNLIKELY(gas < 0)) return gas;
    if (fork->gas.selfdestruct_new_account != 0 && !h->host->account_exists(h->context, &heir)) {
        struct u256 balance = u256_load_be(h->host->get_balance(h->context, &h->message->recipient).bytes);
        if (!fork->clear_empty || !u256_is_zero(balance)) gas = charge(gas, fork->gas.selfdestruct_new_account);
        if (UNLIKELY(gas < 0)) return gas;
    }
    if (h->host->selfdestruct(h->context, &h->message->recipient, &heir)) h->refund += fork->gas.selfdestruct_refund;
    return gas;
}
