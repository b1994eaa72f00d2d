/* Nodes from RLP: the shortcut for plain branches says what the general one says. */
#include "harness.h"
#include "trie/node.h"

/* Sixteen children (mostly hashes and gaps, sometimes short nodes) and mostly no value. */
static size_t random_branch(uint8_t out[1024])
{
    struct rlp_writer w = {0};
    unsigned gaps = (unsigned)harness_random_below(5);
    bool plain = harness_random_below(3) != 0;
    if (plain || harness_random_below(2) == 0)
        rlp_put_bytes(&w, NULL, 0);
    else
        rlp_put_bytes(&w, "value", 1 + harness_random_below(4));
    for (unsigned i = 0; i < 16; i++) {
        uint8_t child[32];
        for (size_t b = 0; b < sizeof child; b++) child[b] = (uint8_t)harness_random();
        static const uint8_t leaf[] = {0xc3, 0x20, 0x81, 0x80};
        if (harness_random_below(5) < gaps)
            rlp_put_bytes(&w, NULL, 0);
        else if (!plain && harness_random_below(4) == 0)
            rlp_put_raw(&w, leaf, sizeof leaf);
        else
            rlp_put_bytes(&w, child, plain || harness_random_below(16) != 0 ? 32 : 31);
    }
    rlp_put_list(&w, 0);
    struct bytes written = rlp_written(&w);
    size_t size = written.size;
    memcpy(out, written.data, size);
    rlp_writer_free(&w);
    return size;
}

TEST(branches_are_read_alike_by_both_decoders)
{
    struct node_pool nodes = {0};
    uint8_t encoded[1024], again[2][1024];
    const uint8_t key[TRIE_KEY_MAX] = {0};
    unsigned good = 0;
    for (unsigned i = 0; i < 4000; i++) {
        size_t size = random_branch(encoded), depth = harness_random_below(65);
        if (harness_random_below(4) == 0)
            encoded[harness_random_below(size)] ^= (uint8_t)(1u << harness_random_below(8));
        if (harness_random_below(16) == 0) size -= harness_random_below(40);
        struct node *n[2];
        enum status s = node_decode(&nodes, (struct bytes){encoded, size}, key, depth, &n[0]);
        CHECK_STATUS(node_decode_any(&nodes, (struct bytes){encoded, size}, key, depth, &n[1]), s);
        if (s != STATUS_OK) continue;
        CHECK(n[0]->kind == n[1]->kind);
        size_t sizes[2];
        for (unsigned k = 0; k < 2; k++) {
            CHECK(node_encoded_bound(n[k]) <= sizeof again[k]);
            sizes[k] = node_encode(again[k], n[k], depth);
        }
        CHECK_BYTES(again[0], encoded, size);
        CHECK_EQ_U64(sizes[0], size);
        CHECK_EQ_U64(sizes[1], size);
        CHECK_BYTES(again[1], encoded, size);
        good++;
    }
    CHECK(good > 1000);
    arena_free(&nodes.arena);
}

TEST(branches_grow_a_slot_at_a_time)
{
    struct node_pool nodes = {0};
    for (unsigned i = 0; i < 200; i++) {
        struct branch *b = node_new_branch(&nodes, 1 + harness_random_below(16));
        uint8_t expected[16] = {0};
        for (unsigned k = 0; k < 24; k++) {
            unsigned at = (unsigned)harness_random_below(16);
            struct node_reference p = node_ref_new(&nodes, b, at);
            memset(p.reference, expected[at] = (uint8_t)(k + 1), REFERENCE_SIZE);
            *p.reference_size = REFERENCE_SIZE;
        }
        struct branch *copy = node_copy_branch(&nodes, b);
        for (unsigned at = 0; at < 16; at++) {
            CHECK(node_ref_is_empty(node_ref_in_branch(copy, at)) == (expected[at] == 0));
            if (expected[at] != 0) CHECK(branch_reference(copy, at)[31] == expected[at] && branch_child(b, at) == NULL);
        }
        node_give_up(&nodes, &b->node);
        node_give_up(&nodes, &copy->node);
    }
    arena_free(&nodes.arena);
}
