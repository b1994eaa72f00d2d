/* Execution along a declared block access list (EIP-7928): what each transaction finds is known before any of them
 * runs.
 *
 *     list ──► versions in the table, numbered by index ──► transactions in any order, each reads below its own number
 *                                                             │
 *              the list itself  ◄── compared ── what each transaction wrote, against the versions of its index
 *
 * Why a wrong list cannot be accepted, by induction over the transactions: what transaction i reads is right when all
 * entries below its index are. What it writes is compared with the entries of its index, so every change it makes is
 * declared as it is; and the list that is rebuilt from what was accessed is compared with the declared one at the end,
 * so nothing is declared that it does not do. */
#include "block/declared.h"

#include "crypto/crypto.h"

/* ---- the list as versions ---------------------------------------------------------------------------------------- */

struct loading {
    struct block_run *run;
    const struct block_access_list *list;
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
    atomic_init(&v->next, top);
    atomic_init(&v->kind, VERSION_VALUE);
    v->tx = index;
    v->generation = top->generation;
    v->depth = top->depth + 1;
    v->skip = choose_skip(top);
    v->value = value;
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

static enum status load_slots(struct block_run *run, struct account_entry *e, const struct bal_account *a,
                              struct arena *arena)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < a->slot_count && status == STATUS_OK; i++) {
        struct slot_entry *slot = state_table_slot(run->engine->table, e, &a->slots[i].key, &status);
        for (uint32_t k = 0; slot != NULL && k < a->slots[i].change_count; k++)
            if (is_of_transaction(run, a->slots[i].changes[k].index))
                push(&slot->location, a->slots[i].changes[k].index, a->slots[i].changes[k].value, arena);
    }
    for (uint32_t i = 0; i < a->read_count && status == STATUS_OK;
         i++) /* fetched now, so that no transaction waits for it */
        (void)state_table_slot(run->engine->table, e, &a->reads[i], &status);
    return status;
}

static enum status load_account(struct block_run *run, const struct bal_account *a, struct arena *arena)
{
    enum status status = STATUS_OK;
    struct account_entry *e = state_table_account(run->engine->table, &a->address, &status);
    if (e == NULL) return status;
    for (uint32_t k = 0; k < a->balance_count; k++)
        if (is_of_transaction(run, a->balances[k].index))
            push(&e->balance, a->balances[k].index, a->balances[k].value, arena);
    for (uint32_t k = 0; k < a->nonce_count; k++)
        if (is_of_transaction(run, a->nonces[k].index))
            push(&e->nonce, a->nonces[k].index, U256(a->nonces[k].nonce), arena);
    push_codes(run, e, a, arena);
    return load_slots(run, e, a, arena);
}

static void load_accounts(void *context, unsigned worker)
{
    struct loading *l = context;
    struct arena *arena = &l->run->engine->workers[worker].versions;
    for (;;) {
        /* Relaxed: deals out accounts; pool_run orders the rest. */
        uint32_t first = atomic_fetch_add_explicit(&l->next, LOAD_AT_A_TIME, memory_order_relaxed);
        if (first >= l->list->account_count) return;
        for (uint32_t i = first; i < l->list->account_count && i < first + LOAD_AT_A_TIME; i++) {
            enum status status = load_account(l->run, &l->list->accounts[i], arena);
            if (status != STATUS_OK) atomic_store_explicit(&l->status, (uint32_t)status, memory_order_relaxed);
        }
    }
}

/* Puts what the list changes on the table's lists of changes. */
static void list_changes(struct block_run *run, const struct block_access_list *list)
{
    struct state_table *t = run->engine->table;
    enum status why;
    for (uint32_t i = 0; i < list->account_count; i++) {
        const struct bal_account *a = &list->accounts[i];
        struct account_entry *e = state_table_account(t, &a->address, &why);
        if (a->balance_count + a->nonce_count + a->code_count != 0) state_table_account_changed(t, e);
        for (uint32_t k = 0; k < a->slot_count; k++)
            state_table_slot_changed(t, state_table_slot(t, e, &a->slots[k].key, &why));
    }
}

enum status declared_load(struct block_run *run)
{
    const struct block_access_list *list = run->task->access_list;
    struct loading l = {.run = run, .list = list};
    uint32_t portions = list->account_count / LOAD_AT_A_TIME + 1;
    pool_run(run->engine->pool, portions < run->engine->threads ? portions : run->engine->threads, load_accounts, &l);
    enum status status = (enum status)atomic_load_explicit(&l.status, memory_order_relaxed);
    if (status == STATUS_OK) list_changes(run, list);
    return status;
}

/* ---- what a transaction wrote, against the list ------------------------------------------------------------------ */

/* The balance after the transaction; `fee` is what the block's beneficiary gets for it. */
static bool balance_differs(const struct state *s, const struct account_entry *e, struct u256 delta, struct u256 fee)
{
    struct u256 found = u256_add(u256_add(location_balance(&e->balance, s->tx), delta), fee);
    return !u256_equal(location_balance(&e->balance, s->tx + 1), found);
}

static const struct hash *code_hash(const struct account_entry *e, struct meta meta)
{
    return meta.code != NULL ? &meta.code->hash : &e->code_hash;
}

static bool account_differs(const struct state *s, const struct account *a, struct u256 fee)
{
    const struct account_entry *e = a->entry;
    if (balance_differs(s, e, a->balance_delta, fee)) return true;
    if ((a->flags & ACCOUNT_HAS_NONCE) && location_find(&e->nonce, s->tx + 1)->value.w[0] != a->nonce) return true;
    struct meta declared = meta_unpack(&location_find(&e->meta, s->tx + 1)->value);
    return (a->flags & ACCOUNT_HAS_META) && !hash_equal(code_hash(e, declared), code_hash(e, a->meta));
}

static bool slot_differs(const struct state *s, const struct slot *slot)
{
    if (slot->entry == NULL) return false;
    /* What an account stored that is gone at the end of the transaction is not there for others. */
    bool gone = (slot->account->flags & ACCOUNT_DESTRUCTED) != 0;
    struct u256 found = gone ? slot->original : slot->current;
    return !u256_equal(location_find(&slot->entry->location, s->tx + 1)->value, found);
}

bool declared_differs(const struct state *s, const struct account_entry *beneficiary, struct u256 fee)
{
    bool paid = false;
    for (uint32_t i = 0; i < s->account_count; i++) {
        const struct account *a = s->accounts[i];
        bool is_beneficiary = a->entry == beneficiary;
        paid = paid || is_beneficiary;
        if (account_differs(s, a, is_beneficiary ? fee : U256_ZERO)) return true;
    }
    if (!paid && balance_differs(s, beneficiary, U256_ZERO, fee)) return true;
    for (uint32_t i = 0; i < s->slot_count; i++)
        if (slot_differs(s, s->slots[i])) return true;
    return false;
}
