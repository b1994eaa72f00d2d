/* References, from the deepest level up.
 *
 *     collect   walks down from the given nodes through everything without a reference and hangs each node into the
 *               list of its level
 *     level     encodes the nodes of one level into one buffer, a batch at a time; short encodings are references
 *               already, the others are hashed together, those of about the same size next to each other
 *               (keccak256_many)
 *
 * A node's level is its depth in nibbles, so children always lie on a deeper level. With a pool, the nodes two nibbles
 * below the root are dealt out to tasks, each with levels of its own; what is above them is done at the end. */
#include <stdlib.h>

#include "trie/node.h"

enum {
    BATCH = 64,       /* nodes encoded before they are hashed: 64 branches are 34 KB, which stay in the nearest cache */
    SPREAD_DEPTH = 2, /* nibbles above the nodes that are dealt out */
    SPREAD_MAX = 256, /* so many there may be */
    SPREAD_MIN = 32,  /* with fewer of them, dealing out costs more than it gains */
    AHEAD = 8,        /* nodes */
    BLOCK = 136       /* bytes that keccak-256 takes at once */
};

/* A node whose hash or short RLP is to be computed. */
struct todo {
    struct todo *next;
    struct node_reference ref;
    uint8_t kind; /* of the node */
};

struct hasher {
    struct todo *level[NIBBLES_MAX + 1];
    struct arena todos;
    struct buffer encodings;
    const struct trie_sink *sink; /* may be NULL */
};

/* ---- one batch --------------------------------------------------------------------------------------------------- */

struct batch {
    struct node_reference ref[BATCH];
    struct bytes encoded[BATCH];
    size_t count;
};

/* Hashes the batch in order of the number of blocks, so that no lane waits for a longer one. */
static void batch_hash(struct batch *b, const struct trie_sink *sink)
{
    enum { CLASSES = 6 }; /* a full branch has 4 blocks; the last class is for all that is longer */
    size_t start[CLASSES + 1] = {0}, position[BATCH];
    struct bytes sorted[BATCH];
    struct hash hashes[BATCH];
    for (size_t i = 0; i < b->count; i++) {
        size_t blocks = b->encoded[i].size / BLOCK;
        position[i] = blocks < CLASSES ? blocks : CLASSES - 1;
        start[position[i] + 1]++;
    }
    for (size_t c = 1; c < CLASSES; c++) start[c] += start[c - 1];
    for (size_t i = 0; i < b->count; i++) {
        position[i] = start[position[i]]++;
        sorted[position[i]] = b->encoded[i];
    }
    keccak256_many(hashes, sorted, b->count);
    for (size_t i = 0; i < b->count; i++) {
        memcpy(b->ref[i].reference, hashes[position[i]].b, REFERENCE_SIZE);
        *b->ref[i].reference_size = REFERENCE_SIZE;
        if (sink != NULL) sink->node(sink->context, &hashes[position[i]], b->encoded[i]);
    }
    b->count = 0;
}

/* In a big trie every node is some cache misses: they are asked for some nodes ahead. */
static void prefetch(const struct todo *t)
{
    const char *n = (const char *)*t->ref.node;
    size_t size = t->kind == NODE_BRANCH ? sizeof(struct branch) + 4 * sizeof(struct child_slot)
                                         : sizeof(struct leaf) + 64;
    for (size_t i = 0; i < size; i += 64) __builtin_prefetch(n + i);
}

static void hash_level(struct hasher *h, size_t depth)
{
    struct batch b;
    b.count = 0;
    h->encodings.size = 0;
    const struct todo *ahead = h->level[depth];
    for (unsigned i = 0; i < AHEAD && ahead != NULL; i++, ahead = ahead->next) prefetch(ahead);
    for (const struct todo *t = h->level[depth]; t != NULL; t = t->next) {
        const struct node *n = *t->ref.node;
        if (ahead != NULL) {
            prefetch(ahead);
            ahead = ahead->next;
        }
        size_t bound = node_encoded_bound(n);
        if (b.count == BATCH || (b.count != 0 && h->encodings.capacity - h->encodings.size < bound)) {
            batch_hash(&b, h->sink); /* before the buffer moves */
            h->encodings.size = 0;
        }
        uint8_t *to = buffer_reserve(&h->encodings, bound);
        size_t size = node_encode(to, n, depth);
        if (size < REFERENCE_SIZE && depth != 0) {
            memcpy(t->ref.reference, to, size);
            *t->ref.reference_size = (uint8_t)size;
            continue;
        }
        h->encodings.size += size;
        b.ref[b.count] = t->ref;
        b.encoded[b.count++] = (struct bytes){to, size};
    }
    if (b.count != 0) batch_hash(&b, h->sink);
    h->level[depth] = NULL;
}

/* ---- trees ------------------------------------------------------------------------------------------------------- */

static void collect(struct hasher *h, struct node_reference p, size_t depth)
{
    struct todo *t = ARENA_NEW(&h->todos, struct todo);
    struct node *n = *p.node;
    *t = (struct todo){h->level[depth], p, n->kind};
    h->level[depth] = t;
    if (n->kind == NODE_BRANCH) {
        struct branch *b = as_branch(n);
        for (unsigned i = 0; i < BRANCH_VALUE; i++)
            if (b->reference_size[i] == 0 && branch_child(b, i) != NULL) {
                __builtin_prefetch(branch_child(b, i));
                __builtin_prefetch((const char *)branch_child(b, i) + 64);
                __builtin_prefetch((const char *)branch_child(b, i) + 128);
            }
        for (unsigned i = 0; i < BRANCH_VALUE; i++)
            if (b->reference_size[i] == 0 && branch_child(b, i) != NULL)
                collect(h, node_ref_in_branch(b, i), depth + 1);
    } else if (n->kind == NODE_EXTENSION && as_extension(n)->reference_size == 0) {
        collect(h, node_ref_in_extension(as_extension(n)), depth + as_extension(n)->size);
    }
}

static void hash_levels(struct hasher *h)
{
    buffer_reserve(&h->encodings, BATCH * 600);
    for (size_t depth = NIBBLES_MAX + 1; depth-- > 0;)
        if (h->level[depth] != NULL) hash_level(h, depth);
    buffer_free(&h->encodings);
    arena_free(&h->todos);
}

/* Places dealt out to tasks: task i takes number i, i + tasks, ... */
struct spread {
    struct node_reference ref[SPREAD_MAX];
    uint8_t depth[SPREAD_MAX];
    size_t count, tasks;
};

static void spread_collect(struct spread *s, struct node_reference p, size_t depth)
{
    if (*p.reference_size != 0) return;
    struct node *n = *p.node;
    if (n->kind == NODE_BRANCH && depth < SPREAD_DEPTH) {
        for (unsigned i = 0; i < BRANCH_VALUE; i++)
            if (branch_child(as_branch(n), i) != NULL)
                spread_collect(s, node_ref_in_branch(as_branch(n), i), depth + 1);
        return;
    }
    s->ref[s->count] = p;
    s->depth[s->count++] = (uint8_t)depth;
}

static void spread_task(void *context, size_t task)
{
    struct spread *s = context;
    struct hasher h = {.level = {NULL}};
    for (size_t i = task; i < s->count; i += s->tasks) collect(&h, s->ref[i], s->depth[i]);
    hash_levels(&h);
}

static void spread_hash(struct node_reference root, struct pool *pool)
{
    struct spread s;
    s.count = 0;
    spread_collect(&s, root, 0);
    if (s.count < SPREAD_MIN) return;
    s.tasks = 2 * (size_t)pool_workers(pool);
    pool_for(pool, s.tasks, 1, spread_task, &s);
}

void node_hash_trees(const struct node_reference *roots, size_t count, struct pool *pool, const struct trie_sink *sink)
{
    if (pool != NULL && pool_workers(pool) > 1 && sink == NULL)
        for (size_t i = 0; i < count; i++) spread_hash(roots[i], pool);
    struct hasher h = {.sink = sink};
    for (size_t i = 0; i < count; i++)
        if (*roots[i].reference_size == 0) collect(&h, roots[i], 0);
    hash_levels(&h);
}
