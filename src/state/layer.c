#include "state/layer.h"

#include <stdlib.h>

#include "base/hash.h"
#include "state/memory_index.h"

struct layer_account {
    struct address address;
    bool is_set;         /* false: it was taken back, and is as it is below */
    bool has_code;       /* `code` is its code; else that is below */
    uint32_t generation; /* of its storage, raised when that is wiped; 0: other slots are as they are below */
    struct account_data data;
    struct bytes code; /* in the layer's arena */
};

struct layer_slot {
    uint32_t account;    /* place */
    uint32_t generation; /* of the account when it was set: else it means nothing */
    bool is_set;
    struct u256 key, value;
};

struct layer_hash {
    uint64_t number;
    struct hash hash;
};

/* What was there before a change. */
struct undo {
    enum { UNDO_ACCOUNT, UNDO_SLOT, UNDO_HASH } kind;
    uint32_t place; /* in the array of its kind */
    union {
        struct layer_account account;
        struct layer_slot slot;
    };
};

struct snapshot {
    uint64_t number;
    size_t undo_count;
};

/* An array that doubles. */
#define LAYER_ARRAY(type)                                                                                              \
    struct {                                                                                                           \
        type *at;                                                                                                      \
        size_t count, capacity;                                                                                        \
    }

struct state_layer {
    LAYER_ARRAY(struct layer_account) accounts;
    LAYER_ARRAY(struct layer_slot) slots;
    LAYER_ARRAY(struct layer_hash) hashes; /* a later one with the same number counts */
    LAYER_ARRAY(struct undo) undo;         /* empty while there is no snapshot */
    LAYER_ARRAY(struct snapshot) snapshots;
    struct memory_index account_index, slot_index;
    uint64_t last_snapshot; /* number */
    struct arena codes;
};

#define ADD(array, ...)                                                                                                \
    do {                                                                                                               \
        if ((array).count == (array).capacity) {                                                                       \
            (array).capacity = (array).capacity == 0 ? 16 : (array).capacity * 2;                                      \
            (array).at = base_realloc((array).at, (array).capacity * sizeof *(array).at);                              \
        }                                                                                                              \
        (array).at[(array).count++] = (__VA_ARGS__);                                                                   \
    } while (0)

struct state_layer *state_layer_new(void)
{
    struct state_layer *l = base_calloc(1, sizeof *l);
    index_init(&l->account_index, MEMORY_CELLS_START);
    index_init(&l->slot_index, MEMORY_CELLS_START);
    return l;
}

void state_layer_free(struct state_layer *l)
{
    if (l == NULL) return;
    free(l->accounts.at);
    free(l->slots.at);
    free(l->hashes.at);
    free(l->undo.at);
    free(l->snapshots.at);
    free(l->account_index.cells);
    free(l->slot_index.cells);
    arena_free(&l->codes);
    free(l);
}

/* ---- looking up ---------------------------------------------------------------------------------------------------- */

/* The record of an address, also one that is not set; NULL: there is none. */
static struct layer_account *find_record(const struct state_layer *l, const struct address *a, uint64_t hash)
{
    const struct memory_index *x = &l->account_index;
    if (l->accounts.count == 0) return NULL;
    for (size_t i = hash & x->mask; x->cells[i] != 0; i = (i + 1) & x->mask) {
        struct layer_account *account = &l->accounts.at[x->cells[i] - 1];
        if (address_equal(&account->address, a)) return account;
    }
    return NULL;
}

static const struct layer_account *find_account(const struct state_layer *l, const struct address *a, uint64_t hash)
{
    const struct layer_account *account = find_record(l, a, hash);
    return account != NULL && account->is_set ? account : NULL;
}

static uint32_t place_of(const struct state_layer *l, const struct layer_account *account)
{
    return (uint32_t)(account - l->accounts.at);
}

static struct layer_slot *find_slot(const struct state_layer *l, uint32_t account, const struct u256 *key)
{
    const struct memory_index *x = &l->slot_index;
    for (size_t i = hash_words(account, key->w) & x->mask; x->cells[i] != 0; i = (i + 1) & x->mask) {
        struct layer_slot *slot = &l->slots.at[x->cells[i] - 1];
        if (slot->account == account && u256_equal(slot->key, *key)) return slot;
    }
    return NULL;
}

bool state_layer_account(const struct state_layer *l, const struct address *a, uint64_t hash, struct account_data *out)
{
    const struct layer_account *account = find_account(l, a, hash);
    if (account != NULL) *out = account->data;
    return account != NULL;
}

bool state_layer_storage(const struct state_layer *l, const struct address *a, uint64_t hash, const struct u256 *key,
                         struct u256 *out)
{
    const struct layer_account *account = find_account(l, a, hash);
    if (account == NULL) return false;
    const struct layer_slot *slot = find_slot(l, place_of(l, account), key);
    if (slot != NULL && slot->is_set && slot->generation == account->generation) {
        *out = slot->value;
        return true;
    }
    *out = U256_ZERO;
    return account->generation != 0;
}

bool state_layer_code(const struct state_layer *l, const struct address *a, uint64_t hash, struct bytes *out)
{
    const struct layer_account *account = find_account(l, a, hash);
    if (account == NULL || !account->has_code) return false;
    *out = account->code;
    return true;
}

bool state_layer_block_hash(const struct state_layer *l, uint64_t number, struct hash *out)
{
    for (size_t i = l->hashes.count; i-- > 0;)
        if (l->hashes.at[i].number == number) {
            *out = l->hashes.at[i].hash;
            return true;
        }
    return false;
}

/* ---- changing ------------------------------------------------------------------------------------------------------ */

static void note_account(struct state_layer *l, const struct layer_account *account)
{
    if (l->snapshots.count == 0) return;
    ADD(l->undo, (struct undo){.kind = UNDO_ACCOUNT, .place = place_of(l, account), .account = *account});
}

static struct layer_account *add_account(struct state_layer *l, const struct address *a, uint64_t hash)
{
    ADD(l->accounts, (struct layer_account){.address = *a});
    uint32_t count = (uint32_t)l->accounts.count;
    if (index_grows(&l->account_index, count))
        for (uint32_t i = 0; i + 1 < count; i++)
            index_place(&l->account_index, hash_of_address(&l->accounts.at[i].address), i + 1);
    index_place(&l->account_index, hash, count);
    return &l->accounts.at[count - 1];
}

void state_layer_set_account(struct state_layer *l, const struct address *a, const struct account_data *data,
                             const struct bytes *code)
{
    uint64_t hash = hash_of_address(a);
    struct layer_account *account = find_record(l, a, hash);
    if (account == NULL) account = add_account(l, a, hash);
    note_account(l, account);
    account->is_set = true;
    account->data = *data;
    if (code == NULL) return;
    account->has_code = true;
    account->code = (struct bytes){arena_copy(&l->codes, code->data, code->size), code->size};
}

static struct layer_account *set_account(struct state_layer *l, const struct address *a)
{
    struct layer_account *account = find_record(l, a, hash_of_address(a));
    ASSERT(account != NULL && account->is_set);
    return account;
}

static struct layer_slot *add_slot(struct state_layer *l, uint32_t account, const struct u256 *key)
{
    ADD(l->slots, (struct layer_slot){.account = account, .key = *key});
    uint32_t count = (uint32_t)l->slots.count;
    if (index_grows(&l->slot_index, count))
        for (uint32_t i = 0; i + 1 < count; i++)
            index_place(&l->slot_index, hash_words(l->slots.at[i].account, l->slots.at[i].key.w), i + 1);
    index_place(&l->slot_index, hash_words(account, key->w), count);
    return &l->slots.at[count - 1];
}

void state_layer_set_slot(struct state_layer *l, const struct address *a, const struct u256 *key,
                          const struct u256 *value)
{
    struct layer_account *account = set_account(l, a);
    uint32_t place = place_of(l, account);
    if (!account->data.has_storage && !u256_is_zero(*value)) {
        note_account(l, account);
        account->data.has_storage = true; /* or the slot would not be asked for */
    }
    struct layer_slot *slot = find_slot(l, place, key);
    if (slot == NULL) slot = add_slot(l, place, key);
    if (l->snapshots.count != 0)
        ADD(l->undo, (struct undo){.kind = UNDO_SLOT, .place = (uint32_t)(slot - l->slots.at), .slot = *slot});
    slot->is_set = true;
    slot->generation = account->generation;
    slot->value = *value;
}

void state_layer_wipe(struct state_layer *l, const struct address *a)
{
    struct layer_account *account = set_account(l, a);
    note_account(l, account);
    account->generation++;
    account->data.has_storage = false;
}

void state_layer_set_block_hash(struct state_layer *l, uint64_t number, const struct hash *hash)
{
    if (l->snapshots.count != 0) ADD(l->undo, (struct undo){.kind = UNDO_HASH});
    ADD(l->hashes, (struct layer_hash){number, *hash});
}

struct state_layer *state_layer_copy(const struct state_layer *l)
{
    struct state_layer *copy = state_layer_new();
    for (size_t i = 0; i < l->accounts.count; i++) {
        const struct layer_account *from = &l->accounts.at[i];
        state_layer_set_account(copy, &from->address, &from->data, from->has_code ? &from->code : NULL);
        copy->accounts.at[i].is_set = from->is_set;
        copy->accounts.at[i].generation = from->generation;
    }
    for (size_t i = 0; i < l->slots.count; i++) {
        const struct layer_slot *from = &l->slots.at[i];
        *add_slot(copy, from->account, &from->key) = *from;
    }
    for (size_t i = 0; i < l->hashes.count; i++) ADD(copy->hashes, l->hashes.at[i]);
    return copy;
}

/* ---- snapshots ----------------------------------------------------------------------------------------------------- */

uint64_t state_layer_snapshot(struct state_layer *l)
{
    ADD(l->snapshots, (struct snapshot){++l->last_snapshot, l->undo.count});
    return l->last_snapshot;
}

/* Its place, from 1; 0: there is none. Numbers ascend. */
static size_t find_snapshot(const struct state_layer *l, uint64_t number)
{
    size_t low = 0, high = l->snapshots.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->snapshots.at[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->snapshots.count && l->snapshots.at[low].number == number ? low + 1 : 0;
}

bool state_layer_revert(struct state_layer *l, uint64_t snapshot)
{
    size_t place = find_snapshot(l, snapshot);
    if (place == 0) return false;
    l->snapshots.count = place;
    while (l->undo.count > l->snapshots.at[place - 1].undo_count) {
        const struct undo *u = &l->undo.at[--l->undo.count];
        switch (u->kind) {
        case UNDO_ACCOUNT: l->accounts.at[u->place] = u->account; break;
        case UNDO_SLOT: l->slots.at[u->place] = u->slot; break;
        case UNDO_HASH: l->hashes.count--; break;
        }
    }
    return true;
}

bool state_layer_forget(struct state_layer *l, uint64_t snapshot)
{
    size_t place = find_snapshot(l, snapshot);
    if (place == 0) return false;
    l->snapshots.count = place - 1;
    if (place == 1) l->undo.count = 0;
    return true;
}
