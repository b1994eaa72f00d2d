#include "state/memory.h"

#include <stdlib.h>

#include "base/hash.h"
#include "state/memory_index.h"

struct state_memory *state_memory_new(void)
{
    struct state_memory *m = base_calloc(1, sizeof *m);
    index_init(&m->account_index, MEMORY_CELLS_START);
    index_init(&m->slot_index, MEMORY_CELLS_START);
    return m;
}

void state_memory_free(struct state_memory *m)
{
    if (m == NULL) return;
    free(m->accounts);
    free(m->slots);
    free(m->account_index.cells);
    free(m->slot_index.cells);
    free(m->block_hashes);
    free(m->block_numbers);
    arena_free(&m->codes);
    free(m);
}

/* ---- indexes ------------------------------------------------------------------------------------------------- */

static uint32_t find_account(const struct state_memory *m, const struct address *a)
{
    const struct memory_index *x = &m->account_index;
    for (size_t i = hash_of_address(a) & x->mask; x->cells[i] != 0; i = (i + 1) & x->mask)
        if (address_equal(&m->accounts[x->cells[i] - 1].address, a)) return x->cells[i];
    return 0;
}

static uint32_t find_slot(const struct state_memory *m, uint32_t account, const struct u256 *key)
{
    const struct memory_index *x = &m->slot_index;
    for (size_t i = hash_words(account, key->w) & x->mask; x->cells[i] != 0; i = (i + 1) & x->mask) {
        const struct memory_slot *s = &m->slots[x->cells[i] - 1];
        if (s->account == account && u256_equal(s->key, *key)) return x->cells[i];
    }
    return 0;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static uint32_t add_account(struct state_memory *m, const struct address *a)
{
    if (m->account_count == m->account_capacity) {
        m->account_capacity = m->account_capacity == 0 ? 32 : m->account_capacity * 2;
        m->accounts = base_realloc(m->accounts, m->account_capacity * sizeof *m->accounts);
    }
    m->accounts[m->account_count++] = (struct memory_account){.address = *a, .code_hash = code_empty.hash};
    if (index_grows(&m->account_index, m->account_count))
        for (uint32_t i = 0; i + 1 < m->account_count; i++)
            index_place(&m->account_index, hash_of_address(&m->accounts[i].address), i + 1);
    index_place(&m->account_index, hash_of_address(a), m->account_count);
    return m->account_count;
}

static uint32_t add_slot(struct state_memory *m, uint32_t account, const struct u256 *key)
{
    if (m->slot_count == m->slot_capacity) {
        m->slot_capacity = m->slot_capacity == 0 ? 64 : m->slot_capacity * 2;
        m->slots = base_realloc(m->slots, m->slot_capacity * sizeof *m->slots);
    }
    struct memory_account *a = &m->accounts[account - 1];
    m->slots[m->slot_count++] = (struct memory_slot){.account = account, .next = a->first_slot, .key = *key};
    a->first_slot = m->slot_count;
    if (index_grows(&m->slot_index, m->slot_count))
        for (uint32_t i = 0; i + 1 < m->slot_count; i++)
            index_place(&m->slot_index, hash_words(m->slots[i].account, m->slots[i].key.w), i + 1);
    index_place(&m->slot_index, hash_words(account, key->w), m->slot_count);
    return m->slot_count;
}

struct memory_account *state_memory_account(struct state_memory *m, const struct address *a)
{
    uint32_t id = find_account(m, a);
    if (id == 0) id = add_account(m, a);
    m->accounts[id - 1].exists = true;
    return &m->accounts[id - 1];
}

const struct memory_account *state_memory_find(const struct state_memory *m, const struct address *a)
{
    uint32_t id = find_account(m, a);
    return id == 0 || !m->accounts[id - 1].exists ? NULL : &m->accounts[id - 1];
}

void state_memory_set_code(struct state_memory *m, struct memory_account *a, const struct hash *hash, struct bytes code)
{
    a->code_hash = *hash;
    a->code = (struct bytes){code.size == 0 ? NULL : arena_copy(&m->codes, code.data, code.size), code.size};
}

static void write_slot(struct state_memory *m, uint32_t account, const struct u256 *key, const struct u256 *value)
{
    uint32_t id = find_slot(m, account, key);
    if (id == 0) {
        if (u256_is_zero(*value)) return;
        id = add_slot(m, account, key);
    }
    struct memory_slot *s = &m->slots[id - 1];
    struct memory_account *a = &m->accounts[account - 1];
    a->live_slots -= !u256_is_zero(s->value);
    a->live_slots += !u256_is_zero(*value);
    s->value = *value;
}

void state_memory_set_slot(struct state_memory *m, const struct address *a, const struct u256 *key,
                           const struct u256 *value)
{
    state_memory_account(m, a);
    write_slot(m, find_account(m, a), key, value);
}

struct u256 state_memory_slot(const struct state_memory *m, const struct address *a, const struct u256 *key)
{
    uint32_t account = find_account(m, a);
    uint32_t id = account == 0 ? 0 : find_slot(m, account, key);
    return id == 0 ? U256_ZERO : m->slots[id - 1].value;
}

void state_memory_wipe(struct state_memory *m, struct memory_account *a)
{
    for (uint32_t id = a->first_slot; id != 0; id = m->slots[id - 1].next) m->slots[id - 1].value = U256_ZERO;
    a->live_slots = 0;
}

void state_memory_apply(struct state_memory *m, const struct state_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct account_change *change = &diff->accounts[i];
        struct memory_account *a = state_memory_account(m, &change->address);
        if (change->storage_wiped || !change->exists) state_memory_wipe(m, a);
        if (!change->exists) {
            *a = (struct memory_account){
                .address = change->address, .code_hash = code_empty.hash, .first_slot = a->first_slot};
            continue;
        }
        a->nonce = change->nonce;
        a->balance = change->balance;
        if (change->code_changed)
            state_memory_set_code(m, a, &change->code_hash, (struct bytes){change->code->bytes, change->code->size});
        uint32_t id = find_account(m, &change->address);
        for (size_t k = 0; k < change->slot_count; k++)
            write_slot(m, id, &change->slots[k].key, &change->slots[k].value);
    }
}

void state_memory_set_block_hash(struct state_memory *m, uint64_t number, const struct hash *hash)
{
    if (m->hash_count == m->hash_capacity) {
        m->hash_capacity = m->hash_capacity == 0 ? 16 : m->hash_capacity * 2;
        m->block_hashes = base_realloc(m->block_hashes, m->hash_capacity * sizeof *m->block_hashes);
        m->block_numbers = base_realloc(m->block_numbers, m->hash_capacity * sizeof *m->block_numbers);
    }
    m->block_hashes[m->hash_count] = *hash;
    m->block_numbers[m->hash_count++] = number;
}

struct state_memory *state_memory_copy(const struct state_memory *m)
{
    struct state_memory *copy = state_memory_new();
    for (uint32_t i = 0; i < m->account_count; i++) {
        const struct memory_account *from = &m->accounts[i];
        if (!from->exists) continue;
        struct memory_account *to = state_memory_account(copy, &from->address);
        to->nonce = from->nonce;
        to->balance = from->balance;
        state_memory_set_code(copy, to, &from->code_hash, from->code);
        for (uint32_t id = from->first_slot; id != 0; id = m->slots[id - 1].next)
            state_memory_set_slot(copy, &from->address, &m->slots[id - 1].key, &m->slots[id - 1].value);
    }
    for (size_t i = 0; i < m->hash_count; i++)
        state_memory_set_block_hash(copy, m->block_numbers[i], &m->block_hashes[i]);
    return copy;
}

/* ---- as a view ------------------------------------------------------------------------------------------------ */

static enum status view_account(void *context, const struct address *address, struct account_data *out)
{
    const struct state_memory *m = context;
    const struct memory_account *a = state_memory_find(m, address);
    *out = (struct account_data){0};
    if (a != NULL)
        *out = (struct account_data){.exists = true,
                                     .has_storage = a->live_slots != 0,
                                     .nonce = a->nonce,
                                     .balance = a->balance,
                                     .code_hash = a->code_hash};
    return STATUS_OK;
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    *out = state_memory_slot(context, a, key);
    return STATUS_OK;
}

static enum status view_code(void *context, const struct address *address, const struct hash *hash, struct bytes *out)
{
    const struct memory_account *a = state_memory_find(context, address);
    if (a == NULL || !hash_equal(&a->code_hash, hash)) return STATE_MISSING;
    *out = a->code;
    return STATUS_OK;
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct state_memory *m = context;
    for (size_t i = 0; i < m->hash_count; i++)
        if (m->block_numbers[i] == number) {
            *out = m->block_hashes[i];
            return STATUS_OK;
        }
    atomic_store_explicit(&m->missing_hash, number + 1, memory_order_relaxed); /* for a message, after the workers */
    return STATE_MISSING;
}

struct state_view state_memory_view(struct state_memory *m)
{
    return (struct state_view){m, view_account, view_storage, view_code, view_block_hash};
}
