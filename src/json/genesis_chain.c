/* genesis: the rules that a chain configuration of geth's form names. */
#include <stdio.h>

#include "json/genesis_private.h"

const struct genesis_fork genesis_forks[GENESIS_FORKS] = {
    {"homesteadBlock", &fork_homestead, BY_NUMBER},
    {"eip150Block", &fork_tangerine_whistle, BY_NUMBER},
    {"eip158Block", &fork_spurious_dragon, BY_NUMBER},
    {"byzantiumBlock", &fork_byzantium, BY_NUMBER},
    {"constantinopleBlock", &fork_constantinople, BY_NUMBER},
    {"petersburgBlock", &fork_petersburg, BY_NUMBER},
    {"istanbulBlock", &fork_istanbul, BY_NUMBER},
    {"muirGlacierBlock", &fork_muir_glacier, BY_NUMBER},
    {"berlinBlock", &fork_berlin, BY_NUMBER},
    {"londonBlock", &fork_london, BY_NUMBER},
    {"arrowGlacierBlock", &fork_arrow_glacier, BY_NUMBER},
    {"grayGlacierBlock", &fork_gray_glacier, BY_NUMBER},
    {"mergeNetsplitBlock", &fork_paris, BY_NUMBER},
    {"shanghaiTime", &fork_shanghai, BY_TIMESTAMP},
    {"cancunTime", &fork_cancun, BY_TIMESTAMP},
    {"pragueTime", &fork_prague, BY_TIMESTAMP},
    {"osakaTime", &fork_osaka, BY_TIMESTAMP},
    {"bpo1Time", &fork_bpo1, BY_TIMESTAMP},
    {"bpo2Time", &fork_bpo2, BY_TIMESTAMP},
    {"bpo3Time", &fork_bpo3, BY_TIMESTAMP},
    {"bpo4Time", &fork_bpo4, BY_TIMESTAMP},
    {"bpo5Time", &fork_bpo5, BY_TIMESTAMP},
    {"amsterdamTime", &fork_amsterdam, BY_TIMESTAMP},
};

size_t genesis_fork_index(const char *key)
{
    size_t i = 0;
    while (strcmp(genesis_forks[i].key, key) != 0) {
        i++;
        ASSERT(i < GENESIS_FORKS);
    }
    return i;
}

/* ---- activations ------------------------------------------------------------------------------------------------- */

/* Forks begin one after the other: `now` not before the last that is counted in the same way. */
static void check_order(struct json_reader *f, const struct genesis_point *points, size_t now)
{
    size_t count = now; /* of those that may be the last */
    while (count > 0 && points[count - 1].key == NULL) count--;
    if (count == 0) return;
    size_t last = count - 1;
    if (genesis_forks[last].by != genesis_forks[now].by || points[last].at <= points[now].at) return;
    char expected[160];
    (void)snprintf(expected, sizeof expected, "at least %llu, which %s has, found %llu",
                   (unsigned long long)points[last].at, points[last].key, (unsigned long long)points[now].at);
    json_expect(f, points[now].key, expected);
}

void genesis_activate(struct json_reader *f, struct chain_spec *s, const struct genesis_point points[GENESIS_FORKS],
                      const struct u256 *terminal)
{
    size_t merge = genesis_fork_index("mergeNetsplitBlock");
    bool has_petersburg = points[genesis_fork_index("petersburgBlock")].key != NULL;
    s->activations[s->activation_count++] = (struct activation){&fork_frontier, BY_NUMBER, 0};
    for (size_t i = 0; i < GENESIS_FORKS; i++) {
        const struct genesis_fork *named = &genesis_forks[i];
        if (i == merge && terminal != NULL && u256_is_zero(*terminal)) { /* from the start, whatever else is said */
            if (points[i].key != NULL) s->netsplit_block = points[i].at;
            s->activations[s->activation_count++] = (struct activation){named->fork, BY_NUMBER, 0};
            continue;
        }
        if (points[i].key == NULL) continue;
        if (i == merge) s->netsplit_block = points[i].at;
        check_order(f, points, i);
        /* Constantinople alone means both, as geth reads it. */
        bool both = named->fork == &fork_constantinople && !has_petersburg;
        s->activations[s->activation_count++] = (struct activation){both ? &fork_petersburg : named->fork, named->by,
                                                                    points[i].at};
    }
    if (terminal == NULL || u256_is_zero(*terminal)) return;
    s->merged = &fork_paris;
    s->terminal_total_difficulty = *terminal;
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

/* weft has EIP-155 and EIP-158 as one fork. */
static void check_eip155(struct json_reader *f, yyjson_val *config)
{
    yyjson_val *eip155 = json_optional(config, "eip155Block"), *eip158 = json_optional(config, "eip158Block");
    if (eip155 == NULL) return;
    if (eip158 == NULL || json_value_u64(f, eip155, "eip155Block") != json_value_u64(f, eip158, "eip158Block"))
        json_expect(f, "eip155Block", "the block that eip158Block has: both are one fork (Spurious Dragon)");
}

/* A contract whose address is the same on every chain. */
static void check_contract(struct json_reader *f, yyjson_val *config, const char *key, const struct address *expected)
{
    if (json_optional(config, key) == NULL) return;
    struct address named = json_address(f, config, key);
    char digits[41], text[64];
    hex_encode(digits, expected->b, sizeof expected->b);
    (void)snprintf(text, sizeof text, "0x%s", digits);
    if (!address_equal(&named, expected)) json_expect(f, key, text);
}

/* A tree that weft has not. */
static void check_tree(struct json_reader *f, yyjson_val *config, const char *key)
{
    if (yyjson_is_true(json_optional(config, key))) json_expect(f, key, "false: the state is in Merkle Patricia tries");
}

/* Whether the chain has the irregular change of its configuration: geth says so in a member of its own, Besu by naming
 * the block. */
static bool has_dao(yyjson_val *config, uint64_t chain_id)
{
    yyjson_val *support = json_optional(config, "daoForkSupport");
    return json_optional(config, "daoForkBlock") != NULL &&
           (support == NULL ? chain_id == chain_mainnet.id : yyjson_is_true(support));
}

void genesis_read_chain(struct json_reader *f, yyjson_val *config, struct chain_spec *s)
{
    uint64_t id = s->id;
    *s = (struct chain_spec){.name = "genesis file", .id = id, .dao_block = NEVER};
    if (id == 0 || json_optional(config, "chainId") != NULL) s->id = json_u64(f, config, "chainId");
    if (has_dao(config, s->id)) s->dao_block = json_u64(f, config, "daoForkBlock");
    s->deposit_contract = chain_mainnet.deposit_contract;
    if (json_optional(config, "depositContractAddress") != NULL)
        s->deposit_contract = json_address(f, config, "depositContractAddress");
    check_contract(f, config, "withdrawalRequestContractAddress", &withdrawal_requests_address);
    check_contract(f, config, "consolidationRequestContractAddress", &consolidation_requests_address);
    check_tree(f, config, "enableVerkleAtGenesis");
    check_tree(f, config, "enableUBTAtGenesis");
    check_eip155(f, config);
    struct genesis_point points[GENESIS_FORKS] = {{0}};
    for (size_t i = 0; i < GENESIS_FORKS; i++) {
        const char *key = genesis_forks[i].key;
        if (json_optional(config, key) != NULL) points[i] = (struct genesis_point){key, json_u64(f, config, key)};
    }
    struct u256 terminal = json_optional_u256(f, config, "terminalTotalDifficulty");
    genesis_activate(f, s, points, json_optional(config, "terminalTotalDifficulty") == NULL ? NULL : &terminal);
    json_blob_schedule(f, json_optional(config, "blobSchedule"), s);
}
