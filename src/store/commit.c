/* Commits: everything of a batch in one transaction of the database, in order of keys, table after table. The disk has
 * it when the transaction is committed; what goes wrong before leaves the state of the commit before. */
#define _GNU_SOURCE 1
#include "store/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- batches ----------------------------------------------------------------------------------------------------- */

void batch_free(struct batch *b)
{
    flat_map_free(&b->accounts);
    flat_map_free(&b->slots);
    free(b->blocks);
    free(b->removed);
    free(b->codes);
    free(b->nodes);
    arena_free(&b->arena);
    *b = (struct batch){.accounts = {.value_size = sizeof(struct account_record)},
                        .slots = {.value_size = sizeof(struct u256)}};
}

size_t store_pending_bytes(const struct store *s)
{
    const struct batch *b = &s->pending;
    size_t grown = s->tries_size > s->tries_base ? s->tries_size - s->tries_base : 0;
    return flat_map_bytes(&b->accounts) + flat_map_bytes(&b->slots) + b->arena.reserved + grown;
}

uint64_t store_pending_blocks(const struct store *s)
{
    return s->pending.block_count;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct write {
    struct store *store;
    const struct batch *batch;
    MDB_txn *txn;
    int code;          /* the first failure */
    uint64_t nodes[2]; /* how many there are; see node_counts */
};

static void put(struct write *w, enum table t, const void *key, size_t key_size, struct bytes value)
{
    if (w->code != 0) return;
    MDB_val k = {key_size, (void *)(uintptr_t)key}, v = {value.size, (void *)(uintptr_t)value.data};
    w->store->written_bytes += key_size + value.size;
    map_was_read(w->store);
    w->code = mdb_put(w->txn, w->store->table[t], &k, &v, 0);
}

static void delete(struct write *w, enum table t, const void *key, size_t key_size)
{
    if (w->code != 0) return;
    MDB_val k = {key_size, (void *)(uintptr_t)key};
    int code = mdb_del(w->txn, w->store->table[t], &k, NULL);
    if (code != MDB_NOTFOUND) w->code = code;
}

/* What a look into the database said; a failure is noted. */
static bool is_there(struct write *w, int code)
{
    if (code != MDB_NOTFOUND && w->code == 0) w->code = code;
    return code == 0;
}

/* An entry of a map, on its way into order. */
struct ordered {
    uint64_t first, second; /* of the key, as numbers */
    uint32_t entry;
};

static int by_key(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return (x->second > y->second) - (x->second < y->second);
}

/* Entries of a map in about the order in which the database has them; the rest of equal beginnings does not matter. */
static struct ordered *in_order(const struct flat_map *m, bool by_id)
{
    struct ordered *all = base_alloc((m->count + 1) * sizeof *all);
    for (size_t i = 0; i < m->count; i++) {
        const struct flat_key *k = flat_map_key(m, i);
        uint64_t hash = load_be64(k->hash.b);
        all[i] = (struct ordered){by_id ? k->id : hash, by_id ? hash : 0, (uint32_t)i};
    }
    qsort(all, m->count, sizeof *all, by_key);
    return all;
}

static int by_place(const void *a, const void *b)
{
    const struct batch_node *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    uint32_t common = x->depth < y->depth ? x->depth : y->depth;
    int order = memcmp(x->path, y->path, common);
    if (order == 0) order = (int)x->depth - (int)y->depth;
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool same_place(const struct batch_node *x, const struct batch_node *y)
{
    return x->id == y->id && x->depth == y->depth && memcmp(x->path, y->path, x->depth) == 0;
}

/* ---- accounts, slots, and the nodes among them ------------------------------------------------------------------- */

/* Puts (no value: deletes) by a cursor, which looks for the key in the page where it is, first. Returns by how much the
 * number of entries has grown. */
static int put_here(struct write *w, MDB_cursor *cursor, const void *key, size_t key_size, struct bytes value)
{
    if (w->code != 0) return 0;
    MDB_val k = {key_size, (void *)(uintptr_t)key}, old, v = {value.size, (void *)(uintptr_t)value.data};
    map_was_read(w->store);
    bool found = is_there(w, mdb_cursor_get(cursor, &k, &old, MDB_SET));
    if (found && value.size == old.mv_size && value.size != 0 && memcmp(old.mv_data, value.data, value.size) == 0)
        return 0; /* no page of the file changes */
    if (value.size != 0) {
        w->store->written_bytes += key_size + value.size;
        k = (MDB_val){key_size, (void *)(uintptr_t)key};
        if (w->code == 0) w->code = mdb_cursor_put(cursor, &k, &v, 0);
        return !found;
    }
    if (found) w->code = mdb_cursor_del(cursor, 0);
    return -(int)found;
}

static void put_account(struct write *w, MDB_cursor *cursor, const struct flat_key *k, const void *value)
{
    uint8_t record[ACCOUNT_RECORD_MAX];
    size_t size = account_record_encode(record, value);
    (void)put_here(w, cursor, k->hash.b, ACCOUNT_KEY_SIZE, (struct bytes){record, size});
}

static void put_slot(struct write *w, MDB_cursor *cursor, const struct flat_key *k, const void *value)
{
    uint8_t key[SLOT_KEY_SIZE], word[32];
    store_be64(key, k->id);
    memcpy(key + 8, k->hash.b, 32);
    size_t size = word_encode(word, *(const struct u256 *)value);
    (void)put_here(w, cursor, key, sizeof key, (struct bytes){word, size});
}

static void put_node(struct write *w, MDB_cursor *cursor, const struct batch_node *n)
{
    uint8_t key[NODE_KEY_MAX];
    size_t size = node_key_of_path(key, n->id, n->path, n->depth);
    w->nodes[n->id != 0] += (uint64_t)(int64_t)put_here(w, cursor, key, size, n->encoded);
}

/* Whether the node lies before the pair, as far as the beginnings of their keys tell. */
static bool lies_before(const struct batch_node *n, const struct ordered *pair, bool by_id)
{
    uint64_t start = 0;
    for (uint32_t i = 0; i < 16; i++) start = start << 4 | (i < n->depth ? n->path[i] : 0);
    if (by_id && n->id != pair->first) return n->id < pair->first;
    return start <= (by_id ? pair->second : pair->first);
}

/* One table, from its first key to its last: a page that has been left is not needed again. */
static void write_pairs(struct write *w, enum table t, const struct flat_map *m, const struct batch_node *node,
                        const struct batch_node *end)
{
    bool by_id = t == TABLE_STORAGE;
    struct ordered *order = in_order(m, by_id);
    MDB_cursor *cursor = NULL;
    if (w->code == 0) w->code = mdb_cursor_open(w->txn, w->store->table[t], &cursor);
    for (size_t i = 0; w->code == 0 && (i < m->count || node < end);) {
        if (node + 1 < end && same_place(node, node + 1)) {
            node++; /* the last one counts */
        } else if (node < end && (i == m->count || lies_before(node, &order[i], by_id))) {
            put_node(w, cursor, node++);
        } else {
            const struct flat_key *k = flat_map_key(m, order[i].entry);
            (by_id ? put_slot : put_account)(w, cursor, k, flat_map_value(m, order[i].entry));
            i++;
        }
    }
    if (cursor != NULL) mdb_cursor_close(cursor);
    free(order);
}

static void write_state(struct write *w)
{
    const struct batch *b = w->batch;
    size_t first = 0; /* of the nodes of storage tries */
    if (w->code == 0) w->code = node_counts(w->txn, w->store->table[TABLE_META], w->nodes);
    if (b->node_count != 0) qsort(b->nodes, b->node_count, sizeof *b->nodes, by_place);
    while (first < b->node_count && b->nodes[first].id == 0) first++;
    write_pairs(w, TABLE_ACCOUNTS, &b->accounts, b->nodes, b->nodes + first);
    write_pairs(w, TABLE_STORAGE, &b->slots, b->nodes + first, b->nodes + b->node_count);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* Look-ups of a block that is taken back, or whose look-ups are no longer wanted. */
static void delete_lookups(struct write *w, const uint8_t number[8])
{
    MDB_val k = {8, (void *)(uintptr_t)number}, v;
    if (w->code != 0 || !is_there(w, mdb_get(w->txn, w->store->table[TABLE_BODIES], &k, &v))) return;
    /* The body may move while the table is written. */
    struct buffer body = {0};
    buffer_append(&body, v.mv_data, v.mv_size);
    struct rlp in = rlp_of(buffer_bytes(&body)), list, all;
    struct rlp_item item;
    if (rlp_enter(&in, &list) == STATUS_OK && rlp_enter(&list, &all) == STATUS_OK)
        while (!rlp_at_end(&all) && rlp_read_item(&all, &item) == STATUS_OK) {
            struct hash hash = keccak256_bytes(item.is_list ? item.encoded : item.payload);
            MDB_val key = {32, hash.b}, found;
            bool there = is_there(w, mdb_get(w->txn, w->store->table[TABLE_LOOKUP], &key, &found));
            if (there && found.mv_size == 12 && memcmp(found.mv_data, number, 8) == 0)
                delete (w, TABLE_LOOKUP, hash.b, 32);
        }
    buffer_free(&body);
}

static void remove_blocks(struct write *w)
{
    for (size_t i = 0; i < w->batch->removed_count; i++) {
        uint8_t key[8];
        number_key(key, w->batch->removed[i].number);
        delete_lookups(w, key);
        delete (w, TABLE_HEADERS, key, 8);
        delete (w, TABLE_BODIES, key, 8);
        delete (w, TABLE_RECEIPTS, key, 8);
        delete (w, TABLE_UNDO, key, 8);
        delete (w, TABLE_NUMBERS, w->batch->removed[i].hash.b, 32);
    }
}

struct lookup {
    struct hash hash;
    uint8_t place[12];
};

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void write_lookups(struct write *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->batch->block_count; i++) count += w->batch->blocks[i].transaction_count;
    struct lookup *all = base_alloc((count + 1) * sizeof *all);
    count = 0;
    for (size_t i = 0; i < w->batch->block_count; i++) {
        const struct batch_block *b = &w->batch->blocks[i];
        for (uint32_t k = 0; k < b->transaction_count; k++) {
            struct lookup *l = &all[count++];
            uint32_t index = __builtin_bswap32(k);
            l->hash = b->transactions[k];
            number_key(l->place, b->number);
            memcpy(l->place + 8, &index, sizeof index);
        }
    }
    qsort(all, count, sizeof *all, by_hash);
    for (size_t i = 0; i < count; i++) put(w, TABLE_LOOKUP, all[i].hash.b, 32, (struct bytes){all[i].place, 12});
    free(all);
}

static void write_blocks(struct write *w)
{
    for (size_t i = 0; i < w->batch->block_count; i++) {
        const struct batch_block *b = &w->batch->blocks[i];
        uint8_t key[8];
        number_key(key, b->number);
        put(w, TABLE_HEADERS, key, 8, b->header);
        put(w, TABLE_BODIES, key, 8, b->body);
        if (b->receipts.size != 0) put(w, TABLE_RECEIPTS, key, 8, b->receipts);
        if (b->number >= w->batch->undo_end) put(w, TABLE_UNDO, key, 8, b->undo);
        put(w, TABLE_NUMBERS, b->hash.b, 32, (struct bytes){key, 8});
    }
    for (size_t i = 0; i < w->batch->code_count; i++)
        put(w, TABLE_CODES, w->batch->codes[i].hash.b, 32, w->batch->codes[i].code);
}

/* Undo records that are too old. */
static void delete_undo(struct write *w)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    if (w->code == 0) w->code = mdb_cursor_open(w->txn, w->store->table[TABLE_UNDO], &cursor);
    if (w->code != 0) return;
    while (w->code == 0 && is_there(w, mdb_cursor_get(cursor, &k, &v, MDB_FIRST)) && k.mv_size == 8 &&
           load_be64(k.mv_data) < w->batch->undo_end)
        w->code = mdb_cursor_del(cursor, 0);
    mdb_cursor_close(cursor);
}

static void write_meta(struct write *w)
{
    const struct batch *b = w->batch;
    uint8_t head[8 + 32 + 32 + 32], number[8], counts[NODE_COUNTS_SIZE];
    number_key(head, b->head.number);
    memcpy(head + 8, b->head.hash.b, 32);
    memcpy(head + 40, b->head.state_root.b, 32);
    u256_store_be(head + 72, b->head.total_difficulty);
    put(w, TABLE_META, "head", 4, (struct bytes){head, sizeof head});
    number_key(number, b->next_id);
    put(w, TABLE_META, "next id", 7, (struct bytes){number, 8});
    number_key(number, b->undo_end);
    put(w, TABLE_META, "undo first", 10, (struct bytes){number, 8});
    number_key(number, w->store->options.history);
    put(w, TABLE_META, "history", 7, (struct bytes){number, 8});
    node_counts_encode(counts, w->nodes);
    put(w, TABLE_META, "nodes", 5, (struct bytes){counts, sizeof counts});
}

/* A database whose file is no longer in its folder takes everything, and nobody finds it again. */
static bool is_in_folder(const struct store *s)
{
    char path[4096];
    struct stat open_file, named;
    mdb_filehandle_t file;
    (void)snprintf(path, sizeof path, "%s/state.mdb", s->folder);
    return mdb_env_get_fd(s->env, &file) == 0 && fstat(file, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

static enum status write_batch(struct store *s, const struct batch *b, struct error *e)
{
    struct write w = {.store = s, .batch = b};
    uint64_t start = clock_wall_ns();
    w.code = mdb_txn_begin(s->env, NULL, 0, &w.txn);
    if (w.code != 0) return store_break_by(s, w.code, "writing", e);
    remove_blocks(&w);
    write_state(&w);
    write_blocks(&w);
    write_lookups(&w);
    delete_undo(&w);
    if (b->has_head) write_meta(&w);
    if (w.code == 0)
        w.code = mdb_txn_commit(w.txn);
    else
        mdb_txn_abort(w.txn);
    if (w.code == 0 && !is_in_folder(s)) w.code = ENOENT;
    s->commits++;
    s->commit_ns += clock_wall_ns() - start;
    return w.code == 0 ? STATUS_OK : store_break_by(s, w.code, "writing", e);
}

/* ---- committing -------------------------------------------------------------------------------------------------- */

/* What was written is from now on found in the cache. Nobody puts an older value there meanwhile: who asks for a key of
 * the batch finds it in the batch, and does not ask the database. */
static void fill_cache(struct flat_cache *cache, const struct flat_map *m)
{
    for (size_t i = 0; i < m->count; i++) flat_cache_put(cache, flat_map_key(m, i), flat_map_value(m, i));
}

static void write_sealed(struct store *s)
{
    if (write_batch(s, &s->sealed, NULL) == STATUS_OK) {
        fill_cache(s->account_cache, &s->sealed.accounts);
        fill_cache(s->slot_cache, &s->sealed.slots);
    }
    atomic_store_explicit(&s->writer_ended, true, memory_order_release);
}

static void *writer_main(void *store)
{
    (void)pthread_setname_np(pthread_self(), "weft-writer");
    write_sealed(store);
    return NULL;
}

bool store_is_committing(const struct store *s)
{
    return s->sealing && !atomic_load_explicit(&s->writer_ended, memory_order_acquire);
}

enum status commit_wait(struct store *s, struct error *e)
{
    if (s->sealing && s->has_writer) pthread_join(s->writer, NULL);
    bool sealing = s->sealing;
    s->sealing = s->has_writer = false;
    enum status why = store_status(s, e);
    if (why != STATUS_OK || !sealing) return why;
    if (s->sealed.has_head) {
        s->durable = s->sealed.head;
        s->has_durable = true;
    }
    readers_release(s);
    at_hand_clear(s);
    batch_free(&s->sealed);
    tries_shrink(s->tries, s->options.cache_bytes / 4);
    s->tries_size = tries_bytes(s->tries);
    s->tries_base = s->tries_size;
    return STATUS_OK;
}

enum status store_commit_begin(struct store *s, struct error *e)
{
    ASSERT(!s->applying.begun);
    enum status why = commit_wait(s, e);
    struct batch *b = &s->pending;
    if (why != STATUS_OK || !b->has_head) return why;
    tries_save(s->tries, b);
    s->tries_base = s->tries_size;
    s->sealed = *b;
    *b = (struct batch){0};
    batch_free(b);
    atomic_store_explicit(&s->writer_ended, false, memory_order_relaxed);
    s->sealing = true;
    s->has_writer = pthread_create(&s->writer, NULL, writer_main, s) == 0;
    if (!s->has_writer) write_sealed(s); /* where the system gives no thread */
    return STATUS_OK;
}

enum status store_commit(struct store *s, struct error *e)
{
    enum status why = store_commit_begin(s, e);
    return why == STATUS_OK ? commit_wait(s, e) : why;
}
