/* From the records of a finished transaction into the table. */
#include "state/state.h"

/* How a value gets into the table: location_write or location_overwrite. */
typedef void location_writer(struct location *, struct u256, uint32_t, struct arena *);

static ALWAYS_INLINE void commit_account(struct state *s, struct account *a, location_writer *write)
{
    struct account_entry *e = a->entry;
    struct arena *arena = state_table_versions(s->table);
    bool changed = false;
    if (!u256_is_zero(a->balance_delta)) {
        struct u256 balance = u256_add(location_balance(&e->balance, UINT32_MAX), a->balance_delta);
        write(&e->balance, balance, 0, arena);
        changed = true;
    }
    if ((a->flags & ACCOUNT_HAS_NONCE) && a->nonce != a->nonce_start) {
        write(&e->nonce, U256(a->nonce), 0, arena);
        changed = true;
    }
    if ((a->flags & ACCOUNT_HAS_META) && !meta_equal(a->meta, a->meta_start)) {
        write(&e->meta, meta_pack(a->meta), 0, arena);
        changed = true;
    }
    if (changed) state_table_account_changed(s->table, e);
}

static ALWAYS_INLINE void commit(struct state *s, location_writer *write)
{
    for (uint32_t i = 0; i < s->account_count; i++) commit_account(s, s->accounts[i], write);
    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct slot *slot = s->slots[i];
        if (u256_equal(slot->current, slot->original) || (slot->account->flags & ACCOUNT_DESTRUCTED)) continue;
        write(&slot->entry->location, slot->current, slot->account->meta.generation, state_table_versions(s->table));
        state_table_slot_changed(s->table, slot->entry);
    }
}

void state_commit(struct state *s)
{
    commit(s, location_write);
}

void state_commit_over(struct state *s)
{
    commit(s, location_overwrite);
}

void state_bring_into_existence(struct state *s, struct account_entry *e)
{
    struct meta meta = meta_unpack(&location_find(&e->meta, UINT32_MAX)->value);
    if (s->clear_empty || meta.exists) return;
    meta.exists = true;
    location_write(&e->meta, meta_pack(meta), 0, state_table_versions(s->table));
    state_table_account_changed(s->table, e);
}
