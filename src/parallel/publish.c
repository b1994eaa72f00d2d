/* From a transaction's records to versions that others can read. */
#include "parallel/private.h"

/* Marks of what is read but not written are rounded up to the last of so many transactions: a location that everybody
 * reads is marked once in a while, not by everybody, and its cache line stays shared. */
enum { READER_ROUNDED = 32 };

/* A version of a balance with so many uncommitted ones below it asks for being committed. */
enum { DELTAS_MAX = 16 };

void execution_write_one(struct location *l, uint32_t tx, struct u256 value, struct arena *arena)
{
    struct version *v = ARENA_NEW(arena, struct version);
    version_init(v, VERSION_VALUE, tx, 0, value);
    version_insert(l, v);
}

static struct published_write *add_write(struct execution *e, struct version *v)
{
    struct published_write *w = &e->writes[e->write_count++];
    *w = (struct published_write){.version = v};
    return w;
}

static void write_value(struct execution *e, struct arena *arena, struct account_entry *account,
                        struct slot_entry *slot, struct location *l, struct u256 value, uint32_t generation)
{
    struct version *v = ARENA_NEW(arena, struct version);
    version_init(v, VERSION_VALUE, e->tx, generation, value);
    struct published_write *w = add_write(e, v);
    w->account = account;
    w->slot = slot;
    w->is_nonce = account != NULL && l == &account->nonce;
    version_insert(l, v);
}

static struct version *write_balance(struct execution *e, struct arena *arena, struct account *a, bool at_commit_point)
{
    struct location *l = &a->entry->balance;
    struct balance_version *b = ARENA_NEW(arena, struct balance_version);
    version_init(&b->v, at_commit_point ? VERSION_TOTAL : VERSION_DELTA, e->tx, 0, a->balance_delta);
    if (at_commit_point) b->total = u256_add(location_balance(l, e->tx), a->balance_delta);
    struct published_write *w = add_write(e, &b->v);
    w->account = a->entry;
    w->is_balance = true;
    version_insert(l, &b->v);
    e->is_deep = e->is_deep || b->v.depth >= DELTAS_MAX;
    return &b->v;
}

/* Whether any change of a balance matters to who has asked about it so. A balance below 2^192 stays below 2^253 when
 * fewer than 2^32 transactions add less than 2^128 each. So who has only asked such a balance whether it is at least
 * so much, and was told yes, is not disturbed by such a credit. */
static bool is_strict(const struct account *a)
{
    static const struct u256 no_bound = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 3}};
    return (a->flags & ACCOUNT_BALANCE_SEEN) || a->balance_start.w[3] != 0 || u256_less(a->balance_high, no_bound);
}

/* ---- readers ------------------------------------------------------------------------------------------------------- */

static void note_reader(_Atomic uint32_t *reader, uint32_t tx, bool is_written)
{
    uint32_t now = reader_of(reader);
    if (now >= tx) return;
    uint32_t to = is_written ? tx : tx | (READER_ROUNDED - 1);
    while (now < to &&
           !atomic_compare_exchange_weak_explicit(reader, &now, to, memory_order_relaxed, memory_order_relaxed))
        continue;
}

static void note_account_readers(const struct account *a, uint32_t tx)
{
    struct account_entry *e = a->entry;
    if (a->flags & ACCOUNT_HAS_NONCE) note_reader(&e->nonce.read_by, tx, a->nonce != a->nonce_start);
    if (a->flags & ACCOUNT_HAS_META) note_reader(&e->meta.read_by, tx, !meta_equal(a->meta, a->meta_start));
    if (!(a->flags & ACCOUNT_HAS_BALANCE)) return;
    bool is_written = !u256_is_zero(a->balance_delta);
    if (is_strict(a))
        note_reader(&e->balance.read_by, tx, is_written);
    else if (!u256_is_zero(a->balance_low) || !u256_equal(a->balance_high, U256_MAX))
        note_reader(&e->balance.least_by, tx, is_written);
}

/* Gives the version of the balance, if any. */
static struct version *publish_account(struct execution *e, struct arena *arena, struct account *a,
                                       bool at_commit_point)
{
    struct version *balance = u256_is_zero(a->balance_delta) ? NULL : write_balance(e, arena, a, at_commit_point);
    if ((a->flags & ACCOUNT_HAS_NONCE) && a->nonce != a->nonce_start)
        write_value(e, arena, a->entry, NULL, &a->entry->nonce, U256(a->nonce), 0);
    if ((a->flags & ACCOUNT_HAS_META) && !meta_equal(a->meta, a->meta_start))
        write_value(e, arena, a->entry, NULL, &a->entry->meta, meta_pack(a->meta), 0);
    return balance;
}

static void note_account_reads(struct execution *e, const struct account *a, const struct version *own_balance)
{
    if (a->flags & ACCOUNT_NONCE_ASSUMED) {
        e->sender = a->entry;
        e->sender_nonce = a->nonce_start;
    } else if (a->flags & ACCOUNT_HAS_NONCE) {
        e->reads[e->read_count++] = (struct value_read){&a->entry->nonce, a->nonce_seen, READ_NONCE};
    }
    if (a->flags & ACCOUNT_HAS_META)
        e->reads[e->read_count++] = (struct value_read){&a->entry->meta, a->meta_seen, READ_META};
    bool exact = (a->flags & ACCOUNT_BALANCE_SEEN) != 0;
    if (!exact && u256_is_zero(a->balance_low) && u256_equal(a->balance_high, U256_MAX)) return;
    e->balance_reads[e->balance_read_count++] = (struct balance_read){.account = a->entry,
                                                                      .own = own_balance,
                                                                      .exact = exact,
                                                                      .strict = exact || is_strict(a),
                                                                      .low = exact ? a->balance_start : a->balance_low,
                                                                      .high = exact ? a->balance_start
                                                                                    : a->balance_high};
}

/* Whether the slot is to be written: changed, and not of an account that is gone. */
static bool is_written(const struct slot *slot)
{
    return slot->entry != NULL && !u256_equal(slot->current, slot->original) &&
           !(slot->account->flags & ACCOUNT_DESTRUCTED);
}

static void publish_slot(struct execution *e, struct arena *arena, const struct slot *slot)
{
    if (is_written(slot))
        write_value(e, arena, NULL, slot->entry, &slot->entry->location, slot->current, slot->account->meta.generation);
}

static void publish_all(struct execution *e, struct state *s, struct arena *arena)
{
    uint32_t written_slots = 0;
    for (uint32_t i = 0; i < s->slot_count; i++) written_slots += is_written(s->slots[i]);
    e->writes = ARENA_ARRAY(arena, struct published_write, 3 * s->account_count + written_slots);
    if (s->speculative) {
        e->reads = ARENA_ARRAY(arena, struct value_read, 2 * s->account_count + s->slot_count);
        e->balance_reads = ARENA_ARRAY(arena, struct balance_read, s->account_count);
    }
    for (uint32_t i = 0; i < s->account_count; i++) {
        struct account *a = s->accounts[i];
        const struct version *balance = publish_account(e, arena, a, !s->speculative);
        if (!s->speculative) continue;
        note_account_readers(a, s->tx);
        note_account_reads(e, a, balance);
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = s->slots[i];
        if (slot->entry == NULL) continue;
        publish_slot(e, arena, slot);
        if (!s->speculative) continue;
        note_reader(&slot->entry->location.read_by, s->tx, !u256_equal(slot->current, slot->original));
        e->reads[e->read_count++] = (struct value_read){&slot->entry->location, slot->seen, READ_SLOT};
    }
}

struct execution *execution_publish(struct state *s, struct execution *old, struct arena *arena)
{
    struct execution *e = ARENA_NEW(arena, struct execution);
    *e = (struct execution){.tx = s->tx, .replaced = old};
    if (s->list_accesses) e->accesses = state_accesses(s, arena);
    publish_all(e, s, arena);
    if (old != NULL) execution_kill(old);
    /* Ours are there, now for the others'. */
    atomic_thread_fence(memory_order_seq_cst);
    e->invalidates = has_readers_behind(e) || (old != NULL && has_readers_behind(old));
    e->validated = s->speculative && execution_still_valid(e, NULL);
    return e;
}
