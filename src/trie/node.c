/* Making nodes and giving them up. */
#include "trie/node.h"

static void *take(struct node_pool *p, struct node **list, size_t size)
{
    struct node *n = *list;
    if (n != NULL) {
        *list = n->next;
        return n;
    }
    return arena_alloc(&p->arena, size, _Alignof(struct branch));
}

struct branch *node_new_branch(struct node_pool *p)
{
    struct branch *b = take(p, &p->branches, sizeof *b);
    *b = (struct branch){.node = {.kind = NODE_BRANCH}};
    return b;
}

struct extension *node_new_extension(struct node_pool *p, const uint8_t *path, size_t size, struct node *child)
{
    struct extension *e = take(p, &p->extensions, sizeof *e);
    ASSERT(size > 0 && size <= NIBBLES_MAX);
    e->node = (struct node){.kind = NODE_EXTENSION};
    e->child = child;
    e->size = (uint8_t)size;
    memcpy(e->path, path, size);
    return e;
}

struct leaf *node_new_leaf(struct node_pool *p, const uint8_t *key, size_t key_size, struct bytes value, bool borrow)
{
    ASSERT(key_size <= TRIE_KEY_MAX && value.size != 0);
    size_t size = sizeof(struct leaf) + key_size + (borrow ? 0 : value.size);
    size_t size_class = (size - sizeof(struct leaf) + LEAF_CLASS_SIZE - 1) / LEAF_CLASS_SIZE;
    struct leaf *l;
    if (size_class < LEAF_CLASSES)
        l = take(p, &p->leaves[size_class], sizeof(struct leaf) + size_class * LEAF_CLASS_SIZE);
    else
        l = arena_alloc(&p->arena, size, _Alignof(struct leaf));
    l->node = (struct node){.kind = NODE_LEAF, .size_class = (uint8_t)(size_class < LEAF_CLASSES ? size_class : LEAF_CLASSES)};
    l->key_size = (uint8_t)key_size;
    memcpy(l->key, key, key_size);
    l->value = value;
    if (!borrow) {
        memcpy(l->key + key_size, value.data, value.size);
        l->value.data = l->key + key_size;
    }
    return l;
}

struct node *node_new_stub(struct node_pool *p, const uint8_t *reference, size_t size)
{
    struct node *n = take(p, &p->stubs, sizeof *n);
    ASSERT(size > 0 && size <= sizeof n->reference);
    *n = (struct node){.kind = NODE_STUB, .reference_size = (uint8_t)size};
    memcpy(n->reference, reference, size);
    return n;
}

void node_give_up(struct node_pool *p, struct node *n)
{
    struct node **list = NULL;
    switch ((enum node_kind)n->kind) {
    case NODE_STUB:
        list = &p->stubs;
        break;
    case NODE_LEAF: /* one too big for the lists is lost until the trie is freed */
        list = n->size_class < LEAF_CLASSES ? &p->leaves[n->size_class] : NULL;
        break;
    case NODE_EXTENSION:
        list = &p->extensions;
        break;
    case NODE_BRANCH:
        list = &p->branches;
        break;
    }
    if (list != NULL) {
        n->next = *list;
        *list = n;
    }
}
