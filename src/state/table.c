/* The block's table: every account and slot that is touched, loaded once from the view. */
#include <stdlib.h>

#include "base/hash.h"
#include "state/intern.h"
#include "state/private.h"
#include "state/state.h"

struct state_table {
    struct intern accounts, slots;
    const struct state_view *view;
    struct code_cache *codes;
    struct state_changes changes;
    struct arena versions; /* of in-place writes */
};

/* List ends. A NULL link means that an entry is on no list of changes. */
struct account_entry state_no_account;
struct slot_entry state_no_slot;

struct state_table *state_table_new(const struct state_view *view, struct code_cache *codes)
{
    struct state_table *t = base_alloc_aligned(_Alignof(struct state_table), sizeof *t);
    memset(t, 0, sizeof *t);
    intern_init(&t->accounts);
    intern_init(&t->slots);
    t->view = view;
    t->codes = codes;
    state_changes_begin(&t->changes);
    return t;
}

void state_table_reset(struct state_table *t, const struct state_view *view)
{
    intern_reset(&t->accounts);
    intern_reset(&t->slots);
    arena_reset(&t->versions);
    t->view = view;
    state_changes_begin(&t->changes);
}

void state_table_free(struct state_table *t)
{
    if (t == NULL) return;
    intern_free(&t->accounts);
    intern_free(&t->slots);
    arena_free(&t->versions);
    free(t);
}

struct code_cache *state_table_codes(struct state_table *t)
{
    return t->codes;
}

struct arena *state_table_versions(struct state_table *t)
{
    return &t->versions;
}

const struct state_view *state_table_view(const struct state_table *t)
{
    return t->view;
}

/* ---- look-up ------------------------------------------------------------------------------------------------- */

static uint64_t hash_of_account(const void *entry)
{
    return ((const struct account_entry *)entry)->hash;
}

static uint64_t hash_of_slot(const void *entry)
{
    return ((const struct slot_entry *)entry)->hash;
}

static bool account_has_address(const void *entry, const void *address)
{
    return address_equal(&((const struct account_entry *)entry)->address, address);
}

struct slot_name {
    const struct account_entry *account;
    const struct u256 *key;
};

static bool slot_has_name(const void *entry, const void *name)
{
    const struct slot_entry *slot = entry;
    const struct slot_name *n = name;
    return slot->account == n->account && u256_equal(slot->key, *n->key);
}

void state_account_entry_init(struct account_entry *e, const struct address *a, uint64_t hash,
                              const struct account_data *data)
{
    *e = (struct account_entry){.address = *a, .hash = hash, .has_storage = data->has_storage};
    e->code_hash = data->exists ? data->code_hash : code_empty.hash;
    bool no_code = hash_equal(&e->code_hash, &code_empty.hash);
    struct meta meta = {.code = no_code ? &code_empty : NULL, .generation = 0, .exists = data->exists};
    location_init(&e->balance, &e->parent_balance, data->balance);
    location_init(&e->nonce, &e->parent_nonce, U256(data->nonce));
    location_init(&e->meta, &e->parent_meta, meta_pack(meta));
}

void state_slot_entry_init(struct slot_entry *e, struct account_entry *a, const struct u256 *key, uint64_t hash,
                           struct u256 value)
{
    *e = (struct slot_entry){.account = a, .key = *key, .hash = hash};
    location_init(&e->location, &e->parent, value);
}

struct account_entry *state_table_account_hashed(struct state_table *t, const struct address *a, uint64_t hash,
                                                 enum status *why)
{
    struct account_entry *e = intern_find(&t->accounts, hash, account_has_address, a);
    if (LIKELY(e != NULL)) return e;
    /* Loaded before the lock is taken: two workers may load the same account, both get the same answer. */
    struct account_data data = {0};
    enum status status = t->view->account(t->view->context, a, &data);
    if (UNLIKELY(status != STATUS_OK)) {
        *why = status;
        return NULL;
    }
    struct intern_shard *shard = intern_lock(&t->accounts, hash);
    e = intern_find(&t->accounts, hash, account_has_address, a);
    if (e == NULL) {
        e = ARENA_NEW(&shard->arena, struct account_entry);
        state_account_entry_init(e, a, hash, &data);
        intern_insert(shard, hash, hash_of_account, e);
    }
    intern_unlock(shard);
    return e;
}

struct account_entry *state_table_account(struct state_table *t, const struct address *a, enum status *why)
{
    return state_table_account_hashed(t, a, hash_of_address(a), why);
}

struct slot_entry *state_table_slot_hashed(struct state_table *t, struct account_entry *a, const struct u256 *key,
                                           uint64_t hash, enum status *why)
{
    struct slot_name name = {a, key};
    struct slot_entry *e = intern_find(&t->slots, hash, slot_has_name, &name);
    if (LIKELY(e != NULL)) return e;
    struct u256 value = U256_ZERO;
    if (a->has_storage) {
        enum status status = t->view->storage(t->view->context, &a->address, key, &value);
        if (UNLIKELY(status != STATUS_OK)) {
            *why = status;
            return NULL;
        }
    }
    struct intern_shard *shard = intern_lock(&t->slots, hash);
    e = intern_find(&t->slots, hash, slot_has_name, &name);
    if (e == NULL) {
        e = ARENA_NEW(&shard->arena, struct slot_entry);
        state_slot_entry_init(e, a, key, hash, value);
        intern_insert(shard, hash, hash_of_slot, e);
    }
    intern_unlock(shard);
    return e;
}

struct slot_entry *state_table_slot(struct state_table *t, struct account_entry *a, const struct u256 *key,
                                    enum status *why)
{
    return state_table_slot_hashed(t, a, key, hash_words(a->hash, key->w), why);
}

const struct code *state_table_parent_code(struct state_table *t, struct account_entry *e, enum status *why)
{
    const struct code *code = atomic_load_explicit(&e->parent_code, memory_order_acquire);
    if (LIKELY(code != NULL)) return code;
    code = code_cache_find(t->codes, &e->code_hash);
    if (code == NULL) {
        struct bytes bytes = {0};
        enum status status = t->view->code(t->view->context, &e->address, &e->code_hash, &bytes);
        if (UNLIKELY(status != STATUS_OK)) {
            *why = status;
            return NULL;
        }
        code = code_cache_put(t->codes, &e->code_hash, bytes);
    }
    atomic_store_explicit(&e->parent_code, code, memory_order_release);
    return code;
}

/* ---- the list of changes ------------------------------------------------------------------------------------- */

void state_changes_begin(struct state_changes *c)
{
    *c = (struct state_changes){.accounts = &state_no_account, .slots = &state_no_slot};
}

/* Relaxed: whoever goes through a list has waited for those who made it. */
void state_changes_account(struct state_changes *c, struct account_entry *e)
{
    struct account_entry *none = NULL;
    if (atomic_load_explicit(&e->next_changed, memory_order_relaxed) != NULL ||
        !atomic_compare_exchange_strong_explicit(&e->next_changed, &none, c->accounts, memory_order_relaxed,
                                                 memory_order_relaxed))
        return;
    if (c->accounts == &state_no_account) c->last_account = e;
    c->accounts = e;
}

void state_changes_slot(struct state_changes *c, struct slot_entry *e)
{
    struct slot_entry *none = NULL;
    if (atomic_load_explicit(&e->next_changed, memory_order_relaxed) != NULL ||
        !atomic_compare_exchange_strong_explicit(&e->next_changed, &none, c->slots, memory_order_relaxed,
                                                 memory_order_relaxed))
        return;
    if (c->slots == &state_no_slot) c->last_slot = e;
    c->slots = e;
}

void state_table_take_changes(struct state_table *t, struct state_changes *c)
{
    if (c->accounts != &state_no_account) {
        atomic_store_explicit(&c->last_account->next_changed, t->changes.accounts, memory_order_relaxed);
        t->changes.accounts = c->accounts;
    }
    if (c->slots != &state_no_slot) {
        atomic_store_explicit(&c->last_slot->next_changed, t->changes.slots, memory_order_relaxed);
        t->changes.slots = c->slots;
    }
    state_changes_begin(c);
}

void state_table_account_changed(struct state_table *t, struct account_entry *e)
{
    state_changes_account(&t->changes, e);
}

void state_table_slot_changed(struct state_table *t, struct slot_entry *e)
{
    state_changes_slot(&t->changes, e);
}

struct account_entry *state_table_changed_accounts(const struct state_table *t)
{
    return t->changes.accounts;
}

struct slot_entry *state_table_changed_slots(const struct state_table *t)
{
    return t->changes.slots;
}
