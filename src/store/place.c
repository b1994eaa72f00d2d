/* Where the nodes of tries lie.
 *
 *     storage id · path, two nibbles a byte · depth          (the trie of accounts: without an id)
 *
 * An odd path ends in the upper half of its last byte. The depth tells paths apart that fill the same bytes, and the
 * size tells nodes from pairs: where it would be that of a pair's key, which takes a path that nobody can make, a zero
 * follows. */
#include "store/private.h"

size_t node_key(uint8_t out[NODE_KEY_MAX], uint64_t id, const uint8_t *way, size_t depth)
{
    size_t before = id == 0 ? 0 : 8, size = before + (depth + 1) / 2;
    if (id != 0) store_be64(out, id);
    memcpy(out + before, way, size - before);
    if (depth % 2 != 0) out[size - 1] &= 0xf0;
    out[size++] = (uint8_t)depth;
    if (size >= pair_key_size(id)) out[size++] = 0;
    return size;
}

size_t node_key_of_path(uint8_t out[NODE_KEY_MAX], uint64_t id, const uint8_t *path, size_t depth)
{
    uint8_t way[TRIE_KEY_MAX];
    for (size_t i = 0; i < depth; i++) way[i / 2] = (uint8_t)(i % 2 == 0 ? path[i] << 4 : way[i / 2] | path[i]);
    return node_key(out, id, way, depth);
}

int node_counts(MDB_txn *txn, MDB_dbi meta, uint64_t counts[2])
{
    MDB_val k = {5, (void *)(uintptr_t)"nodes"}, v;
    int code = mdb_get(txn, meta, &k, &v);
    if (code != 0) return code;
    if (v.mv_size != NODE_COUNTS_SIZE) return MDB_CORRUPTED;
    counts[0] = load_be64(v.mv_data);
    counts[1] = load_be64((const uint8_t *)v.mv_data + 8);
    return 0;
}
