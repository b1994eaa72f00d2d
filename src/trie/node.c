/* Making nodes and giving them up. */
#include "trie/node.h"

static void *take(struct node_pool *p, struct free_node **list, size_t size, size_t align)
{
    struct free_node *n = *list;
    if (n != NULL) {
        *list = n->next;
        return n;
    }
    return arena_alloc(&p->arena, size, align);
}

static void give(struct free_node **list, void *memory)
{
    struct free_node *n = memory;
    n->next = *list;
    *list = n;
}

/* 0 for two slots, and so on. */
static unsigned slot_class(size_t capacity)
{
    unsigned c = 0;
    while ((size_t)2 << c < capacity) c++;
    return c;
}

static struct child_slot *new_slots(struct node_pool *p, unsigned c)
{
    return take(p, &p->slots[c], ((size_t)2 << c) * sizeof(struct child_slot), _Alignof(struct child_slot));
}

struct branch *node_new_branch(struct node_pool *p, size_t children)
{
    enum { LINE = 64 }; /* what is looked at first lies in one line of the cache, the slots behind it */
    unsigned c = slot_class(children);
    struct branch *b = take(p, &p->branches, sizeof *b, LINE);
    *b = (struct branch){.node = {NODE_BRANCH, true}, .capacity = (uint8_t)(2u << c), .slots = new_slots(p, c)};
    return b;
}

struct branch *node_copy_branch(struct node_pool *p, const struct branch *from)
{
    struct branch *b = node_new_branch(p, from->used);
    struct child_slot *slots = b->slots;
    uint8_t capacity = b->capacity;
    memcpy(slots, from->slots, from->used * sizeof *slots);
    *b = *from;
    b->slots = slots;
    b->capacity = capacity;
    return b;
}

struct node_reference node_ref_new(struct node_pool *p, struct branch *b, unsigned i)
{
    if (i == BRANCH_VALUE || b->slot[i] != 0) return node_ref_in_branch(b, i);
    if (b->used == b->capacity) {
        unsigned c = slot_class(b->capacity);
        struct child_slot *more = new_slots(p, c + 1);
        memcpy(more, b->slots, b->used * sizeof *more);
        give(&p->slots[c], b->slots);
        b->slots = more;
        b->capacity = (uint8_t)(2 * b->capacity);
    }
    b->slots[b->used].child = NULL;
    b->slot[i] = ++b->used;
    return node_ref_in_branch(b, i);
}

struct extension *node_new_extension(struct node_pool *p, const uint8_t *path, size_t size)
{
    struct extension *e = take(p, &p->extensions, sizeof *e, _Alignof(struct extension));
    ASSERT(size > 0 && size <= NIBBLES_MAX);
    e->node = (struct node){NODE_EXTENSION, true};
    e->size = (uint8_t)size;
    e->reference_size = 0;
    e->child = NULL;
    memcpy(e->path, path, size);
    return e;
}

struct leaf *node_new_leaf(struct node_pool *p, const uint8_t *key, size_t key_size, struct bytes value, bool borrow)
{
    ASSERT(key_size <= TRIE_KEY_MAX && value.size != 0 && value.size <= UINT32_MAX);
    size_t size = key_size + (borrow ? 0 : value.size);
    size_t size_class = (size + LEAF_CLASS_SIZE - 1) / LEAF_CLASS_SIZE;
    struct leaf *l;
    if (size_class < LEAF_CLASSES)
        l = take(p, &p->leaves[size_class], sizeof *l + size_class * LEAF_CLASS_SIZE, _Alignof(struct leaf));
    else
        l = arena_alloc(&p->arena, sizeof *l + size, _Alignof(struct leaf));
    l->node = (struct node){NODE_LEAF, true};
    l->size_class = (uint8_t)(size_class < LEAF_CLASSES ? size_class : LEAF_CLASSES);
    l->key_size = (uint8_t)key_size;
    l->borrowed = borrow;
    l->value_size = (uint32_t)value.size;
    l->value = borrow ? value.data : l->key + key_size;
    memcpy(l->key, key, key_size);
    if (!borrow) memcpy(l->key + key_size, value.data, value.size);
    return l;
}

void node_give_up(struct node_pool *p, struct node *n)
{
    switch ((enum node_kind)n->kind) {
    case NODE_LEAF: /* one too big for the lists is lost until the trie is freed */
        if (as_leaf(n)->size_class < LEAF_CLASSES) give(&p->leaves[as_leaf(n)->size_class], n);
        break;
    case NODE_EXTENSION: give(&p->extensions, n); break;
    case NODE_BRANCH:
        give(&p->slots[slot_class(as_branch(n)->capacity)], as_branch(n)->slots);
        give(&p->branches, n);
        break;
    }
}
