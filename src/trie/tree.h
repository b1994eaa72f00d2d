/* tree: what the files about tries over time share. Private to trie/. */
#ifndef WEFT_TRIE_TREE_H
#define WEFT_TRIE_TREE_H

#include "trie/node.h"

struct trie {
    struct node_pool nodes;
    struct node *root; /* NULL: empty */
    struct trie_source source;
};

/* The way from the root towards a key. The last link is where the way ends: an empty place, a leaf (perhaps of another key) or an extension
 * that leads elsewhere. */
struct way {
    struct node **link[NIBBLES_MAX + 2];
    size_t count;
    size_t depth; /* nibbles above the last link */
};
/* Walks, fetching what is needed. */
enum status trie_find(struct trie *t, const uint8_t *key, size_t key_size, struct way *w);
/* The leaf of the key at the way's end; NULL when there is none. */
struct leaf *way_leaf(const struct way *w, const uint8_t *key, size_t key_size);

/* Replaces a stub at `depth`, on the way of `key`, by the node that it stands for. */
enum status trie_resolve(struct trie *t, struct node **link, const uint8_t *key, size_t depth, bool below_extension);

#endif
