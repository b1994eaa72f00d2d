/* trie: the Merkle Patricia trie (Yellow Paper, appendix D), Ethereum's commitment to ordered lists and to state.
 *
 *     key nibbles  a 7 f 3 ...
 *     branch ──a──► branch ──7──► extension "f3" ──► branch ──► leaf (rest of the key, value)
 *
 * A node is referred to by the keccak-256 of its RLP, or by the RLP itself where that is shorter than 32 bytes. Here
 * nodes are structs in memory that remember their reference until something below them changes. Two ways to use them:
 *
 *   at once    trie_ordered_root, trie_pairs_root: all pairs are there; build, hash, forget.
 *   over time  struct trie: get, put, delete, root. The root hashes what changed since the last one. A trie
 *              may start from a root hash alone: nodes are then fetched by hash from a trie_source (a witness, a
 *              database) when a key leads to them, and STATE_MISSING says that one was not there.
 *
 * Hashing goes from the deepest level up; all nodes of a level are encoded one after the other and hashed together,
 * eight at a time where the processor can (keccak256_many); with a pool, subtrees go to different workers.
 *
 * Values are never empty: putting an empty value deletes. Threads: one at a time for a trie, except where a pool is
 * passed in. */
#ifndef WEFT_TRIE_H
#define WEFT_TRIE_H

#include "base/base.h"
#include "types/types.h"

/* Longest key in bytes. State tries use 32 (keccak-256 of address or slot), ordered tries 9. */
enum { TRIE_KEY_MAX = 32 };

/* ---- all at once ----------------------------------------------------------------------------------------------- */

struct trie_pair {
    uint8_t key[TRIE_KEY_MAX];
    uint32_t key_size;  /* bytes */
    uint32_t old_size;  /* for trie_put_all alone */
    struct bytes value; /* borrowed; not empty */
};

/* The root of the trie with rlp(i) -> values[i]: transactions, receipts, withdrawals. */
void trie_ordered_root(struct hash *out, const struct bytes *values, size_t count);

/* The root of the trie with these pairs. Sorts them in place; no key twice. `pool` may be NULL. */
void trie_pairs_root(struct hash *out, struct trie_pair *pairs, size_t count, struct pool *pool);

/* ---- state ------------------------------------------------------------------------------------------------------ */

/* Where the tries of the state keep things: keccak256 of the address, or of the slot's 32 bytes. */
struct hash trie_address_key(const struct address *a);
struct hash trie_slot_key(const struct u256 *slot);
/* What the state trie holds under an address's key. */
struct trie_account {
    uint64_t nonce;
    struct u256 balance;
    struct hash storage_root;
    struct hash code_hash;
};
/* Longest encodings of an account and of a storage word. */
enum { TRIE_ACCOUNT_SIZE = 2 + 9 + 33 + 33 + 33, TRIE_WORD_SIZE = 33 };
/* Write the trie's value; return its size. */
size_t trie_account_encode(uint8_t out[TRIE_ACCOUNT_SIZE], const struct trie_account *a);
size_t trie_word_encode(uint8_t out[TRIE_WORD_SIZE], struct u256 word);
/* Any RLP_* status. */
enum status trie_account_decode(struct trie_account *out, struct bytes value);
enum status trie_word_decode(struct u256 *out, struct bytes value);

struct trie_slot {
    struct u256 key, value; /* a value of zero means that the slot is absent */
};
/* The root of an account's storage. */
void trie_storage_root(struct hash *out, const struct trie_slot *slots, size_t count);

struct trie_state_entry {
    struct address address;
    struct trie_account account;
};
/* The root of a state with these accounts. `pool` may be NULL. */
void trie_state_root(struct hash *out, const struct trie_state_entry *entries, size_t count, struct pool *pool);

/* ---- over time -------------------------------------------------------------------------------------------------- */

/* Where nodes that are known by hash alone come from: found by their hash, or (when node_at is set) by their path, the
 * first `depth` nibbles of `key`. node_at may also say that children of the branch that it gives are leaves, as bits of
 * *leaves (else left zero): of a key whose old value trie_put_all is told. */
struct trie_source {
    void *context;
    /* The RLP of the node with that hash, valid until the thread's next call; false when it is not there. */
    bool (*node)(void *context, const struct hash *hash, struct bytes *out);
    bool (*node_at)(void *context, const uint8_t *key, size_t depth, struct bytes *out, uint16_t *leaves);
    /* With node_at, may be NULL: whether node_at need not go far for it, so that guessing what it is does not pay. */
    bool (*is_at_hand)(void *context, const uint8_t *key, size_t depth);
};

struct trie;
/* A trie with the given root; NULL: empty. `source` is copied and may be NULL for a trie that is complete in memory. */
struct trie *trie_new(const struct hash *root, const struct trie_source *source);
void trie_free(struct trie *t);

/* All of these return STATUS_OK, STATE_MISSING when a node on the path is not to be had, or an RLP_* status or
 * TRIE_BAD_NODE when the source gave something that is no node; the trie's contents are then as before. */

/* The value under the key, valid until the next change; empty when there is none. */
enum status trie_get(struct trie *t, const void *key, size_t key_size, struct bytes *value);
/* Sets the value under the key; an empty value deletes. Copies both. */
enum status trie_put(struct trie *t, const void *key, size_t key_size, struct bytes value);
enum status trie_delete(struct trie *t, const void *key, size_t key_size);

/* Puts (and, where a value is empty, deletes) all pairs, values before deletions, so that no branch is taken away that
 * something is put into. Who knows what was there says so: old_size bytes behind the value are the old one (0: nothing,
 * or not known); a leaf that has it is then not asked for at the source, but known by its hash. Sorts the pairs; no key
 * twice. With a pool, the sixteen subtrees below the root are worked on side by side, for which the source must bear
 * being called from many threads. After a failure the trie is between before and after, and only good to be freed. */
enum status trie_put_all(struct trie *t, struct trie_pair *pairs, size_t count, struct pool *pool);

/* The root's hash now. `pool` may be NULL. */
void trie_root(struct trie *t, struct pool *pool, struct hash *out);
/* The roots of many tries, mostly small ones (storage), dealt out to the pool and hashed together. `pool` may be
 * NULL. */
void trie_roots(struct trie *const *tries, size_t count, struct pool *pool, struct hash *out);

/* Who keeps nodes: gets each with its hash, children before parents. The bytes are valid during the call. */
struct trie_sink {
    void *context;
    void (*node)(void *context, const struct hash *hash, struct bytes encoded);
};
/* Like trie_root, and passes every node that is new since the last root to the sink. */
void trie_commit(struct trie *t, const struct trie_sink *sink, struct hash *out);

/* Who keeps nodes by their path: branches and extensions only, since a leaf is its key and value. `path` has `depth`
 * nibbles, one a byte. */
struct trie_keeper {
    void *context;
    void (*gone)(void *context, const uint8_t *path,
                 size_t depth); /* what was kept there is no longer part of the trie */
    void (*node)(void *context, const uint8_t *path, size_t depth, const struct hash *hash, struct bytes encoded);
};
/* The RLP of the leaf at `depth`: what a source answers where a keeper got no node. Needs value.size + TRIE_LEAF_ROOM
 * bytes; returns the size. */
enum { TRIE_LEAF_ROOM = TRIE_KEY_MAX + 24 };
size_t trie_leaf_encode(uint8_t *out, const void *key, size_t key_size, size_t depth, struct bytes value);
/* Tells the keeper what changed since the trie was made or last saved: what is gone, what is new at its path; of
 * several calls for one path the last counts. Only after trie_root, with nothing changed in between. */
void trie_save(struct trie *t, const struct trie_keeper *keeper);
/* Whether there is something to save. */
bool trie_is_unsaved(const struct trie *t);
/* Gives up all nodes that have been saved, and their memory; they come from the source again. */
void trie_forget(struct trie *t);
/* Bytes of memory that the trie holds. */
size_t trie_bytes(const struct trie *t);

/* For reading ahead what a change of the key will need from the source. trie_known: how many nibbles of the key lead to
 * the first node that is not in memory; SIZE_MAX when all are. trie_step: given the node at *depth, whether another
 * that is known by its hash lies behind it on the path, and at which depth. Both give that node's hash. Any number of
 * threads while the trie is not changed. */
size_t trie_known(const struct trie *t, const void *key, size_t key_size, struct hash *hash);
bool trie_step(struct bytes encoded, const void *key, size_t key_size, size_t *depth, struct hash *hash);
/* Whether the node with that hash, at `depth`, is the leaf with that key and value. A value that is empty or longer
 * than an account is not looked at: false. */
bool trie_is_leaf(const struct hash *hash, const void *key, size_t key_size, size_t depth, struct bytes value);

/* ---- from an ordered stream ------------------------------------------------------------------------------------- */

/* The root of pairs that come one after the other in ascending order of keys, all of one size, in memory for one way to
 * a leaf: for states that do not fit memory, and as the plain twin of what is done over time. */
struct trie_stream;
/* `keeper` (may be NULL): its `node` gets every branch and extension, children before parents. */
struct trie_stream *trie_stream_new(const struct trie_keeper *keeper);
/* The value must not be empty. */
void trie_stream_put(struct trie_stream *s, const void *key, size_t key_size, struct bytes value);
/* The root of all that was put; the stream is then empty and may be used again. */
void trie_stream_root(struct trie_stream *s, struct hash *out);
void trie_stream_free(struct trie_stream *s);

/* The value under a key of the trie with that root, read through `source` alone: nothing is kept, nothing allocated.
 * The value lies in the last node that the source gave; empty when there is none. Any number of threads, if the
 * source's callback bears it. */
enum status trie_lookup(const struct trie_source *source, const struct hash *root, const void *key, size_t key_size,
                        struct bytes *value);

#endif
