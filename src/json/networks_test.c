/* What is packed with the program gives the public networks' first blocks, under the rules that fork has for them. */
#include "harness.h"
#include "json/genesis.h"
#include "json/networks.h"

TEST(packed_networks_have_the_hashes_that_the_world_knows)
{
    CHECK_EQ_U64(network_count, 4);
    for (size_t i = 0; i < network_count; i++) {
        struct chain_genesis g;
        struct error e = {STATUS_OK, ""};
        struct hash hash;
        if (genesis_load(&g, networks[i].name, &e) != STATUS_OK) FAIL("%s", e.text);
        header_hash(&hash, &g.header);
        CHECK_HEX(hash.b, sizeof hash.b, networks[i].hash);
        const struct chain_spec *known = chain_find(networks[i].name);
        CHECK(known != NULL && g.spec.id == known->id && g.spec.activation_count == known->activation_count);
        chain_genesis_free(&g);
    }
}
