/* What the files of store/ share. */
#ifndef WEFT_STORE_PRIVATE_H
#define WEFT_STORE_PRIVATE_H

#include <lmdb.h>
#include <pthread.h>

#include "crypto/crypto.h"
#include "store/flat.h"
#include "store/store.h"

/* ---- records (record.c) ------------------------------------------------------------------------------------------ */

/* An account as the store knows it. Without `exists` all else is zero. */
struct account_record {
    bool exists;
    uint64_t nonce;
    uint64_t storage_id; /* 0: never had a slot */
    struct u256 balance;
    struct hash code_hash, storage_root;
    bool root_to_come; /* in `pending` only: the storage root is that before a block whose tries are being changed */
};
enum { ACCOUNT_RECORD_MAX = 2 + 8 + 32 + 32 + 8 + 32 };
/* Returns the size; 0 for an account that does not exist. */
size_t account_record_encode(uint8_t out[ACCOUNT_RECORD_MAX], const struct account_record *a);
bool account_record_decode(struct account_record *out, struct bytes in);
/* A word without leading zeros. */
size_t word_encode(uint8_t out[32], struct u256 word);
bool word_decode(struct u256 *out, struct bytes in);

/* The account as views give it. */
struct account_data account_record_data(const struct account_record *a);

/* What one block, or taking one back, does to the state; keys hashed. */
struct changed_slot {
    struct hash key;
    struct u256 old, new;
};
struct changed_account {
    struct hash key;
    struct account_record old, new; /* new.storage_root is filled in by tries_update */
    struct changed_slot *slots;
    size_t slot_count;
};
struct change_set {
    struct changed_account *accounts;
    size_t count;
    struct arena arena;
};
/* The storage id under which the account's slots lie: of the side that has one. */
static inline uint64_t change_storage_id(const struct changed_account *c)
{
    return c->new.storage_id != 0 ? c->new.storage_id : c->old.storage_id;
}
/* Old values of a change, as bytes, and back: then `new` is what was old, and `old` is left empty. */
void undo_encode(struct buffer *out, const struct change_set *set);
bool undo_decode(struct change_set *out, struct bytes in);

/* ---- batches ----------------------------------------------------------------------------------------------------- */

struct batch_block {
    uint64_t number;
    struct hash hash;
    struct bytes header, body, receipts, undo;
    const struct hash *transactions;
    uint32_t transaction_count;
    struct hash parent_hash;
};
/* A block that is taken back: its entries are deleted. */
struct batch_removed {
    uint64_t number;
    struct hash hash;
};
struct batch_code {
    struct hash hash;
    struct bytes code;
};
/* A node that is new, or (no bytes) gone. */
struct batch_node {
    uint64_t id;
    const uint8_t *path;
    struct bytes encoded;
    uint32_t depth, order;
};

/* Changes of some blocks, on their way to the database. */
struct batch {
    struct flat_map accounts; /* struct account_record */
    struct flat_map slots;    /* struct u256 */
    struct batch_block *blocks;
    struct batch_removed *removed;
    struct batch_code *codes;
    struct batch_node *nodes; /* gathered from the tries when the batch is sealed */
    size_t block_count, block_capacity, removed_count, removed_capacity, code_count, code_capacity;
    size_t node_count, node_capacity;
    struct arena arena;
    bool has_head;
    struct store_head head;
    uint64_t next_id;
    uint64_t undo_end; /* undo records of lower numbers are given up */
};

/* ---- the store --------------------------------------------------------------------------------------------------- */

enum table {
    TABLE_META,
    TABLE_ACCOUNTS,
    TABLE_STORAGE,
    TABLE_CODES,
    TABLE_HEADERS,
    TABLE_BODIES,
    TABLE_RECEIPTS,
    TABLE_UNDO,
    TABLE_NUMBERS,
    TABLE_LOOKUP,
    TABLE_COUNT
};
extern const char *const table_names[TABLE_COUNT];

/* A reading transaction, used by one thread at a time. */
enum { READERS = 200 };
struct reader {
    _Alignas(64) atomic_flag busy;
    bool open;           /* the transaction is at a snapshot, that of ... */
    uint64_t generation; /* ... this commit */
    MDB_txn *txn;
    MDB_cursor *cursor[2]; /* through accounts and storage: reader_cursor */
    bool cursor_open[2];   /* ... at the transaction's snapshot */
};

struct tries;   /* tries.c */
struct fetched; /* fetched.c */
struct stage;   /* stage.c */

/* The tries' part of applying a block: asked for, and what came out. */
struct stage_work {
    struct change_set set; /* gets the new storage roots */
    struct pool *pool;     /* may be NULL */
    enum status status;
    struct hash root;
    struct buffer undo; /* the record that undoes the block */
    size_t tries_size;  /* bytes */
};

struct store {
    char *folder;
    int lock_file, statm_file;
    MDB_env *env;
    void *map; /* where the database is mapped; NULL: not known */
    MDB_dbi table[TABLE_COUNT];
    struct store_options options;
    struct reader readers[READERS];
    _Atomic uint64_t generation; /* commits that readers may see */

    struct flat_cache *account_cache, *slot_cache;
    struct tries *tries;
    struct pool *readers_pool;         /* NULL: reads do not go wide */
    struct at_hand {                   /* nodes that need not be read */
        struct fetched *fetched;       /* by many readers, while tries are changed; else NULL */
        struct fetched *taken, *older; /* along, when pairs were read */
    } at_hand;
    struct stage *stage;
    struct applying { /* the newest block, between store_apply_begin and store_apply_end */
        bool begun;
        struct stage_work work;
        struct hash expected_root;
        struct store_head before; /* what is there again if the root is wrong */
        uint64_t next_id, undo_first;
        size_t code_count;
    } applying;

    struct failure { /* the first one: failure.c */
        _Atomic uint32_t status;
        struct error error;
        pthread_mutex_t lock;
    } failure;

    bool has_head, has_durable;
    struct store_head head, durable;
    uint64_t next_id;
    uint64_t undo_first;     /* oldest block that can be undone */
    uint64_t history_before; /* what the folder had as `history` when it was opened */

    size_t tries_size;        /* bytes of the tries when they were last changed */
    size_t tries_base;        /* the same when the last batch was sealed or given up */
    _Atomic uint32_t touches; /* see map_was_read */

    struct batch pending, sealed;
    bool sealing;    /* a batch is being written, or has been and is waited for ... */
    bool has_writer; /* ... by the thread below; else by the thread that sealed it */
    _Atomic bool writer_ended;
    pthread_t writer;

    pthread_mutex_t code_lock;
    struct arena view_codes; /* codes handed out by the view */

    _Atomic uint64_t reads, node_reads, hits, read_ns;
    uint64_t commits, commit_ns, written_bytes;
};

/* Turns what the database said into a status, with one line in *e. */
enum status store_failure(const struct store *s, int code, const char *doing, struct error *e);
/* From now on the store refuses everything, with this failure if it is the first. Returns the first; any thread. */
enum status store_break(struct store *s, const struct error *why);
/* The same for what the database said; *e (may be NULL) gets the first one. */
enum status store_break_by(struct store *s, int code, const char *doing, struct error *e);
/* What the database says of a key: there, not there, or (then the store is broken) neither. */
bool was_found(struct store *s, int code);

/* A reading transaction at the newest commit; given back by the same thread. NULL when the database gives none: then
 * the store is broken. */
struct reader *reader_take(struct store *s);
void reader_give(struct reader *r);
/* A cursor through TABLE_ACCOUNTS or TABLE_STORAGE; the reader's own. NULL as above. */
MDB_cursor *reader_cursor(struct store *s, struct reader *r, enum table t);
/* Ends all snapshots of older commits, so that their pages can be used again. */
void readers_release(struct store *s);
/* Counts a look into the map. Its pages count as memory of this process, though the kernel can take them at any time,
 * and each look brings in some neighbours. Where they may have become more than is to be kept, the map is told to
 * forget them; what is needed again comes from the kernel's cache. Any thread. */
void map_was_read(struct store *s);
/* Reads one value; it lies in the database, valid until reader_give. False with a reader that is NULL. */
bool table_get(struct store *s, struct reader *r, enum table t, const void *key, size_t size, struct bytes *out);

/* ---- reading (read.c) -------------------------------------------------------------------------------------------- */

void read_latency(const struct store *s); /* plays a slow disk, where the options ask for one */
/* STATUS_OK, or STORE_DAMAGED. Any thread. */
enum status read_account(struct store *s, const struct hash *key, struct account_record *out);
enum status read_slot(struct store *s, uint64_t id, const struct hash *key, struct u256 *out);
bool read_code(struct store *s, const struct hash *hash, struct bytes *out); /* into view_codes */
/* Every slot under the id that is not zero, also of what is not committed, in no order. */
void read_all_slots(struct store *s, uint64_t id,
                    void (*visit)(void *context, const struct hash *key, struct u256 value), void *context);
/* The keys of tables by number: big-endian, so that they lie in order. */
static inline void number_key(uint8_t key[8], uint64_t number)
{
    store_be64(key, number);
}
enum { ACCOUNT_KEY_SIZE = 32, SLOT_KEY_SIZE = 8 + 32 };

/* ---- where nodes lie (place.c) ----------------------------------------------------------------------------------- */

/* Nodes of the trie of accounts (id 0) lie among the accounts, those of storage tries among the slots, each before or
 * between the pairs below it: who changes a slot changes the nodes above it, too, and so mostly the same page. */
static inline enum table node_table(uint64_t id)
{
    return id == 0 ? TABLE_ACCOUNTS : TABLE_STORAGE;
}
/* A key of node_table(id) that is as long as this is a pair's; all others are nodes'. */
static inline size_t pair_key_size(uint64_t id)
{
    return id == 0 ? ACCOUNT_KEY_SIZE : SLOT_KEY_SIZE;
}
enum { NODE_KEY_MAX = 8 + TRIE_KEY_MAX + 2 };
/* The key of the node under the first `depth` nibbles of `way`, two in a byte; returns its size. */
size_t node_key(uint8_t out[NODE_KEY_MAX], uint64_t id, const uint8_t *way, size_t depth);
/* The same for a path with one nibble in a byte. */
size_t node_key_of_path(uint8_t out[NODE_KEY_MAX], uint64_t id, const uint8_t *path, size_t depth);

/* What the meta table has under "nodes": how many there are of the trie of accounts, and of storage. */
enum { NODE_COUNTS_SIZE = 16 };
static inline void node_counts_encode(uint8_t out[NODE_COUNTS_SIZE], const uint64_t counts[2])
{
    store_be64(out, counts[0]);
    store_be64(out + 8, counts[1]);
}
/* Reads them; gives the database's code. */
int node_counts(MDB_txn *txn, MDB_dbi meta, uint64_t counts[2]);

/* ---- nodes at hand (fetched.c) ----------------------------------------------------------------------------------- */

/* Longest node: a branch of sixteen hashes. */
enum { NODE_MAX = 3 + 16 * 33 + 1 };

/* Nodes by place, of any number of threads. */
struct fetched *fetched_new(void);
void fetched_free(struct fetched *f);
/* The place of a node: an id, and the first `depth` nibbles of a key. */
struct flat_key fetched_place(uint64_t id, const uint8_t *key, size_t depth);
struct node_at_hand {
    struct bytes encoded;
    uint16_t leaves; /* children that are known to be leaves: see trie_source */
};
/* Copies the node, or adds its leaves if it is there, unless there would be more than `most` bytes. */
void fetched_put(struct fetched *f, const struct flat_key *k, struct node_at_hand node, size_t most);
bool fetched_find(struct fetched *f, const struct flat_key *k, struct node_at_hand *out);

void at_hand_open(struct store *s);
void at_hand_close(struct store *s);
/* The node at the place, if it is at hand. Holds until at_hand_clear or at_hand_turn. Any thread. */
bool at_hand_find(struct store *s, const struct flat_key *k, struct node_at_hand *out);
/* Gives all up: with each commit. */
void at_hand_clear(struct store *s);
/* Gives the older half up when it has become much, and begins a new one. No reads, no work on tries meanwhile. */
void at_hand_turn(struct store *s);
/* Looks a pair up, as table_get; takes along what lies near of the nodes on its way. */
bool node_take_along(struct store *s, struct reader *r, uint64_t id, const struct hash *key, struct bytes *value);
/* The leaf at `depth` that the pair is, if it lies on the way of `key`; its size, or 0. */
size_t node_leaf(uint8_t out[NODE_MAX], uint64_t id, const uint8_t *pair, struct bytes flat, const uint8_t *key,
                 size_t depth);

/* ---- tries (tries.c) --------------------------------------------------------------------------------------------- */

struct tries *tries_new(struct store *s);
void tries_free(struct tries *t);
/* Brings the tries to what they are after the changes and gives the root of accounts; fills in the accounts' new
 * storage roots. After a failure the tries are between before and after. */
enum status tries_update(struct tries *t, struct change_set *set, struct pool *pool, struct hash *root);
/* Moves what is unsaved into the batch. */
void tries_save(struct tries *t, struct batch *b);
/* Gives up what has been committed until the tries hold no more than `bytes`, or nothing else; only when all that has
 * been saved has been committed. */
void tries_shrink(struct tries *t, size_t bytes);
size_t tries_bytes(const struct tries *t);

/* ---- the root of a block while the next one runs (stage.c) ------------------------------------------------------- */

struct stage *stage_new(struct store *s);
void stage_free(struct stage *st);
/* Does the work, on the store's own thread if `beside`; the work is borrowed until stage_wait. */
void stage_begin(struct stage *st, struct stage_work *w, bool beside);
/* Waits until the work is done. */
void stage_wait(struct stage *st);
bool stage_is_done(struct stage *st);
/* Whether the account, one of the work's, has storage after it. Waits. Any thread, before stage_wait. */
bool stage_has_storage(struct stage *st, const struct hash *key);

/* ---- changes (change.c) ------------------------------------------------------------------------------------------ */

/* The change that a diff of the head's state means: keys hashed, old values read, storage ids given. */
enum status changes_of_diff(struct store *s, const struct state_diff *diff, struct pool *pool, struct change_set *out);
/* The other way round: what brings the state back. */
void changes_swap(struct change_set *set);
void changes_free(struct change_set *set);

/* ---- writing (commit.c) ------------------------------------------------------------------------------------------ */

void batch_free(struct batch *b);
/* Brings the folder to the history that was asked for, or the other way round (stat.c). */
enum status settle_history(struct store *s, struct error *e);
/* Waits for the running commit, if there is one. */
enum status commit_wait(struct store *s, struct error *e);

#endif
