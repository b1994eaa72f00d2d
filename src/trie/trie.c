/* Tries over time: finding, putting, deleting.
 *
 * Every change is made in two halves. First the path is walked from the root to where the key is or would be, and all
 * nodes that the change needs are fetched; this half may fail and leaves the contents as they were (loading a node
 * does not change the trie). Then nodes are exchanged and the references on the path are struck out; this half cannot
 * fail. */
#include <stdlib.h>

#include "trie/tree.h"

struct trie *trie_new(const struct hash *root, const struct trie_source *source)
{
    struct trie *t = base_calloc(1, sizeof *t);
    if (source != NULL) t->source = *source;
    if (root != NULL && !hash_equal(root, &keccak_empty_trie)) {
        memcpy(t->root_reference, root->b, sizeof root->b);
        t->root_reference_size = REFERENCE_SIZE;
    }
    return t;
}

void trie_free(struct trie *t)
{
    if (t == NULL) return;
    arena_free(&t->nodes.arena);
    for (size_t i = 0; t->parts != NULL && i < BRANCH_VALUE; i++) arena_free(&t->parts[i].arena);
    free(t->parts);
    buffer_free(&t->gone);
    free(t);
}

/* ---- the path to a key ------------------------------------------------------------------------------------------- */

enum status trie_resolve(struct trie *t, struct node_reference p, const uint8_t *key, size_t depth,
                         bool below_extension)
{
    if (*p.node != NULL) return STATUS_OK;
    struct bytes encoded = {p.reference, *p.reference_size};
    uint16_t leaves = 0;
    if (encoded.size == REFERENCE_SIZE) {
        struct hash hash;
        memcpy(hash.b, p.reference, sizeof hash);
        bool found = t->source.node_at != NULL
                         ? t->source.node_at(t->source.context, key, depth, &encoded, &leaves)
                         : t->source.node != NULL && t->source.node(t->source.context, &hash, &encoded);
        if (!found) return STATE_MISSING;
    }
    struct node *found;
    enum status s = node_decode(&t->nodes, encoded, key, depth, &found);
    if (s != STATUS_OK) return s;
    if (below_extension && found->kind != NODE_BRANCH) return TRIE_BAD_NODE;
    found->unsaved = false;
    if (found->kind == NODE_BRANCH) as_branch(found)->leaves = leaves;
    *p.node = found;
    return STATUS_OK;
}

bool trie_is_leaf(const struct hash *hash, const void *key, size_t key_size, size_t depth, struct bytes value)
{
    enum { LONGEST = TRIE_ACCOUNT_SIZE };
    uint8_t encoded[LONGEST + TRIE_LEAF_ROOM];
    struct hash found;
    if (value.size == 0 || value.size > LONGEST || depth > 2 * key_size) return false;
    keccak256(&found, encoded, trie_leaf_encode(encoded, key, key_size, depth, value));
    return hash_equal(&found, hash);
}

/* Whether the reference refers to the leaf that the key is known to have had; if so, makes it. Where nearly all that is
 * referred to is a branch it is not worth the hashing. */
static bool is_old_leaf(struct trie *t, struct node_reference p, const uint8_t *key, size_t key_size, size_t depth,
                        bool known)
{
    struct hash hash;
    if (t->old.size == 0 || *p.reference_size != REFERENCE_SIZE || (!known && depth < t->leaf_depth)) return false;
    memcpy(hash.b, p.reference, sizeof hash);
    if (!known && t->source.is_at_hand != NULL && t->source.is_at_hand(t->source.context, key, depth)) return false;
    if (!known && !trie_is_leaf(&hash, key, key_size, depth, t->old)) return false;
    *p.node = &node_new_leaf(&t->nodes, key, key_size, t->old, false)->node;
    (*p.node)->unsaved = false;
    return true;
}

/* Whether the source has said that the child is a leaf, of which it is not known what becomes of it from now on. */
static bool take_hint(struct branch *b, unsigned nibble)
{
    bool known = (b->leaves >> nibble & 1) != 0;
    b->leaves &= (uint16_t)~(1u << nibble);
    return known;
}

enum status trie_find(struct trie *t, const uint8_t *key, size_t key_size, struct path *w)
{
    ASSERT(key_size <= TRIE_KEY_MAX);
    struct node_reference p = trie_root_ref(t);
    size_t depth = t->base_depth, end = 2 * key_size;
    bool below_extension = false, known_leaf = false;
    w->count = 0;
    for (;;) {
        if (*p.node == NULL && *p.reference_size != 0 &&
            (below_extension || !is_old_leaf(t, p, key, key_size, depth, known_leaf))) {
            enum status s = trie_resolve(t, p, key, depth, below_extension);
            if (s != STATUS_OK) return s;
        }
        w->ref[w->count++] = p;
        w->depth = depth;
        struct node *n = *p.node;
        if (n == NULL) return STATUS_OK;
        if (n->kind == NODE_LEAF) {
            if (t->leaf_depth == 0 || depth < t->leaf_depth) t->leaf_depth = depth;
            return STATUS_OK;
        }
        below_extension = n->kind == NODE_EXTENSION;
        if (below_extension) {
            struct extension *e = as_extension(n);
            for (size_t i = 0; i < e->size; i++)
                if (depth + i == end || nibble_at(key, depth + i) != e->path[i]) return STATUS_OK;
            depth += e->size;
            p = node_ref_in_extension(e);
        } else if (depth == end) {
            p = node_ref_in_branch(as_branch(n), BRANCH_VALUE);
        } else {
            unsigned nibble = nibble_at(key, depth++);
            p = node_ref_in_branch(as_branch(n), nibble);
            known_leaf = take_hint(as_branch(n), nibble);
        }
    }
}

struct leaf *path_leaf(const struct path *w, const uint8_t *key, size_t key_size)
{
    struct node *n = *w->ref[w->count - 1].node;
    if (n == NULL || n->kind != NODE_LEAF) return NULL;
    struct leaf *l = as_leaf(n);
    return l->key_size == key_size && memcmp(l->key, key, key_size) == 0 ? l : NULL;
}

/* The nodes on the path changed: their references no longer hold. */
static void strike_out(const struct path *w)
{
    for (size_t i = 0; i < w->count; i++) {
        *w->ref[i].reference_size = 0;
        if (*w->ref[i].node != NULL) (*w->ref[i].node)->unsaved = true;
    }
}

void trie_note_gone(struct trie *t, const uint8_t *key, size_t depth)
{
    if (t->source.node_at == NULL) return;
    uint8_t *to = buffer_reserve(&t->gone, 1 + depth);
    to[0] = (uint8_t)depth;
    for (size_t i = 0; i < depth; i++) to[1 + i] = nibble_at(key, i);
    t->gone.size += 1 + depth;
}

enum status trie_get(struct trie *t, const void *key, size_t key_size, struct bytes *value)
{
    struct path w;
    *value = (struct bytes){0};
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK) return s;
    const struct leaf *l = path_leaf(&w, key, key_size);
    if (l != NULL) *value = leaf_value(l);
    return STATUS_OK;
}

/* ---- putting ----------------------------------------------------------------------------------------------------- */

/* Where in a branch at `depth` the leaf belongs. */
static struct node_reference ref_of_leaf(struct trie *t, struct branch *b, const struct leaf *l, size_t depth)
{
    return node_ref_new(&t->nodes, b, 2 * (size_t)l->key_size == depth ? BRANCH_VALUE : nibble_at(l->key, depth));
}

/* Hangs the branch in so that `count` nibbles lead to it. */
static void lead_to(struct trie *t, struct node_reference p, const uint8_t *nibbles, size_t count, struct branch *b)
{
    if (count != 0) {
        struct extension *e = node_new_extension(&t->nodes, nibbles, count);
        node_ref_set(p, &e->node);
        p = node_ref_in_extension(e);
    }
    node_ref_set(p, &b->node);
}

/* A leaf stands where the new one belongs: both go below a branch at their first difference. */
static void part_leaves(struct trie *t, struct node_reference p, size_t depth, struct leaf *added)
{
    struct leaf *old = as_leaf(*p.node);
    size_t shorter = old->key_size < added->key_size ? old->key_size : added->key_size;
    size_t fork = depth;
    uint8_t shared[NIBBLES_MAX];
    while (fork < 2 * shorter && nibble_at(old->key, fork) == nibble_at(added->key, fork)) {
        shared[fork - depth] = nibble_at(old->key, fork);
        fork++;
    }
    struct branch *b = node_new_branch(&t->nodes, 2);
    node_ref_set(ref_of_leaf(t, b, old, fork), &old->node);
    node_ref_set(ref_of_leaf(t, b, added, fork), &added->node);
    lead_to(t, p, shared, fork - depth, b);
}

/* The key leaves an extension in the middle: a branch goes there. */
static void part_extension(struct trie *t, struct node_reference p, size_t depth, struct leaf *added)
{
    struct extension *e = as_extension(*p.node);
    size_t end = 2 * (size_t)added->key_size, i = 0;
    while (depth + i < end && nibble_at(added->key, depth + i) == e->path[i]) i++;
    struct branch *b = node_new_branch(&t->nodes, 2);
    size_t behind = e->size - i - 1;
    struct node_reference rest = node_ref_new(&t->nodes, b, e->path[i]);
    if (behind != 0) {
        struct extension *lower = node_new_extension(&t->nodes, e->path + i + 1, behind);
        node_ref_set(rest, &lower->node);
        rest = node_ref_in_extension(lower);
    }
    node_ref_move(rest, node_ref_in_extension(e));
    node_ref_set(ref_of_leaf(t, b, added, depth + i), &added->node);
    lead_to(t, p, e->path, i, b);
    node_give_up(&t->nodes, &e->node);
}

enum status trie_put(struct trie *t, const void *key, size_t key_size, struct bytes value)
{
    if (value.size == 0) return trie_delete(t, key, key_size);
    struct path w;
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK) return s;
    struct node_reference p = w.ref[w.count - 1];
    struct leaf *old = path_leaf(&w, key, key_size);
    if (old != NULL && bytes_equal(leaf_value(old), value)) return STATUS_OK;
    if (old != NULL && old->value_size == value.size && !old->borrowed) {
        memmove(old->key + old->key_size, value.data, value.size);
        strike_out(&w);
        return STATUS_OK;
    }
    struct leaf *added = node_new_leaf(&t->nodes, key, key_size, value, false);
    struct node *there = *p.node;
    if (there == NULL && w.count > 1) { /* in a branch, which may have no slot for it yet */
        struct branch *upper = as_branch(*w.ref[w.count - 2].node);
        if (p.node != &upper->value) p = node_ref_new(&t->nodes, upper, nibble_at(key, w.depth - 1));
        w.ref[w.count - 1] = p;
    }
    if (there == NULL || old != NULL) {
        node_ref_set(p, &added->node);
        if (old != NULL) node_give_up(&t->nodes, &old->node);
    } else if (there->kind == NODE_LEAF) {
        part_leaves(t, p, w.depth, added);
    } else {
        part_extension(t, p, w.depth, added);
    }
    strike_out(&w);
    return STATUS_OK;
}

/* ---- deleting ---------------------------------------------------------------------------------------------------- */

unsigned branch_only_child(struct branch *b)
{
    unsigned found = BRANCH_SIZE;
    for (unsigned i = 0; i < BRANCH_SIZE; i++) {
        if (node_ref_is_empty(node_ref_in_branch(b, i))) continue;
        if (found != BRANCH_SIZE) return BRANCH_SIZE;
        found = i;
    }
    return found;
}

/* Hangs in an extension over `path` to what is at `below`, which is a branch; or, where an extension is there already,
 * one over both paths. */
static void extend(struct trie *t, struct node_reference p, const uint8_t *path, size_t size,
                   struct node_reference below)
{
    struct node *n = *below.node;
    if (n->kind != NODE_EXTENSION) {
        struct extension *e = node_new_extension(&t->nodes, path, size);
        node_ref_move(node_ref_in_extension(e), below);
        node_ref_set(p, &e->node);
        return;
    }
    uint8_t whole[NIBBLES_MAX];
    struct extension *lower = as_extension(n);
    ASSERT(size + lower->size <= NIBBLES_MAX);
    memcpy(whole, path, size);
    memcpy(whole + size, lower->path, lower->size);
    struct extension *e = node_new_extension(&t->nodes, whole, size + lower->size);
    node_ref_move(node_ref_in_extension(e), node_ref_in_extension(lower));
    node_ref_set(p, &e->node);
    node_give_up(&t->nodes, n);
}

/* Makes `sibling` the path to child `other` of the branch at `depth` on the path of `key`. */
static void path_to_child(uint8_t sibling[TRIE_KEY_MAX], const uint8_t *key, size_t depth, unsigned other)
{
    memcpy(sibling, key, (depth + 1) / 2);
    nibble_set(sibling, depth, other);
}

/* Paths grow: of a leaf by itself, its key is whole; of an extension by the child's nibble; a branch gets an extension
 * in front. */
void trie_collapse(struct trie *t, struct node_reference p, const uint8_t *key, size_t depth, unsigned other)
{
    struct branch *b = as_branch(*p.node);
    uint8_t nibble = (uint8_t)other, sibling[TRIE_KEY_MAX];
    trie_note_gone(t, key, depth);
    struct node *child = branch_child(b, other);
    if (child->kind == NODE_LEAF) {
        node_ref_set(p, child);
    } else {
        path_to_child(sibling, key, depth, other);
        if (child->kind == NODE_EXTENSION) trie_note_gone(t, sibling, depth + 1);
        extend(t, p, &nibble, 1, node_ref_in_branch(b, other));
    }
    node_give_up(&t->nodes, &b->node);
}

/* What stands above a branch that gave way may be an extension, which swallows what came in its place or, over a leaf,
 * vanishes. */
static void close_up(struct trie *t, struct node_reference above, const uint8_t *key, size_t depth)
{
    struct extension *e = as_extension(*above.node);
    trie_note_gone(t, key, depth);
    if (e->child->kind == NODE_LEAF)
        node_ref_set(above, e->child);
    else
        extend(t, above, e->path, e->size, node_ref_in_extension(e));
    node_give_up(&t->nodes, &e->node);
}

enum status trie_delete(struct trie *t, const void *key, size_t key_size)
{
    struct path w;
    enum status s = trie_find(t, key, key_size, &w);
    if (s != STATUS_OK) return s;
    struct leaf *old = path_leaf(&w, key, key_size);
    if (old == NULL) return STATUS_OK;
    struct node_reference p = w.ref[w.count - 1];
    node_ref_set(p, NULL); /* for the time being: a failure below puts it back */
    if (w.count > 1) {     /* what leads to a leaf is a branch: below an extension there is no leaf */
        struct node_reference upper = w.ref[w.count - 2];
        struct branch *b = as_branch(*upper.node);
        size_t depth = w.depth - (p.reference != NULL); /* of the branch */
        unsigned other = branch_only_child(b);
        if (other < BRANCH_VALUE) {
            uint8_t sibling[TRIE_KEY_MAX];
            path_to_child(sibling, key, depth, other);
            s = trie_resolve(t, node_ref_in_branch(b, other), sibling, depth + 1, false);
            if (s != STATUS_OK) {
                node_ref_set(p, &old->node);
                strike_out(&w);
                return s;
            }
        }
        if (other != BRANCH_SIZE) {
            trie_collapse(t, upper, key, depth, other);
            w.count--;
            struct node_reference *above = w.count > 1 ? &w.ref[w.count - 2] : NULL;
            if (above != NULL && (*above->node)->kind == NODE_EXTENSION) {
                close_up(t, *above, key, depth - as_extension(*above->node)->size);
                w.count--;
            }
        }
    }
    strike_out(&w);
    node_give_up(&t->nodes, &old->node);
    return STATUS_OK;
}

/* ---- roots ------------------------------------------------------------------------------------------------------- */

static void make_root(struct trie *t, struct pool *pool, const struct trie_sink *sink, struct hash *out)
{
    struct node_reference root = trie_root_ref(t);
    *out = keccak_empty_trie;
    if (node_ref_is_empty(root)) return;
    node_hash_trees(&root, 1, pool, sink);
    memcpy(out->b, t->root_reference, sizeof out->b);
}

void trie_root(struct trie *t, struct pool *pool, struct hash *out)
{
    make_root(t, pool, NULL, out);
}

void trie_commit(struct trie *t, const struct trie_sink *sink, struct hash *out)
{
    make_root(t, NULL, sink, out);
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
    struct node_reference roots[TRIES_TOGETHER] = {{NULL, NULL, NULL}};
    size_t end = job->count - first < TRIES_TOGETHER ? job->count : first + TRIES_TOGETHER;
    for (size_t i = first; i < end; i++)
        if (!node_ref_is_empty(trie_root_ref(job->tries[i]))) roots[count++] = trie_root_ref(job->tries[i]);
    node_hash_trees(roots, count, NULL, NULL);
    for (size_t i = first; i < end; i++) make_root(job->tries[i], NULL, NULL, &job->roots[i]); /* all there: copies */
}

void trie_roots(struct trie *const *tries, size_t count, struct pool *pool, struct hash *out)
{
    struct roots_job job = {tries, count, out};
    pool_for(pool, (count + TRIES_TOGETHER - 1) / TRIES_TOGETHER, 1, roots_task, &job);
}
