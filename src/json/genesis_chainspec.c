/* genesis: chain specifications as Nethermind has them, after Parity: no forks, but when each EIP begins.
 *
 *     { "engine": { "Ethash": { "params": { "homesteadTransition", "difficultyBombDelays", ... } } },
 *       "params": { "networkID", "eip150Transition", ..., "eip4844TransitionTimestamp", ..., "terminalTotalDifficulty" },
 *       "genesis": { "seal": { "ethereum": { "nonce", "mixHash" } }, "difficulty", "author", ... },
 *       "accounts": { "0xaddress": { "balance", "nonce", "code", "storage", "builtin" } } }
 *
 * A fork is here where its EIPs are, all in the same block. */
#include <stdio.h>

#include "json/genesis_private.h"

/* ---- EIPs to forks ----------------------------------------------------------------------------------------------- */

/* Of one fork several, which must agree. */
static const struct {
    const char *key, *fork; /* as genesis_forks has it */
} transitions[] = {
    {"eip150Transition", "eip150Block"},
    {"eip155Transition", "eip158Block"},
    {"eip158Transition", "eip158Block"},
    {"eip160Transition", "eip158Block"},
    {"eip161abcTransition", "eip158Block"},
    {"eip161dTransition", "eip158Block"},
    {"eip140Transition", "byzantiumBlock"},
    {"eip211Transition", "byzantiumBlock"},
    {"eip214Transition", "byzantiumBlock"},
    {"eip658Transition", "byzantiumBlock"},
    {"eip145Transition", "constantinopleBlock"},
    {"eip1014Transition", "constantinopleBlock"},
    {"eip1052Transition", "constantinopleBlock"},
    {"eip1283Transition", "constantinopleBlock"},
    {"eip1283DisableTransition", "petersburgBlock"},
    {"eip152Transition", "istanbulBlock"},
    {"eip1108Transition", "istanbulBlock"},
    {"eip1344Transition", "istanbulBlock"},
    {"eip1884Transition", "istanbulBlock"},
    {"eip2028Transition", "istanbulBlock"},
    {"eip2200Transition", "istanbulBlock"},
    {"eip2565Transition", "berlinBlock"},
    {"eip2929Transition", "berlinBlock"},
    {"eip2930Transition", "berlinBlock"},
    {"eip1559Transition", "londonBlock"},
    {"eip3198Transition", "londonBlock"},
    {"eip3529Transition", "londonBlock"},
    {"eip3541Transition", "londonBlock"},
    {"eip3651TransitionTimestamp", "shanghaiTime"},
    {"eip3855TransitionTimestamp", "shanghaiTime"},
    {"eip3860TransitionTimestamp", "shanghaiTime"},
    {"eip4895TransitionTimestamp", "shanghaiTime"},
    {"eip1153TransitionTimestamp", "cancunTime"},
    {"eip4788TransitionTimestamp", "cancunTime"},
    {"eip4844TransitionTimestamp", "cancunTime"},
    {"eip5656TransitionTimestamp", "cancunTime"},
    {"eip6780TransitionTimestamp", "cancunTime"},
    {"eip2537TransitionTimestamp", "pragueTime"},
    {"eip2935TransitionTimestamp", "pragueTime"},
    {"eip6110TransitionTimestamp", "pragueTime"},
    {"eip7002TransitionTimestamp", "pragueTime"},
    {"eip7251TransitionTimestamp", "pragueTime"},
    {"eip7623TransitionTimestamp", "pragueTime"},
    {"eip7702TransitionTimestamp", "pragueTime"},
    {"eip7594TransitionTimestamp", "osakaTime"},
    {"eip7823TransitionTimestamp", "osakaTime"},
    {"eip7825TransitionTimestamp", "osakaTime"},
    {"eip7883TransitionTimestamp", "osakaTime"},
    {"eip7918TransitionTimestamp", "osakaTime"},
    {"eip7934TransitionTimestamp", "osakaTime"},
    {"eip7939TransitionTimestamp", "osakaTime"},
    {"eip7951TransitionTimestamp", "osakaTime"},
    {"eip7708TransitionTimestamp", "amsterdamTime"},
    {"eip7778TransitionTimestamp", "amsterdamTime"},
    {"eip7843TransitionTimestamp", "amsterdamTime"},
    {"eip7928TransitionTimestamp", "amsterdamTime"},
    {"eip7954TransitionTimestamp", "amsterdamTime"},
    {"eip7976TransitionTimestamp", "amsterdamTime"},
    {"eip7981TransitionTimestamp", "amsterdamTime"},
    {"eip8024TransitionTimestamp", "amsterdamTime"},
    {"eip8037TransitionTimestamp", "amsterdamTime"},
};

static void set_point(struct json_reader *f, struct genesis_point *points, const char *fork, const char *key,
                      uint64_t at)
{
    struct genesis_point *point = &points[genesis_fork_index(fork)];
    char expected[160];
    if (point->key != NULL && point->at != at) {
        (void)snprintf(expected, sizeof expected, "%llu, as %s has: both are of one fork, found %llu",
                       (unsigned long long)point->at, point->key, (unsigned long long)at);
        json_expect(f, key, expected);
    }
    *point = (struct genesis_point){key, at};
}

static void read_transitions(struct json_reader *f, yyjson_val *params, struct genesis_point *points)
{
    for (size_t i = 0; i < COUNT_OF(transitions); i++) {
        const char *key = transitions[i].key;
        if (json_optional(params, key) != NULL)
            set_point(f, points, transitions[i].fork, key, json_u64(f, params, key));
    }
    if (json_optional(params, "eip1283Transition") != NULL && json_optional(params, "eip1283DisableTransition") == NULL)
        json_expect(f, "eip1283DisableTransition", "a value, where eip1283Transition has one");
}

/* ---- the engine -------------------------------------------------------------------------------------------------- */

/* Forks that do nothing but put off the bomb: what is left when the others are taken out. */
static void read_bomb(struct json_reader *f, yyjson_val *delays, struct genesis_point *points)
{
    const struct genesis_point *london = &points[genesis_fork_index("londonBlock")];
    yyjson_obj_iter i = yyjson_obj_iter_with(delays);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        uint64_t at = json_value_u64(f, key, "block in difficultyBombDelays");
        size_t n = 0;
        while (n < GENESIS_FORKS && (points[n].key == NULL || points[n].at != at)) n++;
        if (n < GENESIS_FORKS) continue;
        const char *fork = "muirGlacierBlock";
        if (london->key != NULL && at > london->at)
            fork = points[genesis_fork_index("arrowGlacierBlock")].key == NULL ? "arrowGlacierBlock"
                                                                               : "grayGlacierBlock";
        set_point(f, points, fork, "difficultyBombDelays", at);
    }
}

static void read_engine(struct json_reader *f, yyjson_val *engine, struct chain_spec *s, struct genesis_point *points)
{
    yyjson_val *ethash = json_optional(engine, "Ethash"), *params = json_optional(ethash, "params");
    if (ethash == NULL) json_expect(f, "engine", "Ethash: weft knows no other");
    set_point(f, points, "homesteadBlock", "homesteadTransition", json_optional_u64(f, params, "homesteadTransition"));
    if (json_optional(params, "eip100bTransition") != NULL)
        set_point(f, points, "byzantiumBlock", "eip100bTransition", json_u64(f, params, "eip100bTransition"));
    if (json_optional(params, "daoHardforkTransition") != NULL)
        s->dao_block = json_u64(f, params, "daoHardforkTransition");
    read_bomb(f, json_optional(params, "difficultyBombDelays"), points);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const char *const root_names[] = {"name",     "dataDir", "engine",        "params", "genesis",
                                         "accounts", "nodes",   "hardcodedSync", NULL};
static const char *const ethash_names[] = {"minimumDifficulty",     "difficultyBoundDivisor", "durationLimit",
                                           "blockReward",           "homesteadTransition",    "eip100bTransition",
                                           "daoHardforkTransition", "daoHardforkBeneficiary", "daoHardforkAccounts",
                                           "difficultyBombDelays",  "difficultyBombDisabled", NULL};
/* Beside the transitions. Some say what is the same on every chain that weft knows. */
static const char *const params_names[] = {"networkID",
                                           "chainID",
                                           "terminalTotalDifficulty",
                                           "blobSchedule",
                                           "depositContractAddress",
                                           "gasLimitBoundDivisor",
                                           "registrar",
                                           "accountStartNonce",
                                           "maximumExtraDataSize",
                                           "minGasLimit",
                                           "forkBlock",
                                           "forkCanonHash",
                                           "maxCodeSize",
                                           "maxCodeSizeTransition",
                                           "mergeForkIdTransition",
                                           "beaconChainGenesisTimestamp",
                                           NULL};
static const char *const genesis_names[] = {"seal",          "difficulty",  "author",    "timestamp",  "extraData",
                                            "gasLimit",      "parentHash",  "stateRoot", "number",     "baseFeePerGas",
                                            "excessBlobGas", "blobGasUsed", "gasUsed",   "slotNumber", NULL};
static const char *const seal_names[] = {"nonce", "mixHash", NULL};
static const char *const account_names[] = {"balance", "nonce", "code", "storage", "builtin", NULL};

static void fix_names(struct json_reader *f, struct buffer *text)
{
    struct genesis_unknown unknown = {.text = text};
    const char *names[GENESIS_NAMES_MAX];
    size_t count = 0;
    for (; params_names[count] != NULL; count++) names[count] = params_names[count];
    for (size_t i = 0; i < COUNT_OF(transitions); i++) names[count++] = transitions[i].key;
    names[count] = NULL;
    genesis_fix_object(f, f->root, root_names, "", &unknown);
    yyjson_val *ethash = json_optional(json_optional(f->root, "engine"), "Ethash");
    genesis_fix_object(f, json_optional(ethash, "params"), ethash_names, "engine.Ethash.params.", &unknown);
    yyjson_val *params = json_optional(f->root, "params"), *genesis = json_optional(f->root, "genesis");
    genesis_fix_object(f, params, names, "params.", &unknown);
    yyjson_val *schedule = json_optional(params, "blobSchedule");
    if (yyjson_is_obj(schedule))
        genesis_fix_objects(f, schedule, genesis_blob_names, "params.blobSchedule.FORK.", &unknown);
    genesis_fix_object(f, genesis, genesis_names, "genesis.", &unknown);
    genesis_fix_object(f, json_optional(json_optional(genesis, "seal"), "ethereum"), seal_names, "genesis.seal.",
                       &unknown);
    genesis_fix_objects(f, json_optional(f->root, "accounts"), account_names, "accounts.ADDRESS.", &unknown);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void read_rules(struct json_reader *f, struct chain_spec *s)
{
    yyjson_val *params = json_object(f, f->root, "params");
    struct genesis_point points[GENESIS_FORKS] = {{0}};
    *s = (struct chain_spec){
        .name = "genesis file", .dao_block = NEVER, .deposit_contract = chain_mainnet.deposit_contract};
    s->id = json_u64(f, params, json_optional(params, "chainID") != NULL ? "chainID" : "networkID");
    if (json_optional(params, "depositContractAddress") != NULL)
        s->deposit_contract = json_address(f, params, "depositContractAddress");
    read_transitions(f, params, points);
    read_engine(f, json_object(f, f->root, "engine"), s, points);
    s->netsplit_block = json_optional_u64(f, params, "mergeForkIdTransition");
    yyjson_val *named = json_optional(params, "terminalTotalDifficulty");
    /* Hex digits that no decimal number has may stand without 0x. */
    const char *text = yyjson_get_str(named);
    bool bare = text != NULL && text[strspn(text, "0123456789")] != 0;
    struct u256 terminal = U256_ZERO;
    if (named != NULL)
        terminal = bare ? json_value_word(f, named, "terminalTotalDifficulty")
                        : json_value_u256(f, named, "terminalTotalDifficulty");
    genesis_activate(f, s, points, named == NULL ? NULL : &terminal);
    json_blob_schedule(f, json_optional(params, "blobSchedule"), s);
}

static void read_header(struct json_reader *f, struct chain_genesis *out)
{
    yyjson_val *v = json_object(f, f->root, "genesis");
    yyjson_val *seal = json_optional(json_optional(v, "seal"), "ethereum");
    struct header *h = &out->header;
    *h = (struct header){.timestamp = json_optional_u64(f, v, "timestamp"),
                         .gas_limit = json_u64(f, v, "gasLimit"),
                         .difficulty = json_u256(f, v, "difficulty"),
                         .base_fee = json_optional_u256(f, v, "baseFeePerGas"),
                         .blob_gas_used = json_optional_u64(f, v, "blobGasUsed"),
                         .excess_blob_gas = json_optional_u64(f, v, "excessBlobGas"),
                         .slot_number = json_optional_u64(f, v, "slotNumber")};
    out->has_base_fee = json_optional(v, "baseFeePerGas") != NULL;
    store_be64(h->nonce, json_optional_u64(f, seal, "nonce"));
    if (json_optional(seal, "mixHash") != NULL) h->prev_randao = json_hash(f, seal, "mixHash");
    if (json_optional(v, "author") != NULL) h->beneficiary = json_address(f, v, "author");
    if (json_optional(v, "parentHash") != NULL) h->parent_hash = json_hash(f, v, "parentHash");
    genesis_keep_extra_data(f, json_optional(v, "extraData"), out);
}

bool genesis_is_chainspec(yyjson_val *root)
{
    return json_optional(root, "config") == NULL && json_optional(root, "engine") != NULL &&
           json_optional(root, "params") != NULL;
}

void genesis_read_chainspec(struct json_reader *f, struct chain_genesis *out, struct buffer *unknown)
{
    fix_names(f, unknown);
    read_rules(f, &out->spec);
    read_header(f, out);
    json_accounts(f, json_object(f, f->root, "accounts"), out->state);
}
