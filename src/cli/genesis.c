/* genesis: reading what `geth init` reads. */
#include "cli/genesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/form.h"

const struct genesis_fork genesis_forks[GENESIS_FORKS] = {
    {"homesteadBlock", &fork_homestead, BY_NUMBER, NULL},
    {"eip150Block", &fork_tangerine_whistle, BY_NUMBER, NULL},
    {"eip158Block", &fork_spurious_dragon, BY_NUMBER, NULL},
    {"byzantiumBlock", &fork_byzantium, BY_NUMBER, NULL},
    {"constantinopleBlock", &fork_constantinople, BY_NUMBER, NULL},
    {"petersburgBlock", &fork_petersburg, BY_NUMBER, NULL},
    {"istanbulBlock", &fork_istanbul, BY_NUMBER, NULL},
    {"muirGlacierBlock", &fork_muir_glacier, BY_NUMBER, NULL},
    {"berlinBlock", &fork_berlin, BY_NUMBER, NULL},
    {"londonBlock", &fork_london, BY_NUMBER, NULL},
    {"arrowGlacierBlock", &fork_arrow_glacier, BY_NUMBER, NULL},
    {"grayGlacierBlock", &fork_gray_glacier, BY_NUMBER, NULL},
    {"mergeNetsplitBlock", &fork_paris, BY_NUMBER, NULL},
    {"shanghaiTime", &fork_shanghai, BY_TIMESTAMP, NULL},
    {"cancunTime", &fork_cancun, BY_TIMESTAMP, "cancun"},
    {"pragueTime", &fork_prague, BY_TIMESTAMP, "prague"},
    {"osakaTime", &fork_osaka, BY_TIMESTAMP, "osaka"},
    {"bpo1Time", &fork_bpo1, BY_TIMESTAMP, "bpo1"},
    {"bpo2Time", &fork_bpo2, BY_TIMESTAMP, "bpo2"},
    {"bpo3Time", &fork_bpo3, BY_TIMESTAMP, "bpo3"},
    {"bpo4Time", &fork_bpo4, BY_TIMESTAMP, "bpo4"},
    {"bpo5Time", &fork_bpo5, BY_TIMESTAMP, "bpo5"},
    {"amsterdamTime", &fork_amsterdam, BY_TIMESTAMP, "amsterdam"},
};

/* Numbers in a genesis file's config are plain or hex. */
static uint64_t number_of(struct form *f, yyjson_val *v, const char *key)
{
    return yyjson_is_uint(v) ? yyjson_get_uint(v) : form_value_u64(f, v, key);
}

/* The fork with the blob numbers of the chain's own schedule. */
static const struct fork *with_blobs(struct form *f, struct chain_genesis *g, const struct fork *fork,
                                     yyjson_val *schedule, const char *name)
{
    yyjson_val *v = name == NULL ? NULL : form_optional(schedule, name);
    if (v == NULL) return fork;
    ASSERT(g->own_count < CHAIN_OWN_FORKS);
    struct fork *own = &g->own[g->own_count++];
    *own = *fork;
    own->blob.target = (uint32_t)number_of(f, form_member(f, v, "target"), "target");
    own->blob.max = (uint32_t)number_of(f, form_member(f, v, "max"), "max");
    own->blob.update_fraction = (uint32_t)number_of(f, form_member(f, v, "baseFeeUpdateFraction"),
                                                    "baseFeeUpdateFraction");
    if (fork->blob.max_per_tx == fork->blob.max || own->blob.max < own->blob.max_per_tx)
        own->blob.max_per_tx = own->blob.max;
    if (own->blob.update_fraction == 0) form_expect(f, "baseFeeUpdateFraction", "a number that is not 0");
    return own;
}

static void activate(struct chain_spec *s, const struct fork *fork, enum activation_by by, uint64_t at)
{
    s->activations[s->activation_count++] = (struct activation){fork, by, at};
}

/* When the merge is: named, from the start, or (what cannot be known from the file) at a total difficulty. */
static bool merge_block(struct form *f, yyjson_val *config, uint64_t *at)
{
    yyjson_val *named = form_optional(config, "mergeNetsplitBlock");
    yyjson_val *difficulty = form_optional(config, "terminalTotalDifficulty");
    if (named != NULL) *at = number_of(f, named, "mergeNetsplitBlock");
    if (named != NULL || difficulty == NULL) return named != NULL;
    if (!yyjson_is_uint(difficulty) || yyjson_get_uint(difficulty) != 0) {
        form_expect(f, "terminalTotalDifficulty", "0, or mergeNetsplitBlock beside it");
        return false;
    }
    *at = 0;
    return true;
}

static void read_config(struct form *f, yyjson_val *config, struct chain_genesis *g)
{
    struct chain_spec *s = &g->spec;
    yyjson_val *schedule = form_optional(config, "blobSchedule"), *v;
    *s = (struct chain_spec){.name = "genesis file", .dao_block = NEVER};
    s->id = number_of(f, form_member(f, config, "chainId"), "chainId");
    v = form_optional(config, "daoForkBlock");
    if (v != NULL && yyjson_get_bool(form_optional(config, "daoForkSupport")))
        s->dao_block = number_of(f, v, "daoForkBlock");
    s->deposit_contract = chain_mainnet.deposit_contract;
    if (form_optional(config, "depositContractAddress") != NULL)
        s->deposit_contract = form_address(f, config, "depositContractAddress");
    activate(s, &fork_frontier, BY_NUMBER, 0);
    for (size_t i = 0; i < GENESIS_FORKS && f->status == STATUS_OK; i++) {
        uint64_t at;
        const struct genesis_fork *named = &genesis_forks[i];
        bool merge = named->fork == &fork_paris;
        v = form_optional(config, named->key);
        if (merge ? !merge_block(f, config, &at) : v == NULL) continue;
        if (!merge) at = number_of(f, v, named->key);
        activate(s, with_blobs(f, g, named->fork, schedule, named->blobs), named->by, at);
    }
}

static void read_header(struct form *f, yyjson_val *v, struct header *h)
{
    *h = (struct header){.timestamp = form_optional_u64(f, v, "timestamp"),
                         .gas_limit = form_u64(f, v, "gasLimit"),
                         .gas_used = form_optional_u64(f, v, "gasUsed"),
                         .number = form_optional_u64(f, v, "number"),
                         .difficulty = form_optional_u256(f, v, "difficulty"),
                         .base_fee = form_optional_u256(f, v, "baseFeePerGas"),
                         .blob_gas_used = form_optional_u64(f, v, "blobGasUsed"),
                         .excess_blob_gas = form_optional_u64(f, v, "excessBlobGas")};
    store_be64(h->nonce, form_optional_u64(f, v, "nonce"));
    if (form_optional(v, "parentHash") != NULL) h->parent_hash = form_hash(f, v, "parentHash");
    if (form_optional(v, "mixHash") != NULL) h->prev_randao = form_hash(f, v, "mixHash");
    if (form_optional(v, "coinbase") != NULL) h->beneficiary = form_address(f, v, "coinbase");
    if (h->number != 0) form_expect(f, "number", "0");
}

/* The extra data outlives the file. */
static void keep_extra_data(struct form *f, yyjson_val *v, struct chain_genesis *g)
{
    if (form_optional(v, "extraData") == NULL) return;
    struct bytes extra = form_bytes(f, v, "extraData");
    g->header.extra_data = (struct bytes){arena_copy(&g->state->codes, extra.data, extra.size), extra.size};
}

static enum status load_file(struct chain_genesis *out, const char *path, struct error *e)
{
    struct form f;
    enum status s = form_open(&f, path, e);
    if (s != STATUS_OK) return s;
    f.place = "genesis";
    yyjson_val *root = f.root;
    read_config(&f, form_object(&f, root, "config"), out);
    read_header(&f, root, &out->header);
    keep_extra_data(&f, root, out);
    yyjson_val *alloc = form_optional(root, "alloc");
    if (alloc != NULL) form_accounts(&f, alloc, out->state);
    s = f.status;
    form_close(&f);
    return s;
}

static enum status load_name(struct chain_genesis *out, const char *name, struct error *e)
{
    const char *fork = strncasecmp(name, "dev-", 4) == 0 ? name + 4 : "Osaka";
    enum status s = chain_from_network(&out->spec, fork, e);
    if (s != STATUS_OK) return s;
    out->spec.id = 1337;
    out->header.gas_limit = 30000000;
    if (fork_find(fork)->difficulty != DIFFICULTY_NONE) out->header.difficulty = U256(fork_find(fork)->min_difficulty);
    return STATUS_OK;
}

enum status genesis_load(struct chain_genesis *out, const char *name, struct error *e)
{
    enum status s;
    *out = (struct chain_genesis){.state = state_memory_new()};
    if (chain_find(name) != NULL)
        s = error_set(e, CHAIN_CONFIG, "%s: %s: the network's first state is not in weft; expected its genesis file",
                      name, status_text(CHAIN_CONFIG));
    else if (strcasecmp(name, "dev") == 0 || strncasecmp(name, "dev-", 4) == 0)
        s = load_name(out, name, e);
    else
        s = load_file(out, name, e);
    if (s == STATUS_OK)
        chain_genesis_seal(out, NULL);
    else
        chain_genesis_free(out);
    return s;
}
