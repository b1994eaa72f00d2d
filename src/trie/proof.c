/* Proofs: the nodes on the way to a key, and what they say to somebody who knows only the root. */
#include "trie/tree.h"

enum status trie_prove(struct trie *t, const void *key, size_t key_size, struct arena *arena, struct trie_proof *out)
{
    struct way w;
    struct hash root;
    *out = (struct trie_proof){0};
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK) return s;
    trie_root(t, NULL, &root); /* all references are there */
    out->nodes = ARENA_ARRAY(arena, struct bytes, w.count);
    size_t depth = 0;
    for (size_t i = 0; i < w.count; i++) {
        const struct node *n = *w.place[i].node;
        if (n == NULL || w.place[i].reference == NULL) break; /* nothing, or a value inside its branch */
        if (*w.place[i].reference_size == REFERENCE_SIZE) {
            uint8_t *encoded = arena_alloc(arena, node_encoded_bound(n), 1);
            out->nodes[out->count++] = (struct bytes){encoded, node_encode(encoded, n, depth)};
        }
        depth += n->kind == NODE_EXTENSION ? ((const struct extension *)n)->size : 1;
    }
    return STATUS_OK;
}

/* The nodes of a proof and their hashes. */
struct proof_nodes {
    const struct bytes *nodes;
    const struct hash *hashes;
    size_t count;
};

static bool proof_node(void *context, const struct hash *hash, struct bytes *out)
{
    const struct proof_nodes *p = context;
    for (size_t i = 0; i < p->count; i++)
        if (hash_equal(&p->hashes[i], hash)) {
            *out = p->nodes[i];
            return true;
        }
    return false;
}

enum status trie_verify(const struct hash *root, const void *key, size_t key_size, const struct bytes *nodes,
                        size_t count, struct bytes *value)
{
    *value = (struct bytes){0};
    if (count > NIBBLES_MAX + 1) return TRIE_BAD_NODE; /* no way is that long */
    struct hash hashes[NIBBLES_MAX + 1];
    keccak256_many(hashes, nodes, count);
    struct proof_nodes proof = {nodes, hashes, count};
    struct trie_source source = {.context = &proof, .node = proof_node};
    return trie_lookup(&source, root, key, key_size, value);
}
