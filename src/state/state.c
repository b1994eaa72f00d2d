/* One transaction's records: loading, and the journal that takes changes back. */
#include "state/state.h"

#include <stdlib.h>

#include "base/hash.h"
#include "state/local.h"
#include "state/private.h"

enum journal_kind {
    UNDO_WARM_ACCOUNT,
    UNDO_WARM_SLOT,
    UNDO_FLAGS,
    UNDO_BALANCE,
    UNDO_NONCE,
    UNDO_META,
    UNDO_SLOT,
    UNDO_TRANSIENT,
};

/* A transient storage word (EIP-1153). */
struct transient {
    const struct account *account;
    struct u256 key, value;
    uint64_t hash;
};

struct state *state_new(struct state_table *table)
{
    struct state *s = base_calloc(1, sizeof *s);
    s->account_map = local_new();
    s->slot_map = local_new();
    s->transient_map = local_new();
    state_attach(s, table);
    return s;
}

void state_attach(struct state *s, struct state_table *table)
{
    s->table = table;
}

void state_free(struct state *s)
{
    if (s == NULL) return;
    local_free(s->account_map);
    local_free(s->slot_map);
    local_free(s->transient_map);
    free(s->accounts);
    free(s->slots);
    free(s->logs);
    free(s->journal);
    free(s->coded);
    arena_free(&s->records);
    free(s);
}

static const _Atomic uint8_t never_cancelled;

void state_begin(struct state *s, uint32_t tx, bool speculative)
{
    s->tx = tx;
    s->speculative = speculative;
    s->failure = STATUS_OK;
    s->cancelled = &never_cancelled;
    s->any_destructed = false;
    s->oldest_hash = UINT64_MAX;
    s->refund = 0;
    s->coded_count = s->account_count = s->slot_count = s->log_count = s->journal_count = 0;
    local_clear(s->account_map);
    local_clear(s->slot_map);
    if (s->transient_map->count != 0) local_clear(s->transient_map);
    arena_reset(&s->records);
}

/* Makes room for one more element of an array that doubles. */
#define MAKE_ROOM(array, count, capacity)                                                                              \
    do {                                                                                                               \
        if (UNLIKELY((count) == (capacity))) {                                                                         \
            (capacity) = (capacity) == 0 ? 64 : (capacity) * 2;                                                        \
            (array) = base_realloc((array), (capacity) * sizeof *(array));                                             \
        }                                                                                                              \
    } while (0)

static void journal_add(struct state *s, enum journal_kind kind, void *what, struct u256 old)
{
    MAKE_ROOM(s->journal, s->journal_count, s->journal_capacity);
    s->journal[s->journal_count++] = (struct journal_entry){.what = what, .kind = kind, .old = old};
}

void state_fail(struct state *s, enum status why)
{
    if (s->failure == STATUS_OK) s->failure = why;
}

/* ---- accounts ------------------------------------------------------------------------------------------------ */

static uint64_t hash_of_account_record(const void *record)
{
    return ((const struct account *)record)->entry->hash;
}

static bool account_record_is(const void *record, const void *address)
{
    return address_equal(&((const struct account *)record)->entry->address, address);
}

static NOINLINE struct account *account_add(struct state *s, const struct address *address, uint64_t hash)
{
    enum status why = STATUS_OK;
    struct account_entry *entry = NULL;
    if (LIKELY(!state_is_cancelled(s))) entry = state_table_account_hashed(s->table, address, hash, &why);
    if (UNLIKELY(entry == NULL)) {
        state_fail(s, why);
        entry = ARENA_NEW(&s->records, struct account_entry);
        state_account_entry_init(entry, address, hash, &(struct account_data){0});
    }
    struct account *a = ARENA_NEW(&s->records, struct account);
    *a = (struct account){.entry = entry, .balance_high = U256_MAX};
    MAKE_ROOM(s->accounts, s->account_count, s->account_capacity);
    s->accounts[s->account_count++] = a;
    local_insert(s->account_map, hash, a, hash_of_account_record);
    return a;
}

struct account *state_known_account(struct state *s, const struct address *address)
{
    return local_find(s->account_map, hash_of_address(address), account_record_is, address);
}

struct account *state_account(struct state *s, const struct address *address)
{
    uint64_t hash = hash_of_address(address);
    struct account *a = local_find(s->account_map, hash, account_record_is, address);
    return LIKELY(a != NULL) ? a : account_add(s, address, hash);
}

static void set_flag(struct state *s, struct account *a, uint32_t flag)
{
    journal_add(s, UNDO_FLAGS, a, U256(a->flags));
    a->flags |= flag;
}

bool state_warm_account(struct state *s, struct account *a)
{
    a->flags |= ACCOUNT_ACCESSED;
    if (a->flags & ACCOUNT_WARM) return false;
    journal_add(s, UNDO_WARM_ACCOUNT, a, U256_ZERO);
    a->flags |= ACCOUNT_WARM;
    return true;
}

void state_prewarm_account(struct state *s, struct account *a)
{
    (void)s;
    a->flags |= ACCOUNT_WARM;
}

/* ---- balance ------------------------------------------------------------------------------------------------- */

static void load_balance(struct state *s, struct account *a)
{
    if (a->flags & ACCOUNT_HAS_BALANCE) return;
    a->balance_start = location_balance(&a->entry->balance, s->tx);
    if (a->entry == s->beneficiary) a->balance_start = u256_add(a->balance_start, s->beneficiary_fees);
    a->flags |= ACCOUNT_HAS_BALANCE;
}

static struct u256 balance_now(const struct account *a)
{
    return u256_add(a->balance_start, a->balance_delta);
}

struct u256 state_balance(struct state *s, struct account *a)
{
    load_balance(s, a);
    a->flags |= ACCOUNT_BALANCE_SEEN;
    return balance_now(a);
}

/* Small enough that sums and differences of three such numbers cannot leave the signed range. */
static const struct u256 moderate_max = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 3}};

static bool is_moderate(const struct u256 *v)
{
    return v->w[3] >> 61 == 0;
}

/* Notes what `balance >= amount` (or its opposite) says about the balance at the start of the transaction:
 * start + delta >= amount  <=>  start >= amount - delta, in signed arithmetic. */
static void note_predicate(struct account *a, const struct u256 *amount, bool holds)
{
    struct u256 magnitude = a->balance_delta;
    bool negative = magnitude.w[3] >> 63 != 0;
    if (negative) magnitude = u256_sub(U256_ZERO, magnitude);
    bool wraps = negative && u256_less(a->balance_start, magnitude);
    if (wraps || !is_moderate(&magnitude) || !is_moderate(amount) || !is_moderate(&a->balance_start)) {
        a->flags |= ACCOUNT_BALANCE_SEEN;
        return;
    }
    /* What follows is said of balances with which start + delta is a moderate number too, and not below 0. */
    if (u256_less(moderate_max, a->balance_high)) a->balance_high = moderate_max;
    if (negative && u256_less(a->balance_low, magnitude)) a->balance_low = magnitude;
    struct u256 need = u256_sub(*amount, a->balance_delta);
    if (need.w[3] >> 63 != 0) /* negative: whatever the balance was at the start, the answer is yes */
        return;
    if (holds && u256_less(a->balance_low, need)) a->balance_low = need;
    if (!holds) { /* start <= need - 1; need is not 0, or it would hold */
        struct u256 most = u256_sub(need, U256_ONE);
        if (u256_less(most, a->balance_high)) a->balance_high = most;
    }
}

bool state_balance_at_least(struct state *s, struct account *a, const struct u256 *amount)
{
    load_balance(s, a);
    bool holds = !u256_less(balance_now(a), *amount);
    if (s->speculative && !(a->flags & ACCOUNT_BALANCE_SEEN)) note_predicate(a, amount, holds);
    return holds;
}

static void set_delta(struct state *s, struct account *a, struct u256 delta)
{
    journal_add(s, UNDO_BALANCE, a, a->balance_delta);
    a->balance_delta = delta;
}

void state_credit(struct state *s, struct account *a, const struct u256 *amount)
{
    set_delta(s, a, u256_add(a->balance_delta, *amount));
}

void state_debit(struct state *s, struct account *a, const struct u256 *amount)
{
    set_delta(s, a, u256_sub(a->balance_delta, *amount));
}

/* ---- nonce --------------------------------------------------------------------------------------------------- */

uint64_t state_nonce(struct state *s, struct account *a)
{
    if (!(a->flags & ACCOUNT_HAS_NONCE)) {
        a->nonce_seen = location_find(&a->entry->nonce, s->tx);
        a->nonce = a->nonce_start = a->nonce_seen->value.w[0];
        a->flags |= ACCOUNT_HAS_NONCE;
    }
    return a->nonce;
}

void state_set_nonce(struct state *s, struct account *a, uint64_t nonce)
{
    journal_add(s, UNDO_NONCE, a, U256(state_nonce(s, a)));
    a->nonce = nonce;
}

void state_assume_nonce(struct state *s, struct account *a, uint64_t nonce)
{
    (void)s;
    ASSERT(!(a->flags & ACCOUNT_HAS_NONCE));
    a->nonce = a->nonce_start = nonce;
    a->nonce_seen = NULL;
    a->flags |= ACCOUNT_HAS_NONCE | ACCOUNT_NONCE_ASSUMED;
}

/* ---- code, existence ------------------------------------------------------------------------------------------ */

static void load_meta(struct state *s, struct account *a)
{
    if (LIKELY(a->flags & ACCOUNT_HAS_META)) return;
    a->meta_seen = location_find(&a->entry->meta, s->tx);
    a->meta = a->meta_start = meta_unpack(&a->meta_seen->value);
    a->flags |= ACCOUNT_HAS_META;
}

static void set_meta(struct state *s, struct account *a, struct meta meta)
{
    load_meta(s, a);
    journal_add(s, UNDO_META, a, meta_pack(a->meta));
    a->meta = meta;
}

/* Whether this transaction has deployed the same code: then it is at hand, whatever the parent state has. Only accounts
 * that got a code are looked at: each of them has paid as much gas as ten that are asked for theirs. */
static bool code_made_here(const struct state *s, const struct hash *hash)
{
    for (uint32_t i = 0; i < s->coded_count; i++) {
        const struct account *a = s->coded[i];
        if (a->meta.code != NULL && a->meta.code != a->meta_start.code && hash_equal(&a->meta.code->hash, hash))
            return true;
    }
    return false;
}

const struct code *state_code(struct state *s, struct account *a)
{
    load_meta(s, a);
    if (LIKELY(a->meta.code != NULL)) return a->meta.code;
    if (s->list_accesses && !(a->flags & ACCOUNT_CODE_READ) && !code_made_here(s, &a->entry->code_hash))
        a->flags |= ACCOUNT_CODE_READ;
    enum status why = STATUS_OK;
    const struct code *code = state_is_cancelled(s) ? NULL : state_table_parent_code(s->table, a->entry, &why);
    if (UNLIKELY(code == NULL)) {
        state_fail(s, why);
        return &code_empty;
    }
    return code;
}

const struct hash *state_code_hash(struct state *s, struct account *a)
{
    load_meta(s, a);
    return a->meta.code != NULL ? &a->meta.code->hash : &a->entry->code_hash;
}

bool state_has_code(struct state *s, struct account *a)
{
    load_meta(s, a);
    return a->meta.code == NULL || a->meta.code->size != 0;
}

void state_set_code(struct state *s, struct account *a, const struct code *code)
{
    load_meta(s, a);
    if (s->list_accesses) {
        MAKE_ROOM(s->coded, s->coded_count, s->coded_capacity);
        s->coded[s->coded_count++] = a;
    }
    struct meta meta = a->meta;
    meta.code = code;
    set_meta(s, a, meta);
}

bool state_is_empty(struct state *s, struct account *a)
{
    return !state_has_code(s, a) && state_nonce(s, a) == 0 && !state_balance_at_least(s, a, &U256_ONE);
}

bool state_exists(struct state *s, struct account *a)
{
    if (s->clear_empty) return !state_is_empty(s, a);
    load_meta(s, a);
    return a->meta.exists;
}

void state_touch(struct state *s, struct account *a)
{
    if (s->clear_empty) {
        if (!(a->flags & ACCOUNT_TOUCHED)) set_flag(s, a, ACCOUNT_TOUCHED);
        return;
    }
    load_meta(s, a);
    if (!a->meta.exists) {
        struct meta meta = a->meta;
        meta.exists = true;
        set_meta(s, a, meta);
    }
}

/* Whether there is storage of before the block. */
static bool has_old_storage(const struct account *a)
{
    return a->entry->has_storage && a->meta.generation == 0;
}

bool state_create_collides(struct state *s, struct account *a, bool with_storage)
{
    load_meta(s, a);
    return state_has_code(s, a) || state_nonce(s, a) != 0 || (with_storage && has_old_storage(a));
}

void state_mark_created(struct state *s, struct account *a)
{
    set_flag(s, a, ACCOUNT_CREATED);
    load_meta(s, a);
    if (LIKELY(!has_old_storage(a))) return;
    struct meta meta = a->meta;
    meta.generation++;
    set_meta(s, a, meta);
}

bool state_mark_destructed(struct state *s, struct account *a)
{
    if (a->flags & ACCOUNT_DESTRUCTED) return false;
    s->any_destructed = true;
    set_flag(s, a, ACCOUNT_DESTRUCTED);
    return true;
}

/* ---- storage ------------------------------------------------------------------------------------------------- */

struct slot_key {
    const struct account *account;
    const struct u256 *key;
};

static bool slot_record_is(const void *record, const void *key)
{
    const struct slot *slot = record;
    const struct slot_key *k = key;
    return slot->account == k->account && u256_equal(slot->key, *k->key);
}

static uint64_t hash_of_slot_record(const void *record)
{
    return ((const struct slot *)record)->hash;
}

static struct slot *slot_add(struct state *s, struct account *a, const struct u256 *key, uint64_t hash)
{
    struct slot *slot = ARENA_NEW(&s->records, struct slot);
    *slot = (struct slot){.account = a, .hash = hash, .key = *key};
    MAKE_ROOM(s->slots, s->slot_count, s->slot_capacity);
    s->slots[s->slot_count++] = slot;
    local_insert(s->slot_map, hash, slot, hash_of_slot_record);
    return slot;
}

static NOINLINE struct slot *slot_load(struct state *s, struct slot *slot)
{
    struct account *a = slot->account;
    enum status why = STATUS_OK;
    if (LIKELY(!state_is_cancelled(s)))
        slot->entry = state_table_slot_hashed(s->table, a->entry, &slot->key, slot->hash, &why);
    if (UNLIKELY(slot->entry == NULL)) {
        state_fail(s, why);
        slot->entry = ARENA_NEW(&s->records, struct slot_entry);
        state_slot_entry_init(slot->entry, a->entry, &slot->key, slot->hash, U256_ZERO);
    }
    load_meta(s, a);
    slot->seen = location_find(&slot->entry->location, s->tx);
    slot->original = slot->seen->generation == a->meta.generation ? slot->seen->value : U256_ZERO;
    slot->current = slot->original;
    return slot;
}

static struct slot *slot_find(struct state *s, struct account *a, const struct u256 *key, uint64_t hash)
{
    struct slot_key k = {a, key};
    return local_find(s->slot_map, hash, slot_record_is, &k);
}

struct slot *state_known_slot(struct state *s, struct account *a, const struct u256 *key)
{
    struct slot *slot = slot_find(s, a, key, hash_words(a->entry->hash, key->w));
    if (LIKELY(slot == NULL || slot->entry != NULL)) return slot;
    return slot_load(s, slot);
}

struct slot *state_slot(struct state *s, struct account *a, const struct u256 *key)
{
    uint64_t hash = hash_words(a->entry->hash, key->w);
    struct slot *slot = slot_find(s, a, key, hash);
    if (LIKELY(slot != NULL && slot->entry != NULL)) return slot;
    return slot_load(s, slot != NULL ? slot : slot_add(s, a, key, hash));
}

void state_prewarm_slot(struct state *s, struct account *a, const struct u256 *key)
{
    uint64_t hash = hash_words(a->entry->hash, key->w);
    struct slot *slot = slot_find(s, a, key, hash);
    if (slot == NULL) slot = slot_add(s, a, key, hash);
    slot->warm = true;
}

bool state_warm_slot(struct state *s, struct slot *slot)
{
    slot->read = true;
    if (slot->warm) return false;
    journal_add(s, UNDO_WARM_SLOT, slot, U256_ZERO);
    slot->warm = true;
    return true;
}

void state_set_slot(struct state *s, struct slot *slot, const struct u256 *value)
{
    journal_add(s, UNDO_SLOT, slot, slot->current);
    slot->current = *value;
}

static bool transient_is(const void *record, const void *key)
{
    const struct transient *t = record;
    const struct slot_key *k = key;
    return t->account == k->account && u256_equal(t->key, *k->key);
}

static uint64_t hash_of_transient(const void *record)
{
    return ((const struct transient *)record)->hash;
}

struct u256 state_transient(struct state *s, struct account *a, const struct u256 *key)
{
    struct slot_key k = {a, key};
    const struct transient *t = local_find(s->transient_map, hash_words(a->entry->hash, key->w), transient_is, &k);
    return t == NULL ? U256_ZERO : t->value;
}

void state_set_transient(struct state *s, struct account *a, const struct u256 *key, const struct u256 *value)
{
    uint64_t hash = hash_words(a->entry->hash, key->w);
    struct slot_key k = {a, key};
    struct transient *t = local_find(s->transient_map, hash, transient_is, &k);
    if (t == NULL) {
        t = ARENA_NEW(&s->records, struct transient);
        *t = (struct transient){.account = a, .key = *key, .hash = hash};
        local_insert(s->transient_map, hash, t, hash_of_transient);
    }
    journal_add(s, UNDO_TRANSIENT, t, t->value);
    t->value = *value;
}

/* ---- logs and block hashes ------------------------------------------------------------------------------------ */

void state_log(struct state *s, const struct account *a, const struct u256 *topics, uint32_t topic_count,
               struct bytes data)
{
    state_log_as(s, &a->entry->address, topics, topic_count, data);
}

void state_log_as(struct state *s, const struct address *emitter, const struct u256 *topics, uint32_t topic_count,
                  struct bytes data)
{
    MAKE_ROOM(s->logs, s->log_count, s->log_capacity);
    struct state_log *log = &s->logs[s->log_count++];
    log->emitter = emitter;
    log->topic_count = topic_count;
    for (uint32_t i = 0; i < topic_count; i++) log->topics[i] = topics[i];
    log->data = (struct bytes){arena_copy(s->log_data, data.data, data.size), data.size};
}

struct hash state_block_hash(struct state *s, uint64_t number)
{
    struct hash hash = {{0}};
    const struct state_view *view = state_table_view(s->table);
    if (number < s->oldest_hash) s->oldest_hash = number;
    if (state_is_cancelled(s)) return hash;
    enum status status = view->block_hash(view->context, number, &hash);
    if (status != STATUS_OK) state_fail(s, status);
    return hash;
}

/* ---- reverting ----------------------------------------------------------------------------------------------- */

struct state_checkpoint state_checkpoint(const struct state *s)
{
    return (struct state_checkpoint){s->journal_count, s->log_count, s->refund};
}

/* The touch of the RIPEMD-160 precompile outlives a revert: a bug of the first clients that block 2675119 of mainnet
 * made part of the protocol (issue 716 of ethereum/EIPs). */
static bool is_ripemd160(const struct account *a)
{
    static const struct address ripemd160 = {{[19] = 3}};
    return address_equal(&a->entry->address, &ripemd160);
}

static void undo(struct journal_entry *j)
{
    struct account *a = j->what;
    struct slot *slot = j->what;
    switch ((enum journal_kind)j->kind) {
    case UNDO_WARM_ACCOUNT: a->flags &= ~(uint32_t)ACCOUNT_WARM; break;
    case UNDO_WARM_SLOT: slot->warm = false; break;
    case UNDO_FLAGS: {
        uint32_t journaled = ACCOUNT_TOUCHED | ACCOUNT_CREATED | ACCOUNT_DESTRUCTED;
        if (is_ripemd160(a)) journaled &= ~(uint32_t)ACCOUNT_TOUCHED;
        a->flags = (a->flags & ~journaled) | ((uint32_t)j->old.w[0] & journaled);
        break;
    }
    case UNDO_BALANCE: a->balance_delta = j->old; break;
    case UNDO_NONCE: a->nonce = j->old.w[0]; break;
    case UNDO_META: a->meta = meta_unpack(&j->old); break;
    case UNDO_SLOT: slot->current = j->old; break;
    case UNDO_TRANSIENT: ((struct transient *)j->what)->value = j->old; break;
    }
}

void state_revert(struct state *s, struct state_checkpoint c)
{
    while (s->journal_count > c.journal_count) undo(&s->journal[--s->journal_count]);
    s->log_count = c.log_count;
    s->refund = c.refund;
}

/* ---- ending a transaction ------------------------------------------------------------------------------------ */

static void destroy(struct state *s, struct account *a)
{
    bool stays = false;
    if (s->destructed_keep_balance) {
        stays = state_balance_at_least(s, a, &U256_ONE);
    } else {
        struct u256 balance = state_balance(s, a);
        a->balance_delta = u256_sub(a->balance_delta, balance);
    }
    state_nonce(s, a);
    a->nonce = 0;
    load_meta(s, a);
    a->meta = (struct meta){.code = &code_empty, .generation = a->meta.generation + 1, .exists = stays};
}

void state_finalize(struct state *s)
{
    for (uint32_t i = 0; i < s->account_count; i++) {
        struct account *a = s->accounts[i];
        if (UNLIKELY(a->flags & ACCOUNT_DESTRUCTED)) {
            destroy(s, a);
        } else if (a->flags & ACCOUNT_TOUCHED) {
            load_meta(s, a);
            if (UNLIKELY(a->meta.exists && state_is_empty(s, a))) a->meta.exists = false;
        }
    }
}
