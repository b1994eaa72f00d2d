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
    struct node *root;  /* with the two below: a place (node.h) */
    uint8_t root_reference_size;
    uint8_t root_reference[REFERENCE_SIZE];
};
static inline struct place trie_place(struct trie *t)
{
    return (struct place){&t->root, &t->root_reference_size, t->root_reference};
}

/* The way from the root towards a key. The last place is where the way ends: an empty one, a leaf (perhaps of another
 * key) or an extension that leads elsewhere. */
struct way {
    struct place place[NIBBLES_MAX + 2];
    size_t count;
    size_t depth; /* nibbles above the last place */
};
/* Walks, fetching what is needed. */
enum status trie_find(struct trie *t, const uint8_t *key, size_t key_size, struct way *w);
/* The leaf of the key at the way's end; NULL when there is none. */
struct leaf *way_leaf(const struct way *w, const uint8_t *key, size_t key_size);

/* Notes that what was kept under the first `depth` nibbles of the key is no longer there. */
void trie_note_gone(struct trie *t, const uint8_t *key, size_t depth);
/* The branch at `p`, at `depth` on the way of `key`, has a single child left, number `other` and fetched, and gives way
 * to it. */
void trie_collapse(struct trie *t, struct place p, const uint8_t *key, size_t depth, unsigned other);
/* The number of the only child that the branch has; BRANCH_SIZE when there are more or none. */
unsigned branch_only_child(struct branch *b);

/* Fetches the node of a place at `depth` on the way of `key`, which is not empty, unless it is there. */
enum status trie_resolve(struct trie *t, struct place p, const uint8_t *key, size_t depth, bool below_extension);

#endif
