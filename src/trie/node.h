/* node: nodes of a trie in memory. Private to trie/.
 *
 *     branch      16 children and, where a key may end in the middle of another, a leaf with an empty path
 *     extension   nibbles that all keys below share, and one child (a branch)
 *     leaf        the whole key and the value; which part of the key is the path follows from the leaf's depth
 *
 * A parent, or the trie's root, refers to a node by a node reference (struct node_reference). It has the node in memory, its
 * encoded reference, or both:
 *
 *     reference_size   node       the node ...
 *     0                NULL       does not exist
 *     0                present    or a descendant changed: the reference must be computed
 *     1 to 32          NULL       is known by its reference alone; the trie's source loads it when it is needed
 *     1 to 32          present    is unchanged: the reference is its hash (32) or its short RLP
 *
 * A branch stores the references of its children itself, so that it is encoded without reading the children: each read
 * would be a cache miss in a big trie. Each child has a child slot: its reference and the pointer to it. Most branches
 * of a big trie stand right above the leaves and have two or three children, so a branch allocates only as many slots
 * as it uses, rounded up to a power of two. A child keeps its slot, also after it is removed. */
#ifndef WEFT_TRIE_NODE_H
#define WEFT_TRIE_NODE_H

#include "trie/trie.h"

enum node_kind { NODE_LEAF, NODE_EXTENSION, NODE_BRANCH };

enum {
    NIBBLES_MAX = 2 * TRIE_KEY_MAX,
    BRANCH_VALUE = 16, /* child number of the value's leaf; it stands in the branch's encoding and has no reference */
    BRANCH_SIZE = 17,
    REFERENCE_SIZE = 32
};

struct node {
    uint8_t kind; /* enum node_kind */
    bool unsaved; /* new or changed since trie_save, and so is all above it */
};
struct child_slot {
    struct node *child;
    uint8_t reference[REFERENCE_SIZE];
};
struct branch {
    struct node node;
    uint8_t used, capacity; /* slots */
    uint8_t reference_size[BRANCH_SIZE];
    uint8_t slot[BRANCH_VALUE]; /* number of the child's slot + 1; 0: it has none and is not there */
    uint16_t leaves;            /* children that the source has told to be leaves, and nobody has come by since */
    struct node *value, *none;  /* none: always NULL */
    struct child_slot *slots;
};
/* NULL where there is none, or it is known by its reference alone. */
static inline struct node *branch_child(const struct branch *b, unsigned i)
{
    return i == BRANCH_VALUE ? b->value : b->slot[i] == 0 ? NULL : b->slots[b->slot[i] - 1].child;
}
/* Of a child that has a slot. */
static inline uint8_t *branch_reference(const struct branch *b, unsigned i)
{
    return b->slots[b->slot[i] - 1].reference;
}
struct extension {
    struct node node;
    uint8_t size; /* nibbles */
    uint8_t reference_size;
    uint8_t reference[REFERENCE_SIZE];
    struct node *child;
    uint8_t path[NIBBLES_MAX];
};
struct leaf {
    struct node node;
    uint8_t size_class; /* which free list it came from */
    uint8_t key_size;   /* bytes */
    bool borrowed;      /* the value is somebody else's */
    uint32_t value_size;
    const uint8_t *value; /* behind the key, or borrowed */
    uint8_t key[];        /* key_size bytes, then the value if it is owned */
};

/* Where a node hangs. */
struct node_reference {
    struct node **node;
    uint8_t *reference_size;
    uint8_t *reference; /* NULL for the value of a branch */
};
/* Of a child that is there, or to see that it is not; to hang one in, see node_ref_new. */
static inline struct node_reference node_ref_in_branch(struct branch *b, unsigned i)
{
    if (i == BRANCH_VALUE) return (struct node_reference){&b->value, &b->reference_size[i], NULL};
    if (b->slot[i] == 0) return (struct node_reference){&b->none, &b->reference_size[i], NULL};
    return (struct node_reference){&b->slots[b->slot[i] - 1].child, &b->reference_size[i], branch_reference(b, i)};
}
static inline struct node_reference node_ref_in_extension(struct extension *e)
{
    return (struct node_reference){&e->child, &e->reference_size, e->reference};
}
/* Hangs a new or changed node in. */
static inline void node_ref_set(struct node_reference p, struct node *n)
{
    *p.node = n;
    *p.reference_size = 0;
}
/* Hangs what is at `from` in at `to`, unchanged. */
static inline void node_ref_move(struct node_reference to, struct node_reference from)
{
    *to.node = *from.node;
    *to.reference_size = *from.reference_size;
    memcpy(to.reference, from.reference, *from.reference_size);
}
static inline bool node_ref_is_empty(struct node_reference p)
{
    return *p.node == NULL && *p.reference_size == 0;
}

/* Nodes of one trie: from an arena, with lists of given-up ones to take again. */
enum { LEAF_CLASS_SIZE = 16, LEAF_CLASSES = 16, SLOT_CLASSES = 4 /* 2, 4, 8 and 16 slots */ };
struct free_node {
    struct free_node *next;
};
struct node_pool {
    struct arena arena;
    struct free_node *branches, *extensions, *leaves[LEAF_CLASSES], *slots[SLOT_CLASSES];
};
/* An empty branch with slots for so many children. */
struct branch *node_new_branch(struct node_pool *p, size_t children);
/* A copy with the same children. */
struct branch *node_copy_branch(struct node_pool *p, const struct branch *from);
/* The reference of a child that may be new. The branch may move its slots: other references into it are then invalid,
 * unless it has all sixteen. */
struct node_reference node_ref_new(struct node_pool *p, struct branch *b, unsigned i);
/* An extension whose child is still to be hung in. */
struct extension *node_new_extension(struct node_pool *p, const uint8_t *path, size_t size);
/* A leaf that holds a copy of the value, or (borrow) points at it. */
struct leaf *node_new_leaf(struct node_pool *p, const uint8_t *key, size_t key_size, struct bytes value, bool borrow);
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
static inline struct bytes leaf_value(const struct leaf *l)
{
    return (struct bytes){l->value, l->value_size};
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

/* Upper bound of the encoding's size, and the encoding of a node at `depth` (nibbles above it) whose children all have
 * references; returns its size. */
size_t node_encoded_bound(const struct node *n);
size_t node_encode(uint8_t *out, const struct node *n, size_t depth);

/* Reads a node at `depth` on the path of `key` (whose first `depth` nibbles lead to it). Children are references
 * alone. */
enum status node_decode(struct node_pool *p, struct bytes encoded, const uint8_t *key, size_t depth, struct node **out);
/* Its slow twin: without the shortcut for branches whose children are all known by hash. */
enum status node_decode_any(struct node_pool *p, struct bytes encoded, const uint8_t *key, size_t depth,
                            struct node **out);

/* ---- hashing (hash.c) -------------------------------------------------------------------------------------------- */

/* Makes the references of each root and of everything below it. A root's reference is always a hash, even if its
 * encoding is short. With a pool, a big trie is dealt out to its workers; with a sink, each node that gets a hash is
 * passed to it (one thread). */
void node_hash_trees(const struct node_reference *roots, size_t count, struct pool *pool, const struct trie_sink *sink);

/* ---- building (build.c) ------------------------------------------------------------------------------------------ */

/* Sorts by key, ascending; a key before the longer ones that it begins. */
void node_sort_pairs(struct trie_pair *pairs, size_t count);
/* The tree of pairs in ascending order of keys (count > 0). Values are borrowed. */
struct node *node_build(struct node_pool *p, const struct trie_pair *pairs, size_t count);

#endif
