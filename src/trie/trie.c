/* Tries over time: finding, putting, deleting.
 *
 * Every change is made in two halves. First the way is walked from the root to where the key is or would be, and all nodes that the change
 * needs are fetched; this half may fail and leaves the contents as they were (a stub that becomes the node it stood for is the
 * same trie). Then nodes are exchanged and the references on the way are struck out; this half cannot fail. */
#include <stdlib.h>

#include "trie/tree.h"

struct trie *trie_new(const struct hash *root, const struct trie_source *source)
{
    struct trie *t = base_calloc(1, sizeof *t);
    if (source != NULL)
        t->source = *source;
    if (root != NULL && !hash_equal(root, &keccak_empty_trie))
        t->root = node_new_stub(&t->nodes, root->b, sizeof root->b);
    return t;
}

void trie_free(struct trie *t)
{
    if (t == NULL)
        return;
    arena_free(&t->nodes.arena);
    free(t);
}

/* ---- the way to a key ------------------------------------------------------------------------------------------------ */

enum status trie_resolve(struct trie *t, struct node **link, const uint8_t *key, size_t depth, bool below_extension)
{
    struct node *stub = *link, *found;
    if (stub->kind != NODE_STUB)
        return STATUS_OK;
    struct bytes encoded = {stub->reference, stub->reference_size};
    if (stub->reference_size == sizeof(struct hash)) {
        struct hash hash;
        memcpy(hash.b, stub->reference, sizeof hash);
        if (t->source.node == NULL || !t->source.node(t->source.context, &hash, &encoded))
            return STATE_MISSING;
    }
    enum status s = node_decode(&t->nodes, encoded, key, depth, &found);
    if (s != STATUS_OK)
        return s;
    if (below_extension && found->kind != NODE_BRANCH)
        return TRIE_BAD_NODE;
    memcpy(found->reference, stub->reference, stub->reference_size);
    found->reference_size = stub->reference_size;
    *link = found;
    node_give_up(&t->nodes, stub);
    return STATUS_OK;
}

enum status trie_find(struct trie *t, const uint8_t *key, size_t key_size, struct way *w)
{
    ASSERT(key_size <= TRIE_KEY_MAX);
    struct node **link = &t->root;
    size_t depth = 0, end = 2 * key_size;
    bool below_extension = false;
    w->count = 0;
    for (;;) {
        if (*link != NULL) {
            enum status s = trie_resolve(t, link, key, depth, below_extension);
            if (s != STATUS_OK)
                return s;
        }
        w->link[w->count++] = link;
        w->depth = depth;
        struct node *n = *link;
        if (n == NULL || n->kind == NODE_LEAF)
            return STATUS_OK;
        below_extension = n->kind == NODE_EXTENSION;
        if (below_extension) {
            struct extension *e = as_extension(n);
            for (size_t i = 0; i < e->size; i++)
                if (depth + i == end || nibble_at(key, depth + i) != e->path[i])
                    return STATUS_OK;
            depth += e->size;
            link = &e->child;
        } else if (depth == end) {
            link = &as_branch(n)->child[BRANCH_VALUE];
        } else {
            link = &as_branch(n)->child[nibble_at(key, depth)];
            depth++;
        }
    }
}

struct leaf *way_leaf(const struct way *w, const uint8_t *key, size_t key_size)
{
    struct node *n = *w->link[w->count - 1];
    if (n == NULL || n->kind != NODE_LEAF)
        return NULL;
    struct leaf *l = as_leaf(n);
    return l->key_size == key_size && memcmp(l->key, key, key_size) == 0 ? l : NULL;
}

/* The nodes on the way changed: their references no longer hold. */
static void strike_out(const struct way *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (*w->link[i] != NULL)
            (*w->link[i])->reference_size = 0;
}

enum status trie_get(struct trie *t, const void *key, size_t key_size, struct bytes *value)
{
    struct way w;
    *value = (struct bytes){0};
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK)
        return s;
    const struct leaf *l = way_leaf(&w, key, key_size);
    if (l != NULL)
        *value = l->value;
    return STATUS_OK;
}

/* ---- putting ----------------------------------------------------------------------------------------------------------- */

/* Where in a branch at `depth` the leaf belongs. */
static struct node **place_in_branch(struct branch *b, const struct leaf *l, size_t depth)
{
    return &b->child[2 * (size_t)l->key_size == depth ? BRANCH_VALUE : nibble_at(l->key, depth)];
}

/* A node that leads over `count` nibbles to the branch; the branch itself when there are none. */
static struct node *lead_to(struct trie *t, const uint8_t *nibbles, size_t count, struct branch *b)
{
    return count == 0 ? &b->node : &node_new_extension(&t->nodes, nibbles, count, &b->node)->node;
}

/* A leaf stands where the new one belongs: both go below a branch at their first difference. */
static void part_leaves(struct trie *t, struct node **link, size_t depth, struct leaf *added)
{
    struct leaf *old = as_leaf(*link);
    size_t shorter = old->key_size < added->key_size ? old->key_size : added->key_size;
    size_t fork = depth;
    uint8_t shared[NIBBLES_MAX];
    while (fork < 2 * shorter && nibble_at(old->key, fork) == nibble_at(added->key, fork)) {
        shared[fork - depth] = nibble_at(old->key, fork);
        fork++;
    }
    struct branch *b = node_new_branch(&t->nodes);
    old->node.reference_size = 0;
    *place_in_branch(b, old, fork) = &old->node;
    *place_in_branch(b, added, fork) = &added->node;
    *link = lead_to(t, shared, fork - depth, b);
}

/* The key leaves an extension in the middle: a branch goes there. */
static void part_extension(struct trie *t, struct node **link, size_t depth, struct leaf *added)
{
    struct extension *e = as_extension(*link);
    size_t end = 2 * (size_t)added->key_size, i = 0;
    while (depth + i < end && nibble_at(added->key, depth + i) == e->path[i])
        i++;
    struct branch *b = node_new_branch(&t->nodes);
    size_t behind = e->size - i - 1;
    b->child[e->path[i]] =
        behind == 0 ? e->child : &node_new_extension(&t->nodes, e->path + i + 1, behind, e->child)->node;
    *place_in_branch(b, added, depth + i) = &added->node;
    *link = lead_to(t, e->path, i, b);
    node_give_up(&t->nodes, &e->node);
}

enum status trie_put(struct trie *t, const void *key, size_t key_size, struct bytes value)
{
    if (value.size == 0)
        return trie_delete(t, key, key_size);
    struct way w;
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK)
        return s;
    struct node **link = w.link[w.count - 1];
    struct leaf *old = way_leaf(&w, key, key_size);
    if (old != NULL && bytes_equal(old->value, value))
        return STATUS_OK;
    if (old != NULL && old->value.size == value.size && old->value.data == old->key + old->key_size) {
        memmove(old->key + old->key_size, value.data, value.size);
        strike_out(&w);
        return STATUS_OK;
    }
    struct leaf *added = node_new_leaf(&t->nodes, key, key_size, value, false);
    if (old != NULL) {
        *link = &added->node;
        node_give_up(&t->nodes, &old->node);
    } else if (*link == NULL) {
        *link = &added->node;
    } else if ((*link)->kind == NODE_LEAF) {
        part_leaves(t, link, w.depth, added);
    } else {
        part_extension(t, link, w.depth, added);
    }
    strike_out(&w);
    return STATUS_OK;
}

/* ---- deleting ---------------------------------------------------------------------------------------------------------- */

/* The only child that the branch has besides `gone`; NULL when there are more. */
static struct node **only_other_child(struct branch *b, struct node **gone)
{
    struct node **found = NULL;
    for (unsigned i = 0; i < BRANCH_SIZE; i++) {
        if (b->child[i] == NULL || &b->child[i] == gone)
            continue;
        if (found != NULL)
            return NULL;
        found = &b->child[i];
    }
    return found;
}

/* A branch with a single child left gives way to it. Paths grow: of a leaf by itself, its key is whole; of an extension by the
 * child's nibble; a branch gets an extension in front. What stood above may be an extension, which then swallows its child. */
static void collapse(struct trie *t, struct way *w, struct node **other)
{
    struct node **link = w->link[w->count - 2];
    struct branch *b = as_branch(*link);
    struct node *n = *other;
    uint8_t path[NIBBLES_MAX] = {(uint8_t)(other - b->child)};
    if (n->kind == NODE_LEAF) {
        n->reference_size = 0;
    } else if (n->kind == NODE_BRANCH) {
        n = &node_new_extension(&t->nodes, path, 1, n)->node;
    } else {
        struct extension *e = as_extension(n);
        memcpy(path + 1, e->path, e->size);
        n = &node_new_extension(&t->nodes, path, 1 + (size_t)e->size, e->child)->node;
        node_give_up(&t->nodes, &e->node);
    }
    *link = n;
    node_give_up(&t->nodes, &b->node);
    if (w->count < 3 || (*w->link[w->count - 3])->kind != NODE_EXTENSION)
        return;
    struct node **above_link = w->link[w->count - 3];
    struct extension *above = as_extension(*above_link);
    if (n->kind == NODE_LEAF) {
        *above_link = n;
    } else {
        struct extension *e = as_extension(n);
        ASSERT(above->size + e->size <= NIBBLES_MAX);
        memcpy(path, above->path, above->size);
        memcpy(path + above->size, e->path, e->size);
        *above_link = &node_new_extension(&t->nodes, path, (size_t)above->size + e->size, e->child)->node;
        node_give_up(&t->nodes, n);
    }
    node_give_up(&t->nodes, &above->node);
    w->count--; /* its last links are inside nodes that are gone */
}

enum status trie_delete(struct trie *t, const void *key, size_t key_size)
{
    struct way w;
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK)
        return s;
    struct leaf *old = way_leaf(&w, key, key_size);
    if (old == NULL)
        return STATUS_OK;
    struct node **link = w.link[w.count - 1], **other = NULL;
    if (w.count > 1) { /* what leads to a leaf is a branch: below an extension there is no leaf */
        struct branch *b = as_branch(*w.link[w.count - 2]);
        other = only_other_child(b, link);
        size_t depth = w.depth - (link != &b->child[BRANCH_VALUE]);
        if (other != NULL && other != &b->child[BRANCH_VALUE]) {
            uint8_t sibling[TRIE_KEY_MAX];
            memcpy(sibling, key, (depth + 1) / 2);
            nibble_set(sibling, depth, (unsigned)(other - b->child));
            s = trie_resolve(t, other, sibling, depth + 1, false);
            if (s != STATUS_OK)
                return s;
        }
    }
    *link = NULL;
    if (other != NULL) {
        collapse(t, &w, other);
        w.count -= 2; /* what is new has no reference yet; a branch that moved down keeps its own */
    }
    strike_out(&w);
    node_give_up(&t->nodes, &old->node);
    return STATUS_OK;
}

/* ---- all pairs ---------------------------------------------------------------------------------------------------------- */

struct walk {
    struct trie *trie;
    void (*visit)(void *context, struct bytes key, struct bytes value);
    void *context;
    uint8_t key[TRIE_KEY_MAX + 1]; /* the nibbles above the node that is being visited */
};

static enum status walk(struct walk *w, struct node **link, size_t depth, bool below_extension)
{
    enum status s = trie_resolve(w->trie, link, w->key, depth, below_extension);
    if (s != STATUS_OK)
        return s;
    struct node *n = *link;
    if (n->kind == NODE_LEAF) {
        w->visit(w->context, (struct bytes){as_leaf(n)->key, as_leaf(n)->key_size}, as_leaf(n)->value);
        return STATUS_OK;
    }
    if (n->kind == NODE_EXTENSION) {
        struct extension *e = as_extension(n);
        for (size_t i = 0; i < e->size; i++)
            nibble_set(w->key, depth + i, e->path[i]);
        return walk(w, &e->child, depth + e->size, true);
    }
    struct branch *b = as_branch(n);
    if (b->child[BRANCH_VALUE] != NULL)
        s = walk(w, &b->child[BRANCH_VALUE], depth, false);
    for (unsigned i = 0; i < 16 && s == STATUS_OK; i++) {
        if (b->child[i] == NULL)
            continue;
        nibble_set(w->key, depth, i);
        s = walk(w, &b->child[i], depth + 1, false);
    }
    return s;
}

enum status trie_walk(struct trie *t, void (*visit)(void *context, struct bytes key, struct bytes value), void *context)
{
    struct walk w = {.trie = t, .visit = visit, .context = context};
    return t->root == NULL ? STATUS_OK : walk(&w, &t->root, 0, false);
}

/* ---- roots --------------------------------------------------------------------------------------------------------------- */

void trie_root(struct trie *t, struct pool *pool, struct hash *out)
{
    if (t->root == NULL)
        *out = keccak_empty_trie;
    else
        node_hash_trees(&t->root, 1, pool, NULL, out);
}

void trie_commit(struct trie *t, const struct trie_sink *sink, struct hash *out)
{
    if (t->root == NULL)
        *out = keccak_empty_trie;
    else
        node_hash_trees(&t->root, 1, NULL, sink, out);
}

/* Small tries together: their nodes fill each other's batches. */
enum { TRIES_TOGETHER = 64 };

struct roots_job {
    struct trie *const *tries;
    size_t count;
    struct hash *roots;
};

static void roots_task(void *context, size_t task)
{
    const struct roots_job *job = context;
    size_t first = task * TRIES_TOGETHER, count = 0;
    struct node *trees[TRIES_TOGETHER];
    struct hash hashes[TRIES_TOGETHER];
    size_t place[TRIES_TOGETHER];
    for (size_t i = first; i < job->count && i < first + TRIES_TOGETHER; i++) {
        job->roots[i] = keccak_empty_trie;
        if (job->tries[i]->root == NULL)
            continue;
        place[count] = i;
        trees[count++] = job->tries[i]->root;
    }
    node_hash_trees(trees, count, NULL, NULL, hashes);
    for (size_t i = 0; i < count; i++)
        job->roots[place[i]] = hashes[i];
}

void trie_roots(struct trie *const *tries, size_t count, struct pool *pool, struct hash *out)
{
    struct roots_job job = {tries, count, out};
    pool_for(pool, (count + TRIES_TOGETHER - 1) / TRIES_TOGETHER, 1, roots_task, &job);
}
