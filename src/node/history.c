/* Values by version, a journal to go back by, and the tries of the newest version, brought up to date on demand. */
#include "node/history.h"

#include <stdlib.h>

#include "base/hash.h"
#include "trie/trie.h"

struct account_version {
    uint64_t version;
    struct history_account value;
};
struct slot_version {
    uint64_t version;
    struct u256 value;
};

struct account_history {
    struct address address;
    uint32_t count, capacity;
    struct account_version *versions;
    uint32_t first_slot;  /* number + 1 of the newest of its slots; 0 ends the list */
    struct trie *storage; /* as of the last root; NULL: none yet */
    bool dirty;           /* differs from what the tries have */
};
struct slot_history {
    uint32_t account, next;
    struct u256 key;
    uint32_t count, capacity;
    struct slot_version *versions;
    bool dirty;
};

struct index {
    uint32_t *cells; /* number + 1; 0 is free */
    size_t mask;
};
/* Growing lists of numbers. */
struct numbers {
    uint32_t *all;
    size_t count, capacity;
};
struct journal_record {
    uint64_t version;
    uint32_t number;
    bool is_slot;
};

struct history {
    uint64_t version;
    struct account_history *accounts;
    struct slot_history *slots;
    uint32_t account_count, account_capacity, slot_count, slot_capacity;
    struct index account_index, slot_index;
    struct journal_record *journal;
    size_t journal_count, journal_capacity;
    struct numbers dirty_accounts, dirty_slots;
    struct trie *trie;
    struct arena codes;
};

static void *grown(void *old, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) return old;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    return base_realloc(old, *capacity * size);
}

static void *grown32(void *old, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count < *capacity) return old;
    *capacity = *capacity == 0 ? 2 : *capacity * 2;
    return base_realloc(old, *capacity * size);
}

static void numbers_add(struct numbers *n, uint32_t number)
{
    n->all = grown(n->all, &n->capacity, n->count, sizeof *n->all);
    n->all[n->count++] = number;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static void index_init(struct index *x, size_t cells)
{
    x->cells = base_calloc(cells, sizeof *x->cells);
    x->mask = cells - 1;
}

static void index_place(struct index *x, uint64_t hash, uint32_t number)
{
    size_t i = hash & x->mask;
    while (x->cells[i] != 0) i = (i + 1) & x->mask;
    x->cells[i] = number + 1;
}

/* Whether there are too many for the index, which then is emptied and twice as big. */
static bool index_grows(struct index *x, uint32_t count)
{
    if ((size_t)count * 2 <= x->mask) return false;
    size_t cells = (x->mask + 1) * 2;
    free(x->cells);
    index_init(x, cells);
    return true;
}

#define ABSENT UINT32_MAX

static uint32_t find_account(const struct history *h, const struct address *a)
{
    const struct index *x = &h->account_index;
    for (size_t i = hash_of_address(a) & x->mask; x->cells[i] != 0; i = (i + 1) & x->mask)
        if (address_equal(&h->accounts[x->cells[i] - 1].address, a)) return x->cells[i] - 1;
    return ABSENT;
}

static uint32_t find_slot(const struct history *h, uint32_t account, const struct u256 *key)
{
    const struct index *x = &h->slot_index;
    for (size_t i = hash_words(account, key->w) & x->mask; x->cells[i] != 0; i = (i + 1) & x->mask) {
        const struct slot_history *s = &h->slots[x->cells[i] - 1];
        if (s->account == account && u256_equal(s->key, *key)) return x->cells[i] - 1;
    }
    return ABSENT;
}

static uint32_t make_account(struct history *h, const struct address *a)
{
    uint32_t number = find_account(h, a);
    if (number != ABSENT) return number;
    h->accounts = grown32(h->accounts, &h->account_capacity, h->account_count, sizeof *h->accounts);
    number = h->account_count++;
    h->accounts[number] = (struct account_history){.address = *a};
    if (index_grows(&h->account_index, h->account_count))
        for (uint32_t i = 0; i < number; i++)
            index_place(&h->account_index, hash_of_address(&h->accounts[i].address), i);
    index_place(&h->account_index, hash_of_address(a), number);
    return number;
}

static uint32_t make_slot(struct history *h, uint32_t account, const struct u256 *key)
{
    uint32_t number = find_slot(h, account, key);
    if (number != ABSENT) return number;
    h->slots = grown32(h->slots, &h->slot_capacity, h->slot_count, sizeof *h->slots);
    number = h->slot_count++;
    h->slots[number] = (struct slot_history){.account = account, .next = h->accounts[account].first_slot, .key = *key};
    h->accounts[account].first_slot = number + 1;
    if (index_grows(&h->slot_index, h->slot_count))
        for (uint32_t i = 0; i < number; i++)
            index_place(&h->slot_index, hash_words(h->slots[i].account, h->slots[i].key.w), i);
    index_place(&h->slot_index, hash_words(account, key->w), number);
    return number;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const struct history_account no_account;

static const struct history_account *account_value(const struct account_history *a, uint64_t version)
{
    uint32_t low = 0, high = a->count; /* versions below `low` are not too new, those from `high` on are */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (a->versions[middle].version <= version)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? &no_account : &a->versions[low - 1].value;
}

static struct u256 slot_value(const struct slot_history *s, uint64_t version)
{
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->versions[middle].version <= version)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? U256_ZERO : s->versions[low - 1].value;
}

struct history_account history_account_at(const struct history *h, uint64_t version, const struct address *a)
{
    uint32_t number = find_account(h, a);
    return number == ABSENT ? no_account : *account_value(&h->accounts[number], version);
}

struct u256 history_slot_at(const struct history *h, uint64_t version, const struct address *a, const struct u256 *key)
{
    uint32_t account = find_account(h, a);
    uint32_t number = account == ABSENT ? ABSENT : find_slot(h, account, key);
    return number == ABSENT ? U256_ZERO : slot_value(&h->slots[number], version);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void note(struct history *h, uint32_t number, bool is_slot)
{
    h->journal = grown(h->journal, &h->journal_capacity, h->journal_count, sizeof *h->journal);
    h->journal[h->journal_count++] = (struct journal_record){h->version, number, is_slot};
}

static void mark_account(struct history *h, uint32_t number)
{
    if (h->accounts[number].dirty) return;
    h->accounts[number].dirty = true;
    numbers_add(&h->dirty_accounts, number);
}

static void mark_slot(struct history *h, uint32_t number)
{
    if (h->slots[number].dirty) return;
    h->slots[number].dirty = true;
    numbers_add(&h->dirty_slots, number);
}

/* The account's value in the newest version, to be written to. */
static struct history_account *open_account(struct history *h, uint32_t number)
{
    struct account_history *a = &h->accounts[number];
    mark_account(h, number);
    if (a->count != 0 && a->versions[a->count - 1].version == h->version) return &a->versions[a->count - 1].value;
    a->versions = grown32(a->versions, &a->capacity, a->count, sizeof *a->versions);
    struct history_account value = a->count == 0 ? no_account : a->versions[a->count - 1].value;
    a->versions[a->count++] = (struct account_version){h->version, value};
    note(h, number, false);
    return &a->versions[a->count - 1].value;
}

static void write_slot(struct history *h, uint32_t account, const struct u256 *key, const struct u256 *value)
{
    uint32_t number = find_slot(h, account, key);
    if (number == ABSENT && u256_is_zero(*value)) return;
    number = make_slot(h, account, key);
    struct slot_history *s = &h->slots[number];
    struct u256 old = slot_value(s, h->version);
    struct history_account *a = open_account(h, account);
    a->live_slots += (uint64_t)!u256_is_zero(*value) - (uint64_t)!u256_is_zero(old);
    mark_slot(h, number);
    if (s->count != 0 && s->versions[s->count - 1].version == h->version) {
        s->versions[s->count - 1].value = *value;
        return;
    }
    s->versions = grown32(s->versions, &s->capacity, s->count, sizeof *s->versions);
    s->versions[s->count++] = (struct slot_version){h->version, *value};
    note(h, number, true);
}

static void set_code(struct history *h, struct history_account *a, const struct hash *hash, struct bytes code)
{
    a->code_hash = *hash;
    a->code = (struct bytes){code.size == 0 ? NULL : arena_copy(&h->codes, code.data, code.size), code.size};
}

/* Makes an account exist that did not. */
static void bring_into_existence(struct history_account *a)
{
    if (a->exists) return;
    a->exists = true;
    a->code_hash = keccak_empty;
}

/* Since EIP-6780 only contracts that were made in the same transaction lose their storage: there is little to wipe. */
static void wipe(struct history *h, uint32_t number)
{
    for (uint32_t id = h->accounts[number].first_slot; id != 0; id = h->slots[id - 1].next)
        if (!u256_is_zero(slot_value(&h->slots[id - 1], h->version)))
            write_slot(h, number, &h->slots[id - 1].key, &U256_ZERO);
}

void history_set_account(struct history *h, const struct address *address, const struct history_account *value)
{
    struct history_account *a = open_account(h, make_account(h, address));
    bring_into_existence(a);
    a->nonce = value->nonce;
    a->balance = value->balance;
    if (!bytes_equal(a->code, value->code)) {
        struct hash hash = keccak256_bytes(value->code);
        set_code(h, a, &hash, value->code);
    }
}

void history_set_slot(struct history *h, const struct address *a, const struct u256 *key, const struct u256 *value)
{
    uint32_t number = make_account(h, a);
    bring_into_existence(open_account(h, number));
    write_slot(h, number, key, value);
}

static void apply_account(struct history *h, const struct account_change *change)
{
    uint32_t number = make_account(h, &change->address);
    if (change->storage_wiped || !change->exists) wipe(h, number);
    struct history_account *a = open_account(h, number);
    if (!change->exists) {
        *a = no_account;
        return;
    }
    bring_into_existence(a);
    a->nonce = change->nonce;
    a->balance = change->balance;
    if (change->code_changed)
        set_code(h, a, &change->code_hash, (struct bytes){change->code->bytes, change->code->size});
    for (size_t i = 0; i < change->slot_count; i++)
        write_slot(h, number, &change->slots[i].key, &change->slots[i].value);
}

void history_apply(struct history *h, const struct state_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) apply_account(h, &diff->accounts[i]);
}

void history_load(struct history *h, const struct state_memory *m)
{
    for (uint32_t i = 0; i < m->account_count; i++) {
        const struct memory_account *from = &m->accounts[i];
        if (!from->exists) continue;
        uint32_t number = make_account(h, &from->address);
        struct history_account *a = open_account(h, number);
        bring_into_existence(a);
        a->nonce = from->nonce;
        a->balance = from->balance;
        set_code(h, a, &from->code_hash, from->code);
        for (uint32_t id = from->first_slot; id != 0; id = m->slots[id - 1].next)
            write_slot(h, number, &m->slots[id - 1].key, &m->slots[id - 1].value);
    }
}

/* ---- versions ---------------------------------------------------------------------------------------------------- */

struct history *history_new(void)
{
    struct history *h = base_calloc(1, sizeof *h);
    index_init(&h->account_index, 256);
    index_init(&h->slot_index, 256);
    h->trie = trie_new(NULL, NULL);
    return h;
}

void history_free(struct history *h)
{
    if (h == NULL) return;
    for (uint32_t i = 0; i < h->account_count; i++) {
        free(h->accounts[i].versions);
        if (h->accounts[i].storage != NULL) trie_free(h->accounts[i].storage);
    }
    for (uint32_t i = 0; i < h->slot_count; i++) free(h->slots[i].versions);
    free(h->accounts);
    free(h->slots);
    free(h->account_index.cells);
    free(h->slot_index.cells);
    free(h->journal);
    free(h->dirty_accounts.all);
    free(h->dirty_slots.all);
    trie_free(h->trie);
    arena_free(&h->codes);
    free(h);
}

uint64_t history_version(const struct history *h)
{
    return h->version;
}

uint64_t history_advance(struct history *h)
{
    return ++h->version;
}

void history_revert(struct history *h, uint64_t version)
{
    while (h->journal_count != 0 && h->journal[h->journal_count - 1].version > version) {
        const struct journal_record *last = &h->journal[--h->journal_count];
        if (last->is_slot) {
            h->slots[last->number].count--;
            mark_slot(h, last->number);
            mark_account(h, h->slots[last->number].account);
        } else {
            h->accounts[last->number].count--;
            mark_account(h, last->number);
        }
    }
    h->version = version;
}

/* ---- the root ---------------------------------------------------------------------------------------------------- */

static void put_slots(struct history *h)
{
    for (size_t i = 0; i < h->dirty_slots.count; i++) {
        struct slot_history *s = &h->slots[h->dirty_slots.all[i]];
        struct account_history *a = &h->accounts[s->account];
        if (a->storage == NULL) a->storage = trie_new(NULL, NULL);
        struct hash key = trie_slot_key(&s->key);
        struct u256 value = slot_value(s, h->version);
        uint8_t encoded[TRIE_WORD_SIZE];
        size_t size = u256_is_zero(value) ? 0 : trie_word_encode(encoded, value);
        ASSERT(trie_put(a->storage, key.b, sizeof key.b, (struct bytes){encoded, size}) == STATUS_OK);
        s->dirty = false;
    }
    h->dirty_slots.count = 0;
}

static void put_account(struct history *h, struct account_history *a)
{
    const struct history_account *now = account_value(a, h->version);
    struct hash key = trie_address_key(&a->address);
    uint8_t encoded[TRIE_ACCOUNT_SIZE];
    size_t size = 0;
    if (now->exists) {
        struct trie_account account = {now->nonce, now->balance, keccak_empty_trie, now->code_hash};
        if (a->storage != NULL) trie_root(a->storage, NULL, &account.storage_root);
        size = trie_account_encode(encoded, &account);
    }
    ASSERT(trie_put(h->trie, key.b, sizeof key.b, (struct bytes){encoded, size}) == STATUS_OK);
    a->dirty = false;
}

void history_root(struct history *h, struct pool *pool, struct hash *out)
{
    put_slots(h);
    for (size_t i = 0; i < h->dirty_accounts.count; i++) put_account(h, &h->accounts[h->dirty_accounts.all[i]]);
    h->dirty_accounts.count = 0;
    trie_root(h->trie, pool, out);
}

/* ---- as a view --------------------------------------------------------------------------------------------------- */

static enum status view_account(void *context, const struct address *address, struct account_data *out)
{
    const struct history_view *v = context;
    struct history_account a = history_account_at(v->history, v->version, address);
    *out = (struct account_data){a.exists, a.live_slots != 0, a.nonce, a.balance, a.code_hash};
    return STATUS_OK;
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    const struct history_view *v = context;
    *out = history_slot_at(v->history, v->version, a, key);
    return STATUS_OK;
}

static enum status view_code(void *context, const struct address *address, const struct hash *hash, struct bytes *out)
{
    const struct history_view *v = context;
    struct history_account a = history_account_at(v->history, v->version, address);
    if (!a.exists || !hash_equal(&a.code_hash, hash)) return STATE_MISSING;
    *out = a.code;
    return STATUS_OK;
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    const struct history_view *v = context;
    return v->block_hash(v->context, number, out);
}

struct state_view history_state_view(struct history_view *v)
{
    return (struct state_view){v, view_account, view_storage, view_code, view_block_hash};
}
