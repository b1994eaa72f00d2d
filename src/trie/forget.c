/* Forgetting: what has been saved goes, what is new since stays. The new nodes are copied, so that the memory of all
 * others can be given back as a whole.
 *
 * Leaves below something new stay too: a leaf may have moved up to where the source still has what was there before. */
#include <stdlib.h>

#include "trie/tree.h"

/* Where nodes are copied to: one pool for the root, and one for each subtree if the trie has those. */
struct copy {
    struct node_pool nodes, *parts;
};

static struct node_pool *pool_of(struct copy *c, size_t depth, unsigned part)
{
    return depth == 0 || c->parts == NULL ? &c->nodes : &c->parts[part];
}

/* Replaces the node in memory by a copy, or drops it and keeps its encoded reference where it has been saved. `part`:
 * the nibble below the root. */
static void copy_ref(struct copy *c, struct node_reference p, size_t depth, unsigned part)
{
    struct node *n = *p.node;
    if (n == NULL) return;
    if (!n->unsaved && n->kind != NODE_LEAF && *p.reference_size != 0) {
        *p.node = NULL;
        return;
    }
    struct node_pool *pool = pool_of(c, depth, part);
    switch ((enum node_kind)n->kind) {
    case NODE_LEAF: {
        const struct leaf *l = as_leaf(n);
        *p.node = &node_new_leaf(pool, l->key, l->key_size, leaf_value(l), l->borrowed)->node;
        break;
    }
    case NODE_EXTENSION: {
        struct extension *e = node_new_extension(pool, as_extension(n)->path, as_extension(n)->size);
        *e = *as_extension(n);
        copy_ref(c, node_ref_in_extension(e), depth + e->size, depth == 0 ? e->path[0] : part);
        *p.node = &e->node;
        break;
    }
    case NODE_BRANCH: {
        struct branch *b = node_copy_branch(pool, as_branch(n));
        for (unsigned i = 0; i < BRANCH_SIZE; i++)
            copy_ref(c, node_ref_in_branch(b, i), depth + 1, depth == 0 ? i % BRANCH_VALUE : part);
        *p.node = &b->node;
        break;
    }
    }
    (*p.node)->unsaved = n->unsaved;
}

void trie_forget(struct trie *t)
{
    struct copy c = {.parts = t->parts == NULL ? NULL : base_calloc(BRANCH_VALUE, sizeof *c.parts)};
    copy_ref(&c, trie_root_ref(t), 0, 0);
    for (unsigned i = 0; i < BRANCH_VALUE && t->parts != NULL; i++) arena_free(&t->parts[i].arena);
    free(t->parts);
    arena_free(&t->nodes.arena);
    t->nodes = c.nodes;
    t->parts = c.parts;
}
