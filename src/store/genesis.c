/* The first block: a whole state at once. Accounts and slots are sorted by hash and streamed: each goes to its table
 * and into the tries, whose nodes go to the database as they are done. One transaction: a store has its genesis, or
 * nothing. */
#include <stdlib.h>

#include "store/private.h"

struct genesis {
    struct store *store;
    const struct state_memory *memory;
    MDB_txn *txn;
    int code;          /* the first failure */
    uint64_t nodes[2]; /* of the trie of accounts, and of storage */
    struct trie_stream *accounts, *slots;
    uint64_t id; /* of the storage trie that is streamed */
};

static void put(struct genesis *g, enum table t, const void *key, size_t key_size, struct bytes value)
{
    MDB_val k = {key_size, (void *)(uintptr_t)key}, v = {value.size, (void *)(uintptr_t)value.data};
    if (g->code == 0) g->code = mdb_put(g->txn, g->store->table[t], &k, &v, 0);
}

static void put_node(struct genesis *g, uint64_t id, const uint8_t *path, size_t depth, struct bytes encoded)
{
    uint8_t key[NODE_KEY_MAX];
    size_t size = node_key_of_path(key, id, path, depth);
    put(g, node_table(id), key, size, encoded);
    g->nodes[id != 0]++;
}

static void account_node(void *g, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded)
{
    (void)hash;
    put_node(g, 0, path, depth, encoded);
}

static void slot_node(void *g, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded)
{
    (void)hash;
    put_node(g, ((struct genesis *)g)->id, path, depth, encoded);
}

struct sorted {
    struct hash key;
    uint32_t index;
};

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

static void put_storage(struct genesis *g, const struct memory_account *a, struct hash *root)
{
    struct sorted *all = base_alloc(a->live_slots * sizeof *all);
    size_t count = 0;
    for (uint32_t id = a->first_slot; id != 0; id = g->memory->slots[id - 1].next) {
        const struct memory_slot *slot = &g->memory->slots[id - 1];
        uint8_t plain[32];
        if (u256_is_zero(slot->value)) continue;
        u256_store_be(plain, slot->key);
        keccak256_32(&all[count].key, plain);
        all[count++].index = id - 1;
    }
    qsort(all, count, sizeof *all, by_key);
    for (size_t i = 0; i < count; i++) {
        uint8_t key[SLOT_KEY_SIZE], word[32], value[TRIE_WORD_SIZE];
        struct u256 v = g->memory->slots[all[i].index].value;
        store_be64(key, g->id);
        memcpy(key + 8, all[i].key.b, 32);
        put(g, TABLE_STORAGE, key, sizeof key, (struct bytes){word, word_encode(word, v)});
        trie_stream_put(g->slots, all[i].key.b, 32, (struct bytes){value, trie_word_encode(value, v)});
    }
    trie_stream_root(g->slots, root);
    free(all);
}

static void put_account(struct genesis *g, const struct sorted *which)
{
    const struct memory_account *a = &g->memory->accounts[which->index];
    struct account_record record = {.exists = true,
                                    .nonce = a->nonce,
                                    .balance = a->balance,
                                    .code_hash = a->code_hash,
                                    .storage_root = keccak_empty_trie};
    if (a->live_slots != 0) {
        g->id = record.storage_id = g->store->next_id++;
        put_storage(g, a, &record.storage_root);
    }
    uint8_t flat[ACCOUNT_RECORD_MAX], value[TRIE_ACCOUNT_SIZE];
    struct trie_account t = {record.nonce, record.balance, record.storage_root, record.code_hash};
    put(g, TABLE_ACCOUNTS, which->key.b, 32, (struct bytes){flat, account_record_encode(flat, &record)});
    trie_stream_put(g->accounts, which->key.b, 32, (struct bytes){value, trie_account_encode(value, &t)});
    if (a->code.size != 0) put(g, TABLE_CODES, a->code_hash.b, 32, a->code);
}

static void put_state(struct genesis *g, struct hash *root)
{
    const struct state_memory *m = g->memory;
    struct sorted *all = base_alloc((m->account_count + 1) * sizeof *all);
    size_t count = 0;
    for (uint32_t i = 0; i < m->account_count; i++)
        if (m->accounts[i].exists) {
            keccak256(&all[count].key, m->accounts[i].address.b, 20);
            all[count++].index = i;
        }
    qsort(all, count, sizeof *all, by_key);
    for (size_t i = 0; i < count; i++) put_account(g, &all[i]);
    trie_stream_root(g->accounts, root);
    free(all);
}

static enum status check_same(struct store *s, const struct hash *hash, struct error *e)
{
    struct hash there;
    if (store_block_hash(s, 0, &there) && hash_equal(&there, hash)) return STATUS_OK;
    enum status why = store_status(s, e);
    if (why != STATUS_OK) return why;
    char found[65], expected[65];
    hex_encode(found, there.b, sizeof there);
    hex_encode(expected, hash->b, sizeof hash->b);
    return error_set(e, STORE_OTHER_CHAIN, "%s: %s: its first block is 0x%s, expected 0x%s", s->folder,
                     status_text(STORE_OTHER_CHAIN), found, expected);
}

/* The block's own entries, by way of an ordinary batch. */
static enum status commit_block(struct store *s, const struct header *header, const struct hash *hash, struct error *e)
{
    struct rlp_writer w = {0}, body = {0};
    struct batch *b = &s->pending;
    header_encode(&w, header);
    size_t lists = header_has(header, HEADER_WITHDRAWALS_ROOT) ? 3 : 2;
    for (size_t i = 0; i < lists; i++) rlp_put_list(&body, rlp_mark(&body));
    rlp_put_list(&body, 0);
    const uint8_t none = 0xc0;
    struct bytes h = rlp_written(&w), bd = rlp_written(&body);
    b->blocks = base_calloc(1, sizeof *b->blocks);
    b->block_capacity = b->block_count = 1;
    b->blocks[0] = (struct batch_block){.hash = *hash,
                                        .header = {arena_copy(&b->arena, h.data, h.size), h.size},
                                        .body = {arena_copy(&b->arena, bd.data, bd.size), bd.size},
                                        .receipts = {arena_copy(&b->arena, &none, 1), 1}};
    s->head = b->head = (struct store_head){0, *hash, header->state_root, header->difficulty};
    s->has_head = b->has_head = true;
    s->undo_first = b->undo_end = 1;
    b->next_id = s->next_id;
    rlp_writer_free(&w);
    rlp_writer_free(&body);
    return store_commit(s, e);
}

enum status store_genesis(struct store *s, const struct header *header, const struct state_memory *state,
                          struct error *e)
{
    struct hash hash, root;
    enum status why = store_status(s, e);
    if (why != STATUS_OK) return why;
    header_hash(&hash, header);
    if (s->has_head) return check_same(s, &hash, e);
    struct genesis g = {.store = s, .memory = state};
    struct trie_keeper accounts = {.context = &g, .node = account_node}, slots = {.context = &g, .node = slot_node};
    g.code = mdb_txn_begin(s->env, NULL, 0, &g.txn);
    if (g.code != 0) return store_break_by(s, g.code, "writing the genesis state", e);
    /* What a process that died between the two commits below has left behind. */
    static const enum table tables[] = {TABLE_ACCOUNTS, TABLE_STORAGE, TABLE_CODES};
    for (size_t i = 0; i < COUNT_OF(tables) && g.code == 0; i++) g.code = mdb_drop(g.txn, s->table[tables[i]], 0);
    g.accounts = trie_stream_new(&accounts);
    g.slots = trie_stream_new(&slots);
    put_state(&g, &root);
    trie_stream_free(g.accounts);
    trie_stream_free(g.slots);
    bool same = hash_equal(&root, &header->state_root);
    uint8_t counts[NODE_COUNTS_SIZE];
    node_counts_encode(counts, g.nodes);
    put(&g, TABLE_META, "nodes", 5, (struct bytes){counts, sizeof counts});
    if (g.code == 0 && same)
        g.code = mdb_txn_commit(g.txn);
    else
        mdb_txn_abort(g.txn);
    if (!same) return error_set(e, BLOCK_STATE_ROOT, "genesis: %s", status_text(BLOCK_STATE_ROOT));
    if (g.code != 0) return store_break_by(s, g.code, "writing the genesis state", e);
    tries_free(s->tries);
    readers_release(s);
    struct store_head head = {0, hash, root, header->difficulty};
    s->head = head;
    s->has_head = true;
    s->tries = tries_new(s); /* at the root that is there now */
    return commit_block(s, header, &hash, e);
}
