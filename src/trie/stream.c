/* The root of an ordered stream of pairs. Only the path to the newest key is in memory, as the branches on it:
 *
 *     keys      a1.. a73.. a79.. c..         path, before c comes:   branch(depth 0) ── a ─► branch(1) ── 7 ─► branch(2)
 *
 * How far a key agrees with the one before it and the one behind it says where its leaf hangs: below a branch at the
 * deeper of the two depths. When a new key agrees with the last for `shared` nibbles only, all branches deeper than
 * that are complete: each is hashed and hung into the one above it, over an extension where nibbles lie between. */
#include <stdlib.h>

#include "trie/node.h"

struct open_branch {
    struct branch *branch;
    size_t depth;
};

struct trie_stream {
    struct trie_keeper keeper;
    struct open_branch *open; /* from the root downwards */
    size_t count;
    uint8_t key[TRIE_KEY_MAX]; /* the newest pair, which waits for the next to know its depth */
    size_t key_size;
    struct buffer value;
    bool waiting;
    struct buffer encoding;
    struct node_pool nodes; /* the open branches, and one leaf at a time */
};

struct trie_stream *trie_stream_new(const struct trie_keeper *keeper)
{
    struct trie_stream *s = base_calloc(1, sizeof *s);
    s->open = base_calloc(NIBBLES_MAX, sizeof *s->open);
    if (keeper != NULL) s->keeper = *keeper;
    return s;
}

void trie_stream_free(struct trie_stream *s)
{
    if (s == NULL) return;
    free(s->open);
    buffer_free(&s->value);
    buffer_free(&s->encoding);
    arena_free(&s->nodes.arena);
    free(s);
}

/* Makes the reference of a node at `depth` on the path of the newest key, and shows it to the keeper. */
static void refer(struct trie_stream *s, const struct node *n, size_t depth, uint8_t *reference_size,
                  uint8_t *reference)
{
    s->encoding.size = 0;
    uint8_t *to = buffer_reserve(&s->encoding, node_encoded_bound(n));
    size_t size = node_encode(to, n, depth);
    if (size < REFERENCE_SIZE && depth != 0) {
        memcpy(reference, to, size);
        *reference_size = (uint8_t)size;
        return;
    }
    struct hash hash;
    keccak256(&hash, to, size);
    memcpy(reference, hash.b, REFERENCE_SIZE);
    *reference_size = REFERENCE_SIZE;
    if (n->kind == NODE_LEAF || s->keeper.node == NULL) return;
    uint8_t path[NIBBLES_MAX];
    for (size_t i = 0; i < depth; i++) path[i] = nibble_at(s->key, i);
    s->keeper.node(s->keeper.context, path, depth, &hash, (struct bytes){to, size});
}

static void open_at(struct trie_stream *s, size_t depth)
{
    struct open_branch *o = &s->open[s->count++];
    o->depth = depth;
    o->branch = node_new_branch(&s->nodes, BRANCH_VALUE);
}

/* Where the node under `nibble` of the lowest open branch has its reference. */
static void hang_in(struct trie_stream *s, const struct node *n, size_t depth)
{
    struct open_branch *o = &s->open[s->count - 1];
    unsigned nibble = nibble_at(s->key, o->depth);
    struct node_reference p = node_ref_new(&s->nodes, o->branch, nibble);
    refer(s, n, depth, p.reference_size, p.reference);
}

/* The lowest open branch is complete. It goes below the branch at depth `upper`; SIZE_MAX: it is the root, and goes to
 * *root. */
static void close_lowest(struct trie_stream *s, size_t upper, struct hash *root)
{
    struct open_branch *o = &s->open[--s->count];
    size_t top = upper == SIZE_MAX ? 0 : upper + 1;
    struct extension e = {.node = {NODE_EXTENSION, false}, .size = (uint8_t)(o->depth - top)};
    for (size_t i = top; i < o->depth; i++) e.path[i - top] = nibble_at(s->key, i);
    struct branch *done = o->branch;
    const struct node *n = &done->node;
    if (e.size != 0) {
        refer(s, n, o->depth, &e.reference_size, e.reference);
        n = &e.node;
    }
    if (upper != SIZE_MAX) {
        if (s->count == 0 || s->open[s->count - 1].depth < upper) open_at(s, upper);
        hang_in(s, n, top);
    } else {
        uint8_t size;
        refer(s, n, 0, &size, root->b);
    }
    node_give_up(&s->nodes, &done->node);
}

/* Hangs in the waiting pair, and closes what the next one, which shares `shared` nibbles with it, does not lie
 * below. */
static void settle(struct trie_stream *s, size_t shared)
{
    size_t above = s->count == 0 ? SIZE_MAX : s->open[s->count - 1].depth;
    if (above == SIZE_MAX || shared > above) {
        open_at(s, shared);
        above = shared;
    }
    struct leaf *l = node_new_leaf(&s->nodes, s->key, s->key_size, buffer_bytes(&s->value), true);
    hang_in(s, &l->node, above + 1);
    node_give_up(&s->nodes, &l->node);
    while (s->open[s->count - 1].depth > shared) {
        size_t next = s->count == 1 ? shared : s->open[s->count - 2].depth;
        close_lowest(s, next > shared ? next : shared, NULL);
    }
}

void trie_stream_put(struct trie_stream *s, const void *key, size_t key_size, struct bytes value)
{
    ASSERT(value.size != 0 && key_size <= TRIE_KEY_MAX);
    if (s->waiting) {
        size_t shared = 0;
        ASSERT(key_size == s->key_size && memcmp(s->key, key, key_size) < 0);
        while (nibble_at(s->key, shared) == nibble_at(key, shared)) shared++;
        settle(s, shared);
    }
    memcpy(s->key, key, key_size);
    s->key_size = key_size;
    s->value.size = 0;
    buffer_append(&s->value, value.data, value.size);
    s->waiting = true;
}

void trie_stream_root(struct trie_stream *s, struct hash *out)
{
    *out = keccak_empty_trie;
    if (!s->waiting) return;
    s->waiting = false;
    struct leaf *l = node_new_leaf(&s->nodes, s->key, s->key_size, buffer_bytes(&s->value), true);
    if (s->count == 0) {
        uint8_t size;
        refer(s, &l->node, 0, &size, out->b);
    } else {
        hang_in(s, &l->node, s->open[s->count - 1].depth + 1);
        while (s->count != 0) close_lowest(s, s->count == 1 ? SIZE_MAX : s->open[s->count - 2].depth, out);
    }
    node_give_up(&s->nodes, &l->node);
}
