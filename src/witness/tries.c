/* State tries: the trie of accounts, and below it a trie for each account whose storage somebody asks for. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "witness/witness.h"

struct storage_trie {
    struct address address;
    struct trie *trie;
};

struct state_tries {
    struct trie *accounts;
    struct trie_source source;
    struct storage_trie *storage; /* by address, ascending */
    size_t count, capacity;
};

struct state_tries *state_tries_new(const struct hash *root, const struct trie_source *source)
{
    struct state_tries *t = base_calloc(1, sizeof *t);
    t->accounts = trie_new(root, source);
    t->source = *source;
    return t;
}

void state_tries_free(struct state_tries *t)
{
    if (t == NULL) return;
    trie_free(t->accounts);
    for (size_t i = 0; i < t->count; i++) trie_free(t->storage[i].trie);
    free(t->storage);
    free(t);
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* The account as the trie has it; one that is not there is empty. */
static enum status get_account(struct state_tries *t, const struct address *a, struct trie_account *out)
{
    struct hash key = trie_address_key(a);
    struct bytes value;
    *out = (struct trie_account){.storage_root = keccak_empty_trie, .code_hash = keccak_empty};
    enum status s = trie_get(t->accounts, key.b, sizeof key, &value);
    return s == STATUS_OK && value.size != 0 ? trie_account_decode(out, value) : s;
}

/* Where the address stands among the storage tries, or would. */
static size_t storage_place(const struct state_tries *t, const struct address *a)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(t->storage[middle].address.b, a->b, sizeof a->b) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The storage trie of an account; made when it is new. With `wiped` it starts empty. */
static enum status get_storage(struct state_tries *t, const struct address *a, bool wiped, struct trie **out)
{
    size_t place = storage_place(t, a);
    if (place < t->count && address_equal(&t->storage[place].address, a)) {
        if (wiped) {
            trie_free(t->storage[place].trie);
            t->storage[place].trie = trie_new(NULL, NULL);
        }
        *out = t->storage[place].trie;
        return STATUS_OK;
    }
    struct trie_account account;
    enum status s = get_account(t, a, &account);
    if (s != STATUS_OK) return s;
    if (t->count == t->capacity) {
        t->capacity = t->capacity == 0 ? 16 : 2 * t->capacity;
        t->storage = base_realloc(t->storage, t->capacity * sizeof *t->storage);
    }
    memmove(t->storage + place + 1, t->storage + place, (t->count - place) * sizeof *t->storage);
    t->storage[place] = (struct storage_trie){*a, trie_new(wiped ? NULL : &account.storage_root, &t->source)};
    t->count++;
    *out = t->storage[place].trie;
    return STATUS_OK;
}

enum status state_tries_visit_account(struct state_tries *t, const struct address *a)
{
    struct trie_account account;
    return get_account(t, a, &account);
}

enum status state_tries_visit_slot(struct state_tries *t, const struct address *a, const struct u256 *key)
{
    struct trie *storage;
    struct hash hashed = trie_slot_key(key);
    struct bytes value;
    enum status s = get_storage(t, a, false, &storage);
    return s == STATUS_OK ? trie_get(storage, hashed.b, sizeof hashed, &value) : s;
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

/* The slots of one account that are written (or, for `deletions`, gone). */
static enum status put_slots(struct trie *storage, const struct account_change *change, bool deletions)
{
    for (size_t i = 0; i < change->slot_count; i++) {
        const struct slot_change *slot = &change->slots[i];
        if (u256_is_zero(slot->value) != deletions) continue;
        struct hash key = trie_slot_key(&slot->key);
        uint8_t word[TRIE_WORD_SIZE];
        struct bytes value = {word, deletions ? 0 : trie_word_encode(word, slot->value)};
        enum status s = trie_put(storage, key.b, sizeof key, value);
        if (s != STATUS_OK) return s;
    }
    return STATUS_OK;
}

static enum status change_storage(struct state_tries *t, const struct account_change *change)
{
    struct trie *storage;
    if (!change->exists || (change->slot_count == 0 && !change->storage_wiped)) return STATUS_OK;
    enum status s = get_storage(t, &change->address, change->storage_wiped, &storage);
    if (s == STATUS_OK) s = put_slots(storage, change, false);
    return s == STATUS_OK ? put_slots(storage, change, true) : s;
}

static enum status change_account(struct state_tries *t, const struct account_change *change)
{
    struct hash key = trie_address_key(&change->address);
    struct trie_account account;
    uint8_t encoded[TRIE_ACCOUNT_SIZE];
    if (!change->exists) return trie_delete(t->accounts, key.b, sizeof key);
    enum status s = get_account(t, &change->address, &account);
    if (s != STATUS_OK) return s;
    account.nonce = change->nonce;
    account.balance = change->balance;
    account.code_hash = change->code_hash;
    size_t place = storage_place(t, &change->address);
    if (place < t->count && address_equal(&t->storage[place].address, &change->address))
        trie_root(t->storage[place].trie, NULL, &account.storage_root);
    return trie_put(t->accounts, key.b, sizeof key, (struct bytes){encoded, trie_account_encode(encoded, &account)});
}

enum status state_tries_apply(struct state_tries *t, const struct state_diff *diff)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < diff->count && s == STATUS_OK; i++) s = change_storage(t, &diff->accounts[i]);
    if (s != STATUS_OK) return s;
    /* All storage roots in one go: the accounts find them made. */
    struct trie **tries = base_alloc((t->count + 1) * sizeof *tries);
    struct hash *roots = base_alloc((t->count + 1) * sizeof *roots);
    for (size_t i = 0; i < t->count; i++) tries[i] = t->storage[i].trie;
    trie_roots(tries, t->count, NULL, roots);
    free(tries);
    free(roots);
    for (unsigned deletions = 0; deletions < 2; deletions++)
        for (size_t i = 0; i < diff->count && s == STATUS_OK; i++)
            if (!diff->accounts[i].exists == deletions) s = change_account(t, &diff->accounts[i]);
    return s;
}

void state_tries_root(struct state_tries *t, struct pool *pool, struct hash *out)
{
    trie_root(t->accounts, pool, out);
}
