/* What a block changed: the table's newest values beside those of the view. */
#include <stdlib.h>

#include "state/state.h"

/* A changed slot on its way to its account. */
struct found_slot {
    const struct account_entry *account;
    struct slot_change change;
};

static int compare_accounts(const void *a, const void *b)
{
    const struct account_change *x = a, *y = b;
    return memcmp(x->address.b, y->address.b, sizeof x->address.b);
}

static int compare_slots(const void *a, const void *b)
{
    const struct found_slot *x = a, *y = b;
    int order = memcmp(x->account->address.b, y->account->address.b, sizeof x->account->address.b);
    return order != 0 ? order : u256_compare(x->change.key, y->change.key);
}

static struct account_entry *next_account(const struct account_entry *e)
{
    return atomic_load_explicit(&e->next_changed, memory_order_relaxed);
}

static struct slot_entry *next_slot(const struct slot_entry *e)
{
    return atomic_load_explicit(&e->next_changed, memory_order_relaxed);
}

static struct meta meta_at(const struct account_entry *e, uint32_t tx)
{
    return meta_unpack(&location_find(&e->meta, tx)->value);
}

/* Fills in the account as it is now; false when it is as it was and has no changed slots. */
static bool describe_account(const struct account_entry *e, uint32_t tx, bool clear_empty, struct account_change *out)
{
    struct meta meta = meta_at(e, tx), before = meta_unpack(&e->parent_meta.value);
    *out = (struct account_change){.address = e->address};
    out->nonce = location_find(&e->nonce, tx)->value.w[0];
    out->balance = location_balance(&e->balance, tx);
    out->code_hash = meta.code != NULL ? meta.code->hash : e->code_hash;
    out->code_changed = !hash_equal(&out->code_hash, &e->code_hash);
    out->code = out->code_changed ? meta.code : NULL;
    out->storage_wiped = meta.generation != 0 && e->has_storage;
    bool same = out->nonce == e->parent_nonce.value.w[0] && u256_equal(out->balance, e->parent_balance.value) &&
                !out->code_changed && !out->storage_wiped;
    bool empty = out->nonce == 0 && u256_is_zero(out->balance) && hash_equal(&out->code_hash, &code_empty.hash);
    if (!clear_empty)
        out->exists = meta.exists;
    else
        out->exists = !empty || (same && meta.exists);
    return !same || out->exists != before.exists;
}

static size_t collect_slots(const struct state_table *t, uint32_t tx, struct found_slot **out)
{
    size_t count = 0;
    for (const struct slot_entry *e = state_table_changed_slots(t); e != &state_no_slot; e = next_slot(e)) count++;
    struct found_slot *found = base_alloc((count + 1) * sizeof *found);
    count = 0;
    for (const struct slot_entry *e = state_table_changed_slots(t); e != &state_no_slot; e = next_slot(e)) {
        uint32_t generation = meta_at(e->account, tx).generation;
        const struct version *v = location_find(&e->location, tx);
        struct u256 now = v->generation == generation ? v->value : U256_ZERO;
        struct u256 before = generation == 0 ? e->parent.value : U256_ZERO;
        if (!u256_equal(now, before)) found[count++] = (struct found_slot){e->account, {e->key, now}};
    }
    qsort(found, count, sizeof *found, compare_slots);
    *out = found;
    return count;
}

void state_table_diff(const struct state_table *t, uint32_t tx, bool clear_empty, struct arena *arena,
                      struct state_diff *out)
{
    struct found_slot *slots;
    size_t slot_count = collect_slots(t, tx, &slots);
    size_t most = slot_count;
    for (const struct account_entry *e = state_table_changed_accounts(t); e != &state_no_account; e = next_account(e))
        most++;
    struct account_change *changes = ARENA_ARRAY(arena, struct account_change, most + 1);
    size_t count = 0;
    for (const struct account_entry *e = state_table_changed_accounts(t); e != &state_no_account; e = next_account(e))
        if (describe_account(e, tx, clear_empty, &changes[count])) count++;
    /* Accounts of which only storage changed are not among the changed accounts. */
    for (size_t i = 0; i < slot_count; i++) {
        const struct account_entry *e = slots[i].account;
        bool first = i == 0 || slots[i - 1].account != e;
        struct account_change change;
        if (first && !describe_account(e, tx, clear_empty, &change)) changes[count++] = change;
    }
    qsort(changes, count, sizeof *changes, compare_accounts);
    struct slot_change *all = ARENA_ARRAY(arena, struct slot_change, slot_count + 1);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        changes[i].slots = all + at;
        while (at < slot_count && address_equal(&slots[at].account->address, &changes[i].address)) {
            all[at] = slots[at].change;
            at++;
            changes[i].slot_count++;
        }
    }
    ASSERT(at == slot_count);
    free(slots);
    *out = (struct state_diff){changes, count};
}

static bool change_equal(const struct account_change *a, const struct account_change *b)
{
    if (!address_equal(&a->address, &b->address) || a->exists != b->exists || a->storage_wiped != b->storage_wiped ||
        a->nonce != b->nonce || !u256_equal(a->balance, b->balance) || !hash_equal(&a->code_hash, &b->code_hash) ||
        a->slot_count != b->slot_count)
        return false;
    for (size_t i = 0; i < a->slot_count; i++)
        if (!u256_equal(a->slots[i].key, b->slots[i].key) || !u256_equal(a->slots[i].value, b->slots[i].value))
            return false;
    return true;
}

bool state_diff_equal(const struct state_diff *a, const struct state_diff *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!change_equal(&a->accounts[i], &b->accounts[i])) return false;
    return true;
}
