/* Many changes at once, and what is to be kept of them.
 *
 * The sixteen subtrees below a branch at the root share nothing but that branch. Each is cut off as a trie of its own
 * with the root one nibble down, changed by whichever worker takes it, and grafted on again; whether the branch still
 * has two children is looked at when all are back. Nodes of subtree n come from a node pool of its own. */
#include <stdlib.h>

#include "trie/tree.h"

/* With fewer pairs, dealing out costs more than it gains. */
enum { MANY = 64 };

struct many {
    struct trie *trie;
    struct branch *root;
    const struct trie_pair *pairs;
    size_t first[BRANCH_VALUE + 1]; /* of each nibble, and the end */
    bool deletions;
    enum status status[BRANCH_VALUE];
    struct buffer gone[BRANCH_VALUE];
    size_t leaf_depth[BRANCH_VALUE];
};

static enum status put_run(struct trie *t, const struct trie_pair *pairs, size_t count, bool deletions)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < count && s == STATUS_OK; i++) {
        const struct trie_pair *p = &pairs[i];
        if ((p->value.size == 0) != deletions) continue;
        t->old = (struct bytes){p->old_size == 0 ? NULL : p->value.data + p->value.size, p->old_size};
        s = trie_put(t, p->key, p->key_size, p->value);
    }
    t->old = (struct bytes){0};
    return s;
}

static void part_task(void *context, size_t n)
{
    struct many *m = context;
    size_t first = m->first[n], count = m->first[n + 1] - first;
    if (count == 0) return;
    struct node_reference here = node_ref_in_branch(m->root, (unsigned)n);
    struct trie part = {.nodes = m->trie->parts[n],
                        .source = m->trie->source,
                        .base_depth = 1,
                        .leaf_depth = m->trie->leaf_depth,
                        .root = *here.node,
                        .root_reference_size = *here.reference_size};
    memcpy(part.root_reference, here.reference, *here.reference_size);
    m->status[n] = put_run(&part, m->pairs + first, count, m->deletions);
    m->trie->parts[n] = part.nodes;
    m->gone[n] = part.gone;
    m->leaf_depth[n] = part.leaf_depth;
    node_ref_move(here, trie_root_ref(&part));
}

/* The branch at the root has lost children, perhaps all but one. */
static enum status settle_root(struct trie *t)
{
    struct node_reference root = trie_root_ref(t);
    struct branch *b = as_branch(t->root);
    unsigned other = branch_only_child(b), count = 0;
    for (unsigned i = 0; i < BRANCH_SIZE; i++) count += !node_ref_is_empty(node_ref_in_branch(b, i));
    const uint8_t nowhere[TRIE_KEY_MAX] = {0};
    if (count == 0) {
        trie_note_gone(t, nowhere, 0);
        node_ref_set(root, NULL);
        node_give_up(&t->nodes, &b->node);
    } else if (count == 1) {
        uint8_t path[TRIE_KEY_MAX] = {0};
        if (other < BRANCH_VALUE) {
            nibble_set(path, 0, other);
            enum status s = trie_resolve(t, node_ref_in_branch(b, other), path, 1, false);
            if (s != STATUS_OK) return s;
        }
        trie_collapse(t, root, nowhere, 0, other);
    }
    if (t->root != NULL) t->root->unsaved = true;
    t->root_reference_size = 0;
    return STATUS_OK;
}

static enum status put_in_parts(struct trie *t, const struct trie_pair *pairs, size_t count, bool deletions,
                                struct pool *pool)
{
    struct many m = {.trie = t, .root = as_branch(t->root), .pairs = pairs, .deletions = deletions};
    for (unsigned i = 0; i < BRANCH_VALUE; i++)
        (void)node_ref_new(&t->nodes, m.root, i); /* no reference moves from here on */
    if (t->parts == NULL) t->parts = base_calloc(BRANCH_VALUE, sizeof *t->parts);
    for (size_t i = 0, n = 0; n <= BRANCH_VALUE; n++) {
        while (i < count && nibble_at(pairs[i].key, 0) < n) i++;
        m.first[n] = i;
    }
    pool_for(pool, BRANCH_VALUE, 1, part_task, &m);
    enum status s = STATUS_OK;
    for (size_t n = 0; n < BRANCH_VALUE; n++) {
        if (s == STATUS_OK) s = m.status[n];
        if (m.gone[n].size != 0) buffer_append(&t->gone, m.gone[n].data, m.gone[n].size);
        buffer_free(&m.gone[n]);
        if (m.leaf_depth[n] != 0 && (t->leaf_depth == 0 || m.leaf_depth[n] < t->leaf_depth))
            t->leaf_depth = m.leaf_depth[n];
    }
    return s == STATUS_OK ? settle_root(t) : s;
}

enum status trie_put_all(struct trie *t, struct trie_pair *pairs, size_t count, struct pool *pool)
{
    node_sort_pairs(pairs, count);
    size_t deletions = 0;
    for (size_t i = 0; i < count; i++) deletions += pairs[i].value.size == 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        size_t todo = pass == 0 ? count - deletions : deletions;
        enum status s = STATUS_OK;
        if (todo == 0) continue;
        if (todo >= MANY && pool != NULL && !node_ref_is_empty(trie_root_ref(t)))
            s = trie_resolve(t, trie_root_ref(t), pairs[0].key, 0, false);
        if (s != STATUS_OK) return s;
        bool in_parts = todo >= MANY && pool != NULL && t->root != NULL && t->root->kind == NODE_BRANCH;
        s = in_parts ? put_in_parts(t, pairs, count, pass == 1, pool) : put_run(t, pairs, count, pass == 1);
        if (s != STATUS_OK) return s;
    }
    return STATUS_OK;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

struct save {
    const struct trie_keeper *keeper;
    struct buffer encoding;
    uint8_t path[NIBBLES_MAX];
};

static void save_node(struct save *s, struct node_reference p, size_t depth)
{
    struct node *n = *p.node;
    if (n == NULL || !n->unsaved) return;
    n->unsaved = false;
    if (n->kind == NODE_LEAF) return;
    if (*p.reference_size == REFERENCE_SIZE) {
        struct hash hash;
        memcpy(hash.b, p.reference, sizeof hash);
        s->encoding.size = 0;
        uint8_t *to = buffer_reserve(&s->encoding, node_encoded_bound(n));
        s->keeper->node(s->keeper->context, s->path, depth, &hash, (struct bytes){to, node_encode(to, n, depth)});
    } else {
        s->keeper->gone(s->keeper->context, s->path,
                        depth); /* so short that it stands in its parent; perhaps it was longer */
    }
    if (n->kind == NODE_EXTENSION) {
        struct extension *e = as_extension(n);
        memcpy(s->path + depth, e->path, e->size);
        save_node(s, node_ref_in_extension(e), depth + e->size);
        return;
    }
    for (unsigned i = 0; i < BRANCH_VALUE; i++) {
        if (branch_child(as_branch(n), i) == NULL) continue;
        s->path[depth] = (uint8_t)i;
        save_node(s, node_ref_in_branch(as_branch(n), i), depth + 1);
    }
}

void trie_save(struct trie *t, const struct trie_keeper *keeper)
{
    struct save s = {.keeper = keeper};
    for (size_t at = 0; at < t->gone.size; at += 1u + t->gone.data[at])
        keeper->gone(keeper->context, t->gone.data + at + 1, t->gone.data[at]);
    buffer_free(&t->gone);
    ASSERT(t->root == NULL || t->root_reference_size != 0);
    save_node(&s, trie_root_ref(t), 0);
    buffer_free(&s.encoding);
}

bool trie_is_unsaved(const struct trie *t)
{
    return t->gone.size != 0 || (t->root != NULL && t->root->unsaved);
}

size_t trie_bytes(const struct trie *t)
{
    size_t bytes = sizeof *t + t->nodes.arena.reserved + t->gone.capacity;
    for (size_t i = 0; t->parts != NULL && i < BRANCH_VALUE; i++) bytes += t->parts[i].arena.reserved;
    return bytes;
}

size_t trie_known(const struct trie *t, const void *key, size_t key_size, struct hash *hash)
{
    const struct node *n = t->root;
    uint8_t reference_size = t->root_reference_size;
    const uint8_t *reference = t->root_reference;
    size_t depth = 0;
    while (n != NULL) {
        if (n->kind == NODE_LEAF || depth == 2 * key_size) return SIZE_MAX;
        if (n->kind == NODE_EXTENSION) {
            const struct extension *e = (const struct extension *)n;
            for (size_t i = 0; i < e->size; i++)
                if (nibble_at(key, depth + i) != e->path[i]) return SIZE_MAX;
            depth += e->size;
            reference_size = e->reference_size;
            reference = e->reference;
            n = e->child;
        } else {
            const struct branch *b = (const struct branch *)n;
            unsigned nibble = nibble_at(key, depth++);
            reference_size = b->reference_size[nibble];
            reference = b->slot[nibble] == 0 ? NULL : branch_reference(b, nibble);
            n = branch_child(b, nibble);
        }
    }
    if (reference_size != REFERENCE_SIZE) return SIZE_MAX;
    memcpy(hash->b, reference, sizeof hash->b);
    return depth;
}
