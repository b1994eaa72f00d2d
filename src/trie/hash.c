/* References, from the deepest level up.
 *
 *     collect   walks down from the given nodes through everything without a reference and hangs each node into the list of its level
 *     level     encodes the nodes of one level into one buffer, a batch at a time; short encodings are references already, the
 *               others are hashed together, those of about the same size next to each other (keccak256_many)
 *
 * A node's level is its depth in nibbles, so children always lie on a deeper level. With a pool, the nodes two nibbles below the
 * root are dealt out to tasks, each with levels of its own; what is above them is done at the end. */
#include <stdlib.h>

#include "trie/node.h"

enum {
    BATCH = 64,         /* nodes encoded before they are hashed: 64 branches are 34 KB, which stay in the nearest cache */
    SPREAD_DEPTH = 2,   /* nibbles above the nodes that are dealt out */
    SPREAD_MAX = 256,   /* so many there may be */
    SPREAD_MIN = 32,    /* with fewer of them, dealing out costs more than it gains */
    BLOCK = 136         /* bytes that keccak-256 takes at once */
};

struct hasher {
    struct node *level[NIBBLES_MAX + 1];
    struct buffer encodings;
    const struct trie_sink *sink; /* may be NULL */
};

/* ---- one batch ----------------------------------------------------------------------------------------------------- */

struct batch {
    struct node *node[BATCH];
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
    for (size_t c = 1; c < CLASSES; c++)
        start[c] += start[c - 1];
    for (size_t i = 0; i < b->count; i++) {
        position[i] = start[position[i]]++;
        sorted[position[i]] = b->encoded[i];
    }
    keccak256_many(hashes, sorted, b->count);
    for (size_t i = 0; i < b->count; i++) {
        memcpy(b->node[i]->reference, hashes[position[i]].b, 32);
        b->node[i]->reference_size = 32;
        if (sink != NULL)
            sink->node(sink->context, &hashes[position[i]], b->encoded[i]);
    }
    b->count = 0;
}

static void hash_level(struct hasher *h, size_t depth)
{
    struct batch b;
    b.count = 0;
    h->encodings.size = 0;
    for (struct node *n = h->level[depth]; n != NULL; n = n->next) {
        size_t bound = node_encoded_bound(n);
        if (b.count == BATCH || (b.count != 0 && h->encodings.capacity - h->encodings.size < bound)) {
            batch_hash(&b, h->sink); /* before the buffer moves */
            h->encodings.size = 0;
        }
        uint8_t *to = buffer_reserve(&h->encodings, bound);
        size_t size = node_encode(to, n, depth);
        if (size < 32) {
            memcpy(n->reference, to, size);
            n->reference_size = (uint8_t)size;
            continue;
        }
        h->encodings.size += size;
        b.node[b.count] = n;
        b.encoded[b.count++] = (struct bytes){to, size};
    }
    if (b.count != 0)
        batch_hash(&b, h->sink);
    h->level[depth] = NULL;
}

/* ---- trees ----------------------------------------------------------------------------------------------------------- */

static void collect(struct hasher *h, struct node *n, size_t depth)
{
    if (n->reference_size != 0)
        return;
    n->next = h->level[depth];
    h->level[depth] = n;
    if (n->kind == NODE_BRANCH) {
        /* In a big trie each child is a miss, and all of them are needed: their references go into the encoding. */
        for (unsigned i = 0; i < 16; i++)
            __builtin_prefetch(as_branch(n)->child[i]);
        for (unsigned i = 0; i < 16; i++)
            if (as_branch(n)->child[i] != NULL)
                collect(h, as_branch(n)->child[i], depth + 1);
    } else if (n->kind == NODE_EXTENSION) {
        collect(h, as_extension(n)->child, depth + as_extension(n)->size);
    }
}

static void hash_levels(struct hasher *h)
{
    buffer_reserve(&h->encodings, BATCH * 600);
    for (size_t depth = NIBBLES_MAX + 1; depth-- > 0;)
        if (h->level[depth] != NULL)
            hash_level(h, depth);
    buffer_free(&h->encodings);
}

/* Nodes dealt out to tasks: task i takes number i, i + tasks, ... */
struct spread {
    struct node *node[SPREAD_MAX];
    uint8_t depth[SPREAD_MAX];
    size_t count, tasks;
};

static void spread_collect(struct spread *s, struct node *n, size_t depth)
{
    if (n->reference_size != 0)
        return;
    if (n->kind == NODE_BRANCH && depth < SPREAD_DEPTH) {
        for (unsigned i = 0; i < 16; i++)
            if (as_branch(n)->child[i] != NULL)
                spread_collect(s, as_branch(n)->child[i], depth + 1);
        return;
    }
    s->node[s->count] = n;
    s->depth[s->count++] = (uint8_t)depth;
}

static void spread_task(void *context, size_t task)
{
    struct spread *s = context;
    struct hasher h = {.level = {NULL}};
    for (size_t i = task; i < s->count; i += s->tasks)
        collect(&h, s->node[i], s->depth[i]);
    hash_levels(&h);
}

static void spread_hash(struct node *root, struct pool *pool)
{
    struct spread s;
    s.count = 0;
    spread_collect(&s, root, 0);
    if (s.count < SPREAD_MIN)
        return;
    s.tasks = 2 * (size_t)pool_workers(pool);
    pool_for(pool, s.tasks, 1, spread_task, &s);
}

void node_hash_trees(struct node *const *roots, size_t count, struct pool *pool, const struct trie_sink *sink,
                     struct hash *out)
{
    if (pool != NULL && pool_workers(pool) > 1 && sink == NULL)
        for (size_t i = 0; i < count; i++)
            spread_hash(roots[i], pool);
    struct hasher h = {.sink = sink};
    for (size_t i = 0; i < count; i++)
        collect(&h, roots[i], 0);
    hash_levels(&h);
    for (size_t i = 0; i < count; i++) {
        const struct node *root = roots[i];
        if (root->reference_size == 32) {
            memcpy(out[i].b, root->reference, 32);
            continue;
        }
        keccak256(&out[i], root->reference, root->reference_size);
        if (sink != NULL)
            sink->node(sink->context, &out[i], (struct bytes){root->reference, root->reference_size});
    }
}
