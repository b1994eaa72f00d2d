/* slow: the trie's definition (Yellow Paper, appendix D) written down plainly, as the twin that tests compare with: no
 * nodes in memory, no batches, one recursion over the set of pairs. */
#ifndef WEFT_TRIE_SLOW_H
#define WEFT_TRIE_SLOW_H

#include <stdlib.h>

#include "trie/trie.h"

static unsigned slow_nibble(const struct trie_pair *pair, size_t i)
{
    return i % 2 == 0 ? pair->key[i / 2] >> 4 : pair->key[i / 2] & 15;
}

/* The hex-prefix encoding of nibbles [from, to) of a key (appendix C). */
static void slow_put_path(struct rlp_writer *w, const struct trie_pair *pair, size_t from, size_t to, bool leaf)
{
    uint8_t packed[40];
    size_t size = 0;
    bool odd = (to - from) % 2 != 0;
    packed[size++] = (uint8_t)((leaf ? 0x20 : 0) + (odd ? 0x10 + slow_nibble(pair, from) : 0));
    for (size_t i = from + odd; i < to; i += 2)
        packed[size++] = (uint8_t)(slow_nibble(pair, i) << 4 | slow_nibble(pair, i + 1));
    rlp_put_bytes(w, packed, size);
}

static void slow_put_node(struct rlp_writer *w, const struct trie_pair **pairs, size_t count, size_t depth);

/* What stands in the parent: the node itself when it is short, else its hash. */
static void slow_put_reference(struct rlp_writer *w, const struct trie_pair **pairs, size_t count, size_t depth)
{
    struct rlp_writer inner = {0};
    slow_put_node(&inner, pairs, count, depth);
    struct bytes node = rlp_written(&inner);
    struct hash h;
    keccak256(&h, node.data, node.size);
    if (node.size < 32)
        rlp_put_raw(w, node.data, node.size);
    else
        rlp_put_hash(w, &h);
    rlp_writer_free(&inner);
}

/* The node of all pairs given, whose keys agree in the first `depth` nibbles; count > 0. */
static void slow_put_node(struct rlp_writer *w, const struct trie_pair **pairs, size_t count, size_t depth)
{
    size_t mark = rlp_mark(w), end = 2 * (size_t)pairs[0]->key_size;
    if (count == 1) {
        rlp_put_bytes(w, pairs[0]->value.data, pairs[0]->value.size);
        slow_put_path(w, pairs[0], depth, end, true);
        rlp_put_list(w, mark);
        return;
    }
    size_t fork = end;
    for (size_t i = 1; i < count; i++) {
        size_t common = depth;
        while (common < fork && common < 2 * (size_t)pairs[i]->key_size &&
               slow_nibble(pairs[i], common) == slow_nibble(pairs[0], common))
            common++;
        fork = common;
    }
    if (fork > depth) {
        slow_put_reference(w, pairs, count, fork);
        slow_put_path(w, pairs[0], depth, fork, false);
        rlp_put_list(w, mark);
        return;
    }
    const struct trie_pair **below = base_alloc(count * sizeof *below), *value = NULL;
    for (size_t i = 0; i < count; i++)
        if (2 * (size_t)pairs[i]->key_size == depth) value = pairs[i];
    if (value != NULL)
        rlp_put_bytes(w, value->value.data, value->value.size);
    else
        rlp_put_bytes(w, NULL, 0);
    for (unsigned nibble = 16; nibble-- > 0;) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (pairs[i] != value && slow_nibble(pairs[i], depth) == nibble) below[n++] = pairs[i];
        if (n == 0)
            rlp_put_bytes(w, NULL, 0);
        else
            slow_put_reference(w, below, n, depth + 1);
    }
    rlp_put_list(w, mark);
    free(below);
}

/* The root of any pairs, in any order, no key twice. */
static void slow_root(struct hash *out, const struct trie_pair *pairs, size_t count)
{
    if (count == 0) {
        *out = keccak_empty_trie;
        return;
    }
    const struct trie_pair **all = base_alloc(count * sizeof *all);
    for (size_t i = 0; i < count; i++) all[i] = &pairs[i];
    struct rlp_writer w = {0};
    slow_put_node(&w, all, count, 0);
    struct bytes node = rlp_written(&w);
    keccak256(out, node.data, node.size);
    rlp_writer_free(&w);
    free(all);
}

#endif
