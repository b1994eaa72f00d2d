/* Reading: pending, sealed, cache, database, in this order. */
#define _GNU_SOURCE 1
#include "store/private.h"

#include <errno.h>
#include <time.h>

void read_latency(const struct store *s)
{
    if (s->options.latency_ns == 0) return;
    struct timespec t = {(time_t)(s->options.latency_ns / 1000000000u), (long)(s->options.latency_ns % 1000000000u)};
    while (nanosleep(&t, &t) != 0 && errno == EINTR);
}

static bool is_broken(const struct store *s)
{
    return UNLIKELY(store_status(s, NULL) != STATUS_OK);
}

static void count(_Atomic uint64_t *what)
{
    atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

/* Looks where no database is asked. */
static bool find_in_memory(struct store *s, const struct flat_map *pending, const struct flat_map *sealed,
                           struct flat_cache *cache, const struct flat_key *k, void *out)
{
    const void *found = flat_map_find(pending, k);
    if (found == NULL) found = flat_map_find(sealed, k);
    if (found != NULL) memcpy(out, found, pending->value_size);
    if (found == NULL && !flat_cache_get(cache, k, out)) return false;
    count(&s->hits);
    return true;
}

enum status read_account(struct store *s, const struct hash *key, struct account_record *out)
{
    struct flat_key k = {0, *key};
    if (is_broken(s)) return store_status(s, NULL);
    if (find_in_memory(s, &s->pending.accounts, &s->sealed.accounts, s->account_cache, &k, out)) return STATUS_OK;
    read_latency(s);
    struct reader *r = reader_take(s);
    struct bytes value;
    bool good = true;
    *out = (struct account_record){0};
    if (node_take_along(s, r, 0, key, &value)) good = account_record_decode(out, value);
    reader_give(r);
    count(&s->reads);
    if (is_broken(s)) return store_status(s, NULL);
    if (!good) return STORE_DAMAGED;
    flat_cache_put(s->account_cache, &k, out);
    return STATUS_OK;
}

enum status read_slot(struct store *s, uint64_t id, const struct hash *key, struct u256 *out)
{
    struct flat_key k = {id, *key};
    if (is_broken(s)) return store_status(s, NULL);
    if (find_in_memory(s, &s->pending.slots, &s->sealed.slots, s->slot_cache, &k, out)) return STATUS_OK;
    read_latency(s);
    struct reader *r = reader_take(s);
    struct bytes value;
    bool good = true;
    *out = U256_ZERO;
    if (node_take_along(s, r, id, key, &value)) good = word_decode(out, value);
    reader_give(r);
    count(&s->reads);
    if (is_broken(s)) return store_status(s, NULL);
    if (!good) return STORE_DAMAGED;
    flat_cache_put(s->slot_cache, &k, out);
    return STATUS_OK;
}

static bool code_in_batch(const struct batch *b, const struct hash *hash, struct bytes *out)
{
    for (size_t i = b->code_count; i-- > 0;)
        if (hash_equal(&b->codes[i].hash, hash)) {
            *out = b->codes[i].code;
            return true;
        }
    return false;
}

bool read_code(struct store *s, const struct hash *hash, struct bytes *out)
{
    *out = (struct bytes){0};
    if (hash_equal(hash, &keccak_empty)) return true;
    read_latency(s);
    struct reader *r = reader_take(s);
    bool found = code_in_batch(&s->pending, hash, out) || code_in_batch(&s->sealed, hash, out) ||
                 table_get(s, r, TABLE_CODES, hash->b, sizeof hash->b, out);
    found = found && !is_broken(s);
    if (found) {
        pthread_mutex_lock(&s->code_lock);
        out->data = arena_copy(&s->view_codes, out->data, out->size);
        pthread_mutex_unlock(&s->code_lock);
    }
    reader_give(r);
    return found;
}

/* Slots of a batch under the id, unless a newer batch has them too. */
static void visit_batch(const struct flat_map *m, const struct flat_map *newer, uint64_t id,
                        void (*visit)(void *context, const struct hash *key, struct u256 value), void *context)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct flat_key *k = flat_map_key(m, i);
        struct u256 value = *(const struct u256 *)flat_map_value(m, i);
        if (k->id == id && !u256_is_zero(value) && (newer == NULL || flat_map_find(newer, k) == NULL))
            visit(context, &k->hash, value);
    }
}

void read_all_slots(struct store *s, uint64_t id,
                    void (*visit)(void *context, const struct hash *key, struct u256 value), void *context)
{
    visit_batch(&s->pending.slots, NULL, id, visit, context);
    visit_batch(&s->sealed.slots, &s->pending.slots, id, visit, context);
    struct reader *r = reader_take(s);
    MDB_cursor *cursor = reader_cursor(s, r, TABLE_STORAGE);
    uint8_t from[8];
    store_be64(from, id);
    MDB_val k = {sizeof from, from}, v;
    for (bool there = cursor != NULL && was_found(s, mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE)); there;
         there = was_found(s, mdb_cursor_get(cursor, &k, &v, MDB_NEXT))) {
        struct flat_key key = {.id = id};
        struct u256 value;
        if (k.mv_size < sizeof from || memcmp(k.mv_data, from, sizeof from) != 0) break;
        if (k.mv_size != SLOT_KEY_SIZE) continue; /* a node */
        memcpy(key.hash.b, (const uint8_t *)k.mv_data + 8, 32);
        if (flat_map_find(&s->pending.slots, &key) == NULL && flat_map_find(&s->sealed.slots, &key) == NULL &&
            word_decode(&value, (struct bytes){v.mv_data, v.mv_size}))
            visit(context, &key.hash, value);
    }
    reader_give(r);
}

/* ---- the view ---------------------------------------------------------------------------------------------------- */

/* Who reads slots asks for the same account again and again. */
static struct hash key_of_address(const struct address *a)
{
    static _Thread_local struct {
        bool used;
        struct address address;
        struct hash key;
    } last;
    if (last.used && address_equal(&last.address, a)) return last.key;
    last.key = trie_address_key(a);
    last.address = *a;
    last.used = true;
    return last.key;
}

/* While the root of the block before is being made, an account whose slots that block changed counts as one that has
 * storage: where nothing is, reading finds zero. Only for a creation at an account without nonce and code (EIP-7610)
 * it matters, so there it is waited for. */
static bool may_have_storage(struct store *s, const struct hash *key, const struct account_record *a)
{
    return a->nonce != 0 || !hash_equal(&a->code_hash, &keccak_empty) || stage_has_storage(s->stage, key);
}

static enum status view_account(void *context, const struct address *a, struct account_data *out)
{
    struct account_record found;
    struct hash key = key_of_address(a);
    enum status s = read_account(context, &key, &found);
    *out = s == STATUS_OK ? account_record_data(&found) : (struct account_data){0};
    if (s == STATUS_OK && found.root_to_come) out->has_storage = may_have_storage(context, &key, &found);
    return s;
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct account_record account;
    struct hash hashed = key_of_address(a);
    enum status s = read_account(context, &hashed, &account);
    *out = U256_ZERO;
    if (s != STATUS_OK || account.storage_id == 0) return s;
    hashed = trie_slot_key(key);
    return read_slot(context, account.storage_id, &hashed, out);
}

static enum status view_code(void *context, const struct address *a, const struct hash *code_hash, struct bytes *out)
{
    (void)a;
    if (read_code(context, code_hash, out)) return STATUS_OK;
    return is_broken(context) ? store_status(context, NULL) : STORE_DAMAGED;
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    if (store_block_hash(context, number, out)) return STATUS_OK;
    return is_broken(context) ? store_status(context, NULL) : STATE_MISSING;
}

struct state_view store_view(struct store *s)
{
    return (struct state_view){s, view_account, view_storage, view_code, view_block_hash};
}

/* ---- reads that go wide ------------------------------------------------------------------------------------------ */

struct prefetch {
    struct store *store;
    const struct address *accounts;
    const struct store_slot_name *slots;
    size_t account_count;
};

static void prefetch_task(void *context, size_t i)
{
    const struct prefetch *p = context;
    struct account_data account;
    struct u256 value;
    if (i < p->account_count)
        (void)view_account(p->store, &p->accounts[i], &account);
    else
        (void)view_storage(p->store, &p->slots[i - p->account_count].address, &p->slots[i - p->account_count].key,
                           &value);
}

void store_set_readers(struct store *s, struct pool *pool)
{
    s->readers_pool = pool;
}

void store_prefetch(struct store *s, const struct address *accounts, size_t account_count,
                    const struct store_slot_name *slots, size_t slot_count, struct pool *pool)
{
    struct prefetch p = {s, accounts, slots, account_count};
    pool_for(pool, account_count + slot_count, 1, prefetch_task, &p);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static const struct batch_block *block_in_batch(const struct batch *b, uint64_t number)
{
    for (size_t i = b->block_count; i-- > 0;)
        if (b->blocks[i].number == number) return &b->blocks[i];
    return NULL;
}

static const struct batch_block *block_in_memory(const struct store *s, uint64_t number)
{
    const struct batch_block *b = block_in_batch(&s->pending, number);
    return b != NULL ? b : block_in_batch(&s->sealed, number);
}

bool store_block_part(struct store *s, enum store_part part, uint64_t number, struct buffer *out)
{
    static const enum table tables[] = {TABLE_HEADERS, TABLE_BODIES, TABLE_RECEIPTS};
    if (is_broken(s) || !s->has_head || number > s->head.number) return false;
    const struct batch_block *b = block_in_memory(s, number);
    if (b != NULL) {
        struct bytes parts[] = {b->header, b->body, b->receipts};
        buffer_append(out, parts[part].data, parts[part].size);
        return true;
    }
    uint8_t key[8];
    struct bytes value;
    struct reader *r = reader_take(s);
    number_key(key, number);
    bool found = table_get(s, r, tables[part], key, sizeof key, &value);
    if (found) buffer_append(out, value.data, value.size);
    reader_give(r);
    return found;
}

bool store_durable_number(struct store *s, const struct hash *hash, uint64_t *number)
{
    struct bytes value;
    if (is_broken(s)) return false;
    struct reader *r = reader_take(s);
    bool found = table_get(s, r, TABLE_NUMBERS, hash->b, sizeof hash->b, &value) && value.size == 8;
    if (found) *number = load_be64(value.data);
    reader_give(r);
    return found;
}

bool store_block_number(struct store *s, const struct hash *hash, uint64_t *number)
{
    for (unsigned i = 0; i < 2 && !is_broken(s); i++) {
        const struct batch *b = i == 0 ? &s->pending : &s->sealed;
        for (size_t k = b->block_count; k-- > 0;)
            if (hash_equal(&b->blocks[k].hash, hash)) {
                *number = b->blocks[k].number;
                return true;
            }
    }
    /* It may be one that has been taken back since. */
    struct hash there;
    return store_durable_number(s, hash, number) && store_block_hash(s, *number, &there) && hash_equal(&there, hash);
}

bool store_block_hash(struct store *s, uint64_t number, struct hash *hash)
{
    if (is_broken(s) || !s->has_head || number > s->head.number) return false;
    if (number == s->head.number) {
        *hash = s->head.hash;
        return true;
    }
    /* The block behind names it; headers are short. */
    const struct batch_block *b = block_in_memory(s, number + 1);
    if (b != NULL) {
        *hash = b->parent_hash;
        return true;
    }
    uint8_t key[8];
    struct bytes value;
    struct reader *r = reader_take(s);
    number_key(key, number);
    bool found = table_get(s, r, TABLE_HEADERS, key, sizeof key, &value);
    if (found) keccak256(hash, value.data, value.size);
    reader_give(r);
    return found;
}

bool store_transaction(struct store *s, const struct hash *hash, uint64_t *number, uint32_t *index)
{
    struct bytes value;
    if (is_broken(s)) return false;
    struct reader *r = reader_take(s);
    bool found = table_get(s, r, TABLE_LOOKUP, hash->b, sizeof hash->b, &value) && value.size == 12;
    if (found) {
        *number = load_be64(value.data);
        *index = (uint32_t)value.data[8] << 24 | (uint32_t)value.data[9] << 16 | (uint32_t)value.data[10] << 8 |
                 value.data[11];
    }
    reader_give(r);
    return found;
}

const struct store_head *store_head(const struct store *s)
{
    if (is_broken(s)) return store_durable_head(s);
    return s->has_head ? &s->head : NULL;
}

const struct store_head *store_durable_head(const struct store *s)
{
    return s->has_durable ? &s->durable : NULL;
}
