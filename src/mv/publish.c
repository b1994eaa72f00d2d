/* From a transaction's records to versions that others can read. */
#include "mv/private.h"

/* Marks of what is read but not written are rounded up to the last of so many transactions: a location that everybody
 * reads is marked once in a while, not by everybody, and its cache line stays shared. */
enum { MARK_ROUNDED = 32 };

/* A version of a balance with so many uncommitted ones below it asks for being committed. */
enum { DELTAS_MAX = 16 };

static uint32_t deltas_below(const struct version *older)
{
    uint32_t kind;
    while ((kind = atomic_load_explicit(&older->kind, memory_order_relaxed)) == VERSION_DEAD)
        older = atomic_load_explicit(&older->next, memory_order_acquire);
    return kind == VERSION_DELTA ? older->depth + 1 : 0;
}

/* Hangs `v` into the chain, newest transaction first; before an older version of the same transaction. Versions are
 * never taken out, so a failed exchange just means that somebody else came in between: look again from the same
 * link. */
static void insert(struct location *l, struct version *v)
{
    _Atomic(struct version *) *link = &l->top;
    struct version *older = atomic_load_explicit(link, memory_order_acquire);
    for (;;) {
        while (older->tx > v->tx) {
            link = &older->next;
            older = atomic_load_explicit(link, memory_order_acquire);
        }
        atomic_store_explicit(&v->next, older, memory_order_relaxed);
        v->depth = deltas_below(older);
        /* Release: whoever finds v sees its fields; pairs with the acquire in location_find. */
        if (atomic_compare_exchange_weak_explicit(link, &older, v, memory_order_release, memory_order_acquire)) return;
    }
}

static void version_init(struct version *v, uint32_t tx, struct u256 value, uint32_t generation, enum version_kind kind)
{
    atomic_init(&v->next, NULL);
    atomic_init(&v->kind, kind);
    v->tx = tx;
    v->generation = generation;
    v->depth = 0;
    v->skip = NULL;
    v->value = value;
}

bool mv_write_one(struct location *l, uint32_t tx, struct u256 value, struct arena *arena)
{
    struct version *v = ARENA_NEW(arena, struct version);
    version_init(v, tx, value, 0, VERSION_VALUE);
    insert(l, v);
    atomic_thread_fence(memory_order_seq_cst);
    return mark_of(&l->read_by) > tx;
}

static struct mv_write *add_write(struct mv_execution *e, struct version *v)
{
    struct mv_write *w = &e->writes[e->write_count++];
    *w = (struct mv_write){.version = v};
    return w;
}

static void write_value(struct mv_execution *e, struct arena *arena, struct account_entry *account,
                        struct slot_entry *slot, struct location *l, struct u256 value, uint32_t generation)
{
    struct version *v = ARENA_NEW(arena, struct version);
    version_init(v, e->tx, value, generation, VERSION_VALUE);
    struct mv_write *w = add_write(e, v);
    w->account = account;
    w->slot = slot;
    w->is_nonce = account != NULL && l == &account->nonce;
    insert(l, v);
}

static struct version *write_balance(struct mv_execution *e, struct arena *arena, struct account *a, bool at_head)
{
    struct location *l = &a->entry->balance;
    struct balance_version *b = ARENA_NEW(arena, struct balance_version);
    version_init(&b->v, e->tx, a->balance_delta, 0, at_head ? VERSION_TOTAL : VERSION_DELTA);
    if (at_head) b->total = u256_add(location_balance(l, e->tx), a->balance_delta);
    struct mv_write *w = add_write(e, &b->v);
    w->account = a->entry;
    w->is_balance = true;
    insert(l, &b->v);
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

/* ---- marks ------------------------------------------------------------------------------------------------------- */

static void raise_mark(_Atomic uint32_t *mark, uint32_t tx, bool is_written)
{
    uint32_t now = mark_of(mark);
    if (now >= tx) return;
    uint32_t to = is_written ? tx : tx | (MARK_ROUNDED - 1);
    while (now < to &&
           !atomic_compare_exchange_weak_explicit(mark, &now, to, memory_order_relaxed, memory_order_relaxed))
        continue;
}

static void mark_account(const struct account *a, uint32_t tx)
{
    struct account_entry *e = a->entry;
    if (a->flags & ACCOUNT_HAS_NONCE) raise_mark(&e->nonce.read_by, tx, a->nonce != a->nonce_start);
    if (a->flags & ACCOUNT_HAS_META) raise_mark(&e->meta.read_by, tx, !meta_equal(a->meta, a->meta_start));
    if (!(a->flags & ACCOUNT_HAS_BALANCE)) return;
    bool is_written = !u256_is_zero(a->balance_delta);
    if (is_strict(a))
        raise_mark(&e->balance.read_by, tx, is_written);
    else if (!u256_is_zero(a->balance_low) || !u256_equal(a->balance_high, U256_MAX))
        raise_mark(&e->balance.least_by, tx, is_written);
}

/* Gives the version of the balance, if any. */
static struct version *publish_account(struct mv_execution *e, struct arena *arena, struct account *a, bool at_head)
{
    struct version *balance = u256_is_zero(a->balance_delta) ? NULL : write_balance(e, arena, a, at_head);
    if ((a->flags & ACCOUNT_HAS_NONCE) && a->nonce != a->nonce_start)
        write_value(e, arena, a->entry, NULL, &a->entry->nonce, U256(a->nonce), 0);
    if ((a->flags & ACCOUNT_HAS_META) && !meta_equal(a->meta, a->meta_start))
        write_value(e, arena, a->entry, NULL, &a->entry->meta, meta_pack(a->meta), 0);
    return balance;
}

static void note_account_reads(struct mv_execution *e, const struct account *a, const struct version *own_balance)
{
    if (a->flags & ACCOUNT_NONCE_ASSUMED) {
        e->sender = a->entry;
        e->sender_nonce = a->nonce_start;
    } else if (a->flags & ACCOUNT_HAS_NONCE) {
        e->reads[e->read_count++] = (struct mv_read){&a->entry->nonce, a->nonce_seen, MV_NONCE};
    }
    if (a->flags & ACCOUNT_HAS_META)
        e->reads[e->read_count++] = (struct mv_read){&a->entry->meta, a->meta_seen, MV_META};
    bool exact = (a->flags & ACCOUNT_BALANCE_SEEN) != 0;
    if (!exact && u256_is_zero(a->balance_low) && u256_equal(a->balance_high, U256_MAX)) return;
    e->balance_reads[e->balance_read_count++] = (struct mv_balance_read){
        .account = a->entry,
        .own = own_balance,
        .exact = exact,
        .strict = exact || is_strict(a),
        .low = exact ? a->balance_start : a->balance_low,
        .high = exact ? a->balance_start : a->balance_high};
}

/* Whether the slot is to be written: changed, and not of an account that is gone. */
static bool is_written(const struct slot *slot)
{
    return slot->entry != NULL && !u256_equal(slot->current, slot->original) &&
           !(slot->account->flags & ACCOUNT_DESTRUCTED);
}

static void publish_slot(struct mv_execution *e, struct arena *arena, const struct slot *slot)
{
    if (is_written(slot))
        write_value(e, arena, NULL, slot->entry, &slot->entry->location, slot->current, slot->account->meta.generation);
}

static void publish_all(struct mv_execution *e, struct state *s, struct arena *arena)
{
    uint32_t written_slots = 0;
    for (uint32_t i = 0; i < s->slot_count; i++) written_slots += is_written(s->slots[i]);
    e->writes = ARENA_ARRAY(arena, struct mv_write, 3 * s->account_count + written_slots);
    if (s->speculative) {
        e->reads = ARENA_ARRAY(arena, struct mv_read, 2 * s->account_count + s->slot_count);
        e->balance_reads = ARENA_ARRAY(arena, struct mv_balance_read, s->account_count);
    }
    for (uint32_t i = 0; i < s->account_count; i++) {
        struct account *a = s->accounts[i];
        const struct version *balance = publish_account(e, arena, a, !s->speculative);
        if (!s->speculative) continue;
        mark_account(a, s->tx);
        note_account_reads(e, a, balance);
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = s->slots[i];
        if (slot->entry == NULL) continue;
        publish_slot(e, arena, slot);
        if (!s->speculative) continue;
        raise_mark(&slot->entry->location.read_by, s->tx, !u256_equal(slot->current, slot->original));
        e->reads[e->read_count++] = (struct mv_read){&slot->entry->location, slot->seen, MV_SLOT};
    }
}

struct mv_execution *mv_publish(struct state *s, struct mv_execution *old, struct arena *arena)
{
    struct mv_execution *e = ARENA_NEW(arena, struct mv_execution);
    *e = (struct mv_execution){.tx = s->tx, .replaced = old};
    if (s->list_accesses) e->accesses = state_accesses(s, arena);
    publish_all(e, s, arena);
    if (old != NULL) mv_kill(old);
    /* Ours are there, now for the others'. */
    atomic_thread_fence(memory_order_seq_cst);
    e->disturbs = somebody_read(e) || (old != NULL && somebody_read(old));
    e->sure = s->speculative && mv_holds_yet(e, NULL);
    return e;
}
