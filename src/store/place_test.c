/* Keys of nodes: no two alike, none as long as a pair's, none outside the keys of what lies below its parent. */
#include "harness.h"
#include "store/private.h"

TEST(keys_of_nodes_are_their_own)
{
    for (unsigned round = 0; round < 200; round++) {
        uint8_t keys[64][NODE_KEY_MAX], path[64], way[TRIE_KEY_MAX];
        size_t sizes[64];
        uint64_t id = round % 2 == 0 ? 0 : harness_random();
        for (size_t i = 0; i < 64; i++) path[i] = (uint8_t)harness_random_below(round % 3 == 0 ? 2 : 16);
        for (size_t i = 0; i < 32; i++) way[i] = (uint8_t)(path[2 * i] << 4 | path[2 * i + 1]);
        for (size_t depth = 0; depth < 64; depth++) {
            uint8_t same[NODE_KEY_MAX];
            sizes[depth] = node_key(keys[depth], id, way, depth);
            CHECK(sizes[depth] <= NODE_KEY_MAX && sizes[depth] != pair_key_size(id));
            CHECK_EQ_U64(node_key_of_path(same, id, path, depth), sizes[depth]);
            CHECK_BYTES(same, keys[depth], sizes[depth]);
            for (size_t above = 0; above < depth; above++)
                CHECK(sizes[above] != sizes[depth] || memcmp(keys[above], keys[depth], sizes[depth]) != 0);
        }
    }
}
