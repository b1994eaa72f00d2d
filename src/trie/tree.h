/* tree: what the files about tries over time share. Private to trie/. */
#ifndef WEFT_TRIE_TREE_H
#define WEFT_TRIE_TREE_H

#include "trie/node.h"

struct trie {
    struct node_pool nodes;
    /* sixteen, for nodes below the root's children, once trie_put_all has had them filled by many workers */
    struct node_pool *parts;
    struct trie_source source;
    struct bytes old;   /* what may be under the key that is looked for: trie_put_all */
    size_t leaf_depth;  /* at this or more there are leaves, as far as is known; 0: nothing is known */
    size_t base_depth;  /* nibbles above the root: 1 while a part of a bigger trie is worked on by itself, else 0 */
    struct buffer gone; /* paths at which a kept node may lie that is no longer there: depth, then as many nibbles */
    struct node *root;  /* with the two below: a node reference (node.h) */
    uint8_t root_reference_size;
    uint8_t root_reference[REFERENCE_SIZE];
};
static inline struct node_reference trie_root_ref(struct trie *t)
{
    return (struct node_reference){&t->root, &t->root_reference_size, t->root_reference};
}

/* The path from the root towards a key. Its last reference is empty, or refers to a leaf (perhaps of another key)
 * or to an extension that leads elsewhere. */
struct path {
    struct node_reference ref[NIBBLES_MAX + 2];
    size_t count;
    size_t depth; /* nibbles above the last reference */
};
/* Walks, fetching what is needed. */
enum status trie_find(struct trie *t, const uint8_t *key, size_t key_size, struct path *w);
/* The leaf of the key at the end of the path; NULL when there is none. */
struct leaf *path_leaf(const struct path *w, const uint8_t *key, size_t key_size);

/* Notes that what was kept under the first `depth` nibbles of the key is no longer there. */
void trie_note_gone(struct trie *t, const uint8_t *key, size_t depth);
/* The branch at `p`, at `depth` on the path of `key`, has a single child left, number `other` and fetched, and gives way
 * to it. */
void trie_collapse(struct trie *t, struct node_reference p, const uint8_t *key, size_t depth, unsigned other);
/* The number of the only child that the branch has; BRANCH_SIZE when there are more or none. */
unsigned branch_only_child(struct branch *b);

/* Fetches the node of a reference at `depth` on the path of `key`, which is not empty, unless it is there. */
enum status trie_resolve(struct trie *t, struct node_reference p, const uint8_t *key, size_t depth,
                         bool below_extension);

#endif
