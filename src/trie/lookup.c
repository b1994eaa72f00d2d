/* Looking a key up without keeping anything: node after node is read where it lies. As strict as node_decode is about
 * what lies on the path, so that both accept the same tries. */
#include "trie/node.h"

/* How far a lookup has come. */
struct lookup {
    const uint8_t *key;
    size_t end, depth; /* nibbles */
    bool below_extension;
    bool done;
    struct bytes value; /* when done */
    struct bytes next;  /* else: a hash, or a short node */
};

static enum status take_reference(struct rlp *in, struct lookup *l)
{
    struct rlp_item item;
    enum status s = rlp_read_item(in, &item);
    if (s != STATUS_OK) return s;
    l->next = item.is_list ? item.encoded : item.payload;
    if (item.is_list ? l->next.size >= REFERENCE_SIZE : l->next.size != REFERENCE_SIZE && l->next.size != 0)
        return TRIE_BAD_NODE;
    l->done = l->next.size == 0;
    return STATUS_OK;
}

static enum status pass_branch(struct rlp *in, struct lookup *l)
{
    unsigned wanted = l->depth == l->end ? BRANCH_VALUE : nibble_at(l->key, l->depth);
    unsigned children = 0;
    struct lookup all = *l;
    for (unsigned i = 0; i < BRANCH_VALUE; i++) {
        enum status s = take_reference(in, &all);
        if (s != STATUS_OK) return s;
        children += !all.done;
        if (i == wanted) *l = all;
    }
    struct bytes value;
    enum status s = rlp_read_bytes(in, &value);
    if (s != STATUS_OK) return s;
    if (children + (value.size != 0) < 2 || (l->depth == NIBBLES_MAX && children != 0) ||
        (l->depth % 2 != 0 && value.size != 0))
        return TRIE_BAD_NODE;
    if (wanted == BRANCH_VALUE) {
        l->done = true;
        l->value = value;
    }
    l->depth++;
    l->below_extension = false;
    return rlp_finish(in);
}

static enum status pass_path(struct rlp *in, struct lookup *l)
{
    struct bytes path;
    enum status s = rlp_read_bytes(in, &path);
    if (s != STATUS_OK) return s;
    unsigned flags = path.size == 0 ? 0xff : path.data[0] >> 4;
    bool odd = (flags & 1) != 0, leaf = (flags & 2) != 0;
    if (flags > 3 || (!odd && (path.data[0] & 15) != 0) || path.size > TRIE_KEY_MAX + 1) return TRIE_BAD_NODE;
    size_t count = 2 * (path.size - 1) + odd;
    if (l->depth + count > NIBBLES_MAX || (leaf ? (l->depth + count) % 2 != 0 || l->below_extension : count == 0))
        return TRIE_BAD_NODE;
    bool matches = leaf ? l->depth + count == l->end : l->depth + count <= l->end;
    for (size_t i = 0; i < count && matches; i++)
        matches = nibble_at(path.data, 2 - odd + i) == nibble_at(l->key, l->depth + i);
    if (leaf) {
        struct bytes value;
        s = rlp_read_bytes(in, &value);
        if (s == STATUS_OK && value.size == 0) s = TRIE_BAD_NODE;
        if (matches && s == STATUS_OK) l->value = value;
        l->done = true;
    } else {
        if (l->below_extension) return TRIE_BAD_NODE;
        s = take_reference(in, l);
        if (s == STATUS_OK && l->done) s = TRIE_BAD_NODE;
        l->done = !matches;
        l->depth += count;
        l->below_extension = true;
    }
    return s == STATUS_OK ? rlp_finish(in) : s;
}

static enum status pass_node(struct bytes encoded, struct lookup *l)
{
    struct rlp in = rlp_of(encoded), list;
    size_t count;
    enum status s = rlp_enter(&in, &list);
    if (s == STATUS_OK) s = rlp_finish(&in);
    if (s == STATUS_OK) s = rlp_count(list, &count);
    if (s != STATUS_OK) return s;
    return count == 17 ? pass_branch(&list, l) : count == 2 ? pass_path(&list, l) : TRIE_BAD_NODE;
}

bool trie_step(struct bytes encoded, const void *key, size_t key_size, size_t *depth, struct hash *hash)
{
    struct lookup l = {.key = key, .end = 2 * key_size, .depth = *depth};
    if (pass_node(encoded, &l) != STATUS_OK || l.done || l.next.size != REFERENCE_SIZE) return false;
    *depth = l.depth;
    memcpy(hash->b, l.next.data, sizeof hash->b);
    return true;
}

enum status trie_lookup(const struct trie_source *source, const struct hash *root, const void *key, size_t key_size,
                        struct bytes *value)
{
    ASSERT(key_size <= TRIE_KEY_MAX);
    struct lookup l = {.key = key, .end = 2 * key_size, .next = {root->b, sizeof *root}};
    *value = (struct bytes){0};
    if (hash_equal(root, &keccak_empty_trie)) return STATUS_OK;
    while (!l.done) {
        struct bytes encoded = l.next;
        if (encoded.size == REFERENCE_SIZE) {
            struct hash hash;
            memcpy(hash.b, encoded.data, sizeof hash);
            if (!source->node(source->context, &hash, &encoded)) return STATE_MISSING;
        }
        enum status s = pass_node(encoded, &l);
        if (s != STATUS_OK) return s;
    }
    *value = l.value;
    return STATUS_OK;
}
