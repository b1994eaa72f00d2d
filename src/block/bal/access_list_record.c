/* The block access list (EIP-7928): kept while transactions commit, made canonical at the end.
 *
 *     commit ──► block_list_accesses ──► book: accounts, their slots, changes in order of their index
 *     the end of the block ──► block_make_access_list ──► sorted by address and key
 *
 * What is listed and with which values depends on the order of commits alone, which is the order of the transactions in
 * every executor. An account or slot finds its place in the book through its entry in the table (`listed`), so that one
 * that is accessed again costs no look-up. */
#include <stdlib.h>

#include "block/private.h"

/* Changes of one field or slot, by ascending index: linked through their numbers, from 1. */
struct change_list {
    uint32_t first, last, count;
};
struct book_change {
    uint32_t index, next;
    struct u256 value;
    const struct code *code;
    /* Balances and slots that work in place changes, which may take several steps at one index: what was there before
     * the first. */
    struct u256 before;
    bool has_before;
};
struct book_account {
    const struct account_entry *entry;
    uint32_t first_slot, slot_count;
    uint32_t code_read; /* its code in the parent state was first read at this index + 1; 0: never */
    struct change_list balances, nonces, codes;
};
struct book_slot {
    const struct slot_entry *entry;
    uint32_t next; /* slot of the same account */
    struct change_list changes;
};

/* Arrays that keep their memory from block to block. */
struct access_book {
    struct book_account *accounts;
    struct book_slot *slots;
    struct book_change *changes;
    uint32_t account_count, slot_count, change_count;
    uint32_t account_capacity, slot_capacity, change_capacity;
    struct u256 beneficiary_balance; /* fees included */
    uint64_t oldest_hash;            /* of a block, that was asked for; UINT64_MAX: none */
};

struct access_book *access_book_new(void)
{
    return base_calloc(1, sizeof(struct access_book));
}

void access_book_free(struct access_book *b)
{
    free(b->accounts);
    free(b->slots);
    free(b->changes);
    free(b);
}

/* Room for one more element of an array that doubles; evaluates to its number, from 1. */
#define ADD(array, count, capacity)                                                                                    \
    ((count) == (capacity) ? ((capacity) = (capacity) == 0 ? 256 : 2 * (capacity),                                     \
                              (array) = base_realloc((array), (capacity) * sizeof *(array)), ++(count))                \
                           : ++(count))

/* ---- keeping the book ------------------------------------------------------------------------------------------- */

static struct book_account *list_account(struct access_book *b, struct account_entry *e)
{
    if (e->listed == 0) {
        e->listed = ADD(b->accounts, b->account_count, b->account_capacity);
        b->accounts[e->listed - 1] = (struct book_account){.entry = e};
    }
    return &b->accounts[e->listed - 1];
}

static struct book_slot *list_slot(struct access_book *b, struct slot_entry *e)
{
    if (e->listed == 0) {
        struct book_account *a = list_account(b, e->account);
        e->listed = ADD(b->slots, b->slot_count, b->slot_capacity);
        b->slots[e->listed - 1] = (struct book_slot){.entry = e, .next = a->first_slot};
        a->first_slot = e->listed;
        a->slot_count++;
    }
    return &b->slots[e->listed - 1];
}

/* A second change of the same field at one index (the work at the end of a block has several steps) takes the place of
 * the first. */
static void add_change(struct access_book *b, struct change_list *l, struct book_change change)
{
    if (l->count != 0 && b->changes[l->last - 1].index == change.index) {
        struct book_change *last = &b->changes[l->last - 1];
        last->value = change.value;
        last->code = change.code;
        return;
    }
    uint32_t id = ADD(b->changes, b->change_count, b->change_capacity);
    b->changes[id - 1] = change;
    if (l->count++ == 0)
        l->first = id;
    else
        b->changes[l->last - 1].next = id;
    l->last = id;
}

/* The number below which the table has the values after `index`. */
static uint32_t number_after(const struct block_run *run, uint32_t index)
{
    return index > run->task->transaction_count ? UINT32_MAX : index + 1;
}

static void note_account(struct block_run *run, const struct state_access *access, uint32_t index)
{
    struct access_book *b = run->engine->book;
    const struct account_entry *e = access->account;
    struct book_account *a = list_account(b, access->account);
    if ((access->changed & STATE_CODE_READ) != 0 && a->code_read == 0) a->code_read = index + 1;
    uint32_t number = number_after(run, index);
    /* The beneficiary's balance changes with every fee: see note_beneficiary. */
    if ((access->changed & STATE_BALANCE) != 0 && e != run->beneficiary)
        add_change(b, &a->balances,
                   (struct book_change){.index = index, .value = location_balance(&e->balance, number)});
    if ((access->changed & STATE_NONCE) != 0)
        add_change(b, &a->nonces,
                   (struct book_change){.index = index, .value = location_find(&e->nonce, number)->value});
    if ((access->changed & STATE_CODE) != 0) {
        struct meta meta = meta_unpack(&location_find(&e->meta, number)->value);
        ASSERT(meta.code != NULL);
        add_change(b, &a->codes, (struct book_change){.index = index, .code = meta.code});
    }
}

static void note_slot(struct block_run *run, const struct state_access *access, uint32_t index)
{
    struct access_book *b = run->engine->book;
    struct book_slot *slot = list_slot(b, access->slot);
    if ((access->changed & STATE_SLOT) != 0) {
        struct u256 value = location_find(&access->slot->location, number_after(run, index))->value;
        add_change(b, &slot->changes, (struct book_change){.index = index, .value = value});
    }
}

/* Notes what is there before a step in place changes it, unless an earlier step at this index has done so. */
static void note_before(struct access_book *b, struct change_list *l, uint32_t index, struct u256 before)
{
    if (l->count != 0 && b->changes[l->last - 1].index == index) return;
    add_change(b, l, (struct book_change){.index = index, .value = before, .before = before, .has_before = true});
}

void block_note_before(struct block_run *run, const struct state_accesses *accesses, uint32_t index)
{
    struct access_book *b = run->engine->book;
    uint32_t number = number_after(run, index);
    for (uint32_t i = 0; i < accesses->count; i++) {
        const struct state_access *access = &accesses->all[i];
        if (access->slot != NULL && (access->changed & STATE_SLOT) != 0)
            note_before(b, &list_slot(b, access->slot)->changes, index,
                        location_find(&access->slot->location, number)->value);
        if (access->slot == NULL && (access->changed & STATE_BALANCE) != 0 && access->account != run->beneficiary)
            note_before(b, &list_account(b, access->account)->balances, index,
                        location_balance(&access->account->balance, number));
    }
}

/* Whether the change is one: what comes back to where it was at the start of its index was only read. */
static bool is_change(const struct book_change *c)
{
    return !c->has_before || !u256_equal(c->value, c->before);
}

static struct u256 beneficiary_balance(const struct block_run *run, uint32_t index)
{
    return u256_add(location_balance(&run->beneficiary->balance, number_after(run, index)), run->fees);
}

/* A fee, even one of nothing, is an access. */
static void note_beneficiary(struct block_run *run, uint32_t index)
{
    struct access_book *b = run->engine->book;
    if (run->beneficiary == NULL) return;
    struct u256 now = beneficiary_balance(run, index);
    if (index >= 1 && index <= run->task->transaction_count) list_account(b, run->beneficiary);
    if (u256_equal(now, b->beneficiary_balance)) return;
    struct book_change change = {.index = index, .value = now, .before = b->beneficiary_balance, .has_before = true};
    b->beneficiary_balance = now;
    add_change(b, &list_account(b, run->beneficiary)->balances, change);
}

void block_begin_access_list(struct block_run *run)
{
    struct access_book *b = run->engine->book;
    b->account_count = b->slot_count = b->change_count = 0;
    b->oldest_hash = UINT64_MAX;
    if (run->beneficiary != NULL) b->beneficiary_balance = beneficiary_balance(run, 0);
}

void block_pass_transactions(struct block_run *run)
{
    run->engine->book->beneficiary_balance = beneficiary_balance(run, run->task->transaction_count);
}

void block_list_accesses(struct block_run *run, const struct state_accesses *accesses, uint32_t index)
{
    for (uint32_t i = 0; i < accesses->count; i++) {
        if (accesses->all[i].slot == NULL)
            note_account(run, &accesses->all[i], index);
        else
            note_slot(run, &accesses->all[i], index);
    }
    note_beneficiary(run, index);
    if (accesses->oldest_hash < run->engine->book->oldest_hash) run->engine->book->oldest_hash = accesses->oldest_hash;
}

/* ---- making the list --------------------------------------------------------------------------------------------- */

static const struct bal_word_change *make_words(const struct access_book *b, struct change_list l, struct arena *arena,
                                                uint32_t *count)
{
    struct bal_word_change *out = ARENA_ARRAY(arena, struct bal_word_change, l.count);
    *count = 0;
    for (uint32_t id = l.first; id != 0; id = b->changes[id - 1].next)
        if (is_change(&b->changes[id - 1]))
            out[(*count)++] = (struct bal_word_change){b->changes[id - 1].index, b->changes[id - 1].value};
    return out;
}

static const struct bal_nonce_change *make_nonces(const struct access_book *b, struct change_list l,
                                                  struct arena *arena)
{
    struct bal_nonce_change *out = ARENA_ARRAY(arena, struct bal_nonce_change, l.count);
    uint32_t count = 0;
    for (uint32_t id = l.first; id != 0; id = b->changes[id - 1].next)
        out[count++] = (struct bal_nonce_change){b->changes[id - 1].index, b->changes[id - 1].value.w[0]};
    return out;
}

static const struct bal_code_change *make_codes(const struct access_book *b, struct change_list l, struct arena *arena)
{
    struct bal_code_change *out = ARENA_ARRAY(arena, struct bal_code_change, l.count);
    uint32_t count = 0;
    for (uint32_t id = l.first; id != 0; id = b->changes[id - 1].next) {
        const struct code *code = b->changes[id - 1].code;
        out[count++] = (struct bal_code_change){b->changes[id - 1].index, {code->bytes, code->size}};
    }
    return out;
}

static int by_key(const void *x, const void *y)
{
    const struct book_slot *const *a = x, *const *b = y;
    return u256_compare((*a)->entry->key, (*b)->entry->key);
}

static void make_slots(const struct access_book *b, const struct book_account *from, struct arena *arena,
                       struct bal_account *out)
{
    const struct book_slot **sorted = ARENA_ARRAY(arena, const struct book_slot *, from->slot_count);
    uint32_t count = 0;
    for (uint32_t id = from->first_slot; id != 0; id = b->slots[id - 1].next) sorted[count++] = &b->slots[id - 1];
    qsort(sorted, count, sizeof *sorted, by_key);
    struct bal_slot *slots = ARENA_ARRAY(arena, struct bal_slot, count);
    struct u256 *reads = ARENA_ARRAY(arena, struct u256, count);
    for (uint32_t i = 0; i < count; i++) {
        struct bal_slot slot = {.key = sorted[i]->entry->key};
        slot.changes = make_words(b, sorted[i]->changes, arena, &slot.change_count);
        if (slot.change_count == 0)
            reads[out->read_count++] = slot.key;
        else
            slots[out->slot_count++] = slot;
    }
    out->slots = slots;
    out->reads = reads;
}

static int by_address(const void *x, const void *y)
{
    const struct book_account *const *a = x, *const *b = y;
    return memcmp((*a)->entry->address.b, (*b)->entry->address.b, sizeof(struct address));
}

struct block_access_list block_make_access_list(struct block_run *run)
{
    const struct access_book *b = run->engine->book;
    struct arena *arena = &run->engine->block;
    const struct book_account **sorted = ARENA_ARRAY(arena, const struct book_account *, b->account_count);
    for (uint32_t i = 0; i < b->account_count; i++) sorted[i] = &b->accounts[i];
    qsort(sorted, b->account_count, sizeof *sorted, by_address);
    struct bal_account *accounts = ARENA_ARRAY(arena, struct bal_account, b->account_count);
    for (uint32_t i = 0; i < b->account_count; i++) {
        const struct book_account *from = sorted[i];
        struct bal_account *a = &accounts[i];
        *a = (struct bal_account){.address = from->entry->address};
        make_slots(b, from, arena, a);
        a->balances = make_words(b, from->balances, arena, &a->balance_count);
        a->nonce_count = from->nonces.count;
        a->nonces = make_nonces(b, from->nonces, arena);
        a->code_count = from->codes.count;
        a->codes = make_codes(b, from->codes, arena);
    }
    return (struct block_access_list){accounts, b->account_count};
}

/* A code that the block deployed. */
struct deployed {
    const struct hash *hash;
    uint32_t index;
};

static int by_hash(const void *x, const void *y)
{
    const struct deployed *a = x, *b = y;
    int order = memcmp(a->hash->b, b->hash->b, sizeof a->hash->b);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static const struct deployed *list_deployed(struct block_run *run, uint32_t *count)
{
    const struct access_book *b = run->engine->book;
    struct deployed *all = ARENA_ARRAY(&run->engine->block, struct deployed, b->change_count);
    *count = 0;
    for (uint32_t i = 0; i < b->account_count; i++)
        for (uint32_t id = b->accounts[i].codes.first; id != 0; id = b->changes[id - 1].next)
            all[(*count)++] = (struct deployed){&b->changes[id - 1].code->hash, b->changes[id - 1].index};
    qsort(all, *count, sizeof *all, by_hash);
    return all;
}

/* Whether the code was deployed before `index`. */
static bool deployed_before(const struct deployed *all, uint32_t count, const struct hash *hash, uint32_t index)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(all[middle].hash->b, hash->b, sizeof hash->b) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && hash_equal(all[low].hash, hash) && all[low].index < index;
}

/* A code that the block itself has deployed before it is read is at hand, even if the parent state has it as well. */
void block_make_reads(struct block_run *run, struct block_result *out)
{
    const struct access_book *b = run->engine->book;
    struct hash *codes = ARENA_ARRAY(&run->engine->block, struct hash, b->account_count);
    uint32_t count;
    const struct deployed *deployed = list_deployed(run, &count);
    for (uint32_t i = 0; i < b->account_count; i++) {
        const struct book_account *a = &b->accounts[i];
        if (a->code_read != 0 && !deployed_before(deployed, count, &a->entry->code_hash, a->code_read - 1))
            codes[out->code_read_count++] = a->entry->code_hash;
    }
    out->codes_read = codes;
    out->oldest_hash = b->oldest_hash;
}

uint32_t block_listed_slots(const struct block_run *run)
{
    return run->engine->book->slot_count;
}
