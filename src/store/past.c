/* The state after an earlier block: the undo records of its successors, oldest last, laid over the state of the
 * head. */
#include <stdlib.h>

#include "store/private.h"

struct store_past {
    struct store *store;
    uint64_t number;
    struct flat_map accounts, slots; /* what is different from the head's state */
};

static void lay_over(struct store_past *p, const struct change_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct changed_account *c = &set->accounts[i];
        struct flat_key k = {0, c->key};
        *(struct account_record *)flat_map_put(&p->accounts, &k) = c->new;
        k.id = c->new.storage_id; /* 0: then it had no slot */
        for (size_t n = 0; n < c->slot_count && k.id != 0; n++) {
            k.hash = c->slots[n].key;
            *(struct u256 *)flat_map_put(&p->slots, &k) = c->slots[n].new;
        }
    }
}

static bool take_back(struct store_past *p, uint64_t number)
{
    struct store *s = p->store;
    struct change_set set = {0};
    struct bytes record = {0};
    bool found = false;
    for (unsigned i = 0; i < 2 && !found; i++) {
        const struct batch *b = i == 0 ? &s->pending : &s->sealed;
        for (size_t k = b->block_count; k-- > 0 && !found;) {
            found = b->blocks[k].number == number;
            if (found) record = b->blocks[k].undo;
        }
    }
    struct reader *r = reader_take(s);
    uint8_t key[8];
    number_key(key, number);
    if (!found) found = table_get(s, r, TABLE_UNDO, key, sizeof key, &record);
    bool good = found && undo_decode(&set, record);
    reader_give(r);
    if (good) lay_over(p, &set);
    changes_free(&set);
    return good;
}

enum status store_past_new(struct store_past **out, struct store *s, uint64_t number, struct error *e)
{
    *out = NULL;
    ASSERT(!s->applying.begun);
    enum status why = store_status(s, e);
    if (why != STATUS_OK) return why;
    if (!s->has_head || number > s->head.number || number + 1 < s->undo_first)
        return error_set(e, STORE_NO_HISTORY, "%s: block %llu: %s", s->folder, (unsigned long long)number,
                         status_text(STORE_NO_HISTORY));
    struct store_past *p = base_calloc(1, sizeof *p);
    p->store = s;
    p->number = number;
    p->accounts.value_size = sizeof(struct account_record);
    p->slots.value_size = sizeof(struct u256);
    for (uint64_t n = s->head.number; n > number; n--)
        if (!take_back(p, n)) {
            store_past_free(p);
            why = store_status(s, e);
            if (why != STATUS_OK) return why;
            return error_set(e, STORE_DAMAGED, "%s: undo record of block %llu: %s", s->folder, (unsigned long long)n,
                             status_text(STORE_DAMAGED));
        }
    *out = p;
    return STATUS_OK;
}

void store_past_free(struct store_past *p)
{
    if (p == NULL) return;
    flat_map_free(&p->accounts);
    flat_map_free(&p->slots);
    free(p);
}

static enum status past_record(const struct store_past *p, const struct address *a, struct account_record *out)
{
    struct flat_key k = {.hash = trie_address_key(a)};
    const struct account_record *found = flat_map_find(&p->accounts, &k);
    if (found == NULL) return read_account(p->store, &k.hash, out);
    *out = *found;
    return STATUS_OK;
}

static enum status past_account(void *context, const struct address *a, struct account_data *out)
{
    struct account_record found;
    enum status s = past_record(context, a, &found);
    *out = s == STATUS_OK ? account_record_data(&found) : (struct account_data){0};
    return s;
}

static enum status past_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    const struct store_past *p = context;
    struct account_record account;
    enum status s = past_record(p, a, &account);
    *out = U256_ZERO;
    if (s != STATUS_OK || account.storage_id == 0) return s;
    struct flat_key k = {.id = account.storage_id, .hash = trie_slot_key(key)};
    const struct u256 *found = flat_map_find(&p->slots, &k);
    if (found == NULL) return read_slot(p->store, account.storage_id, &k.hash, out);
    *out = *found;
    return STATUS_OK;
}

static enum status past_code(void *context, const struct address *a, const struct hash *code_hash, struct bytes *out)
{
    (void)a;
    return read_code(((struct store_past *)context)->store, code_hash, out) ? STATUS_OK : STORE_DAMAGED;
}

static enum status past_block_hash(void *context, uint64_t number, struct hash *out)
{
    const struct store_past *p = context;
    return number <= p->number && store_block_hash(p->store, number, out) ? STATUS_OK : STATE_MISSING;
}

struct state_view store_past_view(struct store_past *p)
{
    return (struct state_view){p, past_account, past_storage, past_code, past_block_hash};
}
