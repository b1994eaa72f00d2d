/* Nodes to RLP and back. */
#include "trie/node.h"

/* Flags in the first nibble of a hex-prefix path (Yellow Paper, appendix C). */
enum { PATH_ODD = 1, PATH_LEAF = 2 };

/* ---- to RLP ------------------------------------------------------------------------------------------------------ */

/* Nibbles of a path and the flags, packed; returns the number of bytes. */
static size_t pack_path(uint8_t *out, const uint8_t *nibbles, size_t count, unsigned flags)
{
    size_t i = count % 2;
    out[0] = (uint8_t)(flags << 4);
    if (i != 0) out[0] = (uint8_t)((flags | PATH_ODD) << 4 | nibbles[0]);
    size_t size = 1;
    for (; i < count; i += 2) out[size++] = (uint8_t)(nibbles[i] << 4 | nibbles[i + 1]);
    return size;
}

/* The same for the nibbles of a key from `depth` on. */
static size_t pack_key(uint8_t *out, const uint8_t *key, size_t key_size, size_t depth)
{
    size_t rest = key_size - (depth + 1) / 2; /* whole bytes */
    out[0] = (uint8_t)(PATH_LEAF << 4);
    if (depth % 2 != 0) out[0] = (uint8_t)((PATH_LEAF | PATH_ODD) << 4 | (key[depth / 2] & 15));
    memcpy(out + 1, key + key_size - rest, rest);
    return 1 + rest;
}

/* Size of one string's encoding. */
static size_t string_size(const uint8_t *data, size_t size)
{
    if (size == 1 && data[0] < 0x80) return 1;
    uint8_t header[RLP_HEADER_MAX];
    return size + (size <= 55 ? 1 : rlp_header(header, size, false));
}

static uint8_t *write_string(uint8_t *to, const uint8_t *data, size_t size)
{
    if (size != 1 || data[0] >= 0x80) to += rlp_header(to, size, false);
    memcpy(to, data, size);
    return to + size;
}

static size_t reference_encoded_size(size_t size)
{
    return size == 0 ? 1 : size == REFERENCE_SIZE ? 33 : size;
}

static uint8_t *write_reference(uint8_t *to, const uint8_t *reference, size_t size)
{
    if (size == REFERENCE_SIZE) {
        *to = 0xa0;
        memcpy(to + 1, reference, REFERENCE_SIZE);
        return to + 33;
    }
    if (size == 0) {
        *to = 0x80;
        return to + 1;
    }
    memcpy(to, reference, size);
    return to + size;
}

static uint8_t *write_two(uint8_t *to, const uint8_t *path, size_t path_size, size_t second_size)
{
    to += rlp_header(to, string_size(path, path_size) + second_size, true);
    return write_string(to, path, path_size);
}

static size_t encode_branch(uint8_t *out, const struct branch *b)
{
    const struct leaf *value = (const struct leaf *)b->value;
    size_t size = value == NULL ? 1 : string_size(value->value, value->value_size);
    for (unsigned i = 0; i < BRANCH_VALUE; i++) size += reference_encoded_size(b->reference_size[i]);
    uint8_t *to = out + rlp_header(out, size, true);
    for (unsigned i = 0; i < BRANCH_VALUE; i++)
        to = write_reference(to, b->reference_size[i] == 0 ? NULL : branch_reference(b, i), b->reference_size[i]);
    if (value == NULL)
        *to++ = 0x80;
    else
        to = write_string(to, value->value, value->value_size);
    return (size_t)(to - out);
}

size_t node_encoded_bound(const struct node *n)
{
    /* A path of at most 1 + TRIE_KEY_MAX bytes, and three headers. */
    enum { FIXED = 1 + TRIE_KEY_MAX + 3 * RLP_HEADER_MAX };
    const struct branch *b = (const struct branch *)n;
    switch ((enum node_kind)n->kind) {
    case NODE_LEAF: return FIXED + (size_t)((const struct leaf *)n)->value_size;
    case NODE_BRANCH:
        return FIXED + 16 * 33 + (b->value == NULL ? 0 : (size_t)((const struct leaf *)b->value)->value_size);
    default: return FIXED + 33;
    }
}

size_t node_encode(uint8_t *out, const struct node *n, size_t depth)
{
    uint8_t path[1 + TRIE_KEY_MAX];
    uint8_t *to;
    if (n->kind == NODE_LEAF) {
        const struct leaf *l = (const struct leaf *)n;
        size_t size = pack_key(path, l->key, l->key_size, depth);
        to = write_two(out, path, size, string_size(l->value, l->value_size));
        to = write_string(to, l->value, l->value_size);
        return (size_t)(to - out);
    }
    if (n->kind == NODE_EXTENSION) {
        const struct extension *e = (const struct extension *)n;
        size_t size = pack_path(path, e->path, e->size, 0);
        to = write_two(out, path, size, reference_encoded_size(e->reference_size));
        to = write_reference(to, e->reference, e->reference_size);
        return (size_t)(to - out);
    }
    return encode_branch(out, (const struct branch *)n);
}

size_t trie_leaf_encode(uint8_t *out, const void *key, size_t key_size, size_t depth, struct bytes value)
{
    uint8_t path[1 + TRIE_KEY_MAX];
    size_t size = pack_key(path, key, key_size, depth);
    uint8_t *to = write_two(out, path, size, string_size(value.data, value.size));
    return (size_t)(write_string(to, value.data, value.size) - out);
}

/* ---- from RLP ---------------------------------------------------------------------------------------------------- */

/* One reference: nothing, a hash, or a short node in place. */
static enum status read_reference(struct rlp *in, struct bytes *out)
{
    struct rlp_item item;
    enum status s = rlp_read_item(in, &item);
    if (s != STATUS_OK) return s;
    *out = item.is_list ? item.encoded : item.payload;
    bool bad = item.is_list ? out->size >= REFERENCE_SIZE : out->size != REFERENCE_SIZE && out->size != 0;
    return bad ? TRIE_BAD_NODE : STATUS_OK; /* longer nodes are referred to by hash */
}

static void set_reference(struct node_reference p, struct bytes reference)
{
    *p.reference_size = (uint8_t)reference.size;
    memcpy(p.reference, reference.data, reference.size);
}

/* Branches whose children are all known by hash, and without a value: nearly all, of big tries all. `list` is what is
 * in the branch's list. NULL when it is not of that kind, which says nothing about whether it is good. */
static struct branch *decode_plain_branch(struct node_pool *p, struct rlp list, size_t depth)
{
    enum { HASH = 0xa0, NOTHING = 0x80 };
    const uint8_t *hash[BRANCH_VALUE], *at = list.at;
    unsigned children = 0;
    for (unsigned i = 0; i < BRANCH_VALUE; i++) {
        hash[i] = NULL;
        if ((size_t)(list.end - at) > REFERENCE_SIZE + 1 && *at == HASH) {
            hash[i] = at + 1;
            at += 1 + REFERENCE_SIZE;
            children++;
        } else if (at != list.end && *at == NOTHING) {
            at++;
        } else {
            return NULL;
        }
    }
    if (list.end - at != 1 || *at != NOTHING || children < 2 || depth == NIBBLES_MAX) return NULL;
    struct branch *b = node_new_branch(p, children);
    for (unsigned i = 0; i < BRANCH_VALUE; i++)
        if (hash[i] != NULL) set_reference(node_ref_new(p, b, i), (struct bytes){hash[i], REFERENCE_SIZE});
    return b;
}

static enum status decode_branch(struct node_pool *p, struct rlp *in, const uint8_t *key, size_t depth,
                                 struct node **out)
{
    struct branch *b = node_new_branch(p, 2);
    unsigned children = 0;
    struct bytes value;
    *out = &b->node;
    for (unsigned i = 0; i < BRANCH_VALUE; i++) {
        struct bytes reference;
        enum status s = read_reference(in, &reference);
        if (s != STATUS_OK) return s;
        if (reference.size == 0) continue;
        set_reference(node_ref_new(p, b, i), reference);
        children++;
    }
    if (depth == NIBBLES_MAX && children != 0) return TRIE_BAD_NODE; /* no key is that long */
    enum status s = rlp_read_bytes(in, &value);
    if (s != STATUS_OK) return s;
    if (value.size != 0) {
        if (depth % 2 != 0) return TRIE_BAD_NODE; /* keys are whole bytes */
        b->value = &node_new_leaf(p, key, depth / 2, value, false)->node;
        children++;
    }
    return children < 2 ? TRIE_BAD_NODE : rlp_finish(in);
}

static enum status decode_leaf(struct node_pool *p, struct rlp *in, const uint8_t *key, size_t depth, struct bytes path,
                               struct node **out)
{
    uint8_t whole[TRIE_KEY_MAX];
    struct bytes value;
    bool odd = (path.data[0] >> 4 & PATH_ODD) != 0;
    size_t key_size = (depth + odd) / 2 + path.size - 1;
    if (odd != (depth % 2 != 0) || key_size > TRIE_KEY_MAX) return TRIE_BAD_NODE;
    memcpy(whole, key, depth / 2);
    if (odd) whole[depth / 2] = (uint8_t)((key[depth / 2] & 0xf0) | (path.data[0] & 15));
    memcpy(whole + (depth + odd) / 2, path.data + 1, path.size - 1);
    enum status s = rlp_read_bytes(in, &value);
    if (s != STATUS_OK) return s;
    if (value.size == 0) return TRIE_BAD_NODE;
    *out = &node_new_leaf(p, whole, key_size, value, false)->node;
    return rlp_finish(in);
}

static enum status decode_extension(struct node_pool *p, struct rlp *in, size_t depth, struct bytes path,
                                    struct node **out)
{
    uint8_t nibbles[NIBBLES_MAX];
    size_t count = 0;
    bool odd = (path.data[0] >> 4 & PATH_ODD) != 0;
    if (2 * (path.size - 1) + odd + depth > NIBBLES_MAX) return TRIE_BAD_NODE;
    if (odd) nibbles[count++] = path.data[0] & 15;
    for (size_t i = 2; i < 2 * path.size; i++) nibbles[count++] = nibble_at(path.data, i);
    if (count == 0) return TRIE_BAD_NODE;
    struct extension *e = node_new_extension(p, nibbles, count);
    *out = &e->node;
    struct bytes reference;
    enum status s = read_reference(in, &reference);
    if (s != STATUS_OK) return s;
    if (reference.size == 0) return TRIE_BAD_NODE;
    set_reference(node_ref_in_extension(e), reference);
    return rlp_finish(in);
}

static enum status decode(struct node_pool *p, struct bytes encoded, const uint8_t *key, size_t depth,
                          struct node **out)
{
    struct rlp in = rlp_of(encoded), list;
    size_t count;
    struct bytes path;
    enum status s = rlp_enter(&in, &list);
    if (s == STATUS_OK) s = rlp_finish(&in);
    if (s != STATUS_OK) return s;
    s = rlp_count(list, &count);
    if (s != STATUS_OK) return s;
    if (count == 17) return decode_branch(p, &list, key, depth, out);
    if (count != 2) return TRIE_BAD_NODE;
    s = rlp_read_bytes(&list, &path);
    if (s != STATUS_OK) return s;
    unsigned flags = path.size == 0 ? 0xff : path.data[0] >> 4;
    if (flags > (PATH_LEAF | PATH_ODD) || ((flags & PATH_ODD) == 0 && (path.data[0] & 15) != 0)) return TRIE_BAD_NODE;
    return (flags & PATH_LEAF) != 0 ? decode_leaf(p, &list, key, depth, path, out)
                                    : decode_extension(p, &list, depth, path, out);
}

enum status node_decode_any(struct node_pool *p, struct bytes encoded, const uint8_t *key, size_t depth,
                            struct node **out)
{
    *out = NULL;
    enum status s = decode(p, encoded, key, depth, out);
    if (s == STATUS_OK) return s;
    if (*out != NULL && (*out)->kind == NODE_BRANCH && as_branch(*out)->value != NULL)
        node_give_up(p, as_branch(*out)->value);
    if (*out != NULL) node_give_up(p, *out);
    return s;
}

enum status node_decode(struct node_pool *p, struct bytes encoded, const uint8_t *key, size_t depth, struct node **out)
{
    struct rlp in = rlp_of(encoded), list;
    struct branch *b = NULL;
    if (rlp_enter(&in, &list) == STATUS_OK && rlp_finish(&in) == STATUS_OK) b = decode_plain_branch(p, list, depth);
    if (b == NULL) return node_decode_any(p, encoded, key, depth, out);
    *out = &b->node;
    return STATUS_OK;
}
