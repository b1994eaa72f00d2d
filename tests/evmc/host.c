#include "host.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "types/types.h"

static struct host *host_of(struct evmc_host_context *context)
{
    return (struct host *)(void *)context;
}

static struct account *account_of(struct evmc_host_context *context, const evmc_address *a)
{
    struct address address;
    memcpy(address.b, a->bytes, sizeof address.b);
    return state_account(host_of(context)->state, &address);
}

evmc_bytes32 host_word(struct u256 v)
{
    evmc_bytes32 out;
    u256_store_be(out.bytes, v);
    return out;
}

evmc_address host_address(const struct account *a)
{
    evmc_address out;
    memcpy(out.bytes, a->entry->address.b, sizeof out.bytes);
    return out;
}

/* ---- what the VM asks -------------------------------------------------------------------------------------------- */

static bool account_exists(struct evmc_host_context *c, const evmc_address *a)
{
    return state_exists(host_of(c)->state, account_of(c, a));
}

static struct slot *slot_of(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key)
{
    struct u256 k = u256_load_be(key->bytes);
    return state_slot(host_of(c)->state, account_of(c, a), &k);
}

static evmc_bytes32 get_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key)
{
    return host_word(slot_of(c, a, key)->current);
}

static enum evmc_storage_status set_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key,
                                            const evmc_bytes32 *value)
{
    struct slot *s = slot_of(c, a, key);
    struct u256 v = u256_load_be(value->bytes), o = s->original, now = s->current;
    if (u256_equal(now, v)) return EVMC_STORAGE_ASSIGNED;
    state_set_slot(host_of(c)->state, s, &v);
    bool to_zero = u256_is_zero(v), from_zero = u256_is_zero(now), was_zero = u256_is_zero(o);
    if (u256_equal(o, now))
        return from_zero ? EVMC_STORAGE_ADDED : to_zero ? EVMC_STORAGE_DELETED : EVMC_STORAGE_MODIFIED;
    if (was_zero) return to_zero ? EVMC_STORAGE_ADDED_DELETED : EVMC_STORAGE_ASSIGNED;
    if (from_zero) return u256_equal(o, v) ? EVMC_STORAGE_DELETED_RESTORED : EVMC_STORAGE_DELETED_ADDED;
    if (to_zero) return EVMC_STORAGE_MODIFIED_DELETED;
    return u256_equal(o, v) ? EVMC_STORAGE_MODIFIED_RESTORED : EVMC_STORAGE_ASSIGNED;
}

static evmc_uint256be get_balance(struct evmc_host_context *c, const evmc_address *a)
{
    return host_word(state_balance(host_of(c)->state, account_of(c, a)));
}

static size_t get_code_size(struct evmc_host_context *c, const evmc_address *a)
{
    return state_code(host_of(c)->state, account_of(c, a))->size;
}

static evmc_bytes32 get_code_hash(struct evmc_host_context *c, const evmc_address *a)
{
    struct state *s = host_of(c)->state;
    struct account *account = account_of(c, a);
    return host_word(state_exists(s, account) ? u256_from_hash(state_code_hash(s, account)) : U256_ZERO);
}

static size_t copy_code(struct evmc_host_context *c, const evmc_address *a, size_t from, uint8_t *to, size_t size)
{
    const struct code *code = state_code(host_of(c)->state, account_of(c, a));
    if (from >= code->size) return 0;
    size_t copied = code->size - from < size ? code->size - from : size;
    memcpy(to, code->bytes + from, copied);
    return copied;
}

static bool selfdestruct(struct evmc_host_context *c, const evmc_address *a, const evmc_address *heir_address)
{
    struct host *h = host_of(c);
    struct state *s = h->state;
    struct account *self = account_of(c, a), *heir = account_of(c, heir_address);
    struct u256 balance = state_balance(s, self);
    bool removed = h->fork->selfdestruct == SELFDESTRUCT_ALWAYS || (self->flags & ACCOUNT_CREATED) != 0;
    if (heir != self || removed) state_debit(s, self, &balance);
    if (heir != self) state_credit(s, heir, &balance);
    state_touch(s, heir);
    return removed && state_mark_destructed(s, self);
}

static struct evmc_tx_context get_tx_context(struct evmc_host_context *c)
{
    const struct vm_env *e = host_of(c)->env;
    struct evmc_tx_context out = {.tx_gas_price = host_word(e->gas_price),
                                  .block_number = (int64_t)e->number,
                                  .block_timestamp = (int64_t)e->timestamp,
                                  .block_gas_limit = (int64_t)e->gas_limit,
                                  .block_prev_randao = host_word(e->prevrandao),
                                  .chain_id = host_word(U256(e->chain_id)),
                                  .block_base_fee = host_word(e->base_fee),
                                  .blob_base_fee = host_word(e->blob_base_fee),
                                  .blob_hashes = (const evmc_bytes32 *)(const void *)e->blob_hashes,
                                  .blob_hashes_count = e->blob_hash_count};
    memcpy(out.tx_origin.bytes, e->origin.b, sizeof out.tx_origin.bytes);
    memcpy(out.block_coinbase.bytes, e->coinbase.b, sizeof out.block_coinbase.bytes);
    return out;
}

static evmc_bytes32 get_block_hash(struct evmc_host_context *c, int64_t number)
{
    struct hash hash = state_block_hash(host_of(c)->state, (uint64_t)number);
    return host_word(u256_from_hash(&hash));
}

static void emit_log(struct evmc_host_context *c, const evmc_address *a, const uint8_t *data, size_t size,
                     const evmc_bytes32 *topics, size_t topic_count)
{
    struct u256 words[4];
    for (size_t i = 0; i < topic_count; i++) words[i] = u256_load_be(topics[i].bytes);
    state_log(host_of(c)->state, account_of(c, a), words, (uint32_t)topic_count, (struct bytes){data, size});
}

static enum evmc_access_status access_account(struct evmc_host_context *c, const evmc_address *a)
{
    struct host *h = host_of(c);
    struct account *account = account_of(c, a);
    bool cold = state_warm_account(h->state, account);
    bool precompiled = precompile_find(&h->fork->precompile, &account->entry->address) != PRECOMPILE_NONE;
    return cold && !precompiled ? EVMC_ACCESS_COLD : EVMC_ACCESS_WARM;
}

static enum evmc_access_status access_storage(struct evmc_host_context *c, const evmc_address *a,
                                              const evmc_bytes32 *key)
{
    return state_warm_slot(host_of(c)->state, slot_of(c, a, key)) ? EVMC_ACCESS_COLD : EVMC_ACCESS_WARM;
}

static evmc_bytes32 get_transient_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key)
{
    struct u256 k = u256_load_be(key->bytes);
    return host_word(state_transient(host_of(c)->state, account_of(c, a), &k));
}

static void set_transient_storage(struct evmc_host_context *c, const evmc_address *a, const evmc_bytes32 *key,
                                  const evmc_bytes32 *value)
{
    struct u256 k = u256_load_be(key->bytes), v = u256_load_be(value->bytes);
    state_set_transient(host_of(c)->state, account_of(c, a), &k, &v);
}

static struct evmc_result call(struct evmc_host_context *c, const struct evmc_message *m);

static const struct evmc_host_interface interface = {
    account_exists,       get_storage, set_storage,    get_balance,    get_code_size,
    get_code_hash,        copy_code,   selfdestruct,   call,           get_tx_context,
    get_block_hash,       emit_log,    access_account, access_storage, get_transient_storage,
    set_transient_storage};

/* ---- what surrounds code ----------------------------------------------------------------------------------------- */

static void release_copy(const struct evmc_result *r)
{
    free((void *)(uintptr_t)r->output_data);
}

static void move_value(struct host *h, struct account *from, struct account *to, const struct evmc_message *m)
{
    struct u256 value = u256_load_be(m->value.bytes);
    if (u256_is_zero(value)) return;
    state_debit(h->state, from, &value);
    state_credit(h->state, to, &value);
}

static struct evmc_result run_precompile(struct host *h, unsigned id, const struct evmc_message *m)
{
    struct precompile_result p;
    precompile_run(&h->fork->precompile, id, (struct bytes){m->input_data, m->input_size}, (uint64_t)m->gas,
                   &h->precompile, &p);
    struct evmc_result r = {.status_code = p.ok ? EVMC_SUCCESS : EVMC_PRECOMPILE_FAILURE};
    if (!p.ok) return r;
    uint8_t *copy = base_alloc(p.output.size + 1);
    if (p.output.size != 0) memcpy(copy, p.output.data, p.output.size);
    r.gas_left = (int64_t)p.gas_left;
    r.output_data = copy;
    r.output_size = p.output.size;
    r.release = release_copy;
    return r;
}

/* The code that a call runs; a transaction's own call follows a delegation (EIP-7702), for others the VM has done
 * it. */
static const struct code *code_of(struct host *h, struct account *a, const struct evmc_message *m)
{
    const struct code *code = state_code(h->state, a);
    if (m->depth != 0 || !code->is_delegation || !h->fork->delegation) return code;
    return state_code(h->state, state_account(h->state, &code->delegate));
}

static struct evmc_result run_call(struct host *h, const struct evmc_message *m)
{
    struct state *s = h->state;
    struct evmc_host_context *c = (struct evmc_host_context *)(void *)h;
    struct state_checkpoint before = state_checkpoint(s);
    struct account *recipient = account_of(c, &m->recipient), *code_account = account_of(c, &m->code_address);
    if (m->kind == EVMC_CALL) state_touch(s, recipient);
    if (m->kind == EVMC_CALL) move_value(h, account_of(c, &m->sender), recipient, m);
    unsigned id = (m->flags & EVMC_DELEGATED) != 0
                      ? PRECOMPILE_NONE
                      : precompile_find(&h->fork->precompile, &code_account->entry->address);
    const struct code *code = code_of(h, code_account, m);
    struct evmc_result r = id != PRECOMPILE_NONE
                               ? run_precompile(h, id, m)
                               : h->vm->execute(h->vm, &interface, c, h->revision, m, code->bytes, code->size);
    if (r.status_code != EVMC_SUCCESS) state_revert(s, before);
    return r;
}

/* Why code cannot be stored; EVMC_SUCCESS: it is, and paid for. */
static enum evmc_status_code deposit(struct host *h, struct account *created, struct evmc_result *r)
{
    struct bytes code = {r->output_data, r->output_size};
    if (h->fork->reject_ef_code && code.size != 0 && code.data[0] == 0xef) return EVMC_CONTRACT_VALIDATION_FAILURE;
    if (h->fork->limit.code_size != 0 && code.size > h->fork->limit.code_size) return EVMC_FAILURE;
    int64_t price = (int64_t)(h->fork->gas.code_byte * code.size);
    if (price > r->gas_left) return h->fork->deposit_out_of_gas_fails ? EVMC_OUT_OF_GAS : EVMC_SUCCESS;
    r->gas_left -= price;
    if (code.size == 0) return EVMC_SUCCESS;
    struct hash hash = keccak256_bytes(code);
    state_set_code(h->state, created, code_cache_put(state_table_codes(h->state->table), &hash, code));
    return EVMC_SUCCESS;
}

static struct evmc_result run_create(struct host *h, const struct evmc_message *m)
{
    struct state *s = h->state;
    struct evmc_host_context *c = (struct evmc_host_context *)(void *)h;
    struct account *sender = account_of(c, &m->sender);
    uint64_t nonce = state_nonce(s, sender);
    if (nonce == UINT64_MAX) return (struct evmc_result){.status_code = EVMC_ARGUMENT_OUT_OF_RANGE, .gas_left = m->gas};
    if (m->depth == 0)
        nonce--;
    else
        state_set_nonce(s, sender, nonce + 1);
    struct bytes initcode = {m->input_data, m->input_size};
    struct hash salt, code_hash = keccak256_bytes(initcode);
    memcpy(salt.b, m->create2_salt.bytes, sizeof salt.b);
    struct address address = m->kind == EVMC_CREATE ? create_address(&sender->entry->address, nonce)
                                                    : create2_address(&sender->entry->address, &salt, &code_hash);
    struct account *created = state_account(s, &address);
    state_warm_account(s, created);
    if (state_create_collides(s, created)) return (struct evmc_result){.status_code = EVMC_FAILURE};
    struct state_checkpoint before = state_checkpoint(s);
    state_mark_created(s, created);
    if (h->fork->clear_empty)
        state_set_nonce(s, created, 1);
    else
        state_touch(s, created);
    move_value(h, sender, created, m);
    struct evmc_message inner = *m;
    inner.recipient = host_address(created);
    inner.input_data = NULL;
    inner.input_size = 0;
    struct evmc_result r = h->vm->execute(h->vm, &interface, c, h->revision, &inner, initcode.data, initcode.size);
    if (r.status_code == EVMC_SUCCESS) r.status_code = deposit(h, created, &r);
    if (r.status_code == EVMC_SUCCESS) {
        r.create_address = inner.recipient;
        return r;
    }
    state_revert(s, before);
    if (r.status_code != EVMC_REVERT) r.gas_left = r.gas_refund = 0;
    return r;
}

struct evmc_result host_run(struct host *h, const struct evmc_message *m)
{
    return m->kind == EVMC_CREATE || m->kind == EVMC_CREATE2 ? run_create(h, m) : run_call(h, m);
}

static struct evmc_result call(struct evmc_host_context *c, const struct evmc_message *m)
{
    return host_run(host_of(c), m);
}

bool host_revision(const struct fork *fork, enum evmc_revision *out)
{
    static const struct {
        const struct fork *fork;
        enum evmc_revision revision;
    } all[] = {{&fork_frontier, EVMC_FRONTIER},
               {&fork_homestead, EVMC_HOMESTEAD},
               {&fork_tangerine_whistle, EVMC_TANGERINE_WHISTLE},
               {&fork_spurious_dragon, EVMC_SPURIOUS_DRAGON},
               {&fork_byzantium, EVMC_BYZANTIUM},
               {&fork_constantinople, EVMC_CONSTANTINOPLE},
               {&fork_petersburg, EVMC_PETERSBURG},
               {&fork_istanbul, EVMC_ISTANBUL},
               {&fork_berlin, EVMC_BERLIN},
               {&fork_london, EVMC_LONDON},
               {&fork_paris, EVMC_PARIS},
               {&fork_shanghai, EVMC_SHANGHAI},
               {&fork_cancun, EVMC_CANCUN},
               {&fork_prague, EVMC_PRAGUE},
               {&fork_osaka, EVMC_OSAKA}};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i].fork == fork) {
            *out = all[i].revision;
            return true;
        }
    return false;
}
