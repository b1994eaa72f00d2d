/* Execution along a declared block access list (EIP-7928): what each transaction finds is known before any of them
 * runs.
 *
 * Why a wrong list cannot be accepted, by induction over the transactions: what transaction i reads is right when all
 * entries below its index are. What it changes is compared with the entries of its index, so every change it makes is
 * declared as it is; every entry at an index belongs to one field of one account or slot, so when as many entries were
 * found as there are, nothing is declared that no transaction does. In the same way every account and slot is seen. A
 * list in canonical form that says neither more nor less is the list. */
#include "block/bal/overlay.h"

#include <stdlib.h>

#include "crypto/crypto.h"

/* ---- the list as versions --------------------------------------------------------------------------------------- */

struct loading {
    struct block_run *run;
    struct declared *declared;
    _Atomic uint32_t next; /* account to be loaded */
    _Atomic uint32_t status;
};

enum { LOAD_AT_A_TIME = 8 };

/* Which older version the one above `top` points at besides `top` itself: distances grow so that a search takes a
 * logarithm of steps (Myers, "An applicative random-access stack", 1983). A popular location has a version for every
 * transaction. */
static struct version *choose_skip(struct version *top)
{
    struct version *one = top->skip, *two = one != NULL ? one->skip : NULL;
    return two != NULL && top->depth - one->depth == one->depth - two->depth ? two : top;
}

/* Puts a version on top. Entries come by ascending index, and nobody reads yet. */
static void push(struct location *l, uint32_t index, struct u256 value, struct arena *arena)
{
    struct version *v = ARENA_NEW(arena, struct version);
    struct version *top = atomic_load_explicit(&l->top, memory_order_relaxed);
    version_init(v, VERSION_VALUE, index, top->generation, value);
    atomic_init(&v->next, top);
    v->depth = top->depth + 1;
    v->skip = choose_skip(top);
    atomic_store_explicit(&l->top, v, memory_order_release);
}

/* What happens before and after the transactions is executed in place, not taken from the list. */
static bool is_of_transaction(const struct block_run *run, uint32_t index)
{
    return index >= 1 && index <= run->task->transaction_count;
}

static void push_codes(struct block_run *run, struct account_entry *e, const struct bal_account *a, struct arena *arena)
{
    for (uint32_t i = 0; i < a->code_count; i++) {
        if (!is_of_transaction(run, a->codes[i].index)) continue;
        struct hash hash = keccak256_bytes(a->codes[i].code);
        struct meta meta = meta_unpack(&location_find(&e->meta, UINT32_MAX)->value);
        meta.code = code_cache_put(run->engine->codes, &hash, a->codes[i].code);
        push(&e->meta, a->codes[i].index, meta_pack(meta), arena);
    }
}

/* Fetches slot number `number` of the list; NULL when the view failed. */
static struct slot_entry *load_slot(const struct loading *l, struct account_entry *e, const struct u256 *key,
                                    uint32_t number, enum status *why)
{
    struct slot_entry *slot = state_table_slot(l->run->engine->table, e, key, why);
    if (slot != NULL) slot->declared = number + 1;
    l->declared->slots[number] = slot;
    return slot;
}

static enum status load_slots(const struct loading *l, struct account_entry *e, const struct bal_account *a,
                              uint32_t number, struct arena *arena)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < a->slot_count && status == STATUS_OK; i++) {
        struct slot_entry *slot = load_slot(l, e, &a->slots[i].key, number++, &status);
        for (uint32_t k = 0; slot != NULL && k < a->slots[i].change_count; k++)
            if (is_of_transaction(l->run, a->slots[i].changes[k].index))
                push(&slot->location, a->slots[i].changes[k].index, a->slots[i].changes[k].value, arena);
    }
    for (uint32_t i = 0; i < a->read_count && status == STATUS_OK; i++) /* now, so that no transaction waits for it */
        (void)load_slot(l, e, &a->reads[i], number++, &status);
    return status;
}

/* Left over from before EIP-161: vanishes when somebody touches it, of which the list says nothing. */
static bool is_left_empty(const struct account_entry *e)
{
    return meta_unpack(&e->parent_meta.value).exists && u256_is_zero(e->parent_balance.value) &&
           u256_is_zero(e->parent_nonce.value) && hash_equal(&e->code_hash, &code_empty.hash);
}

/* There is storage alone, and a contract may come: its creation wipes the storage, of which the list says nothing. */
static bool may_be_wiped(const struct account_entry *e, const struct bal_account *a)
{
    return e->has_storage && (a->nonce_count != 0 || a->code_count != 0) && u256_is_zero(e->parent_nonce.value) &&
           hash_equal(&e->code_hash, &code_empty.hash);
}

static enum status load_account(const struct loading *l, uint32_t place, struct arena *arena)
{
    struct block_run *run = l->run;
    const struct bal_account *a = &l->declared->list->accounts[place];
    enum status status = STATUS_OK;
    struct account_entry *e = state_table_account(run->engine->table, &a->address, &status);
    if (e == NULL) return status;
    if (is_left_empty(e) || may_be_wiped(e, a)) return BLOCK_ACCESS_LIST_VALUE; /* executed serially, then */
    e->declared = place + 1;
    l->declared->accounts[place] = e;
    for (uint32_t k = 0; k < a->balance_count; k++)
        if (is_of_transaction(run, a->balances[k].index))
            push(&e->balance, a->balances[k].index, a->balances[k].value, arena);
    for (uint32_t k = 0; k < a->nonce_count; k++)
        if (is_of_transaction(run, a->nonces[k].index))
            push(&e->nonce, a->nonces[k].index, U256(a->nonces[k].nonce), arena);
    push_codes(run, e, a, arena);
    return load_slots(l, e, a, l->declared->first_slot[place], arena);
}

static void load_accounts(void *context, unsigned worker)
{
    struct loading *l = context;
    struct arena *arena = &l->run->engine->workers[worker].versions;
    const uint32_t count = l->declared->list->account_count;
    for (;;) {
        /* Relaxed: deals out accounts; pool_run orders the rest. */
        uint32_t first = atomic_fetch_add_explicit(&l->next, LOAD_AT_A_TIME, memory_order_relaxed);
        if (first >= count) return;
        for (uint32_t i = first; i < count && i < first + LOAD_AT_A_TIME; i++) {
            enum status status = load_account(l, i, arena);
            if (status != STATUS_OK) atomic_store_explicit(&l->status, (uint32_t)status, memory_order_relaxed);
        }
    }
}

/* Numbers the slots and counts the changes. */
static void measure(struct declared *d)
{
    for (uint32_t i = 0; i < d->list->account_count; i++) {
        const struct bal_account *a = &d->list->accounts[i];
        d->first_slot[i] = d->slot_count;
        d->slot_count += a->slot_count + a->read_count;
        d->change_count += a->balance_count + a->nonce_count + a->code_count;
        for (uint32_t k = 0; k < a->slot_count; k++) d->change_count += a->slots[k].change_count;
    }
}

enum status declared_load(struct block_run *run, struct declared *d, unsigned workers)
{
    const struct block_access_list *list = run->task->access_list;
    struct arena *arena = &run->engine->block;
    const uint32_t count = list->account_count;
    *d = (struct declared){.list = list};
    d->first_slot = ARENA_ARRAY(arena, uint32_t, count);
    measure(d);
    d->accounts = ARENA_ARRAY(arena, struct account_entry *, count);
    d->slots = ARENA_ARRAY(arena, struct slot_entry *, d->slot_count);
    d->account_seen = ARENA_ARRAY(arena, _Atomic uint8_t, count);
    d->slot_seen = ARENA_ARRAY(arena, _Atomic uint8_t, d->slot_count);
    for (uint32_t i = 0; i < count; i++) atomic_init(&d->account_seen[i], 0);
    for (uint32_t i = 0; i < d->slot_count; i++) atomic_init(&d->slot_seen[i], 0);
    struct loading l = {.run = run, .declared = d};
    uint32_t portions = count / LOAD_AT_A_TIME + 1;
    pool_run(run->engine->pool, portions < workers ? portions : workers, load_accounts, &l);
    return (enum status)atomic_load_explicit(&l.status, memory_order_relaxed);
}

void declared_list_changes(const struct declared *d, struct state_table *t)
{
    for (uint32_t i = 0; i < d->list->account_count; i++) {
        const struct bal_account *a = &d->list->accounts[i];
        if (a->balance_count + a->nonce_count + a->code_count != 0) state_table_account_changed(t, d->accounts[i]);
        for (uint32_t k = 0; k < a->slot_count; k++) state_table_slot_changed(t, d->slots[d->first_slot[i] + k]);
    }
}

/* ---- what a transaction did, against the list ---------------------------------------------------------------------
 */

/* Marks place number `declared` of `seen`; false when it is not in the list. Looked at first: what all transactions
 * access stays in everybody's cache. */
static bool see(_Atomic uint8_t *seen, uint32_t declared)
{
    if (declared == 0) return false;
    if (atomic_load_explicit(&seen[declared - 1], memory_order_relaxed) == 0)
        atomic_store_explicit(&seen[declared - 1], 1, memory_order_relaxed);
    return true;
}

/* The version that the list gives a location at the transaction's own index; NULL: none. */
static const struct version *declared_here(const struct state *s, const struct location *l)
{
    const struct version *v = location_find(l, s->tx + 1);
    return v->tx == s->tx ? v : NULL;
}

static bool balance_holds(const struct state *s, const struct account_entry *e, struct u256 delta, uint64_t *changes)
{
    if (u256_is_zero(delta)) return true;
    const struct version *now = declared_here(s, &e->balance);
    if (now == NULL) return false;
    const struct version *before = atomic_load_explicit(&now->next, memory_order_relaxed);
    ++*changes;
    return u256_equal(now->value, u256_add(before->value, delta));
}

static bool nonce_holds(const struct state *s, const struct account *a, uint64_t *changes)
{
    const struct version *now = declared_here(s, &a->entry->nonce);
    ++*changes;
    return now != NULL && now->value.w[0] == a->nonce;
}

static bool code_holds(const struct state *s, const struct account *a, uint64_t *changes)
{
    const struct version *now = declared_here(s, &a->entry->meta);
    ++*changes;
    return now != NULL && hash_equal(&meta_unpack(&now->value).code->hash, &a->meta.code->hash);
}

static bool account_holds(struct declared *d, const struct state *s, const struct account *a, struct u256 fee,
                          uint64_t *changes)
{
    uint32_t changed = state_account_changes(a);
    if ((a->flags & ACCOUNT_ACCESSED) == 0 && changed == 0 && u256_is_zero(fee)) return true;
    if (!see(d->account_seen, a->entry->declared)) return false;
    if (!balance_holds(s, a->entry, u256_add(a->balance_delta, fee), changes)) return false;
    if ((changed & STATE_NONCE) != 0 && !nonce_holds(s, a, changes)) return false;
    return (changed & STATE_CODE) == 0 || code_holds(s, a, changes);
}

static bool slot_holds(struct declared *d, const struct state *s, const struct slot *slot, uint64_t *changes)
{
    if (!slot->read) return true;
    if (!see(d->slot_seen, slot->entry->declared)) return false;
    if (!state_slot_changes(slot)) return true;
    const struct version *now = declared_here(s, &slot->entry->location);
    ++*changes;
    return now != NULL && u256_equal(now->value, slot->current);
}

bool declared_holds(struct declared *d, const struct state *s, const struct account_entry *beneficiary, struct u256 fee,
                    uint64_t *changes)
{
    /* A fee, even one of nothing, is an access. */
    if (!see(d->account_seen, beneficiary->declared)) return false;
    bool paid = false;
    for (uint32_t i = 0; i < s->account_count; i++) {
        bool is_beneficiary = s->accounts[i]->entry == beneficiary;
        paid = paid || is_beneficiary;
        if (!account_holds(d, s, s->accounts[i], is_beneficiary ? fee : U256_ZERO, changes)) return false;
    }
    if (!paid && !balance_holds(s, beneficiary, fee, changes)) return false;
    for (uint32_t i = 0; i < s->slot_count; i++)
        if (!slot_holds(d, s, s->slots[i], changes)) return false;
    return true;
}

/* ---- the list, against all that was done ------------------------------------------------------------------------- */

static int by_address(const void *key, const void *account)
{
    return memcmp(key, ((const struct bal_account *)account)->address.b, sizeof(struct address));
}

/* Whether `all` has each of `some`; both ascend by index. */
static bool has_changes(const struct bal_word_change *all, uint32_t count, const struct bal_word_change *some,
                        uint32_t some_count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < some_count; i++) {
        while (at < count && all[at].index < some[i].index) at++;
        if (at == count || all[at].index != some[i].index || !u256_equal(all[at].value, some[i].value)) return false;
    }
    return true;
}

static bool has_slots(struct declared *d, uint32_t place, const struct bal_account *found, uint64_t *changes)
{
    const struct bal_account *a = &d->list->accounts[place];
    for (uint32_t i = 0; i < found->slot_count; i++) {
        const struct bal_slot *f = &found->slots[i];
        const struct bal_slot *slot = bal_find_slot(a, &f->key);
        if (slot == NULL || !has_changes(slot->changes, slot->change_count, f->changes, f->change_count)) return false;
        see(d->slot_seen, d->first_slot[place] + (uint32_t)(slot - a->slots) + 1);
        *changes += f->change_count;
    }
    for (uint32_t i = 0; i < found->read_count; i++) {
        const struct u256 *key = &found->reads[i];
        const struct bal_slot *slot = bal_find_slot(a, key);
        const struct u256 *read = bal_find_read(a, key);
        if (slot == NULL && read == NULL) return false;
        uint32_t at = slot != NULL ? (uint32_t)(slot - a->slots) : a->slot_count + (uint32_t)(read - a->reads);
        see(d->slot_seen, d->first_slot[place] + at + 1);
    }
    return true;
}

/* Whether the list has what was found of an account outside the transactions. The contracts that are called there
 * change no nonce and no code; if one did, the block would be executed serially and compared as a whole. */
static bool has_account(struct declared *d, const struct bal_account *found, uint64_t *changes)
{
    const struct bal_account *a = NULL;
    if (d->list->account_count != 0)
        a = bsearch(found->address.b, d->list->accounts, d->list->account_count, sizeof *a, by_address);
    if (a == NULL || found->nonce_count + found->code_count != 0) return false;
    uint32_t place = (uint32_t)(a - d->list->accounts);
    see(d->account_seen, place + 1);
    *changes += found->balance_count;
    return has_changes(a->balances, a->balance_count, found->balances, found->balance_count) &&
           has_slots(d, place, found, changes);
}

static bool all_seen(const _Atomic uint8_t *seen, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (atomic_load_explicit(&seen[i], memory_order_relaxed) == 0) return false;
    return true;
}

bool declared_is_complete(struct declared *d, uint64_t changes, const struct block_access_list *others)
{
    for (uint32_t i = 0; i < others->account_count; i++)
        if (!has_account(d, &others->accounts[i], &changes)) return false;
    return changes == d->change_count && all_seen(d->account_seen, d->list->account_count) &&
           all_seen(d->slot_seen, d->slot_count);
}
