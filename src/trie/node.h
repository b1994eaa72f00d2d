/* node: nodes of a trie in memory. Private to trie/.
 *
 *     branch      16 children and, where a key may end in the middle of another, a leaf with an empty path
 *     extension   nibbles that all keys below share, and one child (a branch)
 *     leaf        the whole key and the value; which part of the key is the path follows from the leaf's depth
 *     stub        known by its reference alone; fetched from the trie's source when somebody comes by
 *
 * `reference` is valid while reference_size is not 0; 0 means that the node or something below it changed. */
#ifndef WEFT_TRIE_NODE_H
#define WEFT_TRIE_NODE_H

#include "trie/trie.h"

enum node_kind { NODE_STUB, NODE_LEAF, NODE_EXTENSION, NODE_BRANCH };

enum {
    NIBBLES_MAX = 2 * TRIE_KEY_MAX,
    BRANCH_VALUE = 16, /* child number of the value's leaf */
    BRANCH_SIZE = 17
};

struct node {
    struct node *next;      /* in a free list, or in a level while the trie is hashed */
    uint8_t kind;           /* enum node_kind */
    uint8_t reference_size; /* 32: a hash; less: the node's RLP; 0: to be made */
    uint8_t size_class;     /* leaves: which free list it came from */
    uint8_t reference[32];
};
struct branch {
    struct node node;
    struct node *child[BRANCH_SIZE]; /* NULL where there is none */
};
struct extension {
    struct node node;
    struct node *child;
    uint8_t size; /* nibbles */
    uint8_t path[NIBBLES_MAX];
};
struct leaf {
    struct node node;
    struct bytes value; /* behind the key, or borrowed */
    uint8_t key_size;   /* bytes */
    uint8_t key[];      /* key_size bytes, then the value if it is owned */
};

/* Nodes of one trie: from an arena, with lists of given-up ones to take again. */
enum { LEAF_CLASS_SIZE = 32, LEAF_CLASSES = 10 };
struct node_pool {
    struct arena arena;
    struct node *branches, *extensions, *stubs, *leaves[LEAF_CLASSES];
};
struct branch *node_new_branch(struct node_pool *p);
struct extension *node_new_extension(struct node_pool *p, const uint8_t *path, size_t size, struct node *child);
/* A leaf that holds a copy of the value, or (borrow) points at it. */
struct leaf *node_new_leaf(struct node_pool *p, const uint8_t *key, size_t key_size, struct bytes value, bool borrow);
struct node *node_new_stub(struct node_pool *p, const uint8_t *reference, size_t size);
void node_give_up(struct node_pool *p, struct node *n); /* the node alone, not what is below */

static inline struct branch *as_branch(struct node *n)
{
    return (struct branch *)n;
}
static inline struct extension *as_extension(struct node *n)
{
    return (struct extension *)n;
}
static inline struct leaf *as_leaf(struct node *n)
{
    return (struct leaf *)n;
}

static inline void nibble_set(uint8_t *key, size_t i, unsigned nibble) /* and clears the other half of a new byte */
{
    key[i / 2] = (uint8_t)(i % 2 == 0 ? nibble << 4 : (key[i / 2] & 0xf0) | nibble);
}
static inline uint8_t nibble_at(const uint8_t *key, size_t i)
{
    return i % 2 == 0 ? key[i / 2] >> 4 : key[i / 2] & 15;
}

/* ---- encoding (encode.c) ----------------------------------------------------------------------------------------- */

/* Upper bound of the encoding's size, and the encoding of a node at `depth` (nibbles above it) whose children all have references; returns
 * its size. */
size_t node_encoded_bound(const struct node *n);
size_t node_encode(uint8_t *out, const struct node *n, size_t depth);

/* Reads a node at `depth` on the way of `key` (whose first `depth` nibbles lead to it). Children become stubs. */
enum status node_decode(struct node_pool *p, struct bytes encoded, const uint8_t *key, size_t depth, struct node **out);

/* ---- hashing (hash.c) --------------------------------------------------------------------------------------------- */

/* Makes the references of each root and of everything below it. The hash of root i goes to out[i], even if its encoding is short. With
 * a pool, a big trie is dealt out to its workers; with a sink, each node that gets a hash is passed to it (one thread). */
void node_hash_trees(struct node *const *roots, size_t count, struct pool *pool, const struct trie_sink *sink,
                     struct hash *out);

/* ---- building (build.c) ------------------------------------------------------------------------------------------- */

/* The tree of pairs in ascending order of keys (count > 0). Values are borrowed. */
struct node *node_build(struct node_pool *p, const struct trie_pair *pairs, size_t count);

#endif
