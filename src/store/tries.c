/* The tries of accounts and storage, held sparsely across blocks: what blocks touched is in memory, the rest is a
 * reference that a read of the database follows when somebody comes by.
 *
 *     changes ──► storage tries, side by side; a big one by its sixteen subtrees ──► their roots, hashed together
 *             ──► accounts with their new roots ──► trie of accounts, by its sixteen subtrees ──► root
 *
 * A node that is not in memory has not changed since the last commit, so the database has it, whether or not a commit
 * is being written meanwhile. Where no node is kept, the path belongs to a leaf: the one pair of the flat state whose
 * key begins so. */
#include <stdlib.h>

#include "store/private.h"

/* A trie in memory; its address is the context of its source. */
struct held {
    struct store *store;
    uint64_t id;
    struct trie *trie;
    uint64_t used; /* the update in which it was last needed */
};

struct tries {
    struct store *store;
    struct held accounts;
    struct held **held; /* storage tries */
    uint32_t *cells;    /* by storage id: place in `held` + 1 */
    size_t count, capacity, mask;
    uint64_t now;
};

/* ---- where nodes come from --------------------------------------------------------------------------------------- */

static bool begins_with(const uint8_t *found, const uint8_t *key, size_t depth)
{
    return memcmp(found, key, depth / 2) == 0 && (depth % 2 == 0 || found[depth / 2] >> 4 == key[depth / 2] >> 4);
}

/* What the trie has for the account; 0: nothing. */
static size_t account_value(uint8_t out[TRIE_ACCOUNT_SIZE], const struct account_record *a)
{
    struct trie_account value = {a->nonce, a->balance, a->storage_root, a->code_hash};
    return a->exists ? trie_account_encode(out, &value) : 0;
}

/* The value of the trie of accounts, or of a storage trie, for a pair of the flat state. */
static size_t trie_value(uint64_t id, struct bytes flat, uint8_t out[TRIE_ACCOUNT_SIZE])
{
    struct account_record a;
    struct u256 word;
    if (id != 0) return word_decode(&word, flat) && !u256_is_zero(word) ? trie_word_encode(out, word) : 0;
    return account_record_decode(&a, flat) ? account_value(out, &a) : 0;
}

size_t node_leaf(uint8_t out[NODE_MAX], uint64_t id, const uint8_t *pair, struct bytes flat, const uint8_t *key,
                 size_t depth)
{
    uint8_t value[TRIE_ACCOUNT_SIZE], pair_id[8];
    if (id != 0) store_be64(pair_id, id);
    if (id != 0 && memcmp(pair, pair_id, sizeof pair_id) != 0) return 0;
    if (id != 0) pair += sizeof pair_id;
    if (!begins_with(pair, key, depth)) return 0;
    size_t size = trie_value(id, flat, value);
    return size == 0 ? 0 : trie_leaf_encode(out, pair, 32, depth, (struct bytes){value, size});
}

/* The leaf at `depth` on the way of `key`, from the flat state: the first pair whose key begins so. */
static size_t find_leaf(struct store *s, MDB_cursor *cursor, uint64_t id, const uint8_t *key, size_t depth,
                        uint8_t out[NODE_MAX])
{
    uint8_t from[NODE_KEY_MAX];
    size_t before = id == 0 ? 0 : 8;
    (void)node_key(from, id, key, depth);
    MDB_val k = {before + (depth + 1) / 2, from}, v;
    bool there = was_found(s, mdb_cursor_get(cursor, &k, &v, k.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE));
    while (there && k.mv_size != before + 32) /* nodes above */
        there = was_found(s, mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
    return !there ? 0 : node_leaf(out, id, k.mv_data, (struct bytes){v.mv_data, v.mv_size}, key, depth);
}

/* Reads the node at `depth` on the way of `key`; its size, 0 when there is none. */
static size_t read_node(struct store *s, uint64_t id, const uint8_t *key, size_t depth, uint8_t node[NODE_MAX])
{
    uint8_t place[NODE_KEY_MAX];
    MDB_val k = {node_key(place, id, key, depth), place}, found;
    size_t size = 0;
    read_latency(s);
    struct reader *r = reader_take(s);
    MDB_cursor *cursor = reader_cursor(s, r, node_table(id));
    map_was_read(s);
    if (cursor != NULL && !was_found(s, mdb_cursor_get(cursor, &k, &found, MDB_SET)))
        size = find_leaf(s, cursor, id, key, depth, node);
    else if (cursor != NULL && found.mv_size <= NODE_MAX)
        memcpy(node, found.mv_data, size = found.mv_size);
    reader_give(r);
    atomic_fetch_add_explicit(&s->node_reads, 1, memory_order_relaxed);
    return size;
}

/* ---- reading nodes wide ------------------------------------------------------------------------------------------ */

static bool node_at(void *context, const uint8_t *key, size_t depth, struct bytes *out, uint16_t *leaves)
{
    static _Thread_local uint8_t node[NODE_MAX];
    const struct held *h = context;
    struct flat_key k = fetched_place(h->id, key, depth);
    struct node_at_hand found;
    if (at_hand_find(h->store, &k, &found)) {
        *out = found.encoded;
        *leaves = found.leaves;
        return true;
    }
    *out = (struct bytes){node, read_node(h->store, h->id, key, depth, node)};
    return out->size != 0;
}

static bool is_at_hand(void *context, const uint8_t *key, size_t depth)
{
    const struct held *h = context;
    struct flat_key k = fetched_place(h->id, key, depth);
    struct node_at_hand found;
    return at_hand_find(h->store, &k, &found);
}

/* A key whose way is read, and what is known to be there: an account or a word. */
struct way_job {
    const struct held *held;
    const uint8_t *key;
    const struct account_record *account;
    const struct u256 *word;
};
struct fetch {
    struct store *store;
    const struct way_job *ways;
};

/* Goes the way as far as it is at hand, and with `read` to its end. Whether something is left to read. */
static bool go_way(struct store *s, const struct way_job *w, bool read)
{
    uint8_t value[TRIE_ACCOUNT_SIZE];
    size_t value_size = 0;
    struct hash hash;
    size_t depth = trie_known(w->held->trie, w->key, 32, &hash);
    if (depth == SIZE_MAX) return false;
    if (w->account != NULL) value_size = account_value(value, w->account);
    if (w->word != NULL && !u256_is_zero(*w->word)) value_size = trie_word_encode(value, *w->word);
    for (bool leaf = false; depth < 64 && !leaf;) {
        uint8_t node[NODE_MAX];
        struct flat_key k = fetched_place(w->held->id, w->key, depth);
        struct node_at_hand found = {0};
        if (!at_hand_find(s, &k, &found)) {
            if (trie_is_leaf(&hash, w->key, 32, depth, (struct bytes){value, value_size})) return false;
            if (!read) return true;
            found.encoded = (struct bytes){node, read_node(s, w->held->id, w->key, depth, node)};
            if (found.encoded.size == 0) return false;
            fetched_put(s->at_hand.fetched, &k, found, SIZE_MAX);
        }
        leaf = (found.leaves >> (w->key[depth / 2] >> (depth % 2 == 0 ? 4 : 0) & 15) & 1) != 0;
        if (!trie_step(found.encoded, w->key, 32, &depth, &hash)) return false;
    }
    return false;
}

static void fetch_task(void *context, size_t i)
{
    const struct fetch *f = context;
    (void)go_way(f->store, &f->ways[i], true);
}

static struct held *find_storage(struct tries *t, const struct changed_account *c);

/* Reads the ways of all changed keys, but for those that need nothing read, each on a thread of the readers. */
static void fetch_ways(struct tries *t, struct change_set *set)
{
    size_t count = set->count;
    for (size_t i = 0; i < set->count; i++) count += set->accounts[i].slot_count;
    struct way_job *ways = base_alloc((count + 1) * sizeof *ways);
    struct fetch f = {t->store, ways};
    count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct changed_account *c = &set->accounts[i];
        const struct held *h = c->slot_count != 0 ? find_storage(t, c) : NULL;
        ways[count++] = (struct way_job){&t->accounts, c->key.b, &c->old, NULL};
        for (size_t k = 0; k < c->slot_count; k++)
            ways[count++] = (struct way_job){h, c->slots[k].key.b, NULL, &c->slots[k].old};
    }
    t->store->at_hand.fetched = fetched_new();
    size_t all = count;
    count = 0;
    for (size_t i = 0; i < all; i++)
        if (go_way(t->store, &ways[i], false)) ways[count++] = ways[i];
    pool_for(t->store->readers_pool, count, 1, fetch_task, &f);
    free(ways);
}

static void hold(struct held *h, struct store *s, uint64_t id, const struct hash *root)
{
    struct trie_source source = {.context = h, .node_at = node_at, .is_at_hand = is_at_hand};
    *h = (struct held){s, id, trie_new(root, &source), 0};
}

/* ---- which are held ---------------------------------------------------------------------------------------------- */

static size_t cell_of(const struct tries *t, uint64_t id)
{
    size_t i = hash_pair(id, 0) & t->mask;
    while (t->cells[i] != 0 && t->held[t->cells[i] - 1]->id != id) i = (i + 1) & t->mask;
    return i;
}

static void index_all(struct tries *t)
{
    if (t->capacity < 2 * (t->count + 1)) {
        t->capacity = t->capacity == 0 ? 64 : 2 * t->capacity;
        t->held = base_realloc(t->held, t->capacity * sizeof(struct held *));
        t->mask = 2 * t->capacity - 1;
        t->cells = base_realloc(t->cells, (t->mask + 1) * sizeof *t->cells);
    }
    memset(t->cells, 0, (t->mask + 1) * sizeof *t->cells);
    for (size_t i = 0; i < t->count; i++) t->cells[cell_of(t, t->held[i]->id)] = (uint32_t)i + 1;
}

/* The storage trie of an account before the change. */
static struct held *find_storage(struct tries *t, const struct changed_account *c)
{
    uint64_t id = change_storage_id(c);
    if (t->count + 1 >= t->capacity) index_all(t);
    size_t cell = cell_of(t, id);
    if (t->cells[cell] == 0) {
        struct held *h = base_alloc(sizeof *h);
        hold(h, t->store, id, c->old.storage_id != 0 ? &c->old.storage_root : NULL);
        t->held[t->count++] = h;
        t->cells[cell] = (uint32_t)t->count;
    }
    struct held *h = t->held[t->cells[cell] - 1];
    h->used = t->now;
    return h;
}

struct tries *tries_new(struct store *s)
{
    struct tries *t = base_calloc(1, sizeof *t);
    t->store = s;
    hold(&t->accounts, s, 0, s->has_head ? &s->head.state_root : NULL);
    index_all(t);
    return t;
}

void tries_free(struct tries *t)
{
    if (t == NULL) return;
    trie_free(t->accounts.trie);
    for (size_t i = 0; i < t->count; i++) {
        trie_free(t->held[i]->trie);
        free(t->held[i]);
    }
    free(t->held);
    free(t->cells);
    free(t);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

/* An account whose storage changes. */
struct storage_change {
    struct changed_account *change;
    struct held *held;
    enum status status;
};

static enum status put_slots(struct storage_change *c, struct pool *pool)
{
    size_t count = c->change->slot_count;
    struct trie_pair *pairs = base_alloc(count * sizeof *pairs);
    uint8_t(*words)[2 * TRIE_WORD_SIZE] = base_alloc(count * sizeof *words); /* the new one, and behind it the old */
    for (size_t i = 0; i < count; i++) {
        const struct changed_slot *slot = &c->change->slots[i];
        size_t size = u256_is_zero(slot->new) ? 0 : trie_word_encode(words[i], slot->new);
        size_t old = u256_is_zero(slot->old) ? 0 : trie_word_encode(words[i] + size, slot->old);
        memcpy(pairs[i].key, slot->key.b, 32);
        pairs[i].key_size = 32;
        pairs[i].old_size = (uint32_t)old;
        pairs[i].value = (struct bytes){words[i], size};
    }
    enum status s = trie_put_all(c->held->trie, pairs, count, pool);
    free(pairs);
    free(words);
    return s;
}

static void storage_task(void *context, size_t i)
{
    struct storage_change *c = (struct storage_change *)context + i;
    c->status = put_slots(c, NULL);
}

/* An account with so many changed slots gets the whole pool for itself. */
enum { BIG_CHANGE = 256 };

static int smaller_first(const void *a, const void *b)
{
    const struct storage_change *x = a, *y = b;
    return (x->change->slot_count > y->change->slot_count) - (x->change->slot_count < y->change->slot_count);
}

static enum status update_storage(struct tries *t, struct change_set *set, struct pool *pool)
{
    struct storage_change *all = base_alloc((set->count + 1) * sizeof *all);
    struct trie **tries = base_alloc((set->count + 1) * sizeof(struct trie *));
    struct hash *roots = base_alloc((set->count + 1) * sizeof *roots);
    size_t count = 0, small = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < set->count; i++)
        if (set->accounts[i].slot_count != 0)
            all[count++] = (struct storage_change){&set->accounts[i], find_storage(t, &set->accounts[i]), STATUS_OK};
    qsort(all, count, sizeof *all, smaller_first);
    while (small < count && (pool == NULL || all[small].change->slot_count < BIG_CHANGE)) small++;
    pool_for(pool, small, 4, storage_task, all);
    for (size_t i = 0; i < small && s == STATUS_OK; i++) s = all[i].status;
    for (size_t i = small; i < count && s == STATUS_OK; i++) s = put_slots(&all[i], pool);
    if (s == STATUS_OK) {
        for (size_t i = 0; i < count; i++) tries[i] = all[i].held->trie;
        for (size_t i = small; i < count; i++) trie_root(tries[i], pool, &roots[i]);
        trie_roots(tries, small, pool, roots);
        for (size_t i = 0; i < count; i++) all[i].change->new.storage_root = roots[i];
    }
    free(all);
    free(tries);
    free(roots);
    return s;
}

static enum status update_accounts(struct tries *t, struct change_set *set, struct pool *pool, struct hash *root)
{
    struct trie_pair *pairs = base_alloc((set->count + 1) * sizeof *pairs);
    uint8_t(*values)[2 * TRIE_ACCOUNT_SIZE] = base_alloc((set->count + 1) * sizeof *values); /* likewise */
    for (size_t i = 0; i < set->count; i++) {
        size_t size = account_value(values[i], &set->accounts[i].new);
        memcpy(pairs[i].key, set->accounts[i].key.b, 32);
        pairs[i].key_size = 32;
        pairs[i].old_size = (uint32_t)account_value(values[i] + size, &set->accounts[i].old);
        pairs[i].value = (struct bytes){values[i], size};
    }
    enum status s = trie_put_all(t->accounts.trie, pairs, set->count, pool);
    if (s == STATUS_OK) trie_root(t->accounts.trie, pool, root);
    free(pairs);
    free(values);
    return s;
}

enum status tries_update(struct tries *t, struct change_set *set, struct pool *pool, struct hash *root)
{
    t->now++;
    if (t->store->readers_pool != NULL) fetch_ways(t, set);
    enum status s = update_storage(t, set, pool);
    if (s == STATUS_OK) s = update_accounts(t, set, pool, root);
    fetched_free(t->store->at_hand.fetched);
    t->store->at_hand.fetched = NULL;
    return s;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

struct save {
    struct batch *batch;
    uint64_t id;
};

static void save_node(void *context, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded)
{
    const struct save *save = context;
    struct batch *b = save->batch;
    (void)hash;
    if (b->node_count == b->node_capacity) {
        b->node_capacity = b->node_capacity == 0 ? 1024 : 2 * b->node_capacity;
        b->nodes = base_realloc(b->nodes, b->node_capacity * sizeof *b->nodes);
    }
    uint8_t *copy = arena_alloc(&b->arena, depth + encoded.size + 1, 1);
    memcpy(copy, path, depth);
    if (encoded.size != 0) memcpy(copy + depth, encoded.data, encoded.size);
    b->nodes[b->node_count] = (struct batch_node){
        save->id, copy, {copy + depth, encoded.size}, (uint32_t)depth, (uint32_t)b->node_count};
    b->node_count++;
}

static void save_gone(void *context, const uint8_t *path, size_t depth)
{
    save_node(context, path, depth, NULL, (struct bytes){0});
}

void tries_save(struct tries *t, struct batch *b)
{
    struct save save = {b, 0};
    struct trie_keeper keeper = {&save, save_gone, save_node};
    trie_save(t->accounts.trie, &keeper);
    for (size_t i = 0; i < t->count; i++) {
        save.id = t->held[i]->id;
        if (trie_is_unsaved(t->held[i]->trie)) trie_save(t->held[i]->trie, &keeper);
    }
}

size_t tries_bytes(const struct tries *t)
{
    size_t bytes = trie_bytes(t->accounts.trie);
    for (size_t i = 0; i < t->count; i++) bytes += trie_bytes(t->held[i]->trie) + sizeof(struct held);
    return bytes;
}

static int longest_unused_first(const void *a, const void *b)
{
    const struct held *x = *(struct held *const *)a, *y = *(struct held *const *)b;
    return (x->used > y->used) - (x->used < y->used);
}

/* Returns how many bytes that gave back. */
static size_t forget(struct held *h)
{
    size_t before = trie_bytes(h->trie);
    trie_forget(h->trie);
    size_t after = trie_bytes(h->trie);
    return before > after ? before - after : 0;
}

void tries_shrink(struct tries *t, size_t bytes)
{
    size_t now = tries_bytes(t), kept = 0;
    if (now <= bytes) return;
    size_t wanted = bytes - bytes / 4; /* not to be back at once */
    qsort(t->held, t->count, sizeof(struct held *), longest_unused_first);
    for (size_t i = 0; i < t->count; i++) {
        struct held *h = t->held[i];
        if (now > wanted && trie_is_unsaved(h->trie)) now -= forget(h);
        if (now <= wanted || trie_is_unsaved(h->trie)) {
            t->held[kept++] = h;
            continue;
        }
        now -= trie_bytes(h->trie) + sizeof *h;
        trie_free(h->trie);
        free(h);
    }
    t->count = kept;
    index_all(t);
    if (now > wanted) (void)forget(&t->accounts);
}
