/* Verifying: both ways from the flat state to the tries and back, and every hash.
 *
 * Accounts and slots are streamed in the order in which they lie, and the tries built anew from them. Each node that
 * comes out is looked up at its place; as there are as many of them as the table has, none is missing and none left
 * over. */
#include <stdlib.h>

#include "store/private.h"

struct check {
    struct store *store;
    struct reader *reader;
    struct store_check_result *out;
    struct error *error;
    enum status status;
    uint64_t id;       /* of the storage trie that is built */
    uint64_t nodes[2]; /* of the trie of accounts, and of storage */
};

static enum status complain(struct check *c, const char *what, const void *key, size_t size)
{
    char text[2 * 80 + 1];
    if (c->status != STATUS_OK) return c->status;
    hex_encode(text, key, size < 80 ? size : 80);
    c->status = STORE_DAMAGED;
    return error_set(c->error, STORE_DAMAGED, "%s: %s: %s 0x%s", c->store->folder, status_text(STORE_DAMAGED), what,
                     text);
}

/* ---- state ------------------------------------------------------------------------------------------------------- */

static void compare_node(struct check *c, uint64_t id, const uint8_t *path, size_t depth, struct bytes encoded)
{
    uint8_t key[NODE_KEY_MAX];
    struct bytes found;
    size_t size = node_key_of_path(key, id, path, depth);
    c->out->nodes++;
    c->nodes[id != 0]++;
    if (!table_get(c->store, c->reader, node_table(id), key, size, &found) || !bytes_equal(found, encoded))
        complain(c, "node at", key, size);
}

static void account_node(void *c, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded)
{
    (void)hash;
    compare_node(c, 0, path, depth, encoded);
}

static void slot_node(void *c, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded)
{
    (void)hash;
    compare_node(c, ((struct check *)c)->id, path, depth, encoded);
}

static MDB_cursor *open_cursor(struct check *c, enum table t)
{
    MDB_cursor *cursor = NULL;
    (void)was_found(c->store, mdb_cursor_open(c->reader->txn, c->store->table[t], &cursor));
    return cursor;
}

static void close_cursor(MDB_cursor *cursor)
{
    if (cursor != NULL) mdb_cursor_close(cursor);
}

static bool look(struct check *c, MDB_cursor *cursor, MDB_val *k, MDB_val *v, MDB_cursor_op where)
{
    return cursor != NULL && was_found(c->store, mdb_cursor_get(cursor, k, v, where));
}

/* Builds the storage trie of one account; `cursor` goes through the slots. */
static void check_storage(struct check *c, MDB_cursor *cursor, struct trie_stream *stream,
                          const struct account_record *a, const struct hash *account)
{
    uint8_t from[8], value[TRIE_WORD_SIZE];
    store_be64(from, a->storage_id);
    MDB_val k = {sizeof from, from}, v;
    struct hash root;
    c->id = a->storage_id;
    for (bool there = look(c, cursor, &k, &v, MDB_SET_RANGE);
         there && k.mv_size >= sizeof from && memcmp(k.mv_data, from, sizeof from) == 0;
         there = look(c, cursor, &k, &v, MDB_NEXT)) {
        struct u256 word;
        if (k.mv_size != SLOT_KEY_SIZE) continue; /* a node */
        if (!word_decode(&word, (struct bytes){v.mv_data, v.mv_size}) || u256_is_zero(word)) {
            complain(c, "slot", k.mv_data, k.mv_size);
            continue;
        }
        trie_stream_put(stream, (const uint8_t *)k.mv_data + 8, 32,
                        (struct bytes){value, trie_word_encode(value, word)});
        c->out->slots++;
    }
    trie_stream_root(stream, &root);
    if (!hash_equal(&root, &a->storage_root)) complain(c, "storage root of account", account->b, 32);
}

static void check_state(struct check *c)
{
    struct trie_keeper accounts = {.context = c, .node = account_node}, slots = {.context = c, .node = slot_node};
    struct trie_stream *state = trie_stream_new(&accounts), *storage = trie_stream_new(&slots);
    MDB_cursor *cursor = open_cursor(c, TABLE_ACCOUNTS), *slot_cursor = open_cursor(c, TABLE_STORAGE);
    MDB_val k, v;
    for (bool there = look(c, cursor, &k, &v, MDB_FIRST); there && c->status == STATUS_OK;
         there = look(c, cursor, &k, &v, MDB_NEXT)) {
        struct account_record a;
        struct hash key;
        struct bytes code_bytes;
        uint8_t value[TRIE_ACCOUNT_SIZE];
        if (k.mv_size != ACCOUNT_KEY_SIZE) continue; /* a node */
        if (!account_record_decode(&a, (struct bytes){v.mv_data, v.mv_size})) {
            complain(c, "account", k.mv_data, k.mv_size);
            break;
        }
        memcpy(key.b, k.mv_data, 32);
        if (a.storage_id != 0) check_storage(c, slot_cursor, storage, &a, &key);
        if (!hash_equal(&a.code_hash, &keccak_empty) &&
            !table_get(c->store, c->reader, TABLE_CODES, a.code_hash.b, 32, &code_bytes))
            complain(c, "code with hash", a.code_hash.b, 32);
        struct trie_account t = {a.nonce, a.balance, a.storage_root, a.code_hash};
        trie_stream_put(state, key.b, 32, (struct bytes){value, trie_account_encode(value, &t)});
        c->out->accounts++;
    }
    trie_stream_root(state, &c->out->state_root);
    close_cursor(cursor);
    close_cursor(slot_cursor);
    trie_stream_free(state);
    trie_stream_free(storage);
    if (!hash_equal(&c->out->state_root, &c->store->head.state_root))
        complain(c, "state root of the accounts is", c->out->state_root.b, 32);
}

/* What the loops over pairs passed over were nodes that no trie asked for, or slots under ids that no account has. */
static void check_counts(struct check *c)
{
    MDB_stat accounts, slots;
    uint64_t nodes[2];
    MDB_txn *txn = c->reader->txn;
    const MDB_dbi *table = c->store->table;
    if (!was_found(c->store, mdb_stat(txn, table[TABLE_ACCOUNTS], &accounts)) ||
        accounts.ms_entries != c->out->accounts + c->nodes[0])
        complain(c, "nodes among the accounts that belong to no trie, for example under", &(uint8_t){0}, 1);
    if (!was_found(c->store, mdb_stat(txn, table[TABLE_STORAGE], &slots)) ||
        slots.ms_entries != c->out->slots + c->nodes[1])
        complain(c, "slots that belong to no account or nodes to no trie, for example under", &(uint8_t){0}, 1);
    if (!was_found(c->store, node_counts(txn, table[TABLE_META], nodes)) || nodes[0] != c->nodes[0] ||
        nodes[1] != c->nodes[1])
        complain(c, "numbers of nodes in the meta table, where they begin with", &(uint8_t){0}, 1);
}

static void check_codes(struct check *c)
{
    MDB_cursor *cursor = open_cursor(c, TABLE_CODES);
    MDB_val k, v;
    for (bool there = look(c, cursor, &k, &v, MDB_FIRST); there; there = look(c, cursor, &k, &v, MDB_NEXT)) {
        struct hash hash = keccak256_bytes((struct bytes){v.mv_data, v.mv_size});
        if (k.mv_size != 32 || memcmp(hash.b, k.mv_data, 32) != 0) complain(c, "code with hash", k.mv_data, k.mv_size);
        c->out->codes++;
    }
    close_cursor(cursor);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* The root over the items of a list, as transactions, withdrawals and receipts have it: a string stands for its
 * content. */
static bool list_root(struct rlp *in, struct hash *out)
{
    struct rlp list;
    size_t count;
    if (rlp_enter(in, &list) != STATUS_OK || rlp_count(list, &count) != STATUS_OK) return false;
    struct bytes *items = base_alloc((count + 1) * sizeof *items);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        struct rlp_item item;
        good = rlp_read_item(&list, &item) == STATUS_OK;
        items[i] = item.is_list ? item.encoded : item.payload;
    }
    if (good) trie_ordered_root(out, items, count);
    free(items);
    return good;
}

/* The same where the items themselves, lists, are what is hashed. */
static bool body_matches(struct bytes body, const struct header *h)
{
    struct rlp in = rlp_of(body), list;
    struct rlp_item uncles;
    struct hash root;
    if (rlp_enter(&in, &list) != STATUS_OK || !list_root(&list, &root) || !hash_equal(&root, &h->transactions_root))
        return false;
    if (rlp_read_item(&list, &uncles) != STATUS_OK) return false;
    root = keccak256_bytes(uncles.encoded);
    if (!hash_equal(&root, &h->uncles_hash)) return false;
    if (!header_has(h, HEADER_WITHDRAWALS_ROOT)) return rlp_at_end(&list);
    return list_root(&list, &root) && hash_equal(&root, &h->withdrawals_root) && rlp_at_end(&list);
}

static void check_block(struct check *c, uint64_t number, const struct hash *parent, struct bytes encoded,
                        struct hash *hash)
{
    uint8_t key[8];
    struct header h;
    struct bytes body, receipts, found;
    struct rlp in = rlp_of(encoded);
    struct hash root;
    number_key(key, number);
    *hash = keccak256_bytes(encoded);
    if (header_decode(&h, &in) != STATUS_OK || h.number != number ||
        (number != 0 && !hash_equal(&h.parent_hash, parent)))
        complain(c, "header of block", key, 8);
    else if (!table_get(c->store, c->reader, TABLE_NUMBERS, hash->b, 32, &found) || found.size != 8 ||
             memcmp(found.data, key, 8) != 0)
        complain(c, "number of block", hash->b, 32);
    else if (!table_get(c->store, c->reader, TABLE_BODIES, key, 8, &body) || !body_matches(body, &h))
        complain(c, "body of block", key, 8);
    else if (table_get(c->store, c->reader, TABLE_RECEIPTS, key, 8, &receipts)) { /* may have been pruned */
        in = rlp_of(receipts);
        if (!list_root(&in, &root) || !hash_equal(&root, &h.receipts_root)) complain(c, "receipts of block", key, 8);
    }
    c->out->blocks++;
}

static void check_blocks(struct check *c)
{
    MDB_cursor *cursor = open_cursor(c, TABLE_HEADERS);
    MDB_val k, v;
    uint64_t number = 0;
    struct hash hash = {{0}}, parent;
    for (bool there = look(c, cursor, &k, &v, MDB_FIRST); there && c->status == STATUS_OK;
         there = look(c, cursor, &k, &v, MDB_NEXT), number++) {
        parent = hash;
        if (k.mv_size != 8 || load_be64(k.mv_data) != number)
            complain(c, "header before", k.mv_data, k.mv_size);
        else
            check_block(c, number, &parent, (struct bytes){v.mv_data, v.mv_size}, &hash);
    }
    close_cursor(cursor);
    if (c->status == STATUS_OK && (number != c->store->head.number + 1 || !hash_equal(&hash, &c->store->head.hash)))
        complain(c, "head", c->store->head.hash.b, 32);
}

static void check_undo(struct check *c)
{
    for (uint64_t n = c->store->undo_first; n <= c->store->head.number && c->status == STATUS_OK; n++) {
        uint8_t key[8];
        struct bytes record;
        struct change_set set = {0};
        number_key(key, n);
        if (!table_get(c->store, c->reader, TABLE_UNDO, key, 8, &record) || !undo_decode(&set, record))
            complain(c, "undo record of block", key, 8);
        changes_free(&set);
    }
}

enum status store_check(struct store *s, struct store_check_result *out, struct error *e)
{
    *out = (struct store_check_result){0};
    enum status why = store_commit(s, e);
    if (why != STATUS_OK) return why;
    if (!s->has_head) return error_set(e, STORE_NONE, "%s: no chain in it yet", s->folder);
    struct check c = {.store = s, .reader = reader_take(s), .out = out, .error = e};
    if (c.reader == NULL) return store_status(s, e);
    check_state(&c);
    if (c.status == STATUS_OK) check_counts(&c);
    if (c.status == STATUS_OK) check_codes(&c);
    if (c.status == STATUS_OK) check_blocks(&c);
    if (c.status == STATUS_OK) check_undo(&c);
    reader_give(c.reader);
    why = store_status(s, e); /* what could not be read is no sign of damage */
    return why == STATUS_OK ? c.status : why;
}
